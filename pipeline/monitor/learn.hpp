#pragma once
// From a history of observations to the model of each pixel.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// Observations of a window, kept as 16-bit numbers: 13 bytes per pixel and observation.
class ObservationStack {
 public:
  ObservationStack(int width, int height) : width_(width), height_(height) {}

  /// Observations come in order of time; what earlier ones under the same sky (one_sky) showed as well is not added
  /// once more. Throws DataError for another size, or an observation earlier than the last.
  void add(const ObservationFeatures& observation);

  int width() const { return width_; }
  int height() const { return height_; }
  std::size_t observations() const { return observations_.size(); }
  Instant when(std::size_t observation) const { return observations_[observation].when; }

 private:
  friend class Learning;
  using Packed = std::array<std::int16_t, feature_count>;
  struct Observation {
    Instant when{};
    PixelVector<Packed> values;
    PixelVector<std::uint8_t> seen;  // Seen, and called_bit where the mask says cloud
  };
  int width_;
  int height_;
  std::vector<Observation> observations_;
};

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
