#include "pipeline/accuracy/truth_score.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace pitwatch {
namespace {

constexpr double m2_per_ha = 1e4;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<SizeClass, 7> sizes{{
    {0, 0.05, "< 0.05 ha"},
    {0.05, 0.1, "0.05-0.1 ha"},
    {0.1, 0.25, "0.1-0.25 ha"},
    {0.25, 0.5, "0.25-0.5 ha"},
    {0.5, 1, "0.5-1 ha"},
    {1, 5, "1-5 ha"},
    {5, std::numeric_limits<double>::infinity(), ">= 5 ha"},
}};

double ratio(double part, double whole) { return whole > 0 ? part / whole : nothing; }

std::optional<double> defined(double value) { return std::isnan(value) ? std::nullopt : std::optional(value); }

/// The figures of all units and their intervals.
std::vector<Estimate> estimates(std::size_t count, const Statistics& statistics, const BootstrapOptions& bootstrap) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::vector<double> values = statistics(all);
  const std::vector<std::optional<Interval>> intervals = bootstrap_intervals(count, statistics, bootstrap);
  std::vector<Estimate> result;
  for (std::size_t k = 0; k < values.size(); ++k) result.push_back({defined(values[k]), intervals[k]});
  return result;
}

// ---- events ---------------------------------------------------------------------------------------------------

double days_between(Instant from, Instant until) {
  return std::chrono::duration<double, std::ratio<86400>>(until - from).count();
}

std::optional<double> observations_between(const ScoredEvent& event, Instant until) {
  if (!event.clear_observations) return std::nullopt;
  const auto first = std::upper_bound(event.clear_observations->begin(), event.clear_observations->end(), event.onset);
  const auto end = std::upper_bound(event.clear_observations->begin(), event.clear_observations->end(), until);
  return static_cast<double>(std::max<std::ptrdiff_t>(0, end - first));
}

EventFigures figures_of(const ScoredEvent& event, const EventMatch& match, const EventUnion& together,
                        std::span<const ScoredAlert> alerts) {
  EventFigures figures;
  if (!match.found) return figures;
  figures.lag_days = days_between(event.onset, *match.found);
  figures.lag_observations = observations_between(event, *match.found);
  if (match.confirmed) {
    figures.confirmed_lag_days = days_between(event.onset, *match.confirmed);
    figures.confirmed_lag_observations = observations_between(event, *match.confirmed);
  }
  figures.iou = defined(ratio(together.intersection_m2, together.union_m2 + event.area_m2 - together.intersection_m2));
  double sum_m2 = 0;
  for (const std::size_t alert : match.alerts) sum_m2 += alerts[alert].area_m2;
  figures.area_bias = defined(ratio(sum_m2, event.area_m2) - 1);
  return figures;
}

/// Mean and median of those of the sampled values that exist.
std::vector<double> mean_and_median(std::span<const std::optional<double>> values,
                                    std::span<const std::size_t> sample) {
  std::vector<double> present;
  for (const std::size_t unit : sample) {
    if (values[unit]) present.push_back(*values[unit]);
  }
  if (present.empty()) return {nothing, nothing};
  std::sort(present.begin(), present.end());
  const double sum = std::accumulate(present.begin(), present.end(), 0.0);
  return {sum / static_cast<double>(present.size()), quantile(present, 0.5)};
}

FigureSpread spread_of(std::span<const std::optional<double>> values, const BootstrapOptions& bootstrap) {
  FigureSpread spread;
  std::vector<double> present;
  for (const std::optional<double>& value : values) {
    if (value) present.push_back(*value);
  }
  spread.count = present.size();
  if (present.empty()) return spread;
  std::sort(present.begin(), present.end());
  spread.lower_quartile = quantile(present, 0.25);
  spread.upper_quartile = quantile(present, 0.75);
  const std::vector<Estimate> middle = estimates(
      values.size(), [&](std::span<const std::size_t> sample) { return mean_and_median(values, sample); }, bootstrap);
  spread.mean = middle[0];
  spread.median = middle[1];
  return spread;
}

void count(Detection& group, const EventMatch& match) {
  ++group.events;
  if (match.found) ++group.found;
  if (match.confirmed) ++group.confirmed;
}

void finish_small_group(Detection& group) {
  const auto share = [&](std::size_t part) -> Estimate {
    return {defined(ratio(static_cast<double>(part), static_cast<double>(group.events))),
            wilson_interval(part, group.events)};
  };
  group.found_share = share(group.found);
  group.confirmed_share = share(group.confirmed);
}

