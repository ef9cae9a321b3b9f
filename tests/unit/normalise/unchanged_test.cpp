#include "pipeline/normalise/unchanged.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace pitwatch {
namespace {

constexpr double pixels_per_cell = 256;
constexpr std::size_t kind_count = 2;

/// One band as two: what holds for one has to hold for both.
struct Ground {
  std::vector<float> before;
  std::vector<float> after;
  std::vector<std::uint8_t> kinds;

  template <class After>
  Ground(double cells, double level, double contrast, After after_of) {
    std::mt19937 random(7);
    std::normal_distribution<double> normal;
    const auto n = static_cast<std::size_t>(cells * pixels_per_cell);
    for (std::size_t i = 0; i < n; ++i) {
      before.push_back(static_cast<float>(level + contrast * normal(random)));
      after.push_back(static_cast<float>(after_of(i, static_cast<double>(before.back()), normal(random))));
    }
    kinds.assign(n, 0);
  }
  UnchangedGround find(const UnchangedOptions& options = {}) const {
    const DatedBand bands[]{{before, after}, {before, after}};
    return find_unchanged(bands, kinds, kind_count, pixels_per_cell, options);
  }
};

TEST(Unchanged, ChangeInSixtyPercentLeavesTheLevelsOfTheRest) {
  const auto is_changed = [](std::size_t i) { return i % 10 < 6; };
  const Ground ground(400, 0.10, 0.02, [&](std::size_t i, double before, double noise) {
    return is_changed(i) ? 0.30 + 0.05 * noise : (before - 0.02) / 1.25 + 0.002 * noise;
  });
  const UnchangedGround found = ground.find();
  EXPECT_NEAR(found.gains[0].gain, 1.25, 0.02);
  EXPECT_NEAR(found.gains[0].gain * 0.064 + found.gains[0].offset, 0.10, 1e-3);
  EXPECT_NEAR(found.share, 0.4, 0.005);
  EXPECT_NEAR(found.cells, 160, 2);
  EXPECT_EQ(found.own_weight, 1.0);
  EXPECT_FALSE(found.moved_as_one);
  for (std::size_t i = 0; i < ground.before.size(); ++i) {
    if (!is_changed(i)) {
      EXPECT_EQ(found.is_unchanged[i], 1) << i;
    }
  }
  // The distributions, which know nothing of pixels, are off by far.
  EXPECT_LT(relative_gain(ground.before, ground.after).gain, 0.4F);
}

TEST(Unchanged, WhereAllChangedLevelsAreThoseBefore) {
  const Ground ground(400, 0.10, 0.02, [](std::size_t, double, double noise) { return 0.32 + 0.06 * noise; });
  const UnchangedGround found = ground.find();
  EXPECT_EQ(found.own_weight, 0.0);
  EXPECT_FALSE(found.moved_as_one);
  EXPECT_EQ(found.gains[0].gain, 1.0F);
  EXPECT_EQ(found.gains[0].offset, 0.0F);
  EXPECT_EQ(found.typical[0][0], 0.0F);
  EXPECT_NEAR(found.absolute_noise[0], 0.01 + 0.1 * 0.10, 5e-4);
  EXPECT_EQ(believed_noise(0.5F, 0.02F, found), 0.02F);
}

TEST(Unchanged, AQuarterOfTheGroundIsEnough) {
  for (const bool is_enough : {true, false}) {
    const Ground ground(400, 0.10, 0.02, [&](std::size_t i, double before, double noise) {
      return i % 100 < (is_enough ? 27 : 23) ? before + 0.002 * noise : 0.40 + 0.04 * noise;
    });
    EXPECT_EQ(ground.find().own_weight, is_enough ? 1.0 : 0.0);
  }
}

TEST(Unchanged, HazeThatLiesOverAllIsNoChange) {
  const auto haze = [](double spread) {
    return Ground(400, 0.10, 0.02,
                  [=](std::size_t, double before, double noise) { return 0.14 + 0.9 * before + spread * noise; });
  };
  const UnchangedGround found = haze(0.003).find();
  EXPECT_TRUE(found.moved_as_one);
  EXPECT_EQ(found.own_weight, 1.0);
  EXPECT_GT(found.share, 0.99);
  EXPECT_NEAR(found.gains[0].gain * (0.14 + 0.9 * 0.10) + found.gains[0].offset, 0.10, 1e-3);
  // What moved far and not alike did change.
  EXPECT_FALSE(haze(0.05).find().moved_as_one);
}

TEST(Unchanged, ReachesThreeTimesTheNoiseOfGround) {
  // At 0.10 ground differs by 0.02. One pixel in fifty by a little more than three times that, one by a little less.
  const Ground ground(400, 0.10, 0.0, [](std::size_t i, double before, double noise) {
    const double change = i % 50 == 0 ? 0.063 : (i % 50 == 1 ? -0.057 : 0.0);
    return before + change + 0.0005 * noise;
  });
  const UnchangedGround found = ground.find();
  for (std::size_t i = 0; i < ground.before.size(); ++i) EXPECT_EQ(found.is_unchanged[i], i % 50 == 0 ? 0 : 1) << i;
  UnchangedOptions shorter;
  shorter.reach_sigma = 2.5F;
  EXPECT_EQ(ground.find(shorter).is_unchanged[1], 0);
}

TEST(Unchanged, NoiseIsBelievedUpToTwiceThatOfGround) {
  const auto noisy = [](double sigma) {
    return Ground(400, 0.10, 0.02, [=](std::size_t, double before, double noise) { return before + sigma * noise; });
  };
  EXPECT_GT(noisy(0.03).find().share, 0.98);  // of a scene of fields: its own noise is within twice 0.02
  EXPECT_EQ(noisy(0.08).find().own_weight, 0.0);
}

TEST(Unchanged, FewCellsAreDrawnToWhatIsKnown) {
  // Dark forest that varies by chance alone, of which a third was dug up: its contrast is no reason to stretch the
  // dates.
  const auto forest = [](double cells) {
    return Ground(cells, 0.02, 0.003, [](std::size_t i, double, double noise) {
      return i % 3 == 0 ? 0.25 + 0.03 * noise : 0.025 + 0.012 * noise;
    });
  };
  const UnchangedGround few = forest(9).find();
  EXPECT_NEAR(few.cells, 6, 0.2);
  EXPECT_NEAR(few.own_weight, 6.0 / 56.0, 0.005);
  EXPECT_NEAR(few.gains[0].gain, 1.0, 0.02);
  EXPECT_NEAR(few.gains[0].gain * 0.025 + few.gains[0].offset, 0.02, 2e-3);
  EXPECT_NEAR(believed(2.0F, 5.0F, few), 5.0 - 3.0 * few.own_weight, 1e-5);
  EXPECT_NEAR(believed_noise(0.03F, 0.01F, few), std::sqrt(1e-4 + few.own_weight * 8e-4), 1e-5);
  EXPECT_EQ(forest(74).find().own_weight < 1.0, true);
  EXPECT_EQ(forest(77).find().own_weight, 1.0);
  EXPECT_EQ(believed_noise(0.03F, 0.01F, forest(77).find()), 0.03F);
}

TEST(Unchanged, LittleChangeIsBorneByTheWholeDistribution) {
  for (const int changed : {13, 17}) {
    const Ground ground(400, 0.10, 0.02, [&](std::size_t i, double before, double noise) {
      return static_cast<int>(i % 100) < changed ? 0.40 : before + 0.002 * noise;
    });
    const UnchangedGround found = ground.find();
    const auto counted = std::count(found.counts.begin(), found.counts.end(), std::uint8_t{1});
    EXPECT_EQ(counted == static_cast<std::ptrdiff_t>(ground.before.size()), changed == 13) << changed;
    EXPECT_EQ(found.gains[0].gain == relative_gain(ground.before, ground.after).gain, changed == 13);
  }
}

TEST(Unchanged, OfASingleBandAllCounts) {
  const Ground ground(400, 0.10, 0.02, [&](std::size_t i, double before, double noise) {
    return i % 10 < 3 ? 0.30 + 0.05 * noise : before + 0.002 * noise;
  });
  const DatedBand band{ground.before, ground.after};
  const UnchangedGround found = find_unchanged({&band, 1}, ground.kinds, kind_count, pixels_per_cell);
  EXPECT_NEAR(found.share, 0.7, 0.01);
  EXPECT_EQ(std::count(found.counts.begin(), found.counts.end(), 0), 0);
  EXPECT_EQ(found.gains[0].gain, relative_gain(ground.before, ground.after).gain);
  const UnchangedGround of_two = ground.find();
  EXPECT_GT(std::count(of_two.counts.begin(), of_two.counts.end(), 0), 0);
}

TEST(Unchanged, KindsOfGroundHaveTheirOwnLevels) {
  Ground ground(400, 0.10, 0.02, [](std::size_t i, double before, double noise) {
    return before + (i % 2 == 0 ? 0.01 : -0.01) + 0.001 * noise;
  });
  for (std::size_t i = 1; i < ground.kinds.size(); i += 2) ground.kinds[i] = 1;
  const UnchangedGround found = ground.find();
  EXPECT_NEAR(found.typical[0][0] - found.typical[0][1], 0.02, 3e-3);
  // A kind that hardly occurs is as all are.
  std::fill(ground.kinds.begin(), ground.kinds.end(), std::uint8_t{0});
  ground.kinds[0] = 1;
  const UnchangedGround rare = ground.find();
  EXPECT_NEAR(rare.typical[0][1], rare.typical[0][0], 1e-3);
}

TEST(Unchanged, HardlyAnyPixels) {
  const Ground ground(0.1, 0.10, 0.02, [](std::size_t, double before, double) { return before; });
  const UnchangedGround found = ground.find();
  EXPECT_EQ(found.own_weight, 0.0);
  EXPECT_EQ(found.gains[0].gain, 1.0F);
}

}  // namespace
}  // namespace pitwatch
