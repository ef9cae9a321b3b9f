#include "kernels/predictor.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/reference/predictor.hpp"

namespace pitwatch::kernels {
namespace {

TEST(UndoHorizontalDifferencing, IsTheReferenceOnEveryTarget) {
  std::mt19937 random(1);
  for (const std::string& target : available_targets()) {
    ASSERT_TRUE(pin_target(target));
    for (std::size_t n = 0; n < 130; ++n) {
      std::vector<std::uint16_t> row(n + 2);
      for (std::uint16_t& value : row) value = static_cast<std::uint16_t>(random());
      std::vector<std::uint16_t> expected = row;
      undo_horizontal_differencing(&row[1], n);  // one off, so unaligned
      reference::undo_horizontal_differencing(&expected[1], n);
      EXPECT_EQ(row, expected) << target << " " << n;
    }
  }
  pin_target("");
}

TEST(UndoHorizontalDifferencing, SumsModulo65536) {
  std::vector<std::uint16_t> row{65535, 2, 65535, 10};
  undo_horizontal_differencing(row.data(), row.size());
  EXPECT_EQ(row, (std::vector<std::uint16_t>{65535, 1, 0, 10}));
}

}  // namespace
}  // namespace pitwatch::kernels
