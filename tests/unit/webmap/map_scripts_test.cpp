#include "pipeline/webmap/map_scripts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pipeline/webmap/map_pictures.hpp"
#include "tests/unit/webmap/script_reader.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::document_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* hostile = "</script><img src=x onerror=\"hit()\">\u202e\u2028'\n";
constexpr const char* inert = "</script><img src=x onerror=\"hit()\">\\u202e\\u2028'\\n";

LonLatMultiPolygon square(double west, double south, double side) {
  return {{{{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}}, {}}};
}

RegisteredEvent event(const std::string& at, AlertEventKind kind, double area_ha, LonLatMultiPolygon outline) {
  RegisteredEvent one;
  one.alert_id = "PW-1";
  one.at = parse_instant(at);
  one.kind = kind;
  one.status = AlertStatus::provisional;
  one.area_ha = area_ha;
  one.confidence = 0.5;
  one.outline = std::move(outline);
  return one;
}

MapAlert sample_alert() {
  MapAlert one;
  Alert& alert = one.outlined.alert;
  alert.id = "PW-1";
  alert.site = "pit";
  alert.first_detected = parse_instant("2022-03-01T07:44:58Z");
  alert.last_detected = alert.last_observed = parse_instant("2022-05-01T07:44:58Z");
  alert.area_ha = 1.23456;
  alert.confidence = 0.98765;
  alert.scenes_before = {hostile};
  alert.review = Review{Verdict::licensed, hostile, parse_instant("2022-06-01"), hostile, false};
  one.reviews.push_back({"PW-1", *alert.review, {}, {}, {}});
  one.outlined.outline = square(46.6, 40.1, 0.002);
  one.events = {event("2022-03-01T07:44:58Z", AlertEventKind::first_detected, 0.5, square(46.6, 40.1, 0.001)),
                event("2022-03-11T07:44:58Z", AlertEventKind::confirmed, 0.5, square(46.6, 40.1, 0.001)),
                event("2022-05-01T07:44:58Z", AlertEventKind::grew, 1.2, square(46.6, 40.1, 0.002))};
  return one;
}

MapContent sample_content() {
  MapContent content;
  content.as_of = parse_instant("2022-05-01T07:44:58Z");
  content.sites.push_back({"pit", hostile, true, square(46.59, 40.09, 0.05), {}});
  LayerFeature feature;
  feature.id = hostile;
  feature.holder = hostile;
  feature.areas = square(46.6, 40.1, 0.01);
  feature.lines = {{{46.6, 40.1}, {46.61, 40.1}}};
  feature.points = {{46.6, 40.1}};
  content.layers.push_back({hostile, "licence", {feature}});
  content.alerts.push_back(sample_alert());
  content.lacks.push_back({MapLack::What::layer, hostile});
  content.skipped.emplace_back("layer x", "/secret/of/this/machine");
  return content;
}

TEST(MapScripts, OutlinesAreWholeMillionthsOfADegreeFromVertexToVertex) {
  const LonLatMultiPolygon shape{
      {{{46.6, -40.1}, {46.6000014, -40.1}, {46.6000014, -40.0999989}}, {{{0.5, 0.25}, {0.5, 0.26}, {0.51, 0.26}}}}};
  EXPECT_EQ(outline_text(shape), "[[[46600000,-40100000,1,0,0,1],[500000,250000,0,10000,10000,0]]]");
  EXPECT_EQ(outline_text({}), "[]");
}

TEST(MapScripts, TheMapHasSitesLayersAndAlerts) {
  const MapContent content = sample_content();
  const json map = document_of(map_script(content, {"PW-1"}, "az"), "map");
  EXPECT_EQ(map.at("lang"), "az");
  EXPECT_EQ(map.at("as_of"), "2022-05-01T07:44:58Z");
  EXPECT_EQ(map.at("sites").at(0).at("id"), "pit");
  EXPECT_EQ(map.at("sites").at(0).at("name"), inert);
  EXPECT_TRUE(map.at("sites").at(0).at("coverage").is_null());
  const json& feature = map.at("layers").at(0).at("features").at(0);
  EXPECT_EQ(map.at("layers").at(0).at("name"), inert);
  EXPECT_EQ(feature.at("holder"), inert);
  EXPECT_EQ(feature.at("lines").dump(), "[[46600000,40100000,10000,0]]");
  EXPECT_EQ(feature.at("points").dump(), "[46600000,40100000]");
  EXPECT_EQ(map.at("skipped").at(0).at("name"), inert);
  EXPECT_EQ(map.dump().find("/secret"), std::string::npos);
  const json& alert = map.at("alerts").at(0);
  EXPECT_EQ(alert.at("review"), "licensed");
  EXPECT_TRUE(alert.at("licence").is_null());
  EXPECT_EQ(alert.at("area_ha"), 1.2346);
  EXPECT_EQ(alert.at("first"), "2022-03-01");
  EXPECT_EQ(alert.at("outline").dump(), outline_text(content.alerts[0].outlined.outline));
}

TEST(MapScripts, GrowthTellsAnOutlineWhereItIsAnother) {
  MapContent content = sample_content();
  const json growth = document_of(growth_script(content, 0), "growth-0");
  ASSERT_THAT(growth, SizeIs(1));
  EXPECT_EQ(growth.at(0).at("alert"), 0);
  const json& events = growth.at(0).at("events");
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events.at(0).at("outline").dump(), outline_text(content.alerts[0].events[0].outline));
  EXPECT_FALSE(events.at(1).contains("outline"));
  EXPECT_EQ(events.at(2).at("outline").dump(), outline_text(content.alerts[0].events[2].outline));
  EXPECT_EQ(events.at(2).at("event"), "grew");
  EXPECT_EQ(events.at(2).at("at"), "2022-05-01T07:44:58Z");
}

