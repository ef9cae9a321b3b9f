#pragma once
// Zip archives of files that are in memory.

#include <span>
#include <string>

namespace pitwatch {

struct ZipMember {
  std::string name;  // relative, divided by '/', as check_inner_name() has it
  std::string bytes;
};

/// Writes an archive, whole or not at all: members in the order given, deflated, none with a date (1980-01-01), an
/// owner or a comment, so that the same members give the same bytes. Throws DataError for a name that is none and for
/// more than 2 GiB together, IoError, starting with the path.
void write_zip(const std::string& path, std::span<const ZipMember> members);

}  // namespace pitwatch
