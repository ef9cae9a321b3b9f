// pitwatch notify as a process, against receivers that fail: each event arrives, and none twice for who heeds its key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pipeline/io/files/folder_lock.hpp"
#include "tests/integration/http_server.hpp"
#include "tests/integration/nights.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::happens;
using test::HttpServer;
using test::Invocation;
using test::Night;
using test::Outcome;
using test::told_alert;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* secret = "a key of the test";

class NotifyCli : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::has_python()) GTEST_SKIP() << "python3 is needed";
    std::filesystem::create_directories(state());
    test::write_text(folder_ / "secret", std::string(secret) + "\n");
    server_ =
        std::make_unique<HttpServer>(receiver(), std::vector<std::string>{"--secret", secret}, "http", "receiver.py");
  }

  std::string state() const { return folder_ / "state"; }
  std::string receiver() const {
    std::filesystem::create_directories(folder_ / "receiver");
    return folder_ / "receiver";
  }
  std::string ledger(const std::string& id = "hook") const { return state() + "/delivery/" + id + ".json"; }

  /// A night at which these alerts were recorded.
  void night(const std::vector<Alert>& alerts, const std::string& now = "2024-05-01T02:00:00Z") const {
    Night told{alerts};
    told.now = now;
    for (const Alert& alert : alerts) {
      told.watched.emplace(*alert.site, SupersededWhy::replayed);
      told.listed.insert(*alert.site);
    }
    told.into(state() + "/register.gpkg");
  }

  json hook(const std::string& mode, const std::string& id = "hook", json filter = json::object()) const {
    return {{"id", id},
            {"webhook", {{"url", server_->url("/" + mode + "/tell?me")}, {"secret_file", "secret"}}},
            {"filter", std::move(filter)}};
  }
  json mail(const std::string& local, const std::string& id = "mail") const {
    const int port = server_->stats().at("smtp_port").get<int>();
    return {{"id", id},
            {"email",
             {{"server", "smtp://127.0.0.1:" + std::to_string(port)},
              {"tls", "none"},
              {"from", "Nächtliche Wacht <watch@example.org>"},
              {"to", json::array({local + "@example.org"})}}}};
  }
  void subscribe(const std::vector<json>& subscriptions) const {
    test::write_text(folder_ / "subscriptions.json", json{{"subscriptions", subscriptions}}.dump());
  }

  Invocation invocation(std::vector<std::string> more = {}) const {
    Invocation call{{PITWATCH_PROGRAM, "notify", "--state", state(), "--subscriptions", folder_ / "subscriptions.json",
                     "--allow-host", "http://" + server_->host()},
                    {},
                    {},
                    {}};
    call.command.insert(call.command.end(), more.begin(), more.end());
    call.time_limit = std::chrono::seconds(120);
    return call;
  }
  Outcome notify(std::vector<std::string> more = {}) const { return test::run_process(invocation(std::move(more))); }

  json taken() const { return server_->stats().at("taken"); }

  /// "PW-a new" for each, in the order in which they came; signed, with a key of its own.
  std::vector<std::string> heard() const {
    std::vector<std::string> lines;
    for (const json& each : taken()) {
      EXPECT_TRUE(each.at("is_signed").get<bool>());
      EXPECT_TRUE(each.at("is_recent").get<bool>());
      const json& event = each.at("body").at("event");
      EXPECT_EQ(event.at("key"), each.at("key"));
      EXPECT_EQ(event.at("kind"), each.at("event"));
      lines.push_back(each.at("body").at("id").get<std::string>() + " " + each.at("event").get<std::string>());
    }
    return lines;
  }

  /// As a receiver that heeds keys sees it: sorted, and every line with one key alone.
  std::vector<std::string> heard_once() const {
    std::map<std::string, std::string> by_key;
    for (const json& each : taken()) {
      const json& event = each.at("body").at("event");
      by_key[each.at("key").get<std::string>()] = each.at("body").at("id").get<std::string>() + " " +
                                                  each.at("event").get<std::string>() + " " +
                                                  event.at("number").get<std::string>();
    }
    std::vector<std::string> lines;
    for (const auto& [key, line] : by_key) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(NotifyCli, TheFirstLookPassesOverAndThenWhatIsNewIsSent) {
  night({told_alert("PW-a", 0)});
  subscribe({hook("hook")});
  const Outcome first = notify();
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("sends from now on; 3 earlier events are passed over"));
  EXPECT_THAT(first.err, HasSubstr("error:")) << "with --quiet, too: its ledger may have been lost";
  EXPECT_THAT(heard(), ElementsAre());

  Alert grown = told_alert("PW-a", 0);
  happens(grown, AlertEventKind::grew, "2022-04-01T08:00:00Z", 2.5, AlertStatus::confirmed);
  night({grown, told_alert("PW-b", 100)}, "2024-05-02T02:00:00Z");
  const Outcome second = notify();
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(heard(), ElementsAre("PW-b new", "PW-b grown", "PW-b confirmed", "PW-a grown"));
  const json last = taken().back().at("body");
  EXPECT_EQ(last.at("type"), "Feature");
  EXPECT_EQ(last.at("properties").at("area_ha"), 2.5);
  EXPECT_EQ(last.at("geometry").at("type"), "Polygon");
  EXPECT_EQ(last.at("event").at("number"), "2");
  EXPECT_EQ(last.at("event").at("at"), "2022-04-01T08:00:00Z");
  EXPECT_EQ(last.at("event").at("recorded_at"), "2024-05-02T02:00:00Z");
  EXPECT_EQ(taken().back().at("type"), "application/json");

  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(taken().size(), 4U) << "nothing was new";
  happens(grown, AlertEventKind::closed, "2022-05-01T08:00:00Z", 2.5, AlertStatus::closed);
  night({grown, told_alert("PW-b", 100)}, "2024-05-03T02:00:00Z");
  test::add_review(state() + "/register.gpkg", "PW-b", test::review_of(Verdict::licensed, "2022-06-01T00:00:00Z"));
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_THAT(heard(),
              ElementsAre("PW-b new", "PW-b grown", "PW-b confirmed", "PW-a grown", "PW-a closed", "PW-b reviewed"));
  EXPECT_EQ(taken().back().at("body").at("event").at("verdict"), "licensed");
}

