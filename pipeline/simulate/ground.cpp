#include "pipeline/simulate/ground.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/simulate/noise.hpp"
#include "pipeline/simulate/season.hpp"

namespace pitwatch {
namespace {

// What each field of noise decides.
constexpr std::uint32_t forest_stream = 0x6d0a0001U;
constexpr std::uint32_t rock_stream = 0x6d0a0002U;
constexpr std::uint32_t lithology_stream = 0x6d0a0003U;
constexpr std::uint32_t density_stream = 0x6d0a0004U;
constexpr std::uint32_t texture_stream = 0x6d0a0005U;
constexpr std::uint32_t farming_stream = 0x6d0a0006U;
constexpr std::uint32_t grain_stream = 0x6d0a0007U;
constexpr std::uint32_t parcel_stream = 0x6d0a0008U;
constexpr std::uint32_t layout_stream = 0x6d0a0009U;
constexpr std::uint32_t outline_stream = 0x6d0a000aU;

/// How much the brightness of pixels of a surface differs: by texture of several scales, and from pixel to pixel.
struct Texture {
  float patches;
  float grain;
};

Texture texture_of(Surface surface) {
  switch (surface) {
    case Surface::forest:
      return {0.13F, 0.085F};  // crowns and the gaps between
    case Surface::scrub:
      return {0.12F, 0.07F};
    case Surface::grass:
      return {0.11F, 0.03F};
    case Surface::village:
      return {0.10F, 0.16F};
    case Surface::river:
    case Surface::reservoir:
    case Surface::tailings_water:
      return {0.06F, 0.02F};
    case Surface::crop_winter:
    case Surface::crop_summer:
    case Surface::crop_hay:
      return {0.05F, 0.022F};
    case Surface::rock_grey:
    case Surface::rock_pale:
    case Surface::rock_limonitic:
    case Surface::rock_altered:
    case Surface::rock_dark:
    case Surface::scree:
      return {0.17F, 0.06F};
    default:
      return {0.12F, 0.05F};
  }
}

Surface rock_of(float lithology) {
  if (lithology < -0.42F) return Surface::rock_dark;
  if (lithology < 0.12F) return Surface::rock_grey;
  if (lithology < 0.30F) return Surface::rock_limonitic;
  if (lithology < 0.46F) return Surface::rock_altered;
  return Surface::rock_pale;
}

/// A field of the farmland: terraces follow the contour lines, and are cut across at intervals.
struct Parcel {
  std::uint32_t hash = 0;
  bool at_edge = false;
};

Parcel parcel_at(std::uint32_t seed, float x, float y, float elevation) {
  constexpr float length_px = 19;
  constexpr float terrace_m = 11;
  constexpr float breadth_px = 15;
  const float u = (0.87F * x + 0.49F * y) / length_px;
  const float v = elevation / terrace_m + (0.87F * y - 0.49F * x) / breadth_px;
  const float row = std::floor(v);
  // Cuts are not aligned from terrace to terrace.
  const float shifted = u + uniform_of(hash_of(seed, static_cast<std::int32_t>(row), 99));
  const float column = std::floor(shifted);
  const float edge = std::min(std::min(v - row, row + 1 - v) * breadth_px,
                              std::min(shifted - column, column + 1 - shifted) * length_px);
  return {hash_of(seed, static_cast<std::int32_t>(column), static_cast<std::int32_t>(row)), edge < 0.6F};
}

Surface crop_of(std::uint32_t hash) {
  const std::uint32_t percent = hash % 100;
  if (percent < 34) return Surface::crop_winter;
  if (percent < 52) return Surface::crop_summer;
  if (percent < 76) return Surface::crop_hay;
  if (percent < 86) return Surface::orchard;
  return Surface::grass;  // fallow
}

float squared_distance(float x, float y, const Place& place) {
  return (x - place.x) * (x - place.x) + (y - place.y) * (y - place.y);
}

std::uint8_t step_of(float value, int steps) {
  return static_cast<std::uint8_t>(std::clamp(static_cast<int>(value * static_cast<float>(steps)), 0, steps - 1));
}

/// Noise of a window, a plane of its own for each of the questions. Kept by the thread: fresh memory is dear.
struct Fields {
  Plane<float> forest, rock, lithology, density, texture, farming, grain, outline;

