#pragma once
// What an acquisition shows of an alert's ground: as a row of observations.csv, and as a chip.

#include "pipeline/chips/chip.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/watch/acquisition_taken.hpp"
#include "pipeline/watch/watched_incident.hpp"

namespace pitwatch {

/// Of an incident of taken.state, on a grid of that width. Ground is clear where the acquisition is masked neither by
/// its mask, with the margin around cloud, nor by its spectrum (Seen::clear, and not screened).
ObservedAlert observed_alert(const WatchedIncident& incident, const AcquisitionTaken& taken, int grid_width);

/// What it shows of a window of the grid, with a mask of what is not clear by that.
Chip chip_of(const AcquisitionTaken& taken, const Window& window, const Grid& grid);

/// The pixels of a window when each was last seen undisturbed: role before, without alert and date.
Chip undisturbed_chip(const SiteState& state, const Window& window, const Grid& grid);

}  // namespace pitwatch
