// pitwatch verify and pitwatch status over a made-up state.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/record/signature.hpp"
#include "tests/integration/process.hpp"
#include "tests/unit/record/support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::MadeUpState;
using test::Outcome;
using test::run_process;
using test::TemporaryFolder;
using test::write_text;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Outcome pitwatch_on(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{PITWATCH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command);
}

Outcome verify(const MadeUpState& state, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"verify", state.path()});
  return pitwatch_on(more);
}

Outcome status_of(const std::string& state, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"status", "--state", state});
  return pitwatch_on(more);
}

Outcome status(const MadeUpState& state, std::vector<std::string> more = {}) {
  return status_of(state.path(), std::move(more));
}

TEST(VerifyCli, SaysInItsFirstLineWhetherAllFits) {
  MadeUpState state;
  state.run_nights(3);
  const Outcome outcome = verify(state);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(lines_of(outcome.out).front(),
              StartsWith(state.path() + ": fits its record: 3 manifests, 0 signed, 0 time-stamped; 5 files"));
  EXPECT_THAT(outcome.out, HasSubstr("note: without signature and time stamp"));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(VerifyCli, NamesFirstWhatDoesNotFit) {
  MadeUpState state;
  state.run_nights(3);
  write_text(state / "alerts.geojson", "alerts of night 9");
  fs::remove(state / "runs/20221203T030501.123Z.json");
  const Outcome outcome = verify(state);
  EXPECT_EQ(outcome.exit_code, 5);
  const auto lines = lines_of(outcome.out);
  EXPECT_EQ(lines[0], state.path() +
                          ": does not fit its record: runs/20221203T030501.123Z.json: is missing: "
                          "runs/20221204T030501.123Z.json names it as the one before");
  EXPECT_EQ(lines[1], "also: alerts.geojson: was changed: its SHA-256 is not that of the record");
}

/// The lines of pipeline/record/README.md.
TEST(VerifyCli, IsNotNeededToCheckAState) {
  if (run_process({"/bin/sh", "-c", "command -v jq"}).exit_code != 0) GTEST_SKIP() << "no jq";
  MadeUpState state;
  state.run_nights(3);
  const auto by_hand = [&] {
    return run_process({"/bin/bash", "-ec", "cd '" + (state / "runs") + R"sh('
      sha256sum --check HEAD
      for m in 2*.json; do
        jq -r '.previous // empty | "\(.sha256)  \(.name)"' "$m"
      done | sha256sum --check
      newest=$(cut -d' ' -f3 HEAD)
      cd ..
      jq -r '.outputs[] | "\(.sha256)  \(.path)"' "runs/$newest" | sha256sum --check
      jq -r '.inputs[] | select(.read == "all" and .sha256) | "\(.sha256)  \(.path)"' runs/2*.json | sha256sum --check
    )sh"});
  };
  const Outcome whole = by_hand();
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(lines_of(whole.out).size(), 1U + 2U + 5U + 3U) << whole.out;
  write_text(state / "sites/pit/looks-00001.state", "state after night 7");
  EXPECT_NE(by_hand().exit_code, 0);
}

TEST(VerifyCli, AsJson) {
  MadeUpState state;
  state.run_nights(2);
  fs::remove(state.input(1));
  Outcome outcome = verify(state, {"--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  json found = json::parse(outcome.out);
  EXPECT_EQ(found["fits"], true);
  EXPECT_EQ(found["manifests"], 2);
  EXPECT_EQ(found["inputs"]["gone"], 1);
  EXPECT_EQ(found["head"], state.newest());
  write_text(state.input(2), "other pixels");
  outcome = verify(state, {"--json"});
  EXPECT_EQ(outcome.exit_code, 5);
  found = json::parse(outcome.out);
  EXPECT_EQ(found["misfits"].size(), 1U);
  outcome = verify(state, {"--json", "--no-inputs"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(json::parse(outcome.out)["inputs"].is_null());
}

TEST(VerifyCli, WorksOnAStateThatCannotBeWrittenTo) {
  MadeUpState state;
  state.run_nights(2);
  { const FolderLock lock(state.path()); }
  const auto before = test::files_below(state.path());
  fs::permissions(state.path(), fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(state / "lock", fs::perms::owner_read);
  const Outcome outcome = verify(state);
  fs::permissions(state.path(), fs::perms::owner_all);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(test::files_below(state.path()), before);
}

TEST(VerifyCli, RefusesWhileARunIsAtWork) {
  MadeUpState state;
  state.run_nights(1);
  const FolderLock lock(state.path());
  const Outcome outcome = verify(state);
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_NE(outcome.exit_code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("another run is working on this state"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST(VerifyCli, NoState) {
  const TemporaryFolder folder;
  for (const std::string& path : {folder.path(), folder / "none"}) {
    const Outcome outcome = pitwatch_on({"verify", path});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr(path + ": holds no state"));
  }
  EXPECT_EQ(pitwatch_on({"verify"}).exit_code, 2);
}

TEST(VerifyCli, Signatures) {
  if (run_process({"/bin/sh", "-c", "command -v openssl"}).exit_code != 0) GTEST_SKIP() << "no openssl";
  const TemporaryFolder keys;
  const auto make_key = [&](const std::string& name) {
    const Outcome made =
        run_process({"/bin/sh", "-c",
                     "cd '" + keys.path() +
                         "' && openssl req -x509 -newkey rsa:2048 -nodes -days 9999 "
                         "-subj '/CN=Night watch' -addext 'keyUsage=critical,digitalSignature,keyCertSign' "
                         "-keyout " +
                         name + ".key -out " + name + ".pem"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  };
  make_key("watch");
  make_key("other");
  MadeUpState state;
  const auto sign_newest = [&] {
    const std::string file = state / ("runs/" + state.newest());
    write_text(file + ".p7s", sign_cms(test::read_text(file), keys / "watch.pem", keys / "watch.key"));
  };
  // The certificate is of today, and so must the run be.
  const auto run_today = [&] {
    Manifest manifest = state.next_night();
    manifest.started = manifest.ended = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    state.publish(manifest);
  };
  run_today();
  sign_newest();
  const std::vector<std::string> trust{"--trust", keys / "watch.pem"};
  Outcome outcome = verify(state, trust);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("1 manifest, 1 signed"), HasSubstr("signed by CN=Night watch\n")));
  EXPECT_THAT(verify(state).out, HasSubstr("who is not checked: no --trust"));
  EXPECT_EQ(verify(state, {"--trust", keys / "other.pem"}).exit_code, 5);
  EXPECT_EQ(verify(state, {"--trust", keys / "none.pem"}).exit_code, 2);
  run_today();
  EXPECT_EQ(verify(state).exit_code, 0);
  outcome = verify(state, trust);
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(lines_of(outcome.out)[0], HasSubstr("has no signature that fits"));
  EXPECT_EQ(verify(state, {"--tsa-trust", keys / "watch.pem"}).exit_code, 5);
  sign_newest();
  EXPECT_EQ(verify(state, trust).exit_code, 0);
  const Outcome by_hand = run_process({"/bin/sh", "-c",
                                       "cd '" + (state / "runs") + "' && openssl cms -verify -binary -inform DER -in " +
                                           state.newest() + ".p7s -content " + state.newest() + " -CAfile '" +
                                           (keys / "watch.pem") + "' -purpose any -out /dev/null"});
  EXPECT_EQ(by_hand.exit_code, 0) << by_hand.err;
}

TEST(StatusCli, TellsHowThingsStand) {
  MadeUpState state;
  state.run_nights(2);
  Manifest manifest = state.next_night();
  for (int day = 1; day <= 4; ++day) {
    manifest.missing.push_back({"pit", test::instant("2022-11-01T07:30:00Z") + std::chrono::days(day), "S",
                                MissingWhat::gone, manifest.started});
  }
  manifest.notices = {{"S2A_1\x1b[31m", "no B04", manifest.started}};
  manifest.exit_code = 4;
  state.publish(manifest);
  Outcome outcome = status(state);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(lines_of(outcome.out)[0], "well");
  EXPECT_THAT(outcome.out, HasSubstr("last run: run, ended 2022-12-04T03:12:01.123Z"));
  EXPECT_THAT(outcome.out, HasSubstr("done, some inputs skipped, exit code 4"));
  EXPECT_THAT(outcome.out, HasSubstr("3 alerts (2 confirmed, 1 provisional), 1 reviews, 3 runs"));
  EXPECT_THAT(outcome.out, HasSubstr("pit   watching"));
  EXPECT_THAT(outcome.out, HasSubstr("pit: 4 acquisitions from 2022-11-02 to 2022-11-05, gone since 2022-12-04"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("S2A_1\\x1b[31m: no B04"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(outcome.out, HasSubstr("pit: --min-area-ha 0.1"));
  EXPECT_THAT(outcome.err, IsEmpty());

  outcome = status(state, {"--json"});
  const json told = json::parse(outcome.out);
  EXPECT_EQ(told["well"], true);
  EXPECT_EQ(told["last_run"]["manifest"], state.newest());
  EXPECT_EQ(told["sites"][0]["checkpoints"], 3);
  EXPECT_EQ(told["missing"][0]["count"], 4);
  EXPECT_EQ(told["skipped"][0]["why"], "no B04");
  EXPECT_EQ(told["register"]["alerts"]["confirmed"], 2);
}

TEST(StatusCli, WakesMonitoring) {
  MadeUpState state;
  state.run_nights(1);
  const Outcome old = status(state, {"--max-age", "48"});
  EXPECT_EQ(old.exit_code, 5);
  EXPECT_THAT(lines_of(old.out)[0], StartsWith("look at this: no run has ended for "));
  EXPECT_EQ(status(state, {"--max-age", "1000000"}).exit_code, 0);
  for (const char* const hours : {"0", "-1", "nan", "1e9"}) {
    EXPECT_EQ(status(state, {"--max-age=" + std::string(hours)}).exit_code, 2) << hours;
  }
  state.publish(state.next_night(), 1, false);
  {
    const FolderLock lock(state.path());
    const Outcome at_work = status(state);
    EXPECT_EQ(at_work.exit_code, 0) << at_work.out;
    EXPECT_THAT(lines_of(at_work.out), Contains("a run is at work"));
  }
  const Outcome killed = status(state, {"--json"});
  EXPECT_EQ(killed.exit_code, 5);
  EXPECT_EQ(json::parse(killed.out)["unpublished"][0], state.newest());
}

TEST(StatusCli, TellsThatAllPicturesAreGone) {
  MadeUpState state;
  Manifest manifest = state.next_night();
  manifest.chips = {{"chips/pit/PW-1/before.tif", 7, sha256_text("picture"), ""}};
  fs::create_directories(state / "chips/pit/PW-1");
  write_text(state / "chips/pit/PW-1/before.tif", "picture");
  state.publish(manifest);
  state.run_nights(2);
  EXPECT_EQ(status(state).exit_code, 0);
  fs::remove_all(state / "chips");
  const Outcome outcome = status(state);
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.out, HasSubstr("chips: is missing"));
  // Where the last that is known of them is that they went, none is missing.
  manifest = state.next_night();
  manifest.chips = {{"chips/pit/PW-1/before.tif", 0, "", sha256_text("picture")}};
  state.publish(manifest);
  EXPECT_EQ(status(state).exit_code, 0);
}

TEST(StatusCli, NoState) {
  const TemporaryFolder folder;
  const Outcome outcome = pitwatch_on({"status", "--state", folder.path()});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("holds no state"));
  EXPECT_EQ(pitwatch_on({"status"}).exit_code, 2);
}

TEST(StatusCli, ARunThatIsYetToEndIsAnAlarm) {
  for (const bool is_far : {false, true}) {
    MadeUpState state;
    Manifest manifest = state.next_night();
    manifest.started = manifest.ended = clock_now() + std::chrono::minutes(is_far ? 60 : 3);
    state.publish(manifest);
    const Outcome outcome = status(state, {"--max-age", "24"});
    EXPECT_EQ(outcome.exit_code, is_far ? 5 : 0) << outcome.out;
    if (is_far) {
      EXPECT_THAT(outcome.out, HasSubstr("which is yet to come: a clock is wrong"));
    }
  }
}

TEST(StatusCli, TheFirstRunIsAtWork) {
  const TemporaryFolder folder;
  const FolderLock lock(folder.path());
  const Outcome text = status_of(folder.path());
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(lines_of(text.out), ElementsAre("well", "a run is at work: the first, nothing is on record yet"));
  const json object = json::parse(status_of(folder.path(), {"--json"}).out);
  EXPECT_EQ(object.at("at_work"), true);
  EXPECT_THAT(status_of(folder.path(), {"--prometheus"}).out, HasSubstr("\npitwatch_run_at_work 1\n"));
}

TEST(StatusCli, HelpNamesTheExitCodes) {
  EXPECT_THAT(pitwatch_on({"--help"}).out, HasSubstr("a check failed"));
  std::string help = pitwatch_on({"verify", "--help"}).out;
  std::replace(help.begin(), help.end(), '\n', ' ');  // lines end where they are full
  EXPECT_THAT(help, HasSubstr("cannot be told from a true one"));
}

}  // namespace
}  // namespace pitwatch
