#include "pipeline/run/series.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/indices/catalogue.hpp"
#include "pipeline/indices/parser.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/run/table_texts.hpp"

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

/// Of what an index can be by its formula: by reflectances below 0, which dark ground has, it may be a little more.
constexpr double beyond_range = 1.5;

constexpr std::uint64_t largest_table_bytes = std::uint64_t{1} << 30;

/// Pixels that are judged side by side: those that follow on each other and have the same dates, at most so many.
constexpr std::size_t most_pixels_of_group = 256;

[[noreturn]] void fail(const CsvFile& file, const std::string& text) {
  throw DataError("line " + std::to_string(file.line()) + ": " + text);
}

/// The largest magnitude of an index that its formula bounds: a normalised difference, or one of the catalogue.
double largest_of(const std::string& formula) {
  ExpressionGraph graph;
  const ExpressionNode& root = graph.at(parse_expression(formula, {}, graph));
  const bool is_operation = root.kind == ExpressionNode::Kind::operation;
  if (is_operation && root.op == kernels::RowOp::difference) return beyond_range;
  const CatalogueIndex* const known = find_index(formula);
  if (known == nullptr || !known->range) return std::numeric_limits<double>::infinity();
  return beyond_range * std::max(std::abs(known->range->low), std::abs(known->range->high));
}

/// The rows of a file, packed, by pixel and time.
class SeriesTable {
 public:
  explicit SeriesTable(const SeriesOptions& options) : options_(options) {
    CsvFile file(options.file, {}, largest_table_bytes, Separators::by_header);
    find_columns(file);
    numbers_of_table_ = TableNumbers(file.separator() != ',');
    while (file.next()) take(file);
    if (when_.empty()) throw DataError("holds no rows");
    numbers_of_table_.check();
    check_beyond();
    understood_ = describe(file);
    sort();
  }

  std::size_t pixels() const { return ids_.size(); }
  std::size_t features() const { return feature_count + options_.monitor.extra.size(); }
  const std::string& id(std::size_t pixel) const { return ids_[pixel]; }

  /// Rows of a pixel, by time: numbers for when(), is_clear() and the like.
  std::span<const std::uint32_t> rows(std::size_t pixel) const {
    return std::span(order_).subspan(starts_[pixel], starts_[pixel + 1] - starts_[pixel]);
  }
  Instant when(std::uint32_t row) const { return when_[row]; }
  bool is_clear(std::uint32_t row) const { return clear_[row] != 0; }
  Instant first() const { return *std::min_element(when_.begin(), when_.end()); }
  Instant last() const { return *std::max_element(when_.begin(), when_.end()); }

  /// NaN where there is no such column.
  PixelReflectance reflectance(std::uint32_t row) const {
    PixelReflectance reflectance{none, none, none, none, none, none};
    for (const BandCells& band : bands_) reflectance.*(band.reflectance) = band.cells[row];
    return reflectance;
  }

  /// Adds to the observation what the row shows of its pixel.
  void fill(std::uint32_t row, std::size_t pixel, ObservationFeatures& observation) const {
    const PixelReflectance seen = reflectance(row);
    FeatureVector values = features_of(seen);
    FeatureVector errors = error_of(seen, options_.monitor.reflectance_error);
    for (float& error : errors) error = error == error ? error : 0;  // of what comes as an index
    for (const IndexCells& of : indices_) {
      float& value = values[index(of.feature)];
      if (value != value) value = of.cells[row];
    }
    add_extra(row, seen, values, errors);
    observation.values.set(pixel, values);
    observation.errors.set(pixel, errors);
    observation.blue_to_red[pixel] = seen.blue / seen.red;
    observation.seen[pixel] = is_clear(row) ? Seen::clear : Seen::masked;
  }

  const std::string& understood() const { return understood_; }

  /// Numbers of bands that no ground reflects, taken for no measurement, and the first of them.
  std::size_t beyond() const { return beyond_; }
  const std::string& first_beyond() const { return first_beyond_; }

