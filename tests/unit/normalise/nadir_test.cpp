#include "pipeline/normalise/nadir.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace pitwatch {
namespace {

using std::numbers::pi;

TEST(BrdfKernels, AreZeroWithSunAndViewStraightAbove) {
  EXPECT_NEAR(ross_thick({0, 0}, {0, 0}), 0, 1e-12);
  EXPECT_NEAR(li_sparse({0, 0}, {0, 0}), 0, 1e-12);
  EXPECT_NEAR(li_sparse({0, 10}, {0, 200}), 0, 1e-12);
}

TEST(BrdfKernels, OfTheHotSpot) {
  // Sun behind the satellite: the phase is 0 and the shadows of sun and view coincide. What is left of the formulas
  // with s = 1 / cos(zenith): RossThick pi / 4 * (s - 1), LiSparse s - 2 s + s^2.
  for (const double zenith : {15.0, 30.0, 45.0, 60.0}) {
    const double s = 1 / std::cos(zenith * pi / 180);
    EXPECT_NEAR(ross_thick({zenith, 135}, {zenith, 135}), pi / 4 * (s - 1), 1e-7) << zenith;
    EXPECT_NEAR(li_sparse({zenith, 135}, {zenith, 135}), s * s - s, 1e-7) << zenith;
  }
  EXPECT_NEAR(ross_thick({60, 0}, {60, 0}), 0.785398, 1e-6);
  EXPECT_NEAR(li_sparse({60, 0}, {60, 0}), 2, 1e-6);
}

TEST(BrdfKernels, WorkedByHand) {
  // View from above, sun at 60 degrees: the phase is 60 degrees. RossThick ((pi / 6) / 2 + 0.866025) / 1.5 - pi / 4.
  // LiSparse: secants 2 + 1; cos t = 2 tan 60 / 3 = 1.15 and held at 1, so that no shadows overlap:
  // -3 + 0.5 * (1 + 0.5) * 2.
  EXPECT_NEAR(ross_thick({60, 75}, {0, 0}), -0.033515, 1e-6);
  EXPECT_NEAR(li_sparse({60, 75}, {0, 0}), -1.5, 1e-9);
  // Both at 30 degrees from opposite sides: the phase is 60 degrees again. RossThick
  // ((pi / 6) / 2 + 0.866025) / (2 * 0.866025) - pi / 4. LiSparse: secants 2 * 1.154701, distance 2 tan 30 = 1.154701,
  // cos t = 2 * 1.154701 / 2.309401 = 1: -2.309401 + 0.5 * 1.5 * 1.333333.
  EXPECT_NEAR(ross_thick({30, 20}, {30, 200}), -0.134248, 1e-6);
  EXPECT_NEAR(li_sparse({30, 20}, {30, 200}), -1.309401, 1e-6);
  // View from above, sun at acos(0.8), tan 0.75: secants 2.25, cos t = 1.5 / 2.25 = 2 / 3, t = 0.841069,
  // sin t = 0.745356: overlap (0.841069 - 0.496904) * 2.25 / pi = 0.246488; 0.246488 - 2.25 + 0.5 * 1.8 * 1.25.
  EXPECT_NEAR(li_sparse({36.869898, 0}, {0, 0}), -0.878512, 1e-5);
}

TEST(BrdfKernels, AreReciprocalAndSymmetric) {
  for (const double azimuth : {0.0, 40.0, 90.0, 150.0}) {
    const ViewAngles low{55, 100};
    const ViewAngles high{8, 100 + azimuth};
    EXPECT_NEAR(ross_thick(low, high), ross_thick(high, low), 1e-12);
    EXPECT_NEAR(li_sparse(low, high), li_sparse(high, low), 1e-12);
    EXPECT_NEAR(ross_thick(low, high), ross_thick(low, {8, 100 - azimuth}), 1e-12);
    EXPECT_NEAR(li_sparse(low, high), li_sparse(low, {8, 100 - azimuth + 360}), 1e-12);
  }
}

TEST(NadirFactor, DarkensWhatWasSeenWithTheSunInTheBack) {
  const BrdfWeights red = brdf_weights(Band::B04).value();
  const ViewAngles sun{40, 150};
  EXPECT_EQ(nadir_factor(red, sun, {0, 0}), 1);
  EXPECT_LT(nadir_factor(red, sun, {10, 150}), 1);
  EXPECT_GT(nadir_factor(red, sun, {10, 330}), 1);
  // The view reaches some 10 degrees from nadir, where the model knows differences of a few percent.
  EXPECT_NEAR(nadir_factor(red, sun, {10, 150}), 1, 0.1);
  // The hot spot at 60 degrees by the kernels worked above: (iso - 1.5 geo - 0.033515 vol) / (iso + 2 geo + pi / 4
  // vol).
  EXPECT_NEAR(nadir_factor(red, {60, 0}, {60, 0}),
              (0.1690 - 1.5 * 0.0227 - 0.033515 * 0.0574) / (0.1690 + 2 * 0.0227 + pi / 4 * 0.0574), 1e-6);
  // Sun above instead of at 60 degrees: iso alone.
  EXPECT_NEAR(nadir_factor(red, {60, 0}, {0, 0}, 0.0), 0.1690 / (0.1690 - 1.5 * 0.0227 - 0.033515 * 0.0574), 1e-6);
}

TEST(SeenFromNadir, PutsTheFactorIntoTheCalibration) {
  Scene scene;
  for (const Band band : {Band::B01, Band::B04, Band::SCL}) scene.bands[band].calibration.offset = -0.1F;
  const float scale = scene.bands.at(Band::B04).calibration.scale;
  EXPECT_EQ(seen_from_nadir(scene).bands.at(Band::B04).calibration.scale, scale);  // no angles known
  scene.sun = ViewAngles{50, 160};
  scene.view = ViewAngles{9, 285};
  const Scene seen = seen_from_nadir(scene, 45.0);
  const auto factor = static_cast<float>(nadir_factor(brdf_weights(Band::B04).value(), *scene.sun, *scene.view, 45.0));
  EXPECT_NE(factor, 1);
  EXPECT_FLOAT_EQ(seen.bands.at(Band::B04).calibration.scale, scale * factor);
  EXPECT_FLOAT_EQ(seen.bands.at(Band::B04).calibration.offset, -0.1F * factor);
  for (const Band band : {Band::B01, Band::SCL}) {
    EXPECT_EQ(seen.bands.at(band).calibration.scale, scale);
    EXPECT_EQ(seen.bands.at(band).calibration.offset, -0.1F);
  }
}

}  // namespace
}  // namespace pitwatch
