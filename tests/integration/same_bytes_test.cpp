// Same inputs and options, same bytes: whatever the threads, the tile size, the memory and the SIMD target. And a run
// that is killed leaves only whole outputs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Invocation;
using test::Outcome;
using test::run_process;

const std::vector<std::string> compared{"alerts.geojson", "score.tif", "mask.tif"};

using Outputs = std::map<std::string, std::string>;

Outputs outputs_in(const std::string& folder) {
  Outputs outputs;
  for (const std::string& name : compared) outputs[name] = test::read_text(folder + "/" + name);
  return outputs;
}

/// A fresh folder per run, but of one name: the name must not matter, yet it may stand in messages.
Outputs outputs_of(const std::vector<std::string>& options,
                   const std::map<std::string, std::string>& environment = {}) {
  const test::TemporaryFolder folder;
  const test::ScenePair& pair = test::sample_pair();
  Invocation run{
      {PITWATCH_PROGRAM, "compare", pair.before, pair.after, "--quiet", "--out", folder / "out"}, environment, {}, {}};
  run.command.insert(run.command.end(), options.begin(), options.end());
  const Outcome outcome = run_process(run);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outputs_in(folder / "out");
}

void expect_same(const Outputs& actual, const Outputs& expected) {
  for (const std::string& name : compared) {
    EXPECT_FALSE(actual.at(name).empty()) << name;
    EXPECT_TRUE(actual.at(name) == expected.at(name)) << name << " differs";
  }
}

/// As --version lists them: "SIMD target AVX2 (available: AVX2 SSE4 SSSE3)".
std::vector<std::string> simd_targets() {
  const std::string version = run_process({PITWATCH_PROGRAM, "--version"}).out;
  const std::string mark = "available:";
  std::istringstream list(version.substr(version.find(mark) + mark.size()));
  std::vector<std::string> targets;
  for (std::string target; list >> target;) {
    const bool last = target.back() == ')';
    if (last) target.pop_back();
    targets.push_back(target);
    if (last) break;
  }
  return targets;
}

TEST(SameBytes, ForThreadsTileSizesAndTargets) {
  const std::vector<std::string> targets = simd_targets();
  ASSERT_FALSE(targets.empty());
  // One thread, one tile: the serial run is the reference.
  const Outputs reference = outputs_of({"--threads", "1", "--tile-size", "1024"});
  for (const std::string& target : targets) {
    for (const char* tile_size : {"128", "256", "1024"}) {
      for (const char* threads : {"1", "2", "4"}) {
        SCOPED_TRACE(target + ", tile size " + tile_size + ", threads " + threads);
        expect_same(outputs_of({"--threads", threads, "--tile-size", tile_size}, {{"PITWATCH_SIMD", target}}),
                    reference);
      }
    }
  }
}

TEST(SameBytes, ForSmallestTilesAndAnyMemory) {
  const Outputs reference = outputs_of({"--threads", "1", "--tile-size", "1024"});
  expect_same(outputs_of({"--tile-size", "64"}), reference);
  expect_same(outputs_of({"--memory", "8GiB"}), reference);
  // The least that is accepted: the refusal of a smaller one says how much.
  const test::TemporaryFolder folder;
  const test::ScenePair& pair = test::sample_pair();
  const std::string refusal =
      run_process({PITWATCH_PROGRAM, "compare", pair.before, pair.after, "--out", folder / "out", "--memory", "1MiB"})
          .err;
  const std::string mark = "for these scenes: ";
  ASSERT_NE(refusal.find(mark), std::string::npos) << refusal;
  const int least_mib = std::stoi(refusal.substr(refusal.find(mark) + mark.size()));
  SCOPED_TRACE(least_mib);
  expect_same(outputs_of({"--memory", std::to_string(least_mib) + "MiB"}), reference);
}

TEST(SameBytes, ForAnotherRunOfTheSame) { expect_same(outputs_of({}), outputs_of({})); }

TEST(Killed, LeavesOnlyWholeOutputs) {
  const Outputs whole = outputs_of({});
  const test::ScenePair& pair = test::sample_pair();
  const test::TemporaryFolder folder;
  int killed = 0;
  for (int wait_ms = 10; wait_ms <= 600; wait_ms += wait_ms < 200 ? 20 : 50) {
    const std::string out = folder / std::to_string(wait_ms);
    Invocation run{{PITWATCH_PROGRAM, "compare", pair.before, pair.after, "--quiet", "--out", out},
                   {},
                   {},
                   std::chrono::milliseconds(wait_ms)};
    killed += run_process(run).exit_code == -1 ? 1 : 0;
    for (const std::string& name : test::names_in(out)) {
      if (name.front() == '.') continue;  // what was under way, under its temporary name
      SCOPED_TRACE(name + " after " + std::to_string(wait_ms) + " ms");
      if (name == "run.json") {
        EXPECT_TRUE(nlohmann::json::accept(test::read_text(out + "/" + name)));
        for (const std::string& other : compared) EXPECT_TRUE(fs::exists(out + "/" + other)) << "run.json comes last";
      } else {
        EXPECT_TRUE(test::read_text(out + "/" + name) == whole.at(name)) << "not whole";
      }
    }
    // The remains do not hinder the next run.
    if (wait_ms != 110) continue;
    EXPECT_EQ(run_process({PITWATCH_PROGRAM, "compare", pair.before, pair.after, "--out", out}).exit_code, 0);
    EXPECT_EQ(outputs_in(out), whole);
  }
  EXPECT_GT(killed, 0);
}

}  // namespace
}  // namespace pitwatch
