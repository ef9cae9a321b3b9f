#include "pipeline/io/state_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = (fs::temp_directory_path() / "pitwatch-state-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/a.state";
  }
  ~StateFileTest() override { fs::remove_all(folder_); }

  void write() const {
    const std::vector<NamedBytesView> arrays{{"models", std::as_bytes(std::span(numbers_))}, {"empty", {}}};
    write_state_file(path_, "{\"looks\": 3}", arrays);
  }
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  void replace(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

  std::string folder_;
  std::string path_;
  std::vector<float> numbers_{1.5F, -2.0F, 3e-9F};
};

TEST_F(StateFileTest, ComesBackAsItWas) {
  write();
  const StateFile state = read_state_file(path_);
  EXPECT_EQ(state.header, "{\"looks\": 3}");
  ASSERT_EQ(state.arrays.size(), 2U);
  EXPECT_EQ(state.arrays[0].name, "models");
  ASSERT_EQ(state.arrays[0].bytes.size(), 12U);
  EXPECT_EQ(std::memcmp(state.arrays[0].bytes.data(), numbers_.data(), 12), 0);
  EXPECT_TRUE(state.arrays[1].bytes.empty());
  EXPECT_EQ(read_state_header(path_), state.header);
}

TEST_F(StateFileTest, SameStateSameBytes) {
  write();
  const std::string first = content();
  write();
  EXPECT_EQ(content(), first);
}

TEST_F(StateFileTest, EveryCutAndEveryChangedByteIsNoticed) {
  write();
  const std::string whole = content();
  for (std::size_t keep = 0; keep < whole.size(); ++keep) {
    replace(whole.substr(0, keep));
    EXPECT_THROW(read_state_file(path_), DataError) << keep;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    replace(changed);
    EXPECT_THROW(read_state_file(path_), DataError) << i;
  }
  replace(whole + "x");
  EXPECT_THROW(read_state_file(path_), DataError);
}

TEST_F(StateFileTest, ErrorsNameTheFile) {
  try {
    read_state_file(folder_ + "/none.state");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("none.state"), std::string::npos);
  }
  EXPECT_THROW(write_state_file(folder_ + "/no/where.state", "", {}), IoError);
}

}  // namespace
}  // namespace pitwatch
