// Where a grid's pixels lie in rasters of other CRS, against PROJ at every pixel.

#include "pipeline/io/geo/grid_mapping.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

/// The largest distance from PROJ's own answer, over the pixels of the grid, in pixels of the raster.
double worst_error_px(const Grid& grid, const RasterLattice& raster) {
  const GridMapping mapping(grid, raster);
  Reprojection reprojection(grid.crs, raster.crs);
  double worst = 0;
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      const MapPoint point = reprojection(grid.to_map(x + 0.5, y + 0.5));
      const PixelPosition position = mapping.at(x, y);
      worst = std::max({worst, std::abs(position.x + 0.5 - (point.x - raster.origin.x) / raster.pixel_width),
                        std::abs(position.y + 0.5 - (raster.origin.y - point.y) / raster.pixel_height)});
    }
  }
  return worst;
}

const Grid site{"EPSG:32638", {755000, 4432000}, 10, 301, 217};

TEST(GridMapping, IsExactToAHundredthOfAPixelInAnyProjection) {
  EXPECT_LT(worst_error_px(site, {"EPSG:32639", {240000, 4440000}, 10, 10, 3000, 3000}), 0.005);
  EXPECT_LT(worst_error_px(site, {"EPSG:32639", {240000, 4440000}, 60, 60, 500, 500}), 0.005);
  EXPECT_LT(worst_error_px(site, {"EPSG:4326", {47, 41}, 1.0 / 3600, 1.0 / 3600, 7200, 7200}), 0.005);
  EXPECT_LT(worst_error_px(site, {"EPSG:3857", {5200000, 5000000}, 1, 1, 300000, 300000}), 0.005);
  // Around the pole meridians and parallels are nothing like straight: nodes have to lie close.
  const Grid polar{"EPSG:3413", {-9000, 9000}, 100, 180, 180};
  EXPECT_LT(worst_error_px(polar, {"EPSG:32633", {500000, 10000000}, 10, 10, 10000, 10000}), 0.005);
}

TEST(GridMapping, OfTheSameCrsIsALineAlongEachAxis) {
  const GridMapping mapping(site, lattice_of({site.crs, {754990, 4432040}, 20, 500, 500}));
  for (int y = 0; y < site.height; ++y) {
    for (int x = 0; x < site.width; ++x) {
      EXPECT_NEAR(mapping.at(x, y).x, (10 * x + 5 + 10) / 20.0 - 0.5, 1e-3);
      EXPECT_NEAR(mapping.at(x, y).y, (10 * y + 5 + 40) / 20.0 - 0.5, 1e-3);
    }
  }
}

TEST(GridMapping, TheWindowHoldsWhatIsReached) {
  const RasterLattice raster{"EPSG:32639", {242000, 4432000}, 10, 10, 150, 140};
  const GridMapping mapping(site, raster);
  const Window window = mapping.window(1);
  EXPECT_GE(window.x, 0);
  EXPECT_GE(window.y, 0);
  EXPECT_LE(window.right(), raster.width);
  EXPECT_LE(window.bottom(), raster.height);
  int inside = 0;
  for (int y = 0; y < site.height; ++y) {
    for (int x = 0; x < site.width; ++x) {
      const PixelPosition position = mapping.at(x, y);
      const int left = static_cast<int>(std::floor(position.x));
      const int top = static_cast<int>(std::floor(position.y));
      // Of the four by four around it, those that are in the raster.
      const Window needed = intersection({left - 1, top - 1, 4, 4}, {0, 0, raster.width, raster.height});
      if (needed.empty()) continue;
      ++inside;
      EXPECT_EQ(intersection(needed, window), needed) << x << ' ' << y;
    }
  }
  EXPECT_GT(inside, 1000);
  EXPECT_TRUE(GridMapping(site, {"EPSG:32639", {700000, 4432000}, 10, 10, 150, 140}).window(1).empty());
}

TEST(GridMapping, PlacesThatAProjectionDoesNotKnowAreNan) {
  // The other side of the Earth from zone 8's meridian.
  const GridMapping mapping(site, {"EPSG:32608", {0, 0}, 10, 10, 100, 100});
  EXPECT_TRUE(mapping.window(1).empty());
  EXPECT_THROW(GridMapping(site, {"EPSG:1", {0, 0}, 10, 10, 100, 100}), DataError);
}

TEST(GridConvergence, IsThatOfTheMeridian) {
  // atan(tan(longitude - central meridian) sin(latitude)) on the sphere, near enough to a thousandth.
  const LonLat middle = ToWgs84(site.crs)(site.to_map(site.width / 2.0, site.height / 2.0));
  constexpr double per_degree = 3.14159265358979323846 / 180;
  const double expected =
      std::atan(std::tan((middle.lon - 45) * per_degree) * std::sin(middle.lat * per_degree)) / per_degree;
  EXPECT_NEAR(grid_convergence_deg(site), expected, 0.005);
  EXPECT_GT(expected, 1.5);
}

}  // namespace
}  // namespace pitwatch
