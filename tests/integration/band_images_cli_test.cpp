// Bare band images from outside: a pair of real scenes of which there is B04 and B08 alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(BandImagesCli, RedAndNearInfraredAloneGiveAlertsAndSayWhatTheyCannotTell) {
  const fs::path folder = test::shared_data() / "swiss_pair/copernicus";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  const std::string before = folder / "T32TMT_20200807T102559_B04_10m.jp2";
  const std::string after = folder / "T32TMT_20210812T102559_B04_10m.jp2";
  const test::TemporaryFolder out;
  const test::Outcome outcome = test::run_process({PITWATCH_PROGRAM, "compare", before, after, "--out", out.path()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json run = json::parse(test::read_text(out / "run.json"));
  const std::vector<std::string> limits = run.at("limits");
  ASSERT_THAT(limits, SizeIs(5));  // B02, B11, B12, and cloud on either date
  EXPECT_THAT(limits, Contains(HasSubstr("no B02")));
  EXPECT_THAT(limits, Contains(HasSubstr("no B11")));
  EXPECT_THAT(limits, Contains(HasSubstr("cloud in BEFORE")));
  for (const std::string& limit : limits) EXPECT_THAT(outcome.err, HasSubstr(limit));
  EXPECT_FALSE(run.at("model").at("noise_sigma").contains("B02"));
  EXPECT_THAT(run.at("inputs"), SizeIs(6));  // two references, four bands
  // Fifteen square kilometres of Swiss fields, woods and towns in two Augusts: fields that were green and are bare now
  // make up the most.
  const json features = json::parse(test::read_text(out / "alerts.geojson")).at("features");
  ASSERT_GT(features.size(), 20U);
  double area_ha = 0;
  double bared_ha = 0;
  for (const json& feature : features) {
    const json& alert = feature.at("properties");
    area_ha += alert.at("area_ha").get<double>();
    if (alert.at("class") != "vegetation_to_bare") continue;
    bared_ha += alert.at("area_ha").get<double>();
    EXPECT_LT(alert.at("change").at("ndvi").get<double>(), -0.1);
  }
  EXPECT_GT(bared_ha, 0.7 * area_ha);
  EXPECT_LT(area_ha, 0.2 * run.at("pixels").at("clear").get<double>() / 100);
  EXPECT_LT(std::abs(run.at("shift").at("x_px").get<double>()), 1);
  EXPECT_LT(std::abs(run.at("shift").at("y_px").get<double>()), 1);
}

}  // namespace
}  // namespace pitwatch
