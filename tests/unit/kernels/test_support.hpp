#pragma once
// What the kernel tests share: a fixture that pins one target, rows with guards on both sides, and bitwise comparison.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/dispatch.hpp"

namespace pitwatch::kernels::test {

/// Runs a test once per target of this CPU. Instantiate with PITWATCH_FOR_ALL_TARGETS.
class TargetTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(pin_target(GetParam())); }
  void TearDown() override { pin_target(""); }
};

#define PITWATCH_FOR_ALL_TARGETS(suite)                                                                 \
  INSTANTIATE_TEST_SUITE_P(Targets, suite, testing::ValuesIn(::pitwatch::kernels::available_targets()), \
                           [](const auto& instance) { return instance.param; })

/// 0 to 2N + 1 for the widest vector (N = 64 bytes), and lengths beyond the kernels' chunks on the stack.
inline std::vector<std::size_t> widths() {
  std::vector<std::size_t> result;
  for (std::size_t n = 0; n <= 130; ++n) result.push_back(n);
  for (const std::size_t n : {255, 513, 1021, 1025, 2051, 4099}) result.push_back(n);
  return result;
}

inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// n elements that start one element past the alignment of the allocation, with guards on both sides. Under
/// AddressSanitizer a read or write beyond the guards is caught too.
template <typename T>
class Row {
 public:
  explicit Row(std::size_t n, T fill = T{}) {
    storage_.reserve(n + 2);
    storage_.push_back(guard());
    storage_.insert(storage_.end(), n, fill);
    storage_.push_back(guard());
  }
  T* data() { return storage_.data() + 1; }
  const T* data() const { return storage_.data() + 1; }
  std::size_t size() const { return storage_.size() - 2; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  bool guards_intact() const { return storage_.front() == guard() && storage_.back() == guard(); }

 private:
  static T guard() { return static_cast<T>(-77); }
  std::vector<T> storage_;
};

template <typename T>
Row<T> row_of(std::initializer_list<T> values) {
  Row<T> row(values.size());
  std::copy(values.begin(), values.end(), row.data());
  return row;
}

/// Reflectances from -0.1 to 1.2 among which, one in eight, are the values that break kernels.
inline Row<float> random_reflectance(std::size_t n, std::mt19937& generator, bool with_infinity = true) {
  std::uniform_real_distribution<float> reflectance(-0.1F, 1.2F);
  std::uniform_int_distribution<int> kind(0, 63);
  const float denormal = std::numeric_limits<float>::denorm_min();
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) {
    switch (kind(generator)) {
      case 0:
      case 1:
        row[i] = nan;
        break;
      case 2:
        row[i] = 0.0F;
        break;
      case 3:
        row[i] = -0.0F;
        break;
      case 4:
        row[i] = denormal;
        break;
      case 5:
        row[i] = with_infinity ? infinity : 0.5F;
        break;
      case 6:
        row[i] = with_infinity ? -infinity : -0.5F;
        break;
      default:
        row[i] = reflectance(generator);
    }
  }
  return row;
}

/// Mask bytes, about half of them 0.
inline Row<std::uint8_t> random_mask(std::size_t n, std::mt19937& generator) {
  std::uniform_int_distribution<int> byte(-255, 255);
  Row<std::uint8_t> row(n);
  for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<std::uint8_t>(std::max(byte(generator), 0));
  return row;
}

/// Exact: the same bits, where any NaN equals any other; and nothing written outside the rows.
template <typename T>
testing::AssertionResult same(const Row<T>& actual, const Row<T>& expected) {
  if (!actual.guards_intact()) return testing::AssertionFailure() << "wrote outside the row of " << actual.size();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if constexpr (std::is_same_v<T, float>) {
      if (std::isnan(actual[i]) && std::isnan(expected[i])) continue;
      if (std::bit_cast<std::uint32_t>(actual[i]) == std::bit_cast<std::uint32_t>(expected[i])) continue;
    } else {
      if (actual[i] == expected[i]) continue;
    }
    return testing::AssertionFailure() << "element " << i << " of " << expected.size() << ": "
                                       << testing::PrintToString(actual[i]) << " instead of "
                                       << testing::PrintToString(expected[i]);
  }
  return testing::AssertionSuccess();
}

}  // namespace pitwatch::kernels::test
