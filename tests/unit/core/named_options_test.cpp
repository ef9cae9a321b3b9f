// Thresholds of the nightly run by name.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/watch/watch.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

std::map<std::string, double> values_of(const WatchThresholds& options) {
  std::map<std::string, double> values;
  for_each_option(options, [&](const char* name, const char*, const auto& value, const OptionRange&) {
    values[name] = static_cast<double>(value);
  });
  return values;
}

TEST(SetOption, EachOptionByItsNameAndNoOther) {
  const std::map<std::string, double> defaults = values_of({});
  ASSERT_GT(defaults.size(), 60U);
  for (const auto& [name, value] : defaults) {
    std::map<std::string, double> expected = defaults;
    expected[name] = value == 1 ? 0 : 1;
    WatchThresholds changed;
    set_option(changed, name, expected[name]);
    EXPECT_EQ(values_of(changed), expected) << name;
  }
}

TEST(SetOption, RefusesOthersNamingTheOption) {
  WatchThresholds options;
  const auto message = [&](std::string_view name, double value) {
    return test::message_of<ConfigError>([&] { set_option(options, name, value); });
  };
  EXPECT_NE(message("no-such", 1).find("no-such"), std::string::npos);
  EXPECT_NE(message("pixel-size-m", 20).find("pixel-size-m"), std::string::npos);  // the grid's
  EXPECT_NE(message("min-observations", 2.5).find("min-observations"), std::string::npos);
  EXPECT_NE(message("neighbours", 1.5).find("neighbours"), std::string::npos);
  EXPECT_NE(message("shift-sigma", -1).find("shift-sigma"), std::string::npos);
  EXPECT_NE(message("window-observations", 7).find("window-observations"), std::string::npos);
  EXPECT_NE(message("shift-sigma", std::nan("")).find("shift-sigma"), std::string::npos);
  EXPECT_NE(message("shift-sigma", HUGE_VAL).find("shift-sigma"), std::string::npos);
  EXPECT_NE(message("min-observations", 1e12).find("min-observations"), std::string::npos);
}

}  // namespace
}  // namespace pitwatch
