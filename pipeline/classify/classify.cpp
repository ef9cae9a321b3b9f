#include "pipeline/classify/classify.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/indices.hpp"

namespace pitwatch {
namespace {

// Reflectance and index thresholds. Top-of-atmosphere and surface reflectance differ by up to a tenth in NDVI: the
// bounds lie where both agree.
constexpr float water_swir = 0.06F;  // water absorbs short-wave infrared
constexpr float water_nir = 0.10F;   // and near infrared
constexpr float turbid_nir = 0.15F;
constexpr float falling_swir = 0.8F;       // of red, or green; soil and built ground do not fall off like that
constexpr double green_ndvi = 0.30;        // above: mostly plants
constexpr double bare_ndvi = 0.25;         // below: mostly soil, rock, built ground
constexpr double burn_nbr_drop = 0.27;     // moderate severity, Key & Benson 2006
constexpr float burn_brightening = 0.0F;   // charred ground gets darker in the near infrared and not brighter in red,
constexpr float charred_red = 0.06F;       // or but a little, where dark forest burns: bared soil is brighter,
constexpr float charred_soil_red = 0.10F;  // but for dark soil, which does not
constexpr double charred_nbr = -0.20;      // reflect so much more in the short-wave than in the near infrared
// Soil, sand and rock reflect more in the short-wave infrared than in red; concrete, metal and asphalt hardly do. The
// ratio bears haze well, since haze adds little to either.
constexpr float flat_swir_over_red = 1.2F;
constexpr float lit_visible = 0.10F;     // below, shade and water make the ratio meaningless
constexpr float bright_visible = 0.30F;  // brighter than most soil
constexpr float bright_rise = 0.05F;     // and brighter than it was

float value_or(const Spectrum& spectrum, Band band, float fallback) {
  return spectrum[static_cast<std::size_t>(band)].value_or(fallback);
}

bool has(const Spectrum& spectrum, Band band) { return spectrum[static_cast<std::size_t>(band)].has_value(); }

bool is_water(const Spectrum& spectrum) {
  const float red = value_or(spectrum, Band::B04, 0.0F);
  const float nir = value_or(spectrum, Band::B08, 1.0F);
  if (!has(spectrum, Band::B11)) return nir < water_nir && nir < red;
  const float swir = value_or(spectrum, Band::B11, 1.0F);
  // Clear water, which shaded ground is as dark as, though not darkest in the short-wave infrared; or turbid water with
  // some shore in the mean: darker with every band from red on.
  const bool is_shade = swir > falling_swir * value_or(spectrum, Band::B03, 1.0F);
  return (swir < water_swir && nir < water_nir && !is_shade) ||
         (nir < red && swir < falling_swir * red && nir < turbid_nir);
}

double index_or(const std::map<std::string, double>& indices, const std::string& name, double fallback) {
  const auto found = indices.find(name);
  return found == indices.end() ? fallback : found->second;
}

/// The mean of blue and red; without blue, red alone.
float visible(const Spectrum& spectrum) {
  const float red = value_or(spectrum, Band::B04, 0.0F);
  return (value_or(spectrum, Band::B02, red) + red) / 2;
}

bool is_built_or_bright(const Spectrum& before, const Spectrum& after) {
  if (visible(after) > bright_visible && visible(after) - visible(before) > bright_rise) return true;
  return has(after, Band::B11) && visible(after) > lit_visible &&
         value_or(after, Band::B11, 1.0F) < flat_swir_over_red * value_or(after, Band::B04, 0.0F);
}

}  // namespace

BandSums& BandSums::operator+=(const BandSums& other) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i] += other.sum[i];
    count[i] += other.count[i];
  }
  return *this;
}

Spectrum mean_spectrum(const BandSums& sums, const std::map<Band, Calibration>& calibrations) {
  Spectrum spectrum;
  for (const auto& [band, calibration] : calibrations) {
    const auto i = static_cast<std::size_t>(band);
    if (sums.count[i] == 0) continue;
    const double mean = static_cast<double>(sums.sum[i]) / static_cast<double>(sums.count[i]);
    spectrum[i] = static_cast<float>(mean * calibration.scale + calibration.offset);
  }
  return spectrum;
}

