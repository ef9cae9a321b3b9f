#include "pipeline/watch/watch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>

#include "pipeline/context/context_config.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/register/review_assignment.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/context_record.hpp"
#include "pipeline/watch/night_record.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_watch.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Several sites and panes may see one scene.
void keep_once(std::vector<std::pair<std::string, std::string>>& notices) {
  std::set<std::pair<std::string, std::string>> known;
  std::erase_if(notices, [&](const auto& one) { return !known.insert(one).second; });
}

/// The folder that is written to, and the lock on it. A dry run only reads what there is.
std::shared_ptr<const void> locked(const WatchOptions& options) {
  if (options.dry_run) return std::make_shared<SharedFolderLock>(options.state);
  std::error_code error;
  fs::create_directories(options.state, error);
  if (error) throw ConfigError("--state " + options.state + ": cannot be made: " + error.message());
  return std::make_shared<FolderLock>(options.state);
}

SourceListing list(const WatchOptions& options, const std::vector<WatchedSite>& sites, WatchReport& report) {
  const NightLap lap(options.clock, {NightStage::list});
  SourceListing listing = list_readable(options.source, options.network, search_for(sites));
  for (const RejectedItem& rejected : listing.rejected) report.skipped.emplace_back(rejected.path, rejected.reason);
  if (listing.scenes.empty()) throw DataError(redacted(options.source) + ": holds no scene that can be used");
  return listing;
}

/// Alerts of all sites, each with its grid, and what became of sites that failed.
struct Seen {
  std::vector<GridAlerts> alerts;
  std::map<std::string, SupersededWhy> watched;  // sites that did not fail
};

/// They stay listed: what was wrong with them may be mended tomorrow.
void add_rejected(const std::vector<RejectedSite>& rejected, WatchReport& report) {
  for (const RejectedSite& site : rejected) {
    report.skipped.emplace_back(site.what, site.reason);
    if (site.id.empty()) continue;
    SiteStanding failed;
    failed.id = site.id;
    failed.last_error = site.reason;
    report.standings.push_back(std::move(failed));
  }
}

/// Coordinates in the wrong order are the most common reason.
std::string no_scene_at(const Site& site) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                "no scene of the source shows it, at longitude %.4f and latitude %.4f: are these swapped, or is the "
                "source of another place?",
                site.longitude, site.latitude);
  return text.data();
}

Seen watch_sites(const std::vector<WatchedSite>& sites, const SourceListing& listing, const ProgressSink& progress,
                 WatchReport& report) {
  Seen seen;
  watch_sites_of(sites, listing, progress, [&](std::size_t number, SiteOutcome outcome) {
    const WatchedSite& watched = sites[number];
    add_remarks(std::move(outcome.remarks), report);
    try {
      if (outcome.failure) std::rethrow_exception(outcome.failure);
    } catch (const DataError& unusable) {
      report.skipped.emplace_back("site " + watched.site.id, error_chain(unusable));  // the others go on
      SiteStanding failed;
      failed.id = watched.site.id;
      failed.last_error = error_chain(unusable);
      report.standings.push_back(std::move(failed));
      return;
    }
    const WatchReport::OfSite& site = outcome.summary;
    if (site.acquisitions == 0) report.skipped.emplace_back("site " + watched.site.id, no_scene_at(watched.site));
    seen.watched[watched.site.id] = site.relearnt       ? SupersededWhy::relearnt
                                    : site.replayed > 0 ? SupersededWhy::replayed
                                                        : SupersededWhy::merged;
    report.sites.push_back(std::move(outcome.summary));
    std::move(outcome.alerts.begin(), outcome.alerts.end(), std::back_inserter(seen.alerts));
  });
  for (auto* notices : {&report.skipped, &report.superseded, &report.warnings}) keep_once(*notices);
  return seen;
}

std::vector<AlertLayer> layers_of(const std::vector<GridAlerts>& alerts) {
  std::vector<AlertLayer> layers;
  for (const GridAlerts& of_pane : alerts) layers.push_back({of_pane.alerts, of_pane.grid});
  return layers;
}

/// The layers that are to say what the alerts touch, read; what cannot be used is among the skipped.
ContextLayers read_layers(const ContextConfig& config, const WatchOptions& options, WatchReport& report) {
  ContextLayers read = load_context(config, options.sites, options.network);
  report.skipped.insert(report.skipped.end(), read.skipped.begin(), read.skipped.end());
  return read;
}

