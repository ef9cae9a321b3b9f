#include "pipeline/io/geo/lonlat_shapes.hpp"

#include <cpl_quad_tree.h>
#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogr_geometry.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/geo/ogr_values.hpp"

namespace pitwatch {
namespace {

using Geometry = std::unique_ptr<OGRGeometry>;

Transformation from_lonlat_to(const std::string& crs) {
  const GdalErrorCapture errors;
  OGRSpatialReference lonlat;
  lonlat.SetFromUserInput("OGC:CRS84");
  lonlat.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  OGRSpatialReference target;
  target.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  Transformation transformation;
  if (target.SetFromUserInput(crs.c_str(), OGRSpatialReference::SET_FROM_USER_INPUT_LIMITATIONS) == OGRERR_NONE) {
    transformation.reset(OGRCreateCoordinateTransformation(&lonlat, &target));
  }
  if (!transformation) throw DataError(errors.explain("no transformation from WGS 84 to '" + crs + "'"));
  return transformation;
}

/// The shape in another CRS.
Geometry transformed(const LonLatMultiPolygon& shape, OGRCoordinateTransformation& transformation) {
  Geometry geometry = ogr_shape(shape);
  const GdalErrorCapture errors;
  if (geometry->transform(&transformation) != OGRERR_NONE) throw DataError(errors.explain("cannot be transformed"));
  return geometry;
}

/// Area of the polygons in a geometry of any kind: overlays leave points and lines where borders touch.
double area_of(const OGRGeometry& geometry) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) return geometry.toPolygon()->get_Area();
  if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) == 0) return 0;
  return geometry.toGeometryCollection()->get_Area();
}

/// Adds the polygons of a geometry of any kind to `polygons`: overlays take no collections.
void collect_polygons(const OGRGeometry& geometry, OGRMultiPolygon& polygons) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) {
    polygons.addGeometry(&geometry);
  } else if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) != 0) {
    for (const OGRGeometry* part : *geometry.toGeometryCollection()) collect_polygons(*part, polygons);
  }
}

/// Each part valid by itself, and what parts have in common once: MakeValid() of all of them takes it out, as a ring
/// within a ring.
Geometry repaired(const OGRGeometry& geometry) {
  auto polygons = std::make_unique<OGRMultiPolygon>();
  for (const OGRPolygon* const part : *geometry.toMultiPolygon()) {
    const Geometry valid(part->MakeValid());
    if (!valid) throw DataError("cannot be repaired");
    collect_polygons(*valid, *polygons);
  }
  if (polygons->getNumGeometries() < 2) return polygons;
  Geometry together(polygons->UnionCascaded());
  if (!together) throw DataError("cannot be repaired");
  return together;
}

double intersection_m2(const OGRGeometry& a, const OGRGeometry& b) {
  const GdalErrorCapture errors;
  const Geometry common(a.Intersection(&b));
  if (!common) throw DataError(errors.explain("two polygons cannot be intersected"));
  return area_of(*common);
}

OGREnvelope box_of(const OGRGeometry& geometry) {
  OGREnvelope box;
  geometry.getEnvelope(&box);
  return box;
}

}  // namespace

struct PolygonLayer::State {
  Transformation to_plane;
  std::vector<Geometry> shapes;
  std::vector<double> areas_m2;
};

PolygonLayer::PolygonLayer(LonLat centre) : state_(std::make_unique<State>()) {
  ensure_gdal();
  std::array<char, 160> crs{};
  std::snprintf(crs.data(), crs.size(), "+proj=laea +lon_0=%.7f +lat_0=%.7f +datum=WGS84 +units=m +type=crs",
                centre.lon, centre.lat);
  state_->to_plane = from_lonlat_to(crs.data());
}

PolygonLayer::~PolygonLayer() = default;
PolygonLayer::PolygonLayer(PolygonLayer&&) noexcept = default;
PolygonLayer& PolygonLayer::operator=(PolygonLayer&&) noexcept = default;

void PolygonLayer::add(const std::string& id, const LonLatMultiPolygon& shape) {
  try {
    Geometry geometry = transformed(shape, *state_->to_plane);
    const GdalErrorCapture quiet;  // GEOS says why a geometry is not valid, which is repaired
    if (geometry->IsValid() == 0) geometry = repaired(*geometry);
    const double area_m2 = area_of(*geometry);
    if (!(area_m2 > 0)) throw DataError("has no area");
    state_->shapes.push_back(std::move(geometry));
    state_->areas_m2.push_back(area_m2);
  } catch (const DataError& error) {
    throw DataError("'" + id + "': " + error.what());
  }
}

std::size_t PolygonLayer::size() const { return state_->shapes.size(); }
double PolygonLayer::area_m2(std::size_t index) const { return state_->areas_m2.at(index); }

