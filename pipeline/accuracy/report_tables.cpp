#include <array>
#include <cmath>
#include <cstdio>

#include "pipeline/accuracy/report.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch {
namespace {

constexpr double m2_per_ha = 1e4;

std::string fixed(double value, int decimals) {
  const std::string result = fixed_text(value, decimals);
  const bool rounds_to_zero = result.find_first_of("123456789") == std::string::npos;
  return rounds_to_zero && result[0] == '-' ? result.substr(1) : result;
}

std::string fixed(const std::optional<double>& value, int decimals) { return value ? fixed(*value, decimals) : "-"; }

std::string range(const std::optional<Interval>& interval, int decimals) {
  return interval ? fixed(interval->low, decimals) + " to " + fixed(interval->high, decimals) : "-";
}

std::string count_of(std::size_t count) { return std::to_string(count); }

std::string day(const std::optional<Instant>& instant) { return instant ? format_day(*instant) : "-"; }

std::vector<std::string> row_of(const std::string& name, const Estimate& estimate, int decimals) {
  return {name, fixed(estimate.value, decimals), range(estimate.interval, decimals)};
}

ReportTable detection_table(const TruthScore& score) {
  ReportTable table{"Detection of disturbances",
                    "An event is found by an alert of any status, and confirmed by one that was confirmed.",
                    {"Events", "Number", "Found", "Share", "95 %", "Confirmed", "Share", "95 %"},
                    {}};
  const auto add = [&](const Detection& group, const std::string& name) {
    table.rows.push_back({name, count_of(group.events), count_of(group.found), fixed(group.found_share.value, 3),
                          range(group.found_share.interval, 3), count_of(group.confirmed),
                          fixed(group.confirmed_share.value, 3), range(group.confirmed_share.interval, 3)});
  };
  add(score.all, "all");
  for (const Detection& group : score.by_size) add(group, group.group);
  for (const Detection& group : score.by_type) add(group, group.group);
  return table;
}

std::vector<std::string> row_of(const std::string& name, const FigureSpread& spread, int decimals) {
  return {name,
          count_of(spread.count),
          fixed(spread.median.value, decimals),
          range(spread.median.interval, decimals),
          fixed(spread.mean.value, decimals),
          range(spread.mean.interval, decimals),
          fixed(spread.lower_quartile, decimals),
          fixed(spread.upper_quartile, decimals)};
}

ReportTable spread_table(const TruthScore& score) {
  return {"Delay and outlines of the disturbances found",
          "Delay from onset; clear observations are those of the event's own ground after onset, up to the detection. "
          "Outlines: "
          "all alerts on an event against its footprint.",
          {"", "Number", "Median", "95 %", "Mean", "95 %", "Lower quartile", "Upper quartile"},
          {row_of("days to detection", score.found.days, 1),
           row_of("clear observations to detection", score.found.clear_observations, 1),
           row_of("days to confirmation", score.confirmed.days, 1),
           row_of("clear observations to confirmation", score.confirmed.clear_observations, 1),
           row_of("intersection over union", score.boundary.iou, 3), row_of("area bias", score.boundary.area_bias, 3)}};
}

std::vector<ReportTable> commission_tables(const TruthScore& score) {
  const Commission& commission = score.commission;
  ReportTable verdicts{"What the alerts hit", "", {"Alerts that hit", "Number", "Area, ha"}, {}};
  constexpr std::array<const char*, 4> names{"a disturbance", "natural events, no disturbance", "decoys alone",
                                             "nothing: false"};
  for (std::size_t k = 0; k < names.size(); ++k) {
    verdicts.rows.push_back(
        {names[k], count_of(commission.by_verdict[k].count), fixed(commission.by_verdict[k].area_ha, 2)});
  }
  verdicts.rows.push_back({"of the false: on an event, before its onset", count_of(commission.before_onset), "-"});

  ReportTable rates{"False alerts",
                    "",
                    {"", "Value", "95 %"},
                    {row_of("share of alerts that are false", commission.false_share, 3),
                     row_of("the same, decoys counted as false", commission.false_or_decoy_share, 3),
                     row_of("share of the alerts' area that is false", commission.false_area_share, 3),
                     row_of("the same, decoys counted as false", commission.false_or_decoy_area_share, 3),
                     row_of("false alerts per 100 km2 and year", commission.false_per_100km2_year, 2),
                     row_of("alerts on decoys per 100 km2 and year", commission.decoy_per_100km2_year, 2)}};

  std::vector<ReportTable> tables{verdicts, rates};
  if (!commission.other_types.empty()) {
    ReportTable& others =
        tables.emplace_back(ReportTable{"Natural events and decoys",
                                        "",
                                        {"Type", "Kind", "Events", "Events hit", "Alerts", "Per 100 km2 and year"},
                                        {}});
    for (const OtherType& other : commission.other_types) {
      others.rows.push_back({other.type, std::string(name(other.kind)), count_of(other.events),
                             count_of(other.events_hit), count_of(other.alerts),
                             fixed(other.alerts_per_100km2_year, 2)});
    }
  }
  return tables;
}

std::vector<ReportTable> calibration_tables(const TruthScore& score) {
  const ConfidenceCalibration& calibration = score.calibration;
  ReportTable bins{"Calibration of confidence",
                   "An alert is right when it hits a disturbance.",
                   {"Confidence", "Alerts", "Mean confidence", "Share right", "95 %"},
                   {}};
  for (std::size_t k = 0; k < calibration_bins; ++k) {
    const CalibrationBin& bin = calibration.bins[k];
    const double from = static_cast<double>(k) / calibration_bins;
    bins.rows.push_back({fixed(from, 1) + "-" + fixed(from + 1.0 / calibration_bins, 1), count_of(bin.count),
                         fixed(bin.mean_confidence, 3), fixed(bin.right_share, 3), range(bin.interval, 3)});
  }
  return {bins,
          {"Errors of confidence",
           "",
           {"", "Value", "95 %"},
           {row_of("Brier score", calibration.brier, 4),
            row_of("expected calibration error", calibration.expected_error, 4)}}};
}

ReportTable label_table(const LabelScore& score) {
  return {"Against the label raster",
          "",
          {"", "Value"},
          {{"precision of pixels", fixed(score.precision(), 3)},
           {"recall of pixels", fixed(score.recall(), 3)},
           {"F1 of pixels", fixed(score.f1(), 3)},
           {"intersection over union of pixels", fixed(score.iou(), 3)},
           {"changed pixels in alerts", std::to_string(score.true_positives)},
           {"unchanged pixels in alerts", std::to_string(score.false_positives)},
           {"changed pixels missed", std::to_string(score.false_negatives)},
           {"objects", std::to_string(score.objects)},
           {"objects found", std::to_string(score.found)},
           {"object recall", fixed(score.object_recall(), 3)},
           {"alerts", std::to_string(score.alerts)},
           {"false alerts", std::to_string(score.false_alerts)},
           {"judged area, km2", fixed(score.judged_km2, 2)},
           {"false alerts per km2", fixed(score.false_per_km2(), 3)}}};
}

constexpr double standard_errors_of_95_percent = 1.96;

std::string plus_minus(const SampledFigure& figure, int decimals) {
  return fixed(figure.value, decimals) + " ± " + fixed(standard_errors_of_95_percent * figure.standard_error, decimals);
}

std::vector<ReportTable> area_weighted_tables(const AreaWeightedAccuracy& accuracy) {
  ReportTable matrix{"Error matrix, proportions of the area", "Rows: map. Columns: reference.", {"Map"}, {}};
  ReportTable classes{"Area-weighted accuracy",
                      "Olofsson et al. (2014); after ± half the 95 % interval.",
                      {"Class", "Samples", "User's", "Producer's", "Mapped area, ha", "Area, ha"},
                      {}};
  for (std::size_t i = 0; i < accuracy.classes.size(); ++i) {
    const ClassAccuracy& of_class = accuracy.classes[i];
    matrix.head.push_back(of_class.name);
    std::vector<std::string>& row = matrix.rows.emplace_back(std::vector{of_class.name});
    for (const double proportion : accuracy.area_proportions[i]) row.push_back(fixed(proportion, 4));
    classes.rows.push_back({of_class.name, fixed(of_class.samples, 0), plus_minus(of_class.users, 3),
                            of_class.producers ? plus_minus(*of_class.producers, 3) : "-", fixed(of_class.mapped_ha, 1),
                            plus_minus(of_class.area_ha, 1)});
  }
  classes.rows.push_back({"overall", "", plus_minus(accuracy.overall, 3), "", "", ""});
  return {matrix, classes};
}

void append(std::vector<ReportTable>& to, std::vector<ReportTable> from) {
  for (ReportTable& table : from) to.push_back(std::move(table));
}

std::string ids_of(const AccuracyReport& report, std::span<const std::size_t> events) {
  std::string ids;
  for (const std::size_t event : events) ids += (ids.empty() ? "" : ", ") + report.events[event].id;
  return ids;
}

}  // namespace

