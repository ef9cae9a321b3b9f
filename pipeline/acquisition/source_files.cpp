#include "pipeline/acquisition/source_files.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
  std::error_code none;
  return !path.empty() && fs::is_directory(path, none);
}

bool is_among(const std::vector<std::string>& files, const std::string& path) {
  std::error_code none;
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string& file) { return !file.empty() && fs::equivalent(file, path, none); });
}

bool lies_in(const std::string& folder, const fs::path& path) {
  std::error_code none;
  for (fs::path inside = path.parent_path(); inside.has_relative_path(); inside = inside.parent_path()) {
    if (fs::equivalent(inside, folder, none)) return true;
  }
  return false;
}

}  // namespace

SourceFiles::SourceFiles(const std::string& source, const SourceListing& listing, std::vector<std::string> also)
    : files_(std::move(also)) {
  for (const ListedScene& listed : listing.scenes) {
    for (const auto& [band, asset] : listed.scene.bands) bands_.push_back(asset.path);
    (is_folder(listed.scene.source) ? products_ : files_).push_back(listed.scene.source);
  }
  for (const RejectedItem& item : listing.rejected) (is_folder(item.path) ? products_ : files_).push_back(item.path);
  if (const std::optional<std::string> local = local_path(source)) {
    files_.push_back(*local);
  }
}

void SourceFiles::refuse(const std::string& option, const std::string& path) const {
  std::error_code none;
  if (!fs::exists(path, none)) return;
  const auto fail = [&](const std::string& why) { throw ConfigError("--" + option + " " + path + ": " + why); };
  if (is_among(bands_, path)) fail("is a band of a scene");
  const fs::path whole = fs::weakly_canonical(fs::absolute(path, none), none);
  const auto holds = [&](const std::string& product) { return lies_in(product, whole); };
  if (is_among(files_, path) || std::any_of(products_.begin(), products_.end(), holds)) {
    fail("is a file that is read: it would be lost");
  }
}

}  // namespace pitwatch
