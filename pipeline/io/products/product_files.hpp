#pragma once
// The files of one product: of a folder, or of a zip archive that is read in place. Used inside this folder, and for
// bundles of evidence.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/files/zip_directory.hpp"

namespace pitwatch {

/// Names are relative, with '/', and such as check_inner_name() accepts. Listed once: what is written later is not
/// seen.
class ProductFiles {
 public:
  /// All regular files below a folder. Throws DataError, without the path: not a folder, more than 10 000 files, deeper
  /// than 16 levels, a symbolic link that leads out of the folder. Links to folders are not followed.
  static ProductFiles of_folder(const std::string& path);

  /// By the archive's directory; nothing is unpacked. Throws DataError, without the path: not a zip archive, more than
  /// 10 000 members, names that are double or lead out of the archive, encrypted members, sizes that no product has
  /// (a member of more than 2 GiB, all together more than 16 GiB, more than 1000 times what they are packed to).
  static ProductFiles of_zip(const std::string& path);

  /// Those below a folder within, under their names from there.
  ProductFiles below(const std::string& folder) const;

  bool has(const std::string& name) const { return inner_.contains(name); }
  /// In the order of their bytes.
  std::vector<std::string> names() const;
  /// The size of a file that is there.
  std::uint64_t size(const std::string& name) const { return inner_.at(name).bytes; }
  bool is_archive() const { return archive_; }

  /// The bytes of a file that is there. Throws DataError, starting with its name, for more than 64 MiB and for what
  /// cannot be read.
  std::string read(const std::string& name) const;

  /// The path by which GDAL opens a file, which need not be there. Throws DataError, starting with its name, for one
  /// that is not in an archive as its directory says, or is neither stored nor deflated: GDAL would fail, too, and
  /// leave the archive open.
  std::string gdal_path(const std::string& name) const;

  /// When the latest of the files was written; of an archive, the archive.
  std::filesystem::file_time_type last_written() const;

  /// SHA-256 over names, sizes and checksums of an archive's directory; empty for a folder.
  const std::string& archive_fingerprint() const { return archive_fingerprint_; }

 private:
  std::string path_;  // of the folder or archive
  std::string root_;  // what GDAL's paths begin with
  bool archive_ = false;
  std::map<std::string, ListedMember> inner_;  // of files in a folder, what they are called and their size alone
  std::string archive_fingerprint_;
};

}  // namespace pitwatch
