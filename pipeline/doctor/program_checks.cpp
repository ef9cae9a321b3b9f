#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/doctor/checks.hpp"
#include "pipeline/dossier/pdf.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/report/versions.hpp"

namespace pitwatch {
namespace {

/// Any of these drivers will do.
struct DriverNeed {
  std::array<const char*, 2> any;
  const char* use;
  bool is_needed;
};

constexpr std::array driver_needs{DriverNeed{{"GTiff"}, "scenes as GeoTIFF, chips, rasters", true},
                                  DriverNeed{{"JP2OpenJPEG"}, "bands of SAFE and AWS scenes (JPEG 2000)", true},
                                  DriverNeed{{"GPKG"}, "the register", true},
                                  DriverNeed{{"GeoJSON"}, "sites and layers", true},
                                  DriverNeed{{"ESRI Shapefile"}, "sites and layers as Shapefile", false},
                                  DriverNeed{{"FlatGeobuf"}, "sites and layers as FlatGeobuf", false},
                                  DriverNeed{{"LIBKML", "KML"}, "sites, layers and exports as KML", false},
                                  DriverNeed{{"PostgreSQL"}, "a register or layers in PostGIS", false}};

void check_drivers(HealthChecks& checks) {
  std::string missing;
  Health health = Health::ok;
  for (const DriverNeed& need : driver_needs) {
    bool is_there = false;
    for (const char* const driver : need.any) is_there = is_there || (driver != nullptr && has_gdal_driver(driver));
    if (is_there) continue;
    missing += (missing.empty() ? "" : "; ") + std::string(need.any[0]) + ", for " + need.use;
    health = std::max(health, need.is_needed ? Health::failed : Health::warning);
  }
  checks.push_back({"GDAL drivers", health, missing.empty() ? "all that are used are there" : "missing: " + missing,
                    missing.empty() ? "" : "install GDAL with them (Debian: libgdal32), or unset GDAL_SKIP"});
}

/// Known figures of a known point: data that are missing, or of another installation, give none or others.
void check_projections(HealthChecks& checks) {
  constexpr double close_degrees = 1e-6;
  std::string problem;
  try {
    const LonLat place = ToWgs84("EPSG:32638")({500000, 4427757.219});
    if (!(std::abs(place.lon - 45) < close_degrees && std::abs(place.lat - 40) < 1e-5)) {
      problem = "EPSG:32638 is not what it should be";
    }
  } catch (const DataError& error) {
    problem = error.what();
  }
  checks.push_back({"PROJ data", problem.empty() ? Health::ok : Health::failed,
                    problem.empty() ? "UTM to WGS 84 as it should be" : problem,
                    problem.empty() ? "" : "install proj-data (Debian), and unset PROJ_LIB and PROJ_DATA"});
}

/// What a program says, a few kilobytes at most; empty where it cannot be run.
std::string words_of(const char* command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), &::pclose);
  std::string words;
  std::array<char, 512> part{};
  while (pipe && words.size() < 4096 && std::fgets(part.data(), part.size(), pipe.get()) != nullptr)
    words += part.data();
  return words;
}

void check_pdf(HealthChecks& checks) {
  try {
    checks.push_back({"PDF", Health::ok, find_pdf_maker().program, ""});
  } catch (const ConfigError& error) {
    checks.push_back({"PDF", Health::warning, error.what(), "install chromium where reports are wanted as PDF"});
    return;
  }
  const std::string fonts = words_of("fc-list :lang=az:lang=ru family 2>/dev/null");
  const std::string first = fonts.substr(0, fonts.find('\n'));
  checks.push_back({"fonts", first.empty() ? Health::warning : Health::ok,
                    first.empty() ? "fc-list knows none with Azerbaijani and Cyrillic letters" : first + ", and others",
                    first.empty() ? "install fonts-dejavu-core, or letters in PDFs are boxes" : ""});
}

}  // namespace

void check_program(HealthChecks& checks) {
  std::string libraries;
  for (const auto& [library, version] : versions())
    libraries += (libraries.empty() ? "" : ", ") + library + " " + version;
  checks.push_back({"program", Health::ok, libraries, ""});
  check_drivers(checks);
  check_projections(checks);
  check_pdf(checks);
}

}  // namespace pitwatch
