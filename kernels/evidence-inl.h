// Ground of a row in vectors, for the kernels of the evidence; re-included once per target, as rows-inl.h.

#if defined(PITWATCH_KERNELS_EVIDENCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITWATCH_KERNELS_EVIDENCE_INL_H_
#undef PITWATCH_KERNELS_EVIDENCE_INL_H_
#else
#define PITWATCH_KERNELS_EVIDENCE_INL_H_
#endif

#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/evidence.hpp"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

// A cell is 16 pixels on every target: one vector of 16 lanes, or several shorter ones. So every sum over a cell has
// the same terms, and interpolation between cells has the same weights, whatever the target.
using CellTag = hn::CappedTag<float, cell_px>;
using CellIntTag = hn::Rebind<std::int32_t, CellTag>;
using CellByteTag = hn::Rebind<std::uint8_t, CellTag>;

/// All ones where the mask byte is 0.
template <class D>
HWY_INLINE hn::Mask<D> clear_lanes(D d, const std::uint8_t* mask) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::uint8_t, D> db;
  return hn::RebindMask(d, hn::Eq(hn::PromoteTo(di, hn::LoadU(db, mask)), hn::Zero(di)));
}

template <class D, class V>
HWY_INLINE V clamp(D d, V value, float low, float high) {
  return hn::Min(hn::Max(value, hn::Set(d, low)), hn::Set(d, high));
}

template <class D, class V>
HWY_INLINE V normalised(D d, V after, const RelativeGain& gain) {
  return hn::Add(hn::Mul(hn::Set(d, gain.gain), after), hn::Set(d, gain.offset));
}

/// Where the ground is of kind k or a later one, k = 1..3: where nir - red exceeds at least k of the three bounds
/// edge * (nir + red). The edges ascend; the bounds do as well, or descend where nir + red is negative.
template <class D, class V>
HWY_INLINE hn::Mask<D> ground_from(D d, std::size_t k, V red, V nir, const GroundEdges& edges) {
  static_assert(ground_count == 4);
  const auto exceeds = [&](std::size_t edge) HWY_ATTR {
    return hn::Gt(hn::Sub(nir, red), hn::Mul(hn::Set(d, edges[edge]), hn::Add(nir, red)));
  };
  if (k == 2) return exceeds(1);
  return k == 1 ? hn::Or(exceeds(0), exceeds(2)) : hn::And(exceeds(0), exceeds(2));
}

/// Which ground pixels are of: where it is of kind k or a later one, k = 1..3.
template <class D>
struct GroundLanes {
  template <class V>
  HWY_INLINE GroundLanes(D d, V red, V nir, const GroundEdges& edges)
      : from_1(ground_from(d, 1, red, nir, edges)),
        from_2(ground_from(d, 2, red, nir, edges)),
        from_3(ground_from(d, 3, red, nir, edges)) {}
  hn::Mask<D> from_1, from_2, from_3;
};

/// The mean of the surroundings for pixels of a cell, each of its own ground: between the centres of the cell's left
/// and right neighbours by `position`, 0..1. `surroundings` by ground, one value per cell centre.
template <class D, class V>
HWY_INLINE V surroundings_at(D d, const std::array<const float*, ground_count>& surroundings, std::size_t cell,
                             V position, const GroundLanes<D>& ground) {
  const auto at = [&](std::size_t kind) HWY_ATTR {
    const float* const centres = surroundings[kind] + cell;
    return hn::Add(hn::Set(d, centres[0]), hn::Mul(hn::Set(d, centres[1] - centres[0]), position));
  };
  V mean = hn::IfThenElse(ground.from_1, at(1), at(0));
  mean = hn::IfThenElse(ground.from_2, at(2), mean);
  return hn::IfThenElse(ground.from_3, at(3), mean);
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PITWATCH_KERNELS_EVIDENCE_INL_H_
