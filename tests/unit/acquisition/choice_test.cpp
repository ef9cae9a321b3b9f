#include "pipeline/acquisition/choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Grid grid{"EPSG:32638", {637000, 4446000}, 10, 100, 100};

class AcquisitionChoice : public ::testing::Test {
 protected:
  static Instant day(int number) { return parse_instant("2022-01-01T07:44:00Z") + days(number); }

  /// A granule of that day, with a file of its own.
  ListedScene scene(int number, const std::string& id, const std::string& baseline = "04.00") const {
    ListedScene listed;
    listed.scene.id = id;
    listed.scene.source = id + ".json";
    listed.scene.acquired = day(number);
    listed.scene.platform = "sentinel-2a";
    listed.scene.level = "L2A";
    listed.scene.tile = "T38TPK";
    listed.scene.processing_baseline = baseline;
    listed.scene.processed = day(number) + std::chrono::hours(6);
    listed.scene.nodata = 0;
    const std::string path = folder_ / id + ".tif";
    test::write_text(path, "pixels");
    listed.scene.bands[Band::B04] = {path, {}, {}};
    listed.fingerprint = std::string(64, 'a');
    return listed;
  }

  AcquisitionPlan plan(std::vector<ListedScene> scenes, const std::vector<AcquisitionRecord>& known = {},
                       const std::vector<Scene>& kept = {}) {
    superseded_.clear();
    std::sort(scenes.begin(), scenes.end(),
              [](const ListedScene& a, const ListedScene& b) { return a.scene.acquired < b.scene.acquired; });
    return plan_acquisitions({std::move(scenes), {}}, options_, grid, {known, kept}, superseded_);
  }

  /// What a state knows after taking the scenes in.
  std::vector<AcquisitionRecord> taken_in(const std::vector<ListedScene>& scenes) {
    std::vector<AcquisitionRecord> records;
    for (const PlannedAcquisition& acquisition : plan(scenes).acquisitions) records.push_back(acquisition.record);
    return records;
  }

  void truncate(const std::string& id) const { test::write_text(folder_ / id + ".tif", ""); }

  test::TemporaryFolder folder_;
  ChoiceOptions options_;
  std::vector<std::pair<std::string, std::string>> superseded_;
};

TEST_F(AcquisitionChoice, ASiteIsWatchedByTheBandsThatMostOfItsHistoryHas) {
  const auto with = [this](int number, const std::vector<Band>& bands) {
    ListedScene listed = scene(number, "s" + std::to_string(number));
    for (const Band band : bands) listed.scene.bands[band] = listed.scene.bands.at(Band::B04);
    return listed;
  };
  options_.learn_to = day(100);
  const std::vector<Band> all{Band::B02, Band::B03, Band::B08, Band::B11, Band::B12};
  using Bands = std::vector<Band>;
  // Two of three have B11, the third has B03 alone; what comes later does not matter.
  const std::vector<ListedScene> scenes{with(0, {Band::B08, Band::B11}),
                                        with(5, {Band::B8A, Band::B11}),
                                        with(10, {Band::B08, Band::B03}),
                                        with(200, all),
                                        with(205, all),
                                        with(210, all)};
  const AcquisitionPlan some = plan(scenes);
  EXPECT_EQ(bands_of_history(some), (Bands{Band::B04, Band::B08, Band::B11}));
  EXPECT_FALSE(has_few_bands(some));  // the latest has all
  EXPECT_TRUE(has_few_bands(plan({scenes[0], scenes[1]})));
  EXPECT_TRUE(has_few_bands(plan({with(0, {Band::B02, Band::B08})})));
  // Half of them are not most.
  EXPECT_EQ(bands_of_history(plan({scenes[0], scenes[2]})), (Bands{Band::B04, Band::B08}));
  EXPECT_EQ(bands_of_history(plan({with(0, all)})),
            (Bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12}));
  // Both parts of an acquisition have to have it, and files that are gone say nothing.
  ListedScene beside = with(10, {Band::B08});
  beside.scene.id = "beside";
  beside.scene.tile = "T38TPL";
  EXPECT_EQ(bands_of_history(plan({with(10, all), beside})), (Bands{Band::B04, Band::B08}));
  const std::vector<AcquisitionRecord> known = taken_in({with(0, all), with(5, {Band::B08}), with(10, {Band::B08})});
  EXPECT_EQ(bands_of_history(plan({with(0, all)}, known)).size(), 6U);
  EXPECT_FALSE(has_few_bands(AcquisitionPlan{}));
}

