#include "kernels/row_program.hpp"

#include <algorithm>
#include <limits>

#include "kernels/row_program_series.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_program.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// To the nearest whole number, ties to even, for |x| below 2^51: additions alone, which every target has.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V rounded(D d, V x) {
  const V magic = hn::Set(d, series::round_magic);
  return hn::Sub(hn::Add(x, magic), magic);
}

/// One where the comparison holds, zero where not, NaN where a or b is one.
template <class D, class M, class V = hn::Vec<D>>
HWY_INLINE V truth(D d, M holds, V a, V b) {
  const V result = hn::IfThenElseZero(holds, hn::Set(d, 1.0));
  return hn::IfThenElse(hn::And(hn::Eq(a, a), hn::Eq(b, b)), result, hn::Set(d, not_a_number));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V quotient(D d, V a, V b) {
  return hn::IfThenElse(hn::Eq(b, hn::Zero(d)), hn::Set(d, not_a_number), hn::Div(a, b));
}

/// Natural logarithm where x is positive and normal; other lanes hold anything.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_of_positive(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  // The split of exponent and mantissa moves from 1 to sqrt(1/2).
  const auto half_root = hn::Set(du, series::half_root_bits);
  const auto shifted = hn::Sub(hn::BitCast(du, x), half_root);
  const auto mantissa = hn::And(shifted, hn::Set(du, series::mantissa_bits));
  const V m = hn::BitCast(d, hn::Add(mantissa, half_root));
  // The exponent as a double: biased so that it is positive, in the low bits of 2^52.
  const auto biased = hn::ShiftRight<52>(hn::Add(shifted, hn::Set(du, series::bias << 52)));
  const V exponent = hn::Sub(hn::BitCast(d, hn::Or(biased, hn::Set(du, series::two_52_bits))),
                             hn::Set(d, series::two_52 + static_cast<double>(series::bias)));
  const V t = hn::Div(hn::Sub(m, hn::Set(d, 1.0)), hn::Add(m, hn::Set(d, 1.0)));
  const V t2 = hn::Mul(t, t);
  V sum = hn::Set(d, series::log_terms[0]);
  for (std::size_t i = 1; i < series::log_terms.size(); ++i) {
    sum = hn::Add(hn::Mul(sum, t2), hn::Set(d, series::log_terms[i]));
  }
  const V low = hn::Add(hn::Mul(t, sum), hn::Mul(exponent, hn::Set(d, series::ln2_low)));
  return hn::Add(hn::Mul(exponent, hn::Set(d, series::ln2_high)), low);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V logarithm(D d, V x) {
  const auto usable = hn::And(hn::Ge(x, hn::Set(d, series::least_normal)), hn::Lt(x, hn::Set(d, series::infinite)));
  return hn::IfThenElse(usable, log_of_positive(d, x), hn::Set(d, not_a_number));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exponential(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto too_low = hn::Lt(x, hn::Set(d, series::least_exponent));
  const auto too_high = hn::Gt(x, hn::Set(d, series::most_exponent));
  const V inside = hn::IfThenElseZero(
      hn::And(hn::Ge(x, hn::Set(d, series::least_exponent)), hn::Le(x, hn::Set(d, series::most_exponent))), x);
  const V whole = rounded(d, hn::Mul(inside, hn::Set(d, series::log2_e)));
  const V r = hn::Sub(hn::Sub(inside, hn::Mul(whole, hn::Set(d, series::ln2_high))),
                      hn::Mul(whole, hn::Set(d, series::ln2_low)));
  V sum = hn::Set(d, series::exp_terms[0]);
  for (std::size_t i = 1; i < series::exp_terms.size(); ++i) {
    sum = hn::Add(hn::Mul(sum, r), hn::Set(d, series::exp_terms[i]));
  }
  const V biased = hn::Add(whole, hn::Set(d, series::two_52 + series::bias));
  const V scale = hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(du, biased)));
  V result = hn::Mul(sum, scale);
  result = hn::IfThenElse(too_low, hn::Zero(d), result);
  result = hn::IfThenElse(too_high, hn::Set(d, series::infinite), result);
  return hn::IfThenElse(hn::Eq(x, x), result, hn::Set(d, not_a_number));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V power(D d, V a, V b) {
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0);
  const V size = exponential(d, hn::Mul(b, logarithm(d, hn::Abs(a))));
  const V whole = rounded(d, b);
  const V half = hn::Mul(whole, hn::Set(d, 0.5));
  const auto is_whole = hn::And(hn::Eq(whole, b), hn::Lt(hn::Abs(b), hn::Set(d, series::most_whole_power)));
  const auto is_odd = hn::Ne(rounded(d, half), half);
  const V of_negative = hn::IfThenElse(is_whole, hn::IfThenElse(is_odd, hn::Neg(size), size), hn::Set(d, not_a_number));
  V result = hn::IfThenElse(hn::Lt(a, zero), of_negative, size);
  const V of_zero = hn::IfThenElse(hn::Gt(b, zero), zero, hn::Set(d, not_a_number));
  result = hn::IfThenElse(hn::Eq(a, zero), of_zero, result);
  result = hn::IfThenElse(hn::Eq(b, zero), one, result);
  return hn::IfThenElse(hn::And(hn::Eq(a, a), hn::Eq(b, b)), result, hn::Set(d, not_a_number));
}

