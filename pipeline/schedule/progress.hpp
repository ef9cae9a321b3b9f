#pragma once
// How a long command tells how far it is.

#include <functional>
#include <string_view>

namespace pitwatch {

/// Called from any thread: stage and its share done, 0..1.
using ProgressSink = std::function<void(std::string_view stage, double fraction)>;

}  // namespace pitwatch
