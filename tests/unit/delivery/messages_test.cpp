#include "pipeline/delivery/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(Hmac, IsThatOfTheStandard) {
  // RFC 4231, test cases 2 and 6.
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Messages, HeadersSignTimestampAndBody) {
  const Instant now = parse_instant("2026-11-29T19:28:13.999Z");
  EXPECT_THAT(
      webhook_headers("k", "new", "key", "{}", now),
      ElementsAre(Pair("Idempotency-Key", "k"), Pair("Pitwatch-Event", "new"), Pair("Pitwatch-Timestamp", "1795980493"),
                  Pair("Pitwatch-Signature", "v1=" + hmac_sha256("key", "1795980493.{}"))));
}

TEST(Messages, KeysAreOfSubscriptionAlertKindAndNumberAlone) {
  NewsEvent event{0, NewsKind::grown, "1", parse_instant("2022-01-01"), {}, 1.5};
  const std::string key = idempotency_key("s", "PW-a", event);
  EXPECT_EQ(key.size(), 32U);
  std::set<std::string> keys{key, idempotency_key("t", "PW-a", event), idempotency_key("s", "PW-b", event),
                             idempotency_key("s\nPW", "a", event)};
  NewsEvent other = event;
  other.number = "2";
  keys.insert(idempotency_key("s", "PW-a", other));
  other = event;
  other.kind = NewsKind::first;
  keys.insert(idempotency_key("s", "PW-a", other));
  EXPECT_EQ(keys.size(), 6U);
  other = event;
  other.number = "grown\n1";
  EXPECT_NE(idempotency_key("s", "PW-a", other), idempotency_key("s", "PW-a\ngrown", event))
      << "none runs into another";
  other = event;
  other.at = parse_instant("2023-01-01");
  other.recorded_at = other.at;
  other.area_ha = 7;
  other.alert = 3;
  EXPECT_EQ(idempotency_key("s", "PW-a", other), key);
}

TEST(Messages, BodiesHoldHostileTextsAsJson) {
  OutlinedAlert outlined = test::registered_alert("PW-\"a\n", 0);
  outlined.alert.site = "x\"}]\xff\x01";
  const RegisterNews news = news_of({outlined}, {}, {});
  NewsEvent event{0, NewsKind::reviewed, "1", {}, {}, 1, test::review_of(Verdict::natural, "2022-01-01", "\"\r\n\xfe")};
  const auto body = nlohmann::json::parse(webhook_body(news, event, "s"));
  EXPECT_EQ(body.at("id"), "PW-\"a\n");
  EXPECT_EQ(body.at("event").at("reason"), "\"\r\n\xEF\xBF\xBD");
  EXPECT_EQ(body.at("event").at("recorded_at"), nullptr);
  EXPECT_EQ(body.at("bbox").size(), 4U);
}

TEST(Messages, HeaderTextIsOneLineOfAsciiInWordsOfAtMost75) {
  EXPECT_EQ(header_text("Pitwatch: 2 new at Sakdrisi"), "Pitwatch: 2 new at Sakdrisi");
  EXPECT_EQ(header_text("Gədəbəy"), "=?UTF-8?B?R8mZZMmZYsmZeQ==?=");
  EXPECT_THAT(header_text("a =?UTF-8?Q?b?="), Not(HasSubstr("=?UTF-8?Q?")));
  std::string long_text = "x";  // so that 45 bytes end within a character
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 50; ++i) long_text += "ə€𐍈";
  const std::string encoded = header_text(long_text);
  std::size_t begin = 0;
  int lines = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 3, ++lines) {
    end = encoded.find("\r\n ", begin);
    const std::string word = encoded.substr(begin, end - begin);
    EXPECT_LE(word.size(), 75U);
    EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
    const std::size_t first_byte = digits.find(word[10]) << 2U | digits.find(word[11]) >> 4U;
    EXPECT_NE(first_byte & 0xC0U, 0x80U) << "it begins with a character";
  }
  EXPECT_GT(lines, 5);
  EXPECT_EQ(header_text("a\r\nBcc: b").find('\n'), std::string::npos);
}

TEST(Messages, QuotedPrintableHasShortLinesAndNoBlanksAtTheirEnds) {
  EXPECT_EQ(quoted_printable("a=b ə\n.\n"), "a=3Db =C9=99\r\n.\r\n");
  EXPECT_EQ(quoted_printable("a \nb "), "a=20\r\nb=20");
  EXPECT_EQ(quoted_printable("\r\t\x7f"), "=0D=09=7F");
  const std::string text = quoted_printable(std::string(300, 'x') + std::string(100, '='));
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 2) {
    end = text.find("\r\n", begin);
    EXPECT_LE(std::min(end, text.size()) - begin, 76U);
  }
}

TEST(Messages, MailNamesItselfByItsEventsAlone) {
  const RegisterNews news = news_of({test::registered_alert("PW-a", 0)}, {}, {});
  Subscription subscription{
      "s", MailTarget{"smtps://m", true, "Me, \"and\" you", "me@example.org", {"a@b.c"}, "", {}}, {}};
  const std::vector<NewsEvent> events{{0, NewsKind::first, "1", parse_instant("2022-01-25"), {}, 0.5}};
  const auto id_of = [](const std::string& mail) {
    const std::size_t at = mail.find("Message-ID: ");
    return mail.substr(at, mail.find("\r\n", at) - at);
  };
  const std::string mail = mail_message(news, events, subscription, parse_instant("2026-11-29T19:28:13Z"));
  EXPECT_THAT(mail, HasSubstr("From: \"Me, \\\"and\\\" you\" <me@example.org>\r\nTo: a@b.c\r\n"));
  EXPECT_THAT(mail, HasSubstr("Date: Sun, 29 Nov 2026 19:28:13 +0000\r\n"));
  EXPECT_THAT(mail, HasSubstr("latitude, longitude: 40.00500, 46.00500\r\n"));
  EXPECT_EQ(id_of(mail), id_of(mail_message(news, events, subscription, parse_instant("2027-01-01"))));
  subscription.id = "t";
  EXPECT_NE(id_of(mail), id_of(mail_message(news, events, subscription, parse_instant("2027-01-01"))));
}

}  // namespace
}  // namespace pitwatch
