#include "pipeline/schedule/arena.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

#include <cstddef>

namespace pitwatch {

int thread_count(int option) { return option != 0 ? option : tbb::info::default_concurrency(); }

void in_arena(int threads, const std::function<void()>& work) {
  const int count = thread_count(threads);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
  tbb::task_arena arena(count);
  arena.execute(work);
}

std::string scheduler_version() { return TBB_runtime_version(); }

int arena_threads() { return tbb::this_task_arena::max_concurrency(); }

}  // namespace pitwatch
