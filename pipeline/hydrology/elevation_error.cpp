#include "pipeline/hydrology/elevation_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "pipeline/hydrology/cells.hpp"

namespace pitwatch {
namespace {

/// SplitMix64's mixing (Steele, Lea and Flood 2014).
std::uint64_t mixed(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31);
}

/// Nearly normal, mean 0, variance 1: twelve uniform numbers of 16 bits added up. Whole numbers, and so the same on
/// every machine.
float normal_of(std::uint64_t bits) {
  std::int64_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    bits = mixed(bits);
    sum += static_cast<std::int64_t>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
  }
  return static_cast<float>(static_cast<double>(sum - 6 * 65535) / 65536.0);
}

/// Half a Gaussian from its middle on, of which the squares of the whole add up to 1.
std::vector<float> kernel_of(double correlation_length_px) {
  // White noise under a Gaussian of s is correlated by exp(-d^2 / (4 s^2)).
  const double s = correlation_length_px / 2;
  std::vector<float> kernel{1.0F};
  if (!(s > 0)) return kernel;
  // Rounded, so that the last digits of exp(), which differ between machines, do not come through.
  constexpr double units = 1 << 20;
  std::vector<double> weights;
  for (int i = 0; i <= std::ceil(4 * s); ++i) weights.push_back(std::round(std::exp(-i * i / (2 * s * s)) * units));
  double squares = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) squares += (i == 0 ? 1 : 2) * weights[i] * weights[i];
  kernel.clear();
  for (const double weight : weights) kernel.push_back(static_cast<float>(weight / std::sqrt(squares)));
  return kernel;
}

}  // namespace

void add_error(PlaneView<float> elevation, const ElevationError& error, std::uint32_t draw, std::int64_t left,
               std::int64_t top) {
  const std::vector<float> kernel = kernel_of(error.correlation_length_px);
  const auto reach = static_cast<int>(kernel.size()) - 1;
  const std::uint64_t stream = mixed(mixed(error.seed) ^ draw);
  const auto rmse = static_cast<float>(error.rmse_m);
  const auto width = static_cast<std::size_t>(elevation.width);
  const std::size_t ring_rows = 2 * static_cast<std::size_t>(reach) + 1;
  // Rows smoothed along themselves, as many as the kernel needs.
  std::vector<float> ring(ring_rows * width);
  std::vector<float> white(width + 2 * static_cast<std::size_t>(reach));
  const auto ring_row = [&](int y) { return ring.data() + static_cast<std::size_t>(y + reach) % ring_rows * width; };
  const auto make_row = [&](int y) {
    const std::uint64_t row_bits = mixed(stream ^ static_cast<std::uint64_t>(top + y));
    for (std::size_t i = 0; i < white.size(); ++i) {
      const std::int64_t column = left + static_cast<std::int64_t>(i) - reach;
      white[i] = normal_of(row_bits ^ static_cast<std::uint64_t>(column) * 0xD6E8FEB86659FD93ULL);
    }
    float* const out = ring_row(y);
    const float* const middle = white.data() + reach;
    for (std::size_t x = 0; x < width; ++x) out[x] = kernel[0] * middle[x];
    for (int k = 1; k <= reach; ++k) {
      const float weight = kernel[static_cast<std::size_t>(k)];
      for (std::size_t x = 0; x < width; ++x) {
        const auto at = static_cast<std::ptrdiff_t>(x);
        out[x] += weight * (middle[at - k] + middle[at + k]);
      }
    }
  };
  std::vector<float> sum(width);
  for (int y = -reach; y < reach; ++y) make_row(y);
  for (int y = 0; y < elevation.height; ++y) {
    make_row(y + reach);
    const float* const middle = ring_row(y);
    for (std::size_t x = 0; x < width; ++x) sum[x] = kernel[0] * middle[x];
    for (int k = 1; k <= reach; ++k) {
      const float weight = kernel[static_cast<std::size_t>(k)];
      const float* const above = ring_row(y - k);
      const float* const below = ring_row(y + k);
      for (std::size_t x = 0; x < width; ++x) sum[x] += weight * (above[x] + below[x]);
    }
    float* const row = elevation.row(y);
    for (std::size_t x = 0; x < width; ++x) row[x] += rmse * sum[x];
  }
}

std::vector<Reach> reach_by_draws(PlaneView<const float> elevation, DepressionRule rule, const ElevationError& error,
                                  int draws, std::span<const FlowCell> sources, PlaneView<const std::uint32_t> targets,
                                  std::size_t target_count, const DrawLoop& loop) {
  // By draw and target: cells whose flow comes there.
  const auto draw_count = static_cast<std::size_t>(std::max(0, draws));
  std::vector<std::uint32_t> counts(draw_count * target_count);
  loop(std::max(0, draws), [&](int draw) {
    Plane<float> drawn(elevation.width, elevation.height);
    for (int y = 0; y < elevation.height; ++y) std::copy_n(elevation.row(y), elevation.width, drawn.row(y));
    add_error(drawn.view(), error, static_cast<std::uint32_t>(draw));
    const Plane<FlowDirection> directions = drained_directions(drawn.view(), rule);
    std::uint32_t* const count = counts.data() + static_cast<std::size_t>(draw) * target_count;
    std::vector<std::uint32_t> met;
    for (const FlowCell& source : sources) {
      met.clear();
      int x = source.x;
      int y = source.y;
      while (on_grid(directions.view(), x, y) && directions.at(x, y) != flow_void) {
        const std::uint32_t target = targets.at(x, y);
        if (target != 0 && target <= target_count && std::find(met.begin(), met.end(), target) == met.end()) {
          met.push_back(target);
          ++count[target - 1];
        }
        if (!flows_on(directions.at(x, y))) break;
        const FlowStep step = flow_steps[directions.at(x, y)];
        x += step.x;
        y += step.y;
      }
    }
  });
  std::vector<Reach> reach(target_count);
  if (draw_count == 0 || sources.empty()) return reach;
  for (std::size_t target = 0; target < target_count; ++target) {
    std::uint64_t any = 0;
    std::uint64_t cells = 0;
    for (std::size_t draw = 0; draw < draw_count; ++draw) {
      const std::uint32_t count = counts[draw * target_count + target];
      any += count > 0 ? 1 : 0;
      cells += count;
    }
    reach[target].any_share = static_cast<double>(any) / static_cast<double>(draw_count);
    reach[target].cells_share =
        static_cast<double>(cells) / (static_cast<double>(draw_count) * static_cast<double>(sources.size()));
  }
  return reach;
}

}  // namespace pitwatch
