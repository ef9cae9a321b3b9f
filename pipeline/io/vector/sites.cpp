#include "pipeline/io/vector/sites.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/core/misspelling.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/vector_file.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t longest_id = 64;

/// Calls visit(x, y) for each vertex.
void for_each_vertex(const OGRGeometry& geometry, const std::function<void(double, double)>& visit) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) {
    for (const OGRLinearRing* ring : *geometry.toPolygon()) {
      for (int i = 0; i < ring->getNumPoints(); ++i) visit(ring->getX(i), ring->getY(i));
    }
  } else if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) != 0) {
    for (const OGRGeometry* part : *geometry.toGeometryCollection()) for_each_vertex(*part, visit);
  }
}

/// West and east of longitudes, the shorter way round: where they lie on both sides of the antimeridian, east is beyond
/// 180.
std::pair<double, double> range_of_longitudes(std::vector<double> longitudes) {
  for (double& lon : longitudes) lon = std::remainder(lon, 360);
  std::sort(longitudes.begin(), longitudes.end());
  std::pair<double, double> range{longitudes.front(), longitudes.back()};
  double widest_gap = 360 - (range.second - range.first);
  for (std::size_t i = 1; i < longitudes.size(); ++i) {
    const double gap = longitudes[i] - longitudes[i - 1];
    if (gap <= widest_gap) continue;
    widest_gap = gap;
    range = {longitudes[i], longitudes[i - 1] + 360};
  }
  return range;
}

/// What a layer names, or WGS 84.
OGRSpatialReference crs_of(const VectorFile& file, OGRLayer& layer) {
  return named_crs(file.dataset(), layer).value_or(reference_of("OGC:CRS84"));
}

std::unique_ptr<OGRGeometry> transformed(const OGRGeometry& geometry, const OGRSpatialReference& from,
                                         const OGRSpatialReference& to, const GdalErrorCapture& errors) {
  std::unique_ptr<OGRGeometry> copy(geometry.getLinearGeometry());  // arcs become lines
  if (from.IsSame(&to) == 0) {
    const Transformation transformation = transformation_between(from, to);
    if (copy->transform(transformation.get()) != OGRERR_NONE) {
      throw DataError(errors.explain("cannot be transformed"));
    }
  }
  return copy;
}

constexpr std::array<std::string_view, 6> columns{"id", "name", "commodity", "baseline_from", "baseline_to", "monitor"};
constexpr std::size_t longest_shapefile_name = 10;

/// "Min-Area_ha" as "min_area_ha".
std::string plain_name(std::string_view name) {
  std::string plain = lower_ascii(std::string(name));
  std::replace(plain.begin(), plain.end(), '-', '_');
  return plain;
}

/// Names of a single word may be a column of anybody's.
void refuse_option_columns(const OGRFeatureDefn& definition, std::span<const std::string> options) {
  for (int i = 0; i < definition.GetFieldCount(); ++i) {
    const std::string name = definition.GetFieldDefn(i)->GetNameRef();
    const auto is_it = [&](const std::string& option) {
      return option.find('-') != std::string::npos && plain_name(option) == plain_name(name);
    };
    const auto found = std::find_if(options.begin(), options.end(), is_it);
    if (found == options.end()) continue;
    throw ConfigError("the column '" + name +
                      "' would be passed over: as an option of the site it belongs into 'monitor', as \"" + *found +
                      "\"");
  }
}

/// Short names are near to many words that are none of ours.
void refuse_misspelt_columns(const OGRFeatureDefn& definition) {
  constexpr std::size_t least_length = 7;
  constexpr std::size_t most_changes = 2;
  for (int i = 0; i < definition.GetFieldCount(); ++i) {
    const std::string name = lower_ascii(definition.GetFieldDefn(i)->GetNameRef());
    for (const std::string_view known : columns) {
      if (name == known || name == known.substr(0, longest_shapefile_name)) break;
      if (known.size() < least_length || edit_distance(name, known) > most_changes) continue;
      if (std::find(columns.begin(), columns.end(), name) != columns.end()) continue;
      throw ConfigError("the column '" + std::string(definition.GetFieldDefn(i)->GetNameRef()) +
                        "' is none that is known: is it '" + std::string(known) + "'?");
    }
  }
}

