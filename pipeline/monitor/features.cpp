#include "pipeline/monitor/features.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/features.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

static_assert(feature_count == kernels::ground_feature_count);

kernels::FeatureParameters parameters_of(const MonitorOptions& options) {
  return {.reflectance_error = options.reflectance_error,
          .snow_mndwi = options.snow_mndwi,
          .snow_visible = options.snow_visible,
          .ground_blue_to_red = options.ground_blue_to_red};
}

kernels::BandRows row_of(const ObservationPlanes& observation, int y) {
  const auto row = [y](const Plane<float>& band) { return band.width() == 0 ? nullptr : band.row(y); };
  return {row(observation.blue), row(observation.green),  row(observation.red),
          row(observation.nir),  row(observation.swir16), row(observation.swir22)};
}

const Plane<float>* plane_of(const ObservationPlanes& observation, Band band) {
  switch (band) {
    case Band::B02:
      return &observation.blue;
    case Band::B03:
      return &observation.green;
    case Band::B04:
      return &observation.red;
    case Band::B08:
      return &observation.nir;
    case Band::B11:
      return &observation.swir16;
    case Band::B12:
      return &observation.swir22;
    default:
      break;
  }
  const auto found = observation.more.find(band);
  return found == observation.more.end() ? nullptr : &found->second;
}

/// The features of a single pixel, as those of a row.
struct PixelFeatures {
  FeatureVector values{};
  FeatureVector errors{};
};

PixelFeatures features_of_pixel(const PixelReflectance& reflectance, float error) {
  PixelFeatures pixel;
  float blue_to_red = 0;
  std::uint8_t spectrum = 0;
  kernels::FeatureRows rows{.values = {}, .errors = {}, .blue_to_red = &blue_to_red, .spectrum = &spectrum};
  for (std::size_t f = 0; f < feature_count; ++f) {
    rows.values[f] = &pixel.values[f];
    rows.errors[f] = &pixel.errors[f];
  }
  kernels::feature_row({&reflectance.blue, &reflectance.green, &reflectance.red, &reflectance.nir, &reflectance.swir16,
                        &reflectance.swir22},
                       {.reflectance_error = error}, 1, rows);
  return pixel;
}

/// Walks rows of an observation, and what their features are wrong by where the observation lies elsewhere: at a border
/// of two strata it shows another mixture of them.
class FeatureRowWalk {
 public:
  FeatureRowWalk(const ObservationPlanes& observation, const MonitorOptions& options, ObservationFeatures& into)
      : observation_(observation),
        parameters_(parameters_of(options)),
        extra_(options.extra),
        features_(into.values.features()),
        into_(into),
        width_(static_cast<std::size_t>(into.width)),
        spectrum_(width_) {}

  void walk(int begin, int end) {
    const bool is_displaced = observation_.position_error_px > 0;
    if (is_displaced) {
      // Rows beside those that are walked belong to others: their features are worked out once more.
      above_.resize(features_ * width_);
      below_.resize(features_ * width_);
      unused_.resize((features_ + 1) * width_);
      if (begin > 0) measure_beside(begin - 1, above_);
      if (end < into_.height) measure_beside(end, below_);
    }
    for (int y = begin; y < end; ++y) {
      measure(y);
      see(y);
      if (is_displaced && y > begin) add_position_error(y - 1, begin, end);
    }
    if (is_displaced && end > begin) add_position_error(end - 1, begin, end);
  }

  std::size_t measured() const { return measured_; }
  std::size_t snow() const { return snow_; }

 private:
  std::size_t pixel(int y) const { return static_cast<std::size_t>(y) * width_; }

  void measure(int y) {
    measure_into(y, into_.values.from(pixel(y)), into_.errors.from(pixel(y)), &into_.blue_to_red[pixel(y)]);
  }

  void measure_into(int y, const PerFeature<float>& values, const PerFeature<float>& errors, float* blue_to_red) {
    kernels::FeatureRows rows{.values = {}, .errors = {}, .blue_to_red = blue_to_red, .spectrum = spectrum_.data()};
    for (std::size_t f = 0; f < feature_count; ++f) {
      rows.values[f] = values[f];
      rows.errors[f] = errors[f];
    }
    kernels::feature_row(row_of(observation_, y), parameters_, width_, rows);
    if (extra_.size() == 0) return;
    bands_.clear();
    for (const Band band : extra_.bands()) {
      const Plane<float>* const plane = plane_of(observation_, band);
      bands_.push_back(plane == nullptr || plane->width() == 0 ? nullptr : plane->row(y));
    }
    extra_.measure(bands_, width_, parameters_.reflectance_error, scratch_, std::span(values).subspan(feature_count),
                   std::span(errors).subspan(feature_count));
  }

