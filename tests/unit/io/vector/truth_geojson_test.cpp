// Truth files: what is written is read back, and what others write is read or refused by name.

#include "pipeline/io/vector/truth_geojson.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Grid grid{"EPSG:32638", {600000, 4700000}, 10, 10980, 10980};

TruthEvent pit() {
  TruthEvent event;
  event.id = "pit \"1\"";
  event.site = "Sakdrisi";
  event.type = TruthType::pit_in_grass;
  event.shape = {{{{10, 10}, {10, 20}, {20, 20}, {20, 10}}, {}}};
  event.onset = parse_instant("2022-01-25");
  event.complete = parse_instant("2022-03-01");
  event.area_ha = 1.000912345;
  event.clear_observations = {parse_instant("2022-01-27T08:06:01.024Z"), parse_instant("2022-02-01T08:06:01Z")};
  return event;
}

TruthEvent slide() {
  TruthEvent event = pit();
  event.id = "slide";
  event.site.clear();
  event.type = TruthType::landslide;
  event.end = parse_instant("2023-01-01");
  event.clear_observations.clear();
  event.shape.push_back(
      {{{100, 100}, {100, 140}, {140, 140}, {140, 100}}, {{{110, 110}, {120, 110}, {120, 120}, {110, 120}}}});
  return event;
}

const TruthCollectionInfo observed{"pitwatch simulate",
                                   ObservedGround{parse_instant("2022-01-01"), parse_instant("2024-01-01"), 120.5}};

TEST(TruthGeojson, Text) {
  const std::vector layers{TruthLayer{{pit()}, grid}, TruthLayer{{slide()}, grid}};
  const json collection = json::parse(truth_geojson(layers, observed));
  EXPECT_EQ(collection["type"], "FeatureCollection");
  EXPECT_EQ(collection["synthetic"], true);
  EXPECT_EQ(collection["made_by"], "pitwatch simulate");
  EXPECT_EQ(collection["observed"],
            json::parse(R"({"from": "2022-01-01T00:00:00Z", "until": "2024-01-01T00:00:00Z", "area_km2": 120.5})"));
  EXPECT_FALSE(collection.contains("crs"));
  const json& first = collection["features"][0];
  EXPECT_EQ(first["id"], "pit \"1\"");
  EXPECT_EQ(first["properties"], json::parse(R"({
    "site": "Sakdrisi", "kind": "disturbance", "type": "pit_in_grass", "onset": "2022-01-25T00:00:00Z",
    "complete": "2022-03-01T00:00:00Z", "end": null, "area_ha": 1.0009,
    "clear_looks": ["2022-01-27T08:06:01.024Z", "2022-02-01T08:06:01Z"]})"));
  EXPECT_EQ(first["geometry"]["type"], "Polygon");
  EXPECT_EQ(first["bbox"].size(), 4U);
  const json& second = collection["features"][1];
  EXPECT_EQ(second["geometry"]["type"], "MultiPolygon");
  EXPECT_EQ(second["properties"]["site"], nullptr);
  EXPECT_EQ(second["properties"]["kind"], "natural");
  EXPECT_EQ(second["properties"]["clear_looks"], json::array());
  for (int side = 0; side < 2; ++side) EXPECT_LE(collection["bbox"][side], first["bbox"][side]);
}

TEST(TruthGeojson, IsReadBack) {
  const TemporaryFolder folder;
  const std::vector layers{TruthLayer{{pit()}, grid}, TruthLayer{{slide()}, grid}};
  write_truth_geojson(folder / "truth.geojson", layers, observed);
  const TruthCollection read = read_truth_geojson(folder / "truth.geojson");
  EXPECT_TRUE(read.synthetic);
  EXPECT_EQ(read.made_by, "pitwatch simulate");
  ASSERT_TRUE(read.observed);
  EXPECT_EQ(read.observed->until, observed.observed->until);
  EXPECT_EQ(read.observed->area_km2, 120.5);
  ASSERT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.events[0].id, "pit \"1\"");
  EXPECT_EQ(read.events[0].site, "Sakdrisi");
  EXPECT_EQ(read.events[0].kind, TruthKind::disturbance);
  EXPECT_EQ(read.events[0].type, "pit_in_grass");
  EXPECT_EQ(read.events[0].onset, pit().onset);
  EXPECT_EQ(read.events[0].complete, pit().complete);
  EXPECT_EQ(read.events[0].clear_observations, pit().clear_observations);
  EXPECT_FALSE(read.events[0].end);
  EXPECT_EQ(read.events[1].site, "");
  EXPECT_EQ(read.events[1].kind, TruthKind::natural);
  EXPECT_EQ(read.events[1].end, slide().end);
  ASSERT_TRUE(read.events[1].clear_observations);  // known to be none
  EXPECT_TRUE(read.events[1].clear_observations->empty());
  ASSERT_EQ(read.events[1].shape.size(), 2U);
  EXPECT_EQ(read.events[1].shape[1].holes.size(), 1U);
  const LonLat corner = ToWgs84(grid.crs)(grid.to_map(10, 10));
  EXPECT_NEAR(read.events[0].shape[0].outer[0].lon, corner.lon, 1e-7);
  EXPECT_NEAR(read.events[0].shape[0].outer[0].lat, corner.lat, 1e-7);
}

