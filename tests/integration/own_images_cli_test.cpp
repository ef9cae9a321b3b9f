// Images of the user's own and products of other producers, made of simulated scenes: `compare` finds in them what it
// finds in the same scenes as STAC items, `index` the same values, and what they do not say is asked for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/own_images.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::finer;
using test::image_of;
using test::Layer;
using test::Outcome;
using test::Storage;
using test::write_image;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::array scene_bands{Band::B02, Band::B04, Band::B08, Band::B11, Band::B12};

/// Two simulated scenes of Gizilbulag, made once, and what compare finds in them.
struct Simulated {
  Simulated() {
    pair = test::simulate_pair(folder / "stac", 7, "5.4");
    before = read_scene(pair.before);
    after = read_scene(pair.after);
  }
  const Scene& scene(bool is_after) const { return is_after ? after : before; }

  test::TemporaryFolder folder;
  test::ScenePair pair;
  Scene before;
  Scene after;
};

const Simulated& simulated() {
  static const Simulated made;
  return made;
}

std::string day_of(bool is_after) { return format_day(simulated().scene(is_after).acquired); }

Outcome pitwatch(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PITWATCH_PROGRAM);
  return test::run_process({arguments, {}, {}, {}});
}

struct Compared {
  Outcome outcome;
  json run;
  json alerts;

  double area_ha() const {
    double sum = 0;
    for (const json& alert : alerts) sum += alert.at("properties").at("area_ha").get<double>();
    return sum;
  }
};

Compared compared(const std::string& before, const std::string& after, std::vector<std::string> more = {}) {
  const test::TemporaryFolder out;
  std::vector<std::string> arguments{"compare", before, after, "--out", out.path()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  Compared result{pitwatch(arguments), {}, {}};
  if (result.outcome.exit_code != 0) return result;
  result.run = json::parse(test::read_text(out / "run.json"));
  result.alerts = json::parse(test::read_text(out / "alerts.geojson")).at("features");
  return result;
}

/// Outlines, classes and figures, without what names the scenes.
json shown_by(const json& alerts) {
  json shown = json::array();
  for (const json& alert : alerts) {
    const json& of = alert.at("properties");
    shown.push_back({alert.at("geometry"), of.at("class"), of.at("area_ha"), of.at("confidence"), of.at("change")});
  }
  return shown;
}

const Compared& of_items() {
  static const Compared found = compared(simulated().pair.before, simulated().pair.after);
  return found;
}

/// The same changes: as many hectares, and as many alerts, but for what rounding moves across a limit.
void expect_same_changes(const Compared& found, double tolerance = 0.05) {
  ASSERT_EQ(found.outcome.exit_code, 0) << found.outcome.err;
  EXPECT_GE(of_items().alerts.size(), 3U);
  EXPECT_NEAR(found.area_ha(), of_items().area_ha(), tolerance * of_items().area_ha());
  for (const json& input : found.run.at("inputs")) EXPECT_THAT(input.at("sha256").get<std::string>(), SizeIs(64));
}

/// All bands on the grid of 10 m.
std::vector<Layer> layers_of(bool is_after, const std::vector<std::string>& descriptions) {
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < scene_bands.size(); ++i) {
    const test::Image image = image_of(simulated().scene(is_after), scene_bands[i]);
    const int by = static_cast<int>(image.grid.pixel_size_m / 10);
    layers.push_back({descriptions.empty() ? "" : descriptions[i], by > 1 ? finer(image, by) : image});
  }
  return layers;
}

test::Values scaled(const test::Image& image, double by) {
  test::Values values = image.values;
  for (int y = 0; y < image.grid.height; ++y) {
    for (int x = 0; x < image.grid.width; ++x) values.at(x, y) *= by;
  }
  return values;
}

