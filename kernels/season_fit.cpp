#include "kernels/season_fit.hpp"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/season_fit.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/ldl-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

constexpr std::size_t most_lanes = 16;       // pixels of a block
constexpr std::size_t most_code_lanes = 64;  // bytes of a vector
constexpr int code_shift = 23 - 4;           // a code is an octave's sixteenth
constexpr std::int32_t largest_code = 254;
constexpr std::uint8_t no_code = 255;  // of observations that do not count: never below a candidate
constexpr float normal_mad = 1.4826F;

constexpr std::size_t rounded_up(std::size_t bytes) {
  return (bytes + most_code_lanes - 1) / most_code_lanes * most_code_lanes;
}

/// A block of as many pixels as D has lanes.
template <class D>
class BlockFit {
  using V = hn::Vec<D>;
  using M = hn::Mask<D>;
  using DI = hn::RebindToSigned<D>;
  using D8 = hn::Rebind<std::uint8_t, D>;
  using D16 = hn::Rebind<std::int16_t, D>;
  using Codes = hn::ScalableTag<std::uint8_t>;

 public:
  BlockFit(const SeasonHistory& history, const SeasonFitOptions& options, std::byte* workspace)
      : history_(history),
        options_(options),
        features_(history.features),
        lanes_(hn::Lanes(d)),
        code_stride_(rounded_up(features_ * lanes_)) {
    const std::size_t most = history.days.size();
    const auto take = [&workspace](std::size_t bytes) HWY_ATTR {
      std::byte* const taken = workspace;
      workspace += rounded_up(bytes);
      return taken;
    };
    residuals_ = reinterpret_cast<float*>(take(most * features_ * lanes_ * sizeof(float)));
    weights_ = reinterpret_cast<float*>(take(most * lanes_ * sizeof(float)));
    codes_ = reinterpret_cast<std::uint8_t*>(take(most * code_stride_));
    found_ = reinterpret_cast<std::uint8_t*>(take(code_stride_));
    below_ = reinterpret_cast<std::int16_t*>(take(code_stride_ * sizeof(std::int16_t)));
    half_ = reinterpret_cast<std::int16_t*>(take(code_stride_ * sizeof(std::int16_t)));
    active_ = reinterpret_cast<std::uint16_t*>(take(most * sizeof(std::uint16_t)));
    for (std::size_t f = 0; f < features_; ++f) {
      // What is below the least noise makes no difference.
      lowest_code_[f] = std::bit_cast<std::int32_t>(options.least_noise[f] * (0.9F / normal_mad)) >> code_shift;
    }
  }

  /// Of the pixels x to x + lanes, those before `end`.
  void run(std::size_t x, std::size_t end, const SeasonFitRows& result) {
    load(x, std::min(lanes_, end - x));
    choose_features();
    begin();
    constexpr int huber_rounds = 3;
    constexpr int rounds = 5;
    for (int round = 0; round <= rounds; ++round) {
      if (round > 0) weigh(round <= huber_rounds);
      add_up();
      solve_step();
      take_off(round < rounds);
    }
    put_out(x, std::min(lanes_, end - x), result);
  }

 private:
  HWY_INLINE float* residual(std::size_t l, std::size_t f) { return residuals_ + (l * features_ + f) * lanes_; }
  HWY_INLINE float* weight(std::size_t l) { return weights_ + l * lanes_; }
  HWY_INLINE const SeasonDay& day(std::size_t l) const { return history_.days[active_[l]]; }

