#include "pipeline/context/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Instant now = parse_instant("2024-01-01");
const std::string zone = "EPSG:32638";

/// A rectangle of pixels whose upper left one has this corner, in metres.
OutlinedAlert alert_at(double east, double north, int width, int height) {
  OutlinedAlert outlined;
  outlined.alert.id = "PW-1";
  outlined.alert.tile = "38TPK";
  outlined.alert.area_ha = width * height * 0.01;
  outlined.alert.area_uncertainty_ha = 0.02;
  outlined.alert.onset_after = parse_instant("2021-06-01");
  outlined.alert.onset_before = parse_instant("2021-06-11");
  ToWgs84 to_wgs84(zone);
  LonLatPolygon polygon;
  for (const auto& [x, y] : {std::pair{0, 0}, {0, height}, {width, height}, {width, 0}}) {
    const LonLat place = to_wgs84(MapPoint{east + 10.0 * x, north - 10.0 * y});
    polygon.outer.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
  }
  outlined.outline = {polygon};
  return outlined;
}

MapPoint map_point(double lon, double lat) {
  const MapPoint point = ToWgs84(zone).to_map({lon, lat});
  return {std::round(point.x / 10) * 10, std::round(point.y / 10) * 10};
}

std::vector<LoadedLayer> sample_layers() {
  return load_layers(read_context_config(PITWATCH_SOURCE_DIR "/sample_data/context.json"));
}

ContextFacts facts_of(const std::vector<LoadedLayer>& layers, const OutlinedAlert& alert) {
  return work_out_context(layers, 5, std::span(&alert, 1), now).at(0);
}

double detailed_ha(const ContextFacts& facts, const std::string& subject) {
  double sum = 0;
  for (const ContextDetail& detail : facts.details) {
    if (detail.subject == subject) sum += detail.area_ha.value_or(0);
  }
  return sum;
}

TEST(AlertPixels, AreThoseThatTheOutlineWasDrawnAround) {
  const OutlinedAlert alert = alert_at(637500, 4445600, 7, 3);
  AlertZones zones;
  ASSERT_EQ(zones.crs_of(alert), zone);
  ToGrid to_grid(zone_grid(zone));
  const AlertPixels pixels = pixels_of(alert_shape(alert.outline, to_grid), alert.alert.area_ha);
  EXPECT_EQ(pixels.window, (Window{63750, 555440, 7, 3}));
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 7; ++x) EXPECT_EQ(pixels.shares.at(x, y), 1);
  }
}

TEST(AlertPixels, LieInTheZoneWhoseCornersTheyHave) {
  OutlinedAlert alert = alert_at(637500, 4445600, 7, 3);
  AlertZones zones;
  for (const char* tile : {"37TPK", "T39TUE", "38TPK", "", "rubbish"}) {
    alert.alert.tile = tile;
    EXPECT_EQ(zones.crs_of(alert), zone) << tile;
  }
  alert.outline.clear();
  EXPECT_THROW(zones.crs_of(alert), DataError);
}

TEST(Context, OfTheSampleLayersIsAllOfThem) {
  for (const LoadedLayer& loaded : sample_layers()) EXPECT_EQ(loaded.problem, "") << loaded.layer.name;
}

TEST(FarLayers, AreRemarkedWhereNoFeatureIsNearASite) {
  LoadedLayer loaded;
  const auto remarks_of = [&](const std::vector<LonLat>& points, const LonLatMultiPolygon& site) {
    loaded.content = {};
    for (const LonLat& point : points) {
      LayerFeature& feature = loaded.content.features.emplace_back();
      feature.id = "F-" + std::to_string(loaded.content.features.size());
      feature.points = {point};
    }
    std::vector<LoadedLayer> layers{loaded};
    remark_far_layers(layers, {{"pit", site}});
    return state_of(layers[0]).remarks;
  };
  const LonLatMultiPolygon site{{{{46.60, 40.10}, {46.65, 40.10}, {46.65, 40.15}, {46.60, 40.15}}, {}}};
  EXPECT_EQ(remarks_of({{46.61, 40.12}}, site), "{}");
  EXPECT_EQ(remarks_of({{47.20, 40.12}}, site), "{}") << "47 km";
  EXPECT_EQ(remarks_of({{46.61, 39.70}, {0, 0}}, site), "{}") << "one of them, 44 km";
  EXPECT_THAT(remarks_of({{40.12, 46.61}, {47.35, 40.12}, {46.61, 39.6}}, site),
              HasSubstr(R"("far_from_sites":{"count":3,"ids":["F-1","F-2","F-3"]})"));
  EXPECT_EQ(remarks_of({{46.61, 40.12}, {40.12, 46.61}, {0, 0}}, site),
            R"({"perhaps_swapped":{"count":1,"ids":["F-2"]}})");
  EXPECT_EQ(remarks_of({{46.61, 40.12}, {40.12, 46.71}}, site), "{}") << "5.1 km from the site if it were";
  EXPECT_EQ(remarks_of({{40.12, 46.61}}, {}), "{}") << "nobody knows where the site lies";
  EXPECT_EQ(remarks_of({}, site), "{}");
}

