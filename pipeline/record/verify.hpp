#pragma once
// Whether a state is what its record says: the chain of manifests, signatures and time stamps, the files of the state,
// and the inputs that were read.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// Who made a signature or a time stamp, in words; of a time stamp by a trusted authority, when.
struct SealFinding {
  std::string who;
  std::optional<Instant> time;
};

/// Checks a signature or a time stamp against the bytes it was made of. `at`: when these were there, by their own
/// trusted time stamp, else by their own word (nothing: by the signature's); certificates have to have been valid then.
/// Throws DataError with the reason where it does not fit.
using SealCheck =
    std::function<SealFinding(std::string_view content, std::string_view seal, std::optional<Instant> at)>;

struct VerifyOptions {
  SealCheck signature;   // none: signatures are counted, not checked
  SealCheck time_stamp;  // likewise
  /// The newest published manifest has to have a signature; so it must be where somebody names who may sign, or a chain
  /// written anew without any would pass.
  bool needs_signature = false;
  bool needs_time_stamp = false;  // some manifest has to have a time stamp
  bool inputs = true;             // read the inputs again
  ParallelFor parallel = serial_for;
  std::function<void(std::string_view stage, double fraction)> progress;
};

/// What was found. Texts name files: "runs/...", "sites/..." below the state, others as the manifests have them.
struct VerifyReport {
  struct Inputs {
    std::size_t same = 0;       // read again, and the same
    std::size_t different = 0;  // of the misfits
    std::size_t gone = 0;
    std::size_t not_read = 0;  // on the network, or never had a hash
  };

  std::string first;  // manifest, empty: none
  std::string head;   // likewise
  std::size_t manifests = 0;
  std::vector<std::string> unpublished;  // manifests of runs that were killed while they published
  std::size_t with_signature = 0;
  std::size_t with_time_stamp = 0;
  std::string newest_with_signature;   // manifest, empty: none
  std::string newest_with_time_stamp;  // likewise
  std::vector<std::string> sealed_by;  // who signed and stamped, each once
  std::size_t files = 0;               // of the state, checked
  std::uint64_t file_bytes = 0;
  Inputs inputs;
  std::vector<std::string> misfits;  // what does not fit, the first first
  std::vector<std::string> remarks;  // what does fit, but should be known

  bool fits() const { return misfits.empty(); }
};

/// Checks a state against its record. It writes nothing, and works on a folder that cannot be written to. Chain and
/// files are checked under the state's and the record's lock, shared; the inputs, which may take long, after it is let
/// go of.
///
/// Throws DataError where there is no state, or no run has come to publish yet, BusyError where a run is at work on it.
VerifyReport verify_state(const std::string& state, const VerifyOptions& options);

/// Whether a folder holds what a run leaves: manifests, checkpoints, a register or alerts.
bool holds_state(const std::string& folder);

}  // namespace pitwatch
