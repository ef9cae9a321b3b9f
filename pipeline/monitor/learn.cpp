#include "pipeline/monitor/learn.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/monitor/regional_anomaly.hpp"

namespace pitwatch {
namespace {

constexpr std::int16_t no_value = std::numeric_limits<std::int16_t>::min();
constexpr float step = 1.0F / 4000;  // features lie in -8..8: indices in -1..1, logarithms in -6.3..0.7
constexpr std::uint8_t called_bit = 4;

std::int16_t pack(float value) {
  if (value != value) return no_value;
  return static_cast<std::int16_t>(std::lrint(std::clamp(value, -8.0F, 8.0F) / step));
}

Seen seen_of(std::uint8_t kept) { return static_cast<Seen>(kept & ~called_bit); }

float unpack(std::int16_t value) {
  return value == no_value ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value) * step;
}

using Matrix = Eigen::Matrix<double, feature_count, feature_count>;
using Whitening = std::array<float, feature_count * feature_count>;

/// 0 of none.
float median_of(std::vector<float>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Products of standardised residuals that agree with the model, shrunk to independence like a prior of some hundred
/// observations.
struct ResidualSums {
  static constexpr double prior = 200;
  Matrix products = prior * Matrix::Identity();
  double count = prior;
};

/// Some thousand pixels tell of a covariance as much as all.
std::size_t stride_of(std::size_t pixels) { return std::max<std::size_t>(1, pixels / 5000); }

/// Of the joint covariance; its scale is left at 1 per feature, since the noise has that.
Whitening whitening_of(const ResidualSums& sums, const FeatureVector& typical_noise) {
  Matrix covariance = sums.products;
  covariance /= sums.count;
  for (int f = 0; f < static_cast<int>(feature_count); ++f) {
    if (typical_noise[static_cast<std::size_t>(f)] > 0) continue;
    covariance.row(f).setZero();
    covariance.col(f).setZero();
    covariance(f, f) = 1;
  }
  const Matrix factor = covariance.llt().matrixL();
  const Matrix inverse = factor.triangularView<Eigen::Lower>().solve(Matrix::Identity());
  Whitening whitening{};
  for (std::size_t r = 0; r < feature_count; ++r) {
    for (std::size_t c = 0; c < feature_count; ++c) {
      whitening[r * feature_count + c] = static_cast<float>(inverse(static_cast<int>(r), static_cast<int>(c)));
    }
  }
  return whitening;
}

}  // namespace

void ObservationStack::add(const ObservationFeatures& observation) {
  if (observation.width != width_ || observation.height != height_)
    throw DataError("observations of a stack differ in size");
  if (!observations_.empty() && observation.when < observations_.back().when)
    throw DataError("observations of a stack are not in order of time");
  Observation& kept = observations_.emplace_back();
  kept.when = observation.when;
  kept.values.resize(observation.pixels());
  kept.seen.resize(observation.pixels());
  for (std::size_t i = 0; i < observation.pixels(); ++i) {
    for (std::size_t f = 0; f < feature_count; ++f) kept.values[i][f] = pack(observation.values.at(i, f));
    kept.seen[i] = static_cast<std::uint8_t>(static_cast<unsigned>(observation.seen[i]) |
                                             (observation.called_cloud[i] != 0 ? called_bit : 0U));
  }
  for (std::size_t l = observations_.size() - 1; l > 0 && kept.when - observations_[l - 1].when < one_sky; --l) {
    const PixelVector<std::uint8_t>& earlier = observations_[l - 1].seen;
    for (std::size_t i = 0; i < earlier.size(); ++i) {
      if (seen_of(earlier[i]) >= seen_of(kept.seen[i])) kept.seen[i] = static_cast<std::uint8_t>(Seen::nothing);
    }
  }
}

/// The steps of learn().
class Learning {
 public:
  Learning(ObservationStack stack, const MonitorOptions& options, const RowLoop& rows)
      : stack_(std::move(stack)), options_(options), rows_(rows) {
    state_ = make_state(stack_.width(), stack_.height());
    for (const ObservationStack::Observation& observation : stack_.observations_) {
      dates_.push_back(season_date(observation.when));
      add_observation(state_, observation.when);
    }
    models_.assign(state_.pixels(), {});
    judged_.assign(state_.pixels(), 0);
  }

  MonitorState run() {
    count_observations();
    fit();
    state_.kind = group_ground(models_, judged_);
    take_out_regional_anomaly();
    fit_with(own_noise());
    state_.typical_noise = own_noise();
    ResidualSums sums;
    add_residuals(0, stride_of(state_.pixels()), sums);
    state_.whitening = whitening_of(sums, state_.typical_noise);
    return finish();
  }

  // ---- the same of several windows, one after the other (learn_windows) ----

