// pitwatch simulate from outside: what it writes, that it is the same whatever the threads, and how it fails.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string sites = PITWATCH_SOURCE_DIR "/sample_data/sites.geojson";

std::vector<std::string> simulation(const std::string& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command{PITWATCH_PROGRAM, "simulate", "--sites",    sites,   "--from",
                                   "2021-06-01",     "--until",  "2022-07-15", "--out", out,
                                   "--every-days",   "35",       "--size-km",  "1.2"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

/// The usual command with another value of an option that it has.
std::vector<std::string> with(std::vector<std::string> command, const std::string& option, const std::string& value) {
  *std::next(std::find(command.begin(), command.end(), option)) = value;
  return command;
}

/// Contents by path below the folder.
std::map<std::string, std::string> files_below(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder).string()] = test::read_text(entry.path().string());
  }
  return files;
}

TEST(Simulate, SameBytesWhateverTheThreads) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_process(simulation(folder / "a", {"--threads", "1"})).exit_code, 0);
  ASSERT_EQ(test::run_process(simulation(folder / "b", {"--threads", "4"})).exit_code, 0);
  const auto a = files_below(folder / "a");
  const auto b = files_below(folder / "b");
  ASSERT_GT(a.size(), 300U);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [path, content] : a) {
    ASSERT_TRUE(b.contains(path)) << path;
    EXPECT_TRUE(content == b.at(path)) << path;
  }
  ASSERT_EQ(test::run_process(simulation(folder / "c", {"--seed", "2"})).exit_code, 0);
  EXPECT_TRUE(files_below(folder / "c").at("truth.geojson") != a.at("truth.geojson"));
}

TEST(Simulate, WritesACatalogThatSaysWhatItIs) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_process(simulation(folder.path(), {"--bands", "B04,B11"})).exit_code, 0);
  const json collection = json::parse(test::read_text(folder / "demirli/collection.json"));
  int items = 0;
  for (const json& link : collection.at("links")) {
    if (link.at("rel") != "item") continue;
    ++items;
    const json item =
        json::parse(test::read_text((fs::path(folder / "demirli") / link.at("href").get<std::string>()).string()));
    EXPECT_EQ(item.at("properties").at("synthetic"), true);
    EXPECT_EQ(item.at("assets").size(), 5U);  // two bands, classification, two probabilities
    const bool late = item.at("properties").at("s2:processing_baseline") >= "04.00";
    EXPECT_EQ(item.at("assets").at("red").at("raster:bands")[0].at("offset"), late ? -0.1 : 0.0);
  }
  EXPECT_GE(items, 12);
  EXPECT_TRUE(fs::exists(folder / "demirli/dem.tif"));
  EXPECT_TRUE(fs::exists(folder / "demirli/labels/20210601.tif"));
  const json truth = json::parse(test::read_text(folder / "truth.geojson"));
  EXPECT_EQ(truth.at("synthetic"), true);
  EXPECT_NEAR(truth.at("observed").at("area_km2").get<double>(), 2 * 1.44, 1e-9);
  const json of_site = json::parse(test::read_text(folder / "gizilbulag/truth.geojson"));
  EXPECT_LT(of_site.at("features").size(), truth.at("features").size());
}

TEST(Simulate, WritesWhatHidesTheGround) {
  const test::TemporaryFolder folder;
  const std::vector<std::string> red{"--bands", "B04"};
  ASSERT_EQ(test::run_process(simulation(folder / "without", red)).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "without/demirli/sky"));
  ASSERT_EQ(test::run_process(simulation(folder / "with", {"--bands", "B04", "--sky-labels"})).exit_code, 0);
  GDALAllRegister();
  int overcast = 0;
  int clear = 0;
  for (const std::string& name : test::names_in(folder / "with/demirli/sky")) {
    EXPECT_TRUE(fs::exists(folder / ("with/demirli/labels/" + name))) << name;
    const std::unique_ptr<void, void (*)(GDALDatasetH)> dataset(
        GDALOpen((folder / ("with/demirli/sky/" + name)).c_str(), GA_ReadOnly), GDALClose);
    ASSERT_NE(dataset, nullptr);
    EXPECT_STREQ(GDALGetMetadataItem(dataset.get(), "BIT_3", nullptr), "cloud_shadow");
    EXPECT_STREQ(GDALGetMetadataItem(dataset.get(), "BIT_7", nullptr), "edge");
    std::vector<std::uint8_t> bits(120 * 120);
    ASSERT_EQ(GDALRasterIO(GDALGetRasterBand(dataset.get(), 1), GF_Read, 0, 0, 120, 120, bits.data(), 120, 120,
                           GDT_Byte, 0, 0),
              CE_None);
    overcast += std::count_if(bits.begin(), bits.end(), [](int b) { return (b & 4) != 0; }) > 13000 ? 1 : 0;
    clear += std::count(bits.begin(), bits.end(), 0) > 13000 ? 1 : 0;
  }
  EXPECT_GE(overcast, 2);
  EXPECT_GE(clear, 2);
  // The rest is the same.
  fs::remove_all(folder / "with/demirli/sky");
  fs::remove_all(folder / "with/gizilbulag/sky");
  EXPECT_TRUE(files_below(folder / "with") == files_below(folder / "without"));
}

