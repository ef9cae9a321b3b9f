// Filling, breaching, directions and what follows from them, against definitions cell by cell.

#include "pipeline/hydrology/routing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "pipeline/hydrology/d_infinity.hpp"
#include "pipeline/hydrology/depressions.hpp"
#include "pipeline/hydrology/streams.hpp"
#include "tests/property/polygons/random.hpp"
#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::copy_of;
using test::no_elevation;

/// Rough ground of few levels, so that much of it is level, with voids.
Plane<float> random_ground(std::mt19937& random) {
  const int width = random_int(random, 1, 24);
  const int height = random_int(random, 1, 24);
  const int levels = random_int(random, 2, 60);
  const int voids = random_int(random, 0, 3) == 0 ? random_int(random, 1, 20) : 0;
  const std::vector<double> field = random_field(random, width, height, random_int(random, 0, 2));
  Plane<float> ground(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double value =
          field[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      ground.at(x, y) = static_cast<float>(std::floor(value * levels) - levels / 2);
      if (random_int(random, 0, 99) < voids) ground.at(x, y) = no_elevation;
    }
  }
  return ground;
}

template <typename T>
bool inside(const Plane<T>& plane, int x, int y) {
  return x >= 0 && y >= 0 && x < plane.width() && y < plane.height();
}

bool outlet(const Plane<float>& ground, int x, int y) {
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (!inside(ground, x + dx, y + dy) || std::isnan(ground.at(x + dx, y + dy))) return true;
    }
  }
  return false;
}

template <typename Visit>
void each_cell(const Plane<float>& ground, const Visit& visit) {
  for (int y = 0; y < ground.height(); ++y) {
    for (int x = 0; x < ground.width(); ++x) {
      if (!std::isnan(ground.at(x, y))) visit(x, y);
    }
  }
}

/// The lowest highest ground on any way out, by going over all cells until none changes.
Plane<float> filled_by_definition(const Plane<float>& ground) {
  Plane<float> water = copy_of(ground);
  each_cell(ground, [&](int x, int y) {
    if (!outlet(ground, x, y)) water.at(x, y) = std::numeric_limits<float>::infinity();
  });
  for (bool changed = true; changed;) {
    changed = false;
    each_cell(ground, [&](int x, int y) {
      for (std::size_t d = 1; d <= 8; ++d) {
        const int nx = x + flow_steps[d].x;
        const int ny = y + flow_steps[d].y;
        if (!inside(ground, nx, ny) || std::isnan(ground.at(nx, ny))) continue;
        const float level = std::max(ground.at(x, y), water.at(nx, ny));
        if (level >= water.at(x, y)) continue;
        water.at(x, y) = level;
        changed = true;
      }
    });
  }
  return water;
}

class FlowLaws : public testing::Test {
 protected:
  template <typename Law>
  void for_random_grounds(int count, const Law& law) {
    std::mt19937 random(test_seed());
    for (int i = 0; i < count && !HasFailure(); ++i) law(random_ground(random), random);
  }
};

TEST_F(FlowLaws, FillingGivesTheLeastSurfaceThatDrains) {
  for_random_grounds(400, [](const Plane<float>& ground, std::mt19937&) {
    const Plane<float> expected = filled_by_definition(ground);
    Plane<float> filled = copy_of(ground);
    fill_depressions(filled.view());
    each_cell(ground, [&](int x, int y) { ASSERT_EQ(filled.at(x, y), expected.at(x, y)) << x << ' ' << y; });
  });
}

