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

}  // namespace
}  // namespace pitwatch
