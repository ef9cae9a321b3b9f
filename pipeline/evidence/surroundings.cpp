#include "pipeline/evidence/surroundings.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pitwatch {

using kernels::cell_px;
using kernels::CellSums;
using kernels::cloud_band_count;
using kernels::evidence_band_count;
using kernels::ground_count;

namespace {

constexpr int cell = static_cast<int>(cell_px);
constexpr int rows_per_cell = cell / surroundings_row_step;

void add(CellSums& to, const CellSums& from) {
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    for (std::size_t b = 0; b < evidence_band_count; ++b) to.difference[ground][b] += from.difference[ground][b];
    to.count[ground] += from.count[ground];
  }
}

}  // namespace

void Surroundings::measure(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                           const PairModel& model, const Window& cells) {
  cells_ = cells;
  summed_ = cells.grown(surroundings_reach_cells);
  sum_cells(pixels, geometry, options, model);
  average(options, model);
  cloud_.assign(static_cast<std::size_t>(cells_.width) * static_cast<std::size_t>(cells_.height), 0);
  any_cloudy_ = false;
  if (EvidenceBands(geometry).tells_cloud) find_cloud(options, model);
}

void Surroundings::sum_cells(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                             const PairModel& model) {
  const int x0 = summed_.x * cell;
  const int n = summed_.width * cell;
  const auto width = static_cast<std::size_t>(n);
  const EvidenceBands bands(geometry);
  const kernels::PerCloudBand<Band> cloud_bands{bands.blue, bands.red, bands.swir};
  for (std::size_t b = 0; b < cloud_band_count; ++b) {
    before_[b].begin(pixels, geometry, Date::before, cloud_bands[b], x0, n);
    after_[b].begin(pixels, geometry, Date::after, cloud_bands[b], x0, n);
  }
  nir_.begin(pixels, geometry, Date::before, bands.nir, x0, n);

  kernels::SurroundingsParameters parameters;
  parameters.gains = model.gains;
  parameters.ground_edges = options.ground_edges;
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    parameters.lowest[ground] = model.grounds[ground].lowest;
    parameters.highest[ground] = model.grounds[ground].highest;
  }
  constexpr std::size_t planes = 2 * cloud_band_count + 1;
  reflectance_.resize(width * rows_per_cell * planes);
  mask_.resize(width * rows_per_cell);
  sums_.assign(static_cast<std::size_t>(summed_.width) * static_cast<std::size_t>(summed_.height), {});

  for (int cy = 0; cy < summed_.height; ++cy) {
    std::array<kernels::SurroundingsRow, rows_per_cell> rows;
    std::fill(mask_.begin(), mask_.end(), std::uint8_t{0});
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const int y = (summed_.y + cy) * cell + static_cast<int>(r) * surroundings_row_step + surroundings_row_step / 2;
      float* plane = &reflectance_[r * planes * width];
      std::uint8_t* mask = &mask_[r * width];
      const auto next_row = [&](NearestSampler& sampler) {
        sampler.row(y, plane, mask);
        plane += width;
        return plane - width;
      };
      for (std::size_t b = 0; b < cloud_band_count; ++b) {
        rows[r].before[b] = next_row(before_[b]);
        rows[r].after[b] = next_row(after_[b]);
      }
      rows[r].nir = next_row(nir_);
      rows[r].mask = mask;
    }
    kernels::add_to_cells(rows.data(), rows.size(), parameters, static_cast<std::size_t>(summed_.width),
                          &sums_[static_cast<std::size_t>(cy) * static_cast<std::size_t>(summed_.width)]);
  }
}

void Surroundings::average(const EvidenceOptions& options, const PairModel& model) {
  constexpr std::size_t span = 2 * surroundings_radius_cells + 1;
  constexpr std::size_t inset = surroundings_reach_cells - surroundings_radius_cells;
  const auto width = static_cast<std::size_t>(cells_.width);
  const auto height = static_cast<std::size_t>(cells_.height);
  const auto summed_width = static_cast<std::size_t>(summed_.width);
  summed_across_.assign(width * static_cast<std::size_t>(summed_.height), {});
  for (std::size_t y = 0; y < static_cast<std::size_t>(summed_.height); ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t k = 0; k < span; ++k)
        add(summed_across_[y * width + x], sums_[y * summed_width + x + inset + k]);
    }
  }
  // Of the rows one in surroundings_row_step is sampled: the scene-wide value counts for as many pixels less.
  const float prior = options.surroundings_weight / static_cast<float>(surroundings_row_step);
  means_.resize(ground_count * evidence_band_count * width * height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      CellSums sum;
      for (std::size_t k = 0; k < span; ++k) add(sum, summed_across_[(y + inset + k) * width + x]);
      for (std::size_t ground = 0; ground < ground_count; ++ground) {
        const float weight = static_cast<float>(sum.count[ground]) + prior;
        for (std::size_t b = 0; b < evidence_band_count; ++b) {
          const float total = static_cast<float>(sum.difference[ground][b]) / kernels::fixed_point_one;
          mean_row(ground, b, static_cast<int>(y))[x] = (total + prior * model.grounds[ground].typical[b]) / weight;
        }
      }
    }
  }
}