TEST_F(NotifyCli, SinceSendsWhatWasRecordedFromThenOn) {
  night({told_alert("PW-a", 0)}, "2024-05-01T02:00:00Z");
  night({told_alert("PW-a", 0), told_alert("PW-b", 100)}, "2024-05-02T02:00:00Z");
  subscribe({hook("hook", "hook", {{"events", json::array({"new"})}})});
  EXPECT_EQ(notify({"--since", "2024-05-02"}).exit_code, 0);
  EXPECT_THAT(heard(), ElementsAre("PW-b new"));
  subscribe({hook("hook", "other", {{"events", json::array({"new"})}})});
  EXPECT_EQ(notify({"--since", "2024-01-01"}).exit_code, 0);
  EXPECT_THAT(heard(), ElementsAre("PW-b new", "PW-a new", "PW-b new"));
  // Of a subscription that has begun it passes over what was not sent before.
  night({told_alert("PW-a", 0), told_alert("PW-b", 100), told_alert("PW-c", 200)}, "2024-05-03T02:00:00Z");
  EXPECT_EQ(notify({"--since", "2024-05-04"}).exit_code, 0);
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(taken().size(), 3U);
  // And brings nothing back.
  const Outcome back = notify({"--since", "2024-01-01"});
  EXPECT_EQ(back.exit_code, 0);
  EXPECT_THAT(back.err, HasSubstr("--since does not bring back"));
  EXPECT_EQ(taken().size(), 3U);
}

