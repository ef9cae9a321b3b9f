#include "pipeline/io/sites.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/io/gdal_errors.hpp"
#include "pipeline/io/gdal_state.hpp"
#include "pipeline/io/ogr_values.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t longest_id = 64;

OGRSpatialReference reference_of(const std::string& crs) {
  OGRSpatialReference reference;
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  if (reference.SetFromUserInput(crs.c_str()) != OGRERR_NONE) throw DataError("unknown CRS '" + crs + "'");
  return reference;
}

OGREnvelope transformed(const OGRGeometry& geometry, const OGRSpatialReference& from, const OGRSpatialReference& to,
                        const GdalErrorCapture& errors) {
  const std::unique_ptr<OGRGeometry> copy(geometry.clone());
  if (from.IsSame(&to) == 0) {
    const std::unique_ptr<OGRCoordinateTransformation, void (*)(OGRCoordinateTransformation*)> transformation(
        OGRCreateCoordinateTransformation(&from, &to), &OGRCoordinateTransformation::DestroyCT);
    if (!transformation || copy->transform(transformation.get()) != OGRERR_NONE) {
      throw DataError(errors.explain("cannot be transformed"));
    }
  }
  OGREnvelope box;
  copy->getEnvelope(&box);
  return box;
}

std::string text_of(OGRFeature& feature, const char* field) {
  const int index = feature.GetFieldIndex(field);
  return index >= 0 && feature.IsFieldSetAndNotNull(index) != 0 ? feature.GetFieldAsString(index) : "";
}

/// OGR tells dates with slashes, "2021/12/31" and "2021/12/31 00:00:00+04". Of days in a column where others are times
/// it makes midnights without a zone, which count as days.
std::optional<Instant> bound_of(OGRFeature& feature, const char* field, Instant (&parse)(std::string_view)) {
  constexpr std::string_view no_time = " 00:00:00";
  std::string text = text_of(feature, field);
  if (text.empty()) return {};
  std::replace(text.begin(), text.end(), '/', '-');
  if (text.ends_with(no_time)) text.erase(text.size() - no_time.size());
  try {
    return parse(text);
  } catch (const DataError& error) {
    throw DataError(std::string(field) + ": " + error.what());
  }
}

/// OGR gives nested objects as JSON text.
std::vector<std::pair<std::string, double>> overrides_of(OGRFeature& feature, const std::string& site) {
  std::vector<std::pair<std::string, double>> overrides;
  const std::string text = text_of(feature, "monitor");
  if (text.empty()) return overrides;
  const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) throw ConfigError("site '" + site + "': monitor is not an object of options and numbers");
  for (const auto& [name, value] : object.items()) {
    if (!value.is_number()) throw ConfigError("site '" + site + "': monitor: " + name + " is not a number");
    overrides.emplace_back(name, value.get<double>());
  }
  return overrides;
}

bool is_usable_id(const std::string& id) {
  return !id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

Site site_of(OGRFeature& feature, const OGRSpatialReference& source, const GdalErrorCapture& errors) {
  Site site;
  site.id = text_of(feature, "id");
  const std::string label = "feature " + std::to_string(feature.GetFID());
  if (!is_usable_id(site.id)) {
    throw DataError(label + ": its id must be 1 to 64 letters, digits, '-' or '_', not '" + site.id + "'");
  }
  site.name = text_of(feature, "name");
  if (site.name.empty()) site.name = site.id;
  site.commodity = text_of(feature, "commodity");
  site.baseline_from = bound_of(feature, "baseline_from", parse_instant);
  site.baseline_to = bound_of(feature, "baseline_to", last_instant);
  if (site.baseline_from && site.baseline_to && *site.baseline_to < *site.baseline_from) {
    throw DataError("site '" + site.id + "': baseline_to is before baseline_from");
  }
  site.overrides = overrides_of(feature, site.id);
  const OGRGeometry* geometry = feature.GetGeometryRef();
  if (geometry == nullptr || geometry->IsEmpty() != 0 || geometry->getDimension() != 2) {
    throw DataError("site '" + site.id + "' is not a polygon");
  }
  try {
    const OGREnvelope degrees = transformed(*geometry, source, reference_of("OGC:CRS84"), errors);
    site.longitude = (degrees.MinX + degrees.MaxX) / 2;
    site.latitude = (degrees.MinY + degrees.MaxY) / 2;
    if (!(std::abs(site.longitude) <= 180 && std::abs(site.latitude) <= 84)) throw DataError("is no place on Earth");
    site.crs = utm_crs(site.longitude, site.latitude);
    const OGREnvelope metres = transformed(*geometry, source, reference_of(site.crs), errors);
    site.lower_left = {metres.MinX, metres.MinY};
    site.upper_right = {metres.MaxX, metres.MaxY};
  } catch (const DataError& error) {
    throw DataError("site '" + site.id + "': " + error.what());
  }
  return site;
}

}  // namespace

std::vector<Site> read_sites(const std::string& path) {
  ensure_gdal();
  std::vector<Site> sites;
  try {
    const GdalErrorCapture errors;
    const GDALDatasetUniquePtr dataset(
        GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, vector_drivers()));
    if (!dataset) throw DataError(errors.explain("cannot open as a vector file"));
    std::set<std::string> ids;
    for (OGRLayer* layer : dataset->GetLayers()) {
      OGRSpatialReference source = reference_of("OGC:CRS84");
      if (const OGRSpatialReference* declared = layer->GetSpatialRef(); declared != nullptr) source = *declared;
      for (const OGRFeatureUniquePtr& feature : *layer) {
        sites.push_back(site_of(*feature, source, errors));
        if (!ids.insert(sites.back().id).second) throw DataError("two sites have the id '" + sites.back().id + "'");
      }
    }
    if (sites.empty()) throw DataError("holds no site");
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  }
  return sites;
}

}  // namespace pitwatch
