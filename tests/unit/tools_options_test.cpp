// Sizes, and where option values come from.

#include <gtest/gtest.h>

#include <cstdlib>

#include "pipeline/core/error.hpp"
#include "tests/unit/io_test_support.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_inspect.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
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

}  // namespace
}  // namespace pitwatch::tools
