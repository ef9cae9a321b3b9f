#include "kernels/shift.hpp"

#include <algorithm>

#include "kernels/sight.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/shift.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/elementary-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

template <class D>
HWY_INLINE hn::Mask<D> has_bit(D d, const std::uint8_t* bytes, int bit) {
  const hn::Rebind<std::int32_t, D> di;
  return hn::RebindMask(d, hn::Ne(hn::And(load_bytes(d, bytes), hn::Set(di, bit)), hn::Zero(di)));
}

template <class D>
HWY_INLINE void store_flags(D, hn::Mask<D> flags, std::uint8_t* to) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::uint8_t, D> db;
  hn::StoreU(hn::DemoteTo(db, hn::IfThenElseZero(hn::RebindMask(di, flags), hn::Set(di, 1))), db, to);
}

constexpr int any_bit = 255;

void whiten_row(const StandardRow& row, const float* whitening, float water_share, std::size_t n,
                std::span<float* const> whitened, float* squares) {
  const std::size_t features = whitened.size();
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    if (hn::AllFalse(d, has_bit(d, row.wanted + x, any_bit))) return;
    const V share =
        hn::IfThenElse(has_bit(d, row.sight + x, sight_water_stays), hn::Set(d, water_share), hn::Set(d, 1.0F));
    V standard[most_features];
    for (std::size_t f = 0; f < features; ++f) {
      const V deviation = hn::LoadU(d, row.deviation[f] + x);
      const V sigmas = hn::Div(hn::Mul(share, hn::LoadU(d, row.residual[f] + x)), deviation);
      standard[f] = hn::IfThenElseZero(hn::Gt(deviation, hn::Zero(d)), sigmas);
    }
    V length = hn::Zero(d);
    for (std::size_t r = 0; r < features; ++r) {
      V sum = hn::Zero(d);
      for (std::size_t c = 0; c <= r; ++c)
        sum = hn::Add(sum, hn::Mul(hn::Set(d, whitening[r * features + c]), standard[c]));
      hn::StoreU(sum, d, whitened[r] + x);
      length = hn::Add(length, hn::Mul(sum, sum));
    }
    hn::StoreU(length, d, squares + x);
  });
}

/// Moves what is in a row of one place to that of the next.
template <typename T>
HWY_INLINE void move_wanted(const std::uint8_t* wanted, std::size_t n, const T* from, T* to) {
  for_each_vector<T>(n, [&](auto d, std::size_t x) HWY_ATTR {
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    if constexpr (sizeof(T) == 1) {
      const auto moves = hn::RebindMask(d, hn::Ne(hn::LoadU(db, wanted + x), hn::Zero(db)));
      hn::StoreU(hn::IfThenElse(moves, hn::LoadU(d, from + x), hn::LoadU(d, to + x)), d, to + x);
    } else {
      const auto moves = hn::Ne(hn::PromoteTo(d, hn::LoadU(db, wanted + x)), hn::Zero(d));
      hn::StoreU(hn::IfThenElse(moves, hn::LoadU(d, from + x), hn::LoadU(d, to + x)), d, to + x);
    }
  });
}

void remember_row(const RememberedRow& row, float limit, float soil_limit, float clean_squares, std::size_t n,
                  const RecentRows& recent, std::uint8_t* clean) {
  const std::size_t features = row.whitened.size();
  for (std::size_t k = recent.numbers.size() - 1; k > 0; --k) {
    move_wanted(row.wanted, n, recent.numbers[k - 1], recent.numbers[k]);
    for (std::size_t f = 0; f < features; ++f)
      move_wanted(row.wanted, n, recent.residuals[(k - 1) * features + f], recent.residuals[k * features + f]);
  }
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> ds;
    const hn::Rebind<std::int8_t, decltype(d)> db;
    const auto wanted = has_bit(d, row.wanted + x, any_bit);
    const auto wanted_int = hn::RebindMask(di, wanted);
    const auto number = hn::PromoteTo(di, hn::LoadU(ds, recent.numbers[0] + x));
    hn::StoreU(hn::DemoteTo(ds, hn::IfThenElse(wanted_int, hn::Set(di, row.number), number)), ds,
               recent.numbers[0] + x);
    V squares = hn::Zero(d);
    for (std::size_t f = 0; f < features; ++f) {
      const V whitened = hn::LoadU(d, row.whitened[f] + x);
      squares = hn::Add(squares, hn::Mul(whitened, whitened));
    }
    const V length = hn::Sqrt(squares);
    const V longest = hn::IfThenElse(has_bit(d, row.sight + x, sight_soil), hn::Set(d, soil_limit), hn::Set(d, limit));
    const V scale = hn::IfThenElse(hn::Le(length, longest), hn::Set(d, 1.0F), hn::Div(longest, length));
    V kept_squares = hn::Zero(d);
    for (std::size_t f = 0; f < features; ++f) {
      const V halves = hn::Mul(hn::Set(d, 2.0F), hn::Mul(hn::LoadU(d, row.whitened[f] + x), scale));
      const V held = hn::IfThenElseZero(wanted, hn::Min(hn::Max(halves, hn::Set(d, -127.0F)), hn::Set(d, 127.0F)));
      const V whole = hn::Floor(hn::Add(held, hn::Set(d, 0.5F)));
      const V half = hn::Mul(hn::Set(d, 0.5F), whole);
      kept_squares = hn::Add(kept_squares, hn::Mul(half, half));
      const auto before = hn::PromoteTo(di, hn::LoadU(db, recent.residuals[f] + x));
      const auto after = hn::IfThenElse(wanted_int, hn::ConvertTo(di, whole), before);
      hn::StoreU(hn::DemoteTo(db, after), db, recent.residuals[f] + x);
    }
    store_flags(d, hn::And(wanted, hn::Lt(kept_squares, hn::Set(d, clean_squares))), clean + x);
  });
}

