#include "pipeline/watch/water_series.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/reader.hpp"
#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/pane_plan.hpp"
#include "pipeline/watch/pane_watch.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/watched_site.hpp"
#include "pipeline/watch/water_pixels.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t block_bytes = std::int64_t{32} << 20;  // of rasters that are kept decoded
constexpr std::int64_t acquisition_pixel_bytes = 110;         // planes and features
constexpr std::size_t most_reach_pixels = 50'000;             // of a site: their reflectance is kept by acquisition
constexpr double steps = 10'000;                              // of reflectance, 1

/// Reflectance in whole steps; what is far from any water's is bounded.
std::int16_t in_steps(float reflectance) {
  return static_cast<std::int16_t>(std::lround(std::clamp(static_cast<double>(reflectance), -1.0, 2.0) * steps));
}

/// How often each value occurs: medians over panes need no list of pixels.
class Tally {
 public:
  void add(float reflectance) { add_steps(in_steps(reflectance)); }
  void add_steps(std::int16_t value) {
    ++counts_[value];
    ++all_;
  }
  void add(const Tally& other) {
    for (const auto& [value, count] : other.counts_) counts_[value] += count;
    all_ += other.all_;
  }
  std::int64_t all() const { return all_; }
  /// Of an even number the lower one in the middle.
  double median() const {
    std::int64_t below = 0;
    for (const auto& [value, count] : counts_) {
      below += count;
      if (2 * below >= all_) return value / steps;
    }
    return 0;
  }

 private:
  std::map<int, std::int64_t> counts_;
  std::int64_t all_ = 0;
};

struct WaterTally {
  Tally red;
  Tally near_infrared;
  std::int64_t clear = 0;  // pixels
  std::int64_t wet = 0;    // of them

  void add(const WaterTally& other) {
    red.add(other.red);
    near_infrared.add(other.near_infrared);
    clear += other.clear;
    wet += other.wet;
  }
};

using WaterKey = std::tuple<std::string, std::string, std::string>;  // site, layer, name
struct WaterTallies {
  std::string feature_id;
  std::int64_t pixels = 0;
  double area_m2 = 0;  // of them
  std::map<Instant, WaterTally> by_time;
};
using SiteWaters = std::map<WaterKey, WaterTallies>;

/// Of one pixel of a reach in one acquisition.
struct ReachReading {
  static constexpr std::int16_t nothing = std::numeric_limits<std::int16_t>::min();
  std::int16_t red = nothing;
  std::int16_t near_infrared = nothing;
};

/// The pixels of all reaches of a site, pane after pane, and what acquisitions showed of them.
struct SiteReaches {
  std::size_t pixels = 0;
  std::map<std::size_t, PaneReach> reaches;  // by their number; pixels of the site
  std::map<Instant, std::vector<ReachReading>> by_time;

  /// Takes the reaches of a pane in; gives where its pixels begin.
  std::size_t add(const PaneReaches& pane) {
    const std::size_t begin = pixels;
    pixels += pane.pixels.size();
    for (const PaneReach& reach : pane.reaches) {
      PaneReach& all = reaches[reach.number];
      for (const std::uint32_t pixel : reach.downstream) {
        all.downstream.push_back(static_cast<std::uint32_t>(begin + pixel));
      }
      for (const std::uint32_t pixel : reach.upstream) {
        all.upstream.push_back(static_cast<std::uint32_t>(begin + pixel));
      }
    }
    return begin;
  }
};

/// Nothing where too few pixels were seen.
std::optional<WaterObservation> observation_of(Instant when, const WaterTally& tally) {
  if (tally.red.all() < least_water_pixels) return std::nullopt;
  WaterObservation observation;
  observation.at = when;
  observation.pixels = tally.red.all();
  observation.red = tally.red.median();
  observation.near_infrared = tally.near_infrared.median();
  observation.fnu = turbidity_fnu(observation.red, observation.near_infrared);
  return observation;
}

