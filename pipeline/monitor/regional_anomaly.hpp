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
  FeaturePlanes residual;
  FeaturePlanes deviation;  // standard deviation, 0 for features that are not monitored
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

  FeatureVector at(int x, int y, std::uint8_t kind) const;

  /// By feature, for the pixels of a row: that of kind k at pixel x is at x / cell_pixels * kernels::kind_lanes + k.
  /// Null where nothing is shared.
  PerFeature<const float> row(int y) const;

  /// By how much the residuals of a kind scatter on this date more than expected, at least 1, by feature: at the turn
  /// of a season, pixels that are alike in their year are still days apart.
  const FeatureVector& scatter(std::uint8_t kind) const { return scatter_[kind]; }

  static constexpr int cell_pixels = 4;

 private:
  /// Some pixels of a kind that have a say, and what is wanted of them.
  struct Sample {
    std::vector<std::size_t> pixels;
    std::vector<FeatureVector> residual;
    std::vector<FeatureVector> deviation;
  };
  struct Sums;

  void choose_samples(const ObservationResiduals& observation);
  template <typename Value>
  std::array<FeatureVector, kind_count> medians(const Value& value);
  void sum_up(const ObservationResiduals& observation, const MonitorOptions& options, const RowLoop& rows, Sums& sums);
  void share(const Sums& sums, float prior, int begin, int end);
  void estimate_scatter(int width);

  std::int32_t* sums(int row, std::size_t feature) { return &sums_[place(row, feature, features_ + 1)]; }
  std::size_t place(int row, std::size_t feature, std::size_t features) const {
    return (static_cast<std::size_t>(row) * features + feature) * row_numbers_;
  }

  std::size_t features_ = feature_count;
  std::size_t cells_across_ = 0;
  std::size_t row_numbers_ = 0;  // of the cells of a row: one for each kind that there may be
  int cells_down_ = 0;
  std::array<Sample, kind_count> samples_;
  std::vector<float> values_;       // memory of medians()
  PixelVector<std::int32_t> sums_;  // by row of cells and feature; behind the features, how many pixels they are of
  PixelVector<float> shared_;       // by row of cells and feature; empty where nothing is shared
  std::array<FeatureVector, kind_count> scatter_{};
};

}  // namespace pitwatch
