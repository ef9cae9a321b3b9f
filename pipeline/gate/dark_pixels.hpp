#pragma once
// Whether the offsets that a scene's metadata declare are those that its pixels carry. ESA adds 1000 to all digital
// numbers since processing baseline 04.00; catalogues contradict each other about it, and a scene calibrated with the
// wrong offset is off by 0.1 reflectance in every band. Water, shadow and dense forest reflect next to nothing in red
// or in the infrared, so where such ground is in view the darkest digital numbers tell.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// One band's digital numbers, whole or every n-th of them, and what its metadata declares.
struct BandPixels {
  Band band = Band::B04;
  PlaneView<const std::uint16_t> dn;
  Calibration calibration;
};

enum class OffsetVerdict { agrees, contradicts, cannot_tell };

struct OffsetFinding {
  OffsetVerdict verdict = OffsetVerdict::cannot_tell;
  std::string text;  // the figures, one clause without a full stop
};

/// What the pixels say about the declared offsets. With r = dn * scale, before any offset:
///   - no offset is in the pixels where at least 1 % of those of one band lie below its limit: r of 0.05 in B04, 0.07
///     in B08 and B8A, 0.08 in B11 and B12. With the offset that would be a reflectance of -0.05 to -0.02.
///   - the offset is in the pixels where a band of B11 and B12, and one of B04, B08 and B8A, end sharply above 0.1: the
///     0.05 % quantile of r between 0.08 and 0.13, and between 0.08 and 0.18 (Level-1C has haze), the 1 % quantile not
///     more than 0.035 above it; those of B11 and B12 differ by 0.03 at most, and no band's 0.05 % quantile is below
///     0.075.
///   - otherwise they do not tell: desert, snow, cloud, a small area.
/// B02 and B03 are ignored (haze keeps dark ground bright), as are pixels of no data and saturated ones. The first
/// finding needs 500 valid pixels in the band, the second 10 000 in each. Offsets that are neither 0 nor -0.1 (within
/// 0.02), or not the same in all bands, cannot be told. Bands may differ in size. Pure; thread-safe.
OffsetFinding check_offsets(std::span<const BandPixels> bands);

/// What is done with a scene whose pixels contradict its metadata: the option "offset_check".
enum class OffsetCheck { refuse, warn, off };

/// Throws ConfigError for a text other than "refuse", "warn" and "off".
OffsetCheck offset_check_from(std::string_view text);

struct OffsetDecision {
  bool use = true;
  std::string reason;                 // why it is refused; empty where it is used
  std::vector<std::string> warnings;  // to be shown in any case
};

/// Metadata and pixels together. A scene is refused only where the pixels contradict the offsets in use: what the
/// metadata say against themselves is a warning, with what the pixels say about it. With `off` the finding is ignored.
OffsetDecision decide_on_offsets(const OffsetBasis& basis, const OffsetFinding& finding, OffsetCheck check);

}  // namespace pitwatch
