#pragma once
// The series of one pixel as the nightly engine saw it, and its forms for people and programs.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/state.hpp"
#include "pipeline/plot/drawing.hpp"

namespace pitwatch {

/// What an observation saw of the pixel.
enum class PixelSeen : std::uint8_t {
  nothing,   // no measurement, or the observation was left out
  masked,    // cloud, shadow, snow, saturated, or near to cloud
  screened,  // missed cloud or shadow by its spectrum
  clear,
};
inline constexpr std::array<std::string_view, 4> pixel_seen_names{"nothing", "masked", "screened", "clear"};
inline std::string_view name(PixelSeen seen) { return pixel_seen_names[static_cast<std::size_t>(seen)]; }

/// One observation. Numbers are NaN where there is none.
struct PixelObservationReport {
  Instant when{};
  std::string scene;
  PixelSeen seen = PixelSeen::nothing;
  std::string why;        // unless it is clear and used
  bool learning = false;  // of the history: expectation and noise are those of the model learnt from it
  PixelReflectance reflectance{};
  FeatureVector observed{};
  FeatureVector modelled{};   // the season's expectation
  FeatureVector shared{};     // what similar ground around did besides; of observations that were used
  FeatureVector noise{};      // standard deviation expected of observed - modelled - shared
  float residual_length = 0;  // of the whitened residual, as it counted
  float own_evidence = 0;     // log odds by the pixel's own observations
  float evidence = 0;         // log odds, neighbours included
  float probability = 0;
  std::optional<PixelStatus> status = PixelStatus::not_judged;  // nothing: not kept
  std::string decision;                                         // what changed
  std::vector<std::pair<std::string, AlertStatus>> incidents;   // whose ground holds the pixel after the observation
};

/// (observed - modelled - shared) / noise, NaN where one is missing.
float deviation_sigma(const PixelObservationReport& observation, Feature feature);

/// What a state says of the pixel after the newest acquisition that it holds.
struct PixelStateReport {
  std::string checkpoint;  // path
  Instant as_of{};         // that acquisition
  PixelStatus status = PixelStatus::not_judged;
  float own_evidence = 0;  // log odds by the pixel's own observations; NaN where it is not judged
  // Nothing where it never was.
  std::optional<Instant> first_detected;
  std::optional<Instant> confirmed_on;
  std::optional<Instant> onset_after;   // last clear observation undisturbed
  std::optional<Instant> onset_before;  // first clear observation disturbed
  std::optional<Instant> last_detected;
  std::optional<Instant> last_clear;
  int observations_since_onset = 0;  // clear ones
};

struct PixelReport {
  std::string site;
  std::string algorithm;  // version and hash of the options, as the site's alerts name it
  ExtraFeatures extra;    // that were asked for; their numbers are not scaled here
  LonLat asked;
  LonLat middle;  // of the pixel
  std::string crs;
  MapPoint middle_m;  // in that CRS
  int column = 0;     // on the site's grid
  int row = 0;
  std::optional<PixelStateReport> state;                     // of a report that quotes a state
  std::vector<PixelObservationReport> observations;          // in order of time
  std::vector<std::pair<std::string, std::string>> skipped;  // scene or file, and why
};

/// Name of a feature, of an extra one its own.
std::string name_of(const PixelReport& report, Feature feature);

/// The features in which observations of the disturbed pixel deviated most, in any observation where it never was; in
/// their order.
std::vector<Feature> telling_features(const PixelReport& report, std::size_t count);

/// Lines for people: the pixel, then a row per observation with the given features.
std::string pixel_table(const PixelReport& report, const std::vector<Feature>& features);

/// A row per observation, all columns; empty cells for what there is not.
std::string pixel_csv(const PixelReport& report);

/// An object with the pixel and `observations`; null for what there is not.
std::string pixel_json(const PixelReport& report);

/// Panels of the given features, and of probability.
Drawing pixel_plot(const PixelReport& report, const std::vector<Feature>& features);

}  // namespace pitwatch