int index_of(const OGRFeatureDefn& definition, const std::string& column) {
  const int index = field_index(definition, column);
  if (index >= 0 || column.size() <= longest_shapefile_name) return index;
  return field_index(definition, column.substr(0, longest_shapefile_name));
}

int index_of(OGRFeature& feature, const std::string& column) { return index_of(*feature.GetDefnRef(), column); }

void refuse_ambiguous_columns(const OGRFeatureDefn& definition) {
  for (const std::string_view column : columns) index_of(definition, std::string(column));
}

std::string text_of(OGRFeature& feature, const char* field) {
  const int index = index_of(feature, field);
  return index >= 0 && feature.IsFieldSetAndNotNull(index) != 0 ? feature.GetFieldAsString(index) : "";
}

/// OGR tells dates with slashes, "2021/12/31" and "2021/12/31 00:00:00+04". Of days in a column where others are times
/// it makes midnights without a zone, which count as days.
std::optional<Instant> bound_of(OGRFeature& feature, const char* field, Instant (&parse)(std::string_view)) {
  constexpr std::string_view no_time = " 00:00:00";
  std::string text = text_of(feature, field);
  if (text.empty()) return {};
  const std::string in_file = text;
  std::replace(text.begin(), text.end(), '/', '-');
  if (text.ends_with(no_time)) text.erase(text.size() - no_time.size());
  try {
    return parse(text);
  } catch (const DataError& error) {
    throw DataError(std::string(field) + ": not an ISO 8601 date or time: '" + in_file + "'");
  }
}

