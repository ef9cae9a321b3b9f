#include "pipeline/delivery/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::StartsWith;

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() { std::filesystem::create_directories(folder_ / "delivery"); }
  std::string path() const { return ledger_path(folder_.path(), "s"); }
  test::TemporaryFolder folder_;
};

TEST_F(LedgerTest, ComesBackAsItWas) {
  EXPECT_FALSE(read_ledger(folder_.path(), "s"));
  Ledger ledger;
  ledger.subscription = "s";
  ledger.began = parse_instant("2026-11-29T19:28:13.5Z");
  ledger.done = {{"PW-\"a\n", {{1, 2, 0, 0}, {"00ff", "11"}}}, {"PW-b", {}}};
  ledger.delivered = 12;
  ledger.last_delivery = parse_instant("2026-11-30");
  ledger.problem = "status 410";
  ledger.problem_since = parse_instant("2026-12-01");
  NewsEvent event;
  event.kind = NewsKind::closed;
  event.number = "3";
  ledger.on_its_way = MailOnItsWay{"From: a\r\n\r\nb\r\n", {{"PW-b", event}}};
  write_ledger(folder_.path(), ledger);
  const Ledger found = *read_ledger(folder_.path(), "s");
  EXPECT_EQ(found.began, ledger.began);
  EXPECT_EQ(found.done, ledger.done);
  EXPECT_EQ(found.delivered, 12);
  EXPECT_EQ(found.last_delivery, ledger.last_delivery);
  EXPECT_EQ(found.problem, ledger.problem);
  EXPECT_EQ(found.problem_since, ledger.problem_since);
  EXPECT_EQ(found.on_its_way->message, ledger.on_its_way->message);
  ASSERT_EQ(found.on_its_way->news.size(), 1U);
  EXPECT_EQ(found.on_its_way->news[0].first, "PW-b");
  EXPECT_EQ(found.on_its_way->news[0].second.kind, NewsKind::closed);
  EXPECT_EQ(found.on_its_way->news[0].second.number, "3");
  const std::string bytes = test::read_text(path());
  write_ledger(folder_.path(), found);
  EXPECT_EQ(test::read_text(path()), bytes);
}

TEST_F(LedgerTest, WhatIsNoneIsRefusedByName) {
  write_ledger(folder_.path(), {"s", {}, {{"PW-a", {{1, 0, 0, 0}, {"x"}}}}, 0, {}, {}, {}, {}});
  const std::string good = test::read_text(path());
  const std::vector<std::pair<std::string, std::string>> changes{{"\"s\"", "\"t\""},
                                                                 {"\"format\": 1", "\"format\": 2"},
                                                                 {"\"new\":1", "\"new\":-1"},
                                                                 {"\"new\":1", "\"new\":1e99"},
                                                                 {"\"new\":1", "\"newer\":1"},
                                                                 {"[\"x\"]", "\"x\""},
                                                                 {"[\"x\"]", "[1]"},
                                                                 {"1970-01-01T00:00:00Z", "yesterday"},
                                                                 {"\"delivered\": 0", "\"delivered\": \"0\""}};
  for (const auto& [from, to] : changes) {
    std::string text = good;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    test::write_text(path(), text.replace(at, from.size(), to));
    EXPECT_THAT(test::message_of<DataError>([&] { read_ledger(folder_.path(), "s"); }), StartsWith(path() + ": "))
        << to;
  }
  for (std::size_t size = 0; size + 2 < good.size(); size += 7) {
    test::write_text(path(), good.substr(0, size));
    EXPECT_THROW(read_ledger(folder_.path(), "s"), DataError) << size;
  }
}

}  // namespace
}  // namespace pitwatch
