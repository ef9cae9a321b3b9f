// STAC items: real ones from three catalogues, rules one by one, and hostile ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::message_of;
using test::shared_data;
using test::TemporaryFolder;
using test::write_text;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

json small_item() {
  return json::parse(R"({
    "type": "Feature", "stac_version": "1.0.0", "id": "s", "geometry": null, "links": [],
    "properties": {"datetime": "2022-01-25T08:06:01.024Z"},
    "assets": {"red": {"href": "./B04.tif", "eo:bands": [{"name": "B04"}], "raster:bands": [{"scale": 0.0001, "offset": 0}]}}
  })");
}

class StacItem : public ::testing::Test {
 protected:
  Scene read(const json& item) {
    write_text(folder_ / "item.json", item.dump());
    return read_stac_item(folder_ / "item.json");
  }
  std::string refusal(const json& item) {
    write_text(folder_ / "item.json", item.dump());
    return refusal_of_file();
  }
  std::string refusal_of_text(const std::string& text) {
    write_text(folder_ / "item.json", text);
    return refusal_of_file();
  }
  std::string refusal_of_file() {
    const std::string message = message_of<DataError>([&] { read_stac_item(folder_ / "item.json"); });
    EXPECT_THAT(message, StartsWith((folder_ / "item.json") + ": "));
    return message;
  }
  TemporaryFolder folder_;
};

TEST_F(StacItem, Small) {
  const Scene scene = read(small_item());
  EXPECT_EQ(scene.id, "s");
  EXPECT_EQ(scene.source, folder_ / "item.json");
  EXPECT_EQ(format_instant(scene.acquired), "2022-01-25T08:06:01.024Z");
  EXPECT_EQ(scene.platform, "");
  EXPECT_EQ(scene.level, "");
  EXPECT_EQ(scene.processing_baseline, "");
  EXPECT_EQ(scene.tile, "");
  ASSERT_EQ(scene.bands.size(), 1U);
  const BandAsset& red = scene.bands.at(Band::B04);
  EXPECT_EQ(fs::path(red.path).lexically_normal(), folder_ / "B04.tif");
  EXPECT_FLOAT_EQ(red.calibration.scale, 1e-4F);
  EXPECT_EQ(red.calibration.offset, 0);
  EXPECT_EQ(red.calibration.nodata, 0);
  EXPECT_EQ(red.calibration.saturated, 65535);
  EXPECT_EQ(read_scene(folder_ / "item.json").id, "s");
}

TEST_F(StacItem, MissingMembersAreNamed) {
  for (const std::string key : {"type", "stac_version", "id", "properties", "assets"}) {
    json item = small_item();
    item.erase(key);
    EXPECT_THAT(refusal(item), EndsWith(": not a STAC item: no '" + key + "'"));
    item[key] = json::array({1});
    EXPECT_THAT(refusal(item), HasSubstr("'" + key + "'"));
  }
  json item = small_item();
  item["properties"]["datetime"] = nullptr;
  EXPECT_THAT(refusal(item), HasSubstr("no 'datetime' and no 'start_datetime'"));
  item["properties"]["start_datetime"] = "2020-02-03T00:00:00Z";
  EXPECT_EQ(format_day(read(item).acquired), "2020-02-03");
  item["properties"]["start_datetime"] = "yesterday";
  EXPECT_THAT(refusal(item), HasSubstr("yesterday"));
  item = small_item();
  item["type"] = "FeatureCollection";
  EXPECT_THAT(refusal(item), HasSubstr("'type' is not 'Feature'"));
  item = small_item();
  item["assets"] = json::object();
  EXPECT_THAT(refusal(item), HasSubstr("no asset is a Sentinel-2 band"));
}

TEST_F(StacItem, WhatCoversAPeriodIsNoAcquisition) {
  json item = small_item();
  const auto cover = [&](const json& middle, const char* start, const char* end) {
    item["properties"]["datetime"] = middle;
    item["properties"]["start_datetime"] = start;
    item["properties"]["end_datetime"] = end;
  };
  cover(nullptr, "2020-02-03T07:00:00Z", "2020-02-03T07:00:30Z");
  EXPECT_EQ(format_instant(read(item).acquired), "2020-02-03T07:00:00Z");
  cover(nullptr, "2020-02-03", "2020-02-04");
  EXPECT_EQ(format_day(read(item).acquired), "2020-02-03");
  cover(nullptr, "2020-02-01T00:00:00Z", "2020-02-29T23:59:59Z");
  EXPECT_THAT(refusal(item), EndsWith("covers a period from 2020-02-01T00:00:00Z to 2020-02-29T23:59:59Z: a composite "
                                      "is no acquisition"));
  cover("2020-02-15T00:00:00Z", "2020-02-01T00:00:00Z", "2020-02-02T00:00:01Z");
  EXPECT_THAT(refusal(item), HasSubstr("a composite is no acquisition"));
  cover("2020-02-01T07:00:00Z", "2020-02-01T00:00:00Z", "2020-02-02T00:00:00Z");
  EXPECT_EQ(format_instant(read(item).acquired), "2020-02-01T07:00:00Z");
}

TEST_F(StacItem, HostileJson) {
  EXPECT_THAT(refusal_of_text(""), HasSubstr("not JSON"));
  EXPECT_THAT(refusal_of_text("<html>"), HasSubstr("not JSON"));
  EXPECT_THAT(refusal_of_text("[1, 2]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal_of_text("{\"type\": \"\xff\xfe\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(refusal_of_text(std::string(1'000'000, '[')), HasSubstr("nested deeper"));
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(refusal_of_text(deep), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal_of_text(std::string((16U << 20) + 1, ' ')), HasSubstr("is larger than"));
  fs::remove(folder_ / "item.json");
  EXPECT_THAT(refusal_of_file(), HasSubstr("No such file"));
  fs::create_directory(folder_ / "item.json");
  EXPECT_THAT(refusal_of_file(), HasSubstr("no regular file"));
}

/// Every value of the item replaced by every kind of value: a scene or a DataError, nothing else.
TEST_F(StacItem, WrongTypesEverywhere) {
  json item = small_item();
  item["properties"].update(
      json::parse(R"({"platform": "sentinel-2a", "s2:mgrs_tile": "38TPK", "grid:code": "MGRS-38TPK",
    "mgrs:utm_zone": 38, "mgrs:latitude_band": "T", "mgrs:grid_square": "PK", "s2:product_type": "S2MSI2A",
    "s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": true, "start_datetime": null})"));
  item["assets"]["B03"] = json::parse(R"({"href": "B03.tif", "roles": ["data"], "gsd": 10, "type": "image/jp2",
    "bands": [{"name": "B03", "eo:common_name": "green", "raster:scale": 1, "nodata": 0}], "raster:offset": -0.1})");
  item["assets"]["red"]["raster:bands"][0].update(json::parse(R"({"nodata": "nan", "spatial_resolution": 10})"));
  read(item);
  const json values =
      json::parse(R"([null, true, -1, 1e308, 18446744073709551615, "", "\u0000", [], [[]], [1], {}, {"a": {}}])");
  const json flat = item.flatten();
  int scenes = 0;
  int refusals = 0;
  const auto attempt = [&](const json::json_pointer& place) {
    for (const json& value : values) {
      json broken = item;
      broken[place] = value;
      try {
        read(broken);
        ++scenes;
      } catch (const DataError&) {
        ++refusals;
      }
    }
  };
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer place(pointer); !place.empty(); place.pop_back()) attempt(place);
  }
  EXPECT_GT(scenes, 50);
  EXPECT_GT(refusals, 50);
}

