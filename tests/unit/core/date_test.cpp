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

TEST(Date, ParsesTheBasicFormOffsetsOfHoursAndCommas) {
  const Instant expected = at(2022, 12, 17, 8h + 6min + 1s);
  EXPECT_EQ(parse_instant("20221217"), at(2022, 12, 17));
  EXPECT_EQ(parse_instant("20221217T080601Z"), expected);
  EXPECT_EQ(parse_instant("20221217t080601"), expected);
  EXPECT_EQ(parse_instant("20221217T0806"), expected - 1s);
  EXPECT_EQ(parse_instant("20221217T0806Z"), expected - 1s);
  for (const char* offset : {"+04", "+0400", "+04:00"}) {
    EXPECT_EQ(parse_instant(std::string("20221217T120601") + offset), expected) << offset;
    EXPECT_EQ(parse_instant(std::string("2022-12-17T12:06:01") + offset), expected) << offset;
    EXPECT_EQ(parse_instant(std::string("2022-12-17 12:06") + offset), expected - 1s) << offset;
  }
  EXPECT_EQ(parse_instant("20221217T030601-05"), expected);
  EXPECT_EQ(parse_instant("20221217T080601,024Z"), expected + 24ms);
  EXPECT_EQ(parse_instant("2022-12-17T08:06:01,5"), expected + 500ms);
}

TEST(Date, ABareDayIsAllOfItWhereAPeriodEnds) {
  const Instant end = at(2022, 12, 18) - 1ms;
  for (const char* text : {"2022-12-17", "20221217"}) {
    EXPECT_TRUE(is_bare_day(text)) << text;
    EXPECT_EQ(last_instant(text), end) << text;
  }
  for (const char* text : {"2022-12-17T00:00:00Z", "2022-12-17T00:00", "20221217T0000", "2022-12-17T04:00:00+04"}) {
    EXPECT_FALSE(is_bare_day(text)) << text;
    EXPECT_EQ(last_instant(text), at(2022, 12, 17)) << text;
  }
  for (const char* text : {"", "2022-12", "2022-12-32", "20221301", "2022-12-17 ", "yesterday"}) {
    EXPECT_FALSE(is_bare_day(text)) << text;
    EXPECT_THROW(last_instant(text), DataError) << text;
  }
  EXPECT_EQ(last_instant("9999-12-31") + 1ms, at(10000, 1, 1));
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
                           "2022-01-25T08:06:01+040",
                           "2022-01-25T08:06:01+04:",
                           "2022-01-25T08:06:01+04:0",
                           "2022-01-25T08:06:01,Z",
                           "2022-01-25T08Z",
                           "2022-0125",
                           "202201-25",
                           "202201",
                           "2022012",
                           "202201250",
                           "20220125Z",
                           "20220132",
                           "20220125T",
                           "20220125T08",
                           "20220125T080",
                           "20220125T08:06:01Z",
                           "2022-01-25T080601Z",
                           "20220125T0806.5",
                           "20220125T08060",
                           "20220125080601",
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
