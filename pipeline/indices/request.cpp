#include "pipeline/indices/request.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/indices/parser.hpp"

namespace pitwatch {
namespace {

struct NamedFormula {
  std::string name;  // empty: none is given
  std::string formula;
};

/// "NAME=FORMULA"; what has == after its first name is a formula as a whole.
NamedFormula split_name(const std::string& text) {
  std::size_t end = 0;
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  while (end < text.size() && is_part(static_cast<unsigned char>(text[end]))) ++end;
  const std::string name = text.substr(0, end);
  while (end < text.size() && text[end] == ' ') ++end;
  const bool is_named = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 && end < text.size() &&
                        text[end] == '=' && (end + 1 == text.size() || text[end + 1] != '=');
  if (!is_named) return {"", text};
  return {name, text.substr(end + 1)};
}

void add(IndexRequest& request, RequestedIndex index) {
  const auto is_same = [&](const RequestedIndex& other) { return lower_ascii(other.name) == lower_ascii(index.name); };
  if (std::any_of(request.indices.begin(), request.indices.end(), is_same)) {
    throw ConfigError("the name " + index.name + " is asked for twice (files and columns go by it, without case)");
  }
  request.indices.push_back(std::move(index));
}

void add_named(IndexRequest& request, const std::string& name, const GivenConstants& given) {
  try {
    GivenConstants constants;
    const NodeId root = parse_index(name, given, request.graph, &constants);
    const CatalogueIndex& index = *find_index(name);
    add(request, {index.name, index.formula, index.range, root, std::move(constants)});
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--index: ") + error.what());
  }
}

void add_expression(IndexRequest& request, const std::string& text, std::size_t number, const GivenConstants& given) {
  constexpr std::size_t longest_name = 64;
  NamedFormula formula = split_name(text);
  if (formula.name.size() > longest_name) throw ConfigError("--expression: a name of more than 64 characters");
  if (formula.name.empty()) formula.name = number == 1 ? "expression" : "expression_" + std::to_string(number);
  try {
    GivenConstants constants;
    const NodeId root = parse_expression(formula.formula, given, request.graph, &constants);
    add(request, {formula.name, formula.formula, std::nullopt, root, std::move(constants)});
  } catch (const ConfigError& error) {
    throw ConfigError("--expression " + formula.formula + ": " + error.what());
  }
}

}  // namespace

IndexPlan IndexRequest::plan(std::size_t first, std::size_t count) const {
  std::vector<NodeId> roots;
  for (std::size_t i = first; i < first + count; ++i) roots.push_back(indices.at(i).root);
  return compile(graph, roots);
}

IndexRequest make_request(std::span<const std::string> names, std::span<const std::string> expressions,
                          const GivenConstants& given) {
  IndexRequest request;
  for (const std::string& name : names) add_named(request, name, given);
  for (std::size_t i = 0; i < expressions.size(); ++i) add_expression(request, expressions[i], i + 1, given);
  if (request.indices.empty()) throw ConfigError("--index NAME or --expression FORMULA is missing");
  return request;
}

}  // namespace pitwatch
