#include "pipeline/io/files/regular_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;

TEST(RegularFile, IsReadWithinBoundsAndWithoutWaiting) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "file", "content");
  fs::create_symlink("file", folder / "link");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_regular_file(folder / "file", 7), "content");
  EXPECT_EQ(read_regular_file(folder / "none", 7), std::nullopt);
  // Which says that it has no bytes.
  EXPECT_THAT(read_regular_file("/proc/self/status", 1 << 20).value(), testing::HasSubstr("Name:"));
  EXPECT_EQ(message_of<DataError>([&] { read_regular_file("/proc/self/status", 9); }), "is larger than 9 bytes");
  EXPECT_EQ(message_of<DataError>([&] { read_regular_file(folder / "file", 6); }), "is larger than 6 bytes");
  EXPECT_EQ(message_of<DataError>([&] { read_regular_file(folder / "link", 7); }), "is a link, not a file");
  EXPECT_EQ(read_regular_file(folder / "link", 7, Links::followed), "content");
  EXPECT_EQ(read_whole_file(folder / "link", 7), "content");
  EXPECT_EQ(message_of<DataError>([&] { read_whole_file(folder / "none", 7); }),
            "cannot open: No such file or directory");
  for (const std::string& path : {folder / "pipe", std::string("/dev/zero"), folder.path()}) {
    EXPECT_EQ(message_of<DataError>([&] { read_whole_file(path, 7); }), "is no regular file") << path;
    EXPECT_EQ(message_of<DataError>([&] { expect_regular_file(path); }), "is no regular file") << path;
  }
  EXPECT_NO_THROW(expect_regular_file(folder / "link"));
  EXPECT_NO_THROW(expect_regular_file(folder / "none"));
  EXPECT_EQ(message_of<DataError>([&] { expect_regular_file(folder / "file", 6); }), "is larger than 6 bytes");
}

}  // namespace
}  // namespace pitwatch
