#pragma once
// What of an observation is monitored: a vector of features per pixel, in the unit of the feature, and whether the
// pixel was seen.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/indices/extra_features.hpp"
#include "pipeline/monitor/options.hpp"
#include "pipeline/monitor/rows.hpp"

namespace pitwatch {

enum class Feature : std::uint8_t { ndvi, bsi, mndwi, log_visible, log_swir16, log_swir22 };
inline constexpr std::size_t feature_count = 6;  // those that are always monitored; extra ones stand behind them
inline constexpr std::size_t most_features = feature_count + most_extra_features;
inline constexpr std::array<std::string_view, feature_count> feature_names{"ndvi",        "bsi",        "mndwi",
                                                                           "log_visible", "log_swir16", "log_swir22"};
using FeatureVector = std::array<float, most_features>;  // 0 behind those that are monitored
inline std::size_t index(Feature feature) { return static_cast<std::size_t>(feature); }

/// Reflectance of one observation, 0..1, NaN where there is none; planes of one size. Bands that are not there are
/// empty planes: features that need them are then NaN.
struct ObservationPlanes {
  Instant when{};
  Plane<float> blue;    // B02
  Plane<float> green;   // B03
  Plane<float> red;     // B04
  Plane<float> nir;     // B08
  Plane<float> swir16;  // B11
  Plane<float> swir22;  // B12
  /// What extra features need beside; of bands that are not there nothing, or an empty plane.
  std::map<Band, Plane<float>> more;
  Plane<MaskBits> mask;
  /// Standard error of where the observation lies, along each axis, pixels, beyond what the model's noise has of it.
  float position_error_px = 0;
};

/// Reflectances of one pixel, NaN where there is none.
struct PixelReflectance {
  float blue;
  float green;
  float red;
  float nir;
  float swir16;
  float swir22;
};

/// NDVI (Tucker 1979), BSI (Rikimaru et al. 2002), MNDWI (Xu 2006), and natural logarithms of the mean visible
/// reflectance (of blue and red where green is NaN), of B11 and of B12, each plus 0.01; reflectances below 0.002 count
/// as that. NaN where another band is.
FeatureVector features_of(const PixelReflectance& reflectance);

/// Standard deviation of the features by an error of `error` in each band's reflectance, independent by band: what
/// correction of the atmosphere and of slopes leaves. It is all that counts where little light falls.
FeatureVector error_of(const PixelReflectance& reflectance, float error);

/// What is brighter than 0.1 in the short-wave infrared is no water, whatever its MNDWI: white rock, salt, concrete.
inline constexpr float brightest_water_log_swir16 = -2.207F;  // log(0.1 + 0.01)

/// Open water, or ground mostly under it: darker from green to the infrareds, and dark there.
inline bool looks_wet(const FeatureVector& values) {
  return values[index(Feature::mndwi)] > 0 && values[index(Feature::ndvi)] < 0 &&
         values[index(Feature::log_swir16)] < brightest_water_log_swir16;
}

/// Names of the features that are monitored, in their order.
std::vector<std::string> names_of_features(const ExtraFeatures& extra);

enum class Seen : std::uint8_t {
  nothing,  // no measurement
  masked,   // cloud, shadow, snow, saturated, or near to cloud
  clear,
};

/// A row of each feature.
template <typename Value>
class PerFeature {
 public:
  PerFeature() = default;
  explicit PerFeature(std::size_t features) : size_(features) {}
  std::size_t size() const { return size_; }
  Value*& operator[](std::size_t f) { return rows_[f]; }
  Value* operator[](std::size_t f) const { return rows_[f]; }
  Value* const* data() const { return rows_.data(); }
  Value* const* begin() const { return rows_.data(); }
  Value* const* end() const { return rows_.data() + size_; }

