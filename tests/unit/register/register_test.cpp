#include "pipeline/register/register.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/alert_exports.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/register/register_as_of.hpp"
#include "pipeline/register/review_assignment.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::add_review;
using test::alert_of;
using test::happens;
using test::message_of;
using test::Night;
using test::pixels;
using test::register_grid;
using test::registered_alert;
using test::registered_alerts;
using test::review_of;
using test::square;
using test::told_alert;
using test::told_alerts;
using ::testing::HasSubstr;
using ::testing::Not;

class RegisterTest : public ::testing::Test {
 protected:
  bool update(const std::vector<Alert>& alerts) const { return Night{alerts}.into(path_); }
  std::string bytes() const { return test::read_text(path_); }
  RegisterContent content() const { return read_register(path_); }
  Alert alert(const std::string& id) const { return alert_of(content(), id).alert; }
  /// "event status area recorded_at" of the newest revision, or "REVISION: ..." of all.
  std::vector<std::string> history(const std::string& id) const {
    std::vector<std::string> rows;
    for (const RegisteredEvent& event : read_history(path_, id)) {
      rows.push_back(std::to_string(event.revision) + " " + format_day(event.at) + " " + std::string(name(event.kind)) +
                     " " + (event.status ? std::string(name(*event.status)) : "-"));
    }
    return rows;
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "register.gpkg";
};

TEST_F(RegisterTest, EverythingComesBack) {
  const std::vector<Alert> alerts = told_alerts();
  ASSERT_TRUE(update(alerts));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01T10:00:00.5Z"));
  const RegisterContent found = content();
  ASSERT_EQ(found.alerts.size(), 2U);
  const AlertLayer layer{alerts, register_grid()};
  std::vector<OutlinedAlert> expected = outlined_alerts({&layer, 1});
  expected[0].alert.review = review_of(Verdict::licensed, "2022-04-01T10:00:00.5Z");
  EXPECT_EQ(alerts_geojson(found.alerts, {}), alerts_geojson(expected, {}));
  ASSERT_EQ(found.reviews.size(), 1U);
  EXPECT_EQ(found.reviews[0].outline, expected[0].outline);
  EXPECT_FALSE(found.reviews[0].os_user.empty());
  EXPECT_LT(std::chrono::abs(*found.reviews[0].recorded_at - std::chrono::system_clock::now()),
            std::chrono::minutes(10));

  const std::vector<RegisteredEvent> events = read_history(path_, "PW-a");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].revision, 1);
  EXPECT_EQ(events[0].at, alerts[0].first_detected);
  EXPECT_EQ(events[0].kind, AlertEventKind::first_detected);
  EXPECT_EQ(events[0].status, AlertStatus::provisional);
  EXPECT_EQ(events[0].change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(events[0].area_ha, 0.5);
  EXPECT_EQ(events[0].confidence, 0.556);
  EXPECT_EQ(events[0].recorded_at, parse_instant("2024-05-01T02:00:00Z"));
  Alert then = alerts[0];
  then.shape = alerts[0].history[0].shape;
  const AlertLayer layer_then{{&then, 1}, register_grid()};
  EXPECT_EQ(events[0].outline, outlined_alerts({&layer_then, 1})[0].outline);
  EXPECT_EQ(read_runs(path_), std::vector<RunRow>{Night{alerts}.run()});
}

TEST_F(RegisterTest, TablesForOtherPrograms) {
  update(told_alerts());
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
}

TEST_F(RegisterTest, NothingNewAddsARunAndNothingElse) {
  update(told_alerts());
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  const auto tables_of = [&] {
    std::vector<Table> layouts = {{"alerts", true, {{"id", {}}, {"scenes", ColumnType::json}}, {}},
                                  {"alert_history", true, {{"alert_id", {}}, {"recorded_at", ColumnType::instant}}, {}},
                                  {"alert_scenes", false, {{"alert_id", {}}, {"scene", {}}}, {}},
                                  {"reviews", true, {{"alert_id", {}}, {"recorded_at", ColumnType::instant}}, {}}};
    std::vector<std::vector<TableRow>> rows;
    for (const auto& table : read_tables(path_, layouts)) rows.push_back(table->rows);
    return rows;
  };
  const auto before = tables_of();
  EXPECT_FALSE((Night{.alerts = told_alerts(), .now = "2024-05-02T02:00:00Z"}.into(path_)));
  EXPECT_EQ(tables_of(), before);
  ASSERT_EQ(read_runs(path_).size(), 2U);
  EXPECT_EQ(read_runs(path_)[1].started_at, parse_instant("2024-05-02T02:00:00Z"));
  EXPECT_EQ(folder_.count(), 2U) << "the register and its lock, nothing else";
}

TEST_F(RegisterTest, NothingIsVisibleBeforeCommit) {
  update(told_alerts());
  const std::string before = bytes();
  Night next{told_alerts()};
  next.alerts.push_back(told_alert("PW-c", 300));
  {
    const auto write = prepare_register(path_, next.update(), next.run());
    EXPECT_TRUE(write->changed());
    EXPECT_EQ(write->content().alerts.size(), 3U);
    EXPECT_TRUE(bytes() == before);
  }
  EXPECT_TRUE(bytes() == before) << "without commit all is as it was";
  const auto write = prepare_register(path_, next.update(), next.run());
  const std::map<std::string, std::size_t> first{{"alert_history", read_history(path_).size()}, {"reviews", 0}};
  const auto digests_before = register_digests(path_);
  const std::string sha256 = write->sha256();
  EXPECT_TRUE(bytes() == before);
  write->commit();
  EXPECT_EQ(register_digests(path_), write->digests());
  EXPECT_EQ(register_digests(path_, first).at("alert_history"), digests_before.at("alert_history"));
  EXPECT_NE(register_digests(path_).at("alert_history"), digests_before.at("alert_history"));
  EXPECT_NE(register_digests(path_).at("alerts"), digests_before.at("alerts"));
  EXPECT_EQ(register_sha256(path_), sha256);
  EXPECT_EQ(alerts_geojson(content().alerts, {}), alerts_geojson(write->content().alerts, {}));
  EXPECT_EQ(check_register(path_).alerts, (std::map<AlertStatus, std::size_t>{{AlertStatus::confirmed, 3}}));
  EXPECT_EQ(check_register(path_).runs, 2U);
}

