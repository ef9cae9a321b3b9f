#pragma once
// What each acquisition showed of an alert: observations.csv beside its chips.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

enum class AlertSeen : std::uint8_t {
  clear,    // at least half of its ground
  masked,   // less
  skipped,  // the acquisition was of no use
};

inline constexpr std::array<std::string_view, 3> alert_seen_names{"clear", "masked", "skipped"};
inline std::string_view name(AlertSeen use) { return alert_seen_names[static_cast<std::size_t>(use)]; }

/// The features of the monitor, in its order.
inline constexpr std::array<std::string_view, 6> observed_features{"ndvi",        "bsi",        "mndwi",
                                                                   "log_visible", "log_swir16", "log_swir22"};

/// Means of a feature over the alert's ground that the acquisition showed clear; nothing where it showed none, or the
/// feature is not monitored there.
struct ObservedFeature {
  std::optional<double> value;
  std::optional<double> expected;  // by the model, what similar ground shares included
  std::optional<double> sd;        // standard deviation of a pixel's value around that
  friend bool operator==(const ObservedFeature&, const ObservedFeature&) = default;
};

/// A row: an acquisition that was taken in since the alert was first detected, and until some time after it closed.
struct ObservedAlert {
  std::string acquisition;  // scene id
  Instant acquired{};
  AlertSeen use = AlertSeen::clear;
  std::string why;                    // of masked: what hides most of it; of skipped: why the acquisition was of no use
  double clear_share = 0;             // of its ground, 0..1
  double detected_share = 0;          // of its ground, 0..1: where this acquisition itself showed the disturbance
  std::optional<double> probability;  // mean over its ground, by all observations so far, 0..1
  std::array<ObservedFeature, observed_features.size()> features;
  friend bool operator==(const ObservedAlert&, const ObservedAlert&) = default;
};

/// The table: a header line, then rows as they come, numbers with four decimals. Columns: acquisition, acquired, use,
/// why, clear_share, detected_share, probability, and of each feature FEATURE, FEATURE_expected, FEATURE_sd.
std::string observations_text(std::span<const ObservedAlert> rows);

/// One of its lines, with the line break.
std::string observation_line(const ObservedAlert& row);

/// The rows of an alert, in order of time; none where there is no table. Throws DataError, starting with the path: a
/// link, too large (over 64 MiB), a column that is missing, a value that is none, rows that are not in order of time.
std::vector<ObservedAlert> read_observations(const std::string& state, const std::string& site,
                                             const std::string& alert_id);

/// The rows of such a table. Throws DataError without a path.
std::vector<ObservedAlert> parse_observations(std::string_view text);

/// Writes them where read_observations() finds them, whole or not at all, and makes the folder. Throws IoError.
void write_observations(const std::string& state, const std::string& site, const std::string& alert_id,
                        std::span<const ObservedAlert> rows);

}  // namespace pitwatch
