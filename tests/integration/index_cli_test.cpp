// pitwatch index from outside: rasters against their bands, the catalogue, composites, how it fails.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

const std::string sites = PITWATCH_SOURCE_DIR "/sample_data/sites.geojson";

std::vector<std::string> index(std::vector<std::string> arguments) {
  std::vector<std::string> command{PITWATCH_PROGRAM, "index"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

/// A year of a small site, made once per process.
const std::string& series() {
  static const test::TemporaryFolder folder;
  static const std::string path = [] {
    const test::Outcome made = test::run_process(
        {PITWATCH_PROGRAM, "simulate", "--sites", sites, "--from", "2021-05-01", "--until", "2021-07-15",
         "--every-days", "15", "--size-km", "1.2", "--bands", "B02,B04,B08,B11", "--out", folder / "series"});
    if (made.exit_code != 0) throw std::runtime_error("simulate: " + made.err);
    return folder / "series";
  }();
  return path;
}

/// Its folder of scenes.
std::string site_of(const std::string& item) { return fs::path(item).parent_path().parent_path().string(); }

/// The items of one site, by name.
std::vector<std::string> items() {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(series())) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("S2", 0) == 0 && entry.path().extension() == ".json") found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  const std::string first = site_of(found.front());
  std::erase_if(found, [&](const std::string& path) { return site_of(path) != first; });
  return found;
}

struct Raster {
  int width = 0;
  int height = 0;
  std::vector<float> values;  // with scale and offset
  std::vector<double> exact;  // of a band: reflectances
  std::string description;
  std::string type;
  double nodata = 0;
  float at(int x, int y) const { return values[static_cast<std::size_t>(y * width + x)]; }
};

Raster read(const std::string& path) {
  GDALAllRegister();
  const std::unique_ptr<void, void (*)(void*)> file(GDALOpen(path.c_str(), GA_ReadOnly),
                                                    [](void* it) { GDALClose(it); });
  if (!file) throw std::runtime_error("cannot open " + path);
  const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
  Raster raster;
  raster.width = GDALGetRasterXSize(file.get());
  raster.height = GDALGetRasterYSize(file.get());
  raster.values.resize(static_cast<std::size_t>(raster.width * raster.height));
  if (GDALRasterIO(band, GF_Read, 0, 0, raster.width, raster.height, raster.values.data(), raster.width, raster.height,
                   GDT_Float32, 0, 0) != CE_None) {
    throw std::runtime_error("cannot read " + path);
  }
  raster.description = GDALGetDescription(band);
  raster.type = GDALGetDataTypeName(GDALGetRasterDataType(band));
  raster.nodata = GDALGetRasterNoDataValue(band, nullptr);
  const double scale = GDALGetRasterScale(band, nullptr);
  for (float& value : raster.values) {
    value = static_cast<double>(value) == raster.nodata ? std::nanf("") : static_cast<float>(value * scale);
  }
  return raster;
}

/// The reflectances of a band of an item.
Raster read_band(const std::string& item, const std::string& key) {
  std::ifstream stream(item);
  const json asset = json::parse(stream).at("assets").at(key);
  Raster raster = read((fs::path(item).parent_path() / asset.at("href").get<std::string>()).string());
  const json& calibration = asset.at("raster:bands").at(0);
  const double scale = calibration.at("scale").get<double>();
  const double offset = calibration.value("offset", 0.0);
  raster.exact.reserve(raster.values.size());
  for (const float dn : raster.values) raster.exact.push_back(static_cast<double>(dn) * scale + offset);
  return raster;
}

