// Exact against the scalar oracle on every target; the oracle against the C library within 4e-15.

#include "kernels/row_program.hpp"

#include <array>

#include "kernels/reference/row_program.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using RowProgram = TargetTest;
PITWATCH_FOR_ALL_TARGETS(RowProgram);

constexpr std::array operations{RowOp::add,   RowOp::subtract, RowOp::multiply,    RowOp::divide,    RowOp::difference,
                                RowOp::power, RowOp::minimum,  RowOp::maximum,     RowOp::absolute,  RowOp::root,
                                RowOp::less,  RowOp::equal,    RowOp::exponential, RowOp::logarithm, RowOp::less_equal,
                                RowOp::both,  RowOp::inverse,  RowOp::select};

struct Scratch {
  alignas(64) std::array<double, 4 * row_program_chunk> rows{};
};

RowStep step_of(RowOp op, RowOperand a, RowOperand b, RowOperand c) {
  RowStep step;
  step.op = op;
  step.out = 3;
  step.a = a;
  step.b = b;
  step.c = c;
  return step;
}

RowStep load_step(int port) {
  RowStep step;
  step.op = RowOp::load;
  step.port = port;
  step.out = port;
  return step;
}

RowStep store_step() {
  RowStep step;
  step.op = RowOp::store;
  step.a.row = 3;
  return step;
}

/// Whole numbers too, so that comparisons find equals and powers whole exponents.
Row<float> operand_row(std::size_t n, std::mt19937& generator) {
  Row<float> row = random_reflectance(n, generator);
  std::uniform_int_distribution<int> whole(-4, 4);
  for (std::size_t i = 0; i < n; i += 3) row[i] = static_cast<float>(whole(generator));
  return row;
}

TEST_P(RowProgram, EveryOperationEqualsItsReference) {
  std::mt19937 generator(11);
  const std::array<RowOperand, 5> constants{{{-1, 0.0}, {-1, 2.0}, {-1, -3.0}, {-1, 0.37}, {-1, 2.5}}};
  Scratch scratch;
  for (const std::size_t n : widths()) {
    const std::array rows{operand_row(n, generator), operand_row(n, generator), operand_row(n, generator)};
    const std::array<InputRow, 3> inputs{{{rows[0].data()}, {rows[1].data()}, {rows[2].data()}}};
    const RowOperand constant = constants.at(n % constants.size());
    for (const RowOp op : operations) {
      const std::array<RowStep, 4> forms{step_of(op, {0}, {1}, {2}), step_of(op, {0}, constant, {2}),
                                         step_of(op, constant, {1}, {2}), step_of(op, constant, constant, constant)};
      for (const RowStep& form : forms) {
        const std::array<RowStep, 5> steps{load_step(0), load_step(1), load_step(2), form, store_step()};
        Row<float> actual(n, 9.0F);
        Row<float> expected(n, 8.0F);
        run_row_program(steps, inputs, nullptr, n, scratch.rows.data(), std::array{actual.data()});
        reference::run_row_program(steps, inputs, nullptr, n, scratch.rows.data(), std::array{expected.data()});
        for (std::size_t i = 0; i < n; ++i) {  // NaNs too have the same bits
          ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
              << "operation " << static_cast<int>(op) << " of " << rows[0][i] << ", " << rows[1][i] << ", "
              << rows[2][i] << " or " << constant.value;
        }
        ASSERT_TRUE(actual.guards_intact());
      }
    }
  }
}

TEST_P(RowProgram, DifferenceOfInputsIsThatOfLoadedRows) {
  std::mt19937 generator(13);
  Scratch scratch;
  for (const std::size_t n : widths()) {
    const std::array rows{operand_row(n, generator), operand_row(n, generator)};
    Row<std::uint16_t> dn(n);
    for (std::size_t i = 0; i < n; ++i) dn[i] = static_cast<std::uint16_t>(generator());
    const std::array<InputRow, 3> inputs{{{rows[0].data()}, {rows[1].data()}, {nullptr, dn.data(), 1e-4, -0.1}}};
    for (const auto& [a, b] : {std::pair(0, 1), std::pair(0, 2), std::pair(2, 1), std::pair(2, 2)}) {
      const std::array<RowStep, 2> at_once{step_of(RowOp::load_difference, {a}, {b}, {}), store_step()};
      const std::array<RowStep, 5> in_turn{load_step(0), load_step(1), load_step(2),
                                           step_of(RowOp::difference, {a}, {b}, {}), store_step()};
      Row<float> actual(n, 9.0F);
      Row<float> expected(n, 8.0F);
      run_row_program(at_once, inputs, nullptr, n, scratch.rows.data(), std::array{actual.data()});
      reference::run_row_program(in_turn, inputs, nullptr, n, scratch.rows.data(), std::array{expected.data()});
      ASSERT_TRUE(same(actual, expected)) << a << ", " << b;
      reference::run_row_program(at_once, inputs, nullptr, n, scratch.rows.data(), std::array{expected.data()});
      ASSERT_TRUE(same(actual, expected)) << a << ", " << b;
    }
  }
}

TEST_P(RowProgram, SingleValuesAreWhatRowsHold) {
  const std::array values{0.0,  -0.0,  1.0,   -1.0,   0.5,   2.0,    -3.0,   1e-5,
                          1e10, 709.5, 708.9, -707.9, 1e300, -708.5, 1e-310, std::numeric_limits<double>::quiet_NaN()};
  for (const RowOp op : operations) {
    for (const double a : values) {
      for (const double b : values) {
        const double actual = row_operation(op, a, b, 7);
        const double expected = reference::row_operation(op, a, b, 7);
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(actual)) << static_cast<int>(op) << " of " << a << ", " << b;
        } else {
          ASSERT_EQ(std::bit_cast<std::uint64_t>(actual), std::bit_cast<std::uint64_t>(expected))
              << static_cast<int>(op) << " of " << a << ", " << b;
        }
      }
    }
  }
}

