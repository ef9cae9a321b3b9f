// Sizes, and where option values come from.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/renamed_options.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tools/command_alerts.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_fetch.hpp"
#include "tools/command_inspect.hpp"
#include "tools/command_run.hpp"
#include "tools/command_scenes.hpp"
#include "tools/command_score.hpp"
#include "tools/command_series.hpp"
#include "tools/command_simulate.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

TEST(ParseSize, Units) {
  EXPECT_EQ(parse_size("--memory", "2000000"), 2000000);
  EXPECT_EQ(parse_size("--memory", "2000000B"), 2000000);
  EXPECT_EQ(parse_size("--memory", "1K"), 1024);
  EXPECT_EQ(parse_size("--memory", "512MiB"), 512 << 20);
  EXPECT_EQ(parse_size("--memory", "512 mb"), 512 << 20);
  EXPECT_EQ(parse_size("--memory", "1.5GiB"), 3LL << 29);
}

TEST(ParseSize, RefusesOthersNamingTheOption) {
  for (const char* text : {"", "G", "0", "0.2", "-1G", "nan", "inf", "1e99", "1T", "1Gi", "1GiBs", "1 2"}) {
    const std::string message = test::message_of<ConfigError>([&] { parse_size("--memory", text); });
    EXPECT_NE(message.find("--memory"), std::string::npos) << text;
  }
}

/// A variable of the environment, for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(ParseOptions, VariablesThatAreNoOptionsAreIgnored) {
  const Variable shared("PITWATCH_SHARED", "/nowhere");
  const Variable threads("PITWATCH_THREADS", "3");
  const auto command = compare_entry.make();
  const auto values = parse_options(*command, {"a", "b", "--out", "c"});
  EXPECT_EQ(read_common_options(values).threads, 3);
  EXPECT_EQ(values["before"].as<std::string>(), "a");
  EXPECT_EQ(values["after"].as<std::string>(), "b");
}

TEST(ParseOptions, NamesAreNotGuessed) {
  const auto command = compare_entry.make();
  EXPECT_THROW(parse_options(*command, {"a", "b", "--thread", "3"}), ConfigError);
}

TEST(ParsePlace, LongitudeThenLatitude) {
  const LonLat place = parse_place("--at", "-70.0625,-33.5");
  EXPECT_EQ(place.lon, -70.0625);
  EXPECT_EQ(place.lat, -33.5);
}

TEST(ParsePlace, RefusesOthersNamingTheOption) {
  for (const char* text : {"", "46.6", "46.6,", ",40.1", "46.6 40.1", "46.6,40.1,0", "46.6,40.1 ", "46,6,40,1",
                           "nan,40", "46.6,inf", "181,40", "46.6,84.5", "46.6N,40.1E", "0x10,40"}) {
    const std::string message = test::message_of<ConfigError>([&] { parse_place("--at", text); });
    EXPECT_NE(message.find("--at"), std::string::npos) << text;
  }
}

TEST(SplitList, KeepsEmptyParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split_list("a,b"), (Parts{"a", "b"}));
  EXPECT_EQ(split_list("a"), (Parts{"a"}));
  EXPECT_EQ(split_list("a,,"), (Parts{"a", "", ""}));
}

TEST(ParseOptions, ANegativePlaceIsNoOption) {
  const auto command = inspect_entry.make();
  EXPECT_EQ(parse_options(*command, {"--at", "-70.1,-33.2"})["at"].as<std::string>(), "-70.1,-33.2");
}

using Words = std::vector<std::string>;

/// Of a command that takes a period, what else it must be given.
struct Taker {
  const CommandEntry* entry;
  Words arguments;
  bool has_begin = true;
};

const std::vector<Taker>& takers() {
  static const Words watched{"--sites", "a", "--source", "b"};
  static const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  static const std::vector<Taker> all{{&run_entry, with(watched, {"--state", "c"}), false},
                                      {&rerun_entry, with(watched, {"--out", "c"})},
                                      {&inspect_entry, with(watched, {"--at", "46.6,40.1"})},
                                      {&scenes_entry, {"a"}},
                                      {&fetch_entry, {"a", "--sites", "b", "--out", "c"}},
                                      {&simulate_entry, {"--sites", "a", "--out", "b", "--from", "2000-01-01"}, false},
                                      {&score_entry, {"--alerts", "a", "--truth", "b"}},
                                      {&alerts_list_entry, {"--state", "a"}},
                                      {&alerts_export_entry, {"--state", "a"}}};
  return all;
}

po::variables_map parse(const Taker& taker, const Words& more) {
  Words arguments = taker.arguments;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return parse_options(*taker.entry->make(), arguments);
}

