// Scenes kept for a site: every member and pixel comes back, damage is noticed, killed runs leave nothing that reads.

#include "pipeline/io/scenes/kept_scenes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/products/safe_writer.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "tests/unit/io/products/granule_support.hpp"
#include "tests/unit/io/products/zip_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Grid whole{"EPSG:32638", {500'000, 4'500'000}, 10, 1300, 900};
constexpr std::array bands{Band::B04, Band::B08, Band::SCL};

/// A box of pixels of `whole`.
Grid ground(int x, int y, int width, int height) { return {"EPSG:32638", whole.to_map(x, y), 10, width, height}; }

const std::vector<Grid> watched{ground(300, 300, 10, 10)};  // in one tile of 256 pixels: 256..511

Plane<std::uint16_t> pixels_of(const std::string& path, const Window& window) {
  Plane<std::uint16_t> dn(window.width, window.height);
  BandFile(path).read_window(window, dn.view());
  return dn;
}

/// Also block by block, which goes another way.
Plane<std::uint16_t> blocks_of(const std::string& path) {
  const BandFile file(path);
  Plane<std::uint16_t> dn(file.blocks_across() * file.block_width(), file.blocks_down() * file.block_height());
  for (int y = 0; y < file.blocks_down(); ++y) {
    for (int x = 0; x < file.blocks_across(); ++x) {
      Plane<std::uint16_t> block(file.block_width(), file.block_height());
      const BlockSize size = file.read_block(x, y, block.view());
      for (int row = 0; row < size.height; ++row) {
        for (int column = 0; column < size.width; ++column) {
          dn.at(x * file.block_width() + column, y * file.block_height() + row) = block.at(column, row);
        }
      }
    }
  }
  return dn;
}

/// Every pixel of the ground as in the original, and no data or the original's elsewhere.
void expect_same_pixels(const std::string& original, const std::string& kept, const Window& over,
                        std::uint16_t nodata) {
  const BandFile file(original);
  ASSERT_EQ(BandFile(kept).grid(), file.grid());
  const Plane<std::uint16_t> then = pixels_of(original, file.grid().extent());
  const Plane<std::uint16_t> now = pixels_of(kept, file.grid().extent());
  const Plane<std::uint16_t> blocks = blocks_of(kept);
  for (int y = 0; y < then.height(); ++y) {
    for (int x = 0; x < then.width(); ++x) {
      const bool is_over = x >= over.x && x < over.right() && y >= over.y && y < over.bottom();
      ASSERT_TRUE(now.at(x, y) == then.at(x, y) || (!is_over && now.at(x, y) == nodata)) << x << "," << y;
      ASSERT_EQ(blocks.at(x, y), now.at(x, y)) << x << "," << y;
    }
  }
}

class KeptScenes : public ::testing::Test {
 protected:
  KeptScenes() : store_(folder_ / "sites/one/kept") {
    Plane<std::uint16_t> dn(whole.width, whole.height);
    for (int y = 0; y < whole.height; ++y) {
      for (int x = 0; x < whole.width; ++x) dn.at(x, y) = static_cast<std::uint16_t>((x * 7 + y * 13) % 5000);
    }
    write_geotiff_u16(folder_ / "B04.tif", whole, dn.view(), 0);
    write_geotiff_u16(folder_ / "B08.tif", whole, dn.view(), 0);
    json item = json::parse(R"({"type": "Feature", "stac_version": "1.0.0", "id": "S2A_38TPK_20220710_0_L2A",
      "bbox": [45, 40.1, 45.7, 40.7], "links": [], "properties": {"datetime": "2022-07-10T07:46:00.123Z",
      "created": "2022-07-10T17:46:00.999Z", "platform": "sentinel-2a", "eo:cloud_cover": 12.3,
      "view:sun_azimuth": 145.1, "view:sun_elevation": 61.7,
      "s2:mgrs_tile": "38TPK", "s2:processing_baseline": "04.00"}})");
    for (const char* band : {"B04", "B08"}) item["assets"][band] = {{"href", std::string("./") + band + ".tif"}};
    scene_ = parse_stac_item(item.dump(), folder_ / "item.json");
  }

  Scene keep() const { return keep_scene(scene_, watched, bands, store_); }
  std::vector<Scene> kept(KeptCheck check = KeptCheck::contents) {
    damaged_.clear();
    return kept_scenes(store_, damaged_, check);
  }
  /// The one reason, where nothing else is there.
  std::string damage(KeptCheck check = KeptCheck::contents) {
    EXPECT_THAT(kept(check), IsEmpty());
    EXPECT_THAT(damaged_, SizeIs(1));
    return damaged_.size() == 1 ? damaged_[0].reason : "";
  }
  std::string file(const Scene& kept, const std::string& name) const {
    return (fs::path(kept.bands.at(Band::B04).path).parent_path() / name).string();
  }

  TemporaryFolder folder_;
  std::string store_;
  Scene scene_;
  std::vector<RejectedItem> damaged_;
};