TEST(OwnImages, OneFilePerBandGivesTheAlertsOfTheItems) {
  const test::TemporaryFolder folder;
  for (const bool is_after : {false, true}) {
    for (const auto& [band, asset] : simulated().scene(is_after).bands) {
      const std::string to = folder / (is_after ? "after" : "before");
      fs::create_directories(to);
      fs::copy_file(asset.path, to + "/mine_" + std::string(name(band)) + ".tif");
    }
  }
  const std::vector<std::string> facts{"--scale",       "0.0001",      "--after-offset", "-0.1",
                                       "--before-date", day_of(false), "--after-date",   day_of(true)};
  const Compared by_folder = compared(folder / "before", folder / "after", facts);
  ASSERT_EQ(by_folder.outcome.exit_code, 0) << by_folder.outcome.err;
  EXPECT_EQ(shown_by(by_folder.alerts), shown_by(of_items().alerts));
  EXPECT_EQ(by_folder.run.at("before").at("offsets").at("rule"), "--scale");
  EXPECT_EQ(by_folder.run.at("after").at("offsets").at("rule"), "--scale, --offset");
  EXPECT_EQ(by_folder.run.at("before").at("acquired"), day_of(false) + "T00:00:00Z");

  const Compared by_file = compared(folder / "before/mine_B04.tif", folder / "after/mine_B08.tif", facts);
  EXPECT_EQ(shown_by(by_file.alerts), shown_by(of_items().alerts));

  std::vector<std::string> named = facts;
  named.insert(named.end(), {"--bands",
                             "B02=mine_B02.tif,B04=mine_B04.tif,B08=mine_B08.tif,B11=mine_B11.tif,"
                             "B12=mine_B12.tif:1,SCL=mine_SCL.tif"});
  const Compared by_name = compared(folder / "before", folder / "after", named);
  EXPECT_EQ(shown_by(by_name.alerts), shown_by(of_items().alerts)) << by_name.outcome.err;

  // Without its offset the later scene is not what the option says.
  const Compared lie = compared(folder / "before", folder / "after",
                                {"--scale", "0.0001", "--before-date", day_of(false), "--after-date", day_of(true)});
  EXPECT_EQ(lie.outcome.exit_code, 3);
  EXPECT_THAT(lie.outcome.err, HasSubstr("AFTER"));
}

TEST(OwnImages, OneFileOfSeveralBandsOfAnyType) {
  const test::TemporaryFolder folder;
  for (const bool is_after : {false, true}) {
    const std::string stem = folder / (is_after ? "after" : "before");
    write_image(stem + "_u16.tif", layers_of(is_after, {}), {});
    write_image(stem + "_i16.tif", layers_of(is_after, {}), {GDT_Int16, 1e4, 0, -9999, -9999, 1e-4});
    write_image(stem + "_f32.tif", layers_of(is_after, {"B2", "B4", "B8", "B11", "B12"}),
                {GDT_Float32, 1, 0, std::nan(""), std::nan(""), {}});
    write_image(stem + "_u32.tif", layers_of(is_after, {"blue", "red", "nir", "swir16", "swir22"}),
                {GDT_UInt32, 1e6, 1e5, 0, 0, {}});
  }
  const std::vector<std::string> dates{"--before-date", day_of(false), "--after-date", day_of(true)};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), dates.begin(), dates.end());
    return more;
  };
  const std::string numbers = "B02=1,B04=2,B08=3,B11=4,B12=5";
  const Compared u16 =
      compared(folder / "before_u16.tif", folder / "after_u16.tif", with({"--bands", numbers, "--scale", "0.0001"}));
  expect_same_changes(u16);
  const std::vector<std::string> assumed = u16.run.at("assumptions");
  EXPECT_THAT(assumed, ElementsAre("BEFORE and AFTER: no file says what is no data: 0 is taken for it"));
  EXPECT_THAT(u16.outcome.err, HasSubstr(assumed.front()));
  const test::Outcome index =
      test::run_process({PITWATCH_PROGRAM, "index", folder / "before_u16.tif", "--bands", numbers, "--scale", "0.0001",
                         "--date", day_of(false), "--index", "NDVI", "--no-masks", "--out", folder / "ndvi.tif"});
  EXPECT_EQ(index.exit_code, 0) << index.err;
  EXPECT_THAT(index.err, HasSubstr(": no file says what is no data: 0 is taken for it"));
  EXPECT_EQ(u16.run.at("before").at("bands").at("B08").at("layer").at("band_of_file"), 3);

  const Compared i16 = compared(folder / "before_i16.tif", folder / "after_i16.tif", with({"--bands", numbers}));
  expect_same_changes(i16);
  EXPECT_THAT(i16.run.at("assumptions"), SizeIs(0));
  EXPECT_EQ(i16.run.at("before").at("offsets").at("rule"), "scale and offset of the file");
  const Compared f32 = compared(folder / "before_f32.tif", folder / "after_f32.tif", with({"--scale", "1"}));
  expect_same_changes(f32);
  // As Earth Engine has them: SCL is taken, not QA60.
  for (const bool is_after : {false, true}) {
    std::vector<Layer> layers = layers_of(is_after, {"B2", "B4", "B8", "B11", "B12"});
    const test::Image classes = finer(image_of(simulated().scene(is_after), Band::SCL), 2);
    Layer empty{"QA60", classes};
    for (int y = 0; y < classes.grid.height; ++y) {
      for (int x = 0; x < classes.grid.width; ++x) empty.image.values.at(x, y) = 0;
    }
    for (Layer& layer : layers) layer.image.values = scaled(layer.image, 1e4);
    layers.push_back(empty);
    layers.push_back({"SCL", classes});
    write_image(folder / (is_after ? "20220710T075613_20220710T080000_T38TPK.tif"
                                   : "20210710T075613_20210710T080000_T38TPK.tif"),
                layers, {GDT_UInt16, 1, 0, 0, {}, {}});
  }
  const Compared engine = compared(folder / "20210710T075613_20210710T080000_T38TPK.tif",
                                   folder / "20220710T075613_20220710T080000_T38TPK.tif", {"--scale", "0.0001"});
  expect_same_changes(engine);
  EXPECT_EQ(engine.run.at("before").at("bands").at("SCL").at("layer").at("band_of_file"), 7);
  EXPECT_EQ(engine.run.at("before").at("acquired"), "2021-07-10T07:56:13Z");
  EXPECT_EQ(engine.run.at("before").at("tile"), "T38TPK");

  const Compared u32 =
      compared(folder / "before_u32.tif", folder / "after_u32.tif", with({"--scale", "1e-6", "--offset", "-0.1"}));
  expect_same_changes(u32);
  // A type rounds reflectances at most by half of one step: nothing else differs.
  EXPECT_EQ(shown_by(f32.alerts).size(), shown_by(u32.alerts).size());
}

