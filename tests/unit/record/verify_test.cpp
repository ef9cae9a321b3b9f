// States against their record: an untouched one fits, every changed byte is found, and how things stand is told.

#include "pipeline/record/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <random>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/record/standing.hpp"
#include "tests/unit/record/support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::MadeUpState;
using test::message_of;
using test::read_text;
using test::write_text;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

VerifyReport verified(const MadeUpState& state) { return verify_state(state.path(), {}); }

unsigned seed() {
  const char* const named = std::getenv("PITWATCH_SEED");
  return named != nullptr ? static_cast<unsigned>(std::strtoul(named, nullptr, 10)) : 20221217;
}

TEST(Verify, AnUntouchedStateFits) {
  MadeUpState state;
  state.run_nights(4);
  const VerifyReport report = verified(state);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_EQ(report.manifests, 4U);
  EXPECT_EQ(report.files, 6U);  // four checkpoints, register, alerts
  EXPECT_EQ(report.inputs.same, 4U);
  EXPECT_EQ(report.with_signature, 0U);
  EXPECT_THAT(report.remarks, ElementsAre(HasSubstr("without signature and time stamp")));
  EXPECT_FALSE(fs::exists(state / "lock"));
}

/// A night that leaves a chip of a text, or without one takes it away.
void chip_night(MadeUpState& state, const std::string& name, const std::optional<std::string>& text,
                bool with_head = true) {
  Manifest manifest = state.next_night();
  const std::string path = "chips/pit/PW-1/" + name;
  manifest.chips = {{path, text ? text->size() : 0, text ? sha256_text(*text) : "",
                     fs::exists(state / path) ? sha256_file(state / path) : ""}};
  state.publish(manifest, 2, with_head);
  fs::create_directories(state / "chips/pit/PW-1");
  if (text) {
    write_text(state / path, *text);
  } else {
    fs::remove(state / path);
  }
}

TEST(Verify, ChipsStayOnRecordThroughLaterNights) {
  MadeUpState state;
  chip_night(state, "before.tif", "first");
  chip_night(state, "seen_1.tif", "frame");
  chip_night(state, "before.tif", "again");
  chip_night(state, "seen_1.tif", std::nullopt);
  state.run_nights(2);
  const VerifyReport report = verified(state);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_EQ(report.files, 9U);                               // six checkpoints, register, alerts, the chip
  write_text(state / "chips/pit/PW-1/before.tif", "first");  // as it was once
  EXPECT_THAT(verified(state).misfits, ElementsAre("chips/pit/PW-1/before.tif: was changed: its SHA-256 is not that of "
                                                   "the record"));
  fs::remove(state / "chips/pit/PW-1/before.tif");
  EXPECT_THAT(verified(state).misfits, ElementsAre("chips/pit/PW-1/before.tif: is missing"));
  fs::create_symlink("/dev/zero", state / "chips/pit/PW-1/before.tif");
  EXPECT_THAT(verified(state).misfits, ElementsAre("chips/pit/PW-1/before.tif: is a link, not a file"));
  fs::remove(state / "chips/pit/PW-1/before.tif");
  write_text(state / "chips/pit/PW-1/before.tif", "again");
  write_text(state / "chips/pit/PW-1/seen_1.tif", "frame");  // that was taken away
  EXPECT_THAT(verified(state).misfits,
              ElementsAre("chips/pit/PW-1/seen_1.tif: is there, though the record says that it was taken away"));
}

TEST(Verify, AChipThatWasChangedIsNotMadeGoodByTheNextNight) {
  MadeUpState state;
  chip_night(state, "observations.csv", "row 1");
  write_text(state / "chips/pit/PW-1/observations.csv", "row X");
  chip_night(state, "observations.csv", "row X, row 2");
  chip_night(state, "observations.csv", "row X, row 2, row 3");
  EXPECT_THAT(verified(state).misfits,
              ElementsAre(AllOf(HasSubstr("chips/pit/PW-1/observations.csv: was changed before the run of runs/"),
                                HasSubstr("replaced it"))));
}

