// Pictures as PNG.

#include "pipeline/io/raster/png_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

const std::vector<std::uint8_t> colours{255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 250, 251, 252};

TEST(PngWriter, MemoryAndFileHoldTheSameBytes) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "picture.png";
  write_png(path, 3, 2, colours);
  const std::vector<std::uint8_t> bytes = png_of(3, 2, colours);
  EXPECT_EQ(test::read_text(path), std::string(bytes.begin(), bytes.end()));
  // Signature, IHDR: 3 x 2 pixels, 8 bits, red, green and blue (PNG, third edition, 11.2.1).
  const std::string head("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\3\0\0\0\2\10\2", 26);
  EXPECT_EQ(test::read_text(path).substr(0, head.size()), head);
  EXPECT_EQ(folder.count(), 1U);
  std::vector<std::uint8_t> others = colours;
  others.back() = 0;
  EXPECT_NE(png_of(3, 2, others), bytes);
  EXPECT_EQ(png_of(3, 2, colours), bytes);
}

TEST(PngWriter, RefusesAPictureOfAnotherSize) {
  EXPECT_THROW(png_of(2, 2, colours), DataError);
  EXPECT_THROW(png_of(0, 2, {}), DataError);
  EXPECT_THROW(png_of(-3, -2, colours), DataError);
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::message_of<DataError>([&] { write_png(folder / "p.png", 2, 2, colours); }),
              ::testing::StartsWith(folder / "p.png"));
  EXPECT_THAT(test::message_of<IoError>([&] { write_png(folder / "none/p.png", 3, 2, colours); }),
              ::testing::StartsWith(folder / "none/p.png"));
  EXPECT_EQ(folder.count(), 0U);
}

}  // namespace
}  // namespace pitwatch