  void fit_with(const FeatureVector& typical_noise) {
    state_.typical_noise = typical_noise;
    fit();
  }

  MonitorState finish_with(const FeatureVector& typical_noise, const Whitening& whitening) {
    state_.typical_noise = typical_noise;
    state_.whitening = whitening;
    for (std::size_t i = 0; i < state_.pixels(); ++i) state_.kind[i] = judged_[i] != 0 ? std::uint8_t{0} : no_kind;
    return finish();
  }

  /// Adds the noise of a feature at each pixel that is judged.
  void add_noises(std::size_t feature, std::vector<float>& noises) const {
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      const float noise = models_[i].noise[feature];
      if (judged_[i] != 0 && noise > 0) noises.push_back(noise);
    }
  }

  /// Of every `stride`th pixel, from `first` on.
  void add_residuals(std::size_t first, std::size_t stride, ResidualSums& sums) const {
    for (std::size_t l = 0; l < stack_.observations(); ++l) {
      for (std::size_t i = first; i < state_.pixels(); i += stride) {
        FeatureVector difference;
        FeatureVector deviation;
        if (!residual(l, i, difference, deviation)) continue;
        Eigen::Matrix<double, feature_count, 1> z;
        for (std::size_t f = 0; f < feature_count; ++f) {
          const float noise = models_[i].noise[f];
          z(static_cast<int>(f)) = noise > 0 ? static_cast<double>(difference[f] / noise) : 0;
        }
        const double limit = static_cast<double>(options_.tukey_sigma);
        if (z.squaredNorm() > limit * limit * static_cast<double>(feature_count)) continue;
        sums.products += z * z.transpose();
        ++sums.count;
      }
    }
  }

  std::size_t pixels() const { return state_.pixels(); }
  std::size_t observations() const { return stack_.observations(); }

  /// Before all else: which observations count.
  void count_observations() {
    count_seen();
    find_bright_ground();
  }

  void fit() {
    rows_(state_.height, [this](int begin, int end) {
      const auto width = static_cast<std::size_t>(state_.width);
      std::vector<PixelObservation> observations;
      for (std::size_t i = static_cast<std::size_t>(begin) * width; i < static_cast<std::size_t>(end) * width; ++i) {
        observations.clear();
        for (std::size_t l = 0; l < stack_.observations(); ++l) {
          const ObservationStack::Observation& observation = stack_.observations_[l];
          if (counts(observation, i)) observations.push_back({&dates_[l], values(observation, i), 1});
        }
        judged_[i] = fit_season(observations, state_.typical_noise, options_, models_[i]) ? 1 : 0;
      }
    });
  }

