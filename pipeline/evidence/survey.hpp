#pragma once
// From a sample of windows to the model of a pair: alignment, relative normalisation, noise.

#include <span>
#include <string>
#include <vector>

#include "pipeline/align/alignment.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"

namespace pitwatch {

/// A window of the comparison's grid whose pixels (and evidence_halo_px around) can be read.
struct SampleWindow {
  Window window;  // begins at multiples of tile_alignment_px
  const PairPixels* pixels = nullptr;
};

/// Shifts between the dates within one window, for fit_alignment(); every `step_px`. `geometry` is that of the files,
/// without alignment. Thread-safe.
std::vector<WindowShift> measure_shifts(const SampleWindow& sample, const PairGeometry& geometry, int step_px);

/// The geometry with AFTER moved by the alignment (in pixels of the comparison's grid).
PairGeometry aligned(const PairGeometry& geometry, const Alignment& alignment);

/// The model of the pair from the sample; `geometry` is aligned. Throws DataError when fewer than min_clear_samples
/// sampled pixels are clear on both dates.
PairModel survey_pair(std::span<const SampleWindow> samples, const PairGeometry& geometry,
                      const EvidenceOptions& options);

inline constexpr int min_clear_samples = 100;

/// Why the statistics of the pair itself are not to be trusted, or only in part, one sentence each, for the user; none
/// of a pair most of whose ground is as it was.
std::vector<std::string> doubts_of(const PairModel& model);

}  // namespace pitwatch
