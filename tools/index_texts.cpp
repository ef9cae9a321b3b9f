#include "tools/index_texts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/indices/catalogue.hpp"
#include "pipeline/indices/parser.hpp"
#include "pipeline/indices/plan.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace {

using nlohmann::ordered_json;

/// "B08 B04": the bands that an index reads, whatever values its constants have.
std::string bands_of(const CatalogueIndex& index) {
  if (!index.lacking.empty()) return "lacks " + index.lacking;
  ExpressionGraph graph;
  const NodeId root = parse_index(index.name, {{"PAR", 1}}, graph);
  std::vector<Band> bands = compile(graph, std::span(&root, 1)).bands;
  std::sort(bands.begin(), bands.end());
  std::string text;
  for (const Band band : bands) text += (text.empty() ? "" : " ") + std::string(name(band));
  return text;
}

std::string range_text(const CatalogueIndex& index) {
  return index.range ? fmt::format("{:g} to {:g}", index.range->low, index.range->high) : "no bound";
}

std::vector<const CatalogueIndex*> chosen(std::string_view domain) {
  std::vector<const CatalogueIndex*> indices;
  std::set<std::string> domains;
  for (const CatalogueIndex& index : index_catalogue()) {
    if (!index.lacking.empty()) continue;
    domains.insert(index.domain);
    if (domain.empty() || index.domain == domain) indices.push_back(&index);
  }
  if (!indices.empty()) return indices;
  std::string all;
  for (const std::string& one : domains) all += (all.empty() ? "" : ", ") + one;
  throw ConfigError("--domain: no index of '" + std::string(domain) + "'; there are " + all);
}

/// The constants of the catalogue that a formula names, with their values.
std::string constants_of(const std::string& formula) {
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  std::string text;
  for (const FormulaConstant& constant : formula_constants()) {
    bool is_named = false;
    for (std::size_t at = formula.find(constant.name); at != std::string::npos;
         at = formula.find(constant.name, at + 1)) {
      const std::size_t end = at + constant.name.size();
      const bool begins = at == 0 || !is_part(static_cast<unsigned char>(formula[at - 1]));
      const bool ends = end == formula.size() || !is_part(static_cast<unsigned char>(formula[end]));
      is_named = is_named || (begins && ends);
    }
    if (!is_named) continue;
    const std::string value = constant.value ? fmt::format("{:g}", *constant.value) : "to be given";
    text += fmt::format("constant  {} = {}: {}\n", constant.name, value, constant.meaning);
  }
  return text;
}

}  // namespace

std::string index_list_text(std::string_view domain) {
  TextTable table{{"name", "domain", "range", "bands", "meaning"}};
  for (const CatalogueIndex* const index : chosen(domain)) {
    table.push_back({index->name, index->domain, range_text(*index), bands_of(*index), index->meaning});
  }
  return aligned(table);
}

std::string index_list_json(std::string_view domain) {
  ordered_json list = ordered_json::array();
  for (const CatalogueIndex* const index : chosen(domain)) {
    ordered_json range;
    if (index->range) range = {index->range->low, index->range->high};
    list.push_back({{"name", index->name},
                    {"domain", index->domain},
                    {"range", range},
                    {"bands", bands_of(*index)},
                    {"formula", index->formula},
                    {"meaning", index->meaning},
                    {"source", index->source}});
  }
  return list.dump(2) + "\n";
}

std::string index_text(std::string_view name) {
  const CatalogueIndex* const index = find_index(name);
  if (index == nullptr) {
    throw ConfigError("--show: no index '" + std::string(name) + "'" + suggestion(name, index_names()));
  }
  return fmt::format(
             "name      {}\nmeaning   {}\ndomain    {}\nformula   {}\nbands     {}\nrange     {}, for reflectances of "
             "0 to 1\n",
             index->name, index->meaning, index->domain, index->formula, bands_of(*index), range_text(*index)) +
         constants_of(index->formula) + "source    " + index->source + "\n";
}

}  // namespace pitwatch::tools