TEST(Context, OfAnAlertWithinALicenceNamesItItsHolderAndItsWaters) {
  const std::vector<LoadedLayer> layers = sample_layers();
  const MapPoint corner = map_point(46.614, 40.149);  // in the middle of LIC-G-01
  const OutlinedAlert alert = alert_at(corner.x, corner.y, 20, 10);
  const ContextFacts facts = facts_of(layers, alert);
  ASSERT_TRUE(facts.context.licence.has_value());
  EXPECT_EQ(facts.context.licence->verdict, BoundaryVerdict::inside);
  EXPECT_EQ(facts.context.licence->validity, Validity::valid);
  EXPECT_THAT(facts.context.licence->ids, ElementsAre("LIC-G-01"));
  EXPECT_THAT(facts.context.licence->holders, ElementsAre("Illustrative Gold Ltd"));
  EXPECT_NEAR(facts.context.licence->area_ha, 2, 1e-6);
  EXPECT_EQ(facts.context.licence->worked_out, now);
  EXPECT_EQ(facts.context.protected_area->verdict, BoundaryVerdict::outside);
  for (const char* subject : {"licence", "parcel", "protected_area"}) {
    EXPECT_NEAR(detailed_ha(facts, subject), 2, 1e-6) << subject;
  }
  ASSERT_TRUE(facts.context.water && facts.context.water->surface && facts.context.water->spring);
  EXPECT_EQ(facts.context.water->surface->name, "stream below Gizilbulag");
  EXPECT_EQ(facts.context.water->spring->name, "spring-2");
  // It lies north-east of the alert.
  const LonLat north_east = alert.outline[0].outer[3];
  EXPECT_NEAR(facts.context.water->spring->distance_m, geodesic_distance_m(north_east, {46.625502, 40.150698}), 1);
  EXPECT_EQ(facts.context.water->well->name, "spring-3");
  EXPECT_NEAR(facts.context.water->well->distance_m, 11800, 300);
}

TEST(Context, OfAnAlertAcrossTwoLicencesAddsUp) {
  const std::vector<LoadedLayer> layers = sample_layers();
  const MapPoint corner = map_point(46.6205, 40.1500);
  const OutlinedAlert alert = alert_at(corner.x, corner.y, 20, 10);
  const ContextFacts facts = facts_of(layers, alert);
  EXPECT_THAT(facts.context.licence->ids, ::testing::UnorderedElementsAre("LIC-G-01", "LIC-G-02"));
  EXPECT_NEAR(detailed_ha(facts, "licence"), alert.alert.area_ha, 1e-6);
  // Areas of outlines cut by GEOS on an equal-area plane are an independent truth.
  const LonLat centre = alert.outline[0].outer[0];
  PolygonLayer own(centre);
  own.add("alert", alert.outline);
  std::map<std::string, double> expected;
  for (const LayerFeature& feature : layers[0].content.features) {
    PolygonLayer licence(centre);
    licence.add(feature.id, feature.areas);
    for (const PolygonOverlap& overlap : overlaps(own, licence)) expected[feature.id] = overlap.intersection_m2 / 1e4;
  }
  ASSERT_EQ(expected.size(), 2U);
  for (const ContextDetail& detail : facts.details) {
    if (detail.subject != "licence" || detail.feature_id.empty()) continue;
    EXPECT_NEAR(*detail.area_ha, expected[detail.feature_id], 0.003) << detail.feature_id;
  }
  EXPECT_EQ(facts.context.licence->validity, Validity::valid);
}

TEST(Context, OfALicenceThatEndedBeforeSaysSo) {
  const std::vector<LoadedLayer> layers = sample_layers();
  const MapPoint corner = map_point(46.6250, 40.1500);  // LIC-G-02, until February 2022
  OutlinedAlert alert = alert_at(corner.x, corner.y, 10, 10);
  EXPECT_EQ(facts_of(layers, alert).context.licence->validity, Validity::valid);
  alert.alert.onset_after = parse_instant("2022-03-01");
  alert.alert.onset_before = parse_instant("2022-03-11");
  EXPECT_EQ(facts_of(layers, alert).context.licence->validity, Validity::expired);
  alert.alert.onset_after = parse_instant("2022-02-10");
  EXPECT_EQ(facts_of(layers, alert).context.licence->validity, Validity::unknown);
}