void Surroundings::find_cloud(const EvidenceOptions& options, const PairModel& model) {
  const auto summed_width = static_cast<std::size_t>(summed_.width);
  // The rise over a cell and its neighbours with weights 1 2 1, or nothing where nothing is clear.
  const auto is_cloud = [&](int x, int y) {
    std::int64_t count = 0;
    kernels::PerCloudBand<std::int64_t> sum{};
    for (int v = -1; v <= 1; ++v) {
      for (int u = -1; u <= 1; ++u) {
        const CellSums& of_cell =
            sums_[static_cast<std::size_t>(y + v) * summed_width + static_cast<std::size_t>(x + u)];
        const std::int64_t weight = (2 - std::abs(u)) * (2 - std::abs(v));
        count += weight * std::accumulate(of_cell.count.begin(), of_cell.count.end(), std::int64_t{0});
        for (std::size_t b = 0; b < cloud_band_count; ++b) sum[b] += weight * of_cell.rise[b];
      }
    }
    if (count == 0) return false;
    kernels::PerCloudBand<float> rise{};
    for (std::size_t b = 0; b < cloud_band_count; ++b) {
      rise[b] =
          static_cast<float>(static_cast<double>(sum[b]) / kernels::fixed_point_one / static_cast<double>(count)) -
          model.typical_rise[b];
    }
    for (const float sign : {1.0F, -1.0F}) {  // cloud after, cloud before
      if (sign * rise[kernels::cloud_blue] > options.cloud_rise &&
          sign * rise[kernels::cloud_blue] > options.cloud_red_share * sign * rise[kernels::cloud_red] &&
          sign * rise[kernels::cloud_swir] > options.cloud_swir_share * sign * rise[kernels::cloud_blue]) {
        return true;
      }
    }
    return false;
  };
  const Window inner{surroundings_reach_cells, surroundings_reach_cells, cells_.width, cells_.height};
  for (int y = 1; y < summed_.height - 1; ++y) {
    for (int x = 1; x < summed_.width - 1; ++x) {
      if (!is_cloud(x, y)) continue;
      any_cloudy_ = true;
      const Window reach = intersection(Window{x, y, 1, 1}.grown(surroundings_radius_cells), inner);
      for (int v = reach.y; v < reach.bottom(); ++v) {
        std::fill_n(&cloud_[static_cast<std::size_t>(v - inner.y) * static_cast<std::size_t>(cells_.width) +
                            static_cast<std::size_t>(reach.x - inner.x)],
                    reach.width, std::uint8_t{1});
      }
    }
  }
}

void Surroundings::row(int y, std::array<kernels::PerBand<std::vector<float>>, ground_count>& centres) const {
  const double position = (y + 0.5) / cell - 0.5;
  const int above = static_cast<int>(std::floor(position));
  const auto fraction = static_cast<float>(position - above);
  const auto width = static_cast<std::size_t>(cells_.width);
  const int upper = std::clamp(above - cells_.y, 0, cells_.height - 1);
  const int lower = std::clamp(above + 1 - cells_.y, 0, cells_.height - 1);
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      const float* u = mean_row(ground, b, upper);
      const float* v = mean_row(ground, b, lower);
      std::vector<float>& values = centres[ground][b];
      values.resize(width);
      for (std::size_t x = 0; x < width; ++x) values[x] = u[x] + (v[x] - u[x]) * fraction;
    }
  }
}

bool Surroundings::cloudy(int cell_x, int cell_y) const {
  return cloud_[static_cast<std::size_t>(cell_y - cells_.y) * static_cast<std::size_t>(cells_.width) +
                static_cast<std::size_t>(cell_x - cells_.x)] != 0;
}

}  // namespace pitwatch
