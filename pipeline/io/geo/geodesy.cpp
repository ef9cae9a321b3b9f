#include "pipeline/io/geo/geodesy.hpp"

#include <geodesic.h>
#include <proj.h>

#include <array>
#include <cmath>
#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double wgs84_semi_major_axis_m = 6378137.0;
constexpr double wgs84_flattening = 1 / 298.257223563;

double ring_area_m2(const Ring& ring, const Grid& grid, ToWgs84& to_wgs84) {
  std::vector<MapPoint> points;
  points.reserve(ring.size());
  for (const PixelPoint& vertex : ring) points.push_back(grid.to_map(vertex.x, vertex.y));

  geod_geodesic ellipsoid;
  geod_init(&ellipsoid, wgs84_semi_major_axis_m, wgs84_flattening);
  geod_polygon polygon;
  geod_polygon_init(&polygon, 0);
  for (const LonLat& vertex : to_wgs84(points)) geod_polygon_addpoint(&ellipsoid, &polygon, vertex.lat, vertex.lon);
  double area = 0;
  constexpr int counter_clockwise_is_positive = 0;
  constexpr int signed_area = 1;
  geod_polygon_compute(&ellipsoid, &polygon, counter_clockwise_is_positive, signed_area, &area, nullptr);
  return std::abs(area);
}

/// From where to where, and whether datums whose relation nobody knows may count as one.
struct CrsPair {
  std::string from;
  std::string to;
  bool may_be_ballpark = false;
  friend auto operator<=>(const CrsPair&, const CrsPair&) = default;
};

class Transformation {
 public:
  explicit Transformation(const CrsPair& crs) : context_(proj_context_create()) {
    proj_log_level(context_, PJ_LOG_NONE);  // errors come back as codes
    proj_context_set_enable_network(context_, 0);
    PJ* const from = proj_create(context_, crs.from.c_str());
    PJ* const to = proj_create(context_, crs.to.c_str());
    const std::array<const char*, 2> options{crs.may_be_ballpark ? nullptr : "ALLOW_BALLPARK=NO", nullptr};
    PJ* const raw = from == nullptr || to == nullptr
                        ? nullptr
                        : proj_create_crs_to_crs_from_pj(context_, from, to, nullptr, options.data());
    proj_destroy(from);
    proj_destroy(to);
    if (raw == nullptr) return;
    transformation_ = proj_normalize_for_visualization(context_, raw);
    proj_destroy(raw);
  }
  Transformation(const Transformation&) = delete;
  Transformation& operator=(const Transformation&) = delete;
  ~Transformation() {
    proj_destroy(transformation_);
    proj_context_destroy(context_);
  }

  PJ* get() const { return transformation_; }  // null where there is none

 private:
  PJ_CONTEXT* context_ = nullptr;
  PJ* transformation_ = nullptr;
};

/// Transformations that nobody uses now: to make one takes milliseconds.
class IdleTransformations {
 public:
  std::unique_ptr<Transformation> take(const CrsPair& crs) {
    {
      const std::scoped_lock lock(mutex_);
      if (const auto found = idle_.find(crs); found != idle_.end()) return std::move(idle_.extract(found).mapped());
    }
    return std::make_unique<Transformation>(crs);
  }

  void give_back(CrsPair crs, std::unique_ptr<Transformation> transformation) {
    constexpr std::size_t most = 64;
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < most) idle_.emplace(std::move(crs), std::move(transformation));
  }

 private:
  std::mutex mutex_;
  std::multimap<CrsPair, std::unique_ptr<Transformation>> idle_;
};

/// Never destroyed: objects that live to the end of the program give theirs back.
IdleTransformations& idle_transformations() {
  static auto& idle = *new IdleTransformations;
  return idle;
}

/// A transformation that is its holder's alone, as long as that lives.
class HeldTransformation {
 public:
  explicit HeldTransformation(CrsPair crs) : crs_(std::move(crs)), transformation_(idle_transformations().take(crs_)) {}
  HeldTransformation(const HeldTransformation&) = delete;
  HeldTransformation& operator=(const HeldTransformation&) = delete;
  ~HeldTransformation() {
    if (exists()) idle_transformations().give_back(std::move(crs_), std::move(transformation_));
  }

  bool exists() const { return transformation_->get() != nullptr; }

  PJ_COORD operator()(PJ_DIRECTION direction, double x, double y) const {
    return proj_trans(transformation_->get(), direction, proj_coord(x, y, 0, HUGE_VAL));
  }

 private:
  CrsPair crs_;
  std::unique_ptr<Transformation> transformation_;
};

}  // namespace

struct ToWgs84::State : HeldTransformation {
  using HeldTransformation::HeldTransformation;
};

ToWgs84::ToWgs84(const std::string& crs) : state_(std::make_unique<State>(CrsPair{crs, "OGC:CRS84", true})) {
  if (!state_->exists()) throw DataError("no transformation to WGS 84 from CRS '" + crs + "'");
}

ToWgs84::~ToWgs84() = default;
ToWgs84::ToWgs84(ToWgs84&&) noexcept = default;
ToWgs84& ToWgs84::operator=(ToWgs84&&) noexcept = default;

