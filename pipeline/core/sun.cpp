#include "pipeline/core/sun.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

namespace pitwatch {
namespace {

constexpr double per_degree = std::numbers::pi / 180;

double sin_deg(double degrees) { return std::sin(degrees * per_degree); }
double cos_deg(double degrees) { return std::cos(degrees * per_degree); }

double positive_degrees(double degrees) {
  const double rest = std::fmod(degrees, 360.0);
  return rest < 0 ? rest + 360 : rest;
}

}  // namespace

ViewAngles sun_position(Instant utc, double longitude, double latitude) {
  using namespace std::chrono;
  const Instant j2000 = sys_days{year{2000} / 1 / 1} + 12h;
  const double days = duration<double, std::ratio<86400>>(utc - j2000).count();
  const double century = days / 36525;

  const double mean_longitude = positive_degrees(280.46646 + century * (36000.76983 + century * 0.0003032));
  const double anomaly = positive_degrees(357.52911 + century * (35999.05029 - century * 0.0001537));
  const double eccentricity = 0.016708634 - century * (0.000042037 + century * 0.0000001267);
  const double centre = sin_deg(anomaly) * (1.914602 - century * (0.004817 + century * 0.000014)) +
                        sin_deg(2 * anomaly) * (0.019993 - century * 0.000101) + sin_deg(3 * anomaly) * 0.000289;
  const double node = 125.04 - 1934.136 * century;
  const double apparent_longitude = mean_longitude + centre - 0.00569 - 0.00478 * sin_deg(node);
  const double obliquity = 23.4392911 - century * 0.0130042 + 0.00256 * cos_deg(node);
  const double sin_declination = sin_deg(obliquity) * sin_deg(apparent_longitude);
  const double declination = std::asin(sin_declination) / per_degree;

  const double half = std::tan(obliquity / 2 * per_degree);
  const double y = half * half;
  const double equation_of_time_deg =
      (y * sin_deg(2 * mean_longitude) - 2 * eccentricity * sin_deg(anomaly) +
       4 * eccentricity * y * sin_deg(anomaly) * cos_deg(2 * mean_longitude) - y * y / 2 * sin_deg(4 * mean_longitude) -
       1.25 * eccentricity * eccentricity * sin_deg(2 * anomaly)) /
      per_degree;

  const Instant midnight = floor<std::chrono::days>(utc);
  const double hours = duration<double, std::ratio<3600>>(utc - midnight).count();
  const double hour_angle = hours * 15 - 180 + longitude + equation_of_time_deg;

  const double cos_zenith =
      sin_deg(latitude) * sin_declination + cos_deg(latitude) * cos_deg(declination) * cos_deg(hour_angle);
  const double east = -cos_deg(declination) * sin_deg(hour_angle);
  const double north =
      cos_deg(latitude) * sin_declination - sin_deg(latitude) * cos_deg(declination) * cos_deg(hour_angle);
  return {std::acos(std::clamp(cos_zenith, -1.0, 1.0)) / per_degree,
          positive_degrees(std::atan2(east, north) / per_degree)};
}

}  // namespace pitwatch
