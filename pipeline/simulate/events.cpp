#include "pipeline/simulate/events.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "pipeline/simulate/noise.hpp"

// What is seen of events on a day.

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr int subpixels_per_pixel = subpixels * subpixels;

double days_between(Instant from, Instant to) {
  return std::chrono::duration<double, std::ratio<86400>>(to - from).count();
}

/// How much of a pit is filled again, 0..1.
float filled(const Event& event, Instant when) {
  constexpr float filling_days = 40;
  if (event.type != TruthType::pit_backfilled || !event.end) return 0;
  return ramp(0, filling_days, static_cast<float>(days_between(*event.end, when)));
}

/// What an event has made of a place: another surface, and how much of the former one shows again.
struct State {
  Surface surface = Surface::pit;
  float share = 1;     // of the event's surface; the rest is the ground as it was
  float regrowth = 0;  // share of grass on the event's surface
};

State pond_state(const Event& event, float since_end) {
  constexpr float draining_days = 15;
  if (since_end >= draining_days) return {Surface::dump, 1, 0};
  if (since_end >= 0) return {Surface::mud, 1, 0};
  constexpr std::array waters{Surface::reservoir, Surface::tailings_water, Surface::muddy_water};
  return {waters[event.seed % waters.size()], 0.97F, 0};
}

State state_of(const Event& event, Instant when, std::uint8_t reached) {
  const auto since_end = event.end ? static_cast<float>(days_between(*event.end, when)) : -1.0F;
  const auto since_onset = static_cast<float>(days_between(event.onset, when));
  const float planted = 0.85F * ramp(20, 700, since_end);
  switch (event.type) {
    case TruthType::waste_dump:
      return {Surface::dump, 1, planted};
    case TruthType::tailings_pond:
      // The dam is outside; the pool stands where the filling began.
      return {reached < 120 ? Surface::tailings_water : Surface::tailings_beach, 1, 0};
    case TruthType::access_road:
      return {Surface::road, 1, 0};
    case TruthType::pit_backfilled:
      return {Surface::pit, 1 - filled(event, when), 0};  // levelled with the rock that was taken out
    case TruthType::pond:
    case TruthType::pond_backfilled:
      return pond_state(event, since_end);
    case TruthType::alluvial_working:
      // Cut after cut: a pool where gravel was taken, heaps of washed gravel beside it.
      return {reached / 25 % 5 < 2 ? Surface::muddy_water : Surface::washed_gravel, 1, 0};
    case TruthType::landslide:
      return {Surface::scree, 1, 0.3F * ramp(100, 900, since_onset)};
    case TruthType::harvest:
      return {Surface::stubble, 1 - ramp(0, 35, since_end), 0};
    case TruthType::ploughing:
      return {Surface::ploughed, 1 - ramp(0, 30, since_end), 0};
    case TruthType::fire:
      return {Surface::burnt, 1 - 0.9F * ramp(10, 330, since_end), 0.5F * ramp(-40, 200, since_end)};
    case TruthType::flood:
      return since_end < 0 ? State{Surface::muddy_water, 0.95F, 0} : State{Surface::mud, 1 - ramp(3, 45, since_end), 0};
    case TruthType::reservoir_drawdown:
      return {Surface::reservoir_bed, since_end < 0 ? 1.0F : 1 - ramp(0, 25, since_end), 0};
    case TruthType::snow_patch:
      return {Surface::snow, since_end < 0 ? 0.9F : 0.0F, 0};
    case TruthType::building_site:
      return {grown(event, when) < 0.75F ? Surface::ploughed : Surface::building, 0.9F, 0};
    default:
      return {Surface::pit, 1, planted};
  }
}

bool is_seen(const Event& event, Instant when) { return when >= event.onset && event.type != TruthType::cloud_remnant; }

}  // namespace

float grown(const Event& event, Instant when) {
  if (when < event.onset) return 0;
  if (when >= event.complete) return 1;
  // The first day has a trace already.
  const auto t =
      static_cast<float>((days_between(event.onset, when) + 1) / (days_between(event.onset, event.complete) + 1));
  switch (event.growth) {
    case Growth::sudden:
      return 1;
    case Growth::steady:
      return t;
    case Growth::fast_then_slow:
      return std::sqrt(t);
    case Growth::slow_then_fast:
      return t * t;
    case Growth::in_steps:
      return (std::floor(t * 4) + 1) / 5;
  }
  return t;
}

