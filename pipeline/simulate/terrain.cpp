#include "pipeline/simulate/terrain.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

constexpr float pixel_m = 10;
constexpr int margin_m = 2400;                  // beyond the site: its surroundings drain and cast shadows too
constexpr int small_site_px = 2000;             // sites up to here have cells of 20 m, larger ones of 60 m
constexpr float inflow_m2 = 150e6F;             // drained above the site by the main river
constexpr float channel_m2 = 0.7e6F;            // a stream begins where this much is drained
constexpr float water_m2 = 2e6F;                // and carries water all year from here
constexpr float river_m2 = 40e6F;               // with a valley floor from here
constexpr float width_per_root_area = 0.0022F;  // metres of channel per metre of sqrt(area)
constexpr float widest_m = 40;
constexpr int bin_px = 64;

/// A grid of cells whose outer ring is a wall, evolving.
class Landscape {
 public:
  Landscape(std::uint32_t seed, int across, int down, float cell_size_m)
      : width(across), height(down), cell_m(cell_size_m), seed_(seed) {
    elevation.resize(cells());
    uplift.resize(cells());
    hillslope_m.resize(cells());
  }

  std::size_t cells() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
  std::int32_t index(int x, int y) const { return y * width + x; }

  /// Fills depressions and finds for each cell which one it drains to, and an order from the outlet upstream.
  void route() {
    constexpr float bucket_m = 0.25F;
    constexpr float rise_m = 1e-3F;  // of a filled depression from cell to cell, so that it drains
    const float highest = *std::max_element(elevation.begin(), elevation.end());
    const float lowest = *std::min_element(elevation.begin(), elevation.end());
    const auto buckets = static_cast<std::size_t>((highest - lowest) / bucket_m) + 2;
    const auto bucket_of = [&](float level) {
      return std::min(static_cast<std::size_t>((level - lowest) / bucket_m), buckets - 1);
    };
    // Linked queues, one per bucket.
    std::vector<std::int32_t> head(buckets, none);
    std::vector<std::int32_t> tail(buckets, none);
    std::vector<std::int32_t> next(cells(), unseen);
    build_wall(next);
    const auto push = [&](std::int32_t cell) {
      const std::size_t bucket = bucket_of(elevation[at(cell)]);
      if (head[bucket] == none)
        head[bucket] = cell;
      else
        next[at(tail[bucket])] = cell;
      tail[bucket] = cell;
      next[at(cell)] = none;
    };

    const std::array<std::int32_t, 8> around{1, -1, width, -width, width + 1, width - 1, -width + 1, -width - 1};
    ++routings_;
    receiver.assign(cells(), none);
    order.clear();
    order.reserve(cells());
    push(outlet);
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      while (head[bucket] != none) {
        const std::int32_t cell = head[bucket];
        head[bucket] = next[at(cell)];
        order.push_back(cell);
        const float level = elevation[at(cell)];
        const float diagonal = 1 / (2 - uniform_of(hash_of(seed_, cell, routings_)));
        std::int32_t best = cell;
        float best_fall = -1;
        for (std::size_t k = 0; k < around.size(); ++k) {
          const std::int32_t neighbour = cell + around[k];
          if (next[at(neighbour)] == unseen) {
            elevation[at(neighbour)] = std::max(elevation[at(neighbour)], level + rise_m);
            push(neighbour);
          } else if (receiver[at(neighbour)] != none) {
            const float fall = (level - elevation[at(neighbour)]) * (k < 4 ? 1.0F : diagonal);
            if (fall > best_fall) {
              best_fall = fall;
              best = neighbour;
            }
          }
        }
        receiver[at(cell)] = best;
      }
    }
  }

  void accumulate() {
    area_m2.assign(cells(), cell_m * cell_m);
    area_m2[at(inlet)] += inflow_m2;
    for (std::size_t i = order.size(); i-- > 1;) area_m2[at(receiver[at(order[i])])] += area_m2[at(order[i])];
  }

  void erode() {
    constexpr float steepest = 0.65F;
    for (std::size_t i = 1; i < order.size(); ++i) {
      const std::size_t cell = at(order[i]);
      const std::size_t below = at(receiver[cell]);
      const float distance = cell_m * (is_diagonal(order[i], receiver[cell]) ? 1.41421356F : 1.0F);
      const float hillslope = hillslope_m[cell];
      const float erosion = std::sqrt(area_m2[cell] + hillslope * hillslope) / distance;
      const float level = (elevation[cell] + uplift[cell] + erosion * elevation[below]) / (1 + erosion);
      const float least = elevation[below] + 1e-3F;
      elevation[cell] = std::clamp(level, least, least + steepest * distance);
    }
  }

  /// Creep of soil: rounds ridges.
  void diffuse(float share) {
    copy_to_wall();
    std::vector<float> above(elevation.begin(), elevation.begin() + width);
    std::vector<float> here(above.size());
    for (int y = 1; y + 1 < height; ++y) {
      float* row = elevation.data() + index(0, y);
      std::copy(row, row + width, here.begin());
      const float* below = row + width;
      for (int x = 1; x + 1 < width; ++x) {
        const auto i = static_cast<std::size_t>(x);
        row[x] = here[i] + share * ((above[i] + below[x] + here[i - 1] + here[i + 1]) * 0.25F - here[i]);
      }
      std::swap(above, here);
    }
  }

  /// Raises what smoothing left below the cell that it drains to.
  void fall_to_outlet() {
    for (std::size_t i = 1; i < order.size(); ++i) {
      const std::size_t cell = at(order[i]);
      elevation[cell] = std::max(elevation[cell], elevation[at(receiver[cell])] + 1e-3F);
    }
  }

  void evolve(int steps) {
    for (int i = 0; i < steps; ++i) {
      route();
      accumulate();
      erode();
      diffuse(0.25F);
    }
  }

  /// The wall gets the elevation of the cells beside it.
  void copy_to_wall() {
    for (int y = 1; y + 1 < height; ++y) {
      elevation[at(index(0, y))] = elevation[at(index(1, y))];
      elevation[at(index(width - 1, y))] = elevation[at(index(width - 2, y))];
    }
    std::copy_n(elevation.begin() + width, width, elevation.begin());
    std::copy_n(elevation.end() - 2 * width, width, elevation.end() - width);
  }

  static std::size_t at(std::int32_t cell) { return static_cast<std::size_t>(cell); }

  int width;
  int height;
  float cell_m;
  std::int32_t outlet = 0;
  std::int32_t inlet = 0;
  std::vector<float> elevation;
  std::vector<float> uplift;       // metres that the hillslope of a cell rises in one step
  std::vector<float> hillslope_m;  // slopes become no steeper than uplift over this, as far as water shapes them
  std::vector<std::int32_t> receiver;
  std::vector<std::int32_t> order;
  std::vector<float> area_m2;

 private:
  static constexpr std::int32_t none = -1;
  static constexpr std::int32_t unseen = -2;

  bool is_diagonal(std::int32_t a, std::int32_t b) const {
    const std::int32_t step = std::abs(a - b);
    return step != 1 && step != width;
  }

  void build_wall(std::vector<std::int32_t>& next) const {
    for (int x = 0; x < width; ++x) next[at(index(x, 0))] = next[at(index(x, height - 1))] = none;
    for (int y = 0; y < height; ++y) next[at(index(0, y))] = next[at(index(width - 1, y))] = none;
  }

  std::uint32_t seed_;
  int routings_ = 0;
};

