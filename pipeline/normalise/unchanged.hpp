#pragma once
// Which ground of a pair did not change, and what it did between the dates all the same: levels, contrast, season.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/normalise/robust.hpp"

namespace pitwatch {

/// What is known of unchanged ground before a pair is looked at. Reflectance; sources: README.md.
struct UnchangedOptions {
  // Standard deviation of what ground differs by from date to date: fixed + share * reflectance.
  float absolute_noise = 0.01F;
  float absolute_noise_share = 0.1F;
  float reach_sigma = 3.0F;   // differences within so many standard deviations are believed to be no change
  float most_growth = 2.0F;   // a pair's noise is believed up to so many times the absolute
  float gain_sd = 0.2F;       // of contrast between the dates, about 1
  float level_sd = 0.02F;     // of the level, about 0
  float kind_sd = 0.01F;      // of what one stratum does otherwise than all
  float prior_cells = 50.0F;  // with fewer cells of unchanged ground the pair's own statistics are not trusted
};

/// One band of the same pixels on both dates, by index; reflectance, all finite.
struct DatedBand {
  std::span<const float> before;
  std::span<const float> after;
};

struct UnchangedGround {
  std::vector<std::uint8_t> is_unchanged;  // by pixel
  /// The pixels that levels and noise are of: those, or all where at least 85 % are believed unchanged. So little
  /// change is borne by medians and quantiles, and what differs most of unchanged ground is not cut off. All count of a
  /// single band, too: it does not tell ground that changed from ground at another level.
  std::vector<std::uint8_t> counts;
  std::size_t pixels = 0;  // of them unchanged
  double cells = 0;        // pixels over pixels_per_cell
  double share = 0;        // of all pixels
  int rounds = 0;
  /// What the pair's own statistics count for against what is known of all ground: 1 from prior_cells on, below
  /// cells / (cells + prior_cells), and 0 where hardly anything is believed unchanged: less than a quarter of the
  /// pixels, which lie there by chance, or levels differ by more
  /// than four of their standard deviations. Then levels are those before: gain 1, offset 0.
  double own_weight = 0;
  bool moved_as_one = false;                // all ground differs alike and by more than ground does: haze, sun
  std::vector<LinearGain> gains;            // by band: after * gain + offset has the level and contrast of before
  std::vector<std::vector<float>> typical;  // [band][kind]: what of the difference is left on unchanged ground
  std::vector<float> absolute_noise;        // by band: sigma of unchanged ground at the scene's reflectance
};

/// Pixels that are believed unchanged and the levels that they show, in turns (the idea of iteratively reweighted
/// detection: Nielsen 2007, IEEE Transactions on Image Processing 16, 463-478), from what is known before: contrast and
/// level as they were. Believed unchanged is what differs by less than reach_sigma times the noise in every band; the
/// noise is that of the believed, between the absolute one and most_growth times it. Of the believed, gain is the ratio
/// of the ranges between the 10 % and the 90 % quantiles and offset makes the median difference 0, each drawn to 1 and
/// 0 by its standard deviation against that of the estimate, which rests on as many independent values as there are
/// cells: neighbours tell the same. Until the same pixels stay, or for 30 rounds. So change may fill most of a scene:
/// what is not near the levels of unchanged ground has no say, however much of it there is.
///
/// `kinds`: of each pixel, below kind_count. Where less than half is believed, and all pixels' differences from the
/// levels of their distributions (relative_gain()) spread by no more than the absolute noise, the whole moved as one
/// and those are its levels. Thread-safe; pure; the same on every CPU.
UnchangedGround find_unchanged(std::span<const DatedBand> bands, std::span<const std::uint8_t> kinds,
                               std::size_t kind_count, double pixels_per_cell, const UnchangedOptions& options = {});

/// The gain of one more quantity on unchanged pixels (of as many cells): the ratio of ranges as above, drawn to 1 by
/// gain_sd. Positive. Values finite, by pixel; of any unit.
double contrast_gain(const std::vector<float>& before, const std::vector<float>& after, double cells,
                     const UnchangedOptions& options = {});

inline constexpr std::size_t min_unchanged_pixels = 50;

/// What was measured on the unchanged ground, drawn to what is known before by own_weight; of a standard deviation, its
/// square is.
float believed(float measured, float known, const UnchangedGround& ground);
float believed_noise(float measured, float known, const UnchangedGround& ground);

}  // namespace pitwatch
