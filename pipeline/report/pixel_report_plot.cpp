#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "pipeline/plot/time_plot.hpp"
#include "pipeline/report/pixel_report.hpp"

namespace pitwatch {
namespace {

constexpr double band_sigma = 2;
constexpr Colour masked_colour{165, 165, 165};
constexpr Colour screened_colour{120, 90, 160};
constexpr Colour learning_colour{246, 246, 240};
constexpr Colour clear_colour{25, 25, 25};
constexpr double probability_panel = 0.7;  // of the others' height

/// Colours that differ in lightness, too (after Okabe & Ito 2008).
Colour colour_of(PixelStatus status) {
  switch (status) {
    case PixelStatus::provisional:
      return {230, 159, 0};
    case PixelStatus::confirmed:
      return {200, 55, 20};
    case PixelStatus::recovering:
      return {0, 158, 115};
    case PixelStatus::closed:
      return {90, 130, 190};
    case PixelStatus::stable:
      return {130, 130, 130};
    case PixelStatus::not_judged:
      break;
  }
  return {210, 210, 210};
}

std::string_view label_of(Feature feature) {
  constexpr std::array<std::string_view, feature_count> labels{
      "NDVI (vegetation)",      "BSI (bare soil)",
      "MNDWI (water)",          "log of visible reflectance (mean of B02, B03, B04)",
      "log of B11 reflectance", "log of B12 reflectance"};
  return labels[index(feature)];
}

std::string degrees(double value, char positive, char negative) {
  const long micro = std::lround(std::abs(value) * 1e6);
  std::string fraction = std::to_string(micro % 1000000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(micro / 1000000) + "." + fraction + " " + (value < 0 ? negative : positive);
}

PlotPanel feature_panel(const PixelReport& report, Feature feature) {
  PlotPanel panel;
  panel.label = label_of(feature);
  const std::size_t f = index(feature);
  for (const PixelLookReport& look : report.looks) {
    if (std::isfinite(look.observed[f]) && look.seen != PixelSeen::nothing) {
      const Marker marker = look.seen == PixelSeen::clear      ? Marker::filled
                            : look.seen == PixelSeen::screened ? Marker::cross
                                                               : Marker::hollow;
      const Colour colour = look.seen == PixelSeen::clear      ? clear_colour
                            : look.seen == PixelSeen::screened ? screened_colour
                                                               : masked_colour;
      panel.values.push_back({look.when, look.observed[f], marker, colour});
    }
    if (std::isfinite(look.modelled[f])) {
      const double weather = std::isfinite(look.shared[f]) ? look.shared[f] : 0;
      const double middle = look.modelled[f];
      const double half = band_sigma * look.noise[f];
      panel.expected.push_back({look.when, middle, middle + weather - half, middle + weather + half});
    }
  }
  // Hollow ones at last: clear looks lie over them.
  std::stable_partition(panel.values.begin(), panel.values.end(),
                        [](const PlottedValue& value) { return value.marker == Marker::hollow; });
  return panel;
}

PlotPanel probability_panel_of(const PixelReport& report) {
  PlotPanel panel;
  panel.label = "Probability that the ground is disturbed, and status";
  panel.height = probability_panel;
  panel.range = {-0.04, 1.04};
  panel.joined = true;
  for (std::size_t i = 0; i < report.looks.size(); ++i) {
    const PixelLookReport& look = report.looks[i];
    if (look.learning) continue;
    const bool used = std::isfinite(look.residual_length);
    if (used) panel.values.push_back({look.when, look.probability, Marker::filled, colour_of(look.status)});
    const Instant until = i + 1 < report.looks.size() ? report.looks[i + 1].when : look.when;
    panel.strip.push_back({look.when, until, colour_of(look.status)});
  }
  return panel;
}

std::vector<PlotMark> marks_of(const PixelReport& report) {
  std::vector<PlotMark> marks;
  for (const PixelLookReport& look : report.looks) {
    if (look.decision.empty()) continue;
    marks.push_back({look.when, format_day(look.when) + " " + std::string(name(look.status)), colour_of(look.status)});
  }
  return marks;
}

std::vector<LegendEntry> legend_of(const PixelReport& report) {
  std::vector<LegendEntry> legend{{"clear look", LegendSample::filled, clear_colour},
                                  {"masked (on the frame: beyond it)", LegendSample::hollow, masked_colour}};
  const auto any = [&](const auto& holds) { return std::any_of(report.looks.begin(), report.looks.end(), holds); };
  if (any([](const PixelLookReport& look) { return look.seen == PixelSeen::screened; })) {
    legend.push_back({"screened (missed cloud or shadow)", LegendSample::cross, screened_colour});
  }
  legend.push_back({"model of undisturbed ground", LegendSample::line, expected_colour});
  legend.push_back({"expected that day, +/- 2 sigma", LegendSample::bar, band_colour});
  if (any([](const PixelLookReport& look) { return look.learning; })) {
    legend.push_back({"learnt from", LegendSample::bar, learning_colour});
  }
  for (const PixelStatus status : {PixelStatus::stable, PixelStatus::provisional, PixelStatus::confirmed,
                                   PixelStatus::recovering, PixelStatus::closed}) {
    if (any([&](const PixelLookReport& look) { return !look.learning && look.status == status; })) {
      legend.push_back({std::string(name(status)), LegendSample::bar, colour_of(status)});
    }
  }
  return legend;
}

}  // namespace

std::vector<Feature> telling_features(const PixelReport& report, std::size_t count) {
  std::array<double, feature_count> disturbed{};
  std::array<double, feature_count> any{};
  bool was_disturbed = false;
  for (const PixelLookReport& look : report.looks) {
    if (!std::isfinite(look.residual_length)) continue;
    const bool open = look.status == PixelStatus::provisional || look.status == PixelStatus::confirmed;
    was_disturbed = was_disturbed || open;
    for (std::size_t f = 0; f < feature_count; ++f) {
      const double sigma = std::abs(deviation_sigma(look, static_cast<Feature>(f)));
      if (!std::isfinite(sigma)) continue;
      any[f] += sigma;
      if (open) disturbed[f] += sigma;
    }
  }
  const auto& sums = was_disturbed ? disturbed : any;
  std::array<Feature, feature_count> order{};
  for (std::size_t f = 0; f < feature_count; ++f) order[f] = static_cast<Feature>(f);
  std::stable_sort(order.begin(), order.end(), [&](Feature a, Feature b) { return sums[index(a)] > sums[index(b)]; });
  std::vector<Feature> features(order.begin(),
                                order.begin() + static_cast<std::ptrdiff_t>(std::min(count, feature_count)));
  std::sort(features.begin(), features.end());
  return features;
}

Drawing pixel_plot(const PixelReport& report, const std::vector<Feature>& features) {
  TimePlot plot;
  plot.title = "Site " + report.site + ": one pixel at " + degrees(report.middle.lon, 'E', 'W') + ", " +
               degrees(report.middle.lat, 'N', 'S');
  std::string incidents;
  if (!report.looks.empty()) {
    for (const auto& [id, status] : report.looks.back().incidents) {
      incidents += (incidents.empty() ? "Incident " : ", ") + id + " (" + std::string(name(status)) + ")";
    }
  }
  plot.notes.push_back(
      (incidents.empty() ? "No incident" : incidents) + " on this ground after the last look.  Pixel " +
      std::to_string(report.column) + ", " + std::to_string(report.row) + " of the site's grid, " + report.crs + " " +
      std::to_string(std::llround(report.middle_m.x)) + " " + std::to_string(std::llround(report.middle_m.y)) + ".");
  plot.notes.push_back(report.algorithm + " (version, hash of the options).  Looks " +
                       (report.looks.empty() ? "" : format_day(report.looks.front().when)) +
                       (report.looks.empty() ? "" : " to " + format_day(report.looks.back().when)) + ", dates in UTC.");
  plot.legend = legend_of(report);
  const auto judged = std::find_if(report.looks.begin(), report.looks.end(),
                                   [](const PixelLookReport& look) { return !look.learning; });
  if (judged != report.looks.begin()) {
    const Instant end = judged != report.looks.end() ? judged->when : report.looks.back().when;
    plot.shaded.push_back({report.looks.front().when, end, learning_colour});
  }
  plot.marks = marks_of(report);
  for (const Feature feature : features) plot.panels.push_back(feature_panel(report, feature));
  plot.panels.push_back(probability_panel_of(report));
  return drawing_of(plot);
}

}  // namespace pitwatch
