// Rasters whose headers claim what no product has: refused, with the file's name, before anything of that size is made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/jp2_header.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void put(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 8 * (bytes - 1); i >= 0; i -= 8) to += static_cast<char>((value >> i) & 0xff);
}

/// A codestream of 16 bits that ends after its SIZ marker.
std::string codestream(std::uint32_t width, std::uint32_t height, std::uint32_t tile, int components) {
  std::string bytes;
  put(bytes, 0xFF4FFF51, 4);
  put(bytes, static_cast<std::uint64_t>(38 + 3 * components), 2);
  put(bytes, 0, 2);
  for (const std::uint32_t value : {width, height, 0U, 0U, tile, tile, 0U, 0U}) put(bytes, value, 4);
  put(bytes, static_cast<std::uint64_t>(components), 2);
  for (int i = 0; i < components; ++i) put(bytes, 0x0F0101, 3);
  return bytes;
}

/// In boxes, behind one of `padding` bytes.
std::string boxed(const std::string& stream, std::size_t padding) {
  std::string bytes;
  put(bytes, 0x0000000C6A502020, 8);
  put(bytes, 0x0D0A870A, 4);
  put(bytes, 8 + padding, 4);
  bytes += "free" + std::string(padding, '\0');
  put(bytes, 0, 4);
  return bytes + "jp2c" + stream;
}

/// A GeoTIFF of 16-bit pixels, little-endian, all tags of which are there; its one tile lies nowhere.
struct TiffHeader {
  std::uint32_t width = 64;
  std::uint32_t height = 64;
  std::uint32_t tile = 64;
  std::uint16_t bands = 1;
};

std::string tiff(const TiffHeader& header) {
  const auto little = [](std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xff);
    return text;
  };
  struct Tag {
    int number;
    int type;  // 3: 16 bits, 4: 32 bits, 12: double
    std::string values;
  };
  const auto shorts = [&](std::uint16_t value) {
    std::string text;
    for (int i = 0; i < header.bands; ++i) text += little(value, 2);
    return text;
  };
  std::string keys;
  for (const std::uint64_t value : {1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32638})
    keys += little(value, 2);
  constexpr std::uint64_t ten = 0x4024000000000000;
  const std::vector<Tag> tags{{256, 4, little(header.width, 4)},
                              {257, 4, little(header.height, 4)},
                              {258, 3, shorts(16)},
                              {259, 3, little(1, 2)},
                              {262, 3, little(1, 2)},
                              {277, 3, little(header.bands, 2)},
                              {284, 3, little(1, 2)},
                              {322, 4, little(header.tile, 4)},
                              {323, 4, little(header.tile, 4)},
                              {324, 4, little(0, 4)},
                              {325, 4, little(0, 4)},
                              {339, 3, shorts(1)},
                              {33550, 12, little(ten, 8) + little(ten, 8) + little(0, 8)},
                              {33922, 12, std::string(24, '\0') + little(ten, 8) + little(ten, 8) + little(0, 8)},
                              {34735, 3, keys}};
  std::string directory = little(tags.size(), 2);
  std::string values;
  const std::size_t values_at = 8 + 2 + 12 * tags.size() + 4;
  for (const Tag& tag : tags) {
    const std::size_t size = tag.type == 3 ? 2 : tag.type == 4 ? 4 : 8;
    directory += little(static_cast<std::uint64_t>(tag.number), 2) + little(static_cast<std::uint64_t>(tag.type), 2) +
                 little(tag.values.size() / size, 4);
    if (tag.values.size() <= 4) {
      directory += tag.values + std::string(4 - tag.values.size(), '\0');
    } else {
      directory += little(values_at + values.size(), 4);
      values += tag.values;
    }
  }
  return "II" + little(42, 2) + little(8, 4) + directory + little(0, 4) + values;
}

/// The message of the refusal, which took less than 64 MiB beyond what the process had at its most.
std::string refusal(const std::string& name, const std::string& bytes) {
  initialise_gdal(16 << 20);
  const test::TemporaryFolder folder;
  const std::string path = folder / name;
  test::write_text(path, bytes);
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kib();
  const std::string message = test::message_of<DataError>([&] {
    const BandFile file(path);
    Plane<std::uint16_t> block(file.block_width(), file.block_height());
    file.read_block(0, 0, block.view());
  });
  EXPECT_LT(peak_kib() - before, 64 << 10);
  EXPECT_THAT(message, StartsWith(path + ": "));
  return message;
}

TEST(RasterBounds, TiffOfOrdinarySizeIsReadUpToItsMissingTile) {
  initialise_gdal(16 << 20);
  const test::TemporaryFolder folder;
  test::write_text(folder / "a.tif", tiff({}));
  const BandFile file(folder / "a.tif");
  EXPECT_EQ(file.grid().width, 64);
  EXPECT_EQ(file.grid().crs, "EPSG:32638");
}

TEST(RasterBounds, TiffsThatClaimTooMuch) {
  EXPECT_THAT(refusal("a.tif", tiff({31'623, 31'623, 512, 1})), HasSubstr("absurd size: 31623 x 31623"));
  EXPECT_THAT(refusal("a.tif", tiff({4'000'000'000, 4'000'000'000, 512, 1})), ::testing::Not(HasSubstr("memory")));
  EXPECT_THAT(refusal("a.tif", tiff({64, 64, 64, 65})), HasSubstr("absurd number of bands: 65"));
  EXPECT_THAT(refusal("a.tif", tiff({64, 64, 16'384, 1})), HasSubstr("absurd block size: 16384 x 16384"));
  EXPECT_THAT(refusal("a.tif", tiff({64, 64, 4096, 16})), HasSubstr("absurd block size: 4096 x 4096"));
}

TEST(RasterBounds, Jp2sThatClaimTooMuch) {
  EXPECT_THAT(refusal("a.j2k", codestream(65'535, 1, 1, 1)), HasSubstr("absurd number of tiles: 65535"));
  EXPECT_THAT(refusal("a.jp2", boxed(codestream(65'535, 1, 1, 16'384), 0)), HasSubstr("absurd number of components"));
  EXPECT_THAT(refusal("a.jp2", boxed(codestream(64, 64, 64, 65), 1 << 20)),
              HasSubstr("absurd number of components: 65"));
  refusal("a.jp2", boxed(codestream(4'000'000'000, 4'000'000'000, 4'000'000'000, 1), 0));
}

TEST(RasterBounds, SizeOfACodestream) {
  const auto size_of = [](const std::string& bytes) {
    return parse_jp2_size({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  };
  const auto size = size_of(codestream(10'980, 5000, 1024, 3));
  ASSERT_TRUE(size);
  EXPECT_EQ(size->width, 10'980);
  EXPECT_EQ(size->height, 5000);
  EXPECT_EQ(size->tiles, 11 * 5);
  EXPECT_EQ(size->components, 3);
  EXPECT_EQ(size_of(codestream(4'294'967'295, 4'294'967'295, 1, 1))->tiles, (std::int64_t{1} << 31) * 2'147'483'647);
  EXPECT_EQ(size_of(codestream(10, 10, 0, 1))->tiles, 0);  // the decoder refuses it
  EXPECT_FALSE(size_of(codestream(10, 10, 10, 1).substr(0, 41)));
  EXPECT_FALSE(size_of(std::string(100, 'x')));
}

}  // namespace
}  // namespace pitwatch
