#pragma once
// Which layers tell whose ground it is and what water lies there: context.json, described by context.schema.json beside
// this header.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/vector/layer_features.hpp"

namespace pitwatch {

/// What the features of a layer are.
enum class LayerRole : std::uint8_t {
  licence,
  parcel,
  protected_area,
  restricted_zone,
  settlement,
  surface_water,
  spring,
  well,
  dam,
};

inline constexpr std::array<std::string_view, 9> layer_role_names{
    "licence", "parcel", "protected_area", "restricted_zone", "settlement", "surface_water", "spring", "well", "dam"};
inline std::string_view name(LayerRole role) { return layer_role_names[static_cast<std::size_t>(role)]; }

/// Whether an alert's ground is attributed to the features of a role; of the others the nearest counts.
inline bool is_ground(LayerRole role) { return role <= LayerRole::restricted_zone; }

struct ContextLayer {
  std::string name;  // for messages and tables; unique
  LayerRole role = LayerRole::licence;
  LayerSource source;
  double accuracy_m = 5;  // of its features, where they do not say; one standard deviation
};

/// Elevations, and how water flows on them.
struct ElevationOptions {
  /// Rasters of any format that GDAL reads, metres; where one has no elevation, the next that has one counts.
  std::vector<std::string> sources;
  double rmse_m = 4;                 // error of the elevations, one standard deviation
  double correlation_length_m = 90;  // distance at which the correlation of errors has fallen to 1/e
  bool breach = true;                // depressions are cut through, else filled
  int draws = 100;                   // of the elevations' error
  double cell_m = 30;                // of the grid that water flows on
  double stream_threshold_ha = 50;   // what drains through a stream, at least
  double burn_m = 5;                 // by which given waters are lowered
  double reach_m = 10'000;           // how far around an alert
};

/// What the ground above the water table is made of, in the ranges of DRASTIC (Aller et al. 1987, EPA/600/2-87/035).
enum class SoilKind : std::uint8_t {
  thin_or_absent,
  gravel,
  sand,
  peat,
  shrinking_clay,
  sandy_loam,
  loam,
  silty_loam,
  clay_loam,
  muck,
  clay,
};
inline constexpr std::array<std::string_view, 11> soil_kind_names{"thin_or_absent", "gravel",     "sand", "peat",
                                                                  "shrinking_clay", "sandy_loam", "loam", "silty_loam",
                                                                  "clay_loam",      "muck",       "clay"};
inline std::string_view name(SoilKind kind) { return soil_kind_names[static_cast<std::size_t>(kind)]; }

/// Rock of an aquifer, or of what lies above it.
enum class RockKind : std::uint8_t {
  confining_layer,
  silt_or_clay,
  shale,
  igneous_or_metamorphic,
  weathered_igneous_or_metamorphic,
  glacial_till,
  bedded_sedimentary,
  sandstone,
  limestone,
  sand_and_gravel,
  basalt,
  karst_limestone,
};
inline constexpr std::array<std::string_view, 12> rock_kind_names{"confining_layer",
                                                                  "silt_or_clay",
                                                                  "shale",
                                                                  "igneous_or_metamorphic",
                                                                  "weathered_igneous_or_metamorphic",
                                                                  "glacial_till",
                                                                  "bedded_sedimentary",
                                                                  "sandstone",
                                                                  "limestone",
                                                                  "sand_and_gravel",
                                                                  "basalt",
                                                                  "karst_limestone"};
inline std::string_view name(RockKind kind) { return rock_kind_names[static_cast<std::size_t>(kind)]; }

/// What is given of the ground water, which no image shows. Nothing: not known.
struct GroundwaterFacts {
  std::optional<double> depth_m;      // from the ground down to the water
  std::optional<double> recharge_mm;  // a year
  std::optional<RockKind> aquifer;    // not the first two
  std::optional<SoilKind> soil;
  std::optional<RockKind> vadose;              // the ground above the water
  std::optional<double> conductivity_m_a_day;  // of the aquifer
};

struct GroundwaterOptions {
  GroundwaterFacts everywhere;
  std::map<std::string, GroundwaterFacts> sites;  // by id; what they do not say is as everywhere
};

struct ContextConfig {
  std::vector<ContextLayer> layers;
  double registration_error_m = 5;  // of the images, one standard deviation
  std::optional<ElevationOptions> elevation = {};
  std::optional<GroundwaterOptions> groundwater = {};
};

/// What is given for a site; of an alert without one, everywhere.
GroundwaterFacts groundwater_at(const GroundwaterOptions& options, const std::optional<std::string>& site);

/// Paths are as from `folder`. Throws ConfigError naming the member that is missing, unknown, or of another type, and
/// for text that is no JSON.
ContextConfig parse_context_config(std::string_view text, const std::string& folder);

/// The same of a file of at most 1 MiB. Throws ConfigError, starting with the path, also where it cannot be read.
ContextConfig read_context_config(const std::string& path);

}  // namespace pitwatch
