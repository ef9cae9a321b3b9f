// Places to map points and back, and distances.

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

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

TEST(ToWgs84, ThoseThatLiveAtOnceDoNotDisturbEachOther) {
  const std::vector<std::string> zones{"EPSG:32637", "EPSG:32638", "EPSG:32638", "EPSG:32739"};
  std::vector<LonLat> expected;
  for (const std::string& zone : zones) expected.push_back(ToWgs84(zone)({400000, 4440000}));
  EXPECT_NEAR(expected[1].lon - expected[0].lon, 6, 1e-9);
  std::vector<std::thread> threads;
  std::vector<int> wrong(8);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 200; ++i) {
        const std::size_t n = (t + i) % zones.size();
        ToWgs84 one(zones[n]);
        ToWgs84 other(zones[(n + 1) % zones.size()]);
        if (one({400000, 4440000}) != expected[n]) ++wrong[t];
        if (other({400000, 4440000}) != expected[(n + 1) % zones.size()]) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(8));
  EXPECT_THROW(ToWgs84("EPSG:999999"), DataError);
  EXPECT_THROW(ToWgs84("EPSG:999999"), DataError);
}

TEST(GeodesicDistance, OneDegree) {
  EXPECT_NEAR(geodesic_distance_m({0, 0}, {1, 0}), 111319.491, 1e-3);     // of the equator: a pi / 180
  EXPECT_NEAR(geodesic_distance_m({0, 0}, {0, 90}), 10001965.729, 1e-3);  // a quarter of a meridian
  EXPECT_EQ(geodesic_distance_m({46.6, 40.1}, {46.6, 40.1}), 0);
}

}  // namespace
}  // namespace pitwatch