/// A field of a coarser landscape at the cells of a finer one that covers the same ground, bilinear.
void refine(const Landscape& from, const std::vector<float>& field, const Landscape& to, std::vector<float>& into) {
  const float scale_x = static_cast<float>(from.width) / static_cast<float>(to.width);
  const float scale_y = static_cast<float>(from.height) / static_cast<float>(to.height);
  for (int y = 0; y < to.height; ++y) {
    const float v =
        std::clamp((static_cast<float>(y) + 0.5F) * scale_y - 0.5F, 0.0F, static_cast<float>(from.height) - 1);
    const int y0 = std::min(static_cast<int>(v), from.height - 2);
    const float fy = v - static_cast<float>(y0);
    const float* above = field.data() + from.index(0, y0);
    const float* below = above + from.width;
    float* row = into.data() + to.index(0, y);
    for (int x = 0; x < to.width; ++x) {
      const float u =
          std::clamp((static_cast<float>(x) + 0.5F) * scale_x - 0.5F, 0.0F, static_cast<float>(from.width) - 1);
      const int x0 = std::min(static_cast<int>(u), from.width - 2);
      const float fx = u - static_cast<float>(x0);
      const float top = above[x0] + fx * (above[x0 + 1] - above[x0]);
      const float bottom = below[x0] + fx * (below[x0 + 1] - below[x0]);
      row[x] = top + fy * (bottom - top);
    }
  }
}

