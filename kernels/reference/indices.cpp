#include "kernels/reference/indices.hpp"

#include <cmath>
#include <limits>

namespace pitwatch::kernels::reference {
namespace {

float quotient(float numerator, float denominator) {
  const float q = numerator / denominator;
  return denominator == 0.0F || std::isnan(q) ? std::numeric_limits<float>::quiet_NaN() : q;
}

float normalised_difference(float a, float b) { return quotient(a - b, a + b); }

float index_of_pixel(SpectralIndex index, const BandRows& b, std::size_t i) {
  switch (index) {
    case SpectralIndex::ndvi:
      return normalised_difference(b.nir[i], b.red[i]);
    case SpectralIndex::evi2:
      return quotient(2.5F * (b.nir[i] - b.red[i]), b.nir[i] + 2.4F * b.red[i] + 1.0F);
    case SpectralIndex::nbr:
      return normalised_difference(b.nir[i], b.swir22[i]);
    case SpectralIndex::nbr2:
      return normalised_difference(b.swir16[i], b.swir22[i]);
    case SpectralIndex::ndmi:
      return normalised_difference(b.nir[i], b.swir16[i]);
    case SpectralIndex::mndwi:
      return normalised_difference(b.green[i], b.swir16[i]);
    case SpectralIndex::ndwi:
      return normalised_difference(b.green[i], b.nir[i]);
    case SpectralIndex::bsi:
      return normalised_difference(b.swir16[i] + b.red[i], b.nir[i] + b.blue[i]);
    case SpectralIndex::iron_oxide:
      return quotient(b.red[i], b.blue[i]);
    case SpectralIndex::ferrous:
      return quotient(b.swir16[i], b.nir[i]);
    case SpectralIndex::clay:
      return quotient(b.swir16[i], b.swir22[i]);
  }
  return std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

void spectral_index(SpectralIndex index, const BandRows& bands, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = index_of_pixel(index, bands, i);
}

}  // namespace pitwatch::kernels::reference
