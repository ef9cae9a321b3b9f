#include "pipeline/classify/classify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "tests/unit/classify/spectra.hpp"

namespace pitwatch {
namespace {

struct Case {
  const char* what;
  Ground before;
  Ground after;
  ChangeClass expected;
  ChangeClass without_swir;
};

constexpr Case cases[] = {
    {"forest cleared", forest, soil, ChangeClass::vegetation_to_bare, ChangeClass::vegetation_to_bare},
    {"meadow stripped", meadow, red_soil, ChangeClass::vegetation_to_bare, ChangeClass::vegetation_to_bare},
    {"meadow quarried", meadow, rock, ChangeClass::vegetation_to_bare, ChangeClass::vegetation_to_bare},
    {"soil dug to rock", soil, rock, ChangeClass::bare_to_bare, ChangeClass::bare_to_bare},
    {"rock covered with waste", rock, red_soil, ChangeClass::bare_to_bare, ChangeClass::bare_to_bare},
    {"pit flooded", soil, water, ChangeClass::to_water, ChangeClass::to_water},
    {"tailings pond", soil, turbid_water, ChangeClass::to_water, ChangeClass::to_water},
    {"forest flooded", forest, water, ChangeClass::to_water, ChangeClass::to_water},
    {"shaded rock lit and dug", shaded_rock, rock, ChangeClass::bare_to_bare, ChangeClass::bare_to_bare},
    {"pond drained", water, soil, ChangeClass::from_water, ChangeClass::from_water},
    {"shore overgrown", turbid_water, meadow, ChangeClass::from_water, ChangeClass::from_water},
    {"forest thinned", forest, meadow, ChangeClass::vegetation_change, ChangeClass::vegetation_change},
    {"meadow dried", meadow, dry_meadow, ChangeClass::vegetation_change, ChangeClass::vegetation_change},
    {"soil overgrown", soil, meadow, ChangeClass::vegetation_change, ChangeClass::vegetation_change},
    {"forest as ever", forest, forest, ChangeClass::vegetation_change, ChangeClass::vegetation_change},
    // Without short-wave infrared there is no NBR: charred ground is what is no longer green.
    {"dry meadow burnt", dry_meadow, charred, ChangeClass::burn, ChangeClass::vegetation_to_bare},
    {"forest burnt to the ground", forest, charred_soil, ChangeClass::burn, ChangeClass::vegetation_to_bare},
    {"meadow paved", meadow, concrete, ChangeClass::built_or_bright, ChangeClass::vegetation_to_bare},
    {"lime on meadow", meadow, lime, ChangeClass::built_or_bright, ChangeClass::built_or_bright},
    {"lime on soil", soil, lime, ChangeClass::built_or_bright, ChangeClass::built_or_bright},
    // As bright as before, with a spectrum that rises as that of sand does.
    {"sand blown about", sand, pale_sand, ChangeClass::bare_to_bare, ChangeClass::bare_to_bare},
    // A mean that holds some shore: without short-wave infrared too bright for water.
    {"settling pond", soil, muddy_water, ChangeClass::to_water, ChangeClass::bare_to_bare},
    {"blue roof on soil", soil, blue_roof, ChangeClass::built_or_bright, ChangeClass::bare_to_bare},
    {"grey roof on soil", soil, grey_roof, ChangeClass::built_or_bright, ChangeClass::bare_to_bare},
};

TEST(ClassifyChange, TypicalSpectra) {
  for (const Case& c : cases) {
    EXPECT_EQ(name(classify_change(spectrum(c.before), spectrum(c.after))), name(c.expected)) << c.what;
    EXPECT_EQ(name(classify_change(spectrum(c.before, false), spectrum(c.after, false))), name(c.without_swir))
        << c.what << ", without SWIR";
  }
}

TEST(ClassifyChange, RedAndNearInfraredAlone) {
  const auto two_bands = [](const Ground& ground) {
    Spectrum result = spectrum(ground, false);
    for (const Band band : {Band::B02, Band::B03}) result[static_cast<std::size_t>(band)].reset();
    return result;
  };
  const auto class_of = [&](const Ground& before, const Ground& after) {
    return name(classify_change(two_bands(before), two_bands(after)));
  };
  EXPECT_EQ(class_of(forest, soil), "vegetation_to_bare");
  EXPECT_EQ(class_of(soil, rock), "bare_to_bare");
  EXPECT_EQ(class_of(soil, water), "to_water");
  EXPECT_EQ(class_of(forest, meadow), "vegetation_change");
  EXPECT_EQ(class_of(meadow, lime), "built_or_bright");  // red alone is bright enough
  EXPECT_EQ(class_of(meadow, concrete), "vegetation_to_bare");
}

TEST(ClassifyChange, IsUnknownWithoutRedAndNearInfraredOnBothDates) {
  for (const Case& c : cases) {
    for (const Band band : {Band::B04, Band::B08}) {
      for (const bool is_before : {true, false}) {
        std::array spectra{spectrum(c.before), spectrum(c.after)};
        spectra[is_before ? 0 : 1][static_cast<std::size_t>(band)].reset();
        EXPECT_EQ(name(classify_change(spectra[0], spectra[1])), "unknown") << c.what << " " << name(band);
        EXPECT_EQ(class_probabilities(spectra[0], spectra[1])[index(ChangeClass::unknown)], 1) << c.what;
      }
    }
  }
}

TEST(ClassifyChange, ABandThatOneDateLacksDecidesNothing) {
  const auto without = [](const Ground& ground, Band band) {
    Spectrum result = spectrum(ground);
    result[static_cast<std::size_t>(band)].reset();
    return result;
  };
  // Blue is darker than red: sand that did not change is not brighter than it was.
  EXPECT_EQ(name(classify_change(spectrum(sand), without(sand, Band::B02))), "bare_to_bare");
  EXPECT_EQ(name(classify_change(without(sand, Band::B02), spectrum(sand))), "bare_to_bare");
  // A forest in the shade has the NBR of a forest.
  constexpr Ground shaded_forest{0.02F, 0.04F, 0.03F, 0.15F, 0.10F, 0.05F};
  ASSERT_EQ(name(classify_change(spectrum(forest), spectrum(shaded_forest))), "vegetation_change");
  EXPECT_EQ(name(classify_change(spectrum(forest), without(shaded_forest, Band::B12))), "vegetation_change");
}

TEST(MeanSpectrum, ABandOfACornerIsNotTheRegions) {
  BandSums sums;
  for (int i = 0; i < 10; ++i) sums.add(Band::B04, 2000);
  for (int i = 0; i < 5; ++i) sums.add(Band::B08, 3000);
  for (int i = 0; i < 4; ++i) sums.add(Band::B11, 3000);
  const Spectrum mean = mean_spectrum(sums, {{Band::B04, {}}, {Band::B08, {}}, {Band::B11, {}}});
  EXPECT_TRUE(mean[static_cast<std::size_t>(Band::B08)].has_value());
  EXPECT_FALSE(mean[static_cast<std::size_t>(Band::B11)].has_value());
}

TEST(BandSums, AddUpInAnyOrderAndGrouping) {
  BandSums whole, first, second;
  const std::uint16_t values[] = {1, 65535, 1200, 4000};
  for (std::size_t i = 0; i < 4; ++i) {
    whole.add(Band::B04, values[i]);
    (i < 1 ? first : second).add(Band::B04, values[i]);
  }
  whole.add(Band::B11, 7);
  second.add(Band::B11, 7);
  BandSums forward = first;
  forward += second;
  BandSums backward = second;
  backward += first;
  for (const BandSums& sums : {forward, backward}) {
    EXPECT_EQ(sums.sum, whole.sum);
    EXPECT_EQ(sums.count, whole.count);
  }
  EXPECT_EQ(whole.sum[static_cast<std::size_t>(Band::B04)], 70736);
  EXPECT_EQ(whole.count[static_cast<std::size_t>(Band::B04)], 4);
}

TEST(BandSums, APixelOfWeightThreeCountsAsThree) {
  BandSums weighted;
  weighted.add(Band::B04, 1000, 3);
  weighted.add(Band::B04, 5000);
  BandSums single;
  for (int i = 0; i < 3; ++i) single.add(Band::B04, 1000);
  single.add(Band::B04, 5000);
  EXPECT_EQ(weighted.sum, single.sum);
  EXPECT_EQ(weighted.count, single.count);
}

TEST(MeanSpectrum, IsTheCalibratedMeanAndNothingForBandsWithoutPixels) {
  BandSums sums;
  sums.add(Band::B04, 2000);
  sums.add(Band::B04, 3000);
  sums.add(Band::B02, 1000);  // not calibrated
  Calibration shifted;
  shifted.offset = -0.1F;
  const Spectrum mean = mean_spectrum(sums, {{Band::B04, shifted}, {Band::B08, {}}});
  EXPECT_FLOAT_EQ(mean[static_cast<std::size_t>(Band::B04)].value(), 0.15F);
  EXPECT_FALSE(mean[static_cast<std::size_t>(Band::B08)].has_value());
  EXPECT_FALSE(mean[static_cast<std::size_t>(Band::B02)].has_value());
}

TEST(ClassProbabilities, SumToOneAndAreHighestForTheClassThatIsTold) {
  for (const Case& c : cases) {
    for (const bool with_swir : {true, false}) {
      const Spectrum before = spectrum(c.before, with_swir);
      const Spectrum after = spectrum(c.after, with_swir);
      const ClassProbabilities likely = class_probabilities(before, after);
      EXPECT_NEAR(std::accumulate(likely.begin(), likely.end(), 0.0), 1, 1e-12) << c.what;
      const auto top = std::max_element(likely.begin(), likely.end()) - likely.begin();
      // What is dark after plants may be burnt: two dates call it bared, and say by the probabilities that they guess.
      const bool is_guessed = !with_swir && c.expected == ChangeClass::burn;
      EXPECT_EQ(change_class_names[static_cast<std::size_t>(top)].change_class,
                is_guessed ? ChangeClass::unknown : classify_change(before, after))
          << c.what << (with_swir ? "" : ", without SWIR");
    }
  }
}

TEST(ClassProbabilities, WithoutTheBandThatTellsBurnsDarkGroundIsUnknownWhereItWasGreen) {
  const auto unknown = [](const Ground& before, const Ground& after, bool with_swir) {
    return class_probabilities(spectrum(before, with_swir), spectrum(after, with_swir))[index(ChangeClass::unknown)];
  };
  constexpr Ground woods{0.04F, 0.06F, 0.05F, 0.20F, 0.12F, 0.10F};
  constexpr Ground burnt{0.03F, 0.04F, 0.05F, 0.07F, 0.14F, 0.13F};
  EXPECT_GT(unknown(woods, burnt, false), 0.5);
  EXPECT_EQ(unknown(woods, burnt, true), 0);
  EXPECT_LT(unknown(woods, soil, false), 0.1);   // brighter in red
  EXPECT_LT(unknown(rock, burnt, false), 0.1);   // had no plants
  EXPECT_LT(unknown(woods, water, false), 0.1);  // water before all
  Ground one = burnt;
  one.nir = 0.23F;  // brighter in the near infrared than before
  one.red = 0.15F;
  EXPECT_LT(unknown(woods, one, false), 0.1);
}

TEST(ClassProbabilities, AreTheLessCertainTheNearerTheBound) {
  // NDVI of 0.30 divides plants from bare ground.
  const auto green = [](float nir) {
    Ground ground = soil;
    ground.nir = nir;
    return class_probabilities(spectrum(meadow), spectrum(ground))[index(ChangeClass::vegetation_change)];
  };
  const float at_bound = soil.red * 1.3F / 0.7F;
  EXPECT_NEAR(green(at_bound), 0.5, 0.01);
  EXPECT_LT(green(0.24F), 0.1);
  EXPECT_GT(green(0.45F), 0.9);
}

TEST(ClassProbabilities, GroundThatIsGreenAtTimesWasVegetation) {
  const auto vegetated = [](double greenest_ndvi) {
    return class_probabilities(spectrum(rock), spectrum(soil), greenest_ndvi)[index(ChangeClass::vegetation_to_bare)];
  };
  EXPECT_LT(vegetated(-1), 0.1);
  EXPECT_LT(vegetated(0.35), 0.1);
  EXPECT_NEAR(vegetated(0.52), 0.5, 0.05);
  EXPECT_GT(vegetated(0.7), 0.9);
}

TEST(ClassifyChange, WaterWithShoreInTheMeanIsWaterAndBrightGroundIsNone) {
  constexpr Ground pond_with_shore{0.06F, 0.085F, 0.077F, 0.10F, 0.06F, 0.05F};
  constexpr Ground white_rock{0.40F, 0.43F, 0.45F, 0.46F, 0.31F, 0.28F};  // MNDWI 0.16
  constexpr Ground dull_salt{0.20F, 0.20F, 0.19F, 0.19F, 0.19F, 0.17F};  // MNDWI 0.03, as dark as water near a shore in
                                                                         // all bands but the short-wave infrared
  constexpr Ground snow_between_plants{0.30F, 0.31F, 0.30F, 0.33F, 0.10F, 0.08F};
  EXPECT_EQ(classify_change(spectrum(meadow), spectrum(pond_with_shore)), ChangeClass::to_water);
  EXPECT_EQ(classify_change(spectrum(soil), spectrum(white_rock)), ChangeClass::built_or_bright);
  EXPECT_NE(classify_change(spectrum(soil), spectrum(dull_salt)), ChangeClass::to_water);
  EXPECT_NE(classify_change(spectrum(meadow), spectrum(snow_between_plants)), ChangeClass::to_water);
  EXPECT_NE(classify_change(spectrum(white_rock), spectrum(soil)), ChangeClass::from_water);
}

// ---- one rule at a time: spectra that keep all of its bounds but one ----

ChangeClass change(const Ground& before, const Ground& after) {
  return classify_change(spectrum(before), spectrum(after));
}

TEST(ClassifyChange, WaterThatStaysWaterIsNoNewWater) {
  EXPECT_NE(change(water, turbid_water), ChangeClass::to_water);
  EXPECT_NE(change(turbid_water, water), ChangeClass::from_water);
}

TEST(ClassifyChange, EachFormOfWaterIsEnough) {
  constexpr Ground clear{0.05F, 0.06F, 0.04F, 0.06F, 0.02F, 0.01F};
  constexpr Ground with_green_shore{0.05F, 0.09F, 0.06F, 0.10F, 0.08F, 0.05F};          // NDVI 0.25, MNDWI 0.06
  constexpr Ground darker_in_swir_than_nir{0.07F, 0.075F, 0.09F, 0.12F, 0.09F, 0.07F};  // as soil and rock are not
  constexpr Ground turbid_with_land_in_swir{0.10F, 0.13F, 0.13F, 0.10F, 0.14F, 0.10F};
  for (const Ground& form :
       {clear, turbid_water, with_green_shore, darker_in_swir_than_nir, turbid_with_land_in_swir}) {
    EXPECT_EQ(change(soil, form), ChangeClass::to_water) << form.nir;
    EXPECT_EQ(change(form, soil), ChangeClass::from_water) << form.nir;
  }
}

TEST(ClassifyChange, ABurnIsADarkFallOfNbrAndNoneWhereOneOfItsSignsIsMissing) {
  constexpr Ground woods{0.04F, 0.06F, 0.05F, 0.16F, 0.12F, 0.10F};
  constexpr Ground burnt{0.03F, 0.04F, 0.05F, 0.09F, 0.14F, 0.13F};
  ASSERT_EQ(change(woods, burnt), ChangeClass::burn);
  Ground one = burnt;
  one.swir22 = 0.085F;  // NBR falls by 0.2
  EXPECT_NE(change(woods, one), ChangeClass::burn);
  one = burnt;
  one.swir16 = 0.065F;  // as dark as wet ground
  EXPECT_NE(change(woods, one), ChangeClass::burn);
  one = burnt;
  one.red = 0.12F;  // as bright as bared soil
  EXPECT_NE(change(woods, one), ChangeClass::burn);
  Ground darker = woods;  // so that it gets brighter in the near infrared
  darker.nir = 0.08F;
  darker.red = 0.025F;
  darker.swir22 = 0.05F;
  EXPECT_NE(change(darker, burnt), ChangeClass::burn);
  constexpr Ground moist_soil{0.05F, 0.06F, 0.07F, 0.11F, 0.10F, 0.06F};  // NDVI 0.22: no plants that could burn
  EXPECT_NE(change(moist_soil, burnt), ChangeClass::burn);
}

TEST(ClassifyChange, ShadeIsNotBuiltThoughItsSpectrumIsFlat) {
  constexpr Ground shade{0.05F, 0.06F, 0.07F, 0.08F, 0.08F, 0.07F};
  constexpr Ground asphalt{0.11F, 0.12F, 0.13F, 0.14F, 0.14F, 0.13F};
  EXPECT_EQ(change(rock, shade), ChangeClass::bare_to_bare);
  EXPECT_EQ(change(rock, asphalt), ChangeClass::built_or_bright);
}

TEST(SpectralIndices, ThoseWhoseBandsAreThere) {
  const auto all = spectral_indices(spectrum(soil));
  EXPECT_NEAR(all.at("ndvi"), (0.24 - 0.17) / (0.24 + 0.17), 1e-6);
  EXPECT_NEAR(all.at("nbr"), (0.24 - 0.30) / (0.24 + 0.30), 1e-6);
  const auto without_swir = spectral_indices(spectrum(soil, false));
  EXPECT_EQ(without_swir.count("ndvi"), 1U);
  EXPECT_EQ(without_swir.count("nbr"), 0U);
  EXPECT_TRUE(spectral_indices({}).empty());
  // A denominator of zero is no value.
  EXPECT_EQ(spectral_indices(spectrum({})).count("ndvi"), 0U);
}

TEST(IndexChange, IsTakenWhereBothDatesHaveTheIndex) {
  const auto change = index_change(spectrum(forest), spectrum(soil, false));
  EXPECT_NEAR(change.at("ndvi"), 0.07 / 0.41 - 0.27 / 0.33, 1e-6);
  EXPECT_EQ(change.count("nbr"), 0U);
}

}  // namespace
}  // namespace pitwatch
