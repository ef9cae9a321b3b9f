#pragma once
// How disturbed ground recovers: how much of what was green is green again, how fast, and what it is now.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// What one acquisition showed of a polygon: means over its pixels that were clear. `own` is what is expected by their
/// own past at that time of the year, `seen` what was seen less what undisturbed ground like them did besides.
struct GroundSeen {
  Instant when{};
  double pixels = 0;
  double ndvi = 0;
  double own_ndvi = 0;
  double mndwi = 0;
  /// Root of the mean square, over brightness and colour, of the distance from what is expected, in its standard
  /// deviations.
  double distance = 0;
};

inline bool shows_water(const GroundSeen& seen) { return seen.mndwi > 0; }

/// How the ground is now.
enum class GroundState : std::uint8_t {
  regrown,      // green again: 80 % of what was lost, at least half of it surely
  regrowing,    // half of it is back, or 80 % are expected
  backfilled,   // not green, but water gave way to soil, or bare ground is as it was before
  bare,         // not green; whether it was filled cannot be seen
  water,        // water stands in it
  cannot_tell,  // too few clear observations
};
inline constexpr std::array<std::string_view, 6> ground_state_names{"regrown", "regrowing", "backfilled",
                                                                    "bare",    "water",     "cannot_tell"};
inline std::string_view name(GroundState state) { return ground_state_names[static_cast<std::size_t>(state)]; }

/// What can be said of the years until 80 % of the green is back.
enum class Outlook : std::uint8_t {
  reached,
  expected,        // see years_to_80: within longest_years even at the lower bound of the rate
  not_recovering,  // even at the upper bound of its rate it takes more than longest_years
  cannot_tell,     // too few observations, too short a time, water, or it may be either
  not_vegetated,   // it was not green before
};
inline constexpr std::array<std::string_view, 5> outlook_names{"reached", "expected", "not_recovering", "cannot_tell",
                                                               "not_vegetated"};
inline std::string_view name(Outlook outlook) { return outlook_names[static_cast<std::size_t>(outlook)]; }

/// A figure with the bounds of its 95 % interval.
struct BoundedFigure {
  double value = 0;
  double lower = 0;
  double upper = 0;
};

struct Remediation {
  GroundState state = GroundState::cannot_tell;
  Outlook outlook = Outlook::cannot_tell;
  std::optional<BoundedFigure> share;          // of the lost green that is back, by the newest observations
  std::optional<BoundedFigure> rate_per_year;  // of that share
  std::optional<BoundedFigure> years_to_80;    // from the newest observation on
  std::size_t observations = 0;                // that tell of green
  double span_days = 0;                        // from the first of them to the last
  std::optional<Instant> newest;
};

inline constexpr double recovered_share = 0.8;
inline constexpr double longest_years = 30;
inline constexpr double least_green = 0.15;  // NDVI

/// `bare_ndvi`: of the ground when it was disturbed. `was_water`, `is_bare_before`: water stood in it when it was
/// disturbed; it was bare before.
///
/// The share of an acquisition is (seen - bare) / (own - bare) of NDVI: 0 as when it was disturbed, 1 as by its own
/// past. Only acquisitions count whose season is greener than bare ground by least_green, and that show no water. The
/// share now is the median of the newest five, its interval the median -+ 1.96 x 1.253 x (1.4826 MAD) / root of their
/// number. The rate is the median of the slopes between all pairs (Theil 1950; Sen 1968, JASA 63, 1379-1389), with
/// Sen's interval of ranks. Fewer than six acquisitions, or less than half a year, or water: none.
Remediation remediation_of(std::span<const GroundSeen> seen, double bare_ndvi, bool was_water, bool was_bare_before);

/// Theil and Sen's slope per unit of `x` with its 95 % interval; nothing for fewer than two different x.
std::optional<BoundedFigure> robust_slope(std::span<const double> x, std::span<const double> y);

}  // namespace pitwatch
