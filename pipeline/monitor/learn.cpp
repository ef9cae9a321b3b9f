#include "pipeline/monitor/learn.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "kernels/history.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/monitor/regional_anomaly.hpp"

namespace pitwatch {
namespace {

template <int size>
using Square = Eigen::Matrix<double, size, size>;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, most_features, most_features>;
using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, most_features, 1>;
using Whitening = std::vector<float>;
constexpr int usual = feature_count;

/// 0 of none.
float median_of(std::vector<float>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Products of standardised residuals that agree with the model.
struct ResidualSums {
  explicit ResidualSums(std::size_t features)
      : products(Matrix::Zero(static_cast<int>(features), static_cast<int>(features))) {}

  Matrix products;
  double count = 0;

  ResidualSums& operator+=(const ResidualSums& other) {
    products += other.products;
    count += other.count;
    return *this;
  }
};

/// Some thousand pixels tell of a covariance as much as all.
std::size_t stride_of(std::size_t pixels) { return std::max<std::size_t>(1, pixels / 5000); }

/// Of a matrix of a fixed size, which Eigen rounds otherwise than one of any, or of any: Eigen::Dynamic.
template <int size>
Whitening whitening_of_size(const ResidualSums& sums, const FeatureVector& typical_noise) {
  constexpr double prior = 200;
  const auto features = static_cast<int>(sums.products.rows());
  const Square<size> products = sums.products;
  const Square<size> identity = Square<size>::Identity(features, features);
  Square<size> covariance = products + prior * identity;
  covariance /= sums.count + prior;
  for (int f = 0; f < features; ++f) {
    if (typical_noise[static_cast<std::size_t>(f)] > 0) continue;
    covariance.row(f).setZero();
    covariance.col(f).setZero();
    covariance(f, f) = 1;
  }
  // Each model is rounded by chance as it goes on, a feature's for itself. One that says what another says would else
  // make evidence of that.
  [[maybe_unused]] constexpr double own_error = 0.25;  // variance, in that of an observation
  if constexpr (size == Eigen::Dynamic) {
    for (int f = usual; f < features; ++f) covariance(f, f) += own_error;
  }
  const Square<size> factor = covariance.llt().matrixL();
  const Square<size> inverse = factor.template triangularView<Eigen::Lower>().solve(identity);
  Whitening whitening;
  for (int r = 0; r < features; ++r) {
    for (int c = 0; c < features; ++c) whitening.push_back(static_cast<float>(inverse(r, c)));
  }
  return whitening;
}

/// Of the joint covariance, shrunk to independence like a prior of some hundred observations; its scale is left at 1
/// per feature, since the noise has that.
Whitening whitening_of(const ResidualSums& sums, const FeatureVector& typical_noise) {
  return sums.products.rows() == usual ? whitening_of_size<usual>(sums, typical_noise)
                                       : whitening_of_size<Eigen::Dynamic>(sums, typical_noise);
}

/// Rounded likewise.
double squared_length(const Vector& z) {
  if (z.size() != usual) return z.squaredNorm();
  const Eigen::Matrix<double, usual, 1> fixed = z;
  return fixed.squaredNorm();
}

FeatureVector values_at(const PackedPixels& pixels, std::size_t features, std::size_t pixel) {
  FeatureVector result{};
  for (std::size_t f = 0; f < features; ++f) {
    const std::int16_t value = pixels.values[f * pixels.feature_stride + pixel];
    result[f] = value == kernels::no_season_value ? std::numeric_limits<float>::quiet_NaN()
                                                  : static_cast<float>(value) * history_step;
  }
  return result;
}

/// Rows of floats that kernels write into, one of each feature or term.
template <std::size_t most>
class ScratchRows {
 public:
  float* const* of(std::size_t pixels, std::size_t count = most) {
    values_.resize(count * pixels);
    for (std::size_t k = 0; k < count; ++k) rows_[k] = values_.data() + k * pixels;
    return rows_.data();
  }

 private:
  PixelVector<float> values_;
  std::array<float*, most> rows_{};
};

/// A strip's history, as kernels want it, and memory to work in.
struct StripHistory {
  int strip = 0;
  std::size_t first = 0;  // pixel
  std::size_t pixels = 0;
  std::vector<PackedPixels> observations;
  std::vector<const std::int16_t*> values;
  PixelVector<std::uint8_t> counts;  // by observation, then pixel: whether it is learnt from
  PixelVector<std::byte> memory;
  PixelVector<std::byte> workspace;
};

}  // namespace

/// The steps of learn().
class Learning {
 public:
  Learning(ObservationStack stack, const MonitorOptions& options, const RowLoop& rows)
      : stack_(std::move(stack)),
        features_(stack_.features()),
        options_(options),
        rows_(rows),
        models_(stack_.counts().size(), features_) {
    state_ = make_state(stack_.width(), stack_.height(), features_);
    for (std::size_t l = 0; l < stack_.observations(); ++l) {
      const SeasonDate date = season_date(stack_.when(l));
      days_.push_back(season_day(date));
      parts_.push_back(static_cast<std::uint8_t>(date.year_part()));
      add_observation(state_, stack_.when(l));
    }
    count_observations();
  }

