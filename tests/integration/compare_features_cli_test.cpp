// compare --feature from outside: what changes in a feature alone is found with it and not without, where it is, and
// what cannot be is refused in one line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/integration/own_images.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::Outcome;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr int side_px = 256;
constexpr Window patch{96, 120, 40, 30};   // of pixels of 10 m: 12 ha
constexpr Window steady{180, 40, 40, 30};  // as bright on both dates
const Grid grid{"EPSG:32638", {637000, 4446000}, 10, side_px, side_px};

bool is_in(const Window& window, int x, int y) {
  return x >= window.x && x < window.right() && y >= window.y && y < window.bottom();
}

/// Reflectance at a pixel of 10 m: fields of 5 x 5 pixels, those of a place alike in all bands; noise by date.
double reflectance(Date date, Band band, int x, int y) {
  const auto field = static_cast<unsigned>(x / 5 + 1000 * (y / 5)) * 2654435761U >> 16;
  const double texture = field % 1000 / 1000.0 - 0.5;
  const bool is_swir = band == Band::B11;
  double value = (is_swir ? 0.28 : band == Band::B08 ? 0.26 : band == Band::B04 ? 0.15 : 0.10) * (1 + 0.1 * texture);
  if (is_swir && is_in(steady, x, y)) value *= 1.4;
  if (is_swir && date == Date::after && is_in(patch, x, y)) value *= 1.4;
  return value;
}

class CompareFeatures : public ::testing::Test {
 protected:
  CompareFeatures() {
    write_scene(Date::before, "2025-06-12T08:06:11Z");
    write_scene(Date::after, "2025-08-31T08:06:13Z");
  }

  static std::string name_of(Date date) { return date == Date::before ? "before" : "after"; }

  void write_scene(Date date, const std::string& datetime) const {
    json assets = json::object();
    std::mt19937 random(date == Date::before ? 1 : 2);
    std::normal_distribution<double> noise(0, 20);
    for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
      const int by = band == Band::B11 ? 2 : 1;
      const Grid own{grid.crs, grid.origin, grid.pixel_size_m * by, side_px / by, side_px / by};
      Plane<std::uint16_t> dn(own.width, own.height);
      for (int y = 0; y < own.height; ++y) {
        for (int x = 0; x < own.width; ++x) {
          dn.at(x, y) =
              static_cast<std::uint16_t>(std::lround(1e4 * reflectance(date, band, x * by, y * by) + noise(random)));
        }
      }
      const std::string file = name_of(date) + "_" + std::string(name(band)) + ".tif";
      write_geotiff_u16(folder_ / file, own, dn.view(), 0);
      assets[std::string(name(band))] = {{"href", file},
                                         {"raster:bands", {{{"nodata", 0}, {"scale", 1e-4}, {"offset", 0}}}}};
    }
    const json item{{"type", "Feature"},
                    {"stac_version", "1.0.0"},
                    {"id", name_of(date)},
                    {"properties", {{"datetime", datetime}, {"platform", "sentinel-2a"}}},
                    {"assets", assets}};
    test::write_text(folder_ / (name_of(date) + ".json"), item.dump());
  }

  Outcome compare(const std::string& out, const std::vector<std::string>& more) const {
    std::vector<std::string> command{PITWATCH_PROGRAM,       "compare", folder_ / "before.json",
                                     folder_ / "after.json", "--out",   folder_ / out};
    command.insert(command.end(), more.begin(), more.end());
    return test::run_process(command);
  }

  json alerts(const std::string& out) const {
    return json::parse(test::read_text(folder_ / (out + "/alerts.geojson"))).at("features");
  }
  json record(const std::string& out) const { return json::parse(test::read_text(folder_ / (out + "/run.json"))); }

  /// Pixels of the polygons and of the patch alike, over those of either.
  double overlap_with_patch(const std::string& out) const {
    const BandFile file(folder_ / (out + "/mask.tif"));
    Plane<std::uint16_t> classes(side_px, side_px);
    file.read_window(grid.extent(), classes.view());
    int both = 0;
    int either = 0;
    for (int y = 0; y < side_px; ++y) {
      for (int x = 0; x < side_px; ++x) {
        const bool is_found = classes.at(x, y) != 0 && classes.at(x, y) != 255;
        both += is_found && is_in(patch, x, y) ? 1 : 0;
        either += is_found || is_in(patch, x, y) ? 1 : 0;
      }
    }
    return static_cast<double>(both) / either;
  }

  /// One line that names all of `words`, and nothing written.
  void expect_refusal(const std::vector<std::string>& options, int exit_code,
                      const std::vector<std::string>& words) const {
    const Outcome outcome = compare("refused", options);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("pitwatch: error: "));
    for (const std::string& word : words) EXPECT_THAT(outcome.err, HasSubstr(word));
    EXPECT_THAT(test::names_in(folder_ / "refused"), IsEmpty());
  }

  test::TemporaryFolder folder_;
};

