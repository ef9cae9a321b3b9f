// `pitwatch score` as a user meets it: figures of hand-made files, the same figures as the reference script, exit
// codes.

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_srs_api.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::names_in;
using test::Outcome;
using test::run_process;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int exit_done = 0;
constexpr int exit_usage = 2;
constexpr int exit_no_data = 3;

const Grid grid{"EPSG:32638", {637000, 4446000}, 10, 400, 400};

struct Box {
  int x, y, width, height;  // pixels of `grid`
};

json polygon_of(const Box& box) {
  static ToWgs84 to_wgs84(grid.crs);
  json ring = json::array();
  for (const auto& [column, row] : {std::pair{box.x, box.y},
                                    {box.x, box.y + box.height},
                                    {box.x + box.width, box.y + box.height},
                                    {box.x + box.width, box.y},
                                    {box.x, box.y}}) {
    const LonLat place = to_wgs84(grid.to_map(column, row));
    ring.push_back({place.lon, place.lat});
  }
  return {{"type", "Polygon"}, {"coordinates", json::array({ring})}};
}

std::string day(int number) {
  return format_instant(parse_instant("2024-01-01T00:00:00Z") + std::chrono::days(number));
}

json event(const std::string& id, const std::string& type, int onset, const Box& box) {
  return {{"type", "Feature"},
          {"id", id},
          {"geometry", polygon_of(box)},
          {"properties",
           {{"type", type}, {"onset", day(onset)}, {"clear_looks", {day(onset + 3), day(onset + 6), day(onset + 9)}}}}};
}

json alert(const std::string& id, int first, const json& confirmed_on, double confidence, const Box& box) {
  return {{"type", "Feature"},
          {"id", id},
          {"geometry", polygon_of(box)},
          {"properties",
           {{"status", confirmed_on.is_null() ? "provisional" : "confirmed"},
            {"class", "vegetation_to_bare"},
            {"first_detected", day(first)},
            {"confirmed_on", confirmed_on},
            {"confidence", confidence}}}};
}

json collection(const std::vector<json>& features) { return {{"type", "FeatureCollection"}, {"features", features}}; }

class ScoreCli : public ::testing::Test {
 protected:
  /// score with arguments; stdout is JSON.
  json figures(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "score", "--json"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Outcome outcome = run_process(command);
    EXPECT_EQ(outcome.exit_code, exit_done) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return json::parse(outcome.out, nullptr, false);
  }

  std::vector<std::string> pair(const json& truth, const json& alerts) const {
    test::write_text(folder_ / "truth.geojson", truth.dump());
    test::write_text(folder_ / "alerts.geojson", alerts.dump());
    return {"--truth", folder_ / "truth.geojson", "--alerts", folder_ / "alerts.geojson"};
  }

