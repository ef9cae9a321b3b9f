#include "pipeline/compare/pair_checks.hpp"

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

template <typename Work>
void in_context(const std::string& context, const Work& work) {
  try {
    work();
  } catch (...) {
    rethrow_with_context(context);
  }
}

std::string title(Date date) { return date == Date::before ? "BEFORE " : "AFTER "; }

OffsetReport check_scene(const Scene& scene, Date date, const PairInputs& inputs, const SceneChecks& checks) {
  refuse_damaged(scene);
  OffsetReport found = check_offsets_of(scene, inputs.files(), checks.offsets);
  if (!found.decision.use) throw DataError(found.decision.reason + " (--offset-check)");
  if (checks.gate) {
    std::vector<Band> there;
    for (const PairInput& input : inputs.inputs()) {
      if (input.date == date && is_reflectance(input.band)) there.push_back(input.band);
    }
    refuse_displaced(scene, inputs.grid(), there, inputs.files());
  }
  return found;
}

}  // namespace

std::array<OffsetReport, 2> check_pair(const Scene& before, const Scene& after, const PairInputs& inputs,
                                       const SceneChecks& checks) {
  const auto scene_of = [&](Date date) -> const Scene& { return date == Date::before ? before : after; };
  std::array<OffsetReport, 2> offsets;
  const auto check = [&](std::size_t i) {
    if (i < both_dates.size()) {
      const Date date = both_dates[i];
      in_context(title(date) + redacted(scene_of(date).source),
                 [&] { offsets[i] = check_scene(scene_of(date), date, inputs, checks); });
    } else {
      const PairInput& input = inputs.inputs()[i - both_dates.size()];
      in_context(title(input.date) + redacted(input.asset.path),
                 [&] { refuse_garbage(scene_of(input.date), input.band, *input.file); });
    }
  };
  std::vector<std::exception_ptr> errors(both_dates.size() + (checks.gate ? inputs.inputs().size() : 0));
  in_parallel(static_cast<int>(errors.size()), [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    try {
      check(at);
    } catch (...) {
      errors[at] = std::current_exception();
    }
  });
  // The first, and not whichever came first.
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return offsets;
}

void refuse_misplaced_pair(const Scene& after, const Alignment& alignment, double pixel_size_m) {
  const double scale = pixel_size_m / 10;
  in_context(title(Date::after) + redacted(after.source),
             [&] { refuse_misplaced(alignment.x.offset * scale, alignment.y.offset * scale, alignment.windows_used); });
}

}  // namespace pitwatch
