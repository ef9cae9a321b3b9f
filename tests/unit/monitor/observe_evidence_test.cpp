// What counts as evidence, and how much: one rule at a time.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pipeline/monitor/observe.hpp"
#include "tests/unit/monitor/watched_patch.hpp"

namespace pitwatch {
namespace {

using test::first_day;
using test::forest_spectrum;
using test::grey_rock_spectrum;
using test::ground_with;
using test::in_patch;
using test::inside;
using test::outside;
using test::pit_spectrum;
using test::pixel;
using test::pool_spectrum;
using test::side;
using test::Watch;

/// Evidence inside the patch after `observations` of it, `change` applied to the options and the state before.
template <typename Change>
float evidence_after(int observations, const PixelReflectance& usual, const PixelReflectance& then,
                     const Change& change) {
  Watch watch(ground_with(usual, then, first_day, 9999));
  watch.options.neighbours = 0;
  change(watch);
  watch.observe_each(observations);
  return watch.seen.evidence[inside];
}
const auto nothing_else = [](Watch&) {};

const PixelReflectance brighter_rock = test::scaled(grey_rock_spectrum, 1.2F);
const PixelReflectance darker_rock = test::scaled(grey_rock_spectrum, 0.82F);

TEST(PixelEvidence, IsTheLessTheMoreLastedAtAPixelInItsHistory) {
  const auto with_error = [](std::uint8_t thirty_seconds) {
    return evidence_after(4, grey_rock_spectrum, brighter_rock, [=](Watch& watch) {
      *watch.state.models.byte_row(watch.state.models.lasting_error_byte(), inside) = thirty_seconds;
    });
  };
  EXPECT_GT(with_error(0), with_error(16) + 1);
  EXPECT_GT(with_error(16), with_error(96) + 1);
}

TEST(PixelEvidence, OfOneObservationIsLessForWhatPassesUnlessItShowsNewBareGround) {
  const auto with_passing_error = [](const PixelReflectance& then, float error) {
    return evidence_after(1, forest_spectrum, then, [=](Watch& watch) { watch.options.passing_error = error; });
  };
  EXPECT_GT(with_passing_error(pool_spectrum, 0), with_passing_error(pool_spectrum, 2) + 1);
  EXPECT_EQ(with_passing_error(pit_spectrum, 0), with_passing_error(pit_spectrum, 2));
}

TEST(PixelEvidence, OfASingleObservationCountsByItsShareUnlessItShowsNewBareGround) {
  const auto with_share = [](int observations, const PixelReflectance& then, float share) {
    return evidence_after(observations, forest_spectrum, then,
                          [=](Watch& watch) { watch.options.single_observation_share = share; });
  };
  EXPECT_GT(with_share(1, pool_spectrum, 1), with_share(1, pool_spectrum, 0.3F) + 3);
  EXPECT_GT(with_share(1, pool_spectrum, 1), with_share(1, pool_spectrum, 0.8F) + 0.5F)
      << "where it speaks for a shift, too";
  EXPECT_EQ(with_share(1, pit_spectrum, 1), with_share(1, pit_spectrum, 0.3F));
  EXPECT_EQ(with_share(4, pool_spectrum, 1), with_share(4, pool_spectrum, 0.3F));
}

TEST(PixelEvidence, AnObservationCountsUpToItsLimitHoweverFarItLies) {
  const auto with_limit = [](const PixelReflectance& then, float usual, float of_soil) {
    return evidence_after(1, forest_spectrum, then, [=](Watch& watch) {
      watch.options.observation_limit_sigma = usual;
      watch.options.soil_limit_sigma = of_soil;
    });
  };
  EXPECT_GT(with_limit(pool_spectrum, 12, 10), with_limit(pool_spectrum, 8, 10) + 3);
  EXPECT_EQ(with_limit(pool_spectrum, 8, 20), with_limit(pool_spectrum, 8, 10));
  EXPECT_GT(with_limit(pit_spectrum, 8, 14), with_limit(pit_spectrum, 8, 10) + 3);
  EXPECT_EQ(with_limit(pit_spectrum, 20, 10), with_limit(pit_spectrum, 8, 10));
}

TEST(PixelEvidence, ObservationsThatDisagreeAddUpToLessThanThoseThatAgree) {
  const auto evidence = [](bool agree) {
    Watch watch([=](int x, int y, int day) {
      if (!in_patch(x, y) || day < first_day) return grey_rock_spectrum;
      return agree || (day - first_day) / 10 % 2 == 0 ? brighter_rock : darker_rock;
    });
    watch.options.neighbours = 0;
    watch.observe_each(6);
    return watch.seen.evidence[inside];
  };
  EXPECT_GT(evidence(true), evidence(false) + 10);
}

TEST(PixelEvidence, WaterThatStaysWaterKeepsItsShareOfIt) {
  const PixelReflectance turbid{.14F, .17F, .175F, .15F, .045F, .03F};
  const auto with_share = [&](const PixelReflectance& then, float share) {
    return evidence_after(4, pool_spectrum, then, [=](Watch& watch) {
      watch.options.water_share = share;
      watch.options.shore_m = 0;  // no word of its level
    });
  };
  EXPECT_GT(with_share(turbid, 1), 6);
  EXPECT_LT(with_share(turbid, 0.2F), 0);
  EXPECT_EQ(with_share(pit_spectrum, 0.2F), with_share(pit_spectrum, 1));
}

TEST(PixelEvidence, WhiteGroundIsNoNewBareGroundAtFirstSight) {
  // Screened twice as missed cloud; then it is judged as what may pass.
  const PixelReflectance white{.27F, .30F, .31F, .36F, .49F, .45F};
  Watch watch(ground_with(grey_rock_spectrum, white, first_day, 9999));
  watch.observe_each(3);
  ASSERT_EQ(watch.seen.use[inside], ObservationUse::used);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::stable);
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.status[inside], PixelStatus::provisional);
}

