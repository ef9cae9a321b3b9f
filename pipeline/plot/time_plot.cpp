#include "pipeline/plot/time_plot.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "pipeline/core/text.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr int plot_width = 1000;
constexpr double left = 60;
constexpr double right = 980;
constexpr double panel_height = 150;
constexpr double panel_gap = 30;
constexpr double strip_height = 7;
constexpr double text_size = 12;
constexpr double character_width = 0.58;  // of the size, wide enough for both forms
constexpr Colour ink{30, 30, 30};
constexpr Colour faint_ink{110, 110, 110};
constexpr Colour grid_colour{226, 226, 226};
constexpr Colour frame_colour{150, 150, 150};
constexpr Colour joint_colour{185, 185, 185};

double text_width(const std::string& text, double size) {
  return static_cast<double>(text.size()) * size * character_width;
}

std::string fixed(double value, int decimals) { return fixed_text(std::abs(value) < 1e-9 ? 0 : value, decimals); }

struct Tick {
  double at = 0;
  std::string label;
};

/// Steps of 1, 2 or 5 times a power of ten, at most six of them.
std::vector<Tick> value_ticks(double low, double high) {
  constexpr double most = 6;
  const double power = std::pow(10, std::floor(std::log10((high - low) / most)));
  double step = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = power * factor;
    if ((high - low) / step <= most) break;
  }
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::vector<Tick> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) {
    ticks.push_back({k * step, fixed(k * step, decimals)});
  }
  return ticks;
}

double days_of(Instant instant) {
  return std::chrono::duration<double, std::ratio<86400>>(instant.time_since_epoch()).count();
}

/// First days of months, or days where the time is short.
std::vector<Tick> time_ticks(Instant begin, Instant end) {
  constexpr double most = 13;
  constexpr double days_per_month = 30.44;
  const double all_days = days_of(end) - days_of(begin);
  std::vector<Tick> ticks;
  if (all_days < 2 * days_per_month) {
    const auto step = days(static_cast<int>(std::ceil(std::max(1.0, all_days / most))));
    for (Instant day = std::chrono::ceil<days>(begin); day <= end; day += step) {
      ticks.push_back({days_of(day), format_day(day).substr(5)});
    }
    return ticks;
  }
  int months = 1;
  for (const int step : {1, 2, 3, 6, 12, 24, 60, 120}) {
    months = step;
    if (all_days / days_per_month / step <= most) break;
  }
  const std::chrono::year_month_day first(std::chrono::floor<days>(begin));
  for (auto month = first.year() / std::chrono::January; std::chrono::sys_days(month / 1) <= end;
       month += std::chrono::months(months)) {
    const Instant day = std::chrono::sys_days(month / 1);
    if (day >= begin) ticks.push_back({days_of(day), format_day(day).substr(0, 7)});
  }
  return ticks;
}

class Layout {
 public:
  explicit Layout(const TimePlot& plot) : plot_(plot) {
    drawing_.width = plot_width;
    drawing_.title = plot.title;
    find_period();
  }

  Drawing run() {
    double y = 28;
    add_text({left, y}, plot_.title, 16, ink, Anchor::start, true);
    for (const std::string& note : plot_.notes) add_text({left, y += 17}, note, text_size, faint_ink);
    y = add_legend(y + 22);
    const double top = add_mark_labels(y + 8);
    const std::vector<Tick> ticks = time_ticks(begin_, end_);
    double panel_top = top + 26;
    for (const PlotPanel& panel : plot_.panels) {
      const double bottom = panel_top + panel_height * panel.height;
      add_panel(panel, panel_top, bottom, ticks);
      panel_top = bottom + panel_gap;
    }
    const double bottom = panel_top - panel_gap;
    for (const Tick& tick : ticks) {
      const double half = text_width(tick.label, text_size) / 2;
      add_text({std::min(x_of(tick.at), plot_width - half), bottom + 17}, tick.label, text_size, ink, Anchor::middle);
    }
    drawing_.height = static_cast<int>(std::ceil(bottom + 30));
    return std::move(drawing_);
  }

