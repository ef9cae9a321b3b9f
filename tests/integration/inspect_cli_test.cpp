// pitwatch inspect from outside: what it says of a pixel is what the nightly run decided.

#include <cpl_minixml.h>
#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/io/files/csv_table.hpp"
#include "tests/integration/alert_places.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string sites_text(const std::string& more_properties = "") {
  return R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "small", "name": "Small")" +
         more_properties + R"(}, "geometry": {"type": "Polygon", "coordinates": [[[46.610, 40.146], [46.617, 40.146],
         [46.617, 40.152], [46.610, 40.152], [46.610, 40.146]]]}}]})";
}

/// A small site, two years of it, and the nightly run over them; made once.
class Watched {
 public:
  Watched() {
    test::write_text(sites(), sites_text());
    expect_done({PITWATCH_PROGRAM, "simulate", "--sites", sites(), "--from", "2021-01-01", "--until", "2022-12-31",
                 "--every-days", "10", "--size-km", "1.8", "--bands", "B02,B03,B04,B08,B11,B12", "--seed", "5", "--out",
                 folder_ / "series"});
    expect_done({PITWATCH_PROGRAM, "run", "--sites", sites(), "--source", source(), "--state", folder_ / "state"});
    alerts_ = json::parse(test::read_text(folder_ / "state/alerts.geojson")).at("features");
    // S2A_38TPK_20210106_0_L2A_small: two products of a date are one observation.
    for (const std::string& name : test::names_in(source())) {
      if (name.rfind("S2", 0) == 0) dates_.insert(name.substr(10, 8));
    }
  }
  std::string sites() const { return folder_ / "sites.geojson"; }
  std::string source() const { return folder_ / "series/small"; }
  std::string state() const { return folder_ / "state"; }
  const json& alerts() const { return alerts_; }
  std::size_t observations() const { return dates_.size(); }

 private:
  static void expect_done(const std::vector<std::string>& command) {
    const test::Outcome outcome = test::run_process(command);
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  }

  test::TemporaryFolder folder_;
  json alerts_;
  std::set<std::string> dates_;
};

const Watched& watched() {
  static const Watched made;
  return made;
}

/// A place at the site that lies far from all alerts.
std::string place_beside(const json& features) {
  for (double lat = 40.147; lat < 40.151; lat += 0.0005) {
    for (double lon = 46.611; lon < 46.616; lon += 0.0005) {
      const OGRPoint point(lon, lat);
      bool is_free = true;
      for (const json& feature : features) is_free = is_free && test::shape_of(feature)->Distance(&point) > 4e-4;
      if (is_free) return std::to_string(lon) + "," + std::to_string(lat);
    }
  }
  throw std::runtime_error("alerts everywhere");
}

class InspectCli : public ::testing::Test {
 protected:
  test::Outcome inspect(const std::string& place, const std::vector<std::string>& more = {},
                        const std::string& sites = watched().sites()) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "inspect",         "--at=" + place, "--sites", sites,
                                     "--source",       watched().source()};
    command.insert(command.end(), more.begin(), more.end());
    return test::run_process(command);
  }

  /// All that is told of a place; worked out once for each.
  const json& all_of(const std::string& place) const {
    static std::map<std::string, json> known;
    const auto found = known.find(place);
    return found != known.end() ? found->second : known[place] = report_of(place);
  }

  json report_of(const std::string& place, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> options{"--format", "json"};
    options.insert(options.end(), more.begin(), more.end());
    const test::Outcome outcome = inspect(place, options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(outcome.out);
  }

  test::TemporaryFolder folder_;
};

TEST_F(InspectCli, SaysOfAlertsWhatTheNightlyRunSays) {
  ASSERT_GT(watched().alerts().size(), 1U);
  std::size_t seen = 0;
  for (const json& alert : watched().alerts()) {
    if (seen++ == 2) break;
    const json& told = alert.at("properties");
    const json& report = all_of(test::place_in(alert));
    EXPECT_EQ(report.at("algorithm"), told.at("algorithm"));
    ASSERT_EQ(report.at("acquisitions").size(), watched().observations());
    bool holds = false;
    for (const json& incident : report.at("acquisitions").back().at("incidents")) {
      if (incident.at("id") != alert.at("id")) continue;
      holds = true;
      EXPECT_EQ(incident.at("status"), told.at("status"));
    }
    EXPECT_TRUE(holds) << alert.at("id");
    // Before it was first detected no ground was its.
    for (const json& observation : report.at("acquisitions")) {
      if (observation.at("date") >= told.at("first_detected")) break;
      EXPECT_EQ(observation.at("incidents").dump().find(alert.at("id").get<std::string>()), std::string::npos);
    }
  }
}

