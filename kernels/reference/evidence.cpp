#include "kernels/reference/evidence.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/reference/evidence_ground.hpp"

namespace pitwatch::kernels::reference {
namespace {

std::int32_t fixed(float value) { return static_cast<std::int32_t>(std::lrint(value * fixed_point_one)); }

}  // namespace

void difference_rows(const PerBand<const float*>& before, const PerBand<const float*>& after,
                     const PerBand<RelativeGain>& gains, std::size_t n, const PerBand<float*>& difference,
                     const PerBand<float*>& mean) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      const float y = normalised(after[b][i], gains[b]);
      difference[b][i] = y - before[b][i];
      mean[b][i] = 0.5F * (before[b][i] + y);
    }
  }
}

void edge_energy_rows(const PerBand<Stencil>& mean, std::size_t n, const PerChannel<float*>& out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    PerBand<float> gx{};
    PerBand<float> gy{};
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      gx[b] = 0.5F * (mean[b].padded[i + 2] - mean[b].padded[i]);
      gy[b] = 0.5F * (mean[b].below[i] - mean[b].above[i]);
      out[b][i] = gx[b] * gx[b] + gy[b] * gy[b];
    }
    const float contrast_x = gx[band_is_red] - gx[band_is_blue];
    const float contrast_y = gy[band_is_red] - gy[band_is_blue];
    out[channel_contrast][i] = contrast_x * contrast_x + contrast_y * contrast_y;
  }
}

void add_to_cells(const SurroundingsRow* rows, std::size_t row_count, const SurroundingsParameters& parameters,
                  std::size_t cell_count, CellSums* cells) noexcept {
  for (std::size_t r = 0; r < row_count; ++r) {
    const SurroundingsRow& row = rows[r];
    for (std::size_t i = 0; i < cell_count * cell_px; ++i) {
      if (row.mask[i] != 0) continue;
      CellSums& cell = cells[i / cell_px];
      const std::size_t ground = ground_of(row.before[cloud_red][i], row.nir[i], parameters.ground_edges);
      for (std::size_t b = 0; b < evidence_band_count; ++b) {
        const float value = normalised(row.after[b][i], parameters.gains[b]) - row.before[b][i];
        cell.difference[ground][b] += fixed(clamp(value, parameters.lowest[ground][b], parameters.highest[ground][b]));
      }
      ++cell.count[ground];
      for (std::size_t b = 0; b < cloud_band_count; ++b) {
        cell.rise[b] += fixed(clamp(row.after[b][i] - row.before[b][i], -1.0F, 1.0F));
      }
    }
  }
}

void evidence_row(const EvidenceRow& row, const EvidenceParameters& parameters, std::size_t cells,
                  float* evidence) noexcept {
  const float per_swir = 1.0F / (parameters.land_swir - parameters.water_swir);
  for (std::size_t i = 0; i < cells * cell_px; ++i) {
    if (row.mask[i] != 0) {
      evidence[i] = 0.0F;
      continue;
    }
    const std::size_t cell = i / cell_px;
    const float t = (static_cast<float>(i % cell_px) + 0.5F) / static_cast<float>(cell_px);
    const std::size_t ground = ground_of(row.red[i], row.nir[i], parameters.ground_edges);
    PerChannel<float> rest{};
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      const float* centres = row.surroundings[b][ground] + cell;
      rest[b] = row.difference[b][i] - (centres[0] + (centres[1] - centres[0]) * t);
    }
    rest[channel_contrast] = rest[channel_red] - rest[channel_blue];
    float strongest = 0.0F;
    for (std::size_t c = 0; c < channel_count; ++c) {
      const float variance = parameters.noise_variance[c] + parameters.edge_weight * row.edge_energy[c][i];
      strongest = std::max(strongest, rest[c] * rest[c] / variance);
    }
    const float swir = std::max(row.swir_before[i], row.swir_after[i]);
    const float land = clamp((swir - parameters.water_swir) * per_swir, 0.0F, 1.0F);
    evidence[i] =
        std::min(3.0F * strongest, parameters.cap) * (parameters.water_floor + (1.0F - parameters.water_floor) * land);
  }
}

void score_row(const float* fine, const float* coarse_above, const float* coarse_below, float weight_below,
               const std::uint8_t* mask, float half, std::size_t n, std::uint8_t* score) noexcept {
  const float per_half = 1.0F / half;
  const auto centre = [&](std::size_t k) {
    return coarse_above[k] + (coarse_below[k] - coarse_above[k]) * weight_below;
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (mask[i] != 0) {
      score[i] = 255;
      continue;
    }
    const float t = (static_cast<float>(i % 4) + 0.5F) / 4.0F;
    const float left = centre(i / 4);
    const float coarse = left + (centre(i / 4 + 1) - left) * t;
    const float x = 0.5F * (fine[i] + coarse) * per_half;
    const float y = x * x * std::sqrt(x);
    const auto code = std::lrint(250.0F * (y / (1.0F + y)));
    score[i] = static_cast<std::uint8_t>(code < smallest_score_code ? 0 : code);
  }
}

}  // namespace pitwatch::kernels::reference
