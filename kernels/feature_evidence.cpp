#include "kernels/feature_evidence.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/feature_evidence.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/evidence-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void feature_difference_row(const FeatureRow& before, const FeatureRow& after, const RelativeGain& gain, std::size_t n,
                            float* difference, float* mean, float* variance) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto x = hn::LoadU(d, before.value + i);
    const auto y = normalised(d, hn::LoadU(d, after.value + i), gain);
    hn::StoreU(hn::Sub(y, x), d, difference + i);
    hn::StoreU(hn::Mul(hn::Set(d, 0.5F), hn::Add(x, y)), d, mean + i);
    const auto of_before = hn::LoadU(d, before.error + i);
    const auto of_after = hn::Mul(hn::Set(d, gain.gain), hn::LoadU(d, after.error + i));
    hn::StoreU(hn::Add(hn::Mul(of_before, of_before), hn::Mul(of_after, of_after)), d, variance + i);
  });
}

void feature_edge_row(const Stencil& mean, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto half = hn::Set(d, 0.5F);
    const auto own = hn::LoadU(d, mean.padded + i + 1);
    const auto at = [&](const float* neighbour) HWY_ATTR {
      const auto value = hn::LoadU(d, neighbour);
      return hn::IfThenElse(hn::Eq(value, value), value, own);
    };
    const auto gx = hn::Mul(half, hn::Sub(at(mean.padded + i + 2), at(mean.padded + i)));
    const auto gy = hn::Mul(half, hn::Sub(at(mean.below + i), at(mean.above + i)));
    const auto energy = hn::Add(hn::Mul(gx, gx), hn::Mul(gy, gy));
    hn::StoreU(hn::IfThenElseZero(hn::Eq(own, own), energy), d, out + i);
  });
}

void add_feature_to_cells(const FeatureSurroundingsRow* rows, std::size_t row_count,
                          const FeatureSurroundingsParameters& parameters, std::size_t cell_count,
                          FeatureCellSums* cells) {
  const CellTag d;
  const CellIntTag di;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, parameters.fixed_point);
  const auto total = [&](auto vector) HWY_ATTR { return hn::GetLane(hn::SumOfLanes(di, vector)); };
  for (std::size_t cell = 0; cell < cell_count; ++cell) {
    for (std::size_t ground = 0; ground < ground_count; ++ground) {
      auto sum = hn::Zero(di);
      auto count = hn::Zero(di);
      for (std::size_t r = 0; r < row_count; ++r) {
        const FeatureSurroundingsRow& row = rows[r];
        for (std::size_t i = cell * cell_px; i < (cell + 1) * cell_px; i += lanes) {
          const auto red = hn::LoadU(d, row.red + i);
          const auto nir = hn::LoadU(d, row.nir + i);
          const auto from = [&](std::size_t kind)
                                HWY_ATTR { return ground_from(d, kind, red, nir, parameters.ground_edges); };
          const auto value =
              hn::Sub(normalised(d, hn::LoadU(d, row.after + i), parameters.gain), hn::LoadU(d, row.before + i));
          auto chosen = hn::And(clear_lanes(d, row.mask + i), hn::Eq(value, value));
          if (ground > 0) chosen = hn::And(chosen, from(ground));
          if (ground + 1 < ground_count) chosen = hn::AndNot(from(ground + 1), chosen);
          // A NaN must not get into Min and Max.
          const auto clipped =
              clamp(d, hn::IfThenElseZero(chosen, value), parameters.lowest[ground], parameters.highest[ground]);
          sum = hn::Add(sum, hn::NearestInt(hn::IfThenElseZero(chosen, hn::Mul(clipped, one))));
          count = hn::Sub(count, hn::VecFromMask(di, hn::RebindMask(di, chosen)));
        }
      }
      cells[cell].difference[ground] += total(sum);
      cells[cell].count[ground] += total(count);
    }
  }
}