  /// Observations that count at some pixel of the block: a value or NaN, and weight 1 where they count.
  void load(std::size_t x, std::size_t pixels) {
    const V step = hn::Set(d, history_.step);
    const V nan = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
    HWY_ALIGN std::uint8_t counts[most_lanes] = {};
    HWY_ALIGN std::int16_t values[most_lanes] = {};
    count_ = hn::Zero(d);
    for (std::size_t f = 0; f < features_; ++f) there_[f] = hn::Zero(d);
    observations_ = 0;
    for (std::size_t l = 0; l < history_.days.size(); ++l) {
      std::copy_n(history_.counts + l * history_.counts_stride + x, pixels, counts);
      const auto counted = hn::PromoteTo(di, hn::Load(D8(), counts));
      const M here = hn::RebindMask(d, hn::Gt(counted, hn::Zero(di)));
      if (hn::AllFalse(d, here)) continue;
      const V one = hn::IfThenElseZero(here, hn::Set(d, 1.0F));
      count_ = hn::Add(count_, one);
      for (std::size_t f = 0; f < features_; ++f) {
        const std::int16_t* const row = history_.values[l] + f * history_.feature_stride;
        if (pixels == lanes_) {
          hn::Store(hn::LoadU(D16(), row + x), D16(), values);
        } else {
          std::copy_n(row + x, pixels, values);
        }
        const auto packed = hn::PromoteTo(di, hn::Load(D16(), values));
        const M is_there = hn::RebindMask(d, hn::Gt(packed, hn::Set(di, no_season_value)));
        there_[f] = hn::Add(there_[f], hn::IfThenElseZero(is_there, one));
        hn::Store(hn::IfThenElse(is_there, hn::Mul(hn::ConvertTo(d, packed), step), nan), d,
                  residual(observations_, f));
      }
      hn::Store(one, d, weight(observations_));
      active_[observations_++] = static_cast<std::uint16_t>(l);
    }
  }

  /// Which features a pixel has, and which observations have all of these: the others get weight 0.
  void choose_features() {
    const V two = hn::Set(d, 2.0F);
    const V one = hn::Set(d, 1.0F);
    used_count_ = hn::Zero(d);
    for (std::size_t f = 0; f < features_; ++f) {
      used_[f] = hn::IfThenElseZero(hn::Gt(hn::Mul(two, there_[f]), count_), one);
      used_count_ = hn::Add(used_count_, used_[f]);
    }
    complete_ = hn::Zero(d);
    for (std::size_t l = 0; l < observations_; ++l) {
      M complete = hn::Gt(hn::Load(d, weight(l)), hn::Zero(d));
      for (std::size_t f = 0; f < features_; ++f) {
        const V value = hn::Load(d, residual(l, f));
        complete = hn::And(complete, hn::Or(hn::Eq(value, value), hn::Eq(used_[f], hn::Zero(d))));
      }
      for (std::size_t f = 0; f < features_; ++f) {
        const M is_wanted = hn::And(complete, hn::Gt(used_[f], hn::Zero(d)));
        hn::Store(hn::IfThenElseZero(is_wanted, hn::Load(d, residual(l, f))), d, residual(l, f));
      }
      const V weight_of_it = hn::IfThenElseZero(complete, one);
      complete_ = hn::Add(complete_, weight_of_it);
      hn::Store(weight_of_it, d, weight(l));
      const auto code = hn::IfThenElse(hn::RebindMask(di, complete), hn::Zero(di), hn::Set(di, no_code));
      std::fill_n(codes_ + l * code_stride_, code_stride_, no_code);
      for (std::size_t f = 0; f < features_; ++f) {
        hn::Store(hn::DemoteTo(D8(), code), D8(), codes_ + l * code_stride_ + f * lanes_);
      }
    }
  }

  void begin() {
    const auto at_least = [&](int observations)
                              HWY_ATTR { return hn::Ge(complete_, hn::Set(d, static_cast<float>(observations))); };
    const V one = hn::Set(d, 1.0F);
    is_fitted_ =
        hn::IfThenElseZero(hn::And(at_least(options_.min_observations), hn::Gt(used_count_, hn::Zero(d))), one);
    const V first = hn::IfThenElseZero(at_least(options_.observations_for_first_harmonic), one);
    const V second = hn::IfThenElseZero(at_least(options_.observations_for_second_harmonic), one);
    // A second harmonic does not come without the first, nor a first where the second needs less.
    harmonics_ = hn::Max(first, hn::Add(second, second));
    for (std::size_t i = 0; i < season_terms; ++i) {
      const V needed = hn::Set(d, static_cast<float>((i + 1) / 2));
      term_is_used_[i] = hn::IfThenElseZero(hn::Ge(harmonics_, needed), one);
    }
    for (std::size_t f = 0; f < features_; ++f) {
      for (std::size_t i = 0; i < season_terms; ++i) coefficients_[f * season_terms + i] = hn::Zero(d);
    }
    HWY_ALIGN std::int32_t complete[most_lanes];
    hn::Store(hn::ConvertTo(di, complete_), di, complete);
    std::fill_n(half_, code_stride_, std::int16_t{0});
    for (std::size_t f = 0; f < features_; ++f) {
      for (std::size_t x = 0; x < lanes_; ++x) half_[f * lanes_ + x] = static_cast<std::int16_t>(complete[x] / 2);
    }
  }

