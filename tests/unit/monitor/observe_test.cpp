#include "pipeline/monitor/observe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "pipeline/core/error.hpp"
#include "tests/unit/monitor/watched_patch.hpp"

namespace pitwatch {
namespace {

using test::Camera;
using test::first_day;
using test::Ground;
using test::ground_with;
using test::in_patch;
using test::inside;
using test::mixed;
using test::outside;
using test::side;
using test::Watch;

TEST(Observe, UndisturbedGroundStaysStable) {
  Watch watch(ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0));
  watch.observe_each(20);
  EXPECT_EQ(std::count(watch.seen.status.begin(), watch.seen.status.end(), PixelStatus::stable), side * side);
}

struct Case {
  const char* name;
  PixelReflectance before;
  PixelReflectance after;
};

class Disturbances : public ::testing::TestWithParam<Case> {};

TEST_P(Disturbances, AreProvisionalThenConfirmedWhereTheyAre) {
  Watch watch(ground_with(GetParam().before, GetParam().after, first_day + 20, 9999));
  watch.observe_each(8);
  EXPECT_NE(watch.seen.status[inside], PixelStatus::stable);
  EXPECT_GT(watch.seen.probability[inside], 0.5F);
  watch.observe_each(6);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  EXPECT_EQ(watch.seen.status[outside], PixelStatus::stable);
  const PixelHistory& history = watch.state.history[inside];
  const auto date = [&](ObservationNumber observation) {
    return watch.state.observations[static_cast<std::size_t>(observation)];
  };
  // Two observations at darkened ground may have been taken for shadow.
  EXPECT_GE(date(history.onset_before), test::day_of(first_day + 20));
  EXPECT_LE(date(history.onset_before), test::day_of(first_day + 40));
  EXPECT_EQ(date(history.onset_after), test::day_of(first_day + 10));
  EXPECT_LT(history.first_detected, history.confirmed_on);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Disturbances,
                         ::testing::Values(Case{"PitInForest", test::forest_spectrum, test::pit_spectrum},
                                           Case{"PitInRock", test::grey_rock_spectrum, test::pit_spectrum},
                                           Case{"DarkerRock", test::pit_spectrum, test::grey_rock_spectrum},
                                           Case{"PondInForest", test::forest_spectrum, test::pool_spectrum}),
                         [](const auto& tested) { return std::string(tested.param.name); });

class OtherCauses : public ::testing::TestWithParam<Case> {};

TEST_P(OtherCauses, AreNoAlert) {
  Watch watch(ground_with(GetParam().before, GetParam().after, first_day + 20, first_day + 90));
  for (int observation = 0; observation < 8; ++observation) {
    watch.observe_each(1);
    EXPECT_EQ(watch.seen.status[inside], PixelStatus::stable) << "observation " << observation;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OtherCauses,
                         ::testing::Values(Case{"Growth", test::grey_rock_spectrum, test::forest_spectrum},
                                           Case{"Shade", test::forest_spectrum,
                                                test::scaled(test::forest_spectrum, .6F)},
                                           Case{"Snow", test::forest_spectrum, test::snow_spectrum}),
                         [](const auto& tested) { return std::string(tested.param.name); });

/// The same observation, half a minute later.
ObservationFeatures by_another_satellite(ObservationFeatures observation) {
  observation.when += std::chrono::seconds(30);
  return observation;
}

TEST(Observe, ObservationsUnderOneSkyCountOnce) {
  const Ground ground = ground_with(test::forest_spectrum, test::pit_spectrum, first_day + 20, 9999);
  const MonitorOptions options;
  Camera camera(side, side);
  MonitorState alone = test::learnt(camera, ground, side, side, options);
  MonitorState both = alone;
  Observation seen_alone;
  Observation seen_both;
  std::vector<PixelStatus> course;
  for (int day = first_day; day < first_day + 100; day += 10) {
    const ObservationFeatures observation = camera.features(ground, day, options);
    observe(alone, observation, options, seen_alone);
    observe(both, observation, options, seen_both);
    observe(both, by_another_satellite(observation), options, seen_both);
    EXPECT_EQ(seen_both.use[inside], ObservationUse::same_sky);
    EXPECT_EQ(seen_both.status, seen_alone.status) << "day " << day;
    EXPECT_EQ(seen_both.probability, seen_alone.probability) << "day " << day;
    EXPECT_EQ(both.history[inside].observations_since_onset, alone.history[inside].observations_since_onset);
    for (std::size_t i = 0; i < alone.pixels(); ++i) ASSERT_TRUE(both.models[i] == alone.models[i]) << i;
    course.push_back(seen_both.status[inside]);
  }
  EXPECT_EQ(course.front(), PixelStatus::stable);
  EXPECT_EQ(course.back(), PixelStatus::confirmed);
}

TEST(Observe, ASeasonIsNotLearntAndJudgedUnderOneSky) {
  const Ground ground = ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0);
  const MonitorOptions options;
  Camera camera(side, side);
  MonitorState state = test::learnt(camera, ground, side, side, options, 90);
  Observation seen;
  const ObservationFeatures observation = camera.features(ground, 150, options);
  observe(state, observation, options, seen);
  EXPECT_EQ(seen.use[outside], ObservationUse::learnt);
  observe(state, by_another_satellite(observation), options, seen);
  EXPECT_EQ(seen.use[outside], ObservationUse::same_sky);
}

TEST(Observe, WhatTheFirstObservationOfASkyDidNotShowCounts) {
  const Ground ground = ground_with(test::forest_spectrum, test::pit_spectrum, first_day, 9999);
  Watch watch(ground);
  ObservationFeatures first = watch.camera.features(ground, first_day, watch.options);
  const ObservationFeatures second = by_another_satellite(first);
  for (std::size_t i = 0; i < first.seen.size() / 2; ++i) first.seen[i] = Seen::nothing;
  observe(watch.state, first, watch.options, watch.seen);
  observe(watch.state, second, watch.options, watch.seen);
  for (std::size_t i = 0; i < first.seen.size(); ++i) {
    EXPECT_EQ(watch.seen.use[i], i < first.seen.size() / 2 ? ObservationUse::used : ObservationUse::same_sky) << i;
  }
  // An hour later it is another sky.
  ObservationFeatures later = second;
  later.when = first.when + one_sky;
  observe(watch.state, later, watch.options, watch.seen);
  EXPECT_EQ(watch.seen.use[side * side - 1], ObservationUse::used);
  EXPECT_EQ(watch.seen.use[0], ObservationUse::same_sky);  // seen half a minute after the first
}

TEST(Observe, OfOneSkyACloudIsScreenedOnce) {
  // White and bright for good: screened twice in a row, then it is the ground.
  const Ground ground = ground_with(test::grey_rock_spectrum, test::cloud_spectrum, first_day, 9999);
  Watch watch(ground);
  const auto look_at = [&](int day) { return watch.camera.features(ground, day, watch.options); };
  for (const int day : {first_day, first_day + 10}) {
    const ObservationFeatures observation = look_at(day);
    observe(watch.state, observation, watch.options, watch.seen);
    EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
    observe(watch.state, by_another_satellite(observation), watch.options, watch.seen);
    EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
  }
  observe(watch.state, look_at(first_day + 20), watch.options, watch.seen);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::used);
}

