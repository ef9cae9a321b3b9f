#pragma once
// Turbidity of water by its reflectance, and when that of a reach became unusual.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// The most that is told, FNU: the algorithm was made for up to 1000, and its curve runs to infinity at a near infrared
/// reflectance of 0.21.
inline constexpr double most_turbidity_fnu = 4000;

/// Turbidity in FNU by the reflectance of water (0 to 1) in red and near infrared: T = A r / (1 - r / C) (Nechad et al.
/// 2009) with A 228.1, C 0.1641 for red (645 nm), A 3078.9, C 0.2112 for near infrared (859 nm); by red alone below a
/// red reflectance of 0.05, by near infrared alone above 0.07, in proportion between (Dogliotti et al. 2015,
/// doi:10.1016/j.rse.2014.09.020). Reflectance below 0 counts as 0. NaN in, NaN out. Sentinel-2's B04 and B8A lie near
/// those wavelengths; Level-2A is corrected for land, so that levels over water are biased and differences tell more.
double turbidity_fnu(double red, double near_infrared);

/// One clear observation of a reach.
struct TurbidityObservation {
  Instant at{};
  double fnu = 0;                      // median of its water pixels
  std::optional<double> upstream_fnu;  // likewise of a reach above whatever is looked for
};

struct TurbidityOptions {
  double season_days = 45;  // earlier observations within so many days of the same day of any year are compared with
  std::size_t least_usual = 8;  // observations that say what is usual, of the season, else of all the year
  double appears_sigma = 4;     // an anomaly of more begins an event
  double fades_sigma = 2;       // one of less ends it
  double least_spread = 0.15;   // of what is usual, in natural logarithms: less is not believed
};

struct TurbidityJudgement {
  std::optional<double> season_sigma;    // against what is usual of the reach itself; nothing: not enough is known
  std::optional<double> upstream_sigma;  // likewise of its difference from the reach upstream
  double excess_fnu = 0;                 // over what is usual, by anomaly_sigma()
  bool in_event = false;

  /// The one that counts: upstream where it is known, else of the season.
  std::optional<double> anomaly_sigma() const { return upstream_sigma ? upstream_sigma : season_sigma; }
};

/// A time at which a reach was more turbid than is usual.
struct TurbidityEvent {
  std::optional<Instant> clear_before;  // last observation without it
  Instant appeared{};                   // first observation with it
  Instant last_seen{};
  std::optional<Instant> faded;  // first observation without it again; nothing: it lasts
  double peak_fnu = 0;
  double peak_sigma = 0;  // of anomaly_sigma()
  std::optional<double> peak_season_sigma;
  std::optional<double> peak_upstream_sigma;
  bool against_upstream = false;  // what said that it appeared
};

struct TurbidityCourse {
  std::vector<TurbidityJudgement> judgements;  // of each observation
  std::vector<TurbidityEvent> events;          // in order of time
};

/// Judges each observation against those before it, in order of time (throws DataError otherwise). What is compared is
/// log(1 + FNU): as it is (season_sigma), and less that of the reach upstream in the same acquisition where both the
/// observation and what is usual have one (upstream_sigma): rain, melt and the bias of Level-2A, which muddy both,
/// cancel. Where there is the second it alone makes events. Usual is the median of earlier observations that belong to
/// no event; an anomaly is the difference from it over their spread (median absolute deviation times 1.4826, the spread
/// of one observation). Observations that are not finite or below 0 are judged as nothing.
TurbidityCourse judge_turbidity(std::span<const TurbidityObservation> series, const TurbidityOptions& options = {});

}  // namespace pitwatch
