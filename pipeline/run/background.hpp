#pragma once
// Work beside the main line of a command.

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_group.h>

#include <functional>
#include <utility>

namespace pitwatch {

/// Tasks on the arena's other threads. wait() rethrows what one of them threw; without it, the destructor waits and an
/// error is dropped, since another is on its way then.
class Background {
 public:
  Background() = default;
  ~Background() {
    if (waited_) return;
    try {
      group_.cancel();
      group_.wait();
    } catch (...) {
    }
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  template <typename Task>
  void run(Task&& task) {
    group_.run(std::forward<Task>(task));
  }
  void wait() {
    waited_ = true;
    group_.wait();
  }

 private:
  tbb::task_group group_;
  bool waited_ = false;
};

/// A ParallelFor (pipeline/io/parallel_for.hpp) on the arena's threads.
inline void in_parallel(int count, const std::function<void(int)>& body) { tbb::parallel_for(0, count, body); }

}  // namespace pitwatch
