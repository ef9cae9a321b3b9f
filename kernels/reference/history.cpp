#include "kernels/reference/history.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

namespace pitwatch::kernels::reference {
namespace {

std::int16_t held(float steps) {
  return static_cast<std::int16_t>(std::nearbyint(std::clamp(steps, -32000.0F, 32000.0F)));
}

}  // namespace

void pack_history(const float* values, std::size_t n, float per_step, std::int16_t* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::isnan(values[i]) ? no_season_value : held(values[i] * per_step);
}

void take_off_history(const float* amounts, std::size_t n, float per_step, std::int16_t* values) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    if (values[i] != no_season_value) values[i] = held(static_cast<float>(values[i]) - amounts[i] * per_step);
  }
}

void history_residuals(const std::int16_t* values, std::size_t feature_stride, const std::uint8_t* counts,
                       std::size_t features, std::size_t n, float step, const float* const* expected,
                       const float* const* deviation, float* const* residual, std::uint8_t* is_usable) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    is_usable[x] = counts[x] != 0 ? 1 : 0;
    for (std::size_t f = 0; f < features; ++f) {
      if (deviation[f][x] > 0 && values[f * feature_stride + x] == no_season_value) is_usable[x] = 0;
    }
    for (std::size_t f = 0; f < features; ++f) {
      const float value = static_cast<float>(values[f * feature_stride + x]) * step;
      residual[f][x] = is_usable[x] != 0 && deviation[f][x] > 0 ? value - expected[f][x] : 0;
    }
  }
}

void lasting_errors(const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                    std::size_t n, float* squares, float* windows) noexcept {
  const std::size_t features = history.features;
  for (std::size_t x = 0; x < n; ++x) {
    squares[x] = 0;
    windows[x] = 0;
    std::deque<std::vector<float>> last(season_window, std::vector<float>(features, 0.0F));
    std::vector<float> sum(features, 0.0F);
    std::size_t count = 0;
    for (std::size_t l = 0; l < history.days.size(); ++l) {
      const SeasonDay& day = history.days[l];
      bool is_usable = history.counts[l * history.counts_stride + x] != 0;
      std::vector<float> standard(features, 0.0F);
      for (std::size_t f = 0; f < features; ++f) {
        const float noise = models.noise[f][x];
        if (!(noise > 0)) continue;
        float expected = 0;
        float slope = 0;
        for (std::size_t i = 0; i < season_terms; ++i) {
          expected += models.coefficients[f * season_terms + i][x] * day.terms[i];
          slope += models.coefficients[f * season_terms + i][x] * day.slopes[i];
        }
        const float drift = slope * options.shift_days;
        const std::int16_t packed = history.values[l][f * history.feature_stride + x];
        if (packed == no_season_value) is_usable = false;
        standard[f] = (static_cast<float>(packed) * history.step - expected) / std::sqrt(noise * noise + drift * drift);
      }
      std::vector<float> whitened(features, 0.0F);
      float length = 0;
      for (std::size_t r = 0; r < features; ++r) {
        for (std::size_t c = 0; c <= r; ++c) whitened[r] += options.whitening[r * features + c] * standard[c];
        length += whitened[r] * whitened[r];
      }
      if (!is_usable || !(length <= options.most_square)) continue;
      float of_sum = 0;
      for (std::size_t f = 0; f < features; ++f) {
        sum[f] += whitened[f] - last.back()[f];
        of_sum += sum[f] * sum[f];
      }
      last.pop_back();
      last.push_front(whitened);
      if (++count < season_window) continue;
      squares[x] += of_sum;
      ++windows[x];
    }
  }
}

}  // namespace pitwatch::kernels::reference