/// B8A for B08 where all parts have it: the coefficients of turbidity are those of its wavelength. as_read() lets it
/// stand in where there is no B08.
PlannedAcquisition with_narrow_infrared(PlannedAcquisition acquisition) {
  std::vector<ListedScene>& parts = acquisition.datatake.parts;
  const auto has_it = [](const ListedScene& part) { return part.scene.bands.count(Band::B8A) != 0; };
  if (std::all_of(parts.begin(), parts.end(), has_it)) {
    for (ListedScene& part : parts) part.scene.bands.erase(Band::B08);
  }
  return acquisition;
}

/// Medians of some pixels of a site's reaches, and of how many.
std::optional<WaterObservation> median_of(const std::vector<ReachReading>& readings,
                                          const std::vector<std::uint32_t>& pixels) {
  WaterTally tally;
  for (const std::uint32_t pixel : pixels) {
    if (pixel >= readings.size() || readings[pixel].red == ReachReading::nothing) continue;
    tally.red.add_steps(readings[pixel].red);
    tally.near_infrared.add_steps(readings[pixel].near_infrared);
  }
  return observation_of(Instant{}, tally);
}

bool is_clear_water(const ObservationFeatures& features, std::size_t pixel) {
  return features.seen[pixel] == Seen::clear && looks_wet(features.values[pixel]);
}

WaterTally tally_of(const PanePixels& pixels, const ObservationPlanes& planes, const ObservationFeatures& features) {
  WaterTally tally;
  const auto width = static_cast<std::size_t>(features.width);
  for (const std::size_t pixel : pixels) {
    tally.clear += features.seen[pixel] == Seen::clear ? 1 : 0;
    if (!is_clear_water(features, pixel)) continue;
    ++tally.wet;
    const int x = static_cast<int>(pixel % width);
    const int y = static_cast<int>(pixel / width);
    const float red = planes.red.at(x, y);
    const float near_infrared = planes.nir.at(x, y);
    if (!std::isfinite(red) || !std::isfinite(near_infrared)) continue;
    tally.red.add(red);
    tally.near_infrared.add(near_infrared);
  }
  return tally;
}

std::vector<ReachReading> readings_of(const PanePixels& pixels, const ObservationPlanes& planes,
                                      const ObservationFeatures& features) {
  std::vector<ReachReading> readings(pixels.size());
  const auto width = static_cast<std::size_t>(features.width);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (!is_clear_water(features, pixels[i])) continue;
    const int x = static_cast<int>(pixels[i] % width);
    const int y = static_cast<int>(pixels[i] / width);
    const float red = planes.red.at(x, y);
    const float near_infrared = planes.nir.at(x, y);
    if (std::isfinite(red) && std::isfinite(near_infrared)) readings[i] = {in_steps(red), in_steps(near_infrared)};
  }
  return readings;
}

/// An alert that became water, on a pane.
struct PanePond {
  const OutlinedAlert* alert = nullptr;
  PanePixels pixels;
};

/// What is looked at on a pane.
struct PaneLook {
  std::vector<PaneWater> waters;
  std::vector<PanePond> ponds;
  PaneReaches reaches;
};

/// What one acquisition shows of it.
struct PaneSeen {
  std::vector<WaterTally> tallies;     // of each water, then of each pond; none where it was not read
  std::vector<ReachReading> readings;  // of each pixel of the reaches
  std::string problem;
};

/// All acquisitions of a plan, as many side by side as there are threads and memory for.
std::vector<PaneSeen> read_all(const WatchedSite& watched, const Pane& pane, const AcquisitionPlan& plan,
                               const AcquisitionReader& reader, const PaneLook& look, const ProgressSink& progress) {
  MonitorOptions monitor = watched.options.thresholds.monitor;
  monitor.pixel_size_m = pane.grid.pixel_size_m;
  const std::int64_t each = reader.bytes(plan, 1) + acquisition_pixel_bytes * pane.grid.width * pane.grid.height;
  const auto slots = static_cast<int>(std::clamp<std::int64_t>(
      (watched.options.memory_bytes - program_bytes) / std::max<std::int64_t>(each, 1), 1, arena_threads()));
  std::vector<PaneSeen> seen(plan.acquisitions.size());
  in_parallel(slots, [&](int slot) {
    ObservationFeatures features;
    for (std::size_t i = static_cast<std::size_t>(slot); i < seen.size(); i += static_cast<std::size_t>(slots)) {
      const PlannedAcquisition& planned = plan.acquisitions[i];
      if (!planned.is_readable()) continue;
      try {
        const ReadAcquisition read = reader.read(with_narrow_infrared(planned));
        extract_features(read.planes, monitor, features);
        for (const PaneWater& water : look.waters) {
          seen[i].tallies.push_back(tally_of(water.pixels, read.planes, features));
        }
        for (const PanePond& pond : look.ponds) {
          seen[i].tallies.push_back(tally_of(pond.pixels, read.planes, features));
        }
        seen[i].readings = readings_of(look.reaches.pixels, read.planes, features);
      } catch (const DataError& error) {
        seen[i].problem = error_chain(error);
      }
      if (slot == 0) progress(watched.site.id, static_cast<double>(i + 1) / static_cast<double>(seen.size()));
    }
  });
  return seen;
}

