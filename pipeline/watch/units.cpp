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
#include "pipeline/core/exit_code.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/raster/input_log.hpp"
#include "pipeline/io/scenes/scene_block.hpp"
#include "pipeline/io/vector/vector_hash.hpp"
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

/// The site of a unit, of whose panes no other than the unit's is looked at.
WatchedSite part_of(WatchedSite watched, const PlannedUnit& unit) {
  watched.only = static_cast<std::size_t>(unit.pane);
  return watched;
}

std::string scenes_path(const std::string& state, const std::string& plan) {
  return units_folder(state, plan) + "/.scenes";
}

// ---- plan ----

/// What is to be done at one site.
struct SitePlan {
  std::vector<PlannedUnit> units;     // none: nothing is to be taken in
  std::optional<std::string> scenes;  // of each of them, packed
  std::string failure;                // why it cannot be planned
};

/// Seconds of one core for taking in acquisitions at so many pixels: what a process, a state and an acquisition take
/// (benchmarks/README.md, within a factor of two), the scenes on a local disk.
double seconds_of(int acquisitions, std::int64_t pixels) {
  const auto count = static_cast<double>(pixels);
  const double seconds = 0.1 + 7.5e-7 * count + acquisitions * (0.015 + 3.5e-7 * count);
  return std::ceil(seconds * 10) / 10;
}

