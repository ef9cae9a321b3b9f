#pragma once
// Where a pixel of the BEFORE scene lies in the AFTER scene. Dates are misregistered by parts of a pixel up to several
// pixels, and crops of one scene may differ in scale by a few tenths of a percent.
//
// Shifts are measured by phase correlation (Kuglin & Hines 1975) over many windows and combined by Theil-Sen regression
// (Sen 1968), which real change in a third of the windows does not move.

#include <span>
#include <vector>

#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// after = before + offset + slope * before, along one axis, pixel centres, pixels.
struct AxisAlignment {
  double offset = 0;
  double slope = 0;

  double operator()(double before) const { return before + offset + slope * before; }
  friend bool operator==(const AxisAlignment&, const AxisAlignment&) = default;
};

struct Alignment {
  AxisAlignment x;
  AxisAlignment y;
  int windows_used = 0;
  int windows_measured = 0;
  double residual_px = 0;  // robust standard deviation of the windows' shifts about the fit, the worse axis
};

/// The shift of one window: the pixel (x, y) of BEFORE is found at (x + dx, y + dy) in AFTER.
struct WindowShift {
  double x = 0;  // the window's centre, pixels of BEFORE
  double y = 0;
  double dx = 0;
  double dy = 0;
  double quality = 0;  // height of the correlation peak in standard deviations of the correlation surface
};

inline constexpr int shift_window_px = 96;
inline constexpr int max_shift_px = 8;

/// Measures shifts in windows of shift_window_px every `step_px` over two reflectance planes of the same
/// size, whose upper left pixel is (origin_x, origin_y) on the BEFORE grid. Windows with an invalid pixel (mask != 0)
/// in more than a tenth of their area are passed over; invalid pixels within others should hold a neutral value.
/// Deterministic. Thread-safe.
std::vector<WindowShift> measure_shifts(PlaneView<const float> before, PlaneView<const float> after,
                                        PlaneView<const std::uint8_t> mask, int origin_x, int origin_y, int step_px);

/// Fits both axes to the better half of the windows. A slope is kept only where it moves the ends of the measured span
/// by more than a quarter of a pixel. No window, or windows that disagree (periodic or featureless ground): the
/// identity, windows_used = 0.
Alignment fit_alignment(std::span<const WindowShift> shifts);

}  // namespace pitwatch
