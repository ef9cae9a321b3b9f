#include "pipeline/polygons/components.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

#include "pipeline/polygons/run_labels.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t in_each_byte(std::uint8_t value) { return value * 0x0101010101010101U; }
constexpr std::uint64_t top_bits = in_each_byte(0x80);

// Sets the top bit of each byte of `scores` that is at least `bound`, the other bits are arbitrary. (H. S. Warren,
// Hacker's Delight, 2nd ed., section 2-18: with the top bit set in advance, no byte borrows from the next.)
constexpr std::uint64_t at_least(std::uint64_t scores, std::uint8_t bound) {
  const std::uint64_t low_bits_at_least = (scores | top_bits) - in_each_byte(static_cast<std::uint8_t>(bound & 0x7F));
  return bound < 0x80 ? (low_bits_at_least | scores) : (low_bits_at_least & scores);
}

// Bit i tells whether score i of 64 lies in [low, score_max]. One 64-bit word of scores at a time; words without any
// such score, by far the most, cost a comparison.
std::uint64_t members_of_64(const std::uint8_t* scores, std::uint8_t low) {
  std::uint64_t members = 0;
  for (int word = 0; word < 8; ++word) {
    std::uint64_t eight;
    std::memcpy(&eight, scores + 8 * word, sizeof eight);
    std::uint64_t hits = at_least(eight, low) & ~at_least(eight, score_max + 1) & top_bits;
    if (hits == 0) continue;
    if constexpr (std::endian::native == std::endian::big) hits = __builtin_bswap64(hits);
    // Gathers the bits 7, 15, 23, ... in the top byte: the products never meet in one bit.
    members |= (((hits >> 7) * 0x0102040810204080U) >> 56) << (8 * word);
  }
  return members;
}

std::uint64_t members_of_fewer(const std::uint8_t* scores, int count, std::uint8_t low) {
  std::uint64_t members = 0;
  for (int i = 0; i < count; ++i) {
    if (scores[i] >= low && scores[i] <= score_max) members |= std::uint64_t{1} << i;
  }
  return members;
}

// Appends the runs of one row.
void find_runs(const std::uint8_t* scores, Window tile, int row, std::uint8_t low, std::vector<Run>& runs) {
  const std::size_t first = runs.size();
  for (int offset = 0; offset < tile.width; offset += 64) {
    const int count = std::min(64, tile.width - offset);
    std::uint64_t members =
        count == 64 ? members_of_64(scores + offset, low) : members_of_fewer(scores + offset, count, low);
    int column = tile.x + offset;
    while (members != 0) {
      const int gap = std::countr_zero(members);
      members >>= gap;
      const int length = std::countr_one(members);
      members = length < 64 ? members >> length : 0;
      const int begin = column + gap;
      column = begin + length;
      if (runs.size() > first && runs.back().end == begin) {
        runs.back().end = column;
      } else {
        runs.push_back({row, begin, column});
      }
    }
  }
}

bool passes(const Component& component, const Hysteresis& hysteresis) {
  return component.peak >= hysteresis.high && component.pixels >= hysteresis.min_pixels;
}

void sort_by_first_run(std::vector<Component>& components) {
  std::sort(components.begin(), components.end(),
            [](const Component& a, const Component& b) { return a.runs.front() < b.runs.front(); });
}

}  // namespace

