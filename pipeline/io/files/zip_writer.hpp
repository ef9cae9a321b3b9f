#pragma once
// Zip archives of files that are in memory, and whether one is still what was written.

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

/// Throws DataError, without the path and with the byte, where an archive is not as write_zip() lays one out, so that
/// programs would find other names or files in it than those of its directory: a member named otherwise before its
/// bytes than in the directory, bytes between members or after them, comments, dates, packed bytes that go on after
/// their end or unpack to others than the CRC says. What nobody reads may be anything: whether a member is text, and
/// the bits of its last packed byte that are left over.
void check_zip(const std::string& path);

}  // namespace pitwatch
