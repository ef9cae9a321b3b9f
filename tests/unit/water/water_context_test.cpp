// Water on ground whose flow is known by hand.

#include "pipeline/water/water_context.hpp"

#include <gdal/gdal.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const Instant now = parse_instant("2024-01-01");
const std::string zone = "EPSG:32638";
constexpr double cell = 30;
constexpr double left = 630'000;   // a corner of the cells of the zone
constexpr double top = 4'453'000;  // likewise
constexpr int side = 300;

/// Corner of a cell of the elevations, columns and rows.
MapPoint corner(double x, double y) { return {left + x * cell, top - y * cell}; }

class WaterContext : public testing::Test {
 protected:
  WaterContext() { initialise_gdal(1 << 24); }

  /// Elevations by column and row, of cells that are those of the flow.
  void write_ground(const std::function<double(int, int)>& height) {
    const std::unique_ptr<void, void (*)(GDALDatasetH)> file(
        GDALCreate(GDALGetDriverByName("GTiff"), (folder_ / "dem.tif").c_str(), side, side, 1, GDT_Float32, nullptr),
        [](GDALDatasetH open) { GDALClose(open); });
    double transform[6] = {left, cell, 0, top, 0, -cell};
    GDALSetGeoTransform(file.get(), transform);
    const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
    OSRSetFromUserInput(crs, zone.c_str());
    GDALSetSpatialRef(file.get(), crs);
    OSRDestroySpatialReference(crs);
    std::vector<float> row(side);
    const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
    GDALSetRasterNoDataValue(band, -9999);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) row[static_cast<std::size_t>(x)] = static_cast<float>(height(x, y));
      ASSERT_EQ(GDALRasterIO(band, GF_Write, 0, y, side, 1, row.data(), side, 1, GDT_Float32, 0, 0), CE_None);
    }
  }

  std::string position(double x, double y) {
    const LonLat place = to_wgs84_(corner(x, y));
    char text[64];
    std::snprintf(text, sizeof text, "[%.10f,%.10f]", place.lon, place.lat);
    return text;
  }

  std::string positions(const std::vector<std::pair<double, double>>& points) {
    std::string text;
    for (const auto& [x, y] : points) text += (text.empty() ? "" : ",") + position(x, y);
    return text;
  }

  using Points = std::vector<std::pair<double, double>>;
  void add_line(const std::string& role, const std::string& name, const Points& points) {
    add(role, name, R"({"type":"LineString","coordinates":[)" + positions(points) + "]}");
  }
  void add_point(const std::string& role, const std::string& name, double x, double y) {
    add(role, name, R"({"type":"Point","coordinates":)" + position(x, y) + "}");
  }
  /// Columns from x to x + width, rows likewise.
  void add_box(const std::string& role, const std::string& name, double x, double y, double width, double height) {
    add(role, name,
        R"({"type":"Polygon","coordinates":[[)" +
            positions({{x, y}, {x, y + height}, {x + width, y + height}, {x + width, y}, {x, y}}) + "]]}");
  }

  void add(const std::string& role, const std::string& name, const std::string& geometry) {
    features_[role] +=
        (features_[role].empty() ? "" : ",") + (R"({"type":"Feature","properties":{"id":")" + name + R"(","name":")" +
                                                name + R"("},"geometry":)" + geometry + "}");
  }

  /// An alert on whole cells.
  OutlinedAlert alert_on(double x, double y, double width, double height, const std::string& id = "PW-1") {
    OutlinedAlert outlined;
    outlined.alert.id = id;
    outlined.alert.tile = "38TPK";
    outlined.alert.area_ha = width * height * cell * cell / 1e4;
    LonLatPolygon polygon;
    for (const auto& [px, py] : Points{{x, y}, {x, y + height}, {x + width, y + height}, {x + width, y}}) {
      const LonLat place = to_wgs84_(corner(px, py));
      polygon.outer.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
    }
    outlined.outline = {polygon};
    return outlined;
  }

  std::vector<ContextFacts> facts_of(const std::vector<OutlinedAlert>& alerts, const std::string& members,
                                     const ParallelFor& parallel_for = serial_for) {
    std::string layers;
    for (const auto& [role, features] : features_) {
      test::write_text(folder_ / (role + ".geojson"), R"({"type":"FeatureCollection","features":[)" + features + "]}");
      layers += (layers.empty() ? "" : ",") + (R"({"name":")" + role + R"(","role":")" + role + R"(","source":")" +
                                               role + R"(.geojson","columns":{"id":"id","name":"name"}})");
    }
    const ContextConfig config = parse_context_config(R"({"layers":[)" + layers + "]," + members + "}", folder_.path());
    const std::vector<LoadedLayer> loaded = load_layers(config);
    for (const LoadedLayer& layer : loaded) EXPECT_EQ(layer.problem, "");
    std::vector<ContextFacts> facts = work_out_context(loaded, 5, alerts, now);
    state_ = add_water_facts(facts, alerts, loaded, config, now, parallel_for);
    return facts;
  }

  ContextFacts facts_of(const OutlinedAlert& alert, const std::string& members) {
    return facts_of(std::vector{alert}, members).at(0);
  }

  static const ContextDetail& detail(const ContextFacts& facts, const std::string& subject,
                                     const std::string& name = "") {
    for (const ContextDetail& one : facts.details) {
      if (one.subject == subject && one.feature_name == name) return one;
    }
    ADD_FAILURE() << "no " << subject << " of '" << name << "'";
    static const ContextDetail none;
    return none;
  }

  test::TemporaryFolder folder_;
  ToWgs84 to_wgs84_{zone};
  std::map<std::string, std::string> features_;
  std::optional<ContextLayerState> state_;
};

