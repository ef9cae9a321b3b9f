#pragma once
// Whether the last observations of the pixels of a row are shifted against their models, all by the same: whitened
// residuals, those of the last observations, the evidence where nothing is shifted, and what neighbours say.
// Same bytes on every target; reentrant; see README.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

/// As many features as kernels take.
inline constexpr std::size_t most_features = 16;

/// Residuals of a row against its models.
struct StandardRow {
  std::span<const float* const> residual;   // by feature
  std::span<const float* const> deviation;  // 0: the feature is not monitored
  const std::uint8_t* sight = nullptr;      // SightBit
  const std::uint8_t* wanted = nullptr;     // 0: what is written is of no account
};

/// whitened = W standard, standard = share * residual / deviation, 0 where that is 0. W is the lower triangle
/// `whitening`, row-major; share is `water_share` where water stays water, else 1. squares: the squared length of
/// `whitened`.
void whiten_row(const StandardRow& row, const float* whitening, float water_share, std::size_t n,
                std::span<float* const> whitened, float* squares) noexcept;

/// The last observations of a row, newest first.
struct RecentRows {
  /// Whitened residual of observation k and feature f at k * features + f, in halves.
  std::span<std::int8_t* const> residuals;
  /// Number of observation k; -1: there is none.
  std::span<std::int16_t* const> numbers;
};

struct RememberedRow {
  std::span<const float* const> whitened;  // by feature
  const std::uint8_t* sight = nullptr;     // SightBit
  const std::uint8_t* wanted = nullptr;    // 0: the pixel keeps those that it has
  std::int16_t number = 0;
};

/// Puts an observation before the others; the oldest is dropped. What is longer than `limit`, or than `soil_limit`
/// where new bare ground is seen, counts as long as that; rounded to halves, held to +-63.5. clean: 1 where the pixel
/// is wanted and what is kept of it is shorter than the root of `clean_squares`, else 0.
void remember_row(const RememberedRow& row, float limit, float soil_limit, float clean_squares, std::size_t n,
                  const RecentRows& recent, std::uint8_t* clean) noexcept;

/// Constants of the Bayes factor, by the pixel's lasting error as it is kept.
struct ShiftFactors {
  const float* per_square =
      nullptr;                  // of lasting error e and k + 1 observations at e * window + k: of the squared length
  const float* cost = nullptr;  // of the summed residuals, and what is taken off
  const float* soil_per_square = nullptr;  // of one observation that shows new bare ground, by e
  const float* soil_cost = nullptr;
  float single_share = 0;             // of an observation alone that shows none
  std::size_t most_observations = 0;  // that are summed
};

/// factor: the largest over the newest k = 1, 2, ... of share * per_square |sum of k residuals|^2 - cost, over as many
/// as there are and at most most_observations, one at least. above: 1 where the pixel is wanted and one of them is
/// above 0, which is for others to judge; else 0. Where that is 1 or the pixel is not wanted, factor is of no account.
void shift_factor_row(const RecentRows& recent, const ShiftFactors& factors, const std::uint8_t* lasting_error,
                      const std::uint8_t* sight, const std::uint8_t* wanted, std::size_t n, float* factor,
                      std::uint8_t* above) noexcept;

/// Log odds as they are kept: steps of 0.3 from -15 to 60.
inline constexpr float log_odds_step = 0.3F;
inline constexpr int even_log_odds = 50;
inline constexpr float least_log_odds = -15;
inline constexpr float most_log_odds = 60;

/// kept = factor + prior in steps, where `wanted` is not 0; elsewhere it stays.
void keep_log_odds_row(const float* factor, float prior, const std::uint8_t* wanted, std::size_t n,
                       std::uint8_t* kept) noexcept;

/// Evidence of pixels and their neighbours: rows above, of, and below; null where there is none.
struct NeighbourRows {
  std::array<const std::uint8_t*, 3> log_odds{};
  std::array<const std::uint8_t*, 3> status{};  // 255: not judged
};

/// evidence = (1 - share) own + share * mean of own and the neighbours', weighed 4, 2 at a side and 1 at a corner, of
/// those that are judged; 0 where the pixel is not. probability = 1 / (1 + exp(-evidence)), 0 where it is not judged.
void join_neighbours_row(const NeighbourRows& rows, float share, std::size_t n, float* evidence,
                         float* probability) noexcept;

}  // namespace pitwatch::kernels
