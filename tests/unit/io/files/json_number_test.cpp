#include "pipeline/io/files/json_number.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pitwatch {
namespace {

using nlohmann::json;

TEST(JsonNumber, IsTheWholeNumberThatStandsThere) {
  EXPECT_EQ(whole_number<int>(json::parse("-2147483648")), std::numeric_limits<int>::min());
  EXPECT_EQ(whole_number<int>(json::parse("2147483647")), std::numeric_limits<int>::max());
  EXPECT_EQ(whole_number<std::uint64_t>(json::parse("18446744073709551615")),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(whole_number<std::uint16_t>(json::parse("0")), 0);
  EXPECT_EQ(whole_number<int>(nlohmann::ordered_json::parse("7")), 7);
  EXPECT_EQ(whole_number<int>(json(7)), 7);  // made here, with a sign
}

TEST(JsonNumber, WhatIsNoneIsNotMadeOne) {
  for (const char* const text : {"2147483648", "-2147483649", "18446744073709551615", "1e3", "1.5", "3.0", "1e300",
                                 "true", "null", "\"7\"", "[7]", "{}"}) {
    EXPECT_EQ(whole_number_in<int>(json::parse(text)), std::nullopt) << text;
    EXPECT_THROW(whole_number<int>(json::parse(text)), DataError) << text;
  }
  EXPECT_EQ(whole_number_in<std::uint16_t>(json(-1)), std::nullopt);
  EXPECT_EQ(whole_number_in<std::uint16_t>(json(65536)), std::nullopt);
  EXPECT_EQ(whole_number_in<std::uint64_t>(json(-1)), std::nullopt);
}

TEST(JsonNumber, SaysWhatStandsThereInAFewWords) {
  try {
    whole_number<int>(json(std::string(100, 'x') + "\xff\n"));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "'\"" + std::string(39, 'x') + "' is no whole number that can be there");
  }
}

}  // namespace
}  // namespace pitwatch
