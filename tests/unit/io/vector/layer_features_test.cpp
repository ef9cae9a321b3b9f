#include "pipeline/io/vector/layer_features.hpp"

#include <gdal/gdal.h>
#include <gdal/ogr_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/zip_writer.hpp"
#include "tests/unit/io/products/zip_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class LayerFeatures : public testing::Test {
 protected:
  /// A GeoJSON layer of these features.
  LayerSource layer(const std::string& features, const std::string& members = "") {
    const std::string path = folder_ / "layer.geojson";
    test::write_text(path, R"({"type": "FeatureCollection", )" + members + R"("features": [)" + features + "]}");
    LayerSource source;
    source.target = path;
    return source;
  }

  static std::string feature(const std::string& geometry, const std::string& properties = "") {
    return R"({"type": "Feature", "properties": {)" + properties + R"(}, "geometry": )" + geometry + "}";
  }

  static std::string polygon(const std::string& ring) {
    return R"({"type": "Polygon", "coordinates": [[)" + ring + "]]}";
  }

  static std::string refused(const LayerSource& source) {
    return message_of<DataError>([&] { read_layer(source); });
  }

  static std::vector<std::string> remarks(const LayerContent& content) {
    std::vector<std::string> texts;
    for (const RemarkedFeature& remarked : content.remarks) {
      texts.push_back(std::string(name(remarked.remark)) + " " + remarked.id);
    }
    return texts;
  }

  test::TemporaryFolder folder_;
  const std::string square_ = polygon("[46.0, 40.0], [46.001, 40.0], [46.001, 40.001], [46.0, 40.001], [46.0, 40.0]");
  const std::string bow_tie_ = polygon("[46.0, 40.0], [46.001, 40.001], [46.001, 40.0], [46.0, 40.001], [46.0, 40.0]");
};

TEST_F(LayerFeatures, HaveWhatTheNamedColumnsHold) {
  LayerSource source = layer(feature(
      square_,
      R"("nr": "L-1", "called": "North", "who": "A & B", "since": "2020-01-01", "until": "2021-12-31", "m": 3)"));
  source.columns = {"nr", "called", "who", "since", "until", "m"};
  const LayerContent content = read_layer(source);
  ASSERT_EQ(content.features.size(), 1U);
  const LayerFeature& only = content.features[0];
  EXPECT_EQ(only.id, "L-1");
  EXPECT_EQ(only.name, "North");
  EXPECT_EQ(only.holder, "A & B");
  EXPECT_EQ(only.valid_from, parse_instant("2020-01-01"));
  EXPECT_EQ(only.valid_to, last_instant("2021-12-31"));
  EXPECT_EQ(only.accuracy_m, 3);
  EXPECT_EQ(only.areas.size(), 1U);
  EXPECT_TRUE(content.remarks.empty());
}

TEST_F(LayerFeatures, AreOfTheColumnOfExactlyThatName) {
  LayerSource source = layer(feature(square_, R"("ID": "upper", "id": "lower", "Holder": "W", "holder": "R")"));
  source.columns.id = "id";
  source.columns.holder = "holder";
  EXPECT_EQ(read_layer(source).features.at(0).id, "lower");
  EXPECT_EQ(read_layer(source).features.at(0).holder, "R");
  source.columns.id = "ID";
  EXPECT_EQ(read_layer(source).features.at(0).id, "upper");
  source.columns.id = "Id";
  EXPECT_THAT(refused(source), HasSubstr("has several columns for 'Id': 'ID', 'id'"));
  source.columns = {};
  source.where = "id = 'lower'";  // OGR would look in the first of them
  EXPECT_THAT(refused(source), HasSubstr("has several columns for 'id', which its filter names"));
  source.where = "identity = 'lower' OR Valid = 1";
  EXPECT_THAT(refused(source), Not(HasSubstr("has several columns")));
  LayerSource one = layer(feature(square_, R"("ID": "only")"));
  one.columns.id = "id";
  EXPECT_EQ(read_layer(one).features.at(0).id, "only");
}