TEST(Context, OfAnAlertFarFromAllIsOutside) {
  const MapPoint corner = map_point(46.70, 40.20);
  const ContextFacts facts = facts_of(sample_layers(), alert_at(corner.x, corner.y, 10, 10));
  EXPECT_EQ(facts.context.licence->verdict, BoundaryVerdict::outside);
  EXPECT_FALSE(facts.context.licence->validity.has_value());
  EXPECT_THAT(facts.context.licence->ids, IsEmpty());
  EXPECT_EQ(facts.context.licence->area_ha, 0);
  EXPECT_NEAR(detailed_ha(facts, "licence"), 1, 1e-9);
}

TEST(Context, ASubjectOfWhichALayerIsMissingIsNotWorkedOut) {
  std::vector<LoadedLayer> layers = sample_layers();
  ContextLayer gone = layers[0].layer;
  gone.name = "more licences";
  gone.source.target = "/nowhere/licences.geojson";
  layers.push_back(load_layers({{gone}, 5}).at(0));
  EXPECT_THAT(layers.back().problem, HasSubstr("cannot open as a vector file"));
  EXPECT_EQ(state_of(layers.back()).used, 0);
  const MapPoint corner = map_point(46.614, 40.149);
  const ContextFacts facts = facts_of(layers, alert_at(corner.x, corner.y, 10, 10));
  EXPECT_FALSE(facts.context.licence.has_value());
  EXPECT_TRUE(facts.context.parcel.has_value());
  for (const ContextDetail& detail : facts.details) EXPECT_NE(detail.subject, "licence");
}

/// The sample's licences in a file that features may be added to.
class LayersWithGaps : public ::testing::Test {
 protected:
  /// Adds a licence of this geometry, and another one that lies elsewhere, and reads them.
  std::vector<LoadedLayer> with_licence(const std::string& geometry) {
    const auto feature = [](const std::string& id) {
      return R"({"type": "Feature", "properties": {"id": ")" + id + R"("}, "geometry": )";
    };
    const std::string other =
        R"({"type": "Polygon", "coordinates": [[[46.6, 40.1], [46.6, 40.11], [46.61, 40.11], [46.6, 40.1]]]})";
    test::write_text(folder_ / "licences.geojson", R"({"type": "FeatureCollection", "features": [)" + feature("odd") +
                                                       geometry + "}, " + feature("other") + other + "}]}");
    ContextLayer layer;
    layer.name = "licences";
    layer.source.target = folder_ / "licences.geojson";
    layer.source.columns.id = "id";
    return load_layers({{layer}, 5});
  }

  BoundaryVerdict verdict(const std::vector<LoadedLayer>& layers, double lon, double lat) {
    const MapPoint corner = map_point(lon, lat);
    const OutlinedAlert alert = alert_at(corner.x, corner.y, 10, 10);
    const std::vector<ContextFacts> facts{facts_of(layers, alert)};
    open_ = left_open(layers, 5, std::span(&alert, 1), facts).size();
    return facts[0].context.licence->verdict;
  }

  test::TemporaryFolder folder_;
  std::size_t open_ = 0;  // layers that leave the last verdict open
};

TEST_F(LayersWithGaps, WhatWasLeftOutIsNotAbsent) {
  // A pentagram's ground is known of no two readers alike; a line and a point enclose none.
  const std::vector<std::string> kinds{
      R"({"type": "Polygon", "coordinates": [[[46.70, 40.16], [46.72, 40.20], [46.74, 40.16], [46.69, 40.185], [46.75, 40.185], [46.70, 40.16]]]})",
      R"({"type": "LineString", "coordinates": [[46.70, 40.16], [46.70, 40.20], [46.74, 40.20], [46.74, 40.16], [46.70, 40.16]]})",
      R"({"type": "MultiPoint", "coordinates": [[46.70, 40.16], [46.74, 40.20]]})"};
  for (const std::string& kind : kinds) {
    const std::vector<LoadedLayer> layers = with_licence(kind);
    ASSERT_EQ(layers[0].content.left_out.size(), 1U) << kind;
    EXPECT_EQ(verdict(layers, 46.72, 40.18), BoundaryVerdict::cannot_tell) << kind;
    EXPECT_EQ(open_, 1U);
    EXPECT_EQ(verdict(layers, 46.65, 40.18), BoundaryVerdict::outside) << kind;
    EXPECT_EQ(open_, 0U);
    EXPECT_EQ(verdict(layers, 46.603, 40.1085), BoundaryVerdict::inside) << kind;
    EXPECT_EQ(open_, 0U);
  }
}

