#pragma once
// What the clients of this folder have in common: libcurl, and how long is waited between attempts. Used inside this
// folder only.

#include <chrono>
#include <cstdint>
#include <string>

namespace pitwatch {

/// Before the attempt after `attempt`, counted from 1: `first` doubled for each one, at most `longest`, shortened by up
/// to a half at random. Changes `random`.
std::chrono::milliseconds wait_after(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                     std::uint64_t& random);

/// Sleeps. Throws Interrupted soon after the program was asked to end.
void sleep_unless_interrupted(std::chrono::milliseconds wait);

/// Before the first use of libcurl (http_client.cpp). Throws DataError.
void set_up_curl();

/// "1800 s", "0.4 s".
std::string seconds_text(std::chrono::milliseconds time);

}  // namespace pitwatch
