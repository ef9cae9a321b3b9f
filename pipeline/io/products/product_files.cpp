#include "pipeline/io/products/product_files.hpp"

#include <cpl_vsi.h>
#include <minizip/unzip.h>

#include <algorithm>
#include <array>
#include <memory>

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
constexpr std::uint64_t largest_member_bytes = std::uint64_t{2} << 30;
constexpr std::uint64_t largest_archive_bytes = std::uint64_t{16} << 30;
constexpr std::uint64_t highest_ratio = 1000;

[[noreturn]] void fail_count() { throw DataError("more than " + std::to_string(most_files) + " files"); }

// ---- archives --------------------------------------------------------------------------------------------------

using Archive = std::unique_ptr<void, int (*)(unzFile)>;

struct Member {
  std::string name;
  unz_file_info64 info{};
};

Member current_member(unzFile archive) {
  Member member;
  std::array<char, 1024> name{};
  if (unzGetCurrentFileInfo64(archive, &member.info, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK) {
    throw DataError("the directory of the zip archive is broken");
  }
  if (member.info.size_filename >= name.size()) throw DataError("a name in the zip archive is too long");
  member.name.assign(name.data(), member.info.size_filename);
  return member;
}

void check_member(const Member& member) {
  const auto refuse = [&](const char* why) { throw DataError("'" + member.name + "' in the zip archive " + why); };
  if ((member.info.flag & 1U) != 0) refuse("is encrypted");
  if (member.info.uncompressed_size > largest_member_bytes) refuse("claims more than 2 GiB");
  if (member.info.uncompressed_size / highest_ratio > member.info.compressed_size) {
    refuse("claims more than 1000 times the bytes that it is packed to");
  }
}

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
      if (files.inner_.size() == most_files) fail_count();
      files.inner_[name].bytes = entry->file_size();
    }
    entry.increment(error);
    if (error) throw DataError("cannot list: " + error.message());
  }
  return files;
}

ProductFiles ProductFiles::of_zip(const std::string& path) {
  const Archive archive(unzOpen64(path.c_str()), &unzClose);
  unz_global_info64 global{};
  if (!archive || unzGetGlobalInfo64(archive.get(), &global) != UNZ_OK) {
    throw DataError("not a zip archive, or not the whole of one");
  }
  if (global.number_entry > most_files) fail_count();
  ProductFiles files;
  files.path_ = path;
  files.root_ = "/vsizip/{" + path + "}";
  files.archive_ = true;
  std::string directory;
  std::uint64_t total = 0;
  std::size_t members = 0;
  for (int step = unzGoToFirstFile(archive.get()); step != UNZ_END_OF_LIST_OF_FILE;
       step = unzGoToNextFile(archive.get())) {
    if (step != UNZ_OK) throw DataError("the directory of the zip archive is broken");
    if (++members > most_files) fail_count();
    Member member = current_member(archive.get());
    const bool is_folder = member.name.ends_with('/');
    if (is_folder) member.name.pop_back();
    check_inner_name(member.name);
    if (is_folder) continue;
    check_member(member);
    total += member.info.uncompressed_size;
    if (total > largest_archive_bytes) throw DataError("the zip archive claims to hold more than 16 GiB");
    unz64_file_pos place{};
    if (unzGetFilePos64(archive.get(), &place) != UNZ_OK) throw DataError("the directory of the zip archive is broken");
    const Inner inner{member.info.uncompressed_size, place.pos_in_zip_directory, place.num_of_file,
                      member.info.compression_method};
    if (!files.inner_.emplace(member.name, inner).second) {
      throw DataError("the zip archive has '" + member.name + "' twice");
    }
    directory += member.name + "\n" + std::to_string(member.info.uncompressed_size) + " " +
                 std::to_string(member.info.crc) + "\n";
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
  if (archive_ && entry != inner_.end()) {
    const Inner& inner = entry->second;
    if (inner.method != 0 && inner.method != Z_DEFLATED) {
      throw DataError(name + ": is packed in the zip archive by method " + std::to_string(inner.method) +
                      ", neither stored nor deflated");
    }
    const Archive archive(unzOpen64(path_.c_str()), &unzClose);
    const unz64_file_pos place{inner.offset, inner.number};
    if (!archive || unzGoToFilePos64(archive.get(), &place) != UNZ_OK || unzOpenCurrentFile(archive.get()) != UNZ_OK) {
      throw DataError(name + ": is not as the directory of the zip archive says");
    }
  }
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
