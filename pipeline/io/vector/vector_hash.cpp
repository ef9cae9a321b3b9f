#include "pipeline/io/vector/vector_hash.hpp"

#include <cpl_vsi.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/hashing.hpp"

namespace pitwatch {
namespace {

constexpr std::array<std::string_view, 5> shapefile_endings{".shp", ".shx", ".dbf", ".prj", ".cpg"};

bool has_bytes(const std::string& path) {
  VSIStatBufL status;
  return VSIStatL(path.c_str(), &status) == 0 && status.st_size > 0;
}

std::string upper_ascii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

/// The files that a Shapefile is read from, whichever of them is named.
std::vector<std::string> shapefile_members(const std::filesystem::path& path) {
  std::vector<std::string> members;
  for (const std::string_view ending : shapefile_endings) {
    std::filesystem::path member = path;
    if (lower_ascii(path.extension().string()) != ending) {
      member.replace_extension(ending);
      if (!has_bytes(member.string())) member.replace_extension(upper_ascii(std::string(ending)));
    }
    if (has_bytes(member.string())) members.push_back(member.string());
  }
  return members;
}

std::vector<std::string> members_of(const std::string& path) {
  const std::string ending = lower_ascii(std::filesystem::path(path).extension().string());
  constexpr std::size_t opened = 3;  // .shp, .shx and .dbf: OGR opens any of them as the whole
  const auto* const last = shapefile_endings.begin() + opened;
  if (std::find(shapefile_endings.begin(), last, ending) != last) return shapefile_members(path);
  const std::string log = path + "-wal";
  if (ending == ".gpkg" && has_bytes(log)) return {path, log};
  return {path};
}

}  // namespace

std::string sha256_of_vector_file(const std::string& path) {
  ensure_gdal();
  const std::vector<std::string> members = members_of(path);
  if (members.size() < 2) return sha256_file(path);
  std::string lines;
  for (const std::string& member : members) {
    lines += sha256_file(member) + "  " + std::filesystem::path(member).filename().string() + "\n";
  }
  return sha256_text(lines);
}

}  // namespace pitwatch