TEST(OwnImages, ExportsOfBrowsersSayWhatTheirNumbersAre) {
  const test::TemporaryFolder folder;
  const std::array names{"B02", "B04", "B08", "B11", "B12"};
  for (const bool is_after : {false, true}) {
    const std::string begin = day_of(is_after) + "-00_00_" + day_of(is_after) + "-23_59_Sentinel-2_L2A_";
    const std::vector<Layer> layers = layers_of(is_after, {});
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string file = begin + names[i] + "_(Raw).tiff";
      write_image(folder / ("u16/" + file), {layers[i]}, {GDT_UInt16, 65535, 0, 0, {}, {}});
      write_image(folder / ("f32/" + file), {layers[i]}, {GDT_Float32, 1, 0, 0, {}, {}});
      write_image(folder / ("u8/" + file), {layers[i]}, {GDT_Byte, 255, 0, 0, {}, {}});
    }
    write_image(folder / ("u16/" + begin + "True_color.tiff"), {layers[1], layers[0], layers[0]}, {});
  }
  for (const std::string kind : {"u16", "f32", "u8"}) {
    const auto red = [&](bool is_after) {
      return folder /
             (kind + "/" + day_of(is_after) + "-00_00_" + day_of(is_after) + "-23_59_Sentinel-2_L2A_B04_(Raw).tiff");
    };
    const Compared found = compared(red(false), red(true));
    // Of 8 bits a step is 0.004: fainter changes are lost.
    expect_same_changes(found, kind == "u8" ? 0.5 : 0.05);
    EXPECT_THAT(found.outcome.err, HasSubstr("browser's raw band"));
    EXPECT_EQ(found.run.at("before").at("level"), "L2A");
    EXPECT_EQ(found.run.at("before").at("bands").size(), 5U);
  }
  // As browsers name them where systems allow a colon.
  std::string bands;
  for (const char* const band : {"B04", "B08"}) {
    const std::string day = day_of(false);
    const std::string name = day + "-00:00_" + day + "-23:59_Sentinel-2_L2A_" + band + "_(Raw).tiff";
    fs::create_directories(folder / "colon");
    fs::copy_file(folder / ("u16/" + day + "-00_00_" + day + "-23_59_Sentinel-2_L2A_" + band + "_(Raw).tiff"),
                  folder / ("colon/" + name));
    bands += (bands.empty() ? "" : ",") + std::string(band) + "=" + name;
  }
  const Outcome named = pitwatch(
      {"index", folder / "colon", "--bands", bands, "--index", "NDVI", "--no-masks", "--out", folder / "colon.tif"});
  EXPECT_EQ(named.exit_code, 0) << named.err;
  // Two dates in one folder.
  const Compared both = compared(folder / "u16", folder / "u16");
  EXPECT_EQ(both.outcome.exit_code, 3);
  EXPECT_THAT(both.outcome.err, HasSubstr("images of 2 scenes"));
}

