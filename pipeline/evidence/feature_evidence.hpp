#pragma once
// What the features that are asked for add to the evidence of one tile.

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/feature_evidence.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/feature_rows.hpp"
#include "pipeline/evidence/feature_surroundings.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/samplers.hpp"

namespace pitwatch {

/// One object per thread; keeps its buffers.
class FeatureEvidence {
 public:
  /// Raises `evidence` (of `area`, a window of the grid that begins at the centre of a cell, its width a multiple of
  /// cells; `cells` are those whose centres surround it) to that of the strongest feature, where `mask` is 0. The
  /// result of a pixel does not depend on the area.
  void raise(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
             const PairModel& model, const kernels::EvidenceParameters& parameters, const Window& area,
             const Window& cells, PlaneView<const std::uint8_t> mask, PlaneView<float> evidence);

  /// Bytes of scratch for an area of that width with so many cells around, for planning.
  static std::int64_t scratch_bytes(std::int64_t width, std::int64_t cells, const ExtraFeatures& features);

 private:
  /// Of one feature, over rows.
  struct Rings {
    Plane<float> difference;
    Plane<float> variance;
    Plane<float> mean;
    Plane<float> edges;
  };

  void begin(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options);
  void read(int y, const PairModel& model);
  void find_edges(int y);
  void judge(int y, const PairModel& model, const kernels::EvidenceParameters& parameters, const std::uint8_t* mask,
             float* evidence);

  Window area_;
  FeatureSurroundings surroundings_;
  FeatureRows<CubicSampler> before_, after_;
  NearestSampler red_before_, nir_before_, swir_before_, swir_after_;
  FeatureBuffer before_row_, after_row_;
  std::vector<Rings> rings_;  // by feature
  std::vector<float> red_, nir_, swir_before_row_, swir_after_row_;
  std::vector<float> column_, smooth_edges_;
  std::vector<std::uint8_t> unused_mask_;
  std::array<std::vector<float>, kernels::ground_count> centres_;
};

}  // namespace pitwatch
