#include "pipeline/io/raster/cog_writer.hpp"

#include <gdal.h>
#include <ogr_srs_api.h>
#include <tiffio.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/raster/deflate.hpp"

// Why not GDAL's own COG driver: for a Float32 raster of 10980 x 10980 it took 2 s, since it first writes the overviews
// to a temporary file and decompresses them again. Here tiles are compressed side by side and written once, in their
// final order. The layout is the one that GDAL's driver writes
// (https://gdal.org/drivers/raster/cog.html, "File format details"), so its readers take the same short cuts.

namespace pitwatch {
namespace {

constexpr int tile_side = 512;
constexpr int tile_pixels = tile_side * tile_side;
constexpr int tiles_per_batch = 64;

/// Classic TIFF holds 4 GiB; the estimate leaves room for tiles that grow a little when compressed.
constexpr std::int64_t largest_classic_bytes = std::int64_t{7} << 29;

constexpr std::uint16_t tag_pixel_scale = 33550;
constexpr std::uint16_t tag_tiepoints = 33922;
constexpr std::uint16_t tag_geo_keys = 34735;
constexpr std::uint16_t tag_geo_doubles = 34736;
constexpr std::uint16_t tag_geo_ascii = 34737;
constexpr std::uint16_t tag_gdal_metadata = 42112;
constexpr std::uint16_t tag_gdal_nodata = 42113;

// ---- overviews -------------------------------------------------------------------------------------------------

/// Mean of the values that are not nodata, rounded half up.
template <typename T>
struct MeanOfValid {
  T nodata;

  T operator()(T a, T b, T c, T d) const {
    const auto value = [this](T pixel) { return pixel == nodata ? 0 : int{pixel}; };
    const auto valid = [this](T pixel) { return pixel == nodata ? 0 : 1; };
    const int sum = value(a) + value(b) + value(c) + value(d);
    const int count = valid(a) + valid(b) + valid(c) + valid(d);
    if (count == 4) return static_cast<T>((sum + 2) >> 2);  // nearly always, and without a division
    if (count == 0) return nodata;
    const int twice = 2 * sum + count;  // the mean and a half, times twice the count
    const int whole = twice / (2 * count);
    return static_cast<T>(twice % (2 * count) < 0 ? whole - 1 : whole);
  }
};

/// Mean of the values that are numbers.
template <>
struct MeanOfValid<float> {
  float nodata = std::numeric_limits<float>::quiet_NaN();

  float operator()(float a, float b, float c, float d) const {
    float sum = 0;
    int count = 0;
    for (const float value : {a, b, c, d}) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    return count == 0 ? nodata : sum / static_cast<float>(count);
  }
};

/// The most frequent of the codes that are not nodata; the largest among equally frequent ones.
struct MostFrequent {
  std::uint8_t nodata;

