#pragma once
// The evidence of one tile, from digital numbers to scores.
//
// Two passes over rows: the first leaves the raw evidence of the tile and a margin, one row of all bands of both dates
// at a time, with everything in between in small ring buffers; the second smooths it at two scales and makes it a
// score. Where features are asked for, one more between them raises the evidence by theirs.

#include <array>
#include <cstdint>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/feature_evidence.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/samplers.hpp"
#include "pipeline/evidence/surroundings.hpp"

namespace pitwatch {

/// Tiles begin at multiples of this, so that all tilings share their cells.
inline constexpr int tile_alignment_px = static_cast<int>(kernels::cell_px);

/// How far beyond a tile pixels are read, before the shift between the dates comes on top.
inline constexpr int evidence_halo_px = 24 + (surroundings_reach_cells + 1) * static_cast<int>(kernels::cell_px);

inline constexpr int outline_radius_px = 4;

/// Pixels by the bits of their mask.
using MaskCounts = std::array<std::int64_t, 256>;

/// Scratch and method for one tile after the other. One object per thread; keeps its buffers.
class TileEvidence {
 public:
  /// Scores of `tile` (a window of the comparison's grid that begins at multiples of tile_alignment_px) into `score`:
  /// codes 0..250 for 0..1, 255 where not judged. Adds each pixel of the tile to `counts`. The result of a pixel does
  /// not depend on the tile that it is computed in.
  void compute(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
               const PairModel& model, const Window& tile, PlaneView<std::uint8_t> score, MaskCounts& counts);

  /// Of the tile computed last, the scores that outlines are drawn around, into `outlined`: a score stays where the
  /// evidence is at least options.outline_share of the strongest within outline_radius_px, and becomes 0 elsewhere.
  /// Smoothing spreads strong evidence over the border of what changed; this takes the rim back. Scores below
  /// `least_score` become 0 in any case; 255 stays.
  void delineate(const EvidenceOptions& options, const Window& tile, std::uint8_t least_score,
                 PlaneView<std::uint8_t> outlined) const;

  /// Bytes of scratch for a tile of this size, for planning.
  static std::int64_t scratch_bytes(int tile_width, int tile_height, const ExtraFeatures& features = {});

 private:
  void gather_evidence(const PairPixels& pixels, const PairGeometry& geometry,
                       const kernels::EvidenceParameters& parameters, const PairModel& model);
  void read_channels(int y, const PairModel& model);
  void classify_scene_pixels(int y, std::uint8_t* mask);
  void smooth_coarse();
  void write_scores(const Window& tile, float half, PlaneView<std::uint8_t> score, MaskCounts& counts);

  Window area_;  // of raw evidence: the tile and its margin
  Surroundings surroundings_;
  FeatureEvidence features_;
  NearestSampler blue_before_, red_before_, nir_before_, swir_before_, swir_after_;
  CubicSampler blue_after_, red_after_;
  std::array<NearestSampler, 2> classes_;  // SCL by date, where there is one
  std::array<bool, 2> has_classes_{};

  // Rings over rows; a row's place is its number modulo the ring's length.
  std::vector<float> reflectance_;  // blue before, blue and red after, one row
  kernels::PerBand<Plane<float>> difference_, mean_;
  kernels::PerChannel<Plane<float>> edges_;
  Plane<float> red_, nir_;
  Plane<std::uint8_t> row_mask_;
  kernels::PerChannel<std::vector<float>> smooth_edges_;
  std::vector<float> column_;  // one vertically smoothed row
  std::vector<float> swir_before_row_, swir_after_row_;
  std::vector<std::uint16_t> class_row_;
  std::array<kernels::PerBand<std::vector<float>>, kernels::ground_count> centres_;

  Plane<float> evidence_;     // over area_
  Plane<std::uint8_t> mask_;  // over area_
  Plane<float> coarse_;       // evidence_ by cells of coarse_px
  Plane<float> coarse_smooth_;
  std::vector<float> fine_row_;
  Plane<std::uint8_t> wide_score_;  // of the tile and outline_radius_px around; longer rows
};

}  // namespace pitwatch
