#pragma once
// The ledger of disturbed ground: which pixels were disturbed by when, which of them are so still, and by what. Counted
// in pixels, so that ground that several alerts hold counts once.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"

namespace pitwatch {

/// A pixel of the grid of a UTM zone: zone, row and column in one number.
using PixelKey = std::uint64_t;

/// From `at` on an alert holds these pixels, until its next event; none where it is closed or another goes on for it.
struct HeldGround {
  Instant at{};
  std::vector<PixelKey> pixels;  // ascending
  AlertStatus status = AlertStatus::provisional;
};

/// Alerts that became one: the one that stands today and those that it stands for.
struct LedgerObject {
  std::string id;
  ChangeClass change_class = ChangeClass::unknown;  // as known now
  double confidence = 0;                            // that people disturbed it, 0..1, as known now
  double area_uncertainty_ha = 0;                   // one standard deviation, of `area_ha`
  double area_ha = 0;
  std::vector<std::vector<HeldGround>> members;  // the course of each alert, in order of time
};

/// A best estimate with the bounds of its 95 % interval, hectares.
struct EstimatedArea {
  double value_ha = 0;
  double lower_ha = 0;
  double upper_ha = 0;
};

/// What was disturbed up to a time, of a class or of all. Areas are whole square metres; those of the classes add up to
/// that of all.
struct LedgerRow {
  Instant at{};
  std::optional<ChangeClass> change_class;  // nothing: all of them
  std::int64_t disturbed_m2 = 0;            // ever, each pixel once
  std::int64_t recovered_m2 = 0;            // of that, what no alert holds any more
  std::int64_t recovering_m2 = 0;           // of what is held, ground of alerts that recover: most of it is green again
  std::int64_t provisional_m2 = 0;          // of what is held, ground of alerts that are not confirmed yet
  std::int64_t net_m2 = 0;                  // held: disturbed - recovered
  std::size_t objects = 0;                  // that ground of the class is attributed to
  EstimatedArea disturbed;
  EstimatedArea net;
};

/// The area of a pixel, square metres.
struct PixelArea {
  PixelKey key = 0;
  double area_m2 = 0;
};

/// The rows of one site: for each time its classes, in the order of their codes, then all. Times are those of events.
/// A pixel belongs to the object that held it last. `pixels`: every pixel of the objects, ascending.
///
/// The estimate is the sum of p_i a_i, where a_i is the ground of object i and p_i its confidence: what is false is
/// expected to be so much of it. Its variance is (sum of s_i)^2 + sum of p_i (1 - p_i) a_i^2: outlines err together
/// (s_i, the uncertainty of the object's area, by the root of how much of it a_i is), whether an object is one at all
/// does not. The interval is 1.96 standard deviations, not below 0. Ground that was never an alert is not in it.
std::vector<LedgerRow> ledger_rows(std::span<const LedgerObject> objects, std::span<const PixelArea> pixels);

/// Rows at these times alone, each as it stood then: the last row of its class up to the time. Times before the first
/// event have none.
std::vector<LedgerRow> rows_at(std::span<const LedgerRow> rows, std::span<const Instant> times);

/// The last instants of the months from that of the first row on, up to that of the last one, whose end is `until`.
std::vector<Instant> month_ends(std::span<const LedgerRow> rows, Instant until);

}  // namespace pitwatch
