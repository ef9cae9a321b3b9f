#pragma once
// The course of an alert: what each acquisition since its detection showed of its ground, from what a state keeps of it
// (chips/README.md), so that neither scenes nor the site are read for it.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch::tools {

/// Rows in order of time; numbers are means over the alert's ground that an acquisition showed clear.
struct AlertSeries {
  std::string path;  // of the file that they were read from
  std::vector<ObservedAlert> rows;
};

/// (value - expected) / sd of a feature; nothing where one is missing or sd is 0.
std::optional<double> deviation_sigma(const ObservedFeature& feature);

/// Lines for people: where the rows are from, then each with the three features that deviated most in clear ones, as
/// value, expectation, and deviation in standard deviations.
std::string series_text(const AlertSeries& series);

/// `from`, `of` and `observations`, all features of each; null for what there is not.
nlohmann::ordered_json series_json(const AlertSeries& series);

/// The columns of observations.csv, and of each feature FEATURE_deviation besides.
std::string series_csv(const AlertSeries& series);

/// A place on an alert's ground: the middle of the longest stretch inside, on the line that halves the height of its
/// tallest part. Throws DataError for an outline without ground.
LonLat place_inside(const LonLatMultiPolygon& outline);

}  // namespace pitwatch::tools
