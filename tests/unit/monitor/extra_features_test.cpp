#include "pipeline/indices/extra_features.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/shift.hpp"
#include "tests/unit/monitor/watched_patch.hpp"

namespace pitwatch {
namespace {

using test::pixel;

ExtraFeatures features(const std::vector<std::string>& texts) { return ExtraFeatures(texts, feature_names); }

std::string why_not(const std::vector<std::string>& texts) {
  try {
    features(texts);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

struct Measured {
  float value = 0;
  float error = 0;
};

/// Of the first feature, over bands in the order of bands().
Measured measured(const ExtraFeatures& extra, const std::vector<float>& bands, float reflectance_error) {
  std::vector<const float*> rows;
  for (const float& band : bands) rows.push_back(&band);
  std::vector<Measured> results(extra.size());
  std::vector<float*> values;
  std::vector<float*> errors;
  for (Measured& result : results) {
    values.push_back(&result.value);
    errors.push_back(&result.error);
  }
  ExtraFeatures::Scratch scratch;
  extra.measure(rows, 1, reflectance_error, scratch, values, errors);
  return results.front();
}

TEST(ExtraFeatures, AreNamedAndReadAsFormulas) {
  const ExtraFeatures extra = features({"BSI", "Edge = (B8A - B05) / (B8A + B05) ", "red=B04"});
  ASSERT_EQ(extra.size(), 3U);
  EXPECT_EQ(extra[0].name, "BSI");
  EXPECT_EQ(extra[0].formula, "BSI");
  EXPECT_EQ(extra.text(), "BSI=BSI; Edge=(B8A - B05) / (B8A + B05); red=B04");
  EXPECT_EQ(names_of_features(extra).back(), "red");
  EXPECT_EQ(names_of_features({}).size(), feature_count);
}

TEST(ExtraFeatures, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_NE(why_not({"X=B08 / B99"}).find("--feature X=B08 / B99: character 9: no band"), std::string::npos);
  EXPECT_NE(why_not({"X=B08 +"}).find("character 8"), std::string::npos) << why_not({"X=B08 +"});
  EXPECT_NE(why_not({"1=B08"}).find("character 1: must begin with NAME="), std::string::npos);
  EXPECT_NE(why_not({"=B08"}).find("character 1"), std::string::npos);
  EXPECT_NE(why_not({"X:B08"}).find("character 2: must be '='"), std::string::npos);
  EXPECT_NE(why_not({"X="}).find("character 3"), std::string::npos) << why_not({"X="});
  EXPECT_NE(why_not({"NOSUCHINDEX"}).find("character 1"), std::string::npos);
  EXPECT_NE(why_not({"ndvi=B08"}).find("ndvi is monitored anyway"), std::string::npos);
  EXPECT_NE(why_not({"A=B08", "a=B04"}).find("the name a is given twice"), std::string::npos);
  EXPECT_NE(why_not({"A=B08 > B04"}).find("a condition alone is no feature"), std::string::npos);
  EXPECT_NE(why_not({"A=log(B08 - 2)"}).find("has no value"), std::string::npos);
  EXPECT_NE(why_not({std::string(33, 'a') + "=B08"}).find("more than 32 characters"), std::string::npos);
  EXPECT_EQ(why_not(std::vector<std::string>(8, "B08")).find("more than 8"), std::string::npos);
  EXPECT_NE(why_not(std::vector<std::string>(9, "B08")).find("more than 8"), std::string::npos);
}

TEST(ExtraFeatures, AnIndexThatIsThereAnywayIsMeasuredAlike) {
  MonitorOptions options;
  options.extra = features({"BSI", "NDVI", "other=MNDWI"});
  test::Camera camera(8, 3);
  const ObservationFeatures seen =
      camera.features([](int x, int, int) { return x < 4 ? test::forest_spectrum : test::pit_spectrum; }, 100, options);
  ASSERT_EQ(seen.values.features(), 9U);
  constexpr std::array<std::pair<Feature, std::size_t>, 3> pairs{
      {{Feature::bsi, 6}, {Feature::ndvi, 7}, {Feature::mndwi, 8}}};
  for (std::size_t i = 0; i < seen.pixels(); ++i) {
    for (const auto& [feature, extra] : pairs) {
      EXPECT_NEAR(seen.values.at(i, extra), seen.values.at(i, index(feature)), 1e-5F);
      EXPECT_NEAR(seen.errors.at(i, extra), seen.errors.at(i, index(feature)), 1e-5F);
    }
  }
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(options.extra[k].scale, 1) << k;
}

TEST(ExtraFeatures, AreScaledSoThatTheirErrorsAreAsThatOfNdvi) {
  for (const std::string formula : {"B08", "B08 * 10000", "B08 / B04", "EVI", "B08 * 1e-6", "1 / (B04 * B04)"}) {
    const ExtraFeatures extra = features({"x=" + formula});
    const float scale = extra[0].scale;
    EXPECT_EQ(std::exp2(std::round(std::log2(scale))), scale) << formula;
    std::vector<float> soil;
    for (const Band band : extra.bands()) soil.push_back(band == Band::B08 ? .25F : band == Band::B04 ? .16F : .09F);
    const float error = measured(extra, soil, .008F).error;
    EXPECT_GT(error, .005F) << formula;
    EXPECT_LT(error, .08F) << formula;
  }
  EXPECT_GT(features({"x=EVI"})[0].per_ndvi, 0.3F);
  EXPECT_LT(features({"x=BSI"})[0].per_ndvi, -0.3F);
}

TEST(ExtraFeatures, ErrorsAreThoseOfIndependentBands) {
  const ExtraFeatures sum = features({"x=3 * B08 - 4 * B04"});
  EXPECT_NEAR(measured(sum, {.3F, .1F}, .01F).error, sum[0].scale * 5 * .01F, 1e-6F);
  const ExtraFeatures ratio = features({"x=B08 / B04"});
  // d = (1 / red, nir / red^2)
  EXPECT_NEAR(measured(ratio, {.3F, .1F}, .01F).error, ratio[0].scale * .01F * std::hypot(10.F, 30.F), 1e-5F);
}

TEST(ExtraFeatures, WithoutABandOrAValueThereIsNone) {
  const ExtraFeatures ratio = features({"x=B08 / B04"});
  const float nan = std::nanf("");
  EXPECT_TRUE(std::isnan(measured(ratio, {.3F, nan}, .01F).value));
  EXPECT_EQ(measured(ratio, {.3F, nan}, .01F).error, 0);
  const ExtraFeatures rest = features({"x=log(B08 - B04)"});
  EXPECT_FALSE(std::isnan(measured(rest, {.3F, .1F}, .01F).value));
  EXPECT_TRUE(std::isnan(measured(rest, {.1F, .3F}, .01F).value));
  // What is darker than darkest_reflectance counts as that.
  EXPECT_EQ(measured(ratio, {.3F, -.01F}, .01F).value, measured(ratio, {.3F, .002F}, .01F).value);
  EXPECT_LE(measured(ratio, {2, .002F}, .01F).value, ExtraFeatures::largest_value);
}

/// The squared length of residuals whose joint covariance is `covariance`, of those that are wanted alone.
double squared_distance(std::vector<std::vector<double>> matrix, std::vector<double> residual) {
  double squares = 0;  // by elimination
  for (std::size_t k = 0; k < residual.size(); ++k) {
    squares += residual[k] * residual[k] / matrix[k][k];
    for (std::size_t r = k + 1; r < residual.size(); ++r) {
      const double factor = matrix[r][k] / matrix[k][k];
      residual[r] -= factor * residual[k];
      for (std::size_t c = k; c < residual.size(); ++c) matrix[r][c] -= factor * matrix[k][c];
    }
  }
  return squares;
}

TEST(ExtraFeatures, TheOthersAreWeighedByTheirOwnCovarianceWhereOneIsAbsent) {
  // Factor of the covariance: unit lower triangle with some entries below.
  constexpr std::size_t n = 9;
  std::vector<std::vector<double>> factor(n, std::vector<double>(n, 0));
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c <= r; ++c)
      factor[r][c] = r == c ? 1 : 0.1 * (static_cast<double>((r * 7 + c * 3) % 11) - 4);
  }
  std::vector<std::vector<double>> covariance(n, std::vector<double>(n, 0));
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t k = 0; k < n; ++k) covariance[r][c] += factor[r][k] * factor[c][k];
    }
  }
  MonitorState state = make_state(1, 1, n);
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t r = c; r < n; ++r) {
      double rest = r == c ? 1 : 0;
      for (std::size_t k = c; k < r; ++k) rest -= factor[r][k] * static_cast<double>(state.whitening[k * n + c]);
      state.whitening[r * n + c] = static_cast<float>(rest);
    }
  }
  state.typical_noise.fill(0.02F);
  MonitorOptions options;
  options.extra = features({"a=B08", "b=B04", "c=B11"});
  const ShiftEvidence evidence(state, options);
  const std::vector<double> residual{1, -2, .5, 3, -1, .25, 4, -3, 2};
  FeatureVector standard{};
  for (std::size_t f = 0; f < n; ++f) standard[f] = static_cast<float>(residual[f]);
  for (unsigned absent = 0; absent < 8; ++absent) {
    std::vector<std::size_t> there;
    for (std::size_t f = 0; f < n; ++f) {
      if (f < feature_count || (absent >> (f - feature_count) & 1U) == 0) there.push_back(f);
    }
    std::vector<std::vector<double>> of;
    std::vector<double> rest;
    for (const std::size_t r : there) {
      std::vector<double>& row = of.emplace_back();
      for (const std::size_t c : there) row.push_back(covariance[r][c]);
      rest.push_back(residual[r]);
    }
    FeatureVector given = standard;
    for (std::size_t f = feature_count; f < n; ++f) {
      if ((absent >> (f - feature_count) & 1U) != 0) given[f] = std::nanf("");
    }
    const FeatureVector whitened = evidence.whitened(given, static_cast<AbsentFeatures>(absent));
    double squares = 0;
    for (const float value : whitened) squares += static_cast<double>(value * value);
    EXPECT_NEAR(squares, squared_distance(of, rest), 1e-3 * squares) << absent;
    for (std::size_t f = feature_count; f < n; ++f) {
      if ((absent >> (f - feature_count) & 1U) != 0) {
        EXPECT_EQ(whitened[f], 0);
      }
    }
  }
}

