#pragma once
// From a history of looks to the model of each pixel.

#include <cstdint>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// Looks of a window, kept as 16-bit numbers: 13 bytes per pixel and look.
class LookStack {
 public:
  LookStack(int width, int height) : width_(width), height_(height) {}

  /// Looks come in order of time; what earlier ones under the same sky (one_sky) showed as well is not added once more.
  /// Throws DataError for another size, or a look earlier than the last.
  void add(const LookFeatures& look);

  int width() const { return width_; }
  int height() const { return height_; }
  std::size_t looks() const { return looks_.size(); }
  Instant when(std::size_t look) const { return looks_[look].when; }

 private:
  friend class Learning;
  using Packed = std::array<std::int16_t, feature_count>;
  struct Look {
    Instant when{};
    PixelVector<Packed> values;
    PixelVector<std::uint8_t> seen;  // Seen, and called_bit where the mask says cloud
  };
  int width_;
  int height_;
  std::vector<Look> looks_;
};

/// Learns season, noise and cloud frequency of each pixel, and the joint covariance of the features over the site. What
/// similar ground shares on a date (shared_weather.hpp) is taken out before the final fit. Where the mask calls a pixel
/// cloud far more often than the site, such looks count too: it is bright ground, and the fit is robust against the
/// clouds among them. Pixels with fewer than options.min_looks clear looks stay not_judged. The stack is used up.
/// Throws DataError for an empty stack.
MonitorState learn(LookStack stack, const MonitorOptions& options, const RowLoop& rows = serial_rows);

}  // namespace pitwatch
