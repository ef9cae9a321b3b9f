#include "pipeline/watch/water_series.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
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
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/pane_plan.hpp"
#include "pipeline/watch/pane_watch.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/watched_site.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {
namespace {

constexpr double whole_pixel = 0.999;                         // share from which a pixel lies in a polygon
constexpr std::int64_t block_bytes = std::int64_t{32} << 20;  // of rasters that are kept decoded
constexpr std::int64_t acquisition_pixel_bytes = 110;         // planes and features
constexpr double steps = 10'000;                              // of reflectance, 1

/// How often each value occurs: medians over panes need no list of pixels.
class Tally {
 public:
  void add(float reflectance) {
    const double bounded = std::clamp(static_cast<double>(reflectance), -1.0, 2.0);
    ++counts_[static_cast<int>(std::lround(bounded * steps))];
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
};

using WaterKey = std::tuple<std::string, std::string, std::string>;  // site, layer, name
struct WaterTallies {
  std::string feature_id;
  std::map<Instant, WaterTally> by_time;
};
using SiteWaters = std::map<WaterKey, WaterTallies>;

/// A water on a pane.
struct PaneWater {
  const FlowPlace* place = nullptr;
  std::vector<std::size_t> pixels;  // row-major, ascending
};

/// The core of a pane on the grid of its zone.
Window core_in_zone(const Pane& pane) {
  const Grid zone = zone_grid(pane.grid.crs);
  const double side = zone.pixel_size_m;
  return {static_cast<int>(std::lround((pane.grid.origin.x - zone.origin.x) / side)) + pane.core.x - pane.left,
          static_cast<int>(std::lround((zone.origin.y - pane.grid.origin.y) / side)) + pane.core.y - pane.top,
          pane.core.width, pane.core.height};
}

/// The part of a window that a place may have pixels in.
Window near_place(const FlowPlace& place, const Window& window) {
  if (!(place.box.left <= place.box.right)) return {};
  const auto bound = [](double value, int least, int most) {
    return static_cast<int>(std::clamp(std::floor(value), static_cast<double>(least), static_cast<double>(most)));
  };
  const int left = bound(place.box.left - 1, window.x, window.right());
  const int right = bound(place.box.right + 2, window.x, window.right());
  const int top = bound(place.box.top - 1, window.y, window.bottom());
  const int bottom = bound(place.box.bottom + 2, window.y, window.bottom());
  return {left, top, right - left, bottom - top};
}

/// The pixels of a place in the core of a pane.
std::vector<std::size_t> pixels_on(const FlowPlace& place, const Pane& pane) {
  const Window core = core_in_zone(pane);
  const Window part = near_place(place, core);
  std::vector<std::size_t> pixels;
  if (part.empty()) return pixels;
  const auto add = [&](int x, int y) {
    if (x < core.x || y < core.y || x >= core.right() || y >= core.bottom()) return;
    const int column = x - core.x + pane.core.x - pane.left;
    const int row = y - core.y + pane.core.y - pane.top;
    pixels.push_back(static_cast<std::size_t>(row) * static_cast<std::size_t>(pane.grid.width) +
                     static_cast<std::size_t>(column));
  };
  if (!place.shape.areas.empty()) {
    const Plane<double> shares = coverage(place.shape.areas, part);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        if (shares.at(x, y) >= whole_pixel) add(part.x + x, part.y + y);
      }
    }
  }
  FlowPlace narrow = place;
  narrow.shape.areas.clear();
  if (!narrow.shape.lines.empty() || !narrow.shape.points.empty()) {
    const PlaceCells found = place_cells({narrow}, {alert_pixel_m, part});
    for (const FlowCell& cell : found.cells.front()) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) add(part.x + cell.x + dx, part.y + cell.y + dy);
      }
    }
  }
  std::sort(pixels.begin(), pixels.end());
  pixels.erase(std::unique(pixels.begin(), pixels.end()), pixels.end());
  return pixels;
}

std::vector<PaneWater> waters_on(const std::vector<FlowPlace>& places, const Pane& pane) {
  std::vector<PaneWater> waters;
  for (const FlowPlace& place : places) {
    if (place.role != LayerRole::surface_water) continue;
    PaneWater water{&place, pixels_on(place, pane)};
    if (!water.pixels.empty()) waters.push_back(std::move(water));
  }
  return waters;
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

bool is_clear_water(const ObservationFeatures& features, std::size_t pixel) {
  return features.seen[pixel] == Seen::clear && looks_wet(features.values[pixel]);
}

WaterTally tally_of(const PaneWater& water, const ObservationPlanes& planes, const ObservationFeatures& features) {
  WaterTally tally;
  const auto width = static_cast<std::size_t>(features.width);
  for (const std::size_t pixel : water.pixels) {
    if (!is_clear_water(features, pixel)) continue;
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

/// What one acquisition shows of the waters of a pane.
struct PaneSeen {
  std::vector<WaterTally> tallies;
  std::string problem;
};

/// All acquisitions of a plan, as many side by side as there are threads and memory for.
std::vector<PaneSeen> read_all(const WatchedSite& watched, const Pane& pane, const AcquisitionPlan& plan,
                               const AcquisitionReader& reader, const std::vector<PaneWater>& waters,
                               const ProgressSink& progress) {
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
        for (const PaneWater& water : waters) seen[i].tallies.push_back(tally_of(water, read.planes, features));
      } catch (const DataError& error) {
        seen[i].problem = error_chain(error);
      }
      if (slot == 0) progress(watched.site.id, static_cast<double>(i + 1) / static_cast<double>(seen.size()));
    }
  });
  return seen;
}

