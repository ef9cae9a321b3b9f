#include "pipeline/monitor/strata.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace pitwatch {
namespace {

/// Ground with a yearly wave of NDVI, of a brightness in the visible and in B11.
SeasonModel ground(float ndvi, float wave, float log_visible, float log_swir16) {
  SeasonModel model;
  model.coefficients[index(Feature::ndvi)] = {ndvi, wave, 0, 0, 0};
  model.coefficients[index(Feature::log_visible)][0] = log_visible;
  model.coefficients[index(Feature::log_swir16)][0] = log_swir16;
  return model;
}

SeasonModels planes_of(const std::vector<SeasonModel>& models) {
  SeasonModels planes(models.size());
  for (std::size_t i = 0; i < models.size(); ++i) planes.set(i, models[i]);
  return planes;
}

TEST(GroupGround, PixelsWhoseYearsLookAlikeAreOfOneKind) {
  const std::vector<SeasonModel> kinds{
      ground(0.8F, 0.05F, -3.2F, -2.0F),  // forest
      ground(0.5F, 0.3F, -2.8F, -1.6F),   // a field that is green in winter
      ground(0.5F, -0.3F, -2.8F, -1.6F),  // and one that is green in summer
      ground(0.1F, 0, -2.1F, -1.6F),      // rock,
      ground(0.1F, 0, -1.1F, -1.6F),      // brighter to the eye,
      ground(0.1F, 0, -2.1F, -0.6F),      // and in the short-wave infrared
  };
  std::vector<SeasonModel> models;
  for (int i = 0; i < 20; ++i) {
    for (SeasonModel model : kinds) {
      model.coefficients[0][0] += 0.004F * static_cast<float>(i % 5 - 2);
      models.push_back(model);
    }
  }
  const PixelVector<std::uint8_t> grouped = group_ground(planes_of(models));
  // Some of one kind may make another, but no kind holds two sorts of ground.
  for (std::size_t i = 0; i < models.size(); ++i) {
    ASSERT_LT(grouped[i], kind_count);
    for (std::size_t j = 0; j < models.size(); ++j) {
      if (i % kinds.size() != j % kinds.size()) {
        ASSERT_NE(grouped[i], grouped[j]) << i << " " << j;
      }
    }
  }
}

TEST(GroupGround, IdenticalGroundIsOneKindAndWhatIsNotJudgedIsNone) {
  std::vector<SeasonModel> models(9, ground(0.3F, 0.1F, -2, -1.5F));
  models[4] = ground(0.9F, 0, -3, -2);
  SeasonModels planes = planes_of(models);
  *planes.from(4).is_fitted = 0;
  const PixelVector<std::uint8_t> grouped = group_ground(planes);
  for (std::size_t i = 0; i < models.size(); ++i) EXPECT_EQ(grouped[i], i == 4 ? no_kind : 0) << i;
  for (std::size_t i = 0; i < models.size(); ++i) *planes.from(i).is_fitted = 0;
  EXPECT_EQ(group_ground(planes), PixelVector<std::uint8_t>(models.size(), no_kind));
}

TEST(GroupGround, EachPixelIsNearestToTheMeanOfItsKind) {
  // NDVI from 0 to 1, denser and denser.
  std::vector<SeasonModel> models;
  for (int i = 0; i < 600; ++i) models.push_back(ground(std::sqrt(static_cast<float>(i) / 600), 0, -2, -1.5F));
  const PixelVector<std::uint8_t> grouped = group_ground(planes_of(models));
  std::vector<double> sums(kind_count);
  std::vector<int> counts(kind_count);
  for (std::size_t i = 0; i < models.size(); ++i) {
    sums[grouped[i]] += static_cast<double>(models[i].coefficients[0][0]);
    ++counts[grouped[i]];
  }
  EXPECT_EQ(std::count(counts.begin(), counts.end(), 0), 0) << "all kinds are used";
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto distance = [&](std::size_t kind) {
      return std::abs(static_cast<double>(models[i].coefficients[0][0]) - sums[kind] / counts[kind]);
    };
    // The rounds end before the last pixel has moved.
    for (std::size_t kind = 0; kind < kind_count; ++kind) EXPECT_LE(distance(grouped[i]), distance(kind) + 0.012) << i;
  }
}

}  // namespace
}  // namespace pitwatch