  /// Rows of a date that their pixel had before.
  std::size_t repeated() const {
    std::size_t count = 0;
    for (std::size_t pixel = 0; pixel < pixels(); ++pixel) {
      const auto of_pixel = rows(pixel);
      for (std::size_t i = 1; i < of_pixel.size(); ++i) count += when(of_pixel[i]) == when(of_pixel[i - 1]) ? 1 : 0;
    }
    return count;
  }

 private:
  // A deque grows without a copy of itself.
  struct BandCells {
    std::size_t column;
    std::string name;
    float PixelReflectance::*reflectance;
    std::deque<float> cells;
  };
  struct IndexCells {
    std::size_t column;
    std::string name;
    Feature feature;
    std::deque<float> cells;
  };

  /// A feature that was asked for, as a column of its own.
  struct ExtraCells {
    std::size_t column;
    std::string name;
    std::size_t number;  // of options.monitor.extra
    double largest;
    std::deque<float> cells;
  };
  /// A band that only these need.
  struct MoreCells {
    std::size_t column;
    std::string name;
    Band band;
    std::deque<float> cells;
  };

  void add_extra(std::uint32_t row, const PixelReflectance& seen, FeatureVector& values, FeatureVector& errors) const {
    const ExtraFeatures& extra = options_.monitor.extra;
    if (extra.size() == 0) return;
    std::array<float, band_infos.size()> reflectance;
    reflectance.fill(none);
    for (const BandColumn& band : band_columns)
      reflectance[static_cast<std::size_t>(band.band)] = seen.*(band.reflectance);
    for (const MoreCells& band : more_) reflectance[static_cast<std::size_t>(band.band)] = band.cells[row];
    std::vector<const float*> rows;
    for (const Band band : extra.bands()) rows.push_back(&reflectance[static_cast<std::size_t>(band)]);
    std::array<float*, most_extra_features> into{};
    std::array<float*, most_extra_features> errors_into{};
    for (std::size_t k = 0; k < extra.size(); ++k) {
      into[k] = &values[feature_count + k];
      errors_into[k] = &errors[feature_count + k];
    }
    extra.measure(rows, 1, options_.monitor.reflectance_error, scratch_, into, errors_into);
    for (const ExtraCells& of : extra_) {
      constexpr float most = ExtraFeatures::largest_value;
      *into[of.number] = std::clamp(of.cells[row] * extra[of.number].scale, -most, most);
      *errors_into[of.number] = 0;
    }
  }

  /// Columns of features that were asked for, or of the bands that they are made of.
  void find_extra(const CsvFile& file) {
    const ExtraFeatures& extra = options_.monitor.extra;
    for (std::size_t k = 0; k < extra.size(); ++k) {
      if (const auto column = column_of(file, extra[k].name)) {
        extra_.push_back({*column, extra[k].name, k, largest_of(extra[k].formula), {}});
      }
    }
    if (extra_.size() == extra.size()) return;
    for (const Band band : extra.bands()) {
      const auto is_it = [band](const BandColumn& of) { return of.band == band; };
      const auto known = std::find_if(band_columns.begin(), band_columns.end(), is_it);
      if (known != band_columns.end()) {
        const auto is_there = [&](const BandCells& of) { return of.reflectance == known->reflectance; };
        if (std::any_of(bands_.begin(), bands_.end(), is_there)) continue;
      }
      const BandInfo& of = info(band);
      const bool is_padded = of.name.size() == 3 && of.name[1] == '0';
      const std::string shorter = is_padded ? "B" + std::string(of.name.substr(2)) : std::string(of.name);
      auto column = column_of(file, std::string(of.name));
      if (!column) column = column_of(file, shorter);
      if (!column && !of.common_name.empty()) column = column_of(file, std::string(of.common_name));
      if (column) more_.push_back({*column, std::string(of.name), band, {}});
    }
    check_extra();
  }