TEST_P(RowProgram, SeriesAgreeWithTheLibrary) {
  std::mt19937_64 generator(12);
  std::uniform_real_distribution<double> exponent(-700, 700);
  std::uniform_real_distribution<double> base(0, 3);
  for (int i = 0; i < 20'000; ++i) {
    const double x = exponent(generator);
    ASSERT_NEAR(row_operation(RowOp::exponential, x, 0, 0) / std::exp(x), 1, 4e-15) << x;
    const double y = base(generator) + 1e-12;
    ASSERT_NEAR(row_operation(RowOp::logarithm, y, 0, 0), std::log(y), 4e-15 * std::max(1.0, std::abs(std::log(y))));
    ASSERT_NEAR(row_operation(RowOp::power, y, x / 100, 0) / std::pow(y, x / 100), 1, 1e-12) << y << " ^ " << x / 100;
  }
}

TEST_P(RowProgram, WhatHasNoValueIsNan) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const auto is_nan = [](RowOp op, double a, double b, double c) { return std::isnan(row_operation(op, a, b, c)); };
  EXPECT_TRUE(is_nan(RowOp::divide, 1, 0, 0));
  EXPECT_TRUE(is_nan(RowOp::difference, 1, -1, 0));
  EXPECT_TRUE(is_nan(RowOp::power, 0, -1, 0));
  EXPECT_TRUE(is_nan(RowOp::power, -8, 1.0 / 3, 0));
  EXPECT_TRUE(is_nan(RowOp::root, -1, 0, 0));
  EXPECT_TRUE(is_nan(RowOp::logarithm, 0, 0, 0));
  for (const RowOp op : {RowOp::less, RowOp::less_equal, RowOp::equal, RowOp::both, RowOp::minimum, RowOp::maximum}) {
    EXPECT_TRUE(is_nan(op, none, 1, 0)) << static_cast<int>(op);
    EXPECT_TRUE(is_nan(op, 1, none, 0)) << static_cast<int>(op);
  }
  EXPECT_TRUE(is_nan(RowOp::select, none, 1, 2));
  EXPECT_TRUE(is_nan(RowOp::inverse, none, 0, 0));
  EXPECT_EQ(row_operation(RowOp::select, 1, 5, none), 5);
  EXPECT_EQ(row_operation(RowOp::select, 0, none, 6), 6);
  EXPECT_DOUBLE_EQ(row_operation(RowOp::power, -2, 3, 0), -8);
  EXPECT_EQ(row_operation(RowOp::power, 0, 0, 0), 1);
}

TEST_P(RowProgram, DigitalNumbersAndDecimalsAreTheSame) {
  constexpr std::size_t n = 20'001;
  Row<std::uint16_t> dn(n);
  Row<float> reflectance(n);
  for (std::size_t i = 0; i < n; ++i) {
    dn[i] = static_cast<std::uint16_t>(i);
    reflectance[i] = static_cast<float>(i) * 1e-4F - 0.1F;  // as dn_to_reflectance() has it
  }
  Scratch scratch;
  std::array<RowStep, 3> steps{load_step(0), step_of(RowOp::subtract, {0}, {-1, 0.1234}, {}), store_step()};
  Row<float> of_numbers(n);
  Row<float> of_floats(n);
  run_row_program(steps, std::array{InputRow{nullptr, dn.data(), 1e-4, -0.1}}, nullptr, n, scratch.rows.data(),
                  std::array{of_numbers.data()});
  run_row_program(steps, std::array{InputRow{reflectance.data()}}, nullptr, n, scratch.rows.data(),
                  std::array{of_floats.data()});
  for (std::size_t i = 0; i < n; ++i) {
    const double exact = (static_cast<double>(i) - 1000 - 1234) / 10000;
    ASSERT_NEAR(of_numbers[i], exact, 1e-7 * std::abs(exact) + 1e-16) << i;
    ASSERT_NEAR(of_floats[i], exact, 1e-7 * std::abs(exact) + 1e-16) << i;
  }
  const auto between = row_of<float>({0.12345F, 0.1234005F, 0.3F + 5e-7F});
  Row<float> out(3);
  steps[1].b.value = 0;
  run_row_program(steps, std::array{InputRow{between.data()}}, nullptr, 3, scratch.rows.data(), std::array{out.data()});
  EXPECT_TRUE(same(out, between)) << "what is no decimal of four places stays";
}

TEST_P(RowProgram, MaskedPixelsHaveNoValue) {
  constexpr std::size_t n = 300;
  const Row<float> values(n, 0.25F);
  std::vector<std::uint8_t> mask(n, 0);
  for (std::size_t i = 5; i < n; i += 17) mask[i] = static_cast<std::uint8_t>(1 + i % 255);
  Scratch scratch;
  const std::array<RowStep, 3> steps{load_step(0), step_of(RowOp::add, {0}, {-1, 1.0}, {}), store_step()};
  Row<float> out(n);
  run_row_program(steps, std::array{InputRow{values.data()}}, mask.data(), n, scratch.rows.data(),
                  std::array{out.data()});
  for (std::size_t i = 0; i < n; ++i) {
    if (mask[i] != 0) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(nan)) << i;
    } else {
      ASSERT_EQ(out[i], 1.25F) << i;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
