#include "pipeline/watch/units.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/raster/input_log.hpp"
#include "pipeline/io/scenes/scene_block.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/night.hpp"
#include "pipeline/watch/night_record.hpp"
#include "pipeline/watch/pane_watch.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/unit_outcome.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_block_bytes = std::uint64_t{1} << 30;

std::vector<Pane> panes_of(const WatchedSite& watched) {
  return panes_of(site_grid(watched.site, watched.options.buffer_m));
}

std::string scenes_path(const std::string& state, const std::string& plan) {
  return units_folder(state, plan) + "/.scenes";
}

// ---- plan ----

/// What is to be done at one site.
struct SitePlan {
  std::optional<PlannedUnit> unit;    // none: nothing is to be taken in
  std::optional<std::string> scenes;  // of the unit, packed
  std::string failure;                // why it cannot be planned
};

/// Seconds of one core that an acquisition of so many pixels takes (measured on simulated scenes of 64 to 1280 pixels a
/// side; cloudless ones take the longest).
double seconds_of(std::int64_t pixels) { return 0.004 + 2.5e-7 * static_cast<double>(pixels); }

/// Adds what is to be done at one pane. False where that is nothing.
bool add_pane(const PaneWatch& watch, const Pane& pane, PlannedUnit& unit) {
  const PanePlan& plan = watch.plan();
  const std::vector<PlannedAcquisition>& all = plan.acquisitions().acquisitions;
  const int count = static_cast<int>(all.size());
  const int fresh = static_cast<int>(plan.new_count());
  const bool keeps = plan.learning_goes_on();
  const int taken = keeps ? fresh : count - static_cast<int>(plan.start());
  unit.acquisitions = std::max(unit.acquisitions, count);
  if (taken == 0) return false;
  unit.new_acquisitions = std::max(unit.new_acquisitions, fresh);
  unit.replayed = std::max(unit.replayed, taken - fresh);
  unit.seconds += taken * seconds_of(std::int64_t{pane.grid.width} * pane.grid.height);
  for (const PlannedAcquisition& one : all) {
    if (!one.is_new) continue;
    for (const AcquisitionPart& part : one.record.parts) unit.inputs.push_back(part.scene);
  }
  return true;
}

/// The scenes that a unit looks at: those that may show its site.
std::vector<const ListedScene*> scenes_of(const SourceListing& listing, const WatchedSite& watched) {
  const DegreeBox here = degree_box(site_grid(watched.site, watched.options.buffer_m));
  std::vector<const ListedScene*> scenes;
  for (const ListedScene& listed : listing.scenes) {
    if (!listed.scene.bbox || overlap(*listed.scene.bbox, here)) scenes.push_back(&listed);
  }
  return scenes;
}

/// Memory is that of the panes that take most, as many as are watched side by side, within what is allowed.
std::int64_t memory_of(std::vector<std::int64_t> panes, std::int64_t allowed) {
  std::sort(panes.begin(), panes.end(), std::greater<>());
  std::int64_t bytes = program_bytes;
  const std::size_t together = std::min(panes.size(), static_cast<std::size_t>(arena_threads()));
  for (std::size_t i = 0; i < together; ++i) bytes += panes[i];
  return std::max(std::min(bytes, allowed), program_bytes + panes.front());
}

SitePlan plan_site(const WatchedSite& watched, const SourceListing& listing) {
  SitePlan result;
  const std::vector<Pane> panes = panes_of(watched);
  PlannedUnit unit;
  unit.unit = unit.site = watched.site.id;
  unit.panes = static_cast<int>(panes.size());
  bool has_work = false;
  std::vector<std::int64_t> bytes;
  OffsetMemory offsets;
  BlockCache blocks(0);
  try {
    for (const Pane& pane : panes) {
      WatchReport remarks;
      const PaneWatch watch(
          watched, pane, listing, offsets, blocks, [](std::string_view, double) {}, remarks);
      if (!add_pane(watch, pane, unit)) continue;
      has_work = true;
      bytes.push_back(watch.bytes());
    }
  } catch (const DataError& error) {  // the merge names it as a run does
    result.failure = error_chain(error);
    return result;
  }
  if (!has_work) return result;
  std::sort(unit.inputs.begin(), unit.inputs.end());
  unit.inputs.erase(std::unique(unit.inputs.begin(), unit.inputs.end()), unit.inputs.end());
  unit.memory_bytes = memory_of(std::move(bytes), watched.options.memory_bytes);
  unit.seconds = std::ceil(unit.seconds * 10) / 10;
  result.scenes = packed_scenes(scenes_of(listing, watched), watched.options.source);
  result.unit = std::move(unit);
  return result;
}

