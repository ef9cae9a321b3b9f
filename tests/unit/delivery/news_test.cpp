#include "pipeline/delivery/news.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RegisteredEvent event_of(const std::string& id, AlertEventKind kind, const std::string& at, int revision = 1,
                         const std::string& recorded = "2024-05-01") {
  RegisteredEvent event;
  event.alert_id = id;
  event.kind = kind;
  event.at = parse_instant(at);
  event.revision = revision;
  if (!recorded.empty()) event.recorded_at = parse_instant(recorded);
  return event;
}

RegisteredReview review_of(const std::string& id, const std::string& reviewed, const std::string& recorded) {
  return {id, test::review_of(Verdict::natural, reviewed), {}, parse_instant(recorded), ""};
}

std::vector<std::string> lines(const RegisterNews& news, const NewsDoneByAlert& done, const NewsFilter& filter = {}) {
  std::vector<std::string> result;
  for (const NewsEvent& event : due_news(news, filter, done)) {
    result.push_back(news.alerts[event.alert].alert.id + " " + std::string(name(event.kind)) + " " +
                     format_day(event.at));
  }
  return result;
}

const std::vector<RegisteredEvent> history{event_of("PW-a", AlertEventKind::first_detected, "2022-01-01"),
                                           event_of("PW-a", AlertEventKind::grew, "2022-01-02"),
                                           event_of("PW-a", AlertEventKind::shrank, "2022-01-03"),
                                           event_of("PW-a", AlertEventKind::grew, "2022-01-04"),
                                           event_of("PW-b", AlertEventKind::first_detected, "2022-01-03")};

TEST(News, ComeByTime) {
  const RegisterNews news = news_of(test::registered_alerts(), history, {});
  EXPECT_THAT(lines(news, {}), ElementsAre("PW-a new 2022-01-01", "PW-a grown 2022-01-02", "PW-b new 2022-01-03",
                                           "PW-a grown 2022-01-04"));
}

TEST(News, OfANewerRevisionAreThoseThatAreMore) {
  std::vector<RegisteredEvent> events = history;
  NewsDoneByAlert done;
  EXPECT_EQ(pass_over(news_of(test::registered_alerts(), events, {}), std::nullopt, done), 4U);
  events.push_back(event_of("PW-a", AlertEventKind::first_detected, "2021-12-25", 2));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2021-12-28", 2));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2022-01-02", 2));
  const RegisterNews news = news_of(test::registered_alerts(), events, {});
  EXPECT_THAT(lines(news, done), IsEmpty());
  EXPECT_THAT(lines(news, {}), ElementsAre("PW-a new 2021-12-25", "PW-a grown 2021-12-28", "PW-a grown 2022-01-02",
                                           "PW-b new 2022-01-03"));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2022-01-04", 2));
  EXPECT_THAT(lines(news_of(test::registered_alerts(), events, {}), done), ElementsAre("PW-a grown 2022-01-04"));
}

TEST(News, SinceLooksAtWhenTheyWereRecordedFirst) {
  std::vector<RegisteredEvent> events = history;
  events.push_back(event_of("PW-a", AlertEventKind::first_detected, "2021-12-25", 2, "2024-06-01"));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2022-01-02", 2, "2024-06-01"));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2022-01-04", 2, "2024-06-01"));
  events.push_back(event_of("PW-a", AlertEventKind::grew, "2022-01-05", 2, "2024-06-01"));
  const RegisterNews news = news_of(test::registered_alerts(), events, {});
  NewsDoneByAlert done;
  EXPECT_EQ(pass_over(news, parse_instant("2024-05-15"), done), 4U);
  EXPECT_THAT(lines(news, done), ElementsAre("PW-a grown 2022-01-05"));
  EXPECT_EQ(pass_over(news, parse_instant("2024-05-15"), done), 0U);
  done.clear();
  EXPECT_EQ(pass_over(news, parse_instant("2024-05-01"), done), 0U) << "the time itself is not before";
}

TEST(News, WhatFormerRegistersDoNotDateIsOld) {
  const std::vector<RegisteredEvent> undated{event_of("PW-a", AlertEventKind::first_detected, "2022-01-01", 1, "")};
  NewsDoneByAlert done;
  EXPECT_EQ(pass_over(news_of(test::registered_alerts(), undated, {}), parse_instant("2000-01-01"), done), 1U);
}

