#include "pipeline/monitor/regional_anomaly.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/cell_sums.hpp"

namespace pitwatch {
namespace {

static_assert(RegionalAnomaly::cell_pixels == kernels::kind_cell_px && kind_count <= kernels::kind_lanes);

constexpr float largest_residual = 8;
constexpr std::size_t lanes = kernels::kind_lanes;

int radius_of(const MonitorOptions& options, int most) {
  const double cells = options.surroundings_m / options.pixel_size_m / RegionalAnomaly::cell_pixels;
  return std::clamp(static_cast<int>(std::min(cells - 1, 1e6)) / 2, 0, most);
}

/// Steps in a unit of residual: as fine as 32 bits hold the sum over a window.
float steps_per_unit(int radius) {
  const double cells = 2.0 * radius + 1;
  const double largest = cells * cells * (RegionalAnomaly::cell_pixels * RegionalAnomaly::cell_pixels) * 8;
  float steps = 16384;
  while (static_cast<double>(steps) * largest >= 2147483648.0) steps /= 2;
  return steps;
}

}  // namespace

/// What sums are of.
struct RegionalAnomaly::Sums {
  int radius = 0;  // of the window, cells
  float per_unit = 0;
  std::array<float, most_features * lanes> centre{};  // the medians by feature and kind
  std::array<std::atomic<std::int64_t>, (most_features + 1) * lanes> totals{};
};

FeatureVector RegionalAnomaly::at(int x, int y, std::uint8_t kind) const {
  FeatureVector shared{};
  if (shared_.empty()) return shared;
  const std::size_t of_cell = static_cast<std::size_t>(x / cell_pixels) * lanes + kind;
  const auto of_row = row(y);
  for (std::size_t f = 0; f < features_; ++f) shared[f] = of_row[f][of_cell];
  return shared;
}

PerFeature<const float> RegionalAnomaly::row(int y) const {
  PerFeature<const float> rows(features_);
  if (shared_.empty()) return rows;
  for (std::size_t f = 0; f < features_; ++f) rows[f] = &shared_[place(y / cell_pixels, f, features_)];
  return rows;
}

void RegionalAnomaly::estimate(const ObservationResiduals& observation, const MonitorOptions& options,
                               const RowLoop& rows) {
  for (FeatureVector& scatter : scatter_) scatter.fill(1);
  features_ = observation.residual.features();
  shared_.clear();
  if (options.surroundings_m <= 0) return;
  cells_across_ = static_cast<std::size_t>((observation.width + cell_pixels - 1) / cell_pixels);
  cells_down_ = (observation.height + cell_pixels - 1) / cell_pixels;
  row_numbers_ = cells_across_ * lanes;

  choose_samples(observation);
  Sums sums;
  sums.radius = radius_of(options, std::max(static_cast<int>(cells_across_), cells_down_));
  sums.per_unit = steps_per_unit(sums.radius);
  const auto medians_of_kinds =
      medians([](const Sample& sample, std::size_t place, std::size_t f) { return sample.residual[place][f]; });
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    for (std::size_t f = 0; f < features_; ++f) sums.centre[f * lanes + kind] = medians_of_kinds[kind][f];
  }
  sum_up(observation, options, rows, sums);
  shared_.resize(static_cast<std::size_t>(cells_down_) * features_ * row_numbers_);
  rows(cells_down_, [&](int begin, int end) { share(sums, options.surroundings_prior_pixels, begin, end); });
  estimate_scatter(observation.width);
}

/// Every so many pixels of each kind: 1500 suffice.
void RegionalAnomaly::choose_samples(const ObservationResiduals& observation) {
  constexpr std::size_t most = 1500;
  // Neighbours are mostly of one kind: counted in turns, so that one does not wait for the other.
  constexpr std::size_t turns = 4;
  std::array<std::array<std::size_t, 256>, turns> counts{};
  for (std::size_t i = 0; i < observation.kind.size(); ++i)
    counts[i % turns][observation.kind[i]] += observation.tells[i];
  std::array<std::size_t, kind_count> stride{};
  std::array<std::size_t, kind_count> next{};
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    std::size_t count = 0;
    for (const auto& turn : counts) count += turn[kind];
    stride[kind] = count / most + 1;
    samples_[kind].pixels.clear();
  }
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    const std::uint8_t kind = observation.kind[i];
    if (kind == no_kind || observation.tells[i] == 0 || next[kind]-- != 0) continue;
    samples_[kind].pixels.push_back(i);
    next[kind] = stride[kind] - 1;
  }
  for (Sample& sample : samples_) {
    sample.residual.resize(sample.pixels.size());
    sample.deviation.resize(sample.pixels.size());
    for (std::size_t place = 0; place < sample.pixels.size(); ++place) {
      sample.residual[place] = observation.residual[sample.pixels[place]];
      sample.deviation[place] = observation.deviation[sample.pixels[place]];
    }
  }
}

/// The median of value(sample, place, feature) over the pixels of each kind; 0 where there are none.
template <typename Value>
std::array<FeatureVector, kind_count> RegionalAnomaly::medians(const Value& value) {
  std::array<FeatureVector, kind_count> result{};
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    const Sample& sample = samples_[kind];
    for (std::size_t f = 0; f < features_; ++f) {
      values_.clear();
      for (std::size_t place = 0; place < sample.pixels.size(); ++place) {
        if (sample.deviation[place][f] > 0) values_.push_back(value(sample, place, f));
      }
      if (!values_.empty()) result[kind][f] = kernels::ranked(values_.data(), values_.size(), values_.size() / 2);
    }
  }
  return result;
}

