#include "pipeline/account/reference_sample.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/core/misspelling.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;
constexpr double sigma_95 = 1.96;
constexpr double m2_per_ha = 1e4;
constexpr double most_count = 1e9;
constexpr double least_area_ha = 1e-6;  // of a stratum: ratios to less run out of the numbers

const std::vector<std::string> required{"map", "reference", "stratum_area_ha"};
const std::vector<std::string> optional{"count", "site"};

/// A column or property that would be passed over and leave each row one point.
void refuse_other_count(const std::string& name) {
  const std::string plain = lower_ascii(name);
  if (std::find(other_names_of_count.begin(), other_names_of_count.end(), plain) == other_names_of_count.end()) return;
  throw DataError("'" + printable(name) +
                  "' would be passed over: if it is how many points a row stands for, it is to " +
                  "be 'count', if not, to have another name");
}

struct SampleRow {
  std::string where;  // "line 3", "feature 2"
  std::string site;
  std::string map;
  std::string reference;
  double stratum_area_ha = 0;
  double count = 1;
};

double number_of(const std::string& text, const std::string& where, const char* name) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    throw DataError(where + ": " + name + " is no number: '" + printable(text.substr(0, 40)) + "'");
  }
  return value;
}

std::vector<SampleRow> rows_of_csv(std::string_view text) {
  std::vector<SampleRow> rows;
  for (const CsvRow& row : parse_csv(text, required, optional)) {
    for (const auto& cell : row.cells) {
      if (row.cells.count("count") == 0) refuse_other_count(cell.first);
    }
    SampleRow& added = rows.emplace_back();
    added.where = "line " + std::to_string(row.line);
    added.map = row.cells.at("map");
    added.reference = row.cells.at("reference");
    added.stratum_area_ha = number_of(row.cells.at("stratum_area_ha"), added.where, "stratum_area_ha");
    if (row.cells.count("site") != 0) added.site = row.cells.at("site");
    if (row.cells.count("count") != 0) added.count = number_of(row.cells.at("count"), added.where, "count");
  }
  return rows;
}

std::string text_of(const json& properties, const char* name, const std::string& where) {
  const auto found = properties.find(name);
  if (found == properties.end() || !found->is_string()) throw DataError(where + ": " + name + " is no text");
  return found->get<std::string>();
}

double number_of(const json& properties, const char* name, const std::string& where) {
  const auto found = properties.find(name);
  if (found == properties.end() || !found->is_number()) throw DataError(where + ": " + name + " is no number");
  return found->get<double>();
}

void refuse_misspelt(const json& properties, const std::string& where) {
  std::vector<std::string> known = required;
  known.insert(known.end(), optional.begin(), optional.end());
  for (const auto& [name, value] : properties.items()) {
    if (const auto meant = meant_by(name, known)) {
      throw DataError(where + ": the property '" + printable(name.substr(0, 40)) + "' is none that is known: is it '" +
                      *meant + "'?");
    }
    if (!properties.contains("count")) refuse_other_count(name);
  }
}

std::vector<SampleRow> rows_of_geojson(std::string_view text) {
  const json collection = parse_json(text);
  const auto features = collection.is_object() ? collection.find("features") : collection.end();
  if (!collection.is_object() || features == collection.end() || !features->is_array()) {
    throw DataError("no GeoJSON collection of features");
  }
  std::vector<SampleRow> rows;
  for (const json& feature : *features) {
    SampleRow& added = rows.emplace_back();
    added.where = "feature " + std::to_string(rows.size());
    const auto properties = feature.is_object() ? feature.find("properties") : feature.end();
    if (!feature.is_object() || properties == feature.end() || !properties->is_object()) {
      throw DataError(added.where + ": has no properties");
    }
    refuse_misspelt(*properties, added.where);
    added.map = text_of(*properties, "map", added.where);
    added.reference = text_of(*properties, "reference", added.where);
    added.stratum_area_ha = number_of(*properties, "stratum_area_ha", added.where);
    if (properties->contains("site")) added.site = text_of(*properties, "site", added.where);
    if (properties->contains("count")) added.count = number_of(*properties, "count", added.where);
  }
  return rows;
}

bool is_stratum(const std::string& name) {
  return name == undisturbed_stratum || name == disturbed_stratum ||
         std::any_of(change_class_names.begin(), change_class_names.end(),
                     [&](const ChangeClassName& known) { return known.name == name; });
}

