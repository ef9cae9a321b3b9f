#include "pipeline/monitor/observe.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/monitor/elementary.hpp"

namespace pitwatch {

float needed_log_odds(float usual, const MonitorOptions& options) {
  constexpr float usual_false_alarms = 10;
  constexpr float per_factor = 2;
  return usual - per_factor * portable_log(options.false_alarms / usual_false_alarms);
}

namespace {

float at(const FeatureVector& values, Feature feature) { return values[index(feature)]; }

float squared_length(const FeatureVector& v) {
  float sum = 0;
  for (const float value : v) sum += value * value;
  return sum;
}

bool is_alert(PixelStatus status) {
  return status == PixelStatus::provisional || status == PixelStatus::confirmed || status == PixelStatus::recovering;
}

/// Pixels whose models' uncertain directions (season_model.hpp) on a date are worked out some at a time, and then
/// used: use(pixel, model, direction).
template <typename Use>
class InBatches {
 public:
  InBatches(const MonitorState& state, const ModelSteps& steps, const SeasonDate& date, const MonitorOptions& options,
            const Use& use)
      : state_(state), steps_(steps), date_(date), options_(options), use_(use) {}

  /// A model that learns a season needs its harmonics, `all_harmonics`, though its history supported none.
  void add(std::size_t pixel, bool all_harmonics = false) {
    pixels_[count_] = pixel;
    models_[count_] = unpack(state_.models[pixel], steps_);
    if (all_harmonics) models_[count_].harmonics = most_harmonics;
    if (++count_ == most_directions) finish();
  }

  void finish() {
    std::array<Terms, most_directions> directions;
    uncertain_directions(std::span(models_).first(count_), date_, options_, directions);
    for (std::size_t k = 0; k < count_; ++k) use_(pixels_[k], models_[k], directions[k]);
    count_ = 0;
  }

 private:
  const MonitorState& state_;
  const ModelSteps& steps_;
  const SeasonDate& date_;
  const MonitorOptions& options_;
  const Use& use_;
  std::array<std::size_t, most_directions> pixels_{};
  std::array<SeasonModel, most_directions> models_{};
  std::size_t count_ = 0;
};

class ObservationJudge {
 public:
  ObservationJudge(MonitorState& state, const ObservationFeatures& observation, const MonitorOptions& options,
                   Observation& result, const RowLoop& rows)
      : state_(state),
        observation_(observation),
        options_(options),
        result_(result),
        rows_(rows),
        steps_(state.typical_noise),
        date_(season_date(observation.when)),
        year_(season_year(observation.when)) {
    if (observation.width != state.width || observation.height != state.height)
      throw DataError("an observation differs in size from its site");
    if (!state.observations.empty()) {
      const Instant last = state.observations.back();
      if (observation.when < last) {
        throw DataError("an observation of " + format_instant(observation.when) + " after one of " +
                        format_instant(last));
      }
      last_part_ = season_date(last).part;
    }
    add_observation(state, observation.when);
    number_ = static_cast<ObservationNumber>(state.observations.size() - 1);
    first_of_sky_ = number_;
    while (first_of_sky_ > 0 &&
           observation.when - state.observations[static_cast<std::size_t>(first_of_sky_ - 1)] < one_sky) {
      --first_of_sky_;
    }
    for (const float noise : state.typical_noise) directions_ += noise > 0 ? 1.0F : 0.0F;
    prepare_factors();
    provisional_log_odds_ = needed_log_odds(options.provisional_log_odds, options);
    confirm_log_odds_ = needed_log_odds(options.confirm_log_odds, options);
    const std::size_t pixels = state.pixels();
    result.evidence.resize(pixels);
    result.probability.resize(pixels);
    result.status.resize(pixels);
    result.use.resize(pixels);
    result.undisturbed.assign(pixels, 0);
    result.residuals.width = state.width;
    result.residuals.height = state.height;
    result.residuals.residual.resize(pixels);
    result.residuals.deviation.resize(pixels);
    result.residuals.kind.resize(pixels);
    result.residuals.tells.resize(pixels);
  }

  void run() {
    if (state_.near_water.empty()) find_shores();
    forget();
    measure_all();
    result_.anomaly.estimate(result_.residuals, options_, rows_);
    for_pixels([this](int x, int y, std::size_t i) { weigh(x, y, i); });
    for_pixels([this](int x, int y, std::size_t i) { join_neighbours(x, y, i); });
    decide_all();
  }

