#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "pipeline/core/text.hpp"
#include "pipeline/plot/drawing.hpp"

namespace pitwatch {
namespace {

/// At most two decimals: a hundredth of a unit is not seen.
std::string number(double value) {
  const double rounded = std::round(value * 100) / 100;
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded == 0 ? 0.0 : rounded);
  return {buffer.data(), end.ptr};
}

std::string code(Colour colour) {
  const std::array<unsigned char, 3> parts{colour.red, colour.green, colour.blue};
  return "#" + hex_text(parts.data(), parts.size());
}

std::string places(const std::vector<DrawnPoint>& points) {
  std::string text;
  for (const DrawnPoint& point : points) {
    if (!text.empty()) text += ' ';
    text += number(point.x) + "," + number(point.y);
  }
  return text;
}

std::string element(const DrawnLine& line) {
  return "<polyline points=\"" + places(line.points) + "\" fill=\"none\" stroke=\"" + code(line.colour) +
         "\" stroke-width=\"" + number(line.width) + "\"/>";
}

std::string element(const DrawnPolygon& polygon) {
  return "<polygon points=\"" + places(polygon.points) + "\" fill=\"" + code(polygon.fill) + "\"/>";
}

std::string element(const DrawnCircle& circle) {
  return "<circle cx=\"" + number(circle.centre.x) + "\" cy=\"" + number(circle.centre.y) + "\" r=\"" +
         number(circle.radius) + "\" fill=\"" + (circle.fill ? code(*circle.fill) : "none") + "\"" +
         (circle.edge ? " stroke=\"" + code(*circle.edge) + "\"" : "") + "/>";
}

std::string element(const DrawnText& text) {
  constexpr std::array<std::string_view, 3> anchors{"start", "middle", "end"};
  std::string result = "<text x=\"" + number(text.at.x) + "\" y=\"" + number(text.at.y) + "\" font-size=\"" +
                       number(text.size) + "\" fill=\"" + code(text.colour) + "\"";
  if (text.anchor != Anchor::start) {
    result.append(" text-anchor=\"").append(anchors[static_cast<std::size_t>(text.anchor)]).append("\"");
  }
  if (text.bold) result += " font-weight=\"bold\"";
  return result + ">" + markup_text(text.text) + "</text>";
}

}  // namespace

std::string svg_of(const Drawing& drawing) {
  const std::string width = std::to_string(drawing.width);
  const std::string height = std::to_string(drawing.height);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                     width + "\" height=\"" + height + "\" viewBox=\"0 0 " + width + " " + height +
                     "\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>" + markup_text(drawing.title) +
                     "</title>\n<rect width=\"" + width + "\" height=\"" + height + "\" fill=\"#ffffff\"/>\n";
  for (const DrawnShape& shape : drawing.shapes) {
    text += std::visit([](const auto& drawn) { return element(drawn); }, shape) + "\n";
  }
  return text + "</svg>\n";
}

}  // namespace pitwatch