TEST_F(LayerFeatures, AreOfTheKindsThatAreOfUse) {
  const std::string line = R"({"type": "LineString", "coordinates": [[46.0, 40.0], [46.003, 40.0]]})";
  const std::string point = R"({"type": "Point", "coordinates": [46.0, 40.0]})";
  LayerSource source = layer(feature(square_) + "," + feature(line) + "," + feature(point) + "," + feature("null"));
  EXPECT_THAT(remarks(read_layer(source)), ElementsAre("other_geometry #1", "other_geometry #2", "no_geometry #3"));
  source.geometries = layer_lines | layer_points;
  const LayerContent content = read_layer(source);
  EXPECT_EQ(content.read, 4U);
  ASSERT_EQ(content.features.size(), 2U);
  EXPECT_EQ(content.features[0].lines.size(), 1U);
  EXPECT_EQ(content.features[1].points, (std::vector<LonLat>{{46, 40}}));
}

TEST_F(LayerFeatures, AreRepairedWhereAllWaysAgree) {
  const LayerContent content = read_layer(layer(feature(bow_tie_)));
  EXPECT_THAT(remarks(content), ElementsAre("repaired #0"));
  EXPECT_EQ(content.features.at(0).areas.size(), 2U);
}

TEST_F(LayerFeatures, OfPartsThatOverlapAreTheirUnion) {
  const std::string overlapping = R"({"type": "MultiPolygon", "coordinates": [
      [[[46.0, 40.0], [46.002, 40.0], [46.002, 40.001], [46.0, 40.001], [46.0, 40.0]]],
      [[[46.001, 40.0], [46.003, 40.0], [46.003, 40.001], [46.001, 40.001], [46.001, 40.0]]]]})";
  const LayerContent content = read_layer(layer(feature(overlapping)));
  EXPECT_THAT(remarks(content), ElementsAre("repaired #0"));
  EXPECT_EQ(content.features.at(0).areas.size(), 1U);
}

TEST_F(LayerFeatures, AreLeftOutWhereTheyDoNot) {
  // A hole that lies half outside: is that half ground, or a slip?
  const std::string leaking = R"({"type": "Polygon", "coordinates": [
      [[46.0, 40.0], [46.002, 40.0], [46.002, 40.002], [46.0, 40.002], [46.0, 40.0]],
      [[46.001, 40.0005], [46.003, 40.0005], [46.003, 40.0015], [46.001, 40.0015], [46.001, 40.0005]]]})";
  const LayerContent content = read_layer(layer(feature(leaking) + "," + feature(square_)));
  EXPECT_THAT(remarks(content), ElementsAre("ambiguous #0"));
  EXPECT_EQ(content.features.size(), 1U);
}

TEST_F(LayerFeatures, ThatAreTheSameCountOnce) {
  LayerSource source = layer(feature(square_, R"("id": "a", "extra": 1)") + "," + feature(square_, R"("id": "a")") +
                             "," + feature(bow_tie_, R"("id": "a")") + "," + feature(bow_tie_, R"("id": null)"));
  source.columns.id = "id";
  const LayerContent content = read_layer(source);
  EXPECT_THAT(remarks(content), ElementsAre("duplicate a", "repaired a", "no_id #3", "repaired #3", "shared_id a"));
  EXPECT_EQ(content.features.size(), 3U);
}