  /// For each feature and pixel the code that half of the residuals lie below: bit by bit, by counting.
  void find_medians() {
    const Codes d8;
    const hn::ScalableTag<std::int16_t> d16;
    const hn::Rebind<std::uint8_t, decltype(d16)> half8;
    const std::size_t code_lanes = hn::Lanes(d8);
    constexpr std::size_t most_in_a_byte = 255;
    HWY_ALIGN std::uint8_t sums[most_code_lanes];
    for (std::size_t c = 0; c < code_stride_; c += code_lanes) {
      auto found = hn::Zero(d8);
      for (int bit = 7; bit >= 0; --bit) {
        const auto candidate = hn::Or(found, hn::Set(d8, static_cast<std::uint8_t>(1U << bit)));
        std::fill_n(below_, code_lanes, std::int16_t{0});
        for (std::size_t begin = 0; begin < observations_; begin += most_in_a_byte) {
          const std::size_t end = std::min(observations_, begin + most_in_a_byte);
          auto sum = hn::Zero(d8);
          const std::uint8_t* code = codes_ + begin * code_stride_ + c;
          for (std::size_t l = begin; l < end; ++l, code += code_stride_) {
            sum = hn::Sub(sum, hn::VecFromMask(d8, hn::Lt(hn::Load(d8, code), candidate)));
          }
          hn::Store(sum, d8, sums);
          for (std::size_t k = 0; k < code_lanes; k += hn::Lanes(d16)) {
            const auto more = hn::PromoteTo(d16, hn::Load(half8, sums + k));
            hn::Store(hn::Add(hn::Load(d16, below_ + k), more), d16, below_ + k);
          }
        }
        for (std::size_t k = 0; k < code_lanes; k += hn::Lanes(d16)) {
          const auto is_above = hn::Gt(hn::Load(d16, below_ + k), hn::Load(d16, half_ + c + k));
          const auto one = hn::Set(d16, std::int16_t{1});
          hn::Store(hn::DemoteTo(half8, hn::IfThenZeroElse(is_above, one)), half8, sums + k);
        }
        const auto is_kept = hn::Gt(hn::Load(d8, sums), hn::Zero(d8));
        found = hn::IfThenElse(is_kept, candidate, found);
      }
      hn::Store(found, d8, found_ + c);
    }
  }

  V median(std::size_t f) {
    const auto code = hn::PromoteTo(di, hn::Load(D8(), found_ + f * lanes_));
    const auto bits = hn::ShiftLeft<code_shift>(hn::Add(code, hn::Set(di, lowest_code_[f])));
    return hn::BitCast(d, hn::Add(bits, hn::Set(di, std::int32_t{1} << (code_shift - 1))));
  }

