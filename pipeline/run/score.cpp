#include "pipeline/run/score.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/core/truth.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/vector/truth_geojson.hpp"
#include "pipeline/io/vector/vector_features.hpp"

namespace pitwatch {
namespace {

void check(const ScoreOptions& options) {
  const bool sampled = !options.samples.empty() || !options.strata.empty();
  const bool alerted = !options.alerts.empty() || !options.truth.empty() || !options.label.empty();
  if (sampled && alerted) throw ConfigError("--samples and --strata do not go with --alerts, --truth and --label");
  if (sampled && (options.samples.empty() || options.strata.empty())) {
    throw ConfigError("--samples and --strata go together; one is missing");
  }
  if (!sampled && options.alerts.empty()) throw ConfigError("--alerts FILE is missing");
  if (!sampled && options.truth.empty() && options.label.empty()) {
    throw ConfigError("--truth FILE is missing (or --label TIF)");
  }
  if (options.truth.empty() && (options.from || options.until)) {
    throw ConfigError("--from and --to choose among the events of --truth FILE, which is missing");
  }
  if (options.from && options.until && *options.until < *options.from) {
    throw ConfigError("--to must not be before --from");
  }
  if (!(options.min_overlap > 0 && options.min_overlap <= 1)) {
    throw ConfigError("--min-overlap must be over 0 and at most 1");
  }
  if (!(options.min_area_ha >= 0 && options.min_area_ha <= 1e6)) {
    throw ConfigError("--min-area-ha must be 0 to 1000000");
  }
  if (options.bootstrap.draws < 1 || options.bootstrap.draws > 100000) {
    throw ConfigError("--draws must be 1 to 100000");
  }
}

// ---- alerts against events ------------------------------------------------------------------------------------

template <typename Features>
std::vector<const LonLatMultiPolygon*> shapes_of(const Features& features) {
  std::vector<const LonLatMultiPolygon*> shapes;
  for (const auto& feature : features) shapes.push_back(&feature.shape);
  return shapes;
}

template <typename Features>
PolygonLayer layer_of(const Features& features, LonLat centre, const std::string& path) {
  PolygonLayer layer(centre);
  try {
    for (const auto& feature : features) layer.add(feature.id, feature.shape);
  } catch (const DataError& error) {
    throw DataError(path + ": feature " + error.what());
  }
  return layer;
}

double km2_years(const ObservedSpan& observed) {
  using Years = std::chrono::duration<double, std::chrono::years::period>;
  return observed.area_km2 * Years(observed.until - observed.from).count();
}

bool is_in_period(const ScoreOptions& options, Instant instant) {
  return (!options.from || instant >= *options.from) && (!options.until || instant <= *options.until);
}

/// Cuts what was observed to the period. Throws DataError where nothing is left: there are no rates of it.
void cut_to_period(const ScoreOptions& options, TruthCollection& truth) {
  if (!truth.observed) return;
  ObservedGround& observed = *truth.observed;
  const std::string whole = format_instant(observed.from) + " to " + format_instant(observed.until);
  if (options.from) observed.from = std::max(observed.from, *options.from);
  if (options.until) observed.until = std::min(observed.until, *options.until);
  if (observed.from < observed.until) return;
  throw DataError(options.truth + ": what was 'observed', " + whole + ", has nothing of --from and --to");
}

/// Takes out the events that do not count because they began at another time, and the alerts that are of other times as
/// well: neither right nor false. Those are alerts on such events alone, and alerts that were first detected at another
/// time, unless they hit an event that counts.
void set_aside(const ScoreOptions& options, TruthCollection& truth, std::vector<AlertFeature>& alerts,
               AccuracyReport& report) {
  cut_to_period(options, truth);
  const auto counts = [&](const TruthFeature& event) { return is_in_period(options, event.onset); };
  std::vector<bool> hits_counted(alerts.size(), false);
  std::vector<bool> on_counted(alerts.size(), false);
  std::vector<bool> on_other(alerts.size(), false);
  const LonLat centre = middle_of(shapes_of(truth.events));
  const PolygonLayer event_layer = layer_of(truth.events, centre, options.truth);
  const PolygonLayer alert_layer = layer_of(alerts, centre, options.alerts);
  for (const PolygonOverlap& overlap : overlaps(alert_layer, event_layer)) {
    const double smaller = std::min(alert_layer.area_m2(overlap.first), event_layer.area_m2(overlap.second));
    if (overlap.intersection_m2 < options.min_overlap * smaller) continue;
    const TruthFeature& event = truth.events[overlap.second];
    (counts(event) ? on_counted : on_other)[overlap.first] = true;
    if (counts(event) && alerts[overlap.first].first_detected >= event.onset) hits_counted[overlap.first] = true;
  }
  std::vector<AlertFeature> kept;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (on_other[i] && !on_counted[i]) {
      ++report.alerts_aside;
    } else if (!hits_counted[i] && !is_in_period(options, alerts[i].first_detected)) {
      ++report.alerts_outside;
    } else {
      kept.push_back(std::move(alerts[i]));
    }
  }
  alerts = std::move(kept);
  report.events_aside = std::erase_if(truth.events, [&](const TruthFeature& event) { return !counts(event); });
}

void score_truth(const ScoreOptions& options, AccuracyReport& report) {
  TruthCollection truth = read_truth_geojson(options.truth);
  std::vector<AlertFeature> alerts = read_alerts(options.alerts, options.where);
  if (options.from || options.until) set_aside(options, truth, alerts, report);
  report.synthetic = truth.synthetic;
  report.made_by = truth.made_by;
  if (truth.observed) report.observed = {truth.observed->from, truth.observed->until, truth.observed->area_km2};

  const LonLat centre = middle_of(shapes_of(truth.events));
  const PolygonLayer event_layer = layer_of(truth.events, centre, options.truth);
  const PolygonLayer alert_layer = layer_of(alerts, centre, options.alerts);
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    AlertFeature& from = alerts[i];
    report.alerts.push_back({std::move(from.id), std::move(from.status), std::move(from.change_class),
                             from.first_detected, from.confirmed_on, from.confidence, alert_layer.area_m2(i)});
  }
  for (std::size_t i = 0; i < truth.events.size(); ++i) {
    TruthFeature& from = truth.events[i];
    report.events.push_back({std::move(from.id), std::move(from.site), from.kind, std::move(from.type), from.onset,
                             event_layer.area_m2(i), std::move(from.clear_observations)});
  }

