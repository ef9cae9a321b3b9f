#include "pipeline/io/files/zip_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace pitwatch
