#include "pipeline/io/raster/jp2_header.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <cpl_vsi_error.h>

#include <algorithm>
#include <array>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t most_tiles = 10'000;
constexpr int most_components = 64;
constexpr int most_boxes = 1000;
constexpr std::size_t start_bytes = 42;  // SOC, and SIZ up to the number of components

std::uint64_t number_at(std::span<const std::uint8_t> bytes, std::size_t place, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8) | bytes[place + i];
  return value;
}

using Start = std::array<std::uint8_t, start_bytes>;

/// The first bytes from a place on, as many as there are.
std::span<const std::uint8_t> read_at(VSILFILE* file, std::uint64_t place, Start& into) {
  if (VSIFSeekL(file, place, SEEK_SET) != 0) return {};
  return {into.data(), VSIFReadL(into.data(), 1, into.size(), file)};
}

/// Boxes (ISO/IEC 15444-1, I.4): length (4), type (4), where the length is 1 another of 8 bytes; 0 is "to the end".
std::optional<Jp2Size> size_in(VSILFILE* file) {
  Start start{};
  std::span<const std::uint8_t> bytes = read_at(file, 0, start);
  if (const auto bare = parse_jp2_size(bytes)) return bare;
  constexpr std::uint64_t signature = 0x0000000C6A502020;
  if (bytes.size() < 8 || number_at(bytes, 0, 8) != signature) return std::nullopt;
  std::uint64_t place = 0;
  for (int box = 0; box < most_boxes; ++box) {
    bytes = read_at(file, place, start);
    if (bytes.size() < 16) return std::nullopt;
    std::uint64_t length = number_at(bytes, 0, 4);
    const std::uint64_t head = length == 1 ? 16 : 8;
    constexpr std::uint64_t codestream = 0x6A703263;  // "jp2c"
    if (number_at(bytes, 4, 4) == codestream) return parse_jp2_size(read_at(file, place + head, start));
    if (length == 1) length = number_at(bytes, 8, 8);
    if (length < head || length > (std::uint64_t{1} << 62)) return std::nullopt;
    place += length;
    if (place > (std::uint64_t{1} << 62)) return std::nullopt;
  }
  throw DataError("absurd number of boxes before the image");
}

}  // namespace

std::optional<Jp2Size> parse_jp2_size(std::span<const std::uint8_t> codestream) {
  if (codestream.size() < start_bytes || number_at(codestream, 0, 4) != 0xFF4FFF51) return std::nullopt;
  const auto field = [&](std::size_t place) { return static_cast<std::int64_t>(number_at(codestream, place, 4)); };
  Jp2Size size{field(8) - field(16), field(12) - field(20), 0, static_cast<int>(number_at(codestream, 40, 2))};
  const auto tiles_along = [&](std::size_t end, std::size_t tile, std::size_t offset) {
    const std::int64_t length = field(tile);
    const std::int64_t covered = field(end) - field(offset);
    return length > 0 && covered > 0 ? (covered + length - 1) / length : 0;
  };
  const std::int64_t across = tiles_along(8, 24, 32);
  const std::int64_t down = tiles_along(12, 28, 36);
  constexpr std::int64_t many = std::int64_t{1} << 31;  // beyond any bound; their product still fits
  size.tiles = std::min(across, many) * std::min(down, many - 1);
  return size;
}

void check_jp2_header(const std::string& path) {
  const GdalErrorCapture errors;
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenExL(path.c_str(), "rb", TRUE), &VSIFCloseL);
  if (!file) {
    // GDAL remembers that a remote file failed, but not why: whoever opens it next could not tell.
    if (VSIToCPLError(CE_Failure, CPLE_OpenFailed) != 0) throw DataError(errors.explain("cannot open"));
    return;
  }
  const std::optional<Jp2Size> size = size_in(file.get());
  if (!size) return;
  if (size->components > most_components) {
    throw DataError("absurd number of components: " + std::to_string(size->components));
  }
  if (size->tiles > most_tiles) throw DataError("absurd number of tiles: " + std::to_string(size->tiles));
}

}  // namespace pitwatch
