#include "pipeline/io/files/zip_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string noise(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

TEST(WriteZip, IsReadBackAndHasTheSameBytesAgain) {
  const test::TemporaryFolder folder;
  const std::vector<ZipMember> members{{"a.txt", "one"}, {"b/c.bin", std::string(300000, '\0') + "end"}, {"d", ""}};
  write_zip(folder / "first.zip", members);
  write_zip(folder / "second.zip", members);
  EXPECT_EQ(test::read_text(folder / "first.zip"), test::read_text(folder / "second.zip"));
  const ProductFiles files = ProductFiles::of_zip(folder / "first.zip");
  EXPECT_THAT(files.names(), ElementsAre("a.txt", "b/c.bin", "d"));
  EXPECT_EQ(files.read("a.txt"), "one");
  EXPECT_EQ(files.read("b/c.bin"), members[1].bytes);
  EXPECT_EQ(files.read("d"), "");
}

TEST(WriteZip, HasNoDateOfItsOwn) {
  const test::TemporaryFolder folder;
  write_zip(folder / "a.zip", std::vector<ZipMember>{{"a", "one"}});
  const std::string bytes = test::read_text(folder / "a.zip");
  // Local header: time and date at byte 10: 00:00, 1980-01-01.
  EXPECT_EQ(bytes.substr(10, 4), std::string("\0\0\x21\0", 4));
}

TEST(WriteZip, RefusesNamesThatLeadElsewhereAndLeavesNothing) {
  const test::TemporaryFolder folder;
  for (const char* name : {"../a", "/a", "a/../b", "", "a\\b"}) {
    EXPECT_THROW(write_zip(folder / "a.zip", std::vector<ZipMember>{{name, "x"}}), DataError) << name;
  }
  EXPECT_EQ(folder.count(), 0U);
  const std::string message = test::message_of<IoError>([&] {
    write_zip(folder / "none/a.zip", std::vector<ZipMember>{{"a", "x"}});
  });
  EXPECT_THAT(message, HasSubstr("none/"));
}

// As a full disk does, a limit of the process ends a write in the middle.
TEST(WriteZip, SaysWhyItCannotWrite) {
  const test::TemporaryFolder folder;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit low = before;
  low.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  std::string message;
  try {
    write_zip(folder / "a.zip", std::vector<ZipMember>{{"a", noise(1'000'000)}});
  } catch (const IoError& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, (folder / "a.zip") + ": cannot write the zip archive: File too large");
  EXPECT_EQ(folder.count(), 0U);
}

// ---- check_zip -------------------------------------------------------------------------------------------------

bool fits(const std::string& path, const std::string& bytes) {
  test::write_text(path, bytes);
  try {
    check_zip(path);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

TEST(CheckZip, TakesWhatWriteZipWrites) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  const test::TemporaryFolder folder;
  for (const std::string& bytes : {std::string(), std::string("x"), std::string(3 * piece, '\0'), noise(piece - 100),
                                   noise(2 * piece), noise(3 * piece + 1), std::string(piece + 1, 'a')}) {
    write_zip(folder / "a.zip", std::vector<ZipMember>{{"one", bytes}, {"two/\xC3\xA9", "2"}, {"three", bytes}});
    EXPECT_NO_THROW(check_zip(folder / "a.zip")) << bytes.size();
  }
  write_zip(folder / "none.zip", {});
  EXPECT_NO_THROW(check_zip(folder / "none.zip"));
}

TEST(CheckZip, RefusesEveryBitThatIsAnotherButThoseThatNobodyReads) {
  const test::TemporaryFolder folder;
  const std::vector<ZipMember> members{{"a.txt", "some text of a file"}, {"b", noise(40)}, {"c", ""}};
  write_zip(folder / "a.zip", members);
  const std::string good = test::read_text(folder / "a.zip");
  ASSERT_TRUE(fits(folder / "b.zip", good));
  std::size_t unread = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string other = good;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    if (!fits(folder / "b.zip", other)) continue;
    ++unread;
    const ProductFiles files = ProductFiles::of_zip(folder / "b.zip");
    EXPECT_THAT(files.names(), ElementsAre("a.txt", "b", "c")) << "bit " << bit % 8 << " of byte " << bit / 8;
    for (const ZipMember& member : members) EXPECT_EQ(files.read(member.name), member.bytes) << bit;
  }
  // Of each member the bit that says whether it is text, and of its last packed byte what is left over.
  EXPECT_LE(unread, members.size() * (1 + 7));
}

TEST(CheckZip, RefusesBytesMoreAndBytesLess) {
  const test::TemporaryFolder folder;
  write_zip(folder / "a.zip", std::vector<ZipMember>{{"a.txt", "some text of a file"}, {"b", noise(40)}});
  const std::string good = test::read_text(folder / "a.zip");
  for (std::size_t at = 0; at <= good.size(); ++at) {
    EXPECT_FALSE(fits(folder / "b.zip", std::string(good).insert(at, 1, '\x7F'))) << at;
    if (at == good.size()) continue;
    EXPECT_FALSE(fits(folder / "b.zip", std::string(good).erase(at, 1))) << at;
    EXPECT_FALSE(fits(folder / "b.zip", good.substr(0, at))) << at;
  }
  EXPECT_FALSE(fits(folder / "b.zip", good + good));
}

TEST(CheckZip, NamesTheByteFromWhichItIsAnother) {
  const test::TemporaryFolder folder;
  write_zip(folder / "a.zip", std::vector<ZipMember>{{"a", "one"}, {"b", "two"}});
  std::string bytes = test::read_text(folder / "a.zip");
  const std::size_t second = bytes.find("PK\3\4", 4), directory = bytes.find("PK\1\2");
  bytes[second + 30] = 'c';  // its name before its bytes: the directory has another
  test::write_text(folder / "a.zip", bytes);
  EXPECT_THAT(test::message_of<DataError>([&] { check_zip(folder / "a.zip"); }),
              HasSubstr("from byte " + std::to_string(bytes.find("PK\1\2", directory + 1)) + " on"));
}

}  // namespace
}  // namespace pitwatch
