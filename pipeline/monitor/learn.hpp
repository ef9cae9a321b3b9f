#pragma once
// From a history of observations to the model of each pixel.

#include <cstddef>
#include <cstdint>
#include <functional>

#include "pipeline/monitor/history.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// Learns season, noise and cloud frequency of each pixel, and the joint covariance of the features over the site. What
/// similar ground shares on a date (regional_anomaly.hpp) is taken out before the final fit. Where the mask calls a
/// pixel cloud far more often than the site, such observations count too: it is bright ground, and the fit is robust
/// against the clouds among them. Pixels with fewer than options.min_observations clear observations stay not_judged.
/// The stack is used up. Throws DataError for an empty stack.
MonitorState learn(ObservationStack stack, const MonitorOptions& options, const RowLoop& rows = serial_rows);

/// Windows whose ground has nothing in common but the sensor, such as single pixels of a table, learnt one after the
/// other: memory is that of one of them, and some bytes for each pixel. Typical noise and covariance are those of all
/// together; what ground shares on a date is not taken out, options.surroundings_m counts as 0. `stack_of` is asked
/// three times for each window, in their order, and may give an empty stack, none of whose pixels are judged. `learnt`
/// gets the states in the same order; of one window it is that of learn(), but that all ground is of one kind. Throws
/// DataError where all stacks are empty.
using StackOf = std::function<ObservationStack(std::size_t window)>;
void learn_windows(std::size_t count, const StackOf& stack_of, const MonitorOptions& options,
                   const std::function<void(std::size_t window, MonitorState)>& learnt);

}  // namespace pitwatch
