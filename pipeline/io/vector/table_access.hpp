#pragma once
// How GeoPackages and databases of tables are opened, and what their errors say. Used inside this folder only.

#include <memory>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

class GDALDataset;
class GDALDriver;

namespace pitwatch {

/// Sets an option of GDAL for this thread as long as it lives.
class ThreadOption {
 public:
  ThreadOption(const char* name, const char* value);
  ~ThreadOption();
  ThreadOption(const ThreadOption&) = delete;
  ThreadOption& operator=(const ThreadOption&) = delete;

 private:
  const char* name_;
};

struct CloseTables {
  void operator()(GDALDataset* dataset) const;
};

using OpenTables = std::unique_ptr<GDALDataset, CloseTables>;

/// Opens a file or a database, `flags` beside that vectors are meant: GDAL_OF_READONLY or GDAL_OF_UPDATE. Throws
/// DataError for what cannot be opened and for a database without PostGIS, UnavailableError where no server answers.
OpenTables open_target(const std::string& target, unsigned flags, const GdalErrorCapture& errors);

GDALDriver& geopackage_driver();

bool is_postgresql(GDALDataset& dataset);

/// Where the connection to a server has ended, no table is there, and that says nothing of the tables: throws
/// UnavailableError.
void expect_connected(GDALDataset& dataset);

bool has_layer(GDALDataset& dataset, const std::string& name);

std::vector<std::string> names_in(GDALDataset& dataset);

void run_sql(GDALDataset& dataset, const std::string& sql, const GdalErrorCapture& errors);

/// expect_not_in_use(), without the path before what it throws.
void check_not_in_use(const std::string& path);

/// What a driver says, behind the target without its password; it may hold the text by which it was called.
std::string named_message(const std::string& target, const std::string& opened, std::string text);

/// Whether a driver's message says that another program keeps an SQLite file from being read.
bool tells_of_lock(const std::string& reason);

/// Runs `action` and puts the target before what it throws. `opened`: under which name, where it is another.
template <typename Action>
auto naming(const std::string& target, const Action& action, const std::string& opened = {}) {
  const auto named = [&](const char* what) { return named_message(target, opened, what); };
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

}  // namespace pitwatch
