#include "pipeline/io/vector/tables.hpp"

#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <fcntl.h>
#include <ogrsf_frmts.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/ogr_values.hpp"

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

OGRSpatialReference wgs84() {
  OGRSpatialReference reference;
  reference.importFromEPSG(4326);
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  return reference;
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

void add_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors) {
  for_each_feature(layer, table, errors, [&](OGRFeature& feature) { return layer.CreateFeature(&feature); });
}

void replace_rows(OGRLayer& layer, const Table& table, const GdalErrorCapture& errors) {
  for_each_feature(layer, table, errors, [&](OGRFeature& feature) { return layer.SetFeature(&feature); });
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

bool is_postgresql(GDALDataset& dataset) {
  return dataset.GetDriver() != nullptr && std::string(dataset.GetDriver()->GetDescription()) == "PostgreSQL";
}

/// GDAL would write shapes as bytes, which nobody could read as such.
void expect_postgis(GDALDataset& dataset) {
  const GdalErrorCapture errors;
  OGRLayer* const answer =
      dataset.ExecuteSQL("SELECT CAST(to_regproc('postgis_version') IS NOT NULL AS integer)", nullptr, nullptr);
  bool is_there = false;
  if (answer != nullptr) {
    const OGRFeatureUniquePtr row(answer->GetNextFeature());
    is_there = row && row->GetFieldAsInteger(0) == 1;
  }
  dataset.ReleaseResultSet(answer);
  if (errors.failed()) throw UnavailableError("the connection to the server has ended");
  if (!is_there) {
    throw DataError("the database has no PostGIS: its owner adds it by CREATE EXTENSION postgis");
  }
}

GDALDatasetUniquePtr open_target(const std::string& target, unsigned flags, const GdalErrorCapture& errors) {
  const bool is_server = is_database(target);
  if (!is_server) expect_regular_file(target);
  GDALDatasetUniquePtr dataset(GDALDataset::Open(with_time_limits(target).c_str(),
                                                 GDAL_OF_VECTOR | GDAL_OF_VERBOSE_ERROR | flags, nullptr, nullptr));
  if (dataset) {
    if (is_postgresql(*dataset)) expect_postgis(*dataset);
    return dataset;
  }
  const std::string reason = errors.explain("cannot be opened");
  if (is_server && tells_of_no_server(reason)) throw UnavailableError(reason);
  throw DataError(reason);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty() || from == to) return;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Whether a driver's message says that another program keeps an SQLite file from being read.
bool tells_of_lock(const std::string& reason) { return reason.find("database is locked") != std::string::npos; }

/// Runs `action` and puts the target before what it throws. `opened`: under which name, where it is another.
template <typename Action>
auto naming(const std::string& target, const Action& action, const std::string& opened = {}) {
  // The message of a driver may hold the text by which it was called.
  const auto named = [&](const char* what) {
    std::string text = what;
    const std::string shown = without_password(target);
    replace_all(text, target, shown);
    replace_all(text, opened, shown);
    return shown + ": " + text;
  };
  try {
    return action();
  } catch (const UnavailableError& error) {
    throw UnavailableError(named(error.what()));
  } catch (const DataError& error) {
    if (tells_of_lock(error.what())) throw BusyError(named("is being written to by another program"));
    throw DataError(named(error.what()));
  } catch (const IoError& error) {
    throw IoError(named(error.what()));
  } catch (const BusyError& error) {
    throw BusyError(named(error.what()));
  }
}

void run_sql(GDALDataset& dataset, const std::string& sql, const GdalErrorCapture& errors) {
  dataset.ReleaseResultSet(dataset.ExecuteSQL(sql.c_str(), nullptr, nullptr));
  if (errors.failed()) throw IoError(errors.explain("cannot be changed"));
}

/// Where the connection to a server has ended, no table is there, and that says nothing of the tables.
void expect_connected(GDALDataset& dataset) {
  if (!is_postgresql(dataset)) return;
  const GdalErrorCapture errors;
  dataset.ReleaseResultSet(dataset.ExecuteSQL("SELECT 1", nullptr, nullptr));
  if (errors.failed()) throw UnavailableError("the connection to the server has ended");
}

/// What cannot be read since the server is gone says nothing of what is there either.
template <typename Read>
auto read_connected(GDALDataset& dataset, const Read& read) {
  try {
    return read();
  } catch (const DataError&) {
    expect_connected(dataset);
    throw;
  }
}

bool has_layer(GDALDataset& dataset, const std::string& name) {
  {
    const GdalErrorCapture quiet;  // a table that is not there is no failure
    if (dataset.GetLayerByName(name.c_str()) != nullptr) return true;
  }
  expect_connected(dataset);
  return false;
}

std::vector<std::string> names_in(GDALDataset& dataset) {
  std::vector<std::string> names;
  for (int i = 0; i < dataset.GetLayerCount(); ++i) names.emplace_back(dataset.GetLayer(i)->GetName());
  return names;
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

GDALDriver& geopackage_driver() {
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("GPKG");
  if (driver == nullptr) throw IoError("this GDAL cannot write GeoPackages");
  return *driver;
}

/// Whether another process has a lock on an SQLite file that keeps writers away. Where it lies in the file, and that
/// readers share theirs, is part of SQLite's file format.
bool is_locked_for_writing(const std::string& path) {
  constexpr off_t first_lock_byte = 0x40000000;
  constexpr off_t lock_bytes = 512;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = first_lock_byte;
  lock.l_len = lock_bytes;
  const bool is_known = ::fcntl(file, F_GETLK, &lock) == 0;
  ::close(file);
  return is_known && lock.l_type == F_WRLCK;
}

/// Without the path before what it throws.
void check_not_in_use(const std::string& path) {
  for (const char* const suffix : {"-wal", "-journal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path + suffix, missing);
    if (!missing && size > 0) {
      throw BusyError("is being written to by another program, or one that ended left a write half done (" + path +
                      suffix + "); it is left as it is: close that program, or open the file in it once more");
    }
  }
  if (is_locked_for_writing(path)) {
    throw BusyError("is being written to by another program, which has it locked; it is left as it is");
  }
}

/// By which a file is known to be the one that it was.
struct FileMark {
  bool exists = false;
  std::uintmax_t size = 0;
  std::filesystem::file_time_type written{};
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

FileMark mark_of(const std::string& path) {
  std::error_code error;
  FileMark mark;
  mark.exists = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  if (!mark.exists) return mark;
  mark.size = std::filesystem::file_size(path, error);
  mark.written = std::filesystem::last_write_time(path, error);
  return mark;
}

/// A copy of a GeoPackage as a file in memory. Once no log stands beside it, one that was written to by way of a log
/// (two bytes of its header say so) is whole without; in memory there are no logs.
void copy_to_memory(const std::string& path, const std::string& copy) {
  constexpr std::size_t mode_at = 18;
  constexpr char by_log = 2;
  constexpr char by_journal = 1;
  constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30;
  std::string bytes = read_whole_file(path, most_bytes);
  for (std::size_t at = mode_at; at < mode_at + 2 && at < bytes.size(); ++at) {
    if (bytes[at] == by_log) bytes[at] = by_journal;
  }
  VSILFILE* const out = VSIFOpenL(copy.c_str(), "wb");
  const bool written = out != nullptr && VSIFWriteL(bytes.data(), 1, bytes.size(), out) == bytes.size();
  if (out != nullptr) VSIFCloseL(out);
  if (!written) throw IoError("cannot be copied into memory");
}

}  // namespace

std::string cell_text(const Cell& cell) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(Instant instant) const { return format_instant(instant); }
    std::string operator()(int number) const { return std::to_string(number); }
    std::string operator()(double number) const { return shortest_text(number); }
  };
  return std::visit(Text{}, cell);
}

bool is_database(const std::string& target) {
  const std::size_t colon = target.find(':');
  return colon != std::string::npos && colon > 1 &&
         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::string with_time_limits(std::string target) {
  constexpr std::string_view prefix = "PG:";
  const bool is_url = target.find("://") != std::string::npos;
  if (!target.starts_with(prefix) || is_url) return target;
  for (const auto& [key, value] :
       {std::pair{"connect_timeout", "10"},
        {"tcp_user_timeout", "30000"},  // milliseconds
        {"options", "'-c lock_timeout=60s -c statement_timeout=600s -c client_min_messages=error'"}}) {
    if (target.find(std::string(key) + "=") == std::string::npos) target += " " + std::string(key) + "=" + value;
  }
  return target;
}

bool tells_of_no_server(const std::string& reason) {
  const auto tells = [&](const char* words) { return reason.find(words) != std::string::npos; };
  return tells("onnection refused") || tells("timeout expired") || tells("timed out") ||
         tells("could not translate host name") || tells("No route to host") || tells("server closed the connection") ||
         tells("starting up") || tells("shutting down") || tells("No such file or directory");  // of a socket
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
  GDALDatasetUniquePtr dataset(geopackage_driver().Create(file.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset) throw IoError(errors.explain("a GeoPackage cannot be made"));
  for (const Table& table : tables) {
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("a GeoPackage cannot be written"));
    add_rows(create_layer(*dataset, table, errors), table, errors);
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
    return read_connected(*dataset, [&] {
      std::vector<std::optional<Table>> tables;
      for (const Table& layout : layouts) {
        tables.emplace_back();
        if (has_layer(*dataset, layout.name)) {
          tables.back() = read_layer(*dataset->GetLayerByName(layout.name.c_str()), layout, errors);
        }
      }
      return tables;
    });
  });
}

std::vector<std::string> table_names(const std::string& path) {
  ensure_gdal();
  return naming(path, [&] {
    const GdalErrorCapture errors;
    return names_in(*open_target(path, GDAL_OF_READONLY, errors));
  });
}

std::string sha256_of_tables(const std::string& target, std::span<const Table> layouts) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const GDALDatasetUniquePtr dataset = open_target(target, GDAL_OF_READONLY, errors);
    return read_connected(*dataset, [&] { return sha256_of(*dataset, layouts, errors); });
  });
}