TEST(Periods, EveryCommandTakesAWholeDayAsItsEndAndAnInstantAsItIs) {
  const Instant midnight = parse_instant("2022-12-17");
  const Instant end = midnight + std::chrono::hours(24) - Instant::duration(1);
  for (const Taker& taker : takers()) {
    for (const std::string option : {"--to", "--until"}) {
      SCOPED_TRACE(std::string(taker.entry->name) + " " + option);
      EXPECT_EQ(parse_period_end(parse(taker, {option, "2022-12-17"})), end);
      EXPECT_EQ(parse_period_end(parse(taker, {option, "20221217"})), end);
      EXPECT_EQ(parse_period_end(parse(taker, {option + "=2022-12-17T00:00:00Z"})), midnight);
      EXPECT_EQ(parse_period_end(parse(taker, {option, "2022-12-17T04:00+04"})), midnight);
      EXPECT_EQ(parse_period_end(parse(taker, {})), std::nullopt);
      EXPECT_EQ(parse(taker, {option, "2022-12-17"}).count("until"), 0U);
    }
    if (!taker.has_begin) continue;
    SCOPED_TRACE(taker.entry->name);
    EXPECT_EQ(parse_period_begin(parse(taker, {"--from", "2022-12-17"})), midnight);
    EXPECT_EQ(parse_period_begin(parse(taker, {"--from", "20221217T0000"})), midnight);
    EXPECT_EQ(parse_period_begin(parse(taker, {})), std::nullopt);
    const auto setup = [&](const Words& bounds) { taker.entry->make()->setup(parse(taker, bounds)); };
    EXPECT_NO_THROW(setup({"--from", "2022-12-17", "--to", "2022-12-17"}));
    EXPECT_THROW(setup({"--from", "2022-12-18", "--to", "2022-12-17"}), ConfigError);
    EXPECT_THROW(setup({"--from", "2022-12-17T00:00:01Z", "--until", "2022-12-17T00:00:00Z"}), ConfigError);
  }
}

TEST(Periods, SeriesTakesAWholeDayAsTheEndOfItsHistory) {
  const auto values = parse_options(*series_entry.make(), {"a.csv", "--history-until", "2022-12-17"});
  EXPECT_EQ(parse_period_end(values, "history-until"), last_instant("2022-12-17"));
}

TEST(Periods, RefuseOthersNamingTheOption) {
  for (const Taker& taker : takers()) {
    for (const char* text : {"17.12.2022", "2022-12-17T", "2022-12", "2022-12-32"}) {
      const auto values = parse(taker, {"--until", text});
      const std::string message = test::message_of<ConfigError>([&] { parse_period_end(values); });
      EXPECT_NE(message.find("--to: "), std::string::npos) << text;
    }
  }
}

TEST(Periods, TheEndHasTwoNamesEverywhere) {
  const test::TemporaryFolder folder;
  const std::string file = folder / "options.ini";
  const auto end = [](const Words& arguments) {
    return parse_options(*run_entry.make(), arguments)["to"].as<std::string>();
  };
  test::write_text(file, "until=2022-12-02\n");
  EXPECT_EQ(end({"--config", file}), "2022-12-02");
  EXPECT_EQ(end({"--config", file, "--to", "2022-12-01"}), "2022-12-01");
  EXPECT_EQ(end({"--config", file, "--until", "2022-12-01"}), "2022-12-01");
  const Variable variable("PITWATCH_UNTIL", "2022-12-03");
  EXPECT_EQ(end({}), "2022-12-03");
  EXPECT_EQ(end({"--config", file}), "2022-12-02");
  test::write_text(file, "to=2022-12-02\n");
  EXPECT_EQ(end({"--config", file}), "2022-12-02");
  EXPECT_EQ(end({"--to", "2022-12-01", "--until", "2022-12-01"}), "2022-12-01");
  EXPECT_THROW(end({"--to", "2022-12-01", "--until", "2022-12-02"}), ConfigError);
  test::write_text(file, "until=2022-12-02\nto=2022-12-03\n");
  EXPECT_THROW(end({"--config", file}), ConfigError);
  const Variable other("PITWATCH_TO", "2022-12-04");
  EXPECT_THROW(end({}), ConfigError);
}

TEST(RenamedOptions, AreUnderstoodByTheirFormerNames) {
  const auto value = [](const Words& arguments) {
    return parse_options(*run_entry.make(), arguments)["confirm-observations"].as<double>();
  };
  EXPECT_EQ(value({"--confirm-looks", "4"}), 4);
  EXPECT_EQ(value({"--confirm-looks", "4", "--confirm-observations", "4"}), 4);
  EXPECT_THROW(value({"--confirm-looks", "4", "--confirm-observations", "5"}), ConfigError);
  EXPECT_THROW(value({"--confirm-looks", "many"}), ConfigError);
  const Variable variable("PITWATCH_CONFIRM_LOOKS", "6");
  EXPECT_EQ(value({}), 6);
  EXPECT_EQ(value({"--confirm-observations", "5"}), 5);
  const auto masks = parse_options(*run_entry.make(), {"--own-masks", "off"});
  EXPECT_EQ(masks["spectral-masks"].as<std::string>(), "off");
}

TEST(RenamedOptions, AreHashedByTheirFormerNames) {
  for (const RenamedOption& option : renamed_options) {
    EXPECT_EQ(present_name(option.former), option.present);
    EXPECT_EQ(present_name(option.present), option.present);
    EXPECT_EQ(hashed_name(option.present), option.former);
  }
  EXPECT_EQ(present_name("shore-m"), "shore-m");
  EXPECT_EQ(hashed_name("shore-m"), "shore-m");
}

TEST(Periods, CommandsWithoutOneDoNotKnowTheirNames) {
  EXPECT_THROW(parse_options(*compare_entry.make(), {"a", "b", "--until", "2022-12-01"}), ConfigError);
}

}  // namespace
}  // namespace pitwatch::tools
