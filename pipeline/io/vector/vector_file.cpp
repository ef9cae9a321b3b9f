#include "pipeline/io/vector/vector_file.hpp"

#include <ogrsf_frmts.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/ogr_values.hpp"

namespace pitwatch {
namespace {

/// By the header of a dBASE file (bytes 4 to 7, the least first); deleted ones count.
std::optional<std::int64_t> rows_of_dbf(const std::string& path) {
  std::array<unsigned char, 8> header{};
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(path.c_str(), "rb"), VSIFCloseL);
  if (!file || VSIFReadL(header.data(), 1, header.size(), file.get()) != header.size()) return std::nullopt;
  std::int64_t rows = 0;
  for (std::size_t byte = 8; byte-- > 4;) rows = rows << 8 | header[byte];
  return rows;
}

/// OGR takes as many features as there are shapes, whatever the table says.
void check_shapefile(GDALDataset& dataset) {
  char** const files = dataset.GetFileList();
  const std::unique_ptr<char*, void (*)(char**)> owner(files, CSLDestroy);
  for (char** name = files; name != nullptr && *name != nullptr; ++name) {
    const std::filesystem::path path(*name);
    OGRLayer* const layer = dataset.GetLayerByName(path.stem().c_str());
    if (layer == nullptr || lower_ascii(path.extension().string()) != ".dbf") continue;
    const std::optional<std::int64_t> rows = rows_of_dbf(path.string());
    const std::int64_t shapes = layer->GetFeatureCount();
    if (rows && *rows != shapes) {
      throw DataError("its .shp holds " + std::to_string(shapes) + " shapes, its .dbf " + std::to_string(*rows) +
                      " rows: they are not of one file, or one of them is cut off");
    }
  }
}

/// Whether the number that a layer states is that of the features that reading it gives. Of Shapefiles it counts
/// deleted ones, too, and LIBKML counts what is no feature.
bool is_exact(GDALDataset* dataset) {
  const std::string_view format = dataset == nullptr ? "" : dataset->GetDriverName();
  return format == "GPKG" || format == "FlatGeobuf";
}

}  // namespace

VectorFile::VectorFile(const std::string& path, Members members) {
  ensure_gdal();
  expect_regular_file(path, largest_vector_file_bytes);
  const std::array<const char*, 2> with_members{"NATIVE_DATA=YES", nullptr};
  dataset_.reset(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                   vector_drivers(), members == Members::kept ? with_members.data() : nullptr));
  if (!dataset_) throw DataError(errors_.explain("cannot open as a vector file"));
  if (dataset_->GetDriverName() == std::string_view("ESRI Shapefile")) check_shapefile(*dataset_);
}

void VectorFile::Close::operator()(GDALDataset* dataset) const { GDALClose(dataset); }

std::vector<OGRLayer*> layers_of(GDALDataset& dataset) {
  std::vector<OGRLayer*> layers;
  for (OGRLayer* layer : dataset.GetLayers()) {
    if (layer->GetName() != std::string_view("layer_styles")) layers.push_back(layer);
  }
  return layers;
}

std::string names_of(const std::vector<OGRLayer*>& layers) {
  std::string text;
  for (OGRLayer* layer : layers) text += (text.empty() ? "'" : ", '") + printable(layer->GetName()) + "'";
  return text;
}

void for_each_feature(OGRLayer& layer,
                      const std::function<void(OGRFeature& feature, const GdalErrorCapture& errors)>& visit) {
  const GdalErrorCapture errors;
  std::int64_t read = 0;
  const auto expect_no_error = [&] {
    if (!errors.failed()) return;
    throw DataError(errors.explain("cannot be read to its end (" + std::to_string(read) + " features could)"));
  };
  layer.ResetReading();
  while (const OGRFeatureUniquePtr feature{layer.GetNextFeature()}) {
    expect_no_error();
    ++read;
    const GdalErrorCapture of_visit;
    visit(*feature, of_visit);
  }
  expect_no_error();
  if (!is_exact(layer.GetDataset())) return;
  const std::int64_t stated = layer.GetFeatureCount(0);
  expect_no_error();
  if (read < stated) {
    throw DataError("states " + std::to_string(stated) + " features, of which only " + std::to_string(read) +
                    " can be read");
  }
}

}  // namespace pitwatch
