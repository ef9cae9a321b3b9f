#include "pipeline/io/files/gdal_runtime.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_http.h>
#include <gdal.h>
#include <openssl/crypto.h>
#include <proj.h>
#include <tiffio.h>

#include <atomic>
#include <mutex>
#include <string_view>

#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t default_cache_bytes = 16 << 20;

std::once_flag registered;

std::atomic<bool> credentials_are_asked_for = false;

/// Where machines and containers of Amazon's get the credentials of their role.
bool is_credential_service(std::string_view url) {
  constexpr std::string_view service = ".amazonaws.com/";
  if (url.starts_with("http://169.254.169.254/") || url.starts_with("http://169.254.170.2/")) return true;
  if (!url.starts_with("https://sts.")) return false;
  const std::size_t end = url.find('/', std::string_view("https://").size());
  return end != std::string_view::npos && url.substr(0, end + 1).ends_with(service);
}

/// Takes the place of the requests that GDAL makes by itself (not of those for the bytes of rasters): a GeoJSON may
/// name a URL as its CRS.
CPLHTTPResult* refuse_request(const char* url, CSLConstList, GDALProgressFunc, void*, CPLHTTPFetchWriteFunc, void*,
                              void*) {
  if (credentials_are_asked_for && is_credential_service(url)) return nullptr;  // GDAL's own goes on
  auto* const result = static_cast<CPLHTTPResult*>(CPLCalloc(1, sizeof(CPLHTTPResult)));
  result->nStatus = 1;
  result->pszErrBuf = CPLStrdup("a file names it");
  CPLError(CE_Failure, CPLE_AppDefined, "a URL that a file names is not asked for: %s", url);
  return result;
}

void register_drivers() {
  // Threads are ours: GDAL must not start its own inside a stage.
  CPLSetConfigOption("GDAL_NUM_THREADS", "1");
  // A folder of ten thousand scenes is not listed for each file opened in it.
  CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
  // Inputs come from outside and must not bring code.
  CPLSetConfigOption("GDAL_VRT_ENABLE_PYTHON", "NO");
  CPLHTTPSetFetchCallback(refuse_request, nullptr);
  const GdalErrorCapture quiet;  // a driver plugin that does not load is no concern of ours
  GDALAllRegister();
  GDALSetCacheMax64(default_cache_bytes);
}

}  // namespace

void ensure_gdal() { std::call_once(registered, register_drivers); }

void let_gdal_ask_for_credentials() { credentials_are_asked_for = true; }

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
