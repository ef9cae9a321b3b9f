#include "pipeline/indexmap/index_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pitwatch {
namespace {

TEST(IndexStatistics, OfFewValues) {
  std::vector<float> values{4, 1, 3, 2, 5};
  const IndexStatistics of = statistics_of(values);
  EXPECT_EQ(of.mean, 3);
  EXPECT_DOUBLE_EQ(of.deviation, std::sqrt(2.0));
  EXPECT_EQ(of.least, 1);
  EXPECT_EQ(of.most, 5);
  EXPECT_THAT(of.percentiles, testing::ElementsAre(testing::DoubleEq(1.4), 2, 3, 4, testing::DoubleEq(4.6)));
}

TEST(IndexStatistics, PercentilesAreThoseOfSortedValues) {
  unsigned seed = 5;
  for (std::size_t n = 1; n < 400; ++n) {
    std::vector<float> values;
    for (std::size_t i = 0; i < n; ++i) {
      seed = seed * 1664525U + 1013904223U;
      // Many are equal; of both signs, zeros of both too, and from tiny to large.
      values.push_back(static_cast<float>(static_cast<int>(seed >> 24) - 128) * (n % 3 == 0 ? -1e-6F : 37.7F));
    }
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const IndexStatistics of = statistics_of(values);
    EXPECT_EQ(of.least, double{sorted.front()});
    EXPECT_EQ(of.most, double{sorted.back()});
    for (std::size_t i = 0; i < table_percentiles.size(); ++i) {
      const double place = table_percentiles[i] / 100.0 * static_cast<double>(n - 1);
      const auto below = static_cast<std::size_t>(place);
      const double part = place - static_cast<double>(below);
      const double expected = (1 - part) * double{sorted[below]} + part * double{sorted[std::min(below + 1, n - 1)]};
      ASSERT_NEAR(of.percentiles[i], expected, 1e-9) << n << " values, " << table_percentiles[i];
    }
  }
}

TEST(IndexStatistics, OfManyValuesAreThoseOfAllOfThem) {
  unsigned seed = 9;
  std::vector<float> values;
  for (std::size_t i = 0; i < 10'003; ++i) {  // more than are looked at together, and no round number
    seed = seed * 1664525U + 1013904223U;
    values.push_back(static_cast<float>(seed >> 8) / 16777216.0F - 0.25F);
  }
  values[9'000] = -3;  // each in a chunk of its own
  values[5'000] = 7;
  std::vector<float> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const IndexStatistics of = statistics_of(values);
  EXPECT_EQ(of.least, -3);
  EXPECT_EQ(of.most, 7);
  double sum = 0;
  for (const float value : values) sum += double{value};
  const double mean = sum / static_cast<double>(values.size());
  EXPECT_NEAR(of.mean, mean, 1e-12);
  double squares = 0;
  for (const float value : values) squares += (double{value} - mean) * (double{value} - mean);
  EXPECT_NEAR(of.deviation, std::sqrt(squares / static_cast<double>(values.size())), 1e-12);
  for (std::size_t i = 0; i < table_percentiles.size(); ++i) {
    const double place = table_percentiles[i] / 100.0 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double part = place - static_cast<double>(below);
    EXPECT_NEAR(of.percentiles[i], (1 - part) * double{sorted[below]} + part * double{sorted[below + 1]}, 1e-9);
  }
}

TEST(IndexStatistics, OfOneValue) {
  std::vector<float> values{0.25F};
  const IndexStatistics of = statistics_of(values);
  EXPECT_EQ(of.deviation, 0);
  EXPECT_THAT(of.percentiles, testing::Each(0.25));
}

IndexTable table_of_two_dates() {
  IndexTable table;
  std::vector<float> values{0.1F, 0.2F};
  table.rows.push_back({"a", parse_instant("2021-06-01T08:00:00Z"), "scene", "NDVI", 10, 4, 2, statistics_of(values)});
  table.rows.push_back({"a", parse_instant("2021-06-11T08:00:00Z"), "late", "NDVI", 10, 0, 0, {}});
  return table;
}

TEST(IndexTable, IsCsv) {
  const std::string text = csv_of(table_of_two_dates());
  EXPECT_THAT(text, testing::HasSubstr("\na,2021-06-01T08:00:00Z,scene,NDVI,10,0.4,0.15,0.05,0.1,0.11,0.125,0.15,0.175,"
                                       "0.19,0.2\n"));
  EXPECT_THAT(text, testing::HasSubstr("\na,2021-06-11T08:00:00Z,late,NDVI,10,0,,,,,,,,,\n"));
}

TEST(IndexTable, HasAPlotForEachSite) {
  IndexTable table = table_of_two_dates();
  table.rows.push_back(table.rows.front());
  table.rows.back().site = "b";
  const auto plots = plots_of(table);
  ASSERT_EQ(plots.size(), 2U);
  EXPECT_EQ(plots[0].first, "a");
  EXPECT_EQ(plots[1].first, "b");
  EXPECT_FALSE(plots[0].second.shapes.empty());
}

}  // namespace
}  // namespace pitwatch