  MonitorState run() {
    fit({});
    state_.kind = group_ground(models_, rows_);
    take_out_regional_anomaly();
    fit(own_noise());
    state_.typical_noise = own_noise();
    state_.whitening = whitening_of(residual_sums(0, stride_of(state_.pixels())), state_.typical_noise);
    return finish();
  }

  /// Fits a model to each pixel's history.
  void fit(const FeatureVector& typical_noise) {
    const kernels::SeasonFitOptions options = season_fit_options(options_, typical_noise);
    for_strips([&](StripHistory& strip) {
      strip.workspace.resize(kernels::season_fit_workspace(stack_.observations(), features_));
      kernels::season_fit(season_history(strip), options, strip.pixels, strip.workspace.data(),
                          models_.from(strip.first).fitted());
    });
  }

  // ---- the same of several windows, one after the other (learn_windows) ----

  MonitorState finish_with(const FeatureVector& typical_noise, const Whitening& whitening) {
    state_.typical_noise = typical_noise;
    state_.whitening = whitening;
    for (std::size_t i = 0; i < state_.pixels(); ++i) state_.kind[i] = models_.is_fitted(i) ? std::uint8_t{0} : no_kind;
    return finish();
  }

  /// Adds the noise of a feature at each pixel that is judged.
  void add_noises(std::size_t feature, std::vector<float>& noises) const {
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      const float noise = models_.noise(i, feature);
      if (models_.is_fitted(i) && noise > 0) noises.push_back(noise);
    }
  }

  /// Of every `stride`th pixel, from `first` on.
  ResidualSums residual_sums(std::size_t first, std::size_t stride) {
    std::vector<ResidualSums> of_strips(static_cast<std::size_t>(stack_.strips()), ResidualSums(features_));
    for_strips([&](StripHistory& strip) {
      const std::size_t skipped =
          strip.first > first ? (stride - (strip.first - first) % stride) % stride : first - strip.first;
      for (std::size_t x = skipped; x < strip.pixels; x += stride) {
        add_residuals(strip, x, of_strips[static_cast<std::size_t>(strip.strip)]);
      }
    });
    ResidualSums all(features_);
    for (const ResidualSums& sums : of_strips) all += sums;
    return all;
  }

  std::size_t pixels() const { return state_.pixels(); }
  std::size_t observations() const { return stack_.observations(); }

