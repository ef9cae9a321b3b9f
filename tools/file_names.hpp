#pragma once
// Names of output files.

#include <set>
#include <string>

namespace pitwatch::tools {

/// A site's id as a part of a file's name, which another program may have written anything into; another one for each
/// that is not in `taken`, to which it is added.
std::string file_part(const std::string& site, std::set<std::string>& taken);

}  // namespace pitwatch::tools
