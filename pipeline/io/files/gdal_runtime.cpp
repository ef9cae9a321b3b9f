#include "pipeline/io/files/gdal_runtime.hpp"

#include <cpl_conv.h>
#include <gdal.h>
#include <openssl/crypto.h>
#include <proj.h>
#include <tiffio.h>

#include <mutex>

#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t default_cache_bytes = 16 << 20;

std::once_flag registered;

void register_drivers() {
  // Threads are ours: GDAL must not start its own inside a stage.
  CPLSetConfigOption("GDAL_NUM_THREADS", "1");
  // A folder of ten thousand scenes is not listed for each file opened in it.
  CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
  // Inputs come from outside and must not bring code.
  CPLSetConfigOption("GDAL_VRT_ENABLE_PYTHON", "NO");
  const GdalErrorCapture quiet;  // a driver plugin that does not load is no concern of ours
  GDALAllRegister();
  GDALSetCacheMax64(default_cache_bytes);
}

}  // namespace

void ensure_gdal() { std::call_once(registered, register_drivers); }

void initialise_gdal(std::int64_t cache_bytes) {
  ensure_gdal();
  GDALSetCacheMax64(cache_bytes);
}

bool has_gdal_driver(const std::string& name) {
  ensure_gdal();
  return GDALGetDriverByName(name.c_str()) != nullptr;
}

std::string gdal_version() { return GDALVersionInfo("RELEASE_NAME"); }

std::string proj_version() { return proj_info().version; }

std::string tiff_version() {
  // "LIBTIFF, Version 4.5.0\nCopyright ..."
  const std::string text = TIFFGetVersion();
  const std::size_t start = text.find_first_of("0123456789");
  return start == std::string::npos ? text : text.substr(start, text.find('\n') - start);
}

std::string openssl_version() {
  // "OpenSSL 3.0.15 3 Sep 2024"
  const std::string text = OpenSSL_version(OPENSSL_VERSION);
  const std::size_t start = text.find(' ') + 1;
  return text.substr(start, text.find(' ', start) - start);
}

}  // namespace pitwatch
