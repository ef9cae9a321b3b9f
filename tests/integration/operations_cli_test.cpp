// What those who keep a state for years rely on: figures for monitoring, logs for machines, housekeeping, copies that
// can be gone on from, states of the version before, and a look whether all is sound.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/register/register.hpp"
#include "tests/integration/faults.hpp"
#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Nights;
using test::Outcome;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::size_t first_night = 30;

/// Samples by name and labels, as they stand in the text; every line must be one of the format.
std::map<std::string, double> samples_of(const std::string& text) {
  static const std::regex comment("# (HELP [a-z_]+ .+|TYPE [a-z_]+ gauge)");
  static const std::regex sample(
      R"re((pitwatch_[a-z_]+(\{([a-z_]+="([^"\\]|\\[\\n"])*",?)+\})?) (-?[0-9][0-9.e+-]*))re");
  std::map<std::string, double> samples;
  std::set<std::string> families;
  for (const std::string& line : test::lines_of(text)) {
    std::smatch found;
    if (std::regex_match(line, found, sample)) {
      EXPECT_TRUE(samples.emplace(found[1], std::stod(found[5])).second) << line;
      EXPECT_TRUE(families.count(found[1].str().substr(0, found[1].str().find('{'))) == 1) << line;
    } else {
      EXPECT_TRUE(std::regex_match(line, comment)) << line;
      const bool begins = line.starts_with("# TYPE ");
      EXPECT_TRUE(!begins || families.insert(line.substr(7, line.rfind(' ') - 7)).second) << line;
    }
  }
  return samples;
}

/// By Prometheus' own parser, where it is installed: as many samples as the test sees.
void expect_parsed(const std::string& path, std::size_t samples) {
  const std::string script =
      "import sys\ntry:\n  from prometheus_client.parser import text_string_to_metric_families as parse\n"
      "except ImportError:\n  print('none'); sys.exit()\n"
      "print(sum(len(f.samples) for f in parse(open(sys.argv[1], encoding='utf-8', newline='\\n').read())))\n";
  const Outcome parsed = test::run_process({"/usr/bin/python3", "-c", script, path});
  EXPECT_EQ(parsed.exit_code, 0) << parsed.err;
  EXPECT_TRUE(parsed.out == "none\n" || parsed.out == std::to_string(samples) + "\n") << parsed.out;
}

TEST(Metrics, TellHowARunAndItsStateStand) {
  const Nights nights;
  const std::string state = nights / "state";
  const std::string file = nights / "pitwatch.prom";
  nights.deliver(0, first_night);
  ASSERT_EQ(nights.run(state, {"--metrics", file}).exit_code, 0);
  const auto samples = samples_of(test::read_text(file));
  expect_parsed(file, samples.size());
  EXPECT_EQ(samples.at("pitwatch_attempt_exit_code"), 0);
  EXPECT_EQ(samples.at("pitwatch_attempt_new_acquisitions"), 30);
  EXPECT_GT(samples.at("pitwatch_attempt_stage_seconds{stage=\"read\"}"), 0);
  EXPECT_GT(samples.at("pitwatch_attempt_stage_seconds{stage=\"publish\"}"), 0);
  EXPECT_GT(samples.at("pitwatch_attempt_peak_memory_bytes"), 1e7);
  EXPECT_EQ(samples.at("pitwatch_state_well"), 1);
  EXPECT_EQ(samples.at("pitwatch_last_run_exit_code"), 0);
  EXPECT_EQ(samples.at("pitwatch_acquisitions{site=\"small\"}"), 30);
  EXPECT_EQ(samples.at("pitwatch_newest_acquisition_timestamp_seconds{site=\"small\"}"),
            std::chrono::duration<double>(
                parse_instant(json::parse(test::read_text(state + "/alerts.geojson")).at("as_of").get<std::string>())
                    .time_since_epoch())
                .count());
  EXPECT_GT(samples.at("pitwatch_blind_days{site=\"small\"}"), 365) << "the series ended years ago";
  EXPECT_EQ(samples.at("pitwatch_feed_stopped{site=\"small\"}"), 1);
  double published = 0;
  for (const auto& [name, value] : samples) published += name.starts_with("pitwatch_alerts{site=\"small\"") ? value : 0;
  EXPECT_EQ(published, static_cast<double>(test::published_ids(state).size()));
  EXPECT_GT(samples.at("pitwatch_state_bytes{part=\"checkpoints\"}"), 1e5);
  EXPECT_GT(samples.at("pitwatch_state_free_bytes"), 0);
  // Asked of the state alone: the same, without what only the run knew.
  const Outcome asked = test::run_process({PITWATCH_PROGRAM, "status", "--state", state, "--prometheus"});
  EXPECT_EQ(asked.exit_code, 0);
  const auto of_state = samples_of(asked.out);
  EXPECT_EQ(of_state.count("pitwatch_attempt_exit_code"), 0U);
  EXPECT_EQ(of_state.at("pitwatch_last_success_timestamp_seconds"),
            samples.at("pitwatch_last_success_timestamp_seconds"));
}