/// Two licences must not become one.
TEST_F(LayerFeatures, HaveTheIdsOfTheFileOrNone) {
  const auto with_ids = [&](const std::vector<std::string>& ids) {
    std::string features;
    for (const std::string& id : ids) features += (features.empty() ? "" : ",") + feature(square_, R"("nr": )" + id);
    LayerSource source = layer(features);
    source.columns.id = "nr";
    return source;
  };
  const auto ids = [&](const std::vector<std::string>& given) {
    std::vector<std::string> found;
    for (const LayerFeature& one : read_layer(with_ids(given)).features) found.push_back(one.id);
    return found;
  };
  EXPECT_THAT(ids({"7", "8.0", "-12345678901234"}), ElementsAre("7", "8", "-12345678901234"));
  EXPECT_THAT(ids({"9223372036854775806", "9007199254740993"}), ElementsAre("9223372036854775806", "9007199254740993"));
  EXPECT_THAT(ids({R"("12345678901234567890")", R"("1.5")"}), ElementsAre("12345678901234567890", "1.5"));
  const std::string many =
      "feature 0: the id in column 'nr' is a number with more digits than are read: give ids as text";
  EXPECT_THAT(refused(with_ids({"12345678901234567890"})), HasSubstr(many));
  EXPECT_THAT(refused(with_ids({"12345678901234567", "8.0"})), HasSubstr(many));
  EXPECT_THAT(refused(with_ids({"1e300"})), HasSubstr(many));
  EXPECT_THAT(refused(with_ids({"7", "1.5"})), HasSubstr("feature 1: the id in column 'nr' is no whole number"));
}

TEST_F(LayerFeatures, DaysMayBeWrittenDayFirst) {
  LayerSource source = layer(feature(square_, R"("from": "01.05.2019", "to": "30.4.2029")"));
  source.columns.valid_from = "from";
  source.columns.valid_to = "to";
  const LayerContent content = read_layer(source);
  EXPECT_THAT(remarks(content), testing::IsEmpty());
  EXPECT_EQ(content.features.at(0).valid_from, parse_instant("2019-05-01"));
  EXPECT_EQ(content.features.at(0).valid_to, parse_instant("2029-04-30T23:59:59.999Z"));
}

TEST_F(LayerFeatures, DoWithoutValuesThatAreNone) {
  LayerSource source = layer(feature(square_, R"("from": "soon", "to": "2020-13-01", "m": -4)"));
  source.columns.valid_from = "from";
  source.columns.valid_to = "to";
  source.columns.accuracy_m = "m";
  const LayerContent content = read_layer(source);
  EXPECT_THAT(remarks(content), ElementsAre("unreadable_value #0: from 'soon'", "unreadable_value #0: to '2020-13-01'",
                                            "unreadable_value #0: m '-4'"));
  EXPECT_FALSE(content.features.at(0).valid_from.has_value());
}

TEST_F(LayerFeatures, OfAnotherCrsAreTransformed) {
  const std::string utm = polygon("[500000, 4427757], [500010, 4427757], [500010, 4427767], [500000, 4427757]");
  const std::string crs = R"("crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32638"}}, )";
  const LayerContent content = read_layer(layer(feature(utm), crs));
  EXPECT_NEAR(content.features.at(0).areas[0].outer[0].lon, 45, 1e-9);
  EXPECT_NEAR(content.features.at(0).areas[0].outer[0].lat, 40, 1e-3);
}

TEST_F(LayerFeatures, OfACollectionAreTheUnionOfItsPolygons) {
  const std::string left = "[[46.0, 40.0], [46.002, 40.0], [46.002, 40.001], [46.0, 40.001], [46.0, 40.0]]";
  const std::string right =
      "[[46.001, 39.9995], [46.003, 39.9995], [46.003, 40.0005], [46.001, 40.0005], [46.001, 39.9995]]";
  const std::vector<std::string> kinds{
      R"({"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [)" + left +
          R"(]}, {"type": "Polygon", "coordinates": [)" + right + "]}]}",
      R"({"type": "MultiPolygon", "coordinates": [[)" + left + "], [" + right + "]]}"};
  for (const std::string& kind : kinds) {
    const LayerContent content = read_layer(layer(feature(kind)));
    EXPECT_THAT(remarks(content), ElementsAre("repaired #0"));
    ASSERT_EQ(content.features.at(0).areas.size(), 1U) << kind;
    EXPECT_TRUE(content.features[0].areas[0].holes.empty());
    // The union of two rectangles that overlap by a corner has eight corners.
    PolygonLayer ground({46, 40});
    ground.add("union", content.features[0].areas);
    EXPECT_NEAR(ground.area_m2(0), 1.75 * 170.7 * 111.0, 200) << kind;
  }
}

