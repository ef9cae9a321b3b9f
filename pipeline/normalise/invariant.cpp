#include "pipeline/normalise/invariant.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace pitwatch {
namespace {

constexpr float accepted_sigma = 2.5F;
constexpr float least_sigma = 1e-4F;      // reflectance: one digital number
constexpr double smallest_spread = 1e-4;  // reflectance
constexpr int most_rounds = 20;

/// The line reference = gain * acquisition + offset through the pixels by index, orthogonal to which they scatter
/// least.
LinearGain orthogonal_line(const BandPair& band, const std::vector<std::uint32_t>& pixels) {
  const auto n = static_cast<double>(pixels.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const std::uint32_t i : pixels) {
    mean_x += static_cast<double>(band.acquisition[i]);
    mean_y += static_cast<double>(band.reference[i]);
  }
  mean_x /= n;
  mean_y /= n;
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const std::uint32_t i : pixels) {
    const double x = static_cast<double>(band.acquisition[i]) - mean_x;
    const double y = static_cast<double>(band.reference[i]) - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const double least = n * smallest_spread * smallest_spread;
  double gain = 1;
  if (xx > least && yy > least && xy > 0) {
    const double difference = yy - xx;
    gain = (difference + std::sqrt(difference * difference + 4 * xy * xy)) / (2 * xy);
  }
  return {static_cast<float>(gain), static_cast<float>(mean_y - gain * mean_x)};
}

/// Of the lines through two pixels the one that most pixels lie near: the least median of absolute residuals (Rousseeuw
/// 1984, Journal of the American Statistical Association 79, 871-880), which bears change in up to half of the pixels.
LinearGain least_median_line(const BandPair& band, const std::vector<std::uint32_t>& pixels) {
  constexpr int lines_tried = 200;
  constexpr std::size_t judges = 1000;
  std::vector<float> values;
  values.reserve(pixels.size());
  for (const std::uint32_t i : pixels) values.push_back(band.acquisition[i]);
  const float least_difference = std::max(robust_spread(values).sigma, static_cast<float>(smallest_spread));
  const std::size_t step = std::max<std::size_t>(1, pixels.size() / judges);
  // A level shift alone, where no line is better.
  LinearGain best;
  for (std::size_t k = 0; k < pixels.size(); ++k) values[k] = band.reference[pixels[k]] - band.acquisition[pixels[k]];
  best.offset = median(std::move(values));
  const auto score = [&](const LinearGain& line) {
    std::vector<float> residuals;
    for (std::size_t k = 0; k < pixels.size(); k += step) {
      residuals.push_back(
          std::abs(band.reference[pixels[k]] - (line.gain * band.acquisition[pixels[k]] + line.offset)));
    }
    return median(std::move(residuals));
  };
  float least = score(best);
  // Steps of two irrational numbers fill the square of pairs evenly (Weyl sequence).
  const auto pixel_at = [&](double position) {
    return pixels[static_cast<std::size_t>((position - std::floor(position)) * static_cast<double>(pixels.size()))];
  };
  for (int t = 1; t <= lines_tried; ++t) {
    const std::uint32_t i = pixel_at(t * 0.7548776662466927);
    const std::uint32_t j = pixel_at(t * 0.5698402909980532);
    const float difference = band.acquisition[j] - band.acquisition[i];
    if (std::abs(difference) < least_difference) continue;
    LinearGain line{(band.reference[j] - band.reference[i]) / difference, 0};
    line.offset = band.reference[i] - line.gain * band.acquisition[i];
    if (!(line.gain > 0)) continue;
    const float found = score(line);
    if (found < least) {
      least = found;
      best = line;
    }
  }
  return best;
}

/// Pixels near the line in every band.
std::vector<std::uint32_t> near_lines(std::span<const BandPair> bands, const std::vector<LinearGain>& gains,
                                      const std::vector<std::uint32_t>& candidates) {
  std::vector<std::uint8_t> is_near(candidates.size(), 1);
  std::vector<float> residual(candidates.size());
  for (std::size_t b = 0; b < bands.size(); ++b) {
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const std::uint32_t i = candidates[k];
      residual[k] = bands[b].reference[i] - (gains[b].gain * bands[b].acquisition[i] + gains[b].offset);
    }
    const Spread spread = robust_spread(residual);
    const float reach = accepted_sigma * std::max(spread.sigma, least_sigma);
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      if (std::abs(residual[k] - spread.centre) > reach) is_near[k] = 0;
    }
  }
  std::vector<std::uint32_t> result;
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    if (is_near[k] != 0) result.push_back(candidates[k]);
  }
  return result;
}

}  // namespace

std::optional<InvariantFit> fit_invariant(std::span<const BandPair> bands) {
  assert(!bands.empty());
  std::vector<std::uint32_t> valid;
  for (std::size_t i = 0; i < bands.front().reference.size(); ++i) {
    const bool has_all = std::all_of(bands.begin(), bands.end(), [&](const BandPair& band) {
      return !std::isnan(band.reference[i]) && !std::isnan(band.acquisition[i]);
    });
    if (has_all) valid.push_back(static_cast<std::uint32_t>(i));
  }
  if (valid.size() < min_invariant_pixels) return std::nullopt;
  InvariantFit fit;
  for (const BandPair& band : bands) {
    fit.gains.push_back(least_median_line(band, valid));
  }
  std::vector<std::uint32_t> invariant;
  while (fit.rounds < most_rounds) {
    ++fit.rounds;
    std::vector<std::uint32_t> chosen = near_lines(bands, fit.gains, valid);
    if (chosen.size() < min_invariant_pixels) return std::nullopt;
    if (chosen == invariant) break;
    invariant = std::move(chosen);
    for (std::size_t b = 0; b < bands.size(); ++b) fit.gains[b] = orthogonal_line(bands[b], invariant);
  }
  fit.invariant = invariant.size();
  return fit;
}

}  // namespace pitwatch
