#include "pipeline/io/raster/band_file.hpp"

#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/raster/deflate_tiff.hpp"
#include "pipeline/io/raster/input_notes.hpp"
#include "pipeline/io/raster/jp2_header.hpp"
#include "pipeline/io/raster/pixel_coding.hpp"
#include "pipeline/io/raster/read_error.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr int longest_side = 200'000;
constexpr std::int64_t most_pixels = 1'000'000'000;  // a tile of Sentinel-2 has 1.2e8
constexpr int most_bands = 64;
constexpr std::int64_t largest_block_bytes = std::int64_t{256} << 20;
constexpr std::int64_t most_blocks = 1'000'000;  // callers keep a table of them
constexpr int least_piece_px = 512;
constexpr std::int64_t decimated_from_pixels = std::int64_t{4} << 20;

/// What Sentinel-2 is distributed in. A fixed list, so that a path cannot make GDAL open a description of other files
/// (VRT, WMS) or a database.
constexpr std::array<const char*, 3> drivers{"GTiff", "JP2OpenJPEG", nullptr};

struct CloseDataset {
  void operator()(GDALDatasetH dataset) const { GDALClose(dataset); }
};
using Dataset = std::unique_ptr<void, CloseDataset>;

/// Before anything opens it.
void expect_raster_file(const std::string& path) {
  if (is_url(path)) throw DataError("a URL, which is not read here: its name by gdal_path() is");
  if (!path.starts_with("/vsi")) expect_regular_file(path);
}

Dataset open(const std::string& path) {
  expect_raster_file(path);
  const GdalErrorCapture errors;
  // GDAL has reasons of its own for a file that is not there; those of the server come first.
  if (is_on_network(path)) {
    const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(path.c_str(), "rb"), &VSIFCloseL);
    if (!file && errors.failed()) throw DataError(errors.explain("cannot open"));
  }
  Dataset dataset(GDALOpenEx(noted_name(path).c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                             drivers.data(), nullptr, nullptr));
  if (!dataset) throw DataError(errors.explain("cannot open"));
  return dataset;
}

std::string crs_of(GDALDatasetH dataset) {
  const OGRSpatialReferenceH reference = GDALGetSpatialRef(dataset);
  if (reference == nullptr) throw DataError("has no coordinate reference system");
  OGRSpatialReference crs(*OGRSpatialReference::FromHandle(reference));
  if (!crs.IsProjected() || std::abs(crs.GetLinearUnits() - 1) > 1e-9) {
    throw DataError("coordinate reference system is not projected in metres");
  }
  if (crs.GetAuthorityCode(nullptr) == nullptr) crs.AutoIdentifyEPSG();
  const char* const authority = crs.GetAuthorityName(nullptr);
  const char* const code = crs.GetAuthorityCode(nullptr);
  if (authority != nullptr && code != nullptr && std::string(authority) == "EPSG") return std::string("EPSG:") + code;
  char* raw = nullptr;
  const OGRErr error = crs.exportToWkt(&raw);
  const std::unique_ptr<char, void (*)(void*)> wkt(raw, &VSIFree);
  if (error != OGRERR_NONE) throw DataError("coordinate reference system cannot be written as WKT");
  return wkt.get();
}

/// CRS by what files say of theirs: GDAL takes longer to make one out than to read a block, and scenes share theirs.
class KnownCrs {
 public:
  std::optional<std::string> find(const std::string& keys) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(keys);
    return found != known_.end() ? std::optional(found->second) : std::nullopt;
  }
  void add(const std::string& keys, const std::string& crs) {
    constexpr std::size_t most = 256;  // zones are 120
    const std::lock_guard lock(mutex_);
    if (known_.size() < most && keys.size() <= largest_keys_bytes) known_.emplace(keys, crs);
  }

 private:
  static constexpr std::size_t largest_keys_bytes = 4096;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;
};

