#include "pipeline/simulate/shading.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr float no_shadow = -1e4F;

/// Top of the shadow over each cell: max(terrain, shadow) of the cell that the ray to the sun crosses in the next row
/// (or column) towards it, less the fall of the ray. `into` may not alias `ground`.
void sweep_shadow(PlaneView<const float> ground, float east, float south, float fall_per_cell, PlaneView<float> into) {
  const bool by_rows = std::fabs(south) >= std::fabs(east);
  const float forward = by_rows ? south : east;
  const float shift = (by_rows ? east : south) / std::fabs(forward);  // cells sideways for each line
  const float fall = fall_per_cell / std::fabs(forward);
  const int lines = by_rows ? ground.height : ground.width;
  const int length = by_rows ? ground.width : ground.height;
  const int step = forward > 0 ? -1 : 1;  // away from the sun
  const int first = forward > 0 ? lines - 1 : 0;
  const int side = shift < 0 ? -1 : 1;
  const float weight = std::fabs(shift);

  std::vector<float> top(static_cast<std::size_t>(length) + 2);  // of terrain and shadow, one line nearer the sun,
  const auto at = [&](PlaneView<const float> plane, int line, int i) {  // with a cell beyond either end
    return by_rows ? plane.at(i, line) : plane.at(line, i);
  };
  for (int n = 0; n < lines; ++n) {
    const int line = first + n * step;
    for (int i = 0; i < length; ++i) {
      float& shadow = by_rows ? into.at(i, line) : into.at(line, i);
      if (n == 0) {
        shadow = no_shadow;
      } else {
        const float* near = top.data() + i + 1;
        shadow = near[0] + weight * (near[side] - near[0]) - fall;
      }
    }
    for (int i = 0; i < length; ++i) {
      top[static_cast<std::size_t>(i) + 1] = std::max(at(ground, line, i), at(into, line, i));
    }
    top.front() = top[1];
    top.back() = top[static_cast<std::size_t>(length)];
  }
}

}  // namespace

Shading::Shading(const Terrain& terrain, const ViewAngles& sun) : terrain_(&terrain) {
  if (!(sun.zenith <= 89)) throw ConfigError("the sun must stand at least one degree above the horizon");
  constexpr double per_degree = std::numbers::pi / 180;
  const double sine = std::sin(sun.zenith * per_degree);
  up_ = static_cast<float>(std::cos(sun.zenith * per_degree));
  east_ = static_cast<float>(sine * std::sin(sun.azimuth * per_degree));
  north_ = static_cast<float>(sine * std::cos(sun.azimuth * per_degree));
  tan_height_ = static_cast<float>(up_ / std::max(sine, 1e-3));
  const PlaneView<const float> ground = terrain.coarse_elevation();
  shadow_.reshape(ground.width, ground.height);
  const auto fall = static_cast<float>(tan_height_ * terrain.coarse_grid().pixel_size_m);
  const auto level = static_cast<float>(std::max(sine, 1e-3));
  sweep_shadow(ground, std::fabs(east_) + std::fabs(north_) > 0 ? east_ / level : 0.0F,
               std::fabs(east_) + std::fabs(north_) > 0 ? -north_ / level : 1.0F, fall, shadow_.view());
}

void Shading::window(const Window& window, PlaneView<const float> elevation, ShadingPixels& into) const {
  for (Plane<float>* plane : {&into.direct, &into.beam, &into.sky_view}) {
    plane->reshape(std::max(0, window.width), std::max(0, window.height));
  }
  if (window.empty()) return;
  terrain_->interpolate(shadow_.view(), window, into.beam.view());
  terrain_->interpolate(terrain_->coarse_surroundings(), window, into.sky_view.view());
  constexpr float per_slope = 1.0F / 20;  // between the neighbours of a 10 m pixel
  const float east = east_ / up_;
  const float north = north_ / up_;
  // The edge of a shadow is soft over about two pixels; below an obstacle's own foot nothing is darkened.
  const float per_depth = 1 / std::max(20 * tan_height_, 1.0F);
  for (int y = 0; y < window.height; ++y) {
    const float* above = elevation.row(y) + 1;
    const float* here = elevation.row(y + 1) + 1;
    const float* below = elevation.row(y + 2) + 1;
    float* direct = into.direct.row(y);
    float* beam = into.beam.row(y);
    float* sky = into.sky_view.row(y);
    for (int x = 0; x < window.width; ++x) {
      const float to_east = (here[x + 1] - here[x - 1]) * per_slope;
      const float to_north = (above[x] - below[x]) * per_slope;
      const float level = 1 / std::sqrt(1 + to_east * to_east + to_north * to_north);  // cosine of the slope
      direct[x] = std::max((1 - to_east * east - to_north * north) * level, 0.0F);
      beam[x] = std::clamp(1 + (here[x] - beam[x]) * per_depth, 0.0F, 1.0F);
      // A slope sees (1 + cos) / 2 of the sky (Liu and Jordan 1960); ground below its surroundings sees less.
      const float sunken = std::clamp((sky[x] - here[x]) * (1.0F / 600), 0.0F, 0.4F);
      sky[x] = 0.5F * (1 + level) * (1 - sunken);
    }
  }
}

}  // namespace pitwatch
