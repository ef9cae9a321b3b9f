#include "pipeline/indexmap/index_statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pitwatch {
namespace {

// ---- sums ----

constexpr std::size_t lanes = 8;  // sums side by side, in an order that does not depend on the processor

double total(const std::array<double, lanes>& sums) {
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// The sum of term(value) over all values.
template <class Term>
double sum_of(std::span<const float> values, const Term& term) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term(values[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < values.size(); ++lane) sums[lane] += term(values[i + lane]);
  return total(sums);
}

/// pick(a, b) over all values, which gives one of the two.
template <class Pick>
float picked_of(std::span<const float> values, const Pick& pick) {
  std::array<float, 2 * lanes> picked{};
  picked.fill(values.front());
  std::size_t i = 0;
  for (; i + picked.size() <= values.size(); i += picked.size()) {
    for (std::size_t lane = 0; lane < picked.size(); ++lane) picked[lane] = pick(picked[lane], values[i + lane]);
  }
  for (; i < values.size(); ++i) picked[0] = pick(picked[0], values[i]);
  float result = picked[0];
  for (const float one : picked) result = pick(result, one);
  return result;
}

// ---- order statistics ----

/// Numbers in the order of the values that they stand for; of both zeros the same.
std::uint32_t ordered(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000U;
}

/// Values whose upper halves as ordered numbers are alike: those of one of them come one after the other when sorted.
constexpr unsigned bin_bits = 16;
constexpr std::size_t bin_count = std::size_t{1} << bin_bits;
std::size_t bin_of(float value) { return ordered(value) >> (32 - bin_bits); }

/// A bin that holds places which are asked for.
struct AskedBin {
  std::size_t begin = 0;  // the place of its least value among all
  std::vector<float> values;
};

/// The values that stand at some places once all are sorted; places ascend. Each value is looked at twice: to count how
/// many lie in each bin, and to pick those of the few bins that places lie in.
std::vector<float> values_at(std::span<const float> values, std::span<const std::size_t> places) {
  std::vector<std::uint32_t> counts(bin_count, 0);
  for (const float value : values) ++counts[bin_of(value)];
  std::vector<AskedBin> asked;
  std::vector<std::size_t> asked_of_place;
  std::vector<std::uint8_t> number(bin_count, 0);  // of a bin among those that are asked for, from 1 on
  std::size_t end = 0;
  std::size_t bin = 0;
  for (const std::size_t place : places) {
    for (; end <= place; ++bin) end += counts[bin];  // of the bin before `bin`
    if (number[bin - 1] == 0) {
      asked.push_back({end - counts[bin - 1], {}});
      asked.back().values.reserve(counts[bin - 1]);
      number[bin - 1] = static_cast<std::uint8_t>(asked.size());
    }
    asked_of_place.push_back(asked.size() - 1);
  }
  for (const float value : values) {
    if (const std::uint8_t which = number[bin_of(value)]; which != 0) asked[which - 1U].values.push_back(value + 0.0F);
  }
  std::vector<float> found;
  for (std::size_t i = 0; i < places.size(); ++i) {
    AskedBin& of_place = asked[asked_of_place[i]];
    const auto at = of_place.values.begin() + static_cast<std::ptrdiff_t>(places[i] - of_place.begin);
    std::nth_element(of_place.values.begin(), at, of_place.values.end());
    found.push_back(*at);
  }
  return found;
}

}  // namespace

IndexStatistics statistics_of(std::span<const float> values) {
  IndexStatistics result;
  const auto count = static_cast<double>(values.size());
  result.least = double{picked_of(values, [](float a, float b) { return b < a ? b : a; })};
  result.most = double{picked_of(values, [](float a, float b) { return a < b ? b : a; })};
  result.mean = sum_of(values, [](float value) { return double{value}; }) / count;
  const double squares = sum_of(values, [mean = result.mean](float value) {
    const double apart = double{value} - mean;
    return apart * apart;
  });
  result.deviation = std::sqrt(squares / count);

  std::array<std::size_t, 2 * table_percentiles.size()> places{};
  const auto place_of = [&](std::size_t i) { return table_percentiles[i] / 100.0 * (count - 1); };
  for (std::size_t i = 0; i < table_percentiles.size(); ++i) {
    places[2 * i] = static_cast<std::size_t>(place_of(i));
    places[2 * i + 1] = std::min(places[2 * i] + 1, values.size() - 1);
  }
  std::sort(places.begin(), places.end());  // of few values one place's successor may lie behind the next
  const std::vector<float> found = values_at(values, places);
  const auto value_at = [&](std::size_t place) {
    return double{
        found[static_cast<std::size_t>(std::lower_bound(places.begin(), places.end(), place) - places.begin())]};
  };
  for (std::size_t i = 0; i < table_percentiles.size(); ++i) {
    const double part = place_of(i) - std::floor(place_of(i));
    const auto place = static_cast<std::size_t>(place_of(i));
    result.percentiles[i] = (1 - part) * value_at(place) + part * value_at(std::min(place + 1, values.size() - 1));
  }
  return result;
}

}  // namespace pitwatch
