#pragma once
// Runs a program whose calls that change files fail where a test says: drives tests/faults.

#include <set>
#include <string>
#include <vector>

#include "tests/integration/process.hpp"

namespace pitwatch::test {

/// Sanitizers want to be the first library of a process.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool can_preload = false;
#else
inline constexpr bool can_preload = true;
#endif

/// A call that changes something below a folder.
struct Call {
  std::size_t number = 0;  // among them, from 1
  std::string kind;        // "open", "write", "truncate", "sync", "rename", "unlink"
  std::string path;
};

struct Fault {
  std::size_t at = 0;  // number of the call
  std::string with;    // "ENOSPC", "EIO", or "KILL"
  bool lasts = false;  // all later calls of its kind fail, too
};

inline Outcome run_with_fault(const std::vector<std::string>& command, const std::string& folder, const Fault& fault) {
  Invocation run{command, {{"LD_PRELOAD", PITWATCH_FAULTS}, {"FAULTS_FOLDER", folder}}, {}, {}};
  run.environment["FAULTS_AT"] = std::to_string(fault.at);
  run.environment["FAULTS_WITH"] = fault.with;
  if (fault.lasts) run.environment["FAULTS_LAST"] = "1";
  return run_process(run);
}

/// Runs the command to its end; the calls that it makes, in their order.
inline std::vector<Call> calls_of(const std::vector<std::string>& command, const std::string& folder) {
  const TemporaryFolder logs;
  const Outcome done = run_process(Invocation{
      command, {{"LD_PRELOAD", PITWATCH_FAULTS}, {"FAULTS_FOLDER", folder}, {"FAULTS_LOG", logs / "log"}}, {}, {}});
  if (done.exit_code != 0) throw std::runtime_error(done.err);
  std::vector<Call> calls;
  for (const std::string& line : lines_of(read_text(logs / "log"))) {
    const std::size_t blank = line.find(' ');
    calls.push_back({calls.size() + 1, line.substr(0, blank), line.substr(blank + 1)});
  }
  return calls;
}

}  // namespace pitwatch::test
