// Dates and times in and out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/date.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using namespace std::chrono;

Instant at(int y, unsigned m, unsigned d, milliseconds time = {}) {
  return sys_days{year{y} / month{m} / day{d}} + time;
}

TEST(Date, ParsesTheFormsOfCatalogues) {
  const Instant expected = at(2022, 1, 25, 8h + 6min + 1s);
  EXPECT_EQ(parse_instant("2022-01-25"), at(2022, 1, 25));
  EXPECT_EQ(parse_instant("2022-01-25T08:06:01Z"), expected);
  EXPECT_EQ(parse_instant("2022-01-25t08:06:01z"), expected);
  EXPECT_EQ(parse_instant("2022-01-25 08:06:01"), expected);
  EXPECT_EQ(parse_instant("2022-01-25T08:06Z"), at(2022, 1, 25, 8h + 6min));
  EXPECT_EQ(parse_instant("2022-01-25T12:06:01+04:00"), expected);
  EXPECT_EQ(parse_instant("2022-01-25T02:36:01-0530"), expected);
  EXPECT_EQ(parse_instant("2022-01-25T08:06:01.024Z"), expected + 24ms);
  EXPECT_EQ(parse_instant("2022-01-25T08:06:01.0249999999Z"), expected + 24ms);
  EXPECT_EQ(parse_instant("2022-01-25T08:06:01.5Z"), expected + 500ms);
}

TEST(Date, LeapDaysAndSeconds) {
  EXPECT_EQ(parse_instant("2024-02-29"), at(2024, 2, 29));
  EXPECT_THROW(parse_instant("2023-02-29"), DataError);
  EXPECT_EQ(parse_instant("2016-12-31T23:59:60Z"), at(2017, 1, 1));
}

TEST(Date, RefusesEverythingElseNamingIt) {
  for (const char* text : {"",
                           "2022",
                           "2022-1-25",
                           "2022-13-01",
                           "2022-00-10",
                           "2022-01-32",
                           "25-01-2022",
                           "2022-01-25T",
                           "2022-01-25T24:00:00Z",
                           "2022-01-25T08:60:00Z",
                           "2022-01-25T08:06:61Z",
                           "2022-01-25T08:06:01.Z",
                           "2022-01-25T08:06:01+4",
                           "2022-01-25T08:06:01+99:00",
                           "2022-01-25T08:06:01+04:60",
                           "2022-01-25T08:06:01Zulu",
                           "2022-01-25Z",
                           " 2022-01-25",
                           "0000-01-01T00:00:00+04:00",
                           "9999-12-31T23:59:59-04:00",
                           "9999-12-31T23:59:60Z"}) {
    try {
      parse_instant(text);
      ADD_FAILURE() << text << " was taken";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("'" + std::string(text) + "'"));
    }
  }
}

TEST(Date, MessageHoldsTheBeginningOfALongText) {
  try {
    parse_instant(std::string(100000, '2'));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_LT(std::string(error.what()).size(), 200U);
  }
}

TEST(Date, FormatsWhatItParses) {
  for (const char* text : {"2022-01-25T08:06:01Z", "2022-01-25T08:06:01.024Z", "1969-12-31T23:59:59.999Z",
                           "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(format_instant(parse_instant(text)), text);
  }
  EXPECT_EQ(format_day(parse_instant("1969-12-31T23:59:59.999Z")), "1969-12-31");
  EXPECT_EQ(format_day(parse_instant("2022-01-25T01:00:00+04:00")), "2022-01-24");
}

}  // namespace
}  // namespace pitwatch
