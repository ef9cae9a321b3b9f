#include "pipeline/dossier/texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/account/inventory.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path room = PITWATCH_SOURCE_DIR "/pipeline/dossier";

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

std::string sources(const std::string& suffix) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(room)) {
    if (entry.path().extension() == suffix) all += test::read_text(entry.path().string());
  }
  return all;
}

std::set<std::string> keys_of(const Texts& texts) {
  std::set<std::string> keys;
  for (const auto& [key, text] : texts.all()) keys.insert(key);
  return keys;
}

TEST(Texts, CataloguesHaveTheSameKeysAndTheSameNamesInEach) {
  const Texts english("en");
  EXPECT_GT(english.all().size(), 300U);
  for (const std::string_view language : dossier_languages) {
    const Texts other(language);
    EXPECT_EQ(keys_of(other), keys_of(english)) << language;
    for (const auto& [key, text] : english.all()) {
      if (other.all().count(key) == 0) continue;
      EXPECT_EQ(matches(other(key), R"(\{(\w+)\})"), matches(text, R"(\{(\w+)\})")) << language << " " << key;
      EXPECT_THAT(other(key), ::testing::Not(HasSubstr("<"))) << language << " " << key;
      EXPECT_FALSE(other(key).empty()) << language << " " << key;
    }
  }
}

TEST(Texts, EveryWordOfTheRecordHasOne) {
  const std::set<std::string> keys = keys_of(Texts("en"));
  const auto has_all = [&](const std::string& prefix, const auto& names) {
    for (const std::string_view name : names) EXPECT_TRUE(keys.contains(prefix + std::string(name))) << prefix << name;
  };
  has_all("object_", object_kind_names);
  has_all("status_", alert_status_names);
  has_all("event_", alert_event_names);
  has_all("verdict_", verdict_names);
  has_all("superseded_", superseded_why_names);
  for (const ChangeClassName& one : change_class_names) EXPECT_TRUE(keys.contains("class_" + std::string(one.name)));
}

TEST(Texts, OtherLanguagesAreTranslated) {
  const Texts english("en");
  const std::set<std::string> alike{"decimal_mark", "unit_ha",       "unit_m",      "unit_km",
                                    "column_hash",  "date_short",    "date_long",   "file_pdf",
                                    "months",       "column_status", "fact_status", "coverage_period_text",
                                    "size_between", "column_problem"};
  for (const std::string_view language : {"az", "ru"}) {
    const Texts other(language);
    std::vector<std::string> same;
    for (const auto& [key, text] : english.all()) {
      if (other(key) == text && alike.count(key) == 0) same.push_back(key);
    }
    EXPECT_THAT(same, IsEmpty()) << language;
  }
}

TEST(Texts, TemplatesUseNoKeyThatIsNotThere) {
  const std::set<std::string> keys = keys_of(Texts("en"));
  const std::set<std::string> used = matches(sources(".mustache"), R"(\{\{t\.(\w+)\}\})");
  EXPECT_GT(used.size(), 100U);
  for (const std::string& key : used) EXPECT_TRUE(keys.count(key) == 1) << key;
}

TEST(Texts, NoKeyIsWithoutUse) {
  const std::string all = sources(".mustache") + sources(".cpp");
  const std::set<std::string> used = matches(all, R"(\bt\.(\w+)\}\})");
  const std::set<std::string> prefixes = matches(all, R"re("([a-z_]+_)")re");
  for (const std::string& key : keys_of(Texts("en"))) {
    const bool by_prefix = std::any_of(prefixes.begin(), prefixes.end(),
                                       [&](const std::string& prefix) { return key.starts_with(prefix); });
    EXPECT_TRUE(used.count(key) == 1 || by_prefix || all.find('"' + key + '"') != std::string::npos) << key;
  }
}

TEST(Texts, NumbersAndDatesAreThoseOfTheLanguage) {
  const Instant at = parse_instant("2022-02-09T07:44:58.024Z");
  const Texts english("en"), azerbaijani("az"), russian("ru");
  EXPECT_EQ(english.number(13.17, 2), "13.17");
  EXPECT_EQ(azerbaijani.number(13.17, 2), "13,17");
  EXPECT_EQ(russian.hectares(0.5), "0,50 га");
  EXPECT_EQ(english.percent(0.123), "12 %");
  EXPECT_EQ(english.percent(0), "0 %");
  EXPECT_EQ(english.percent(1), "100 %");
  EXPECT_EQ(english.percent(0.995), "> 99 %");
  EXPECT_EQ(english.percent(0.994), "99 %");
  EXPECT_EQ(english.percent(0.004), "< 1 %");
  EXPECT_EQ(russian.percent(0.9999, 1), "> 99,9 %");
  EXPECT_EQ(azerbaijani.percent(0.0001, 1), "< 0,1 %");
  EXPECT_EQ(english.distance(450.4), "450 m");
  EXPECT_EQ(russian.distance(12389), "12,4 км");
  EXPECT_EQ(english.day(at), "9 February 2022");
  EXPECT_EQ(azerbaijani.day(at), "9 fevral 2022");
  EXPECT_EQ(russian.day(at), "9 февраля 2022 года");
  EXPECT_EQ(english.short_day(at), "2022-02-09");
  EXPECT_EQ(azerbaijani.short_day(at), "09.02.2022");
  EXPECT_EQ(english.time(at), "2022-02-09 07:44:58");
  EXPECT_EQ(russian.day(parse_instant("2023-12-31")), "31 декабря 2023 года");
  EXPECT_EQ(english.number(std::numeric_limits<double>::quiet_NaN(), 2), "");
}

TEST(Texts, ValuesAreNoTemplates) {
  const Texts texts("en");
  EXPECT_EQ(texts("title_alert", {{"id", "{site}"}, {"site", "{id} {{x}}"}}), "Alert {site}, site {id} {{x}}");
  EXPECT_THROW(texts("title_alert", {{"id", "a"}}), std::invalid_argument);
  EXPECT_THROW(texts("no such key"), std::out_of_range);
  EXPECT_THROW(Texts("de"), ConfigError);
  EXPECT_THROW(Texts("../en"), ConfigError);
}

}  // namespace
}  // namespace pitwatch
