#include "pipeline/simulate/events.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr int side = 300;

/// West to east: forest, grass, fields, rock.
GroundPixels four_strips() {
  GroundPixels ground;
  ground.window = {0, 0, side, side};
  ground.surface.reshape(side, side);
  for (Plane<float>* plane : {&ground.terrain.elevation, &ground.terrain.water, &ground.terrain.above_channel,
                              &ground.terrain.reservoir_depth}) {
    plane->reshape(side, side);
  }
  constexpr Surface strips[]{Surface::forest, Surface::grass, Surface::crop_winter, Surface::rock_grey};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      ground.surface.at(x, y) = strips[x / (side / 4)];
      ground.terrain.elevation.at(x, y) = 800 + static_cast<float>(x);
      ground.terrain.water.at(x, y) = 0;
      ground.terrain.above_channel.at(x, y) = 50;
      ground.terrain.reservoir_depth.at(x, y) = -50;
    }
  }
  return ground;
}

EventOptions two_years(std::uint32_t seed) {
  EventOptions options;
  options.seed = seed;
  options.first_onset = parse_instant("2021-01-01");
  options.last_onset = parse_instant("2022-12-31");
  options.disturbances = 16;
  options.decoys = 12;
  return options;
}

class Events : public testing::Test {
 protected:
  Events() : ground_(four_strips()), inside_(side, side) {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) inside_.at(x, y) = y < side / 2 ? 1 : 0;
    }
  }

  std::vector<Event> draw(std::uint32_t seed) {
    return draw_events(two_years(seed), ground_, std::as_const(inside_).view(), clear_days_);
  }

  static double area_px(const Event& event, Instant when) {
    Plane<float> share(event.window.width, event.window.height);
    share_reached(event, when, share.view());
    double sum = 0;
    for (int y = 0; y < share.height(); ++y) {
      for (int x = 0; x < share.width(); ++x) sum += share.at(x, y);
    }
    return sum;
  }

  GroundPixels ground_;
  Plane<std::uint8_t> inside_;
  std::vector<Instant> clear_days_{parse_instant("2021-07-05T07:44:00Z"), parse_instant("2022-03-01T07:44:00Z")};
};

TEST_F(Events, LieWhereTheyCan) {
  int seen = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    for (const Event& event : draw(seed)) {
      const int middle = event.window.x + event.window.width / 2;
      const Surface surface = ground_.surface.at(middle, event.window.y + event.window.height / 2);
      if (event.type == TruthType::pit_in_forest) {
        EXPECT_EQ(surface, Surface::forest);
      }
      if (event.type == TruthType::pit_in_crop) {
        EXPECT_EQ(surface, Surface::crop_winter);
      }
      if (event.type == TruthType::pit_deepened) {
        EXPECT_EQ(surface, Surface::rock_grey);
      }
      // There is no river and no reservoir here.
      EXPECT_NE(event.type, TruthType::flood);
      EXPECT_NE(event.type, TruthType::alluvial_working);
      EXPECT_NE(event.type, TruthType::reservoir_drawdown);
      ++seen;
    }
  }
  EXPECT_GT(seen, 60);
}

TEST_F(Events, WorkingsLieAlongTheRiverAndLeaveTheOthersAsTheyWere) {
  const auto above_m = [](int y) { return std::abs(y - side / 2) < 25 ? 5.0F : 50.0F; };
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) ground_.terrain.above_channel.at(x, y) = above_m(y);
  }
  int ponds = 0;
  int workings = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    EventOptions options = two_years(seed);
    options.waterside = 0;
    const std::vector<Event> others = draw_events(options, ground_, std::as_const(inside_).view(), clear_days_);
    options.waterside = 6;
    const std::vector<Event> all = draw_events(options, ground_, std::as_const(inside_).view(), clear_days_);
    ASSERT_GE(all.size(), others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
      EXPECT_EQ(all[i].type, others[i].type);
      EXPECT_EQ(all[i].window, others[i].window);
      EXPECT_EQ(all[i].onset, others[i].onset);
    }
    for (std::size_t i = others.size(); i < all.size(); ++i) {
      const Event& event = all[i];
      EXPECT_TRUE(event.type == TruthType::pond || event.type == TruthType::alluvial_working);
      EXPECT_EQ(event.depth_m, 0);
      EXPECT_FALSE(event.end);
      const double ha = area_px(event, event.complete) * 0.01;
      EXPECT_GE(ha, 0.09);
      EXPECT_LE(ha, event.type == TruthType::pond ? 4.1 : 8.1);
      ponds += event.type == TruthType::pond ? 1 : 0;
      if (event.type != TruthType::alluvial_working) continue;
      ++workings;
      for (int v = 0; v < event.reached.height(); ++v) {
        for (int u = 0; u < event.reached.width(); ++u) {
          if (event.reached.at(u, v) != 0) {
            EXPECT_EQ(above_m(event.window.y + v / subpixels), 5);
          }
        }
      }
    }
  }
  EXPECT_GT(ponds, 8);
  EXPECT_GT(workings, 8);
}