TEST(Metrics, OfARunThatFailsLetTheLastSuccessAge) {
  const Nights nights;
  const std::string state = nights / "state";
  const std::string file = nights / "pitwatch.prom";
  nights.deliver(0, first_night);
  ASSERT_EQ(nights.run(state, {"--metrics", file}).exit_code, 0);
  const double success = samples_of(test::read_text(file)).at("pitwatch_last_success_timestamp_seconds");
  fs::remove_all(nights.inbox());
  fs::create_directories(nights.inbox());
  EXPECT_EQ(nights.run(state, {"--metrics", file}).exit_code, 3);
  auto samples = samples_of(test::read_text(file));
  EXPECT_EQ(samples.at("pitwatch_attempt_exit_code"), 3);
  EXPECT_EQ(samples.at("pitwatch_last_run_exit_code"), 3);
  EXPECT_EQ(samples.at("pitwatch_last_success_timestamp_seconds"), success);
  EXPECT_EQ(samples.at("pitwatch_state_well"), 0);
  // A review since is no run: the failure stays to be seen.
  ASSERT_EQ(test::run_process({PITWATCH_PROGRAM, "alerts", "review", *test::published_ids(state).begin(), "--state",
                               state, "--verdict", "natural", "--reviewer", "A"})
                .exit_code,
            0);
  const Outcome status = test::run_process({PITWATCH_PROGRAM, "status", "--state", state});
  EXPECT_EQ(status.exit_code, 5);
  EXPECT_THAT(status.out, HasSubstr("the last run failed: exit code 3"));
  EXPECT_THAT(status.out, HasSubstr("last run that succeeded: "));
  // What comes to no record at all is told, too.
  {
    const FolderLock lock(state);
    EXPECT_EQ(nights.run(state, {"--metrics", file}).exit_code, 75);
  }
  samples = samples_of(test::read_text(file));
  EXPECT_EQ(samples.at("pitwatch_attempt_exit_code"), 75);
  EXPECT_EQ(samples.at("pitwatch_last_run_exit_code"), 3);
  const Outcome none = nights.run(nights / "none", {"--metrics", file});
  EXPECT_EQ(none.exit_code, 3) << none.err;
  EXPECT_EQ(samples_of(test::read_text(file)).at("pitwatch_state_well"), 0);
}

