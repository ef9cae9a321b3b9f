// Coverage from outside: a simulated feed with holes of known days, and ground that is under cloud.

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "pipeline/register/register.hpp"
#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::names_in;
using test::night_scenes;
using test::Outcome;
using test::read_text;
using test::run_process;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint16_t cloud_shadow = 3;  // of the scene classification
constexpr int margin_px = 4;               // --cloud-margin-m: what is so near to it is not believed either

using Dataset = std::unique_ptr<void, void (*)(GDALDatasetH)>;

/// All numbers of a one-band raster, row by row.
struct Numbers {
  int width = 0;
  int height = 0;
  std::vector<int> values;
};

Numbers numbers_of(const std::string& path) {
  GDALAllRegister();
  const Dataset file(GDALOpen(path.c_str(), GA_ReadOnly), GDALClose);
  if (file == nullptr) throw std::runtime_error("cannot open " + path);
  Numbers numbers{GDALGetRasterXSize(file.get()), GDALGetRasterYSize(file.get()), {}};
  numbers.values.resize(static_cast<std::size_t>(numbers.width) * static_cast<std::size_t>(numbers.height));
  EXPECT_EQ(GDALRasterIO(GDALGetRasterBand(file.get(), 1), GF_Read, 0, 0, numbers.width, numbers.height,
                         numbers.values.data(), numbers.width, numbers.height, GDT_Int32, 0, 0),
            CE_None);
  return numbers;
}

/// Whether nothing within the margin is masked.
bool is_clear(const Numbers& mask, int x, int y) {
  for (int v = std::max(0, y - margin_px); v <= std::min(mask.height - 1, y + margin_px); ++v) {
    for (int u = std::max(0, x - margin_px); u <= std::min(mask.width - 1, x + margin_px); ++u) {
      if (mask.values[static_cast<std::size_t>(v) * static_cast<std::size_t>(mask.width) +
                      static_cast<std::size_t>(u)] != 0) {
        return false;
      }
    }
  }
  return true;
}

/// "20210706" of S2A_38TPK_20210706_0_L2A_small.
std::string day_in(const std::string& name) { return name.substr(10, 8); }

/// Of 20221223T074431.024Z_mask.tif.
Instant when_in(const std::string& name) { return parse_instant(name.substr(0, name.find('_'))); }

/// Scenes every 10 days, satellites in turn. From July 2022 on a third of the ground is in the shadow of a cloud; of
/// March and April 2022 four acquisitions are wholly in it; three of May and June 2022 never came.
class CoverageCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    state_ = *nights_ / "state";
    nights_->deliver(0, night_scenes().names().size());
    for (const std::string& name : night_scenes().names()) {
      const std::string day = day_in(name);
      if (day >= "20220520" && day < "20220619") {
        fs::remove_all(nights_->inbox() + "/" + name);
        removed_.push_back(day);
      } else if (day >= "20220310" && day < "20220418") {
        cover(name, 1);
        covered_.push_back(day);
      } else if (day >= "20220701") {
        cover(name, 3);
      }
    }
    // The gate finds that these shadows are none.
    const Outcome ran = nights_->run(state_, {"--gate", "off", "--write-masks", *nights_ / "masks"});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    last_ = day_in(night_scenes().names().back());
  }
  static void TearDownTestSuite() {
    delete nights_;
    nights_ = nullptr;
  }

  /// A cloud's shadow over the first columns of a scene, one of so many parts.
  static void cover(const std::string& name, int parts) {
    const std::string path = nights_->inbox() + "/" + name + "/SCL.tif";
    const Plane<std::uint16_t> before = BandFile(path).read_spread(std::int64_t{1} << 24);
    const Grid grid = BandFile(path).grid();
    Plane<std::uint16_t> after(before.width(), before.height());
    for (int y = 0; y < after.height(); ++y) {
      for (int x = 0; x < after.width(); ++x) {
        after.at(x, y) = x < before.width() / parts ? cloud_shadow : before.at(x, y);
      }
    }
    write_geotiff_u16(path, grid, std::as_const(after).view(), 0);
  }

  static Outcome coverage(const std::vector<std::string>& more, const std::string& state = {}) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "coverage", "--state", state.empty() ? state_ : state};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }
  static json site_of(const std::string& text) { return json::parse(text).at("sites").at(0); }

  static test::Nights* nights_;
  static std::string state_;
  static std::vector<std::string> removed_;
  static std::vector<std::string> covered_;
  static std::string last_;
};

