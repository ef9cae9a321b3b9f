// pitwatch run with what is done about the light of acquisitions: shadow and shade of terrain, view, level; errors of
// position.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::series;
using ::testing::HasSubstr;

class LightCli : public ::testing::Test {
 protected:
  std::string run(const std::string& state, const std::vector<std::string>& options) {
    std::vector<std::string> command{PITWATCH_PROGRAM,  "run",     "--sites",      series().sites(), "--source",
                                     series().scenes(), "--state", folder_ / state};
    command.insert(command.end(), options.begin(), options.end());
    const test::Outcome outcome = test::run_process(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return test::read_text(folder_ / (state + "/alerts.geojson"));
  }

  static std::string algorithm_of(const std::string& alerts) {
    const json features = json::parse(alerts).at("features");
    EXPECT_FALSE(features.empty());
    return features.empty() ? "" : features[0].at("properties").at("algorithm").get<std::string>();
  }

  /// The terrain that the series was made with.
  static std::string terrain() { return series().scenes() + "/dem.tif"; }

  test::TemporaryFolder folder_;
};

TEST_F(LightCli, EveryOptionIsNamedByTheAlgorithmAndStillFinds) {
  std::set<std::string> algorithms;
  std::set<std::string> alerts;
  const std::vector<std::vector<std::string>> choices{{},
                                                      {"--elevation", terrain()},
                                                      {"--elevation", terrain(), "--topographic-correction"},
                                                      {"--brdf"},
                                                      {"--normalise"},
                                                      {"--shift-error-px", "0.5", "--typical-shift-error-px", "0.1"}};
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string found = run("state" + std::to_string(i), choices[i]);
    algorithms.insert(algorithm_of(found));
    alerts.insert(found);
  }
  EXPECT_EQ(algorithms.size(), choices.size());
  EXPECT_EQ(alerts.size(), choices.size());
}

TEST_F(LightCli, AllTogetherAreTheSameWhateverTheThreads) {
  std::vector<std::string> all{"--elevation", terrain(),     "--topographic-correction",
                               "--brdf",      "--normalise", "--shift-error-px",
                               "0.5",         "--threads",   "1"};
  const std::string one = run("one", all);
  all.back() = "3";
  EXPECT_EQ(run("three", all), one);
}

TEST_F(LightCli, GroundBehindAMountainIsNotJudgedInWinter) {
  // South of the site the ground rises to 2 km above it: in December, with the sun at noon 26 degrees high, it throws
  // its shadow 4 km, in June, at 73 degrees, 600 m.
  const MapPoint site = ToWgs84("EPSG:32638").to_map({46.6135, 40.149});
  const Grid grid{"EPSG:32638", {site.x - 9000, site.y + 9000}, 30, 600, 600};
  Plane<float> heights(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      const double south_m = site.y - grid.to_map(x + 0.5, y + 0.5).y;
      heights.at(x, y) = south_m > 2000 && south_m < 2300 ? 3000.0F : 1000.0F;
    }
  }
  write_cog_f32(folder_ / "dem.tif", grid, heights.view(), {});
  const test::Outcome seen =
      test::run_process({PITWATCH_PROGRAM, "inspect", "--at", "46.6135,40.149", "--sites", series().sites(), "--source",
                         series().scenes(), "--elevation", folder_ / "dem.tif", "--format", "json"});
  ASSERT_EQ(seen.exit_code, 0) << seen.err;
  int dark = 0;
  int light = 0;
  const json report = json::parse(seen.out);
  for (const json& acquisition : report.at("acquisitions")) {
    const int month = std::stoi(acquisition.at("date").get<std::string>().substr(5, 2));
    if (acquisition.at("why") == "no measurement") continue;
    const bool is_dark = acquisition.at("why").dump().find("terrain_shadow") != std::string::npos;
    if (month == 12 || month == 1) {
      EXPECT_TRUE(is_dark) << acquisition;
      ++dark;
    } else if (month >= 4 && month <= 8) {
      EXPECT_FALSE(is_dark) << acquisition;
      ++light;
    }
  }
  EXPECT_GT(dark, 5);
  EXPECT_GT(light, 10);
}

TEST_F(LightCli, RefusalsNameTheOption) {
  const auto refusal = [&](const std::vector<std::string>& options, int exit_code) {
    std::vector<std::string> command{PITWATCH_PROGRAM,  "run",     "--sites",        series().sites(), "--source",
                                     series().scenes(), "--state", folder_ / "state"};
    command.insert(command.end(), options.begin(), options.end());
    const test::Outcome outcome = test::run_process(command);
    EXPECT_EQ(outcome.exit_code, exit_code);
    return outcome.err;
  };
  EXPECT_THAT(refusal({"--topographic-correction"}, 2), HasSubstr("--elevation"));
  EXPECT_THAT(refusal({"--shift-error-px", "-1"}, 2), HasSubstr("--shift-error-px"));
  EXPECT_THAT(refusal({"--elevation", folder_ / "none.tif"}, 3), HasSubstr("none.tif"));
}

}  // namespace
}  // namespace pitwatch
