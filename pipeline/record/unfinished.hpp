#pragma once
// What a run that has not ended has read so far:
//
//   STATE/runs/.unfinished/000001.json   a manifest of what was read up to a checkpoint; the next one of what came
//   after
//   STATE/runs/.unfinished/UNIT/000001.json   the same of a unit of work, which other processes may do beside this one
//
// A checkpoint outlasts a run that is killed, and the next run continues from it without reading again what it holds.
// Therefore what was read is noted before a checkpoint is written, and the next run puts it on record.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/io/raster/input_log.hpp"
#include "pipeline/record/manifest.hpp"

namespace pitwatch {

/// Notes what a run reads. Nothing that an earlier run left must be there any more; notes of a unit go on where an
/// earlier process left off. Thread-safe.
class UnfinishedRun {
 public:
  /// `begun` says whose notes these are: its inputs, acquisitions and end are filled in.
  UnfinishedRun(const std::string& state, Manifest begun, const InputLog& log, const std::string& unit = {});

  /// Notes acquisitions, and every input that was read until now; durable when it returns. Throws IoError.
  void note(std::vector<AcquisitionUsed> acquisitions);

 private:
  std::string folder_;
  Manifest begun_;
  const InputLog& log_;
  std::mutex mutex_;
  std::size_t parts_ = 0;
  std::map<std::string, InputFile> noted_;  // by path
};

/// What the notes say, as the manifest of a run that did not end; nothing where there are none. Of an input that was
/// noted twice, the later where it has all bytes of the earlier, else both. The notes may hold anything: one that is
/// damaged is a notice of the manifest.
std::optional<Manifest> read_unfinished(const std::string& state, const std::string& unit = {});

/// Units of which there are notes, by name.
std::vector<std::string> unfinished_units(const std::string& state);

/// Removes the notes of runs, or those of a unit.
void forget_unfinished(const std::string& state, const std::string& unit = {});

/// Adds acquisitions and inputs of the notes of one or more runs, in their order, to a manifest.
void add_read(std::span<const Manifest> unfinished, Manifest& manifest);

}  // namespace pitwatch
