#include "pipeline/io/files/zip_directory.hpp"

#include <minizip/unzip.h>

#include <array>
#include <fstream>
#include <memory>
#include <string_view>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t most_members = 10'000;
constexpr std::uint64_t highest_ratio = 1000;

using Archive = std::unique_ptr<void, int (*)(unzFile)>;

Archive opened(const std::string& path) { return {unzOpen64(path.c_str()), &unzClose}; }

std::string gib_text(std::uint64_t bytes) { return std::to_string(bytes >> 30) + " GiB"; }

[[noreturn]] void fail_broken() { throw DataError("the directory of the zip archive is broken"); }

ListedMember current_member(unzFile archive, const ZipLimits& limits) {
  unz_file_info64 info{};
  std::array<char, 1024> name{};
  unz64_file_pos place{};
  if (unzGetCurrentFileInfo64(archive, &info, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK ||
      unzGetFilePos64(archive, &place) != UNZ_OK) {
    fail_broken();
  }
  if (info.size_filename >= name.size()) throw DataError("a name in the zip archive is too long");
  ListedMember member{{name.data(), info.size_filename}, info.uncompressed_size,     info.crc,
                      info.compression_method,           place.pos_in_zip_directory, place.num_of_file};
  const auto refuse = [&](const std::string& why) {
    throw DataError("'" + member.name + "' in the zip archive " + why);
  };
  if ((info.flag & 1U) != 0) refuse("is encrypted");
  if (info.uncompressed_size > limits.member_bytes) refuse("claims more than " + gib_text(limits.member_bytes));
  if (info.uncompressed_size / highest_ratio > info.compressed_size) {
    refuse("claims more than 1000 times the bytes that it is packed to");
  }
  return member;
}

}  // namespace

bool is_zip(const std::string& path) {
  constexpr std::string_view start = "PK\x03\x04";
  std::array<char, start.size()> bytes{};
  std::ifstream file(path, std::ios::binary);
  return file.read(bytes.data(), bytes.size()) && std::string_view(bytes.data(), bytes.size()) == start;
}

std::vector<ListedMember> zip_members(const std::string& path, const ZipLimits& limits) {
  const Archive archive = opened(path);
  unz_global_info64 global{};
  if (!archive || unzGetGlobalInfo64(archive.get(), &global) != UNZ_OK) {
    throw DataError("not a zip archive, or not the whole of one");
  }
  const auto expect_few = [](std::uint64_t members) {
    if (members > most_members) throw DataError("more than " + std::to_string(most_members) + " files");
  };
  expect_few(global.number_entry);
  std::vector<ListedMember> members;
  std::uint64_t total = 0;
  for (int step = unzGoToFirstFile(archive.get()); step != UNZ_END_OF_LIST_OF_FILE;
       step = unzGoToNextFile(archive.get())) {
    if (step != UNZ_OK) fail_broken();
    expect_few(members.size() + 1);
    members.push_back(current_member(archive.get(), limits));
    total += members.back().bytes;
    if (total > limits.all_bytes) {
      throw DataError("the zip archive claims to hold more than " + gib_text(limits.all_bytes));
    }
  }
  return members;
}

void expect_as_listed(const std::string& path, const ListedMember& member) {
  if (member.method != 0 && member.method != Z_DEFLATED) {
    throw DataError(member.name + ": is packed in the zip archive by method " + std::to_string(member.method) +
                    ", neither stored nor deflated");
  }
  const Archive archive = opened(path);
  const unz64_file_pos place{member.offset, member.number};
  if (!archive || unzGoToFilePos64(archive.get(), &place) != UNZ_OK || unzOpenCurrentFile(archive.get()) != UNZ_OK) {
    throw DataError(member.name + ": is not as the directory of the zip archive says");
  }
}

}  // namespace pitwatch