/// As crs_of(). `keys` is what the file said before the dataset was opened; empty: nothing that can be known by.
std::string known_crs_of(GDALDatasetH dataset, const std::string& path, const std::string& keys) {
  static KnownCrs& known = *new KnownCrs();  // never destroyed: threads may end after main
  if (!keys.empty()) {
    if (std::optional<std::string> crs = known.find(keys)) return *std::move(crs);
  }
  std::string crs = crs_of(dataset);
  // Unless another file has taken the place of this one in between.
  if (!keys.empty() && geo_keys_of(path) == keys) known.add(keys, crs);
  return crs;
}

Grid grid_of(GDALDatasetH dataset, const std::string& path, const std::string& keys) {
  Grid grid;
  grid.width = GDALGetRasterXSize(dataset);
  grid.height = GDALGetRasterYSize(dataset);
  if (grid.width > longest_side || grid.height > longest_side || std::int64_t{grid.width} * grid.height > most_pixels) {
    throw DataError("absurd size: " + std::to_string(grid.width) + " x " + std::to_string(grid.height));
  }
  grid.crs = known_crs_of(dataset, path, keys);
  std::array<double, 6> t{};
  if (GDALGetGeoTransform(dataset, t.data()) != CE_None) throw DataError("has no georeference");
  const bool finite = std::all_of(t.begin(), t.end(), [](double value) { return std::isfinite(value); });
  if (!finite || t[2] != 0 || t[4] != 0 || t[1] <= 0 || std::abs(t[1] + t[5]) > 1e-9 * t[1]) {
    throw DataError("pixels are not north-up squares");
  }
  grid.origin = {t[0], t[3]};
  grid.pixel_size_m = t[1];
  return grid;
}

