#include "pipeline/run/site_state.hpp"

#include <nlohmann/json.hpp>
#include <span>

#include "pipeline/core/error.hpp"
#include "pipeline/io/state_file.hpp"
#include "pipeline/run/incident_state.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

json json_of(const std::optional<Instant>& instant) {
  return instant ? json(instant->time_since_epoch().count()) : json(nullptr);
}
Instant instant_of(const json& value) { return Instant(std::chrono::milliseconds(value.get<std::int64_t>())); }

json json_of(const LookRecord& look) { return {look.key, json_of(look.acquired), look.scene, look.tile, look.skipped}; }
LookRecord look_of(const json& value) {
  return {value.at(0), instant_of(value.at(1)), value.at(2), value.at(3), value.at(4)};
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

std::vector<StateArray> arrays_of(SiteState& state, PackedIncidents& incidents) {
  std::vector<StateArray> arrays = state_arrays(state.monitor);
  arrays.push_back(
      {"undisturbed", watched_bands.size(), 0, true, std::as_writable_bytes(std::span(state.undisturbed))});
  for (const StateArray& array : state_arrays(incidents)) arrays.push_back(array);
  return arrays;
}

/// What incident_state.hpp finds wrong, with the path of the file.
template <typename Read>
auto with_path(const std::string& path, const Read& read) {
  try {
    return read();
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace

void write_site_state(const std::string& path, const std::string& algorithm, const Grid& grid, SiteState& state,
                      const ParallelFor& parallel) {
  PackedIncidents incidents;
  json header{{"algorithm", algorithm},
              {"grid", grid_name(grid)},
              {"monitor_looks", state.monitor.looks.size()},
              {"looks", json::array()},
              {"incidents", packed_incidents(state.incidents, incidents)},
              {"evidence", json::object()}};
  for (const LookRecord& look : state.looks) header["looks"].push_back(json_of(look));
  for (const auto& [id, evidence] : state.evidence) header["evidence"][id] = json_of(evidence);
  write_state_file(path, header.dump(), arrays_of(state, incidents), parallel);
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
    for (const auto& [id, evidence] : header.at("evidence").items()) state.evidence[id] = evidence_of(evidence);
    const auto looks = header.at("monitor_looks").get<std::size_t>();
    if (looks > state.looks.size()) throw DataError(path + ": is damaged: more looks than it names");
    state.monitor = unfilled_state(grid.width, grid.height, looks);
    state.undisturbed.resize(state.monitor.pixels());
    const json& packed = header.at("incidents");
    PackedIncidents incidents = with_path(path, [&] { return unfilled_incidents(packed); });
    file.unpack(arrays_of(state, incidents), parallel);
    state.incidents = with_path(path, [&] { return incidents_of(packed, incidents, grid); });
    return state;
  } catch (const json::exception& error) {
    throw DataError(path + ": is damaged: " + error.what());
  }
}

}  // namespace pitwatch
