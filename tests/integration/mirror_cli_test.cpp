// Files of a mirror that are not as they were fetched.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::night_scenes;
using test::Nights;
using test::Outcome;
using test::run_process;
using ::testing::HasSubstr;

TEST(MirrorCli, WhatHasChangedSinceItWasFetchedIsRefusedAndFetchedAgain) {
  const Nights nights;
  nights.deliver(0, 30);
  const std::string mirror = nights / "mirror";
  const std::vector<std::string> fetch{PITWATCH_PROGRAM,       "fetch", nights.inbox(), "--sites",
                                       night_scenes().sites(), "--out", mirror,         "--quiet"};
  ASSERT_EQ(run_process(fetch).exit_code, 0);
  const auto run_on = [&](const std::string& state) {
    return run_process({PITWATCH_PROGRAM, "run", "--sites", night_scenes().sites(), "--source", mirror, "--state",
                        nights / state, "--quiet", "--history-days", "150"});
  };
  ASSERT_EQ(run_on("whole").exit_code, 0);

  // One bit, where the last scene's pixels are; size and time stay.
  const std::string last = mirror + "/" + night_scenes().names()[29];
  const std::string file = last + "/B11.tif";
  const auto written = fs::last_write_time(file);
  const std::string good = test::read_text(file);
  std::string bent = good;
  bent[bent.size() * 2 / 3] = static_cast<char>(bent[bent.size() * 2 / 3] ^ 4);
  test::write_text(file, bent);
  fs::last_write_time(file, written);

  const Outcome night = run_on("bent");
  EXPECT_EQ(night.exit_code, 4) << night.err;
  EXPECT_THAT(night.err, HasSubstr("B11.tif: is not as it was fetched"));
  const Outcome pair =
      run_process({PITWATCH_PROGRAM, "compare",
                   mirror + "/" + night_scenes().names()[0] + "/" + night_scenes().names()[0] + ".json",
                   last + "/" + night_scenes().names()[29] + ".json", "--out", nights / "out"});
  EXPECT_EQ(pair.exit_code, 3);
  EXPECT_THAT(pair.err, HasSubstr("B11.tif: is not as it was fetched"));
  EXPECT_FALSE(fs::exists(nights / "out/alerts.geojson"));

  EXPECT_EQ(run_process(fetch).exit_code, 0);
  EXPECT_EQ(test::read_text(file), good);
  EXPECT_EQ(run_on("mended").exit_code, 0);
  EXPECT_EQ(test::read_text(nights / "mended/alerts.geojson"), test::read_text(nights / "whole/alerts.geojson"));
}

TEST(MirrorCli, ASourceMayBeAFileUrl) {
  const Nights nights;
  nights.deliver(0, 3);
  fs::create_directory(nights / "pit 7");
  fs::rename(nights.inbox(), nights / "pit 7/in");
  const auto scenes = [&](const std::string& source) {
    return run_process({PITWATCH_PROGRAM, "scenes", source, "--quiet"});
  };
  const std::string folder = nights / "";
  const Outcome plain = scenes(folder + "pit 7/in");
  ASSERT_EQ(plain.exit_code, 0);
  EXPECT_EQ(scenes("file://" + folder + "pit%207/in").out, plain.out);
  EXPECT_EQ(scenes("file://localhost" + folder + "pit%207/in").out, plain.out);
  EXPECT_EQ(scenes("file://elsewhere" + folder + "pit%207/in").exit_code, 2);
}

/// Items that do not say where they lie: their rasters do.
void forget_places(const std::string& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    auto item = nlohmann::json::parse(test::read_text(entry.path().string()));
    item.erase("bbox");
    item["geometry"] = nullptr;
    fs::remove(entry.path());  // it may be another name of the original
    test::write_text(entry.path().string(), item.dump());
  }
}

class SitesOfNoScene : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(MirrorCli, SitesOfNoScene, ::testing::Bool());

TEST_P(SitesOfNoScene, AndFeaturesThatAreNoneAreNamed) {
  const Nights nights;
  nights.deliver(0, 20);
  if (GetParam()) forget_places(nights.inbox());
  const std::string sites = nights / "sites.geojson";
  std::string text = test::read_text(night_scenes().sites());
  const std::string more = R"(, {"type": "Feature", "properties": {"id": "swapped"}, "geometry": {"type": "Polygon",
      "coordinates": [[[40.146, 46.610], [40.152, 46.610], [40.152, 46.617], [40.146, 46.610]]]}},
      {"type": "Feature", "properties": {"id": "later", "baseline_from": "2091-12-31"}, "geometry": {"type": "Polygon",
      "coordinates": [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152], [46.610, 40.146]]]}},
      {"type": "Feature", "properties": {"id": "gate"}, "geometry": {"type": "Point", "coordinates": [46.61, 40.15]}}]})";
  text = text.substr(0, text.rfind(']')) + more;
  test::write_text(sites, text);
  const Outcome run = run_process({PITWATCH_PROGRAM, "run", "--sites", sites, "--source", nights.inbox(), "--state",
                                   nights / "state", "--quiet", "--history-days", "150"});
  EXPECT_EQ(run.exit_code, 4) << run.err;
  EXPECT_THAT(run.err, HasSubstr("site swapped: no scene of the source shows it, at longitude 40.1490"));
  EXPECT_THAT(run.err, HasSubstr("site later: no scene of the source since its baseline_from (2091-12-31) shows it"));
  EXPECT_THAT(run.err, HasSubstr("site 'gate': is a POINT, and no polygon"));
  EXPECT_TRUE(fs::exists(nights / "state/alerts.geojson"));
  // A site that is broken for a night stays watched.
  const auto status =
      nlohmann::json::parse(run_process({PITWATCH_PROGRAM, "status", "--state", nights / "state", "--json"}).out);
  bool is_there = false;
  for (const auto& site : status.at("sites")) {
    if (site.at("id") != "gate") continue;
    is_there = true;
    EXPECT_EQ(site.at("is_watched"), true);
    EXPECT_THAT(site.at("last_error").get<std::string>(), HasSubstr("POINT"));
  }
  EXPECT_TRUE(is_there);
}

}  // namespace
}  // namespace pitwatch