  std::vector<Overlap> common;
  for (const PolygonOverlap& overlap : overlaps(alert_layer, event_layer)) {
    common.push_back({overlap.first, overlap.second, overlap.intersection_m2});
  }
  report.matching = match_alerts(report.alerts, report.events, common, options.min_overlap);
  std::vector<EventUnion> unions;
  for (std::size_t i = 0; i < report.events.size(); ++i) {
    const UnionOverlap together = union_overlap(alert_layer, report.matching.events[i].alerts, event_layer, i);
    unions.push_back({together.union_m2, together.intersection_m2});
  }
  const auto observed = report.observed ? std::optional(km2_years(*report.observed)) : std::nullopt;
  report.truth =
      score_against_truth({report.alerts, report.events, report.matching, unions, observed}, options.bootstrap);
}

// ---- alerts against a label raster ----------------------------------------------------------------------------

/// Rasters that say what kind of event was there (core/truth.hpp) become rasters of changes: natural ones are not
/// judged, decoys are no change.
void reduce_types(PlaneView<std::uint16_t> label) {
  std::array<std::uint16_t, 256> meaning{};
  std::iota(meaning.begin(), meaning.end(), std::uint16_t{0});
  for (const TruthTypeInfo& type : truth_type_infos) {
    meaning[static_cast<std::size_t>(type.type)] = type.kind == TruthKind::disturbance ? label_changed
                                                   : type.kind == TruthKind::natural   ? label_not_judged
                                                                                       : label_unchanged;
  }
  for (int y = 0; y < label.height; ++y) {
    for (int x = 0; x < label.width; ++x) {
      if (label.at(x, y) < meaning.size()) label.at(x, y) = meaning[label.at(x, y)];
    }
  }
}

