#include "pipeline/classify/classify.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "kernels/indices.hpp"

namespace pitwatch {
namespace {

// Bounds of reflectance and indices, and how far from a bound a spectrum must lie for it to be certain on which side
// the ground is. Top-of-atmosphere and surface reflectance differ by up to a tenth in NDVI: the bounds lie where both
// agree.
struct Bound {
  double at;
  double spread;
};

constexpr Bound water_swir{0.06, 0.012};  // water absorbs short-wave infrared
constexpr Bound water_nir{0.10, 0.02};    // and near infrared
constexpr Bound turbid_nir{0.15, 0.02};
constexpr Bound falling{1.0, 0.1};       // near infrared over red
constexpr Bound falling_swir{0.8, 0.1};  // short-wave infrared over red, or green; soil and built ground do not fall so
constexpr Bound wet_mndwi{-0.06, 0.04};  // water with land in the mean: by MNDWI,
constexpr Bound mixed_swir{0.11, 0.015};  // as dark as no bright ground is, white rock and salt included,
constexpr Bound mixed_nir{0.20, 0.03};    // nor snow
constexpr Bound fallen{0.95, 0.05};       // turbid water whose short-wave infrared, of wider pixels, has land in it
constexpr Bound fallen_nir{0.12, 0.015};
constexpr Bound fallen_swir{0.16, 0.02};
constexpr Bound swir_over_nir{0.9, 0.06};  // of ground that is no plant: soil and rock rise from one to the other
constexpr Bound no_plant_ndvi{0.22, 0.04};
constexpr Bound green_ndvi{0.30, 0.04};     // above: mostly plants
constexpr Bound field_ndvi{0.52, 0.05};     // of ground that is green at some time of the year, though bare before
constexpr Bound bare_ndvi{0.25, 0.03};      // below: mostly soil, rock, built ground
constexpr Bound burn_nbr_drop{0.27, 0.05};  // moderate severity, Key & Benson 2006
constexpr Bound no_rise{0.0, 0.01};         // charred ground gets darker in the near infrared and not brighter in red,
constexpr Bound charred_red{0.06, 0.01};    // or but a little, where dark forest burns: bared soil is brighter,
constexpr Bound charred_soil_red{0.10, 0.01};  // but for dark soil, which does not
constexpr Bound charred_nbr{-0.16, 0.04};      // reflect so much more in the short-wave than in the near infrared.
constexpr Bound burnt_nir{0.19, 0.02};         // In the near infrared it is dark,
constexpr Bound burnt_swir{0.085, 0.015};      // and in the short-wave infrared not as dark as water and wet ground,
constexpr Bound burnt_nbr{0.20, 0.06};         // so that little is left of the slope of plants
// Soil, sand and rock reflect more in the short-wave infrared than in red; concrete, metal and asphalt hardly do. The
// ratio bears haze well, since haze adds little to either.
constexpr Bound flat_swir_over_red{1.2, 0.08};
constexpr Bound lit_visible{0.10, 0.01};     // below, shade and water make the ratio meaningless
constexpr Bound bright_visible{0.30, 0.03};  // brighter than most soil
constexpr Bound bright_rise{0.05, 0.015};    // and brighter than it was

float value_or(const Spectrum& spectrum, Band band, float fallback) {
  return spectrum[static_cast<std::size_t>(band)].value_or(fallback);
}

bool has(const Spectrum& spectrum, Band band) { return spectrum[static_cast<std::size_t>(band)].has_value(); }
bool both_have(const Spectrum& before, const Spectrum& after, Band band) {
  return has(before, band) && has(after, band);
}

// Degrees of truth, 0..1; 0.5 at a bound. Of square roots, which all processors round alike.
double above(double value, Bound bound) {
  const double distance = (value - bound.at) / bound.spread;
  return 0.5 * (1 + distance / std::sqrt(1 + distance * distance));
}
double below(double value, Bound bound) { return 1 - above(value, bound); }
double all_of(std::initializer_list<double> truths) { return std::min(truths); }
double any_of(std::initializer_list<double> truths) { return std::max(truths); }

double ratio(float numerator, float denominator) {
  constexpr float least = 0.001F;
  return static_cast<double>(numerator) / static_cast<double>(std::max(denominator, least));
}

/// (a - b) / (a + b); nothing where a band is missing.
std::optional<double> normalised_difference(const Spectrum& spectrum, Band a, Band b) {
  if (!has(spectrum, a) || !has(spectrum, b)) return std::nullopt;
  const double one = value_or(spectrum, a, 0.0F);
  const double other = value_or(spectrum, b, 0.0F);
  constexpr double least = 0.001;
  return (one - other) / std::max(one + other, least);
}

double ndvi(const Spectrum& spectrum) { return normalised_difference(spectrum, Band::B08, Band::B04).value_or(0); }
double nbr(const Spectrum& spectrum) { return normalised_difference(spectrum, Band::B08, Band::B12).value_or(0); }

double water(const Spectrum& spectrum) {
  const float red = value_or(spectrum, Band::B04, 0.0F);
  const float nir = value_or(spectrum, Band::B08, 1.0F);
  const double nir_over_red = ratio(nir, red);
  if (!has(spectrum, Band::B11)) return all_of({below(nir, water_nir), below(nir_over_red, falling)});
  const float swir = value_or(spectrum, Band::B11, 1.0F);
  // Clear water, which shaded ground is as dark as, though not darkest in the short-wave infrared; or turbid water,
  // darker with every band from red on; or either with some shore in the mean.
  const double clear = all_of({below(swir, water_swir), below(nir, water_nir),
                               below(ratio(swir, value_or(spectrum, Band::B03, 1.0F)), falling_swir)});
  const double turbid =
      all_of({below(nir_over_red, falling), below(ratio(swir, red), falling_swir), below(nir, turbid_nir)});
  const double dark = all_of({below(swir, mixed_swir), below(nir, mixed_nir)});
  const double mndwi = normalised_difference(spectrum, Band::B03, Band::B11).value_or(-1);
  const double mixed = all_of({above(mndwi, wet_mndwi), below(ndvi(spectrum), green_ndvi), dark});
  const double falls_on = all_of({below(ratio(swir, nir), swir_over_nir), below(ndvi(spectrum), no_plant_ndvi), dark});
  const double fallen_off = all_of({below(nir_over_red, fallen), below(nir, fallen_nir), below(swir, fallen_swir)});
  return any_of({clear, turbid, mixed, falls_on, fallen_off});
}

/// The mean of blue and red; red alone where not both dates have blue.
float visible(const Spectrum& spectrum, bool has_blue) {
  const float red = value_or(spectrum, Band::B04, 0.0F);
  return has_blue ? (value_or(spectrum, Band::B02, red) + red) / 2 : red;
}

double built_or_bright(const Spectrum& before, const Spectrum& after) {
  const bool has_blue = both_have(before, after, Band::B02);
  const float visible_after = visible(after, has_blue);
  const double bright =
      all_of({above(visible_after, bright_visible), above(visible_after - visible(before, has_blue), bright_rise)});
  if (!has(after, Band::B11)) return bright;
  const double swir_over_red = ratio(value_or(after, Band::B11, 1.0F), value_or(after, Band::B04, 0.0F));
  return any_of({bright, all_of({above(visible_after, lit_visible), below(swir_over_red, flat_swir_over_red)})});
}

/// A rule, and how true it is.
struct Rule {
  ChangeClass change_class;
  double truth;
};

/// Whether ground that was green is dark as charred ground is, which without B12 is all that is known of a burn: dark
/// soil and wet ground are so, too.
double dark_where_green(double ndvi_before, double red, double red_rise, double nir, double nir_rise) {
  return all_of({above(ndvi_before, bare_ndvi), below(nir_rise, no_rise),
                 any_of({below(red_rise, no_rise), below(red, charred_soil_red)}), below(nir, burnt_nir)});
}

/// Without red and near infrared on both dates nothing tells plants from soil, nor either from water.
bool tells_ground(const Spectrum& before, const Spectrum& after) {
  return both_have(before, after, Band::B04) && both_have(before, after, Band::B08);
}

/// In order, of spectra that tells_ground(): each holds where none before it does. The last always holds. `unknown`:
/// the bands do not tell.
std::array<Rule, 8> rules_of(const Spectrum& before, const Spectrum& after, double greenest_ndvi) {
  const double was_water = water(before);
  const double water_now = water(after);
  const double ndvi_before = ndvi(before);
  const double ndvi_after = ndvi(after);
  const double nbr_after = nbr(after);
  const double red = value_or(after, Band::B04, 1.0F);
  const double red_rise = red - value_or(before, Band::B04, 0);
  const double nir = value_or(after, Band::B08, 0);
  const double nir_rise = nir - value_or(before, Band::B08, 0);
  const double charred =
      any_of({below(red, charred_red), all_of({below(red, charred_soil_red), below(nbr_after, charred_nbr)})});
  const bool tells_burns = both_have(before, after, Band::B12);
  const double charred_now =
      all_of({above(ndvi_before, bare_ndvi), above(nbr(before) - nbr_after, burn_nbr_drop), below(nir_rise, no_rise),
              any_of({below(red_rise, no_rise), charred}), below(nir, burnt_nir), below(nbr_after, burnt_nbr),
              above(value_or(after, Band::B11, 1.0F), burnt_swir)});
  const double burnt = tells_burns ? charred_now : 0;
  const double undecided = tells_burns ? 0 : dark_where_green(ndvi_before, red, red_rise, nir, nir_rise);
  const double was_green = any_of({above(ndvi_before, green_ndvi), above(greenest_ndvi, field_ndvi)});
  return {{{ChangeClass::to_water, all_of({1 - was_water, water_now})},
           {ChangeClass::from_water, all_of({was_water, 1 - water_now})},
           {ChangeClass::burn, burnt},
           {ChangeClass::vegetation_change, above(ndvi_after, green_ndvi)},
           {ChangeClass::unknown, undecided},
           {ChangeClass::built_or_bright, built_or_bright(before, after)},
           {ChangeClass::vegetation_to_bare, was_green},
           {ChangeClass::bare_to_bare, 1}}};
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
  const std::int64_t most = *std::max_element(sums.count.begin(), sums.count.end());
  Spectrum spectrum;
  for (const auto& [band, calibration] : calibrations) {
    const auto i = static_cast<std::size_t>(band);
    if (sums.count[i] == 0 || 2 * sums.count[i] < most) continue;
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
  if (!tells_ground(before, after)) return ChangeClass::unknown;
  for (const Rule& rule : rules_of(before, after, -1)) {
    if (rule.truth > 0.5 && rule.change_class != ChangeClass::unknown) return rule.change_class;
  }
  return ChangeClass::bare_to_bare;
}

ClassProbabilities class_probabilities(const Spectrum& before, const Spectrum& after, double greenest_ndvi) {
  ClassProbabilities result{};
  if (!tells_ground(before, after)) {
    result[index(ChangeClass::unknown)] = 1;
    return result;
  }
  double rest = 1;
  for (const Rule& rule : rules_of(before, after, greenest_ndvi)) {
    result[index(rule.change_class)] = rest * rule.truth;
    rest *= 1 - rule.truth;
  }
  return result;
}

}  // namespace pitwatch
