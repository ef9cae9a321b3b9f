// A year of nightly runs that are killed, run out of space, get scenes in any order, and start while another works: the
// folder of the state must come to the same bytes as without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <iostream>
#include <map>
#include <random>

#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::Contents;
using test::differences;
using test::lasting_contents;
using ::testing::HasSubstr;

/// A small site, a year of history and a year of nights, made once.
class Years {
 public:
  Years() {
    test::write_text(folder_ / "site.geojson", R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152], [46.610, 40.152], [46.610, 40.146]]]}}]})");
    const test::Outcome made = test::run_process(
        {PITWATCH_PROGRAM, "simulate", "--sites", sites(), "--from", "2021-01-01", "--until", "2022-12-31", "--size-km",
         "1", "--bands", "B02,B03,B04,B08,B11,B12", "--seed", "11", "--out", folder_ / "series"});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
    for (const std::string& name : test::names_in(folder_ / "series/small")) {
      if (name.rfind("S2", 0) == 0) names_.push_back(name);
    }
    // By date: the third part of S2A_38TPK_20210106_0_L2A_small; a second edition comes after the first.
    std::sort(names_.begin(), names_.end(),
              [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
    nights_from_ =
        static_cast<std::size_t>(std::find_if(names_.begin(), names_.end(),
                                              [](const std::string& name) { return name.substr(10, 4) == "2022"; }) -
                                 names_.begin());
  }
  std::string sites() const { return folder_ / "site.geojson"; }
  std::size_t size() const { return names_.size(); }
  /// The first scene after the history and its margin, which the first run takes in.
  std::size_t nights_from() const { return nights_from_; }
  /// Of two that follow each other: S2A_38TPK_20210106 is what their names have in common.
  bool are_of_one_acquisition(std::size_t a, std::size_t b) const {
    constexpr std::size_t digits = 18;
    return names_[a].substr(0, digits) == names_[b].substr(0, digits);
  }
  void deliver(std::size_t scene, const std::string& inbox) const {
    fs::copy(folder_ / ("series/small/" + names_[scene]), inbox + "/" + names_[scene],
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }

 private:
  test::TemporaryFolder folder_;
  std::vector<std::string> names_;
  std::size_t nights_from_ = 0;
};

const Years& years() {
  static const Years made;
  return made;
}

class RunForAYear : public ::testing::Test {
 protected:
  RunForAYear() { fs::create_directories(inbox_); }

  std::vector<std::string> command(const std::string& state) const {
    // The paths of the scenes must be the same in all runs that are compared.
    return {PITWATCH_PROGRAM, "run",     "--sites", years().sites(), "--source",
            inbox_,           "--state", state,     "--buffer-m",    "100"};
  }
  test::Outcome run(const std::string& state) const { return test::run_process(command(state)); }

  void deliver(std::size_t first, std::size_t last) const {
    for (std::size_t scene = first; scene < last; ++scene) years().deliver(scene, inbox_);
  }

  std::mt19937 random_{test::seed_of_run()};
  test::TemporaryFolder folder_;
  std::string inbox_ = folder_ / "inbox";
};

TEST_F(RunForAYear, AHundredKillsChangeNoByte) {
  constexpr std::size_t kills = 100;
  constexpr std::size_t last_nights = 5;  // more than the checkpoints that are kept
  const std::string undisturbed = folder_ / "undisturbed";
  const std::string killed = folder_ / "killed";
  const std::size_t nights = years().size() - years().nights_from();
  std::size_t done = 0;
  deliver(0, years().nights_from());
  for (std::size_t night = 0; night < nights; ++night) {
    years().deliver(years().nights_from() + night, inbox_);
    // Of two editions the first that is taken in stays: which that is must not depend on a night that was killed.
    while (night + 1 < nights &&
           years().are_of_one_acquisition(years().nights_from() + night, years().nights_from() + night + 1)) {
      years().deliver(years().nights_from() + ++night, inbox_);
    }
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(run(undisturbed).exit_code, 0);
    const auto duration = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start).count();
    // Some are over before they are killed: those do not count.
    for (int tries = 0; done * nights < kills * (night + 1); ++tries) {
      ASSERT_LT(tries, 1000);
      const milliseconds moment(random_() % static_cast<unsigned>(duration + 1));
      const test::Outcome cut = test::run_process({command(killed), {}, {}, moment});
      if (cut.exit_code == -1) ++done;
    }
    // Of some nights nothing is left but what was killed: the next one takes both scenes in.
    if (random_() % 2 == 0 && night + last_nights < nights) continue;
    const test::Outcome finished = run(killed);
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    ASSERT_EQ(test::read_text(killed + "/alerts.geojson"), test::read_text(undisturbed + "/alerts.geojson"))
        << "night " << night << " of " << nights << ", after " << done << " kills";
  }
  EXPECT_EQ(done, kills);
  // Which checkpoints are there behind the newest depends on the nights; that is what everything continues from.
  const Contents a = lasting_contents(undisturbed + "/sites/small");
  const Contents b = lasting_contents(killed + "/sites/small");
  ASSERT_FALSE(a.empty() || b.empty());
  EXPECT_EQ(a.rbegin()->first, b.rbegin()->first);
  EXPECT_TRUE(a.rbegin()->second == b.rbegin()->second);
}

