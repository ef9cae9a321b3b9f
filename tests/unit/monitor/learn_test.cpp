#include "pipeline/monitor/learn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tests/unit/monitor/watched_patch.hpp"

namespace pitwatch {
namespace {

using test::Camera;
using test::forest_spectrum;
using test::Ground;
using test::ground_with;
using test::in_patch;
using test::inside;
using test::outside;
using test::side;

/// A year every 10 days of white ground in the patch; `called(x, y, n)` is whether the mask calls it cloud in the n-th.
template <typename Called>
MonitorState learnt_under_mask(const Called& called) {
  constexpr PixelReflectance white_rock{.42F, .44F, .46F, .48F, .50F, .47F};
  MonitorOptions options;
  options.cloud_margin_m = 0;
  Camera camera(side, side);
  ObservationStack stack(side, side);
  const Ground ground = ground_with(forest_spectrum, white_rock, 0, 9999);
  for (int n = 0; n < 36; ++n) {
    ObservationPlanes planes = camera.observation(ground, 10 * n);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        if (called(x, y, n)) planes.mask.at(x, y) = mask_cloud;
      }
    }
    ObservationFeatures features;
    extract_features(planes, options, features);
    stack.add(features);
  }
  return learn(std::move(stack), options);
}

float observations_of(const MonitorState& state, std::size_t pixel) {
  float sum = 0;
  for (const float part : state.model(pixel).observations) sum += part;
  return sum;
}

TEST(Learn, GroundThatTheMaskCallsCloudFarMoreOftenThanTheSiteIsLearnt) {
  const MonitorState state = learnt_under_mask([](int x, int y, int n) { return in_patch(x, y) || n % 6 == 0; });
  EXPECT_EQ(state.status[inside], PixelStatus::stable);
  EXPECT_GT(observations_of(state, inside), 25);
  EXPECT_GT(observations_of(state, outside), 20);
  EXPECT_LT(observations_of(state, outside), 31) << "clouds of the others have no say";
}

TEST(Learn, WhereTheWholeSiteIsCalledCloudAsOftenItIsCloud) {
  const MonitorState state = learnt_under_mask([](int, int, int n) { return n % 2 == 0; });
  EXPECT_LT(observations_of(state, inside), 19);
  EXPECT_GT(observations_of(state, inside), 12);
}

TEST(Learn, WeatherOfTheHistoryIsNoNoise) {
  // Every other ten days the whole site is a fifth darker.
  const Ground ground = [](int, int, int day) { return test::scaled(forest_spectrum, day / 10 % 2 == 0 ? 1 : 0.8F); };
  const auto noise = [&](double surroundings_m) {
    MonitorOptions options;
    options.surroundings_m = surroundings_m;
    options.surroundings_prior_pixels = 0;  // the site is small
    options.surroundings_clip_sigma = 10;
    Camera camera(side, side);
    return test::learnt(camera, ground, side, side, options).typical_noise[index(Feature::log_visible)];
  };
  EXPECT_GT(noise(0), 0.08F);
  EXPECT_LT(noise(600), 0.05F);
}

TEST(Learn, WhitenedResidualsOfUndisturbedGroundAreIndependentAndOfLengthOne) {
  // 3 % of noise in each band move all features together.
  test::Watch watch(ground_with(forest_spectrum, forest_spectrum, 0, 0));
  std::array<std::array<double, feature_count>, feature_count> before{};
  std::array<std::array<double, feature_count>, feature_count> after{};
  double count = 0;
  for (int night = 0; night < 12; ++night) {
    watch.observe_each(1);
    for (std::size_t i = 0; i < watch.state.pixels(); ++i) {
      if (watch.seen.use[i] != ObservationUse::used) continue;
      ++count;
      std::array<double, feature_count> z{};
      std::array<double, feature_count> w{};
      for (std::size_t f = 0; f < feature_count; ++f) {
        z[f] = static_cast<double>(watch.seen.residuals.residual.at(i, f) / watch.state.model(i).noise[f]);
      }
      for (std::size_t r = 0; r < feature_count; ++r) {
        for (std::size_t c = 0; c < feature_count; ++c) {
          w[r] += static_cast<double>(watch.state.whitening[r * feature_count + c]) * z[c];
        }
      }
      for (std::size_t r = 0; r < feature_count; ++r) {
        for (std::size_t c = 0; c < feature_count; ++c) {
          before[r][c] += z[r] * z[c];
          after[r][c] += w[r] * w[c];
        }
      }
    }
  }
  double most_before = 0;
  for (std::size_t r = 0; r < feature_count; ++r) {
    EXPECT_NEAR(after[r][r] / count, 1, 0.6) << r;
    for (std::size_t c = 0; c < r; ++c) {
      most_before = std::max(most_before, std::abs(before[r][c]) / std::sqrt(before[r][r] * before[c][c]));
      EXPECT_LT(std::abs(after[r][c]) / std::sqrt(after[r][r] * after[c][c]), 0.25) << r << " " << c;
    }
  }
  EXPECT_GT(most_before, 0.5);
}

