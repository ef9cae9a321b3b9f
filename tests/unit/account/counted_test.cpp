#include "pipeline/account/counted.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "pipeline/account/account.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

const std::string crs = "EPSG:32638";

Instant day(int number) { return parse_instant("2022-01-01") + std::chrono::days(number); }

/// A rectangle of pixels of 10 m east and south of a corner in zone 38.
LonLatMultiPolygon rectangle(int left, int top, int width, int height) {
  ToWgs84 to_wgs84(crs);
  LonLatPolygon polygon;
  for (const auto& [x, y] :
       {std::pair{left, top}, {left, top + height}, {left + width, top + height}, {left + width, top}}) {
    const LonLat place = to_wgs84({470'000.0 + 10 * x, 4'445'000.0 - 10 * y});
    polygon.outer.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
  }
  return {polygon};
}

OutlinedAlert alert(const std::string& id, const LonLatMultiPolygon& outline, int first) {
  OutlinedAlert result;
  result.alert.id = id;
  result.alert.site = "north";
  result.alert.tile = "38TPK";
  result.alert.status = AlertStatus::confirmed;
  result.alert.change_class = ChangeClass::vegetation_to_bare;
  result.alert.natural_probability = 0.1;
  result.alert.first_detected = day(first);
  result.alert.confirmed_on = day(first);
  result.alert.last_observed = day(90);
  result.alert.confidence = 1;
  result.outline = outline;
  return result;
}

RegisteredEvent event(const std::string& id, int at, AlertEventKind kind, AlertStatus status,
                      const LonLatMultiPolygon& outline, int revision = 1) {
  RegisteredEvent result;
  result.alert_id = id;
  result.at = day(at);
  result.kind = kind;
  result.status = status;
  result.outline = outline;
  result.revision = revision;
  return result;
}

std::vector<CountedSite> count(const std::vector<OutlinedAlert>& alerts, const std::vector<RegisteredEvent>& events,
                               std::optional<Instant> until = {}) {
  return counted_sites(alerts, events, {}, until, default_max_natural);
}

TEST(CountedSites, FindThePixelsOfOutlines) {
  const auto outline = rectangle(0, 0, 7, 5);
  const auto sites =
      count({alert("a", outline, 1)}, {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, outline)});
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].pixels.size(), 35U);
  EXPECT_EQ(sites[0].zones, std::vector<std::string>{crs});
  const auto rows = ledger_rows(sites[0].ledger, sites[0].pixels);
  EXPECT_NEAR(static_cast<double>(rows.back().disturbed_m2), 3500, 5);  // geodesic: the scale of UTM
  EXPECT_NE(rows.back().disturbed_m2, 3500);
}

TEST(CountedSites, WhatMergedIsOneObjectAndCountsOnce) {
  const auto west = rectangle(0, 0, 5, 5);
  const auto east = rectangle(7, 0, 5, 5);
  const auto both = rectangle(0, 0, 12, 5);
  OutlinedAlert merged = alert("b", east, 2);
  merged.alert.status = AlertStatus::superseded;
  merged.alert.superseded = Superseded{SupersededWhy::merged, {"a"}};
  merged.alert.change_class = ChangeClass::unknown;
  const auto sites = count({alert("a", both, 1), merged},
                           {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, west),
                            event("b", 2, AlertEventKind::first_detected, AlertStatus::provisional, east),
                            event("a", 3, AlertEventKind::grew, AlertStatus::confirmed, both),
                            event("b", 3, AlertEventKind::superseded, AlertStatus::superseded, east)});
  ASSERT_EQ(sites[0].objects.size(), 1U);
  EXPECT_EQ(sites[0].objects[0].alert.alert.id, "a");
  EXPECT_EQ(sites[0].objects[0].lineage, std::vector<std::string>{"b"});
  EXPECT_EQ(sites[0].pixels.size(), 60U);
  const auto rows = ledger_rows(sites[0].ledger, sites[0].pixels);
  ASSERT_EQ(rows.size(), 6U);  // one class, and all, at three times
  EXPECT_NEAR(static_cast<double>(rows[2].disturbed_m2), 5000, 6);
  EXPECT_NEAR(static_cast<double>(rows[4].disturbed_m2), 6000, 7);
  EXPECT_EQ(rows[4].recovered_m2, 0);
}

/// All ids of a site's account, as often as they are in it.
std::vector<std::string> ids_of(const CountedSite& site) {
  std::vector<std::string> ids;
  const auto add = [&](const OutlinedAlert& alert, const std::vector<std::string>& lineage) {
    ids.push_back(alert.alert.id);
    ids.insert(ids.end(), lineage.begin(), lineage.end());
  };
  for (const CountedObject& object : site.objects) add(object.alert, object.lineage);
  for (const LeftOutAlert& alert : site.left_out) add(alert.alert, alert.lineage);
  std::sort(ids.begin(), ids.end());
  return ids;
}