TEST_F(RunForAYear, AFullDiskAtAnyWriteLosesNothing) {
  const std::string state = folder_ / "state";
  const std::string undisturbed = folder_ / "undisturbed";
  deliver(0, years().size() - 1);
  ASSERT_EQ(run(undisturbed).exit_code, 0);

  // The first run writes a state after learning and checkpoints.
  std::vector<std::uintmax_t> of_states;
  for (const auto& [name, text] : lasting_contents(undisturbed)) {
    if (name.ends_with(".state")) of_states.push_back(text.size());
  }
  ASSERT_GE(of_states.size(), 2U);
  // Which file is the first that does not fit depends on the sizes: notes of what was read, a checkpoint, a manifest.
  const auto fails_and_says_so = [&](std::uintmax_t largest, const std::string& file) {
    const test::Outcome full = test::run_process({command(state), {}, largest, {}});
    EXPECT_EQ(full.exit_code, 1) << full.err;
    EXPECT_THAT(full.err, HasSubstr(file));
    EXPECT_THAT(full.err, HasSubstr("File too large"));
    // On a slow machine progress is told beside it.
    const std::vector<std::string> lines = test::lines_of(full.err);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const std::string& line) { return line.find(": error: ") != std::string::npos; }),
              1)
        << full.err;
    for (const auto& [name, text] : lasting_contents(state)) {
      EXPECT_EQ(name.find(".tmp-"), std::string::npos) << name << " was left behind";
    }
  };
  std::sort(of_states.begin(), of_states.end());
  for (const std::uintmax_t size : of_states) fails_and_says_so(size - 1, "/state/");
  for (const std::uintmax_t size : of_states) {
    fails_and_says_so(std::max<std::uintmax_t>(size / 2, 8192), "/state/");
  }
  ASSERT_EQ(run(state).exit_code, 0);
  EXPECT_THAT(differences(lasting_contents(undisturbed), lasting_contents(state)), ::testing::IsEmpty());

  // A night with one more scene: what was there stays as it was.
  years().deliver(years().size() - 1, inbox_);
  ASSERT_EQ(run(undisturbed).exit_code, 0);
  const Contents before = lasting_contents(state);
  std::uintmax_t newest = 0;
  for (const auto& [name, text] : lasting_contents(undisturbed)) {
    if (name.ends_with(".state") && before.count(name) == 0) newest = text.size();
  }
  ASSERT_GT(newest, 3U * 8192U);
  for (const std::uintmax_t largest : {std::uintmax_t{8192}, newest / 3, newest - 1}) {
    fails_and_says_so(largest, "/state/");
    EXPECT_THAT(differences(before, lasting_contents(state)), ::testing::IsEmpty());
  }
  ASSERT_EQ(run(state).exit_code, 0);
  EXPECT_THAT(differences(lasting_contents(undisturbed), lasting_contents(state)), ::testing::IsEmpty());

  // Alerts and register alone: the register comes first.
  fs::remove(state + "/alerts.geojson");
  const std::uintmax_t alerts = fs::file_size(undisturbed + "/alerts.geojson");
  ASSERT_GT(alerts, 8192U);
  fails_and_says_so(8192, "register.gpkg");
  EXPECT_FALSE(fs::exists(state + "/alerts.geojson"));
  ASSERT_EQ(run(state).exit_code, 0);
  EXPECT_THAT(differences(lasting_contents(undisturbed), lasting_contents(state)), ::testing::IsEmpty());
}