/// Noise at the cells of a landscape, `longest_m` its longest period.
Plane<float> noise_over(const Landscape& land, std::uint32_t seed, float longest_m, int octaves, float amplitude,
                        float persistence) {
  Plane<float> noise(land.width, land.height);
  const int longest = std::max(2, static_cast<int>(longest_m / land.cell_m));
  fill_noise(fractal(seed, longest, octaves, amplitude, persistence), {0, 0, land.width, land.height}, noise.view());
  return noise;
}

/// The main valley's course and the ground it runs through, before any erosion.
void lay_out(Landscape& land, std::uint32_t seed, float uplift_m, float site_m) {
  // The river's direction: towards a point on one side of a square around the site's centre.
  const float aside = uniform_of(hash_of(seed, 1, 0)) * 2 - 1;
  const float ahead = hash_of(seed, 2, 0) % 2 == 0 ? 1.0F : -1.0F;
  const bool mostly_across = hash_of(seed, 3, 0) % 2 == 0;
  const float length = std::sqrt(1 + aside * aside);
  const float flow_x = (mostly_across ? ahead : aside) / length;
  const float flow_y = (mostly_across ? aside : ahead) / length;

  const Plane<float> bends = noise_over(land, mix_of(seed + 11), 0.5F * site_m, 3, 0.16F * site_m, 0.4F);
  const Plane<float> rough = noise_over(land, mix_of(seed + 12), 3000, 6, uplift_m, 0.6F);
  const Plane<float> rise = noise_over(land, mix_of(seed + 13), std::min(9000.0F, 0.7F * site_m), 3, 0.7F, 0.6F);
  const Plane<float> hardness = noise_over(land, mix_of(seed + 14), 2500, 3, 0.5F, 0.6F);
  float best_out = -std::numeric_limits<float>::max();
  float best_in = best_out;
  for (int y = 1; y + 1 < land.height; ++y) {
    for (int x = 1; x + 1 < land.width; ++x) {
      const float px = (static_cast<float>(x) - 0.5F * static_cast<float>(land.width)) * land.cell_m;
      const float py = (static_cast<float>(y) - 0.5F * static_cast<float>(land.height)) * land.cell_m;
      const float downstream = px * flow_x + py * flow_y;
      const float across = std::fabs(px * flow_y - py * flow_x + bends.at(x, y));
      const std::size_t cell = Landscape::at(land.index(x, y));
      land.elevation[cell] = 8 * uplift_m + rough.at(x, y) + 0.12F * std::min(across, 5000.0F) - 0.01F * downstream;
      land.uplift[cell] = uplift_m * std::clamp(1 + rise.at(x, y), 0.25F, 2.0F);
      land.hillslope_m[cell] = 140 * std::clamp(1 + hardness.at(x, y), 0.5F, 2.0F);
      if (x > 1 && y > 1 && x + 2 < land.width && y + 2 < land.height) continue;
      if (downstream - 3 * across > best_out) {
        best_out = downstream - 3 * across;
        land.outlet = land.index(x, y);
      }
      if (-downstream - 3 * across > best_in) {
        best_in = -downstream - 3 * across;
        land.inlet = land.index(x, y);
      }
    }
  }
  land.elevation[Landscape::at(land.outlet)] = 0;
  land.copy_to_wall();
}

std::int32_t refined_cell(const Landscape& from, std::int32_t cell, const Landscape& to) {
  const int x = std::clamp((cell % from.width) * to.width / from.width + to.width / from.width / 2, 1, to.width - 2);
  const int y =
      std::clamp((cell / from.width) * to.height / from.height + to.height / from.height / 2, 1, to.height - 2);
  return to.index(x, y);
}

