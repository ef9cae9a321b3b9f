// Folders that appear whole: and whole on the disk before they have their name.

#include "pipeline/io/files/atomic_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <mutex>
#include <vector>

#include "tests/unit/io/test_support.hpp"

namespace {

std::mutex mutex;
bool is_recording = false;        // guarded by mutex
std::vector<std::string> synced;  // likewise

}  // namespace

/// In place of the C library's: what was made durable, under which name it was then.
extern "C" int fsync(int descriptor) {
  {
    const std::lock_guard lock(mutex);
    if (is_recording) {
      std::array<char, 4096> path{};
      const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
      if (::readlink(link.c_str(), path.data(), path.size() - 1) > 0) synced.emplace_back(path.data());
    }
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;

std::vector<std::string> synced_by(const std::function<void()>& action) {
  {
    const std::lock_guard lock(mutex);
    synced.clear();
    is_recording = true;
  }
  action();
  const std::lock_guard lock(mutex);
  is_recording = false;
  return synced;
}

TEST(AtomicFolder, IsOnTheDiskBeforeItHasItsName) {
  const TemporaryFolder folder;
  for (int round = 0; round < 2; ++round) {  // the second one replaces the first
    AtomicFolder parts(folder / "it");
    parts.make_folder("a/b");
    parts.write("one", "1");
    parts.write("a/two", "2");
    write_text(parts / "a/b/three", "3");
    const std::vector<std::string> found = synced_by([&] { parts.commit(); });
    ASSERT_EQ(found.size(), 7U);
    // A folder comes after all that is in it; what it lies in last, when it has its name.
    const std::string temporary = found[5];
    const auto place = [&](const std::string& path) {
      return std::find(found.begin(), found.end(), temporary + path) - found.begin();
    };
    for (const char* path : {"/one", "/a/two", "/a/b/three", "/a", "/a/b"}) EXPECT_LT(place(path), 5) << path;
    EXPECT_LT(place("/a/b/three"), place("/a/b"));
    EXPECT_LT(place("/a/b"), place("/a"));
    EXPECT_LT(place("/a/two"), place("/a"));
    EXPECT_THAT(temporary, ::testing::StartsWith(folder / ".it.tmp-"));
    EXPECT_EQ(found[6], folder.path());
    EXPECT_EQ(read_text(folder / "it/a/b/three"), "3");
  }
  EXPECT_EQ(folder.count(), 1U);
}

TEST(AtomicFolder, RemovesWhatDeadProcessesLeft) {
  const TemporaryFolder folder;
  for (const char* name : {".a.tmp-999999999-0", ".b.tmp-999999999-1", ".a.tmp-1-0", "a.tmp", ".hidden"}) {
    fs::create_directory(folder / name);
    write_text(folder / (std::string(name) + "/part"), "x");
  }
  { const AtomicFolder parts(folder / "a"); }
  EXPECT_FALSE(fs::exists(folder / ".a.tmp-999999999-0"));
  EXPECT_EQ(folder.count(), 4U);
  remove_folder_leftovers(folder.path());
  EXPECT_FALSE(fs::exists(folder / ".b.tmp-999999999-1"));
  EXPECT_EQ(folder.count(), 3U);
  remove_folder_leftovers(folder / "none");
}

}  // namespace
}  // namespace pitwatch