TEST_F(FlowLaws, ThereAreDepressionsWhereFillingRaisesACell) {
  int with = 0;
  for_random_grounds(400, [&](const Plane<float>& ground, std::mt19937&) {
    Plane<float> filled = copy_of(ground);
    fill_depressions(filled.view());
    bool raised = false;
    each_cell(ground, [&](int x, int y) { raised = raised || filled.at(x, y) != ground.at(x, y); });
    ASSERT_EQ(has_depressions(ground.view()), raised);
    ASSERT_FALSE(has_depressions(filled.view()));
    with += raised ? 1 : 0;
    Plane<float> breached = copy_of(ground);
    breach_depressions(breached.view());
    fill_depressions(breached.view());
    Plane<float> drained = copy_of(ground);
    const Plane<FlowDirection> directions = drained_directions(drained.view(), DepressionRule::breach);
    const Plane<FlowDirection> expected = flow_directions(breached.view());
    each_cell(ground, [&](int x, int y) {
      ASSERT_EQ(drained.at(x, y), breached.at(x, y)) << x << ' ' << y;
      ASSERT_EQ(directions.at(x, y), expected.at(x, y)) << x << ' ' << y;
    });
  });
  EXPECT_GT(with, 40);
  EXPECT_LT(with, 400);
}

TEST_F(FlowLaws, SmallDepressionsAreThoseOfFewRaisedCells) {
  for_random_grounds(200, [](const Plane<float>& ground, std::mt19937& random) {
    const int most = random_int(random, 0, 12);
    Plane<float> all = copy_of(ground);
    fill_depressions(all.view());
    Plane<float> some = copy_of(ground);
    fill_small_depressions(some.view(), most);
    each_cell(ground, [&](int column, int row) {
      if (all.at(column, row) == ground.at(column, row)) {
        ASSERT_EQ(some.at(column, row), ground.at(column, row));
        return;
      }
      std::map<std::pair<int, int>, bool> lake{{{column, row}, false}};
      for (bool grown = true; grown;) {
        grown = false;
        const auto cells = lake;
        for (const auto& [cell, unused] : cells) {
          for (std::size_t d = 1; d <= 8; ++d) {
            const int x = cell.first + flow_steps[d].x;
            const int y = cell.second + flow_steps[d].y;
            if (!inside(all, x, y) || !(all.at(x, y) > ground.at(x, y))) continue;
            if (all.at(x, y) == all.at(column, row)) grown = lake.emplace(std::pair(x, y), false).second || grown;
          }
        }
      }
      const bool small = lake.size() <= static_cast<std::size_t>(most);
      ASSERT_EQ(some.at(column, row), small ? all.at(column, row) : ground.at(column, row));
    });
  });
}

TEST_F(FlowLaws, BreachingDrainsAllAndOnlyLowers) {
  for_random_grounds(400, [](const Plane<float>& ground, std::mt19937&) {
    Plane<float> breached = copy_of(ground);
    breach_depressions(breached.view());
    Plane<float> filled = copy_of(breached);
    fill_depressions(filled.view());
    each_cell(ground, [&](int x, int y) {
      ASSERT_LE(breached.at(x, y), ground.at(x, y));
      ASSERT_EQ(filled.at(x, y), breached.at(x, y)) << x << ' ' << y;  // nothing was left to fill
    });
  });
}

TEST_F(FlowLaws, BreachingKeepsToItsDepth) {
  for_random_grounds(200, [](const Plane<float>& ground, std::mt19937& random) {
    const auto depth = static_cast<float>(random_int(random, 1, 4));
    Plane<float> breached = copy_of(ground);
    breach_depressions(breached.view(), {0, depth, true});
    each_cell(ground, [&](int x, int y) { ASSERT_EQ(breached.at(x, y), ground.at(x, y)); });  // no length, no channel
  });
}

