#include "pipeline/indices/derivative.hpp"

#include <vector>

namespace pitwatch {
namespace {

using kernels::RowOp;
using Kind = ExpressionNode::Kind;

/// Builds nodes, no_node being 0.
class Differentiator {
 public:
  Differentiator(ExpressionGraph& graph, Band band) : graph_(graph), band_(band) {}

  NodeId of(NodeId root) {
    // What a node is made of stands before it.
    std::vector<bool> wanted(static_cast<std::size_t>(root) + 1, false);
    wanted[static_cast<std::size_t>(root)] = true;
    for (NodeId id = root; id >= 0; --id) {
      if (!wanted[static_cast<std::size_t>(id)]) continue;
      const ExpressionNode& node = graph_.at(id);
      for (const NodeId operand : {node.a, node.b, node.c}) {
        if (operand != no_node) wanted[static_cast<std::size_t>(operand)] = true;
      }
    }
    slopes_.assign(wanted.size(), no_node);
    for (NodeId id = 0; id <= root; ++id) {
      if (wanted[static_cast<std::size_t>(id)]) slopes_[static_cast<std::size_t>(id)] = of_node(id);
    }
    return slopes_[static_cast<std::size_t>(root)];
  }

 private:
  NodeId slope(NodeId id) const { return slopes_[static_cast<std::size_t>(id)]; }
  NodeId number(double value) { return graph_.number(value); }
  NodeId or_zero(NodeId id) { return id == no_node ? number(0) : id; }

  NodeId sum(NodeId a, NodeId b) {
    if (a == no_node) return b;
    return b == no_node ? a : graph_.apply(RowOp::add, a, b);
  }
  NodeId less(NodeId a, NodeId b) {
    if (b == no_node) return a;
    return a == no_node ? product(number(-1), b) : graph_.apply(RowOp::subtract, a, b);
  }
  NodeId product(NodeId a, NodeId b) {
    if (a == no_node || b == no_node) return no_node;
    const auto is_one = [this](NodeId id) { return graph_.at(id).kind == Kind::number && graph_.at(id).value == 1; };
    if (is_one(a)) return b;
    return is_one(b) ? a : graph_.apply(RowOp::multiply, a, b);
  }
  NodeId quotient(NodeId a, NodeId b) { return a == no_node ? no_node : graph_.apply(RowOp::divide, a, b); }
  NodeId chosen(NodeId condition, NodeId a, NodeId b) {
    return a == b ? a : graph_.apply(RowOp::select, condition, or_zero(a), or_zero(b));
  }

  NodeId of_node(NodeId id) {
    const ExpressionNode node = graph_.at(id);  // a copy: nodes move as the graph grows
    if (node.kind == Kind::number) return no_node;
    if (node.kind == Kind::band) return node.band == band_ ? number(1) : no_node;
    const NodeId a = node.a;
    const NodeId b = node.b;
    switch (node.op) {
      case RowOp::add:
        return sum(slope(a), slope(b));
      case RowOp::subtract:
        return less(slope(a), slope(b));
      case RowOp::multiply:
        return sum(product(slope(a), b), product(a, slope(b)));
      case RowOp::divide:  // (a' - (a / b) b') / b
        return quotient(less(slope(a), product(id, slope(b))), b);
      case RowOp::difference: {  // 2 (a' b - a b') / (a + b)^2
        const NodeId both = graph_.apply(RowOp::add, a, b);
        const NodeId top = less(product(slope(a), b), product(a, slope(b)));
        return quotient(product(number(2), top), graph_.apply(RowOp::multiply, both, both));
      }
      case RowOp::power:
        return of_power(id, a, b);
      case RowOp::minimum:
        return chosen(graph_.apply(RowOp::less, a, b), slope(a), slope(b));
      case RowOp::maximum:
        return chosen(graph_.apply(RowOp::less, b, a), slope(a), slope(b));
      case RowOp::absolute:
        return chosen(graph_.apply(RowOp::less, a, number(0)), less(no_node, slope(a)), slope(a));
      case RowOp::root:
        return quotient(slope(a), product(number(2), id));
      case RowOp::exponential:
        return product(id, slope(a));
      case RowOp::logarithm:
        return quotient(slope(a), a);
      case RowOp::select:
        return chosen(a, slope(b), slope(node.c));
      case RowOp::less:
      case RowOp::less_equal:
      case RowOp::equal:
      case RowOp::both:
      case RowOp::inverse:
      case RowOp::load:
      case RowOp::load_difference:
      case RowOp::store:
        break;
    }
    return no_node;
  }

  /// b a^(b - 1) a' + a^b log(a) b'
  NodeId of_power(NodeId id, NodeId a, NodeId b) {
    NodeId of_base = no_node;
    if (slope(a) != no_node) {
      const NodeId lower = graph_.apply(RowOp::subtract, b, number(1));
      of_base = product(product(b, graph_.apply(RowOp::power, a, lower)), slope(a));
    }
    if (slope(b) == no_node) return of_base;
    return sum(of_base, product(product(id, graph_.apply(RowOp::logarithm, a)), slope(b)));
  }

  ExpressionGraph& graph_;
  Band band_;
  std::vector<NodeId> slopes_;
};

}  // namespace

NodeId derivative(ExpressionGraph& graph, NodeId root, Band band) { return Differentiator(graph, band).of(root); }

NodeId unit_error(ExpressionGraph& graph, NodeId root) {
  NodeId squares = no_node;
  for (const BandInfo& info : band_infos) {
    if (!is_reflectance(info.band)) continue;
    const NodeId slope = derivative(graph, root, info.band);
    if (slope == no_node) continue;
    const NodeId square = graph.apply(RowOp::multiply, slope, slope);
    squares = squares == no_node ? square : graph.apply(RowOp::add, squares, square);
  }
  return squares == no_node ? no_node : graph.apply(RowOp::root, squares);
}

}  // namespace pitwatch