/// What is known of the waters of all sites, as it is gathered.
struct Gathered {
  SiteWaters waters;
  std::map<std::pair<std::string, std::string>, WaterTallies> ponds;  // by site and alert
  std::map<std::string, SiteReaches> reaches;                         // by site
};

/// What is looked at in the zone of a site.
struct ZoneLook {
  std::vector<FlowPlace> places;
  std::vector<std::pair<const OutlinedAlert*, AlertPixels>> ponds;
};

ZoneLook look_in_zone(const std::vector<LoadedLayer>& layers, std::span<const OutlinedAlert> alerts,
                      const std::string& crs) {
  ZoneLook look{places_in_zone(layers, crs), {}};
  AlertZones zones;
  ToGrid to_grid(zone_grid(crs));
  for (const OutlinedAlert& one : alerts) {
    if (one.alert.change_class != ChangeClass::to_water || zones.crs_of(one) != crs) continue;
    look.ponds.emplace_back(&one, pixels_of(alert_shape(one.outline, to_grid), one.alert.area_ha));
  }
  return look;
}

/// The waters and ponds of a pane; a pond of the site that its alert names, or of any where it names none.
PaneLook look_on(const ZoneLook& zone, const std::string& site, const Pane& pane) {
  PaneLook look{waters_on(zone.places, pane), {}, {}};
  for (const auto& [alert, pixels] : zone.ponds) {
    if (alert->alert.site.value_or(site) != site) continue;
    PanePond pond{alert, alert_pixels(pixels, pane)};
    if (!pond.pixels.empty()) look.ponds.push_back(std::move(pond));
  }
  return look;
}

void add_pixels(const PanePixels& pixels, const Pane& pane, PixelAreas& areas, WaterTallies& tallies) {
  if (pixels.empty()) return;
  const auto width = static_cast<std::size_t>(pane.grid.width);
  const std::size_t middle = pixels[pixels.size() / 2];
  tallies.pixels += static_cast<std::int64_t>(pixels.size());
  tallies.area_m2 += static_cast<double>(pixels.size()) *
                     areas.at_m2(static_cast<double>(middle % width), static_cast<double>(middle / width));
}

