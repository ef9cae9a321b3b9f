#include "pipeline/io/raster/png_writer.hpp"

#include <gdal_priv.h>

#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/memory_file.hpp"

namespace pitwatch {

std::vector<std::uint8_t> png_of(int width, int height, std::span<const std::uint8_t> rgb) {
  constexpr int bands = 3;
  if (width <= 0 || height <= 0 ||
      rgb.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * bands) {
    throw DataError("the picture to write does not have the size that it names");
  }
  ensure_gdal();
  const GdalErrorCapture errors;
  GDALDriverManager* const drivers = GetGDALDriverManager();
  GDALDriver* const memory = drivers->GetDriverByName("MEM");
  GDALDriver* const png = drivers->GetDriverByName("PNG");
  if (memory == nullptr || png == nullptr) throw IoError("this GDAL has no PNG driver");
  // The PNG driver copies from another dataset: one in memory.
  const GDALDatasetUniquePtr picture(memory->Create("", width, height, bands, GDT_Byte, nullptr));
  if (!picture || picture->RasterIO(GF_Write, 0, 0, width, height, const_cast<std::uint8_t*>(rgb.data()), width, height,
                                    GDT_Byte, bands, nullptr, bands, GSpacing{bands} * width, 1, nullptr) != CE_None) {
    throw IoError(errors.explain("cannot write"));
  }
  const MemoryFile file("picture.png");
  GDALDatasetUniquePtr written(png->CreateCopy(file.path().c_str(), picture.get(), 0, nullptr, nullptr, nullptr));
  const bool failed = !written || errors.failed();
  written.reset();
  if (failed || errors.failed()) throw IoError(errors.explain("cannot write"));
  const std::string content = file.content();
  return {content.begin(), content.end()};
}

void write_png(const std::string& path, int width, int height, std::span<const std::uint8_t> rgb) {
  try {
    const std::vector<std::uint8_t> bytes = png_of(width, height, rgb);
    write_file_atomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  } catch (const IoError& error) {
    const std::string_view what = error.what();
    throw IoError(what.starts_with(path) ? std::string(what) : path + ": " + std::string(what));
  }
}

}  // namespace pitwatch
