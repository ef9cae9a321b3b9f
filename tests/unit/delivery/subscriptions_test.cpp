#include "pipeline/delivery/subscriptions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/mail_client.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string sample = test::read_text(PITWATCH_SOURCE_DIR "/tests/fuzz/regressions/subscriptions/both.json");

TEST(Subscriptions, AreReadAsTheyAreWritten) {
  const std::vector<Subscription> found = parse_subscriptions(sample, "/etc/pitwatch");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, "ministry");
  const auto& webhook = std::get<WebhookTarget>(found[0].target);
  EXPECT_EQ(webhook.url, "https://example.org/pits");
  EXPECT_EQ(webhook.secret.file, "/etc/pitwatch/ministry.key");
  EXPECT_THAT(found[0].filter.sites, ElementsAre("north-pit"));
  EXPECT_THAT(found[0].filter.events, ElementsAre("confirmed", "grown"));
  EXPECT_EQ(found[0].filter.min_area_ha, 0.5);
  EXPECT_EQ(found[0].filter.max_natural, 0.8);
  EXPECT_EQ(shown_target(found[0]), "https://example.org");
  const auto& mail = std::get<MailTarget>(found[1].target);
  EXPECT_EQ(mail.from_name, "Pitwatch");
  EXPECT_EQ(mail.from, "watch@example.org");
  EXPECT_EQ(mail.password.variable, "MAIL_PASSWORD");
  EXPECT_TRUE(mail.requires_tls);
  EXPECT_EQ(found[1].filter.statuses.size(), 4U);
}

TEST(Subscriptions, ReadmeAndSchemaSayTheSame) {
  const std::string readme = test::read_text(PITWATCH_SOURCE_DIR "/README.md");
  const std::size_t begin = readme.find("    {\"subscriptions\": [");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(parse_subscriptions(readme.substr(begin, readme.find("\n\n", begin) - begin), "").size(), 2U);

  if (std::system("/usr/bin/python3 -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null") != 0) {
    GTEST_SKIP() << "no python3-jsonschema";
  }
  const test::TemporaryFolder folder;
  test::write_text(folder / "check.py",
                   "import json, jsonschema, sys\n"
                   "schema = json.load(open(sys.argv[1]))\n"
                   "jsonschema.Draft202012Validator.check_schema(schema)\n"
                   "documents = json.load(open(sys.argv[2]))\n"
                   "print(json.dumps([jsonschema.Draft202012Validator(schema).is_valid(d) for d in documents]))\n");
  const json good = json::parse(sample);
  json documents = json::array({good});
  const auto change = [&](const std::string& path, const json& value) {
    json document = good;
    document[json::json_pointer("/subscriptions" + path)] = value;
    documents.push_back(std::move(document));
  };
  change("/0/id", ".a");
  change("/0/id", "a b");
  change("/0/more", 1);
  change("/0/webhook/secret_env", "A");
  change("/0/webhook/url", "ftp://example.org/");
  change("/0/email", good.at("subscriptions").at(1).at("email"));
  change("/0/filter/events", json::array({"gone"}));
  change("/0/filter/events", json::array());
  change("/0/filter/max_natural", 2);
  change("/1/email/to", json::array());
  change("/1/email/tls", "perhaps");
  change("/1/email/password_file", "also");
  test::write_text(folder / "documents.json", documents.dump());
  const std::string command = "/usr/bin/python3 " + (folder / "check.py") +
                              " " PITWATCH_SOURCE_DIR "/pipeline/delivery/subscriptions.schema.json " +
                              (folder / "documents.json") + " >" + (folder / "log") + " 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << test::read_text(folder / "log");
  const json valid = json::parse(test::read_text(folder / "log"));
  ASSERT_EQ(valid.size(), documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    bool parsed = true;
    try {
      parse_subscriptions(documents[i].dump(), "");
    } catch (const ConfigError&) {
      parsed = false;
    }
    EXPECT_EQ(parsed, i == 0) << documents[i];
    EXPECT_EQ(valid[i].get<bool>(), i == 0) << documents[i];
  }
}

TEST(Subscriptions, SecretsAreOneLineAndNeverShown) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "secret";
  const auto secret = [&](const std::string& text) {
    test::write_text(path, text);
    return read_secret({path, ""});
  };
  EXPECT_EQ(secret("abc"), "abc");
  EXPECT_EQ(secret("a b\n"), "a b");
  EXPECT_EQ(secret("abc\r\n"), "abc");
  for (const std::string& text : {std::string(), std::string("\n"), std::string("hidden\nhidden\n"),
                                  std::string("hidden\0", 7), std::string(5000, 'h')}) {
    const std::string message = test::message_of<ConfigError>([&] { secret(text); });
    EXPECT_THAT(message, HasSubstr(path));
    EXPECT_THAT(message, Not(HasSubstr("hidden")));
  }
  EXPECT_THAT(test::message_of<ConfigError>([] {
                read_secret({"", "PITWATCH_NO_SUCH_VARIABLE"});
              }),
              HasSubstr("PITWATCH_NO_SUCH_VARIABLE is not set"));
  EXPECT_THROW(read_secret({folder / "none", ""}), ConfigError);
}

TEST(Mail, AddressesAndServersAreWhatTheySeem) {
  for (const char* const good : {"a@example.org", "a.b+c@mail.example.org", "x_y'z@localhost"}) {
    EXPECT_TRUE(is_mail_address(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("a"), std::string("@b.c"), std::string("a@"), std::string("a@b@c"),
        std::string(".a@b.c"), std::string("a..b@c.d"), std::string("a b@c.d"), std::string("a@b c"),
        std::string("a@b.c\r\nDATA"), std::string("<a@b.c>"), std::string("\"a\"@b.c"), std::string("a@-b.c"),
        std::string("a\0@b.c", 6), std::string("ə@b.c"), std::string(251, 'a') + "@b.c"}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  }
  check_mail_server({"smtps://mail.example.org:465", true, "me", "x"});
  check_mail_server({"smtp://127.0.0.1", false, "", ""});
  for (const char* const bad : {"https://mail.example.org", "smtps://", "smtps://a:b@mail.example.org", "smtp://h/path",
                                "smtp://h:port", "smtp://h:1234567", "smtp://h?x", "smtp://h\r\n", "smtp://h:"}) {
    const std::string message = test::message_of<ConfigError>([&] { check_mail_server({bad, true, "", ""}); });
    EXPECT_THAT(message, Not(HasSubstr("a:b@"))) << bad;
  }
  EXPECT_THROW(check_mail_server({"smtp://mail.example.org", false, "me", "x"}), ConfigError);
  EXPECT_THROW(send_mail({"smtp://127.0.0.1:9", true, "", ""}, {"a@b.c", {"x\r\n@b.c"}, ""}, {}), ConfigError);
}

TEST(HttpClient, HeadersAreOneLine) {
  HttpClient client({}, {{"http"}, {"127.0.0.1:9"}, {}, {}});
  for (const std::pair<std::string, std::string>& header : {std::pair<std::string, std::string>{"A", "b\r\nC: d"},
                                                            {"A\n", "b"},
                                                            {"A: b\r\nC", "d"},
                                                            {"", "d"},
                                                            {"A:B", "c"}}) {
    HttpBody body{"{}", "application/json", "", 0};
    body.headers.push_back(header);
    EXPECT_THAT(test::message_of<DataError>([&] { client.post("http://127.0.0.1:9/", body); }), HasSubstr("a header"));
  }
}

}  // namespace
}  // namespace pitwatch