test::Nights* CoverageCli::nights_ = nullptr;
std::string CoverageCli::state_;
std::vector<std::string> CoverageCli::removed_;
std::vector<std::string> CoverageCli::covered_;
std::string CoverageCli::last_;

TEST_F(CoverageCli, NamesWhatNeverCameAndWhatWasUnderCloudWithItsDays) {
  ASSERT_THAT(removed_, SizeIs(3));
  ASSERT_THAT(covered_, SizeIs(4));
  const Outcome found = coverage({"--now", last_, "--json", "--gap-days", "25"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const json site = site_of(found.out);
  std::set<std::string> days;  // two products may be of one acquisition
  for (const std::string& name : night_scenes().names()) days.insert(day_in(name));
  const std::size_t all = days.size();
  EXPECT_EQ(site.at("overpasses").at("received"), all - 3);
  EXPECT_EQ(site.at("overpasses").at("expected"), all);
  EXPECT_EQ(site.at("overpasses").at("missed"), 3);
  EXPECT_EQ(site.at("overpasses").at("masked"), 4);
  EXPECT_EQ(site.at("overpasses").at("unknown"), 0);
  ASSERT_THAT(site.at("outages"), SizeIs(1));
  const json& outage = site.at("outages").at(0);
  EXPECT_EQ(outage.at("what"), "nothing");
  EXPECT_EQ(outage.at("missed"), 3);
  EXPECT_EQ(outage.at("days"), 40);
  ASSERT_THAT(site.at("gaps"), SizeIs(2));
  const json& cloud = site.at("gaps").at(0);
  EXPECT_EQ(cloud.at("days"), 49);
  EXPECT_EQ(cloud.at("overpasses").at("masked"), 4);
  EXPECT_EQ(cloud.at("overpasses").at("missed"), 0);
  const json& silence = site.at("gaps").at(1);
  EXPECT_EQ(silence.at("days"), 39);
  EXPECT_EQ(silence.at("overpasses").at("received"), 0);
  EXPECT_EQ(site.at("blind_days"), 88);
  EXPECT_EQ(site.at("longest_gap"), cloud);
  // The day before the first that was missed, and the one after the last, are days of sight.
  EXPECT_EQ(format_instant(parse_instant(silence.at("first_day").get<std::string>()) + std::chrono::days(9)),
            format_instant(parse_instant(removed_.front())));
  EXPECT_EQ(format_instant(parse_instant(silence.at("last_day").get<std::string>()) - std::chrono::days(9)),
            format_instant(parse_instant(removed_.back())));
  for (const json& track : site.at("tracks")) EXPECT_EQ(track.at("every_days"), 20);
}

TEST_F(CoverageCli, ShareOfBlindPixelsIsThatOfAnIndependentCount) {
  // Days since each pixel was clear, from the masks of the run.
  const std::string masks = *nights_ / "masks/small";
  std::vector<int> since;
  const Instant newest = when_in(names_in(masks).back());
  for (const std::string& name : names_in(masks)) {
    const Instant when = when_in(name);
    const Numbers mask = numbers_of(masks + "/" + name);
    since.resize(mask.values.size(), 65535);
    const auto days = static_cast<int>(std::chrono::floor<std::chrono::days>(newest - when).count());
    std::size_t i = 0;
    for (int y = 0; y < mask.height; ++y) {
      for (int x = 0; x < mask.width; ++x, ++i) {
        if (is_clear(mask, x, y)) since[i] = days;
      }
    }
  }
  constexpr int limit = 150;  // since July
  const std::string out = *nights_ / "blind";
  const Outcome found = coverage({"--now", last_, "--json", "--out", out, "--blind-days", std::to_string(limit)});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const json sight = site_of(found.out).at("sight");
  const Numbers raster = numbers_of(out + "/coverage-small.tif");
  ASSERT_EQ(raster.values.size(), since.size());
  const auto is_blind = [&](int days) { return days >= limit; };
  const auto blind = std::count_if(since.begin(), since.end(), is_blind);
  EXPECT_EQ(sight.at("pixels"), since.size());
  EXPECT_EQ(sight.at("blind_pixels"), blind);
  for (std::size_t i = 0; i < since.size(); ++i) EXPECT_EQ(is_blind(raster.values[i]), is_blind(since[i])) << i;
  EXPECT_GT(blind, static_cast<std::ptrdiff_t>(since.size() / 5));
  EXPECT_LT(blind, static_cast<std::ptrdiff_t>(since.size() / 2));

  // Later, all of it has been unseen for so much longer; of an earlier day the checkpoints do not know it any more.
  constexpr int later = 100;
  const std::string day = format_day(parse_instant(last_) + std::chrono::days(later));
  const json aged = site_of(coverage({"--now", day, "--json", "--blind-days", std::to_string(limit)}).out).at("sight");
  EXPECT_EQ(aged.at("blind_pixels"),
            std::count_if(raster.values.begin(), raster.values.end(), [&](int days) { return days + later >= limit; }));
  EXPECT_GT(aged.at("blind_pixels"), blind);
  EXPECT_EQ(aged.at("as_of").get<std::string>().substr(0, 10), day);
  const std::string before = *nights_ / "before";
  const Outcome earlier = coverage({"--to", "2022-08-01", "--json", "--out", before});
  const json of_earlier = site_of(earlier.out);
  EXPECT_TRUE(of_earlier.at("sight").is_null());
  EXPECT_EQ(of_earlier.at("seen_later").get<std::string>().substr(0, 10), format_day(parse_instant(last_)));
  EXPECT_FALSE(std::filesystem::exists(before + "/coverage-small.tif"));
  EXPECT_THAT(coverage({"--to", "2022-08-01"}).out, HasSubstr("which were not seen on that day is not known"));
}

TEST_F(CoverageCli, FeedThatStoppedIsExitCodeFive) {
  EXPECT_EQ(coverage({"--now", last_}).exit_code, 0);
  const Outcome stopped = coverage({"--now", "2023-03-01"});
  EXPECT_EQ(stopped.exit_code, 5);
  EXPECT_THAT(stopped.out,
              HasSubstr("look at this: site small: nothing received since " + format_day(parse_instant(last_))));
  EXPECT_EQ(coverage({}).exit_code, 5);  // by the clock
  EXPECT_EQ(coverage({"--now", "2023-03-01", "--missed", "1000"}).exit_code, 0);
  // As it was while nothing came, and before.
  EXPECT_EQ(coverage({"--to", "2022-06-18", "--missed", "1"}).exit_code, 5);
  EXPECT_EQ(coverage({"--to", "2022-05-20"}).exit_code, 0);
}

TEST_F(CoverageCli, StatusTellsItWhereItIsAskedFor) {
  const auto status = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "status", "--state", state_};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  };
  EXPECT_EQ(status({}).exit_code, 0);
  const Outcome text = status({"--coverage"});
  EXPECT_EQ(text.exit_code, 5);  // by the clock
  const std::string since = "nothing received since " + format_day(parse_instant(last_));
  EXPECT_THAT(text.out, HasSubstr("look at this: site small: " + since));
  EXPECT_THAT(text.out, HasSubstr("blind days"));
  const json told = site_of(status({"--coverage", "--json"}).out).at("coverage");
  const json whole = site_of(coverage({"--json"}).out);
  for (const char* const count : {"expected", "received", "usable", "masked", "skipped"}) {
    EXPECT_EQ(told.at(count), whole.at("overpasses").at(count)) << count;
  }
  EXPECT_EQ(told.at("blind_days"), whole.at("blind_days"));
  EXPECT_GT(told.at("longest_gap_days"), 14);
  EXPECT_GT(told.at("blind_share"), 0);
  EXPECT_FALSE(site_of(status({"--json"}).out).contains("coverage"));
}

