#include "kernels/reference/row_program.hpp"

#include <bit>
#include <cmath>

#include "kernels/row_program_series.hpp"

namespace pitwatch::kernels::reference {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double rounded(double x) { return (x + series::round_magic) - series::round_magic; }

double quotient(double a, double b) { return b == 0 ? nan : a / b; }

double truth(bool holds, double a, double b) { return std::isnan(a) || std::isnan(b) ? nan : holds ? 1.0 : 0.0; }

double logarithm(double x) {
  if (!(x >= series::least_normal && x < series::infinite)) return nan;
  const auto shifted = std::bit_cast<std::uint64_t>(x) - series::half_root_bits;
  const auto m = std::bit_cast<double>((shifted & series::mantissa_bits) + series::half_root_bits);
  const auto exponent = static_cast<double>(static_cast<std::int64_t>(shifted) >> 52);
  const double t = (m - 1) / (m + 1);
  const double t2 = t * t;
  double sum = 0;
  for (const double term : series::log_terms) sum = sum * t2 + term;
  return exponent * series::ln2_high + (t * sum + exponent * series::ln2_low);
}

double exponential(double x) {
  if (std::isnan(x)) return nan;
  if (x < series::least_exponent) return 0;
  if (x > series::most_exponent) return series::infinite;
  const double whole = rounded(x * series::log2_e);
  const double r = (x - whole * series::ln2_high) - whole * series::ln2_low;
  double sum = 0;
  for (const double term : series::exp_terms) sum = sum * r + term;
  const auto scale = std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(whole) + 1023) << 52);
  return sum * scale;
}

double power(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return nan;
  if (b == 0) return 1;
  if (a == 0) return b > 0 ? 0 : nan;
  const double size = exponential(b * logarithm(std::abs(a)));
  if (a > 0) return size;
  if (rounded(b) != b || !(std::abs(b) < series::most_whole_power)) return nan;
  return std::fmod(b, 2) != 0 ? -size : size;
}

double decimal(double value) {
  const double candidate = rounded(value * series::decimals) * (1 / series::decimals);
  return std::abs(candidate - value) <= series::float_rounding ? candidate : value;
}

double loaded(const InputRow& input, std::size_t i) {
  return input.values != nullptr ? decimal(double{input.values[i]}) : input.dn[i] * input.scale + input.offset;
}

double result_of(RowOp op, double a, double b, double c) {
  switch (op) {
    case RowOp::add:
      return a + b;
    case RowOp::subtract:
      return a - b;
    case RowOp::multiply:
      return a * b;
    case RowOp::divide:
      return quotient(a, b);
    case RowOp::difference:
      return quotient(a - b, a + b);
    case RowOp::power:
      return power(a, b);
    case RowOp::minimum:
      return std::isnan(b) || b < a ? b : a;
    case RowOp::maximum:
      return std::isnan(b) || b > a ? b : a;
    case RowOp::absolute:
      return std::abs(a);
    case RowOp::root:
      return std::sqrt(a);
    case RowOp::exponential:
      return exponential(a);
    case RowOp::logarithm:
      return logarithm(a);
    case RowOp::less:
      return truth(a < b, a, b);
    case RowOp::less_equal:
      return truth(a <= b, a, b);
    case RowOp::equal:
      return truth(a == b, a, b);
    case RowOp::both:
      return truth(a != 0 && b != 0, a, b);
    case RowOp::inverse:
      return truth(a == 0, a, a);
    case RowOp::select:
      return std::isnan(a) ? nan : a != 0 ? b : c;
    case RowOp::load:
    case RowOp::load_difference:
    case RowOp::store:
      break;
  }
  return nan;
}

float stored(double value, bool masked) {
  const bool is_finite = std::abs(value) <= double{std::numeric_limits<float>::max()};
  return masked || !is_finite ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value);
}

}  // namespace

double row_operation(RowOp op, double a, double b, double c) noexcept { return result_of(op, a, b, c); }

void run_row_program(std::span<const RowStep> steps, std::span<const InputRow> inputs, const std::uint8_t* mask,
                     std::size_t n, double* scratch, std::span<float* const> outputs) noexcept {
  const auto place = [&](int row) -> double& { return scratch[static_cast<std::size_t>(row) * row_program_chunk]; };
  const auto value = [&](const RowOperand& it) { return it.row < 0 ? it.value : place(it.row); };
  for (std::size_t i = 0; i < n; ++i) {
    for (const RowStep& step : steps) {
      const auto port = static_cast<std::size_t>(step.port);
      if (step.op == RowOp::load) {
        place(step.out) = loaded(inputs[port], i);
      } else if (step.op == RowOp::load_difference) {
        const double a = loaded(inputs[static_cast<std::size_t>(step.a.row)], i);
        const double b = loaded(inputs[static_cast<std::size_t>(step.b.row)], i);
        place(step.out) = result_of(RowOp::difference, a, b, 0);
      } else if (step.op == RowOp::store) {
        outputs[port][i] = stored(value(step.a), mask != nullptr && mask[i] != 0);
      } else {
        place(step.out) = result_of(step.op, value(step.a), value(step.b), value(step.c));
      }
    }
  }
}

}  // namespace pitwatch::kernels::reference