std::vector<std::size_t> disturbances_of(std::span<const ScoredEvent> events) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind == TruthKind::disturbance) indices.push_back(i);
  }
  return indices;
}

void score_detection(const TruthScoreInputs& inputs, std::span<const std::size_t> disturbances,
                     const BootstrapOptions& bootstrap, TruthScore& score) {
  score.all.group = "all";
  for (const SizeClass& size : sizes) score.by_size.emplace_back().group = size.name;
  std::map<std::string, Detection> by_type;
  for (const std::size_t i : disturbances) {
    const ScoredEvent& event = inputs.events[i];
    const EventMatch& match = inputs.matching.events[i];
    count(score.all, match);
    count(by_type[event.type], match);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      const double area_ha = event.area_m2 / m2_per_ha;
      if (area_ha >= sizes[k].from_ha && area_ha < sizes[k].to_ha) count(score.by_size[k], match);
    }
  }
  for (auto& [type, group] : by_type) {
    group.group = type;
    score.by_type.push_back(group);
  }
  for (Detection& group : score.by_size) finish_small_group(group);
  for (Detection& group : score.by_type) finish_small_group(group);

  const std::vector<Estimate> shares = estimates(
      disturbances.size(),
      [&](std::span<const std::size_t> sample) -> std::vector<double> {
        double found = 0, confirmed = 0;
        for (const std::size_t unit : sample) {
          const EventMatch& match = inputs.matching.events[disturbances[unit]];
          found += match.found ? 1 : 0;
          confirmed += match.confirmed ? 1 : 0;
        }
        const auto events = static_cast<double>(sample.size());
        return {ratio(found, events), ratio(confirmed, events)};
      },
      bootstrap);
  score.all.found_share = shares[0];
  score.all.confirmed_share = shares[1];
}

void score_events(const TruthScoreInputs& inputs, std::span<const std::size_t> disturbances,
                  const BootstrapOptions& bootstrap, TruthScore& score) {
  for (std::size_t i = 0; i < inputs.events.size(); ++i) {
    score.events.push_back(figures_of(inputs.events[i], inputs.matching.events[i], inputs.unions[i], inputs.alerts));
  }
  const auto spread = [&](std::optional<double> EventFigures::*member) {
    std::vector<std::optional<double>> values;
    for (const std::size_t i : disturbances) values.push_back(score.events[i].*member);
    return spread_of(values, bootstrap);
  };
  score.found = {spread(&EventFigures::lag_days), spread(&EventFigures::lag_observations)};
  score.confirmed = {spread(&EventFigures::confirmed_lag_days), spread(&EventFigures::confirmed_lag_observations)};
  score.boundary = {spread(&EventFigures::iou), spread(&EventFigures::area_bias)};
}

// ---- alerts ---------------------------------------------------------------------------------------------------

std::vector<OtherType> other_types_of(const TruthScoreInputs& inputs) {
  std::map<std::pair<TruthKind, std::string>, OtherType> by_type;
  for (std::size_t i = 0; i < inputs.events.size(); ++i) {
    const ScoredEvent& event = inputs.events[i];
    if (event.kind == TruthKind::disturbance) continue;
    OtherType& other = by_type[{event.kind, event.type}];
    other.kind = event.kind;
    other.type = event.type;
    ++other.events;
    if (inputs.matching.events[i].found) ++other.events_hit;
  }
  for (const AlertMatch& match : inputs.matching.alerts) {
    if (match.verdict != AlertVerdict::natural && match.verdict != AlertVerdict::decoy) continue;
    const TruthKind kind = match.verdict == AlertVerdict::natural ? TruthKind::natural : TruthKind::decoy;
    std::vector<std::string> types;  // an alert counts once for each type
    for (const std::size_t i : match.events) {
      if (inputs.events[i].kind == kind) types.push_back(inputs.events[i].type);
    }
    std::sort(types.begin(), types.end());
    types.erase(std::unique(types.begin(), types.end()), types.end());
    for (const std::string& type : types) ++by_type[{kind, type}].alerts;
  }
  std::vector<OtherType> result;
  for (auto& [key, other] : by_type) {
    const double alerts = 100 * static_cast<double>(other.alerts);
    other.alerts_per_100km2_year = defined(ratio(alerts, inputs.observed_km2_years.value_or(0)));
    result.push_back(other);
  }
  return result;
}

