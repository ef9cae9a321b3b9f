// Figures in the text format of Prometheus, whatever the labels hold.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tools/prometheus_text.hpp"

namespace pitwatch::tools {
namespace {

TEST(PrometheusText, FamiliesWithTheirSamples) {
  PrometheusText text;
  text.family("pitwatch_alerts", "Alerts.");
  text.sample(3, {{"site", "pit"}, {"status", "confirmed"}});
  text.sample(0.25, {{"site", "Çovdar"}});
  PrometheusText more;
  more.gauge("pitwatch_time_seconds", "When.", 1796006949.128);
  text.append(more);
  EXPECT_EQ(text.text(),
            "# HELP pitwatch_alerts Alerts.\n"
            "# TYPE pitwatch_alerts gauge\n"
            "pitwatch_alerts{site=\"pit\",status=\"confirmed\"} 3\n"
            "pitwatch_alerts{site=\"Çovdar\"} 0.25\n"
            "# HELP pitwatch_time_seconds When.\n"
            "# TYPE pitwatch_time_seconds gauge\n"
            "pitwatch_time_seconds 1796006949.128\n");
}

/// A label cannot end its line or its quotes, nor bring in what is no UTF-8.
TEST(PrometheusText, LabelsOfPeopleWhoMeanIll) {
  PrometheusText text;
  text.family("a", "b");
  text.sample(1, {{"site", "x\"} 1\npitwatch_state_well 1\n# \\ \r\x1b[31m \xff"}});
  EXPECT_EQ(text.text(),
            "# HELP a b\n# TYPE a gauge\n"
            "a{site=\"x\\\"} 1\\\\npitwatch_state_well 1\\\\n# \\\\ \\\\r\\\\x1b[31m \\\\xff\"} 1\n");
}

}  // namespace
}  // namespace pitwatch::tools
