#include "kernels/resample.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// a + t * (b - a)
template <class V>
HWY_INLINE V blend(V a, V b, V t) {
  return hn::Add(a, hn::Mul(t, hn::Sub(b, a)));
}

/// Which of two neighbours a weight draws from: a neighbour that is not drawn from is replaced by the other one, which
/// changes no result and keeps a NaN in it out.
template <typename T>
struct RowPair {
  RowPair(const T* row0, const T* row1, float weight1)
      : first(weight1 == 1.0F ? row1 : row0), second(weight1 == 0.0F ? row0 : row1) {}
  const T* first;
  const T* second;
};

void upsample2_row(const float* coarse_above, const float* coarse_below, float weight_below, std::size_t coarse_n,
                   float* fine) {
  if (coarse_n == 0) return;
  const RowPair<float> rows(coarse_above, coarse_below, weight_below);
  // One lane at a time at the two ends, where a neighbour is missing.
  const auto column = [&](std::size_t j) { return rows.first[j] + weight_below * (rows.second[j] - rows.first[j]); };
  const auto end_pixel = [&](std::size_t j, std::size_t left, std::size_t right) {
    const float v = column(j);
    fine[2 * j] = v + 0.25F * (column(left) - v);
    fine[2 * j + 1] = v + 0.25F * (column(right) - v);
  };
  const std::size_t last = coarse_n - 1;
  end_pixel(0, 0, std::min<std::size_t>(1, last));
  if (last == 0) return;
  end_pixel(last, last - 1, last);

  for_each_vector<float>(last - 1, [&](auto d, std::size_t i) HWY_ATTR {
    const auto weight = hn::Set(d, weight_below);
    const auto quarter = hn::Set(d, 0.25F);
    const auto left = blend(hn::LoadU(d, rows.first + i), hn::LoadU(d, rows.second + i), weight);
    const auto v = blend(hn::LoadU(d, rows.first + i + 1), hn::LoadU(d, rows.second + i + 1), weight);
    const auto right = blend(hn::LoadU(d, rows.first + i + 2), hn::LoadU(d, rows.second + i + 2), weight);
    hn::StoreInterleaved2(blend(v, left, quarter), blend(v, right, quarter), d, fine + 2 * (i + 1));
  });
}

void upsample2_mask_row(const std::uint8_t* coarse_above, const std::uint8_t* coarse_below, float weight_below,
                        std::size_t coarse_n, std::uint8_t* fine) {
  if (coarse_n == 0) return;
  const RowPair<std::uint8_t> rows(coarse_above, coarse_below, weight_below);
  const auto end_pixel = [&](std::size_t j, std::size_t left, std::size_t right) {
    const unsigned v = rows.first[j] | rows.second[j];
    fine[2 * j] = static_cast<std::uint8_t>(v | rows.first[left] | rows.second[left]);
    fine[2 * j + 1] = static_cast<std::uint8_t>(v | rows.first[right] | rows.second[right]);
  };
  const std::size_t last = coarse_n - 1;
  end_pixel(0, 0, std::min<std::size_t>(1, last));
  if (last == 0) return;
  end_pixel(last, last - 1, last);

  for_each_vector<std::uint8_t>(last - 1, [&](auto d, std::size_t i) HWY_ATTR {
    const auto left = hn::Or(hn::LoadU(d, rows.first + i), hn::LoadU(d, rows.second + i));
    const auto v = hn::Or(hn::LoadU(d, rows.first + i + 1), hn::LoadU(d, rows.second + i + 1));
    const auto right = hn::Or(hn::LoadU(d, rows.first + i + 2), hn::LoadU(d, rows.second + i + 2));
    hn::StoreInterleaved2(hn::Or(v, left), hn::Or(v, right), d, fine + 2 * (i + 1));
  });
}

void translate_bilinear_row(const float* row0, const float* row1, float fx, float fy, std::size_t n, float* out) {
  const RowPair<float> rows(row0, row1, fy);
  // The right neighbours are the same rows one column on; fx picks between the columns as fy does between the rows.
  const std::size_t first = fx == 1.0F ? 1 : 0;
  const std::size_t second = fx == 0.0F ? 0 : 1;
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto down = hn::Set(d, fy);
    const auto v0 = blend(hn::LoadU(d, rows.first + i + first), hn::LoadU(d, rows.second + i + first), down);
    const auto v1 = blend(hn::LoadU(d, rows.first + i + second), hn::LoadU(d, rows.second + i + second), down);
    hn::StoreU(blend(v0, v1, hn::Set(d, fx)), d, out + i);
  });
}

void translate_bilinear_mask_row(const std::uint8_t* row0, const std::uint8_t* row1, float fx, float fy, std::size_t n,
                                 std::uint8_t* out) {
  const RowPair<std::uint8_t> rows(row0, row1, fy);
  const std::size_t first = fx == 1.0F ? 1 : 0;
  const std::size_t second = fx == 0.0F ? 0 : 1;
  for_each_vector<std::uint8_t>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto v0 = hn::Or(hn::LoadU(d, rows.first + i + first), hn::LoadU(d, rows.second + i + first));
    const auto v1 = hn::Or(hn::LoadU(d, rows.first + i + second), hn::LoadU(d, rows.second + i + second));
    hn::StoreU(hn::Or(v0, v1), d, out + i);
  });
}

/// The taps that a set of four weights draws from; a tap of weight zero stands for one that is drawn from.
struct Taps {
  explicit Taps(const float w[4]) {
    std::size_t used = 1;
    while (used < 4 && w[used] == 0.0F) ++used;
    if (used == 4) used = 0;
    for (std::size_t k = 0; k < 4; ++k) index[k] = w[k] != 0.0F ? k : used;
  }
  std::size_t index[4];
};

