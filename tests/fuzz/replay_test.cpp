// Runs a parser's fuzz function over the inputs that once mattered and over real ones: it must neither crash nor break
// a promise (it aborts then).

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/unit/io/test_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

int replay(const fs::path& folder) {
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    SCOPED_TRACE(entry.path().string());
    const std::string bytes = test::read_text(entry.path().string());
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
    ++files;
  }
  return files;
}

TEST(Replay, Regressions) {
  EXPECT_GT(replay(fs::path(PITWATCH_SOURCE_DIR "/tests/fuzz/regressions") / PITWATCH_PARSER), 0);
}

TEST(Replay, RealItems) {
  const fs::path folder = test::shared_data() / "stac";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no " << folder << "; PITWATCH_SHARED names the folder with data/";
  EXPECT_GT(replay(folder), 0);
}

}  // namespace
}  // namespace pitwatch
