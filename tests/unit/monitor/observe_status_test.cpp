// The life of a pixel: what its status asks for.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

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
using test::Watch;

/// Forest with a patch that is dug at the observations, from the first one on, whose letter is '#'.
test::Ground dug_at(std::string observations) {
  return [observations = std::move(observations)](int x, int y, int day) {
    const int n = (day - first_day) / 10;
    const bool is_dug = day >= first_day && in_patch(x, y) && n < static_cast<int>(observations.size()) &&
                        observations[static_cast<std::size_t>(n)] == '#';
    return is_dug ? pit_spectrum : forest_spectrum;
  };
}

/// Status in the patch after each observation: p(rovisional), c(onfirmed), x (closed), r(ecovering), . (stable).
std::string course_of(Watch& watch, int observations) {
  std::string course;
  for (int i = 0; i < observations; ++i) {
    watch.observe_each(1);
    const PixelStatus status = watch.seen.status[inside];
    course += status == PixelStatus::provisional  ? 'p'
              : status == PixelStatus::confirmed  ? 'c'
              : status == PixelStatus::closed     ? 'x'
              : status == PixelStatus::recovering ? 'r'
                                                  : '.';
  }
  return course;
}

TEST(PixelLife, TwoCleanObservationsCloseAProvisionalOneAndFourAConfirmedOne) {
  Watch once(dug_at("#"));
  EXPECT_EQ(course_of(once, 3), "ppx");
  Watch longer(ground_with(grey_rock_spectrum, pit_spectrum, first_day, first_day + 40));
  EXPECT_EQ(course_of(longer, 8), "pccccccx");
}

TEST(PixelLife, CleanObservationsHaveToComeInARow) {
  Watch watch([](int x, int y, int day) {
    const int n = (day - first_day) / 10;
    const bool is_dug = day >= first_day && in_patch(x, y) && (n < 4 || n == 7);
    return is_dug ? pit_spectrum : grey_rock_spectrum;
  });
  EXPECT_EQ(course_of(watch, 12), "pccccccccccx");
}

TEST(PixelLife, ConfirmationNeedsAsManyObservationsAsAskedFor) {
  for (const int needed : {2, 4}) {
    Watch watch(ground_with(forest_spectrum, pit_spectrum, first_day, 9999));
    watch.options.confirm_observations = needed;
    EXPECT_EQ(course_of(watch, 5), std::string(static_cast<std::size_t>(needed - 1), 'p') +
                                       std::string(static_cast<std::size_t>(6 - needed), 'c'));
    EXPECT_EQ(watch.state.history[inside].observations_since_onset, 5);
    EXPECT_EQ(watch.state.history[inside].confirmed_on - watch.state.history[inside].first_detected, needed - 1);
  }
}

TEST(PixelLife, RecoversOnceTheShareAskedForOfItsGreenIsBack) {
  // Four fifths grown over.
  const auto status_with = [](float share) {
    Watch watch([](int x, int y, int day) {
      if (!in_patch(x, y) || day < first_day) return forest_spectrum;
      return day < first_day + 70 ? pit_spectrum : PixelReflectance{.05F, .07F, .065F, .287F, .18F, .11F};
    });
    watch.options.recovered_share = share;
    watch.observe_each(9);
    return watch.seen.status[inside];
  };
  EXPECT_EQ(status_with(0.6F), PixelStatus::recovering);
  EXPECT_EQ(status_with(0.95F), PixelStatus::confirmed);
}

TEST(PixelLife, GroundThatHadNoGreenDoesNotRecover) {
  Watch watch(ground_with(grey_rock_spectrum, pit_spectrum, first_day, 9999));
  EXPECT_EQ(course_of(watch, 12), "pccccccccccc");
}

TEST(PixelLife, ClosedGroundThatIsDugAgainIsANewFind) {
  Watch watch(
      dug_at("#...."
             "#####"));
  EXPECT_EQ(course_of(watch, 7), "ppxxxpc");
  const PixelHistory& history = watch.state.history[inside];
  EXPECT_EQ(history.confirmed_on - history.first_detected, 1);
  EXPECT_EQ(history.onset_before, history.first_detected);
}

TEST(PixelLife, TheLastDetectionIsTheLastObservationThatWasNotClean) {
  Watch watch(ground_with(grey_rock_spectrum, pit_spectrum, first_day, first_day + 40));
  watch.observe_each(7);
  const PixelHistory& history = watch.state.history[inside];
  EXPECT_EQ(history.last_detected - history.first_detected, 3);
  EXPECT_EQ(history.last_clear - history.first_detected, 6);
}

TEST(PixelLife, WhatIsLikelierDisturbedThanNotIsNotLearnt) {
  Watch watch(ground_with(forest_spectrum, forest_spectrum, 0, 0));
  watch.options.prior_log_odds = 9;  // clean, but with odds above even
  watch.options.provisional_log_odds = 20;
  watch.observe_each(1);
  ASSERT_GT(watch.seen.evidence[outside], 0);
  EXPECT_EQ(watch.seen.undisturbed[outside], 0);
}

TEST(PixelLife, ObservationsOfOneSkyAreMeasuredOnce) {
  Watch watch(ground_with(forest_spectrum, forest_spectrum, 0, 0));
  const auto measured = watch.state.counts[outside].measured;
  ObservationFeatures features = watch.camera.features(watch.ground, first_day, watch.options);
  observe(watch.state, features, watch.options, watch.seen);
  features.when += std::chrono::seconds(30);
  observe(watch.state, features, watch.options, watch.seen);
  EXPECT_EQ(watch.state.counts[outside].measured, measured + 1);
}

}  // namespace
}  // namespace pitwatch
