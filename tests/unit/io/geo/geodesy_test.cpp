// Places to map points and back, and distances.

#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

TEST(ToWgs84, ThereAndBack) {
  ToWgs84 to_wgs84("EPSG:32638");
  for (const LonLat place : {LonLat{46.61, 40.15}, LonLat{45, 0}, LonLat{43, -33}}) {
    const LonLat again = to_wgs84(to_wgs84.to_map(place));
    EXPECT_NEAR(again.lon, place.lon, 1e-9);
    EXPECT_NEAR(again.lat, place.lat, 1e-9);
  }
  EXPECT_NEAR(to_wgs84.to_map({45, 0}).x, 500000, 1e-3);  // the zone's middle meridian
}

TEST(GeodesicDistance, OneDegree) {
  EXPECT_NEAR(geodesic_distance_m({0, 0}, {1, 0}), 111319.491, 1e-3);     // of the equator: a pi / 180
  EXPECT_NEAR(geodesic_distance_m({0, 0}, {0, 90}), 10001965.729, 1e-3);  // a quarter of a meridian
  EXPECT_EQ(geodesic_distance_m({46.6, 40.1}, {46.6, 40.1}), 0);
}

}  // namespace
}  // namespace pitwatch
