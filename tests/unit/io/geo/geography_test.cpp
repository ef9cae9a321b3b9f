// Longitudes, latitudes, areas and areas of interest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/vector/aoi.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::write_text;
using ::testing::HasSubstr;
using ::testing::StartsWith;

PixelPolygon rectangle(int left, int top, int right, int bottom) {
  return {{{left, top}, {left, bottom}, {right, bottom}, {right, top}}, {}};
}

TEST(ToWgs84, CentralMeridian) {
  ToWgs84 to_wgs84("EPSG:32638");
  const LonLat p = to_wgs84({500000, 0});
  EXPECT_NEAR(p.lon, 45, 1e-9);
  EXPECT_NEAR(p.lat, 0, 1e-9);
  // Tbilisi, from GDAL's gdaltransform of 44.8 E 41.7 N.
  const LonLat q = to_wgs84({483358.901139504, 4616487.7627701});
  EXPECT_NEAR(q.lon, 44.8, 1e-9);
  EXPECT_NEAR(q.lat, 41.7, 1e-9);
}

TEST(Reprojection, TakesNoDatumForAnother) {
  EXPECT_THAT(message_of<DataError>([] { Reprojection it("EPSG:4004", "EPSG:32638"); }), HasSubstr("is not known"));
  for (const char* known : {"EPSG:4284", "EPSG:4326", "EPSG:4258", "EPSG:4269"}) {
    EXPECT_TRUE(std::isfinite(Reprojection(known, "EPSG:32638")({45, 40}).x)) << known;
  }
  EXPECT_NEAR(Reprojection("EPSG:32639", "EPSG:32638")({600300, 4499750}).y, 4514000, 1e4);
}

TEST(ToWgs84, AxisOrderOfACrsThatNamesNorthFirst) {
  ToWgs84 to_wgs84("EPSG:2180");  // Poland: northing before easting in EPSG's definition
  const LonLat p = to_wgs84({500000, 500000});
  EXPECT_NEAR(p.lon, 19, 1e-6);
  EXPECT_GT(p.lat, 50);
}

TEST(ToWgs84, Refusals) {
  EXPECT_THAT(message_of<DataError>([] { ToWgs84 it("EPSG:999999"); }), HasSubstr("EPSG:999999"));
  EXPECT_THAT(message_of<DataError>([] { ToWgs84 it(""); }), HasSubstr("no transformation"));
  ToWgs84 to_wgs84("EPSG:32638");
  EXPECT_THROW(to_wgs84({1e30, 1e30}), DataError);
}

// Equal-area projections do not change areas: a square of 1 km there is one of 1 km2 on the ellipsoid, wherever it is.
TEST(GeodesicArea, EqualAreaProjectionIsTheReference) {
  for (const MapPoint origin : {MapPoint{0, 0}, MapPoint{3e6, 2e6}, MapPoint{-12e6, -5e6}}) {
    const Grid grid{"EPSG:6933", origin, 10, 1000, 1000};
    EXPECT_NEAR(geodesic_area_m2({rectangle(0, 0, 100, 100)}, grid), 1e6, 60);  // edges are geodesics, not parallels
    EXPECT_NEAR(geodesic_area_m2({rectangle(0, 0, 1, 1)}, grid), 100, 1e-4);
  }
}

TEST(GeodesicArea, UtmScale) {
  // On the central meridian UTM's scale is 0.9996, so 1 ha of grid is 1 / 0.9996^2 ha of ground.
  const Grid grid{"EPSG:32638", {500000, 4600000}, 10, 10980, 10980};
  EXPECT_NEAR(geodesic_area_m2({rectangle(0, 0, 10, 10)}, grid), 1e4 / (0.9996 * 0.9996), 0.01);
}

TEST(GeodesicArea, HolesAndParts) {
  const Grid grid{"EPSG:32638", {600000, 4700000}, 10, 10980, 10980};
  PixelPolygon with_hole = rectangle(0, 0, 40, 40);
  with_hole.holes.push_back({{10, 10}, {20, 10}, {20, 20}, {10, 20}});
  const double outer = geodesic_area_m2({rectangle(0, 0, 40, 40)}, grid);
  const double hole = geodesic_area_m2({rectangle(10, 10, 20, 20)}, grid);
  const double other = geodesic_area_m2({rectangle(100, 100, 110, 120)}, grid);
  ToWgs84 to_wgs84(grid.crs);
  EXPECT_NEAR(geodesic_area_m2({with_hole, rectangle(100, 100, 110, 120)}, grid, to_wgs84), outer - hole + other, 1e-6);
  EXPECT_EQ(geodesic_area_m2({}, grid), 0);
  PixelPolygon reversed = rectangle(0, 0, 40, 40);
  std::reverse(reversed.outer.begin(), reversed.outer.end());
  EXPECT_NEAR(geodesic_area_m2({reversed}, grid), outer, 1e-6);
}

