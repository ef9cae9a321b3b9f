#pragma once
// What a comparison knows about its two scenes as wholes before it looks at single tiles, and the options of the
// method.

#include <array>

#include "kernels/evidence.hpp"

namespace pitwatch {

/// The method's constants. One set of defaults for all scenes; how they were found: benchmarks/README.md.
struct EvidenceOptions {
  kernels::GroundEdges ground_edges{0.15F, 0.3F, 0.5F};  // NDVI: bare, sparse, mixed, dense
  float clip_sigma = 3.0F;          // differences beyond this many sigmas do not enter the surroundings' mean
  float surroundings_weight = 20;   // pixels' worth of the scene-wide value mixed into the surroundings' mean
  float misregistration_px = 0.3F;  // residual shift of each date that edges are forgiven
  float cap = 200.0F;               // one pixel's evidence counts for no more than this
  float water_swir = 0.04F;         // reflectance in B11: water below,
  float land_swir = 0.08F;          // land above
  float water_floor = 0.1F;         // weight of evidence over water
  // A cell of which one date is brighter by more than cloud_rise in blue, by at least cloud_red_share of that of red,
  // and in B11 by at least cloud_swir_share of that of blue, is cloud: bright, white, and not haze over water.
  float cloud_rise = 0.05F;
  float cloud_red_share = 0.65F;
  float cloud_swir_share = 0.7F;
  float quiet_evidence = 5.0F;  // a usual median of the evidence; noisier scenes are scaled down
  float half_score = 38.0F;     // scaled evidence at which the score is 0.5
  float outline_share = 0.4F;   // of the strongest evidence nearby that a polygon must have everywhere
};

/// Differences of one kind of ground over the scene.
struct GroundModel {
  kernels::PerBand<float> typical{};  // median difference
  kernels::PerBand<float> lowest{};   // clipping bounds
  kernels::PerBand<float> highest{};
};

struct PairModel {
  kernels::PerBand<kernels::RelativeGain> gains{};
  std::array<GroundModel, kernels::ground_count> grounds{};
  kernels::PerCloudBand<float> typical_rise{};  // median of after - before, as measured
  kernels::PerChannel<float> noise{};           // sigma of the difference from the surroundings, reflectance
  float median_evidence = 5.0F;                 // of the smoothed evidence over clear land
};

/// The smoothed evidence at which the score is one half in this pair.
inline float half_evidence(const EvidenceOptions& options, const PairModel& model) {
  return options.half_score * (1.0F + model.median_evidence / options.quiet_evidence) / 2.0F;
}

}  // namespace pitwatch
