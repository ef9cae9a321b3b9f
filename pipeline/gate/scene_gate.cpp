#include "pipeline/gate/scene_gate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "kernels/line_sums.hpp"

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
// Of few or short lines the ground's own edges make stripes: 20 m bands of 24 pixels a side reach a ratio of 0.86, of
// 72 a side 0.70.
constexpr std::int64_t fewest_per_stripe = 96;
// A line of the same numbers as the one before repeats it. Where that many lines do, the band was resampled to a finer
// grid by nearest neighbour: of 20 m pixels half of the lines at 10 m are repeats, at every phase.
constexpr double same_as_before =
    0.5;  // composites of several dates mix phases; ground that was not resampled: next to none
constexpr double repeated_share = 1.0 / 3;
constexpr double small_step = 0.8;  // of the step to the next line; of ground that was not resampled both are alike

template <class... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 128> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

/// One row or column.
struct Line {
  std::int64_t valid = 0;
  int least = kernels::no_least;
  int most = kernels::no_most;
  std::int64_t differences = 0;  // pixels with two valid neighbours across the line
  std::int64_t twice_sum = 0;    // of twice the difference from the neighbours' mean
  std::int64_t twice_absolute = 0;
  std::int64_t compared = 0;  // valid pixels with a valid neighbour on the line before
  std::int64_t same = 0;      // of the same number as that
  std::int64_t absolute = 0;  // sum of the differences from those, their signs aside

  void add(const kernels::LineSums& sums) {
    valid += sums.valid;
    least = std::min(least, sums.least);
    most = std::max(most, sums.most);
    differences += sums.differences;
    twice_sum += sums.twice_sum;
    twice_absolute += sums.twice_absolute;
    compared += sums.compared;
    same += sums.same;
    absolute += sums.absolute;
  }
  void add_difference(int before, int dn, int after) {
    const int twice = 2 * dn - before - after;
    ++differences;
    twice_sum += twice;
    twice_absolute += std::abs(twice);
  }
  bool is_constant() const { return least == most; }
  bool is_repeat() const {
    return compared > 0 && static_cast<double>(same) >= same_as_before * static_cast<double>(compared);
  }
};

/// The sums of columns, as the kernel keeps them.
class ColumnSums {
 public:
  explicit ColumnSums(int width) : width_(static_cast<std::size_t>(width)), sums_(9 * width_) { clear(); }

  kernels::LineSumArrays arrays() {
    const auto array = [this](std::size_t k) { return sums_.data() + k * width_; };
    return {array(0), array(1), array(2), array(3), array(4), array(5), array(6), array(7), array(8)};
  }

  /// Moves what was summed to the columns.
  void add_to(std::vector<Line>& columns) {
    const kernels::LineSumArrays of = arrays();
    for (std::size_t x = 0; x < width_; ++x) {
      columns[x].add({of.valid[x], of.least[x], of.most[x], of.differences[x], of.twice_sum[x], of.twice_absolute[x],
                      of.compared[x], of.same[x], of.absolute[x]});
    }
    clear();
  }

 private:
  void clear() {
    std::fill(sums_.begin(), sums_.end(), 0);
    std::fill_n(arrays().least, width_, kernels::no_least);
    std::fill_n(arrays().most, width_, kernels::no_most);
  }

  std::size_t width_;
  std::vector<std::int32_t> sums_;
};

struct Statistics {
  std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(65536, 0);  // valid pixels by number
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
  const std::uint16_t* row(int y) const { return dn_.row(y); }
  kernels::CountingNumbers counting() const { return {range_.lowest, range_.highest, nodata_, saturated_}; }
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

/// Lines, tile by tile of columns: so many columns' sums stay in the fastest memory.
void add_lines(const Pixels& pixels, Statistics& result) {
  constexpr int tile = 512;
  static_assert(tile < static_cast<int>(kernels::most_per_line));
  const kernels::CountingNumbers numbers = pixels.counting();
  const auto width = static_cast<std::size_t>(pixels.width());
  ColumnSums columns(pixels.width());
  for (int left = 0; left < pixels.width(); left += tile) {
    const auto begin = static_cast<std::size_t>(left);
    const std::size_t end = std::min(width, begin + tile);
    for (int y = 0; y < pixels.height(); ++y) {
      const std::uint16_t* const above = y > 0 ? pixels.row(y - 1) : nullptr;
      const std::uint16_t* const below = y + 1 < pixels.height() ? pixels.row(y + 1) : nullptr;
      kernels::LineSums of_row;
      kernels::add_line(above, pixels.row(y), below, begin, end, width, numbers, of_row, columns.arrays());
      result.rows[static_cast<std::size_t>(y)].add(of_row);
      if ((y + 1) % static_cast<int>(kernels::most_per_line) == 0) columns.add_to(result.columns);
    }
  }
  columns.add_to(result.columns);
}

Statistics statistics_of(const Pixels& pixels) {
  Statistics result;
  result.rows.resize(static_cast<std::size_t>(pixels.height()));
  result.columns.resize(static_cast<std::size_t>(pixels.width()));
  for (int y = 0; y < pixels.height(); ++y) {
    const std::uint16_t* const row = pixels.row(y);
    for (int x = 0; x < pixels.width(); ++x) ++result.counts[row[x]];
  }
  for (int dn = 0; dn < static_cast<int>(result.counts.size()); ++dn) {
    std::uint32_t& count = result.counts[static_cast<std::size_t>(dn)];
    const bool is_floor = pixels.is_floor(dn);
    const bool is_saturated = pixels.is_saturated(dn);
    const bool is_valid = pixels.is_valid(dn);
    if (is_saturated) result.saturated += count;
    if (is_floor) result.floor += count;
    if (is_floor || is_saturated || is_valid) result.seen += count;
    if (is_valid) result.valid += count;
    if (is_valid && pixels.reflectance(dn) > too_bright) result.bright += count;
    if (!is_valid) count = 0;
  }
  add_lines(pixels, result);
  return result;
}

/// The lines that do not repeat the one before, where enough do to tell a band that was resampled; else all.
std::vector<int> own_lines(const std::vector<Line>& lines) {
  std::vector<int> own;
  std::int64_t compared = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].compared > 0) ++compared;
    if (!lines[i].is_repeat()) own.push_back(static_cast<int>(i));
  }
  const auto repeats = static_cast<double>(lines.size() - own.size());
  if (repeats >= repeated_share * static_cast<double>(compared)) return own;
  // With noise on top, nothing is the same: of the steps from line to line every second one is small.
  std::array<std::int64_t, 2> steps{};
  for (std::size_t i = 1; i < lines.size(); ++i) steps[i % 2] += lines[i].absolute;
  const std::size_t first = steps[0] > steps[1] ? 0 : 1;  // of two lines that belong together
  if (static_cast<double>(steps[1 - first]) < small_step * static_cast<double>(steps[first])) {
    own.clear();
    for (std::size_t i = first; i < lines.size(); i += 2) own.push_back(static_cast<int>(i));
    return own;
  }
  own.resize(lines.size());
  std::iota(own.begin(), own.end(), 0);
  return own;
}

