// pitwatch context --turbidity: a plume of known strength in simulated water, from scenes to the table and to alerts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/register/register.hpp"
#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::TemporaryFolder;
using test::write_text;
using ::testing::HasSubstr;

constexpr const char* plume_begins = "2022-06-20";
constexpr const char* plume_ends = "2022-07-20";
constexpr const char* reservoir_fills = "2022-03-01";  // before, wet ground and shadows are most of its water
constexpr const char* water_name = "=Main";            // a formula, to a spreadsheet

Outcome pitwatch(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{PITWATCH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command);
}

/// A site watched for a year, whose waters carried a plume; made once.
class MuddySite {
 public:
  MuddySite() {
    write_text(sites(), R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152], [46.610, 40.152], [46.610, 40.146]]]}}]})");
    // All ground is in the polygon: what is water of it is for the command to find.
    write_text(folder_ / "water.geojson", R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "w1", "name": "=Main"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.60, 40.14], [46.63, 40.14], [46.63, 40.16], [46.60, 40.16], [46.60, 40.14]]]}}]})");
    json config;
    config["layers"] = {{{"name", "lake"},
                         {"role", "surface_water"},
                         {"source", "water.geojson"},
                         {"columns", {{"id", "id"}, {"name", "name"}}}}};
    config["elevation"] = {{"source", {"series/small/dem.tif"}}, {"draws", 10}, {"reach_m", 500}};
    write_text(layers(), config.dump());
    expect_done(pitwatch({"simulate",   "--sites",
                          sites(),      "--from",
                          "2021-07-01", "--to",
                          "2022-08-10", "--every-days",
                          "10",         "--history-days",
                          "150",        "--size-km",
                          "1.5",        "--clear-sky",
                          "--bands",    "B02,B03,B04,B08,B8A,B11,B12",
                          "--seed",     "7",
                          "--plume",    std::string(plume_begins) + ":" + plume_ends + ":0.8",
                          "--out",      folder_ / "series"}));
    expect_done(pitwatch({"run", "--sites", sites(), "--source", source(), "--state", state()}));
  }
  std::string sites() const { return folder_ / "site.geojson"; }
  std::string source() const { return folder_ / "series/small"; }
  std::string layers() const { return folder_ / "context.json"; }
  std::string state() const { return folder_ / "state"; }

 private:
  static void expect_done(const Outcome& outcome) {
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  }
  TemporaryFolder folder_;
};

const MuddySite& muddy() {
  static const MuddySite made;
  return made;
}

class TurbidityCli : public ::testing::Test {
 protected:
  TurbidityCli() { fs::copy(muddy().state(), state_, fs::copy_options::recursive); }
  Outcome context(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"context", "--state", state_, "--layers", muddy().layers()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return pitwatch(arguments);
  }
  Outcome look(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"--turbidity", "--source", muddy().source(), "--sites", muddy().sites(),
                                       "--out",       out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return context(arguments);
  }
  std::vector<RegisteredFact> turbidity_facts() const {
    std::vector<RegisteredFact> facts = read_facts(state_ + "/register.gpkg");
    std::erase_if(facts, [](const RegisteredFact& fact) { return fact.detail.subject != "water_turbidity"; });
    return facts;
  }

  TemporaryFolder folder_;
  std::string state_ = folder_ / "state";
};

std::vector<CsvRow> rows_of(const std::string& path) {
  return read_csv(path, {"site", "alert", "layer", "water", "date", "pixels", "red", "nir", "fnu", "upstream_pixels",
                         "upstream_fnu", "season_sigma", "upstream_sigma", "compared_with", "in_event"});
}

TEST_F(TurbidityCli, APlumeAppearsWithinOneObservationAndFades) {
  const Outcome outcome = look(folder_ / "out");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<CsvRow> rows = rows_of(folder_ / "out/turbidity.csv");
  std::erase_if(rows, [](const CsvRow& row) { return !row.cells.at("alert").empty(); });
  ASSERT_GT(rows.size(), 35U);
  int in_plume = 0;
  for (const CsvRow& row : rows) {
    const std::string& date = row.cells.at("date");
    const bool is_plume = date.substr(0, 10) >= plume_begins && date.substr(0, 10) <= plume_ends;
    in_plume += is_plume ? 1 : 0;
    if (date >= reservoir_fills) {
      EXPECT_EQ(row.cells.at("in_event"), is_plume ? "1" : "0") << date;
    }
    EXPECT_EQ(row.cells.at("water"), std::string("'") + water_name);
    EXPECT_GE(std::stoi(row.cells.at("pixels")), 10);
    // Four fifths of tailings water (red 0.118, near infrared 0.032) and a fifth of what was there (0.01): the near
    // infrared alone counts, 3078.9 * 0.0276 / (1 - 0.0276 / 0.2112) = 98 FNU. Haze makes it a third more or less.
    if (is_plume) {
      EXPECT_GT(std::stod(row.cells.at("fnu")), 65) << date;
      EXPECT_LT(std::stod(row.cells.at("fnu")), 131) << date;
    }
  }
  EXPECT_EQ(in_plume, 3);
}

