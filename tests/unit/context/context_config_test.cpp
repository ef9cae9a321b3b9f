#include "pipeline/context/context_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;

std::string refused(const std::string& text) {
  return message_of<ConfigError>([&] { parse_context_config(text, "/maps"); });
}

std::string with_layer(const std::string& members) { return R"({"layers": [{)" + members + "}]}"; }

TEST(ContextConfig, SaysWhereLayersAreAndWhatTheyHold) {
  const ContextConfig config = parse_context_config(
      R"({"registration_error_m": 4, "layers": [
           {"name": "a", "role": "licence", "source": "a.gpkg", "layer": "t", "where": "kind = 1", "crs": "EPSG:32638",
            "accuracy_m": 2.5, "columns": {"id": "nr", "holder": "who", "valid_to": "until"}},
           {"name": "b", "role": "spring", "source": "PG:dbname=water"},
           {"name": "c", "role": "surface_water", "source": "/data/c.shp"}]})",
      "/maps");
  EXPECT_EQ(config.registration_error_m, 4);
  ASSERT_EQ(config.layers.size(), 3U);
  const ContextLayer& first = config.layers[0];
  EXPECT_EQ(first.role, LayerRole::licence);
  EXPECT_EQ(first.source.target, "/maps/a.gpkg");
  EXPECT_EQ(first.source.layer, "t");
  EXPECT_EQ(first.source.where, "kind = 1");
  EXPECT_EQ(first.source.crs, "EPSG:32638");
  EXPECT_EQ(first.source.columns.holder, "who");
  EXPECT_EQ(first.source.columns.name, "");
  EXPECT_EQ(first.source.geometries, layer_areas);
  EXPECT_EQ(first.accuracy_m, 2.5);
  EXPECT_EQ(config.layers[1].source.target, "PG:dbname=water");
  EXPECT_EQ(config.layers[1].accuracy_m, 5);
  EXPECT_EQ(config.layers[2].source.target, "/data/c.shp");
  EXPECT_EQ(config.layers[2].source.geometries, layer_areas | layer_lines);
}

TEST(ContextConfig, TellsWhatIsWrong) {
  EXPECT_THAT(refused("[1, 2"), HasSubstr("not JSON"));
  EXPECT_THAT(refused("[]"), HasSubstr("no object"));
  EXPECT_THAT(refused("{}"), HasSubstr("'layers'"));
  EXPECT_THAT(refused(R"({"layers": []})"), HasSubstr("'layers'"));
  EXPECT_THAT(refused(R"({"layers": [7]})"), HasSubstr("layer 1"));
  EXPECT_THAT(refused(R"({"layer": []})"), HasSubstr("'layer' is not known"));
  EXPECT_THAT(refused(with_layer(R"("name": "a", "role": "spring")")), HasSubstr("'source' is missing"));
  EXPECT_THAT(refused(with_layer(R"("name": "a", "role": "lake", "source": "x")")), HasSubstr("no role 'lake'"));
  EXPECT_THAT(refused(with_layer(R"("name": "a\u0007", "role": "well", "source": "x")")), HasSubstr("'name'"));
  EXPECT_THAT(refused(with_layer(R"("name": "a", "role": "well", "source": "x\u0000y")")), HasSubstr("NUL"));
  EXPECT_THAT(refused(with_layer(R"("name": "a", "role": "well", "source": "x", "accuracy_m": -1)")),
              HasSubstr("'accuracy_m'"));
  EXPECT_THAT(refused(with_layer(R"("name": "a", "role": "well", "source": "x", "columns": {"ids": "a"})")),
              HasSubstr("layer 1: columns: 'ids' is not known"));
  EXPECT_THAT(refused(R"({"layers": [{"name": "a", "role": "well", "source": "x"},
                                     {"name": "a", "role": "dam", "source": "y"}]})"),
              HasSubstr("layer 2: there is another"));
  EXPECT_THAT(refused(std::string(100, '[')), HasSubstr("nested"));
}

TEST(ContextConfig, NamesTheFile) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(message_of<ConfigError>([&] { read_context_config(folder / "context.json"); }),
              HasSubstr(folder / "context.json"));
  test::write_text(folder / "context.json", with_layer(R"("name": "a", "role": "well", "source": "w.kml")"));
  EXPECT_EQ(read_context_config(folder / "context.json").layers[0].source.target, folder / "w.kml");
}

std::string with_member(const std::string& member) {
  return R"({"layers": [{"name": "a", "role": "well", "source": "w"}], )" + member + "}";
}