/// From cells eight times as wide to the wanted ones.
Landscape evolved(std::uint32_t seed, int width, int height, float cell_m, float uplift_m, float site_m) {
  constexpr int levels = 3;
  constexpr std::array<int, levels + 1> steps{30, 10, 3, 1};
  const auto at_level = [&](int level) {
    const int factor = 1 << (levels - level);
    return Landscape(mix_of(seed + static_cast<std::uint32_t>(level)), (width + factor - 1) / factor,
                     (height + factor - 1) / factor, cell_m * static_cast<float>(factor));
  };
  Landscape land = at_level(0);
  lay_out(land, seed, uplift_m, site_m);
  land.evolve(steps[0]);
  for (int level = 1; level <= levels; ++level) {
    Landscape finer = at_level(level);
    refine(land, land.elevation, finer, finer.elevation);
    refine(land, land.uplift, finer, finer.uplift);
    refine(land, land.hillslope_m, finer, finer.hillslope_m);
    finer.outlet = refined_cell(land, land.outlet, finer);
    finer.inlet = refined_cell(land, land.inlet, finer);
    const float amplitude = 0.08F * finer.cell_m;
    const Plane<float> detail =
        noise_over(finer, mix_of(seed + 20 + static_cast<std::uint32_t>(level)), 6 * finer.cell_m, 2, amplitude, 0.7F);
    for (int y = 0; y < finer.height; ++y) {
      float* row = finer.elevation.data() + finer.index(0, y);
      for (int x = 0; x < finer.width; ++x) row[x] += detail.at(x, y);
    }
    finer.elevation[Landscape::at(finer.outlet)] = 0;
    land = std::move(finer);
    land.evolve(steps[static_cast<std::size_t>(level)]);
  }
  land.uplift = {};
  land.hillslope_m = {};
  return land;
}

/// Flattens the ground beside rivers to floors of varying width.
void make_valley_floors(Landscape& land, std::uint32_t seed) {
  const Plane<float> widths = noise_over(land, mix_of(seed + 31), 1500, 2, 1.0F, 0.5F);
  std::vector<float> nearest(land.cells(), std::numeric_limits<float>::max());
  std::vector<float> base(land.cells(), 0.0F);
  std::vector<float> floor(land.cells(), 0.0F);
  for (const std::int32_t river : land.order) {
    if (land.area_m2[Landscape::at(river)] < river_m2) continue;
    const int cx = river % land.width;
    const int cy = river / land.width;
    const float floor_m = 140 * std::clamp(1 + 1.4F * widths.at(cx, cy), 0.4F, 2.0F);
    const int reach = static_cast<int>(3 * floor_m / land.cell_m) + 1;
    const Window area =
        intersection({cx - reach, cy - reach, 2 * reach + 1, 2 * reach + 1}, {0, 0, land.width, land.height});
    for (int y = area.y; y < area.bottom(); ++y) {
      for (int x = area.x; x < area.right(); ++x) {
        const auto dx = static_cast<float>(x - cx);
        const auto dy = static_cast<float>(y - cy);
        const float distance = std::sqrt(dx * dx + dy * dy) * land.cell_m;
        const std::size_t cell = Landscape::at(land.index(x, y));
        if (distance >= nearest[cell]) continue;
        nearest[cell] = distance;
        base[cell] = land.elevation[Landscape::at(river)];
        floor[cell] = floor_m;
      }
    }
  }
  for (std::size_t cell = 0; cell < land.cells(); ++cell) {
    if (floor[cell] == 0) continue;
    const float t = std::clamp((nearest[cell] - floor[cell]) / (2 * floor[cell]), 0.0F, 1.0F);
    // Spurs stay.
    const float rise = std::max(land.elevation[cell] - base[cell], 0.0F);
    const float keep = std::max({t * t * (3 - 2 * t), 0.08F, rise / (rise + 250)});
    land.elevation[cell] = base[cell] + rise * keep;
  }
}

/// Metres above the channel that a cell drains to.
std::vector<float> height_above_channel(const Landscape& land) {
  std::vector<float> channel(land.cells(), 0.0F);
  for (std::size_t i = 0; i < land.order.size(); ++i) {
    const std::size_t cell = Landscape::at(land.order[i]);
    const bool is_channel = i == 0 || land.area_m2[cell] >= channel_m2;
    channel[cell] = is_channel ? land.elevation[cell] : channel[Landscape::at(land.receiver[cell])];
  }
  std::vector<float> above(land.cells(), 0.0F);
  for (const std::int32_t cell : land.order) {
    above[Landscape::at(cell)] = land.elevation[Landscape::at(cell)] - channel[Landscape::at(cell)];
  }
  return above;
}

/// Displaces the ground by some cells, here this way and there that way: what ran along the grid bends.
class Warp {
 public:
  Warp(std::uint32_t seed, int width, int height, float cell_m) : x_(width, height), y_(width, height) {
    const int longest = static_cast<int>(1500 / cell_m);
    const Window all{0, 0, width, height};
    fill_noise(fractal(mix_of(seed + 1), longest, 4, 0.13F * static_cast<float>(longest), 0.5F), all, x_.view());
    fill_noise(fractal(mix_of(seed + 2), longest, 4, 0.13F * static_cast<float>(longest), 0.5F), all, y_.view());
  }

