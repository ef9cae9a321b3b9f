#pragma once
// What happens to the ground during a series: disturbances to be found, natural ones, and decoys.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/core/truth.hpp"
#include "pipeline/simulate/ground.hpp"
#include "pipeline/simulate/spectra.hpp"

namespace pitwatch {

/// How the disturbed area grows from onset to completion.
enum class Growth : std::uint8_t { sudden, steady, fast_then_slow, slow_then_fast, in_steps };

/// Outlines are drawn finer than pixels: the edge of a pit cuts through them.
inline constexpr int subpixels = 4;

struct Event {
  TruthType type = TruthType::pit_in_forest;
  std::uint32_t seed = 0;
  Window window;  // pixels of the grid
  /// Subpixels of the window, `subpixels` as wide and high: 0 outside the footprint, else how early the place is
  /// reached, from 1 (first) to 255 (last), in proportion to the area.
  Plane<std::uint8_t> reached;
  Growth growth = Growth::steady;
  Instant onset{};
  Instant complete{};
  std::optional<Instant> end;
  float depth_m = 0;  // of the excavation where it is deepest; negative for what is heaped up
};

/// The share of the final area that is reached, 0..1.
float grown(const Event& event, Instant when);

/// The share of each pixel of the event's window that the event has reached, 0..1.
void share_reached(const Event& event, Instant when, PlaneView<float> share);

/// Whether the ground counts as disturbed by the event on a day: from onset on, and before its end.
bool is_open(const Event& event, Instant when);

struct EventOptions {
  std::uint32_t seed = 1;
  Instant first_onset{};  // onsets lie between these
  Instant last_onset{};
  int disturbances = 14;
  int waterside = 4;  // ponds, and workings along a river: disturbances, too
  int natural = 1;
  int decoys = 12;
  int backfilled = 0;  // pits in rock and ponds that are filled again: disturbances, too
};

/// Draws events on the ground of a window: each where it can be (a pit in forest in forest, a flood by the river), none
/// over another, buildings where `inside_site` is 0, all other disturbances where it is not. Fewer come out where there
/// is no room. Those of `waterside` are drawn after all others and `backfilled` ones after these, which are the same
/// whatever the number of those that follow. `clear_days`
/// are the dates of nearly cloudless acquisitions, for remnants of cloud.
std::vector<Event> draw_events(const EventOptions& options, const GroundPixels& ground,
                               PlaneView<const std::uint8_t> inside_site, std::span<const Instant> clear_days);

/// Adds what excavations and heaps have changed in the ground's height by a day to `elevation_m` of a window.
void add_relief(std::span<const Event> events, Instant when, const Window& window, PlaneView<float> elevation_m);

/// Reflectance planes of a window, one for each band that is wanted; views of others are empty (data == nullptr).
using BandPlanes = std::array<PlaneView<float>, surface_band_count>;

/// Changes the reflectance of a window's ground to what the events have made of it by a day.
void apply_events(std::span<const Event> events, Instant when, const SurfaceSpectra& spectra, const Window& window,
                  const BandPlanes& reflectance);

/// Remnants of cloud of a day, which the mask does not know: opacity is raised to theirs.
void add_cloud_remnants(std::span<const Event> events, Instant when, const Window& window, PlaneView<float> opacity);

}  // namespace pitwatch
