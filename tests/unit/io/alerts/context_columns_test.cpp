#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/alert_exports.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "tests/unit/io/alerts/full_context.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::full_context;
using ::testing::HasSubstr;
using ::testing::Not;

OutlinedAlert outlined(const AlertContext& context) {
  OutlinedAlert outlined;
  outlined.alert.id = "PW-1";
  outlined.alert.algorithm = "pitwatch 0.1.0 abc";
  outlined.alert.context = context;
  outlined.outline = {{{{46, 40}, {46.01, 40}, {46.01, 40.01}, {46, 40.01}}, {}}};
  return outlined;
}

TEST(ContextColumns, AreAllSetWhereAllIsKnownAndComeBack) {
  const OutlinedAlert alert = outlined(full_context());
  Alert back;
  for (const AlertColumn& column : context_columns()) {
    const Cell cell = column.get(alert.alert);
    EXPECT_FALSE(std::holds_alternative<std::monostate>(cell)) << column.name;
    EXPECT_TRUE(column.since_later) << column.name;
    column.set(back, cell);
  }
  EXPECT_EQ(back.context, full_context());
}

TEST(ContextColumns, OfWhatIsNotKnownAreNothingAndLeaveItSo) {
  const OutlinedAlert alert = outlined({});
  Alert back;
  for (const AlertColumn& column : context_columns()) {
    EXPECT_EQ(column.get(alert.alert), Cell()) << column.name;
    column.set(back, Cell());
  }
  EXPECT_EQ(back.context, AlertContext{});
}

TEST(ContextColumns, ComeBackFromAlertsGeojsonWithEachSubjectAlone) {
  const test::TemporaryFolder folder;
  const AlertContext all = full_context();
  AlertContext licence, parcel, area, water, no_way, at_water, share;
  licence.licence = all.licence;
  licence.licence->validity.reset();
  parcel.parcel = all.parcel;
  area.protected_area = all.protected_area;
  water.water = WaterFacts{};
  water.water->worked_out = all.water->worked_out;
  water.water->well = NearWater{"well", 0, {}};
  no_way.water = WaterFacts{};
  no_way.water->flow = WaterFlow{"river", {}, {}, 0.22, {}, {}, {}, {}};
  at_water.water = WaterFacts{};
  at_water.water->flow = WaterFlow{"river", 0, 0, 1, {}, {}, {}, {}};
  share.site_share = 0;
  for (const AlertContext& context : {AlertContext{}, all, licence, parcel, area, water, no_way, at_water, share}) {
    const OutlinedAlert alert = outlined(context);
    test::write_text(folder / "a.geojson", alerts_geojson(std::span(&alert, 1), {}));
    EXPECT_EQ(read_alerts_geojson(folder / "a.geojson").at(0).alert.context, context);
  }
}

TEST(ContextColumns, OfAWayThatIsNotKnownAreLeftOutAndAWayOfNothingIsNot) {
  AlertContext context;
  context.water.emplace().flow = WaterFlow{"river", {}, {}, 0.22, {}, {}, {}, {}};
  const std::string without = context_json(outlined(context).alert, "water");
  EXPECT_EQ(without.find("water_flow_length_m"), std::string::npos) << without;
  EXPECT_EQ(without.find("water_flow_drop_m"), std::string::npos) << without;
  context.water->flow->length_m = context.water->flow->drop_m = 0;
  const std::string at_water = context_json(outlined(context).alert, "water");
  EXPECT_NE(at_water.find(R"("water_flow_length_m": 0, "water_flow_drop_m": 0)"), std::string::npos) << at_water;
}

TEST(ContextColumns, StandInAlertsGeojsonWhereTheyAreKnownAndBehindAllElse) {
  const std::string without = alert_properties_json(outlined({}).alert);
  const std::string with = alert_properties_json(outlined(full_context()).alert);
  EXPECT_THAT(without, Not(HasSubstr("licence")));
  EXPECT_TRUE(with.starts_with(without.substr(0, without.size() - 1) + ", \"site_share\": 0.25")) << with;
  const json properties = json::parse(with);
  EXPECT_EQ(properties["licence_ids"], json({"LIC-1", "LIC \"2\""}));
  EXPECT_EQ(properties["water_well_distance_m"], json(0));
  EXPECT_EQ(properties["protected_crossed_on"], json("2023-02-03T08:06:01.024Z"));
}

TEST(ContextColumns, AreInTheSchemaByName) {
  const json schema = json::parse(test::read_text(PITWATCH_SOURCE_DIR "/pipeline/io/alerts/alert.schema.json"));
  const json& described = schema["$defs"]["properties"]["properties"];
  for (const AlertColumn& column : context_columns()) EXPECT_TRUE(described.contains(column.name)) << column.name;
}

TEST(ContextColumns, AreInCsvAndKmlAndCanBeFilteredBy) {
  const std::vector<OutlinedAlert> alerts{outlined({}), outlined(full_context())};
  EXPECT_THAT(alerts_csv(alerts), HasSubstr("licence_verdict,licence_validity,licence_ids"));
  EXPECT_THAT(alerts_csv(alerts), HasSubstr("straddles,expired,"));
  EXPECT_THAT(alerts_kml(alerts), HasSubstr("<SimpleData name=\"water_flow_to\">river</SimpleData>"));
  EXPECT_EQ(alerts_where(alerts, "licence_area_ha > 1 AND water_surface_side = 'downstream'"),
            std::vector<std::size_t>{1});
}

TEST(ContextColumns, RefuseWhatIsNoValueOfTheirs) {
  for (const auto& [name, cell] : {std::pair<std::string, Cell>{"licence_verdict", "within"},
                                   {"licence_ids", "LIC-1"},
                                   {"licence_ids", "[1]"},
                                   {"licence_area_ha", "1"},
                                   {"water_risk_ground", "none"}}) {
    for (const AlertColumn& column : context_columns()) {
      Alert alert;
      if (column.name == name) {
        EXPECT_THROW(column.set(alert, cell), DataError) << name;
      }
    }
  }
}

TEST(ContextColumns, OfASubjectAreItsOwnAndWithoutItsDay) {
  const Alert alert = outlined(full_context()).alert;
  std::set<std::string> seen;
  for (const char* subject : {"site", "licence", "parcel", "protected_area", "water"}) {
    const json columns = json::parse(context_json(alert, subject));
    for (const auto& [name, value] : columns.items()) {
      EXPECT_TRUE(seen.insert(name).second) << name;
    }
  }
  EXPECT_EQ(seen.size() + 4, context_columns().size());
}

}  // namespace
}  // namespace pitwatch