  std::uint8_t operator()(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) const {
    if (a == b && c == d && a == c) return a;
    const std::array<std::uint8_t, 4> codes{a, b, c, d};
    int best_score = -1;
    for (const std::uint8_t code : codes) {
      if (code == nodata) continue;
      const auto count = static_cast<int>(std::count(codes.begin(), codes.end(), code));
      best_score = std::max(best_score, count * 256 + code);
    }
    return best_score < 0 ? nodata : static_cast<std::uint8_t>(best_score % 256);
  }
};

/// `Reduce` is a type, so that its call is inlined into the loop.
template <typename T, typename Reduce>
void halve_row(PlaneView<const T> from, int y, const Reduce& reduce, T* into) {
  const T* const upper = from.row(2 * y);
  const bool has_lower = 2 * y + 1 < from.height;
  const T* const lower = has_lower ? from.row(2 * y + 1) : upper;
  const T nodata = reduce.nodata;
  const int pairs = from.width / 2;
  if (has_lower) {
    for (int x = 0; x < pairs; ++x) into[x] = reduce(upper[2 * x], upper[2 * x + 1], lower[2 * x], lower[2 * x + 1]);
  } else {
    for (int x = 0; x < pairs; ++x) into[x] = reduce(upper[2 * x], upper[2 * x + 1], nodata, nodata);
  }
  if (from.width % 2 != 0) {
    into[pairs] = reduce(upper[from.width - 1], nodata, has_lower ? lower[from.width - 1] : nodata, nodata);
  }
}

template <typename T, typename Reduce>
Plane<T> halve(PlaneView<const T> from, const Reduce& reduce, const ParallelFor& parallel_for) {
  constexpr int rows_per_task = 256;
  Plane<T> result((from.width + 1) / 2, (from.height + 1) / 2);
  parallel_for((result.height() + rows_per_task - 1) / rows_per_task, [&](int task) {
    const int end = std::min(result.height(), (task + 1) * rows_per_task);
    for (int y = task * rows_per_task; y < end; ++y) halve_row(from, y, reduce, result.row(y));
  });
  return result;
}

/// A plane and its overviews, the finest first.
template <typename T>
struct Pyramid {
  std::vector<Plane<T>> overviews;
  std::vector<PlaneView<const T>> levels;
};

template <typename T, typename Reduce>
Pyramid<T> pyramid_of(PlaneView<const T> plane, const Reduce& reduce, const ParallelFor& parallel_for) {
  Pyramid<T> pyramid{{}, {plane}};
  while (std::max(pyramid.levels.back().width, pyramid.levels.back().height) > tile_side) {
    pyramid.overviews.push_back(halve(pyramid.levels.back(), reduce, parallel_for));
    pyramid.levels.push_back(std::as_const(pyramid.overviews.back()).view());
  }
  return pyramid;
}

// ---- tiles -----------------------------------------------------------------------------------------------------

using Bytes = std::vector<std::uint8_t>;

/// What is written: how pixels are stored, how large the levels are, and how a tile of one is compressed. Tiles are
/// counted in row-major order.
struct Raster {
  int pixel_bytes = 1;
  int sample_format = SAMPLEFORMAT_UINT;
  int compression = COMPRESSION_ADOBE_DEFLATE;
  int predictor = PREDICTOR_NONE;
  std::string nodata;
  struct Size {
    int width = 0;
    int height = 0;
  };
  std::vector<Size> levels;
  std::function<Bytes(std::size_t level, int tile)> compress_tile;
};

template <typename T>
std::vector<Raster::Size> sizes_of(const Pyramid<T>& pyramid) {
  std::vector<Raster::Size> sizes;
  for (const auto& level : pyramid.levels) sizes.push_back({level.width, level.height});
  return sizes;
}

int tile_count(const Raster::Size& level) {
  return ((level.width + tile_side - 1) / tile_side) * ((level.height + tile_side - 1) / tile_side);
}

/// The pixels of a tile, row after row; valid until the next call in this thread. Beyond the raster it is padded with
/// nodata.
template <typename T>
std::span<const T> tile_pixels_of(PlaneView<const T> level, int tile, T nodata) {
  thread_local std::vector<T> pixels(tile_pixels);
  const int tiles_across = (level.width + tile_side - 1) / tile_side;
  const int left = tile % tiles_across * tile_side;
  const int top = tile / tiles_across * tile_side;
  const int width = std::min(tile_side, level.width - left);
  const int height = std::min(tile_side, level.height - top);
  if (width < tile_side || height < tile_side) std::fill(pixels.begin(), pixels.end(), nodata);
  for (int y = 0; y < height; ++y) std::copy_n(level.row(top + y) + left, width, pixels.data() + y * tile_side);
  return pixels;
}

static_assert(std::endian::native == std::endian::little);  // as the files are written

/// After the predictor, higher levels gain a few percent in three times the time.
constexpr int fastest_deflate = 1;

struct FreeContext {
  void operator()(ZSTD_CCtx* it) const { ZSTD_freeCCtx(it); }
};

/// A frame of Zstandard (RFC 8878).
Bytes zstd(std::span<const std::uint8_t> bytes) {
  constexpr int fastest = 1;  // evidence is smooth noise: level 3 takes half as long again for a hundredth less
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  thread_local Bytes room;
  room.resize(std::max(room.size(), ZSTD_compressBound(bytes.size())));
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), room.data(), room.size(), bytes.data(), bytes.size(), fastest);
  if (ZSTD_isError(size) != 0) throw IoError(std::string("zstd: ") + ZSTD_getErrorName(size));
  return {room.data(), room.data() + size};
}

