#include "pipeline/io/vector/aoi.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/vector_file.hpp"

namespace pitwatch {
namespace {

/// A straight line in one CRS is curved in another. Edges are cut to about a kilometre before they are transformed,
/// which leaves errors of centimetres.
constexpr double longest_edge_degrees = 0.01;
constexpr double longest_edge_m = 1000;

/// Coordinates beyond these are no place on Earth; cutting their edges would take for ever.
constexpr double largest_degrees = 720;
constexpr double largest_m = 1e8;

/// Calls visit(const OGRPolygon&) for each polygon of a geometry, however it is nested.
template <typename Visit>
void for_each_polygon(const OGRGeometry& geometry, const Visit& visit) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) {
    visit(*geometry.toPolygon());
  } else if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) != 0) {
    for (const OGRGeometry* part : *geometry.toGeometryCollection()) for_each_polygon(*part, visit);
  }
}

void check_extent(const OGRGeometry& geometry, double largest) {
  OGREnvelope box;
  geometry.getEnvelope(&box);
  const double reach = std::max({std::abs(box.MinX), std::abs(box.MaxX), std::abs(box.MinY), std::abs(box.MaxY)});
  if (!(reach <= largest)) throw DataError("a polygon has coordinates that are no place on Earth");
}

/// Transforms in place.
void to_grid_crs(OGRGeometry& geometry, const OGRSpatialReference& from, OGRCoordinateTransformation& transformation,
                 const GdalErrorCapture& errors) {
  const bool degrees = from.IsGeographic() != 0;
  check_extent(geometry, degrees ? largest_degrees : largest_m);
  geometry.segmentize(degrees ? longest_edge_degrees : longest_edge_m / from.GetLinearUnits());
  if (geometry.transform(&transformation) != OGRERR_NONE) {
    throw DataError(errors.explain("a polygon cannot be transformed to the CRS of the scene"));
  }
}

/// Calls visit(y, first_column, last_column + 1) for each run of pixels of `window` whose centres lie inside the rings
/// (even-odd rule). A centre exactly on an edge belongs to the polygon on its right or below.
template <typename Rings, typename Visit>
void for_each_run(const Rings& rings, const Window& window, const Visit& visit) {
  if (window.empty()) return;
  std::vector<std::vector<double>> crossings(static_cast<std::size_t>(window.height));
  for (const auto& ring : rings) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const auto& a = ring[i];
      const auto& b = ring[(i + 1) % ring.size()];
      // Rows whose centre y + 0.5 lies in [upper, lower).
      const double upper = std::min(a.y, b.y);
      const double lower = std::max(a.y, b.y);
      const double first = std::max(std::ceil(upper - 0.5), static_cast<double>(window.y));
      const double end = std::min(std::ceil(lower - 0.5), static_cast<double>(window.bottom()));
      for (double y = first; y < end; ++y) {
        crossings[static_cast<std::size_t>(y - window.y)].push_back(a.x + (y + 0.5 - a.y) / (b.y - a.y) * (b.x - a.x));
      }
    }
  }
  const auto column = [&](double x) {
    return static_cast<int>(
        std::clamp(std::ceil(x - 0.5), static_cast<double>(window.x), static_cast<double>(window.right())));
  };
  for (int row = 0; row < window.height; ++row) {
    std::vector<double>& x = crossings[static_cast<std::size_t>(row)];
    std::sort(x.begin(), x.end());
    for (std::size_t i = 0; i + 1 < x.size(); i += 2) {
      if (column(x[i]) < column(x[i + 1])) visit(window.y + row, column(x[i]), column(x[i + 1]));
    }
  }
}

}  // namespace

Aoi::Aoi(const std::string& path, const Grid& grid) {
  naming_file(path, [&] {
    read(VectorFile(path), grid);
    if (on_map_.empty()) throw DataError("holds no polygon");
    place(grid);
  });
}

Aoi Aoi::on(const Grid& grid) const {
  Aoi other = *this;
  other.place(grid);
  return other;
}

void Aoi::place(const Grid& grid) {
  polygons_ = on_map_;
  for (Polygon& polygon : polygons_) {
    for (std::vector<Vertex>& ring : polygon.rings) {
      for (Vertex& vertex : ring) {
        vertex = {(vertex.x - grid.origin.x) / grid.pixel_size_m, (grid.origin.y - vertex.y) / grid.pixel_size_m};
      }
    }
  }
  bounds_ = bounds_on(grid);
  if (bounds_.empty()) throw DataError("the area of interest (AOI) does not overlap the scene");
}

void Aoi::read(const VectorFile& file, const Grid& grid) {
  const OGRSpatialReference target = reference_of(grid.crs);
  for (OGRLayer* layer : layers_of(file.dataset())) {
    const OGRSpatialReference source = named_crs(file.dataset(), *layer).value_or(reference_of("OGC:CRS84"));
    Transformation transformation;
    if (source.IsSame(&target) == 0) transformation = transformation_between(source, target);
    for_each_feature(*layer, [&](OGRFeature& feature, const GdalErrorCapture& errors) {
      const OGRGeometry* raw = feature.GetGeometryRef();
      if (raw == nullptr || raw->IsEmpty() != 0) return;
      const std::unique_ptr<OGRGeometry> geometry(raw->getLinearGeometry());  // arcs become lines
      if (transformation) to_grid_crs(*geometry, source, *transformation, errors);
      for_each_polygon(*geometry, [&](const OGRPolygon& polygon) { add(polygon); });
      if (errors.failed()) throw DataError(errors.explain("cannot read"));
    });
  }
  if (file.errors().failed()) throw DataError(file.errors().explain("cannot read"));
}

void Aoi::add(const OGRPolygon& polygon) {
  Polygon& added = on_map_.emplace_back();
  for (const OGRLinearRing* ring : polygon) {
    std::vector<Vertex>& vertices = added.rings.emplace_back();
    const int points = ring->getNumPoints() - (ring->get_IsClosed() != 0 ? 1 : 0);  // OGR keeps rings as written
    for (int i = 0; i < points; ++i) {
      vertices.push_back({ring->getX(i), ring->getY(i)});
      if (!std::isfinite(vertices.back().x) || !std::isfinite(vertices.back().y)) {
        throw DataError("a polygon cannot be transformed to the CRS of the scene");
      }
    }
  }
}

Window Aoi::bounds_on(const Grid& grid) const {
  int left = grid.width, top = grid.height, right = 0, bottom = 0;
  for (const Polygon& polygon : polygons_) {
    for_each_run(polygon.rings, grid.extent(), [&](int y, int first, int end) {
      left = std::min(left, first);
      right = std::max(right, end);
      top = std::min(top, y);
      bottom = std::max(bottom, y + 1);
    });
  }
  return {left, top, right - left, bottom - top};
}

void Aoi::burn(const Window& window, PlaneView<std::uint8_t> inside) const {
  for (int y = 0; y < window.height; ++y) std::fill_n(inside.row(y), window.width, std::uint8_t{0});
  for (const Polygon& polygon : polygons_) {
    for_each_run(polygon.rings, window, [&](int y, int first, int end) {
      std::fill_n(inside.row(y - window.y) + (first - window.x), end - first, std::uint8_t{1});
    });
  }
}

}  // namespace pitwatch
