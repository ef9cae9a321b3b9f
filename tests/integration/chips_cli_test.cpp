// Chips of alerts from outside: kept by the nightly run, the same whatever the nights, vouched for by the record.

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Contents;
using test::Nights;
using test::read_text;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t scenes = 44;

/// Of the files of a state those of chips, journals too.
Contents chips_of(const std::string& state) {
  Contents chips;
  for (auto& [name, text] : test::lasting_contents(state)) {
    if (name.starts_with("chips/")) chips[name] = text;
  }
  return chips;
}

/// Folders of alerts that have a file of that name.
std::set<std::string> alerts_with(const std::string& state, const std::string& file) {
  std::set<std::string> ids;
  for (const auto& [name, text] : chips_of(state)) {
    const fs::path path = name;
    if (path.filename() == file) ids.insert(path.parent_path().filename().string());
  }
  return ids;
}

class ChipsCli : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return nights_ / name; }
  void run(const std::string& state, const std::vector<std::string>& more = {}) const {
    const test::Outcome done = nights_.run(path(state), more);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  void expect_verified(const std::string& state) const {
    const test::Outcome verified = test::verify(path(state));
    EXPECT_EQ(verified.exit_code, 0) << verified.out;
  }

  Nights nights_;
};

TEST_F(ChipsCli, EachAlertOfTheRegisterHasThem) {
  nights_.deliver(0, scenes);
  run("state");
  const std::set<std::string> ids = test::registered_ids(path("state"));
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(alerts_with(path("state"), "before.tif"), ids);
  EXPECT_EQ(alerts_with(path("state"), "detected.tif"), ids);
  EXPECT_EQ(alerts_with(path("state"), "observations.csv"), ids);
  EXPECT_FALSE(alerts_with(path("state"), "confirmed.tif").empty());
  EXPECT_FALSE(fs::exists(path("state") + "/chips/.unpublished/small/000044.chips"));
  expect_verified("state");
}

TEST_F(ChipsCli, AnAlertIsShownWithItsSeries) {
  nights_.deliver(0, scenes);
  run("state");
  const std::string id = *alerts_with(path("state"), "observations.csv").begin();
  const std::string table = path("state") + "/chips/small/" + id + "/observations.csv";
  const auto show = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command{PITWATCH_PROGRAM, "alerts", "show", id, "--state", path("state"), "--series"};
    command.insert(command.end(), more.begin(), more.end());
    return test::run_process(command);
  };
  const std::string kept = read_text(table);
  const auto rows = std::count(kept.begin(), kept.end(), '\n');
  const test::Outcome csv = show({"--csv"});
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), rows);
  EXPECT_THAT(csv.out, HasSubstr(kept.substr(kept.find('\n') + 1, 40)));
  EXPECT_THAT(show({}).out, HasSubstr("from " + table));
  EXPECT_THAT(show({"--json"}).out, HasSubstr("\"observations\": ["));
  fs::remove(table);
  const test::Outcome gone = show({});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.err, HasSubstr("no observations are kept of " + id));
  EXPECT_THAT(gone.err, HasSubstr("pitwatch inspect --state"));
}

TEST_F(ChipsCli, GisProgramsReadReflectanceFromThem) {
  nights_.deliver(0, scenes);
  run("state", {"--chips", "2"});
  GDALAllRegister();
  const std::string id = *alerts_with(path("state"), "confirmed.tif").begin();
  const GDALDatasetH chip = GDALOpen((path("state") + "/chips/small/" + id + "/confirmed.tif").c_str(), GA_ReadOnly);
  ASSERT_NE(chip, nullptr);
  EXPECT_EQ(GDALGetRasterCount(chip), 7);
  const GDALRasterBandH band = GDALGetRasterBand(chip, 4);
  int known = 0;
  EXPECT_EQ(GDALGetRasterNoDataValue(band, &known), 0);
  EXPECT_EQ(known, 1);
  EXPECT_STREQ(GDALGetDescription(band), "B08");
  EXPECT_DOUBLE_EQ(GDALGetRasterScale(band, nullptr), 1e-4);
  EXPECT_DOUBLE_EQ(GDALGetRasterOffset(band, nullptr), -0.3001);
  double mean = 0;
  ASSERT_EQ(GDALComputeRasterStatistics(band, FALSE, nullptr, nullptr, &mean, nullptr, nullptr, nullptr), CE_None);
  EXPECT_GT(mean * 1e-4 - 0.3001, 0.05);
  EXPECT_LT(mean * 1e-4 - 0.3001, 0.6);
  EXPECT_STREQ(GDALGetMetadataItem(chip, "PITWATCH_ALERT", nullptr), id.c_str());
  EXPECT_STREQ(GDALGetMetadataItem(chip, "INTERLEAVE", "IMAGE_STRUCTURE"), "BAND");
  GDALClose(chip);
}

