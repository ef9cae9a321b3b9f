// What is remembered of files: as long as they are what they were, and no longer.

#include "pipeline/io/files/file_memory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;

constexpr std::chrono::milliseconds at_once{0};

class FileMemoryTest : public ::testing::Test {
 protected:
  void remember(const std::string& key, const std::string& identity, const std::string& value) {
    FileMemory memory(cache_, "items", "/data/scenes", at_once);
    memory.note(key, identity, value);
    memory.save();
  }
  std::string recall(const std::string& key, const std::string& identity, const std::string& kind = "items",
                     const std::string& subject = "/data/scenes") const {
    FileMemory memory(cache_, kind, subject, at_once);
    return std::string(memory.recall(key, identity).value_or("nothing"));
  }
  std::string file() const { return fs::directory_iterator(cache_)->path().string(); }

  TemporaryFolder folder_;
  const std::string cache_ = folder_ / "caches/pitwatch";
};

TEST_F(FileMemoryTest, WhatWasNotedIsThereTheNextTime) {
  remember("a.json", "file 1", "said one");
  EXPECT_EQ(recall("a.json", "file 1"), "said one");
  EXPECT_EQ(recall("a.json", "file 2"), "nothing");
  EXPECT_EQ(recall("b.json", "file 1"), "nothing");
  EXPECT_EQ(recall("a.json", "file 1", "views"), "nothing");
  EXPECT_EQ(recall("a.json", "file 1", "items", "/data/others"), "nothing");
}

TEST_F(FileMemoryTest, WhatIsNotedAnewReplacesAndTheRestStays) {
  remember("a.json", "file 1", "said one");
  remember("b.json", "file 2", "said two");
  remember("a.json", "file 3", "said three");
  EXPECT_EQ(recall("a.json", "file 1"), "nothing");
  EXPECT_EQ(recall("a.json", "file 3"), "said three");
  EXPECT_EQ(recall("b.json", "file 2"), "said two");
}

TEST_F(FileMemoryTest, NothingNewWritesNothing) {
  remember("a.json", "file 1", "said one");
  const fs::file_time_type long_ago = fs::last_write_time(file()) - std::chrono::hours(1);
  fs::last_write_time(file(), long_ago);
  FileMemory memory(cache_, "items", "/data/scenes", at_once);
  ASSERT_TRUE(memory.recall("a.json", "file 1"));
  memory.save();
  EXPECT_EQ(fs::last_write_time(file()), long_ago);
}

TEST_F(FileMemoryTest, ADamagedFileHoldsNothing) {
  remember("a.json", "file 1", "said one");
  const std::string whole = read_text(file());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_text(file(), whole.substr(0, length));
    EXPECT_EQ(recall("a.json", "file 1"), "nothing") << length;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    write_text(file(), changed);
    EXPECT_EQ(recall("a.json", "file 1"), "nothing") << at;
  }
  write_text(file(), whole);
  EXPECT_EQ(recall("a.json", "file 1"), "said one");
  write_text(file(), whole.substr(0, 50));
  remember("a.json", "file 1", "said anew");
  EXPECT_EQ(recall("a.json", "file 1"), "said anew");
}

/// The identity of this very program stands in the file: another build has another one.
TEST_F(FileMemoryTest, WhatAnotherBuildNotedDoesNotCount) {
  remember("a.json", "file 1", "said one");
  const std::string whole = read_text(file());
  const std::string own = text_of(file_identity("/proc/self/exe").value());
  const std::size_t at = whole.find(own);
  ASSERT_NE(at, std::string::npos);
  // As that build would have written it, with a digest that fits.
  Packer packer;
  FileIdentity other = file_identity("/proc/self/exe").value();
  ++other.changed_ns;
  const std::string body = whole.substr(at - 8).replace(8, own.size(), text_of(other));
  const std::size_t digest = at - 8 - 64;
  const auto sealed = [&](const std::string& content) {
    const std::string given = folder_ / "content";
    write_text(given, content);
    FILE* const pipe = ::popen(("sha256sum < " + given).c_str(), "r");
    std::string hex(64, '\0');
    EXPECT_EQ(std::fread(hex.data(), 1, hex.size(), pipe), hex.size());
    ::pclose(pipe);
    return whole.substr(0, digest) + hex + content;
  };
  write_text(file(), sealed(whole.substr(at - 8)));
  EXPECT_EQ(recall("a.json", "file 1"), "said one");  // so that what follows is for the identity alone
  write_text(file(), sealed(body));
  EXPECT_EQ(recall("a.json", "file 1"), "nothing");
}

