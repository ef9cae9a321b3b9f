#include "pipeline/core/safe_text.hpp"

#include <gtest/gtest.h>

namespace pitwatch {
namespace {

TEST(SafeText, WhatSteersATerminalIsShown) {
  EXPECT_EQ(printable("pit 7, S\xC3\xBC"
                      "d \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "pit 7, S\xC3\xBC"
            "d \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("a\x1b[31mb\nc\rd\te\x7f"), "a\\x1b[31mb\\nc\\rd\\te\\x7f");
  EXPECT_EQ(printable("\xC2\x9b"
                      "31m"),
            "\\x9b31m");  // C1
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b\xE2\x81\xA6"
                      "c"),
            "a\\u202eb\\u2066c");  // turned around
  EXPECT_EQ(printable("\xE2\x80\xA8\xE2\x80\x8F\xD8\x9C\xEF\xBB\xBF"), "\\u2028\\u200f\\u061c\\ufeff");
  EXPECT_EQ(printable("\xff\xC3(\xC0\xAF\xED\xA0\x80\xF5\x80\x80\x80\xE2\x82"),
            "\\xff\\xc3(\\xc0\\xaf\\xed\\xa0\\x80\\xf5\\x80\\x80\\x80\\xe2\\x82");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
}

TEST(SafeText, WhatIsTooLongKeepsItsBeginningAndItsEnd) {
  EXPECT_EQ(abridged("12345678", 8), "12345678");
  EXPECT_EQ(abridged("123456789", 8), "123456 [... 1 bytes ...] 89");
  EXPECT_EQ(abridged(std::string(5000, 'a') + "end", 4), "aaa [... 4999 bytes ...] d");
  // A character of three bytes at either cut is left out whole.
  EXPECT_EQ(abridged("12345\xE2\x82\xAC"
                     "6\xE2\x82\xAC"
                     "9",
                     8),
            "12345 [... 7 bytes ...] 9");
  EXPECT_EQ(abridged(std::string(100, '\xBF'), 8), std::string(3, '\xBF') + " [... 97 bytes ...] ");
}

TEST(SafeText, ACellIsNoFormula) {
  EXPECT_EQ(csv_cell("pit"), "pit");
  for (const char* const text : {"=1+1", "+1", "-1", "@A1", "\tx"}) EXPECT_EQ(csv_cell(text), "'" + std::string(text));
  EXPECT_EQ(csv_cell("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"pit\"\nand go"), "\"say \"\"pit\"\"\nand go\"");
  EXPECT_EQ(csv_cell("a\x1b"
                     "b\xff"),
            "a b\xEF\xBF\xBD");
  EXPECT_EQ(csv_cell(""), "");
}

}  // namespace
}  // namespace pitwatch
