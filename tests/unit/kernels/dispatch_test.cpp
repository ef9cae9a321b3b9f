// A pin is believed only if the code that runs was compiled for the pinned target.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "kernels/difference.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/target_probe.hpp"

namespace pitwatch::kernels {
namespace {

class Dispatch : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("PITWATCH_SIMD");
    pin_target("");
  }
};

TEST_F(Dispatch, HoldsSeveralTargetsAndTheScalarOneIsTheLast) {
  const auto targets = available_targets();
  ASSERT_GE(targets.size(), 2U);
  EXPECT_EQ(targets.back(), "SCALAR");
}

TEST_F(Dispatch, UnpinnedRunsTheBest) {
  pin_target("");
  EXPECT_EQ(active_target(), available_targets().front());
  EXPECT_EQ(running_target().name, available_targets().front());
}

TEST_F(Dispatch, EveryPinIsWhereCallsLand) {
  for (const std::string& target : available_targets()) {
    ASSERT_TRUE(pin_target(target));
    EXPECT_EQ(active_target(), target);
    EXPECT_EQ(running_target().name, target);
    // Once more, after another kernel was the first one called under the pin.
    ASSERT_TRUE(pin_target(target));
    const float in = 1;
    float out = 0;
    difference(&in, &in, 1, &out);
    EXPECT_EQ(running_target().name, target);
  }
}

TEST_F(Dispatch, ScalarPinHasOneLaneAndOthersMore) {
  for (const std::string& target : available_targets()) {
    ASSERT_TRUE(pin_target(target));
    EXPECT_EQ(running_target().float_lanes == 1, target == "SCALAR") << target;
  }
}

TEST_F(Dispatch, TargetsAreListedInFullUnderAPin) {
  const auto all = available_targets();
  ASSERT_TRUE(pin_target("SCALAR"));
  EXPECT_EQ(available_targets(), all);
  EXPECT_STREQ(running_target().name, "SCALAR") << "listing must not lift the pin";
}

TEST_F(Dispatch, LowerCaseNamesWork) {
  ASSERT_TRUE(pin_target("scalar"));
  EXPECT_STREQ(running_target().name, "SCALAR");
}

TEST_F(Dispatch, UnknownNameIsRefusedAndChangesNothing) {
  ASSERT_TRUE(pin_target("SCALAR"));
  EXPECT_FALSE(pin_target("AVX9"));
  EXPECT_STREQ(running_target().name, "SCALAR");
  pin_target("");
  EXPECT_FALSE(pin_target("AVX9"));
  EXPECT_EQ(running_target().name, available_targets().front());
}

TEST_F(Dispatch, EmptyNameLiftsThePin) {
  ASSERT_TRUE(pin_target("SCALAR"));
  ASSERT_STREQ(running_target().name, "SCALAR");
  EXPECT_TRUE(pin_target(""));
  EXPECT_EQ(running_target().name, available_targets().front());
}

TEST_F(Dispatch, EnvironmentPins) {
  setenv("PITWATCH_SIMD", "scalar", 1);
  EXPECT_TRUE(pin_target_from_environment());
  EXPECT_STREQ(running_target().name, "SCALAR");
  setenv("PITWATCH_SIMD", "AVX9", 1);
  EXPECT_FALSE(pin_target_from_environment());
  unsetenv("PITWATCH_SIMD");
  EXPECT_TRUE(pin_target_from_environment());
}

}  // namespace
}  // namespace pitwatch::kernels
