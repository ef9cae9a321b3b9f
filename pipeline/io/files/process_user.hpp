#pragma once
// Who runs this process, for the record.

#include <string>

namespace pitwatch {

/// The name of the operating system's user, or "uid N" where there is no name.
std::string process_user();

}  // namespace pitwatch