TEST_F(StacItem, Calibration) {
  struct Case {
    const char* properties;
    const char* asset;
    float scale, offset;
    std::optional<std::uint16_t> nodata;
  };
  const Case cases[] = {
      {R"({})", R"({})", 1e-4F, 0, 0},
      {R"({"s2:processing_baseline": "03.01"})", R"({})", 1e-4F, 0, 0},
      {R"({"s2:processing_baseline": "04.00"})", R"({})", 1e-4F, -0.1F, 0},
      {R"({"processing:version": "05.11"})", R"({})", 1e-4F, -0.1F, 0},
      {R"({"processing:version": "Sen2Cor 2.10"})", R"({})", 1e-4F, 0, 0},
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true})", R"({})", 1e-4F, 0, 0},
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": false})", R"({})", 1e-4F, -0.1F, 0},
      // Earth Search writes the offset also where it is applied.
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true})",
       R"({"raster:bands": [{"scale": 0.0001, "offset": -0.1}]})", 1e-4F, 0, 0},
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true})",
       R"({"type": "image/jp2", "raster:bands": [{"scale": 0.0001, "offset": -0.1}]})", 1e-4F, -0.1F, 0},
      {R"({"s2:processing_baseline": "05.09"})", R"({"raster:bands": [{"offset": 0}]})", 1e-4F, 0, 0},
      {R"({})", R"({"raster:bands": [{"scale": 0.00005, "offset": -0.2, "nodata": 7}]})", 5e-5F, -0.2F, 7},
      {R"({})", R"({"raster:bands": [{"scale": "nan", "offset": "nan", "nodata": "nan"}]})", 1e-4F, 0, std::nullopt},
      {R"({})", R"({"raster:bands": [{"nodata": -9999}]})", 1e-4F, 0, 0},
      {R"({})", R"({"raster:bands": [{"nodata": 0.5}]})", 1e-4F, 0, std::nullopt},
      {R"({})", R"({"raster:scale": 0.0002, "raster:offset": -0.1, "nodata": 3})", 2e-4F, -0.1F, 3},
      {R"({})", R"({"bands": [{"name": "B04", "raster:scale": 0.0003, "nodata": 4}]})", 3e-4F, 0, 4},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.properties) + c.asset);
    json item = small_item();
    item["properties"].update(json::parse(c.properties));
    item["assets"] = {{"B04", json::parse(c.asset)}};
    item["assets"]["B04"]["href"] = "B04.tif";
    const Calibration calibration = read(item).bands.at(Band::B04).calibration;
    EXPECT_FLOAT_EQ(calibration.scale, c.scale);
    EXPECT_FLOAT_EQ(calibration.offset, c.offset);
    EXPECT_EQ(calibration.nodata, c.nodata);
  }
  for (const char* scale : {"0", "-0.0001", "1e300", "\"inf?\"", "[]"}) {
    json item = small_item();
    item["assets"]["red"]["raster:bands"][0]["scale"] = json::parse(scale);
    EXPECT_THAT(refusal(item), HasSubstr("asset 'red': 'scale'")) << scale;
  }
}

/// Which rule gave the offset, and what else the item says.
TEST_F(StacItem, OffsetsAndWhatContradictsThem) {
  const char* const applied = "earthsearch:boa_offset_applied";
  const struct {
    const char* properties;
    const char* asset;
    float offset;
    const char* rule;
    std::vector<std::string> contradictions;
  } cases[] = {
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true})",
       R"({"raster:bands": [{"offset": 0}]})",
       0,
       applied,
       {}},
      {R"({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true})",
       R"({"raster:bands": [{"offset": -0.1}]})",
       0,
       applied,
       {"raster:bands gives offset -0.1, but it is applied already"}},
      {R"({"s2:processing_baseline": "02.14", "earthsearch:boa_offset_applied": true})",
       R"({})",
       0,
       applied,
       {"the offset is said to be applied, but baseline 02.14 has no offset"}},
      {R"({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": true})",
       R"({"type": "image/jp2", "raster:bands": [{"offset": -0.1}]})",
       -0.1F,
       "raster:bands",
       {}},
      {R"({"sentinel:processing_baseline": "04.00", "sentinel:boa_offset_applied": true})",
       R"({})",
       0,
       "sentinel:boa_offset_applied",
       {}},
      {R"({"sentinel:processing_baseline": "04.00", "sentinel:boa_offset_applied": false})",
       R"({})",
       -0.1F,
       "processing baseline",
       {}},
      {R"({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": false})",
       R"({"raster:bands": [{"offset": 0}]})",
       -0.1F,
       applied,
       {"raster:bands gives offset 0, but it is not applied and baseline 04.00 has offset -0.1"}},
      {R"({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": false})",
       R"({"raster:bands": [{"offset": -0.1}]})",
       -0.1F,
       "raster:bands",
       {}},
      {R"({"s2:processing_baseline": "05.11"})", R"({"raster:bands": [{"offset": -0.1}]})", -0.1F, "raster:bands", {}},
      {R"({"s2:processing_baseline": "05.11"})",
       R"({"raster:bands": [{"offset": 0}]})",
       0,
       "raster:bands",
       {"raster:bands gives offset 0, but baseline 05.11 has offset -0.1"}},
      {R"({"s2:processing_baseline": "03.01"})",
       R"({"raster:offset": -0.1})",
       -0.1F,
       "raster:offset",
       {"raster:offset gives offset -0.1, but baseline 03.01 has no offset"}},
      {R"({"s2:processing_baseline": "03.01"})", R"({"bands": [{"name": "B04", "raster:offset": 0}]})", 0, "bands", {}},
      {R"({"s2:processing_baseline": "05.11"})", R"({})", -0.1F, "processing baseline", {}},
      {R"({"s2:processing_baseline": "02.12"})", R"({})", 0, "processing baseline", {}},
      {R"({})",
       R"({})",
       0,
       "none given",
       {"neither offset nor baseline is given, but new products have offset -0.1 since 2022-01-25"}},
      {R"({"datetime": "2022-01-24T08:00:00Z"})", R"({})", 0, "none given", {}},
      {R"({"s2:processing_baseline": "04.00",
           "s2:product_uri": "S2A_MSIL2A_20200703T103031_N0209_R108_T32TMT_20200703T212700.SAFE"})",
       R"({})",
       -0.1F,
       "processing baseline",
       {"baseline is given as 04.00, but the product is named 02.09"}},
      {R"({"s2:product_uri": "S2A_MSIL2A_20200703T103031_N0500_R108_T32TMT_20230613T212700.SAFE"})",
       R"({})",
       -0.1F,
       "processing baseline",
       {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.properties) + c.asset);
    json item = small_item();
    item["properties"].update(json::parse(c.properties));
    item["assets"] = {{"B04", json::parse(c.asset)}, {"SCL", {{"href", "SCL.tif"}}}};
    item["assets"]["B04"]["href"] = "B04.tif";
    const Scene scene = read(item);
    EXPECT_FLOAT_EQ(scene.bands.at(Band::B04).calibration.offset, c.offset);
    EXPECT_EQ(scene.offsets.rule, c.rule);
    EXPECT_EQ(scene.offsets.contradictions, c.contradictions);
  }
}

