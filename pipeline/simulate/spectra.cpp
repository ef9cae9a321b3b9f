#include "pipeline/simulate/spectra.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {
namespace {

// Typical Level-2A reflectances of the surfaces around the Lesser Caucasus' deposits, set by hand after published
// spectra and Sentinel-2 chips. B01 .. B12 as in surface_bands.
constexpr Reflectances forest_green{.018F, .022F, .042F, .022F, .066F, .20F, .26F, .285F, .30F, .30F, .135F, .060F};
constexpr Reflectances forest_bare{.042F, .052F, .068F, .080F, .100F, .130F, .150F, .165F, .180F, .185F, .205F, .140F};
constexpr Reflectances grass_green{.028F, .035F, .070F, .044F, .110F, .26F, .33F, .36F, .38F, .38F, .22F, .115F};
constexpr Reflectances grass_dry{.055F, .070F, .105F, .130F, .165F, .200F, .225F, .250F, .265F, .270F, .33F, .235F};
constexpr Reflectances crop_green{.026F, .033F, .074F, .034F, .105F, .33F, .43F, .46F, .48F, .47F, .20F, .095F};
constexpr Reflectances crop_ripe{.070F, .088F, .135F, .175F, .205F, .235F, .260F, .285F, .300F, .310F, .37F, .265F};
constexpr Reflectances stubble_cut{.075F, .095F, .140F, .185F, .210F, .230F, .245F, .262F, .275F, .280F, .38F, .30F};
constexpr Reflectances soil_brown{.058F, .070F, .095F, .125F, .145F, .160F, .170F, .182F, .195F, .200F, .27F, .23F};
constexpr Reflectances scrub_green{.030F, .036F, .058F, .046F, .088F, .190F, .225F, .245F, .260F, .260F, .195F, .115F};
constexpr Reflectances scrub_dry{.045F, .056F, .080F, .092F, .120F, .155F, .175F, .195F, .205F, .210F, .25F, .175F};
constexpr Reflectances grey{.090F, .102F, .125F, .142F, .150F, .156F, .160F, .165F, .170F, .170F, .205F, .188F};
constexpr Reflectances pale{.190F, .225F, .275F, .315F, .330F, .340F, .345F, .355F, .360F, .360F, .42F, .385F};
constexpr Reflectances limonitic{.066F, .080F, .122F, .178F, .202F, .210F, .215F, .226F, .236F, .240F, .32F, .28F};
constexpr Reflectances altered{.165F, .195F, .245F, .285F, .295F, .305F, .310F, .320F, .325F, .325F, .43F, .305F};
constexpr Reflectances dark{.055F, .060F, .067F, .073F, .076F, .079F, .081F, .084F, .086F, .086F, .105F, .098F};
constexpr Reflectances turbid{.055F, .068F, .090F, .078F, .062F, .042F, .036F, .031F, .027F, .022F, .013F, .010F};
constexpr Reflectances clear_water{.030F, .030F, .029F, .016F, .012F, .010F, .009F, .008F, .007F, .006F, .004F, .003F};
constexpr Reflectances silt{.105F, .125F, .160F, .190F, .200F, .205F, .208F, .212F, .218F, .220F, .24F, .20F};
constexpr Reflectances gravel{.120F, .140F, .170F, .195F, .205F, .212F, .217F, .225F, .230F, .230F, .28F, .25F};
constexpr Reflectances asphalt{.080F, .090F, .102F, .112F, .117F, .122F, .126F, .130F, .134F, .135F, .165F, .155F};
constexpr Reflectances roof_metal{.200F, .240F, .270F, .295F, .305F, .310F, .315F, .325F, .330F, .330F, .35F, .33F};
constexpr Reflectances roof_tile{.070F, .082F, .110F, .190F, .230F, .240F, .250F, .265F, .280F, .285F, .37F, .33F};
constexpr Reflectances dirt{.118F, .142F, .180F, .215F, .233F, .243F, .250F, .262F, .270F, .272F, .35F, .305F};
constexpr Reflectances fresh_rock{.150F, .178F, .220F, .255F, .268F, .276F, .282F, .292F, .298F, .300F, .375F, .33F};
constexpr Reflectances overburden{.110F, .130F, .165F, .198F, .210F, .217F, .222F, .232F, .240F, .242F, .30F, .265F};
constexpr Reflectances tailings{.170F, .200F, .240F, .265F, .272F, .276F, .279F, .283F, .285F, .285F, .31F, .255F};
constexpr Reflectances tailings_pool{.085F, .105F, .140F, .118F, .092F, .056F,
                                     .046F, .040F, .032F, .024F, .012F, .009F};
constexpr Reflectances char_{.032F, .036F, .041F, .048F, .054F, .060F, .066F, .072F, .080F, .084F, .155F, .165F};
constexpr Reflectances concrete{.190F, .225F, .265F, .295F, .305F, .312F, .318F, .328F, .335F, .335F, .38F, .36F};
constexpr Reflectances snow_cover{.84F, .87F, .87F, .86F, .85F, .83F, .82F, .81F, .77F, .70F, .115F, .095F};

Reflectances mix(const Reflectances& a, const Reflectances& b, float share_of_b) {
  Reflectances result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = a[i] + (b[i] - a[i]) * share_of_b;
  return result;
}

Reflectances scaled(Reflectances spectrum, float by) {
  for (float& value : spectrum) value *= by;
  return spectrum;
}

/// Wet ground is darker, most of all in the short-wave infrared.
Reflectances wetted(Reflectances spectrum, float wetness) {
  for (std::size_t i = 0; i < spectrum.size(); ++i) spectrum[i] *= 1 - wetness * (i >= 10 ? 0.34F : 0.24F);
  return spectrum;
}

/// Plants of one kind: how much of the ground they cover, and how much of them is green.
struct Plants {
  float cover = 0;
  float green = 0;
};

/// A pulse of the year: rises around `from`, falls around `to`, over about `days`.
float between(float from, float to, float days, float day) {
  return smooth_step_up((day - from) / days) * smooth_step_up((to - day) / days);
}

class Year {
 public:
  Year(const Season& season, float lag_days)
      : season_(season), day_(season.day - season.spring_shift_days - lag_days) {}

