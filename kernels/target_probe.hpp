#pragma once
// Which target a dispatched call really lands on, as compiled into the code that runs (dispatch.hpp says which one
// should run). Tests and --version use it to prove a pin.

#include <cstddef>

namespace pitwatch::kernels {

struct TargetProbe {
  const char* name;         ///< Highway's name of the target, e.g. "AVX2"
  std::size_t float_lanes;  ///< floats per vector: 1 for SCALAR, 4 to 16 otherwise
};

/// Dispatched like every kernel. Reentrant.
TargetProbe running_target() noexcept;

}  // namespace pitwatch::kernels