void shift_factor_row(const RecentRows& recent, const ShiftFactors& factors, const std::uint8_t* lasting_error,
                      const std::uint8_t* sight, const std::uint8_t* wanted, std::size_t n, float* factor,
                      std::uint8_t* above) {
  const std::size_t window = recent.numbers.size();
  const std::size_t features = recent.residuals.size() / window;
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> ds;
    const hn::Rebind<std::int8_t, decltype(d)> db;
    const auto is_wanted = has_bit(d, wanted + x, any_bit);
    if (hn::AllFalse(d, is_wanted)) {
      store_flags(d, is_wanted, above + x);
      return;
    }
    auto count = hn::Zero(di);
    for (std::size_t k = 0; k < window; ++k) {
      const auto number = hn::PromoteTo(di, hn::LoadU(ds, recent.numbers[k] + x));
      count = hn::Sub(count, hn::VecFromMask(di, hn::Gt(number, hn::Set(di, -1))));
    }
    const auto is_soil = has_bit(d, sight + x, sight_soil);
    const auto error = load_bytes(d, lasting_error + x);
    const auto place = hn::Mul(error, hn::Set(di, static_cast<std::int32_t>(window)));
    V sum[most_features];
    for (std::size_t f = 0; f < features; ++f) sum[f] = hn::Zero(d);
    V largest = hn::Zero(d);
    for (std::size_t k = 0; k < std::min(window, factors.most_observations); ++k) {
      V squares = hn::Zero(d);
      for (std::size_t f = 0; f < features; ++f) {
        const auto halves = hn::PromoteTo(di, hn::LoadU(db, recent.residuals[k * features + f] + x));
        sum[f] = hn::Add(sum[f], hn::Mul(hn::Set(d, 0.5F), hn::ConvertTo(d, halves)));
        squares = hn::Add(squares, hn::Mul(sum[f], sum[f]));
      }
      const auto of_k = hn::Add(place, hn::Set(di, static_cast<std::int32_t>(k)));
      V per_square = hn::GatherIndex(d, factors.per_square, of_k);
      V cost = hn::GatherIndex(d, factors.cost, of_k);
      if (k == 0) {
        const V single = hn::Mul(hn::Set(d, factors.single_share), per_square);
        per_square = hn::IfThenElse(is_soil, hn::GatherIndex(d, factors.soil_per_square, error), single);
        cost = hn::IfThenElse(is_soil, hn::GatherIndex(d, factors.soil_cost, error), cost);
      }
      const V of_shift = hn::Sub(hn::Mul(per_square, squares), cost);
      if (k == 0) {
        largest = of_shift;
      } else {
        const auto is_there = hn::RebindMask(d, hn::Gt(count, hn::Set(di, static_cast<std::int32_t>(k))));
        largest = hn::IfThenElse(hn::And(is_there, hn::Gt(of_shift, largest)), of_shift, largest);
      }
    }
    hn::StoreU(largest, d, factor + x);
    store_flags(d, hn::And(is_wanted, hn::Gt(largest, hn::Zero(d))), above + x);
  });
}

