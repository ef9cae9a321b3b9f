#pragma once
// Layers of other people: features of any kind of geometry, repaired where that is unambiguous, with what was done
// told.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/lonlat_box.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// What of a layer is of use: kinds of geometry, as bits.
enum LayerGeometry : std::uint8_t { layer_areas = 1, layer_lines = 2, layer_points = 4 };

/// Columns by what they hold; empty: the layer does not say.
struct LayerColumns {
  std::string id;
  std::string name;
  std::string holder;
  std::string valid_from;
  std::string valid_to;
  std::string accuracy_m;
};

struct LayerSource {
  std::string target;  // a file, or a database as OGR takes it ("PG:dbname=...")
  std::string layer;   // of several; empty: there must be one only
  std::string where;   // features of it, as an attribute filter in OGR's SQL; empty: all
  std::string crs;     // "EPSG:n", where the layer names none, or one of unknown datum
  LayerColumns columns;
  std::uint8_t geometries = layer_areas;
};

using LonLatLine = std::vector<LonLat>;

struct LayerFeature {
  std::string id;  // where the layer gives none: "#" and its number in the layer
  std::string name;
  std::string holder;
  std::optional<Instant> valid_from;
  std::optional<Instant> valid_to;  // the last instant of a day
  std::optional<double> accuracy_m;
  LonLatMultiPolygon areas;  // valid: no ring crosses another or itself
  std::vector<LonLatLine> lines;
  std::vector<LonLat> points;
};

/// The box of all that it consists of.
LonLatBox box_of(const LayerFeature& feature);

/// What was done with features that are not as they should be.
enum class LayerRemark : std::uint8_t {
  repaired,          // rings crossed themselves or each other; all ways to repair it give the same area
  ambiguous,         // left out: ways to repair it differ
  duplicate,         // left out: the same in all that is read as a feature before
  no_geometry,       // left out
  other_geometry,    // left out: of a kind that is of no use
  no_place,          // left out: a vertex is no place on Earth, or cannot be transformed
  no_id,             // kept, under its number
  shared_id,         // kept: another feature has the same id
  unreadable_value,  // kept without it: a date or an accuracy that is none
  far_from_sites,    // kept: no feature of its layer is near a site
  perhaps_swapped,   // kept: others are near a site; it would lie at one with longitude and latitude swapped
};

inline constexpr std::array<std::string_view, 11> layer_remark_names{
    "repaired", "ambiguous", "duplicate",        "no_geometry",    "other_geometry", "no_place",
    "no_id",    "shared_id", "unreadable_value", "far_from_sites", "perhaps_swapped"};
inline std::string_view name(LayerRemark remark) { return layer_remark_names[static_cast<std::size_t>(remark)]; }

struct RemarkedFeature {
  LayerRemark remark = LayerRemark::repaired;
  std::string id;
};

/// Whether a feature with this remark is not among those of its layer, so that its ground is not known. A duplicate's
/// is.
inline bool is_left_out(LayerRemark remark) {
  return remark == LayerRemark::ambiguous || remark == LayerRemark::no_geometry ||
         remark == LayerRemark::other_geometry || remark == LayerRemark::no_place;
}

struct LeftOutFeature {
  std::string id;
  LayerRemark why = LayerRemark::no_geometry;
  std::optional<LonLatBox> extent;  // of what is there of it; nothing: nothing is known of its place
};

struct LayerContent {
  std::vector<LayerFeature> features;  // in the order of the layer
  std::size_t read = 0;                // features of the layer, used or not
  std::vector<RemarkedFeature> remarks;
  std::vector<LeftOutFeature> left_out;  // features that are there, on ground that is not known
};

/// Reads a layer and transforms it to longitude and latitude on WGS 84. Throws DataError, without the target: it cannot
/// be opened, has several layers or not the one asked for, no CRS or another than is said, lacks a column that is named
/// or filtered by, is empty, has no geometry of use, or a text that would steer a terminal, is no UTF-8 or too long
/// (500 bytes); UnavailableError where a database cannot be reached. Passwords are not shown.
LayerContent read_layer(const LayerSource& source);

}  // namespace pitwatch
