// pitwatch scenes from outside: what it says of a simulated series, and how it fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string sites = PITWATCH_SOURCE_DIR "/sample_data/sites.geojson";

std::vector<std::string> scenes(const std::string& source, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command{PITWATCH_PROGRAM, "scenes", source};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

/// A folder of small series over both sample sites, made once per process; tests that change it copy it.
const std::string& series() {
  static const test::TemporaryFolder folder;
  static const std::string path = [] {
    const test::Outcome made = test::run_process(
        {PITWATCH_PROGRAM, "simulate", "--sites", sites, "--from", "2021-06-01", "--until", "2022-07-15",
         "--every-days", "35", "--size-km", "1.2", "--bands", "B02,B04,B08,B11", "--out", folder / "series"});
    if (made.exit_code != 0) throw std::runtime_error("simulate: " + made.err);
    return folder / "series";
  }();
  return path;
}

std::vector<std::string> items_in(const std::string& folder) {
  std::vector<std::string> items;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("S2", 0) == 0 && entry.path().extension() == ".json") items.push_back(entry.path().string());
  }
  std::sort(items.begin(), items.end());
  return items;
}

TEST(Scenes, ListsASeriesAndWhatItShowsOfTheSites) {
  const test::Outcome outcome = test::run_process(scenes(series(), {"--sites", sites, "--json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("source"), series());
  EXPECT_THAT(document.at("rejected"), SizeIs(0));
  ASSERT_EQ(document.at("scenes").size(), items_in(series()).size());
  std::string last;
  int late = 0;
  for (const json& scene : document.at("scenes")) {
    const std::string acquired = scene.at("acquired");
    EXPECT_LE(last, acquired);
    last = acquired;
    const json item = json::parse(test::read_text(scene.at("path")));
    EXPECT_EQ(scene.at("cloud_percent"), item.at("properties").at("eo:cloud_cover"));
    const bool has_offset = scene.at("processing_baseline").get<std::string>() >= "04.00";
    late += has_offset ? 1 : 0;
    EXPECT_EQ(scene.at("offsets").at("B11").get<double>(), has_offset ? -0.1 : 0.0);
    if (!scene.at("used").get<bool>()) continue;
    // Each product was made for one of the sites, which lie apart.
    ASSERT_THAT(scene.at("sites"), SizeIs(1));
    EXPECT_THAT(scene.at("id").get<std::string>(), testing::EndsWith(scene.at("sites")[0].at("id").get<std::string>()));
    const double cloud = scene.at("sites")[0].at("cloud_percent");
    EXPECT_GE(cloud, 0);
    EXPECT_LE(cloud, 100);
    const double thin = item.at("properties").at("s2:thin_cirrus_percentage");
    // A sky that is all cloud over the product is so over the site in its middle.
    if (scene.at("cloud_percent") == 100.0 && thin == 0) {
      EXPECT_EQ(cloud, 100);
    }
  }
  EXPECT_GT(late, 0);
}

TEST(Scenes, TableSaysTheSameAsJson) {
  const std::vector<std::string> options{"--from", "2021-07-01", "--to", "2021-12-31"};
  const test::Outcome table = test::run_process(scenes(series() + "/demirli/catalog.json", options));
  ASSERT_EQ(table.exit_code, 0) << table.err;
  std::vector<std::string> with_json = options;
  with_json.emplace_back("--json");
  const json document = json::parse(test::run_process(scenes(series() + "/demirli/catalog.json", with_json)).out);
  const std::vector<std::string> lines = test::lines_of(table.out);
  ASSERT_EQ(lines.size(), document.at("scenes").size() + 1);
  EXPECT_THAT(lines[0], StartsWith("id "));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const json& scene = document.at("scenes")[i - 1];
    EXPECT_THAT(lines[i], StartsWith(scene.at("id").get<std::string>() + " "));
    EXPECT_THAT(lines[i], HasSubstr(" " + scene.at("acquired").get<std::string>() + " "));
    EXPECT_THAT(scene.at("acquired").get<std::string>(), StartsWith("2021-"));
    EXPECT_EQ(lines[i].ends_with("yes"), scene.at("used").get<bool>());
  }
}

TEST(Scenes, TheLastDayIsWhole) {
  const json all = json::parse(test::run_process(scenes(series(), {"--json"})).out);
  const std::string first = all.at("scenes")[0].at("acquired");
  const json day = json::parse(
      test::run_process(scenes(series(), {"--json", "--from", first.substr(0, 10), "--to", first.substr(0, 10)})).out);
  ASSERT_GE(day.at("scenes").size(), 1U);
  EXPECT_EQ(day.at("scenes")[0].at("acquired"), first);
  const auto until = [](const std::string& to) {
    return json::parse(test::run_process(scenes(series(), {"--json", "--until", to})).out).at("scenes");
  };
  EXPECT_EQ(until(first.substr(0, 10)), day.at("scenes"));
  EXPECT_EQ(until(first.substr(0, 10) + "T00:00:00Z").size(), 0U);
}

TEST(Scenes, EditionsPartsAndBrokenItemsAreToldApart) {
  const test::TemporaryFolder folder;
  fs::copy(series() + "/demirli", folder / "demirli", fs::copy_options::recursive);
  // A whole product, of which a later edition is added, and one that has lost its end.
  const auto items = items_in(folder / "demirli");
  ASSERT_GE(items.size(), 3U);
  std::string original;
  for (const std::string& path : items) {
    if (json::parse(test::read_text(path)).at("properties").at("s2:nodata_pixel_percentage") == 0) original = path;
  }
  ASSERT_NE(original, "");
  json edition = json::parse(test::read_text(original));
  edition["id"] = "EDITION";
  edition["properties"]["s2:processing_baseline"] = "09.00";
  edition["properties"]["s2:generation_time"] = "2026-01-01T00:00:00Z";
  test::write_text(fs::path(original).parent_path() / "edition.json", edition.dump());
  const std::string broken = items.front() == original ? items.back() : items.front();
  test::write_text(broken, test::read_text(broken).substr(0, 500));

  const test::Outcome outcome = test::run_process(scenes(folder / "demirli", {"--json"}));
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  const json document = json::parse(outcome.out);
  ASSERT_THAT(document.at("rejected"), SizeIs(1));
  EXPECT_EQ(document.at("rejected")[0].at("path"), broken);
  EXPECT_THAT(document.at("rejected")[0].at("reason").get<std::string>(), StartsWith("not JSON"));
  int found = 0;
  for (const json& scene : document.at("scenes")) {
    if (scene.at("path") == original) {
      ++found;
      EXPECT_EQ(scene.at("used"), false);
      EXPECT_THAT(scene.at("reason").get<std::string>(), StartsWith("superseded by EDITION: baseline 09.00 after "));
    }
    if (scene.at("id") == "EDITION") {
      ++found;
      EXPECT_EQ(scene.at("used"), true);
    }
  }
  EXPECT_EQ(found, 2);
  EXPECT_THAT(test::run_process(scenes(folder / "demirli")).out, HasSubstr("rejected  " + broken + ": not JSON"));
}

TEST(Scenes, ScenesThatCannotServeSayWhy) {
  const test::TemporaryFolder folder;
  fs::copy(series() + "/gizilbulag", folder / "gizilbulag", fs::copy_options::recursive);
  const auto items = items_in(folder / "gizilbulag");
  ASSERT_GE(items.size(), 3U);
  json without = json::parse(test::read_text(items[0]));
  without["assets"].erase("red");
  test::write_text(items[0], without.dump());
  fs::remove(fs::path(items[1]).parent_path() / "SCL.tif");
  const json document = json::parse(test::run_process(scenes(folder / "gizilbulag", {"--json", "--sites", sites})).out);
  std::map<std::string, std::string> reasons;
  for (const json& scene : document.at("scenes")) {
    if (!scene.at("used").get<bool>()) reasons[scene.at("path")] = scene.at("reason");
  }
  EXPECT_EQ(reasons[items[0]], "no asset for B04");
  EXPECT_THAT(reasons[items[1]], HasSubstr("SCL.tif"));
  // The other series shows neither of a site elsewhere.
  test::write_text(folder / "elsewhere.geojson",
                   R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "far"},
                       "geometry": {"type": "Polygon", "coordinates": [[[10, 40], [10.01, 40], [10, 40.01], [10, 40]]]}}]})");
  const test::Outcome nothing =
      test::run_process(scenes(series(), {"--json", "--sites", folder / "elsewhere.geojson"}));
  EXPECT_EQ(nothing.exit_code, 3);
  const json none = json::parse(nothing.out);
  EXPECT_EQ(none.at("scenes").size(), items_in(series()).size());
  for (const json& scene : none.at("scenes")) EXPECT_EQ(scene.at("used"), false);
}

