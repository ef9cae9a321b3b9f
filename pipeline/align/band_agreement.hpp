#pragma once
// Whether two bands of one scene show the same ground in the same place: where one is lighter or darker than around it,
// the other is, too, one way or the other.

#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Correlation of the edges of two bands, -1..1.
struct BandAgreement {
  double here = 0;       // as they lie, to within 2 pixels
  double elsewhere = 0;  // the largest at shifts of 10 to 64 pixels along an axis
  int x_px = 0;          // the shift of that: what lies at x in the one is found at x + x_px in the other
  int y_px = 0;
  double noise = 0;  // standard deviation over all of these shifts
};

/// The side of the square in the middle of the planes that is looked at, and the least that tells.
inline constexpr int agreement_window_px = 256;
inline constexpr int least_agreement_window_px = 96;

/// Of two planes of reflectance of one size; `invalid` is not 0 where either is no measurement or cloud, whose place
/// differs from band to band by parallax. The edges are logarithms of the gradient's length, tapered (Hann) and
/// correlated by Fourier transforms. Of planes smaller than least_agreement_window_px, and of such with less than half
/// of the window valid, all is 0. Thread-safe.
BandAgreement band_agreement(PlaneView<const float> one, PlaneView<const float> other,
                             PlaneView<const std::uint8_t> invalid);

/// Whether the other band lies elsewhere: its edges fit better there, by far, than where they should be.
///
/// Measured on the 26 scenes of OSCD, five bands each against red: as they are, elsewhere / here is 0.6 at most (0.8 in
/// windows of 128 pixels) and elsewhere / noise 5.5 (7.4); of bands that were moved by 20 to 40 pixels, 97 % (90 %) are
/// found.
bool is_elsewhere(const BandAgreement& agreement);

}  // namespace pitwatch
