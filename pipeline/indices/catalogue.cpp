#include "pipeline/indices/catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch {

std::string_view index_table(std::string_view name);  // embedded

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// "-1 1", or nothing for an empty text.
std::optional<ValueRange> parse_range(std::string_view text, const std::string& where) {
  if (text.empty()) return std::nullopt;
  const auto parts = split(text, ' ');
  ValueRange range;
  const auto number = [](std::string_view part, double& into) {
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), into);
    return error == std::errc{} && stop == part.data() + part.size();
  };
  if (parts.size() != 2 || !number(parts[0], range.low) || !number(parts[1], range.high) || range.low > range.high) {
    throw DataError(where + ": no range: '" + std::string(text) + "'");
  }
  return range;
}

bool before(const CatalogueIndex& a, const CatalogueIndex& b) {
  return std::tuple(lower_ascii(a.name), a.name) < std::tuple(lower_ascii(b.name), b.name);
}

std::vector<CatalogueIndex> whole_catalogue() {
  std::vector<CatalogueIndex> all;
  for (const char* const name : {"catalogue.tsv", "minerals.tsv"}) {
    for (CatalogueIndex& index : parse_catalogue(index_table(name), name)) all.push_back(std::move(index));
  }
  std::sort(all.begin(), all.end(), before);
  return all;
}

}  // namespace

std::vector<CatalogueIndex> parse_catalogue(std::string_view text, const std::string& where) {
  std::vector<CatalogueIndex> indices;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    const std::string place = where + ", line " + std::to_string(++number);
    if (line.empty() || line[0] == '#') continue;
    const auto cells = split(line, '\t');
    if (cells.size() != 7 || cells[0].empty() || cells[4].empty()) throw DataError(place + ": not seven columns");
    indices.push_back({std::string(cells[0]), std::string(cells[1]), parse_range(cells[2], place),
                       std::string(cells[3]), std::string(cells[4]), std::string(cells[5]), std::string(cells[6])});
  }
  return indices;
}

std::span<const CatalogueIndex> index_catalogue() {
  static const std::vector<CatalogueIndex> all = whole_catalogue();
  return all;
}

const CatalogueIndex* find_index(std::string_view name) {
  const std::string wanted = lower_ascii(name);
  const CatalogueIndex* alike = nullptr;
  int count = 0;
  for (const CatalogueIndex& index : index_catalogue()) {
    if (index.name == name) return &index;
    if (lower_ascii(index.name) != wanted) continue;
    alike = &index;
    ++count;
  }
  return count == 1 ? alike : nullptr;
}

std::vector<std::string> index_names() {
  std::vector<std::string> names;
  for (const CatalogueIndex& index : index_catalogue()) {
    if (index.lacking.empty()) names.push_back(index.name);
  }
  return names;
}

}  // namespace pitwatch
