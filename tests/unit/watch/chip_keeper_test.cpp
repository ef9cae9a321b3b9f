// Chips and rows of observations of alerts: what is kept, and that it is the same whatever the nights.

#include "pipeline/watch/chip_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pipeline/acquisition/reference.hpp"
#include "pipeline/chips/chip_store.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/monitor/strata.hpp"
#include "pipeline/watch/alert_sight.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

void fill(FeaturePlanes& planes, std::size_t pixels, const FeatureVector& values) {
  planes.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) planes.set(i, values);
}

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Contents = std::map<std::string, std::string>;

constexpr int side = 80;
const Grid grid{"EPSG:32638", {600000, 4400000}, 10, side, side};
const std::vector<Run> ground{{40, 40, 44}, {41, 40, 44}};  // 8 pixels
const std::vector<Run> larger{{40, 40, 44}, {41, 40, 70}};

Instant day_of(int day) { return parse_instant("2022-05-01T07:30:00Z") + std::chrono::days(day); }

/// A pane as acquisitions show it, five days apart: nothing until the 3rd, which detects one alert; the 5th confirms
/// it; each third one is hidden by cloud; the 11th cannot be used; it grows on the 13th and closes with the 16th.
class Course {
 public:
  explicit Course(int frames) : frames_(frames) {
    state_.monitor = make_state(side, side);
    const std::size_t pixels = std::size_t{side} * side;
    state_.undisturbed.assign(pixels, {100, 101, 102, 103, 104, 105});
    state_.undisturbed[0] = {};
  }

  static constexpr int length = 40;

  /// One night: goes on behind the acquisitions that the state has. `saved`: of a run that was killed then, so many of
  /// its acquisitions are in a checkpoint, and what it did thereafter is lost.
  void night(const std::string& folder, int until, int saved = length) {
    ChipKeeper keeper(options(folder, false), state_);
    EXPECT_THAT(keeper.damaged(), IsEmpty());
    SiteState checkpoint = copy(state_);
    for (int i = taken(); i < until; ++i) {
      take(keeper, i);
      if (taken() == saved) {
        keeper.save(state_.acquisitions.size());
        checkpoint = copy(state_);
      }
    }
    if (saved < until) {
      keeper.save(state_.acquisitions.size());  // the journal comes before the checkpoint, which was not come to
      state_ = std::move(checkpoint);
      return;
    }
    keeper.save(state_.acquisitions.size());
    publish(folder);
  }

  /// Goes back to so many acquisitions and takes the later ones in anew.
  void replay(const std::string& folder, int from) {
    Course back(frames_);
    back.shows_disturbance_ = shows_disturbance_;
    ChipKeeper nobody(options(folder + "/unused", false), back.state_);
    for (int i = 0; i < from; ++i) back.take(nobody, i);
    state_ = std::move(back.state_);
    ChipKeeper keeper(options(folder, true), state_);
    for (int i = from; i < length; ++i) take(keeper, i);
    keeper.save(state_.acquisitions.size());
    publish(folder);
  }

  static void publish(const std::string& folder) {
    const std::vector<std::string> places{"pit"};
    const ChipPublication publication(folder, places);
    publication.apply();
    publication.forget();
  }

  void show_disturbance_until(int acquisition) { shows_disturbance_ = acquisition; }
  int taken() const { return static_cast<int>(state_.acquisitions.size()); }
  const SiteState& state() const { return state_; }

 private:
  ChipKeeper::Options options(const std::string& folder, bool is_replay) const {
    return {folder, "pit", "pit", grid, static_cast<std::size_t>(frames_), std::int64_t{200} << 10, is_replay};
  }

  static SiteState copy(const SiteState& from) {
    SiteState to;
    to.acquisitions = from.acquisitions;
    to.incidents = from.incidents;
    to.monitor = make_state(side, side);
    to.monitor.observations = from.monitor.observations;
    std::copy(from.monitor.history.begin(), from.monitor.history.end(), to.monitor.history.begin());
    to.undisturbed.assign(from.undisturbed.size(), {});
    std::copy(from.undisturbed.begin(), from.undisturbed.end(), to.undisturbed.begin());
    return to;
  }