LonLat ToWgs84::operator()(MapPoint point) {
  const PJ_COORD result = (*state_)(PJ_FWD, point.x, point.y);
  if (!std::isfinite(result.xy.x) || !std::isfinite(result.xy.y)) {
    throw DataError("no longitude and latitude for map point " + std::to_string(point.x) + ", " +
                    std::to_string(point.y));
  }
  return {result.xy.x, result.xy.y};
}

std::vector<LonLat> ToWgs84::operator()(std::span<const MapPoint> points) {
  std::vector<LonLat> result;
  result.reserve(points.size());
  for (const MapPoint& point : points) result.push_back((*this)(point));
  return result;
}

MapPoint ToWgs84::to_map(LonLat place) {
  const PJ_COORD result = (*state_)(PJ_INV, place.lon, place.lat);
  if (!std::isfinite(result.xy.x) || !std::isfinite(result.xy.y)) {
    throw DataError("no map point for longitude " + std::to_string(place.lon) + ", latitude " +
                    std::to_string(place.lat));
  }
  return {result.xy.x, result.xy.y};
}

struct Reprojection::State : HeldTransformation {
  using HeldTransformation::HeldTransformation;
};

Reprojection::Reprojection(const std::string& from, const std::string& to)
    : state_(std::make_unique<State>(CrsPair{from, to, false})) {
  if (state_->exists()) return;
  // Between CRSs whose areas lie apart PROJ knows none, though both relations to WGS 84 are known.
  for (const std::string& crs : {from, to}) {
    if (HeldTransformation(CrsPair{crs, "OGC:CRS84", false}).exists()) continue;
    const bool is_ballpark = HeldTransformation(CrsPair{crs, "OGC:CRS84", true}).exists();
    throw DataError("no transformation from CRS '" + from + "' to CRS '" + to + "'" +
                    (is_ballpark ? ": how the datum of '" + crs + "' lies to WGS 84 is not known" : ""));
  }
  state_ = std::make_unique<State>(CrsPair{from, to, true});
  if (!state_->exists()) throw DataError("no transformation from CRS '" + from + "' to CRS '" + to + "'");
}

Reprojection::~Reprojection() = default;
Reprojection::Reprojection(Reprojection&&) noexcept = default;
Reprojection& Reprojection::operator=(Reprojection&&) noexcept = default;

MapPoint Reprojection::operator()(MapPoint point) {
  const PJ_COORD result = (*state_)(PJ_FWD, point.x, point.y);
  if (!std::isfinite(result.xy.x) || !std::isfinite(result.xy.y)) return {std::nan(""), std::nan("")};
  return {result.xy.x, result.xy.y};
}

double grid_convergence_deg(const Grid& grid) {
  constexpr double reach_m = 1000;
  geod_geodesic ellipsoid;
  geod_init(&ellipsoid, wgs84_semi_major_axis_m, wgs84_flattening);
  ToWgs84 to_wgs84(grid.crs);
  const MapPoint middle = grid.to_map(grid.width / 2.0, grid.height / 2.0);
  const LonLat here = to_wgs84(middle);
  const LonLat north = to_wgs84({middle.x, middle.y + reach_m});
  double azimuth_deg = 0;
  geod_inverse(&ellipsoid, here.lat, here.lon, north.lat, north.lon, nullptr, &azimuth_deg, nullptr);
  return azimuth_deg;
}

double geodesic_distance_m(LonLat from, LonLat to) {
  geod_geodesic ellipsoid;
  geod_init(&ellipsoid, wgs84_semi_major_axis_m, wgs84_flattening);
  double distance = 0;
  geod_inverse(&ellipsoid, from.lat, from.lon, to.lat, to.lon, &distance, nullptr, nullptr);
  return distance;
}

double geodesic_area_m2(const PixelMultiPolygon& shape, const Grid& grid, ToWgs84& to_wgs84) {
  double area = 0;
  for (const PixelPolygon& polygon : shape) {
    area += ring_area_m2(polygon.outer, grid, to_wgs84);
    for (const Ring& hole : polygon.holes) area -= ring_area_m2(hole, grid, to_wgs84);
  }
  return area;
}

double geodesic_area_m2(const PixelMultiPolygon& shape, const Grid& grid) {
  ToWgs84 to_wgs84(grid.crs);
  return geodesic_area_m2(shape, grid, to_wgs84);
}

PixelAreas::PixelAreas(const Grid& grid) : grid_(grid), to_wgs84_(grid.crs) {}

double PixelAreas::at_m2(double column, double row) {
  // Areas of geodesic polygons are exact to about 0.1 m2: a square of a kilometre makes that small.
  constexpr int cell_m = 1000;
  const MapPoint place = grid_.to_map(column, row);
  const double x = std::floor(place.x / cell_m);
  const double y = std::floor(place.y / cell_m);
  const std::pair key{std::llround(x), std::llround(y)};
  if (const auto known = of_cell_.find(key); known != of_cell_.end()) return known->second;
  const Grid cell{grid_.crs, {x * cell_m, (y + 1) * cell_m}, cell_m, 1, 1};
  const double pixels = cell_m * cell_m / (grid_.pixel_size_m * grid_.pixel_size_m);
  return of_cell_[key] = geodesic_area_m2({{{{0, 0}, {0, 1}, {1, 1}, {1, 0}}, {}}}, cell, to_wgs84_) / pixels;
}

}  // namespace pitwatch