 private:
  /// Of a window of few pixels, few of them are wanted.
  void prepare_factors() {
    std::bitset<256> wanted;
    for (std::size_t i = 0; i < std::min(state_.pixels(), wanted.size()); ++i)
      wanted.set(state_.models[i].lasting_error);
    if (state_.pixels() > wanted.size()) wanted.set();
    for (std::size_t error = 0; error < factors_.size(); ++error) {
      if (!wanted[error]) continue;
      const float lasting = unpack_lasting_error(static_cast<std::uint8_t>(error)) * options_.persistent_error_weight;
      for (std::size_t k = 1; k <= window_observations; ++k) {
        factors_[error].observations[k - 1] = factor_of(k, 1 + options_.passing_error, lasting);
      }
      factors_[error].soil = factor_of(1, 1, lasting);
    }
  }

  /// Pixels of some rows, one after the other.
  template <typename Step>
  void for_pixels_of(int begin, int end, const Step& step) const {
    for (int y = begin; y < end; ++y) {
      std::size_t pixel = static_cast<std::size_t>(y) * static_cast<std::size_t>(state_.width);
      for (int x = 0; x < state_.width; ++x, ++pixel) step(x, y, pixel);
    }
  }
  template <typename Step>
  void for_pixels(const Step& step) const {
    rows_(state_.height, [&](int begin, int end) { for_pixels_of(begin, end, step); });
  }

  /// Where water was seen in the history, and around it: its level comes and goes.
  void find_shores() {
    PixelVector<std::uint8_t> wet(state_.pixels());
    for (std::size_t i = 0; i < wet.size(); ++i) wet[i] = was_water(state_.counts[i]) ? 1 : 0;
    const int reach = static_cast<int>(std::lround(options_.shore_m / options_.pixel_size_m));
    const std::vector<int> around = box_sums(wet, state_.width, state_.height, reach);
    const std::vector<int> beside = box_sums(wet, state_.width, state_.height, std::min(reach, 1));
    state_.near_water.resize(around.size());
    for (std::size_t i = 0; i < around.size(); ++i) {
      state_.near_water[i] = reach == 0      ? NearWater::none
                             : beside[i] > 0 ? NearWater::bank
                             : around[i] > 0 ? NearWater::shore
                                             : NearWater::none;
    }
  }

  /// The observations of a part of the year lose weight when it comes round again.
  void forget() {
    if (!last_part_) return;
    const float kept = kept_after_a_year(options_);
    for (int part = *last_part_ + 1; part <= date_.part; ++part) {
      const auto place = static_cast<std::size_t>(part) % year_parts;
      rows_(state_.height, [&](int begin, int end) {
        const auto width = static_cast<std::size_t>(state_.width);
        for (std::size_t i = static_cast<std::size_t>(begin) * width; i < static_cast<std::size_t>(end) * width; ++i) {
          std::uint8_t& observations = state_.models[i].observations[place];
          observations = aged_observations(observations, kept, Dither(i, static_cast<std::size_t>(part)));
        }
      });
    }
  }

  static bool has_all_features(const SeasonModel& model, const FeatureVector& values) {
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (model.noise[f] > 0 && values[f] != values[f]) return false;
    }
    return true;
  }

  // ---- residuals ----

  void measure_all() {
    rows_(state_.height, [this](int begin, int end) {
      const auto one = [this](std::size_t i, const SeasonModel& model, const Terms& direction) {
        if (is_alert(state_.status[i]) || knows_season(model, date_, options_)) {
          measure(i, expect(model, date_, direction, options_));
        } else if (has_all_features(model, observation_.values[i])) {
          result_.use[i] = was_told(i) ? ObservationUse::same_sky : ObservationUse::learnt;
        }
      };
      InBatches batch(state_, steps_, date_, options_, one);
      for_pixels_of(begin, end, [&](int, int, std::size_t i) {
        if (is_seen(i)) batch.add(i);
      });
      batch.finish();
    });
  }

  /// Counts the observation, and says whether it is to be measured against a model.
  bool is_seen(std::size_t i) {
    PixelCounts& counts = state_.counts[i];
    result_.residuals.kind[i] = no_kind;
    result_.use[i] = ObservationUse::unseen;
    if (observation_.seen[i] == Seen::nothing) return false;
    if (counts.measured < 0xffff && !has_earlier_of_sky()) {
      ++counts.measured;
      counts.called_cloud = static_cast<std::uint16_t>(counts.called_cloud + observation_.called_cloud[i]);
    }
    return observation_.seen[i] == Seen::clear && state_.status[i] != PixelStatus::not_judged;
  }

