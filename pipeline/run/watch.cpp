#include "pipeline/run/watch.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts_geojson.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/folder_lock.hpp"
#include "pipeline/io/gdal_runtime.hpp"
#include "pipeline/io/register.hpp"
#include "pipeline/run/background.hpp"
#include "pipeline/run/site_watch.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Several sites and panes may see one scene.
void tell_once(std::vector<std::pair<std::string, std::string>>& told) {
  std::set<std::pair<std::string, std::string>> known;
  std::erase_if(told, [&](const auto& one) { return !known.insert(one).second; });
}

}  // namespace

WatchReport watch(const WatchOptions& options, const ProgressSink& progress) {
  const auto start = std::chrono::steady_clock::now();
  initialise_gdal(watch_gdal_cache_bytes);
  const std::vector<WatchedSite> sites = watched_sites(options);
  std::unique_ptr<FolderLock> lock;
  if (!options.dry_run) {
    std::error_code error;
    fs::create_directories(options.state, error);
    if (error) throw ConfigError("--state " + options.state + ": cannot be made: " + error.message());
    lock = std::make_unique<FolderLock>(options.state);
  }
  // A register that cannot be used is told before any work.
  std::vector<RegisteredReview> reviews;
  if (!options.register_target.empty()) static_cast<void>(read_reviews(options.register_target));
  if (!options.reviews_from.empty()) reviews = read_register(options.reviews_from).reviews;
  WatchReport report;
  const SourceListing listing = list_readable(options.source, options.network, search_for(sites));
  for (const RejectedItem& rejected : listing.rejected) report.skipped.emplace_back(rejected.path, rejected.reason);
  if (listing.scenes.empty()) throw DataError(redacted(options.source) + ": holds no scene that can be used");

  in_arena(options.threads, [&] {
    std::vector<GridAlerts> alerts;
    OffsetMemory offsets;
    for (const WatchedSite& watched : sites) {
      try {
        SiteOutcome outcome = watch_site(watched, listing, offsets, progress, report);
        report.sites.push_back(std::move(outcome.summary));
        std::move(outcome.alerts.begin(), outcome.alerts.end(), std::back_inserter(alerts));
      } catch (const DataError& unusable) {
        report.skipped.emplace_back("site " + watched.site.id, error_chain(unusable));  // the others go on
      }
    }
    if (options.dry_run) return;
    std::vector<AlertLayer> layers;
    for (const GridAlerts& of_pane : alerts) layers.push_back({of_pane.alerts, of_pane.grid});
    std::vector<OutlinedAlert> outlined = outlined_alerts(layers, in_parallel);
    if (options.register_target.empty()) {
      assign_reviews(outlined, reviews);
    } else {
      report.changed = update_register(options.register_target, outlined);
    }
    // What another alert stands for is in the register alone.
    std::erase_if(outlined, [&](const OutlinedAlert& one) {
      return one.alert.status == AlertStatus::superseded ||
             (!options.all_classes && !disturbs_ground(one.alert.change_class));
    });
    report.alerts = outlined.size();
    const std::string path = options.state + "/alerts.geojson";
    const std::string text = alerts_geojson(outlined, {"alerts", {}, {}}, in_parallel);
    if (text != content_of(path)) {
      write_file_atomically(path, text);
      report.changed = true;
    }
  });
  for (auto* told : {&report.skipped, &report.left_out, &report.doubts}) tell_once(*told);
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace pitwatch
