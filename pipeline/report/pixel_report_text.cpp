#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/report/pixel_report.hpp"

namespace pitwatch {
namespace {

using json = nlohmann::ordered_json;
using Cells = std::vector<std::string>;

constexpr int reflectance_decimals = 4;
constexpr int feature_decimals = 4;
constexpr int evidence_decimals = 2;
constexpr int probability_decimals = 4;
constexpr int degree_decimals = 7;

struct BandOfPixel {
  std::string_view name;
  float PixelReflectance::*value;
};

constexpr std::array<BandOfPixel, 6> bands{{{"B02", &PixelReflectance::blue},
                                            {"B03", &PixelReflectance::green},
                                            {"B04", &PixelReflectance::red},
                                            {"B08", &PixelReflectance::nir},
                                            {"B11", &PixelReflectance::swir16},
                                            {"B12", &PixelReflectance::swir22}}};

std::string_view status_of(const PixelObservationReport& observation) {
  if (observation.learning) return "learning";
  return observation.status ? name(*observation.status) : std::string_view();
}

std::string text_of(const std::optional<Instant>& when) { return when ? format_day(*when) : "never"; }

/// What is quoted of a state, and what a state does not keep, for people.
std::string state_text(const PixelStateReport& state) {
  std::string text = "the state after " + format_instant(state.as_of) + ": " + std::string(name(state.status));
  if (std::isfinite(state.own_evidence)) text += ", own evidence " + fixed_text(state.own_evidence, 1);
  text += "\nfirst detected " + text_of(state.first_detected) + ", confirmed " + text_of(state.confirmed_on);
  if (state.onset_before) {
    text += ", began after " + text_of(state.onset_after) + " and by " + text_of(state.onset_before);
  }
  text += ", last detected " + text_of(state.last_detected) + ", last clear " + text_of(state.last_clear);
  text += ", clear observations since it began " + std::to_string(state.observations_since_onset);
  return text +
         "\nmodel: as it is now. Not kept, and not shown: anomaly, evidence and status after each acquisition, and "
         "which ones\nwere screened (without --state all is worked out again).\n";
}

std::string incidents_of(const PixelObservationReport& observation) {
  std::string text;
  for (const auto& [id, status] : observation.incidents) {
    if (!text.empty()) text += ' ';
    text.append(id).append(":").append(name(status));
  }
  return text;
}

/// Columns as wide as their widest cell; those of numbers to the right. The first row is the header.
std::string aligned(const std::vector<Cells>& rows) {
  struct Column {
    std::size_t width = 0;
    bool numbers = true;
  };
  std::vector<Column> columns(rows.front().size());
  for (const Cells& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      columns[c].width = std::max(columns[c].width, row[c].size());
      const std::size_t sign = row[c].rfind('-', 0) == 0 ? 1 : 0;
      const bool is_number = row[c].find_first_not_of("0123456789.", sign) == std::string::npos;
      columns[c].numbers = columns[c].numbers && (is_number || &row == &rows.front());
    }
  }
  std::string text;
  for (const Cells& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string padding(columns[c].width - row[c].size(), ' ');
      line += c == 0 ? "" : "  ";
      line += columns[c].numbers ? padding + row[c] : row[c] + padding;
    }
    text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// The incidents after the last observation at the pixel.
std::string last_incidents(const PixelReport& report) {
  const std::string text = report.observations.empty() ? "" : incidents_of(report.observations.back());
  return text.empty() ? "none" : text;
}

json number(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  const double power = std::pow(10, decimals);
  return std::round(value * power) / power;
}

json by_feature(const std::vector<std::string>& names, const FeatureVector& values) {
  json object = json::object();
  for (std::size_t f = 0; f < names.size(); ++f) object[names[f]] = number(values[f], feature_decimals);
  return object;
}

json of(const PixelObservationReport& observation, const std::vector<std::string>& names) {
  json reflectance = json::object();
  for (const auto& [name, value] : bands) {
    reflectance[std::string(name)] = number(observation.reflectance.*value, reflectance_decimals);
  }
  FeatureVector deviation{};
  for (std::size_t f = 0; f < names.size(); ++f) deviation[f] = deviation_sigma(observation, static_cast<Feature>(f));
  json incidents = json::array();
  for (const auto& [id, status] : observation.incidents) incidents.push_back({{"id", id}, {"status", name(status)}});
  return {{"date", format_instant(observation.when)},
          {"scene", observation.scene},
          {"seen", name(observation.seen)},
          {"why", observation.why.empty() ? json(nullptr) : json(observation.why)},
          {"reflectance", reflectance},
          {"observed", by_feature(names, observation.observed)},
          {"modelled", by_feature(names, observation.modelled)},
          {"shared", by_feature(names, observation.shared)},
          {"noise", by_feature(names, observation.noise)},
          {"deviation_sigma", by_feature(names, deviation)},
          {"residual_length", number(observation.residual_length, evidence_decimals)},
          {"own_evidence", number(observation.own_evidence, evidence_decimals)},
          {"evidence", number(observation.evidence, evidence_decimals)},
          {"probability", number(observation.probability, probability_decimals)},
          {"status", status_of(observation).empty() ? json(nullptr) : json(status_of(observation))},
          {"decision", observation.decision.empty() ? json(nullptr) : json(observation.decision)},
          {"incidents", incidents}};
}

json of(const PixelStateReport& state) {
  const auto instant = [](const std::optional<Instant>& when) {
    return when ? json(format_instant(*when)) : json(nullptr);
  };
  return {{"checkpoint", state.checkpoint},
          {"as_of", format_instant(state.as_of)},
          {"status", name(state.status)},
          {"own_evidence", number(state.own_evidence, evidence_decimals)},
          {"first_detected", instant(state.first_detected)},
          {"confirmed_on", instant(state.confirmed_on)},
          {"onset_after", instant(state.onset_after)},
          {"onset_before", instant(state.onset_before)},
          {"last_detected", instant(state.last_detected)},
          {"last_clear", instant(state.last_clear)},
          {"observations_since_onset", state.observations_since_onset}};
}

}  // namespace

float deviation_sigma(const PixelObservationReport& observation, Feature feature) {
  const std::size_t f = index(feature);
  return (observation.observed[f] - observation.modelled[f] - observation.shared[f]) / observation.noise[f];
}

std::string name_of(const PixelReport& report, Feature feature) {
  return names_of_features(report.extra)[index(feature)];
}

std::string pixel_table(const PixelReport& report, const std::vector<Feature>& features) {
  std::string text = "site " + report.site + ", pixel " + std::to_string(report.column) + ", " +
                     std::to_string(report.row) + " around " + fixed_text(report.middle.lon, degree_decimals) + ", " +
                     fixed_text(report.middle.lat, degree_decimals) + " (" + report.crs + " " +
                     fixed_text(report.middle_m.x, 0) + " " + fixed_text(report.middle_m.y, 0) + ")\n" +
                     report.algorithm + "\nincidents: " + last_incidents(report) + "\n" +
                     (report.state ? state_text(*report.state) : "") + "\n";
  Cells header{"date", "seen"};
  for (const Feature feature : features) {
    const std::string of = name_of(report, feature);
    header.insert(header.end(), {of, "model", "anomaly", "noise", "sigma"});
  }
  header.insert(header.end(), {"residual", "own", "evidence", "prob", "status", "decision", "incidents", "scene"});
  std::vector<Cells> rows{header};
  for (const PixelObservationReport& observation : report.observations) {
    Cells row{format_day(observation.when),
              std::string(name(observation.seen)) + (observation.why.empty() ? "" : ": " + observation.why)};
    for (const Feature feature : features) {
      const std::size_t f = index(feature);
      row.push_back(fixed_text(observation.observed[f], 3));
      row.push_back(fixed_text(observation.modelled[f], 3));
      row.push_back(fixed_text(observation.shared[f], 3));
      row.push_back(fixed_text(observation.noise[f], 3));
      row.push_back(fixed_text(deviation_sigma(observation, feature), 1));
    }
    row.insert(row.end(), {fixed_text(observation.residual_length, 1), fixed_text(observation.own_evidence, 1),
                           fixed_text(observation.evidence, 1), fixed_text(observation.probability, 3),
                           std::string(status_of(observation)), observation.decision, incidents_of(observation),
                           observation.scene});
    rows.push_back(std::move(row));
  }
  return text + aligned(rows);
}

std::string pixel_csv(const PixelReport& report) {
  std::string text = "date,scene,seen,why";
  for (const auto& [name, value] : bands) text.append(",").append(name);
  const std::vector<std::string> features = names_of_features(report.extra);
  for (const std::string& feature : features) {
    for (const char* of : {"_observed", "_modelled", "_shared", "_noise", "_sigma"}) {
      text.append(",").append(feature).append(of);
    }
  }
  text += ",residual_length,own_evidence,evidence,probability,status,decision,incidents\n";
  for (const PixelObservationReport& observation : report.observations) {
    text += format_instant(observation.when) + "," + csv_cell(observation.scene) + ",";
    text.append(name(observation.seen)).append("," + csv_cell(observation.why));
    for (const auto& [name, value] : bands)
      text += "," + fixed_text(observation.reflectance.*value, reflectance_decimals);
    for (std::size_t f = 0; f < features.size(); ++f) {
      for (const float value :
           {observation.observed[f], observation.modelled[f], observation.shared[f], observation.noise[f]}) {
        text += "," + fixed_text(value, feature_decimals);
      }
      text += "," + fixed_text(deviation_sigma(observation, static_cast<Feature>(f)), evidence_decimals);
    }
    for (const float value : {observation.residual_length, observation.own_evidence, observation.evidence}) {
      text += "," + fixed_text(value, evidence_decimals);
    }
    text += "," + fixed_text(observation.probability, probability_decimals) + ",";
    text.append(status_of(observation))
        .append("," + csv_cell(observation.decision) + "," + incidents_of(observation) + "\n");
  }
  return text;
}

std::string pixel_json(const PixelReport& report) {
  json observations = json::array();
  const std::vector<std::string> features = names_of_features(report.extra);
  for (const PixelObservationReport& observation : report.observations)
    observations.push_back(of(observation, features));
  json object{{"site", report.site},
              {"algorithm", report.algorithm},
              {"asked", {report.asked.lon, report.asked.lat}},
              {"pixel",
               {{"middle", {number(report.middle.lon, degree_decimals), number(report.middle.lat, degree_decimals)}},
                {"crs", report.crs},
                {"middle_m", {report.middle_m.x, report.middle_m.y}},
                {"column", report.column},
                {"row", report.row}}}};
  for (std::size_t k = 0; k < report.extra.size(); ++k)
    object["features"][report.extra[k].name] = report.extra[k].formula;
  if (report.state) object["state"] = of(*report.state);
  object["acquisitions"] = std::move(observations);
  return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pitwatch
