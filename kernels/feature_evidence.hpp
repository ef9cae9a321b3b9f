#pragma once
// One more channel of evidence beside those of evidence.hpp: a quantity that somebody asks for, made of bands, with the
// error that errors of reflectance give it. Row by row; same bytes on every target; reentrant; see README.md. The
// method as a whole: pipeline/evidence/README.md.
//
// Where a value is NaN the quantity has none (a formula may divide by zero, a band may be missing): there it adds
// nothing.

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/evidence.hpp"

namespace pitwatch::kernels {

/// The quantity on one date, and its standard error for an error of 1 in the reflectance of each band. A value is
/// finite or NaN, an error at least 0 and not NaN; it may be infinite.
struct FeatureRow {
  const float* value = nullptr;
  const float* error = nullptr;
};

/// With y = gain * after + offset: difference = y - before, mean = 0.5 * (before + y), and the variance of the
/// difference for an error of 1 in each band on each date: error_before^2 + (gain * error_after)^2. gain > 0, finite.
/// Rows hold n elements, any alignment; outputs overlap nothing.
void feature_difference_row(const FeatureRow& before, const FeatureRow& after, const RelativeGain& gain, std::size_t n,
                            float* difference, float* mean, float* variance) noexcept;

/// Squared gradient as of edge_energy_rows, where a neighbour that is NaN counts as the pixel itself; 0 where that is
/// NaN. n elements of out; the stencil's rows as there.
void feature_edge_row(const Stencil& mean, std::size_t n, float* out) noexcept;

/// Sums over the clear pixels (mask 0) of one cell that have a difference, in fixed point.
struct FeatureCellSums {
  std::array<std::int32_t, ground_count> difference{};
  std::array<std::int32_t, ground_count> count{};
};

/// One sampled row of a row of cells. red, nir: reflectance before, finite.
struct FeatureSurroundingsRow {
  const float* before = nullptr;
  const float* after = nullptr;
  const float* red = nullptr;
  const float* nir = nullptr;
  const std::uint8_t* mask = nullptr;
};

struct FeatureSurroundingsParameters {
  RelativeGain gain;
  GroundEdges ground_edges{};
  std::array<float, ground_count> lowest{};  // by ground: differences are clipped to this range
  std::array<float, ground_count> highest{};
  float fixed_point = 0.0F;  // what 1 is in the sums: a power of two, times the largest bound at most 2^20
};

/// Adds row_count sampled rows to cells[0..cell_count); the rows hold cell_count * cell_px elements. At most 64 rows
/// may be added to a cell altogether (int32).
void add_feature_to_cells(const FeatureSurroundingsRow* rows, std::size_t row_count,
                          const FeatureSurroundingsParameters& parameters, std::size_t cell_count,
                          FeatureCellSums* cells) noexcept;

/// What raise_evidence_row reads; rows lie as those of EvidenceRow.
struct FeatureEvidenceRow {
  const float* difference = nullptr;
  const float* variance = nullptr;  // for an error of 1 in each band
  const float* edge_energy = nullptr;
  const float* red = nullptr;  // before
  const float* nir = nullptr;  // before
  const float* swir_before = nullptr;
  const float* swir_after = nullptr;
  const std::uint8_t* mask = nullptr;
  std::array<const float*, ground_count> surroundings{};  // by ground: cells + 1 values at the centres of cells
};

struct FeatureNoise {
  float band_variance = 0.0F;   // of the reflectance of each band on each date; > 0
  float least_variance = 0.0F;  // no variance of the row is believed smaller; > 0
};

/// With D = difference - surroundings (of the pixel's stratum) and variance = band_variance * max(the row's,
/// least_variance) + edge_weight * edge_energy: evidence = max(evidence, min(cap, 3 * D^2 / variance) * land weight),
/// the weight as of evidence_row. Unchanged where masked and where D has no value. `evidence` holds what evidence_row
/// or this function left. Of `parameters`, noise_variance is not read.
void raise_evidence_row(const FeatureEvidenceRow& row, const EvidenceParameters& parameters, const FeatureNoise& noise,
                        std::size_t cells, float* evidence) noexcept;

}  // namespace pitwatch::kernels
