#include "pipeline/watch/state_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(CheckpointsKept, TheNewestAndEverFewerFartherBack) {
  EXPECT_THAT(checkpoints_kept({}), IsEmpty());
  EXPECT_THAT(checkpoints_kept({5, 6, 7}), ElementsAre(5, 6, 7));
  // 14 is 6 behind the newest, 16 is 4: of 4 to 7 the oldest stays.
  EXPECT_THAT(checkpoints_kept({20, 19, 18, 17, 16, 15, 14}), ElementsAre(14, 17, 18, 19, 20));
}

TEST(CheckpointsKept, YearsOfNightsLeaveAFewWithSmallGaps) {
  std::vector<std::size_t> kept;
  for (std::size_t acquisitions = 1; acquisitions <= 700; ++acquisitions) {
    kept.push_back(acquisitions);
    kept = checkpoints_kept(kept);
    EXPECT_LE(kept.size(), 14U);
    for (std::size_t back = 1; back < acquisitions; ++back) {
      // Whatever is gone back, a checkpoint lies at most four times as far.
      const auto before = std::upper_bound(kept.begin(), kept.end(), acquisitions - back);
      if (before == kept.begin()) {
        EXPECT_GT(4 * back, acquisitions - 1) << acquisitions << " " << back;
      } else {
        EXPECT_LE(acquisitions - *std::prev(before), 4 * back) << acquisitions << " " << back;
      }
    }
  }
}

const Grid grid{"EPSG:32638", {637000, 4446000}, 10, 4, 3};

class StateFolderTest : public ::testing::Test {
 protected:
  static StateTerms terms(const std::string& buffer = "300") {
    return {"pitwatch 0.1.0 abc", {{"buffer-m", buffer}, {"gate", "on"}}, grid};
  }
  StateFolder open(StateFolder::Use use = StateFolder::Use::nightly, const std::string& buffer = "300") const {
    return {folder_ / "site", terms(buffer), use, serial_for};
  }

  static AcquisitionRecord acquisition(int number) {
    AcquisitionPart part;
    part.scene = "scene " + std::to_string(number);
    part.tile = "T38TPK";
    part.item = "0123456789abcdef";
    part.processed = parse_instant("2023-01-01");
    return {parse_instant("2022-01-01T07:44:00Z") + days(number), "sentinel-2a", "", {part}, {}};
  }

  static SiteState state(int acquisitions) {
    SiteState state;
    for (int i = 0; i < acquisitions; ++i) state.acquisitions.push_back(acquisition(i));
    state.learn_until = parse_instant("2022-01-02");
    state.monitor = make_state(grid.width, grid.height);
    state.undisturbed.assign(state.monitor.pixels(), {});
    ReferencePixels reference{"clear", 6, 5, {}, {}, {}, {}, {Band::B04, Band::B08, Band::B12}};
    for (int i = 0; i < 30; ++i) {
      reference.red.push_back(keep_reflectance(0.01F * static_cast<float>(i)));
      reference.mask.push_back(mask_clear);
    }
    state.reference = std::move(reference);
    return state;
  }

  void save(int acquisitions, const std::string& buffer = "300") const {
    SiteState now = state(acquisitions);
    open(StateFolder::Use::relearn, buffer).save(now, false);
  }

  /// All acquisitions known, those from `readable_from` on readable.
  static AcquisitionPlan plan(int acquisitions, int readable_from = 0) {
    AcquisitionPlan plan;
    for (int i = 0; i < acquisitions; ++i) {
      PlannedAcquisition planned;
      planned.record = acquisition(i);
      if (i >= readable_from) planned.datatake.parts.emplace_back();
      plan.acquisitions.push_back(std::move(planned));
    }
    return plan;
  }

  std::string path(const std::string& name) const { return folder_ / "site/" + name; }
  static void flip(const std::string& path, std::size_t at) {
    std::string text = test::read_text(path);
    text[at] = static_cast<char>(text[at] ^ 4);
    test::write_text(path, text);
  }

  test::TemporaryFolder folder_;
};

