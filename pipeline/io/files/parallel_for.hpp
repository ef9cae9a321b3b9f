#pragma once
// How this folder runs independent pieces of work side by side without knowing a thread library.

#include <functional>

namespace pitwatch {

/// Runs body(0) ... body(count - 1), each once, in any order and on any threads; returns when all are done, rethrowing
/// an exception of a body. The caller brings one.
using ParallelFor = std::function<void(int count, const std::function<void(int)>& body)>;

/// The ParallelFor of one thread, in order.
inline void serial_for(int count, const std::function<void(int)>& body) {
  for (int i = 0; i < count; ++i) body(i);
}

}  // namespace pitwatch