TEST(TruthGeojson, NoEvents) {
  const TemporaryFolder folder;
  write_truth_geojson(folder / "truth.geojson", {}, {});
  const json collection = json::parse(test::read_text(folder / "truth.geojson"));
  EXPECT_FALSE(collection.contains("bbox"));
  EXPECT_EQ(collection["observed"], nullptr);
  EXPECT_TRUE(read_truth_geojson(folder / "truth.geojson").events.empty());
}

TEST(TruthGeojson, AnEventWithoutAShapeIsNamed) {
  TruthEvent event = pit();
  event.shape.clear();
  EXPECT_THAT(message_of<DataError>([&] {
                truth_geojson(std::vector{TruthLayer{{event}, grid}}, {});
              }),
              HasSubstr("pit \"1\""));
}

// ---- files of others --------------------------------------------------------------------------------------------

json feature(const json& properties) {
  return {{"type", "Feature"},
          {"id", "x1"},
          {"properties", properties},
          {"geometry",
           {{"type", "Polygon"}, {"coordinates", json::parse("[[[44, 41], [44.01, 41], [44.01, 41.01], [44, 41]]]")}}}};
}

json collection_of(const json& properties) {
  return {{"type", "FeatureCollection"}, {"features", json::array({feature(properties)})}};
}