/// Of a name: other characters than an id's become '-', one for several.
std::string id_of(const std::string& name) {
  std::string id;
  for (const char c : name) {
    const bool is_fit = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (is_fit) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.substr(0, longest_id);
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

/// Throws DataError.
std::string id_of(OGRFeature& feature) {
  const int index = index_of(feature, "id");
  const bool is_given = index >= 0 && feature.IsFieldSetAndNotNull(index) != 0;
  const std::string given = is_given ? id_field(feature, index) : "";
  if (is_usable_id(given)) return given;
  if (!given.empty()) throw DataError("its id must be 1 to 64 letters, digits, '-' or '_', not '" + given + "'");
  const std::string name = text_of(feature, "name");
  const std::string made = id_of(name);
  if (made.empty()) throw DataError("has no id, and no name that one could be made of: '" + name + "'");
  return made;
}

Site site_of(OGRFeature& feature, const std::string& id, const OGRSpatialReference& source,
             const GdalErrorCapture& errors) {
  Site site;
  site.id = id;
  site.name = text_of(feature, "name");
  if (site.name.empty()) site.name = site.id;
  site.commodity = text_of(feature, "commodity");
  site.baseline_from = bound_of(feature, "baseline_from", parse_instant);
  site.baseline_to = bound_of(feature, "baseline_to", last_instant);
  if (site.baseline_from && site.baseline_to && *site.baseline_to < *site.baseline_from) {
    throw DataError("baseline_to is before baseline_from");
  }
  site.overrides = overrides_of(feature, site.id);
  const OGRGeometry* geometry = feature.GetGeometryRef();
  if (geometry == nullptr || geometry->IsEmpty() != 0 || geometry->getDimension() != 2) {
    throw DataError(geometry == nullptr || geometry->IsEmpty() != 0
                        ? "has no outline"
                        : std::string("is a ") + geometry->getGeometryName() + ", and no polygon");
  }
  const OGRSpatialReference wgs84 = reference_of("OGC:CRS84");
  const std::unique_ptr<OGRGeometry> degrees = transformed(*geometry, source, wgs84, errors);
  std::vector<double> longitudes;
  double south = 90;
  double north = -90;
  for_each_vertex(*degrees, [&](double lon, double lat) {
    if (!(std::abs(lon) <= 360 && std::abs(lat) <= 90)) {
      throw DataError("has a vertex that is no place on Earth: are longitude and latitude swapped?");
    }
    longitudes.push_back(lon);
    south = std::min(south, lat);
    north = std::max(north, lat);
  });
  if (longitudes.empty()) throw DataError("has no outline");
  const auto [west, east] = range_of_longitudes(std::move(longitudes));
  site.longitude = std::remainder((west + east) / 2, 360);
  site.latitude = (south + north) / 2;
  if (!(std::abs(site.latitude) <= 84)) throw DataError("lies beyond the latitudes of 84 degrees");
  site.crs = utm_crs(site.longitude, site.latitude);
  const std::unique_ptr<OGRGeometry> outline = transformed(*geometry, source, reference_of(site.crs), errors);
  constexpr double least_m2 = 1;  // of what crosses itself the parts may cancel each other: its hull counts
  const std::unique_ptr<OGRGeometry> hull(outline->ConvexHull());
  if (!hull || !(OGR_G_Area(OGRGeometry::ToHandle(hull.get())) >= least_m2)) throw DataError("encloses no ground");
  OGREnvelope metres;
  outline->getEnvelope(&metres);
  site.lower_left = {metres.MinX, metres.MinY};
  site.upper_right = {metres.MaxX, metres.MaxY};
  constexpr double longest_side_m = 200'000;  // more is a slip: a site is some kilometres wide
  if (!(metres.MaxX - metres.MinX <= longest_side_m && metres.MaxY - metres.MinY <= longest_side_m)) {
    throw DataError("is more than 200 km wide or high");
  }
  return site;
}

}  // namespace

std::vector<Site> read_sites(const std::string& path) {
  std::vector<RejectedSite> rejected;
  std::vector<Site> sites = read_sites(path, rejected);
  if (!rejected.empty()) throw DataError(rejected.front().what + ": " + rejected.front().reason);
  return sites;
}

std::vector<Site> read_sites(const std::string& path, std::vector<RejectedSite>& rejected,
                             std::span<const std::string> options) {
  return naming_file(path, [&] {
    const VectorFile file(path);
    // Of a file that could be opened all the same: a CRS that is none, for one, for which WGS 84 is taken.
    if (file.errors().failed()) rejected.push_back({"", path, file.errors().explain("is damaged in part")});
    std::vector<Site> sites;
    std::set<std::string> ids;
    const std::vector<OGRLayer*> layers = layers_of(file.dataset());
    for (OGRLayer* layer : layers) {
      const std::string place = layers.size() > 1 ? path + ": layer " + names_of({layer}) : path;
      const OGRSpatialReference source = crs_of(file, *layer);
      refuse_ambiguous_columns(*layer->GetLayerDefn());
      refuse_misspelt_columns(*layer->GetLayerDefn());
      refuse_option_columns(*layer->GetLayerDefn(), options);
      for_each_feature(*layer, [&](OGRFeature& feature, const GdalErrorCapture& errors) {
        std::string id;
        try {
          id = id_of(feature);
          Site site = site_of(feature, id, source, errors);
          if (!ids.insert(id).second) throw DataError("another site has this id, too");
          sites.push_back(std::move(site));
        } catch (const DataError& error) {
          const std::string what = id.empty() ? "feature " + std::to_string(feature.GetFID()) : "site '" + id + "'";
          rejected.push_back({id, place + ": " + what, error.what()});
        }
      });
    }
    if (file.errors().failed() && sites.empty()) throw DataError(file.errors().explain("cannot read"));
    if (sites.empty() && rejected.empty()) throw DataError("holds no site");
    if (sites.empty()) {
      const RejectedSite& first = rejected.front();
      throw DataError("holds no site: " + first.what.substr(path.size() + 2) + ": " + first.reason);
    }
    return sites;
  });
}

std::map<std::string, LonLatMultiPolygon> read_site_outlines(const std::string& path) {
  std::vector<RejectedSite> rejected;
  std::set<std::string> ids;
  for (const Site& site : read_sites(path, rejected)) ids.insert(site.id);
  return naming_file(path, [&] {
    const VectorFile file(path);
    const OGRSpatialReference wgs84 = reference_of("OGC:CRS84");
    std::map<std::string, LonLatMultiPolygon> outlines;
    for (OGRLayer* layer : layers_of(file.dataset())) {
      const OGRSpatialReference source = crs_of(file, *layer);
      for_each_feature(*layer, [&](OGRFeature& feature, const GdalErrorCapture& errors) {
        try {
          const std::string id = id_of(feature);
          const OGRGeometry* const geometry = feature.GetGeometryRef();
          if (geometry == nullptr || ids.count(id) == 0 || outlines.count(id) != 0) return;
          outlines[id] = lonlat_shape(*transformed(*geometry, source, wgs84, errors));
        } catch (const DataError&) {  // read_sites() reports those that are none
        }
      });
    }
    return outlines;
  });
}

}  // namespace pitwatch
