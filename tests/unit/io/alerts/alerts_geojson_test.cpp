// The rules of RFC 7946 and of the contract, on the text that users get.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "tests/unit/io/alerts/full_context.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

const Grid grid{"EPSG:32638", {600000, 4700000}, 10, 10980, 10980};

Alert small_alert() {
  Alert alert;
  alert.id = "T38TPK-20220125-1";
  alert.shape = {{{{10, 10}, {10, 20}, {20, 20}, {20, 10}}, {}}};
  alert.first_detected = parse_instant("2022-01-25T08:06:01.024Z");
  alert.onset_after = parse_instant("2022-01-15");
  alert.onset_before = parse_instant("2022-01-25T08:06:01.024Z");
  alert.last_detected = alert.last_observed = alert.onset_before;
  alert.confidence = 0.87654;
  alert.area_ha = 1.00080048;
  alert.area_uncertainty_ha = 0.123456;
  alert.change = {{"ndvi", -0.34567}, {"bsi", 0.2}};
  alert.scenes_before = {"S2A_1"};
  alert.scenes_after = {"S2B_2", "S2B_3"};
  alert.algorithm = "0.1.0 abc";
  return alert;
}

Alert large_alert() {
  Alert alert = small_alert();
  alert.id = "two \"parts\" \n \xff";
  alert.site = "Sakdrisi";
  alert.status = AlertStatus::confirmed;
  alert.change_class = ChangeClass::built_or_bright;
  alert.confirmed_on = parse_instant("2022-02-04T08:06:01Z");
  alert.parents = {"a", "b"};
  alert.review = Review{Verdict::licensed, "Anna \"A\"", parse_instant("2022-03-01"), "line\nline", true};
  alert.tile = "T38TPK";
  alert.shape.push_back(
      {{{100, 100}, {100, 140}, {140, 140}, {140, 100}}, {{{110, 110}, {120, 110}, {120, 120}, {110, 120}}}});
  return alert;
}

double signed_area(const json& ring) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    sum += ring[i][0].get<double>() * ring[i + 1][1].get<double>() -
           ring[i + 1][0].get<double>() * ring[i][1].get<double>();
  }
  return sum / 2;
}

TEST(AlertsGeojson, Properties) {
  const std::vector<Alert> alerts{small_alert()};
  const json collection = json::parse(alerts_geojson(alerts, grid, {}));
  EXPECT_EQ(collection["type"], "FeatureCollection");
  EXPECT_FALSE(collection.contains("crs"));
  EXPECT_FALSE(collection.contains("name"));
  ASSERT_EQ(collection["features"].size(), 1U);
  const json& feature = collection["features"][0];
  EXPECT_EQ(feature["id"], "T38TPK-20220125-1");
  EXPECT_EQ(feature["properties"], json::parse(R"({
    "site": null, "status": "provisional", "review": null, "class": "vegetation_change", "class_probability": null, "natural_probability": null,
    "class_probabilities": null, "first_detected": "2022-01-25T08:06:01.024Z", "onset_after": "2022-01-15T00:00:00Z",
    "onset_before": "2022-01-25T08:06:01.024Z", "confirmed_on": null,
    "last_detected": "2022-01-25T08:06:01.024Z", "last_observed": "2022-01-25T08:06:01.024Z",
    "observations": 1, "confidence": 0.877, "area_ha": 1.0008, "area_uncertainty_ha": 0.1235,
    "change": {"ndvi": -0.3457, "bsi": 0.2}, "scenes": {"before": ["S2A_1"], "after": ["S2B_2", "S2B_3"]},
    "parents": [], "tile": null, "algorithm": "0.1.0 abc", "superseded": null})"));
  Alert weighed = small_alert();
  weighed.class_probabilities = ClassProbabilities{0.75, 0, 0.0004, 0, 0, 0.2496};
  EXPECT_EQ(json::parse(alerts_geojson({&weighed, 1}, grid, {}))["features"][0]["properties"]["class_probabilities"],
            json::parse(R"({"vegetation_to_bare": 0.75, "burn": 0.25})"));
}

