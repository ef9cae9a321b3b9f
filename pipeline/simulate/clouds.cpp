#include "pipeline/simulate/clouds.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

constexpr int lattice_px = 4;         // spacing at which the large shapes of clouds are computed
constexpr int cirrus_lattice_px = 8;  // cirrus has no small ones
constexpr int weather_px = 3000;      // side of the area that cloud cover refers to

/// How a kind of cloud looks.
struct Look {
  float period_px;  // of the largest shapes
  int octaves;      // down to about 16 pixels
  float stretch;    // along the wind
  float edge;       // width of the edge, in units of the noise
  float detail;     // amplitude of the smallest shapes
  float thick;      // noise above the threshold at which clouds are brightest
};

Look look_of(CloudKind kind) {
  switch (kind) {
    case CloudKind::cumulus:
      return {170, 4, 1.2F, 0.22F, 0.10F, 0.6F};
    case CloudKind::stratocumulus:
      return {260, 5, 1.6F, 0.4F, 0.08F, 0.8F};
    case CloudKind::overcast:
      return {700, 6, 2.2F, 0.6F, 0.06F, 1.6F};
    case CloudKind::clear:
      break;
  }
  return {90, 3, 1.1F, 0.2F, 0.12F, 0.6F};  // a few small cumuli
}

float fade_of(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }

int floor_of(float value) {
  const int whole = static_cast<int>(value);
  return whole - (static_cast<float>(whole) > value ? 1 : 0);
}

/// Value noise at any point of the plane, period 1, -1..1.
float value_at(std::uint32_t seed, float u, float v) {
  constexpr std::uint32_t next_x = 0x9e3779b1U;
  constexpr std::uint32_t next_y = 0x85ebca77U;
  const int x = floor_of(u);
  const int y = floor_of(v);
  const float across = fade_of(u - static_cast<float>(x));
  const float down = fade_of(v - static_cast<float>(y));
  const std::uint32_t corner = static_cast<std::uint32_t>(x) * next_x + static_cast<std::uint32_t>(y) * next_y + seed;
  const float a = uniform_of(mix_of(corner));
  const float b = uniform_of(mix_of(corner + next_x));
  const float c = uniform_of(mix_of(corner + next_y));
  const float d = uniform_of(mix_of(corner + next_x + next_y));
  const float upper = a + across * (b - a);
  const float lower = c + across * (d - c);
  return 2 * (upper + down * (lower - upper)) - 1;
}

/// Coordinates along and across the wind.
struct WindFrame {
  float x, y;  // the wind's direction, unit vector
  float along_period_px, across_period_px;

  float along(float px, float py) const { return (px * x + py * y) / along_period_px; }
  float across(float px, float py) const { return (py * x - px * y) / across_period_px; }
};

/// The large shapes along a row of `to.size()` points that begins at (px, py) and goes on every `spacing` pixels:
/// octaves of value_at(), each turned against the one before (by the angle of a 3-4-5 triangle), so that their lattices
/// do not line up; from the third octave on they are billows, rounded bumps with creases between them. The coordinates
/// are themselves displaced by noise, which makes outlines curl. Loops over the row, not the octave, are inside, since
/// they vectorise.
class ShapeRow {
 public:
  void fill(std::uint32_t seed, const WindFrame& wind, int octaves, float px, float py, float spacing,
            std::span<float> to) {
    const std::size_t count = to.size();
    u_.resize(count);
    v_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const float x = px + spacing * static_cast<float>(static_cast<int>(i));
      const float u = wind.along(x, py);
      const float v = wind.across(x, py);
      u_[i] = u + 0.3F * value_at(seed + 101, 1.7F * u, 1.7F * v);
      v_[i] = v + 0.3F * value_at(seed + 102, 1.7F * u, 1.7F * v);
      to[i] = 0;
    }
    float amplitude = 1;
    for (int octave = 0; octave < octaves; ++octave) {
      const std::uint32_t octave_seed = mix_of(seed + static_cast<std::uint32_t>(octave));
      const bool billows = octave >= 2;
      float* us = u_.data();
      float* vs = v_.data();
      float* sums = to.data();
      for (std::size_t i = 0; i < count; ++i) {
        const float u = us[i];
        const float v = vs[i];
        const float value = value_at(octave_seed, u, v);
        sums[i] += amplitude * (billows ? 1.6F * std::fabs(value) - 0.6F : value);
        us[i] = 2.1F * (0.8F * u - 0.6F * v);
        vs[i] = 2.1F * (0.6F * u + 0.8F * v);
      }
      amplitude *= 0.55F;
    }
  }

 private:
  std::vector<float> u_, v_;
};