TEST(Observe, HistoriesOfOneSkyCountOnce) {
  const Ground ground = ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0);
  const MonitorOptions options;
  Camera camera(side, side);
  ObservationStack alone(side, side);
  ObservationStack both(side, side);
  for (int day = 0; day < 365; day += 10) {
    const ObservationFeatures observation = camera.features(ground, day, options);
    alone.add(observation);
    both.add(observation);
    both.add(by_another_satellite(observation));
  }
  const MonitorState once = learn(std::move(alone), options);
  const MonitorState twice = learn(std::move(both), options);
  EXPECT_EQ(twice.typical_noise, once.typical_noise);
  for (std::size_t i = 0; i < once.pixels(); ++i) ASSERT_TRUE(twice.models[i] == once.models[i]) << i;
}

TEST(Observe, SeasonsThatTheHistoryDoesNotShowAreLearntFirst) {
  constexpr int winter = 150;
  const auto year = [](int pit_from) {
    return [pit_from](int x, int y, int day) {
      if (in_patch(x, y) && day >= pit_from) return test::pit_spectrum;
      return day < winter ? test::forest_spectrum : test::grey_rock_spectrum;
    };
  };
  for (const int pit_from : {winter + 60, 9999}) {
    const MonitorOptions options;
    Camera camera(side, side);
    MonitorState state = test::learnt(camera, year(9999), side, side, options, 90);
    Observation seen;
    for (int day = winter; day < winter + 120; day += 10) {
      observe(state, camera.features(year(pit_from), day, options), options, seen);
      EXPECT_EQ(seen.use[outside], day == winter ? ObservationUse::learnt : ObservationUse::used) << "day " << day;
      EXPECT_EQ(seen.status[outside], PixelStatus::stable) << "day " << day;
    }
    EXPECT_EQ(seen.status[inside], pit_from == 9999 ? PixelStatus::stable : PixelStatus::confirmed);
  }
}

