#include "pipeline/io/raster/code_deflate.hpp"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

namespace pitwatch {
namespace {

std::vector<std::uint8_t> inflate(const std::vector<std::uint8_t>& stream, std::size_t bytes) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::vector<std::uint8_t> result(bytes + 1);  // never empty
  std::size_t written = 0;
  EXPECT_EQ(libdeflate_zlib_decompress(decompressor.get(), stream.data(), stream.size(), result.data(), result.size(),
                                       &written),
            LIBDEFLATE_SUCCESS);
  EXPECT_EQ(written, bytes);
  result.resize(bytes);
  return result;
}

/// Pixels of one or four bytes, unlike for each code.
class CodeDeflateTest : public testing::TestWithParam<std::size_t> {
 protected:
  CodeDeflateTest() : pixels_(256 * GetParam()) {
    std::minstd_rand random(3);
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      pixels_[i] = static_cast<std::uint8_t>(GetParam() == 1 ? i : random());
    }
  }

  void expect_round_trip(const std::vector<std::uint8_t>& codes) {
    BytesOfCode bytes;
    for (std::size_t code = 0; code < 256; ++code) bytes[code] = {&pixels_[code * GetParam()], GetParam()};
    std::vector<std::uint8_t> expected;
    for (const std::uint8_t code : codes) expected.insert(expected.end(), bytes[code].begin(), bytes[code].end());
    const std::vector<std::uint8_t> stream = CodeDeflate(bytes).compress(codes);
    EXPECT_EQ(inflate(stream, expected.size()), expected) << codes.size() << " codes";
  }

  std::vector<std::uint8_t> pixels_;
};

TEST_P(CodeDeflateTest, ShortOnes) {
  for (std::size_t n = 0; n < 80; ++n) {
    expect_round_trip(std::vector<std::uint8_t>(n, 7));
    std::vector<std::uint8_t> different(n);
    std::iota(different.begin(), different.end(), std::uint8_t{0});
    expect_round_trip(different);
  }
}

TEST_P(CodeDeflateTest, LongRunsAndFarRepetitions) {
  std::vector<std::uint8_t> codes(300000, 0);
  expect_round_trip(codes);
  // The same stretch at the edge of the window of 32 KiB and just beyond.
  const std::size_t window = 32768 / GetParam();
  for (const std::size_t distance : {window - 1, window, window + 1}) {
    codes.assign(window + 2000, 0);
    for (std::size_t i = 0; i < 500; ++i) codes[i] = codes[i + distance] = static_cast<std::uint8_t>(1 + i % 251);
    expect_round_trip(codes);
  }
}

TEST_P(CodeDeflateTest, RandomOnes) {
  std::minstd_rand random(4);
  for (int repetition = 0; repetition < 300; ++repetition) {
    std::vector<std::uint8_t> codes(random() % 20000);
    const auto kinds = 1 + random() % 256;
    const auto run = 1 + random() % 200;
    std::uint8_t current = 0;
    for (std::uint8_t& code : codes) {
      if (random() % run == 0) current = static_cast<std::uint8_t>(random() % kinds);
      code = current;
    }
    expect_round_trip(codes);
  }
}

// Frequencies that grow like Fibonacci numbers ask for codes longer than DEFLATE has.
TEST_P(CodeDeflateTest, CodesAreNotTooLong) {
  std::vector<std::uint8_t> codes;
  std::size_t a = 1;
  std::size_t b = 1;
  for (std::uint8_t code = 0; code < 26; ++code) {
    codes.insert(codes.end(), a, code);
    a = std::exchange(b, a + b);
  }
  std::shuffle(codes.begin(), codes.end(), std::minstd_rand(5));
  expect_round_trip(codes);
}

INSTANTIATE_TEST_SUITE_P(PixelBytes, CodeDeflateTest, testing::Values(1, 4));

}  // namespace
}  // namespace pitwatch