TEST_F(FlowLaws, EveryCellDrainsDownTheSteepestFallToTheOutside) {
  for_random_grounds(400, [](const Plane<float>& ground, std::mt19937& random) {
    Plane<float> surface = copy_of(ground);
    const DepressionRule rule = random_int(random, 0, 1) == 0 ? DepressionRule::fill : DepressionRule::breach;
    const Drainage drainage = route(surface.view(), rule);
    Plane<std::uint32_t> counted(ground.width(), ground.height());
    for (int y = 0; y < ground.height(); ++y) std::fill_n(counted.row(y), ground.width(), 0U);
    each_cell(ground, [&](int column, int row) {
      const FlowDirection direction = drainage.directions.at(column, row);
      double most = 0;
      for (std::size_t d = 1; d <= 8; ++d) {
        const int x = column + flow_steps[d].x;
        const int y = row + flow_steps[d].y;
        if (!inside(surface, x, y) || std::isnan(surface.at(x, y))) continue;
        const double fall = (surface.at(column, row) - surface.at(x, y)) / std::hypot(flow_steps[d].x, flow_steps[d].y);
        most = std::max(most, fall);
        if (d == direction) {
          ASSERT_GE(fall, 0);
        }
      }
      if (most > 0) {
        ASSERT_TRUE(flows_on(direction));
        const FlowStep step = flow_steps[direction];
        const double fall =
            (surface.at(column, row) - surface.at(column + step.x, row + step.y)) / std::hypot(step.x, step.y);
        ASSERT_NEAR(fall, most, 1e-12);
      }
      int x = column;
      int y = row;
      int steps = 0;
      ++counted.at(x, y);
      while (flows_on(drainage.directions.at(x, y))) {
        const FlowStep step = flow_steps[drainage.directions.at(x, y)];
        x += step.x;
        y += step.y;
        ASSERT_TRUE(inside(surface, x, y));
        ASSERT_FALSE(std::isnan(surface.at(x, y)));
        ++counted.at(x, y);
        ASSERT_LT(++steps, ground.width() * ground.height());
      }
      ASSERT_TRUE(outlet(ground, x, y)) << column << ' ' << row << " ends at " << x << ' ' << y;
    });
    for (int y = 0; y < ground.height(); ++y) {
      for (int x = 0; x < ground.width(); ++x) {
        ASSERT_EQ(drainage.directions.at(x, y) == flow_void, std::isnan(ground.at(x, y)));
        ASSERT_EQ(drainage.cells.at(x, y), counted.at(x, y));
      }
    }
  });
}

TEST_F(FlowLaws, NoFlowIsLostBetweenDirections) {
  for_random_grounds(300, [](const Plane<float>& ground, std::mt19937&) {
    Plane<float> surface = copy_of(ground);
    const Plane<FlowDirection> directions = drained_directions(surface.view(), DepressionRule::fill);
    const Plane<float> angles = flow_angles(surface.view(), directions.view());
    const Plane<double> cells = flow_accumulation(angles.view(), directions.view());
    double in = 0;
    double out = 0;
    each_cell(ground, [&](int x, int y) {
      ++in;
      ASSERT_GE(cells.at(x, y), 1);
      if (std::isnan(angles.at(x, y))) out += cells.at(x, y);
    });
    ASSERT_NEAR(out, in, 1e-6 * in);
  });
}

TEST_F(FlowLaws, CatchmentsPathsAndHeightsAgree) {
  for_random_grounds(200, [](const Plane<float>& ground, std::mt19937& random) {
    Plane<float> surface = copy_of(ground);
    const Drainage drainage = route(surface.view(), DepressionRule::fill);
    Plane<std::uint8_t> streams(ground.width(), ground.height());
    std::vector<FlowCell> outlets;
    for (int y = 0; y < ground.height(); ++y) {
      for (int x = 0; x < ground.width(); ++x) {
        streams.at(x, y) = random_int(random, 0, 15) == 0 ? 1 : 0;
        if (streams.at(x, y) != 0) outlets.push_back({static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)});
      }
    }
    const Plane<std::uint32_t> labels = catchments(drainage.directions.view(), outlets);
    const Plane<float> heights = height_above_streams(ground.view(), drainage.directions.view(), streams.view());
    each_cell(ground, [&](int x, int y) {
      const FlowPath path = flow_path(ground.view(), drainage.directions.view(), streams.view(), 1,
                                      {static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)});
      if (path.end != PathEnd::target) {
        ASSERT_EQ(labels.at(x, y), 0U);
        ASSERT_TRUE(std::isnan(heights.at(x, y)));
        return;
      }
      ASSERT_EQ(outlets.at(labels.at(x, y) - 1), path.cells.back());
      ASSERT_EQ(heights.at(x, y), std::max(0.0F, static_cast<float>(path.drop_m)));
    });
  });
}

}  // namespace
}  // namespace pitwatch
