// verify --derive: the alerts of a state, worked out again from the scenes.

#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Nights;
using test::Outcome;
using test::read_text;
using test::verify;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DeriveCli : public ::testing::Test {
 protected:
  static constexpr std::size_t scenes = 40;

  void SetUp() override {
    nights_.deliver(0, scenes - 1);
    ASSERT_EQ(nights_.run(state_).exit_code, 0);
    nights_.deliver(scenes - 1, scenes);
    ASSERT_EQ(nights_.run(state_).exit_code, 0);
    ids_ = test::published_ids(state_);
    ASSERT_FALSE(ids_.empty());
  }

  Outcome derive(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> options{"--derive", "--no-inputs"};
    options.insert(options.end(), more.begin(), more.end());
    return verify(state_, options);
  }

  /// Makes the ground of a scene dark, as no other acquisition shows it.
  void darken(std::size_t scene) const {
    GDALAllRegister();
    for (const char* const band : {"B02", "B03", "B04", "B08", "B11", "B12"}) {
      const std::string path = nights_.scene(scene) + "/" + band + ".tif";
      GDALDatasetUniquePtr file(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_UPDATE));
      ASSERT_NE(file, nullptr) << path;
      const int width = file->GetRasterXSize();
      const int height = file->GetRasterYSize();
      std::vector<std::uint16_t> dn(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 6000);
      ASSERT_EQ(
          file->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, width, height, dn.data(), width, height, GDT_UInt16, 0, 0),
          CE_None);
    }
  }

  Nights nights_;
  std::string state_ = nights_ / "state";
  std::set<std::string> ids_;
};

TEST_F(DeriveCli, OptionsAreThoseOfTheRecordUnlessOthersAreGiven) {
  const Outcome other = derive({"--history-days", "151"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("history-days 150 -> 151"));
  const std::string manifest = state_ + "/runs/" + test::read_text(state_ + "/runs/HEAD").substr(66, 25);
  const auto rerun = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "rerun",         "--sites", test::night_scenes().sites(),
                                   "--source",       nights_.inbox(), "--out",   nights_ / "again",
                                   "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_process(words);
  };
  const Outcome again = rerun({"--options-of", manifest});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(test::published_ids(nights_ / "again"), ids_);
  ASSERT_EQ(rerun({}).exit_code, 0);
  EXPECT_NE(test::published_ids(nights_ / "again"), ids_) << "learns from a year";
  const Outcome none = rerun({"--options-of", test::night_scenes().sites()});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("--options-of"));
}

TEST_F(DeriveCli, OfAnUntouchedStateAllAreTheSame) {
  const std::string alerts = read_text(state_ + "/alerts.geojson");
  const test::Contents before = test::lasting_contents(state_);
  const Outcome derived = derive();
  EXPECT_EQ(derived.exit_code, 0) << derived.out << derived.err;
  const std::string count = std::to_string(ids_.size());
  EXPECT_THAT(derived.out, HasSubstr("derived: " + count + " of " + count + " alert"));
  EXPECT_THAT(derived.out, HasSubstr(std::to_string(scenes) + " acquisitions read again"));
  EXPECT_THAT(test::differences(before, test::lasting_contents(state_)), ::testing::IsEmpty());
  // One alone, and as JSON.
  const Outcome one = derive({"--alert", *ids_.begin(), "--json"});
  EXPECT_EQ(one.exit_code, 0) << one.out << one.err;
  const json found = json::parse(one.out);
  EXPECT_EQ(found.at("derived").at("alerts").at(*ids_.begin()), "the same");
  EXPECT_EQ(found.at("derived").at("acquisitions"), scenes);
  EXPECT_EQ(derive({"--alert", "none-such"}).exit_code, 2);
  // What people say of it is not derived.
  ASSERT_EQ(test::run_process({PITWATCH_PROGRAM, "alerts", "review", *ids_.begin(), "--state", state_, "--verdict",
                               "licensed", "--reviewer", "A", "--reason", R"(so, "class": "x")"})
                .exit_code,
            0);
  EXPECT_EQ(derive().exit_code, 0);
  ASSERT_EQ(nights_.run(state_).exit_code, 0);
  EXPECT_THAT(read_text(state_ + "/alerts.geojson"), HasSubstr("licensed"));
  EXPECT_EQ(derive().exit_code, 0);
}

TEST_F(DeriveCli, WithoutTheOldestScenesFromACheckpoint) {
  for (std::size_t i = 0; i < 10; ++i) fs::remove_all(nights_.scene(i));
  const Outcome derived = derive();
  EXPECT_EQ(derived.exit_code, 0) << derived.out << derived.err;
  const std::string count = std::to_string(ids_.size());
  EXPECT_THAT(derived.out, HasSubstr("derived: " + count + " of " + count + " alert"));
  EXPECT_THAT(derived.out, HasSubstr("behind a checkpoint that stands for "));
  // Which one is told.
  EXPECT_THAT(derived.out, ::testing::ContainsRegex("sites/small/(learnt|looks)-[0-9]+\\.state"));
}

TEST_F(DeriveCli, ASceneThatWasChangedGivesOtherAlerts) {
  const json alerts = json::parse(read_text(state_ + "/alerts.geojson"));
  // An acquisition in which some alert was seen.
  const std::string seen = alerts.at("features")[0].at("properties").at("scenes").at("after")[0];
  std::size_t changed = scenes;
  for (std::size_t i = 0; i < scenes; ++i) {
    if (test::night_scenes().names()[i].find(seen) != std::string::npos) changed = i;
  }
  ASSERT_LT(changed, scenes) << seen;
  darken(changed);
  const Outcome derived = derive();
  EXPECT_EQ(derived.exit_code, 5) << derived.out << derived.err;
  EXPECT_THAT(derived.out, ::testing::ContainsRegex("derived: .* is (different|not there)"));
  EXPECT_EQ(verify(state_, {}).exit_code, 5) << "the input itself is found, too";
}

TEST_F(DeriveCli, OtherOptionsAreNamed) {
  const Outcome other = derive({"--buffer-m", "250"});
  EXPECT_EQ(other.exit_code, 2) << other.out << other.err;
  EXPECT_THAT(other.err, HasSubstr("buffer-m 300 -> 250"));
  EXPECT_EQ(derive({"--confirm-observations", "4"}).exit_code, 2);
}

}  // namespace
}  // namespace pitwatch
