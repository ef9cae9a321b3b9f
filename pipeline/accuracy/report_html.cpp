#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "pipeline/accuracy/report.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch {
namespace {

constexpr const char* style = R"(
:root { --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --found: #1f5fa8; --confirmed: #b45309; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: #fff; max-width: 1120px;
       margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 36px 0 8px; }
p { margin: 0 0 10px; color: var(--soft); max-width: 75ch; }
.headline { overflow-wrap: anywhere; }
.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 20px 0; padding: 0; }
.key div { border: 1px solid var(--line); border-radius: 6px; padding: 10px 14px; }
.key dt { color: var(--soft); font-size: 13px; }
.key dd { margin: 0; font-size: 24px; font-variant-numeric: tabular-nums; }
.key small { display: block; font-size: 12px; color: var(--soft); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 24px; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: 4px; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 4px 12px 4px 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
tbody th { font-weight: 400; }
.list th, .list td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.list { font-size: 13px; }
@media print {
  body { max-width: none; padding: 0; font-size: 11px; }
  .plots { grid-template-columns: 1fr 1fr; }
  h1 { font-size: 18px; }
  h2 { font-size: 13px; margin-top: 18px; }
  p { max-width: none; }
  .key { grid-template-columns: repeat(6, 1fr); gap: 6px; margin: 10px 0; }
  .key div { padding: 5px 8px; }
  .key dt { font-size: 9px; }
  .key dd { font-size: 15px; }
  .key small { font-size: 8px; }
  .scroll { overflow: visible; }
  table { font-size: 10px; }
  .list { font-size: 8px; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
)";

std::string percent(double share) { return fixed_text(100 * share, 0) + " %"; }

// ---- plots ----------------------------------------------------------------------------------------------------

constexpr double plot_width = 520;
constexpr const char* found_colour = "var(--found)";
constexpr const char* confirmed_colour = "var(--confirmed)";

std::string text_at(double x, double y, const std::string& text, const char* anchor = "middle") {
  return "<text x=\"" + fixed_text(x, 1) + "\" y=\"" + fixed_text(y, 1) + "\" text-anchor=\"" + anchor + "\">" +
         markup_text(text) + "</text>";
}

std::string line(double x1, double y1, double x2, double y2, const char* look) {
  return "<line x1=\"" + fixed_text(x1, 1) + "\" y1=\"" + fixed_text(y1, 1) + "\" x2=\"" + fixed_text(x2, 1) +
         "\" y2=\"" + fixed_text(y2, 1) + "\" " + look + "/>";
}

std::string rectangle(double x, double y, double width, double height, const std::string& colour) {
  return "<rect x=\"" + fixed_text(x, 1) + "\" y=\"" + fixed_text(y, 1) + "\" width=\"" + fixed_text(width, 1) +
         "\" height=\"" + fixed_text(height, 1) + "\" fill=\"" + colour + "\"/>";
}

constexpr const char* grid_look = "stroke=\"#d0d7de\" stroke-width=\"1\"";
constexpr const char* axis_look = "stroke=\"#57606a\" stroke-width=\"1\"";
constexpr const char* whisker_look = "stroke=\"#1b1f24\" stroke-width=\"1.5\"";

std::string figure(const std::string& caption, const std::string& description, double height, const std::string& body) {
  return "<figure><figcaption>" + markup_text(caption) + "</figcaption><svg viewBox=\"0 0 " +
         fixed_text(plot_width, 0) + " " + fixed_text(height, 0) + "\" role=\"img\" aria-label=\"" +
         markup_text(description) + "\">" + body + "</svg></figure>\n";
}

std::string legend(double x, double y) {
  return rectangle(x, y - 10, 12, 12, found_colour) + text_at(x + 18, y, "found", "start") +
         rectangle(x + 80, y - 10, 12, 12, confirmed_colour) + text_at(x + 98, y, "confirmed", "start");
}

/// Shares of groups as pairs of horizontal bars with their intervals.
std::string share_bars(const std::string& caption, std::span<const Detection> groups) {
  constexpr double left = 130, right = 500, top = 30, step = 44, bar = 14;
  const double bottom = top + step * static_cast<double>(groups.size());
  const auto place = [&](double share) { return left + share * (right - left); };
  std::string body = legend(left, 16);
  for (int tick = 0; tick <= 4; ++tick) {
    const double share = tick / 4.0;
    body +=
        line(place(share), top, place(share), bottom, grid_look) + text_at(place(share), bottom + 18, percent(share));
  }
  std::string description = caption + ":";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Detection& group = groups[i];
    const double y = top + step * static_cast<double>(i) + 7;
    body += text_at(left - 8, y + 12, group.group, "end") +
            text_at(left - 8, y + 27, "n = " + std::to_string(group.events), "end");
    description += " " + group.group + " " + std::to_string(group.found) + " of " + std::to_string(group.events) +
                   " found, " + std::to_string(group.confirmed) + " confirmed;";
    const auto draw = [&](const Estimate& share, double bar_y, const char* colour) {
      if (!share.value) return;
      body += rectangle(left, bar_y, std::max(1.0, place(*share.value) - left), bar, colour);
      if (!share.interval) return;
      const double low = place(share.interval->low), high = place(share.interval->high), middle = bar_y + bar / 2;
      body += line(low, middle, high, middle, whisker_look) + line(low, middle - 4, low, middle + 4, whisker_look) +
              line(high, middle - 4, high, middle + 4, whisker_look);
    };
    draw(group.found_share, y, found_colour);
    draw(group.confirmed_share, y + bar + 1, confirmed_colour);
  }
  body += line(left, top, left, bottom, axis_look);
  return figure(caption, description, bottom + 28, body);
}

/// 1, 2 or 5 times a power of ten, at least `least`.
double round_step(double least) {
  double step = 1;
  while (step < least) {
    if (step * 2 >= least) return step * 2;
    if (step * 5 >= least) return step * 5;
    step *= 10;
  }
  return step;
}

std::string lag_histogram(const AccuracyReport& report) {
  std::vector<double> days;
  for (std::size_t i = 0; i < report.events.size(); ++i) {
    if (report.events[i].kind == TruthKind::disturbance && report.truth->events[i].lag_days) {
      days.push_back(*report.truth->events[i].lag_days);
    }
  }
  const std::string caption = "Days from onset to detection";
  if (days.empty())
    return figure(caption, caption + ": none found", 60, text_at(plot_width / 2, 30, "no event was found"));
  constexpr double left = 50, right = 500, top = 14, bottom = 230;
  constexpr int most_bins = 14;
  const double longest = *std::max_element(days.begin(), days.end());
  const double step = round_step(longest / most_bins);
  std::vector<std::size_t> bins(static_cast<std::size_t>(longest / step) + 1);
  for (const double lag : days) ++bins[static_cast<std::size_t>(lag / step)];
  const double tallest = static_cast<double>(*std::max_element(bins.begin(), bins.end()));
  const double tick_step = round_step(tallest / 5);
  const double highest = std::ceil(tallest / tick_step) * tick_step;
  const auto y_of = [&](double count) { return bottom - count / highest * (bottom - top); };
  const double width = (right - left) / static_cast<double>(bins.size());

  std::string body;
  for (double tick = 0; tick <= highest; tick += tick_step) {
    body += line(left, y_of(tick), right, y_of(tick), grid_look) +
            text_at(left - 8, y_of(tick) + 4, fixed_text(tick, 0), "end");
  }
  std::string description = caption + ":";
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double x = left + width * static_cast<double>(i);
    const double from = step * static_cast<double>(i);
    body += rectangle(x + 1, y_of(static_cast<double>(bins[i])), width - 2, bottom - y_of(static_cast<double>(bins[i])),
                      found_colour);
    body += text_at(x, bottom + 18, fixed_text(from, 0));
    description +=
        " " + fixed_text(from, 0) + " to " + fixed_text(from + step, 0) + " days " + std::to_string(bins[i]) + ";";
  }
  body += text_at(right, bottom + 18, fixed_text(step * static_cast<double>(bins.size()), 0));
  body +=
      line(left, bottom, right, bottom, axis_look) + text_at((left + right) / 2, bottom + 38, "days (bars: events)");
  return figure(caption, description, bottom + 46, body);
}

