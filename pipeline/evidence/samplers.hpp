#pragma once
// Rows of a band on the comparison's grid, from rows of its raster.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/calibrate.hpp"
#include "pipeline/evidence/pair_pixels.hpp"

namespace pitwatch {

/// Both samplers: begin() sets band and columns [x0, x0 + n) of the comparison's grid, then rows are asked for, best in
/// ascending order. `mask` is OR-ed into: mask_nodata and mask_saturated, also outside of the band's raster. They keep
/// their buffers from one begin() to the next. One thread each.

/// The nearest pixel: for bands already on the grid, and for those that only sort pixels (classes, water).
class NearestSampler {
 public:
  void begin(const PairPixels& pixels, const PairGeometry& geometry, Date date, Band band, int x0, int n);

  void row(int y, float* reflectance, std::uint8_t* mask);
  /// The digital numbers alone, e.g. SCL classes; 0 outside of the raster.
  void dn_row(int y, std::uint16_t* dn);

 private:
  bool fetch(int y, std::uint16_t* dn);
  bool row_in_place(int y, float* reflectance, std::uint8_t* mask);

  const PairPixels* pixels_ = nullptr;
  const BandPlace* place_ = nullptr;
  kernels::DnCalibration calibration_;
  Date date_{};
  Band band_{};
  int n_ = 0;
  int inside_begin_ = 0;  // the first of our columns that lies in the raster
  int inside_end_ = 0;    // one past the last
  int native_begin_ = 0;  // columns of the raster that are needed
  int native_end_ = 0;
  bool doubled_ = false;       // each native pixel is two of ours;
  bool doubled_lead_ = false;  // our first one is the second of a pair
  std::vector<int> index_;     // per column: position in native_; empty where they are the same, or doubled
  std::vector<std::uint16_t> native_;
  std::vector<std::uint16_t> dn_;
};

/// Cubic convolution (Keys 1981): for bands whose values carry evidence and that are not on the grid, because the date
/// is shifted against the other.
class CubicSampler {
 public:
  void begin(const PairPixels& pixels, const PairGeometry& geometry, Date date, Band band, int x0, int n);

  void row(int y, float* reflectance, std::uint8_t* mask);

 private:
  static constexpr int held_rows = 4;

  struct NativeRow {
    int y = 0;
    bool valid = false;
    bool clear = false;  // no mask bit in the whole row
    std::vector<float> reflectance;
    std::vector<std::uint8_t> mask;
  };
  const NativeRow& native_row(int y);

  const PairPixels* pixels_ = nullptr;
  const BandPlace* place_ = nullptr;
  kernels::DnCalibration calibration_;
  Date date_{};
  Band band_{};
  int n_ = 0;
  int inside_begin_ = 0;
  int inside_end_ = 0;
  int native_begin_ = 0;
  int native_end_ = 0;
  bool even_ = true;  // one weight for all columns: no change of scale
  float weights_[4] = {};
  std::vector<int> index_;             // per column: first of its four samples, from native_begin_
  std::vector<float> column_weights_;  // four per column
  std::vector<std::uint16_t> dn_;
  std::vector<float> blended_;
  std::vector<std::uint8_t> blended_mask_;
  NativeRow rows_[held_rows];
};

}  // namespace pitwatch