std::vector<ReportTable> summary_tables(const AccuracyReport& report) {
  std::vector<ReportTable> tables;
  if (report.truth) {
    tables.push_back(detection_table(*report.truth));
    tables.push_back(spread_table(*report.truth));
    append(tables, commission_tables(*report.truth));
    append(tables, calibration_tables(*report.truth));
  }
  if (report.label) tables.push_back(label_table(*report.label));
  if (report.area_weighted) append(tables, area_weighted_tables(*report.area_weighted));
  return tables;
}

ReportTable event_table(const AccuracyReport& report) {
  ReportTable table{"All events",
                    "",
                    {"Event", "Site", "Kind", "Type", "Area, ha", "Onset", "Found", "Days", "Clear observations",
                     "Confirmed", "Days", "IoU", "Area bias"},
                    {}};
  for (std::size_t i = 0; i < report.events.size(); ++i) {
    const ScoredEvent& event = report.events[i];
    const EventMatch& match = report.matching.events[i];
    const EventFigures& figures = report.truth->events[i];
    table.rows.push_back({event.id, event.site.empty() ? "-" : event.site, std::string(name(event.kind)), event.type,
                          fixed(event.area_m2 / m2_per_ha, 2), format_day(event.onset), day(match.found),
                          fixed(figures.lag_days, 1), fixed(figures.lag_observations, 0), day(match.confirmed),
                          fixed(figures.confirmed_lag_days, 1), fixed(figures.iou, 2), fixed(figures.area_bias, 2)});
  }
  return table;
}

