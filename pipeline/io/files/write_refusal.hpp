#pragma once
// What whoever may not write somewhere is told.

#include <string>

namespace pitwatch {

/// Whether the errno says that this user may not write there.
bool is_write_refusal(int reason);

/// "PLACE: user U may not write it (Permission denied), which belongs to root, mode 0755", for a file or folder, or
/// what would lie in one.
std::string write_refusal(const std::string& path, int reason);

/// Throws ConfigError with that text where the errno is one of those; does nothing otherwise.
void expect_may_write(const std::string& path, int reason);

}  // namespace pitwatch
