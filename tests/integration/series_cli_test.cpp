// `pitwatch series` as a user meets it: what it prints for a made-up and for real series, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "pipeline/core/date.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Outcome;
using test::run_process;
using ::testing::HasSubstr;
using ::testing::Not;

class SeriesCli : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& text) const {
    const std::string path = folder_ / "series.csv";
    std::ofstream(path) << text;
    return path;
  }

  Outcome series(std::vector<std::string> arguments) const {
    std::vector<std::string> command{PITWATCH_PROGRAM, "series"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_process({command, {}, {}, {}});
  }

  std::vector<CsvRow> table(const std::string& text) const {
    const std::string path = folder_ / "result.csv";
    std::ofstream(path) << text;
    return read_csv(path, {"id", "status"});
  }

  fs::path folder_ = fs::temp_directory_path() / ("pitwatch_series_" + std::to_string(::getpid()));
};

/// Two pixels of grass over two years, every ten days; "pit" is dug up on day 500.
std::string two_pixels(bool with_swir) {
  std::ostringstream text;
  text << "point,date,B02,B03,B04,B08" << (with_swir ? ",B11,B12" : "") << "\n";
  for (int day = 0; day < 730; day += 10) {
    for (const bool pit : {false, true}) {
      const bool dug = pit && day >= 500;
      const double wobble = 1 + 0.02 * (day / 10 % 3 - 1);
      text << (pit ? "pit" : "grass") << "," << format_day(parse_instant("2020-01-01") + std::chrono::days(day));
      for (const double value : dug ? std::vector<double>{.178, .220, .255, .292, .375, .330}
                                    : std::vector<double>{.035, .070, .044, .360, .220, .115}) {
        if (!with_swir && (value == .375 || value == .330 || value == .220 || value == .115) &&
            (dug ? value > .3 : value > .1))
          continue;
        text << "," << value * wobble;
      }
      text << "\n";
    }
  }
  return text.str();
}

/// NDVI that stays, and dust that settles on one of two pixels from the 80th date on.
std::string dusty_pixel(double ndvi) {
  std::ostringstream text;
  text << "point,date,ndvi,dust\n";
  for (int i = 0; i < 110; ++i) {
    for (const bool is_dusty : {false, true}) {
      const double wobble = 1 + 0.02 * (i % 3 - 1);
      text << (is_dusty ? "dusty," : "calm,") << format_day(parse_instant("2018-01-01") + std::chrono::days(10 * i))
           << "," << ndvi * wobble << "," << (is_dusty && i >= 80 ? 0.9 : 0.5) * wobble << "\n";
    }
  }
  return text.str();
}

/// "a;b" of "a,b", "0,5" of "0.5", "15.05.2021" of "2021-05-15".
std::string as_spreadsheets_have_it(const std::string& text) {
  std::istringstream lines(text);
  std::string changed;
  for (std::string line; std::getline(lines, line);) {
    std::replace(line.begin(), line.end(), ',', ';');
    std::replace(line.begin(), line.end(), '.', ',');
    const std::size_t date = line.find("202");
    if (date != std::string::npos && line[date - 1] == ';') {
      const std::string iso = line.substr(date, 10);
      line.replace(date, 10, iso.substr(8) + "." + iso.substr(5, 2) + "." + iso.substr(0, 4));
    }
    changed += line + "\r\n";
  }
  const std::size_t name = changed.find("date");
  return changed.replace(name, 4, "Date");
}

