#include "kernels/predictor.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/predictor.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void undo_horizontal_differencing(std::uint16_t* row, std::size_t n) {
  std::uint16_t carry = 0;
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  // Sums within eight lanes by doubling steps (Hillis & Steele 1986), then the sum of all before. Longer vectors gain
  // nothing: what takes time is the carry from one vector to the next.
  const hn::FixedTag<std::uint16_t, 8> d;
  auto before = hn::Zero(d);
  for (; i + 8 <= n; i += 8) {
    auto sums = hn::LoadU(d, row + i);
    sums = hn::Add(sums, hn::ShiftLeftLanes<1>(d, sums));
    sums = hn::Add(sums, hn::ShiftLeftLanes<2>(d, sums));
    sums = hn::Add(sums, hn::ShiftLeftLanes<4>(d, sums));
    sums = hn::Add(sums, before);
    hn::StoreU(sums, d, row + i);
    before = hn::Broadcast<7>(sums);
  }
  if (i > 0) carry = row[i - 1];
#endif
  for (; i < n; ++i) {
    carry = static_cast<std::uint16_t>(carry + row[i]);
    row[i] = carry;
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(undo_horizontal_differencing);
void undo_horizontal_differencing(std::uint16_t* row, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(undo_horizontal_differencing)(row, n);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
