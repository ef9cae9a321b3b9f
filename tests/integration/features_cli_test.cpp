// Features that are asked for (--feature), and rasters of scores, from outside.

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using test::series;
using ::testing::HasSubstr;
using ::testing::Not;

class FeaturesCli : public ::testing::Test {
 protected:
  Outcome run(const std::string& state, const std::vector<std::string>& more = {}) const {
    return pitwatch("run", {"--state", state}, more);
  }

  Outcome pitwatch(const std::string& command, std::vector<std::string> arguments,
                   const std::vector<std::string>& more = {}) const {
    arguments.insert(arguments.begin(), {PITWATCH_PROGRAM, command, "--sites", series().sites(), "--source",
                                         series().scenes(), "--buffer-m", "0"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_process(arguments);
  }

  test::TemporaryFolder folder_;
};

TEST_F(FeaturesCli, AStateOfOtherFeaturesIsRefusedAndTheDifferenceNamed) {
  const std::string state = folder_ / "state";
  const std::vector<std::string> features{"--feature", "BSI=BSI", "--feature", "ratio=B08/B04"};
  ASSERT_EQ(run(state, features).exit_code, 0);
  const std::string first = test::read_text(state + "/alerts.geojson");
  ASSERT_EQ(run(state, features).exit_code, 0);
  EXPECT_EQ(test::read_text(state + "/alerts.geojson"), first);

  const Outcome without = run(state);
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("features BSI=BSI; ratio=B08/B04 -> (none)"));
  const Outcome other = run(state, {"--feature", "BSI=BSI"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("features BSI=BSI; ratio=B08/B04 -> BSI=BSI"));
  EXPECT_EQ(run(state, {"--feature", "BSI=BSI", "--relearn"}).exit_code, 0);

  const std::string plain = folder_ / "plain";
  ASSERT_EQ(run(plain).exit_code, 0);
  EXPECT_THAT(run(plain, features).err, HasSubstr("features (none) -> BSI=BSI; ratio=B08/B04"));
}

TEST_F(FeaturesCli, OneThatNoSceneHasTheBandsOfChangesNothingButTheCost) {
  // The series has neither B05 nor B8A.
  const Outcome outcome = run(folder_ / "state", {"--feature", "NDRE=(B8A-B05)/(B8A+B05)"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  ASSERT_EQ(run(folder_ / "plain").exit_code, 0);
  const auto outlines = [&](const std::string& state) {
    std::multiset<std::string> texts;
    for (const json& alert : json::parse(test::read_text(folder_ / (state + "/alerts.geojson"))).at("features"))
      texts.insert(alert.at("geometry").dump());
    return texts;
  };
  EXPECT_EQ(outlines("state"), outlines("plain")) << "it is not monitored where none has it";
}

TEST_F(FeaturesCli, WhatIsWrongIsOneLineThatNamesTheCharacter) {
  for (const auto& [feature, expected] :
       std::vector<std::pair<std::string, std::string>>{{"x=B08/B99", "--feature x=B08/B99: character 7"},
                                                        {"x=", "--feature x=: character 3"},
                                                        {"ndvi=B08", "ndvi is monitored anyway"},
                                                        {"x=B08>B04", "a condition alone is no feature"},
                                                        {"x=B08;y=B04", "character 6"}}) {
    const Outcome outcome = run(folder_ / "state", {"--feature", feature});
    EXPECT_EQ(outcome.exit_code, 2) << feature;
    EXPECT_THAT(outcome.err, HasSubstr(expected));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  const Outcome level = run(folder_ / "state", {"--feature", "x=B8A/B04", "--normalise"});
  EXPECT_EQ(level.exit_code, 2);
  EXPECT_THAT(level.err, HasSubstr("a --feature reads B8A"));
}

TEST_F(FeaturesCli, InspectShowsAndPlotsThem) {
  const std::vector<std::string> features{"--feature", "double=2*BSI", "--feature", "small=B08*1e-3"};
  ASSERT_EQ(run(folder_ / "state", features).exit_code, 0);
  for (const bool quotes : {false, true}) {
    std::vector<std::string> arguments{"--at", "46.6135,40.149", "--format", "json"};
    if (quotes) arguments.insert(arguments.end(), {"--state", folder_ / "state"});
    const Outcome outcome = pitwatch("inspect", arguments, features);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json report = json::parse(outcome.out);
    EXPECT_EQ(report.at("features").at("double"), "2*BSI");
    std::size_t seen = 0;
    for (const json& one : report.at("acquisitions")) {
      const json& observed = one.at("observed");
      if (observed.at("bsi").is_null()) continue;
      ++seen;
      EXPECT_NEAR(observed.at("double").get<double>(), 2 * observed.at("bsi").get<double>(), 3e-4);
      EXPECT_NEAR(observed.at("small").get<double>(), 1e-3 * one.at("reflectance").at("B08").get<double>(), 1e-4);
      if (one.at("modelled").at("bsi").is_null()) continue;
      // Models are rounded by chance as they go on, each feature's for itself, within its noise.
      EXPECT_NEAR(one.at("modelled").at("double").get<double>(), 2 * one.at("modelled").at("bsi").get<double>(),
                  one.at("noise").at("double").get<double>());
    }
    EXPECT_GT(seen, 10U);
  }
  std::vector<std::string> plot{"--at", "46.6135,40.149", "--features", "double,ndvi", "--format", "svg"};
  const Outcome drawn = pitwatch("inspect", plot, features);
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_THAT(drawn.out, HasSubstr("double = 2*BSI"));
  EXPECT_THAT(drawn.out, Not(HasSubstr("MNDWI")));
  const Outcome unknown = pitwatch("inspect", {"--at", "46.6135,40.149", "--features", "triple"}, features);
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there is no 'triple'"));
}

TEST_F(FeaturesCli, ScoresAreRastersOfEachAcquisitionThatIsJudged) {
  const std::string scores = folder_ / "scores";
  ASSERT_EQ(run(folder_ / "plain").exit_code, 0);
  ASSERT_EQ(run(folder_ / "state", {"--write-scores", scores, "--threads", "1"}).exit_code, 0);
  EXPECT_EQ(test::read_text(folder_ / "plain/alerts.geojson"), test::read_text(folder_ / "state/alerts.geojson"));
  const std::string again = folder_ / "again";
  ASSERT_EQ(run(folder_ / "third", {"--write-scores", again, "--threads", "3"}).exit_code, 0);
  GDALAllRegister();
  const std::vector<std::string> names = test::names_in(scores + "/small");
  EXPECT_EQ(names, test::names_in(again + "/small"));
  ASSERT_GE(names.size(), 40U);
  std::set<int> codes;
  float highest = 0;
  for (const std::string& name : names) {
    EXPECT_TRUE(std::regex_match(name, std::regex("202[12][0-9]{4}T[0-9]{6}(\\.[0-9]{3})?Z_(score|status)\\.tif")))
        << name;
    EXPECT_EQ(test::read_text(scores + "/small/" + name), test::read_text(again + "/small/" + name)) << name;
    const std::unique_ptr<void, void (*)(GDALDatasetH)> file(GDALOpen((scores + "/small/" + name).c_str(), GA_ReadOnly),
                                                             GDALClose);
    ASSERT_NE(file, nullptr);
    EXPECT_STREQ(GDALGetMetadataItem(file.get(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
    const std::string scene = GDALGetMetadataItem(file.get(), "SCENE", nullptr);
    EXPECT_NE(std::find(series().names().begin(), series().names().end(), scene), series().names().end()) << scene;
    const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
    const int width = GDALGetRasterXSize(file.get());
    const int height = GDALGetRasterYSize(file.get());
    std::vector<float> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, 0, width, height, pixels.data(), width, height, GDT_Float32, 0, 0),
              CE_None);
    if (name.ends_with("status.tif")) {
      EXPECT_STREQ(GDALGetMetadataItem(file.get(), "STATUS_2", nullptr), "confirmed");
      EXPECT_STREQ(GDALGetMetadataItem(file.get(), "STATUS_250", nullptr), "not seen");
      EXPECT_NE(GDALGetRasterColorTable(band), nullptr);
      EXPECT_EQ(GDALGetRasterNoDataValue(band, nullptr), 255);
      for (const float value : pixels) codes.insert(static_cast<int>(value));
      continue;
    }
    EXPECT_STREQ(GDALGetDescription(band), "probability that the ground is disturbed, after this acquisition");
    const float most = *std::max_element(pixels.begin(), pixels.end());
    EXPECT_LE(most, 1);
    EXPECT_NEAR(std::stod(GDALGetMetadataItem(band, "STATISTICS_MAXIMUM", nullptr)), most, 1e-5);
    highest = std::max(highest, most);
  }
  EXPECT_GT(highest, 0.95F);
  for (const int expected : {0, 1, 2, 250}) EXPECT_TRUE(codes.contains(expected)) << expected;
}

}  // namespace
}  // namespace pitwatch
