#pragma once
// The sites that are watched, from a GeoJSON file.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/site.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// A feature that is no site.
struct RejectedSite {
  std::string id;    // where it has one
  std::string what;  // "FILE: feature 3"
  std::string reason;
};

/// Reads the features of a vector file (GeoJSON, GeoPackage, Shapefile, FlatGeobuf or KML) as sites: polygons with
/// attributes `id` (unique, of letters, digits, '-' and '_', since folders are named after it), `name` (by default the
/// id) and, where it is there, `commodity`, `baseline_from` and `baseline_to` (days, which are whole, or times, with a
/// zone or in UTC), and `monitor`, an object of options and numbers (Site::overrides; whether there are such options is
/// not known here). The names are taken in either case, and cut to ten characters, as Shapefiles have them. Where no id
/// is given it is made of the name: other characters become '-'. A site lies in the UTM zone of the middle of its
/// bounds, across the antimeridian, too. Layers without a CRS are taken as WGS 84.
///
/// Features that are no such sites go into `rejected`, and the others go on. Throws DataError, starting with the path:
/// cannot be opened, or not read to its end (none of its sites then counts), no site at all; ConfigError for a
/// `monitor` that is no such object, and for a column that is nearly one of the above, or that has the name of one of
/// `options`, which belong into `monitor`: it would be passed over otherwise.
std::vector<Site> read_sites(const std::string& path, std::vector<RejectedSite>& rejected,
                             std::span<const std::string> options = {});

/// The same where each feature must be a site: throws DataError for the first that is none.
std::vector<Site> read_sites(const std::string& path);

/// The outlines of the sites of that file by id, WGS 84; features that are no sites are left aside. Throws as
/// read_sites() does.
std::map<std::string, LonLatMultiPolygon> read_site_outlines(const std::string& path);

}  // namespace pitwatch
