#include "kernels/reference/resample.hpp"

#include <algorithm>
#include <initializer_list>

namespace pitwatch::kernels::reference {
namespace {

/// a + t * (b - a), where the one that t does not draw from is replaced by the other.
float blend(float a, float b, float t) {
  if (t == 0.0F) b = a;
  if (t == 1.0F) a = b;
  return a + t * (b - a);
}

/// The bits of a and b that a weight t draws from.
std::uint8_t contributing(std::uint8_t a, std::uint8_t b, float t) {
  if (t == 0.0F) return a;
  if (t == 1.0F) return b;
  return static_cast<std::uint8_t>(a | b);
}

/// (w1*v1 + w2*v2) + (w0*v0 + w3*v3), where a sample of weight zero is replaced by the first that is drawn from.
float weighted_sum(const float w[4], const float v[4]) {
  float drawn = v[0];
  for (const int k : {3, 2, 1}) {
    if (w[k] != 0.0F) drawn = v[k];
  }
  float term[4];
  for (int k = 0; k < 4; ++k) term[k] = w[k] * (w[k] != 0.0F ? v[k] : drawn);
  return (term[1] + term[2]) + (term[0] + term[3]);
}

}  // namespace

void upsample2_row(const float* coarse_above, const float* coarse_below, float weight_below, std::size_t coarse_n,
                   float* fine) noexcept {
  const auto column = [&](std::size_t j) { return blend(coarse_above[j], coarse_below[j], weight_below); };
  for (std::size_t j = 0; j < coarse_n; ++j) {
    const std::size_t left = j == 0 ? 0 : j - 1;
    const std::size_t right = std::min(j + 1, coarse_n - 1);
    fine[2 * j] = blend(column(j), column(left), 0.25F);
    fine[2 * j + 1] = blend(column(j), column(right), 0.25F);
  }
}

void upsample2_mask_row(const std::uint8_t* coarse_above, const std::uint8_t* coarse_below, float weight_below,
                        std::size_t coarse_n, std::uint8_t* fine) noexcept {
  const auto column = [&](std::size_t j) { return contributing(coarse_above[j], coarse_below[j], weight_below); };
  for (std::size_t j = 0; j < coarse_n; ++j) {
    const std::size_t left = j == 0 ? 0 : j - 1;
    const std::size_t right = std::min(j + 1, coarse_n - 1);
    fine[2 * j] = contributing(column(j), column(left), 0.25F);
    fine[2 * j + 1] = contributing(column(j), column(right), 0.25F);
  }
}

void translate_bilinear_row(const float* row0, const float* row1, float fx, float fy, std::size_t n,
                            float* out) noexcept {
  const auto column = [&](std::size_t j) { return blend(row0[j], row1[j], fy); };
  for (std::size_t i = 0; i < n; ++i) out[i] = blend(column(i), column(i + 1), fx);
}

void translate_bilinear_mask_row(const std::uint8_t* row0, const std::uint8_t* row1, float fx, float fy, std::size_t n,
                                 std::uint8_t* out) noexcept {
  const auto column = [&](std::size_t j) { return contributing(row0[j], row1[j], fy); };
  for (std::size_t i = 0; i < n; ++i) out[i] = contributing(column(i), column(i + 1), fx);
}

void translate_bicubic_row(const float* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                           float* out) noexcept {
  const auto column = [&](std::size_t j) {
    const float v[4] = {rows[0][j], rows[1][j], rows[2][j], rows[3][j]};
    return weighted_sum(wy, v);
  };
  for (std::size_t i = 0; i < n; ++i) {
    const float v[4] = {column(i), column(i + 1), column(i + 2), column(i + 3)};
    out[i] = weighted_sum(wx, v);
  }
}

void translate_bicubic_mask_row(const std::uint8_t* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                                std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    unsigned bits = 0;
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t c = 0; c < 4; ++c) {
        if (wy[r] != 0.0F && wx[c] != 0.0F) bits |= rows[r][i + c];
      }
    }
    out[i] = static_cast<std::uint8_t>(bits);
  }
}

}  // namespace pitwatch::kernels::reference
