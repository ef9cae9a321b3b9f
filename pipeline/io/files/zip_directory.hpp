#pragma once
// What the directory of a zip archive says, bounded, before anything in it is read: GDAL believes archives.

#include <cstdint>
#include <string>
#include <vector>

namespace pitwatch {

struct ListedMember {
  std::string name;  // as it stands there: nobody has checked where it leads (check_inner_name())
  std::uint64_t bytes = 0;
  std::uint64_t crc = 0;
  std::uint64_t method = 0;  // of packing
  // Where the directory has it.
  std::uint64_t offset = 0;
  std::uint64_t number = 0;
};

/// What members may unpack to: each, and all together.
struct ZipLimits {
  std::uint64_t member_bytes = 0;
  std::uint64_t all_bytes = 0;
};

/// Whether a file begins as zip archives do.
bool is_zip(const std::string& path);

/// The members of an archive in its directory's order, folders ("a/") among them. Throws DataError, without the path:
/// not a zip archive or not the whole of one, more than 10 000 members, encrypted ones, sizes beyond the limits or more
/// than 1000 times what the member is packed to.
std::vector<ListedMember> zip_members(const std::string& path, const ZipLimits& limits);

/// Throws DataError, starting with the member's name, for one that is not in the archive as its directory says, or is
/// neither stored nor deflated: GDAL would fail, too, and leave the archive open.
void expect_as_listed(const std::string& path, const ListedMember& member);

}  // namespace pitwatch
