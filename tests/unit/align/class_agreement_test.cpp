#include "pipeline/align/class_agreement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Colour {
  float blue, red, nir;
};

constexpr Colour plants{0.03F, 0.03F, 0.3F};
constexpr Colour soil{0.12F, 0.2F, 0.25F};
constexpr Colour lake{0.04F, 0.02F, 0.01F};
constexpr Colour cloud{0.7F, 0.7F, 0.75F};
constexpr Colour snow{0.8F, 0.8F, 0.7F};

Colour colour_of(int scl) { return scl == 4 ? plants : scl == 5 ? soil : scl == 6 ? lake : scl == 9 ? cloud : snow; }

/// Fields of 12 pixels, each of a class that does not follow from those of its neighbours.
int class_of_ground(int x, int y) {
  constexpr std::array classes{4, 5, 6, 9, 11};
  auto cell = static_cast<std::uint32_t>((x + 1200) / 12 * 131 + (y + 1200) / 12 * 7919);
  cell = (cell ^ cell >> 7) * 2654435761U;
  return classes[(cell >> 15) % classes.size()];
}

struct Scene {
  Scene(int width, int height) : blue(width, height), red(width, height), nir(width, height), classes(width, height) {}
  void set(const std::function<Colour(int, int)>& colour, const std::function<int(int, int)>& scl) {
    for (int y = 0; y < classes.height(); ++y) {
      for (int x = 0; x < classes.width(); ++x) {
        const Colour at = colour(x, y);
        blue.at(x, y) = at.blue;
        red.at(x, y) = at.red;
        nir.at(x, y) = at.nir;
        classes.at(x, y) = static_cast<std::uint8_t>(scl(x, y));
      }
    }
  }
  ClassAgreement agreement() const { return class_agreement({blue.view(), red.view(), nir.view(), classes.view()}); }
  Plane<float> blue, red, nir;
  Plane<std::uint8_t> classes;
};

Scene ground_with_classes_moved(int side, int dx, int dy) {
  Scene scene(side, side);
  scene.set([](int x, int y) { return colour_of(class_of_ground(x, y)); },
            [&](int x, int y) { return class_of_ground(x + dx, y + dy); });
  return scene;
}

TEST(ClassAgreement, OfAScenesOwnClassesNothingIsSaid) {
  const ClassAgreement found = ground_with_classes_moved(200, 0, 0).agreement();
  for (const std::size_t scl : {4U, 5U, 6U, 9U, 11U}) {
    EXPECT_GT(found.judged[scl], 2000) << scl;
    EXPECT_EQ(found.contradicted[scl], 0) << scl;
  }
  EXPECT_EQ(found.here, 0);
  EXPECT_THAT(misclassified(found, 10), IsEmpty());
  // Nor where edges of classes lie a pixel of 20 m off.
  EXPECT_THAT(misclassified(ground_with_classes_moved(200, 2, -2).agreement(), 10), IsEmpty());
}

TEST(ClassAgreement, ClassesThatWereMovedAreFoundAndToldWhere) {
  for (const auto& [side, dx, dy] : {std::tuple{256, 40, 0}, {256, -13, 64}, {400, -64, -31}, {96, 24, -11}}) {
    const ClassAgreement found = ground_with_classes_moved(side, dx, dy).agreement();
    EXPECT_GT(found.here, 0.3);
    EXPECT_EQ(found.elsewhere, 0);
    EXPECT_EQ(found.x_px, dx);
    EXPECT_EQ(found.y_px, dy);
  }
  EXPECT_THAT(misclassified(ground_with_classes_moved(256, 40, -20).agreement(), 10),
              HasSubstr(" and 0 % would if it were 400 m further east and -200 m further south"));
  // Farther than is looked, and less than counts.
  EXPECT_GT(ground_with_classes_moved(256, 65, 0).agreement().elsewhere, 0.01);
  EXPECT_GT(ground_with_classes_moved(256, 9, 9).agreement().elsewhere, 0.01);
  EXPECT_EQ(ground_with_classes_moved(256, 10, 9).agreement().elsewhere, 0);
}

