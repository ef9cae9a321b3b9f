#include "pipeline/io/raster/raster_stack.hpp"

#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/raster/deflate.hpp"

// Why not GDAL for writing: a run keeps thousands of these, and GDAL takes ten times as long for one, most of it for
// the CRS.

namespace pitwatch {
namespace {

constexpr std::size_t most_bands = 64;
constexpr int deflate_level = 1;  // noise: level 6 gains 3 % in twice the time
constexpr std::int64_t largest_block_pixels = std::int64_t{1} << 20;

static_assert(std::endian::native == std::endian::little);  // as the files are written

// ---- a TIFF directory ------------------------------------------------------------------------------------------

enum TiffType : std::uint16_t { tiff_ascii = 2, tiff_short = 3, tiff_long = 4, tiff_double = 12 };

std::size_t size_of(TiffType type) {
  return type == tiff_ascii ? 1U : type == tiff_short ? 2U : type == tiff_long ? 4U : 8U;
}

/// One directory whose values are not yet placed (TIFF 6.0, section 2). Fields in ascending order of their tags.
class TiffDirectory {
 public:
  template <typename T>
  void add(std::uint16_t tag, TiffType type, const std::vector<T>& values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    const auto count = static_cast<std::uint32_t>(bytes.size() / size_of(type));
    fields_.push_back({tag, type, count, std::move(bytes)});
  }
  void add_number(std::uint16_t tag, std::uint16_t value) { add(tag, tiff_short, std::vector{value}); }
  void add_text(std::uint16_t tag, const std::string& text) {
    fields_.push_back({tag, tiff_ascii, static_cast<std::uint32_t>(text.size() + 1), text + '\0'});
  }

  /// Header, directory and the values that do not fit into it. Its size depends on the number of values alone.
  std::string bytes() const {
    constexpr std::size_t header_bytes = 8;
    constexpr std::size_t entry_bytes = 12;
    std::string head("II*\0\10\0\0\0", header_bytes);
    std::string values;
    const std::size_t values_at = header_bytes + 2 + fields_.size() * entry_bytes + 4;
    append(head, static_cast<std::uint16_t>(fields_.size()));
    for (const Field& field : fields_) {
      append(head, field.tag);
      append(head, static_cast<std::uint16_t>(field.type));
      append(head, field.count);
      if (field.bytes.size() <= 4) {
        std::string value = field.bytes;
        value.resize(4, '\0');
        head += value;
      } else {
        append(head, static_cast<std::uint32_t>(values_at + values.size()));
        values += field.bytes;
        if (values.size() % 2 != 0) values += '\0';
      }
    }
    append(head, std::uint32_t{0});  // no further directory
    return head + values;
  }

 private:
  struct Field {
    std::uint16_t tag;
    TiffType type;
    std::uint32_t count;
    std::string bytes;
  };

  template <typename T>
  static void append(std::string& bytes, T value) {
    std::array<char, sizeof(T)> raw{};
    std::memcpy(raw.data(), &value, sizeof(T));
    bytes.append(raw.data(), raw.size());
  }