TEST_F(LayerFeatures, AnEndAtMidnightIsItsWholeDay) {
  for (const char* end :
       {"2022-02-09", "2022-02-09T00:00:00", "2022-02-09T00:00:00Z", "09.02.2022 00:00:00", "2022/02/09 00:00:00"}) {
    // A second feature of another form has OGR take the column for texts, one alone for times.
    for (const bool is_text : {false, true}) {
      LayerSource source = layer(feature(square_, R"("to": ")" + std::string(end) + "\"") +
                                 (is_text ? "," + feature(square_, R"("to": "never")") : ""));
      source.columns.valid_to = "to";
      const LayerContent content = read_layer(source);
      if (!content.features.at(0).valid_to && is_text) continue;  // 2022/02/09 is a date to OGR alone
      EXPECT_EQ(content.features.at(0).valid_to, last_instant("2022-02-09")) << end << is_text;
    }
  }
  LayerSource noon = layer(feature(square_, R"("to": "2022-02-09T12:00:00Z")"));
  noon.columns.valid_to = "to";
  EXPECT_EQ(read_layer(noon).features.at(0).valid_to, parse_instant("2022-02-09T12:00:00Z"));
}

TEST_F(LayerFeatures, DoWithoutAnEndThatIsNone) {
  LayerSource source = layer(feature(square_, R"("id": "a", "from": "2019-05-01", "to": "1900-01-01")") + "," +
                             feature(square_, R"("id": "b", "from": "2029-05-01", "to": "2019-04-30")") + "," +
                             feature(square_, R"("id": "c", "from": "2019-05-01", "to": "2019-05-01")"));
  source.columns.id = "id";
  source.columns.valid_from = "from";
  source.columns.valid_to = "to";
  const LayerContent content = read_layer(source);
  ASSERT_EQ(content.features.size(), 3U);
  EXPECT_EQ(remarks(content).size(), 2U);
  EXPECT_TRUE(content.features[0].valid_from.has_value());
  EXPECT_FALSE(content.features[0].valid_to.has_value());
  EXPECT_FALSE(content.features[1].valid_from.has_value());
  EXPECT_FALSE(content.features[1].valid_to.has_value());
  EXPECT_TRUE(content.features[2].valid_from && content.features[2].valid_to);
}

TEST_F(LayerFeatures, ThatAreLeftOutKeepTheirExtent) {
  const std::string crs = R"("crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32638"}}, )";
  const std::string line = R"({"type": "LineString", "coordinates": [[500000, 4427757], [501000, 4428757]]})";
  const std::string square = polygon("[500000, 4427757], [500010, 4427757], [500010, 4427767], [500000, 4427757]");
  const LayerContent content = read_layer(layer(feature(line) + "," + feature("null") + "," + feature(square), crs));
  ASSERT_EQ(content.left_out.size(), 2U);
  EXPECT_EQ(content.left_out[0].why, LayerRemark::other_geometry);
  ASSERT_TRUE(content.left_out[0].extent.has_value());
  EXPECT_NEAR(content.left_out[0].extent->west, 45, 1e-6);
  EXPECT_NEAR(content.left_out[0].extent->east, 45.0117, 1e-4);
  EXPECT_NEAR(content.left_out[0].extent->south, 40, 1e-3);
  EXPECT_EQ(content.left_out[1].why, LayerRemark::no_geometry);
  EXPECT_FALSE(content.left_out[1].extent.has_value());
}

