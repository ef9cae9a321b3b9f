#include "pipeline/align/alignment.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using test::Texture;

constexpr int size_px = 400;
constexpr int step_px = 48;

template <class Value>
Plane<float> plane_of(Value value) {
  Plane<float> plane(size_px, size_px);
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) plane.at(x, y) = static_cast<float>(value(x, y));
  }
  return plane;
}

struct AlignmentTest : testing::Test {
  AlignmentTest() : mask(size_px, size_px) {
    for (int y = 0; y < size_px; ++y) std::fill_n(mask.row(y), size_px, std::uint8_t{0});
  }
  Alignment align(const Plane<float>& before, const Plane<float>& after, int origin_x = 0, int origin_y = 0) {
    return fit_alignment(measure_shifts(before.view(), after.view(), mask.view(), origin_x, origin_y, step_px));
  }
  static Plane<float> before() {
    return plane_of([](double x, double y) { return 0.2 + 0.02 * texture(x, y); });
  }
  /// What is at p in BEFORE is at p + offset + slope * p in AFTER.
  static Plane<float> moved(const AxisAlignment& ax, const AxisAlignment& ay) {
    return plane_of([&](double x, double y) {
      return 0.25 + 0.03 * texture((x - ax.offset) / (1 + ax.slope), (y - ay.offset) / (1 + ay.slope));
    });
  }
  inline static const Texture texture{21};
  Plane<std::uint8_t> mask;
};

TEST_F(AlignmentTest, NothingMeasuredIsTheIdentity) {
  const Alignment alignment = fit_alignment({});
  EXPECT_EQ(alignment.x, AxisAlignment{});
  EXPECT_EQ(alignment.y, AxisAlignment{});
  EXPECT_EQ(alignment.windows_used, 0);
  EXPECT_EQ(alignment.windows_measured, 0);
  EXPECT_EQ(alignment.residual_px, 0);
}

TEST_F(AlignmentTest, TheSameImageTwiceIsTheIdentity) {
  const Alignment alignment = align(before(), before());
  EXPECT_NEAR(alignment.x.offset, 0, 0.01);
  EXPECT_NEAR(alignment.y.offset, 0, 0.01);
  EXPECT_EQ(alignment.x.slope, 0);
  EXPECT_EQ(alignment.y.slope, 0);
  EXPECT_EQ(alignment.windows_measured, 49);
}

TEST_F(AlignmentTest, RecoversShiftsToATenthOfAPixel) {
  for (const auto& [dx, dy] : {std::pair{0.5, -0.3}, {-1.7, 2.25}, {3.0, 0.1}, {-5.4, 6.6}}) {
    const Alignment alignment = align(before(), moved({dx, 0}, {dy, 0}));
    EXPECT_NEAR(alignment.x.offset, dx, 0.1);
    EXPECT_NEAR(alignment.y.offset, dy, 0.1);
    EXPECT_EQ(alignment.x.slope, 0);
    EXPECT_EQ(alignment.y.slope, 0);
    EXPECT_LT(alignment.residual_px, 0.2);
  }
}

TEST_F(AlignmentTest, RecoversAScale) {
  const AxisAlignment ax{1.2, -0.004};
  const AxisAlignment ay{-0.8, 0.003};
  const Alignment alignment = align(before(), moved(ax, ay));
  for (const double p : {0.0, 200.0, 399.0}) {
    EXPECT_NEAR(alignment.x(p), ax(p), 0.15) << p;
    EXPECT_NEAR(alignment.y(p), ay(p), 0.15) << p;
  }
  EXPECT_NE(alignment.x.slope, 0);
  EXPECT_NE(alignment.y.slope, 0);
}

TEST_F(AlignmentTest, CountsFromTheOrigin) {
  const AxisAlignment ax{1.2, -0.004};
  const Alignment alignment = align(before(), moved(ax, {}), 1000, 2000);
  EXPECT_NEAR(alignment.x(1000), 1000 + 1.2, 0.15);
  EXPECT_NEAR(alignment.x(1399), 1000 + ax(399), 0.15);
}

TEST_F(AlignmentTest, ChangeInAThirdOfTheAreaDoesNotMoveIt) {
  const AxisAlignment ax{1.3, 0};
  const AxisAlignment ay{-0.6, 0};
  const Plane<float> unchanged = moved(ax, ay);
  const Texture other(99);
  const auto new_ground = [&](double x, double y) { return 0.3 + 0.05 * other(x, y); };
  const auto in_block = [](double x, double) { return x < 0.3 * size_px; };
  const auto scattered = [](double x, double y) {  // squares of 33 px, 30 % of the area
    return std::fmod(x, 60) < 33 && std::fmod(y, 60) < 33;
  };
  const auto with_change = [&](auto where) {
    return plane_of([&](double x, double y) {
      return where(x, y) ? new_ground(x, y) : unchanged.at(static_cast<int>(x), static_cast<int>(y));
    });
  };
  for (const Alignment& alignment : {align(before(), with_change(in_block)), align(before(), with_change(scattered))}) {
    EXPECT_NEAR(alignment.x.offset, ax.offset, 0.1);
    EXPECT_NEAR(alignment.y.offset, ay.offset, 0.1);
    EXPECT_EQ(alignment.x.slope, 0);
  }
}

