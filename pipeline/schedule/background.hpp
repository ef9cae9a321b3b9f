#pragma once
// Work beside the main line of a command, on the threads of the calling oneTBB arena.

#include <functional>
#include <memory>

namespace pitwatch {

/// Tasks for the arena's other threads. wait() rethrows what one of them threw; without it, the destructor waits and an
/// error is dropped, since another is on its way then.
class Background {
 public:
  Background();
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void run(std::function<void()> task);
  void wait();

 private:
  struct Tasks;
  std::unique_ptr<Tasks> tasks_;
};

/// The ParallelFor (pipeline/io/files/parallel_for.hpp) of the arena. Throws Interrupted between bodies.
void in_parallel(int count, const std::function<void(int)>& body);

/// The RowLoop (pipeline/monitor/rows.hpp) of the arena.
void in_rows(int rows, const std::function<void(int begin, int end)>& piece);

}  // namespace pitwatch
