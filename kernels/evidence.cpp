#include "kernels/evidence.hpp"

#include <hwy/cache_control.h>

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/evidence.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/evidence-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void difference_rows(const PerBand<const float*>& before, const PerBand<const float*>& after,
                     const PerBand<RelativeGain>& gains, std::size_t n, const PerBand<float*>& difference,
                     const PerBand<float*>& mean) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      const auto x = hn::LoadU(d, before[b] + i);
      const auto y = normalised(d, hn::LoadU(d, after[b] + i), gains[b]);
      hn::StoreU(hn::Sub(y, x), d, difference[b] + i);
      hn::StoreU(hn::Mul(hn::Set(d, 0.5F), hn::Add(x, y)), d, mean[b] + i);
    }
  });
}

void edge_energy_rows(const PerBand<Stencil>& mean, std::size_t n, const PerChannel<float*>& out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto half = hn::Set(d, 0.5F);
    const auto across = [&](const Stencil& s) HWY_ATTR {
      return hn::Mul(half, hn::Sub(hn::LoadU(d, s.padded + i + 2), hn::LoadU(d, s.padded + i)));
    };
    const auto down = [&](const Stencil& s) HWY_ATTR {
      return hn::Mul(half, hn::Sub(hn::LoadU(d, s.below + i), hn::LoadU(d, s.above + i)));
    };
    const auto store = [&](Channel channel, auto gx, auto gy)
                           HWY_ATTR { hn::StoreU(hn::Add(hn::Mul(gx, gx), hn::Mul(gy, gy)), d, out[channel] + i); };
    const auto blue_x = across(mean[band_is_blue]);
    const auto blue_y = down(mean[band_is_blue]);
    const auto red_x = across(mean[band_is_red]);
    const auto red_y = down(mean[band_is_red]);
    store(channel_blue, blue_x, blue_y);
    store(channel_red, red_x, red_y);
    store(channel_contrast, hn::Sub(red_x, blue_x), hn::Sub(red_y, blue_y));
  });
}

void add_to_cells(const SurroundingsRow* rows, std::size_t row_count, const SurroundingsParameters& parameters,
                  std::size_t cell_count, CellSums* cells) {
  const CellTag d;
  const CellIntTag di;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, fixed_point_one);
  const auto fixed = [&](auto value) HWY_ATTR { return hn::NearestInt(hn::Mul(value, one)); };
  const auto total = [&](auto vector) HWY_ATTR { return hn::GetLane(hn::SumOfLanes(di, vector)); };

  for (std::size_t cell = 0; cell < cell_count; ++cell) {
    // One stratum after the other: its sums stay in registers while the rows are gone through.
    for (std::size_t ground = 0; ground < ground_count; ++ground) {
      auto blue = hn::Zero(di);
      auto red = hn::Zero(di);
      auto count = hn::Zero(di);
      for (std::size_t r = 0; r < row_count; ++r) {
        const SurroundingsRow& row = rows[r];
        for (std::size_t i = cell * cell_px; i < (cell + 1) * cell_px; i += lanes) {
          const auto red_before = hn::LoadU(d, row.before[cloud_red] + i);
          const auto nir = hn::LoadU(d, row.nir + i);
          const auto from = [&](std::size_t kind)
                                HWY_ATTR { return ground_from(d, kind, red_before, nir, parameters.ground_edges); };
          auto chosen = clear_lanes(d, row.mask + i);
          if (ground > 0) chosen = hn::And(chosen, from(ground));
          if (ground + 1 < ground_count) chosen = hn::AndNot(from(ground + 1), chosen);
          const auto clipped = [&](std::size_t band) HWY_ATTR {
            const auto value = hn::Sub(normalised(d, hn::LoadU(d, row.after[band] + i), parameters.gains[band]),
                                       hn::LoadU(d, row.before[band] + i));
            return fixed(hn::IfThenElseZero(
                chosen, clamp(d, value, parameters.lowest[ground][band], parameters.highest[ground][band])));
          };
          blue = hn::Add(blue, clipped(band_is_blue));
          red = hn::Add(red, clipped(band_is_red));
          count = hn::Sub(count, hn::VecFromMask(di, hn::RebindMask(di, chosen)));
        }
      }
      cells[cell].difference[ground][band_is_blue] += total(blue);
      cells[cell].difference[ground][band_is_red] += total(red);
      cells[cell].count[ground] += total(count);
    }
    for (std::size_t band = 0; band < cloud_band_count; ++band) {
      auto rise = hn::Zero(di);
      for (std::size_t r = 0; r < row_count; ++r) {
        for (std::size_t i = cell * cell_px; i < (cell + 1) * cell_px; i += lanes) {
          const auto value = hn::Sub(hn::LoadU(d, rows[r].after[band] + i), hn::LoadU(d, rows[r].before[band] + i));
          rise =
              hn::Add(rise, fixed(hn::IfThenElseZero(clear_lanes(d, rows[r].mask + i), clamp(d, value, -1.0F, 1.0F))));
        }
      }
      cells[cell].rise[band] += total(rise);
    }
  }
}