TEST_F(AlignmentTest, NoiseDoesNotMoveIt) {
  std::mt19937 random(5);
  std::normal_distribution<float> noise(0, 0.01F);  // a third of the texture's contrast
  Plane<float> first = before();
  Plane<float> second = moved({0.7, 0}, {1.9, 0});
  for (Plane<float>* plane : {&first, &second}) {
    for (int y = 0; y < size_px; ++y) {
      for (int x = 0; x < size_px; ++x) plane->at(x, y) += noise(random);
    }
  }
  const Alignment alignment = align(first, second);
  EXPECT_NEAR(alignment.x.offset, 0.7, 0.1);
  EXPECT_NEAR(alignment.y.offset, 1.9, 0.1);
}

TEST_F(AlignmentTest, WindowsWithInvalidPixelsArePassedOver) {
  for (int y = 0; y < size_px; ++y) std::fill_n(mask.row(y), size_px / 2, std::uint8_t{1});
  const auto image = before();
  const auto shifts = measure_shifts(image.view(), image.view(), mask.view(), 0, 0, step_px);
  // Of the columns of windows at 0, 48, ... 288 those from 192 on have at most a tenth masked.
  EXPECT_EQ(shifts.size(), 3U * 7U);
  for (const WindowShift& shift : shifts) EXPECT_GE(shift.x, 192 + 47.5);
}

TEST_F(AlignmentTest, ImagesSmallerThanAWindowGiveNothing) {
  const Plane<float> small(95, 300);
  const Plane<std::uint8_t> small_mask(95, 300);
  EXPECT_TRUE(measure_shifts(small.view(), small.view(), small_mask.view(), 0, 0, step_px).empty());
}

TEST(FitAlignment, KeepsASlopeOnlyWhereItMatters) {
  // 49 windows over 300 px whose shift drifts by `total` pixels.
  const auto drifting = [](double total) {
    std::vector<WindowShift> shifts;
    for (int k = 0; k < 49; ++k) {
      const double x = 50 * (k % 7);
      shifts.push_back({x, 50.0 * (k / 7), 1 + total * x / 300, 0, 5});
    }
    return fit_alignment(shifts);
  };
  EXPECT_EQ(drifting(0.2).x.slope, 0);
  EXPECT_NEAR(drifting(0.2).x.offset, 1.1, 0.01);
  EXPECT_NEAR(drifting(0.4).x.slope, 0.4 / 300, 2e-6);
  EXPECT_NEAR(drifting(0.4).x.offset, 1, 0.01);
}

TEST(FitAlignment, OnlyTheBetterHalfOfTheWindowsCounts) {
  std::vector<WindowShift> shifts;
  for (int k = 0; k < 10; ++k) shifts.push_back({10.0 * k, 10.0 * k, 2, -1, 8});
  for (int k = 0; k < 9; ++k) shifts.push_back({10.0 * k, 10.0 * k, -7, 7, 1});
  const Alignment alignment = fit_alignment(shifts);
  EXPECT_EQ(alignment.x.offset, 2);
  EXPECT_EQ(alignment.y.offset, -1);
  EXPECT_EQ(alignment.windows_used, 10);
  EXPECT_EQ(alignment.windows_measured, 19);
  EXPECT_EQ(alignment.residual_px, 0);
}

TEST(FitAlignment, WindowsThatDisagreeAreNotBelieved) {
  std::vector<WindowShift> shifts;
  for (int i = 0; i < 40; ++i) {
    shifts.push_back({100.0 * (i % 8), 100.0 * (i / 8), i % 2 == 0 ? 6.0 : -3.0, i % 3 == 0 ? 4.0 : -2.0, 5.0});
  }
  const Alignment alignment = fit_alignment(shifts);
  EXPECT_EQ(alignment.windows_measured, 40);
  EXPECT_EQ(alignment.windows_used, 0);
  EXPECT_EQ(alignment.x, AxisAlignment{});
  EXPECT_EQ(alignment.y, AxisAlignment{});
  EXPECT_GT(alignment.residual_px, 1.0);
}

}  // namespace
}  // namespace pitwatch