Commission commission_of(const TruthScoreInputs& inputs, const BootstrapOptions& bootstrap) {
  Commission commission;
  for (std::size_t i = 0; i < inputs.alerts.size(); ++i) {
    const AlertMatch& match = inputs.matching.alerts[i];
    AlertSum& sum = commission.by_verdict[static_cast<std::size_t>(match.verdict)];
    ++sum.count;
    sum.area_ha += inputs.alerts[i].area_m2 / m2_per_ha;
    if (match.verdict == AlertVerdict::wrong && match.before_onset) ++commission.before_onset;
  }
  const double km2_years = inputs.observed_km2_years.value_or(0);
  const std::vector<Estimate> figures = estimates(
      inputs.alerts.size(),
      [&](std::span<const std::size_t> sample) -> std::vector<double> {
        double all_m2 = 0, wrong = 0, wrong_m2 = 0, decoy = 0, decoy_m2 = 0;
        for (const std::size_t unit : sample) {
          const double area_m2 = inputs.alerts[unit].area_m2;
          all_m2 += area_m2;
          if (inputs.matching.alerts[unit].verdict == AlertVerdict::wrong) {
            wrong += 1;
            wrong_m2 += area_m2;
          } else if (inputs.matching.alerts[unit].verdict == AlertVerdict::decoy) {
            decoy += 1;
            decoy_m2 += area_m2;
          }
        }
        const auto all = static_cast<double>(sample.size());
        return {ratio(wrong, all),
                ratio(wrong + decoy, all),
                ratio(wrong_m2, all_m2),
                ratio(wrong_m2 + decoy_m2, all_m2),
                ratio(100 * wrong, km2_years),
                ratio(100 * decoy, km2_years)};
      },
      bootstrap);
  commission.false_share = figures[0];
  commission.false_or_decoy_share = figures[1];
  commission.false_area_share = figures[2];
  commission.false_or_decoy_area_share = figures[3];
  commission.false_per_100km2_year = figures[4];
  commission.decoy_per_100km2_year = figures[5];
  commission.other_types = other_types_of(inputs);
  return commission;
}

std::size_t bin_of(double confidence) {
  return std::min(static_cast<std::size_t>(confidence * calibration_bins), calibration_bins - 1);
}

struct BinSums {
  std::array<double, calibration_bins> count{};
  std::array<double, calibration_bins> confidence{};
  std::array<double, calibration_bins> right{};
  double squares = 0;
};

BinSums bin_sums(const TruthScoreInputs& inputs, std::span<const std::size_t> sample) {
  BinSums sums;
  for (const std::size_t unit : sample) {
    const double confidence = inputs.alerts[unit].confidence;
    const double right = inputs.matching.alerts[unit].verdict == AlertVerdict::right ? 1 : 0;
    const std::size_t bin = bin_of(confidence);
    sums.count[bin] += 1;
    sums.confidence[bin] += confidence;
    sums.right[bin] += right;
    sums.squares += (confidence - right) * (confidence - right);
  }
  return sums;
}

ConfidenceCalibration calibration_of(const TruthScoreInputs& inputs, const BootstrapOptions& bootstrap) {
  ConfidenceCalibration calibration;
  std::vector<std::size_t> all(inputs.alerts.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const BinSums sums = bin_sums(inputs, all);
  for (std::size_t k = 0; k < calibration_bins; ++k) {
    CalibrationBin& bin = calibration.bins[k];
    bin.count = static_cast<std::size_t>(sums.count[k]);
    bin.mean_confidence = defined(ratio(sums.confidence[k], sums.count[k]));
    bin.right_share = defined(ratio(sums.right[k], sums.count[k]));
    bin.interval = wilson_interval(static_cast<std::size_t>(sums.right[k]), bin.count);
  }
  const std::vector<Estimate> figures = estimates(
      inputs.alerts.size(),
      [&](std::span<const std::size_t> sample) -> std::vector<double> {
        const BinSums drawn = bin_sums(inputs, sample);
        double error = 0;
        for (std::size_t k = 0; k < calibration_bins; ++k) error += std::abs(drawn.right[k] - drawn.confidence[k]);
        const auto count = static_cast<double>(sample.size());
        return {ratio(drawn.squares, count), ratio(error, count)};
      },
      bootstrap);
  calibration.brier = figures[0];
  calibration.expected_error = figures[1];
  return calibration;
}

}  // namespace

std::span<const SizeClass> size_classes() { return sizes; }

TruthScore score_against_truth(const TruthScoreInputs& inputs, const BootstrapOptions& bootstrap) {
  TruthScore score;
  const std::vector<std::size_t> disturbances = disturbances_of(inputs.events);
  score_detection(inputs, disturbances, bootstrap, score);
  score_events(inputs, disturbances, bootstrap, score);
  score.commission = commission_of(inputs, bootstrap);
  score.calibration = calibration_of(inputs, bootstrap);
  return score;
}

}  // namespace pitwatch
