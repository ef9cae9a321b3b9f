#include "kernels/target_probe.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/target_probe.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

TargetProbe running_target() { return {hwy::TargetName(HWY_TARGET), hn::Lanes(hn::ScalableTag<float>())}; }

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(running_target);
TargetProbe running_target() noexcept { return HWY_DYNAMIC_DISPATCH(running_target)(); }

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
