#include "pipeline/indexmap/index_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

constexpr int longest_side = 1400;
constexpr int least_width = 600;  // for the legend
constexpr int legend_height = 84;
constexpr Colour nothing{214, 214, 214};
constexpr Colour ink{30, 30, 30};

using Ramp = std::array<Colour, 5>;
/// By brightness alone, too, they can be told apart.
constexpr Ramp sequential{{{30, 20, 90}, {40, 90, 150}, {30, 150, 140}, {120, 200, 90}, {250, 230, 40}}};
constexpr Ramp diverging{{{40, 60, 150}, {120, 170, 215}, {250, 245, 190}, {240, 150, 80}, {160, 20, 40}}};
constexpr Ramp of_plants{{{110, 60, 20}, {210, 165, 95}, {250, 245, 200}, {120, 180, 90}, {10, 90, 40}}};

/// Whether both signs take a fifth of the range or more.
bool has_both_signs(const ValueRange& range) {
  const double least = 0.2 * (range.high - range.low);
  return -range.low >= least && range.high >= least;
}

const Ramp& ramp_of(const PictureStyle& style) {
  if (style.is_of_plants) return of_plants;
  return has_both_signs(style.stretch) ? diverging : sequential;
}

/// 0..1 along the ramp; of a range with both signs 0 is in the middle.
double place_of(double value, const ValueRange& range) {
  const auto share = [](double part, double whole) { return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0.5; };
  if (!has_both_signs(range)) return share(value - range.low, range.high - range.low);
  return value < 0 ? 0.5 - 0.5 * share(-value, -range.low) : 0.5 + 0.5 * share(value, range.high);
}

Colour colour_at(double place, const Ramp& ramp) {
  const double at = place * static_cast<double>(ramp.size() - 1);
  const auto first = std::min(static_cast<std::size_t>(at), ramp.size() - 2);
  const double part = at - static_cast<double>(first);
  const auto mix = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + part * (static_cast<double>(b) - a)));
  };
  const Colour& a = ramp[first];
  const Colour& b = ramp[first + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

Colour colour_of(double value, const PictureStyle& style) {
  return colour_at(place_of(value, style.stretch), ramp_of(style));
}

/// The mean of `side` x `side` values from (x, y) on; NaN where there is none.
double mean_of(PlaneView<const float> values, int x, int y, int side) {
  double sum = 0;
  int count = 0;
  for (int row = y; row < std::min(y + side, values.height); ++row) {
    for (int column = x; column < std::min(x + side, values.width); ++column) {
      const float value = values.at(column, row);
      if (std::isnan(value)) continue;
      sum += double{value};
      ++count;
    }
  }
  return count == 0 ? std::nan("") : sum / count;
}

std::string formatted(const char* format, int digits, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, digits, value);
  return text.data();
}

/// The longest of 1, 2 or 5 times a power of ten metres that takes at most a quarter of the width.
double bar_length_m(double width_m) {
  double best = 1;
  for (double power = 1; power < 1e7; power *= 10) {
    for (const double length : {power, 2 * power, 5 * power}) {
      if (length <= width_m / 4) best = length;
    }
  }
  return best;
}

std::string length_text(double length_m) {
  return length_m >= 1000 ? formatted("%.*f", 0, length_m / 1000) + " km" : formatted("%.*f", 0, length_m) + " m";
}

Drawing legend_of(const PictureStyle& style, int width, double unit_m) {
  const ValueRange& range = style.stretch;
  const std::string& title = style.title;
  Drawing legend{width, legend_height, title, {}};
  constexpr double left = 14;
  constexpr double top = 34;
  constexpr double height = 16;
  const double length = width * 0.5;
  constexpr int steps = 100;
  legend.shapes.emplace_back(DrawnText{{left, 22}, title, 13, ink, Anchor::start, true});
  for (int i = 0; i < steps; ++i) {
    const double from = left + length * i / steps;
    const double to = left + length * (i + 1) / steps;
    const double value = range.low + (range.high - range.low) * (i + 0.5) / steps;
    legend.shapes.emplace_back(
        DrawnPolygon{{{from, top}, {to, top}, {to, top + height}, {from, top + height}}, colour_of(value, style)});
  }
  const std::vector<std::string> texts = legend_numbers(range);
  const int ticks = static_cast<int>(texts.size()) - 1;
  for (int i = 0; i <= ticks; ++i) {
    const double x = left + length * i / ticks;
    legend.shapes.emplace_back(DrawnLine{{{x, top + height}, {x, top + height + 4}}, ink, 1});
    const Anchor anchor = i == 0 ? Anchor::start : Anchor::middle;
    legend.shapes.emplace_back(
        DrawnText{{x, top + height + 17}, texts[static_cast<std::size_t>(i)], 11, ink, anchor, false});
  }
  const double box = left + length + 34;
  legend.shapes.emplace_back(
      DrawnPolygon{{{box, top}, {box + 16, top}, {box + 16, top + height}, {box, top + height}}, nothing});
  legend.shapes.emplace_back(DrawnText{{box + 22, top + 12}, "no value", 11, ink, Anchor::start, false});
  const double bar_m = bar_length_m(width * unit_m);
  const double right = width - left;
  legend.shapes.emplace_back(DrawnLine{{{right - bar_m / unit_m, top + 30}, {right, top + 30}}, ink, 3});
  legend.shapes.emplace_back(DrawnText{{right, top + 22}, length_text(bar_m), 11, ink, Anchor::end, false});
  return legend;
}

}  // namespace

