#include "pipeline/gate/scene_gate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace pitwatch {
namespace {

constexpr std::int64_t fewest_pixels = 400;
constexpr std::int64_t fewest_per_line = 16;
constexpr int block_px = 16;
constexpr int neighbour_lines = 4;  // how far a lost line's neighbours are: lines are lost in bundles
constexpr double clipped_dark = 0.01;
constexpr double clipped_bright = 0.99;
constexpr double too_bright = 1.2;
constexpr double least_stripe = 0.005;  // reflectance

template <class... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 128> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

/// One row or column.
struct Line {
  std::int64_t valid = 0;
  int least = 65536;
  int most = -1;
  std::int64_t differences = 0;  // pixels with two valid neighbours across the line
  std::int64_t twice_sum = 0;    // of twice the difference from the neighbours' mean
  std::int64_t twice_absolute = 0;

  void add(int dn) {
    ++valid;
    least = std::min(least, dn);
    most = std::max(most, dn);
  }
  void add_difference(int before, int dn, int after) {
    const int twice = 2 * dn - before - after;
    ++differences;
    twice_sum += twice;
    twice_absolute += std::abs(twice);
  }
  bool is_constant() const { return least == most; }
};

struct Statistics {
  std::vector<std::int64_t> counts = std::vector<std::int64_t>(65536, 0);  // valid pixels by number
  std::int64_t valid = 0;
  std::int64_t saturated = 0;
  std::int64_t floor = 0;  // valid or not
  std::int64_t seen = 0;   // valid, saturated or at the floor
  std::int64_t bright = 0;
  std::vector<Line> rows;
  std::vector<Line> columns;
};

class Pixels {
 public:
  explicit Pixels(const BandPixels& pixels)
      : dn_(pixels.dn),
        calibration_(pixels.calibration),
        nodata_(pixels.calibration.nodata ? *pixels.calibration.nodata : -1),
        saturated_(pixels.calibration.saturated ? *pixels.calibration.saturated : -1),
        range_(physical_range(pixels.calibration)) {}

  int width() const { return dn_.width; }
  int height() const { return dn_.height; }
  int at(int x, int y) const { return dn_.at(x, y); }
  bool is_saturated(int dn) const { return dn != nodata_ && (dn == saturated_ || dn > range_.highest); }
  /// At or below what a product clips at.
  bool is_floor(int dn) const { return dn != nodata_ && dn <= std::max(1, range_.lowest - 1); }
  bool is_valid(int dn) const {
    return dn != nodata_ && dn != saturated_ && dn >= range_.lowest && dn <= range_.highest;
  }
  double reflectance(int dn) const { return static_cast<double>(dn) * calibration_.scale + calibration_.offset; }
  bool is_clipped(int dn) const {
    const double value = reflectance(dn);
    return value <= clipped_dark || value >= clipped_bright;
  }

 private:
  PlaneView<const std::uint16_t> dn_;
  Calibration calibration_;
  int nodata_;
  int saturated_;
  DnRange range_;
};

Statistics statistics_of(const Pixels& pixels) {
  Statistics result;
  result.rows.resize(static_cast<std::size_t>(pixels.height()));
  result.columns.resize(static_cast<std::size_t>(pixels.width()));
  for (int y = 0; y < pixels.height(); ++y) {
    Line& row = result.rows[static_cast<std::size_t>(y)];
    for (int x = 0; x < pixels.width(); ++x) {
      const int dn = pixels.at(x, y);
      const bool is_floor = pixels.is_floor(dn);
      const bool is_saturated = pixels.is_saturated(dn);
      if (is_saturated) ++result.saturated;
      if (is_floor) ++result.floor;
      if (is_floor || is_saturated || pixels.is_valid(dn)) ++result.seen;
      if (!pixels.is_valid(dn)) continue;
      Line& column = result.columns[static_cast<std::size_t>(x)];
      ++result.counts[static_cast<std::size_t>(dn)];
      ++result.valid;
      if (pixels.reflectance(dn) > too_bright) ++result.bright;
      row.add(dn);
      column.add(dn);
      if (y > 0 && y + 1 < pixels.height()) {
        const int above = pixels.at(x, y - 1);
        const int below = pixels.at(x, y + 1);
        if (pixels.is_valid(above) && pixels.is_valid(below)) row.add_difference(above, dn, below);
      }
      if (x > 0 && x + 1 < pixels.width()) {
        const int left = pixels.at(x - 1, y);
        const int right = pixels.at(x + 1, y);
        if (pixels.is_valid(left) && pixels.is_valid(right)) column.add_difference(left, dn, right);
      }
    }
  }
  return result;
}

/// The share of lines that have lost their data, or have one value that is not clipped, between lines that have not.
double lost_share(const Pixels& pixels, const std::vector<Line>& lines) {
  std::int64_t lost = 0;
  std::int64_t all = 0;
  for (std::size_t i = neighbour_lines; i + neighbour_lines < lines.size(); ++i) {
    const Line& before = lines[i - neighbour_lines];
    const Line& after = lines[i + neighbour_lines];
    const std::int64_t expected = std::min(before.valid, after.valid);
    if (expected < fewest_per_line || before.is_constant() || after.is_constant()) continue;
    ++all;
    const bool filled = lines[i].is_constant() && !pixels.is_clipped(lines[i].least);
    if (10 * lines[i].valid < expected || filled) ++lost;
  }
  return all == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(all);
}

struct Stripes {
  double amplitude = 0;  // digital numbers
  double ratio = 0;
};

Stripes stripes_of(const std::vector<Line>& lines) {
  double amplitudes = 0;
  std::int64_t count = 0;
  std::int64_t differences = 0;
  std::int64_t twice_absolute = 0;
  for (const Line& line : lines) {
    if (line.differences < fewest_per_line) continue;
    amplitudes += std::abs(static_cast<double>(line.twice_sum)) / (2 * static_cast<double>(line.differences));
    ++count;
    differences += line.differences;
    twice_absolute += line.twice_absolute;
  }
  if (count == 0 || twice_absolute == 0) return {};
  const double roughness = static_cast<double>(twice_absolute) / (2 * static_cast<double>(differences));
  const double amplitude = amplitudes / static_cast<double>(count);
  return {amplitude, amplitude / roughness};
}

/// Of the blocks that are valid throughout, the share within which all pixels are equal and not clipped.
double constant_block_share(const Pixels& pixels) {
  std::int64_t constant = 0;
  std::int64_t all = 0;
  for (int top = 0; top + block_px <= pixels.height(); top += block_px) {
    for (int left = 0; left + block_px <= pixels.width(); left += block_px) {
      const int first = pixels.at(left, top);
      bool valid = true;
      bool equal = true;
      for (int y = top; y < top + block_px; ++y) {
        for (int x = left; x < left + block_px; ++x) {
          const int dn = pixels.at(x, y);
          valid = valid && pixels.is_valid(dn);
          equal = equal && dn == first;
        }
      }
      if (!valid) continue;
      ++all;
      if (equal && !pixels.is_clipped(first)) ++constant;
    }
  }
  return all == 0 ? 0 : static_cast<double>(constant) / static_cast<double>(all);
}

}  // namespace

