#include "pipeline/normalise/unchanged.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace pitwatch {
namespace {

constexpr int most_rounds = 30;
constexpr double least_correlation = 0.01;
constexpr double most_of_it = 0.5;
constexpr double most_sds = 4;        // of gain_sd and level_sd that unchanged ground is believed
constexpr double nearly_all = 0.85;   // so much unchanged ground is not outweighed by the rest
constexpr double least_share = 0.25;  // below, what lies near the levels of unchanged ground does so by chance

std::vector<float> chosen(std::span<const float> values, const std::vector<std::uint8_t>& is_chosen) {
  std::vector<float> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_chosen[i] != 0) result.push_back(values[i]);
  }
  return result;
}

double correlation(const std::vector<float>& x, const std::vector<float>& y) {
  const auto n = static_cast<double>(x.size());
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += static_cast<double>(x[i]);
    mean_y += static_cast<double>(y[i]);
  }
  mean_x /= n;
  mean_y /= n;
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = static_cast<double>(x[i]) - mean_x;
    const double dy = static_cast<double>(y[i]) - mean_y;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

/// How far to go from what is known before to what was measured: both with their standard deviations.
double weight(double known_sd, double measured_variance) {
  return known_sd * known_sd / (known_sd * known_sd + measured_variance);
}

/// Gains of 2 and of 1/2 are as far from 1.
double drawn_to_one(double gain, double share) {
  return gain >= 1 ? 1 + share * (gain - 1) : 1 / (1 + share * (1 / gain - 1));
}

/// One band, while pixels and levels take turns.
struct Levels {
  double gain = 1;
  double offset = 0;
  std::vector<float> typical;  // by kind
  float noise = 0;
  float absolute_noise = 0;

  float difference(const DatedBand& band, std::size_t i) const {
    return static_cast<float>(gain) * band.after[i] + static_cast<float>(offset) - band.before[i];
  }
};

void fit(const DatedBand& band, std::span<const std::uint8_t> kinds, const std::vector<std::uint8_t>& is_unchanged,
         double pixels_per_cell, const UnchangedOptions& options, Levels& levels) {
  const std::vector<float> before = chosen(band.before, is_unchanged);
  const std::vector<float> after = chosen(band.after, is_unchanged);
  const double cells = static_cast<double>(before.size()) / pixels_per_cell;
  levels.gain = contrast_gain(before, after, cells, options);
  levels.offset = 0;
  std::vector<float> difference(before.size());
  for (std::size_t i = 0; i < difference.size(); ++i) {
    difference[i] = static_cast<float>(levels.gain) * after[i] - before[i];
  }
  const Spread spread = robust_spread(difference);
  const double variance = static_cast<double>(spread.sigma) * static_cast<double>(spread.sigma);
  levels.offset = -static_cast<double>(spread.centre) * weight(static_cast<double>(options.level_sd), variance / cells);
  for (float& value : difference) value += static_cast<float>(levels.offset);

  std::vector<std::vector<float>> by_kind(levels.typical.size());
  for (std::size_t i = 0, k = 0; i < is_unchanged.size(); ++i) {
    if (is_unchanged[i] != 0) by_kind[kinds[i]].push_back(difference[k++]);
  }
  const float centre = spread.centre + static_cast<float>(levels.offset);
  std::vector<float> rest;
  for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
    const std::vector<float>& values = by_kind[kind];
    levels.typical[kind] = centre;
    if (values.size() >= min_unchanged_pixels) {
      const double kind_cells = static_cast<double>(values.size()) / pixels_per_cell;
      levels.typical[kind] =
          centre + (median(values) - centre) *
                       static_cast<float>(weight(static_cast<double>(options.kind_sd), variance / kind_cells));
    }
    for (const float value : values) rest.push_back(value - levels.typical[kind]);
  }
  levels.noise = robust_spread(rest).sigma;
}

