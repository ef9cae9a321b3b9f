#pragma once
// The scalar oracle of kernels/feature_evidence.hpp: same signatures, same bytes.

#include "kernels/feature_evidence.hpp"

namespace pitwatch::kernels::reference {

void feature_difference_row(const FeatureRow& before, const FeatureRow& after, const RelativeGain& gain, std::size_t n,
                            float* difference, float* mean, float* variance) noexcept;
void feature_edge_row(const Stencil& mean, std::size_t n, float* out) noexcept;
void add_feature_to_cells(const FeatureSurroundingsRow* rows, std::size_t row_count,
                          const FeatureSurroundingsParameters& parameters, std::size_t cell_count,
                          FeatureCellSums* cells) noexcept;
void raise_evidence_row(const FeatureEvidenceRow& row, const EvidenceParameters& parameters, const FeatureNoise& noise,
                        std::size_t cells, float* evidence) noexcept;

}  // namespace pitwatch::kernels::reference
