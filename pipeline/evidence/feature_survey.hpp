#pragma once
// The features that are asked for in the model of a pair: levels, and by how much unchanged ground differs in them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/survey.hpp"
#include "pipeline/normalise/unchanged.hpp"

namespace pitwatch {

/// A sampled pixel of the comparison's grid.
struct SamplePlace {
  std::size_t window = 0;  // of the sample windows
  int x = 0;
  int y = 0;
};

/// One model per feature of the options, from the sampled pixels that are believed unchanged and have a value on both
/// dates. `places` by window, row and column; `ground` is the kind of each; `red_noise` is what unchanged ground
/// differs by in red before the pair is looked at (reflectance). Where the pair's own statistics do not count, levels
/// are taken as they were and the error of the bands is that of red; a feature that hardly any pixel has is not judged
/// by.
std::vector<FeatureModel> survey_features(std::span<const SampleWindow> windows, std::span<const SamplePlace> places,
                                          std::span<const std::uint8_t> ground, const UnchangedGround& unchanged,
                                          float red_noise, const PairGeometry& geometry,
                                          const EvidenceOptions& options);

/// Why a feature tells little in this pair, one sentence each, for the user.
std::vector<std::string> doubts_of_features(const PairModel& model, const ExtraFeatures& features);

/// Bytes that it takes of a grid of so many pixels, for planning.
std::int64_t feature_survey_bytes(std::int64_t pixels, std::size_t features);

}  // namespace pitwatch