TEST(Observe, WithAShortHistoryGroundAsAtAnotherSeasonIsUndisturbed) {
  // The half a year that the history shows goes from bare to green; then the patch is bare again, or dug up.
  constexpr int dug = 210;
  const auto ground = [](const PixelReflectance& then) {
    return [then](int x, int y, int day) {
      if (in_patch(x, y) && day >= dug) return then;
      const auto green = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * day / 365));
      return mixed(test::grey_rock_spectrum, test::forest_spectrum, green);
    };
  };
  const auto status_with = [&](const PixelReflectance& then, float whole_year_observations) {
    MonitorOptions options;
    options.whole_year_observations = whole_year_observations;
    Camera camera(side, side);
    MonitorState state = test::learnt(camera, ground(then), side, side, options, 180);
    Observation seen;
    for (int day = 180; day < dug + 40; day += 10) {
      observe(state, camera.features(ground(then), day, options), options, seen);
      EXPECT_EQ(seen.status[outside], PixelStatus::stable) << "day " << day;
    }
    EXPECT_EQ(seen.use[outside], ObservationUse::used);
    EXPECT_EQ(seen.use[inside] == ObservationUse::another_season, seen.status[inside] == PixelStatus::stable);
    return seen.status[inside];
  };
  EXPECT_EQ(status_with(test::grey_rock_spectrum, 2), PixelStatus::stable);
  EXPECT_NE(status_with(test::grey_rock_spectrum, 0), PixelStatus::stable);
  EXPECT_EQ(status_with(test::pit_spectrum, 2), PixelStatus::confirmed);
}

TEST(Observe, NothingIsLearntFromAObservationThatLacksABand) {
  const Ground forest = ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0);
  const MonitorOptions options;
  Camera camera(side, side);
  MonitorState state = test::learnt(camera, forest, side, side, options, 90);
  ObservationPlanes observation = camera.observation(forest, 180);
  observation.swir22 = {};
  ObservationFeatures features;
  extract_features(observation, options, features);
  Observation seen;
  observe(state, features, options, seen);
  EXPECT_EQ(seen.use[outside], ObservationUse::unseen);
  observe(state, camera.features(forest, 190, options), options, seen);
  EXPECT_EQ(seen.use[outside], ObservationUse::learnt);
}

TEST(Observe, ObservationsOfBareFieldsAreLikeTheirOwnOtherSeasonsAlsoWhenTurned) {
  // Green but for the autumn; the patch is bare all of the second year.
  const auto year = [](const PixelReflectance& then) {
    return [then](int x, int y, int day) {
      if (in_patch(x, y) && day >= first_day + 100) return then;
      return day % 365 >= 240 ? test::grey_rock_spectrum : test::forest_spectrum;
    };
  };
  const auto share = [&year](const PixelReflectance& then) {
    Watch watch(year(then));
    watch.observe_each(20);
    const PixelHistory& history = watch.state.history[inside];
    EXPECT_GE(history.observations_since_onset, 5);
    return static_cast<float>(history.own_year_observations) / static_cast<float>(history.observations_since_onset);
  };
  EXPECT_GT(share(test::grey_rock_spectrum), 0.9F);
  EXPECT_GT(share(test::scaled(test::grey_rock_spectrum, 0.7F)), 0.9F);  // moist or turned
  EXPECT_LT(share(test::scaled(test::grey_rock_spectrum, 0.4F)), 0.1F);  // another ground, such as coal
  EXPECT_LT(share(test::scaled(test::grey_rock_spectrum, 1.5F)), 0.1F);
  EXPECT_LT(share(test::pit_spectrum), 0.1F);
}

TEST(Observe, OneObservationOfMissedCloudIsNoAlert) {
  Watch watch(ground_with(test::forest_spectrum, test::cloud_spectrum, first_day, first_day + 5));
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
  EXPECT_EQ(watch.seen.use[outside], ObservationUse::used);
  watch.observe_each(5);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::stable);
}

TEST(Observe, WeatherThatSimilarGroundSharesIsNoEvidence) {
  const Ground dry_year = [](int, int, int day) {
    PixelReflectance seen = test::forest_spectrum;
    if (day >= first_day) {
      seen.nir *= 0.75F;
      seen.red *= 1.3F;
      seen.swir16 *= 1.2F;
    }
    return seen;
  };
  Watch watch(dry_year);
  watch.observe_each(5);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::stable);
  EXPECT_EQ(watch.seen.status[outside], PixelStatus::stable);
}

TEST(Observe, GroundThatStaysAsItWasIsNoAlertWhateverTheWeather) {
  // All similar ground is wet but for a patch.
  const Ground wet_around = [](int x, int y, int day) {
    PixelReflectance seen = test::grey_rock_spectrum;
    if (day < first_day || in_patch(x, y)) return seen;
    seen = test::scaled(seen, .75F);
    seen.swir16 *= .7F;
    seen.swir22 *= .7F;
    return seen;
  };
  const auto status_with = [&](float contrast) {
    Watch watch(wet_around);
    watch.options.surroundings_prior_pixels = 0;  // the site is small
    watch.options.surroundings_contrast = contrast;
    watch.observe_each(6);
    return watch.seen.status[inside];
  };
  EXPECT_EQ(status_with(0), PixelStatus::stable);
  EXPECT_NE(status_with(1), PixelStatus::stable);
}

