// Elevations from rasters of several kinds and CRS onto a grid.

#include "pipeline/io/raster/elevation.hpp"

#include <gdal/gdal.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Grid site{"EPSG:32638", {600000, 4500000}, 10, 60, 50};

/// A hill 300 m high and some kilometres wide.
double hill(MapPoint utm) {
  const double x = (utm.x - 600200) / 1500;
  const double y = (utm.y - 4499800) / 1200;
  return 800 + 300 * std::exp(-(x * x + y * y));
}

struct Raster {
  const char* crs = "EPSG:32638";
  double left = 599000;
  double top = 4501000;
  double pixel_width = 30;
  double pixel_height = 30;
  int width = 100;
  int height = 100;
  GDALDataType type = GDT_Float32;
  const char* unit = "";
  double nodata = -9999;
  double scale = 1;
  const char* driver = "GTiff";
};

class ElevationTest : public ::testing::Test {
 protected:
  ElevationTest() { initialise_gdal(1 << 24); }

  std::string write(const Raster& raster, const std::function<double(MapPoint)>& value) {
    const std::string path = folder_ / "dem.tif";
    const std::unique_ptr<void, void (*)(GDALDatasetH)> file(
        GDALCreate(GDALGetDriverByName(raster.driver), path.c_str(), raster.width, raster.height, 1, raster.type,
                   nullptr),
        [](GDALDatasetH open) { GDALClose(open); });
    double transform[6] = {raster.left, raster.pixel_width, 0, raster.top, 0, -raster.pixel_height};
    GDALSetGeoTransform(file.get(), transform);
    if (raster.crs != nullptr) {
      const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
      OSRSetFromUserInput(crs, raster.crs);
      GDALSetSpatialRef(file.get(), crs);
      OSRDestroySpatialReference(crs);
    }
    const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
    if (!std::isnan(raster.nodata)) GDALSetRasterNoDataValue(band, raster.nodata);
    GDALSetRasterUnitType(band, raster.unit);
    if (raster.scale != 1) GDALSetRasterScale(band, raster.scale);
    std::vector<double> row(static_cast<std::size_t>(raster.width));
    for (int y = 0; y < raster.height; ++y) {
      for (int x = 0; x < raster.width; ++x) {
        const MapPoint point{raster.left + (x + 0.5) * raster.pixel_width,
                             raster.top - (y + 0.5) * raster.pixel_height};
        row[static_cast<std::size_t>(x)] = value(point) / raster.scale;
      }
      EXPECT_EQ(GDALRasterIO(band, GF_Write, 0, y, raster.width, 1, row.data(), raster.width, 1, GDT_Float64, 0, 0),
                CE_None);
    }
    return path;
  }

  /// The largest error against the hill; NaN counts as infinite.
  static double worst_m(const Plane<float>& elevation) {
    double worst = 0;
    for (int y = 0; y < elevation.height(); ++y) {
      for (int x = 0; x < elevation.width(); ++x) {
        const double error = std::abs(elevation.at(x, y) - hill(site.to_map(x + 0.5, y + 0.5)));
        worst = std::isnan(error) ? HUGE_VAL : std::max(worst, error);
      }
    }
    return worst;
  }

  TemporaryFolder folder_;
};

TEST_F(ElevationTest, ComesFromCoarserPixelsAndOtherCrs) {
  EXPECT_LT(worst_m(read_elevation(write({}, hill), site)), 0.02);
  // Seconds of arc, as models of the whole Earth have them.
  ToWgs84 to_wgs84("EPSG:32638");
  const auto geographic = [&](MapPoint degrees) { return hill(to_wgs84.to_map({degrees.x, degrees.y})); };
  const LonLat corner = to_wgs84({599000, 4501500});
  Raster arc{"EPSG:4326", corner.lon, corner.lat, 1.0 / 3600, 1.0 / 3600, 150, 150};
  EXPECT_LT(worst_m(read_elevation(write(arc, geographic), site)), 0.02);
  arc.crs = "EPSG:9707";  // WGS 84 with heights above EGM96: only where things lie counts
  EXPECT_LT(worst_m(read_elevation(write(arc, geographic), site)), 0.02);
  // The neighbouring UTM zone.
  Reprojection to_38("EPSG:32639", "EPSG:32638");
  const MapPoint there = Reprojection("EPSG:32638", "EPSG:32639")({600300, 4499750});
  const Raster next{"EPSG:32639", there.x - 1500, there.y + 1500};
  EXPECT_LT(worst_m(read_elevation(write(next, [&](MapPoint point) { return hill(to_38(point)); }), site)), 0.02);
}