TEST_F(StacItem, BaselinesAreReadAsTheyAreWritten) {
  const auto read_with = [&](const char* member, const json& value) {
    json item = small_item();
    item["assets"]["red"].erase("raster:bands");
    item["properties"][member] = value;
    return item;
  };
  for (const char* member : {"s2:processing_baseline", "sentinel:processing_baseline"}) {
    for (const json& value : json::parse(R"(["05.00", "5.00", "5.0", "5", " 05.00\n", "N0500", "N05.00", "0500", "500",
                                             5, 5.0, 500])")) {
      const Scene scene = read(read_with(member, value));
      EXPECT_EQ(scene.processing_baseline, "05.00") << member << " " << value;
      EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, -0.1F) << member << " " << value;
    }
    EXPECT_EQ(read(read_with(member, 5.09)).processing_baseline, "05.09");
    EXPECT_EQ(read(read_with(member, "")).processing_baseline, "");
    EXPECT_EQ(read(read_with(member, nullptr)).processing_baseline, "");
    for (const json& value :
         json::parse(R"(["xx", "N5", "05.0.0", "05,00", "V5.00", "42", true, [], {}, -5, 1e300, 42, 123.45])")) {
      EXPECT_THAT(refusal(read_with(member, value)),
                  EndsWith(std::string("'") + member + "' is no processing baseline: " + value.dump()));
    }
  }
  for (const json& value : json::parse(R"(["05.00", "5.00", "5.0", "N0500", " 05.00 ", 5, 5.0])")) {
    EXPECT_EQ(read(read_with("processing:version", value)).processing_baseline, "05.00") << value;
  }
  EXPECT_EQ(read(read_with("processing:version", "02.11")).processing_baseline, "02.11");
  // Versions of other programs.
  for (const json& value : json::parse(R"(["2.11", "1.0", "5", "500", "4.8.0", "xx", "", 500, true, []])")) {
    EXPECT_EQ(read(read_with("processing:version", value)).processing_baseline, "") << value;
  }
}

TEST_F(StacItem, OffsetsThatDifferBetweenBands) {
  json item = small_item();
  item["properties"]["s2:processing_baseline"] = "05.11";
  item["assets"] = json::parse(R"({"B02": {"href": "2", "raster:offset": -0.1}, "B04": {"href": "4"},
                                   "B08": {"href": "8", "raster:offset": 0}})");
  const Scene scene = read(item);
  EXPECT_EQ(scene.offsets.rule, "processing baseline (B04); raster:offset (B02, B08)");
  EXPECT_THAT(scene.offsets.contradictions,
              ::testing::ElementsAre("raster:offset gives offset 0, but baseline 05.11 has offset -0.1 (B08)"));
  item["assets"]["B08"]["raster:offset"] = -1000;  // a digital number, not a reflectance
  EXPECT_THAT(refusal(item), HasSubstr("asset 'B08': 'offset' is no reflectance"));
}

TEST_F(StacItem, NumbersThatContradictEachOtherAreRefused) {
  const auto refusal_of = [&](const char* members) {
    json item = small_item();
    item["assets"]["red"].erase("raster:bands");
    item["assets"]["red"].update(json::parse(members));
    return refusal(item);
  };
  EXPECT_THAT(refusal_of(R"({"raster:bands": [{"scale": 0.0002}], "raster:scale": 0.0001})"),
              EndsWith("asset 'red': raster:bands gives scale 0.0002, but raster:scale 0.0001"));
  EXPECT_THAT(refusal_of(R"({"raster:bands": [{"offset": 0}], "bands": [{"name": "B04", "raster:offset": -0.1}]})"),
              EndsWith("asset 'red': raster:bands gives offset 0, but bands -0.1"));
  EXPECT_THAT(refusal_of(R"({"raster:offset": 0.1})"),
              EndsWith("asset 'red': 'offset' is 0.1: products since baseline 04.00 have -0.1"));
  json item = small_item();
  item["assets"]["red"].update(json::parse(R"({"raster:scale": 0.0001, "raster:offset": 0.0})"));
  EXPECT_NO_THROW(read(item));
}

TEST_F(StacItem, EarthSearchVersion0) {
  json item = small_item();
  item["collection"] = "sentinel-s2-l2a-cogs";
  item["properties"].update(json::parse(R"({"platform": "sentinel-2b", "sentinel:utm_zone": 5, "view:off_nadir": 0,
    "sentinel:latitude_band": "V", "sentinel:grid_square": "NG", "sentinel:boa_offset_applied": true,
    "sentinel:product_id": "S2B_MSIL2A_20220425T213529_N0400_R086_T05VNG_20220425T231542"})"));
  item["assets"] = {{"B04", {{"href", "https://sentinel-cogs.s3.us-west-2.amazonaws.com/B04.tif"}}}};
  const Scene scene = read(item);
  EXPECT_EQ(scene.level, "L2A");
  EXPECT_EQ(scene.tile, "T05VNG");
  EXPECT_EQ(scene.processing_baseline, "04.00");
  EXPECT_EQ(scene.relative_orbit, 86);
  EXPECT_EQ(scene.absolute_orbit, std::nullopt);
  EXPECT_EQ(scene.view, std::nullopt);
  EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, 0);
}

TEST_F(StacItem, AnglesAndOrbits) {
  json item = small_item();
  Scene scene = read(item);
  EXPECT_FALSE(scene.sun || scene.view || scene.relative_orbit || scene.absolute_orbit);
  item["properties"].update(json::parse(R"({"s2:mean_solar_zenith": 30.5, "s2:mean_solar_azimuth": 160,
    "view:incidence_angle": 5, "view:azimuth": 284, "sat:relative_orbit": 144,
    "s2:datatake_id": "GS2A_20200302T102021_024515_N02.14"})"));
  scene = read(item);
  EXPECT_EQ(scene.sun->zenith, 30.5);
  EXPECT_EQ(scene.sun->azimuth, 160);
  EXPECT_EQ(scene.view->zenith, 5);
  EXPECT_EQ(scene.view->azimuth, 284);
  EXPECT_EQ(scene.relative_orbit, std::nullopt);
  EXPECT_EQ(scene.absolute_orbit, 24515);
  item["properties"].update(json::parse(R"({"view:sun_elevation": 50, "view:sun_azimuth": 161,
    "sat:relative_orbit": 65, "sat:absolute_orbit": 7})"));
  item["assets"]["red"].update(json::parse(R"({"view:incidence_angle": 4, "view:azimuth": 350})"));
  item["assets"]["blue"] = json::parse(R"({"href": "b", "view:incidence_angle": 6, "view:azimuth": 20})");
  scene = read(item);
  EXPECT_EQ(scene.sun->zenith, 40);
  EXPECT_EQ(scene.sun->azimuth, 161);
  EXPECT_DOUBLE_EQ(scene.view->zenith, 5);
  EXPECT_NEAR(scene.view->azimuth, 5, 1e-9);
  EXPECT_EQ(scene.relative_orbit, 65);
  EXPECT_EQ(scene.absolute_orbit, 7);
  item["properties"]["view:sun_azimuth"] = "north";
  item["assets"]["nir"] = json::parse(R"({"href": "n"})");
  scene = read(item);
  EXPECT_EQ(scene.sun->zenith, 30.5);
  EXPECT_EQ(scene.view->azimuth, 284);
}