TEST(Observe, CleanObservationsCloseAnAlert) {
  Watch watch(ground_with(test::grey_rock_spectrum, test::pit_spectrum, first_day, first_day + 70));
  watch.observe_each(7);
  ASSERT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  watch.observe_each(watch.options.close_confirmed_observations - 1);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  watch.observe_each(3);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::closed);
}

TEST(Observe, VegetationThatReturnsIsRecovery) {
  const Ground replanted = [](int x, int y, int day) {
    if (!in_patch(x, y) || day < first_day) return test::forest_spectrum;
    if (day < first_day + 70) return test::pit_spectrum;
    // Four fifths grown over.
    return PixelReflectance{.05F, .07F, .065F, .287F, .18F, .11F};
  };
  Watch watch(replanted);
  watch.observe_each(7);
  ASSERT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  watch.observe_each(2);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::recovering);
}

TEST(Observe, ObservationsFadeFromTheModelWhenTheirPartOfTheYearComesRoundAgain) {
  Watch watch(ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0));
  const auto of_part = [&](std::size_t part) {
    float sum = 0;
    for (std::size_t i = 0; i < watch.state.pixels(); ++i) sum += watch.state.model(i).observations[part];
    return sum / static_cast<float>(watch.state.pixels());
  };
  const float first = of_part(0);
  const float last = of_part(5);
  // Of a year later: the first part of the year has come round, the last one has not.
  watch.observe_each(1);
  EXPECT_NEAR(of_part(0), first * kept_after_a_year(watch.options) + 1, 0.3);
  EXPECT_FLOAT_EQ(of_part(5), last);
}

TEST(Observe, OutliersStayOutOfTheModel) {
  Watch watch(ground_with(test::forest_spectrum, test::pit_spectrum, first_day, 9999));
  const PackedModel before = watch.state.models[inside];
  watch.observe_each(8);
  EXPECT_EQ(watch.state.models[inside].coefficients, before.coefficients);
}

TEST(Observe, GoesOnFromSavedArraysWithTheSameBytes) {
  Watch watch(ground_with(test::forest_spectrum, test::pit_spectrum, first_day + 20, 9999));
  watch.observe_each(3);
  MonitorState restored = unfilled_state(side, side, watch.state.observations.size());
  const std::vector<StateArray> saved = state_arrays(watch.state);
  const std::vector<StateArray> target = state_arrays(restored);
  ASSERT_EQ(saved.size(), target.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    ASSERT_EQ(saved[i].name, target[i].name);
    ASSERT_EQ(saved[i].bytes.size(), target[i].bytes.size());
    std::copy(saved[i].bytes.begin(), saved[i].bytes.end(), target[i].bytes.begin());
  }
  const ObservationFeatures next = watch.camera.features(watch.ground, watch.day, watch.options);
  Observation one;
  Observation other;
  observe(watch.state, next, watch.options, one);
  observe(restored, next, watch.options, other);
  EXPECT_EQ(one.evidence, other.evidence);
  EXPECT_EQ(one.status, other.status);
  const std::vector<StateArray> after = state_arrays(watch.state);
  const std::vector<StateArray> after_restored = state_arrays(restored);
  for (std::size_t i = 0; i < after.size(); ++i) {
    ASSERT_EQ(after[i].bytes.size(), after_restored[i].bytes.size());
    EXPECT_EQ(std::memcmp(after[i].bytes.data(), after_restored[i].bytes.data(), after[i].bytes.size()), 0)
        << after[i].name;
  }
}

TEST(Observe, SameBytesHoweverRowsAreCut) {
  Watch watch(ground_with(test::forest_spectrum, test::pit_spectrum, first_day, 9999));
  MonitorState twin = watch.state;
  Observation twin_seen;
  const RowLoop backwards = [](int rows, const std::function<void(int, int)>& piece) {
    for (int y = rows - 1; y >= 0; --y) piece(y, y + 1);
  };
  for (int i = 0; i < 5; ++i) {
    const ObservationFeatures observation = watch.camera.features(watch.ground, first_day + 10 * i, watch.options);
    observe(watch.state, observation, watch.options, watch.seen);
    observe(twin, observation, watch.options, twin_seen, backwards);
    EXPECT_EQ(watch.seen.evidence, twin_seen.evidence);
    EXPECT_EQ(watch.seen.status, twin_seen.status);
  }
}

TEST(Observe, RefusesMoreObservationsThanCanBeNamed) {
  Watch watch(ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0));
  watch.state.observations.resize(most_acquisitions, watch.state.observations.back());
  EXPECT_THROW(watch.observe_each(1), DataError);
}

