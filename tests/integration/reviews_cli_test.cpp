// Reviews by many at once, beside nightly runs and checks: none is lost that was acknowledged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/nights.hpp"
#include "tests/integration/review_crowd.hpp"

namespace pitwatch {
namespace {

using test::Nights;
using test::Outcome;
using test::ReviewCrowd;
using ::testing::SizeIs;

TEST(ReviewsCli, NoneThatWasAcknowledgedIsLostBesideRuns) {
  constexpr std::size_t first_night = 30;
  const Nights nights;
  const std::string state = nights / "state";
  nights.deliver(0, first_night);
  ASSERT_EQ(nights.run(state).exit_code, 0);
  ReviewCrowd crowd(state, {});
  std::size_t scene = first_night;
  int runs = 0;
  while (crowd.is_at_work()) {
    if (scene < test::night_scenes().names().size()) {
      nights.deliver(scene, scene + 1);
      ++scene;
    }
    const Outcome night = nights.run(state);
    EXPECT_EQ(night.exit_code, 0) << night.err;
    ++runs;
    const Outcome verified = test::verify(state);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  crowd.join();
  EXPECT_THAT(crowd.refused(), SizeIs(0)) << crowd.refused().front().err;
  EXPECT_EQ(crowd.expect_in(state + "/register.gpkg"),
            static_cast<std::size_t>(ReviewCrowd::reviewers * ReviewCrowd::of_each));
  EXPECT_EQ(crowd.recorded_beyond(), 0U) << "none that was refused is there";
  EXPECT_GE(runs, 2);
  EXPECT_EQ(nights.run(state).exit_code, 0);
  const Outcome verified = test::verify(state);
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  std::cout << runs << " runs\n";
}

}  // namespace
}  // namespace pitwatch
