#pragma once
// How well alerts tell what happened: figures of detection, delay, commission, outlines and confidence.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/accuracy/bootstrap.hpp"
#include "pipeline/accuracy/matching.hpp"

namespace pitwatch {

/// A figure; nothing where there is nothing to compute it of.
struct Estimate {
  std::optional<double> value;
  std::optional<Interval> interval;
};

/// How some values are spread. All nothing where `count` is 0.
struct FigureSpread {
  std::size_t count = 0;
  Estimate mean;
  Estimate median;
  std::optional<double> lower_quartile;
  std::optional<double> upper_quartile;
};

/// Probability of detection among some events of kind disturbance: events hit by an alert of any status, and events hit
/// by an alert that was confirmed. An event counts once however many alerts hit it.
struct Detection {
  std::string group;
  std::size_t events = 0;
  std::size_t found = 0;
  std::size_t confirmed = 0;
  Estimate found_share;
  Estimate confirmed_share;
};

/// From an event's onset to its detection, of the disturbances found.
struct Lag {
  FigureSpread days;                // of 24 hours
  FigureSpread clear_observations;  // how many of the event's clear observations lie in (onset, detection]; of events
                                    // whose observations are known
};

/// Alerts and events of one type that is no disturbance.
struct OtherType {
  TruthKind kind = TruthKind::decoy;
  std::string type;
  std::size_t events = 0;
  std::size_t events_hit = 0;
  std::size_t alerts = 0;  // with that verdict that hit one of them
  std::optional<double> alerts_per_100km2_year;
};

/// Sums over the alerts of one verdict.
struct AlertSum {
  std::size_t count = 0;
  double area_ha = 0;
};

struct Commission {
  std::array<AlertSum, 4> by_verdict;  // by AlertVerdict
  std::size_t before_onset = 0;        // false alerts that lie on an event that had not begun
  Estimate false_share;                // of all alerts, by count
  Estimate false_or_decoy_share;
  Estimate false_area_share;  // of the area of all alerts
  Estimate false_or_decoy_area_share;
  Estimate false_per_100km2_year;  // nothing where the observed ground is unknown
  Estimate decoy_per_100km2_year;
  std::vector<OtherType> other_types;  // natural first, then by name
};

/// Over the disturbances found.
struct Boundary {
  FigureSpread iou;        // intersection over union of all alerts that hit the event, taken as one, and its footprint
  FigureSpread area_bias;  // sum of their areas / area of the event - 1
};

/// An alert is right when it hits a disturbance.
struct CalibrationBin {
  std::size_t count = 0;
  std::optional<double> mean_confidence;
  std::optional<double> right_share;
  std::optional<Interval> interval;  // of the share, Wilson
};

inline constexpr std::size_t calibration_bins = 10;

struct ConfidenceCalibration {
  std::array<CalibrationBin, calibration_bins> bins;  // [0, 0.1), [0.1, 0.2), ... [0.9, 1]
  Estimate brier;  // mean of (confidence - right)^2 (Brier 1950, "Verification of forecasts expressed in terms of
                   // probability")
  Estimate expected_error;  // mean over alerts of |right share - mean confidence| of their bin (Naeini et al. 2015)
};

/// What is known of an event that was found; nothing for one that was not.
struct EventFigures {
  std::optional<double> lag_days;
  std::optional<double> lag_observations;
  std::optional<double> confirmed_lag_days;
  std::optional<double> confirmed_lag_observations;
  std::optional<double> iou;
  std::optional<double> area_bias;
};

/// The alerts that hit an event, taken as one, against it.
struct EventUnion {
  double union_m2 = 0;
  double intersection_m2 = 0;
};

struct TruthScore {
  Detection all;
  std::vector<Detection> by_size;  // all classes of size_classes(), in order
  std::vector<Detection> by_type;  // by name
  Lag found;
  Lag confirmed;
  Commission commission;
  Boundary boundary;
  ConfidenceCalibration calibration;
  std::vector<EventFigures> events;  // one for each event
};

/// An event's size class: [from_ha, to_ha).
struct SizeClass {
  double from_ha;
  double to_ha;
  const char* name;
};
std::span<const SizeClass> size_classes();

struct TruthScoreInputs {
  std::span<const ScoredAlert> alerts;
  std::span<const ScoredEvent> events;
  const Matching& matching;
  std::span<const EventUnion> unions;        // one for each event; not read for events that are not hit
  std::optional<double> observed_km2_years;  // area times period in which alerts could appear
};

/// Intervals of the main figures are bootstrapped, over disturbances for detection, lag and boundary and over alerts
/// for commission and calibration; those of a size class, a type or a bin, whose counts are small, are Wilson's.
TruthScore score_against_truth(const TruthScoreInputs& inputs, const BootstrapOptions& bootstrap);

}  // namespace pitwatch
