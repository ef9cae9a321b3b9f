#include "pipeline/simulate/season.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

constexpr std::uint32_t year_stream = 0x5ea50001U;
constexpr std::uint32_t weather_stream = 0x5ea50002U;

/// -1..1, a fresh one for each year and question.
float yearly(std::uint32_t seed, int year, int question) {
  return 2 * uniform_of(hash_of(seed ^ year_stream, year, question)) - 1;
}

/// -1..1, smooth over about `days`.
float weather(std::uint32_t seed, int question, double day_number, int days) {
  const double position = day_number / days;
  const auto cell = static_cast<std::int32_t>(std::floor(position));
  const auto value = [&](std::int32_t k) { return 2 * uniform_of(hash_of(seed ^ weather_stream, k, question)) - 1; };
  const float t = ramp(0, 1, static_cast<float>(position - cell));
  return value(cell) + (value(cell + 1) - value(cell)) * t;
}

/// A curve through values at the middle of each month, linear between them.
float monthly(const std::array<float, 12>& values, float day) {
  const float position = std::fmod((day - 15.5F) / 30.44F + 12.0F, 12.0F);
  const auto k = static_cast<std::size_t>(position);
  const float t = position - static_cast<float>(k);
  return values[k % 12] + (values[(k + 1) % 12] - values[k % 12]) * t;
}

// The snow line of the Lesser Caucasus, metres above sea level: in January it lies in the valleys, in July above all.
constexpr std::array<float, 12> snow_line_m{800, 850, 1250, 1800, 2600, 3400, 3900, 3900, 3300, 2400, 1600, 1050};
// A reservoir for irrigation: full in May, lowest in October.
constexpr std::array<float, 12> drawdown_m{4, 3.5F, 2.5F, 1.5F, 0.5F, 0.5F, 1.5F, 3, 4.5F, 5, 5, 4.5F};

}  // namespace

float smooth_step_up(float x) { return 0.5F + 0.5F * x / std::sqrt(1 + x * x); }

float ramp(float from, float to, float x) {
  const float t = std::clamp((x - from) / (to - from), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

Season season_of(std::uint32_t seed, Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const auto first = std::chrono::sys_days{date.year() / std::chrono::January / 1};
  Season season;
  season.year = static_cast<int>(date.year());
  season.day = static_cast<float>((day - first).count() + 1);
  season.spring_shift_days = 11 * yearly(seed, season.year, 0);
  season.drought = yearly(seed, season.year, 1);
  const auto number = static_cast<double>(day.time_since_epoch().count());
  // Rain comes and goes within days; summers are dry.
  const float humid = 0.5F + 0.35F * weather(seed, 0, number, 6) + 0.25F * weather(seed, 1, number, 23);
  const float summer = ramp(120, 200, season.day) * (1 - ramp(250, 310, season.day));
  season.wetness = std::clamp(humid - summer * (0.35F + 0.15F * season.drought), 0.0F, 1.0F);
  season.snow_line_m =
      monthly(snow_line_m, season.day) + 450 * weather(seed, 2, number, 14) + 200 * yearly(seed, season.year, 2);
  season.drawdown_m = std::max(
      0.0F, monthly(drawdown_m, season.day) * (1 + 0.35F * season.drought) + 0.6F * weather(seed, 3, number, 40));
  return season;
}

}  // namespace pitwatch
