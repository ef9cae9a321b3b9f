// Scenes whose metadata lie about their offsets, and garbage: refused by every command, and none gives an alert.

#include <gdal.h>
#include <gdal_utils.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using test::run_process;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::vector<std::string> band_names{"B02", "B03", "B04", "B08", "B11", "B12"};

/// A site of forest and bare ground, watched for a year and a half without a cloud; nothing but the seasons changes it.
class SceneCheck : public ::testing::Test {
 protected:
  SceneCheck() {
    for (const std::string& name : names()) {
      fs::copy(made() + "/" + name, scenes() + "/" + name, fs::copy_options::recursive);
    }
  }

  static const std::string& made() {
    static const test::TemporaryFolder folder;
    static const std::string path = [] {
      test::write_text(folder / "site.geojson", sites_text);
      const Outcome outcome =
          run_process({PITWATCH_PROGRAM, "simulate", "--sites", folder / "site.geojson", "--from", "2021-01-01",
                       "--until", "2022-08-31", "--every-days", "20", "--size-km", "2.4", "--clear-sky", "--bands",
                       "B02,B03,B04,B08,B11,B12", "--seed", "5", "--out", folder / "series"});
      if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
      return std::string(folder / "series/small");
    }();
    return path;
  }

  /// By date: the third part of S2A_38TPK_20210106_0_L2A_small.
  static const std::vector<std::string>& names() {
    static const std::vector<std::string> sorted = [] {
      std::vector<std::string> all;
      for (const std::string& name : test::names_in(made())) {
        if (name.rfind("S2", 0) == 0) all.push_back(name);
      }
      std::sort(all.begin(), all.end(),
                [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
      return all;
    }();
    return sorted;
  }

  static std::string last() { return names().back(); }

  std::string scenes() const {
    fs::create_directories(folder_ / "scenes");
    return folder_ / "scenes";
  }

  std::string item_path(const std::string& name) const { return scenes() + "/" + name + "/" + name + ".json"; }

  json item(const std::string& name) const { return json::parse(test::read_text(item_path(name))); }

  void change_item(const std::string& name, const std::function<void(json&)>& change) const {
    json changed = item(name);
    change(changed);
    test::write_text(item_path(name), changed.dump());
  }

  void change_pixels(const std::string& name, const std::function<int(int x, int y, int dn)>& change) const {
    for (const std::string& band : band_names) {
      const std::string path = scenes() + "/" + name + "/" + band + ".tif";
      const Plane<std::uint16_t> before = BandFile(path).read_spread(std::int64_t{1} << 24);
      const Grid grid = BandFile(path).grid();
      Plane<std::uint16_t> after(before.width(), before.height());
      for (int y = 0; y < after.height(); ++y) {
        for (int x = 0; x < after.width(); ++x) {
          after.at(x, y) = static_cast<std::uint16_t>(change(x, y, before.at(x, y)));
        }
      }
      write_geotiff_u16(path, grid, std::as_const(after).view(), 0);
    }
  }

  void change_band(const std::string& name, const std::string& band,
                   const std::function<std::uint16_t(const Plane<std::uint16_t>&, int x, int y)>& change) const {
    const std::string path = scenes() + "/" + name + "/" + band + ".tif";
    const Plane<std::uint16_t> before = BandFile(path).read_spread(std::int64_t{1} << 24);
    const Grid grid = BandFile(path).grid();
    Plane<std::uint16_t> after(before.width(), before.height());
    for (int y = 0; y < after.height(); ++y) {
      for (int x = 0; x < after.width(); ++x) after.at(x, y) = change(before, x, y);
    }
    write_geotiff_u16(path, grid, std::as_const(after).view(), 0);
  }

  static void declare(json& item, double offset, const std::string& baseline) {
    json& properties = item["properties"];
    for (const char* member : {"earthsearch:boa_offset_applied", "s2:product_uri"}) properties.erase(member);
    properties["s2:processing_baseline"] = baseline;
    properties.erase("processing:version");
    for (auto& [key, asset] : item["assets"].items()) {
      for (const char* member : {"raster:bands", "bands"}) {
        if (asset.contains(member) && asset[member][0].contains("offset")) asset[member][0]["offset"] = offset;
      }
      if (asset.contains("raster:offset")) asset["raster:offset"] = offset;
    }
  }

  Outcome run(const std::string& state, const std::vector<std::string>& more = {}) const {
    test::write_text(folder_ / "site.geojson", sites_text);
    std::vector<std::string> command{PITWATCH_PROGRAM, "run",    "--sites", folder_ / "site.geojson",
                                     "--source",       scenes(), "--state", folder_ / state};
    command.insert(command.end(), more.begin(), more.end());
    return run_process(command);
  }

  Outcome compare(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{PITWATCH_PROGRAM,  "compare", item_path(names()[names().size() - 2]),
                                     item_path(last()), "--out",   folder_ / "out"};
    command.insert(command.end(), more.begin(), more.end());
    return run_process(command);
  }

  json scene_of_list(const std::string& name) const {
    const Outcome listed = run_process({PITWATCH_PROGRAM, "scenes", scenes(), "--json"});
    const json document = json::parse(listed.out);
    for (const json& scene : document.at("scenes")) {
      if (scene.at("id") == name) return scene;
    }
    return {};
  }

  /// Alerts that rest on the scene.
  std::size_t alerts_by(const std::string& state, const std::string& name) const {
    const std::string text = test::read_text(folder_ / state + "/alerts.geojson");
    std::size_t count = 0;
    const json document = json::parse(text);  // outlives the loop
    for (const json& alert : document.at("features")) {
      const json& after = alert.at("properties").at("scenes").at("after");
      count += std::find(after.begin(), after.end(), name) != after.end() ? 1 : 0;
    }
    return count;
  }

  /// NDMI, which needs neither B04 nor B02, as a raster of the last scene.
  Outcome index(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "index", item_path(last()),    "--index",
                                     "NDMI",           "--out", folder_ / "index.tif"};
    command.insert(command.end(), more.begin(), more.end());
    return run_process(command);
  }

  /// The same as a table of all scenes.
  Outcome index_table() const {
    return run_process({PITWATCH_PROGRAM, "index", scenes(), "--index", "NDMI", "--sites", folder_ / "site.geojson"});
  }

  void expect_refused(const std::string& reason) const {
    const Outcome night = run("state");
    EXPECT_EQ(night.exit_code, 4) << night.err;
    EXPECT_THAT(night.err, HasSubstr(last()));
    EXPECT_THAT(night.err, HasSubstr(reason));
    EXPECT_EQ(alerts_by("state", last()), 0U);
    const Outcome pair = compare();
    EXPECT_EQ(pair.exit_code, 3) << pair.err;
    EXPECT_THAT(test::lines_of(pair.err), SizeIs(1)) << pair.err;
    EXPECT_THAT(pair.err, HasSubstr(last()));
    EXPECT_THAT(pair.err, HasSubstr(reason));
    EXPECT_THAT(test::names_in(folder_ / "out"), IsEmpty());
    const Outcome raster = index();
    EXPECT_EQ(raster.exit_code, 3) << raster.err;
    EXPECT_THAT(test::lines_of(raster.err), SizeIs(1)) << raster.err;
    EXPECT_THAT(raster.err, AllOf(HasSubstr(last()), HasSubstr(reason)));
    const Outcome table = index_table();
    EXPECT_EQ(table.exit_code, 4) << table.err;
    EXPECT_THAT(table.err, AllOf(HasSubstr(last()), HasSubstr(reason)));
    EXPECT_THAT(table.out, Not(HasSubstr(last())));
    EXPECT_THAT(table.out, HasSubstr(names().front()));
  }

  static constexpr const char* sites_text = R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.607, 40.144], [46.620, 40.144], [46.620, 40.154], [46.607, 40.154], [46.607, 40.144]]]}}]})";

  test::TemporaryFolder folder_;
};