  /// Throws DataError for a feature of which the table has neither a column nor all bands.
  void check_extra() const {
    const ExtraFeatures& extra = options_.monitor.extra;
    for (std::size_t k = 0; k < extra.size(); ++k) {
      const bool is_column =
          std::any_of(extra_.begin(), extra_.end(), [k](const ExtraCells& of) { return of.number == k; });
      if (is_column) continue;
      const std::array text{extra[k].name + "=" + extra[k].formula};
      const ExtraFeatures alone(text);
      for (const Band band : alone.bands()) {
        const bool is_more = std::any_of(more_.begin(), more_.end(), [&](const auto& of) { return of.band == band; });
        const bool is_there = std::any_of(bands_.begin(), bands_.end(), [&](const BandCells& of) {
          return std::any_of(band_columns.begin(), band_columns.end(), [&](const BandColumn& known) {
            return known.band == band && known.reflectance == of.reflectance;
          });
        });
        if (!is_more && !is_there) {
          throw DataError("has no column '" + extra[k].name + "' and no " + std::string(name(band)) +
                          " to work it out of");
        }
      }
    }
  }

  void find_columns(const CsvFile& file) {
    for (const BandColumn& band : band_columns) {
      for (const char* name : band.names) {
        const auto column = *name == '\0' ? std::nullopt : column_of(file, name);
        if (!column) continue;
        bands_.push_back({*column, name, band.reflectance, {}});
        break;
      }
    }
    for (const Feature feature : index_columns) {
      const std::string name(feature_names[index(feature)]);
      if (const auto column = column_of(file, name)) indices_.push_back({*column, name, feature, {}});
    }
    if (bands_.empty() && indices_.empty()) {
      throw DataError("has no column of a band (B02, B03, B04, B08, B11, B12) or index (ndvi, bsi, mndwi)");
    }
    find_extra(file);
    date_ = required(file, options_.date_column);
    if (!options_.id_column.empty()) id_ = required(file, options_.id_column);
    if (!options_.clear_column.empty()) clear_flag_ = required(file, options_.clear_column);
  }

