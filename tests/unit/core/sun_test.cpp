#include <gtest/gtest.h>

#include <string>

#include "pipeline/core/sun.hpp"

namespace pitwatch {
namespace {

struct Granule {
  std::string sensed;
  double longitude, latitude;  // of the tile's centre
  double zenith, azimuth;
};

class SunOfGranule : public testing::TestWithParam<Granule> {};

// Mean_Sun_Angle of the metadata (MTD_TL.xml) of Sentinel-2 granules from around the world.
TEST_P(SunOfGranule, AgreesWithTheMetadata) {
  const Granule& granule = GetParam();
  const ViewAngles sun = sun_position(parse_instant(granule.sensed), granule.longitude, granule.latitude);
  EXPECT_NEAR(sun.zenith, granule.zenith, 0.05);
  EXPECT_NEAR(sun.azimuth, granule.azimuth, 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Tiles, SunOfGranule,
    testing::Values(Granule{"2021-09-08T04:40:48.758Z", 93.55576, 27.52871, 26.49316, 142.98760},    // T46RER
                    Granule{"2022-02-14T07:05:49.841Z", 47.47167, -22.18066, 29.61174, 76.94824},    // T38KQA
                    Granule{"2021-01-22T13:42:49.839Z", -53.77319, -37.50834, 32.37123, 64.94952},   // T22HBD
                    Granule{"2019-02-12T19:33:32.161Z", -139.35803, -32.11966, 32.70707, 62.32865},  // T07HFE
                    Granule{"2021-02-08T04:40:07.180Z", 110.06271, 64.42852, 79.39994, 176.63642},   // T49WDM
                    Granule{"2022-04-13T15:08:07.846Z", 17.74032, 79.66190, 76.52862, 246.54042}));  // T33XWJ

TEST(Sun, OverheadOnTheTropicAtTheSolstice) {
  // June solstice 2023: 21 June 14:57 UTC; the sun culminates over 23.4 degrees north where it is noon then.
  const ViewAngles sun = sun_position(parse_instant("2023-06-21T14:57:00Z"), -43.8, 23.44);
  EXPECT_LT(sun.zenith, 0.2);
}

TEST(Sun, NoonHeightIsLatitudeAtTheEquinox) {
  // March equinox 2023: 20 March 21:24 UTC; noon then at 138.9 degrees west, less 7.5 minutes of equation of time.
  const ViewAngles sun = sun_position(parse_instant("2023-03-20T21:24:00Z"), -139.13, 40);
  EXPECT_NEAR(sun.zenith, 40, 0.02);
  EXPECT_NEAR(sun.azimuth, 180, 0.5);
}

TEST(Sun, RisesInTheEastAndSetsInTheWest) {
  const ViewAngles morning = sun_position(parse_instant("2023-03-20T02:20:00Z"), 46.7, 40.2);
  const ViewAngles evening = sun_position(parse_instant("2023-03-20T14:50:00Z"), 46.7, 40.2);
  EXPECT_NEAR(morning.azimuth, 90, 10);
  EXPECT_NEAR(evening.azimuth, 270, 10);
  EXPECT_GT(sun_position(parse_instant("2023-03-20T21:00:00Z"), 46.7, 40.2).zenith, 120);
}

}  // namespace
}  // namespace pitwatch