 private:
  MonitorState finish() {
    measure_what_lasts();
    const ModelSteps steps(state_.typical_noise);
    rows_(state_.height, [&](int begin, int end) {
      const auto width = static_cast<std::size_t>(state_.width);
      for (std::size_t i = static_cast<std::size_t>(begin) * width; i < static_cast<std::size_t>(end) * width; ++i) {
        if (!models_.is_fitted(i)) continue;
        state_.models.set(i, pack(models_.at(i), steps));
        state_.status[i] = PixelStatus::stable;
      }
    });
    return std::move(state_);
  }

  FeatureVector own_noise() const {
    FeatureVector result{};
    std::vector<float> noises;
    for (std::size_t f = 0; f < features_; ++f) {
      noises.clear();
      add_noises(f, noises);
      result[f] = median_of(noises);
    }
    return result;
  }

  /// Where the mask calls a pixel cloud far more often than the site, it is bright ground.
  void count_observations() {
    std::int64_t measured = 0;
    std::int64_t called = 0;
    for (const SeenCounts& counts : stack_.counts()) {
      measured += counts.measured;
      called += counts.called_cloud;
    }
    const float typical =
        measured > 0 ? static_cast<float>(static_cast<double>(called) / static_cast<double>(measured)) : 0;
    is_bright_.assign(state_.pixels(), 0);
    for (std::size_t i = 0; i < state_.pixels(); ++i) {
      const SeenCounts& counts = stack_.counts()[i];
      state_.counts[i].measured = counts.measured;
      state_.counts[i].called_cloud = counts.called_cloud;
      state_.counts[i].wet = counts.wet;
      is_bright_[i] = static_cast<float>(counts.called_cloud) >
                      (typical + options_.called_cloud_excess) * static_cast<float>(counts.measured);
    }
  }

  /// Whether pixels of an observation are learnt from: 1 or 0.
  void count(const std::uint8_t* seen, std::size_t first, std::size_t pixels, std::uint8_t* counts) const {
    for (std::size_t x = 0; x < pixels; ++x) {
      const bool is_clear = seen[x] == static_cast<std::uint8_t>(Seen::clear);
      const bool is_bright = is_bright_[first + x] != 0 && (seen[x] & called_cloud_bit) != 0;
      counts[x] = is_clear || is_bright ? 1 : 0;
    }
  }

  /// Calls body(strip) for all strips, with their histories.
  template <typename Body>
  void for_strips(const Body& body) {
    for_strip_numbers([&](int begin, int end) {
      StripHistory strip;
      for (int number = begin; number < end; ++number) {
        strip.strip = number;
        strip.first = stack_.first_pixel(number);
        strip.pixels = stack_.pixels(number);
        strip.observations = stack_.history(number, strip.memory);
        strip.values.clear();
        strip.counts.resize(strip.observations.size() * strip.pixels);
        for (std::size_t l = 0; l < strip.observations.size(); ++l) {
          strip.values.push_back(strip.observations[l].values);
          count(strip.observations[l].seen, strip.first, strip.pixels, strip.counts.data() + l * strip.pixels);
        }
        body(strip);
      }
    });
  }

  /// Calls body(begin, end) for strips that together are all.
  template <typename Body>
  void for_strip_numbers(const Body& body) const {
    constexpr int rows = ObservationStack::strip_rows;
    rows_(state_.height, [&](int begin, int end) { body((begin + rows - 1) / rows, (end + rows - 1) / rows); });
  }

  kernels::SeasonHistory season_history(const StripHistory& strip) const {
    return {.days = days_,
            .parts = parts_.data(),
            .features = features_,
            .values = strip.values.data(),
            .feature_stride = strip.pixels,
            .counts = strip.counts.data(),
            .counts_stride = strip.pixels,
            .step = history_step};
  }

