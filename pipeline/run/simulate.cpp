#include "pipeline/run/simulate.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/core/truth.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/products/safe_writer.hpp"
#include "pipeline/io/products/stac_writer.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/io/vector/aoi.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/io/vector/truth_geojson.hpp"
#include "pipeline/polygons/trace.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"
#include "pipeline/simulate/noise.hpp"
#include "pipeline/simulate/scene.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr std::int64_t gdal_cache_bytes = std::int64_t{16} << 20;
constexpr double whole_tile_km = 109.8;
constexpr int tile_px = 480;
constexpr std::int64_t cached_ground_px = std::int64_t{1} << 20;  // the ground of larger grids is computed tile by tile
constexpr int event_reach_px = 220;                               // events lie that close to the site's middle
constexpr int last_onset_days = 60;                               // before the end of the series
constexpr double half_hidden = 0.35;  // opacity from which a pixel is not a clear acquisition
// The program, terrain and its scratch, and what writing takes.
constexpr std::int64_t fixed_bytes = std::int64_t{250} << 20;

/// When the last day of the series begins, or the series, if that is later.
Instant last_day(const SimulateOptions& options) {
  return std::max<Instant>(options.from, std::chrono::floor<days>(options.until));
}

void check(const SimulateOptions& options) {
  if (options.until < options.from) throw ConfigError("--to must not be before --from");
  if (options.until - options.from > days(366 * 50)) throw ConfigError("a series is at most 50 years long");
  if (options.revisit_days < 1 || options.revisit_days > 366) throw ConfigError("--every-days must be 1 to 366");
  if (!(options.size_km >= 0.6)) throw ConfigError("--size-km must be at least 0.6");
  if (options.disturbances < 0 || options.disturbances > 10000) throw ConfigError("--disturbances must be 0 to 10000");
  if (options.waterside < 0 || options.waterside > 10000) throw ConfigError("--waterside must be 0 to 10000");
  if (options.backfilled < 0 || options.backfilled > 10000) throw ConfigError("--backfilled must be 0 to 10000");
  if (options.decoys < 0 || options.decoys > 10000) throw ConfigError("--decoys must be 0 to 10000");
  if (options.plume && !(options.plume->share >= 0 && options.plume->share <= 1)) {
    throw ConfigError("--plume: the share must be 0 to 1");
  }
  if (options.plume && options.plume->below_m && !std::isfinite(*options.plume->below_m)) {
    throw ConfigError("--plume: the elevation must be a number");
  }
  if (options.plume && options.plume->until < options.plume->from) {
    throw ConfigError("--plume: its end is before its beginning");
  }
  if (options.history_days < 0) throw ConfigError("--history-days must not be negative");
}

std::uint32_t site_seed(const SimulateOptions& options, const Site& site) {
  std::uint32_t seed = mix_of(options.seed ^ 0x51e5eedU);
  for (const char c : site.id) seed = mix_of(seed ^ static_cast<unsigned char>(c));
  return seed;
}

/// The square around the site, on the grid of its tile so that 60 m pixels are whole.
Grid grid_of(const Site& site, double size_km) {
  const MapPoint middle{(site.lower_left.x + site.upper_right.x) / 2, (site.lower_left.y + site.upper_right.y) / 2};
  const Grid tile = tile_grid(site.crs, middle);
  if (size_km >= whole_tile_km) return tile;
  constexpr double step_m = 60;
  const double size_m = std::round(size_km * 1000 / step_m) * step_m;
  const double left = tile.origin.x + std::round((middle.x - size_m / 2 - tile.origin.x) / step_m) * step_m;
  const double top = tile.origin.y - std::round((tile.origin.y - middle.y - size_m / 2) / step_m) * step_m;
  const int side_px = static_cast<int>(size_m / 10);
  return {site.crs, {left, top}, 10, side_px, side_px};
}

std::string made_by(const SimulateOptions& options) {
  return "pitwatch " + program_version() + " simulate, seed " + std::to_string(options.seed);
}

std::string day_name(Instant when) {
  std::string name = format_day(when);
  name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
  return name;
}

