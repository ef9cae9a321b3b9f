#include "pipeline/watch/pane_plan.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

/// Which scenes count at a site.
ChoiceOptions choice_options(const WatchedSite& watched) {
  return {.from = watched.site.baseline_from,
          .until = watched.options.until,
          .learn_to = watched.site.baseline_to,
          .history_days = watched.options.history_days,
          .may_be_top_of_atmosphere = watched.options.masks.own != SpectralMasks::off};
}

}  // namespace

StateFolder state_folder(const WatchedSite& watched, const Pane& pane) {
  const WatchOptions& options = watched.options;
  const std::string& folder = options.is_rerun ? options.start_from : options.state;
  const bool relearns = options.relearn || std::find(options.relearn_sites.begin(), options.relearn_sites.end(),
                                                     watched.site.id) != options.relearn_sites.end();
  return {folder.empty() ? "" : folder + "/sites/" + place_of(watched.site, pane),
          {watched.algorithm, watched.in_clear, pane.grid},
          options.is_rerun ? StateFolder::Use::read_only
          : relearns       ? StateFolder::Use::relearn
                           : StateFolder::Use::nightly,
          in_parallel,
          watched.recorded};
}

PanePlan::PanePlan(const WatchedSite& watched, const Pane& pane, const SourceListing& listing)
    : watched_(watched), pane_(pane), listing_(listing), states_(state_folder(watched, pane)) {
  plan();
}

void PanePlan::plan() {
  const WatchOptions& options = watched_.options;
  remarks_ = {};
  gaps_.clear();
  std::vector<AcquisitionRecord> known;
  if (!relearns_all()) known.assign(states_.known().begin(), states_.known().end());
  if (options.is_rerun && options.until) {
    std::erase_if(known, [&](const AcquisitionRecord& acquisition) { return acquisition.acquired > *options.until; });
  }
  std::vector<Scene> kept;
  if (!states_.is_learnt() && !known.empty()) {
    std::vector<RejectedItem> damaged;
    kept = kept_scenes(kept_folder(), damaged);
    for (const RejectedItem& one : damaged) remarks_.skipped.emplace_back(one.path, one.reason);
  }
  plan_ =
      plan_acquisitions(listing_, choice_options(watched_), pane_.grid, {known, kept, readable_}, remarks_.superseded);
  if (states_.is_learnt() && !known.empty()) leave_out_older(known.front().acquired);
  if (!states_.is_learnt()) {
    for (PlannedAcquisition& acquisition : plan_.acquisitions) {
      if (acquisition.is_readable() || !acquisition.record.skipped.empty()) continue;
      acquisition.record.skipped = "its pixels, which the state kept, cannot be read any more";
      remarks_.skipped.emplace_back(acquisition.record.scene(), acquisition.record.skipped);
      acquisition.missing.reset();
    }
  }
  if (options.is_rerun && !options.start_from.empty()) {
    plan_rerun();
  } else {
    find_start();
  }
}

/// Leaves out what comes too late: what would need acquisitions that are gone.
void PanePlan::find_start() {
  std::optional<std::size_t> start = relearns_all() ? 0 : states_.start_of(plan_);
  while (!start) {
    const std::size_t late = first_new();
    if (late == plan_.acquisitions.size()) {
      throw DataError("site '" + watched_.site.id + "': " + damage() +
                      "; restore it from a copy, or learn anew with --relearn");
    }
    leave_out_late(late);
    start = states_.start_of(plan_);
  }
  start_ = *start;
  if (has_lost_acquisitions() && !watched_.options.relearn) {
    throw DataError("site '" + watched_.site.id + "': " + damage() + ", and had " +
                    std::to_string(states_.damaged_acquisitions()) +
                    " acquisitions, not all of which can be had any more; restore it from a copy, or learn anew with "
                    "--relearn");
  }
}

/// Whether acquisitions that went with checkpoints cannot be taken in again: less would be published for it.
bool PanePlan::has_lost_acquisitions() const {
  if (states_.damaged_acquisitions() <= states_.known().size()) return false;
  if (states_.damaged_acquisitions() > plan_.acquisitions.size()) return true;
  const std::optional<Instant>& newest = watched_.recorded.newest;
  return newest && std::none_of(plan_.acquisitions.begin(), plan_.acquisitions.end(),
                                [&](const PlannedAcquisition& planned) { return planned.record.acquired == *newest; });
}

void PanePlan::try_again(const std::function<bool(const PlannedAcquisition&)>& can_be_read) {
  for (const PlannedAcquisition& planned : plan_.acquisitions) {
    if (planned.is_new || !planned.record.is_unread || !planned.is_readable()) continue;
    if (can_be_read(planned)) readable_.push_back(planned.record);
  }
  if (!readable_.empty()) plan();
}

void PanePlan::leave_out_older(Instant learnt_from) {
  if (watched_.site.baseline_to) return;  // the end of the history does not depend on its beginning
  while (!plan_.acquisitions.empty()) {
    const PlannedAcquisition& first = plan_.acquisitions.front();
    if (!first.is_new || first.record.acquired >= learnt_from) return;
    remarks_.late.push_back(
        {{first.record.scene(),
          "is older than the history of site '" + watched_.site.id + "', which begins on " + format_day(learnt_from) +
              ": it is not taken in; --relearn " + watched_.site.id + " would learn from it",
          {}},
         true});
    give_up(plan_, 0, choice_options(watched_));
  }
}