TEST_F(CoverageCli, WritesItsFilesAndChangesNothing) {
  const auto before = test::lasting_contents(state_);
  const std::string out = *nights_ / "first";
  const Outcome first = coverage({"--now", last_, "--out", out});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("ground not seen for 30 days"));
  EXPECT_THAT(first.out, HasSubstr("nothing received from"));
  EXPECT_THAT(names_in(out), ElementsAre("coverage-small.tif", "coverage.csv", "coverage.json"));
  EXPECT_EQ(test::lasting_contents(state_), before);
  const std::string again = *nights_ / "again";
  const Outcome second = coverage({"--now", last_, "--out", again, "--json", "--threads", "1"});
  EXPECT_EQ(second.out, read_text(out + "/coverage.json"));
  for (const std::string& name : names_in(out)) EXPECT_EQ(read_text(out + "/" + name), read_text(again + "/" + name));
  int received = 0;
  int blind = 0;
  for (const CsvRow& row : read_csv(out + "/coverage.csv", {"site", "month", "expected", "received", "blind_days"})) {
    received += std::stoi(row.cells.at("received"));
    blind += std::stoi(row.cells.at("blind_days"));
  }
  const json site = site_of(read_text(out + "/coverage.json"));
  EXPECT_EQ(site.at("overpasses").at("received"), received);
  EXPECT_EQ(site.at("blind_days"), blind);
}

