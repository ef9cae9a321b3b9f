#include "kernels/dispatch.hpp"

#include <hwy/targets.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>

namespace pitwatch::kernels {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

/// The best target is the lowest bit (Highway's convention).
std::int64_t best_of(std::int64_t targets) { return targets & -targets; }

}  // namespace

std::vector<std::string> available_targets() {
  std::vector<std::string> names;
  // SupportedTargets() honours a pin; what the machine could run is asked with the pin lifted.
  const std::int64_t pinned = hwy::SupportedTargets();
  hwy::SetSupportedTargetsForTest(0);
  for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    names.emplace_back(hwy::TargetName(best_of(rest)));
  }
  hwy::SetSupportedTargetsForTest(pinned);
  return names;
}

std::string active_target() { return hwy::TargetName(best_of(hwy::SupportedTargets() & HWY_TARGETS)); }

bool pin_target(std::string_view name) {
  const std::string wanted = upper(name);
  const std::int64_t before = hwy::SupportedTargets();
  hwy::SetSupportedTargetsForTest(0);
  std::int64_t chosen = 0;
  for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    if (hwy::TargetName(best_of(rest)) == wanted) chosen = best_of(rest);
  }
  if (!wanted.empty()) hwy::SetSupportedTargetsForTest(chosen != 0 ? chosen : before);
  hwy::GetChosenTarget().DeInit();  // the next call of each kernel acquisitions again
  return wanted.empty() || chosen != 0;
}

bool pin_target_from_environment() {
  const char* name = std::getenv("PITWATCH_SIMD");
  return name == nullptr || pin_target(name);
}

}  // namespace pitwatch::kernels