TEST_F(StateFolderTest, AReasonThatIsNotUtf8IsKeptAsFarAsItIs) {
  SiteState now = state(2);
  now.acquisitions[1].skipped = "/in/B04\xff.jp2: cannot be read";
  now.acquisitions[1].is_unread = true;
  open(StateFolder::Use::relearn).save(now, false);
  const std::vector<AcquisitionRecord> known = read_state_head(path("looks-000002.state")).acquisitions;
  ASSERT_THAT(known, SizeIs(2));
  EXPECT_EQ(known[1].skipped, "/in/B04\xEF\xBF\xBD.jp2: cannot be read");
  EXPECT_TRUE(known[1].is_unread);
  EXPECT_FALSE(known[0].is_unread);
}

TEST_F(StateFolderTest, ItsIncidentsComeBackWithoutItsPixels) {
  SiteState now = state(3);
  WatchedIncident incident;
  incident.id = "PW-1";
  incident.first_detected = incident.last_detected = incident.last_observed = acquisition(2).acquired;
  incident.observations = 1;
  incident.runs = {{1, 0, 2}};
  incident.events = {
      {incident.first_detected, AlertEventKind::first_detected, AlertStatus::provisional, 0.5, 2, incident.runs}};
  now.incidents.push_back(incident);
  open(StateFolder::Use::relearn).save(now, false);
  StateFolder folder = open();
  const std::optional<SiteState> whole = folder.load(3);
  const std::optional<SiteState> part = folder.load(3, StateParts::incidents);
  ASSERT_TRUE(whole && part);
  EXPECT_EQ(part->acquisitions, whole->acquisitions);
  EXPECT_EQ(part->learn_until, whole->learn_until);
  EXPECT_EQ(part->incidents, whole->incidents);
  EXPECT_FALSE(whole->incidents.empty());
  EXPECT_FALSE(part->is_learnt());
  EXPECT_TRUE(part->undisturbed.empty());
  EXPECT_FALSE(part->reference);
}

TEST_F(StateFolderTest, WhenItsPixelsWereLastSeenComesBackAlone) {
  SiteState now = state(3);
  now.monitor.history[5].last_clear = 0;
  now.monitor.status[4] = PixelStatus::confirmed;
  open(StateFolder::Use::relearn).save(now, false);
  StateFolder folder = open();
  const std::optional<SiteState> whole = folder.load(3);
  const std::optional<SiteState> part = folder.load(3, StateParts::sight);
  ASSERT_TRUE(whole && part);
  EXPECT_EQ(part->acquisitions, whole->acquisitions);
  EXPECT_EQ(part->learn_until, whole->learn_until);
  EXPECT_EQ(part->monitor.width, whole->monitor.width);
  EXPECT_EQ(part->monitor.height, whole->monitor.height);
  EXPECT_EQ(part->monitor.observations, whole->monitor.observations);
  EXPECT_EQ(part->monitor.status, whole->monitor.status);
  ASSERT_EQ(part->monitor.history.size(), whole->monitor.history.size());
  for (std::size_t i = 0; i < part->monitor.history.size(); ++i) {
    EXPECT_EQ(part->monitor.history[i].last_clear, whole->monitor.history[i].last_clear) << i;
  }
  EXPECT_EQ(part->monitor.history[5].last_clear, 0);
  EXPECT_EQ(part->monitor.pixels(), 0U);
  EXPECT_TRUE(part->monitor.kind.empty());
  EXPECT_TRUE(part->undisturbed.empty());
  EXPECT_TRUE(part->incidents.empty());
}

TEST_F(StateFolderTest, WithoutItsPixelsAFileIsCheckedWholeAllTheSame) {
  save(3);
  const std::string file = path("looks-000003.state");
  const std::size_t size = test::read_text(file).size();
  for (const std::size_t at : {size / 2, size - 1}) {
    flip(file, at);
    StateFolder folder = open();
    EXPECT_FALSE(folder.load(3, StateParts::incidents)) << at;
    EXPECT_FALSE(open().load(3, StateParts::sight)) << at;
    EXPECT_THAT(folder.damaged(), SizeIs(1));
    flip(file, at);
  }
  EXPECT_TRUE(open().load(3, StateParts::incidents));
}