TEST(OwnImages, IndexHasTheValuesOfTheItem) {
  const test::TemporaryFolder folder;
  const std::vector<Layer> layers = layers_of(false, {"B2", "B4", "B8", "B11", "B12"});
  write_image(folder / "openEO_2021-07-10Z.tif", layers, {GDT_Int16, 1e4, 0, -32768, -32768, {}});
  write_image(folder / "plain.tif", layers, {GDT_Float32, 1, 0, 0, 0, {}});
  const auto ndvi = [&](const std::string& source, std::vector<std::string> more) {
    std::vector<std::string> arguments{"index", source, "--index", "NDVI", "--no-masks", "--out", folder / "ndvi.tif"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = pitwatch(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const GDALDatasetH dataset = GDALOpen((folder / "ndvi.tif").c_str(), GA_ReadOnly);
    std::vector<float> values(static_cast<std::size_t>(GDALGetRasterXSize(dataset)) *
                              static_cast<std::size_t>(GDALGetRasterYSize(dataset)));
    EXPECT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Read, 0, 0, GDALGetRasterXSize(dataset),
                           GDALGetRasterYSize(dataset), values.data(), GDALGetRasterXSize(dataset),
                           GDALGetRasterYSize(dataset), GDT_Float32, 0, 0),
              CE_None);
    EXPECT_STREQ(GDALGetDescription(GDALGetRasterBand(dataset, 1)), "NDVI");
    GDALClose(dataset);
    return values;
  };
  const std::vector<float> expected = ndvi(simulated().pair.before, {});
  const std::vector<float> openeo = ndvi(folder / "openEO_2021-07-10Z.tif", {"--scale", "0.0001"});
  const std::vector<float> plain = ndvi(folder / "plain.tif", {"--scale", "1", "--date", "2021-07-10"});
  ASSERT_EQ(openeo.size(), expected.size());
  ASSERT_EQ(plain.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected[i])) continue;
    ASSERT_NEAR(openeo[i], expected[i], 1e-3) << i;
    ASSERT_NEAR(plain[i], expected[i], 1e-3) << i;
  }
}

