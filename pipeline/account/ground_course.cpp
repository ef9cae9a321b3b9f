#include "pipeline/account/ground_course.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <span>

#include "pipeline/account/counted.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {
namespace {

constexpr std::array<Feature, 4> surface_features{Feature::bsi, Feature::log_visible, Feature::log_swir16,
                                                  Feature::log_swir22};

/// A ground on the grid of a pane.
struct PaneGround {
  const CourseGround* ground = nullptr;
  std::vector<std::size_t> pixels;  // row-major
};

/// Pixels of a ground that lie in the core of a pane.
std::vector<std::size_t> pixels_on(const CourseGround& ground, const Pane& pane) {
  std::vector<std::size_t> pixels;
  const Grid zone = grid_of_zone(ground.crs);
  if (ground.crs != pane.grid.crs || pane.grid.pixel_size_m != zone.pixel_size_m) return pixels;
  const double side = zone.pixel_size_m;
  const auto left = static_cast<int>(std::lround((pane.grid.origin.x - zone.origin.x) / side));
  const auto top = static_cast<int>(std::lround((zone.origin.y - pane.grid.origin.y) / side));
  for (const PixelKey key : ground.pixels) {
    const PixelPoint at = place_of(key).at;
    const int x = at.x - left;
    const int y = at.y - top;
    if (x < 0 || y < 0 || x >= pane.grid.width || y >= pane.grid.height) continue;
    const bool in_core = x + pane.left >= pane.core.x && x + pane.left < pane.core.right() &&
                         y + pane.top >= pane.core.y && y + pane.top < pane.core.bottom();
    if (!in_core) continue;
    pixels.push_back(static_cast<std::size_t>(y) * static_cast<std::size_t>(pane.grid.width) +
                     static_cast<std::size_t>(x));
  }
  return pixels;
}

/// Sums over the pixels of a ground that one acquisition showed clear.
struct Sums {
  double pixels = 0;
  double ndvi = 0;
  double own_ndvi = 0;
  double mndwi = 0;
  double distance2 = 0;
};
using CourseSums = std::map<std::string, std::map<Instant, Sums>>;  // by id

/// Adds what an acquisition shows of a pixel.
void add_pixel(const AcquisitionTaken& taken, std::size_t pixel, Sums& sums) {
  const Observation& seen = *taken.observation;
  const MonitorState& state = taken.state.monitor;
  if (!counts(seen.use[pixel]) || state.history[pixel].onset_before == no_observation) return;
  const FeatureVector deviation = seen.residuals.deviation[pixel];
  if (!(deviation[index(Feature::ndvi)] > 0)) return;
  const auto width = static_cast<std::size_t>(state.width);
  const FeatureVector& shared =
      seen.anomaly.at(static_cast<int>(pixel % width), static_cast<int>(pixel / width), seen.residuals.kind[pixel]);
  const FeatureVector observed = taken.features.values[pixel];
  const FeatureVector residual = seen.residuals.residual[pixel];
  const auto less_shared = [&](Feature feature) {
    const std::size_t f = index(feature);
    return static_cast<double>(observed[f] - (deviation[f] > 0 ? shared[f] : 0));
  };
  ++sums.pixels;
  sums.ndvi += less_shared(Feature::ndvi);
  sums.own_ndvi += less_shared(Feature::ndvi) - static_cast<double>(residual[index(Feature::ndvi)]);
  sums.mndwi += less_shared(Feature::mndwi);
  double distance2 = 0;
  int features = 0;
  for (const Feature feature : surface_features) {
    const std::size_t f = index(feature);
    if (!(deviation[f] > 0)) continue;
    const auto sigmas = static_cast<double>(residual[f] / deviation[f]);
    distance2 += sigmas * sigmas;
    ++features;
  }
  if (features > 0) sums.distance2 += distance2 / features;
}

/// The grounds of one site, by what its panes show of them.
CourseSums sums_of(const WatchedSite& watched, const std::vector<CourseGround>& grounds, const SourceListing& listing,
                   OffsetMemory& offsets, const ProgressSink& progress, WatchReport& report) {
  CourseSums sums;
  for (const Pane& pane : panes_of(site_grid(watched.site, watched.options.buffer_m))) {
    std::vector<PaneGround> here;
    for (const CourseGround& ground : grounds) {
      PaneGround on_pane{&ground, pixels_on(ground, pane)};
      if (!on_pane.pixels.empty()) here.push_back(std::move(on_pane));
    }
    if (here.empty()) continue;
    const SiteProbe probe{[](const MonitorState&) {},
                          [&](const AcquisitionTaken& taken) {
                            if (taken.observation == nullptr || !taken.record.skipped.empty()) return;
                            for (const PaneGround& on_pane : here) {
                              if (taken.record.acquired < on_pane.ground->since) continue;
                              Sums& of = sums[on_pane.ground->id][taken.record.acquired];
                              for (const std::size_t pixel : on_pane.pixels) add_pixel(taken, pixel, of);
                            }
                          }};
    probe_pane(watched, pane, listing, offsets, progress, report, probe);
  }
  return sums;
}

std::vector<GroundSeen> seen_of(const CourseGround& ground, const std::map<Instant, Sums>& sums) {
  std::vector<GroundSeen> seen;
  for (const auto& [when, sum] : sums) {
    if (2 * sum.pixels < static_cast<double>(ground.pixels.size())) continue;
    seen.push_back({when, sum.pixels, sum.ndvi / sum.pixels, sum.own_ndvi / sum.pixels, sum.mndwi / sum.pixels,
                    std::sqrt(sum.distance2 / sum.pixels)});
  }
  return seen;
}

double median_of_three(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

/// The lowest median of three in a row; the first and the last stand for those that are missing beside them.
double lowest_ndvi(std::span<const GroundSeen> seen) {
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const GroundSeen& before = seen[i == 0 ? 0 : i - 1];
    const GroundSeen& after = seen[std::min(i + 1, seen.size() - 1)];
    lowest = std::min(lowest, median_of_three(before.ndvi, seen[i].ndvi, after.ndvi));
  }
  return lowest;
}

}  // namespace