std::map<std::string, RowsDigest> digests_of_rows(const std::string& target, std::span<const Table> layouts,
                                                  const std::map<std::string, std::size_t>& first) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const GDALDatasetUniquePtr dataset = open_target(target, GDAL_OF_READONLY, errors);
    return read_connected(*dataset, [&] { return digests_in(*dataset, layouts, first, errors); });
  });
}

void expect_not_in_use(const std::string& path) {
  naming(path, [&] { check_not_in_use(path); });
}

struct TableStore::State {
  std::string target;
  std::string as_of;
  std::optional<MemoryFile> copy;  // of a GeoPackage
  FileMark mark;
  std::string bytes;  // of the GeoPackage, once it is whole
  GDALDatasetUniquePtr dataset;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// What is not committed is undone; a server that is gone needs no word more.
  ~State() {
    if (!dataset) return;
    const GdalErrorCapture quiet;
    dataset->RollbackTransaction();
    dataset.reset();
  }

  /// Runs action(errors), with the settings that all work on tables needs.
  template <typename Action>
  auto work(const Action& action) const {
    return naming(
        target,
        [&] {
          const GdalErrorCapture errors;
          const ThreadOption date("OGR_CURRENT_DATE", as_of.c_str());
          const ThreadOption rows("PG_USE_COPY", "NO");  // so that the row at fault is known
          try {
            return action(errors);
          } catch (const IoError&) {
            undo_and_expect_connected();
            throw;
          }
        },
        copy ? copy->path() : std::string());
  }