  /// Weights by the distance from the fit.
  void weigh(bool by_huber) {
    find_medians();
    V per_spread[most_season_features];
    for (std::size_t f = 0; f < features_; ++f) {
      const V spread = hn::Mul(hn::Set(d, normal_mad), median(f));
      per_spread[f] = hn::Div(hn::Set(d, 1.0F), hn::Max(spread, hn::Set(d, options_.least_noise[f])));
    }
    const V one = hn::Set(d, 1.0F);
    const V per_used = hn::Div(one, hn::Max(used_count_, one));
    const V per_limit = hn::Set(d, 1.0F / options_.tukey_sigma);
    for (std::size_t l = 0; l < observations_; ++l) {
      V sum = hn::Zero(d);
      for (std::size_t f = 0; f < features_; ++f) {
        const V z = hn::Mul(hn::Load(d, residual(l, f)), per_spread[f]);
        sum = hn::Add(sum, hn::Mul(z, z));
      }
      const V distance = hn::Sqrt(hn::Mul(sum, per_used));
      const auto code = hn::PromoteTo(di, hn::Load(D8(), codes_ + l * code_stride_));
      const M counts = hn::RebindMask(d, hn::Lt(code, hn::Set(di, no_code)));
      V value;
      if (by_huber) {
        // What lies far off has next to no say from the first.
        const V share = hn::IfThenElse(hn::Lt(distance, hn::Set(d, 10.0F)), one, hn::Set(d, 0.1F));
        value = hn::Mul(hn::Min(one, hn::Div(one, hn::Add(distance, hn::Set(d, 1e-6F)))), share);
      } else {
        const V u = hn::Mul(distance, per_limit);
        const V rest = hn::Max(hn::Sub(one, hn::Mul(u, u)), hn::Zero(d));
        value = hn::Mul(rest, rest);
      }
      hn::Store(hn::IfThenElseZero(counts, value), d, weight(l));
    }
  }

  /// The weighted normal equations of the residuals.
  void add_up() {
    for (std::size_t e = 0; e < season_triangle; ++e) matrix_[e] = hn::Zero(d);
    for (std::size_t l = 0; l < observations_; ++l) {
      const SeasonDay& at = day(l);
      const V w = hn::Load(d, weight(l));
      for (std::size_t i = 0; i < season_terms; ++i) {
        const V weighted = hn::Mul(w, hn::Set(d, at.terms[i]));
        for (std::size_t j = 0; j <= i; ++j) {
          V& entry = matrix_[in_triangle(i, j)];
          entry = hn::Add(entry, hn::Mul(weighted, hn::Set(d, at.terms[j])));
        }
      }
    }
    std::size_t f = 0;
    for (; f + 4 <= features_; f += 4) add_right_sides<4>(f);
    for (; f + 2 <= features_; f += 2) add_right_sides<2>(f);
    for (; f < features_; ++f) add_right_sides<1>(f);
  }

  template <std::size_t count>
  HWY_INLINE void add_right_sides(std::size_t first) {
    V sums[count * season_terms];
    for (V& sum : sums) sum = hn::Zero(d);
    for (std::size_t l = 0; l < observations_; ++l) {
      const SeasonDay& at = day(l);
      const V w = hn::Load(d, weight(l));
      for (std::size_t k = 0; k < count; ++k) {
        const V weighted = hn::Mul(w, hn::Load(d, residual(l, first + k)));
        for (std::size_t i = 0; i < season_terms; ++i) {
          V& sum = sums[k * season_terms + i];
          sum = hn::Add(sum, hn::Mul(weighted, hn::Set(d, at.terms[i])));
        }
      }
    }
    for (std::size_t k = 0; k < count * season_terms; ++k) right_[first * season_terms + k] = sums[k];
  }

  /// What the coefficients change by.
  void solve_step() {
    const V one = hn::Set(d, 1.0F);
    for (std::size_t i = 0; i < season_terms; ++i) {
      V& diagonal = matrix_[in_triangle(i, i)];
      diagonal = hn::Add(diagonal, hn::Set(d, options_.ridge[i]));
      for (std::size_t j = 0; j <= i; ++j) {
        V& entry = matrix_[in_triangle(i, j)];
        entry = hn::Mul(term_is_used_[i], entry);
      }
      diagonal = hn::Add(diagonal, hn::Sub(one, term_is_used_[i]));
      // Where nothing has weight the coefficients stay as they are.
      diagonal = hn::IfThenElse(hn::Gt(diagonal, hn::Zero(d)), diagonal, one);
    }
    factorise(d, matrix_, per_diagonal_);
    for (std::size_t f = 0; f < features_; ++f) {
      V* const change = right_ + f * season_terms;
      V* const coefficients = coefficients_ + f * season_terms;
      for (std::size_t i = 0; i < season_terms; ++i) {
        const V pull = hn::Mul(hn::Set(d, options_.ridge[i]), coefficients[i]);
        change[i] = hn::Mul(term_is_used_[i], hn::Sub(change[i], pull));
      }
      solve(matrix_, per_diagonal_, change);
      for (std::size_t i = 0; i < season_terms; ++i) coefficients[i] = hn::Add(coefficients[i], change[i]);
    }
  }