 private:
  void find_period() {
    bool any = false;
    const auto include = [&](Instant instant) {
      begin_ = any ? std::min(begin_, instant) : instant;
      end_ = any ? std::max(end_, instant) : instant;
      any = true;
    };
    for (const PlotPanel& panel : plot_.panels) {
      for (const PlottedValue& value : panel.values) include(value.when);
      for (const PlottedExpectation& expected : panel.expected) include(expected.when);
    }
    for (const PlotMark& mark : plot_.marks) include(mark.when);
    const Instant::duration margin = std::max<Instant::duration>(days(1), (end_ - begin_) / 80);
    begin_ -= margin;
    end_ += margin;
  }

  double x_of(double day) const {
    return left + (right - left) * (day - days_of(begin_)) / (days_of(end_) - days_of(begin_));
  }
  double x_of(Instant instant) const { return x_of(days_of(std::clamp(instant, begin_, end_))); }

  void add_text(DrawnPoint at, const std::string& text, double size, Colour colour, Anchor anchor = Anchor::start,
                bool bold = false) {
    drawing_.shapes.emplace_back(DrawnText{at, text, size, colour, anchor, bold});
  }

  void add_line(DrawnPoint from, DrawnPoint to, Colour colour, double width = 1) {
    drawing_.shapes.emplace_back(DrawnLine{{from, to}, colour, width});
  }

  void add_box(double x0, double y0, double x1, double y1, Colour colour) {
    drawing_.shapes.emplace_back(DrawnPolygon{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, colour});
  }

  void add_marker(DrawnPoint at, Marker marker, Colour colour) {
    constexpr double radius = 2.8;
    if (marker == Marker::filled) {
      drawing_.shapes.emplace_back(DrawnCircle{at, radius, colour, {}});
    } else if (marker == Marker::hollow) {
      drawing_.shapes.emplace_back(DrawnCircle{at, radius - 0.5, {}, colour});
    } else {
      add_line({at.x - radius, at.y - radius}, {at.x + radius, at.y + radius}, colour, 1.5);
      add_line({at.x - radius, at.y + radius}, {at.x + radius, at.y - radius}, colour, 1.5);
    }
  }

  /// Returns the base line of its last row.
  double add_legend(double y) {
    constexpr double sample_width = 22;
    constexpr double gap = 16;
    double x = left;
    for (const LegendEntry& entry : plot_.legend) {
      const double width = sample_width + text_width(entry.label, text_size) + gap;
      if (x > left && x + width > right) {
        x = left;
        y += 18;
      }
      const double middle = y - 4;
      const double end = x + sample_width - 6;
      switch (entry.sample) {
        case LegendSample::filled:
          add_marker({x + 8, middle}, Marker::filled, entry.colour);
          break;
        case LegendSample::hollow:
          add_marker({x + 8, middle}, Marker::hollow, entry.colour);
          break;
        case LegendSample::cross:
          add_marker({x + 8, middle}, Marker::cross, entry.colour);
          break;
        case LegendSample::line:
          add_line({x, middle}, {end, middle}, entry.colour, 2);
          break;
        case LegendSample::bar:
          add_box(x, middle - 5, end, middle + 5, entry.colour);
          break;
      }
      add_text({x + sample_width, y}, entry.label, text_size, ink);
      x += width;
    }
    return y;
  }

  /// Labels of marks in rows, so that none lies over another. Returns where the lines may begin.
  double add_mark_labels(double y) {
    constexpr double row_height = 15;
    constexpr double between = 8;
    std::vector<double> row_ends;
    for (const PlotMark& mark : plot_.marks) {
      const double width = text_width(mark.label, text_size);
      const double x = std::clamp(x_of(mark.when), left, right - width);
      std::size_t row = 0;
      while (row < row_ends.size() && row_ends[row] > x) ++row;
      if (row == row_ends.size()) row_ends.push_back(0);
      row_ends[row] = x + width + between;
      mark_tops_.push_back(y + row_height * static_cast<double>(row + 1) + 3);
      add_text({x, mark_tops_.back() - 5}, mark.label, text_size, mark.colour);
    }
    return y + row_height * static_cast<double>(row_ends.size());
  }

