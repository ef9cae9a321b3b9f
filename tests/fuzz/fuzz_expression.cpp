// Any bytes as formulas, one a line, of one request: a plan that can be carried out, or a ConfigError. A line that
// begins with = is a constant, NAME=VALUE.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/indices/request.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

/// Over pixels some of which have no measurement, or are masked.
void carry_out(const IndexPlan& plan) {
  constexpr std::size_t n = 131;  // more than a chunk
  std::vector<float> values(n);
  std::vector<std::uint8_t> mask(n, 0);
  for (std::size_t i = 0; i < n; ++i) values[i] = i % 7 == 3 ? std::nanf("") : 0.02F * static_cast<float>(i) - 0.1F;
  mask[5] = 4;
  std::vector<kernels::InputRow> rows(plan.bands.size());
  for (kernels::InputRow& row : rows) row.values = values.data();
  std::vector<std::vector<float>> results(plan.outputs, std::vector<float>(n));
  std::vector<float*> outputs;
  for (std::vector<float>& result : results) outputs.push_back(result.data());
  PixelVector<double> scratch;
  scratch.resize(plan.scratch_size());
  evaluate(plan, rows, mask.data(), n, scratch.data(), outputs);
  for (const std::vector<float>& result : results) {
    fuzz::require(std::isnan(result[5]));
    for (const float value : result) {
      constexpr std::uint32_t quiet_nan = 0x7fc00000;
      fuzz::require(std::isfinite(value) || std::bit_cast<std::uint32_t>(value) == quiet_nan);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> formulas(1);
  for (const char c : fuzz::text_of(data, size)) {
    if (c == '\n') {
      formulas.emplace_back();
    } else {
      formulas.back() += c;
    }
  }
  try {
    GivenConstants given;
    for (const std::string& line : formulas) {
      if (line.starts_with("=")) add_constant(line.substr(1), given);
    }
    std::erase_if(formulas, [](const std::string& line) { return line.starts_with("="); });
    const IndexRequest request = make_request({}, formulas, given);
    fuzz::require(request.indices.size() == formulas.size());
    fuzz::require(request.graph.size() <= ExpressionGraph::most_nodes);
    const IndexPlan plan = request.plan();
    fuzz::require(!plan.bands.empty() && plan.outputs == formulas.size());
    carry_out(plan);
  } catch (const ConfigError& error) {
    fuzz::require(std::string(error.what()).find('\n') == std::string::npos);
  }
  return 0;
}