/// A run that was killed after its manifest: the next one finds the files as they were, or as they were to be.
TEST(Verify, ChipsOfAKilledRunMayBeReplacedBeforeAndAfterItWroteThem) {
  for (const bool has_written : {false, true}) {
    MadeUpState state;
    chip_night(state, "before.tif", "first");
    chip_night(state, "before.tif", "second", false);
    if (!has_written) write_text(state / "chips/pit/PW-1/before.tif", "first");
    chip_night(state, "before.tif", "third", false);
    if (!has_written) write_text(state / "chips/pit/PW-1/before.tif", "first");
    chip_night(state, "before.tif", "fourth");
    EXPECT_THAT(verified(state).misfits, IsEmpty());
    // What was so once, long ago, is not what a run should find.
    write_text(state / "chips/pit/PW-1/before.tif", "first");
    chip_night(state, "before.tif", "fifth");
    EXPECT_THAT(verified(state).misfits, ElementsAre(HasSubstr("was changed before the run")));
  }
}

TEST(Verify, WhatWouldPassForAChipIsFound) {
  MadeUpState state;
  chip_night(state, "before.tif", "first");
  write_text(state / "chips/pit/PW-1/before.tif.aux.xml", "of a GIS program");
  fs::create_directories(state / "chips/.unpublished/pit");
  write_text(state / "chips/.unpublished/pit/000001.tif", "of a run");
  EXPECT_THAT(verified(state).misfits, IsEmpty());
  fs::create_directories(state / "chips/pit/PW-2");
  write_text(state / "chips/pit/PW-2/observations.csv", "");
  write_text(state / "chips/pit/PW-1/seen_2.tif", "frame");
  EXPECT_THAT(verified(state).misfits, ElementsAre("chips/pit/PW-1/seen_2.tif: no manifest names it",
                                                   "chips/pit/PW-2/observations.csv: no manifest names it"));
}

/// A run that was killed while it published: each chip is as it says, or as the one before.
TEST(Verify, BeyondHeadAChipIsOldOrNew) {
  MadeUpState state;
  chip_night(state, "before.tif", "first");
  const std::string chip = state / "chips/pit/PW-1/before.tif";
  chip_night(state, "before.tif", "second", false);
  EXPECT_THAT(verified(state).misfits, IsEmpty());
  write_text(chip, "first");
  EXPECT_THAT(verified(state).misfits, IsEmpty());
  write_text(chip, "other");
  EXPECT_THAT(verified(state).misfits, ElementsAre(HasSubstr("was changed")));
  fs::remove(chip);
  EXPECT_THAT(verified(state).misfits, ElementsAre(HasSubstr("is missing")));
  chip_night(state, "before.tif", std::nullopt, false);
  EXPECT_THAT(verified(state).misfits, IsEmpty());
  // New ones need not be there yet.
  chip_night(state, "detected.tif", "new", false);
  fs::remove(state / "chips/pit/PW-1/detected.tif");
  EXPECT_THAT(verified(state).misfits, IsEmpty());
}

TEST(Verify, EveryChangedByteIsFound) {
  MadeUpState state;
  state.run_nights(5);
  const std::vector<std::string> files = test::files_below(state.path());
  ASSERT_EQ(files.size(), 13U);  // manifests and HEAD, checkpoints, register, alerts
  SCOPED_TRACE("PITWATCH_SEED=" + std::to_string(seed()));
  std::mt19937 random(seed());
  for (int i = 0; i < 200; ++i) {
    const std::string& file = files[random() % files.size()];
    const std::string whole = read_text(file);
    std::string changed = whole;
    const std::size_t at = random() % changed.size();
    changed[at] = static_cast<char>(changed[at] ^ (1 + random() % 255));
    write_text(file, changed);
    const VerifyReport report = verified(state);
    EXPECT_FALSE(report.fits()) << file << " at " << at;
    // The first that is told is the file, or HEAD or the manifest that contradicts it.
    if (file.find("/runs/") == std::string::npos) {
      EXPECT_THAT(report.misfits, ElementsAre(HasSubstr(fs::path(file).filename().string()))) << at;
    }
    write_text(file, whole);
  }
  EXPECT_TRUE(verified(state).fits());
}