TEST_F(KeptScenes, ReadAsTheOriginalItem) {
  const Scene now = keep();
  Scene expected = scene_;
  for (const auto& [band, asset] : now.bands) expected.bands.at(band).path = asset.path;
  EXPECT_EQ(now, expected);
  EXPECT_THAT(now.bands.at(Band::B04).path,
              AllOf(StartsWith(store_ + "/S2A_38TPK_20220710_0_L2A-"), EndsWith("/B04.tif")));
  EXPECT_THAT(kept(), ElementsAre(now));
  EXPECT_THAT(damaged_, IsEmpty());
  for (const Band band : {Band::B04, Band::B08}) {
    expect_same_pixels(scene_.bands.at(band).path, now.bands.at(band).path, {300, 300, 10, 10}, 0);
  }
  EXPECT_EQ(pixels_of(now.bands.at(Band::B04).path, {255, 300, 1, 1}).at(0, 0), 0);
  EXPECT_NE(pixels_of(scene_.bands.at(Band::B04).path, {255, 300, 1, 1}).at(0, 0), 0);
  EXPECT_EQ(BandFile(now.bands.at(Band::B04).path).block_width(), 256);
  // The original may go; and what was kept can be kept again elsewhere.
  fs::remove(folder_ / "B04.tif");
  const Scene again = keep_scene(kept().at(0), watched, bands, folder_ / "other");
  EXPECT_EQ(read_text(again.bands.at(Band::B04).path), read_text(now.bands.at(Band::B04).path));
}

TEST_F(KeptScenes, HaveEveryMemberBitByBit) {
  scene_.id = "../we\"ird/\xC9\x99 \xFF\xFE";
  scene_.source = std::string("/data/\xE4\0/a", 10);
  scene_.level = "L1C";
  scene_.nodata = 0.1 + 0.2;
  scene_.cloud_cover = 5e-324;
  scene_.bbox = DegreeBox{179.99999999999997, -0.0, -1.0 / 3, 1e308};
  scene_.sun = ViewAngles{std::nextafter(45.0, 46.0), -0.0};
  scene_.view.reset();
  scene_.relative_orbit = 143;
  scene_.absolute_orbit = -2'147'483'647 - 1;
  scene_.datatake = "GS2A_20220710T074611_036812_N04.00";
  scene_.datastrip_start = "20220710T074956";
  scene_.offsets = {"BOA_ADD_OFFSET", {"one", "", "t\nwo"}, false};
  scene_.quality_flags = {"geometry not refined", "degraded MSI data 1.5 %"};
  scene_.processed = parse_instant("2031-12-31T23:59:59.001Z");
  scene_.bands.at(Band::B04).calibration = {std::nextafter(1e-4F, 1.0F), -0.1F, std::nullopt, std::uint16_t{65534}};
  scene_.bands.at(Band::B08).calibration = {1.0F / 3, 1e-45F, std::uint16_t{7}, std::nullopt};
  const Scene now = keep();
  ASSERT_THAT(kept(), ElementsAre(now));
  Scene expected = scene_;
  for (const auto& [band, asset] : now.bands) expected.bands.at(band).path = asset.path;
  EXPECT_EQ(now, expected);
  EXPECT_TRUE(std::signbit(kept().at(0).sun->azimuth));
  EXPECT_TRUE(std::signbit(kept().at(0).bbox->south));
  expect_same_pixels(scene_.bands.at(Band::B08).path, now.bands.at(Band::B08).path, {300, 300, 10, 10}, 7);
  EXPECT_EQ(pixels_of(now.bands.at(Band::B08).path, {0, 0, 1, 1}).at(0, 0), 7);

  scene_ = Scene{};  // of which nothing is known
  scene_.bands[Band::B04].path = folder_ / "B04.tif";
  scene_.view = ViewAngles{std::nan(""), -HUGE_VAL};
  keep();
  const Scene bare = kept().at(0);  // the earliest
  EXPECT_TRUE(std::isnan(bare.view->zenith));
  EXPECT_EQ(bare.view->azimuth, -HUGE_VAL);
  EXPECT_EQ(bare.processed, std::nullopt);
  EXPECT_EQ(bare.bands.at(Band::B04).calibration, Calibration{});
}

