#include "pipeline/io/cog_writer.hpp"

#include <gdal.h>
#include <ogr_srs_api.h>
#include <tiffio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/code_deflate.hpp"
#include "pipeline/io/gdal_errors.hpp"
#include "pipeline/io/gdal_state.hpp"

// Why not GDAL's own COG driver: for a Float32 raster of 10980 x 10980 it took 2 s, since it first writes the overviews
// to a temporary file and decompresses them again. Here tiles are compressed side by side, from their codes, and
// written once, in their final order. The layout is the one that GDAL's driver writes
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

constexpr std::uint8_t nodata = cog_nodata_code;

/// Mean of the codes that are not nodata, rounded half up.
std::uint8_t mean_of(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  const auto value = [](std::uint8_t code) { return code == nodata ? 0U : unsigned{code}; };
  const auto valid = [](std::uint8_t code) { return code == nodata ? 0U : 1U; };
  const unsigned sum = value(a) + value(b) + value(c) + value(d);
  const unsigned count = valid(a) + valid(b) + valid(c) + valid(d);
  if (count == 4) return static_cast<std::uint8_t>((sum + 2) >> 2);  // nearly always, and without a division
  return count == 0 ? nodata : static_cast<std::uint8_t>((2 * sum + count) / (2 * count));
}

