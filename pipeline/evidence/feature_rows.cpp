#include "pipeline/evidence/feature_rows.hpp"

#include <algorithm>
#include <limits>

namespace pitwatch {

template <class Sampler>
void FeatureRows<Sampler>::begin(const PairPixels& pixels, const PairGeometry& geometry, const ExtraFeatures& features,
                                 Date date, int x0, int n) {
  features_ = &features;
  const std::span<const Band> bands = features.bands();
  const auto width = static_cast<std::size_t>(n);
  samplers_.resize(bands.size());
  reflectance_.resize(bands.size() * width);
  mask_.resize(width);
  bands_.clear();
  for (std::size_t b = 0; b < bands.size(); ++b) {
    samplers_[b].begin(pixels, geometry, date, bands[b], x0, n);
    bands_.push_back(reflectance_.data() + b * width);
  }
}

template <class Sampler>
void FeatureRows<Sampler>::row(int y, std::span<float* const> values, std::span<float* const> errors) {
  const std::size_t n = mask_.size();
  for (std::size_t b = 0; b < samplers_.size(); ++b) {
    float* const reflectance = reflectance_.data() + b * n;
    std::fill(mask_.begin(), mask_.end(), std::uint8_t{0});
    samplers_[b].row(y, reflectance, mask_.data());
    for (std::size_t i = 0; i < n; ++i) {
      if (mask_[i] != 0) reflectance[i] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  features_->measure(bands_, n, 1.0F, scratch_, values, errors);
}

void FeatureBuffer::reshape(std::size_t features, std::size_t n) {
  numbers_.resize(2 * features * n);
  rows_.clear();
  for (std::size_t k = 0; k < 2 * features; ++k) rows_.push_back(numbers_.data() + k * n);
}

template class FeatureRows<NearestSampler>;
template class FeatureRows<CubicSampler>;

}  // namespace pitwatch