TEST_F(CoverageCli, SharesThatAreNotOnRecordAreUnknownAndDamageIsNamed) {
  const std::string state = *nights_ / "forgetful";
  test::Nights::copy(state_, state);
  ASSERT_EQ(nights_->run(state, {"--gate", "off"}).exit_code, 0);
  std::vector<std::string> manifests = names_in(state_ + "/runs");
  std::erase_if(manifests, [](const std::string& name) { return !name.ends_with(".json"); });
  ASSERT_THAT(manifests, SizeIs(1));
  const std::string first = state + "/runs/" + manifests.front();
  test::write_text(first, std::string(100'000, '['));
  const Outcome damaged = coverage({"--now", last_, "--json"}, state);
  EXPECT_EQ(damaged.exit_code, 4) << damaged.err;
  EXPECT_THAT(damaged.err, HasSubstr(fs::path(first).filename().string()));
  const json overpasses = site_of(damaged.out).at("overpasses");
  EXPECT_EQ(overpasses.at("unknown"), overpasses.at("received"));
  EXPECT_EQ(overpasses.at("usable"), 0);
  EXPECT_EQ(site_of(damaged.out).at("last_usable"), nullptr);
}

std::vector<RegisteredCoverage> of_kind(const std::string& state, CoverageKind kind) {
  std::vector<RegisteredCoverage> rows = read_coverage(state + "/register.gpkg");
  std::erase_if(rows, [&](const RegisteredCoverage& row) { return row.kind != kind; });
  return rows;
}

TEST_F(CoverageCli, TheRegisterHasWhatWasNotSeen) {
  const json site = site_of(coverage({"--now", last_, "--json"}).out);
  const std::vector<RegisteredCoverage> gaps = of_kind(state_, CoverageKind::gap);
  ASSERT_THAT(gaps, SizeIs(3));
  for (std::size_t i = 0; i < 2; ++i) {
    const json& known = site.at("gaps").at(i);
    EXPECT_EQ(gaps[i].site, "small");
    EXPECT_EQ(gaps[i].standing, CoverageStanding::ended);
    EXPECT_EQ(format_day(gaps[i].begins), known.at("first_day"));
    EXPECT_EQ(format_day(gaps[i].ends.value()), known.at("last_day"));
    EXPECT_EQ(gaps[i].days, known.at("days"));
    EXPECT_EQ(gaps[i].expected, known.at("overpasses").at("expected"));
    EXPECT_EQ(gaps[i].received, known.at("overpasses").at("received"));
    EXPECT_EQ(gaps[i].masked, known.at("overpasses").at("masked"));
  }
  // Since the last scene, by the clock.
  EXPECT_EQ(gaps[2].begins, parse_instant(last_) + std::chrono::days(1));
  EXPECT_EQ(gaps[2].standing, CoverageStanding::ongoing);
  EXPECT_FALSE(gaps[2].ends || gaps[2].days || gaps[2].expected);
  const std::vector<RegisteredCoverage> outages = of_kind(state_, CoverageKind::outage);
  ASSERT_THAT(outages, SizeIs(2));
  EXPECT_EQ(outages[0].days, 40);
  EXPECT_EQ(outages[0].expected, 3);
  EXPECT_EQ(outages[0].received, 0);
  EXPECT_EQ(outages[0].satellite + outages[0].orbit, "");
  EXPECT_EQ(outages[1].standing, CoverageStanding::ongoing);
  const std::vector<RegisteredCoverage> ground = of_kind(state_, CoverageKind::blind_ground);
  ASSERT_THAT(ground, SizeIs(1));
  EXPECT_EQ(ground[0].days, 30);
  EXPECT_EQ(ground[0].ends.value() - ground[0].begins, std::chrono::days(30));
  EXPECT_NEAR(ground[0].blind_share.value(), site.at("sight").at("blind_share"), 1e-4);
  EXPECT_GT(ground[0].blind_share.value(), 0.2);
}

TEST_F(CoverageCli, ANightWithoutNewsAddsNothingAndTheManifestVouchesForTheTable) {
  const std::string state = *nights_ / "register";
  test::Nights::copy(state_, state);
  const auto before = read_coverage(state + "/register.gpkg");
  ASSERT_EQ(nights_->run(state, {"--gate", "off"}).exit_code, 0);
  EXPECT_EQ(read_coverage(state + "/register.gpkg"), before);
  const auto verify = [&] { return run_process({PITWATCH_PROGRAM, "verify", state}); };
  const Outcome whole = verify();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
}

TEST_F(CoverageCli, WhatWasSeenAgainIsRecordedByTheNightThatSawIt) {
  const std::string state = *nights_ / "grows";
  const std::string middle = "20220701";
  ASSERT_EQ(nights_->run(state, {"--gate", "off", "--to", middle}).exit_code, 0);
  EXPECT_THAT(of_kind(state, CoverageKind::blind_ground), SizeIs(1));
  for (const RegisteredCoverage& row : read_coverage(state + "/register.gpkg")) {
    EXPECT_EQ(row.standing, CoverageStanding::ended) << "up to --to, and not by the clock";
  }
  ASSERT_EQ(nights_->run(state, {"--gate", "off"}).exit_code, 0);
  EXPECT_THAT(of_kind(state, CoverageKind::blind_ground), SizeIs(2));
  EXPECT_THAT(of_kind(state, CoverageKind::gap), SizeIs(3));
}

TEST_F(CoverageCli, ADamagedManifestKeepsTheNightFromSayingWhatItCannotKnow) {
  const std::string state = *nights_ / "damaged";
  ASSERT_EQ(nights_->run(state, {"--gate", "off", "--to", "20220701"}).exit_code, 0);
  ASSERT_EQ(nights_->run(state, {"--gate", "off", "--to", "20220701"}).exit_code, 0);
  const auto before = read_coverage(state + "/register.gpkg");
  std::vector<std::string> names = names_in(state + "/runs");
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".json"); });
  test::write_text(state + "/runs/" + names.front(), "[");
  const Outcome ran = nights_->run(state, {"--gate", "off"});
  EXPECT_THAT(ran.err, HasSubstr("coverage is not put on record: runs/"));
  EXPECT_EQ(read_coverage(state + "/register.gpkg"), before);
}

TEST_F(CoverageCli, RefusesInOneLine) {
  const auto refused = [&](const std::vector<std::string>& more, int code, const std::string& reason,
                           const std::string& state = {}) {
    const Outcome outcome = coverage(more, state);
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    EXPECT_THAT(lines_of(outcome.err), SizeIs(1));
    EXPECT_EQ(outcome.out, "");
  };
  refused({"--site", "elsewhere"}, 2, "--site elsewhere");
  refused({"--blind-days", "0"}, 2, "--blind-days");
  refused({"--usable-share", "1.5"}, 2, "--usable-share");
  refused({"--now", "yesterday"}, 2, "--now");
  refused({"--from", "2022-06-01", "--to", "2022-05-01"}, 2, "--from is later than --to");
  refused({}, 3, "holds no state", *nights_ / "no_such_state");
}

}  // namespace
}  // namespace pitwatch