  void add_residuals(const StripHistory& strip, std::size_t x, ResidualSums& sums) const {
    const std::size_t pixel = strip.first + x;
    if (!models_.is_fitted(pixel)) return;
    const SeasonModel model = models_.at(pixel);
    const auto limit = static_cast<double>(options_.tukey_sigma);
    double directions = feature_count;
    for (std::size_t f = feature_count; f < features_; ++f) directions += model.noise[f] > 0 ? 1 : 0;
    for (std::size_t l = 0; l < days_.size(); ++l) {
      if (strip.counts[l * strip.pixels + x] == 0) continue;
      const FeatureVector seen = values_at(strip.observations[l], features_, x);
      Vector z(static_cast<int>(features_));
      for (std::size_t f = 0; f < features_; ++f) {
        const float noise = model.noise[f];
        const float rest = noise > 0 ? (seen[f] - product(model.coefficients[f], days_[l].terms)) / noise : 0;
        z(static_cast<int>(f)) = static_cast<double>(rest);
      }
      // Not where a feature is missing, either.
      if (!(squared_length(z) <= limit * limit * directions)) continue;
      sums.products += z * z.transpose();
      ++sums.count;
    }
  }

  /// Observation by observation, what similar ground shares on its date. Residuals are measured of some at a time: what
  /// that takes is reading the models.
  void take_out_regional_anomaly() {
    if (options_.surroundings_m <= 0) return;
    std::array<ObservationResiduals, 2> some;
    for (ObservationResiduals& observation : some) {
      observation.width = state_.width;
      observation.height = state_.height;
      observation.residual.resize(state_.pixels(), features_);
      observation.deviation.resize(state_.pixels(), features_);
      observation.kind.resize(state_.pixels());
      observation.tells.assign(state_.pixels(), 1);
    }
    RegionalAnomaly anomaly;
    for (std::size_t first = 0; first < stack_.observations(); first += some.size()) {
      const auto observations = std::span(some).first(std::min(some.size(), stack_.observations() - first));
      measure_residuals(first, observations);
      for (std::size_t k = 0; k < observations.size(); ++k) {
        anomaly.estimate(observations[k], options_, rows_);
        take_out(first + k, observations[k], anomaly);
      }
    }
  }

  void measure_residuals(std::size_t first_observation, std::span<ObservationResiduals> observations) {
    const kernels::SeasonInformation information = season_information(options_);
    const auto width = static_cast<std::size_t>(state_.width);
    for_strip_numbers([&](int begin, int end) {
      std::vector<PixelVector<std::byte>> memory(observations.size());
      std::vector<PackedPixels> packed(observations.size());
      RowScratch scratch(width);
      for (int strip = begin; strip < end; ++strip) {
        for (std::size_t k = 0; k < observations.size(); ++k) {
          packed[k] = stack_.load(strip, first_observation + k, memory[k]);
        }
        // Row by row: its models stay near while the observations are gone through.
        for (std::size_t x = 0; x < stack_.pixels(strip); x += width) {
          for (std::size_t k = 0; k < observations.size(); ++k) {
            const PackedPixels row{packed[k].values + x, packed[k].feature_stride, packed[k].seen + x};
            measure_row(row, stack_.first_pixel(strip) + x, days_[first_observation + k], information, scratch,
                        observations[k]);
          }
        }
      }
    });
  }

  /// Memory for a row.
  struct RowScratch {
    explicit RowScratch(std::size_t width) : counts(width), usable(width) {}
    PixelVector<std::uint8_t> counts;
    PixelVector<std::uint8_t> usable;
    ScratchRows<term_count> directions;
    ScratchRows<most_features> values;
  };