TEST(Observe, RefusesWhatDoesNotFit) {
  Watch watch(ground_with(test::forest_spectrum, test::pit_spectrum, 0, 0));
  Camera smaller(side - 1, side);
  EXPECT_THROW(
      observe(watch.state, smaller.features(watch.ground, first_day, watch.options), watch.options, watch.seen),
      DataError);
  EXPECT_THROW(observe(watch.state, watch.camera.features(watch.ground, 5, watch.options), watch.options, watch.seen),
               DataError);
}

TEST(Learn, PixelsWithoutObservationsAreNotJudged) {
  MonitorOptions options;
  Camera camera(side, side);
  const MonitorState state =
      test::learnt(camera, ground_with(test::forest_spectrum, test::forest_spectrum, 0, 0), side, side, options, 25);
  EXPECT_EQ(std::count(state.status.begin(), state.status.end(), PixelStatus::not_judged), side * side);
  EXPECT_THROW(learn(ObservationStack(3, 3), options), DataError);
}

TEST(Features, SolidCloudMasksItsMarginAndASpeckOnlyItself) {
  MonitorOptions options;
  Camera camera(30, 30);
  ObservationPlanes observation = camera.observation([](int, int, int) { return test::forest_spectrum; }, 0);
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 6; ++x) observation.mask.at(x, y) = mask_cloud;
  }
  observation.mask.at(20, 20) = mask_cloud;
  ObservationFeatures features;
  extract_features(observation, options, features);
  const auto seen = [&](int x, int y) { return features.seen[static_cast<std::size_t>(y * 30 + x)]; };
  EXPECT_EQ(seen(8, 3), Seen::masked);
  EXPECT_EQ(seen(12, 3), Seen::clear);
  EXPECT_EQ(seen(20, 20), Seen::masked);
  EXPECT_EQ(seen(21, 20), Seen::clear);
}

TEST(Features, ErrorsOfPositionCountAtEdgesAlone) {
  // Forest, rock from column 4 on, without noise.
  constexpr int width = 8;
  ObservationPlanes observation = Camera(width, 3).observation([](int, int, int) { return test::forest_spectrum; }, 0);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < width; ++x) {
      const PixelReflectance& ground = x < 4 ? test::forest_spectrum : test::grey_rock_spectrum;
      observation.red.at(x, y) = ground.red;
      observation.nir.at(x, y) = ground.nir;
    }
  }
  ObservationFeatures without;
  extract_features(observation, {}, without);
  observation.position_error_px = 0.4F;
  ObservationFeatures with;
  extract_features(observation, {}, with);
  const float step = without.values[width + 3][0] - without.values[width + 4][0];  // of NDVI
  EXPECT_GT(step, 0.5F);
  for (std::size_t x = 0; x < width; ++x) {
    const float before = without.errors[width + x][0];
    // Half the step on both sides of the edge.
    const float expected = x == 3 || x == 4 ? std::hypot(before, 0.4F * step / 2) : before;
    EXPECT_NEAR(with.errors[width + x][0], expected, 1e-5F) << x;
  }
  for (std::size_t i = 0; i < with.pixels(); ++i) EXPECT_EQ(with.values[i], without.values[i]) << i;
  // Beside a gap the difference is that to the pixel itself; a pixel alone has none.
  observation.nir.at(3, 1) = std::nanf("");
  observation.nir.at(5, 1) = std::nanf("");
  extract_features(observation, {}, with);
  EXPECT_NEAR(with.errors[width + 4][0], without.errors[width + 4][0], 1e-5F);
  observation.nir.at(5, 1) = test::forest_spectrum.nir * 2;
  observation.red.at(5, 1) = test::forest_spectrum.red;
  extract_features(observation, {}, with);
  EXPECT_NEAR(with.errors[width + 4][0],
              std::hypot(without.errors[width + 4][0], 0.4F * (with.values[width + 5][0] - with.values[width + 4][0])),
              1e-5F);
}

TEST(Features, GroundInTheShadowOfTerrainIsNotSeen) {
  ObservationPlanes observation = Camera(3, 1).observation([](int, int, int) { return test::pit_spectrum; }, 0);
  observation.mask.at(1, 0) = mask_terrain_shadow;
  observation.mask.at(2, 0) = mask_terrain_shadow | mask_cloud;
  ObservationFeatures features;
  extract_features(observation, {}, features);
  EXPECT_EQ(features.seen, (PixelVector<Seen>{Seen::clear, Seen::masked, Seen::masked}));
}

