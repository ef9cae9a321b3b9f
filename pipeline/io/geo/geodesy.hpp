#pragma once
// Longitudes, latitudes and true areas.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/polygon.hpp"

namespace pitwatch {

/// Degrees on WGS 84, longitude east and latitude north.
struct LonLat {
  double lon = 0;
  double lat = 0;
  friend bool operator==(const LonLat&, const LonLat&) = default;
};

/// The transformation from a CRS to WGS 84. Not thread-safe: one object per thread. The first of a CRS is costly to make
/// (milliseconds), later ones go on with what an object that is gone has left.
class ToWgs84 {
 public:
  /// `crs` as in Grid: "EPSG:n" or WKT. Throws DataError for one that PROJ does not know.
  explicit ToWgs84(const std::string& crs);
  ~ToWgs84();
  ToWgs84(ToWgs84&&) noexcept;
  ToWgs84& operator=(ToWgs84&&) noexcept;

  /// Throws DataError for a point outside the domain of the projection.
  LonLat operator()(MapPoint point);
  std::vector<LonLat> operator()(std::span<const MapPoint> points);

  /// The way back: the map point of a place. Throws DataError for a place outside the domain of the projection.
  MapPoint to_map(LonLat place);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The transformation of map points from one CRS to another, east before north (longitude before latitude, degrees,
/// where a CRS is geographic). Thread-safety and cost as of ToWgs84.
class Reprojection {
 public:
  /// CRS as in Grid, or geographic. Throws DataError for one that PROJ does not know.
  Reprojection(const std::string& from, const std::string& to);
  ~Reprojection();
  Reprojection(Reprojection&&) noexcept;
  Reprojection& operator=(Reprojection&&) noexcept;

  /// NaN for a point outside the domain of a projection.
  MapPoint operator()(MapPoint point);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Degrees clockwise from true north to the grid's north at its middle: true azimuth = azimuth on the grid + this.
/// Throws DataError as ToWgs84 does.
double grid_convergence_deg(const Grid& grid);

/// Length of the geodesic between two places on the WGS 84 ellipsoid, metres (Karney 2013, as below).
double geodesic_distance_m(LonLat from, LonLat to);

/// Area on the WGS 84 ellipsoid, square metres, holes subtracted; edges are geodesics between the vertices (Karney
/// 2013, "Algorithms for geodesics", doi:10.1007/s00190-012-0578-z, as in PROJ). `to_wgs84` must be of the grid's
/// CRS. The sign does not depend on how the rings are wound. Throws DataError as ToWgs84 does.
double geodesic_area_m2(const PixelMultiPolygon& shape, const Grid& grid, ToWgs84& to_wgs84);

/// The same as geodesic_area_m2 above, making the transformation for the one call.
double geodesic_area_m2(const PixelMultiPolygon& shape, const Grid& grid);

/// The true areas of a grid's pixels: a projection's are not all alike. The area of a shape is its pixels times this at
/// its middle. Computed once for each square kilometre of the map, whichever grid it is seen through: exact to 1e-5.
/// Not for several threads at once.
class PixelAreas {
 public:
  explicit PixelAreas(const Grid& grid);
  /// Square metres of a pixel near a place, columns and rows from the grid's corner. Throws DataError as ToWgs84 does.
  double at_m2(double column, double row);

 private:
  Grid grid_;
  ToWgs84 to_wgs84_;
  std::map<std::pair<std::int64_t, std::int64_t>, double> of_cell_;
};

}  // namespace pitwatch
