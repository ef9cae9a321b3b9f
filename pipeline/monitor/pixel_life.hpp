#pragma once
// From evidence to a status: what an observation does in the life of a pixel. Pure functions of one pixel; used inside
// this folder only.

#include "pipeline/monitor/options.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// Whether something is open at a pixel.
inline bool is_alert(PixelStatus status) {
  return status == PixelStatus::provisional || status == PixelStatus::confirmed || status == PixelStatus::recovering;
}

/// Log odds that decisions need, at the false alarms that are accepted.
struct DecisionLogOdds {
  float provisional = 0;
  float confirm = 0;
};

/// What a counted observation shows, as decisions need it.
struct PixelFinding {
  float evidence = 0;        // log odds of disturbance, neighbours included
  bool is_clean = false;     // the observation agrees with the model
  float ndvi_residual = 0;   // observed less expected
  float ndvi_deviation = 0;  // of that
};

/// Whether a pixel that is no alert becomes one.
bool opens(PixelStatus status, const PixelFinding& finding, const DecisionLogOdds& needed);

/// Opens an alert at a pixel: the evidence rests on its newest `observations`.
void open(PixelStatus& status, PixelHistory& history, const RecentObservations& recent, std::size_t observations,
          const PixelFinding& finding, ObservationNumber now);

/// Moves a pixel that is an alert on: to confirmed, recovering, or closed. Only clean observations in a row close it.
/// `history` has this observation among those since onset.
void move_on(PixelStatus& status, PixelHistory& history, const PixelCounts& counts, const PixelFinding& finding,
             const DecisionLogOdds& needed, const MonitorOptions& options, ObservationNumber now);

}  // namespace pitwatch
