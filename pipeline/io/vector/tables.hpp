#pragma once
// Tables in GeoPackages and in databases, by way of OGR.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

enum class ColumnType : std::uint8_t { text, json, instant, integer, real };

/// Nothing is SQL's NULL; json is a string.
using Cell = std::variant<std::monostate, std::string, Instant, int, double>;

/// "" for nothing, an instant as ISO 8601, a number with as many digits as it has.
std::string cell_text(const Cell& cell);

struct TableColumn {
  std::string name;
  ColumnType type = ColumnType::text;
  bool since_later = false;  // tables of earlier versions may lack it: read as nothing
};

struct TableRow {
  std::vector<Cell> cells;   // by column
  LonLatMultiPolygon shape;  // empty in a table without shapes
  friend bool operator==(const TableRow&, const TableRow&) = default;
};

struct Table {
  std::string name;
  bool has_shapes = false;  // multipolygons, EPSG:4326
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
  std::vector<std::int64_t> numbers = {};  // of the rows: as read, or as they are to be; empty: left to the store
};

/// A GeoPackage of the tables, rows numbered from 1, as bytes: the same for the same tables. `as_of` stands as time of
/// change in it. Throws IoError.
std::string geopackage(std::span<const Table> tables, Instant as_of);

/// Reads the tables of those layouts from a GeoPackage or a database, rows in order of their numbers; nothing for a
/// table that is not there. Throws DataError, starting with the target: cannot be opened or read; a column is missing
/// or of another type. Passwords in a database's text are not shown.
std::vector<std::optional<Table>> read_tables(const std::string& target, std::span<const Table> layouts);

/// Names of the tables in a file. Throws DataError as read_tables() does.
std::vector<std::string> table_names(const std::string& path);

/// SHA-256, as 64 hex digits, of what the tables of those layouts in a database hold: of one line a table, in the order
/// given, each its name and the SHA-256 of its rows as text (number, cells, shape), in order of their numbers. A table
/// or a column that is missing counts as one without values. Throws as read_tables() does.
std::string sha256_of_tables(const std::string& target, std::span<const Table> layouts);

/// Rows of a table: how many, and the SHA-256 (64 hex digits) of all of them by number: number, columns that hold
/// something by name, shape. A column that is added and holds nothing changes nothing.
struct RowsDigest {
  std::size_t rows = 0;
  std::string sha256;
  friend bool operator==(const RowsDigest&, const RowsDigest&) = default;
};

/// Of the tables of those layouts that are there, by name; of those in `first` its so many first rows by number, or all
/// that there are. Throws as read_tables() does.
std::map<std::string, RowsDigest> digests_of_rows(const std::string& target, std::span<const Table> layouts,
                                                  const std::map<std::string, std::size_t>& first);

/// Throws BusyError while another program has a GeoPackage locked to write to it, or has left a write half done.
void expect_not_in_use(const std::string& path);

/// The rows that fit an expression of SQLite over the columns, as indices in order; dates are as in '2023-01-31'.
/// Throws ConfigError for what is none, and for rows by their numbers (fid).
std::vector<std::size_t> rows_where(const Table& table, const std::string& where);

}  // namespace pitwatch
