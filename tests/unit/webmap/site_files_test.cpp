#include "pipeline/webmap/site_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "pipeline/chips/chip.hpp"
#include "pipeline/chips/chip_picture.hpp"
#include "pipeline/context/context_config.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    found.insert((*it)[1].str());
  return found;
}

std::set<std::string> keys_of(const std::map<std::string, std::string>& texts) {
  std::set<std::string> keys;
  for (const auto& [key, text] : texts) keys.insert(key);
  return keys;
}

TEST(MapTexts, LanguagesHaveTheSameKeysAndTheSamePlacesForValues) {
  const auto english = map_texts("en");
  for (const std::string_view language : map_languages()) {
    const auto texts = map_texts(language);
    EXPECT_EQ(keys_of(texts), keys_of(english)) << language;
    for (const auto& [key, text] : texts) {
      EXPECT_THAT(text, Not(IsEmpty())) << language << " " << key;
      EXPECT_EQ(matches(text, "\\{(\\w+)\\}"), matches(english.at(key), "\\{(\\w+)\\}")) << language << " " << key;
    }
  }
  EXPECT_THROW(map_texts("de"), ConfigError);
  EXPECT_THROW(page_files("../en"), ConfigError);
}

TEST(MapTexts, HaveAllThatScriptsAndPageAskFor) {
  const std::set<std::string> keys = keys_of(map_texts("en"));
  std::set<std::string> asked;
  for (const auto& [name, bytes] : page_files("en")) {
    if (!name.starts_with("app/")) continue;
    for (const std::string& key : matches(bytes, "'([a-z]+\\.[a-z_]+)'")) asked.insert(key);
  }
  EXPECT_THAT(asked, Not(IsEmpty()));
  for (const std::string& key : asked) {
    // What ends so is the begin of several.
    const auto first = keys.lower_bound(key);
    ASSERT_NE(first, keys.end()) << key;
    EXPECT_TRUE(key.ends_with("_") ? first->starts_with(key) : *first == key) << key;
  }
  EXPECT_THAT(page_files("en").at("index.html"), Not(HasSubstr("{{")));
}

template <typename Names>
void expect_all(const std::set<std::string>& keys, const std::string& prefix, const Names& names) {
  for (const auto& name : names) EXPECT_THAT(keys, Contains(prefix + "." + std::string(name)));
}

TEST(MapTexts, HaveANameForEachValueThatARegisterMayHold) {
  const std::set<std::string> keys = keys_of(map_texts("en"));
  for (const ChangeClassName& one : change_class_names) EXPECT_THAT(keys, Contains("class." + std::string(one.name)));
  expect_all(keys, "status", alert_status_names);
  expect_all(keys, "event", alert_event_names);
  expect_all(keys, "review", verdict_names);
  expect_all(keys, "superseded", superseded_why_names);
  expect_all(keys, "licence", boundary_verdict_names);
  expect_all(keys, "validity", validity_names);
  expect_all(keys, "risk", risk_level_names);
  expect_all(keys, "role", layer_role_names);
  expect_all(keys, "picture", chip_role_names);
  expect_all(keys, "composite", composite_names);
}

TEST(MapPage, AsksNoOtherHostAndMakesNoMarkupOfTexts) {
  const auto files = page_files("az");
  for (const auto& [name, bytes] : files) {
    if (name.starts_with("leaflet/")) continue;
    for (const std::string& url : matches(bytes, "(https?://[^'\" ]*)"))
      EXPECT_EQ(url, "http://www.w3.org/2000/svg") << name;
    for (const char* const bad :
         {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("}) {
      EXPECT_THAT(bytes, Not(HasSubstr(bad))) << name;
    }
  }
  EXPECT_THAT(files.at("index.html"), HasSubstr(std::string(map_mark)));
  EXPECT_THAT(files.at("index.html"), HasSubstr("<html lang=\"az\">"));
  EXPECT_THAT(files.at("index.html"), Not(HasSubstr(" style=")));
  EXPECT_THAT(files.at("leaflet/LICENSE.txt"), HasSubstr("Redistribution and use"));
  EXPECT_THAT(files.at("leaflet/leaflet.js"), Not(HasSubstr("sourceMappingURL")));
  // Each file that the page names is one of the folder, and each script is named.
  for (const std::string& path : matches(files.at("index.html"), "(?:src|href)=\"([^\":]+)\"")) {
    EXPECT_TRUE(files.contains(path) || path.starts_with("data/")) << path;
  }
  for (const auto& [name, bytes] : files) {
    const bool is_loaded = name.ends_with(".js") || name.ends_with(".css");
    EXPECT_TRUE(!is_loaded || files.at("index.html").find("\"" + name + "\"") != std::string::npos) << name;
  }
}

TEST(MapPage, TemplatesAreFilledInAndEscaped) {
  EXPECT_EQ(filled_in("<b>{{a}}</b>{{b}}", {{"a", "1 < 2"}, {"b", "\"x\""}}), "<b>1 &lt; 2</b>&quot;x&quot;");
  EXPECT_EQ(filled_in("no key {{", {}), "no key {{");
  EXPECT_THROW(filled_in("{{c}}", {}), std::out_of_range);
}

}  // namespace
}  // namespace pitwatch