std::string reliability_diagram(const ConfidenceCalibration& calibration) {
  constexpr double left = 120, right = 420, top = 14, bottom = 314;
  const auto x_of = [&](double share) { return left + share * (right - left); };
  const auto y_of = [&](double share) { return bottom - share * (bottom - top); };
  std::string body;
  for (int tick = 0; tick <= 4; ++tick) {
    const double share = tick / 4.0;
    body +=
        line(left, y_of(share), right, y_of(share), grid_look) + line(x_of(share), top, x_of(share), bottom, grid_look);
    body += text_at(left - 8, y_of(share) + 4, fixed_text(share, 2), "end") +
            text_at(x_of(share), bottom + 18, fixed_text(share, 2));
  }
  body += line(left, bottom, right, top, "stroke=\"#57606a\" stroke-width=\"1\" stroke-dasharray=\"5 4\"");
  const std::string caption = "Reliability of the confidence";
  std::string description = caption + ":";
  for (const CalibrationBin& bin : calibration.bins) {
    if (!bin.mean_confidence || !bin.right_share) continue;
    const double x = x_of(*bin.mean_confidence);
    if (bin.interval) body += line(x, y_of(bin.interval->low), x, y_of(bin.interval->high), whisker_look);
    body += "<circle cx=\"" + fixed_text(x, 1) + "\" cy=\"" + fixed_text(y_of(*bin.right_share), 1) +
            "\" r=\"5\" fill=\"var(--found)\"/>";
    body += text_at(x + 9, y_of(*bin.right_share) - 6, std::to_string(bin.count), "start");
    description += " confidence " + fixed_text(*bin.mean_confidence, 2) + " share right " +
                   fixed_text(*bin.right_share, 2) + " of " + std::to_string(bin.count) + " alerts;";
  }
  body += text_at((left + right) / 2, bottom + 38, "mean confidence of a bin (numbers: alerts)");
  body += "<text transform=\"translate(" + fixed_text(left - 52, 0) + " " + fixed_text((top + bottom) / 2, 0) +
          ") rotate(-90)\" text-anchor=\"middle\">share of alerts that are right</text>";
  return figure(caption, description, bottom + 46, body);
}

