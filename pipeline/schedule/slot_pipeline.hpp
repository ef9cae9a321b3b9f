#pragma once
// The one pipeline of this program: a serial source, work on any thread, a sink that keeps the order. What is in flight
// lives in slots that were made before, and their number bounds the memory.

#include <cstddef>
#include <functional>
#include <span>

namespace pitwatch {

/// The steps of a pipeline, each given the number of a slot.
struct SlotSteps {
  std::function<bool(std::size_t)> source;  // fills a free slot, in order, one at a time; false: there is no more
  std::function<void(std::size_t)> work;    // on any thread, several at once
  std::function<void(std::size_t)> sink;    // in the order of the source, one at a time; the slot is free afterwards
};

/// Runs until the source has no more, on the threads of the calling arena. The first that a step throws ends the
/// source; what is in flight then is neither worked on nor sunk, and the exception is thrown once it has run empty.
/// Throws Interrupted between steps. `slots`: at least 1.
void run_slot_pipeline(std::size_t slots, const SlotSteps& steps);

/// The same over slots of a type.
template <typename Slot, typename Source, typename Work, typename Sink>
void run_slots(std::span<Slot> slots, const Source& source, const Work& work, const Sink& sink) {
  run_slot_pipeline(slots.size(),
                    {[&](std::size_t slot) { return source(slots[slot]); },
                     [&](std::size_t slot) { work(slots[slot]); }, [&](std::size_t slot) { sink(slots[slot]); }});
}

}  // namespace pitwatch
