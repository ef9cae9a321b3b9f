#pragma once
// Alerts against a raster of what changed: figures of pixels and of objects.

#include <cstdint>
#include <optional>
#include <span>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

inline constexpr std::uint16_t label_unchanged = 0;
inline constexpr std::uint16_t label_changed = 1;
inline constexpr std::uint16_t label_not_judged = 255;

/// The pixels of an alert: those of `window`, which lies inside the label, where `inside` is not 0.
struct RasterisedAlert {
  Window window;
  PlaneView<const std::uint8_t> inside;
};

struct LabelScore {
  // Pixels that are judged, alerts taken together.
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
  std::int64_t false_negatives = 0;
  // Objects: 8-connected changed pixels, of at least the least area.
  std::int64_t objects = 0;
  std::int64_t found = 0;         // of which at least 20 % of the pixels lie in alerts
  std::int64_t alerts = 0;        // with at least one pixel on the label
  std::int64_t false_alerts = 0;  // of at least the least area, less than 10 % of whose pixels lie within 3 steps along
                                  // rows and columns of change, or are not judged
  double judged_km2 = 0;

  double precision() const;  // 0 where there is no pixel to compute it of
  double recall() const;
  double f1() const;
  double iou() const;
  std::optional<double> object_recall() const;
  std::optional<double> false_per_km2() const;
};

/// Every alert has at least one pixel or is not counted. Throws DataError for a label with other values than the three
/// above.
LabelScore score_against_label(PlaneView<const std::uint16_t> label, double pixel_size_m,
                               std::span<const RasterisedAlert> alerts, double min_area_ha);

}  // namespace pitwatch