TEST_F(ElevationTest, IsAveragedFromFinerPixels) {
  const auto rough = [](MapPoint point) {
    // A chequer of 1 m between the pixels of 2 m, which pixels of 10 m do not have.
    const long parity = std::lround(std::floor(point.x / 2) + std::floor(point.y / 2)) % 2;
    return hill(point) + (parity == 0 ? 1 : -1);
  };
  const Raster fine{"EPSG:32638", 599900, 4500100, 2, 2, 500, 500};
  EXPECT_LT(worst_m(read_elevation(write(fine, rough), site)), 0.35);  // 5 x 5 pixels: one is left over
}

TEST_F(ElevationTest, TypesScalesAndUnits) {
  Raster whole;
  whole.type = GDT_Int16;
  EXPECT_LT(worst_m(read_elevation(write(whole, hill), site)), 0.7);
  whole.scale = 0.1;
  whole.unit = "m";
  EXPECT_LT(worst_m(read_elevation(write(whole, hill), site)), 0.1);
  whole.unit = "ft";
  const std::string path = write(whole, hill);
  EXPECT_THAT(message_of<DataError>([&] { read_elevation(path, site); }), HasSubstr("are in 'ft', not in metres"));
}

TEST_F(ElevationTest, WhatIsNotThereIsNan) {
  const auto is_gap = [](MapPoint point) { return point.x > 600300 && point.x < 600330; };
  for (const double gap : {-9999.0, -32768.0, std::nan("")}) {  // of which the file declares the first
    const Plane<float> elevation =
        read_elevation(write({}, [&](MapPoint point) { return is_gap(point) ? gap : hill(point); }), site);
    for (int y = 0; y < site.height; ++y) {
      for (int x = 0; x < site.width; ++x) {
        const bool expected = x >= 29 && x < 32;  // one pixel of 30 m: from 600290 on
        ASSERT_EQ(std::isnan(elevation.at(x, y)), expected) << gap << ' ' << x << ' ' << y;
        if (expected) continue;
        ASSERT_NEAR(elevation.at(x, y), hill(site.to_map(x + 0.5, y + 0.5)), 0.5);
      }
    }
  }
  const Raster half{"EPSG:32638", 600300, 4501000};
  const Plane<float> elevation = read_elevation(write(half, hill), site);
  EXPECT_TRUE(std::isnan(elevation.at(29, 10)));
  EXPECT_FALSE(std::isnan(elevation.at(30, 10)));
}

TEST_F(ElevationTest, UsualFillsAreNoneWhateverTheRasterSays) {
  const auto is_gap = [](MapPoint point) { return point.x > 600300 && point.x < 600330; };
  for (const double fill : {-9999.0, -32768.0, -32767.0, 32767.0}) {
    for (const double scale : {1.0, 0.1}) {  // scaled, they would pass for heights
      Raster raster;
      raster.type = GDT_Int16;
      raster.nodata = NAN;
      raster.scale = scale;
      const auto with_gap = [&](MapPoint point) { return is_gap(point) ? fill * scale : hill(point); };
      const Plane<float> elevation = read_elevation(write(raster, with_gap), site);
      EXPECT_TRUE(std::isnan(elevation.at(31, 20))) << fill;
      EXPECT_NEAR(elevation.at(10, 20), hill(site.to_map(10.5, 20.5)), 1) << fill;
      raster = {"EPSG:32638", 599900, 4500100, 2, 2, 500, 500, GDT_Int16, "", NAN, scale};
      const Plane<float> averaged = read_elevation(write(raster, with_gap), site);
      EXPECT_TRUE(std::isnan(averaged.at(31, 20))) << fill;
      for (int x = 0; x < site.width; ++x) {
        if (std::isnan(averaged.at(x, 20))) continue;
        EXPECT_NEAR(averaged.at(x, 20), hill(site.to_map(x + 0.5, 20.5)), 3) << x;
      }
    }
  }
  for (const double declared : {-32768.0, 0.0}) {  // as of mosaics, of which one part has -9999
    Raster mosaic;
    mosaic.nodata = declared;
    const Plane<float> elevation =
        read_elevation(write(mosaic, [&](MapPoint point) { return is_gap(point) ? -9999 : hill(point); }), site);
    EXPECT_TRUE(std::isnan(elevation.at(30, 20))) << declared;
    EXPECT_NEAR(elevation.at(10, 20), hill(site.to_map(10.5, 20.5)), 0.5) << declared;
  }
}