void evidence_row(const EvidenceRow& row, const EvidenceParameters& parameters, std::size_t cells, float* evidence) {
  const CellTag d;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN float position[cell_px];
  for (std::size_t i = 0; i < cell_px; ++i) position[i] = (static_cast<float>(i) + 0.5F) / static_cast<float>(cell_px);
  const auto cap = hn::Set(d, parameters.cap);
  const auto three = hn::Set(d, 3.0F);
  const auto edge_weight = hn::Set(d, parameters.edge_weight);
  const auto water = hn::Set(d, parameters.water_swir);
  const auto per_swir = hn::Set(d, 1.0F / (parameters.land_swir - parameters.water_swir));
  const auto floor = hn::Set(d, parameters.water_floor);
  const auto above_floor = hn::Set(d, 1.0F - parameters.water_floor);
  constexpr std::size_t cells_ahead = 16;
  const float* const planes[] = {row.difference[band_is_blue],
                                 row.difference[band_is_red],
                                 row.edge_energy[channel_blue],
                                 row.edge_energy[channel_red],
                                 row.edge_energy[channel_contrast],
                                 row.red,
                                 row.nir,
                                 row.swir_before,
                                 row.swir_after};

  for (std::size_t cell = 0; cell < cells; ++cell) {
    // Nine planes are more streams than the CPU's own prefetching follows. A cell is a cache line of each.
    const std::size_t soon = std::min(cell + cells_ahead, cells - 1) * cell_px;
    for (const float* plane : planes) hwy::Prefetch(plane + soon);
    for (std::size_t lane = 0; lane < cell_px; lane += lanes) {
      const std::size_t i = cell * cell_px + lane;
      const auto t = hn::Load(d, position + lane);
      const auto red = hn::LoadU(d, row.red + i);
      const auto nir = hn::LoadU(d, row.nir + i);
      const GroundLanes ground(d, red, nir, parameters.ground_edges);

      const auto rest = [&](std::size_t band) HWY_ATTR {
        return hn::Sub(hn::LoadU(d, row.difference[band] + i),
                       surroundings_at(d, row.surroundings[band], cell, t, ground));
      };
      const auto deviation = [&](std::size_t channel, auto value) HWY_ATTR {
        const auto variance = hn::Add(hn::Set(d, parameters.noise_variance[channel]),
                                      hn::Mul(edge_weight, hn::LoadU(d, row.edge_energy[channel] + i)));
        return hn::Div(hn::Mul(value, value), variance);
      };
      const auto blue_rest = rest(band_is_blue);
      const auto red_rest = rest(band_is_red);
      const auto strongest = hn::Max(hn::Max(deviation(channel_blue, blue_rest), deviation(channel_red, red_rest)),
                                     deviation(channel_contrast, hn::Sub(red_rest, blue_rest)));

      const auto swir = hn::Max(hn::LoadU(d, row.swir_before + i), hn::LoadU(d, row.swir_after + i));
      const auto land = clamp(d, hn::Mul(hn::Sub(swir, water), per_swir), 0.0F, 1.0F);
      const auto weight = hn::Add(floor, hn::Mul(above_floor, land));
      const auto value = hn::Mul(hn::Min(hn::Mul(three, strongest), cap), weight);
      hn::StoreU(hn::IfThenElseZero(clear_lanes(d, row.mask + i), value), d, evidence + i);
    }
  }
}

