#pragma once
// GEOS as the oracle of validity and overlaps for the property tests of pipeline/polygons.

#include <geos_c.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "pipeline/core/polygon.hpp"

namespace pitwatch {

class Geos {
 public:
  using Geometry = std::shared_ptr<GEOSGeometry>;

  Geos() : context_(GEOS_init_r(), GEOS_finish_r) {}

  Geometry geometry(const PixelMultiPolygon& shape) const {
    std::vector<GEOSGeometry*> polygons;
    for (const PixelPolygon& polygon : shape) {
      std::vector<GEOSGeometry*> holes;
      for (const Ring& hole : polygon.holes) holes.push_back(ring(hole));
      polygons.push_back(GEOSGeom_createPolygon_r(context_.get(), ring(polygon.outer), holes.data(),
                                                  static_cast<unsigned>(holes.size())));
    }
    return own(GEOSGeom_createCollection_r(context_.get(), GEOS_MULTIPOLYGON, polygons.data(),
                                           static_cast<unsigned>(polygons.size())));
  }

  Geometry united(const std::vector<Geometry>& geometries) const {
    std::vector<GEOSGeometry*> copies;
    for (const Geometry& geometry : geometries) copies.push_back(GEOSGeom_clone_r(context_.get(), geometry.get()));
    const Geometry all = own(GEOSGeom_createCollection_r(context_.get(), GEOS_GEOMETRYCOLLECTION, copies.data(),
                                                         static_cast<unsigned>(copies.size())));
    return own(GEOSUnaryUnion_r(context_.get(), all.get()));
  }

  /// "" for a valid geometry.
  std::string why_invalid(const Geometry& geometry) const {
    if (GEOSisValid_r(context_.get(), geometry.get()) == 1) return "";
    const std::unique_ptr<char, Freeing> reason(GEOSisValidReason_r(context_.get(), geometry.get()), {context_.get()});
    return reason ? reason.get() : "unknown";
  }

  double area(const Geometry& geometry) const {
    double area = -1;
    GEOSArea_r(context_.get(), geometry.get(), &area);
    return area;
  }

  bool envelopes_meet(const Geometry& a, const Geometry& b) const {
    return GEOSIntersects_r(context_.get(), own(GEOSEnvelope_r(context_.get(), a.get())).get(),
                            own(GEOSEnvelope_r(context_.get(), b.get())).get()) == 1;
  }

  double intersection_area(const Geometry& a, const Geometry& b) const {
    return area(own(GEOSIntersection_r(context_.get(), a.get(), b.get())));
  }

  /// The interior rings of all polygons of a polygon or multipolygon.
  int count_holes(const Geometry& geometry) const {
    int holes = 0;
    for (int i = 0; i < GEOSGetNumGeometries_r(context_.get(), geometry.get()); ++i) {
      holes += GEOSGetNumInteriorRings_r(context_.get(), GEOSGetGeometryN_r(context_.get(), geometry.get(), i));
    }
    return holes;
  }

 private:
  struct Freeing {
    GEOSContextHandle_t context;
    void operator()(char* text) const { GEOSFree_r(context, text); }
  };

  GEOSGeometry* ring(const Ring& vertices) const {
    const std::size_t size = vertices.size();
    GEOSCoordSequence* coordinates = GEOSCoordSeq_create_r(context_.get(), static_cast<unsigned>(size + 1), 2);
    for (std::size_t i = 0; i <= size; ++i) {
      const PixelPoint& vertex = vertices[i < size ? i : 0];
      GEOSCoordSeq_setXY_r(context_.get(), coordinates, static_cast<unsigned>(i), vertex.x, vertex.y);
    }
    return GEOSGeom_createLinearRing_r(context_.get(), coordinates);
  }

  Geometry own(GEOSGeometry* geometry) const {
    return {geometry, [context = context_](GEOSGeometry* owned) { GEOSGeom_destroy_r(context.get(), owned); }};
  }

  std::shared_ptr<std::remove_pointer_t<GEOSContextHandle_t>> context_;
};

}  // namespace pitwatch
