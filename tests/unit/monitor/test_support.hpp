#pragma once
// Looks at made-up ground for tests of the monitor.

#include <chrono>
#include <functional>
#include <random>

#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/monitor/observe.hpp"

namespace pitwatch::test {

// Level-2A reflectances of B02, B03, B04, B08, B11, B12.
inline constexpr PixelReflectance forest_spectrum{.024F, .042F, .026F, .285F, .135F, .060F};
inline constexpr PixelReflectance grey_rock_spectrum{.102F, .125F, .142F, .165F, .205F, .188F};
inline constexpr PixelReflectance pit_spectrum{.178F, .220F, .255F, .292F, .375F, .330F};
inline constexpr PixelReflectance cloud_spectrum{.55F, .55F, .55F, .56F, .45F, .35F};
inline constexpr PixelReflectance pool_spectrum{.105F, .140F, .118F, .040F, .012F, .009F};
inline constexpr PixelReflectance snow_spectrum{.80F, .80F, .79F, .75F, .11F, .09F};

inline PixelReflectance scaled(const PixelReflectance& s, float by) {
  return {s.blue * by, s.green * by, s.red * by, s.nir * by, s.swir16 * by, s.swir22 * by};
}

inline Instant day_of(int day) { return parse_instant("2020-01-01") + std::chrono::days(day); }

/// What a pixel shows on a day since 2020-01-01.
using Ground = std::function<PixelReflectance(int x, int y, int day)>;

/// Observations with 3 % of noise in every band, the same in every run: no distribution of the library is used.
class Camera {
 public:
  Camera(int width, int height) : width_(width), height_(height) {}

  ObservationPlanes observation(const Ground& ground, int day) {
    ObservationPlanes planes;
    planes.when = day_of(day);
    for (Plane<float>* band : {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22}) {
      band->reshape(width_, height_);
    }
    planes.mask.reshape(width_, height_);
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const PixelReflectance seen = ground(x, y, day);
        planes.blue.at(x, y) = noisy(seen.blue);
        planes.green.at(x, y) = noisy(seen.green);
        planes.red.at(x, y) = noisy(seen.red);
        planes.nir.at(x, y) = noisy(seen.nir);
        planes.swir16.at(x, y) = noisy(seen.swir16);
        planes.swir22.at(x, y) = noisy(seen.swir22);
        planes.mask.at(x, y) = mask_clear;
      }
    }
    return planes;
  }

  ObservationFeatures features(const Ground& ground, int day, const MonitorOptions& options) {
    ObservationFeatures result;
    extract_features(observation(ground, day), options, result);
    return result;
  }

 private:
  float noisy(float reflectance) {
    float sum = 0;  // of four uniform numbers: close enough to normal
    for (int i = 0; i < 4; ++i) sum += static_cast<float>(engine_()) / 4294967296.0F - 0.5F;
    return reflectance * (1 + 0.03F * sum * 1.732F);
  }

  int width_;
  int height_;
  std::mt19937 engine_{7};
};

/// A year of observations every 10 days, learnt from.
inline MonitorState learnt(Camera& camera, const Ground& ground, int width, int height, const MonitorOptions& options,
                           int days = 365) {
  ObservationStack stack(width, height, feature_count + options.extra.size());
  for (int day = 0; day < days; day += 10) stack.add(camera.features(ground, day, options));
  return learn(std::move(stack), options);
}

}  // namespace pitwatch::test
