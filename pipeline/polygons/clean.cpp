#include "pipeline/polygons/clean.hpp"

#include <algorithm>
#include <cstddef>

#include "pipeline/polygons/run_labels.hpp"

namespace pitwatch {
namespace {

// The pixels outside of the runs, within their bounding box and a margin of one pixel. The margin makes one region of
// all that is outside: the one of the first run.
std::vector<Run> background(std::span<const Run> runs) {
  int left = runs.front().begin;
  int right = runs.front().end;
  for (const Run& run : runs) {
    left = std::min(left, run.begin);
    right = std::max(right, run.end);
  }
  std::vector<Run> gaps;
  std::size_t i = 0;
  for (int row = runs.front().row - 1; row <= runs.back().row + 1; ++row) {
    int begin = left - 1;
    for (; i < runs.size() && runs[i].row == row; ++i) {
      gaps.push_back({row, begin, runs[i].begin});
      begin = runs[i].end;
    }
    gaps.push_back({row, begin, right + 1});
  }
  return gaps;
}

std::vector<Run> intersection(std::span<const Run> a, std::span<const Run> b) {
  std::vector<Run> common;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].row == b[j].row) {
      const int begin = std::max(a[i].begin, b[j].begin);
      const int end = std::min(a[i].end, b[j].end);
      if (begin < end) common.push_back({a[i].row, begin, end});
    }
    const bool a_ends_first = a[i].row != b[j].row ? a[i].row < b[j].row : a[i].end < b[j].end;
    ++(a_ends_first ? i : j);
  }
  return common;
}

std::vector<Run> shifted(std::span<const Run> runs, int rows) {
  std::vector<Run> result(runs.begin(), runs.end());
  for (Run& run : result) run.row += rows;
  return result;
}

// Without the first and last pixel of each run.
std::vector<Run> shrunk(std::span<const Run> runs) {
  std::vector<Run> result;
  for (const Run& run : runs) {
    if (run.end - run.begin > 2) result.push_back({run.row, run.begin + 1, run.end - 1});
  }
  return result;
}

// Both elements are symmetric, so the region's rows above and below are met by shifting it down and up.
std::vector<Run> eroded(std::span<const Run> runs, Element element) {
  const std::vector<Run> narrow = shrunk(runs);
  const std::span<const Run> neighbours = element == Element::square ? std::span<const Run>(narrow) : runs;
  return intersection(intersection(narrow, shifted(neighbours, 1)), shifted(neighbours, -1));
}

std::vector<Run> dilated(std::span<const Run> runs, Element element) {
  const int reach = element == Element::square ? 1 : 0;  // sideways, in the rows above and below
  std::vector<Run> result;
  result.reserve(3 * runs.size());
  for (const Run& run : runs) {
    result.push_back({run.row - 1, run.begin - reach, run.end + reach});
    result.push_back({run.row, run.begin - 1, run.end + 1});
    result.push_back({run.row + 1, run.begin - reach, run.end + reach});
  }
  normalise(result);
  return result;
}

}  // namespace

std::vector<Run> fill_small_holes(std::span<const Run> runs, std::int64_t max_hole_pixels) {
  std::vector<Run> filled(runs.begin(), runs.end());
  if (runs.empty()) return filled;
  const std::vector<Run> gaps = background(runs);
  const RunLabels labels = label_runs(gaps, Connectivity::four);
  std::vector<std::int64_t> pixels(static_cast<std::size_t>(labels.count));
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    pixels[static_cast<std::size_t>(labels.of_run[i])] += gaps[i].end - gaps[i].begin;
  }
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const int label = labels.of_run[i];
    if (label != 0 && pixels[static_cast<std::size_t>(label)] <= max_hole_pixels) filled.push_back(gaps[i]);
  }
  normalise(filled);
  return filled;
}

std::vector<Run> opened(std::span<const Run> runs, Element element) { return dilated(eroded(runs, element), element); }

std::vector<Run> closed(std::span<const Run> runs, Element element) { return eroded(dilated(runs, element), element); }

std::vector<std::vector<Run>> split_components(std::span<const Run> runs) {
  const RunLabels labels = label_runs(runs, Connectivity::eight);
  std::vector<std::vector<Run>> parts(static_cast<std::size_t>(labels.count));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    parts[static_cast<std::size_t>(labels.of_run[i])].push_back(runs[i]);
  }
  return parts;
}

std::int64_t count_pixels(std::span<const Run> runs) {
  std::int64_t pixels = 0;
  for (const Run& run : runs) pixels += run.end - run.begin;
  return pixels;
}

}  // namespace pitwatch