/// Of the values that codes stand for.
Bytes compress_values(std::span<const std::uint8_t> codes, const std::array<float, 256>& value_of_code) {
  thread_local std::vector<float> values(tile_pixels);
  std::transform(codes.begin(), codes.end(), values.begin(), [&](std::uint8_t code) { return value_of_code[code]; });
  return zstd({reinterpret_cast<const std::uint8_t*>(values.data()), tile_pixels * sizeof(float)});
}

/// TIFF's predictor 2: each pixel less its left neighbour (TIFF 6.0, section 14). Valid until the next call in this
/// thread.
std::span<const std::uint8_t> differences_of(std::span<const std::uint16_t> pixels) {
  thread_local std::vector<std::uint16_t> differences(tile_pixels);
  for (int y = 0; y < tile_side; ++y) {
    const std::uint16_t* const from = pixels.data() + y * tile_side;
    std::uint16_t* const into = differences.data() + y * tile_side;
    into[0] = from[0];
    for (int x = 1; x < tile_side; ++x) into[x] = static_cast<std::uint16_t>(from[x] - from[x - 1]);
  }
  return {reinterpret_cast<const std::uint8_t*>(differences.data()), tile_pixels * sizeof(std::uint16_t)};
}

/// TIFF's predictor 3: of each row all most significant bytes, then all second ones and so on; each byte less the one
/// before it (Adobe, TIFF Technical Note 3, 2005). Valid until the next call in this thread.
std::span<const std::uint8_t> float_differences_of(std::span<const float> pixels) {
  constexpr int row_bytes = tile_side * static_cast<int>(sizeof(float));
  thread_local Bytes differences(std::size_t{tile_side} * row_bytes);
  std::array<std::uint8_t, row_bytes> row{};
  for (int y = 0; y < tile_side; ++y) {
    for (int x = 0; x < tile_side; ++x) {
      const auto bits = std::bit_cast<std::uint32_t>(pixels[static_cast<std::size_t>(y * tile_side + x)]);
      for (int byte = 0; byte < 4; ++byte) {
        row[static_cast<std::size_t>(byte * tile_side + x)] = static_cast<std::uint8_t>(bits >> (24 - 8 * byte));
      }
    }
    std::uint8_t* const into = differences.data() + std::ptrdiff_t{y} * row_bytes;
    std::adjacent_difference(row.begin(), row.end(), into, [](std::uint8_t value, std::uint8_t before) -> std::uint8_t {
      return static_cast<std::uint8_t>(value - before);
    });
  }
  return differences;
}

// ---- TIFF ------------------------------------------------------------------------------------------------------

