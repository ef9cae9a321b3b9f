#include "pipeline/watch/site_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/renamed_options.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/state_file.hpp"
#include "pipeline/watch/checked_json.hpp"
#include "pipeline/watch/incident_state.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

std::string text_of(const json& value) { return value.get<std::string>(); }

json json_of(const std::optional<Instant>& instant) {
  return instant ? json(instant->time_since_epoch().count()) : json(nullptr);
}

std::optional<Instant> optional_instant_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(instant_of_milliseconds(value));
}

json json_of(const AcquisitionRecord& acquisition) {
  json parts = json::array();
  for (const AcquisitionPart& part : acquisition.parts) {
    parts.push_back({part.scene, part.tile, part.level, part.baseline, part.datastrip, json_of(part.processed),
                     part.item, part.sizes});
  }
  return {json_of(acquisition.acquired), acquisition.platform, acquisition.datatake, acquisition.skipped, parts,
          acquisition.is_unread};
}

AcquisitionRecord acquisition_of(const json& value) {
  AcquisitionRecord acquisition{
      instant_of_milliseconds(value.at(0)), text_of(value.at(1)), text_of(value.at(2)), {}, text_of(value.at(3))};
  for (const json& part : value.at(4)) {
    acquisition.parts.push_back({text_of(part.at(0)), text_of(part.at(1)), text_of(part.at(2)), text_of(part.at(3)),
                                 text_of(part.at(4)), optional_instant_of(part.at(5)), text_of(part.at(6)),
                                 text_of(part.at(7))});
  }
  if (acquisition.parts.empty()) throw DataError("an acquisition without a part");
  if (value.size() > 5) acquisition.is_unread = value.at(5).get<bool>();  // former versions do not say
  return acquisition;
}

/// [key, acquired, scene, tile, skipped]: what more is known of it its files say, as long as they are there.
AcquisitionRecord acquisition_of_format_2(const json& value) {
  AcquisitionPart first;
  first.scene = text_of(value.at(2));
  first.tile = text_of(value.at(3));
  return {instant_of_milliseconds(value.at(1)), {}, {}, {std::move(first)}, text_of(value.at(4))};
}

std::string grid_name(const Grid& grid) {
  return grid.crs + " " + std::to_string(grid.origin.x) + " " + std::to_string(grid.origin.y) + " " +
         std::to_string(grid.pixel_size_m) + " " + std::to_string(grid.width) + " " + std::to_string(grid.height);
}

template <typename Elements>
std::span<std::byte> bytes_of(Elements& elements) {
  return std::as_writable_bytes(std::span(elements));
}

/// Of a format that has its incidents in arrays where they are given.
std::vector<StateArray> arrays_of(SiteState& state, PackedIncidents* incidents) {
  if (!state.is_learnt()) return {};
  std::vector<StateArray> arrays = state_arrays(state.monitor);
  arrays.push_back({"undisturbed", watched_bands.size(), 0, true, bytes_of(state.undisturbed)});
  if (state.reference) {
    ReferencePixels& reference = *state.reference;
    arrays.push_back({"reference_red", sizeof(std::uint16_t), 1, true, bytes_of(reference.red)});
    arrays.push_back({"reference_mask", sizeof(MaskBits), 0, false, bytes_of(reference.mask)});
    arrays.push_back(
        {"reference_level", 2 * watched_bands.size(), watched_bands.size(), true, bytes_of(reference.level)});
    arrays.push_back({"reference_level_mask", sizeof(MaskBits), 0, false, bytes_of(reference.level_mask)});
  }
  if (incidents != nullptr) {
    for (const StateArray& array : state_arrays(*incidents)) arrays.push_back(array);
  }
  return arrays;
}

json json_of(const std::optional<ReferencePixels>& reference) {
  if (!reference) return nullptr;
  json value{{"scene", reference->scene},
             {"width", reference->width},
             {"height", reference->height},
             {"level", !reference->level.empty()}};
  for (const Band band : reference->bands) value["bands"].push_back(name(band));
  return value;
}

/// Of watched_bands those that a head names; none of one that did not name them.
std::vector<Band> bands_of(const json& reference) {
  std::vector<Band> bands;
  if (!reference.contains("bands")) return bands;
  for (const json& named : reference.at("bands")) {
    const auto found = std::find_if(watched_bands.begin(), watched_bands.end(),
                                    [&](Band band) { return name(band) == named.get_ref<const std::string&>(); });
    if (found == watched_bands.end() || (!bands.empty() && bands.back() >= *found)) {
      throw DataError("the reference has bands that no site is watched by");
    }
    bands.push_back(*found);
  }
  return bands;
}

