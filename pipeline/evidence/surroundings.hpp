#pragma once
// What the surroundings did between the two dates. Season, weather and sun move all ground of a kind alike; a new pit
// moves alone. The mean difference of similar ground within about 400 m is what an unchanged pixel would show.
// On the same cells, cloud and haze that no mask knows: large areas that turned bright and not redder.

#include <array>
#include <span>
#include <vector>

#include "kernels/evidence.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/samplers.hpp"

namespace pitwatch {

/// The mean covers (2 * radius + 1)^2 cells of cell_px^2 pixels. Cloud spreads as far, and is told from smoothed cells.
inline constexpr int surroundings_radius_cells = 2;
inline constexpr int surroundings_reach_cells = surroundings_radius_cells + 1;

/// Every row_step-th row is sampled: neighbouring rows tell the same.
inline constexpr int surroundings_row_step = 4;

/// The surroundings of a window of cells. Keeps its buffers from one measure() to the next. One thread.
class Surroundings {
 public:
  /// `cells` in cell coordinates of the comparison's grid (cell (0, 0) begins at pixel (0, 0)); may reach beyond the
  /// grid, where nothing is clear. Reads pixels up to surroundings_reach_cells cells beyond it.
  void measure(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
               const PairModel& model, const Window& cells);

  /// The expected difference at cell centres, by ground and band, interpolated down to a pixel row: one value per cell
  /// of the window. `y` is a row of the comparison's grid between the centres of the first and last row of cells.
  void row(int y, std::array<kernels::PerBand<std::vector<float>>, kernels::ground_count>& centres) const;

  /// Whether the cell, in cell coordinates of the grid, is taken for cloud, itself or by a neighbour; whether any is.
  /// None where the pair lacks a band that the rule takes.
  bool cloudy(int cell_x, int cell_y) const;
  bool any_cloudy() const { return any_cloudy_; }

 private:
  void sum_cells(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                 const PairModel& model);
  void average(const EvidenceOptions& options, const PairModel& model);
  void find_cloud(const EvidenceOptions& options, const PairModel& model);
  std::size_t mean_index(std::size_t ground, std::size_t band, int y) const {
    const auto plane = ground * kernels::evidence_band_count + band;
    return (plane * static_cast<std::size_t>(cells_.height) + static_cast<std::size_t>(y)) *
           static_cast<std::size_t>(cells_.width);
  }
  float* mean_row(std::size_t ground, std::size_t band, int y) { return &means_[mean_index(ground, band, y)]; }
  const float* mean_row(std::size_t ground, std::size_t band, int y) const {
    return &means_[mean_index(ground, band, y)];
  }

  Window cells_;   // as asked for
  Window summed_;  // with the reach around
  std::vector<kernels::CellSums> sums_;
  std::vector<kernels::CellSums> summed_across_;
  std::vector<float> means_;  // by ground, band, row and column of cells_
  std::vector<std::uint8_t> cloud_;
  bool any_cloudy_ = false;
  kernels::PerCloudBand<NearestSampler> before_, after_;
  NearestSampler nir_;
  std::vector<float> reflectance_;
  std::vector<std::uint8_t> mask_;
};

}  // namespace pitwatch
