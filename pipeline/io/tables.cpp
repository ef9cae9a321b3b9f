#include "pipeline/io/tables.hpp"

#include <cpl_conv.h>
#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

#include "pipeline/core/error.hpp"
#include "pipeline/io/gdal_errors.hpp"
#include "pipeline/io/gdal_state.hpp"
#include "pipeline/io/memory_file.hpp"
#include "pipeline/io/ogr_values.hpp"

namespace pitwatch {
namespace {

/// Sets an option of GDAL for this thread as long as it lives.
class ThreadOption {
 public:
  ThreadOption(const char* name, const char* value) : name_(name) { CPLSetThreadLocalConfigOption(name, value); }
  ~ThreadOption() { CPLSetThreadLocalConfigOption(name_, nullptr); }
  ThreadOption(const ThreadOption&) = delete;
  ThreadOption& operator=(const ThreadOption&) = delete;

 private:
  const char* name_;
};

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

OGRLayer& create_layer(GDALDataset& dataset, const Table& table, const GdalErrorCapture& errors) {
  OGRSpatialReference wgs84;
  wgs84.importFromEPSG(4326);
  wgs84.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  std::array<char*, 3> options{const_cast<char*>("FID=fid"), const_cast<char*>("GEOMETRY_NAME=geom"), nullptr};
  OGRLayer* const layer = dataset.CreateLayer(table.name.c_str(), table.has_shapes ? &wgs84 : nullptr,
                                              table.has_shapes ? wkbMultiPolygon : wkbNone, options.data());
  if (layer == nullptr) throw IoError(errors.explain("table '" + table.name + "' cannot be made"));
  for (const TableColumn& column : table.columns) create_field(*layer, column, errors);
  return *layer;
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

/// Adds rows to a layer; numbered from 1, or by the layer itself.
void add_rows(OGRLayer& layer, const Table& table, bool numbered, const GdalErrorCapture& errors) {
  std::vector<int> fields;
  for (const TableColumn& column : table.columns)
    fields.push_back(layer.GetLayerDefn()->GetFieldIndex(column.name.c_str()));
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const TableRow& row = table.rows[i];
    OGRFeature feature(layer.GetLayerDefn());
    if (numbered) feature.SetFID(static_cast<GIntBig>(i) + 1);
    for (std::size_t k = 0; k < fields.size(); ++k) set_cell(feature, fields[k], row.cells[k]);
    if (table.has_shapes && !row.shape.empty()) feature.SetGeometryDirectly(ogr_shape(row.shape).release());
    if (layer.CreateFeature(&feature) != OGRERR_NONE || errors.failed()) {
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

Table read_layer(OGRLayer& layer, const Table& layout, const GdalErrorCapture& errors) {
  Table table{layout.name, layout.has_shapes, layout.columns, {}};
  std::vector<int> fields;
  for (const TableColumn& column : layout.columns) {
    const int field = layer.GetLayerDefn()->GetFieldIndex(column.name.c_str());
    if (field < 0) throw DataError("table '" + layout.name + "' has no column '" + column.name + "'");
    if (!fits(layer.GetLayerDefn()->GetFieldDefn(field)->GetType(), column.type)) {
      throw DataError("table '" + layout.name + "': column '" + column.name + "' is of another type");
    }
    fields.push_back(field);
  }
  std::vector<std::pair<GIntBig, TableRow>> numbered;
  layer.ResetReading();
  for (const OGRFeatureUniquePtr& feature : layer) {
    TableRow row;
    try {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        row.cells.push_back(cell_of(*feature, fields[i], layout.columns[i].type));
      }
      const OGRGeometry* const geometry = layout.has_shapes ? feature->GetGeometryRef() : nullptr;
      if (geometry != nullptr) row.shape = lonlat_shape(*geometry);
    } catch (const DataError& error) {
      throw DataError("table '" + layout.name + "': row " + std::to_string(feature->GetFID()) + ": " + error.what());
    }
    numbered.emplace_back(feature->GetFID(), std::move(row));
  }
  if (errors.failed()) throw DataError(errors.explain("table '" + layout.name + "' cannot be read"));
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [number, row] : numbered) table.rows.push_back(std::move(row));
  return table;
}

GDALDatasetUniquePtr open_target(const std::string& target, unsigned flags, const GdalErrorCapture& errors) {
  GDALDatasetUniquePtr dataset(
      GDALDataset::Open(target.c_str(), GDAL_OF_VECTOR | GDAL_OF_VERBOSE_ERROR | flags, nullptr, nullptr));
  if (!dataset) throw DataError(errors.explain("cannot be opened"));
  return dataset;
}

/// Runs `action` and puts the target before what it throws.
template <typename Action>
auto naming(const std::string& target, const Action& action) {
  // The message of a driver may hold the text by which it was called.
  const auto named = [&](const char* what) {
    std::string text = what;
    const std::string shown = without_password(target);
    for (std::size_t at = text.find(target); shown != target && at != std::string::npos; at = text.find(target)) {
      text.replace(at, target.size(), shown);
    }
    return shown + ": " + text;
  };
  try {
    return action();
  } catch (const DataError& error) {
    throw DataError(named(error.what()));
  } catch (const IoError& error) {
    throw IoError(named(error.what()));
  }
}

void execute(GDALDataset& dataset, const std::string& sql, const GdalErrorCapture& errors) {
  dataset.ReleaseResultSet(dataset.ExecuteSQL(sql.c_str(), nullptr, nullptr));
  if (errors.failed()) throw IoError(errors.explain("cannot be changed"));
}

/// The table as it is to be: made where it is missing, missing columns added. Returns its layer.
OGRLayer& prepared_layer(GDALDataset& dataset, const Table& table, const GdalErrorCapture& errors) {
  OGRLayer* const layer = dataset.GetLayerByName(table.name.c_str());
  if (layer == nullptr) return create_layer(dataset, table, errors);
  for (const TableColumn& column : table.columns) {
    if (layer->GetLayerDefn()->GetFieldIndex(column.name.c_str()) >= 0) continue;
    create_field(*layer, column, errors);
  }
  return *layer;
}

bool has_layer(GDALDataset& dataset, const std::string& name) {
  const GdalErrorCapture quiet;  // a table that is not there is no failure
  return dataset.GetLayerByName(name.c_str()) != nullptr;
}

bool update(GDALDataset& dataset, std::span<const Table> replaced, const Table& appended) {
  if (dataset.TestCapability(ODsCTransactions) == 0) throw DataError("is no database with transactions");
  const bool known = has_layer(dataset, appended.name);
  std::vector<const Table*> others;
  for (const Table& table : replaced) {
    const GdalErrorCapture errors;
    if (!has_layer(dataset, table.name)) {
      others.push_back(&table);
      continue;
    }
    // A table of that name alone may be anybody's.
    if (!known) throw DataError("has a table '" + table.name + "' of something else");
    OGRLayer& layer = prepared_layer(dataset, table, errors);
    if (read_layer(layer, table, errors).rows != table.rows) others.push_back(&table);
  }
  if (known && others.empty() && appended.rows.empty()) return false;
  for (const Table* table : others) {
    const GdalErrorCapture errors;
    const bool is_new = !has_layer(dataset, table->name);
    OGRLayer& layer = prepared_layer(dataset, *table, errors);
    if (!is_new) execute(dataset, "DELETE FROM \"" + table->name + "\"", errors);
    add_rows(layer, *table, true, errors);
    if (layer.SyncToDisk() != OGRERR_NONE)
      throw IoError(errors.explain("table '" + table->name + "' cannot be written"));
  }
  const GdalErrorCapture errors;
  OGRLayer& layer = known ? *dataset.GetLayerByName(appended.name.c_str()) : create_layer(dataset, appended, errors);
  add_rows(layer, appended, false, errors);
  if (layer.SyncToDisk() != OGRERR_NONE)
    throw IoError(errors.explain("table '" + appended.name + "' cannot be written"));
  return true;
}

}  // namespace

std::string cell_text(const Cell& cell) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(Instant instant) const { return format_instant(instant); }
    std::string operator()(int number) const { return std::to_string(number); }
    std::string operator()(double number) const {
      std::array<char, 32> digits{};
      return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
    }
  };
  return std::visit(Text{}, cell);
}

