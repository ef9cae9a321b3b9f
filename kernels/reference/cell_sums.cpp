#include "kernels/reference/cell_sums.hpp"

#include <algorithm>
#include <vector>

namespace pitwatch::kernels::reference {

void add_to_kind_cells(const ResidualRows& row, const CellSumParameters& parameters, std::size_t n,
                       std::span<std::int32_t* const> sums, std::int32_t* counts) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    const std::size_t kind = row.kind[x];
    if (kind >= kind_lanes || row.tells[x] == 0) continue;
    const std::size_t place = x / kind_cell_px * kind_lanes + kind;
    for (std::size_t f = 0; f < sums.size(); ++f) {
      const float reach = parameters.reach * row.deviation[f][x];
      const float above = std::clamp(row.residual[f][x] - parameters.centre[f * kind_lanes + kind], -reach, reach);
      const float held = std::clamp(above, -parameters.largest, parameters.largest);
      sums[f][place] += static_cast<std::int32_t>(held * parameters.per_unit);
    }
    ++counts[place];
  }
}

void move_cell_window_row(const std::int32_t* into, const std::int32_t* out_of, std::size_t cells,
                          std::int32_t* sums) noexcept {
  for (std::size_t i = 0; i < cells * kind_lanes; ++i) {
    const std::uint32_t change = static_cast<std::uint32_t>(into == nullptr ? 0 : into[i]) -
                                 static_cast<std::uint32_t>(out_of == nullptr ? 0 : out_of[i]);
    sums[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[i]) + change);
  }
}

void cell_window_row(const std::int32_t* columns, std::size_t cells, std::size_t radius, std::int32_t* out) noexcept {
  for (std::size_t c = 0; c < cells; ++c) {
    for (std::size_t k = 0; k < kind_lanes; ++k) {
      std::uint32_t sum = 0;
      for (std::size_t j = c - std::min(c, radius); j <= std::min(cells - 1, c + radius); ++j)
        sum += static_cast<std::uint32_t>(columns[j * kind_lanes + k]);
      out[c * kind_lanes + k] = static_cast<std::int32_t>(sum);
    }
  }
}

void add_cells(const std::int32_t* row, std::size_t cells, std::int64_t* totals) noexcept {
  for (std::size_t i = 0; i < cells * kind_lanes; ++i) totals[i % kind_lanes] += row[i];
}

void shared_mean_row(const std::int32_t* sums, const std::int32_t* counts, const KindMeans& means, std::size_t cells,
                     float* out) noexcept {
  for (std::size_t i = 0; i < cells * kind_lanes; ++i) {
    const std::size_t k = i % kind_lanes;
    const float pixels = static_cast<float>(counts[i]) + means.prior;
    const float mean = (static_cast<float>(sums[i]) + means.prior * means.typical[k]) * (1 / pixels);
    out[i] = pixels == 0 ? 0 : means.trust[k] * (means.centre[k] + means.step * mean);
  }
}

float ranked(const float* values, std::size_t n, std::size_t rank) noexcept {
  std::vector<float> sorted(values, values + n);
  std::sort(sorted.begin(), sorted.end());
  return sorted[rank];
}

}  // namespace pitwatch::kernels::reference
