// pitwatch run and rerun from outside: the same result whatever the order in which scenes arrive, however often it
// runs, and whenever it is killed.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/integration/alert_places.hpp"
#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::series;
using ::testing::HasSubstr;
using ::testing::Not;

class RunCli : public ::testing::Test {
 protected:
  std::vector<std::string> command(const std::string& source, const std::string& state,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{PITWATCH_PROGRAM, "run",  "--sites", series().sites(),
                                 "--source",       source, "--state", state};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::string alerts_of(const std::string& state) const { return test::read_text(state + "/alerts.geojson"); }

  /// Links the scenes from `first` to before `last` into a folder, as if they had arrived there.
  void deliver(const std::string& folder, std::size_t first, std::size_t last) const {
    fs::create_directories(folder);
    for (std::size_t i = first; i < std::min(last, series().names().size()); ++i) {
      fs::copy(series().scenes() + "/" + series().names()[i], folder + "/" + series().names()[i],
               fs::copy_options::recursive);
    }
  }

  /// Alerts of one run over all scenes: what every other way must come to.
  const std::string& expected() {
    static const std::string text = [this] {
      const test::Outcome run = test::run_process(command(series().scenes(), folder_ / "expected"));
      if (run.exit_code != 0) throw std::runtime_error(run.err);
      return alerts_of(folder_ / "expected");
    }();
    return text;
  }

  test::TemporaryFolder folder_;
};

/// Contents and times of change of all files below a folder, but for what is added to by every run: the runs' own
/// record.
std::map<std::string, std::pair<std::string, fs::file_time_type>> snapshot(const std::string& folder) {
  std::map<std::string, std::pair<std::string, fs::file_time_type>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    const bool is_record = path.find("/runs/") != std::string::npos || entry.path().filename() == "register.gpkg";
    const bool is_lock = entry.path().filename() == "lock";  // says who holds it, while somebody does
    if (entry.is_regular_file() && !is_record && !is_lock) {
      files[entry.path().string()] = {test::read_text(entry.path().string()), fs::last_write_time(entry.path())};
    }
  }
  return files;
}

TEST_F(RunCli, FindsSomething) {
  const json alerts = json::parse(expected());
  ASSERT_GT(alerts.at("features").size(), 0U);
  for (const json& alert : alerts.at("features")) {
    const json& properties = alert.at("properties");
    EXPECT_EQ(properties.at("site"), "small");
    EXPECT_LT(properties.at("onset_after"), properties.at("onset_before"));
    EXPECT_LE(properties.at("onset_before"), properties.at("first_detected"));
    EXPECT_LE(properties.at("first_detected"), properties.at("last_detected"));
    EXPECT_LE(properties.at("last_detected"), properties.at("last_observed"));
    EXPECT_FALSE(properties.at("scenes").at("after").empty());
  }
}

TEST_F(RunCli, ASecondRunChangesNoByte) {
  const std::string state = folder_ / "state";
  ASSERT_EQ(test::run_process(command(series().scenes(), state)).exit_code, 0);
  const auto before = snapshot(state);
  const test::Outcome again = test::run_process(command(series().scenes(), state));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("as before"));
  EXPECT_TRUE(before == snapshot(state));
}