  float forest() const { return between(108, 297 + season_.spring_shift_days, 7, day_); }
  float grass() const {
    const float dry = std::clamp(0.74F + 0.22F * season_.drought, 0.0F, 1.0F);
    const float summer = smooth_step_up((day_ - (172 - 16 * season_.drought)) / 11);
    const float autumn = 0.35F * between(268, 325, 12, day_) * (0.4F + 0.6F * season_.wetness);
    return std::clamp(between(78, 330, 9, day_) * (1 - dry * summer) + autumn, 0.0F, 1.0F);
  }
  /// Green share, and how ripe the standing crop is.
  Plants crop_winter() const {
    if (day_ < 192) return {0.25F + 0.7F * smooth_step_up((day_ - 92) / 12), 1 - smooth_step_up((day_ - 168) / 5)};
    if (day_ < 285) return {0, 0};
    return {0.25F * smooth_step_up((day_ - 312) / 8), 1};
  }
  bool winter_stubble() const { return day_ >= 192 && day_ < 262; }
  Plants crop_summer() const {
    if (day_ < 128 || day_ >= 272) return {0, 0};
    return {0.95F * smooth_step_up((day_ - 160) / 8), 1 - smooth_step_up((day_ - 256) / 6)};
  }
  float hay() const {
    float green = between(75, 325, 9, day_);
    for (const float cut : {152.0F, 198.0F, 246.0F}) {
      if (day_ >= cut) green *= 1 - 0.65F * ramp(26, 0, day_ - cut);
    }
    return green;
  }