TEST_F(InspectCli, APixelOfAnAlertWasDisturbedAndOneBesideWasNot) {
  const auto open = [](const json& observation) {
    return observation.at("status") == "provisional" || observation.at("status") == "confirmed" ||
           observation.at("status") == "recovering";
  };
  const auto is_open = [](const json& alert) { return alert.at("properties").at("status") == "confirmed"; };
  const auto found = std::find_if(watched().alerts().begin(), watched().alerts().end(), is_open);
  ASSERT_NE(found, watched().alerts().end());
  const json& inside = all_of(test::place_in(*found)).at("acquisitions");
  EXPECT_TRUE(open(inside.back()));
  EXPECT_GT(std::count_if(inside.begin(), inside.end(),
                          [](const json& observation) { return !observation.at("decision").is_null(); }),
            0);
  const json& beside = all_of(place_beside(watched().alerts())).at("acquisitions");
  ASSERT_EQ(beside.size(), watched().observations());
  EXPECT_FALSE(open(beside.back()));
  EXPECT_TRUE(beside.back().at("incidents").empty());
}

TEST_F(InspectCli, HistoryIsShownWithTheModelLearntFromIt) {
  const json& observations = all_of(place_beside(watched().alerts())).at("acquisitions");
  ASSERT_EQ(observations.front().at("status"), "learning");
  std::size_t learning = 0;
  double squares = 0;
  std::size_t clear = 0;
  for (const json& observation : observations) {
    if (observation.at("status") != "learning") continue;
    ++learning;
    EXPECT_TRUE(observation.at("probability").is_null());
    EXPECT_FALSE(observation.at("modelled").at("ndvi").is_null()) << observation.at("date");
    if (observation.at("seen") != "clear") continue;
    ++clear;
    const double off =
        observation.at("observed").at("ndvi").get<double>() - observation.at("modelled").at("ndvi").get<double>();
    squares += off * off;
  }
  EXPECT_GT(learning, 30U);
  EXPECT_LT(learning, observations.size());
  ASSERT_GT(clear, 4U);
  EXPECT_LT(std::sqrt(squares / static_cast<double>(clear)), 0.1);
  EXPECT_NE(observations.back().at("status"), "learning");
}

TEST_F(InspectCli, ATableHasARowForEachObservation) {
  const test::Outcome outcome = inspect(test::place_in(watched().alerts().front()), {"--features", "ndvi,mndwi"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<std::string> lines = test::lines_of(outcome.out);
  const auto header =
      std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return line.rfind("date ", 0) == 0; });
  ASSERT_NE(header, lines.end());
  EXPECT_EQ(static_cast<std::size_t>(lines.end() - header - 1), watched().observations());
  EXPECT_THAT(*header, HasSubstr("ndvi"));
  EXPECT_THAT(*header, HasSubstr("mndwi"));
  EXPECT_EQ(header->find("bsi"), std::string::npos);
  const std::size_t status = header->find("status");
  ASSERT_NE(status, std::string::npos);
  const std::set<std::string> names{"learning", "stable", "provisional", "confirmed", "recovering", "closed"};
  for (auto line = header + 1; line != lines.end(); ++line) {
    EXPECT_TRUE(names.contains(line->substr(status, line->find_first_of(" \n", status) - status))) << *line;
  }
}