TEST(Simulate, SafeProductsOpenWithGdal) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_process(with(simulation(folder.path(), {"--as", "safe"}), "--every-days", "366")).exit_code, 0);
  GDALAllRegister();
  int products = 0;
  for (const std::string& name : test::names_in(folder / "gizilbulag")) {
    if (name.find(".SAFE") == std::string::npos) continue;
    ++products;
    EXPECT_THAT(name, StartsWith(name[2] == 'A' ? "S2A_MSIL2A_" : "S2B_MSIL2A_"));
    const std::string path = folder / ("gizilbulag/" + name + "/MTD_MSIL2A.xml");
    const std::unique_ptr<void, void (*)(GDALDatasetH)> dataset(GDALOpen(path.c_str(), GA_ReadOnly), GDALClose);
    ASSERT_NE(dataset, nullptr);
    EXPECT_STREQ(GDALGetDriverShortName(GDALGetDatasetDriver(dataset.get())), "SENTINEL2");
  }
  EXPECT_GE(products, 2);  // a date may come in two
}

TEST(Simulate, Failures) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "points.geojson",
                   R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "a"},
                       "geometry": {"type": "Point", "coordinates": [46, 40]}}]})");
  test::write_text(folder / "no_id.geojson",
                   R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "../a"},
                       "geometry": {"type": "Polygon", "coordinates": [[[46, 40], [46.1, 40], [46, 40.1], [46, 40]]]}}]})");
  struct Failure {
    std::vector<std::string> options;
    int exit_code;
    std::vector<std::string> words;
  };
  const std::vector<Failure> failures{
      {{"--from", "2023-01-01"}, 2, {"--to", "--from"}},
      {{"--from", "yesterday"}, 2, {"--from", "yesterday"}},
      {{"--as", "jp2"}, 2, {"--as"}},
      {{"--bands", "B04,B10"}, 2, {"B10"}},
      {{"--bands", "B04,B04"}, 2, {"twice"}},
      {{"--every-days", "0"}, 2, {"--every-days"}},
      {{"--memory", "1MiB"}, 2, {"--memory", "MiB are needed"}},
      {{"--decoys", "-1"}, 2, {"--decoys"}},
  };
  const auto expect_one_line = [&](const std::vector<std::string>& command, int exit_code,
                                   const std::vector<std::string>& words) {
    const test::Outcome outcome = test::run_process(command);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    const std::vector<std::string> lines = test::lines_of(outcome.err);
    ASSERT_THAT(lines, SizeIs(1)) << outcome.err;
    for (const std::string& word : words) EXPECT_THAT(lines[0], HasSubstr(word));
    EXPECT_FALSE(fs::exists(folder / "out/truth.geojson"));
  };
  for (const Failure& failure : failures) {
    const std::vector<std::string> usual = simulation(folder / "out");
    const bool has = std::find(usual.begin(), usual.end(), failure.options[0]) != usual.end();
    const std::vector<std::string> command =
        has ? with(usual, failure.options[0], failure.options[1]) : simulation(folder / "out", failure.options);
    expect_one_line(command, failure.exit_code, failure.words);
  }
  for (const char* name : {"points.geojson", "no_id.geojson", "none.geojson"}) {
    expect_one_line({PITWATCH_PROGRAM, "simulate", "--sites", folder / name, "--from", "2021-01-01", "--until",
                     "2021-02-01", "--out", folder / "out"},
                    3, {name});
  }
}

}  // namespace
}  // namespace pitwatch