  void measure_beside(int y, std::vector<float>& values) {
    PerFeature<float> of_row(features_);
    PerFeature<float> errors(features_);
    for (std::size_t f = 0; f < features_; ++f) {
      of_row[f] = values.data() + f * width_;
      errors[f] = unused_.data() + f * width_;
    }
    measure_into(y, of_row, errors, unused_.data() + features_ * width_);
  }

  void add_position_error(int y, int begin, int end) {
    const auto values = into_.values.from(pixel(y));
    const auto errors = into_.errors.from(pixel(y));
    for (std::size_t f = 0; f < features_; ++f) {
      const float* above = y > begin ? values[f] - width_ : y > 0 ? above_.data() + f * width_ : nullptr;
      const float* below = y + 1 < end            ? values[f] + width_
                           : y + 1 < into_.height ? below_.data() + f * width_
                                                  : nullptr;
      kernels::add_position_error_row(above, values[f], below, width_, observation_.position_error_px, errors[f]);
    }
  }

  /// What of a row is seen, by its mask and by its spectrum. Bare ground is redder than cloud, and brighter in the
  /// short-wave infrared than to the eye.
  void see(int y) {
    constexpr MaskBits cloudy = mask_cloud | mask_cirrus;
    const MaskBits* const masks = observation_.mask.row(y);
    Seen* const seen = &into_.seen[pixel(y)];
    std::uint8_t* const called_cloud = &into_.called_cloud[pixel(y)];
    std::uint8_t* const veils = &into_.veils[pixel(y)];
    std::size_t measured = 0;
    std::size_t snow = 0;
    for (std::size_t x = 0; x < width_; ++x) {
      const MaskBits mask = masks[x];
      const std::uint8_t spectrum = spectrum_[x];
      const bool is_cloud_alone = (mask & cloudy) != 0 && (mask & ~cloudy) == 0;
      const bool is_ground = is_cloud_alone && (spectrum & kernels::spectrum_bare) != 0;
      const MaskBits believed = is_ground ? MaskBits{mask_clear} : mask;
      const bool is_measured = (believed & mask_nodata) == 0 && (spectrum & kernels::spectrum_measured) != 0;
      const bool is_snow = (spectrum & kernels::spectrum_snow) != 0;
      called_cloud[x] = (mask & mask_cloud) != 0 ? 1 : 0;
      veils[x] = (believed & (mask_cloud | mask_cloud_shadow | mask_cirrus)) != 0 ? 1 : 0;
      measured += is_measured ? 1 : 0;
      snow += is_measured && (is_snow || (believed & mask_snow) != 0) ? 1 : 0;
      const Seen where_measured = believed != mask_clear || is_snow ? Seen::masked : Seen::clear;
      seen[x] = is_measured ? where_measured : Seen::nothing;
    }
    measured_ += measured;
    snow_ += snow;
  }

  const ObservationPlanes& observation_;
  const kernels::FeatureParameters parameters_;
  const ExtraFeatures& extra_;
  std::size_t features_;
  ObservationFeatures& into_;
  std::size_t width_;
  std::size_t measured_ = 0;
  std::size_t snow_ = 0;
  std::vector<std::uint8_t> spectrum_;  // SpectrumBit of the row
  std::vector<float> above_;            // features of the row before those that are walked
  std::vector<float> below_;            // and of that behind them
  std::vector<float> unused_;
  std::vector<const float*> bands_;  // of extra features
  ExtraFeatures::Scratch scratch_;
};

