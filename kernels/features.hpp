#pragma once
// Features of monitored ground and their errors, of one row, from surface reflectance.
// Same bytes on every target; reentrant; see README.md.

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/indices.hpp"

namespace pitwatch::kernels {

/// NDVI (Tucker 1979), BSI (Rikimaru et al. 2002), MNDWI (Xu 2006), natural logarithms of the mean visible reflectance,
/// of B11 and of B12: in this order.
inline constexpr std::size_t ground_feature_count = 6;

/// Reflectances below this count as this: correction of the atmosphere leaves values around 0 in shade and water.
inline constexpr float darkest_reflectance = 0.002F;
/// Its additive error, which is added before the logarithm is taken: else it is all there is to logarithms of the dark.
inline constexpr float path_error = 0.01F;

/// What a spectrum looks like.
enum SpectrumBit : std::uint8_t {
  spectrum_measured = 1 << 0,  // some feature is known, and not all bands are at the number that products are cut at
  spectrum_snow = 1 << 1,      // MNDWI above snow_mndwi, and the mean visible above snow_visible
  spectrum_bare = 1 << 2,      // redder than cloud (blue < ground_blue_to_red * red), B11 above the mean visible, and
                               // B08 below twice the red
};

struct FeatureParameters {
  float reflectance_error = 0;  // standard deviation of each band's reflectance, independent by band
  float snow_mndwi = 0;
  float snow_visible = 0;
  float ground_blue_to_red = 0;
};

/// Where features go: n elements each, which overlap nothing.
struct FeatureRows {
  std::array<float*, ground_feature_count> values;
  std::array<float*, ground_feature_count> errors;
  float* blue_to_red = nullptr;
  std::uint8_t* spectrum = nullptr;  // SpectrumBit
};

/// values: the features of reflectances held to darkest_reflectance; logarithms of reflectance + path_error, the
/// visible being the mean of blue, green and red, or of blue and red where green is NaN. errors: their standard
/// deviation by reflectance_error, to first order. blue_to_red: B02 / B04, both held to darkest_reflectance. Rows hold
/// n elements, NaN where there is no measurement; a band that is not there is null. A feature is NaN where a band is
/// that it needs. All finite or NaN.
void feature_row(const BandRows& bands, const FeatureParameters& parameters, std::size_t n,
                 const FeatureRows& out) noexcept;

/// errors[i] = sqrt(errors[i]^2 + error_px^2 (gx^2 + gy^2)): what an error of position, in pixels along each axis,
/// makes of a feature whose gradient is g. gx = (right - left) / 2, or the difference to the pixel itself where one of
/// them is NaN or outside the row, 0 where both are; gy likewise. `above` or `below` is null at the edge of the image.
void add_position_error_row(const float* above, const float* values, const float* below, std::size_t n, float error_px,
                            float* errors) noexcept;

/// sums[i] += into[i] - out_of[i]: a window that moves down by a row. A row that is null counts as 0.
void move_window_row(const std::uint8_t* into, const std::uint8_t* out_of, std::size_t n, std::int32_t* sums) noexcept;

/// out[i] = sum of columns[j] over |j - i| <= radius, cut at the ends. `out` is not `columns`.
void window_sum_row(const std::int32_t* columns, std::size_t n, std::size_t radius, std::int32_t* out) noexcept;

}  // namespace pitwatch::kernels