void keep_log_odds_row(const float* factor, float prior, const std::uint8_t* wanted, std::size_t n,
                       std::uint8_t* kept) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    const auto is_wanted = has_bit(d, wanted + x, any_bit);
    if (hn::AllFalse(d, is_wanted)) return;
    const auto odds = hn::IfThenElseZero(is_wanted, hn::Add(hn::LoadU(d, factor + x), hn::Set(d, prior)));
    const auto held = hn::Min(hn::Max(odds, hn::Set(d, least_log_odds)), hn::Set(d, most_log_odds));
    const auto steps = hn::Floor(hn::Add(hn::Mul(held, hn::Set(d, 1 / log_odds_step)), hn::Set(d, 0.5F)));
    const auto after = hn::Add(hn::ConvertTo(di, steps), hn::Set(di, even_log_odds));
    const auto all = hn::IfThenElse(hn::RebindMask(di, is_wanted), after, load_bytes(d, kept + x));
    hn::StoreU(hn::DemoteTo(db, all), db, kept + x);
  });
}

void join_neighbours_row(const NeighbourRows& rows, float share, std::size_t n, float* evidence, float* probability) {
  if (n == 0) return;
  // Of the pixels from x on; with those before and behind them where these are there.
  const auto join = [&](auto d, std::size_t x, bool has_before, bool has_after) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const auto unpacked = [&](std::size_t row, std::size_t place) HWY_ATTR {
      const auto steps = hn::Sub(load_bytes(d, rows.log_odds[row] + place), hn::Set(di, even_log_odds));
      return hn::Mul(hn::Set(d, log_odds_step), hn::ConvertTo(d, steps));
    };
    const auto is_judged = [&](std::size_t row, std::size_t place) HWY_ATTR {
      return hn::RebindMask(d, hn::Ne(load_bytes(d, rows.status[row] + place), hn::Set(di, 255)));
    };
    V sum = hn::Zero(d);
    V weights = hn::Zero(d);
    const auto add = [&](std::size_t row, std::size_t place, float weight) HWY_ATTR {
      const auto judged = is_judged(row, place);
      const V weighed = hn::Mul(hn::Set(d, weight), unpacked(row, place));
      sum = hn::IfThenElse(judged, hn::Add(sum, weighed), sum);
      weights = hn::Add(weights, hn::IfThenElseZero(judged, hn::Set(d, weight)));
    };
    for (std::size_t row = 0; row < 3; ++row) {
      if (rows.status[row] == nullptr) continue;
      const float weight = row == 1 ? 2.0F : 1.0F;
      if (has_before) add(row, x - 1, weight);
      add(row, x, 2 * weight);
      if (has_after) add(row, x + 1, weight);
    }
    const auto judged = is_judged(1, x);
    const V own = hn::Mul(hn::Set(d, 1 - share), unpacked(1, x));
    const V joined = hn::Add(own, hn::Div(hn::Mul(hn::Set(d, share), sum), weights));
    const V result = hn::IfThenElseZero(judged, joined);
    hn::StoreU(result, d, evidence + x);
    hn::StoreU(hn::IfThenElseZero(judged, logistic_of(d, result)), d, probability + x);
  };
  const hn::CappedTag<float, 1> one;
  join(one, 0, false, n > 1);
  if (n == 1) return;
  for_each_vector<float>(n - 2, [&](auto d, std::size_t x) HWY_ATTR { join(d, x + 1, true, true); });
  join(one, n - 1, true, false);
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(whiten_row);
void whiten_row(const StandardRow& row, const float* whitening, float water_share, std::size_t n,
                std::span<float* const> whitened, float* squares) noexcept {
  HWY_DYNAMIC_DISPATCH(whiten_row)(row, whitening, water_share, n, whitened, squares);
}

HWY_EXPORT(remember_row);
void remember_row(const RememberedRow& row, float limit, float soil_limit, float clean_squares, std::size_t n,
                  const RecentRows& recent, std::uint8_t* clean) noexcept {
  HWY_DYNAMIC_DISPATCH(remember_row)(row, limit, soil_limit, clean_squares, n, recent, clean);
}

HWY_EXPORT(shift_factor_row);
void shift_factor_row(const RecentRows& recent, const ShiftFactors& factors, const std::uint8_t* lasting_error,
                      const std::uint8_t* sight, const std::uint8_t* wanted, std::size_t n, float* factor,
                      std::uint8_t* above) noexcept {
  HWY_DYNAMIC_DISPATCH(shift_factor_row)(recent, factors, lasting_error, sight, wanted, n, factor, above);
}

HWY_EXPORT(keep_log_odds_row);
void keep_log_odds_row(const float* factor, float prior, const std::uint8_t* wanted, std::size_t n,
                       std::uint8_t* kept) noexcept {
  HWY_DYNAMIC_DISPATCH(keep_log_odds_row)(factor, prior, wanted, n, kept);
}

HWY_EXPORT(join_neighbours_row);
void join_neighbours_row(const NeighbourRows& rows, float share, std::size_t n, float* evidence,
                         float* probability) noexcept {
  HWY_DYNAMIC_DISPATCH(join_neighbours_row)(rows, share, n, evidence, probability);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
