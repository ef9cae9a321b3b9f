// Mirrors of local scenes: what is copied, what the item says, and when a scene is left as it is.

#include "pipeline/io/scenes/scene_mirror.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const Grid whole{"EPSG:32638", {500'000, 4'500'000}, 10, 1300, 900};

/// A box of pixels of `whole`.
Grid ground(int x, int y, int width, int height) { return {"EPSG:32638", whole.to_map(x, y), 10, width, height}; }

class SceneMirror : public ::testing::Test {
 protected:
  SceneMirror() {
    Plane<std::uint16_t> dn(whole.width, whole.height);
    for (int y = 0; y < whole.height; ++y) {
      for (int x = 0; x < whole.width; ++x) dn.at(x, y) = static_cast<std::uint16_t>(1 + (x * 7 + y * 13) % 5000);
    }
    write_geotiff_u16(folder_ / "B04.tif", whole, dn.view(), 0);
    item_ = json::parse(R"({"type": "Feature", "stac_version": "1.0.0", "id": "S2A_38TPK_20220710_0_L2A",
      "bbox": [45, 40.1, 45.7, 40.7], "links": [], "properties": {"datetime": "2022-07-10T07:46:00Z",
      "s2:mgrs_tile": "38TPK", "s2:processing_baseline": "04.00"}})");
    item_["assets"]["B04"] = {{"href", "./B04.tif"}};
  }

  OriginalScene original() const {
    const std::string text = item_.dump();
    return {parse_stac_item(text, folder_ / "item.json"), text, sha256_text(text)};
  }

  Mirrored mirror(std::vector<Grid> places) {
    constexpr std::array bands{Band::B04, Band::B08};
    return mirror_scene(original(), places, bands, folder_.path(), files_);
  }

  std::string mirrored(const std::string& file) const { return folder_ / ("S2A_38TPK_20220710_0_L2A/" + file); }
  Scene mirrored_scene() const { return read_stac_item(mirrored("S2A_38TPK_20220710_0_L2A.json")); }
  std::uint16_t pixel(int x, int y) const {
    Plane<std::uint16_t> one(1, 1);
    BandFile(mirrored("B04.tif")).read_window({x, y, 1, 1}, one.view());
    return one.at(0, 0);
  }
  static std::uint16_t expected(int x, int y) { return static_cast<std::uint16_t>(1 + (x * 7 + y * 13) % 5000); }

  test::TemporaryFolder folder_;
  json item_;
  RemoteFiles files_{std::make_shared<HttpClient>(HttpOptions{}, RemotePolicy{})};
};

TEST_F(SceneMirror, HasTheTilesOfTheGroundOnTheSameGrid) {
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  const BandFile file(mirrored("B04.tif"));
  EXPECT_EQ(file.grid(), whole);
  // The original's tiles are of 256 pixels.
  EXPECT_EQ(file.block_width(), 256);
  EXPECT_EQ(pixel(256, 256), expected(256, 256));
  EXPECT_EQ(pixel(511, 511), expected(511, 511));
  EXPECT_EQ(pixel(255, 300), 0);
  EXPECT_EQ(pixel(512, 300), 0);
  const Scene copy = mirrored_scene();
  EXPECT_EQ(copy.id, "S2A_38TPK_20220710_0_L2A");
  EXPECT_EQ(copy.acquired, original().scene.acquired);
  EXPECT_EQ(copy.bands.at(Band::B04).calibration.offset, -0.1F);
}

TEST_F(SceneMirror, IsLeftAsItIsUntilMoreIsWanted) {
  ASSERT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::was_there);
  EXPECT_EQ(mirror({ground(302, 302, 5, 5)}), Mirrored::was_there);
  EXPECT_EQ(mirror({ground(1290, 890, 100, 100)}), Mirrored::fetched);
  EXPECT_EQ(pixel(1299, 899), expected(1299, 899));
  EXPECT_EQ(pixel(300, 300), expected(300, 300));  // what was there before
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::was_there);

  item_["properties"]["eo:cloud_cover"] = 3;
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  EXPECT_EQ(mirrored_scene().cloud_cover, 3);
  EXPECT_EQ(pixel(1299, 899), 0);  // of another item nothing is taken over
  test::write_text(mirrored("B04.tif"), "cut off");
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  EXPECT_EQ(pixel(300, 300), expected(300, 300));
}

