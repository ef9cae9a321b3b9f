#include "kernels/reductions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reductions.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// Lanes of `values` that are not NaN and not masked, for vectors v of float loaded from element i on.
template <class DF, class V>
HWY_INLINE hn::Mask<DF> counted(DF df, V v, const std::uint8_t* mask, std::size_t i) {
  const auto is_number = hn::Eq(v, v);
  if (mask == nullptr) return is_number;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<std::uint8_t, DF> d8;
  const auto bits = hn::PromoteTo(di, hn::LoadU(d8, mask + i));
  return hn::And(is_number, hn::RebindMask(df, hn::Eq(bits, hn::Zero(di))));
}

Moments moments(const float* values, const std::uint8_t* mask, std::size_t n) {
  constexpr std::size_t accumulators = 16;
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> df;
  constexpr std::size_t lanes = hn::MaxLanes(dd);  // == Lanes(dd): scalable targets are disabled (CMakeLists.txt)
  constexpr std::size_t vectors = accumulators / lanes;
  static_assert(vectors * lanes == accumulators);

  hn::Vec<decltype(dd)> sums[vectors];
  hn::Vec<decltype(dd)> squares[vectors];
  for (std::size_t k = 0; k < vectors; ++k) sums[k] = squares[k] = hn::Zero(dd);
  std::uint64_t count = 0;

  std::size_t i = 0;
  for (; i + accumulators <= n; i += accumulators) {
    for (std::size_t k = 0; k < vectors; ++k) {
      const std::size_t j = i + k * lanes;
      const auto v = hn::LoadU(df, values + j);
      const auto is_counted = counted(df, v, mask, j);
      count += hn::CountTrue(df, is_counted);
      // A pixel that does not count adds +0, which changes no accumulator: none of them can be -0.
      const auto x = hn::PromoteTo(dd, hn::IfThenElseZero(is_counted, v));
      sums[k] = hn::Add(sums[k], x);
      squares[k] = hn::Add(squares[k], hn::Mul(x, x));
    }
  }

  alignas(64) double sum[accumulators];
  alignas(64) double square[accumulators];
  for (std::size_t k = 0; k < vectors; ++k) {
    hn::Store(sums[k], dd, sum + k * lanes);
    hn::Store(squares[k], dd, square + k * lanes);
  }
  for (std::size_t k = 0; i < n; ++i, ++k) {
    if (std::isnan(values[i]) || (mask != nullptr && mask[i] != 0)) continue;
    const double x = values[i];
    ++count;
    sum[k] += x;
    square[k] += x * x;
  }
  for (std::size_t width = accumulators / 2; width > 0; width /= 2) {
    for (std::size_t k = 0; k < width; ++k) {
      sum[k] += sum[k + width];
      square[k] += square[k + width];
    }
  }
  return {count, sum[0], square[0]};
}

void histogram(const float* values, const std::uint8_t* mask, std::size_t n, float low, float high,
               std::span<std::uint32_t> bins) {
  if (bins.empty() || bins.size() > (std::size_t{1} << 24) || !(low < high)) return;
  const float scale = static_cast<float>(bins.size()) / (high - low);
  if (!(scale > 0.0F) || !(scale <= std::numeric_limits<float>::max())) return;
  const float last = static_cast<float>(bins.size() - 1);

  // The bin numbers of a chunk on the stack, -1 for a pixel that does not count; then one addition each.
  constexpr std::size_t chunk = 512;
  alignas(64) std::int32_t bin[chunk];
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    const std::size_t width = std::min(chunk, n - begin);
    for_each_vector<float>(width, [&](auto d, std::size_t i) HWY_ATTR {
      const hn::RebindToSigned<decltype(d)> di;
      const auto v = hn::LoadU(d, values + begin + i);
      const auto is_counted = counted(d, v, mask, begin + i);
      const auto t = hn::Mul(hn::Sub(v, hn::Set(d, low)), hn::Set(d, scale));
      // Lanes that count are not NaN, for which Min and Max differ between targets.
      const auto clamped = hn::Min(hn::Max(t, hn::Zero(d)), hn::Set(d, last));
      const auto number = hn::ConvertTo(di, hn::IfThenElseZero(is_counted, clamped));
      hn::StoreU(hn::IfThenElse(hn::RebindMask(di, is_counted), number, hn::Set(di, -1)), di, bin + i);
    });
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t b = static_cast<std::size_t>(std::max(bin[i], 0));
      bins[b] += bin[i] >= 0 ? 1U : 0U;
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(moments);
Moments moments(const float* values, const std::uint8_t* mask, std::size_t n) noexcept {
  return HWY_DYNAMIC_DISPATCH(moments)(values, mask, n);
}

HWY_EXPORT(histogram);
void histogram(const float* values, const std::uint8_t* mask, std::size_t n, float low, float high,
               std::span<std::uint32_t> bins) noexcept {
  HWY_DYNAMIC_DISPATCH(histogram)(values, mask, n, low, high, bins);
}

double quantile(std::span<const std::uint32_t> bins, double low, double high, double q) noexcept {
  std::uint64_t total = 0;
  for (const std::uint32_t count : bins) total += count;
  if (total == 0 || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();

  const double target = std::clamp(q, 0.0, 1.0) * static_cast<double>(total);
  const double bin_width = (high - low) / static_cast<double>(bins.size());
  std::uint64_t below = 0;
  std::size_t b = 0;
  // Stops at the first bin that is not empty and reaches the target; there is one, since the last count reaches total.
  while (bins[b] == 0 || static_cast<double>(below + bins[b]) < target) below += bins[b++];
  const double fraction = (target - static_cast<double>(below)) / static_cast<double>(bins[b]);
  return low + bin_width * (static_cast<double>(b) + fraction);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