TEST_F(StacItem, QualityFlags) {
  json item = small_item();
  item["properties"].update(json::parse(R"({"s2:degraded_msi_data_percentage": 0, "s2:geometric_quality": "PASSED"})"));
  EXPECT_TRUE(read(item).quality_flags.empty());
  item["properties"].update(json::parse(
      R"({"s2:degraded_msi_data_percentage": 1.5, "s2:geometric_quality": "FAILED", "eopf:sensor_quality": "failed"})"));
  EXPECT_THAT(read(item).quality_flags,
              ::testing::ElementsAre("degraded MSI data 1.5 %", "geometric quality failed", "sensor quality failed"));
}

TEST_F(StacItem, SclHoldsCodes) {
  json item = small_item();
  item["properties"]["s2:processing_baseline"] = "05.09";
  item["assets"]["scl"] = {{"href", "SCL.tif"}, {"raster:bands", {{{"scale", 0.5}, {"offset", -0.1}}}}};
  const Calibration scl = read(item).bands.at(Band::SCL).calibration;
  EXPECT_EQ(scl.scale, 1);
  EXPECT_EQ(scl.offset, 0);
  EXPECT_EQ(scl.nodata, 0);
  EXPECT_EQ(scl.saturated, std::nullopt);
}

TEST_F(StacItem, BandOfAnAsset) {
  json item = small_item();
  item["assets"] = json::parse(R"({
    "a": {"href": "1", "eo:bands": [{"name": "B05", "common_name": "rededge"}]},
    "b": {"href": "2", "eo:bands": [{"name": "nir08", "common_name": "nir08"}]},
    "c": {"href": "3", "bands": [{"name": "?", "eo:common_name": "SWIR16"}]},
    "B8": {"href": "4"}, "SCL_20m": {"href": "5"}, "red": {"href": "6"}, "blue-jp2": {"href": "7"}, "nir09_60m": {"href": "8"},
    "visual": {"href": "x", "eo:bands": [{"name": "B04"}, {"name": "B03"}, {"name": "B02"}]},
    "B03": {"href": "x", "roles": ["thumbnail"]},
    "AOT_10m": {"href": "x"}, "B04m": {"href": "x"}, "B04_xm": {"href": "x"}, "_10m": {"href": "x"}, "m": {"href": "x"}, "": {"href": "x"}
  })");
  std::map<Band, std::string> found;
  for (const auto& [band, asset] : read(item).bands) found[band] = fs::path(asset.path).filename();
  const std::map<Band, std::string> expected{{Band::B05, "1"}, {Band::B8A, "2"}, {Band::B11, "3"}, {Band::B08, "4"},
                                             {Band::SCL, "5"}, {Band::B04, "6"}, {Band::B02, "7"}, {Band::B09, "8"}};
  EXPECT_EQ(found, expected);
}

TEST_F(StacItem, FinestAssetIsTaken) {
  json item = small_item();
  item["assets"] = json::parse(R"({
    "B04_60m": {"href": "60", "gsd": 10}, "B04_20m": {"href": "20"}, "B04_10m": {"href": "10", "gsd": 60},
    "blue_20m": {"href": "20", "raster:bands": [{"spatial_resolution": 20}]},
    "blue": {"href": "10", "raster:bands": [{"spatial_resolution": 10}]},
    "green": {"href": "cog"}, "green-jp2": {"href": "jp2"}
  })");
  const Scene scene = read(item);
  EXPECT_THAT(scene.bands.at(Band::B04).path, EndsWith("/10"));
  EXPECT_THAT(scene.bands.at(Band::B02).path, EndsWith("/10"));
  EXPECT_THAT(scene.bands.at(Band::B03).path, EndsWith("/cog"));
}

TEST_F(StacItem, Hrefs) {
  const auto with = [](const std::string& href) {
    json item = small_item();
    item["assets"]["red"]["href"] = href;
    return item;
  };
  const auto path = [&](const std::string& href) { return fs::path(read(with(href)).bands.at(Band::B04).path); };
  EXPECT_EQ(path("/data/B04.tif"), "/data/B04.tif");
  EXPECT_EQ(path("file:///data/a%20b.tif"), "/data/a b.tif");
  EXPECT_EQ(path("file://localhost/data/B04.tif"), "/data/B04.tif");
  EXPECT_EQ(path("sub/../B04.tif").lexically_normal(), folder_ / "B04.tif");
  for (const char* href :
       {"https://a.org/B04.tif", "s3://b/B04.tif", "http://127.0.0.1:8080/B04.tif", "HTTPS://a.org/B04.tif?sig=x"}) {
    EXPECT_EQ(path(href), href);
  }
  EXPECT_EQ(path("https://a.org/B04.tif#x"), "https://a.org/B04.tif");
  EXPECT_THAT(refusal(with("https://u:secret@a.org/B04.tif?sig=secret")),
              ::testing::AllOf(HasSubstr("user or password"), ::testing::Not(HasSubstr("secret"))));
  EXPECT_THAT(refusal(with("https://a.org/../B04.tif")), HasSubstr("'..'"));
  for (const char* href : {"ftp://a.org/B04.tif", "gs://b/B04.tif"}) {
    EXPECT_THAT(refusal(with(href)), HasSubstr("asset 'red': scheme not supported: ")) << href;
  }
  for (const char* href : {"GTIFF_DIR:1:/etc/passwd", "data:image/tiff;base64,AA"}) {
    EXPECT_THAT(refusal(with(href)), HasSubstr("asset 'red': scheme not supported: ")) << href;
  }
  for (const char* href : {"/vsicurl/http://a/B04.tif", "/vsizip//a.zip/B04.tif", "file:///vsimem/x"}) {
    EXPECT_THAT(refusal(with(href)), HasSubstr("virtual path not supported")) << href;
  }
  for (const char* href : {"../B04.tif", "a/../../B04.tif", "..", ".", "./"}) {
    EXPECT_THAT(refusal(with(href)), HasSubstr("leaves the item's folder")) << href;
  }
  for (const char* href : {"file://host/B04.tif", "file:B04.tif", "file:////vsicurl/x"}) {
    EXPECT_THAT(refusal(with(href)), HasSubstr("not a local file")) << href;
  }
  EXPECT_THAT(refusal(with("")), HasSubstr("'href'"));
  EXPECT_THAT(refusal(with(std::string("a\0b", 3))), HasSubstr("'href'"));
}

