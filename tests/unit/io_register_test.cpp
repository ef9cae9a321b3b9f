#include "pipeline/io/register.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alert_exports.hpp"
#include "pipeline/io/tables.hpp"
#include "tests/unit/io_register_support.hpp"
#include "tests/unit/io_test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::registered_alert;
using test::registered_alerts;
using test::review_of;
using test::square;
using ::testing::HasSubstr;
using ::testing::Not;

class RegisterTest : public ::testing::Test {
 protected:
  bool update(std::vector<OutlinedAlert> alerts) const { return update_register(path_, alerts); }
  std::string bytes() const { return test::read_text(path_); }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "register.gpkg";
};

TEST_F(RegisterTest, EverythingComesBack) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  ASSERT_TRUE(update(alerts));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01T10:00:00.5Z"));
  const AlertRegister found = read_register(path_);
  ASSERT_EQ(found.alerts.size(), 2U);
  alerts[0].alert.review = review_of(Verdict::licensed, "2022-04-01T10:00:00.5Z");
  EXPECT_EQ(alerts_geojson(found.alerts, {}), alerts_geojson(alerts, {}));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(found.alerts[i].alert.history, alerts[i].alert.history);
    EXPECT_EQ(found.alerts[i].outline, alerts[i].outline);
  }
  ASSERT_EQ(found.reviews.size(), 1U);
  EXPECT_EQ(found.reviews[0].outline, alerts[0].outline);
}

TEST_F(RegisterTest, TablesForOtherPrograms) {
  update(registered_alerts());
  const std::vector<Table> layouts{
      {"alert_scenes", false, {{"alert_id", {}}, {"scene", {}}, {"role", {}}}, {}},
      {"alerts", true, {{"first_detected", ColumnType::instant}, {"area_ha", ColumnType::real}, {"site", {}}}, {}}};
  const auto tables = read_tables(path_, layouts);
  ASSERT_TRUE(tables[0] && tables[1]);
  ASSERT_EQ(tables[0]->rows.size(), 6U);
  EXPECT_EQ(tables[0]->rows[0], (TableRow{{"PW-a", "S2A_1", "before"}, {}}));
  EXPECT_EQ(tables[0]->rows[2], (TableRow{{"PW-a", "S2B_3", "after"}, {}}));
  EXPECT_EQ(tables[1]->rows[0].cells,
            (std::vector<Cell>{parse_instant("2022-01-25T08:06:01.024Z"), 1.0008, "Sakdrisi"}));
  EXPECT_EQ(tables[1]->rows[1].cells[2], Cell());
}

TEST_F(RegisterTest, BytesFollowFromTheContentAlone) {
  ASSERT_TRUE(update({registered_alert("PW-z", 0.5)}));
  ASSERT_TRUE(update(registered_alerts()));
  add_review(path_, "PW-b", review_of(Verdict::natural, "2022-05-01"));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  const std::string first = bytes();
  fs::remove(path_);
  ASSERT_TRUE(update(registered_alerts()));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  EXPECT_NE(bytes(), first);
  add_review(path_, "PW-b", review_of(Verdict::natural, "2022-05-01"));
  EXPECT_TRUE(bytes() == first);
}

TEST_F(RegisterTest, NothingNewTouchesNothing) {
  update(registered_alerts());
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  const std::string before = bytes();
  const auto time = fs::last_write_time(path_);
  EXPECT_FALSE(update(registered_alerts()));
  EXPECT_TRUE(bytes() == before);
  EXPECT_EQ(fs::last_write_time(path_), time);
  EXPECT_EQ(folder_.count(), 2U) << "the register and its lock, nothing else";
}

TEST_F(RegisterTest, NewestReviewCounts) {
  update(registered_alerts());
  add_review(path_, "PW-a", review_of(Verdict::false_alert, "2022-06-01"));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-05-01"));
  AlertRegister found = read_register(path_);
  EXPECT_EQ(found.alerts[0].alert.review->verdict, Verdict::false_alert);
  ASSERT_EQ(found.reviews.size(), 2U);
  EXPECT_EQ(found.reviews[0].review.verdict, Verdict::licensed);
  // Of the same moment, the one added last.
  add_review(path_, "PW-a", review_of(Verdict::natural, "2022-06-01"));
  found = read_register(path_);
  EXPECT_EQ(found.alerts[0].alert.review->verdict, Verdict::natural);
  EXPECT_FALSE(found.alerts[0].alert.review->by_overlap);
  EXPECT_FALSE(found.alerts[1].alert.review.has_value());
}