TEST_F(SceneCheck, HonestScenesAreUsedAndToldOf) {
  const Outcome night = run("state");
  EXPECT_EQ(night.exit_code, 0) << night.err;
  EXPECT_THAT(night.err, Not(HasSubstr("is used:")));
  const Outcome pair = compare();
  ASSERT_EQ(pair.exit_code, 0) << pair.err;
  const json record = json::parse(test::read_text(folder_ / "out/run.json"));
  EXPECT_EQ(record.at("offset_check"), "refuse");
  for (const char* date : {"before", "after"}) {
    const json& offsets = record.at(date).at("offsets");
    EXPECT_NE(offsets.at("rule"), "");
    EXPECT_THAT(offsets.at("contradictions"), SizeIs(0));
    EXPECT_EQ(offsets.at("pixels").at("verdict"), "agrees") << offsets;
    EXPECT_TRUE(record.at(date).at("bands").at("B04").contains("offset"));
  }
  const json listed = scene_of_list(last());
  EXPECT_EQ(listed.at("used"), true);
  EXPECT_EQ(listed.at("offset_pixels").at("verdict"), "agrees");
}

TEST_F(SceneCheck, NoOffsetDeclaredButInThePixels) {
  change_item(last(), [](json& item) { declare(item, 0, "05.09"); });
  expect_refused("an offset is in the pixels, and none is declared");
  const json listed = scene_of_list(last());
  EXPECT_EQ(listed.at("used"), false);
  EXPECT_THAT(listed.at("reason").get<std::string>(), HasSubstr("contradict the pixels"));
  EXPECT_EQ(listed.at("offset_pixels").at("verdict"), "contradicts");
  EXPECT_EQ(listed.at("offset_contradictions").size(), 1U);
  // Whoever wants it all the same has it, with a state of its own.
  for (const char* check : {"warn", "off"}) {
    const Outcome night = run(std::string("state-") + check, {"--offset-check", check});
    EXPECT_EQ(night.exit_code, 0) << check << night.err;
    const Outcome pair = compare({"--offset-check", check});
    EXPECT_EQ(pair.exit_code, 0) << check << pair.err;
  }
}