TEST_F(RegisterTest, HistoryGoesOnInItsRevision) {
  std::vector<Alert> alerts{told_alert("PW-a", 0)};
  update(alerts);
  happens(alerts[0], AlertEventKind::grew, "2022-04-01", 2, AlertStatus::confirmed);
  EXPECT_TRUE((Night{.alerts = alerts, .now = "2024-06-01"}.into(path_)));
  EXPECT_EQ(history("PW-a"),
            (std::vector<std::string>{"1 2022-01-25 first_detected provisional", "1 2022-02-04 grew confirmed",
                                      "1 2022-02-04 confirmed confirmed", "1 2022-04-01 grew confirmed"}));
  const std::vector<RegisteredEvent> events = read_history(path_, "PW-a");
  EXPECT_EQ(events[2].recorded_at, parse_instant("2024-05-01T02:00:00Z"));
  EXPECT_EQ(events[3].recorded_at, parse_instant("2024-06-01"));
}

TEST_F(RegisterTest, AnotherHistoryIsARevisionOfItsOwn) {
  std::vector<Alert> alerts{told_alert("PW-a", 0)};
  update(alerts);
  alerts[0].history.erase(alerts[0].history.begin() + 1);
  EXPECT_TRUE(update(alerts));
  EXPECT_EQ(history("PW-a"),
            (std::vector<std::string>{"1 2022-01-25 first_detected provisional", "1 2022-02-04 grew confirmed",
                                      "1 2022-02-04 confirmed confirmed", "2 2022-01-25 first_detected provisional",
                                      "2 2022-02-04 confirmed confirmed"}));
  EXPECT_EQ(alert("PW-a").history.size(), 2U) << "the newest";
  EXPECT_FALSE(update(alerts));
}

TEST_F(RegisterTest, WhatIsGoneIsSuperseded) {
  update({told_alert("PW-a", 0), told_alert("PW-b", 100), told_alert("PW-c", 300)});
  // PW-a is two now, of which the larger has most of it; PW-b is gone without a trace.
  Alert small = told_alert("PW-1", 0);
  small.shape = pixels(0, 4);
  Alert large = told_alert("PW-2", 3);
  large.last_observed = parse_instant("2022-05-01");
  Alert elsewhere = told_alert("PW-3", 9);  // a tenth in common
  EXPECT_TRUE(update({small, large, elsewhere, told_alert("PW-c", 300)}));
  Alert gone = alert("PW-a");
  EXPECT_EQ(gone.status, AlertStatus::superseded);
  EXPECT_EQ(gone.superseded, (Superseded{SupersededWhy::replayed, {"PW-2", "PW-1"}}));
  EXPECT_EQ(history("PW-a").back(), "1 2022-05-01 superseded superseded");
  EXPECT_EQ(alert("PW-b").superseded, (Superseded{SupersededWhy::replayed, {}}));
  EXPECT_EQ(alert("PW-c").status, AlertStatus::confirmed);
  EXPECT_FALSE(update({small, large, elsewhere, told_alert("PW-c", 300)})) << "superseded once";
  // Its id comes back: it stands again, by another revision.
  EXPECT_TRUE(update({told_alert("PW-a", 0), small, large, elsewhere, told_alert("PW-c", 300)}));
  EXPECT_EQ(alert("PW-a").status, AlertStatus::confirmed);
  EXPECT_FALSE(alert("PW-a").superseded);
  EXPECT_EQ(history("PW-a").back(), "2 2022-02-04 confirmed confirmed");
}

TEST_F(RegisterTest, WhatTheRunSupersedesIsTaken) {
  Alert merged = told_alert("PW-a", 0);
  merged.status = AlertStatus::superseded;
  merged.superseded = Superseded{SupersededWhy::merged, {"PW-b"}};
  merged.shape.clear();
  EXPECT_TRUE(update({merged, told_alert("PW-b", 5)})) << "though the register never had it";
  EXPECT_EQ(alert("PW-a").superseded, merged.superseded);
  EXPECT_EQ(history("PW-a").back(), "1 2022-03-01 superseded superseded");
  EXPECT_FALSE(update({merged, told_alert("PW-b", 5)}));
  // Told twice, by two panes: the one that stands counts.
  EXPECT_TRUE(update({merged, told_alert("PW-a", 0), told_alert("PW-b", 5)}));
  EXPECT_EQ(alert("PW-a").status, AlertStatus::confirmed);
  // One without any shape cannot be published.
  Alert shapeless = told_alert("PW-z", 0);
  shapeless.shape.clear();
  shapeless.history.clear();
  EXPECT_THAT(message_of<DataError>([&] { update({shapeless}); }), HasSubstr("'PW-z': has no outline"));
}

TEST_F(RegisterTest, SitesComeAndGo) {
  const Alert here = told_alert("PW-a", 0);
  Alert there = told_alert("PW-t", 100, "There");
  Night both{{here, there}, {{"Sakdrisi", {}}, {"There", {}}}, {"Sakdrisi", "There"}};
  ASSERT_TRUE(both.into(path_));
  // It fails tonight: nothing is said of it.
  EXPECT_FALSE((Night{{here}, {{"Sakdrisi", {}}}, {"Sakdrisi", "There"}}.into(path_)));
  // It is not listed any more.
  const Night one{{here}, {{"Sakdrisi", {}}}, {"Sakdrisi"}};
  EXPECT_TRUE(one.into(path_));
  EXPECT_EQ(alert("PW-t").status, AlertStatus::not_watched);
  EXPECT_EQ(history("PW-t").back(), "1 2022-03-01 not_watched not_watched");
  EXPECT_FALSE(one.into(path_));
  // Listed again, and failing.
  EXPECT_FALSE((Night{{here}, {{"Sakdrisi", {}}}, {"Sakdrisi", "There"}}.into(path_)));
  EXPECT_EQ(alert("PW-t").status, AlertStatus::not_watched);
  // And watched again: what happened meanwhile, and that.
  happens(there, AlertEventKind::closed, "2022-06-01", 1, AlertStatus::closed);
  there.last_observed = parse_instant("2022-07-01");
  both.alerts[1] = there;
  EXPECT_TRUE(both.into(path_));
  EXPECT_EQ(alert("PW-t").status, AlertStatus::closed);
  const std::vector<std::string> rows = history("PW-t");
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[4], "1 2022-06-01 closed closed");
  EXPECT_EQ(rows[5], "1 2022-07-01 watched_again closed");
  EXPECT_FALSE(both.into(path_));
  happens(both.alerts[1], AlertEventKind::reopened, "2022-08-01", 1, AlertStatus::confirmed);
  EXPECT_TRUE(both.into(path_));
  EXPECT_EQ(history("PW-t").back(), "1 2022-08-01 reopened confirmed");
  // Superseded alerts stay what they are when their site goes.
  Night relearnt{{here}, {{"Sakdrisi", {}}, {"There", SupersededWhy::relearnt}}, {"Sakdrisi", "There"}};
  EXPECT_TRUE(relearnt.into(path_));
  EXPECT_FALSE(one.into(path_));
  EXPECT_EQ(alert("PW-t").superseded, (Superseded{SupersededWhy::relearnt, {}}));
}