TEST(ClassAgreement, WhatIsOneClassNearlyEverywhereDoesNotLieElsewhere) {
  // Bare ground by its classes; a field that is none lies in the middle, and soil around it.
  Scene scene(256, 256);
  const auto colour = [](int x, int y) { return std::abs(x - 128) < 25 && std::abs(y - 128) < 25 ? plants : soil; };
  for (const int every : {0, 40}) {
    scene.set(colour, [&](int x, int y) { return every != 0 && x / 8 % every == 3 && y / 8 % 4 == 1 ? 6 : 5; });
    const ClassAgreement found = scene.agreement();
    EXPECT_GT(found.here, 0.1);
    EXPECT_GT(found.elsewhere, found.here / 2);
    EXPECT_THAT(misclassified(found, 10), IsEmpty());
  }
}

TEST(ClassAgreement, SmallPlanesAreNotSearched) {
  const ClassAgreement found = ground_with_classes_moved(95, 20, 0).agreement();
  EXPECT_EQ(found.here, 0);
  EXPECT_EQ(found.elsewhere, 0);
  EXPECT_GT(found.contradicted[4], 0);
}

TEST(ClassAgreement, WhatContradictsAClass) {
  const auto is_contradicted = [](int scl, const Colour& colour) -> std::optional<bool> {
    Scene one(1, 1);
    one.set([&](int, int) { return colour; }, [&](int, int) { return scl; });
    const ClassAgreement found = one.agreement();
    const auto n = static_cast<std::size_t>(scl);
    if (n >= found.judged.size() || found.judged[n] == 0) return std::nullopt;
    return found.contradicted[n] == 1;
  };
  const auto with_ndvi = [](float ndvi, float nir) { return Colour{0.05F, nir * (1 - ndvi) / (1 + ndvi), nir}; };
  EXPECT_EQ(is_contradicted(4, with_ndvi(0.19F, 0.06F)), true);
  EXPECT_EQ(is_contradicted(4, with_ndvi(0.21F, 0.06F)), false);
  EXPECT_EQ(is_contradicted(4, with_ndvi(0.19F, 0.04F)), false);
  EXPECT_EQ(is_contradicted(5, with_ndvi(0.71F, 0.3F)), true);
  EXPECT_EQ(is_contradicted(5, with_ndvi(0.69F, 0.3F)), false);
  EXPECT_EQ(is_contradicted(6, with_ndvi(0.31F, 0.16F)), true);
  EXPECT_EQ(is_contradicted(6, with_ndvi(0.29F, 0.16F)), false);
  EXPECT_EQ(is_contradicted(6, with_ndvi(0.31F, 0.14F)), false);
  EXPECT_EQ(is_contradicted(9, {0.099F, 0.5F, 0.5F}), true);
  EXPECT_EQ(is_contradicted(9, {0.101F, 0.5F, 0.5F}), false);
  EXPECT_EQ(is_contradicted(11, with_ndvi(0.51F, 0.3F)), true);
  EXPECT_EQ(is_contradicted(11, with_ndvi(0.49F, 0.3F)), false);
  // Where nothing reflects, and below, there is no index.
  EXPECT_EQ(is_contradicted(4, {0, -0.05F, 0.06F}), false);
  EXPECT_EQ(is_contradicted(5, {0, -0.1F, 0.05F}), false);
  for (const int scl : {0, 1, 2, 3, 7, 8, 10, 12, 200, 255}) EXPECT_EQ(is_contradicted(scl, plants), std::nullopt);
  EXPECT_EQ(is_contradicted(9, {NAN, 0.1F, 0.1F}), std::nullopt);
  EXPECT_EQ(is_contradicted(9, {0.01F, NAN, 0.1F}), std::nullopt);
  EXPECT_EQ(is_contradicted(9, {0.01F, 0.1F, NAN}), std::nullopt);
}

