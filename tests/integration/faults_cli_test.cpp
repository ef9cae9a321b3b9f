// A night at whose writes the disk fails, at a few places of each kind, or that is killed; faults_slow_test.cpp has
// all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/faulty_night.hpp"

namespace pitwatch {
namespace {

using test::Call;
using test::FaultyNight;
using test::Nights;
using test::Outcome;
using ::testing::HasSubstr;

/// What all manifests of a state have of what was read: acquisitions with their use, and paths with their hashes.
std::set<std::string> read_on_record(const std::string& state) {
  std::set<std::string> read;
  for (const std::string& name : test::names_in(state + "/runs")) {
    if (!name.ends_with(".json")) continue;
    const auto manifest = nlohmann::json::parse(test::read_text(state + "/runs/" + name));
    for (const auto& used : manifest.at("acquisitions")) {
      read.insert(used.at("site").get<std::string>() + " " + used.at("acquired").get<std::string>() + " " +
                  used.at("use").get<std::string>());
    }
    for (const auto& input : manifest.at("inputs")) {
      read.insert(input.at("path").get<std::string>() + " " + input.at("sha256").get<std::string>());
    }
  }
  return read;
}

TEST(FaultsCli, ANightWhoseDiskFailsIsMadeGoodByTheNext) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  constexpr std::size_t of_each_kind = 4;
  const FaultyNight night(30, 1);
  std::map<std::string, std::vector<Call>> by_kind;
  for (const Call& call : night.calls()) by_kind[call.kind].push_back(call);
  for (const char* const kind : {"open", "write", "sync", "rename"}) ASSERT_GE(by_kind[kind].size(), of_each_kind);
  for (const auto& [kind, calls] : by_kind) {
    for (std::size_t i = 0; i < of_each_kind; ++i) {
      const std::size_t place = i * (calls.size() - 1) / (of_each_kind - 1);
      const bool is_full = i % 2 == 0;
      night.expect_mended({calls[place].number, is_full ? "ENOSPC" : "EIO", is_full && kind == "write"});
    }
  }
}

TEST(FaultsCli, WhatAKilledNightReadIsPutOnRecordByTheNext) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  const Nights nights;
  nights.deliver(0, 28);
  const std::string whole = nights / "whole";
  const std::vector<Call> calls = test::calls_of(nights.command(whole), whole);
  const std::set<std::string> expected = read_on_record(whole);
  std::vector<std::size_t> after_checkpoints;
  std::size_t begun = calls.size();  // the manifest
  for (const Call& call : calls) {
    const bool is_manifest = call.path.find("/runs/2") != std::string::npos;
    if (call.kind == "rename" && call.path.ends_with(".state")) after_checkpoints.push_back(call.number + 1);
    if (call.kind == "rename" && is_manifest) begun = std::min(begun, call.number);
  }
  ASSERT_GE(after_checkpoints.size(), 2U);
  for (const std::size_t moment : {after_checkpoints.front(), after_checkpoints.back(), begun, begun + 1}) {
    SCOPED_TRACE(calls[moment - 1].kind + " " + calls[moment - 1].path);
    const std::string state = nights / ("state" + std::to_string(moment));
    ASSERT_EQ(test::run_with_fault(nights.command(state), state, {moment, "KILL"}).exit_code, -1);
    const Outcome next = nights.run(state);
    EXPECT_EQ(next.exit_code, 0) << next.err;
    const std::set<std::string> read = read_on_record(state);
    EXPECT_THAT(read, ::testing::IsSupersetOf(expected));
    EXPECT_FALSE(std::filesystem::exists(state + "/runs/.unfinished"));
    // Each run stands there once: the killed one, and the one after it.
    const auto names = test::names_in(state + "/runs");
    EXPECT_EQ(
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".json"); }), 2);
    const Outcome verified = test::verify(state, {});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
}

TEST(FaultsCli, WhatAFailedNightReadIsInItsManifest) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  const Nights nights;
  nights.deliver(0, 28);
  const std::string whole = nights / "whole";
  const std::vector<Call> calls = test::calls_of(nights.command(whole), whole);
  const auto last = std::find_if(calls.rbegin(), calls.rend(), [](const Call& call) {
    return call.kind == "rename" && call.path.ends_with(".state");
  });
  ASSERT_NE(last, calls.rend());
  const std::string state = nights / "state";
  // The disk is full when the last checkpoint is renamed: what it would hold was noted by then.
  EXPECT_NE(test::run_with_fault(nights.command(state), state, {last->number, "ENOSPC"}).exit_code, 0);
  EXPECT_THAT(read_on_record(state), ::testing::IsSupersetOf(read_on_record(whole)));
  EXPECT_FALSE(std::filesystem::exists(state + "/runs/.unfinished"));
  EXPECT_EQ(nights.run(state).exit_code, 0);
  EXPECT_EQ(test::verify(state, {}).exit_code, 0);
}

TEST(FaultsCli, ANightWhoseTimeStampAuthorityIsAwayIsPublished) {
  const Nights nights;
  nights.deliver(0, 28);
  const std::string state = nights / "state";
  const Outcome run = nights.run(state, {"--time-stamps", "http://127.0.0.1:1/stamp"});
  EXPECT_EQ(run.exit_code, 69) << run.err;
  EXPECT_THAT(run.err, HasSubstr("published, but not signed or time-stamped"));
  EXPECT_FALSE(test::published_ids(state).empty());
  const Outcome verified = test::verify(state);
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("0 time-stamped"));
}

}  // namespace
}  // namespace pitwatch
