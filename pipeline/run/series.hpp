#pragma once
// Series of single pixels: a table in, the monitor's judgement of each observation out.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/classify/course.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/observe.hpp"

namespace pitwatch {

struct SeriesOptions {
  std::string file;
  std::string id_column;  // empty: all rows are of one pixel
  std::string date_column = "date";
  double scale = 1;                       // of the band columns: reflectance = value * scale
  std::string clear_column;               // empty: every row is clear
  std::vector<std::string> clear_values;  // of that column
  std::optional<Instant> history_until;   // observations up to here are learnt from; empty: see run_series()
  int history_days = 365;
  CourseOptions course;
  MonitorOptions monitor;  // but for surroundings and neighbours, which single pixels have not
};

/// An observation that was judged.
struct SeriesObservation {
  Instant when{};
  ObservationUse use = ObservationUse::unseen;
  FeatureVector observed{};
  FeatureVector modelled{};  // NaN where the observation was not used
  FeatureVector noise{};     // standard deviation expected of observed - modelled
  float evidence = 0;        // log odds
  float probability = 0;
  PixelStatus status = PixelStatus::not_judged;
  std::optional<ChangeClass> change_class;  // of a change that is open or over, by its course so far
};

struct SeriesPixel {
  std::string id;
  std::size_t history_observations = 0;   // clear ones
  std::size_t observations = 0;           // clear ones after the history
  std::optional<Instant> first_detected;  // the first time that it became an alert
  std::optional<Instant> confirmed_on;
  PixelStatus status = PixelStatus::not_judged;  // in the end
  std::optional<ChangeClass> change_class;       // of the last change
  float highest_probability = 0;
};

struct SeriesResult {
  std::vector<SeriesPixel> pixels;  // in the order in which the file first names them
  /// How the table was read: what divides its cells, which column is what, how dates and numbers are written.
  std::string understood;
  std::size_t repeated = 0;  // rows of a date that their pixel had before: observations of their own
  /// Numbers of bands that are no reflectance (least_reflectance, most_reflectance) and so no measurement, fills most
  /// likely, and where the first stands.
  std::size_t beyond = 0;
  std::string first_beyond;
};

/// Gets a pixel and its observations after the history, by time.
using TakeSeries = std::function<void(const SeriesPixel& pixel, const std::vector<SeriesObservation>& observations)>;

/// Reads the file, learns from its first part and observes the rest with the engine that watches sites, without its
/// spatial steps: pixels have typical noise and covariance in common, and nothing else. Bands are columns by ESA's name
/// or a common one (B04, B4, red); where bands are missing, columns ndvi, bsi and mndwi stand in for what they would
/// give, and the engine works with what there is. A feature of monitor.extra is the column of its name, or is worked
/// out of its bands. Without `history_until`, the first `history_days` are history, but at most half of the series.
/// Empty cells and NA are no measurement, nor are numbers of bands that no ground reflects; rows of a pixel with the
/// same date are separate observations, in an order that does not hang on the file: clear ones first, then those of
/// lower values, band by band and index by index. The first that can be judged counts, others are looks at the same
/// sky. Rows may come in any order; `take` gets the pixels in the order in which the
/// file first names them. Time and memory grow with the rows: 17 bytes of each, and 4 for each cell of a band or index.
/// Cells are divided by commas, semicolons or tabs (Separators::by_header). Names of columns are those of the file in
/// upper and lower case alike, where only one fits. Dates and numbers are as table_texts.hpp has them. Throws
/// DataError, naming the file and line, for what cannot be read, is no reflectance by far, as are more than half of a
/// table's, or beyond 1.5 times what an index can be by its formula (1 for the three above and any normalised
/// difference, the range of the catalogue for others that have one), and for a table of more than 1 GiB, or that lacks
/// an extra feature and its bands; ConfigError for options out of range.
SeriesResult run_series(const SeriesOptions& options, const TakeSeries& take = {});

/// Columns of observations_csv().
std::string observations_header(const ExtraFeatures& extra = {});

/// One line per observation: id, date, use; observed, modelled and noise of each feature; evidence, probability,
/// status, class.
std::string observations_csv(const SeriesPixel& pixel, const std::vector<SeriesObservation>& observations,
                             const ExtraFeatures& extra = {});

/// One line per pixel: id, observations, first_detected, confirmed_on, status, class, highest probability.
std::string summary_csv(const SeriesResult& result);

}  // namespace pitwatch
