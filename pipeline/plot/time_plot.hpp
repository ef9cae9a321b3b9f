#pragma once
// Values over time, in panels one below the other.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/plot/drawing.hpp"

namespace pitwatch {

enum class Marker : std::uint8_t { filled, hollow, cross };

struct PlottedValue {
  Instant when{};
  double value = 0;  // finite
  Marker marker = Marker::filled;
  Colour colour;
};

/// What was expected: a line, and a band which need not be around it.
struct PlottedExpectation {
  Instant when{};
  double middle = 0;
  double low = 0;
  double high = 0;
};

struct PlottedPeriod {
  Instant from{};
  Instant to{};
  Colour colour;
};

struct PlotPanel {
  std::string label;
  double height = 1;                               // in that of the other panels
  std::optional<std::pair<double, double>> range;  // nothing: what the expectation and values that are not hollow take
  std::vector<PlottedValue> values;                // those beyond the range are drawn at its edge
  std::vector<PlottedExpectation> expected;        // in order of time
  bool joined = false;                             // values by a line, in their order
  std::vector<PlottedPeriod> strip;                // a bar along the lower edge
};

/// An upright line through all panels.
struct PlotMark {
  Instant when{};
  std::string label;
  Colour colour;
};

enum class LegendSample : std::uint8_t { filled, hollow, cross, line, bar };

struct LegendEntry {
  std::string label;
  LegendSample sample = LegendSample::filled;
  Colour colour;
};

struct TimePlot {
  std::string title;
  std::vector<std::string> notes;  // lines below the title
  std::vector<LegendEntry> legend;
  std::vector<PlottedPeriod> shaded;  // behind all panels
  std::vector<PlotMark> marks;        // in order of time
  std::vector<PlotPanel> panels;
};

inline constexpr Colour band_colour{205, 219, 235};
inline constexpr Colour expected_colour{70, 110, 160};

/// Lays a plot out: 1000 units wide, as high as it needs to be. The axis of time takes what panels and marks hold.
Drawing drawing_of(const TimePlot& plot);

}  // namespace pitwatch