TEST(PixelEvidence, ABrightPondIsNoMissedCloud) {
  const PixelReflectance milky{.16F, .18F, .17F, .12F, .06F, .05F};
  Watch watch(ground_with(grey_rock_spectrum, milky, first_day, 9999));
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::used);
}

TEST(PixelEvidence, SnowMayLieForItsMonthsAndNotForEver) {
  const PixelReflectance slush{.17F, .17F, .17F, .16F, .10F, .09F};
  Watch watch([&](int x, int y, int day) {
    return day < first_day ? grey_rock_spectrum : in_patch(x, y) ? slush : test::snow_spectrum;
  });
  watch.observe_each(12);  // 110 days
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::screened);
  watch.observe_each(1 + watch.options.screened_in_row);
  EXPECT_EQ(watch.seen.use[inside], ObservationUse::used);
}

// ---- the water's level ----

TEST(WaterReach, TheBankIsBesideWaterAndTheShoreWithinThirtyMetres) {
  Watch watch([](int x, int, int) { return x < 5 ? pool_spectrum : grey_rock_spectrum; });
  watch.observe_each(1);
  for (int x = 0; x < side; ++x) {
    EXPECT_EQ(watch.state.near_water[pixel(x, 8)], x < 6   ? WaterReach::bank
                                                   : x < 8 ? WaterReach::shore
                                                           : WaterReach::none)
        << x;
  }
}

TEST(WaterReach, HighWaterExplainsWetGroundOnTheShoreForItsDaysAlone) {
  const auto evidence_on = [](int day, float high_water_days) {
    Watch watch([](int x, int y, int when) {
      return x < 3 || (when >= first_day && in_patch(x, y)) ? pool_spectrum : forest_spectrum;
    });
    watch.options.neighbours = 0;
    watch.options.high_water_days = high_water_days;
    watch.observe_each(day / 10 + 1);
    return watch.seen.evidence[pixel(5, 7)];
  };
  EXPECT_LT(evidence_on(30, 1000), evidence_on(30, 1) - 5);
  EXPECT_GT(evidence_on(60, 5), evidence_on(60, 30) + 1);
}

TEST(WaterReach, AnExcuseBeginsAnewAfterACleanObservation) {
  // Two floods of 30 days with some days between them.
  for (const int between : {40, 100}) {
    Watch watch([=](int x, int y, int day) {
      const int since = day - first_day;
      const bool is_high = (since >= 0 && since < 30) || since >= 30 + between;
      return x < 5 || (in_patch(x, y) && is_high) ? pool_spectrum : forest_spectrum;
    });
    watch.options.neighbours = 0;
    watch.observe_each(3 + between / 10 + 1);
    const ObservationNumber began = watch.state.counts[inside].excused_since;
    EXPECT_EQ(watch.state.observations[static_cast<std::size_t>(began)], test::day_of(first_day + 30 + between))
        << between;
  }
}

TEST(WaterReach, WaterThatIsBackMakesNoDisturbanceOfTheBedThatItLeft) {
  // A bed that is dry for 40 days, and then as ever.
  Watch watch([](int x, int y, int day) {
    const int since = day - first_day;
    if (in_patch(x, y)) return since >= 0 && since < 40 ? grey_rock_spectrum : pool_spectrum;
    return x < 5 ? pool_spectrum : forest_spectrum;
  });
  watch.options.neighbours = 0;
  float highest = -100;
  for (int observation = 0; observation < 12; ++observation) {
    watch.observe_each(1);
    highest = std::max(highest, watch.seen.evidence[inside]);
  }
  EXPECT_LT(highest, 0);
}

TEST(WaterReach, GroundOnTheShoreThatIsDarkerInAllBandsIsWetForTheDaysOfHighWater) {
  const auto evidence_at = [](int patch_distance) {
    Watch watch([=](int x, int y, int day) {
      if (x < 5 - patch_distance) return pool_spectrum;
      return in_patch(x, y) && day >= first_day ? test::scaled(grey_rock_spectrum, 0.5F) : grey_rock_spectrum;
    });
    watch.options.neighbours = 0;
    watch.observe_each(4);  // two are screened as missed shadow
    return watch.seen.evidence[pixel(5, 7)];
  };
  EXPECT_LT(evidence_at(1), evidence_at(5) - 5);
}

