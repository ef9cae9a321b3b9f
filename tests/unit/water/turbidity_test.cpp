#include "pipeline/water/turbidity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

TEST(Turbidity, IsThePublishedCurve) {
  EXPECT_NEAR(turbidity_fnu(0.02, 0.2), 228.1 * 0.02 / (1 - 0.02 / 0.1641), 1e-12);    // by red alone
  EXPECT_NEAR(turbidity_fnu(0.09, 0.05), 3078.9 * 0.05 / (1 - 0.05 / 0.2112), 1e-12);  // by near infrared alone
  const double red = 228.1 * 0.06 / (1 - 0.06 / 0.1641);
  const double near_infrared = 3078.9 * 0.03 / (1 - 0.03 / 0.2112);
  EXPECT_NEAR(turbidity_fnu(0.06, 0.03), (red + near_infrared) / 2, 1e-9);
  EXPECT_EQ(turbidity_fnu(-0.01, -0.01), 0);
  EXPECT_EQ(turbidity_fnu(0.3, 0.3), most_turbidity_fnu);
  EXPECT_EQ(turbidity_fnu(0.3, 0.2111), most_turbidity_fnu);
  EXPECT_TRUE(std::isnan(turbidity_fnu(std::nan(""), 0.1)));
  EXPECT_TRUE(std::isnan(turbidity_fnu(0.1, std::nan(""))));
}

Instant day(int number) { return parse_instant("2020-01-01") + std::chrono::hours(24 * number); }

/// Every five days for two years: clear in winter, turbid in summer, on both reaches alike; noise that is the same in
/// every run.
std::vector<TurbidityObservation> usual_years() {
  std::vector<TurbidityObservation> series;
  for (int i = 0; i < 146; ++i) {
    const double season = 8 + 6 * std::sin(2 * 3.14159265 * i / 73.0);
    const double noise = 1 + 0.05 * ((i * 7919) % 11 - 5) / 5.0;
    series.push_back({day(5 * i), season * noise, season});
  }
  return series;
}

TEST(TurbidityCourse, OfUsualYearsHasNoEvent) {
  const TurbidityCourse course = judge_turbidity(usual_years());
  EXPECT_TRUE(course.events.empty());
  EXPECT_FALSE(course.judgements.front().anomaly_sigma());
  ASSERT_TRUE(course.judgements.back().anomaly_sigma());
  EXPECT_LT(std::abs(*course.judgements.back().anomaly_sigma()), 2);
}

TEST(TurbidityCourse, HasAPlumeFromItsFirstObservationUntilItFades) {
  std::vector<TurbidityObservation> series = usual_years();
  for (const auto& [index, times] : {std::pair{100U, 12.0}, {101U, 6.0}, {102U, 3.0}}) series[index].fnu *= times;
  const TurbidityCourse course = judge_turbidity(series);
  ASSERT_EQ(course.events.size(), 1U);
  const TurbidityEvent& event = course.events[0];
  EXPECT_EQ(event.clear_before, series[99].at);
  EXPECT_EQ(event.appeared, series[100].at);
  EXPECT_EQ(event.last_seen, series[102].at);
  EXPECT_EQ(event.faded, series[103].at);
  EXPECT_EQ(event.peak_fnu, series[100].fnu);
  EXPECT_NEAR(course.judgements[100].excess_fnu, series[100].fnu * 11 / 12, series[100].fnu * 0.1);
  for (std::size_t i = 0; i < series.size(); ++i) {
    EXPECT_EQ(course.judgements[i].in_event, i >= 100 && i < 103) << i;
  }
}

TEST(TurbidityCourse, IsNotMovedByWhatComesFromUpstream) {
  std::vector<TurbidityObservation> series = usual_years();
  for (std::size_t i = 100; i < 104; ++i) {
    series[i].fnu *= 12;
    *series[i].upstream_fnu *= 12;
  }
  EXPECT_TRUE(judge_turbidity(series).events.empty());
  for (TurbidityObservation& one : series) one.upstream_fnu.reset();
  EXPECT_EQ(judge_turbidity(series).events.size(), 1U);
}