  static std::pair<double, double> range_of(const PlotPanel& panel) {
    if (panel.range) return *panel.range;
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    const auto include = [&](double value) {
      low = std::min(low, value);
      high = std::max(high, value);
    };
    for (const PlottedValue& value : panel.values) {
      if (value.marker != Marker::hollow) include(value.value);
    }
    for (const PlottedExpectation& expected : panel.expected) {
      for (const double value : {expected.low, expected.middle, expected.high}) include(value);
    }
    if (low > high) return {0, 1};  // nothing to show
    const double margin = std::max(0.05 * (high - low), 1e-3);
    return {low - margin, high + margin};
  }

  void add_panel(const PlotPanel& panel, double top, double bottom, const std::vector<Tick>& time) {
    const auto [low, high] = range_of(panel);
    const double base = panel.strip.empty() ? bottom : bottom - strip_height;
    const auto y_of = [&, low_value = low, high_value = high](double value) {
      return base - (base - top) * (std::clamp(value, low_value, high_value) - low_value) / (high_value - low_value);
    };
    for (const PlottedPeriod& period : plot_.shaded) {
      add_box(x_of(period.from), top, x_of(period.to), base, period.colour);
    }
    if (panel.expected.size() > 1) {
      DrawnPolygon band{{}, band_colour};
      for (const PlottedExpectation& at : panel.expected) band.points.push_back({x_of(at.when), y_of(at.high)});
      for (auto at = panel.expected.rbegin(); at != panel.expected.rend(); ++at) {
        band.points.push_back({x_of(at->when), y_of(at->low)});
      }
      drawing_.shapes.emplace_back(std::move(band));
    }
    for (const Tick& tick : time) add_line({x_of(tick.at), top}, {x_of(tick.at), bottom}, grid_colour);
    for (const Tick& tick : value_ticks(low, high)) {
      add_line({left, y_of(tick.at)}, {right, y_of(tick.at)}, grid_colour);
      add_text({left - 6, y_of(tick.at) + 4}, tick.label, text_size, ink, Anchor::end);
    }
    for (const PlottedPeriod& period : panel.strip) {
      add_box(x_of(period.from), base, x_of(period.to), bottom, period.colour);
    }
    // Through the gap above, too: marks are one line from their label to the last panel.
    for (std::size_t i = 0; i < plot_.marks.size(); ++i) {
      const PlotMark& mark = plot_.marks[i];
      const double from = &panel == &plot_.panels.front() ? mark_tops_[i] : top - panel_gap;
      add_line({x_of(mark.when), from}, {x_of(mark.when), bottom}, mark.colour);
    }
    if (panel.expected.size() > 1) {
      DrawnLine line{{}, expected_colour, 1.5};
      for (const PlottedExpectation& at : panel.expected) line.points.push_back({x_of(at.when), y_of(at.middle)});
      drawing_.shapes.emplace_back(std::move(line));
    }
    if (panel.joined && panel.values.size() > 1) {
      DrawnLine line{{}, joint_colour, 1};
      for (const PlottedValue& value : panel.values) line.points.push_back({x_of(value.when), y_of(value.value)});
      drawing_.shapes.emplace_back(std::move(line));
    }
    for (const PlottedValue& value : panel.values) {
      add_marker({x_of(value.when), y_of(value.value)}, value.marker, value.colour);
    }
    drawing_.shapes.emplace_back(
        DrawnLine{{{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}}, frame_colour, 1});
    const double label_width = text_width(panel.label, text_size) + 6;
    add_box(left + 1, top - 19, left + label_width, top - 3, {255, 255, 255});
    add_text({left, top - 7}, panel.label, text_size, ink, Anchor::start, true);
  }

  const TimePlot& plot_;
  Drawing drawing_;
  Instant begin_{};
  Instant end_{};
  std::vector<double> mark_tops_;
};

}  // namespace

Drawing drawing_of(const TimePlot& plot) { return Layout(plot).run(); }

}  // namespace pitwatch