/// The units of all sites, and the scenes of all units one after the other.
std::string add_units(const std::vector<WatchedSite>& sites, const SourceListing& listing, PlanReport& report) {
  std::vector<SitePlan> plans(sites.size());
  const KeptPixels kept;
  in_parallel(static_cast<int>(sites.size()), [&](int i) {
    const auto number = static_cast<std::size_t>(i);
    plans[number] = plan_site(sites[number], listing);
  });
  std::string scenes;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    SitePlan& plan = plans[i];
    if (!plan.failure.empty()) report.skipped.emplace_back("site " + sites[i].site.id, plan.failure);
    if (!plan.unit) continue;
    if (plan.scenes) {
      plan.unit->scenes = SceneBlock{scenes.size(), plan.scenes->size(), sha256_text(*plan.scenes)};
      scenes += *plan.scenes;
      plan.scenes.reset();
    }
    report.plan.units.push_back(*std::move(plan.unit));
  }
  return scenes;
}

/// Leaves those of other plans no more.
void remove_other_units(const std::string& state, const std::string& plan) {
  std::vector<fs::path> others;
  std::error_code none;
  for (fs::directory_iterator it(state + "/units", none), end; it != end && !none; it.increment(none)) {
    if (it->path().filename() != plan) others.push_back(it->path());
  }
  for (const fs::path& other : others) fs::remove_all(other, none);
}

/// Scenes first, so that a plan that is there is whole.
void write_plan(const std::string& state, const std::string& scenes, PlanReport& report) {
  NightPlan& plan = report.plan;
  set_id(plan);
  std::optional<NightPlan> before;
  try {
    before = read_plan(state);
  } catch (const DataError&) {  // it makes room
  }
  std::error_code none;
  report.is_as_before = before && before->id == plan.id && fs::exists(scenes_path(state, plan.id), none);
  if (report.is_as_before) {
    plan = *std::move(before);
    return;
  }
  make_folder(units_folder(state, plan.id));
  write_file_atomically(scenes_path(state, plan.id), scenes);
  write_file_atomically(plan_path(state), plan_text(plan));
  remove_other_units(state, plan.id);
}

std::string sites_hash(const std::string& path) {
  try {
    return sha256_file(path);
  } catch (const DataError&) {  // a layer of something else than a file
    return {};
  }
}

/// That the plan builds on.
std::string newest_manifest(const std::string& state) {
  try {
    const std::optional<ManifestReference> head = read_head(state);
    return head ? head->name : std::string();
  } catch (const DataError&) {  // one that is damaged is no hindrance
    return {};
  }
}

PlanReport plan_on(const WatchOptions& options, std::vector<WatchedSite>& sites, NightRecord& record,
                   PlanReport report) {
  for (WatchedSite& watched : sites) watched.recorded = record.recorded(watched.site);
  in_arena(options.threads, [&] {
    check_states(sites);
    record.check_register();
    WatchReport listed;
    const SourceListing listing = list_night(options, sites, listed);
    NightPlan& plan = report.plan;
    plan.made = clock_now();
    plan.record = newest_manifest(options.state);
    plan.sites_sha256 = sites_hash(options.sites);
    plan.options = common_options_of(options);
    plan.until = listing.scenes.back().scene.acquired;
    plan.skipped = listed.skipped;
    report.skipped.insert(report.skipped.end(), listed.skipped.begin(), listed.skipped.end());
    const std::string scenes = add_units(sites, listing, report);
    write_plan(options.state, scenes, report);
  });
  report.exit_code = report.skipped.empty() ? 0 : 4;
  return report;
}

// ---- what units and merge have in common ----

/// The plan that both go by.
NightPlan expected_plan(const WatchOptions& options) {
  std::optional<NightPlan> plan = read_plan(options.state);
  if (!plan) throw ConfigError(plan_path(options.state) + ": is not there: pitwatch plan makes it");
  expect_options(*plan, options);
  return *std::move(plan);
}

/// Leaves what the source had when it was planned.
void keep_planned(const NightPlan& plan, SourceListing& listing) {
  if (!plan.until) return;
  std::erase_if(listing.scenes, [&](const ListedScene& listed) { return listed.scene.acquired > *plan.until; });
}

// ---- one unit ----

