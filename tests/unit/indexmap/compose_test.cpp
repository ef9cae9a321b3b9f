// Composites of small scenes against the same worked out pixel by pixel.

#include "pipeline/indexmap/compose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "pipeline/indices/request.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::TemporaryFolder;

constexpr int width = 70;
constexpr int height = 1100;  // more than a strip
constexpr int scenes = 5;
const Grid grid{"EPSG:32638", {600000, 4500000}, 10, width, height};

/// Five acquisitions of B04, B08 and a classification of 10 m with holes, of random numbers.
class ComposeTest : public testing::Test {
 protected:
  ComposeTest() {
    std::mt19937 generator(9);
    for (int k = 0; k < scenes; ++k) {
      Scene scene;
      scene.id = "scene" + std::to_string(k);
      scene.source = scene.id;
      scene.level = "L2A";
      const auto add = [&](Band band, Plane<std::uint16_t>& plane) {
        const std::string path = folder_ / (scene.id + std::string(name(band)) + ".tif");
        write_geotiff_u16(path, grid, plane.view(), 0);
        scene.bands[band] = {path, Calibration{}};
      };
      for (const Band band : {Band::B04, Band::B08}) {
        Plane<std::uint16_t> plane(width, height);
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) plane.at(x, y) = static_cast<std::uint16_t>(generator() % 5000);
        }
        dn_[band].push_back(plane_copy(plane));
        add(band, plane);
      }
      Plane<std::uint16_t> classes(width, height);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x)
          classes.at(x, y) = generator() % 100 < 10U * (static_cast<unsigned>(k) + 1) ? 11 : 4;
      }
      classes_.push_back(plane_copy(classes));
      add(Band::SCL, classes);
      acquisitions_.push_back({Instant{} + std::chrono::hours(24 * k), {scene}, nullptr});
    }
    options_.reading.checks = {OffsetCheck::off, false};
  }

  static Plane<std::uint16_t> plane_copy(const Plane<std::uint16_t>& from) {
    Plane<std::uint16_t> to(from.width(), from.height());
    for (int y = 0; y < from.height(); ++y) std::copy_n(from.row(y), from.width(), to.row(y));
    return to;
  }

  struct Pixel {
    double red;
    double nir;
    int scene;
    double ndvi() const { return (nir - red) / (nir + red); }
  };

  /// Observations of a pixel that are there and not masked.
  std::vector<Pixel> observed(int x, int y) {
    std::vector<Pixel> all;
    for (int k = 0; k < scenes; ++k) {
      const auto n = static_cast<std::size_t>(k);
      const int red = dn_[Band::B04][n].at(x, y);
      const int nir = dn_[Band::B08][n].at(x, y);
      if (classes_[n].at(x, y) != 11 && red != 0 && nir != 0) all.push_back({red * 1e-4, nir * 1e-4, k});
    }
    return all;
  }

  /// `expected`: of the observations of a pixel the values that the composite may have, more than one in a tie.
  template <class Expected>
  void expect(Compositing how, const Expected& expected) {
    const std::vector<std::string> ndvi{"NDVI"};
    const IndexRequest request = make_request(ndvi, {}, {});
    options_.how = how;
    const auto values = compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {});
    ASSERT_EQ(values.size(), 1U);
    int empty = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::vector<Pixel> pixels = observed(x, y);
        const float actual = values[0].at(x, y);
        if (pixels.empty()) {
          ASSERT_TRUE(std::isnan(actual));
          ++empty;
        } else {
          const std::vector<double> fit = expected(pixels);
          ASSERT_TRUE(
              std::any_of(fit.begin(), fit.end(), [&](double one) { return std::abs(double{actual} - one) < 1e-6; }))
              << x << ", " << y;
        }
      }
    }
    EXPECT_GT(empty, 0);
    options_.memory_bytes = 3 << 20;  // other strips, the same values
    const auto again = compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {});
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const float a = values[0].at(x, y);
        const float b = again[0].at(x, y);
        ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b)));
      }
    }
  }

  TemporaryFolder folder_;
  std::map<Band, std::vector<Plane<std::uint16_t>>> dn_;
  std::vector<Plane<std::uint16_t>> classes_;
  std::vector<IndexAcquisition> acquisitions_;
  ComposeOptions options_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
}

