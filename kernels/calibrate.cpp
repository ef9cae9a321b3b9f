#include "kernels/calibrate.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/calibrate.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void dn_to_reflectance(const std::uint16_t* dn, std::size_t n, const DnCalibration& c, float* reflectance,
                       std::uint8_t* mask) {
  for_each_vector<float>(n, [&](auto df, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Rebind<std::uint16_t, decltype(df)> d16;
    const hn::Rebind<std::uint8_t, decltype(df)> d8;

    const auto number = hn::PromoteTo(di, hn::LoadU(d16, dn + i));
    const auto is_nodata = hn::Or(hn::Eq(number, hn::Set(di, c.nodata)), hn::Lt(number, hn::Set(di, c.lowest)));
    const auto is_saturated = hn::Or(hn::Eq(number, hn::Set(di, c.saturated)), hn::Gt(number, hn::Set(di, c.highest)));

    const auto value = hn::Add(hn::Mul(hn::ConvertTo(df, number), hn::Set(df, c.scale)), hn::Set(df, c.offset));
    const auto is_invalid = hn::RebindMask(df, hn::Or(is_nodata, is_saturated));
    hn::StoreU(hn::IfThenZeroElse(is_invalid, value), df, reflectance + i);

    const auto bits = hn::Or(hn::IfThenElseZero(is_nodata, hn::Set(di, c.nodata_bit)),
                             hn::IfThenElseZero(is_saturated, hn::Set(di, c.saturated_bit)));
    hn::StoreU(hn::Or(hn::LoadU(d8, mask + i), hn::DemoteTo(d8, bits)), d8, mask + i);
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(dn_to_reflectance);
void dn_to_reflectance(const std::uint16_t* dn, std::size_t n, const DnCalibration& calibration, float* reflectance,
                       std::uint8_t* mask) noexcept {
  HWY_DYNAMIC_DISPATCH(dn_to_reflectance)(dn, n, calibration, reflectance, mask);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