/// A TIFF file under libtiff. Every call is checked; libtiff's message becomes the text of the IoError.
class TiffFile {
 public:
  TiffFile(const std::string& path, const char* mode) {
    const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                               &TIFFOpenOptionsFree);
    if (!options) throw std::bad_alloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_error, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_warning, this);
    errno = 0;
    tiff_ = TIFFOpenExt(path.c_str(), mode, options.get());
    check(tiff_ != nullptr);
  }
  ~TiffFile() {
    if (tiff_ != nullptr) TIFFClose(tiff_);
  }
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_; }

  void check(bool succeeded) const {
    if (succeeded) return;
    const std::string reason = errno != 0 ? std::strerror(errno) : "";
    const std::string separator = reason.empty() || message_.empty() ? "" : ": ";
    throw IoError("cannot write: " + message_ + separator + reason);
  }

  template <typename... Values>
  void set(std::uint32_t tag, Values... values) {
    check(TIFFSetField(tiff_, tag, values...) == 1);
  }

  /// Writes bytes that are no part of TIFF's own structure at the end of the file. libtiff does not buffer.
  void append(const void* data, std::size_t size) {
    check(::lseek(TIFFFileno(tiff_), 0, SEEK_END) >= 0);
    const char* rest = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(TIFFFileno(tiff_), rest, size);
      check(written > 0 || errno == EINTR);
      if (written <= 0) continue;
      rest += written;
      size -= static_cast<std::size_t>(written);
    }
  }

 private:
  static int keep_error(TIFF*, void* self, const char* module, const char* format, va_list arguments) {
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    static_cast<TiffFile*>(self)->message_ = std::string(module) + ": " + text;
    return 1;
  }
  static int ignore_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

  TIFF* tiff_ = nullptr;
  std::string message_;
};

/// Tags that libtiff itself does not know, as GDAL and libgeotiff define them.
void add_georeferencing_fields(TIFF* tiff) {
  static char names[7][24] = {"GeoPixelScale",  "GeoTiePoints", "GeoKeyDirectory", "GeoDoubleParams",
                              "GeoASCIIParams", "GDALMetadata", "GDALNoDataValue"};
  static const std::array<TIFFFieldInfo, 7> fields{{
      {tag_pixel_scale, -1, -1, TIFF_DOUBLE, FIELD_CUSTOM, 1, 1, names[0]},
      {tag_tiepoints, -1, -1, TIFF_DOUBLE, FIELD_CUSTOM, 1, 1, names[1]},
      {tag_geo_keys, -1, -1, TIFF_SHORT, FIELD_CUSTOM, 1, 1, names[2]},
      {tag_geo_doubles, -1, -1, TIFF_DOUBLE, FIELD_CUSTOM, 1, 1, names[3]},
      {tag_geo_ascii, -1, -1, TIFF_ASCII, FIELD_CUSTOM, 1, 0, names[4]},
      {tag_gdal_metadata, -1, -1, TIFF_ASCII, FIELD_CUSTOM, 1, 0, names[5]},
      {tag_gdal_nodata, -1, -1, TIFF_ASCII, FIELD_CUSTOM, 1, 0, names[6]},
  }};
  TIFFMergeFieldInfo(tiff, fields.data(), fields.size());  // fields that are known already stay as they are
}

/// A CRS as GeoTIFF has it.
struct CrsTags {
  std::vector<std::uint16_t> keys;
  std::vector<double> doubles;
  std::string ascii;
};

template <typename T>
std::vector<T> array_tag(const TiffFile& file, std::uint16_t tag) {
  const TIFFField* const field = TIFFFindField(file.get(), tag, TIFF_ANY);
  T* values = nullptr;
  // The type of the count depends on who named the tag to libtiff: GDAL (16 bits), or nobody (32 bits).
  if (field != nullptr && TIFFFieldReadCount(field) == TIFF_VARIABLE2) {
    std::uint32_t count = 0;
    if (TIFFGetField(file.get(), tag, &count, &values) == 1) return {values, values + count};
  } else if (field != nullptr) {
    std::uint16_t count = 0;
    if (TIFFGetField(file.get(), tag, &count, &values) == 1) return {values, values + count};
  }
  return {};
}

std::string text_tag(const TiffFile& file, std::uint16_t tag) {
  const TIFFField* const field = TIFFFindField(file.get(), tag, TIFF_ANY);
  char* text = nullptr;
  std::uint32_t count = 0;
  if (field == nullptr) return {};
  const int found = TIFFFieldPassCount(field) != 0 ? TIFFGetField(file.get(), tag, &count, &text)
                                                   : TIFFGetField(file.get(), tag, &text);
  return found == 1 ? text : "";
}