  void measure(std::size_t i, const Expectation& expected) {
    PixelCounts& counts = state_.counts[i];
    FeatureVector& residual = result_.residuals.residual[i];
    FeatureVector& deviation = result_.residuals.deviation[i];
    for (std::size_t f = 0; f < feature_count; ++f) {
      residual[f] = expected.deviation[f] > 0 ? observation_.values[i][f] - expected.value[f] : 0;
      if (residual[f] != residual[f]) return;
    }
    // Where it should be darker than it is, the expectation is as uncertain as the dark is.
    const float darker = portable_exp(std::clamp(at(residual, Feature::log_visible), 0.0F, 4.0F));
    for (std::size_t f = 0; f < feature_count; ++f) {
      const float error = darker * observation_.errors[i][f];
      deviation[f] =
          expected.deviation[f] > 0 ? std::sqrt(expected.deviation[f] * expected.deviation[f] + error * error) : 0;
    }
    const bool is_snow = is_patchy_snow(i);
    if (is_snow && snow_lies() && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::screened;  // for as long as it lies, but it does not for ever
      return;
    }
    if (!is_missed_cloud(i) && !is_missed_shadow(i) && !is_snow) {
      // Goes on. Only a clean observation ends a row of screened ones: fresh dark rock is now darker than the screen's
      // limit, and now not.
    } else if (has_earlier_of_sky()) {
      result_.use[i] = ObservationUse::screened;  // the same cloud once more: not an observation in a row
      return;
    } else if (counts.screened_in_row < options_.screened_in_row) {
      ++counts.screened_in_row;
      result_.use[i] = ObservationUse::screened;
      return;
    }
    result_.use[i] = ObservationUse::used;
    result_.residuals.kind[i] = state_.kind[i];
    result_.residuals.tells[i] = is_alert(state_.status[i]) ? 0 : 1;
  }

  bool is_missed_cloud(std::size_t i) const {
    const float rise = at(result_.residuals.residual[i], Feature::log_visible);
    // Cloud does not darken the short-wave infrared; a pond does.
    if (at(result_.residuals.residual[i], Feature::log_swir16) < -options_.dark_log) return false;
    return rise > options_.brightened_log &&
           rise > options_.screen_sigma * at(result_.residuals.deviation[i], Feature::log_visible) &&
           observation_.blue_to_red[i] > options_.white_blue_to_red;
  }

  /// Snow between plants and stones: brighter to the eye, and darker in the short-wave infrared. Water is darker in the
  /// near infrared too; what is dug or dumped rises in all bands.
  bool is_patchy_snow(std::size_t i) const {
    const FeatureVector& residual = result_.residuals.residual[i];
    const FeatureVector& deviation = result_.residuals.deviation[i];
    return at(residual, Feature::log_visible) > options_.brightened_log && at(residual, Feature::log_swir16) < 0 &&
           at(residual, Feature::mndwi) > options_.screen_sigma * at(deviation, Feature::mndwi) &&
           (at(observation_.values[i], Feature::ndvi) > 0 || snow_lies());
  }

  /// Elsewhere in the observation.
  bool snow_lies() const { return observation_.snow_share >= options_.snow_share; }

  bool is_missed_shadow(std::size_t i) const {
    const FeatureVector& residual = result_.residuals.residual[i];
    const FeatureVector& deviation = result_.residuals.deviation[i];
    for (const Feature feature : {Feature::log_visible, Feature::log_swir16, Feature::log_swir22}) {
      if (at(residual, feature) > -options_.dark_log ||
          at(residual, feature) > -options_.shadow_sigma * at(deviation, feature))
        return false;
    }
    return std::abs(at(residual, Feature::mndwi)) < options_.screen_sigma * at(deviation, Feature::mndwi) &&
           std::abs(at(residual, Feature::ndvi)) < options_.screen_sigma * at(deviation, Feature::ndvi);
  }

  // ---- evidence ----

  bool has_earlier_of_sky() const { return first_of_sky_ < number_; }
  bool was_told(std::size_t i) const { return has_earlier_of_sky() && state_.history[i].last_clear >= first_of_sky_; }