TEST_F(InspectCli, AllFormsOfOneSeriesAtOnce) {
  const std::string prefix = folder_ / "pixel";
  const test::Outcome outcome =
      inspect(test::place_in(watched().alerts().front()), {"--format", "table,csv,json,svg,png", "--out", prefix});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(test::names_in(folder_.path()),
              ::testing::ElementsAre("pixel.csv", "pixel.json", "pixel.png", "pixel.svg", "pixel.txt"));

  const json report = json::parse(test::read_text(prefix + ".json"));
  const std::vector<CsvRow> rows = read_csv(prefix + ".csv", {"date", "scene", "status", "ndvi_sigma", "decision"});
  ASSERT_EQ(rows.size(), report.at("acquisitions").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].cells.at("date"), report.at("acquisitions")[i].at("date"));
    EXPECT_EQ(rows[i].cells.at("status"), report.at("acquisitions")[i].at("status"));
  }

  CPLXMLNode* const tree = CPLParseXMLString(test::read_text(prefix + ".svg").c_str());
  ASSERT_NE(tree, nullptr);
  const CPLXMLNode* const svg = CPLGetXMLNode(tree, "=svg");
  ASSERT_NE(svg, nullptr);
  EXPECT_THAT(CPLGetXMLValue(svg, "title", ""), HasSubstr("small"));
  std::string texts;
  std::size_t circles = 0;
  for (const CPLXMLNode* node = svg->psChild; node != nullptr; node = node->psNext) {
    if (std::string_view(node->pszValue) == "text") texts.append(CPLGetXMLValue(node, "", "")).append("\n");
    circles += std::string_view(node->pszValue) == "circle" ? 1U : 0U;
  }
  CPLDestroyXMLNode(tree);
  EXPECT_THAT(texts, HasSubstr(report.at("algorithm").get<std::string>()));
  EXPECT_THAT(texts, HasSubstr("Probability"));
  EXPECT_GT(circles, rows.size());  // in several panels

  GDALAllRegister();
  const GDALDatasetUniquePtr png(GDALDataset::Open((prefix + ".png").c_str(), GDAL_OF_RASTER));
  ASSERT_TRUE(png);
  EXPECT_EQ(png->GetRasterCount(), 3);
  ASSERT_GT(png->GetRasterYSize(), 400);
  std::vector<std::uint8_t> red(static_cast<std::size_t>(png->GetRasterXSize()) *
                                static_cast<std::size_t>(png->GetRasterYSize()));
  ASSERT_EQ(png->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, png->GetRasterXSize(), png->GetRasterYSize(), red.data(),
                                            png->GetRasterXSize(), png->GetRasterYSize(), GDT_Byte, 0, 0, nullptr),
            CE_None);
  const auto inked = std::count_if(red.begin(), red.end(), [](std::uint8_t value) { return value < 250; });
  EXPECT_GT(inked, static_cast<std::ptrdiff_t>(red.size() / 50));
  EXPECT_LT(inked, static_cast<std::ptrdiff_t>(red.size() / 2));
}

TEST_F(InspectCli, APeriod) {
  const std::string place = test::place_in(watched().alerts().front());
  const json& all = all_of(place).at("acquisitions");
  const json some = report_of(place, {"--from", "2022-03-01", "--to", "2022-06-30"}).at("acquisitions");
  ASSERT_GT(some.size(), 5U);
  EXPECT_GE(some.front().at("date"), "2022-03-01");
  EXPECT_LT(some.back().at("date"), "2022-07-01");
  // Later observations change nothing of what was decided by then.
  const auto first = std::find(all.begin(), all.end(), some.front());
  ASSERT_NE(first, all.end());
  for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], first[static_cast<std::ptrdiff_t>(i)]);
}

/// What the state is quoted for is what watching again comes to; what it does not keep is not told at all.
void expect_quoted(const json& quoted, const json& all) {
  const json& last = all.at("acquisitions").back();
  const json& state = quoted.at("state");
  EXPECT_EQ(state.at("as_of"), last.at("date"));
  EXPECT_EQ(state.at("status"), last.at("status"));
  EXPECT_EQ(state.at("own_evidence"), last.at("own_evidence"));
  std::map<std::string, json> by_date;
  for (const json& observation : all.at("acquisitions")) by_date[observation.at("date")] = observation;
  std::size_t with_residual = 0;
  for (const json& row : quoted.at("acquisitions")) {
    SCOPED_TRACE(row.at("date").get<std::string>());
    const json& same = by_date.at(row.at("date"));
    EXPECT_EQ(row.at("scene"), same.at("scene"));
    EXPECT_EQ(row.at("incidents"), same.at("incidents"));
    for (const auto& [band, value] : same.at("reflectance").items()) {
      ASSERT_EQ(row.at("reflectance").at(band).is_null(), value.is_null());
      if (value.is_null()) continue;
      EXPECT_NEAR(row.at("reflectance").at(band).get<double>(), value.get<double>(), 1.01e-4);
    }
    EXPECT_EQ(row.at("seen"), same.at("seen") == "screened" ? "clear" : same.at("seen"));
    if (row.at("seen") != "clear") {
      EXPECT_EQ(row.at("why"), same.at("why"));
    }
    if (!row.at("residual_length").is_null()) {
      ++with_residual;
      EXPECT_EQ(row.at("residual_length"), same.at("residual_length"));
    }
    if (!row.at("status").is_null() && row.at("status") != "learning") {
      EXPECT_EQ(row.at("status"), same.at("status"));
    }
    if (!row.at("decision").is_null()) {
      EXPECT_EQ(row.at("decision"), same.at("decision"));
    }
    EXPECT_TRUE(row.at("evidence").is_null());
    EXPECT_TRUE(row.at("probability").is_null());
    EXPECT_TRUE(row.at("shared").at("ndvi").is_null());
  }
  EXPECT_GT(with_residual, 0U);
  EXPECT_LE(with_residual, 6U);
}

