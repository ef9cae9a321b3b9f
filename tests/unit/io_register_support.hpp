#pragma once
// What the tests of the register share.

#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/register.hpp"

namespace pitwatch::test {

/// A square of `size` degrees whose corner is `east` degrees east of 46.
inline LonLatMultiPolygon square(double east, double size = 0.01) {
  const double west = 46 + east;
  return {{{{west, 40}, {west + size, 40}, {west + size, 40 + size}, {west, 40 + size}}, {}}};
}

inline OutlinedAlert registered_alert(const std::string& id, double east) {
  OutlinedAlert outlined;
  Alert& alert = outlined.alert;
  alert.id = id;
  alert.site = "Sakdrisi";
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
  alert.history = {{alert.first_detected, AlertEventKind::first_detected, 0.5, ChangeClass::vegetation_to_bare},
                   {*alert.confirmed_on, AlertEventKind::grew, 1.0008, ChangeClass::bare_to_bare},
                   {*alert.confirmed_on, AlertEventKind::reclassified, 1.0008, ChangeClass::bare_to_bare},
                   {*alert.confirmed_on, AlertEventKind::confirmed, 1.0008, ChangeClass::bare_to_bare}};
  outlined.outline = square(east);
  return outlined;
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

inline Review review_of(Verdict verdict, const std::string& at, const std::string& reason = "seen") {
  return {verdict, "Anna", parse_instant(at), reason, false};
}

}  // namespace pitwatch::test