void run_nightly(const WatchOptions& options, std::vector<WatchedSite>& sites,
                 const std::optional<ContextConfig>& context, const CoverageWork& coverage, NightRecord& record,
                 const ProgressSink& progress, WatchReport& report) {
  const InputLog log;
  UnfinishedRun notes(options.state, record.begin(0, ""), log);
  for (WatchedSite& watched : sites) watched.notes = options.dry_run ? nullptr : &notes;
  in_arena(options.threads, [&] {
    const SourceListing listing = list(options, sites, report);
    const Seen seen = watch_sites(sites, listing, progress, report);
    record.mark_news(report);
    std::optional<ContextLayers> layers;
    if (context) layers = read_layers(*context, options, report);
    const bool has_late_news =
        std::any_of(report.late.begin(), report.late.end(), [](const LateScene& late) { return late.is_news; });
    report.exit_code = report.skipped.empty() && !has_late_news ? 0 : 4;
    if (options.dry_run) return;
    RegisterUpdate update{layers_of(seen.alerts), seen.watched, {}, clock_now()};
    for (const WatchedSite& watched : sites) update.listed.insert(watched.site.id);
    for (const SiteStanding& standing : report.standings) update.listed.insert(standing.id);  // those that are broken
    ContextWork work;
    if (layers) {
      work = [&](const AlertsInRegister& alerts) {
        ContextUpdate of_alerts = context_of(*layers, alerts, update.now);
        report.layers = of_alerts.layers;
        return of_alerts;
      };
    }
    const NightLap lap(options.clock, {NightStage::publish});
    report.alerts = record.publish(update, log, work, coverage, report);
  });
}

/// What layers said of alerts of these ids goes with them.
void assign_context(std::vector<OutlinedAlert>& alerts, const std::vector<OutlinedAlert>& known) {
  std::map<std::string, const AlertContext*> contexts;
  for (const OutlinedAlert& one : known) contexts[one.alert.id] = &one.alert.context;
  for (OutlinedAlert& one : alerts) {
    if (const auto found = contexts.find(one.alert.id); found != contexts.end()) one.alert.context = *found->second;
  }
}

/// What the state that a rerun starts from says of its checkpoints; nothing where its record is damaged: then the heads
/// of all of them are read.
void take_recorded(const WatchOptions& options, std::vector<WatchedSite>& sites) {
  try {
    const std::optional<Manifest> before = settled_head(options.start_from);
    if (!before) return;
    for (WatchedSite& watched : sites) {
      watched.recorded = recorded_checkpoints(*before, options.start_from, watched.site.id);
    }
  } catch (const DataError&) {
  }
}

/// A rerun writes its alerts and nothing else.
void run_again(const WatchOptions& options, std::vector<WatchedSite>& sites, const ProgressSink& progress,
               WatchReport& report) {
  if (!options.start_from.empty()) take_recorded(options, sites);
  RegisterContent known;
  if (!options.reviews_from.empty()) known = read_register(options.reviews_from);
  in_arena(options.threads, [&] {
    const SourceListing listing = list(options, sites, report);
    const Seen seen = watch_sites(sites, listing, progress, report);
    report.exit_code = report.skipped.empty() ? 0 : 4;
    std::vector<OutlinedAlert> alerts = outlined_alerts(layers_of(seen.alerts), in_parallel);
    assign_reviews(alerts, known.reviews, clock_now());
    assign_context(alerts, known.alerts);
    keep_published(alerts, options.max_natural);
    report.alerts = alerts.size();
    const std::string path = options.state + "/alerts.geojson";
    const std::string text = published_text(alerts, options.max_natural, as_of(report.standings));
    report.changed = !has_content(path, text);
    if (report.changed) write_file_atomically(path, text);
  });
}

/// What is put on record is to be found from anywhere.
WatchOptions with_absolute_paths(WatchOptions options) {
  for (std::string* const path : {&options.sites, &options.source, &options.state, &options.start_from,
                                  &options.register_target, &options.context}) {
    std::error_code none;
    const bool is_path = !path->empty() && path->find("://") == std::string::npos && !is_database(*path);
    if (is_path) *path = fs::absolute(*path, none).lexically_normal().string();
  }
  return options;
}

/// What main makes of an exception.
int exit_code_of(const std::exception& error) {
  if (const auto* interrupted = dynamic_cast<const Interrupted*>(&error)) {
    return exit_code_of_signal(interrupted->signal);
  }
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return 2;
  if (dynamic_cast<const UnavailableError*>(&error) != nullptr) return 69;
  return dynamic_cast<const DataError*>(&error) != nullptr ? 3 : 1;
}

}  // namespace

WatchReport watch(const WatchOptions& given, const ProgressSink& progress, const CoverageWork& coverage) {
  const WatchOptions options = with_absolute_paths(given);
  const auto start = std::chrono::steady_clock::now();
  const Instant started = options.started.value_or(clock_now());
  initialise_gdal(watch_gdal_cache_bytes);
  WatchReport report;
  std::optional<ContextConfig> context;
  if (!options.context.empty()) context = read_context_config(options.context);
  std::vector<RejectedSite> rejected;
  std::vector<WatchedSite> sites = watched_sites(options, rejected);
  add_rejected(rejected, report);
  const std::shared_ptr<const void> lock = locked(options);
  if (options.is_rerun) {
    run_again(options, sites, progress, report);
  } else {
    NightRecord record(options, started);
    try {
      if (!options.dry_run) record.settle_unfinished();
      for (WatchedSite& watched : sites) watched.recorded = record.recorded(watched.site);
      in_arena(options.threads, [&] { check_states(sites); });
      record.check_register();
      run_nightly(options, sites, context, coverage, record, progress, report);
    } catch (const std::exception& error) {
      if (!options.dry_run) record.publish_failure(exit_code_of(error), error_chain(error));
      throw;
    }
  }
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace pitwatch