  /// What lies at (x, y) was at the result before; in cells, cell (0, 0) has its centre at (0, 0).
  std::pair<float, float> source_of(float x, float y) const {
    const int column = std::clamp(static_cast<int>(x + 0.5F), 0, x_.width() - 1);
    const int row = std::clamp(static_cast<int>(y + 0.5F), 0, x_.height() - 1);
    return {x + x_.at(column, row), y + y_.at(column, row)};
  }

  /// Where what was at (x, y) comes to lie, by fixed-point iteration.
  std::pair<float, float> target_of(float x, float y) const {
    float u = x;
    float v = y;
    for (int i = 0; i < 12; ++i) {
      const auto [sx, sy] = source_of(u, v);
      u += 0.7F * (x - sx);
      v += 0.7F * (y - sy);
    }
    return {u, v};
  }

  void apply(const Landscape& land, const std::vector<float>& field, Plane<float>& into) const {
    into.reshape(land.width, land.height);
    for (int y = 0; y < land.height; ++y) {
      for (int x = 0; x < land.width; ++x) {
        const auto [sx, sy] = source_of(static_cast<float>(x), static_cast<float>(y));
        const float u = std::clamp(sx, 1.0F, static_cast<float>(land.width) - 2.001F);
        const float v = std::clamp(sy, 1.0F, static_cast<float>(land.height) - 2.001F);
        const int x0 = static_cast<int>(u);
        const int y0 = static_cast<int>(v);
        const float fx = u - static_cast<float>(x0);
        const float fy = v - static_cast<float>(y0);
        const float* above = field.data() + land.index(x0, y0);
        const float* below = above + land.width;
        const float top = above[0] + fx * (above[1] - above[0]);
        const float bottom = below[0] + fx * (below[1] - below[0]);
        into.at(x, y) = top + fy * (bottom - top);
      }
    }
  }

 private:
  Plane<float> x_, y_;
};

/// Channels that carry water as lines through the centres of cells, smoothed along the flow; each node comes after the
/// one that it flows to. In cells.
std::vector<ChannelNode> channel_nodes(const Landscape& land, const Warp& warp) {
  std::vector<ChannelNode> nodes;
  std::vector<std::int32_t> above;  // for each node the larger of the channels that meet there
  std::vector<std::int32_t> node_of(land.cells(), -1);
  for (const std::int32_t cell : land.order) {
    const float area_m2 = land.area_m2[Landscape::at(cell)];
    if (area_m2 < water_m2) continue;
    const auto self = static_cast<std::int32_t>(nodes.size());
    const std::int32_t receiver = land.receiver[Landscape::at(cell)];
    const std::int32_t below = receiver == cell ? self : node_of[Landscape::at(receiver)];
    node_of[Landscape::at(cell)] = self;
    const auto [x, y] = warp.target_of(static_cast<float>(cell % land.width), static_cast<float>(cell / land.width));
    const float width_m = std::min(width_per_root_area * std::sqrt(area_m2), widest_m);
    nodes.push_back({x, y, width_m, below});
    above.push_back(-1);
    if (below == self) continue;
    std::int32_t& largest = above[Landscape::at(below)];
    if (largest < 0 || width_m > nodes[Landscape::at(largest)].width_m) largest = self;
  }
  for (int pass = 0; pass < 4; ++pass) {
    const std::vector<ChannelNode> before = nodes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (above[i] < 0 || Landscape::at(before[i].below) == i) continue;
      const ChannelNode& up = before[Landscape::at(above[i])];
      const ChannelNode& down = before[Landscape::at(before[i].below)];
      nodes[i].x = 0.5F * before[i].x + 0.25F * (up.x + down.x);
      nodes[i].y = 0.5F * before[i].y + 0.25F * (up.y + down.y);
    }
  }
  return nodes;
}

