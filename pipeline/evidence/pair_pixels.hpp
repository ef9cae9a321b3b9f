#pragma once
// The two scenes of a comparison as the evidence sees them: rows of digital numbers, and where they lie.

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

enum class Date : std::uint8_t { before, after };

inline constexpr std::array<Date, 2> both_dates{Date::before, Date::after};

/// Column (or row) of a band's raster for a column (or row) of the comparison's grid, pixel centres: a linear map.
struct AxisMap {
  double offset = 0;
  double scale = 1;

  double operator()(double position) const { return offset + scale * position; }
  /// The column or row of the raster that holds the position; may lie outside of it.
  int nearest(double position) const { return static_cast<int>(std::floor((*this)(position) + 0.5)); }
};

/// One band of one date: its raster, its calibration and its place under the comparison's grid.
struct BandPlace {
  Calibration calibration;
  int width = 0;
  int height = 0;
  AxisMap x;
  AxisMap y;
};

/// The bands of both dates that a comparison reads: red (B04) and near infrared (B08) at least. Other bands of
/// reflectance are there on both dates or on neither, the SCL of a date is there or not.
struct PairGeometry {
  std::array<std::array<std::optional<BandPlace>, band_infos.size()>, 2> places;

  const std::optional<BandPlace>& find(Date date, Band band) const {
    return places[static_cast<std::size_t>(date)][static_cast<std::size_t>(band)];
  }
  std::optional<BandPlace>& find(Date date, Band band) {
    return places[static_cast<std::size_t>(date)][static_cast<std::size_t>(band)];
  }
  const BandPlace& at(Date date, Band band) const { return *find(date, band); }
};

/// The bands that take the parts of the evidence. Without blue, red has both parts: the two channels are one then, and
/// their contrast is none. Without short-wave infrared, near infrared tells water; it is as dark there.
struct EvidenceBands {
  Band blue{};
  Band red = Band::B04;
  Band nir = Band::B08;
  Band swir{};
  bool tells_cloud = false;  // by our own rule: cloud is white and bright in B11, which takes both of these bands

  explicit EvidenceBands(bool has_blue, bool has_swir)
      : blue(has_blue ? Band::B02 : Band::B04),
        swir(has_swir ? Band::B11 : Band::B08),
        tells_cloud(has_blue && has_swir) {}
  explicit EvidenceBands(const PairGeometry& geometry)
      : EvidenceBands(geometry.find(Date::before, Band::B02).has_value(),
                      geometry.find(Date::before, Band::B11).has_value()) {}
};

/// Access to the pixels of a PairGeometry over some window.
class PairPixels {
 public:
  virtual ~PairPixels() = default;

  /// Copies columns [x0, x1) of row y of the band's raster. Positions outside of the raster repeat its edge;
  /// where all of them lie beyond its first or last column, they are 0.
  virtual void read_row(Date date, Band band, int y, int x0, int x1, std::uint16_t* dn) const = 0;

  /// The pixels from column x of row y on as they lie in memory, and how many they are before `end` or the end of what
  /// lies there. Both within the raster. For those who only look at pixels and need no copy; empty where there is none.
  virtual std::span<const std::uint16_t> stretch(Date, Band, int /*y*/, int /*x*/, int /*end*/) const { return {}; }
};

}  // namespace pitwatch
