#pragma once
// What whoever looks on is shown of an acquisition.

#include "pipeline/acquisition/record.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {

/// An acquisition that was just taken in. All of it is good for the duration of the call alone.
struct AcquisitionTaken {
  const AcquisitionRecord& record;
  const ObservationPlanes& planes;      // as they were measured; of no use where record.skipped says why
  const ObservationFeatures& features;  // likewise
  const Observation* observation;       // of this acquisition; none where it was skipped or is of the history
  const SiteState& state;               // after it
};

}  // namespace pitwatch
