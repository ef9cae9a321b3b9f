#pragma once
// Names of files that metadata, archives and links give. They come from outside: none may lead beyond the folder that
// it is meant for. Used inside this folder only.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pitwatch {

/// Throws DataError, naming it, unless `name` is that of a file below some folder: relative, its parts divided by '/',
/// none of them empty, "." or ".."; no backslash, NUL or colon (drives, GDAL's prefixes of drivers); not below
/// "vsi...".
void check_inner_name(std::string_view name);

/// As check_inner_name(), but for the colon, which names of files of a folder on this machine may have: joined to their
/// folder they begin with it, and with no prefix of a driver.
void check_name_in_folder(std::string_view name);

/// `folder`/`name`; nothing where that leads out of the folder, by ".." or by a symbolic link. A file that is missing
/// counts as inside: it is reported when it is opened.
std::optional<std::string> path_inside(const std::filesystem::path& folder, const std::string& name);

}  // namespace pitwatch