TEST_F(SceneMirror, IsNotMadeWhereNothingIsShown) {
  EXPECT_EQ(mirror({ground(2000, 0, 10, 10)}), Mirrored::shows_none);
  Grid elsewhere = ground(300, 300, 10, 10);
  elsewhere.crs = "EPSG:32637";
  EXPECT_EQ(mirror({elsewhere}), Mirrored::shows_none);
  EXPECT_EQ(folder_.count(), 1U);  // the original
}

TEST_F(SceneMirror, HasGroundThatIsWatchedInTheNeighbouringZone) {
  const MapPoint there = Reprojection(whole.crs, "EPSG:32639")(whole.to_map(305, 305));
  EXPECT_EQ(mirror({{"EPSG:32639", {there.x - 50, there.y + 50}, 10, 10, 10}}), Mirrored::fetched);
  EXPECT_EQ(pixel(305, 305), expected(305, 305));
  EXPECT_EQ(pixel(255, 300), 0);
}

TEST_F(SceneMirror, KeepsTheCalibrationWhateverTheItemSaysOfOffsets) {
  // ESA's own files have the offset, although the item says that it was applied to others.
  item_["properties"]["earthsearch:boa_offset_applied"] = true;
  item_["assets"]["B04"]["type"] = "image/jp2";
  item_["assets"]["B04"]["view:azimuth"] = 105.5;
  item_["assets"]["B04"]["raster:bands"] = {{{"offset", -0.1}, {"scale", 0.0001}, {"nodata", "nan"}}};
  ASSERT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  const Calibration then = original().scene.bands.at(Band::B04).calibration;
  const Calibration now = mirrored_scene().bands.at(Band::B04).calibration;
  EXPECT_EQ(then.offset, -0.1F);
  EXPECT_EQ(now.offset, then.offset);
  EXPECT_EQ(now.nodata, std::nullopt);
  EXPECT_EQ(now.scale, then.scale);
  const json copy = json::parse(test::read_text(mirrored("S2A_38TPK_20220710_0_L2A.json")));
  EXPECT_EQ(copy.at("assets").at("B04").at("view:azimuth"), 105.5);
}

TEST_F(SceneMirror, KeepsWhatTheItemHasFromItsCollection) {
  item_["properties"].erase("s2:processing_baseline");
  item_["links"] = {{{"rel", "collection"}, {"href", "./collection.json"}}};
  test::write_text(folder_ / "collection.json", R"({"type": "Collection", "id": "any",
    "summaries": {"product:type": ["S2MSI1C"], "s2:processing_baseline": ["05.10"], "platform": ["sentinel-2b"]}})");
  const std::string text = item_.dump();
  test::write_text(folder_ / "item.json", text);
  const OriginalScene original{read_stac_item(folder_ / "item.json"), text, sha256_text(text)};
  ASSERT_EQ(original.scene.level, "L1C");
  const std::vector places{ground(300, 300, 10, 10)};
  ASSERT_EQ(mirror_scene(original, places, std::array{Band::B04}, folder_.path(), files_), Mirrored::fetched);
  EXPECT_EQ(mirrored_scene().level, "L1C");
  EXPECT_EQ(mirrored_scene().processing_baseline, "05.10");
  EXPECT_EQ(mirrored_scene().platform, "sentinel-2b");
  EXPECT_EQ(mirrored_scene().bands.at(Band::B04).calibration.offset, -0.1F);
}

TEST_F(SceneMirror, ChecksSmallFilesThatHaveAChecksum) {
  json& asset = item_["assets"]["B04"];
  const std::string file = folder_ / "B04.tif";
  asset["file:size"] = std::filesystem::file_size(file);
  asset["file:checksum"] = "1220" + sha256_file(file);
  EXPECT_EQ(mirror({ground(300, 300, 10, 10)}), Mirrored::fetched);
  EXPECT_EQ(pixel(300, 300), expected(300, 300));
  asset["file:checksum"] = "1220" + sha256_text("another file");
  EXPECT_THAT(test::message_of<DataError>([&] { mirror({ground(300, 300, 10, 10)}); }),
              ::testing::StartsWith("B04: does not have the checksum"));
}

TEST(MirrorName, IsTheIdWhereItCanBe) {
  EXPECT_EQ(mirror_name("S2A_38TPK_20220710_0_L2A"), "S2A_38TPK_20220710_0_L2A");
  for (const char* id : {"../up", "a/b", ".hidden", "a b", "\n"}) {
    const std::string name = mirror_name(id);
    EXPECT_EQ(name.find_first_of("/ \n"), std::string::npos);
    EXPECT_NE(name.front(), '.');
    EXPECT_NE(name, mirror_name(std::string(id) + " "));
  }
}

}  // namespace
}  // namespace pitwatch