  void take(ChipKeeper& keeper, int number) {
    const Instant when = day_of(5 * number);
    AcquisitionRecord record;
    record.acquired = when;
    record.parts.emplace_back().scene = "S2A_" + std::to_string(number);
    if (number == 10) record.skipped = "B04: cannot be\nread";
    const bool is_cloudy = number % 3 == 0;
    ObservationPlanes planes;
    planes.when = when;
    ObservationFeatures features;
    Observation observation;
    const std::size_t pixels = std::size_t{side} * side;
    if (record.skipped.empty()) {
      for (Plane<float>* plane :
           {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22}) {
        plane->reshape(side, side);
        for (int y = 0; y < side; ++y) std::fill_n(plane->row(y), side, 0.1F + 0.001F * static_cast<float>(number));
      }
      planes.mask.reshape(side, side);
      for (int y = 0; y < side; ++y) std::fill_n(planes.mask.row(y), side, is_cloudy ? mask_cloud : mask_clear);
      features.width = side;
      features.height = side;
      fill(features.values, pixels, FeatureVector{0.25F, 0, 0, 0, 0, -1});
      features.seen.assign(pixels, is_cloudy ? Seen::masked : Seen::clear);
      observation.status.assign(pixels, PixelStatus::provisional);
      observation.use.assign(pixels, is_cloudy ? ObservationUse::unseen : ObservationUse::used);
      observation.probability.assign(pixels, 0.75F);
      observation.residuals.kind.assign(pixels, 0);
      fill(observation.residuals.residual, pixels, FeatureVector{-0.5F, 0, 0, 0, 0, 0});
      fill(observation.residuals.deviation, pixels, FeatureVector{0.125F, 0, 0, 0, 0, 0});
      add_observation(state_.monitor, when);
      // The lower row alone shows the disturbance on this date.
      for (int x = 40; x < 44; ++x) {
        state_.monitor.history[std::size_t{41} * side + static_cast<std::size_t>(x)].last_detected =
            static_cast<ObservationNumber>(state_.monitor.observations.size() - 1);
      }
      live(number, when);
    }
    state_.acquisitions.push_back(record);
    keeper.take({record, planes, features, record.skipped.empty() ? &observation : nullptr, state_});
  }

  /// What becomes of the incident.
  void live(int number, Instant when) {
    const auto event = [&](AlertEventKind kind, AlertStatus status) {
      WatchedIncident& one = state_.incidents.back();
      one.status = status;
      one.events.push_back({when, kind, status, 0.5, 8, one.runs});
    };
    if (number == 2) {
      WatchedIncident& one = state_.incidents.emplace_back();
      one.id = "PW-1";
      one.runs = ground;
      one.first_detected = when;
      one.evidence.emplace();
      one.evidence->onset_after = day_of(5);
      one.evidence->classes = {{when, ChangeClass::unknown}};
      event(AlertEventKind::first_detected, AlertStatus::provisional);
      // One that was never described is none that is reported.
      WatchedIncident other = one;
      other.id = "PW-2";
      other.evidence.reset();
      state_.incidents.insert(state_.incidents.begin(), other);
    }
    if (state_.incidents.empty()) return;
    WatchedIncident& one = state_.incidents.back();
    if (number == 4 && number < shows_disturbance_) {
      one.confirmed_on = when;
      event(AlertEventKind::confirmed, AlertStatus::confirmed);
    }
    if (number == 12 && number < shows_disturbance_) {
      one.runs = larger;
      event(AlertEventKind::grew, one.status);
    }
    if (number == std::min(15, shows_disturbance_)) {
      one.closed_on = when;
      event(AlertEventKind::closed, AlertStatus::closed);
    }
  }

  int frames_;
  int shows_disturbance_ = length;
  SiteState state_;
};

Contents contents_of(const std::string& folder) {
  Contents contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      contents[fs::relative(entry.path(), folder).string()] = test::read_text(entry.path().string());
    }
  }
  return contents;
}

std::vector<std::string> names_of(const Contents& contents) {
  std::vector<std::string> names;
  for (const auto& [name, text] : contents) names.push_back(name);
  return names;
}

/// As one night over all comes to.
Contents in_one_night(int frames) {
  const test::TemporaryFolder folder;
  Course(frames).night(folder.path(), Course::length);
  return contents_of(folder.path());
}

TEST(ChipKeeper, KeepsBeforeDetectionConfirmationAndAStripOfWhatWasClearSince) {
  // Clear since are those numbered 4, 5, 7, 8, 11, 13, 14, 16, 17, ... 29, 31, 32: 19 of them, until 90 days after it
  // closed. Of four frames every 8th stays, and the newest: 4, 17, 29 and 32.
  EXPECT_THAT(names_of(in_one_night(4)),
              ElementsAre("chips/pit/PW-1/before.tif", "chips/pit/PW-1/confirmed.tif", "chips/pit/PW-1/detected.tif",
                          "chips/pit/PW-1/observations.csv", "chips/pit/PW-1/seen_20220521T073000Z.tif",
                          "chips/pit/PW-1/seen_20220725T073000Z.tif", "chips/pit/PW-1/seen_20220923T073000Z.tif",
                          "chips/pit/PW-1/seen_20221008T073000Z.tif"));
  EXPECT_EQ(in_one_night(24).size(), 4U + 19);
  EXPECT_THAT(in_one_night(0), IsEmpty());
}

