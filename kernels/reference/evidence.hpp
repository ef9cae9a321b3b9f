#pragma once
// The scalar oracle of kernels/evidence.hpp: same signatures, same bytes.

#include "kernels/evidence.hpp"

namespace pitwatch::kernels::reference {

void difference_rows(const PerBand<const float*>& before, const PerBand<const float*>& after,
                     const PerBand<RelativeGain>& gains, std::size_t n, const PerBand<float*>& difference,
                     const PerBand<float*>& mean) noexcept;
void edge_energy_rows(const PerBand<Stencil>& mean, std::size_t n, const PerChannel<float*>& out) noexcept;
void add_to_cells(const SurroundingsRow* rows, std::size_t row_count, const SurroundingsParameters& parameters,
                  std::size_t cell_count, CellSums* cells) noexcept;
void evidence_row(const EvidenceRow& row, const EvidenceParameters& parameters, std::size_t cells,
                  float* evidence) noexcept;
void score_row(const float* fine, const float* coarse_above, const float* coarse_below, float weight_below,
               const std::uint8_t* mask, float half, std::size_t n, std::uint8_t* score) noexcept;

}  // namespace pitwatch::kernels::reference
