#include "pipeline/monitor/shift.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <bitset>
#include <cmath>
#include <span>

#include "kernels/elementary.hpp"

namespace pitwatch {
namespace {

constexpr auto ndvi = static_cast<std::size_t>(Feature::ndvi);
static_assert(ndvi == 0, "NDVI comes first in the triangular whitening: its whitened residual is its own");

float squared_length(const FeatureVector& v) {
  float sum = 0;
  for (const float value : v) sum += value * value;
  return sum;
}

/// Those that pixels may have, as they are packed. Of few pixels few are wanted, which saves the logarithms of the
/// others.
std::bitset<256> lasting_errors(const MonitorState& state) {
  std::bitset<256> wanted;
  if (state.pixels() > wanted.size()) return wanted.set();
  for (std::size_t i = 0; i < state.pixels(); ++i) wanted.set(state.models[i].lasting_error);
  return wanted;
}

using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, most_features, most_features>;

/// log(1 + exp(x))
float softplus(float x) {
  constexpr float large = 15;
  return x > large ? x : kernels::portable_log(1 + kernels::portable_exp(std::max(x, -large)));
}

}  // namespace

ShiftEvidence::ShiftEvidence(const MonitorState& state, const MonitorOptions& options)
    : state_(state), options_(options), features_(state.features) {
  find_whitening_of_absences();
  for (const float noise : state.typical_noise) directions_ += noise > 0 ? 1.0F : 0.0F;
  const std::bitset<256> wanted = lasting_errors(state);
  for (std::size_t error = 0; error < wanted.size(); ++error) {
    if (!wanted[error]) continue;
    const float lasting = unpack_lasting_error(static_cast<std::uint8_t>(error)) * options.persistent_error_weight;
    for (std::size_t k = 1; k <= window_observations; ++k) {
      const Factor factor = factor_of(k, 1 + options.passing_error, lasting);
      per_square_[error * window_observations + k - 1] = factor.per_square;
      cost_[error * window_observations + k - 1] = factor.cost;
    }
    const Factor soil = factor_of(1, 1, lasting);
    soil_per_square_[error] = soil.per_square;
    soil_cost_[error] = soil.cost;
  }
}

/// Of k observations whose variance is `of_observation` each, and a lasting error.
ShiftEvidence::Factor ShiftEvidence::factor_of(std::size_t k, float of_observation, float lasting) const {
  const auto observations = static_cast<float>(k);
  const float v0 = of_observation / observations + lasting;
  const float v1 = v0 + options_.shift_sigma * options_.shift_sigma;
  return {0.5F * (1 / v0 - 1 / v1) / (observations * observations),
          0.5F * directions_ * static_cast<float>(std::log(static_cast<double>(v1 / v0)))};
}

/// Of features of which some are absent, the joint covariance is that of the others.
void ShiftEvidence::find_whitening_of_absences() {
  whitening_.push_back(state_.whitening);
  const std::size_t extra = features_ - feature_count;
  if (extra == 0) return;
  const auto rows = static_cast<Eigen::Index>(features_);
  const Square identity = Square::Identity(rows, rows);
  const Square whitening = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
                               state_.whitening.data(), rows, rows)
                               .cast<double>();
  const Square factor = whitening.triangularView<Eigen::Lower>().solve(identity);
  const Square covariance = factor * factor.transpose();
  for (unsigned absent = 1; absent < (1U << extra); ++absent) {
    Square others = covariance;
    for (std::size_t k = 0; k < extra; ++k) {
      if ((absent >> k & 1U) == 0) continue;
      const auto f = static_cast<Eigen::Index>(feature_count + k);
      others.row(f).setZero();
      others.col(f).setZero();
      others(f, f) = 1;
    }
    const Square lower = others.llt().matrixL();
    const Square inverse = lower.triangularView<Eigen::Lower>().solve(identity);
    whitening_.emplace_back(inverse.data(), inverse.data() + inverse.size());
  }
}

FeatureVector ShiftEvidence::whitened(const FeatureVector& standard, AbsentFeatures absent) const {
  const std::vector<float>& whitening = whitening_[absent];
  FeatureVector known = standard;
  for (std::size_t f = feature_count; f < features_; ++f) {
    if ((absent >> (f - feature_count) & 1U) != 0) known[f] = 0;
  }
  FeatureVector result{};
  for (std::size_t r = 0; r < features_; ++r) {
    for (std::size_t c = 0; c <= r; ++c) result[r] += whitening[r * features_ + c] * known[c];
  }
  return result;
}

bool ShiftEvidence::is_within(const FeatureVector& whitened, float sigma) const {
  return squared_length(whitened) < sigma * sigma * directions_;
}

float ShiftEvidence::clean_squares() const { return options_.clean_sigma * options_.clean_sigma * directions_; }

kernels::ShiftFactors ShiftEvidence::factors() const {
  return {.per_square = per_square_.data(),
          .cost = cost_.data(),
          .soil_per_square = soil_per_square_.data(),
          .soil_cost = soil_cost_.data(),
          .single_share = options_.single_observation_share,
          .most_observations = static_cast<std::size_t>(std::max(1, options_.window_observations))};
}

std::size_t ShiftEvidence::window(std::int32_t count) const {
  return static_cast<std::size_t>(std::clamp(count, 1, options_.window_observations));
}