TEST(AlertsGeojson, GeometryFollowsTheRfc) {
  const std::vector<Alert> alerts{small_alert(), large_alert()};
  const std::string text = alerts_geojson(alerts, grid, {});
  const json collection = json::parse(text);
  EXPECT_EQ(collection["features"][0]["geometry"]["type"], "Polygon");
  EXPECT_EQ(collection["features"][1]["geometry"]["type"], "MultiPolygon");
  EXPECT_EQ(collection["features"][1]["geometry"]["coordinates"].size(), 2U);

  double west = 180, south = 90, east = -180, north = -90;
  for (const json& feature : collection["features"]) {
    const json& geometry = feature["geometry"];
    json polygons = geometry["coordinates"];
    if (geometry["type"] == "Polygon") polygons = json::array({polygons});
    double feature_west = 180;
    for (const json& polygon : polygons) {
      for (std::size_t i = 0; i < polygon.size(); ++i) {
        const json& ring = polygon[i];
        EXPECT_GE(ring.size(), 4U);
        EXPECT_EQ(ring.front(), ring.back());
        EXPECT_EQ(signed_area(ring) > 0, i == 0) << "right-hand rule";
        for (const json& position : ring) {
          const double lon = position[0];
          const double lat = position[1];
          EXPECT_NEAR(lon, 46.2, 0.1);  // not latitude first
          EXPECT_NEAR(lat, 42.4, 0.1);
          west = std::min(west, lon);
          feature_west = std::min(feature_west, lon);
          east = std::max(east, lon);
          south = std::min(south, lat);
          north = std::max(north, lat);
        }
      }
    }
    EXPECT_EQ(feature["bbox"].size(), 4U);
    EXPECT_EQ(feature["bbox"][0], feature_west);
  }
  EXPECT_EQ(collection["bbox"], json({west, south, east, north}));
  EXPECT_FALSE(std::regex_search(text, std::regex("[0-9]\\.[0-9]{8}")));
  EXPECT_TRUE(std::regex_search(text, std::regex("[0-9]\\.[0-9]{7}[^0-9]")));
}

TEST(AlertsGeojson, WindingIsMadeRight) {
  Alert alert = small_alert();
  std::reverse(alert.shape[0].outer.begin(), alert.shape[0].outer.end());
  const std::vector<Alert> alerts{alert};
  EXPECT_GT(signed_area(json::parse(alerts_geojson(alerts, grid, {}))["features"][0]["geometry"]["coordinates"][0]), 0);
}

TEST(AlertsGeojson, EmptyCollection) {
  const json collection = json::parse(alerts_geojson({}, grid, {}));
  EXPECT_EQ(collection, json::parse(R"({"type": "FeatureCollection", "features": []})"));
}

TEST(AlertsGeojson, CollectionMembers) {
  const AlertCollectionInfo info{"mines", parse_instant("2020-01-02"), std::nullopt};
  const json collection = json::parse(alerts_geojson({}, grid, info));
  EXPECT_EQ(collection["name"], "mines");
  EXPECT_EQ(collection["time_interval"], json::parse(R"(["2020-01-02T00:00:00Z", null])"));
}

TEST(AlertsGeojson, SameAlertsSameBytes) {
  const std::vector<Alert> alerts{small_alert(), large_alert()};
  EXPECT_EQ(alerts_geojson(alerts, grid, {}), alerts_geojson(alerts, grid, {}));
}