TEST(CountedSites, EveryAlertIsThereOnceWhateverPeopleFound) {
  // c and d merged into b, b and e into a; f merged into one that is not on record.
  const auto outline = rectangle(0, 0, 3, 3);
  const std::vector<std::pair<std::string, std::string>> merged{{"a", ""},  {"b", "a"}, {"c", "b"},
                                                                {"d", "b"}, {"e", "a"}, {"f", "gone"}};
  constexpr int kinds = 4;  // of a review: none, one that counts, two that do not
  for (int code = 0; code < kinds * kinds * kinds * kinds; ++code) {
    std::vector<OutlinedAlert> alerts;
    std::vector<std::string> all;
    int rest = code;
    for (const auto& [id, into] : merged) {
      OutlinedAlert one = alert(id, outline, 1);
      all.push_back(id);
      if (!into.empty()) {
        one.alert.status = AlertStatus::superseded;
        one.alert.superseded = Superseded{SupersededWhy::merged, {into}};
      }
      const std::array verdicts{Verdict::confirmed_mining, Verdict::false_alert, Verdict::natural};
      if (rest % kinds > 0) {
        one.alert.review = Review{verdicts[static_cast<std::size_t>(rest % kinds - 1)], "A", day(3), "", false};
      }
      rest /= kinds;
      alerts.push_back(std::move(one));
    }
    EXPECT_EQ(ids_of(count(alerts, {}).at(0)), all) << code;
  }
}

TEST(CountedSites, OneThatWasFoundOtherwiseThanWhatItMergedIntoIsJudgedByItself) {
  const auto west = rectangle(0, 0, 5, 5);
  const auto east = rectangle(7, 0, 5, 5);
  const auto both = rectangle(0, 0, 12, 5);
  OutlinedAlert standing = alert("a", both, 1);
  OutlinedAlert merged = alert("b", east, 2);
  merged.alert.status = AlertStatus::superseded;
  merged.alert.superseded = Superseded{SupersededWhy::merged, {"a"}};
  const std::vector<RegisteredEvent> events{event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, west),
                                            event("b", 2, AlertEventKind::first_detected, AlertStatus::confirmed, east),
                                            event("a", 3, AlertEventKind::grew, AlertStatus::confirmed, both),
                                            event("b", 3, AlertEventKind::superseded, AlertStatus::superseded, east),
                                            event("a", 9, AlertEventKind::closed, AlertStatus::closed, both)};
  standing.alert.review = Review{Verdict::natural, "A", day(9), "", false};
  merged.alert.review = Review{Verdict::confirmed_mining, "A", day(9), "", false};
  CountedSite site = count({standing, merged}, events).at(0);
  ASSERT_EQ(site.objects.size(), 1U);
  EXPECT_EQ(site.objects[0].alert.alert.id, "b");
  EXPECT_EQ(site.left_out.at(0).alert.alert.id, "a");
  EXPECT_EQ(site.pixels.size(), 25U);
  const auto& course = site.ledger[0].members.at(0);
  ASSERT_EQ(course.size(), 3U);
  EXPECT_EQ(course[1].at, day(3));
  EXPECT_EQ(course[1].pixels.size(), 25U) << "held on by the other";
  EXPECT_TRUE(course[2].pixels.empty()) << "until that closed";

  std::swap(standing.alert.review, merged.alert.review);
  site = count({standing, merged}, events).at(0);
  ASSERT_EQ(site.objects.size(), 1U);
  EXPECT_EQ(site.objects[0].alert.alert.id, "a");
  EXPECT_TRUE(site.objects[0].lineage.empty());
  EXPECT_EQ(site.left_out.at(0).alert.alert.id, "b");
  EXPECT_EQ(site.left_out.at(0).why, LeftOut::reviewed_natural);
  EXPECT_EQ(site.pixels.size(), 60U) << "what the other held since";

  merged.alert.review->by_overlap = true;
  EXPECT_EQ(count({standing, merged}, events).at(0).objects[0].lineage, std::vector<std::string>{"b"});
}

TEST(CountedSites, TheNewestRevisionHolds) {
  const auto small = rectangle(0, 0, 2, 2);
  const auto large = rectangle(0, 0, 9, 9);
  const auto sites =
      count({alert("a", small, 1)}, {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, large, 1),
                                     event("a", 5, AlertEventKind::first_detected, AlertStatus::confirmed, small, 2)});
  EXPECT_EQ(sites[0].pixels.size(), 4U);
  EXPECT_EQ(sites[0].ledger[0].members[0].front().at, day(5));
}

TEST(CountedSites, WhatHappenedLaterDidNot) {
  const auto small = rectangle(0, 0, 2, 2);
  const auto large = rectangle(0, 0, 9, 9);
  const auto sites = count({alert("a", large, 1), alert("b", large, 30)},
                           {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, small),
                            event("a", 20, AlertEventKind::grew, AlertStatus::confirmed, large),
                            event("b", 30, AlertEventKind::first_detected, AlertStatus::confirmed, large)},
                           day(10));
  ASSERT_EQ(sites[0].objects.size(), 1U);
  EXPECT_EQ(sites[0].pixels.size(), 4U);
}

