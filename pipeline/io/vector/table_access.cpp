#include "pipeline/io/vector/table_access.hpp"

#include <cpl_conv.h>
#include <fcntl.h>
#include <ogrsf_frmts.h>
#include <unistd.h>

#include <filesystem>

#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/vector/database_target.hpp"

namespace pitwatch {
namespace {

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

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty() || from == to) return;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
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
}  // namespace

ThreadOption::ThreadOption(const char* name, const char* value) : name_(name) {
  CPLSetThreadLocalConfigOption(name, value);
}

ThreadOption::~ThreadOption() { CPLSetThreadLocalConfigOption(name_, nullptr); }

void CloseTables::operator()(GDALDataset* dataset) const { GDALClose(dataset); }

GDALDriver& geopackage_driver() {
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("GPKG");
  if (driver == nullptr) throw IoError("this GDAL cannot write GeoPackages");
  return *driver;
}

bool is_postgresql(GDALDataset& dataset) {
  return dataset.GetDriver() != nullptr && std::string(dataset.GetDriver()->GetDescription()) == "PostgreSQL";
}

OpenTables open_target(const std::string& target, unsigned flags, const GdalErrorCapture& errors) {
  const bool is_server = is_database(target);
  if (!is_server) expect_regular_file(target);
  OpenTables dataset(GDALDataset::Open(with_time_limits(target).c_str(), GDAL_OF_VECTOR | GDAL_OF_VERBOSE_ERROR | flags,
                                       nullptr, nullptr));
  if (dataset) {
    if (is_postgresql(*dataset)) expect_postgis(*dataset);
    return dataset;
  }
  const std::string reason = errors.explain("cannot be opened");
  if (is_server && tells_of_no_server(reason)) throw UnavailableError(reason);
  throw DataError(reason);
}

void run_sql(GDALDataset& dataset, const std::string& sql, const GdalErrorCapture& errors) {
  dataset.ReleaseResultSet(dataset.ExecuteSQL(sql.c_str(), nullptr, nullptr));
  if (errors.failed()) throw IoError(errors.explain("cannot be changed"));
}

void expect_connected(GDALDataset& dataset) {
  if (!is_postgresql(dataset)) return;
  const GdalErrorCapture errors;
  dataset.ReleaseResultSet(dataset.ExecuteSQL("SELECT 1", nullptr, nullptr));
  if (errors.failed()) throw UnavailableError("the connection to the server has ended");
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

std::string named_message(const std::string& target, const std::string& opened, std::string text) {
  const std::string shown = without_password(target);
  replace_all(text, target, shown);
  replace_all(text, opened, shown);
  return shown + ": " + text;
}

bool tells_of_lock(const std::string& reason) { return reason.find("database is locked") != std::string::npos; }

}  // namespace pitwatch
