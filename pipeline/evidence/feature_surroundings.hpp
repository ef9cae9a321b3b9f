#pragma once
// What the features that are asked for did in the surroundings between the two dates: as of surroundings.hpp, for each
// feature.

#include <array>
#include <span>
#include <vector>

#include "kernels/feature_evidence.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/evidence/feature_rows.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/samplers.hpp"

namespace pitwatch {

/// The surroundings of a window of cells. Keeps its buffers from one measure() to the next. One thread.
class FeatureSurroundings {
 public:
  /// `cells` and what is read around them as of Surroundings::measure(). One model per feature of the options; gain,
  /// typical, lowest and highest are read.
  void measure(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
               std::span<const FeatureModel> models, const Window& cells);

  /// The expected difference of a feature at cell centres, by ground, interpolated down to a pixel row: one value per
  /// cell of the window. `y` is a row of the comparison's grid between the centres of the first and last row of cells.
  void row(std::size_t feature, int y, std::array<std::vector<float>, kernels::ground_count>& centres) const;

  /// Bytes for that many cells, for planning.
  static std::int64_t scratch_bytes(std::int64_t cells, std::size_t features);

 private:
  void sum_cells(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                 std::span<const FeatureModel> models);
  void average(std::size_t feature, const EvidenceOptions& options, const FeatureModel& model);
  float* mean_row(std::size_t feature, std::size_t ground, int y) { return &means_[mean_index(feature, ground, y)]; }
  std::size_t mean_index(std::size_t feature, std::size_t ground, int y) const {
    const auto plane = feature * kernels::ground_count + ground;
    return (plane * static_cast<std::size_t>(cells_.height) + static_cast<std::size_t>(y)) *
           static_cast<std::size_t>(cells_.width);
  }

  Window cells_;                                             // as asked for
  Window summed_;                                            // with the reach around
  std::vector<std::vector<kernels::FeatureCellSums>> sums_;  // by feature
  std::vector<kernels::FeatureCellSums> summed_across_;
  std::vector<float> means_;  // by feature, ground, row and column of cells_
  FeatureRows<NearestSampler> before_, after_;
  NearestSampler red_, nir_;
  std::array<FeatureBuffer, 8> rows_;  // of both dates, by sampled row of a row of cells
  std::vector<float> reflectance_;
  std::vector<std::uint8_t> mask_;
};

}  // namespace pitwatch