TEST_F(RegisterTest, ScenesAreNeverRemoved) {
  Alert one = told_alert("PW-a", 0);
  update({one});
  one.scenes_after = {"S2B_4", "S2B_3"};
  EXPECT_TRUE(update({one}));
  EXPECT_EQ(alert("PW-a").scenes_after, one.scenes_after) << "today's";
  const std::vector<Table> layouts{{"alert_scenes", false, {{"scene", {}}}, {}}};
  std::vector<Cell> scenes;
  const auto tables = read_tables(path_, layouts);
  for (const TableRow& row : tables[0]->rows) scenes.push_back(row.cells[0]);
  EXPECT_EQ(scenes, (std::vector<Cell>{"S2A_1", "S2B_2", "S2B_3", "S2B_4"}));
}

TEST_F(RegisterTest, TheSameWhicheverWayItCameAbout) {
  std::vector<Alert> early = told_alerts();
  std::vector<Alert> late = early;
  happens(late[1], AlertEventKind::grew, "2022-04-01", 2, AlertStatus::confirmed);
  late.push_back(told_alert("PW-0", 300));
  ASSERT_TRUE(update({early[1]}));
  ASSERT_TRUE(update(early));
  ASSERT_TRUE(update(late));
  const RegisterContent step_by_step = content();
  const std::vector<std::string> history_b = history("PW-b");
  fs::remove(path_);
  ASSERT_TRUE(update(late));
  EXPECT_EQ(alerts_geojson(content().alerts, {}), alerts_geojson(step_by_step.alerts, {}));
  EXPECT_EQ(history("PW-b"), history_b);
  EXPECT_EQ(content().alerts[0].alert.id, "PW-0") << "by site, first detection and id";
}

TEST_F(RegisterTest, NewestReviewCounts) {
  update(told_alerts());
  add_review(path_, "PW-a", review_of(Verdict::false_alert, "2022-06-01"));
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-05-01"));
  RegisterContent found = content();
  EXPECT_EQ(found.alerts[0].alert.review->verdict, Verdict::false_alert);
  ASSERT_EQ(found.reviews.size(), 2U);
  EXPECT_EQ(found.reviews[0].review.verdict, Verdict::licensed);
  // Of the same moment, the one recorded last.
  add_review(path_, "PW-a", review_of(Verdict::natural, "2022-06-01"));
  found = content();
  EXPECT_EQ(found.alerts[0].alert.review->verdict, Verdict::natural);
  EXPECT_FALSE(found.alerts[0].alert.review->by_overlap);
  EXPECT_FALSE(found.alerts[1].alert.review.has_value());
}

TEST_F(RegisterTest, TheFutureIsNotReviewed) {
  update(told_alerts());
  const Instant now = parse_instant("2024-05-02T10:00:00Z");
  EXPECT_THAT(
      message_of<ConfigError>([&] { prepare_review(path_, "PW-a", review_of(Verdict::natural, "2099-01-01"), now); }),
      HasSubstr("2099-01-01T00:00:00Z is in the future"));
  EXPECT_NO_THROW(prepare_review(path_, "PW-a", review_of(Verdict::natural, "2024-05-02T10:04:59Z"), now));
  EXPECT_THROW(prepare_review(path_, "PW-a", review_of(Verdict::natural, "2024-05-02T10:05:01Z"), now), ConfigError);
  // One that another program wrote does not count before its day.
  std::vector<OutlinedAlert> alerts{registered_alert("PW-a", 0)};
  const std::vector<RegisteredReview> reviews{{"PW-a", review_of(Verdict::licensed, "2022-04-01"), square(0)},
                                              {"PW-a", review_of(Verdict::natural, "2099-05-01"), square(0)}};
  assign_reviews(alerts, reviews, now);
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::licensed);
  assign_reviews(alerts, reviews, parse_instant("2100-01-01"));
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::natural);
}

TEST_F(RegisterTest, ReviewsGoOnToWhatStandsForAnAlert) {
  update({told_alert("PW-a", 0)});
  add_review(path_, "PW-a", review_of(Verdict::licensed, "2022-04-01"));
  // Detected again by other options: another id, nearly the same ground.
  EXPECT_TRUE(update({told_alert("PW-far", 1000), told_alert("PW-new", 4)}));
  EXPECT_EQ(alert("PW-a").review->verdict, Verdict::licensed) << "superseded, and still reviewed";
  EXPECT_FALSE(alert("PW-far").review.has_value());
  ASSERT_TRUE(alert("PW-new").review.has_value());
  EXPECT_TRUE(alert("PW-new").review->by_overlap);
  EXPECT_THAT(alerts_geojson(content().alerts, {}), HasSubstr(R"("review_by": "overlap")"));
  // Its id comes back: the review is its own again, and no other's.
  update({told_alert("PW-a", 0), told_alert("PW-new", 4)});
  EXPECT_FALSE(alert("PW-a").review->by_overlap);
  EXPECT_FALSE(alert("PW-new").review.has_value());
}

TEST(AssignReviews, ByWayOfOthers) {
  std::vector<OutlinedAlert> alerts{registered_alert("PW-a", 0), registered_alert("PW-b", 1),
                                    registered_alert("PW-c", 2), registered_alert("PW-d", 3)};
  const auto supersede = [&](std::size_t i, std::vector<std::string> by) {
    alerts[i].alert.status = AlertStatus::superseded;
    alerts[i].alert.superseded = Superseded{SupersededWhy::replayed, std::move(by)};
  };
  supersede(0, {"PW-b"});
  supersede(1, {"PW-a", "PW-c", "PW-d", "PW-unknown"});
  const Instant now = parse_instant("2024-01-01");
  std::vector<RegisteredReview> reviews{{"PW-a", review_of(Verdict::natural, "2022-04-01"), square(3)}};
  assign_reviews(alerts, reviews, now);
  EXPECT_FALSE(alerts[1].alert.review);
  EXPECT_EQ(alerts[2].alert.review->verdict, Verdict::natural);
  EXPECT_TRUE(alerts[3].alert.review->by_overlap);
  // The newest of two that come together; its own before both.
  reviews.push_back({"PW-b", review_of(Verdict::licensed, "2022-05-01"), square(3)});
  reviews.insert(reviews.begin(), {"PW-d", review_of(Verdict::false_alert, "2021-05-01"), square(3)});
  assign_reviews(alerts, reviews, now);
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::natural);
  EXPECT_EQ(alerts[2].alert.review->verdict, Verdict::licensed);
  EXPECT_EQ(alerts[3].alert.review->verdict, Verdict::false_alert);
  // None stands for them: the ground decides, and an alert that is superseded gets nothing.
  supersede(1, {});
  assign_reviews(alerts, std::span(reviews).subspan(1), now);
  EXPECT_FALSE(alerts[2].alert.review);
  EXPECT_EQ(alerts[3].alert.review->verdict, Verdict::licensed);
}