TEST(ChipKeeper, RowsTellWhatEachAcquisitionShowed) {
  const test::TemporaryFolder state;
  Course(4).night(state.path(), Course::length);
  const std::vector<ObservedAlert> rows = read_observations(state.path(), "pit", "PW-1");
  ASSERT_EQ(rows.size(), 32U);  // numbers 2 to 33: day 165 is 90 days after day 75, on which it closed
  EXPECT_EQ(rows.front().acquired, day_of(10));
  EXPECT_EQ(rows.back().acquired, day_of(165));
  EXPECT_EQ(rows[0].acquisition, "S2A_2");
  EXPECT_EQ(rows[0].use, AlertSeen::clear);
  EXPECT_EQ(rows[0].why, "");
  EXPECT_EQ(rows[0].clear_share, 1);
  EXPECT_EQ(rows[0].detected_share, 0.5);
  EXPECT_EQ(rows[0].probability, 0.75);
  EXPECT_EQ(rows[0].features[0], (ObservedFeature{0.25, 0.75, 0.125}));
  EXPECT_EQ(rows[0].features[5], (ObservedFeature{-1, {}, {}}));  // not monitored
  EXPECT_EQ(rows[1].use, AlertSeen::masked);
  EXPECT_EQ(rows[1].why, "cloud");
  EXPECT_EQ(rows[1].clear_share, 0);
  EXPECT_EQ(rows[1].features[0], ObservedFeature{});
  EXPECT_EQ(rows[8].use, AlertSeen::skipped);
  EXPECT_EQ(rows[8].why, "B04: cannot be\\nread");
  EXPECT_EQ(rows[8].probability, std::nullopt);
}

TEST(ChipKeeper, ChipsShowTheGroundAndItsSurroundings) {
  const test::TemporaryFolder state;
  Course(24).night(state.path(), Course::length);
  const std::vector<KeptChip> kept = kept_chips(state.path(), "pit", "PW-1");
  const Chip before = read_chip(kept.front().path);
  EXPECT_EQ(before.role, ChipRole::before);
  EXPECT_EQ(before.acquired, day_of(5));
  EXPECT_EQ(before.bands[3].at(5, 5), keep_reflectance(unpack_reflectance(103)));
  const Chip detected = read_chip(kept[1].path);
  EXPECT_EQ(detected.acquisition, "S2A_2");
  EXPECT_EQ(detected.acquired, day_of(10));
  EXPECT_EQ(detected.grid.width, 48);
  EXPECT_EQ(detected.grid.origin.x, 600000 + 10 * 18);  // 40 + 4 / 2 - 48 / 2
  EXPECT_EQ(detected.grid.origin.y, 4400000 - 10 * 17);
  EXPECT_EQ(detected.bands[0].at(0, 0), keep_reflectance(0.102F));
  EXPECT_EQ(detected.mask.at(0, 0), mask_clear);
  EXPECT_EQ(read_chip(chips_folder(state.path(), "pit", "PW-1") + "/confirmed.tif").acquired, day_of(20));
  const Chip newest = read_chip(kept.back().path);
  EXPECT_GT(newest.grid.width, 48);  // it grew
  EXPECT_EQ(kept.back().acquired, day_of(160));
}

TEST(ChipKeeper, AnUnknownPixelOfTheGroundBeforeIsNodata) {
  SiteState state;
  state.undisturbed.assign(std::size_t{side} * side, {100, 0, 102, 103, 104, 105});
  state.undisturbed[1] = {};
  const Chip chip = undisturbed_chip(state, {0, 0, 48, 48}, grid);
  EXPECT_EQ(chip.mask.at(0, 0), mask_clear);
  EXPECT_EQ(chip.mask.at(1, 0), mask_nodata);
  EXPECT_EQ(chip.bands[1].at(0, 0), 0);
  EXPECT_EQ(chip.bands[0].at(1, 0), 0);
}

