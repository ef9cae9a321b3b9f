#include "pipeline/simulate/acquisitions.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Sentinel-2's ground track repeats after 143 orbits in 10 days, and the next track to the west has a number 43 higher.
constexpr int orbits_per_cycle = 143;
constexpr int next_track_west = 43;
constexpr double degrees_between_tracks = 360.0 / orbits_per_cycle;
// Track 120 crosses 40 degrees north at about 64 degrees east (from a product of tile T38KQA and the track's slope).
constexpr double longitude_of_track_120 = 64.0;
// At 40 degrees north it is about 10:50 by the sun when the satellite passes.
constexpr double local_solar_minutes = 650;

struct Baseline {
  const char* first_day;
  const char* name;
};
constexpr std::array<Baseline, 11> baselines{{{"2015-06-23", "02.04"},
                                              {"2018-10-08", "02.10"},
                                              {"2019-01-11", "02.11"},
                                              {"2019-07-08", "02.13"},
                                              {"2020-02-04", "02.14"},
                                              {"2021-03-30", "03.00"},
                                              {"2021-06-30", "03.01"},
                                              {"2022-01-25", "04.00"},
                                              {"2022-12-06", "05.09"},
                                              {"2023-12-13", "05.10"},
                                              {"2024-07-23", "05.11"}}};

/// Numbers of one date, one after the other.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : seed_(seed) {}
  float uniform() { return uniform_of(hash_of(seed_, count_++, 0)); }
  /// Mean 0, standard deviation 1, within +-3.46.
  float normal() {
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += uniform();
    return (sum - 2) * 1.7320508F;
  }

 private:
  std::uint32_t seed_;
  int count_ = 0;
};

int relative_orbit_at(double longitude, int tracks_west) {
  const int steps =
      static_cast<int>(std::lround((longitude_of_track_120 - longitude) / degrees_between_tracks)) + tracks_west;
  const int orbit = (119 + next_track_west * steps) % orbits_per_cycle;
  return (orbit + orbits_per_cycle) % orbits_per_cycle + 1;
}

/// The orbit of a track near a day. Known: S2A's orbit 34723 (track 120) was on 14 February 2022, S2B's 26649 (track
/// 25) on 13 April 2022; track = (orbit - 140) mod 143 for S2A, (orbit - 26) mod 143 for S2B.
int absolute_orbit_on(char spacecraft, Instant day, int relative_orbit) {
  const bool is_a = spacecraft == 'A';
  const Instant known = parse_instant(is_a ? "2022-02-14" : "2022-04-13");
  const double days_since = std::chrono::duration<double, std::ratio<86400>>(day - known).count();
  const int about = (is_a ? 34723 : 26649) + static_cast<int>(std::lround(days_since * 14.3));
  const int lag =
      ((about - (is_a ? 140 : 26) - relative_orbit) % orbits_per_cycle + orbits_per_cycle) % orbits_per_cycle;
  return std::max(1, about - lag + (lag > orbits_per_cycle / 2 ? orbits_per_cycle : 0));
}

/// What is left of the atmosphere after its correction: errors that bands share, smaller ones of their own, and haze.
void draw_atmosphere(Dice& dice, Acquisition& acquisition) {
  const float common = 0.018F * dice.normal();
  const float tilt = 0.012F * dice.normal();  // from blue to short-wave infrared
  const float dark = 0.0035F * dice.normal();
  for (std::size_t i = 0; i < surface_band_count; ++i) {
    const float along = static_cast<float>(i) / static_cast<float>(surface_band_count - 1) - 0.5F;
    acquisition.gain[i] = 1 + common + tilt * along + 0.006F * dice.normal();
    acquisition.offset[i] = dark * (1 - 0.9F * (along + 0.5F)) + 0.0006F * dice.normal();
  }
  const float u = dice.uniform();
  acquisition.haze = 0.035F * u * u * u;
}

}  // namespace

