#include "pipeline/context/site_share.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/context/coverage.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t alerts_per_part = 256;

/// Of the alert's ground, 0..1; a site whose rings cross may give more or less in a pixel, which does not count.
double share_in(const GridShape& site, const AlertPixels& alert) {
  const Plane<double> inside = coverage(site, alert.window);
  double all = 0;
  double within = 0;
  for (int y = 0; y < alert.window.height; ++y) {
    for (int x = 0; x < alert.window.width; ++x) {
      all += alert.shares.at(x, y);
      within += alert.shares.at(x, y) * std::clamp(inside.at(x, y), 0.0, 1.0);
    }
  }
  return all > 0 ? within / all : 0;
}

}  // namespace

void set_site_shares(const std::map<std::string, LonLatMultiPolygon>& sites, std::span<const OutlinedAlert> alerts,
                     std::span<ContextFacts> facts, const ParallelFor& parallel_for) {
  AlertZones zones;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> members;  // by zone and site
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    const std::optional<std::string>& site = alerts[i].alert.site;
    if (site && sites.count(*site) != 0) members[{zones.crs_of(alerts[i]), *site}].push_back(i);
  }
  for (const auto& [key, all] : members) {
    const Grid grid = zone_grid(key.first);
    ToGrid site_to_grid(grid);
    const GridShape site = site_to_grid(sites.at(key.second));
    const std::size_t parts = (all.size() + alerts_per_part - 1) / alerts_per_part;
    parallel_for(static_cast<int>(parts), [&, &ids = all](int part) {
      ToGrid to_grid(grid);
      const std::size_t first = static_cast<std::size_t>(part) * alerts_per_part;
      for (std::size_t i = first; i < std::min(first + alerts_per_part, ids.size()); ++i) {
        const OutlinedAlert& alert = alerts[ids[i]];
        try {
          facts[ids[i]].context.site_share =
              share_in(site, pixels_of(alert_shape(alert.outline, to_grid), alert.alert.area_ha));
        } catch (const DataError& error) {
          throw DataError("alert '" + alert.alert.id + "': " + error.what());
        }
      }
    });
  }
}

}  // namespace pitwatch