bool is_database(const std::string& target) {
  const std::size_t colon = target.find(':');
  return colon != std::string::npos && colon > 1 &&
         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::string without_password(const std::string& target) {
  static const std::regex password("(password\\s*=\\s*)('(\\\\.|[^'\\\\])*'|[^\\s,]+)", std::regex::icase);
  static const std::regex in_url("(://[^:/@\\s]*:)[^@\\s]*@");
  return std::regex_replace(std::regex_replace(target, password, "$1***"), in_url, "$1***@");
}

std::string geopackage(std::span<const Table> tables, Instant as_of) {
  ensure_gdal();
  const GdalErrorCapture errors;
  const std::string changed = format_instant(as_of);
  const ThreadOption date("OGR_CURRENT_DATE", changed.c_str());
  const MemoryFile file("tables.gpkg");
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("GPKG");
  if (driver == nullptr) throw IoError("this GDAL cannot write GeoPackages");
  GDALDatasetUniquePtr dataset(driver->Create(file.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset) throw IoError(errors.explain("a GeoPackage cannot be made"));
  for (const Table& table : tables) {
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("a GeoPackage cannot be written"));
    add_rows(create_layer(*dataset, table, errors), table, true, errors);
    if (dataset->CommitTransaction() != OGRERR_NONE) throw IoError(errors.explain("a GeoPackage cannot be written"));
  }
  dataset.reset();
  if (errors.failed()) throw IoError(errors.explain("a GeoPackage cannot be written"));
  return file.content();
}

std::vector<std::optional<Table>> read_tables(const std::string& target, std::span<const Table> layouts) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const GDALDatasetUniquePtr dataset = open_target(target, GDAL_OF_READONLY, errors);
    std::vector<std::optional<Table>> tables;
    for (const Table& layout : layouts) {
      tables.emplace_back();
      if (has_layer(*dataset, layout.name)) {
        tables.back() = read_layer(*dataset->GetLayerByName(layout.name.c_str()), layout, errors);
      }
    }
    return tables;
  });
}