std::string elevation(const std::string& more = "") {
  return R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":0.2,"draws":20)" + more + "}";
}

/// Falls by 5 % to a channel in column 150 and by 1 % to the south.
double valley(int x, int y) { return 500 + 1.5 * std::abs(x - 150) - 0.3 * y; }

TEST_F(WaterContext, OfAValleyIsItsRiver) {
  write_ground(valley);
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  add_point("spring", "above", 205.5, 150.5);
  add_point("well", "below", 170.5, 150.5);
  add_box("settlement", "village", 160, 148, 5, 5);
  add_box("protected_area", "elsewhere", 100, 148, 5, 5);
  const ContextFacts facts = facts_of(alert_on(190, 150, 1, 1), elevation());
  ASSERT_TRUE(facts.context.water && facts.context.water->flow);
  const WaterFlow& flow = *facts.context.water->flow;
  EXPECT_EQ(flow.to, "river");
  EXPECT_EQ(flow.share, 1);
  ASSERT_TRUE(flow.length_m && flow.drop_m);
  EXPECT_DOUBLE_EQ(*flow.length_m, 40 * cell);
  EXPECT_NEAR(*flow.drop_m, 60, 1e-3);
  EXPECT_NEAR(*flow.height_above_drainage_m, 60, 1e-3);
  EXPECT_THAT(flow.passed, ElementsAre("below", "village"));
  EXPECT_EQ(facts.context.water->surface->side, FlowSide::downstream);
  EXPECT_EQ(facts.context.water->spring->side, FlowSide::upstream);
  EXPECT_EQ(facts.context.water->well->side, FlowSide::downstream);
  // 40 cells of d / (W S), against one cell that 110 drain to.
  const double down = 1.0 / (1 * 0.05) * cell + 39 * cell / (0.1 * 0.05);
  ASSERT_TRUE(flow.connectivity);
  EXPECT_NEAR(*flow.connectivity, std::log10(0.05 * std::sqrt(cell * cell) / down), 1.2);
  // Half an alert of 0.09 ha, 60 m above a river 1200 m away down a slope of 5 %: 1 + 0 + 1 + 0 points.
  EXPECT_EQ(facts.context.water->surface_risk, RiskLevel::low);
  EXPECT_EQ(detail(facts, "water_risk_surface").figures.at("points"), 2);
  EXPECT_EQ(detail(facts, "water_flow", "river").figures.at("share_of_draws"), 1);
  EXPECT_GT(detail(facts, "water_flow", "river").figures.at("share_spread"), 0.9);
  EXPECT_EQ(detail(facts, "water_passed", "village").figures.at("order"), 2);
  EXPECT_FALSE(flow.catchment_disturbed);  // the river comes from beyond the elevations
  const std::map<std::string, double>& river = detail(facts, "water_flow", "river").figures;
  EXPECT_EQ(river.at("catchment_is_cut"), 1);
  EXPECT_GT(river.at("catchment_seen_ha"), 1000) << "of what is seen";
  EXPECT_EQ(river.count("catchment_ha"), 0U);
  EXPECT_EQ(river.count("catchment_disturbed_ha"), 0U);
  ASSERT_TRUE(state_);
  EXPECT_EQ(state_->problem, "");
  EXPECT_EQ(state_->role, "elevation");
  EXPECT_THAT(state_->sha256, SizeIs(64));
}