/// One site's series: from its ground to its files.
class SiteSeries {
 public:
  SiteSeries(const SimulateOptions& options, const Site& site, int threads, const ProgressSink& progress)
      : options_(options),
        site_(site),
        grid_(grid_of(site, options.size_km)),
        folder_(options.out + "/" + site.id),
        progress_(progress),
        world_(site.id, site_seed(options, site), grid_, site.longitude, site.latitude,
               {(site.lower_left.x + site.upper_right.x) / 2 / 10 - grid_.origin.x / 10,
                grid_.origin.y / 10 - (site.lower_left.y + site.upper_right.y) / 2 / 10}),
        bands_(options.bands) {
    if (bands_.empty()) bands_.assign(surface_bands.begin(), surface_bands.end());
    ScheduleOptions schedule_options;
    schedule_options.seed = world_.seed;
    schedule_options.from = options.from;
    schedule_options.until = options.until;
    schedule_options.revisit_days = options.revisit_days;
    schedule_options.longitude = site.longitude;
    schedule_options.grid_size_px = grid_.width;
    schedule_options.clear_sky = options.clear_sky;
    acquisitions_ = schedule(schedule_options);
    std::erase_if(acquisitions_, [&](const Acquisition& acquisition) {
      return acquisition.sensed < options.from || acquisition.sensed > options.until;
    });
    for (Acquisition& acquisition : acquisitions_) {
      const bool is_in =
          options.plume && acquisition.sensed >= options.plume->from && acquisition.sensed <= options.plume->until;
      if (!is_in) continue;
      acquisition.plume = static_cast<float>(options.plume->share);
      if (options.plume->below_m) acquisition.plume_below_m = static_cast<float>(*options.plume->below_m);
    }
    draw_all_events();
    if (is_small()) {
      ground_.emplace();
      world_.ground.window(grid_.extent().grown(render_halo_px), *ground_);
    }
    tokens_ = plan_tokens(threads);
  }

  void write() {
    make_folder(folder_ + "/labels");
    if (options_.sky_labels) make_folder(folder_ + "/sky");
    items_.resize(acquisitions_.size());
    write_dem();
    std::vector<std::size_t> in_flight(tokens_);  // numbers of acquisitions
    std::size_t next = 0;
    const auto take = [&](std::size_t& acquisition) {
      acquisition = next++;
      return acquisition < acquisitions_.size();
    };
    const auto write_one = [&](const std::size_t& acquisition) {
      // Products of one datatake share its labels.
      const bool first_of_day = acquisition == 0 || day_name(acquisitions_[acquisition - 1].sensed) !=
                                                        day_name(acquisitions_[acquisition].sensed);
      write_product(acquisition, first_of_day && options_.sky_labels);
      if (first_of_day) write_label(acquisitions_[acquisition].sensed);
    };
    const auto tell = [&](const std::size_t& acquisition) {
      progress_(site_.id, static_cast<double>(acquisition + 1) / static_cast<double>(acquisitions_.size()));
    };
    run_slots(std::span(in_flight), take, write_one, tell);
    if (options_.form == ProductForm::stac)
      write_stac_collection(folder_, items_, site_.name + ": " + made_by(options_));
  }

  /// What happened, with the acquisitions that had a chance to see it. Outlines are of subpixels.
  TruthLayer truth() const {
    const int fine = subpixels;
    TruthLayer layer{{}, {grid_.crs, grid_.origin, grid_.pixel_size_m / fine, grid_.width * fine, grid_.height * fine}};
    std::vector<TruthEvent>& result = layer.events;
    PixelAreas areas(grid_);
    for (std::size_t i = 0; i < world_.events.size(); ++i) {
      const Event& event = world_.events[i];
      TruthEvent truth;
      const std::string number = std::to_string(i + 1);
      truth.id = site_.id + "-" + std::string(3 - std::min<std::size_t>(number.size(), 3), '0') + number;
      truth.site = site_.id;
      truth.type = event.type;
      truth.onset = event.onset;
      truth.complete = event.complete;
      truth.end = event.end;
      const std::vector<Run> runs = runs_of(event);
      truth.shape = trace(runs);
      double subpixel_count = 0;
      for (const Run& run : runs) subpixel_count += run.end - run.begin;
      truth.area_ha = subpixel_count / (subpixels * subpixels) * areas.at_m2(event.window.x, event.window.y) / 1e4;
      result.push_back(std::move(truth));
    }
    add_clear_observations(result);
    return layer;
  }

