#include "pipeline/schedule/slot_pipeline.hpp"

#include <oneapi/tbb/parallel_pipeline.h>

#include <mutex>
#include <numeric>
#include <vector>

#include "pipeline/core/interrupt.hpp"
#include "pipeline/schedule/first_failure.hpp"

namespace pitwatch {
namespace {

/// Numbers of slots that hold nothing. Thread-safe. There are as many slots as tokens: whoever has a token finds one.
class FreeSlots {
 public:
  explicit FreeSlots(std::size_t count) : free_(count) { std::iota(free_.rbegin(), free_.rend(), std::size_t{0}); }

  std::size_t take() {
    const std::lock_guard lock(mutex_);
    const std::size_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give(std::size_t slot) {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot);
  }

 private:
  std::mutex mutex_;
  std::vector<std::size_t> free_;
};

}  // namespace

void run_slot_pipeline(std::size_t slots, const SlotSteps& steps) {
  FreeSlots free(slots);
  // Filters do not throw: what is in flight when one does, oneTBB never frees.
  FirstFailure failure;
  const auto source = [&](tbb::flow_control& control) {
    const std::size_t slot = free.take();
    bool filled = false;
    failure.guard([&] { filled = steps.source(slot); });
    if (!filled) control.stop();
    return slot;
  };
  const auto work = [&](std::size_t slot) {
    failure.guard([&] {
      throw_if_interrupted();
      steps.work(slot);
    });
    return slot;
  };
  const auto sink = [&](std::size_t slot) {
    failure.guard([&] {
      throw_if_interrupted();  // what was cut short by it is no result
      steps.sink(slot);
    });
    free.give(slot);
  };
  tbb::parallel_pipeline(slots, tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, source) &
                                    tbb::make_filter<std::size_t, std::size_t>(tbb::filter_mode::parallel, work) &
                                    tbb::make_filter<std::size_t, void>(tbb::filter_mode::serial_in_order, sink));
  failure.rethrow();
}

}  // namespace pitwatch
