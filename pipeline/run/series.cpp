#include "pipeline/run/series.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/monitor/learn.hpp"

namespace pitwatch {
namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();

struct BandColumn {
  Band band;
  float PixelReflectance::*reflectance;
  std::array<const char*, 4> names;  // the first that is there
};

constexpr std::array<BandColumn, 6> band_columns{{
    {Band::B02, &PixelReflectance::blue, {"B02", "B2", "blue", ""}},
    {Band::B03, &PixelReflectance::green, {"B03", "B3", "green", ""}},
    {Band::B04, &PixelReflectance::red, {"B04", "B4", "red", ""}},
    {Band::B08, &PixelReflectance::nir, {"B08", "B8", "nir", "bnir"}},
    {Band::B11, &PixelReflectance::swir16, {"B11", "swir16", "swir1", ""}},
    {Band::B12, &PixelReflectance::swir22, {"B12", "swir22", "swir2", ""}},
}};

constexpr std::array<Feature, 3> index_columns{Feature::ndvi, Feature::bsi, Feature::mndwi};

float number_in(const CsvRow& row, const std::string& column) {
  const std::string& text = row.cells.at(column);
  if (text.empty() || text == "NA" || text == "NaN" || text == "nan") return none;
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw DataError("line " + std::to_string(row.line) + ": '" + column + "' is not a number: '" + text + "'");
  }
  return value;
}

/// An observation of all pixels.
struct TableObservation {
  ObservationFeatures features;
  std::vector<PixelReflectance> reflectance;  // NaN where there is no such column
};

/// The rows of a file as observations of a window of one row, in which each pixel is a column.
class SeriesTable {
 public:
  explicit SeriesTable(const SeriesOptions& options) : options_(options) {
    std::vector<std::string> columns{options.date_column};
    if (!options.id_column.empty()) columns.push_back(options.id_column);
    if (!options.clear_column.empty()) columns.push_back(options.clear_column);
    rows_ = read_csv(options.file, columns);
    if (rows_.empty()) throw DataError("holds no rows");
    find_bands();
    find_pixels();
    for (const CsvRow& row : rows_) take(row);
  }

  std::vector<std::string> ids;
  std::map<std::pair<Instant, int>, TableObservation> observations;  // by date, and the how-manieth of that date
  std::size_t repeated = 0;                                          // rows of a date that their pixel had before

 private:
  void find_bands() {
    const auto& cells = rows_[0].cells;
    for (const BandColumn& band : band_columns) {
      for (const char* name : band.names) {
        if (*name == '\0' || !cells.contains(name)) continue;
        bands_.emplace_back(band.reflectance, name);
        break;
      }
    }
    const auto is_index = [&cells](Feature feature) {
      return cells.contains(std::string(feature_names[index(feature)]));
    };
    if (bands_.empty() && std::none_of(index_columns.begin(), index_columns.end(), is_index)) {
      throw DataError("has no column of a band (B02, B03, B04, B08, B11, B12) or index (ndvi, bsi, mndwi)");
    }
  }

  void find_pixels() {
    for (const CsvRow& row : rows_) {
      const std::string id = id_of(row);
      if (numbers_.emplace(id, ids.size()).second) ids.push_back(id);
    }
  }

  std::string id_of(const CsvRow& row) const {
    return options_.id_column.empty() ? "1" : row.cells.at(options_.id_column);
  }

  void take(const CsvRow& row) {
    const std::size_t pixel = numbers_.at(id_of(row));
    const Instant when = date_of(row);
    int& repeat = rows_of_date_[{when, pixel}];
    if (repeat > 0) ++repeated;
    TableObservation& observation = observations[{when, repeat++}];
    if (observation.reflectance.empty()) start(observation, when);
    observation.reflectance[pixel] = reflectance_in(row);
    fill(row, pixel, observation.reflectance[pixel], observation.features);
  }

  Instant date_of(const CsvRow& row) const {
    try {
      return parse_instant(row.cells.at(options_.date_column));
    } catch (const DataError& error) {
      throw DataError("line " + std::to_string(row.line) + ": " + error.what());
    }
  }

  void start(TableObservation& table_observation, Instant when) const {
    table_observation.reflectance.resize(ids.size());
    ObservationFeatures& observation = table_observation.features;
    observation.when = when;
    observation.width = static_cast<int>(ids.size());
    observation.height = 1;
    FeatureVector nothing;
    nothing.fill(none);
    observation.values.assign(ids.size(), nothing);
    observation.errors.assign(ids.size(), FeatureVector{});
    observation.blue_to_red.assign(ids.size(), none);
    observation.seen.assign(ids.size(), Seen::nothing);
    observation.called_cloud.assign(ids.size(), 0);
  }

