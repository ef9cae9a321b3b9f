// Any bytes as a filter of rows (--where): rows of the table, or a ConfigError; and none that its opposite keeps, too.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

Table alerts() {
  Table table;
  table.name = "alerts";
  table.columns = {{"id", ColumnType::text},
                   {"area_ha", ColumnType::real},
                   {"observations", ColumnType::integer},
                   {"first_detected", ColumnType::instant}};
  table.rows = {{{std::string("PW-1"), 1.5, 3, parse_instant("2023-01-31")}, {}},
                {{std::string("O'Neil \"%_*\""), -0.25, 0, parse_instant("2022-06-01T07:46:01.5Z")}, {}},
                {{Cell(), Cell(), Cell(), Cell()}, {}}};
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  initialise_gdal(1 << 20);
  static const Table table = alerts();
  const std::string where = fuzz::text_of(data, size);
  try {
    const std::vector<std::size_t> kept = rows_where(table, where);
    fuzz::require(std::is_sorted(kept.begin(), kept.end()) &&
                  std::adjacent_find(kept.begin(), kept.end()) == kept.end() &&
                  (kept.empty() || kept.back() < table.rows.size()));
    const std::vector<std::size_t> left = rows_where(table, "NOT (" + where + ")");
    std::vector<std::size_t> both;
    std::set_intersection(kept.begin(), kept.end(), left.begin(), left.end(), std::back_inserter(both));
    fuzz::require(both.empty());
  } catch (const ConfigError&) {
  }
  return 0;
}
