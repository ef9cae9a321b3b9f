// The course of an alert as people and programs read it.

#include "tools/alert_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"

namespace pitwatch::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ObservedAlert row(const std::string& acquired, AlertSeen use) {
  ObservedAlert made;
  made.acquisition = "S2A_" + acquired.substr(0, 10);
  made.acquired = parse_instant(acquired);
  made.use = use;
  made.why = use == AlertSeen::masked ? "cloud" : "";
  made.clear_share = use == AlertSeen::clear ? 1 : 0.25;
  made.detected_share = 0.5;
  made.probability = 0.98765;
  for (std::size_t f = 0; f < made.features.size(); ++f) {
    if (use == AlertSeen::clear) made.features[f] = {0.5 + static_cast<double>(f), 0.5, 0.5};
  }
  return made;
}

AlertSeries example() {
  return {"state/chips/pit/PW-1/observations.csv",
          {row("2022-03-26T07:43:21Z", AlertSeen::clear), row("2022-03-31T07:43:14Z", AlertSeen::masked)}};
}

TEST(AlertSeries, DeviationIsInStandardDeviations) {
  EXPECT_EQ(deviation_sigma({0.2, 0.5, 0.1}), (0.2 - 0.5) / 0.1);
  EXPECT_EQ(deviation_sigma({{}, 0.5, 0.1}), std::nullopt);
  EXPECT_EQ(deviation_sigma({0.2, {}, 0.1}), std::nullopt);
  EXPECT_EQ(deviation_sigma({0.2, 0.5, {}}), std::nullopt);
  EXPECT_EQ(deviation_sigma({0.2, 0.5, 0}), std::nullopt);
}

TEST(AlertSeries, TextNamesTheFileAndShowsTheFeaturesThatDeviatedMost) {
  const std::string text = series_text(example());
  EXPECT_THAT(text, HasSubstr("from state/chips/pit/PW-1/observations.csv"));
  EXPECT_THAT(text,
              HasSubstr("log_visible  expected  sigma  log_swir16  expected  sigma  log_swir22  expected  sigma"));
  EXPECT_THAT(text, Not(HasSubstr("ndvi")));
  EXPECT_THAT(text, HasSubstr("5.500       0.500     10.0"));
  EXPECT_THAT(text, HasSubstr("2022-03-31T07:43:14Z  masked  0.25   0.50       0.99"));
  EXPECT_THAT(text, HasSubstr("cloud\n"));
}

TEST(AlertSeries, CsvIsTheTableWithDeviations) {
  const std::string csv = series_csv(example());
  EXPECT_THAT(csv, ::testing::StartsWith("acquisition,acquired,use,why,"));
  EXPECT_THAT(csv, HasSubstr("log_swir22_sd,ndvi_deviation,bsi_deviation,"));
  EXPECT_THAT(csv, HasSubstr(",5.5000,0.5000,0.5000,0.0000,2.0000,4.0000,6.0000,8.0000,10.0000\n"));
  EXPECT_THAT(csv, ::testing::EndsWith(",,,,,,\n"));
}

TEST(AlertSeries, JsonHasNullForWhatThereIsNot) {
  const nlohmann::ordered_json series = series_json(example());
  EXPECT_EQ(series.at("from"), "state/chips/pit/PW-1/observations.csv");
  const auto& clear = series.at("observations").at(0);
  EXPECT_EQ(clear.at("use"), "clear");
  EXPECT_TRUE(clear.at("why").is_null());
  EXPECT_EQ(clear.at("features").at("bsi").at("deviation"), 2.0);
  const auto& masked = series.at("observations").at(1);
  EXPECT_EQ(masked.at("why"), "cloud");
  EXPECT_TRUE(masked.at("features").at("bsi").at("deviation").is_null());
}

TEST(AlertSeries, PlaceLiesOnTheGroundBesideItsHole) {
  const LonLatPolygon small{{{50, 0}, {51, 0}, {51, 1}, {50, 1}}, {}};
  const LonLatPolygon holed{{{0, 0}, {10, 0}, {10, 4}, {0, 4}}, {{{1, 1}, {3, 1}, {3, 3}, {1, 3}}}};
  const LonLat place = place_inside({small, holed});
  EXPECT_DOUBLE_EQ(place.lon, 6.5);
  EXPECT_DOUBLE_EQ(place.lat, 2);
  EXPECT_THROW(place_inside({}), DataError);
}

}  // namespace
}  // namespace pitwatch::tools
