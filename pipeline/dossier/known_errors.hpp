#pragma once
// How often the nightly run is wrong, as it was measured: the one place of these figures in the code. Source:
// benchmarks/README.md, "Detection in simulated series" (six seeds of both sample sites, learnt from 2019 to 2021),
// "Detection by size and type on simulated pairs" (bias of areas), "Classes" and "Semi-real series". A change there is
// a change here.

#include <array>
#include <span>

#include "pipeline/core/alert.hpp"

namespace pitwatch {

inline constexpr const char* known_errors_source = "benchmarks/README.md";

/// Disturbances of a size: [from_ha, to_ha); to_ha 0: and more.
struct KnownDetection {
  double from_ha = 0;
  double to_ha = 0;
  int events = 0;
  double found = 0;      // share that was an alert on any night
  double confirmed = 0;  // share that was a confirmed one
  int median_days = 0;   // from onset to the alert
  double area_bias = 0;  // of areas on simulated pairs: alert over event, less 1, median
};
std::span<const KnownDetection> known_detections();
const KnownDetection& known_detection(double area_ha);

/// What the alerts of those series turned out to be.
struct KnownAlerts {
  bool confirmed = false;
  int alerts = 0;
  int disturbance = 0;
  int natural = 0;
  int decoy = 0;  // building sites, ploughed fields, landslides, ...
  int nothing = 0;
  double false_per_100_km2_year = 0;
};
inline constexpr std::array<KnownAlerts, 2> known_alerts{
    {{false, 398, 227, 13, 86, 72, 45}, {true, 323, 215, 13, 69, 26, 16}}};

/// The present monitor over real images with disturbances put in ("Semi-real series"), default settings: of 0.1 ha and
/// more.
struct KnownOnRealImages {
  int series = 0;
  int events = 0;
  double found = 0;      // share that was an alert on any night
  double confirmed = 0;  // share that was a confirmed one
  double false_any = 0;  // alerts of nothing per 100 km2 and year
  double false_confirmed = 0;
};
inline constexpr KnownOnRealImages known_on_real_images{6, 252, .984, .980, 1.5, 0};

/// Which share of the disturbances or events of a kind is named so.
struct KnownKind {
  ChangeClass change_class = ChangeClass::unknown;
  int cases = 0;
  double right = 0;
};
inline constexpr std::array<KnownKind, 4> known_kinds{{{ChangeClass::vegetation_to_bare, 39, .97},
                                                       {ChangeClass::bare_to_bare, 25, .52},
                                                       {ChangeClass::to_water, 10, .80},
                                                       {ChangeClass::burn, 9, .89}}};

}  // namespace pitwatch