/// Encoding a CRS as GeoTIFF keys is GDAL's art: it writes a file of one pixel, whose tags are taken over.
CrsTags encode_crs(const std::string& name, const std::string& scratch_path) {
  ensure_gdal();
  const GdalErrorCapture errors;
  const std::unique_ptr<void, void (*)(OGRSpatialReferenceH)> crs(OSRNewSpatialReference(nullptr),
                                                                  &OSRDestroySpatialReference);
  if (OSRSetFromUserInput(crs.get(), name.c_str()) != OGRERR_NONE) {
    throw DataError(errors.explain("unknown CRS '" + name + "'"));
  }
  std::array<double, 6> transform{0, 1, 0, 0, 0, -1};
  const std::array<const char*, 4> options{"PROFILE=GeoTIFF", "ENDIANNESS=LITTLE", "BIGTIFF=NO", nullptr};
  const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), scratch_path.c_str(), 1, 1, 1, GDT_Byte,
                                          const_cast<char**>(options.data()));
  if (dataset == nullptr) throw IoError(errors.explain("cannot write"));
  const bool set =
      GDALSetGeoTransform(dataset, transform.data()) == CE_None && GDALSetSpatialRef(dataset, crs.get()) == CE_None;
  GDALClose(dataset);
  if (!set || errors.failed()) throw IoError(errors.explain("cannot write the georeference"));

  const TiffFile file(scratch_path, "r");
  CrsTags tags{array_tag<std::uint16_t>(file, tag_geo_keys), array_tag<double>(file, tag_geo_doubles),
               text_tag(file, tag_geo_ascii)};
  if (tags.keys.empty()) throw IoError("cannot write the georeference");
  return tags;
}

/// Encoded once for each CRS: it takes longer than all else about a small file.
CrsTags crs_tags(const std::string& name, const std::string& scratch_path) {
  static std::mutex mutex;
  static std::map<std::string, CrsTags> known;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = known.find(name); found != known.end()) return found->second;
  }
  CrsTags tags = encode_crs(name, scratch_path);
  const std::lock_guard lock(mutex);
  return known.try_emplace(name, std::move(tags)).first->second;
}

/// GDAL's metadata tag; empty where there is nothing to say. GDAL escapes values twice, and so undoes it twice.
std::string metadata_xml(const CogMetadata& metadata) {
  std::string items;
  for (const auto& [key, value] : metadata.items) {
    items += "  <Item name=\"" + markup_text(key) + "\">" + markup_text(markup_text(value)) + "</Item>\n";
  }
  if (!metadata.description.empty()) {
    items += "  <Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">" +
             markup_text(markup_text(metadata.description)) + "</Item>\n";
  }
  for (const auto& [key, value] : metadata.band_items) {
    items += "  <Item name=\"" + markup_text(key) + "\" sample=\"0\">" + markup_text(markup_text(value)) + "</Item>\n";
  }
  if (metadata.scale) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "  <Item name=\"OFFSET\" sample=\"0\" role=\"offset\">%.17g</Item>\n"
                  "  <Item name=\"SCALE\" sample=\"0\" role=\"scale\">%.17g</Item>\n",
                  metadata.scale->offset, metadata.scale->scale);
    items += text;
  }
  return items.empty() ? items : "<GDALMetadata>\n" + items + "</GDALMetadata>\n";
}

/// Tells readers of GDAL's kind how the file is laid out.
std::string ghost_header() {
  const std::string body =
      "LAYOUT=IFDS_BEFORE_DATA\n"
      "BLOCK_ORDER=ROW_MAJOR\n"
      "BLOCK_LEADER=SIZE_AS_UINT4\n"
      "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
      "KNOWN_INCOMPATIBLE_EDITION=NO\n ";
  char first_line[64];
  std::snprintf(first_line, sizeof first_line, "GDAL_STRUCTURAL_METADATA_SIZE=%06zu bytes\n", body.size());
  return first_line + body;
}