TEST_F(TurbidityCli, IsReportedWithAlertsWhoseWaterComesThere) {
  const Outcome outcome = look(folder_ / "out");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<RegisteredFact> facts = turbidity_facts();
  ASSERT_FALSE(facts.empty());
  const std::vector<OutlinedAlert> alerts = read_register(state_ + "/register.gpkg").alerts;
  int with_event = 0;
  for (const RegisteredFact& fact : facts) {
    const auto alert = std::find_if(alerts.begin(), alerts.end(),
                                    [&](const OutlinedAlert& one) { return one.alert.id == fact.alert_id; });
    ASSERT_NE(alert, alerts.end());
    EXPECT_EQ(alert->alert.context.water->flow->to, water_name);
    const bool is_before = format_day(alert->alert.onset_after) < plume_begins;
    const auto& figures = fact.detail.figures;
    // All ground is in the polygon: shadows on it are what is above.
    if (figures.at("upstream_since") > 0) continue;
    if (!is_before) {
      EXPECT_EQ(figures.count("appeared_yyyymmdd"), 0U) << "that began before the alert";
      continue;
    }
    ++with_event;
    EXPECT_GE(figures.at("appeared_yyyymmdd"), 20220620);
    EXPECT_LE(figures.at("appeared_yyyymmdd"), 20220630);
    EXPECT_GT(figures.at("faded_yyyymmdd"), 20220720);
    EXPECT_LE(figures.at("faded_yyyymmdd"), 20220730);
    EXPECT_GT(figures.at("peak_sigma"), 4);
    const Outcome shown = pitwatch({"alerts", "show", fact.alert_id, "--state", state_});
    EXPECT_THAT(shown.out, HasSubstr("water_turbidity"));
    EXPECT_THAT(shown.out, HasSubstr("appeared_yyyymmdd 202206"));
  }
  EXPECT_GT(with_event, 0);
  EXPECT_EQ(test::verify(state_).exit_code, 0);
}

TEST_F(TurbidityCli, SameBytesWithAnyThreadsAndNoNewFacts) {
  ASSERT_EQ(look(folder_ / "one", {"--threads", "1"}).exit_code, 0);
  const std::size_t facts = turbidity_facts().size();
  ASSERT_EQ(look(folder_ / "four", {"--threads", "4"}).exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "one/turbidity.csv"), read_text(folder_ / "four/turbidity.csv"));
  EXPECT_EQ(turbidity_facts().size(), facts);
}