TEST(TurbidityCourse, WithoutUpstreamKnowsTheSeason) {
  std::vector<TurbidityObservation> series = usual_years();
  for (TurbidityObservation& one : series) one.upstream_fnu.reset();
  // As turbid in winter as it is every summer.
  series[73 + 55].fnu = 14;
  const TurbidityCourse course = judge_turbidity(series);
  const auto is_winter = [&](const TurbidityEvent& event) { return event.appeared == series[73 + 55].at; };
  EXPECT_TRUE(std::any_of(course.events.begin(), course.events.end(), is_winter));
}

TEST(TurbidityCourse, LastsWhereItDoesNotFade) {
  std::vector<TurbidityObservation> series = usual_years();
  for (std::size_t i = 100; i < series.size(); ++i) series[i].fnu *= 10;
  const TurbidityCourse course = judge_turbidity(series);
  ASSERT_EQ(course.events.size(), 1U);
  EXPECT_FALSE(course.events[0].faded);
  EXPECT_EQ(course.events[0].last_seen, series.back().at);
  // What an event shows is not usual: the last is judged as if there had been no others.
  std::vector<TurbidityObservation> last_alone(series.begin(), series.begin() + 100);
  last_alone.push_back(series.back());
  EXPECT_EQ(course.judgements.back().anomaly_sigma(), judge_turbidity(last_alone).judgements.back().anomaly_sigma());
}

TEST(TurbidityCourse, PassesOverWhatIsNoObservation) {
  std::vector<TurbidityObservation> series = usual_years();
  series[100].fnu = std::nan("");
  series[101].fnu = -3;
  const TurbidityCourse course = judge_turbidity(series);
  EXPECT_FALSE(course.judgements[100].anomaly_sigma());
  EXPECT_FALSE(course.judgements[101].anomaly_sigma());
  EXPECT_TRUE(course.events.empty());
  std::swap(series[3], series[4]);
  EXPECT_THROW(judge_turbidity(series), DataError);
  EXPECT_TRUE(judge_turbidity({}).judgements.empty());
}

/// Ranks from 1, mean ranks for ties.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<double> ranks;
  for (const double value : values) {
    double below = 0;
    double same = 0;
    for (const double other : values) {
      below += other < value ? 1 : 0;
      same += other == value ? 1 : 0;
    }
    ranks.push_back(below + (same + 1) / 2);
  }
  return ranks;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(Turbidity, RanksALakeNoWorseThanItsRedBand) {
  std::ifstream file(test::shared_data() / "turbidity" / "waterquality_data.csv");
  if (!file) GTEST_SKIP() << "no reference data at " << test::shared_data();
  std::string line;
  std::getline(file, line);
  std::vector<double> measured;
  std::vector<double> red;
  std::vector<double> turbidity;
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::istringstream row(line);
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    ASSERT_GE(fields.size(), 15U);
    measured.push_back(std::stod(fields[2]));
    red.push_back(std::stod(fields[14]) / 1e4);
    turbidity.push_back(turbidity_fnu(red.back(), red.back() * std::stod(fields[13])));
  }
  ASSERT_EQ(measured.size(), 14U);
  const double by_red = correlation(ranks_of(measured), ranks_of(red));
  const double by_turbidity = correlation(ranks_of(measured), ranks_of(turbidity));
  RecordProperty("red", std::to_string(by_red));
  RecordProperty("turbidity", std::to_string(by_turbidity));
  EXPECT_GE(by_turbidity, by_red - 1e-12);
  // The one site that is turbid (11.1 NTU, all others below 2) is the most turbid.
  const auto most = std::max_element(measured.begin(), measured.end()) - measured.begin();
  EXPECT_EQ(std::max_element(turbidity.begin(), turbidity.end()) - turbidity.begin(), most);
}

}  // namespace
}  // namespace pitwatch
