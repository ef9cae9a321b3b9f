#pragma once
// Formulas as one graph in which each sub-expression stands once, however many formulas have it.

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "kernels/row_program.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

using NodeId = int;
inline constexpr NodeId no_node = -1;

struct ExpressionNode {
  enum class Kind : std::uint8_t { number, band, operation };
  Kind kind = Kind::number;
  double value = 0;                              // of a number
  Band band = Band::B02;                         // of a band: its reflectance
  kernels::RowOp op = kernels::RowOp::add;       // of an operation: neither load nor store
  NodeId a = no_node, b = no_node, c = no_node;  // its operands, which stand before it
};

/// Nodes are never removed, and what they are made of stands before them. Operations on numbers alone are carried out
/// at once, by the kernel that works on pixels, so that a constant is the same number as a row of it would hold.
class ExpressionGraph {
 public:
  /// Nodes that a graph may have: all formulas of the catalogue take less than 2000.
  static constexpr std::size_t most_nodes = 20'000;

  NodeId number(double value);
  NodeId band(Band band);

  /// An operation as kernels/row_program.hpp defines it; unused operands are no_node. What comes to the same in fewer
  /// operations is put in its place: x * x for x ^ 2, the root of x for x ^ 0.5, (a - b) / (a + b) as one.
  /// Throws ConfigError for more nodes than most_nodes.
  NodeId apply(kernels::RowOp op, NodeId a, NodeId b = no_node, NodeId c = no_node);

  const ExpressionNode& at(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return nodes_.size(); }

 private:
  using Key = std::tuple<ExpressionNode::Kind, std::uint64_t, Band, kernels::RowOp, NodeId, NodeId, NodeId>;

  NodeId keep(const ExpressionNode& node);
  bool is_number(NodeId id) const { return at(id).kind == ExpressionNode::Kind::number; }
  NodeId simplified_power(NodeId a, NodeId b);
  NodeId as_difference(NodeId numerator, NodeId denominator);

  std::vector<ExpressionNode> nodes_;
  std::map<Key, NodeId> known_;
};

}  // namespace pitwatch