void mask_margin(ObservationFeatures& observation, const MonitorOptions& options, const RowLoop& rows) {
  const int margin = static_cast<int>(std::lround(options.cloud_margin_m / options.pixel_size_m));
  if (margin <= 0 || std::find(observation.veils.begin(), observation.veils.end(), 1) == observation.veils.end())
    return;
  constexpr int solid = 9;  // of 25
  const auto width = static_cast<std::size_t>(observation.width);
  PixelVector<std::uint8_t>& solid_veils = observation.solid_veils;
  solid_veils.resize(observation.veils.size());
  for_window_sums(observation.veils, observation.width, observation.height, 2, rows,
                  [&](int y, std::span<const std::int32_t> around) {
                    const std::size_t row = static_cast<std::size_t>(y) * width;
                    for (std::size_t x = 0; x < width; ++x)
                      solid_veils[row + x] = observation.veils[row + x] != 0 && around[x] >= solid ? 1 : 0;
                  });
  for_window_sums(solid_veils, observation.width, observation.height, margin, rows,
                  [&](int y, std::span<const std::int32_t> near) {
                    Seen* const seen = &observation.seen[static_cast<std::size_t>(y) * width];
                    for (std::size_t x = 0; x < width; ++x) {
                      if (near[x] > 0 && seen[x] == Seen::clear) seen[x] = Seen::masked;
                    }
                  });
}

}  // namespace

void for_window_sums(const PixelVector<std::uint8_t>& values, int width, int height, int radius, const RowLoop& rows,
                     const std::function<void(int y, std::span<const std::int32_t> sums)>& each) {
  const auto w = static_cast<std::size_t>(width);
  const auto row = [&](int y) { return values.data() + static_cast<std::size_t>(y) * w; };
  rows(height, [&](int begin, int end) {
    std::vector<std::int32_t> columns(w, 0);
    std::vector<std::int32_t> sums(w);
    const int reach = std::min(radius, height);
    for (int y = std::max(0, begin - reach); y < std::min(height, begin + reach); ++y)
      kernels::move_window_row(row(y), nullptr, w, columns.data());
    for (int y = begin; y < end; ++y) {
      const bool leaves = y > begin && y - reach > 0;
      kernels::move_window_row(y + reach < height ? row(y + reach) : nullptr, leaves ? row(y - reach - 1) : nullptr, w,
                               columns.data());
      kernels::window_sum_row(columns.data(), w, static_cast<std::size_t>(std::min(radius, width)), sums.data());
      each(y, sums);
    }
  });
}

std::vector<std::string> names_of_features(const ExtraFeatures& extra) {
  std::vector<std::string> names(feature_names.begin(), feature_names.end());
  for (std::size_t k = 0; k < extra.size(); ++k) names.push_back(extra[k].name);
  return names;
}

FeatureVector features_of(const PixelReflectance& reflectance) { return features_of_pixel(reflectance, 0).values; }

FeatureVector error_of(const PixelReflectance& reflectance, float error) {
  return features_of_pixel(reflectance, error).errors;
}

void extract_features(const ObservationPlanes& observation, const MonitorOptions& options, ObservationFeatures& into,
                      const RowLoop& rows) {
  into.when = observation.when;
  into.width = observation.mask.width();
  into.height = observation.mask.height();
  for (const Plane<float>* band : {&observation.blue, &observation.green, &observation.red, &observation.nir,
                                   &observation.swir16, &observation.swir22}) {
    if (band->width() == 0) continue;
    if (band->width() != into.width || band->height() != into.height) {
      throw DataError("planes of an observation differ in size");
    }
  }
  for (const auto& [band, plane] : observation.more) {
    if (plane.width() != 0 && (plane.width() != into.width || plane.height() != into.height))
      throw DataError("planes of an observation differ in size");
  }
  const auto pixels = static_cast<std::size_t>(into.width) * static_cast<std::size_t>(into.height);
  into.values.resize(pixels, feature_count + options.extra.size());
  into.errors.resize(pixels, feature_count + options.extra.size());
  into.blue_to_red.resize(pixels);
  into.seen.resize(pixels);
  into.called_cloud.resize(pixels);
  into.veils.resize(pixels);
  std::atomic<std::size_t> measured = 0;
  std::atomic<std::size_t> snow = 0;
  rows(into.height, [&](int begin, int end) {
    FeatureRowWalk walk(observation, options, into);
    walk.walk(begin, end);
    measured += walk.measured();
    snow += walk.snow();
  });
  into.snow_share = measured == 0 ? 0 : static_cast<float>(snow.load()) / static_cast<float>(measured.load());
  mask_margin(into, options, rows);
}

}  // namespace pitwatch