/// Values on a lattice of absolute pixel coordinates, interpolated to the pixels of the window. `fill_nodes(px, py,
/// to)` gives those of a row of lattice points that begins at (px, py).
template <typename Function>
void fill_from_lattice(int spacing, const Window& window, PlaneView<float> into, Function fill_nodes) {
  const auto floor_div = [](int value, int by) { return value / by - (value % by < 0 ? 1 : 0); };
  const int first_x = floor_div(window.x, spacing);
  const int first_y = floor_div(window.y, spacing);
  const int nodes = floor_div(window.right() - 1, spacing) - first_x + 2;
  std::vector<float> above(static_cast<std::size_t>(nodes));
  std::vector<float> below(above.size());
  std::vector<float> at_row(above.size());
  const auto fill_row = [&](int row, std::span<float> to) {
    fill_nodes(static_cast<float>(first_x * spacing), static_cast<float>(row * spacing), to);
  };
  const float per_spacing = 1 / static_cast<float>(spacing);
  int row = first_y - 1;
  for (int y = 0; y < window.height; ++y) {
    const int wanted = floor_div(window.y + y, spacing);
    if (wanted != row) {
      if (y == 0) fill_row(wanted, below);
      row = wanted;
      std::swap(above, below);
      fill_row(row + 1, below);
    }
    const float down = static_cast<float>(window.y + y - row * spacing) * per_spacing;
    for (std::size_t i = 0; i < at_row.size(); ++i) at_row[i] = above[i] + down * (below[i] - above[i]);
    float* to = into.row(y);
    int offset = window.x - first_x * spacing;
    std::size_t node = 0;
    for (int x = 0; x < window.width; ++node) {
      const float left = at_row[node];
      const float step = (at_row[node + 1] - left) * per_spacing;
      const int end = std::min(x + spacing - offset, window.width);
      for (; x < end; ++x) to[x] = left + step * static_cast<float>(offset++);
      offset = 0;
    }
  }
}

/// What the lattice is too coarse for.
void fill_detail(std::uint32_t seed, float amplitude, const Window& window, PlaneView<float> into) {
  const std::array<Octave, 2> octaves{Octave{9, amplitude, seed}, Octave{4, 0.6F * amplitude, mix_of(seed)}};
  fill_noise(octaves, window, into);
}

