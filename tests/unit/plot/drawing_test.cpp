// Shapes as SVG text and as pixels.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/plot/drawing.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Colour red{255, 0, 0};
constexpr Colour blue{0, 0, 255};

Drawing with(DrawnShape shape) { return {40, 30, "a drawing", {std::move(shape)}}; }

Colour pixel(const Picture& picture, int x, int y) {
  const std::size_t at =
      3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x));
  return {picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]};
}

TEST(Svg, EscapesWhatXmlWouldRead) {
  const std::string svg = svg_of(with(DrawnText{{1, 2}, "<b>&\"'</b>", 12, red}));
  EXPECT_THAT(svg, HasSubstr(">&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;</text>"));
  EXPECT_THAT(svg_of({1, 1, "a < b", {}}), HasSubstr("<title>a &lt; b</title>"));
}

TEST(Svg, ReplacesWhatXmlHasNoPlaceFor) {
  const auto drawn = [](const std::string& text) { return svg_of(with(DrawnText{{1, 2}, text, 12, red})); };
  EXPECT_THAT(drawn(std::string("a\0b\x1b", 4)), HasSubstr(">a?b?</text>"));
  // Not UTF-8: a lone continuation, a character cut off, a surrogate, U+FFFF, an overlong slash.
  EXPECT_THAT(drawn("a\x80z"), HasSubstr(">a?z</text>"));
  EXPECT_THAT(drawn("a\xc3"), HasSubstr(">a" + std::string(1, '?') + "</text>"));
  EXPECT_THAT(drawn("\xed\xa0\x80"), HasSubstr(">" + std::string(3, '?') + "</text>"));
  EXPECT_THAT(drawn("\xef\xbf\xbf"), HasSubstr(">" + std::string(3, '?') + "</text>"));
  EXPECT_THAT(drawn("\xc0\xaf"), HasSubstr(">" + std::string(2, '?') + "</text>"));
  EXPECT_THAT(drawn("Qızılbulaq \xf0\x9f\x9a\x9c"), HasSubstr(">Qızılbulaq \xf0\x9f\x9a\x9c</text>"));
}

TEST(Svg, NumbersAreShort) {
  const std::string svg = svg_of(with(DrawnLine{{{1.0 / 3, 2}, {-0.001, 1e3}}, blue, 1.5}));
  EXPECT_THAT(svg, HasSubstr("points=\"0.33,2 0,1000\""));
  EXPECT_THAT(svg, HasSubstr("stroke=\"#0000ff\" stroke-width=\"1.5\""));
}

TEST(Svg, CirclesWithoutFillAreHollow) {
  EXPECT_THAT(svg_of(with(DrawnCircle{{5, 5}, 2, {}, red})), HasSubstr("fill=\"none\" stroke=\"#ff0000\""));
  EXPECT_THAT(svg_of(with(DrawnCircle{{5, 5}, 2, red, {}})), Not(HasSubstr("stroke")));
}

TEST(Picture, ShapesLieWhereTheyAreDrawn) {
  Drawing drawing{40, 30, "", {}};
  drawing.shapes.emplace_back(DrawnPolygon{{{10, 10}, {20, 10}, {20, 20}, {10, 20}}, red});
  drawing.shapes.emplace_back(DrawnCircle{{30, 15}, 4, blue, {}});
  for (const int scale : {1, 2, 3}) {
    const Picture picture = picture_of(drawing, scale);
    ASSERT_EQ(picture.width, 40 * scale);
    ASSERT_EQ(picture.height, 30 * scale);
    ASSERT_EQ(picture.rgb.size(), static_cast<std::size_t>(40 * 30 * 3 * scale * scale));
    EXPECT_EQ(pixel(picture, 15 * scale, 15 * scale), red);
    EXPECT_EQ(pixel(picture, 30 * scale, 15 * scale), blue);
    EXPECT_EQ(pixel(picture, 5 * scale, 5 * scale), (Colour{255, 255, 255}));
    EXPECT_EQ(pixel(picture, 25 * scale, 25 * scale), (Colour{255, 255, 255}));
  }
}

TEST(Picture, LaterShapesLieOverEarlierOnes) {
  Drawing drawing{10, 10, "", {}};
  for (const Colour colour : {red, blue}) {
    drawing.shapes.emplace_back(DrawnPolygon{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}, colour});
  }
  EXPECT_EQ(pixel(picture_of(drawing, 1), 5, 5), blue);
}

/// Columns that hold anything but white.
std::pair<int, int> inked_columns(const Picture& picture) {
  std::pair<int, int> columns{picture.width, -1};
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      if (pixel(picture, x, y) == Colour{255, 255, 255}) continue;
      columns = {std::min(columns.first, x), std::max(columns.second, x)};
    }
  }
  return columns;
}

TEST(Picture, TextKeepsItsAnchor) {
  const auto columns = [](Anchor anchor) {
    return inked_columns(picture_of({200, 30, "", {DrawnText{{100, 20}, "Pixel", 12, red, anchor}}}, 2));
  };
  EXPECT_GE(columns(Anchor::start).first, 198);
  EXPECT_LE(columns(Anchor::end).second, 202);
  const auto [from, to] = columns(Anchor::middle);
  EXPECT_NEAR((from + to) / 2.0, 200, 4);
}

TEST(Picture, CharactersBeyondAsciiAreOneMarkEach) {
  const auto drawn = [](const std::string& text) {
    return picture_of({100, 30, "", {DrawnText{{5, 20}, text, 12, red}}}, 2).rgb;
  };
  EXPECT_EQ(drawn("Q\u0131z\u0131l"), drawn("Q?z?l"));
}

}  // namespace
}  // namespace pitwatch
