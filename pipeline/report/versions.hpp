#pragma once
// Versions of the program and of the libraries that its results rest on.

#include <string>
#include <utility>
#include <vector>

namespace pitwatch {

/// "0.1.0"
std::string program_version();

/// (name, version), the program first, as --version and run.json list them.
std::vector<std::pair<std::string, std::string>> versions();

}  // namespace pitwatch