void add_pane(const WatchedSite& watched, const Pane& pane, const ZoneLook& zone, std::span<const AlertReach> reaches,
              const SourceListing& listing, OffsetMemory& offsets, const ProgressSink& progress, Gathered& gathered,
              WaterReading& reading) {
  PaneLook look = look_on(zone, watched.site.id, pane);
  if (look.waters.empty() && look.ponds.empty()) return;
  std::vector<WaterTallies*> tallies;  // as PaneSeen::tallies
  PixelAreas areas(pane.grid);
  for (const PaneWater& water : look.waters) {
    WaterTallies& of = gathered.waters[{watched.site.id, water.place->layer, water.place->name}];
    of.feature_id = water.place->ids.front();
    add_pixels(water.pixels, pane, areas, of);
    tallies.push_back(&of);
  }
  for (const PanePond& pond : look.ponds) {
    tallies.push_back(&gathered.ponds[{watched.site.id, pond.alert->alert.id}]);
    add_pixels(pond.pixels, pane, areas, *tallies.back());
  }
  SiteReaches& of_site = gathered.reaches[watched.site.id];
  look.reaches = reaches_on(reaches, look.waters, pane);
  if (of_site.pixels + look.reaches.pixels.size() > most_reach_pixels) {
    look.reaches = {};
    reading.skipped.emplace_back("site " + watched.site.id + ": reaches above and below alerts",
                                 "have more than " + std::to_string(most_reach_pixels) +
                                     " pixels of water: turbidity is compared with the season alone");
  }
  const std::size_t first_pixel = of_site.add(look.reaches);
  const PanePlan planned(watched, pane, listing);
  const AcquisitionPlan& plan = planned.acquisitions();
  BlockCache blocks(block_bytes);
  AcquisitionReader reader(reading_options(watched, pane), pane.grid, offsets, blocks);
  if (const std::optional<ReferencePixels> reference = reader.find_reference(plan)) reader.use_reference(*reference);
  const std::vector<PaneSeen> seen = read_all(watched, pane, plan, reader, look, progress);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const AcquisitionRecord& record = plan.acquisitions[i].record;
    if (!seen[i].problem.empty()) reading.skipped.emplace_back(record.scene(), seen[i].problem);
    for (std::size_t k = 0; k < seen[i].tallies.size(); ++k) {
      tallies[k]->by_time[record.acquired].add(seen[i].tallies[k]);
    }
    if (seen[i].readings.empty()) continue;
    std::vector<ReachReading>& all = of_site.by_time[record.acquired];
    all.resize(std::max(all.size(), first_pixel + seen[i].readings.size()));
    std::copy(seen[i].readings.begin(), seen[i].readings.end(), all.begin() + static_cast<std::ptrdiff_t>(first_pixel));
  }
}

WaterSeries series_of(const WaterKey& key, const WaterTallies& tallies) {
  WaterSeries series;
  std::tie(series.site, series.layer, series.water) = key;
  series.feature_id = tallies.feature_id;
  for (const auto& [when, tally] : tallies.by_time) {
    if (const auto observation = observation_of(when, tally)) series.seen.push_back(*observation);
  }
  series.course = course_of(series.seen);
  return series;
}

WaterExtents extents_of(const WaterTallies& tallies) {
  constexpr double m2_per_ha = 1e4;
  WaterExtents extents;
  extents.pixels_ha = tallies.area_m2 / m2_per_ha;
  const auto pixels = static_cast<double>(tallies.pixels);
  std::vector<WaterSight> sights;
  for (const auto& [when, tally] : tallies.by_time) {
    if (tally.clear == 0) continue;
    sights.push_back({when, tally.clear, tally.wet});
    extents.seen.push_back(
        {when, extents.pixels_ha * static_cast<double>(tally.wet) / pixels, static_cast<double>(tally.clear) / pixels});
  }
  extents.since = water_since(sights, tallies.pixels);
  return extents;
}

void add_extents(const Gathered& gathered, WaterReading& reading) {
  const auto add = [&](WaterExtents extents) {
    if (!extents.seen.empty()) reading.extents.push_back(std::move(extents));
  };
  for (const auto& [key, tallies] : gathered.waters) {
    WaterExtents extents = extents_of(tallies);
    std::tie(extents.site, extents.layer, extents.water) = key;
    add(std::move(extents));
  }
  for (const auto& [key, tallies] : gathered.ponds) {
    WaterExtents extents = extents_of(tallies);
    std::tie(extents.site, extents.alert_id) = key;
    add(std::move(extents));
  }
  const auto rank = [](const WaterExtents& one) { return std::tie(one.site, one.alert_id, one.layer, one.water); };
  std::stable_sort(reading.extents.begin(), reading.extents.end(),
                   [&](const WaterExtents& a, const WaterExtents& b) { return rank(a) < rank(b); });
}

WaterSeries series_of(const std::string& site, const AlertReach& reach, const PaneReach& pixels,
                      const std::map<Instant, std::vector<ReachReading>>& by_time) {
  WaterSeries series{site, reach.alert_id, reach.layer, reach.water, reach.feature_id, {}, {}};
  for (const auto& [when, readings] : by_time) {
    std::optional<WaterObservation> below = median_of(readings, pixels.downstream);
    if (!below) continue;
    below->at = when;
    if (const std::optional<WaterObservation> above = median_of(readings, pixels.upstream)) {
      below->upstream_pixels = above->pixels;
      below->upstream_fnu = above->fnu;
    }
    series.seen.push_back(*below);
  }
  series.course = course_of(series.seen);
  return series;
}