TEST_F(StateFolderTest, AStateComesBack) {
  save(3);
  StateFolder folder = open();
  ASSERT_THAT(folder.known(), SizeIs(3));
  EXPECT_EQ(folder.known()[2], acquisition(2));
  EXPECT_TRUE(folder.is_learnt());
  const std::optional<SiteState> back = folder.load(3);
  ASSERT_TRUE(back && back->reference);
  EXPECT_EQ(back->acquisitions, state(3).acquisitions);
  EXPECT_EQ(back->learn_until, state(3).learn_until);
  EXPECT_EQ(back->reference->scene, "clear");
  EXPECT_EQ(back->reference->red, state(3).reference->red);
  EXPECT_EQ(back->reference->bands, state(3).reference->bands);
  EXPECT_TRUE(back->monitor.outliers.empty());
}

TEST_F(StateFolderTest, OutliersComeBackWhereBandsAreTooFewToKnowCloud) {
  SiteState now = state(3);
  now.monitor.outliers.assign(now.monitor.pixels(), {});
  PixelOutliers& pixel = now.monitor.outliers[5];
  pixel.outliers.share = 0.3F;
  pixel.outliers.mean[0] = -0.1F;
  pixel.recent[2].log_outlier = -1.5F;
  pixel.recent[2].whitened[0] = 4;
  open(StateFolder::Use::relearn).save(now, false);
  const std::optional<SiteState> back = open().load(3);
  ASSERT_TRUE(back && back->monitor.outliers.size() == now.monitor.pixels());
  const PixelOutliers& kept = back->monitor.outliers[5];
  EXPECT_EQ(kept.outliers.share, 0.3F);
  EXPECT_EQ(kept.outliers.mean, pixel.outliers.mean);
  EXPECT_EQ(kept.recent[2].log_outlier, -1.5F);
  EXPECT_EQ(kept.recent[2].whitened, pixel.recent[2].whitened);
  EXPECT_EQ(back->monitor.outliers[6].outliers.share, Outliers{}.share);
}

TEST_F(StateFolderTest, BandsThatNoSiteIsWatchedByAreDamage) {
  for (const std::vector<Band>& bands : {std::vector<Band>{Band::B04, Band::B05}, {Band::B08, Band::B04}}) {
    SiteState now = state(3);
    now.reference->bands = bands;
    open(StateFolder::Use::relearn).save(now, false);
    EXPECT_FALSE(open().load(3));
  }
}

TEST_F(StateFolderTest, StartsFromTheNewestThatCanBeGoneOnFrom) {
  for (const int acquisitions : {4, 8, 10}) save(acquisitions);
  StateFolder folder = open();
  EXPECT_EQ(folder.start_of(plan(10)), 10U);
  EXPECT_EQ(folder.start_of(plan(12)), 10U);
  AcquisitionPlan late = plan(12);
  late.acquisitions[9].is_new = true;
  EXPECT_EQ(folder.start_of(late), 8U);
  late.acquisitions[5].is_new = true;
  EXPECT_EQ(folder.start_of(late), 4U);
  late.acquisitions[0].is_new = true;
  EXPECT_EQ(folder.start_of(late), 0U);
  // What is needed is gone.
  AcquisitionPlan gone = plan(12, 9);
  EXPECT_EQ(folder.start_of(gone), 10U);
  gone.acquisitions[9].is_new = true;
  EXPECT_FALSE(folder.start_of(gone).has_value());
  // What was of no use is not needed.
  gone.acquisitions[8].record.skipped = "no raster";
  EXPECT_EQ(folder.start_of(gone), 8U);
}

