#include "pipeline/monitor/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/monitor/watched_patch.hpp"

namespace pitwatch {
namespace {

TEST(MonitorState, WhatIsKeptAreTheArraysThatFilesOfFormerNightsHave) {
  MonitorState state = make_state(3, 2);
  std::vector<std::string> names;
  for (const StateArray& array : state_arrays(state)) names.emplace_back(array.name);
  EXPECT_THAT(names, testing::ElementsAre("looks", "whitening", "typical_noise", "models", "kind", "recent_residuals",
                                          "recent_looks", "history", "counts", "status", "own_evidence"));
}

TEST(MonitorState, AllButTheShoresIsKept) {
  MonitorState state = make_state(3, 2);
  std::size_t bytes = 0;
  for (const StateArray& array : state_arrays(state)) bytes += array.elements() * array.element_bytes;
  constexpr std::size_t model = feature_count * (term_count * sizeof(std::int16_t) + 1) + year_parts + 2;
  const std::size_t per_pixel = model + sizeof(std::uint8_t) + window_observations * feature_count +
                                sizeof(RecentNumbers) + sizeof(PixelHistory) + sizeof(PixelCounts) +
                                sizeof(PixelStatus) + sizeof(PackedLogOdds);
  EXPECT_EQ(bytes, 6 * per_pixel + sizeof(float) * feature_count * (feature_count + 1));
}

TEST(MonitorState, GoingOnFromItIsGoingOnForNights) {
  test::Watch watch(test::ground_with(test::forest_spectrum, test::pit_spectrum, test::first_day + 20, 9999));
  watch.observe_each(3);
  MonitorState restored = unfilled_state(test::side, test::side, watch.state.observations.size());
  const std::vector<StateArray> saved = state_arrays(watch.state);
  const std::vector<StateArray> target = state_arrays(restored);
  for (std::size_t i = 0; i < saved.size(); ++i) {
    ASSERT_EQ(saved[i].bytes.size(), target[i].bytes.size()) << saved[i].name;
    std::memcpy(target[i].bytes.data(), saved[i].bytes.data(), saved[i].bytes.size());
  }
  for (int night = 0; night < 8; ++night, watch.day += 10) {
    ObservationFeatures next = watch.camera.features(watch.ground, watch.day, watch.options);
    // Half of the site is under cloud every other night: what is there stays as it was kept.
    for (std::size_t i = 0; night % 2 == 0 && i < next.seen.size() / 2; ++i) next.seen[i] = Seen::masked;
    Observation of_restored;
    observe(watch.state, next, watch.options, watch.seen);
    observe(restored, next, watch.options, of_restored);
    EXPECT_EQ(watch.seen.evidence, of_restored.evidence) << night;
    EXPECT_EQ(watch.seen.status, of_restored.status) << night;
  }
}

TEST(MonitorState, GroundThatWasNeverSeenIsNotJudgedAndOfNoKind) {
  const MonitorState state = make_state(2, 2);
  for (std::size_t i = 0; i < state.pixels(); ++i) {
    EXPECT_EQ(state.status[i], PixelStatus::not_judged);
    EXPECT_EQ(state.kind[i], no_kind);
    EXPECT_EQ(state.recent(i).count, 0);
  }
}

TEST(MonitorState, WaterOfASingleObservationIsNone) {
  PixelCounts counts;
  counts.wet = 1;
  EXPECT_FALSE(was_water(counts));
  counts.wet = 2;
  EXPECT_TRUE(was_water(counts));
}

}  // namespace
}  // namespace pitwatch
