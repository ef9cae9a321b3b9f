#include "pipeline/indices/expression_graph.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using kernels::RowOp;
using Kind = ExpressionNode::Kind;

bool commutes(RowOp op) { return op == RowOp::add || op == RowOp::multiply || op == RowOp::equal || op == RowOp::both; }

}  // namespace

NodeId ExpressionGraph::keep(const ExpressionNode& node) {
  const Key key{node.kind, std::bit_cast<std::uint64_t>(node.value), node.band, node.op, node.a, node.b, node.c};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  if (nodes_.size() >= most_nodes) {
    throw ConfigError("the expressions have more than " + std::to_string(most_nodes) + " operations");
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(node);
  known_.emplace(key, id);
  return id;
}

NodeId ExpressionGraph::number(double value) {
  ExpressionNode node;
  node.value = value;
  return keep(node);
}

NodeId ExpressionGraph::band(Band band) {
  ExpressionNode node;
  node.kind = Kind::band;
  node.band = band;
  return keep(node);
}

NodeId ExpressionGraph::simplified_power(NodeId a, NodeId b) {
  if (!is_number(b)) return no_node;
  const double exponent = at(b).value;
  if (exponent == 1) return a;
  if (exponent == 0.5) return apply(RowOp::root, a);
  if (exponent != 2 && exponent != 3 && exponent != 4) return no_node;
  const NodeId square = apply(RowOp::multiply, a, a);
  if (exponent == 2) return square;
  return apply(RowOp::multiply, square, exponent == 3 ? a : square);
}

NodeId ExpressionGraph::as_difference(NodeId numerator, NodeId denominator) {
  const ExpressionNode& above = at(numerator);
  const ExpressionNode& below = at(denominator);
  if (above.kind != Kind::operation || above.op != RowOp::subtract) return no_node;
  if (below.kind != Kind::operation || below.op != RowOp::add) return no_node;
  if (std::minmax(above.a, above.b) != std::pair<const NodeId&, const NodeId&>(below.a, below.b)) return no_node;
  return apply(RowOp::difference, above.a, above.b);
}

NodeId ExpressionGraph::apply(RowOp op, NodeId a, NodeId b, NodeId c) {
  const auto is_known = [this](NodeId id) { return id == no_node || is_number(id); };
  const auto value = [this](NodeId id) { return id == no_node ? 0.0 : at(id).value; };
  if (is_known(a) && is_known(b) && is_known(c))
    return number(kernels::row_operation(op, value(a), value(b), value(c)));

  NodeId other = no_node;
  if (op == RowOp::power) other = simplified_power(a, b);
  if (op == RowOp::divide) other = as_difference(a, b);
  if (op == RowOp::select && is_number(a) && at(a).value == at(a).value) other = at(a).value != 0 ? b : c;
  if (other != no_node) return other;

  if (commutes(op) && b < a) std::swap(a, b);
  ExpressionNode node;
  node.kind = Kind::operation;
  node.op = op;
  node.a = a;
  node.b = b;
  node.c = c;
  return keep(node);
}

}  // namespace pitwatch
