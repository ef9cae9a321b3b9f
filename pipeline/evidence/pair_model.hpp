#pragma once
// What a comparison knows about its two scenes as wholes before it looks at single tiles, and the options of the
// method.

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "kernels/evidence.hpp"
#include "pipeline/indices/extra_features.hpp"
#include "pipeline/normalise/unchanged.hpp"

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
  float cloud_red_share = 0.8F;
  float cloud_swir_share = 0.7F;
  float quiet_evidence = 5.0F;  // a usual median of the evidence; noisier scenes are scaled down
  float half_score = 38.0F;     // scaled evidence at which the score is 0.5
  float outline_share = 0.4F;   // of the strongest evidence nearby that a polygon must have everywhere
  UnchangedOptions unchanged;   // what unchanged ground looks like before the pair is looked at
  float contrast_noise = 0.7F;  // absolute noise of the contrast, of that of red: both bands share most of theirs
  ExtraFeatures features;       // judged beside blue, red and their contrast
};

/// Differences of one stratum over the scene.
struct GroundModel {
  kernels::PerBand<float> typical{};  // median difference
  kernels::PerBand<float> lowest{};   // clipping bounds
  kernels::PerBand<float> highest{};
};

/// What the model rests on.
struct ModelBasis {
  double share = 1;  // of the sampled clear pixels that are believed unchanged
  double cells = 0;  // of 16 x 16 pixels that they fill
  double own_weight =
      1;  // 1: the pair's own statistics alone; less: drawn to those known of all ground; 0: these alone
  bool moved_as_one = false;
  int rounds = 0;
  kernels::PerChannel<float> absolute_noise{};  // sigma, reflectance
};

/// "relative", "mixed" or "absolute", by own_weight.
inline const char* basis_name(const ModelBasis& basis) {
  if (basis.own_weight >= 1) return "relative";
  return basis.own_weight > 0 ? "mixed" : "absolute";
}

/// One feature that is asked for, over the scene.
struct FeatureModel {
  kernels::RelativeGain gain;
  std::array<float, kernels::ground_count> typical{};  // by ground: as of GroundModel
  std::array<float, kernels::ground_count> lowest{};
  std::array<float, kernels::ground_count> highest{};
  /// The error of each band on each date, reflectance, by which the feature's propagated errors are as large as what
  /// unchanged ground differs by.
  float band_error = 0;
  float known_error = 0;  // what that is of unchanged ground before the pair is looked at
  /// For an error of 1 in each band: no variance of a difference is believed smaller. Infinite where nothing is judged.
  float least_variance = std::numeric_limits<float>::infinity();
  std::size_t pixels = 0;  // sampled, believed unchanged, with a value and an error

  bool judges() const { return pixels >= min_unchanged_pixels; }
};

struct PairModel {
  kernels::PerBand<kernels::RelativeGain> gains{};
  std::array<GroundModel, kernels::ground_count> grounds{};
  kernels::PerCloudBand<float> typical_rise{};  // median of after - before, as measured
  kernels::PerChannel<float> noise{};           // sigma of the difference from the surroundings, reflectance
  float median_evidence = 5.0F;                 // of the smoothed evidence over clear land that is believed unchanged
  ModelBasis basis;
  std::vector<FeatureModel> features;  // one per feature of the options
};

/// The smoothed evidence at which the score is one half in this pair.
inline float half_evidence(const EvidenceOptions& options, const PairModel& model) {
  return options.half_score * (1.0F + model.median_evidence / options.quiet_evidence) / 2.0F;
}

}  // namespace pitwatch