/// Means over squares of 2 x `radius` + 1 cells, at the edge over those inside.
void mean_around(const Plane<float>& field, int radius, Plane<float>& into) {
  const int width = field.width();
  const int height = field.height();
  into.reshape(width, height);
  std::vector<double> sums(static_cast<std::size_t>(width), 0.0);  // of columns
  const auto add = [&](int y, double sign) {
    for (int x = 0; x < width; ++x) sums[static_cast<std::size_t>(x)] += sign * static_cast<double>(field.at(x, y));
  };
  for (int y = 0; y < std::min(radius, height); ++y) add(y, 1);
  for (int y = 0; y < height; ++y) {
    if (y + radius < height) add(y + radius, 1);
    if (y - radius - 1 >= 0) add(y - radius - 1, -1);
    const int rows = std::min(y + radius, height - 1) - std::max(y - radius, 0) + 1;
    double sum = 0;
    for (int x = 0; x < std::min(radius, width); ++x) sum += sums[static_cast<std::size_t>(x)];
    for (int x = 0; x < width; ++x) {
      if (x + radius < width) sum += sums[static_cast<std::size_t>(x + radius)];
      if (x - radius - 1 >= 0) sum -= sums[static_cast<std::size_t>(x - radius - 1)];
      const int columns = std::min(x + radius, width - 1) - std::max(x - radius, 0) + 1;
      into.at(x, y) = static_cast<float>(sum / (rows * columns));
    }
  }
}

struct SplineTap {
  int first = 0;  // cell of the first of four weights
  std::array<float, 4> weights{};
};

/// Uniform cubic B-spline at the centre of pixel `pixel` (counted from the coarse grid's origin).
SplineTap spline_tap(int pixel, int cell_px, int cells) {
  const float position = (static_cast<float>(pixel) + 0.5F) / static_cast<float>(cell_px) - 0.5F;
  const int cell = std::clamp(static_cast<int>(std::floor(position)), 1, cells - 3);
  const float t = std::clamp(position - static_cast<float>(cell), 0.0F, 1.0F);
  const float s = 1 - t;
  return {cell - 1,
          {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6, t * t * t / 6}};
}

}  // namespace

Terrain::Terrain(const TerrainOptions& options) : seed_(options.seed) {
  const Grid& site = options.grid;
  if (site.width <= 0 || site.height <= 0 || site.pixel_size_m != 10) {
    throw ConfigError("terrain needs a grid of 10 m pixels");
  }
  const int longest_px = std::max(site.width, site.height);
  cell_px_ = longest_px <= small_site_px ? 2 : 6;
  const int margin_cells = margin_m / (cell_px_ * 10);
  origin_px_ = {-margin_cells * cell_px_, -margin_cells * cell_px_};
  coarse_grid_ = {site.crs, site.to_map(origin_px_.x, origin_px_.y), site.pixel_size_m * cell_px_,
                  (site.width + cell_px_ - 1) / cell_px_ + 2 * margin_cells,
                  (site.height + cell_px_ - 1) / cell_px_ + 2 * margin_cells};
  const auto site_m = static_cast<float>(longest_px) * pixel_m;
  const float relief_m = std::min(options.relief_m, site_m / 8);
  Landscape land = evolved(options.seed, coarse_grid_.width, coarse_grid_.height,
                           static_cast<float>(coarse_grid_.pixel_size_m), relief_m / 8, site_m);
  make_valley_floors(land, options.seed);
  for (int i = 0; i < 3; ++i) land.diffuse(0.5F);
  land.fall_to_outlet();
  land.copy_to_wall();

  const Warp warp(mix_of(options.seed + 51), land.width, land.height, land.cell_m);
  warp.apply(land, land.elevation, elevation_);

  // Heights become those that were asked for, within the site.
  const Window inside{margin_cells, margin_cells, coarse_grid_.width - 2 * margin_cells,
                      coarse_grid_.height - 2 * margin_cells};
  float lowest = std::numeric_limits<float>::max();
  float highest = -lowest;
  for (int y = inside.y; y < inside.bottom(); ++y) {
    const float* row = elevation_.row(y) + inside.x;
    const auto [least, most] = std::minmax_element(row, row + inside.width);
    lowest = std::min(lowest, *least);
    highest = std::max(highest, *most);
  }
  const float stretch = relief_m / std::max(1.0F, highest - lowest);
  for (float& level : land.elevation) level = options.lowest_m + (level - lowest) * stretch;
  warp.apply(land, land.elevation, elevation_);

  // The reservoir's water reaches up the main river for 45 % of its way through the site, but no more than 8 km.
  reservoir_level_m_ = -std::numeric_limits<float>::max();
  if (options.reservoir) {
    std::vector<std::int32_t> course;
    for (std::int32_t cell = land.inlet; cell != land.outlet; cell = land.receiver[Landscape::at(cell)]) {
      const int x = cell % land.width - inside.x;
      const int y = cell / land.width - inside.y;
      if (x >= 0 && y >= 0 && x < inside.width && y < inside.height) course.push_back(cell);
    }
    if (!course.empty()) {
      const auto flooded = std::min(static_cast<std::size_t>(0.45F * static_cast<float>(course.size())),
                                    static_cast<std::size_t>(8000.0F / land.cell_m));
      reservoir_level_m_ = land.elevation[Landscape::at(course[course.size() - 1 - flooded])] + 2;
    }
  }

  warp.apply(land, height_above_channel(land), above_channel_);
  add_reaches(channel_nodes(land, warp));
  mean_around(elevation_, static_cast<int>(500 / land.cell_m), surroundings_);
}

