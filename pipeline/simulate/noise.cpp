#include "pipeline/simulate/noise.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace pitwatch {
namespace {

int floor_div(int value, int by) { return value / by - (value % by < 0 ? 1 : 0); }

/// Walks down the rows of a window for one octave.
class OctaveRows {
 public:
  OctaveRows(const Octave& octave, const Window& window)
      : octave_(octave), width_(window.width), period_(std::max(1, octave.period_px)) {
    const std::uint32_t phase = mix_of(octave.seed ^ 0xa511e9b3U);
    x_ = window.x + static_cast<int>((phase & 0xffffU) % static_cast<std::uint32_t>(period_));
    y_ = window.y + static_cast<int>((phase >> 16) % static_cast<std::uint32_t>(period_));
    first_cell_ = floor_div(x_, period_);
    const auto nodes = static_cast<std::size_t>(floor_div(x_ + width_ - 1, period_) - first_cell_ + 2);
    above_.resize(nodes);
    below_.resize(nodes);
    at_row_.resize(nodes);
    fade_.resize(static_cast<std::size_t>(period_));
    for (int i = 0; i < period_; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(period_);
      fade_[static_cast<std::size_t>(i)] = t * t * t * (t * (t * 6 - 15) + 10);
    }
    cell_row_ = floor_div(y_, period_);
    fill_nodes(cell_row_, above_);
    fill_nodes(cell_row_ + 1, below_);
  }

  /// Adds the next row.
  void add_to(float* out) {
    if (floor_div(y_, period_) != cell_row_) {
      ++cell_row_;
      std::swap(above_, below_);
      fill_nodes(cell_row_ + 1, below_);
    }
    const float down = fade_[static_cast<std::size_t>(y_ - cell_row_ * period_)];
    for (std::size_t i = 0; i < at_row_.size(); ++i) at_row_[i] = above_[i] + down * (below_[i] - above_[i]);
    ++y_;

    int offset = x_ - first_cell_ * period_;
    std::size_t node = 0;
    for (int x = 0; x < width_; ++node) {
      const int count = std::min(period_ - offset, width_ - x);
      const float left = at_row_[node];
      const float step = at_row_[node + 1] - left;
      const float* fade = fade_.data() + offset;
      float* to = out + x;
      for (int i = 0; i < count; ++i) to[i] += left + step * fade[i];
      x += count;
      offset = 0;
    }
  }

 private:
  void fill_nodes(int row, std::vector<float>& nodes) const {
    const RowKey key(octave_.seed, row);
    const float scale = 2 * octave_.amplitude;
    const int count = static_cast<int>(nodes.size());
    float* to = nodes.data();
    for (int i = 0; i < count; ++i) to[i] = uniform_of(key.hash_at(first_cell_ + i)) * scale - octave_.amplitude;
  }

  Octave octave_;
  int width_;
  int period_;
  int x_ = 0;  // of the window's first column and of the next row, counted from the lattice's origin
  int y_ = 0;
  int first_cell_ = 0;
  int cell_row_ = 0;
  std::vector<float> above_, below_, at_row_;  // lattice values, and between them at the row
  std::vector<float> fade_;
};

}  // namespace

void fill_noise(std::span<const Octave> octaves, const Window& window, PlaneView<float> out) {
  if (window.empty()) return;
  std::vector<OctaveRows> rows;
  rows.reserve(octaves.size());
  for (const Octave& octave : octaves) rows.emplace_back(octave, window);
  for (int y = 0; y < window.height; ++y) {
    float* to = out.row(y);
    std::fill(to, to + window.width, 0.0F);
    for (OctaveRows& octave : rows) octave.add_to(to);
  }
}

std::vector<Octave> fractal(std::uint32_t seed, int longest_px, int octave_count, float amplitude, float persistence) {
  std::vector<Octave> octaves;
  auto period = static_cast<double>(longest_px);
  for (int i = 0; i < octave_count && period >= 2; ++i) {
    octaves.push_back(
        {static_cast<int>(period + 0.5), amplitude, mix_of(mix_of(seed) + static_cast<std::uint32_t>(i))});
    period /= 2.1;
    amplitude *= persistence;
  }
  return octaves;
}

void fill_white_noise(std::uint32_t seed, const Window& window, PlaneView<float> out) {
  // Four uniform bytes: mean 4 x 127.5, variance 4 x (256^2 - 1) / 12.
  const float scale = 1 / std::sqrt(65535.0F / 3);
  const float shift = -510 * scale;
  for (int y = 0; y < window.height; ++y) {
    const RowKey key(seed, window.y + y);
    float* to = out.row(y);
    for (int x = 0; x < window.width; ++x) {
      const std::uint32_t hash = key.hash_at(window.x + x);
      const std::uint32_t pairs = (hash & 0x00ff00ffU) + ((hash >> 8) & 0x00ff00ffU);
      to[x] = static_cast<float>(static_cast<std::int32_t>((pairs & 0xffffU) + (pairs >> 16))) * scale + shift;
    }
  }
}

}  // namespace pitwatch
