#pragma once
// How many threads a command works on.

#include <functional>
#include <string>

namespace pitwatch {

/// So many as an option asks for, 0: all cores.
int thread_count(int option);

/// Runs `work` on thread_count(threads) threads: what it starts side by side takes no more.
void in_arena(int threads, const std::function<void()>& work);

/// Version of oneTBB, whose threads they are.
std::string scheduler_version();

/// Threads of the arena that this is called in.
int arena_threads();

}  // namespace pitwatch