TEST(Scenes, B8AStandsInForB08AsInRun) {
  const test::TemporaryFolder folder;
  const test::Outcome made = test::run_process({PITWATCH_PROGRAM, "simulate", "--sites", sites, "--from", "2021-06-01",
                                                "--until", "2021-07-15", "--every-days", "35", "--size-km", "1.2",
                                                "--bands", "B04,B8A", "--out", folder / "series"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const test::Outcome fetched = test::run_process({PITWATCH_PROGRAM, "fetch", folder / "series", "--sites", sites,
                                                   "--bands", "B04,B08,SCL", "--out", folder / "mirror"});
  EXPECT_EQ(fetched.exit_code, 0) << fetched.err;
  for (const char* const source : {"series", "mirror"}) {
    const test::Outcome outcome = test::run_process(scenes(folder / source, {"--json"}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json document = json::parse(outcome.out);
    EXPECT_FALSE(document.at("scenes").empty());
    for (const json& scene : document.at("scenes")) {
      const json& reason = scene.at("reason");
      EXPECT_TRUE(reason.is_null() || reason.get<std::string>().starts_with("superseded by ")) << source << reason;
    }
  }
}

TEST(Scenes, Failures) {
  const test::TemporaryFolder folder;
  struct Failure {
    std::vector<std::string> arguments;
    int exit_code;
    std::string word;
  };
  const std::vector<Failure> failures{
      {{}, 2, "SOURCE"},
      {{series(), "--from", "soon"}, 2, "--from"},
      {{series(), "--from", "2022-01-02", "--to", "2022-01-01"}, 2, "--to"},
      {{folder / "none"}, 3, "none"},
      {{"https://example.com/catalog.json"}, 2, "--collection"},
      {{sites, "--quiet"}, 3, "sites.geojson"},
      {{series(), "--sites", folder / "none.geojson"}, 3, "none.geojson"},
      {{folder.path(), "--quiet"}, 3, "no scene"},
  };
  for (const Failure& failure : failures) {
    std::vector<std::string> command{PITWATCH_PROGRAM, "scenes"};
    command.insert(command.end(), failure.arguments.begin(), failure.arguments.end());
    const test::Outcome outcome = test::run_process(command);
    EXPECT_EQ(outcome.exit_code, failure.exit_code) << outcome.err;
    ASSERT_THAT(test::lines_of(outcome.err), SizeIs(1)) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(failure.word));
  }
}

}  // namespace
}  // namespace pitwatch