TEST_F(StacItem, HrefsOfAnItemOnTheNetwork) {
  const std::string source = "https://a.org/stac/item.json?token=secret";
  const auto path = [&](const std::string& href) {
    json item = small_item();
    item["assets"]["red"]["href"] = href;
    return parse_stac_item(item.dump(), source).bands.at(Band::B04).path;
  };
  EXPECT_EQ(path("./B04.tif"), "https://a.org/stac/B04.tif");
  EXPECT_EQ(path("../B04.tif"), "https://a.org/B04.tif");
  EXPECT_EQ(path("/etc/passwd"), "https://a.org/etc/passwd");
  EXPECT_EQ(path("/vsicurl/x"), "https://a.org/vsicurl/x");
  EXPECT_EQ(path("s3://b/B04.tif"), "s3://b/B04.tif");
  EXPECT_EQ(path("//b.org/x"), "https://b.org/x");  // whether it may be asked is said where it is opened
  for (const char* href : {"file:///etc/passwd", "file:/etc/passwd", "GTIFF_DIR:1:/etc/passwd", ""}) {
    EXPECT_THAT(message_of<DataError>([&] { path(href); }),
                ::testing::AllOf(StartsWith("https://a.org/stac/item.json?...: asset 'red': "),
                                 ::testing::Not(HasSubstr("secret"))))
        << href;
  }
  EXPECT_EQ(parse_stac_item(small_item().dump(), source).source, "https://a.org/stac/item.json?...");
}

TEST_F(StacItem, AlternateHrefs) {
  json item = small_item();
  item["assets"]["red"]["href"] = "s3://eodata/B04.jp2";
  item["assets"]["red"]["alternate"] = json::parse(R"({"other": {}, "https": {"href": "https://a.org/B04.jp2"}})");
  const auto path = [&](const std::string& scheme) {
    return parse_stac_item(item.dump(), "/item.json", {scheme, {}}).bands.at(Band::B04).path;
  };
  EXPECT_EQ(path(""), "s3://eodata/B04.jp2");
  EXPECT_EQ(path("s3"), "s3://eodata/B04.jp2");
  EXPECT_EQ(path("https"), "https://a.org/B04.jp2");
  EXPECT_EQ(path("http"), "s3://eodata/B04.jp2");
  item["assets"]["red"]["alternate"] = 1;
  EXPECT_EQ(path("https"), "s3://eodata/B04.jp2");  // odd, and not needed
}

TEST_F(StacItem, WhatIsNotNeededMayBeOdd) {
  json item = small_item();
  json& properties = item["properties"];
  properties["s2:processing_baseline"] = 5.1;
  properties["mgrs:utm_zone"] = "38";
  properties["mgrs:latitude_band"] = "T";
  properties["mgrs:grid_square"] = "PK";
  properties["platform"] = "S2C";
  properties["eo:cloud_cover"] = "many";
  properties["created"] = 2022;
  item["assets"]["B05"] = nullptr;
  item["assets"]["B06"] = "B06.tif";
  item["assets"]["red"]["roles"] = "data";
  item["assets"]["blue"] = json::parse(R"({"href": "./B02.tif", "eo:bands": 7})");
  item["assets"]["visual"] = json::parse(R"({"href": "./TCI.tif", "roles": "visual", "eo:bands": [{"name": "B03"}]})");
  const Scene scene = read(item);
  EXPECT_EQ(scene.processing_baseline, "05.10");
  EXPECT_EQ(scene.tile, "T38TPK");
  EXPECT_EQ(scene.platform, "sentinel-2c");
  EXPECT_FALSE(scene.cloud_cover);
  EXPECT_THAT(scene.bands, ::testing::SizeIs(2));
  EXPECT_TRUE(scene.has(Band::B02));
  for (const auto& [number, text] : {std::pair{2.14, "02.14"}, {3.0, "03.00"}, {4.0, "04.00"}, {2.09, "02.09"}}) {
    properties["s2:processing_baseline"] = number;
    EXPECT_EQ(read(item).processing_baseline, text);
  }
  for (const char* const name : {"Sentinel-2A", "sentinel 2a", "SENTINEL2A", "s2a"}) {
    properties["platform"] = name;
    EXPECT_EQ(read(item).platform, "sentinel-2a") << name;
  }
}

TEST_F(StacItem, WhatTheItemSaysOfAllAssets) {
  json item = small_item();
  item["properties"]["raster:scale"] = 0.0002;
  item["properties"]["raster:offset"] = -0.2;
  item["properties"]["nodata"] = 9;
  item["assets"]["blue"] = json::parse(R"({"href": "./B02.tif"})");
  item["assets"]["green"] = json::parse(R"({"href": "./B03.tif", "raster:scale": 0.0003, "nodata": 5})");
  const Scene scene = read(item);
  const auto of = [&](Band band) { return scene.bands.at(band).calibration; };
  EXPECT_FLOAT_EQ(of(Band::B02).scale, 2e-4F);
  EXPECT_FLOAT_EQ(of(Band::B02).offset, -0.2F);
  EXPECT_EQ(of(Band::B02).nodata, 9);
  EXPECT_FLOAT_EQ(of(Band::B03).scale, 3e-4F);
  EXPECT_EQ(of(Band::B03).nodata, 5);
  EXPECT_FLOAT_EQ(of(Band::B04).scale, 1e-4F);
}

/// An item that leaves open what a collection may say, and the collection.
json open_item() {
  return json::parse(R"({
    "type": "Feature", "stac_version": "1.1.0", "id": "open", "geometry": null,
    "links": [{"rel": "root", "href": "../catalog.json"}, {"rel": "collection", "href": "../collection.json"}],
    "properties": {"datetime": "2023-01-25T08:06:01Z"},
    "assets": {"a1": {"href": "./a1.tif"}, "a2": {"href": "./a2.tif"}, "picture": {"href": "./B04.png"}}
  })");
}

json describing_collection() {
  return json::parse(R"({
    "type": "Collection", "stac_version": "1.1.0", "id": "some-scenes", "description": "d", "license": "other",
    "extent": {}, "links": [],
    "summaries": {"platform": ["sentinel-2b"], "product:type": ["S2MSI2A"], "gsd": [10, 20]},
    "bands": [{"name": "x4", "eo:common_name": "red", "raster:scale": 0.0004}],
    "item_assets": {
      "a1": {"roles": ["data"], "bands": [{"name": "B03"}], "raster:scale": 0.0002, "raster:offset": -0.05, "nodata": 7},
      "a2": {"bands": [{"name": "x4"}], "raster:offset": -0.06},
      "picture": {"roles": ["overview"], "bands": [{"name": "B08"}]}
    }
  })");
}

class StacInheritance : public StacItem {
 protected:
  /// As in a static catalog: the item in a folder below its collection.
  Scene read_below(const json& item, const json& collection) {
    write_text(folder_ / "collection.json", collection.dump());
    fs::create_directories(folder_ / "open");
    write_text(folder_ / "open/open.json", item.dump());
    return read_stac_item(folder_ / "open/open.json");
  }
};