std::vector<std::string> garbage_in(const BandPixels& band, const GateLimits& limits) {
  const Pixels pixels(band);
  const Statistics statistics = statistics_of(pixels);
  std::vector<std::string> findings;
  const auto add = [&](const std::string& finding) {
    findings.push_back(std::string(name(band.band)) + ": " + finding);
  };
  const std::int64_t seen = statistics.seen;
  const auto share_of = [](std::int64_t part, std::int64_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
  };
  if (seen >= fewest_pixels && share_of(statistics.saturated, seen) > limits.saturated_share) {
    add(text("%.1f %% of the pixels are saturated or above %.1f reflectance",
             100 * share_of(statistics.saturated, seen), most_reflectance));
  }
  // Clear water is that dark in all bands but blue.
  if (band.band == Band::B02 && seen >= fewest_pixels && share_of(statistics.floor, seen) > limits.floor_share) {
    add(text("%.1f %% of the pixels are at the floor of the numbers", 100 * share_of(statistics.floor, seen)));
  }
  if (statistics.valid < fewest_pixels) return findings;

  std::int64_t most = 0;
  int most_dn = 0;
  for (int dn = 0; dn < 65536; ++dn) {
    const std::int64_t count = statistics.counts[static_cast<std::size_t>(dn)];
    if (count > most && !pixels.is_clipped(dn)) {
      most = count;
      most_dn = dn;
    }
  }
  if (const double share = share_of(most, statistics.valid); share > limits.one_value_share) {
    add(text("%.1f %% of the pixels are %d", 100 * share, most_dn));
  }
  if (const double share = constant_block_share(pixels); share > limits.constant_block_share) {
    add(text("%.1f %% of the blocks of %d x %d pixels are constant", 100 * share, block_px, block_px));
  }
  if (const double share = share_of(statistics.bright, statistics.valid); share > limits.too_bright_share) {
    add(text("%.1f %% of the pixels are above %.1f reflectance", 100 * share, too_bright));
  }
  const struct {
    const char* what;
    const std::vector<Line>& lines;
  } directions[] = {{"rows", statistics.rows}, {"columns", statistics.columns}};
  for (const auto& [what, lines] : directions) {
    if (const double share = lost_share(pixels, lines); share > limits.lost_line_share) {
      add(text("%.1f %% of the %s are lost", 100 * share, what));
    }
    const Stripes stripes = stripes_of(lines);
    const double amplitude = stripes.amplitude * band.calibration.scale;
    if (stripes.ratio > limits.stripe_ratio && amplitude > least_stripe) {
      add(text("striped %s, by %.3f reflectance (%.2f of all contrast between neighbours)", what, amplitude,
               stripes.ratio));
    }
  }
  return findings;
}

std::vector<std::string> misplaced(double shift_x_px, double shift_y_px, int windows, const GateLimits& limits) {
  const double shift = std::sqrt(shift_x_px * shift_x_px + shift_y_px * shift_y_px);
  if (!(shift > limits.shift_px) || windows < limits.shift_windows) return {};
  return {text("lies %.1f pixels elsewhere (east %.1f, south %.1f), more than %.1f", shift, shift_x_px, shift_y_px,
               limits.shift_px)};
}

}  // namespace pitwatch
