#pragma once
// How things stand with a state, for whoever watches the watcher: from its newest manifest and from what is in the
// folder. Cheap: no file's content is read but HEAD and manifests back to the last run that succeeded.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/record/manifest.hpp"

namespace pitwatch {

/// Acquisitions of one site that the source lost in one run.
struct MissingGroup {
  std::string site;
  MissingWhat what = MissingWhat::gone;
  Instant since{};
  std::size_t count = 0;
  Instant first{};  // acquired
  Instant last{};
};

/// Checkpoints of one site: how many files, their size.
struct CheckpointSizes {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

/// How a nightly run ended that is published.
struct RunEnd {
  std::string name;  // of its manifest
  Instant started{};
  Instant ended{};
  int exit_code = 0;
  std::string message;
  bool is_success() const { return exit_code == 0 || exit_code == 4; }
};

struct Standing {
  bool is_at_work = false;               // a run holds the lock
  std::string name;                      // of the newest published manifest; empty: none, or it is damaged
  std::optional<Manifest> last;          // its content: of a run, or of a review or context since
  std::optional<RunEnd> last_run;        // nothing: none is on record
  std::optional<RunEnd> last_success;    // likewise; some inputs may have been skipped
  std::vector<std::string> unpublished;  // manifests beyond HEAD: of the run at work, or of runs that were killed
  std::vector<MissingGroup> missing;     // by site, then by time
  std::vector<CheckpointSizes> sizes;    // of last->sites, one each
  std::vector<std::string> alarms;       // why somebody should be woken, most urgent first; empty: all is well

  bool is_well() const { return alarms.empty(); }
};

/// Looks at a state at the time `now`. Alarms: the last run failed (exit code neither 0 nor 4) or was killed while it
/// published, a site failed in it, it ended in the future by more than five minutes, the record is damaged, files of
/// the state are missing or of another size, no run has ended within `max_age`. Throws DataError where there is no
/// state and no run at work that makes one.
Standing standing_of(const std::string& state, Instant now, std::optional<std::chrono::milliseconds> max_age = {});

}  // namespace pitwatch