/// A watched patch with features of its own.
struct FeatureWatch {
  explicit FeatureWatch(const std::vector<std::string>& texts) : camera(test::side, test::side) {
    options.extra = features(texts);
    state = test::learnt(camera, ground, test::side, test::side, options);
  }

  MonitorOptions options;
  test::Camera camera;
  test::Ground ground = test::ground_with(test::forest_spectrum, test::pit_spectrum, test::first_day + 20, 9999);
  MonitorState state;
};

TEST(ExtraFeatures, AreLearntAndFound) {
  FeatureWatch watch({"nbr=NBR", "sum=B08 + B11"});
  EXPECT_EQ(watch.state.features, 8U);
  EXPECT_GT(watch.state.typical_noise[6], 0);
  EXPECT_GT(watch.state.typical_noise[7], 0);
  Observation seen;
  for (int day = test::first_day; day < test::first_day + 60; day += 10)
    observe(watch.state, watch.camera.features(watch.ground, day, watch.options), watch.options, seen);
  EXPECT_EQ(seen.status[test::inside], PixelStatus::confirmed);
  EXPECT_EQ(seen.status[test::outside], PixelStatus::stable);
  const FeatureVector whitened = watch.state.recent(test::inside).whitened[0];
  EXPECT_NE(whitened[6], 0);
  const SeasonModel model = watch.state.model(test::outside);
  const float nbr = (.285F - .060F) / (.285F + .060F);
  EXPECT_NEAR(model.coefficients[6][0] / watch.options.extra[0].scale, nbr, 0.02F);
}

