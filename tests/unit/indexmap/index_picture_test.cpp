// The numbers of a legend.

#include "pipeline/indexmap/index_picture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(IndexPicture, NumbersOfTheLegendHaveTheDigitsThatTheyNeed) {
  EXPECT_THAT(legend_numbers({0, 1}), ElementsAre("0.00", "0.25", "0.50", "0.75", "1.00"));
  EXPECT_THAT(legend_numbers({-0.5, 0.5}), ElementsAre("-0.50", "-0.25", "0.00", "0.25", "0.50"));
  EXPECT_THAT(legend_numbers({0.801, 0.809}), ElementsAre("0.801", "0.803", "0.805", "0.807", "0.809"));
  EXPECT_THAT(legend_numbers({0, 2500}), ElementsAre("0", "625", "1250", "1875", "2500"));
  EXPECT_THAT(legend_numbers({-100000, 900000}), ElementsAre("-100000", "150000", "400000", "650000", "900000"));
  EXPECT_THAT(legend_numbers({0, 4e12}), ElementsAre("0", "1e+12", "2e+12", "3e+12", "4e+12"));
}

TEST(IndexPicture, NumbersOfTheLegendDifferAndAreNear) {
  for (double low = -1e12; low < 2e12; low = low < -1e-9 ? low / 7 : low < 1e-9 ? 1e-9 : low * 7) {
    for (const double width : {1e-3, 0.02, 0.9, 7.0, 1234.5, 1e7}) {
      const ValueRange range{low, low + std::max(width, std::abs(low) * 1e-4)};
      const std::vector<std::string> texts = legend_numbers(range);
      ASSERT_THAT(texts, SizeIs(5));
      EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 5U) << low << " " << width;
      for (std::size_t i = 0; i < 5; ++i) {
        const double step = (range.high - range.low) / 4;
        EXPECT_NEAR(std::stod(texts[i]), range.low + step * static_cast<double>(i), 0.051 * step);
        const bool is_plain = std::abs(range.low) < 1e6 && std::abs(range.high) < 1e6;
        EXPECT_TRUE(!is_plain || texts[i].find('e') == std::string::npos) << texts[i];
      }
    }
  }
}

}  // namespace
}  // namespace pitwatch
