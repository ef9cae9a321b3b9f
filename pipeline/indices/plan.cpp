#include "pipeline/indices/plan.hpp"

#include <algorithm>
#include <string>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using kernels::RowOp;
using kernels::RowOperand;
using kernels::RowStep;
using Kind = ExpressionNode::Kind;

constexpr int most_scratch_rows = 512;  // 512 KiB: far more than the first-level cache, and still no danger

class Compiler {
 public:
  Compiler(const ExpressionGraph& graph, std::span<const NodeId> roots)
      : graph_(graph), uses_(graph.size(), 0), row_of_(graph.size(), -1), in_difference_(graph.size(), false) {
    for (const NodeId root : roots) count_use(root);
    reads_ = uses_;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      const auto id = static_cast<NodeId>(i);
      if (uses_[i] == 0 || !is_difference_of_inputs(id)) continue;
      in_difference_[index(graph.at(id).a)] = in_difference_[index(graph.at(id).b)] = true;
    }
  }

  IndexPlan compile(std::span<const NodeId> roots) {
    for (std::size_t i = 0; i < roots.size(); ++i) {
      work_out(roots[i]);
      store(roots[i], static_cast<int>(i));
    }
    plan_.outputs = roots.size();
    return std::move(plan_);
  }

 private:
  std::size_t index(NodeId id) const { return static_cast<std::size_t>(id); }

  /// How often each node is an operand. Each is gone into once.
  void count_use(NodeId root) {
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (id == no_node || uses_[index(id)]++ > 0) continue;
      const ExpressionNode& node = graph_.at(id);
      open.insert(open.end(), {node.a, node.b, node.c});
    }
  }

  /// All nodes below a root that are not there yet. What a node is made of stands before it.
  void work_out(NodeId root) {
    std::vector<NodeId> open{root};
    std::vector<NodeId> wanted;
    std::vector<bool> seen(graph_.size(), false);
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (id == no_node || seen[index(id)] || row_of_[index(id)] >= 0) continue;
      seen[index(id)] = true;
      const ExpressionNode& node = graph_.at(id);
      if (node.kind == Kind::number) continue;
      wanted.push_back(id);
      open.insert(open.end(), {node.a, node.b, node.c});
    }
    std::sort(wanted.begin(), wanted.end());
    for (const NodeId id : wanted) {
      if (!is_loaded_with_another(id)) add_step(id);
    }
  }

  /// A difference of two bands that nothing else reads.
  bool is_difference_of_inputs(NodeId id) const {
    const ExpressionNode& node = graph_.at(id);
    if (node.kind != Kind::operation || node.op != RowOp::difference || node.a == node.b) return false;
    const auto is_own = [this](NodeId band) { return graph_.at(band).kind == Kind::band && reads_[index(band)] == 1; };
    return is_own(node.a) && is_own(node.b);
  }

  /// Of a band: it is read by such a difference.
  bool is_loaded_with_another(NodeId id) const { return in_difference_[index(id)]; }

  void add_step(NodeId id) {
    const ExpressionNode& node = graph_.at(id);
    RowStep step;
    if (node.kind == Kind::band) {
      step.op = RowOp::load;
      step.port = port_of(node.band);
    } else if (is_difference_of_inputs(id)) {
      step.op = RowOp::load_difference;
      step.a.row = port_of(graph_.at(node.a).band);
      step.b.row = port_of(graph_.at(node.b).band);
    } else {
      step.op = node.op;
      step.a = operand(node.a);
      step.b = operand(node.b);
      step.c = operand(node.c);
      for (const NodeId used : {node.a, node.b, node.c}) release(used);
    }
    step.out = free_row();
    row_of_[index(id)] = step.out;
    plan_.steps.push_back(step);
  }

  void store(NodeId root, int port) {
    if (graph_.at(root).kind == Kind::number) throw ConfigError("an expression reads no band");
    RowStep step;
    step.op = RowOp::store;
    step.port = port;
    step.a = operand(root);
    plan_.steps.push_back(step);
    release(root);
  }

  RowOperand operand(NodeId id) const {
    if (id == no_node) return {};
    const ExpressionNode& node = graph_.at(id);
    return node.kind == Kind::number ? RowOperand{-1, node.value} : RowOperand{row_of_[index(id)], 0};
  }

  void release(NodeId id) {
    if (id == no_node || --uses_[index(id)] > 0 || row_of_[index(id)] < 0) return;
    free_.push_back(row_of_[index(id)]);
  }

  int free_row() {
    if (!free_.empty()) {
      const int row = free_.back();
      free_.pop_back();
      return row;
    }
    if (plan_.scratch_rows == most_scratch_rows) throw ConfigError("the expressions need too many values at once");
    return plan_.scratch_rows++;
  }

  int port_of(Band band) {
    const auto found = std::find(plan_.bands.begin(), plan_.bands.end(), band);
    if (found == plan_.bands.end()) plan_.bands.push_back(band);
    return static_cast<int>(std::find(plan_.bands.begin(), plan_.bands.end(), band) - plan_.bands.begin());
  }

  const ExpressionGraph& graph_;
  std::vector<int> uses_;   // not yet served
  std::vector<int> reads_;  // in all
  std::vector<int> row_of_;
  std::vector<bool> in_difference_;
  std::vector<int> free_;
  IndexPlan plan_;
};

}  // namespace

IndexPlan compile(const ExpressionGraph& graph, std::span<const NodeId> roots) {
  return Compiler(graph, roots).compile(roots);
}

void evaluate(const IndexPlan& plan, std::span<const kernels::InputRow> rows, const std::uint8_t* mask, std::size_t n,
              double* scratch, std::span<float* const> outputs) noexcept {
  kernels::run_row_program(plan.steps, rows, mask, n, scratch, outputs);
}

}  // namespace pitwatch
