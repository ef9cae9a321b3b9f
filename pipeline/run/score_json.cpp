#include <array>
#include <nlohmann/json.hpp>

#include "pipeline/run/score.hpp"

namespace pitwatch {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array<const char*, 4> verdict_names{"disturbance", "natural", "decoy", "false"};

json of(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json of(const std::optional<Instant>& value) { return value ? json(format_instant(*value)) : json(nullptr); }

json of(const std::optional<Interval>& value) { return value ? json::array({value->low, value->high}) : json(nullptr); }

json of(const Estimate& estimate) { return {{"value", of(estimate.value)}, {"interval_95", of(estimate.interval)}}; }

json of(const FigureSpread& spread) {
  return {{"count", spread.count},
          {"median", of(spread.median)},
          {"mean", of(spread.mean)},
          {"lower_quartile", of(spread.lower_quartile)},
          {"upper_quartile", of(spread.upper_quartile)}};
}

json of(const Detection& group) {
  return {{"group", group.group},         {"events", group.events},
          {"found", group.found},         {"found_share", of(group.found_share)},
          {"confirmed", group.confirmed}, {"confirmed_share", of(group.confirmed_share)}};
}

json of(std::span<const Detection> groups) {
  json list = json::array();
  for (const Detection& group : groups) list.push_back(of(group));
  return list;
}

json of(const Lag& lag) { return {{"days", of(lag.days)}, {"clear_observations", of(lag.clear_observations)}}; }

json of(const Commission& commission) {
  json alerts = json::object();
  for (std::size_t k = 0; k < verdict_names.size(); ++k) {
    alerts[verdict_names[k]] = {{"count", commission.by_verdict[k].count},
                                {"area_ha", commission.by_verdict[k].area_ha}};
  }
  json others = json::array();
  for (const OtherType& other : commission.other_types) {
    others.push_back({{"type", other.type},
                      {"kind", name(other.kind)},
                      {"events", other.events},
                      {"events_hit", other.events_hit},
                      {"alerts", other.alerts},
                      {"alerts_per_100km2_year", of(other.alerts_per_100km2_year)}});
  }
  return {{"alerts_by_hit", alerts},
          {"false_before_onset", commission.before_onset},
          {"false_share", of(commission.false_share)},
          {"false_or_decoy_share", of(commission.false_or_decoy_share)},
          {"false_area_share", of(commission.false_area_share)},
          {"false_or_decoy_area_share", of(commission.false_or_decoy_area_share)},
          {"false_per_100km2_year", of(commission.false_per_100km2_year)},
          {"decoy_per_100km2_year", of(commission.decoy_per_100km2_year)},
          {"other_types", others}};
}

json of(const ConfidenceCalibration& calibration) {
  json bins = json::array();
  for (const CalibrationBin& bin : calibration.bins) {
    bins.push_back({{"count", bin.count},
                    {"mean_confidence", of(bin.mean_confidence)},
                    {"right_share", of(bin.right_share)},
                    {"interval_95", of(bin.interval)}});
  }
  return {{"brier", of(calibration.brier)}, {"expected_error", of(calibration.expected_error)}, {"bins", bins}};
}

json events_of(const AccuracyReport& report) {
  json list = json::array();
  for (std::size_t i = 0; i < report.events.size(); ++i) {
    const ScoredEvent& event = report.events[i];
    const EventMatch& match = report.matching.events[i];
    const EventFigures& figures = report.truth->events[i];
    json alerts = json::array();
    for (const std::size_t alert : match.alerts) alerts.push_back(report.alerts[alert].id);
    list.push_back({{"id", event.id},
                    {"site", event.site.empty() ? json(nullptr) : json(event.site)},
                    {"kind", name(event.kind)},
                    {"type", event.type},
                    {"onset", format_instant(event.onset)},
                    {"area_ha", event.area_m2 / 1e4},
                    {"found", of(match.found)},
                    {"lag_days", of(figures.lag_days)},
                    {"lag_clear_observations", of(figures.lag_observations)},
                    {"confirmed", of(match.confirmed)},
                    {"confirmed_lag_days", of(figures.confirmed_lag_days)},
                    {"confirmed_lag_clear_observations", of(figures.confirmed_lag_observations)},
                    {"iou", of(figures.iou)},
                    {"area_bias", of(figures.area_bias)},
                    {"alerts", alerts}});
  }
  return list;
}

json false_alerts_of(const AccuracyReport& report) {
  json list = json::array();
  for (std::size_t i = 0; i < report.alerts.size(); ++i) {
    const ScoredAlert& alert = report.alerts[i];
    const AlertMatch& match = report.matching.alerts[i];
    if (match.verdict == AlertVerdict::right) continue;
    json events = json::array();
    for (const std::size_t event : match.events) events.push_back(report.events[event].id);
    list.push_back({{"id", alert.id},
                    {"hits", verdict_names[static_cast<std::size_t>(match.verdict)]},
                    {"before_onset", match.before_onset},
                    {"class", alert.change_class},
                    {"status", alert.status},
                    {"first_detected", format_instant(alert.first_detected)},
                    {"confidence", alert.confidence},
                    {"area_ha", alert.area_m2 / 1e4},
                    {"events", events}});
  }
  return list;
}

json of(const LabelScore& score) {
  return {{"precision", score.precision()},
          {"recall", score.recall()},
          {"f1", score.f1()},
          {"iou", score.iou()},
          {"object_recall", of(score.object_recall())},
          {"false_per_km2", of(score.false_per_km2())},
          {"tp", score.true_positives},
          {"fp", score.false_positives},
          {"fn", score.false_negatives},
          {"objects", score.objects},
          {"found", score.found},
          {"false_alerts", score.false_alerts},
          {"alerts", score.alerts},
          {"km2", score.judged_km2}};
}

json of(const SampledFigure& figure) {
  constexpr double standard_errors_of_95_percent = 1.96;
  const double reach = standard_errors_of_95_percent * figure.standard_error;
  return {{"value", figure.value},
          {"standard_error", figure.standard_error},
          {"interval_95", json::array({figure.value - reach, figure.value + reach})}};
}

json of(const AreaWeightedAccuracy& accuracy) {
  json classes = json::array();
  for (const ClassAccuracy& of_class : accuracy.classes) {
    classes.push_back({{"class", of_class.name},
                       {"mapped_ha", of_class.mapped_ha},
                       {"samples", of_class.samples},
                       {"users", of(of_class.users)},
                       {"producers", of_class.producers ? of(*of_class.producers) : json(nullptr)},
                       {"area_ha", of(of_class.area_ha)}});
  }
  return {{"overall", of(accuracy.overall)},
          {"classes", classes},
          {"sample_counts", accuracy.sample_counts},
          {"area_proportions", accuracy.area_proportions}};
}

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json inputs_of(const AccuracyReport& report) {
  if (report.area_weighted) return {{"samples", report.samples_name}, {"strata", report.strata_name}};
  return {{"alerts", report.alerts_name},
          {"truth", text_or_null(report.truth_name)},
          {"label", text_or_null(report.label_name)},
          {"where", text_or_null(report.where)}};
}

}  // namespace

std::string report_json(const AccuracyReport& report) {
  json document = {{"inputs", inputs_of(report)}};
  if (report.truth) {
    const TruthScore& score = *report.truth;
    json observed = nullptr;
    if (report.observed) {
      observed = {{"from", format_instant(report.observed->from)},
                  {"until", format_instant(report.observed->until)},
                  {"area_km2", report.observed->area_km2}};
    }
    document["truth"] = {
        {"synthetic", report.synthetic},
        {"made_by", text_or_null(report.made_by)},
        {"observed", observed},
        {"events_set_aside", report.events_aside},
        {"alerts_set_aside", report.alerts_aside},
        {"alerts_outside_period", report.alerts_outside},
        {"min_overlap", report.min_overlap},
        {"bootstrap", {{"draws", report.bootstrap.draws}, {"seed", report.bootstrap.seed}}},
        {"detection", {{"all", of(score.all)}, {"by_size", of(score.by_size)}, {"by_type", of(score.by_type)}}},
        {"lag", {{"found", of(score.found)}, {"confirmed", of(score.confirmed)}}},
        {"commission", of(score.commission)},
        {"boundary", {{"iou", of(score.boundary.iou)}, {"area_bias", of(score.boundary.area_bias)}}},
        {"calibration", of(score.calibration)},
        {"events", events_of(report)},
        {"false_alerts", false_alerts_of(report)}};
  }
  if (report.label) {
    document["label"] = of(*report.label);
    document["label"]["min_area_ha"] = report.min_area_ha;
  }
  if (report.area_weighted) document["area_weighted"] = of(*report.area_weighted);
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pitwatch