GroundCourse course_of(std::vector<GroundSeen> seen) {
  GroundCourse course;
  course.seen = std::move(seen);
  const std::vector<GroundSeen>& all = course.seen;
  if (all.empty()) return course;
  double greenest_own = -std::numeric_limits<double>::infinity();
  for (const GroundSeen& one : all) greenest_own = std::max(greenest_own, one.own_ndvi);
  for (std::size_t i = 2; i < all.size(); ++i) {
    course.was_water = course.was_water || (shows_water(all[i - 2]) && shows_water(all[i - 1]) && shows_water(all[i]));
  }
  // Water is less green than any soil: soil that it gave way to would count as half regrown.
  std::vector<GroundSeen> dry;
  std::copy_if(all.begin(), all.end(), std::back_inserter(dry),
               [](const GroundSeen& one) { return !shows_water(one); });
  const bool has_dry = dry.size() >= 3;
  course.bare_ndvi = lowest_ndvi(has_dry ? dry : all);
  course.was_bare_before = greenest_own - course.bare_ndvi < least_green;
  return course;
}

GroundCourses ground_courses(const std::map<std::string, std::vector<CourseGround>>& grounds, WatchOptions options,
                             const ProgressSink& progress) {
  initialise_gdal(watch_gdal_cache_bytes);
  options.state.clear();
  options.dry_run = false;
  GroundCourses result;
  WatchReport report;
  std::vector<RejectedSite> rejected;
  const std::vector<WatchedSite> sites = watched_sites(options, rejected);
  for (const RejectedSite& site : rejected) report.skipped.emplace_back(site.what, site.reason);
  const SourceListing listing = list_readable(options.source, options.network, search_for(sites));
  for (const RejectedItem& item : listing.rejected) report.skipped.emplace_back(item.path, item.reason);
  OffsetMemory offsets;
  for (const auto& [site, of_site] : grounds) {
    if (of_site.empty()) continue;
    const auto watched =
        std::find_if(sites.begin(), sites.end(), [&, id = site](const WatchedSite& one) { return one.site.id == id; });
    if (watched == sites.end()) {
      result.remarks.push_back("site " + site + ": is not in " + options.sites +
                               "; how its ground recovers is not known");
      continue;
    }
    CourseSums sums;
    in_arena(options.threads,
             [&, &all = of_site] { sums = sums_of(*watched, all, listing, offsets, progress, report); });
    for (const CourseGround& ground : of_site) {
      result.of_site[site][ground.id] = course_of(seen_of(ground, sums[ground.id]));
    }
  }
  result.skipped = std::move(report.skipped);
  return result;
}

}  // namespace pitwatch