/// The day as a number that can be read: 20220706.
double day_number(Instant when) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(when));
  return static_cast<int>(day.year()) * 10000 + static_cast<int>(static_cast<unsigned>(day.month()) * 100) +
         static_cast<int>(static_cast<unsigned>(day.day()));
}

ContextDetail detail_of(const WaterSeries& series, Instant onset_after) {
  ContextDetail detail;
  detail.subject = "water_turbidity";
  detail.layer = series.layer;
  detail.feature_id = series.feature_id;
  detail.feature_name = series.water;
  const auto since = std::count_if(series.seen.begin(), series.seen.end(),
                                   [&](const WaterObservation& one) { return one.at > onset_after; });
  detail.figures["observations_since"] = static_cast<double>(since);
  const auto with_upstream = std::count_if(series.seen.begin(), series.seen.end(), [&](const WaterObservation& one) {
    return one.at > onset_after && one.upstream_fnu;
  });
  detail.figures["upstream_since"] = static_cast<double>(with_upstream);
  const std::vector<TurbidityEvent>& events = series.course.events;
  if (events.empty() || !(events.back().appeared > onset_after)) return detail;
  const TurbidityEvent& newest = events.back();
  if (newest.clear_before) detail.figures["clear_before_yyyymmdd"] = day_number(*newest.clear_before);
  detail.figures["appeared_yyyymmdd"] = day_number(newest.appeared);
  detail.figures["last_seen_yyyymmdd"] = day_number(newest.last_seen);
  if (newest.faded) detail.figures["faded_yyyymmdd"] = day_number(*newest.faded);
  detail.figures["peak_fnu"] = newest.peak_fnu;
  detail.figures["peak_sigma"] = newest.peak_sigma;
  if (newest.peak_season_sigma) detail.figures["peak_season_sigma"] = *newest.peak_season_sigma;
  if (newest.peak_upstream_sigma) detail.figures["peak_upstream_sigma"] = *newest.peak_upstream_sigma;
  detail.figures["against_upstream"] = newest.against_upstream ? 1 : 0;
  return detail;
}

}  // namespace

TurbidityCourse course_of(std::span<const WaterObservation> seen) {
  std::vector<TurbidityObservation> observations;
  for (const WaterObservation& one : seen) observations.push_back({one.at, one.fnu, one.upstream_fnu});
  return judge_turbidity(observations);
}

WaterReading read_waters(const std::vector<LoadedLayer>& layers, std::span<const OutlinedAlert> alerts,
                         std::span<const AlertReach> reaches, WatchOptions options, const ProgressSink& progress) {
  initialise_gdal(watch_gdal_cache_bytes);
  options.state.clear();
  options.dry_run = false;
  WaterReading reading;
  std::vector<RejectedSite> rejected;
  const std::vector<WatchedSite> sites = watched_sites(options, rejected);
  for (const RejectedSite& site : rejected) reading.skipped.emplace_back(site.what, site.reason);
  const SourceListing listing = list_readable(options.source, options.network, search_for(sites));
  for (const RejectedItem& item : listing.rejected) reading.skipped.emplace_back(item.path, item.reason);
  OffsetMemory offsets;
  Gathered gathered;
  std::map<std::string, ZoneLook> by_zone;
  for (const WatchedSite& watched : sites) {
    const Grid grid = site_grid(watched.site, watched.options.buffer_m);
    const auto [zone, is_new] = by_zone.try_emplace(grid.crs);
    if (is_new) zone->second = look_in_zone(layers, alerts, grid.crs);
    for (const Pane& pane : panes_of(grid)) {
      add_pane(watched, pane, zone->second, reaches, listing, offsets, progress, gathered, reading);
    }
  }
  for (const auto& [key, tallies] : gathered.waters) {
    WaterSeries series = series_of(key, tallies);
    if (!series.seen.empty()) reading.waters.push_back(std::move(series));
  }
  add_extents(gathered, reading);
  for (const auto& [site, of_site] : gathered.reaches) {
    for (const auto& [number, pixels] : of_site.reaches) {
      WaterSeries series = series_of(site, reaches[number], pixels, of_site.by_time);
      if (!series.seen.empty()) reading.waters.push_back(std::move(series));
    }
  }
  const auto rank = [](const WaterSeries& one) { return std::tie(one.site, one.alert_id, one.layer, one.water); };
  std::stable_sort(reading.waters.begin(), reading.waters.end(),
                   [&](const WaterSeries& a, const WaterSeries& b) { return rank(a) < rank(b); });
  // Each pane has the same to say of a scene.
  std::sort(reading.skipped.begin(), reading.skipped.end());
  reading.skipped.erase(std::unique(reading.skipped.begin(), reading.skipped.end()), reading.skipped.end());
  return reading;
}

