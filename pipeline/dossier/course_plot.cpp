#include "pipeline/dossier/course_plot.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/dossier/page.hpp"

namespace pitwatch {
namespace {

constexpr Colour seen_colour{160, 60, 10};
constexpr Colour hidden_colour{150, 150, 150};
constexpr Colour area_colour{30, 30, 30};
constexpr Colour bracket_colour{250, 240, 205};
constexpr Colour mark_colour{90, 30, 120};

/// How far clear observations were from what was expected, in standard deviations, in the mean.
double deviation(const AlertDossier& dossier, std::size_t feature) {
  double sum = 0;
  int count = 0;
  for (const ObservedAlert& one : dossier.observed) {
    const ObservedFeature& seen = one.features[feature];
    if (!seen.value || !seen.expected || !seen.sd || *seen.sd <= 0) continue;
    sum += std::abs(*seen.value - *seen.expected) / *seen.sd;
    ++count;
  }
  return count == 0 ? -1 : sum / count;
}

/// NDVI, which people know, and of the others the one that speaks most.
std::vector<std::size_t> telling(const AlertDossier& dossier) {
  constexpr std::size_t ndvi = 0;
  std::size_t other = 1;
  for (std::size_t feature = 2; feature < observed_features.size(); ++feature) {
    if (deviation(dossier, feature) > deviation(dossier, other)) other = feature;
  }
  std::vector<std::size_t> chosen{ndvi, other};
  std::erase_if(chosen, [&](std::size_t feature) { return deviation(dossier, feature) < 0; });
  return chosen;
}

PlotPanel feature_panel(const AlertDossier& dossier, std::size_t feature, const Texts& texts) {
  PlotPanel panel;
  panel.label = texts("feature_" + std::string(observed_features[feature]));
  for (const ObservedAlert& one : dossier.observed) {
    const ObservedFeature& seen = one.features[feature];
    if (seen.value) {
      panel.values.push_back(
          {one.acquired, *seen.value, one.use == AlertSeen::clear ? Marker::filled : Marker::hollow, seen_colour});
    }
    if (seen.expected && seen.sd) {
      panel.expected.push_back({one.acquired, *seen.expected, *seen.expected - *seen.sd, *seen.expected + *seen.sd});
    }
  }
  return panel;
}

PlotPanel probability_panel(const AlertDossier& dossier, const Texts& texts) {
  PlotPanel panel;
  panel.label = texts("plot_probability");
  panel.range = {0, 1};
  panel.height = 0.6;
  for (const ObservedAlert& one : dossier.observed) {
    if (one.probability && one.use == AlertSeen::clear) {
      panel.values.push_back({one.acquired, *one.probability, Marker::filled, seen_colour});
    } else {
      panel.values.push_back({one.acquired, 0, Marker::cross, hidden_colour});
    }
  }
  return panel;
}

PlotPanel area_panel(const AlertDossier& dossier, const Texts& texts) {
  PlotPanel panel;
  panel.label = texts("plot_area");
  panel.height = 0.8;
  panel.joined = true;
  double most = 0;
  for (const RegisteredEvent& event : dossier.events) {
    panel.values.push_back({event.at, event.area_ha, Marker::filled, area_colour});
    most = std::max(most, event.area_ha);
  }
  if (most > 0) panel.range = {0, most * 1.1};
  return panel;
}

std::vector<PlotMark> marks(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  std::vector<PlotMark> result;
  const auto add = [&](const char* key, Instant at) {
    result.push_back({at, texts(key, {{"date", texts.short_day(at)}}), mark_colour});
  };
  add("mark_onset_after", alert.onset_after);
  if (alert.onset_before != alert.first_detected) add("mark_onset_before", alert.onset_before);
  add("mark_detected", alert.first_detected);
  if (alert.confirmed_on) add("mark_confirmed", *alert.confirmed_on);
  for (const RegisteredEvent& event : dossier.events) {
    if (event.kind == AlertEventKind::closed) add("mark_closed", event.at);
  }
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.when < b.when; });
  return result;
}

}  // namespace

TimePlot course_plot(const AlertDossier& dossier, const Texts& texts) {
  const Alert& alert = dossier.outlined.alert;
  TimePlot plot;
  plot.title = printable(texts("plot_alt", {{"id", alert.id}}));
  plot.shaded.push_back({alert.onset_after, alert.onset_before, bracket_colour});
  plot.marks = marks(dossier, texts);
  if (!dossier.observed.empty()) {
    plot.legend = {{texts("plot_observed"), LegendSample::filled, seen_colour},
                   {texts("plot_partly"), LegendSample::hollow, seen_colour},
                   {texts("plot_expected"), LegendSample::line, expected_colour},
                   {texts("plot_masked"), LegendSample::cross, hidden_colour}};
    for (const std::size_t feature : telling(dossier)) {
      plot.panels.push_back(feature_panel(dossier, feature, texts));
    }
    plot.panels.push_back(probability_panel(dossier, texts));
  }
  plot.legend.push_back({texts("plot_bracket"), LegendSample::bar, bracket_colour});
  plot.panels.push_back(area_panel(dossier, texts));
  return plot;
}

std::string inline_svg(const Drawing& drawing, const std::string& alt) {
  std::string svg = svg_of(drawing);
  svg.erase(0, svg.find("<svg"));
  const std::string size =
      "width=\"" + std::to_string(drawing.width) + "\" height=\"" + std::to_string(drawing.height) + "\" viewBox";
  if (const std::size_t at = svg.find(size); at != std::string::npos) {
    svg.replace(at, size.size(), "role=\"img\" aria-label=\"" + page_text(alt) + "\" viewBox");
  }
  const std::string font =
      " font-family=\"Helvetica, Arial, sans-serif\"";  // no attribute of HTML; the page has its own
  if (const std::size_t at = svg.find(font); at != std::string::npos) svg.erase(at, font.size());
  // The page's own label stands for it: a title would be read twice, and shows as a box under the mouse.
  const std::size_t title = svg.find("<title>");
  const std::size_t end = svg.find("</title>");
  if (title != std::string::npos && end != std::string::npos) svg.erase(title, end + 8 - title);
  return svg;
}

}  // namespace pitwatch