struct LinesToCompare {
  std::vector<Line> rows;
  std::vector<Line> columns;
};

/// Rows and columns with their differences from their neighbours, of a resampled band those of its own pixels: between
/// a repeat and the next line lies the ground's slope, all along the line, which is no stripe.
LinesToCompare lines_to_compare(const Pixels& pixels, Statistics& statistics) {
  const std::vector<int> rows = own_lines(statistics.rows);
  const std::vector<int> columns = own_lines(statistics.columns);
  LinesToCompare result;
  if (rows.size() == statistics.rows.size() && columns.size() == statistics.columns.size()) {
    result.rows = std::move(statistics.rows);
    result.columns = std::move(statistics.columns);
    return result;
  }
  result.rows.resize(rows.size());
  result.columns.resize(columns.size());
  const auto add = [&](Line& line, int before, int dn, int after) {
    if (pixels.is_valid(before) && pixels.is_valid(dn) && pixels.is_valid(after))
      line.add_difference(before, dn, after);
  };
  for (std::size_t v = 0; v < rows.size(); ++v) {
    for (std::size_t u = 0; u < columns.size(); ++u) {
      const int x = columns[u];
      const int y = rows[v];
      if (v > 0 && v + 1 < rows.size()) {
        add(result.rows[v], pixels.at(x, rows[v - 1]), pixels.at(x, y), pixels.at(x, rows[v + 1]));
      }
      if (u > 0 && u + 1 < columns.size()) {
        add(result.columns[u], pixels.at(columns[u - 1], y), pixels.at(x, y), pixels.at(columns[u + 1], y));
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
    if (line.differences < fewest_per_stripe) continue;
    amplitudes += std::abs(static_cast<double>(line.twice_sum)) / (2 * static_cast<double>(line.differences));
    ++count;
    differences += line.differences;
    twice_absolute += line.twice_absolute;
  }
  if (count < fewest_per_stripe || twice_absolute == 0) return {};
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
      std::uint16_t differing = 0;
      unsigned invalid = 0;
      for (int y = top; y < top + block_px; ++y) {
        const std::uint16_t* const row = pixels.row(y) + left;
        for (int x = 0; x < block_px; ++x) {
          const std::uint16_t dn = row[x];
          invalid |= pixels.is_valid(dn) ? 0U : 1U;
          differing = static_cast<std::uint16_t>(differing | (dn ^ first));
        }
      }
      const bool equal = differing == 0;
      if (invalid != 0) continue;
      ++all;
      if (equal && !pixels.is_clipped(first)) ++constant;
    }
  }
  return all == 0 ? 0 : static_cast<double>(constant) / static_cast<double>(all);
}

}  // namespace

std::vector<std::string> garbage_in(const BandPixels& band, const GateLimits& limits) {
  const Pixels pixels(band);
  Statistics statistics = statistics_of(pixels);
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
  const std::array<double, 2> lost{lost_share(pixels, statistics.rows), lost_share(pixels, statistics.columns)};
  const LinesToCompare compared = lines_to_compare(pixels, statistics);
  const std::array<Stripes, 2> stripes{stripes_of(compared.rows), stripes_of(compared.columns)};
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const char* what = i == 0 ? "rows" : "columns";
    if (lost[i] > limits.lost_line_share) add(text("%.1f %% of the %s are lost", 100 * lost[i], what));
    const double amplitude = stripes[i].amplitude * band.calibration.scale;
    if (stripes[i].ratio > limits.stripe_ratio && amplitude > least_stripe) {
      add(text("striped %s, by %.3f reflectance (%.2f of all contrast between neighbours)", what, amplitude,
               stripes[i].ratio));
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