void Terrain::add_reaches(const std::vector<ChannelNode>& nodes) {
  bins_across_ = (coarse_grid_.width * cell_px_ + bin_px - 1) / bin_px;
  bins_down_ = (coarse_grid_.height * cell_px_ + bin_px - 1) / bin_px;
  const auto bin_of = [&](const Reach& reach) {
    const int x = static_cast<int>(reach.x0 - static_cast<float>(origin_px_.x)) / bin_px;
    const int y = static_cast<int>(reach.y0 - static_cast<float>(origin_px_.y)) / bin_px;
    return static_cast<std::size_t>(std::clamp(y, 0, bins_down_ - 1) * bins_across_ +
                                    std::clamp(x, 0, bins_across_ - 1));
  };
  const auto place = [&](float cells, int origin) {
    return (cells + 0.5F) * static_cast<float>(cell_px_) + static_cast<float>(origin);
  };
  reaches_.reserve(nodes.size());
  for (const ChannelNode& node : nodes) {
    const ChannelNode& below = nodes[static_cast<std::size_t>(node.below)];
    reaches_.push_back({place(node.x, origin_px_.x), place(node.y, origin_px_.y), place(below.x, origin_px_.x),
                        place(below.y, origin_px_.y), node.width_m / pixel_m, below.width_m / pixel_m});
  }
  std::stable_sort(reaches_.begin(), reaches_.end(),
                   [&](const Reach& a, const Reach& b) { return bin_of(a) < bin_of(b); });
  const auto bins = static_cast<std::size_t>(bins_across_) * static_cast<std::size_t>(bins_down_);
  bin_begin_.assign(bins + 1, 0);
  for (const Reach& reach : reaches_) ++bin_begin_[bin_of(reach) + 1];
  for (std::size_t i = 1; i <= bins; ++i) bin_begin_[i] += bin_begin_[i - 1];
}