  void draw(std::uint32_t seed, const Window& window) {
    const auto fill = [&](Plane<float>& plane, std::uint32_t stream, int longest_px, int octaves, float persistence) {
      plane.reshape(window.width, window.height);
      fill_noise(fractal(seed ^ stream, longest_px, octaves, 1, persistence), window, plane.view());
    };
    fill(forest, forest_stream, 97, 6, 0.58F);
    fill(rock, rock_stream, 131, 6, 0.6F);
    fill(lithology, lithology_stream, 211, 4, 0.5F);
    fill(density, density_stream, 41, 5, 0.6F);
    fill(texture, texture_stream, 23, 4, 0.75F);
    fill(farming, farming_stream, 151, 3, 0.5F);
    fill(outline, outline_stream, 17, 3, 0.6F);
    grain.reshape(window.width, window.height);
    fill_white_noise(seed ^ grain_stream, window, grain.view());
  }
};

}  // namespace

Ground::Ground(const Terrain& terrain, std::uint32_t seed, MapPoint focus_px) : terrain_(&terrain), seed_(seed) {
  // The places are chosen among points around the focus.
  constexpr int reach_px = 140;
  constexpr int step_px = 6;
  const Window around{static_cast<int>(focus_px.x) - reach_px, static_cast<int>(focus_px.y) - reach_px, 2 * reach_px,
                      2 * reach_px};
  TerrainPixels relief;
  terrain.window(around, relief);
  const auto best = [&](const auto& score) {
    Place place{static_cast<float>(focus_px.x), static_cast<float>(focus_px.y), 0};
    float highest = -1e30F;
    for (int y = step_px; y < around.height - step_px; y += step_px) {
      for (int x = step_px; x < around.width - step_px; x += step_px) {
        const float dx = (relief.elevation.at(x + 5, y) - relief.elevation.at(x - 5, y)) / 100;
        const float dy = (relief.elevation.at(x, y + 5) - relief.elevation.at(x, y - 5)) / 100;
        const Place candidate{static_cast<float>(around.x + x), static_cast<float>(around.y + y), 0};
        const bool dry = relief.reservoir_depth.at(x, y) < -4 && relief.water.at(x, y) < 0.05F;
        if (!dry) continue;
        const float value = score(candidate, std::sqrt(dx * dx + dy * dy), relief.above_channel.at(x, y)) +
                            0.3F * uniform_of(hash_of(seed_ ^ layout_stream, x, y));
        if (value > highest) {
          highest = value;
          place = candidate;
        }
      }
    }
    return place;
  };
  const Place focus{static_cast<float>(focus_px.x), static_cast<float>(focus_px.y), 0};
  const auto distance = [](const Place& a, const Place& b) { return std::sqrt(squared_distance(a.x, a.y, b)); };
  mine_ = best([&](const Place& at, float slope, float above) {
    return 1 - distance(at, focus) / 45 - std::abs(slope - 0.35F) * 2 + std::min(above, 60.0F) / 60;
  });
  village_ = best([&](const Place& at, float slope, float above) {
    return 1.5F - slope * 6 - std::abs(distance(at, mine_) - 85) / 60 - std::abs(above - 18) / 60;
  });
  tailings_ = best([&](const Place& at, float slope, float above) {
    return 1 - slope * 5 - std::abs(distance(at, mine_) - 48) / 40 - std::max(0.0F, 60 - distance(at, village_)) / 20 -
           std::abs(above - 30) / 80;
  });
  const auto random = [&](int k) { return uniform_of(hash_of(seed_ ^ layout_stream, k, -1)); };
  mine_.radius_px = 11 + 8 * random(1);
  village_.radius_px = 13 + 7 * random(2);
  tailings_.radius_px = 9 + 6 * random(3);

  // Roads bend: the middle of each piece is moved aside, again and again.
  const auto build_road = [&](const Place& from, const Place& to, int number) {
    std::vector<Place> points{from, to};
    for (int round = 0; round < 4; ++round) {
      std::vector<Place> finer;
      for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        const Place& a = points[i];
        const Place& b = points[i + 1];
        const float aside = 0.34F * (random(100 * number + 20 * round + static_cast<int>(i)) - 0.5F);
        finer.push_back(a);
        finer.push_back({(a.x + b.x) / 2 + aside * (b.y - a.y), (a.y + b.y) / 2 - aside * (b.x - a.x), 0});
      }
      finer.push_back(points.back());
      points = std::move(finer);
    }
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      roads_.push_back({points[i].x, points[i].y, points[i + 1].x, points[i + 1].y});
    }
  };
  build_road(village_, mine_, 1);
  build_road(mine_, tailings_, 2);
  build_road(village_, {village_.x + (village_.x > focus.x ? 150 : -150), village_.y + 60 * (random(4) - 0.5F), 0}, 3);
}