TEST(CountedSites, WithoutARecordedOutlineThePresentOneStands) {
  const auto outline = rectangle(0, 0, 3, 3);
  const auto sites = count({alert("a", outline, 1), alert("b", outline, 2)},
                           {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, {})});
  EXPECT_EQ(sites[0].present_outlines, 2U);
  EXPECT_EQ(sites[0].pixels.size(), 9U);
}

TEST(CountedSites, ASiteThatIsNotWatchedAnyMoreKeepsItsGround) {
  const auto outline = rectangle(0, 0, 3, 3);
  OutlinedAlert left = alert("a", outline, 1);
  left.alert.status = AlertStatus::not_watched;
  const auto sites = count({left}, {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, outline),
                                    event("a", 9, AlertEventKind::not_watched, AlertStatus::not_watched, outline)});
  const auto rows = ledger_rows(sites[0].ledger, sites[0].pixels);
  EXPECT_GT(rows.back().net_m2, 0);
}

TEST(CountedSites, AnOutlineAroundHalfTheWorldIsRefused) {
  const LonLatMultiPolygon wide{{{{-120, -60}, {120, -60}, {120, 60}, {-120, 60}}, {}}};
  try {
    count({alert("a", wide, 1)}, {event("a", 1, AlertEventKind::first_detected, AlertStatus::confirmed, wide)});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("alert 'a': "), std::string::npos) << error.what();
  }
}

TEST(LeftOut, SaysWhy) {
  const auto outline = rectangle(0, 0, 3, 3);
  const auto why = [](const Alert& one) { return left_out(one, {}, default_max_natural); };
  const Alert plain = alert("a", outline, 1).alert;
  EXPECT_FALSE(why(plain));
  Alert changed = plain;
  changed.natural_probability = 0.81;
  EXPECT_EQ(why(changed), LeftOut::likely_natural);
  changed.review = Review{Verdict::confirmed_mining, "A", day(3), "", false};
  EXPECT_FALSE(why(changed));  // somebody found otherwise
  changed.review->verdict = Verdict::natural;
  EXPECT_EQ(why(changed), LeftOut::reviewed_natural);
  changed.review->verdict = Verdict::false_alert;
  EXPECT_EQ(why(changed), LeftOut::reviewed_false);
  changed = plain;
  changed.status = AlertStatus::closed;
  EXPECT_FALSE(why(changed));
  changed.confirmed_on.reset();
  EXPECT_EQ(why(changed), LeftOut::closed_unconfirmed);
  const std::vector<AlertEvent> confirmed{{day(2), AlertEventKind::confirmed}};
  EXPECT_FALSE(left_out(changed, confirmed, default_max_natural));
  changed = plain;
  changed.superseded = Superseded{SupersededWhy::relearnt, {"b"}};
  EXPECT_EQ(why(changed), LeftOut::replaced);
}

TEST(CountedSites, WhatWasReviewedAsFalseIsApart) {
  const auto outline = rectangle(0, 0, 3, 3);
  OutlinedAlert wrong = alert("a", outline, 1);
  wrong.alert.review = Review{Verdict::false_alert, "A", day(3), "", false};
  OutlinedAlert right = alert("b", outline, 2);
  right.alert.confidence = 0.4;
  right.alert.review = Review{Verdict::licensed, "A", day(3), "", false};
  const auto sites = count({wrong, right}, {});
  ASSERT_EQ(sites[0].objects.size(), 1U);
  EXPECT_EQ(sites[0].objects[0].alert.alert.id, "b");
  EXPECT_EQ(sites[0].ledger[0].confidence, 1);
  ASSERT_EQ(sites[0].left_out.size(), 1U);
  EXPECT_EQ(sites[0].left_out[0].why, LeftOut::reviewed_false);
}

TEST(AccountTexts, HoldNoFormulaAndNoMoreThanWhatIsKnown) {
  Account account;
  AccountSite& site = account.sites.emplace_back();
  site.site = "=HYPERLINK(\"x\")";
  LedgerRow row;
  row.at = day(1);
  row.disturbed_m2 = 12345;
  row.disturbed = {1.2, 0.5, 1.9};
  site.rows.push_back(row);
  const std::string csv = account_csv(account);
  EXPECT_NE(csv.find("\r\n\"'=HYPERLINK(\"\"x\"\")\",2022-01-02T00:00:00Z,all,0,1.2345,1.2000,0.5000,1.9000,"),
            std::string::npos)
      << csv;
  EXPECT_NE(account_json(account).find("\"disturbed_ha\": 1.2345"), std::string::npos);
  EXPECT_EQ(account_geojson(account), "{\"type\":\"FeatureCollection\",\"name\":\"account\",\"features\":[\n]}\n");
}

}  // namespace
}  // namespace pitwatch