/// TIFF has 16 bits for each; 257 makes 255 of them 65535.
void set_palette(TiffFile& file, const CodeColours& colours) {
  std::array<std::array<std::uint16_t, 256>, 3> palette{};
  for (const auto& [code, colour] : colours) {
    for (std::size_t channel = 0; channel < palette.size(); ++channel) {
      palette[channel][code] = static_cast<std::uint16_t>(257 * colour[channel]);
    }
  }
  file.set(TIFFTAG_COLORMAP, palette[0].data(), palette[1].data(), palette[2].data());
}

/// Sets the fields of the directory under construction and writes it with room for the tile offsets, not yet the room.
void write_directory(TiffFile& file, const Raster& raster, std::size_t level, const Grid& grid, const CrsTags& crs,
                     const CogMetadata& metadata) {
  const bool has_palette = !metadata.colours.empty();
  add_georeferencing_fields(file.get());
  file.set(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(raster.levels[level].width));
  file.set(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(raster.levels[level].height));
  file.set(TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(tile_side));
  file.set(TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(tile_side));
  file.set(TIFFTAG_BITSPERSAMPLE, 8 * raster.pixel_bytes);
  file.set(TIFFTAG_SAMPLESPERPIXEL, 1);
  file.set(TIFFTAG_SAMPLEFORMAT, raster.sample_format);
  file.set(TIFFTAG_PHOTOMETRIC, has_palette ? PHOTOMETRIC_PALETTE : PHOTOMETRIC_MINISBLACK);
  if (has_palette) set_palette(file, metadata.colours);
  file.set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  file.set(TIFFTAG_COMPRESSION, raster.compression);
  if (raster.predictor != PREDICTOR_NONE) file.set(TIFFTAG_PREDICTOR, raster.predictor);
  file.set(tag_gdal_nodata, raster.nodata.c_str());
  if (level > 0) {
    file.set(TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  } else {
    const std::array<double, 3> pixel_scale{grid.pixel_size_m, grid.pixel_size_m, 0};
    const std::array<double, 6> tiepoint{0, 0, 0, grid.origin.x, grid.origin.y, 0};
    file.set(tag_pixel_scale, static_cast<int>(pixel_scale.size()), pixel_scale.data());
    file.set(tag_tiepoints, static_cast<int>(tiepoint.size()), tiepoint.data());
    file.set(tag_geo_keys, static_cast<int>(crs.keys.size()), crs.keys.data());
    if (!crs.doubles.empty()) file.set(tag_geo_doubles, static_cast<int>(crs.doubles.size()), crs.doubles.data());
    if (!crs.ascii.empty()) file.set(tag_geo_ascii, crs.ascii.c_str());
    const std::string xml = metadata_xml(metadata);
    if (!xml.empty()) file.set(tag_gdal_metadata, xml.c_str());
  }
  file.check(TIFFDeferStrileArrayWriting(file.get()) == 1);
  file.check(TIFFWriteCheck(file.get(), 1, "cog") == 1);
  file.check(TIFFWriteDirectory(file.get()) == 1);
}

/// Header, all directories, then all arrays of tile offsets and sizes (zeros until the tiles are written).
void write_structure(const std::string& path, const Raster& raster, const Grid& grid, const CrsTags& crs,
                     const CogMetadata& metadata) {
  std::int64_t raw_bytes = 0;
  for (const auto& level : raster.levels)
    raw_bytes += std::int64_t{tile_count(level)} * tile_pixels * raster.pixel_bytes;
  TiffFile file(path, raw_bytes > largest_classic_bytes ? "w8l" : "wl");
  const std::string ghost = ghost_header();
  file.append(ghost.data(), ghost.size());
  for (std::size_t i = 0; i < raster.levels.size(); ++i) write_directory(file, raster, i, grid, crs, metadata);
  for (std::size_t i = 0; i < raster.levels.size(); ++i) {
    file.check(TIFFSetDirectory(file.get(), static_cast<tdir_t>(i)) == 1);
    file.check(TIFFForceStrileArrayWriting(file.get()) == 1);
  }
}

void write_tile(TiffFile& file, int tile, Bytes& data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  const std::array<std::uint8_t, 4> leader{static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8),
                                           static_cast<std::uint8_t>(size >> 16),
                                           static_cast<std::uint8_t>(size >> 24)};
  file.append(leader.data(), leader.size());
  const auto written =
      TIFFWriteRawTile(file.get(), static_cast<std::uint32_t>(tile), data.data(), static_cast<tmsize_t>(data.size()));
  file.check(written == static_cast<tmsize_t>(data.size()));
  file.append(data.data() + data.size() - 4, 4);
}