  /// The column of a name, else the only one whose name differs by upper and lower case.
  static std::optional<std::size_t> column_of(const CsvFile& file, const std::string& name) {
    const std::vector<std::string>& columns = file.columns();
    const auto count = std::count(columns.begin(), columns.end(), name);
    if (count > 1) throw DataError("has the column '" + name + "' twice");
    if (count == 1) return file.column(name);
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (lower_ascii(columns[i]) != lower_ascii(name)) continue;
      if (found) throw DataError("has the columns '" + columns[*found] + "' and '" + columns[i] + "': which is it?");
      found = i;
    }
    return found;
  }

  static std::size_t required(const CsvFile& file, const std::string& name) {
    const std::optional<std::size_t> column = column_of(file, name);
    if (!column) throw DataError("has no column '" + name + "'");
    return *column;
  }

  std::string describe(const CsvFile& file) const {
    const char separator = file.separator();
    std::string text = separator == ';'    ? "cells divided by ';'"
                       : separator == '\t' ? "cells divided by tabs"
                                           : "cells divided by ','";
    text += std::string(", decimal ") + (numbers_of_table_.has_commas() ? "comma" : "point");
    text += day_first_ ? ", dates as day.month.year" : ", dates as ISO 8601";
    text += ", date '" + printable(file.columns()[date_]) + "'";
    for (const BandCells& band : bands_) text += ", " + band.name + " '" + printable(file.columns()[band.column]) + "'";
    for (const IndexCells& of : indices_) text += ", " + of.name + " '" + printable(file.columns()[of.column]) + "'";
    for (const MoreCells& band : more_) text += ", " + band.name + " '" + printable(file.columns()[band.column]) + "'";
    for (const ExtraCells& of : extra_) text += ", " + of.name + " '" + printable(file.columns()[of.column]) + "'";
    return text;
  }

  void take(const CsvFile& file) {
    if (when_.size() == std::numeric_limits<std::uint32_t>::max()) throw DataError("has too many rows");
    const std::string& id = id_ ? file.cell(*id_) : whole_table_;
    const auto [known, is_new] = numbers_.emplace(id, static_cast<std::uint32_t>(ids_.size()));
    if (is_new) ids_.push_back(id);
    pixel_.push_back(known->second);
    when_.push_back(date_of(file));
    const std::vector<std::string>& clear = options_.clear_values;
    const bool is_clear = !clear_flag_ || std::find(clear.begin(), clear.end(), file.cell(*clear_flag_)) != clear.end();
    clear_.push_back(is_clear ? 1 : 0);
    for (BandCells& band : bands_) band.cells.push_back(reflectance_in(file, band.column, band.name));
    for (MoreCells& band : more_) band.cells.push_back(reflectance_in(file, band.column, band.name));
    for (ExtraCells& of : extra_) of.cells.push_back(index_in(file, of.column, of.name, of.largest));
    for (IndexCells& of : indices_) of.cells.push_back(index_in(file, of.column, of.name, beyond_range));
  }

  Instant date_of(const CsvFile& file) {
    try {
      return parse_table_date(file.cell(date_), day_first_);
    } catch (const DataError& error) {
      fail(file, error.what());
    }
  }

  float reflectance_in(const CsvFile& file, std::size_t column, const std::string& name) {
    const float value = number_in(file, column, name) * static_cast<float>(options_.scale);
    if (std::abs(value) > 20) {
      fail(file,
           "'" + name + "' is no reflectance of 0 to 1: '" + file.cell(column) + "'; the scale is to bring it there");
    }
    if (value != value) return none;
    ++reflectances_;
    if (value >= static_cast<float>(least_reflectance) && value <= static_cast<float>(most_reflectance)) return value;
    if (beyond_++ == 0) {
      first_beyond_ = "line " + std::to_string(file.line()) + ", '" + name + "': '" + file.cell(column) + "'";
    }
    return none;
  }

  /// A few are fills; of a table in another unit it is most.
  void check_beyond() const {
    if (2 * beyond_ <= reflectances_) return;
    throw DataError(first_beyond_ + " and " + std::to_string(beyond_ - 1) + " more of " +
                    std::to_string(reflectances_) +
                    " numbers of bands are no reflectance of 0 to 1; the scale is to bring them there");
  }

  float index_in(const CsvFile& file, std::size_t column, const std::string& name, double largest) {
    const float value = number_in(file, column, name);
    if (std::abs(value) > largest) {
      fail(file, "'" + name + "' cannot be " + file.cell(column) + ", at most " + fixed_text(largest, 2) +
                     ": values times 100 or 10000 are to be divided first; the scale is of bands alone");
    }
    return value;
  }

  float number_in(const CsvFile& file, std::size_t column, const std::string& name) {
    try {
      return numbers_of_table_.read(file.cell(column)).value_or(none);
    } catch (const DataError& error) {
      fail(file, "'" + name + "' " + error.what());
    }
  }

  /// Of rows of one time, by what they say and not by where they stand: the clear one, then that of the lower values,
  /// bands by wavelength before indices; what is not there comes last. Rows that are alike in all of it are the same.
  bool comes_first(std::uint32_t a, std::uint32_t b) const {
    if (is_clear(a) != is_clear(b)) return is_clear(a);
    std::optional<bool> is_first;
    const auto compare = [&](const auto& columns) {
      for (const auto& column : columns) {
        if (is_first) return;
        const float one = column.cells[a];
        const float other = column.cells[b];
        if (std::isnan(one) && std::isnan(other)) continue;
        if (one != other) is_first = !std::isnan(one) && !(other < one);
      }
    };
    compare(bands_);
    compare(indices_);
    compare(more_);
    compare(extra_);
    return is_first.value_or(false);
  }

  void sort() {
    numbers_.clear();
    starts_.assign(pixels() + 1, 0);
    for (const std::uint32_t pixel : pixel_) ++starts_[pixel + 1];
    for (std::size_t pixel = 0; pixel < pixels(); ++pixel) {
      if (starts_[pixel + 1] > most_acquisitions) {
        const std::string of =
            id_ ? "'" + ids_[pixel] + "' has" : "no column tells its pixels apart, and one pixel has";
        throw DataError(of + " more than " + std::to_string(most_acquisitions) + " observations");
      }
      starts_[pixel + 1] += starts_[pixel];
    }
    order_.resize(when_.size());
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for (std::uint32_t row = 0; row < pixel_.size(); ++row) order_[next[pixel_[row]]++] = row;
    pixel_.clear();
    pixel_.shrink_to_fit();
    const auto earlier = [this](std::uint32_t a, std::uint32_t b) {
      return when_[a] != when_[b] ? when_[a] < when_[b] : comes_first(a, b);
    };
    for (std::size_t pixel = 0; pixel < pixels(); ++pixel) {
      const auto first = order_.begin() + static_cast<std::ptrdiff_t>(starts_[pixel]);
      std::stable_sort(first, order_.begin() + static_cast<std::ptrdiff_t>(starts_[pixel + 1]), earlier);
    }
  }

  const SeriesOptions& options_;
  const std::string whole_table_ = "1";  // the id of the one pixel where no column tells pixels apart
  TableNumbers numbers_of_table_{false};
  bool day_first_ = false;
  std::string understood_;
  std::size_t reflectances_ = 0;
  std::size_t beyond_ = 0;  // of them
  std::string first_beyond_;
  std::size_t date_ = 0;  // columns
  std::optional<std::size_t> id_;
  std::optional<std::size_t> clear_flag_;
  std::vector<BandCells> bands_;
  std::vector<IndexCells> indices_;
  std::vector<ExtraCells> extra_;
  std::vector<MoreCells> more_;
  mutable ExtraFeatures::Scratch scratch_;
  std::vector<std::string> ids_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // of ids_, while rows come
  // By row.
  std::deque<std::uint32_t> pixel_;
  std::deque<Instant> when_;
  std::deque<std::uint8_t> clear_;
  // Rows by pixel and time; those of a pixel begin at its place in starts_.
  std::vector<std::uint32_t> order_;
  std::vector<std::size_t> starts_;
};