TEST_F(FileMemoryTest, AFolderThatOthersMayWriteToIsNotBelieved) {
  remember("a.json", "file 1", "said one");
  struct stat facts {};
  ASSERT_EQ(::stat(cache_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0700U);
  ::chmod(cache_.c_str(), 0777);
  EXPECT_EQ(recall("a.json", "file 1"), "nothing");
  const std::string before = read_text(file());
  remember("b.json", "file 2", "said two");
  EXPECT_EQ(read_text(file()), before);
  ::chmod(cache_.c_str(), 0720);
  EXPECT_EQ(recall("a.json", "file 1"), "nothing");
  ::chmod(cache_.c_str(), 0755);
  EXPECT_EQ(recall("a.json", "file 1"), "said one");
}

TEST_F(FileMemoryTest, WhereNoFolderCanBeMadeNothingIsRemembered) {
  write_text(folder_ / "caches", "a file");
  remember("a.json", "file 1", "said one");
  EXPECT_EQ(recall("a.json", "file 1"), "nothing");
}

TEST_F(FileMemoryTest, FilesThatNobodyHasWrittenForAQuarterGo) {
  remember("a.json", "file 1", "said one");
  const std::string old = cache_ + "/items-0000000000000000.memory";
  const std::string other = cache_ + "/notes.txt";
  for (const std::string& path : {old, other}) {
    write_text(path, "old");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(91 * 24));
  }
  remember("b.json", "file 2", "said two");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_EQ(recall("a.json", "file 1"), "said one");
}

TEST_F(FileMemoryTest, NothingIsRememberedWithoutAFolder) {
  FileMemory memory("", "items", "/data/scenes", at_once);
  EXPECT_FALSE(memory.is_on());
  memory.note("a.json", "file 1", "said one");
  EXPECT_FALSE(memory.recall("a.json", "file 1"));
  memory.save();
}

TEST_F(FileMemoryTest, WhatDoesNotFitIsLeftOutAndWhatWasAskedForStays) {
  const std::string large(std::size_t{30} << 20, 'x');
  remember("asked", "1", large);
  remember("other", "2", large);
  {
    FileMemory memory(cache_, "items", "/data/scenes", at_once);
    ASSERT_TRUE(memory.recall("asked", "1"));
    memory.note("new", "3", large);
    memory.save();
  }
  EXPECT_NE(recall("asked", "1"), "nothing");
  EXPECT_NE(recall("new", "3"), "nothing");
  EXPECT_EQ(recall("other", "2"), "nothing");
}

TEST(FileIdentityOf, ChangesWithWhateverIsDoneToAFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "item.json";
  write_text(path, "one");
  const auto first = file_identity(path);
  ASSERT_TRUE(first);
  EXPECT_EQ(file_identity(path), first);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of the file system ticks
  const fs::file_time_type written = fs::last_write_time(path);
  write_text(path, "two");
  fs::last_write_time(path, written);  // as if it had not been
  EXPECT_EQ(file_identity(path)->modified_ns, first->modified_ns);
  EXPECT_NE(text_of(*file_identity(path)), text_of(*first));
  fs::create_symlink("item.json", folder / "link.json");
  EXPECT_EQ(file_identity(folder / "link.json"), file_identity(path));
  EXPECT_FALSE(file_identity(folder.path()));
  EXPECT_FALSE(file_identity(folder / "none"));
}

TEST(FileIdentityOf, AFileHasRestedWhenItHasNotChangedForSoLong) {
  const TemporaryFolder folder;
  write_text(folder / "item.json", "one");
  const FileIdentity now = file_identity(folder / "item.json").value();
  EXPECT_TRUE(has_rested(now, at_once));
  EXPECT_FALSE(has_rested(now, std::chrono::seconds(10)));
  FileIdentity old = now;
  old.changed_ns -= 11'000'000'000;
  EXPECT_FALSE(has_rested(old, std::chrono::seconds(10)));  // it was modified just now
  old.modified_ns -= 11'000'000'000;
  EXPECT_TRUE(has_rested(old, std::chrono::seconds(10)));
}

TEST(PackedText, WhatIsPackedComesBack) {
  Packer packer;
  packer.add(std::uint64_t{0xfedcba9876543210});
  packer.add(-5);
  packer.add(1.25);
  packer.add(0.1F);
  packer.add(true);
  packer.add(std::string("a\0b", 3));
  packer.add(std::optional<double>());
  packer.add(std::optional<std::uint16_t>(65535));
  const std::string text = packer.take();
  Unpacker unpacker(text);
  std::uint64_t large = 0;
  int negative = 0;
  double number = 0;
  float small = 0;
  bool flag = false;
  std::string word;
  std::optional<double> none = 1.0;
  std::optional<std::uint16_t> most;
  unpacker.get(large);
  unpacker.get(negative);
  unpacker.get(number);
  unpacker.get(small);
  unpacker.get(flag);
  unpacker.get(word);
  unpacker.get(none);
  unpacker.get(most);
  EXPECT_EQ(large, 0xfedcba9876543210);
  EXPECT_EQ(negative, -5);
  EXPECT_EQ(number, 1.25);
  EXPECT_EQ(small, 0.1F);
  EXPECT_TRUE(flag);
  EXPECT_EQ(word, std::string("a\0b", 3));
  EXPECT_FALSE(none);
  EXPECT_EQ(most, 65535);
  EXPECT_TRUE(unpacker.at_end());
  EXPECT_THROW(unpacker.get(flag), DataError);
}

TEST(PackedText, ALengthBeyondTheTextIsRefused) {
  Packer packer;
  packer.add(std::uint64_t{1000});
  const std::string text = packer.take();
  EXPECT_THROW(Unpacker(text).text(), DataError);
  EXPECT_THROW(Unpacker(text).count(), DataError);
}

}  // namespace
}  // namespace pitwatch
