// Which frames of a film strip stay.

#include "pipeline/chips/film_strip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace pitwatch {
namespace {

using ::testing::ElementsAre;

std::vector<std::size_t> kept(std::size_t count, std::size_t most) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_kept_frame(i, count, most)) numbers.push_back(i);
  }
  return numbers;
}

TEST(FilmStrip, WhenFullEverySecondGoesAndTheNewestStays) {
  EXPECT_THAT(kept(4, 4), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(kept(5, 4), ElementsAre(0, 2, 4));
  EXPECT_THAT(kept(6, 4), ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(kept(7, 4), ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(kept(8, 4), ElementsAre(0, 4, 7));
  EXPECT_THAT(kept(13, 4), ElementsAre(0, 4, 8, 12));
  EXPECT_THAT(kept(14, 4), ElementsAre(0, 8, 13));
}

TEST(FilmStrip, OfVeryShortOnesToo) {
  EXPECT_THAT(kept(1, 1), ElementsAre(0));
  EXPECT_THAT(kept(9, 1), ElementsAre(8));
  EXPECT_THAT(kept(3, 2), ElementsAre(0, 2));
  EXPECT_THAT(kept(9, 2), ElementsAre(0, 8));
  EXPECT_THAT(kept(0, 3), ElementsAre());
}

/// Whatever the length: not too many, half of what there is room for at least, and none that was gone before.
TEST(FilmStrip, NeverTooManyNeverLostAndFoundAgain) {
  for (const std::size_t most : {1U, 2U, 3U, 5U, 24U, 25U}) {
    std::set<std::size_t> before;
    for (std::size_t count = 1; count < 400; ++count) {
      const std::vector<std::size_t> now = kept(count, most);
      ASSERT_LE(now.size(), most) << count;
      ASSERT_GE(2 * now.size(), std::min(count, most)) << count << " of " << most;
      ASSERT_EQ(now.back(), count - 1);
      for (const std::size_t number : now) ASSERT_TRUE(number + 1 == count || before.contains(number)) << number;
      before = {now.begin(), now.end()};
    }
  }
}

}  // namespace
}  // namespace pitwatch
