#include "pipeline/masks/cloud_shadow.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "pipeline/core/grid.hpp"

namespace pitwatch {
namespace {

constexpr double lowest_cloud_m = 200;
constexpr double highest_cloud_m = 4000;
constexpr double lowest_sun_zenith_deg = 75;
constexpr double most_aslant = 0.2;    // beside the sun's direction, share of the way
constexpr double aslant_step = 0.05;   //
constexpr double search_pixel_m = 40;  // what the search works on
constexpr double reach_m = 60;         // around the clouds cast: heights differ, and so does the ground's
constexpr double least_correlation = 0.1;
constexpr float darkest_share = 0.7F;  // of the brighter ground

/// What a third of the ground that is seen exceeds.
float upper_third(PlaneView<const float> band, PlaneView<const std::uint8_t> clouds,
                  PlaneView<const std::uint8_t> unseen) {
  std::vector<float> ground;
  for (int y = 0; y < band.height; ++y) {
    for (int x = 0; x < band.width; ++x) {
      if (clouds.at(x, y) == 0 && unseen.at(x, y) == 0) ground.push_back(band.at(x, y));
    }
  }
  if (ground.empty()) return 0;
  const auto third = ground.begin() + static_cast<std::ptrdiff_t>(ground.size() * 2 / 3);
  std::nth_element(ground.begin(), third, ground.end());
  return *third;
}

enum Content : std::uint8_t { ground_lit, ground_dark, cloud, nothing };

/// Blocks of pixels, by what most of each is.
Plane<std::uint8_t> coarse_content(PlaneView<const std::uint8_t> clouds, PlaneView<const std::uint8_t> dark,
                                   PlaneView<const std::uint8_t> unseen, int by) {
  Plane<std::uint8_t> result(clouds.width / by, clouds.height / by);
  for (int y = 0; y < result.height(); ++y) {
    for (int x = 0; x < result.width(); ++x) {
      int cloudy = 0;
      int darkened = 0;
      int missing = 0;
      for (int v = 0; v < by; ++v) {
        for (int u = 0; u < by; ++u) {
          cloudy += clouds.at(x * by + u, y * by + v);
          darkened += dark.at(x * by + u, y * by + v);
          missing += unseen.at(x * by + u, y * by + v);
        }
      }
      const int half = (by * by + 1) / 2;
      result.at(x, y) = missing >= half    ? nothing
                        : cloudy >= half   ? cloud
                        : darkened >= half ? ground_dark
                                           : ground_lit;
    }
  }
  return result;
}

/// Correlation of dark ground and clouds that are displaced, over ground whose cloud lies within the plane; nothing
/// where hardly any ground is left, or all of it is alike.
std::optional<double> correlation_at(const Plane<std::uint8_t>& content, int right, int down) {
  constexpr std::int64_t least_pixels = 100;
  std::int64_t all = 0;
  std::int64_t covered = 0;
  std::int64_t darkened = 0;
  std::int64_t both = 0;
  const int begin_x = std::max(0, right);
  const int end_x = std::min(content.width(), content.width() + right);
  for (int y = std::max(0, down); y < std::min(content.height(), content.height() + down); ++y) {
    const std::uint8_t* here = content.row(y);
    const std::uint8_t* above = content.row(y - down);
    for (int x = begin_x; x < end_x; ++x) {
      const std::uint8_t seen = here[x];
      const std::uint8_t source = above[x - right];
      const int counts = seen <= ground_dark && source != nothing ? 1 : 0;
      const int is_covered = source == cloud ? counts : 0;
      const int is_dark = seen == ground_dark ? counts : 0;
      all += counts;
      covered += is_covered;
      darkened += is_dark;
      both += is_covered & is_dark;
    }
  }
  if (all < least_pixels || covered == 0 || covered == all || darkened == 0 || darkened == all) return std::nullopt;
  const auto share = [&](std::int64_t part) { return static_cast<double>(part) / static_cast<double>(all); };
  const double c = share(covered);
  const double d = share(darkened);
  // The fewer pixels it rests on, the more of it is chance.
  const double whole = static_cast<double>(content.width()) * content.height();
  return (share(both) - c * d) / std::sqrt(c * (1 - c) * d * (1 - d)) * std::sqrt(static_cast<double>(all) / whole);
}

/// Whether a flag is set within so many pixels, along both axes.
Plane<std::uint8_t> grown(PlaneView<const std::uint8_t> flags, int by) {
  Plane<std::uint8_t> across(flags.width, flags.height);
  Plane<std::uint8_t> result(flags.width, flags.height);
  for (int y = 0; y < flags.height; ++y) {
    for (int x = 0; x < flags.width; ++x) {
      const std::uint8_t* row = flags.row(y);
      across.at(x, y) = *std::max_element(row + std::max(0, x - by), row + std::min(flags.width, x + by + 1));
    }
  }
  for (int y = 0; y < flags.height; ++y) {
    std::copy_n(across.row(y), flags.width, result.row(y));
    for (int v = std::max(0, y - by); v < std::min(flags.height, y + by + 1); ++v) {
      for (int x = 0; x < flags.width; ++x) result.at(x, y) = std::max(result.at(x, y), across.at(x, v));
    }
  }
  return result;
}

}  // namespace

Plane<std::uint8_t> dark_pixels(PlaneView<const float> nir, PlaneView<const float> swir16,
                                PlaneView<const std::uint8_t> clouds, PlaneView<const std::uint8_t> unseen) {
  const float darker_nir = darkest_share * upper_third(nir, clouds, unseen);
  const float darker_swir16 = darkest_share * upper_third(swir16, clouds, unseen);
  Plane<std::uint8_t> dark(nir.width, nir.height);
  for (int y = 0; y < nir.height; ++y) {
    for (int x = 0; x < nir.width; ++x) {
      const bool is_ground = clouds.at(x, y) == 0 && unseen.at(x, y) == 0;
      dark.at(x, y) = is_ground && nir.at(x, y) < darker_nir && swir16.at(x, y) < darker_swir16 ? 1 : 0;
    }
  }
  return dark;
}

ShadowOffset shadow_offset(const ViewAngles& sun, double height_m, double pixel_size_m) {
  constexpr double per_degree = std::numbers::pi / 180;
  const double length_px = height_m * std::tan(sun.zenith * per_degree) / pixel_size_m;
  return {-length_px * std::sin(sun.azimuth * per_degree), length_px * std::cos(sun.azimuth * per_degree)};
}

CloudShadow find_cloud_shadow(PlaneView<const std::uint8_t> clouds, PlaneView<const std::uint8_t> dark,
                              PlaneView<const std::uint8_t> unseen, double pixel_size_m, const ViewAngles& sun) {
  CloudShadow found{{clouds.width, clouds.height}, 0, 0};
  for (int y = 0; y < clouds.height; ++y) std::fill_n(found.shadow.row(y), clouds.width, std::uint8_t{0});
  if (!(sun.zenith <= lowest_sun_zenith_deg)) return found;
  const int by = std::max(1, static_cast<int>(std::lround(search_pixel_m / pixel_size_m)));
  const Plane<std::uint8_t> content = coarse_content(clouds, dark, unseen, by);
  const ShadowOffset per_metre = shadow_offset(sun, 1, pixel_size_m * by);
  const double step_m = std::min(100.0, 1 / std::max(1e-3, std::hypot(per_metre.x_px, per_metre.y_px)));
  double best_x_px = 0;
  double best_y_px = 0;
  for (double height_m = lowest_cloud_m; height_m <= highest_cloud_m; height_m += step_m) {
    for (double aslant = -most_aslant; aslant <= most_aslant + 1e-9; aslant += aslant_step) {
      const double x_px = height_m * (per_metre.x_px - aslant * per_metre.y_px);
      const double y_px = height_m * (per_metre.y_px + aslant * per_metre.x_px);
      const auto correlation =
          correlation_at(content, static_cast<int>(std::lround(x_px)), static_cast<int>(std::lround(y_px)));
      if (!correlation || *correlation <= found.correlation) continue;
      found.correlation = *correlation;
      found.height_m = height_m;
      best_x_px = x_px * by;
      best_y_px = y_px * by;
    }
  }
  if (found.correlation < least_correlation) {
    found.height_m = 0;
    return found;
  }
  std::int64_t seen = 0;
  std::int64_t cloudy = 0;
  for (int y = 0; y < clouds.height; ++y) {
    for (int x = 0; x < clouds.width; ++x) {
      seen += 1 - unseen.at(x, y);
      cloudy += clouds.at(x, y);
    }
  }
  const bool many_clouds = 10 * cloudy > seen;
  const Plane<std::uint8_t> near = grown(clouds, static_cast<int>(std::lround(reach_m / pixel_size_m)));
  const Window extent{0, 0, clouds.width, clouds.height};
  const int right = static_cast<int>(std::lround(best_x_px));
  const int down = static_cast<int>(std::lround(best_y_px));
  for (int y = 0; y < clouds.height; ++y) {
    for (int x = 0; x < clouds.width; ++x) {
      if (dark.at(x, y) == 0) continue;
      const Window source = intersection({x - right, y - down, 1, 1}, extent);
      const bool known = !source.empty() && unseen.at(source.x, source.y) == 0;
      found.shadow.at(x, y) = (known ? near.at(source.x, source.y) != 0 : many_clouds) ? 1 : 0;
    }
  }
  return found;
}

}  // namespace pitwatch