 private:
  std::array<Value*, most_features> rows_{};
  std::size_t size_ = feature_count;
};

/// A plane of each feature over the same pixels, row-major without padding: kernels walk them row by row. Their
/// beginnings lie a line of the cache apart, so that walking all of them at once does not crowd a few sets of it.
class FeaturePlanes {
 public:
  /// Contents are undefined afterwards; memory is kept where it suffices.
  void resize(std::size_t pixels, std::size_t features = feature_count) {
    constexpr std::size_t per_line = 16;
    pixels_ = pixels;
    features_ = features;
    stride_ = (pixels + per_line - 1) / per_line * per_line + per_line;
    values_.resize(features * stride_);
  }

  std::size_t pixels() const { return pixels_; }
  std::size_t features() const { return features_; }

  /// Where each feature of a pixel lies; those of the pixels behind it follow.
  PerFeature<float> from(std::size_t pixel) {
    PerFeature<float> rows(features_);
    for (std::size_t f = 0; f < features_; ++f) rows[f] = values_.data() + f * stride_ + pixel;
    return rows;
  }
  PerFeature<const float> from(std::size_t pixel) const {
    PerFeature<const float> rows(features_);
    for (std::size_t f = 0; f < features_; ++f) rows[f] = values_.data() + f * stride_ + pixel;
    return rows;
  }

  float at(std::size_t pixel, std::size_t feature) const { return values_[feature * stride_ + pixel]; }
  float& at(std::size_t pixel, std::size_t feature) { return values_[feature * stride_ + pixel]; }

  FeatureVector operator[](std::size_t pixel) const {
    FeatureVector vector{};
    for (std::size_t f = 0; f < features_; ++f) vector[f] = at(pixel, f);
    return vector;
  }
  void set(std::size_t pixel, const FeatureVector& vector) {
    for (std::size_t f = 0; f < features_; ++f) at(pixel, f) = vector[f];
  }

 private:
  std::size_t pixels_ = 0;
  std::size_t features_ = feature_count;
  std::size_t stride_ = 0;
  PixelVector<float> values_;
};

/// The features of an observation over a window, pixel by pixel (row-major, without padding).
struct ObservationFeatures {
  Instant when{};
  int width = 0;
  int height = 0;
  FeaturePlanes values;
  FeaturePlanes errors;            // standard deviation by errors of reflectance and of position
  PixelVector<float> blue_to_red;  // NaN where unknown
  PixelVector<Seen> seen;
  float snow_share = 0;                    // of the pixels with data
  PixelVector<std::uint8_t> called_cloud;  // 1 where the mask says cloud, without margin
  // Memory of extract_features(): cloud, shadow and cirrus, and those of them that mask a margin.
  PixelVector<std::uint8_t> veils;
  PixelVector<std::uint8_t> solid_veils;

  std::size_t pixels() const { return seen.size(); }
};

/// Sums over windows of (2 * radius + 1)^2 pixels, cut at the edges: each(y, sums of the row's pixels) for every row,
/// from the threads of `rows`.
void for_window_sums(const PixelVector<std::uint8_t>& values, int width, int height, int radius, const RowLoop& rows,
                     const std::function<void(int y, std::span<const std::int32_t> sums)>& each);

/// Takes an observation apart. Snow is masked, whatever the mask says of it; bare ground by its spectrum is seen,
/// though the mask says cloud (called_cloud keeps what it said); solid cloud (more than a third of 5 x 5 pixels around)
/// and its shadow mask the margin around them, single pixels of cloud only themselves, since bright ground is often
/// called that. An error of position adds error * |gradient| of each feature to its errors, in squares; gradients by
/// differences of the neighbours, of the pixel itself where one has no measurement. Behind the six features come those
/// of options.extra, as ExtraFeatures::measure(). `into` keeps its memory. Same bytes for any `rows`. Throws DataError
/// when planes differ in size.
void extract_features(const ObservationPlanes& observation, const MonitorOptions& options, ObservationFeatures& into,
                      const RowLoop& rows = serial_rows);

}  // namespace pitwatch