/// The verdict that PW-whole, a square of 0.02 degrees, has where PW-part merged into it, which was reviewed.
std::optional<Verdict> verdict_after_merging(const LonLatMultiPolygon& reviewed, Verdict verdict, bool by_others,
                                             double area_ha = 0) {
  std::vector<OutlinedAlert> alerts{registered_alert("PW-part", 0), registered_alert("PW-between", 0),
                                    registered_alert("PW-whole", 0)};
  alerts[2].outline = square(0, 0.02);
  alerts[2].alert.area_ha = 4;
  alerts[0].alert.area_ha = area_ha;
  const auto supersede = [&](std::size_t i, SupersededWhy why, const std::string& by) {
    alerts[i].alert.status = AlertStatus::superseded;
    alerts[i].alert.superseded = Superseded{why, {by}};
  };
  supersede(0, SupersededWhy::merged, by_others ? "PW-between" : "PW-whole");
  supersede(1, SupersededWhy::relearnt, "PW-whole");
  const RegisteredReview review{"PW-part", review_of(verdict, "2022-04-01"), reviewed};
  assign_reviews(alerts, {&review, 1}, parse_instant("2024-01-01"));
  EXPECT_EQ(alerts[0].alert.review->verdict, verdict) << "it keeps its own";
  EXPECT_FALSE(alerts[0].alert.review->by_overlap);
  const std::optional<Review>& whole = alerts[2].alert.review;
  return whole ? std::optional(whole->verdict) : std::nullopt;
}

TEST(AssignReviews, WhatWasFoundOfASmallPartDoesNotHoldForTheWhole) {
  for (const Verdict verdict : {Verdict::false_alert, Verdict::natural, Verdict::licensed, Verdict::confirmed_mining}) {
    for (const bool by_others : {false, true}) {
      EXPECT_EQ(verdict_after_merging(square(0, 0.004), verdict, by_others), std::nullopt);
      EXPECT_EQ(verdict_after_merging(square(0, 0.014), verdict, by_others), std::nullopt);
      EXPECT_EQ(verdict_after_merging(square(0, 0.0145), verdict, by_others), verdict);
      EXPECT_EQ(verdict_after_merging(square(0.015, 0.0145), verdict, by_others), std::nullopt) << "elsewhere";
      EXPECT_EQ(verdict_after_merging({}, verdict, by_others, 1.9), std::nullopt);
      EXPECT_EQ(verdict_after_merging({}, verdict, by_others, 2.1), verdict);
    }
  }
}

TEST(AssignReviews, HalfOfTheSmallerArea) {
  const auto overlapping = [](double east, double size) {
    OutlinedAlert alert = registered_alert("PW-new", 0);
    alert.outline = square(east, size);
    const RegisteredReview review{"PW-gone", review_of(Verdict::natural, "2022-04-01"), square(0)};
    assign_reviews({&alert, 1}, {&review, 1}, parse_instant("2024-01-01"));
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
  const Instant now = parse_instant("2024-01-01");
  assign_reviews(alerts, reviews, now);
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::licensed);
  alerts[0].alert.id = "PW-other";
  assign_reviews(alerts, std::span(reviews).subspan(1), now);
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::false_alert) << "the newest";
}

TEST(BoxIndex, FindsWhatTouches) {
  std::vector<LonLatMultiPolygon> shapes;
  for (int i = 0; i < 400; ++i) shapes.push_back(square(0.013 * (i % 20), 0.001 * (i / 20 + 1)));
  shapes.push_back(square(-3, 6));  // wider than cells are kept for
  shapes.push_back({});
  shapes.push_back({{{{-180, -90}, {-179.9, -90}, {-179.9, -89.9}}, {}}});
  std::vector<const LonLatMultiPolygon*> all;
  for (const LonLatMultiPolygon& shape : shapes) all.push_back(&shape);
  const BoxIndex index(all);
  const auto touches = [&](std::size_t a, std::size_t b) {
    if (shapes[a].empty() || shapes[b].empty()) return false;
    const LonLatRing &p = shapes[a][0].outer, &q = shapes[b][0].outer;
    return p[0].lon <= q[1].lon && q[0].lon <= p[1].lon && p[0].lat <= q[2].lat && q[0].lat <= p[2].lat;
  };
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    std::vector<std::size_t> expected;
    for (std::size_t k = 0; k < shapes.size(); ++k) {
      if (touches(i, k)) expected.push_back(k);
    }
    EXPECT_EQ(index.touching(shapes[i]), expected) << i;
    looked_at += expected.size();
  }
  EXPECT_GT(looked_at, shapes.size());
}

/// The tables that the first versions wrote.
std::vector<Table> former_tables(const std::vector<OutlinedAlert>& alerts) {
  Table rows{"alerts", true, {}, {}};
  Table history{
      "alert_history",
      false,
      {{"alert_id", {}}, {"at", ColumnType::instant}, {"event", {}}, {"area_ha", ColumnType::real}, {"class", {}}},
      {}};
  Table scenes{"alert_scenes", false, {{"alert_id", {}}, {"scene", {}}, {"role", {}}}, {}};
  Table reviews{
      "reviews",
      true,
      {{"alert_id", {}}, {"verdict", {}}, {"reviewer", {}}, {"reviewed_at", ColumnType::instant}, {"reason", {}}},
      {}};
  for (const AlertColumn& column : alert_columns()) {
    if (!column.since_later) rows.columns.push_back({column.name, column.type});
  }
  for (const OutlinedAlert& outlined : alerts) {
    TableRow& row = rows.rows.emplace_back();
    for (const AlertColumn& column : alert_columns()) {
      if (!column.since_later) row.cells.push_back(column.get(outlined.alert));
    }
    row.shape = outlined.outline;
    for (const AlertEvent& event : outlined.alert.history) {
      history.rows.push_back({{outlined.alert.id, event.at, std::string(name(event.kind)),
                               rounded_number(event.area_ha, area_decimals), std::string(name(event.change_class))},
                              {}});
    }
    for (const std::string& scene : outlined.alert.scenes_after) {
      scenes.rows.push_back({{outlined.alert.id, scene, "after"}, {}});
    }
  }
  reviews.rows.push_back(
      {{alerts[0].alert.id, "licensed", "Anna", parse_instant("2022-04-01"), "permit"}, alerts[0].outline});
  reviews.rows.push_back({{"PW-long-gone", "natural", "Anna", parse_instant("2022-04-02"), "slide"}, square(5)});
  return {rows, history, scenes, reviews};
}

