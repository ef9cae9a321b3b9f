#pragma once
// Rows of the features that are asked for (--feature) on one date, on the comparison's grid.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/evidence/samplers.hpp"
#include "pipeline/indices/extra_features.hpp"

namespace pitwatch {

/// Sampler: CubicSampler where values carry evidence, on both dates alike, so that a band of 20 m is no edge against
/// itself; NearestSampler for what is averaged over cells. Features and geometry must outlive it and have all their
/// bands on the date. Keeps its buffers from one begin() to the next. One thread.
template <class Sampler>
class FeatureRows {
 public:
  /// Columns [x0, x0 + n) of the grid.
  void begin(const PairPixels& pixels, const PairGeometry& geometry, const ExtraFeatures& features, Date date, int x0,
             int n);

  /// values[k] and errors[k], n elements each: feature k of row y of the grid as of ExtraFeatures::measure(), the error
  /// for one of 1 in the reflectance of each band. No value where a band has no measurement or is saturated.
  void row(int y, std::span<float* const> values, std::span<float* const> errors);

 private:
  const ExtraFeatures* features_ = nullptr;
  std::vector<Sampler> samplers_;  // by band of the features
  PixelVector<float> reflectance_;
  std::vector<const float*> bands_;  // rows in it
  std::vector<std::uint8_t> mask_;
  ExtraFeatures::Scratch scratch_;
};

/// Values and errors of all features in one row, and where they lie.
class FeatureBuffer {
 public:
  void reshape(std::size_t features, std::size_t n);
  std::span<float* const> values() const { return {rows_.data(), rows_.size() / 2}; }
  std::span<float* const> errors() const { return {rows_.data() + rows_.size() / 2, rows_.size() / 2}; }

 private:
  PixelVector<float> numbers_;
  std::vector<float*> rows_;
};

extern template class FeatureRows<NearestSampler>;
extern template class FeatureRows<CubicSampler>;

}  // namespace pitwatch