void write_tiles(TiffFile& file, const Raster& raster, std::size_t level, const ParallelFor& parallel_for) {
  // While one thread writes a batch, the others compress the next.
  const int count = tile_count(raster.levels[level]);
  using Batch = std::vector<Bytes>;
  Batch ready;
  int ready_first = 0;
  for (int first = 0; first < count || !ready.empty(); first += tiles_per_batch) {
    Batch next(static_cast<std::size_t>(std::clamp(count - first, 0, tiles_per_batch)));
    parallel_for(static_cast<int>(next.size()) + 1, [&](int i) {
      if (i > 0) {
        next[static_cast<std::size_t>(i - 1)] = raster.compress_tile(level, first + i - 1);
      } else {
        for (std::size_t k = 0; k < ready.size(); ++k) write_tile(file, ready_first + static_cast<int>(k), ready[k]);
        start_writing_back(TIFFFileno(file.get()));
      }
    });
    ready = std::move(next);
    ready_first = first;
  }
}

void write_pixels(const std::string& path, const Raster& raster, const ParallelFor& parallel_for) {
  // "r+": only in this mode does libtiff rewrite the arrays of tile offsets where they stand.
  TiffFile file(path, "r+");
  for (std::size_t i = raster.levels.size(); i-- > 0;) {
    file.check(TIFFSetDirectory(file.get(), static_cast<tdir_t>(i)) == 1);
    const std::uint64_t place = TIFFCurrentDirOffset(file.get());
    write_tiles(file, raster, i, parallel_for);
    file.check(TIFFFlush(file.get()) == 1);
    if (TIFFCurrentDirOffset(file.get()) != place) throw std::logic_error("libtiff moved a directory behind the data");
  }
}

template <typename T>
void check_size(const std::string& path, const Grid& grid, PlaneView<const T> plane) {
  if (plane.width != grid.width || plane.height != grid.height || grid.extent().empty()) {
    throw DataError(path + ": the plane to write does not have the size of its grid");
  }
}

void write_cog(const std::string& path, const Grid& grid, const Raster& raster, const CogMetadata& metadata,
               CogPlace place, const ParallelFor& parallel_for) {
  std::optional<AtomicFile> atomic;
  if (place == CogPlace::final) atomic.emplace(path);
  const std::string& file = atomic ? atomic->temporary() : path;
  try {
    const CrsTags crs = crs_tags(grid.crs, file);
    write_structure(file, raster, grid, crs, metadata);
    write_pixels(file, raster, parallel_for);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  if (atomic) atomic->commit();
}

}  // namespace

std::array<float, 256> shares_of_codes(std::uint8_t most) {
  std::array<float, 256> shares{};
  for (std::size_t code = 0; code < shares.size(); ++code) {
    const auto exact = std::bit_cast<std::uint32_t>(static_cast<float>(code) / static_cast<float>(most));
    shares[code] = std::bit_cast<float>((exact + 0x8000U) & 0xFFFF0000U);
  }
  return shares;
}