std::vector<std::string> table_names(const std::string& path) {
  ensure_gdal();
  return naming(path, [&] {
    const GdalErrorCapture errors;
    const GDALDatasetUniquePtr dataset = open_target(path, GDAL_OF_READONLY, errors);
    std::vector<std::string> names;
    for (int i = 0; i < dataset->GetLayerCount(); ++i) names.emplace_back(dataset->GetLayer(i)->GetName());
    return names;
  });
}

bool update_database(const std::string& target, std::span<const Table> replaced, const Table& appended) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const ThreadOption rows("PG_USE_COPY", "NO");  // so that the row at fault is known
    const GDALDatasetUniquePtr dataset = open_target(target, GDAL_OF_UPDATE, errors);
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("no transaction can be begun"));
    bool changed = false;
    try {
      changed = update(*dataset, replaced, appended);
    } catch (const std::exception&) {
      const GdalErrorCapture quiet;
      dataset->RollbackTransaction();
      throw;
    }
    if (dataset->CommitTransaction() != OGRERR_NONE) throw IoError(errors.explain("the transaction cannot be ended"));
    return changed;
  });
}

std::vector<std::size_t> rows_where(const Table& table, const std::string& where) {
  ensure_gdal();
  const GdalErrorCapture errors;
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("Memory");
  const GDALDatasetUniquePtr dataset(driver->Create("", 0, 0, 0, GDT_Unknown, nullptr));
  OGRLayer& layer = create_layer(*dataset, table, errors);
  add_rows(layer, table, true, errors);
  if (layer.SetAttributeFilter(where.c_str()) != OGRERR_NONE || errors.failed()) {
    throw ConfigError(errors.explain("not a filter: '" + where + "'"));
  }
  std::vector<std::size_t> found;
  layer.ResetReading();
  for (const OGRFeatureUniquePtr& feature : layer) found.push_back(static_cast<std::size_t>(feature->GetFID()) - 1);
  if (errors.failed()) throw ConfigError(errors.explain("not a filter: '" + where + "'"));
  return found;
}

}  // namespace pitwatch