TEST(MapScripts, WhatIsLikelyNaturalIsHiddenFromThenOn) {
  MapContent content = sample_content();
  content.alerts[0].events[1].natural_probability = 0.9;
  content.alerts[0].events[2].natural_probability = 0.5;
  const json growth = document_of(growth_script(content, 0), "growth-0");
  const json& events = growth.at(0).at("events");
  EXPECT_FALSE(events.at(0).contains("hidden"));
  EXPECT_EQ(events.at(1).at("hidden"), true);
  EXPECT_FALSE(events.at(2).contains("hidden"));
  EXPECT_FALSE(document_of(map_script(content, {"PW-1"}, "en"), "map").at("alerts").at(0).contains("hidden"));
  content.alerts[0].outlined.alert.natural_probability = 0.81;
  EXPECT_EQ(document_of(map_script(content, {"PW-1"}, "en"), "map").at("alerts").at(0).at("hidden"), true);
}

TEST(MapScripts, GrowthIsInPieces) {
  MapContent content = sample_content();
  content.alerts.assign(alerts_of_growth + 1, sample_alert());
  EXPECT_THAT(document_of(growth_script(content, 0), "growth-0"), SizeIs(alerts_of_growth));
  const json last = document_of(growth_script(content, 1), "growth-1");
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(last.at(0).at("alert"), alerts_of_growth);
}

TEST(MapScripts, OneAlertHasAllThatIsKnownOfItAndNothingThatSteers) {
  const MapAlert alert = sample_alert();
  MapDetails details;
  details.pictures.push_back({"before",
                              "before",
                              hostile,
                              parse_instant("2022-02-01"),
                              "chips/PW-1/before",
                              64,
                              48,
                              {LonLat{46.6, 40.2}, LonLat{46.7, 40.2}, LonLat{46.6, 40.1}}});
  details.observations = R"([{"use": "clear"}])";
  details.dossier = "dossiers/PW-1.html";
  const std::string script = alert_script(alert, "PW-1", details);
  const json document = document_of(script, "alert-PW-1");
  EXPECT_EQ(document.at("properties").at("scenes").at("before").at(0), inert);
  EXPECT_EQ(document.at("properties").at("review").at("reviewer"), inert);
  EXPECT_EQ(document.at("properties").at("observations"), 1);
  EXPECT_EQ(document.at("reviews").at(0).at("reason"), inert);
  EXPECT_EQ(document.at("pictures").at(0).at("acquisition"), inert);
  EXPECT_EQ(document.at("pictures").at(0).at("corners").dump(),
            "[[46600000,40200000],[46700000,40200000],[46600000,40100000]]");
  EXPECT_EQ(document.at("observations").at(0).at("use"), "clear");
  EXPECT_EQ(document.at("dossier"), "dossiers/PW-1.html");
  EXPECT_THAT(document.at("events"), SizeIs(3));
  EXPECT_TRUE(document_of(alert_script(alert, "PW-1", {}), "alert-PW-1").at("dossier").is_null());
  EXPECT_THAT(script, Not(HasSubstr("\u202e")));
}

TEST(MapScripts, FilesAreNamedByIdsAndLeadNowhereElse) {
  MapContent content = sample_content();
  content.alerts.push_back(sample_alert());
  content.alerts.push_back(sample_alert());
  content.alerts[1].outlined.alert.id = "../../etc/passwd";
  content.alerts[2].outlined.alert.id = "..\\..\\etc\\passwd";
  const std::vector<std::string> names = alert_file_names(content);
  EXPECT_EQ(names[0], "PW-1");
  for (const std::string& name : names) EXPECT_EQ(name.find_first_of("/\\"), std::string::npos) << name;
  EXPECT_NE(names[1], names[2]);
}

std::vector<KeptChip> kept(int film) {
  std::vector<KeptChip> chips{{ChipRole::before, {}, "", "before"}, {ChipRole::detected, {}, "", "detected"}};
  for (int i = 0; i < film; ++i) chips.push_back({ChipRole::seen, {}, "", std::to_string(i)});
  return chips;
}

std::vector<std::string> paths_of(const std::vector<KeptChip>& chips) {
  std::vector<std::string> paths;
  for (const KeptChip& chip : chips) paths.push_back(chip.path);
  return paths;
}

TEST(MapPictures, AFilmIsThinnedOverTimeAndEndsWithTheNewest) {
  EXPECT_THAT(paths_of(chips_shown(kept(3), 6)), ElementsAre("before", "detected", "0", "1", "2"));
  EXPECT_THAT(paths_of(chips_shown(kept(6), 3)), ElementsAre("before", "detected", "1", "3", "5"));
  EXPECT_THAT(paths_of(chips_shown(kept(10), 1)), ElementsAre("before", "detected", "9"));
  EXPECT_THAT(paths_of(chips_shown(kept(10), 0)), ElementsAre());
  for (int film = 1; film < 30; ++film) {
    for (int most = 1; most < 30; ++most) {
      const std::vector<KeptChip> shown = chips_shown(kept(film), most);
      EXPECT_EQ(shown.size(), 2 + static_cast<std::size_t>(std::min(film, most)));
      EXPECT_EQ(shown.back().path, std::to_string(film - 1));
    }
  }
}

}  // namespace
}  // namespace pitwatch