TEST_F(SceneCheck, AnEarlierBaselineThanThePixels) {
  change_item(last(), [](json& item) {
    declare(item, 0, "03.01");
    for (auto& [key, asset] : item["assets"].items()) asset.erase("raster:bands");
  });
  expect_refused("an offset is in the pixels, and none is declared");
}

TEST_F(SceneCheck, BaselineAndOffsetBothLie) {
  change_item(last(), [](json& item) { declare(item, 0, "03.01"); });
  expect_refused("an offset is in the pixels, and none is declared");
  EXPECT_THAT(scene_of_list(last()).at("offset_contradictions"), SizeIs(0));
}

TEST_F(SceneCheck, AnOffsetDeclaredThatThePixelsDoNotHave) {
  change_pixels(last(), [](int, int, int dn) { return dn == 0 ? 0 : std::max(1, dn - 1000); });
  expect_refused("which is not in the pixels");
}

TEST_F(SceneCheck, ARefusedSceneIsTakenInWhenItHasBeenMended) {
  const std::string good = test::read_text(item_path(last()));
  change_item(last(), [](json& item) { declare(item, 0, "05.09"); });
  EXPECT_EQ(run("state").exit_code, 4);
  EXPECT_EQ(run("state").exit_code, 0);  // reported once
  test::write_text(item_path(last()), good);
  const Outcome mended = run("state");
  EXPECT_EQ(mended.exit_code, 0) << mended.err;
  EXPECT_THAT(mended.err, HasSubstr(" 1 new"));
}

TEST_F(SceneCheck, GarbageIsRefusedUnlessTheGateIsOff) {
  change_pixels(last(), [](int, int y, int dn) { return y % 7 == 3 ? 5000 : dn; });
  expect_refused("of the rows are lost");
  EXPECT_EQ(run("other", {"--gate", "off"}).exit_code, 0);
  EXPECT_EQ(compare({"--gate", "off"}).exit_code, 0);
}

TEST_F(SceneCheck, NumbersThatWrappedAroundAreRefused) {
  change_band(last(), "B11", [](const Plane<std::uint16_t>& dn, int x, int y) {
    return static_cast<std::uint16_t>(dn.at(x, y) + 30000);
  });
  expect_refused("above 2.0 reflectance");
}

TEST_F(SceneCheck, ABandThatWasMovedIsRefused) {
  // As georeferenced as before, and its pixels those of the ground 400 m further.
  change_band(last(), "B11",
              [](const Plane<std::uint16_t>& dn, int x, int y) { return dn.at((x + 20) % dn.width(), y); });
  expect_refused("B11.tif: shows the ground -400 m east and 0 m south of where B04 has it");
  EXPECT_EQ(run("other", {"--gate", "off"}).exit_code, 0);
  EXPECT_EQ(index({"--gate", "off"}).exit_code, 0);
}

TEST_F(SceneCheck, AClassificationThatWasMovedIsRefused) {
  change_band(last(), "SCL",
              [](const Plane<std::uint16_t>& dn, int x, int y) { return dn.at((x + 20) % dn.width(), y); });
  for (const Outcome& refused : {compare(), index()}) {
    EXPECT_EQ(refused.exit_code, 3) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("SCL.tif: "), HasSubstr("further east")));
  }
  EXPECT_EQ(index({"--gate", "off"}).exit_code, 0);
}