TEST(OwnImages, WhatIsNotSaidIsAskedForInOneLine) {
  const test::TemporaryFolder folder;
  std::vector<Layer> layers = layers_of(false, {});
  layers.resize(3);
  const Storage stored;
  write_image(folder / "bare.tif", layers, stored);
  write_image(folder / "single.tif", {layers[0]}, stored);
  Storage scaled = stored;
  scaled.scale = 1e-4;
  scaled.nodata = 0;
  layers[1].description = "B4";
  write_image(folder / "scaled.tif", layers, scaled);
  write_image(folder / "openEO_2021-06-10Z.tif", layers, scaled);
  write_image(folder / "openEO_2022-07-15Z.tif", layers, scaled);
  write_image(folder / "20210610T074611_20210610T075000_T38TPK.tif", layers, scaled);
  write_image(folder / "20210610T074611_20210610T075000_T38TPL.tif", layers, scaled);
  write_image(folder / "2021-06-01-00_00_2021-06-10-23_59_Sentinel-2_L2A_B04_(Raw).tiff", {layers[1]}, stored);
  layers[0].image.grid.crs = "EPSG:3857";
  write_image(folder / "mercator.tif", layers, scaled);
  for (Layer& layer : layers)
    layer.image.grid = {"EPSG:4326", {46.5, 40.3}, 1e-4, layer.image.grid.width, layer.image.grid.height};
  write_image(folder / "degrees.tif", layers, scaled);
  test::write_text(folder / "broken_B04.tif", "II*");
  const std::string item = simulated().pair.after;
  struct Case {
    std::string before;
    std::vector<std::string> options;
    std::string expected;
  };
  const std::vector<Case> cases{
      {folder / "bare.tif", {}, "--bands B02=1"},
      {folder / "single.tif", {}, "--bands B04=1"},
      {folder / "bare.tif", {"--bands", "B02=1,B04=2,B08=3"}, "--before-date"},
      {folder / "bare.tif", {"--bands", "B02=1,B04=2,B08=3", "--before-date", "2021-06-10"}, "--scale"},
      {folder / "bare.tif", {"--bands", "B02=1,B04=2,B08=4", "--before-date", "2021-06-10"}, "has 3 bands"},
      {folder / "bare.tif", {"--bands", "B02=1,B04=x.tif", "--before-date", "2021-06-10"}, "x.tif"},
      {folder / "bare.tif", {"--bands", "B02=1,B02=2"}, "named twice"},
      {folder / "bare.tif", {"--bands", "B77=1"}, "'B77' is no band"},
      {folder / "bare.tif",
       {"--bands", "B04=openEO_2021-06-10Z.tif:2,B08=openEO_2022-07-15Z.tif:3"},
       "of two scenes by their names: openEO_2021-06-10Z.tif is of 2021-06-10, openEO_2022-07-15Z.tif of 2022-07-15"},
      {folder / "bare.tif",
       {"--bands", "B04=20210610T074611_20210610T075000_T38TPK.tif:2,B08=20210610T074611_20210610T075000_T38TPL.tif:3"},
       "T38TPK.tif is of T38TPK, 20210610T074611_20210610T075000_T38TPL.tif of T38TPL"},
      {folder / "bare.tif",
       {"--bands", "B02=1,B04=2,B08=3", "--scale", "0.0001", "--before-date", "2014-01-01"},
       "is dated 2014-01-01T00:00:00Z, before the first Sentinel-2 was launched"},
      {folder / "bare.tif",
       {"--bands", "B02=1,B04=2,B08=3", "--scale", "0.0001", "--before-date", "2099-01-01"},
       "which is yet to come"},
      {folder / "bare.tif", {"--bands", "B04=../other.tif"}, "--bands"},
      {folder / "scaled.tif", {"--bands", "B02=1,B08=2"}, "the file says B4"},
      {folder / "scaled.tif",
       {"--bands", "B02=1,B04=2,B08=3", "--scale", "0.001", "--before-date", "2021-06-10"},
       "--scale 0.001, but scaled.tif says 1e-04"},
      {folder / "scaled.tif",
       {"--bands", "B02=1,B04=2,B08=3", "--nodata", "7", "--before-date", "2021-06-10"},
       "--nodata 7, but scaled.tif says 0"},
      {folder / "openEO_2021-06-10Z.tif", {"--before-date", "2021-06-11"}, "its name says 2021-06-10"},
      {folder / "2021-06-01-00_00_2021-06-10-23_59_Sentinel-2_L2A_B04_(Raw).tiff", {}, "a period"},
      {folder / "mercator.tif", {"--bands", "B04=2"}, "gdalwarp -t_srs EPSG:326"},
      {folder / "degrees.tif",
       {"--bands", "B04=2"},
       "degrees: bring it into its UTM zone by gdalwarp -t_srs EPSG:32638"},
      {folder / "broken_B04.tif", {}, "broken_B04.tif"},
      {folder / "bare.tif", {"--scale", "-1"}, "--scale must be above 0"},
      {folder / "bare.tif", {"--offset", "0.1"}, "--offset needs --scale"},
      {simulated().pair.before, {"--scale", "0.0001"}, "these scenes tell their own"},
      {simulated().pair.before, {"--before-date", "2021-07-11"}, "by its metadata"},
  };
  for (const Case& one : cases) {
    const Compared found = compared(one.before, item, one.options);
    EXPECT_THAT(found.outcome.exit_code, ::testing::AnyOf(2, 3)) << one.expected;
    EXPECT_THAT(found.outcome.err, HasSubstr(one.expected));
    EXPECT_EQ(std::count(found.outcome.err.begin(), found.outcome.err.end(), '\n'), 1) << found.outcome.err;
  }
  const Outcome sky = pitwatch({"index", folder / "scaled.tif", "--bands", "B02=1,B04=2,B08=3", "--date", "2021-06-10",
                                "--index", "NDVI", "--out", folder / "a.tif"});
  EXPECT_EQ(sky.exit_code, 3);
  EXPECT_THAT(sky.err, HasSubstr("--no-masks does without"));
  const Outcome index = pitwatch({"index", item, "--index", "NDVI", "--date", "2021-06-10", "--out", folder / "a.tif"});
  EXPECT_EQ(index.exit_code, 2);
  EXPECT_THAT(index.err, HasSubstr("are of plain images"));
}

