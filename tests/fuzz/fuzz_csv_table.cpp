// Any bytes, read as a table: rows with a cell for each column, or a DataError.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/run/table_texts.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  try {
    std::size_t line = 1;
    for (const CsvRow& row : parse_csv(fuzz::text_of(data, size), {"id", "a"})) {
      require(row.line > line && row.line <= size + 1);
      line = row.line;
      require(row.cells.contains("id") && row.cells.contains("a"));
      try {
        bool day_first = false;
        const Instant when = parse_table_date(row.cells.at("id"), day_first);
        require(parse_instant(format_instant(when)) == when);
      } catch (const DataError&) {
      }
      try {
        static_cast<void>(TableNumbers(true).read(row.cells.at("a")));
      } catch (const DataError&) {
      }
      try {
        const double amount = csv_amount(row, "a");
        require(std::isfinite(amount) && amount >= 0);
      } catch (const DataError&) {
      }
    }
  } catch (const DataError&) {
  }
  return 0;
}
