#include "pipeline/classify/course.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/unit/classify/spectra.hpp"

namespace pitwatch {
namespace {

GroundShown shown(const Spectrum& before, const Spectrum& now, double greenest_ndvi = -1) {
  GroundShown result;
  result.add(before, now, greenest_ndvi);
  return result;
}

/// A course of one piece of ground.
struct Place {
  Ground before;
  bool by_water = false;
  double greenest_ndvi = -1;
  ClassCourse course = {};

  const ToldClass& see(const Ground& now, double days, double own_year_share = 0, bool is_over = false) {
    take_in(course, {shown(spectrum(before), spectrum(now), greenest_ndvi), days, greenest_ndvi, own_year_share,
                     by_water, is_over});
    return course.told;
  }
};

constexpr double published = default_max_natural;

TEST(GroundShown, PixelsWeighByHowMuchTheyChangedAndByTheirWeight) {
  GroundShown mixed;
  mixed.add(spectrum(meadow), spectrum(water), -1);
  for (int i = 0; i < 5; ++i) mixed.add(spectrum(meadow), spectrum(meadow), -1);
  EXPECT_GT(mixed.classes()[index(ChangeClass::to_water)], 0.9);
  EXPECT_LT(mixed.ndvi(), 0);
  EXPECT_NEAR(mixed.ndvi_before(), 0.29 / 0.41, 1e-5);
  GroundShown weighted;
  weighted.add(spectrum(meadow), spectrum(water), -1, 3);
  weighted.add(spectrum(meadow), spectrum(soil), -1, 1);
  EXPECT_NEAR(weighted.classes()[index(ChangeClass::to_water)], 0.75, 0.05);
  EXPECT_NEAR(weighted.red_rise(), (3 * -0.03 + 0.11) / 4, 0.01);
}

TEST(GroundShown, TellsWhereHalfOfItIsNoSnow) {
  GroundShown ground;
  EXPECT_FALSE(ground.tells());
  ground.add(spectrum(meadow), spectrum(soil), -1);
  EXPECT_TRUE(ground.tells());
  ground.add(spectrum(meadow), spectrum(snow), -1);
  EXPECT_TRUE(ground.tells());
  EXPECT_NEAR(ground.red_rise(), 0.11, 1e-5);
  ground.add(spectrum(meadow), spectrum(snow), -1, 0.1);
  EXPECT_FALSE(ground.tells());
}

TEST(GroundShown, APixelWithoutRedOrNearInfraredTellsNothing) {
  for (const Band band : {Band::B04, Band::B08}) {
    Spectrum lacking = spectrum(soil);
    lacking[static_cast<std::size_t>(band)].reset();
    EXPECT_FALSE(shown(spectrum(meadow), lacking).tells());
    EXPECT_FALSE(shown(lacking, spectrum(meadow)).tells());
  }
  Spectrum lacking = spectrum(shaded_rock);
  lacking[static_cast<std::size_t>(Band::B11)].reset();
  const auto to_water = [](const GroundShown& ground) { return ground.classes()[index(ChangeClass::to_water)]; };
  EXPECT_LT(to_water(shown(lacking, spectrum(shaded_rock))), to_water(shown(spectrum(soil), spectrum(shaded_rock))));
}

TEST(GroundShown, SnowIsBrightInAllBandsButTheShortWaveInfrared) {
  const auto is_seen = [](const Ground& now) {
    GroundShown ground;
    ground.add(spectrum(soil), spectrum(now), -1);
    return ground.tells();
  };
  Ground in_patches = soil;
  in_patches.green = 0.25F;
  in_patches.nir = 0.30F;
  in_patches.swir16 = 0.20F;
  EXPECT_FALSE(is_seen(in_patches));
  in_patches.swir16 = 0.22F;
  EXPECT_TRUE(is_seen(in_patches));
  in_patches.swir16 = 0.10F;
  in_patches.green = 0.19F;
  EXPECT_TRUE(is_seen(in_patches));
  EXPECT_TRUE(is_seen(water));
}

TEST(GroundShown, SnowIsBrighterThanTheShortWaveInfraredInTheNearInfraredToo) {
  Ground white_rock = soil;
  white_rock.green = 0.30F;
  white_rock.nir = 0.21F;
  white_rock.swir16 = 0.20F;
  EXPECT_TRUE(shown(spectrum(soil), spectrum(white_rock)).tells());
}

TEST(GroundShown, TellsOfAllOfItWhereNothingChanged) {
  const GroundShown unchanged = shown(spectrum(meadow), spectrum(meadow));
  EXPECT_GT(unchanged.classes()[index(ChangeClass::vegetation_change)], 0.9);
  EXPECT_NEAR(unchanged.ndvi(), 0.29 / 0.41, 1e-5);
  EXPECT_NEAR(unchanged.red_rise(), 0, 1e-9);
}

TEST(GroundShown, DarkGroundIsMuddyWaterUnlessItRisesToTheShortWaveInfrared) {
  constexpr Ground muddy{0.04F, 0.05F, 0.07F, 0.095F, 0.085F, 0.08F};
  constexpr Ground coal{0.04F, 0.05F, 0.055F, 0.065F, 0.08F, 0.08F};
  constexpr Ground basalt{0.06F, 0.067F, 0.073F, 0.084F, 0.105F, 0.098F};
  const auto water_now = [](const Ground& before, const Ground& now) {
    return shown(spectrum(before), spectrum(now)).classes()[index(ChangeClass::to_water)];
  };
  EXPECT_GT(water_now(soil, muddy), 0.7);
  EXPECT_LT(water_now(soil, coal), 0.1);
  EXPECT_LT(water_now(soil, basalt), 0.1);
  EXPECT_LT(water_now(muddy, muddy), 0.5);  // as it was
}

TEST(ClassCourse, TheFirstObservationTellsWhereItIsCertain) {
  Place pit{forest};
  EXPECT_EQ(pit.see(soil, 0).change_class, ChangeClass::vegetation_to_bare);
  EXPECT_GT(pit.course.told.class_probability, 0.8F);
  EXPECT_LT(pit.course.told.natural_probability, 0.1F);
  EXPECT_EQ(pit.course.observations, 1);
}

TEST(ClassCourse, UnknownWhereNoClassIsLikelyEnough) {
  Place doubtful{meadow};
  Ground between = soil;  // half green, and half as flat as concrete
  between.nir = between.red * 1.3F / 0.7F;
  between.swir16 = between.red * 1.2F;
  EXPECT_EQ(doubtful.see(between, 0).change_class, ChangeClass::unknown);
  EXPECT_LT(doubtful.course.told.class_probability, 0.5F);
  EXPECT_GT(doubtful.course.told.class_probability, 0.2F);
  // What is told later needs no second observation: nothing was told before.
  EXPECT_EQ(doubtful.see(soil, 5).change_class, ChangeClass::vegetation_to_bare);
}

TEST(ClassCourse, OneObservationDoesNotChangeAClassThatIsTold) {
  Place pit{meadow};
  for (int observation = 0; observation < 6; ++observation) pit.see(soil, 5 * observation);
  ASSERT_EQ(pit.course.told.change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(pit.see(concrete, 30).change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(pit.see(soil, 35).change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(pit.course.challenges, 0);
  // What lasts does, but not at the first observation in which it is likelier.
  int needed = 0;
  while (pit.see(concrete, 40 + 5 * needed).change_class != ChangeClass::built_or_bright && needed < 20) ++needed;
  EXPECT_GE(needed, 2);
  EXPECT_LE(needed, 6);
}

TEST(ClassCourse, AClassHasToBeLikelierForSomeObservationsInARow) {
  CourseOptions patient;
  patient.class_observations = 4;
  const auto observations_to_change = [](const CourseOptions& options) {
    ClassCourse course;
    int observations = 0;
    for (int i = 0; i < 4; ++i) take_in(course, {shown(spectrum(meadow), spectrum(soil))}, options);
    while (course.told.change_class != ChangeClass::built_or_bright && observations < 30) {
      take_in(course, {shown(spectrum(meadow), spectrum(concrete))}, options);
      ++observations;
    }
    return observations;
  };
  EXPECT_EQ(observations_to_change(patient), observations_to_change({}) + 2);
}

TEST(ClassCourse, SnowTellsNothing) {
  Place pit{meadow};
  pit.see(soil, 0);
  const ClassCourse before = pit.course;
  pit.see(snow, 5);
  EXPECT_EQ(pit.course, before);
  pit.see(soil, 5);
  EXPECT_NE(pit.course, before);
}

TEST(ClassCourse, APondIsWaterFromTheThirdObservationOnAndForAsLongAsItLasts) {
  for (const bool by_water : {false, true}) {
    Place pond{meadow, by_water};
    pond.see(water, 0);
    pond.see(water, 5);
    EXPECT_EQ(pond.see(water, 10).change_class, ChangeClass::to_water) << by_water;
    for (int days = 15; days < 700; days += 15) {
      EXPECT_EQ(pond.see(water, days).change_class, ChangeClass::to_water) << by_water << " " << days;
      EXPECT_LT(pond.course.told.natural_probability, 0.5F) << by_water << " " << days;
    }
  }
}

TEST(ClassCourse, ADarkPondIsNeverABurn) {
  Place pond{forest};
  pond.see(water, 0);
  EXPECT_LT(course_probabilities(pond.course, {shown(spectrum(forest), spectrum(water))})[index(ChangeClass::burn)],
            0.05);
}

TEST(ClassCourse, WaterBesideWaterIsAFloodAtFirstSightAndWhenItWent) {
  Place flood{meadow, true};
  EXPECT_EQ(flood.see(water, 0).change_class, ChangeClass::flood);
  EXPECT_GT(flood.course.told.natural_probability, 0.8F);
  for (int observation = 1; observation < 8; ++observation) flood.see(meadow, 10 + 5 * observation);
  EXPECT_EQ(flood.course.told.change_class, ChangeClass::flood);
  EXPECT_GT(flood.course.told.natural_probability, published);

  Place elsewhere{meadow};
  EXPECT_EQ(elsewhere.see(water, 0).change_class, ChangeClass::to_water);
  EXPECT_LT(elsewhere.course.told.natural_probability, 0.3F);

  Place drained{meadow, true};  // after a year it was a pond
  for (int days = 0; days < 365; days += 10) drained.see(water, days);
  for (int observation = 0; observation < 8; ++observation) drained.see(soil, 370 + 5 * observation);
  EXPECT_LT(drained.course.told.natural_probability, published);
}

TEST(ClassCourse, CharredGroundIsABurnAndStaysOneWhenItGreens) {
  Place burn{forest};
  EXPECT_EQ(burn.see(charred, 0).change_class, ChangeClass::burn);
  EXPECT_GT(burn.course.told.natural_probability, published);
  for (int days = 5; days < 60; days += 5) burn.see(charred, days);
  for (int days = 60; days < 300; days += 5) burn.see(meadow, days);
  EXPECT_EQ(burn.course.told.change_class, ChangeClass::burn);
  EXPECT_GT(burn.course.told.natural_probability, published);
}

TEST(ClassCourse, CharThatTurnsOutBareOrStaysForYearsIsNoBurn) {
  Place dug{forest};
  dug.see(charred, 0);
  for (int days = 5; days < 60; days += 5) dug.see(rock, days);
  EXPECT_EQ(dug.course.told.change_class, ChangeClass::vegetation_to_bare);
  EXPECT_LT(dug.course.told.natural_probability, 0.1F);

  Place coal{forest, false, 0.8};
  for (int days = 0; days < 365; days += 5) coal.see(charred, days);
  EXPECT_GT(coal.course.told.natural_probability, published);
  for (int days = 365; days < 1200; days += 5) coal.see(charred, days);
  EXPECT_LT(coal.course.told.natural_probability, published);
}

TEST(ClassCourse, WhatIsSoonGreenAgainWasHarvested) {
  Place field{meadow};
  field.see(soil, 0);
  EXPECT_LT(field.course.told.natural_probability, 0.1F);
  field.see(soil, 30);
  for (int days = 60; days < 200; days += 10) field.see(meadow, days);
  EXPECT_EQ(field.course.told.change_class, ChangeClass::harvest);
  EXPECT_GT(field.course.told.natural_probability, published);

  Place planted{meadow};  // dug ground that is planted after months
  for (int days = 0; days < 130; days += 10) planted.see(soil, days);
  for (int days = 130; days < 300; days += 10) planted.see(meadow, days);
  EXPECT_NE(planted.course.told.change_class, ChangeClass::harvest);
}

TEST(ClassCourse, WhatObservationsLikeItsOwnOtherSeasonsWasHarvested) {
  const auto natural = [](double own_year_share, double days, double greenest_ndvi = 0.6) {
    Place field{meadow, false, greenest_ndvi};
    return static_cast<double>(field.see(soil, days, own_year_share).natural_probability);
  };
  EXPECT_LT(natural(0.2, 30), 0.1);
  EXPECT_NEAR(natural(0.45, 30), 0.5, 0.05);
  EXPECT_GT(natural(0.75, 30), published);
  // A field is green again by then, unless the year was dry.
  EXPECT_NEAR(natural(0.7, 150), 0.5, 0.05);
  Place bare{rock, false, 0.2};
  EXPECT_LT(bare.see(soil, 30, 0.9).natural_probability, 0.1F);  // bare ground has no harvest
  Place bare_in_spring{rock, false, 0.6};
  EXPECT_GT(bare_in_spring.see(soil, 30, 0.9).natural_probability, published);
}

TEST(ClassCourse, GreenGroundThatIsSoonAsEverWasHarvestedAndFloodedBesideWater) {
  for (const bool by_water : {false, true}) {
    Place over{meadow, by_water};
    over.see(soil, 0);
    over.see(soil, 20);
    EXPECT_EQ(over.see(meadow, 50, 0, true).change_class, by_water ? ChangeClass::flood : ChangeClass::harvest);
    EXPECT_GT(over.course.told.natural_probability, published);
  }
  Place filled{meadow};  // so long it was dug and filled
  for (int days = 0; days < 200; days += 10) filled.see(soil, days);
  EXPECT_LT(filled.see(meadow, 200, 0, true).natural_probability, 0.5F);
  Place rocky{rock, true};
  rocky.see(soil, 0);
  EXPECT_GT(rocky.see(rock, 30, 0, true).natural_probability, published);
}

TEST(ClassCourse, GroundThatFellDryIsNaturalInAllLikelihoodUnlessItIsBright) {
  constexpr Ground mud{0.09F, 0.11F, 0.12F, 0.14F, 0.17F, 0.14F};
  for (const auto& [bed, least, most] : {std::tuple(mud, 0.65, 0.76), std::tuple(soil, 0.3, 0.5)}) {
    Place place{water};
    EXPECT_EQ(place.see(bed, 0).change_class, ChangeClass::from_water);
    for (int observation = 1; observation < 5; ++observation) place.see(bed, 5 * observation);
    EXPECT_GT(place.course.told.natural_probability, least);
    EXPECT_LT(place.course.told.natural_probability, most);
  }
}

// ---- one rule at a time ----

TEST(ClassCourse, AboutFourObservationsCountHoweverLongTheCourseWas) {
  const auto needed_after = [](int observations) {
    Place place{meadow};
    for (int i = 0; i < observations; ++i) place.see(soil, i);
    int needed = 0;
    while (needed < 40 && place.see(concrete, observations + needed).change_class != ChangeClass::built_or_bright) {
      ++needed;
    }
    return needed;
  };
  EXPECT_LE(needed_after(60), needed_after(6) + 1);
}

TEST(ClassCourse, NoObservationRulesOutAClassThatCanBeSeen) {
  Place pond{meadow};
  pond.see(water, 0);
  for (const auto& named : change_class_names) {
    const float seen = pond.course.seen[index(named.change_class)];
    const bool can_be_seen = named.change_class != ChangeClass::flood && named.change_class != ChangeClass::harvest &&
                             named.change_class != ChangeClass::unknown;
    if (can_be_seen) {
      EXPECT_GT(seen, 0.005F) << named.name;
    } else {
      EXPECT_EQ(seen, 0) << named.name;
    }
  }
}

TEST(ClassCourse, TheFirstObservationInWhichAnotherClassIsLikelierDoesNotChangeIt) {
  Place pit{meadow};
  for (int i = 0; i < 4; ++i) pit.see(soil, i);
  int days = 4;
  while (pit.course.challenges == 0) {
    ASSERT_LT(days, 30);
    EXPECT_EQ(pit.see(concrete, days++).change_class, ChangeClass::vegetation_to_bare);
  }
  EXPECT_EQ(pit.see(concrete, days).change_class, ChangeClass::built_or_bright);
}

TEST(ClassCourse, AnotherClassHasToBeLikelierByTheMargin) {
  CourseOptions options;
  options.class_margin = 0.99;  // more than any class reaches over one that has been told
  ClassCourse course;
  for (int i = 0; i < 4; ++i) take_in(course, {shown(spectrum(meadow), spectrum(soil))}, options);
  ClassCourse usual = course;
  for (int i = 0; i < 6; ++i) {
    take_in(course, {shown(spectrum(meadow), spectrum(concrete))}, options);
    take_in(usual, {shown(spectrum(meadow), spectrum(concrete))});
  }
  EXPECT_EQ(course.told.change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(usual.told.change_class, ChangeClass::built_or_bright);
}

TEST(ClassCourse, OfGroundThatIsSoonGreenerOnlyWhatRegrewWasHarvested) {
  const auto is_back_after = [](const Ground& now, double days) {
    Place field{meadow};  // NDVI 0.71, of soil 0.17
    field.see(soil, 0);
    field.see(now, days);
    return field.course.is_back;
  };
  Ground half_green = meadow;
  half_green.nir = 0.175F;  // NDVI 0.49: 0.6 of the loss
  Ground sprouting = meadow;
  sprouting.nir = 0.14F;  // NDVI 0.40: 0.4 of it
  EXPECT_TRUE(is_back_after(half_green, 50));
  EXPECT_FALSE(is_back_after(sprouting, 50));
  EXPECT_FALSE(is_back_after(half_green, 120));  // so late it was planted
  // More than half of a small loss is not green yet.
  Place sparse{dry_meadow};  // NDVI 0.41
  sparse.see(soil, 0);
  Ground hardly_green = dry_meadow;
  hardly_green.nir = 0.19F;  // NDVI 0.31
  sparse.see(hardly_green, 50);
  EXPECT_FALSE(sparse.course.is_back);
}

TEST(ClassCourse, CharSpeaksForABurnInTheFirstTwentyDaysAboveAll) {
  const auto odds_after = [](double days) {
    Place burn{forest};
    burn.see(soil, 0);
    const float before = burn.course.burnt_odds;
    burn.see(charred, days);
    return burn.course.burnt_odds / before;
  };
  EXPECT_GT(odds_after(15), 5);
  EXPECT_GT(odds_after(25), 1);  // still charred
  EXPECT_LT(odds_after(25), 2);
}

TEST(ClassCourse, GroundThatBrightenedIsTheLessLikelyABurnAndGreenGroundIsAsLikelyAsBefore) {
  const auto odds_after = [](const Ground& now) {
    Place burn{forest};
    burn.see(charred, 0);
    const float before = burn.course.burnt_odds;
    burn.see(now, 60);
    return burn.course.burnt_odds / before;
  };
  EXPECT_LT(odds_after(soil), 0.5F);
  EXPECT_EQ(odds_after(meadow), 1);
}

TEST(ClassCourse, TheLongerWaterStaysTheLessItIsAFlood) {
  const auto flood_after = [](double days, int observations) {
    Place place{meadow, true};
    for (int i = 0; i < observations; ++i) place.see(water, days * i / (observations - 1));
    return course_probabilities(
        place.course, {shown(spectrum(meadow), spectrum(water)), days, -1, 0, true, false})[index(ChangeClass::flood)];
  };
  EXPECT_GT(flood_after(1, 2), 2 * flood_after(40, 2));  // by its days alone
  EXPECT_GT(flood_after(1, 2), 2 * flood_after(1, 4));   // by its observations alone
}

TEST(ClassCourse, WaterThatIsNoneForLongBesideWaterWentAgain) {
  const auto natural_after = [](double wet_days) {
    Place place{meadow, true};
    for (int i = 0; i < 4; ++i) place.see(water, wet_days * i / 3);
    for (int i = 1; i < 8; ++i) place.see(soil, wet_days + 130 + 5 * i);
    return place.course.told.natural_probability;
  };
  EXPECT_GT(natural_after(50), published);  // within 60 days
  EXPECT_LT(natural_after(70), published);
}

TEST(ClassCourse, ProbabilitiesSumToOne) {
  Place place{meadow, true, 0.7};
  const Ground seen[] = {water, soil, charred, meadow, rock, concrete};
  for (int observation = 0; observation < 12; ++observation) {
    const Ground& now = seen[observation % 6];
    place.see(now, 7 * observation, 0.05 * observation);
    const ClassProbabilities likely = course_probabilities(
        place.course,
        {shown(spectrum(meadow), spectrum(now), 0.7), 7.0 * observation, 0.7, 0.05 * observation, true, false});
    double sum = 0;
    for (const double one : likely) {
      EXPECT_GE(one, 0);
      sum += one;
    }
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

}  // namespace
}  // namespace pitwatch
