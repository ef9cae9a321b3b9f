#include "pipeline/dossier/pictures.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/core/text.hpp"
#include "pipeline/dossier/page.hpp"
#include "pipeline/io/raster/png_writer.hpp"

namespace pitwatch {
namespace {

constexpr double drawn_width = 480;  // units of a picture
constexpr double label_height = 26;  // of the line below it
constexpr std::size_t fitting_characters = 56;

std::string number(double value) { return fixed_text(value, 1); }

/// A text that can be read on light and on dark ground.
std::string haloed(double x, double y, double size, std::string_view anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" font-size=\"" + number(size) + "\" text-anchor=\"" +
         std::string(anchor) +
         "\" font-weight=\"bold\" fill=\"#000000\" stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\">" +
         page_text(text) + "</text>\n";
}

std::string path_of(const LonLatMultiPolygon& outline, const Grid& grid, double scale, ToWgs84& wgs84) {
  std::string path;
  const auto add = [&](const LonLatRing& ring) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const MapPoint at = wgs84.to_map(ring[i]);
      path += (i == 0 ? "M" : "L") + number((at.x - grid.origin.x) / grid.pixel_size_m * scale) + " " +
              number((grid.origin.y - at.y) / grid.pixel_size_m * scale);
    }
    path += "Z";
  };
  for (const LonLatPolygon& polygon : outline) {
    add(polygon.outer);
    for (const LonLatRing& hole : polygon.holes) add(hole);
  }
  return path;
}

/// Black below yellow, so that it is seen on any ground.
std::string outline_svg(const std::string& path, bool is_later) {
  const std::string dashes = is_later ? " stroke-dasharray=\"9 7\"" : "";
  const std::string start = "<path d=\"" + path + "\" fill=\"none\" stroke-linejoin=\"round\"" + dashes;
  return start + " stroke=\"#000000\" stroke-width=\"5\"/>\n" + start + " stroke=\"#ffe600\" stroke-width=\"2.5\"/>\n";
}

std::string scale_bar_svg(double width_m, double height, const Texts& texts) {
  const double metres = scale_bar_m(width_m);
  const double length = metres / width_m * drawn_width;
  const double y = height - 14;
  const std::string points = "M14 " + number(y - 8) + "V" + number(y) + "H" + number(14 + length) + "V" + number(y - 8);
  return "<path d=\"" + points + "\" fill=\"none\" stroke=\"#ffffff\" stroke-width=\"7\"/>\n<path d=\"" + points +
         "\" fill=\"none\" stroke=\"#000000\" stroke-width=\"3\"/>\n" +
         haloed(14, y - 14, 19, "start", texts.distance(metres));
}

std::string north_svg(double convergence_deg, const Texts& texts) {
  const std::string turned =
      "<g transform=\"translate(" + number(drawn_width - 30) + " 42) rotate(" + number(-convergence_deg) + ")\">\n";
  return turned +
         "<path d=\"M0 -26L11 18L0 9L-11 18Z\" fill=\"#000000\" stroke=\"#ffffff\" stroke-width=\"3\" "
         "paint-order=\"stroke\"/>\n</g>\n" +
         haloed(drawn_width - 30, 82, 19, "middle", texts("north"));
}

}  // namespace

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    const std::uint32_t three = static_cast<std::uint32_t>(bytes[i]) << 16U |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8U : 0U) |
                                (left > 2 ? bytes[i + 2] : 0U);
    text += letters[three >> 18U];
    text += letters[three >> 12U & 63U];
    text += left > 1 ? letters[three >> 6U & 63U] : '=';
    text += left > 2 ? letters[three & 63U] : '=';
  }
  return text;
}

double scale_bar_m(double width_m) {
  const double most = width_m / 3;
  const double power = std::pow(10, std::floor(std::log10(most)));
  for (const double factor : {5.0, 2.0}) {
    if (power * factor <= most) return power * factor;
  }
  return power;
}

std::string picture_svg(const Chip& chip, Composite composite, const Stretch& stretch, const PictureLabels& labels,
                        ToWgs84& wgs84, const Texts& texts) {
  const Picture picture = picture_of(chip, composite, stretch);
  const double scale = drawn_width / picture.width;
  const double height = picture.height * scale;
  const double all = height + (labels.acquisition.empty() ? 0 : label_height);
  const std::string box = "0 0 " + number(drawn_width) + " " + number(all);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"" + box + "\" role=\"img\" aria-label=\"" +
                    page_text(labels.alt) +
                    "\" style=\"font-family:'DejaVu Sans',Arial,sans-serif\">\n<image x=\"0\" y=\"0\" width=\"" +
                    number(drawn_width) + "\" height=\"" + number(height) +
                    "\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64," +
                    base64(png_of(picture.width, picture.height, picture.rgb)) + "\"/>\n";
  if (labels.outline != nullptr) {
    svg += outline_svg(path_of(*labels.outline, chip.grid, scale, wgs84), labels.is_later);
  }
  svg += haloed(12, 30, 22, "start", labels.date);
  svg += scale_bar_svg(chip.grid.width * chip.grid.pixel_size_m, height, texts);
  svg += north_svg(labels.convergence_deg, texts);
  if (!labels.acquisition.empty()) {
    const bool is_long = labels.acquisition.size() > fitting_characters;
    svg += "<text x=\"6\" y=\"" + number(height + 18) + "\" font-size=\"14\" fill=\"#000000\"" +
           (is_long ? " textLength=\"" + number(drawn_width - 12) + "\" lengthAdjust=\"spacingAndGlyphs\"" : "") + ">" +
           page_text(labels.acquisition) + "</text>\n";
  }
  return svg + "</svg>";
}

}  // namespace pitwatch
