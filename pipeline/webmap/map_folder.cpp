#include "pipeline/webmap/map_folder.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/webmap/site_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> parts_of_map{"index.html", "app", "leaflet", "data", "chips"};
constexpr std::uint64_t largest_page = std::uint64_t{1} << 20;

bool is_part(std::string_view name) {
  return std::find(parts_of_map.begin(), parts_of_map.end(), name) != parts_of_map.end();
}

bool is_map(const fs::path& folder) {
  try {
    return read_whole_file((folder / "index.html").string(), largest_page).find(map_mark) != std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

/// A file by another name; its bytes where the file system has no such links.
void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to);
}

void keep_tree(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target);
    } else if (entry.is_directory()) {
      keep_tree(entry.path(), target);
    } else if (entry.is_regular_file()) {
      link_or_copy(entry.path(), target);
    }
  }
}

}  // namespace

std::string map_folder(const std::string& out, const std::string& kept) {
  std::error_code error;
  fs::path folder = fs::weakly_canonical(fs::absolute(out), error);
  if (error) throw ConfigError("--out " + out + ": " + error.message());
  if (folder.filename().empty()) folder = folder.parent_path();
  if (!folder.has_relative_path()) throw ConfigError("--out " + out + ": is the root");
  if (!fs::exists(folder)) {
    fs::create_directories(folder.parent_path(), error);
    if (error) throw ConfigError("--out " + out + ": cannot be made: " + error.message());
    return folder.string();
  }
  if (!fs::is_directory(folder)) throw ConfigError("--out " + out + ": is no folder");
  bool has_parts = false;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    has_parts = has_parts || is_part(name);
    if (is_part(name) || (!kept.empty() && name == kept)) continue;
    throw ConfigError("--out " + out + ": holds " + printable(name) + ", which is not of a map; it would be lost");
  }
  if (error) throw ConfigError("--out " + out + ": " + error.message());
  if (has_parts && !is_map(folder)) throw ConfigError("--out " + out + ": holds another page; it would be lost");
  return folder.string();
}

std::string kept_part(const std::string& dossiers) {
  const fs::path path = fs::path(dossiers).lexically_normal();
  if (path.is_absolute() || dossiers.find('\0') != std::string::npos) {
    throw ConfigError("--dossiers " + printable(dossiers) + ": must be relative to --out");
  }
  const std::string first = path.empty() ? "." : path.begin()->string();
  if (first == "." || is_part(first)) {
    throw ConfigError("--dossiers " + printable(dossiers) + ": must be a folder beside the parts of the map");
  }
  return first == ".." ? "" : first;
}

void keep(const std::string& folder, const std::string& kept, const AtomicFolder& made) {
  if (kept.empty() || !fs::is_directory(fs::path(folder) / kept)) return;
  try {
    keep_tree(fs::path(folder) / kept, made / kept);
  } catch (const fs::filesystem_error& error) {
    throw IoError(error.path1().string() + ": cannot be kept: " + error.code().message());
  }
}

}  // namespace pitwatch