TEST_F(ComposeTest, Median) {
  expect(Compositing::median, [](const auto& pixels) {
    std::vector<double> all;
    for (const auto& pixel : pixels) all.push_back(pixel.ndvi());
    return std::vector{median(all)};
  });
}

TEST_F(ComposeTest, MedoidIsTheObservationNearestToTheMedianBands) {
  expect(Compositing::medoid, [](const auto& pixels) {
    std::vector<double> red;
    std::vector<double> nir;
    for (const auto& pixel : pixels) {
      red.push_back(pixel.red);
      nir.push_back(pixel.nir);
    }
    const double middle_red = median(red);
    const double middle_nir = median(nir);
    const auto distance = [&](const auto& pixel) {
      return std::pow(pixel.red - middle_red, 2) + std::pow(pixel.nir - middle_nir, 2);
    };
    double least = 1;
    for (const auto& pixel : pixels) least = std::min(least, distance(pixel));
    std::vector<double> nearest;
    for (const auto& pixel : pixels) {
      if (distance(pixel) <= least + 1e-7) nearest.push_back(pixel.ndvi());
    }
    return nearest;
  });
}

TEST_F(ComposeTest, ClearTakesTheClearestAcquisition) {
  // Those later have more snow, by tenths.
  expect(Compositing::clear, [](const auto& pixels) { return std::vector{pixels.front().ndvi()}; });
}

TEST_F(ComposeTest, GreatestNdvi) {
  expect(Compositing::max_ndvi, [](const auto& pixels) {
    double most = -2;
    for (const auto& pixel : pixels) most = std::max(most, pixel.ndvi());
    return std::vector{most};
  });
}

TEST_F(ComposeTest, BlocksThatAreDecodedAlreadyAreNotReadAgain) {
  const std::vector<std::string> ndvi{"NDVI"};
  const IndexRequest request = make_request(ndvi, {}, {});
  const auto composed = [&] {
    return std::move(compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {}).front());
  };
  const Plane<float> as_it_is = composed();
  const std::vector<Band> bands{Band::B04, Band::B08};
  for (IndexAcquisition& one : acquisitions_) {
    one.decoded = std::make_shared<BlockCache>(std::int64_t{64} << 20);
    read_ground(one, grid, bands, options_.reading, *one.decoded, nullptr);
  }
  Plane<std::uint16_t> other(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(other.row(y), width, std::uint16_t{1000});
  for (const IndexAcquisition& one : acquisitions_) {
    write_geotiff_u16(one.parts[0].bands.at(Band::B08).path, grid, other.view(), 0);
  }
  const Plane<float> again = composed();
  for (IndexAcquisition& one : acquisitions_) one.decoded.reset();
  const Plane<float> of_the_files = composed();
  int differences = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      ASSERT_TRUE(again.at(x, y) == as_it_is.at(x, y) || std::isnan(as_it_is.at(x, y)));
      differences += of_the_files.at(x, y) != as_it_is.at(x, y) ? 1 : 0;
    }
  }
  EXPECT_GT(differences, width * height / 2);
}

TEST_F(ComposeTest, NamesTheAcquisitionThatCannotBeRead) {
  test::write_text(acquisitions_[3].parts[0].bands[Band::B08].path, "no raster");
  const std::vector<std::string> ndvi{"NDVI"};
  const IndexRequest request = make_request(ndvi, {}, {});
  try {
    compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {});
    FAIL() << "nothing was thrown";
  } catch (const UnusableAcquisition& error) {
    EXPECT_EQ(error.number, 3U);
    EXPECT_THAT(error.what(), testing::HasSubstr("scene3B08.tif"));
  }
}

TEST_F(ComposeTest, TooLittleMemoryIsRefused) {
  const std::vector<std::string> ndvi{"NDVI"};
  const IndexRequest request = make_request(ndvi, {}, {});
  options_.memory_bytes = 1 << 18;
  EXPECT_THROW(compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {}), ConfigError);
}

}  // namespace
}  // namespace pitwatch