TEST_F(StateFolderTest, ARerunGoesBackAsFarAsItsBeginningOrAsLittleIsGone) {
  for (const int acquisitions : {4, 8, 10}) save(acquisitions);
  StateFolder folder = open(StateFolder::Use::read_only);
  const auto day = [](int number) { return acquisition(number).acquired; };
  EXPECT_EQ(folder.rerun_start_of(plan(10), day(9)), 8U);
  EXPECT_EQ(folder.rerun_start_of(plan(10), day(8)), 8U);
  EXPECT_EQ(folder.rerun_start_of(plan(10), day(7)), 4U);
  EXPECT_EQ(folder.rerun_start_of(plan(10), day(2)), 4U);
  EXPECT_EQ(folder.rerun_start_of(plan(10), std::nullopt), 10U);
  EXPECT_EQ(folder.rerun_start_of(plan(9), std::nullopt), 8U) << "not beyond its end";
  EXPECT_EQ(folder.rerun_start_of(plan(10, 6), day(7)), 8U) << "behind it nothing is gone";
  EXPECT_EQ(folder.rerun_start_of(plan(10, 10), day(7)), 10U);
  AcquisitionPlan full_of_gaps = plan(12, 10);
  full_of_gaps.acquisitions[11].datatake.parts.clear();
  EXPECT_EQ(folder.rerun_start_of(full_of_gaps, day(7)), 10U);
  EXPECT_FALSE(folder.rerun_start_of(plan(3), std::nullopt).has_value());
}

TEST_F(StateFolderTest, OtherTermsAreRefusedWithTheDifference) {
  save(3);
  try {
    open(StateFolder::Use::nightly, "600");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("buffer-m 300 -> 600"));
    EXPECT_THAT(error.what(), HasSubstr("--relearn"));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("gate")));
  }
  EXPECT_THROW(open(StateFolder::Use::read_only, "600"), ConfigError);
  StateFolder anew = open(StateFolder::Use::relearn, "600");
  EXPECT_THAT(anew.known(), IsEmpty());
  EXPECT_TRUE(anew.replaces_other());
  EXPECT_FALSE(open().replaces_other());
  // The former ones go when the new one is whole, and not before.
  SiteState now = state(2);
  anew.save(now, true);
  EXPECT_TRUE(std::filesystem::exists(path("looks-000003.state")));
  StateFolder killed = open(StateFolder::Use::nightly, "600");
  EXPECT_THAT(killed.known(), SizeIs(2)) << "what was asked for once goes on";
  EXPECT_THAT(killed.obsolete(plan(2)), ElementsAre(path("looks-000003.state")));
}

TEST_F(StateFolderTest, AnotherGroundIsRefused) {
  save(3);
  StateTerms moved = terms();
  moved.grid.origin.x += 20;
  try {
    const StateFolder other(folder_ / "site", moved, StateFolder::Use::nightly, serial_for);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("ground EPSG:32638 637000"));
  }
}

TEST_F(StateFolderTest, DamagedOnesAreNamedAndStay) {
  save(4);
  save(8);
  const std::string newest = path("looks-000008.state");
  flip(newest, test::read_text(newest).size() / 2);
  StateFolder folder = open();
  EXPECT_FALSE(folder.check_newest());
  EXPECT_THAT(folder.known(), SizeIs(4));
  EXPECT_EQ(folder.damaged_acquisitions(), 8U);
  ASSERT_THAT(folder.damaged(), SizeIs(1));
  EXPECT_EQ(folder.damaged()[0].first, newest);
  EXPECT_TRUE(folder.check_newest());
  EXPECT_EQ(folder.start_of(plan(8)), 4U);
  EXPECT_FALSE(folder.load(8).has_value());
  EXPECT_TRUE(std::filesystem::exists(newest));
  // A head that cannot be read is as bad; so is a file under another number.
  test::write_text(newest, "PITWST04");
  EXPECT_THAT(open().damaged(), SizeIs(1));
  std::filesystem::rename(path("looks-000004.state"), path("looks-000006.state"));
  EXPECT_THAT(open().damaged(), SizeIs(2));
  EXPECT_THAT(open().known(), IsEmpty());
}

TEST_F(StateFolderTest, WhatIsOnRecordAndNotThereCountsAsDamaged) {
  save(4);
  RecordedCheckpoints recorded;
  recorded.acquisitions = {
      {path("looks-000004.state"), 4}, {path("looks-000008.state"), 8}, {"/elsewhere/looks-9.state", 9}};
  const StateFolder folder(folder_ / "site", terms(), StateFolder::Use::nightly, serial_for, recorded);
  EXPECT_THAT(folder.known(), SizeIs(4));
  EXPECT_EQ(folder.damaged_acquisitions(), 8U);
  ASSERT_THAT(folder.damaged(), SizeIs(1));
  EXPECT_EQ(folder.damaged()[0].first, path("looks-000008.state"));
  EXPECT_EQ(folder.damaged()[0].second, "is missing");
}