  double area_km2() const {
    const double pixel_km2 = grid_.pixel_size_m / 1000 * grid_.pixel_size_m / 1000;
    return pixel_km2 * grid_.width * grid_.height;
  }
  std::size_t products() const { return acquisitions_.size(); }

 private:
  bool is_small() const { return std::int64_t{grid_.width} * grid_.height <= cached_ground_px; }

  void draw_all_events() {
    const MapPoint middle{(site_.lower_left.x + site_.upper_right.x) / 2,
                          (site_.lower_left.y + site_.upper_right.y) / 2};
    const Window around = Window{static_cast<int>((middle.x - grid_.origin.x) / 10),
                                 static_cast<int>((grid_.origin.y - middle.y) / 10), 1, 1}
                              .grown(event_reach_px);
    GroundPixels ground;
    world_.ground.window(intersection(around, grid_.extent()), ground);
    Plane<std::uint8_t> inside(ground.window.width, ground.window.height);
    Aoi(options_.sites, grid_).burn(ground.window, inside.view());
    std::vector<Instant> clear_days;
    for (const Acquisition& acquisition : acquisitions_) {
      if (acquisition.edges.empty() && acquisition.weather.cover < 0.08F) clear_days.push_back(acquisition.sensed);
    }
    EventOptions events;
    events.seed = hash_of(world_.seed, 3, 0);
    const auto history =
        std::min<std::chrono::milliseconds>(days(options_.history_days), (last_day(options_) - options_.from) / 10 * 9);
    events.first_onset = options_.from + history;
    events.last_onset =
        std::max(events.first_onset, last_day(options_) - std::chrono::milliseconds(days(last_onset_days)));
    events.disturbances = options_.disturbances;
    events.waterside = options_.waterside;
    events.backfilled = options_.backfilled;
    events.natural = options_.decoys > 0 ? 1 + options_.decoys / 20 : 0;
    events.decoys = options_.decoys;
    world_.events = draw_events(events, ground, std::as_const(inside).view(), clear_days);
  }

  std::size_t plan_tokens(int threads) const {
    const std::int64_t pixels = std::int64_t{grid_.width} * grid_.height;
    std::int64_t granule = 3 * pixels / 4 + (options_.sky_labels ? pixels : 0);
    for (const Band band : bands_) {
      const int by = info(band).pixel_size_m / 10;
      granule += 2 * pixels / (by * by);
    }
    const int side = is_small() ? grid_.width : tile_px;
    const std::int64_t scratch = std::int64_t{side} * side * 4 * (static_cast<std::int64_t>(bands_.size()) + 22);
    // Overviews of the largest band, and tiles in flight.
    const std::int64_t each = granule + pixels * 2 / 3 + (is_small() ? scratch : threads * scratch);
    const std::int64_t ground = is_small() ? pixels * 24 : pixels / 36 * 24;
    const std::int64_t room = options_.memory_bytes - fixed_bytes - ground;
    if (room < each) {
      throw ConfigError("--memory is too little for scenes of that size: " +
                        std::to_string(((fixed_bytes + ground + each) >> 20) + 1) + " MiB are needed");
    }
    return static_cast<std::size_t>(std::clamp<std::int64_t>(room / each, 1, threads));
  }

