#pragma once
// The sites that are watched, from a GeoJSON file.

#include <string>
#include <vector>

#include "pipeline/core/site.hpp"

namespace pitwatch {

/// Reads the features of a vector file (GeoJSON, GeoPackage, Shapefile, FlatGeobuf or KML) as sites: polygons with
/// attributes `id` (unique, of letters, digits, '-' and '_', since folders are named after it), `name` (by default the
/// id) and, where it is there, `commodity`, `baseline_from` and `baseline_to` (days, which are whole, or times, with a
/// zone or in UTC), and `monitor`, an object of options and numbers (Site::overrides; whether there are such options is
/// not known here). A site lies in the UTM zone of the middle of its bounds. Layers without a CRS are taken as WGS 84.
/// Throws DataError, starting with the path: cannot be opened, no feature, a feature without polygon or usable id;
/// ConfigError for a `monitor` that is no such object.
std::vector<Site> read_sites(const std::string& path);

}  // namespace pitwatch