void Ground::window(const Window& window, GroundPixels& into) const {
  into.window = window;
  terrain_->window(window, into.terrain);
  into.surface.reshape(window.width, window.height);
  into.phase.reshape(window.width, window.height);
  into.vigour.reshape(window.width, window.height);
  into.brightness.reshape(window.width, window.height);
  thread_local Fields fields;
  fields.draw(seed_, window);

  for (int y = 0; y < window.height; ++y) {
    const int above = std::max(y - 1, 0);
    const int below = std::min(y + 1, window.height - 1);
    const auto& elevation = into.terrain.elevation;
    for (int x = 0; x < window.width; ++x) {
      const int left = std::max(x - 1, 0);
      const int right = std::min(x + 1, window.width - 1);
      const float e = elevation.at(x, y);
      const float east = (elevation.at(right, y) - elevation.at(left, y)) / static_cast<float>(10 * (right - left));
      const float south = (elevation.at(x, below) - elevation.at(x, above)) / static_cast<float>(10 * (below - above));
      const float slope = std::sqrt(east * east + south * south);
      const float px = static_cast<float>(window.x + x) + 0.5F;
      const float py = static_cast<float>(window.y + y) + 0.5F;
      const float high = into.terrain.above_channel.at(x, y);
      const float dense = fields.density.at(x, y);
      const float ragged = 1 + 0.5F * fields.outline.at(x, y) + 0.9F * fields.density.at(x, y);
      const std::uint32_t dice = hash_of(seed_ ^ parcel_stream, window.x + x, window.y + y);
      const float dither = uniform_of(dice) - 0.5F;

      Surface surface = Surface::grass;
      float vigour = 0.5F + 0.5F * dense;
      float lag = (e - 500) / 100 + std::clamp(3 * south, -1.0F, 1.5F) + 1.2F * dense;
      const float wooded = 0.85F * fields.forest.at(x, y) + 1.3F * std::clamp(south, -0.5F, 0.5F) +
                           0.5F * std::clamp(slope - 0.25F, -0.2F, 0.3F) - 0.12F * ramp(15, 0, high);
      const float rocky = 0.75F * fields.rock.at(x, y) + 1.5F * (slope - 0.62F);
      const float from_village = std::sqrt(squared_distance(px, py, village_));
      const float farmed = 0.55F * fields.farming.at(x, y) + 1.8F * (0.22F - slope) - std::max(0.0F, high - 90) / 150 +
                           0.3F * ramp(110, 30, from_village);
      if (rocky > 0.22F) {
        surface = rock_of(fields.lithology.at(x, y));
        vigour = 0.25F + 3.0F * (rocky - 0.22F) + 0.35F * dense;
      } else if (rocky > 0.12F && slope > 0.5F) {
        surface = Surface::scree;
        vigour = 0.3F + 0.7F * dense;
      } else if (farmed > 0.17F) {
        const Parcel parcel = parcel_at(seed_ ^ parcel_stream, px, py, e);
        surface = parcel.at_edge ? Surface::scrub : crop_of(parcel.hash);
        vigour = 0.25F + 0.5F * uniform_of(mix_of(parcel.hash)) + 0.25F * dense;
        lag = (e - 500) / 100 + 5 * uniform_of(mix_of(parcel.hash + 1));
      } else if (wooded > 0.06F) {
        surface = Surface::forest;
        vigour = 0.55F + 0.8F * (wooded - 0.06F) + 0.25F * dense;
      } else if (wooded > -0.10F && dense > -0.1F) {
        surface = Surface::scrub;
      } else {
        // Slopes that face the sun are thinly grown.
        vigour += 0.9F * std::clamp(south, -0.4F, 0.3F) + 0.12F;
      }

      if (squared_distance(px, py, village_) < village_.radius_px * village_.radius_px * ragged) {
        const std::uint32_t plot = hash_of(seed_ ^ layout_stream, (window.x + x) / 2, (window.y + y) / 2);
        surface = plot % 100 < 62 ? Surface::village : Surface::orchard;
        vigour = uniform_of(mix_of(plot));
      }
      const float from_mine = squared_distance(px, py, mine_) / (mine_.radius_px * mine_.radius_px);
      if (from_mine < ragged) surface = Surface::pit;
      const Place dump{mine_.x + 1.5F * mine_.radius_px, mine_.y + 0.5F * mine_.radius_px, 0.7F * mine_.radius_px};
      if (surface != Surface::pit && squared_distance(px, py, dump) < dump.radius_px * dump.radius_px * ragged) {
        surface = Surface::dump;
      }
      const float from_tailings = squared_distance(px, py, tailings_) / (tailings_.radius_px * tailings_.radius_px);
      const float shore = ragged + 0.5F * fields.rock.at(x, y);
      if (from_tailings < shore)
        surface = from_tailings < 0.3F * shore ? Surface::tailings_water : Surface::tailings_beach;
      for (const Segment& piece : roads_) {
        const float dx = piece.x1 - piece.x0;
        const float dy = piece.y1 - piece.y0;
        const float t = std::clamp(((px - piece.x0) * dx + (py - piece.y0) * dy) / (dx * dx + dy * dy), 0.0F, 1.0F);
        const float ox = px - piece.x0 - t * dx;
        const float oy = py - piece.y0 - t * dy;
        if (ox * ox + oy * oy < 0.36F && surface != Surface::village) surface = Surface::road;
      }
      if (into.terrain.water.at(x, y) > 0.6F) {
        surface = Surface::river;
        vigour = into.terrain.water.at(x, y) - 0.3F + 0.3F * dense;
      }
      if (into.terrain.reservoir_depth.at(x, y) > 0) {
        surface = Surface::reservoir;
        vigour = 0.5F + 0.5F * dense;
      }

      const Texture texture = texture_of(surface);
      into.surface.at(x, y) = surface;
      into.phase.at(x, y) =
          static_cast<std::uint8_t>(std::clamp(static_cast<int>(lag + 1.5F + dither), 0, phase_steps - 1));
      into.vigour.at(x, y) = step_of(vigour + dither / vigour_steps, vigour_steps);
      into.brightness.at(x, y) =
          std::clamp(1 + texture.patches * fields.texture.at(x, y) + texture.grain * fields.grain.at(x, y), 0.5F, 1.6F);
    }
  }
}

}  // namespace pitwatch
