#include "pipeline/webmap/script_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/unit/webmap/script_reader.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ScriptText, WhatGoesInComesOut) {
  const std::string text = "</script><img src=x onerror='hit()'> \\ \\n \" & \u2028 \u2029 \x7f Gədəbəy";
  const nlohmann::json document{{"text", text}, {"list", {1, -2.5, nullptr, true}}};
  EXPECT_EQ(test::document_of(data_script("a-b_c.1", document.dump()), "a-b_c.1"), document);
}

TEST(ScriptText, NothingEndsTheStringTheLineOrTheElement) {
  const nlohmann::json document{"</script>", "<!--", "'", "\\'", "\n", "\r", "\u2028", "\u2029", "&lt;"};
  const std::string script = data_script("key", document.dump(1));
  const std::string within = script.substr(0, script.size() - 1);
  for (const char* const bad : {"<", ">", "&", "\n", "\r", "\u2028", "\u2029"})
    EXPECT_THAT(within, Not(HasSubstr(bad)));
  EXPECT_EQ(std::count(script.begin(), script.end(), '\''), 4) << script;
  EXPECT_EQ(test::document_of(script, "key"), document);
}

TEST(ScriptText, KeysAreNames) {
  for (const char* const bad : {"", "a'b", "a b", "a/b", "<"})
    EXPECT_THROW(data_script(bad, "1"), std::invalid_argument);
}

TEST(ScriptText, PathsAsUrls) {
  EXPECT_EQ(url_of_path("dossiers/PW-54_a.html"), "dossiers/PW-54_a.html");
  EXPECT_EQ(url_of_path("../a b/#1?.html"), "../a%20b/%231%3F.html");
  EXPECT_EQ(url_of_path("javascript:x\xc9\x99"), "javascript%3Ax%C9%99");
}

}  // namespace
}  // namespace pitwatch
