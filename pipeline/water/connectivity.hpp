#pragma once
// How well the ground is connected to the streams.

#include <cstdint>
#include <optional>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// The index of connectivity (Borselli, Cassi and Torri 2008, doi:10.1016/j.catena.2008.07.006, equations 1 to 3):
/// IC = log10(Dup / Ddn), Dup = W S sqrt(A) of the mean weight W and mean slope S of the ground that drains through the
/// cell and its area A in square metres, Ddn = the sum of d / (W S) along the flow path to the stream. Slopes are those
/// of flow, kept within 0.005 and 1 (Cavalli et al. 2013, doi:10.1016/j.geomorph.2012.05.007). Weights stand for the
/// cover factor of USLE: 1 for disturbed ground and 0.1 (sparse grass) for all other, by the share disturbed. With that
/// it compares places under the same cover; it is no yield of sediment.
class SedimentConnectivity {
 public:
  static constexpr float least_slope = 0.005F;
  static constexpr float most_slope = 1;
  static constexpr float disturbed_weight = 1;
  static constexpr float other_weight = 0.1F;

  /// `drained` are elevations without depressions, which `directions` follow; both and `streams` must stay.
  SedimentConnectivity(PlaneView<const float> drained, PlaneView<const FlowDirection> directions,
                       PlaneView<const std::uint8_t> streams, PlaneView<const float> disturbed, double cell_m);

  /// Of a cell; nothing where its flow comes to no stream. A stream cell is one cell away from itself.
  std::optional<double> at(FlowCell cell) const;

 private:
  PlaneView<const FlowDirection> directions_;
  PlaneView<const std::uint8_t> streams_;
  double cell_m_;
  Plane<float> weights_;
  Plane<float> slopes_;
  Plane<double> weight_sums_;
  Plane<double> slope_sums_;
  Plane<std::uint32_t> cells_;
};

}  // namespace pitwatch
