#include "pipeline/normalise/nadir.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pitwatch {
namespace {

using std::numbers::pi;

constexpr double per_degree = pi / 180;
constexpr double crown_height = 2;  // h/b: of the crown's middle above ground, over its half height
// b/r = 1: crowns are spheres, whose zenith angles need no change.

/// Sun and view as the kernels see them.
struct Geometry {
  double cos_sun, cos_view, sin_sun, sin_view;
  double cos_azimuth, sin_azimuth;  // between them
  double cos_phase, phase;          // phase: the angle between sun and satellite

  Geometry(const ViewAngles& sun, const ViewAngles& view)
      : cos_sun(std::cos(sun.zenith * per_degree)),
        cos_view(std::cos(view.zenith * per_degree)),
        sin_sun(std::sin(sun.zenith * per_degree)),
        sin_view(std::sin(view.zenith * per_degree)),
        cos_azimuth(std::cos((view.azimuth - sun.azimuth) * per_degree)),
        sin_azimuth(std::sin((view.azimuth - sun.azimuth) * per_degree)),
        cos_phase(std::clamp(cos_sun * cos_view + sin_sun * sin_view * cos_azimuth, -1.0, 1.0)),
        phase(std::acos(cos_phase)) {}
};

double modelled(const BrdfWeights& weights, const ViewAngles& sun, const ViewAngles& view) {
  return weights.iso + weights.geo * li_sparse(sun, view) + weights.vol * ross_thick(sun, view);
}

}  // namespace

std::optional<BrdfWeights> brdf_weights(Band band) {
  switch (band) {
    case Band::B02:
      return BrdfWeights{0.0774, 0.0079, 0.0372};
    case Band::B03:
      return BrdfWeights{0.1306, 0.0178, 0.0580};
    case Band::B04:
      return BrdfWeights{0.1690, 0.0227, 0.0574};
    case Band::B05:
      return BrdfWeights{0.2085, 0.0256, 0.0845};
    case Band::B06:
      return BrdfWeights{0.2316, 0.0273, 0.1003};
    case Band::B07:
      return BrdfWeights{0.2599, 0.0294, 0.1197};
    case Band::B08:
    case Band::B8A:
      return BrdfWeights{0.3093, 0.0330, 0.1535};
    case Band::B11:
      return BrdfWeights{0.3430, 0.0453, 0.1154};
    case Band::B12:
      return BrdfWeights{0.2658, 0.0387, 0.0639};
    default:
      return std::nullopt;
  }
}

double ross_thick(const ViewAngles& sun, const ViewAngles& view) {
  const Geometry g(sun, view);
  return ((pi / 2 - g.phase) * g.cos_phase + std::sin(g.phase)) / (g.cos_sun + g.cos_view) - pi / 4;
}

double li_sparse(const ViewAngles& sun, const ViewAngles& view) {
  const Geometry g(sun, view);
  const double tan_sun = g.sin_sun / g.cos_sun;
  const double tan_view = g.sin_view / g.cos_view;
  const double secants = 1 / g.cos_sun + 1 / g.cos_view;
  const double distance2 =
      std::max(0.0, tan_sun * tan_sun + tan_view * tan_view - 2 * tan_sun * tan_view * g.cos_azimuth);
  const double across = tan_sun * tan_view * g.sin_azimuth;
  const double cos_t = std::min(1.0, crown_height * std::sqrt(distance2 + across * across) / secants);
  const double t = std::acos(cos_t);
  const double overlap = (t - std::sin(t) * cos_t) * secants / pi;  // of the shadows of sun and view
  return overlap - secants + 0.5 * (1 + g.cos_phase) / (g.cos_sun * g.cos_view);
}

double nadir_factor(const BrdfWeights& weights, const ViewAngles& sun, const ViewAngles& view,
                    std::optional<double> sun_zenith_deg) {
  const ViewAngles sun_then{sun_zenith_deg.value_or(sun.zenith), sun.azimuth};
  return modelled(weights, sun_then, {0, 0}) / modelled(weights, sun, view);
}

Scene seen_from_nadir(Scene scene, std::optional<double> sun_zenith_deg) {
  if (!scene.sun || !scene.view) return scene;
  for (auto& [band, asset] : scene.bands) {
    const auto weights = brdf_weights(band);
    if (!weights) continue;
    const auto factor = static_cast<float>(nadir_factor(*weights, *scene.sun, *scene.view, sun_zenith_deg));
    asset.calibration.scale *= factor;
    asset.calibration.offset *= factor;
  }
  return scene;
}

}  // namespace pitwatch
