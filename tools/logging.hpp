#pragma once
// Log lines and progress on stderr; stdout stays for results.

#include <chrono>
#include <mutex>
#include <string_view>

#include "tools/common_options.hpp"

namespace pitwatch::tools {

/// Sets spdlog's default logger: stderr, level and format (text or JSON lines) by the options.
void configure_logging(const CommonOptions& options);

/// Progress of a long command: a live bar on a terminal, otherwise a line every few seconds; nothing with --quiet.
class Progress {
 public:
  explicit Progress(const CommonOptions& options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Thread-safe; cheap when called often. `fraction` is 0..1 of the stage.
  void operator()(std::string_view stage, double fraction);

 private:
  enum class Mode { silent, bar, lines };
  using Clock = std::chrono::steady_clock;

  Mode mode_;
  std::mutex mutex_;
  Clock::time_point last_{};
  bool drawn_ = false;
};

}  // namespace pitwatch::tools
