// The gate on real scenes: none is refused, and of those that are made wrong as many are found as the ground allows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "pipeline/gate/scene_gate.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "tests/unit/gate/test_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Dn;

Dn read(const std::string& path) {
  const BandFile file(path);
  Dn plane(file.grid().width, file.grid().height);
  file.read_window({0, 0, plane.width(), plane.height()}, plane.view());
  return plane;
}

/// Real bands by scene: none of them carries an offset.
using RealScene = std::map<Band, Dn>;

std::vector<std::pair<std::string, RealScene>> scenes_of(const std::vector<fs::path>& items) {
  std::vector<std::pair<std::string, RealScene>> scenes;
  for (const fs::path& item : items) {
    RealScene bands;
    for (const auto& [band, asset] : read_stac_item(item).bands) {
      if (band != Band::SCL && info(band).pixel_size_m < 60) bands[band] = read(asset.path);
    }
    scenes.emplace_back(item.string(), std::move(bands));
  }
  return scenes;
}

std::vector<fs::path> items_below(const fs::path& folder) {
  std::vector<fs::path> items;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") items.push_back(entry.path());
  }
  std::sort(items.begin(), items.end());
  return items;
}

Dn with_offset(const Dn& dn) {
  return test::dn_plane(dn.width(), dn.height(), [&](int x, int y) {
    const int value = dn.at(x, y);
    return value == 0 || value == 65535 ? value : std::min(value + 1000, 65534);
  });
}

struct Verdicts {
  int agrees = 0;
  int contradicts = 0;
  int cannot_tell = 0;

  void add(OffsetVerdict verdict) {
    agrees += verdict == OffsetVerdict::agrees ? 1 : 0;
    contradicts += verdict == OffsetVerdict::contradicts ? 1 : 0;
    cannot_tell += verdict == OffsetVerdict::cannot_tell ? 1 : 0;
  }
};

/// Whether the pixels carry the offset, and whether the metadata say so.
struct Confusion {
  Verdicts none_and_true, none_and_lie, offset_and_true, offset_and_lie;
};

Confusion confusion_of(const std::vector<std::pair<std::string, RealScene>>& scenes) {
  const auto verdict = [](const RealScene& scene, float declared) {
    std::vector<BandPixels> bands;
    for (const auto& [band, dn] : scene) bands.push_back(test::pixels_of(band, dn, declared));
    return check_offsets(bands).verdict;
  };
  Confusion result;
  for (const auto& [name, scene] : scenes) {
    RealScene added;
    for (const auto& [band, dn] : scene) added[band] = with_offset(dn);
    result.none_and_true.add(verdict(scene, 0));
    result.none_and_lie.add(verdict(scene, -0.1F));
    result.offset_and_true.add(verdict(added, -0.1F));
    result.offset_and_lie.add(verdict(added, 0));
  }
  return result;
}

void expect_no_garbage(const std::vector<std::pair<std::string, RealScene>>& scenes) {
  for (const auto& [name, scene] : scenes) {
    for (const auto& [band, dn] : scene) {
      EXPECT_THAT(garbage_in(test::pixels_of(band, dn)), ::testing::IsEmpty()) << name;
    }
  }
}

TEST(GateOnRealScenes, Cities) {
  if (!fs::exists(test::shared_data() / "oscd")) GTEST_SKIP() << "no reference data at " << test::shared_data();
  const auto scenes = scenes_of(items_below(test::shared_data() / "oscd"));
  ASSERT_EQ(scenes.size(), 26U);
  expect_no_garbage(scenes);
  // Deserts do not tell.
  const Confusion found = confusion_of(scenes);
  EXPECT_EQ(found.none_and_true.contradicts, 0);
  EXPECT_EQ(found.offset_and_true.contradicts, 0);
  EXPECT_EQ(found.none_and_lie.agrees, 0);
  EXPECT_EQ(found.offset_and_lie.agrees, 0);
  EXPECT_GE(found.none_and_true.agrees, 22);
  EXPECT_GE(found.none_and_lie.contradicts, 22);
  EXPECT_GE(found.offset_and_true.agrees, 20);
  EXPECT_GE(found.offset_and_lie.contradicts, 20);
  // Stripes in any of them are seen.
  for (const auto& [name, scene] : scenes) {
    const Dn& dn = scene.at(Band::B04);
    const Dn striped = test::dn_plane(dn.width(), dn.height(), [&](int x, int y) {
      const int value = dn.at(x, y);
      return value == 0 ? 0 : value + (y % 2 == 0 ? 600 : 0);
    });
    EXPECT_THAT(garbage_in(test::pixels_of(Band::B04, striped)), ::testing::Contains(::testing::HasSubstr("striped")))
        << name;
  }
}

TEST(GateOnRealScenes, OneMineOfManyDates) {
  const fs::path folder = test::shared_data() / "coal_mine_series";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  const auto scenes = scenes_of(items_below(folder));
  ASSERT_EQ(scenes.size(), 54U);
  expect_no_garbage(scenes);
  const Confusion found = confusion_of(scenes);  // a thousand pixels, of which some are dark
  EXPECT_EQ(found.none_and_true.contradicts, 0);
  EXPECT_EQ(found.offset_and_true.contradicts, 0);
  EXPECT_EQ(found.offset_and_lie.agrees, 0);
  EXPECT_EQ(found.none_and_lie.agrees, 0);
  EXPECT_GE(found.none_and_lie.contradicts, 30);
}

TEST(GateOnRealScenes, SwissPair) {
  const fs::path folder = test::shared_data() / "swiss_pair/copernicus";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  std::vector<std::pair<std::string, RealScene>> scenes;
  for (const std::string name : {"T32TMT_20200807T102559", "T32TMT_20210812T102559"}) {
    RealScene scene;
    scene[Band::B04] = read(folder / (name + "_B04_10m.jp2"));
    scene[Band::B08] = read(folder / (name + "_B08_10m.jp2"));
    scenes.emplace_back(name, std::move(scene));
  }
  expect_no_garbage(scenes);
  const Confusion found = confusion_of(scenes);
  EXPECT_EQ(found.none_and_true.agrees, 2);
  EXPECT_EQ(found.none_and_lie.contradicts, 2);
  EXPECT_EQ(found.offset_and_true.contradicts, 0);
  EXPECT_EQ(found.offset_and_lie.agrees, 0);
}

}  // namespace
}  // namespace pitwatch
