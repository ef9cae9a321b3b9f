#include "pipeline/monitor/shared_weather.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pitwatch {
namespace {

struct CellSum {
  std::array<double, feature_count> sum{};
  double count = 0;

  void add(const CellSum& other, double sign) {
    for (std::size_t f = 0; f < feature_count; ++f) sum[f] += sign * other.sum[f];
    count += sign * other.count;
  }
};

/// The median of value(pixel, feature) over the pixels of each kind that have a say; 0 where there are none.
template <typename Value>
std::array<FeatureVector, kind_count> medians_by_kind(const LookResiduals& look, const Value& value) {
  constexpr std::size_t most = 1500;  // pixels suffice
  std::array<std::size_t, kind_count> count{};
  for (std::size_t i = 0; i < look.kind.size(); ++i) {
    if (look.kind[i] != no_kind && look.tells[i] != 0) ++count[look.kind[i]];
  }
  std::array<std::array<std::vector<float>, feature_count>, kind_count> values;
  std::array<std::size_t, kind_count> seen{};
  for (std::size_t i = 0; i < look.kind.size(); ++i) {
    const std::uint8_t kind = look.kind[i];
    if (kind == no_kind || look.tells[i] == 0 || seen[kind]++ % (count[kind] / most + 1) != 0) continue;
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (look.deviation[i][f] > 0) values[kind][f].push_back(value(i, f));
    }
  }
  std::array<FeatureVector, kind_count> medians{};
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    for (std::size_t f = 0; f < feature_count; ++f) {
      std::vector<float>& some = values[kind][f];
      if (some.empty()) continue;
      const auto middle = some.begin() + static_cast<std::ptrdiff_t>(some.size() / 2);
      std::nth_element(some.begin(), middle, some.end());
      medians[kind][f] = *middle;
    }
  }
  return medians;
}

/// Replaces each cell by the sum of the cells within `radius` of it.
void box_sum(std::vector<CellSum>& cells, std::size_t across, std::size_t down, int radius) {
  const auto pass = [radius](CellSum* first, std::size_t step, std::size_t count, std::vector<CellSum>& line) {
    line.assign(count, {});
    for (std::size_t i = 0; i < count; ++i) line[i] = first[i * step];
    const int n = static_cast<int>(count);
    // Each sum anew, not running: differences of sums would leave rounding behind.
    for (int i = 0; i < n; ++i) {
      CellSum sum;
      for (int j = std::max(0, i - radius); j <= std::min(n - 1, i + radius); ++j)
        sum.add(line[static_cast<std::size_t>(j)], 1);
      first[static_cast<std::size_t>(i) * step] = sum;
    }
  };
  std::vector<CellSum> line;
  for (std::size_t y = 0; y < down; ++y) pass(&cells[y * across], 1, across, line);
  for (std::size_t x = 0; x < across; ++x) pass(&cells[x], across, down, line);
}

}  // namespace

void SharedWeather::estimate(const LookResiduals& look, const MonitorOptions& options) {
  cells_across_ = static_cast<std::size_t>((look.width + cell_pixels - 1) / cell_pixels);
  const auto cells_down = static_cast<std::size_t>((look.height + cell_pixels - 1) / cell_pixels);
  const std::size_t cells = cells_across_ * cells_down;
  shared_.assign(cells * kind_count, FeatureVector{});
  for (FeatureVector& scatter : scatter_) scatter.fill(1);
  if (options.surroundings_m <= 0) return;

  const std::array<FeatureVector, kind_count> medians =
      medians_by_kind(look, [&look](std::size_t pixel, std::size_t f) { return look.residual[pixel][f]; });
  std::array<std::vector<CellSum>, kind_count> sums;
  for (auto& of_kind : sums) of_kind.assign(cells, {});
  std::array<CellSum, kind_count> site;
  std::size_t i = 0;
  for (int y = 0; y < look.height; ++y) {
    for (int x = 0; x < look.width; ++x, ++i) {
      const std::uint8_t kind = look.kind[i];
      if (kind == no_kind || look.tells[i] == 0) continue;
      CellSum& cell = sums[kind][static_cast<std::size_t>(y / cell_pixels) * cells_across_ +
                                 static_cast<std::size_t>(x / cell_pixels)];
      for (std::size_t f = 0; f < feature_count; ++f) {
        const float reach = options.surroundings_clip_sigma * look.deviation[i][f];
        cell.sum[f] += static_cast<double>(std::clamp(look.residual[i][f] - medians[kind][f], -reach, reach));
      }
      ++cell.count;
    }
  }
  const int radius = std::max(0, static_cast<int>(options.surroundings_m / options.pixel_size_m / cell_pixels - 1) / 2);
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    for (const CellSum& cell : sums[kind]) site[kind].add(cell, 1);
    if (site[kind].count == 0) continue;
    box_sum(sums[kind], cells_across_, cells_down, radius);
    const double prior = static_cast<double>(options.surroundings_prior_pixels);
    // With few pixels of a kind on the whole site, the residual is theirs, and not the weather's.
    const double site_trust = site[kind].count / (site[kind].count + prior);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const CellSum& around = sums[kind][cell];
      for (std::size_t f = 0; f < feature_count; ++f) {
        const double typical = site[kind].sum[f] / site[kind].count;
        const double mean = (around.sum[f] + prior * typical) / (around.count + prior);
        shared_[cell * kind_count + kind][f] =
            static_cast<float>(site_trust * (static_cast<double>(medians[kind][f]) + mean));
      }
    }
  }
  estimate_scatter(look);
}

void SharedWeather::estimate_scatter(const LookResiduals& look) {
  constexpr float normal_mad = 1.4826F;
  const auto width = static_cast<std::size_t>(look.width);
  scatter_ = medians_by_kind(look, [&](std::size_t pixel, std::size_t f) {
    const FeatureVector& shared =
        at(static_cast<int>(pixel % width), static_cast<int>(pixel / width), look.kind[pixel]);
    return normal_mad * std::abs(look.residual[pixel][f] - shared[f]) / look.deviation[pixel][f];
  });
  for (FeatureVector& scatter : scatter_) {
    for (float& value : scatter) value = std::max(value, 1.0F);
  }
}

}  // namespace pitwatch