TEST(Misclassified, IsWhatMostOfAClassContradicts) {
  ClassAgreement found;
  found.judged[4] = 10'000;
  found.judged[9] = 400;
  found.contradicted[9] = 241;
  EXPECT_EQ(misclassified(found, 10), "is not of this scene: 60 % of what it calls cloud plainly is none");
  found.contradicted[9] = 240;
  EXPECT_THAT(misclassified(found, 10), IsEmpty());
  found.judged[9] = found.contradicted[9] = 399;
  EXPECT_THAT(misclassified(found, 10), IsEmpty());
  found.judged[4] = 30'000;
  found.judged[9] = found.contradicted[9] = 600;
  EXPECT_THAT(misclassified(found, 10), IsEmpty());  // less than 2 % of all
  found.judged[9] = found.contradicted[9] = 620;
  EXPECT_THAT(misclassified(found, 10), HasSubstr("cloud"));
}

TEST(Misclassified, IsWhatFitsElsewhere) {
  ClassAgreement found;
  found.here = 0.05;
  found.elsewhere = 0.0166;
  found.x_px = 12;
  found.y_px = -3;
  EXPECT_EQ(
      misclassified(found, 20),
      "5 % of it contradict the reflectances, and 2 % would if it were 240 m further east and -60 m further south");
  found.elsewhere = 0.0167;
  EXPECT_THAT(misclassified(found, 20), IsEmpty());
  found.here = 0.0499;
  found.elsewhere = 0;
  EXPECT_THAT(misclassified(found, 20), IsEmpty());
}

/// The dates of a mine that have a classification.
std::vector<Scene> mine() {
  std::vector<Scene> dates;
  std::vector<fs::path> items;
  for (const auto& entry : fs::directory_iterator(test::shared_data() / "coal_mine_series")) {
    if (entry.path().extension() == ".json") items.push_back(entry.path());
  }
  std::sort(items.begin(), items.end());
  for (const fs::path& item : items) {
    const pitwatch::Scene scene = read_stac_item(item);
    if (!scene.has(Band::SCL)) continue;
    const auto read = [&](Band band) { return BandFile(scene.bands.at(band).path).read_spread(std::int64_t{1} << 20); };
    const auto blue = read(Band::B02), red = read(Band::B04), nir = read(Band::B08), scl = read(Band::SCL);
    Scene& date = dates.emplace_back(scl.width(), scl.height());
    const auto reflectance = [](std::uint16_t dn) { return dn == 0 ? NAN : static_cast<float>(dn) / 10'000; };
    date.set(
        [&](int x, int y) {
          return Colour{reflectance(blue.at(x, y)), reflectance(red.at(x, y)), reflectance(nir.at(x, y))};
        },
        [&](int x, int y) { return scl.at(x, y); });
  }
  return dates;
}

TEST(ClassAgreement, OfRealScenesOnlyTheirOwnClassesAgree) {
  if (!fs::exists(test::shared_data() / "coal_mine_series")) GTEST_SKIP() << "no reference data";
  const std::vector<Scene> dates = mine();
  ASSERT_EQ(dates.size(), 54U);
  int foreign = 0, found = 0;
  for (const Scene& date : dates) {
    const ClassAgreement own = date.agreement();
    EXPECT_THAT(misclassified(own, 10), IsEmpty());
    for (std::size_t scl = 0; scl < own.judged.size(); ++scl) {
      if (own.judged[scl] < 50) continue;
      EXPECT_LE(own.contradicted[scl], 0.03 * static_cast<double>(own.judged[scl]));
    }
    // Classes of a date that was under cloud.
    const bool is_clear = own.judged[4] + own.judged[5] > 900;
    for (const Scene& other : dates) {
      const ClassAgreement there = other.agreement();
      if (!is_clear || there.judged[9] < 400) continue;
      ++foreign;
      const ClassAgreement swapped =
          class_agreement({date.blue.view(), date.red.view(), date.nir.view(), other.classes.view()});
      found += misclassified(swapped, 10).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(foreign, 200);
  EXPECT_GT(found, 0.95 * foreign);
}

}  // namespace
}  // namespace pitwatch