void share_reached(const Event& event, Instant when, PlaneView<float> share) {
  const float progress = grown(event, when);
  const int limit = progress >= 1 ? 255 : static_cast<int>(progress * 255);
  for (int y = 0; y < event.window.height; ++y) {
    for (int x = 0; x < event.window.width; ++x) {
      int count = 0;
      for (int k = 0; k < subpixels; ++k) {
        const std::uint8_t* row = event.reached.row(y * subpixels + k) + x * subpixels;
        for (int j = 0; j < subpixels; ++j) count += row[j] != 0 && row[j] <= limit ? 1 : 0;
      }
      share.at(x, y) = static_cast<float>(count) / subpixels_per_pixel;
    }
  }
}

bool is_open(const Event& event, Instant when) { return when >= event.onset && (!event.end || when < *event.end); }

void add_relief(std::span<const Event> events, Instant when, const Window& window, PlaneView<float> elevation_m) {
  constexpr int benches = 5;
  for (const Event& event : events) {
    const Window seen = intersection(event.window, window);
    if (event.depth_m == 0 || !is_seen(event, when) || seen.empty()) continue;
    const float progress = grown(event, when);
    const float depth_m = event.depth_m * (1 - filled(event, when));
    for (int y = seen.y; y < seen.bottom(); ++y) {
      for (int x = seen.x; x < seen.right(); ++x) {
        float depth = 0;
        for (int v = 0; v < subpixels; ++v) {
          const std::uint8_t* row =
              event.reached.row((y - event.window.y) * subpixels + v) + (x - event.window.x) * subpixels;
          for (int u = 0; u < subpixels; ++u) {
            const float reached = static_cast<float>(row[u]) / 255;
            if (row[u] == 0 || reached > progress) continue;
            // Deepest where it was begun, in benches with slopes between them.
            const float level = (progress - reached) * benches;
            const float bench = std::floor(level);
            depth += (bench + ramp(0.55F, 1, level - bench)) / benches;
          }
        }
        elevation_m.at(x - window.x, y - window.y) -= depth_m * depth / subpixels_per_pixel;
      }
    }
  }
}

void apply_events(std::span<const Event> events, Instant when, const SurfaceSpectra& spectra, const Window& window,
                  const BandPlanes& reflectance) {
  Plane<float> share;
  Plane<float> texture;
  for (const Event& event : events) {
    const Window seen = intersection(event.window, window);
    if (!is_seen(event, when) || seen.empty()) continue;
    share.reshape(event.window.width, event.window.height);
    share_reached(event, when, share.view());
    texture.reshape(seen.width, seen.height);
    fill_noise(fractal(event.seed, 19, 4, 1, 0.7F), seen, texture.view());
    for (int y = seen.y; y < seen.bottom(); ++y) {
      for (int x = seen.x; x < seen.right(); ++x) {
        const float covered = share.at(x - event.window.x, y - event.window.y);
        if (covered == 0) continue;
        const State state = state_of(event, when,
                                     event.reached.at((x - event.window.x) * subpixels + subpixels / 2,
                                                      (y - event.window.y) * subpixels + subpixels / 2));
        const float grain = texture.at(x - seen.x, y - seen.y);
        const int vigour = std::clamp(static_cast<int>((0.5F + 0.45F * grain) * vigour_steps), 0, vigour_steps - 1);
        const Reflectances& surface = spectra.of(state.surface, 4, vigour);
        const Reflectances& grass = spectra.of(Surface::grass, 4, vigour);
        const float amount = covered * state.share;
        for (std::size_t band = 0; band < surface_band_count; ++band) {
          if (reflectance[band].data == nullptr) continue;
          float& pixel = reflectance[band].at(x - window.x, y - window.y);
          const float now = (surface[band] + (grass[band] - surface[band]) * state.regrowth) * (1 + 0.12F * grain);
          pixel += (now - pixel) * amount;
        }
      }
    }
  }
}

void add_cloud_remnants(std::span<const Event> events, Instant when, const Window& window, PlaneView<float> opacity) {
  for (const Event& event : events) {
    const Window seen = intersection(event.window, window);
    const bool same_day = std::chrono::floor<days>(when) == std::chrono::floor<days>(event.onset);
    if (event.type != TruthType::cloud_remnant || !same_day || seen.empty()) continue;
    for (int y = seen.y; y < seen.bottom(); ++y) {
      for (int x = seen.x; x < seen.right(); ++x) {
        const std::uint8_t reached = event.reached.at((x - event.window.x) * subpixels + subpixels / 2,
                                                      (y - event.window.y) * subpixels + subpixels / 2);
        if (reached == 0) continue;
        float& pixel = opacity.at(x - window.x, y - window.y);
        pixel = std::max(pixel, 0.45F * (1 - static_cast<float>(reached) / 300));
      }
    }
  }
}

}  // namespace pitwatch
