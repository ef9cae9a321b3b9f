#pragma once
// A pair of scenes made in memory, for tests of the evidence.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/pair_pixels.hpp"

namespace pitwatch::test {

/// Two dates with the bands that a comparison reads: 10 m bands on the grid itself, B11 (and SCL, once set) at 20 m
/// below it. DN = reflectance * 10000. Empty bands are nodata.
class SyntheticPair : public PairPixels {
 public:
  SyntheticPair(int width, int height) {
    for (const Date date : both_dates) {
      for (const Band band : {Band::B02, Band::B04, Band::B08}) add(date, band, width, height, {0, 1});
      add(date, Band::B11, (width + 1) / 2, (height + 1) / 2, {-0.25, 0.5});
    }
  }

  PairGeometry geometry;

  void add(Date date, Band band, int width, int height, AxisMap map) {
    geometry.find(date, band) = BandPlace{Calibration{}, width, height, map, map};
    Plane<std::uint16_t>& plane = planes(date, band);
    plane.reshape(width, height);
    for (int y = 0; y < height; ++y) std::fill_n(plane.row(y), width, std::uint16_t{0});
  }

  /// reflectance(x, y) at the band's own pixels, floating-point positions on the comparison's grid.
  template <class Reflectance>
  void fill(Date date, Band band, Reflectance reflectance) {
    const BandPlace& place = geometry.at(date, band);
    for (int y = 0; y < place.height; ++y) {
      for (int x = 0; x < place.width; ++x) {
        const double value = reflectance((x - place.x.offset) / place.x.scale, (y - place.y.offset) / place.y.scale);
        dn(date, band, x, y) = static_cast<std::uint16_t>(std::clamp(std::lround(value * 10000), 1L, 65534L));
      }
    }
  }

  std::uint16_t& dn(Date date, Band band, int x, int y) { return planes(date, band).at(x, y); }

  void read_row(Date date, Band band, int y, int x0, int x1, std::uint16_t* out) const override {
    const Plane<std::uint16_t>& plane = planes_[static_cast<std::size_t>(date)][static_cast<std::size_t>(band)];
    const std::uint16_t* row = plane.row(std::clamp(y, 0, plane.height() - 1));
    for (int x = x0; x < x1; ++x) *out++ = row[std::clamp(x, 0, plane.width() - 1)];
  }

 private:
  Plane<std::uint16_t>& planes(Date date, Band band) {
    return planes_[static_cast<std::size_t>(date)][static_cast<std::size_t>(band)];
  }
  std::array<std::array<Plane<std::uint16_t>, band_infos.size()>, 2> planes_;
};

/// A texture that can be evaluated anywhere: white noise on a lattice, blurred by a Gaussian, at two scales. Its
/// spectrum has no gaps, which phase correlation needs, and little beyond half a cycle per pixel, so that it can be
/// shifted. Mean 0, standard deviation 1.
class Texture {
 public:
  explicit Texture(std::uint32_t seed) : noise_(static_cast<std::size_t>(period * period)) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& value : noise_) value = normal(random);
  }
  double operator()(double x, double y) const { return 0.6 * blurred(x, y) + 0.8 * blurred(x / 7 + 100, y / 7 + 100); }

 private:
  static constexpr int period = 256;
  static constexpr int radius = 3;
  static constexpr double sigma = 0.8;

  double blurred(double x, double y) const {
    const int left = static_cast<int>(std::floor(x)) - radius + 1;
    const int top = static_cast<int>(std::floor(y)) - radius + 1;
    std::array<double, 2 * radius> across{};
    for (int i = 0; i < 2 * radius; ++i) across[static_cast<std::size_t>(i)] = bell(x - (left + i));
    double sum = 0;
    for (int j = 0; j < 2 * radius; ++j) {
      const float* row = &noise_[static_cast<std::size_t>((top + j) & (period - 1)) * period];
      double in_row = 0;
      for (int i = 0; i < 2 * radius; ++i)
        in_row += across[static_cast<std::size_t>(i)] * row[(left + i) & (period - 1)];
      sum += in_row * bell(y - (top + j));
    }
    return sum / (std::sqrt(std::numbers::pi) * sigma);  // the square root of the sum of the squares of all weights
  }
  static double bell(double distance) { return std::exp(-0.5 * distance * distance / (sigma * sigma)); }

  std::vector<float> noise_;
};

/// A dry landscape with patches of plants: the same texture in all bands, as real ground has it.
inline void fill_ground(SyntheticPair& pair, Date date, const Texture& texture) {
  pair.fill(date, Band::B02, [&](double x, double y) { return 0.10 + 0.010 * texture(x, y); });
  pair.fill(date, Band::B04, [&](double x, double y) { return 0.16 + 0.020 * texture(x, y); });
  pair.fill(date, Band::B08, [&](double x, double y) { return 0.26 + 0.050 * texture(y, x); });
  pair.fill(date, Band::B11, [&](double x, double y) { return 0.30 + 0.020 * texture(x, y); });
}

/// Adds Gaussian noise of the given sigma (reflectance) to all measured pixels of a band.
inline void add_noise(SyntheticPair& pair, Date date, Band band, double sigma, std::mt19937& random) {
  std::normal_distribution<double> noise(0, sigma * 10000);
  const BandPlace& place = pair.geometry.at(date, band);
  for (int y = 0; y < place.height; ++y) {
    for (int x = 0; x < place.width; ++x) {
      std::uint16_t& dn = pair.dn(date, band, x, y);
      if (dn != 0) dn = static_cast<std::uint16_t>(std::clamp(std::lround(dn + noise(random)), 1L, 65534L));
    }
  }
}

}  // namespace pitwatch::test
