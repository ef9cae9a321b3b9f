#include "pipeline/monitor/regional_anomaly.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pitwatch {
namespace {

// Sums of whole steps are exact in any order, and may run along: nothing is left behind by what is taken off again.
constexpr float step = 1.0F / 16384;
constexpr float largest_residual = 8;
constexpr std::size_t count_at = feature_count;  // where in a sum the number of pixels stands

int radius_of(const MonitorOptions& options) {
  const double cells = options.surroundings_m / options.pixel_size_m / RegionalAnomaly::cell_pixels;
  return std::max(0, static_cast<int>(cells - 1) / 2);
}

std::int64_t in_steps(float residual) {
  return static_cast<std::int32_t>(std::clamp(residual, -largest_residual, largest_residual) * (1 / step));
}

template <typename Sum>
void add(Sum& sum, const Sum& other) {
  for (std::size_t n = 0; n < sum.size(); ++n) sum[n] += other[n];
}
template <typename Sum>
void take_off(Sum& sum, const Sum& other) {
  for (std::size_t n = 0; n < sum.size(); ++n) sum[n] -= other[n];
}

/// The median of value(pixel, feature) over the pixels of each kind that have a say; 0 where there are none.
template <typename Value>
std::array<FeatureVector, kind_count> medians_by_kind(const ObservationResiduals& observation, const Value& value) {
  constexpr std::size_t most = 1500;  // pixels suffice
  std::array<std::size_t, kind_count> count{};
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    if (observation.kind[i] != no_kind && observation.tells[i] != 0) ++count[observation.kind[i]];
  }
  std::array<std::array<std::vector<float>, feature_count>, kind_count> values;
  std::array<std::size_t, kind_count> seen{};
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    const std::uint8_t kind = observation.kind[i];
    if (kind == no_kind || observation.tells[i] == 0 || seen[kind]++ % (count[kind] / most + 1) != 0) continue;
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (observation.deviation[i][f] > 0) values[kind][f].push_back(value(i, f));
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

/// Replaces each sum of a row by that of the sums within `radius` of it; `line` is memory for as many.
template <typename Sum>
void widen(Sum* sums, int radius, std::vector<Sum>& line) {
  const auto count = static_cast<int>(line.size());
  std::copy(sums, sums + count, line.begin());
  Sum running{};
  for (int x = -radius; x < count; ++x) {
    if (x + radius < count) add(running, line[static_cast<std::size_t>(x + radius)]);
    if (x - radius - 1 >= 0) take_off(running, line[static_cast<std::size_t>(x - radius - 1)]);
    if (x >= 0) sums[x] = running;
  }
}

}  // namespace

void RegionalAnomaly::estimate(const ObservationResiduals& observation, const MonitorOptions& options,
                               const RowLoop& rows) {
  cells_across_ = static_cast<std::size_t>((observation.width + cell_pixels - 1) / cell_pixels);
  cells_down_ = (observation.height + cell_pixels - 1) / cell_pixels;
  for (FeatureVector& scatter : scatter_) scatter.fill(1);
  for (PixelVector<FeatureVector>& shared : shared_) shared.clear();
  if (options.surroundings_m <= 0) return;

  const Medians medians = medians_by_kind(
      observation, [&observation](std::size_t pixel, std::size_t f) { return observation.residual[pixel][f]; });
  sums_.resize(cells_across_ * static_cast<std::size_t>(cells_down_));
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    rows(cells_down_, [&](int begin, int end) {
      for (int row = begin; row < end; ++row) sum_up(observation, options, kind, medians[kind], row);
    });
    SiteSum site{};
    for (const CellSum& sum : sums_) {
      for (std::size_t n = 0; n < numbers; ++n) site[n] += static_cast<double>(sum[n]);
    }
    if (site[count_at] == 0) continue;
    const int radius = radius_of(options);
    rows(cells_down_, [&](int begin, int end) {
      std::vector<CellSum> line(cells_across_);
      for (int row = begin; row < end; ++row) widen(cells(row), radius, line);
    });
    shared_[kind].resize(sums_.size());
    rows(cells_down_, [&](int begin, int end) {
      share(begin, end, radius, options.surroundings_prior_pixels, medians[kind], site, shared_[kind]);
    });
  }
  estimate_scatter(observation);
}

void RegionalAnomaly::sum_up(const ObservationResiduals& observation, const MonitorOptions& options, std::size_t kind,
                             const FeatureVector& median, int row) {
  CellSum* sums = cells(row);
  std::fill_n(sums, cells_across_, CellSum{});
  const int last = std::min(observation.height, (row + 1) * cell_pixels);
  for (int y = row * cell_pixels; y < last; ++y) {
    std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(observation.width);
    for (int x = 0; x < observation.width; ++x, ++i) {
      if (observation.kind[i] != kind || observation.tells[i] == 0) continue;
      CellSum& sum = sums[x / cell_pixels];
      for (std::size_t f = 0; f < feature_count; ++f) {
        const float reach = options.surroundings_clip_sigma * observation.deviation[i][f];
        sum[f] += in_steps(std::clamp(observation.residual[i][f] - median[f], -reach, reach));
      }
      ++sum[count_at];
    }
  }
}

void RegionalAnomaly::share(int begin, int end, int radius, float prior, const FeatureVector& median,
                            const SiteSum& site, PixelVector<FeatureVector>& shared) {
  const auto all = static_cast<float>(site[count_at]);
  // With few pixels of a kind on the whole site, the residual is theirs, and not the weather's.
  const float site_trust = all / (all + prior);
  FeatureVector typical{};
  for (std::size_t f = 0; f < feature_count; ++f) typical[f] = static_cast<float>(site[f]) / all;
  std::vector<CellSum> around(cells_across_);
  const auto each = [&](int row, auto change) {
    if (row < 0 || row >= cells_down_) return;
    const CellSum* sums = cells(row);
    for (std::size_t x = 0; x < cells_across_; ++x) change(around[x], sums[x]);
  };
  for (int row = begin - radius; row < begin + radius; ++row) each(row, add<CellSum>);
  for (int row = begin; row < end; ++row) {
    each(row + radius, add<CellSum>);
    FeatureVector* into = &shared[static_cast<std::size_t>(row) * cells_across_];
    for (std::size_t x = 0; x < cells_across_; ++x) {
      const float weight = 1 / (static_cast<float>(around[x][count_at]) + prior);
      for (std::size_t f = 0; f < feature_count; ++f) {
        const float mean = (static_cast<float>(around[x][f]) + prior * typical[f]) * weight;
        into[x][f] = site_trust * (median[f] + step * mean);
      }
    }
    each(row - radius, take_off<CellSum>);
  }
}

void RegionalAnomaly::estimate_scatter(const ObservationResiduals& observation) {
  constexpr float normal_mad = 1.4826F;
  const auto width = static_cast<std::size_t>(observation.width);
  scatter_ = medians_by_kind(observation, [&](std::size_t pixel, std::size_t f) {
    const FeatureVector& shared =
        at(static_cast<int>(pixel % width), static_cast<int>(pixel / width), observation.kind[pixel]);
    return normal_mad * std::abs(observation.residual[pixel][f] - shared[f]) / observation.deviation[pixel][f];
  });
  for (FeatureVector& scatter : scatter_) {
    for (float& value : scatter) value = std::max(value, 1.0F);
  }
}

}  // namespace pitwatch