void add_pane(const WatchedSite& watched, const Pane& pane, const std::vector<FlowPlace>& places,
              const SourceListing& listing, OffsetMemory& offsets, const ProgressSink& progress, SiteWaters& waters,
              WaterReading& reading) {
  const std::vector<PaneWater> here = waters_on(places, pane);
  if (here.empty()) return;
  const PanePlan planned(watched, pane, listing);
  const AcquisitionPlan& plan = planned.acquisitions();
  BlockCache blocks(block_bytes);
  AcquisitionReader reader(reading_options(watched, pane), pane.grid, offsets, blocks);
  if (const std::optional<ReferencePixels> reference = reader.find_reference(plan)) reader.use_reference(*reference);
  const std::vector<PaneSeen> seen = read_all(watched, pane, plan, reader, here, progress);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const AcquisitionRecord& record = plan.acquisitions[i].record;
    if (!seen[i].problem.empty()) reading.skipped.emplace_back(record.scene(), seen[i].problem);
    for (std::size_t k = 0; k < seen[i].tallies.size(); ++k) {
      const FlowPlace& place = *here[k].place;
      WaterTallies& of = waters[{watched.site.id, place.layer, place.name}];
      of.feature_id = place.ids.front();
      of.by_time[record.acquired].red.add(seen[i].tallies[k].red);
      of.by_time[record.acquired].near_infrared.add(seen[i].tallies[k].near_infrared);
    }
  }
}

WaterSeries series_of(const WaterKey& key, const WaterTallies& tallies) {
  WaterSeries series;
  std::tie(series.site, series.layer, series.water) = key;
  series.feature_id = tallies.feature_id;
  std::vector<TurbidityObservation> observations;
  for (const auto& [when, tally] : tallies.by_time) {
    if (tally.red.all() < least_water_pixels) continue;
    const double red = tally.red.median();
    const double near_infrared = tally.near_infrared.median();
    const double fnu = turbidity_fnu(red, near_infrared);
    series.seen.push_back({when, tally.red.all(), red, near_infrared, fnu});
    observations.push_back({when, fnu, std::nullopt});
  }
  series.course = judge_turbidity(observations);
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
  const std::vector<TurbidityEvent>& events = series.course.events;
  if (events.empty() || !(events.back().appeared > onset_after)) return detail;
  const TurbidityEvent& newest = events.back();
  if (newest.clear_before) detail.figures["clear_before_yyyymmdd"] = day_number(*newest.clear_before);
  detail.figures["appeared_yyyymmdd"] = day_number(newest.appeared);
  detail.figures["last_seen_yyyymmdd"] = day_number(newest.last_seen);
  if (newest.faded) detail.figures["faded_yyyymmdd"] = day_number(*newest.faded);
  detail.figures["peak_fnu"] = newest.peak_fnu;
  detail.figures["peak_sigma"] = newest.peak_sigma;
  return detail;
}

}  // namespace

WaterReading read_waters(const std::vector<LoadedLayer>& layers, WatchOptions options, const ProgressSink& progress) {
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
  SiteWaters waters;
  std::map<std::string, std::vector<FlowPlace>> by_zone;
  for (const WatchedSite& watched : sites) {
    const Grid grid = site_grid(watched.site, watched.options.buffer_m);
    const auto [zone, is_new] = by_zone.try_emplace(grid.crs);
    if (is_new) zone->second = places_in_zone(layers, grid.crs);
    for (const Pane& pane : panes_of(grid)) {
      add_pane(watched, pane, zone->second, listing, offsets, progress, waters, reading);
    }
  }
  for (const auto& [key, tallies] : waters) {
    WaterSeries series = series_of(key, tallies);
    if (!series.seen.empty()) reading.waters.push_back(std::move(series));
  }
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
    for (const WaterSeries& series : waters) {
      if (series.water != water->flow->to) continue;
      facts[i].details.push_back(detail_of(series, alerts[i].alert.onset_after));
    }
  }
}

std::string turbidity_csv(std::span<const WaterSeries> waters) {
  std::string text = "site,layer,water,date,pixels,red,nir,fnu,anomaly_sigma,in_event\r\n";
  for (const WaterSeries& series : waters) {
    const std::string whose = csv_cell(series.site) + "," + csv_cell(series.layer) + "," + csv_cell(series.water);
    for (std::size_t i = 0; i < series.seen.size(); ++i) {
      const WaterObservation& one = series.seen[i];
      const TurbidityJudgement& judgement = series.course.judgements[i];
      text += whose + "," + format_instant(one.at) + "," + std::to_string(one.pixels) + "," + fixed_text(one.red, 4) +
              "," + fixed_text(one.near_infrared, 4) + "," + fixed_text(one.fnu, 2) + "," +
              (judgement.anomaly_sigma ? fixed_text(*judgement.anomaly_sigma, 2) : "") + "," +
              (judgement.in_event ? "1" : "0") + "\r\n";
    }
  }
  return text;
}

}  // namespace pitwatch
