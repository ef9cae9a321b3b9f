// Own masks on real scenes: cities without clouds at the top of the atmosphere, and a mine whose classification is
// known.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "pipeline/acquisition/masks.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> items_below(const fs::path& folder) {
  std::vector<fs::path> items;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") items.push_back(entry.path());
  }
  std::sort(items.begin(), items.end());
  return items;
}

/// The scene's own grid of 10 m pixels.
Grid grid_of(const Scene& scene) {
  Grid grid = BandFile(scene.bands.at(Band::B04).path).grid();
  grid.width -= grid.width % 2;
  grid.height -= grid.height % 2;
  return grid;
}

TEST(OwnMasksOnRealScenes, ClearCitiesStayClear) {
  if (!fs::exists(test::shared_data() / "oscd")) GTEST_SKIP() << "no reference data at " << test::shared_data();
  const std::vector<fs::path> items = items_below(test::shared_data() / "oscd");
  ASSERT_EQ(items.size(), 26U);
  double worst_cloud = 0;
  for (const fs::path& item : items) {
    const Scene scene = read_stac_item(item);
    EXPECT_EQ(scene.level, "L1C");
    Mosaic acquisition = read_mosaic({&scene, 1}, grid_of(scene), {});
    complete_mask({&scene, 1}, {}, {}, acquisition);
    std::int64_t cloud = 0;
    std::int64_t other = 0;
    for (int y = 0; y < acquisition.grid.height; ++y) {
      for (int x = 0; x < acquisition.grid.width; ++x) {
        const MaskBits bits = acquisition.mask.at(x, y);
        cloud += (bits & mask_cloud) != 0 ? 1 : 0;
        other += (bits & (mask_cirrus | mask_snow | mask_cloud_shadow)) != 0 ? 1 : 0;
      }
    }
    const double pixels = static_cast<double>(acquisition.grid.width) * acquisition.grid.height;
    worst_cloud = std::max(worst_cloud, static_cast<double>(cloud) / pixels);
    EXPECT_LT(static_cast<double>(cloud) / pixels, 0.01) << item;  // white roofs
    EXPECT_LT(static_cast<double>(other) / pixels, 0.04) << item;  // haze
  }
  RecordProperty("worst_cloud_share", std::to_string(worst_cloud));
}

TEST(OwnMasksOnRealScenes, AgreeWithTheClassificationOfAMine) {
  const fs::path folder = test::shared_data() / "coal_mine_series";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << folder;
  std::int64_t cloud = 0;
  std::int64_t missed = 0;
  std::int64_t land = 0;
  std::int64_t masked = 0;
  for (const fs::path& item : items_below(folder)) {
    Scene scene = read_stac_item(item);
    if (!scene.has(Band::SCL)) continue;
    scene.bands[Band::B03] = scene.bands.at(Band::B04);  // there is no green: the red stands in
    MosaicOptions as_given;
    as_given.cloud_growth_m = 0;
    as_given.shadow_growth_m = 0;
    const Grid grid = grid_of(scene);
    const Mosaic classified = read_mosaic({&scene, 1}, grid, {}, as_given);
    scene.bands.erase(Band::SCL);
    Mosaic own = read_mosaic({&scene, 1}, grid, {});
    complete_mask({&scene, 1}, {}, {}, own);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        const MaskBits says = classified.mask.at(x, y);
        const bool is_masked = own.mask.at(x, y) != mask_clear;
        if ((says & mask_cloud) != 0) {
          ++cloud;
          missed += is_masked ? 0 : 1;
        } else if (says == mask_clear) {
          ++land;
          masked += is_masked ? 1 : 0;
        }
      }
    }
  }
  ASSERT_GT(cloud, 5000);
  ASSERT_GT(land, 20000);
  EXPECT_LT(static_cast<double>(missed) / static_cast<double>(cloud), 0.05);
  EXPECT_LT(static_cast<double>(masked) / static_cast<double>(land), 0.01);
  RecordProperty("missed_share", std::to_string(static_cast<double>(missed) / static_cast<double>(cloud)));
  RecordProperty("masked_share", std::to_string(static_cast<double>(masked) / static_cast<double>(land)));
}

}  // namespace
}  // namespace pitwatch
