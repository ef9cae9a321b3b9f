#pragma once
// A drawing as a list of shapes, and the two forms that it is put out in. Whoever lays something out writes shapes
// once.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/core/colour.hpp"

namespace pitwatch {

/// From the upper left corner to the right and down, units of the drawing.
struct DrawnPoint {
  double x = 0;
  double y = 0;
};

struct DrawnLine {
  std::vector<DrawnPoint> points;
  Colour colour;
  double width = 1;
};

/// Filled; its edge is its own.
struct DrawnPolygon {
  std::vector<DrawnPoint> points;
  Colour fill;
};

struct DrawnCircle {
  DrawnPoint centre;
  double radius = 1;
  std::optional<Colour> fill;
  std::optional<Colour> edge;  // 1 wide
};

enum class Anchor : std::uint8_t { start, middle, end };

struct DrawnText {
  DrawnPoint at;     // of the base line
  std::string text;  // UTF-8
  double size = 12;  // height of a line
  Colour colour;
  Anchor anchor = Anchor::start;
  bool bold = false;
};

using DrawnShape = std::variant<DrawnLine, DrawnPolygon, DrawnCircle, DrawnText>;

/// On white; later shapes lie over earlier ones.
struct Drawing {
  int width = 0;
  int height = 0;
  std::string title;  // for readers that do not see
  std::vector<DrawnShape> shapes;
};

/// SVG 1.1. Texts are escaped; control characters, which XML has no place for, and bytes that are not UTF-8 become '?'.
std::string svg_of(const Drawing& drawing);

/// Red, green and blue of each pixel, row by row, without padding.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// `scale` pixels to a unit of the drawing. Texts are drawn with strokes (Hershey's simplex), which know ASCII alone:
/// other characters become '?'.
Picture picture_of(const Drawing& drawing, int scale);

}  // namespace pitwatch