  /// Takes what the solution explains off the residuals.
  void take_off(bool with_codes) {
    std::size_t f = 0;
    for (; f + 4 <= features_; f += 4) take_off_of<4>(f, with_codes);
    for (; f + 2 <= features_; f += 2) take_off_of<2>(f, with_codes);
    for (; f < features_; ++f) take_off_of<1>(f, with_codes);
  }

  template <std::size_t count>
  HWY_INLINE void take_off_of(std::size_t first, bool with_codes) {
    V change[count * season_terms];
    for (std::size_t k = 0; k < count * season_terms; ++k) change[k] = right_[first * season_terms + k];
    const auto largest = hn::Set(di, largest_code);
    for (std::size_t l = 0; l < observations_; ++l) {
      const SeasonDay& at = day(l);
      for (std::size_t k = 0; k < count; ++k) {
        float* const place = residual(l, first + k);
        V rest = hn::Load(d, place);
        for (std::size_t i = 0; i < season_terms; ++i) {
          rest = hn::Sub(rest, hn::Mul(hn::Set(d, at.terms[i]), change[k * season_terms + i]));
        }
        hn::Store(rest, d, place);
        if (!with_codes) continue;
        const auto bits = hn::BitCast(di, hn::Abs(rest));
        auto code = hn::Sub(hn::ShiftRight<code_shift>(bits), hn::Set(di, lowest_code_[first + k]));
        code = hn::Min(hn::Max(code, hn::Zero(di)), largest);
        std::uint8_t* const code_place = codes_ + l * code_stride_ + (first + k) * lanes_;
        const auto counts_not = hn::Eq(hn::PromoteTo(di, hn::Load(D8(), code_place)), hn::Set(di, no_code));
        hn::Store(hn::DemoteTo(D8(), hn::IfThenElse(counts_not, hn::Set(di, no_code), code)), D8(), code_place);
      }
    }
  }

  void put_out(std::size_t x, std::size_t pixels, const SeasonFitRows& result) {
    const M is_fitted = hn::Gt(is_fitted_, hn::Zero(d));
    HWY_ALIGN float row[most_lanes];
    const auto put = [&](V value, float* into) HWY_ATTR {
      hn::Store(hn::IfThenElseZero(is_fitted, value), d, row);
      std::copy_n(row, pixels, into + x);
    };
    V parts[season_parts];
    for (V& part : parts) part = hn::Zero(d);
    V total = hn::Zero(d);
    V squares[most_season_features];
    for (std::size_t f = 0; f < features_; ++f) squares[f] = hn::Zero(d);
    for (std::size_t l = 0; l < observations_; ++l) {
      const V w = hn::Load(d, weight(l));
      V& part = parts[history_.parts[active_[l]]];
      part = hn::Add(part, w);
      total = hn::Add(total, w);
      for (std::size_t f = 0; f < features_; ++f) {
        const V rest = hn::Load(d, residual(l, f));
        squares[f] = hn::Add(squares[f], hn::Mul(w, hn::Mul(rest, rest)));
      }
    }
    const V one = hn::Set(d, 1.0F);
    const V freedom = hn::Max(one, hn::Sub(total, parameters()));
    for (std::size_t f = 0; f < features_; ++f) {
      const bool has_prior = options_.typical_noise[f] > 0;
      const float prior = has_prior ? options_.noise_prior_observations : 0.0F;
      const float prior_squares = prior * (options_.typical_noise[f] * options_.typical_noise[f]);
      const V variance = hn::Div(hn::Add(squares[f], hn::Set(d, prior_squares)), hn::Add(freedom, hn::Set(d, prior)));
      const V noise = hn::Max(hn::Set(d, options_.least_noise[f]), hn::Sqrt(variance));
      put(hn::IfThenElseZero(hn::Gt(used_[f], hn::Zero(d)), noise), result.noise[f]);
      for (std::size_t i = 0; i < season_terms; ++i) {
        put(coefficients_[f * season_terms + i], result.coefficients[f * season_terms + i]);
      }
    }
    for (std::size_t part = 0; part < season_parts; ++part) put(parts[part], result.observations[part]);
    hn::Store(hn::IfThenElseZero(is_fitted, harmonics_), d, row);
    for (std::size_t k = 0; k < pixels; ++k) result.harmonics[x + k] = static_cast<std::uint8_t>(row[k]);
    hn::Store(is_fitted_, d, row);
    for (std::size_t k = 0; k < pixels; ++k) result.is_fitted[x + k] = static_cast<std::uint8_t>(row[k]);
  }

