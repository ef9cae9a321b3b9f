#pragma once
// What an elevation model's error makes of flow: the model drawn again and again, each time with another error.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"
#include "pipeline/hydrology/routing.hpp"

namespace pitwatch {

struct ElevationError {
  double rmse_m = 0;
  double correlation_length_px = 0;  // where the correlation of two cells' errors has fallen to 1/e; 0: independent
  std::uint64_t seed = 0;
};

/// Adds the errors of one draw: normal with mean 0 and the RMSE, correlated by exp(-(distance / length)^2). They follow
/// from seed, draw, column and row alone: `left` and `top` tell where the elevations lie on a greater grid, whose
/// errors are the same. Voids stay.
void add_error(PlaneView<float> elevation, const ElevationError& error, std::uint32_t draw, std::int64_t left = 0,
               std::int64_t top = 0);

/// How often flow from some cells comes to a target.
struct Reach {
  double any_share = 0;    // of the draws: from at least one of the cells
  double cells_share = 0;  // of the cells, as a mean over the draws
};

/// Calls its second argument for 0 to count - 1, in any order or at once, and returns when all are done.
using DrawLoop = std::function<void(int count, const std::function<void(int)>& body)>;

/// How often flow from `sources` comes to each of the targets 1 to `target_count`, which `targets` has by cell (0:
/// none): the first that it comes to, and what it passes on the way further down, until it ends. `sources` lie on the
/// grid; those in voids come nowhere. Each draw that runs at once takes ten bytes for each cell. The result does not
/// depend on the loop. Throws as route() does.
std::vector<Reach> reach_by_draws(PlaneView<const float> elevation, DepressionRule rule, const ElevationError& error,
                                  int draws, std::span<const FlowCell> sources, PlaneView<const std::uint32_t> targets,
                                  std::size_t target_count, const DrawLoop& loop);

}  // namespace pitwatch