/// The columns [begin, end) of an observation of one row.
ObservationFeatures columns_of(const ObservationFeatures& all, std::size_t begin, std::size_t end) {
  ObservationFeatures part;
  part.when = all.when;
  part.width = static_cast<int>(end - begin);
  part.height = 1;
  const auto cut = [&](const auto& from, auto& to) {
    to.assign(from.begin() + static_cast<std::ptrdiff_t>(begin), from.begin() + static_cast<std::ptrdiff_t>(end));
  };
  const auto cut_planes = [&](const FeaturePlanes& from, FeaturePlanes& to) {
    to.resize(end - begin);
    for (std::size_t i = begin; i < end; ++i) to.set(i - begin, from[i]);
  };
  cut_planes(all.values, part.values);
  cut_planes(all.errors, part.errors);
  cut(all.blue_to_red, part.blue_to_red);
  cut(all.seen, part.seen);
  cut(all.called_cloud, part.called_cloud);
  return part;
}

TEST(Learn, WindowsOneByOneAreLearntAsOne) {
  constexpr int width = 12'000;  // so many that the covariance is of every second pixel
  const MonitorOptions options = [] {
    MonitorOptions of_table;
    of_table.surroundings_m = 0;
    return of_table;
  }();
  Camera camera(width, 1);
  const Ground ground = [](int x, int, int day) {
    return test::scaled(forest_spectrum, 1 + 0.001F * static_cast<float>(x % 97) + 0.02F * static_cast<float>(day % 3));
  };
  std::vector<ObservationFeatures> history;
  for (int day = 0; day < 360; day += 20) history.push_back(camera.features(ground, day, options));
  const auto learnt_in = [&](const std::vector<std::size_t>& bounds) {
    std::vector<MonitorState> states;
    const auto stack_of = [&](std::size_t window) {
      ObservationStack stack(static_cast<int>(bounds[window + 1] - bounds[window]), 1);
      for (const ObservationFeatures& all : history) stack.add(columns_of(all, bounds[window], bounds[window + 1]));
      return stack;
    };
    learn_windows(bounds.size() - 1, stack_of, options, [&](std::size_t window, MonitorState state) {
      EXPECT_EQ(window, states.size());
      states.push_back(std::move(state));
    });
    return states;
  };
  ObservationStack stack(width, 1);
  for (const ObservationFeatures& all : history) stack.add(all);
  const MonitorState whole = learn(std::move(stack), options);
  const auto same_pixel = [&](const MonitorState& state, std::size_t pixel, std::size_t of_whole) {
    return state.models[pixel] == whole.models[of_whole] && state.status[pixel] == whole.status[of_whole];
  };
  const std::vector<MonitorState> one = learnt_in({0, width});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].typical_noise, whole.typical_noise);
  EXPECT_EQ(one[0].whitening, whole.whitening);
  for (std::size_t pixel = 0; pixel < width; ++pixel) ASSERT_TRUE(same_pixel(one[0], pixel, pixel)) << pixel;
  const std::vector<MonitorState> three = learnt_in({0, 1, 7002, width});
  ASSERT_EQ(three.size(), 3U);
  for (const MonitorState& state : three) {
    EXPECT_EQ(state.kind, PixelVector<std::uint8_t>(state.pixels(), 0));
    EXPECT_EQ(state.typical_noise, whole.typical_noise);
    for (std::size_t i = 0; i < whole.whitening.size(); ++i) EXPECT_NEAR(state.whitening[i], whole.whitening[i], 1e-5);
  }
  // All but the lasting error, which the last bits of the covariance may move by a step.
  EXPECT_TRUE(same_pixel(three[0], 0, 0));
  EXPECT_TRUE(same_pixel(three[2], 100, 7102));
}

