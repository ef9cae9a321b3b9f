#include "pipeline/core/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace pitwatch {
namespace {

TEST(Text, LowersLettersOfAsciiAlone) {
  EXPECT_EQ(lower_ascii("aAzZ@[`{09 .TIF"), "aazz@[`{09 .tif");
  EXPECT_EQ(lower_ascii("\xC3\x84"), "\xC3\x84");  // a capital letter beyond ASCII stays
}

TEST(Text, WritesBytesAsTwoDigits) {
  constexpr std::array<unsigned char, 4> bytes{0x00, 0x0F, 0xA0, 0xFF};
  EXPECT_EQ(hex_text(bytes.data(), bytes.size()), "000fa0ff");
  EXPECT_EQ(hex_text(bytes.data(), 0), "");
}

TEST(Text, HasAFixedNumberOfDecimals) {
  EXPECT_EQ(fixed_text(1.25, 1), "1.2");  // to even, as IEEE 754 has it
  EXPECT_EQ(fixed_text(-1.255, 3), "-1.255");
  EXPECT_EQ(fixed_text(3, 0), "3");
  EXPECT_EQ(fixed_text(1e300, 0).size(), 301U);
  EXPECT_EQ(fixed_text(std::numeric_limits<double>::quiet_NaN(), 2), "");
  EXPECT_EQ(fixed_text(-std::numeric_limits<double>::infinity(), 2), "");
}

TEST(Text, IsInertInMarkup) {
  EXPECT_EQ(markup_text("<a href=\"x\" b='y'>&amp;"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(markup_text("tab\tline\r\n"), "tab line  ");
  EXPECT_EQ(markup_text(std::string_view("\0\x1B\x7F", 3)), "???");
  EXPECT_EQ(markup_text("\xC6\x8F \xE2\x82\xAC \xF0\x9F\x98\x80"), "\xC6\x8F \xE2\x82\xAC \xF0\x9F\x98\x80");
  // Overlong, surrogate, beyond Unicode, no character, cut off, and a byte that follows nothing.
  EXPECT_EQ(markup_text("\xC0\xAF"), "??");
  EXPECT_EQ(markup_text("\xED\xA0\x80"), "???");
  EXPECT_EQ(markup_text("\xF4\x90\x80\x80"), "????");
  EXPECT_EQ(markup_text("\xEF\xBF\xBE"), "???");
  EXPECT_EQ(markup_text("a\xE2\x82"), "a??");
  EXPECT_EQ(markup_text("\x80z"), "?z");
}

}  // namespace
}  // namespace pitwatch