// ---- page -----------------------------------------------------------------------------------------------------

std::string html_table(const ReportTable& table, const char* look) {
  std::string html = "<h2>" + markup_text(table.title) + "</h2>\n";
  if (!table.note.empty()) html += "<p>" + markup_text(table.note) + "</p>\n";
  if (table.rows.empty()) return html + "<p>None.</p>\n";
  html += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + markup_text(table.title) +
          "\"><table class=\"" + look + "\"><thead><tr>";
  for (const std::string& cell : table.head) html += "<th scope=\"col\">" + markup_text(cell) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      html += i == 0 ? "<th scope=\"row\">" + markup_text(row[i]) + "</th>" : "<td>" + markup_text(row[i]) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string key_figure(const std::string& name, const Estimate& estimate, int decimals, const std::string& unit) {
  std::string html = "<div><dt>" + markup_text(name) + "</dt><dd>";
  html += estimate.value ? fixed_text(*estimate.value, decimals) + unit : "-";
  html += "<small>";
  if (estimate.interval) {
    html += "95 %: " + fixed_text(estimate.interval->low, decimals) + " to " +
            fixed_text(estimate.interval->high, decimals);
  }
  return html + "</small></dd></div>\n";
}

std::string key_figures(const TruthScore& score) {
  return "<dl class=\"key\">\n" + key_figure("Disturbances found", score.all.found_share, 3, "") +
         key_figure("and confirmed", score.all.confirmed_share, 3, "") +
         key_figure("Median days to detection", score.found.days.median, 1, "") +
         key_figure("Alerts that are false", score.commission.false_share, 3, "") +
         key_figure("Median overlap of outlines", score.boundary.iou.median, 3, "") +
         key_figure("Brier score", score.calibration.brier, 3, "") + "</dl>\n";
}

}  // namespace

std::string report_html(const AccuracyReport& report) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Accuracy of "
      "alerts</title>\n<style>";
  html += style;
  html += "</style>\n</head>\n<body>\n<main>\n<h1>" +
          std::string(report.area_weighted ? "Accuracy of a map" : "Accuracy of alerts") +
          "</h1>\n<p class=\"headline\">" + markup_text(report_headline(report)) + "</p>\n";
  if (report.truth) {
    html += "<p>An alert hits an event when they share at least " + percent(report.min_overlap) +
            " of the smaller of the two areas and the alert was raised at or after the event's onset. Intervals: 95 %, "
            "bootstrap of " +
            std::to_string(report.bootstrap.draws) + " draws; Wilson's for single groups and bins.</p>\n" +
            key_figures(*report.truth) + "<div class=\"plots\">\n" +
            share_bars("Detection by size", report.truth->by_size) +
            share_bars("Detection by type", report.truth->by_type) + lag_histogram(report) +
            reliability_diagram(report.truth->calibration) + "</div>\n";
  }
  for (const ReportTable& table : summary_tables(report)) html += html_table(table, "figures");
  if (report.truth) html += html_table(event_table(report), "list") + html_table(false_alert_table(report), "list");
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace pitwatch
