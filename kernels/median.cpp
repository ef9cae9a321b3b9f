#include "kernels/median.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/median.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// NaN sorts behind all values.
void load_chunk(std::span<const float* const> rows, std::size_t begin, std::size_t n, float* scratch, float* counts) {
  std::fill_n(counts, median_chunk, 0.0F);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const float* const from = rows[k] + begin;
    float* const into = scratch + k * median_chunk;
    for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
      const auto value = hn::LoadU(d, from + i);
      const auto is_there = hn::Eq(value, value);
      hn::StoreU(hn::IfThenElse(is_there, value, hn::Set(d, std::numeric_limits<float>::infinity())), d, into + i);
      const auto one = hn::IfThenElseZero(is_there, hn::Set(d, 1.0F));
      hn::StoreU(hn::Add(hn::LoadU(d, counts + i), one), d, counts + i);
    });
  }
}

void order(float* low, float* high, std::size_t n) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto a = hn::LoadU(d, low + i);
    const auto b = hn::LoadU(d, high + i);
    const auto is_turned = hn::Lt(b, a);
    hn::StoreU(hn::IfThenElse(is_turned, b, a), d, low + i);
    hn::StoreU(hn::IfThenElse(is_turned, a, b), d, high + i);
  });
}

void median_of_rows(std::span<const float* const> rows, std::span<const Comparator> network, std::size_t n,
                    float* scratch, float* out) {
  float counts[median_chunk];
  for (std::size_t begin = 0; begin < n; begin += median_chunk) {
    const std::size_t width = std::min(median_chunk, n - begin);
    load_chunk(rows, begin, width, scratch, counts);
    for (const Comparator& one : network) {
      order(scratch + static_cast<std::size_t>(one.low) * median_chunk,
            scratch + static_cast<std::size_t>(one.high) * median_chunk, width);
    }
    for (std::size_t i = 0; i < width; ++i) {
      const auto count = static_cast<std::size_t>(counts[i]);
      if (count == 0) {
        out[begin + i] = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      const float below = scratch[(count - 1) / 2 * median_chunk + i];
      const float above = scratch[count / 2 * median_chunk + i];
      out[begin + i] = 0.5F * below + 0.5F * above;
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(median_of_rows);
void median_of_rows(std::span<const float* const> rows, std::span<const Comparator> network, std::size_t n,
                    float* scratch, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(median_of_rows)(rows, network, n, scratch, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