/// (w1*v1 + w2*v2) + (w0*v0 + w3*v3)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V weighted_sum(D d, const float w[4], V v0, V v1, V v2, V v3) {
  const V inner = hn::Add(hn::Mul(hn::Set(d, w[1]), v1), hn::Mul(hn::Set(d, w[2]), v2));
  const V outer = hn::Add(hn::Mul(hn::Set(d, w[0]), v0), hn::Mul(hn::Set(d, w[3]), v3));
  return hn::Add(inner, outer);
}

void translate_bicubic_row(const float* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                           float* out) {
  const Taps tx(wx);
  const Taps ty(wy);
  // Down for a chunk of columns on the stack, then across: 8 multiplications per pixel instead of 20.
  constexpr std::size_t chunk = 1024;
  alignas(64) float columns[chunk + 3];
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    const std::size_t width = std::min(chunk, n - begin);
    const float* const r0 = rows[ty.index[0]] + begin;
    const float* const r1 = rows[ty.index[1]] + begin;
    const float* const r2 = rows[ty.index[2]] + begin;
    const float* const r3 = rows[ty.index[3]] + begin;
    for_each_vector<float>(width + 3, [&](auto d, std::size_t i) HWY_ATTR {
      const auto v =
          weighted_sum(d, wy, hn::LoadU(d, r0 + i), hn::LoadU(d, r1 + i), hn::LoadU(d, r2 + i), hn::LoadU(d, r3 + i));
      hn::StoreU(v, d, columns + i);
    });
    const float* const c0 = columns + tx.index[0];
    const float* const c1 = columns + tx.index[1];
    const float* const c2 = columns + tx.index[2];
    const float* const c3 = columns + tx.index[3];
    for_each_vector<float>(width, [&](auto d, std::size_t i) HWY_ATTR {
      const auto v =
          weighted_sum(d, wx, hn::LoadU(d, c0 + i), hn::LoadU(d, c1 + i), hn::LoadU(d, c2 + i), hn::LoadU(d, c3 + i));
      hn::StoreU(v, d, out + begin + i);
    });
  }
}

void translate_bicubic_mask_row(const std::uint8_t* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                                std::uint8_t* out) {
  const Taps tx(wx);
  const Taps ty(wy);
  for_each_vector<std::uint8_t>(n, [&](auto d, std::size_t i) HWY_ATTR {
    auto bits = hn::Zero(d);
    for (const std::size_t r : ty.index) {
      for (const std::size_t c : tx.index) bits = hn::Or(bits, hn::LoadU(d, rows[r] + i + c));
    }
    hn::StoreU(bits, d, out + i);
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(upsample2_row);
void upsample2_row(const float* coarse_above, const float* coarse_below, float weight_below, std::size_t coarse_n,
                   float* fine) noexcept {
  HWY_DYNAMIC_DISPATCH(upsample2_row)(coarse_above, coarse_below, weight_below, coarse_n, fine);
}

HWY_EXPORT(upsample2_mask_row);
void upsample2_mask_row(const std::uint8_t* coarse_above, const std::uint8_t* coarse_below, float weight_below,
                        std::size_t coarse_n, std::uint8_t* fine) noexcept {
  HWY_DYNAMIC_DISPATCH(upsample2_mask_row)(coarse_above, coarse_below, weight_below, coarse_n, fine);
}

HWY_EXPORT(translate_bilinear_row);
void translate_bilinear_row(const float* row0, const float* row1, float fx, float fy, std::size_t n,
                            float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(translate_bilinear_row)(row0, row1, fx, fy, n, out);
}

HWY_EXPORT(translate_bilinear_mask_row);
void translate_bilinear_mask_row(const std::uint8_t* row0, const std::uint8_t* row1, float fx, float fy, std::size_t n,
                                 std::uint8_t* out) noexcept {
  HWY_DYNAMIC_DISPATCH(translate_bilinear_mask_row)(row0, row1, fx, fy, n, out);
}

HWY_EXPORT(translate_bicubic_row);
void translate_bicubic_row(const float* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                           float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(translate_bicubic_row)(rows, wx, wy, n, out);
}

HWY_EXPORT(translate_bicubic_mask_row);
void translate_bicubic_mask_row(const std::uint8_t* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                                std::uint8_t* out) noexcept {
  HWY_DYNAMIC_DISPATCH(translate_bicubic_mask_row)(rows, wx, wy, n, out);
}

void bicubic_weights(float t, float w[4]) noexcept {
  const double x = t;
  w[0] = static_cast<float>(((-0.5 * x + 1.0) * x - 0.5) * x);
  w[1] = static_cast<float>((1.5 * x - 2.5) * x * x + 1.0);
  w[2] = static_cast<float>(((-1.5 * x + 2.0) * x + 0.5) * x);
  w[3] = static_cast<float>((0.5 * x - 0.5) * x * x);
}

Taps taps_at(double position, int length) noexcept {
  Taps taps;
  const double middle = std::floor(position + 0.5);
  if (!(middle >= 0 && middle < length)) {
    taps.nearest = -1;
    return taps;
  }
  taps.nearest = static_cast<int>(middle);
  const int left = static_cast<int>(std::floor(position));
  taps.fraction = static_cast<float>(position - left);
  for (int k = 0; k < 4; ++k) taps.at[k] = std::clamp(left - 1 + k, 0, length - 1);
  taps.linear[0] = taps.linear[3] = 0;
  taps.linear[1] = 1 - taps.fraction;
  taps.linear[2] = taps.fraction;
  bicubic_weights(taps.fraction, taps.cubic);
  return taps;
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
