// Declared offsets against the dark end of made bands.

#include "pipeline/gate/dark_pixels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/gate/test_support.hpp"

namespace pitwatch {
namespace {

using test::Dn;
using test::pixels_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// 200 x 200 pixels: bright ground of `bright` + 0..999, and `dark_rows` of dark ground of `dark` + 0..99.
struct Ground {
  int dark = 0;
  int bright = 0;
  int dark_rows = 0;
};

Dn band_of(const Ground& ground, int added = 0) {
  test::Numbers numbers(7);
  return test::dn_plane(200, 200, [&](int, int y) {
    return added + (y < ground.dark_rows ? ground.dark + numbers.below(100) : ground.bright + numbers.below(1000));
  });
}

OffsetFinding check(const Ground& red, const Ground& near_infrared, const Ground& infrared, int added, float declared) {
  const Dn b04 = band_of(red, added);
  const Dn b08 = band_of(near_infrared, added);
  const Dn b12 = band_of(infrared, added);
  const BandPixels bands[] = {pixels_of(Band::B04, b04, declared), pixels_of(Band::B08, b08, declared),
                              pixels_of(Band::B12, b12, declared)};
  return check_offsets(bands);
}

const Ground lake_in_b04{150, 800, 10};
const Ground lake_in_b08{100, 2000, 10};
const Ground lake_in_b12{20, 1500, 10};
const Ground desert{3000, 3000, 0};

TEST(DarkPixels, WaterTells) {
  const auto found = [](int added, float declared) {
    return check(lake_in_b04, lake_in_b08, lake_in_b12, added, declared);
  };
  EXPECT_EQ(found(0, 0).verdict, OffsetVerdict::agrees);
  EXPECT_EQ(found(1000, -0.1F).verdict, OffsetVerdict::agrees);
  const OffsetFinding twice = found(0, -0.1F);
  EXPECT_EQ(twice.verdict, OffsetVerdict::contradicts);
  EXPECT_THAT(twice.text, HasSubstr("5.0 % of B04 is below -0.05 reflectance"));
  const OffsetFinding missing = found(1000, 0);
  EXPECT_EQ(missing.verdict, OffsetVerdict::contradicts);
  EXPECT_THAT(missing.text, HasSubstr("B04 0.115, B08 0.110, B12 0.102"));
}

TEST(DarkPixels, BrightGroundDoesNotTell) {
  for (const int added : {0, 1000}) {
    for (const float declared : {0.0F, -0.1F}) {
      const OffsetFinding finding = check(desert, desert, desert, added, declared);
      EXPECT_EQ(finding.verdict, OffsetVerdict::cannot_tell);
      EXPECT_THAT(finding.text, HasSubstr("darkest before any offset B04 0."));
    }
  }
}

/// Snow is dark in the short-wave infrared alone.
TEST(DarkPixels, SnowDoesNotTell) {
  const Ground snow{7000, 7000, 0};
  EXPECT_EQ(check(snow, snow, {1000, 1000, 200}, 0, 0).verdict, OffsetVerdict::cannot_tell);
}

/// Soil that gets gradually darker has no edge, and no edge counts where another band has something darker.
TEST(DarkPixels, GraduallyDarkGroundDoesNotTell) {
  const Dn sharp = test::dn_plane(200, 200, [](int x, int y) { return 1050 + x + y; });
  const Dn gradual = test::dn_plane(200, 200, [](int x, int y) { return 950 + 25 * (x + y); });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B04, sharp), pixels_of(Band::B12, gradual)}).verdict,
            OffsetVerdict::cannot_tell);
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B04, sharp), pixels_of(Band::B12, sharp)}).verdict,
            OffsetVerdict::contradicts);
  EXPECT_EQ(check({1100, 1500, 10}, {700, 2000, 1}, {1050, 1500, 10}, 0, 0).verdict, OffsetVerdict::cannot_tell);
  EXPECT_EQ(check({1100, 1500, 10}, {1100, 2000, 1}, {1050, 1500, 10}, 0, 0).verdict, OffsetVerdict::contradicts);
}

TEST(DarkPixels, HazeInBlueAndGreenIsNoEvidence) {
  const Dn haze = band_of({1050, 1200, 20});
  const Dn dark = band_of(lake_in_b12);
  const BandPixels only_haze[] = {pixels_of(Band::B02, haze), pixels_of(Band::B03, haze)};
  EXPECT_THAT(check_offsets(only_haze).text, HasSubstr("none of B04"));
  const BandPixels with_dark[] = {pixels_of(Band::B02, haze), pixels_of(Band::B12, dark)};
  EXPECT_EQ(check_offsets(with_dark).verdict, OffsetVerdict::agrees);
}