TEST_F(AcquisitionChoice, AllIsNewAtFirst) {
  const AcquisitionPlan first = plan({scene(0, "a"), scene(5, "b")});
  ASSERT_THAT(first.acquisitions, SizeIs(2));
  EXPECT_TRUE(first.acquisitions[0].is_new && first.acquisitions[0].is_readable());
  EXPECT_EQ(first.acquisitions[1].record.scene(), "b");
  EXPECT_EQ(first.learn_until, day(0) + days(365));
}

TEST_F(AcquisitionChoice, WhatIsKnownStaysWhenItIsGoneOrChanged) {
  const std::vector<ListedScene> all{scene(0, "a"), scene(5, "b"), scene(10, "c")};
  const std::vector<AcquisitionRecord> known = taken_in(all);
  truncate("b");
  const AcquisitionPlan later = plan({all[1], all[2]}, known);
  ASSERT_THAT(later.acquisitions, SizeIs(3));
  EXPECT_EQ(later.acquisitions[0].missing, MissingWhat::gone);
  EXPECT_EQ(later.acquisitions[1].missing, MissingWhat::changed);
  EXPECT_FALSE(later.acquisitions[0].is_readable() || later.acquisitions[1].is_readable());
  EXPECT_TRUE(later.acquisitions[2].is_readable());
  for (const PlannedAcquisition& acquisition : later.acquisitions) EXPECT_FALSE(acquisition.is_new);
  std::filesystem::remove(folder_ / "c.tif");
  EXPECT_EQ(plan({all[2]}, known).acquisitions[2].missing, MissingWhat::gone);
}

TEST_F(AcquisitionChoice, AnItemThatIsDescribedAnewOrRenamedIsTheSame) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene other = scene(0, "a");
  other.fingerprint = std::string(64, 'b');
  other.scene.source = "elsewhere.json";
  other.scene.cloud_cover = 50;
  EXPECT_TRUE(plan({other}, known).acquisitions[0].is_readable());
  other.scene.id = "another name";
  const AcquisitionPlan renamed = plan({other}, known);
  ASSERT_THAT(renamed.acquisitions, SizeIs(1));
  EXPECT_FALSE(renamed.acquisitions[0].is_new);
  EXPECT_EQ(renamed.acquisitions[0].record.scene(), "a");
  // Without the time of processing only the name tells editions apart.
  other.scene.processed.reset();
  EXPECT_FALSE(plan({other}, known).acquisitions[0].is_readable());
}

TEST_F(AcquisitionChoice, AnotherEditionIsNamedAndNotTakenIn) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  const AcquisitionPlan later = plan({scene(0, "a"), scene(0, "a2", "05.11")}, known);
  ASSERT_THAT(later.acquisitions, SizeIs(1));
  EXPECT_FALSE(later.acquisitions[0].is_new);
  EXPECT_TRUE(later.acquisitions[0].is_readable());
  EXPECT_EQ(later.acquisitions[0].newer, "a2");
  EXPECT_EQ(later.acquisitions[0].datatake.parts.front().scene.id, "a");
  ASSERT_THAT(superseded_, SizeIs(1));
  EXPECT_EQ(superseded_[0].first, "a2");
  // An older one is no news.
  EXPECT_EQ(plan({scene(0, "a"), scene(0, "a1", "02.14")}, known).acquisitions[0].newer, "");
}

