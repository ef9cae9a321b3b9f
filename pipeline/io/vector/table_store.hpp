#pragma once
// Tables in GeoPackages and in databases that are changed: all of it, or none.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {

/// Tables that are being changed: those of a GeoPackage in a copy in memory, those of a database in one transaction,
/// which keeps other writers waiting. Nobody sees anything of it before commit(); what goes without is as it never was.
/// To be used and destroyed in the thread that made it. Errors start with the target, as those of read_tables() do:
/// what is there and cannot be opened or read is a DataError, what cannot be written an IoError, what another program
/// has locked a BusyError.
class TableStore {
 public:
  /// A GeoPackage that is not there is made; a database is not. `tables`: which of a database are to be kept from other
  /// writers, where they are there. `as_of` stands as time of change in a GeoPackage.
  /// Throws BusyError as expect_not_in_use() does.
  TableStore(const std::string& target, std::span<const Table> tables, Instant as_of);
  ~TableStore();
  TableStore(const TableStore&) = delete;
  TableStore& operator=(const TableStore&) = delete;

  std::vector<std::string> names() const;

  /// Rows in order of their numbers, and these; nothing where there is no such table.
  std::optional<Table> read(const Table& layout) const;

  /// As digests_of_rows() has all of them.
  std::map<std::string, RowsDigest> digests(std::span<const Table> layouts) const;

  /// Makes the table where there is none; else adds the columns `since_later`, and the column of shapes, that it lacks.
  /// Returns whether it did anything.
  bool make(const Table& layout);

  void add(const Table& rows);
  void replace(const Table& rows);  // those of the same `numbers`
  void execute(const std::string& sql);

  /// SHA-256 of what is to be: of the GeoPackage's bytes, or as sha256_of_tables(). Nothing can be changed after it.
  std::string sha256(std::span<const Table> layouts);

  /// Of the GeoPackage's bytes that are to be; 0 of a database. Nothing can be changed after it.
  std::size_t size();

  /// Throws IoError, also where another program has changed the file meanwhile, and BusyError where one is at work on
  /// it: then it is left as it is.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pitwatch