TEST_F(InspectCli, AStateIsQuotedAndSaysNothingElseThanTheNights) {
  std::vector<std::string> places{place_beside(watched().alerts())};
  for (const json& alert : watched().alerts()) {
    if (places.size() < 4) places.push_back(test::place_in(alert));
  }
  ASSERT_GT(places.size(), 2U);
  for (const std::string& place : places) {
    SCOPED_TRACE(place);
    const json quoted = report_of(place, {"--state", watched().state()});
    const json& all = all_of(place);
    EXPECT_EQ(quoted.at("algorithm"), all.at("algorithm"));
    EXPECT_EQ(quoted.at("pixel"), all.at("pixel"));
    // By default from where it was judged on.
    std::size_t judged = 0;
    for (const json& row : all.at("acquisitions")) judged += row.at("status") == "learning" ? 0U : 1U;
    EXPECT_EQ(quoted.at("acquisitions").size(), judged);
    expect_quoted(quoted, all);
    const json whole = report_of(place, {"--state", watched().state(), "--from", "2021-01-01"});
    EXPECT_EQ(whole.at("acquisitions").size(), watched().observations());
    EXPECT_EQ(whole.at("acquisitions").front().at("status"), "learning");
    expect_quoted(whole, all);
  }
}

TEST_F(InspectCli, AStateIsQuotedWhereSomethingHappened) {
  const auto confirmed = std::find_if(watched().alerts().begin(), watched().alerts().end(), [](const json& alert) {
    return alert.at("properties").at("status") == "confirmed";
  });
  ASSERT_NE(confirmed, watched().alerts().end());
  const json quoted = report_of(test::place_in(*confirmed), {"--state", watched().state()});
  std::vector<std::string> decisions;
  for (const json& row : quoted.at("acquisitions")) {
    if (!row.at("decision").is_null()) decisions.push_back(row.at("decision"));
  }
  EXPECT_THAT(decisions, ::testing::ElementsAre(::testing::StartsWith("provisional, began "), "confirmed"));
  EXPECT_EQ(quoted.at("state").at("status"), "confirmed");
  EXPECT_FALSE(quoted.at("state").at("onset_before").is_null());
  const test::Outcome table = inspect(test::place_in(*confirmed), {"--state", watched().state()});
  EXPECT_THAT(table.out, HasSubstr("the state after 2022-"));
  EXPECT_THAT(table.out, HasSubstr("Not kept"));
  const test::Outcome some = inspect(test::place_in(*confirmed), {"--state", watched().state(), "--from", "2022-05-01",
                                                                  "--to", "2022-06-30", "--format", "json"});
  const json period = json::parse(some.out).at("acquisitions");
  ASSERT_FALSE(period.empty());
  EXPECT_GE(period.front().at("date"), "2022-05-01");
  EXPECT_LT(period.back().at("date"), "2022-07-01");
}