TEST_F(RunForAYear, ScenesInAnyOrderAndTwiceComeToTheSame) {
  const std::string in_order = folder_ / "in_order";
  const std::string shuffled = folder_ / "shuffled";
  const std::size_t all = years().size();
  // Editions of one acquisition come together: which one was there first is the one that stays.
  std::vector<std::vector<std::size_t>> acquisitions;
  for (std::size_t scene = 0; scene < all; ++scene) {
    if (scene == 0 || !years().are_of_one_acquisition(scene - 1, scene)) acquisitions.emplace_back();
    acquisitions.back().push_back(scene);
  }
  std::shuffle(acquisitions.begin(), acquisitions.end(), random_);
  constexpr std::size_t per_night = 12;
  for (std::size_t begin = 0; begin < acquisitions.size(); begin += per_night) {
    for (std::size_t i = begin; i < std::min(acquisitions.size(), begin + per_night); ++i) {
      for (const std::size_t scene : acquisitions[i]) years().deliver(scene, inbox_);
      // Some come again.
      for (const std::size_t scene : acquisitions[random_() % (i + 1)]) years().deliver(scene, inbox_);
    }
    const test::Outcome night = run(shuffled);
    ASSERT_EQ(night.exit_code, 0) << night.err;
  }
  // The same product once more, in a folder of its own.
  const std::string copies = inbox_ + "/again";
  fs::create_directories(copies);
  for (int i = 0; i < 5; ++i) years().deliver(random_() % all, copies);
  ASSERT_EQ(run(shuffled).exit_code, 0);
  fs::remove_all(copies);
  ASSERT_EQ(run(in_order).exit_code, 0);
  EXPECT_EQ(test::read_text(shuffled + "/alerts.geojson"), test::read_text(in_order + "/alerts.geojson"));
  const Contents a = lasting_contents(in_order + "/sites/small");
  const Contents b = lasting_contents(shuffled + "/sites/small");
  ASSERT_FALSE(a.empty() || b.empty());
  // Which checkpoints are there depends on the nights; the last is what everything continues from.
  EXPECT_EQ(a.rbegin()->first, b.rbegin()->first);
  EXPECT_TRUE(a.rbegin()->second == b.rbegin()->second);
}

TEST_F(RunForAYear, OfTwoRunsAtOnceTheSecondLeaves) {
  const std::string state = folder_ / "state";
  deliver(0, years().size());
  auto first = std::async(std::launch::async, [&] { return run(state); });
  while (!fs::exists(state + "/lock")) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(50));
  const test::Outcome second = run(state);
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_THAT(second.err, HasSubstr(state + ": another run is working on this state"));
  EXPECT_EQ(test::lines_of(second.err).size(), 1U) << second.err;
  ASSERT_EQ(first.get().exit_code, 0);
  const Contents whole = lasting_contents(state);
  ASSERT_EQ(run(state).exit_code, 0);
  EXPECT_THAT(differences(whole, lasting_contents(state)), ::testing::IsEmpty());
}

}  // namespace
}  // namespace pitwatch