float opacity_of(float above_threshold, float per_edge) {
  const float t = std::clamp(above_threshold * per_edge + 0.5F, 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

}  // namespace

CloudWeather draw_weather(std::uint32_t seed, Instant date) {
  using namespace std::chrono;
  // January to December: -1 cloudiest, 1 clearest.
  constexpr std::array<float, 12> season{-0.2F, -0.4F, -0.8F, -1.0F, -0.9F, -0.1F, 0.6F, 1.0F, 1.0F, 0.6F, 0.2F, 0.0F};
  const sys_days day = floor<days>(date);
  const auto month = static_cast<unsigned>(year_month_day{day}.month());
  const float clear = season[month - 1];
  const auto day_number = static_cast<std::int32_t>(day.time_since_epoch().count());
  const auto uniform = [&](std::int32_t which) { return uniform_of(hash_of(seed, which, day_number)); };

  const float nearly_clear = 0.38F + 0.15F * clear;
  const float nearly_overcast = 0.32F - 0.14F * clear;
  CloudWeather weather;
  const float kind = uniform(0);
  const float within = uniform(1);
  if (kind < nearly_clear) {
    weather.kind = CloudKind::clear;
    weather.cover = std::max(0.0F, 0.08F * within - 0.03F);
  } else if (kind < 1 - nearly_overcast) {
    weather.kind = uniform(2) < 0.55F ? CloudKind::cumulus : CloudKind::stratocumulus;
    weather.cover = weather.kind == CloudKind::cumulus ? 0.06F + 0.44F * within : 0.2F + 0.7F * within;
  } else {
    weather.kind = CloudKind::overcast;
    weather.cover = std::min(1.0F, 0.9F + 0.14F * within);
  }
  if (uniform(3) < 0.3F) weather.cirrus_opacity = 0.08F + 0.4F * uniform(4);
  return weather;
}

Clouds::Clouds(const Grid& grid, std::uint32_t seed, const CloudWeather& weather, const ViewAngles& sun)
    : seed_(mix_of(seed)), weather_(weather) {
  const float u = 2 * uniform_of(hash_of(seed_, 0, 0)) - 1;  // winds blow from the west, more or less
  const float length = std::sqrt(1 + u * u);
  wind_x_ = 1 / length;
  wind_y_ = u / length;
  base_m_ = 800 + 1400 * uniform_of(hash_of(seed_, 1, 0));

  constexpr double per_degree = std::numbers::pi / 180;
  const double east = std::sin(sun.azimuth * per_degree);
  const double south = -std::cos(sun.azimuth * per_degree);
  const double reach_px = static_cast<double>(base_m_) * std::tan(sun.zenith * per_degree) / grid.pixel_size_m;
  to_cloud_ = {static_cast<int>(std::lround(reach_px * east)), static_cast<int>(std::lround(reach_px * south))};
  to_sun_ = {static_cast<int>(std::lround(1.6 * east)), static_cast<int>(std::lround(1.6 * south))};

  if (weather_.cover <= 0 || weather_.cover >= 1) return;
  // The noise's distribution: large shapes sampled over the area, each with a value of the small ones.
  constexpr int samples = 128;
  const int across = std::max(grid.width, weather_px);
  const int down = std::max(grid.height, weather_px);
  Plane<float> detail(samples, samples);
  const Look look = look_of(weather_.kind);
  fill_detail(seed_, look.detail, {0, 0, samples, samples}, detail.view());
  const WindFrame wind{wind_x_, wind_y_, look.period_px * look.stretch, look.period_px};
  const auto spacing = static_cast<float>(across) / samples;
  std::vector<float> values(std::size_t{samples} * samples);
  ShapeRow shapes;
  for (int y = 0; y < samples; ++y) {
    const auto px = static_cast<float>((grid.width - across) / 2);
    const auto py = static_cast<float>((grid.height - down) / 2 + static_cast<int>(std::int64_t{down} * y / samples));
    const std::span<float> row(values.data() + std::ptrdiff_t{y} * samples, samples);
    shapes.fill(seed_, wind, look.octaves, px, py, spacing, row);
    for (int x = 0; x < samples; ++x) row[static_cast<std::size_t>(x)] += detail.at(x, y);
  }
  const auto rank = static_cast<std::ptrdiff_t>((1 - weather_.cover) * static_cast<float>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  threshold_ = values[static_cast<std::size_t>(rank)];
}

void Clouds::density(const Window& window, Plane<float>& into, Plane<float>& detail) const {
  into.reshape(window.width, window.height);
  detail.reshape(window.width, window.height);
  const Look look = look_of(weather_.kind);
  const WindFrame wind{wind_x_, wind_y_, look.period_px * look.stretch, look.period_px};
  ShapeRow shapes;
  fill_from_lattice(lattice_px, window, into.view(), [&](float px, float py, std::span<float> to) {
    shapes.fill(seed_, wind, look.octaves, px, py, static_cast<float>(lattice_px), to);
  });
  fill_detail(seed_, look.detail, window, detail.view());
  const float threshold = weather_.cover >= 1 ? -2.0F : threshold_;
  for (int y = 0; y < window.height; ++y) {
    const float* from = detail.row(y);
    float* row = into.row(y);
    for (int x = 0; x < window.width; ++x) row[x] += from[x] - threshold;
  }
}

void Clouds::fill_clouds(const Window& window, CloudPixels& into) const {
  const Look look = look_of(weather_.kind);
  const float per_edge = 1 / look.edge;
  constexpr int border = 2;
  const Window grown = window.grown(border);
  Plane<float>& thickness = into.workspace[0];
  density(grown, thickness, into.workspace[1]);
  for (int y = 0; y < window.height; ++y) {
    const float* here = thickness.row(y + border) + border;
    const float* sunward = thickness.row(y + border + to_sun_.y) + border + to_sun_.x;
    const float* leeward = thickness.row(y + border - to_sun_.y) + border - to_sun_.x;
    float* opacity = into.opacity.row(y);
    float* brightness = into.brightness.row(y);
    for (int x = 0; x < window.width; ++x) {
      opacity[x] = opacity_of(here[x], per_edge);
      const float top = std::clamp(here[x] / look.thick, 0.0F, 1.0F);
      // Where clouds thin out towards the sun their flank is lit.
      const float flank = 0.35F * (leeward[x] - sunward[x]);
      brightness[x] = std::clamp(0.74F + 0.22F * top + flank, 0.5F, 1.0F);
    }
  }
}

void Clouds::fill_shadow(const Window& window, CloudPixels& into) const {
  // The sun's disc of half a degree and the light that edges scatter soften a shadow by a pixel for each 600 m.
  const int blur = 1 + static_cast<int>(base_m_ / 600);
  const Window seen = Window{window.x + to_cloud_.x, window.y + to_cloud_.y, window.width, window.height}.grown(blur);
  Plane<float>& opacity = into.workspace[0];
  density(seen, opacity, into.workspace[1]);
  const float per_edge = 1 / look_of(weather_.kind).edge;
  for (int y = 0; y < seen.height; ++y) {
    float* row = opacity.row(y);
    for (int x = 0; x < seen.width; ++x) row[x] = opacity_of(row[x], per_edge);
  }
  std::vector<float> columns(static_cast<std::size_t>(seen.width));
  const int size = 2 * blur + 1;
  const float per_area = 1 / static_cast<float>(size * size);
  for (int y = 0; y < window.height; ++y) {
    std::fill(columns.begin(), columns.end(), 0.0F);
    for (int dy = 0; dy < size; ++dy) {
      const float* row = opacity.row(y + dy);
      for (std::size_t x = 0; x < columns.size(); ++x) columns[x] += row[x];
    }
    float* to = into.shadow.row(y);
    std::fill_n(to, window.width, 0.0F);
    for (int dx = 0; dx < size; ++dx) {
      const float* from = columns.data() + dx;
      for (int x = 0; x < window.width; ++x) to[x] += from[x] * per_area;
    }
  }
}

void Clouds::fill_cirrus(const Window& window, PlaneView<float> into) const {
  const std::uint32_t seed = mix_of(seed_ ^ 0xc1552a5eU);
  // Jet streams shear cirrus: streaks twenty times as long as wide, in patches.
  const WindFrame streaks{wind_x_, wind_y_, 900, 45};
  const WindFrame patches{wind_x_, wind_y_, 1800, 900};
  const float densest = weather_.cirrus_opacity;
  fill_from_lattice(cirrus_lattice_px, window, into, [&](float px, float py, std::span<float> to) {
    for (float& value : to) {
      const float patch = value_at(seed + 1, patches.along(px, py), patches.across(px, py));
      const float bend = value_at(seed + 2, patches.along(px, py) * 3, patches.across(px, py) * 3);
      const float streak =
          value_at(seed + 3, streaks.along(px, py), streaks.across(px, py) + 3 * bend) +
          0.6F * value_at(seed + 4, streaks.along(px, py) * 2, streaks.across(px, py) * 2.3F + 5 * bend);
      const float amount = std::clamp(0.4F + 0.9F * patch + 0.35F * streak, 0.0F, 1.0F);
      value = densest * amount * amount * (3 - 2 * amount);
      px += static_cast<float>(cirrus_lattice_px);
    }
  });
}

void Clouds::window(const Window& window, CloudPixels& into) const {
  for (Plane<float>* plane : {&into.opacity, &into.brightness, &into.cirrus, &into.shadow}) {
    plane->reshape(std::max(0, window.width), std::max(0, window.height));
  }
  if (window.empty()) return;
  const auto fill = [&](Plane<float>& plane, float value) {
    for (int y = 0; y < window.height; ++y) std::fill_n(plane.row(y), window.width, value);
  };
  if (weather_.cover > 0) {
    fill_clouds(window, into);
    fill_shadow(window, into);
  } else {
    fill(into.opacity, 0);
    fill(into.brightness, 1);
    fill(into.shadow, 0);
  }
  if (weather_.cirrus_opacity > 0)
    fill_cirrus(window, into.cirrus.view());
  else
    fill(into.cirrus, 0);
}

}  // namespace pitwatch