std::string baseline_on(Instant day) {
  const auto after = std::find_if(baselines.begin(), baselines.end(),
                                  [&](const Baseline& next) { return parse_instant(next.first_day) > day; });
  return after == baselines.begin() ? baselines.front().name : std::prev(after)->name;
}

int boa_add_offset_of(const std::string& baseline) { return baseline >= "04.00" ? -1000 : 0; }

std::vector<Acquisition> schedule(const ScheduleOptions& options) {
  std::vector<Acquisition> acquisitions;
  const auto first_day = std::chrono::floor<days>(options.from);
  const auto last_day = std::chrono::floor<days>(options.until);
  const auto size = static_cast<float>(options.grid_size_px);
  int count = 0;
  for (auto day = first_day; day <= last_day; day += days(options.revisit_days), ++count) {
    const auto number = static_cast<std::int32_t>(day.time_since_epoch().count());
    Acquisition acquisition;
    acquisition.seed = hash_of(options.seed ^ 0xacc01001U, number, 0);
    Dice dice(acquisition.seed);
    acquisition.spacecraft = number / options.revisit_days % 2 == 0 ? 'A' : 'B';
    // The neighbouring track sees the place at the edge of its swath.
    const bool edge_of_swath = dice.uniform() < options.swath_edge_share && !options.clear_sky;
    acquisition.relative_orbit = relative_orbit_at(options.longitude, edge_of_swath ? -1 : 0);
    acquisition.absolute_orbit = absolute_orbit_on(acquisition.spacecraft, day, acquisition.relative_orbit);
    const auto utc_minutes = static_cast<int>(std::lround(local_solar_minutes - 4 * options.longitude));
    acquisition.sensed = day + minutes(utc_minutes) + seconds(static_cast<int>(dice.uniform() * 60)) + milliseconds(24);
    acquisition.processed = acquisition.sensed + minutes(150 + static_cast<int>(dice.uniform() * 90));
    acquisition.baseline = baseline_on(day);
    acquisition.boa_add_offset = boa_add_offset_of(acquisition.baseline);
    acquisition.view = edge_of_swath ? ViewAngles{10.6, 104.0} : ViewAngles{5.2, 286.0};
    acquisition.weather = draw_weather(options.seed, day);
    if (options.clear_sky) acquisition.weather = {};
    // Refined geometry came with baseline 03.00.
    const float jitter_px = acquisition.baseline >= "03.00" ? 0.16F : 0.32F;
    acquisition.shift_x_px = jitter_px * dice.normal();
    acquisition.shift_y_px = jitter_px * dice.normal();
    draw_atmosphere(dice, acquisition);
    if (edge_of_swath) {
      // Tracks descend towards the south-west: a swath ends along a line 13 degrees from north.
      acquisition.edges.push_back({0.974F, 0.225F, size * (0.35F + 0.6F * dice.uniform())});
    }
    const float event = options.clear_sky ? 0.5F : dice.uniform();
    if (!edge_of_swath && event < options.split_share) {
      // Two datastrips, cut across the track, that overlap a little.
      const float cut = size * (0.25F + 0.5F * dice.uniform());
      Acquisition north = acquisition;
      north.edges.push_back({-0.225F, 0.974F, cut + 0.04F * size});
      acquisitions.push_back(north);
      acquisition.edges.push_back({0.225F, -0.974F, -(cut - 0.04F * size)});
      acquisition.processed += minutes(11);
      acquisition.sequence = 1;
      acquisitions.push_back(acquisition);
      continue;
    }
    acquisitions.push_back(acquisition);
    if (event > 1 - options.reprocessed_share) {
      // The archive's second edition, with the offset whatever the sensing date.
      acquisition.baseline = acquisition.baseline >= "05.00" ? acquisition.baseline : "05.00";
      acquisition.boa_add_offset = boa_add_offset_of(acquisition.baseline);
      acquisition.processed += days(400) + minutes(37);
      acquisition.sequence = 1;
      acquisitions.push_back(acquisition);
    }
  }
  return acquisitions;
}

}  // namespace pitwatch
