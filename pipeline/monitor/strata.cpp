#include "pipeline/monitor/strata.hpp"

#include <algorithm>
#include <array>

namespace pitwatch {
namespace {

using Traits = std::array<float, term_count + 2>;

Traits traits_of(const SeasonModels& models, std::size_t pixel) {
  // What counts as much as 0.1 of NDVI.
  constexpr float ndvi_step = 0.1F;
  constexpr float brightness_step = 0.35F;
  Traits traits{};
  for (std::size_t i = 0; i < term_count; ++i) traits[i] = models.coefficient(pixel, Feature::ndvi, i) / ndvi_step;
  traits[term_count] = models.coefficient(pixel, Feature::log_visible, 0) / brightness_step;
  traits[term_count + 1] = models.coefficient(pixel, Feature::log_swir16, 0) / brightness_step;
  return traits;
}

float squared_distance(const Traits& a, const Traits& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::size_t nearest(const Traits& traits, const std::vector<Traits>& centres) {
  std::size_t best = 0;
  float least = squared_distance(traits, centres[0]);
  for (std::size_t k = 1; k < centres.size(); ++k) {
    const float distance = squared_distance(traits, centres[k]);
    if (distance < least) {
      least = distance;
      best = k;
    }
  }
  return best;
}

std::vector<Traits> farthest_points(const std::vector<Traits>& sample) {
  std::vector<Traits> centres{sample[sample.size() / 2]};
  std::vector<float> distance(sample.size(), 1e30F);
  while (centres.size() < kind_count) {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      distance[i] = std::min(distance[i], squared_distance(sample[i], centres.back()));
    }
    const auto farthest = std::max_element(distance.begin(), distance.end());
    if (*farthest <= 0) break;
    centres.push_back(sample[static_cast<std::size_t>(farthest - distance.begin())]);
  }
  return centres;
}

void improve(const std::vector<Traits>& sample, std::vector<Traits>& centres) {
  constexpr int rounds = 15;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::array<double, std::tuple_size_v<Traits>>> sums(centres.size());
    std::vector<double> counts(centres.size(), 0);
    for (const Traits& traits : sample) {
      const std::size_t k = nearest(traits, centres);
      ++counts[k];
      for (std::size_t t = 0; t < traits.size(); ++t) sums[k][t] += static_cast<double>(traits[t]);
    }
    for (std::size_t k = 0; k < centres.size(); ++k) {
      if (counts[k] == 0) continue;
      for (std::size_t t = 0; t < sums[k].size(); ++t) centres[k][t] = static_cast<float>(sums[k][t] / counts[k]);
    }
  }
}

}  // namespace

PixelVector<std::uint8_t> group_ground(const SeasonModels& models, const RowLoop& rows) {
  constexpr std::size_t sample_size = 5000;
  PixelVector<std::uint8_t> kinds(models.pixels(), no_kind);
  std::vector<Traits> sample;
  std::size_t count = 0;
  for (std::size_t i = 0; i < models.pixels(); ++i) count += models.is_fitted(i) ? 1 : 0;
  const std::size_t stride = count / sample_size + 1;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < models.pixels(); ++i) {
    if (models.is_fitted(i) && seen++ % stride == 0) sample.push_back(traits_of(models, i));
  }
  if (sample.empty()) return kinds;
  std::vector<Traits> centres = farthest_points(sample);
  improve(sample, centres);
  constexpr std::size_t per_piece = 256;
  const auto pieces = static_cast<int>((models.pixels() + per_piece - 1) / per_piece);
  rows(pieces, [&](int begin, int end) {
    const std::size_t last = std::min(models.pixels(), static_cast<std::size_t>(end) * per_piece);
    for (std::size_t i = static_cast<std::size_t>(begin) * per_piece; i < last; ++i) {
      if (models.is_fitted(i)) kinds[i] = static_cast<std::uint8_t>(nearest(traits_of(models, i), centres));
    }
  });
  return kinds;
}

}  // namespace pitwatch
