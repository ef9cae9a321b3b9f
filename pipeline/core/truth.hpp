#pragma once
// What is known to have happened to the ground: the reference that alerts are scored against (truth.geojson).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/polygon.hpp"

namespace pitwatch {

/// What an event is to somebody who looks for mining.
enum class TruthKind : std::uint8_t {
  disturbance,  // of the ground, by people: has to be found
  natural,      // of the ground, but not by people: finding it is no error, missing it none either
  decoy,        // no disturbance of the ground: must not be reported
};

enum class TruthType : std::uint8_t {
  pit_in_forest = 1,
  pit_in_grass = 2,
  pit_in_crop = 3,
  pit_deepened = 4,  // in bare rock
  waste_dump = 5,
  tailings_pond = 6,
  access_road = 7,
  pond = 8,              // dug below the water table, or dammed
  alluvial_working = 9,  // beside a river: gravel heaps and pools
  pit_backfilled = 10,   // in bare rock, and levelled with it again
  pond_backfilled = 11,  // drained and filled with spoil again
  landslide = 20,
  harvest = 30,
  ploughing = 31,
  fire = 32,
  flood = 33,
  reservoir_drawdown = 34,
  snow_patch = 35,
  building_site = 36,  // real, but outside the sites
  cloud_remnant = 37,
};

/// The numeric value of a type is its code in label rasters; 0 there is undisturbed ground, 255 not judged.
struct TruthTypeInfo {
  TruthType type;
  TruthKind kind;
  std::string_view name;
};

inline constexpr std::array<TruthTypeInfo, 20> truth_type_infos{{
    {TruthType::pit_in_forest, TruthKind::disturbance, "pit_in_forest"},
    {TruthType::pit_in_grass, TruthKind::disturbance, "pit_in_grass"},
    {TruthType::pit_in_crop, TruthKind::disturbance, "pit_in_crop"},
    {TruthType::pit_deepened, TruthKind::disturbance, "pit_deepened"},
    {TruthType::waste_dump, TruthKind::disturbance, "waste_dump"},
    {TruthType::tailings_pond, TruthKind::disturbance, "tailings_pond"},
    {TruthType::access_road, TruthKind::disturbance, "access_road"},
    {TruthType::pond, TruthKind::disturbance, "pond"},
    {TruthType::alluvial_working, TruthKind::disturbance, "alluvial_working"},
    {TruthType::pit_backfilled, TruthKind::disturbance, "pit_backfilled"},
    {TruthType::pond_backfilled, TruthKind::disturbance, "pond_backfilled"},
    {TruthType::landslide, TruthKind::natural, "landslide"},
    {TruthType::harvest, TruthKind::decoy, "harvest"},
    {TruthType::ploughing, TruthKind::decoy, "ploughing"},
    {TruthType::fire, TruthKind::decoy, "fire"},
    {TruthType::flood, TruthKind::decoy, "flood"},
    {TruthType::reservoir_drawdown, TruthKind::decoy, "reservoir_drawdown"},
    {TruthType::snow_patch, TruthKind::decoy, "snow_patch"},
    {TruthType::building_site, TruthKind::decoy, "building_site"},
    {TruthType::cloud_remnant, TruthKind::decoy, "cloud_remnant"},
}};

constexpr const TruthTypeInfo& info(TruthType type) {
  for (const TruthTypeInfo& candidate : truth_type_infos) {
    if (candidate.type == type) return candidate;
  }
  return truth_type_infos[0];
}

inline constexpr std::array<std::string_view, 3> truth_kind_names{"disturbance", "natural", "decoy"};
inline std::string_view name(TruthKind kind) { return truth_kind_names[static_cast<std::size_t>(kind)]; }
inline std::string_view name(TruthType type) { return info(type).name; }

/// One event. `shape` is its footprint when complete, on a pixel grid that goes with the list.
struct TruthEvent {
  std::string id;
  std::string site;
  TruthType type = TruthType::pit_in_forest;
  PixelMultiPolygon shape;
  Instant onset{};             // first day with a trace on the ground
  Instant complete{};          // first day at its full extent
  std::optional<Instant> end;  // first day from which the ground recovers: closure, regrowth, melt, the water's return
  double area_ha = 0;          // geodesic, of `shape`
  std::vector<Instant> clear_observations;  // acquisitions from onset on in which most of its box was seen, little
                                            // dimmed by cloud or cirrus
};

}  // namespace pitwatch