  void measure_row(const PackedPixels& packed, std::size_t first, const kernels::SeasonDay& day,
                   const kernels::SeasonInformation& information, RowScratch& scratch,
                   ObservationResiduals& observation) {
    const std::size_t pixels = scratch.counts.size();
    count(packed.seen, first, pixels, scratch.counts.data());
    const SeasonModels::Rows models = models_.from(first);
    float* const* const direction = scratch.directions.of(pixels);
    float* const* const expected = scratch.values.of(pixels, features_);
    const auto deviation = observation.deviation.from(first);
    const auto residual = observation.residual.from(first);
    kernels::season_direction(models.models(), pixels, day, information, direction);
    kernels::season_expectation(models.models(), features_, pixels, day, direction, options_.leverage_weight,
                                options_.season_shift_days, expected, deviation.data());
    kernels::history_residuals(packed.values, packed.feature_stride, scratch.counts.data(), features_, pixels,
                               history_step, expected, deviation.data(), residual.data(), scratch.usable.data());
    for (std::size_t x = 0; x < pixels; ++x) {
      const bool counts = scratch.usable[x] != 0 && models.is_fitted[x] != 0;
      observation.kind[first + x] = counts ? state_.kind[first + x] : no_kind;
    }
  }

  void take_out(std::size_t l, const ObservationResiduals& observation, const RegionalAnomaly& anomaly) {
    for_strip_numbers([&](int begin, int end) {
      const auto width = static_cast<std::size_t>(state_.width);
      PixelVector<std::byte> memory;
      ScratchRows<most_features> rows;
      for (int strip = begin; strip < end; ++strip) {
        const std::size_t first = stack_.first_pixel(strip);
        const std::size_t pixels = stack_.pixels(strip);
        float* const* const shared = rows.of(pixels, features_);
        for (std::size_t x = 0; x < pixels; ++x) {
          const std::uint8_t kind = observation.kind[first + x];
          const FeatureVector amounts = kind == no_kind ? FeatureVector{}
                                                        : anomaly.at(static_cast<int>((first + x) % width),
                                                                     static_cast<int>((first + x) / width), kind);
          for (std::size_t f = 0; f < features_; ++f) shared[f][x] = amounts[f];
        }
        stack_.change(strip, l, memory, [&](const PackedPixels& packed) {
          for (std::size_t f = 0; f < features_; ++f) {
            kernels::take_off_history(shared[f], pixels, history_steps, packed.values + f * packed.feature_stride);
          }
        });
      }
    });
  }

  /// How far the mean of window_observations observations in a row lies from the model, beyond what the noise of single
  /// observations makes of it: years differ, and harmonics do not follow. What an observation alone says counts with
  /// the noise, what several say together with this. Likewise outliers, where no screen knows them.
  void measure_what_lasts() {
    const auto directions = static_cast<float>(
        std::count_if(state_.typical_noise.begin(), state_.typical_noise.end(), [](float noise) { return noise > 0; }));
    const float limit = options_.tukey_sigma * options_.tukey_sigma * directions;
    const auto is_monitored = [this](Feature feature) { return state_.typical_noise[index(feature)] > 0; };
    const bool has_outliers = !is_monitored(Feature::log_visible) || !is_monitored(Feature::log_swir16);
    if (has_outliers) state_.outliers.assign(state_.pixels(), {});
    for_strips([&](StripHistory& strip) {
      if (directions > 0) measure_lasting_error(strip, directions, limit);
      if (has_outliers) find_outliers(strip, limit);
    });
  }

  void measure_lasting_error(const StripHistory& strip, float directions, float limit) {
    static_assert(kernels::season_window == window_observations);
    ScratchRows<2> rows;
    float* const* const sums = rows.of(strip.pixels);
    const SeasonModels::Rows models = models_.from(strip.first);
    kernels::lasting_errors(season_history(strip), models.models(),
                            {state_.whitening.data(), options_.season_shift_days, limit}, strip.pixels, sums[0],
                            sums[1]);
    constexpr auto window = static_cast<float>(window_observations);
    const float prior = options_.persistent_error_observations / window;
    for (std::size_t x = 0; x < strip.pixels; ++x) {
      const float squares = sums[0][x] / (window * window * directions);
      const float windows = sums[1][x];
      // Windows overlap: as many count as do not.
      const float seen = windows / window;
      const float error = windows > 0 ? std::max(0.0F, squares / windows - 1 / window) : 0.0F;
      models.lasting_error[x] = (seen * error + prior * options_.persistent_error) / std::max(seen + prior, 1e-6F);
    }
  }

