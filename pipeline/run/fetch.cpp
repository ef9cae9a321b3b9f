#include "pipeline/run/fetch.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "pipeline/acquisition/choice.hpp"
#include "pipeline/acquisition/editions.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/scenes/scene_mirror.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Read around what is watched: 500 m where the shift of an acquisition is measured, and what growing clouds,
/// interpolation and the shift itself reach beyond.
constexpr double margin_m = 700;

/// They mostly wait for the network.
constexpr int usual_scenes_at_once = 8;

constexpr std::int64_t gdal_cache_bytes = std::int64_t{16} << 20;

struct Place {
  Grid ground;    // that is brought
  DegreeBox box;  // of what is watched
};

std::vector<Place> places_of(const FetchOptions& options, FetchReport& report) {
  std::vector<Place> places;
  std::vector<RejectedSite> rejected;
  const std::vector<Site> sites = read_sites(options.sites, rejected);
  for (const RejectedSite& site : rejected) report.skipped.emplace_back(site.what, site.reason);
  for (const Site& site : sites) {
    const DegreeBox box = degree_box(site_grid(site, options.buffer_m));
    places.push_back({site_grid(site, options.buffer_m + margin_m), box});
  }
  return places;
}

/// A scene to be mirrored, and the ground for which it is.
struct Wanted {
  OriginalScene original;
  std::vector<Grid> ground;
};

/// Those of the bands to be brought, and B8A where a scene is read by it for want of B08.
std::vector<Band> bands_of(const Scene& scene, std::vector<Band> bands) {
  if (scene.has(Band::B08) || std::find(bands.begin(), bands.end(), Band::B8A) != bands.end()) return bands;
  std::replace(bands.begin(), bands.end(), Band::B08, Band::B8A);
  return bands;
}

/// Whether a granule of the place's own zone has all of its ground.
bool has_all(const Scene& part, const Place& place) {
  const std::string& crs = place.ground.crs;
  if (crs_of_tile(part.tile) != crs || part.nodata.value_or(100) > 0) return false;
  // Tiles are 109.8 km wide and high, from the upper left corners of squares of 100 km on.
  constexpr double square_m = 100000;
  const auto is_of_square = [&](const MapPoint& point) {
    if (point.x < square_m || point.x >= 9 * square_m) return false;  // beyond the zone's columns
    const std::string square = mgrs_tile(crs, point, place.box.south);
    return square.substr(4) == part.tile.substr(4);  // the letter before is of the latitude
  };
  const MapPoint corner = place.ground.origin;
  const MapPoint end = place.ground.to_map(place.ground.width, place.ground.height);
  for (const double left : {0.0, square_m}) {
    for (const double up : {0.0, square_m}) {
      const MapPoint point{corner.x - left, corner.y + up};
      const Grid tile = tile_grid(crs, point);
      const MapPoint tile_end = tile.to_map(tile.width, tile.height);
      const bool is_inside =
          tile.origin.x <= corner.x && tile.origin.y >= corner.y && tile_end.x >= end.x && tile_end.y <= end.y;
      if (is_inside && is_of_square(point)) return true;
    }
  }
  return false;
}

/// Takes out granules of the neighbouring zone where one of the own zone has all of the ground.
void drop_needless(Datatake& datatake, const Place& place, std::set<std::pair<std::string, std::string>>& superseded) {
  const auto whole = std::find_if(datatake.parts.begin(), datatake.parts.end(),
                                  [&](const ListedScene& part) { return has_all(part.scene, place); });
  if (whole == datatake.parts.end()) return;
  const std::string reason = "of another UTM zone, and " + whole->scene.id + " has the same ground";
  std::erase_if(datatake.parts, [&](const ListedScene& part) {
    const std::string zone = crs_of_tile(part.scene.tile);
    const bool is_needless = !zone.empty() && zone != place.ground.crs;
    if (is_needless) superseded.emplace(part.scene.id, reason);
    return is_needless;
  });
}

