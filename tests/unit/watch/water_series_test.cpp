#include "pipeline/watch/water_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Instant day(int number) { return parse_instant("2022-01-01") + std::chrono::hours(24 * number); }

/// Every five days, usually 8 FNU below and 8 above; `times` as turbid from one observation to another.
std::vector<WaterObservation> observations(int count, int from, int to, double below, double above) {
  std::vector<WaterObservation> seen;
  for (int i = 0; i < count; ++i) {
    const bool is_in = i >= from && i < to;
    WaterObservation one;
    one.at = day(5 * i);
    one.pixels = 100;
    one.red = 0.0304;
    one.near_infrared = 0.01234;
    one.fnu = 8 * (is_in ? below : 1);
    one.upstream_pixels = above > 0 ? 50 : 0;
    if (above > 0) one.upstream_fnu = 8 * (is_in ? above : 1);
    seen.push_back(one);
  }
  return seen;
}

WaterSeries series(const std::string& water, const std::string& alert_id, std::vector<WaterObservation> seen) {
  WaterSeries one{"north", alert_id, "rivers", water, "7", std::move(seen), {}};
  one.course = course_of(one.seen);
  return one;
}

OutlinedAlert alert(const std::string& id, Instant onset_after) {
  OutlinedAlert one;
  one.alert.id = id;
  one.alert.onset_after = onset_after;
  return one;
}

ContextFacts facts_of(const std::string& id, const std::string& to) {
  ContextFacts facts;
  facts.alert_id = id;
  facts.context.water.emplace().flow.emplace().to = to;
  return facts;
}

/// What is added of one alert.
std::vector<ContextDetail> details(const std::string& to, Instant onset_after, const std::vector<WaterSeries>& waters) {
  std::vector<ContextFacts> facts{facts_of("PW-1", to)};
  const std::vector<OutlinedAlert> alerts{alert("PW-1", onset_after)};
  add_turbidity(facts, alerts, waters);
  return facts.front().details;
}

TEST(WaterSeries, AreJudgedAgainstTheReachAboveWhereThereIsOne) {
  const TurbidityCourse own = course_of(observations(40, 30, 33, 12, 0));
  ASSERT_EQ(own.events.size(), 1U);
  EXPECT_EQ(own.events[0].appeared, day(150));
  EXPECT_EQ(own.events[0].faded, day(165));
  EXPECT_FALSE(own.events[0].against_upstream);
  EXPECT_FALSE(own.judgements[30].upstream_sigma);
  const TurbidityCourse plume = course_of(observations(40, 30, 33, 12, 1));
  ASSERT_EQ(plume.events.size(), 1U);
  EXPECT_TRUE(plume.events[0].against_upstream);
  EXPECT_EQ(plume.judgements[30].anomaly_sigma(), plume.judgements[30].upstream_sigma);
  const TurbidityCourse rain = course_of(observations(40, 30, 33, 12, 12));
  EXPECT_TRUE(rain.events.empty()) << "both reaches are as turbid";
  EXPECT_GT(*rain.judgements[30].season_sigma, 4);
  EXPECT_NEAR(*rain.judgements[30].upstream_sigma, 0, 1e-9);
}

TEST(WaterDetails, AreOfTheNewestEventSinceTheOnset) {
  const std::vector<WaterSeries> waters{series("river", "", observations(40, 30, 33, 12, 0))};
  const std::vector<ContextDetail> found = details("river", day(100), waters);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject, "water_turbidity");
  EXPECT_EQ(found[0].layer, "rivers");
  EXPECT_EQ(found[0].feature_id, "7");
  EXPECT_EQ(found[0].feature_name, "river");
  std::map<std::string, double> figures = found[0].figures;
  EXPECT_NEAR(figures.at("peak_season_sigma"), figures.at("peak_sigma"), 0);
  EXPECT_GT(figures.at("peak_sigma"), 4);
  figures.erase("peak_season_sigma");
  figures.erase("peak_sigma");
  EXPECT_THAT(figures,
              UnorderedElementsAre(Pair("observations_since", 19), Pair("upstream_since", 0),
                                   Pair("clear_before_yyyymmdd", 20220526), Pair("appeared_yyyymmdd", 20220531),
                                   Pair("last_seen_yyyymmdd", 20220610), Pair("faded_yyyymmdd", 20220615),
                                   Pair("peak_fnu", 96), Pair("against_upstream", 0)));
}

TEST(WaterDetails, OfAnEventThatLastsHaveNoEnd) {
  const std::vector<WaterSeries> waters{series("river", "", observations(33, 30, 33, 12, 0))};
  EXPECT_EQ(details("river", day(100), waters).at(0).figures.count("faded_yyyymmdd"), 0U);
}

TEST(WaterDetails, HaveNoEventThatAppearedBeforeTheOnset) {
  const std::vector<WaterSeries> waters{series("river", "", observations(40, 30, 33, 12, 0))};
  const std::map<std::string, double> figures = details("river", day(150), waters).at(0).figures;
  EXPECT_THAT(figures, UnorderedElementsAre(Pair("observations_since", 9), Pair("upstream_since", 0)));
  EXPECT_EQ(details("river", day(149), waters).at(0).figures.count("appeared_yyyymmdd"), 1U);
}

