#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "pipeline/plot/drawing.hpp"

namespace pitwatch {
namespace {

constexpr int fraction_bits = 4;  // of coordinates
constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
constexpr double font_height = 32;  // pixels of a line at scale 1

class Painter {
 public:
  Painter(const Drawing& drawing, int scale)
      : scale_(scale), image_(drawing.height * scale, drawing.width * scale, CV_8UC3, cv::Scalar(255, 255, 255)) {}

  void operator()(const DrawnLine& line) {
    cv::polylines(image_, places(line.points), false, scalar(line.colour), thickness(line.width), cv::LINE_AA,
                  fraction_bits);
  }

  void operator()(const DrawnPolygon& polygon) {
    cv::fillPoly(image_, std::vector{places(polygon.points)}, scalar(polygon.fill), cv::LINE_AA, fraction_bits);
  }

  void operator()(const DrawnCircle& circle) {
    const cv::Point centre = place(circle.centre);
    const int radius = fixed(circle.radius);
    if (circle.fill) cv::circle(image_, centre, radius, scalar(*circle.fill), cv::FILLED, cv::LINE_AA, fraction_bits);
    if (circle.edge) cv::circle(image_, centre, radius, scalar(*circle.edge), thickness(1), cv::LINE_AA, fraction_bits);
  }

  void operator()(const DrawnText& text) {
    const double size = text.size * scale_ / font_height;
    const int stroke = std::max(1, static_cast<int>(std::lround(size * (text.bold ? 2.6 : 1.5))));
    int below = 0;
    const std::string ascii = ascii_of(text.text);
    const cv::Size box = cv::getTextSize(ascii, font, size, stroke, &below);
    double left = text.at.x * scale_;
    if (text.anchor == Anchor::middle) left -= box.width / 2.0;
    if (text.anchor == Anchor::end) left -= box.width;
    const cv::Point at(static_cast<int>(std::lround(left)), static_cast<int>(std::lround(text.at.y * scale_)));
    cv::putText(image_, ascii, at, font, size, scalar(text.colour), stroke, cv::LINE_AA);
  }

  Picture picture() const {
    Picture result{image_.cols, image_.rows, {}};
    result.rgb.assign(image_.datastart, image_.dataend);
    return result;
  }

 private:
  /// The image holds red first.
  static cv::Scalar scalar(Colour colour) { return {double(colour.red), double(colour.green), double(colour.blue)}; }

  int fixed(double length) const { return static_cast<int>(std::lround(length * scale_ * (1 << fraction_bits))); }
  int thickness(double width) const { return std::max(1, static_cast<int>(std::lround(width * scale_))); }
  cv::Point place(DrawnPoint point) const { return {fixed(point.x), fixed(point.y)}; }

  std::vector<cv::Point> places(const std::vector<DrawnPoint>& points) const {
    std::vector<cv::Point> result;
    for (const DrawnPoint& point : points) result.push_back(place(point));
    return result;
  }

  static std::string ascii_of(const std::string& text) {
    std::string result;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0U) == 0x80) continue;  // of a character that has begun
      result += byte >= 0x20 && byte < 0x7F ? c : '?';
    }
    return result;
  }

  int scale_;
  cv::Mat image_;
};

}  // namespace

Picture picture_of(const Drawing& drawing, int scale) {
  Painter painter(drawing, scale);
  for (const DrawnShape& shape : drawing.shapes) std::visit(painter, shape);
  return painter.picture();
}

}  // namespace pitwatch