  static void make_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) throw ConfigError("--out " + path + ": cannot be made: " + error.message());
  }

  void write_dem() const {
    Plane<float> elevation(grid_.width, grid_.height);
    in_parallel((grid_.height + tile_px - 1) / tile_px, [&](int strip) {
      const Window window = intersection({0, strip * tile_px, grid_.width, tile_px}, grid_.extent());
      world_.terrain.elevation(window, {elevation.row(window.y), window.width, window.height, elevation.stride()});
    });
    write_cog_f32(folder_ + "/dem.tif", grid_, std::as_const(elevation).view(),
                  {"elevation above sea level in metres, before the events", {{"SYNTHETIC", made_by(options_)}}},
                  in_parallel);
  }

  void write_product(std::size_t number, bool with_sky) {
    const Acquisition& acquisition = acquisitions_[number];
    const SceneRenderer renderer(world_, acquisition);
    GranulePixels pixels(grid_, bands_);
    if (with_sky) pixels.sky.reshape(grid_.width, grid_.height);
    if (ground_) {
      renderer.render(*ground_, grid_.extent(), pixels);
    } else {
      const int across = (grid_.width + tile_px - 1) / tile_px;
      const int down = (grid_.height + tile_px - 1) / tile_px;
      in_parallel(across * down, [&](int i) {
        const Window tile =
            intersection({i % across * tile_px, i / across * tile_px, tile_px, tile_px}, grid_.extent());
        thread_local GroundPixels ground;
        world_.ground.window(tile.grown(render_halo_px), ground);
        renderer.render(ground, tile, pixels);
      });
    }
    Granule granule;
    granule.spacecraft = acquisition.spacecraft;
    granule.acquired = acquisition.sensed;
    granule.processed = acquisition.processed;
    granule.relative_orbit = acquisition.relative_orbit;
    granule.absolute_orbit = acquisition.absolute_orbit;
    granule.sequence = acquisition.sequence;
    granule.tile = mgrs_tile(grid_.crs, grid_.to_map(grid_.width / 2.0, grid_.height / 2.0), site_.latitude);
    granule.processing_baseline = acquisition.baseline;
    granule.boa_add_offset = acquisition.boa_add_offset;
    granule.sun = {renderer.sun().zenith, renderer.sun().azimuth};
    granule.view = acquisition.view;
    granule.quality = quality_of(std::as_const(pixels.scl).view());
    granule.site = site_.id;
    granule.made_by = made_by(options_);
    for (std::size_t i = 0; i < surface_band_count; ++i) {
      const Plane<std::uint16_t>& dn = pixels.bands[i];
      if (dn.width() == 0) continue;
      granule.bands.push_back({surface_bands[i], coarser(grid_, info(surface_bands[i]).pixel_size_m), dn.view()});
    }
    granule.classification_grid = coarser(grid_, 20);
    granule.scl = std::as_const(pixels.scl).view();
    granule.cloud_probability = std::as_const(pixels.cloud_probability).view();
    granule.snow_probability = std::as_const(pixels.snow_probability).view();
    if (options_.form == ProductForm::safe) {
      write_safe(folder_, granule, in_parallel);
    } else {
      items_[number] = write_stac(folder_, granule, in_parallel);
    }
    if (with_sky) write_sky(acquisition.sensed, pixels.sky);
  }

  void write_sky(Instant when, const Plane<std::uint8_t>& sky) const {
    CogMetadata metadata{"what hides the ground on the day, bits", {{"SYNTHETIC", made_by(options_)}}};
    for (const MaskReasonName& reason : mask_reasons) {
      metadata.items.emplace_back("BIT_" + std::to_string(std::countr_zero(reason.bit)), reason.name);
    }
    metadata.items.emplace_back("BIT_" + std::to_string(std::countr_zero(sky_edge)), "edge");
    write_cog_byte(folder_ + "/sky/" + day_name(when) + ".tif", grid_, sky.view(), metadata);
  }

  void write_label(Instant when) const {
    Plane<std::uint8_t> label(grid_.width, grid_.height);
    for (int y = 0; y < grid_.height; ++y) std::fill_n(label.row(y), grid_.width, std::uint8_t{0});
    Plane<float> share;
    for (const Event& event : world_.events) {
      if (!is_open(event, when)) continue;
      share.reshape(event.window.width, event.window.height);
      share_reached(event, when, share.view());
      for (int y = 0; y < event.window.height; ++y) {
        for (int x = 0; x < event.window.width; ++x) {
          // Less than half for the sake of roads narrower than a pixel.
          if (share.at(x, y) >= 0.4F)
            label.at(event.window.x + x, event.window.y + y) = static_cast<std::uint8_t>(event.type);
        }
      }
    }
    CogMetadata metadata{"ground disturbed on the day, by type", {{"SYNTHETIC", made_by(options_)}}};
    for (const TruthTypeInfo& type : truth_type_infos) {
      metadata.items.emplace_back("TYPE_" + std::to_string(static_cast<int>(type.type)), type.name);
    }
    write_cog_byte(folder_ + "/labels/" + day_name(when) + ".tif", grid_, std::as_const(label).view(), metadata);
  }

  /// Rows of subpixels that the event covers when complete.
  static std::vector<Run> runs_of(const Event& event) {
    std::vector<Run> runs;
    for (int y = 0; y < event.reached.height(); ++y) {
      const std::uint8_t* row = event.reached.row(y);
      for (int x = 0; x < event.reached.width();) {
        if (row[x] == 0) {
          ++x;
          continue;
        }
        int end = x;
        while (end < event.reached.width() && row[end] != 0) ++end;
        runs.push_back(
            {event.window.y * subpixels + y, event.window.x * subpixels + x, event.window.x * subpixels + end});
        x = end;
      }
    }
    return runs;
  }

  void add_clear_observations(std::vector<TruthEvent>& truth) const {
    std::vector<std::vector<std::uint8_t>> seen(truth.size(), std::vector<std::uint8_t>(acquisitions_.size(), 0));
    in_parallel(static_cast<int>(acquisitions_.size()), [&](int i) {
      const auto k = static_cast<std::size_t>(i);
      const SceneRenderer renderer(world_, acquisitions_[k]);
      Plane<float> hidden;
      for (std::size_t e = 0; e < truth.size(); ++e) {
        const Event& event = world_.events[e];
        if (acquisitions_[k].sensed < event.onset) continue;
        hidden.reshape(event.window.width, event.window.height);
        renderer.hidden(event.window, hidden.view());
        int clear = 0;
        for (int y = 0; y < hidden.height(); ++y) {
          clear += static_cast<int>(
              std::count_if(hidden.row(y), hidden.row(y) + hidden.width(), [](float h) { return h < half_hidden; }));
        }
        seen[e][k] = 2 * clear > hidden.width() * hidden.height() ? 1 : 0;
      }
    });
    for (std::size_t e = 0; e < truth.size(); ++e) {
      for (std::size_t k = 0; k < acquisitions_.size(); ++k) {
        std::vector<Instant>& clear = truth[e].clear_observations;
        if (seen[e][k] != 0 && (clear.empty() || clear.back() != acquisitions_[k].sensed))
          clear.push_back(acquisitions_[k].sensed);
      }
    }
  }

  const SimulateOptions& options_;
  const Site& site_;
  Grid grid_;
  std::string folder_;
  const ProgressSink& progress_;
  SimulatedSite world_;
  std::vector<Band> bands_;
  std::vector<Acquisition> acquisitions_;
  std::optional<GroundPixels> ground_;
  std::size_t tokens_ = 1;
  std::vector<StacSummary> items_;  // by acquisition
};

}  // namespace

