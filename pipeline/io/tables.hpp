#pragma once
// Tables in GeoPackages and in databases, by way of OGR.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/lonlat_shapes.hpp"

namespace pitwatch {

enum class ColumnType : std::uint8_t { text, json, instant, integer, real };

/// Nothing is SQL's NULL; json is a string.
using Cell = std::variant<std::monostate, std::string, Instant, int, double>;

/// "" for nothing, an instant as ISO 8601, a number with as many digits as it has.
std::string cell_text(const Cell& cell);

struct TableColumn {
  std::string name;
  ColumnType type = ColumnType::text;
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
};

/// Whether OGR takes the text as a database ("PG:dbname=..."), not as the path of a file.
bool is_database(const std::string& target);

/// A GeoPackage of the tables, rows numbered from 1, as bytes: the same for the same tables. `as_of` stands as time of
/// change in it. Throws IoError.
std::string geopackage(std::span<const Table> tables, Instant as_of);

/// Reads the tables of those layouts from a GeoPackage or a database, rows in order of their numbers; nothing for a
/// table that is not there. Throws DataError, starting with the target: cannot be opened or read; a column is missing
/// or of another type. Passwords in a database's text are not shown.
std::vector<std::optional<Table>> read_tables(const std::string& target, std::span<const Table> layouts);

/// Names of the tables in a file. Throws DataError as read_tables() does.
std::vector<std::string> table_names(const std::string& path);

/// In one transaction: gives each of `replaced` the rows given, where it has others, and adds the rows of `appended`.
/// Tables and columns that are missing are made. Returns whether anything was changed. Throws DataError where the
/// database cannot be opened, IoError where a step fails: then nothing has changed.
bool update_database(const std::string& target, std::span<const Table> replaced, const Table& appended);

/// The rows that fit an attribute filter in OGR's SQL, as indices in order. Throws ConfigError for a filter that OGR
/// does not understand.
std::vector<std::size_t> rows_where(const Table& table, const std::string& where);

/// The target without the password in it, for messages.
std::string without_password(const std::string& target);

}  // namespace pitwatch
