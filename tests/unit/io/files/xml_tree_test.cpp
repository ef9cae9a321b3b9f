// XML from outside: what is read, and that hostile documents are refused.

#include "pipeline/io/files/xml_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::SizeIs;

std::string refusal(const std::string& text) {
  return message_of<DataError>([&] { parse_xml(text); });
}

std::string nested(int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += "<a>";
  for (int i = 0; i < levels; ++i) text += "</a>";
  return text;
}

TEST(XmlTree, ElementsAttributesAndTextAreFound) {
  const XmlElement root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made -->\n"
      "<n1:Product xmlns:n1=\"urn:x\">\n <A k=\"1\" n1:l='&lt;2'> one <B>two &amp; &#233;</B> three </A>\n"
      " <A><![CDATA[<raw>]]></A><C/></n1:Product>\n");
  EXPECT_EQ(root.name, "Product");
  ASSERT_THAT(root.children, SizeIs(3));
  EXPECT_EQ(root.children[0].text, "one  three");
  EXPECT_EQ(root.children[0].attribute("k"), "1");
  EXPECT_EQ(root.children[0].attribute("l"), "<2");
  EXPECT_EQ(root.children[0].attribute("none"), "");
  EXPECT_EQ(root.text_of("B"), "two & \xC3\xA9");
  EXPECT_EQ(root.children[1].text, "<raw>");
  EXPECT_THAT(root.find_all("A"), SizeIs(2));
  EXPECT_EQ(root.text_of("C"), "");
  EXPECT_THAT(root.find("D"), IsNull());
}

TEST(XmlTree, WhatIsNotWellFormedIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("{}"), HasSubstr("not XML: line 1"));
  EXPECT_THAT(refusal("<a><b></a>"), HasSubstr("not XML: line 1"));
  EXPECT_THAT(refusal("<a>\n<b>"), HasSubstr("not XML: line 2"));
  EXPECT_THAT(refusal("<a/><b/>"), HasSubstr("not XML"));
  EXPECT_THAT(refusal("<a>&unknown;</a>"), HasSubstr("not XML"));
  EXPECT_THAT(refusal("<a b='&unknown;'/>"), HasSubstr("not XML"));
  EXPECT_THAT(refusal(std::string("<a>\0</a>", 8)), HasSubstr("not XML"));
}

TEST(XmlTree, DocumentTypesAreRefusedBeforeAnyEntityIsKnown) {
  std::string bomb = "<!DOCTYPE a [<!ENTITY x0 \"lol\">";
  for (int i = 1; i < 12; ++i) {
    const std::string inner = "&x" + std::to_string(i - 1) + ";";
    bomb += "<!ENTITY x" + std::to_string(i) + " \"";
    for (int k = 0; k < 10; ++k) bomb += inner;
    bomb += "\">";
  }
  EXPECT_THAT(refusal(bomb + "]><a b=\"&x11;\">&x11;</a>"), HasSubstr("DOCTYPE"));
  EXPECT_THAT(refusal("<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\"><a/>"), HasSubstr("DOCTYPE"));
  EXPECT_THAT(refusal("<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>"), HasSubstr("DOCTYPE"));
}

TEST(XmlTree, DepthAndNumberOfElementsAreBounded) {
  EXPECT_EQ(parse_xml(nested(64)).name, "a");
  EXPECT_THAT(refusal(nested(65)), HasSubstr("64 levels"));
  EXPECT_THAT(refusal(nested(100'000)), HasSubstr("64 levels"));
  std::string wide = "<a>";
  for (int i = 0; i < 1'000'000; ++i) wide += "<b/>";
  EXPECT_THAT(refusal(wide + "</a>"), HasSubstr("more than 1000000"));
  EXPECT_THAT(refusal("<a>" + std::string(largest_xml_bytes, ' ') + "</a>"), HasSubstr("too large"));
}

}  // namespace
}  // namespace pitwatch