TEST(DarkPixels, VeiledScenesDoNotTell) {
  // Thin cloud over everything: all bands end sharply, but not at one level.
  const Dn b04 = band_of({1540, 2000, 10});
  const Dn b11 = band_of({1410, 2500, 10});
  const Dn b12 = band_of({1060, 1900, 10});
  const BandPixels bands[] = {pixels_of(Band::B04, b04, 0), pixels_of(Band::B11, b11, 0), pixels_of(Band::B12, b12, 0)};
  EXPECT_EQ(check_offsets(bands).verdict, OffsetVerdict::cannot_tell);
}

TEST(DarkPixels, FewPixelsDoNotTell) {
  // 400 pixels are too few for either finding, 4 900 for an edge.
  const Dn tiny = test::dn_plane(20, 20, [](int, int) { return 30; });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B12, tiny, -0.1F)}).verdict, OffsetVerdict::cannot_tell);
  const Dn small = test::dn_plane(70, 70, [](int x, int) { return 1050 + x; });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B04, small), pixels_of(Band::B12, small)}).verdict,
            OffsetVerdict::cannot_tell);
  const Dn large = test::dn_plane(110, 110, [](int x, int) { return 1050 + x; });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B04, large), pixels_of(Band::B12, large)}).verdict,
            OffsetVerdict::contradicts);
}

TEST(DarkPixels, NodataAndSaturationAreNoDarkGround) {
  const Dn edge = test::dn_plane(200, 200, [](int x, int y) { return y < 50 ? 0 : y < 60 ? 65535 : 2000 + x; });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B12, edge, -0.1F)}).verdict, OffsetVerdict::cannot_tell);
  const Dn nothing = test::dn_plane(200, 200, [](int, int) { return 0; });
  EXPECT_EQ(check_offsets(std::vector{pixels_of(Band::B12, nothing)}).text, "no valid pixel");
}

TEST(DarkPixels, OddOffsetsCannotBeTold) {
  const Dn dark = band_of(lake_in_b12);
  EXPECT_THAT(check_offsets(std::vector{pixels_of(Band::B12, dark, -0.05F)}).text, HasSubstr("neither 0 nor -0.1"));
  EXPECT_THAT(check_offsets(std::vector{pixels_of(Band::B12, dark, -0.1F), pixels_of(Band::B04, dark)}).text,
              HasSubstr("differ between bands"));
}

TEST(OffsetDecision, MetadataAndPixels) {
  const OffsetBasis plain{"processing baseline", {}};
  const OffsetBasis odd{"raster:bands", {"raster:bands gives offset 0, but baseline 05.11 has offset -0.1"}};
  const OffsetFinding agrees{OffsetVerdict::agrees, "dark"};
  const OffsetFinding contradicts{OffsetVerdict::contradicts, "not dark"};
  const OffsetFinding unknown{OffsetVerdict::cannot_tell, "bright"};

  EXPECT_TRUE(decide_on_offsets(plain, agrees, OffsetCheck::refuse).use);
  EXPECT_THAT(decide_on_offsets(plain, agrees, OffsetCheck::refuse).warnings, IsEmpty());
  EXPECT_TRUE(decide_on_offsets(plain, unknown, OffsetCheck::refuse).use);
  EXPECT_THAT(decide_on_offsets(odd, agrees, OffsetCheck::refuse).warnings,
              ElementsAre(odd.contradictions[0], "the pixels agree with offsets by raster:bands: dark"));
  EXPECT_TRUE(decide_on_offsets(odd, unknown, OffsetCheck::refuse).use);
  EXPECT_THAT(decide_on_offsets(odd, unknown, OffsetCheck::warn).warnings,
              ElementsAre(odd.contradictions[0], "the pixels do not tell about offsets by raster:bands: bright"));

  const OffsetDecision refused = decide_on_offsets(odd, contradicts, OffsetCheck::refuse);
  EXPECT_FALSE(refused.use);
  EXPECT_EQ(refused.reason, "offsets by raster:bands contradict the pixels: not dark");
  EXPECT_THAT(refused.warnings, ElementsAre(odd.contradictions[0]));
  const OffsetDecision warned = decide_on_offsets(plain, contradicts, OffsetCheck::warn);
  EXPECT_TRUE(warned.use);
  EXPECT_THAT(warned.warnings, ElementsAre("offsets by processing baseline contradict the pixels: not dark"));
  EXPECT_TRUE(decide_on_offsets(plain, contradicts, OffsetCheck::off).use);
  EXPECT_THAT(decide_on_offsets(plain, contradicts, OffsetCheck::off).warnings, IsEmpty());
}

TEST(OffsetDecision, Option) {
  EXPECT_EQ(offset_check_from("refuse"), OffsetCheck::refuse);
  EXPECT_EQ(offset_check_from("warn"), OffsetCheck::warn);
  EXPECT_EQ(offset_check_from("off"), OffsetCheck::off);
  EXPECT_THROW(offset_check_from("on"), ConfigError);
}

}  // namespace
}  // namespace pitwatch