TEST_F(StateFolderTest, ANewerFormatIsRefused) {
  save(4);
  std::string text = test::read_text(path("looks-000004.state"));
  test::write_text(path("looks-000004.state"), text.replace(0, 8, "PITWST05"));
  EXPECT_THROW(open(), ConfigError);
  EXPECT_THROW(open(StateFolder::Use::relearn), ConfigError);
}

TEST_F(StateFolderTest, AFolderIsNoPlaceToHangIn) {
  std::filesystem::create_directories(path("looks-000009.state"));
  StateFolder folder = open();
  EXPECT_THAT(folder.known(), IsEmpty());
  EXPECT_THAT(folder.damaged(), SizeIs(1));
}

TEST_F(StateFolderTest, ThinsOutWhatLiesBehindTheNewest) {
  // What others wrote is told, and what it wrote itself goes at once.
  for (int acquisitions = 1; acquisitions <= 5; ++acquisitions) save(acquisitions);
  StateFolder folder = open();
  for (int acquisitions = 6; acquisitions <= 20; ++acquisitions) {
    SiteState now = state(acquisitions);
    folder.save(now, false);
  }
  std::vector<std::size_t> left;
  for (const auto& [file, acquisitions] : folder.files()) left.push_back(acquisitions);
  EXPECT_THAT(left, ::testing::IsSupersetOf({1U, 2U, 3U, 4U, 5U, 18U, 19U, 20U}));
  EXPECT_LE(left.size(), 13U);
  // 19 behind and 15 behind are the oldest of their ages.
  EXPECT_THAT(folder.obsolete(plan(20)),
              ::testing::UnorderedElementsAre(path("looks-000002.state"), path("looks-000003.state"),
                                              path("looks-000004.state")));
}

TEST_F(StateFolderTest, WhatIsOnRecordIsNotOverwritten) {
  save(3);
  save(5);
  const std::string before = test::read_text(path("looks-000005.state"));
  const std::set<std::string> recorded{path("looks-000003.state"), path("looks-000005.state")};
  const auto open_recorded = [&](const std::set<std::string>& on_record) {
    return StateFolder(folder_ / "site", terms(), StateFolder::Use::nightly, serial_for, {on_record, {}});
  };
  // The same again is no other.
  SiteState same = state(5);
  StateFolder writes_same = open_recorded(recorded);
  EXPECT_EQ(writes_same.save(same, false), path("looks-000005.state"));
  EXPECT_FALSE(std::filesystem::exists(path("looks-000005b.state")));

  SiteState other = state(5);
  other.acquisitions[4] = acquisition(7);
  AcquisitionPlan others = plan(5);
  others.acquisitions[4].record = acquisition(7);
  StateFolder replays = open_recorded(recorded);
  EXPECT_EQ(replays.save(other, false), path("looks-000005b.state"));
  EXPECT_EQ(test::read_text(path("looks-000005.state")), before);
  EXPECT_THAT(replays.obsolete(others), ElementsAre(path("looks-000005.state")));
  // Killed here, the next one starts from what fits its plan.
  StateFolder killed = open_recorded(recorded);
  EXPECT_EQ(killed.start_of(others), 5U);
  EXPECT_EQ(killed.load(5)->acquisitions.back().acquired, acquisition(7).acquired);
  EXPECT_EQ(killed.start_of(plan(5)), 5U);
  EXPECT_EQ(killed.load(5)->acquisitions.back().acquired, acquisition(4).acquired);
  // Published and killed then: the former one goes.
  const std::set<std::string> published{path("looks-000003.state"), path("looks-000005b.state")};
  StateFolder next = open_recorded(published);
  EXPECT_EQ(next.known().back().acquired, acquisition(7).acquired);
  EXPECT_THAT(next.obsolete(others), ElementsAre(path("looks-000005.state")));
  EXPECT_EQ(next.save(other, false), path("looks-000005.state")) << "which is not on record any more";
}

