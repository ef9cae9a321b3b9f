// pitwatch index of scenes of several tiles, zones and odd sizes: which ground its rasters have.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int side_px = 128;

struct Made {
  std::string id;
  std::string day = "2021-06-10";
  std::string crs = "EPSG:32638";
  double x = 600000;
  double nir = 0.26;
  int width = side_px;
  int height = side_px;
  std::string datatake = "";
  std::string crs_of_nir = "";  // another one
  bool has_nir = true;          // else nothing of it is measured
};

/// Fields of eight pixels, each of its own.
double field(int x, int y) { return std::fmod(std::sin((x / 8) * 12.9898 + (y / 8) * 78.233) * 43758.5453, 1.0); }

/// A scene of B04 and B08; returns its item.
std::string make_scene(const std::string& folder, const Made& made) {
  const std::string place = folder + "/" + made.id;
  fs::create_directories(place);
  json assets;
  const Grid grid{made.crs, {made.x, 4500000}, 10, made.width, made.height};
  for (const bool is_nir : {false, true}) {
    Plane<std::uint16_t> dn(made.width, made.height);
    for (int y = 0; y < made.height; ++y) {
      for (int x = 0; x < made.width; ++x) {
        const double part = field(x, y);
        const double reflectance = is_nir ? made.nir - 0.05 * part : 0.09 + 0.03 * part;
        const bool is_measured = !is_nir || made.has_nir;
        dn.at(x, y) = is_measured ? static_cast<std::uint16_t>(std::lround(reflectance * 10000 + 1000)) : 0;
      }
    }
    const std::string name = is_nir ? "B08" : "B04";
    Grid lies = grid;
    if (is_nir && !made.crs_of_nir.empty()) lies.crs = made.crs_of_nir;
    write_geotiff_u16(place + "/" + name + ".tif", lies, std::as_const(dn).view(), 0);
    assets[name] = {{"href", "./" + name + ".tif"},
                    {"raster:bands", {{{"scale", 0.0001}, {"offset", -0.1}, {"nodata", 0}}}}};
  }
  json item{{"type", "Feature"},
            {"stac_version", "1.0.0"},
            {"id", made.id},
            {"geometry", nullptr},
            {"links", json::array()},
            {"assets", assets},
            {"properties",
             {{"datetime", made.day + "T07:50:00Z"},
              {"platform", "sentinel-2a"},
              {"s2:product_type", "S2MSI2A"},
              {"s2:processing_baseline", "05.00"},
              {"s2:mgrs_tile", made.id.substr(0, 5)}}}};
  if (!made.datatake.empty()) item["properties"]["s2:datatake_id"] = made.datatake;
  const std::string path = place + "/item.json";
  test::write_text(path, item.dump());
  // As if it had been there for long.
  for (const auto& entry : fs::directory_iterator(place)) {
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  return path;
}

struct Raster {
  int width = 0;
  int height = 0;
  double x = 0;
  double y = 0;
  std::string crs;
  std::string scenes;
  std::string less_scenes;
  std::vector<float> values;
  float at(int column, int row) const {
    return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)];
  }
  double share_with_value(int from, int to) const {
    int count = 0;
    for (int row = 0; row < height; ++row) {
      for (int column = from; column < to; ++column) count += std::isnan(at(column, row)) ? 0 : 1;
    }
    return static_cast<double>(count) / (static_cast<double>(to - from) * height);
  }
};

Raster read(const std::string& path) {
  GDALAllRegister();
  const std::unique_ptr<void, void (*)(void*)> file(GDALOpen(path.c_str(), GA_ReadOnly),
                                                    [](void* it) { GDALClose(it); });
  if (!file) throw std::runtime_error("cannot open " + path);
  Raster raster;
  raster.width = GDALGetRasterXSize(file.get());
  raster.height = GDALGetRasterYSize(file.get());
  std::array<double, 6> transform{};
  GDALGetGeoTransform(file.get(), transform.data());
  raster.x = transform[0];
  raster.y = transform[3];
  raster.crs = GDALGetProjectionRef(file.get());
  const auto item = [&](const char* name) {
    const char* const text = GDALGetMetadataItem(file.get(), name, nullptr);
    return std::string(text != nullptr ? text : "");
  };
  raster.scenes = item("SCENES");
  raster.less_scenes = item("LESS_SCENES");
  raster.values.resize(static_cast<std::size_t>(raster.width) * static_cast<std::size_t>(raster.height));
  if (GDALRasterIO(GDALGetRasterBand(file.get(), 1), GF_Read, 0, 0, raster.width, raster.height, raster.values.data(),
                   raster.width, raster.height, GDT_Float32, 0, 0) != CE_None) {
    throw std::runtime_error("cannot read " + path);
  }
  return raster;
}

