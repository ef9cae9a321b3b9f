#include "pipeline/monitor/observe.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cell_sums.hpp"
#include "kernels/elementary.hpp"
#include "kernels/kept_season.hpp"
#include "kernels/season.hpp"
#include "kernels/shift.hpp"
#include "kernels/sight.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/monitor/pixel_life.hpp"
#include "pipeline/monitor/shift.hpp"
#include "pipeline/monitor/sight.hpp"

namespace pitwatch {

namespace {

/// A setting of the dial, and how many log odds less an alert needs than at the default.
struct DialPoint {
  float false_alarms;
  float less;
};

/// As measured; what lies between two, or beyond them, follows from the logarithm of the setting.
constexpr std::array<DialPoint, 5> dial{{{1, -4}, {3, 0}, {10, 4.5F}, {50, 8.2F}, {200, 9.2F}}};

}  // namespace

float needed_log_odds(float usual, const MonitorOptions& options) {
  std::size_t next = 1;
  while (next + 1 < dial.size() && options.false_alarms > dial[next].false_alarms) ++next;
  const DialPoint& from = dial[next - 1];
  const DialPoint& to = dial[next];
  const float way = kernels::portable_log(options.false_alarms / from.false_alarms) /
                    kernels::portable_log(to.false_alarms / from.false_alarms);
  return usual - from.less - way * (to.less - from.less);
}

namespace {

/// A value for each pixel of a part of a row, for each of so many planes at most.
constexpr std::size_t block_pixels =
    128;  // so that all that is worked out of them stays in the first level of the cache
template <std::size_t count>
class BlockRows {
 public:
  BlockRows() {
    for (std::size_t k = 0; k < count; ++k) rows_[k] = values_[k].data();
  }
  BlockRows(const BlockRows&) = delete;
  BlockRows& operator=(const BlockRows&) = delete;
  float* const* data() { return rows_.data(); }
  std::span<float* const> rows() const { return rows_; }
  const float* operator[](std::size_t k) const { return rows_[k]; }

 private:
  std::array<std::array<float, block_pixels>, count> values_;
  std::array<float*, count> rows_;
};

/// The models of some pixels of a row as numbers, and what they say of a date.
class ModelBlock {
 public:
  ModelBlock(const ModelSteps& steps, const SeasonDate& date, const MonitorOptions& options)
      : units_(steps.units()),
        day_(season_day(date)),
        information_(season_information(options)),
        leverage_weight_(options.leverage_weight),
        shift_days_(options.season_shift_days) {}

  void load(ModelPlanes& models, std::size_t first, std::size_t count) {
    kept_ = rows_from(models, first);
    count_ = count;
    kernels::unpack_models_row(kept_.kept(), units_, count, {coefficients.data(), noise.data(), observations.data()});
  }

  /// What an observation of the date moves the coefficients by.
  void find_direction() { kernels::season_direction(rows(), count_, day_, information_, direction.data()); }

  void expect() {
    kernels::season_expectation(rows(), kept_.features, count_, day_, direction.data(), leverage_weight_, shift_days_,
                                value.data(), deviation.data());
  }

  const ModelRows& kept() const { return kept_; }

  BlockRows<ModelSteps::count> coefficients;
  BlockRows<most_features> noise;
  BlockRows<year_parts> observations;
  BlockRows<term_count> direction;
  BlockRows<most_features> value;
  BlockRows<most_features> deviation;

 private:
  kernels::SeasonRows rows() { return {coefficients.data(), noise.data(), observations.data(), kept_.harmonics}; }