TEST_F(RegisterTest, ReviewsOutliveTheirAlerts) {
  update({registered_alert("PW-a", 0)});
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  update({});
  EXPECT_EQ(read_reviews(path_).size(), 1U);
  // Detected again by other options: another id, nearly the same ground.
  std::vector<OutlinedAlert> again{registered_alert("PW-far", 1), registered_alert("PW-new", 0.004)};
  EXPECT_TRUE(update_register(path_, again));
  EXPECT_FALSE(again[0].alert.review.has_value());
  ASSERT_TRUE(again[1].alert.review.has_value());
  EXPECT_TRUE(again[1].alert.review->by_overlap);
  EXPECT_EQ(again[1].alert.review->verdict, Verdict::licensed);
  EXPECT_THAT(alerts_geojson(again, {}), HasSubstr(R"("review_by": "overlap")"));
  // Its id comes back: the review is its own again, and no other's.
  std::vector<OutlinedAlert> both{registered_alert("PW-a", 0), registered_alert("PW-new", 0.004)};
  update_register(path_, both);
  EXPECT_FALSE(both[0].alert.review->by_overlap);
  EXPECT_FALSE(both[1].alert.review.has_value());
}

TEST(AssignReviews, HalfOfTheSmallerArea) {
  const auto overlapping = [](double east, double size) {
    OutlinedAlert alert = registered_alert("PW-new", 0);
    alert.outline = square(east, size);
    const RegisteredReview review{"PW-gone", review_of(Verdict::natural, "2022-04-01"), square(0)};
    assign_reviews({&alert, 1}, {&review, 1});
    return alert.alert.review.has_value();
  };
  EXPECT_TRUE(overlapping(0.0049, 0.01));
  EXPECT_FALSE(overlapping(0.0051, 0.01));
  EXPECT_TRUE(overlapping(0.0085, 0.002)) << "three quarters of a small one";
  EXPECT_FALSE(overlapping(0.0095, 0.002));
  EXPECT_TRUE(overlapping(-0.1, 0.3)) << "one that has grown";
}

TEST(AssignReviews, OwnBeforeOverlap) {
  std::vector<OutlinedAlert> alerts{registered_alert("PW-a", 0)};
  const std::vector<RegisteredReview> reviews{{"PW-a", review_of(Verdict::licensed, "2022-04-01"), square(0)},
                                              {"PW-gone", review_of(Verdict::natural, "2022-05-01"), square(0)},
                                              {"PW-gone", review_of(Verdict::false_alert, "2022-06-01"), square(0)}};
  assign_reviews(alerts, reviews);
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::licensed);
  alerts[0].alert.id = "PW-other";
  assign_reviews(alerts, std::span(reviews).subspan(1));
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::false_alert) << "the newest";
}

TEST_F(RegisterTest, HostileTexts) {
  update(registered_alerts());
  const std::string reviewer = R"(Robert'); DROP TABLE "reviews";-- <b>&amp;</b> Ω 日本)";
  const std::string reason =
      "line\nline\r\n\ttab \"quoted\" 'single' \\ %s {} \x1b[31m ]]> " + std::string(1 << 20, 'x');
  Review review = review_of(Verdict::false_alert, "2022-04-01", reason);
  review.reviewer = reviewer;
  add_review(path_, "PW-a", review);
  const AlertRegister found = read_register(path_);
  ASSERT_EQ(found.reviews.size(), 1U);
  EXPECT_EQ(found.reviews[0].review, review);
  EXPECT_EQ(found.alerts[0].alert.review, review);
  const auto collection = nlohmann::json::parse(alerts_geojson(found.alerts, {}));
  EXPECT_EQ(collection["features"][0]["properties"]["review"]["reason"], reason);
  const std::string before = bytes();
  const auto refused = [&](const std::string& who, const std::string& why) {
    review.reviewer = who;
    review.reason = why;
    return message_of<ConfigError>([&] { add_review(path_, "PW-a", review); });
  };
  EXPECT_THAT(refused(std::string("a\0b", 3), ""), HasSubstr("reviewer: holds a NUL"));
  EXPECT_THAT(refused("Anna", std::string("a\0b", 3)), HasSubstr("reason: holds a NUL"));
  EXPECT_THAT(refused("Anna", "\xff"), HasSubstr("reason: is not UTF-8"));
  EXPECT_THAT(refused("", ""), HasSubstr("reviewer"));
  EXPECT_THAT(refused("  ", ""), HasSubstr("reviewer"));
  EXPECT_THAT(refused("a\nb", ""), HasSubstr("reviewer"));
  EXPECT_THAT(refused(std::string(201, 'a'), ""), HasSubstr("reviewer"));
  EXPECT_THAT(refused("Anna", std::string((2 << 20) + 1, 'a')), HasSubstr("reason"));
  EXPECT_THAT(
      message_of<ConfigError>([&] { add_review(path_, "PW-' OR 1=1", review_of(Verdict::natural, "2022-04-01")); }),
      HasSubstr("no alert 'PW-' OR 1=1'"));
  EXPECT_TRUE(bytes() == before);
}