TEST(Verify, FilesThatAreMissingCutOrNoFiles) {
  MadeUpState state;
  state.run_nights(2);
  fs::remove(state / "alerts.geojson");
  write_text(state / "register.gpkg", "short");
  fs::remove(state / "sites/pit/looks-00001.state");
  ASSERT_EQ(::mkfifo((state / "sites/pit/looks-00001.state").c_str(), 0600), 0);
  EXPECT_THAT(verified(state).misfits,
              ElementsAre("alerts.geojson: is missing", HasSubstr("register.gpkg: has 5 bytes"),
                          "sites/pit/looks-00001.state: is no regular file"));
}

TEST(Verify, StrangersAmongCheckpointsAreTold) {
  MadeUpState state;
  state.run_nights(2);
  write_text(state / "sites/pit/looks-00009.state", "planted");
  write_text(state / "sites/pit/.looks-00009.state.tmp-1-1", "half");
  const VerifyReport report = verified(state);
  EXPECT_TRUE(report.fits());
  EXPECT_THAT(report.remarks, Contains("sites/pit/looks-00009.state: the newest manifest does not name it"));
  EXPECT_EQ(report.remarks.size(), 2U);
}

TEST(Verify, ARunThatWasKilledAnywhereWhileItPublishedLeavesWhatFits) {
  for (int files = 0; files <= 2; ++files) {
    MadeUpState state;
    state.run_nights(2);
    const std::string name = state.publish(state.next_night(), files, false);
    const VerifyReport report = verified(state);
    EXPECT_THAT(report.misfits, IsEmpty()) << files;
    EXPECT_THAT(report.unpublished, ElementsAre(name));
    EXPECT_THAT(report.remarks, Contains(HasSubstr("was ended while it published")));
    write_text(state / "alerts.geojson", "other alerts");
    EXPECT_THAT(verified(state).misfits, ElementsAre(HasSubstr("alerts.geojson"))) << files;
  }
}

TEST(Verify, SoDoesTheFirstOfAll) {
  MadeUpState state;
  state.publish(state.next_night(), 1, false);
  const VerifyReport report = verified(state);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_THAT(report.remarks, Contains("alerts.geojson: is not there yet"));
}

TEST(Verify, InputsThatAreGoneAreToldAndThoseThatDifferDoNotFit) {
  MadeUpState state;
  state.run_nights(4);
  fs::remove(state.input(1));
  write_text(state.input(2), "pixels of night 9");
  fs::remove(state.input(3));
  ASSERT_EQ(::mkfifo(state.input(3).c_str(), 0600), 0);
  VerifyReport report = verified(state);
  EXPECT_THAT(report.misfits, UnorderedElementsAre(HasSubstr(state.input(2)), HasSubstr(state.input(3))));
  EXPECT_THAT(report.remarks, Contains(state.input(1) + ": is gone"));
  EXPECT_EQ(report.inputs.gone, 1U);
  EXPECT_EQ(report.inputs.same, 1U);
  fs::remove(state.input(3));
  // Recorded anew by a later run.
  Manifest later = state.next_night();
  later.inputs.push_back(state.input_file(2));
  state.publish(later);
  report = verified(state);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_EQ(report.inputs.gone, 2U);
  VerifyOptions without;
  without.inputs = false;
  EXPECT_EQ(verify_state(state.path(), without).inputs.gone, 0U);
}

TEST(Verify, OfAnInputOnlyTheBytesThatWereReadCount) {
  MadeUpState state;
  Manifest manifest = state.next_night();
  InputFile& input = manifest.inputs[0];
  const std::string bytes = read_text(state.input(1));
  input.ranges = {{0, 2}, {7, 3}};
  input.sha256 = sha256_text(bytes.substr(0, 2) + bytes.substr(7, 3));
  state.publish(manifest);
  std::string other = bytes;
  other[4] = '#';
  write_text(state.input(1), other);
  EXPECT_TRUE(verified(state).fits());
  other[8] = '#';
  write_text(state.input(1), other);
  EXPECT_FALSE(verified(state).fits());
}