TEST_F(AcquisitionChoice, APartMoreMakesItNewAgain) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene beside = scene(0, "b");
  beside.scene.tile = "T38TPL";
  const AcquisitionPlan later = plan({scene(0, "a"), beside}, known);
  ASSERT_THAT(later.acquisitions, SizeIs(1));
  EXPECT_TRUE(later.acquisitions[0].is_new);
  EXPECT_THAT(later.acquisitions[0].record.parts, SizeIs(2));
  ASSERT_TRUE(later.acquisitions[0].known_as.has_value());
  EXPECT_EQ(*later.acquisitions[0].known_as, known[0]);
  // Not where the other part is gone, nor of another baseline.
  EXPECT_FALSE(plan({beside}, known).acquisitions[0].is_new);
  EXPECT_THAT(plan({beside}, known).acquisitions, SizeIs(1));
  beside.scene.processing_baseline = "05.11";
  EXPECT_FALSE(plan({scene(0, "a"), beside}, known).acquisitions[0].is_new);
}

TEST_F(AcquisitionChoice, ALaterProcessingIsAnotherEdition) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene again = scene(0, "a");
  *again.scene.processed += days(2);
  const AcquisitionPlan later = plan({again}, known);
  ASSERT_THAT(later.acquisitions, SizeIs(1));
  EXPECT_FALSE(later.acquisitions[0].is_readable());
  EXPECT_EQ(later.acquisitions[0].missing, MissingWhat::gone);
  EXPECT_EQ(later.acquisitions[0].newer, "a");
  *again.scene.processed -= days(4);
  EXPECT_EQ(plan({again}, known).acquisitions[0].newer, "");
}

TEST_F(AcquisitionChoice, WhatLacksAPartCannotBeRead) {
  ListedScene beside = scene(0, "b");
  beside.scene.tile = "T38TPL";
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a"), beside});
  ASSERT_THAT(known[0].parts, SizeIs(2));
  EXPECT_TRUE(plan({scene(0, "a"), beside}, known).acquisitions[0].is_readable());
  const AcquisitionPlan later = plan({beside}, known);
  EXPECT_FALSE(later.acquisitions[0].is_readable());
  EXPECT_EQ(later.acquisitions[0].missing, MissingWhat::gone);
}

TEST_F(AcquisitionChoice, WhatCannotBeTakenInWithAPartMoreStaysAsItWas) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene beside = scene(0, "b");
  beside.scene.tile = "T38TPL";
  AcquisitionPlan later = plan({scene(0, "a"), beside}, known);
  ASSERT_TRUE(later.acquisitions[0].is_new);
  give_up(later, 0, options_);
  EXPECT_EQ(later.acquisitions[0].record, known[0]);
  EXPECT_FALSE(later.acquisitions[0].is_new || later.acquisitions[0].is_readable());
  EXPECT_EQ(later.acquisitions[0].missing, MissingWhat::changed);
}

TEST_F(AcquisitionChoice, WhatWasOfNoUseIsTriedAgainWhenItHasChanged) {
  std::vector<AcquisitionRecord> known = taken_in({scene(0, "a"), scene(5, "b")});
  known[0].skipped = "no raster";
  EXPECT_FALSE(plan({scene(0, "a"), scene(5, "b")}, known).acquisitions[0].is_new);
  EXPECT_FALSE(plan({scene(5, "b")}, known).acquisitions[0].is_new);
  EXPECT_FALSE(plan({scene(5, "b")}, known).acquisitions[0].missing.has_value()) << "nothing of it was taken in";
  ListedScene whole = scene(0, "a");
  test::write_text(folder_ / "a.tif", "all of the pixels");
  AcquisitionPlan again = plan({whole, scene(5, "b")}, known);
  ASSERT_THAT(again.acquisitions, SizeIs(2));
  EXPECT_TRUE(again.acquisitions[0].is_new);
  // Where it cannot be taken in, it is what it was.
  give_up(again, 0, options_);
  ASSERT_THAT(again.acquisitions, SizeIs(2));
  EXPECT_EQ(again.acquisitions[0].record, known[0]);
  EXPECT_FALSE(again.acquisitions[0].is_new || again.acquisitions[0].missing.has_value());
}

