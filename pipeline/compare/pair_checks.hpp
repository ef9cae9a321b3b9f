#pragma once
// Whether the scenes of a pair can be compared, by their own pixels.

#include <array>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/align/alignment.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// What is found about the offsets of BEFORE and AFTER. Side by side in the calling thread's arena. Throws DataError
/// with scene or file in front for a file that is damaged, offsets that are not used, and, with checks.gate, garbage
/// and bands that lie elsewhere: of several the first of BEFORE, then of AFTER, then of the bands.
std::array<OffsetReport, 2> check_pair(const Scene& before, const Scene& after, const PairInputs& inputs,
                                       const SceneChecks& checks);

/// Throws DataError where the dates lie farther apart than images of one place do; the alignment is in
/// pixels of that size.
void refuse_misplaced_pair(const Scene& after, const Alignment& alignment, double pixel_size_m);

}  // namespace pitwatch
