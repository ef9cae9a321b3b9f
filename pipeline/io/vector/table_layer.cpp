#include "pipeline/io/vector/table_layer.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/table_access.hpp"

namespace pitwatch {
namespace {

OGRSpatialReference wgs84() {
  OGRSpatialReference reference;
  reference.importFromEPSG(4326);
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  return reference;
}

void set_cell(OGRFeature& feature, int field, const Cell& cell) {
  struct Set {
    OGRFeature& feature;
    int field;
    void operator()(std::monostate) const { feature.SetFieldNull(field); }
    void operator()(const std::string& text) const { feature.SetField(field, text.c_str()); }
    void operator()(Instant instant) const { set_instant_field(feature, field, instant); }
    void operator()(int number) const { feature.SetField(field, number); }
    void operator()(double number) const { feature.SetField(field, number); }
  };
  std::visit(Set{feature, field}, cell);
}

std::vector<int> fields_of(OGRLayer& layer, const Table& table) {
  std::vector<int> fields;
  for (const TableColumn& column : table.columns) {
    fields.push_back(field_index(*layer.GetLayerDefn(), column.name));
  }
  return fields;
}

/// Calls write(feature) for each row as a feature, which has a number where the table has any.
template <typename Write>
void for_each_feature(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors, const Write& write) {
  const std::vector<int> fields = fields_of(layer, table);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const TableRow& row = table.rows[i];
    OGRFeature feature(layer.GetLayerDefn());
    if (!table.numbers.empty()) feature.SetFID(table.numbers[i]);
    for (std::size_t k = 0; k < fields.size(); ++k) set_cell(feature, fields[k], row.cells[k]);
    if (table.has_shapes && !row.shape.empty()) feature.SetGeometryDirectly(ogr_shape(row.shape).release());
    if (write(feature) != OGRERR_NONE || errors.failed()) {
      throw IoError(errors.explain("table '" + table.name + "': row " + std::to_string(i + 1) + " cannot be written"));
    }
  }
}

Cell cell_of(const OGRFeature& feature, int field, ColumnType type) {
  if (!feature.IsFieldSetAndNotNull(field)) return {};
  switch (type) {
    case ColumnType::text:
    case ColumnType::json:
      return std::string(feature.GetFieldAsString(field));
    case ColumnType::instant:
      return instant_field(feature, field);
    case ColumnType::integer:
      return feature.GetFieldAsInteger(field);
    case ColumnType::real:
      return feature.GetFieldAsDouble(field);
  }
  return {};
}

bool fits(OGRFieldType found, ColumnType wanted) {
  switch (wanted) {
    case ColumnType::text:
    case ColumnType::json:
      return found == OFTString;
    case ColumnType::instant:
      return found == OFTDateTime;
    case ColumnType::integer:
      return found == OFTInteger || found == OFTInteger64;
    case ColumnType::real:
      return found == OFTReal;
  }
  return false;
}

/// Where the columns of the layout stand; -1: it may be missing, and is.
std::vector<int> checked_fields(OGRLayer& layer, const Table& layout) {
  std::vector<int> fields = fields_of(layer, layout);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const TableColumn& column = layout.columns[i];
    if (fields[i] < 0 && column.since_later) continue;
    if (fields[i] < 0) throw DataError("table '" + layout.name + "' has no column '" + column.name + "'");
    if (!fits(layer.GetLayerDefn()->GetFieldDefn(fields[i])->GetType(), column.type)) {
      throw DataError("table '" + layout.name + "': column '" + column.name + "' is of another type");
    }
  }
  return fields;
}

/// SQLite keeps in a column whatever it is given: OGR would read a text where a number belongs as 0.
void expect_numbers(OGRLayer& layer, const Table& layout, const std::vector<int>& fields) {
  GDALDataset* const dataset = layer.GetDataset();
  if (dataset == nullptr || dataset->GetDriverName() != std::string_view("GPKG")) return;
  std::string cases;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const TableColumn& column = layout.columns[i];
    const bool is_real = column.type == ColumnType::real;
    if (fields[i] < 0 || (!is_real && column.type != ColumnType::integer)) continue;
    cases += " WHEN typeof(\"" + column.name + "\") NOT IN ('null', 'integer'" + (is_real ? ", 'real'" : "") +
             ") THEN '" + column.name + "'";
  }
  if (cases.empty()) return;
  const std::string sql = "SELECT wrong FROM (SELECT CASE" + cases + " END AS wrong FROM \"" +
                          std::string(layer.GetName()) + "\") WHERE wrong IS NOT NULL LIMIT 1";
  OGRLayer* const answer = dataset->ExecuteSQL(sql.c_str(), nullptr, nullptr);
  if (answer == nullptr) return;  // the error that GDAL reports is the caller's
  const OGRFeatureUniquePtr found(answer->GetNextFeature());
  const std::string wrong = found ? found->GetFieldAsString(0) : "";
  dataset->ReleaseResultSet(answer);
  if (!wrong.empty()) throw DataError("table '" + layout.name + "': column '" + wrong + "' holds what is no number");
}