std::vector<Component> label_tile(PlaneView<const std::uint8_t> score, Window tile, Window grid_extent,
                                  const Hysteresis& hysteresis) {
  std::vector<Run> runs;
  for (int y = 0; y < tile.height; ++y) find_runs(score.row(y), tile, tile.y + y, hysteresis.low, runs);
  const RunLabels labels = label_runs(runs, Connectivity::eight);

  // First what is needed to decide which components to keep: only those get memory.
  struct Summary {
    std::int64_t pixels = 0;
    std::ptrdiff_t run_count = 0;
    std::uint8_t peak = 0;
    bool may_go_on = false;
  };
  const int top = tile.y > grid_extent.y ? tile.y : tile.y - 1;
  const int bottom = tile.bottom() < grid_extent.bottom() ? tile.bottom() - 1 : tile.bottom();
  const int left = tile.x > grid_extent.x ? tile.x : tile.x - 1;
  const int right = tile.right() < grid_extent.right() ? tile.right() : tile.right() + 1;
  std::vector<Summary> summaries(static_cast<std::size_t>(labels.count));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    Summary& summary = summaries[static_cast<std::size_t>(labels.of_run[i])];
    const std::uint8_t* scores = score.row(run.row - tile.y);
    summary.pixels += run.end - run.begin;
    summary.run_count += 1;
    for (int x = run.begin - tile.x; x < run.end - tile.x; ++x) summary.peak = std::max(summary.peak, scores[x]);
    summary.may_go_on |= run.row == top || run.row == bottom || run.begin == left || run.end == right;
  }

  std::vector<Component> components;
  std::vector<int> place(summaries.size(), -1);
  for (std::size_t i = 0; i < summaries.size(); ++i) {
    const Summary& summary = summaries[i];
    Component component{{}, summary.pixels, summary.peak};
    if (!summary.may_go_on && !passes(component, hysteresis)) continue;
    component.runs.reserve(static_cast<std::size_t>(summary.run_count));
    place[i] = static_cast<int>(components.size());
    components.push_back(std::move(component));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const int at = place[static_cast<std::size_t>(labels.of_run[i])];
    if (at >= 0) components[static_cast<std::size_t>(at)].runs.push_back(runs[i]);
  }
  return components;
}

void Stitcher::add(Window tile, std::vector<Component> components) {
  for (Component& component : components) {
    const std::size_t border_before = border_.size();
    const int index = static_cast<int>(open_.size());
    for (const Run& run : component.runs) {
      const bool at_left = run.begin == tile.x;
      const bool at_right = run.end == tile.right();
      if (run.row == tile.y || run.row == tile.bottom() - 1 || (at_left && at_right)) {
        border_.push_back({run, index});
      } else if (at_left) {
        border_.push_back({{run.row, run.begin, run.begin + 1}, index});
      } else if (at_right) {
        border_.push_back({{run.row, run.end - 1, run.end}, index});
      }
    }
    (border_.size() > border_before ? open_ : closed_).push_back(std::move(component));
  }
}

std::vector<Component> Stitcher::finish(const Hysteresis& hysteresis) {
  std::sort(border_.begin(), border_.end(), [](const BorderRun& a, const BorderRun& b) { return a.run < b.run; });
  DisjointSets sets(open_.size());
  std::vector<Run> runs;
  runs.reserve(border_.size());
  for (std::size_t i = 0; i < border_.size(); ++i) {
    runs.push_back(border_[i].run);
    if (i > 0 && runs[i - 1].row == runs[i].row && runs[i - 1].end == runs[i].begin) {
      sets.unite(border_[i - 1].component, border_[i].component);
    }
  }
  for_each_contact(runs, Connectivity::eight, [&](int upper, int lower) {
    sets.unite(border_[static_cast<std::size_t>(upper)].component, border_[static_cast<std::size_t>(lower)].component);
  });

  // All parts go to the first one of their set. Which one that is depends on the order of the tiles, its content not.
  std::vector<bool> joined(open_.size(), false);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const auto first = static_cast<std::size_t>(sets.find(static_cast<int>(i)));
    if (first == i) continue;
    Component& whole = open_[first];
    Component& part = open_[i];
    whole.runs.insert(whole.runs.end(), part.runs.begin(), part.runs.end());
    whole.pixels += part.pixels;
    whole.peak = std::max(whole.peak, part.peak);
    joined[first] = true;
    part = {};
  }
  std::vector<Component> components = std::exchange(closed_, {});
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].runs.empty()) continue;
    if (joined[i]) normalise(open_[i].runs);
    components.push_back(std::move(open_[i]));
  }
  open_.clear();
  border_.clear();
  std::erase_if(components, [&](const Component& component) { return !passes(component, hysteresis); });
  sort_by_first_run(components);
  return components;
}

}  // namespace pitwatch
