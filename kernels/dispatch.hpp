#pragma once
// Which instruction set the kernels run on.
//
// Every kernel picks the best target of the CPU at its first call. The environment variable PITWATCH_SIMD pins one by
// name ("SCALAR" is the same code with one lane). All targets give the same bytes.

#include <string>
#include <string_view>
#include <vector>

namespace pitwatch::kernels {

/// Targets that this binary holds and this CPU runs, best first, e.g. {"AVX3", "AVX2", "SSE4", "SSSE3",
/// "SCALAR"}. Not to be called while kernels run.
std::vector<std::string> available_targets();

/// The target that kernels called now would run on.
std::string active_target();

/// Lets only the named target run from now on (upper or lower case). Returns false, and changes nothing, when it is not
/// available. An empty name lifts the pin. Not to be called while kernels run.
bool pin_target(std::string_view name);

/// Applies PITWATCH_SIMD, if set. Returns false when it names a target that is not available.
bool pin_target_from_environment();

}  // namespace pitwatch::kernels
