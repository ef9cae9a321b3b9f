#pragma once
// One observation of a watched site: evidence, probability and status of each pixel.

#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/regional_anomaly.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// What an observation did at a pixel.
enum class ObservationUse : std::uint8_t {
  unseen,    // masked, no data, or no model
  screened,  // missed cloud or shadow by its spectrum
  used,
  learnt,          // of a season that the model does not know yet: taken into it, not judged
  another_season,  // as the pixel is at another season, while the history is short: undisturbed, not taken into the
                   // model
  same_sky,        // an observation just before, under the same sky (one_sky), has told of this pixel already
};

/// Whether the observation counted in the evidence.
inline bool counts(ObservationUse use) { return use == ObservationUse::used || use == ObservationUse::another_season; }

/// Result of an observation, pixel by pixel (row-major, without padding); also the memory that observing needs, to be
/// kept from observation to the next.
struct Observation {
  PixelVector<float> evidence;     // log odds that the ground is disturbed, neighbours included
  PixelVector<float> probability;  // the same as 0..1
  PixelVector<PixelStatus> status;
  PixelVector<ObservationUse> use;
  PixelVector<std::uint8_t> undisturbed;  // 1 where the observation agrees with the model, and was taken into it
  PixelVector<std::uint8_t> sight;        // kernels::SightBit, of pixels that were seen
  PixelVector<std::uint8_t> clean;        // 1 where a counted observation agrees with the model
  /// Of pixels that were seen: observed - expected - what similar ground shares, and the deviation expected of it.
  ObservationResiduals residuals;
  RegionalAnomaly anomaly;
};

/// Takes one observation into the state and judges each pixel by all of its recent observations. Observations must come
/// in order of time.
///
/// Evidence of a pixel is the largest over k = 1..6 of the Bayes factor (Kass & Raftery 1995, JASA 90) of "the mean of
/// the last k whitened residuals is shifted in some direction" against "it is not", both normal:
///   log B = |m|^2 / 2 (1 / v0 - 1 / v1) - d / 2 log(v1 / v0),   v0 = (1 + passing_error) / k + lasting error of the
///   pixel (season_model.hpp), v1 = v0 + shift^2,
/// with d features, times the share that fits disturbed ground (share_of_disturbance() in shift.cpp), or on bare
/// ground that of the shift less what plants explain of it (less_greening()), plus the prior log odds. What passes
/// (high water, another level) competes with it: where its log odds to no change are e, log(1 + B exp(e)) is taken off,
/// and e falls with the days that it lasts. An observation under the sky of earlier ones (one_sky) counts at pixels
/// that these did not show, and not at others. With k = 1 a share of log B counts, but where the observation shows new
/// bare ground (shows_soil() in sight.hpp). Throws DataError for an observation of another size than the state or one
/// before the last. Same bytes for any `rows`.
void observe(MonitorState& state, const ObservationFeatures& observation, const MonitorOptions& options,
             Observation& result, const RowLoop& rows = serial_rows);

}  // namespace pitwatch
