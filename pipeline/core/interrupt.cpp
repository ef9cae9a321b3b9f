#include "pipeline/core/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <string>

namespace pitwatch {
namespace {

std::atomic<int> asked{0};  // the signal; 0: none came
std::atomic<int> held{0};   // how many Uninterrupted there are
static_assert(std::atomic<int>::is_always_lock_free);

std::string name_of(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "signal " + std::to_string(signal);
  }
}

}  // namespace

Interrupted::Interrupted(int number) : std::runtime_error("ended by " + name_of(number)), signal(number) {}

void request_end(int signal) noexcept {
  int none = 0;
  asked.compare_exchange_strong(none, signal);
}

bool is_interrupted() noexcept {
  return asked.load(std::memory_order_relaxed) != 0 && held.load(std::memory_order_relaxed) == 0;
}

void throw_if_interrupted() {
  if (is_interrupted()) throw Interrupted(asked.load());
}

Uninterrupted::Uninterrupted() noexcept { ++held; }
Uninterrupted::~Uninterrupted() { --held; }

}  // namespace pitwatch