void raise_evidence_row(const FeatureEvidenceRow& row, const EvidenceParameters& parameters, const FeatureNoise& noise,
                        std::size_t cells, float* evidence) {
  const CellTag d;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN float position[cell_px];
  for (std::size_t i = 0; i < cell_px; ++i) position[i] = (static_cast<float>(i) + 0.5F) / static_cast<float>(cell_px);
  const auto cap = hn::Set(d, parameters.cap);
  const auto three = hn::Set(d, 3.0F);
  const auto edge_weight = hn::Set(d, parameters.edge_weight);
  const auto band_variance = hn::Set(d, noise.band_variance);
  const auto least_variance = hn::Set(d, noise.least_variance);
  const auto water = hn::Set(d, parameters.water_swir);
  const auto per_swir = hn::Set(d, 1.0F / (parameters.land_swir - parameters.water_swir));
  const auto floor = hn::Set(d, parameters.water_floor);
  const auto above_floor = hn::Set(d, 1.0F - parameters.water_floor);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    for (std::size_t lane = 0; lane < cell_px; lane += lanes) {
      const std::size_t i = cell * cell_px + lane;
      const auto t = hn::Load(d, position + lane);
      const auto red = hn::LoadU(d, row.red + i);
      const auto nir = hn::LoadU(d, row.nir + i);
      const GroundLanes ground(d, red, nir, parameters.ground_edges);
      const auto rest =
          hn::Sub(hn::LoadU(d, row.difference + i), surroundings_at(d, row.surroundings, cell, t, ground));
      const auto known = hn::Eq(rest, rest);
      const auto square = hn::IfThenElseZero(known, hn::Mul(rest, rest));
      const auto by_bands = hn::Mul(band_variance, hn::Max(hn::LoadU(d, row.variance + i), least_variance));
      const auto variance = hn::Add(by_bands, hn::Mul(edge_weight, hn::LoadU(d, row.edge_energy + i)));

      const auto swir = hn::Max(hn::LoadU(d, row.swir_before + i), hn::LoadU(d, row.swir_after + i));
      const auto land = clamp(d, hn::Mul(hn::Sub(swir, water), per_swir), 0.0F, 1.0F);
      const auto weight = hn::Add(floor, hn::Mul(above_floor, land));
      const auto value = hn::Mul(hn::Min(hn::Mul(three, hn::Div(square, variance)), cap), weight);
      const auto so_far = hn::LoadU(d, evidence + i);
      const auto counts = hn::And(known, clear_lanes(d, row.mask + i));
      hn::StoreU(hn::IfThenElse(counts, hn::Max(so_far, value), so_far), d, evidence + i);
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(feature_difference_row);
void feature_difference_row(const FeatureRow& before, const FeatureRow& after, const RelativeGain& gain, std::size_t n,
                            float* difference, float* mean, float* variance) noexcept {
  HWY_DYNAMIC_DISPATCH(feature_difference_row)(before, after, gain, n, difference, mean, variance);
}

HWY_EXPORT(feature_edge_row);
void feature_edge_row(const Stencil& mean, std::size_t n, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(feature_edge_row)(mean, n, out);
}

HWY_EXPORT(add_feature_to_cells);
void add_feature_to_cells(const FeatureSurroundingsRow* rows, std::size_t row_count,
                          const FeatureSurroundingsParameters& parameters, std::size_t cell_count,
                          FeatureCellSums* cells) noexcept {
  HWY_DYNAMIC_DISPATCH(add_feature_to_cells)(rows, row_count, parameters, cell_count, cells);
}

HWY_EXPORT(raise_evidence_row);
void raise_evidence_row(const FeatureEvidenceRow& row, const EvidenceParameters& parameters, const FeatureNoise& noise,
                        std::size_t cells, float* evidence) noexcept {
  HWY_DYNAMIC_DISPATCH(raise_evidence_row)(row, parameters, noise, cells, evidence);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