TEST(ExtraFeatures, OneThatIsThereAnywayAccusesNothing) {
  FeatureWatch watch({"BSI"});
  // Half of its noise counts as its own, however much it has in common with the others.
  EXPECT_LT(watch.state.whitening[6 * 7 + 6], 2.01F);
  Observation seen;
  float longest = 0;
  for (int day = test::first_day; day < test::first_day + 800; day += 10) {
    observe(watch.state, watch.camera.features(watch.ground, day, watch.options), watch.options, seen);
    longest = std::max(longest, std::abs(watch.state.recent(test::outside).whitened[0][6]));
  }
  // Of the model of a feature that is there twice each is rounded for itself.
  EXPECT_LT(longest, 3);
  EXPECT_EQ(seen.status[test::outside], PixelStatus::stable);
  EXPECT_EQ(seen.status[test::inside], PixelStatus::confirmed);
}

TEST(ExtraFeatures, OneThatIsAbsentSaysNothingAndTheOthersCount) {
  FeatureWatch watch({"nbr=NBR"});
  // The formula needs B12 alone beside what the six do: take its value away instead of the band.
  MonitorState without = unfilled_state(test::side, test::side, watch.state.observations.size(), 7);
  const auto saved = state_arrays(watch.state);
  const auto target = state_arrays(without);
  for (std::size_t i = 0; i < saved.size(); ++i)
    std::copy(saved[i].bytes.begin(), saved[i].bytes.end(), target[i].bytes.begin());
  Observation seen;
  Observation seen_without;
  for (int day = test::first_day; day < test::first_day + 60; day += 10) {
    ObservationFeatures next = watch.camera.features(watch.ground, day, watch.options);
    observe(watch.state, next, watch.options, seen);
    for (std::size_t i = 0; i < next.pixels(); ++i) next.values.at(i, 6) = std::nanf("");
    observe(without, next, watch.options, seen_without);
    for (const std::size_t i : {test::inside, test::outside}) {
      ASSERT_EQ(seen_without.use[i], seen.use[i]);
      EXPECT_EQ(without.recent(i).whitened[0][6], 0);
      if (day == test::first_day) {
        for (std::size_t f = 0; f < feature_count; ++f)
          EXPECT_NEAR(without.recent(i).whitened[0][f], watch.state.recent(i).whitened[0][f], 0.51F);
      }
    }
  }
  EXPECT_EQ(seen_without.status[test::inside], PixelStatus::confirmed);
  EXPECT_EQ(seen_without.status[test::outside], PixelStatus::stable);
  // Its model stays as it was, that of the others goes on.
  const PackedModel before = watch.state.models[test::outside];
  EXPECT_EQ(without.models[test::outside].noise[6], before.noise[6]);
}