ReportTable false_alert_table(const AccuracyReport& report) {
  ReportTable table{"Alerts that hit no disturbance",
                    "",
                    {"Alert", "Class", "Status", "First detected", "Confirmed", "Confidence", "Area, ha", "Hits"},
                    {}};
  for (std::size_t i = 0; i < report.alerts.size(); ++i) {
    const ScoredAlert& alert = report.alerts[i];
    const AlertMatch& match = report.matching.alerts[i];
    if (match.verdict == AlertVerdict::right) continue;
    std::string hits = match.before_onset ? "nothing: before the onset" : "nothing";
    if (match.verdict == AlertVerdict::natural) hits = "natural: " + ids_of(report, match.events);
    if (match.verdict == AlertVerdict::decoy) hits = "decoy: " + ids_of(report, match.events);
    table.rows.push_back({alert.id, alert.change_class, alert.status, format_day(alert.first_detected),
                          day(alert.confirmed_on), fixed(alert.confidence, 2), fixed(alert.area_m2 / m2_per_ha, 2),
                          hits});
  }
  return table;
}

std::string report_headline(const AccuracyReport& report) {
  if (report.area_weighted) return "samples of " + report.samples_name + ", strata of " + report.strata_name;
  std::string text = report.alerts_name;
  if (!report.where.empty()) text += " (" + report.where + ")";
  if (report.truth) {
    text += ", " + count_of(report.alerts.size()) + " alerts, against " + report.truth_name + ", " +
            count_of(report.events.size()) + (report.synthetic ? " synthetic events" : " events");
    if (!report.made_by.empty()) text += " made by " + report.made_by;
    if (report.observed) {
      text += ", " + format_day(report.observed->from) + " to " + format_day(report.observed->until) + " on " +
              fixed(report.observed->area_km2, 1) + " km2";
    }
  }
  if (report.events_aside > 0) {
    text += "; " + count_of(report.events_aside) + " events of other times and " + count_of(report.alerts_aside) +
            " alerts on them set aside";
  }
  if (report.alerts_outside > 0) {
    text += "; " + count_of(report.alerts_outside) + " alerts first detected at other times set aside";
  }
  if (report.label) text += (report.truth ? " and " : " against ") + report.label_name;
  return text;
}

}  // namespace pitwatch
