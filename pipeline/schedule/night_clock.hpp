#pragma once
// Where a night's time goes: each piece of its work as it ends, and seconds by stage, summed over threads.

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// `list`: the source is asked; `read`: pixels of an acquisition, checked, masked and made features; `learn`: what is
/// usual; `judge`: an acquisition against that; `save`: a checkpoint; `publish`: register, alerts and manifest.
enum class NightStage : std::uint8_t { list, read, learn, judge, save, publish };

inline constexpr std::array<std::string_view, 6> night_stage_names{"list", "read", "learn", "judge", "save", "publish"};
inline std::string_view name(NightStage stage) { return night_stage_names[static_cast<std::size_t>(stage)]; }

/// A piece of work of a stage; site and acquisition where it is of one.
struct NightWork {
  NightStage stage = NightStage::list;
  std::string site = {};
  std::optional<Instant> acquired = {};
};

class NightClock {
 public:
  /// Called by the thread whose work has ended, one call at a time.
  using Sink = std::function<void(const NightWork& work, double seconds)>;
  explicit NightClock(Sink sink = {}) : sink_(std::move(sink)) {}

  /// Thread-safe.
  void add(const NightWork& work, double seconds) {
    const std::scoped_lock lock(mutex_);
    seconds_[static_cast<std::size_t>(work.stage)] += seconds;
    if (sink_) sink_(work, seconds);
  }

  /// By stage, in their order.
  std::vector<std::pair<std::string, double>> seconds() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::pair<std::string, double>> result;
    for (std::size_t i = 0; i < seconds_.size(); ++i) result.emplace_back(night_stage_names[i], seconds_[i]);
    return result;
  }

 private:
  mutable std::mutex mutex_;
  Sink sink_;
  std::array<double, night_stage_names.size()> seconds_{};
};

/// Adds its own lifetime to a clock, where there is one. What an exception ends does not count.
class NightLap {
 public:
  NightLap(NightClock* clock, NightWork work) : clock_(clock), work_(std::move(work)) {}
  ~NightLap() {
    if (clock_ == nullptr || std::uncaught_exceptions() > exceptions_) return;
    const auto lasted = std::chrono::steady_clock::now() - start_;
    clock_->add(work_, std::chrono::duration<double>(lasted).count());
  }
  NightLap(const NightLap&) = delete;
  NightLap& operator=(const NightLap&) = delete;

 private:
  NightClock* clock_;
  NightWork work_;
  int exceptions_ = std::uncaught_exceptions();
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace pitwatch