  PixelReflectance reflectance_in(const CsvRow& row) const {
    PixelReflectance reflectance{none, none, none, none, none, none};
    for (const auto& [band, column] : bands_) {
      const float value = number_in(row, column) * static_cast<float>(options_.scale);
      if (std::abs(value) > 20) {
        throw DataError("line " + std::to_string(row.line) + ": '" + column + "' is no reflectance of 0 to 1: '" +
                        row.cells.at(column) + "'; the scale is to bring it there");
      }
      reflectance.*band = value;
    }
    return reflectance;
  }

  void fill(const CsvRow& row, std::size_t pixel, const PixelReflectance& reflectance,
            ObservationFeatures& observation) const {
    FeatureVector& values = observation.values[pixel];
    values = features_of(reflectance);
    observation.errors[pixel] = error_of(reflectance, options_.monitor.reflectance_error);
    for (float& error : observation.errors[pixel]) error = error == error ? error : 0;  // of what comes as an index
    for (const Feature feature : index_columns) {
      float& value = values[index(feature)];
      const std::string column(feature_names[index(feature)]);
      if (value != value && row.cells.contains(column)) value = number_in(row, column);
    }
    observation.blue_to_red[pixel] = reflectance.blue / reflectance.red;
    const bool clear =
        options_.clear_column.empty() || std::find(options_.clear_values.begin(), options_.clear_values.end(),
                                                   row.cells.at(options_.clear_column)) != options_.clear_values.end();
    observation.seen[pixel] = clear ? Seen::clear : Seen::masked;
  }

  const SeriesOptions& options_;
  std::vector<CsvRow> rows_;
  std::vector<std::pair<float PixelReflectance::*, std::string>> bands_;
  std::map<std::string, std::size_t> numbers_;
  std::map<std::pair<Instant, std::size_t>, int> rows_of_date_;  // by date and pixel, as many as were taken
};

Instant end_of_history(const SeriesOptions& options, Instant first, Instant last) {
  if (options.history_until) return *options.history_until;
  return std::min<Instant>(first + std::chrono::days(options.history_days), first + (last - first) / 2);
}

Spectrum spectrum_of(const PixelReflectance& reflectance) {
  Spectrum spectrum;
  for (const BandColumn& column : band_columns) {
    const float value = reflectance.*column.reflectance;
    if (std::isfinite(value)) spectrum[static_cast<std::size_t>(column.band)] = value;
  }
  return spectrum;
}

/// What the class of a pixel's change follows from.
struct PixelCourse {
  Spectrum before;  // when last seen undisturbed
  ClassCourse course;

  /// Takes in an observation that counted.
  void take(const Spectrum& now, const MonitorState& state, std::size_t pixel, bool undisturbed,
            const SeriesOptions& options) {
    if (undisturbed) before = now;
    const PixelHistory& history = state.history[pixel];
    const auto number = static_cast<ObservationNumber>(state.observations.size()) - 1;
    if (history.first_detected == number) course = {};
    const PixelStatus status = state.status[pixel];
    const bool closes = status == PixelStatus::closed && !is_over_;
    is_over_ = status == PixelStatus::closed;
    if (history.first_detected == no_observation ||
        (status != PixelStatus::provisional && status != PixelStatus::confirmed && status != PixelStatus::recovering &&
         !closes)) {
      return;
    }
    const Instant first = state.observations[static_cast<std::size_t>(history.first_detected)];
    const std::chrono::duration<double, std::ratio<86400>> open = state.observations.back() - first;
    const double own_year_share =
        history.observations_since_onset > 0
            ? static_cast<double>(history.own_year_observations) / history.observations_since_onset
            : 0;
    const std::optional<float> greenest =
        highest_of_year(state.model(pixel), Feature::ndvi, season_year(first), options.monitor);
    const auto greenest_ndvi = static_cast<double>(greenest.value_or(-1.0F));
    GroundShown shown;
    shown.add(before, now, greenest_ndvi);
    take_in(course, {shown, open.count(), greenest_ndvi, own_year_share, was_water(state.counts[pixel]), closes},
            options.course);
  }

 private:
  bool is_over_ = false;
};

