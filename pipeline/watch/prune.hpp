#pragma once
// Housekeeping of a state by a policy: `pitwatch prune`. The record stays: manifests, seals, register and alerts are
// never touched, and a manifest of its own names each file that went and was on record.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

/// What goes. Without a policy for a kind of files, none of that kind.
struct PruneOptions {
  std::string state;
  std::string register_target;
  SigningOptions signing;
  Instant now{};
  /// Of each ground that is watched so many newest checkpoints stay, 1..1000, and the one after learning. With fewer a
  /// late acquisition makes a run go back farther; alerts are the same.
  std::optional<int> keep_checkpoints;
  /// Film strips go of alerts that are closed or superseded, were last detected longer ago, and were never reviewed;
  /// before, detected, confirmed and observations stay.
  std::optional<std::chrono::days> strips_after;
  /// Masks that `run --write-masks` wrote there of acquisitions longer ago go; they are on no record.
  std::string masks;
  std::optional<std::chrono::days> masks_after;
  bool dry_run = false;  // nothing is written
};

struct PruneReport {
  std::vector<OutputFile> files;   // on record, as they were; paths as in a manifest
  std::vector<std::string> masks;  // paths
  std::uint64_t bytes = 0;         // of all
};

/// Throws ConfigError (register of another state, no right to write), BusyError (a run is at work), DataError (no
/// record of a run, register gone), IoError.
PruneReport prune(const PruneOptions& options);

}  // namespace pitwatch