TEST_F(RegisterTest, ADamagedFileIsToldAndLeft) {
  update(registered_alerts());
  const std::string whole = bytes();
  std::string scribbled = whole;
  std::fill(scribbled.begin() + 4096, scribbled.end(), '\x5a');
  for (const std::string& damaged : {std::string(), std::string("not a database"), whole.substr(0, 1000),
                                     whole.substr(0, whole.size() / 2), scribbled}) {
    test::write_text(path_, damaged);
    EXPECT_THAT(message_of<DataError>([&] { update(registered_alerts()); }), HasSubstr(path_ + ": "));
    EXPECT_THAT(message_of<DataError>([&] { read_register(path_); }), HasSubstr(path_ + ": "));
    EXPECT_THROW(add_review(path_, "PW-a", review_of(Verdict::natural, "2022-04-01")), DataError);
    EXPECT_TRUE(bytes() == damaged);
  }
}

TEST_F(RegisterTest, WhatIsNoRegisterIsLeft) {
  const std::vector<Table> others{{"roads", true, {{"name", {}}}, {{{"A1"}, square(0)}}}};
  test::write_text(path_, geopackage(others, {}));
  const std::string before = bytes();
  EXPECT_THAT(message_of<DataError>([&] { update({}); }), HasSubstr("is no register"));
  // A register to which somebody has added a table.
  fs::remove(path_);
  update({});
  std::vector<Table> mixed = others;
  mixed.push_back(
      {"reviews",
       true,
       {{"alert_id", {}}, {"verdict", {}}, {"reviewer", {}}, {"reviewed_at", ColumnType::instant}, {"reason", {}}},
       {}});
  test::write_text(path_, geopackage(mixed, {}));
  EXPECT_THAT(message_of<DataError>([&] { update({}); }), HasSubstr("'roads'"));
  // A verdict that somebody has mistyped.
  mixed.erase(mixed.begin());
  mixed[0].rows = {{{"PW-a", "licenced", "Anna", parse_instant("2022-04-01"), ""}, square(0)}};
  test::write_text(path_, geopackage(mixed, {}));
  EXPECT_THAT(message_of<DataError>([&] { update({}); }), HasSubstr("row 1: no verdict 'licenced'"));
}

TEST_F(RegisterTest, WhatAnotherProgramHasOpenIsLeft) {
  if (std::system("/usr/bin/python3 -c 'import sqlite3'") != 0) GTEST_SKIP() << "no python3";
  update(registered_alerts());
  // As GIS programs do: a review in the write-ahead log, and the file kept open.
  test::write_text(folder_ / "open.py",
                   "import os, sqlite3, sys, time\n"
                   "register, ready, done = sys.argv[1:]\n"
                   "connection = sqlite3.connect(register)\n"
                   "for name in ('ST_IsEmpty', 'ST_MinX', 'ST_MaxX', 'ST_MinY', 'ST_MaxY'):\n"
                   "    connection.create_function(name, 1, lambda shape: 1)  # for the triggers of the index\n"
                   "connection.execute('PRAGMA journal_mode = WAL')\n"
                   "connection.execute(\"INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at, reason) \"\n"
                   "                   \"VALUES ('PW-a', 'natural', 'GIS', '2022-07-01T00:00:00Z', '')\")\n"
                   "connection.commit()\n"
                   "open(ready, 'w').close()\n"
                   "while not os.path.exists(done): time.sleep(0.01)\n"
                   "connection.close()\n"
                   "os.remove(ready)\n");
  const std::string ready = folder_ / "ready";
  const std::string done = folder_ / "done";
  // It says all it has to say in the files: its stdin and stdout are not kept.
  const std::string command =
      "/usr/bin/python3 " + (folder_ / "open.py") + " " + path_ + " " + ready + " " + done + " &";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto wait_until = [&](bool there) {
    for (int i = 0; i < 1000 && fs::exists(ready) != there; ++i) ::usleep(10000);
    return fs::exists(ready) == there;
  };
  ASSERT_TRUE(wait_until(true));
  const std::string before = bytes();
  EXPECT_THAT(message_of<IoError>([&] { update(registered_alerts()); }), HasSubstr("another program"));
  EXPECT_TRUE(bytes() == before);
  test::write_text(done, "");
  ASSERT_TRUE(wait_until(false));
  EXPECT_TRUE(update(registered_alerts()));
  EXPECT_EQ(read_register(path_).alerts[0].alert.review->reviewer, "GIS");
}