TEST(Features, BareGroundIsSeenThoughTheMaskSaysCloud) {
  MonitorOptions options;
  Camera camera(4, 1);
  const std::array<PixelReflectance, 4> spectra{test::pit_spectrum, test::cloud_spectrum, test::forest_spectrum,
                                                test::pit_spectrum};
  ObservationPlanes observation =
      camera.observation([&](int x, int, int) { return spectra[static_cast<std::size_t>(x)]; }, 0);
  for (int x = 0; x < 3; ++x) observation.mask.at(x, 0) = mask_cloud;
  observation.mask.at(3, 0) = mask_cloud | mask_saturated;
  ObservationFeatures features;
  extract_features(observation, options, features);
  EXPECT_EQ(features.seen, (PixelVector<Seen>{Seen::clear, Seen::masked, Seen::masked, Seen::masked}));
  EXPECT_EQ(features.called_cloud, (PixelVector<std::uint8_t>{1, 1, 1, 1}));
  options.ground_blue_to_red = 0;
  extract_features(observation, options, features);
  EXPECT_EQ(features.seen[0], Seen::masked);
}

TEST(Observe, OneObservationOfNewBareGroundIsAnAlertAndOneOfOtherChangeIsNone) {
  Watch dug(ground_with(test::forest_spectrum, test::pit_spectrum, first_day, 9999));
  dug.observe_each(1);
  EXPECT_EQ(dug.seen.status[inside], PixelStatus::provisional);
  EXPECT_EQ(dug.seen.status[outside], PixelStatus::stable);
  Watch flooded(ground_with(test::forest_spectrum, test::pool_spectrum, first_day, 9999));
  flooded.observe_each(1);
  EXPECT_EQ(flooded.seen.status[inside], PixelStatus::stable);
}

TEST(Observe, OneObservationOfFreshRockOnBareGroundIsAnAlertAndOneOfWetOrDarkOneIsNone) {
  const auto status_after_one = [](const PixelReflectance& then) {
    Watch watch(ground_with(test::grey_rock_spectrum, then, first_day, 9999));
    watch.observe_each(1);
    return watch.seen.status[inside];
  };
  EXPECT_EQ(status_after_one(test::pit_spectrum), PixelStatus::provisional);
  EXPECT_EQ(status_after_one(test::scaled(test::grey_rock_spectrum, .5F)), PixelStatus::stable);
  EXPECT_EQ(status_after_one(test::pool_spectrum), PixelStatus::stable);
  const PixelReflectance& rock = test::grey_rock_spectrum;
  const PixelReflectance haze{rock.blue + .05F, rock.green + .045F, rock.red + .04F,
                              rock.nir + .03F,  rock.swir16 + .01F, rock.swir22 + .01F};
  EXPECT_EQ(status_after_one(haze), PixelStatus::stable);
}

TEST(Observe, APitBesideWaterIsNoLevelOfIt) {
  const auto beside_water = [](const PixelReflectance& then) {
    return [=](int x, int y, int day) {
      if (x < 5) return test::pool_spectrum;
      return in_patch(x, y) && day >= first_day ? then : test::forest_spectrum;
    };
  };
  Watch dug(beside_water(test::pit_spectrum));
  dug.observe_each(1);
  EXPECT_EQ(dug.seen.status[inside], PixelStatus::provisional);
  // High water explains it for weeks, and a pond that stays is none.
  Watch flooded(beside_water(test::pool_spectrum));
  flooded.observe_each(4);
  EXPECT_EQ(flooded.seen.status[inside], PixelStatus::stable);
  flooded.observe_each(4);
  EXPECT_EQ(flooded.seen.status[inside], PixelStatus::confirmed);
}

TEST(Observe, HighWaterThatWentIsNotHeldAgainstTheNext) {
  // Two floods of 30 days with 40 days between them.
  Watch twice([](int x, int y, int day) {
    if (x < 5) return test::pool_spectrum;
    const int since = day - first_day;
    const bool is_high = (since >= 0 && since < 30) || (since >= 70 && since < 100);
    return in_patch(x, y) && is_high ? test::pool_spectrum : test::forest_spectrum;
  });
  for (int observation = 0; observation < 11; ++observation) {
    twice.observe_each(1);
    EXPECT_EQ(twice.seen.status[inside], PixelStatus::stable) << observation;
  }
}

TEST(Observe, APitOnTheBankIsNoLevelOfTheWaterAndItsFallIsForLong) {
  const auto beside_pool = [](const PixelReflectance& usual, const PixelReflectance& then) {
    return [=](int x, int y, int day) {
      if (x < 5 || in_patch(x, y)) return in_patch(x, y) && day >= first_day ? then : usual;
      return test::forest_spectrum;
    };
  };
  // The bed of a reservoir that falls lower than it ever did.
  Watch fallen(beside_pool(test::pool_spectrum, test::grey_rock_spectrum));
  fallen.observe_each(12);
  EXPECT_EQ(fallen.seen.status[inside], PixelStatus::stable);
  fallen.observe_each(24);
  EXPECT_EQ(fallen.seen.status[inside], PixelStatus::provisional);
}

