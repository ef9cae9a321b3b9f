#pragma once
// Seasonal models (season.hpp) as they are kept from night to night, in whole steps, for the pixels of a row: to
// numbers again, what an observation shows against what they expect, and an observation taken in. Same bytes on every
// target; reentrant; see README.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/season.hpp"

namespace pitwatch::kernels {

/// Observations of a part of the year are kept as 6 sqrt(n).
inline constexpr float steps_of_observations = 6;

/// Rows of models as they are kept.
struct KeptModelRows {
  std::span<std::int16_t* const> coefficients;             // [feature * season_terms + term], in steps
  std::array<std::uint8_t*, season_parts> observations{};  // [part], in steps
  std::span<const std::uint8_t* const> noise;              // [feature]: place in a table; 0: not monitored
};

/// What the steps are.
struct ModelUnits {
  std::span<const float> step;      // of coefficients, in their order; 0: the feature is not monitored
  std::span<const float> per_unit;  // 1 / step, as rounded by who packs
  const float* noise = nullptr;     // table of 256 places
};

/// Where models go as numbers, for SeasonRows.
struct ModelNumberRows {
  float* const* coefficients = nullptr;
  float* const* noise = nullptr;
  float* const* observations = nullptr;
};

/// coefficient = kept * step; noise by its table; n = (kept / 6)^2.
void unpack_models_row(const KeptModelRows& kept, const ModelUnits& units, std::size_t n,
                       const ModelNumberRows& into) noexcept;

/// What a row shows, and what was expected of it; by feature.
struct SeenRow {
  const float* const* value = nullptr;               // observed
  const float* const* error = nullptr;               // standard deviation by errors of reflectance and of position
  const float* const* expected = nullptr;            // of season_expectation()
  const float* const* expected_deviation = nullptr;  // likewise; 0: not monitored
  const std::uint8_t* wanted = nullptr;              // 0: not measured
};

/// residual = value - expected; deviation^2 = expected_deviation^2 + (error * exp(residual of feature `brightness`,
/// held to 0..4))^2: where it should be darker than it is, the expectation is as uncertain as the dark is. Both 0 for
/// features that are not monitored. known: 1 where the pixel is wanted and lacks no value of a monitored feature, else
/// 0; what is written elsewhere is of no account.
void deviate_row(const SeenRow& row, std::size_t features, std::size_t brightness, std::size_t n,
                 float* const* residual, float* const* deviation, std::uint8_t* known) noexcept;

/// An observation that is taken into the models of a row.
struct AdaptedRow {
  const float* const* value = nullptr;      // by feature; NaN: the feature keeps its coefficients
  const float* const* direction = nullptr;  // of season_direction()
  const std::uint8_t* wanted = nullptr;     // 0: the model stays as it is
};

struct Adaptation {
  std::array<float, season_terms> terms{};  // of the date
  float weight = 0;                         // of the observation, where an undisturbed one of the history has 1
  std::size_t part = 0;                     // of the year
  std::uint32_t first = 0;                  // number of the row's first pixel,
  std::uint32_t chance = 0;                 // and what belongs to the observation: both decide how it is rounded
};

/// coefficient += direction * (value - expected) / (1 / weight + terms . direction) (recursive least squares), and the
/// weight of the part's observations += weight. What comes in is far less than a step: it is rounded up or down by
/// chance (threshold_of() with the coefficient's place, and with the number of coefficients for the observations), so
/// that the mean is right.
void adapt_row(const KeptModelRows& models, const ModelUnits& units, const Adaptation& observation,
               const AdaptedRow& row, std::size_t n) noexcept;

/// lowbias32 (Wellons 2018).
inline std::uint32_t mixed_bits(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

/// The k-th pseudo-random threshold for rounding, in [0, 1): a fraction is rounded up where it and the threshold
/// make 1. It depends on the number of the pixel and what belongs to the observation alone.
inline float threshold_of(std::uint32_t pixel, std::uint32_t chance, std::uint32_t k) {
  constexpr std::uint32_t golden = 0x9e3779b9U;
  const std::uint32_t bits = mixed_bits(mixed_bits(pixel * golden + chance) + (k / 2 + 1) * golden);
  return static_cast<float>(k % 2 == 0 ? bits & 0xffffU : bits >> 16) * (1.0F / 65536);
}

}  // namespace pitwatch::kernels
