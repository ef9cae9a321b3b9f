#pragma once
// Formulas compiled to steps over rows.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/row_program.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/indices/expression_graph.hpp"

namespace pitwatch {

/// What is to be done for each row: every band that the roots read is loaded once, what they have in common is worked
/// out once, and a scratch row is used again as soon as nothing needs what it holds.
struct IndexPlan {
  std::vector<Band> bands;  // the inputs, in their order
  std::vector<kernels::RowStep> steps;
  int scratch_rows = 0;
  std::size_t outputs = 0;  // as many as roots

  /// Elements of the scratch memory that evaluate() wants.
  std::size_t scratch_size() const { return static_cast<std::size_t>(scratch_rows) * kernels::row_program_chunk; }
};

/// The results are the same whatever other roots are asked for. Throws ConfigError where more than 512 scratch rows
/// would be needed at once.
IndexPlan compile(const ExpressionGraph& graph, std::span<const NodeId> roots);

/// Values of n pixels: rows[i] is of plan.bands[i], outputs[i] of the root i. `mask` (may be null) and all the rest as
/// kernels::run_row_program() says; `scratch` holds scratch_size() doubles, aligned to 64 bytes. Reentrant.
void evaluate(const IndexPlan& plan, std::span<const kernels::InputRow> rows, const std::uint8_t* mask, std::size_t n,
              double* scratch, std::span<float* const> outputs) noexcept;

}  // namespace pitwatch
