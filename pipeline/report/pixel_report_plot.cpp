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

PixelStatus status_of(const PixelObservationReport& observation) {
  return observation.status.value_or(PixelStatus::not_judged);
}

std::string label_of(const PixelReport& report, Feature feature) {
  constexpr std::array<std::string_view, feature_count> labels{
      "NDVI (vegetation)",      "BSI (bare soil)",
      "MNDWI (water)",          "log of visible reflectance (mean of B02, B03, B04)",
      "log of B11 reflectance", "log of B12 reflectance"};
  if (index(feature) < feature_count) return std::string(labels[index(feature)]);
  const ExtraFeature& extra = report.extra[index(feature) - feature_count];
  return extra.name == extra.formula ? extra.name : extra.name + " = " + extra.formula;
}

std::string degrees(double value, char positive, char negative) {
  const long micro = std::lround(std::abs(value) * 1e6);
  std::string fraction = std::to_string(micro % 1000000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(micro / 1000000) + "." + fraction + " " + (value < 0 ? negative : positive);
}

PlotPanel feature_panel(const PixelReport& report, Feature feature) {
  PlotPanel panel;
  panel.label = label_of(report, feature);
  const std::size_t f = index(feature);
  for (const PixelObservationReport& observation : report.observations) {
    if (std::isfinite(observation.observed[f]) && observation.seen != PixelSeen::nothing) {
      const Marker marker = observation.seen == PixelSeen::clear      ? Marker::filled
                            : observation.seen == PixelSeen::screened ? Marker::cross
                                                                      : Marker::hollow;
      const Colour colour = observation.seen == PixelSeen::clear      ? clear_colour
                            : observation.seen == PixelSeen::screened ? screened_colour
                                                                      : masked_colour;
      panel.values.push_back({observation.when, observation.observed[f], marker, colour});
    }
    if (std::isfinite(observation.modelled[f])) {
      const double anomaly = std::isfinite(observation.shared[f]) ? observation.shared[f] : 0;
      const double middle = observation.modelled[f];
      const double half = band_sigma * observation.noise[f];
      panel.expected.push_back({observation.when, middle, middle + anomaly - half, middle + anomaly + half});
    }
  }
  // Hollow ones at last: clear observations lie over them.
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
  for (std::size_t i = 0; i < report.observations.size(); ++i) {
    const PixelObservationReport& observation = report.observations[i];
    if (observation.learning) continue;
    if (std::isfinite(observation.residual_length) && std::isfinite(observation.probability))
      panel.values.push_back(
          {observation.when, observation.probability, Marker::filled, colour_of(status_of(observation))});
    const Instant until = i + 1 < report.observations.size() ? report.observations[i + 1].when : observation.when;
    panel.strip.push_back({observation.when, until, colour_of(status_of(observation))});
  }
  return panel;
}

std::vector<PlotMark> marks_of(const PixelReport& report) {
  std::vector<PlotMark> marks;
  for (const PixelObservationReport& observation : report.observations) {
    if (observation.decision.empty()) continue;
    marks.push_back({observation.when, format_day(observation.when) + " " + std::string(name(status_of(observation))),
                     colour_of(status_of(observation))});
  }
  return marks;
}

std::vector<LegendEntry> legend_of(const PixelReport& report) {
  std::vector<LegendEntry> legend{{"clear observation", LegendSample::filled, clear_colour},
                                  {"masked (on the frame: beyond it)", LegendSample::hollow, masked_colour}};
  const auto any = [&](const auto& holds) {
    return std::any_of(report.observations.begin(), report.observations.end(), holds);
  };
  if (any([](const PixelObservationReport& observation) { return observation.seen == PixelSeen::screened; })) {
    legend.push_back({"screened (missed cloud or shadow)", LegendSample::cross, screened_colour});
  }
  legend.push_back({"model of undisturbed ground", LegendSample::line, expected_colour});
  legend.push_back({"expected that day, +/- 2 sigma", LegendSample::bar, band_colour});
  if (any([](const PixelObservationReport& observation) { return observation.learning; })) {
    legend.push_back({"learnt from", LegendSample::bar, learning_colour});
  }
  for (const PixelStatus status : {PixelStatus::stable, PixelStatus::provisional, PixelStatus::confirmed,
                                   PixelStatus::recovering, PixelStatus::closed}) {
    if (any([&](const PixelObservationReport& observation) {
          return !observation.learning && observation.status == status;
        })) {
      legend.push_back({std::string(name(status)), LegendSample::bar, colour_of(status)});
    }
  }
  return legend;
}

}  // namespace