  void expect_failure(const std::vector<std::string>& arguments, int exit_code, const std::string& words) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "score"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const std::vector<std::string> before = names_in(folder_.path());
    const Outcome outcome = run_process(command);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(lines_of(outcome.err), SizeIs(1));
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(names_in(folder_.path()), before);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ScoreCli, FiguresOnPaper) {
  // 1 ha each, but where said:
  //   exact    found by an alert of its outline, on day 5 and confirmed on day 9 after onset
  //   shifted  found by an alert one pixel to the right: IoU 90 / 110
  //   split    under two alerts of 40 pixels each: IoU 0.8, area bias -0.2
  //   left, right  under one alert of 220 pixels, 100 of them on each: IoU 100 / 220
  //   missed   nothing there
  //   late     one alert before the onset: false
  //   slide, field  a natural event and a decoy, each under an alert
  // and one alert on nothing. Alerts: 9, of which 5 right, 1 natural, 1 decoy, 2 false.
  json truth = collection(
      {event("exact", "pit_in_forest", 0, {0, 0, 10, 10}), event("shifted", "pit_in_grass", 0, {30, 0, 10, 10}),
       event("split", "waste_dump", 0, {60, 0, 10, 10}), event("left", "access_road", 0, {90, 0, 10, 10}),
       event("right", "access_road", 0, {102, 0, 10, 10}), event("missed", "tailings_pond", 0, {0, 50, 10, 10}),
       event("late", "pit_in_crop", 20, {30, 50, 10, 10}), event("slide", "landslide", 0, {60, 50, 10, 10}),
       event("field", "ploughing", 0, {90, 50, 10, 10})});
  truth["synthetic"] = true;
  truth["observed"] = {{"from", "2024-01-01"}, {"until", "2024-12-31T05:49:12Z"}, {"area_km2", 50}};  // 365.2425 days
  const json alerts =
      collection({alert("a1", 5, day(9), 1, {0, 0, 10, 10}), alert("a2", 6, nullptr, 0.8, {31, 0, 10, 10}),
                  alert("a3", 7, day(12), 0.8, {60, 0, 10, 4}), alert("a4", 3, nullptr, 0.6, {60, 6, 10, 4}),
                  alert("a5", 10, day(10), 0.9, {90, 0, 22, 10}), alert("early", 19, day(25), 0.5, {30, 50, 10, 10}),
                  alert("slide", 5, nullptr, 0.5, {60, 50, 10, 10}), alert("field", 5, nullptr, 0.4, {90, 50, 10, 10}),
                  alert("nothing", 5, nullptr, 0.2, {200, 200, 10, 10})});
  const json truth_figures = figures(pair(truth, alerts))["truth"];

  const json& all = truth_figures["detection"]["all"];
  EXPECT_EQ(all["events"], 7);
  EXPECT_EQ(all["found"], 5);
  EXPECT_EQ(all["confirmed"], 4);  // not "shifted"
  EXPECT_NEAR(all["found_share"]["value"], 5.0 / 7, 1e-12);
  EXPECT_EQ(all["found_share"]["interval_95"].size(), 2U);

  const auto event_figures = [&](const std::string& id) -> json {
    for (const json& row : truth_figures["events"]) {
      if (row["id"] == id) return row;
    }
    ADD_FAILURE() << "no event " << id;
    return {};
  };
  constexpr double of_projection = 1e-4;  // a pixel of the UTM zone is not quite 100 m2
  EXPECT_NEAR(event_figures("exact")["iou"], 1, 1e-9);
  EXPECT_NEAR(event_figures("exact")["area_ha"], 1, 2e-3);
  EXPECT_EQ(event_figures("exact")["lag_days"], 5);
  EXPECT_EQ(event_figures("exact")["lag_clear_observations"], 1);
  EXPECT_EQ(event_figures("exact")["confirmed_lag_days"], 9);
  EXPECT_EQ(event_figures("exact")["confirmed_lag_clear_observations"], 3);
  EXPECT_NEAR(event_figures("shifted")["iou"], 90.0 / 110, of_projection);
  EXPECT_NEAR(event_figures("split")["iou"], 0.8, of_projection);
  EXPECT_NEAR(event_figures("split")["area_bias"], -0.2, of_projection);
  EXPECT_EQ(event_figures("split")["alerts"], json({"a3", "a4"}));
  EXPECT_EQ(event_figures("split")["lag_days"], 3);
  EXPECT_EQ(event_figures("split")["confirmed_lag_days"], 12);
  EXPECT_NEAR(event_figures("left")["iou"], 100.0 / 220, of_projection);
  EXPECT_NEAR(event_figures("right")["area_bias"], 1.2, of_projection);
  EXPECT_EQ(event_figures("missed")["found"], nullptr);
  EXPECT_EQ(event_figures("late")["iou"], nullptr);

  const json& commission = truth_figures["commission"];
  EXPECT_EQ(commission["alerts_by_hit"]["disturbance"]["count"], 5);
  EXPECT_EQ(commission["alerts_by_hit"]["natural"]["count"], 1);
  EXPECT_EQ(commission["alerts_by_hit"]["decoy"]["count"], 1);
  EXPECT_EQ(commission["alerts_by_hit"]["false"]["count"], 2);
  EXPECT_EQ(commission["false_before_onset"], 1);
  EXPECT_NEAR(commission["false_share"]["value"], 2.0 / 9, 1e-12);
  EXPECT_NEAR(commission["false_or_decoy_share"]["value"], 3.0 / 9, 1e-12);
  // 100 + 100 + 40 + 40 + 220 + 100 + 100 + 100 + 100 = 900 pixels, 200 of them false.
  EXPECT_NEAR(commission["false_area_share"]["value"], 200.0 / 900, of_projection);
  EXPECT_NEAR(commission["false_per_100km2_year"]["value"], 4, 1e-6);  // 2 on 50 km2 in a year
  EXPECT_NEAR(commission["decoy_per_100km2_year"]["value"], 2, 1e-6);

  // Brier: right 1, 0.8, 0.8, 0.6, 0.9: 0 + 0.04 + 0.04 + 0.16 + 0.01; not right 0.5, 0.5, 0.4, 0.2: 0.25 + 0.25 + 0.16
  // + 0.04; 0.95 / 9.
  EXPECT_NEAR(truth_figures["calibration"]["brier"]["value"], 0.95 / 9, 1e-12);
  EXPECT_EQ(truth_figures["false_alerts"].size(), 4U);
}

