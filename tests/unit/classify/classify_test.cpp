#include "pipeline/classify/classify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace pitwatch {
namespace {

/// Typical surface reflectances of the six bands that classification reads.
struct Ground {
  float blue, green, red, nir, swir16, swir22;
};

constexpr Ground forest{0.02F, 0.04F, 0.03F, 0.30F, 0.14F, 0.06F};
constexpr Ground meadow{0.04F, 0.08F, 0.06F, 0.35F, 0.22F, 0.12F};
constexpr Ground dry_meadow{0.06F, 0.09F, 0.10F, 0.24F, 0.26F, 0.18F};  // NDVI 0.41
constexpr Ground soil{0.08F, 0.12F, 0.17F, 0.24F, 0.34F, 0.30F};
constexpr Ground red_soil{0.06F, 0.10F, 0.20F, 0.28F, 0.38F, 0.33F};
constexpr Ground rock{0.12F, 0.14F, 0.16F, 0.19F, 0.24F, 0.22F};
constexpr Ground water{0.05F, 0.05F, 0.03F, 0.02F, 0.01F, 0.01F};
constexpr Ground turbid_water{0.08F, 0.11F, 0.12F, 0.07F, 0.02F, 0.01F};
constexpr Ground charred{0.03F, 0.04F, 0.05F, 0.08F, 0.17F, 0.16F};
constexpr Ground shaded_rock{0.040F, 0.042F, 0.041F, 0.051F, 0.049F, 0.039F};
constexpr Ground charred_soil{0.06F, 0.07F, 0.08F, 0.11F, 0.20F, 0.18F};  // redder than the forest was
constexpr Ground concrete{0.24F, 0.27F, 0.29F, 0.32F, 0.33F, 0.30F};
constexpr Ground lime{0.34F, 0.38F, 0.42F, 0.46F, 0.52F, 0.45F};
constexpr Ground sand{0.24F, 0.32F, 0.38F, 0.45F, 0.55F, 0.52F};
constexpr Ground pale_sand{0.26F, 0.34F, 0.40F, 0.47F, 0.57F, 0.54F};
constexpr Ground muddy_water{0.10F, 0.13F, 0.15F, 0.12F, 0.08F, 0.05F};
constexpr Ground blue_roof{0.28F, 0.24F, 0.18F, 0.26F, 0.20F, 0.16F};
constexpr Ground grey_roof{0.19F, 0.19F, 0.19F, 0.21F, 0.20F, 0.18F};

Spectrum spectrum(const Ground& ground, bool with_swir = true) {
  Spectrum result;
  const auto set = [&](Band band, float value) { result[static_cast<std::size_t>(band)] = value; };
  set(Band::B02, ground.blue);
  set(Band::B03, ground.green);
  set(Band::B04, ground.red);
  set(Band::B08, ground.nir);
  if (with_swir) {
    set(Band::B11, ground.swir16);
    set(Band::B12, ground.swir22);
  }
  return result;
}

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
      EXPECT_EQ(change_class_names[static_cast<std::size_t>(top)].change_class, classify_change(before, after))
          << c.what << (with_swir ? "" : ", without SWIR");
    }
  }
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
  constexpr Ground snow_between_plants{0.30F, 0.31F, 0.30F, 0.33F, 0.10F, 0.08F};
  EXPECT_EQ(classify_change(spectrum(meadow), spectrum(pond_with_shore)), ChangeClass::to_water);
  EXPECT_EQ(classify_change(spectrum(soil), spectrum(white_rock)), ChangeClass::built_or_bright);
  EXPECT_NE(classify_change(spectrum(meadow), spectrum(snow_between_plants)), ChangeClass::to_water);
  EXPECT_NE(classify_change(spectrum(white_rock), spectrum(soil)), ChangeClass::from_water);
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
