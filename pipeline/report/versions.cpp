#include "pipeline/report/versions.hpp"

#include <hwy/base.h>
#include <hwy/highway.h>

#include <opencv2/core/version.hpp>

#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/schedule/arena.hpp"

namespace pitwatch {

std::string program_version() { return PITWATCH_VERSION; }

std::vector<std::pair<std::string, std::string>> versions() {
  return {
      {"pitwatch", program_version()},
      {"source", source_revision()},
      {"GDAL", gdal_version()},
      {"PROJ", proj_version()},
      {"libtiff", tiff_version()},
      {"OpenSSL", openssl_version()},
      {"libcurl", curl_library_version()},
      {"OpenCV", CV_VERSION},
      {"oneTBB", scheduler_version()},
      {"Highway", std::to_string(HWY_MAJOR) + "." + std::to_string(HWY_MINOR) + "." + std::to_string(HWY_PATCH)},
  };
}

}  // namespace pitwatch