void take_acquisitions(const TableObservation& table_observation, const MonitorState& state, const Observation& seen,
                       const SeriesOptions& options, std::vector<PixelCourse>& courses, SeriesResult& result) {
  const ObservationFeatures& observation = table_observation.features;
  for (std::size_t i = 0; i < observation.pixels(); ++i) {
    if (observation.seen[i] == Seen::nothing) continue;
    SeriesObservation& line = result.observations.emplace_back();
    line.pixel = i;
    line.when = observation.when;
    line.use = seen.use[i];
    line.observed = observation.values[i];
    for (std::size_t f = 0; f < feature_count; ++f) {
      const bool used = counts(seen.use[i]) && state.models[i].noise[f] != 0;
      line.modelled[f] = used ? observation.values[i][f] - seen.residuals.residual[i][f] : none;
      line.noise[f] = used ? seen.residuals.deviation[i][f] : none;
    }
    line.evidence = seen.evidence[i];
    line.probability = seen.probability[i];
    line.status = seen.status[i];
    SeriesPixel& pixel = result.pixels[i];
    pixel.observations += counts(seen.use[i]) ? 1 : 0;
    pixel.status = line.status;
    pixel.highest_probability = std::max(pixel.highest_probability, line.probability);
    const PixelHistory& history = state.history[i];
    const auto date = [&state](ObservationNumber number) {
      return state.observations[static_cast<std::size_t>(number)];
    };
    if (!pixel.first_detected && history.first_detected != no_observation)
      pixel.first_detected = date(history.first_detected);
    if (!pixel.confirmed_on && history.confirmed_on != no_observation) pixel.confirmed_on = date(history.confirmed_on);
    if (counts(seen.use[i])) {
      courses[i].take(spectrum_of(table_observation.reflectance[i]), state, i, seen.undisturbed[i] != 0, options);
    }
    if (history.first_detected == no_observation) continue;
    pixel.change_class = courses[i].course.told.change_class;
    if (line.status != PixelStatus::stable) line.change_class = pixel.change_class;
  }
}

std::string_view class_of(const std::optional<ChangeClass>& change_class) {
  return change_class ? name(*change_class) : std::string_view();
}

std::string_view name(ObservationUse use) {
  constexpr std::array<std::string_view, 6> names{"unseen", "screened", "used", "learnt", "another_season", "same_sky"};
  return names[static_cast<std::size_t>(use)];
}

}  // namespace

SeriesResult run_series(const SeriesOptions& options) {
  if (!(options.scale > 0)) throw ConfigError("scale is over 0");
  if (options.history_days < 1) throw ConfigError("history is at least a day");
  MonitorOptions monitor = options.monitor;
  monitor.surroundings_m = 0;
  monitor.neighbours = 0;
  try {
    const SeriesTable table(options);
    SeriesResult result;
    result.repeated = table.repeated;
    for (const std::string& id : table.ids) result.pixels.emplace_back().id = id;
    const Instant until =
        end_of_history(options, table.observations.begin()->first.first, table.observations.rbegin()->first.first);
    ObservationStack stack(static_cast<int>(table.ids.size()), 1);
    auto observation = table.observations.begin();
    std::vector<PixelCourse> courses(table.ids.size());
    for (; observation != table.observations.end() && observation->first.first <= until; ++observation) {
      stack.add(observation->second.features);
      for (std::size_t i = 0; i < table.ids.size(); ++i) {
        if (observation->second.features.seen[i] != Seen::clear) continue;
        ++result.pixels[i].history_observations;
        courses[i].before = spectrum_of(observation->second.reflectance[i]);
      }
    }
    MonitorState state = learn(std::move(stack), monitor);
    Observation seen;
    for (; observation != table.observations.end(); ++observation) {
      observe(state, observation->second.features, monitor, seen);
      take_acquisitions(observation->second, state, seen, options, courses, result);
    }
    return result;
  } catch (const DataError& error) {
    const std::string message = error.what();
    throw DataError(message.starts_with(options.file) ? message : options.file + ": " + message);
  }
}

std::string observations_csv(const SeriesResult& result) {
  std::string text = "id,date,use";
  for (const std::string_view feature : feature_names) {
    for (const char* of : {"_observed", "_modelled", "_noise"}) text.append(",").append(feature).append(of);
  }
  text += ",evidence,probability,status,class\n";
  for (const SeriesObservation& observation : result.observations) {
    text += csv_cell(result.pixels[observation.pixel].id) + "," + format_instant(observation.when) + ",";
    text += name(observation.use);
    for (std::size_t f = 0; f < feature_count; ++f) {
      for (const float value : {observation.observed[f], observation.modelled[f], observation.noise[f]})
        text += "," + fixed_text(value, 4);
    }
    text += "," + fixed_text(observation.evidence, 2) + "," + fixed_text(observation.probability, 4) + ",";
    text.append(name(observation.status)).append(",").append(class_of(observation.change_class)).append("\n");
  }
  return text;
}

std::string summary_csv(const SeriesResult& result) {
  std::string text =
      "id,history_observations,observations,first_detected,confirmed_on,status,class,highest_probability\n";
  for (const SeriesPixel& pixel : result.pixels) {
    text += csv_cell(pixel.id) + "," + std::to_string(pixel.history_observations) + "," +
            std::to_string(pixel.observations) + ",";
    text += (pixel.first_detected ? format_instant(*pixel.first_detected) : "") + ",";
    text += (pixel.confirmed_on ? format_instant(*pixel.confirmed_on) : "") + ",";
    text.append(name(pixel.status)).append(",").append(class_of(pixel.change_class));
    text += "," + fixed_text(pixel.highest_probability, 4) + "\n";
  }
  return text;
}

}  // namespace pitwatch