TEST(Learn, WindowsWithoutHistoryAreNotJudged) {
  MonitorOptions options;
  Camera camera(2, 1);
  const Ground ground = ground_with(forest_spectrum, forest_spectrum, 0, 0);
  const auto stack_of = [&](std::size_t window) {
    ObservationStack stack(2, 1);
    for (int day = 0; window == 1 && day < 360; day += 10) stack.add(camera.features(ground, day, options));
    return stack;
  };
  std::vector<PixelStatus> statuses;
  const auto note = [&](std::size_t, const MonitorState& state) { statuses.push_back(state.status[0]); };
  learn_windows(2, stack_of, options, note);
  EXPECT_EQ(statuses, (std::vector{PixelStatus::not_judged, PixelStatus::stable}));
  EXPECT_THROW(learn_windows(1, stack_of, options, note), DataError);
}

/// A storage in memory, which gives noise where nothing was written.
class Drawer : public HistoryStorage {
 public:
  void write(std::uint64_t at, std::span<const std::byte> bytes) override {
    const std::size_t end = static_cast<std::size_t>(at) + bytes.size();
    if (kept_.size() < end) kept_.resize(end, std::byte{0x5a});
    std::copy(bytes.begin(), bytes.end(), kept_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void read(std::uint64_t at, std::span<std::byte> bytes) override {
    ASSERT_LE(at + bytes.size(), kept_.size());
    std::copy_n(kept_.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
  }

 private:
  std::vector<std::byte> kept_;
};

TEST(Learn, AHistoryInAStorageIsLearntAsInMemory) {
  constexpr int width = 13;
  constexpr int height = 37;  // strips of eight rows, and one of five
  const MonitorOptions options;
  Camera camera(width, height);
  const Ground ground = [](int x, int y, int day) {
    const float season = 1 + 0.1F * static_cast<float>(std::cos(day / 58.0));
    return test::scaled(forest_spectrum, season * (1 + 0.01F * static_cast<float>((3 * x + 5 * y + day) % 11)));
  };
  std::vector<ObservationFeatures> history;
  for (int day = 0; day < 720; day += 12) history.push_back(camera.features(ground, day, options));
  history.push_back(history.back());
  history.back().when += std::chrono::minutes(5);
  const auto learnt = [&](ObservationStack stack) {
    for (const ObservationFeatures& features : history) stack.add(features);
    return learn(std::move(stack), options);
  };
  const MonitorState in_memory = learnt(ObservationStack(width, height));
  const MonitorState in_storage = learnt(ObservationStack(width, height, history.size(), std::make_shared<Drawer>()));
  EXPECT_EQ(in_storage.typical_noise, in_memory.typical_noise);
  EXPECT_EQ(in_storage.whitening, in_memory.whitening);
  EXPECT_EQ(in_storage.kind, in_memory.kind);
  EXPECT_EQ(in_storage.status, in_memory.status);
  EXPECT_EQ(in_memory.status[0], PixelStatus::stable);
  for (std::size_t i = 0; i < in_memory.pixels(); ++i) ASSERT_EQ(in_storage.models[i], in_memory.models[i]) << i;
  ObservationStack full(width, height, 1, std::make_shared<Drawer>());
  full.add(history[0]);
  EXPECT_THROW(full.add(history[1]), DataError);
}

TEST(Learn, RefusesObservationsOutOfOrderOrOfAnotherSize) {
  Camera camera(4, 4);
  const Ground ground = ground_with(forest_spectrum, forest_spectrum, 0, 0);
  ObservationStack stack(4, 4);
  stack.add(camera.features(ground, 20, {}));
  EXPECT_THROW(stack.add(camera.features(ground, 10, {})), DataError);
  Camera smaller(3, 4);
  EXPECT_THROW(stack.add(smaller.features(ground, 30, {})), DataError);
}

}  // namespace
}  // namespace pitwatch