void check(const SampleRow& row) {
  for (const std::string& name : {row.map, row.reference}) {
    if (is_stratum(name)) continue;
    throw DataError(row.where + ": '" + printable(name.substr(0, 40)) +
                    "' is neither a class of alerts nor disturbed nor undisturbed");
  }
  if (!(row.stratum_area_ha > 0)) throw DataError(row.where + ": stratum_area_ha is not above 0");
  if (!(row.stratum_area_ha >= least_area_ha && row.stratum_area_ha <= most_count)) {
    throw DataError(row.where + ": stratum_area_ha is not between 0.000001 and 1000000000");
  }
  if (!(row.count >= 0 && row.count <= most_count)) throw DataError(row.where + ": count is no number of points");
}

ReferenceSample sample_of(const std::string& site, const std::vector<SampleRow>& rows) {
  std::vector<MapStratum> strata;
  std::vector<SampleCount> counts;
  for (const SampleRow& row : rows) {
    const auto known = std::find_if(strata.begin(), strata.end(),
                                    [&](const MapStratum& stratum) { return stratum.map_class == row.map; });
    if (known == strata.end()) {
      strata.push_back({row.map, row.stratum_area_ha});
    } else if (known->area_ha != row.stratum_area_ha) {
      throw DataError(row.where + ": stratum '" + row.map + "' has another area than before");
    }
    counts.push_back({row.map, row.reference, row.count});
  }
  ReferenceSample sample{site, area_weighted_accuracy(strata, counts), 0, {}};
  const auto undisturbed = std::find_if(sample.accuracy.classes.begin(), sample.accuracy.classes.end(),
                                        [](const ClassAccuracy& one) { return one.name == undisturbed_stratum; });
  if (undisturbed == sample.accuracy.classes.end()) {
    throw DataError("has no stratum 'undisturbed': what was missed would not count");
  }
  double all_ha = 0;
  for (const ClassAccuracy& one : sample.accuracy.classes) all_ha += one.mapped_ha;
  sample.mapped_ha = all_ha - undisturbed->mapped_ha;
  if (!(sample.mapped_ha > 0)) throw DataError("has no stratum of disturbed ground");
  sample.disturbed_ha = {all_ha - undisturbed->area_ha.value, undisturbed->area_ha.standard_error};
  return sample;
}

EstimatedArea adjusted(std::int64_t mapped_m2, const AreaRatio& ratio) {
  const double mapped_ha = static_cast<double>(mapped_m2) / m2_per_ha;
  const double half = sigma_95 * ratio.standard_error * mapped_ha;
  const double value = ratio.value * mapped_ha;
  return {value, std::max(0.0, value - half), value + half};
}

}  // namespace

std::vector<ReferenceSample> read_reference(const std::string& path) {
  try {
    const std::string text = read_whole_file(path, most_bytes);
    const std::string lower = lower_ascii(path);
    const bool is_json = lower.ends_with(".json") || lower.ends_with(".geojson");
    std::map<std::string, std::vector<SampleRow>> by_site;
    for (SampleRow& row : is_json ? rows_of_geojson(text) : rows_of_csv(text)) {
      check(row);
      by_site[row.site].push_back(std::move(row));
    }
    if (by_site.empty()) throw DataError("has no points");
    if (by_site.size() > 1 && by_site.count("") != 0) throw DataError("some points name a site and others do not");
    std::vector<ReferenceSample> samples;
    for (const auto& [site, rows] : by_site) samples.push_back(sample_of(site, rows));
    return samples;
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

AreaRatio area_ratio(const ReferenceSample& sample, std::optional<ChangeClass> change_class) {
  if (change_class) {
    for (const ClassAccuracy& one : sample.accuracy.classes) {
      if (one.name != name(*change_class)) continue;
      return {one.area_ha.value / one.mapped_ha, one.area_ha.standard_error / one.mapped_ha};
    }
  }
  return {sample.disturbed_ha.value / sample.mapped_ha, sample.disturbed_ha.standard_error / sample.mapped_ha};
}

void adjust(LedgerRow& row, const ReferenceSample& sample) {
  const AreaRatio ratio = area_ratio(sample, row.change_class);
  row.disturbed = adjusted(row.disturbed_m2, ratio);
  row.net = adjusted(row.net_m2, ratio);
}

}  // namespace pitwatch
