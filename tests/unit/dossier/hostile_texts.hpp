#pragma once
// Texts that try to be more than texts, and whether a page let them.

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

namespace pitwatch::test {

inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts{
      "<script>alert(1)</script>",
      "\"><img src=x onerror=alert(1)>",
      "' onload='alert(1)",
      "</style><script>alert(1)</script>",
      "</title></svg></table><h1>forged",
      "<!--",
      "]]>",
      "{{t.summary}} {{{style}}} {{#facts}}",
      "{id} {site}",
      "javascript:alert(1)",
      "\xE2\x80\xAE"
      "3102 evil\xE2\x81\xA6",  // turns what follows around
      "line\nbreak\ttab\x1b[31m\x07",
      "\xff\xfe not UTF-8",
      "&lt;b&gt; &amp; &#60;",
      "=cmd|' /C calc'!A0",
      "../../etc/passwd",
      "%s%n%p",
      std::string(3000, 'A'),
  };
  return texts;
}

/// Every tag of the page is one that the templates and drawings have; no attribute runs or loads anything.
inline void expect_inert(const std::string& html) {
  static const std::set<std::string> known{
      "!DOCTYPE", "html",   "head",       "meta",     "title",   "style", "body", "header", "main",    "footer",
      "section",  "p",      "span",       "a",        "h1",      "h2",    "h3",   "dl",     "dt",      "dd",
      "div",      "figure", "figcaption", "strong",   "ol",      "ul",    "li",   "table",  "caption", "thead",
      "tbody",    "tr",     "th",         "td",       "pre",     "bdi",   "br",   "svg",    "image",   "path",
      "g",        "text",   "rect",       "polyline", "polygon", "circle"};
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    std::size_t begin = at + (at + 1 < html.size() && html[at + 1] == '/' ? 2 : 1);
    std::size_t end = begin;
    while (end < html.size() && (std::isalnum(static_cast<unsigned char>(html[end])) || html[end] == '!')) ++end;
    const std::string tag = html.substr(begin, end - begin);
    EXPECT_EQ(known.count(tag), 1U) << "a tag of its own: " << html.substr(at, 60);
    const std::string inside = html.substr(end, html.find('>', end) - end);
    // Quoted values are taken out: what is left are the names of attributes.
    const std::string names = std::regex_replace(inside, std::regex("\"[^\"]*\""), "");
    EXPECT_FALSE(std::regex_search(names, std::regex("\\bon[a-z]+=|\\bsrc="))) << html.substr(at, 100);
    EXPECT_FALSE(std::regex_search(inside, std::regex("(href|src)=\"\\s*(javascript|http|//|data:text)")))
        << html.substr(at, 100);
  }
  for (const char* mark : {"\xE2\x80\xAE", "\xE2\x81\xA6", "\x1b", "\x07"}) {
    EXPECT_EQ(html.find(mark), std::string::npos) << "a mark that steers the text";
  }
}

}  // namespace pitwatch::test
