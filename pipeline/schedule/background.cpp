#include "pipeline/schedule/background.hpp"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <utility>

#include "pipeline/core/interrupt.hpp"

namespace pitwatch {

struct Background::Tasks {
  tbb::task_group group;
  bool waited = false;
};

Background::Background() : tasks_(std::make_unique<Tasks>()) {}

Background::~Background() {
  if (tasks_->waited) return;
  try {
    tasks_->group.cancel();
    tasks_->group.wait();
  } catch (...) {
  }
}

void Background::run(std::function<void()> task) { tasks_->group.run(std::move(task)); }

void Background::wait() {
  tasks_->waited = true;
  tasks_->group.wait();
}

void in_parallel(int count, const std::function<void(int)>& body) {
  tbb::parallel_for(0, count, [&](int i) {
    throw_if_interrupted();
    body(i);
  });
}

void in_rows(int rows, const std::function<void(int begin, int end)>& piece) {
  constexpr int rows_per_piece = 32;
  in_parallel((rows + rows_per_piece - 1) / rows_per_piece,
              [&](int i) { piece(i * rows_per_piece, std::min(rows, (i + 1) * rows_per_piece)); });
}

}  // namespace pitwatch
