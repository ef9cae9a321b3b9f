// Notes of what a run has read that has not ended.

#include "pipeline/record/unfinished.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/record/support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::instant;
using test::MadeUpState;
using ::testing::HasSubstr;

AcquisitionUsed judged(const char* acquired) {
  AcquisitionUsed used;
  used.site = "pit";
  used.acquired = instant(acquired);
  used.use = AcquisitionUse::judged;
  return used;
}

class Unfinished : public ::testing::Test {
 protected:
  Unfinished() { state_.run_nights(1); }

  Manifest begun() const {
    Manifest manifest;
    manifest.started = instant("2022-12-05T03:05:01.123Z");
    manifest.command = "run";
    return manifest;
  }
  std::string notes() const { return state_ / "runs/.unfinished"; }

  MadeUpState state_;
  InputLog log_;
};

TEST_F(Unfinished, NotesAddUp) {
  EXPECT_FALSE(read_unfinished(state_.path()));
  UnfinishedRun run(state_.path(), begun(), log_);
  run.note({judged("2022-12-01T07:50:00Z"), judged("2022-12-02T07:50:00Z")});
  run.note({});
  run.note({judged("2022-12-03T07:50:00Z")});
  const auto read = read_unfinished(state_.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->started, begun().started);
  EXPECT_GT(read->ended, read->started);
  EXPECT_EQ(read->exit_code, 1);
  EXPECT_THAT(read->message, HasSubstr("did not end"));
  ASSERT_EQ(read->acquisitions.size(), 3U);
  EXPECT_EQ(read->acquisitions[2].acquired, instant("2022-12-03T07:50:00Z"));
  EXPECT_TRUE(check_chain(state_.path()).misfits.empty());
  forget_unfinished(state_.path());
  EXPECT_FALSE(read_unfinished(state_.path()));
  EXPECT_FALSE(fs::exists(notes()));
}

TEST_F(Unfinished, OneThatIsDamagedIsNamedAndTheOthersCount) {
  UnfinishedRun run(state_.path(), begun(), log_);
  for (const char* const day : {"2022-12-01", "2022-12-02", "2022-12-03"}) run.note({judged(day)});
  test::write_text(notes() + "/000002.json", "{");
  const auto read = read_unfinished(state_.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->acquisitions.size(), 2U);
  ASSERT_EQ(read->notices.size(), 1U);
  EXPECT_EQ(read->notices[0].what, "runs/.unfinished/000002.json");
}

TEST_F(Unfinished, OfAnInputTheLaterNoteCounts) {
  Manifest manifest;
  manifest.inputs = {{"a", 9, {{0, 3}}, std::string(64, '1'), false, {}},
                     {"b", 9, {{0, 3}}, std::string(64, '2'), false, {}}};
  Manifest later;
  later.inputs = {{"b", 9, {{0, 9}}, std::string(64, '3'), false, {}},
                  {"c", 9, {{0, 3}}, std::string(64, '4'), false, {}}};
  add_read({&later, 1}, manifest);
  ASSERT_EQ(manifest.inputs.size(), 3U);
  EXPECT_EQ(manifest.inputs[1], later.inputs[0]);
  EXPECT_EQ(manifest.inputs[2], later.inputs[1]);
  const std::vector<Manifest> two{later, manifest};
  Manifest both;
  add_read(two, both);
  ASSERT_EQ(both.inputs.size(), 3U);  // "b" and "c" of the first are those of the second
  EXPECT_EQ(both.inputs[2], manifest.inputs[0]);
}

TEST_F(Unfinished, OfAFileThatWasReadInOtherPlacesBothNotesCount) {
  Manifest manifest;
  manifest.inputs = {{"a", 9, {{0, 3}, {5, 2}}, std::string(64, '1'), false, {}}};
  Manifest later;
  later.inputs = {{"a", 9, {{0, 4}}, std::string(64, '2'), false, {}}};
  add_read({&later, 1}, manifest);
  ASSERT_EQ(manifest.inputs.size(), 2U);
  later.inputs = {{"a", 9, {{0, 8}}, std::string(64, '3'), false, {}}};
  add_read({&later, 1}, manifest);
  EXPECT_EQ(manifest.inputs[0], later.inputs[0]);
}

TEST_F(Unfinished, NotesOfUnitsGoOnAndAreApart) {
  UnfinishedRun run(state_.path(), begun(), log_);
  run.note({judged("2022-12-01T07:50:00Z")});
  for (const char* const day : {"2022-12-02T07:50:00Z", "2022-12-03T07:50:00Z"}) {
    UnfinishedRun process(state_.path(), begun(), log_, "pit");  // one after the other
    process.note({judged(day)});
  }
  EXPECT_THAT(unfinished_units(state_.path()), ::testing::ElementsAre("pit"));
  EXPECT_EQ(read_unfinished(state_.path())->acquisitions.size(), 1U);
  EXPECT_EQ(read_unfinished(state_.path(), "pit")->acquisitions.size(), 2U);
  forget_unfinished(state_.path());
  EXPECT_FALSE(read_unfinished(state_.path()));
  EXPECT_EQ(read_unfinished(state_.path(), "pit")->acquisitions.size(), 2U);
  forget_unfinished(state_.path(), "pit");
  EXPECT_FALSE(fs::exists(notes()));
}

TEST_F(Unfinished, ARunIsOnRecordByItsStart) {
  Manifest manifest = state_.next_night();
  EXPECT_FALSE(is_on_record(state_.path(), manifest.started));
  state_.publish(manifest, 0, false);
  EXPECT_TRUE(is_on_record(state_.path(), manifest.started));
  EXPECT_FALSE(is_on_record(state_.path(), manifest.started + std::chrono::milliseconds(1)));
  manifest.command = "review";
  manifest.started += std::chrono::hours(1);
  state_.publish(manifest, 0, false);
  EXPECT_FALSE(is_on_record(state_.path(), manifest.started));
}

}  // namespace
}  // namespace pitwatch