TEST(OwnImages, AWrongScaleIsRefusedByThePixels) {
  const test::TemporaryFolder folder;
  for (const bool is_after : {false, true}) {
    const std::string end = is_after ? "after.tif" : "before.tif";
    write_image(folder / ("f32_" + end), layers_of(is_after, {"B2", "B4", "B8", "B11", "B12"}),
                {GDT_Float32, 1, 0, 0, 0, {}});
    write_image(folder / ("u16_" + end), layers_of(is_after, {"B2", "B4", "B8", "B11", "B12"}),
                {GDT_UInt16, 1e4, 0, 0, 0, {}});
  }
  for (const auto& [kind, scale] : {std::pair{"f32_", "0.0001"}, {"u16_", "1"}}) {
    const Compared found =
        compared(folder / (std::string(kind) + "before.tif"), folder / (std::string(kind) + "after.tif"),
                 {"--scale", scale, "--before-date", day_of(false), "--after-date", day_of(true)});
    EXPECT_EQ(found.outcome.exit_code, 3) << kind << found.outcome.err;
    if (scale == std::string("0.0001")) {
      EXPECT_THAT(found.outcome.err, HasSubstr("another scale"));
    }
  }
}

// ---- HLS
// --------------------------------------------------------------------------------------------------------------

/// A granule of 30 m pixels. Fmask: 64 (low aerosol) where it is clear; on AFTER a cloud over the upper left.
void write_hls(const std::string& folder, bool is_after, bool is_landsat) {
  const Scene& scene = simulated().scene(is_after);
  const std::string granule = std::string("HLS.") + (is_landsat ? "L30" : "S30") + ".T38TPK." +
                              (is_after ? "2022" : "2021") + "191T075613.v2.0.";
  const std::vector<std::pair<Band, std::string>> bands =
      is_landsat
          ? std::vector<std::pair<Band, std::string>>{{Band::B02, "B02"},
                                                      {Band::B04, "B04"},
                                                      {Band::B08, "B05"},
                                                      {Band::B11, "B06"},
                                                      {Band::B12, "B07"}}
          : std::vector<std::pair<Band, std::string>>{{Band::B02, "B02"}, {Band::B04, "B04"}, {Band::B08, "B08"},
                                                      {Band::B08, "B8A"}, {Band::B11, "B11"}, {Band::B12, "B12"}};
  test::Image mask;
  for (const auto& [band, layer] : bands) {
    test::Image fine = image_of(scene, band);
    if (fine.grid.pixel_size_m == 20) fine = finer(fine, 2);
    test::Image image;
    image.grid = fine.grid;
    image.grid.pixel_size_m = 30;
    image.grid.width = fine.grid.width / 3;
    image.grid.height = fine.grid.height / 3;
    image.values = test::Values(image.grid.width, image.grid.height);
    for (int y = 0; y < image.grid.height; ++y) {
      for (int x = 0; x < image.grid.width; ++x) {
        double sum = 0;
        for (int i = 0; i < 9; ++i) sum += fine.values.at(3 * x + i % 3, 3 * y + i / 3);
        image.values.at(x, y) = sum / 9;
      }
    }
    write_image(folder + "/" + granule + layer + ".tif", {{"", image}}, {GDT_Int16, 1e4, 0, -9999, -9999, 1e-4});
    mask = image;
  }
  for (int y = 0; y < mask.grid.height; ++y) {
    for (int x = 0; x < mask.grid.width; ++x) mask.values.at(x, y) = is_after && x < 30 && y < 30 ? 64 + 2 : 64;
  }
  write_image(folder + "/" + granule + "Fmask.tif", {{"", mask}}, {GDT_Byte, 1, 0, 255, 255, {}});
}

