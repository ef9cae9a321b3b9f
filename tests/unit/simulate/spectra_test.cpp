#include "pipeline/simulate/spectra.hpp"

#include <gtest/gtest.h>

namespace pitwatch {
namespace {

constexpr std::size_t green = 2;
constexpr std::size_t red = 3;
constexpr std::size_t nir = 7;
constexpr std::size_t swir = 10;

Season on(const char* day) { return season_of(11, parse_instant(day)); }

float ndvi(const Reflectances& r) { return (r[nir] - r[red]) / (r[nir] + r[red]); }

float ndvi_of(Surface surface, const char* day) {
  return ndvi(SurfaceSpectra(on(day)).of(surface, 2, vigour_steps / 2));
}

TEST(Season, SnowLineComesDownInWinter) {
  float january = 0;
  float july = 0;
  for (int year = 2015; year < 2025; ++year) {
    january += on((std::to_string(year) + "-01-15").c_str()).snow_line_m / 10;
    july += on((std::to_string(year) + "-07-15").c_str()).snow_line_m / 10;
  }
  EXPECT_LT(january, 1100);
  EXPECT_GT(july, 3300);
}

TEST(Season, YearsDiffer) {
  EXPECT_NE(on("2021-05-01").spring_shift_days, on("2022-05-01").spring_shift_days);
  EXPECT_EQ(on("2021-05-01").spring_shift_days, on("2021-09-01").spring_shift_days);
}

TEST(Spectra, PlantsFollowTheSeason) {
  EXPECT_GT(ndvi_of(Surface::forest, "2021-07-01"), 0.75F);
  EXPECT_LT(ndvi_of(Surface::forest, "2021-01-15"), 0.45F);
  EXPECT_GT(ndvi_of(Surface::grass, "2021-05-15"), ndvi_of(Surface::grass, "2021-09-01") + 0.15F);
  EXPECT_GT(ndvi_of(Surface::crop_winter, "2021-05-20"), 0.7F);
  EXPECT_LT(ndvi_of(Surface::crop_winter, "2021-08-10"), 0.3F);
  EXPECT_GT(ndvi_of(Surface::crop_summer, "2021-07-25"), 0.6F);
  EXPECT_LT(ndvi_of(Surface::crop_summer, "2021-04-15"), 0.3F);
}

TEST(Spectra, SpringClimbs) {
  const SurfaceSpectra spring(on("2021-04-22"));
  EXPECT_GT(ndvi(spring.of(Surface::forest, 0, 16)), ndvi(spring.of(Surface::forest, phase_steps - 1, 16)) + 0.1F);
}

TEST(Spectra, BareGroundHasNoPlants) {
  for (const Surface surface :
       {Surface::pit, Surface::dump, Surface::tailings_beach, Surface::road, Surface::ploughed}) {
    for (const char* day : {"2021-01-15", "2021-05-15", "2021-08-15"}) EXPECT_LT(ndvi_of(surface, day), 0.25F);
  }
}

TEST(Spectra, WaterIsDarkInTheInfrared) {
  const SurfaceSpectra summer(on("2021-07-01"));
  for (const Surface surface : {Surface::river, Surface::reservoir, Surface::tailings_water}) {
    const Reflectances& r = summer.of(surface, 0, vigour_steps - 1);
    EXPECT_GT(r[green], r[nir]);
    EXPECT_LT(r[swir], 0.05F);
  }
}

TEST(Spectra, AllAreReflectances) {
  for (const char* day : {"2021-01-01", "2021-04-10", "2021-06-30", "2021-10-10", "2024-12-31"}) {
    const SurfaceSpectra spectra(on(day));
    for (std::size_t surface = 0; surface < surface_count; ++surface) {
      for (int phase = 0; phase < phase_steps; ++phase) {
        for (int vigour = 0; vigour < vigour_steps; ++vigour) {
          for (const float value : spectra.of(static_cast<Surface>(surface), phase, vigour)) {
            ASSERT_GT(value, 0);
            ASSERT_LT(value, 1);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace pitwatch
