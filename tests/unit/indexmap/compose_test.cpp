// Composites of small scenes against the same worked out pixel by pixel.

#include "pipeline/indexmap/compose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

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

  /// Makes a band of a scene anew: number(x, y).
  template <class Number>
  void rewrite(std::size_t scene, Band band, const Number& number) {
    Plane<std::uint16_t> plane(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) plane.at(x, y) = static_cast<std::uint16_t>(number(x, y));
    }
    write_geotiff_u16(acquisitions_[scene].parts[0].bands.at(band).path, grid, plane.view(), 0);
  }

  /// Of two scenes, of NDVI 1/3 and 3/5, which a pixel that both show is taken from, with different memory; -1 where
  /// pixels disagree.
  int chosen(Compositing how, const std::string& formula) {
    acquisitions_.resize(2);
    options_.how = how;
    const std::vector<std::string> expressions{formula};
    const IndexRequest request = make_request({}, expressions, {});
    std::set<int> chosen;
    for (const int mebibytes : {3, 5, 64}) {
      options_.memory_bytes = std::int64_t{mebibytes} << 20;
      const auto values = compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {});
      for (int y = 500; y < 600; ++y) {
        for (int x = 0; x < width; ++x) chosen.insert(values[0].at(x, y) < 0.5F ? 0 : 1);
      }
    }
    return chosen.size() == 1 ? *chosen.begin() : -1;
  }

  /// `lost`: pixels of a scene without a value, at its row; of which band.
  void make_two_scenes(std::array<int, 2> lost, Band band) {
    const std::array<int, 2> rows{10, 990};
    for (std::size_t k = 0; k < 2; ++k) {
      for (const Band one : {Band::B04, Band::B08, Band::SCL}) {
        const int number = one == Band::SCL ? 4 : one == Band::B04 ? 1000 : k == 0 ? 2000 : 4000;
        rewrite(k, one, [&](int x, int y) {
          const bool is_lost = one == band && y >= rows[k] && (y - rows[k]) * width + x < lost[k];
          return is_lost ? (one == Band::SCL ? 9 : 0) : number + (one == Band::SCL ? 0 : (x + y) % 7);
        });
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

TEST_F(ComposeTest, OfEquallyClearAcquisitionsTheEarlierIsTaken) {
  for (const Band band : {Band::SCL, Band::B04, Band::B08}) {
    make_two_scenes({61, 61}, band);
    EXPECT_EQ(chosen(Compositing::clear, "nd(B08,B04)"), 0) << name(band);
    make_two_scenes({62, 61}, band);
    EXPECT_EQ(chosen(Compositing::clear, "nd(B08,B04)"), 1) << name(band);
  }
}

TEST_F(ComposeTest, TheClearestAcquisitionIsThatOfAllBandsThatAreRead) {
  for (const Band band : {Band::B04, Band::B08}) {
    make_two_scenes({30'000, 0}, band);
    EXPECT_EQ(chosen(Compositing::clear, "nd(B08,B04)"), 1) << name(band);
    EXPECT_EQ(chosen(Compositing::clear, "nd(B04,B08)*-1"), 1) << name(band);
  }
}

TEST_F(ComposeTest, OfEquallyNearObservationsTheMedoidIsThatOfTheClearerAcquisition) {
  for (const std::string formula : {"nd(B08,B04)", "nd(B04,B08)*-1", "(B08-B04)/(B08+B04)+0*B08"}) {
    make_two_scenes({61, 60}, Band::B08);
    EXPECT_EQ(chosen(Compositing::medoid, formula), 1);
    make_two_scenes({60, 61}, Band::B08);
    EXPECT_EQ(chosen(Compositing::medoid, formula), 0);
    make_two_scenes({60, 60}, Band::B08);
    EXPECT_EQ(chosen(Compositing::medoid, formula), 0);
  }
}

TEST_F(ComposeTest, GreatestNdvi) {
  expect(Compositing::max_ndvi, [](const auto& pixels) {
    double most = -2;
    for (const auto& pixel : pixels) most = std::max(most, pixel.ndvi());
    return std::vector{most};
  });
}

TEST_F(ComposeTest, GarbageIsJudgedByTheGroundAndNotByStrips) {
  options_.reading.checks.gate = true;
  // Rows of blocks each of one number, of 68.
  const auto with_blocks = [&](int rows) {
    rewrite(2, Band::B08, [&](int x, int y) {
      const bool is_block = y >= 320 && y < 320 + 16 * rows;
      return is_block ? 2000 + (x / 16 + 7 * (y / 16)) % 50 * 20 : 1000 + (x * 7919 + y * 104729) % 3001;
    });
  };
  const std::vector<Band> bands{Band::B04, Band::B08};
  const auto look = [&] {
    BlockCache blocks(std::int64_t{8} << 20);
    refuse_unfit_part(acquisitions_[2].parts[0], grid, bands, options_.reading, blocks);
  };
  with_blocks(20);
  try {
    look();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const DataError& error) {
    EXPECT_THAT(error_chain(error), testing::HasSubstr("constant"));
  }
  with_blocks(10);
  EXPECT_NO_THROW(look());
  const std::vector<std::string> ndvi{"NDVI"};
  const IndexRequest request = make_request(ndvi, {}, {});
  for (const int mebibytes : {3, 64}) {
    options_.memory_bytes = std::int64_t{mebibytes} << 20;
    EXPECT_NO_THROW(compose(acquisitions_, request.plan(), grid, options_, [](std::string_view, double) {}));
  }
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
