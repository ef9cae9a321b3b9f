#include "pipeline/monitor/pixel_life.hpp"

#include <algorithm>

namespace pitwatch {

bool opens(PixelStatus status, const PixelFinding& finding, const DecisionLogOdds& needed) {
  return !is_alert(status) && finding.evidence >= needed.provisional;
}

void open(PixelStatus& status, PixelHistory& history, const RecentObservations& recent, std::size_t observations,
          const PixelFinding& finding, ObservationNumber now) {
  status = PixelStatus::provisional;
  history.first_detected = now;
  history.confirmed_on = no_observation;
  history.onset_before = recent.observation[observations - 1];
  history.onset_after =
      observations < static_cast<std::size_t>(recent.count) ? recent.observation[observations] : no_observation;
  history.last_detected = now;
  history.observations_since_onset = static_cast<std::int32_t>(observations);
  history.vegetation_lost = std::max(0.0F, -finding.ndvi_residual);
}

void move_on(PixelStatus& status, PixelHistory& history, const PixelCounts& counts, const PixelFinding& finding,
             const DecisionLogOdds& needed, const MonitorOptions& options, ObservationNumber now) {
  history.vegetation_lost = std::max(history.vegetation_lost, -finding.ndvi_residual);
  if (!finding.is_clean) history.last_detected = now;
  if (status == PixelStatus::provisional) {
    if (counts.clean_in_row >= options.close_provisional_observations) {
      status = PixelStatus::closed;
    } else if (finding.evidence >= needed.confirm && history.observations_since_onset >= options.confirm_observations) {
      status = PixelStatus::confirmed;
      history.confirmed_on = now;
    }
    return;
  }
  if (counts.clean_in_row >= options.close_confirmed_observations) {
    status = PixelStatus::closed;
    return;
  }
  const bool vegetation_was_lost = history.vegetation_lost > options.lost_sigma * finding.ndvi_deviation;
  const bool is_back = -finding.ndvi_residual < (1 - options.recovered_share) * history.vegetation_lost;
  if (vegetation_was_lost) status = is_back ? PixelStatus::recovering : PixelStatus::confirmed;
}

}  // namespace pitwatch