TEST_F(RunCli, NightByNightAndLateScenesComeToTheSame) {
  const std::string inbox = folder_ / "inbox";
  const std::string state = folder_ / "state";
  const std::size_t all = series().names().size();
  // One scene comes late: after those of half a year.
  const std::size_t late = all - 18;
  for (const auto& [first, last] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, all - 30}, {all - 30, late}, {late + 1, all - 5}, {late, late + 1}, {all - 5, all}}) {
    deliver(inbox, first, last);
    ASSERT_EQ(test::run_process(command(inbox, state)).exit_code, 0);
  }
  // Paths are not part of the alerts.
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(RunCli, UntilAndThenTheRestComesToTheSame) {
  const std::string state = folder_ / "state";
  ASSERT_EQ(test::run_process(command(series().scenes(), state, {"--until", "2022-08-01"})).exit_code, 0);
  EXPECT_NE(alerts_of(state), expected());
  ASSERT_EQ(test::run_process(command(series().scenes(), state)).exit_code, 0);
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(RunCli, SameAlertsWhateverTheThreads) {
  ASSERT_EQ(test::run_process(command(series().scenes(), folder_ / "one", {"--threads", "1"})).exit_code, 0);
  ASSERT_EQ(test::run_process(command(series().scenes(), folder_ / "four", {"--threads", "4"})).exit_code, 0);
  EXPECT_EQ(alerts_of(folder_ / "one"), expected());
  EXPECT_EQ(alerts_of(folder_ / "four"), expected());
}

TEST_F(RunCli, RerunGivesTheSameAlerts) {
  const test::Outcome rerun = test::run_process({PITWATCH_PROGRAM, "rerun", "--sites", series().sites(), "--source",
                                                 series().scenes(), "--to", "2022-12-31", "--out", folder_ / "rerun"});
  ASSERT_EQ(rerun.exit_code, 0) << rerun.err;
  EXPECT_EQ(alerts_of(folder_ / "rerun"), expected());
  EXPECT_THAT(rerun.err, Not(HasSubstr("of the period")));
  const test::Outcome empty =
      test::run_process({PITWATCH_PROGRAM, "rerun", "--sites", series().sites(), "--source", series().scenes(),
                         "--from", "2023-06-01", "--to", "2023-07-01", "--out", folder_ / "empty"});
  EXPECT_EQ(empty.exit_code, 0) << empty.err;
  EXPECT_THAT(empty.err, HasSubstr("no acquisition of the period could be used"));
}

TEST_F(RunCli, KilledAtAnyMomentTheNextRunGoesOn) {
  const std::string state = folder_ / "state";
  for (const int milliseconds : {30, 120, 350, 700, 1200}) {
    const pid_t child = ::fork();
    if (child == 0) {
      const std::vector<std::string> words = command(series().scenes(), state, {"--quiet"});
      std::vector<char*> arguments;
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  ASSERT_EQ(test::run_process(command(series().scenes(), state)).exit_code, 0);
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(RunCli, ADamagedStateIsWorkedOutAgain) {
  const std::string state = folder_ / "state";
  ASSERT_EQ(test::run_process(command(series().scenes(), state)).exit_code, 0);
  for (const auto& entry : fs::directory_iterator(state + "/sites/small")) {
    fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
  }
  const test::Outcome repaired = test::run_process(command(series().scenes(), state));
  EXPECT_EQ(repaired.exit_code, 4);
  EXPECT_THAT(repaired.err, HasSubstr(".state"));
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(RunCli, ABadSceneIsSkippedAndTheOthersGoOn) {
  const std::string inbox = folder_ / "inbox";
  deliver(inbox, 0, series().names().size());
  const std::string victim = inbox + "/" + series().names()[series().names().size() - 4];
  const std::string raster = victim + "/B08.tif";
  const std::string whole = test::read_text(raster);
  test::write_text(raster, whole.substr(0, whole.size() / 2));
  test::write_text(inbox + "/broken.json", R"({"type": "Feature", "stac_version": "1.0.0"})");
  const test::Outcome run = test::run_process(command(inbox, folder_ / "state"));
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("B08.tif"));
  EXPECT_THAT(run.err, HasSubstr("broken.json"));
  EXPECT_GT(json::parse(alerts_of(folder_ / "state")).at("features").size(), 0U);
  // Told again, as it is new; and tried again when it has come whole.
  fs::remove(inbox + "/broken.json");
  const test::Outcome again = test::run_process(command(inbox, folder_ / "state"));
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_THAT(again.err, HasSubstr("still cannot be read"));
  test::write_text(raster, whole);
  EXPECT_EQ(test::run_process(command(inbox, folder_ / "state")).exit_code, 0);
  EXPECT_EQ(alerts_of(folder_ / "state"), expected());
}

/// Files that were laid out at their full size and filled later, servers that were away, rights that were missing:
/// nothing tells by the metadata that another try is worth while.
TEST_F(RunCli, WhatCouldNotBeReadIsTriedAgainEveryNight) {
  for (const std::size_t which : {std::size_t{3}, series().names().size() - 4}) {
    const std::string inbox = folder_ / ("inbox" + std::to_string(which));
    const std::string state = folder_ / ("state" + std::to_string(which));
    deliver(inbox, 0, series().names().size());
    const std::string raster = inbox + "/" + series().names()[which] + "/B08.tif";
    const std::string whole = test::read_text(raster);
    test::write_text(raster, std::string(whole.size(), '\0'));
    const test::Outcome first = test::run_process(command(inbox, state));
    EXPECT_EQ(first.exit_code, 4) << first.err;
    EXPECT_THAT(first.err, HasSubstr("B08.tif"));
    const test::Outcome second = test::run_process(command(inbox, state));
    // One of the last 30 days is told again; one that never came whole is not told for ever.
    EXPECT_EQ(second.exit_code, which == 3 ? 0 : 4) << second.err;
    EXPECT_THAT(second.err, HasSubstr(" 0 new, 0 replayed"));
    test::write_text(raster, whole);
    const test::Outcome dry = test::run_process(command(inbox, state, {"--dry-run"}));
    EXPECT_THAT(dry.err + dry.out, HasSubstr(" 1 new"));
    const test::Outcome third = test::run_process(command(inbox, state));
    EXPECT_EQ(third.exit_code, 0) << third.err;
    EXPECT_THAT(third.err, HasSubstr(" 1 new"));
    EXPECT_EQ(alerts_of(state), expected()) << which;
    EXPECT_THAT(test::run_process(command(inbox, state)).err, HasSubstr(" 0 new, 0 replayed"));
  }
}

TEST_F(RunCli, WhatWasReadAndFoundWrongIsNotTriedAgain) {
  const std::string inbox = folder_ / "inbox";
  deliver(inbox, 0, series().names().size());
  const std::string scene = inbox + "/" + series().names()[series().names().size() - 4];
  const std::string item = scene + "/" + fs::path(scene).filename().string() + ".json";
  json without = json::parse(test::read_text(item));
  std::erase_if(without["assets"].get_ref<json::object_t&>(),
                [](const auto& asset) { return asset.second.dump().find("B04") != std::string::npos; });
  test::write_text(item, without.dump());
  const test::Outcome first = test::run_process(command(inbox, folder_ / "state"));
  EXPECT_EQ(first.exit_code, 4) << first.err;
  EXPECT_THAT(first.err, HasSubstr("no asset for band B04"));
  EXPECT_THAT(test::run_process(command(inbox, folder_ / "state")).err, HasSubstr(" 0 new, 0 replayed"));
}

TEST_F(RunCli, ALongSiteIsWatchedInPanesAsOne) {
  const std::string sites = folder_ / "long.geojson";
  test::write_text(sites, R"({"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"id": "long", "name": "Long"}, "geometry": {"type": "Polygon", "coordinates":
    [[[46.55, 40.146], [46.705, 40.146], [46.705, 40.149], [46.55, 40.149], [46.55, 40.146]]]}}]})");
  const test::Outcome made = test::run_process({PITWATCH_PROGRAM,
                                                "simulate",
                                                "--sites",
                                                sites,
                                                "--from",
                                                "2021-01-01",
                                                "--until",
                                                "2022-10-31",
                                                "--every-days",
                                                "30",
                                                "--size-km",
                                                "14",
                                                "--clear-sky",
                                                "--disturbances",
                                                "100",
                                                "--decoys",
                                                "0",
                                                "--seed",
                                                "3",
                                                "--bands",
                                                "B02,B03,B04,B08,B11,B12",
                                                "--out",
                                                folder_ / "series"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string source = folder_ / "series/long";
  const auto run = [&](const std::string& state, const std::vector<std::string>& more) {
    std::vector<std::string> all{PITWATCH_PROGRAM, "run", "--sites", sites, "--source", source, "--state", state};
    all.insert(all.end(), more.begin(), more.end());
    return test::run_process(all);
  };
  const std::string state = folder_ / "state";
  ASSERT_EQ(run(state, {"--until", "2022-08-01", "--threads", "1"}).exit_code, 0);
  ASSERT_EQ(run(state, {}).exit_code, 0);
  EXPECT_THAT(test::names_in(state + "/sites/long"), ::testing::UnorderedElementsAre("pane-1-1", "pane-1-2"));
  const auto before = snapshot(state);
  EXPECT_THAT(run(state, {}).err, HasSubstr("as before"));
  EXPECT_TRUE(before == snapshot(state));
  // One after the other, or side by side.
  for (const char* const threads : {"1", "4"}) {
    ASSERT_EQ(run(folder_ / threads, {"--threads", threads, "--memory", "2GiB"}).exit_code, 0);
    EXPECT_EQ(alerts_of(folder_ / threads), alerts_of(state));
  }

  // Alerts on both sides of the border, each once; inspect tells of both what the run decided.
  constexpr double border = (46.55 + 46.705) / 2;
  std::map<bool, json> of_side;
  std::set<std::string> ids;
  const json alerts = json::parse(alerts_of(state));
  for (const json& alert : alerts.at("features")) {
    EXPECT_TRUE(ids.insert(alert.at("id")).second);
    if (alert.at("properties").at("status") == "confirmed") of_side[alert.at("bbox").at(0) > border] = alert;
  }
  ASSERT_EQ(of_side.size(), 2U);
  for (const auto& [is_east, alert] : of_side) {
    const test::Outcome seen = test::run_process({PITWATCH_PROGRAM, "inspect", "--sites", sites, "--source", source,
                                                  "--at", test::place_in(alert), "--format", "json"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(json::parse(seen.out).at("acquisitions").back().at("incidents").front().at("id"), alert.at("id"));
  }
}

TEST_F(RunCli, WatchesWithoutGreenAndWithTheNarrowInfraredForTheWide) {
  // The world of night_scenes(), seen with all bands and with fewer.
  const auto alerts_with = [&](const std::string& bands) {
    const std::string source = folder_ / bands;
    const std::string sites = test::night_scenes().sites();
    const test::Outcome made = test::run_process({PITWATCH_PROGRAM,
                                                  "simulate",
                                                  "--sites",
                                                  sites,
                                                  "--from",
                                                  "2021-07-01",
                                                  "--until",
                                                  "2022-12-31",
                                                  "--every-days",
                                                  "10",
                                                  "--history-days",
                                                  "150",
                                                  "--size-km",
                                                  "1.5",
                                                  "--clear-sky",
                                                  "--bands",
                                                  bands,
                                                  "--seed",
                                                  "7",
                                                  "--out",
                                                  source});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const std::string state = source + "-state";
    const test::Outcome run = test::run_process({PITWATCH_PROGRAM, "run", "--sites", sites, "--source",
                                                 source + "/small", "--state", state, "--history-days", "150"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return json::parse(alerts_of(state)).at("features");
  };
  const json fewer = alerts_with("B02,B04,B8A,B11");
  const auto middle = [](const json& alert, std::size_t axis) {
    return (alert.at("bbox").at(axis).get<double>() + alert.at("bbox").at(axis + 2).get<double>()) / 2;
  };
  const auto is_over = [&](const json& other, const json& alert) {
    const json& box = other.at("bbox");
    return middle(alert, 0) > box.at(0) && middle(alert, 0) < box.at(2) && middle(alert, 1) > box.at(1) &&
           middle(alert, 1) < box.at(3);
  };
  std::size_t large = 0;
  for (const json& alert : alerts_with("B02,B03,B04,B08,B11,B12")) {
    if (alert.at("properties").at("status") != "confirmed" || alert.at("properties").at("area_ha") < 0.7) continue;
    ++large;
    const bool found =
        std::any_of(fewer.begin(), fewer.end(), [&](const json& other) { return is_over(other, alert); });
    EXPECT_TRUE(found) << alert.at("id");
  }
  EXPECT_GE(large, 3U);
}

TEST_F(RunCli, WatchesByNdviAloneWhateverTheNights) {
  // All scenes with red, near infrared and their classification; the last without near infrared.
  const std::string source = folder_ / "two-bands";
  deliver(source, 0, series().names().size());
  const auto take_bands = [&](const std::string& name, const std::vector<std::string>& bands) {
    const std::string path = source + "/" + name + "/" + name + ".json";
    json item = json::parse(test::read_text(path));
    json kept = json::object();
    for (const auto& [key, asset] : item.at("assets").items()) {
      const std::string file = fs::path(asset.at("href").get<std::string>()).stem();
      if (std::find(bands.begin(), bands.end(), file) != bands.end()) kept[key] = asset;
    }
    item["assets"] = kept;
    test::write_text(path, item.dump());
  };
  for (const std::string& name : series().names()) take_bands(name, {"B04", "B08", "SCL"});
  const std::string lacking = series().names().back();
  take_bands(lacking, {"B04", "SCL"});
  const test::Outcome at_once = test::run_process(command(source, folder_ / "at-once"));
  EXPECT_EQ(at_once.exit_code, 4);
  EXPECT_THAT(at_once.err, HasSubstr("no asset for band B08"));
  const json alerts = json::parse(alerts_of(folder_ / "at-once")).at("features");
  ASSERT_GE(alerts.size(), 1U);
  std::size_t found = 0;
  for (const json& alert : alerts) {
    const json& properties = alert.at("properties");
    EXPECT_TRUE(properties.at("change").contains("ndvi"));
    EXPECT_FALSE(properties.at("change").contains("nbr"));
    EXPECT_NE(properties.at("class"), "burn");
    found += properties.at("status") == "confirmed" ? 1 : 0;
  }
  EXPECT_GE(found, 1U);
  // Night after night: what each pixel's outliers are is kept.
  EXPECT_EQ(test::run_process(command(source, folder_ / "nights", {"--until", "2022-08-01"})).exit_code, 0);
  EXPECT_EQ(test::run_process(command(source, folder_ / "nights")).exit_code, 4);
  EXPECT_EQ(alerts_of(folder_ / "nights"), alerts_of(folder_ / "at-once"));
}

TEST_F(RunCli, AnAcquisitionThatLacksABandOfTheSitesHistoryIsSkippedAndNamed) {
  const std::string source = folder_ / "inbox";
  deliver(source, 0, series().names().size());
  const std::string name = series().names().back();
  const std::string path = source + "/" + name + "/" + name + ".json";
  json item = json::parse(test::read_text(path));
  for (auto asset = item["assets"].begin(); asset != item["assets"].end(); ++asset) {
    if (!asset->at("href").get<std::string>().ends_with("B12.tif")) continue;
    item["assets"].erase(asset);
    break;
  }
  test::write_text(path, item.dump());
  const test::Outcome run = test::run_process(command(source, folder_ / "state"));
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr(name));
  EXPECT_THAT(run.err, HasSubstr("no asset for band B12"));
}

TEST_F(RunCli, TellsOfAShortHistory) {
  const auto warning = [&](const std::string& days) {
    return test::run_process(command(series().scenes(), folder_ / days, {"--history-days", days})).err;
  };
  EXPECT_THAT(warning("60"), HasSubstr("site 'small' is used: its history shows 99 % of it too seldom to judge it"));
  EXPECT_THAT(warning("150"), HasSubstr("too few clear acquisitions for seasons in"));
  EXPECT_THAT(warning("365"), ::testing::Not(HasSubstr("its history")));
}

TEST_F(RunCli, TellsWhyNoAcquisitionWasOfUse) {
  const std::string inbox = folder_ / "inbox";
  deliver(inbox, 0, series().names().size());
  for (const std::string& name : series().names()) test::write_text(inbox + "/" + name + "/B08.tif", "no raster");
  const test::Outcome run = test::run_process(command(inbox, folder_ / "state"));
  EXPECT_EQ(run.exit_code, 4) << run.err;
  EXPECT_THAT(run.err, HasSubstr("site small"));
  EXPECT_THAT(run.err, ::testing::ContainsRegex("no usable acquisition before [0-9-]+: .*B08"));
}

TEST_F(RunCli, LinksThatLeadNowhereAreNamedAndTheRestGoesOn) {
  const std::string inbox = folder_ / "inbox";
  deliver(inbox, 0, 3);
  fs::create_symlink("loop", inbox + "/loop");
  fs::create_symlink("gone", inbox + "/latest");
  const test::Outcome run = test::run_process(command(inbox, folder_ / "state"));
  EXPECT_EQ(run.exit_code, 4) << run.err;
  EXPECT_THAT(run.err, HasSubstr(inbox + "/loop: "));
  EXPECT_THAT(run.err, HasSubstr(inbox + "/latest: a link to nothing"));
  EXPECT_TRUE(fs::exists(folder_ / "state/alerts.geojson"));
}

TEST_F(RunCli, OneRunAtATime) {
  const std::string state = folder_ / "state";
  fs::create_directories(state);
  const int lock = ::open((state + "/lock").c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const test::Outcome run = test::run_process(command(series().scenes(), state));
  EXPECT_EQ(run.exit_code, 75);
  EXPECT_THAT(run.err, HasSubstr("another run"));
  ::close(lock);
}

TEST_F(RunCli, DryRunWritesNothing) {
  const test::Outcome run = test::run_process(command(series().scenes(), folder_ / "state", {"--dry-run"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("new"));
  EXPECT_FALSE(fs::exists(folder_ / "state"));
}

TEST_F(RunCli, Failures) {
  const std::string state = folder_ / "state";
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(test::run_process(command(folder_ / "empty", state)).exit_code, 3);
  EXPECT_EQ(test::run_process(command(folder_ / "none", state)).exit_code, 3);
  EXPECT_EQ(test::run_process(command(series().scenes(), state, {"--min-area-ha", "0"})).exit_code, 2);
  EXPECT_EQ(test::run_process(command(series().scenes(), state, {"--history-days", "1"})).exit_code, 2);
  EXPECT_EQ(test::run_process(command(series().scenes(), state, {"--memory", "8MiB"})).exit_code, 2);
  // States of other options go where that is asked for.
  ASSERT_EQ(test::run_process(command(series().scenes(), state)).exit_code, 0);
  ASSERT_EQ(test::run_process(command(series().scenes(), state, {"--min-area-ha", "0.1", "--relearn"})).exit_code, 0);
  const auto states = test::names_in(state + "/sites/small");
  EXPECT_LE(states.size(), 4U);
  const auto again = snapshot(state);
  ASSERT_EQ(test::run_process(command(series().scenes(), state, {"--min-area-ha", "0.1"})).exit_code, 0);
  EXPECT_TRUE(again == snapshot(state));
  EXPECT_EQ(test::run_process({PITWATCH_PROGRAM, "run", "--sites", series().sites()}).exit_code, 2);
}

}  // namespace
}  // namespace pitwatch