  std::vector<Field> fields_;
};

// ---- writing ---------------------------------------------------------------------------------------------------

std::uint16_t epsg_code(const std::string& crs) {
  constexpr std::string_view authority = "EPSG:";
  constexpr int least = 1024;  // GeoTIFF 1.1, 7.4.1: codes of 1024 to 32766 are EPSG's
  constexpr int most = 32766;
  int code = 0;
  if (crs.starts_with(authority)) std::from_chars(crs.data() + authority.size(), crs.data() + crs.size(), code);
  if (code < least || code > most) throw DataError("the CRS '" + crs + "' has no EPSG code");
  return static_cast<std::uint16_t>(code);
}

/// GDAL's metadata tag. GDAL escapes values twice, and so undoes it twice.
std::string metadata_xml(std::span<const StackBand> bands, std::span<const std::pair<std::string, std::string>> items) {
  std::string xml = "<GDALMetadata>\n";
  for (const auto& [key, value] : items) {
    if (value.empty()) continue;  // GDAL drops it as well
    xml += "  <Item name=\"" + markup_text(key) + "\">" + markup_text(markup_text(value)) + "</Item>\n";
  }
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const auto add = [&](const char* name, const char* role, const std::string& value) {
      xml += std::string("  <Item name=\"") + name + "\" sample=\"" + std::to_string(i) + "\" role=\"" + role + "\">" +
             markup_text(markup_text(value)) + "</Item>\n";
    };
    add("DESCRIPTION", "description", bands[i].name);
    add("SCALE", "scale", shortest_text(bands[i].scale));
    add("OFFSET", "offset", shortest_text(bands[i].offset));
  }
  return xml + "</GDALMetadata>\n";
}

/// Each pixel less its left neighbour (TIFF's predictor 2; TIFF 6.0, section 14), compressed.
std::vector<std::uint8_t> compress(PlaneView<const std::uint16_t> numbers) {
  thread_local std::vector<std::uint16_t> differences;
  differences.resize(static_cast<std::size_t>(numbers.width) * static_cast<std::size_t>(numbers.height));
  std::uint16_t* into = differences.data();
  for (int y = 0; y < numbers.height; ++y) {
    const std::uint16_t* const from = numbers.row(y);
    *into++ = from[0];
    for (int x = 1; x < numbers.width; ++x) *into++ = static_cast<std::uint16_t>(from[x] - from[x - 1]);
  }
  return deflate(
      {reinterpret_cast<const std::uint8_t*>(differences.data()), differences.size() * sizeof(std::uint16_t)},
      deflate_level);
}

TiffDirectory directory_of(const Grid& grid, std::span<const StackBand> bands, std::uint16_t nodata,
                           std::span<const std::pair<std::string, std::string>> items,
                           const std::vector<std::uint32_t>& offsets, const std::vector<std::uint32_t>& sizes) {
  const std::size_t count = bands.size();
  TiffDirectory directory;
  directory.add(256, tiff_long, std::vector{static_cast<std::uint32_t>(grid.width)});
  directory.add(257, tiff_long, std::vector{static_cast<std::uint32_t>(grid.height)});
  directory.add(258, tiff_short, std::vector<std::uint16_t>(count, 16));  // BitsPerSample
  directory.add_number(259, 8);                                           // Compression: Adobe's DEFLATE
  directory.add_number(262, 1);                                           // Photometric: black is zero
  directory.add(273, tiff_long, offsets);
  directory.add_number(277, static_cast<std::uint16_t>(count));
  directory.add(278, tiff_long, std::vector{static_cast<std::uint32_t>(grid.height)});  // RowsPerStrip
  directory.add(279, tiff_long, sizes);
  directory.add_number(284, 2);  // PlanarConfiguration: band after band
  directory.add_number(317, 2);  // Predictor
  if (count > 1) directory.add(338, tiff_short, std::vector<std::uint16_t>(count - 1, 0));  // ExtraSamples
  directory.add(339, tiff_short, std::vector<std::uint16_t>(count, 1));                     // SampleFormat: unsigned
  directory.add(33550, tiff_double, std::vector<double>{grid.pixel_size_m, grid.pixel_size_m, 0});
  directory.add(33922, tiff_double, std::vector<double>{0, 0, 0, grid.origin.x, grid.origin.y, 0});
  // GTModelType: projected; GTRasterType: pixels are areas; ProjectedCRS.
  directory.add(34735, tiff_short,
                std::vector<std::uint16_t>{1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg_code(grid.crs)});
  directory.add_text(42112, metadata_xml(bands, items));
  directory.add_text(42113, std::to_string(nodata));
  return directory;
}

// ---- reading ---------------------------------------------------------------------------------------------------

/// A file's bytes as a dataset of their own, so that nothing beside the file is read.
class OpenStack {
 public:
  OpenStack(std::string bytes, const StackBounds& bounds) : bytes_(std::move(bytes)), file_("stack.tif") {
    VSILFILE* const handle =
        VSIFileFromMemBuffer(file_.path().c_str(), reinterpret_cast<GByte*>(bytes_.data()), bytes_.size(), FALSE);
    if (handle == nullptr) throw DataError("cannot be read");
    VSIFCloseL(handle);
    const std::array<const char*, 2> drivers{"GTiff", nullptr};
    const std::array<const char*, 1> nothing_beside{nullptr};
    dataset_.reset(GDALOpenEx(file_.path().c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers.data(), nullptr,
                              nothing_beside.data()));
    if (!dataset_) throw DataError(errors_.explain("is no GeoTIFF"));
    check(bounds);
  }

  StackHead head() const {
    StackHead head;
    head.grid = grid();
    for (char** item = GDALGetMetadata(dataset_.get(), nullptr); item != nullptr && *item != nullptr; ++item) {
      const std::string_view text = *item;
      const std::size_t end = text.find('=');
      if (end != std::string_view::npos) head.items.emplace(text.substr(0, end), text.substr(end + 1));
    }
    for (int band = 1; band <= GDALGetRasterCount(dataset_.get()); ++band) {
      const GDALRasterBandH handle = GDALGetRasterBand(dataset_.get(), band);
      head.scales.emplace_back(GDALGetRasterScale(handle, nullptr), GDALGetRasterOffset(handle, nullptr));
    }
    return head;
  }

  std::vector<Plane<std::uint16_t>> bands() const {
    const int width = GDALGetRasterXSize(dataset_.get());
    const int height = GDALGetRasterYSize(dataset_.get());
    std::vector<Plane<std::uint16_t>> bands;
    for (int band = 1; band <= GDALGetRasterCount(dataset_.get()); ++band) {
      Plane<std::uint16_t>& plane = bands.emplace_back(width, height);
      const auto line_bytes =
          static_cast<GSpacing>(plane.stride() * static_cast<std::ptrdiff_t>(sizeof(std::uint16_t)));
      if (GDALRasterIOEx(GDALGetRasterBand(dataset_.get(), band), GF_Read, 0, 0, width, height, plane.row(0), width,
                         height, GDT_UInt16, sizeof(std::uint16_t), line_bytes, nullptr) != CE_None ||
          errors_.failed()) {
        throw DataError(errors_.explain("its pixels cannot be read"));
      }
    }
    return bands;
  }

