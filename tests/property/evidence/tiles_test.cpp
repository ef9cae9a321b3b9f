// The scores of a scene do not depend on how it is cut into tiles: bit for bit, for random scenes, maps and tilings.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>

#include "pipeline/evidence/survey.hpp"
#include "pipeline/evidence/tile_evidence.hpp"
#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using test::SyntheticPair;

/// A new seed for each run, printed; PITWATCH_SEED repeats one.
std::uint32_t seed_of_run() {
  const char* given = std::getenv("PITWATCH_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "PITWATCH_SEED=" << seed << '\n';
  return seed;
}

class RandomScene {
 public:
  explicit RandomScene(std::mt19937& random)
      : random_(random), width(whole(97, 300)), height(whole(97, 300)), pair(width, height) {
    const test::Texture texture(static_cast<std::uint32_t>(random()));
    for (const Date date : both_dates) {
      test::fill_ground(pair, date, texture);
      for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
        test::add_noise(pair, date, band, 0.004, random);
      }
      // For features, a band of 20 m and one of 60 m.
      pair.add(date, Band::B05, (width + 1) / 2, (height + 1) / 2, {-0.25, 0.5});
      pair.add(date, Band::B09, (width + 5) / 6, (height + 5) / 6, {-2.5 / 6, 1.0 / 6});
      for (const Band band : {Band::B05, Band::B09}) {
        pair.fill(date, band, [&](double x, double y) { return 0.2 + 0.02 * texture(x, y); });
        test::add_noise(pair, date, band, 0.004, random);
        for_random_windows(date, band, 2, [&](std::uint16_t) { return 0; });
      }
      if (whole(0, 1) == 1) {
        pair.add(date, Band::SCL, (width + 1) / 2, (height + 1) / 2, {-0.25, 0.5});
        for_random_windows(date, Band::SCL, 5, [&](std::uint16_t) { return whole(0, 11); });
      }
      for_random_windows(date, Band::B02, 2, [&](std::uint16_t) { return 0; });
      for_random_windows(date, Band::B04, 2, [&](std::uint16_t) { return 65535; });
      for_random_windows(date, Band::B11, 2, [&](std::uint16_t) { return 200; });  // water
      for_random_windows(date, Band::B04, 4, [&](std::uint16_t dn) { return dn == 0 ? 0 : std::min(dn + 900, 65000); });
    }
    // Cloud.
    const Window cloud = random_window(width, height);
    for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
      const int shift = band == Band::B11 ? 1 : 0;
      for (int y = cloud.y >> shift; y < cloud.bottom() >> shift; ++y) {
        for (int x = cloud.x >> shift; x < cloud.right() >> shift; ++x) {
          std::uint16_t& dn = pair.dn(Date::after, band, x, y);
          if (dn != 0) dn = static_cast<std::uint16_t>(std::min(dn + 2500, 65000));
        }
      }
    }
    // None, a shift of parts of a pixel, a shift of whole ones, and a scale.
    const double shifts[] = {0, real(-4, 4), std::round(real(-4, 4)), real(-1, 1)};
    const double slopes[] = {0, 0, 0, real(-0.005, 0.005)};
    const int kind_x = whole(0, 3);
    const int kind_y = whole(0, 3);
    geometry = aligned(pair.geometry, {{shifts[kind_x], slopes[kind_x]}, {shifts[kind_y], slopes[kind_y]}, 1, 1, 0});
  }

  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

 private:
  std::mt19937& random_;

  Window random_window(int within_width, int within_height) {
    const int w = whole(1, within_width / 2);
    const int h = whole(1, within_height / 2);
    return {whole(0, within_width - w), whole(0, within_height - h), w, h};
  }
  template <class Value>
  void for_random_windows(Date date, Band band, int most, Value value) {
    const BandPlace& place = pair.geometry.at(date, band);
    for (int k = whole(0, most); k > 0; --k) {
      const Window window = random_window(place.width / 4, place.height / 4);
      const int x0 = whole(0, place.width - window.width);
      const int y0 = whole(0, place.height - window.height);
      for (int y = y0; y < y0 + window.height; ++y) {
        for (int x = x0; x < x0 + window.width; ++x) {
          std::uint16_t& dn = pair.dn(date, band, x, y);
          dn = static_cast<std::uint16_t>(value(dn));
        }
      }
    }
  }

 public:
  int width;
  int height;
  SyntheticPair pair;
  PairGeometry geometry;
};

struct Result {
  std::vector<std::uint8_t> codes;
  MaskCounts counts{};
};

Result in_tiles(const RandomScene& scene, const EvidenceOptions& options, const PairModel& model, int tile_width,
                int tile_height) {
  Result result;
  result.codes.assign(static_cast<std::size_t>(scene.width) * static_cast<std::size_t>(scene.height), 77);
  const PlaneView<std::uint8_t> whole{result.codes.data(), scene.width, scene.height, scene.width};
  TileEvidence evidence;
  for (int y = 0; y < scene.height; y += tile_height) {
    for (int x = 0; x < scene.width; x += tile_width) {
      const Window tile = intersection({x, y, tile_width, tile_height}, {0, 0, scene.width, scene.height});
      const PlaneView<std::uint8_t> part{&whole.at(x, y), tile.width, tile.height, whole.stride};
      evidence.compute(scene.pair, scene.geometry, options, model, tile, part, result.counts);
    }
  }
  return result;
}

void expect_same_bytes_of_all_tilings(const EvidenceOptions& options) {
  std::mt19937 random(seed_of_run());
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    RandomScene scene(random);
    const SampleWindow sample{{0, 0, scene.width, scene.height}, &scene.pair};
    const PairModel model = survey_pair({&sample, 1}, scene.geometry, options);
    for (const FeatureModel& feature : model.features) ASSERT_TRUE(feature.judges());
    const Result whole = in_tiles(scene, options, model, 512, 512);
    ASSERT_EQ(std::accumulate(whole.counts.begin(), whole.counts.end(), std::int64_t{0}), scene.width * scene.height);
    const int random_size = 16 * scene.whole(1, 10);
    for (const auto& [tile_width, tile_height] :
         {std::pair{64, 64}, {16, 512}, {512, 16}, {random_size, 16 * scene.whole(1, 10)}}) {
      const Result tiles = in_tiles(scene, options, model, tile_width, tile_height);
      const auto [at, other] = std::mismatch(whole.codes.begin(), whole.codes.end(), tiles.codes.begin());
      ASSERT_EQ(at, whole.codes.end()) << "tiles of " << tile_width << " x " << tile_height << ": " << int{*other}
                                       << " instead of " << int{*at} << " at column "
                                       << (at - whole.codes.begin()) % scene.width << ", row "
                                       << (at - whole.codes.begin()) / scene.width;
      EXPECT_EQ(tiles.counts, whole.counts);
    }
  }
}

TEST(EvidenceTiles, AllTilingsGiveTheSameBytes) { expect_same_bytes_of_all_tilings({}); }

TEST(EvidenceTiles, AllTilingsGiveTheSameBytesWithFeatures) {
  const std::vector<std::string> features{"dust=B11/B08", "edge=(B05-B04)/(B05+B04)", "wet=B09/(B08-0.2)"};
  EvidenceOptions options;
  options.features = ExtraFeatures(features);
  expect_same_bytes_of_all_tilings(options);
}

}  // namespace
}  // namespace pitwatch
