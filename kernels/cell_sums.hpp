#pragma once
// What ground of one kind does over a neighbourhood: sums of residuals over cells of pixels, by kind, sums of cells
// over windows, and the mean of a window. In whole steps, which add up to the same in any order. Same bytes on every
// target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

/// Pixels per side of a cell.
inline constexpr std::size_t kind_cell_px = 4;
/// A cell has a number for each kind of ground: that of kind k in cell c is at c * kind_lanes + k.
inline constexpr std::size_t kind_lanes = 16;

/// A row of pixels: residuals and their deviations by feature.
struct ResidualRows {
  std::span<const float* const> residual;
  std::span<const float* const> deviation;
  const std::uint8_t* kind = nullptr;   // kind_lanes or more: has no say
  const std::uint8_t* tells = nullptr;  // 0: has no say
};

struct CellSumParameters {
  const float* centre = nullptr;  // of feature f and kind k at f * kind_lanes + k: what residuals are taken against
  float reach = 0;                // they are held to so many deviations around it,
  float largest = 0;              // and to this
  float per_unit = 0;             // steps in a unit
};

/// Adds the pixels that have a say to the sums of their cells: sums[f][c * kind_lanes + k] += trunc(held * per_unit),
/// held = clamp(clamp(residual - centre, +-reach * deviation), +-largest), and counts[c * kind_lanes + k] += 1; pixel x
/// is in cell x / kind_cell_px. Residuals of pixels that have a say are finite, steps less than 2^31.
void add_to_kind_cells(const ResidualRows& row, const CellSumParameters& parameters, std::size_t n,
                       std::span<std::int32_t* const> sums, std::int32_t* counts) noexcept;

/// sums[i] += into[i] - out_of[i], by whole cells, modulo 2^32. A row that is null counts as 0.
void move_cell_window_row(const std::int32_t* into, const std::int32_t* out_of, std::size_t cells,
                          std::int32_t* sums) noexcept;

/// out[c] = sum of columns[j] over |j - c| <= radius, cut at the ends, kind by kind, modulo 2^32. `out` is not
/// `columns`.
void cell_window_row(const std::int32_t* columns, std::size_t cells, std::size_t radius, std::int32_t* out) noexcept;

/// totals[k] += the sum over the cells, kind by kind.
void add_cells(const std::int32_t* row, std::size_t cells, std::int64_t* totals) noexcept;

/// What all pixels of a kind say of a feature; kind_lanes of each.
struct KindMeans {
  const float* centre = nullptr;   // as of CellSumParameters
  const float* typical = nullptr;  // mean over all, steps above the centre, which counts like `prior` pixels
  const float* trust = nullptr;    // 0..1
  float prior = 0;
  float step = 0;
};

/// out = trust * (centre + step * (sum + prior * typical) / (count + prior)), 0 where count + prior is 0; the quotient
/// as a product with 1 / (count + prior).
void shared_mean_row(const std::int32_t* sums, const std::int32_t* counts, const KindMeans& means, std::size_t cells,
                     float* out) noexcept;

/// The value that `rank` others are not above: the element at `rank` of the values in ascending order. rank < n; no
/// NaN.
float ranked(const float* values, std::size_t n, std::size_t rank) noexcept;

}  // namespace pitwatch::kernels
