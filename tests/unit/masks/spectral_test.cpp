// Cloud, snow and clear ground by colour: spectra made by hand after published ones.

#include "pipeline/masks/spectral.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

struct Sample {
  std::string name;
  SkyPixel pixel;  // blue, green, red, nir, swir16
  MaskBits expected;
};

const std::vector<Sample> samples{
    {"thick cloud", {0.60F, 0.60F, 0.61F, 0.65F, 0.45F}, mask_cloud},
    {"grey cloud", {0.32F, 0.31F, 0.31F, 0.36F, 0.28F}, mask_cloud},
    {"cloud of ice over grass", {0.26F, 0.26F, 0.25F, 0.40F, 0.22F}, mask_cloud},
    {"thin cloud over forest", {0.13F, 0.14F, 0.12F, 0.30F, 0.17F}, mask_cirrus},
    {"thin cloud over soil", {0.19F, 0.21F, 0.22F, 0.28F, 0.30F}, mask_cirrus},
    {"fresh snow", {0.87F, 0.86F, 0.85F, 0.80F, 0.11F}, mask_snow},
    {"snow in shade", {0.16F, 0.13F, 0.10F, 0.07F, 0.01F}, mask_snow},
    {"dune sand", {0.17F, 0.24F, 0.33F, 0.40F, 0.50F}, mask_clear},
    {"bright gravel", {0.25F, 0.29F, 0.32F, 0.34F, 0.40F}, mask_clear},
    {"quarried limestone", {0.36F, 0.43F, 0.47F, 0.50F, 0.56F}, mask_clear},
    {"dry tailings", {0.22F, 0.26F, 0.29F, 0.31F, 0.34F}, mask_clear},
    {"ploughed soil", {0.07F, 0.10F, 0.13F, 0.18F, 0.27F}, mask_clear},
    {"grass", {0.04F, 0.08F, 0.05F, 0.38F, 0.22F}, mask_clear},
    {"forest in shade", {0.01F, 0.012F, 0.008F, 0.06F, 0.03F}, mask_clear},
    {"clear water", {0.04F, 0.035F, 0.02F, 0.01F, 0.004F}, mask_clear},
    {"pool of tailings", {0.105F, 0.14F, 0.118F, 0.04F, 0.012F}, mask_clear},
    {"milky lake", {0.12F, 0.13F, 0.09F, 0.05F, 0.01F}, mask_clear},
};

TEST(SpectralReasons, NameCloudAndSnowAndLeaveGround) {
  for (const Sample& sample : samples) EXPECT_EQ(spectral_reasons(sample.pixel), sample.expected) << sample.name;
}

TEST(SpectralReasons, NothingIsSaidWithoutABand) {
  for (float SkyPixel::*band : {&SkyPixel::blue, &SkyPixel::green, &SkyPixel::red, &SkyPixel::nir, &SkyPixel::swir16}) {
    for (const Sample& sample : samples) {
      SkyPixel pixel = sample.pixel;
      pixel.*band = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(spectral_reasons(pixel), mask_clear) << sample.name;
    }
  }
}

TEST(SpectralReasons, CirrusShowsInItsOwnBandWhatTheEyeDoesNotSee) {
  SkyPixel grass{0.04F, 0.08F, 0.05F, 0.38F, 0.22F};
  grass.cirrus = 0.011F;
  EXPECT_EQ(spectral_reasons(grass), mask_clear);
  grass.cirrus = 0.013F;
  EXPECT_EQ(spectral_reasons(grass), mask_cirrus);
  grass.cirrus = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(spectral_reasons(grass), mask_clear);
}

TEST(SpectralReasons, DarkerThanNothingIsNoSnow) {
  EXPECT_EQ(spectral_reasons({-0.01F, -0.004F, -0.01F, 0.001F, -0.002F}), mask_clear);
}

TEST(BareGround, IsRedderThanCloudAndDarkerToTheEyeThanInTheInfrared) {
  for (const Sample& sample : samples) {
    const bool is_bare = sample.name == "dune sand" || sample.name == "bright gravel" ||
                         sample.name == "quarried limestone" || sample.name == "dry tailings" ||
                         sample.name == "ploughed soil";
    EXPECT_EQ(is_bare_ground(sample.pixel), is_bare) << sample.name;
  }
}

TEST(PathReflectance, IsThatOfMolecules) {
  // Optical thickness at 0.493 um 0.1517, at 0.665 um 0.0449; the sun overhead doubles the sideways phase function:
  // thickness * 1.5 / 4.
  const PathReflectance overhead = path_reflectance(0);
  EXPECT_NEAR(overhead.blue, 0.1517 * 1.5 / 4, 5e-4);
  EXPECT_NEAR(overhead.red, 0.0449 * 1.5 / 4, 5e-4);
  // At 60 degrees: thickness * 0.75 * 1.25 / 2.
  EXPECT_NEAR(path_reflectance(60).blue, 0.1517 * 0.75 * 1.25 / 2, 1e-3);
  EXPECT_GT(overhead.blue, overhead.green);
  EXPECT_GT(overhead.green, overhead.red);
  EXPECT_GT(overhead.red, overhead.nir);
  EXPECT_EQ(path_reflectance(95).blue, path_reflectance(80).blue);
}

TEST(PathReflectance, TakenOffLetsTheRulesHoldAtTheTopOfTheAtmosphere) {
  const PathReflectance path = path_reflectance(40);
  const SkyPixel grass{0.04F + path.blue, 0.08F + path.green, 0.05F + path.red, 0.38F + path.nir, 0.22F};
  EXPECT_EQ(spectral_reasons(grass), mask_cirrus);  // as it is, the air looks like thin cloud
  EXPECT_EQ(spectral_reasons({grass.blue - path.blue, grass.green - path.green, grass.red - path.red,
                              grass.nir - path.nir, grass.swir16}),
            mask_clear);
}

}  // namespace
}  // namespace pitwatch