TEST(OwnImages, HlsGivesTheLargerOfTheSameChanges) {
  const test::TemporaryFolder folder;
  write_hls(folder / "all", false, false);
  write_hls(folder / "all", true, false);
  write_hls(folder / "l30", true, true);
  const std::string before = folder / "all/HLS.S30.T38TPK.2021191T075613.v2.0.B04.tif";
  const std::string after = folder / "all/HLS.S30.T38TPK.2022191T075613.v2.0.B8A.tif";
  const Compared found = compared(before, after);
  ASSERT_EQ(found.outcome.exit_code, 0) << found.outcome.err;
  EXPECT_EQ(found.run.at("grid").at("pixel_size_m"), 30);
  EXPECT_EQ(found.run.at("before").at("acquired"), "2021-07-10T07:56:13Z");
  EXPECT_EQ(found.run.at("before").at("tile"), "T38TPK");
  EXPECT_EQ(found.run.at("pixels").at("by_reason").at("cloud"), 30 * 30);
  const std::vector<std::string> limits = found.run.at("limits");
  EXPECT_THAT(limits, Contains(HasSubstr("pixels of 30 m, 0.09 ha each")));
  // A pit of a hectare has eleven pixels: the large ones are there, with their areas.
  ASSERT_GE(found.alerts.size(), 2U);
  EXPECT_NEAR(found.area_ha(), of_items().area_ha(), 0.35 * of_items().area_ha());
  for (const json& alert : found.alerts) {
    // Whole pixels; the grid's metres are not quite those of the ground.
    const double area_ha = alert.at("properties").at("area_ha").get<double>();
    EXPECT_NEAR(area_ha, std::round(area_ha / 0.09) * 0.09, 1e-3 * area_ha + 1e-3);
  }

  const Compared by_feature = compared(before, after, {"--feature", "infrared=(B8A-B04)/(B8A+B04)"});
  ASSERT_EQ(by_feature.outcome.exit_code, 0) << by_feature.outcome.err;
  EXPECT_NEAR(by_feature.area_ha(), found.area_ha(), 0.2 * found.area_ha());
  EXPECT_EQ(by_feature.run.at("model").at("features").at(0).at("name"), "infrared");

  const Compared landsat = compared(before, folder / "l30");
  ASSERT_EQ(landsat.outcome.exit_code, 0) << landsat.outcome.err;
  EXPECT_THAT(landsat.outcome.err, HasSubstr("B8A is taken for it on both"));
  EXPECT_NEAR(landsat.area_ha(), found.area_ha(), 0.2 * found.area_ha());

  const Compared mixed = compared(simulated().pair.before, after);
  EXPECT_EQ(mixed.outcome.exit_code, 3);
  EXPECT_THAT(mixed.outcome.err, HasSubstr("BEFORE has pixels of 10 m, AFTER of 30 m"));
  const Compared both = compared(folder / "all", after);
  EXPECT_EQ(both.outcome.exit_code, 3);
  EXPECT_THAT(both.outcome.err, HasSubstr("files of 2 granules"));

  // A folder of granules is a source.
  for (const auto& entry : fs::directory_iterator(folder / "all")) {
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const Outcome listed = pitwatch({"scenes", folder / "all", "--json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(json::parse(listed.out).at("scenes"), SizeIs(2));
  const Outcome index = pitwatch({"index", folder / "all", "--index", "NDVI,NBR", "--out", folder / "indices"});
  EXPECT_EQ(index.exit_code, 0) << index.err;
  const std::string raster = folder / "indices/NDVI_20220710T075613Z.tif";
  ASSERT_TRUE(fs::exists(raster)) << index.err;
  const GDALDatasetH dataset = GDALOpen(raster.c_str(), GA_ReadOnly);
  std::array<double, 6> transform{};
  GDALGetGeoTransform(dataset, transform.data());
  EXPECT_EQ(transform[1], 30);
  float under_cloud = 0;
  EXPECT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Read, 5, 5, 1, 1, &under_cloud, 1, 1, GDT_Float32, 0, 0),
            CE_None);
  EXPECT_TRUE(std::isnan(under_cloud));
  GDALClose(dataset);
}

// ---- MAJA
// -------------------------------------------------------------------------------------------------------------

constexpr const char* maja_xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<Muscate_Metadata_Document><Product_Characteristics><ACQUISITION_DATE>DAYT07:56:13.024Z</ACQUISITION_DATE>
<PLATFORM>SENTINEL2A</PLATFORM><ORBIT_NUMBER type="Track">35</ORBIT_NUMBER></Product_Characteristics>
<Geometric_Informations><Mean_Value_List><Sun_Angles><ZENITH_ANGLE unit="deg">24.5</ZENITH_ANGLE>
<AZIMUTH_ANGLE unit="deg">140.25</AZIMUTH_ANGLE></Sun_Angles></Mean_Value_List></Geometric_Informations>
<Radiometric_Informations><REFLECTANCE_QUANTIFICATION_VALUE>10000</REFLECTANCE_QUANTIFICATION_VALUE>
<Special_Values_List><SPECIAL_VALUE name="nodata">-10000</SPECIAL_VALUE></Special_Values_List>
</Radiometric_Informations></Muscate_Metadata_Document>)";

