#include "kernels/line_sums.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/line_sums.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

template <class DI>
struct Pixels {
  hn::Vec<DI> number;
  hn::Mask<DI> counts;
};

template <class DI>
HWY_INLINE Pixels<DI> pixels_at(DI di, const std::uint16_t* place, const CountingNumbers& numbers) {
  const hn::Rebind<std::uint16_t, DI> d16;
  const auto number = hn::PromoteTo(di, hn::LoadU(d16, place));
  const auto outside =
      hn::Or(hn::Lt(number, hn::Set(di, numbers.lowest)), hn::Gt(number, hn::Set(di, numbers.highest)));
  const auto special =
      hn::Or(hn::Eq(number, hn::Set(di, numbers.nodata)), hn::Eq(number, hn::Set(di, numbers.saturated)));
  return {number, hn::Not(hn::Or(special, outside))};
}

/// Sums in lanes; `Sum` is a vector, or a reference to what is loaded and stored.
template <class DI>
struct Sums {
  using V = hn::Vec<DI>;
  V valid, least, most, differences, twice_sum, twice_absolute, compared, same, absolute;

  static Sums none(DI di) {
    const V zero = hn::Zero(di);
    return {zero, hn::Set(di, no_least), hn::Set(di, no_most), zero, zero, zero, zero, zero, zero};
  }
  static Sums load(DI di, const LineSumArrays& at, std::size_t x) {
    return {hn::LoadU(di, at.valid + x),       hn::LoadU(di, at.least + x),     hn::LoadU(di, at.most + x),
            hn::LoadU(di, at.differences + x), hn::LoadU(di, at.twice_sum + x), hn::LoadU(di, at.twice_absolute + x),
            hn::LoadU(di, at.compared + x),    hn::LoadU(di, at.same + x),      hn::LoadU(di, at.absolute + x)};
  }
  void store(DI di, const LineSumArrays& at, std::size_t x) const {
    hn::StoreU(valid, di, at.valid + x);
    hn::StoreU(least, di, at.least + x);
    hn::StoreU(most, di, at.most + x);
    hn::StoreU(differences, di, at.differences + x);
    hn::StoreU(twice_sum, di, at.twice_sum + x);
    hn::StoreU(twice_absolute, di, at.twice_absolute + x);
    hn::StoreU(compared, di, at.compared + x);
    hn::StoreU(same, di, at.same + x);
    hn::StoreU(absolute, di, at.absolute + x);
  }

  HWY_INLINE void add(DI di, const Pixels<DI>& pixel) {
    const V one = hn::Set(di, 1);
    valid = hn::Add(valid, hn::IfThenElseZero(pixel.counts, one));
    least = hn::Min(least, hn::IfThenElse(pixel.counts, pixel.number, hn::Set(di, no_least)));
    most = hn::Max(most, hn::IfThenElse(pixel.counts, pixel.number, hn::Set(di, no_most)));
  }
  HWY_INLINE void compare(DI di, const Pixels<DI>& before, const Pixels<DI>& pixel) {
    const V one = hn::Set(di, 1);
    const auto both = hn::And(before.counts, pixel.counts);
    compared = hn::Add(compared, hn::IfThenElseZero(both, one));
    same = hn::Add(same, hn::IfThenElseZero(hn::And(both, hn::Eq(before.number, pixel.number)), one));
    absolute = hn::Add(absolute, hn::IfThenElseZero(both, hn::Abs(hn::Sub(pixel.number, before.number))));
  }
  HWY_INLINE void differ(DI di, const Pixels<DI>& before, const Pixels<DI>& pixel, const Pixels<DI>& after) {
    const auto all = hn::And(hn::And(before.counts, after.counts), pixel.counts);
    const V twice = hn::Sub(hn::Sub(hn::Add(pixel.number, pixel.number), before.number), after.number);
    differences = hn::Add(differences, hn::IfThenElseZero(all, hn::Set(di, 1)));
    twice_sum = hn::Add(twice_sum, hn::IfThenElseZero(all, twice));
    twice_absolute = hn::Add(twice_absolute, hn::IfThenElseZero(all, hn::Abs(twice)));
  }
  void total(DI di, LineSums& sums) const {
    const auto sum = [&](V lanes) HWY_ATTR { return hn::GetLane(hn::SumOfLanes(di, lanes)); };
    sums.valid += sum(valid);
    sums.least = std::min(sums.least, hn::GetLane(hn::MinOfLanes(di, least)));
    sums.most = std::max(sums.most, hn::GetLane(hn::MaxOfLanes(di, most)));
    sums.differences += sum(differences);
    sums.twice_sum += sum(twice_sum);
    sums.twice_absolute += sum(twice_absolute);
    sums.compared += sum(compared);
    sums.same += sum(same);
    sums.absolute += sum(absolute);
  }
};

/// Pixels that D has lanes for; the neighbours on the row are there, or `is_first` and `is_last` of one lane.
template <class DI>
HWY_INLINE void add_pixels(DI di, const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below,
                           std::size_t x, bool is_first, bool is_last, const CountingNumbers& numbers, Sums<DI>& of_row,
                           const LineSumArrays& of_columns) {
  const Pixels<DI> pixel = pixels_at(di, row + x, numbers);
  auto of_column = Sums<DI>::load(di, of_columns, x);
  of_row.add(di, pixel);
  of_column.add(di, pixel);
  if (above != nullptr) {
    const Pixels<DI> before = pixels_at(di, above + x, numbers);
    of_row.compare(di, before, pixel);
    if (below != nullptr) of_row.differ(di, before, pixel, pixels_at(di, below + x, numbers));
  }
  if (!is_first) {
    const Pixels<DI> before = pixels_at(di, row + x - 1, numbers);
    of_column.compare(di, before, pixel);
    if (!is_last) of_column.differ(di, before, pixel, pixels_at(di, row + x + 1, numbers));
  }
  of_column.store(di, of_columns, x);
}

void add_line(const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below, std::size_t begin,
              std::size_t end, std::size_t width, const CountingNumbers& numbers, LineSums& of_row,
              const LineSumArrays& of_columns) {
  hn::ScalableTag<std::int32_t> full;
  hn::CappedTag<std::int32_t, 1> one;
  auto in_lanes = Sums<decltype(full)>::none(full);
  auto alone = Sums<decltype(one)>::none(one);
  const auto add_one = [&](std::size_t x) HWY_ATTR {
    add_pixels(one, above, row, below, x, x == 0, x + 1 == width, numbers, alone, of_columns);
  };
  std::size_t x = begin;
  if (x == 0 && x < end) add_one(x++);
  const std::size_t lanes = hn::Lanes(full);
  for (; x + lanes <= end && x + lanes < width; x += lanes) {
    add_pixels(full, above, row, below, x, false, false, numbers, in_lanes, of_columns);
  }
  for (; x < end; ++x) add_one(x);
  in_lanes.total(full, of_row);
  alone.total(one, of_row);
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(add_line);
void add_line(const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below, std::size_t begin,
              std::size_t end, std::size_t width, const CountingNumbers& numbers, LineSums& of_row,
              const LineSumArrays& of_columns) noexcept {
  HWY_DYNAMIC_DISPATCH(add_line)(above, row, below, begin, end, width, numbers, of_row, of_columns);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
