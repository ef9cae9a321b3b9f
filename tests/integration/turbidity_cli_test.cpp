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
  return read_csv(path, {"site", "layer", "water", "date", "pixels", "red", "nir", "fnu", "anomaly_sigma", "in_event"});
}

TEST_F(TurbidityCli, APlumeAppearsWithinOneObservationAndFades) {
  const Outcome outcome = look(folder_ / "out");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<CsvRow> rows = rows_of(folder_ / "out/turbidity.csv");
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

}  // namespace
}  // namespace pitwatch
