// pitwatch run with spectral masks: without a scene classification, on Level-1C, and the masks that are written.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::series;
using ::testing::HasSubstr;

/// Items of the series as `change` makes them, over the same rasters.
void rewrite_items(const std::string& folder, const std::function<void(json&)>& change) {
  fs::create_directories(folder);
  for (const std::string& name : series().names()) {
    json item = json::parse(test::read_text(series().scenes() + "/" + name + "/" + name + ".json"));
    for (auto& [key, asset] : item.at("assets").items()) {
      const std::string file = asset.at("href").get<std::string>().substr(2);
      asset["href"] = series().scenes() + "/" + name + "/" + file;
    }
    change(item);
    test::write_text(folder + "/" + name + ".json", item.dump());
  }
}

void drop_classification(json& item) { item.at("assets").erase("scl"); }

/// What Level-1C would be: no classification, and the light that molecules scatter added.
void make_top_of_atmosphere(json& item) {
  drop_classification(item);
  item["properties"]["s2:product_type"] = "S2MSI1C";
  constexpr double per_degree = 3.14159265358979 / 180;
  const double cos_sun = std::sin(item["properties"]["view:sun_elevation"].get<double>() * per_degree);
  const double phase = 0.75 * (1 + cos_sun * cos_sun);
  for (const auto& [key, thickness] :
       {std::pair{"blue", 0.1517}, {"green", 0.0903}, {"red", 0.0449}, {"nir", 0.0181}}) {
    json& raster = item["assets"][key]["raster:bands"][0];
    raster["offset"] = raster["offset"].get<double>() + thickness * phase / (4 * cos_sun);
  }
}

class MasksCli : public ::testing::Test {
 protected:
  test::Outcome run(const std::string& source, const std::string& state, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{PITWATCH_PROGRAM, "run",     "--sites", series().sites(), "--source",
                                     source,           "--state", state,     "--offset-check", "off"};
    command.insert(command.end(), more.begin(), more.end());
    return test::run_process(command);
  }

  /// The truth's score of a run's alerts.
  json score(const std::string& state) {
    const test::Outcome scored =
        test::run_process({PITWATCH_PROGRAM, "score", "--truth", series().scenes() + "/truth.geojson", "--alerts",
                           state + "/alerts.geojson", "--from", "2022-01-01", "--draws", "1", "--json"});
    EXPECT_EQ(scored.exit_code, 0) << scored.err;
    return json::parse(scored.out).at("truth");
  }

  static int found_of(const json& truth) {
    int found = 0;
    for (const json& event : truth.at("events")) {
      found += event.at("kind") == "disturbance" && !event.at("found").is_null() ? 1 : 0;
    }
    return found;
  }

  static int in_vain_of(const json& truth) {
    return truth.at("commission").at("alerts_by_hit").at("false").at("count").get<int>();
  }

  test::TemporaryFolder folder_;
};

TEST_F(MasksCli, WithoutAClassificationTheSpectraMask) {
  rewrite_items(folder_ / "scenes", drop_classification);
  ASSERT_EQ(run(series().scenes(), folder_ / "classified").exit_code, 0);
  ASSERT_EQ(run(folder_ / "scenes", folder_ / "own").exit_code, 0);
  ASSERT_EQ(run(folder_ / "scenes", folder_ / "none", {"--spectral-masks", "off"}).exit_code, 0);
  const json own = score(folder_ / "own");
  EXPECT_GE(found_of(own), found_of(score(folder_ / "classified")));
  EXPECT_EQ(in_vain_of(own), 0);
  // The clouds that nothing masks are learnt as the ground's own noise.
  EXPECT_LT(found_of(score(folder_ / "none")), found_of(own));
}

TEST_F(MasksCli, LevelOneCIsWatchedByItsSpectra) {
  rewrite_items(folder_ / "scenes", make_top_of_atmosphere);
  const test::Outcome off = run(folder_ / "scenes", folder_ / "off", {"--spectral-masks", "off", "--verbose"});
  EXPECT_THAT(off.err, HasSubstr("Level-1C has no classification"));
  const test::Outcome watched = run(folder_ / "scenes", folder_ / "own");
  ASSERT_EQ(watched.exit_code, 0) << watched.err;
  const json own = score(folder_ / "own");
  EXPECT_GE(found_of(own), 4);
  EXPECT_EQ(in_vain_of(own), 0);
}