/// With room for its pixels, of which there are no more around the site than there may be.
std::optional<ReferencePixels> reference_of(const json& value, const Grid& grid) {
  constexpr int most_around_px = 1000;
  if (value.is_null()) return std::nullopt;
  ReferencePixels reference;
  reference.scene = text_of(value.at("scene"));
  reference.width = whole_number<int>(value.at("width"));
  reference.height = whole_number<int>(value.at("height"));
  reference.bands = bands_of(value);
  if (reference.width < 1 || reference.height < 1 || reference.width > grid.width + most_around_px ||
      reference.height > grid.height + most_around_px) {
    throw DataError("the reference has an absurd size");
  }
  const auto pixels = static_cast<std::size_t>(reference.width) * static_cast<std::size_t>(reference.height);
  reference.red.resize(pixels);
  reference.mask.resize(pixels);
  if (value.at("level").get<bool>()) {
    reference.level.resize(static_cast<std::size_t>(grid.width) * static_cast<std::size_t>(grid.height));
    reference.level_mask.resize(reference.level.size());
  }
  return reference;
}

StateHead head_of(const json& header, int format) {
  StateHead head;
  head.format = format;
  head.algorithm = text_of(header.at("algorithm"));
  head.grid = text_of(header.at("grid"));
  if (format == 2) {
    head.is_learnt = true;
    for (const json& acquisition : header.at("looks"))
      head.acquisitions.push_back(acquisition_of_format_2(acquisition));
    return head;
  }
  head.version = whole_number<int>(header.at("algorithm_version"));
  head.is_learnt = header.at("is_learnt").get<bool>();
  for (const json& option : header.at("options")) {
    head.options.emplace_back(text_of(option.at(0)), text_of(option.at(1)));
  }
  for (const json& acquisition : header.at("looks")) head.acquisitions.push_back(acquisition_of(acquisition));
  return head;
}

/// Runs `action`, and puts the path before what it throws.
template <typename Action>
auto naming(const std::string& path, const Action& action) {
  try {
    return action();
  } catch (const json::exception& error) {
    throw DataError(path + ": is damaged: " + error.what());
  } catch (const DataError& error) {
    const std::string what = error.what();
    if (what.starts_with(path)) throw;
    throw DataError(path + (what.starts_with("is damaged") ? ": " : ": is damaged: ") + what);
  }
}

}  // namespace

void write_site_state(const std::string& path, const StateTerms& terms, SiteState& state, const ParallelFor& parallel) {
  PackedIncidents incidents;
  json header{{"algorithm", terms.algorithm},
              {"algorithm_version", algorithm_version},
              {"options", json::array()},
              {"grid", grid_name(terms.grid)},
              {"is_learnt", state.is_learnt()},
              {"learn_until", json_of(state.learn_until)},
              {"monitor_looks", state.monitor.observations.size()},
              {"reference", json_of(state.reference)},
              {"looks", json::array()},
              {"incidents", packed_incidents(state.incidents, incidents)},
              {"evidence", evidence_by_id(state.incidents)}};
  if (state.monitor.features != feature_count) header["features"] = state.monitor.features;
  if (!state.monitor.outliers.empty()) header["outliers"] = true;
  for (const auto& [name, value] : terms.options) header["options"].push_back({name, value});
  for (const AcquisitionRecord& acquisition : state.acquisitions) header["looks"].push_back(json_of(acquisition));
  // Reasons name files of archives, whose names may be anything.
  write_state_file(path, header.dump(-1, ' ', false, json::error_handler_t::replace), arrays_of(state, &incidents),
                   parallel);
}

StateHead read_state_head(const std::string& path) {
  const StateHeader header = read_state_header(path);
  return naming(path, [&] { return head_of(json::parse(header.text), header.format); });
}