void RegionalAnomaly::sum_up(const ObservationResiduals& observation, const MonitorOptions& options,
                             const RowLoop& rows, Sums& sums) {
  const kernels::CellSumParameters parameters{.centre = sums.centre.data(),
                                              .reach = options.surroundings_clip_sigma,
                                              .largest = largest_residual,
                                              .per_unit = sums.per_unit};
  const auto width = static_cast<std::size_t>(observation.width);
  sums_.resize(static_cast<std::size_t>(cells_down_) * (features_ + 1) * row_numbers_);
  rows(cells_down_, [&](int begin, int end) {
    std::array<std::int64_t, (most_features + 1) * lanes> totals{};
    for (int row = begin; row < end; ++row) {
      std::fill_n(this->sums(row, 0), (features_ + 1) * row_numbers_, 0);
      std::array<std::int32_t*, most_features> into;
      for (std::size_t f = 0; f < features_; ++f) into[f] = this->sums(row, f);
      for (int y = row * cell_pixels; y < std::min(observation.height, (row + 1) * cell_pixels); ++y) {
        const std::size_t first = static_cast<std::size_t>(y) * width;
        const auto residual = observation.residual.from(first);
        const auto deviation = observation.deviation.from(first);
        kernels::add_to_kind_cells({residual, deviation, &observation.kind[first], &observation.tells[first]},
                                   parameters, width, std::span(into).first(features_), this->sums(row, features_));
      }
      for (std::size_t n = 0; n <= features_; ++n)
        kernels::add_cells(this->sums(row, n), cells_across_, &totals[n * lanes]);
    }
    for (std::size_t n = 0; n < (features_ + 1) * lanes; ++n) sums.totals[n] += totals[n];
  });
}

/// Means of the windows around the cells of some rows.
void RegionalAnomaly::share(const Sums& sums, float prior, int begin, int end) {
  std::array<float, most_features * lanes> typical{};
  std::array<float, lanes> trust{};
  for (std::size_t kind = 0; kind < lanes; ++kind) {
    const auto all = static_cast<float>(sums.totals[features_ * lanes + kind].load());
    if (all == 0) continue;
    // With few pixels of a kind on the whole site, the residual is theirs, and not the weather's.
    trust[kind] = all / (all + prior);
    for (std::size_t f = 0; f < features_; ++f)
      typical[f * lanes + kind] = static_cast<float>(sums.totals[f * lanes + kind].load()) / all;
  }
  std::vector<std::int32_t> columns((features_ + 1) * row_numbers_);  // over the rows of the window
  std::vector<std::int32_t> windows(row_numbers_);
  std::vector<std::int32_t> counts(row_numbers_);
  const auto of_feature = [&](std::size_t f) { return columns.data() + f * row_numbers_; };
  const auto move = [&](int into, int out_of) {
    const bool enters = into >= 0 && into < cells_down_;
    const bool leaves = out_of >= 0 && out_of < cells_down_;
    for (std::size_t f = 0; f <= features_; ++f) {
      kernels::move_cell_window_row(enters ? this->sums(into, f) : nullptr, leaves ? this->sums(out_of, f) : nullptr,
                                    cells_across_, of_feature(f));
    }
  };
  const auto radius = static_cast<std::size_t>(sums.radius);
  for (int row = begin - sums.radius; row < begin + sums.radius; ++row) move(row, -1);
  for (int row = begin; row < end; ++row) {
    move(row + sums.radius, row > begin ? row - sums.radius - 1 : -1);
    kernels::cell_window_row(of_feature(features_), cells_across_, radius, counts.data());
    for (std::size_t f = 0; f < features_; ++f) {
      kernels::cell_window_row(of_feature(f), cells_across_, radius, windows.data());
      kernels::shared_mean_row(windows.data(), counts.data(),
                               {.centre = &sums.centre[f * lanes],
                                .typical = &typical[f * lanes],
                                .trust = trust.data(),
                                .prior = prior,
                                .step = 1 / sums.per_unit},
                               cells_across_, &shared_[place(row, f, features_)]);
    }
  }
}

void RegionalAnomaly::estimate_scatter(int width) {
  constexpr float normal_mad = 1.4826F;
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    Sample& sample = samples_[kind];
    for (std::size_t place = 0; place < sample.pixels.size(); ++place) {
      const auto pixel = static_cast<int>(sample.pixels[place]);
      const FeatureVector shared = at(pixel % width, pixel / width, static_cast<std::uint8_t>(kind));
      for (std::size_t f = 0; f < features_; ++f) sample.residual[place][f] -= shared[f];
    }
  }
  scatter_ = medians([](const Sample& sample, std::size_t place, std::size_t f) {
    return normal_mad * std::abs(sample.residual[place][f]) / sample.deviation[place][f];
  });
  for (FeatureVector& scatter : scatter_) {
    for (float& value : scatter) value = std::max(value, 1.0F);
  }
}

}  // namespace pitwatch