/// A label without a pixel of change, or of none, is most often one that is coded otherwise.
void warn_of_one_sided_label(PlaneView<const std::uint16_t> label, const std::string& path, AccuracyReport& report) {
  for (const std::uint16_t value : {label_unchanged, label_changed}) {
    bool is_there = false;
    for (int y = 0; y < label.height && !is_there; ++y) {
      is_there = std::find(label.row(y), label.row(y) + label.width, value) != label.row(y) + label.width;
    }
    if (is_there) continue;
    report.warnings.push_back(path + ": no pixel is " +
                              (value == label_changed ? "changed (1, or a type of disturbance): recall is of nothing"
                                                      : "unchanged (0, or a decoy): false alerts cannot be told") +
                              "; 255 is not judged");
  }
}

void score_label(const ScoreOptions& options, AccuracyReport& report) {
  const BandFile file(options.label);
  const Grid& grid = file.grid();
  Plane<std::uint16_t> label(grid.width, grid.height);
  file.read_window(grid.extent(), label.view());
  const VectorFeatures alerts = read_vector_features(options.alerts, options.where);
  const std::vector<BurntShape> burnt = burn_shapes(shapes_of(alerts.features), grid);
  const bool is_off_label =
      std::all_of(burnt.begin(), burnt.end(), [](const BurntShape& shape) { return shape.window.empty(); });
  if (is_off_label && !burnt.empty()) throw DataError(options.label + ": none of the alerts lies on it");
  std::vector<RasterisedAlert> pixels;
  for (const BurntShape& shape : burnt) pixels.push_back({shape.window, shape.inside.view()});
  try {
    reduce_types(label.view());
    warn_of_one_sided_label(std::as_const(label).view(), options.label, report);
    report.label = score_against_label(std::as_const(label).view(), grid.pixel_size_m, pixels, options.min_area_ha);
  } catch (const DataError& error) {
    throw DataError(options.label + ": " + error.what());
  }
}

// ---- samples of a map -----------------------------------------------------------------------------------------

/// Throws DataError for a column that would be passed over and leave each row one sample.
void expect_count(const CsvRow& row) {
  for (const auto& [name, cell] : row.cells) {
    const bool is_other = std::find(other_names_of_count.begin(), other_names_of_count.end(), lower_ascii(name)) !=
                          other_names_of_count.end();
    if (!is_other || row.cells.count("count") != 0) continue;
    throw DataError("'" + name +
                    "' would be passed over: if it is how many samples a row stands for, it is to be "
                    "'count', if not, to have another name");
  }
}

void score_samples(const ScoreOptions& options, AccuracyReport& report) {
  std::vector<MapStratum> strata;
  std::vector<SampleCount> samples;
  const std::vector<CsvRow> of_strata = read_csv(options.strata, {"map", "area_ha"});
  const std::vector<CsvRow> of_samples = read_csv(options.samples, {"map", "reference"}, {"count"});
  try {
    for (const CsvRow& row : of_strata) {
      strata.push_back({row.cells.at("map"), csv_amount(row, "area_ha")});
    }
  } catch (const DataError& error) {
    throw DataError(options.strata + ": " + error.what());
  }
  try {
    for (const CsvRow& row : of_samples) {
      expect_count(row);
      const double count = row.cells.count("count") != 0 ? csv_amount(row, "count") : 1;
      samples.push_back({row.cells.at("map"), row.cells.at("reference"), count});
    }
    report.area_weighted = area_weighted_accuracy(strata, samples);
  } catch (const DataError& error) {
    throw DataError(options.samples + " with " + options.strata + ": " + error.what());
  }
}

}  // namespace

AccuracyReport score(const ScoreOptions& options) {
  check(options);
  AccuracyReport report;
  report.alerts_name = options.alerts;
  report.truth_name = options.truth;
  report.label_name = options.label;
  report.samples_name = options.samples;
  report.strata_name = options.strata;
  report.where = options.where;
  report.min_overlap = options.min_overlap;
  report.min_area_ha = options.min_area_ha;
  report.bootstrap = options.bootstrap;
  if (!options.truth.empty()) score_truth(options, report);
  if (!options.label.empty()) score_label(options, report);
  if (!options.samples.empty()) score_samples(options, report);
  return report;
}

}  // namespace pitwatch