std::vector<PolygonOverlap> overlaps(const PolygonLayer& first, const PolygonLayer& second) {
  const std::vector<Geometry>& shapes = second.state().shapes;
  CPLRectObj bounds{std::numeric_limits<double>::max(), std::numeric_limits<double>::max(),
                    std::numeric_limits<double>::lowest(), std::numeric_limits<double>::lowest()};
  std::vector<CPLRectObj> boxes;
  for (const Geometry& shape : shapes) {
    const OGREnvelope box = box_of(*shape);
    boxes.push_back({box.MinX, box.MinY, box.MaxX, box.MaxY});
    bounds = {std::min(bounds.minx, box.MinX), std::min(bounds.miny, box.MinY), std::max(bounds.maxx, box.MaxX),
              std::max(bounds.maxy, box.MaxY)};
  }
  const std::unique_ptr<CPLQuadTree, void (*)(CPLQuadTree*)> tree(CPLQuadTreeCreate(&bounds, nullptr),
                                                                  &CPLQuadTreeDestroy);
  // The tree keeps pointers and looks at nothing behind them.
  std::vector<std::size_t> numbers(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    numbers[i] = i;
    CPLQuadTreeInsertWithBounds(tree.get(), &numbers[i], &boxes[i]);
  }

  std::vector<PolygonOverlap> result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const OGRGeometry& shape = *first.state().shapes[i];
    const OGREnvelope box = box_of(shape);
    const CPLRectObj searched{box.MinX, box.MinY, box.MaxX, box.MaxY};
    int count = 0;
    const std::unique_ptr<void*, void (*)(void*)> found(CPLQuadTreeSearch(tree.get(), &searched, &count), &VSIFree);
    std::vector<std::size_t> near;
    for (int k = 0; k < count; ++k) near.push_back(*static_cast<const std::size_t*>(found.get()[k]));
    std::sort(near.begin(), near.end());
    for (const std::size_t j : near) {
      const double common_m2 = intersection_m2(shape, *shapes[j]);
      if (common_m2 > 0) result.push_back({i, j, common_m2});
    }
  }
  return result;
}

UnionOverlap union_overlap(const PolygonLayer& layer, std::span<const std::size_t> members, const PolygonLayer& other,
                           std::size_t other_index) {
  Geometry together;
  for (const std::size_t member : members) {
    const Geometry& shape = layer.state().shapes.at(member);
    const GdalErrorCapture errors;
    together.reset(together ? together->Union(shape.get()) : shape->clone());
    if (!together) throw DataError(errors.explain("polygons cannot be united"));
  }
  if (!together) return {};
  return {area_of(*together), intersection_m2(*together, *other.state().shapes.at(other_index))};
}

LonLat middle_of(std::span<const LonLatMultiPolygon* const> shapes) {
  OGREnvelope box;
  for (const LonLatMultiPolygon* shape : shapes) {
    for (const LonLatPolygon& part : *shape) {
      for (const LonLat& vertex : part.outer) box.Merge(vertex.lon, vertex.lat);
    }
  }
  if (box.IsInit() == 0) return {};
  return {(box.MinX + box.MaxX) / 2, (box.MinY + box.MaxY) / 2};
}

std::vector<BurntShape> burn_shapes(std::span<const LonLatMultiPolygon* const> shapes, const Grid& grid) {
  ensure_gdal();
  const Transformation to_grid = from_lonlat_to(grid.crs);
  const GdalErrorCapture errors;
  std::vector<BurntShape> result;
  for (const LonLatMultiPolygon* shape : shapes) {
    BurntShape& burnt = result.emplace_back();
    const Geometry geometry = transformed(*shape, *to_grid);
    const OGREnvelope box = box_of(*geometry);
    // Clamped before they are whole numbers: a polygon may lie anywhere.
    const auto pixel = [](double place, int side) { return static_cast<int>(std::clamp(place, -1.0, side + 1.0)); };
    const int left = pixel(std::floor((box.MinX - grid.origin.x) / grid.pixel_size_m), grid.width);
    const int right = pixel(std::ceil((box.MaxX - grid.origin.x) / grid.pixel_size_m), grid.width);
    const int top = pixel(std::floor((grid.origin.y - box.MaxY) / grid.pixel_size_m), grid.height);
    const int bottom = pixel(std::ceil((grid.origin.y - box.MinY) / grid.pixel_size_m), grid.height);
    burnt.window = intersection({left, top, right - left, bottom - top}, grid.extent());
    if (burnt.window.empty()) {
      burnt.window = {};
      continue;
    }
    const Window& window = burnt.window;
    burnt.inside.reshape(window.width, window.height);
    GDALDriver* const memory = GetGDALDriverManager()->GetDriverByName("MEM");
    const GDALDatasetUniquePtr canvas(memory->Create("", window.width, window.height, 1, GDT_Byte, nullptr));
    const MapPoint corner = grid.to_map(window.x, window.y);
    std::array<double, 6> placing{corner.x, grid.pixel_size_m, 0, corner.y, 0, -grid.pixel_size_m};
    const int band = 1;
    const double one = 1;
    OGRGeometryH handle = OGRGeometry::ToHandle(geometry.get());
    if (!canvas || canvas->SetGeoTransform(placing.data()) != CE_None ||
        GDALRasterizeGeometries(GDALDataset::ToHandle(canvas.get()), 1, &band, 1, &handle, nullptr, nullptr, &one,
                                nullptr, nullptr, nullptr) != CE_None ||
        canvas->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, window.width, window.height, burnt.inside.row(0),
                                           window.width, window.height, GDT_Byte, 1, burnt.inside.stride(),
                                           nullptr) != CE_None) {
      throw DataError(errors.explain("a polygon cannot be laid on the raster"));
    }
  }
  return result;
}

}  // namespace pitwatch
