#pragma once
// The folder that a map is written to, and what of it is not the map's. Used inside this folder only.

#include <string>

#include "pipeline/io/files/atomic_folder.hpp"

namespace pitwatch {

/// The folder of dossiers within a map's folder.
inline constexpr const char* dossiers_name = "dossiers";

/// Where the folder is, links resolved and without a "/" at the end; makes the folders that it lies in. Throws
/// ConfigError for what is no folder, and for a folder that holds other things than a map and `kept` (a name; empty:
/// nothing).
std::string map_folder(const std::string& out, const std::string& kept);

/// The first part of a relative path, where it leads into the folder that it is relative to; empty: it leads out of it.
/// Throws ConfigError for a path that is not relative, or the name of a part of the map.
std::string kept_part(const std::string& dossiers);

/// Puts the files of `folder`/`kept` into the new one as well, without copying their bytes where that can be.
void keep(const std::string& folder, const std::string& kept, const AtomicFolder& made);

}  // namespace pitwatch