// ---- areas of interest ---------------------------------------------------------------------------------------------

class AoiTest : public ::testing::Test {
 protected:
  /// A GeoJSON file in the grid's own CRS (GDAL reads the old crs member), so that pixel positions are exact.
  std::string in_grid_crs(const std::string& geometries) {
    write_text(
        folder_ / "aoi.geojson",
        R"({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32638"}}, "features": [)" +
            geometries + "]}");
    return folder_ / "aoi.geojson";
  }
  static std::string feature(const std::string& type, const std::string& coordinates) {
    return R"({"type": "Feature", "properties": {}, "geometry": {"type": ")" + type + R"(", "coordinates": )" +
           coordinates + "}}";
  }
  /// In metres right of and above (600000, 4700000 - 1000).
  static std::string ring(const std::vector<std::pair<double, double>>& points) {
    std::string text;
    for (const auto& [x, y] : points) {
      text += (text.empty() ? "[" : ", [") + std::to_string(600000 + x) + ", " + std::to_string(4699000 + y) + "]";
    }
    return "[" + text + "]";
  }
  static std::vector<std::string> burnt(const Aoi& aoi, const Window& window) {
    Plane<std::uint8_t> plane(window.width, window.height);
    aoi.burn(window, plane.view());
    std::vector<std::string> rows;
    for (int y = 0; y < window.height; ++y) {
      rows.emplace_back();
      for (int x = 0; x < window.width; ++x) rows.back() += plane.at(x, y) == 0 ? '.' : plane.at(x, y) == 1 ? '#' : '?';
    }
    return rows;
  }

  TemporaryFolder folder_;
  Grid grid_{"EPSG:32638", {600000, 4700000}, 100, 10, 10};
};

TEST_F(AoiTest, PixelCentreRule) {
  // From x = 149 m to 451 m: the centres at 150, 250, 350 and 450 m are inside.
  const Aoi aoi(
      in_grid_crs(feature("Polygon", "[" + ring({{149, 651}, {451, 651}, {451, 849}, {149, 849}, {149, 651}}) + "]")),
      grid_);
  EXPECT_EQ(aoi.bounds(), (Window{1, 2, 4, 1}));
  EXPECT_EQ(burnt(aoi, {0, 0, 6, 4}), (std::vector<std::string>{"......", "......", ".####.", "......"}));
  EXPECT_EQ(burnt(aoi, {3, 2, 2, 1}), (std::vector<std::string>{"##"}));
  EXPECT_EQ(burnt(aoi, {-2, 1, 4, 2}), (std::vector<std::string>{"....", "...#"}));
  EXPECT_EQ(burnt(aoi, {20, 20, 2, 2}), (std::vector<std::string>{"..", ".."}));
}

TEST_F(AoiTest, OnAnotherGridItIsAsOpenedThere) {
  const std::string path =
      in_grid_crs(feature("Polygon", "[" + ring({{149, 351}, {651, 451}, {551, 849}, {149, 749}, {149, 351}}) + "]"));
  const Aoi aoi(path, grid_);
  Grid part{"EPSG:32638", {600200, 4699800}, 50, 7, 9};
  const Aoi there(path, part);
  EXPECT_EQ(aoi.on(part).bounds(), there.bounds());
  EXPECT_EQ(burnt(aoi.on(part), part.extent()), burnt(there, part.extent()));
  EXPECT_NE(aoi.on(part).bounds(), aoi.bounds());
  EXPECT_EQ(aoi.on(part).on(grid_).bounds(), aoi.bounds());
  part.origin.x += 10'000;
  EXPECT_THAT(message_of<DataError>([&] { aoi.on(part); }), HasSubstr("does not overlap"));
}

TEST_F(AoiTest, HolesUnionsAndCollections) {
  const std::string outer = ring({{0, 500}, {500, 500}, {500, 1000}, {0, 1000}, {0, 500}});
  const std::string hole = ring({{100, 700}, {300, 700}, {300, 900}, {100, 900}, {100, 700}});
  const std::string over_hole = ring({{200, 800}, {600, 800}, {600, 900}, {200, 900}, {200, 800}});
  const std::string multi = "[[" + ring({{0, 0}, {100, 0}, {100, 100}, {0, 100}, {0, 0}}) + "], [" +
                            ring({{900, 0}, {1000, 0}, {1000, 100}, {900, 100}, {900, 0}}) + "]]";
  const std::string path = in_grid_crs(feature("Polygon", "[" + outer + ", " + hole + "]") + ", " +
                                       feature("Polygon", "[" + over_hole + "]") + ", " +
                                       feature("MultiPolygon", multi) + ", " + feature("Point", "[600000, 4700000]"));
  const Aoi aoi(path, grid_);
  EXPECT_EQ(aoi.bounds(), (Window{0, 0, 10, 10}));
  EXPECT_EQ(burnt(aoi, grid_.extent()),
            (std::vector<std::string>{"#####.....", "#.####....", "#..##.....", "#####.....", "#####.....",
                                      "..........", "..........", "..........", "..........", "#........#"}));
}