TEST_F(CompareFeatures, WhatChangesInAFeatureAloneIsFoundWithIt) {
  ASSERT_EQ(compare("plain", {}).exit_code, 0);
  EXPECT_THAT(alerts("plain"), IsEmpty());
  const json plain = record("plain");
  EXPECT_FALSE(plain.at("model").contains("features"));
  EXPECT_FALSE(plain.at("options").contains("features"));

  const Outcome outcome = compare("dust", {"--feature", "dust=B11/B08"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  ASSERT_THAT(alerts("dust"), SizeIs(1)) << "in the patch that changed, not in the one that is as it was";
  EXPECT_GT(overlap_with_patch("dust"), 0.8);
  EXPECT_NEAR(alerts("dust")[0].at("properties").at("area_ha").get<double>(), 12, 2.5);  // B11 has pixels of 20 m
  const json run = record("dust");
  EXPECT_EQ(run.at("options").at("features"), "dust=B11/B08");
  const json& feature = run.at("model").at("features").at(0);
  EXPECT_EQ(feature.at("name"), "dust");
  EXPECT_EQ(feature.at("formula"), "B11/B08");
  EXPECT_NEAR(feature.at("gain").get<double>(), 1, 0.12);
  EXPECT_NEAR(feature.at("gain").get<double>() * 28 / 26 + feature.at("offset").get<double>(), 28.0 / 26, 0.01);
  EXPECT_NEAR(feature.at("band_error").get<double>(), 0.002, 0.0006);  // cubic rows of 20 m are less noisy
  EXPECT_GT(feature.at("pixels_sampled").get<int>(), 50000);
  // Named by another algorithm: other options, other results.
  ASSERT_EQ(compare("red", {"--feature", "red=B04"}).exit_code, 0);
  EXPECT_THAT(alerts("red"), IsEmpty());
}

TEST_F(CompareFeatures, ResultsDoNotDependOnTilesThreadsAndMemory) {
  const std::vector<std::string> features{"--feature", "dust=B11/B08", "--feature", "NDMI=(B08-B11)/(B08+B11)"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), features.begin(), features.end());
    return more;
  };
  ASSERT_EQ(compare("one", with({"--threads", "1"})).exit_code, 0);
  ASSERT_EQ(compare("tiles", with({"--threads", "4", "--tile-size", "64"})).exit_code, 0);
  ASSERT_EQ(compare("little", with({"--threads", "2", "--memory", "200MiB"})).exit_code, 0);
  for (const char* out : {"tiles", "little"}) {
    for (const char* file : {"/alerts.geojson", "/score.tif", "/mask.tif"}) {
      EXPECT_EQ(test::read_text(folder_ / ("one" + std::string(file))),
                test::read_text(folder_ / (out + std::string(file))))
          << out << file;
    }
  }
}

TEST_F(CompareFeatures, MemoryIsPlannedForThem) {
  ASSERT_EQ(compare("plain", {"--threads", "1"}).exit_code, 0);
  ASSERT_EQ(compare("dust", {"--threads", "1", "--feature", "dust=B11/B08"}).exit_code, 0);
  const auto planned = [&](const char* out) {
    return record(out).at("execution").at("planned_bytes").get<std::int64_t>();
  };
  EXPECT_GT(planned("dust"), planned("plain") + (1 << 20));
}

TEST_F(CompareFeatures, BandsOfPlainImagesAreFoundByTheirNames) {
  for (const Date date : both_dates) {
    std::vector<test::Layer> layers;
    for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
      const BandFile file(folder_ / (name_of(date) + "_" + std::string(name(band)) + ".tif"));
      const Grid& own = file.grid();
      Plane<std::uint16_t> dn(own.width, own.height);
      file.read_window(own.extent(), dn.view());
      test::Image image{own, {own.width, own.height}};
      for (int y = 0; y < own.height; ++y) {
        for (int x = 0; x < own.width; ++x) image.values.at(x, y) = dn.at(x, y) * 1e-4;
      }
      layers.push_back({std::string(name(band)), own.width < side_px ? test::finer(image, 2) : image});
    }
    test::write_image(folder_ / (name_of(date) + ".tif"), layers, {});
  }
  std::vector<std::string> command{
      PITWATCH_PROGRAM, "compare",     folder_ / "before.tif", folder_ / "after.tif", "--out",        folder_ / "own",
      "--scale",        "0.0001",      "--before-date",        "2025-06-12",          "--after-date", "2025-08-31",
      "--feature",      "dust=B11/B08"};
  const Outcome outcome = test::run_process(command);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(alerts("own"), SizeIs(1));
  EXPECT_GT(overlap_with_patch("own"), 0.8);
  command.back() = "NDRE=(B8A-B05)/(B8A+B05)";
  const Outcome missing = test::run_process(command);
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("BEFORE"), HasSubstr("before.tif: no asset for band B8A"),
                                 HasSubstr("--feature NDRE=(B8A-B05)/(B8A+B05)")));
}

TEST_F(CompareFeatures, WhatCannotBeIsOneLine) {
  expect_refusal({"--feature", "x=B08/B99"}, 2, {"--feature x=B08/B99: character 7: no band", "'B99'"});
  expect_refusal({"--feature", "x=B08>B04"}, 2, {"a condition alone is no feature"});
  expect_refusal({"--feature", "x=B08", "--feature", "X=B04"}, 2, {"the name X is given twice"});
  std::vector<std::string> nine;
  for (int k = 0; k < 9; ++k) {
    nine.insert(nine.end(), {"--feature", "x" + std::to_string(k) + "=B08"});
  }
  expect_refusal(nine, 2, {"--feature: more than 8"});
  expect_refusal({"--feature", "NDRE=(B08-B05)/(B08+B05)"}, 3,
                 {"BEFORE", "before.json: no asset for band B05", "--feature NDRE=(B08-B05)/(B08+B05)"});
  // A band that BEFORE has, and AFTER lacks, though a comparison can do without it.
  json item = json::parse(test::read_text(folder_ / "after.json"));
  item["assets"].erase("B11");
  test::write_text(folder_ / "after.json", item.dump());
  expect_refusal({"--feature", "green=B04", "--feature", "dust=B11/B08"}, 3,
                 {"AFTER", "after.json: no asset for band B11", "--feature dust=B11/B08"});
}

}  // namespace
}  // namespace pitwatch