TEST_F(ScoreCli, NoAlertsAndNoEvents) {
  const json one = collection({event("e", "pit_in_forest", 0, {0, 0, 10, 10})});
  const json none = collection({});
  const json missed = figures(pair(one, none))["truth"];
  EXPECT_EQ(missed["detection"]["all"]["found_share"]["value"], 0);
  EXPECT_EQ(missed["commission"]["false_share"]["value"], nullptr);
  const json nothing = figures(pair(none, collection({alert("a", 5, nullptr, 0.5, {0, 0, 10, 10})})))["truth"];
  EXPECT_EQ(nothing["detection"]["all"]["found_share"]["value"], nullptr);
  EXPECT_EQ(nothing["commission"]["false_share"]["value"], 1);
  EXPECT_EQ(figures(pair(none, none))["truth"]["calibration"]["brier"]["value"], nullptr);
}

TEST_F(ScoreCli, OfAPeriodAllFiguresAreOfThatPeriod) {
  json truth = collection({event("before", "pit_in_forest", 10, {0, 0, 10, 10}),
                           event("in", "pit_in_forest", 120, {30, 0, 10, 10}),
                           event("field", "ploughing", 120, {60, 0, 10, 10})});
  truth["observed"] = {{"from", day(0)}, {"until", day(365)}, {"area_km2", 100}};
  const json alerts = collection({
      alert("on_before", 12, nullptr, 0.8, {0, 0, 10, 10}),
      alert("found_late", 230, nullptr, 0.8, {30, 0, 10, 10}),  // after the period, of an event in it
      alert("too_early", 50, nullptr, 0.8, {30, 0, 10, 10}),    // before the event and the period
      alert("early", 110, nullptr, 0.8, {30, 0, 10, 10}),       // before the event, in the period
      alert("field", 125, nullptr, 0.8, {60, 0, 10, 10}),
      alert("nothing", 150, nullptr, 0.8, {90, 0, 10, 10}),
      alert("nothing_before", 20, nullptr, 0.8, {120, 0, 10, 10}),
      alert("nothing_after", 300, nullptr, 0.8, {150, 0, 10, 10}),
  });
  std::vector<std::string> arguments = pair(truth, alerts);
  for (const std::string& one : {std::string("--from"), day(100), std::string("--to"), day(200)}) {
    arguments.push_back(one);
  }
  const json scored = figures(arguments)["truth"];
  const json& commission = scored["commission"];
  EXPECT_EQ(scored["detection"]["all"]["found"], 1);
  EXPECT_EQ(scored["events_set_aside"], 1);
  EXPECT_EQ(scored["alerts_set_aside"], 1);
  EXPECT_EQ(scored["alerts_outside_period"], 3);
  EXPECT_EQ(commission["alerts_by_hit"]["false"]["count"], 2);
  EXPECT_EQ(commission["alerts_by_hit"]["decoy"]["count"], 1);
  EXPECT_NEAR(commission["false_per_100km2_year"]["value"], 2 / (100 / 365.2425), 1e-6);
  EXPECT_NEAR(commission["other_types"][0]["alerts_per_100km2_year"], 1 / (100 / 365.2425), 1e-6);

  arguments = pair(truth, alerts);
  arguments.insert(arguments.end(), {"--from", day(400)});
  expect_failure(arguments, exit_no_data, "truth.geojson: what was 'observed'");
  truth["observed"] = nullptr;
  arguments = pair(truth, alerts);
  arguments.insert(arguments.end(), {"--from", day(400)});
  EXPECT_EQ(figures(arguments)["truth"]["alerts_outside_period"], 3);  // the others lie on events of other times
}

TEST_F(ScoreCli, OutputsAndFilter) {
  std::vector<std::string> command =
      pair(collection({event("e", "pit_in_forest", 0, {0, 0, 10, 10})}),
           collection({alert("a", 5, nullptr, 0.5, {0, 0, 10, 10}), alert("b", 5, nullptr, 0.1, {50, 0, 10, 10})}));
  for (const char* argument : {"--where", "confidence > 0.3", "--out"}) command.emplace_back(argument);
  command.push_back(folder_ / "score.json");
  command.emplace_back("--html");
  command.push_back(folder_ / "score.html");
  command.insert(command.begin(), {PITWATCH_PROGRAM, "score"});
  const Outcome outcome = run_process(command);
  ASSERT_EQ(outcome.exit_code, exit_done) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Detection of disturbances"));
  const json written = json::parse(test::read_text(folder_ / "score.json"));
  EXPECT_EQ(written["truth"]["commission"]["alerts_by_hit"]["disturbance"]["count"], 1);
  EXPECT_EQ(written["truth"]["commission"]["alerts_by_hit"]["false"]["count"], 0);
  EXPECT_THAT(test::read_text(folder_ / "score.html"), HasSubstr("</html>"));

  const std::string first = test::read_text(folder_ / "score.json");
  run_process(command);
  EXPECT_EQ(test::read_text(folder_ / "score.json"), first);
}