/// The product's folder. CLM and MG2 at 10 m: on AFTER a cloud by CLM, and snow by MG2 beside it.
std::string write_maja(const std::string& folder, bool is_after) {
  std::string day = day_of(is_after);
  std::string compact = day;
  std::erase(compact, '-');
  const std::string product = "SENTINEL2A_" + compact + "-075613-024_L2A_T38TPK_C_V2-2";
  const std::string stem = folder + "/" + product + "/" + product;
  const std::array<const char*, 5> names{"B2", "B4", "B8", "B11", "B12"};
  test::Image clouds;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const test::Image image = image_of(simulated().scene(is_after), scene_bands[i]);
    write_image(stem + "_FRE_" + names[i] + ".tif", {{"", image}}, {GDT_Int16, 1e4, 0, -10000, {}, {}});
    if (image.grid.pixel_size_m == 10) clouds = image;
  }
  test::Image others = clouds;
  for (int y = 0; y < clouds.grid.height; ++y) {
    for (int x = 0; x < clouds.grid.width; ++x) {
      clouds.values.at(x, y) = is_after && x < 50 && y < 40 ? 1 + 2 : 0;
      others.values.at(x, y) = is_after && x < 50 && y >= 40 && y < 60 ? 4 : 0;
    }
  }
  const std::string masks = folder + "/" + product + "/MASKS/" + product;
  write_image(masks + "_CLM_R1.tif", {{"", clouds}}, {GDT_Byte, 1, 0, 0, {}, {}});
  write_image(masks + "_MG2_R1.tif", {{"", others}}, {GDT_Byte, 1, 0, 0, {}, {}});
  std::string xml = maja_xml;
  xml.replace(xml.find("DAY"), 3, day);
  test::write_text(stem + "_MTD_ALL.xml", xml);
  return folder + "/" + product;
}

TEST(OwnImages, MajaGivesTheSameChangesUnderItsMasks) {
  const test::TemporaryFolder folder;
  const std::string before = write_maja(folder / "theia", false);
  const std::string after = write_maja(folder / "theia", true);
  const Compared found = compared(before, after);
  expect_same_changes(found);
  EXPECT_EQ(found.run.at("before").at("platform"), "sentinel-2a");
  EXPECT_EQ(found.run.at("before").at("offsets").at("rule"), "MAJA FRE");
  // But for the pixel by which the dates are displaced.
  EXPECT_NEAR(found.run.at("pixels").at("by_reason").at("cloud").get<int>(), 50 * 40, 50 + 40);
  EXPECT_NEAR(found.run.at("pixels").at("by_reason").at("snow").get<int>(), 50 * 20, 50 + 20);
  EXPECT_THAT(found.run.at("assumptions"), SizeIs(0));
  EXPECT_THAT(found.run.at("inputs"), SizeIs(2 + 2 * 5 + 2 * 2));  // two descriptions, bands, masks of two files

  for (const auto& entry : fs::recursive_directory_iterator(folder / "theia")) {
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const Outcome listed = pitwatch({"scenes", folder / "theia", "--json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(json::parse(listed.out).at("scenes"), SizeIs(2));
  const Outcome index = pitwatch({"index", after, "--index", "NDVI", "--out", folder / "ndvi.tif"});
  EXPECT_EQ(index.exit_code, 0) << index.err;

  // Without its XML what is fixed for the format is taken, and told.
  fs::remove(before + "/" + fs::path(before).filename().string() + "_MTD_ALL.xml");
  const Compared bare = compared(before + "/" + fs::path(before).filename().string() + "_FRE_B4.tif", after);
  ASSERT_EQ(bare.outcome.exit_code, 0) << bare.outcome.err;
  EXPECT_EQ(shown_by(bare.alerts), shown_by(found.alerts));
  EXPECT_THAT(bare.outcome.err, HasSubstr("10000 is taken for a reflectance of 1"));
}

}  // namespace
}  // namespace pitwatch