TEST_F(StacInheritance, WhatAnItemLeavesOpenIsOfItsCollection) {
  const Scene scene = read_below(open_item(), describing_collection());
  EXPECT_EQ(scene.level, "L2A");
  EXPECT_EQ(scene.platform, "sentinel-2b");
  ASSERT_EQ(scene.bands.size(), 2U) << "a picture is no band, whatever it shows";
  const Calibration& green = scene.bands.at(Band::B03).calibration;  // of item_assets
  EXPECT_FLOAT_EQ(green.scale, 2e-4F);
  EXPECT_FLOAT_EQ(green.offset, -0.05F);
  EXPECT_EQ(green.nodata, 7);
  const Calibration& red = scene.bands.at(Band::B04).calibration;  // of the collection's bands, by name
  EXPECT_FLOAT_EQ(red.scale, 4e-4F);
  EXPECT_FLOAT_EQ(red.offset, -0.06F);
  EXPECT_EQ(red.nodata, 0);
  EXPECT_EQ(scene.offsets.rule, "collection");
  EXPECT_TRUE(scene.offsets.is_declared);
}

TEST_F(StacInheritance, SummariesListBandsToo) {
  for (const char* member : {"bands", "eo:bands"}) {
    json collection = describing_collection();
    collection["summaries"][member] = collection["bands"];
    collection.erase("bands");
    EXPECT_FLOAT_EQ(read_below(open_item(), collection).bands.at(Band::B04).calibration.scale, 4e-4F) << member;
  }
}

TEST_F(StacInheritance, WhatIsNearerGoesFirst) {
  const auto calibration = [&](const json& item) {
    return read_below(item, describing_collection()).bands.at(Band::B03).calibration;
  };
  json item = open_item();
  item["properties"].update(json::parse(R"({"raster:scale": 0.0011, "raster:offset": -0.011, "nodata": 11})"));
  Calibration found = calibration(item);  // the item before its collection
  EXPECT_FLOAT_EQ(found.scale, 11e-4F);
  EXPECT_FLOAT_EQ(found.offset, -0.011F);
  EXPECT_EQ(found.nodata, 11);
  item["assets"]["a1"].update(json::parse(R"({"raster:scale": 0.0012, "raster:offset": -0.012, "nodata": 12})"));
  found = calibration(item);  // the asset before the item
  EXPECT_FLOAT_EQ(found.scale, 12e-4F);
  EXPECT_FLOAT_EQ(found.offset, -0.012F);
  EXPECT_EQ(found.nodata, 12);
  item["assets"]["a1"]["bands"] =
      json::parse(R"([{"name": "B03", "raster:scale": 0.0013, "raster:offset": -0.013, "nodata": 13}])");
  found = calibration(item);  // the band before the asset
  EXPECT_FLOAT_EQ(found.scale, 13e-4F);
  EXPECT_FLOAT_EQ(found.offset, -0.013F);
  EXPECT_EQ(found.nodata, 13);
  // What the item says of itself is surer than what is said of all.
  item = open_item();
  item["properties"]["s2:processing_baseline"] = "02.14";
  const Scene old = read_below(item, describing_collection());
  EXPECT_EQ(old.bands.at(Band::B03).calibration.offset, 0);
  EXPECT_EQ(old.offsets.rule, "processing baseline");
  item["properties"]["platform"] = "sentinel-2a";
  item["properties"]["s2:product_type"] = "S2MSI1C";
  EXPECT_EQ(read_below(item, describing_collection()).platform, "sentinel-2a");
  EXPECT_EQ(read_below(item, describing_collection()).level, "L1C");
}

TEST_F(StacInheritance, AnItemThatSaysAllDoesWithoutItsCollection) {
  json item = open_item();
  item["properties"].update(json::parse(R"({"s2:product_type": "S2MSI2A", "s2:processing_baseline": "05.09"})"));
  item["assets"] = json::parse(R"({"B04": {"href": "./B04.tif", "raster:scale": 0.0001}})");
  StacItemOptions options;
  int asked = 0;
  options.collection = [&](const std::string& href) {
    EXPECT_EQ(href, "../collection.json");
    ++asked;
    return parse_stac_collection(describing_collection().dump());
  };
  parse_stac_item(item.dump(), "/items/item.json", options);
  EXPECT_EQ(asked, 0);
  for (const char* leaves_open :
       {"/properties/s2:product_type", "/properties/s2:processing_baseline", "/assets/B04/raster:scale"}) {
    const json::json_pointer place(leaves_open);
    json open = item;
    open[place.parent_pointer()].erase(place.back());
    asked = 0;
    parse_stac_item(open.dump(), "/items/item.json", options);
    EXPECT_EQ(asked, 1) << leaves_open;
  }
}

TEST_F(StacInheritance, CollectionsThatAreNotThere) {
  json item = open_item();
  item["assets"]["B04"] = json::parse(R"({"href": "./B04.tif"})");
  const auto red = [&](const char* href) {
    item["links"][1]["href"] = href;
    const Scene scene = read_below(item, describing_collection());
    EXPECT_EQ(scene.level, "") << href;
    EXPECT_EQ(scene.offsets.rule, "none given") << href;
    return scene.bands.at(Band::B04).calibration.scale;
  };
  fs::create_directories(folder_ / "open/c");
  write_text(folder_ / "open/c/collection.json", describing_collection().dump());
  write_text(folder_ / "open/catalog.json", R"({"type": "Catalog"})");
  write_text(folder_ / "open/broken.json", "{");
  for (const char* href : {"", "nowhere.json", "https://example.org/collection.json", "../..", ".", "c/collection.json",
                           "catalog.json", "broken.json", "/dev/zero", "a\u0000b", "../../../../etc/passwd"}) {
    EXPECT_FLOAT_EQ(red(href), 1e-4F) << href;
  }
  item.erase("links");
  EXPECT_EQ(read_below(item, describing_collection()).level, "");
  item["links"] = 5;
  EXPECT_EQ(read_below(item, describing_collection()).level, "");
}

/// Every value of the collection replaced by every kind of value: the item is read all the same.
TEST_F(StacInheritance, OddMembersOfACollectionArePassedOver) {
  json item = open_item();
  item["assets"]["B02"] = json::parse(R"({"href": "./B02.tif"})");
  const json whole = describing_collection();
  const json flat = whole.flatten();
  const json values =
      json::parse(R"([null, true, -1, 1e308, 18446744073709551615, "", "\u0000", [], [[]], [1], {}, {"a": {}}])");
  int scenes = 0;
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer place(pointer); !place.empty(); place.pop_back()) {
      for (const json& value : values) {
        json broken = whole;
        broken[place] = value;
        StacItemOptions options;
        options.collection = [&](const std::string&) { return parse_stac_collection(broken.dump()); };
        try {
          EXPECT_TRUE(parse_stac_item(item.dump(), "/items/item.json", options).has(Band::B02));
          ++scenes;
        } catch (const DataError& error) {  // a scale, a product or a platform that is none
          EXPECT_THAT(error.what(), ::testing::AnyOf(HasSubstr("'scale' is not above 0"), HasSubstr("not Sentinel-2"),
                                                     HasSubstr("not Level-1C")))
              << place << " " << value;
        }
      }
    }
  }
  EXPECT_GT(scenes, 100);
}