/// Of the checkpoints after 4, 8, 10 and 12 acquisitions the newest alone can be read.
class CheckpointsOnRecord : public StateFolderTest {
 protected:
  void SetUp() override {
    for (const int acquisitions : {4, 8, 10, 12}) save(acquisitions);
    for (const char* name : {"looks-000004.state", "looks-000008.state", "looks-000010.state"}) damage(name);
  }
  void damage(const std::string& name) const { test::write_text(path(name), "PITWST04"); }
  StateFolder open_recorded() const {
    std::set<std::string> all;
    for (const char* number : {"04", "08", "10", "12"}) all.insert(path(std::string("looks-0000") + number + ".state"));
    return {folder_ / "site", terms(), StateFolder::Use::nightly, serial_for, {all, all}};
  }
};

TEST_F(CheckpointsOnRecord, AreNotReadWhereNothingIsNew) {
  StateFolder folder = open_recorded();
  EXPECT_EQ(folder.start_of(plan(12)), 12U);
  ASSERT_TRUE(folder.load(12));
  EXPECT_THAT(folder.obsolete(plan(12)), IsEmpty());
  EXPECT_THAT(folder.damaged(), IsEmpty());
  StateFolder without_record = open();
  EXPECT_EQ(without_record.start_of(plan(12)), 12U);
  EXPECT_THAT(without_record.obsolete(plan(12)), SizeIs(3));
}

/// Those of the others are damaged, which would be told if they were read.
TEST_F(CheckpointsOnRecord, AreNotReadOnTheWayBackToTheBeginningOfARerun) {
  save(4);  // whole again
  const auto day = [](int number) { return acquisition(number).acquired; };
  StateFolder folder = open_recorded();
  EXPECT_EQ(folder.rerun_start_of(plan(12), day(6)), 4U);
  EXPECT_THAT(folder.damaged(), IsEmpty());
  ASSERT_TRUE(folder.load(4));
  EXPECT_EQ(folder.earliest_start_of(plan(12, 3)), 4U);
  EXPECT_THAT(folder.damaged(), IsEmpty());
  // One that cannot be read is passed over, for the next before it.
  EXPECT_EQ(folder.rerun_start_of(plan(12), day(9)), 4U);
  ASSERT_THAT(folder.damaged(), SizeIs(1));
  EXPECT_EQ(folder.damaged()[0].first, path("looks-000008.state"));
  EXPECT_EQ(folder.rerun_start_of(plan(12, 6), day(6)), 12U) << "behind the others something is gone";
}

TEST_F(CheckpointsOnRecord, AreReadBeforeTheyAreContinuedFrom) {
  save(8);  // whole again
  StateFolder folder = open_recorded();
  AcquisitionPlan late = plan(13);
  late.acquisitions[9].is_new = true;
  EXPECT_EQ(folder.start_of(late), 8U);
  EXPECT_THAT(folder.damaged(), IsEmpty()) << "of what holds the late one nothing is known but its name";
  late.acquisitions[7].is_new = true;
  EXPECT_EQ(folder.start_of(late), 0U);
  ASSERT_THAT(folder.damaged(), SizeIs(1));
  EXPECT_EQ(folder.damaged()[0].first, path("looks-000004.state"));
}

TEST_F(CheckpointsOnRecord, AreOfNoUseWhereTheirCourseIsAnother) {
  StateFolder folder = open_recorded();
  AcquisitionPlan others = plan(12);
  others.acquisitions[8].record = acquisition(20);
  EXPECT_EQ(folder.start_of(others), 0U);
  EXPECT_THAT(folder.obsolete(others),
              ::testing::UnorderedElementsAre(path("looks-000004.state"), path("looks-000010.state"),
                                              path("looks-000012.state"), path("looks-000008.state")));
}

TEST_F(CheckpointsOnRecord, WhatAnotherRunWroteBesideThemIsRead) {
  SiteState other = state(11);
  other.acquisitions[6] = acquisition(20);
  open(StateFolder::Use::relearn).save(other, false);
  StateFolder folder = open_recorded();
  EXPECT_EQ(folder.start_of(plan(12)), 12U);
  EXPECT_THAT(folder.obsolete(plan(12)), ElementsAre(path("looks-000011.state")));
}

