#include "kernels/cell_sums.hpp"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cell_sums.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

using KindTag = hn::CappedTag<std::int32_t, kind_lanes>;  // a cell is a vector, or some

/// Pixels whose steps are worked out at once, before they are added one by one.
constexpr std::size_t chunk = 128;

void add_to_kind_cells(const ResidualRows& row, const CellSumParameters& parameters, std::size_t n,
                       std::span<std::int32_t* const> sums, std::int32_t* counts) {
  HWY_ALIGN std::int32_t steps[chunk];
  std::uint8_t chosen[chunk];           // pixels of the chunk that have a say
  HWY_ALIGN std::int32_t lanes[chunk];  // their kinds; 0 of the others
  std::int32_t places[chunk];           // of the chosen
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    const std::size_t count = std::min(chunk, n - begin);
    std::size_t found = 0;
    for (std::size_t x = 0; x < count; ++x) {
      const std::uint8_t kind = row.kind[begin + x];
      const bool has_say = kind < kind_lanes && row.tells[begin + x] != 0;
      lanes[x] = has_say ? kind : 0;
      chosen[found] = static_cast<std::uint8_t>(x);
      places[found] = static_cast<std::int32_t>((begin + x) / kind_cell_px * kind_lanes + kind);
      found += has_say ? 1 : 0;
    }
    if (found == 0) continue;
    for (std::size_t k = 0; k < found; ++k) ++counts[places[k]];
    for (std::size_t f = 0; f < sums.size(); ++f) {
      const float* const centre = parameters.centre + f * kind_lanes;
      const float* const residual = row.residual[f] + begin;
      const float* const deviation = row.deviation[f] + begin;
      for_each_vector<float>(count, [&](auto d, std::size_t i) HWY_ATTR {
        const hn::Rebind<std::int32_t, decltype(d)> di;
        const auto of_kind = hn::GatherIndex(d, centre, hn::LoadU(di, lanes + i));
        const auto reach = hn::Mul(hn::Set(d, parameters.reach), hn::LoadU(d, deviation + i));
        const auto largest = hn::Set(d, parameters.largest);
        auto held = hn::Sub(hn::LoadU(d, residual + i), of_kind);
        held = hn::Min(hn::Max(held, hn::Neg(reach)), reach);
        held = hn::Min(hn::Max(held, hn::Neg(largest)), largest);
        hn::StoreU(hn::ConvertTo(di, hn::Mul(held, hn::Set(d, parameters.per_unit))), di, steps + i);
      });
      std::int32_t* const into = sums[f];
      for (std::size_t k = 0; k < found; ++k) into[places[k]] += steps[chosen[k]];
    }
  }
}

void move_cell_window_row(const std::int32_t* into, const std::int32_t* out_of, std::size_t cells, std::int32_t* sums) {
  const KindTag d;
  for (std::size_t i = 0; i < cells * kind_lanes; i += hn::Lanes(d)) {
    auto sum = hn::LoadU(d, sums + i);
    if (into != nullptr) sum = hn::Add(sum, hn::LoadU(d, into + i));
    if (out_of != nullptr) sum = hn::Sub(sum, hn::LoadU(d, out_of + i));
    hn::StoreU(sum, d, sums + i);
  }
}

void cell_window_row(const std::int32_t* columns, std::size_t cells, std::size_t radius, std::int32_t* out) {
  const KindTag d;
  for (std::size_t lane = 0; lane < kind_lanes; lane += hn::Lanes(d)) {
    const auto at = [&](std::size_t cell) HWY_ATTR { return hn::LoadU(d, columns + cell * kind_lanes + lane); };
    auto sum = hn::Zero(d);
    for (std::size_t c = 0; c < std::min(radius, cells); ++c) sum = hn::Add(sum, at(c));
    for (std::size_t c = 0; c < cells; ++c) {
      if (radius < cells - c) sum = hn::Add(sum, at(c + radius));
      if (c > radius) sum = hn::Sub(sum, at(c - radius - 1));
      hn::StoreU(sum, d, out + c * kind_lanes + lane);
    }
  }
}

void add_cells(const std::int32_t* row, std::size_t cells, std::int64_t* totals) {
  const hn::CappedTag<std::int64_t, 8> d;
  const hn::Rebind<std::int32_t, decltype(d)> half;
  for (std::size_t lane = 0; lane < kind_lanes; lane += hn::Lanes(d)) {
    auto sum = hn::LoadU(d, totals + lane);
    for (std::size_t c = 0; c < cells; ++c)
      sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(half, row + c * kind_lanes + lane)));
    hn::StoreU(sum, d, totals + lane);
  }
}

