#include "pipeline/io/remote/retry.hpp"

#include <algorithm>
#include <thread>

#include "pipeline/core/interrupt.hpp"

namespace pitwatch {
namespace {

/// splitmix64 (Steele, Lea, Flood 2014): a waiting time needs no better.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

}  // namespace

std::chrono::milliseconds wait_after(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                     std::uint64_t& random) {
  std::chrono::milliseconds wait = first;
  for (int i = 1; i < attempt && wait < longest; ++i) wait *= 2;
  wait = std::min(wait, longest);
  const auto half = static_cast<std::uint64_t>(wait.count() / 2);
  return wait - std::chrono::milliseconds(half == 0 ? 0 : next_random(random) % (half + 1));
}

void sleep_unless_interrupted(std::chrono::milliseconds wait) {
  constexpr std::chrono::milliseconds slice(50);
  for (; wait.count() > 0; wait -= slice) {
    throw_if_interrupted();
    std::this_thread::sleep_for(std::min(wait, slice));
  }
}

std::string seconds_text(std::chrono::milliseconds time) {
  const std::int64_t tenths = time.count() / 100;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace pitwatch
