// Hashing, atomic files, versions.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// FIPS 180-2, appendix B.
TEST(Hashing, KnownVectors) {
  EXPECT_EQ(sha256_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Hashing, FileOfSeveralBuffers) {
  const TemporaryFolder folder;
  write_text(folder / "a", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_file(folder / "a"), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const std::string large(3'500'001, 'x');
  write_text(folder / "x", large);
  EXPECT_EQ(sha256_file(folder / "x"), sha256_text(large));
  write_text(folder / "empty", "");
  EXPECT_EQ(sha256_file(folder / "empty"), sha256_text(""));
}

TEST(Hashing, ErrorNamesFileAndReason) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<DataError>([&] { sha256_file(folder / "none"); }),
              AllOf(StartsWith(folder / "none"), HasSubstr("No such file")));
  EXPECT_THAT(message_of<DataError>([&] { sha256_file(folder.path()); }), HasSubstr("directory"));
}

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  const std::string path = folder / "out.txt";
  {
    AtomicFile file(path);
    write_text(file.temporary(), "whole");
    EXPECT_EQ(std::filesystem::path(file.temporary()).parent_path(), folder.path());
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
    EXPECT_EQ(read_text(path), "whole");
  }
  EXPECT_EQ(read_text(path), "whole");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(AtomicFile, WithoutCommitTheOldFileStays) {
  const TemporaryFolder folder;
  const std::string path = folder / "out.txt";
  write_text(path, "old");
  {
    AtomicFile file(path);
    write_text(file.temporary(), "half");
  }
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(AtomicFile, TwoWritersOfOneNameDoNotMix) {
  const TemporaryFolder folder;
  AtomicFile first(folder / "out");
  AtomicFile second(folder / "out");
  EXPECT_NE(first.temporary(), second.temporary());
}

TEST(AtomicFile, MissingFolderIsAnErrorAtOnce) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<IoError>([&] { AtomicFile file(folder / "none/out"); }),
              AllOf(StartsWith(folder / "none/out"), HasSubstr("No such file")));
  std::filesystem::create_directory(folder / "taken");
  EXPECT_THAT(message_of<IoError>([&] { write_file_atomically(folder / "taken", "x"); }), HasSubstr("directory"));
  EXPECT_EQ(folder.count(), 1U);
}

TEST(AtomicFile, WriteReplaces) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "f", "one");
  write_file_atomically(folder / "f", std::string("t\0wo", 4));
  EXPECT_EQ(read_text(folder / "f"), std::string("t\0wo", 4));
}

TEST(AtomicFile, FullDisk) {
  const TemporaryFolder folder;
  write_text(folder / "f", "old");
  // A limit on the size of files stands for a disk that fills up: write() fails the same way, with another number.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{5000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message =
      message_of<IoError>([&] { write_file_atomically(folder / "f", std::string(100'000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_THAT(message, AllOf(StartsWith(folder / "f"), HasSubstr("File too large")));
  EXPECT_EQ(read_text(folder / "f"), "old");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(Versions, AreNumbers) {
  for (const std::string& version : {gdal_version(), proj_version(), tiff_version(), openssl_version()}) {
    EXPECT_THAT(version, ::testing::MatchesRegex("[0-9]+\\.[0-9.a-z]+"));
  }
}

}  // namespace
}  // namespace pitwatch
