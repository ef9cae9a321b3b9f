#pragma once
// One night in units of work, which may be done by several processes and machines that share the state's folder:
//
//   plan_night()    lists the source and writes which sites have news, each a unit     once, alone on the state
//   run_unit()      takes in the acquisitions of one unit                               any order, side by side
//   merge_night()   puts on record what all of them came to                            alone on the state, repeatable
//
// Together they are watch(), by the same functions: state, register, alerts and chips come to the same bytes. Each may
// be killed at any moment and called again; called again when done, it changes nothing.

#include <string>
#include <vector>

#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/night_plan.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

struct PlanReport {
  NightPlan plan;
  std::vector<std::pair<std::string, std::string>> skipped;  // item of the source or site, and why
  bool is_as_before = false;                                 // this plan was there already
  int exit_code = 0;
};

/// Plans a night and writes STATE/plan.jsonl, whole or not at all. An older plan is no more: what its units took in
/// stays in the state, what they read is put on record first, and what was not merged of it the next merge brings in.
/// Throws as watch(); a failure is put on record.
PlanReport plan_night(const WatchOptions& options);

/// Does one unit of the state's plan and leaves its outcome. Where that is there already nothing is done. Of a unit
/// that was killed, the next call goes on from its last checkpoint. Throws ConfigError where there is no plan, no such
/// unit in it, or it was made with other options, BusyError where somebody is at work on the unit, or alone on the
/// state; else as watch(). An error leaves no outcome.
WatchReport run_unit(const WatchOptions& options, const std::string& unit, const ProgressSink& progress);

/// Merges the night. A site whose unit has no outcome, or one that cannot be used, keeps what was published of it and
/// is among the skipped; merging again brings it in. Sites that had no news are looked at here, as a run does. Throws
/// as watch(), and ConfigError as run_unit(); a failure is put on record.
WatchReport merge_night(const WatchOptions& options, const ProgressSink& progress, const CoverageWork& coverage = {});

}  // namespace pitwatch
