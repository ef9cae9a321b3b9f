#include "pipeline/context/context_config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/database_target.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_config_bytes = std::uint64_t{1} << 20;
constexpr std::size_t longest_name = 200;
constexpr double largest_error_m = 1000;
constexpr double most_correlated_cells = 100;  // noise that is smooth over more is not worth its time

std::string text_of(const json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) throw ConfigError(where + ": '" + key + "' is no text");
  const auto text = found->get<std::string>();
  if (text.find('\0') != std::string::npos) throw ConfigError(where + ": '" + key + "' holds a NUL");
  return text;
}

std::string required_text(const json& object, const char* key, const std::string& where) {
  std::string text = text_of(object, key, where);
  if (text.empty()) throw ConfigError(where + ": '" + key + "' is missing");
  return text;
}

double metres_of(const json& object, const char* key, double otherwise, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!(value >= 0 && value <= largest_error_m)) {
    throw ConfigError(where + ": '" + key + "' is no number of metres from 0 to 1000");
  }
  return value;
}

LayerRole role_of(const std::string& text, const std::string& where) {
  const auto* const found = std::find(layer_role_names.begin(), layer_role_names.end(), text);
  if (found == layer_role_names.end()) throw ConfigError(where + ": no role '" + printable(text) + "'");
  return static_cast<LayerRole>(found - layer_role_names.begin());
}

std::uint8_t geometries_of(LayerRole role) {
  if (is_ground(role)) return layer_areas;
  if (role == LayerRole::surface_water) return layer_areas | layer_lines;
  return layer_areas | layer_lines | layer_points;
}

LayerColumns columns_of(const json& layer, const std::string& where) {
  const auto found = layer.find("columns");
  if (found == layer.end()) return {};
  const std::string here = where + ": columns";
  check_members(*found, {"id", "name", "holder", "valid_from", "valid_to", "accuracy_m"}, here);
  return {text_of(*found, "id", here),         text_of(*found, "name", here),     text_of(*found, "holder", here),
          text_of(*found, "valid_from", here), text_of(*found, "valid_to", here), text_of(*found, "accuracy_m", here)};
}

ContextLayer layer_of(const json& object, const std::string& folder, const std::string& where) {
  check_members(object, {"name", "role", "source", "layer", "where", "crs", "accuracy_m", "columns"}, where);
  ContextLayer layer;
  layer.name = required_text(object, "name", where);
  if (printable(layer.name) != layer.name || layer.name.size() > longest_name) {
    throw ConfigError(where + ": 'name' must be one line of 1 to 200 bytes");
  }
  layer.role = role_of(required_text(object, "role", where), where);
  layer.source.target = required_text(object, "source", where);
  if (!is_database(layer.source.target) && !is_url(layer.source.target)) {
    layer.source.target = (std::filesystem::path(folder) / layer.source.target).string();
  }
  layer.source.layer = text_of(object, "layer", where);
  layer.source.where = text_of(object, "where", where);
  layer.source.crs = text_of(object, "crs", where);
  layer.source.columns = columns_of(object, where);
  layer.source.geometries = geometries_of(layer.role);
  layer.accuracy_m = metres_of(object, "accuracy_m", layer.accuracy_m, where);
  return layer;
}

/// A number that may lie in these bounds, both included.
std::optional<double> number_of(const json& object, const char* key, double least, double most,
                                const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!(value >= least && value <= most)) {
    throw ConfigError(where + ": '" + key + "' is no number from " + json(least).dump() + " to " + json(most).dump());
  }
  return value;
}

/// One path, or a list of them.
std::vector<std::string> rasters_of(const json& object, const std::string& folder, const std::string& where) {
  constexpr std::size_t most_rasters = 1000;
  const auto path_of = [&](const json& holder) {
    return (std::filesystem::path(folder) / required_text(holder, "source", where)).string();
  };
  const auto found = object.find("source");
  if (found == object.end() || !found->is_array()) return {path_of(object)};
  if (found->empty() || found->size() > most_rasters) {
    throw ConfigError(where + ": 'source' has not 1 to " + std::to_string(most_rasters) + " rasters");
  }
  std::vector<std::string> rasters;
  for (const json& one : *found) rasters.push_back(path_of(json{{"source", one}}));
  return rasters;
}

