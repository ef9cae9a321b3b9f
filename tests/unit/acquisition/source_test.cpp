#include "pipeline/acquisition/source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pitwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string odd(const char* acquired, const std::string& datatake = "", const std::string& platform = "sentinel-2a") {
  Scene scene;
  scene.acquired = parse_instant(acquired);
  scene.platform = platform;
  scene.datatake = datatake;
  return impossible_time(scene, parse_instant("2023-03-01T12:00:00Z"));
}

TEST(ImpossibleTime, IsBeforeTheSatellitesAndAfterToday) {
  EXPECT_THAT(odd("2015-06-22T23:59:59Z"), HasSubstr("before the first Sentinel-2"));
  EXPECT_THAT(odd("2015-06-23"), IsEmpty());
  EXPECT_THAT(odd("1970-01-01"), HasSubstr("is dated 1970-01-01"));
  EXPECT_THAT(odd("2023-03-02T12:00:00Z"), IsEmpty()) << "clocks differ";
  EXPECT_THAT(odd("2023-03-02T12:00:01Z"), HasSubstr("yet to come"));
}

TEST(ImpossibleTime, IsNotThatOfTheDatatake) {
  EXPECT_THAT(odd("2022-02-14T07:00:51Z", "GS2A_20220214T070051_034715_N04.00"), IsEmpty());
  EXPECT_THAT(odd("2022-02-15T07:00:51Z", "GS2A_20220214T070051_034715_N04.00"), IsEmpty());
  EXPECT_THAT(odd("2018-02-14T07:00:51Z", "GS2A_20220214T070051_034715_N04.00"),
              HasSubstr("its datatake is GS2A_20220214T070051_034715_N04.00"));
  EXPECT_THAT(odd("2018-02-14T07:00:51Z", "GS2A_2022"), IsEmpty());
  EXPECT_THAT(odd("2018-02-14T07:00:51Z", "GS2A_20229999T070051_034715_N04.00"), IsEmpty());
}

TEST(ImpossibleTime, IsNotAskedOfWhatIsNoSentinel2) {
  EXPECT_THAT(odd("1999-01-01", "", ""), IsEmpty());
  EXPECT_THAT(odd("2014-01-01", "", "landsat-8"), IsEmpty());
}

TEST(LocalPath, IsThatOfAFolderOrAFileUrl) {
  EXPECT_EQ(local_path("/data/pit 7"), "/data/pit 7");
  EXPECT_EQ(local_path("file:///data/pit%207"), "/data/pit 7");
  EXPECT_EQ(local_path("https://example.org/stac"), std::nullopt);
}

}  // namespace
}  // namespace pitwatch