/// Those that the plan has noted for it; nothing where it has not, or they cannot be read.
std::optional<SourceListing> noted_scenes(const WatchOptions& options, const NightPlan& plan, const PlannedUnit& unit) {
  if (!unit.scenes || unit.scenes->bytes > largest_block_bytes) return {};
  std::ifstream file(scenes_path(options.state, plan.id), std::ios::binary);
  std::string text(static_cast<std::size_t>(unit.scenes->bytes), '\0');
  file.seekg(static_cast<std::streamoff>(unit.scenes->offset));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file || sha256_text(text) != unit.scenes->sha256) return {};
  std::optional<std::vector<ListedScene>> scenes = unpacked_scenes(text, options.source);
  if (!scenes) return {};
  return SourceListing{*std::move(scenes), {}};
}

SourceListing scenes_for(const WatchOptions& options, const NightPlan& plan, const PlannedUnit& unit,
                         const std::vector<WatchedSite>& sites) {
  if (std::optional<SourceListing> noted = noted_scenes(options, plan, unit)) return *std::move(noted);
  WatchReport of_source;  // plan and merge tell of it
  SourceListing listing = list_night(options, sites, of_source);
  keep_planned(plan, listing);
  return listing;
}

/// What a unit has to tell, and its exit code.
WatchReport report_of(const WatchedSite& watched, const std::vector<Pane>& panes, UnitOutcome outcome) {
  WatchReport report;
  NightSight sight;
  take_in(watched, put_together(panes, std::move(outcome.panes)), sight, report);
  say_once(report);
  return report;
}

WatchReport do_unit(const WatchOptions& options, const NightPlan& plan, const PlannedUnit& unit,
                    std::vector<WatchedSite>& site, const ProgressSink& progress) {
  WatchedSite& watched = site.front();
  const std::vector<Pane> panes = panes_of(watched);
  const Instant started = options.started.value_or(clock_now());
  const NightRecord record(options, started, plan.id);
  watched.recorded = record.recorded(watched.site);
  UnitOutcome outcome{plan.id, unit.unit, record.begin(0, ""), {}};
  const InputLog log;
  UnfinishedRun notes(options.state, outcome.record, log, unit.unit);
  watched.notes = &notes;
  in_arena(options.threads, [&] {
    check_states(site);
    const SourceListing listing = scenes_for(options, plan, unit, site);
    watch_panes_of(site, listing, progress,
                   [&](std::size_t, std::vector<PaneOutcome> seen) { outcome.panes = std::move(seen); });
  });
  WatchReport report = report_of(watched, panes, outcome);
  record.mark_news(report);
  const bool has_late_news =
      std::any_of(report.late.begin(), report.late.end(), [](const LateScene& late) { return late.is_news; });
  report.exit_code = report.skipped.empty() && !has_late_news ? 0 : 4;
  outcome.record.exit_code = report.exit_code;
  outcome.record.ended = clock_now();
  write_file_atomically(outcome_path(options.state, plan.id, unit.unit), outcome_text(outcome, options.state));
  return report;
}

// ---- merge ----

/// The units of a plan as they stand, site by site.
class Merge {
 public:
  Merge(const WatchOptions& options, const NightPlan& plan, std::vector<WatchedSite>& sites)
      : options_(options), plan_(plan), sites_(sites) {
    for (const PlannedUnit& unit : plan.units) units_.emplace(unit.site, &unit);
  }

  /// Whether a merge would bring in what is not on record.
  bool has_news() const {
    const auto missing = missing_when_merged(options_.state, plan_.id);
    if (!missing) return true;
    return std::any_of(missing->begin(), missing->end(), [&](const std::string& unit) {
      const WatchedSite* const watched = site_of(unit);
      try {
        return watched != nullptr && read_outcome(plan_.id, unit, *watched, panes_of(*watched)).has_value();
      } catch (const DataError&) {
        return false;
      }
    });
  }

  /// Names those that the last merge lacked.
  void tell_missing(WatchReport& report) const {
    for (const std::string& unit : missing_when_merged(options_.state, plan_.id).value_or(std::vector<std::string>{})) {
      report.skipped.emplace_back("unit " + unit, "has no result");
    }
  }

