#pragma once
// Tables from CSV files.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pitwatch {

/// The cells of a row by column name. `line` is where the row begins in its file, counted from 1.
struct CsvRow {
  std::size_t line = 0;
  std::map<std::string, std::string> cells;
};

/// Reads a CSV file with a header line (RFC 4180: comma, double quotes, LF or CRLF; a byte order mark is passed over).
/// White space around what is not quoted is dropped; empty lines are passed over. `columns` must be there; others may
/// be. Throws DataError, starting with the path and naming the line: cannot be read, too large (over 256 MiB), a
/// missing or double column, a row with another number of cells than the header, a quote that is not closed.
std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns);

/// The same of a text. Throws DataError without the path.
std::vector<CsvRow> parse_csv(std::string_view text, const std::vector<std::string>& columns);

/// Reads a finite number that is not negative. Throws DataError naming line and column.
double csv_amount(const CsvRow& row, const std::string& column);

}  // namespace pitwatch