class IndexGround : public testing::Test {
 protected:
  test::Outcome index(std::vector<std::string> arguments) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "index", "--index", "NDVI", "--no-masks"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return test::run_process(command);
  }

  /// A square of map metres in zone 38 as an area of interest.
  std::string area(double west, double south, double east, double north) const {
    const json ring = {{west, south}, {east, south}, {east, north}, {west, north}, {west, south}};
    const json collection{{"type", "FeatureCollection"},
                          {"crs", {{"type", "name"}, {"properties", {{"name", "urn:ogc:def:crs:EPSG::32638"}}}}},
                          {"features",
                           {{{"type", "Feature"},
                             {"properties", json::object()},
                             {"geometry", {{"type", "Polygon"}, {"coordinates", json::array({ring})}}}}}}};
    const std::string path = folder_ / "area.geojson";
    test::write_text(path, collection.dump());
    return path;
  }

  test::TemporaryFolder folder_;
  const std::string source_ = folder_ / "source";
  const std::string out_ = folder_ / "out.tif";
};

const std::string one_pass = "GS2A_20210610T075000_031000_N05.00";

TEST_F(IndexGround, AnAcquisitionOfTwoTilesIsShownWhole) {
  make_scene(source_, {.id = "38TPL_a", .datatake = one_pass});
  make_scene(source_, {.id = "38TQL_b", .x = 600000 + 10 * side_px, .nir = 0.4, .datatake = one_pass});
  const test::Outcome outcome = index({source_, "--out", out_});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Raster raster = read(out_);
  EXPECT_EQ(raster.width, 2 * side_px);
  EXPECT_EQ(raster.height, side_px);
  EXPECT_EQ(raster.x, 600000);
  EXPECT_EQ(raster.share_with_value(0, raster.width), 1);
  EXPECT_GT(raster.at(side_px, 9), raster.at(0, 9) + 0.1) << "the other tile is greener";
  EXPECT_THAT(raster.scenes, AllOf(HasSubstr("38TPL_a"), HasSubstr("38TQL_b")));
}

TEST_F(IndexGround, ACompositeShowsTheGroundOfAllThatLieInOneZone) {
  make_scene(source_, {.id = "38TPL_a"});
  make_scene(source_, {.id = "38TPL_b", .day = "2021-06-20", .x = 600640});
  make_scene(source_, {.id = "37TQL_c", .day = "2021-06-30", .crs = "EPSG:32637", .x = 500000});
  const test::Outcome outcome = index({source_, "--composite", "median", "--out", out_});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("37TQL_c is left out: lies beyond"), Not(HasSubstr("38TPL_b"))));
  const Raster raster = read(out_);
  EXPECT_EQ(raster.width, side_px + 64);
  EXPECT_EQ(raster.share_with_value(0, raster.width), 1);
  EXPECT_EQ(raster.scenes, "38TPL_a 38TPL_b");

  const test::Outcome difference = index({source_, "--composite", "median", "--from", "2021-06-15", "--to",
                                          "2021-06-25", "--before-to", "2021-06-12", "--out", out_});
  EXPECT_EQ(difference.exit_code, 0) << difference.err;
  const Raster both = read(out_);
  EXPECT_EQ(both.width, side_px + 64);
  EXPECT_EQ(both.x, 600000);
  EXPECT_EQ(both.share_with_value(64, side_px), 1) << "what both show";
  EXPECT_EQ(both.share_with_value(0, 64), 0);
  EXPECT_EQ(both.scenes, "38TPL_b");
  EXPECT_EQ(both.less_scenes, "38TPL_a");

  const test::Outcome apart = index({source_, "--composite", "median", "--to", "2021-06-25", "--before-from",
                                     "2021-06-26", "--out", folder_ / "apart.tif"});
  EXPECT_EQ(apart.exit_code, 3);
  EXPECT_THAT(apart.err, HasSubstr("no ground in common"));
}

TEST_F(IndexGround, RastersOfASeriesHaveEachItsOwn) {
  make_scene(source_, {.id = "38TPL_a"});
  make_scene(source_, {.id = "37TQL_c", .day = "2021-06-30", .crs = "EPSG:32637", .x = 500000});
  const test::Outcome outcome = index({source_, "--out", folder_ / "out"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const std::string day : {"20210610", "20210630"}) {
    const Raster raster = read(folder_ / ("out/NDVI_" + day + "T075000Z.tif"));
    EXPECT_EQ(raster.share_with_value(0, raster.width), 1) << day;
    EXPECT_THAT(raster.crs, HasSubstr(day == "20210610" ? "zone 38N" : "zone 37N"));
  }
}

TEST_F(IndexGround, AnAreaOfInterestAstrideTilesIsWhole) {
  make_scene(source_, {.id = "38TPL_a", .datatake = one_pass});
  make_scene(source_, {.id = "38TQL_b", .x = 600000 + 10 * side_px, .datatake = one_pass});
  make_scene(source_, {.id = "38TRL_c", .day = "2021-06-20", .x = 700000});
  const double seam = 600000 + 10 * side_px;
  const std::string aoi = area(seam - 200, 4499000, seam + 300, 4499400);
  const test::Outcome outcome = index({source_, "--aoi", aoi, "--composite", "median", "--out", out_});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("38TRL_c is left out: "));
  const Raster raster = read(out_);
  EXPECT_EQ(raster.x, seam - 200);
  EXPECT_EQ(raster.width, 50);
  EXPECT_EQ(raster.height, 40);
  EXPECT_EQ(raster.share_with_value(0, raster.width), 1);
  EXPECT_THAT(raster.scenes, AllOf(HasSubstr("38TPL_a"), HasSubstr("38TQL_b"), Not(HasSubstr("38TRL_c"))));
}

