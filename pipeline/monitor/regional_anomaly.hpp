#pragma once
// What the ground of one kind does on a date all over a neighbourhood (drought, a late spring, wet soil, haze, an error
// of calibration): the mean residual of similar pixels around.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/monitor/strata.hpp"

namespace pitwatch {

/// One observation's residuals against the model over a window, pixel by pixel. `kind` is that of group_ground(),
/// or no_kind where there is no residual; `tells` is 1 where the pixel has a say in what is shared.
struct ObservationResiduals {
  int width = 0;
  int height = 0;
  PixelVector<FeatureVector> residual;
  PixelVector<FeatureVector> deviation;  // standard deviation, 0 for features that are not monitored
  PixelVector<std::uint8_t> kind;
  PixelVector<std::uint8_t> tells;
};

/// The shared residual of each kind in cells of `cell_pixels`, and of any pixel.
class RegionalAnomaly {
 public:
  /// Residuals are clipped at options.surroundings_clip_sigma around the site's median of their kind, so that pits
  /// do not make weather; means are over a square of options.surroundings_m and shrunk to the site's where few pixels
  /// count. Same bytes for any `rows`: residuals are summed in whole steps.
  void estimate(const ObservationResiduals& observation, const MonitorOptions& options,
                const RowLoop& rows = serial_rows);

  const FeatureVector& at(int x, int y, std::uint8_t kind) const {
    const PixelVector<FeatureVector>& shared = shared_[kind];
    if (shared.empty()) return nothing;
    return shared[static_cast<std::size_t>(y / cell_pixels) * cells_across_ +
                  static_cast<std::size_t>(x / cell_pixels)];
  }

  /// By how much the residuals of a kind scatter on this date more than expected, at least 1, by feature: at the turn
  /// of a season, pixels that are alike in their year are still days apart.
  const FeatureVector& scatter(std::uint8_t kind) const { return scatter_[kind]; }

  static constexpr int cell_pixels = 4;

 private:
  static constexpr std::size_t numbers = 8;
  static constexpr FeatureVector nothing{};
  /// Of the residuals of the pixels of a cell, in steps; behind them, how many pixels they are.
  using CellSum = std::array<std::int64_t, numbers>;
  using SiteSum = std::array<double, numbers>;
  using Medians = std::array<FeatureVector, kind_count>;

  /// Of one kind, over a row of cells.
  void sum_up(const ObservationResiduals& observation, const MonitorOptions& options, std::size_t kind,
              const FeatureVector& median, int row);
  /// Means around the cells of some rows, from sums that hold those around in each row.
  void share(int begin, int end, int radius, float prior, const FeatureVector& median, const SiteSum& site,
             PixelVector<FeatureVector>& shared);
  void estimate_scatter(const ObservationResiduals& observation);

  CellSum* cells(int row) { return &sums_[static_cast<std::size_t>(row) * cells_across_]; }

  std::size_t cells_across_ = 0;
  int cells_down_ = 0;
  PixelVector<CellSum> sums_;  // of one kind after the other, by cell: of the cells around in the row
  std::array<PixelVector<FeatureVector>, kind_count> shared_;  // by cell; empty where no pixel of the kind tells
  std::array<FeatureVector, kind_count> scatter_{};
};

}  // namespace pitwatch