 private:
  const Season& season_;
  float day_;
};

Reflectances rock(const Reflectances& bare, const Reflectances& plants, float vigour, const Season& season) {
  return mix(wetted(bare, season.wetness), plants, 0.1F + 0.6F * (1 - vigour));
}

Reflectances spectrum_of(Surface surface, const Season& season, float lag_days, float vigour) {
  const Year year(season, lag_days);
  const Reflectances soil = wetted(soil_brown, season.wetness);
  const Reflectances grass = mix(mix(soil, grass_dry, 0.85F), grass_green, year.grass());
  const auto crop = [&](const Plants& plants) {
    const float cover = plants.cover * (0.75F + 0.25F * vigour);
    return mix(soil, mix(crop_ripe, crop_green, plants.green), cover);
  };
  switch (surface) {
    case Surface::forest: {
      const Reflectances canopy = mix(forest_bare, forest_green, year.forest());
      return mix(mix(grass, canopy, 0.5F), canopy, vigour);
    }
    case Surface::grass:
      return mix(mix(soil, grass, 0.6F), grass, vigour);
    case Surface::scrub: {
      const float green = 0.3F + 0.5F * year.forest() + 0.2F * year.grass();
      return mix(grass, mix(scrub_dry, scrub_green, green), 0.35F + 0.6F * vigour);
    }
    case Surface::crop_winter:
      if (year.winter_stubble()) return mix(stubble_cut, soil, 0.25F * season.wetness);
      return crop(year.crop_winter());
    case Surface::crop_summer:
      return crop(year.crop_summer());
    case Surface::crop_hay:
      return mix(mix(soil, stubble_cut, 0.6F), crop_green, year.hay() * (0.7F + 0.3F * vigour));
    case Surface::orchard:
      return mix(grass, mix(forest_bare, forest_green, year.forest()), 0.35F + 0.3F * vigour);
    case Surface::rock_grey:
      return rock(grey, grass, vigour, season);
    case Surface::rock_pale:
      return rock(pale, grass, vigour, season);
    case Surface::rock_limonitic:
      return rock(limonitic, grass, vigour, season);
    case Surface::rock_altered:
      return rock(altered, grass, vigour, season);
    case Surface::rock_dark:
      return rock(dark, grass, vigour, season);
    case Surface::scree:
      return mix(wetted(mix(grey, pale, 0.1F + 0.15F * vigour), 0.5F * season.wetness), grass, 0.5F * (1 - vigour));
    case Surface::river: {
      // Melt water carries silt in spring.
      const float silt_share = between(75, 165, 14, season.day);
      const Reflectances usual =
          mix(mix(clear_water, turbid, 0.35F + 0.65F * silt_share), gravel, 0.25F * (1 - vigour));
      return mix(usual, tailings_pool, season.plume);
    }
    case Surface::reservoir:
      return mix(mix(clear_water, turbid, 0.15F + 0.35F * between(80, 160, 15, season.day) + 0.1F * vigour),
                 tailings_pool, season.plume);
    case Surface::reservoir_bed:
      return wetted(silt, 0.6F * (1 - vigour) + 0.4F * season.wetness);
    case Surface::village: {
      // Roofs, streets and gardens by the pixel.
      if (vigour < 0.2F) return mix(roof_metal, grass, 0.35F);
      if (vigour < 0.45F) return mix(roof_tile, grass, 0.4F);
      if (vigour < 0.6F) return mix(asphalt, soil, 0.3F);
      return mix(grass, mix(forest_bare, forest_green, year.forest()), vigour - 0.4F);
    }
    case Surface::road:
      return wetted(mix(asphalt, dirt, 0.4F + 0.6F * vigour), 0.6F * season.wetness);
    case Surface::pit:
      return wetted(mix(fresh_rock, limonitic, 0.7F * (1 - vigour)), 0.7F * season.wetness);
    case Surface::dump:
      return wetted(mix(overburden, grey, 0.4F * (1 - vigour)), 0.8F * season.wetness);
    case Surface::tailings_beach:
      return wetted(tailings, 0.25F * (1 - vigour) + 0.5F * season.wetness);
    case Surface::tailings_water:
      return mix(tailings_pool, clear_water, 0.3F * vigour);
    case Surface::ploughed:
      return scaled(wetted(soil_brown, 0.3F + 0.7F * season.wetness), 0.92F);
    case Surface::stubble:
      return mix(stubble_cut, soil, 0.3F * (1 - vigour));
    case Surface::burnt:
      return mix(char_, soil, 0.25F * (1 - vigour));
    case Surface::muddy_water:
      return mix(turbid, silt, 0.2F * (1 - vigour));
    case Surface::mud:
      return wetted(silt, 0.8F);
    case Surface::building:
      return mix(concrete, roof_metal, vigour);
    case Surface::snow:
      return scaled(snow_cover, 0.82F + 0.18F * vigour);
    case Surface::washed_gravel:
      return wetted(gravel, 0.2F * (1 - vigour) + 0.6F * season.wetness);
  }
  return soil;
}

}  // namespace

SurfaceSpectra::SurfaceSpectra(const Season& season) {
  table_.reserve(surface_count * phase_steps * vigour_steps);
  for (std::size_t surface = 0; surface < surface_count; ++surface) {
    for (int phase = 0; phase < phase_steps; ++phase) {
      for (int vigour = 0; vigour < vigour_steps; ++vigour) {
        table_.push_back(spectrum_of(static_cast<Surface>(surface), season, static_cast<float>(phase) * phase_step_days,
                                     static_cast<float>(vigour) / (vigour_steps - 1)));
      }
    }
  }
}

}  // namespace pitwatch
