#include "pipeline/watch/panes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace pitwatch {
namespace {

constexpr int largest_core_px = 1280;
constexpr int around_px = 64;  // more than the reach of margins and of the weather that surroundings share
constexpr int lattice_px = 2;  // pixels of 20 m stay whole

int parts_of(int length) { return (length + largest_core_px - 1) / largest_core_px; }

/// Where part `i` of `parts` begins.
int begin_of(int i, int parts, int length) {
  const int begin = static_cast<int>(std::int64_t{length} * i / parts);
  return i == parts ? length : begin / lattice_px * lattice_px;
}

std::int64_t shared(const Run& a, const Run& b) {
  return a.row == b.row ? std::max(0, std::min(a.end, b.end) - std::max(a.begin, b.begin)) : 0;
}

/// Pixels that two shapes have in common; runs are sorted.
std::int64_t shared(const std::vector<Run>& a, const std::vector<Run>& b) {
  std::int64_t pixels = 0;
  for (const Run& run : a) {
    auto other = std::lower_bound(b.begin(), b.end(), Run{run.row, 0, 0});
    for (; other != b.end() && other->row == run.row && other->begin < run.end; ++other) pixels += shared(run, *other);
  }
  return pixels;
}

std::int64_t size_of(const std::vector<Run>& runs) {
  std::int64_t pixels = 0;
  for (const Run& run : runs) pixels += run.end - run.begin;
  return pixels;
}

bool touches(const std::vector<Run>& runs, const Window& window) {
  return std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
    return run.row >= window.y && run.row < window.bottom() && run.end > window.x && run.begin < window.right();
  });
}

bool is_within(const std::vector<Run>& runs, const Window& window) {
  return std::all_of(runs.begin(), runs.end(), [&](const Run& run) {
    return run.row >= window.y && run.row < window.bottom() && run.begin >= window.x && run.end <= window.right();
  });
}

}  // namespace

std::vector<Pane> panes_of(const Grid& site) {
  const int across = parts_of(site.width);
  const int down = parts_of(site.height);
  if (across == 1 && down == 1) return {{"", site, {0, 0, site.width, site.height}, 0, 0}};
  std::vector<Pane> panes;
  for (int row = 0; row < down; ++row) {
    for (int column = 0; column < across; ++column) {
      const int x = begin_of(column, across, site.width);
      const int y = begin_of(row, down, site.height);
      const Window core{x, y, begin_of(column + 1, across, site.width) - x, begin_of(row + 1, down, site.height) - y};
      Pane pane{"pane-" + std::to_string(row + 1) + "-" + std::to_string(column + 1), site, core,
                std::max(0, x - around_px), std::max(0, y - around_px)};
      pane.grid.origin = site.to_map(pane.left, pane.top);
      pane.grid.width = std::min(site.width, core.right() + around_px) - pane.left;
      pane.grid.height = std::min(site.height, core.bottom() + around_px) - pane.top;
      panes.push_back(std::move(pane));
    }
  }
  return panes;
}

std::string place_of(const Site& site, const Pane& pane) {
  return pane.name.empty() ? site.id : site.id + "/" + pane.name;
}

namespace {

Window box_of(const std::vector<Run>& runs) {
  if (runs.empty()) return {};
  int left = runs.front().begin;
  int right = runs.front().end;
  int top = runs.front().row;
  int bottom = top + 1;
  for (const Run& run : runs) {
    left = std::min(left, run.begin);
    right = std::max(right, run.end);
    top = std::min(top, run.row);
    bottom = std::max(bottom, run.row + 1);
  }
  return {left, top, right - left, bottom - top};
}

}  // namespace

std::vector<std::vector<bool>> reported_once(std::span<const Pane> panes,
                                             std::span<const std::vector<PaneAlert>> alerts) {
  struct Candidate {
    const PaneAlert* alert;
    std::size_t pane;
    std::size_t place;
    std::vector<Run> runs;  // on the site's grid
    Window box = {};        // around them
  };
  std::vector<std::vector<bool>> reported(panes.size());
  std::vector<Candidate> candidates;
  for (std::size_t pane = 0; pane < panes.size(); ++pane) {
    reported[pane].resize(alerts[pane].size());
    for (std::size_t place = 0; place < alerts[pane].size(); ++place) {
      Candidate candidate{&alerts[pane][place], pane, place, alerts[pane][place].runs};
      for (Run& run : candidate.runs) {
        run = {run.row + panes[pane].top, run.begin + panes[pane].left, run.end + panes[pane].left};
      }
      if (is_within(candidate.runs, panes[pane].core.grown(-around_px))) {
        reported[pane][place] = true;  // no other pane sees it
      } else if (touches(candidate.runs, panes[pane].core)) {
        candidate.box = box_of(candidate.runs);
        candidates.push_back(std::move(candidate));
      }
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.alert->first_detected, a.alert->id, a.pane) <
           std::tie(b.alert->first_detected, b.alert->id, b.pane);
  });
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    std::int64_t known = 0;
    for (std::size_t j = 0; j < i; ++j) {
      if (candidates[j].pane == candidates[i].pane || !reported[candidates[j].pane][candidates[j].place]) continue;
      if (candidates[j].alert->superseded != candidates[i].alert->superseded) continue;
      if (intersection(candidates[j].box, candidates[i].box).empty()) continue;
      known += shared(candidates[i].runs, candidates[j].runs);
    }
    reported[candidates[i].pane][candidates[i].place] = 2 * known < size_of(candidates[i].runs);
  }
  return reported;
}

}  // namespace pitwatch