TEST_F(WaterContext, OfTheOtherSideOfARidgeIsNotReached) {
  // The brook is nearer, but behind a ridge in column 200.
  write_ground([](int x, int y) { return 700 - 1.5 * std::abs(x - 200) - 0.3 * y + (x < 150 ? 3.0 * (150 - x) : 0); });
  add_line("surface_water", "brook", {{210.5, 0}, {210.5, 300}});
  const ContextFacts facts = facts_of(alert_on(194, 150, 2, 2), elevation());
  EXPECT_EQ(facts.context.water->surface->name, "brook");
  EXPECT_EQ(facts.context.water->surface->side, FlowSide::neither);
  EXPECT_EQ(facts.context.water->flow->to, "");
  EXPECT_EQ(facts.context.water->flow->share, 0);
  EXPECT_FALSE(facts.context.water->flow->length_m);
  EXPECT_FALSE(facts.context.water->flow->drop_m);
  EXPECT_EQ(facts.context.water->surface_risk, RiskLevel::low);
  // With the river in its channel both are told apart.
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts both = facts_of(alert_on(194, 150, 2, 2), elevation());
  EXPECT_EQ(both.context.water->flow->to, "river");
  EXPECT_EQ(both.context.water->surface->side, FlowSide::neither);
}

TEST_F(WaterContext, OnADivideCannotBeTold) {
  write_ground([](int x, int y) { return 700 - 0.6 * std::abs(x - 200) - 0.03 * y; });
  add_line("surface_water", "west", {{180.5, 0}, {180.5, 300}});
  add_line("surface_water", "east", {{220.5, 0}, {220.5, 300}});
  const std::string rough = R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":3,"draws":60})";
  const ContextFacts facts = facts_of(alert_on(200, 150, 1, 1), rough);
  const WaterFlow& flow = *facts.context.water->flow;
  EXPECT_GT(flow.share, 0.4);
  EXPECT_LT(flow.share, 0.8);
  EXPECT_EQ(facts.context.water->surface->side, FlowSide::cannot_tell);
  EXPECT_EQ(facts.context.water->surface_risk, RiskLevel::cannot_tell);
  double sum = 0;
  for (const char* name : {"west", "east"}) sum += detail(facts, "water_flow", name).figures.at("share_of_draws");
  EXPECT_NEAR(sum, 1, 0.15);  // water goes to one of them or down between
}

TEST_F(WaterContext, HasNoWayWhereTheElevationsAsTheyAreDoNotLeadThere) {
  write_ground([](int x, int y) { return 700 - 0.6 * std::abs(x - 200) - 0.03 * y; });
  add_line("surface_water", "west", {{180.5, 0}, {180.5, 300}});
  const std::string rough = R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":3,"draws":60})";
  const ContextFacts facts = facts_of(alert_on(202, 150, 1, 1), rough);  // falls to the east, where no water is known
  const WaterFlow& flow = *facts.context.water->flow;
  EXPECT_EQ(flow.to, "west");
  EXPECT_GT(flow.share, 0);
  EXPECT_LT(flow.share, 0.8);
  EXPECT_FALSE(flow.length_m);
  EXPECT_FALSE(flow.drop_m);
  EXPECT_EQ(detail(facts, "water_flow", "west").figures.count("length_m"), 0U);
}