TEST(Observe, BrightGroundIsNoWaterWhateverItsMndwi) {
  // White rock: brighter in green than at 1.6 um, and 0.31 there.
  const PixelReflectance white{.40F, .44F, .45F, .42F, .31F, .28F};
  const PixelReflectance grey = test::scaled(white, .6F);
  Watch watch(ground_with(white, grey, first_day, 9999));
  watch.observe_each(6);
  EXPECT_EQ(watch.state.counts[outside].wet, 0);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  EXPECT_EQ(watch.seen.status[outside], PixelStatus::stable);
}

TEST(Observe, DarkRockIsMissedShadowTwiceHoweverOftenItIsNot) {
  // Every second observation is a little brighter than the screen's limit.
  const Ground ground = [](int x, int y, int day) {
    if (!in_patch(x, y) || day < first_day) return test::grey_rock_spectrum;
    return test::scaled(test::grey_rock_spectrum, (day - first_day) / 10 % 2 == 0 ? .5F : .73F);
  };
  Watch watch(ground);
  watch.observe_each(3);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
  watch.observe_each(2);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::used);
  watch.observe_each(3);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::confirmed);
  // A clean observation ends the row.
  Watch clean(
      ground_with(test::grey_rock_spectrum, test::scaled(test::grey_rock_spectrum, .5F), first_day, first_day + 20));
  clean.observe_each(3);
  EXPECT_EQ(clean.state.counts[inside].screened_in_row, 0);
}

TEST(Observe, RockOfAnotherColourCountsThoughItsNdviIsHigherAndPlantsDoNot) {
  const auto status_after = [](const PixelReflectance& then) {
    Watch watch(ground_with(test::grey_rock_spectrum, then, first_day, 9999));
    watch.observe_each(6);
    return watch.seen.status[inside];
  };
  const PixelReflectance& rock = test::grey_rock_spectrum;
  // NDVI .075 -> .14, a third darker to the eye, brighter in the short-wave infrared.
  EXPECT_EQ(status_after({.066F, .082F, .094F, .125F, .280F, .250F}), PixelStatus::confirmed);
  // A third of it under grass: NDVI .45.
  EXPECT_EQ(status_after(mixed(rock, {.03F, .06F, .04F, .38F, .19F, .09F}, .35F)), PixelStatus::stable);
}

TEST(NeededLogOdds, AreThoseAtWhichAsManyFalseAlarmsWereMeasured) {
  const auto less_at = [](float false_alarms) {
    MonitorOptions options;
    options.false_alarms = false_alarms;
    EXPECT_NEAR(needed_log_odds(6, options), needed_log_odds(3, options) + 3, 1e-5) << false_alarms;  // both, together
    return 3 - needed_log_odds(3, options);
  };
  EXPECT_EQ(less_at(MonitorOptions{}.false_alarms), 0);
  EXPECT_NEAR(less_at(1), -4, 1e-5);
  EXPECT_NEAR(less_at(10), 4.5, 1e-5);
  EXPECT_NEAR(less_at(50), 8.2, 1e-5);
  EXPECT_NEAR(less_at(200), 9.2, 1e-5);
  EXPECT_NEAR(less_at(100), 8.7, 1e-4);      // half of the way, by its logarithm
  EXPECT_NEAR(less_at(1.0F / 3), -8, 1e-4);  // as from 3 to 1
  float before = -20;
  for (float setting = 0.1F; setting < 300; setting *= 1.25F) {
    EXPECT_GT(less_at(setting), before) << setting;
    before = less_at(setting);
  }
}

TEST(Observe, MoreFalseAlarmsAreMoreAlerts) {
  // A change whose evidence lies below what is needed by default.
  const auto acquisition_of = [](float false_alarms, PixelStatus wanted) {
    Watch watch(ground_with(test::grey_rock_spectrum, test::scaled(test::grey_rock_spectrum, 1.125F), first_day, 9999));
    watch.options.false_alarms = false_alarms;
    int observation = 1;
    watch.observe_each(1);
    while (observation < 30 && watch.seen.status[inside] != wanted) {
      watch.observe_each(1);
      ++observation;
    }
    return observation;
  };
  EXPECT_LT(acquisition_of(300, PixelStatus::provisional), acquisition_of(0.1F, PixelStatus::provisional));
  EXPECT_LT(acquisition_of(300, PixelStatus::confirmed), acquisition_of(0.1F, PixelStatus::confirmed));
}