TEST(AlertsGeojson, NumbersThatJsonHasNot) {
  Alert alert = small_alert();
  alert.change = {{"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}, {"zero", -1e-9}};
  const std::vector<Alert> alerts{alert};
  const std::string text = alerts_geojson(alerts, grid, {});
  EXPECT_THAT(text, HasSubstr(R"({"inf": null, "nan": null, "zero": 0})"));
}

TEST(AlertsGeojson, Refusals) {
  Alert alert = small_alert();
  alert.shape.clear();
  std::vector<Alert> alerts{alert};
  EXPECT_THAT(message_of<DataError>([&] { alerts_geojson(alerts, grid, {}); }),
              HasSubstr("alert 'T38TPK-20220125-1': has no geometry"));
  alerts[0].shape = {{{{1, 1}, {2, 2}}, {}}};
  EXPECT_THAT(message_of<DataError>([&] { alerts_geojson(alerts, grid, {}); }), HasSubstr("three vertices"));
  const TemporaryFolder folder;
  EXPECT_THROW(write_alerts_geojson(folder / "none/a.geojson", {}, grid, {}), IoError);
}

TEST(AlertsGeojson, ANumberThatIsNotWholeOrTooLargeIsNotReadAsAnother) {
  const TemporaryFolder folder;
  const std::vector<Alert> alerts{small_alert()};
  json collection = json::parse(alerts_geojson(alerts, grid, {}));
  for (const json& number : {json(std::uint64_t{1} << 32), json(2.5), json("2")}) {
    collection["features"][0]["properties"]["observations"] = number;
    test::write_text(folder / "a.geojson", collection.dump());
    EXPECT_THAT(message_of<DataError>([&] { read_alerts_geojson(folder / "a.geojson"); }),
                HasSubstr("'observations' is no whole number"));
  }
}

TEST(AlertsGeojson, AnIdThatIsThereTwiceIsNotReadAsOneAlert) {
  const TemporaryFolder folder;
  const std::vector<Alert> alerts{small_alert()};
  json collection = json::parse(alerts_geojson(alerts, grid, {}));
  collection["features"].push_back(collection["features"][0]);
  test::write_text(folder / "a.geojson", collection.dump());
  EXPECT_EQ(message_of<DataError>([&] { read_alerts_geojson(folder / "a.geojson"); }),
            folder / "a.geojson" + ": several features have the id 'T38TPK-20220125-1'");
}

TEST(AlertsGeojson, SchemaHolds) {
  if (std::system("/usr/bin/python3 -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null") != 0) {
    GTEST_SKIP() << "no python3-jsonschema";
  }
  const TemporaryFolder folder;
  const std::string schema = PITWATCH_SOURCE_DIR "/pipeline/io/alerts/alert.schema.json";
  test::write_text(folder / "check.py",
                   "import json, jsonschema, sys\n"
                   "schema = json.load(open(sys.argv[1]))\n"
                   "jsonschema.Draft202012Validator.check_schema(schema)\n"
                   "errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[2]))))\n"
                   "print(*(e.message for e in errors), sep='\\n')\n"
                   "sys.exit(1 if errors else 0)\n");
  const auto valid = [&](const std::string& path) {
    const std::string command =
        "/usr/bin/python3 " + (folder / "check.py") + " " + schema + " " + path + " >" + (folder / "log") + " 2>&1";
    return std::system(command.c_str()) == 0;
  };
  std::vector<Alert> alerts{small_alert(), large_alert()};
  alerts.push_back(small_alert());
  alerts[2].status = AlertStatus::superseded;
  alerts[2].superseded = Superseded{SupersededWhy::relearnt, {"a", "b"}};
  alerts[1].context = test::full_context();
  EXPECT_THAT(alert_properties_json(alerts[2]), HasSubstr(R"("superseded": {"why": "relearnt", "by": ["a", "b"]})"));
  write_alerts_geojson(folder / "a.geojson", alerts, grid,
                       {"mines", parse_instant("2020-01-02"), std::nullopt, parse_instant("2022-12-17")});
  EXPECT_THAT(test::read_text(folder / "a.geojson"), HasSubstr("\"as_of\": \"2022-12-17T00:00:00Z\",\n"));
  EXPECT_TRUE(valid(folder / "a.geojson")) << test::read_text(folder / "log");
  write_alerts_geojson(folder / "b.geojson", {}, grid, {});
  EXPECT_TRUE(valid(folder / "b.geojson")) << test::read_text(folder / "log");

  // The schema can say no.
  const json good = json::parse(test::read_text(folder / "a.geojson"));
  const auto broken = [&](const char* place, const json& value) {
    json bad = good;
    if (value.is_discarded()) {
      const json::json_pointer pointer(place);
      bad[pointer.parent_pointer()].erase(pointer.back());
    } else {
      bad[json::json_pointer(place)] = value;
    }
    test::write_text(folder / "bad.geojson", bad.dump());
    EXPECT_FALSE(valid(folder / "bad.geojson")) << place;
  };
  const json removed(json::value_t::discarded);
  broken("/crs", {{"type", "name"}});
  broken("/bbox", removed);
  broken("/as_of", "yesterday");
  broken("/features/0/properties/status", "done");
  broken("/features/0/properties/superseded", removed);
  broken("/features/2/properties/superseded/why", "bored");
  broken("/features/0/properties/confidence", 1.5);
  broken("/features/0/properties/onset_after", "2022-01-15");
  broken("/features/0/properties/scenes", removed);
  broken("/features/0/geometry/type", "Point");
  broken("/features/0/id", removed);
  broken("/features/1/properties/review/verdict", "maybe");
  broken("/features/1/properties/review/reviewer", removed);
}

}  // namespace
}  // namespace pitwatch
