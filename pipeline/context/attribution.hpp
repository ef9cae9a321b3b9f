#pragma once
// Whose ground an alert lies on: hectares and shares by feature, and which side of a boundary.

#include <cstddef>
#include <optional>
#include <vector>

#include "pipeline/context/coverage.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"

namespace pitwatch {

/// An alert as pixels.
struct AlertPixels {
  Window window;
  Plane<double> shares;  // of each pixel of the window that belongs to the alert, 0 to 1
  double area_ha = 0;    // of the alert, as published
};

/// An area on the alert's grid.
struct GroundFeature {
  GridShape shape;
  GridBox box;
  double accuracy_px = 0;  // of its boundary, one standard deviation
};

/// What else moves a boundary against the pixels.
struct BoundaryTolerance {
  double registration_px = 0;  // of the images, one standard deviation
  double blur_px = 0.5;        // half a pixel

  /// Pixels whose middle is nearer to a boundary than this may lie on either side of it.
  double of(double accuracy_px) const;
};

/// Ground that belongs to these features and to no others; to none where there are none.
struct GroundPart {
  std::vector<std::size_t> features;  // ascending
  double area_ha = 0;
};

struct FeatureGround {
  std::size_t feature = 0;
  double area_ha = 0;  // inside it; where features overlap the ground counts for each
  double share = 0;    // of the alert
  BoundaryVerdict verdict = BoundaryVerdict::cannot_tell;
};

struct Attribution {
  std::vector<GroundPart> parts;        // by features; add up to the alert's area
  std::vector<FeatureGround> features;  // those that have ground in common with it or may have, by number
  double inside_ha = 0;                 // in any feature
  double overlap_ha = 0;                // in more than one
  BoundaryVerdict verdict = BoundaryVerdict::outside;  // against all features as one
};

/// Attributes an alert's ground from the shares of its pixels, never from its outline; each pixel is divided as the
/// boundaries that cross it divide it (`divide_pixel`). Parts of less than half a square metre are added to the
/// largest.
///
/// A verdict looks at the pixels that certainly lie inside and those that certainly lie outside, their middles being
/// farther from the boundary than the tolerance. What is no more than `least_ha` (the uncertainty of the alert's area)
/// counts as nothing: no sliver decides. `inside`: more than half certainly inside and none outside, and more than half
/// of the ground in the features; `outside` the other way; `straddles`: some of both; else `cannot_tell`. Against all
/// features as one an edge is no boundary where ground of one or another lies half a metre to either side of it. No
/// boundary that moves by less than twice the tolerance turns `inside` into `outside`.
Attribution attribute_ground(const AlertPixels& alert, const std::vector<GroundFeature>& features,
                             const BoundaryTolerance& tolerance, double least_ha);

/// Whether a period holds the bracket in which something began: `valid` where all of the bracket lies in it, `not_yet`
/// where all of it lies before and `expired` where all lies behind, else `unknown`, also where an end that would decide
/// is not known.
Validity validity_at(const std::optional<Instant>& valid_from, const std::optional<Instant>& valid_to,
                     Instant onset_after, Instant onset_before);

}  // namespace pitwatch
