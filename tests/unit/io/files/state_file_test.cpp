#include "pipeline/io/files/state_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

struct Element {
  std::int16_t low;
  std::int16_t course;
  std::uint16_t high;
  std::uint8_t byte;
  std::uint8_t other;
  friend bool operator==(const Element&, const Element&) = default;
};

/// Noise, slow courses, and numbers that jump from end to end of their range.
std::vector<Element> some_elements(std::size_t count) {
  std::vector<Element> elements;
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i < count; ++i) {
    noise = noise * 1664525U + 1013904223U;
    elements.push_back({static_cast<std::int16_t>(i % 2 == 0 ? -32768 : 32767), static_cast<std::int16_t>(i / 100),
                        static_cast<std::uint16_t>(noise >> 16), static_cast<std::uint8_t>(noise >> 30), 0});
  }
  return elements;
}

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = (fs::temp_directory_path() / "pitwatch-state-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/a.state";
  }
  ~StateFileTest() override { fs::remove_all(folder_); }

  std::vector<StateArray> arrays(std::vector<Element>& elements, std::vector<std::uint8_t>& bytes) const {
    return {{"elements", sizeof(Element), 3, true, std::as_writable_bytes(std::span(elements))},
            {"bytes", 1, 0, false, std::as_writable_bytes(std::span(bytes))},
            {"empty", 2, 1, false, {}}};
  }
  void write(const ParallelFor& parallel = serial_for) {
    write_state_file(path_, "{\"acquisitions\": 3}", arrays(elements_, bytes_), parallel);
  }
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  void replace(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

  std::string folder_;
  std::string path_;
  std::vector<Element> elements_ = some_elements(70000);  // pieces of three sizes
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(40000, 7);
};

TEST_F(StateFileTest, ComesBackAsItWas) {
  write();
  const StateFile state(path_);
  EXPECT_EQ(state.header(), "{\"acquisitions\": 3}");
  EXPECT_EQ(read_state_header(path_).text, state.header());
  EXPECT_EQ(read_state_header(path_).format, state_format);
  EXPECT_EQ(state.format(), state_format);
  std::vector<Element> elements(elements_.size());
  std::vector<std::uint8_t> bytes(bytes_.size());
  state.unpack(arrays(elements, bytes));
  EXPECT_TRUE(elements == elements_);
  EXPECT_EQ(bytes, bytes_);
  EXPECT_LT(content().size(), 70000U * 4);
}

TEST_F(StateFileTest, SameBytesInWhateverOrderPiecesAreMade) {
  write();
  const std::string first = content();
  const ParallelFor backwards = [](int count, const std::function<void(int)>& body) {
    for (int i = count; i-- > 0;) body(i);
  };
  write(backwards);
  EXPECT_EQ(content(), first);
  std::vector<Element> elements(elements_.size());
  std::vector<std::uint8_t> bytes(bytes_.size());
  StateFile(path_).unpack(arrays(elements, bytes), backwards);
  EXPECT_TRUE(elements == elements_);
}

TEST_F(StateFileTest, RefusesToFillOtherArrays) {
  write();
  const StateFile state(path_);
  std::vector<Element> elements(elements_.size());
  std::vector<std::uint8_t> bytes(bytes_.size());
  const auto filling = [&](const std::function<void(std::vector<StateArray>&)>& change) {
    std::vector<StateArray> changed = arrays(elements, bytes);
    change(changed);
    state.unpack(changed);
  };
  EXPECT_NO_THROW(filling([](auto&) {}));
  EXPECT_THROW(filling([](auto& all) { all.pop_back(); }), DataError);
  EXPECT_THROW(filling([](auto& all) { all[0].name = "others"; }), DataError);
  EXPECT_THROW(filling([](auto& all) { all[0].smooth = false; }), DataError);
  EXPECT_THROW(filling([](auto& all) { all[0].shorts = 2; }), DataError);
  EXPECT_THROW(filling([](auto& all) { all[1].bytes = all[1].bytes.first(39999); }), DataError);
}

TEST_F(StateFileTest, SameStateSameBytes) {
  write();
  const std::string first = content();
  write();
  EXPECT_EQ(content(), first);
}

TEST_F(StateFileTest, EveryCutAndEveryChangedByteIsNoticed) {
  elements_.resize(20);
  bytes_.resize(5);
  write();
  const std::string whole = content();
  for (std::size_t keep = 0; keep < whole.size(); ++keep) {
    replace(whole.substr(0, keep));
    EXPECT_THROW(StateFile{path_}, DataError) << keep;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    replace(changed);
    EXPECT_THROW(StateFile{path_}, DataError) << i;
  }
  replace(whole + "x");
  EXPECT_THROW(StateFile{path_}, DataError);
}