TEST_F(ChipsCli, TheSameBytesWhateverTheNightsAndTheThreads) {
  nights_.deliver(0, scenes);
  run("whole", {"--chips", "3", "--threads", "1"});
  run("threads", {"--chips", "3", "--threads", "4"});
  const Contents expected = chips_of(path("whole"));
  ASSERT_FALSE(expected.empty());
  EXPECT_THAT(test::differences(expected, chips_of(path("threads"))), IsEmpty());
  Nights by_night;
  for (std::size_t i = 0; i < scenes; i += i < 24 ? 24 : 1) {
    by_night.deliver(i, i < 24 ? 24 : i + 1);
    const test::Outcome done = by_night.run(path("nights"), {"--chips", "3"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  EXPECT_THAT(test::differences(expected, chips_of(path("nights"))), IsEmpty());
  expect_verified("nights");
}

TEST_F(ChipsCli, TheyChangeNeitherAlertsNorTerms) {
  nights_.deliver(0, scenes - 1);
  run("with");
  run("without", {"--chips", "0"});
  EXPECT_FALSE(fs::exists(path("without") + "/chips/small"));
  EXPECT_EQ(read_text(path("with") + "/alerts.geojson"), read_text(path("without") + "/alerts.geojson"));
  const Contents before = chips_of(path("with"));
  run("with");  // nothing new
  EXPECT_EQ(chips_of(path("with")), before);
  nights_.deliver(scenes - 1, scenes);
  run("with", {"--chips", "0"});
  EXPECT_EQ(chips_of(path("with")), before);
  run("without", {"--chips", "5"});
  EXPECT_FALSE(chips_of(path("without")).empty());
  expect_verified("with");
  expect_verified("without");
}

TEST_F(ChipsCli, NeitherADryRunNorARerunMakesAny) {
  nights_.deliver(0, 30);
  run("state");
  const Contents before = chips_of(path("state"));
  nights_.deliver(30, 32);
  run("state", {"--dry-run"});
  EXPECT_EQ(chips_of(path("state")), before);
  const test::Outcome rerun = test::run_process({PITWATCH_PROGRAM, "rerun", "--sites", test::night_scenes().sites(),
                                                 "--source", nights_.inbox(), "--out", path("again"), "--quiet",
                                                 "--history-days", "150", "--state", path("state")});
  EXPECT_EQ(rerun.exit_code, 0) << rerun.err;
  EXPECT_FALSE(fs::exists(path("again") + "/chips"));
  EXPECT_EQ(chips_of(path("state")), before);
}

TEST_F(ChipsCli, AChangedOrLostChipIsFoundAndNamed) {
  nights_.deliver(0, scenes);
  run("state", {"--chips", "3"});
  const std::string id = *alerts_with(path("state"), "confirmed.tif").begin();
  const std::string folder = "chips/small/" + id + "/";
  for (const char* const file : {"before.tif", "detected.tif", "confirmed.tif", "observations.csv"}) {
    const std::string chip = path("state") + "/" + folder + file;
    const std::string bytes = read_text(chip);
    std::string changed = bytes;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    test::write_text(chip, changed);
    test::Outcome found = test::verify(path("state"));
    EXPECT_EQ(found.exit_code, 5) << file;
    EXPECT_THAT(found.out, HasSubstr(folder + file + ": was changed")) << file;
    fs::remove(chip);
    found = test::verify(path("state"));
    EXPECT_EQ(found.exit_code, 5) << file;
    EXPECT_THAT(found.out, HasSubstr(folder + file + ": is missing")) << file;
    test::write_text(chip, bytes);
  }
  expect_verified("state");
}

/// An acquisition that comes late changes what follows it; what it does not touch stays.
TEST_F(ChipsCli, ALateAcquisitionComesToTheSame) {
  nights_.deliver(0, 36);
  nights_.deliver(37, scenes);
  run("late");
  nights_.deliver(36, 37);
  run("late");
  run("whole");
  const Contents expected = chips_of(path("whole"));
  const Contents late = chips_of(path("late"));
  for (const auto& [name, text] : expected) {
    ASSERT_TRUE(late.contains(name)) << name;
    EXPECT_EQ(late.at(name), text) << name;
  }
  const std::set<std::string> alerts = test::registered_ids(path("whole"));
  for (const auto& [name, text] : late) {
    const std::string id = fs::path(name).parent_path().filename().string();
    EXPECT_TRUE(expected.contains(name) || !alerts.contains(id)) << name;
  }
  expect_verified("late");
}

TEST_F(ChipsCli, TheNumberIsChecked) {
  nights_.deliver(0, 1);
  for (const char* const number : {"-1", "1001", "many"}) {
    EXPECT_EQ(nights_.run(path("state"), {"--chips", number}).exit_code, 2) << number;
  }
}

}  // namespace
}  // namespace pitwatch