TEST_F(WaterContext, OnAWaterHasAWayOfNothing) {
  write_ground(valley);
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts facts = facts_of(alert_on(150, 150, 1, 1), elevation());
  const WaterFlow& flow = *facts.context.water->flow;
  EXPECT_EQ(flow.to, "river");
  EXPECT_EQ(flow.length_m, 0);
  EXPECT_EQ(flow.drop_m, 0);
}

TEST_F(WaterContext, HasTheSameErrorsInAnyWindow) {
  write_ground([](int x, int y) { return 700 - 0.6 * std::abs(x - 200) - 0.03 * y; });
  add_line("surface_water", "west", {{180.5, 0}, {180.5, 300}});
  add_line("surface_water", "east", {{220.5, 0}, {220.5, 300}});
  const std::string rough = R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":3,"draws":20})";
  const OutlinedAlert alert = alert_on(200, 150, 1, 1);
  const ContextFacts alone = facts_of(alert, rough);
  const std::vector<ContextFacts> shared = facts_of({alert, alert_on(170, 130, 1, 1, "PW-2")}, rough);
  EXPECT_EQ(detail(alone, "water_flow", "west").figures.at("share_of_draws"),
            detail(shared[0], "water_flow", "west").figures.at("share_of_draws"));
  EXPECT_EQ(detail(alone, "water_flow", "east").figures.at("share_of_draws"),
            detail(shared[0], "water_flow", "east").figures.at("share_of_draws"));
}

TEST_F(WaterContext, BehindADamGoesThroughItOrFillsIt) {
  // A dam with wings uphill; its lowest place is its southern end.
  write_ground([](int x, int y) {
    const bool wall = x == 170 && y > 120 && y < 180;
    const bool wing = (y == 120 || y == 180) && x >= 170 && x < 230;
    return valley(x, y) + (wall ? 30 : wing ? 100 : 0);
  });
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const auto flow_by = [&](const std::string& rule) {
    return *facts_of(alert_on(180, 150, 1, 1), elevation(R"(,"rule":")" + rule + "\"")).context.water->flow;
  };
  const WaterFlow through = flow_by("breach");
  const WaterFlow over = flow_by("fill");
  EXPECT_EQ(through.share, 1);
  EXPECT_EQ(over.share, 1);
  // Down to the dam, along it to its southern end and on: 9, 28 and 20 cells, and one diagonal.
  ASSERT_TRUE(through.length_m && over.length_m);
  EXPECT_NEAR(*through.length_m, (9 + 28 + 19 + std::sqrt(2)) * cell, 2 * cell);
  // Over the lake straight to there.
  EXPECT_LT(*over.length_m, *through.length_m - 2 * cell);
}

TEST_F(WaterContext, CountsWhatIsDisturbedOfACatchment) {
  // A ridge in row 100; everything south of it falls straight south.
  write_ground([](int, int y) { return 500 - 1.5 * std::abs(y - 100); });
  add_box("surface_water", "pond", 150, 140, 10, 5);
  const std::vector<OutlinedAlert> alerts{alert_on(152, 120, 3, 3, "PW-1"), alert_on(158, 130, 4, 2, "PW-2")};
  const std::vector<ContextFacts> facts = facts_of(alerts, elevation(R"(,"burn_m":0)"));
  // Ten columns of 45 rows, of the ridge's row too or not; of the second alert two columns lie in it.
  const WaterFlow& flow = *facts[0].context.water->flow;
  EXPECT_EQ(flow.to, "pond");
  ASSERT_TRUE(flow.catchment_disturbed);
  EXPECT_NEAR(*flow.catchment_disturbed, 13.0 / 450, 0.002);
  const ContextDetail& pond = detail(facts[0], "water_flow", "pond");
  EXPECT_EQ(pond.figures.at("catchment_is_cut"), 0);
  EXPECT_NEAR(pond.figures.at("catchment_disturbed_ha"), 13 * 0.09, 1e-6);
  EXPECT_EQ(facts[1].context.water->flow->catchment_disturbed, flow.catchment_disturbed);
}