void write_cog_float(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                     const std::array<float, 256>& value_of_code, const CogMetadata& metadata,
                     const ParallelFor& parallel_for) {
  check_size(path, grid, codes);
  std::array<float, 256> values = value_of_code;
  values[cog_nodata_code] = std::numeric_limits<float>::quiet_NaN();
  const auto pyramid = pyramid_of(codes, MeanOfValid<std::uint8_t>{cog_nodata_code}, parallel_for);
  const auto compress = [&](std::size_t level, int tile) {
    return compress_values(tile_pixels_of(pyramid.levels[level], tile, cog_nodata_code), values);
  };
  write_cog(path, grid,
            {sizeof(float), SAMPLEFORMAT_IEEEFP, COMPRESSION_ZSTD, PREDICTOR_NONE, "nan", sizes_of(pyramid), compress},
            metadata, CogPlace::final, parallel_for);
}

void write_cog_byte(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                    const CogMetadata& metadata, const ParallelFor& parallel_for, std::uint8_t nodata, CogPlace place) {
  check_size(path, grid, codes);
  const auto pyramid = pyramid_of(codes, MostFrequent{nodata}, parallel_for);
  const auto compress = [&](std::size_t level, int tile) {
    return zstd(tile_pixels_of(pyramid.levels[level], tile, nodata));
  };
  write_cog(
      path, grid,
      {1, SAMPLEFORMAT_UINT, COMPRESSION_ZSTD, PREDICTOR_NONE, std::to_string(nodata), sizes_of(pyramid), compress},
      metadata, place, parallel_for);
}

void write_cog_u16(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn, std::uint16_t nodata,
                   const CogMetadata& metadata, const ParallelFor& parallel_for, CogPlace place) {
  check_size(path, grid, dn);
  const auto pyramid = pyramid_of(dn, MeanOfValid<std::uint16_t>{nodata}, parallel_for);
  const auto compress = [&](std::size_t level, int tile) {
    return deflate(differences_of(tile_pixels_of(pyramid.levels[level], tile, nodata)), fastest_deflate);
  };
  write_cog(path, grid,
            {sizeof(std::uint16_t), SAMPLEFORMAT_UINT, COMPRESSION_ADOBE_DEFLATE, PREDICTOR_HORIZONTAL,
             std::to_string(nodata), sizes_of(pyramid), compress},
            metadata, place, parallel_for);
}

void write_cog_i16(const std::string& path, const Grid& grid, PlaneView<const std::int16_t> numbers,
                   std::int16_t nodata, const CogMetadata& metadata, const ParallelFor& parallel_for) {
  check_size(path, grid, numbers);
  const auto pyramid = pyramid_of(numbers, MeanOfValid<std::int16_t>{nodata}, parallel_for);
  const auto compress = [&](std::size_t level, int tile) {
    const auto pixels = tile_pixels_of(pyramid.levels[level], tile, nodata);
    return zstd(differences_of({reinterpret_cast<const std::uint16_t*>(pixels.data()), pixels.size()}));
  };
  write_cog(path, grid,
            {sizeof(std::int16_t), SAMPLEFORMAT_INT, COMPRESSION_ZSTD, PREDICTOR_HORIZONTAL, std::to_string(nodata),
             sizes_of(pyramid), compress},
            metadata, CogPlace::final, parallel_for);
}

void write_cog_f32(const std::string& path, const Grid& grid, PlaneView<const float> values,
                   const CogMetadata& metadata, const ParallelFor& parallel_for, FloatCoding coding) {
  check_size(path, grid, values);
  const MeanOfValid<float> mean;
  const auto pyramid = pyramid_of(values, mean, parallel_for);
  const auto compress = [&](std::size_t level, int tile) {
    const auto bytes = float_differences_of(tile_pixels_of(pyramid.levels[level], tile, mean.nodata));
    return coding == FloatCoding::zstd ? zstd(bytes) : deflate(bytes, fastest_deflate);
  };
  const int compression = coding == FloatCoding::zstd ? COMPRESSION_ZSTD : COMPRESSION_ADOBE_DEFLATE;
  write_cog(
      path, grid,
      {sizeof(float), SAMPLEFORMAT_IEEEFP, compression, PREDICTOR_FLOATINGPOINT, "nan", sizes_of(pyramid), compress},
      metadata, CogPlace::final, parallel_for);
}

}  // namespace pitwatch