/// Against an oracle that asks for each pixel whether its centre is inside.
TEST_F(AoiTest, RandomPolygonAgainstPointInPolygon) {
  unsigned random = 12345;
  const auto next = [&] {
    random = random * 1664525U + 1013904223U;
    return static_cast<double>(random >> 8) / (1 << 24) * 1400 - 200;
  };
  for (int round = 0; round < 30; ++round) {
    std::vector<std::pair<double, double>> points;
    for (int i = 0; i < 9; ++i) points.emplace_back(next(), next());
    points.push_back(points.front());
    std::vector<std::string> expected;
    bool any = false;
    for (int row = 0; row < 10; ++row) {
      expected.emplace_back();
      for (int column = 0; column < 10; ++column) {
        const double px = column * 100 + 50;
        const double py = 1000 - (row * 100 + 50);
        bool inside = false;
        for (std::size_t i = 0; i + 1 < points.size(); ++i) {
          const auto [ax, ay] = points[i];
          const auto [bx, by] = points[i + 1];
          if ((ay > py) != (by > py) && px < (bx - ax) * (py - ay) / (by - ay) + ax) inside = !inside;
        }
        expected.back() += inside ? '#' : '.';
        any = any || inside;
      }
    }
    if (!any) continue;
    const Aoi aoi(in_grid_crs(feature("Polygon", "[" + ring(points) + "]")), grid_);
    EXPECT_EQ(burnt(aoi, grid_.extent()), expected) << "round " << round;
  }
}

TEST_F(AoiTest, LongitudesAndLatitudesAreTransformed) {
  const Grid grid{"EPSG:32638", {483000, 4617000}, 10, 100, 100};
  ToWgs84 to_wgs84(grid.crs);
  std::string corners;
  for (const auto& [x, y] : {std::pair{20.2, 30.2}, {60.2, 30.2}, {60.2, 50.2}, {20.2, 50.2}, {20.2, 30.2}}) {
    const LonLat p = to_wgs84(grid.to_map(x, y));
    char text[80];
    std::snprintf(text, sizeof text, "%s[%.9f, %.9f]", corners.empty() ? "" : ", ", p.lon, p.lat);
    corners += text;
  }
  write_text(folder_ / "a.geojson", R"({"type": "Polygon", "coordinates": [[)" + corners + "]]}");
  EXPECT_EQ(Aoi(folder_ / "a.geojson", grid).bounds(), (Window{20, 30, 40, 20}));
}

TEST_F(AoiTest, Refusals) {
  const std::string far = feature("Polygon", "[" + ring({{5000, 0}, {6000, 0}, {6000, 100}, {5000, 0}}) + "]");
  EXPECT_THAT(message_of<DataError>([&] { Aoi aoi(in_grid_crs(far), grid_); }),
              AllOf(StartsWith(folder_ / "aoi.geojson"), HasSubstr("AOI"), HasSubstr("does not overlap")));
  EXPECT_THAT(message_of<DataError>([&] { Aoi aoi(in_grid_crs(feature("Point", "[600000, 4700000]")), grid_); }),
              HasSubstr("no polygon"));
  EXPECT_THAT(message_of<DataError>([&] { Aoi aoi(in_grid_crs(""), grid_); }), HasSubstr("no polygon"));
  EXPECT_THAT(message_of<DataError>([&] { Aoi aoi(folder_ / "none.geojson", grid_); }),
              StartsWith((folder_ / "none.geojson") + ": cannot open"));
  write_text(folder_ / "b.geojson",
             R"({"type": "Polygon", "coordinates": [[[0, 1e300], [1, 0], [1, 1], [0, 1e300]]]})");
  EXPECT_THROW(Aoi(folder_ / "b.geojson", grid_), DataError);
  write_text(folder_ / "c.geojson", "{\"type\": \"Poly");
  EXPECT_THROW(Aoi(folder_ / "c.geojson", grid_), DataError);
}

}  // namespace
}  // namespace pitwatch