ElevationOptions elevation_of(const json& object, const std::string& folder) {
  const std::string where = "elevation";
  check_members(object,
                {"source", "rmse_m", "correlation_length_m", "rule", "draws", "cell_m", "stream_threshold_ha", "burn_m",
                 "reach_m"},
                where);
  ElevationOptions options;
  options.sources = rasters_of(object, folder, where);
  const auto set = [&](double& value, const char* key, double least, double most) {
    value = number_of(object, key, least, most, where).value_or(value);
  };
  set(options.rmse_m, "rmse_m", 0, largest_error_m);
  set(options.cell_m, "cell_m", 1, 1000);
  set(options.correlation_length_m, "correlation_length_m", 0, 100'000);
  if (options.correlation_length_m > most_correlated_cells * options.cell_m) {
    throw ConfigError(where + ": 'correlation_length_m' is more than 100 times 'cell_m'");
  }
  double draws = options.draws;
  set(draws, "draws", 1, 1000);
  options.draws = static_cast<int>(draws);
  if (options.draws != draws) throw ConfigError(where + ": 'draws' is no whole number");
  set(options.stream_threshold_ha, "stream_threshold_ha", 0.01, 1e6);
  set(options.burn_m, "burn_m", 0, 1000);
  set(options.reach_m, "reach_m", 100, 100'000);
  const std::string rule = text_of(object, "rule", where);
  if (!rule.empty() && rule != "breach" && rule != "fill") {
    throw ConfigError(where + ": 'rule' is neither breach nor fill");
  }
  options.breach = rule != "fill";
  return options;
}

template <typename Kind, std::size_t count>
std::optional<Kind> kind_of(const json& object, const char* key, const std::array<std::string_view, count>& names,
                            const std::string& where) {
  const std::string text = text_of(object, key, where);
  if (object.find(key) == object.end()) return std::nullopt;
  const auto* const found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) throw ConfigError(where + ": '" + key + "' cannot be '" + printable(text) + "'");
  return static_cast<Kind>(found - names.begin());
}

GroundwaterFacts groundwater_facts(const json& object, const std::string& where) {
  GroundwaterFacts facts;
  facts.depth_m = number_of(object, "depth_m", 0, 10'000, where);
  facts.recharge_mm = number_of(object, "recharge_mm", 0, 10'000, where);
  facts.aquifer = kind_of<RockKind>(object, "aquifer", rock_kind_names, where);
  if (facts.aquifer == RockKind::confining_layer || facts.aquifer == RockKind::silt_or_clay) {
    throw ConfigError(where + ": 'aquifer' cannot be '" + std::string(name(*facts.aquifer)) + "'");
  }
  facts.soil = kind_of<SoilKind>(object, "soil", soil_kind_names, where);
  facts.vadose = kind_of<RockKind>(object, "vadose", rock_kind_names, where);
  facts.conductivity_m_a_day = number_of(object, "conductivity_m_a_day", 0, 100'000, where);
  return facts;
}

GroundwaterOptions groundwater_of(const json& object) {
  const std::string where = "groundwater";
  check_members(object, {"depth_m", "recharge_mm", "aquifer", "soil", "vadose", "conductivity_m_a_day", "sites"},
                where);
  GroundwaterOptions options;
  options.everywhere = groundwater_facts(object, where);
  const auto sites = object.find("sites");
  if (sites == object.end()) return options;
  if (!sites->is_object()) throw ConfigError(where + ": 'sites' is no object");
  for (const auto& [id, facts] : sites->items()) {
    const std::string here = where + ": site '" + printable(id) + "'";
    check_members(facts, {"depth_m", "recharge_mm", "aquifer", "soil", "vadose", "conductivity_m_a_day"}, here);
    options.sites[id] = groundwater_facts(facts, here);
  }
  return options;
}

json parsed(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const DataError& error) {
    throw ConfigError(printable(error.what()));
  }
}

}  // namespace

ContextConfig parse_context_config(std::string_view text, const std::string& folder) {
  const json object = parsed(text);
  check_members(object, {"$schema", "registration_error_m", "layers", "elevation", "groundwater"}, "context");
  ContextConfig config;
  config.registration_error_m = metres_of(object, "registration_error_m", config.registration_error_m, "context");
  const auto layers = object.find("layers");
  if (layers == object.end() || !layers->is_array() || layers->empty()) {
    throw ConfigError("context: 'layers' is no list of layers");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    const std::string where = "layer " + std::to_string(i + 1);
    config.layers.push_back(layer_of((*layers)[i], folder, where));
    if (!names.insert(config.layers.back().name).second) {
      throw ConfigError(where + ": there is another of the name '" + config.layers.back().name + "'");
    }
  }
  if (const auto found = object.find("elevation"); found != object.end()) {
    config.elevation = elevation_of(*found, folder);
  }
  if (const auto found = object.find("groundwater"); found != object.end()) {
    config.groundwater = groundwater_of(*found);
  }
  return config;
}

GroundwaterFacts groundwater_at(const GroundwaterOptions& options, const std::optional<std::string>& site) {
  const auto found = site ? options.sites.find(*site) : options.sites.end();
  if (found == options.sites.end()) return options.everywhere;
  GroundwaterFacts facts = found->second;
  const auto complete = [](auto& value, const auto& otherwise) {
    if (!value) value = otherwise;
  };
  complete(facts.depth_m, options.everywhere.depth_m);
  complete(facts.recharge_mm, options.everywhere.recharge_mm);
  complete(facts.aquifer, options.everywhere.aquifer);
  complete(facts.soil, options.everywhere.soil);
  complete(facts.vadose, options.everywhere.vadose);
  complete(facts.conductivity_m_a_day, options.everywhere.conductivity_m_a_day);
  return facts;
}

ContextConfig read_context_config(const std::string& path) {
  try {
    return parse_context_config(read_whole_file(path, largest_config_bytes),
                                std::filesystem::path(path).parent_path().string());
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  } catch (const DataError& error) {
    throw ConfigError(path + ": " + error.what());
  }
}

}  // namespace pitwatch
