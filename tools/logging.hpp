#pragma once
// Log lines and progress on stderr; stdout stays for results.

#include <spdlog/common.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tools/common_options.hpp"

namespace pitwatch::tools {

/// Sets spdlog's default logger: stderr, level and format (text or JSON lines) by the options.
void configure_logging(const CommonOptions& options);

/// What a line is about, as far as that is known: members of its JSON object. Lines of text do not have them.
struct LogFields {
  std::string_view site = {};
  std::string_view acquisition = {};  // ISO 8601, UTC
  std::string_view stage = {};
  std::optional<double> seconds = {};
};

/// A line of the default logger with these members.
void log(spdlog::level::level_enum level, const LogFields& fields, const std::string& message);

/// Every later line has a member `run`: of a nightly run its start, by which its manifest (`started`) and the row of
/// `runs` (`started_at`) name it.
void name_run_in_log(const std::string& run);

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
