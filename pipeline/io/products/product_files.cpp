#include "pipeline/io/products/product_files.hpp"

#include <cpl_vsi.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/inner_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 10'000;
constexpr int deepest_level = 16;
constexpr std::uint64_t largest_read_bytes = std::uint64_t{64} << 20;
constexpr ZipLimits archive_limits{std::uint64_t{2} << 30, std::uint64_t{16} << 30};

}  // namespace

ProductFiles ProductFiles::of_folder(const std::string& path) {
  ProductFiles files;
  files.path_ = path;
  files.root_ = path;
  std::error_code error;
  const fs::path root(path);
  fs::recursive_directory_iterator entry(root, error);
  if (error) throw DataError("cannot list: " + error.message());
  for (const fs::recursive_directory_iterator end; entry != end;) {
    const std::string name = entry->path().lexically_relative(root).generic_string();
    if (entry.depth() >= deepest_level) throw DataError("folders more than " + std::to_string(deepest_level) + " deep");
    if (entry->is_symlink() && !path_inside(root, name)) {
      throw DataError("'" + name + "' is a link that leaves the folder of the product");
    }
    if (entry->is_regular_file(error) && !error) {
      if (files.inner_.size() == most_files) throw DataError("more than " + std::to_string(most_files) + " files");
      files.inner_[name].bytes = entry->file_size();
    }
    entry.increment(error);
    if (error) throw DataError("cannot list: " + error.message());
  }
  return files;
}

ProductFiles ProductFiles::of_zip(const std::string& path) {
  ProductFiles files;
  files.path_ = path;
  files.root_ = "/vsizip/{" + path + "}";
  files.archive_ = true;
  std::string directory;
  for (ListedMember& member : zip_members(path, archive_limits)) {
    std::string name = member.name;
    const bool is_folder = name.ends_with('/');
    if (is_folder) name.pop_back();
    check_inner_name(name);
    if (is_folder) continue;
    directory += name + "\n" + std::to_string(member.bytes) + " " + std::to_string(member.crc) + "\n";
    if (!files.inner_.emplace(name, std::move(member)).second) {
      throw DataError("the zip archive has '" + name + "' twice");
    }
  }
  files.archive_fingerprint_ = sha256_text(directory);
  return files;
}

ProductFiles ProductFiles::below(const std::string& folder) const {
  ProductFiles files = *this;
  files.root_ = root_ + "/" + folder;
  if (!archive_) files.path_ = files.root_;
  files.inner_.clear();
  const std::string start = folder + "/";
  for (auto entry = inner_.lower_bound(start); entry != inner_.end() && entry->first.starts_with(start); ++entry) {
    files.inner_.emplace_hint(files.inner_.end(), entry->first.substr(start.size()), entry->second);
  }
  return files;
}

std::vector<std::string> ProductFiles::names() const {
  std::vector<std::string> result;
  for (const auto& entry : inner_) result.push_back(entry.first);
  return result;
}

std::string ProductFiles::gdal_path(const std::string& name) const {
  const auto entry = inner_.find(name);
  if (archive_ && entry != inner_.end()) expect_as_listed(path_, entry->second);
  return root_ + "/" + name;
}

std::string ProductFiles::read(const std::string& name) const {
  const std::uint64_t bytes = size(name);
  if (bytes > largest_read_bytes)
    throw DataError(name + ": too large for metadata: " + std::to_string(bytes) + " bytes");
  const GdalErrorCapture errors;
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(gdal_path(name).c_str(), "rb"), &VSIFCloseL);
  if (!file) throw DataError(name + ": " + errors.explain("cannot open"));
  std::string text(bytes, '\0');
  if (VSIFReadL(text.data(), 1, text.size(), file.get()) != text.size()) {
    throw DataError(name + ": " + errors.explain("cannot read"));
  }
  return text;
}

fs::file_time_type ProductFiles::last_written() const {
  if (archive_) return fs::last_write_time(path_);
  fs::file_time_type latest = fs::last_write_time(path_);
  for (const auto& entry : inner_) latest = std::max(latest, fs::last_write_time(gdal_path(entry.first)));
  return latest;
}

}  // namespace pitwatch
