#include "pipeline/run/site_state.hpp"

#include <nlohmann/json.hpp>
#include <span>

#include "pipeline/core/error.hpp"
#include "pipeline/io/state_file.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

json json_of(const std::optional<Instant>& instant) {
  return instant ? json(instant->time_since_epoch().count()) : json(nullptr);
}
Instant instant_of(const json& value) { return Instant(std::chrono::milliseconds(value.get<std::int64_t>())); }
std::optional<Instant> optional_instant_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(instant_of(value));
}

json json_of(const LookRecord& look) { return {look.key, json_of(look.acquired), look.scene, look.tile, look.skipped}; }
LookRecord look_of(const json& value) {
  return {value.at(0), instant_of(value.at(1)), value.at(2), value.at(3), value.at(4)};
}

json json_of(const Incident& incident) {
  json runs = json::array();
  for (const Run& run : incident.runs) runs.push_back({run.row, run.begin, run.end});
  json growth = json::array();
  for (const auto& [when, pixels] : incident.growth) growth.push_back({json_of(when), pixels});
  return {{"id", incident.id},
          {"status", static_cast<int>(incident.status)},
          {"first_detected", json_of(incident.first_detected)},
          {"confirmed_on", json_of(incident.confirmed_on)},
          {"closed_on", json_of(incident.closed_on)},
          {"last_detected", json_of(incident.last_detected)},
          {"last_observed", json_of(incident.last_observed)},
          {"observations", incident.observations},
          {"confidence", incident.confidence},
          {"runs", runs},
          {"growth", growth},
          {"parents", incident.parents},
          {"merged_into", incident.merged_into}};
}

Incident incident_of(const json& value) {
  Incident incident;
  incident.id = value.at("id");
  incident.status = static_cast<AlertStatus>(value.at("status").get<int>());
  incident.first_detected = instant_of(value.at("first_detected"));
  incident.confirmed_on = optional_instant_of(value.at("confirmed_on"));
  incident.closed_on = optional_instant_of(value.at("closed_on"));
  incident.last_detected = instant_of(value.at("last_detected"));
  incident.last_observed = instant_of(value.at("last_observed"));
  incident.observations = value.at("observations");
  incident.confidence = value.at("confidence");
  for (const json& run : value.at("runs")) incident.runs.push_back({run.at(0), run.at(1), run.at(2)});
  for (const json& step : value.at("growth")) incident.growth.emplace_back(instant_of(step.at(0)), step.at(1));
  incident.parents = value.at("parents").get<std::vector<std::string>>();
  incident.merged_into = value.at("merged_into");
  return incident;
}

json json_of(const IncidentEvidence& evidence) {
  json classes = json::array();
  for (const auto& [when, change_class] : evidence.classes) {
    classes.push_back({json_of(when), static_cast<int>(change_class)});
  }
  return {{"onset_after", json_of(evidence.onset_after)},
          {"onset_before", json_of(evidence.onset_before)},
          {"before", evidence.before},
          {"first", evidence.first},
          {"after", evidence.after},
          {"by_water", evidence.by_water},
          {"own_year_share", evidence.own_year_share},
          {"greenest_ndvi", evidence.greenest_ndvi},
          {"classes", classes},
          {"scenes", {evidence.scene_before, evidence.scene_first, evidence.scene_last}}};
}

IncidentEvidence evidence_of(const json& value) {
  const json& scenes = value.at("scenes");
  std::vector<std::pair<Instant, ChangeClass>> classes;
  for (const json& one : value.at("classes")) {
    classes.emplace_back(instant_of(one.at(0)), static_cast<ChangeClass>(one.at(1).get<int>()));
  }
  return {instant_of(value.at("onset_after")),
          instant_of(value.at("onset_before")),
          value.at("before").get<BandMeans>(),
          value.at("first").get<BandMeans>(),
          value.at("after").get<BandMeans>(),
          value.at("by_water").get<bool>(),
          value.at("own_year_share").get<double>(),
          value.at("greenest_ndvi").get<float>(),
          std::move(classes),
          scenes.at(0),
          scenes.at(1),
          scenes.at(2)};
}

std::string grid_name(const Grid& grid) {
  return grid.crs + " " + std::to_string(grid.origin.x) + " " + std::to_string(grid.origin.y) + " " +
         std::to_string(grid.pixel_size_m) + " " + std::to_string(grid.width) + " " + std::to_string(grid.height);
}

std::vector<StateArray> arrays_of(SiteState& state) {
  std::vector<StateArray> arrays = state_arrays(state.monitor);
  arrays.push_back(
      {"undisturbed", watched_bands.size(), 0, true, std::as_writable_bytes(std::span(state.undisturbed))});
  return arrays;
}

}  // namespace

void write_site_state(const std::string& path, const std::string& algorithm, const Grid& grid, SiteState& state,
                      const ParallelFor& parallel) {
  json header{{"algorithm", algorithm}, {"grid", grid_name(grid)},    {"monitor_looks", state.monitor.looks.size()},
              {"looks", json::array()}, {"incidents", json::array()}, {"evidence", json::object()}};
  for (const LookRecord& look : state.looks) header["looks"].push_back(json_of(look));
  for (const Incident& incident : state.incidents) header["incidents"].push_back(json_of(incident));
  for (const auto& [id, evidence] : state.evidence) header["evidence"][id] = json_of(evidence);
  write_state_file(path, header.dump(), arrays_of(state), parallel);
}

std::optional<std::vector<LookRecord>> looks_of_state(const std::string& path, const std::string& algorithm,
                                                      const Grid& grid) {
  try {
    const json header = json::parse(read_state_header(path));
    if (header.at("algorithm") != algorithm || header.at("grid") != grid_name(grid)) return {};
    std::vector<LookRecord> looks;
    for (const json& look : header.at("looks")) looks.push_back(look_of(look));
    return looks;
  } catch (const DataError&) {
    return {};  // an older state, or everything from the beginning, does as well
  } catch (const json::exception&) {
    return {};
  }
}

SiteState read_site_state(const std::string& path, const Grid& grid, const ParallelFor& parallel) {
  const StateFile file(path);
  try {
    const json header = json::parse(file.header());
    SiteState state;
    for (const json& look : header.at("looks")) state.looks.push_back(look_of(look));
    for (const json& incident : header.at("incidents")) state.incidents.push_back(incident_of(incident));
    for (const auto& [id, evidence] : header.at("evidence").items()) state.evidence[id] = evidence_of(evidence);
    const auto looks = header.at("monitor_looks").get<std::size_t>();
    if (looks > state.looks.size()) throw DataError(path + ": is damaged: more looks than it names");
    state.monitor = unfilled_state(grid.width, grid.height, looks);
    state.undisturbed.resize(state.monitor.pixels());
    file.unpack(arrays_of(state), parallel);
    return state;
  } catch (const json::exception& error) {
    throw DataError(path + ": is damaged: " + error.what());
  }
}

}  // namespace pitwatch
