#include "pipeline/watch/panes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <set>

namespace pitwatch {
namespace {

Grid site_of(int width, int height) { return {"EPSG:32638", {600000, 4500000}, 10, width, height}; }

Instant day(int number) { return Instant(std::chrono::days(number)); }

using Ground = std::vector<Run>;

/// Pixels left..right - 1 of the site's rows top..bottom - 1, as a pane sees them.
Ground rectangle(const Pane& pane, int left, int top, int right, int bottom) {
  Ground runs;
  for (int y = top; y < bottom; ++y) runs.push_back({y - pane.top, left - pane.left, right - pane.left});
  return runs;
}

Ground square(const Pane& pane, int left, int top, int side) {
  return rectangle(pane, left, top, left + side, top + side);
}

TEST(Panes, ASiteOfUsualSizeIsOne) {
  const Grid site = site_of(1280, 500);
  const std::vector<Pane> panes = panes_of(site);
  ASSERT_EQ(panes.size(), 1U);
  EXPECT_EQ(panes.front().grid, site);
  EXPECT_EQ(panes.front().core, (Window{0, 0, 1280, 500}));
  EXPECT_TRUE(panes.front().name.empty());
}

TEST(Panes, CoresCoverTheSiteOnceAndLieInTheirGrids) {
  for (const auto& [width, height] :
       std::array<std::pair<int, int>, 5>{{{1282, 100}, {2050, 1282}, {3001, 4999}, {10980, 10980}, {40, 20001}}}) {
    const Grid site = site_of(width, height);
    std::int64_t area = 0;
    std::set<std::string> names;
    for (const Pane& pane : panes_of(site)) {
      EXPECT_TRUE(names.insert(pane.name).second);
      area += std::int64_t{pane.core.width} * pane.core.height;
      EXPECT_LE(pane.grid.width, 1280 + 128);
      EXPECT_LE(pane.grid.height, 1280 + 128);
      EXPECT_EQ(pane.left % 2, 0);  // whole pixels of 20 m
      EXPECT_EQ(pane.top % 2, 0);
      EXPECT_EQ(pane.grid.origin.x, site.origin.x + 10 * pane.left);
      EXPECT_EQ(pane.grid.origin.y, site.origin.y - 10 * pane.top);
      EXPECT_LE(pane.left, std::max(0, pane.core.x - 64));
      EXPECT_LE(pane.top, std::max(0, pane.core.y - 64));
      EXPECT_GE(pane.left + pane.grid.width, std::min(width, pane.core.right() + 64));
      EXPECT_GE(pane.top + pane.grid.height, std::min(height, pane.core.bottom() + 64));
    }
    EXPECT_EQ(area, std::int64_t{width} * height);
    // Equal areas without overlap: each corner pixel and each middle is in one core.
    for (const auto& [x, y] :
         std::array<std::pair<int, int>, 3>{{{0, 0}, {width - 1, height - 1}, {width / 2, height / 2}}}) {
      int held = 0;
      for (const Pane& pane : panes_of(site)) {
        held += x >= pane.core.x && x < pane.core.right() && y >= pane.core.y && y < pane.core.bottom() ? 1 : 0;
      }
      EXPECT_EQ(held, 1);
    }
  }
}

TEST(Panes, AreNamedByRowAndColumnAndTheirPlacesByTheSite) {
  Site site;
  site.id = "north-pit";
  std::vector<std::string> places;
  for (const Pane& pane : panes_of(site_of(2000, 1400))) places.push_back(place_of(site, pane));
  EXPECT_EQ(places, (std::vector<std::string>{"north-pit/pane-1-1", "north-pit/pane-1-2", "north-pit/pane-2-1",
                                              "north-pit/pane-2-2"}));
  EXPECT_EQ(place_of(site, panes_of(site_of(100, 100)).front()), "north-pit");
}

class ToldOnce : public testing::Test {
 protected:
  std::vector<std::vector<bool>> told() const { return reported_once(panes_, alerts_); }

  std::vector<Pane> panes_ = panes_of(site_of(2000, 1000));
  std::vector<std::vector<PaneAlert>> alerts_{panes_.size()};
  int border_ = panes_.front().core.right();
};

TEST_F(ToldOnce, WhatOnePaneSeesAloneIsTold) {
  ASSERT_EQ(panes_.size(), 2U);
  alerts_[0] = {{"a", day(1), square(panes_[0], 300, 300, 10)}, {"b", day(2), square(panes_[0], 310, 300, 10)}};
  alerts_[1] = {{"c", day(1), square(panes_[1], 1500, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true, true}, {true}}));
}

TEST_F(ToldOnce, TheMarginIsTheOtherPanes) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ + 20, 300, 10)}};
  alerts_[1] = {{"b", day(5), square(panes_[1], border_ + 20, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{false}, {true}}));
}