TEST_F(TurbidityCli, OfALineItTakesWhatIsBesideIt) {
  const std::string layers = fs::path(muddy().layers()).parent_path().string() + "/line.json";
  write_text(
      fs::path(layers).parent_path().string() + "/line.geojson",
      R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "r1", "name": "river"},
      "geometry": {"type": "LineString", "coordinates": [[46.61235, 40.15034], [46.61114, 40.14892], [46.60911, 40.1475],
      [46.60802, 40.14608], [46.60622, 40.14466]]}}]})");
  write_text(layers, R"({"layers": [{"name": "rivers", "role": "surface_water", "source": "line.geojson",
                                     "columns": {"id": "id", "name": "name"}}]})");
  const Outcome outcome = pitwatch({"context", "--state", state_, "--layers", layers, "--turbidity", "--source",
                                    muddy().source(), "--sites", muddy().sites(), "--out", folder_ / "out"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<CsvRow> rows = rows_of(folder_ / "out/turbidity.csv");
  ASSERT_FALSE(rows.empty());
  // 900 m, three pixels wide, five where it turns a corner.
  for (const CsvRow& row : rows) EXPECT_LT(std::stoi(row.cells.at("pixels")), 500);
  EXPECT_TRUE(turbidity_facts().empty()) << "without elevations no alert's water comes there";
}

TEST_F(TurbidityCli, NothingIsLookedAtUnlessItIsAskedFor) {
  ASSERT_EQ(context({}).exit_code, 0);
  // As where one configuration serves run, too.
  ASSERT_EQ(context({"--source", muddy().source(), "--sites", muddy().sites()}).exit_code, 0);
  EXPECT_TRUE(turbidity_facts().empty());
  const Outcome alone = context({"--turbidity", "--source", muddy().source()});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.err, HasSubstr("--turbidity needs --sites"));
  EXPECT_EQ(context({"--out", folder_ / "out"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

// ---- a plume below an inflow ----

/// The reservoir of another world at its highest, whose valley floor lies lower from south to north.
constexpr const char* reservoir = R"({"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"id": "w1", "name": "lake"}, "geometry": {"type": "Polygon", "coordinates": [[
      [46.62471, 40.16197], [46.628, 40.16192], [46.628, 40.16174], [46.62704, 40.16104], [46.62657, 40.16104],
      [46.62657, 40.16086], [46.6261, 40.16087], [46.62502, 40.16016], [46.6242, 40.16], [46.62416, 40.15855],
      [46.62509, 40.158], [46.62482, 40.15656], [46.62435, 40.15657], [46.62436, 40.15693], [46.6239, 40.1573],
      [46.62296, 40.15731], [46.62271, 40.15677], [46.62154, 40.15679], [46.62128, 40.15571], [46.62033, 40.15555],
      [46.6203, 40.15428], [46.62077, 40.1541], [46.62075, 40.15338], [46.62167, 40.15264], [46.62167, 40.15228],
      [46.62049, 40.1523], [46.62025, 40.15194], [46.61978, 40.15195], [46.61906, 40.15142], [46.61901, 40.14908],
      [46.61854, 40.14908], [46.61855, 40.14944], [46.61808, 40.14963], [46.6181, 40.15053], [46.61787, 40.15072],
      [46.61717, 40.15072], [46.61716, 40.15036], [46.61668, 40.15001], [46.61621, 40.15002], [46.61623, 40.15074],
      [46.61671, 40.15109], [46.61674, 40.15235], [46.61767, 40.15234], [46.61839, 40.15287], [46.6184, 40.15323],
      [46.61863, 40.15323], [46.61864, 40.15359], [46.61912, 40.15376], [46.61913, 40.15421], [46.61936, 40.1543],
      [46.61938, 40.15502], [46.61881, 40.15575], [46.61895, 40.15665], [46.61756, 40.15757], [46.61757, 40.15793],
      [46.61969, 40.1579], [46.61971, 40.1588], [46.61926, 40.1597], [46.61973, 40.1597], [46.62019, 40.15933],
      [46.6216, 40.15931], [46.62184, 40.15949], [46.62186, 40.1603], [46.62327, 40.16055], [46.62471, 40.16161],
      [46.62471, 40.16197]]]}}]})";

constexpr LonLat beside_the_reservoir{46.6154, 40.1551};  // flows into the middle of it, at 555 m
constexpr LonLat at_its_head{46.6113, 40.1434};           // nothing of the layer is above

/// The alert on the register whose outline's box holds a place. Throws std::runtime_error where there is none.
std::string alert_at(const std::string& state, const LonLat& place) {
  for (const OutlinedAlert& one : read_register(state + "/register.gpkg").alerts) {
    double west = 180, south = 90, east = -180, north = -90;
    for (const LonLatPolygon& part : one.outline) {
      for (const LonLat& corner : part.outer) {
        west = std::min(west, corner.lon);
        south = std::min(south, corner.lat);
        east = std::max(east, corner.lon);
        north = std::max(north, corner.lat);
      }
    }
    if (west < place.lon && place.lon < east && south < place.lat && place.lat < north) return one.alert.id;
  }
  throw std::runtime_error("no alert at the place");
}

