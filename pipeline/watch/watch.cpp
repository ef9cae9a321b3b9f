#include "pipeline/watch/watch.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "pipeline/context/context_config.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/exit_code.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/register/review_assignment.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/night.hpp"
#include "pipeline/watch/night_plan.hpp"
#include "pipeline/watch/night_record.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_watch.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// The folder that is written to, and the lock on it. A dry run only reads what there is.
std::shared_ptr<const void> locked(const WatchOptions& options) {
  if (options.dry_run) return std::make_shared<SharedFolderLock>(options.state);
  std::error_code error;
  fs::create_directories(options.state, error);
  if (error) throw ConfigError("--state " + options.state + ": cannot be made: " + error.message());
  return std::make_shared<FolderLock>(options.state);
}

NightSight watch_sites(const WatchOptions& options, const std::vector<WatchedSite>& sites, const ProgressSink& progress,
                       WatchReport& report) {
  const SourceListing listing = list_night(options, sites, report);
  NightSight sight;
  watch_sites_of(sites, listing, progress, [&](std::size_t number, SiteOutcome outcome) {
    take_in(sites[number], std::move(outcome), sight, report);
  });
  say_once(report);
  return sight;
}

void run_nightly(const WatchOptions& options, std::vector<WatchedSite>& sites,
                 const std::optional<ContextConfig>& context, const CoverageWork& coverage, NightRecord& record,
                 const ProgressSink& progress, WatchReport& report) {
  const InputLog log;
  UnfinishedRun notes(options.state, record.begin(0, ""), log);
  for (WatchedSite& watched : sites) watched.notes = options.dry_run ? nullptr : &notes;
  in_arena(options.threads, [&] {
    const NightSight sight = watch_sites(options, sites, progress, report);
    const NightInputs inputs = [&] { return log.files(in_parallel); };
    publish_night(options, sites, sight, context, coverage, record, inputs, report);
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
    const NightSight seen = watch_sites(options, sites, progress, report);
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
      if (!options.dry_run) {
        record.settle_unfinished();
        forget_plan(options.state);  // what its units have done is taken in now
      }
      for (WatchedSite& watched : sites) watched.recorded = record.recorded(watched.site);
      in_arena(options.threads, [&] { check_states(sites); });
      record.check_register(report.skipped);
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