TEST_F(ScoreCli, Samples) {
  test::write_text(folder_ / "strata.csv", "map,area_ha\npit,10\nother,90\n");
  // 4 of 5 mapped as pit are; 1 of 10 mapped as other is a pit: 10 * 0.8 + 90 * 0.1 = 17 ha of pits.
  test::write_text(folder_ / "samples.csv",
                   "map,reference,count\npit,pit,4\npit,other,1\nother,other,9\nother,pit,1\n");
  const json weighted =
      figures({"--samples", folder_ / "samples.csv", "--strata", folder_ / "strata.csv"})["area_weighted"];
  EXPECT_NEAR(weighted["classes"][0]["area_ha"]["value"], 17, 1e-9);
  EXPECT_NEAR(weighted["classes"][0]["users"]["value"], 0.8, 1e-12);
  EXPECT_NEAR(weighted["classes"][0]["producers"]["value"], 8.0 / 17, 1e-12);
  EXPECT_NEAR(weighted["overall"]["value"], 0.89, 1e-12);

  const std::vector<std::string> both{"--samples", folder_ / "samples.csv", "--strata", folder_ / "strata.csv"};
  test::write_text(folder_ / "samples.csv", "map,reference\npit,quarry\n");
  expect_failure(both, exit_no_data, "'quarry'");
  test::write_text(folder_ / "samples.csv", "map,reference,count\npit,pit,many\n");
  expect_failure(both, exit_no_data, "line 2: 'count'");
  test::write_text(folder_ / "samples.csv", "map,reference,count\npit,pit,3\n");
  expect_failure(both, exit_no_data, "fewer than two samples");
  for (const std::string name : {"Count", "n"}) {
    test::write_text(folder_ / "samples.csv", "map,reference," + name + "\npit,pit,3\n");
    expect_failure(both, exit_no_data, "'" + name + "'");
  }
  test::write_text(folder_ / "samples.csv", "map,reference,count,count\npit,pit,3,1\n");
  expect_failure(both, exit_no_data, "has the column 'count' twice");
  test::write_text(folder_ / "samples.csv", "map,reference,count\npit,pit,3\n");
  test::write_text(folder_ / "strata.csv", "map,area_ha\npit,-10\n");
  expect_failure(both, exit_no_data, "strata.csv: line 2: 'area_ha'");
}

/// All of it is `number`; by default of ground where no alert of these tests lies.
void write_label(const std::string& path, std::array<double, 6> transform = {500000, 10, 0, 1000000, 0, -10},
                 int zone = 32631, double number = 0) {
  GDALAllRegister();
  const GDALDatasetH file = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), 8, 8, 1, GDT_Byte, nullptr);
  GDALSetGeoTransform(file, transform.data());
  GDALFillRaster(GDALGetRasterBand(file, 1), number, 0);
  const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
  OSRImportFromEPSG(crs, zone);
  GDALSetSpatialRef(file, crs);
  OSRDestroySpatialReference(crs);
  GDALClose(file);
}

TEST_F(ScoreCli, ALabelThatIsCodedOtherwiseIsWarnedOf) {
  pair(collection({}), collection({alert("a", 5, nullptr, 0.5, {0, 0, 8, 8})}));
  const std::string label = folder_ / "label.tif";
  for (const auto& [number, words] : {std::pair{0, "no pixel is changed"}, {1, "no pixel is unchanged"}}) {
    write_label(label, {grid.origin.x, 10, 0, grid.origin.y, 0, -10}, 32638, number);
    const Outcome outcome =
        run_process({PITWATCH_PROGRAM, "score", "--label", label, "--alerts", folder_ / "alerts.geojson"});
    EXPECT_EQ(outcome.exit_code, exit_done);
    EXPECT_THAT(lines_of(outcome.err), SizeIs(1));
    EXPECT_THAT(outcome.err, HasSubstr("label.tif: " + std::string(words)));
  }
}