/// Adds what is to be done at a pane. False where that is nothing.
bool add_pane(const PaneWatch& watch, const Pane& pane, PlannedUnit& unit) {
  const PanePlan& plan = watch.plan();
  const std::vector<PlannedAcquisition>& all = plan.acquisitions().acquisitions;
  unit.acquisitions = static_cast<int>(all.size());
  unit.new_acquisitions = static_cast<int>(plan.new_count());
  const int taken =
      plan.learning_goes_on() ? unit.new_acquisitions : unit.acquisitions - static_cast<int>(plan.start());
  unit.replayed = std::max(0, taken - unit.new_acquisitions);
  unit.memory_bytes = program_bytes + watch.bytes();
  unit.seconds = seconds_of(taken, std::int64_t{pane.grid.width} * pane.grid.height);
  for (const PlannedAcquisition& one : all) {
    if (!one.is_new) continue;
    for (const AcquisitionPart& part : one.record.parts) unit.inputs.push_back(part.scene);
  }
  return taken > 0;
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

/// A site of several panes has a unit for each of them where one has something to be taken in, so that what two of them
/// see can be reported once.
SitePlan plan_site(const WatchedSite& watched, const SourceListing& listing) {
  SitePlan plan;
  bool has_work = false;
  try {
    OffsetMemory offsets;
    BlockCache blocks(0);
    for (const Pane& pane : panes_of(watched)) {
      WatchReport remarks;
      const auto silent = [](std::string_view, double) {};
      const PaneWatch watch(watched, pane, listing, offsets, blocks, silent, remarks);
      PlannedUnit unit;
      unit.site = watched.site.id;
      unit.unit = watched.site.id + (pane.name.empty() ? "" : ":" + pane.name);
      unit.pane = static_cast<int>(plan.units.size());
      has_work = add_pane(watch, pane, unit) || has_work;
      plan.units.push_back(std::move(unit));
    }
  } catch (const DataError& error) {  // the merge names it as a run does
    plan.failure = error_chain(error);
    has_work = false;
  }
  if (has_work) {
    plan.scenes = packed_scenes(scenes_of(listing, watched), watched.options.source);
  } else {
    plan.units.clear();
  }
  return plan;
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
    std::optional<SceneBlock> block;
    if (plan.scenes) {
      block = SceneBlock{scenes.size(), plan.scenes->size(), sha256_text(*plan.scenes)};
      scenes += *plan.scenes;
      plan.scenes.reset();
    }
    for (PlannedUnit& unit : plan.units) {
      unit.scenes = block;
      report.plan.units.push_back(std::move(unit));
    }
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
    return sha256_of_vector_file(path);
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
    record.check_register(report.skipped);
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
  if (!unit.scenes) return {};
  const std::string path = scenes_path(options.state, plan.id);
  const auto& [offset, bytes, sha256] = *unit.scenes;
  try {
    const std::optional<std::uint64_t> size = size_of_regular_file(path);
    if (!size || bytes > largest_block_bytes || bytes > *size || offset > *size - bytes) return {};
  } catch (const DataError&) {
    return {};
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file || sha256_text(text) != sha256) return {};
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
WatchReport report_of(const WatchedSite& watched, UnitOutcome outcome) {
  WatchReport report;
  NightSight sight;
  take_in(watched, put_together(panes_of(watched), std::move(outcome.panes)), sight, report);
  say_once(report);
  return report;
}

WatchReport do_unit(const WatchOptions& options, const NightPlan& plan, const PlannedUnit& unit,
                    std::vector<WatchedSite>& site, const ProgressSink& progress) {
  WatchedSite& watched = site.front();
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
  WatchReport report = report_of(watched, outcome);
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
    for (const PlannedUnit& unit : plan.units) units_[unit.site].push_back(&unit);
  }

  /// Whether a merge would bring in what is not on record.
  bool has_news() const {
    const auto missing = missing_when_merged(options_.state, plan_.id);
    if (!missing) return true;
    std::set<std::string> lacking;
    for (const std::string& unit : *missing) {
      if (const PlannedUnit* const planned = plan_.find(unit)) lacking.insert(planned->site);
    }
    return std::any_of(sites_.begin(), sites_.end(), [&](const WatchedSite& watched) {
      return lacking.count(watched.site.id) != 0 && has_all_of(watched);
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
      take_sites(std::span<const WatchedSite>(sites_).subspan(next, end - next), sight, report);
      next = end;
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
    const std::set<std::string> missing(missing_.begin(), missing_.end());
    for (const PlannedUnit& unit : plan_.units) {
      if (missing.count(unit.unit) == 0) forget_unfinished(options_.state, unit.unit);
    }
  }

 private:
  /// Whether all units of a site have a result that can be used.
  bool has_all_of(const WatchedSite& watched) const {
    const std::vector<const PlannedUnit*>& units = units_.at(watched.site.id);
    return std::all_of(units.begin(), units.end(), [&](const PlannedUnit* unit) {
      try {
        return read_outcome(plan_.id, unit->unit, part_of(watched, *unit)).has_value();
      } catch (const DataError&) {
        return false;
      }
    });
  }

  /// What the units of a site left.
  struct SiteResults {
    std::vector<UnitOutcome> outcomes;                         // as many as units, but for those that lack
    std::vector<std::optional<Manifest>> notes;                // of what each of them read
    std::vector<std::pair<std::string, std::string>> lacking;  // unit without a result, and why
  };

  SiteResults results_of(const WatchedSite& watched) const {
    SiteResults results;
    for (const PlannedUnit* const unit : units_.at(watched.site.id)) {
      if (const auto why = add_result(watched, *unit, results))
        results.lacking.emplace_back("unit " + unit->unit, *why);
    }
    return results;
  }

  /// Adds a unit's result to those of its site; where it has none, says why.
  std::optional<std::string> add_result(const WatchedSite& watched, const PlannedUnit& unit,
                                        SiteResults& results) const {
    try {
      const WatchedSite part = part_of(watched, unit);
      std::optional<UnitOutcome> outcome = read_outcome(plan_.id, unit.unit, part);
      if (!outcome) return "has no result";
      add_alerts(part, *outcome);
      results.outcomes.push_back(*std::move(outcome));
      results.notes.push_back(read_unfinished(options_.state, unit.unit));
      return {};
    } catch (const DataError& error) {
      return "has no result: " + error_chain(error);
    }
  }

  /// Reads side by side, takes in one after the other.
  void take_sites(std::span<const WatchedSite> sites, NightSight& sight, WatchReport& report) {
    constexpr std::size_t most_at_once = 64;  // what is read and not taken in yet is in memory
    for (; !sites.empty(); sites = sites.subspan(std::min(most_at_once, sites.size()))) {
      const std::span<const WatchedSite> some = sites.first(std::min(most_at_once, sites.size()));
      std::vector<SiteResults> results(some.size());
      in_parallel(static_cast<int>(some.size()),
                  [&](int i) { results[static_cast<std::size_t>(i)] = results_of(some[static_cast<std::size_t>(i)]); });
      for (std::size_t i = 0; i < some.size(); ++i) take_site(some[i], std::move(results[i]), sight, report);
    }
  }

  /// A site is taken in whole, or not at all.
  void take_site(const WatchedSite& watched, SiteResults results, NightSight& sight, WatchReport& report) {
    const std::vector<const PlannedUnit*>& units = units_.at(watched.site.id);
    if (const auto& lacking = results.lacking; !lacking.empty()) {
      for (const PlannedUnit* const unit : units) missing_.push_back(unit->unit);
      add_failed(watched.site.id, lacking.front().first, lacking.front().second, report);
      report.skipped.insert(report.skipped.end(), lacking.begin() + 1, lacking.end());
      return;
    }
    std::vector<PaneOutcome> panes;
    int fresh = 0;
    int replayed = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
      PaneOutcome& pane = results.outcomes[i].panes.front();
      add_read_by(*units[i], std::move(results.notes[i]), panes_of(part_of(watched, *units[i])).front(), pane);
      panes.push_back(std::move(pane));
      // Of a unit that was killed the outcome tells of its last process alone.
      fresh = std::max(fresh, units[i]->new_acquisitions);
      replayed = std::max(replayed, units[i]->replayed);
    }
    const std::vector<Pane> all = panes_of(watched);
    if (panes.size() != all.size()) throw DataError(plan_path(options_.state) + ": is of other panes");
    SiteOutcome seen = put_together(all, std::move(panes));
    seen.summary.new_acquisitions = std::max(seen.summary.new_acquisitions, fresh);
    seen.summary.replayed = std::max(seen.summary.replayed, replayed);
    take_in(watched, std::move(seen), sight, report);
  }

  /// Acquisitions as a run tells of them: by time, each once.
  void add_read_by(const PlannedUnit& unit, std::optional<Manifest> notes, const Pane& pane, PaneOutcome& outcome) {
    if (!notes) return;
    std::map<Instant, AcquisitionUsed> last;
    for (AcquisitionUsed& used : notes->acquisitions) {
      if (used.site == unit.site && used.pane == pane.name) last.insert_or_assign(used.acquired, std::move(used));
    }
    for (auto& [acquired, used] : last) outcome.remarks.acquisitions.push_back(std::move(used));
    notes->acquisitions.clear();
    read_.push_back(*std::move(notes));
  }

  const WatchOptions& options_;
  const NightPlan& plan_;
  std::vector<WatchedSite>& sites_;
  std::map<std::string, std::vector<const PlannedUnit*>> units_;  // by site
  std::vector<std::string> missing_;
  std::vector<Manifest> read_;  // by units
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
    record.check_register(report.skipped);
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
  sites.front() = part_of(std::move(sites.front()), *unit);
  const FileLock alone(outcome_path(options.state, plan.id, id), std::try_to_lock);
  WatchReport report;
  std::optional<UnitOutcome> outcome;
  try {
    outcome = read_outcome(plan.id, id, sites.front());
  } catch (const DataError&) {  // it is done again
  }
  if (outcome) {
    const int exit_code = outcome->record.exit_code;
    report = report_of(sites.front(), *std::move(outcome));
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
  std::error_code none;
  if (!fs::is_directory(options.state, none)) throw ConfigError("--state " + options.state + ": is no folder");
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