/// Leaves the shapes of a layer unread as long as it lives.
class WithoutShapes {
 public:
  explicit WithoutShapes(OGRLayer& layer) : layer_(layer) {
    std::array<const char*, 2> ignored{"OGR_GEOMETRY", nullptr};
    layer_.SetIgnoredFields(ignored.data());
  }
  ~WithoutShapes() { layer_.SetIgnoredFields(nullptr); }
  WithoutShapes(const WithoutShapes&) = delete;
  WithoutShapes& operator=(const WithoutShapes&) = delete;

 private:
  OGRLayer& layer_;
};

TableRow row_of(const OGRFeature& feature, const std::vector<int>& fields, const Table& layout) {
  TableRow row;
  row.cells.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    row.cells.push_back(fields[i] < 0 ? Cell() : cell_of(feature, fields[i], layout.columns[i].type));
  }
  const OGRGeometry* const geometry = layout.has_shapes ? feature.GetGeometryRef() : nullptr;
  if (geometry != nullptr) row.shape = lonlat_shape(*geometry);
  return row;
}

/// What a row holds, as RowsDigest has it.
std::string digest_of(const OGRFeature& feature, const std::vector<int>& fields, const Table& layout) {
  std::string text = std::to_string(feature.GetFID()) + "\n";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Cell cell = fields[i] < 0 ? Cell() : cell_of(feature, fields[i], layout.columns[i].type);
    if (std::holds_alternative<std::monostate>(cell)) continue;
    const std::string value = cell_text(cell);
    text += layout.columns[i].name + "=" + std::to_string(value.size()) + ":" + value + "\n";
  }
  const OGRGeometry* const geometry = layout.has_shapes ? feature.GetGeometryRef() : nullptr;
  if (geometry != nullptr) {
    std::vector<unsigned char> bytes(geometry->WkbSize());
    geometry->exportToWkb(wkbNDR, bytes.data(), wkbVariantIso);
    text.append(bytes.begin(), bytes.end());
  }
  return sha256_text(text);
}

RowsDigest digest_of(OGRLayer& layer, const Table& layout, std::optional<std::size_t> first,
                     const GdalErrorCapture& errors) {
  const std::vector<int> fields = checked_fields(layer, layout);
  std::vector<std::pair<GIntBig, std::string>> rows;
  layer.ResetReading();
  for (const OGRFeatureUniquePtr& feature : layer) {
    rows.emplace_back(feature->GetFID(), digest_of(*feature, fields, layout));
  }
  if (errors.failed()) throw DataError(errors.explain("table '" + layout.name + "' cannot be read"));
  std::sort(rows.begin(), rows.end());
  if (first && *first < rows.size()) rows.resize(*first);
  Sha256 all;
  for (const auto& [number, digest] : rows) all.add(digest.data(), digest.size());
  return {rows.size(), all.hex()};
}

