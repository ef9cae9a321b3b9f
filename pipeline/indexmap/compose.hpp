#pragma once
// Indices of one acquisition, or composites of several, strip by strip.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/indexmap/ground.hpp"
#include "pipeline/indices/plan.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

/// What becomes of several observations of a pixel. Those without a value, or masked, are left aside.
enum class Compositing : std::uint8_t {
  median,    // the median of each index; of an even number the mean of the two in the middle
  medoid,    // indices of the observation whose bands are nearest to their medians (squares of differences added up, in
             // whole ten-thousandths of reflectance); of equal ones as `clear`
  clear,     // indices of the observation whose acquisition shows most of the ground clear, in all bands that are read;
             // of equal ones the earliest
  max_ndvi,  // indices of the observation with the greatest NDVI (B08 and B04); of equal ones the earliest
};

inline constexpr std::array<std::string_view, 4> compositing_names{"median", "medoid", "clear", "max-ndvi"};

/// Bands that have to be read: those of the plan, and those that the composite is chosen by.
std::vector<Band> bands_to_read(const IndexPlan& plan, Compositing how);

struct ComposeOptions {
  Compositing how = Compositing::median;
  IndexReading reading;
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

/// An acquisition of several whose pixels cannot be used: the others still can.
struct UnusableAcquisition : DataError {
  UnusableAcquisition(std::size_t which, const std::string& reason) : DataError(reason), number(which) {}
  std::size_t number;  // in the span that compose() was given
};

/// One plane of values for each output of the plan, NaN where there is none. On the threads of the calling arena; the
/// result depends neither on their number nor on the memory. A single acquisition comes as it is, whatever `how`.
///
/// Throws UnusableAcquisition for one of several that cannot be read, DataError for a single one, ConfigError where
/// 16 rows do not fit into the memory. What is kept of the strip at hand: of `median` a value for each acquisition and
/// output, of `medoid` one for each acquisition and band, else one for each band.
std::vector<Plane<float>> compose(std::span<const IndexAcquisition> acquisitions, const IndexPlan& plan,
                                  const Grid& ground, const ComposeOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
