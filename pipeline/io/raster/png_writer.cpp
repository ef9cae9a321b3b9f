#include "pipeline/io/raster/png_writer.hpp"

#include <gdal_priv.h>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"

namespace pitwatch {
namespace {

/// The PNG driver copies from another dataset: one in memory.
void write(const std::string& path, int width, int height, std::span<const std::uint8_t> rgb) {
  constexpr int bands = 3;
  const GdalErrorCapture errors;
  GDALDriverManager* const drivers = GetGDALDriverManager();
  GDALDriver* const memory = drivers->GetDriverByName("MEM");
  GDALDriver* const png = drivers->GetDriverByName("PNG");
  if (memory == nullptr || png == nullptr) throw IoError("this GDAL has no PNG driver");
  const GDALDatasetUniquePtr picture(memory->Create("", width, height, bands, GDT_Byte, nullptr));
  if (!picture || picture->RasterIO(GF_Write, 0, 0, width, height, const_cast<std::uint8_t*>(rgb.data()), width, height,
                                    GDT_Byte, bands, nullptr, bands, GSpacing{bands} * width, 1, nullptr) != CE_None) {
    throw IoError(errors.explain("cannot write"));
  }
  const GDALDatasetUniquePtr written(png->CreateCopy(path.c_str(), picture.get(), 0, nullptr, nullptr, nullptr));
  if (!written || errors.failed()) throw IoError(errors.explain("cannot write"));
}

}  // namespace

void write_png(const std::string& path, int width, int height, std::span<const std::uint8_t> rgb) {
  ensure_gdal();
  if (width <= 0 || height <= 0 ||
      rgb.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3) {
    throw DataError(path + ": the picture to write does not have the size that it names");
  }
  AtomicFile atomic(path);
  try {
    write(atomic.temporary(), width, height, rgb);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  }
  atomic.commit();
}

}  // namespace pitwatch
