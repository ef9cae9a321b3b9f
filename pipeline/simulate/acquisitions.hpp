#pragma once
// When and how the satellites acquisition: dates, orbits, processing baselines, weather, and what the instrument does.

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/granule.hpp"
#include "pipeline/simulate/clouds.hpp"
#include "pipeline/simulate/spectra.hpp"

namespace pitwatch {

/// The line where a swath or a datastrip ends: pixels with x * dx + y * dy > limit (of the grid's pixels) have no data.
struct DataEdge {
  float dx = 0;
  float dy = 0;
  float limit = 0;
};

/// One product of a series.
struct Acquisition {
  std::uint32_t seed = 0;  // of everything that is peculiar to the date; products of one datatake share it
  Instant sensed{};
  Instant processed{};
  char spacecraft = 'A';
  int relative_orbit = 1;
  int absolute_orbit = 1;
  int sequence = 0;  // among the products of the datatake
  std::string baseline;
  int boa_add_offset = 0;
  ViewAngles view;
  CloudWeather weather;
  std::vector<DataEdge> edges;
  float shift_x_px = 0;  // where the image lies against the truth, in 10 m pixels
  float shift_y_px = 0;
  /// What atmospheric correction leaves over: measured = gain * reflectance + offset + haze * haze spectrum.
  Reflectances gain{};
  Reflectances offset{};
  float haze = 0;
  float plume = 0;  // how turbid rivers and the reservoir are beyond the season, 0..1
  float plume_below_m = std::numeric_limits<float>::infinity();  // where their ground lies lower, above sea level
};

struct ScheduleOptions {
  std::uint32_t seed = 1;
  Instant from{};
  Instant until{};  // the last day, included
  int revisit_days = 5;
  double longitude = 0;
  double grid_size_px = 300;
  /// Shares of dates with a partial swath, a split into two datastrips, and a second product by reprocessing.
  double swath_edge_share = 0.04;
  double split_share = 0.03;
  double reprocessed_share = 0.04;
  bool clear_sky = false;  // no clouds, and every product whole
};

/// All products of the period, in order of sensing and then of processing.
std::vector<Acquisition> schedule(const ScheduleOptions& options);

/// Processing baseline in force on a day, and the BOA_ADD_OFFSET that came with 04.00 on 25 January 2022.
std::string baseline_on(Instant day);
int boa_add_offset_of(const std::string& baseline);

}  // namespace pitwatch
