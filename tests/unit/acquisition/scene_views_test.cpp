// What scenes show of sites: side by side, and remembered as long as no file of theirs has changed.

#include "pipeline/acquisition/scene_views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "pipeline/io/raster/geotiff_writer.hpp"
#include "pipeline/io/raster/input_log.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const Grid ground{"EPSG:32638", {600000, 4500000}, 10, 24, 20};

class SceneViews : public ::testing::Test {
 protected:
  /// Of so many rows of cloud, on 20 m pixels.
  void write_scl(const std::string& id, int cloudy_rows) {
    Plane<std::uint16_t> classes(12, 10);
    for (int y = 0; y < 10; ++y) {
      for (int x = 0; x < 12; ++x) classes.at(x, y) = y < cloudy_rows ? 9 : 4;
    }
    write_geotiff_u16(folder_ / (id + "_SCL.tif"), {ground.crs, ground.origin, 20, 12, 10}, classes.view(), 0);
  }
  void write_red(const std::string& id, std::uint16_t dn) {
    Plane<std::uint16_t> red(ground.width, ground.height);
    for (int y = 0; y < ground.height; ++y) {
      for (int x = 0; x < ground.width; ++x) red.at(x, y) = dn;
    }
    write_geotiff_u16(folder_ / (id + "_B04.tif"), ground, red.view(), 0);
  }
  ListedScene add(const std::string& id, int cloudy_rows) {
    write_scl(id, cloudy_rows);
    write_red(id, 2000);
    ListedScene listed;
    listed.scene.id = id;
    listed.scene.source = folder_ / (id + ".json");
    listed.scene.bands[Band::B04] = {folder_ / (id + "_B04.tif"), {}};
    listed.scene.bands[Band::SCL] = {folder_ / (id + "_SCL.tif"), {1, 0, std::uint16_t{0}, std::nullopt}};
    listed.fingerprint = "item of " + id;
    return listed;
  }

  struct Seen {
    std::vector<SceneView> views;
    std::size_t files = 0;  // that were read
  };
  Seen view(const std::vector<ListedScene>& scenes, OffsetCheck check = OffsetCheck::refuse,
            const std::string& cache = "cache", const std::vector<ViewedPlace>& places = {whole()}) {
    const InputLog log;
    FileMemory memory(cache.empty() ? "" : folder_ / cache, "views", "here", std::chrono::milliseconds(0));
    Seen seen;
    std::atomic<std::size_t> told = 0;
    seen.views = view_scenes(scenes, places, check, memory, [&](std::size_t) { ++told; });
    EXPECT_EQ(told, scenes.size());
    memory.save();
    seen.files = log.files().size();
    return seen;
  }
  static ViewedPlace whole() { return {"site", ground, {}}; }

  test::TemporaryFolder folder_;
};

double cloud_of(const SceneView& view) { return view.places.at(0).shares.value().cloud; }

TEST_F(SceneViews, AreInTheOrderOfScenesAndRecalledWithoutReading) {
  std::vector<ListedScene> scenes;
  for (int i = 0; i < 8; ++i) scenes.push_back(add("s" + std::to_string(i), i));
  const Seen first = view(scenes);
  ASSERT_THAT(first.views, SizeIs(8));
  EXPECT_EQ(first.files, 16U);
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(cloud_of(first.views[static_cast<std::size_t>(i)]), i / 10.0, 1e-12);
  const Seen again = view(scenes);
  EXPECT_EQ(again.files, 0U);
  const Seen anew = view(scenes, OffsetCheck::refuse, "");
  EXPECT_EQ(anew.files, 16U);
  for (std::size_t i = 0; i < 8; ++i) {
    for (const Seen* other : {&again, &anew}) {
      EXPECT_EQ(other->views[i].reason, first.views[i].reason);
      EXPECT_EQ(cloud_of(other->views[i]), cloud_of(first.views[i]));
      EXPECT_EQ(other->views[i].places[0].place, "site");
      EXPECT_EQ(other->views[i].offsets.finding.text, first.views[i].offsets.finding.text);
      EXPECT_EQ(other->views[i].offsets.finding.verdict, first.views[i].offsets.finding.verdict);
      EXPECT_EQ(other->views[i].offsets.decision.use, first.views[i].offsets.decision.use);
      EXPECT_EQ(other->views[i].offsets.decision.warnings, first.views[i].offsets.decision.warnings);
    }
  }
}