/// Scenes of it with a plume below an elevation, watched, and its turbidity looked at.
std::vector<CsvRow> rows_with_plume(const TemporaryFolder& folder, const std::string& below_m, const LonLat& place) {
  const std::string sites = folder / "site.geojson";
  write_text(sites, R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.601, 40.140], [46.626, 40.140], [46.626, 40.158], [46.601, 40.158], [46.601, 40.140]]]}}]})");
  write_text(folder / "lake.geojson", reservoir);
  write_text(folder / "context.json", R"({"layers": [{"name": "lakes", "role": "surface_water",
      "source": "lake.geojson", "columns": {"id": "id", "name": "name"}}],
      "elevation": {"source": ["series/small/dem.tif"], "draws": 4, "reach_m": 1500}})");
  const std::string state = folder / "state";
  const std::string out = folder / "out";
  const std::string source = folder / "series/small";
  const std::string plume = std::string(plume_begins) + ":" + plume_ends + ":0.8:" + below_m;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"simulate",    "--sites",
                                 sites,         "--from",
                                 "2021-07-01",  "--to",
                                 "2022-08-10",  "--every-days",
                                 "10",          "--history-days",
                                 "150",         "--size-km",
                                 "3",           "--clear-sky",
                                 "--bands",     "B02,B03,B04,B08,B8A,B11,B12",
                                 "--seed",      "7",
                                 "--waterside", "12",
                                 "--plume",     plume,
                                 "--out",       folder / "series"},
        std::vector<std::string>{"run", "--sites", sites, "--source", source, "--state", state},
        std::vector<std::string>{"context", "--state", state, "--layers", folder / "context.json", "--turbidity",
                                 "--source", source, "--sites", sites, "--out", out}}) {
    const Outcome outcome = pitwatch(command);
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  }
  std::vector<CsvRow> rows = rows_of(out + "/turbidity.csv");
  const std::string alert = alert_at(state, place);
  std::erase_if(rows, [&](const CsvRow& row) { return row.cells.at("alert") != alert; });
  return rows;
}

TEST(TurbidityAgainstUpstream, APlumeBelowTheInflowAppearsThereAloneAndFades) {
  const TemporaryFolder folder;
  const std::vector<CsvRow> rows = rows_with_plume(folder, "556", beside_the_reservoir);
  ASSERT_GT(rows.size(), 35U);
  int in_plume = 0;
  for (const CsvRow& row : rows) {
    const std::string& date = row.cells.at("date");
    if (date < reservoir_fills) continue;
    const bool is_plume = date.substr(0, 10) >= plume_begins && date.substr(0, 10) <= plume_ends;
    EXPECT_EQ(row.cells.at("in_event"), is_plume ? "1" : "0") << date;
    if (!is_plume) continue;
    EXPECT_EQ(row.cells.at("compared_with"), "upstream") << date;
    ++in_plume;
    EXPECT_GT(std::stod(row.cells.at("fnu")), 65) << date;
    EXPECT_LT(std::stod(row.cells.at("upstream_fnu")), 15) << date;
    EXPECT_GT(std::stod(row.cells.at("upstream_sigma")), std::stod(row.cells.at("season_sigma"))) << date;
  }
  EXPECT_EQ(in_plume, 3);
  const std::string alert = alert_at(folder / "state", beside_the_reservoir);
  for (const RegisteredFact& fact : read_facts(folder / "state/register.gpkg")) {
    if (fact.detail.subject != "water_turbidity" || fact.alert_id != alert) continue;
    EXPECT_EQ(fact.detail.figures.at("against_upstream"), 1);
    EXPECT_EQ(fact.detail.figures.at("appeared_yyyymmdd"), 20220626);
    EXPECT_EQ(fact.detail.figures.at("faded_yyyymmdd"), 20220726);
  }
}

TEST(TurbidityAgainstUpstream, APlumeFromAboveTheInflowIsNoEventOfTheAlerts) {
  const TemporaryFolder folder;
  int in_plume = 0;
  for (const CsvRow& row : rows_with_plume(folder, "700", beside_the_reservoir)) {
    if (row.cells.at("date") < reservoir_fills) continue;
    EXPECT_EQ(row.cells.at("in_event"), "0") << row.cells.at("date");
    in_plume += std::stod(row.cells.at("season_sigma")) > 4 ? 1 : 0;
  }
  EXPECT_EQ(in_plume, 3) << "against the season alone it would be one";
  const std::vector<CsvRow> all = rows_of(folder / "out/turbidity.csv");
  const std::string head = alert_at(folder / "state", at_its_head);
  int of_the_head = 0;
  for (const CsvRow& row : all) {
    if (row.cells.at("alert") != head || row.cells.at("date") < plume_begins) continue;
    ++of_the_head;
    EXPECT_EQ(row.cells.at("compared_with"), "season");
    EXPECT_EQ(row.cells.at("in_event"), row.cells.at("date").substr(0, 10) <= plume_ends ? "1" : "0");
  }
  EXPECT_EQ(of_the_head, 5);
}

