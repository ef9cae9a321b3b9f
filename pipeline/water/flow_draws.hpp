#pragma once
// What the elevations' error makes of where water goes: how often flow from an alert comes to a place, and from a place
// to the alert.

#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/water/ground.hpp"

namespace pitwatch {

/// An alert, as cells that water starts from, and places of which it is asked whether their water comes to it.
struct FlowQuestion {
  std::vector<FlowCell> cells;          // of the alert
  std::vector<std::uint32_t> upstream;  // places
};

/// How often flow from an alert comes to a place.
struct PlaceReach {
  std::uint32_t place = 0;
  double any_share = 0;    // of the draws: from at least one of the cells
  double cells_share = 0;  // of the cells that were followed, mean over the draws
  double first_share = 0;  // likewise: where it is the first surface water that they come to
};

struct FlowAnswer {
  std::vector<PlaceReach> reached;      // by place, those that any draw comes to
  std::vector<double> upstream_shares;  // of the draws, for each place asked about
  double lost_share = 0;                // of the cells: their flow comes to a void, and to no surface water
  int draws = 0;
};

/// Most cells of an alert, and of a place, that are followed; of more, so many evenly.
inline constexpr std::size_t most_sources = 256;

/// Draws the elevations `options.draws` times (once where their error is 0) and follows flow in each, until it leaves
/// the window or ends in a void: all questions share the draws. Errors belong to places, not to windows: the same
/// ground has the same errors in any window of that cell. Each draw at once takes some twenty bytes for each cell. The
/// same whatever `parallel_for`.
std::vector<FlowAnswer> follow_draws(const WaterGround& ground, const ElevationOptions& options,
                                     const std::vector<FlowPlace>& places, std::span<const FlowQuestion> questions,
                                     const ParallelFor& parallel_for);

}  // namespace pitwatch