TEST_F(WaterContext, OfVoidsIsLost) {
  // A wide void without elevations between alert and river, and a hole that is filled.
  write_ground([](int x, int y) { return x > 152 && x < 165 ? -9999 : x == 190 && y == 150 ? -9999 : valley(x, y); });
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts facts = facts_of(alert_on(191, 150, 1, 1), elevation());
  EXPECT_EQ(detail(facts, "water_flow").figures.at("lost_share"), 1);
  EXPECT_EQ(facts.context.water->surface->side, FlowSide::cannot_tell);
  EXPECT_EQ(facts.context.water->surface_risk, RiskLevel::cannot_tell);
  EXPECT_THAT(state_->remarks, HasSubstr(R"("filled_cells":1)"));
}

TEST_F(WaterContext, OfARasterMuchCoarserThanItsCellsIsRemarked) {
  write_ground(valley);  // of pixels of 30 m
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const OutlinedAlert alert = alert_on(190, 150, 1, 1);
  const auto by_cells_of = [](const std::string& cell_m) {
    return R"("elevation":{"source":"dem.tif","reach_m":600,"rmse_m":0,"cell_m":)" + cell_m + "}";
  };
  facts_of(alert, by_cells_of("5"));
  EXPECT_THAT(state_->remarks, HasSubstr(R"("coarse_elevation":{"count":1,"ids":[)"));
  EXPECT_THAT(state_->remarks, HasSubstr("dem.tif: pixels of 30 m"));
  facts_of(alert, by_cells_of("10"));
  EXPECT_THAT(state_->remarks, Not(HasSubstr("coarse_elevation")));
}

TEST_F(WaterContext, WithoutElevationsCannotBeTold) {
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts facts = facts_of(alert_on(190, 150, 1, 1), elevation());
  ASSERT_TRUE(state_);
  EXPECT_THAT(state_->problem, HasSubstr("dem.tif"));
  EXPECT_FALSE(facts.context.water->surface_risk);
  EXPECT_FALSE(facts.context.water->flow);
  EXPECT_FALSE(facts.context.water->surface->side);
  EXPECT_FALSE(facts.context.water->ground_risk);
}

TEST_F(WaterContext, BeyondTheElevationsCannotBeTold) {
  write_ground(valley);
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts facts = facts_of(alert_on(20'000, 150, 1, 1), elevation());
  ASSERT_TRUE(state_);
  EXPECT_EQ(state_->problem, "");
  EXPECT_THAT(state_->remarks, HasSubstr(R"("no_elevation":{"count":1)"));
  EXPECT_EQ(facts.context.water->surface_risk, RiskLevel::cannot_tell);
  EXPECT_FALSE(facts.context.water->flow);
}

TEST_F(WaterContext, WithoutOptionsIsAsItWas) {
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const ContextFacts facts = facts_of(alert_on(190, 150, 1, 1), R"("registration_error_m":5)");
  EXPECT_FALSE(state_);
  EXPECT_FALSE(facts.context.water->surface_risk);
  EXPECT_FALSE(facts.context.water->surface->side);
  EXPECT_THAT(facts.details, SizeIs(1));
}

TEST_F(WaterContext, OfTheGroundIsWhatIsGiven) {
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  OutlinedAlert alert = alert_on(190, 150, 1, 1);
  const std::string given =
      R"("groundwater":{"depth_m":1,"recharge_mm":300,"soil":"sand","sites":{"deep":{"depth_m":40}}})";
  EXPECT_EQ(facts_of(alert, given).context.water->ground_risk, RiskLevel::high);
  alert.alert.site = "deep";
  const ContextFacts deep = facts_of(alert, given);
  // 5 x 1 + 4 x 9 + 2 x 9 of 11 weights.
  EXPECT_NEAR(detail(deep, "water_risk_ground").figures.at("index"), (59.0 / 11 - 1) / 9, 1e-12);
  EXPECT_EQ(deep.context.water->ground_risk, RiskLevel::medium);
}

TEST_F(WaterContext, IsTheSameWhateverTheThreads) {
  write_ground([](int x, int y) { return valley(x, y) + ((x * 7919 + y * 104729) % 17) * 0.2; });
  add_line("surface_water", "river", {{150.5, 0}, {150.5, 300}});
  const std::vector<OutlinedAlert> alerts{alert_on(190, 150, 4, 3, "PW-1"), alert_on(130, 160, 2, 2, "PW-2")};
  const auto backwards = [](int count, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = count - 1; i >= 0; --i) threads.emplace_back([&body, i] { body(i); });
    for (std::thread& thread : threads) thread.join();
  };
  const std::string members = R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":3,"draws":8})";
  const std::vector<ContextFacts> a = facts_of(alerts, members);
  const std::vector<ContextFacts> b = facts_of(alerts, members, backwards);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(a[i].context, b[i].context);
    EXPECT_EQ(a[i].details, b[i].details);
  }
}

