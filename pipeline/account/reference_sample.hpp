#pragma once
// A reference sample: points at which somebody looked what the map calls disturbed, and what it does not. With it areas
// are adjusted for omission and commission.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/account/ledger.hpp"
#include "pipeline/accuracy/area_weighted.hpp"
#include "pipeline/core/alert.hpp"

namespace pitwatch {

inline constexpr std::string_view undisturbed_stratum = "undisturbed";
inline constexpr std::string_view disturbed_stratum = "disturbed";

/// How much ground there is of a class for each hectare that the map has of it.
struct AreaRatio {
  double value = 1;
  double standard_error = 0;
};

struct ReferenceSample {
  std::string site;  // empty: of all sites of the account
  AreaWeightedAccuracy accuracy;
  double mapped_ha = 0;        // of all strata but `undisturbed`
  SampledFigure disturbed_ha;  // error-adjusted: all but what is undisturbed
};

/// Reads a CSV file with the columns `map` (the stratum: a class of alerts, `disturbed` or `undisturbed`), `reference`
/// (what it is, likewise), `stratum_area_ha` (of the stratum on the map that the points were drawn from, in each of its
/// rows) and, where they are there, `count` (of points that the row stands for) and `site`; or GeoJSON with these
/// properties (`.json`, `.geojson`); where the points lie is not looked at. One sample for each site. Throws DataError,
/// starting with the path: cannot be read, over 64 MiB, a member missing or of another type, a column twice, one
/// that is nearly one of these (core/misspelling.hpp) or, where there is no `count`, one of other_names_of_count
/// (others, notes for one, may be there), another stratum, two areas of one stratum, no `undisturbed` stratum, and as
/// area_weighted_accuracy().
std::vector<ReferenceSample> read_reference(const std::string& path);

/// The ratio of a class (nothing: of all disturbed ground): error-adjusted area (eq. 9 of Olofsson et al. 2014) by
/// mapped area, and its standard error (eqs. 10, 11). Of a class that is no stratum that of all.
AreaRatio area_ratio(const ReferenceSample& sample, std::optional<ChangeClass> change_class);

/// The estimates of a row by a sample: mapped area x ratio, -+ 1.96 standard errors, not below 0.
void adjust(LedgerRow& row, const ReferenceSample& sample);

}  // namespace pitwatch