TEST(WaterDetails, AreOfTheAlertsOwnReachWhereItHasOne) {
  const std::vector<WaterSeries> waters{series("river", "", observations(40, 30, 33, 12, 0)),
                                        series("river", "PW-2", observations(40, 25, 27, 12, 1)),
                                        series("river", "PW-1", observations(40, 20, 22, 12, 1))};
  const std::vector<ContextDetail> found = details("river", day(50), waters);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].figures.at("appeared_yyyymmdd"), 20220411);
  EXPECT_EQ(found[0].figures.at("against_upstream"), 1);
  EXPECT_EQ(found[0].figures.at("upstream_since"), 29);
  EXPECT_GT(found[0].figures.at("peak_upstream_sigma"), 4);
}

TEST(WaterDetails, AreOfAllOfTheWaterWhereTheReachIsSeldomSeen) {
  const std::vector<WaterObservation> reach = observations(40, 10, 12, 12, 1);
  const auto appeared = [&](int count) {
    const std::vector<WaterSeries> waters{series("river", "", observations(40, 30, 33, 12, 0)),
                                          series("river", "PW-1", {reach.begin(), reach.begin() + count})};
    return details("river", day(40), waters).at(0).figures.at("appeared_yyyymmdd");
  };
  EXPECT_EQ(appeared(20), 20220220);
  EXPECT_EQ(appeared(19), 20220531);
}

TEST(WaterDetails, AreOfTheWaterThatTheFlowComesTo) {
  const std::vector<WaterSeries> waters{series("brook", "", observations(40, 25, 27, 12, 0)),
                                        series("brook", "PW-1", observations(40, 20, 22, 12, 1)),
                                        series("river", "", observations(40, 30, 33, 12, 0))};
  const std::vector<ContextDetail> found = details("river", day(50), waters);
  ASSERT_EQ(found.size(), 1U) << "its reach is of another water";
  EXPECT_EQ(found[0].figures.at("appeared_yyyymmdd"), 20220531);
  EXPECT_TRUE(details("lake", day(50), waters).empty());
  EXPECT_TRUE(details("", day(50), {series("", "", observations(40, 30, 33, 12, 0))}).empty());
  std::vector<ContextFacts> dry(1);
  add_turbidity(dry, std::vector{alert("PW-1", day(50))}, waters);
  EXPECT_TRUE(dry[0].details.empty()) << "without elevations";
}

TEST(TurbidityTable, HasARowForEachObservationAndSaysWhatItIsComparedWith) {
  std::vector<WaterObservation> seen = observations(10, 8, 9, 12, 1);
  seen[9].upstream_fnu.reset();
  seen[9].upstream_pixels = 3;
  const std::string table = turbidity_csv(std::vector{series("=river", "PW-1", seen)});
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < table.size();) {
    const std::size_t end = table.find("\r\n", from);
    lines.push_back(table.substr(from, end - from));
    from = end + 2;
  }
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines[0],
            "site,alert,layer,water,date,pixels,red,nir,fnu,upstream_pixels,upstream_fnu,season_sigma,upstream_sigma,"
            "compared_with,in_event");
  EXPECT_EQ(lines[1], "north,PW-1,rivers,'=river,2022-01-01T00:00:00Z,100,0.0304,0.0123,8.00,50,8.00,,,,0");
  // log(97 / 9) over a spread of 0.15.
  EXPECT_EQ(lines[9],
            "north,PW-1,rivers,'=river,2022-02-10T00:00:00Z,100,0.0304,0.0123,96.00,50,8.00,15.85,15.85,upstream,1");
  EXPECT_EQ(lines[10], "north,PW-1,rivers,'=river,2022-02-15T00:00:00Z,100,0.0304,0.0123,8.00,3,,0.00,,season,0");
  EXPECT_THAT(turbidity_csv({}), ::testing::EndsWith("in_event\r\n"));
}

TEST(WaterAreaTable, HasARowForEachAcquisitionAndSaysSinceWhen) {
  WaterExtents lake{"north", "", "lakes", "=lake", 12.5, {{day(0), 1.23456, 1}, {day(5), 0, 0.0004}}, {}};
  lake.since.first_seen = day(0);
  const WaterExtents pond{"north", "PW-1", "", "", 0.2, {{day(5), 0.1, 0.5}}, {day(5), day(0)}};
  EXPECT_EQ(water_area_csv(std::vector{lake, pond}),
            "site,alert,layer,water,pixels_ha,first_seen,dry_before,date,area_ha,seen_share\r\n"
            "north,,lakes,'=lake,12.5000,2022-01-01T00:00:00Z,,2022-01-01T00:00:00Z,1.2346,1.000\r\n"
            "north,,lakes,'=lake,12.5000,2022-01-01T00:00:00Z,,2022-01-06T00:00:00Z,0.0000,0.000\r\n"
            "north,PW-1,,,0.2000,2022-01-06T00:00:00Z,2022-01-01T00:00:00Z,2022-01-06T00:00:00Z,0.1000,0.500\r\n");
}

}  // namespace
}  // namespace pitwatch