TEST_F(RegisterTest, AFormerRegisterIsReadAndBroughtUp) {
  std::vector<Alert> told{told_alert("PW-a", 0), told_alert("PW-b", 100), told_alert("PW-gone", 200)};
  const AlertLayer layer{told, register_grid()};
  test::write_text(path_, geopackage(former_tables(outlined_alerts({&layer, 1})), parse_instant("2023-01-01")));
  const std::string before = bytes();
  EXPECT_EQ(content().alerts.size(), 3U);
  EXPECT_EQ(alert("PW-a").review->verdict, Verdict::licensed);
  const std::vector<AlertEvent> derived = alert("PW-a").history;
  ASSERT_EQ(derived.size(), 3U);
  EXPECT_EQ(derived[0].status, AlertStatus::provisional);
  EXPECT_EQ(derived[1].status, AlertStatus::provisional);
  EXPECT_EQ(derived[2].status, AlertStatus::confirmed);
  EXPECT_EQ(derived[0].confidence, 0.877) << "today's, for want of that of then";
  EXPECT_TRUE(read_runs(path_).empty());
  EXPECT_TRUE(bytes() == before) << "reading changes nothing";

  happens(told[1], AlertEventKind::grew, "2022-04-01", 2, AlertStatus::confirmed);
  told.pop_back();
  EXPECT_TRUE(update(told));
  EXPECT_EQ(history("PW-a"), (std::vector<std::string>{"1 2022-01-25 first_detected -", "1 2022-02-04 grew -",
                                                       "1 2022-02-04 confirmed -"}));
  EXPECT_EQ(history("PW-b").back(), "1 2022-04-01 grew confirmed");
  EXPECT_FALSE(read_history(path_, "PW-b").back().outline.empty());
  EXPECT_TRUE(read_history(path_, "PW-b").front().outline.empty());
  EXPECT_FALSE(read_history(path_, "PW-b").front().recorded_at);
  EXPECT_EQ(alert("PW-gone").status, AlertStatus::superseded);
  EXPECT_EQ(read_reviews(path_).size(), 2U);
  EXPECT_EQ(read_reviews(path_)[1].alert_id, "PW-long-gone");
  EXPECT_EQ(read_runs(path_).size(), 1U);
  EXPECT_FALSE(update(told));
  const std::vector<Table> layouts{{"alert_history", false, {{"revision", ColumnType::integer}}, {}}};
  const auto tables = read_tables(path_, layouts);
  for (const TableRow& row : tables[0]->rows) EXPECT_EQ(row.cells[0], Cell(1));
}

TEST_F(RegisterTest, AFormerRegisterIsBroughtUpByAReviewToo) {
  const AlertLayer layer{told_alerts(), register_grid()};
  const std::vector<Alert> told = told_alerts();
  const AlertLayer kept{told, register_grid()};
  test::write_text(path_, geopackage(former_tables(outlined_alerts({&kept, 1})), parse_instant("2023-01-01")));
  add_review(path_, "PW-b", review_of(Verdict::natural, "2023-02-01"));
  EXPECT_EQ(read_reviews(path_).size(), 3U);
  EXPECT_EQ(alert("PW-b").review->verdict, Verdict::natural);
  EXPECT_FALSE(update(told));
}

TEST_F(RegisterTest, ProbabilitiesComeBackAndAreThoseOfTheirTime) {
  Alert alert = told_alert("PW-a", 0);
  alert.class_probability = 0.8127;
  alert.natural_probability = 0.25;
  ClassProbabilities& weighed = alert.class_probabilities.emplace();
  weighed[0] = 0.8127;
  weighed[7] = 0.1869;
  weighed[8] = 0.0004;
  for (AlertEvent& event : alert.history) event.natural_probability = 0.06249;
  alert.history.back().class_probability = 0.5;
  alert.history.back().natural_probability = 0.25;
  ASSERT_TRUE(update({alert}));
  EXPECT_FALSE(update({alert}));
  const Alert found = content().alerts.at(0).alert;
  EXPECT_EQ(found.class_probability, 0.813);
  ASSERT_TRUE(found.class_probabilities);
  EXPECT_EQ((*found.class_probabilities)[0], 0.813);
  EXPECT_EQ((*found.class_probabilities)[7], 0.187);
  EXPECT_EQ((*found.class_probabilities)[8], 0);
  EXPECT_EQ(found.natural_probability, 0.25);
  const std::vector<RegisteredEvent> events = read_history(path_, "PW-a");
  EXPECT_EQ(events.front().natural_probability, 0.062);
  EXPECT_FALSE(events.front().class_probability);
  EXPECT_EQ(events.back().class_probability, 0.5);
  const AlertsAsOf then = alerts_as_of(content().alerts, events, alert.first_detected);
  EXPECT_EQ(then.alerts.at(0).alert.natural_probability, 0.062);
  EXPECT_FALSE(then.alerts.at(0).alert.class_probability);
  EXPECT_FALSE(then.alerts.at(0).alert.class_probabilities);
  EXPECT_TRUE(alerts_as_of(content().alerts, events, alert.last_observed).alerts.at(0).alert.class_probabilities);

  alert.history.front().natural_probability = 0.5;  // told otherwise: another revision
  ASSERT_TRUE(update({alert}));
  EXPECT_EQ(read_history(path_, "PW-a").back().revision, 2);
}

TEST(LeftOut, ByTheProbabilityAndNotByTheClass) {
  Alert alert;
  alert.change_class = ChangeClass::burn;
  alert.natural_probability = 0.5;
  EXPECT_FALSE(is_left_out(alert, 0.5));
  EXPECT_TRUE(is_left_out(alert, 0.49));
  alert.change_class = ChangeClass::bare_to_bare;
  EXPECT_TRUE(is_left_out(alert, 0.49));
  alert.natural_probability.reset();  // of a former version: as was done then
  EXPECT_FALSE(is_left_out(alert, 0.49));
  alert.change_class = ChangeClass::flood;
  EXPECT_TRUE(is_left_out(alert, 0.99));
  EXPECT_FALSE(is_left_out(alert, 1));
}

