#include "pipeline/polygons/run_labels.hpp"

#include <algorithm>
#include <cstddef>

namespace pitwatch {

RunLabels label_runs(std::span<const Run> runs, Connectivity connectivity) {
  DisjointSets sets(runs.size());
  for_each_contact(runs, connectivity, [&](int upper, int lower) { sets.unite(upper, lower); });
  RunLabels labels;
  labels.of_run.resize(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    // The representative is the first run of its set, so it has its number before the others ask for it.
    const auto first = static_cast<std::size_t>(sets.find(static_cast<int>(i)));
    labels.of_run[i] = first == i ? labels.count++ : labels.of_run[first];
  }
  return labels;
}

void normalise(std::vector<Run>& runs) {
  if (runs.empty()) return;
  std::sort(runs.begin(), runs.end());
  std::size_t last = 0;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].row == runs[last].row && runs[i].begin <= runs[last].end) {
      runs[last].end = std::max(runs[last].end, runs[i].end);
    } else {
      runs[++last] = runs[i];
    }
  }
  runs.resize(last + 1);
}

}  // namespace pitwatch
