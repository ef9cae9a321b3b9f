#pragma once
// Medians over many rows, pixel by pixel.
// Same bytes on every target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

/// Pixels that are sorted side by side.
inline constexpr std::size_t median_chunk = 64;

/// A comparison of a sorting network: the lesser of two values goes to the first place.
struct Comparator {
  std::int32_t low = 0;
  std::int32_t high = 0;
};

/// out[i] = the median of rows[k][i] over those rows where it is no NaN; of an even number half of each of the two in
/// the middle; the quiet NaN with no sign and no payload where there is none.
///
/// `network` sorts rows.size() values (at least one, at most 65535; its places are below that). Rows and `out` hold n
/// elements, any alignment, and do not overlap; `scratch` holds median_chunk * rows.size() floats. Values may be
/// infinite downwards, not upwards.
void median_of_rows(std::span<const float* const> rows, std::span<const Comparator> network, std::size_t n,
                    float* scratch, float* out) noexcept;

}  // namespace pitwatch::kernels
