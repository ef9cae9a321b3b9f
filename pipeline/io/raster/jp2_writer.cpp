#include "pipeline/io/raster/jp2_writer.hpp"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"

namespace pitwatch {
namespace {

constexpr int reflectance_bits = 15;

class Options {
 public:
  Options() = default;
  ~Options() { CSLDestroy(list_); }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  void set(const char* key, const std::string& value) { list_ = CSLSetNameValue(list_, key, value.c_str()); }
  char** get() const { return list_; }

 private:
  char** list_ = nullptr;
};

using Dataset = std::unique_ptr<void, void (*)(GDALDatasetH)>;

/// A file in memory that GDAL writes; it goes with the object.
class MemoryFile {
 public:
  MemoryFile() {
    static std::atomic<unsigned> counter{0};
    path_ = "/vsimem/pitwatch_jp2_" + std::to_string(counter.fetch_add(1)) + ".jp2";
  }
  ~MemoryFile() { VSIUnlink(path_.c_str()); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const char> content() const {
    vsi_l_offset size = 0;
    const GByte* const bytes = VSIGetMemFileBuffer(path_.c_str(), &size, FALSE);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  }

 private:
  std::string path_;
};

/// The plane as a dataset of GDAL's that shares the pixels.
template <typename T>
Dataset dataset_over(const Grid& grid, PlaneView<const T> plane, GDALDataType type) {
  Dataset dataset(GDALCreate(GDALGetDriverByName("MEM"), "", grid.width, grid.height, 0, type, nullptr), &GDALClose);
  if (!dataset) return dataset;
  std::array<char, 64> address{};
  CPLPrintPointer(address.data(), const_cast<T*>(plane.data), address.size() - 1);
  Options options;
  options.set("DATAPOINTER", address.data());
  options.set("LINEOFFSET", std::to_string(plane.stride * static_cast<std::ptrdiff_t>(sizeof(T))));
  if (GDALAddBand(dataset.get(), type, options.get()) != CE_None) dataset.reset();
  return dataset;
}

int tile_side_of(const Grid& grid) {
  if (grid.pixel_size_m == 10) return 1024;
  return grid.pixel_size_m == 20 ? 640 : 192;
}

template <typename T>
void write(const std::string& path, const Grid& grid, PlaneView<const T> plane, GDALDataType type, int bits) {
  ensure_gdal();
  const GdalErrorCapture errors;
  if (plane.width != grid.width || plane.height != grid.height || grid.extent().empty()) {
    throw DataError(path + ": the plane to write does not have the size of its grid");
  }
  const std::unique_ptr<void, void (*)(OGRSpatialReferenceH)> crs(OSRNewSpatialReference(nullptr),
                                                                  &OSRDestroySpatialReference);
  if (OSRSetFromUserInput(crs.get(), grid.crs.c_str()) != OGRERR_NONE) {
    throw DataError(path + ": " + errors.explain("unknown CRS '" + grid.crs + "'"));
  }
  const Dataset source = dataset_over(grid, plane, type);
  std::array<double, 6> transform{grid.origin.x, grid.pixel_size_m, 0, grid.origin.y, 0, -grid.pixel_size_m};
  if (!source || GDALSetGeoTransform(source.get(), transform.data()) != CE_None ||
      GDALSetSpatialRef(source.get(), crs.get()) != CE_None) {
    throw IoError(path + ": " + errors.explain("cannot write"));
  }

  Options options;
  options.set("QUALITY", "100");
  options.set("REVERSIBLE", "YES");
  options.set("CODEBLOCK_STYLE", "BYPASS");
  options.set("GeoJP2", "NO");  // as ESA; GDAL takes longer for it than for the pixels of a small band
  options.set("BLOCKXSIZE", std::to_string(tile_side_of(grid)));
  options.set("BLOCKYSIZE", std::to_string(tile_side_of(grid)));
  constexpr int room_for_five_decompositions = 192;
  if (std::min(grid.width, grid.height) >= room_for_five_decompositions) options.set("RESOLUTIONS", "6");
  options.set("NBITS", std::to_string(bits));
  // Into memory first: the driver does not notice when the end of a file finds no room on the disk.
  const MemoryFile encoded;
  Dataset written(GDALCreateCopy(GDALGetDriverByName("JP2OpenJPEG"), encoded.path().c_str(), source.get(), 0,
                                 options.get(), nullptr, nullptr),
                  &GDALClose);
  const bool created = written != nullptr;
  written.reset();
  if (!created || errors.failed()) throw IoError(path + ": " + errors.explain("cannot write"));
  const std::span<const char> content = encoded.content();
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) throw IoError(path + ": cannot write: " + std::strerror(errno));
}

}  // namespace

void write_jp2(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn) {
  unsigned all_bits = 0;
  for (int y = 0; y < dn.height; ++y) {
    const std::uint16_t* const row = dn.row(y);
    for (int x = 0; x < dn.width; ++x) all_bits |= row[x];
  }
  write(path, grid, dn, GDT_UInt16, all_bits >> reflectance_bits == 0 ? reflectance_bits : 16);
}

void write_jp2(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> values) {
  write(path, grid, values, GDT_Byte, 8);
}

}  // namespace pitwatch