TEST_F(ScoreCli, Failures) {
  const std::vector<std::string> good = pair(collection({event("e", "pit_in_forest", 0, {0, 0, 10, 10})}),
                                             collection({alert("a", 5, nullptr, 0.5, {0, 0, 10, 10})}));
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = good;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_failure({}, exit_usage, "--alerts");
  expect_failure({"--alerts", folder_ / "alerts.geojson"}, exit_usage, "--truth");
  expect_failure({"--samples", "x.csv"}, exit_usage, "--strata");
  expect_failure(with({"--samples", "x.csv", "--strata", "y.csv"}), exit_usage, "do not go with");
  expect_failure(with({"--min-overlap", "0"}), exit_usage, "--min-overlap");
  expect_failure(with({"--min-area-ha", "-1"}), exit_usage, "--min-area-ha");
  expect_failure(with({"--draws", "0"}), exit_usage, "--draws");
  expect_failure(with({"--where", "nosuch = 1"}), exit_usage, "nosuch");
  expect_failure(with({"--label", folder_ / "nowhere.tif"}), exit_no_data, "nowhere.tif");
  write_label(folder_ / "elsewhere.tif");
  expect_failure({"--label", folder_ / "elsewhere.tif", "--alerts", folder_ / "alerts.geojson"}, exit_no_data,
                 "elsewhere.tif: none of the alerts lies on it");
  expect_failure({"--truth", folder_ / "nowhere", "--alerts", folder_ / "alerts.geojson"}, exit_no_data, "nowhere");

  json no_onset = collection({event("e 7", "pit_in_forest", 0, {0, 0, 10, 10})});
  no_onset["features"][0]["properties"].erase("onset");
  test::write_text(folder_ / "truth.geojson", no_onset.dump());
  expect_failure(good, exit_no_data, "truth.geojson: feature 'e 7': 'onset' is missing");
}

// ---- the reference script ---------------------------------------------------------------------------------------

class AgainstTheScript : public ::testing::TestWithParam<const char*> {};

TEST_P(AgainstTheScript, SameFiguresOnALabel) {
  const fs::path city = test::shared_data() / "oscd" / GetParam();
  const fs::path script = test::shared_data().parent_path() / "tools" / "score_alerts.py";
  const std::string python = "/usr/bin/python3";
  if (!fs::exists(city / "label.tif") || !fs::exists(script)) {
    GTEST_SKIP() << "no " << city << " or " << script << "; PITWATCH_SHARED names the folder with data/ and tools/";
  }
  if (!fs::exists(python) ||
      run_process({python, "-c", "import numpy, scipy; from osgeo import gdal"}).exit_code != 0) {
    GTEST_SKIP() << "no " << python << " with GDAL, NumPy and SciPy";
  }
  const test::TemporaryFolder folder;
  const Outcome compared =
      run_process({PITWATCH_PROGRAM, "compare", city / "before.json", city / "after.json", "--out", folder / "out"});
  ASSERT_EQ(compared.exit_code, exit_done) << compared.err;
  const std::string label = city / "label.tif", alerts = folder / "out" + "/alerts.geojson";

  for (const auto& [ours, theirs] : {std::pair<std::vector<std::string>, std::vector<std::string>>{},
                                     {{"--where", "confidence > 0.4"}, {"--where", "confidence > 0.4"}},
                                     {{"--min-area-ha", "0.1"}, {"--min-ha", "0.1"}}}) {
    std::vector<std::string> command{PITWATCH_PROGRAM, "score", "--json", "--label", label, "--alerts", alerts};
    command.insert(command.end(), ours.begin(), ours.end());
    std::vector<std::string> reference{python, script, label, alerts, "--json"};
    reference.insert(reference.end(), theirs.begin(), theirs.end());
    const Outcome scored = run_process(command), referred = run_process(reference);
    ASSERT_EQ(scored.exit_code, exit_done) << scored.err;
    ASSERT_EQ(referred.exit_code, 0) << referred.err;
    const json figures = json::parse(scored.out)["label"];
    const json expected = json::parse(referred.out)["scene"];
    EXPECT_GT(expected["alerts"], 0);
    EXPECT_EQ(expected.size(), 14U);
    for (const auto& [name, value] : expected.items()) {
      EXPECT_NEAR(figures.at(name).get<double>(), value.get<double>(), 1e-6) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Oscd, AgainstTheScript, ::testing::Values("paris", "mumbai"));

}  // namespace
}  // namespace pitwatch
