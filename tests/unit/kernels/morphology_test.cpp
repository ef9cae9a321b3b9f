// Exact against the oracle on every target.

#include "kernels/morphology.hpp"

#include "kernels/reference/morphology.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Morphology = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Morphology);

TEST_P(Morphology, EqualsReference) {
  std::mt19937 generator(13);
  for (const Neighbourhood shape : {Neighbourhood::square, Neighbourhood::cross}) {
    for (const std::size_t n : widths()) {
      const auto above = random_mask(n, generator);
      const auto row = random_mask(n, generator);
      const auto below = random_mask(n, generator);
      Row<std::uint8_t> actual(n, 9);
      Row<std::uint8_t> expected(n, 8);
      dilate3_row(above.data(), row.data(), below.data(), n, actual.data(), shape);
      reference::dilate3_row(above.data(), row.data(), below.data(), n, expected.data(), shape);
      ASSERT_TRUE(same(actual, expected));

      erode3_row(above.data(), row.data(), below.data(), n, actual.data(), shape);
      reference::erode3_row(above.data(), row.data(), below.data(), n, expected.data(), shape);
      ASSERT_TRUE(same(actual, expected));
    }
  }
}

TEST_P(Morphology, APointGrowsToTheShape) {
  constexpr std::size_t n = 200;
  const Row<std::uint8_t> none(n);
  for (std::size_t at = 0; at < n; ++at) {
    Row<std::uint8_t> row(n);
    row[at] = 0x20;
    for (const Neighbourhood shape : {Neighbourhood::square, Neighbourhood::cross}) {
      Row<std::uint8_t> in_row(n);
      Row<std::uint8_t> beside(n);
      dilate3_row(none.data(), row.data(), none.data(), n, in_row.data(), shape);
      dilate3_row(none.data(), none.data(), row.data(), n, beside.data(), shape);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t distance = i > at ? i - at : at - i;
        ASSERT_EQ(in_row[i], distance <= 1 ? 0x20 : 0);
        ASSERT_EQ(beside[i], distance <= (shape == Neighbourhood::square ? 1U : 0U) ? 0x20 : 0);
      }
    }
  }
}

TEST_P(Morphology, ErosionIsTheDilationOfTheComplement) {
  std::mt19937 generator(14);
  const auto complement = [](const Row<std::uint8_t>& row) {
    Row<std::uint8_t> result(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) result[i] = static_cast<std::uint8_t>(~row[i]);
    return result;
  };
  const auto above = random_mask(150, generator);
  const auto row = random_mask(150, generator);
  const auto below = random_mask(150, generator);
  const auto not_above = complement(above);
  const auto not_row = complement(row);
  const auto not_below = complement(below);
  for (const Neighbourhood shape : {Neighbourhood::square, Neighbourhood::cross}) {
    Row<std::uint8_t> eroded(150);
    Row<std::uint8_t> dilated(150);
    erode3_row(above.data(), row.data(), below.data(), 150, eroded.data(), shape);
    dilate3_row(not_above.data(), not_row.data(), not_below.data(), 150, dilated.data(), shape);
    EXPECT_TRUE(same(eroded, complement(dilated)));
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