/// What the monitor took for ground is not hidden, and what it did not take for ground is.
TEST(ChipKeeper, TheMaskOfAChipIsWhatDidNotCount) {
  constexpr int width = 6;
  AcquisitionRecord record;
  record.parts.emplace_back().scene = "S2A";
  ObservationPlanes planes;
  for (Plane<float>* plane : {&planes.blue, &planes.red, &planes.nir, &planes.swir16, &planes.swir22}) {
    plane->reshape(width, 1);
    std::fill_n(plane->row(0), width, 0.1F);
  }
  planes.mask.reshape(width, 1);
  std::fill_n(planes.mask.row(0), width, mask_clear);
  ObservationFeatures features;
  features.seen.assign(width, Seen::clear);
  Observation observation;
  observation.use.assign(width, ObservationUse::used);
  planes.mask.at(1, 0) = mask_cloud;  // of bare ground
  planes.mask.at(2, 0) = mask_cloud_shadow;
  features.seen[2] = Seen::masked;
  features.seen[3] = Seen::masked;  // beside cloud
  observation.use[4] = ObservationUse::screened;
  features.seen[5] = Seen::nothing;
  const SiteState state;
  const Chip chip =
      chip_of({record, planes, features, &observation, state}, {0, 0, width, 1}, {"EPSG:32638", {}, 10, width, 1});
  std::vector<int> mask(chip.mask.row(0), chip.mask.row(0) + width);
  EXPECT_THAT(mask, ElementsAre(mask_clear, mask_clear, mask_cloud_shadow, mask_cloud, mask_cloud, mask_nodata));
  EXPECT_EQ(chip.bands[0].at(0, 0), keep_reflectance(0.1F));
  EXPECT_EQ(chip.bands[1].at(0, 0), 0);  // without B03
}

TEST(ChipKeeper, NumbersOfChipsAreThoseOfTheMonitor) {
  for (const float reflectance : {-0.3F, 0.0F, 0.1234F, 1.5F, 6.0F}) {
    EXPECT_NEAR(chip_reflectance(keep_reflectance(reflectance)), kept_reflectance(keep_reflectance(reflectance)), 1e-6);
  }
}

/// Bytes are the same night by night, in a few nights, and where runs were killed before or after a checkpoint.
TEST(ChipKeeper, TheSameBytesWhateverTheNights) {
  for (const int frames : {1, 4, 24}) {
    const Contents expected = in_one_night(frames);
    const test::TemporaryFolder folder;
    Course course(frames);
    while (course.taken() < Course::length) course.night(folder.path(), course.taken() + 1);
    EXPECT_EQ(names_of(contents_of(folder.path())), names_of(expected)) << frames;
    EXPECT_EQ(contents_of(folder.path()), expected) << frames;
    const test::TemporaryFolder another;
    Course killed(frames);
    for (const int saved : {3, 4, 12, 20, 33, 36}) {
      killed.night(another.path(), saved + 3, saved);
      ASSERT_EQ(killed.taken(), saved);
    }
    killed.night(another.path(), Course::length);
    EXPECT_EQ(names_of(contents_of(another.path())), names_of(expected)) << frames;
    EXPECT_EQ(contents_of(another.path()), expected) << frames;
  }
}

/// A run that goes back rewrites what follows, and takes away what is not so any more.
TEST(ChipKeeper, ReplaysRewriteWhatFollows) {
  // It closes before it is confirmed, or a little earlier than it did.
  for (const auto& [closes, from] :
       std::vector<std::pair<int, int>>{{3, 0}, {3, 2}, {3, 3}, {14, 0}, {14, 5}, {14, 14}}) {
    const test::TemporaryFolder folder;
    Course course(24);
    course.night(folder.path(), Course::length);
    course.show_disturbance_until(closes);
    course.replay(folder.path(), from);
    const test::TemporaryFolder whole;
    Course other(24);
    other.show_disturbance_until(closes);
    other.night(whole.path(), Course::length);
    EXPECT_EQ(names_of(contents_of(folder / "chips")), names_of(contents_of(whole / "chips"))) << closes << ' ' << from;
    EXPECT_EQ(contents_of(folder / "chips"), contents_of(whole / "chips")) << closes << ' ' << from;
  }
}

TEST(ChipKeeper, WhatWasReportedBeforeAnythingWasKeptIsFollowedFromThereOn) {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder elsewhere;
  Course course(4);
  course.night(elsewhere.path(), 8);
  course.night(folder.path(), 9);
  EXPECT_THAT(names_of(contents_of(folder / "chips")), ElementsAre("pit/PW-1/before.tif", "pit/PW-1/observations.csv"));
}

TEST(ChipKeeper, ADamagedTableIsNamed) {
  const test::TemporaryFolder folder;
  Course course(4);
  course.night(folder.path(), 6);
  const std::string table = chips_folder(folder.path(), "pit", "PW-1") + "/observations.csv";
  test::write_text(table, "acquired\nnever\n");
  ChipKeeper keeper({folder.path(), "pit", "pit", grid, 4, 1 << 20, true}, course.state());
  EXPECT_THAT(keeper.damaged(), ElementsAre(::testing::HasSubstr("acquisition")));
}

}  // namespace
}  // namespace pitwatch