std::vector<std::string> legend_numbers(const ValueRange& range) {
  constexpr int ticks = 4;
  constexpr int most_decimals = 8;
  constexpr int most_digits = 17;
  constexpr double plain_below = 1e9;
  std::vector<double> values;
  for (int i = 0; i <= ticks; ++i) values.push_back(range.low + (range.high - range.low) * i / ticks);
  const double near_enough = (range.high - range.low) / ticks / 20;
  const auto fewest_digits = [&](const char* format, int digits, int most) {
    const auto is_far = [&](double value) {
      return std::abs(std::strtod(formatted(format, digits, value).c_str(), nullptr) - value) > near_enough;
    };
    while (digits < most && std::any_of(values.begin(), values.end(), is_far)) ++digits;
    return digits;
  };
  const int decimals = fewest_digits("%.*f", 0, most_decimals + 1);
  const bool is_plain = decimals <= most_decimals && std::max(std::abs(range.low), std::abs(range.high)) < plain_below;
  const char* const format = is_plain ? "%.*f" : "%.*g";
  const int digits = is_plain ? decimals : fewest_digits("%.*g", 2, most_digits);
  std::vector<std::string> texts;
  for (const double value : values) {
    std::string text = formatted(format, digits, value);
    if (std::strtod(text.c_str(), nullptr) == 0) text = formatted(format, digits, 0);  // not -0.0
    texts.push_back(std::move(text));
  }
  return texts;
}

ValueRange stretch_of_values(PlaneView<const float> values) {
  constexpr std::int64_t most = 1'000'000;
  const std::int64_t pixels = std::int64_t{values.width} * values.height;
  const auto step = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(pixels) / static_cast<double>(most))));
  std::vector<float> sample;
  for (int y = 0; y < values.height; y += step) {
    for (int x = 0; x < values.width; x += step) {
      if (!std::isnan(values.at(x, y))) sample.push_back(values.at(x, y));
    }
  }
  if (sample.empty()) return {0, 1};
  const auto at = [&](std::size_t percent) {
    const auto place = sample.begin() + static_cast<std::ptrdiff_t>((sample.size() - 1) * percent / 100);
    std::nth_element(sample.begin(), place, sample.end());
    return double{*place};
  };
  constexpr double least_width_of_range = 0.02;
  ValueRange range{at(2), at(98)};
  const double lacking = std::max(0.0, least_width_of_range - (range.high - range.low));
  return {range.low - lacking / 2, range.high + lacking / 2};
}

Picture index_picture(PlaneView<const float> values, const PictureStyle& style, double pixel_size_m) {
  const int longest = std::max(values.width, values.height);
  const int taken = (longest + longest_side - 1) / longest_side;                                    // values to a pixel
  const int drawn = std::max(1, std::min(least_width / values.width + 1, longest_side / longest));  // pixels to a value
  const int across = (values.width + taken - 1) / taken;
  const int down = (values.height + taken - 1) / taken;
  const double unit_m = pixel_size_m * taken / drawn;
  const int width = std::max(across * drawn, least_width);
  Picture picture{width, down * drawn + legend_height, {}};
  picture.rgb.assign(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3, 255);
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) {
      const double value = mean_of(values, x * taken, y * taken, taken);
      const Colour colour = std::isnan(value) ? nothing : colour_of(value, style);
      for (int dy = 0; dy < drawn; ++dy) {
        for (int dx = 0; dx < drawn; ++dx) {
          std::uint8_t* const rgb = picture.rgb.data() + 3 * (std::ptrdiff_t{y * drawn + dy} * width + x * drawn + dx);
          rgb[0] = colour.red;
          rgb[1] = colour.green;
          rgb[2] = colour.blue;
        }
      }
    }
  }
  const Picture legend = picture_of(legend_of(style, width, unit_m), 1);
  std::copy(legend.rgb.begin(), legend.rgb.end(), picture.rgb.end() - static_cast<std::ptrdiff_t>(legend.rgb.size()));
  return picture;
}

}  // namespace pitwatch
