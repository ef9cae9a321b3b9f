#pragma once
// Errors of work that goes on side by side.

#include <atomic>
#include <exception>
#include <mutex>

namespace pitwatch {

/// Keeps what was thrown first. Thread-safe.
class FirstFailure {
 public:
  /// Runs a step, unless one has failed before.
  template <typename Step>
  void guard(const Step& step) {
    if (happened_) return;
    try {
      step();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!happened_) failure_ = std::current_exception();
      happened_ = true;
    }
  }
  bool happened() const { return happened_; }

  /// Once no step runs any more.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> happened_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace pitwatch