TEST_F(CheckpointsOnRecord, OneThatWasFoundDamagedIsOfNoUseWhateverTheRecordSays) {
  StateFolder folder = open_recorded();
  AcquisitionPlan late = plan(12);
  late.acquisitions[5].is_new = true;
  EXPECT_EQ(folder.start_of(late), 0U);
  EXPECT_THAT(folder.obsolete(plan(12)), ElementsAre(path("looks-000004.state")));
}

TEST_F(StateFolderTest, FilesOfOtherNamesAreNoStates) {
  save(3);
  const std::string text = test::read_text(path("looks-000003.state"));
  for (const char* other : {"looks-000005c.state", "looks-000005bb.state", "looks-.state", "looks-000005.state.old",
                            "looks-five.state", "xlooks-000005.state"}) {
    test::write_text(path(other), text);
  }
  StateFolder folder = open();
  EXPECT_THAT(folder.files(), ElementsAre(std::pair(path("looks-000003.state"), std::size_t{3})));
  EXPECT_THAT(folder.damaged(), IsEmpty());
  EXPECT_THAT(folder.known(), SizeIs(3));
}

TEST_F(StateFolderTest, FilesAreListedFromTheEarliestOn) {
  for (const int acquisitions : {7, 3, 12}) save(acquisitions);
  std::vector<std::size_t> numbers;
  for (const auto& [file, acquisitions] : open().files()) numbers.push_back(acquisitions);
  EXPECT_THAT(numbers, ElementsAre(3, 7, 12));
}

TEST_F(StateFolderTest, OfTwoAfterAsManyAcquisitionsTheOneOnRecordIsKnown) {
  save(5);
  SiteState other = state(5);
  other.acquisitions[4] = acquisition(7);
  const std::set<std::string> plain{path("looks-000005.state")};
  const std::set<std::string> second{path("looks-000005b.state")};
  const auto open_recorded = [&](const std::set<std::string>& on_record) {
    return StateFolder(folder_ / "site", terms(), StateFolder::Use::nightly, serial_for, {on_record, {}});
  };
  ASSERT_EQ(open_recorded(plain).save(other, false), path("looks-000005b.state"));
  EXPECT_EQ(open_recorded(plain).known().back().acquired, acquisition(4).acquired);
  EXPECT_EQ(open_recorded(second).known().back().acquired, acquisition(7).acquired);
}

TEST_F(StateFolderTest, ToldOfTheDamagedIsTheOneWithTheMostAcquisitions) {
  for (const int acquisitions : {4, 8, 10}) save(acquisitions);
  for (const char* damaged : {"looks-000010.state", "looks-000008.state"}) test::write_text(path(damaged), "PITWST04");
  StateFolder folder = open();
  EXPECT_THAT(folder.damaged(), SizeIs(2));
  EXPECT_EQ(folder.damaged_acquisitions(), 10U);
  EXPECT_THAT(folder.known(), SizeIs(4));
}

TEST_F(StateFolderTest, DamagedOnesAreOfNoUseOnceTheNewestIsWhole) {
  save(4);
  save(8);
  flip(path("looks-000008.state"), test::read_text(path("looks-000008.state")).size() / 2);
  StateFolder folder = open();
  EXPECT_FALSE(folder.check_newest());
  EXPECT_THAT(folder.obsolete(plan(8)), ElementsAre(path("looks-000008.state")));
}

TEST_F(StateFolderTest, AStateThatHasNotLearntYetIsKnownAndNoStart) {
  SiteState learning = state(3);
  learning.monitor = {};
  learning.undisturbed.clear();
  open().save(learning, false);
  StateFolder folder = open();
  EXPECT_THAT(folder.known(), SizeIs(3));
  EXPECT_FALSE(folder.is_learnt());
  EXPECT_EQ(folder.start_of(plan(5)), 0U) << "all is read again";
  EXPECT_FALSE(folder.start_of(plan(5, 4)).has_value());
  EXPECT_FALSE(folder.rerun_start_of(plan(5), std::nullopt).has_value());
}