bool PanePlan::relearns_all() const {
  const std::vector<std::string>& sites = watched_.options.relearn_sites;
  return std::find(sites.begin(), sites.end(), watched_.site.id) != sites.end();
}

std::size_t PanePlan::new_count() const {
  return static_cast<std::size_t>(
      std::count_if(plan_.acquisitions.begin(), plan_.acquisitions.end(),
                    [](const PlannedAcquisition& acquisition) { return acquisition.is_new; }));
}

std::string PanePlan::kept_folder() const { return states_.folder().empty() ? "" : states_.folder() + "/kept"; }

std::string PanePlan::damage() const {
  if (states_.damaged().empty()) return "what it was learnt from is gone, and there is no checkpoint";
  return states_.damaged().front().first + " " + states_.damaged().front().second;
}

std::size_t PanePlan::first_new() const {
  const auto found = std::find_if(plan_.acquisitions.begin(), plan_.acquisitions.end(),
                                  [](const PlannedAcquisition& acquisition) { return acquisition.is_new; });
  return static_cast<std::size_t>(found - plan_.acquisitions.begin());
}

void PanePlan::leave_out_late(std::size_t late) {
  const auto begin = plan_.acquisitions.begin() + static_cast<std::ptrdiff_t>(late);
  const auto is_gone = [](const PlannedAcquisition& acquisition) {
    return !acquisition.is_readable() && acquisition.record.skipped.empty();
  };
  const bool is_gone_since = std::any_of(begin, plan_.acquisitions.end(), is_gone);
  const std::string which = is_gone_since ? "acquisitions since then" : "acquisitions that were learnt from";
  remarks_.late.push_back(
      {{begin->record.scene(),
        "came late, and " + which + " cannot be read any more as they were taken in: it is not taken in",
        {}},
       true});
  give_up(plan_, late, choice_options(watched_));
}

/// Starts from a checkpoint of the nightly state. Acquisitions behind it that are gone cannot be judged again.
void PanePlan::plan_rerun() {
  const WatchOptions& options = watched_.options;
  const std::optional<std::size_t> start =
      options.whole_history ? states_.earliest_start_of(plan_) : states_.rerun_start_of(plan_, options.from);
  if (!start) {
    throw DataError("site '" + watched_.site.id + "': " + options.start_from + " has no checkpoint before " +
                    (options.until ? format_instant(*options.until) : "its end"));
  }
  start_ = *start;
  std::vector<PlannedAcquisition> usable;
  for (std::size_t i = 0; i < plan_.acquisitions.size(); ++i) {
    PlannedAcquisition& acquisition = plan_.acquisitions[i];
    if (i < start_ || acquisition.is_readable() || !acquisition.record.skipped.empty()) {
      usable.push_back(std::move(acquisition));
    } else {
      gaps_.push_back(std::move(acquisition.record));
    }
  }
  plan_.acquisitions = std::move(usable);
}

bool PanePlan::can_load(SiteState& state) {
  if (!states_.check_newest(start_)) return false;
  if (start_ == 0) return true;
  const bool takes_none = start_ == plan_.acquisitions.size();
  std::optional<SiteState> loaded = states_.load(start_, takes_none ? StateParts::incidents : StateParts::all);
  if (!loaded) return false;
  state = std::move(*loaded);
  return true;
}

SiteState PanePlan::load() {
  SiteState state;
  while (!can_load(state)) plan();
  return state;
}

void PanePlan::report_to(WatchReport& report) {
  const auto add_missing = [&](const AcquisitionRecord& acquisition, MissingWhat what) {
    report.missing.push_back({{watched_.site.id, acquisition.acquired, acquisition.scene(), what, {}}, true});
  };
  for (const auto& [path, why] : states_.damaged()) report.skipped.emplace_back(path, why);
  const auto add = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  add(remarks_.skipped, report.skipped);
  add(remarks_.superseded, report.superseded);
  add(remarks_.late, report.late);
  for (const AcquisitionRecord& gap : gaps_) add_missing(gap, MissingWhat::gone);
  if (watched_.options.is_rerun) return;  // what lies before its beginning does not matter
  for (const PlannedAcquisition& acquisition : plan_.acquisitions) {
    if (acquisition.missing) add_missing(acquisition.record, *acquisition.missing);
    if (!acquisition.missing && !acquisition.newer.empty()) {
      add_missing(acquisition.record, MissingWhat::newer_edition);
    }
  }
}

bool PanePlan::learning_goes_on() const {
  if (start_ > 0 || states_.folder().empty() || watched_.options.is_rerun) return false;
  return std::none_of(plan_.acquisitions.begin(), plan_.acquisitions.end(), [&](const PlannedAcquisition& acquisition) {
    return acquisition.record.acquired >= plan_.learn_until;
  });
}

}  // namespace pitwatch