TEST(ExtraFeatures, AStateOfOtherFeaturesIsRefused) {
  FeatureWatch watch({"nbr=NBR"});
  Observation seen;
  MonitorOptions none;
  EXPECT_THROW(observe(watch.state, watch.camera.features(watch.ground, 400, none), watch.options, seen), DataError);
  EXPECT_THROW(observe(watch.state, watch.camera.features(watch.ground, 400, watch.options), none, seen), DataError);
  ObservationStack stack(4, 4);
  EXPECT_THROW(stack.add(test::Camera(4, 4).features(watch.ground, 0, watch.options)), DataError);
}

TEST(ExtraFeatures, BandsOfTheirOwnComeWithTheObservation) {
  MonitorOptions options;
  options.extra = features({"edge=nd(B8A, B05)"});
  test::Camera camera(3, 2);
  ObservationPlanes planes = camera.observation([](int, int, int) { return test::forest_spectrum; }, 100);
  ObservationFeatures seen;
  extract_features(planes, options, seen);
  EXPECT_TRUE(std::isnan(seen.values.at(0, 6)));
  planes.more[Band::B05] = Plane<float>(3, 2);
  planes.more[Band::B8A] = Plane<float>(3, 2);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      planes.more[Band::B05].at(x, y) = 0.1F;
      planes.more[Band::B8A].at(x, y) = x == 1 ? std::nanf("") : 0.3F;
    }
  }
  extract_features(planes, options, seen);
  EXPECT_NEAR(seen.values.at(0, 6), 0.5F, 1e-6F);
  EXPECT_TRUE(std::isnan(seen.values.at(1, 6)));
  EXPECT_EQ(seen.seen[1], Seen::clear) << "what a feature lacks masks nothing";
  planes.more[Band::B05] = Plane<float>(2, 2);
  EXPECT_THROW(extract_features(planes, options, seen), DataError);
}

}  // namespace
}  // namespace pitwatch