  kernels::ModelUnits units_;
  kernels::SeasonDay day_;
  kernels::SeasonInformation information_;
  float leverage_weight_;
  float shift_days_;
  ModelRows kept_;
  std::size_t count_ = 0;
};

/// Numbers that differ from one observation to another.
std::uint32_t chance_of(Instant when) {
  const auto count = static_cast<std::uint64_t>(when.time_since_epoch().count());
  return kernels::mixed_bits(static_cast<std::uint32_t>(count) ^
                             kernels::mixed_bits(static_cast<std::uint32_t>(count >> 32)));
}

bool any_of(std::span<const std::uint8_t> flags) {
  return std::any_of(flags.begin(), flags.end(), [](std::uint8_t flag) { return flag != 0; });
}

const std::uint8_t* bytes_of(const PixelVector<PixelStatus>& status) {
  return reinterpret_cast<const std::uint8_t*>(status.data());
}
std::uint8_t* bytes_of(PixelVector<PackedLogOdds>& odds) { return reinterpret_cast<std::uint8_t*>(odds.data()); }

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
        width_(static_cast<std::size_t>(state.width)),
        features_(state.features),
        steps_(state.typical_noise),
        date_(season_date(observation.when)),
        year_(season_year(observation.when)),
        shift_(state, options),
        needed_{needed_log_odds(options.provisional_log_odds, options),
                needed_log_odds(options.confirm_log_odds, options)},
        sight_(sight_parameters(options, observation.snow_share >= options.snow_share)),
        chance_(chance_of(observation.when)) {
    if (observation.width != state.width || observation.height != state.height)
      throw DataError("an observation differs in size from its site");
    if (observation.values.features() != features_ || features_ != feature_count + options.extra.size())
      throw DataError("an observation has other features than its site");
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
    result.sight.resize(pixels);
    result.clean.resize(pixels);
    result.residuals.width = state.width;
    result.residuals.height = state.height;
    result.residuals.residual.resize(pixels, features_);
    result.residuals.deviation.resize(pixels, features_);
    result.residuals.kind.resize(pixels);
    result.residuals.tells.resize(pixels);
  }

  void run() {
    if (state_.near_water.empty()) find_shores();
    forget();
    for_row_pieces([this](RowWork& work, int y) { measure_row(work, y); });
    result_.anomaly.estimate(result_.residuals, options_, rows_);
    find_scatter();
    for_row_pieces([this](RowWork& work, int y) { weigh_row(work, y); });
    for_row_pieces([this](RowWork&, int y) { join_neighbours(y); });
    for_row_pieces([this](RowWork& work, int y) { decide_row(work, y); });
  }

 private:
  /// Memory for the work on rows.
  struct RowWork {
    RowWork(std::size_t width, std::size_t features, const ModelSteps& steps, const SeasonDate& date,
            const MonitorOptions& options)
        : models(steps, date, options),
          wanted(width),
          known(width),
          marked(width),
          factor(width),
          squares(width),
          excuse_log_odds(width) {
      whitened.resize(width, features);
    }

    ModelBlock models;
    BlockRows<most_features> shown;      // less the weather
    std::vector<std::uint8_t> wanted;    // pixels of the row that are worked on
    std::vector<std::uint8_t> known;     // those that were measured
    std::vector<std::uint8_t> marked;    // those that are for a closer look
    std::vector<float> factor;           // log Bayes factors
    std::vector<float> squares;          // squared lengths of whitened residuals
    std::vector<float> excuse_log_odds;  // of what passes and explains as much
    FeaturePlanes whitened;
  };

  template <typename Step>
  void for_row_pieces(const Step& step) const {
    rows_(state_.height, [&](int begin, int end) {
      RowWork work(width_, features_, steps_, date_, options_);
      for (int y = begin; y < end; ++y) step(work, y);
    });
  }

  std::size_t first_of(int y) const { return static_cast<std::size_t>(y) * width_; }