TEST(News, ReviewsAreKnownByWhatTheySay) {
  std::vector<RegisteredReview> reviews{review_of("PW-a", "2022-03-01", "2024-05-01")};
  NewsDoneByAlert done;
  pass_over(news_of(test::registered_alerts(), {}, reviews), std::nullopt, done);
  reviews.insert(reviews.begin(), review_of("PW-a", "2022-02-01", "2024-05-02"));
  const RegisterNews news = news_of(test::registered_alerts(), {}, reviews);
  EXPECT_THAT(lines(news, done), ElementsAre("PW-a reviewed 2022-02-01"));
  mark_done(due_news(news, {}, done).at(0), "PW-a", done);
  EXPECT_THAT(lines(news, done), IsEmpty());
}

TEST(News, OfAlertsThatReplaceOthersAreWhatThoseHadNot) {
  std::vector<OutlinedAlert> alerts = test::registered_alerts();
  alerts[0].alert.status = AlertStatus::superseded;
  alerts[0].alert.superseded = Superseded{SupersededWhy::relearnt, {"PW-b"}};
  const std::vector<RegisteredEvent> events{event_of("PW-a", AlertEventKind::first_detected, "2022-01-01"),
                                            event_of("PW-b", AlertEventKind::first_detected, "2022-01-01"),
                                            event_of("PW-b", AlertEventKind::closed, "2022-02-01")};
  const NewsDoneByAlert done{{"PW-a", {{1, 0, 0, 0}, {}}}};
  const RegisterNews news = news_of(alerts, events, {});
  EXPECT_THAT(lines(news, done), ElementsAre("PW-b closed 2022-02-01"));
  EXPECT_THAT(lines(news, {}), ElementsAre("PW-b new 2022-01-01", "PW-b closed 2022-02-01"));
  // Which of two others an alert grew together with is another matter.
  alerts[0].alert.superseded->why = SupersededWhy::merged;
  EXPECT_EQ(lines(news_of(alerts, events, {}), done).size(), 2U);
  // A register may say anything.
  alerts[0].alert.superseded->why = SupersededWhy::replayed;
  alerts[1].alert.superseded = Superseded{SupersededWhy::replayed, {"PW-a", "PW-b", "PW-none"}};
  EXPECT_EQ(lines(news_of(alerts, events, {}), done).size(), 1U);
}

TEST(News, FiltersLookAtTheAlertAsItIs) {
  std::vector<OutlinedAlert> alerts = test::registered_alerts();
  const auto first = event_of("PW-a", AlertEventKind::first_detected, "2022-01-01");
  const auto passes = [&](const NewsFilter& filter) {
    return lines(news_of(alerts, {&first, 1}, {}), {}, filter).size();
  };
  EXPECT_EQ(passes({}), 1U);
  NewsFilter filter;
  filter.sites = {"Elsewhere"};
  EXPECT_EQ(passes(filter), 0U);
  filter = {};
  filter.classes = {"to_water"};
  EXPECT_EQ(passes(filter), 0U);
  filter = {};
  filter.statuses = {"provisional"};
  EXPECT_EQ(passes(filter), 0U);
  filter = {};
  filter.verdicts = {"none"};
  EXPECT_EQ(passes(filter), 1U);
  alerts[0].alert.review = test::review_of(Verdict::natural, "2022-01-01");
  EXPECT_EQ(passes(filter), 0U);
  filter = {};
  filter.min_area_ha = alerts[0].alert.area_ha;
  EXPECT_EQ(passes(filter), 1U);
  filter.min_area_ha += 0.001;
  EXPECT_EQ(passes(filter), 0U);
  filter = {};
  alerts[0].alert.natural_probability = 0.81;
  EXPECT_EQ(passes(filter), 0U);
  filter.max_natural = 0.81;
  EXPECT_EQ(passes(filter), 1U);
  filter.events = {"grown"};
  EXPECT_EQ(passes(filter), 0U);
}

}  // namespace
}  // namespace pitwatch