// ---- what similar ground shares ----

TEST(SharedWeather, WhereSimilarGroundScattersADeviationTellsLess) {
  // A tenth of the pixels turns darker and another tenth brighter, or all stay as they were.
  const auto deviation_on = [](float swing) {
    Watch watch([=](int x, int y, int day) {
      if (day < first_day) return grey_rock_spectrum;
      return test::scaled(grey_rock_spectrum, 1 + swing * static_cast<float>((x * 7 + y * 3) % 5 - 2));
    });
    watch.observe_each(1);
    return watch.seen.residuals.deviation[pixel(2, 2)][index(Feature::log_swir16)];
  };
  EXPECT_GT(deviation_on(0.1F), 2 * deviation_on(0));
}

TEST(SharedWeather, DisturbedGroundHasNoSayInIt) {
  Watch watch(ground_with(forest_spectrum, pit_spectrum, first_day, 9999));
  watch.observe_each(1);
  EXPECT_EQ(watch.seen.residuals.tells[inside], 1) << "the first time nothing is known of it";
  watch.observe_each(2);
  ASSERT_NE(watch.seen.status[inside], PixelStatus::stable);
  EXPECT_EQ(watch.seen.residuals.tells[inside], 0);
  EXPECT_EQ(watch.seen.residuals.tells[outside], 1);
}

TEST(SharedWeather, DoesNotGoIntoTheModels) {
  // A dry year: all of the forest is less green.
  const auto ndvi_learnt = [](bool is_dry) {
    Watch watch([=](int, int, int day) {
      PixelReflectance seen = forest_spectrum;
      if (is_dry && day >= first_day) seen.red *= 1.3F;
      return seen;
    });
    watch.options.surroundings_prior_pixels = 0;  // the site is small
    watch.options.adaptation = 10;                // whatever went into the models would be all that they know
    watch.observe_each(20);
    EXPECT_EQ(watch.seen.undisturbed[outside], 1);
    return expect(watch.state.model(outside), season_date(test::day_of(first_day + 190)), watch.options).value[0];
  };
  EXPECT_NEAR(ndvi_learnt(true), ndvi_learnt(false), 0.015);
}

TEST(Deviation, OfGroundThatShouldBeDarkerIsThatOfTheDark) {
  const PixelReflectance shaded = test::scaled(grey_rock_spectrum, 0.15F);
  const auto errors_of = [&](const PixelReflectance& usual) {
    Watch watch(ground_with(usual, grey_rock_spectrum, first_day, 9999));
    watch.options.surroundings_m = 0;
    const ObservationFeatures features = watch.camera.features(watch.ground, first_day, watch.options);
    const float expected = expect(watch.state.model(inside), season_date(features.when), watch.options).deviation[0];
    observe(watch.state, features, watch.options, watch.seen);
    const float deviation = watch.seen.residuals.deviation[inside][0];
    return std::sqrt(deviation * deviation - expected * expected) / features.errors[inside][0];
  };
  EXPECT_NEAR(errors_of(grey_rock_spectrum), 1, 0.3);
  EXPECT_GT(errors_of(shaded), 3);
}

// ---- neighbours ----

TEST(Neighbours, AtASideSayMoreThanThoseAtACorner) {
  const auto is_pit = [](int x, int y) { return x == 7 && y == 7; };
  Watch watch([&](int x, int y, int day) { return day >= first_day && is_pit(x, y) ? pit_spectrum : forest_spectrum; });
  watch.observe_each(1);
  // What the others say of themselves is nearly the same: they are undisturbed.
  const auto own = [&](int x, int y) { return unpack(watch.state.own_evidence[pixel(x, y)]); };
  const auto gained = [&](int x, int y) { return watch.seen.evidence[pixel(x, y)] - own(x, y); };
  const float sides = (gained(6, 7) + gained(8, 7) + gained(7, 6) + gained(7, 8)) / 4;
  const float corners = (gained(6, 6) + gained(8, 6) + gained(6, 8) + gained(8, 8)) / 4;
  EXPECT_GT(corners, gained(12, 12) + 0.5F);
  EXPECT_GT(sides, corners + 0.5F);
  EXPECT_LT(watch.seen.evidence[pixel(7, 7)], own(7, 7));
}

TEST(Neighbours, ThatAreNotJudgedHaveNoSay) {
  Watch watch(ground_with(forest_spectrum, pit_spectrum, first_day, 9999));
  MonitorState alone = watch.state;
  for (std::size_t i = 0; i < alone.pixels(); ++i) {
    if (i != inside) alone.status[i] = PixelStatus::not_judged;
  }
  watch.options.surroundings_m = 0;
  const ObservationFeatures features = watch.camera.features(watch.ground, first_day, watch.options);
  observe(alone, features, watch.options, watch.seen);
  EXPECT_FLOAT_EQ(watch.seen.evidence[inside], unpack(alone.own_evidence[inside]));
  EXPECT_EQ(watch.seen.evidence[outside], 0);
  EXPECT_EQ(watch.seen.probability[outside], 0);
}

}  // namespace
}  // namespace pitwatch