  /// Sites in their order: those with a unit by its outcome, the others looked at now.
  NightSight take_in_all(const ProgressSink& progress, WatchReport& report) {
    std::vector<WatchedSite> others;
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      if (units_.count(sites_[i].site.id) != 0) continue;
      others.push_back(sites_[i]);
      numbers.push_back(i);
    }
    NightSight sight;
    std::size_t next = 0;
    const auto take_units_before = [&](std::size_t end) {
      for (; next < end; ++next) take_unit(sites_[next], sight, report);
    };
    report.skipped.insert(report.skipped.end(), plan_.skipped.begin(), plan_.skipped.end());
    if (!others.empty()) {
      WatchReport of_source;  // the plan has told of it
      SourceListing listing = list_night(options_, others, of_source);
      keep_planned(plan_, listing);
      watch_sites_of(others, listing, progress, [&](std::size_t k, SiteOutcome outcome) {
        take_units_before(numbers[k]);
        take_in(others[k], std::move(outcome), sight, report);
        next = numbers[k] + 1;
      });
    }
    take_units_before(sites_.size());
    say_once(report);
    return sight;
  }

  /// What the units read, beside what this process read.
  std::vector<InputFile> inputs(std::vector<InputFile> own) const {
    Manifest all;
    all.inputs = std::move(own);
    add_read(read_, all);
    std::stable_sort(all.inputs.begin(), all.inputs.end(),
                     [](const InputFile& a, const InputFile& b) { return a.path < b.path; });
    return std::move(all.inputs);
  }

  const std::vector<std::string>& missing() const { return missing_; }

  /// Once all is on record.
  void settle() const {
    note_merged(options_.state, plan_.id, missing_);
    for (const PlannedUnit& unit : plan_.units) {
      const bool is_missing = std::find(missing_.begin(), missing_.end(), unit.unit) != missing_.end();
      if (!is_missing) forget_unfinished(options_.state, unit.unit);
    }
  }

 private:
  const WatchedSite* site_of(const std::string& unit) const {
    const PlannedUnit* const planned = plan_.find(unit);
    if (planned == nullptr) return nullptr;
    const auto found = std::find_if(sites_.begin(), sites_.end(),
                                    [&](const WatchedSite& one) { return one.site.id == planned->site; });
    return found == sites_.end() ? nullptr : &*found;
  }

  void take_unit(const WatchedSite& watched, NightSight& sight, WatchReport& report) {
    const PlannedUnit& unit = *units_.at(watched.site.id);
    const std::vector<Pane> panes = panes_of(watched);
    std::string why;
    try {
      std::optional<UnitOutcome> outcome = read_outcome(plan_.id, unit.unit, watched, panes);
      if (outcome) {
        add_alerts(watched, panes, *outcome);
        add_read_by(unit, panes, *outcome);
        SiteOutcome seen = put_together(panes, std::move(outcome->panes));
        // Of a unit that was killed the outcome tells of its last process alone.
        seen.summary.new_acquisitions = std::max(seen.summary.new_acquisitions, unit.new_acquisitions);
        seen.summary.replayed = std::max(seen.summary.replayed, unit.replayed);
        take_in(watched, std::move(seen), sight, report);
        return;
      }
    } catch (const DataError& error) {
      why = ": " + error_chain(error);
    }
    missing_.push_back(unit.unit);
    add_failed(watched.site.id, "unit " + unit.unit, "has no result" + why, report);
  }

  /// Acquisitions as a run tells of them: pane after pane, each once.
  void add_read_by(const PlannedUnit& unit, const std::vector<Pane>& panes, UnitOutcome& outcome) {
    std::optional<Manifest> notes = read_unfinished(options_.state, unit.unit);
    if (!notes) return;
    std::map<std::pair<std::string, Instant>, AcquisitionUsed> last;
    for (AcquisitionUsed& used : notes->acquisitions) {
      if (used.site != unit.site) continue;
      const std::pair key(used.pane, used.acquired);
      last.insert_or_assign(key, std::move(used));
    }
    notes->acquisitions.clear();
    for (std::size_t i = 0; i < panes.size(); ++i) {
      std::vector<AcquisitionUsed>& read = outcome.panes[i].remarks.acquisitions;
      for (auto& [key, used] : last) {
        if (key.first == panes[i].name) read.push_back(std::move(used));
      }
    }
    add_read(*notes, read_);
  }

  const WatchOptions& options_;
  const NightPlan& plan_;
  std::vector<WatchedSite>& sites_;
  std::map<std::string, const PlannedUnit*> units_;  // by site
  std::vector<std::string> missing_;
  Manifest read_;  // by units
};

