// Chips as pictures.

#include "pipeline/chips/chip_picture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/chips/chip_examples.hpp"

namespace pitwatch {
namespace {

using test::even_chip;

std::array<int, 3> pixel(const Picture& picture, int x, int y) {
  const auto at = 3 * static_cast<std::size_t>(y * picture.width + x);
  return {picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]};
}

/// Reflectance as a chip keeps it.
std::uint16_t kept(double reflectance) { return static_cast<std::uint16_t>(reflectance * 1e4 + 3001.5); }

TEST(ChipPicture, StretchIsOfTheClearPixelsOfAllChips) {
  std::vector<Chip> chips;
  chips.push_back(even_chip(ChipRole::before, "2021-06-01", 10, 10));
  chips.push_back(even_chip(ChipRole::seen, "2021-06-10", 10, 10));
  for (int i = 0; i < 100; ++i) {
    chips[0].bands[2].at(i % 10, i / 10) = kept(0.1 + 0.001 * i);
    chips[1].bands[2].at(i % 10, i / 10) = kept(0.2 + 0.001 * i);
  }
  chips[1].bands[2].at(9, 9) = kept(2);  // a cloud
  chips[1].mask.at(9, 9) = mask_cloud;
  chips[1].bands[2].at(8, 9) = 0;
  const Stretch stretch = stretch_of(chips, Composite::true_colour);
  EXPECT_NEAR(stretch.low[0], 0.104, 0.0006);
  EXPECT_NEAR(stretch.high[0], 0.293, 0.0006);
  EXPECT_NEAR(stretch.low[1], 0.15, 1e-4);                                      // green, even
  EXPECT_NEAR(stretch.high[1], 0.15 + 0.02, 1e-4);                              // not narrower than noise
  EXPECT_NEAR(stretch_of(chips, Composite::short_wave).low[2], 0.104, 0.0006);  // red is its blue
  EXPECT_NEAR(stretch_of(chips, Composite::short_wave).low[0], 0.35, 1e-4);
  EXPECT_NEAR(stretch_of(chips, Composite::short_wave).low[1], 0.25, 1e-4);
}

TEST(ChipPicture, WithoutAClearPixelStretchIsTheUsual) {
  EXPECT_EQ(stretch_of({}, Composite::true_colour), (Stretch{{0, 0, 0}, {0.3F, 0.3F, 0.3F}}));
}

TEST(ChipPicture, ClearPixelsAreStretchedColourByColour) {
  Chip chip = even_chip(ChipRole::seen, "2021-06-10", 9, 8);
  chip.bands[2].at(1, 2) = kept(0.1);   // red
  chip.bands[1].at(1, 2) = kept(0.2);   // green
  chip.bands[0].at(1, 2) = kept(0.05);  // blue, below
  chip.bands[5].at(1, 2) = kept(0.3);   // B12
  chip.bands[3].at(1, 2) = kept(0.0);   // B08
  const Stretch stretch{{0, 0.1F, 0.1F}, {0.2F, 0.2F, 0.3F}};
  EXPECT_EQ(pixel(picture_of(chip, Composite::true_colour, stretch), 1, 2), (std::array{128, 255, 0}));
  EXPECT_EQ(pixel(picture_of(chip, Composite::short_wave, stretch), 1, 2), (std::array{255, 0, 0}));
  EXPECT_EQ(picture_of(chip, Composite::true_colour, stretch).width, 9);
  EXPECT_EQ(picture_of(chip, Composite::true_colour, stretch).rgb.size(), 9U * 8 * 3);
}

TEST(ChipPicture, MaskedAndMissingGroundCannotBeTakenForGround) {
  Chip chip = even_chip(ChipRole::seen, "2021-06-10", 8, 8);
  const Stretch stretch{{0, 0, 0}, {0.2F, 0.2F, 0.2F}};
  for (int x = 0; x < 8; ++x) {
    chip.mask.at(x, 1) = mask_cloud;
    chip.bands[1].at(x, 2) = 0;
  }
  const Picture picture = picture_of(chip, Composite::true_colour, stretch);
  EXPECT_EQ(pixel(picture, 0, 0), (std::array{255, 191, 128}));  // clear ground has no lines over it
  EXPECT_EQ(pixel(picture, 4, 0), pixel(picture, 0, 0));
  EXPECT_EQ(pixel(picture, 0, 1), (std::array{208, 176, 144}));  // half grey
  EXPECT_EQ(pixel(picture, 3, 1), (std::array{125, 105, 86}));   // with a line over it
  EXPECT_EQ(pixel(picture, 7, 1), pixel(picture, 3, 1));
  EXPECT_EQ(pixel(picture, 0, 2), (std::array{225, 225, 225}));
  EXPECT_EQ(pixel(picture, 2, 2), (std::array{135, 135, 135}));
}

}  // namespace
}  // namespace pitwatch