TEST_F(StateFolderTest, TheEarliestStartIsTheBeginningOrTheFirstBehindWhichNothingIsGone) {
  for (const int acquisitions : {4, 8, 10}) save(acquisitions);
  StateFolder folder = open(StateFolder::Use::read_only);
  EXPECT_EQ(folder.earliest_start_of(plan(10)), 0U);
  EXPECT_EQ(folder.earliest_start_of(plan(10, 3)), 4U);
  EXPECT_EQ(folder.earliest_start_of(plan(10, 4)), 4U);
  EXPECT_EQ(folder.earliest_start_of(plan(10, 6)), 8U);
  EXPECT_EQ(folder.earliest_start_of(plan(10, 9)), 10U);
}

TEST_F(StateFolderTest, TheStateAfterLearningIsNotThinnedOutAndStandsForNoOther) {
  SiteState learnt = state(3);
  StateFolder folder = open();
  EXPECT_EQ(folder.save(learnt, true), path("learnt-000003.state"));
  for (int acquisitions = 4; acquisitions <= 20; ++acquisitions) {
    SiteState now = state(acquisitions);
    folder.save(now, false);
  }
  EXPECT_TRUE(std::filesystem::exists(path("learnt-000003.state")));
  EXPECT_TRUE(std::filesystem::exists(path("looks-000004.state"))) << "the oldest of its age";
  EXPECT_THAT(folder.obsolete(plan(20)), IsEmpty());
  EXPECT_EQ(open().earliest_start_of(plan(20, 3)), 3U);
}

TEST_F(StateFolderTest, WhatIsReplayedIsThinnedOutByItselfNotByWhatItIsToReplace) {
  save(20);
  StateFolder replays = open();
  for (const int acquisitions : {5, 6, 7, 8}) {
    SiteState now = state(acquisitions);
    replays.save(now, false);
  }
  std::vector<std::size_t> numbers;
  for (const auto& [file, acquisitions] : replays.files()) numbers.push_back(acquisitions);
  EXPECT_THAT(numbers, ElementsAre(5, 6, 7, 8, 20));
}

TEST_F(StateFolderTest, WhatIsReadOnlyIsNotWritten) {
  save(3);
  StateFolder folder = open(StateFolder::Use::read_only);
  SiteState now = state(4);
  EXPECT_EQ(folder.save(now, false), "");
  EXPECT_FALSE(std::filesystem::exists(path("looks-000004.state")));
  EXPECT_THAT(folder.obsolete(plan(2)), IsEmpty()) << "though the plan has no place for it";
  EXPECT_THAT(open().obsolete(plan(2)), SizeIs(1));
}

TEST_F(StateFolderTest, LeftoversGoWhereSomethingIsWritten) {
  save(3);
  const std::string leftover = path(".looks-000004.state.tmp-2147483646");
  const auto is_left = [&] { return std::filesystem::exists(leftover); };
  test::write_text(leftover, "half");
  open(StateFolder::Use::read_only).tidy();
  EXPECT_TRUE(is_left());
  open().tidy();
  EXPECT_FALSE(is_left());
}

TEST(KeptReflectance, ComesBackAsItIsUsed) {
  for (const float value : {-0.1F, 0.0F, 0.0123F, 0.4567F, 1.5F}) {
    EXPECT_NEAR(kept_reflectance(keep_reflectance(value)), value, 5.1e-5F);
    EXPECT_EQ(keep_reflectance(kept_reflectance(keep_reflectance(value))), keep_reflectance(value));
  }
  EXPECT_TRUE(std::isnan(kept_reflectance(keep_reflectance(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(keep_reflectance(100), 65535);
  EXPECT_EQ(keep_reflectance(-100), 1);
  EXPECT_EQ(keep_reflectance(std::numeric_limits<float>::infinity()), 0);
  EXPECT_EQ(keep_reflectance(-std::numeric_limits<float>::infinity()), 0);
}

TEST(KeptReflectance, IsRoundedToTheNearestStep) {
  for (float value = -0.3F; value < 6.3F; value = std::nextafter(value + 3e-6F, 10.0F)) {
    const float steps = (value - -0.3F) * 1e4F;
    ASSERT_EQ(keep_reflectance(value), static_cast<std::uint16_t>(std::min(std::lround(steps), 65534L) + 1)) << value;
  }
}

}  // namespace
}  // namespace pitwatch