Shift ShiftEvidence::largest(const RecentObservations& recent, const PixelSight& sight, bool is_soil,
                             std::uint8_t lasting_error) const {
  const float green = green_share(sight, options_);
  const std::size_t most = window(recent.count);
  Shift best;
  FeatureVector sum{};
  for (std::size_t k = 0; k < most; ++k) {
    for (std::size_t f = 0; f < features_; ++f) sum[f] += recent.whitened[k][f];
    const float share = k > 0 || is_soil ? 1.0F : options_.single_observation_share;
    const std::size_t place = lasting_error * window_observations + k;
    const Factor of_observations = k == 0 && is_soil
                                       ? Factor{soil_per_square_[lasting_error], soil_cost_[lasting_error]}
                                       : Factor{per_square_[place], cost_[place]};
    const auto factor_of_shift = [&](const FeatureVector& shift) {
      return share * of_observations.per_square * squared_length(shift) - of_observations.cost;
    };
    float factor = factor_of_shift(sum);
    if (factor > 0) {
      const auto observations = static_cast<float>(k + 1);
      factor *= share_of_disturbance(green, sum[ndvi] / observations);
      if (green < 1) factor = std::max(factor, (1 - green) * factor_of_shift(less_greening(sight.deviation, sum)));
    }
    if (k > 0 && factor <= best.log_factor) continue;
    best = {factor, k + 1};
  }
  return best;
}

Shift ShiftEvidence::largest_among_outliers(const PixelOutliers& pixel, std::int32_t count, const PixelSight& sight,
                                            std::uint8_t lasting_error) const {
  const float lasting = unpack_lasting_error(lasting_error) * options_.persistent_error_weight;
  const std::size_t most = window(count);
  const float at_most = most_shift_among_outliers(std::span(pixel.recent).first(most), directions_, lasting, options_);
  Shift best;
  if (at_most < 0) {  // no evidence, whatever is an outlier: most pixels end here, at a twentieth of the work
    best.log_factor = at_most;
    return best;
  }
  for (std::size_t k = 1; k <= most; ++k) {
    const OutlierShift shift =
        shift_among_outliers(std::span(pixel.recent).first(k), pixel.outliers, directions_, lasting, options_);
    const float factor = shift.log_factor * share_of_disturbance(green_share(sight, options_), shift.shift[ndvi]);
    if (k > 1 && factor <= best.log_factor) continue;
    best = {factor, k};
  }
  return best;
}

float ShiftEvidence::log_scale(const FeatureVector& deviation) const {
  float sum = 0;
  for (std::size_t f = 0; f < features_; ++f) {
    if (deviation[f] > 0) sum += kernels::portable_log(deviation[f] / state_.whitening[f * features_ + f]);
  }
  return sum;
}

/// The share of the evidence that speaks for disturbed ground, `rise` being the whitened rise of NDVI. Ground that is
/// being dug or covered loses what is green on it and does not turn greener: that keeps out growth, early seasons
/// and, on green ground, shade and moisture.
float ShiftEvidence::share_of_disturbance(float green, float rise) const {
  if (state_.typical_noise[ndvi] <= 0) return 1;
  const float none_at = options_.greener_sigma - green * (options_.greener_sigma + 0.5F);
  const float all_at = none_at - options_.fall_sigma;
  return std::clamp((none_at - rise / state_.whitening[0]) / (none_at - all_at), 0.0F, 1.0F);
}

/// What plants on bare ground do not explain of a whitened shift: as NDVI rises by 1, the others change by about so
/// much from soil to grass. Rock of another colour may well have a higher NDVI than what was there, without being
/// green; but it is brighter, or darker than plants would make it.
FeatureVector ShiftEvidence::less_greening(const FeatureVector& deviation, const FeatureVector& whitened_shift) const {
  FeatureVector per_ndvi{1, -0.6F, -0.25F, -1.4F, -0.5F, -1.2F};
  for (std::size_t k = 0; k < options_.extra.size(); ++k) per_ndvi[feature_count + k] = options_.extra[k].per_ndvi;
  constexpr float known = 0.5F;  // to within this share
  FeatureVector shift{};
  for (std::size_t r = 0; r < features_; ++r) {
    float rest = whitened_shift[r];
    for (std::size_t c = 0; c < r; ++c) rest -= state_.whitening[r * features_ + c] * shift[c];
    shift[r] = rest / state_.whitening[r * features_ + r];
  }
  if (deviation[ndvi] <= 0 || shift[ndvi] <= 0) return whitened_shift;
  const float rise = shift[ndvi] * deviation[ndvi];
  shift[ndvi] = 0;
  for (std::size_t f = 1; f < features_; ++f) {
    if (deviation[f] <= 0) continue;
    const float greening = rise * per_ndvi[f] / deviation[f];
    const float rest = shift[f] - greening;
    shift[f] = std::copysign(std::max(0.0F, std::abs(rest) - known * std::abs(greening)), rest);
  }
  return whitened(shift);
}

float own_evidence(float log_factor, float excuse, const MonitorOptions& options) {
  const float excused = excuse > lowest_log_odds ? softplus(std::max(0.0F, log_factor) + excuse) : 0.0F;
  return std::clamp(log_factor - excused + options.prior_log_odds, lowest_log_odds, highest_log_odds);
}

}  // namespace pitwatch
