#include "pipeline/water/turbidity.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double red_a = 228.1;
constexpr double red_c = 0.1641;
constexpr double near_infrared_a = 3078.9;
constexpr double near_infrared_c = 0.2112;
constexpr double switch_from = 0.05;
constexpr double switch_to = 0.07;
constexpr double days_a_year = 365.2425;

double by_band(double reflectance, double a, double c) {
  const double positive = std::max(0.0, reflectance);
  if (positive >= c) return most_turbidity_fnu;
  return std::min(most_turbidity_fnu, a * positive / (1 - positive / c));
}

double days_of(Instant instant) {
  return std::chrono::duration<double, std::ratio<86400>>(instant.time_since_epoch()).count();
}

/// Days between two days of the year.
double season_distance(Instant a, Instant b) { return std::abs(std::remainder(days_of(a) - days_of(b), days_a_year)); }

bool is_usable(const TurbidityObservation& one) { return std::isfinite(one.fnu) && one.fnu >= 0; }

bool has_upstream(const TurbidityObservation& one) {
  return one.upstream_fnu && std::isfinite(*one.upstream_fnu) && *one.upstream_fnu >= 0;
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct Usual {
  double level = 0;
  double spread = 0;
};

/// Of earlier observations; those of the season where there are enough.
class Usuals {
 public:
  explicit Usuals(const TurbidityOptions& options) : options_(options) {}

  void add(const TurbidityObservation& one) { earlier_.push_back(one); }

  std::optional<Usual> at(Instant instant, bool against_upstream) const {
    std::vector<double> season;
    std::vector<double> all;
    for (const TurbidityObservation& one : earlier_) {
      if (against_upstream && !has_upstream(one)) continue;
      const double value = value_of(one, against_upstream);
      all.push_back(value);
      if (season_distance(one.at, instant) <= options_.season_days) season.push_back(value);
    }
    const std::vector<double>& chosen = season.size() >= options_.least_usual ? season : all;
    if (chosen.size() < std::max<std::size_t>(options_.least_usual, 1)) return std::nullopt;
    Usual usual{median_of(chosen), 0};
    std::vector<double> deviations;
    for (const double value : chosen) deviations.push_back(std::abs(value - usual.level));
    usual.spread = std::max(options_.least_spread, 1.4826 * median_of(std::move(deviations)));
    return usual;
  }

  static double value_of(const TurbidityObservation& one, bool against_upstream) {
    return std::log1p(one.fnu) - (against_upstream ? std::log1p(*one.upstream_fnu) : 0);
  }

 private:
  const TurbidityOptions& options_;
  std::vector<TurbidityObservation> earlier_;
};

TurbidityJudgement judged(const TurbidityObservation& one, const Usuals& usuals) {
  TurbidityJudgement judgement;
  const auto judge = [&](bool against_upstream, std::optional<double>& sigma) {
    const std::optional<Usual> usual = usuals.at(one.at, against_upstream);
    if (!usual) return;
    sigma = (Usuals::value_of(one, against_upstream) - usual->level) / usual->spread;
    const double expected = std::expm1(usual->level + (against_upstream ? std::log1p(*one.upstream_fnu) : 0));
    judgement.excess_fnu = one.fnu - expected;
  };
  judge(false, judgement.season_sigma);
  if (has_upstream(one)) judge(true, judgement.upstream_sigma);
  return judgement;
}

void raise_peak(std::optional<double>& peak, const std::optional<double>& sigma) {
  if (sigma) peak = std::max(peak.value_or(*sigma), *sigma);
}

}  // namespace

double turbidity_fnu(double red, double near_infrared) {
  if (std::isnan(red) || std::isnan(near_infrared)) return std::nan("");
  const double by_near_infrared = std::clamp((red - switch_from) / (switch_to - switch_from), 0.0, 1.0);
  return (1 - by_near_infrared) * by_band(red, red_a, red_c) +
         by_near_infrared * by_band(near_infrared, near_infrared_a, near_infrared_c);
}

TurbidityCourse judge_turbidity(std::span<const TurbidityObservation> series, const TurbidityOptions& options) {
  TurbidityCourse course;
  Usuals usuals(options);
  std::optional<Instant> clear_before;
  bool in_event = false;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const TurbidityObservation& one = series[i];
    if (i > 0 && one.at < series[i - 1].at) throw DataError("observations of turbidity are not in order of time");
    TurbidityJudgement& judgement = course.judgements.emplace_back();
    if (!is_usable(one)) {
      judgement.in_event = in_event;
      continue;
    }
    judgement = judged(one, usuals);
    const double sigma = judgement.anomaly_sigma().value_or(0);
    if (!in_event && sigma > options.appears_sigma) {
      in_event = true;
      TurbidityEvent& event = course.events.emplace_back();
      event.clear_before = clear_before;
      event.appeared = one.at;
      event.against_upstream = judgement.upstream_sigma.has_value();
    } else if (in_event && sigma < options.fades_sigma) {
      in_event = false;
      course.events.back().faded = one.at;
    }
    judgement.in_event = in_event;
    if (in_event) {
      TurbidityEvent& event = course.events.back();
      event.last_seen = one.at;
      event.peak_fnu = std::max(event.peak_fnu, one.fnu);
      event.peak_sigma = std::max(event.peak_sigma, sigma);
      raise_peak(event.peak_season_sigma, judgement.season_sigma);
      raise_peak(event.peak_upstream_sigma, judgement.upstream_sigma);
    } else {
      usuals.add(one);
      clear_before = one.at;
    }
  }
  return course;
}

}  // namespace pitwatch
