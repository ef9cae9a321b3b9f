#include "pipeline/core/mgrs.hpp"

#include <gtest/gtest.h>

#include <string>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

struct KnownTile {
  const char* name;
  const char* crs;
  double left;
  double top;
};

// ULX and ULY of the MTD_TL.xml of real products.
constexpr KnownTile known_tiles[]{
    {"T01CCV", "EPSG:32701", 300000, 2000020}, {"T01LAC", "EPSG:32701", 99960, 8300020},
    {"T01WCS", "EPSG:32601", 300000, 7700040}, {"T07HFE", "EPSG:32707", 600000, 6500020},
    {"T11SLT", "EPSG:32611", 300000, 3800040}, {"T22HBD", "EPSG:32722", 199980, 5900020},
    {"T32TNM", "EPSG:32632", 499980, 4700040}, {"T33XWJ", "EPSG:32633", 499980, 8900040},
    {"T38KQA", "EPSG:32738", 699960, 7600000}, {"T46RER", "EPSG:32646", 499980, 3100020},
    {"T49WDM", "EPSG:32649", 399960, 7200000}, {"T38TPK", "EPSG:32638", 600000, 4500000},
};

TEST(Mgrs, NamesTheTilesOfRealProducts) {
  for (const KnownTile& tile : known_tiles) {
    const MapPoint middle{tile.left + 54900, tile.top - 54900};
    const bool south = std::string(tile.crs)[7] == '7';
    const double latitude = (middle.y - (south ? 1e7 : 0)) / 110900;  // near enough for the band
    EXPECT_EQ(mgrs_tile(tile.crs, middle, latitude), tile.name);
    EXPECT_EQ(crs_of_tile(tile.name), tile.crs);
  }
}

TEST(Mgrs, TileGridIsThatOfRealProducts) {
  for (const KnownTile& tile : known_tiles) {
    const Grid grid = tile_grid(tile.crs, {tile.left + 54900, tile.top - 54900});
    EXPECT_EQ(grid.origin.x, tile.left) << tile.name;
    EXPECT_EQ(grid.origin.y, tile.top) << tile.name;
    EXPECT_EQ(grid.width, 10980);
    EXPECT_EQ(grid.height, 10980);
    EXPECT_EQ(grid.pixel_size_m, 10);
  }
}

TEST(Mgrs, ZoneOfAPlace) {
  EXPECT_EQ(utm_crs(46.614, 40.149), "EPSG:32638");
  EXPECT_EQ(utm_crs(-180, 5), "EPSG:32601");
  EXPECT_EQ(utm_crs(180, -5), "EPSG:32760");
  EXPECT_EQ(utm_crs(6, 50), "EPSG:32632");
}

TEST(Mgrs, OtherTextsAreNoTiles) {
  for (const char* text : {"", "T38", "38TPK", "TAATPK", "T38TPKK"}) EXPECT_EQ(crs_of_tile(text), "") << text;
}

TEST(Mgrs, RefusesWhatHasNoTile) {
  EXPECT_THROW(mgrs_tile("EPSG:3857", {500000, 4500000}, 40), ConfigError);
  EXPECT_THROW(mgrs_tile("EPSG:32638", {500000, 9500000}, 85), ConfigError);
  EXPECT_THROW(mgrs_tile("EPSG:32638", {5000000, 4500000}, 40), ConfigError);
}

}  // namespace
}  // namespace pitwatch
