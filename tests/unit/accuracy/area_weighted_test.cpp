#include "pipeline/accuracy/area_weighted.hpp"

#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double ha_per_pixel = 0.09;  // 30 m

const std::vector<std::string> names{"deforestation", "forest gain", "stable forest", "stable non-forest"};

AreaWeightedAccuracy published_example() {
  const std::vector<double> pixels{200000, 150000, 3200000, 6450000};
  const std::vector<std::vector<double>> counts{{66, 0, 5, 4}, {0, 55, 8, 12}, {1, 0, 153, 11}, {2, 1, 9, 313}};
  std::vector<MapStratum> strata;
  std::vector<SampleCount> samples;
  for (std::size_t i = 0; i < names.size(); ++i) {
    strata.push_back({names[i], pixels[i] * ha_per_pixel});
    for (std::size_t j = 0; j < names.size(); ++j) samples.push_back({names[i], names[j], counts[i][j]});
  }
  return area_weighted_accuracy(strata, samples);
}

/// Half the 95 % interval, as the paper gives it.
double reach(const SampledFigure& figure) { return 1.96 * figure.standard_error; }

TEST(AreaWeighted, OlofssonsExample) {
  // Olofsson et al. (2014), section 5: tables 8 and 9, to the digits printed there.
  const AreaWeightedAccuracy accuracy = published_example();
  const std::vector<double> users{0.88, 0.73, 0.93, 0.96};
  const std::vector<double> producers{0.75, 0.85, 0.93, 0.96};
  constexpr double printed = 0.005;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const ClassAccuracy& of_class = accuracy.classes.at(k);
    EXPECT_NEAR(of_class.users.value, users[k], printed) << names[k];
    ASSERT_TRUE(of_class.producers);
    EXPECT_NEAR(of_class.producers->value, producers[k], printed) << names[k];
  }
  EXPECT_NEAR(accuracy.overall.value, 0.95, printed);
  // 235 086 pixels -+ 68 418: 21 158 ha -+ 6158 ha.
  EXPECT_NEAR(accuracy.classes[0].area_ha.value / ha_per_pixel, 235086, 0.5);
  EXPECT_NEAR(reach(accuracy.classes[0].area_ha) / ha_per_pixel, 68418, 1);
  EXPECT_NEAR(accuracy.classes[0].area_ha.value, 21158, 0.5);
  EXPECT_NEAR(reach(accuracy.classes[0].area_ha), 6158, 0.5);
  EXPECT_NEAR(accuracy.area_proportions[0][0], 0.0176, 5e-5);
  EXPECT_NEAR(accuracy.area_proportions[3][3], 0.6212, 5e-5);
}

TEST(AreaWeighted, StandardErrorsByHand) {
  const AreaWeightedAccuracy accuracy = published_example();
  // Eq. 6, deforestation: sqrt(0.88 * 0.12 / 74).
  EXPECT_NEAR(accuracy.classes[0].users.standard_error, 0.037776, 1e-6);
  // Eq. 7, forest gain, in pixels: U = 55 / 75, P = 110000 / 129846.15 = 0.847156;
  // 150000^2 * 0.152844^2 * U (1 - U) / 74 = 1.38904e6, and of the other strata, where only stable non-forest has such
  // samples, P^2 * 6450000^2 * (1 / 325) (324 / 325) / 324 = 0.717674 * 3.93870e8 = 2.82670e8;
  // sqrt(2.84059e8) / 129846.15 = 0.129800.
  EXPECT_NEAR(accuracy.classes[1].producers->standard_error, 0.129800, 2e-6);
  // Eq. 5: sqrt of the sum of (W_i)^2 U_i (1 - U_i) / (n_i - 1) with W = 0.02, 0.015, 0.32, 0.645:
  // 5.7081e-7 + 5.9459e-7 + 4.2108e-5 + 4.5660e-5 = 8.8933e-5.
  EXPECT_NEAR(accuracy.overall.standard_error, 0.0094304, 1e-6);
}

TEST(AreaWeighted, AreasAddUp) {
  double sum_ha = 0;
  for (const ClassAccuracy& of_class : published_example().classes) sum_ha += of_class.area_ha.value;
  EXPECT_NEAR(sum_ha, 10000000 * ha_per_pixel, 1e-6);
}

TEST(AreaWeighted, AClassThatWasNotMetHasNoProducersAccuracy) {
  const std::vector<MapStratum> strata{{"a", 10}, {"b", 30}};
  const std::vector<SampleCount> samples{{"a", "b", 2}, {"b", "b", 3}};
  const AreaWeightedAccuracy accuracy = area_weighted_accuracy(strata, samples);
  EXPECT_FALSE(accuracy.classes[0].producers);
  EXPECT_EQ(accuracy.classes[0].area_ha.value, 0);
  EXPECT_EQ(accuracy.classes[1].area_ha.value, 40);
  EXPECT_EQ(accuracy.overall.value, 0.75);
}

TEST(AreaWeighted, RefusesWhatCannotBe) {
  const std::vector<MapStratum> strata{{"a", 10}, {"b", 30}};
  const std::vector<SampleCount> enough{{"a", "a", 2}, {"b", "b", 2}};
  const auto with = [&](const SampleCount& more) {
    std::vector<SampleCount> samples = enough;
    samples.push_back(more);
    return samples;
  };
  EXPECT_NO_THROW(area_weighted_accuracy(strata, enough));
  EXPECT_THROW(area_weighted_accuracy({}, enough), DataError);
  EXPECT_THROW(area_weighted_accuracy(std::vector<MapStratum>{{"a", 10}, {"a", 30}}, enough), DataError);
  EXPECT_THROW(area_weighted_accuracy(std::vector<MapStratum>{{"a", 10}, {"b", 0}}, enough), DataError);
  EXPECT_THROW(area_weighted_accuracy(strata, with({"c", "a", 1})), DataError);
  EXPECT_THROW(area_weighted_accuracy(strata, with({"a", "c", 1})), DataError);
  EXPECT_THROW(area_weighted_accuracy(strata, with({"a", "a", 0.5})), DataError);
  EXPECT_THROW(area_weighted_accuracy(strata, with({"a", "a", -1})), DataError);
  EXPECT_THROW(area_weighted_accuracy(strata, std::vector<SampleCount>{{"a", "a", 2}, {"b", "b", 1}}), DataError);
}

}  // namespace
}  // namespace pitwatch
