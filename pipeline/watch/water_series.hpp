#pragma once
// Turbidity of the waters of layers at watched sites, acquisition by acquisition, from scenes as the nightly run reads
// them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/water/reaches.hpp"
#include "pipeline/water/turbidity.hpp"
#include "pipeline/water/water_area.hpp"

namespace pitwatch {

/// Clear water pixels that an acquisition must show, for its medians to count: a tenth of a hectare.
inline constexpr std::int64_t least_water_pixels = 10;

/// What one acquisition shows of a water: medians of the reflectance of its clear water pixels, to 0.0001.
struct WaterObservation {
  Instant at{};
  std::int64_t pixels = 0;
  double red = 0;            // B04
  double near_infrared = 0;  // B8A, or B08 where the scene lacks it
  double fnu = 0;
  std::int64_t upstream_pixels = 0;    // clear ones of the reach above the alert's inflow
  std::optional<double> upstream_fnu;  // of their medians, where they are enough, too
};

/// One water at one site, or the reach of it that an alert's flow comes to.
struct WaterSeries {
  std::string site;
  std::string alert_id;  // of a reach; empty: all of the water at the site
  std::string layer;
  std::string water;       // its name, or first id: WaterFlow::to
  std::string feature_id;  // the first
  std::vector<WaterObservation> seen;
  TurbidityCourse course;  // of each of `seen`
};

/// How much water an acquisition shows.
struct WaterExtent {
  Instant at{};
  double area_ha = 0;     // of clear pixels that look wet
  double seen_share = 0;  // of the water's pixels that were clear
};

/// The extent of one water at one site, or of an alert of the class to_water: of those of its pixels that lie in the
/// site's grid.
struct WaterExtents {
  std::string site;
  std::string alert_id;  // of an alert; layer and water are empty
  std::string layer;
  std::string water;
  double pixels_ha = 0;           // of all pixels looked at
  std::vector<WaterExtent> seen;  // acquisitions with a clear pixel
  WaterSince since;
};

struct WaterReading {
  std::vector<WaterSeries> waters;    // that any acquisition showed; by site, alert (none first), layer and name
  std::vector<WaterExtents> extents;  // likewise
  std::vector<std::pair<std::string, std::string>> skipped;  // scenes and sites that were left out, and why
};

/// Reads all acquisitions at the sites as the nightly run does: checked, laid over the reference, masked. Of each
/// surface water of the layers those pixels count that are clear, look wet (looks_wet()), and lie wholly in its
/// polygons or within a pixel of those that its lines pass through; of `reaches` likewise, as many alerts of a site as
/// have 50 000 pixels together; and of those of `alerts` that became water (to_water) half of a pixel and more.
/// `options` are those of the nightly run; its state is not used. Inside in_arena(). Throws as watch().
WaterReading read_waters(const std::vector<LoadedLayer>& layers, std::span<const OutlinedAlert> alerts,
                         std::span<const AlertReach> reaches, WatchOptions options, const ProgressSink& progress);

/// What is judged of observations, in order of time: events against upstream where that is known.
TurbidityCourse course_of(std::span<const WaterObservation> seen);

/// Adds a detail of "water_turbidity" (pipeline/water/README.md) to the facts of each alert whose water flows to one of
/// these: of its own reach where that was seen at least half as often as all of the water, else of all of it; and of
/// the newest event that appeared after the alert's onset_after. facts[i] is of alerts[i].
void add_turbidity(std::span<ContextFacts> facts, std::span<const OutlinedAlert> alerts,
                   std::span<const WaterSeries> waters);

/// A table with a row for each observation, safe for spreadsheets. Reflectance to 4 decimals, FNU and anomalies to 2;
/// what is not known is empty. `compared_with` is "upstream", "season" or empty: what in_event follows from.
std::string turbidity_csv(std::span<const WaterSeries> waters);

/// Likewise of extents: hectares to 4 decimals, shares to 3.
std::string water_area_csv(std::span<const WaterExtents> extents);

}  // namespace pitwatch
