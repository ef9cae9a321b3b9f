// What a reader gets to see: no outside text may become a command of the page or of the terminal.

#include "pipeline/accuracy/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/accuracy/test_support.hpp"

namespace pitwatch {
namespace {

using test::alert;
using test::event;
using ::testing::HasSubstr;
using ::testing::Not;

AccuracyReport report_of(const std::string& text) {
  AccuracyReport report;
  report.alerts_name = text;
  report.truth_name = "truth.geojson";
  report.made_by = text;
  report.where = text;
  report.min_overlap = 0.2;
  report.events = {event(text, TruthType::pit_in_forest, 0, 2000),
                   event("slide" + text, TruthType::landslide, 0, 2000)};
  report.events[0].site = text;
  report.events[0].type = text;
  report.alerts = {alert(text, 3, 2000, 0.7), alert("b", 4, 2000, 0.3), alert("c" + text, 4, 2000, 0.3)};
  report.alerts[1].change_class = text;
  report.alerts[1].status = text;
  const std::vector<Overlap> overlaps{{0, 0, 1500}, {2, 1, 2000}};
  report.matching = match_alerts(report.alerts, report.events, overlaps, report.min_overlap);
  const std::vector<EventUnion> unions{{2000, 1500}, {2000, 2000}};
  report.bootstrap.draws = 50;
  report.truth = score_against_truth({report.alerts, report.events, report.matching, unions, {}}, report.bootstrap);
  return report;
}

TEST(AccuracyReport, OutsideTextsAreEscapedInThePage) {
  const std::string page = report_html(report_of("<script>alert('1')</script>\"&"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"));
}

TEST(AccuracyReport, ThePageNeedsNoOtherFile) {
  const std::string page = report_html(report_of("x"));
  for (const char* reference : {"http:", "https:", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(reference)));
  }
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("Reliability of the confidence"));
}

TEST(AccuracyReport, ThePageListsEventsAndFalseAlerts) {
  const ReportTable events = event_table(report_of("x"));
  ASSERT_EQ(events.rows.size(), 2U);
  EXPECT_THAT(events.rows[0], ::testing::ElementsAre("x", "x", "disturbance", "x", "0.20", "2024-01-01", "2024-01-04",
                                                     "3.0", "-", "-", "-", "0.60", "0.00"));
  const ReportTable false_alerts = false_alert_table(report_of("x"));
  ASSERT_EQ(false_alerts.rows.size(), 2U);
  EXPECT_EQ(false_alerts.rows[0].front(), "b");
  EXPECT_EQ(false_alerts.rows[0].back(), "nothing");
  EXPECT_EQ(false_alerts.rows[1].back(), "natural: slidex");
}

TEST(AccuracyReport, TheTerminalGetsNoCommands) {
  const std::string text = report_text(report_of("red\x1b[31m\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("red\\x1b[31m\\n"));
}

TEST(AccuracyReport, AreaWeightedFigures) {
  AccuracyReport report;
  report.samples_name = "samples.csv";
  report.strata_name = "strata.csv";
  const std::vector<MapStratum> strata{{"<a>", 10}, {"b", 30}};
  const std::vector<SampleCount> samples{{"<a>", "<a>", 2}, {"b", "b", 3}};
  report.area_weighted = area_weighted_accuracy(strata, samples);
  EXPECT_THAT(report_text(report), HasSubstr("overall"));
  EXPECT_THAT(report_html(report), HasSubstr("&lt;a&gt;"));
}

}  // namespace
}  // namespace pitwatch
