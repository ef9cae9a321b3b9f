#pragma once
// What a dossier says of a site, in no language.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/account/inventory.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/dossier/dossier_record.hpp"
#include "pipeline/dossier/page_values.hpp"
#include "pipeline/dossier/texts.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

struct InventoryLine {
  ObjectKind kind = ObjectKind::cannot_tell;
  int objects = 0;
  double area_ha = 0;
};

struct SiteDossier {
  std::string site;
  std::vector<OutlinedAlert> alerts;     // that are not superseded, the largest first
  std::vector<InventoryLine> inventory;  // kinds that there are
  std::optional<SiteCoverage> coverage;
  FeedOptions coverage_options;
  int blind_days = 0;
  std::size_t acquisitions = 0;  // on record
  std::optional<Instant> newest_acquisition;
  LonLatMultiPolygon outline;  // of the site; empty: not known
};

/// Dossiers of sites, of all where none is named: those that the record has acquisitions or alerts of, by id. What
/// cannot be read of coverage is in `skipped`: file, and why. Throws ConfigError for a site that is not on record.
std::vector<SiteDossier> site_dossiers(const DossierRecord& record, const std::string& register_target,
                                       const std::vector<std::string>& sites,
                                       std::vector<std::pair<std::string, std::string>>& skipped);

/// Values for templates/site.mustache. `pages`: files of alerts' dossiers by id.
PageValues site_page(const SiteDossier& dossier, const DossierRecord& record, const Texts& texts,
                     const std::map<std::string, std::string>& pages);

/// A sketch of outlines on a plane, as an SVG element; empty where there is nothing to draw.
std::string site_map_svg(const SiteDossier& dossier, const Texts& texts);

}  // namespace pitwatch