void shared_mean_row(const std::int32_t* sums, const std::int32_t* counts, const KindMeans& means, std::size_t cells,
                     float* out) {
  const KindTag di;
  const hn::Rebind<float, KindTag> d;
  const auto prior = hn::Set(d, means.prior);
  for (std::size_t lane = 0; lane < kind_lanes; lane += hn::Lanes(d)) {
    const auto centre = hn::LoadU(d, means.centre + lane);
    const auto trust = hn::LoadU(d, means.trust + lane);
    const auto of_all = hn::Mul(prior, hn::LoadU(d, means.typical + lane));
    for (std::size_t i = lane; i < cells * kind_lanes; i += kind_lanes) {
      const auto pixels = hn::Add(hn::ConvertTo(d, hn::LoadU(di, counts + i)), prior);
      const auto sum = hn::Add(hn::ConvertTo(d, hn::LoadU(di, sums + i)), of_all);
      const auto mean = hn::Mul(sum, hn::Div(hn::Set(d, 1.0F), pixels));
      const auto shared = hn::Mul(trust, hn::Add(centre, hn::Mul(hn::Set(d, means.step), mean)));
      hn::StoreU(hn::IfThenZeroElse(hn::Eq(pixels, hn::Zero(d)), shared), d, out + i);
    }
  }
}

/// Bits of a number as an integer in the order of the numbers; -0 comes before 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V in_order(D d, V bits) {
  return hn::Xor(bits, hn::And(hn::ShiftRight<31>(bits), hn::Set(d, 0x7fffffff)));
}

/// Bit by bit from the highest: how many are below a candidate says whether it is too high.
float ranked(const float* values, std::size_t n, std::size_t rank) {
  std::uint32_t found = 0;  // the key less the lowest there is
  for (std::uint32_t bit = 1U << 31; bit != 0; bit >>= 1) {
    const auto candidate = static_cast<std::int32_t>((found | bit) ^ (1U << 31));
    const hn::ScalableTag<std::int32_t> full;
    auto below = hn::Zero(full);
    std::size_t count = 0;
    std::size_t i = 0;
    const auto is_below = [&](auto d, std::size_t place) HWY_ATTR {
      const hn::Rebind<float, decltype(d)> df;
      const auto key = in_order(d, hn::BitCast(d, hn::LoadU(df, values + place)));
      return hn::VecFromMask(d, hn::Lt(key, hn::Set(d, candidate)));
    };
    for (; i + hn::Lanes(full) <= n; i += hn::Lanes(full)) below = hn::Sub(below, is_below(full, i));
    const hn::CappedTag<std::int32_t, 1> one;
    for (; i < n; ++i) count += hn::GetLane(is_below(one, i)) != 0 ? 1 : 0;
    count += static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(full, below)));
    if (count <= rank) found |= bit;
  }
  const auto key = static_cast<std::int32_t>(found ^ (1U << 31));
  return std::bit_cast<float>(key ^ ((key >> 31) & 0x7fffffff));
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(add_to_kind_cells);
void add_to_kind_cells(const ResidualRows& row, const CellSumParameters& parameters, std::size_t n,
                       std::span<std::int32_t* const> sums, std::int32_t* counts) noexcept {
  HWY_DYNAMIC_DISPATCH(add_to_kind_cells)(row, parameters, n, sums, counts);
}

HWY_EXPORT(move_cell_window_row);
void move_cell_window_row(const std::int32_t* into, const std::int32_t* out_of, std::size_t cells,
                          std::int32_t* sums) noexcept {
  HWY_DYNAMIC_DISPATCH(move_cell_window_row)(into, out_of, cells, sums);
}

HWY_EXPORT(cell_window_row);
void cell_window_row(const std::int32_t* columns, std::size_t cells, std::size_t radius, std::int32_t* out) noexcept {
  HWY_DYNAMIC_DISPATCH(cell_window_row)(columns, cells, radius, out);
}

HWY_EXPORT(add_cells);
void add_cells(const std::int32_t* row, std::size_t cells, std::int64_t* totals) noexcept {
  HWY_DYNAMIC_DISPATCH(add_cells)(row, cells, totals);
}

HWY_EXPORT(shared_mean_row);
void shared_mean_row(const std::int32_t* sums, const std::int32_t* counts, const KindMeans& means, std::size_t cells,
                     float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(shared_mean_row)(sums, counts, means, cells, out);
}

HWY_EXPORT(ranked);
float ranked(const float* values, std::size_t n, std::size_t rank) noexcept {
  return HWY_DYNAMIC_DISPATCH(ranked)(values, n, rank);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