/// Pixels that follow on each other and have the same dates: a window of one row, in which each is a column.
class PixelGroup {
 public:
  PixelGroup(const SeriesTable& table, std::size_t begin, std::size_t end)
      : table_(&table), begin_(begin), end_(end), features_(table.features()) {}

  std::size_t begin() const { return begin_; }
  std::size_t pixels() const { return end_ - begin_; }
  std::size_t observations() const { return table_->rows(begin_).size(); }
  Instant when(std::size_t observation) const { return table_->when(row(0, observation)); }
  std::uint32_t row(std::size_t pixel, std::size_t observation) const {
    return table_->rows(begin_ + pixel)[observation];
  }

  /// As many as are not later than `until`.
  std::size_t history(Instant until) const {
    std::size_t count = 0;
    while (count < observations() && when(count) <= until) ++count;
    return count;
  }

  /// `into` keeps its memory.
  void fill(std::size_t observation, ObservationFeatures& into) const {
    into.when = when(observation);
    into.width = static_cast<int>(pixels());
    into.height = 1;
    into.values.resize(pixels(), features_);
    into.errors.resize(pixels(), features_);
    into.blue_to_red.resize(pixels());
    into.seen.resize(pixels());
    into.called_cloud.assign(pixels(), 0);
    for (std::size_t i = 0; i < pixels(); ++i) table_->fill(row(i, observation), i, into);
  }

