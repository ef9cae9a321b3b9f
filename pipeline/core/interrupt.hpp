#pragma once
// How a signal that asks the program to end (SIGINT, SIGTERM, SIGHUP) does so: work asks in between whether it came,
// and unwinds as from an error, so that locks are freed and temporary files removed. Nothing is installed here; main
// does.

#include <stdexcept>

namespace pitwatch {

/// The program was asked to end. Not an error of any input: nothing but main catches it for good.
struct Interrupted : std::runtime_error {
  explicit Interrupted(int signal);
  int signal;
};

/// From a signal's handler; async-signal-safe. The first one counts.
void request_end(int signal) noexcept;

/// Throws Interrupted where an end was asked for. Called between blocks, rows, acquisitions, attempts and the like,
/// from any thread: a few ns.
void throw_if_interrupted();

/// Whether it would.
bool is_interrupted() noexcept;

/// While one lives, throw_if_interrupted() does nothing: for what is short and better finished. Of all threads.
class Uninterrupted {
 public:
  Uninterrupted() noexcept;
  ~Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
};

/// Exit code of a program that a signal ended, as shells have it.
inline int exit_code_of_signal(int signal) { return 128 + signal; }

}  // namespace pitwatch
