#include "pipeline/hydrology/elevation_error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::no_elevation;

Plane<float> level(int width, int height, float elevation = 0) {
  Plane<float> plane(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(plane.row(y), width, elevation);
  return plane;
}

Plane<float> errors(int width, int height, const ElevationError& error, std::uint32_t draw = 0) {
  Plane<float> plane = level(width, height);
  add_error(plane.view(), error, draw);
  return plane;
}

double mean_product(const Plane<float>& a, const Plane<float>& b, int lag) {
  double sum = 0;
  double count = 0;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x + lag < a.width(); ++x) {
      sum += static_cast<double>(a.at(x, y)) * b.at(x + lag, y);
      ++count;
    }
  }
  return sum / count;
}

TEST(ElevationErrors, HaveTheirSizeAndCorrelation) {
  for (const double length : {0.0, 2.0, 6.0}) {
    const Plane<float> drawn = errors(800, 800, {3, length, 11});
    double sum = 0;
    for (int y = 0; y < 800; ++y) {
      for (int x = 0; x < 800; ++x) sum += drawn.at(x, y);
    }
    EXPECT_NEAR(sum / 640000, 0, 0.1) << length;
    EXPECT_NEAR(std::sqrt(mean_product(drawn, drawn, 0)), 3, 0.06) << length;
    if (length == 0) {
      EXPECT_NEAR(mean_product(drawn, drawn, 1) / 9, 0, 0.01);
    } else {
      EXPECT_NEAR(mean_product(drawn, drawn, static_cast<int>(length)) / 9, std::exp(-1.0), 0.03) << length;
    }
  }
}

TEST(ElevationErrors, AreAsLargeAtTheEdge) {
  double edge = 0;
  for (std::uint32_t draw = 0; draw < 400; ++draw) {
    const Plane<float> drawn = errors(16, 16, {1, 8, 5}, draw);
    edge += static_cast<double>(drawn.at(0, 0)) * drawn.at(0, 0);
  }
  EXPECT_NEAR(edge / 400, 1, 0.2);
}

TEST(ElevationErrors, OfDrawsAndSeedsAreIndependent) {
  const Plane<float> first = errors(300, 300, {1, 0, 1}, 0);
  EXPECT_NEAR(mean_product(first, errors(300, 300, {1, 0, 1}, 1), 0), 0, 0.02);
  EXPECT_NEAR(mean_product(first, errors(300, 300, {1, 0, 2}, 0), 0), 0, 0.02);
}

TEST(ElevationErrors, OfAWindowAreThoseOfTheWhole) {
  const ElevationError error{2, 4, 3};
  const Plane<float> whole = errors(60, 50, error);
  Plane<float> window = level(20, 10);
  add_error(window.view(), error, 0, 17, 31);
  for (int y = 0; y < 10; ++y) {
    for (int x = 0; x < 20; ++x) EXPECT_EQ(window.at(x, y), whole.at(x + 17, y + 31));
  }
}

TEST(ElevationErrors, LeaveVoids) {
  Plane<float> plane = level(3, 3);
  plane.at(1, 1) = no_elevation;
  add_error(plane.view(), {2, 1, 3}, 0);
  EXPECT_TRUE(std::isnan(plane.at(1, 1)));
  EXPECT_FALSE(std::isnan(plane.at(0, 1)));
}

/// A slope to the east with a ridge along the middle row: below it lie two lakes.
struct Ridge {
  Ridge() : ground(40, 21), targets(40, 21) {
    for (int y = 0; y < 21; ++y) {
      for (int x = 0; x < 40; ++x) {
        ground.at(x, y) = static_cast<float>(100 - x - 0.3 * std::abs(y - 10));
        targets.at(x, y) = x == 39 ? (y < 10 ? 1U : y > 10 ? 2U : 0U) : 0U;
      }
    }
  }
  Plane<float> ground;
  Plane<std::uint32_t> targets;
};

TEST(Draws, WithoutErrorAreOneAnswer) {
  const Ridge ridge;
  const std::vector<FlowCell> sources{{5, 4}, {5, 5}};
  const std::vector<Reach> reach =
      reach_by_draws(ridge.ground.view(), DepressionRule::fill, {0, 3, 1}, 4, sources, ridge.targets.view(), 2,
                     [](int count, const std::function<void(int)>& body) {
                       for (int i = 0; i < count; ++i) body(i);
                     });
  EXPECT_EQ(reach[0].any_share, 1);
  EXPECT_EQ(reach[0].cells_share, 1);
  EXPECT_EQ(reach[1].any_share, 0);
}

TEST(Draws, AreSharedWhereTheErrorDecidesWhateverTheThreads) {
  const Ridge ridge;
  const std::vector<FlowCell> sources{{5, 10}};
  const auto reach_with = [&](const DrawLoop& loop) {
    return reach_by_draws(ridge.ground.view(), DepressionRule::breach, {1, 3, 1}, 60, sources, ridge.targets.view(), 2,
                          loop);
  };
  const std::vector<Reach> serial = reach_with([](int count, const std::function<void(int)>& body) {
    for (int i = count; i > 0; --i) body(i - 1);
  });
  const std::vector<Reach> threads = reach_with([](int count, const std::function<void(int)>& body) {
    std::thread odd([&] {
      for (int i = 1; i < count; i += 2) body(i);
    });
    for (int i = 0; i < count; i += 2) body(i);
    odd.join();
  });
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_GT(serial[i].any_share, 0.2);
    EXPECT_LT(serial[i].any_share, 0.8);
    EXPECT_EQ(serial[i].any_share, threads[i].any_share);
    EXPECT_EQ(serial[i].cells_share, threads[i].cells_share);
  }
  EXPECT_LE(serial[0].any_share + serial[1].any_share, 1);
}

}  // namespace
}  // namespace pitwatch
