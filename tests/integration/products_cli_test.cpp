// ESA's products from outside: SAFE folders and archives of them give what the same scenes give as STAC items.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"
#include "tests/unit/io/products/zip_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// The alerts, without the names of the scenes, which are others in each form.
json alerts_of(const std::string& before, const std::string& after, const std::string& out) {
  const test::Outcome outcome =
      test::run_process({PITWATCH_PROGRAM, "compare", before, after, "--quiet", "--out", out});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const json run = json::parse(test::read_text(out + "/run.json"));
  const std::vector<std::string> ids{run.at("before").at("id"), run.at("after").at("id")};
  std::string text = test::read_text(out + "/alerts.geojson");
  for (const std::string& id : ids) {
    for (std::size_t at = text.find(id); at != std::string::npos; at = text.find(id)) text.replace(at, id.size(), "ID");
  }
  for (const json& input : run.at("inputs")) EXPECT_THAT(input.at("sha256").get<std::string>(), SizeIs(64));
  return json::parse(text);
}

TEST(Products, GiveTheAlertsOfTheSameScenesAsItems) {
  const test::TemporaryFolder folder;
  const test::ScenePair items = test::simulate_pair(folder / "stac", 7);
  const test::ScenePair products = test::simulate_pair(folder / "safe", 7, "3", "safe");
  const std::string archive = folder / fs::path(products.after).stem().string() + ".zip";
  test::write_text(archive,
                   test::zip_of(test::members_of(products.after, fs::path(products.after).filename().string() + "/")));

  const json expected = alerts_of(items.before, items.after, folder / "of_items");
  EXPECT_GE(expected.at("features").size(), 3U);
  EXPECT_EQ(alerts_of(products.before, products.after, folder / "of_products"), expected);
  EXPECT_EQ(alerts_of(products.before, archive, folder / "of_archive"), expected);

  const test::Outcome listed = test::run_process({PITWATCH_PROGRAM, "scenes", folder / "safe", "--json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  const json scenes = json::parse(listed.out).at("scenes");
  ASSERT_THAT(scenes, SizeIs(4));  // two sites
  for (const json& scene : scenes) {
    EXPECT_TRUE(scene.at("used").get<bool>());
    EXPECT_EQ(scene.at("offsets").at("B04"), scene.at("processing_baseline") == "04.00" ? -0.1 : 0.0);
  }
  // An archive that has just been written may be on its way still.
  const test::Outcome fresh = test::run_process({PITWATCH_PROGRAM, "scenes", folder.path(), "--json"});
  EXPECT_EQ(json::parse(fresh.out).at("rejected").size(), 1U);
  fs::last_write_time(archive, fs::file_time_type::clock::now() - std::chrono::hours(1));
  const test::Outcome settled = test::run_process({PITWATCH_PROGRAM, "scenes", archive, "--json"});
  EXPECT_EQ(settled.exit_code, 0) << settled.err;
  EXPECT_EQ(json::parse(settled.out).at("scenes").at(0).at("path"), archive);
}

TEST(Products, BrokenOnesAreNamed) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "X.SAFE/GRANULE");
  const auto failure = [&](const std::string& metadata) {
    test::write_text(folder / "X.SAFE/MTD_MSIL2A.xml", metadata);
    const test::Outcome outcome =
        test::run_process({PITWATCH_PROGRAM, "compare", folder / "X.SAFE", folder / "X.SAFE", "--out", folder / "out"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr(folder / "X.SAFE: MTD_MSIL2A.xml: "));
    return outcome.err;
  };
  EXPECT_THAT(failure("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), HasSubstr("DOCTYPE"));
  EXPECT_THAT(failure("<a>"), HasSubstr("not XML"));
}

}  // namespace
}  // namespace pitwatch