TEST(Metrics, WhereTheyCannotBeWrittenTheRunIsDoneAllTheSame) {
  const Nights nights;
  nights.deliver(0, 3);
  const Outcome run = nights.run(nights / "state", {"--metrics", nights / "none/pitwatch.prom"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("--metrics: " + (nights / "none/pitwatch.prom")));
  EXPECT_TRUE(fs::exists(nights / "state/alerts.geojson"));
  EXPECT_EQ(nights.run(nights / "dry", {"--metrics", nights / "dry.prom", "--dry-run"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(nights / "dry.prom")) << "a dry run writes nothing";
}

TEST(LogJson, EachLineSaysOfWhichRunSiteAcquisitionAndStageItIs) {
  const Nights nights;
  const std::string state = nights / "state";
  nights.deliver(0, first_night);
  std::vector<std::string> words = nights.command(state, {"--log-json"});
  std::erase(words, "--quiet");
  const Outcome run = test::run_process(words);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, IsEmpty());
  std::set<std::string> runs;
  std::map<std::string, std::set<std::string>> acquisitions;  // by stage
  for (const std::string& line : test::lines_of(run.err)) {
    const json object = json::parse(line);
    EXPECT_THAT(object.at("time").get<std::string>(), SizeIs(24)) << line;
    EXPECT_THAT(object.at("level").get<std::string>(), Not(IsEmpty()));
    EXPECT_THAT(object.at("message").get<std::string>(), Not(IsEmpty()));
    runs.insert(object.at("run"));
    EXPECT_TRUE(!object.contains("stage") || object.at("seconds").get<double>() >= 0) << line;
    if (!object.contains("acquisition")) continue;
    EXPECT_EQ(object.at("site"), "small");
    acquisitions[object.at("stage")].insert(object.at("acquisition"));
  }
  EXPECT_THAT(acquisitions["read"], SizeIs(first_night));
  EXPECT_THAT(acquisitions["judge"], SizeIs(first_night));
  // By the run's name its manifest and its row are found.
  ASSERT_THAT(runs, SizeIs(1));
  const std::string manifest = test::read_text(state + "/runs/HEAD").substr(66);
  const json record = json::parse(test::read_text(state + "/runs/" + manifest.substr(0, manifest.size() - 1)));
  EXPECT_EQ(record.at("started"), *runs.begin());
  EXPECT_EQ(format_instant(read_runs(state + "/register.gpkg").back().started_at), *runs.begin());
  // So is one that fails.
  fs::remove_all(nights.inbox());
  fs::create_directories(nights.inbox());
  const Outcome failed = test::run_process(words);
  EXPECT_EQ(failed.exit_code, 3);
  for (const std::string& line : test::lines_of(failed.err)) EXPECT_TRUE(json::parse(line).contains("run")) << line;
}

// ---- prune ----

std::vector<std::string> strips_of(const std::string& state) {
  std::vector<std::string> strips;
  for (const auto& entry : fs::recursive_directory_iterator(state + "/chips")) {
    if (entry.path().filename().string().starts_with("seen_")) strips.push_back(fs::relative(entry.path(), state));
  }
  return strips;
}

std::set<std::string> checkpoints_of(const std::string& state) {
  std::set<std::string> names;
  for (const std::string& name : test::names_in(state + "/sites/small")) {
    if (name.ends_with(".state")) names.insert(name);
  }
  return names;
}

/// A state of all nights, made once.
const std::string& whole_state() {
  static const Nights nights;
  static const std::string state = [] {
    nights.deliver(0, test::night_scenes().names().size());
    const std::string path = nights / "state";
    if (nights.run(path).exit_code != 0) throw std::runtime_error("no state");
    return path;
  }();
  return state;
}

class Prune : public ::testing::Test {
 protected:
  void SetUp() override { Nights::copy(whole_state(), state_); }
  Outcome prune(const std::vector<std::string>& more) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "prune", "--state", state_, "--now", "2023-06-01"};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_process(words);
  }
  void expect_verified() const {
    const Outcome verified = test::verify(state_);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }

  Nights nights_;
  std::string state_ = nights_ / "state";
};