TEST_F(KeptScenes, ReadAsTheOriginalProductInEveryPackaging) {
  const test::MadeGranule made(10'800);  // B02: 1080 pixels wide, tiles of JPEG 2000 of 1024
  const std::string product = write_safe(folder_.path(), made.granule);
  std::vector<test::ZipMember> members;
  for (const auto& entry : fs::recursive_directory_iterator(product)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(folder_.path()).string();
    members.push_back({name, read_text(entry.path().string()), {}});
  }
  write_text(folder_ / "product.zip", test::zip_of(members));
  const std::vector<Grid> places{{"EPSG:32638", {601'000, 4'700'040 - 2000.0}, 10, 50, 50}};
  constexpr std::array wanted{Band::B02, Band::B8A, Band::B09, Band::SCL, Band::CLD, Band::SNW, Band::B10};
  for (const std::string& reference : {product, folder_ / "product.zip"}) {
    SCOPED_TRACE(reference);
    const std::string store = reference + ".kept";
    const Scene original = read_scene(reference);
    const Scene now = keep_scene(original, places, wanted, store);
    Scene expected = original;
    expected.bands.clear();
    for (const Band band : wanted) {
      if (original.has(band)) expected.bands[band] = {now.bands.at(band).path, original.bands.at(band).calibration, {}};
    }
    EXPECT_EQ(now, expected);
    EXPECT_THAT(now.bands, SizeIs(6));
    EXPECT_THAT(kept_scenes(store, damaged_, KeptCheck::contents), ElementsAre(now));
    EXPECT_THAT(damaged_, IsEmpty());
    for (const auto& [band, asset] : now.bands) {
      const int size = info(band).pixel_size_m;
      expect_same_pixels(original.bands.at(band).path, asset.path, {1000 / size, 2000 / size, 500 / size, 500 / size},
                         0);
    }
  }
}

TEST_F(KeptScenes, AreOneForEachIdentityInOrder) {
  std::vector<Scene> all{keep()};
  const auto keep_with = [&](const auto& change) {
    const Scene before = scene_;
    change(scene_);
    all.push_back(keep());
    scene_ = before;
  };
  keep_with([](Scene& scene) { scene.processing_baseline = "05.10"; });
  keep_with([](Scene& scene) { scene.processed = parse_instant("2022-07-10T17:46:01Z"); });
  keep_with([](Scene& scene) { scene.tile = "T38TQK"; });
  keep_with([](Scene& scene) { scene.id = "S2A_38TPK_20220710_0_L2B"; });
  keep_with([](Scene& scene) {
    scene.id = "S2A_38TPK_20220705_0_L2A";
    scene.acquired = parse_instant("2022-07-05");
  });
  EXPECT_THAT(kept(), ElementsAre(all[5], all[0], all[1], all[2], all[4], all[3]));
  // Kept again, it takes the older one's place.
  const std::vector<Grid> more{watched[0], ground(1290, 890, 100, 100)};
  const Scene wider = keep_scene(scene_, more, bands, store_);
  EXPECT_EQ(wider, all[0]);
  EXPECT_THAT(kept(), SizeIs(6));
  expect_same_pixels(scene_.bands.at(Band::B04).path, wider.bands.at(Band::B04).path, {1290, 890, 10, 10}, 0);
}

TEST_F(KeptScenes, AreNamedWhereTheyAreDamaged) {
  const Scene now = keep();
  const std::string raster = file(now, "B04.tif");
  const std::string pixels = read_text(raster);
  const std::string description = file(now, "scene.json");
  const std::string text = read_text(description);

  std::string other = pixels;
  other[other.size() / 2] = static_cast<char>(other[other.size() / 2] ^ 1);
  write_text(raster, other);
  EXPECT_EQ(damage(), "B04.tif is of another content");
  EXPECT_EQ(damaged_[0].path, fs::path(raster).parent_path().string());
  EXPECT_THAT(kept(KeptCheck::sizes), SizeIs(1));
  write_text(raster, pixels.substr(0, pixels.size() - 1));
  EXPECT_EQ(damage(KeptCheck::sizes), "B04.tif is of another size");
  fs::remove(raster);
  EXPECT_EQ(damage(KeptCheck::sizes), "B04.tif is missing");
  write_text(folder_ / "elsewhere", pixels);
  fs::create_symlink(folder_ / "elsewhere", raster);
  EXPECT_EQ(damage(), "B04.tif is no plain file");
  fs::remove(raster);
  write_text(raster, pixels);
  ASSERT_THAT(kept(), ElementsAre(now));

  for (std::size_t i = 0; i + 1 < text.size(); i += 7) {
    write_text(description, text.substr(0, i));
    EXPECT_FALSE(damage().empty()) << i;
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"-0.1", "-0.2"}, {"04.00", "05.00"}, {"12.3", "12.30001"}, {"\"B04\"", "\"B05\""}, {"45.7", "45.70001"}}) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    write_text(description, changed);
    EXPECT_THAT(damage(), StartsWith("scene.json: ")) << from;
  }
  write_text(description, std::string((5 << 20), ' ') + text);
  EXPECT_EQ(damage(), "scene.json: is larger than 4194304 bytes");
  fs::remove(description);
  EXPECT_EQ(damage(), "scene.json is missing");
  write_text(description, text);
  fs::rename(fs::path(raster).parent_path(), store_ + "/another");
  EXPECT_EQ(damage(), "the folder is named for another scene");
}

/// What a program that means it would write: with the checksum that fits.
TEST_F(KeptScenes, TrustNoDescription) {
  const Scene now = keep();
  const std::string path = file(now, "scene.json");
  const json right = json::parse(read_text(path));
  const auto with = [&](const std::string& pointer, const json& value) {
    json changed = right;
    changed["scene"][json::json_pointer(pointer)] = value;
    changed["sha256"] = sha256_text(changed["scene"].dump());
    write_text(path, changed.dump());
    return damage();
  };
  EXPECT_THAT(with("/acquired", "yesterday"), StartsWith("scene.json: "));
  EXPECT_THAT(with("/acquired", 3), StartsWith("scene.json: "));
  EXPECT_THAT(with("/id", 3), HasSubstr("no object"));
  EXPECT_THAT(with("/id", {{"hex", "0G"}}), HasSubstr("broken text"));
  EXPECT_THAT(with("/id", {{"hex", "0"}}), HasSubstr("broken text"));
  EXPECT_THAT(with("/bbox", {1, 2, 3}), HasSubstr("four sides"));
  EXPECT_THAT(with("/bbox", {1, 2, 3, "x"}), HasSubstr("no number"));
  EXPECT_THAT(with("/sun", {{"zenith", 3}}), HasSubstr("no azimuth"));
  EXPECT_THAT(with("/relative_orbit", 3.5), HasSubstr("whole number"));
  EXPECT_THAT(with("/relative_orbit", std::uint64_t{18446744073709551615U}), HasSubstr("whole number"));
  EXPECT_THAT(with("/quality_flags", "one"), HasSubstr("no list"));
  EXPECT_THAT(with("/offsets/is_declared", 1), HasSubstr("neither true nor false"));
  EXPECT_THAT(with("/bands", json::object()), HasSubstr("no bands"));
  EXPECT_THAT(with("/bands", json::array({1})), HasSubstr("no bands"));
  EXPECT_THAT(with("/bands/..~1..~1B05", right["scene"]["bands"]["B04"]), HasSubstr("another name"));
  EXPECT_THAT(with("/bands/b4", right["scene"]["bands"]["B04"]), HasSubstr("another name"));
  EXPECT_THAT(with("/bands/B04/nodata", 65536), HasSubstr("whole number"));
  EXPECT_THAT(with("/bands/B04/nodata", -1), HasSubstr("whole number"));
  EXPECT_THAT(with("/bands/B04/scale", 1e39), HasSubstr("too large"));
  EXPECT_THAT(with("/bands/B04/bytes", -1), HasSubstr("no whole number"));
  EXPECT_THAT(with("/bands/B04/sha256", {1}), HasSubstr("scene.json"));
  EXPECT_EQ(with("/tile", "T38TQK"), "the folder is named for another scene");
  json changed = right;
  changed["format"] = 2;
  write_text(path, changed.dump());
  EXPECT_EQ(damage(), "scene.json: of format 2, which this version does not read");
  write_text(path, std::string(100'000, '['));
  EXPECT_THAT(damage(), HasSubstr("nested deeper"));
}

TEST_F(KeptScenes, AreNotKeptWhereNothingCanBe) {
  const auto reason = [&](const std::vector<Grid>& places, std::span<const Band> wanted) {
    return message_of<DataError>([&] { keep_scene(scene_, places, wanted, store_); });
  };
  EXPECT_EQ(reason(watched, std::vector{Band::B02}), scene_.source + ": has none of the bands that are to be kept");
  scene_.bands.at(Band::B08).path = folder_ / "none.tif";
  EXPECT_THAT(reason(watched, bands), AllOf(StartsWith(scene_.source + ": B08: "), HasSubstr("No such file")));
  EXPECT_TRUE(fs::is_empty(store_));
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_THAT(damaged_, IsEmpty());
  store_ = folder_ / "B04.tif/kept";
  EXPECT_THAT(message_of<IoError>([&] { keep(); }), StartsWith(folder_ / "B04.tif: cannot create"));
  EXPECT_THAT(message_of<DataError>([&] { kept(); }), StartsWith(store_ + ": cannot list"));
}

TEST_F(KeptScenes, StayAsTheyWereOnAFullDisk) {
  const Scene now = keep();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlim_t raster = fs::file_size(now.bands.at(Band::B04).path);
  for (const rlim_t limit : {rlim_t{100}, raster / 2, raster - 1}) {
    const rlimit small{limit, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      keep();
    } catch (const IoError& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(message, StartsWith(now.bands.at(Band::B04).path)) << limit;
    EXPECT_THAT(kept(), ElementsAre(now));
  }
}

TEST_F(KeptScenes, OfKilledRunsAreNotRead) {
  const Scene now = keep();
  const std::string name = fs::path(file(now, "x")).parent_path().filename().string();
  // As a process that is no more left it: whole but not renamed; and what it was to replace.
  fs::copy(store_ + "/" + name, store_ + "/." + name + ".tmp-999999999-0", fs::copy_options::recursive);
  fs::copy(store_ + "/" + name, store_ + "/.other.tmp-999999999-3", fs::copy_options::recursive);
  EXPECT_THAT(kept(), ElementsAre(now));
  EXPECT_THAT(damaged_, IsEmpty());
  keep();
  EXPECT_EQ(std::distance(fs::directory_iterator(store_), {}), 1);
}

TEST_F(KeptScenes, AreRemovedAllOrNone) {
  remove_kept_scenes(store_);  // nothing there, nor where it would be
  const Scene now = keep();
  // As a run that was killed after the renaming left it.
  fs::copy(store_, folder_ / "sites/one/.kept.removed-999999999", fs::copy_options::recursive);
  write_text(folder_ / "sites/one/state", "x");
  EXPECT_THAT(kept(), ElementsAre(now));
  remove_kept_scenes(store_ + "/");
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_THAT(damaged_, IsEmpty());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "sites/one"), {}), 1);
  fs::create_directory(folder_ / "sites/one/.kept.removed-999999999");
  remove_kept_scenes(store_);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "sites/one"), {}), 1);
  EXPECT_EQ(keep(), now);
  EXPECT_THAT(message_of<IoError>([&] { remove_kept_scenes(folder_ / "sites/one/state"); }), HasSubstr("not a folder"));
}

}  // namespace
}  // namespace pitwatch