TEST(Index, RasterOfASceneIsTheFormulaOfItsBands) {
  const test::TemporaryFolder folder;
  const std::string item = items().front();
  const test::Outcome outcome =
      test::run_process(index({item, "--index", "NDVI,IRON_OXIDE", "--expression", "wet=(green_ish - B11)", "--set",
                               "green_ish=0.25", "--out", folder / "out", "--no-masks", "--png", "--quiet"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const Raster red = read_band(item, "red");
  const Raster nir = read_band(item, "nir");
  const Raster ndvi = read(folder / "out/NDVI.tif");
  EXPECT_EQ(ndvi.description, "NDVI");
  EXPECT_EQ(ndvi.type, "Float32");
  ASSERT_EQ(ndvi.width, red.width);
  ASSERT_EQ(ndvi.height, red.height);
  int values = 0;
  for (int y = 0; y < ndvi.height; ++y) {
    for (int x = 0; x < ndvi.width; ++x) {
      if (std::isnan(ndvi.at(x, y))) continue;
      const double r = red.exact[static_cast<std::size_t>(y * red.width + x)];
      const double n = nir.exact[static_cast<std::size_t>(y * nir.width + x)];
      ASSERT_NEAR(double{ndvi.at(x, y)}, (n - r) / (n + r), 1e-5 * std::abs((n - r) / (n + r)) + 1e-12);
      ++values;
    }
  }
  EXPECT_GT(values, 1000) << "the swath ends in the site";
  EXPECT_TRUE(fs::exists(folder / "out/NDVI.png"));
  EXPECT_TRUE(fs::exists(folder / "out/IRON_OXIDE.tif"));
  EXPECT_TRUE(fs::exists(folder / "out/wet.tif"));
}

TEST(Index, BandsThatAreNamedAndNotThereAreMissedWhereTheyAreRead) {
  const test::TemporaryFolder folder;
  const fs::path whole = fs::path(items().front()).parent_path();
  fs::copy(whole, folder / "part", fs::copy_options::recursive);
  const std::string item = folder / "part/" + fs::path(items().front()).filename().string();
  for (const char* const band : {"B02", "B03", "B11", "B12"}) fs::remove(folder / "part/" + std::string(band) + ".tif");
  const auto ndvi_of = [&](const std::string& of, const std::string& out) {
    return test::run_process(index({of, "--index", "NDVI", "--out", out, "--quiet"}));
  };
  const test::Outcome of_part = ndvi_of(item, folder / "part.tif");
  ASSERT_EQ(of_part.exit_code, 0) << of_part.err;
  ASSERT_EQ(ndvi_of(items().front(), folder / "whole.tif").exit_code, 0);
  EXPECT_EQ(test::read_text(folder / "part.tif"), test::read_text(folder / "whole.tif"));
  const test::Outcome other =
      test::run_process(index({item, "--index", "NDMI", "--out", folder / "other.tif", "--quiet"}));
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, testing::HasSubstr("B11.tif"));
}

TEST(Index, WholeNumbersAreTheValuesRounded) {
  const test::TemporaryFolder folder;
  const std::string item = items().front();
  for (const std::string type : {"float32", "int16"}) {
    const test::Outcome outcome =
        test::run_process(index({item, "--index", "NDVI", "--type", type, "--out", folder / (type + ".tif")}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  const Raster exact = read(folder / "float32.tif");
  const Raster rounded = read(folder / "int16.tif");
  EXPECT_EQ(rounded.type, "Int16");
  EXPECT_EQ(rounded.nodata, -32768);
  ASSERT_EQ(rounded.values.size(), exact.values.size());
  for (std::size_t i = 0; i < exact.values.size(); ++i) {
    ASSERT_EQ(std::isnan(exact.values[i]), std::isnan(rounded.values[i]));
    if (std::isnan(exact.values[i])) continue;
    ASSERT_NEAR(exact.values[i], rounded.values[i], 0.00005001F);
  }
}

TEST(Index, SeriesCompositesAndDifferences) {
  const test::TemporaryFolder folder;
  const std::string source = site_of(items().front());
  const test::Outcome of_each = test::run_process(index({source, "--index", "NDVI", "--out", folder / "each"}));
  ASSERT_EQ(of_each.exit_code, 0) << of_each.err;
  EXPECT_THAT(of_each.err, HasSubstr("no pixel has a value")) << "one is all cloud";
  std::vector<Raster> each;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "each")) names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  EXPECT_GE(names.size(), 4U);
  EXPECT_THAT(names.front(), HasSubstr("NDVI_202105"));
  for (const std::string& name : names) each.push_back(read(name));

  ASSERT_EQ(
      test::run_process(index({source, "--index", "NDVI", "--composite", "median", "--out", folder / "median.tif"}))
          .exit_code,
      0);
  const Raster median = read(folder / "median.tif");
  for (std::size_t i = 0; i < median.values.size(); ++i) {
    std::vector<float> values;
    for (const Raster& one : each) {
      if (!std::isnan(one.values[i])) values.push_back(one.values[i]);
    }
    std::sort(values.begin(), values.end());
    if (values.empty()) {
      ASSERT_TRUE(std::isnan(median.values[i]));
      continue;
    }
    ASSERT_FLOAT_EQ(median.values[i], 0.5F * values[(values.size() - 1) / 2] + 0.5F * values[values.size() / 2]);
  }

  const test::Outcome outcome =
      test::run_process(index({source, "--index", "NDVI", "--composite", "max-ndvi", "--from", "2021-07-01",
                               "--before-to", "2021-06-30", "--out", folder / "difference.tif"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Raster difference = read(folder / "difference.tif");
  int compared = 0;
  for (std::size_t i = 0; i < difference.values.size(); ++i) {
    float before = std::nanf("");
    float after = std::nanf("");
    for (std::size_t k = 0; k < each.size(); ++k) {
      float& most = names[k].find("NDVI_202107") != std::string::npos ? after : before;
      if (!(each[k].values[i] <= most)) most = std::isnan(each[k].values[i]) ? most : each[k].values[i];
    }
    ASSERT_EQ(std::isnan(difference.values[i]), std::isnan(after - before)) << i;
    if (std::isnan(difference.values[i])) continue;
    ASSERT_NEAR(difference.values[i], after - before, 1e-6F);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST(Index, BytesDoNotDependOnThreadsMemoryAndTarget) {
  const test::TemporaryFolder folder;
  const std::string source = site_of(items().front());
  std::string first;
  int number = 0;
  for (const auto& [threads, memory, target] :
       {std::tuple("1", "1G", "SCALAR"), std::tuple("2", "1G", ""), std::tuple("3", "128M", "")}) {
    const std::string path = folder / (std::to_string(++number) + ".tif");
    test::Invocation run{index({source, "--index", "NDVI,kNDVI", "--composite", "medoid", "--threads", threads,
                                "--memory", memory, "--out", folder / std::to_string(number)}),
                         {},
                         {},
                         {}};
    if (std::string(target) != "") run.environment["PITWATCH_SIMD"] = target;
    ASSERT_EQ(test::run_process(run).exit_code, 0);
    const std::string bytes = test::read_text(folder / (std::to_string(number) + "/kNDVI.tif"));
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads << " threads, " << memory;
  }
}

TEST(Index, TableOverSitesIsOfThePixelsInTheirPolygons) {
  const test::TemporaryFolder folder;
  const std::string source = site_of(items().front());
  const std::string id = fs::path(source).filename().string();
  const test::Outcome outcome =
      test::run_process(index({source, "--index", "NDVI,IRON_OXIDE", "--sites", sites, "--table", folder / "table.csv",
                               "--plot", folder / "plot.svg", "--threads", "1"}));
  ASSERT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 4) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const std::string csv = test::read_text(folder / "table.csv");
  const test::Outcome again = test::run_process(
      index({source, "--index", "NDVI,IRON_OXIDE", "--sites", sites, "--threads", "3", "--memory", "128M"}));
  EXPECT_EQ(again.out, csv) << "on stdout, by any threads";
  const std::string svg = test::read_text(folder / "plot.svg");
  EXPECT_THAT(svg, HasSubstr("NDVI"));

  // The same from rasters that are cut to the site's outline.
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  int checked = 0;
  while (std::getline(lines, line)) {
    std::vector<std::string> cells;
    std::istringstream stream(line + ",");
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 15U) << line;
    EXPECT_EQ(cells[0], id);
    if (cells[6].empty() || cells[3] != "NDVI") continue;
    const std::string item = [&] {
      for (const std::string& one : items()) {
        if (one.find(cells[2]) != std::string::npos) return one;
      }
      return std::string();
    }();
    ASSERT_EQ(
        test::run_process(index({item, "--index", "NDVI", "--aoi", sites, "--out", folder / "cut.tif"})).exit_code, 0);
    const Raster raster = read(folder / "cut.tif");
    double sum = 0;
    int count = 0;
    for (const float value : raster.values) {
      if (std::isnan(value)) continue;
      sum += double{value};
      ++count;
    }
    EXPECT_NEAR(std::stod(cells[6]), sum / count, 2e-6) << line;
    EXPECT_NEAR(std::stod(cells[5]) * std::stod(cells[4]), count, 1) << line;
    if (++checked == 2) break;
  }
  EXPECT_GT(checked, 0);
}

TEST(Index, CatalogueOnStdout) {
  const test::Outcome list = test::run_process(index({"--list", "--domain", "soil", "--json"}));
  ASSERT_EQ(list.exit_code, 0);
  const json document = json::parse(list.out);
  EXPECT_GT(document.size(), 5U);
  for (const json& entry : document) EXPECT_EQ(entry.at("domain"), "soil");
  const test::Outcome show = test::run_process(index({"--show", "savi"}));
  EXPECT_THAT(show.out, HasSubstr("(1.0 + L) * (N - R) / (N + R + L)"));
  EXPECT_THAT(show.out, HasSubstr("L = 1"));
}

TEST(Index, RastersTellTheConstantsOfTheirFormulas) {
  const test::TemporaryFolder folder;
  const auto constants_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {items().front(), "--out", folder / "out.tif", "--quiet"});
    const test::Outcome outcome = test::run_process(index(arguments));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    GDALAllRegister();
    const std::unique_ptr<void, void (*)(void*)> file(GDALOpen((folder / "out.tif").c_str(), GA_ReadOnly),
                                                      [](void* it) { GDALClose(it); });
    const char* const text = GDALGetMetadataItem(file.get(), "CONSTANTS", nullptr);
    return std::string(text != nullptr ? text : "");
  };
  EXPECT_EQ(constants_of({"--index", "NDVI"}), "");
  EXPECT_EQ(constants_of({"--index", "SAVI"}), "L=1");
  EXPECT_EQ(constants_of({"--index", "SAVI", "--set", "L=0.9"}), "L=0.9");
  EXPECT_EQ(constants_of({"--index", "kNDVI", "--set", "sigma=0.25"}), "sigma=0.25");
  EXPECT_EQ(constants_of({"--expression", "SAVI+a*B08", "--set", "a=2"}), "L=1 a=2") << "of the formula within, too";
}

TEST(Index, WhatCannotBeIsRefusedInOneLine) {
  const test::TemporaryFolder folder;
  const std::string item = items().front();
  const std::string source = site_of(item);
  const std::string out = folder / "out.tif";
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{item, "--index", "NDVX", "--out", out}, "did you mean NDVI"},
      {{item, "--expression", "(B11-B88)/2", "--out", out}, "character 6"},
      {{item, "--out", out}, "--index NAME"},
      {{item, "--index", "NDVI"}, "--out PATH is missing"},
      {{"--index", "NDVI", "--out", out}, "SOURCE is missing"},
      {{item, "--index", "NDVI,kNDVI", "--out", out}, "name a folder"},
      {{item, "--index", "NDVI", "--out", out, "--composite", "mean"}, "--composite"},
      {{item, "--index", "NDVI", "--out", out, "--before-to", "2021-01-01"}, "--composite is missing"},
      {{item, "--index", "NDVI", "--out", out, "--type", "int8"}, "--type"},
      {{item, "--index", "NDVI", "--out", out, "--scale", "0.1"}, "--scale"},
      {{item, "--index", "NDVI", "--out", out, "--step", "0.1"}, "--step"},
      {{item, "--index", "NDVI", "--out", out, "--set", "B08=1"}, "--set"},
      {{item, "--index", "SAVI", "--out", out, "--set", "LL=1"}, "--set LL: none of the formulas has this constant"},
      {{item, "--index", "SAVI", "--out", out, "--set", "l=1"}, "they have L"},
      {{item, "--expression", "B08-green_ish", "--out", out, "--set", "green_ish=1", "--set", "green_is=1"},
       "did you mean green_ish?"},
      {{item, "--index", "NDVI", "--out", out, "--stretch", "1,0"}, "--stretch"},
      {{item, "--index", "NDVI", "--sites", sites, "--out", out}, "--out is of rasters"},
      {{item, "--index", "NDVI", "--sites", sites, "--plot", "a.pdf"}, "--plot must end"},
      {{item, "--index", "NDVI", "--table", out, "--out", out}, "--table is of --sites"},
      {{"--list", "--show", "NDVI"}, "--list or --show"},
      {{"--list", "--domain", "x"}, "--domain"},
  };
  for (const auto& [arguments, message] : refused) {
    const test::Outcome outcome = test::run_process(index(arguments));
    EXPECT_EQ(outcome.exit_code, 2) << message << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  const test::Outcome lacking = test::run_process(index({item, "--index", "MCARI", "--out", out}));
  EXPECT_EQ(lacking.exit_code, 3);
  EXPECT_THAT(lacking.err, HasSubstr("no asset for B05"));
  const test::Outcome empty =
      test::run_process(index({source, "--index", "NDVI", "--out", out, "--from", "2030-01-01"}));
  EXPECT_EQ(empty.exit_code, 3);
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace pitwatch