std::vector<Feature> telling_features(const PixelReport& report, std::size_t count) {
  const std::size_t features_there = feature_count + report.extra.size();
  std::array<double, most_features> disturbed{};
  std::array<double, most_features> any{};
  bool was_disturbed = false;
  for (const PixelObservationReport& observation : report.observations) {
    if (!std::isfinite(observation.residual_length)) continue;
    const bool open = observation.status == PixelStatus::provisional || observation.status == PixelStatus::confirmed;
    was_disturbed = was_disturbed || open;
    for (std::size_t f = 0; f < features_there; ++f) {
      const double sigma = std::abs(deviation_sigma(observation, static_cast<Feature>(f)));
      if (!std::isfinite(sigma)) continue;
      any[f] += sigma;
      if (open) disturbed[f] += sigma;
    }
  }
  const auto& sums = was_disturbed ? disturbed : any;
  std::vector<Feature> order(features_there);
  for (std::size_t f = 0; f < order.size(); ++f) order[f] = static_cast<Feature>(f);
  std::stable_sort(order.begin(), order.end(), [&](Feature a, Feature b) { return sums[index(a)] > sums[index(b)]; });
  std::vector<Feature> features(order.begin(),
                                order.begin() + static_cast<std::ptrdiff_t>(std::min(count, features_there)));
  std::sort(features.begin(), features.end());
  return features;
}

Drawing pixel_plot(const PixelReport& report, const std::vector<Feature>& features) {
  TimePlot plot;
  plot.title = "Site " + report.site + ": one pixel at " + degrees(report.middle.lon, 'E', 'W') + ", " +
               degrees(report.middle.lat, 'N', 'S');
  std::string incidents;
  if (!report.observations.empty()) {
    for (const auto& [id, status] : report.observations.back().incidents) {
      incidents += (incidents.empty() ? "Incident " : ", ") + id + " (" + std::string(name(status)) + ")";
    }
  }
  plot.notes.push_back(
      (incidents.empty() ? "No incident" : incidents) + " on this ground after the last observation.  Pixel " +
      std::to_string(report.column) + ", " + std::to_string(report.row) + " of the site's grid, " + report.crs + " " +
      std::to_string(std::llround(report.middle_m.x)) + " " + std::to_string(std::llround(report.middle_m.y)) + ".");
  plot.notes.push_back(report.algorithm + " (version, hash of the options).  Observations " +
                       (report.observations.empty() ? "" : format_day(report.observations.front().when)) +
                       (report.observations.empty() ? "" : " to " + format_day(report.observations.back().when)) +
                       ", dates in UTC.");
  plot.legend = legend_of(report);
  const auto judged = std::find_if(report.observations.begin(), report.observations.end(),
                                   [](const PixelObservationReport& observation) { return !observation.learning; });
  if (judged != report.observations.begin()) {
    const Instant end = judged != report.observations.end() ? judged->when : report.observations.back().when;
    plot.shaded.push_back({report.observations.front().when, end, learning_colour});
  }
  plot.marks = marks_of(report);
  for (const Feature feature : features) plot.panels.push_back(feature_panel(report, feature));
  plot.panels.push_back(probability_panel_of(report));
  return drawing_of(plot);
}

}  // namespace pitwatch