std::string differences(const StateHead& head, const StateTerms& now) {
  const bool is_same = head.format != 2 && head.version == algorithm_version && head.options == now.options &&
                       head.grid == grid_name(now.grid);
  if (is_same) return {};  // as it is on most nights
  std::string text;
  const auto add = [&](const std::string& name, const std::string& before, const std::string& after) {
    if (before != after) text += (text.empty() ? "" : "; ") + name + " " + before + " -> " + after;
  };
  if (head.format == 2) {  // which has a hash of its options alone
    add("algorithm", head.algorithm, now.algorithm);
  } else {
    add("algorithm version", std::to_string(head.version), std::to_string(algorithm_version));
    const auto value_of = [](const OptionTexts& options, const std::string& name) -> std::string {
      const auto found = std::find_if(options.begin(), options.end(),
                                      [&](const auto& one) { return present_name(one.first) == name; });
      return found == options.end() ? "(none)" : found->second.empty() ? "\"\"" : found->second;
    };
    for (const auto& [given, value] : head.options) {
      const std::string name(present_name(given));
      add(name, value_of(head.options, name), value_of(now.options, name));
    }
    for (const auto& [name, value] : now.options) {
      if (value_of(head.options, name) == "(none)") add(name, "(none)", value_of(now.options, name));
    }
  }
  add("ground", head.grid, grid_name(now.grid));
  return text;
}

Grid grid_of(const StateHead& head) {
  // From the end: a CRS without a code is WKT, with blanks of its own.
  constexpr std::size_t numbers = 5;
  std::string rest = head.grid;
  std::array<double, numbers> values{};
  for (std::size_t i = numbers; i-- > 0;) {
    const std::size_t blank = rest.rfind(' ');
    const std::string number = blank == std::string::npos ? "" : rest.substr(blank + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), values[i]);
    if (number.empty() || error != std::errc{} || end != number.data() + number.size()) {
      throw DataError("the head names no grid");
    }
    rest.resize(blank);
  }
  constexpr double widest = 1e5;
  const Grid grid{rest,
                  {values[0], values[1]},
                  values[2],
                  static_cast<int>(std::clamp(values[3], 0.0, widest)),
                  static_cast<int>(std::clamp(values[4], 0.0, widest))};
  if (!(grid.pixel_size_m > 0) || grid.width < 1 || grid.height < 1 || grid_name(grid) != head.grid) {
    throw DataError("the head names no grid");
  }
  return grid;
}

namespace {

/// Of the arrays that hold them.
std::span<const std::string_view> names_of(StateParts parts) {
  static constexpr std::array<std::string_view, 2> of_incidents{"incident_events", "incident_runs"};
  static constexpr std::array<std::string_view, 3> of_sight{"looks", "history", "status"};
  if (parts == StateParts::sight) return of_sight;
  return of_incidents;
}

MonitorState sight_of(MonitorState whole) {
  MonitorState sight;
  sight.width = whole.width;
  sight.height = whole.height;
  sight.observations = std::move(whole.observations);
  sight.history = std::move(whole.history);
  sight.status = std::move(whole.status);
  return sight;
}

}  // namespace

SiteState read_site_state(const std::string& path, const Grid& grid, const ParallelFor& parallel, StateParts parts) {
  const StateFile file(path);
  return naming(path, [&] {
    const json header = json::parse(file.header());
    SiteState state;
    StateHead head = head_of(header, file.format());
    state.acquisitions = std::move(head.acquisitions);
    if (head.is_learnt) {
      const auto acquisitions = whole_number<std::size_t>(header.at("monitor_looks"));
      if (acquisitions > state.acquisitions.size()) throw DataError("more acquisitions than it names");
      const auto features =
          header.contains("features") ? whole_number<std::size_t>(header.at("features")) : feature_count;
      if (features < feature_count || features > most_features) throw DataError("an absurd number of features");
      state.monitor = unfilled_state(grid.width, grid.height, acquisitions, features);
      state.undisturbed.resize(state.monitor.pixels());
      if (header.contains("outliers")) state.monitor.outliers.resize(state.monitor.pixels());
    }
    const json& packed = header.at("incidents");
    if (file.format() == 2) {
      file.unpack(arrays_of(state, nullptr), parallel);
      state.incidents = incidents_of_format_2(packed, header.at("evidence"));
      return state;
    }
    state.learn_until = instant_of_milliseconds(header.at("learn_until"));
    state.reference = reference_of(header.at("reference"), grid);
    PackedIncidents incidents = unfilled_incidents(packed);
    const std::vector<StateArray> arrays = arrays_of(state, &incidents);
    if (parts == StateParts::all) {
      file.unpack(arrays, parallel);
    } else if (!arrays.empty()) {
      file.unpack_some(names_of(parts), arrays, parallel);
      state.monitor = parts == StateParts::sight ? sight_of(std::move(state.monitor)) : MonitorState{};
      state.undisturbed = {};
      state.reference.reset();
    }
    if (parts == StateParts::sight) return state;
    state.incidents = incidents_of(packed, incidents, header.at("evidence"), grid);
    return state;
  });
}

}  // namespace pitwatch