TEST(Observe, WhatLastedInTheHistoryIsKnown) {
  // Ground that is greener, brighter and wetter, or less so, for three months at a time, each pixel by itself (or it
  // would be weather), and ground that is steady.
  MonitorOptions options;
  const auto lasting_error = [&](float amplitude, int days) {
    const Ground ground = [=](int x, int y, int day) {
      std::minstd_rand dice(static_cast<unsigned>(1 + day / 90 + 100 * (x + side * y)));
      dice.discard(3);
      const auto chance = [&] { return amplitude * static_cast<float>(dice() % 97) / 97; };
      const PixelReflectance greened = mixed(test::grey_rock_spectrum, test::forest_spectrum, chance());
      return mixed(mixed(greened, test::pool_spectrum, chance()), test::pit_spectrum, chance());
    };
    Camera camera(side, side);
    return test::learnt(camera, ground, side, side, options, days).model(inside).lasting_error;
  };
  const float restless = lasting_error(.3F, 3 * 365);
  const float steady = lasting_error(0, 3 * 365);
  EXPECT_GT(restless, steady + 0.03F);
  EXPECT_LT(steady, 0.15F);
  EXPECT_GT(lasting_error(0, 365), steady);  // less is known
  options.persistent_error_observations = 1e5F;
  EXPECT_NEAR(lasting_error(0, 365), options.persistent_error, 0.02);
}

TEST(Observe, TheLevelOfKnownWaterIsNoDisturbance) {
  // In the first winter the patch is under water once; in the second it is for good, and so is the ground around it.
  const auto shore = [](int x, int y, int day) {
    const bool wet = (day >= 50 && day < 90) || day >= first_day + 20;
    return in_patch(x, y) && wet ? test::pool_spectrum : test::grey_rock_spectrum;
  };
  Watch known(shore);
  known.observe_each(12);
  EXPECT_EQ(known.seen.status[inside], PixelStatus::stable);
  Watch fresh(ground_with(test::grey_rock_spectrum, test::pool_spectrum, first_day + 20, 9999));
  fresh.observe_each(12);
  EXPECT_EQ(fresh.seen.status[inside], PixelStatus::confirmed);
}

TEST(Observe, PatchySnowIsScreenedAndAPitIsNot) {
  const PixelReflectance& rock = test::grey_rock_spectrum;
  const PixelReflectance snowy{rock.blue + .08F, rock.green + .08F,  rock.red + .08F,
                               rock.nir + .08F,  rock.swir16 - .02F, rock.swir22 - .02F};
  Watch watch(ground_with(rock, snowy, first_day, first_day + 10));
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
  EXPECT_EQ(watch.seen.use[outside], ObservationUse::used);
  Watch pit(ground_with(rock, test::pit_spectrum, first_day, 9999));
  pit.observe_each(1);
  EXPECT_EQ(pit.seen.use[inside], ObservationUse::used);
}

TEST(Observe, BrighterAndWetterGroundIsSnowWhereSnowLies) {
  const PixelReflectance slush{.17F, .17F, .17F, .16F, .10F, .09F};
  const auto use_inside = [&](const PixelReflectance& around, int observations) {
    Watch watch([&](int x, int y, int day) {
      return day < first_day ? test::grey_rock_spectrum : in_patch(x, y) ? slush : around;
    });
    watch.observe_each(observations);
    return watch.seen.use[inside];
  };
  EXPECT_EQ(use_inside(test::snow_spectrum, 1), ObservationUse::screened);
  EXPECT_EQ(use_inside(test::snow_spectrum, 8), ObservationUse::screened);  // for as long as it lies
  EXPECT_EQ(use_inside(test::grey_rock_spectrum, 1), ObservationUse::used);
}

TEST(Observe, OnlyWhatAgreesWithTheModelIsUndisturbed) {
  Watch watch(ground_with(test::forest_spectrum, test::pit_spectrum, first_day, 9999));
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.undisturbed[inside], 0);
  EXPECT_EQ(watch.seen.undisturbed[outside], 1);
}

TEST(ErrorOf, IsTheSpreadThatErrorsOfReflectanceMake) {
  // Against derivatives by differences.
  const PixelReflectance ground{.02F, .03F, .04F, .06F, .05F, .03F};
  constexpr float step = 1e-4F;
  FeatureVector squares{};
  for (const auto band : {&PixelReflectance::blue, &PixelReflectance::green, &PixelReflectance::red,
                          &PixelReflectance::nir, &PixelReflectance::swir16, &PixelReflectance::swir22}) {
    PixelReflectance up = ground;
    PixelReflectance down = ground;
    up.*band += step;
    down.*band -= step;
    const FeatureVector high = features_of(up);
    const FeatureVector low = features_of(down);
    for (std::size_t f = 0; f < feature_count; ++f) {
      const float slope = (high[f] - low[f]) / (2 * step);
      squares[f] += slope * slope * 1e-6F;
    }
  }
  const FeatureVector error = error_of(ground, 1e-3F);
  for (std::size_t f = 0; f < feature_count; ++f) EXPECT_NEAR(error[f], std::sqrt(squares[f]), 0.02 * error[f]) << f;
}

}  // namespace
}  // namespace pitwatch
