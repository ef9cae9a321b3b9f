#pragma once
// What is asked for at once: indices by name and formulas, in one graph.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/indices/catalogue.hpp"
#include "pipeline/indices/expression_graph.hpp"
#include "pipeline/indices/names.hpp"
#include "pipeline/indices/plan.hpp"

namespace pitwatch {

struct RequestedIndex {
  std::string name;  // letters, digits and _: fit for files and columns
  std::string formula;
  std::optional<ValueRange> range;  // of the catalogue
  NodeId root = no_node;
  GivenConstants constants = {};  // of its formula, with the values that they have
};

struct IndexRequest {
  std::vector<RequestedIndex> indices;  // those of the catalogue first, each group in its order
  ExpressionGraph graph;

  /// The plan of some of them, `count` from `first` on.
  IndexPlan plan(std::size_t first, std::size_t count) const;
  IndexPlan plan() const { return plan(0, indices.size()); }
};

/// Names of the catalogue, and formulas "NAME=FORMULA" or "FORMULA", which go by "expression", "expression_2" and so
/// on. Throws ConfigError naming the option for what cannot be parsed (as parser.hpp), for a name twice, and where
/// nothing is asked for.
IndexRequest make_request(std::span<const std::string> names, std::span<const std::string> expressions,
                          const GivenConstants& given);

}  // namespace pitwatch