// ---- how much water there is, and since when ----

std::string digits_of(const std::string& day) { return day.substr(0, 10); }

TEST(WaterArea, PondsAppearWhenTheyWereMadeWithTheirArea) {
  const TemporaryFolder folder;
  const std::string sites = folder / "site.geojson";
  write_text(sites, R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.607, 40.144], [46.620, 40.144], [46.620, 40.154], [46.607, 40.154], [46.607, 40.144]]]}}]})");
  const std::string source = folder / "series/small";
  const std::vector<std::string> simulated{"simulate",
                                           "--sites",
                                           sites,
                                           "--from",
                                           "2021-01-01",
                                           "--to",
                                           "2022-10-01",
                                           "--every-days",
                                           "10",
                                           "--history-days",
                                           "400",
                                           "--size-km",
                                           "2.4",
                                           "--clear-sky",
                                           "--bands",
                                           "B02,B03,B04,B08,B11,B12",
                                           "--seed",
                                           "7",
                                           "--disturbances",
                                           "0",
                                           "--decoys",
                                           "0",
                                           "--waterside",
                                           "30",
                                           "--out",
                                           folder / "series"};
  ASSERT_EQ(pitwatch(simulated).exit_code, 0);
  ASSERT_EQ(pitwatch({"run", "--sites", sites, "--source", source, "--state", folder / "state"}).exit_code, 0);
  // The ponds of the truth, with what they covered at last, as a layer.
  const json truth = json::parse(read_text(folder / "series/truth.geojson"));
  json ponds{{"type", "FeatureCollection"}, {"features", json::array()}};
  for (const json& event : truth["features"]) {
    if (event["properties"]["type"] == "pond") {
      ponds["features"].push_back({{"type", "Feature"},
                                   {"geometry", event["geometry"]},
                                   {"properties", {{"id", event["id"]}, {"name", event["id"]}}}});
    }
  }
  ASSERT_GE(ponds["features"].size(), 3U);
  write_text(folder / "ponds.geojson", ponds.dump());
  write_text(folder / "context.json", R"({"layers": [{"name": "ponds", "role": "surface_water",
      "source": "ponds.geojson", "columns": {"id": "id", "name": "name"}}]})");
  const Outcome outcome = pitwatch({"context", "--state", folder / "state", "--layers", folder / "context.json",
                                    "--turbidity", "--source", source, "--sites", sites, "--out", folder / "out"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;

  int of_layer = 0;
  int of_alerts = 0;
  for (const CsvRow& row : read_csv(folder / "out/water_area.csv", {"alert", "water", "pixels_ha", "first_seen",
                                                                    "dry_before", "date", "area_ha", "seen_share"})) {
    if (row.cells.at("date").substr(0, 10) != "2022-09-23") continue;
    const std::string& first_seen = row.cells.at("first_seen");
    const double area = std::stod(row.cells.at("area_ha"));
    if (!row.cells.at("alert").empty()) {
      if (area < 0.5 * std::stod(row.cells.at("pixels_ha"))) continue;  // a working with ponds in it
      ++of_alerts;
      EXPECT_FALSE(first_seen.empty()) << row.cells.at("alert");
      continue;
    }
    const auto event = std::find_if(truth["features"].begin(), truth["features"].end(),
                                    [&](const json& one) { return one["id"] == row.cells.at("water"); });
    ASSERT_NE(event, truth["features"].end());
    const json& properties = (*event)["properties"];
    const auto whole = properties["area_ha"].get<double>();
    if (whole < 1) continue;  // most of it are mixed pixels
    ++of_layer;
    EXPECT_GT(std::stod(row.cells.at("seen_share")), 0.9) << "the sky is clear";
    // By the acquisitions of every ten days: not before it began, and not long after it was whole.
    EXPECT_GE(digits_of(first_seen), digits_of(properties["onset"])) << row.cells.at("water");
    EXPECT_LE(digits_of(row.cells.at("dry_before")), digits_of(properties["complete"])) << row.cells.at("water");
    // Pixels that the shore cuts are not of the water.
    EXPECT_GT(area, 0.6 * whole) << row.cells.at("water");
    EXPECT_LT(area, 1.05 * whole) << row.cells.at("water");
  }
  EXPECT_GE(of_layer, 3);
  EXPECT_GE(of_alerts, 3);
}

}  // namespace
}  // namespace pitwatch
