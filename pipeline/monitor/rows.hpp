#pragma once
// Work on rows that do not overlap. The monitor has no threads: a caller that has may run the pieces side by side.

#include <functional>

namespace pitwatch {

/// Calls its second argument for pieces [begin, end) that together are [0, rows), each row once, in any order or at
/// once, and returns when all are done.
using RowLoop = std::function<void(int rows, const std::function<void(int begin, int end)>& piece)>;

inline void serial_rows(int rows, const std::function<void(int begin, int end)>& piece) { piece(0, rows); }

}  // namespace pitwatch