/// A decimal of four places where the value is one but for its rounding to float.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V decimal(D d, V value) {
  const V candidate =
      hn::Mul(rounded(d, hn::Mul(value, hn::Set(d, series::decimals))), hn::Set(d, 1 / series::decimals));
  const auto room = hn::Set(d, series::float_rounding);
  return hn::IfThenElse(hn::Le(hn::Abs(hn::Sub(candidate, value)), room), candidate, value);
}

/// Where the rows of one chunk are.
struct Chunk {
  double* scratch;
  std::size_t begin;  // of the chunk in the inputs and outputs
  std::size_t n;

  double* row(int number) const { return scratch + static_cast<std::size_t>(number) * row_program_chunk; }
};

/// An input at i as doubles.
struct FloatInput {
  const float* from;

  template <class D>
  HWY_INLINE hn::Vec<D> at(D d, std::size_t i) const {
    const hn::Rebind<float, D> df;
    return decimal(d, hn::PromoteTo(d, hn::LoadU(df, from + i)));
  }
};

struct DnInput {
  const std::uint16_t* from;
  double scale;
  double offset;

  template <class D>
  HWY_INLINE hn::Vec<D> at(D d, std::size_t i) const {
    const hn::Rebind<std::uint16_t, D> du16;
    const hn::Rebind<std::int32_t, D> di32;
    const auto dn = hn::PromoteTo(d, hn::PromoteTo(di32, hn::LoadU(du16, from + i)));
    return hn::Add(hn::Mul(dn, hn::Set(d, scale)), hn::Set(d, offset));
  }
};

/// Calls work(input) with the kind of input that it is.
template <class Work>
HWY_INLINE void with_input(const InputRow& input, const Chunk& chunk, const Work& work) {
  if (input.values != nullptr) {
    work(FloatInput{input.values + chunk.begin});
  } else {
    work(DnInput{input.dn + chunk.begin, input.scale, input.offset});
  }
}

void load(const InputRow& input, const Chunk& chunk, double* out) {
  with_input(input, chunk, [&](auto from) HWY_ATTR {
    for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR { hn::StoreU(from.at(d, i), d, out + i); });
  });
}

void load_difference(const InputRow& first, const InputRow& second, const Chunk& chunk, double* out) {
  with_input(first, chunk, [&](auto from_a) HWY_ATTR {
    with_input(second, chunk, [&](auto from_b) HWY_ATTR {
      for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
        const auto a = from_a.at(d, i);
        const auto b = from_b.at(d, i);
        hn::StoreU(quotient(d, hn::Sub(a, b), hn::Add(a, b)), d, out + i);
      });
    });
  });
}

void store(const double* from, const Chunk& chunk, const std::uint8_t* mask, float* out) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  constexpr double most = std::numeric_limits<float>::max();
  out += chunk.begin;
  for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<float, decltype(d)> df;
    const auto value = hn::LoadU(d, from + i);
    // Before the conversion, which one target saturates.
    const auto finite = hn::IfThenElse(hn::Le(hn::Abs(value), hn::Set(d, most)), value, hn::Set(d, not_a_number));
    hn::StoreU(hn::DemoteTo(df, finite), df, out + i);
  });
  if (mask == nullptr) return;
  mask += chunk.begin;
  for (std::size_t i = 0; i < chunk.n; ++i) out[i] = mask[i] != 0 ? none : out[i];
}

/// out = step(d, a, b) over a chunk, where either operand may be one value for all.
template <class Step>
HWY_INLINE void binary(const RowStep& step, const Chunk& chunk, const Step& formula) {
  double* const out = chunk.row(step.out);
  const double* const a = step.a.row < 0 ? nullptr : chunk.row(step.a.row);
  const double* const b = step.b.row < 0 ? nullptr : chunk.row(step.b.row);
  if (a != nullptr && b != nullptr) {
    for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
      hn::StoreU(formula(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
    });
  } else if (a != nullptr) {
    for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
      hn::StoreU(formula(d, hn::LoadU(d, a + i), hn::Set(d, step.b.value)), d, out + i);
    });
  } else {
    for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
      const auto vb = b == nullptr ? hn::Set(d, step.b.value) : hn::LoadU(d, b + i);
      hn::StoreU(formula(d, hn::Set(d, step.a.value), vb), d, out + i);
    });
  }
}

template <class D>
HWY_INLINE hn::Vec<D> operand(D d, const RowOperand& it, const Chunk& chunk, std::size_t i) {
  return it.row < 0 ? hn::Set(d, it.value) : hn::LoadU(d, chunk.row(it.row) + i);
}