/// What the file itself calls no data; nothing where that is 0, or no number of 16 bits.
std::optional<std::uint16_t> own_nodata_of(GDALRasterBandH band) {
  int is_there = 0;
  const double value = GDALGetRasterNoDataValue(band, &is_there);
  if (is_there == 0 || !(value >= 1 && value <= 65535) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

void clear(std::optional<std::uint16_t> number, PlaneView<std::uint16_t> plane) {
  if (!number) return;
  for (int y = 0; y < plane.height; ++y)
    std::replace(plane.row(y), plane.row(y) + plane.width, *number, std::uint16_t{0});
}

void clamp_negatives(PlaneView<std::uint16_t> plane) {
  for (int y = 0; y < plane.height; ++y) {
    std::uint16_t* const row = plane.row(y);
    for (int x = 0; x < plane.width; ++x) row[x] = row[x] > 32767 ? std::uint16_t{0} : row[x];
  }
}

/// The band that tells where a band counts: GDAL's, of a mask within the file, or the last band of the file, where that
/// is one of transparency; GDAL itself looks for such a one in files of two or four bands alone. Null where there is
/// none.
GDALRasterBandH mask_of(GDALRasterBandH band) {
  const int flags = GDALGetMaskFlags(band);
  if ((flags & GMF_PER_DATASET) != 0 && (flags & GMF_ALPHA) == 0) return GDALGetMaskBand(band);
  const GDALDatasetH dataset = GDALGetBandDataset(band);
  const GDALRasterBandH last = GDALGetRasterBand(dataset, GDALGetRasterCount(dataset));
  if (last == band) return nullptr;
  const std::string description = lower_ascii(GDALGetDescription(last));
  const bool is_mask = GDALGetRasterColorInterpretation(last) == GCI_AlphaBand || description == "alpha" ||
                       description == "datamask";  // as Sentinel Hub calls it
  return is_mask ? last : nullptr;
}

std::optional<OwnScale> own_scale_of(GDALRasterBandH band) {
  int has_scale = 0;
  int has_offset = 0;
  const OwnScale own{GDALGetRasterScale(band, &has_scale), GDALGetRasterOffset(band, &has_offset)};
  const bool is_said = has_scale != 0 && std::isfinite(own.scale) && std::isfinite(own.offset) && own.scale > 0;
  return is_said && (own.scale != 1 || own.offset != 0) ? std::optional(own) : std::nullopt;
}

/// What a pixel becomes that a mask takes out.
std::uint16_t masked_number_of(const RasterLayer& layer) {
  const bool is_number = layer.coding == PixelCoding::as_stored && layer.nodata && *layer.nodata >= 0 &&
                         *layer.nodata <= 65535 && *layer.nodata == std::floor(*layer.nodata);
  return is_number ? static_cast<std::uint16_t>(*layer.nodata) : std::uint16_t{0};
}

/// Throws DataError where a mask lies beside the file: GDAL is not let look beside it.
void refuse_mask_beside(const std::string& path) {
  const std::string mask = path + ".msk";
  std::error_code none;
  if (path.starts_with("/vsi") || !std::filesystem::exists(mask, none)) return;
  throw DataError("its mask lies beside it (" + std::filesystem::path(mask).filename().string() +
                  ") and is not read: gdalwarp -dstnodata 0 IN.tif OUT.tif makes one file of both");
}

/// A buffer of the thread, kept so that the steady state does not allocate.
std::uint8_t* scratch(std::size_t bytes) {
  thread_local std::vector<std::uint8_t> buffer;
  if (buffer.size() < bytes) buffer.resize(bytes);
  return buffer.data();
}

/// An error with the path in front.
ReadError error_of(const std::string& path, const DataError& error) {
  return ReadError(redacted(path) + ": " + redacted(without_noted_names(error.what())));
}

std::string text_of(const Window& window) {
  return "window " + std::to_string(window.x) + "," + std::to_string(window.y) + " " + std::to_string(window.width) +
         " x " + std::to_string(window.height);
}

/// The number of the i-th of `taken` things that are spread evenly over `all`.
int taken_of(int i, int taken, int all) {
  return static_cast<int>((2 * std::int64_t{i} + 1) * all / (2 * std::int64_t{taken}));
}

void check_type(GDALDataType type, PixelCoding coding) {
  if (coding != PixelCoding::as_stored) {
    if (GDALDataTypeIsComplex(type) != 0 || GDALGetDataTypeSizeBytes(type) == 0) {
      throw DataError(std::string("pixels are ") + GDALGetDataTypeName(type) + ", not real numbers");
    }
    return;
  }
  if (type != GDT_Byte && type != GDT_UInt16 && type != GDT_Int16) {
    throw DataError(std::string("pixels are ") + GDALGetDataTypeName(type) + ", not Byte, UInt16 or Int16");
  }
}

template <typename T>
void copy(const T* from, std::ptrdiff_t from_stride, PlaneView<std::uint16_t> into) {
  for (int y = 0; y < into.height; ++y) std::copy_n(from + y * from_stride, into.width, into.row(y));
}

}  // namespace

struct BandFile::State {
  std::string path;
  RasterLayer layer;
  std::unique_ptr<BandFile> beside;  // of the layer, where it has one
  Grid grid;
  GDALDataType type = GDT_Unknown;
  int block_width = 0;
  int block_height = 0;
  bool has_overviews = false;
  std::optional<std::uint16_t> own_nodata;  // that is read as 0
  std::optional<OwnScale> own_scale;
  std::optional<std::uint16_t> masked;        // what pixels become that the file's mask takes out; nothing without one
  std::unique_ptr<DeflateTiff> deflate_tiff;  // where the file is of that kind
  std::mutex mutex;
  struct Handle {
    Dataset dataset;
    std::uint64_t log = 0;  // the InputLog under which it was opened
  };
  std::vector<Handle> idle;  // guarded by mutex

  /// Lends one handle to one thread. After an error the handle is closed and not reused, nor is one whose reads another
  /// InputLog notes, or none.
  template <typename Use>
  void with_handle(Use use) {
    Handle handle{nullptr, input_log_number()};
    {
      const std::lock_guard lock(mutex);
      std::erase_if(idle, [&](const Handle& other) { return other.log != handle.log; });
      if (!idle.empty()) {
        handle = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (!handle.dataset) handle.dataset = open(path);
    use(GDALGetRasterBand(handle.dataset.get(), layer.number));
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }

  /// Of a window that was read into `into`, takes out what the file's mask does.
  void take_out_masked(const Window& window, PlaneView<std::uint16_t> into) {
    if (!masked) return;
    Plane<std::uint8_t> valid(into.width, into.height);
    with_handle([&](GDALRasterBandH band) {
      const GdalErrorCapture errors;
      if (GDALRasterIO(mask_of(band), GF_Read, window.x, window.y, window.width, window.height, valid.view().data,
                       into.width, into.height, GDT_Byte, 0, static_cast<int>(valid.stride())) != CE_None) {
        throw DataError(errors.explain("cannot read the mask of " + text_of(window)));
      }
    });
    for (int y = 0; y < into.height; ++y) {
      for (int x = 0; x < into.width; ++x) {
        if (valid.at(x, y) == 0) into.row(y)[x] = *masked;
      }
    }
  }

  bool is_coded() const { return layer.coding != PixelCoding::as_stored; }

  std::size_t block_bytes() const {
    return static_cast<std::size_t>(block_width) * static_cast<std::size_t>(block_height) *
           static_cast<std::size_t>(GDALGetDataTypeSizeBytes(type));
  }
};

BandFile::BandFile(const std::string& path, const RasterLayer& layer) : state_(std::make_unique<State>()) {
  ensure_gdal();
  state_->path = path;
  state_->layer = layer;
  try {
    expect_raster_file(path);
    refuse_mask_beside(path);
    check_jp2_header(path);
    const std::uint64_t log = input_log_number();
    const std::string keys = geo_keys_of(path);
    Dataset dataset = open(path);
    const GdalErrorCapture quiet;
    const int bands = GDALGetRasterCount(dataset.get());
    if (bands < 1) throw DataError("has no raster band");
    if (bands > most_bands) throw DataError("absurd number of bands: " + std::to_string(bands));
    state_->grid = grid_of(dataset.get(), path, keys);
    if (layer.number < 1 || layer.number > bands) {
      throw DataError("has no band " + std::to_string(layer.number) + ": it has " + std::to_string(bands));
    }
    const GDALRasterBandH band = GDALGetRasterBand(dataset.get(), layer.number);
    state_->type = GDALGetRasterDataType(band);
    check_type(state_->type, layer.coding);
    if (layer.coding == PixelCoding::as_stored && layer.nodata == 0) state_->own_nodata = own_nodata_of(band);
    state_->own_scale = own_scale_of(band);
    if (mask_of(band) != nullptr) state_->masked = masked_number_of(layer);
    state_->has_overviews = GDALGetOverviewCount(band) > 0;
    GDALGetBlockSize(band, &state_->block_width, &state_->block_height);
    // Where bands are stored pixel by pixel, all are decoded at once.
    const char* const order = GDALGetMetadataItem(dataset.get(), "INTERLEAVE", "IMAGE_STRUCTURE");
    const int together = order != nullptr && std::string_view(order) == "PIXEL" ? bands : 1;
    if (std::int64_t{state_->block_width} * state_->block_height > largest_block_bytes / 2 / together) {
      throw DataError("absurd block size: " + std::to_string(state_->block_width) + " x " +
                      std::to_string(state_->block_height));
    }
    if (std::int64_t{blocks_across()} * blocks_down() > most_blocks) {
      throw DataError("absurd number of blocks: " + std::to_string(blocks_across()) + " x " +
                      std::to_string(blocks_down()));
    }
    state_->idle.push_back({std::move(dataset), log});
    if (state_->type == GDT_UInt16 && bands == 1 && !state_->is_coded()) {
      state_->deflate_tiff =
          DeflateTiff::open(path, state_->block_width, state_->block_height, blocks_across() * blocks_down());
    }
  } catch (const DataError& error) {
    throw error_of(path, error);
  }
  if (layer.beside.empty()) return;
  state_->beside = std::make_unique<BandFile>(layer.beside);
  if (state_->beside->has_mask())
    throw DataError(redacted(layer.beside) + ": has a mask of validity, which is not read");
  if (state_->beside->grid() != grid()) {
    throw DataError(redacted(layer.beside) + ": lies otherwise than " + redacted(path) + ", with which it is read");
  }
}

BandFile::~BandFile() = default;
BandFile::BandFile(BandFile&&) noexcept = default;
BandFile& BandFile::operator=(BandFile&&) noexcept = default;

const std::string& BandFile::path() const { return state_->path; }
const RasterLayer& BandFile::layer() const { return state_->layer; }
std::optional<OwnScale> BandFile::own_scale() const { return state_->own_scale; }
bool BandFile::has_mask() const { return state_->masked.has_value(); }
std::string BandFile::key() const { return path() + text_of(state_->layer); }
const Grid& BandFile::grid() const { return state_->grid; }
int BandFile::pixel_bits() const {
  if (state_->is_coded()) return state_->layer.coding == PixelCoding::reflectance ? 16 : 8;
  return state_->type == GDT_Byte ? 8 : 16;
}
int BandFile::block_width() const { return state_->block_width; }
int BandFile::block_height() const { return state_->block_height; }
int BandFile::blocks_across() const { return (grid().width + block_width() - 1) / block_width(); }
int BandFile::blocks_down() const { return (grid().height + block_height() - 1) / block_height(); }

BlockSize BandFile::read_block(int bx, int by, PlaneView<std::uint16_t> into) const {
  throw_if_interrupted();
  const std::string what = "cannot read block " + std::to_string(bx) + "," + std::to_string(by);
  try {
    if (bx < 0 || by < 0 || bx >= blocks_across() || by >= blocks_down())
      throw DataError(what + ": outside the raster");
    const BlockSize size{std::min(block_width(), grid().width - bx * block_width()),
                         std::min(block_height(), grid().height - by * block_height())};
    if (into.width < size.width || into.height < size.height) throw DataError(what + ": destination is too small");
    if (state_->is_coded()) {
      const Window window{bx * block_width(), by * block_height(), size.width, size.height};
      const PlaneView<std::uint16_t> coded{into.data, size.width, size.height, into.stride};
      read_coded_block(bx, by, window, coded);
      state_->take_out_masked(window, coded);
      return size;
    }

    const bool fits = size == BlockSize{block_width(), block_height()} && into.stride == block_width();
    const bool direct = fits && state_->type != GDT_Byte;
    void* const block = direct ? static_cast<void*>(into.data) : scratch(state_->block_bytes());
    const bool straight = state_->deflate_tiff && state_->deflate_tiff->read_block(by * blocks_across() + bx,
                                                                                   static_cast<std::uint16_t*>(block));
    if (!straight) {
      state_->with_handle([&](GDALRasterBandH band) {
        const GdalErrorCapture errors;
        if (GDALReadBlock(band, bx, by, block) != CE_None) throw DataError(errors.explain(what));
      });
    }

    const PlaneView<std::uint16_t> filled{into.data, size.width, size.height, into.stride};
    if (state_->type == GDT_Byte) {
      copy(static_cast<const std::uint8_t*>(block), block_width(), filled);
    } else if (!direct) {
      copy(static_cast<const std::uint16_t*>(block), block_width(), filled);
    }
    if (state_->type == GDT_Int16) clamp_negatives(filled);
    clear(state_->own_nodata, filled);
    state_->take_out_masked({bx * block_width(), by * block_height(), size.width, size.height}, filled);
    return size;
  } catch (const DataError& error) {
    throw error_of(path(), error);
  }
}

void BandFile::read_window(const Window& window, PlaneView<std::uint16_t> into) const {
  const auto refuse = [&](const char* why) {
    throw DataError(redacted(path()) + ": cannot read " + text_of(window) + ": " + why);
  };
  if (window.empty() || !(intersection(window, grid().extent()) == window)) refuse("not inside the raster");
  if (into.width < window.width || into.height < window.height) refuse("destination is too small");
  read_resized(window, {into.data, window.width, window.height, into.stride});
}

void BandFile::read_coded_block(int bx, int by, const Window& window, PlaneView<std::uint16_t> into) const {
  // Into memory of its own: read_window() of what lies beside may use the thread's.
  std::vector<std::uint8_t> block(state_->block_bytes());
  state_->with_handle([&](GDALRasterBandH band) {
    const GdalErrorCapture errors;
    if (GDALReadBlock(band, bx, by, block.data()) != CE_None) {
      throw DataError(errors.explain("cannot read block " + std::to_string(bx) + "," + std::to_string(by)));
    }
  });
  std::vector<double> row(static_cast<std::size_t>(window.width));
  const auto row_bytes = static_cast<std::ptrdiff_t>(state_->block_bytes()) / block_height();
  const int step = GDALGetDataTypeSizeBytes(state_->type);
  for (int y = 0; y < window.height; ++y) {
    GDALCopyWords64(block.data() + y * row_bytes, state_->type, step, row.data(), GDT_Float64, sizeof(double),
                    window.width);
    decode_row(row, into.row(y));
  }
  if (state_->beside) add_beside(window, into);
}

/// The digital numbers of a row; of masks with another beside them, the bits.
void BandFile::decode_row(std::span<const double> numbers, std::uint16_t* into) const {
  const RasterLayer& layer = state_->layer;
  const auto bits_of = [](double number) {
    return number >= 0 && number <= 65535 ? static_cast<std::uint16_t>(number) : std::uint16_t{65535};
  };
  const auto decoded = [&](double number) -> std::uint16_t {
    switch (layer.coding) {
      case PixelCoding::reflectance:
        return dn_of(number, layer);
      case PixelCoding::fmask:
        return static_cast<std::uint16_t>(class_of_fmask(bits_of(number)));
      case PixelCoding::qa60:
        return static_cast<std::uint16_t>(class_of_qa60(bits_of(number)));
      case PixelCoding::maja:
        return state_->beside ? bits_of(number) : static_cast<std::uint16_t>(class_of_maja(bits_of(number), 0));
      case PixelCoding::as_stored:
        break;
    }
    return bits_of(number);
  };
  std::transform(numbers.begin(), numbers.end(), into, decoded);
}

/// Makes classes of CLM's bits in `into` and of MG2's.
void BandFile::add_beside(const Window& window, PlaneView<std::uint16_t> into) const {
  Plane<std::uint16_t> other(into.width, into.height);
  state_->beside->read_resized(window, other.view());
  for (int y = 0; y < into.height; ++y) {
    std::transform(
        into.row(y), into.row(y) + into.width, other.row(y), into.row(y),
        [](std::uint16_t clm, std::uint16_t mg2) { return static_cast<std::uint16_t>(class_of_maja(clm, mg2)); });
  }
}

void BandFile::read_coded(const Window& window, PlaneView<std::uint16_t> into) const {
  std::vector<double> numbers(static_cast<std::size_t>(into.width) * static_cast<std::size_t>(into.height));
  state_->with_handle([&](GDALRasterBandH band) {
    const GdalErrorCapture errors;
    if (GDALRasterIOEx(band, GF_Read, window.x, window.y, window.width, window.height, numbers.data(), into.width,
                       into.height, GDT_Float64, 0, 0, nullptr) != CE_None) {
      throw DataError(errors.explain("cannot read " + text_of(window)));
    }
  });
  const std::span<const double> all(numbers);
  const auto width = static_cast<std::size_t>(into.width);
  for (int y = 0; y < into.height; ++y)
    decode_row(all.subspan(static_cast<std::size_t>(y) * width, width), into.row(y));
  if (state_->beside) add_beside(window, into);
}

void BandFile::read_resized(const Window& window, PlaneView<std::uint16_t> into) const {
  throw_if_interrupted();
  const std::string what = "cannot read " + text_of(window);
  try {
    if (state_->is_coded()) {
      read_coded(window, into);
      state_->take_out_masked(window, into);
      return;
    }
    // GDAL itself turns negative Int16 values into 0 on the way to UInt16.
    state_->with_handle([&](GDALRasterBandH band) {
      const GdalErrorCapture errors;
      if (GDALRasterIOEx(band, GF_Read, window.x, window.y, window.width, window.height, into.data, into.width,
                         into.height, GDT_UInt16, sizeof(std::uint16_t),
                         static_cast<GSpacing>(into.stride * static_cast<std::ptrdiff_t>(sizeof(std::uint16_t))),
                         nullptr) != CE_None) {
        throw DataError(errors.explain(what));
      }
    });
    clear(state_->own_nodata, into);
    state_->take_out_masked(window, into);
  } catch (const DataError& error) {
    throw error_of(path(), error);
  }
}

Plane<std::uint16_t> BandFile::read_decimated(int longest_px, const WindowReader& read) const {
  const auto step_of = [&](int width, int height) { return (std::max(width, height) + longest_px - 1) / longest_px; };
  const auto part = [](int length, int step) { return (length + step - 1) / step; };
  if (state_->has_overviews) {
    const int step = step_of(grid().width, grid().height);
    Plane<std::uint16_t> result(part(grid().width, step), part(grid().height, step));
    read_resized(grid().extent(), result.view());
    return result;
  }
  const Spread spread = spread_over(decimated_from_pixels);
  const int step = step_of(spread.width, spread.height);
  Plane<std::uint16_t> result(part(spread.width, step), part(spread.height, step));
  Plane<std::uint16_t> block;  // one at a time: all of them would be touched for a few pixels of each
  for (const SpreadPiece& piece : spread.pieces) {
    block.reshape(piece.to.width, piece.to.height);
    read_piece(piece, block.view(), read);
    for (int y = part(piece.to.y, step); y * step < piece.to.bottom(); ++y) {
      for (int x = part(piece.to.x, step); x * step < piece.to.right(); ++x) {
        result.at(x, y) = block.at(x * step - piece.to.x, y * step - piece.to.y);
      }
    }
  }
  return result;
}

Plane<std::uint16_t> BandFile::read_spread(std::int64_t wanted_pixels) const {
  const Spread spread = spread_over(wanted_pixels);
  Plane<std::uint16_t> result(spread.width, spread.height);
  for (const SpreadPiece& piece : spread.pieces) {
    read_piece(piece, {&result.at(piece.to.x, piece.to.y), piece.to.width, piece.to.height, result.stride()}, {});
  }
  return result;
}

void BandFile::read_piece(const SpreadPiece& piece, PlaneView<std::uint16_t> into, const WindowReader& read) const {
  const Window window{piece.from.x, piece.from.y, piece.to.width, piece.to.height};
  if (!state_->deflate_tiff && window == grid().extent()) {
    read_window(window, into);
  } else if (read && state_->deflate_tiff) {
    read(window, into);
  } else {
    read_block(window.x / block_width(), window.y / block_height(), into);
  }
}

BandFile::Spread BandFile::spread_over(std::int64_t wanted_pixels) const {
  if (std::int64_t{grid().width} * grid().height <= wanted_pixels) {
    Spread whole{grid().width, grid().height, {}};
    if (!state_->deflate_tiff) {
      whole.pieces.push_back({{}, grid().extent()});
      return whole;
    }
    for (int y = 0; y < grid().height; y += block_height()) {
      for (int x = 0; x < grid().width; x += block_width()) {
        const Window block = intersection({x, y, block_width(), block_height()}, grid().extent());
        whole.pieces.push_back({{x, y}, block});
      }
    }
    return whole;
  }
  // Blocks of a piece, pieces of the raster, pieces that are read. What is cut off at the right and the lower edge
  // stays away.
  const auto pieces_along = [](int length, int block) {
    const int blocks = std::min((least_piece_px + block - 1) / block, std::max(1, length / block));
    return std::pair{blocks, std::max(1, length / (blocks * block))};
  };
  const auto [blocks_x, across] = pieces_along(grid().width, block_width());
  const auto [blocks_y, down] = pieces_along(grid().height, block_height());
  const int width = std::min(blocks_x * block_width(), grid().width);
  const int height = std::min(blocks_y * block_height(), grid().height);
  const double most = std::max(1.0, static_cast<double>(wanted_pixels) / (static_cast<double>(width) * height));
  const int columns = std::min(static_cast<int>(std::sqrt(most)), across);
  const int rows = std::min(static_cast<int>(most / columns), down);
  Spread spread{columns * width, rows * height, {}};
  for (int y = 0; y < rows * blocks_y; ++y) {
    for (int x = 0; x < columns * blocks_x; ++x) {
      const int bx = taken_of(x / blocks_x, columns, across) * blocks_x + x % blocks_x;
      const int by = taken_of(y / blocks_y, rows, down) * blocks_y + y % blocks_y;
      spread.pieces.push_back({{bx * block_width(), by * block_height()},
                               {x * block_width(), y * block_height(), std::min(block_width(), grid().width),
                                std::min(block_height(), grid().height)}});
    }
  }
  return spread;
}

}  // namespace pitwatch
