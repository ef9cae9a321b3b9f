#include "kernels/reference/shift.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/elementary.hpp"
#include "kernels/sight.hpp"

namespace pitwatch::kernels::reference {

void whiten_row(const StandardRow& row, const float* whitening, float water_share, std::size_t n,
                std::span<float* const> whitened, float* squares) noexcept {
  const std::size_t features = whitened.size();
  for (std::size_t x = 0; x < n; ++x) {
    if (row.wanted[x] == 0) continue;
    const float share = (row.sight[x] & sight_water_stays) != 0 ? water_share : 1;
    squares[x] = 0;
    for (std::size_t r = 0; r < features; ++r) {
      float sum = 0;
      for (std::size_t c = 0; c <= r; ++c) {
        const float deviation = row.deviation[c][x];
        sum += whitening[r * features + c] * (deviation > 0 ? share * row.residual[c][x] / deviation : 0);
      }
      whitened[r][x] = sum;
      squares[x] += sum * sum;
    }
  }
}

void remember_row(const RememberedRow& row, float limit, float soil_limit, float clean_squares, std::size_t n,
                  const RecentRows& recent, std::uint8_t* clean) noexcept {
  const std::size_t features = row.whitened.size();
  for (std::size_t x = 0; x < n; ++x) {
    clean[x] = 0;
    if (row.wanted[x] == 0) continue;
    for (std::size_t k = recent.numbers.size() - 1; k > 0; --k) {
      recent.numbers[k][x] = recent.numbers[k - 1][x];
      for (std::size_t f = 0; f < features; ++f)
        recent.residuals[k * features + f][x] = recent.residuals[(k - 1) * features + f][x];
    }
    recent.numbers[0][x] = row.number;
    float squares = 0;
    for (std::size_t f = 0; f < features; ++f) squares += row.whitened[f][x] * row.whitened[f][x];
    const float length = std::sqrt(squares);
    const float longest = (row.sight[x] & sight_soil) != 0 ? soil_limit : limit;
    const float scale = length <= longest ? 1 : longest / length;
    float kept_squares = 0;
    for (std::size_t f = 0; f < features; ++f) {
      const float halves = std::clamp(2 * (row.whitened[f][x] * scale), -127.0F, 127.0F);
      const float whole = std::floor(halves + 0.5F);
      recent.residuals[f][x] = static_cast<std::int8_t>(whole);
      kept_squares += 0.5F * whole * (0.5F * whole);
    }
    clean[x] = kept_squares < clean_squares ? 1 : 0;
  }
}

void shift_factor_row(const RecentRows& recent, const ShiftFactors& factors, const std::uint8_t* lasting_error,
                      const std::uint8_t* sight, const std::uint8_t* wanted, std::size_t n, float* factor,
                      std::uint8_t* above) noexcept {
  const std::size_t window = recent.numbers.size();
  const std::size_t features = recent.residuals.size() / window;
  for (std::size_t x = 0; x < n; ++x) {
    above[x] = 0;
    if (wanted[x] == 0) continue;
    std::size_t count = 0;
    for (std::size_t k = 0; k < window; ++k) count += recent.numbers[k][x] >= 0 ? 1 : 0;
    const std::size_t most = std::clamp(count, std::size_t{1}, factors.most_observations);
    const bool is_soil = (sight[x] & sight_soil) != 0;
    float sum[most_features] = {};
    for (std::size_t k = 0; k < most; ++k) {
      float squares = 0;
      for (std::size_t f = 0; f < features; ++f) {
        sum[f] += 0.5F * static_cast<float>(recent.residuals[k * features + f][x]);
        squares += sum[f] * sum[f];
      }
      const std::size_t place = lasting_error[x] * window + k;
      const bool is_sure = k == 0 && is_soil;
      const float per_square = is_sure ? factors.soil_per_square[lasting_error[x]] : factors.per_square[place];
      const float cost = is_sure ? factors.soil_cost[lasting_error[x]] : factors.cost[place];
      const float share = k > 0 || is_soil ? 1 : factors.single_share;
      const float of_shift = share * per_square * squares - cost;
      if (k == 0 || of_shift > factor[x]) factor[x] = of_shift;
    }
    above[x] = factor[x] > 0 ? 1 : 0;
  }
}

void keep_log_odds_row(const float* factor, float prior, const std::uint8_t* wanted, std::size_t n,
                       std::uint8_t* kept) noexcept {
  constexpr float per_step = 1 / log_odds_step;
  for (std::size_t x = 0; x < n; ++x) {
    if (wanted[x] == 0) continue;
    const float held = std::clamp(factor[x] + prior, least_log_odds, most_log_odds);
    kept[x] = static_cast<std::uint8_t>(even_log_odds + static_cast<int>(std::floor(held * per_step + 0.5F)));
  }
}

void join_neighbours_row(const NeighbourRows& rows, float share, std::size_t n, float* evidence,
                         float* probability) noexcept {
  constexpr std::uint8_t not_judged = 255;
  const auto unpacked = [&](std::size_t row, std::size_t x) {
    return log_odds_step * static_cast<float>(int{rows.log_odds[row][x]} - even_log_odds);
  };
  for (std::size_t x = 0; x < n; ++x) {
    evidence[x] = 0;
    probability[x] = 0;
    if (rows.status[1][x] == not_judged) continue;
    float sum = 0;
    float weights = 0;
    for (std::size_t row = 0; row < 3; ++row) {
      if (rows.status[row] == nullptr) continue;
      for (std::size_t place = x - std::min<std::size_t>(x, 1); place <= std::min(x + 1, n - 1); ++place) {
        if (rows.status[row][place] == not_judged) continue;
        const float weight = (row == 1 ? 2.0F : 1.0F) * (place == x ? 2.0F : 1.0F);
        sum += weight * unpacked(row, place);
        weights += weight;
      }
    }
    evidence[x] = (1 - share) * unpacked(1, x) + share * sum / weights;
    probability[x] = portable_logistic(evidence[x]);
  }
}

}  // namespace pitwatch::kernels::reference