TEST_F(MasksCli, LevelsAreNotMixed) {
  ASSERT_EQ(run(series().scenes(), folder_ / "plain").exit_code, 0);
  // The first year as Level-1C, and all as Level-2A: of both levels of one datatake, and of dates that have one alone.
  int number = 0;
  rewrite_items(folder_ / "scenes/l1c", [&](json& item) {
    make_top_of_atmosphere(item);
    item["id"] = "TOP_" + std::to_string(number++);
  });
  rewrite_items(folder_ / "scenes/l2a", [](json&) {});
  fs::remove(folder_ / ("scenes/l2a/" + series().names()[3] + ".json"));
  const test::Outcome both = run(folder_ / "scenes", folder_ / "mixed", {"--verbose"});
  ASSERT_EQ(both.exit_code, 0) << both.err;
  EXPECT_THAT(both.err, HasSubstr("TOP_3 left out: Level-1C is not mixed with Level-2A"));
  rewrite_items(folder_ / "whole", [](json&) {});
  fs::remove(folder_ / ("whole/" + series().names()[3] + ".json"));
  ASSERT_EQ(run(folder_ / "whole", folder_ / "without").exit_code, 0);
  EXPECT_EQ(test::read_text(folder_ / "mixed/alerts.geojson"), test::read_text(folder_ / "without/alerts.geojson"));
}

TEST_F(MasksCli, WritesMasksWhoseBitsAreNamed) {
  const std::string masks = folder_ / "masks";
  ASSERT_EQ(run(series().scenes(), folder_ / "plain").exit_code, 0);
  ASSERT_EQ(run(series().scenes(), folder_ / "state", {"--write-masks", masks}).exit_code, 0);
  // Writing them changes nothing else.
  EXPECT_EQ(test::read_text(folder_ / "plain/alerts.geojson"), test::read_text(folder_ / "state/alerts.geojson"));
  const std::vector<std::string> names = test::names_in(masks + "/small");
  ASSERT_GE(names.size(), 70U);
  GDALAllRegister();
  std::set<int> bits;
  for (const std::string& name : names) {
    EXPECT_TRUE(std::regex_match(name, std::regex("202[12][0-9]{4}T[0-9]{6}(\\.[0-9]{3})?Z_mask\\.tif"))) << name;
    const std::unique_ptr<void, void (*)(GDALDatasetH)> file(GDALOpen((masks + "/small/" + name).c_str(), GA_ReadOnly),
                                                             GDALClose);
    ASSERT_NE(file, nullptr);
    EXPECT_STREQ(GDALGetMetadataItem(file.get(), "BIT_2", nullptr), "cloud");
    EXPECT_STREQ(GDALGetMetadataItem(file.get(), "BIT_3", nullptr), "cloud_shadow");
    EXPECT_STREQ(GDALGetMetadataItem(file.get(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
    const std::string scene = GDALGetMetadataItem(file.get(), "SCENE", nullptr);
    EXPECT_NE(std::find(series().names().begin(), series().names().end(), scene), series().names().end()) << scene;
    const int width = GDALGetRasterXSize(file.get());
    std::vector<std::uint8_t> row(static_cast<std::size_t>(width));
    ASSERT_EQ(
        GDALRasterIO(GDALGetRasterBand(file.get(), 1), GF_Read, 0, 5, width, 1, row.data(), width, 1, GDT_Byte, 0, 0),
        CE_None);
    bits.insert(row.begin(), row.end());
  }
  for (const int expected : {0, 4, 8, 32}) EXPECT_TRUE(bits.contains(expected)) << expected;
}

TEST_F(MasksCli, ChoicesChangeTheAlgorithmAndWrongOnesAreRefused) {
  std::set<std::string> algorithms;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{}, {"--spectral-masks", "on"}, {"--mask-classes", "0,1,2,3,8,9,10,11"}}) {
    const std::string state = folder_ / ("state" + std::to_string(algorithms.size()));
    ASSERT_EQ(run(series().scenes(), state, options).exit_code, 0);
    const json alerts = json::parse(test::read_text(state + "/alerts.geojson"));
    ASSERT_FALSE(alerts.at("features").empty());
    algorithms.insert(alerts.at("features")[0].at("properties").at("algorithm").get<std::string>());
  }
  EXPECT_EQ(algorithms.size(), 3U);
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{{"--spectral-masks", "maybe"},
                                                                                      {"--mask-classes", "3,12"},
                                                                                      {"--mask-classes", "3,,4"},
                                                                                      {"--cloud-probability", "101"},
                                                                                      {"--snow-probability", "-1"}}) {
    const test::Outcome refused = run(series().scenes(), folder_ / "refused", {option + "=" + value});
    EXPECT_EQ(refused.exit_code, 2) << option;
    EXPECT_THAT(refused.err, HasSubstr(option)) << value;
  }
}

}  // namespace
}  // namespace pitwatch
