#pragma once
// What the tests of the register share.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch::test {

/// A square of `size` degrees whose corner is `east` degrees east of 46.
inline LonLatMultiPolygon square(double east, double size = 0.01) {
  const double west = 46 + east;
  return {{{{west, 40}, {west + size, 40}, {west + size, 40 + size}, {west, 40 + size}}, {}}};
}

/// A square of `size` pixels, `x` pixels from the left.
inline PixelMultiPolygon pixels(int x, int size = 10) {
  return {{{{x, 0}, {x, size}, {x + size, size}, {x + size, 0}}, {}}};
}

inline const Grid& register_grid() {
  static const Grid grid{"EPSG:32638", {600000, 4450000}, 10, 10980, 10980};
  return grid;
}

/// As a run tells it: of a site, with a shape on register_grid() and the history so far.
inline Alert told_alert(const std::string& id, int x, const std::string& site = "Sakdrisi") {
  Alert alert;
  alert.id = id;
  alert.shape = pixels(x);
  alert.site = site;
  alert.status = AlertStatus::confirmed;
  alert.change_class = ChangeClass::bare_to_bare;
  alert.first_detected = parse_instant("2022-01-25T08:06:01.024Z");
  alert.onset_after = parse_instant("2022-01-15T00:00:00Z");
  alert.onset_before = parse_instant("2022-01-25T08:06:01.024Z");
  alert.confirmed_on = parse_instant("2022-02-04T08:06:01Z");
  alert.last_detected = alert.last_observed = parse_instant("2022-03-01T23:59:59.999Z");
  alert.observations = 4;
  alert.confidence = 0.87654;
  alert.area_ha = 1.00080048;
  alert.area_uncertainty_ha = 0.123456;
  alert.change = {{"ndvi", -0.34567}, {"bsi", 0.2}};
  alert.scenes_before = {"S2A_1"};
  alert.scenes_after = {"S2B_2", "S2B_3"};
  alert.parents = {"PW-old"};
  alert.tile = "T38TPK";
  alert.algorithm = "pitwatch 0.1.0 abc";
  const auto add = [&](Instant at, AlertEventKind kind, double area_ha, ChangeClass change_class, AlertStatus status,
                       int size) {
    alert.history.push_back({at, kind, area_ha, change_class, status, 0.55555, pixels(x, size)});
  };
  add(alert.first_detected, AlertEventKind::first_detected, 0.5, ChangeClass::vegetation_to_bare,
      AlertStatus::provisional, 7);
  add(*alert.confirmed_on, AlertEventKind::grew, 1.0008, ChangeClass::bare_to_bare, AlertStatus::confirmed, 10);
  add(*alert.confirmed_on, AlertEventKind::confirmed, 1.0008, ChangeClass::bare_to_bare, AlertStatus::confirmed, 10);
  return alert;
}

/// As the register has it.
inline OutlinedAlert registered_alert(const std::string& id, double east) {
  OutlinedAlert outlined{told_alert(id, 0), square(east)};
  outlined.alert.shape.clear();
  return outlined;
}

/// One more thing that happened to an alert.
inline void happens(Alert& alert, AlertEventKind kind, const std::string& at, double area_ha, AlertStatus status) {
  alert.last_detected = alert.last_observed = parse_instant(at);
  alert.area_ha = area_ha;
  alert.status = status;
  alert.history.push_back(
      {alert.last_observed, kind, area_ha, alert.change_class, status, alert.confidence, alert.shape});
}

/// Two alerts beside each other; the second has a hole, two parts, and little else.
inline std::vector<OutlinedAlert> registered_alerts() {
  OutlinedAlert bare = registered_alert("PW-b", 0.1);
  bare.alert.site.reset();
  bare.alert.confirmed_on.reset();
  bare.alert.tile.clear();
  bare.alert.change.clear();
  bare.alert.parents.clear();
  bare.alert.history.clear();
  bare.outline[0].holes = {{{46.102, 40.002}, {46.102, 40.004}, {46.104, 40.004}, {46.104, 40.002}}};
  bare.outline.push_back(square(0.2)[0]);
  return {registered_alert("PW-a", 0), std::move(bare)};
}

inline std::vector<Alert> told_alerts() { return {told_alert("PW-a", 0), told_alert("PW-b", 100)}; }

/// A run that has watched all sites of its alerts and one called Sakdrisi, at a time of day that says which it is.
struct Night {
  std::vector<Alert> alerts;
  std::map<std::string, SupersededWhy> watched = {{"Sakdrisi", SupersededWhy::replayed}};
  std::set<std::string> listed = {"Sakdrisi"};
  std::string now = "2024-05-01T02:00:00Z";

  RegisterUpdate update() const {
    RegisterUpdate result{{{alerts, register_grid()}}, watched, listed, parse_instant(now)};
    return result;
  }
  RunRow run() const {
    RunRow row;
    row.started_at = row.ended_at = parse_instant(now);
    row.command = "run";
    row.version = "0.1.0";
    row.options = R"({"min-area-ha": 0.05})";
    row.alerts = static_cast<int>(alerts.size());
    return row;
  }
  /// Writes it; returns whether it changed anything.
  bool into(const std::string& target) const {
    const auto write = prepare_register(target, update(), run());
    write->commit();
    return write->changed();
  }
};

inline Review review_of(Verdict verdict, const std::string& at, const std::string& reason = "seen") {
  return {verdict, "Anna", parse_instant(at), reason, false};
}

inline void add_review(const std::string& target, const std::string& id, const Review& review) {
  prepare_review(target, id, review)->commit();
}

inline const OutlinedAlert& alert_of(const RegisterContent& content, const std::string& id) {
  return *std::find_if(content.alerts.begin(), content.alerts.end(),
                       [&](const OutlinedAlert& each) { return each.alert.id == id; });
}

}  // namespace pitwatch::test