TEST_F(SeriesCli, WhereRowsStandInTheFileDoesNotMatter) {
  std::istringstream of_series(two_pixels(true));
  std::string header;
  std::getline(of_series, header);
  header += ",ok";
  std::vector<std::string> rows;
  int number = 0;
  for (std::string row; std::getline(of_series, row); ++number) {
    rows.push_back(row + ",1");
    // Every fourth date is there again, as haze or as the other ground, and as a masked row.
    if (number / 2 % 4 != 0) continue;
    const std::string key = row.substr(0, row.find(',', row.find(',') + 1));
    rows.push_back(key + (number % 8 < 2 ? ",.21,.22,.23,.31,.30,.28,1" : ",.178,.220,.255,.292,.375,.330,1"));
    rows.push_back(key + ",.01,.02,.03,.04,.05,.06,0");
    rows.push_back(key + ",.178,,.255,.292,.375,.330,1");
  }
  std::set<std::string> outputs;
  for (int seed = 0; seed < 5; ++seed) {
    // The first row stays: pixels are learnt from in the order in which the file names them.
    if (seed == 1) std::reverse(rows.begin() + 1, rows.end());
    if (seed > 1) std::shuffle(rows.begin() + 1, rows.end(), std::mt19937(static_cast<unsigned>(seed)));
    std::string text = header + "\n";
    for (const std::string& row : rows) text += row + "\n";
    const Outcome outcome = series({write(text), "--id", "point", "--clear", "ok=1"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("rows have the date of another of their pixel; of each date one counts"));
    outputs.insert(outcome.out);
  }
  EXPECT_EQ(outputs.size(), 1U);
}

TEST_F(SeriesCli, AFeatureThatIsAskedForIsAColumnOrMadeOfBands) {
  constexpr double bare = 0.12;
  constexpr double green = 0.6;
  std::string path = write(dusty_pixel(bare));
  const auto status_of_dusty = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{path, "--id", "point", "--summary", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = series(all);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::vector<CsvRow> rows = table(outcome.out);
    EXPECT_EQ(rows.at(0).cells.at("status"), "stable");  // calm
    return rows.at(1).cells.at("status");
  };
  EXPECT_EQ(status_of_dusty({}), "stable");
  EXPECT_EQ(status_of_dusty({"--feature", "dust=B11/B08"}), "confirmed");
  path = write(dusty_pixel(green));  // what stays as green as it was is not disturbed, whatever else changes
  EXPECT_EQ(status_of_dusty({"--feature", "dust=B11/B08"}), "stable");
  const auto refused = [&](const std::vector<std::string>& more, const std::string& reason) {
    std::vector<std::string> all{path, "--id", "point", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = series(all);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  };
  refused({"--feature", "haze=B05/B08"}, "has no column 'haze' and no B05 to work it out of");
  refused({"--feature", "dust=B11/B08", "--feature", "haze=B04"}, "has no column 'haze' and no B04");
}

TEST_F(SeriesCli, ReadsWhatSpreadsheetsOfOtherCountriesWrite) {
  const Outcome plain = series({write(two_pixels(true)), "--id", "point"});
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_THAT(plain.err, HasSubstr("cells divided by ',', decimal point, dates as ISO 8601, date 'date', B02 'B02'"));
  const std::string other = as_spreadsheets_have_it(two_pixels(true));
  ASSERT_THAT(other, HasSubstr("point;Date;B02"));
  ASSERT_THAT(other, HasSubstr("grass;01.01.2020;0,0"));
  const Outcome same = series({write(other), "--id", "Point"});
  ASSERT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(same.out, plain.out);
  EXPECT_THAT(same.err, HasSubstr("cells divided by ';', decimal comma, dates as day.month.year, date 'Date'"));

  const std::vector<std::pair<std::string, std::string>> refused{
      {"date;B04\n2020-01-01;0,1\n2020-01-02;0.1\n", "line 3: 'B04' has a decimal point where others have a comma"},
      {"date;B04\n2020-01-01;1,234\n2020-01-02;2,345\n", "'1,234' may have a decimal comma"},
      {"date,B04\n01/02/2020,0.1\n", "day or the month first"},
      {"date,B04\n2020-01-01,\"0,1\"\n", "is not a number: '0,1'"},
      {"Date,DATE,B04\n2020-01-01,2020-01-01,0.1\n", "'Date' and 'DATE': which is it?"},
      {"day,B04\n2020-01-01,0.1\n", "has no column 'date'"},
  };
  for (const auto& [text, why] : refused) {
    const Outcome outcome = series({write(text)});
    EXPECT_EQ(outcome.exit_code, 3) << text;
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }
}

TEST_F(SeriesCli, FindsThePitAndLeavesTheGrass) {
  const Outcome outcome = series({write(two_pixels(true)), "--id", "point", "--summary"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<CsvRow> rows = table(outcome.out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].cells.at("status"), "stable");
  EXPECT_EQ(rows[0].cells.at("first_detected"), "");
  EXPECT_EQ(rows[1].cells.at("status"), "confirmed");
  // Day 500 is 2021-05-15.
  EXPECT_GE(rows[1].cells.at("first_detected"), "2021-05-15");
  EXPECT_LE(rows[1].cells.at("first_detected"), "2021-06-05");
  EXPECT_GE(rows[1].cells.at("confirmed_on"), rows[1].cells.at("first_detected"));
  EXPECT_EQ(rows[0].cells.at("class"), "");
  EXPECT_EQ(rows[1].cells.at("class"), "vegetation_to_bare");
}

/// A pixel is judged by its own rows, and by what is typical of all: rows may lie in any order, and dates of others do
/// not matter.
TEST_F(SeriesCli, OrderAndDatesOfOthersDoNotMatter) {
  const std::string text = two_pixels(true);
  const Outcome whole = series({write(text), "--id", "point"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const std::size_t header = text.find('\n') + 1;
  std::istringstream lines(text.substr(header));
  std::string grass;
  std::string pit;
  for (std::string line; std::getline(lines, line);) (line.starts_with("pit") ? pit : grass).insert(0, line + "\n");
  const Outcome apart = series({write(text.substr(0, header) + grass + pit), "--id", "point"});
  EXPECT_EQ(apart.out, whole.out);
  // The pixel "other" has as many days of its own as "pit" has rows, each five days later.
  std::string other;
  std::istringstream pits(pit);
  for (std::string line; std::getline(pits, line);) {
    const Instant day = parse_instant(line.substr(4, 10)) + std::chrono::days(5);
    other += "other," + format_day(day) + line.substr(14) + "\n";
  }
  const Outcome three = series({write(text + other), "--id", "point", "--summary", "--history-until", "2020-12-31"});
  ASSERT_EQ(three.exit_code, 0) << three.err;
  const std::vector<CsvRow> rows = table(three.out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].cells.at("status"), "confirmed");
  EXPECT_EQ(rows[2].cells.at("status"), "confirmed");
  EXPECT_EQ(rows[1].cells.at("history_observations"), "37");
  EXPECT_EQ(rows[2].cells.at("history_observations"), "37");
}

/// What is beside a pixel in the table is not beside it on the ground: water there explains nothing here.
TEST_F(SeriesCli, NeighboursInTheTableAreNoneOnTheGround) {
  const std::string text = two_pixels(true);
  const std::size_t header = text.find('\n') + 1;
  std::string lake;
  for (int day = 0; day < 730; day += 10) {
    const double wobble = 1 + 0.02 * (day / 10 % 3 - 1);
    lake += "lake," + format_day(parse_instant("2020-01-01") + std::chrono::days(day));
    for (const double value : {.06, .05, .03, .02, .01, .005}) lake += "," + std::to_string(value * wobble);
    lake += "\n";
  }
  const auto line_of_pit = [&](const std::string& table) {
    const std::size_t at = table.find("\npit,") + 1;
    return table.substr(at, table.find('\n', at) - at);
  };
  const auto summary = [&](const std::string& rows) {
    const Outcome outcome = series({write(text.substr(0, header) + rows), "--id", "point", "--summary"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  };
  std::string pits;
  std::istringstream lines(text.substr(header));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("pit")) pits += line + "\n";
  }
  std::string grass_between;
  for (int other = 0; other < 30; ++other) {
    std::istringstream again(text.substr(header));
    for (std::string line; std::getline(again, line);) {
      if (!line.starts_with("pit")) grass_between += "g" + std::to_string(other) + line.substr(5) + "\n";
    }
  }
  EXPECT_EQ(line_of_pit(summary(lake + pits + grass_between)), line_of_pit(summary(lake + grass_between + pits)));
}

TEST_F(SeriesCli, WarnsOfCloudsAndShortHistories) {
  const Outcome long_enough = series({write(two_pixels(true)), "--id", "point", "--summary"});
  EXPECT_THAT(long_enough.err, HasSubstr("without --clear"));
  EXPECT_THAT(long_enough.err, ::testing::Not(HasSubstr("too few for seasons")));
  const Outcome short_one =
      series({write(two_pixels(true)), "--id", "point", "--summary", "--history-until", "2020-02-20"});
  EXPECT_THAT(short_one.err, HasSubstr("2 of 2 pixels have fewer than 9 clear observations"));
}

TEST_F(SeriesCli, WithoutIdsAllRowsAreObservationsAtOnePixel) {
  const Outcome with = series({write(two_pixels(true)), "--id", "point"});
  EXPECT_THAT(with.err, ::testing::Not(HasSubstr("without --id")));
  const Outcome without = series({write(two_pixels(true))});
  ASSERT_EQ(without.exit_code, 0) << without.err;
  EXPECT_THAT(without.err, HasSubstr("73 rows have the date of another"));
  EXPECT_EQ(table(without.out).size(), 2U * 36U);
  // However many they are.
  std::ostringstream many;
  many << "date,ndvi,bsi,mndwi\n";
  for (int row = 0; row < 30'000; ++row) many << "202" << row % 4 << "-06-01,0.5,0.1,-0.2\n";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(series({write(many.str()), "--summary"}).exit_code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(SeriesCli, PrintsALinePerObservationAfterTheHistory) {
  const Outcome outcome = series({write(two_pixels(true)), "--id", "point"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<CsvRow> rows = table(outcome.out);
  ASSERT_EQ(rows.size(), 2U * 36U);
  EXPECT_EQ(rows[0].cells.at("use"), "used");
  EXPECT_EQ(rows[0].cells.at("ndvi_observed").substr(0, 4), "0.78");
  EXPECT_NEAR(std::stod(rows[0].cells.at("ndvi_modelled")), 0.782, 0.01);
  EXPECT_GT(std::stod(rows[0].cells.at("ndvi_noise")), 0);
  EXPECT_EQ(rows.back().cells.at("id"), "pit");
  EXPECT_GT(std::stod(rows.back().cells.at("probability")), 0.9);
}

TEST_F(SeriesCli, WorksWithTheBandsThereAre) {
  const std::string year =
      "date,ndvi\n2019-01-01,0.7\n2019-02-01,0.71\n2019-03-01,0.69\n2019-04-01,0.7\n2019-05-01,0.7\n"
      "2019-06-01,0.71\n2019-07-01,0.7\n2019-08-01,0.69\n2019-09-01,0.7\n2019-10-01,0.71\n2019-11-01,0.7\n"
      "2019-12-01,0.7\n";
  const std::string cleared = "2020-07-01,0.1\n2020-08-01,0.1\n2020-09-01,0.11\n2020-10-01,0.1\n";
  const Outcome outcome = series({write(year + cleared), "--history-until", "2019-12-31", "--summary"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(table(outcome.out)[0].cells.at("status"), "confirmed");
}

TEST_F(SeriesCli, APixelOfTooManyObservationsIsNamed) {
  std::string rows = "pixel,date,ndvi\n";
  for (int row = 0; row < 32768; ++row) rows += "a,2020-01-01,0.7\n";
  const std::string path = write(rows);
  for (const auto& [words, who] : {std::pair<std::vector<std::string>, std::string>{{path, "--id", "pixel"}, "'a' has"},
                                   {{path}, "no column tells its pixels apart"}}) {
    const Outcome outcome = series(words);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(path), HasSubstr(who), HasSubstr("more than 32767 observations")));
  }
}

TEST_F(SeriesCli, ASeasonThatTheHistoryDoesNotShowIsLearntFirst) {
  const std::string path = write(
      "date,ndvi\n2020-01-01,0.7\n2020-02-01,0.71\n2020-03-01,0.69\n2020-04-01,0.7\n2020-08-15,0.2\n2020-08-25,0.21\n"
      "2020-09-05,0.2\n");
  const Outcome outcome = series({path, "--history-until", "2020-04-30"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto rows = table(outcome.out);
  EXPECT_EQ(rows[0].cells.at("use"), "learnt");
  EXPECT_EQ(rows.back().cells.at("use"), "used");
  for (const auto& row : rows) EXPECT_EQ(row.cells.at("status"), "stable");
}

TEST_F(SeriesCli, FillsAreNoMeasurement) {
  const auto table_with = [](const std::string& fill) {
    std::string text = "date,B04,B08\n";
    for (int month = 1; month <= 9; ++month) {
      const std::string day = "2020-0" + std::to_string(month) + "-1";
      text += day + "1,500,3000\n" + day + "3," + fill + "," + fill + "\n";
      text += day + "5,510,3010\n" + day + "7,505,2990\n";
    }
    return text;
  };
  const Outcome empty = series({write(table_with("")), "--scale", "0.0001"});
  ASSERT_EQ(empty.exit_code, 0) << empty.err;
  for (const std::string fill : {"-9999", "-28672", "32767", "65535", "-901", "20001"}) {
    const Outcome outcome = series({write(table_with(fill)), "--scale", "0.0001"});
    EXPECT_EQ(outcome.out, empty.out) << fill;
    EXPECT_THAT(outcome.err, HasSubstr("18 numbers of bands are no reflectance, and are taken for no measurement; the "
                                       "first: line 3, 'B04': '" +
                                       fill + "'"));
  }
  const Outcome dark = series({write(table_with("-890")), "--scale", "0.0001"});
  EXPECT_THAT(dark.err, Not(HasSubstr("no measurement")));
}

TEST_F(SeriesCli, RefusesWhatIsNoReflectance) {
  const Outcome outcome = series({write("date,B04,B08\n2020-01-01,405,1858\n")});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("line 2: 'B04' is no reflectance"));
  // Of 0 to 100, most of it.
  const Outcome percent = series({write("date,B04,B08\n2020-01-01,4.05,18.58\n2020-01-06,1.9,17.3\n")});
  EXPECT_EQ(percent.exit_code, 3);
  EXPECT_THAT(percent.err, HasSubstr("line 2, 'B04': '4.05' and 2 more of 4 numbers of bands are no reflectance"));
  EXPECT_EQ(series({write("date,height\n2020-01-01,405\n")}).exit_code, 3);
  EXPECT_EQ(series({write("date,ndvi\nlast week,0.4\n")}).exit_code, 3);
  EXPECT_EQ(series({}).exit_code, 2);
  EXPECT_EQ(series({write("date,ndvi\n2020-01-01,0.4\n"), "--clear", "qa"}).exit_code, 2);
}

TEST_F(SeriesCli, RefusesWhatNoIndexCanBe) {
  const auto refused = [&](const std::string& column, const std::string& value, const std::vector<std::string>& more) {
    std::vector<std::string> all{write("date,ndvi," + column + "\n2020-01-01,0.4,0.4\n2020-02-01,0.4," + value + "\n")};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = series(all);
    EXPECT_EQ(outcome.exit_code, 3) << column << " " << value;
    EXPECT_THAT(outcome.err, HasSubstr("line 3: '" + column + "' cannot be " + value + ", at most 1.50: values times"));
  };
  refused("bsi", "-57.9", {});
  refused("mndwi", "1.51", {});
  refused("NBR", "5790", {"--feature", "NBR"});
  refused("damp", "40", {"--feature", "damp=(B08-B11)/(B08+B11)"});
  refused("NBRplus", "-40", {"--feature", "NBRplus"});  // no difference of two, but known to lie between -1 and 1
  // Dark ground may have a little less than no reflectance.
  EXPECT_EQ(series({write("date,ndvi,bsi\n2020-01-01,-1.2,0.4\n2020-02-01,1.49,0.4\n")}).exit_code, 0);
  const std::string ratio = write("date,ndvi,ratio\n2020-01-01,0.4,1\n2020-02-01,0.4,40\n");
  EXPECT_EQ(series({ratio, "--feature", "ratio=B11/B12"}).exit_code, 0);
}

class RealSeries : public SeriesCli {
 protected:
  void SetUp() override {
    SeriesCli::SetUp();
    const char* place = std::getenv("PITWATCH_SHARED");
    shared_ = fs::path(place != nullptr ? place : PITWATCH_SOURCE_DIR "/../shared") / "data";
    if (!fs::exists(shared_ / "pyxccd_series")) GTEST_SKIP() << "no reference data in " << shared_;
  }
  fs::path shared_;
};

TEST_F(RealSeries, FireAndLoggingAreConfirmedWithinAMonth) {
  const auto judged = [this](const char* name) {
    const Outcome outcome = series({shared_ / "pyxccd_series" / name, "--scale", "0.0001", "--clear", "qa=0,1",
                                    "--history-until", "2023-06-30", "--summary"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return table(outcome.out).at(0).cells;
  };
  const auto fire = judged("hls_fire_sichuan.csv");
  EXPECT_GE(fire.at("first_detected"), "2024-03-23");
  EXPECT_LE(fire.at("confirmed_on"), "2024-04-23");
  const auto logging = judged("hls_logging_sichuan.csv");
  EXPECT_GE(logging.at("first_detected"), "2024-04-08");
  EXPECT_LE(logging.at("confirmed_on"), "2024-05-08");
}

TEST_F(RealSeries, DoubleCroppedFieldIsNotConfirmed) {
  const Outcome outcome = series({shared_ / "pyxccd_series" / "s2_crop_henan.csv", "--scale", "0.0001", "--clear",
                                  "QA60=0", "--history-days", "730", "--summary"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(table(outcome.out).at(0).cells.at("confirmed_on"), "");
}

}  // namespace
}  // namespace pitwatch
