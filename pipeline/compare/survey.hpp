#pragma once
// The survey of a pair: which windows of the scenes are sampled, read and measured, before the tiles.

#include <cstdint>

#include "pipeline/align/alignment.hpp"
#include "pipeline/compare/block_store.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/tile_evidence.hpp"

namespace pitwatch {

/// What is read around a tile or a sample: the method's halo, and the largest shift between the dates.
inline constexpr int read_margin_px = evidence_halo_px + 2 * max_shift_px;

/// Bytes of blocks that the survey leaves in the store, at most, for planning.
std::int64_t survey_bytes(const PairInputs& inputs, const BlockStore& store);

struct PairSurvey {
  Alignment alignment;
  PairGeometry geometry;  // aligned
  PairModel model;
};

/// Measures shifts, then the model. Small scenes are sampled whole, large ones in windows spread over them, those with
/// data on both dates first. Blocks stay in the store for the tiles that announced them. Runs in the calling thread's
/// oneTBB arena. Errors of survey_pair() and of reading.
PairSurvey survey(const PairInputs& inputs, BlockStore& store, const EvidenceOptions& options);

}  // namespace pitwatch
