#pragma once
// One night at whose calls the disk fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/io/files/state_file.hpp"
#include "tests/integration/faults.hpp"
#include "tests/integration/nights.hpp"

namespace pitwatch::test {

/// A state before a night, and the same night undisturbed.
class FaultyNight {
 public:
  /// `scenes` are there on the night before, none where it is the first; `more` come by this one.
  FaultyNight(std::size_t scenes, std::size_t more) {
    nights_.deliver(0, scenes);
    if (scenes > 0 && nights_.run(before_).exit_code != 0) throw std::runtime_error("no state before the night");
    nights_.deliver(scenes, scenes + more);
    start(state_);
    calls_ = calls_of(nights_.command(state_), state_);
    after_ = lasting_contents(state_);
    if (std::filesystem::exists(before_)) contents_before_ = lasting_contents(before_);
    EXPECT_GT(published_ids(state_).size(), 0U);
  }

  const std::vector<Call>& calls() const { return calls_; }

  /// The program says that it failed, nothing is half, and the next night makes it good.
  void expect_mended(const Fault& fault) const {
    const Call& call = calls_[fault.at - 1];
    SCOPED_TRACE(fault.with + (fault.lasts ? " from " : " at ") + std::to_string(fault.at) + ": " + call.kind + " " +
                 call.path);
    start(state_);
    const Outcome failed = run_with_fault(nights_.command(state_), state_, fault);
    expect_said(failed);
    expect_whole();
    expect_verified(true);
    const Outcome next = nights_.run(state_);
    EXPECT_EQ(next.exit_code, 0) << next.err;
    EXPECT_THAT(differences(after_, lasting_contents(state_)), ::testing::IsEmpty());
    expect_verified(false);
  }

 private:
  void start(const std::string& state) const { Nights::copy(before_, state); }

  static void expect_said(const Outcome& failed) {
    const std::vector<std::string> lines = lines_of(failed.err);
    const auto errors = std::count_if(
        lines.begin(), lines.end(), [](const std::string& line) { return line.find("error: ") != std::string::npos; });
    EXPECT_NE(failed.exit_code, 4) << failed.err;
    EXPECT_NE(failed.exit_code, -1) << failed.err;
    EXPECT_EQ(errors, failed.exit_code == 0 ? 0 : 1) << failed.exit_code << ": " << failed.err;
  }

  /// Of before or of after.
  void expect_whole() const {
    if (!std::filesystem::exists(state_)) return;
    const Contents now = lasting_contents(state_);
    for (const std::string& file : {std::string("alerts.geojson"), std::string("register.gpkg")}) {
      const auto text = [&](const Contents& contents) {
        const auto found = contents.find(file);
        return found == contents.end() ? std::string() : found->second;
      };
      EXPECT_TRUE(text(now) == text(contents_before_) || text(now) == text(after_)) << file;
    }
    for (const auto& [file, text] : now) {
      if (file.ends_with(".state")) {
        EXPECT_NO_THROW(check_state_file(state_ + "/" + file));
      }
      EXPECT_EQ(file.find(".tmp-"), std::string::npos) << file << " was left behind";
    }
    for (const auto& [file, text] : contents_before_) {
      if (file.ends_with(".state") && after_.count(file) != 0) {
        EXPECT_EQ(now.count(file), 1U) << file;
      }
    }
  }

  void expect_verified(bool may_be_unpublished) const {
    const Outcome verified = verify(state_);
    // Of a first night that never came to publish there is no record.
    const bool has_record = std::filesystem::exists(state_ + "/register.gpkg") || !manifests().empty();
    EXPECT_EQ(verified.exit_code, has_record ? 0 : 3) << verified.out << verified.err;
    const bool is_unpublished = verified.out.find("ended while it published") != std::string::npos;
    EXPECT_TRUE(may_be_unpublished || !is_unpublished) << verified.out;
  }

  std::vector<std::string> manifests() const {
    std::vector<std::string> names = names_in(state_ + "/runs");
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".json") || name.front() == '.'; });
    return names;
  }

  Nights nights_;
  std::string before_ = nights_ / "before";
  std::string state_ = nights_ / "state";
  std::vector<Call> calls_;
  Contents contents_before_;
  Contents after_;
};

}  // namespace pitwatch::test