 private:
  void check(const StackBounds& bounds) const {
    const int width = GDALGetRasterXSize(dataset_.get());
    const int height = GDALGetRasterYSize(dataset_.get());
    const int count = GDALGetRasterCount(dataset_.get());
    if (count != bounds.bands) {
      throw DataError("has " + std::to_string(count) + " bands, not " + std::to_string(bounds.bands));
    }
    if (std::max(width, height) > bounds.longest_side) {
      throw DataError("has " + std::to_string(width) + " x " + std::to_string(height) + " pixels, more than " +
                      std::to_string(bounds.longest_side) + " a side");
    }
    for (int band = 1; band <= count; ++band) {
      const GDALRasterBandH handle = GDALGetRasterBand(dataset_.get(), band);
      if (GDALGetRasterDataType(handle) != GDT_UInt16) throw DataError("has numbers of another type than UInt16");
      int block_width = 0;
      int block_height = 0;
      GDALGetBlockSize(handle, &block_width, &block_height);
      if (std::int64_t{block_width} * block_height > largest_block_pixels) throw DataError("its blocks are too large");
    }
  }

  Grid grid() const {
    std::array<double, 6> transform{};
    if (GDALGetGeoTransform(dataset_.get(), transform.data()) != CE_None) throw DataError("has no georeference");
    const bool is_finite =
        std::all_of(transform.begin(), transform.end(), [](double one) { return std::isfinite(one); });
    if (!is_finite || transform[1] <= 0 || transform[5] != -transform[1] || transform[2] != 0 || transform[4] != 0) {
      throw DataError("is not north-up with square pixels");
    }
    const OGRSpatialReferenceH crs = GDALGetSpatialRef(dataset_.get());
    if (crs == nullptr || OSRIsProjected(crs) == 0) throw DataError("has no projected CRS");
    const char* const authority = OSRGetAuthorityName(crs, nullptr);
    const char* const code = OSRGetAuthorityCode(crs, nullptr);
    if (authority == nullptr || code == nullptr) throw DataError("its CRS has no code");
    return {std::string(authority) + ":" + code,
            {transform[0], transform[3]},
            transform[1],
            GDALGetRasterXSize(dataset_.get()),
            GDALGetRasterYSize(dataset_.get())};
  }

  std::string bytes_;
  MemoryFile file_;
  GdalErrorCapture errors_;
  std::unique_ptr<void, void (*)(GDALDatasetH)> dataset_{nullptr, [](GDALDatasetH it) { GDALClose(it); }};
};

/// What `read` makes of the file; errors get its path.
template <typename Read>
auto read_file(const std::string& path, const StackBounds& bounds, const Read& read) {
  ensure_gdal();
  try {
    std::optional<std::string> bytes = read_regular_file(path, bounds.most_bytes);
    if (!bytes) throw DataError("is not there");
    const OpenStack stack(std::move(*bytes), bounds);
    return read(stack);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace

std::string geotiff_of_stack(const Grid& grid, std::span<const StackBand> bands, std::uint16_t nodata,
                             std::span<const std::pair<std::string, std::string>> items) {
  if (grid.extent().empty() || bands.empty() || bands.size() > most_bands) {
    throw DataError("a stack of " + std::to_string(bands.size()) + " bands, " + std::to_string(grid.width) + " x " +
                    std::to_string(grid.height) + " pixels, cannot be written");
  }
  std::vector<std::vector<std::uint8_t>> strips;
  for (const StackBand& band : bands) {
    if (band.numbers.width != grid.width || band.numbers.height != grid.height) {
      throw DataError("band " + band.name + " does not have the size of its grid");
    }
    strips.push_back(compress(band.numbers));
  }
  std::vector<std::uint32_t> offsets(bands.size());
  std::vector<std::uint32_t> sizes(bands.size());
  std::size_t end = directory_of(grid, bands, nodata, items, offsets, sizes).bytes().size();
  for (std::size_t i = 0; i < strips.size(); ++i) {
    offsets[i] = static_cast<std::uint32_t>(end);
    sizes[i] = static_cast<std::uint32_t>(strips[i].size());
    end += (strips[i].size() + 1) / 2 * 2;
    if (end > std::numeric_limits<std::uint32_t>::max()) throw DataError("a stack of 4 GiB cannot be written");
  }
  std::string bytes = directory_of(grid, bands, nodata, items, offsets, sizes).bytes();
  bytes.reserve(end);
  for (const std::vector<std::uint8_t>& strip : strips) {
    bytes.append(reinterpret_cast<const char*>(strip.data()), strip.size());
    if (bytes.size() % 2 != 0) bytes += '\0';
  }
  return bytes;
}

RasterStack read_raster_stack(const std::string& path, const StackBounds& bounds) {
  return read_file(path, bounds, [](const OpenStack& stack) { return RasterStack{stack.head(), stack.bands()}; });
}

StackHead read_stack_head(const std::string& path, const StackBounds& bounds) {
  return read_file(path, bounds, [](const OpenStack& stack) { return stack.head(); });
}

}  // namespace pitwatch
