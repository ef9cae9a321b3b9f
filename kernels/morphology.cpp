#include "kernels/morphology.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/morphology.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

struct Dilate {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Or(a, b);
  }
  std::uint8_t operator()(std::uint8_t a, std::uint8_t b) const { return static_cast<std::uint8_t>(a | b); }
};

struct Erode {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::And(a, b);
  }
  std::uint8_t operator()(std::uint8_t a, std::uint8_t b) const { return static_cast<std::uint8_t>(a & b); }
};

/// Folds the 3 x 3 neighbourhood with `fold`, which is associative, commutative and idempotent: a neighbour that is
/// missing at an end can be replaced by the pixel itself.
template <bool is_square, class Fold>
void morphology3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                     std::uint8_t* out, Fold fold) {
  if (n == 0) return;
  const auto column = [&](std::size_t i) { return fold(fold(above[i], row[i]), below[i]); };
  const auto side = [&](std::size_t i) { return is_square ? column(i) : row[i]; };
  const auto end_pixel = [&](std::size_t i, std::size_t neighbour) { out[i] = fold(column(i), side(neighbour)); };
  if (n == 1) return end_pixel(0, 0);
  end_pixel(0, 1);
  end_pixel(n - 1, n - 2);

  for_each_vector<std::uint8_t>(n - 2, [&](auto d, std::size_t i) HWY_ATTR {
    const auto side_vector = [&](std::size_t j) HWY_ATTR {
      const auto v = hn::LoadU(d, row + j);
      if constexpr (is_square) return fold(fold(hn::LoadU(d, above + j), v), hn::LoadU(d, below + j));
      return v;
    };
    const std::size_t j = i + 1;
    const auto centre = fold(fold(hn::LoadU(d, above + j), hn::LoadU(d, row + j)), hn::LoadU(d, below + j));
    hn::StoreU(fold(fold(side_vector(j - 1), centre), side_vector(j + 1)), d, out + j);
  });
}

void dilate3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                 std::uint8_t* out, Neighbourhood neighbourhood) {
  if (neighbourhood == Neighbourhood::square) {
    morphology3_row<true>(above, row, below, n, out, Dilate());
  } else {
    morphology3_row<false>(above, row, below, n, out, Dilate());
  }
}

void erode3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                std::uint8_t* out, Neighbourhood neighbourhood) {
  if (neighbourhood == Neighbourhood::square) {
    morphology3_row<true>(above, row, below, n, out, Erode());
  } else {
    morphology3_row<false>(above, row, below, n, out, Erode());
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(dilate3_row);
void dilate3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                 std::uint8_t* out, Neighbourhood neighbourhood) noexcept {
  HWY_DYNAMIC_DISPATCH(dilate3_row)(above, row, below, n, out, neighbourhood);
}

HWY_EXPORT(erode3_row);
void erode3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                std::uint8_t* out, Neighbourhood neighbourhood) noexcept {
  HWY_DYNAMIC_DISPATCH(erode3_row)(above, row, below, n, out, neighbourhood);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
