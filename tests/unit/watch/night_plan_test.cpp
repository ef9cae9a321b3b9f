// The plan of a night in units: to text and back, and what is refused.

#include "pipeline/watch/night_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;

NightPlan made_plan() {
  NightPlan plan;
  plan.made = parse_instant("2022-12-05T03:05:01Z");
  plan.record = "20221204T030501.123Z.json";
  plan.options = {{"chips", "24"}, {"min-area-ha", "0.05"}};
  plan.until = parse_instant("2022-12-04T07:50:00Z");
  plan.skipped = {{"items/broken.json", "is no item"}};
  for (const char* const id : {"north-pit", "south_pit"}) {
    PlannedUnit unit;
    unit.unit = unit.site = id;
    unit.pane = 0;
    unit.acquisitions = 61;
    unit.new_acquisitions = 2;
    unit.replayed = 1;
    unit.inputs = {"S2A_x", "S2B_y"};
    unit.memory_bytes = 123456789;
    unit.seconds = 0.4;
    plan.units.push_back(unit);
  }
  plan.units[1].scenes = SceneBlock{12, 345, std::string(64, 'a')};
  set_id(plan);
  return plan;
}

TEST(NightPlan, IsTheSameAgain) {
  const NightPlan plan = made_plan();
  const std::string text = plan_text(plan);
  const NightPlan again = parse_plan(text);
  EXPECT_EQ(plan_text(again), text);
  EXPECT_EQ(again.id.size(), 16U);
  EXPECT_EQ(again.options, plan.options);
  EXPECT_EQ(again.until, plan.until);
  EXPECT_EQ(again.find("south_pit")->scenes->bytes, 345U);
  EXPECT_EQ(again.find("elsewhere"), nullptr);
}

TEST(NightPlan, IsKnownByItsContentAndNotByItsTime) {
  NightPlan plan = made_plan();
  const std::string id = plan.id;
  plan.made += std::chrono::hours(1);
  set_id(plan);
  EXPECT_EQ(plan.id, id);
  plan.units[0].new_acquisitions = 3;
  set_id(plan);
  EXPECT_NE(plan.id, id);
  plan = made_plan();
  plan.record = "20221205T030501.123Z.json";  // another night
  set_id(plan);
  EXPECT_NE(plan.id, id);
}

/// Why a plan is refused that is like the made one but for a text.
std::string refusal(const std::string& from, const std::string& to) {
  std::string text = plan_text(made_plan());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  try {
    parse_plan(text);
  } catch (const DataError& error) {
    return error.what();
  }
  return {};
}

TEST(NightPlan, OneThatWasChangedIsRefused) {
  EXPECT_THAT(refusal("\"chips\":\"24\"", "\"chips\":\"25\""), HasSubstr("was changed"));
  EXPECT_THAT(refusal("\"new_acquisitions\":2", "\"new_acquisitions\":1"), HasSubstr("was changed"));
  EXPECT_THAT(refusal("\"plan\":1", "\"plan\":2"), HasSubstr("format"));
  EXPECT_THAT(refusal("\"unit\":\"north-pit\"", "\"unit\":\"../north-pit\""), HasSubstr("line 2: 'unit'"));
  EXPECT_THAT(refusal("\"unit\":\"north-pit\"", "\"unit\":\".north-pit\""), HasSubstr("'unit'"));
  EXPECT_THAT(refusal("\"unit\":\"south_pit\"", "\"unit\":\"north-pit\""), HasSubstr("line 3: names a unit again"));
  EXPECT_THAT(refusal("\"seconds\":0.4", "\"seconds\":-1"), HasSubstr("'seconds'"));
  EXPECT_THAT(refusal("\"memory_bytes\":123456789", "\"memory_bytes\":-1"), HasSubstr("'memory_bytes'"));
  EXPECT_THAT(refusal("[12,345,", "[12,-345,"), HasSubstr("'scenes'"));
  EXPECT_THAT(refusal("\"made\":\"2022", "\"made\":\"x"), HasSubstr("'made'"));
}

TEST(NightPlan, WhatIsMergedIsKnownByUnit) {
  const test::TemporaryFolder state;
  const std::string at = state.path();
  const std::string id = made_plan().id;
  std::filesystem::create_directories(units_folder(at, id));
  EXPECT_FALSE(missing_when_merged(at, id));
  EXPECT_FALSE(is_merged(at, id, "north-pit"));
  note_merged(at, id, {"south_pit"});
  EXPECT_TRUE(is_merged(at, id, "north-pit"));
  EXPECT_FALSE(is_merged(at, id, "south_pit"));
  EXPECT_FALSE(is_merged(at, "../units/" + id, "north-pit"));  // no id of a plan
  forget_plan(at);
  EXPECT_FALSE(is_merged(at, id, "north-pit"));
}

TEST(NightPlan, OptionsThatDifferAreNamed) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "sites.geojson", "{}");
  WatchOptions options;
  options.sites = folder / "sites.geojson";
  options.state = folder / "state";
  NightPlan plan;
  plan.options = common_options_of(options);
  EXPECT_NO_THROW(expect_options(plan, options));
  WatchOptions other = options;
  other.threads = 7;
  other.memory_bytes = 1;
  EXPECT_NO_THROW(expect_options(plan, other));
  const auto refused = [&](const WatchOptions& given) {
    try {
      expect_options(plan, given);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  other = options;
  other.thresholds.min_area_ha = 0.5;
  EXPECT_THAT(refused(other), HasSubstr("--min-area-ha: 0.05 in the plan, 0.5 here"));
  other = options;
  other.light.brdf = true;
  EXPECT_THAT(refused(other), HasSubstr("--brdf: off in the plan, on here"));
  other = options;
  other.until = parse_instant("2022-12-04T07:50:00Z");
  EXPECT_THAT(refused(other), HasSubstr("--to: not given in the plan"));
  plan.sites_sha256 = std::string(64, '0');
  EXPECT_THAT(refused(options), HasSubstr("--sites"));
}

}  // namespace
}  // namespace pitwatch
