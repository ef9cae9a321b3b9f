#pragma once
// Formulas at one pixel, for tests.

#include <map>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "pipeline/indices/plan.hpp"

namespace pitwatch::test {

inline std::map<Band, float> bands_of_tests() {
  return {{Band::B01, 0.04F}, {Band::B02, 0.05F}, {Band::B03, 0.08F}, {Band::B04, 0.1F},  {Band::B05, 0.15F},
          {Band::B06, 0.3F},  {Band::B07, 0.38F}, {Band::B08, 0.4F},  {Band::B8A, 0.42F}, {Band::B09, 0.35F},
          {Band::B10, 0.01F}, {Band::B11, 0.25F}, {Band::B12, 0.2F}};
}

/// Memory for IndexPlan::scratch_size().
class AlignedScratch {
 public:
  explicit AlignedScratch(std::size_t size) : data_(new (std::align_val_t{64}) double[size]) {}
  ~AlignedScratch() { ::operator delete[](data_, std::align_val_t{64}); }
  AlignedScratch(const AlignedScratch&) = delete;
  AlignedScratch& operator=(const AlignedScratch&) = delete;
  double* data() { return data_; }

 private:
  double* data_;
};

/// Values of roots over rows of bands: result[root][pixel].
inline std::vector<std::vector<float>> values_of(const IndexPlan& plan, const std::map<Band, std::vector<float>>& bands,
                                                 std::size_t n, const std::uint8_t* mask = nullptr) {
  std::vector<kernels::InputRow> rows;
  for (const Band band : plan.bands) rows.push_back({bands.at(band).data()});
  std::vector<std::vector<float>> results(plan.outputs, std::vector<float>(n));
  std::vector<float*> outputs;
  for (std::vector<float>& result : results) outputs.push_back(result.data());
  AlignedScratch scratch(plan.scratch_size());
  evaluate(plan, rows, mask, n, scratch.data(), outputs);
  return results;
}

inline double value_of(const ExpressionGraph& graph, NodeId root, const std::map<Band, float>& bands) {
  std::map<Band, std::vector<float>> rows;
  for (const auto& [band, value] : bands) rows[band] = {value};
  return double{values_of(compile(graph, std::span(&root, 1)), rows, 1)[0][0]};
}

}  // namespace pitwatch::test
