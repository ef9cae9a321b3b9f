// A folder listed again: what its items said is remembered, and whatever has changed is read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "pipeline/io/scenes/scene_source.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::TemporaryFolder;
using test::write_text;
using ::testing::SizeIs;

/// With all that an item can say of a scene.
json full_item() {
  return json::parse(R"({"type": "Feature", "stac_version": "1.0.0", "id": "S2A_38TPK_20220301_0_L2A",
    "geometry": null, "links": [], "bbox": [46.1, 40.2, 47.3, 41.4],
    "properties": {"datetime": "2022-03-01T08:00:00.024Z", "platform": "sentinel-2a", "s2:product_type": "S2MSI2A",
      "s2:processing_baseline": "04.00", "mgrs:utm_zone": 38, "grid:code": "MGRS-38TPK", "eo:cloud_cover": 12.5,
      "s2:generation_time": "2022-03-01T12:00:00Z", "s2:nodata_pixel_percentage": 3.25,
      "s2:datatake_id": "GS2A_20220301T080001_034900_N04.00", "sat:relative_orbit": 35, "sat:absolute_orbit": 34900,
      "s2:datastrip_id": "S2A_OPER_MSI_L2A_DS_VGS4_20220301T110000_S20220301T080100_N04.00",
      "view:sun_elevation": 40, "view:sun_azimuth": 160, "view:incidence_angle": 5, "view:azimuth": 105,
      "s2:degraded_msi_data_percentage": 1.5},
    "assets": {
      "red": {"href": "./B04.tif", "raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}]},
      "nir": {"href": "sub/B08.tif", "raster:bands": [{"scale": 0.0002, "offset": -0.1, "nodata": 7}]},
      "swir16": {"href": "https://data.example.org/B11.tif",
        "raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}]},
      "scl": {"href": "/data/SCL.tif"}}})");
}

class RememberedListing : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(source_ + "/a/sub"); }
  void write(const std::string& name, const json& content) const { write_text(source_ + "/" + name, content.dump()); }

  SourceListing list(std::chrono::milliseconds rest = std::chrono::milliseconds(0)) const {
    FileMemory memory(folder_ / "cache", "items", source_, rest);
    SourceListing listing = list_scenes(source_, {.memory = &memory});
    memory.save();
    return listing;
  }
  SourceListing listed_anew() const { return list_scenes(source_); }

  /// How many items the memory recalls as they are now.
  std::size_t recalled() const {
    FileMemory memory(folder_ / "cache", "items", source_);
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(source_)) {
      const std::string path = entry.path().string();
      const auto identity = file_identity(path);
      if (identity && memory.recall(path, text_of(*identity))) ++count;
    }
    return count;
  }

  void expect_same(const SourceListing& a, const SourceListing& b) const {
    ASSERT_EQ(a.scenes.size(), b.scenes.size());
    for (std::size_t i = 0; i < a.scenes.size(); ++i) {
      EXPECT_EQ(a.scenes[i].scene, b.scenes[i].scene);
      EXPECT_EQ(a.scenes[i].fingerprint, b.scenes[i].fingerprint);
    }
    ASSERT_EQ(a.rejected.size(), b.rejected.size());
    for (std::size_t i = 0; i < a.rejected.size(); ++i) EXPECT_EQ(a.rejected[i].reason, b.rejected[i].reason);
  }

  TemporaryFolder folder_;
  const std::string source_ = folder_ / "source";
};

TEST_F(RememberedListing, IsTheSameInEveryMember) {
  write("a/full.json", full_item());
  const SourceListing first = list();
  ASSERT_THAT(first.scenes, SizeIs(1));
  ASSERT_THAT(first.scenes[0].scene.bands, SizeIs(4));
  ASSERT_TRUE(first.scenes[0].scene.view && first.scenes[0].scene.sun && first.scenes[0].scene.bbox);
  ASSERT_FALSE(first.scenes[0].scene.quality_flags.empty());
  EXPECT_EQ(recalled(), 1U);
  expect_same(list(), first);
  expect_same(listed_anew(), first);
}