TEST(AlertsAsOf, AsItWasThen) {
  Alert alert = told_alert("PW-a", 0);
  happens(alert, AlertEventKind::grew, "2022-04-01T08:00:00Z", 2, AlertStatus::confirmed);
  alert.observations = 9;
  Alert merged = told_alert("PW-m", 100);
  merged.superseded = Superseded{SupersededWhy::merged, {"PW-a"}};
  happens(merged, AlertEventKind::superseded, "2022-04-01T08:00:00Z", 1, AlertStatus::superseded);
  const test::TemporaryFolder folder;
  const std::string path = folder / "register.gpkg";
  Night{{alert, merged}}.into(path);
  const RegisterContent content = read_register(path);
  const std::vector<RegisteredEvent> events = read_history(path);
  const auto as_of = [&](const char* at) { return alerts_as_of(content.alerts, events, parse_instant(at)); };
  EXPECT_TRUE(as_of("2022-01-25T08:06:01.023Z").alerts.empty());
  AlertsAsOf found = as_of("2022-01-25T08:06:01.024Z");
  ASSERT_EQ(found.alerts.size(), 2U);
  EXPECT_EQ(found.present_outlines, 0U);
  const Alert& first = found.alerts[0].alert;
  EXPECT_EQ(first.status, AlertStatus::provisional);
  EXPECT_EQ(first.area_ha, 0.5);
  EXPECT_TRUE(std::isnan(first.area_uncertainty_ha)) << "is of the area of today";
  EXPECT_THAT(alerts_geojson(std::span(&found.alerts[0], 1), {}), HasSubstr("\"area_uncertainty_ha\": null"));
  EXPECT_EQ(first.change_class, ChangeClass::vegetation_to_bare);
  EXPECT_EQ(first.confidence, 0.556);
  EXPECT_FALSE(first.confirmed_on);
  EXPECT_EQ(first.last_detected, first.first_detected);
  EXPECT_EQ(first.observations, 1);
  EXPECT_EQ(found.alerts[0].outline, events[0].outline);
  EXPECT_FALSE(found.alerts[1].alert.superseded);
  found = as_of("2022-03-31");
  EXPECT_EQ(found.alerts[0].alert.status, AlertStatus::confirmed);
  EXPECT_EQ(found.alerts[0].alert.confirmed_on, parse_instant("2022-02-04T08:06:01Z"));
  EXPECT_EQ(found.alerts[0].alert.area_ha, 1.0008);
  EXPECT_EQ(found.alerts[0].alert.observations, 2);
  found = as_of("2022-04-02");
  EXPECT_EQ(alerts_geojson(found.alerts, {}), alerts_geojson(content.alerts, {})) << "as it is today";
}

TEST(AlertsAsOf, ClosingShowsNothingAndAConfirmationStaysOnRecord) {
  Alert alert = told_alert("PW-a", 0);
  happens(alert, AlertEventKind::grew, "2022-03-01T08:00:00Z", 2, AlertStatus::confirmed);
  happens(alert, AlertEventKind::closed, "2022-04-01T08:00:00Z", 2, AlertStatus::closed);
  happens(alert, AlertEventKind::reopened, "2022-06-01T08:00:00Z", 2, AlertStatus::provisional);
  alert.confirmed_on.reset();  // in the episode of today
  alert.last_detected = alert.last_observed = parse_instant("2022-06-01T08:00:00Z");
  const test::TemporaryFolder folder;
  const std::string path = folder / "register.gpkg";
  Night{{alert}}.into(path);
  const RegisterContent content = read_register(path);
  const std::vector<RegisteredEvent> events = read_history(path);
  const auto then = [&](const char* at) {
    return alerts_as_of(content.alerts, events, parse_instant(at)).alerts.at(0).alert;
  };
  const Alert closed = then("2022-05-01");
  EXPECT_EQ(closed.status, AlertStatus::closed);
  EXPECT_EQ(closed.confirmed_on, parse_instant("2022-02-04T08:06:01Z"));
  EXPECT_EQ(closed.last_detected, parse_instant("2022-03-01T08:00:00Z"));
  EXPECT_EQ(closed.last_observed, parse_instant("2022-04-01T08:00:00Z"));
  EXPECT_FALSE(then("2022-06-01T08:00:00Z").confirmed_on);
}

TEST(AlertsAsOf, WhatWasReplacedDoesNotStandBesideWhatReplacedIt) {
  for (const SupersededWhy why : {SupersededWhy::relearnt, SupersededWhy::replayed, SupersededWhy::merged}) {
    const test::TemporaryFolder folder;
    const std::string path = folder / "register.gpkg";
    const Alert former = told_alert("PW-f", 0);
    Night{{former}}.into(path);
    Alert now = told_alert("PW-n", 0);
    now.history.front().at = now.first_detected = parse_instant("2022-01-20");
    Alert gone = former;
    gone.superseded = Superseded{why, {"PW-n"}};
    happens(gone, AlertEventKind::superseded, "2022-03-05", 1, AlertStatus::superseded);
    Night{{gone, now}}.into(path);
    const auto ids_as_of = [&](const char* at) {
      std::vector<std::string> ids;
      for (const OutlinedAlert& one :
           alerts_as_of(read_register(path).alerts, read_history(path), parse_instant(at)).alerts) {
        ids.push_back(one.alert.id);
      }
      return ids;
    };
    const bool was_one = why == SupersededWhy::merged;
    EXPECT_EQ(ids_as_of("2022-02-20").size(), was_one ? 2U : 1U);
    EXPECT_THAT(ids_as_of("2022-02-20"), ::testing::Contains("PW-n"));
    EXPECT_EQ(ids_as_of("2022-03-05").size(), 2U) << "as superseded";
  }
}

TEST_F(RegisterTest, ASiteThatLeavesWasWatchedUpToItsNewestAcquisition) {
  Alert closed = told_alert("PW-c", 0, "There");
  happens(closed, AlertEventKind::closed, "2022-06-01", 1, AlertStatus::closed);
  closed.last_observed = parse_instant("2022-05-20");  // as a register may have it that a former version wrote
  Alert open = told_alert("PW-o", 100, "There");
  open.last_observed = parse_instant("2022-07-01");
  Night both{{closed, open}, {{"There", {}}}, {"There"}};
  ASSERT_TRUE(both.into(path_));
  ASSERT_TRUE((Night{{}, {}, {"Sakdrisi"}}.into(path_)));
  EXPECT_EQ(history("PW-c").back(), "1 2022-07-01 not_watched not_watched");
  EXPECT_EQ(history("PW-o").back(), "1 2022-07-01 not_watched not_watched");
  const auto status_as_of = [&](const char* at) {
    return alerts_as_of(content().alerts, read_history(path_), parse_instant(at)).alerts.at(0).alert.status;
  };
  EXPECT_EQ(status_as_of("2022-06-15"), AlertStatus::closed);
  // Back again, and not before it left.
  EXPECT_TRUE(both.into(path_));
  EXPECT_EQ(history("PW-c").back(), "1 2022-07-01 watched_again closed");
}