void score_row(const float* fine, const float* coarse_above, const float* coarse_below, float weight_below,
               const std::uint8_t* mask, float half, std::size_t n, std::uint8_t* score) {
  const CellTag d;
  const CellIntTag di;
  const CellByteTag db;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, 1.0F);
  const auto per_half = hn::Set(d, 1.0F / half);
  constexpr std::size_t pitch = 4;
  constexpr std::size_t coarse_per_cell = cell_px / pitch;
  HWY_ALIGN float coarse[cell_px];
  for (std::size_t i = 0; i < n; i += cell_px) {
    float centre[coarse_per_cell + 1];
    for (std::size_t k = 0; k <= coarse_per_cell; ++k) {
      const float above = coarse_above[i / pitch + k];
      centre[k] = above + (coarse_below[i / pitch + k] - above) * weight_below;
    }
    for (std::size_t k = 0; k < coarse_per_cell; ++k) {
      const float step = centre[k + 1] - centre[k];
      for (std::size_t j = 0; j < pitch; ++j) {
        coarse[k * pitch + j] = centre[k] + step * ((static_cast<float>(j) + 0.5F) / static_cast<float>(pitch));
      }
    }
    for (std::size_t lane = 0; lane < cell_px; lane += lanes) {
      const auto e = hn::Mul(hn::Set(d, 0.5F), hn::Add(hn::LoadU(d, fine + i + lane), hn::Load(d, coarse + lane)));
      const auto x = hn::Mul(e, per_half);
      const auto y = hn::Mul(hn::Mul(x, x), hn::Sqrt(x));
      auto code = hn::NearestInt(hn::Mul(hn::Set(d, 250.0F), hn::Div(y, hn::Add(one, y))));
      code = hn::IfThenZeroElse(hn::Lt(code, hn::Set(di, smallest_score_code)), code);
      const auto clear = hn::RebindMask(di, clear_lanes(d, mask + i + lane));
      hn::StoreU(hn::DemoteTo(db, hn::IfThenElse(clear, code, hn::Set(di, 255))), db, score + i + lane);
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(difference_rows);
void difference_rows(const PerBand<const float*>& before, const PerBand<const float*>& after,
                     const PerBand<RelativeGain>& gains, std::size_t n, const PerBand<float*>& difference,
                     const PerBand<float*>& mean) noexcept {
  HWY_DYNAMIC_DISPATCH(difference_rows)(before, after, gains, n, difference, mean);
}

HWY_EXPORT(edge_energy_rows);
void edge_energy_rows(const PerBand<Stencil>& mean, std::size_t n, const PerChannel<float*>& out) noexcept {
  HWY_DYNAMIC_DISPATCH(edge_energy_rows)(mean, n, out);
}

HWY_EXPORT(add_to_cells);
void add_to_cells(const SurroundingsRow* rows, std::size_t row_count, const SurroundingsParameters& parameters,
                  std::size_t cell_count, CellSums* cells) noexcept {
  HWY_DYNAMIC_DISPATCH(add_to_cells)(rows, row_count, parameters, cell_count, cells);
}

HWY_EXPORT(evidence_row);
void evidence_row(const EvidenceRow& row, const EvidenceParameters& parameters, std::size_t cells,
                  float* evidence) noexcept {
  HWY_DYNAMIC_DISPATCH(evidence_row)(row, parameters, cells, evidence);
}

HWY_EXPORT(score_row);
void score_row(const float* fine, const float* coarse_above, const float* coarse_below, float weight_below,
               const std::uint8_t* mask, float half, std::size_t n, std::uint8_t* score) noexcept {
  HWY_DYNAMIC_DISPATCH(score_row)(fine, coarse_above, coarse_below, weight_below, mask, half, n, score);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