void Terrain::interpolate(PlaneView<const float> coarse, const Window& window, PlaneView<float> into) const {
  std::vector<SplineTap> taps;
  taps.reserve(static_cast<std::size_t>(window.width));
  for (int x = 0; x < window.width; ++x) {
    taps.push_back(spline_tap(window.x + x - origin_px_.x, cell_px_, coarse.width));
  }
  const int first = taps.front().first;
  const int count = taps.back().first + 4 - first;
  std::vector<float> column(static_cast<std::size_t>(count));
  for (int y = 0; y < window.height; ++y) {
    const SplineTap down = spline_tap(window.y + y - origin_px_.y, cell_px_, coarse.height);
    const float* a = coarse.row(down.first) + first;
    const float* b = coarse.row(down.first + 1) + first;
    const float* c = coarse.row(down.first + 2) + first;
    const float* d = coarse.row(down.first + 3) + first;
    const auto [wa, wb, wc, wd] = down.weights;
    float* at_row = column.data();
    for (int i = 0; i < count; ++i) at_row[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
    float* to = into.row(y);
    for (int x = 0; x < window.width; ++x) {
      const SplineTap& tap = taps[static_cast<std::size_t>(x)];
      const float* cell = at_row + (tap.first - first);
      to[x] = tap.weights[0] * cell[0] + tap.weights[1] * cell[1] + tap.weights[2] * cell[2] + tap.weights[3] * cell[3];
    }
  }
}

void Terrain::draw_channels(const Window& window, PlaneView<float> water) const {
  for (int y = 0; y < window.height; ++y) std::fill_n(water.row(y), window.width, 0.0F);
  // A reach is filed where it begins; it ends, and its water reaches, a few cells further at most.
  const int far_px = 3 * cell_px_ + static_cast<int>(widest_m / pixel_m);
  const Window near = window.grown(far_px);
  const int x_begin = std::max(0, (near.x - origin_px_.x) / bin_px);
  const int x_end = std::min(bins_across_ - 1, (near.right() - origin_px_.x) / bin_px);
  const int y_begin = std::max(0, (near.y - origin_px_.y) / bin_px);
  const int y_end = std::min(bins_down_ - 1, (near.bottom() - origin_px_.y) / bin_px);
  for (int by = y_begin; by <= y_end; ++by) {
    for (int bx = x_begin; bx <= x_end; ++bx) {
      const auto bin = static_cast<std::size_t>(by * bins_across_ + bx);
      for (std::uint32_t i = bin_begin_[bin]; i < bin_begin_[bin + 1]; ++i) {
        const Reach& reach = reaches_[i];
        const float around = 0.5F * std::max(reach.width0, reach.width1) + 1;
        const int left = static_cast<int>(std::floor(std::min(reach.x0, reach.x1) - around));
        const int right = static_cast<int>(std::floor(std::max(reach.x0, reach.x1) + around));
        const int top = static_cast<int>(std::floor(std::min(reach.y0, reach.y1) - around));
        const int bottom = static_cast<int>(std::floor(std::max(reach.y0, reach.y1) + around));
        const Window box = intersection({left, top, right - left + 1, bottom - top + 1}, window);
        const float dx = reach.x1 - reach.x0;
        const float dy = reach.y1 - reach.y0;
        const float length2 = std::max(dx * dx + dy * dy, 1e-6F);
        for (int y = box.y; y < box.bottom(); ++y) {
          float* row = water.row(y - window.y);
          for (int x = box.x; x < box.right(); ++x) {
            const float px = static_cast<float>(x) + 0.5F - reach.x0;
            const float py = static_cast<float>(y) + 0.5F - reach.y0;
            const float t = std::clamp((px * dx + py * dy) / length2, 0.0F, 1.0F);
            const float ox = px - t * dx;
            const float oy = py - t * dy;
            const float distance = std::sqrt(ox * ox + oy * oy);
            const float width = reach.width0 + t * (reach.width1 - reach.width0);
            const float share = std::clamp(0.5F * width + 0.5F - distance, 0.0F, std::min(width, 1.0F));
            row[x - window.x] = std::max(row[x - window.x], share);
          }
        }
      }
    }
  }
}

void Terrain::fill_elevation(const Window& window, PlaneView<float> elevation, PlaneView<float> above_channel,
                             PlaneView<float> detail) const {
  interpolate(elevation_.view(), window, elevation);
  interpolate(above_channel_.view(), window, above_channel);
  // Gullies, ledges and scree below what the coarse grid resolves; valley floors are smooth.
  fill_noise(fractal(mix_of(seed_ + 41), 7 * cell_px_, 4, 1.2F * static_cast<float>(cell_px_), 0.5F), window, detail);
  for (int y = 0; y < window.height; ++y) {
    const float* rough = detail.row(y);
    float* height = elevation.row(y);
    float* above = above_channel.row(y);
    for (int x = 0; x < window.width; ++x) {
      above[x] = std::max(above[x], 0.0F);
      height[x] += rough[x] * std::min(above[x] * (1.0F / 60), 1.0F);
    }
  }
}

void Terrain::elevation(const Window& window, PlaneView<float> into) const {
  if (window.empty()) return;
  Plane<float> above_channel(window.width, window.height);
  Plane<float> detail(window.width, window.height);
  fill_elevation(window, into, above_channel.view(), detail.view());
}

void Terrain::window(const Window& window, TerrainPixels& into) const {
  for (Plane<float>* plane : {&into.elevation, &into.water, &into.above_channel, &into.reservoir_depth}) {
    plane->reshape(std::max(0, window.width), std::max(0, window.height));
  }
  if (window.empty()) return;
  fill_elevation(window, into.elevation.view(), into.above_channel.view(), into.reservoir_depth.view());
  draw_channels(window, into.water.view());
  for (int y = 0; y < window.height; ++y) {
    const float* height = into.elevation.row(y);
    float* depth = into.reservoir_depth.row(y);
    for (int x = 0; x < window.width; ++x) depth[x] = reservoir_level_m_ - height[x];
  }
}

}  // namespace pitwatch