TEST(ContextConfig, SaysHowWaterFlows) {
  EXPECT_FALSE(parse_context_config(with_member(R"("registration_error_m": 5)"), "/maps").elevation);
  const ContextConfig usual = parse_context_config(with_member(R"("elevation": {"source": "d.tif"})"), "/maps");
  ASSERT_TRUE(usual.elevation);
  EXPECT_THAT(usual.elevation->sources, ::testing::ElementsAre("/maps/d.tif"));
  EXPECT_TRUE(usual.elevation->breach);
  EXPECT_EQ(usual.elevation->draws, 100);
  const ContextConfig other = parse_context_config(
      with_member(R"("elevation": {"source": "/d.tif", "rmse_m": 0.5, "correlation_length_m": 200, "rule": "fill",
                                   "draws": 7, "cell_m": 10, "stream_threshold_ha": 2.5, "burn_m": 0,
                                   "reach_m": 3000})"),
      "/maps");
  EXPECT_THAT(other.elevation->sources, ::testing::ElementsAre("/d.tif"));
  EXPECT_EQ(other.elevation->rmse_m, 0.5);
  EXPECT_EQ(other.elevation->correlation_length_m, 200);
  EXPECT_FALSE(other.elevation->breach);
  EXPECT_EQ(other.elevation->draws, 7);
  EXPECT_EQ(other.elevation->cell_m, 10);
  EXPECT_EQ(other.elevation->stream_threshold_ha, 2.5);
  EXPECT_EQ(other.elevation->burn_m, 0);
  EXPECT_EQ(other.elevation->reach_m, 3000);
}

TEST(ContextConfig, RefusesElevationsThatAreNone) {
  const auto elevation = [](const std::string& members) {
    return refused(with_member(R"("elevation": {"source": "d.tif", )" + members + "}"));
  };
  const ContextConfig tiles =
      parse_context_config(with_member(R"("elevation": {"source": ["a.tif", "/b.tif"]})"), "/maps");
  EXPECT_THAT(tiles.elevation->sources, ::testing::ElementsAre("/maps/a.tif", "/b.tif"));
  EXPECT_THAT(refused(with_member(R"("elevation": {"source": []})")), HasSubstr("'source'"));
  EXPECT_THAT(refused(with_member(R"("elevation": {"source": ["a.tif", 5]})")), HasSubstr("'source'"));
  EXPECT_THAT(refused(with_member(R"("elevation": {})")), HasSubstr("'source' is missing"));
  EXPECT_THAT(refused(with_member(R"("elevation": 7)")), HasSubstr("no object"));
  EXPECT_THAT(elevation(R"("draw": 5)"), HasSubstr("'draw' is not known"));
  EXPECT_THAT(elevation(R"("draws": 0)"), HasSubstr("'draws'"));
  EXPECT_THAT(elevation(R"("draws": 1001)"), HasSubstr("'draws'"));
  EXPECT_THAT(elevation(R"("draws": 2.5)"), HasSubstr("'draws'"));
  EXPECT_THAT(elevation(R"("rmse_m": -1)"), HasSubstr("'rmse_m'"));
  EXPECT_THAT(elevation(R"("rmse_m": "4")"), HasSubstr("'rmse_m'"));
  EXPECT_THAT(elevation(R"("cell_m": 0.5)"), HasSubstr("'cell_m'"));
  EXPECT_THAT(elevation(R"("reach_m": 1e6)"), HasSubstr("'reach_m'"));
  EXPECT_THAT(elevation(R"("burn_m": 1e300)"), HasSubstr("'burn_m'"));
  EXPECT_THAT(elevation(R"("stream_threshold_ha": 0)"), HasSubstr("'stream_threshold_ha'"));
  EXPECT_THAT(elevation(R"("cell_m": 10, "correlation_length_m": 1001)"), HasSubstr("100 times"));
  EXPECT_THAT(elevation(R"("rule": "dig")"), HasSubstr("'rule'"));
}

TEST(ContextConfig, SaysWhatIsKnownOfGroundWater) {
  const ContextConfig config =
      parse_context_config(with_member(R"("groundwater": {"depth_m": 12, "soil": "loam", "aquifer": "basalt",
                     "sites": {"pit": {"depth_m": 3, "vadose": "shale"}}})"),
                           "/maps");
  ASSERT_TRUE(config.groundwater);
  const GroundwaterFacts pit = groundwater_at(*config.groundwater, "pit");
  EXPECT_EQ(pit.depth_m, 3);
  EXPECT_EQ(pit.soil, SoilKind::loam);
  EXPECT_EQ(pit.aquifer, RockKind::basalt);
  EXPECT_EQ(pit.vadose, RockKind::shale);
  EXPECT_FALSE(pit.recharge_mm);
  EXPECT_EQ(groundwater_at(*config.groundwater, "other").depth_m, 12);
  EXPECT_EQ(groundwater_at(*config.groundwater, std::nullopt).depth_m, 12);
}

TEST(ContextConfig, RefusesGroundWaterThatIsNone) {
  const auto groundwater = [](const std::string& members) {
    return refused(with_member(R"("groundwater": {)" + members + "}"));
  };
  EXPECT_THAT(groundwater(R"("soil": "mud")"), HasSubstr("'soil' cannot be 'mud'"));
  EXPECT_THAT(groundwater(R"("soil": 3)"), HasSubstr("'soil'"));
  EXPECT_THAT(groundwater(R"("aquifer": "confining_layer")"), HasSubstr("'aquifer'"));
  EXPECT_THAT(groundwater(R"("depth_m": -1)"), HasSubstr("'depth_m'"));
  EXPECT_THAT(groundwater(R"("sites": [])"), HasSubstr("'sites'"));
  EXPECT_THAT(groundwater(R"("sites": {"a": {"depth": 1}})"), HasSubstr("site 'a'"));
  EXPECT_THAT(groundwater(R"("sites": {"a": {"sites": {}}})"), HasSubstr("'sites' is not known"));
}

}  // namespace
}  // namespace pitwatch
