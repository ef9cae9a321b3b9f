#pragma once
// Where the time goes: seconds by stage, summed over threads.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitwatch {

enum class Stage : std::uint8_t { survey, read, evidence, polygons, merge, hash, write };

inline constexpr std::array<std::string_view, 7> stage_names{"survey", "read", "evidence", "polygons",
                                                             "merge",  "hash", "write"};

class Stopwatch {
 public:
  /// Adds its own lifetime to a stage.
  class Lap {
   public:
    Lap(Stopwatch& watch, Stage stage) : watch_(watch), stage_(stage), start_(Clock::now()) {}
    ~Lap() {
      watch_.nanoseconds_[static_cast<std::size_t>(stage_)] +=
          std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
    }
    Lap(const Lap&) = delete;
    Lap& operator=(const Lap&) = delete;

   private:
    Stopwatch& watch_;
    Stage stage_;
    std::chrono::steady_clock::time_point start_;
  };

  std::vector<std::pair<std::string, double>> seconds() const {
    std::vector<std::pair<std::string, double>> result;
    for (std::size_t i = 0; i < stage_names.size(); ++i) {
      result.emplace_back(stage_names[i], static_cast<double>(nanoseconds_[i].load()) * 1e-9);
    }
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::array<std::atomic<std::int64_t>, stage_names.size()> nanoseconds_{};
};

}  // namespace pitwatch