  void find_outliers(const StripHistory& strip, float limit) {
    std::vector<FeatureVector> outlying;
    for (std::size_t x = 0; x < strip.pixels; ++x) {
      const std::size_t pixel = strip.first + x;
      const SeasonModel model = models_.at(pixel);
      outlying.clear();
      std::size_t observations = 0;
      for (std::size_t l = 0; l < days_.size(); ++l) {
        if (!models_.is_fitted(pixel) || strip.counts[l * strip.pixels + x] == 0) continue;
        const FeatureVector values = values_at(strip.observations[l], features_, x);
        const float length = whitened_length(model, values, l);
        if (length != length) continue;
        ++observations;
        if (length > limit) outlying.push_back(values);
      }
      state_.outliers[pixel].outliers = outliers_of(outlying, observations, model.noise);
    }
  }

  /// Squared length of the whitened residual against a model taken as certain; NaN where a feature is missing.
  float whitened_length(const SeasonModel& model, const FeatureVector& values, std::size_t l) const {
    FeatureVector standard{};
    for (std::size_t f = 0; f < features_; ++f) {
      if (model.noise[f] <= 0) continue;
      const float drift = product(model.coefficients[f], days_[l].slopes) * options_.season_shift_days;
      const float deviation = std::sqrt(model.noise[f] * model.noise[f] + drift * drift);
      standard[f] = (values[f] - product(model.coefficients[f], days_[l].terms)) / deviation;
    }
    float length = 0;
    for (std::size_t r = 0; r < features_; ++r) {
      float whitened = 0;
      for (std::size_t c = 0; c <= r; ++c) whitened += state_.whitening[r * features_ + c] * standard[c];
      length += whitened * whitened;
    }
    return length;
  }

  ObservationStack stack_;
  std::size_t features_;
  const MonitorOptions& options_;
  const RowLoop& rows_;
  MonitorState state_;
  SeasonModels models_;
  std::vector<kernels::SeasonDay> days_;
  std::vector<std::uint8_t> parts_;
  PixelVector<std::uint8_t> is_bright_;  // called cloud so often that it is bright ground
};

MonitorState learn(ObservationStack stack, const MonitorOptions& options, const RowLoop& rows) {
  if (stack.observations() == 0) throw DataError("no observation to learn from");
  if (stack.features() != feature_count + options.extra.size())
    throw DataError("a history has other features than are monitored");
  return Learning(std::move(stack), options, rows).run();
}

namespace {

/// What all windows have in common.
struct WindowsLearnt {
  explicit WindowsLearnt(std::size_t features) : noises(features), sums(features) {}
  std::vector<std::vector<float>> noises;
  ResidualSums sums;
  std::size_t pixels = 0;
  std::size_t observations = 0;

  FeatureVector typical_noise() {
    FeatureVector result{};
    for (std::size_t f = 0; f < noises.size(); ++f) result[f] = median_of(noises[f]);
    return result;
  }
};

}  // namespace

void learn_windows(std::size_t count, const StackOf& stack_of, const MonitorOptions& options,
                   const std::function<void(std::size_t, MonitorState)>& learnt) {
  const RowLoop rows = serial_rows;
  const auto fitted = [&](std::size_t window, const FeatureVector& typical_noise) {
    Learning learning(stack_of(window), options, rows);
    learning.fit(typical_noise);
    return learning;
  };
  const auto walk = [&](const FeatureVector& typical_noise, std::size_t stride) {
    WindowsLearnt common(feature_count + options.extra.size());
    for (std::size_t window = 0; window < count; ++window) {
      Learning learning = fitted(window, typical_noise);
      for (std::size_t f = 0; f < common.noises.size(); ++f) learning.add_noises(f, common.noises[f]);
      if (stride > 0) common.sums += learning.residual_sums((stride - common.pixels % stride) % stride, stride);
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