TEST_F(SceneViews, WhatHasChangedIsLookedAtAgain) {
  const std::vector<ListedScene> scenes{add("a", 2), add("b", 3)};
  view(scenes);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const fs::file_time_type written = fs::last_write_time(folder_ / "a_SCL.tif");
  write_scl("a", 7);  // of the same size
  fs::last_write_time(folder_ / "a_SCL.tif", written);
  const Seen now = view(scenes);
  EXPECT_NEAR(cloud_of(now.views[0]), 0.7, 1e-12);
  EXPECT_NEAR(cloud_of(now.views[1]), 0.3, 1e-12);
  EXPECT_EQ(now.files, 2U);  // of a alone
  // Another item over the same files.
  std::vector<ListedScene> other = scenes;
  other[0].fingerprint = "another item of a";
  EXPECT_EQ(view(other).files, 2U);
}

TEST_F(SceneViews, AnotherQuestionIsAskedAnew) {
  const std::vector<ListedScene> scenes{add("a", 2)};
  view(scenes);
  ViewedPlace upper = whole();
  upper.grid.height = 4;
  EXPECT_NEAR(cloud_of(view(scenes, OffsetCheck::refuse, "cache", {upper}).views[0]), 1, 1e-12);
  view(scenes);  // the last question is the one that is remembered
  ViewedPlace renamed = whole();
  renamed.id = "other";
  EXPECT_EQ(view(scenes, OffsetCheck::refuse, "cache", {renamed}).views[0].places[0].place, "other");
  view(scenes);
  EXPECT_EQ(view(scenes, OffsetCheck::off).views[0].offsets.finding.text, "not looked at");
}

TEST_F(SceneViews, SharesAreOfThePolygonOfASite) {
  const std::vector<ListedScene> scenes{add("a", 4)};  // its upper 80 m are cloud
  ToWgs84 to_wgs84(ground.crs);
  const auto ring = [&](int left, int top, int right, int bottom) {
    LonLatRing corners;
    for (const auto& [x, y] : {std::pair{left, top}, {left, bottom}, {right, bottom}, {right, top}}) {
      corners.push_back(to_wgs84(ground.to_map(x, y)));
    }
    return corners;
  };
  const auto cloud_over = [&](const LonLatMultiPolygon& outline) {
    return cloud_of(view(scenes, OffsetCheck::refuse, "cache", {viewed_place("site", ground, outline)}).views[0]);
  };
  const LonLatMultiPolygon all{{ring(0, 0, 24, 20), {}}};
  EXPECT_NEAR(cloud_over(all), 0.4, 1e-12);
  // In the box of the same corners: an L of the left four columns and the lower two rows, and all but a hole.
  EXPECT_NEAR(cloud_over({{ring(0, 0, 4, 20), {}}, {ring(4, 18, 24, 20), {}}}), 4 * 8 / (80.0 + 40), 1e-12);
  EXPECT_NEAR(cloud_over({{ring(0, 0, 24, 20), {ring(0, 0, 24, 6)}}}), 2 / 14.0, 1e-12);
  EXPECT_NEAR(cloud_over(all), 0.4, 1e-12);
  // Of a shape that holds no pixel, those of its grid.
  EXPECT_NEAR(cloud_over({{{to_wgs84(ground.to_map(3.1, 3.1)), to_wgs84(ground.to_map(3.1, 3.2)),
                            to_wgs84(ground.to_map(3.2, 3.2))},
                           {}}}),
              0.4, 1e-12);
}

TEST_F(SceneViews, WhatCouldNotBeReadIsTriedAgain) {
  const std::vector<ListedScene> scenes{add("a", 2)};
  test::write_text(folder_ / "a_SCL.tif", "no raster");
  for (int i = 0; i < 2; ++i) {
    const Seen seen = view(scenes);
    EXPECT_THAT(seen.views[0].reason, HasSubstr("a_SCL.tif"));
    EXPECT_GT(seen.files, 0U);
  }
  fs::remove(folder_ / "a_B04.tif");
  EXPECT_THAT(view(scenes).views[0].offsets.finding.text, HasSubstr("a_B04.tif"));
}

}  // namespace
}  // namespace pitwatch