/// As text that is the same for those that hold the same values, and for no others.
std::string canonical(const Table& table) {
  std::string text;
  const auto add = [&](const std::string& part) { text += std::to_string(part.size()) + ":" + part + ","; };
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    add(std::to_string(table.numbers[i]));
    for (const Cell& cell : table.rows[i].cells) {
      if (std::holds_alternative<std::monostate>(cell)) {
        text += "-,";
      } else {
        add(cell_text(cell));
      }
    }
    const auto add_ring = [&](const LonLatRing& ring) {
      for (const LonLat& place : ring) add(cell_text(place.lon) + " " + cell_text(place.lat));
      text += ";";
    };
    for (const LonLatPolygon& part : table.rows[i].shape) {
      add_ring(part.outer);
      std::for_each(part.holes.begin(), part.holes.end(), add_ring);
      text += "|";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

void create_field(OGRLayer& layer, const TableColumn& column, const GdalErrorCapture& errors) {
  OGRFieldDefn field(column.name.c_str(), OFTString);
  switch (column.type) {
    case ColumnType::text:
      break;
    case ColumnType::json:
      field.SetSubType(OFSTJSON);
      break;
    case ColumnType::instant:
      field.SetType(OFTDateTime);
      break;
    case ColumnType::integer:
      field.SetType(OFTInteger);
      break;
    case ColumnType::real:
      field.SetType(OFTReal);
      break;
  }
  if (layer.CreateField(&field) != OGRERR_NONE) {
    throw IoError(
        errors.explain("table '" + std::string(layer.GetName()) + "': column '" + column.name + "' cannot be made"));
  }
}

void create_shapes(OGRLayer& layer, const GdalErrorCapture& errors) {
  OGRSpatialReference reference = wgs84();
  OGRGeomFieldDefn field("geom", wkbMultiPolygon);
  field.SetSpatialRef(&reference);
  if (layer.CreateGeomField(&field) != OGRERR_NONE) {
    throw IoError(errors.explain("table '" + std::string(layer.GetName()) + "': shapes cannot be added"));
  }
}

void sync(OGRLayer& layer, const GdalErrorCapture& errors) {
  if (layer.SyncToDisk() == OGRERR_NONE) return;
  throw IoError(errors.explain("table '" + std::string(layer.GetName()) + "' cannot be written"));
}

OGRLayer& create_layer(GDALDataset& dataset, const Table& table, const GdalErrorCapture& errors) {
  OGRSpatialReference reference = wgs84();
  std::array<char*, 3> options{const_cast<char*>("FID=fid"), const_cast<char*>("GEOMETRY_NAME=geom"), nullptr};
  OGRLayer* const layer = dataset.CreateLayer(table.name.c_str(), table.has_shapes ? &reference : nullptr,
                                              table.has_shapes ? wkbMultiPolygon : wkbNone, options.data());
  if (layer == nullptr) throw IoError(errors.explain("table '" + table.name + "' cannot be made"));
  for (const TableColumn& column : table.columns) create_field(*layer, column, errors);
  return *layer;
}

void add_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors) {
  for_each_feature(layer, table, errors, [&](OGRFeature& feature) { return layer.CreateFeature(&feature); });
}

void replace_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors) {
  for_each_feature(layer, table, errors, [&](OGRFeature& feature) { return layer.SetFeature(&feature); });
}

Table read_layer(OGRLayer& layer, const Table& layout, const GdalErrorCapture& errors) {
  Table table{layout.name, layout.has_shapes, layout.columns, {}, {}};
  const std::vector<int> fields = checked_fields(layer, layout);
  expect_numbers(layer, layout, fields);
  std::optional<WithoutShapes> without;
  if (!layout.has_shapes && layer.GetGeomType() != wkbNone) without.emplace(layer);
  std::vector<std::pair<GIntBig, TableRow>> numbered;
  layer.ResetReading();
  for (const OGRFeatureUniquePtr& feature : layer) {
    try {
      numbered.emplace_back(feature->GetFID(), row_of(*feature, fields, layout));
    } catch (const DataError& error) {
      throw DataError("table '" + layout.name + "': row " + std::to_string(feature->GetFID()) + ": " + error.what());
    }
  }
  if (errors.failed()) throw DataError(errors.explain("table '" + layout.name + "' cannot be read"));
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [number, row] : numbered) {
    table.numbers.push_back(number);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string sha256_of(GDALDataset& dataset, std::span<const Table> layouts, const GdalErrorCapture& errors) {
  std::string lines;
  for (const Table& layout : layouts) {
    Table table = layout;
    if (has_layer(dataset, layout.name)) {
      table = read_layer(*dataset.GetLayerByName(layout.name.c_str()), layout, errors);
    }
    lines += layout.name + " " + sha256_text(canonical(table)) + "\n";
  }
  return sha256_text(lines);
}

std::map<std::string, RowsDigest> digests_in(GDALDataset& dataset, std::span<const Table> layouts,
                                             const std::map<std::string, std::size_t>& first,
                                             const GdalErrorCapture& errors) {
  std::map<std::string, RowsDigest> digests;
  for (const Table& layout : layouts) {
    if (!has_layer(dataset, layout.name)) continue;
    const auto known = first.find(layout.name);
    digests[layout.name] = digest_of(*dataset.GetLayerByName(layout.name.c_str()), layout,
                                     known == first.end() ? std::nullopt : std::optional(known->second), errors);
  }
  return digests;
}

}  // namespace pitwatch
