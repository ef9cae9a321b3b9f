#pragma once
// Alerts and events on paper, for the tests of pipeline/accuracy.

#include <string>
#include <vector>

#include "pipeline/accuracy/truth_score.hpp"

namespace pitwatch::test {

/// Midnight of a day of 2024, counted from 1 January as day 0.
inline Instant day(int number) { return parse_instant("2024-01-01") + std::chrono::days(number); }

inline ScoredEvent event(const std::string& id, TruthType type, int onset_day, double area_m2) {
  ScoredEvent made;
  made.id = id;
  made.kind = info(type).kind;
  made.type = name(type);
  made.onset = day(onset_day);
  made.area_m2 = area_m2;
  return made;
}

inline ScoredAlert alert(const std::string& id, int first_day, double area_m2, double confidence = 1) {
  ScoredAlert made;
  made.id = id;
  made.status = "provisional";
  made.change_class = "vegetation_to_bare";
  made.first_detected = day(first_day);
  made.confidence = confidence;
  made.area_m2 = area_m2;
  return made;
}

}  // namespace pitwatch::test
