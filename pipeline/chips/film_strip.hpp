#pragma once
// Which frames of a film strip are kept when there are more than room for them.

#include <cstddef>

namespace pitwatch {

/// Of `count` frames in order of time, the spacing at which at most `most` are left: a power of two. When they are too
/// many, every second goes; the newest always stays. `most`: at least 1.
std::size_t strip_spacing(std::size_t count, std::size_t most);

/// Whether frame `number` (from 0) is one of them. It depends on nothing but the order of the frames, so that the same
/// are kept whatever the nights they came in; and one that is not kept is not kept later.
bool is_kept_frame(std::size_t number, std::size_t count, std::size_t most);

}  // namespace pitwatch
