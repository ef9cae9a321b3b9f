#include "pipeline/dossier/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>

#include "pipeline/dossier/dossier_files.hpp"
#include "pipeline/dossier/pictures.hpp"
#include "pipeline/dossier/shell_word.hpp"
#include "tests/unit/dossier/hostile_texts.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST(Page, TextsFromOutsideAreInert) {
  for (const std::string& hostile : test::hostile_texts()) {
    const ordered_json row{{"id", hostile},     {"href", hostile},       {"site", hostile},
                           {"status", hostile}, {"pdf", hostile},        {"class", hostile},
                           {"area", hostile},   {"confidence", hostile}, {"first_detected", hostile}};
    const std::string html = page_of("index",
                                     {{"as_of", hostile},
                                      {"has_pdf", true},
                                      {"has_sites", true},
                                      {"sites", {{{"site", hostile}, {"href", "x"}, {"pdf", nullptr}}}},
                                      {"has_alerts", true},
                                      {"alerts", ordered_json::array({row})}},
                                     Texts("en"));
    EXPECT_THAT(html, Not(HasSubstr("<script"))) << hostile;
    EXPECT_THAT(html, Not(HasSubstr("<img"))) << hostile;
    EXPECT_THAT(html, Not(HasSubstr("<!--"))) << hostile;
    EXPECT_THAT(html, Not(HasSubstr("\xE2\x80\xAE"))) << hostile;
  }
}

TEST(Page, OnlyDrawingsAndTheStyleAreTakenAsTheyAre) {
  const std::set<std::string> allowed{"style", "true_colour", "short_wave", "plot", "map"};
  for (const char* name : {"alert", "site", "index"}) {
    const std::string text(dossier_file(std::string(name) + ".mustache"));
    const std::regex raw(R"(\{\{\{(\w+)\}\}\}|\{\{&\s*(\w+))");
    for (std::sregex_iterator at(text.begin(), text.end(), raw), end; at != end; ++at) {
      EXPECT_EQ(allowed.count((*at)[1].str() + (*at)[2].str()), 1U) << name << " " << at->str();
    }
    EXPECT_THAT(text, HasSubstr("default-src 'none'")) << name;
    EXPECT_THAT(text, Not(HasSubstr("<script"))) << name;
  }
}

TEST(Page, HasALanguageAndWhatIsAbsentIsAbsent) {
  const std::string html = page_of("index", {{"as_of", "x"}, {"has_sites", false}, {"has_alerts", false}}, Texts("az"));
  EXPECT_THAT(html, HasSubstr("<html lang=\"az\">"));
  EXPECT_THAT(html, HasSubstr("Heç bir siqnal seçilməyib."));
  EXPECT_THAT(html, Not(HasSubstr("<ul>")));
  EXPECT_THAT(html, Not(HasSubstr("{{")));
}

TEST(Page, MarksThatSteerTheTextAreVisible) {
  EXPECT_EQ(page_text("a\xE2\x80\xAE"
                      "b"),
            "a\\u202eb");
  EXPECT_EQ(page_text("a\nb<c>"), "a\\nb&lt;c&gt;");
  EXPECT_EQ(page_text("\xC9\x99 \xD0\xB6"), "\xC9\x99 \xD0\xB6");
}

TEST(Page, UnknownTemplateIsAFault) {
  EXPECT_THROW(page_of("nothing", ordered_json::object(), Texts("en")), std::out_of_range);
  EXPECT_THROW(page_of("index", {{"as_of", 5}}, Texts("en")), std::logic_error);
}

TEST(Base64, IsThatOfTheRfc) {
  EXPECT_EQ(base64(bytes_of("")), "");
  EXPECT_EQ(base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(base64(bytes_of("foo")), "Zm9v");
  EXPECT_EQ(base64(bytes_of("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64(std::vector<std::uint8_t>{0xFB, 0xEF, 0xFF}), "++//");
}

TEST(ScaleBar, IsRoundAndAtMostAThird) {
  EXPECT_EQ(scale_bar_m(480), 100);
  EXPECT_EQ(scale_bar_m(600), 200);
  EXPECT_EQ(scale_bar_m(1500), 500);
  EXPECT_EQ(scale_bar_m(2560), 500);
  EXPECT_EQ(scale_bar_m(3000), 1000);
}

TEST(ShellWord, RunsNothingElse) {
  EXPECT_EQ(shell_word("PW-69e1d899ad22"), "PW-69e1d899ad22");
  EXPECT_EQ(shell_word("a; rm -rf /"), "'a; rm -rf /'");
  EXPECT_EQ(shell_word("it's $(id)"), "'it'\\''s $(id)'");
  EXPECT_EQ(shell_word("--out"), "'--out'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace pitwatch