TEST_F(Prune, TakesWhatThePolicySaysAndTheRecordNamesIt) {
  const auto before = checkpoints_of(state_);
  ASSERT_THAT(before, SizeIs(4));
  const std::string alerts = test::read_text(state_ + "/alerts.geojson");
  const std::string register_before = test::read_text(state_ + "/register.gpkg");
  // A dry run names the same and writes nothing.
  const auto contents = test::lasting_contents(state_);
  const Outcome dry = prune({"--keep-checkpoints", "1", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(test::differences(contents, test::lasting_contents(state_)), IsEmpty());
  const Outcome done = prune({"--keep-checkpoints", "1"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, dry.out);
  std::set<std::string> gone;
  for (const std::string& line : test::lines_of(done.out)) gone.insert(line);
  EXPECT_THAT(gone, SizeIs(2)) << done.out;
  const auto after = checkpoints_of(state_);
  EXPECT_THAT(after, SizeIs(2));
  EXPECT_EQ(after.count(*before.rbegin()), 1U) << "the newest stays";
  EXPECT_TRUE(after.begin()->starts_with("learnt-"));
  EXPECT_EQ(test::read_text(state_ + "/alerts.geojson"), alerts);
  EXPECT_EQ(test::read_text(state_ + "/register.gpkg"), register_before);
  expect_verified();
  EXPECT_THAT(test::verify(state_).out, HasSubstr("2 files were pruned, the last by runs/"));
  EXPECT_EQ(test::run_process({PITWATCH_PROGRAM, "status", "--state", state_}).exit_code, 0);
  // What is named is what is gone.
  const std::string head = test::read_text(state_ + "/runs/HEAD").substr(66);
  const json manifest = json::parse(test::read_text(state_ + "/runs/" + head.substr(0, head.size() - 1)));
  EXPECT_EQ(manifest.at("command"), "prune");
  std::set<std::string> named;
  for (const json& file : manifest.at("pruned")) named.insert(file.at("path"));
  EXPECT_EQ(named, gone);
  // Again there is nothing to do, and no manifest.
  EXPECT_THAT(prune({"--keep-checkpoints", "1"}).out, IsEmpty());
  EXPECT_EQ(test::read_text(state_ + "/runs/HEAD").substr(66), head);
}

TEST_F(Prune, TheNextRunGoesOnAndAlertsAreTheSame) {
  // Of a state without its last scenes, so that there is something to be taken in; one of them comes late.
  const std::size_t all = test::night_scenes().names().size();
  const std::string state = nights_ / "fewer";
  nights_.deliver(0, all - 12);
  nights_.deliver(all - 11, all - 2);
  ASSERT_EQ(nights_.run(state).exit_code, 0);
  ASSERT_EQ(test::run_process({PITWATCH_PROGRAM, "prune", "--state", state, "--keep-checkpoints", "1",
                               "--strips-older-than", "30d", "--now", "2023-06-01"})
                .exit_code,
            0);
  nights_.deliver(all - 12, all - 11);
  nights_.deliver(all - 2, all);
  const Outcome next = nights_.run(state);
  EXPECT_EQ(next.exit_code, 0) << next.err;
  EXPECT_EQ(test::read_text(state + "/alerts.geojson"), test::read_text(whole_state() + "/alerts.geojson"));
  EXPECT_EQ(test::verify(state).exit_code, 0) << test::verify(state).out;
}

TEST_F(Prune, StripsOfOpenAndReviewedAlertsStay) {
  const RegisterContent content = read_register(state_ + "/register.gpkg");
  std::set<std::string> ended;
  for (const OutlinedAlert& one : content.alerts) {
    const bool is_over = one.alert.status == AlertStatus::closed || one.alert.status == AlertStatus::superseded;
    if (is_over) ended.insert(one.alert.id);
  }
  const std::vector<std::string> before = strips_of(state_);
  std::set<std::string> with_strips;
  for (const std::string& path : before) {
    const std::string id = fs::path(path).parent_path().filename();
    if (ended.count(id) != 0) with_strips.insert(id);
  }
  ASSERT_GE(with_strips.size(), 2U) << "two that have ended have film strips";
  const std::string reviewed = *with_strips.begin();
  ASSERT_EQ(test::run_process({PITWATCH_PROGRAM, "alerts", "review", reviewed, "--state", state_, "--verdict", "false",
                               "--reviewer", "A"})
                .exit_code,
            0);
  EXPECT_THAT(prune({"--strips-older-than", "3000d"}).out, IsEmpty()) << "none is that old";
  const Outcome done = prune({"--strips-older-than", "30d"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, Not(IsEmpty()));
  const std::vector<std::string> lines = test::lines_of(done.out);
  const std::set<std::string> gone(lines.begin(), lines.end());
  std::size_t taken = 0;
  for (const std::string& path : before) {
    const std::string id = fs::path(path).parent_path().filename();
    if (ended.count(id) == 0 || id == reviewed) {
      EXPECT_TRUE(fs::exists(state_ + "/" + path)) << path;
    } else if (gone.count(path) != 0) {
      ++taken;
      EXPECT_FALSE(fs::exists(state_ + "/" + path)) << path;
    }
  }
  EXPECT_EQ(taken, gone.size()) << "film strips and nothing else";
  expect_verified();
}

TEST_F(Prune, KilledAtAnyMomentItLeavesWhatTheRecordAllows) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  const std::vector<std::string> words{
      PITWATCH_PROGRAM,     "prune", "--state", state_, "--now", "2023-06-01", "--strips-older-than", "30d",
      "--keep-checkpoints", "1"};
  const std::string before = nights_ / "before";
  Nights::copy(state_, before);
  const std::vector<test::Call> calls = test::calls_of(words, state_);
  std::vector<std::size_t> removals;
  for (const test::Call& call : calls) {
    if (call.kind == "unlink") removals.push_back(call.number);
  }
  ASSERT_GE(removals.size(), 3U);
  const std::set<std::size_t> some{removals[0], removals[1], removals[removals.size() / 2], removals.back()};
  for (const test::Call& call : calls) {
    if (call.kind == "unlink" && some.count(call.number) == 0) continue;  // one is like another
    SCOPED_TRACE(std::to_string(call.number) + ": " + call.kind + " " + call.path);
    Nights::copy(before, state_);
    EXPECT_EQ(test::run_with_fault(words, state_, {call.number, "KILL"}).exit_code, -1);
    expect_verified();
    EXPECT_EQ(test::run_process(words).exit_code, 0);
    expect_verified();
    EXPECT_THAT(checkpoints_of(state_), SizeIs(2));
  }
}

TEST_F(Prune, OldMasksOfItsSites) {
  const std::string masks = nights_ / "masks";
  fs::create_directories(masks + "/small");
  fs::create_directories(masks + "/other");
  const std::string old = masks + "/small/20220101T074458.024Z_mask.tif";
  const std::vector<std::string> kept{masks + "/small/20230520T074458Z_mask.tif", masks + "/small/notes_mask.tif",
                                      masks + "/other/20220101T074458Z_mask.tif", masks + "/20220101T074458Z_mask.tif",
                                      masks + "/small/20220101T074458Z_mask.tif.aux.xml"};
  test::write_text(old, "x");
  for (const std::string& path : kept) test::write_text(path, "x");
  fs::create_symlink(kept[0], masks + "/small/20220102T074458Z_mask.tif");
  const Outcome done = prune({"--masks", masks, "--masks-older-than", "90d"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, old + "\n");
  EXPECT_FALSE(fs::exists(old));
  for (const std::string& path : kept) EXPECT_TRUE(fs::exists(path)) << path;
  expect_verified();
}

TEST_F(Prune, Refusals) {
  EXPECT_EQ(prune({}).exit_code, 2) << "no policy, nothing goes";
  EXPECT_EQ(prune({"--keep-checkpoints", "0"}).exit_code, 2);
  EXPECT_EQ(prune({"--strips-older-than", "0d"}).exit_code, 2);
  EXPECT_EQ(prune({"--strips-older-than", "1 year"}).exit_code, 2);
  EXPECT_EQ(prune({"--masks", "x"}).exit_code, 2);
  EXPECT_EQ(
      test::run_process({PITWATCH_PROGRAM, "prune", "--state", nights_ / "none", "--keep-checkpoints", "1"}).exit_code,
      3);
  fs::copy(state_ + "/register.gpkg", nights_ / "other.gpkg");
  EXPECT_EQ(prune({"--strips-older-than", "30d", "--register", nights_ / "other.gpkg"}).exit_code, 2);
  const FolderLock lock(state_);
  const Outcome busy = prune({"--keep-checkpoints", "1"});
  EXPECT_EQ(busy.exit_code, 75);
  EXPECT_THAT(busy.err, HasSubstr("another run is working on this state (user "));
}

// ---- doctor ----

std::map<std::string, json> checks_of(const Outcome& outcome) {
  std::map<std::string, json> checks;
  const json report = json::parse(outcome.out);
  for (const json& check : report.at("checks")) checks[check.at("check")] = check;
  return checks;
}

class Doctor : public Prune {
 protected:
  Outcome examine(std::vector<std::string> more = {}, std::map<std::string, std::string> environment = {}) const {
    more.insert(more.begin(), {PITWATCH_PROGRAM, "doctor", "--state", state_, "--json"});
    return test::run_process(test::Invocation{std::move(more), std::move(environment), {}, {}});
  }
};

TEST_F(Doctor, OfASoundStateFindsNothing) {
  const auto contents = test::lasting_contents(state_);
  const std::vector<std::string> of_run{"--sites", test::night_scenes().sites(), "--source",
                                        test::night_scenes().scenes()};
  std::vector<std::string> with_days = of_run;
  with_days.insert(with_days.end(), {"--history-days", "150"});
  const Outcome outcome = examine(with_days);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(checks_of(outcome).count("options"), 0U);
  const auto others = checks_of(examine(of_run));
  ASSERT_EQ(others.count("options"), 1U);
  EXPECT_THAT(others.at("options").at("found").get<std::string>(), HasSubstr("history-days 150 -> 365"));
  EXPECT_EQ(json::parse(outcome.out).at("sound"), true);
  const auto checks = checks_of(outcome);
  for (const char* const name :
       {"program", "GDAL drivers", "PROJ data", "memory", "clock", "umask", "disk", "permissions", "lock", "state",
        "checkpoints", "register", "sites", "memory of sites", "source"}) {
    ASSERT_EQ(checks.count(name), 1U) << name;
    EXPECT_NE(checks.at(name).at("result"), "failed") << checks.at(name);
  }
  EXPECT_THAT(checks.at("source").at("found").get<std::string>(), HasSubstr("55 scenes, the newest of 2022-12-23"));
  EXPECT_THAT(test::differences(contents, test::lasting_contents(state_)), IsEmpty());
  const Outcome text = test::run_process({PITWATCH_PROGRAM, "doctor"});
  EXPECT_EQ(text.exit_code, 0) << text.out;
  EXPECT_THAT(text.out, HasSubstr("PROJ data"));
}

TEST_F(Doctor, NamesWhatIsWrongAndWhatToDo) {
  const auto failed = [&](const Outcome& outcome, const std::string& name, const std::string& word) {
    EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
    const auto checks = checks_of(outcome);
    ASSERT_EQ(checks.count(name), 1U) << name;
    EXPECT_EQ(checks.at(name).at("result"), "failed") << checks.at(name);
    EXPECT_THAT(checks.at(name).at("found").get<std::string>(), HasSubstr(word));
    EXPECT_FALSE(checks.at(name).at("advice").is_null()) << checks.at(name);
  };
  failed(examine({}, {{"GDAL_SKIP", "JP2OpenJPEG"}}), "GDAL drivers", "JP2OpenJPEG");
  failed(examine({}, {{"PROJ_LIB", nights_ / "none"}, {"PROJ_DATA", nights_ / "none"}}), "PROJ data", "");
  failed(examine({"--source", nights_ / "none"}), "source", "none");
  failed(examine({"--source", "https://127.0.0.1:1/search", "--collection", "a"}), "source", "127.0.0.1");
  fs::create_directories(nights_ / "empty");
  failed(examine({"--source", nights_ / "empty"}), "source", "0 scenes");
  failed(examine({"--sites", nights_ / "none.geojson"}), "sites", "none.geojson");
  failed(examine({"--sites", test::night_scenes().sites(), "--memory", "64MiB"}), "memory of sites", "small");
  failed(examine({"--sign-certificate", nights_ / "none.pem", "--sign-key", nights_ / "none.pem"}), "signatures",
         "none.pem");
  const std::string newest = state_ + "/sites/small/" + *checkpoints_of(state_).rbegin();
  const std::string bytes = test::read_text(newest);
  test::write_text(newest, bytes.substr(0, 100));
  failed(examine(), "checkpoints", "looks-");
  failed(examine(), "state", "looks-");
  test::write_text(newest, bytes);
  fs::rename(state_ + "/register.gpkg", nights_ / "register.gpkg");
  failed(examine(), "register", "there is no register");
  fs::rename(nights_ / "register.gpkg", state_ + "/register.gpkg");
  const FolderLock lock(state_);
  EXPECT_THAT(checks_of(examine()).at("lock").at("found").get<std::string>(), HasSubstr("another run is working"));
}

// ---- backup, and the version before ----

/// README.md, Backup: what is copied while the locks are held, by the tools that it names.
Outcome back_up(const std::string& state, const std::string& copy) {
  return test::run_process({"/usr/bin/flock", "--shared", "--timeout", "60", state + "/lock", "/usr/bin/flock",
                            "--shared", "--timeout", "60", state + "/runs/.record.lock", "/usr/bin/cp", "-a", state,
                            copy});
}

TEST(Backup, MadeBesideRunsAndReviewsIsWholeAndGoneOnFrom) {
  const Nights nights;
  const std::string state = nights / "state";
  nights.deliver(0, first_night);
  ASSERT_EQ(nights.run(state).exit_code, 0);
  const std::string id = *test::published_ids(state).begin();
  std::atomic<bool> stop{false};
  std::thread reviewer([&] {
    for (int i = 0; !stop; ++i) {
      test::run_process({PITWATCH_PROGRAM, "alerts", "review", id, "--state", state, "--verdict", "natural",
                         "--reviewer", "A", "--reason", std::to_string(i)});
    }
  });
  std::vector<std::string> copies;
  for (int i = 0; i < 8; ++i) {
    if (i == 4) nights.deliver(first_night, first_night + 5);
    std::thread night([&] { static_cast<void>(nights.run(state)); });
    copies.push_back(nights / ("copy" + std::to_string(i)));
    const Outcome copied = back_up(state, copies.back());
    EXPECT_EQ(copied.exit_code, 0) << copied.err;
    night.join();
  }
  stop = true;
  reviewer.join();
  for (const std::string& copy : copies) {
    const Outcome verified = test::verify(copy);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, Not(HasSubstr("ended while it published")));
  }
  // The state is lost; the copy takes its place, whatever the path, and the next nights come to the same.
  nights.deliver(first_night + 5, first_night + 10);
  const std::string whole = nights / "whole";
  ASSERT_EQ(nights.run(whole).exit_code, 0);
  for (const std::string& copy : {copies.front(), copies.back()}) {
    const Outcome next = nights.run(copy);
    EXPECT_EQ(next.exit_code, 0) << next.err;
    EXPECT_EQ(test::published_ids(copy), test::published_ids(whole));
    EXPECT_EQ(test::verify(copy).exit_code, 0) << test::verify(copy).out;
  }
}

/// A state that version 0.1.0 left: a run, one without news, a review.
class Upgrade : public ::testing::Test {
 protected:
  static constexpr const char* former = PITWATCH_SOURCE_DIR "/tests/golden/state_0_1_0";
  static constexpr const char* sites = PITWATCH_SOURCE_DIR "/tests/golden/state_0_1_0.sites.geojson";
  void SetUp() override { Nights::copy(former, state_); }
  Outcome run(const std::string& state, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "run", "--sites",    sites, "--source", nights_.inbox(),
                                   "--state",        state, "--buffer-m", "0",   "--chips",  "1",
                                   "--history-days", "150"};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_process(words);
  }
  /// Everything that was published is in the register, and the review of it.
  void expect_kept() const {
    const std::set<std::string> now = test::registered_ids(state_);
    for (const std::string& id : test::registered_ids(former)) EXPECT_EQ(now.count(id), 1U) << id;
    EXPECT_THAT(read_reviews(state_ + "/register.gpkg"), SizeIs(1));
    EXPECT_EQ(test::verify(state_).exit_code, 0) << test::verify(state_).out;
  }

  Nights nights_;
  std::string state_ = nights_ / "state";
};

TEST_F(Upgrade, IsReadAsItIs) {
  EXPECT_EQ(test::verify(state_).exit_code, 0) << test::verify(state_).out;
  EXPECT_EQ(test::run_process({PITWATCH_PROGRAM, "status", "--state", state_}).exit_code, 0);
  EXPECT_THAT(test::run_process({PITWATCH_PROGRAM, "alerts", "list", "--state", state_}).out, HasSubstr("licensed"));
}

TEST_F(Upgrade, NightsGoOnFromItOrSayThatItMustBeLearntAgain) {
  nights_.deliver(0, 40);
  const auto before = test::lasting_contents(state_ + "/sites");
  const Outcome next = run(state_);
  if (next.exit_code == 2) {  // its algorithm is a former one by now
    EXPECT_THAT(next.err, HasSubstr("algorithm version 4 -> "));
    EXPECT_THAT(next.err, HasSubstr("--relearn"));
    EXPECT_THAT(test::differences(before, test::lasting_contents(state_ + "/sites")), IsEmpty());
    const Outcome doctor = test::run_process({PITWATCH_PROGRAM, "doctor", "--state", state_});
    EXPECT_EQ(doctor.exit_code, 5);
    EXPECT_THAT(doctor.out, HasSubstr("--relearn"));
    const Outcome learnt = run(state_, {"--relearn"});
    EXPECT_EQ(learnt.exit_code, 0) << learnt.err;
  } else {
    EXPECT_EQ(next.exit_code, 0) << next.err;
    EXPECT_THAT(next.err, HasSubstr("tiny: 40 acquisitions, 8 new, 0 replayed"));
    const std::string whole = nights_ / "whole";
    ASSERT_EQ(run(whole).exit_code, 0);
    EXPECT_EQ(test::published_ids(state_), test::published_ids(whole));
  }
  expect_kept();
  EXPECT_EQ(run(state_).exit_code, 0) << "and the night after";
}

TEST_F(Upgrade, WithOtherTermsItIsLearntAgainOnlyWhenAskedToAndTheRecordStays) {
  nights_.deliver(0, 40);
  const auto before = test::lasting_contents(state_ + "/sites");
  const Outcome refused = run(state_, {"--confirm-observations", "4"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--relearn"));
  EXPECT_THAT(test::differences(before, test::lasting_contents(state_ + "/sites")), IsEmpty());
  const Outcome learnt = run(state_, {"--confirm-observations", "4", "--relearn"});
  EXPECT_EQ(learnt.exit_code, 0) << learnt.err;
  expect_kept();
}

}  // namespace
}  // namespace pitwatch
