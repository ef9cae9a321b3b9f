#pragma once
// Tables from CSV files.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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
/// Where `optional` columns are known, too, so is what would be passed over without a word: a column of which any
/// is there twice, and one that is none of them but nearly so (meant_by() of core/misspelling.hpp). Others may be
/// there.
std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns,
                             const std::vector<std::string>& optional = {});

/// The same of a text. Throws DataError without the path.
std::vector<CsvRow> parse_csv(std::string_view text, const std::vector<std::string>& columns,
                              const std::vector<std::string>& optional = {});

/// What divides the cells of a row: commas, or whichever of semicolon, tab and comma the header has most of (of as
/// many, in this order).
enum class Separators { comma, by_header };

/// A table of any length, row by row: of the file a megabyte or two are in memory. What is read, and what is refused,
/// is as in read_csv(); a row has at most a megabyte. One thread at a time.
class CsvFile {
 public:
  /// Opens the file and reads its header. Throws DataError as read_csv(), for more than `most_bytes`, too.
  CsvFile(const std::string& path, const std::vector<std::string>& columns, std::uint64_t most_bytes,
          Separators separators = Separators::comma);
  ~CsvFile();
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;

  /// The place of a column in each row; the first of two of one name.
  std::optional<std::size_t> column(const std::string& name) const;

  /// The header's cells.
  const std::vector<std::string>& columns() const;
  char separator() const;

  /// False at the end. Throws DataError, starting with the path.
  bool next();
  std::size_t line() const;
  const std::string& cell(std::size_t column) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a finite number that is not negative. Throws DataError naming line and column.
double csv_amount(const CsvRow& row, const std::string& column);

}  // namespace pitwatch