void merge_on(const WatchOptions& options, const NightPlan& plan, std::vector<WatchedSite>& sites,
              const std::optional<ContextConfig>& context, const CoverageWork& coverage, NightRecord& record,
              const ProgressSink& progress, WatchReport& report) {
  record.settle_unfinished();
  for (WatchedSite& watched : sites) watched.recorded = record.recorded(watched.site);
  const InputLog log;
  UnfinishedRun notes(options.state, record.begin(0, ""), log);
  for (WatchedSite& watched : sites) watched.notes = &notes;
  in_arena(options.threads, [&] {
    record.check_register();
    Merge merge(options, plan, sites);
    const NightSight sight = merge.take_in_all(progress, report);
    const NightInputs inputs = [&] { return merge.inputs(log.files(in_parallel)); };
    publish_night(options, sites, sight, context, coverage, record, inputs, report);
    merge.settle();
  });
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

PlanReport plan_night(const WatchOptions& given) {
  const WatchOptions options = with_absolute_paths(given);
  const Instant started = options.started.value_or(clock_now());
  initialise_gdal(watch_gdal_cache_bytes);
  std::vector<RejectedSite> rejected;
  std::vector<WatchedSite> sites = watched_sites(options, rejected);
  PlanReport report;
  for (const RejectedSite& site : rejected) report.skipped.emplace_back(site.what, site.reason);
  make_folder(options.state);
  const FolderLock lock(options.state);
  NightRecord record(options, started);
  try {
    record.settle_unfinished();
    return plan_on(options, sites, record, std::move(report));
  } catch (const std::exception& error) {
    record.publish_failure(exit_code_of(error), error_chain(error));
    throw;
  }
}

WatchReport run_unit(const WatchOptions& given, const std::string& id, const ProgressSink& progress) {
  const WatchOptions options = with_absolute_paths(given);
  const auto start = std::chrono::steady_clock::now();
  initialise_gdal(watch_gdal_cache_bytes);
  const SharedFolderLock lock(options.state);
  const NightPlan plan = expected_plan(options);
  const PlannedUnit* const unit = plan.find(id);
  if (unit == nullptr) throw ConfigError("--unit " + id + ": the plan has no such unit");
  std::vector<RejectedSite> rejected;
  std::vector<WatchedSite> sites = watched_sites(options, rejected);
  std::erase_if(sites, [&](const WatchedSite& one) { return one.site.id != unit->site; });
  if (sites.empty()) throw ConfigError("--unit " + id + ": its site is not in " + options.sites);
  const FileLock alone(outcome_path(options.state, plan.id, id), std::try_to_lock);
  WatchReport report;
  std::optional<UnitOutcome> outcome;
  const std::vector<Pane> panes = panes_of(sites.front());
  try {
    outcome = read_outcome(plan.id, id, sites.front(), panes);
  } catch (const DataError&) {  // it is done again
  }
  if (outcome) {
    const int exit_code = outcome->record.exit_code;
    report = report_of(sites.front(), panes, *std::move(outcome));
    report.exit_code = exit_code;
    report.is_done_before = true;
  } else {
    report = do_unit(options, plan, *unit, sites, progress);
  }
  report.wall_seconds = seconds_since(start);
  return report;
}

WatchReport merge_night(const WatchOptions& given, const ProgressSink& progress, const CoverageWork& coverage) {
  const WatchOptions options = with_absolute_paths(given);
  const auto start = std::chrono::steady_clock::now();
  const Instant started = options.started.value_or(clock_now());
  initialise_gdal(watch_gdal_cache_bytes);
  WatchReport report;
  std::optional<ContextConfig> context;
  if (!options.context.empty()) context = read_context_config(options.context);
  std::vector<RejectedSite> rejected;
  std::vector<WatchedSite> sites = watched_sites(options, rejected);
  if (!fs::is_directory(options.state)) throw ConfigError("--state " + options.state + ": is no folder");
  const FolderLock lock(options.state);
  const NightPlan plan = expected_plan(options);
  if (!Merge(options, plan, sites).has_news()) {
    Merge(options, plan, sites).tell_missing(report);
    report.exit_code = report.skipped.empty() ? 0 : 4;
    report.is_done_before = true;
    return report;
  }
  add_rejected(rejected, report);
  NightRecord record(options, started, plan.id);
  try {
    merge_on(options, plan, sites, context, coverage, record, progress, report);
  } catch (const std::exception& error) {
    record.publish_failure(exit_code_of(error), error_chain(error));
    throw;
  }
  report.wall_seconds = seconds_since(start);
  return report;
}

}  // namespace pitwatch
