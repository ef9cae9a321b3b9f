#include "pipeline/io/files/scratch_file.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/scratch_folder.hpp"

namespace pitwatch {
namespace {

std::vector<std::byte> bytes_of(int first, std::size_t count) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(first + static_cast<int>(i % 100)));
  return bytes;
}

TEST(ScratchFile, GivesBackWhatWasWrittenWhereItWas) {
  const ScratchFolder folder;
  ScratchFile file(folder.path());
  const auto late = bytes_of(1, 70'000);
  const auto early = bytes_of(50, 1000);
  file.write(5'000'000'000, late);  // beyond 32 bits, and with a hole before it
  file.write(10, early);
  std::vector<std::byte> read(late.size());
  file.read(5'000'000'000, read);
  EXPECT_EQ(read, late);
  read.resize(early.size());
  file.read(10, read);
  EXPECT_EQ(read, early);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "it has no name";
}

TEST(ScratchFile, RefusesWhatWasNeverWrittenAndFoldersThatAreNotThere) {
  const ScratchFolder folder;
  ScratchFile file(folder.path());
  std::array<std::byte, 4> bytes{};
  EXPECT_THROW(file.read(0, bytes), IoError);
  EXPECT_THROW(ScratchFile(folder.path() + "/none"), IoError);
}

}  // namespace
}  // namespace pitwatch