void select(const RowStep& step, const Chunk& chunk) {
  double* const out = chunk.row(step.out);
  for_each_vector<double>(chunk.n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto a = operand(d, step.a, chunk, i);
    const auto chosen =
        hn::IfThenElse(hn::Eq(a, hn::Zero(d)), operand(d, step.c, chunk, i), operand(d, step.b, chunk, i));
    hn::StoreU(hn::IfThenElse(hn::Eq(a, a), chosen, hn::Set(d, not_a_number)), d, out + i);
  });
}

#define PITWATCH_ROW_FORMULA(expression)                           \
  return binary(step, chunk, [](auto d, auto a, auto b) HWY_ATTR { \
    (void)d;                                                       \
    (void)b;                                                       \
    return expression;                                             \
  })

void arithmetic(const RowStep& step, const Chunk& chunk) {
  switch (step.op) {
    case RowOp::add:
      PITWATCH_ROW_FORMULA(hn::Add(a, b));
    case RowOp::subtract:
      PITWATCH_ROW_FORMULA(hn::Sub(a, b));
    case RowOp::multiply:
      PITWATCH_ROW_FORMULA(hn::Mul(a, b));
    case RowOp::divide:
      PITWATCH_ROW_FORMULA(quotient(d, a, b));
    case RowOp::difference:
      PITWATCH_ROW_FORMULA(quotient(d, hn::Sub(a, b), hn::Add(a, b)));
    case RowOp::power:
      PITWATCH_ROW_FORMULA(power(d, a, b));
    case RowOp::minimum:  // a NaN in a is what remains where nothing compares
      PITWATCH_ROW_FORMULA(hn::IfThenElse(hn::Lt(b, a), b, hn::IfThenElse(hn::Eq(b, b), a, b)));
    case RowOp::maximum:
      PITWATCH_ROW_FORMULA(hn::IfThenElse(hn::Gt(b, a), b, hn::IfThenElse(hn::Eq(b, b), a, b)));
    case RowOp::absolute:
      PITWATCH_ROW_FORMULA(hn::Abs(a));
    case RowOp::root:
      PITWATCH_ROW_FORMULA(hn::Sqrt(a));
    case RowOp::exponential:
      PITWATCH_ROW_FORMULA(exponential(d, a));
    case RowOp::logarithm:
      PITWATCH_ROW_FORMULA(logarithm(d, a));
    case RowOp::less:
      PITWATCH_ROW_FORMULA(truth(d, hn::Lt(a, b), a, b));
    case RowOp::less_equal:
      PITWATCH_ROW_FORMULA(truth(d, hn::Le(a, b), a, b));
    case RowOp::equal:
      PITWATCH_ROW_FORMULA(truth(d, hn::Eq(a, b), a, b));
    case RowOp::both:
      PITWATCH_ROW_FORMULA(truth(d, hn::And(hn::Ne(a, hn::Zero(d)), hn::Ne(b, hn::Zero(d))), a, b));
    case RowOp::inverse:
      PITWATCH_ROW_FORMULA(truth(d, hn::Eq(a, hn::Zero(d)), a, a));
    default:  // the others are no formulas of a and b
      return;
  }
}

#undef PITWATCH_ROW_FORMULA

double row_operation(RowOp op, double a, double b, double c) {
  double row[row_program_chunk];
  RowStep step;
  step.op = op;
  step.a.value = a;
  step.b.value = b;
  step.c.value = c;
  const Chunk chunk{row, 0, 1};
  if (op == RowOp::select) {
    select(step, chunk);
  } else {
    arithmetic(step, chunk);
  }
  return row[0];
}

void run_row_program(std::span<const RowStep> steps, std::span<const InputRow> inputs, const std::uint8_t* mask,
                     std::size_t n, double* scratch, std::span<float* const> outputs) {
  for (std::size_t begin = 0; begin < n; begin += row_program_chunk) {
    const Chunk chunk{scratch, begin, std::min(row_program_chunk, n - begin)};
    for (const RowStep& step : steps) {
      if (step.op == RowOp::load) {
        load(inputs[static_cast<std::size_t>(step.port)], chunk, chunk.row(step.out));
      } else if (step.op == RowOp::load_difference) {
        load_difference(inputs[static_cast<std::size_t>(step.a.row)], inputs[static_cast<std::size_t>(step.b.row)],
                        chunk, chunk.row(step.out));
      } else if (step.op == RowOp::store) {
        store(chunk.row(step.a.row), chunk, mask, outputs[static_cast<std::size_t>(step.port)]);
      } else if (step.op == RowOp::select) {
        select(step, chunk);
      } else {
        arithmetic(step, chunk);
      }
    }
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(run_row_program);
void run_row_program(std::span<const RowStep> steps, std::span<const InputRow> inputs, const std::uint8_t* mask,
                     std::size_t n, double* scratch, std::span<float* const> outputs) noexcept {
  HWY_DYNAMIC_DISPATCH(run_row_program)(steps, inputs, mask, n, scratch, outputs);
}

HWY_EXPORT(row_operation);
double row_operation(RowOp op, double a, double b, double c) noexcept {
  return HWY_DYNAMIC_DISPATCH(row_operation)(op, a, b, c);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