/// The most frequent of the codes that are not nodata; the largest among equally frequent ones.
std::uint8_t most_frequent_of(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
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

using Reduce = std::uint8_t (*)(std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t);

/// `reduce` is a template argument so that it is inlined into the loop.
template <Reduce reduce>
void halve_row(PlaneView<const std::uint8_t> from, int y, std::uint8_t* into) {
  const std::uint8_t* const upper = from.row(2 * y);
  const bool has_lower = 2 * y + 1 < from.height;
  const std::uint8_t* const lower = has_lower ? from.row(2 * y + 1) : upper;
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

using HalveRow = void (*)(PlaneView<const std::uint8_t>, int, std::uint8_t*);

Plane<std::uint8_t> halve(PlaneView<const std::uint8_t> from, HalveRow halve_one_row, const ParallelFor& parallel_for) {
  constexpr int rows_per_task = 256;
  Plane<std::uint8_t> result((from.width + 1) / 2, (from.height + 1) / 2);
  parallel_for((result.height() + rows_per_task - 1) / rows_per_task, [&](int task) {
    const int end = std::min(result.height(), (task + 1) * rows_per_task);
    for (int y = task * rows_per_task; y < end; ++y) halve_one_row(from, y, result.row(y));
  });
  return result;
}

// ---- tiles -----------------------------------------------------------------------------------------------------

/// How codes become pixels: Float32 through a table, or the codes themselves.
class PixelFormat {
 public:
  /// The codes as they are.
  PixelFormat() : PixelFormat(code_bytes()) {}
  /// Float32.
  explicit PixelFormat(const std::array<float, 256>& values) : PixelFormat(float_bytes(values)) {}

  bool is_float() const { return bytes_ == sizeof(float); }
  int bytes() const { return bytes_; }
  const CodeDeflate& deflate() const { return deflate_; }

 private:
  using Bytes = std::vector<std::uint8_t>;

  /// `pixels` holds the bytes of all 256 codes, one after the other.
  explicit PixelFormat(const Bytes& pixels) : bytes_(static_cast<int>(pixels.size() / 256)), deflate_(spans(pixels)) {}

  static Bytes code_bytes() {
    Bytes bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return bytes;
  }
  static Bytes float_bytes(const std::array<float, 256>& values) {
    static_assert(std::endian::native == std::endian::little);  // as the files are written
    Bytes bytes(sizeof values);
    std::memcpy(bytes.data(), values.data(), sizeof values);
    return bytes;
  }
  static BytesOfCode spans(const Bytes& pixels) {
    BytesOfCode result;
    const std::size_t size = pixels.size() / result.size();
    for (std::size_t code = 0; code < result.size(); ++code) result[code] = {&pixels[code * size], size};
    return result;
  }

  int bytes_;
  CodeDeflate deflate_;
};

/// Tile number `tile` in row-major order, as bytes of zlib format. Beyond the raster it is padded with nodata.
std::vector<std::uint8_t> compress_tile(PlaneView<const std::uint8_t> level, int tile, const PixelFormat& format) {
  thread_local std::vector<std::uint8_t> codes(tile_pixels);
  const int tiles_across = (level.width + tile_side - 1) / tile_side;
  const int left = tile % tiles_across * tile_side;
  const int top = tile / tiles_across * tile_side;
  const int width = std::min(tile_side, level.width - left);
  const int height = std::min(tile_side, level.height - top);
  if (width < tile_side || height < tile_side) std::fill(codes.begin(), codes.end(), nodata);
  for (int y = 0; y < height; ++y) std::copy_n(level.row(top + y) + left, width, codes.data() + y * tile_side);
  return format.deflate().compress(codes);
}

int tile_count(PlaneView<const std::uint8_t> level) {
  return ((level.width + tile_side - 1) / tile_side) * ((level.height + tile_side - 1) / tile_side);
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

struct GeoTags {
  std::vector<double> pixel_scale;
  std::vector<double> tiepoints;
  std::vector<std::uint16_t> keys;
  std::vector<double> doubles;
  std::string ascii;
};

template <typename T>
std::vector<T> array_tag(const TiffFile& file, std::uint16_t tag) {
  const TIFFField* const field = TIFFFindField(file.get(), tag, TIFF_ANY);
  T* values = nullptr;
  // The type of the count depends on who told libtiff of the tag: GDAL (16 bits), or nobody (32 bits).
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
GeoTags geo_tags(const Grid& grid, const std::string& scratch_path) {
  ensure_gdal();
  const GdalErrorCapture errors;
  std::array<double, 6> transform{grid.origin.x, grid.pixel_size_m, 0, grid.origin.y, 0, -grid.pixel_size_m};
  const std::unique_ptr<void, void (*)(OGRSpatialReferenceH)> crs(OSRNewSpatialReference(nullptr),
                                                                  &OSRDestroySpatialReference);
  if (OSRSetFromUserInput(crs.get(), grid.crs.c_str()) != OGRERR_NONE) {
    throw DataError(errors.explain("unknown CRS '" + grid.crs + "'"));
  }
  const std::array<const char*, 4> options{"PROFILE=GeoTIFF", "ENDIANNESS=LITTLE", "BIGTIFF=NO", nullptr};
  const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), scratch_path.c_str(), 1, 1, 1, GDT_Byte,
                                          const_cast<char**>(options.data()));
  if (dataset == nullptr) throw IoError(errors.explain("cannot write"));
  const bool set =
      GDALSetGeoTransform(dataset, transform.data()) == CE_None && GDALSetSpatialRef(dataset, crs.get()) == CE_None;
  GDALClose(dataset);
  if (!set || errors.failed()) throw IoError(errors.explain("cannot write the georeference"));

  const TiffFile file(scratch_path, "r");
  GeoTags tags{array_tag<double>(file, tag_pixel_scale), array_tag<double>(file, tag_tiepoints),
               array_tag<std::uint16_t>(file, tag_geo_keys), array_tag<double>(file, tag_geo_doubles),
               text_tag(file, tag_geo_ascii)};
  if (tags.pixel_scale.empty() || tags.tiepoints.empty() || tags.keys.empty()) {
    throw IoError("cannot write the georeference");
  }
  return tags;
}

std::string xml_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// GDAL's metadata tag; empty where there is nothing to say. GDAL escapes values twice, and so undoes it twice.
std::string metadata_xml(const CogMetadata& metadata) {
  std::string items;
  for (const auto& [key, value] : metadata.items) {
    items += "  <Item name=\"" + xml_escaped(key) + "\">" + xml_escaped(xml_escaped(value)) + "</Item>\n";
  }
  if (!metadata.description.empty()) {
    items += "  <Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">" +
             xml_escaped(xml_escaped(metadata.description)) + "</Item>\n";
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

/// Sets the fields of the directory under construction and writes it with room for the tile offsets, not yet the room.
void write_directory(TiffFile& file, PlaneView<const std::uint8_t> level, bool is_overview, const PixelFormat& format,
                     const GeoTags& geo, const std::string& metadata) {
  add_georeferencing_fields(file.get());
  file.set(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(level.width));
  file.set(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(level.height));
  file.set(TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(tile_side));
  file.set(TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(tile_side));
  file.set(TIFFTAG_BITSPERSAMPLE, 8 * format.bytes());
  file.set(TIFFTAG_SAMPLESPERPIXEL, 1);
  file.set(TIFFTAG_SAMPLEFORMAT, format.is_float() ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
  file.set(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  file.set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  file.set(TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
  file.set(tag_gdal_nodata, format.is_float() ? "nan" : "255");
  if (is_overview) {
    file.set(TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  } else {
    file.set(tag_pixel_scale, static_cast<int>(geo.pixel_scale.size()), geo.pixel_scale.data());
    file.set(tag_tiepoints, static_cast<int>(geo.tiepoints.size()), geo.tiepoints.data());
    file.set(tag_geo_keys, static_cast<int>(geo.keys.size()), geo.keys.data());
    if (!geo.doubles.empty()) file.set(tag_geo_doubles, static_cast<int>(geo.doubles.size()), geo.doubles.data());
    if (!geo.ascii.empty()) file.set(tag_geo_ascii, geo.ascii.c_str());
    if (!metadata.empty()) file.set(tag_gdal_metadata, metadata.c_str());
  }
  file.check(TIFFDeferStrileArrayWriting(file.get()) == 1);
  file.check(TIFFWriteCheck(file.get(), 1, "cog") == 1);
  file.check(TIFFWriteDirectory(file.get()) == 1);
}

using Levels = std::vector<PlaneView<const std::uint8_t>>;

/// Header, all directories, then all arrays of tile offsets and sizes (zeros until the tiles are written).
void write_structure(const std::string& path, const Levels& levels, const PixelFormat& format, const GeoTags& geo,
                     const std::string& metadata) {
  std::int64_t raw_bytes = 0;
  for (const auto& level : levels) raw_bytes += std::int64_t{tile_count(level)} * tile_pixels * format.bytes();
  TiffFile file(path, raw_bytes > largest_classic_bytes ? "w8l" : "wl");
  const std::string ghost = ghost_header();
  file.append(ghost.data(), ghost.size());
  for (std::size_t i = 0; i < levels.size(); ++i) write_directory(file, levels[i], i > 0, format, geo, metadata);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    file.check(TIFFSetDirectory(file.get(), static_cast<tdir_t>(i)) == 1);
    file.check(TIFFForceStrileArrayWriting(file.get()) == 1);
  }
}

void write_tile(TiffFile& file, int tile, std::vector<std::uint8_t>& data) {
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

void write_tiles(TiffFile& file, PlaneView<const std::uint8_t> level, const PixelFormat& format,
                 const ParallelFor& parallel_for) {
  // While one thread writes a batch, the others compress the next.
  const int count = tile_count(level);
  using Batch = std::vector<std::vector<std::uint8_t>>;
  Batch ready;
  int ready_first = 0;
  for (int first = 0; first < count || !ready.empty(); first += tiles_per_batch) {
    Batch next(static_cast<std::size_t>(std::clamp(count - first, 0, tiles_per_batch)));
    parallel_for(static_cast<int>(next.size()) + 1, [&](int i) {
      if (i > 0) {
        next[static_cast<std::size_t>(i - 1)] = compress_tile(level, first + i - 1, format);
      } else {
        for (std::size_t k = 0; k < ready.size(); ++k) write_tile(file, ready_first + static_cast<int>(k), ready[k]);
        start_writing_back(TIFFFileno(file.get()));
      }
    });
    ready = std::move(next);
    ready_first = first;
  }
}

void write_pixels(const std::string& path, const Levels& levels, const PixelFormat& format,
                  const ParallelFor& parallel_for) {
  // "r+": only in this mode does libtiff rewrite the arrays of tile offsets where they stand.
  TiffFile file(path, "r+");
  for (std::size_t i = levels.size(); i-- > 0;) {
    file.check(TIFFSetDirectory(file.get(), static_cast<tdir_t>(i)) == 1);
    const std::uint64_t place = TIFFCurrentDirOffset(file.get());
    write_tiles(file, levels[i], format, parallel_for);
    file.check(TIFFFlush(file.get()) == 1);
    if (TIFFCurrentDirOffset(file.get()) != place) throw std::logic_error("libtiff moved a directory behind the data");
  }
}

void write_cog(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
               const PixelFormat& format, HalveRow halve_one_row, const CogMetadata& metadata,
               const ParallelFor& parallel_for) {
  if (codes.width != grid.width || codes.height != grid.height || grid.extent().empty()) {
    throw DataError(path + ": the plane to write does not have the size of its grid");
  }
  std::vector<Plane<std::uint8_t>> overviews;
  Levels levels{codes};
  while (std::max(levels.back().width, levels.back().height) > tile_side) {
    overviews.push_back(halve(levels.back(), halve_one_row, parallel_for));
    levels.push_back(std::as_const(overviews.back()).view());
  }
  AtomicFile atomic(path);
  try {
    const GeoTags geo = geo_tags(grid, atomic.temporary());
    write_structure(atomic.temporary(), levels, format, geo, metadata_xml(metadata));
    write_pixels(atomic.temporary(), levels, format, parallel_for);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  atomic.commit();
}

}  // namespace

void write_cog_float(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                     const std::array<float, 256>& value_of_code, const CogMetadata& metadata,
                     const ParallelFor& parallel_for) {
  std::array<float, 256> values = value_of_code;
  values[cog_nodata_code] = std::numeric_limits<float>::quiet_NaN();
  write_cog(path, grid, codes, PixelFormat(values), halve_row<mean_of>, metadata, parallel_for);
}

void write_cog_byte(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                    const CogMetadata& metadata, const ParallelFor& parallel_for) {
  write_cog(path, grid, codes, PixelFormat{}, halve_row<most_frequent_of>, metadata, parallel_for);
}

}  // namespace pitwatch
