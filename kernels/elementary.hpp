#pragma once
// Logarithm, exponential and logistic function that give the same bits on every processor, which libm does not promise:
// additions, multiplications and bit operations alone.

#include <bit>
#include <cstdint>

namespace pitwatch::kernels {

/// Natural logarithm of a positive, normal number; absolute error below 2e-6 in 1e-6..1e6.
/// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m - 1) / (m + 1)), by its series.
inline float portable_log(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  // Moves the split of exponent and mantissa from 1 to sqrt(1/2).
  constexpr std::uint32_t half_root = 0x3f3504f3;
  const auto shifted = bits - half_root;
  const auto exponent = static_cast<std::int32_t>(shifted) >> 23;
  const float m = std::bit_cast<float>((shifted & 0x007fffffU) + half_root);
  const float t = (m - 1.0F) / (m + 1.0F);
  const float t2 = t * t;
  const float series = t * (2.0F + t2 * (2.0F / 3 + t2 * (2.0F / 5 + t2 * (2.0F / 7))));
  return static_cast<float>(exponent) * 0.693147181F + series;
}

/// e^x for -80 <= x <= 80; relative error below 1e-5.
inline float portable_exp(float x) {
  const float y = x * 1.44269504F;
  const auto whole = static_cast<std::int32_t>(y + (y < 0 ? -0.5F : 0.5F));
  const float r = (y - static_cast<float>(whole)) * 0.693147181F;
  const float p = 1 + r * (1 + r * (0.5F + r * (1.0F / 6 + r * (1.0F / 24 + r * (1.0F / 120)))));
  return p * std::bit_cast<float>(static_cast<std::uint32_t>(whole + 127) << 23);
}

/// 1 / (1 + e^-x), for any number.
inline float portable_logistic(float x) {
  const float clamped = x < -40 ? -40.0F : (x > 40 ? 40.0F : x);
  return 1 / (1 + portable_exp(-clamped));
}

}  // namespace pitwatch::kernels
