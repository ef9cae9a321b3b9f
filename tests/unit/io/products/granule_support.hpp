#pragma once
// A small granule that owns its pixels, for the tests of the writers.

#include <cstdint>
#include <deque>
#include <utility>

#include "pipeline/core/granule.hpp"

namespace pitwatch::test {

/// All bands of Level-2A over `side_m` metres on tile 38TPK, with SCL and probabilities. Some pixels are no data.
class MadeGranule {
 public:
  explicit MadeGranule(int side_m = 1800) {
    granule.acquired = parse_instant("2022-06-05T07:56:11.024Z");
    granule.processed = parse_instant("2022-06-05T10:30:12Z");
    granule.relative_orbit = 35;
    granule.absolute_orbit = 36311;
    granule.tile = "T38TPK";
    granule.processing_baseline = "04.00";
    granule.boa_add_offset = -1000;
    granule.sun = {24.5, 140.25};
    granule.view = {5.125, 103.5};
    granule.quality = {1, 12.5, 3, 0.5, 0.25, 40, 35, 2};
    granule.made_by = "Pitwatch <1.0> & -- seed 7";
    for (const BandInfo& facts : band_infos) {
      if (!is_reflectance(facts.band) || facts.band == Band::B10) continue;
      const int side = side_m / facts.pixel_size_m;
      Plane<std::uint16_t>& plane = bands_.emplace_back(side, side);
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          const auto value = 1100 + 37 * static_cast<int>(facts.band) + (x * 7 + y * 13) % 900 + noise() % 50;
          plane.at(x, y) = x + y < 4 ? std::uint16_t{0} : static_cast<std::uint16_t>(value);
        }
      }
      granule.bands.push_back({facts.band, grid(facts.pixel_size_m, side), std::as_const(plane).view()});
    }
    const int side = side_m / 20;
    granule.classification_grid = grid(20, side);
    granule.scl = layer(side, [](int x, int y) { return x + y < 2 ? 0 : (x / 8 + y / 5) % 3 == 0 ? 9 : 5; });
    granule.cloud_probability = layer(side, [](int x, int y) { return (3 * x + y) % 101; });
    granule.snow_probability = layer(side, [](int x, int) { return x % 7; });
  }
  MadeGranule(const MadeGranule&) = delete;
  MadeGranule& operator=(const MadeGranule&) = delete;

  const Granule::BandPixels& band(Band wanted) const {
    for (const Granule::BandPixels& band : granule.bands) {
      if (band.band == wanted) return band;
    }
    throw std::logic_error("no such band");
  }

  Granule granule;

 private:
  static Grid grid(int pixel_size_m, int side) {
    return {"EPSG:32638", {600000, 4700040}, static_cast<double>(pixel_size_m), side, side};
  }
  template <typename Value>
  PlaneView<const std::uint8_t> layer(int side, const Value& value) {
    Plane<std::uint8_t>& plane = layers_.emplace_back(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) plane.at(x, y) = static_cast<std::uint8_t>(value(x, y));
    }
    return std::as_const(plane).view();
  }
  int noise() {
    random_ = random_ * 1664525U + 1013904223U;
    return static_cast<int>(random_ >> 20);
  }

  std::deque<Plane<std::uint16_t>> bands_;  // views of its elements stay valid
  std::deque<Plane<std::uint8_t>> layers_;
  std::uint32_t random_ = 7;
};

}  // namespace pitwatch::test