TEST_F(StateFileTest, WhateverIsSignedNothingIsWrittenBesideTheArrays) {
  elements_.resize(300);
  bytes_.resize(30);
  write();
  const std::string whole = content();
  int refused = 0;
  constexpr std::size_t mark_bytes = 8;
  constexpr std::size_t digest_bytes = 32;
  const std::size_t first = whole.find("elements");
  for (std::size_t i = first; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x11);
    const std::string digest = sha256_text(changed.substr(mark_bytes + digest_bytes));
    for (std::size_t byte = 0; byte < digest_bytes; ++byte) {
      changed[mark_bytes + byte] = static_cast<char>(std::stoi(digest.substr(2 * byte, 2), nullptr, 16));
    }
    replace(changed);
    std::vector<Element> elements(elements_.size());
    std::vector<std::uint8_t> bytes(bytes_.size());
    const StateFile state(path_);
    try {
      state.unpack(arrays(elements, bytes));
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(StateFileTest, FillsTheArraysThatAreNamedAndTouchesNoOther) {
  write();
  const StateFile state(path_);
  std::vector<Element> elements(elements_.size(), Element{1, 2, 3, 4, 5});
  std::vector<std::uint8_t> bytes(bytes_.size(), 9);
  const std::vector<Element> untouched = elements;
  constexpr std::array<std::string_view, 1> of_bytes{"bytes"};
  state.unpack_some(of_bytes, arrays(elements, bytes));
  EXPECT_TRUE(elements == untouched);
  EXPECT_EQ(bytes, bytes_);
  constexpr std::array<std::string_view, 2> of_elements{"elements", "empty"};
  bytes.assign(bytes_.size(), 9);
  state.unpack_some(of_elements, arrays(elements, bytes));
  EXPECT_TRUE(elements == elements_);
  EXPECT_EQ(bytes, std::vector<std::uint8_t>(bytes_.size(), 9));
  std::vector<std::uint8_t> fewer(bytes_.size() - 1);
  EXPECT_THROW(state.unpack_some(of_elements, arrays(elements, fewer)), DataError) << "sizes of all of them count";
}

TEST_F(StateFileTest, NumbersInPlanesComeBackAsElementsDo) {
  constexpr std::size_t count = 40000;
  constexpr std::size_t stride = count + 24;
  constexpr std::size_t shorts = 2;
  for (const bool smooth : {false, true}) {
    std::vector<std::uint8_t> planes((2 * shorts + 1) * stride, 0x5A);  // what lies between planes is nobody's
    std::uint32_t noise = 5;
    for (std::size_t offset = 0; offset < 2 * shorts + 1; offset += offset < 2 * shorts ? 2 : 1) {
      const std::size_t size = offset < 2 * shorts ? 2 : 1;
      for (std::size_t i = 0; i < count * size; ++i) {
        noise = noise * 1664525U + 1013904223U;
        planes[offset * stride + i] = static_cast<std::uint8_t>(noise >> 24);
      }
    }
    const auto array = [&](std::vector<std::uint8_t>& numbers) {
      return std::vector<StateArray>{
          {"planes", 2 * shorts + 1, shorts, smooth, std::as_writable_bytes(std::span(numbers)), stride, count}};
    };
    write_state_file(path_, "", array(planes));
    std::vector<std::uint8_t> back(planes.size(), 0x5A);
    StateFile(path_).unpack(array(back));
    for (std::size_t offset = 0; offset < 2 * shorts + 1; offset += offset < 2 * shorts ? 2 : 1) {
      const std::size_t bytes = count * (offset < 2 * shorts ? 2 : 1);
      const auto begin = static_cast<std::ptrdiff_t>(offset * stride);
      EXPECT_TRUE(std::equal(planes.begin() + begin, planes.begin() + begin + static_cast<std::ptrdiff_t>(bytes),
                             back.begin() + begin))
          << smooth << " " << offset;
    }
  }
}

TEST_F(StateFileTest, ErrorsNameTheFile) {
  try {
    StateFile(folder_ + "/none.state");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("none.state"), std::string::npos);
  }
  EXPECT_THROW(write_state_file(folder_ + "/no/where.state", "", {}), IoError);
}

}  // namespace
}  // namespace pitwatch
