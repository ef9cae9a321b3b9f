#pragma once
// A formula of many operations over rows of pixels, in double precision: a list of steps that is carried out chunk by
// chunk, so that all rows in between stay in the first-level cache.
// Same bytes on every target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

/// Pixels of one chunk: scratch rows have so many elements.
inline constexpr std::size_t row_program_chunk = 128;

enum class RowOp : std::uint8_t {
  load,             // out = the input row of number `port`
  add,              // a + b
  subtract,         // a - b
  multiply,         // a * b
  divide,           // a / b; NaN where b is 0
  difference,       // (a - b) / (a + b), the sum rounded before it divides; NaN where it is 0
  load_difference,  // the same of two input rows, whose numbers are a.row and b.row: in one go
  power,            // a ^ b: see below
  minimum,          // of a and b
  maximum,          // of a and b
  absolute,         // |a|
  root,             // the square root of a; NaN below 0
  exponential,      // e ^ a
  logarithm,        // natural, of a; NaN where a is not above 0, or not normal
  less,             // 1 where a < b, else 0
  less_equal,       // 1 where a <= b, else 0
  equal,            // 1 where a = b, else 0
  both,             // 1 where neither a nor b is 0, else 0
  inverse,          // 1 where a is 0, else 0
  select,           // b where a is not 0, c where it is
  store,            // the output row of number `port` = a
};

/// A scratch row, or one value for all pixels; of load_difference an input row.
struct RowOperand {
  int row = -1;  ///< number of the scratch row; below 0: `value`
  double value = 0;
};

struct RowStep {
  RowOp op = RowOp::load;
  int out = 0;   ///< the scratch row that is written; may be one of those read
  int port = 0;  ///< of load and store
  RowOperand a, b, c;
};

/// One row of an input: reflectances, or digital numbers.
struct InputRow {
  const float* values = nullptr;
  const std::uint16_t* dn = nullptr;  ///< where `values` is null: value = dn * scale + offset
  double scale = 1e-4;
  double offset = 0;
};

/// Carries out the steps in their order for each of n pixels.
///
/// `scratch`: row_program_chunk doubles for each scratch row that a step names, aligned to 64 bytes. `inputs[port]` and
/// `outputs[port]` are rows of n elements, any alignment; an output may be an input (exactly, not shifted) if each
/// input is loaded before the first store. A scratch row must be written before it is read.
///
/// Every operation is rounded by itself, in the order of the header. A NaN among the operands gives NaN, of `select`
/// one in `a` or in the operand that is chosen. Power: a ^ 0 is 1; 0 ^ b is 0 for b above 0 and NaN below; of a
/// negative a it is NaN unless b is a whole number; |a| ^ b = exp(b log |a|). Logarithm and exponential are good to
/// 1e-15 of themselves or of 1, whichever is more (the series of 2 artanh((m - 1) / (m + 1)), and Taylor's with its
/// argument below half of log 2; Abramowitz & Stegun 1964, 4.1.27 and 4.2.1); the exponential is 0 below -708 and
/// infinite above 709.
///
/// A float that lies within 2^-22 of a decimal of four places is taken for that decimal: reflectances are whole numbers
/// over 10000, and what rounding them to float lost shows where nearly equal bands are subtracted.
///
/// Outputs are rounded to float once. What is NaN or beyond the largest float is the quiet NaN with no sign and no
/// payload, and so is a pixel whose byte in `mask` is not 0; `mask` may be null.
void run_row_program(std::span<const RowStep> steps, std::span<const InputRow> inputs, const std::uint8_t* mask,
                     std::size_t n, double* scratch, std::span<float* const> outputs) noexcept;

/// One operation on single values, no load and no store: of constants, the same number as a row would hold.
double row_operation(RowOp op, double a, double b, double c) noexcept;

}  // namespace pitwatch::kernels