TEST_F(WaterContext, RefusesFactsOfOtherAlerts) {
  std::vector<ContextFacts> facts(1);
  const std::vector<OutlinedAlert> alerts{alert_on(190, 150, 1, 1)};
  EXPECT_THROW(add_water_facts(facts, alerts, {}, {}, now), DataError);
  EXPECT_THROW(add_water_facts({}, alerts, {}, {}, now), DataError);
}

/// A valley as above, closed in the north by row 40 and at its sides by columns 40 and 260.
double closed_valley(int x, int y) {
  const int across = std::abs(x - 150);
  return 500 + 1.5 * std::min(across, 220 - across) - 0.3 * (y < 40 ? 80 - y : y);
}

TEST_F(WaterContext, ACatchmentLargerThanTheWideWindowIsLookedAtInAWiderOne) {
  write_ground(closed_valley);
  add_box("surface_water", "pond", 149, 149, 3, 3);
  // Windows of 0.6, 2.4 and 9.6 km; above the pond the valley has 3.4 km, and 6.6 km from side to side.
  const std::string narrow = R"("elevation":{"source":"dem.tif","reach_m":285,"rmse_m":0})";
  const ContextFacts facts = facts_of(alert_on(154, 150, 1, 1), narrow);
  const std::map<std::string, double>& figures = detail(facts, "water_flow", "pond").figures;
  constexpr double cells = 112 * 221;
  EXPECT_EQ(figures.at("catchment_is_cut"), 0);
  ASSERT_EQ(figures.count("catchment_ha"), 1U);
  EXPECT_NEAR(figures.at("catchment_ha"), cells * 0.09, cells * 0.09 * 0.02);
  ASSERT_TRUE(facts.context.water->flow->catchment_disturbed);
  EXPECT_NEAR(*facts.context.water->flow->catchment_disturbed, 1 / cells, 1e-6);
}

TEST_F(WaterContext, ACatchmentThatEndsAtAVoidIsCut) {
  write_ground([](int x, int y) { return x < 60 ? -9999 : closed_valley(x, y); });
  add_box("surface_water", "pond", 149, 149, 3, 3);
  const ContextFacts facts =
      facts_of(alert_on(154, 150, 1, 1), R"("elevation":{"source":"dem.tif","reach_m":2500,"rmse_m":0})");
  const std::map<std::string, double>& figures = detail(facts, "water_flow", "pond").figures;
  EXPECT_EQ(figures.at("catchment_is_cut"), 1);
  EXPECT_EQ(figures.count("catchment_ha"), 0U);
  EXPECT_GT(figures.at("catchment_seen_ha"), 0);
  EXPECT_FALSE(facts.context.water->flow->catchment_disturbed);
}

}  // namespace
}  // namespace pitwatch
