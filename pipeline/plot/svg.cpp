#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

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
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t part : {colour.red, colour.green, colour.blue}) {
    text += digits[part >> 4U];
    text += digits[part & 15U];
  }
  return text;
}

/// Length of the UTF-8 character that begins there (RFC 3629), 0 where none does.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  const bool too_long = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool no_character = (first == 0xED && byte(1) >= 0xA0) || (first == 0xF4 && byte(1) >= 0x90) ||
                            (first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE);  // U+FFFE and U+FFFF
  return too_long || no_character ? 0 : length;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    const char c = text[i];
    if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += '?';
    } else if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return result;
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
  return result + ">" + escaped(text.text) + "</text>";
}

}  // namespace

std::string svg_of(const Drawing& drawing) {
  const std::string width = std::to_string(drawing.width);
  const std::string height = std::to_string(drawing.height);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                     width + "\" height=\"" + height + "\" viewBox=\"0 0 " + width + " " + height +
                     "\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>" + escaped(drawing.title) +
                     "</title>\n<rect width=\"" + width + "\" height=\"" + height + "\" fill=\"#ffffff\"/>\n";
  for (const DrawnShape& shape : drawing.shapes) {
    text += std::visit([](const auto& drawn) { return element(drawn); }, shape) + "\n";
  }
  return text + "</svg>\n";
}

}  // namespace pitwatch
