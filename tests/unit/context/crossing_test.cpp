#include "pipeline/context/crossing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pipeline/context/site_share.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string zone = "EPSG:32638";
const MapPoint corner{637000, 4445000};  // upper left, of a grid of 10 m

LonLat place(double x, double y) {
  static ToWgs84 to_wgs84(zone);
  const LonLat at = to_wgs84(MapPoint{corner.x + 10 * x, corner.y - 10 * y});
  return {std::round(at.lon * 1e7) / 1e7, std::round(at.lat * 1e7) / 1e7};
}

/// Pixels from `left` to `right` and ten rows.
LonLatMultiPolygon pixels(double left, double right) {
  return {{{place(left, 0), place(left, 10), place(right, 10), place(right, 0)}, {}}};
}

OutlinedAlert alert_of(int left, int right) {
  OutlinedAlert outlined;
  outlined.alert.id = "PW-1";
  outlined.alert.site = "pit";
  outlined.alert.tile = "38TPK";
  outlined.alert.area_ha = (right - left) * 0.1;
  outlined.alert.area_uncertainty_ha = 0.05;
  outlined.outline = pixels(left, right);
  return outlined;
}

RegisteredEvent event_of(const char* day, int left, int right) {
  RegisteredEvent event;
  event.alert_id = "PW-1";
  event.at = parse_instant(day);
  event.area_ha = (right - left) * 0.1;
  event.outline = pixels(left, right);
  return event;
}

/// A licence or a protected area west of column 0, exact.
LoadedLayer west(LayerRole role) {
  LoadedLayer loaded;
  loaded.layer.name = name(role);
  loaded.layer.role = role;
  loaded.layer.accuracy_m = 0;
  LayerFeature feature;
  feature.id = "W";
  feature.areas = {{{place(-100, -100), place(-100, 100), place(0, 100), place(0, -100)}, {}}};
  loaded.content.features = {feature};
  loaded.content.read = 1;
  return loaded;
}

AlertContext dated(const std::vector<LoadedLayer>& layers, const OutlinedAlert& alert,
                   const std::vector<RegisteredEvent>& history) {
  std::vector<ContextFacts> facts = work_out_context(layers, 0, std::span(&alert, 1), {});
  date_crossings(layers, 0, std::span(&alert, 1), history, facts);
  return facts.at(0).context;
}

TEST(Crossing, IsTheFirstAcquisitionWhoseOutlineHasGroundOnBothSides) {
  const std::vector<LoadedLayer> layers{west(LayerRole::licence)};
  std::vector<RegisteredEvent> history{event_of("2022-01-01", -20, -5), event_of("2022-02-01", -20, 0),
                                       event_of("2022-03-01", -20, 4), event_of("2022-04-01", -20, 10)};
  EXPECT_EQ(dated(layers, alert_of(-20, 10), history).licence->crossed_on, parse_instant("2022-03-01"));
  // From the other side it is the same line.
  history = {event_of("2022-01-01", 5, 20), event_of("2022-02-01", -6, 20)};
  EXPECT_EQ(dated(layers, alert_of(-6, 20), history).licence->crossed_on, parse_instant("2022-02-01"));
}

TEST(Crossing, HasNoDateWhereNoOutlineOnRecordShowsIt) {
  const std::vector<LoadedLayer> layers{west(LayerRole::licence)};
  std::vector<RegisteredEvent> history{event_of("2022-01-01", -20, -5), event_of("2022-03-01", -20, 4)};
  history[1].outline.clear();
  EXPECT_EQ(dated(layers, alert_of(-20, 10), history).licence->crossed_on, std::nullopt);
  history[1] = event_of("2022-03-01", -20, 4);
  history[1].alert_id = "another";
  EXPECT_EQ(dated(layers, alert_of(-20, 10), history).licence->crossed_on, std::nullopt);
}

TEST(Crossing, IsNoneWhereTheAlertOfTodayDoesNotStraddle) {
  const std::vector<LoadedLayer> layers{west(LayerRole::licence)};
  EXPECT_EQ(dated(layers, alert_of(-20, -5), {event_of("2022-01-01", -20, 10)}).licence->crossed_on, std::nullopt);
}

TEST(Crossing, LessThanTheAreasUncertaintyIsNone) {
  const std::vector<LoadedLayer> layers{west(LayerRole::licence)};
  OutlinedAlert alert = alert_of(-20, 10);
  alert.alert.area_uncertainty_ha = 0.5;
  const std::vector<RegisteredEvent> history{event_of("2022-03-01", -20, 4), event_of("2022-04-01", -20, 10)};
  EXPECT_EQ(dated(layers, alert, history).licence->crossed_on, parse_instant("2022-04-01"));
}

TEST(Crossing, IntoAProtectedAreaIsTheFirstGroundInIt) {
  const std::vector<LoadedLayer> layers{west(LayerRole::protected_area)};
  const std::vector<RegisteredEvent> history{event_of("2022-01-01", 5, 20), event_of("2022-02-01", -6, 20)};
  EXPECT_EQ(dated(layers, alert_of(-6, 20), history).protected_area->crossed_on, parse_instant("2022-02-01"));
  const std::vector<RegisteredEvent> within{event_of("2022-01-01", -20, -5)};
  EXPECT_EQ(dated(layers, alert_of(-20, -5), within).protected_area->crossed_on, parse_instant("2022-01-01"));
  EXPECT_EQ(dated(layers, alert_of(5, 20), history).protected_area->crossed_on, std::nullopt);
}

TEST(Crossing, IsAskedOfThoseThatCrossAlone) {
  const std::vector<LoadedLayer> layers{west(LayerRole::licence), west(LayerRole::protected_area)};
  std::vector<OutlinedAlert> alerts{alert_of(-20, -5), alert_of(-20, 20), alert_of(5, 20)};
  alerts[1].alert.id = "PW-2";
  alerts[2].alert.id = "PW-3";
  EXPECT_THAT(crossers(work_out_context(layers, 0, alerts, {})), ElementsAre("PW-1", "PW-2"));
  EXPECT_THAT(crossers(work_out_context({layers[0]}, 0, alerts, {})), ElementsAre("PW-2"));
  EXPECT_THAT(crossers({}), IsEmpty());
}

TEST(SiteShare, IsTheGroundWithinTheAlertsOwnSite) {
  const std::map<std::string, LonLatMultiPolygon> sites{{"pit", pixels(0, 100)}, {"other", pixels(-100, 0)}};
  std::vector<OutlinedAlert> alerts{alert_of(5, 20), alert_of(-15, 5), alert_of(-20, -5), alert_of(5, 20),
                                    alert_of(5, 20)};
  alerts[3].alert.site = "gone";
  alerts[4].alert.site.reset();
  std::vector<ContextFacts> facts(alerts.size());
  set_site_shares(sites, alerts, facts);
  EXPECT_NEAR(*facts[0].context.site_share, 1, 1e-4);
  EXPECT_NEAR(*facts[1].context.site_share, 0.25, 1e-4);
  EXPECT_NEAR(*facts[2].context.site_share, 0, 1e-4);
  EXPECT_FALSE(facts[3].context.site_share.has_value());
  EXPECT_FALSE(facts[4].context.site_share.has_value());
}

}  // namespace
}  // namespace pitwatch