TEST_F(SceneCheck, AClassificationWithOtherNumbersIsRefused) {
  change_band(last(), "SCL", [](const Plane<std::uint16_t>& dn, int x, int y) {
    return static_cast<std::uint16_t>(x == y ? 87 : dn.at(x, y));
  });
  expect_refused("SCL.tif: no scene classification: it holds 87");
}

TEST_F(SceneCheck, ABandThatCoversLessTellsNothingBeyond) {
  const std::string out = folder_ / "out/alerts.geojson";
  ASSERT_EQ(
      compare({"--score-high", "0.2", "--score-low", "0.1", "--min-confidence", "0", "--min-area-ha", "0"}).exit_code,
      0);
  const json whole = json::parse(test::read_text(out));
  ASSERT_GT(whole.at("features").size(), 0U);
  // Of B12, which only tells burnt from bared ground, nothing but the first columns: elsewhere there is no NBR.
  const std::string path = scenes() + "/" + last() + "/B12.tif";
  Grid grid = BandFile(path).grid();
  const Plane<std::uint16_t> dn = BandFile(path).read_spread(std::int64_t{1} << 24);
  grid.width = 4;
  write_geotiff_u16(path, grid, {dn.row(0), 4, dn.height(), dn.width()}, 0);
  const Outcome cut =
      compare({"--score-high", "0.2", "--score-low", "0.1", "--min-confidence", "0", "--min-area-ha", "0"});
  ASSERT_EQ(cut.exit_code, 0) << cut.err;
  const json without = json::parse(test::read_text(out));
  ASSERT_EQ(without.at("features").size(), whole.at("features").size());
  std::size_t lacking = 0;
  for (std::size_t i = 0; i < without.at("features").size(); ++i) {
    const json& alert = without.at("features")[i];
    EXPECT_EQ(alert.at("geometry"), whole.at("features")[i].at("geometry"));
    lacking += alert.at("properties").at("change").contains("nbr") ? 0 : 1;
  }
  EXPECT_GT(lacking, 0U);
  EXPECT_THAT(cut.err, AllOf(HasSubstr("AFTER band B12"), HasSubstr("/B12.tif covers 3 % of the ground"),
                             HasSubstr("is classified without it")));
  // None of those columns is on the site's ground.
  const Outcome night = run("state");
  EXPECT_EQ(night.exit_code, 4);
  EXPECT_THAT(night.err, AllOf(HasSubstr(last()), HasSubstr("B12.tif: shows other ground than B04: ")));
}

TEST_F(SceneCheck, AFileThatLiesElsewhereIsRefused) {
  for (const char* const band : {"SCL", "B08"}) {
    const std::string path = scenes() + "/" + last() + "/" + band + ".tif";
    const std::string own = test::read_text(path);
    Grid grid = BandFile(path).grid();
    grid.origin.x += 100000;
    const Plane<std::uint16_t> dn = BandFile(path).read_spread(std::int64_t{1} << 24);
    write_geotiff_u16(path, grid, dn.view(), 0);
    const Outcome pair = compare();
    EXPECT_EQ(pair.exit_code, 3);
    EXPECT_THAT(test::lines_of(pair.err), SizeIs(1)) << pair.err;
    EXPECT_THAT(pair.err, AllOf(HasSubstr(std::string("AFTER band ") + band),
                                HasSubstr(std::string("/") + band + ".tif: lies elsewhere")));
    const Outcome night = run(std::string("state-") + band);
    EXPECT_EQ(night.exit_code, 4);
    EXPECT_THAT(night.err,
                AllOf(HasSubstr(last()), HasSubstr(std::string("/") + band + ".tif: shows other ground than B04: ")));
    test::write_text(path, own);
  }
}

TEST_F(SceneCheck, WhereNothingCanBeJudgedThatIsSaid) {
  change_band(last(), "SCL", [](const Plane<std::uint16_t>&, int, int) { return std::uint16_t{8}; });
  const Outcome masked = compare();
  EXPECT_EQ(masked.exit_code, 0) << "a cloudy scene is sound";
  EXPECT_THAT(masked.err, AllOf(HasSubstr("nothing can be judged"), HasSubstr("cloud at 100 %")));
  EXPECT_THAT(json::parse(test::read_text(folder_ / "out/run.json")).at("limits").dump(),
              HasSubstr("nothing can be judged"));
}