  void weigh(int x, int y, std::size_t i) {
    if (result_.use[i] != ObservationUse::used) return;
    if (was_told(i)) {
      result_.use[i] = ObservationUse::same_sky;
      return;
    }
    FeatureVector& residual = result_.residuals.residual[i];
    FeatureVector& deviation = result_.residuals.deviation[i];
    const FeatureVector& shared = result_.anomaly.at(x, y, result_.residuals.kind[i]);
    const FeatureVector& scatter = result_.anomaly.scatter(result_.residuals.kind[i]);
    Level level = level_of_water(i);
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (deviation[f] <= 0) continue;
      residual[f] = less_weather(residual[f], shared[f]);
      deviation[f] *= scatter[f];
    }
    const bool is_soil = shows_soil(i);
    const float water = was_and_is_water(i) ? options_.water_share : 1.0F;
    FeatureVector standard{};
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (deviation[f] > 0) standard[f] = water * residual[f] / deviation[f];
    }
    FeatureVector distance = whitened(standard);
    float excuse_log_odds = lowest_log_odds;
    const bool is_as_expected = is_clean(distance);
    if (is_as_expected) {
      state_.counts[i].screened_in_row = 0;
      level = lasting_level(i);
      if (level == Level::as_ever) state_.counts[i].excused_since = no_observation;
    } else if (state_.counts[i].clean_in_row > 0) {
      state_.counts[i].excused_since = no_observation;
    }
    if (!is_as_expected && is_as_at_another_season(i) && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::another_season;
      distance = {};
    } else if (level != Level::as_ever && (is_as_expected || !is_soil)) {
      const auto days = static_cast<float>(excuse(i));
      excuse_log_odds = level == Level::high ? options_.high_water_log_odds - days / options_.high_water_days
                                             : options_.level_log_odds - days / options_.level_days;
    }
    const float limit = is_soil ? options_.soil_limit_sigma : options_.observation_limit_sigma;
    push_front(state_.recent_residuals[i], state_.recent_observations[i], limited(distance, limit), number_);
    if (!state_.outliers.empty()) keep_outlying(i, distance);
    state_.own_evidence[i] = pack_log_odds(own_evidence(i, is_soil, excuse_log_odds));
  }

  /// Days for which what passes has explained all that was not clean, with this observation.
  double excuse(std::size_t i) {
    ObservationNumber& since = state_.counts[i].excused_since;
    if (since == no_observation) since = number_;
    return std::chrono::duration<double, std::ratio<86400>>(observation_.when -
                                                            state_.observations[static_cast<std::size_t>(since)])
        .count();
  }

  /// What similar ground does excuses a pixel that does it, too. It does not accuse one that stays as it was: its kind
  /// may hold ground that the weather moves, and ground that it does not.
  float less_weather(float residual, float shared) const {
    const float whole = residual - shared;
    if (std::abs(whole) <= std::abs(residual)) return whole;
    return residual - options_.surroundings_contrast * shared;
  }

  FeatureVector whitened(const FeatureVector& standard) const {
    FeatureVector result{};
    for (std::size_t r = 0; r < feature_count; ++r) {
      for (std::size_t c = 0; c <= r; ++c) result[r] += state_.whitening[r * feature_count + c] * standard[c];
    }
    return result;
  }

  static FeatureVector limited(FeatureVector v, float limit) {
    const float length = std::sqrt(squared_length(v));
    if (length <= limit) return v;
    for (float& value : v) value *= limit / length;
    return v;
  }

  /// By how much a feature deviates, in noise.
  float sigmas(std::size_t i, Feature feature) const {
    const float deviation = at(result_.residuals.deviation[i], feature);
    return deviation > 0 ? at(result_.residuals.residual[i], feature) / deviation : 0;
  }

  /// Bare mineral ground that is new: brighter to the eye but not white, and not where water was. Where it was green it
  /// is less green, and brighter in the short-wave infrared as well, or at least neither darker nor wetter; where it
  /// was bare it is brighter in all bands, and neither greener nor wetter. Cloud and snow are white, haze makes ground
  /// wetter by MNDWI, shade and water are darker: one such observation tells more than others.
  bool shows_soil(std::size_t i) const {
    if (observation_.blue_to_red[i] >= options_.white_blue_to_red ||
        sigmas(i, Feature::log_visible) <= options_.soil_sigma || is_expected_water(i)) {
      return false;
    }
    const float ndvi = sigmas(i, Feature::ndvi);
    const float swir = sigmas(i, Feature::log_swir16);
    const float wetness = sigmas(i, Feature::mndwi);
    if (green_share(i) < 0.5F && ndvi < options_.greener_sigma && swir > options_.soil_sigma &&
        wetness < options_.soil_sigma)
      return true;
    return at(observation_.values[i], Feature::ndvi) < options_.green_ndvi && ndvi < -options_.soil_sigma &&
           (swir > options_.soil_sigma || (swir > 0 && wetness < options_.screen_sigma));
  }

  /// Evidence of the last observations together, and how many they are where it is largest.
  struct Shift {
    float log_factor = lowest_log_odds;
    std::size_t observations = 1;
  };

  void keep_outlying(std::size_t i, const FeatureVector& distance) {
    PixelOutliers& pixel = state_.outliers[i];
    std::copy_backward(pixel.recent.begin(), pixel.recent.end() - 1, pixel.recent.end());
    const FeatureVector& deviation = result_.residuals.deviation[i];
    float log_scale = 0;
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (deviation[f] > 0) log_scale += portable_log(deviation[f] / state_.whitening[f * feature_count + f]);
    }
    pixel.recent[0] = {distance, log_outlier_density(pixel.outliers, observation_.values[i], deviation, log_scale)};
  }

  Shift largest_shift_among_outliers(std::size_t i) const {
    const PixelOutliers& pixel = state_.outliers[i];
    const auto most = static_cast<std::size_t>(std::clamp(state_.recent(i).count, 1, options_.window_observations));
    const float lasting = unpack_lasting_error(state_.models[i].lasting_error) * options_.persistent_error_weight;
    Shift best;
    for (std::size_t k = 1; k <= most; ++k) {
      const OutlierShift shift =
          shift_among_outliers(std::span(pixel.recent).first(k), pixel.outliers, directions_, lasting, options_);
      const float factor = shift.log_factor * share_of_disturbance(green_share(i), shift.shift[index(Feature::ndvi)]);
      if (k > 1 && factor <= best.log_factor) continue;
      best = {factor, k};
    }
    return best;
  }

  Shift largest_shift(std::size_t i, bool is_soil) const {
    if (!state_.outliers.empty()) return largest_shift_among_outliers(i);
    const RecentObservations recent = state_.recent(i);
    const auto most = static_cast<std::size_t>(std::clamp(recent.count, 1, options_.window_observations));
    const ObservationsFactors& factors = factors_[state_.models[i].lasting_error];
    const float green = green_share(i);
    Shift best;
    FeatureVector sum{};
    for (std::size_t k = 0; k < most; ++k) {
      for (std::size_t f = 0; f < feature_count; ++f) sum[f] += recent.whitened[k][f];
      const float share = k > 0 || is_soil ? 1.0F : options_.single_observation_share;
      const ObservationsFactor& of_observations = k == 0 && is_soil ? factors.soil : factors.observations[k];
      const auto factor_of = [&](const FeatureVector& shift) {
        return share * of_observations.per_square * squared_length(shift) - of_observations.cost;
      };
      float factor = factor_of(sum);
      if (factor > 0) {
        const auto observations = static_cast<float>(k + 1);
        factor *= share_of_disturbance(green, sum[index(Feature::ndvi)] / observations);
        if (green < 1) factor = std::max(factor, (1 - green) * factor_of(less_greening(i, sum)));
      }
      if (k > 0 && factor <= best.log_factor) continue;
      best.log_factor = factor;
      best.observations = k + 1;
    }
    return best;
  }

  /// The share of the evidence that speaks for disturbed ground, `rise` being the whitened rise of NDVI. Ground that is
  /// being dug or covered loses what is green on it and does not turn greener: that keeps out growth, early seasons
  /// and, on green ground, shade and moisture.
  float share_of_disturbance(float green, float rise) const {
    if (state_.typical_noise[index(Feature::ndvi)] <= 0) return 1;
    // NDVI comes first in the triangular whitening: its whitened residual is its own.
    const float none_at = options_.greener_sigma - green * (options_.greener_sigma + 0.5F);
    const float all_at = none_at - options_.fall_sigma;
    return std::clamp((none_at - rise / state_.whitening[0]) / (none_at - all_at), 0.0F, 1.0F);
  }

  /// What plants on bare ground do not explain of a whitened shift: as NDVI rises by 1, the others change by about so
  /// much from soil to grass. Rock of another colour may well have a higher NDVI than what was there, without being
  /// green; but it is brighter, or darker than plants would make it.
  FeatureVector less_greening(std::size_t i, const FeatureVector& whitened_shift) const {
    constexpr FeatureVector per_ndvi{1, -0.6F, -0.25F, -1.4F, -0.5F, -1.2F};
    constexpr float known = 0.5F;  // to within this share
    constexpr std::size_t ndvi = 0;
    FeatureVector shift{};
    for (std::size_t r = 0; r < feature_count; ++r) {
      float rest = whitened_shift[r];
      for (std::size_t c = 0; c < r; ++c) rest -= state_.whitening[r * feature_count + c] * shift[c];
      shift[r] = rest / state_.whitening[r * feature_count + r];
    }
    const FeatureVector& deviation = result_.residuals.deviation[i];
    if (deviation[ndvi] <= 0 || shift[ndvi] <= 0) return whitened_shift;
    const float rise = shift[ndvi] * deviation[ndvi];
    shift[ndvi] = 0;
    for (std::size_t f = 1; f < feature_count; ++f) {
      if (deviation[f] <= 0) continue;
      const float greening = rise * per_ndvi[f] / deviation[f];
      const float rest = shift[f] - greening;
      shift[f] = std::copysign(std::max(0.0F, std::abs(rest) - known * std::abs(greening)), rest);
    }
    return whitened(shift);
  }

  /// What the observation should have shown of a feature.
  float expectation(std::size_t i, Feature feature) const {
    return at(observation_.values[i], feature) - at(result_.residuals.residual[i], feature);
  }

  /// How green the ground should have been: 0 where it has nothing to lose, 1 where it is all green.
  float green_share(std::size_t i) const {
    const float expected = expectation(i, Feature::ndvi);
    return std::clamp((expected - options_.bare_ndvi) / (options_.green_ndvi - options_.bare_ndvi), 0.0F, 1.0F);
  }

  bool was_and_is_water(std::size_t i) const {
    const std::size_t mndwi = index(Feature::mndwi);
    if (state_.typical_noise[mndwi] <= 0) return false;
    return is_expected_water(i) && observation_.values[i][mndwi] > options_.water_mndwi &&
           at(observation_.values[i], Feature::log_swir16) < brightest_water_log_swir16;
  }

  bool is_expected_water(std::size_t i) const {
    return expectation(i, Feature::mndwi) > options_.water_mndwi &&
           expectation(i, Feature::log_swir16) < brightest_water_log_swir16;
  }

  /// What the level of water nearby may have to do with an observation.
  enum class Level : std::uint8_t {
    as_ever,
    high,     // land that turned towards water
    another,  // where water was, or beside it
  };

  Level level_of_water(std::size_t i) const {
    if (state_.near_water[i] == NearWater::none) return Level::as_ever;
    const float limit = options_.level_sigma * at(result_.residuals.deviation[i], Feature::mndwi);
    const float change = at(result_.residuals.residual[i], Feature::mndwi);
    // Ground that is wet, or partly under water, is darker in all bands, as in shadow.
    const bool wetter = looks_wet(observation_.values[i]) || is_missed_shadow(i) ||
                        (change > limit && at(result_.residuals.residual[i], Feature::log_swir16) < 0);
    if (state_.near_water[i] == NearWater::shore) return wetter ? Level::high : Level::as_ever;
    return wetter || change < -limit || is_expected_water(i) ? Level::another : Level::as_ever;
  }

  /// The level that explained observations which an observation as expected is weighed together with: water that is
  /// back where it should be does not make a disturbance of what it left dry before.
  Level lasting_level(std::size_t i) const {
    const PixelCounts& counts = state_.counts[i];
    if (state_.near_water[i] == NearWater::none || counts.excused_since == no_observation) return Level::as_ever;
    if (counts.clean_in_row + 1 >= options_.window_observations) return Level::as_ever;
    return state_.near_water[i] == NearWater::shore ? Level::high : Level::another;
  }

  /// Log odds of disturbance to no change, and to what else explains the observations just as well (`excuse`: log odds
  /// of that to no change, before any observation).
  float own_evidence(std::size_t i, bool is_soil, float excuse) const {
    const float evidence = largest_shift(i, is_soil).log_factor;
    const float excused = excuse > lowest_log_odds ? softplus(std::max(0.0F, evidence) + excuse) : 0.0F;
    return std::clamp(evidence - excused + options_.prior_log_odds, lowest_log_odds, highest_log_odds);
  }

  /// log(1 + exp(x))
  static float softplus(float x) {
    constexpr float large = 15;
    return x > large ? x : portable_log(1 + portable_exp(std::max(x, -large)));
  }

  float with_neighbours(int x, int y, std::size_t i) const {
    const float own = unpack(state_.own_evidence[i]);
    if (options_.neighbours <= 0) return own;
    float sum = 0;
    float weights = 0;
    for (int dy = -1; dy <= 1; ++dy) {
      if (y + dy < 0 || y + dy >= state_.height) continue;
      for (int dx = -1; dx <= 1; ++dx) {
        if (x + dx < 0 || x + dx >= state_.width) continue;
        const std::size_t other = i + static_cast<std::size_t>(dy * state_.width + dx);
        if (state_.status[other] == PixelStatus::not_judged) continue;
        const auto weight = static_cast<float>((2 - std::abs(dx)) * (2 - std::abs(dy)));
        sum += weight * unpack(state_.own_evidence[other]);
        weights += weight;
      }
    }
    return weights > 0 ? (1 - options_.neighbours) * own + options_.neighbours * sum / weights : own;
  }

  void join_neighbours(int x, int y, std::size_t i) {
    const bool judged = state_.status[i] != PixelStatus::not_judged;
    result_.evidence[i] = judged ? with_neighbours(x, y, i) : 0;
    result_.probability[i] = judged ? portable_logistic(result_.evidence[i]) : 0;
  }

  bool is_clean(const FeatureVector& whitened) const {
    return squared_length(whitened) < options_.clean_sigma * options_.clean_sigma * directions_;
  }

  /// Where the history is too short to show the whole year, seasons that it shows stand for those that it lacks.
  bool is_as_at_another_season(std::size_t i) const {
    if (is_alert(state_.status[i])) return false;
    const SeasonModel model = unpack(state_.models[i], steps_);
    return !knows_whole_year(model, options_) && is_like_own_year(i, model, options_.short_history_sigma);
  }

  // ---- decisions ----

  void decide_all() {
    rows_(state_.height, [this](int begin, int end) {
      const auto one = [this](std::size_t i, SeasonModel& model, const Terms& direction) {
        take_in(i, model, direction);
      };
      InBatches batch(state_, steps_, date_, options_, one);
      for_pixels_of(begin, end, [&](int, int, std::size_t i) {
        const ObservationUse use = result_.use[i];
        if (counts(use) || use == ObservationUse::learnt) state_.history[i].last_clear = number_;
        const bool is_as_ever = counts(use) && follow(i);
        if (use == ObservationUse::learnt || (use == ObservationUse::used && is_as_ever))
          batch.add(i, use == ObservationUse::learnt);
        result_.status[i] = state_.status[i];
      });
      batch.finish();
    });
  }

  /// Takes what the observation shows, less the weather where that is known, into the model.
  void take_in(std::size_t i, SeasonModel& model, const Terms& direction) {
    const auto width = static_cast<std::size_t>(state_.width);
    FeatureVector seen = observation_.values[i];
    if (result_.use[i] == ObservationUse::used) {
      result_.undisturbed[i] = 1;
      const FeatureVector& shared =
          result_.anomaly.at(static_cast<int>(i % width), static_cast<int>(i / width), result_.residuals.kind[i]);
      for (std::size_t f = 0; f < feature_count; ++f) seen[f] -= shared[f];
    }
    adapt(model, date_, direction, seen, options_.adaptation);
    pack_adapted(model, steps_, date_.year_part(),
                 Dither(i, static_cast<std::size_t>(observation_.when.time_since_epoch().count())), state_.models[i]);
  }

  /// Moves a pixel that was seen on through its life. True where it is as ever: then the observation goes into its
  /// model.
  bool follow(std::size_t i) {
    const float evidence = result_.evidence[i];
    PixelStatus& status = state_.status[i];
    PixelHistory& history = state_.history[i];
    PixelCounts& counts = state_.counts[i];
    const RecentObservations recent = state_.recent(i);
    const bool clean = is_clean(recent.whitened[0]);
    counts.clean_in_row = clean ? static_cast<std::uint8_t>(std::min(counts.clean_in_row + 1, 255)) : std::uint8_t{0};
    const float vegetation = at(result_.residuals.residual[i], Feature::ndvi);

    if (!is_alert(status)) {
      if (evidence >= provisional_log_odds_) {
        const std::size_t observations = largest_shift(i, shows_soil(i)).observations;
        status = PixelStatus::provisional;
        history.first_detected = number_;
        history.confirmed_on = no_observation;
        history.onset_before = recent.observation[observations - 1];
        history.onset_after =
            observations < static_cast<std::size_t>(recent.count) ? recent.observation[observations] : no_observation;
        history.last_detected = number_;
        history.observations_since_onset = static_cast<std::int32_t>(observations);
        history.own_year_observations = is_of_own_year(i) ? history.observations_since_onset : 0;
        history.vegetation_lost = std::max(0.0F, -vegetation);
        return false;
      }
      return clean && evidence < 0;
    }

    ++history.observations_since_onset;
    history.own_year_observations += is_of_own_year(i) ? 1 : 0;
    history.vegetation_lost = std::max(history.vegetation_lost, -vegetation);
    if (!clean) history.last_detected = number_;
    if (status == PixelStatus::provisional) {
      if (counts.clean_in_row >= options_.close_provisional_observations) {
        status = PixelStatus::closed;
      } else if (evidence >= confirm_log_odds_ && history.observations_since_onset >= options_.confirm_observations) {
        status = PixelStatus::confirmed;
        history.confirmed_on = number_;
      }
      return false;
    }
    if (counts.clean_in_row >= options_.close_confirmed_observations) {
      status = PixelStatus::closed;
      return false;
    }
    const bool vegetation_was_lost =
        history.vegetation_lost > options_.lost_sigma * at(result_.residuals.deviation[i], Feature::ndvi);
    const bool is_back = -vegetation < (1 - options_.recovered_share) * history.vegetation_lost;
    if (vegetation_was_lost) status = is_back ? PixelStatus::recovering : PixelStatus::confirmed;
    return false;
  }

  /// By how much all brightnesses are lower than expected, at most turned_soil_log; 0 or less.
  float shared_darkening(std::size_t i, const Expectation& expected) const {
    float least = -options_.turned_soil_log;
    for (const Feature feature : {Feature::log_visible, Feature::log_swir16, Feature::log_swir22}) {
      if (at(expected.deviation, feature) <= 0) continue;
      least = std::max(least, at(observation_.values[i], feature) - at(expected.value, feature));
    }
    return std::min(least, 0.0F);
  }

  bool is_of_own_year(std::size_t i) const {
    return is_like_own_year(i, unpack(state_.models[i], steps_), options_.own_year_sigma);
  }

  /// Whether the observation shows what the model expects of the pixel at some time of the year that it knows, or that
  /// with its soil moist or turned, to within so many sigma per direction.
  bool is_like_own_year(std::size_t i, const SeasonModel& model, float sigma) const {
    const float limit = sigma * sigma * directions_;
    for (const SeasonDate& date : year_) {
      if (!knows_season(model, date, options_)) continue;
      const Expectation expected = expect(model, date, options_);
      const float darkening = shared_darkening(i, expected);
      FeatureVector standard{};
      for (std::size_t f = 0; f < feature_count; ++f) {
        if (expected.deviation[f] <= 0) continue;
        const float error = observation_.errors[i][f];
        const float darker = f >= index(Feature::log_visible) ? darkening : 0.0F;
        standard[f] = (observation_.values[i][f] - expected.value[f] - darker) /
                      std::sqrt(expected.deviation[f] * expected.deviation[f] + error * error);
      }
      if (squared_length(whitened(standard)) < limit) return true;
    }
    return false;
  }

  /// Constants of the Bayes factor for k observations.
  struct ObservationsFactor {
    float per_square = 0;  // of the squared length of the summed residuals
    float cost = 0;
  };
  struct ObservationsFactors {
    std::array<ObservationsFactor, window_observations> observations;
    ObservationsFactor soil;  // of one observation that shows new bare ground: nothing that passes looks like that
  };

  /// Of k observations whose variance is `of_observation` each, and a lasting error.
  ObservationsFactor factor_of(std::size_t k, float of_observation, float lasting) const {
    const auto observations = static_cast<float>(k);
    const float v0 = of_observation / observations + lasting;
    const float v1 = v0 + options_.shift_sigma * options_.shift_sigma;
    return {0.5F * (1 / v0 - 1 / v1) / (observations * observations),
            0.5F * directions_ * static_cast<float>(std::log(static_cast<double>(v1 / v0)))};
  }

  MonitorState& state_;
  const ObservationFeatures& observation_;
  const MonitorOptions& options_;
  Observation& result_;
  const RowLoop& rows_;
  ModelSteps steps_;
  SeasonDate date_;
  SeasonYear year_;
  ObservationNumber number_ = no_observation;
  ObservationNumber first_of_sky_ = no_observation;  // the earliest observation under the sky of this one, or this one
  std::optional<int> last_part_;                     // of the year, of the last observation
  float directions_ = 0;                             // number of features that are monitored
  float provisional_log_odds_ = 0;                   // that decisions need
  float confirm_log_odds_ = 0;
  std::array<ObservationsFactors, 256> factors_{};  // by the pixel's lasting error, as it is packed
};

}  // namespace

void observe(MonitorState& state, const ObservationFeatures& observation, const MonitorOptions& options,
             Observation& result, const RowLoop& rows) {
  ObservationJudge(state, observation, options, result, rows).run();
}

}  // namespace pitwatch
