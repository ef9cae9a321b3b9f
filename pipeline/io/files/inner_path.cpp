#include "pipeline/io/files/inner_path.hpp"

#include <algorithm>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_shown = 200;

bool is_inside(const fs::path& folder, const fs::path& path) {
  const auto [folder_end, path_rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return folder_end == folder.end() && path_rest != path.end();
}

/// Whether no part of a name of a folder's inside is a link, or leads back.
bool is_plain_inside(const fs::path& folder, const fs::path& name) {
  fs::path place = folder;
  for (const fs::path& part : name) {
    if (part == ".." || part.is_absolute()) return false;
    if (part == ".") continue;
    place /= part;
    std::error_code none;
    if (fs::is_symlink(fs::symlink_status(place, none))) return false;
  }
  return true;
}

void check_name(std::string_view name, std::string_view forbidden) {
  const auto refuse = [&](const char* why) {
    throw DataError("'" + printable(name.substr(0, longest_shown)) + "' " + why);
  };
  if (name.empty()) refuse("is no name of a file");
  if (name.find_first_of(forbidden) != std::string_view::npos) {
    refuse("has a character that names of files here do not have");
  }
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 32 || c == 127; })) {
    refuse("has a control character");
  }
  if (name.front() == '/') refuse("is an absolute path");
  if (name.starts_with("vsi")) refuse("is a virtual path");
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") refuse("leaves its folder");
    start = end + 1;
  }
}

}  // namespace

void check_inner_name(std::string_view name) { check_name(name, std::string_view("\\:\0", 3)); }

void check_name_in_folder(std::string_view name) { check_name(name, std::string_view("\\\0", 2)); }

std::optional<std::string> path_inside(const fs::path& folder, const std::string& name) {
  const fs::path first = *fs::path(name).lexically_normal().begin();
  if (first == ".." || first == ".") return std::nullopt;
  const fs::path joined = folder / name;
  if (is_plain_inside(folder, name)) return joined.string();
  std::error_code error;
  const fs::path real = fs::canonical(joined, error);
  if (!error && !is_inside(fs::canonical(folder), real)) return std::nullopt;
  return joined.string();
}

}  // namespace pitwatch
