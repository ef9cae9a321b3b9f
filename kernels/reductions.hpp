#pragma once
// Sums and histograms of a row. Same bytes on every target; reentrant; see README.md.
// A pixel counts if its mask byte is 0 and its value is not NaN. `mask` may be null: then nothing is masked.

#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

struct Moments {
  std::uint64_t count = 0;
  double sum = 0.0;
  double sum_of_squares = 0.0;
};

/// Count, sum and sum of squares of the pixels that count, in double. `values` and `mask` hold n elements.
///
/// The order of the additions is part of the contract: element i goes to accumulator i mod 16; at the end
/// a[k] += a[k+8] for k < 8, then a[k] += a[k+4] for k < 4, then a[k] += a[k+2] for k < 2, then a[0] + a[1].
/// A square is exact in double. The result therefore depends on how a caller cuts its data into rows: to add the
/// moments of several rows, keep the cut and the order of the rows fixed.
Moments moments(const float* values, const std::uint8_t* mask, std::size_t n) noexcept;

/// Adds one to bins[b] for every pixel that counts, b = trunc(t), t = (value - low) * scale clamped to 0..size-1, with
/// scale = size / (high - low) rounded to float. So bin b covers low + b/scale .. low + (b+1)/scale, values below `low`
/// fall into the first bin, values at or above `high` and infinity into the last.
/// `values` and `mask` hold n elements. Nothing is counted if `bins` is empty or has more than 2^24 entries, or unless
/// low < high and `scale` is positive and finite. The bins are not cleared first, so that calls add up. A bin wraps
/// after 2^32 - 1.
void histogram(const float* values, const std::uint8_t* mask, std::size_t n, float low, float high,
               std::span<std::uint32_t> bins) noexcept;

/// The q-quantile (0 <= q <= 1, clamped) of what `histogram` counted, by linear interpolation in the bin: the x at
/// which the cumulated count reaches q * total, with the counts of a bin spread evenly over it. q = 0 gives the lower
/// edge of the first bin that is not empty, q = 1 the upper edge of the last. NaN if all bins are empty or q is NaN.
double quantile(std::span<const std::uint32_t> bins, double low, double high, double q) noexcept;

}  // namespace pitwatch::kernels