TEST(AlertsAsOf, TheNewestRevisionHolds) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "register.gpkg";
  Alert alert = told_alert("PW-a", 0);
  Night{{alert}}.into(path);
  alert.first_detected = alert.history[0].at = parse_instant("2022-02-01");
  Night{{alert}}.into(path);
  const RegisterContent content = read_register(path);
  EXPECT_TRUE(alerts_as_of(content.alerts, read_history(path), parse_instant("2022-01-30")).alerts.empty());
  EXPECT_EQ(alerts_as_of(content.alerts, read_history(path), parse_instant("2022-02-02")).alerts.size(), 1U);
}

/// Whatever happens to sites, options and sources, what was published stays, and rows only come to rows.
TEST_F(RegisterTest, NothingIsEverLost) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  const std::vector<std::string> sites{"A", "B", "C"};
  const std::vector<Table> layouts{{"alerts", false, {{"id", {}}}, {}},
                                   {"alert_history",
                                    true,
                                    {{"alert_id", {}},
                                     {"revision", ColumnType::integer},
                                     {"at", ColumnType::instant},
                                     {"event", {}},
                                     {"status", {}},
                                     {"recorded_at", ColumnType::instant}},
                                    {}},
                                   {"alert_scenes", false, {{"alert_id", {}}, {"scene", {}}, {"role", {}}}, {}},
                                   {"reviews", true, {{"alert_id", {}}, {"reason", {}}}, {}},
                                   {"runs", false, {{"started_at", ColumnType::instant}}, {}}};
  std::vector<std::vector<TableRow>> before(layouts.size());
  std::set<std::string> published;
  for (int night = 0; night < 25; ++night) {
    Night tonight{{}, {}, {}, "2024-05-" + std::string(night < 9 ? "0" : "") + std::to_string(night + 1)};
    for (const std::string& site : sites) {
      if (below(5) == 0) continue;
      tonight.listed.insert(site);
      if (below(5) == 0) continue;
      tonight.watched.emplace(site, static_cast<SupersededWhy>(below(3)));
      for (int i = below(4); i > 0; --i) {
        const int which = below(6);
        Alert alert = told_alert("PW-" + site + std::to_string(which), which * 7, site);
        for (int event = below(3); event > 0; --event) {
          happens(alert, static_cast<AlertEventKind>(1 + below(7)), "2022-0" + std::to_string(7 - event) + "-01",
                  1 + below(2), static_cast<AlertStatus>(below(4)));
        }
        if (below(6) == 0) {
          alert.status = AlertStatus::superseded;
          alert.superseded = Superseded{SupersededWhy::merged, {"PW-" + site + "0"}};
        }
        alert.scenes_after.push_back("S2_" + std::to_string(below(5)));
        published.insert(alert.id);
        tonight.alerts.push_back(alert);
      }
    }
    tonight.into(path_);
    if (!published.empty() && below(2) == 0) {
      add_review(path_, *published.begin(), review_of(Verdict::natural, "2023-01-01", std::to_string(night)));
    }
    const auto tables = read_tables(path_, layouts);
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      std::vector<TableRow>& rows = before[i];
      ASSERT_GE(tables[i]->rows.size(), rows.size()) << layouts[i].name << " of night " << night;
      ASSERT_TRUE(std::equal(rows.begin(), rows.end(), tables[i]->rows.begin())) << layouts[i].name << " " << night;
      rows = tables[i]->rows;
    }
    const RegisterContent now = content();
    std::set<std::string> ids;
    for (const OutlinedAlert& outlined : now.alerts) {
      ids.insert(outlined.alert.id);
      EXPECT_EQ(outlined.alert.superseded.has_value(), outlined.alert.status == AlertStatus::superseded);
      EXPECT_EQ(outlined.alert.history.back().status, outlined.alert.status) << outlined.alert.id << " " << night;
      if (outlined.alert.status != AlertStatus::superseded && tonight.listed.count(*outlined.alert.site) == 0) {
        EXPECT_EQ(outlined.alert.status, AlertStatus::not_watched);
      }
    }
    ASSERT_EQ(ids, published) << night;
    ASSERT_FALSE(tonight.into(path_)) << "again with nothing new: " << night;
    before[4].push_back({{parse_instant(tonight.now)}, {}});
  }
}

