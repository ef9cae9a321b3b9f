// What compare must find between two simulated scenes, where the truth is known, as score counts it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

class SimulatedPair : public ::testing::TestWithParam<int> {
 protected:
  json score(const test::ScenePair& pair, const std::string& alerts) {
    const test::Outcome scored = test::run_process(
        {PITWATCH_PROGRAM, "score", "--truth", pair.truth, "--alerts", alerts, "--draws", "10", "--json"});
    EXPECT_EQ(scored.exit_code, 0) << scored.err;
    return json::parse(scored.out);
  }
};

TEST_P(SimulatedPair, MostOfWhatIsLargeEnoughIsFoundAndHardlyAnythingElse) {
  const test::TemporaryFolder folder;
  const test::ScenePair pair = test::simulate_pair(folder.path(), GetParam());
  const test::Outcome run =
      test::run_process({PITWATCH_PROGRAM, "compare", pair.before, pair.after, "--out", folder / "out"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json report = score(pair, folder / "out/alerts.geojson");
  int large = 0;
  int found = 0;
  for (const json& event : report.at("truth").at("events")) {
    if (event.at("kind") != "disturbance" || event.at("area_ha") < 0.25) continue;
    ++large;
    found += event.at("found").is_null() ? 0 : 1;
  }
  EXPECT_GE(large, 5);
  EXPECT_GE(found, 0.8 * large);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedPair, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace pitwatch