TEST_F(AcquisitionChoice, WhatCouldNotBeReadIsNewWhenItCanBe) {
  const std::vector<ListedScene> scenes{scene(0, "a"), scene(5, "b"), scene(10, "c")};
  std::vector<AcquisitionRecord> known = taken_in(scenes);
  known[0].skipped = known[1].skipped = "cannot open";
  const std::vector<AcquisitionRecord> readable{known[1], known[2]};
  const AcquisitionPlan again = plan_acquisitions({scenes, {}}, options_, grid, {known, {}, readable}, superseded_);
  ASSERT_THAT(again.acquisitions, SizeIs(3));
  EXPECT_FALSE(again.acquisitions[0].is_new);
  EXPECT_TRUE(again.acquisitions[1].is_new);
  EXPECT_EQ(again.acquisitions[1].known_as, known[1]);
  EXPECT_TRUE(again.acquisitions[1].record.skipped.empty());
  EXPECT_FALSE(again.acquisitions[2].is_new) << "it was taken in";
}

TEST_F(AcquisitionChoice, WhatIsGivenUpMovesTheEndOfLearningBack) {
  AcquisitionPlan early = plan({scene(-10, "early"), scene(0, "a")}, taken_in({scene(0, "a")}));
  EXPECT_EQ(early.learn_until, day(-10) + days(365));
  give_up(early, 0, options_);
  ASSERT_THAT(early.acquisitions, SizeIs(1));
  EXPECT_EQ(early.learn_until, day(0) + days(365));
}

TEST_F(AcquisitionChoice, WhatIsKeptIsReadFromTheState) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  Scene kept = scene(0, "a").scene;
  kept.bands[Band::B04].path = folder_ / "kept.tif";
  const AcquisitionPlan later = plan({}, known, {kept});
  ASSERT_TRUE(later.acquisitions[0].is_readable());
  EXPECT_TRUE(later.acquisitions[0].is_kept);
  EXPECT_EQ(later.acquisitions[0].datatake.parts[0].scene.bands.at(Band::B04).path, folder_ / "kept.tif");
  // It goes before what the source has.
  EXPECT_TRUE(plan({scene(0, "a")}, known, {kept}).acquisitions[0].is_kept);
}

TEST_F(AcquisitionChoice, ANightWithoutLevel2ADoesNotChangeTheLevel) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene top = scene(5, "top");
  top.scene.level = "L1C";
  EXPECT_THAT(plan({top}, known).acquisitions, SizeIs(1));
  EXPECT_THAT(plan({top}).acquisitions, SizeIs(1)) << "where nothing is known it is all there is";
}

TEST_F(AcquisitionChoice, TwoSatellitesAndTwoTimesAreTwo) {
  const std::vector<AcquisitionRecord> known = taken_in({scene(0, "a")});
  ListedScene other = scene(0, "b");
  other.scene.platform = "sentinel-2b";
  EXPECT_TRUE(plan({scene(0, "a"), other}, known).acquisitions.back().is_new);
  ListedScene later = scene(0, "c");
  later.scene.acquired += minutes(10);
  EXPECT_THAT(plan({scene(0, "a"), later}, known).acquisitions, SizeIs(2));
  // The identifier of the datatake goes before the time.
  ListedScene first = scene(0, "d");
  first.scene.datatake = "GS2A_1";
  const std::vector<AcquisitionRecord> named = taken_in({first});
  ListedScene same = scene(0, "e");
  same.scene.datatake = "GS2A_1";
  same.scene.acquired += minutes(12);
  same.scene.tile = "T38TPL";
  EXPECT_THAT(plan({first, same}, named).acquisitions, SizeIs(1));
  ListedScene next = scene(0, "f");
  next.scene.datatake = "GS2A_2";
  next.scene.acquired += minutes(1);
  EXPECT_THAT(plan({first, next}, named).acquisitions, SizeIs(2));
}

}  // namespace
}  // namespace pitwatch