  /// Whether what failed did so because the server is gone. Within a failed transaction it would answer nothing.
  void undo_and_expect_connected() const {
    if (!dataset || !is_postgresql(*dataset)) return;
    {
      const GdalErrorCapture quiet;
      dataset->RollbackTransaction();
    }
    expect_connected(*dataset);
  }

  OGRLayer& layer(const std::string& name) const {
    OGRLayer* const found = dataset->GetLayerByName(name.c_str());
    if (found == nullptr) throw DataError("there is no table '" + name + "'");
    return *found;
  }

  void open_file(const GdalErrorCapture& errors) {
    copy.emplace("tables.gpkg");
    check_not_in_use(target);
    mark = mark_of(target);
    if (mark.exists) {
      copy_to_memory(target, copy->path());
      dataset = open_target(copy->path(), GDAL_OF_UPDATE, errors);
    } else {
      dataset.reset(geopackage_driver().Create(copy->path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
      if (!dataset) throw IoError(errors.explain("a GeoPackage cannot be made"));
    }
  }

  void begin(std::span<const Table> tables, const GdalErrorCapture& errors) const {
    if (dataset->TestCapability(ODsCTransactions) == 0) throw DataError("is no database with transactions");
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("no transaction can be begun"));
    if (!is_postgresql(*dataset)) return;
    // Writers come one after the other: all of this program's, and others to the tables that are there.
    constexpr const char* number = "7290413558";
    run_sql(*dataset, std::string("SELECT pg_advisory_xact_lock(") + number + ")", errors);
    for (const Table& table : tables) {
      if (!has_layer(*dataset, table.name)) continue;
      run_sql(*dataset, "LOCK TABLE \"" + table.name + "\" IN SHARE ROW EXCLUSIVE MODE", errors);
    }
  }

  void end(const GdalErrorCapture& errors) {
    if (dataset->CommitTransaction() != OGRERR_NONE) throw IoError(errors.explain("the transaction cannot be ended"));
    dataset.reset();
    if (errors.failed()) throw IoError(errors.explain("cannot be written"));
  }

  void close_file() {
    if (!copy || !dataset) return;
    work([&](const GdalErrorCapture& errors) { end(errors); });
    bytes = copy->content();
  }
};

TableStore::TableStore(const std::string& target, std::span<const Table> tables, Instant as_of)
    : state_(std::make_unique<State>()) {
  ensure_gdal();
  state_->target = target;
  state_->as_of = format_instant(as_of);
  state_->work([&](const GdalErrorCapture& errors) {
    if (is_database(target)) {
      state_->dataset = open_target(target, GDAL_OF_UPDATE, errors);
    } else {
      state_->open_file(errors);
    }
    state_->begin(tables, errors);
  });
}

TableStore::~TableStore() = default;

std::vector<std::string> TableStore::names() const {
  return state_->work([&](const GdalErrorCapture&) { return names_in(*state_->dataset); });
}

std::optional<Table> TableStore::read(const Table& layout) const {
  return state_->work([&](const GdalErrorCapture& errors) -> std::optional<Table> {
    if (!has_layer(*state_->dataset, layout.name)) return std::nullopt;
    return read_layer(state_->layer(layout.name), layout, errors);
  });
}

std::map<std::string, RowsDigest> TableStore::digests(std::span<const Table> layouts) const {
  return state_->work(
      [&](const GdalErrorCapture& errors) { return digests_in(*state_->dataset, layouts, {}, errors); });
}

bool TableStore::make(const Table& layout) {
  return state_->work([&](const GdalErrorCapture& errors) {
    if (!has_layer(*state_->dataset, layout.name)) {
      create_layer(*state_->dataset, layout, errors);
      return true;
    }
    OGRLayer& layer = state_->layer(layout.name);
    bool added = false;
    for (const TableColumn& column : layout.columns) {
      if (!column.since_later || field_index(*layer.GetLayerDefn(), column.name) >= 0) continue;
      create_field(layer, column, errors);
      added = true;
    }
    if (!layout.has_shapes || layer.GetLayerDefn()->GetGeomFieldCount() > 0) return added;
    create_shapes(layer, errors);
    return true;
  });
}

void TableStore::add(const Table& rows) {
  if (rows.rows.empty()) return;
  state_->work([&](const GdalErrorCapture& errors) {
    OGRLayer& layer = state_->layer(rows.name);
    add_rows(layer, rows, errors);
    sync(layer, errors);
  });
}

void TableStore::replace(const Table& rows) {
  if (rows.rows.empty()) return;
  state_->work([&](const GdalErrorCapture& errors) {
    OGRLayer& layer = state_->layer(rows.name);
    replace_rows(layer, rows, errors);
    sync(layer, errors);
  });
}

void TableStore::execute(const std::string& sql) {
  state_->work([&](const GdalErrorCapture& errors) { run_sql(*state_->dataset, sql, errors); });
}

std::string TableStore::sha256(std::span<const Table> layouts) {
  if (state_->copy) {
    state_->close_file();
    return sha256_text(state_->bytes);
  }
  return state_->work([&](const GdalErrorCapture& errors) { return sha256_of(*state_->dataset, layouts, errors); });
}

std::size_t TableStore::size() {
  if (!state_->copy) return 0;
  state_->close_file();
  return state_->bytes.size();
}

void TableStore::commit() {
  if (!state_->copy) {
    state_->work([&](const GdalErrorCapture& errors) { state_->end(errors); });
    return;
  }
  state_->close_file();
  naming(state_->target, [&] {
    check_not_in_use(state_->target);
    if (mark_of(state_->target) == state_->mark) return;
    throw IoError("has been changed by another program meanwhile; it is left as it is");
  });
  write_file_atomically(state_->target, state_->bytes);
}

}  // namespace pitwatch