TEST_F(InspectCli, AStateThatDoesNotFitIsRefusedAndNoneIsTouched) {
  const std::string place = test::place_in(watched().alerts().front());
  const test::Outcome other = inspect(place, {"--state", watched().state(), "--confirm-observations", "5"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("confirm-observations"));
  EXPECT_EQ(inspect(place, {"--state", folder_ / "none"}).exit_code, 3);
  EXPECT_THAT(test::names_in(folder_.path()), ::testing::IsEmpty());
}

TEST_F(InspectCli, RefusesWithoutAWordOnStdout) {
  const std::string place = test::place_in(watched().alerts().front());
  const auto refused = [&](const test::Outcome& outcome, const std::string& why) {
    EXPECT_EQ(outcome.exit_code, 2) << why;
    EXPECT_EQ(outcome.out, "") << why;
    EXPECT_THAT(outcome.err, HasSubstr(why));
  };
  refused(inspect("46.7,40.149"), "km from the nearest site, 'small'");
  refused(inspect("-70,-33"), "km from the nearest site, 'small'");
  refused(inspect("46.61"), "--at");
  refused(inspect(place, {"--site", "other"}), "'other'");
  refused(inspect(place, {"--format", "pdf"}), "pdf");
  refused(inspect(place, {"--format", "png"}), "--out");
  refused(inspect(place, {"--format", "csv,json"}), "--out");
  refused(inspect(place, {"--features", "ndvi,color"}), "color");
  refused(inspect(place, {"--from", "2022-06-01", "--to", "2022-05-01"}), "--from");
  refused(inspect(place, {"--confirm-observations", "2.5"}), "--confirm-observations");
  refused(test::run_process({PITWATCH_PROGRAM, "inspect", "--sites", watched().sites()}), "--at LON,LAT");
}

// What a site sets for itself holds for it, and its alerts tell it.

TEST_F(InspectCli, OptionsOfASite) {
  const std::string place = test::place_in(watched().alerts().front());
  const auto algorithm = [&](const std::string& properties, const std::vector<std::string>& options) {
    test::write_text(folder_ / "own.geojson", sites_text(properties));
    std::vector<std::string> all{"--to", "2021-03-01", "--format", "json"};
    all.insert(all.end(), options.begin(), options.end());
    const test::Outcome outcome = inspect(place, all, folder_ / "own.geojson");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(outcome.out).at("algorithm").get<std::string>();
  };
  const std::string plain = algorithm("", {});
  const std::string own = algorithm(R"(, "monitor": {"confirm-observations": 4, "min-area-ha": 0.3})", {});
  EXPECT_NE(own, plain);
  // As if they stood on the command line, over which they go.
  EXPECT_EQ(algorithm("", {"--confirm-observations", "4", "--min-area-ha", "0.3"}), own);
  EXPECT_EQ(
      algorithm(R"(, "monitor": {"confirm-observations": 4, "min-area-ha": 0.3})", {"--confirm-observations", "5"}),
      own);
  EXPECT_NE(algorithm(R"(, "monitor": {"confirm-observations": 4})", {}), own);
}

TEST_F(InspectCli, TheNightlyRunGoesByTheOptionsOfASite) {
  const auto run = [&](const std::string& properties) {
    test::write_text(folder_ / "own.geojson", sites_text(properties));
    return test::run_process({PITWATCH_PROGRAM, "run", "--sites", folder_ / "own.geojson", "--source",
                              watched().source(), "--state", folder_ / "state"});
  };
  ASSERT_EQ(run(R"(, "monitor": {"min-area-ha": 0.5})").exit_code, 0);
  const json larger = json::parse(test::read_text(folder_ / "state/alerts.geojson")).at("features");
  EXPECT_LT(larger.size(), watched().alerts().size());
  for (const json& alert : larger) {
    EXPECT_NE(alert.at("properties").at("algorithm"), watched().alerts().front().at("properties").at("algorithm"));
  }
  for (const auto& [properties, why] : std::vector<std::pair<std::string, std::string>>{
           {R"(, "monitor": {"confirm-loks": 4})", "confirm-loks"},
           {R"(, "monitor": {"confirm-observations": "4"})", "confirm-observations"},
           {R"(, "monitor": {"confirm-observations": 2.5})", "confirm-observations"},
           {R"(, "monitor": {"min-area-ha": 0})", "min-area-ha"},
           {R"(, "monitor": [1])", "monitor"}}) {
    const test::Outcome refused = run(properties);
    EXPECT_EQ(refused.exit_code, 2) << why;
    EXPECT_THAT(refused.err, HasSubstr("'small'"));
    EXPECT_THAT(refused.err, HasSubstr(why));
  }
}

}  // namespace
}  // namespace pitwatch