class ForeignTruth : public ::testing::Test {
 protected:
  TruthCollection read(const json& collection) const {
    test::write_text(path_, collection.dump());
    return read_truth_geojson(path_);
  }
  std::string refusal(const json& collection) const {
    return message_of<DataError>([&] { read(collection); });
  }
  /// A refusal names file, feature and member.
  void expect_refused(const json& properties, const std::string& words) const {
    EXPECT_THAT(refusal(collection_of(properties)), AllOf(StartsWith(path_), HasSubstr("'x1'"), HasSubstr(words)));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "foreign.geojson";
};

TEST_F(ForeignTruth, NeedsLittle) {
  const TruthCollection of_type = read(collection_of({{"type", "fire"}, {"onset", "2022-05-01"}}));
  EXPECT_FALSE(of_type.synthetic);
  EXPECT_FALSE(of_type.observed);
  EXPECT_EQ(of_type.events[0].kind, TruthKind::decoy);
  EXPECT_EQ(of_type.events[0].complete, parse_instant("2022-05-01"));
  EXPECT_FALSE(of_type.events[0].clear_observations);

  const TruthCollection of_kind =
      read(collection_of({{"kind", "disturbance"}, {"onset", "2022-05-01T12:00:00+04:00"}}));
  EXPECT_EQ(of_kind.events[0].kind, TruthKind::disturbance);
  EXPECT_EQ(of_kind.events[0].type, "unknown");
  EXPECT_EQ(of_kind.events[0].onset, parse_instant("2022-05-01T08:00:00Z"));

  const TruthCollection own_type = read(collection_of(
      {{"kind", "natural"}, {"type", "rockfall"}, {"onset", "2022-05-01"}, {"clear_looks", {"2022-05-03"}}}));
  EXPECT_EQ(own_type.events[0].type, "rockfall");
  EXPECT_EQ(own_type.events[0].clear_observations->size(), 1U);
}

TEST_F(ForeignTruth, MissingAndWrongMembersAreNamed) {
  const json good{{"kind", "natural"}, {"onset", "2022-05-01"}};
  EXPECT_NO_THROW(read(collection_of(good)));
  const auto with = [&](const char* member, const json& value) {
    json properties = good;
    properties[member] = value;
    return properties;
  };
  expect_refused({{"onset", "2022-05-01"}}, "'kind' and 'type' are missing");
  expect_refused({{"type", "rockfall"}, {"onset", "2022-05-01"}}, "'rockfall'");
  expect_refused({{"kind", "natural"}}, "'onset' is missing");
  expect_refused(with("onset", nullptr), "'onset' is missing");
  expect_refused(with("onset", "in May"), "'onset'");
  expect_refused(with("onset", 20220501), "'onset' is not a time");
  expect_refused(with("onset", {{"date", 5}}), "'onset'");
  expect_refused(with("kind", "mine"), "'kind' is 'mine'");
  expect_refused(with("kind", 3), "'kind' is not a text");
  expect_refused(with("site", 3.5), "'site' is not a text");
  expect_refused(with("complete", "2022-04-01"), "'complete' is before 'onset'");
  expect_refused(with("end", "2022-04-01"), "'end' is before 'onset'");
  expect_refused(with("clear_looks", "2022-06-01"), "'clear_looks' is not a list of times");
  expect_refused(with("clear_looks", json::array({"soon"})), "'clear_looks'");
  expect_refused(with("clear_looks", json::array({1, 2})), "'clear_looks'");
  EXPECT_THAT(refusal(collection_of(with("id", 12345678901234567890U))),
              AllOf(StartsWith(path_), HasSubstr("feature "), HasSubstr("give ids as text")));
}

TEST_F(ForeignTruth, GeometriesThatAreNoPolygonsAreNamed) {
  const auto refused_with = [&](const json& geometry) {
    json collection = collection_of({{"kind", "natural"}, {"onset", "2022-05-01"}});
    collection["features"][0]["geometry"] = geometry;
    const std::string message = refusal(collection);
    EXPECT_THAT(message, AllOf(StartsWith(path_), HasSubstr("'x1'")));
    return message;
  };
  EXPECT_THAT(refused_with(nullptr), HasSubstr("no geometry"));
  EXPECT_THAT(refused_with({{"type", "Point"}, {"coordinates", {44, 41}}}), HasSubstr("not a polygon"));
  EXPECT_THAT(refused_with({{"type", "Polygon"}, {"coordinates", json::array()}}), HasSubstr("no geometry"));
  EXPECT_THAT(refused_with({{"type", "Polygon"}, {"coordinates", json::parse("[[[44, 41], [45, 41], [44, 41]]]")}}),
              HasSubstr("fewer than three"));
  EXPECT_THAT(
      refused_with({{"type", "Polygon"}, {"coordinates", json::parse("[[[1e9, 41], [45, 41], [45, 42], [44, 41]]]")}}),
      HasSubstr("no place on Earth"));
}

TEST_F(ForeignTruth, MembersOfTheCollection) {
  const auto refused_with = [&](const char* member, const json& value) {
    json collection = collection_of({{"kind", "natural"}, {"onset", "2022-05-01"}});
    collection[member] = value;
    const std::string message = refusal(collection);
    EXPECT_THAT(message, StartsWith(path_));
    return message;
  };
  EXPECT_THAT(refused_with("synthetic", "yes"), HasSubstr("'synthetic'"));
  EXPECT_THAT(refused_with("made_by", 5), HasSubstr("'made_by'"));
  EXPECT_THAT(refused_with("observed", 5), HasSubstr("'observed' is not an object"));
  const json good{{"from", "2022-01-01"}, {"until", "2023-01-01"}, {"area_km2", 1}};
  const auto with = [&](const char* member, const json& value) {
    json changed = good;
    changed[member] = value;
    return changed;
  };
  EXPECT_THAT(refused_with("observed", with("from", nullptr)), HasSubstr("'from'"));
  EXPECT_THAT(refused_with("observed", with("until", "2021-01-01")), HasSubstr("'until'"));
  EXPECT_THAT(refused_with("observed", with("area_km2", "1")), HasSubstr("'area_km2'"));
  EXPECT_THAT(refused_with("observed", with("area_km2", 0)), HasSubstr("'area_km2'"));
}

TEST_F(ForeignTruth, WhatIsNoVectorFile) {
  for (const char* text : {"", "{", "[1, 2]", R"({"type": "FeatureCollection"})", "\xff\xfe"}) {
    test::write_text(path_, text);
    EXPECT_THAT(message_of<DataError>([&] { read_truth_geojson(path_); }), StartsWith(path_)) << text;
  }
}

// ---- alerts -----------------------------------------------------------------------------------------------------

const json good_alert{{"status", "confirmed"},
                      {"class", "bare_to_bare"},
                      {"first_detected", "2022-05-01T08:00:00Z"},
                      {"confirmed_on", nullptr},
                      {"confidence", 0.25}};

TEST_F(ForeignTruth, AlertsAreReadOrRefusedByName) {
  const auto write = [&](const json& properties) { test::write_text(path_, collection_of(properties).dump()); };
  write(good_alert);
  const std::vector<AlertFeature> alerts = read_alerts(path_);
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].id, "x1");
  EXPECT_EQ(alerts[0].status, "confirmed");
  EXPECT_EQ(alerts[0].change_class, "bare_to_bare");
  EXPECT_EQ(alerts[0].first_detected, parse_instant("2022-05-01T08:00:00Z"));
  EXPECT_FALSE(alerts[0].confirmed_on);
  EXPECT_EQ(alerts[0].confidence, 0.25);
  EXPECT_EQ(alerts[0].shape[0].outer.size(), 3U);
  EXPECT_TRUE(read_alerts(path_, "confidence > 0.5").empty());
  EXPECT_EQ(read_alerts(path_, "confidence < 0.5 AND class = 'bare_to_bare'").size(), 1U);
  EXPECT_THROW(read_alerts(path_, "no_such_member = 1"), ConfigError);

  const auto refused_with = [&](const char* member, const json& value) {
    json properties = good_alert;
    properties[member] = value;
    write(properties);
    EXPECT_THAT(message_of<DataError>([&] { read_alerts(path_); }),
                AllOf(StartsWith(path_), HasSubstr("'x1'"), HasSubstr("'" + std::string(member) + "'")));
  };
  refused_with("confidence", nullptr);
  refused_with("confidence", "high");
  refused_with("confidence", 1.5);
  refused_with("first_detected", nullptr);
  refused_with("first_detected", "spring");
  refused_with("status", 5);
  refused_with("class", nullptr);
  refused_with("confirmed_on", 7);
}

}  // namespace
}  // namespace pitwatch