TEST_F(StacInheritance, AnglesOfBandsAreOfAssetsAndItems) {
  json item = small_item();
  item["properties"].update(json::parse(R"({"view:incidence_angle": 5, "view:azimuth": 100})"));
  EXPECT_EQ(read(item).view->zenith, 5);
  item["assets"]["red"]["view:incidence_angle"] = 6;  // its azimuth is the item's
  EXPECT_EQ(read(item).view->zenith, 6);
  EXPECT_NEAR(read(item).view->azimuth, 100, 1e-9);
  item["assets"]["red"]["bands"] = json::parse(R"([{"name": "B04", "view:azimuth": 110}])");
  EXPECT_EQ(read(item).view->zenith, 6);
  EXPECT_NEAR(read(item).view->azimuth, 110, 1e-9);
  for (const char* odd : {R"("6")", "null", "[]", "-1", "95"}) {
    item["assets"]["red"]["view:incidence_angle"] = json::parse(odd);
    EXPECT_EQ(read(item).view->zenith, 5) << odd;
  }
}

TEST_F(StacInheritance, TheNameOfAnOnlyBandMayBeTheAssets) {
  json item = small_item();
  item["assets"] = json::parse(R"({"x": {"href": "./x.tif", "eo:common_name": "green", "bands": [{"name": "b"}]}})");
  EXPECT_TRUE(read(item).has(Band::B03));
  item["assets"]["x"]["eo:common_name"] = 3;
  EXPECT_THAT(refusal(item), HasSubstr("no asset is a Sentinel-2 band"));
}

TEST(RealStacCollections, CompleteWhatTheirItemsWouldLeaveOpen) {
  const std::string folder = (shared_data() / "stac").string() + "/";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data in " << folder;
  const struct {
    const char* collection;
    const char* item;
    float offset;  // by the collection, where neither item nor baseline says it
  } cases[] = {
      {"earth-search-v1/sentinel-2-l2a__984062.json", "earth-search-v1/S2A_32TMT_20200302_1_L2A__91d79a.json", 0},
      {"cdse/sentinel-2-l2a__c4fdd5.json",
       "cdse/S2A_MSIL2A_20241107T113311_N0511_R080_T32VKR_20241107T123948__039edc.json", -0.1F}};
  for (const auto& c : cases) {
    json item = json::parse(read_json_text(folder + c.item));
    const Scene whole = parse_stac_item(item.dump(), "/items/item.json");
    StacItemOptions options;
    options.collection = [&](const std::string&) {
      return parse_stac_collection(read_json_text(folder + c.collection));
    };
    EXPECT_EQ(parse_stac_item(item.dump(), "/items/item.json", options), whole) << c.item;
    for (json& asset : item["assets"]) {
      for (const char* member : {"raster:bands", "raster:scale", "raster:offset", "nodata", "eo:bands", "bands"}) {
        asset.erase(member);
      }
    }
    const Scene completed = parse_stac_item(item.dump(), "/items/item.json", options);
    EXPECT_EQ(completed.bands.size(), whole.bands.size()) << c.item;
    EXPECT_EQ(completed.bands.at(Band::B04).calibration, whole.bands.at(Band::B04).calibration) << c.item;
    for (const char* member : {"s2:processing_baseline", "processing:version", "s2:product_uri", "s2:granule_id",
                               "earthsearch:boa_offset_applied", "s2:tile_id"}) {
      item["properties"].erase(member);
    }
    item["id"] = "x";
    const Scene bare = parse_stac_item(item.dump(), "/items/item.json", options);
    EXPECT_EQ(bare.offsets.rule, "collection") << c.item;
    EXPECT_FLOAT_EQ(bare.bands.at(Band::B04).calibration.offset, c.offset) << c.item;
  }
}

TEST_F(StacItem, HrefsAreReferences) {
  write_text(folder_ / "pit 7 B04.tif", "x");
  write_text(folder_ / "B%2002.tif", "x");
  json item = small_item();
  item["assets"]["red"]["href"] = "./pit%207%20B04.tif";
  item["assets"]["blue"] = json::parse(R"({"href": "./B%2002.tif"})");
  item["assets"]["green"] = json::parse(R"({"href": "./gone%20.tif"})");
  const Scene scene = read(item);
  EXPECT_EQ(scene.bands.at(Band::B04).path, folder_ / "./pit 7 B04.tif");
  EXPECT_EQ(scene.bands.at(Band::B02).path, folder_ / "./B%2002.tif");  // as it stands there
  EXPECT_EQ(scene.bands.at(Band::B03).path, folder_ / "./gone%20.tif");
  item["assets"]["red"]["href"] = "./%2e%2e/%2e%2e/etc/passwd";
  EXPECT_EQ(read(item).bands.at(Band::B04).path, folder_ / "./%2e%2e/%2e%2e/etc/passwd");
}

TEST_F(StacItem, JsonTakesTimeInProportion) {
  // Quadratic, this would take minutes.
  std::string text = "[";
  for (int i = 0; i < 1'000'000; ++i) text += i == 0 ? "{}" : ",{}";
  text += "]";
  EXPECT_THAT(refusal_of_text(text), HasSubstr("not a JSON object"));
  std::string many = "[0";
  for (int i = 0; i < 5'000'000; ++i) many += ",0";
  EXPECT_THAT(refusal_of_text(many + "]"), HasSubstr("more than 5000000 values"));
}

TEST_F(StacItem, SymbolicLinksCannotLeaveTheFolder) {
  const TemporaryFolder elsewhere;
  write_text(elsewhere / "secret.tif", "x");
  fs::create_symlink(elsewhere / "secret.tif", folder_ / "B04.tif");
  EXPECT_THAT(refusal(small_item()), HasSubstr("leaves the item's folder"));
  fs::remove(folder_ / "B04.tif");
  write_text(folder_ / "real.tif", "x");
  fs::create_symlink("real.tif", folder_ / "B04.tif");
  EXPECT_EQ(read(small_item()).bands.size(), 1U);
}

TEST_F(StacItem, RelativeItemPath) {
  write_text(folder_ / "item.json", small_item().dump());
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  const std::string path = read_stac_item("item.json").bands.at(Band::B04).path;
  fs::current_path(before);
  EXPECT_THAT(path, StartsWith("./"));
}

TEST_F(StacItem, OtherSensorsAreRefused) {
  json item = small_item();
  item["properties"]["platform"] = "landsat-8";
  EXPECT_THAT(refusal(item), HasSubstr("landsat-8"));
  item["properties"]["platform"] = "Sentinel-2B";
  EXPECT_EQ(read(item).platform, "sentinel-2b");
}

TEST_F(StacItem, OtherProductsAreRefused) {
  json item = small_item();
  item["properties"]["product:type"] = "S2MSI_L3__MCQ";  // quarterly mosaics of the Copernicus Data Space
  EXPECT_THAT(refusal(item), HasSubstr("not Level-1C or Level-2A, 'product:type' is 'S2MSI_L3__MCQ'"));
}