TEST_F(LayersWithGaps, WhatHasNoPlaceMayLieAnywhere) {
  for (
      const char* kind :
      {"null", R"({"type": "Polygon", "coordinates": []})",
       R"({"type": "Polygon", "coordinates": [[[637500, 4445600], [638500, 4445600], [637500, 4446600], [637500, 4445600]]]})"}) {
    const std::vector<LoadedLayer> layers = with_licence(kind);
    EXPECT_EQ(verdict(layers, 46.72, 40.18), BoundaryVerdict::cannot_tell) << kind;
    EXPECT_EQ(open_, 1U);
    EXPECT_EQ(verdict(layers, 46.603, 40.1085), BoundaryVerdict::inside) << kind;
  }
}

TEST_F(LayersWithGaps, AnOpenRingIsClosed) {
  const std::vector<LoadedLayer> layers = with_licence(
      R"({"type": "Polygon", "coordinates": [[[46.70, 40.16], [46.70, 40.20], [46.74, 40.20], [46.74, 40.16]]]})");
  EXPECT_EQ(verdict(layers, 46.72, 40.18), BoundaryVerdict::inside);
  EXPECT_EQ(verdict(layers, 46.65, 40.18), BoundaryVerdict::outside);
}

TEST_F(LayersWithGaps, HugeFeaturesAreCutWhereTheyMatterNoMore) {
  const std::string world =
      R"({"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]})";
  EXPECT_EQ(verdict(with_licence(world), 46.72, 40.18), BoundaryVerdict::inside);
  const std::string with_a_hole =
      R"({"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]],
          [[46.70, 40.16], [46.70, 40.20], [46.74, 40.20], [46.74, 40.16], [46.70, 40.16]]]})";
  EXPECT_EQ(verdict(with_licence(with_a_hole), 46.72, 40.18), BoundaryVerdict::outside);
  EXPECT_EQ(verdict(with_licence(with_a_hole), 46.69, 40.18), BoundaryVerdict::inside);
  // From 91 degrees to the east of the zone's middle on the projection ends.
  const std::string with_a_far_part = R"({"type": "MultiPolygon", "coordinates": [
      [[[46.70, 40.16], [46.70, 40.20], [46.74, 40.20], [46.74, 40.16], [46.70, 40.16]]],
      [[[136, -2], [136.1, -2], [136.1, -1.9], [136, -2]]]]})";
  EXPECT_EQ(verdict(with_licence(with_a_far_part), 46.72, 40.18), BoundaryVerdict::inside);
  EXPECT_EQ(verdict(with_licence(with_a_far_part), 46.65, 40.18), BoundaryVerdict::outside);
}

TEST_F(LayersWithGaps, WatersKeepTheirNearParts) {
  const auto surface = [&](const std::string& geometry) {
    std::vector<LoadedLayer> layers = with_licence(geometry);
    layers[0].layer.role = LayerRole::surface_water;
    layers[0].layer.source.geometries = layer_areas | layer_lines;
    layers = load_layers({{layers[0].layer}, 5});
    const MapPoint corner = map_point(46.72, 40.18);
    const auto facts = facts_of(layers, alert_at(corner.x, corner.y, 10, 10));
    return facts.context.water && facts.context.water->surface ? *facts.context.water->surface : NearWater{};
  };
  const NearWater sea = surface(R"({"type": "MultiPolygon", "coordinates": [
      [[[46.73, 40.16], [46.73, 40.20], [46.77, 40.20], [46.77, 40.16], [46.73, 40.16]]],
      [[[136, -2], [136.1, -2], [136.1, -1.9], [136, -2]]]]})");
  EXPECT_EQ(sea.name, "odd");
  EXPECT_NEAR(sea.distance_m, 750, 20);
  EXPECT_EQ(surface(R"({"type": "LineString", "coordinates": [[46.73, 40.19], [46.73, 10], [160, -60]]})").name, "odd");
  EXPECT_EQ(surface(R"({"type": "LineString", "coordinates": [[-150, 40.19], [-160, 10]]})").name, "other");
}

TEST(Context, IsTheSameInAnyOrder) {
  const std::vector<LoadedLayer> layers = sample_layers();
  std::vector<OutlinedAlert> alerts;
  for (int i = 0; i < 150; ++i) {
    const MapPoint corner = map_point(46.60 + 0.001 * i, 40.15);
    alerts.push_back(alert_at(corner.x, corner.y, 5, 5));
  }
  const auto serial = work_out_context(layers, 5, alerts, now);
  const auto backwards = work_out_context(layers, 5, alerts, now, [](int count, const auto& body) {
    for (int i = count; i > 0; --i) body(i - 1);
  });
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    EXPECT_EQ(serial[i].context, backwards[i].context);
    EXPECT_EQ(serial[i].details, backwards[i].details);
  }
}

}  // namespace
}  // namespace pitwatch