TEST_F(Events, PondsAreWaterAndWorkingsAreGravelAndPools) {
  const Instant when = parse_instant("2022-07-01");
  const SurfaceSpectra spectra(season_of(1, when));
  const auto shares_of_water = [&](TruthType type, std::uint32_t seed) {
    Event event;
    event.type = type;
    event.seed = seed;
    event.window = {10, 10, 16, 16};
    event.reached.reshape(64, 64);
    for (int v = 0; v < 64; ++v) {
      for (int u = 0; u < 64; ++u) event.reached.at(u, v) = static_cast<std::uint8_t>(1 + (v * 64 + u) * 254 / 4096);
    }
    event.onset = event.complete = parse_instant("2022-01-01");
    Plane<float> red(40, 40);
    Plane<float> swir(40, 40);
    BandPlanes planes{};
    planes[3] = red.view();
    planes[10] = swir.view();
    for (int y = 0; y < 40; ++y) {
      std::fill_n(red.row(y), 40, 0.1F);
      std::fill_n(swir.row(y), 40, 0.2F);
    }
    apply_events({&event, 1}, when, spectra, {0, 0, 40, 40}, planes);
    int water = 0;
    for (int y = 10; y < 26; ++y) {
      for (int x = 10; x < 26; ++x) water += swir.at(x, y) < 0.06F ? 1 : 0;
    }
    return water / 256.0;
  };
  for (const std::uint32_t seed : {3U, 4U, 5U}) EXPECT_EQ(shares_of_water(TruthType::pond, seed), 1);
  const double pools = shares_of_water(TruthType::alluvial_working, 3);
  EXPECT_GT(pools, 0.25);
  EXPECT_LT(pools, 0.55);
}

TEST_F(Events, BackfilledOnesComeAndGoAndLeaveTheOthersAsTheyWere) {
  int pits = 0;
  int ponds = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    EventOptions options = two_years(seed);
    const std::vector<Event> others = draw_events(options, ground_, std::as_const(inside_).view(), clear_days_);
    options.backfilled = 4;
    const std::vector<Event> all = draw_events(options, ground_, std::as_const(inside_).view(), clear_days_);
    ASSERT_GE(all.size(), others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
      EXPECT_EQ(all[i].window, others[i].window);
      EXPECT_EQ(all[i].onset, others[i].onset);
    }
    for (std::size_t i = others.size(); i < all.size(); ++i) {
      const Event& event = all[i];
      ASSERT_TRUE(event.end);
      EXPECT_GE(*event.end - event.complete, days(119));
      const bool is_pit = event.type == TruthType::pit_backfilled;
      EXPECT_TRUE(is_pit || event.type == TruthType::pond_backfilled);
      (is_pit ? pits : ponds) += 1;
      const int middle = event.window.x + event.window.width / 2;
      const Surface surface = ground_.surface.at(middle, event.window.y + event.window.height / 2);
      if (is_pit) {
        EXPECT_EQ(surface, Surface::rock_grey);
      }
    }
  }
  EXPECT_GT(pits, 5);
  EXPECT_GT(ponds, 5);
}