TEST(Verify, InputsOnTheNetworkAndWhatLeadsThereAreNotRead) {
  MadeUpState state;
  Manifest manifest = state.next_night();
  const std::string hash(64, 'a');
  for (const char* const path : {"/vsicurl/http://127.0.0.1:9/a", "/vsizip//vsicurl/http://127.0.0.1:9/a.zip/b",
                                 "/vsizip/{/vsicurl/http://127.0.0.1:9/a}/b", "/vsistdin/"}) {
    manifest.inputs.push_back({path, 7, {{0, 7}}, hash, false, {}});
  }
  manifest.inputs.push_back({"https://example.org/B02.tif", 7, {{0, 7}}, "", true, {}});
  manifest.inputs.push_back({"/vsizip//nowhere/a.zip/b", 7, {{0, 7}}, hash, false, {}});
  state.publish(manifest);
  const VerifyReport report = verified(state);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_EQ(report.inputs.not_read, 5U);
  EXPECT_EQ(report.inputs.gone, 1U);
}

TEST(Verify, SignaturesAreCountedAndChecked) {
  MadeUpState state;
  state.run_nights(3);
  const std::vector<std::string> names = manifest_names(state.path());
  VerifyOptions options;
  options.signature = [](std::string_view content, std::string_view seal, std::optional<Instant>) {
    if (seal != sha256_text(content)) throw DataError("altered content");
    return SealFinding{"signed by CN=Watch", {}};
  };
  options.needs_signature = true;
  EXPECT_THAT(verify_state(state.path(), options).misfits, ElementsAre(HasSubstr("has no signature that fits")));
  for (const std::string& name : names) {
    const std::string file = state / ("runs/" + name);
    write_text(file + ".p7s", sha256_text(read_text(file)));
  }
  VerifyReport report = verify_state(state.path(), options);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_EQ(report.with_signature, 3U);
  EXPECT_THAT(report.sealed_by, ElementsAre("signed by CN=Watch"));
  state.run_nights(1);
  EXPECT_THAT(verify_state(state.path(), options).misfits, ElementsAre(HasSubstr("has no signature that fits")));
  options.needs_signature = false;
  report = verify_state(state.path(), options);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_THAT(report.remarks, Contains("no signature after that of runs/" + names[2]));
  write_text(state / ("runs/" + names[1] + ".p7s"), "another");
  report = verify_state(state.path(), options);
  EXPECT_THAT(report.misfits, ElementsAre("runs/" + names[1] + ".p7s: altered content"));
}

TEST(Verify, SignaturesAreCheckedAsOfTheTimeStamp) {
  MadeUpState state;
  state.run_nights(1);
  const Instant stamped = test::instant("2022-12-03T00:00:00Z");
  std::vector<Instant> asked;
  VerifyOptions options;
  options.time_stamp = [&](std::string_view, std::string_view, std::optional<Instant>) {
    return SealFinding{"stamped", stamped};
  };
  options.signature = [&](std::string_view, std::string_view, std::optional<Instant> at) {
    asked.push_back(at.value());
    return SealFinding{"signed", {}};
  };
  write_text(state / ("runs/" + state.newest() + ".p7s"), "s");
  EXPECT_EQ(verify_state(state.path(), options).with_signature, 1U);
  write_text(state / ("runs/" + state.newest() + ".tsr"), "t");
  EXPECT_EQ(verify_state(state.path(), options).with_time_stamp, 1U);
  EXPECT_THAT(asked, ElementsAre(head(state.path())->ended, stamped));
}

TEST(Verify, WaitsForNoRunAndSaysThatOneIsAtWork) {
  MadeUpState state;
  state.run_nights(1);
  {
    const FolderLock lock(state.path());
    EXPECT_THAT(message_of<BusyError>([&] { static_cast<void>(verified(state)); }), HasSubstr("is working on"));
    EXPECT_TRUE(is_folder_locked(state.path()));
  }
  EXPECT_FALSE(is_folder_locked(state.path()));
  const SharedFolderLock lock(state.path());
  EXPECT_TRUE(verified(state).fits());  // readers do not shut each other out
  EXPECT_THROW(FolderLock{state.path()}, BusyError);
}

TEST(Verify, NoState) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(static_cast<void>(verify_state(folder.path(), {})), DataError);
  EXPECT_THROW(static_cast<void>(verify_state(folder / "none", {})), DataError);
  write_text(folder / "alerts.geojson", "{}");
  EXPECT_THAT(verify_state(folder.path(), {}).misfits, ElementsAre(HasSubstr("runs: holds no manifest")));
}

