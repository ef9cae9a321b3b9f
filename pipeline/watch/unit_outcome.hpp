#pragma once
// What became of a unit of work, on its way from the process that did it to the one that merges: all that the night's
// record needs and that neither the site's checkpoints nor the notes of what was read hold.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/record/manifest.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

inline constexpr int outcome_format = 1;

struct UnitOutcome {
  std::string plan;
  std::string unit;
  Manifest record;  // when, where and by what it was done, and its exit code; the other members are left as they are
  std::vector<PaneOutcome> panes;  // that it looked at; without alerts, warnings and what was read
};

/// STATE/units/PLAN/UNIT.json
std::string outcome_path(const std::string& state, const std::string& plan, const std::string& unit);

/// As JSON, paths relative to the state.
std::string outcome_text(const UnitOutcome& outcome, const std::string& state);

/// The same back, of the panes of `watched`. It may hold anything: paths are of this site's folders alone. Throws
/// DataError, saying what does not fit.
UnitOutcome parse_outcome(const std::string& text, const WatchedSite& watched);

/// The outcome of a unit; nothing where there is none. Throws DataError, starting with the path, where it cannot be
/// used, is of another unit, or its checkpoints are gone.
std::optional<UnitOutcome> read_outcome(const std::string& plan, const std::string& unit, const WatchedSite& watched);

/// Makes alerts of the checkpoints. Throws DataError where they cannot be read, or are of other terms.
void add_alerts(const WatchedSite& watched, UnitOutcome& outcome);

}  // namespace pitwatch