 private:
  MonitorState finish() {
    measure_lasting_error();
    find_outliers();
    pack_models();
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      if (judged_[i] != 0) state_.status[i] = PixelStatus::stable;
    }
    return std::move(state_);
  }

  FeatureVector own_noise() const {
    FeatureVector result{};
    std::vector<float> noises;
    for (std::size_t f = 0; f < feature_count; ++f) {
      noises.clear();
      add_noises(f, noises);
      result[f] = median_of(noises);
    }
    return result;
  }

  void count_seen() {
    for_rows([&](int, std::size_t first) {
      const std::size_t end = first + static_cast<std::size_t>(state_.width);
      for (const ObservationStack::Observation& observation : stack_.observations_) {
        for (std::size_t i = first; i < end; ++i) {
          const Seen seen = seen_of(observation.seen[i]);
          const bool called = (observation.seen[i] & called_bit) != 0;
          PixelCounts& counts = state_.counts[i];
          if (seen == Seen::nothing) continue;
          ++counts.measured;
          if (called) ++counts.called_cloud;
          if (seen == Seen::clear && !called && looks_wet(values(observation, i))) ++counts.wet;
        }
      }
    });
  }

  void find_bright_ground() {
    std::int64_t measured = 0;
    std::int64_t called = 0;
    for (const PixelCounts& counts : state_.counts) {
      measured += counts.measured;
      called += counts.called_cloud;
    }
    const float typical =
        measured > 0 ? static_cast<float>(static_cast<double>(called) / static_cast<double>(measured)) : 0;
    bright_.assign(state_.pixels(), 0);
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      const PixelCounts& counts = state_.counts[i];
      bright_[i] = static_cast<float>(counts.called_cloud) >
                   (typical + options_.called_cloud_excess) * static_cast<float>(counts.measured);
    }
  }

  bool counts(const ObservationStack::Observation& observation, std::size_t pixel) const {
    const std::uint8_t seen = observation.seen[pixel];
    if (seen == static_cast<std::uint8_t>(Seen::clear)) return true;
    return bright_[pixel] != 0 && (seen & called_bit) != 0;
  }

  FeatureVector values(const ObservationStack::Observation& observation, std::size_t pixel) const {
    FeatureVector result;
    for (std::size_t f = 0; f < feature_count; ++f) result[f] = unpack(observation.values[pixel][f]);
    return result;
  }

  /// The residual of an observation against the model of a pixel; false where it does not count.
  bool residual(std::size_t l, std::size_t i, FeatureVector& residual, FeatureVector& deviation) const {
    const ObservationStack::Observation& observation = stack_.observations_[l];
    if (judged_[i] == 0 || !counts(observation, i)) return false;
    const Expectation expected = expect(models_[i], dates_[l], options_);
    const FeatureVector seen = values(observation, i);
    deviation = expected.deviation;
    for (std::size_t f = 0; f < feature_count; ++f) {
      residual[f] = expected.deviation[f] > 0 ? seen[f] - expected.value[f] : 0;
      if (residual[f] != residual[f]) return false;
    }
    return true;
  }

  /// Calls body(y, pixel) for the first pixels of all rows.
  void for_rows(const std::function<void(int y, std::size_t first)>& body) const {
    rows_(state_.height, [&](int begin, int end) {
      for (int y = begin; y < end; ++y) body(y, static_cast<std::size_t>(y) * static_cast<std::size_t>(state_.width));
    });
  }

  void take_out_regional_anomaly() {
    if (options_.surroundings_m <= 0) return;
    ObservationResiduals observation;
    observation.width = state_.width;
    observation.height = state_.height;
    observation.residual.resize(state_.pixels());
    observation.deviation.resize(state_.pixels());
    observation.kind.resize(state_.pixels());
    observation.tells.assign(state_.pixels(), 1);
    RegionalAnomaly anomaly;
    for (std::size_t l = 0; l < stack_.observations(); ++l) {
      for_rows([&](int, std::size_t i) {
        for (int x = 0; x < state_.width; ++x, ++i) {
          FeatureVector difference{};
          FeatureVector deviation{};
          const bool counts = residual(l, i, difference, deviation);
          observation.residual.set(i, difference);
          observation.deviation.set(i, deviation);
          observation.kind[i] = counts ? state_.kind[i] : no_kind;
        }
      });
      anomaly.estimate(observation, options_, rows_);
      for_rows([&](int y, std::size_t i) {
        for (int x = 0; x < state_.width; ++x, ++i) {
          if (observation.kind[i] == no_kind) continue;
          const FeatureVector& shared = anomaly.at(x, y, observation.kind[i]);
          ObservationStack::Packed& kept = stack_.observations_[l].values[i];
          for (std::size_t f = 0; f < feature_count; ++f) {
            if (kept[f] != no_value) kept[f] = pack(unpack(kept[f]) - shared[f]);
          }
        }
      });
    }
  }

  /// How far the mean of window_observations observations in a row lies from the model, beyond what the noise of single
  /// observations makes of it: years differ, and harmonics do not follow. What an observation alone says counts with
  /// the noise, what several say together with this.
  void measure_lasting_error() {
    const auto directions = static_cast<float>(
        std::count_if(state_.typical_noise.begin(), state_.typical_noise.end(), [](float noise) { return noise > 0; }));
    if (directions <= 0) return;
    const float limit = options_.tukey_sigma * options_.tukey_sigma * directions;
    constexpr auto window = static_cast<float>(window_observations);
    for_rows([&](int, std::size_t i) {
      for (int x = 0; x < state_.width; ++x, ++i) {
        if (judged_[i] == 0) continue;
        std::array<FeatureVector, window_observations> last{};
        FeatureVector sum{};
        std::size_t observations = 0;
        float squares = 0;
        float windows = 0;
        for (std::size_t l = 0; l < stack_.observations(); ++l) {
          FeatureVector distance;
          if (!whitened_residual(l, i, distance)) continue;
          float length = 0;
          for (const float value : distance) length += value * value;
          if (length > limit) continue;  // cloud
          FeatureVector& oldest = last[observations % window_observations];
          float of_sum = 0;
          for (std::size_t f = 0; f < feature_count; ++f) {
            sum[f] += distance[f] - oldest[f];
            of_sum += sum[f] * sum[f];
          }
          oldest = distance;
          if (++observations < window_observations) continue;
          squares += of_sum / (window * window * directions);
          ++windows;
        }
        // Windows overlap: as many count as do not.
        const float seen = windows / window;
        const float error = windows > 0 ? std::max(0.0F, squares / windows - 1 / window) : 0.0F;
        const float prior = options_.persistent_error_observations / window;
        models_[i].lasting_error = (seen * error + prior * options_.persistent_error) / std::max(seen + prior, 1e-6F);
      }
    });
  }

  void find_outliers() {
    const auto is_monitored = [this](Feature feature) { return state_.typical_noise[index(feature)] > 0; };
    if (is_monitored(Feature::log_visible) && is_monitored(Feature::log_swir16)) return;
    const auto directions = static_cast<float>(
        std::count_if(state_.typical_noise.begin(), state_.typical_noise.end(), [](float noise) { return noise > 0; }));
    const float limit = options_.tukey_sigma * options_.tukey_sigma * directions;
    state_.outliers.resize(state_.pixels());
    std::vector<FeatureVector> outlying;
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      outlying.clear();
      std::size_t observations = 0;
      for (std::size_t l = 0; l < stack_.observations(); ++l) {
        FeatureVector distance;
        if (judged_[i] == 0 || !whitened_residual(l, i, distance)) continue;
        ++observations;
        float length = 0;
        for (const float value : distance) length += value * value;
        if (length > limit) outlying.push_back(values(stack_.observations_[l], i));
      }
      state_.outliers[i].outliers = outliers_of(outlying, observations, models_[i].noise);
    }
  }

  /// Against a model without its own uncertainty, which the history does not see. False where the observation does not
  /// count.
  bool whitened_residual(std::size_t l, std::size_t i, FeatureVector& distance) const {
    const ObservationStack::Observation& observation = stack_.observations_[l];
    if (!counts(observation, i)) return false;
    const Expectation expected = expect(models_[i], dates_[l], Terms{}, options_);
    const FeatureVector seen = values(observation, i);
    FeatureVector standard{};
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (expected.deviation[f] <= 0) continue;
      standard[f] = (seen[f] - expected.value[f]) / expected.deviation[f];
      if (standard[f] != standard[f]) return false;
    }
    distance = {};
    for (std::size_t r = 0; r < feature_count; ++r) {
      for (std::size_t c = 0; c <= r; ++c) distance[r] += state_.whitening[r * feature_count + c] * standard[c];
    }
    return true;
  }

  void pack_models() {
    const ModelSteps steps(state_.typical_noise);
    for_rows([&](int, std::size_t i) {
      for (int x = 0; x < state_.width; ++x, ++i) {
        if (judged_[i] != 0) state_.models.set(i, pack(models_[i], steps));
      }
    });
  }

  ObservationStack stack_;
  const MonitorOptions& options_;
  const RowLoop& rows_;
  MonitorState state_;
  PixelVector<SeasonModel> models_;
  std::vector<SeasonDate> dates_;
  PixelVector<std::uint8_t> judged_;
  PixelVector<std::uint8_t> bright_;  // 1: called cloud so often that it is bright ground
};