TEST_F(RememberedListing, IsRecalledAndNotReadAgain) {
  write("a/full.json", full_item());
  list();
  // What the memory says differs from what the item does: so it is seen who is asked.
  {
    FileMemory memory(folder_ / "cache", "items", source_, std::chrono::milliseconds(0));
    const std::string path = source_ + "/a/full.json";
    const std::string identity = text_of(file_identity(path).value());
    std::string said(memory.recall(path, identity).value());
    const std::size_t at = said.find("S2A_38TPK_20220301_0_L2A");
    ASSERT_NE(at, std::string::npos);
    said[at] = 'X';
    memory.note(path, identity, said);
    memory.save();
  }
  EXPECT_EQ(list().scenes.at(0).scene.id, "X2A_38TPK_20220301_0_L2A");
}

TEST_F(RememberedListing, AnItemThatHasChangedIsRead) {
  write("a/full.json", full_item());
  list();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const fs::file_time_type written = fs::last_write_time(source_ + "/a/full.json");
  json changed = full_item();
  changed["id"] = "S2B_38TPK_20220301_0_L2A";  // of the same length
  write("a/full.json", changed);
  fs::last_write_time(source_ + "/a/full.json", written);
  const SourceListing second = list();
  ASSERT_THAT(second.scenes, SizeIs(1));
  EXPECT_EQ(second.scenes[0].scene.id, "S2B_38TPK_20220301_0_L2A");
  expect_same(list(), second);
  // Another file in its place.
  fs::rename(source_ + "/a/full.json", folder_ / "old.json");
  write("a/full.json", full_item());
  EXPECT_EQ(list().scenes.at(0).scene.id, "S2A_38TPK_20220301_0_L2A");
}

TEST_F(RememberedListing, ItemsThatWereWrittenJustNowAreNotNoted) {
  write("a/full.json", full_item());
  list(std::chrono::seconds(10));
  EXPECT_EQ(recalled(), 0U);
  list();
  EXPECT_EQ(recalled(), 1U);
}

TEST_F(RememberedListing, WhatIsRejectedOrAskedOfOthersIsReadEachTime) {
  json broken = full_item();
  broken["assets"]["red"]["href"] = "../../B04.tif";
  write("a/broken.json", broken);
  json of_collection = full_item();  // leaves its offsets open
  for (auto& [key, asset] : of_collection["assets"].items()) asset.erase("raster:bands");
  of_collection["links"] = json::parse(R"([{"rel": "collection", "href": "collection.json"}])");
  of_collection["properties"].erase("s2:processing_baseline");
  of_collection["id"] = "odd";
  write("a/of_collection.json", of_collection);
  json escaped = full_item();
  escaped["assets"]["red"]["href"] = "B%2004.tif";
  write("a/escaped.json", escaped);
  write("a/items.json", {{"type", "FeatureCollection"}, {"features", {full_item()}}});
  const SourceListing first = list();
  EXPECT_THAT(first.rejected, SizeIs(1));
  EXPECT_THAT(first.scenes, SizeIs(3));
  EXPECT_EQ(recalled(), 0U);
  expect_same(list(), first);
}

/// The item has not changed, but a link has been put where its file was.
TEST_F(RememberedListing, FilesThatLeadOutOfTheFolderSinceAreRefused) {
  write("a/full.json", full_item());
  write_text(source_ + "/a/B04.tif", "pixels");
  ASSERT_THAT(list().scenes, SizeIs(1));
  fs::remove(source_ + "/a/B04.tif");
  write_text(folder_ / "secret.tif", "of somebody else");
  fs::create_symlink(folder_ / "secret.tif", source_ + "/a/B04.tif");
  const SourceListing now = list();
  EXPECT_THAT(now.scenes, SizeIs(0));
  EXPECT_THAT(now.rejected, SizeIs(1));
}

TEST_F(RememberedListing, WhatIsNoSceneInTheMemoryIsReadFromTheFile) {
  write("a/full.json", full_item());
  list();
  const std::string path = source_ + "/a/full.json";
  const std::string identity = text_of(file_identity(path).value());
  std::string said;
  {
    FileMemory memory(folder_ / "cache", "items", source_, std::chrono::milliseconds(0));
    said = memory.recall(path, identity).value();
  }
  for (const std::string& other : {std::string(), said.substr(0, said.size() / 2), said + "x"}) {
    FileMemory memory(folder_ / "cache", "items", source_, std::chrono::milliseconds(0));
    memory.note(path, identity, other);
    memory.save();
    expect_same(list(), listed_anew());
  }
}

}  // namespace
}  // namespace pitwatch