TEST_F(Events, ABackfilledPitIsRockAgainAndABackfilledPondSpoil) {
  const Instant when = parse_instant("2022-07-01");
  const SurfaceSpectra spectra(season_of(1, when));
  const auto swir_and_height = [&](TruthType type, const char* end) {
    Event event;
    event.type = type;
    event.seed = 3;
    event.window = {2, 2, 1, 1};
    event.reached.reshape(subpixels, subpixels);
    for (int v = 0; v < subpixels; ++v) std::fill_n(event.reached.row(v), subpixels, std::uint8_t{1});
    event.onset = event.complete = parse_instant("2022-01-01");
    event.end = parse_instant(end);
    event.depth_m = type == TruthType::pit_backfilled ? 10 : 0;
    Plane<float> swir(5, 5);
    Plane<float> elevation_m(5, 5);
    for (int y = 0; y < 5; ++y) {
      std::fill_n(swir.row(y), 5, 0.2F);
      std::fill_n(elevation_m.row(y), 5, 800.0F);
    }
    BandPlanes planes{};
    planes[10] = swir.view();
    apply_events({&event, 1}, when, spectra, {0, 0, 5, 5}, planes);
    add_relief({&event, 1}, when, {0, 0, 5, 5}, elevation_m.view());
    return std::pair(swir.at(2, 2), elevation_m.at(2, 2));
  };
  const auto open_pit = swir_and_height(TruthType::pit_backfilled, "2022-08-01");
  const auto half_filled = swir_and_height(TruthType::pit_backfilled, "2022-06-11");
  const auto filled = swir_and_height(TruthType::pit_backfilled, "2022-05-01");
  EXPECT_GT(std::abs(open_pit.first - 0.2F), 0.02F);
  EXPECT_LT(open_pit.second, 791);
  EXPECT_LT(std::abs(half_filled.first - 0.2F), std::abs(open_pit.first - 0.2F));
  EXPECT_NE(half_filled.first, 0.2F);
  EXPECT_GT(half_filled.second, open_pit.second);
  EXPECT_FLOAT_EQ(filled.first, 0.2F);
  EXPECT_FLOAT_EQ(filled.second, 800);
  const float water = swir_and_height(TruthType::pond_backfilled, "2022-08-01").first;
  const float mud = swir_and_height(TruthType::pond_backfilled, "2022-06-25").first;
  const float spoil = swir_and_height(TruthType::pond_backfilled, "2022-06-01").first;
  EXPECT_LT(water, 0.06F);
  EXPECT_GT(mud, water + 0.02F);
  EXPECT_GT(spoil, mud + 0.02F);
}

TEST_F(Events, DoNotOverlap) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    Plane<int> owners(side, side);
    for (int y = 0; y < side; ++y) std::fill_n(owners.row(y), side, 0);
    int number = 0;
    for (const Event& event : draw(seed)) {
      ++number;
      Plane<float> share(event.window.width, event.window.height);
      share_reached(event, event.complete, share.view());
      for (int y = 0; y < share.height(); ++y) {
        for (int x = 0; x < share.width(); ++x) {
          if (share.at(x, y) == 0) continue;
          int& owner = owners.at(event.window.x + x, event.window.y + y);
          EXPECT_EQ(owner, 0);
          owner = number;
        }
      }
    }
  }
}

TEST_F(Events, BuildingSitesLieOutsideTheSites) {
  int buildings = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    for (const Event& event : draw(seed)) {
      if (event.type != TruthType::building_site) continue;
      ++buildings;
      EXPECT_GT(event.window.bottom(), side / 2);
    }
  }
  EXPECT_GT(buildings, 3);
}

TEST_F(Events, GrowFromOnsetToCompletion) {
  for (const Event& event : draw(3)) {
    EXPECT_EQ(area_px(event, event.onset - days(1)), 0);
    double last = 0;
    for (Instant day = event.onset; day <= event.complete; day += days(3)) {
      const double area = area_px(event, day);
      EXPECT_GE(area, last);
      last = area;
    }
    double all = 0;
    for (int v = 0; v < event.reached.height(); ++v) {
      for (int u = 0; u < event.reached.width(); ++u) all += event.reached.at(u, v) != 0 ? 1 : 0;
    }
    EXPECT_EQ(area_px(event, event.complete), all / (subpixels * subpixels));
    // In proportion: half grown is half of the area, to the 255 steps and the small ones' subpixels.
    if (event.growth == Growth::steady && event.complete - event.onset > days(40)) {
      const Instant half = event.onset + (event.complete - event.onset) / 2;
      EXPECT_NEAR(area_px(event, half), all / 32, 0.03 * all / 16 + 1);
    }
  }
}

TEST_F(Events, SizesSpread) {
  std::set<int> decades;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    for (const Event& event : draw(seed)) {
      if (info(event.type).kind != TruthKind::disturbance) continue;
      const double ha = area_px(event, event.complete) * 0.01;
      EXPECT_GE(ha, 0.019);
      EXPECT_LE(ha, 20.1);
      decades.insert(ha < 0.1 ? 0 : ha < 1 ? 1 : 2);
    }
  }
  EXPECT_EQ(decades.size(), 3U);
}

TEST_F(Events, SameSeedSameEvents) {
  const std::vector<Event> a = draw(9);
  const std::vector<Event> b = draw(9);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].window, b[i].window);
    EXPECT_EQ(a[i].onset, b[i].onset);
  }
  EXPECT_NE(draw(10)[0].window, a[0].window);
}