TEST_F(SceneCheck, WhatABandDoesNotReachIsSaid) {
  const auto cut_in_half = [&](const std::string& band) {
    const std::string path = scenes() + "/" + last() + "/" + band + ".tif";
    Grid grid = BandFile(path).grid();
    const Plane<std::uint16_t> dn = BandFile(path).read_spread(std::int64_t{1} << 24);
    grid.width /= 2;
    write_geotiff_u16(path, grid, {dn.row(0), grid.width, dn.height(), dn.width()}, 0);
  };
  ASSERT_EQ(compare().exit_code, 0);
  const json whole = json::parse(test::read_text(folder_ / "out/run.json")).at("limits");
  EXPECT_THAT(whole.dump(), Not(HasSubstr("covers")));
  cut_in_half("B11");
  const Outcome half = compare();
  EXPECT_EQ(half.exit_code, 0);
  EXPECT_THAT(half.err,
              AllOf(HasSubstr("AFTER band B11 "),
                    HasSubstr("/B11.tif covers 50 % of the ground that is compared: the rest cannot be judged")));
  cut_in_half("B04");
  EXPECT_THAT(compare().err,
              AllOf(HasSubstr("AFTER band B04 "),
                    HasSubstr("/B04.tif covers 50 % of the ground that B02 does: the rest is not compared")));
}

TEST_F(SceneCheck, ABandThatIsNotThereDecidesNoClass) {
  const std::vector<std::string> all{"--score-high",     "0.2", "--score-low",   "0.1",
                                     "--min-confidence", "0",   "--min-area-ha", "0"};
  change_band(last(), "B08", [](const Plane<std::uint16_t>&, int, int) { return std::uint16_t{0}; });
  ASSERT_EQ(compare(all).exit_code, 0);
  const json alerts = json::parse(test::read_text(folder_ / "out/alerts.geojson"));
  ASSERT_GT(alerts.at("features").size(), 0U);
  for (const json& alert : alerts.at("features")) EXPECT_EQ(alert.at("properties").at("class"), "unknown");
}

TEST_F(SceneCheck, ABandWithAnotherOffsetThanTheOthersIsRefused) {
  change_item(last(), [](json& item) {
    declare(item, -0.1, "05.09");
    for (auto& [key, asset] : item["assets"].items()) {
      if (!std::string(asset["href"]).ends_with("B11.tif")) continue;
      for (const char* member : {"raster:bands", "bands"}) {
        if (asset.contains(member)) asset[member][0]["offset"] = 0;
      }
    }
  });
  expect_refused("differ between bands, and products have one: B02 -0.1, B11 0");
  const Outcome warned = compare({"--offset-check", "warn"});
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_THAT(warned.err, HasSubstr("B02 -0.1, B11 0"));
  EXPECT_THAT(compare({"--offset-check", "off"}).err, Not(HasSubstr("differ between bands")));
}

TEST_F(SceneCheck, ABandThatIsACopyOfAnotherIsRefused) {
  fs::copy_file(scenes() + "/" + last() + "/B11.tif", scenes() + "/" + last() + "/B08.tif",
                fs::copy_options::overwrite_existing);
  expect_refused("B11.tif: has the pixels of B08: ");
  EXPECT_EQ(compare({"--gate", "off"}).exit_code, 0);
}

TEST_F(SceneCheck, APictureIsNoReflectance) {
  const std::string path = scenes() + "/" + last() + "/B04.tif";
  GDALAllRegister();
  GDALDatasetH from = GDALOpen(path.c_str(), GA_ReadOnly);
  GDALDatasetH to = GDALCreateCopy(GDALGetDriverByName("MEM"), "", from, 0, nullptr, nullptr, nullptr);
  GDALClose(from);
  char byte[] = "-ot";
  char type[] = "Byte";
  std::array<char*, 3> words{byte, type, nullptr};
  GDALTranslateOptions* const options = GDALTranslateOptionsNew(words.data(), nullptr);
  GDALClose(GDALTranslate(path.c_str(), to, options, nullptr));
  GDALTranslateOptionsFree(options);
  GDALClose(to);
  expect_refused("B04.tif: its pixels have 8 bits");
}

TEST_F(SceneCheck, WrongValuesOfTheOptionsAreToldApart) {
  for (const std::vector<std::string>& option :
       {std::vector<std::string>{"--offset-check", "maybe"}, {"--gate", "ajar"}}) {
    for (const Outcome& outcome : {run("state", option), compare(option)}) {
      EXPECT_EQ(outcome.exit_code, 2);
      EXPECT_THAT(outcome.err, HasSubstr(option[0]));
    }
  }
}

}  // namespace
}  // namespace pitwatch