/// The levels of the distributions of all pixels, if the differences that they leave are as small as of unchanged
/// ground.
bool levels_as_one(std::span<const DatedBand> bands, std::vector<Levels>& levels) {
  std::vector<Levels> found = levels;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const DatedBand& band = bands[b];
    const LinearGain gain =
        relative_gain({band.before.begin(), band.before.end()}, {band.after.begin(), band.after.end()});
    found[b].gain = static_cast<double>(gain.gain);
    found[b].offset = static_cast<double>(gain.offset);
    std::vector<float> difference(band.before.size());
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = found[b].difference(band, i);
    const Spread spread = robust_spread(difference);
    if (!(spread.sigma <= found[b].absolute_noise)) return false;
    std::fill(found[b].typical.begin(), found[b].typical.end(), spread.centre);
    found[b].noise = spread.sigma;
  }
  levels = std::move(found);
  return true;
}

/// Levels of all pixels: of their distributions, and what is left of each kind.
void fit_all(const DatedBand& band, std::span<const std::uint8_t> kinds, Levels& levels) {
  const LinearGain gain =
      relative_gain({band.before.begin(), band.before.end()}, {band.after.begin(), band.after.end()});
  levels.gain = static_cast<double>(gain.gain);
  levels.offset = static_cast<double>(gain.offset);
  std::vector<float> difference(kinds.size());
  for (std::size_t i = 0; i < difference.size(); ++i) {
    difference[i] = band.after[i] * gain.gain + gain.offset - band.before[i];
  }
  for (std::size_t kind = 0; kind < levels.typical.size(); ++kind) {
    std::vector<float> values;
    for (std::size_t i = 0; i < difference.size(); ++i) {
      if (kinds[i] == kind) values.push_back(difference[i]);
    }
    levels.typical[kind] = median(values.size() >= min_unchanged_pixels ? std::move(values) : difference);
  }
}

/// Pixels that differ in no band by more than unchanged ground does.
std::vector<std::uint8_t> near_levels(std::span<const DatedBand> bands, std::span<const std::uint8_t> kinds,
                                      const std::vector<Levels>& levels, const UnchangedOptions& options) {
  std::vector<std::uint8_t> is_near(kinds.size(), 1);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const float known = levels[b].absolute_noise;
    const float reach = options.reach_sigma * std::clamp(levels[b].noise, known, options.most_growth * known);
    for (std::size_t i = 0; i < is_near.size(); ++i) {
      if (!(std::abs(levels[b].difference(bands[b], i) - levels[b].typical[kinds[i]]) < reach)) is_near[i] = 0;
    }
  }
  return is_near;
}

std::size_t count(const std::vector<std::uint8_t>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), std::uint8_t{1}));
}

std::vector<Levels> known_levels(std::span<const DatedBand> bands, std::size_t kind_count,
                                 const UnchangedOptions& options) {
  std::vector<Levels> levels(bands.size());
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const float level = std::max(0.0F, median({bands[b].before.begin(), bands[b].before.end()}));
    levels[b].absolute_noise = options.absolute_noise + options.absolute_noise_share * level;
    levels[b].noise = levels[b].absolute_noise;
    levels[b].typical.assign(kind_count, 0.0F);
  }
  return levels;
}

/// Whether contrast and level differ by no more than those of unchanged ground.
bool is_plausible(const DatedBand& band, const std::vector<std::uint8_t>& is_unchanged, const Levels& levels,
                  const UnchangedOptions& options) {
  const double most_gain = 1 + most_sds * static_cast<double>(options.gain_sd);
  const float shift = median(chosen(band.after, is_unchanged)) - median(chosen(band.before, is_unchanged));
  return levels.gain <= most_gain && levels.gain * most_gain >= 1 &&
         static_cast<double>(std::abs(shift)) <= most_sds * static_cast<double>(options.level_sd);
}

}  // namespace