TEST_F(LayerFeatures, OfADatumThatNobodyKnowsAreRefused) {
  const auto named = [](const std::string& name) {
    return R"("crs": {"type": "name", "properties": {"name": ")" + name + "\"}}, ";
  };
  for (const char* unknown : {"EPSG:4004", "urn:ogc:def:crs:EPSG::4024"}) {
    EXPECT_THAT(refused(layer(feature(square_), named(unknown))), HasSubstr("is not known: say")) << unknown;
    LayerSource said = layer(feature(square_), named(unknown));
    said.crs = "EPSG:4284";
    EXPECT_EQ(read_layer(said).features.size(), 1U) << unknown;
  }
  for (const char* known : {"EPSG:4284", "EPSG:4326", "EPSG:4258", "EPSG:4269", "EPSG:4674", "EPSG:4200", "EPSG:4314",
                            "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"}) {
    EXPECT_EQ(read_layer(layer(feature(square_), named(known))).features.size(), 1U) << known;
  }
  const std::string metres = polygon("[8500000, 4427757], [8500010, 4427757], [8500010, 4427767], [8500000, 4427757]");
  EXPECT_NEAR(read_layer(layer(feature(metres), named("EPSG:28408"))).features.at(0).areas[0].outer[0].lon, 45, 0.01);
}

TEST_F(LayerFeatures, AreInTheCrsThatIsSaidWhereTheFileNamesNone) {
  LayerSource source = layer(feature(square_));
  source.crs = "EPSG:4284";
  const LonLat corner = read_layer(source).features.at(0).areas[0].outer[0];
  EXPECT_GT(std::abs(corner.lon - 46.0), 5e-4);
  source.crs = "EPSG:28408x";
  EXPECT_THAT(refused(source), HasSubstr("unknown CRS 'EPSG:28408x'"));
  source = layer(feature(square_), R"("crs": {"type": "name", "properties": {"name": "EPSG:4284"}}, )");
  EXPECT_EQ(read_layer(source).features.at(0).areas[0].outer[0], corner);
  for (const char* code : {"4284", "\"4284\""}) {
    source = layer(feature(square_), R"("crs": {"type": "EPSG", "properties": {"code": )" + std::string(code) + "}}, ");
    EXPECT_EQ(read_layer(source).features.at(0).areas[0].outer[0], corner) << code;
  }
  source.crs = "EPSG:4284";
  EXPECT_EQ(read_layer(source).features.at(0).areas[0].outer[0], corner);
  source.crs = "EPSG:4326";
  EXPECT_THAT(refused(source), HasSubstr("context.json says 'EPSG:4326'"));
}