TEST_F(NotifyCli, DryRunAndListSendAndWriteNothing) {
  night({told_alert("PW-a", 0)});
  subscribe({hook("hook"), mail("anybody")});
  const Outcome dry = notify({"--dry-run", "--since", "2024-01-01"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, AllOf(HasSubstr("hook"), HasSubstr("PW-a"), HasSubstr("confirmed"), Not(HasSubstr("tell"))));
  EXPECT_FALSE(std::filesystem::exists(state() + "/delivery"));
  EXPECT_EQ(taken().size(), 0U);
  EXPECT_EQ(notify({"--since", "2024-01-01"}).exit_code, 0);
  const std::string before = test::read_text(ledger());
  const Outcome list = notify({"--list", "--json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  const json standing = json::parse(list.out).at("subscriptions").at(0);
  EXPECT_EQ(standing.at("delivered_ever"), 3);
  EXPECT_EQ(standing.at("waiting").size(), 0U);
  EXPECT_EQ(test::read_text(ledger()), before);
  EXPECT_EQ(taken().size(), 3U);
}

TEST_F(NotifyCli, WhatFailsForAWhileIsTriedAgainWithTheSameKey) {
  night({told_alert("PW-a", 0)});
  subscribe({hook("first503x2"), hook("late", "late"), hook("twice", "twice"), hook("cutx1", "cut")});
  const int connections = server_->stats().at("connections").get<int>();
  const Outcome outcome = notify({"--since", "2024-01-01"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(server_->stats().at("connections"), connections + 9 + 3 + 3 + 6 + 1)
      << "one for each request, and for this";
  EXPECT_EQ(heard_once().size(), 12U) << "three events of four subscriptions";
  EXPECT_EQ(taken().size(), 15U) << "those that were cut off came twice";
  EXPECT_EQ(server_->stats().at("requests"), 9 + 3 + 3 + 6);
}

TEST_F(NotifyCli, OneThatFailsHoldsUpNoOther) {
  night({told_alert("PW-a", 0), told_alert("PW-b", 100)});
  json nobody = hook("hook", "nobody");
  nobody["webhook"]["url"] = "http://127.0.0.1:9/hook";
  json no_secret = hook("hook", "no_secret");
  no_secret["webhook"]["secret_file"] = "nowhere";
  subscribe({nobody, hook("status410", "gone"), hook("moved", "moved"), hook("hang", "hanging"), no_secret,
             hook("only-PW-b", "some"), hook("hook", "all")});
  const std::vector<std::string> impatient{"--since",         "2024-01-01", "--http-timeout", "1",
                                           "--http-deadline", "2",          "--allow-host",   "http://127.0.0.1:9"};
  const Outcome outcome = notify(impatient);
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("subscription nobody: 6 of 6"), HasSubstr("subscription gone: 6 of 6"),
                                 HasSubstr("subscription moved: 6 of 6"), HasSubstr("subscription hanging: 6 of 6"),
                                 HasSubstr("subscription no_secret: 6 of 6"), HasSubstr("subscription some: 3 of 6"),
                                 HasSubstr("subscription all: 6 events delivered"), Not(HasSubstr("tell"))));
  std::map<std::string, int> counts;
  for (const json& each : taken()) ++counts[each.at("path").get<std::string>()];
  EXPECT_EQ(counts["/only-PW-b/tell?me"], 3);
  EXPECT_EQ(counts["/hook/tell?me"], 6);
  EXPECT_EQ(counts.size(), 2U) << "a redirect is not followed";
  const Outcome list = notify({"--list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("410"), HasSubstr("nowhere")));

  subscribe({hook("hook", "gone"), hook("hook", "some")});
  EXPECT_EQ(notify().exit_code, 0);
  counts.clear();
  for (const json& each : taken()) ++counts[each.at("path").get<std::string>()];
  EXPECT_EQ(counts["/hook/tell?me"], 6 + 6 + 3) << "what was refused is sent the next time";
}

TEST_F(NotifyCli, ARefusedEventKeepsLaterOnesOfItsKind) {
  Alert grown = told_alert("PW-a", 0);
  happens(grown, AlertEventKind::grew, "2022-04-01T08:00:00Z", 2.5, AlertStatus::confirmed);
  night({grown});
  const json filter{{"events", json::array({"grown"})}};
  subscribe({hook("but-1", "hook", filter)});
  const Outcome outcome = notify({"--since", "2024-01-01"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("2 of 2"), HasSubstr("PW-a: "), HasSubstr("422")));
  EXPECT_EQ(taken().size(), 0U);
  subscribe({hook("hook", "hook", filter)});
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_THAT(heard_once(), ElementsAre("PW-a grown 1", "PW-a grown 2"));
}

TEST_F(NotifyCli, WhereNobodyIsReachedTheExitCodeSaysSo) {
  night({told_alert("PW-a", 0)});
  json nobody = hook("hook", "nobody");
  nobody["webhook"]["url"] = "http://127.0.0.1:9/hook";
  subscribe({nobody});
  const Outcome outcome = notify(
      {"--since", "2024-01-01", "--http-timeout", "1", "--http-deadline", "1", "--allow-host", "http://127.0.0.1:9"});
  EXPECT_EQ(outcome.exit_code, 69) << outcome.err;
  subscribe({hook("status503", "nobody")});
  EXPECT_EQ(notify({"--http-deadline", "1"}).exit_code, 69);
  subscribe({hook("hook", "nobody")});
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(taken().size(), 3U);
}

TEST_F(NotifyCli, AnAccountThatIsWrittenAgainIsNoNews) {
  Alert alert = told_alert("PW-a", 0);
  night({alert});
  subscribe({hook("hook")});
  ASSERT_EQ(notify({"--since", "2024-01-01"}).exit_code, 0);
  ASSERT_EQ(taken().size(), 3U);
  // An acquisition came late: all was a few days earlier.
  for (AlertEvent& event : alert.history) event.at -= std::chrono::hours(72);
  alert.first_detected -= std::chrono::hours(72);
  night({alert}, "2024-05-02T02:00:00Z");
  ASSERT_EQ(read_history(state() + "/register.gpkg").back().revision, 2);
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(taken().size(), 3U);
  // The site is learnt anew: another id for the same ground.
  Alert again = told_alert("PW-z", 0);
  happens(again, AlertEventKind::grew, "2022-04-01T08:00:00Z", 2.5, AlertStatus::confirmed);
  night({again}, "2024-05-03T02:00:00Z");
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(heard().size(), 4U);
  EXPECT_EQ(heard().back(), "PW-z grown");
  EXPECT_EQ(taken().back().at("body").at("event").at("stands_for"), json::array({"PW-a"}));
}

TEST_F(NotifyCli, FiltersChooseAlertsAsTheyAreNow) {
  Alert small = told_alert("PW-s", 200, "Other");
  small.area_ha = 0.2;
  Alert burnt = told_alert("PW-n", 300);
  burnt.natural_probability = 0.9;
  night({told_alert("PW-a", 0), small, burnt});
  const json news{{"events", json::array({"new"})}};
  json large = news;
  large["min_area_ha"] = 0.5;
  json site = news;
  site["sites"] = json::array({"Other"});
  json reviewed = news;
  reviewed["verdicts"] = json::array({"licensed"});
  json natural = news;
  natural["max_natural"] = 1;
  subscribe({hook("hook", "large", large), hook("hook", "site", site), hook("hook", "reviewed", reviewed),
             hook("hook", "natural", natural)});
  test::add_review(state() + "/register.gpkg", "PW-s", test::review_of(Verdict::licensed, "2022-06-01T00:00:00Z"));
  const Outcome sent = notify({"--since", "2024-01-01"});
  EXPECT_EQ(sent.exit_code, 0);
  EXPECT_THAT(sent.err, Not(HasSubstr("no alert on record")));
  std::vector<std::string> lines;
  for (const json& each : taken()) {
    lines.push_back(each.at("body").at("event").at("subscription").get<std::string>() + " " +
                    each.at("body").at("id").get<std::string>());
  }
  std::sort(lines.begin(), lines.end());
  EXPECT_THAT(lines,
              ElementsAre("large PW-a", "natural PW-a", "natural PW-n", "natural PW-s", "reviewed PW-s", "site PW-s"));
  // It turns out to be the work of people: it is new to who leaves out what is natural.
  burnt.natural_probability = 0.1;
  night({told_alert("PW-a", 0), small, burnt}, "2024-05-02T02:00:00Z");
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(taken().back().at("body").at("id"), "PW-n");
  EXPECT_EQ(taken().back().at("body").at("event").at("subscription"), "large");
}

TEST_F(NotifyCli, ASiteThatNoAlertIsOfIsWarnedOf) {
  night({told_alert("PW-s", 200, "Other")});
  subscribe({hook("hook", "site", {{"sites", json::array({"Other", "Othre"})}})});
  for (const auto& how : std::vector<std::vector<std::string>>{{"--list"}, {"--dry-run"}, {}}) {
    const Outcome outcome = notify(how);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("subscription site: no alert on record is of a site 'Othre'"));
    EXPECT_THAT(outcome.err, Not(HasSubstr("'Other'")));
  }
}

TEST_F(NotifyCli, ADamagedLedgerStopsItsSubscriptionAlone) {
  night({told_alert("PW-a", 0)});
  subscribe({hook("hook", "broken"), hook("hook", "whole")});
  ASSERT_EQ(notify().exit_code, 0);
  night({told_alert("PW-a", 0), told_alert("PW-b", 100)}, "2024-05-02T02:00:00Z");
  for (const std::string damage : {"", "{", "{\"format\": 1}", "[]"}) {
    test::write_text(ledger("broken"), damage);
    const Outcome outcome = notify();
    EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("delivery/broken.json: "));
    EXPECT_EQ(test::read_text(ledger("broken")), damage);
  }
  EXPECT_EQ(taken().size(), 3U);
}

TEST_F(NotifyCli, ASecondCallWaitsForNobody) {
  night({told_alert("PW-a", 0)});
  subscribe({hook("hook")});
  std::filesystem::create_directories(state() + "/delivery");
  const FolderLock another_call(state() + "/delivery");
  EXPECT_EQ(notify({"--since", "2024-01-01"}).exit_code, 75);
  EXPECT_EQ(taken().size(), 0U);
}

// ---- mail --------------------------------------------------------------------------------------------------------

/// Headers and body of a mail, both decoded.
struct ReadMail {
  std::map<std::string, std::string> headers;
  std::string body;
};

ReadMail read_mail(const std::string& text) {
  const std::string script =
      "import sys, json, email, email.policy\n"
      "mail = email.message_from_bytes(sys.stdin.buffer.read() if len(sys.argv) < 2 else open(sys.argv[1], "
      "'rb').read(), "
      "policy=email.policy.default)\n"
      "print(json.dumps({'headers': {k: str(v) for k, v in mail.items()}, 'count': len(mail.items()), "
      "'defects': [str(d) for d in mail.defects], 'body': mail.get_content()}))\n";
  const test::TemporaryFolder folder;
  test::write_text(folder / "mail", text);
  const Outcome outcome = test::run_process({"/usr/bin/env", "python3", "-c", script, folder / "mail"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const json read = json::parse(outcome.out);
  EXPECT_EQ(read.at("defects").size(), 0U);
  EXPECT_EQ(read.at("count"), read.at("headers").size()) << "no header is there twice";
  return {read.at("headers").get<std::map<std::string, std::string>>(), read.at("body").get<std::string>()};
}

TEST_F(NotifyCli, AMailHasAllThatIsNewAndHostileTextsAreInert) {
  const std::string evil = "Pit\r\nBcc: victim@example.org\r\n\r\nClick \xE2\x80\xAE here Ç ünd é";
  Night told{{told_alert("PW-a", 0), told_alert("PW-b", 100, evil)}};
  told.watched[evil] = SupersededWhy::replayed;
  told.listed.insert(evil);
  told.into(state() + "/register.gpkg");
  test::add_review(state() + "/register.gpkg", "PW-b",
                   {Verdict::natural, "A. Name", parse_instant("2022-06-01"), "a\n.\nQUIT\nlandslide", false});
  subscribe({mail("anybody")});
  const Outcome outcome = notify({"--since", "2024-01-01"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const json mails = server_->stats().at("mails");
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].at("from"), "<watch@example.org>");
  EXPECT_THAT(mails[0].at("to"), ElementsAre("anybody@example.org"));
  const std::string text = mails[0].at("text");
  for (const char c : text) EXPECT_GE(c, 0) << "ASCII";
  const ReadMail mail = read_mail(text);
  EXPECT_EQ(mail.headers.count("Bcc"), 0U);
  EXPECT_EQ(mail.headers.at("From"), "Nächtliche Wacht <watch@example.org>");
  EXPECT_THAT(mail.headers.at("Subject"), AllOf(StartsWith("Pitwatch: 2 new, 2 confirmed, 2 grown, 1 reviewed at "),
                                                HasSubstr("\\r\\nBcc"), HasSubstr("Ç ünd é"), HasSubstr("\\u202e")));
  EXPECT_THAT(mail.headers.at("Message-ID"), HasSubstr(".pitwatch@example.org>"));
  EXPECT_THAT(mail.body, AllOf(HasSubstr("PW-a: new"), HasSubstr("PW-b: confirmed"), HasSubstr("bare to bare"),
                               HasSubstr("A. Name: a\\n.\\nQUIT\\nlandslide"), Not(HasSubstr("\nBcc"))));
  EXPECT_EQ(notify().exit_code, 0);
  EXPECT_EQ(server_->stats().at("mails").size(), 1U);
}

TEST_F(NotifyCli, MailThatFailsForAWhileComesAsTheSameMail) {
  night({told_alert("PW-a", 0)});
  subscribe({mail("temp2", "later"), mail("cut1", "cut"), mail("refuse", "refused"), mail("rude", "rude"),
             mail("hang", "hanging")});
  const std::vector<std::string> impatient{"--since", "2024-01-01", "--http-timeout", "1", "--http-deadline", "4"};
  const Outcome outcome = notify(impatient);
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("subscription later: 3 events delivered"),
                                 HasSubstr("subscription cut: 3 events delivered"),
                                 HasSubstr("subscription refused: 3 of 3"), HasSubstr("550"),
                                 HasSubstr("subscription rude: 3 of 3"), HasSubstr("subscription hanging: 3 of 3")));
  std::map<std::string, std::set<std::string>> messages;
  std::map<std::string, int> counts;
  const json first_mails = server_->stats().at("mails");
  for (const json& each : first_mails) {
    messages[each.at("to")[0]].insert(each.at("text"));
    ++counts[each.at("to")[0]];
  }
  EXPECT_EQ(counts["temp2@example.org"], 1);
  EXPECT_EQ(counts["cut1@example.org"], 2);
  EXPECT_EQ(messages["cut1@example.org"].size(), 1U) << "the same Message-ID and the same text";
  // What was refused is put together anew; what hung is sent as it was.
  EXPECT_EQ(json::parse(test::read_text(ledger("refused"))).count("on_its_way"), 0U);
  const std::string on_its_way = json::parse(test::read_text(ledger("hanging"))).at("on_its_way").at("message");
  night({told_alert("PW-a", 0), told_alert("PW-b", 100)}, "2024-05-02T02:00:00Z");
  subscribe({mail("anybody", "hanging")});
  EXPECT_EQ(notify().exit_code, 0);
  const json mails = server_->stats().at("mails");
  EXPECT_EQ(mails[mails.size() - 2].at("text"), on_its_way);
  EXPECT_THAT(read_mail(mails.back().at("text")).body, AllOf(HasSubstr("PW-b"), Not(HasSubstr("PW-a"))));
}

TEST_F(NotifyCli, AMailOfWhichNobodyKnowsIsSentAgainAsItWas) {
  night({told_alert("PW-a", 0)});
  subscribe({mail("mute")});
  Invocation call = invocation({"--since", "2024-01-01", "--http-timeout", "100", "--http-deadline", "100"});
  for (int wait_ms = 1000; wait_ms < 60'000 && server_->stats().at("mails").empty(); wait_ms *= 2) {
    call.kill_after = std::chrono::milliseconds(wait_ms);
    EXPECT_EQ(test::run_process(call).exit_code, -1) << "killed while the server says nothing";
  }
  const std::size_t before = server_->stats().at("mails").size();
  ASSERT_GE(before, 1U);
  night({told_alert("PW-a", 0), told_alert("PW-b", 100)}, "2024-05-02T02:00:00Z");
  subscribe({mail("anybody")});
  EXPECT_EQ(notify().exit_code, 0);
  const json mails = server_->stats().at("mails");
  ASSERT_EQ(mails.size(), before + 2);
  EXPECT_EQ(mails[before].at("text"), mails[0].at("text"));
  EXPECT_THAT(read_mail(mails[before + 1].at("text")).body, AllOf(HasSubstr("PW-b"), Not(HasSubstr("PW-a"))));
}

TEST_F(NotifyCli, MailGoesOverTlsAndNoPasswordWithoutIt) {
  const std::string pem = folder_ / "both.pem";
  const Outcome made =
      test::run_process({"/usr/bin/env", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
                         "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", pem, "-out", folder_ / "ca.pem"});
  if (made.exit_code != 0) GTEST_SKIP() << "openssl is needed";
  test::write_text(pem, test::read_text(pem) + test::read_text(folder_ / "ca.pem"));
  night({told_alert("PW-a", 0)});
  const HttpServer safe(receiver(), {"--tls", pem}, "http", "receiver.py");
  json subscription = mail("anybody");
  subscription["email"]["server"] = "smtps://127.0.0.1:" + safe.stats().at("smtp_port").dump();
  subscription["email"].erase("tls");
  subscription["email"]["user"] = "watch";
  subscription["email"]["password_env"] = "MAIL_PASSWORD";
  subscribe({subscription});
  Invocation call = invocation({"--since", "2024-01-01", "--http-deadline", "2"});
  call.environment["MAIL_PASSWORD"] = "much too secret";
  const Outcome stranger = test::run_process(call);
  EXPECT_EQ(stranger.exit_code, 4) << "its certificate is not trusted: " << stranger.err;
  call.command.insert(call.command.end(), {"--ca-file", folder_ / "ca.pem"});
  const Outcome outcome = test::run_process(call);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(safe.stats().at("mails").at(0).at("user"), "watch");
  EXPECT_THAT(stranger.err + outcome.err + test::read_text(ledger("mail")), Not(HasSubstr("much too secret")));

  // A server without STARTTLS gets nothing where TLS is required.
  json plain = mail("anybody", "plain");
  plain["email"].erase("tls");
  subscribe({plain});
  EXPECT_EQ(notify({"--since", "2024-01-01", "--http-deadline", "2"}).exit_code, 4);
  plain["email"]["tls"] = "none";
  plain["email"]["user"] = "watch";
  plain["email"]["password_env"] = "MAIL_PASSWORD";
  subscribe({plain});
  EXPECT_EQ(notify().exit_code, 2);
  EXPECT_EQ(server_->stats().at("mails").size(), 0U);
}

// ---- killed ------------------------------------------------------------------------------------------------------

TEST_F(NotifyCli, WhoeverKillsItEachArrivesAndNoneTwiceForItsKey) {
  constexpr int alerts = 60;
  std::mt19937 random(test::seed_of_run());
  std::vector<Alert> told;
  for (int i = 0; i < alerts; ++i) told.push_back(told_alert("PW-" + std::to_string(i), 15 * i));
  night(told);
  subscribe({hook("hook"), mail("anybody")});
  int killed = 0;
  Outcome outcome;
  for (int i = 0; i < 150; ++i) {
    Invocation call = invocation({"--since", "2024-01-01"});
    // Later and later, so that it gets on on a busy machine, too.
    call.kill_after = std::chrono::milliseconds(std::uniform_int_distribution<int>(20, 100 + 20 * i)(random));
    outcome = test::run_process(call);
    if (outcome.exit_code != -1) break;
    ++killed;
  }
  if (outcome.exit_code == -1) outcome = notify({"--since", "2024-01-01"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GE(killed, 2);
  EXPECT_EQ(heard_once().size(), 3U * alerts);
  EXPECT_LE(taken().size(), 3U * alerts + static_cast<std::size_t>(killed)) << "at most one again for each kill";
  std::map<std::string, std::string> mails;
  const json arrived = server_->stats().at("mails");
  for (const json& each : arrived) {
    const std::string text = each.at("text");
    const std::size_t id = text.find("Message-ID: ");
    const auto [known, is_new] = mails.emplace(text.substr(id, text.find("\r\n", id) - id), text);
    EXPECT_TRUE(is_new || known->second == text) << "one Message-ID, one mail";
  }
  EXPECT_EQ(mails.size(), 2U) << "of 100 events and of the rest";
  std::multiset<std::string> told_by_mail;
  for (const auto& [id, text] : mails) {
    for (const std::string& line : test::lines_of(read_mail(text).body)) {
      if (line.starts_with("PW-")) told_by_mail.insert(line.substr(0, line.find(',')));
    }
  }
  EXPECT_EQ(told_by_mail.size(), 3U * alerts);
  EXPECT_EQ(std::set<std::string>(told_by_mail.begin(), told_by_mail.end()).size(), 3U * alerts);
  std::cout << killed << " kills, " << taken().size() << " requests for " << 3 * alerts << " events\n";
}

// ---- what is refused ---------------------------------------------------------------------------------------------

TEST_F(NotifyCli, ABrokenFileOfSubscriptionsIsRefusedByName) {
  night({told_alert("PW-a", 0)});
  json two = hook("hook");
  const json email{
      {"server", "smtps://mail.example.org"}, {"from", "a@example.org"}, {"to", json::array({"b@example.org"})}};
  const auto with = [](json object, const std::string& path, json value) {
    object[json::json_pointer(path)] = std::move(value);
    return object;
  };
  const json letter{{"id", "letter"}, {"email", email}};
  const std::vector<std::pair<json, std::string>> cases{
      {with(two, "/id", "../../evil"), "'id'"},
      {with(two, "/id", ".hidden"), "'id'"},
      {with(two, "/email", email), "one of 'webhook' and 'email'"},
      {with(two, "/filter", {{"events", json::array({"gone"})}}), "'gone' is none of new"},
      {with(two, "/filter", {{"sizes", 1}}), "'sizes' is not known"},
      {with(two, "/filter", {{"min_area_ha", -1}}), "min_area_ha"},
      {with(two, "/webhook/url", "ftp://example.org/"), "no https URL"},
      {with(two, "/webhook/url", "https://me:pass@example.org/"), "no URL of a webhook"},
      {with(two, "/webhook/url", "https://example.org/\r\nX: y"), "line breaks"},
      {with(two, "/webhook/secret_env", "ALSO"), "one of 'secret_file' and 'secret_env'"},
      {with(letter, "/email/from", "Name <a@example.org>\nBcc: x"), "line breaks"},
      {with(letter, "/email/from", "nobody"), "'from' is no address"},
      {with(letter, "/email/to", json::array({"a@example.org\r\nRCPT TO:<b@example.org>"})), "no address of mail"},
      {with(letter, "/email/to", json::array()), "'to'"},
      {with(letter, "/email/server", "smtps://me:pass@example.org"), "no mail server"},
      {with(letter, "/email/user", "me"), "password_file"},
  };
  for (const auto& [subscription, reason] : cases) {
    subscribe({subscription});
    const Outcome outcome = notify();
    EXPECT_EQ(outcome.exit_code, 2) << reason;
    EXPECT_THAT(test::lines_of(outcome.err), ElementsAre(AllOf(HasSubstr("subscriptions.json: "), HasSubstr(reason))));
    EXPECT_THAT(outcome.err, Not(HasSubstr("pass@")));
  }
  subscribe({two, two});
  EXPECT_EQ(notify().exit_code, 2);
  subscribe({hook("hook")});
  EXPECT_EQ(notify({"--register", folder_ / "none.gpkg"}).exit_code, 3);
  const Outcome plain = test::run_process({PITWATCH_PROGRAM, "notify", "--state", state(), "--since", "2024-01-01",
                                           "--subscriptions", folder_ / "subscriptions.json"});
  EXPECT_EQ(plain.exit_code, 4);
  EXPECT_THAT(plain.err, HasSubstr("--allow-host http://HOST"));
}

// ---- in the nightly chain ----------------------------------------------------------------------------------------

TEST_F(NotifyCli, ANightTellsWhatItPublishedAndDoesNotFailWithIt) {
  const test::Nights nights;
  subscribe({hook("hook")});
  nights.deliver(0, 20);
  const std::vector<std::string> notifying{"--notify", folder_ / "subscriptions.json", "--allow-host",
                                           "http://" + server_->host()};
  const Outcome first = nights.run(nights / "state", notifying);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  test::write_text(folder_ / "subscriptions.json", "{");
  nights.deliver(20, test::night_scenes().names().size());
  const Outcome broken = nights.run(nights / "state", notifying);
  EXPECT_EQ(broken.exit_code, 4) << broken.err;
  EXPECT_THAT(broken.err, HasSubstr("nobody was notified"));
  const std::string published = test::read_text(nights / "state" + "/alerts.geojson");
  ASSERT_THAT(published, HasSubstr("\"Feature\""));
  subscribe({hook("hook")});
  const Outcome last = nights.run(nights / "state", notifying);
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_GE(taken().size(), 1U);
  EXPECT_EQ(test::read_text(nights / "state" + "/alerts.geojson"), published);
  const Outcome verified = test::verify(nights / "state");
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  // What does not arrive is told by status, too.
  const auto undelivered = [&] {
    const Outcome status = test::run_process({PITWATCH_PROGRAM, "status", "--state", nights / "state", "--json"});
    EXPECT_EQ(status.exit_code, 0) << status.out << status.err;
    return json::parse(status.out).at("undelivered");
  };
  EXPECT_EQ(undelivered(), json::array());
  subscribe({hook("status410", "gone")});
  const Outcome gone = test::run_process({PITWATCH_PROGRAM, "notify", "--state", nights / "state", "--subscriptions",
                                          notifying[1], "--allow-host", notifying[3], "--since", "2021-01-01"});
  EXPECT_EQ(gone.exit_code, 4) << gone.err;
  ASSERT_EQ(undelivered().size(), 1U);
  EXPECT_EQ(undelivered()[0].at("subscription"), "gone");
  EXPECT_THAT(undelivered()[0].at("why").get<std::string>(), HasSubstr("410"));
  EXPECT_FALSE(undelivered()[0].at("since").is_null());
  test::write_text(nights / "state" + "/delivery/odd.json", "no ledger");
  EXPECT_EQ(undelivered()[1].at("subscription"), "odd");
}

}  // namespace
}  // namespace pitwatch
