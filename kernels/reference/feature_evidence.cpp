#include "kernels/reference/feature_evidence.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/reference/evidence_ground.hpp"

namespace pitwatch::kernels::reference {

void feature_difference_row(const FeatureRow& before, const FeatureRow& after, const RelativeGain& gain, std::size_t n,
                            float* difference, float* mean, float* variance) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const float y = normalised(after.value[i], gain);
    difference[i] = y - before.value[i];
    mean[i] = 0.5F * (before.value[i] + y);
    const float of_after = gain.gain * after.error[i];
    variance[i] = before.error[i] * before.error[i] + of_after * of_after;
  }
}

void feature_edge_row(const Stencil& mean, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const float own = mean.padded[i + 1];
    const auto or_own = [own](float neighbour) { return std::isnan(neighbour) ? own : neighbour; };
    const float gx = 0.5F * (or_own(mean.padded[i + 2]) - or_own(mean.padded[i]));
    const float gy = 0.5F * (or_own(mean.below[i]) - or_own(mean.above[i]));
    out[i] = std::isnan(own) ? 0.0F : gx * gx + gy * gy;
  }
}

void add_feature_to_cells(const FeatureSurroundingsRow* rows, std::size_t row_count,
                          const FeatureSurroundingsParameters& parameters, std::size_t cell_count,
                          FeatureCellSums* cells) noexcept {
  for (std::size_t r = 0; r < row_count; ++r) {
    const FeatureSurroundingsRow& row = rows[r];
    for (std::size_t i = 0; i < cell_count * cell_px; ++i) {
      const float value = normalised(row.after[i], parameters.gain) - row.before[i];
      if (row.mask[i] != 0 || std::isnan(value)) continue;
      FeatureCellSums& cell = cells[i / cell_px];
      const std::size_t ground = ground_of(row.red[i], row.nir[i], parameters.ground_edges);
      const float clipped = clamp(value, parameters.lowest[ground], parameters.highest[ground]);
      cell.difference[ground] += static_cast<std::int32_t>(std::lrint(clipped * parameters.fixed_point));
      ++cell.count[ground];
    }
  }
}

void raise_evidence_row(const FeatureEvidenceRow& row, const EvidenceParameters& parameters, const FeatureNoise& noise,
                        std::size_t cells, float* evidence) noexcept {
  const float per_swir = 1.0F / (parameters.land_swir - parameters.water_swir);
  for (std::size_t i = 0; i < cells * cell_px; ++i) {
    const std::size_t cell = i / cell_px;
    const float t = (static_cast<float>(i % cell_px) + 0.5F) / static_cast<float>(cell_px);
    const float* centres = row.surroundings[ground_of(row.red[i], row.nir[i], parameters.ground_edges)] + cell;
    const float rest = row.difference[i] - (centres[0] + (centres[1] - centres[0]) * t);
    if (row.mask[i] != 0 || std::isnan(rest)) continue;
    const float by_bands = noise.band_variance * std::max(row.variance[i], noise.least_variance);
    const float variance = by_bands + parameters.edge_weight * row.edge_energy[i];
    const float swir = std::max(row.swir_before[i], row.swir_after[i]);
    const float land = clamp((swir - parameters.water_swir) * per_swir, 0.0F, 1.0F);
    const float weight = parameters.water_floor + (1.0F - parameters.water_floor) * land;
    evidence[i] = std::max(evidence[i], std::min(3.0F * (rest * rest / variance), parameters.cap) * weight);
  }
}

}  // namespace pitwatch::kernels::reference
