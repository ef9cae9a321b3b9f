#include "pipeline/evidence/feature_surroundings.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/evidence/surroundings.hpp"

namespace pitwatch {

using kernels::FeatureCellSums;
using kernels::ground_count;

namespace {

constexpr int cell = static_cast<int>(kernels::cell_px);
constexpr std::size_t rows_per_cell = cell / surroundings_row_step;

/// The largest power of two by which no bound exceeds 2^20.
float fixed_point_of(const FeatureModel& model) {
  float largest = 0;
  for (const auto* bounds : {&model.lowest, &model.highest}) {
    for (const float bound : *bounds) largest = std::max(largest, std::abs(bound));
  }
  float one = kernels::fixed_point_one;
  constexpr float finest = 0x1p40F;
  while (largest * one > kernels::fixed_point_one) one /= 2;
  while (one < finest && largest * one * 2 <= kernels::fixed_point_one) one *= 2;
  return one;
}

void add(FeatureCellSums& to, const FeatureCellSums& from) {
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    to.difference[ground] += from.difference[ground];
    to.count[ground] += from.count[ground];
  }
}

}  // namespace

std::int64_t FeatureSurroundings::scratch_bytes(std::int64_t cells, std::size_t features) {
  constexpr std::size_t bytes = sizeof(FeatureCellSums) + ground_count * sizeof(float);
  return cells * static_cast<std::int64_t>(features * bytes + sizeof(FeatureCellSums));
}

void FeatureSurroundings::measure(const PairPixels& pixels, const PairGeometry& geometry,
                                  const EvidenceOptions& options, std::span<const FeatureModel> models,
                                  const Window& cells) {
  cells_ = cells;
  summed_ = cells.grown(surroundings_reach_cells);
  sum_cells(pixels, geometry, options, models);
  means_.resize(models.size() * ground_count * static_cast<std::size_t>(cells_.width) *
                static_cast<std::size_t>(cells_.height));
  for (std::size_t k = 0; k < models.size(); ++k) average(k, options, models[k]);
}

void FeatureSurroundings::sum_cells(const PairPixels& pixels, const PairGeometry& geometry,
                                    const EvidenceOptions& options, std::span<const FeatureModel> models) {
  static_assert(std::tuple_size_v<decltype(rows_)> == 2 * rows_per_cell);
  const int x0 = summed_.x * cell;
  const int n = summed_.width * cell;
  const auto width = static_cast<std::size_t>(n);
  const EvidenceBands bands(geometry);
  before_.begin(pixels, geometry, options.features, Date::before, x0, n);
  after_.begin(pixels, geometry, options.features, Date::after, x0, n);
  red_.begin(pixels, geometry, Date::before, bands.red, x0, n);
  nir_.begin(pixels, geometry, Date::before, bands.nir, x0, n);
  for (FeatureBuffer& row : rows_) row.reshape(models.size(), width);
  reflectance_.resize(2 * rows_per_cell * width);
  mask_.resize(rows_per_cell * width);
  const auto cells = static_cast<std::size_t>(summed_.width);
  sums_.resize(models.size());
  for (auto& of_feature : sums_) of_feature.assign(cells * static_cast<std::size_t>(summed_.height), {});

  for (int cy = 0; cy < summed_.height; ++cy) {
    std::fill(mask_.begin(), mask_.end(), std::uint8_t{0});
    for (std::size_t r = 0; r < rows_per_cell; ++r) {
      const int y = (summed_.y + cy) * cell + static_cast<int>(r) * surroundings_row_step + surroundings_row_step / 2;
      red_.row(y, &reflectance_[2 * r * width], &mask_[r * width]);
      nir_.row(y, &reflectance_[(2 * r + 1) * width], &mask_[r * width]);
      before_.row(y, rows_[2 * r].values(), rows_[2 * r].errors());
      after_.row(y, rows_[2 * r + 1].values(), rows_[2 * r + 1].errors());
    }
    for (std::size_t k = 0; k < models.size(); ++k) {
      const FeatureModel& model = models[k];
      const kernels::FeatureSurroundingsParameters parameters{model.gain, options.ground_edges, model.lowest,
                                                              model.highest, fixed_point_of(model)};
      std::array<kernels::FeatureSurroundingsRow, rows_per_cell> rows;
      for (std::size_t r = 0; r < rows.size(); ++r) {
        rows[r] = {rows_[2 * r].values()[k], rows_[2 * r + 1].values()[k], &reflectance_[2 * r * width],
                   &reflectance_[(2 * r + 1) * width], &mask_[r * width]};
      }
      kernels::add_feature_to_cells(rows.data(), rows.size(), parameters, cells,
                                    &sums_[k][static_cast<std::size_t>(cy) * cells]);
    }
  }
}

void FeatureSurroundings::average(std::size_t feature, const EvidenceOptions& options, const FeatureModel& model) {
  constexpr std::size_t span = 2 * surroundings_radius_cells + 1;
  constexpr std::size_t inset = surroundings_reach_cells - surroundings_radius_cells;
  const std::vector<FeatureCellSums>& sums = sums_[feature];
  const auto width = static_cast<std::size_t>(cells_.width);
  const auto summed_width = static_cast<std::size_t>(summed_.width);
  summed_across_.assign(width * static_cast<std::size_t>(summed_.height), {});
  for (std::size_t y = 0; y < static_cast<std::size_t>(summed_.height); ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t k = 0; k < span; ++k) add(summed_across_[y * width + x], sums[y * summed_width + x + inset + k]);
    }
  }
  // Of the rows one in surroundings_row_step is sampled: the scene-wide value counts for as many pixels less.
  const float prior = options.surroundings_weight / static_cast<float>(surroundings_row_step);
  const float one = fixed_point_of(model);
  for (int y = 0; y < cells_.height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      FeatureCellSums sum;
      for (std::size_t k = 0; k < span; ++k) {
        add(sum, summed_across_[(static_cast<std::size_t>(y) + inset + k) * width + x]);
      }
      for (std::size_t ground = 0; ground < ground_count; ++ground) {
        const float total = static_cast<float>(sum.difference[ground]) / one;
        const float weight = static_cast<float>(sum.count[ground]) + prior;
        mean_row(feature, ground, y)[x] = (total + prior * model.typical[ground]) / weight;
      }
    }
  }
}

void FeatureSurroundings::row(std::size_t feature, int y, std::array<std::vector<float>, ground_count>& centres) const {
  const double position = (y + 0.5) / cell - 0.5;
  const int above = static_cast<int>(std::floor(position));
  const auto fraction = static_cast<float>(position - above);
  const int upper = std::clamp(above - cells_.y, 0, cells_.height - 1);
  const int lower = std::clamp(above + 1 - cells_.y, 0, cells_.height - 1);
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    const float* u = &means_[mean_index(feature, ground, upper)];
    const float* v = &means_[mean_index(feature, ground, lower)];
    std::vector<float>& values = centres[ground];
    values.resize(static_cast<std::size_t>(cells_.width));
    for (std::size_t x = 0; x < values.size(); ++x) values[x] = u[x] + (v[x] - u[x]) * fraction;
  }
}

}  // namespace pitwatch