double contrast_gain(const std::vector<float>& before, const std::vector<float>& after, double cells,
                     const UnchangedOptions& options) {
  const LinearGain ranges = relative_gain(before, after);
  const double r = std::max(correlation(before, after), least_correlation);
  // The variance of the logarithm of a regression's slope.
  const double variance = (1 - r * r) / (r * r) / cells;
  return drawn_to_one(static_cast<double>(ranges.gain), weight(static_cast<double>(options.gain_sd), variance));
}

UnchangedGround find_unchanged(std::span<const DatedBand> bands, std::span<const std::uint8_t> kinds,
                               std::size_t kind_count, double pixels_per_cell, const UnchangedOptions& options) {
  assert(!bands.empty());
  UnchangedGround ground;
  std::vector<Levels> levels = known_levels(bands, kind_count, options);
  while (ground.rounds < most_rounds) {
    ++ground.rounds;
    std::vector<std::uint8_t> near = near_levels(bands, kinds, levels, options);
    const bool is_same = near == ground.is_unchanged;
    ground.is_unchanged = std::move(near);
    ground.pixels = count(ground.is_unchanged);
    if (is_same || ground.pixels < min_unchanged_pixels) break;
    for (std::size_t b = 0; b < bands.size(); ++b) {
      fit(bands[b], kinds, ground.is_unchanged, pixels_per_cell, options, levels[b]);
    }
  }
  const auto all = static_cast<double>(kinds.size());
  bool plausible = true;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    plausible = plausible && is_plausible(bands[b], ground.is_unchanged, levels[b], options);
  }
  if ((!plausible || static_cast<double>(ground.pixels) < most_of_it * all) && levels_as_one(bands, levels)) {
    plausible = true;
    ground.moved_as_one = true;
    ground.is_unchanged = near_levels(bands, kinds, levels, options);
    ground.pixels = count(ground.is_unchanged);
    for (std::size_t b = 0; b < bands.size(); ++b) {
      const LinearGain as_one{static_cast<float>(levels[b].gain), static_cast<float>(levels[b].offset)};
      fit(bands[b], kinds, ground.is_unchanged, pixels_per_cell, options, levels[b]);
      levels[b].gain = static_cast<double>(as_one.gain);
      levels[b].offset = static_cast<double>(as_one.offset);
    }
  }
  ground.share = all > 0 ? static_cast<double>(ground.pixels) / all : 0;
  ground.cells = static_cast<double>(ground.pixels) / pixels_per_cell;
  const auto prior = static_cast<double>(options.prior_cells);
  if (!plausible || ground.pixels < min_unchanged_pixels || ground.share < least_share) {
    levels = known_levels(bands, kind_count, options);
  } else {
    ground.own_weight = ground.cells >= prior ? 1 : ground.cells / (ground.cells + prior);
  }
  ground.counts = ground.is_unchanged;
  const bool all_count = ground.share >= nearly_all || bands.size() == 1;
  if (ground.own_weight >= 1 && all_count && !ground.moved_as_one) {
    std::fill(ground.counts.begin(), ground.counts.end(), std::uint8_t{1});
    for (std::size_t b = 0; b < bands.size(); ++b) fit_all(bands[b], kinds, levels[b]);
  }
  for (Levels& of_band : levels) {
    ground.gains.push_back({static_cast<float>(of_band.gain), static_cast<float>(of_band.offset)});
    ground.typical.push_back(std::move(of_band.typical));
    ground.absolute_noise.push_back(of_band.absolute_noise);
  }
  return ground;
}

float believed(float measured, float known, const UnchangedGround& ground) {
  const auto own = static_cast<float>(ground.own_weight);
  return own < 1.0F ? known + own * (measured - known) : measured;
}

float believed_noise(float measured, float known, const UnchangedGround& ground) {
  return ground.own_weight < 1 ? std::sqrt(believed(measured * measured, known * known, ground)) : measured;
}

}  // namespace pitwatch
