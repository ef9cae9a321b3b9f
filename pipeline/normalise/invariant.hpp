#pragma once
// The relative normalisation of an acquisition against a reference, from the ground that did not change between them.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/normalise/robust.hpp"

namespace pitwatch {

/// One band of the same pixels in both acquisitions, by index.
struct BandPair {
  std::span<const float> reference;
  std::span<const float> acquisition;
};

struct InvariantFit {
  std::vector<LinearGain> gains;  // by band: acquisition * gain + offset is on the reference's scale
  std::size_t invariant = 0;      // pixels that the gains rest on
  int rounds = 0;                 // until the same pixels stayed
};

inline constexpr std::size_t min_invariant_pixels = 50;

/// Pseudo-invariant pixels and the gains that they give, in turns. To begin with, the line of the least median of
/// residuals (Rousseeuw 1984), of each band; then pixels are taken that lie within 2.5 robust standard deviations of
/// the line in every band, and a line is drawn through them by orthogonal regression, as both acquisitions have noise
/// (Canty and Nielsen 2008, Remote Sensing of Environment 112, 1025-1036); until the same pixels stay, or for 20
/// rounds. Where relative_gain() needs no correspondence and breaks down with some percent of change to one side, this
/// needs acquisitions that lie on each other and bears change in a third of the pixels. All bands hold the same number
/// of pixels; those with a NaN in any do not count. A band without contrast (its invariant pixels spread by less than
/// 1e-4 in reflectance, on either side) gets gain 1 and the offset of the means. Nothing where fewer than
/// min_invariant_pixels are left. Thread-safe; the same result on every CPU.
std::optional<InvariantFit> fit_invariant(std::span<const BandPair> bands);

}  // namespace pitwatch
