#pragma once
// Tables as layers of OGR: made, filled, read, hashed. Used inside this folder only.

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/vector/tables.hpp"

class GDALDataset;
class OGRLayer;

namespace pitwatch {

// Each throws IoError, with GDAL's reason, for what cannot be written.
OGRLayer& create_layer(GDALDataset& dataset, const Table& table, const GdalErrorCapture& errors);
void create_field(OGRLayer& layer, const TableColumn& column, const GdalErrorCapture& errors);
void create_shapes(OGRLayer& layer, const GdalErrorCapture& errors);
void add_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors);
void replace_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors);
void sync(OGRLayer& layer, const GdalErrorCapture& errors);

// Each throws DataError for a column that is missing or of another type, and for what cannot be read.
Table read_layer(OGRLayer& layer, const Table& layout, const GdalErrorCapture& errors);
std::string sha256_of(GDALDataset& dataset, std::span<const Table> layouts, const GdalErrorCapture& errors);
std::map<std::string, RowsDigest> digests_in(GDALDataset& dataset, std::span<const Table> layouts,
                                             const std::map<std::string, std::size_t>& first,
                                             const GdalErrorCapture& errors);

}  // namespace pitwatch