SimulateReport simulate(const SimulateOptions& options, const ProgressSink& progress) {
  const auto start = std::chrono::steady_clock::now();
  check(options);
  initialise_gdal(gdal_cache_bytes);
  const std::vector<Site> sites = read_sites(options.sites);
  const int threads = thread_count(options.threads);
  SimulateReport report;
  in_arena(threads, [&] {
    std::vector<TruthLayer> truth;
    TruthCollectionInfo known{made_by(options), ObservedGround{options.from, last_day(options), 0}};
    for (const Site& site : sites) {
      SiteSeries series(options, site, threads, progress);
      series.write();
      truth.push_back(series.truth());
      TruthCollectionInfo of_site = known;
      of_site.observed->area_km2 = series.area_km2();
      write_truth_geojson(options.out + "/" + site.id + "/truth.geojson", {&truth.back(), 1}, of_site);
      known.observed->area_km2 += series.area_km2();
      SimulateReport::OfSite counts{site.id, static_cast<int>(series.products()), 0, 0};
      for (const TruthEvent& event : truth.back().events) {
        ++(info(event.type).kind == TruthKind::disturbance ? counts.disturbances : counts.others);
      }
      report.sites.push_back(counts);
    }
    write_truth_geojson(options.out + "/truth.geojson", truth, known);
  });
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace pitwatch
