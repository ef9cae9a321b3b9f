#pragma once
// Boxes in longitude and latitude.

#include <limits>
#include <vector>

#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// Degrees; empty until something is included. Longitudes beyond 180 are places beyond the antimeridian.
struct LonLatBox {
  double west = std::numeric_limits<double>::infinity();
  double south = std::numeric_limits<double>::infinity();
  double east = -std::numeric_limits<double>::infinity();
  double north = -std::numeric_limits<double>::infinity();

  bool is_empty() const { return !(west <= east && south <= north); }
  void include(LonLat place);
  void include(const std::vector<LonLat>& places);
  void include(const LonLatMultiPolygon& shape);

  /// Whether they have a place in common, on either side of the antimeridian.
  bool meets(const LonLatBox& other) const;

  /// With a margin of so many metres, or a little more, all around.
  LonLatBox grown(double metres) const;
};

}  // namespace pitwatch
