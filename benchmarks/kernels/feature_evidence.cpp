// The kernels of features that are asked for beside the evidence of the bands.

#include "kernels/feature_evidence.hpp"

#include <algorithm>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/feature_evidence.hpp"

namespace pitwatch::kernels::bench {
namespace {

constexpr RelativeGain gain{1.1F, -0.01F};
constexpr GroundEdges ground_edges{0.15F, 0.3F, 0.5F};

class FeatureDifferenceRow {
 public:
  static constexpr std::size_t bytes_per_pixel = 7 * sizeof(float);
  explicit FeatureDifferenceRow(std::size_t n)
      : n_(n), in_{reflectance(n, 1), reflectance(n, 2), reflectance(n, 3), reflectance(n, 4)} {
    for (auto& row : out_) row.resize(n);
  }
  void run() { run(kernels::feature_difference_row); }
  void run_reference() { run(reference::feature_difference_row); }
  bool same_result(const FeatureDifferenceRow& other) const {
    return same_bytes(out_[0], other.out_[0]) && same_bytes(out_[1], other.out_[1]) &&
           same_bytes(out_[2], other.out_[2]);
  }

 private:
  template <class Function>
  void run(Function function) {
    function({in_[0].data(), in_[1].data()}, {in_[2].data(), in_[3].data()}, gain, n_, out_[0].data(), out_[1].data(),
             out_[2].data());
  }

  std::size_t n_;
  std::array<std::vector<float>, 4> in_;
  std::array<std::vector<float>, 3> out_;
};
PITWATCH_KERNEL_BENCHMARK("feature_difference_row", FeatureDifferenceRow);

class FeatureEdgeRow {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * sizeof(float);
  explicit FeatureEdgeRow(std::size_t n)
      : n_(n), above_(reflectance(n, 1)), padded_(reflectance(n + 2, 2)), below_(reflectance(n, 3)), out_(n) {}
  void run() { kernels::feature_edge_row({above_.data(), padded_.data(), below_.data()}, n_, out_.data()); }
  void run_reference() { reference::feature_edge_row({above_.data(), padded_.data(), below_.data()}, n_, out_.data()); }
  bool same_result(const FeatureEdgeRow& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> above_;
  std::vector<float> padded_;
  std::vector<float> below_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("feature_edge_row", FeatureEdgeRow);

// A "pixel" of the benchmarks below is a cell's width, cell_px pixels.

class AddFeatureToCells {
 public:
  static constexpr std::size_t bytes_per_pixel =
      cell_px * (4 * sizeof(float) + sizeof(std::uint8_t)) + sizeof(FeatureCellSums);
  explicit AddFeatureToCells(std::size_t cells)
      : cells_(cells),
        planes_{reflectance(cells * cell_px, 1), reflectance(cells * cell_px, 2), reflectance(cells * cell_px, 3),
                reflectance(cells * cell_px, 4)},
        mask_(mask(cells * cell_px)),
        sums_(cells) {}
  void run() { run(kernels::add_feature_to_cells); }
  void run_reference() { run(reference::add_feature_to_cells); }
  bool same_result(const AddFeatureToCells& other) const { return same_bytes(sums_, other.sums_); }

 private:
  template <class Function>
  void run(Function function) {
    std::fill(sums_.begin(), sums_.end(), FeatureCellSums{});
    const FeatureSurroundingsRow row{planes_[0].data(), planes_[1].data(), planes_[2].data(), planes_[3].data(),
                                     mask_.data()};
    const FeatureSurroundingsParameters parameters{
        gain, ground_edges, {-0.1F, -0.1F, -0.1F, -0.1F}, {0.1F, 0.12F, 0.1F, 0.1F}, 0x1p20F};
    function(&row, 1, parameters, cells_, sums_.data());
  }

  std::size_t cells_;
  std::array<std::vector<float>, 4> planes_;
  std::vector<std::uint8_t> mask_;
  std::vector<FeatureCellSums> sums_;
};
PITWATCH_KERNEL_BENCHMARK("add_feature_to_cells", AddFeatureToCells);

class RaiseEvidenceRow {
 public:
  static constexpr std::size_t planes = 7;
  static constexpr std::size_t bytes_per_pixel =
      cell_px * ((planes + 2) * sizeof(float) + sizeof(std::uint8_t)) + ground_count * sizeof(float);
  explicit RaiseEvidenceRow(std::size_t cells)
      : cells_(cells), mask_(mask(cells * cell_px)), evidence_(cells * cell_px) {
    for (std::uint32_t p = 0; p < planes; ++p) planes_[p] = reflectance(cells * cell_px, p + 1);
    for (std::uint32_t g = 0; g < ground_count; ++g) centres_[g] = reflectance(cells + 1, planes + g + 1);
  }
  void run() { run(kernels::raise_evidence_row); }
  void run_reference() { run(reference::raise_evidence_row); }
  bool same_result(const RaiseEvidenceRow& other) const { return same_bytes(evidence_, other.evidence_); }

 private:
  template <class Function>
  void run(Function function) {
    EvidenceParameters parameters;
    parameters.ground_edges = ground_edges;
    parameters.edge_weight = 0.18F;
    parameters.cap = 200.0F;
    parameters.water_swir = 0.04F;
    parameters.land_swir = 0.08F;
    parameters.water_floor = 0.1F;
    FeatureEvidenceRow row{planes_[0].data(), planes_[1].data(), planes_[2].data(),
                           planes_[3].data(), planes_[4].data(), planes_[5].data(),
                           planes_[6].data(), mask_.data(),      {}};
    for (std::size_t g = 0; g < ground_count; ++g) row.surroundings[g] = centres_[g].data();
    function(row, parameters, {1e-4F, 0.1F}, cells_, evidence_.data());
  }

  std::size_t cells_;
  std::array<std::vector<float>, planes> planes_;
  std::array<std::vector<float>, ground_count> centres_;
  std::vector<std::uint8_t> mask_;
  std::vector<float> evidence_;
};
PITWATCH_KERNEL_BENCHMARK("raise_evidence_row", RaiseEvidenceRow);

}  // namespace
}  // namespace pitwatch::kernels::bench
