#pragma once
// Zip archives for tests, honest ones and such as no program writes (APPNOTE.TXT, PKWARE,
// sections 4.3.7, 4.3.12, 4.3.16).

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch::test {

/// Stored as it is. What is claimed of its size stands in the archive's directory.
struct ZipMember {
  std::string name;
  std::string content;
  std::optional<std::uint32_t> claimed_bytes;
};

namespace detail {

inline std::uint32_t crc32_of(const std::string& text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

inline void append(std::string& to, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8) to += static_cast<char>(value & 0xFF);
}

/// From "version needed" to "extra field length": the part that both headers of a member have.
inline void append_common(std::string& to, const ZipMember& member, std::uint32_t bytes) {
  append(to, 10, 2);
  append(to, 0, 6);  // no flags, stored, no time
  append(to, 0x21, 2);
  append(to, crc32_of(member.content), 4);
  append(to, static_cast<std::uint32_t>(member.content.size()), 4);
  append(to, bytes, 4);
  append(to, static_cast<std::uint32_t>(member.name.size()), 2);
  append(to, 0, 2);
}

}  // namespace detail

inline std::string zip_of(const std::vector<ZipMember>& members) {
  std::string archive;
  std::string directory;
  for (const ZipMember& member : members) {
    const auto offset = static_cast<std::uint32_t>(archive.size());
    const auto size = static_cast<std::uint32_t>(member.content.size());
    archive += "PK\x03\x04";
    detail::append_common(archive, member, size);
    archive += member.name + member.content;
    directory += "PK\x01\x02";
    detail::append(directory, 20, 2);
    detail::append_common(directory, member, member.claimed_bytes.value_or(size));
    detail::append(directory, 0, 2 + 2 + 2 + 4);  // no comment, first disk, no attributes
    detail::append(directory, offset, 4);
    directory += member.name;
  }
  const auto start = static_cast<std::uint32_t>(archive.size());
  const auto count = static_cast<std::uint32_t>(members.size());
  archive += directory + "PK\x05\x06";
  detail::append(archive, 0, 4);
  detail::append(archive, count, 2);
  detail::append(archive, count, 2);
  detail::append(archive, static_cast<std::uint32_t>(directory.size()), 4);
  detail::append(archive, start, 4);
  detail::append(archive, 0, 2);
  return archive;
}

/// The files of a folder, with `prefix` before their names.
inline std::vector<ZipMember> members_of(const std::string& folder, const std::string& prefix) {
  std::vector<ZipMember> members;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    members.push_back(
        {prefix + entry.path().lexically_relative(folder).generic_string(), read_text(entry.path().string()), {}});
  }
  return members;
}

}  // namespace pitwatch::test