TEST_F(LayerFeatures, WithACrsThatIsPassedOverAreRefused) {
  for (const char* crs : {R"({"type": "name", "properties": {"name": "urn:x-local:pulkovo"}})", R"({"type": "name"})",
                          R"({"type": "name", "properties": {"name": "EPSG:28408x"}})", R"("EPSG:4284")",
                          R"({"type": "link", "properties": {"href": "http://127.0.0.1/crs"}})"}) {
    EXPECT_THAT(refused(layer(feature(square_), R"("crs": )" + std::string(crs) + ", ")), HasSubstr("its member crs"))
        << crs;
  }
  std::string geometry = square_;
  geometry.insert(1, R"("crs": {"type": "name", "properties": {"name": "EPSG:4284"}}, )");
  EXPECT_THAT(refused(layer(feature(geometry))), HasSubstr("a feature or geometry has a CRS of its own"));
  EXPECT_EQ(read_layer(layer(feature(square_, R"("crs": "EPSG:4284")"))).features.size(), 1U) << "a column";
}

TEST_F(LayerFeatures, OfAGeoPackageWithoutACrsAreInTheOneThatIsSaid) {
  for (const char* undefined : {"0", "-1"}) {
    const std::string path = folder_ / ("undefined" + std::string(undefined) + ".gpkg");
    {
      initialise_gdal(1 << 24);
      const OGRDataSourceH file = OGR_Dr_CreateDataSource(OGRGetDriverByName("GPKG"), path.c_str(), nullptr);
      const OGRLayerH made = OGR_DS_CreateLayer(file, "a", nullptr, wkbPolygon, nullptr);
      const OGRFeatureH one = OGR_F_Create(OGR_L_GetLayerDefn(made));
      std::string wkt = "POLYGON ((46 40, 46.01 40, 46.01 40.01, 46 40))";
      char* text = wkt.data();
      OGRGeometryH shape = nullptr;
      OGR_G_CreateFromWkt(&text, nullptr, &shape);
      OGR_F_SetGeometryDirectly(one, shape);
      EXPECT_EQ(OGR_L_CreateFeature(made, one), OGRERR_NONE);
      OGR_F_Destroy(one);
      for (const char* table : {"gpkg_geometry_columns", "gpkg_contents"}) {
        OGR_DS_ExecuteSQL(file, ("UPDATE " + std::string(table) + " SET srs_id = " + undefined).c_str(), nullptr,
                          nullptr);
      }
      OGR_DS_Destroy(file);
    }
    LayerSource source;
    source.target = path;
    EXPECT_THAT(refused(source), HasSubstr("has no CRS")) << undefined;
    source.crs = "EPSG:4284";
    EXPECT_GT(std::abs(read_layer(source).features.at(0).areas[0].outer[0].lon - 46.0), 5e-4) << undefined;
  }
}

TEST_F(LayerFeatures, HaveNoLongEdges) {
  LayerSource source = layer(feature(R"({"type": "LineString", "coordinates": [[46.0, 40.0], [46.1, 40.0]]})"));
  source.geometries = layer_lines;
  EXPECT_GE(read_layer(source).features.at(0).lines[0].size(), 11U);
}

TEST_F(LayerFeatures, FarBeyondTheEarthHaveNoPlaceAndTakeNoMemory) {
  const std::string endless = polygon("[0, 0], [1e15, 0], [1e15, 1], [0, 0]");
  EXPECT_THAT(remarks(read_layer(layer(feature(endless) + "," + feature(square_)))), ElementsAre("no_place #0"));
}

TEST_F(LayerFeatures, CanBeFiltered) {
  LayerSource source = layer(feature(square_, R"("kind": "a")") + "," + feature(bow_tie_, R"("kind": "b")"));
  source.where = "kind = 'a'";
  EXPECT_EQ(read_layer(source).features.size(), 1U);
  source.where = "kind = 'c'";
  EXPECT_THAT(refused(source), HasSubstr("no feature that fits its filter"));
  source.where = "kind ==";
  EXPECT_THAT(refused(source), HasSubstr("not to be filtered"));
}

TEST_F(LayerFeatures, OfALayerThatCannotBeUsedAreRefusedWithAReason) {
  LayerSource missing;
  missing.target = folder_ / "none.geojson";
  EXPECT_THAT(refused(missing), HasSubstr("cannot open as a vector file"));
  EXPECT_THAT(refused(layer("")), HasSubstr("empty"));
  LayerSource nothing = layer("");
  nothing.columns.id = "nr";
  EXPECT_THAT(refused(nothing), HasSubstr("is empty"));
  EXPECT_THAT(refused(layer(feature(R"({"type": "Point", "coordinates": [46.0, 40.0]})"))),
              HasSubstr("has no polygon"));
  EXPECT_THAT(refused(layer(feature(polygon("[946, 40], [947, 40], [947, 41], [946, 40]")))), HasSubstr("no_place"));
  LayerSource column = layer(feature(square_));
  column.columns.id = "nr";
  EXPECT_THAT(refused(column), HasSubstr("no column 'nr'"));
  LayerSource hostile = layer(feature(square_, R"("nr": "a\u001b[2Jb")"));
  hostile.columns.id = "nr";
  EXPECT_THAT(refused(hostile), HasSubstr("not clean"));
  LayerSource turned = layer(feature(square_, R"("nr": "a\u202eb")"));
  turned.columns.id = "nr";
  EXPECT_THAT(refused(turned), HasSubstr("not clean"));
  LayerSource endless = layer(feature(square_, R"("nr": ")" + std::string(501, 'a') + "\""));
  endless.columns.id = "nr";
  EXPECT_THAT(refused(endless), HasSubstr("501 bytes"));
  test::write_text(folder_ / "rubbish.gpkg", "rubbish");
  LayerSource rubbish;
  rubbish.target = folder_ / "rubbish.gpkg";
  EXPECT_THAT(refused(rubbish), HasSubstr("cannot open as a vector file"));
}

TEST_F(LayerFeatures, OfKmlThatLinksToMoreAreRefused) {
  const auto kml = [&](const std::string& link, const std::string& name = "layer.kml") {
    LayerSource source;
    source.target = folder_ / name;
    test::write_text(source.target, R"(<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>)"
                                    R"(<name>d</name><Placemark><name>NetworkLink</name><Polygon><outerBoundaryIs>)"
                                    R"(<LinearRing><coordinates>46,40 46.01,40 46.01,40.01 46,40</coordinates>)"
                                    R"(</LinearRing></outerBoundaryIs></Polygon></Placemark>)" +
                                        link + "</Document></kml>");
    return source;
  };
  EXPECT_EQ(read_layer(kml("")).features.size(), 1U);
  EXPECT_EQ(refused(kml("<NetworkLink><name>more</name><Link><href>a.kml</href></Link></NetworkLink>")),
            "holds a NetworkLink 'more' to 'a.kml', which is not followed: give the file with what it links to");
  EXPECT_THAT(refused(kml("<NetworkLink id=\"a\"><Url><href>http://x/b.kml</href></Url></NetworkLink>")),
              HasSubstr("holds a NetworkLink to 'http://x/b.kml'"));
  EXPECT_THAT(refused(kml("<NetworkLink/>")), HasSubstr("holds a NetworkLink, which is not followed"));
  // Zipped, too.
  const auto kmz = [&](const std::string& link) {
    LayerSource source;
    source.target = folder_ / "layer.kmz";
    const ZipMember member{"doc.kml", test::read_text(kml(link).target)};
    write_zip(source.target, std::span(&member, 1));
    return source;
  };
  EXPECT_EQ(read_layer(kmz("")).features.size(), 1U);
  EXPECT_THAT(refused(kmz("<NetworkLink/>")), HasSubstr("holds a NetworkLink, which is not followed"));
}

TEST_F(LayerFeatures, OfArchivesThatClaimTooMuchOrAreNotAsListedAreRefused) {
  const std::string kml =
      R"(<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Polygon><outerBoundaryIs><LinearRing>)"
      R"(<coordinates>46,40 46.01,40 46.01,40.01 46,40</coordinates></LinearRing></outerBoundaryIs></Polygon>)"
      R"(</Placemark></Document></kml>)";
  LayerSource source;
  const auto archive = [&](const std::string& name, std::optional<std::uint32_t> claimed) {
    source.target = folder_ / name;
    const std::vector<test::ZipMember> members{{"doc.kml", kml, claimed}, {"a.png", std::string(2 << 20, 'x'), {}}};
    test::write_text(source.target, test::zip_of(members));
    return source;
  };
  EXPECT_EQ(read_layer(archive("a.kmz", {})).features.size(), 1U);
  for (const char* const name : {"a.kmz", "a.shp.zip", "a.shz"}) {
    EXPECT_THAT(refused(archive(name, 0x40000001U)), HasSubstr("'doc.kml' in the zip archive claims more than 1 GiB"));
    EXPECT_THAT(refused(archive(name, 1'000'000U)), HasSubstr("claims more than 1000 times the bytes"));
    EXPECT_THAT(refused(archive(name, 1000U)), HasSubstr("doc.kml: is not as the directory of the zip archive says"));
  }
  const std::string whole = test::read_text(archive("a.kmz", {}).target);
  test::write_text(source.target, whole.substr(0, whole.size() - 30));
  EXPECT_THAT(refused(source), HasSubstr("not a zip archive, or not the whole of one"));
}

TEST_F(LayerFeatures, AreNotThoseOfOtherFilesThatAFileNames) {
  LayerSource source;
  source.target = folder_ / "layer.vrt";
  test::write_text(source.target,
                   "<OGRVRTDataSource><OGRVRTLayer name=\"a\"><SrcDataSource>/etc/passwd"
                   "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>");
  EXPECT_THAT(refused(source), HasSubstr("cannot open as a vector file"));
}

}  // namespace
}  // namespace pitwatch