std::map<std::string, double> spectral_indices(const Spectrum& spectrum) {
  constexpr std::array<Band, 6> band_of_bit{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12};
  std::array<float, 6> reflectance{};
  std::uint8_t available = 0;
  for (std::size_t bit = 0; bit < band_of_bit.size(); ++bit) {
    if (!has(spectrum, band_of_bit[bit])) continue;
    reflectance[bit] = value_or(spectrum, band_of_bit[bit], 0.0F);
    available = static_cast<std::uint8_t>(available | 1U << bit);
  }
  const kernels::BandRows rows{&reflectance[0], &reflectance[1], &reflectance[2],
                               &reflectance[3], &reflectance[4], &reflectance[5]};
  std::map<std::string, double> result;
  for (const kernels::SpectralIndexInfo& index : kernels::spectral_indices) {
    if ((index.bands & ~available) != 0) continue;
    float value = 0;
    kernels::spectral_index(index.index, rows, 1, &value);
    if (std::isfinite(value)) result.emplace(index.name, value);
  }
  return result;
}

std::map<std::string, double> index_change(const Spectrum& before, const Spectrum& after) {
  const auto from = spectral_indices(before);
  std::map<std::string, double> change;
  for (const auto& [name, value] : spectral_indices(after)) {
    if (const auto found = from.find(name); found != from.end()) change.emplace(name, value - found->second);
  }
  return change;
}

ChangeClass classify_change(const Spectrum& before, const Spectrum& after) {
  const bool was_water = is_water(before);
  const bool water_now = is_water(after);
  if (!was_water && water_now) return ChangeClass::to_water;
  if (was_water && !water_now) return ChangeClass::from_water;

  const auto from = spectral_indices(before);
  const auto to = spectral_indices(after);
  const double ndvi_before = index_or(from, "ndvi", 0);
  const double ndvi_after = index_or(to, "ndvi", 0);
  const double nbr_drop = index_or(from, "nbr", 0) - index_or(to, "nbr", 0);
  const float red_rise = value_or(after, Band::B04, 0) - value_or(before, Band::B04, 0);
  const float nir_rise = value_or(after, Band::B08, 0) - value_or(before, Band::B08, 0);
  const float red = value_or(after, Band::B04, 1.0F);
  const bool is_charred = red < charred_red || (red < charred_soil_red && index_or(to, "nbr", 0) < charred_nbr);
  if (ndvi_before > bare_ndvi && nbr_drop > burn_nbr_drop && nir_rise < 0 &&
      (red_rise < burn_brightening || is_charred)) {
    return ChangeClass::burn;
  }
  if (ndvi_after >= green_ndvi) return ChangeClass::vegetation_change;
  if (is_built_or_bright(before, after)) return ChangeClass::built_or_bright;
  if (ndvi_before >= green_ndvi) return ChangeClass::vegetation_to_bare;
  if (std::max(ndvi_before, ndvi_after) < green_ndvi) return ChangeClass::bare_to_bare;
  return ChangeClass::vegetation_change;
}

ChangeClass classify_course(const ChangeCourse& course, const CourseOptions& options) {
  const ChangeClass at_first = classify_change(course.before, course.first);
  const ChangeClass now = classify_change(course.before, course.latest);
  if (at_first == ChangeClass::burn) return at_first;

  const auto ndvi = [](const Spectrum& spectrum) { return index_or(spectral_indices(spectrum), "ndvi", 0); };
  const double lost = ndvi(course.before) - ndvi(course.first);
  const double regrown = ndvi(course.latest) - ndvi(course.first);
  const bool is_young = course.days < options.regrown_days;
  const bool is_green =
      lost > 0 && ndvi(course.latest) > options.regrown_ndvi && regrown > options.regrown_share * lost;
  const bool was_green = ndvi(course.before) >= green_ndvi || course.greenest_ndvi >= options.field_ndvi;
  const bool is_back = is_young && (is_green || (course.is_over && was_green));
  const bool was_flooded = course.is_over || at_first == ChangeClass::to_water || now == ChangeClass::to_water;
  if (course.by_water && (is_back || (was_flooded && course.days < options.flood_days))) return ChangeClass::flood;
  if (is_back) return ChangeClass::harvest;
  const double field_share = is_young ? options.own_year_share : options.late_own_year_share;
  if (was_green && course.own_year_share > field_share) return ChangeClass::harvest;
  return now;
}

}  // namespace pitwatch
