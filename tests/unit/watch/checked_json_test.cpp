#include "pipeline/watch/checked_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

TEST(InstantOfMilliseconds, IsOfTheYearsThatThereAre) {
  EXPECT_EQ(instant_of_milliseconds(1625125496024), parse_instant("2021-07-01T07:44:56.024Z"));
  EXPECT_EQ(instant_of_milliseconds(-62'167'219'200'000), parse_instant("0000-01-01T00:00:00Z"));
  EXPECT_EQ(instant_of_milliseconds(253'402'300'799'999), parse_instant("9999-12-31T23:59:59.999Z"));
  EXPECT_THROW(instant_of_milliseconds(-62'167'219'200'001), DataError);
  EXPECT_THROW(instant_of_milliseconds(253'402'300'800'000), DataError);
}

TEST(InstantOfMilliseconds, WhatIsNoWholeNumberIsRefused) {
  for (const char* const text : {"1e20", "1e12", "1.5", "\"1\"", "null", "[1]", "true", "18446744073709551615"}) {
    EXPECT_THROW(instant_of_milliseconds(nlohmann::json::parse(text)), DataError) << text;
  }
}

}  // namespace
}  // namespace pitwatch