TEST_F(Events, ChangeTheirOwnPixelsAlone) {
  const SurfaceSpectra spectra(season_of(1, parse_instant("2022-07-01")));
  Plane<float> red(side, side);
  for (int y = 0; y < side; ++y) std::fill_n(red.row(y), side, 0.02F);
  BandPlanes planes{};
  planes[3] = red.view();
  const std::vector<Event> events = draw(3);
  const Instant when = parse_instant("2023-06-01");
  apply_events(events, when, spectra, {0, 0, side, side}, planes);
  Plane<float> touched(side, side);
  for (int y = 0; y < side; ++y) std::fill_n(touched.row(y), side, 0.0F);
  for (const Event& event : events) {
    if (event.type == TruthType::cloud_remnant) continue;
    Plane<float> share(event.window.width, event.window.height);
    share_reached(event, when, share.view());
    for (int y = 0; y < share.height(); ++y) {
      for (int x = 0; x < share.width(); ++x) touched.at(event.window.x + x, event.window.y + y) += share.at(x, y);
    }
  }
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (touched.at(x, y) == 0) {
        EXPECT_EQ(red.at(x, y), 0.02F);
      }
    }
  }
  // An open pit is brighter than the forest was.
  for (const Event& event : events) {
    if (event.type != TruthType::pit_in_forest || !is_open(event, when)) continue;
    EXPECT_GT(red.at(event.window.x + event.window.width / 2, event.window.y + event.window.height / 2), 0.08F);
  }
}

TEST_F(Events, PlantsReturnAfterClosure) {
  Event pit;
  pit.type = TruthType::pit_in_grass;
  pit.window = {10, 10, 4, 4};
  pit.reached.reshape(16, 16);
  for (int v = 0; v < 16; ++v) std::fill_n(pit.reached.row(v), 16, std::uint8_t{1});
  pit.onset = pit.complete = parse_instant("2020-06-01");
  pit.end = parse_instant("2021-06-01");
  const std::span<const Event> one(&pit, 1);
  const auto ndvi_in_may = [&](int year) {
    const Instant when = parse_instant(std::to_string(year) + "-05-15");
    const SurfaceSpectra spectra(season_of(1, when));
    Plane<float> red(30, 30);
    Plane<float> nir(30, 30);
    BandPlanes planes{};
    planes[3] = red.view();
    planes[7] = nir.view();
    for (int y = 0; y < 30; ++y) {
      std::fill_n(red.row(y), 30, 0.05F);
      std::fill_n(nir.row(y), 30, 0.35F);
    }
    apply_events(one, when, spectra, {0, 0, 30, 30}, planes);
    return (nir.at(11, 11) - red.at(11, 11)) / (nir.at(11, 11) + red.at(11, 11));
  };
  EXPECT_LT(ndvi_in_may(2021), 0.25F);
  EXPECT_GT(ndvi_in_may(2023), ndvi_in_may(2021) + 0.2F);
  EXPECT_TRUE(is_open(pit, parse_instant("2021-05-31")));
  EXPECT_FALSE(is_open(pit, parse_instant("2021-06-01")));
}

TEST_F(Events, PitsAreDugAndDumpsHeapedUp) {
  for (const Event& event : draw(4)) {
    if (event.depth_m == 0) continue;
    Plane<float> height(side, side);
    for (int y = 0; y < side; ++y) std::fill_n(height.row(y), side, 500.0F);
    add_relief({&event, 1}, event.complete, {0, 0, side, side}, height.view());
    float lowest = 500;
    float highest = 500;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        lowest = std::min(lowest, height.at(x, y));
        highest = std::max(highest, height.at(x, y));
      }
    }
    if (event.type == TruthType::waste_dump) {
      EXPECT_EQ(lowest, 500);
      EXPECT_GT(highest, 500);
      EXPECT_LE(highest, 500 - event.depth_m);
    } else {
      EXPECT_EQ(highest, 500);
      EXPECT_LT(lowest, 500);
      EXPECT_GE(lowest, 500 - event.depth_m);
    }
  }
}

TEST_F(Events, RemnantsOfCloudAreThereOnOneClearDay) {
  bool found = false;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    for (const Event& event : draw(seed)) {
      if (event.type != TruthType::cloud_remnant) continue;
      found = true;
      const auto on_day = [&](Instant when) {
        Plane<float> opacity(side, side);
        for (int y = 0; y < side; ++y) std::fill_n(opacity.row(y), side, 0.0F);
        add_cloud_remnants({&event, 1}, when, {0, 0, side, side}, opacity.view());
        float most = 0;
        for (int y = 0; y < side; ++y) most = std::max(most, *std::max_element(opacity.row(y), opacity.row(y) + side));
        return most;
      };
      EXPECT_GT(std::max(on_day(clear_days_[0]), on_day(clear_days_[1])), 0.3F);
      EXPECT_EQ(on_day(parse_instant("2021-09-13T07:44:00Z")), 0);
    }
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace pitwatch
