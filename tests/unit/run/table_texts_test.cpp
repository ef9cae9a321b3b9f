// Dates and numbers as tables of several countries have them, and where they cannot be told.

#include "pipeline/run/table_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(TableTexts, Dates) {
  const auto text = [](const char* date) {
    bool day_first = false;
    const std::string instant = format_instant(parse_table_date(date, day_first));
    return instant + (day_first ? " day first" : "");
  };
  EXPECT_EQ(text("2021-06-10"), "2021-06-10T00:00:00Z");
  EXPECT_EQ(text("20210610T074611Z"), "2021-06-10T07:46:11Z");
  EXPECT_EQ(text("10.06.2021"), "2021-06-10T00:00:00Z day first");
  EXPECT_EQ(text("1.2.2021"), "2021-02-01T00:00:00Z day first");
  EXPECT_EQ(text("10.06.2021 7:46"), "2021-06-10T07:46:00Z day first");
  EXPECT_EQ(text("10.06.2021 07:46:11"), "2021-06-10T07:46:11Z day first");
  const auto message = [](const char* date) {
    bool day_first = false;
    return message_of<DataError>([&] { static_cast<void>(parse_table_date(date, day_first)); });
  };
  EXPECT_THAT(message("05/06/2021"), HasSubstr("day or the month first"));
  EXPECT_THAT(message("31.02.2021"), HasSubstr("31.02.2021"));
  EXPECT_THAT(message("06.31.2021"), HasSubstr("06.31.2021"));
  for (const char* const other :
       {"10.06.21", "10.06.2021 25:00", "10.06.2021 later", "10.06", "", "..", "1.2.3.2021"}) {
    EXPECT_NE(message(other), "") << other;
  }
}

TEST(TableTexts, Numbers) {
  TableNumbers points(false);
  EXPECT_FLOAT_EQ(points.read("0.25").value(), 0.25F);
  EXPECT_FLOAT_EQ(points.read("-12").value(), -12);
  EXPECT_FALSE(points.read(""));
  EXPECT_FALSE(points.read("NA"));
  EXPECT_THAT(message_of<DataError>([&] { points.read("0,25"); }), HasSubstr("not a number: '0,25'"));
  points.check();

  TableNumbers commas(true);
  EXPECT_FLOAT_EQ(commas.read("1,234").value(), 1.234F);
  EXPECT_THAT(message_of<DataError>([&] { commas.check(); }), HasSubstr("'1,234' may have"));
  EXPECT_FLOAT_EQ(commas.read("0,25").value(), 0.25F);
  EXPECT_FLOAT_EQ(commas.read("1200").value(), 1200);
  commas.check();
  EXPECT_TRUE(commas.has_commas());
  EXPECT_THAT(message_of<DataError>([&] { commas.read("0.25"); }),
              HasSubstr("decimal point where others have a comma"));
  EXPECT_THAT(message_of<DataError>([&] { commas.read("1,234,567"); }), HasSubstr("not a number"));
  EXPECT_THAT(message_of<DataError>([&] { commas.read("1.234,5"); }), HasSubstr("not a number"));

  // "0,123" begins with a nought: no thousands do.
  TableNumbers small(true);
  EXPECT_FLOAT_EQ(small.read("0,123").value(), 0.123F);
  small.check();
  TableNumbers mixed(true);
  EXPECT_FLOAT_EQ(mixed.read("0.5").value(), 0.5F);
  EXPECT_THAT(message_of<DataError>([&] { mixed.read("0,5"); }), HasSubstr("decimal comma where others have a point"));
}

}  // namespace
}  // namespace pitwatch
