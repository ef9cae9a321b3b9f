// Reaches on directions of flow that are given by hand: slopes to the north and south of a river to the east.

#include "pipeline/water/reaches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

constexpr int width = 150;
constexpr int height = 21;
constexpr int river_row = 10;
constexpr FlowDirection north = 2;
constexpr FlowDirection south = 6;
constexpr FlowDirection east = 8;
constexpr double cell_m = 30;

using Cells = std::vector<FlowCell>;

FlowCell at(int x, int y) { return {static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)}; }

class Reaches : public testing::Test {
 protected:
  Reaches() : directions_(width, height) {
    ground_.cells = {cell_m, {0, 0, width, height}};
    for (int y = 0; y < height; ++y) {
      const FlowDirection to = y < river_row ? south : y > river_row ? north : east;
      std::fill_n(directions_.row(y), width, to);
    }
    ground_.waters.reshape(width, height);
    ground_.places.sets.reshape(width, height);
    for (int y = 0; y < height; ++y) {
      std::fill_n(ground_.waters.row(y), width, std::uint8_t{0});
      std::fill_n(ground_.places.sets.row(y), width, 0U);
    }
    ground_.places.members.emplace_back();
  }

  /// No cell in two places.
  void add_place(const Cells& cells, LayerRole role = LayerRole::surface_water) {
    FlowPlace place;
    place.role = role;
    places_.push_back(place);
    ground_.places.members.push_back({static_cast<std::uint32_t>(places_.size() - 1)});
    for (const FlowCell& cell : cells) {
      ground_.places.sets.at(cell.x, cell.y) = static_cast<std::uint32_t>(places_.size());
      if (role == LayerRole::surface_water) ground_.waters.at(cell.x, cell.y) = 1;
    }
    ground_.places.cells.push_back(cells);
  }

  static Cells row(int from, int to, int y = river_row) {
    Cells cells;
    for (int x = from; x <= to; ++x) cells.push_back(at(x, y));
    return cells;
  }
  static Cells column(int x, int from, int to) {
    Cells cells;
    for (int y = from; y <= to; ++y) cells.push_back(at(x, y));
    return cells;
  }

  InflowReach reach(const Cells& alert) const { return reach_of(ground_, directions_.view(), places_, alert); }

  WaterGround ground_;
  Plane<FlowDirection> directions_;
  std::vector<FlowPlace> places_;
};

TEST_F(Reaches, OfARiverAreBelowAndAboveTheInflow) {
  add_place(row(0, width - 1));
  const InflowReach found = reach({at(20, 5)});
  EXPECT_EQ(found.water, 0U);
  EXPECT_EQ(found.downstream, row(20, 120)) << "3000 m of it";
  EXPECT_EQ(found.upstream, row(0, 16)) << "100 m and more from the inflow";
}

TEST_F(Reaches, AboveIsNoFurtherThanTheLengthOfAReach) {
  add_place(row(0, width - 1));
  EXPECT_EQ(reach({at(140, 5)}).upstream, row(40, 136));
}

TEST_F(Reaches, WhatFeedsTheWaterAboveBelongsToTheReachAbove) {
  add_place(row(0, width - 1));
  add_place(column(10, 2, 9));
  add_place(column(70, 2, 9));
  const InflowReach found = reach({at(20, 5)});
  Cells expected = column(10, 2, 9);
  for (const FlowCell& cell : row(0, 16)) expected.push_back(cell);
  EXPECT_EQ(found.upstream, expected) << "and not what comes in further down";
}

TEST_F(Reaches, WhatJoinsWhereItStillMixesIsAbove) {
  add_place(row(20, width - 1));  // begins at the inflow
  add_place(column(25, 12, 18));  // not connected: over ground
  EXPECT_TRUE(reach({at(20, 5)}).upstream.empty());
  add_place(column(26, 11, 18));
  // 180 m below the inflow, but the river itself is all below: of the feeder what is 100 m away from it.
  EXPECT_EQ(reach({at(20, 5)}).upstream, column(26, 14, 18));
  add_place(column(28, 11, 18));
  EXPECT_EQ(reach({at(20, 5)}).upstream, column(26, 14, 18)) << "240 m below is no reach above";
}

TEST_F(Reaches, WhereTheWaterBeginsNothingIsAbove) {
  add_place(row(20, width - 1));
  const InflowReach found = reach({at(20, 5), at(21, 5)});
  EXPECT_EQ(found.downstream, row(20, 121));
  EXPECT_TRUE(found.upstream.empty());
}

TEST_F(Reaches, AreOfTheWaterThatMostCellsComeTo) {
  add_place(column(20, 2, 9));  // a brook, and what it runs into
  add_place(row(0, width - 1));
  const InflowReach found = reach({at(20, 4), at(30, 5), at(31, 5)});
  EXPECT_EQ(found.water, 1U);
  EXPECT_EQ(found.downstream, row(30, 131));
  // The flow of one cell comes in at 20 by the brook and muddies what is below: no reach above is left there.
  EXPECT_EQ(found.upstream, row(0, 16));
  const InflowReach brook = reach({at(20, 4), at(20, 3), at(30, 5)});
  EXPECT_EQ(brook.water, 0U);
  EXPECT_EQ(brook.downstream, column(20, 3, 9)) << "of its own water alone";
}

TEST_F(Reaches, AnAlertInTheWaterHasWhatComesToIt) {
  add_place(row(0, width - 1));
  const InflowReach found = reach(row(20, 24));
  EXPECT_EQ(found.downstream, row(20, 124));
  EXPECT_EQ(found.upstream, row(0, 16));
}

TEST_F(Reaches, WithoutSurfaceWaterThereAreNone) {
  add_place(row(0, width - 1), LayerRole::protected_area);
  EXPECT_TRUE(reach({at(20, 5)}).downstream.empty());
  EXPECT_TRUE(reach({at(20, 5)}).upstream.empty());
  EXPECT_TRUE(reach({}).downstream.empty());
}

}  // namespace
}  // namespace pitwatch