void add_turbidity(std::span<ContextFacts> facts, std::span<const OutlinedAlert> alerts,
                   std::span<const WaterSeries> waters) {
  for (std::size_t i = 0; i < std::min(facts.size(), alerts.size()); ++i) {
    const std::optional<WaterFacts>& water = facts[i].context.water;
    if (!water || !water->flow || water->flow->to.empty()) continue;
    for (const WaterSeries& whole : waters) {
      if (!whole.alert_id.empty() || whole.water != water->flow->to) continue;
      const auto own = std::find_if(waters.begin(), waters.end(), [&](const WaterSeries& reach) {
        return reach.alert_id == alerts[i].alert.id && reach.site == whole.site && reach.layer == whole.layer &&
               reach.water == whole.water;
      });
      // A reach that is seldom seen says little of what is usual.
      const bool tells = own != waters.end() && 2 * own->seen.size() >= whole.seen.size();
      facts[i].details.push_back(detail_of(tells ? *own : whole, alerts[i].alert.onset_after));
    }
  }
}

std::string turbidity_csv(std::span<const WaterSeries> waters) {
  std::string text =
      "site,alert,layer,water,date,pixels,red,nir,fnu,upstream_pixels,upstream_fnu,season_sigma,upstream_sigma,"
      "compared_with,in_event\r\n";
  const auto rounded = [](const std::optional<double>& value) { return value ? fixed_text(*value, 2) : ""; };
  for (const WaterSeries& series : waters) {
    const std::string whose = csv_cell(series.site) + "," + csv_cell(series.alert_id) + "," + csv_cell(series.layer) +
                              "," + csv_cell(series.water);
    for (std::size_t i = 0; i < series.seen.size(); ++i) {
      const WaterObservation& one = series.seen[i];
      const TurbidityJudgement& judgement = series.course.judgements[i];
      const char* const compared = judgement.upstream_sigma ? "upstream" : judgement.season_sigma ? "season" : "";
      text += whose + "," + format_instant(one.at) + "," + std::to_string(one.pixels) + "," + fixed_text(one.red, 4) +
              "," + fixed_text(one.near_infrared, 4) + "," + fixed_text(one.fnu, 2) + "," +
              std::to_string(one.upstream_pixels) + "," + rounded(one.upstream_fnu) + "," +
              rounded(judgement.season_sigma) + "," + rounded(judgement.upstream_sigma) + "," + compared + "," +
              (judgement.in_event ? "1" : "0") + "\r\n";
    }
  }
  return text;
}

std::string water_area_csv(std::span<const WaterExtents> extents) {
  std::string text = "site,alert,layer,water,pixels_ha,first_seen,dry_before,date,area_ha,seen_share\r\n";
  const auto day = [](const std::optional<Instant>& when) { return when ? format_instant(*when) : ""; };
  for (const WaterExtents& one : extents) {
    const std::string whose = csv_cell(one.site) + "," + csv_cell(one.alert_id) + "," + csv_cell(one.layer) + "," +
                              csv_cell(one.water) + "," + fixed_text(one.pixels_ha, 4) + "," +
                              day(one.since.first_seen) + "," + day(one.since.dry_before);
    for (const WaterExtent& seen : one.seen) {
      text += whose + "," + format_instant(seen.at) + "," + fixed_text(seen.area_ha, 4) + "," +
              fixed_text(seen.seen_share, 3) + "\r\n";
    }
  }
  return text;
}

}  // namespace pitwatch
