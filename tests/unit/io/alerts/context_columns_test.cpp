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

/// An alert of which every column is something.
OutlinedAlert whole_alert() {
  OutlinedAlert whole = outlined(full_context());
  Alert& alert = whole.alert;
  alert.site = "north";
  alert.tile = "T38TPK";
  alert.class_probability = 0.75;
  alert.natural_probability = 0.25;
  alert.class_probabilities.emplace().fill(0.125);
  alert.confirmed_on = parse_instant("2023-03-04T07:46:01.024Z");
  alert.superseded = Superseded{SupersededWhy::merged, {"PW-2"}};
  alert.review = Review{Verdict::licensed, "A. Name", parse_instant("2023-05-06T07:08:09Z"), "it's \"so\""};
  return whole;
}

/// As a filter has it.
std::string literal(const Cell& cell) {
  std::string text;
  for (const char c : cell_text(cell)) text.append(c == '\'' ? 2 : 1, c);
  const bool is_number = std::holds_alternative<double>(cell) || std::holds_alternative<int>(cell);
  return is_number ? text : "'" + text + "'";
}

/// What is null is not equal, not another and not in anything, and its column can be filtered by as where all have a
/// value.
TEST(AlertColumns, CanAllBeFilteredByWithAndWithoutNulls) {
  using Found = std::vector<std::size_t>;
  const OutlinedAlert whole = whole_alert();
  OutlinedAlert bare = outlined({});
  bare.alert.site.reset();
  bare.alert.tile.clear();
  const std::vector<OutlinedAlert> alerts{bare, whole};
  std::size_t nullable = 0;
  for (const AlertColumn& column : alert_columns()) {
    const std::string name = std::string("\"") + column.name + "\"";
    const Cell cell = column.get(whole.alert);
    ASSERT_FALSE(std::holds_alternative<std::monostate>(cell)) << name << ": is not in this test";
    const std::string value = literal(cell);
    const bool has_null = std::holds_alternative<std::monostate>(column.get(bare.alert));
    const bool is_same = column.get(bare.alert) == cell;
    nullable += has_null ? 1U : 0U;
    const auto found = [&](const std::string& filter) { return alerts_where(alerts, filter); };
    const Found both{0, 1}, one{1}, none{};
    EXPECT_EQ(found(name + " IS NULL"), has_null ? Found{0} : none) << name;
    EXPECT_EQ(found(name + " IS NOT NULL"), has_null ? one : both) << name;
    EXPECT_EQ(found(name + " = " + value), is_same ? both : one) << name;
    EXPECT_EQ(found(value + " = " + name), is_same ? both : one) << name;
    EXPECT_EQ(found(name + " IN (" + value + ")"), is_same ? both : one) << name;
    EXPECT_EQ(found(name + " = " + value + " OR " + name + " IS NULL"), has_null || is_same ? both : one) << name;
    if (!has_null) continue;
    EXPECT_EQ(found(name + " >= " + value), one) << name;
    EXPECT_EQ(found(name + " BETWEEN " + value + " AND " + value), one) << name;
    for (const char* never : {" <> ", " < ", " > "}) EXPECT_EQ(found(name + never + value), none) << name << never;
    EXPECT_EQ(found("NOT " + name + " = " + value), none) << name;
    EXPECT_EQ(found(name + " NOT IN (" + value + ")"), none) << name;
    EXPECT_EQ(found(name + " NOT BETWEEN " + value + " AND " + value), none) << name;
  }
  EXPECT_GT(nullable, 30U);
}

TEST(AlertColumns, DatesCanBeFilteredByInAllTheirForms) {
  using Found = std::vector<std::size_t>;
  OutlinedAlert bare = outlined({}), whole = whole_alert();
  const std::vector<OutlinedAlert> alerts{bare, whole};
  for (const char* filter :
       {"confirmed_on >= '2023-03-04'", "confirmed_on >= '2023/03/04'", "confirmed_on > '2023/3/4 07:46:01'",
        "confirmed_on = '2023-03-04T07:46:01.024Z'", "confirmed_on = '2023-03-04T11:46:01.024+04:00'",
        "'2023-01-01' < confirmed_on", "confirmed_on BETWEEN '2023/01/01' AND '2024/01/01'",
        "confirmed_on NOT IN ('2023-03-04', '2023/03/05')", "confirmed_on >= CAST('2023/03/04' AS date)",
        "confirmed_on < reviewed_at", "confirmed_on LIKE '2023-03%'", "site ILIKE 'NOR%'", "SITE = 'North'",
        "area_ha >= '0' AND site = 'north'"}) {
    EXPECT_EQ(alerts_where(alerts, filter), Found{1}) << filter;
  }
  for (const char* filter : {"confirmed_on >= '04.03.2023'", "confirmed_on = '2023-13-01'", "confirmed_on > 2023",
                             "confirmed_on > ''", "CAST(confirmed_on AS text) = '2023'", "area_ha > 'large'"}) {
    EXPECT_THROW(alerts_where(alerts, filter), ConfigError) << filter;
  }
}

/// Of functions only those that answer every time the same, at once, from what they are given.
TEST(AlertColumns, AreFilteredByFunctionsThatReachNothingElse) {
  using Found = std::vector<std::size_t>;
  const std::vector<OutlinedAlert> alerts{outlined({}), whole_alert()};
  for (const char* filter :
       {"lower(site) = 'north' AND NOT (area_ha < 0)", "coalesce(reviewer, '') LIKE ('a%')",
        "length(id) > 0 AND (reviewer IS NOT NULL)", "CASE WHEN (site = 'north') THEN (1) ELSE (0) END",
        "upper(substr(reviewer, 1, 1)) IN ('A')", "review_reason GLOB ('it*')"}) {
    EXPECT_EQ(alerts_where(alerts, filter), Found{1}) << filter;
  }
  for (const char* filter :
       {"length(hex(zeroblob(400000000))) > 3", "length(PRINTF('%900000000d', 1)) > 1", "random() > 0",
        "id REGEXP '(a+)+$'", "load_extension ('x') IS NULL", "ogr_version() > ''",
        "readfile('/etc/passwd') IS NOT NULL", "replace(id, 'P', 'Q') = ''", "EXISTS (SELECT 1)", "(SELECT 1)",
        "(VALUES (1))", "id IN (WITH x AS (SELECT 1) SELECT 1)"}) {
    EXPECT_THAT(test::message_of<ConfigError>([&] { static_cast<void>(alerts_where(alerts, filter)); }),
                HasSubstr("is no part of one"))
        << filter;
  }
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