  /// Calls each(x, count) for the parts of a row in which a pixel is wanted.
  template <typename Each>
  void for_blocks(const std::vector<std::uint8_t>& wanted, const Each& each) const {
    for (std::size_t x = 0; x < width_; x += block_pixels) {
      const std::size_t count = std::min(block_pixels, width_ - x);
      if (any_of(std::span(wanted).subspan(x, count))) each(x, count);
    }
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
        std::uint8_t* const observations = rows_from(state_.models, 0).observations[place];
        for (std::size_t i = first_of(begin); i < first_of(end); ++i)
          observations[i] = aged_observations(observations[i], kept, Dither(i, static_cast<std::size_t>(part)));
      });
    }
  }

  // ---- residuals, and what is screened ----

  void measure_row(RowWork& work, int y) {
    const std::size_t first = first_of(y);
    for (std::size_t x = 0; x < width_; ++x) work.wanted[x] = is_seen(first + x) ? 1 : 0;
    std::fill(work.known.begin(), work.known.end(), std::uint8_t{0});
    for_blocks(work.wanted, [&](std::size_t x, std::size_t count) {
      work.models.load(state_.models, first + x, count);
      leave_out_new_seasons(work, first, x, count);
      work.models.find_direction();
      work.models.expect();
      leave_out_absent(work, first, x, count);
      const auto values = observation_.values.from(first + x);
      const auto errors = observation_.errors.from(first + x);
      kernels::deviate_row(
          {values.data(), errors.data(), work.models.value.data(), work.models.deviation.data(), &work.wanted[x]},
          features_, index(Feature::log_visible), count, result_.residuals.residual.from(first + x).data(),
          result_.residuals.deviation.from(first + x).data(), &work.known[x]);
    });
    if (!any_of(work.known)) return;
    see_row(first);
    for (std::size_t x = 0; x < width_; ++x) {
      if (work.known[x] != 0) screen(first + x);
    }
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

  /// Where the model does not know the season, it is learnt.
  void leave_out_new_seasons(RowWork& work, std::size_t first, std::size_t begin, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t x = begin + k;
      if (work.wanted[x] == 0 || is_alert(state_.status[first + x])) continue;
      PartObservations observations;
      for (std::size_t part = 0; part < year_parts; ++part) observations[part] = work.models.observations[part][k];
      if (knows_season(observations, date_, options_)) continue;
      work.wanted[x] = 0;
      bool has_all = true;
      for (std::size_t f = 0; f < feature_count; ++f) {
        const float value = observation_.values.at(first + x, f);
        has_all = has_all && (!(work.models.noise[f][k] > 0) || value == value);
      }
      if (has_all) result_.use[first + x] = was_told(first + x) ? ObservationUse::same_sky : ObservationUse::learnt;
    }
  }

  /// Extra features without a value are not measured against the model: the others are.
  void leave_out_absent(RowWork& work, std::size_t first, std::size_t begin, std::size_t count) {
    for (std::size_t f = feature_count; f < features_; ++f) {
      const float* const values = observation_.values.from(first + begin)[f];
      float* const deviation = work.models.deviation.data()[f];
      for (std::size_t k = 0; k < count; ++k) deviation[k] = values[k] == values[k] ? deviation[k] : 0;
    }
  }

  /// Of those that are monitored, by deviations that leave_out_absent() left.
  AbsentFeatures absent_at(std::size_t i) const {
    unsigned absent = 0;
    for (std::size_t f = feature_count; f < features_; ++f) {
      if (state_.typical_noise[f] > 0 && !(result_.residuals.deviation.at(i, f) > 0))
        absent |= 1U << (f - feature_count);
    }
    return static_cast<AbsentFeatures>(absent);
  }

  /// What a row shows, by its residuals as they are now.
  void see_row(std::size_t first) {
    const auto values = observation_.values.from(first);
    const auto residual = result_.residuals.residual.from(first);
    const auto deviation = result_.residuals.deviation.from(first);
    const auto of = [&](Feature feature) {
      const std::size_t f = index(feature);
      return kernels::SightFeature{values[f], residual[f], deviation[f]};
    };
    kernels::sight_row({of(Feature::ndvi), of(Feature::mndwi), of(Feature::log_visible), of(Feature::log_swir16),
                        of(Feature::log_swir22), &observation_.blue_to_red[first]},
                       sight_, width_, &result_.sight[first]);
  }

  bool shows(std::size_t i, kernels::SightBit what) const { return (result_.sight[i] & what) != 0; }

  /// Whether an observation that was measured is used, or shows something else than the ground.
  void screen(std::size_t i) {
    PixelCounts& counts = state_.counts[i];
    const bool is_snow = shows(i, kernels::sight_snow);
    if (is_snow && snow_lies() && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::screened;  // for as long as it lies, but it does not for ever
      return;
    }
    if (!shows(i, kernels::sight_cloud) && !shows(i, kernels::sight_shadow) && !is_snow) {
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
  bool snow_lies() const { return sight_.snow_lies; }

  // ---- evidence ----

  bool has_earlier_of_sky() const { return first_of_sky_ < number_; }
  bool was_told(std::size_t i) const { return has_earlier_of_sky() && state_.history[i].last_clear >= first_of_sky_; }

  void weigh_row(RowWork& work, int y) {
    const std::size_t first = first_of(y);
    for (std::size_t x = 0; x < width_; ++x) {
      ObservationUse& use = result_.use[first + x];
      if (use == ObservationUse::used && was_told(first + x)) use = ObservationUse::same_sky;
      work.wanted[x] = use == ObservationUse::used ? 1 : 0;
    }
    if (!any_of(work.wanted)) return;
    // By the residual as it was observed: what wets all of a shore is the regional anomaly, too.
    std::copy_n(&result_.sight[first], width_, work.known.begin());
    take_off_weather(work, y);
    see_row(first);
    whiten(work, first);
    for (std::size_t x = 0; x < width_; ++x) {
      if (work.wanted[x] != 0) work.excuse_log_odds[x] = weigh_excuses(work, first + x, x);
    }
    remember(work, first);
    weigh_shift(work, first);
  }

  /// Takes the regional anomaly off the residuals, and widens their deviations where similar ground scatters.
  void take_off_weather(RowWork& work, int y) {
    const auto shared = result_.anomaly.row(y);
    if (shared[0] == nullptr) return;
    const std::size_t first = first_of(y);
    kernels::take_off_weather_row({shared, scatter_.data(), &result_.residuals.kind[first], work.wanted.data()},
                                  options_.surroundings_contrast, width_, result_.residuals.residual.from(first),
                                  result_.residuals.deviation.from(first));
  }

  void find_scatter() {
    for (std::uint8_t kind = 0; kind < kind_count; ++kind) {
      const FeatureVector& scatter = result_.anomaly.scatter(kind);
      for (std::size_t f = 0; f < features_; ++f) scatter_[f * kernels::kind_lanes + kind] = scatter[f];
    }
  }

  void whiten(RowWork& work, std::size_t first) const {
    const bool knows_water = at(state_.typical_noise, Feature::mndwi) > 0;
    const auto residual = std::as_const(result_.residuals.residual).from(first);
    const auto deviation = std::as_const(result_.residuals.deviation).from(first);
    const float water_share = knows_water ? options_.water_share : 1.0F;
    kernels::whiten_row({residual, deviation, &result_.sight[first], work.wanted.data()}, state_.whitening.data(),
                        water_share, width_, work.whitened.from(0), work.squares.data());
    if (features_ > feature_count) whiten_without_absent(work, first, water_share);
  }

  void whiten_without_absent(RowWork& work, std::size_t first, float water_share) const {
    for (std::size_t x = 0; x < width_; ++x) {
      const AbsentFeatures absent = work.wanted[x] == 0 ? AbsentFeatures{0} : absent_at(first + x);
      if (absent == 0) continue;
      const float share = shows(first + x, kernels::sight_water_stays) ? water_share : 1.0F;
      FeatureVector standard{};
      for (std::size_t f = 0; f < features_; ++f) {
        const float deviation = result_.residuals.deviation.at(first + x, f);
        if (deviation > 0) standard[f] = share * result_.residuals.residual.at(first + x, f) / deviation;
      }
      const FeatureVector whitened = shift_.whitened(standard, absent);
      work.whitened.set(x, whitened);
      work.squares[x] = 0;
      for (const float value : whitened) work.squares[x] += value * value;
    }
  }

  /// What explains the observation of a pixel that is not disturbed: the log odds of that to no change. Where ground is
  /// as at another season nothing is left to explain.
  float weigh_excuses(RowWork& work, std::size_t i, std::size_t x) {
    PixelCounts& counts = state_.counts[i];
    const bool is_as_expected = work.squares[x] < shift_.clean_squares();
    WaterLevel level = level_of_water(work.known[x], state_.near_water[i]);
    if (is_as_expected) {
      counts.screened_in_row = 0;
      level = lasting_level(i);
      if (level == WaterLevel::as_ever) counts.excused_since = no_observation;
    } else if (counts.clean_in_row > 0) {
      counts.excused_since = no_observation;
    }
    if (!is_as_expected && is_as_at_another_season(i) && excuse(i) < options_.excuse_days) {
      result_.use[i] = ObservationUse::another_season;
      work.whitened.set(x, {});
    } else if (level != WaterLevel::as_ever && (is_as_expected || !shows(i, kernels::sight_soil))) {
      const auto days = static_cast<float>(excuse(i));
      return level == WaterLevel::high ? options_.high_water_log_odds - days / options_.high_water_days
                                       : options_.level_log_odds - days / options_.level_days;
    }
    return lowest_log_odds;
  }

  /// Puts the row's whitened residuals before those of the last observations.
  void remember(RowWork& work, std::size_t first) {
    std::array<std::int8_t*, window_observations * most_features> places;
    std::array<std::int16_t*, window_observations> numbers;
    const auto residuals = std::span(places).first(window_observations * features_);
    rows_of_recent(first, residuals, numbers);
    const auto whitened = std::as_const(work.whitened).from(0);
    kernels::remember_row({whitened, &result_.sight[first], work.wanted.data(), number_},
                          options_.observation_limit_sigma, options_.soil_limit_sigma, shift_.clean_squares(), width_,
                          {residuals, numbers}, &result_.clean[first]);
  }

  void rows_of_recent(std::size_t first, std::span<std::int8_t*> residuals, std::span<std::int16_t*> numbers) {
    for (std::size_t k = 0; k < residuals.size(); ++k)
      residuals[k] = reinterpret_cast<std::int8_t*>(state_.recent_residuals.byte_row(k, first));
    for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = state_.recent_observations.short_row(k, first);
  }

  /// Evidence of a row's pixels. Most are not shifted whatever the number of observations; the others are looked at one
  /// by one.
  void weigh_shift(RowWork& work, std::size_t first) {
    std::array<std::int8_t*, window_observations * most_features> places;
    std::array<std::int16_t*, window_observations> numbers;
    const auto residuals = std::span(places).first(window_observations * features_);
    rows_of_recent(first, residuals, numbers);
    kernels::shift_factor_row({residuals, numbers}, shift_.factors(), rows_from(state_.models, first).lasting_error,
                              &result_.sight[first], work.wanted.data(), width_, work.factor.data(),
                              work.marked.data());
    kernels::keep_log_odds_row(work.factor.data(), options_.prior_log_odds, work.wanted.data(), width_,
                               bytes_of(state_.own_evidence) + first);
    const bool has_outliers = !state_.outliers.empty();
    for (std::size_t x = 0; x < width_; ++x) {
      const std::size_t i = first + x;
      if (work.wanted[x] == 0) continue;
      const float excuse_log_odds = work.excuse_log_odds[x];
      if (work.marked[x] == 0 && !has_outliers && excuse_log_odds <= lowest_log_odds) continue;
      if (has_outliers) keep_outlying(i, work.whitened[x]);
      const bool is_closer = work.marked[x] != 0 || has_outliers;
      const float factor = is_closer ? largest_shift(i, shows(i, kernels::sight_soil)).log_factor : work.factor[x];
      state_.own_evidence[i] = pack_log_odds(own_evidence(factor, excuse_log_odds, options_));
    }
  }

  /// Days for which what passes has explained all that was not clean, with this observation.
  double excuse(std::size_t i) {
    ObservationNumber& since = state_.counts[i].excused_since;
    if (since == no_observation) since = number_;
    return std::chrono::duration<double, std::ratio<86400>>(observation_.when -
                                                            state_.observations[static_cast<std::size_t>(since)])
        .count();
  }

  void keep_outlying(std::size_t i, const FeatureVector& distance) {
    PixelOutliers& pixel = state_.outliers[i];
    std::copy_backward(pixel.recent.begin(), pixel.recent.end() - 1, pixel.recent.end());
    const FeatureVector deviation = result_.residuals.deviation[i];
    const float log_scale = shift_.log_scale(deviation);
    pixel.recent[0] = {distance, log_outlier_density(pixel.outliers, observation_.values[i], deviation, log_scale)};
  }

  Shift largest_shift(std::size_t i, bool is_soil) const {
    const std::uint8_t lasting_error = *state_.models.byte_row(state_.models.lasting_error_byte(), i);
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

  void join_neighbours(int y) {
    const std::size_t first = first_of(y);
    kernels::NeighbourRows rows;
    for (std::size_t k = 0; k < rows.status.size(); ++k) {
      const int row = y + static_cast<int>(k) - 1;
      if (row < 0 || row >= state_.height) continue;
      rows.log_odds[k] = bytes_of(state_.own_evidence) + first_of(row);
      rows.status[k] = bytes_of(state_.status) + first_of(row);
    }
    kernels::join_neighbours_row(rows, options_.neighbours, width_, &result_.evidence[first],
                                 &result_.probability[first]);
  }

  /// Where the history is too short to show the whole year, seasons that it shows stand for those that it lacks.
  bool is_as_at_another_season(std::size_t i) const {
    if (is_alert(state_.status[i]) || knows_whole_year_at(i)) return false;
    return is_like_own_year(i, unpack(state_.models[i], steps_), options_.short_history_sigma);
  }

  bool knows_whole_year_at(std::size_t i) const {
    PartObservations observations;
    for (std::size_t part = 0; part < year_parts; ++part)
      observations[part] = unpack_observations(*state_.models.byte_row(ModelPlanes::first_observations_byte + part, i));
    return knows_whole_year(observations, options_);
  }

  // ---- decisions ----

  void decide_row(RowWork& work, int y) {
    const std::size_t first = first_of(y);
    std::uint8_t* const harmonics = rows_from(state_.models, first).harmonics;
    std::uint8_t* const undisturbed = &result_.undisturbed[first];
    for (std::size_t x = 0; x < width_; ++x) {
      const std::size_t i = first + x;
      const ObservationUse use = result_.use[i];
      const bool is_learnt = use == ObservationUse::learnt;
      if (counts(use) || is_learnt) state_.history[i].last_clear = number_;
      const bool is_as_ever = counts(use) && follow(i);
      undisturbed[x] = use == ObservationUse::used && is_as_ever ? 1 : 0;
      work.wanted[x] = is_learnt || undisturbed[x] != 0 ? 1 : 0;
      // A model that learns a season needs its harmonics, though its history supported none.
      if (is_learnt) harmonics[x] = most_harmonics;
    }
    std::copy_n(&state_.status[first], width_, &result_.status[first]);
    take_in_row(work, y);
  }

  /// Takes what the observation shows, less the weather where that is known, into the models.
  void take_in_row(RowWork& work, int y) {
    const std::size_t first = first_of(y);
    const auto shared = result_.anomaly.row(y);
    for_blocks(work.wanted, [&](std::size_t x, std::size_t count) {
      ModelBlock& models = work.models;
      models.load(state_.models, first + x, count);
      models.find_direction();
      const auto values = observation_.values.from(first + x);
      const float* const* shown = values.data();
      if (shared[0] != nullptr) {
        PerFeature<const float> of_block(features_);
        for (std::size_t f = 0; f < features_; ++f) of_block[f] = shared[f] + x / cell_pixels * kernels::kind_lanes;
        kernels::less_shared_row(
            values, {of_block, nullptr, &result_.residuals.kind[first + x], &result_.undisturbed[first + x]}, count,
            work.shown.rows().first(features_));
        shown = work.shown.data();
      }
      kernels::adapt_row(models.kept().kept(), steps_.units(),
                         {.terms = date_.terms,
                          .weight = options_.adaptation,
                          .part = date_.year_part(),
                          .first = static_cast<std::uint32_t>(first + x),
                          .chance = chance_},
                         {shown, models.direction.data(), &work.wanted[x]}, count);
    });
  }

  /// Moves a pixel that was seen on through its life. True where it is as ever: then the observation goes into its
  /// model.
  bool follow(std::size_t i) {
    PixelCounts& counts = state_.counts[i];
    const PixelFinding finding{result_.evidence[i], result_.clean[i] != 0,
                               result_.residuals.residual.at(i, index(Feature::ndvi)),
                               result_.residuals.deviation.at(i, index(Feature::ndvi))};
    counts.clean_in_row =
        finding.is_clean ? static_cast<std::uint8_t>(std::min(counts.clean_in_row + 1, 255)) : std::uint8_t{0};
    if (opens(state_.status[i], finding, needed_)) {
      PixelHistory& history = state_.history[i];
      const std::size_t observations = largest_shift(i, shows(i, kernels::sight_soil)).observations;
      open(state_.status[i], history, state_.recent(i), observations, finding, number_);
      history.own_year_observations = is_of_own_year(i) ? history.observations_since_onset : 0;
      return false;
    }
    if (!is_alert(state_.status[i])) return finding.is_clean && finding.evidence < 0;
    PixelHistory& history = state_.history[i];
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
      for (std::size_t f = 0; f < features_; ++f) {
        if (expected.deviation[f] <= 0) continue;
        const float error = observation_.errors.at(i, f);
        const float darker = f >= index(Feature::log_visible) && f < feature_count ? darkening : 0.0F;
        standard[f] = (observation_.values.at(i, f) - expected.value[f] - darker) /
                      std::sqrt(expected.deviation[f] * expected.deviation[f] + error * error);
      }
      if (shift_.is_within(shift_.whitened(standard, absent_at(i)), sigma)) return true;
    }
    return false;
  }

  MonitorState& state_;
  const ObservationFeatures& observation_;
  const MonitorOptions& options_;
  Observation& result_;
  const RowLoop& rows_;
  static constexpr std::size_t cell_pixels = RegionalAnomaly::cell_pixels;
  static_assert(block_pixels % cell_pixels == 0);

  std::size_t width_;
  std::size_t features_;
  ModelSteps steps_;
  SeasonDate date_;
  SeasonYear year_;
  ObservationNumber number_ = no_observation;
  ObservationNumber first_of_sky_ = no_observation;  // the earliest observation under the sky of this one, or this one
  std::optional<int> last_part_;                     // of the year, of the last observation
  ShiftEvidence shift_;
  DecisionLogOdds needed_;
  kernels::SightParameters sight_;
  std::array<float, most_features * kernels::kind_lanes> scatter_{};  // by feature and kind
  std::uint32_t chance_;  // what belongs to the observation where models are rounded
};

}  // namespace

void observe(MonitorState& state, const ObservationFeatures& observation, const MonitorOptions& options,
             Observation& result, const RowLoop& rows) {
  ObservationJudge(state, observation, options, result, rows).run();
}

}  // namespace pitwatch
