#pragma once
// How much of an alert lies in the site that it is of: sites are watched with ground around them.

#include <map>
#include <span>
#include <string>

#include "pipeline/core/alert_context.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// Sets `site_share` of the alerts whose site is among `sites` (outlines by id), from the shares of their pixels.
/// `facts` are those of `alerts`, in their order. Throws DataError naming an alert whose outline is of no use.
void set_site_shares(const std::map<std::string, LonLatMultiPolygon>& sites, std::span<const OutlinedAlert> alerts,
                     std::span<ContextFacts> facts, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