MonitorState learn(ObservationStack stack, const MonitorOptions& options, const RowLoop& rows) {
  if (stack.observations() == 0) throw DataError("no observation to learn from");
  return Learning(std::move(stack), options, rows).run();
}

namespace {

/// What all windows have in common.
struct WindowsLearnt {
  std::array<std::vector<float>, feature_count> noises;
  ResidualSums sums;
  std::size_t pixels = 0;
  std::size_t observations = 0;

  FeatureVector typical_noise() {
    FeatureVector result{};
    for (std::size_t f = 0; f < feature_count; ++f) result[f] = median_of(noises[f]);
    return result;
  }
};

}  // namespace

void learn_windows(std::size_t count, const StackOf& stack_of, const MonitorOptions& options,
                   const std::function<void(std::size_t, MonitorState)>& learnt) {
  const RowLoop rows = serial_rows;
  const auto fitted = [&](std::size_t window, const FeatureVector& typical_noise) {
    Learning learning(stack_of(window), options, rows);
    learning.count_observations();
    learning.fit_with(typical_noise);
    return learning;
  };
  const auto walk = [&](const FeatureVector& typical_noise, std::size_t stride) {
    WindowsLearnt common;
    for (std::size_t window = 0; window < count; ++window) {
      const Learning learning = fitted(window, typical_noise);
      for (std::size_t f = 0; f < feature_count; ++f) learning.add_noises(f, common.noises[f]);
      if (stride > 0) learning.add_residuals((stride - common.pixels % stride) % stride, stride, common.sums);
      common.pixels += learning.pixels();
      common.observations += learning.observations();
    }
    return common;
  };
  WindowsLearnt first = walk({}, 0);
  if (first.observations == 0) throw DataError("no observation to learn from");
  const FeatureVector first_noise = first.typical_noise();
  WindowsLearnt second = walk(first_noise, stride_of(first.pixels));
  const FeatureVector noise = second.typical_noise();
  const Whitening whitening = whitening_of(second.sums, noise);
  for (std::size_t window = 0; window < count; ++window) {
    learnt(window, fitted(window, first_noise).finish_with(noise, whitening));
  }
}

}  // namespace pitwatch
