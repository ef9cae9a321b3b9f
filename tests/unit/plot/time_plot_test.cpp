// Where a plot puts things.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "pipeline/plot/time_plot.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr Colour value_colour{1, 2, 3};
constexpr Colour mark_colour{4, 5, 6};

Instant day(int number) { return parse_instant("2021-01-01") + days(number); }

template <typename Shape, typename Wanted>
std::vector<Shape> shapes_of(const Drawing& drawing, const Wanted& wanted) {
  std::vector<Shape> found;
  for (const DrawnShape& shape : drawing.shapes) {
    if (const Shape* const match = std::get_if<Shape>(&shape); match != nullptr && wanted(*match)) {
      found.push_back(*match);
    }
  }
  return found;
}

std::vector<DrawnCircle> values_of(const Drawing& drawing) {
  return shapes_of<DrawnCircle>(
      drawing, [](const DrawnCircle& circle) { return circle.fill == value_colour || circle.edge == value_colour; });
}

std::vector<std::string> texts_of(const Drawing& drawing) {
  std::vector<std::string> texts;
  for (const DrawnText& text : shapes_of<DrawnText>(drawing, [](const DrawnText&) { return true; })) {
    texts.push_back(text.text);
  }
  return texts;
}

TimePlot one_panel(std::vector<PlottedValue> values) {
  TimePlot plot;
  plot.title = "title";
  plot.panels.emplace_back().values = std::move(values);
  plot.panels.back().label = "label";
  return plot;
}

TEST(TimePlot, TimeRunsRightAndValuesUp) {
  const Drawing drawing = drawing_of(one_panel({{day(0), 0.1, Marker::filled, value_colour},
                                                {day(100), 0.5, Marker::filled, value_colour},
                                                {day(200), 0.3, Marker::filled, value_colour}}));
  const std::vector<DrawnCircle> values = values_of(drawing);
  ASSERT_EQ(values.size(), 3U);
  EXPECT_LT(values[0].centre.x, values[1].centre.x);
  EXPECT_NEAR(values[2].centre.x - values[1].centre.x, values[1].centre.x - values[0].centre.x, 1e-6);
  EXPECT_GT(values[0].centre.y, values[2].centre.y);
  EXPECT_NEAR(values[0].centre.y - values[2].centre.y, values[2].centre.y - values[1].centre.y, 1e-6);
  for (const DrawnCircle& value : values) {
    EXPECT_GT(value.centre.y, 0);
    EXPECT_LT(value.centre.y, drawing.height);
  }
}

TEST(TimePlot, HollowValuesDoNotStretchTheRangeAndStayOnTheEdge) {
  const std::vector<PlottedValue> clear{{day(0), 0.1, Marker::filled, value_colour},
                                        {day(100), 0.5, Marker::filled, value_colour}};
  std::vector<PlottedValue> with_cloud = clear;
  with_cloud.push_back({day(50), 40, Marker::hollow, value_colour});
  const std::vector<DrawnCircle> before = values_of(drawing_of(one_panel(clear)));
  const std::vector<DrawnCircle> after = values_of(drawing_of(one_panel(with_cloud)));
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[0].centre.y, before[0].centre.y);
  EXPECT_EQ(after[1].centre.y, before[1].centre.y);
  EXPECT_LE(after[2].centre.y, after[1].centre.y);
  EXPECT_GT(after[2].centre.y, after[1].centre.y - 20);
}

TEST(TimePlot, ATickForEachMonthOrSeveral) {
  const auto plot = [](int last) {
    return texts_of(drawing_of(
        one_panel({{day(0), 0, Marker::filled, value_colour}, {day(last), 1, Marker::filled, value_colour}})));
  };
  EXPECT_THAT(plot(120), Contains("2021-02"));
  EXPECT_THAT(plot(120), Contains("2021-05"));
  EXPECT_THAT(plot(1095), Contains("2021-04"));
  EXPECT_THAT(plot(1095), Not(Contains("2021-02")));
  EXPECT_THAT(plot(20), Contains("01-04"));
  EXPECT_THAT(plot(0), Contains("01-01"));  // a single acquisition has an axis, too
}

TEST(TimePlot, RoundTicksOfValues) {
  TimePlot plot = one_panel({{day(0), 0, Marker::filled, value_colour}});
  plot.panels[0].range = {-0.04, 1.04};
  std::vector<std::string> numbers;
  for (const DrawnText& text :
       shapes_of<DrawnText>(drawing_of(plot), [](const DrawnText& shape) { return shape.anchor == Anchor::end; })) {
    numbers.push_back(text.text);
  }
  EXPECT_THAT(numbers, ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
}

TEST(TimePlot, LabelsOfMarksDoNotLieOverEachOther) {
  TimePlot plot = one_panel({{day(0), 0, Marker::filled, value_colour}, {day(900), 1, Marker::filled, value_colour}});
  for (const int at : {400, 410, 420, 890, 895}) plot.marks.push_back({day(at), "2022-01-01 confirmed", mark_colour});
  const auto labels =
      shapes_of<DrawnText>(drawing_of(plot), [](const DrawnText& t) { return t.colour == mark_colour; });
  ASSERT_EQ(labels.size(), 5U);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_LE(labels[i].at.x + 20 * 12 * 0.5, 1000) << "beyond the right edge";
    for (std::size_t j = i + 1; j < labels.size(); ++j) {
      const bool apart =
          std::abs(labels[i].at.y - labels[j].at.y) >= 12 || std::abs(labels[i].at.x - labels[j].at.x) >= 20 * 12 * 0.5;
      EXPECT_TRUE(apart) << i << " and " << j;
    }
  }
}

TEST(TimePlot, MarksGoThroughAllPanels) {
  TimePlot plot = one_panel({{day(0), 0, Marker::filled, value_colour}, {day(100), 1, Marker::filled, value_colour}});
  plot.panels.push_back(plot.panels[0]);
  plot.marks.push_back({day(50), "mark", mark_colour});
  const auto lines = shapes_of<DrawnLine>(drawing_of(plot), [](const DrawnLine& l) { return l.colour == mark_colour; });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].points[1].y, lines[1].points[0].y);
  EXPECT_EQ(lines[0].points[0].x, lines[1].points[0].x);
}

TEST(TimePlot, TheBandIsWhereItWasExpected) {
  TimePlot plot = one_panel({{day(0), 0, Marker::filled, value_colour}, {day(100), 1, Marker::filled, value_colour}});
  plot.panels[0].expected = {{day(0), 0.5, 0, 1}, {day(100), 0.5, 0, 1}};
  const Drawing drawing = drawing_of(plot);
  const auto bands = shapes_of<DrawnPolygon>(drawing, [](const DrawnPolygon& p) { return p.fill == band_colour; });
  const auto lines =
      shapes_of<DrawnLine>(drawing, [](const DrawnLine& line) { return line.colour == expected_colour; });
  const std::vector<DrawnCircle> values = values_of(drawing);
  ASSERT_EQ(bands.size(), 1U);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(bands[0].points[1].y, values[1].centre.y);  // high
  EXPECT_EQ(bands[0].points[3].y, values[0].centre.y);  // low
  EXPECT_NEAR(lines[0].points[0].y, (values[0].centre.y + values[1].centre.y) / 2, 1e-9);
}

TEST(TimePlot, NothingToShowIsStillADrawing) {
  const Drawing drawing = drawing_of(one_panel({}));
  EXPECT_GT(drawing.height, 100);
  EXPECT_THAT(texts_of(drawing), Contains("title"));
}

}  // namespace
}  // namespace pitwatch