  ObservationStack stack(Instant until) const {
    ObservationStack stack(static_cast<int>(pixels()), 1, features_);
    ObservationFeatures features;
    const std::size_t count = history(until);
    for (std::size_t observation = 0; observation < count; ++observation) {
      fill(observation, features);
      stack.add(features);
    }
    return stack;
  }

 private:
  const SeriesTable* table_;
  std::size_t begin_;
  std::size_t end_;
  std::size_t features_;
};

std::vector<PixelGroup> groups_of(const SeriesTable& table) {
  const auto same_dates = [&table](std::size_t a, std::size_t b) {
    return std::ranges::equal(table.rows(a), table.rows(b), [&table](std::uint32_t row_a, std::uint32_t row_b) {
      return table.when(row_a) == table.when(row_b);
    });
  };
  std::vector<PixelGroup> groups;
  for (std::size_t begin = 0; begin < table.pixels();) {
    std::size_t end = begin + 1;
    while (end < table.pixels() && end - begin < most_pixels_of_group && same_dates(begin, end)) ++end;
    groups.emplace_back(table, begin, end);
    begin = end;
  }
  return groups;
}

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

/// The pixels of a group, observation by observation.
class GroupJudge {
 public:
  GroupJudge(const SeriesTable& table, const PixelGroup& group, MonitorState state, const SeriesOptions& options,
             const MonitorOptions& monitor)
      : table_(table), group_(group), state_(std::move(state)), options_(options), monitor_(monitor) {
    pixels_.resize(group.pixels());
    courses_.resize(group.pixels());
    lines_.resize(group.pixels());
    // Whatever is beside a pixel in the table is not so on the ground.
    state_.near_water.resize(group.pixels());
    for (std::size_t i = 0; i < group.pixels(); ++i) {
      pixels_[i].id = table.id(group.begin() + i);
      state_.near_water[i] = was_water(state_.counts[i]) ? WaterReach::bank : WaterReach::none;
    }
  }

  void run(Instant until, SeriesResult& result, const TakeSeries& take) {
    const std::size_t history = group_.history(until);
    for (std::size_t observation = 0; observation < history; ++observation) remember(observation);
    ObservationFeatures features;
    Observation seen;
    for (std::size_t observation = history; observation < group_.observations(); ++observation) {
      group_.fill(observation, features);
      observe(state_, features, monitor_, seen);
      for (std::size_t i = 0; i < group_.pixels(); ++i) follow(i, group_.row(i, observation), features, seen);
    }
    for (std::size_t i = 0; i < group_.pixels(); ++i) {
      if (take) take(pixels_[i], lines_[i]);
      result.pixels.push_back(std::move(pixels_[i]));
    }
  }

 private:
  void remember(std::size_t observation) {
    for (std::size_t i = 0; i < group_.pixels(); ++i) {
      const std::uint32_t row = group_.row(i, observation);
      if (!table_.is_clear(row)) continue;
      ++pixels_[i].history_observations;
      courses_[i].before = spectrum_of(table_.reflectance(row));
    }
  }