TEST_F(IndexGround, WhatDoesNotFitIntoTheMemoryIsRefusedWithAWayOut) {
  make_scene(source_, {.id = "38TPL_a"});
  make_scene(source_, {.id = "38TRL_c", .day = "2021-06-20", .x = 900000});
  make_scene(source_, {.id = "38TSL_d", .day = "2021-06-21", .x = 100000});
  // 80 000 columns, but few rows; a southern row makes it large.
  const test::Outcome outcome = index({source_, "--composite", "median", "--memory", "128M", "--out", out_});
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--memory"), HasSubstr("--aoi")));
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(IndexGround, TheLastColumnAndRowOfAnOddSizeAreThere) {
  const std::string item = make_scene(source_, {.id = "38TPL_a", .width = 127, .height = 125});
  const test::Outcome outcome = index({item, "--out", out_});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Raster raster = read(out_);
  EXPECT_EQ(raster.width, 127);
  EXPECT_EQ(raster.height, 125);
  EXPECT_EQ(raster.share_with_value(0, raster.width), 1);
}

TEST_F(IndexGround, ABandOfAnotherZoneIsRefusedByName) {
  for (const std::string crs : {"EPSG:32637", "EPSG:32738"}) {
    const std::string item = make_scene(source_, {.id = "38TPL_a", .crs_of_nir = crs});
    const test::Outcome outcome = index({item, "--out", out_});
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("B08: " + source_), HasSubstr("shows other ground than B04: "),
                                   HasSubstr("it lies in " + crs + ", the other in EPSG:32638")));
    EXPECT_FALSE(fs::exists(out_));
  }
}

TEST_F(IndexGround, ARasterWithoutAnyValueIsNamed) {
  const std::string item = make_scene(source_, {.id = "38TPL_a", .has_nir = false});
  const test::Outcome alone = index({item, "--gate", "off", "--offset-check", "off", "--out", out_});
  EXPECT_EQ(alone.exit_code, 3) << alone.err;
  EXPECT_THAT(alone.err, HasSubstr(out_ + ": no pixel has a value"));
  make_scene(source_, {.id = "38TPL_b", .day = "2021-06-20"});
  const test::Outcome both = index({source_, "--gate", "off", "--offset-check", "off", "--out", folder_ / "out"});
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_THAT(both.err, AllOf(HasSubstr("NDVI_20210610T075000Z.tif: no pixel has a value"),
                              Not(HasSubstr("NDVI_20210620T075000Z.tif"))));
}

TEST_F(IndexGround, ASiteThatNoAcquisitionShowsIsNamedOnce) {
  make_scene(source_, {.id = "38TPL_a"});
  make_scene(source_, {.id = "38TPL_b", .day = "2021-06-20"});
  json features = json::array();
  for (const auto& [id, east] : {std::pair("near", 0.0), std::pair("far", 1.0)}) {
    const double west = 46.187 + east;
    const json ring = {{west, 40.637}, {west + 0.006, 40.637}, {west + 0.006, 40.642}, {west, 40.642}, {west, 40.637}};
    features.push_back({{"type", "Feature"},
                        {"properties", {{"id", id}, {"name", id}}},
                        {"geometry", {{"type", "Polygon"}, {"coordinates", json::array({ring})}}}});
  }
  const std::string sites = folder_ / "sites.geojson";
  test::write_text(sites, json{{"type", "FeatureCollection"}, {"features", features}}.dump());
  const test::Outcome outcome = index({source_, "--sites", sites, "--table", folder_ / "table.csv"});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("site far is left out: no acquisition that can be used shows it"));
  EXPECT_EQ(outcome.err.find("far"), outcome.err.rfind("far")) << outcome.err;
  const std::string table = test::read_text(folder_ / "table.csv");
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << table;

  // Over what is read nothing is written.
  const std::string item = source_ + "/38TPL_a/item.json";
  const std::string before = test::read_text(item);
  const test::Outcome over = index({source_, "--sites", sites, "--table", item});
  EXPECT_EQ(over.exit_code, 2);
  EXPECT_THAT(over.err, AllOf(HasSubstr("--table " + item), HasSubstr("it would be lost")));
  EXPECT_EQ(test::read_text(item), before);
  const std::string picture = folder_ / "sites_near.svg";
  fs::rename(sites, picture);  // which the plot of one of two sites would be
  const test::Outcome drawn = index({source_, "--sites", picture, "--plot", folder_ / "sites.svg"});
  EXPECT_EQ(drawn.exit_code, 2) << drawn.err;
  EXPECT_THAT(drawn.err, HasSubstr("is a file that is read"));
}

}  // namespace
}  // namespace pitwatch
