#include "tools/logging.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/safe_text.hpp"

namespace pitwatch::tools {
namespace {

constexpr int bar_width = 32;
constexpr std::size_t longest_message = 4000;  // bytes: what quotes a file may quote megabytes
constexpr std::chrono::milliseconds bar_interval{100};
constexpr std::chrono::seconds line_interval{5};

std::string run_of_process;
// Lines are written by the thread that logs them: what it sets before is read while it does.
thread_local const LogFields* fields_of_line = nullptr;

std::string in_json(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The message as a JSON string, quotes included, and the members that are known.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text = in_json(abridged({message.payload.data(), message.payload.size()}, longest_message));
    const auto add = [&](const char* name, std::string_view value) {
      if (!value.empty()) text += ",\"" + std::string(name) + "\":" + in_json(value);
    };
    add("run", run_of_process);
    if (fields_of_line != nullptr) {
      add("site", fields_of_line->site);
      add("acquisition", fields_of_line->acquisition);
      add("stage", fields_of_line->stage);
      if (fields_of_line->seconds) text += fmt::format(",\"seconds\":{:.6f}", *fields_of_line->seconds);
    }
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

/// The message as a terminal may have it: texts from outside are in it.
class PrintableMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = printable(abridged({message.payload.data(), message.payload.size()}, longest_message));
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PrintableMessage>(); }
};

}  // namespace

void configure_logging(const CommonOptions& options) {
  auto logger = std::make_shared<spdlog::logger>("pitwatch", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(options.quiet ? spdlog::level::err : options.verbose ? spdlog::level::debug : spdlog::level::info);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (options.log_json) {
    formatter->add_flag<JsonMessage>('*');
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})");
  } else {
    formatter->add_flag<PrintableMessage>('*');
    formatter->set_pattern("pitwatch: %l: %*");
  }
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

void log(spdlog::level::level_enum level, const LogFields& fields, const std::string& message) {
  fields_of_line = &fields;
  spdlog::log(level, "{}", message);
  fields_of_line = nullptr;
}

void name_run_in_log(const std::string& run) { run_of_process = run; }

Progress::Progress(const CommonOptions& options)
    : mode_(options.quiet                                     ? Mode::silent
            : isatty(STDERR_FILENO) == 1 && !options.log_json ? Mode::bar
                                                              : Mode::lines),
      last_(Clock::now()) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::operator()(std::string_view stage, double fraction) {
  throw_if_interrupted();
  if (mode_ == Mode::silent) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const int percent = static_cast<int>(std::lround(fraction * 100));
  const int length = static_cast<int>(stage.size());
  if (mode_ == Mode::lines) {
    if (now - last_ < line_interval) return;
    spdlog::info("{} {} %", stage, percent);
  } else {
    if (now - last_ < bar_interval && drawn_) return;
    const int filled = static_cast<int>(fraction * bar_width);
    const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                            std::string(static_cast<std::size_t>(bar_width - filled), '.');
    std::fprintf(stderr, "\r\033[K[%s] %3d %% %.*s", bar.c_str(), percent, length, stage.data());
    std::fflush(stderr);
    drawn_ = true;
  }
  last_ = now;
}

}  // namespace pitwatch::tools
