#pragma once
// The pixels that an alert was found on, from its outline.

#include <map>
#include <string>
#include <vector>

#include "pipeline/context/attribution.hpp"
#include "pipeline/context/coverage.hpp"
#include "pipeline/context/nearest.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/vector/layer_features.hpp"

namespace pitwatch {

inline constexpr double alert_pixel_m = 10;  // of sites' grids

/// The grid of a UTM zone of which all sites' grids are windows; its corner lies north and west of all ground.
Grid zone_grid(const std::string& crs);

/// Places as columns and rows of a zone's grid. Not for several threads at once.
class ToGrid {
 public:
  explicit ToGrid(const Grid& grid);
  GridPoint operator()(LonLat place);  // NaN where the projection has no such place
  std::vector<GridPoint> operator()(const std::vector<LonLat>& places);

  /// What of them lies within 70 degrees of longitude of the zone's middle: more than 1000 km from its alerts, and less
  /// than where the projection ends. A shape that reaches farther is cut there.
  GridShape operator()(const LonLatMultiPolygon& shape);
  NearFeature operator()(const LayerFeature& feature);  // without parts that have no place there

 private:
  Grid grid_;
  Reprojection reprojection_;
  double middle_lon_;
};

/// Finds the zones of alerts. Keeps a transformation for each zone that was looked at. Not for several threads at once.
class AlertZones {
 public:
  /// CRS of the grid that an alert lies on: the UTM zone of its tile, or a neighbour of it, in which its corners lie on
  /// whole pixels; where the tile is not known the zone of the outline. Throws DataError for an outline without
  /// vertices.
  std::string crs_of(const OutlinedAlert& alert);

 private:
  double distance_from_corners(const LonLatRing& ring, const std::string& crs);
  std::map<std::string, ToGrid> to_zones_;
};

/// Whether all vertices have a place on the grid.
bool is_finite(const GridShape& shape);

/// The alert's shape, corners on whole pixels where they nearly are.
GridShape alert_shape(const LonLatMultiPolygon& outline, ToGrid& to_grid);

/// Throws DataError for an alert whose box is absurdly large, or that has no area.
AlertPixels pixels_of(const GridShape& shape, double area_ha);

}  // namespace pitwatch
