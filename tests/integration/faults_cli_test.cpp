// A night at whose writes the disk fails, at a few places of each kind; faults_slow_test.cpp has all.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/integration/faulty_night.hpp"

namespace pitwatch {
namespace {

using test::Call;
using test::FaultyNight;

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

}  // namespace
}  // namespace pitwatch