  void follow(std::size_t i, std::uint32_t row, const ObservationFeatures& observation, const Observation& seen) {
    SeriesObservation& line = lines_[i].emplace_back();
    line.when = observation.when;
    line.use = seen.use[i];
    line.observed = observation.values[i];
    for (std::size_t f = 0; f < state_.features; ++f) {
      const bool used = counts(seen.use[i]) && *state_.models.byte_row(ModelPlanes::first_noise_byte + f, i) != 0;
      line.modelled[f] = used ? observation.values.at(i, f) - seen.residuals.residual.at(i, f) : none;
      line.noise[f] = used ? seen.residuals.deviation.at(i, f) : none;
      if (f < feature_count) continue;
      for (float* const value : {&line.observed[f], &line.modelled[f], &line.noise[f]})
        *value /= monitor_.extra[f - feature_count].scale;
    }
    line.evidence = seen.evidence[i];
    line.probability = seen.probability[i];
    line.status = seen.status[i];
    SeriesPixel& pixel = pixels_[i];
    pixel.observations += counts(seen.use[i]) ? 1 : 0;
    pixel.status = line.status;
    pixel.highest_probability = std::max(pixel.highest_probability, line.probability);
    const PixelHistory& history = state_.history[i];
    const auto date = [this](ObservationNumber number) {
      return state_.observations[static_cast<std::size_t>(number)];
    };
    if (!pixel.first_detected && history.first_detected != no_observation)
      pixel.first_detected = date(history.first_detected);
    if (!pixel.confirmed_on && history.confirmed_on != no_observation) pixel.confirmed_on = date(history.confirmed_on);
    if (counts(seen.use[i])) {
      courses_[i].take(spectrum_of(table_.reflectance(row)), state_, i, seen.undisturbed[i] != 0, options_);
    }
    if (history.first_detected == no_observation) return;
    pixel.change_class = courses_[i].course.told.change_class;
    if (line.status != PixelStatus::stable) line.change_class = pixel.change_class;
  }

  const SeriesTable& table_;
  const PixelGroup& group_;
  MonitorState state_;
  const SeriesOptions& options_;
  const MonitorOptions& monitor_;
  std::vector<SeriesPixel> pixels_;
  std::vector<PixelCourse> courses_;
  std::vector<std::vector<SeriesObservation>> lines_;
};

std::string_view class_of(const std::optional<ChangeClass>& change_class) {
  return change_class ? name(*change_class) : std::string_view();
}

std::string_view name(ObservationUse use) {
  constexpr std::array<std::string_view, 6> names{"unseen", "screened", "used", "learnt", "another_season", "same_sky"};
  return names[static_cast<std::size_t>(use)];
}

}  // namespace

SeriesResult run_series(const SeriesOptions& options, const TakeSeries& take) {
  if (!(options.scale > 0)) throw ConfigError("scale is over 0");
  if (options.history_days < 1) throw ConfigError("history is at least a day");
  MonitorOptions monitor = options.monitor;
  monitor.surroundings_m = 0;
  monitor.neighbours = 0;
  try {
    const SeriesTable table(options);
    const std::vector<PixelGroup> groups = groups_of(table);
    const Instant until = end_of_history(options, table.first(), table.last());
    SeriesResult result;
    result.repeated = table.repeated();
    result.understood = table.understood();
    result.beyond = table.beyond();
    result.first_beyond = table.first_beyond();
    const auto stack_of = [&](std::size_t group) {
      throw_if_interrupted();
      return groups[group].stack(until);
    };
    learn_windows(groups.size(), stack_of, monitor, [&](std::size_t group, MonitorState state) {
      GroupJudge(table, groups[group], std::move(state), options, monitor).run(until, result, take);
    });
    return result;
  } catch (const DataError& error) {
    const std::string message = error.what();
    throw DataError(message.starts_with(options.file) ? message : options.file + ": " + message);
  }
}

std::string observations_header(const ExtraFeatures& extra) {
  std::string text = "id,date,use";
  for (const std::string& feature : names_of_features(extra)) {
    for (const char* of : {"_observed", "_modelled", "_noise"}) text.append(",").append(feature).append(of);
  }
  return text + ",evidence,probability,status,class\n";
}

std::string observations_csv(const SeriesPixel& pixel, const std::vector<SeriesObservation>& observations,
                             const ExtraFeatures& extra) {
  std::string text;
  const std::string id = csv_cell(pixel.id);
  for (const SeriesObservation& observation : observations) {
    text.append(id).append(",").append(format_instant(observation.when)).append(",");
    text += name(observation.use);
    for (std::size_t f = 0; f < feature_count + extra.size(); ++f) {
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
