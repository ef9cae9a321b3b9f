#include "pipeline/monitor/observe.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "kernels/elementary.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/monitor/pixel_life.hpp"
#include "pipeline/monitor/shift.hpp"
#include "pipeline/monitor/sight.hpp"

namespace pitwatch {

float needed_log_odds(float usual, const MonitorOptions& options) {
  constexpr float usual_false_alarms = 10;
  constexpr float per_factor = 2;
  return usual - per_factor * kernels::portable_log(options.false_alarms / usual_false_alarms);
}

namespace {

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

/// One observation of a site, pass by pass over its pixels.
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
        year_(season_year(observation.when)),
        shift_(state, options),
        needed_{needed_log_odds(options.provisional_log_odds, options),
                needed_log_odds(options.confirm_log_odds, options)} {
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
    state_.near_water.assign(state_.pixels(), WaterReach::none);
    if (reach == 0) return;
    const auto width = static_cast<std::size_t>(state_.width);
    const auto mark = [&](int radius, WaterReach what) {
      for_window_sums(wet, state_.width, state_.height, radius, rows_, [&](int y, std::span<const std::int32_t> near) {
        for (std::size_t x = 0; x < width; ++x)
          if (near[x] > 0) state_.near_water[static_cast<std::size_t>(y) * width + x] = what;
      });
    };
    mark(reach, WaterReach::shore);
    mark(1, WaterReach::bank);
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

  // ---- residuals, and what is screened ----

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
    FeatureVector residual{};
    FeatureVector deviation{};
    for (std::size_t f = 0; f < feature_count; ++f) {
      residual[f] = expected.deviation[f] > 0 ? observation_.values.at(i, f) - expected.value[f] : 0;
      if (residual[f] != residual[f]) return;
    }
    // Where it should be darker than it is, the expectation is as uncertain as the dark is.
    const float darker = kernels::portable_exp(std::clamp(at(residual, Feature::log_visible), 0.0F, 4.0F));
    for (std::size_t f = 0; f < feature_count; ++f) {
      const float error = darker * observation_.errors.at(i, f);
      deviation[f] =
          expected.deviation[f] > 0 ? std::sqrt(expected.deviation[f] * expected.deviation[f] + error * error) : 0;
    }
    result_.residuals.residual.set(i, residual);
    result_.residuals.deviation.set(i, deviation);
    const PixelSight sight = sight_of(i);
    const bool is_snow = is_patchy_snow(sight, snow_lies(), options_);
    if (is_snow && snow_lies() && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::screened;  // for as long as it lies, but it does not for ever
      return;
    }
    if (!is_missed_cloud(sight, options_) && !is_missed_shadow(sight, options_) && !is_snow) {
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

  PixelSight sight_of(std::size_t i) const {
    return {observation_.values[i], result_.residuals.residual[i], result_.residuals.deviation[i],
            observation_.blue_to_red[i]};
  }

  /// Elsewhere in the observation.
  bool snow_lies() const { return observation_.snow_share >= options_.snow_share; }

  // ---- evidence ----

  bool has_earlier_of_sky() const { return first_of_sky_ < number_; }
  bool was_told(std::size_t i) const { return has_earlier_of_sky() && state_.history[i].last_clear >= first_of_sky_; }

  void weigh(int x, int y, std::size_t i) {
    if (result_.use[i] != ObservationUse::used) return;
    if (was_told(i)) {
      result_.use[i] = ObservationUse::same_sky;
      return;
    }
    // By the residual as it was observed: what wets all of a shore is the regional anomaly, too.
    WaterLevel level = level_of_water(sight_of(i), state_.near_water[i], options_);
    take_off_anomaly(x, y, i);
    const PixelSight sight = sight_of(i);
    const bool is_soil = shows_soil(sight, options_);
    FeatureVector distance = whitened_residual(sight);
    const bool is_as_expected = shift_.is_clean(distance);
    if (is_as_expected) {
      state_.counts[i].screened_in_row = 0;
      level = lasting_level(i);
      if (level == WaterLevel::as_ever) state_.counts[i].excused_since = no_observation;
    } else if (state_.counts[i].clean_in_row > 0) {
      state_.counts[i].excused_since = no_observation;
    }
    float excuse_log_odds = lowest_log_odds;
    if (!is_as_expected && is_as_at_another_season(i) && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::another_season;
      distance = {};
    } else if (level != WaterLevel::as_ever && (is_as_expected || !is_soil)) {
      const auto days = static_cast<float>(excuse(i));
      excuse_log_odds = level == WaterLevel::high ? options_.high_water_log_odds - days / options_.high_water_days
                                                  : options_.level_log_odds - days / options_.level_days;
    }
    push_front(state_.recent_residuals[i], state_.recent_observations[i], shift_.limited(distance, is_soil), number_);
    if (!state_.outliers.empty()) keep_outlying(i, distance);
    state_.own_evidence[i] =
        pack_log_odds(own_evidence(largest_shift(i, is_soil).log_factor, excuse_log_odds, options_));
  }

  /// Takes the regional anomaly off the residual, and widens its deviation where similar ground scatters.
  void take_off_anomaly(int x, int y, std::size_t i) {
    const FeatureVector& shared = result_.anomaly.at(x, y, result_.residuals.kind[i]);
    const FeatureVector& scatter = result_.anomaly.scatter(result_.residuals.kind[i]);
    for (std::size_t f = 0; f < feature_count; ++f) {
      float& residual = result_.residuals.residual.at(i, f);
      float& deviation = result_.residuals.deviation.at(i, f);
      if (deviation <= 0) continue;
      residual = less_weather(residual, shared[f]);
      deviation *= scatter[f];
    }
  }

  FeatureVector whitened_residual(const PixelSight& sight) const {
    const bool knows_water = at(state_.typical_noise, Feature::mndwi) > 0;
    const float water = knows_water && was_and_is_water(sight, options_) ? options_.water_share : 1.0F;
    FeatureVector standard{};
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (sight.deviation[f] > 0) standard[f] = water * sight.residual[f] / sight.deviation[f];
    }
    return shift_.whitened(standard);
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

  void keep_outlying(std::size_t i, const FeatureVector& distance) {
    PixelOutliers& pixel = state_.outliers[i];
    std::copy_backward(pixel.recent.begin(), pixel.recent.end() - 1, pixel.recent.end());
    const FeatureVector deviation = result_.residuals.deviation[i];
    const float log_scale = shift_.log_scale(deviation);
    pixel.recent[0] = {distance, log_outlier_density(pixel.outliers, observation_.values[i], deviation, log_scale)};
  }

  Shift largest_shift(std::size_t i, bool is_soil) const {
    const std::uint8_t lasting_error = state_.models[i].lasting_error;
    const RecentObservations recent = state_.recent(i);
    if (state_.outliers.empty()) return shift_.largest(recent, sight_of(i), is_soil, lasting_error);
    return shift_.largest_among_outliers(state_.outliers[i], recent.count, sight_of(i), lasting_error);
  }

  /// The level that explained observations which an observation as expected is weighed together with: water that is
  /// back where it should be does not make a disturbance of what it left dry before.
  WaterLevel lasting_level(std::size_t i) const {
    const PixelCounts& counts = state_.counts[i];
    if (state_.near_water[i] == WaterReach::none || counts.excused_since == no_observation) return WaterLevel::as_ever;
    if (counts.clean_in_row + 1 >= options_.window_observations) return WaterLevel::as_ever;
    return state_.near_water[i] == WaterReach::shore ? WaterLevel::high : WaterLevel::another;
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
    result_.probability[i] = judged ? kernels::portable_logistic(result_.evidence[i]) : 0;
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
    PixelHistory& history = state_.history[i];
    PixelCounts& counts = state_.counts[i];
    const RecentObservations recent = state_.recent(i);
    const PixelFinding finding{result_.evidence[i], shift_.is_clean(recent.whitened[0]),
                               result_.residuals.residual.at(i, index(Feature::ndvi)),
                               result_.residuals.deviation.at(i, index(Feature::ndvi))};
    counts.clean_in_row =
        finding.is_clean ? static_cast<std::uint8_t>(std::min(counts.clean_in_row + 1, 255)) : std::uint8_t{0};
    if (opens(state_.status[i], finding, needed_)) {
      const std::size_t observations = largest_shift(i, shows_soil(sight_of(i), options_)).observations;
      open(state_.status[i], history, recent, observations, finding, number_);
      history.own_year_observations = is_of_own_year(i) ? history.observations_since_onset : 0;
      return false;
    }
    if (!is_alert(state_.status[i])) return finding.is_clean && finding.evidence < 0;
    ++history.observations_since_onset;
    history.own_year_observations += is_of_own_year(i) ? 1 : 0;
    move_on(state_.status[i], history, counts, finding, needed_, options_, number_);
    return false;
  }

  /// By how much all brightnesses are lower than expected, at most turned_soil_log; 0 or less.
  float shared_darkening(std::size_t i, const Expectation& expected) const {
    float least = -options_.turned_soil_log;
    for (const Feature feature : {Feature::log_visible, Feature::log_swir16, Feature::log_swir22}) {
      if (at(expected.deviation, feature) <= 0) continue;
      least = std::max(least, observation_.values.at(i, index(feature)) - at(expected.value, feature));
    }
    return std::min(least, 0.0F);
  }

  bool is_of_own_year(std::size_t i) const {
    return is_like_own_year(i, unpack(state_.models[i], steps_), options_.own_year_sigma);
  }

  /// Whether the observation shows what the model expects of the pixel at some time of the year that it knows, or that
  /// with its soil moist or turned, to within so many sigma per direction.
  bool is_like_own_year(std::size_t i, const SeasonModel& model, float sigma) const {
    for (const SeasonDate& date : year_) {
      if (!knows_season(model, date, options_)) continue;
      const Expectation expected = expect(model, date, options_);
      const float darkening = shared_darkening(i, expected);
      FeatureVector standard{};
      for (std::size_t f = 0; f < feature_count; ++f) {
        if (expected.deviation[f] <= 0) continue;
        const float error = observation_.errors.at(i, f);
        const float darker = f >= index(Feature::log_visible) ? darkening : 0.0F;
        standard[f] = (observation_.values.at(i, f) - expected.value[f] - darker) /
                      std::sqrt(expected.deviation[f] * expected.deviation[f] + error * error);
      }
      if (shift_.is_within(shift_.whitened(standard), sigma)) return true;
    }
    return false;
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
  ShiftEvidence shift_;
  DecisionLogOdds needed_;
};

}  // namespace

void observe(MonitorState& state, const ObservationFeatures& observation, const MonitorOptions& options,
             Observation& result, const RowLoop& rows) {
  ObservationJudge(state, observation, options, result, rows).run();
}

}  // namespace pitwatch