TEST_F(RegisterTest, WritersWaitForEachOther) {
  update(registered_alerts());
  constexpr int writers = 4;
  constexpr int each = 5;
  std::vector<pid_t> children;
  for (int w = 0; w < writers; ++w) {
    const pid_t child = ::fork();
    if (child == 0) {
      int failed = 0;
      for (int i = 0; i < each; ++i) {
        try {
          add_review(path_, "PW-a", review_of(Verdict::natural, "2022-04-01", std::to_string(w * each + i)));
        } catch (const std::exception&) {
          failed = 1;
        }
      }
      ::_exit(failed);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read_reviews(path_).size(), static_cast<std::size_t>(writers * each)) << "none was lost";
}

TEST_F(RegisterTest, Missing) {
  EXPECT_THAT(message_of<DataError>([&] { read_register(path_); }), HasSubstr("there is no register"));
  EXPECT_TRUE(read_reviews(path_).empty());
  EXPECT_THROW(add_review(path_, "PW-a", review_of(Verdict::natural, "2022-04-01")), DataError);
  std::vector<OutlinedAlert> none;
  EXPECT_THROW(update_register(folder_ / "none/register.gpkg", none), IoError);
  EXPECT_EQ(folder_.count(), 0U);
}

TEST(Databases, PasswordsAreNotShown) {
  EXPECT_TRUE(is_database("PG:dbname=a"));
  EXPECT_FALSE(is_database("/data/a:b.gpkg"));
  EXPECT_EQ(without_password("PG:host=a password=secret user=b"), "PG:host=a password=*** user=b");
  EXPECT_EQ(without_password("PG:password='se\\'c ret' host=a"), "PG:password=*** host=a");
  EXPECT_EQ(without_password("postgresql://u:secret@host/db"), "postgresql://u:***@host/db");
  const std::string target = "PG:host=/nowhere dbname=a password=secret";
  EXPECT_THAT(message_of<DataError>([&] { read_reviews(target); }), Not(HasSubstr("secret")));
}

TEST(AlertExports, CsvIsNoFormula) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  alerts[0].alert.site = "=cmd|' /C calc'!A0";
  alerts[0].alert.review = review_of(Verdict::licensed, "2022-04-01", "+1, \"said\"\nhe");
  alerts[0].alert.review->reviewer = "@Anna";
  alerts[1].alert.site = "-1";
  const std::string csv = alerts_csv(alerts);
  EXPECT_THAT(csv, HasSubstr("\r\nPW-a,'=cmd|' /C calc'!A0,confirmed,bare_to_bare,2022-01-25T08:06:01.024Z,"));
  EXPECT_THAT(csv, HasSubstr(",licensed,'@Anna,2022-04-01T00:00:00Z,\"'+1, \"\"said\"\"\nhe\",id,46.005,40.005\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\nPW-b,'-1,"));
  EXPECT_THAT(csv, HasSubstr(",0.877,1.0008,0.1235,\"{\"\"bsi\"\": 0.2"));
}

TEST(AlertExports, KmlHoldsWhatIsNoXml) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  alerts[0].alert.site = "a<b>&\"'\x01\xff";
  alerts[0].alert.review = review_of(Verdict::licensed, "2022-04-01", "]]> <x>");
  const test::TemporaryFolder folder;
  test::write_text(folder / "a.kml", alerts_kml(alerts));
  EXPECT_EQ(alerts_kml(alerts), test::read_text(folder / "a.kml"));
  EXPECT_THAT(test::read_text(folder / "a.kml"), HasSubstr("<styleUrl>#confirmed</styleUrl>"));
  if (std::system("/usr/bin/python3 -c 1") != 0) GTEST_SKIP() << "no python3";
  test::write_text(folder / "read.py",
                   "import sys, xml.dom.minidom as d\n"
                   "k = d.parse(sys.argv[1])\n"
                   "v = {e.getAttribute('name'): ''.join(t.data for t in e.childNodes)\n"
                   "     for e in reversed(k.getElementsByTagName('SimpleData'))}\n"
                   "assert len(k.getElementsByTagName('Placemark')) == 2\n"
                   "assert v['site'] == 'a<b>&\"\\' ?', v['site']\n"
                   "assert v['review_reason'] == ']] > <x>', v['review_reason']\n");
  EXPECT_EQ(std::system(("/usr/bin/python3 " + (folder / "read.py") + " " + (folder / "a.kml")).c_str()), 0);
}

TEST(AlertExports, Where) {
  const std::vector<OutlinedAlert> alerts = registered_alerts();
  using Found = std::vector<std::size_t>;
  EXPECT_EQ(alerts_where(alerts, "site IS NULL"), Found{1});
  EXPECT_EQ(alerts_where(alerts, "area_ha > 1 AND last_detected > '2022/01/01' AND class = 'bare_to_bare'"),
            (Found{0, 1}));
  EXPECT_EQ(alerts_where(alerts, "id = 'x'"), Found{});
  EXPECT_THROW(alerts_where(alerts, "nonsense = 1"), ConfigError);
  EXPECT_THROW(alerts_where(alerts, "id = 'x"), ConfigError);
}

}  // namespace
}  // namespace pitwatch