  /// How many parameters the observations have determined, and the ridge has not.
  V parameters() {
    V sum = hn::Zero(d);
    for (std::size_t i = 0; i < season_terms; ++i) {
      V unit[season_terms];
      for (std::size_t k = 0; k < season_terms; ++k) unit[k] = hn::Zero(d);
      unit[i] = hn::Set(d, 1.0F);
      solve(matrix_, per_diagonal_, unit);
      const V held = hn::Mul(hn::Set(d, options_.ridge[i]), unit[i]);
      sum = hn::Add(sum, hn::Mul(term_is_used_[i], hn::Sub(hn::Set(d, 1.0F), held)));
    }
    return sum;
  }

  static constexpr D d{};
  static constexpr DI di{};
  const SeasonHistory& history_;
  const SeasonFitOptions& options_;
  std::size_t features_;
  std::size_t lanes_;
  std::size_t code_stride_;
  // By observation that counts somewhere in the block.
  float* residuals_;
  float* weights_;
  std::uint8_t* codes_;    // of the residuals' sizes
  std::uint16_t* active_;  // its number
  std::size_t observations_ = 0;
  // By feature and pixel.
  std::uint8_t* found_;
  std::int16_t* below_;
  std::int16_t* half_;
  std::array<std::int32_t, most_season_features> lowest_code_{};
  V count_;
  V complete_;
  V used_count_;
  V is_fitted_;
  V harmonics_;
  V there_[most_season_features];
  V used_[most_season_features];
  V term_is_used_[season_terms];
  V coefficients_[most_season_features * season_terms];
  V right_[most_season_features * season_terms];  // of the equations, then their solution
  V matrix_[season_triangle];
  V per_diagonal_[season_terms];
};

template <class D>
void fit_blocks(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte* workspace,
                const SeasonFitRows& result) {
  BlockFit<D> fit(history, options, workspace);
  for (std::size_t x = 0; x < n; x += hn::Lanes(D())) fit.run(x, n, result);
}

void season_fit(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte* workspace,
                const SeasonFitRows& result) {
  if (n == 1) {
    fit_blocks<hn::CappedTag<float, 1>>(history, options, n, workspace, result);
  } else {
    fit_blocks<hn::ScalableTag<float>>(history, options, n, workspace, result);
  }
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

std::size_t season_fit_workspace(std::size_t observations, std::size_t features) noexcept {
  // As BlockFit takes it on the target with the widest vectors; each piece is rounded up.
  constexpr std::size_t lanes = 16;
  constexpr std::size_t line = 64;
  const std::size_t codes = (features * lanes + line - 1) / line * line;
  const std::size_t by_observation = (features + 1) * lanes * sizeof(float) + codes + sizeof(std::uint16_t);
  return observations * by_observation + codes * (1 + 2 * sizeof(std::int16_t)) + 8 * line;
}

HWY_EXPORT(season_fit);
void season_fit(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte* workspace,
                const SeasonFitRows& result) noexcept {
  HWY_DYNAMIC_DISPATCH(season_fit)(history, options, n, workspace, result);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