/// The editions that would be read for each place, by the names that they have in a mirror.
std::map<std::string, Wanted> choose(SourceListing listing, const std::map<std::string, std::string>& items,
                                     const std::vector<Place>& places, const FetchOptions& options,
                                     FetchReport& report) {
  std::erase_if(listing.scenes, [&](const ListedScene& listed) {
    if ((options.from && listed.scene.acquired < *options.from) ||
        (options.until && listed.scene.acquired > *options.until)) {
      return true;
    }
    // What lacks a band must not stand in the way of another edition that has it.
    const std::string missing = missing_bands(listed.scene, options.bands);
    if (!missing.empty()) report.skipped.emplace_back(listed.scene.id, "no asset for" + missing);
    return !missing.empty();
  });
  std::map<std::string, Wanted> wanted;
  std::set<std::pair<std::string, std::string>> superseded;
  for (const Place& place : places) {
    std::vector<ListedScene> over;
    std::copy_if(listing.scenes.begin(), listing.scenes.end(), std::back_inserter(over),
                 [&](const ListedScene& one) { return !one.scene.bbox || overlap(*one.scene.bbox, place.box); });
    SceneChoice choice = choose_one_per_datatake(std::move(over));
    for (const SupersededScene& left : choice.superseded) superseded.emplace(left.scene.scene.id, left.reason);
    for (Datatake& datatake : choice.datatakes) {
      drop_needless(datatake, place, superseded);
      for (ListedScene& part : datatake.parts) {
        const std::string name = mirror_name(part.scene.id);
        const auto found = wanted.find(name);
        if (found == wanted.end()) {
          const std::string& item = items.at(part.fingerprint);
          OriginalScene original{std::move(part.scene), item, part.fingerprint};
          wanted.emplace(name, Wanted{std::move(original), {place.ground}});
        } else if (found->second.original.fingerprint == part.fingerprint) {
          found->second.ground.push_back(place.ground);
        } else {
          superseded.emplace(part.scene.id, "of the same id as " + redacted(found->second.original.scene.source));
        }
      }
    }
  }
  report.superseded.assign(superseded.begin(), superseded.end());
  return wanted;
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  const fs::path inside = inner.lexically_relative(outer);
  return !inside.empty() && *inside.begin() != "..";
}

/// A mirror keeps of each scene the ground of the sites alone: written over its source it would destroy it.
void refuse_own_source(const FetchOptions& options) {
  const std::optional<std::string> source = local_path(options.source);
  if (!source) return;
  std::error_code none;
  const fs::path from = fs::weakly_canonical(fs::absolute(*source), none);
  const fs::path to = fs::weakly_canonical(fs::absolute(options.out), none);
  if (is_within(from, to) || is_within(to, from)) {
    throw ConfigError("--out " + options.out + ": is, holds or lies in the source: its scenes would be lost");
  }
}

/// "; NAME: why; NAME: why; and 7 more"; empty where nothing was skipped.
std::string first_reasons(std::vector<std::pair<std::string, std::string>> skipped) {
  constexpr std::size_t most_named = 3;
  std::sort(skipped.begin(), skipped.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(skipped.size(), most_named); ++i) {
    text += "; " + skipped[i].first + ": " + skipped[i].second;
  }
  if (skipped.size() > most_named) text += "; and " + std::to_string(skipped.size() - most_named) + " more";
  return text;
}

}  // namespace

FetchReport fetch(const FetchOptions& options, const ProgressSink& progress) {
  initialise_gdal(gdal_cache_bytes);
  if (options.bands.empty()) throw ConfigError("--bands names no band");
  FetchReport report;
  refuse_own_source(options);
  const std::vector<Place> places = places_of(options, report);
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) throw ConfigError("--out " + options.out + ": cannot be made: " + error.message());
  const FolderLock lock(options.out);

  const auto client = std::make_shared<HttpClient>(options.network.http, policy_for(options.source, options.network));
  RemoteFiles files(client);
  SourceSearch search{{}, options.from, options.until};
  for (const Place& place : places) search.places.push_back(place.box);
  std::map<std::string, std::string> items;  // by fingerprint
  SourceListing listing =
      list_source(options.source, options.network, *client, search,
                  [&](const ListedScene& listed, const std::string& item) { items[listed.fingerprint] = item; });
  for (const RejectedItem& item : listing.rejected) report.skipped.emplace_back(item.path, item.reason);
  const std::map<std::string, Wanted> wanted = choose(std::move(listing), items, places, options, report);
  if (wanted.empty()) {
    throw DataError(redacted(options.source) + ": holds no scene of the sites that can be used" +
                    first_reasons(report.skipped));
  }
  items.clear();

  std::vector<const Wanted*> scenes;
  for (const auto& [name, scene] : wanted) scenes.push_back(&scene);
  std::mutex mutex;
  std::size_t done = 0;
  in_arena(options.threads != 0 ? options.threads : usual_scenes_at_once, [&] {
    in_parallel(static_cast<int>(scenes.size()), [&](int i) {
      const Wanted& scene = *scenes[static_cast<std::size_t>(i)];
      const std::string& id = scene.original.scene.id;
      std::optional<Mirrored> outcome;
      std::string failure;
      try {
        outcome = mirror_scene(scene.original, scene.ground, bands_of(scene.original.scene, options.bands), options.out,
                               files);
      } catch (const DataError& unusable) {
        failure = unusable.what();
      }
      const std::lock_guard guard(mutex);
      if (!outcome) report.skipped.emplace_back(id, failure);
      report.fetched += outcome == Mirrored::fetched ? 1U : 0U;
      report.were_there += outcome == Mirrored::was_there ? 1U : 0U;
      if (outcome == Mirrored::shows_none) report.superseded.emplace_back(id, "shows none of the sites");
      progress("scenes", static_cast<double>(++done) / static_cast<double>(scenes.size()));
    });
  });
  std::sort(report.skipped.begin(), report.skipped.end());
  std::sort(report.superseded.begin(), report.superseded.end());
  report.bytes_received = client->bytes_received() + raster_bytes_received();
  return report;
}

}  // namespace pitwatch
