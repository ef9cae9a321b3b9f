#include "kernels/indices.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/indices.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// numerator / denominator, or the canonical NaN where the denominator is zero or the quotient is some other NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V quotient(D d, V numerator, V denominator) {
  const V q = hn::Div(numerator, denominator);
  const auto usable = hn::And(hn::Ne(denominator, hn::Zero(d)), hn::Eq(q, q));
  return hn::IfThenElse(usable, q, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
}

void ratio_row(const float* a, const float* b, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(quotient(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  });
}

void normalised_difference_row(const float* a, const float* b, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto va = hn::LoadU(d, a + i);
    const auto vb = hn::LoadU(d, b + i);
    hn::StoreU(quotient(d, hn::Sub(va, vb), hn::Add(va, vb)), d, out + i);
  });
}

void evi2_row(const float* nir, const float* red, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto vn = hn::LoadU(d, nir + i);
    const auto vr = hn::LoadU(d, red + i);
    const auto numerator = hn::Mul(hn::Set(d, 2.5F), hn::Sub(vn, vr));
    const auto denominator = hn::Add(hn::Add(vn, hn::Mul(hn::Set(d, 2.4F), vr)), hn::Set(d, 1.0F));
    hn::StoreU(quotient(d, numerator, denominator), d, out + i);
  });
}

void bsi_row(const BandRows& b, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto bare = hn::Add(hn::LoadU(d, b.swir16 + i), hn::LoadU(d, b.red + i));
    const auto green = hn::Add(hn::LoadU(d, b.nir + i), hn::LoadU(d, b.blue + i));
    hn::StoreU(quotient(d, hn::Sub(bare, green), hn::Add(bare, green)), d, out + i);
  });
}

void spectral_index(SpectralIndex index, const BandRows& b, std::size_t n, float* out) {
  switch (index) {
    case SpectralIndex::ndvi:
      return normalised_difference_row(b.nir, b.red, n, out);
    case SpectralIndex::evi2:
      return evi2_row(b.nir, b.red, n, out);
    case SpectralIndex::nbr:
      return normalised_difference_row(b.nir, b.swir22, n, out);
    case SpectralIndex::nbr2:
      return normalised_difference_row(b.swir16, b.swir22, n, out);
    case SpectralIndex::ndmi:
      return normalised_difference_row(b.nir, b.swir16, n, out);
    case SpectralIndex::mndwi:
      return normalised_difference_row(b.green, b.swir16, n, out);
    case SpectralIndex::ndwi:
      return normalised_difference_row(b.green, b.nir, n, out);
    case SpectralIndex::bsi:
      return bsi_row(b, n, out);
    case SpectralIndex::iron_oxide:
      return ratio_row(b.red, b.blue, n, out);
    case SpectralIndex::ferrous:
      return ratio_row(b.swir16, b.nir, n, out);
    case SpectralIndex::clay:
      return ratio_row(b.swir16, b.swir22, n, out);
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(spectral_index);
void spectral_index(SpectralIndex index, const BandRows& bands, std::size_t n, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(spectral_index)(index, bands, n, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
