#pragma once
// Places on the ground of alerts.

#include <ogr_geometry.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace pitwatch::test {

using Geometry = std::unique_ptr<OGRGeometry>;

inline Geometry shape_of(const nlohmann::json& feature) {
  return Geometry(OGRGeometryFactory::createFromGeoJson(feature.at("geometry").dump().c_str()));
}

/// The place on the ground of an alert, of some hundreds, that lies deepest inside.
inline std::string place_in(const nlohmann::json& feature) {
  const Geometry shape = shape_of(feature);
  const Geometry edge(shape->Boundary());
  OGREnvelope box;
  shape->getEnvelope(&box);
  OGRPoint best;
  double deepest = 0;
  constexpr int steps = 20;
  for (int i = 1; i < steps; ++i) {
    for (int j = 1; j < steps; ++j) {
      const OGRPoint point(box.MinX + i * (box.MaxX - box.MinX) / steps, box.MinY + j * (box.MaxY - box.MinY) / steps);
      if (shape->Contains(&point) == FALSE) continue;
      if (const double depth = edge->Distance(&point); depth > deepest) {
        deepest = depth;
        best = point;
      }
    }
  }
  if (deepest <= 0) throw std::runtime_error("an alert without ground");
  return std::to_string(best.getX()) + "," + std::to_string(best.getY());
}

}  // namespace pitwatch::test