TEST_F(ToldOnce, SupersededOnesAndOthersDoNotHideEachOther) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 5, 300, 10), true},
                {"b", day(3), square(panes_[0], border_ - 5, 300, 20)}};
  alerts_[1] = {{"c", day(1), square(panes_[1], border_ - 5, 300, 10), true},
                {"d", day(2), square(panes_[1], border_ - 5, 300, 20)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true, false}, {false, true}}));
}

TEST_F(ToldOnce, WhatStandsForASupersededOneOnTheSameGroundIsTold) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 5, 300, 10), true}};
  alerts_[1] = {{"b", day(2), square(panes_[1], border_ - 5, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {true}}));
}

TEST_F(ToldOnce, AcrossTheBorderTheFirstSeenIsTold) {
  alerts_[0] = {{"a", day(5), square(panes_[0], border_ - 5, 300, 10)}};
  alerts_[1] = {{"b", day(1), square(panes_[1], border_ - 5, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{false}, {true}}));
  alerts_[1].front().first_detected = day(5);  // then the smaller id
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {false}}));
}

TEST_F(ToldOnce, WhatIsMostlyNewIsToldToo) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 5, 300, 10)}};
  alerts_[1] = {{"b", day(5), square(panes_[1], border_ - 5, 300, 20)}};  // 300 of its 400 pixels are new
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {true}}));
}

TEST_F(ToldOnce, OneOfWhichHalfIsToldAlreadyIsNot) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 10, 300, 20)}};
  alerts_[1] = {{"b", day(5), rectangle(panes_[1], border_ + 2, 300, border_ + 18, 301)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {false}}));
  alerts_[1].front().runs = rectangle(panes_[1], border_ + 2, 300, border_ + 19, 301);
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {true}}));
}

TEST_F(ToldOnce, WhatIsToldByPartsIsNotToldAgain) {
  // Two of one pane cover a third each of one of the other.
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 6, 300, 6)},
                {"b", day(2), square(panes_[0], border_ - 6, 306, 6)}};
  alerts_[1] = {{"c", day(3), rectangle(panes_[1], border_ - 6, 300, border_ + 3, 312)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true, true}, {false}}));
  alerts_[0].pop_back();
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {true}}));
}

TEST_F(ToldOnce, OnesOfTheSamePaneDoNotHideEachOther) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 5, 300, 10)},
                {"b", day(2), square(panes_[0], border_ - 5, 300, 10)}};
  EXPECT_EQ(told()[0], (std::vector<bool>{true, true}));
}

TEST_F(ToldOnce, WhatIsNotToldHidesNothing) {
  // The second lies half on the first, and the third, of the first's pane, on the second alone.
  alerts_[0] = {{"a", day(1), square(panes_[0], border_ - 10, 300, 10)},
                {"c", day(3), square(panes_[0], border_ - 5, 310, 10)}};
  Ground both = rectangle(panes_[1], border_ - 10, 300, border_ + 1, 310);
  const Ground below = rectangle(panes_[1], border_ - 5, 310, border_ + 1, 320);
  both.insert(both.end(), below.begin(), below.end());
  alerts_[1] = {{"b", day(2), both}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true, true}, {false}}));
}

TEST_F(ToldOnce, NearTheBorderGroundOfOneCoreIsSeenByTheOtherPaneToo) {
  alerts_[0] = {{"a", day(5), square(panes_[0], border_ - 30, 300, 10)}};
  alerts_[1] = {{"b", day(1), square(panes_[1], border_ - 30, 300, 35)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{false}, {true}}));
}

TEST_F(ToldOnce, WhatBeginsAtTheBorderIsTheOtherPanes) {
  alerts_[0] = {{"a", day(1), square(panes_[0], border_, 300, 10)}};
  alerts_[1] = {{"b", day(5), square(panes_[1], border_, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{false}, {true}}));
  alerts_[0] = {{"a", day(5), square(panes_[0], border_ - 10, 300, 10)}};
  alerts_[1] = {{"b", day(1), square(panes_[1], border_ - 10, 300, 10)}};
  EXPECT_EQ(told(), (std::vector<std::vector<bool>>{{true}, {false}}));
}

}  // namespace
}  // namespace pitwatch