TEST(Standing, Well) {
  MadeUpState state;
  state.run_nights(3);
  const Instant ended = head(state.path())->ended;
  const Standing standing = standing_of(state.path(), ended + 10h, 11h);
  EXPECT_THAT(standing.alarms, IsEmpty());
  EXPECT_FALSE(standing.is_at_work);
  EXPECT_EQ(standing.name, state.newest());
  EXPECT_EQ(standing.sizes[0].files, 3U);
  EXPECT_EQ(standing.sizes[0].bytes, 3 * std::string("state after night 1").size());
  EXPECT_THAT(standing_of(state.path(), ended + 10h, 9h).alarms,
              ElementsAre(HasSubstr("no run has ended for 10 hours")));
}

TEST(Standing, WhatWakesSomebody) {
  const auto alarms = [](const auto& spoil, const auto& harm) {
    MadeUpState state;
    state.run_nights(1);
    Manifest manifest = state.next_night();
    spoil(manifest);
    state.publish(manifest);
    harm(state);
    return standing_of(state.path(), manifest.ended).alarms;
  };
  const auto nothing = [](const auto&) {};
  EXPECT_THAT(alarms([](Manifest& m) { m.exit_code = 4; }, nothing), IsEmpty());
  EXPECT_THAT(alarms([](Manifest& m) { m.exit_code = 69, m.message = "host?"; }, nothing),
              ElementsAre("the last run failed: exit code 69, host?"));
  EXPECT_THAT(alarms([](Manifest& m) { m.sites[0].last_error = "no bands"; }, nothing),
              ElementsAre("site pit failed in the last run: no bands"));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { fs::remove(s / "alerts.geojson"); }),
              ElementsAre("alerts.geojson: is missing"));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { write_text(s / "register.gpkg", ""); }),
              ElementsAre(HasSubstr("register.gpkg: has another size")));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { write_text(s / ("runs/" + s.newest()), "{}"); }),
              ElementsAre(HasSubstr("was changed")));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { fs::remove(s / "runs/HEAD"); }),
              ElementsAre(HasSubstr("runs/HEAD: is missing")));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { fs::remove_all(s / "runs"); }),
              ElementsAre(HasSubstr("runs: holds no manifest")));
  EXPECT_THAT(alarms(nothing, [](MadeUpState& s) { s.publish(s.next_night(), 0, false); }),
              ElementsAre(HasSubstr("a run was killed while it published")));
}

TEST(Standing, ARunAtWorkIsNoFault) {
  MadeUpState state;
  state.run_nights(1);
  state.publish(state.next_night(), 0, false);
  const FolderLock lock(state.path());
  fs::remove(state / "alerts.geojson");
  const Standing standing = standing_of(state.path(), test::instant("2022-12-10T00:00:00Z"));
  EXPECT_TRUE(standing.is_at_work);
  EXPECT_THAT(standing.alarms, IsEmpty());
  EXPECT_THAT(standing.unpublished, Not(IsEmpty()));
}

TEST(Standing, MissingAcquisitionsAreGrouped) {
  MadeUpState state;
  Manifest manifest = state.next_night();
  const Instant since = manifest.started;
  for (int day = 1; day <= 9; ++day) {
    manifest.missing.push_back({day <= 6 ? "pit" : "quarry", since - std::chrono::days(day), "S", MissingWhat::gone,
                                day <= 4 ? since : since - 24h});
  }
  state.publish(manifest);
  const Standing standing = standing_of(state.path(), manifest.ended);
  ASSERT_EQ(standing.missing.size(), 3U);
  EXPECT_EQ(standing.missing[0].since, since - 24h);
  EXPECT_EQ(standing.missing[0].count, 2U);
  EXPECT_EQ(standing.missing[1].count, 4U);
  EXPECT_EQ(standing.missing[1].first, since - std::chrono::days(4));
  EXPECT_EQ(standing.missing[1].last, since - std::chrono::days(1));
  EXPECT_EQ(standing.missing[2].site, "quarry");
}

TEST(Standing, NoState) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(static_cast<void>(standing_of(folder.path(), Instant{})), DataError);
}

}  // namespace
}  // namespace pitwatch
