#pragma once
// Connectivity between runs. Internal to this folder.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// Which pixels are neighbours: those that share an edge (4), or also those that share a corner (8).
enum class Connectivity { four, eight };

/// Union-find whose representatives are the smallest members, so that no result depends on the order of unions.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }

  int find(int element) {
    while (at(element) != element) {
      at(element) = at(at(element));  // path halving
      element = at(element);
    }
    return element;
  }

  void unite(int a, int b) {
    a = find(a);
    b = find(b);
    if (a != b) at(std::max(a, b)) = std::min(a, b);
  }

 private:
  int& at(int element) { return parent_[static_cast<std::size_t>(element)]; }

  std::vector<int> parent_;
};

/// Calls contact(i, j) for each pair of neighbouring runs in successive rows, i in the upper one. `runs` is sorted and
/// without overlaps; linear in runs and contacts.
template <typename Contact>
void for_each_contact(std::span<const Run> runs, Connectivity connectivity, Contact contact) {
  const int reach = connectivity == Connectivity::eight ? 1 : 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    const int above = run.row - 1;
    while (runs[first].row < above || (runs[first].row == above && runs[first].end + reach <= run.begin)) ++first;
    for (std::size_t j = first; runs[j].row == above && runs[j].begin < run.end + reach; ++j) {
      contact(static_cast<int>(j), static_cast<int>(i));
    }
  }
}

/// The connected components of runs: `of_run[i]` is the component of run i, numbered 0..count-1 by their first runs.
struct RunLabels {
  std::vector<int> of_run;
  int count = 0;
};

/// `runs` is sorted, without overlapping or abutting runs.
RunLabels label_runs(std::span<const Run> runs, Connectivity connectivity);

/// Sorts the runs and joins those that overlap or abut.
void normalise(std::vector<Run>& runs);

}  // namespace pitwatch