TEST_F(ElevationTest, TheUnitOfTheVerticalCrsCounts) {
  const std::string tiff = write({}, hill);
  const std::string path = folder_ / "feet.vrt";
  const auto vrt = [&](const std::string& crs, const std::string& unit) {
    test::write_text(path,
                     R"(<VRTDataset rasterXSize="100" rasterYSize="100"><SRS>)" + crs +
                         "</SRS><GeoTransform>599000, 30, 0, 4501000, 0, -30</GeoTransform>" +
                         R"(<VRTRasterBand dataType="Float32" band="1">)" + unit + "<SimpleSource>" +
                         R"(<SourceFilename relativeToVRT="0">)" + tiff +
                         "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>");
  };
  vrt("EPSG:32638+6360", "");
  EXPECT_EQ(message_of<DataError>([&] { read_elevation(path, site); }),
            path + ": its elevations are in 'US survey foot' by its vertical CRS, not in metres");
  EXPECT_THROW(check_elevation(path), DataError);
  vrt("EPSG:32638+6360", "<UnitType>m</UnitType>");
  EXPECT_THROW(read_elevation(path, site), DataError) << "which of the two it is in is not known";
  vrt("EPSG:32638+5773", "");
  EXPECT_LT(worst_m(read_elevation(path, site)), 0.02);
}

TEST_F(ElevationTest, APixelHasTheSideThatItHasThere) {
  EXPECT_NEAR(elevation_pixel_m(write({}, hill), site).value_or(0), 30, 1e-3);
  EXPECT_NEAR(elevation_pixel_m(write({"EPSG:32638", 598000, 4502000, 1000, 1000, 5, 5}, hill), site).value_or(0), 1000,
              1);
  const LonLat corner = ToWgs84("EPSG:32638")({599000, 4501500});
  const Raster arc{"EPSG:4326", corner.lon, corner.lat, 1.0 / 3600, 1.0 / 3600, 150, 150};
  EXPECT_NEAR(elevation_pixel_m(write(arc, hill), site).value_or(0), 27, 1);  // 31 m by 23.5
  Raster elsewhere;
  elsewhere.left = 650000;
  EXPECT_FALSE(elevation_pixel_m(write(elsewhere, hill), site));
}

TEST_F(ElevationTest, WhatIsNoElevationModelIsRefused) {
  std::uint32_t state = 1;
  const auto reflectance = [&](MapPoint) {
    state = state * 1664525 + 1013904223;
    return 800 + (state >> 16) % 2000;
  };
  Raster band{"EPSG:32638", 599000, 4501000, 10, 10, 300, 300, GDT_UInt16};
  const std::string path = write(band, reflectance);
  const std::string message = message_of<DataError>([&] { read_elevation(path, site); });
  EXPECT_THAT(message, StartsWith(path + ": is no elevation model: the median slope is 8"));
  const std::vector<std::string> both{path, path};
  EXPECT_EQ(message_of<DataError>([&] { read_elevations(both, site); }), message);
  // As steep as the wall of a pit can be throughout.
  const auto wall = [](MapPoint point) { return 800 + 2 * (point.x - 600000); };
  EXPECT_NEAR(read_elevation(write({}, wall), site).at(30, 20), wall(site.to_map(30.5, 20.5)), 0.5);
}

TEST_F(ElevationTest, RefusalsNameTheFile) {
  const auto refusal = [&](const Raster& raster) {
    const std::string path = write(raster, hill);
    const std::string message = message_of<DataError>([&] { read_elevation(path, site); });
    EXPECT_THAT(message, StartsWith(path));
    return message;
  };
  Raster raster;
  raster.left = 650000;
  EXPECT_THAT(refusal(raster), HasSubstr("lies elsewhere"));
  raster = {};
  raster.nodata = 0;
  raster.crs = nullptr;
  EXPECT_THAT(refusal(raster), HasSubstr("no coordinate reference system"));
  const std::string empty = write({}, [](MapPoint) { return -9999; });
  EXPECT_THAT(message_of<DataError>([&] { read_elevation(empty, site); }), HasSubstr("no elevation there"));
  EXPECT_THAT(message_of<DataError>([&] { read_elevation(folder_ / "nothing.tif", site); }),
              HasSubstr("nothing.tif: cannot open"));
}

}  // namespace
}  // namespace pitwatch