TEST_F(StacItem, NamesOfProducts) {
  json item = small_item();
  item["id"] = "S2A_MSIL2A_20150704T101006_R022_T35XQA_20210411T133707";
  item["properties"]["s2:granule_id"] = "S2A_OPER_MSI_L2A_TL_ESRI_20210411T133711_A000162_T35XQA_N02.12";
  const Scene scene = read(item);
  EXPECT_EQ(scene.level, "L2A");
  EXPECT_EQ(scene.tile, "T35XQA");
  EXPECT_EQ(scene.relative_orbit, 22);
  EXPECT_EQ(scene.absolute_orbit, 162);
  // An id that only looks like parts of a name.
  item = small_item();
  item["id"] = "pit_N0500_R022_T35XQA";
  EXPECT_EQ(read(item).processing_baseline, "");
  EXPECT_EQ(read(item).relative_orbit, std::nullopt);
}

TEST_F(StacItem, TileAndLevel) {
  const auto tile = [&](const char* properties) {
    json item = small_item();
    item["properties"].update(json::parse(properties));
    return read(item).tile;
  };
  EXPECT_EQ(tile(R"({"s2:mgrs_tile": "38TPK"})"), "T38TPK");
  EXPECT_EQ(tile(R"({"s2:mgrs_tile": "T38TPK"})"), "T38TPK");
  EXPECT_EQ(tile(R"({"grid:code": "MGRS-38TPK"})"), "T38TPK");
  EXPECT_EQ(tile(R"({"grid:code": "MGRS-1WCP"})"), "T01WCP");
  EXPECT_EQ(tile(R"({"grid:code": "WRS2-1"})"), "");
  EXPECT_EQ(tile(R"({"mgrs:utm_zone": 1, "mgrs:latitude_band": "W", "mgrs:grid_square": "CP"})"), "T01WCP");
}

TEST(SceneReader, UnknownReferencesAreRefused) {
  for (const char* reference : {"", "x", "scene.SAFE", "https://a/item.json", "/tmp"}) {
    EXPECT_THAT(message_of<DataError>([&] { read_scene(reference); }), HasSubstr("STAC item")) << reference;
  }
}

// ---- real items --------------------------------------------------------------------------------------------------

TEST(RealStacItem, OscdScenes) {
  if (!fs::exists(shared_data() / "oscd")) GTEST_SKIP() << "no reference data at " << shared_data();
  int count = 0;
  for (const auto& entry : fs::directory_iterator(shared_data() / "oscd")) {
    const fs::path item = entry.path() / "before.json";
    if (!fs::exists(item)) continue;
    ++count;
    const Scene scene = read_scene(item);
    EXPECT_EQ(scene.bands.size(), 13U) << item;
    EXPECT_FALSE(scene.has(Band::SCL));
    EXPECT_EQ(scene.level, "L1C");
    for (const auto& [band, asset] : scene.bands) {
      EXPECT_TRUE(fs::exists(asset.path)) << asset.path;
      EXPECT_EQ(fs::path(asset.path).stem(), name(band));
      EXPECT_EQ(asset.calibration.offset, 0);
    }
  }
  EXPECT_GE(count, 13);
}

TEST(RealStacItem, CoalMineSeries) {
  if (!fs::exists(shared_data() / "coal_mine_series")) GTEST_SKIP() << "no reference data at " << shared_data();
  int with_scl = 0;
  for (const auto& entry : fs::directory_iterator(shared_data() / "coal_mine_series")) {
    if (entry.path().extension() != ".json") continue;
    const Scene scene = read_scene(entry.path());
    EXPECT_EQ(scene.level, "L2A");
    EXPECT_TRUE(scene.has(Band::B04) && scene.has(Band::B08));
    EXPECT_EQ(format_day(scene.acquired).substr(0, 4), entry.path().stem().string().substr(0, 4));
    with_scl += scene.has(Band::SCL) ? 1 : 0;
  }
  EXPECT_GT(with_scl, 0);
}

/// Items as three public APIs answered them, whose assets lie on the network.
TEST(RealStacItem, PublicCatalogues) {
  if (!fs::exists(shared_data() / "stac")) GTEST_SKIP() << "no reference data at " << shared_data();
  const TemporaryFolder folder;
  int count = 0;
  const auto check = [&](const json& item) {
    const std::string collection = item.at("collection");
    if (!collection.starts_with("sentinel-2-l")) return;  // Landsat, mosaics
    ++count;
    const std::string id = item.at("id");
    SCOPED_TRACE(id);
    write_text(folder / "item.json", item.dump());
    const Scene scene = read_stac_item(folder / "item.json");
    // L1C: 13 bands; L2A: 12 (no cirrus) and the scene classification.
    EXPECT_EQ(scene.bands.size(), 13U);
    EXPECT_EQ(scene.level, scene.has(Band::SCL) ? "L2A" : "L1C");
    EXPECT_THAT(scene.platform, StartsWith("sentinel-2"));
    EXPECT_THAT(scene.tile, ::testing::MatchesRegex("T[0-9][0-9][A-Z][A-Z][A-Z]"));
    EXPECT_THAT(scene.processing_baseline, ::testing::MatchesRegex("0[0-9]\\.[0-9][0-9]"));
    const json& properties = item["properties"];
    const bool applied = properties.value("earthsearch:boa_offset_applied", false);
    const float expected = scene.processing_baseline >= "04.00" && !applied ? -0.1F : 0.0F;
    for (const auto& [band, asset] : scene.bands) {
      EXPECT_EQ(asset.calibration.offset, band == Band::SCL ? 0.0F : expected) << name(band);
      EXPECT_THAT(asset.path, ::testing::Not(HasSubstr("TCI")));
    }
    EXPECT_THAT(scene.bands.at(Band::B04).path, ::testing::Not(::testing::AnyOf(HasSubstr("20m"), HasSubstr("60m"))));
  };
  for (const auto& entry : fs::recursive_directory_iterator(shared_data() / "stac")) {
    if (entry.path().extension() != ".json") continue;
    const json document = json::parse(test::read_text(entry.path()));
    if (document.value("type", "") == "Feature") check(document);
    if (document.value("type", "") == "FeatureCollection") {
      for (const json& item : document["features"]) check(item);
    }
  }
  EXPECT_GT(count, 20);
}

/// What a well-kept converter makes of real SAFE products.
TEST(RealStacItem, ConvertedSafeProducts) {
  if (!fs::exists(shared_data() / "safe_metadata")) GTEST_SKIP() << "no reference data at " << shared_data();
  int count = 0;
  for (const auto& entry : fs::directory_iterator(shared_data() / "safe_metadata")) {
    const fs::path path = entry.path() / "expected_output.json";
    if (!fs::exists(path)) continue;
    SCOPED_TRACE(path.string());
    ++count;
    const Scene scene = read_scene(path);
    const json item = json::parse(test::read_text(path));
    EXPECT_EQ(scene.bands.size(), 13U);  // L1C: 13 bands; L2A: 12 and the scene classification
    EXPECT_EQ(scene.level, scene.has(Band::SCL) ? "L2A" : "L1C");
    EXPECT_EQ(scene.processing_baseline, item["properties"]["s2:processing_baseline"]);
    EXPECT_EQ("MGRS-" + scene.tile.substr(1), item["properties"]["grid:code"]);
    EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, scene.processing_baseline >= "04.00" ? -0.1F : 0.0F);
  }
  EXPECT_GE(count, 10);
}

}  // namespace
}  // namespace pitwatch
