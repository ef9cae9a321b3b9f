#pragma once
// Versions of the program and of the libraries that its results rest on.

#include <string>
#include <utility>
#include <vector>

namespace pitwatch {

/// The release: "0.1.0". What alerts and pages name.
std::string program_version();

/// What git says of the sources that this was built from: "v0.1.0-12-g50df8f6a1b2c-dirty"; "unknown" outside of git.
std::string source_revision();

/// (name, version), the program first, as --version and run.json list them.
std::vector<std::pair<std::string, std::string>> versions();

}  // namespace pitwatch
