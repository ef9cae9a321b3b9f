#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/account/account.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/plot/time_plot.hpp"

namespace pitwatch {
namespace {

constexpr double m2_per_ha = 1e4;
constexpr double class_panel = 0.6;  // of the others' height
constexpr std::size_t most_classes = 6;
constexpr Colour mapped_colour{25, 25, 25};

double ha_of(std::int64_t m2) { return static_cast<double>(m2) / m2_per_ha; }

/// A panel that goes in steps: what is disturbed stays so until the next row.
class StepPanel {
 public:
  StepPanel(std::string label, double height) {
    panel_.label = std::move(label);
    panel_.height = height;
  }

  void add(Instant at, std::int64_t mapped_m2, const EstimatedArea& area) {
    if (!panel_.expected.empty()) {
      PlottedExpectation before = panel_.expected.back();
      before.when = at;
      panel_.expected.push_back(before);
    }
    panel_.expected.push_back({at, area.value_ha, area.lower_ha, area.upper_ha});
    panel_.values.push_back({at, ha_of(mapped_m2), Marker::filled, mapped_colour});
    highest_ = std::max({highest_, area.upper_ha, ha_of(mapped_m2)});
  }

  PlotPanel panel() {
    panel_.range = {0, std::max(highest_ * 1.05, 0.1)};
    return std::move(panel_);
  }

 private:
  PlotPanel panel_;
  double highest_ = 0;
};

/// The classes with most ground at last, the largest first.
std::vector<ChangeClass> largest_classes(const AccountSite& site) {
  std::vector<std::pair<std::int64_t, ChangeClass>> classes;
  for (const LedgerRow& row : site.rows) {
    if (row.change_class && row.at == site.rows.back().at) classes.emplace_back(row.disturbed_m2, *row.change_class);
  }
  std::stable_sort(classes.begin(), classes.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<ChangeClass> result;
  for (std::size_t i = 0; i < std::min(classes.size(), most_classes); ++i) result.push_back(classes[i].second);
  return result;
}

std::string range_text(const EstimatedArea& area) {
  return fixed_text(area.value_ha, 2) + " ha (" + fixed_text(area.lower_ha, 2) + " to " + fixed_text(area.upper_ha, 2) +
         ")";
}

}  // namespace

Drawing account_plot(const AccountSite& site) {
  TimePlot plot;
  plot.title = "Site " + site.site + ": disturbed ground";
  if (site.rows.empty()) {
    plot.notes.emplace_back("Nothing was disturbed.");
  } else {
    const LedgerRow& last = site.rows.back();
    plot.notes.push_back(format_day(last.at) + ": disturbed " + range_text(last.disturbed) + ", net of recovery " +
                         range_text(last.net) + ", 95 % intervals.");
  }
  plot.notes.push_back(site.sample ? "Adjusted for omission and commission by the reference sample (Olofsson et al. "
                                     "2014).  Dates in UTC."
                                   : "Intervals by outlines and confidence of the alerts; what was missed is not in "
                                     "them.  Dates in UTC.");
  plot.legend = {{"mapped: pixels of alerts", LegendSample::filled, mapped_colour},
                 {"estimate", LegendSample::line, expected_colour},
                 {"95 % interval", LegendSample::bar, band_colour}};
  StepPanel disturbed("Disturbed, cumulative, ha", 1);
  StepPanel net("Net of recovery, ha", 1);
  const std::vector<ChangeClass> shown = largest_classes(site);
  std::vector<StepPanel> classes;
  for (const ChangeClass one : shown) {
    classes.emplace_back("Disturbed: " + std::string(name(one)) + ", cumulative, ha", class_panel);
  }
  for (const LedgerRow& row : site.rows) {
    if (!row.change_class) {
      disturbed.add(row.at, row.disturbed_m2, row.disturbed);
      net.add(row.at, row.net_m2, row.net);
      continue;
    }
    const auto of = std::find(shown.begin(), shown.end(), *row.change_class);
    if (of != shown.end()) {
      classes[static_cast<std::size_t>(of - shown.begin())].add(row.at, row.disturbed_m2, row.disturbed);
    }
  }
  plot.panels.push_back(disturbed.panel());
  plot.panels.push_back(net.panel());
  for (StepPanel& panel : classes) plot.panels.push_back(panel.panel());
  return drawing_of(plot);
}

}  // namespace pitwatch