TEST_F(RegisterTest, HostileTexts) {
  update(told_alerts());
  const std::string reviewer = R"(Robert'); DROP TABLE "reviews";-- <b>&amp;</b> Ω 日本)";
  const std::string reason =
      "line\nline\r\n\ttab \"quoted\" 'single' \\ %s {} \x1b[31m ]]> " + std::string(1 << 20, 'x');
  Review review = review_of(Verdict::false_alert, "2022-04-01", reason);
  review.reviewer = reviewer;
  add_review(path_, "PW-a", review);
  const RegisterContent found = content();
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
  update(told_alerts());
  const std::string whole = bytes();
  std::string scribbled = whole;
  std::fill(scribbled.begin() + 4096, scribbled.end(), '\x5a');
  for (const std::string& damaged : {std::string(), std::string("not a database"), whole.substr(0, 1000),
                                     whole.substr(0, whole.size() / 2), scribbled}) {
    test::write_text(path_, damaged);
    EXPECT_THAT(message_of<DataError>([&] { update(told_alerts()); }), HasSubstr(path_ + ": "));
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
  // A register to which somebody has added a table, and one that has lost one.
  std::vector<Table> former = former_tables({registered_alert("PW-a", 0)});
  former.push_back(others[0]);
  test::write_text(path_, geopackage(former, {}));
  EXPECT_THAT(message_of<DataError>([&] { update({}); }), HasSubstr("'roads'"));
  former.erase(former.end() - 4, former.end() - 3);
  former.pop_back();
  test::write_text(path_, geopackage(former, {}));
  EXPECT_THAT(message_of<DataError>([&] { update({}); }), HasSubstr("there is no table 'alert_history'"));
  // A verdict that somebody has mistyped.
  former = former_tables({registered_alert("PW-a", 0)});
  former[3].rows[0].cells[1] = "licenced";
  test::write_text(path_, geopackage(former, {}));
  const std::string mistyped = bytes();
  EXPECT_THAT(message_of<DataError>([&] { update({}); }),
              HasSubstr(path_ + ": table 'reviews': row 1: no verdict 'licenced'"));
  EXPECT_TRUE(bytes() == mistyped);
}

/// SQLite takes a text in a column of numbers.
TEST_F(RegisterTest, ATextWhereANumberBelongsIsNotZero) {
  update(told_alerts());
  if (std::system("/usr/bin/python3 -c 'import sqlite3'") != 0) GTEST_SKIP() << "no python3";
  // GeoPackages have triggers that call functions which only GDAL has.
  test::write_text(
      folder_ / "edit.py",
      "import sqlite3, sys\n"
      "c = sqlite3.connect(sys.argv[1])\n"
      "for (trigger,) in c.execute(\"SELECT name FROM sqlite_master WHERE type = 'trigger'\").fetchall():\n"
      "    c.execute(f'DROP TRIGGER \"{trigger}\"')\n"
      "c.execute(sys.argv[2])\n"
      "c.commit()\n");
  const std::string whole = bytes();
  for (const std::string column : {"area_ha", "observations"}) {
    test::write_text(path_, whole);
    const std::string sql = "UPDATE alerts SET " + column + " = 'twelve' WHERE fid = 2";
    ASSERT_EQ(std::system(("/usr/bin/python3 " + (folder_ / "edit.py") + " " + path_ + " \"" + sql + "\"").c_str()), 0);
    EXPECT_EQ(message_of<DataError>([&] { content(); }),
              path_ + ": table 'alerts': column '" + column + "' holds what is no number");
  }
}

TEST_F(RegisterTest, StylesOfOthersAreKept) {
  update(told_alerts());
  if (std::system("/usr/bin/python3 -c 'import sqlite3'") != 0) GTEST_SKIP() << "no python3";
  test::write_text(folder_ / "style.py",
                   "import sqlite3, sys\n"
                   "c = sqlite3.connect(sys.argv[1])\n"
                   "c.execute('CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleQML TEXT)')\n"
                   "c.execute(\"INSERT INTO gpkg_contents (table_name, data_type, identifier) \"\n"
                   "          \"VALUES ('layer_styles', 'attributes', 'layer_styles')\")\n"
                   "c.execute(\"INSERT INTO layer_styles (styleQML) VALUES ('red')\")\n"
                   "c.commit()\n");
  ASSERT_EQ(std::system(("/usr/bin/python3 " + (folder_ / "style.py") + " " + path_).c_str()), 0);
  add_review(path_, "PW-a", review_of(Verdict::natural, "2022-04-01"));
  const std::vector<Table> layouts{{"layer_styles", false, {{"styleQML", {}}}, {}}};
  ASSERT_EQ(read_tables(path_, layouts)[0]->rows.size(), 1U);
}

TEST_F(RegisterTest, WhatAnotherProgramHasOpenIsLeft) {
  if (std::system("/usr/bin/python3 -c 'import sqlite3'") != 0) GTEST_SKIP() << "no python3";
  update(told_alerts());
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
                   "while not os.path.exists(done) and os.path.exists(ready): time.sleep(0.01)\n"
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
  EXPECT_THAT(message_of<BusyError>([&] { update(told_alerts()); }), HasSubstr("another program"));
  EXPECT_TRUE(bytes() == before);
  test::write_text(done, "");
  ASSERT_TRUE(wait_until(false));
  EXPECT_TRUE(update(told_alerts()));
  EXPECT_EQ(alert("PW-a").review->reviewer, "GIS");
  EXPECT_EQ(read_reviews(path_)[0].os_user, "");
}

TEST_F(RegisterTest, WritersWaitForEachOther) {
  update(told_alerts());
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
  EXPECT_THROW(register_sha256(path_), DataError);
  EXPECT_THROW(check_register(path_), DataError);
  EXPECT_THROW(Night{}.into(folder_ / "none/register.gpkg"), IoError);
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
  EXPECT_THAT(csv, HasSubstr("\r\nPW-a,'=cmd|' /C calc'!A0,confirmed,bare_to_bare,,,,2022-01-25T08:06:01.024Z,"));
  EXPECT_THAT(csv, HasSubstr(",licensed,'@Anna,2022-04-01T00:00:00Z,\"'+1, \"\"said\"\"\nhe\",id," +
                             std::string(context_columns().size(), ',') + "46.005,40.005\r\n"));
  EXPECT_THAT(csv, HasSubstr("\r\nPW-b,'-1,"));
  EXPECT_THAT(csv, HasSubstr(",0.877,1.0008,0.1235,\"{\"\"bsi\"\": 0.2"));
}

TEST(AlertExports, KmlHasThePeriodOfAnAlert) {
  std::vector<OutlinedAlert> alerts{registered_alerts().front()};
  Alert& alert = alerts.front().alert;
  alert.onset_before = parse_instant("2022-01-25T08:06:01.024Z");
  alert.last_detected = parse_instant("2022-06-04T08:06:00Z");
  const std::string begin = "<TimeSpan><begin>2022-01-25T08:06:01.024Z</begin>";
  for (const AlertStatus open : {AlertStatus::provisional, AlertStatus::confirmed, AlertStatus::recovering}) {
    alert.status = open;
    EXPECT_THAT(alerts_kml(alerts), HasSubstr("</name>" + begin + "</TimeSpan><styleUrl>"));
  }
  for (const AlertStatus over : {AlertStatus::closed, AlertStatus::superseded}) {
    alert.status = over;
    EXPECT_THAT(alerts_kml(alerts), HasSubstr(begin + "<end>2022-06-04T08:06:00Z</end></TimeSpan>"));
  }
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
                   "assert v['site'] == 'a<b>&\"\\'?' + '?', v['site']\n"
                   "assert v['review_reason'] == ']]> <x>', v['review_reason']\n");
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
  EXPECT_THAT(test::message_of<ConfigError>([&] { alerts_where(alerts, "area_ha > 1) OR (1"); }),
              HasSubstr("closes a bracket that is not open"));
  EXPECT_THAT(test::message_of<ConfigError>([&] { alerts_where(alerts, "(area_ha > 1"); }),
              HasSubstr("a bracket is not closed"));
  EXPECT_EQ(alerts_where(alerts, "(id = ')' OR (site IS NULL))"), Found{1});
}

TEST(AlertExports, WhereRefusesTheNumbersOfRowsAndQueries) {
  const std::vector<OutlinedAlert> alerts = registered_alerts();
  for (const char* filter : {"fid = 1", "\"FID\" = 1", "rowid = 1", "area_ha > 0 AND OGC_FID < 9"}) {
    EXPECT_THAT(test::message_of<ConfigError>([&] { alerts_where(alerts, filter); }), HasSubstr("use id")) << filter;
  }
  for (const char* filter :
       {"id IN (SELECT id FROM pitwatch_rows)", "1 = 1) OR (SELECT 1", "1 = 1; DROP TABLE pitwatch_rows", "1 = 1 -- x",
        "1 = 1 /* x", "ogr_version() > '1'", "\"size\" > 1", "", "area_ha >", "pitwatch_row = 0"}) {
    EXPECT_THROW(alerts_where(alerts, filter), ConfigError) << filter;
  }
}

}  // namespace
}  // namespace pitwatch
