#include "pipeline/indexmap/index_statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pitwatch {
namespace {

// ---- sums ----

constexpr std::size_t lanes = 8;     // sums side by side, in an order that does not depend on the processor
constexpr std::size_t chunk = 4096;  // values that are looked at together while they are at hand; a multiple of lanes

/// visit(some), chunk by chunk.
template <class Visit>
void for_each_chunk(std::span<const float> values, const Visit& visit) {
  for (std::size_t begin = 0; begin < values.size(); begin += chunk) {
    visit(values.subspan(begin, std::min(chunk, values.size() - begin)));
  }
}

/// The sum of all terms, chunk by chunk.
class LaneSum {
 public:
  /// Adds term(value) of values; all chunks but the last are a multiple of the lanes long.
  template <class Term>
  void add(std::span<const float> values, const Term& term) {
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) sums_[lane] += term(values[i + lane]);
    }
    for (std::size_t lane = 0; i + lane < values.size(); ++lane) sums_[lane] += term(values[i + lane]);
  }

  double total() const {
    return ((sums_[0] + sums_[1]) + (sums_[2] + sums_[3])) + ((sums_[4] + sums_[5]) + (sums_[6] + sums_[7]));
  }

 private:
  std::array<double, lanes> sums_{};
};

/// The least and the greatest value.
class Extremes {
 public:
  explicit Extremes(float first) {
    least_.fill(first);
    most_.fill(first);
  }

  void add(std::span<const float> values) {
    std::array<float, 2 * lanes> least = least_;  // which stay in registers
    std::array<float, 2 * lanes> most = most_;
    std::size_t i = 0;
    for (; i + least.size() <= values.size(); i += least.size()) {
      for (std::size_t lane = 0; lane < least.size(); ++lane) {
        const float value = values[i + lane];
        least[lane] = value < least[lane] ? value : least[lane];
        most[lane] = most[lane] < value ? value : most[lane];
      }
    }
    for (; i < values.size(); ++i) {
      least[0] = std::min(least[0], values[i]);
      most[0] = std::max(most[0], values[i]);
    }
    least_ = least;
    most_ = most;
  }

  float least() const { return *std::min_element(least_.begin(), least_.end()); }
  float most() const { return *std::max_element(most_.begin(), most_.end()); }

 private:
  std::array<float, 2 * lanes> least_{};
  std::array<float, 2 * lanes> most_{};
};

// ---- order statistics ----

/// Numbers in the order of the values that they stand for; of both zeros the same.
std::uint32_t ordered(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);
  const auto of_sign = static_cast<std::uint32_t>(static_cast<std::int32_t>(bits) >> 31);  // all ones below zero
  return bits ^ (of_sign | 0x80000000U);
}

/// Values whose upper halves as ordered numbers are alike: those of one of them come one after the other when sorted.
constexpr unsigned bin_bits = 16;
constexpr std::size_t bin_count = std::size_t{1} << bin_bits;

/// The bin of each value of a chunk.
using ChunkBins = std::array<std::uint16_t, chunk>;
void bins_of(std::span<const float> values, ChunkBins& bins) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    bins[i] = static_cast<std::uint16_t>(ordered(values[i]) >> (32 - bin_bits));
  }
}

/// How many values lie in each bin.
class OrderedBins {
 public:
  OrderedBins() : counts_(bin_count, 0) {}

  void add(std::span<const float> values) {
    bins_of(values, of_chunk_);
    for (std::size_t i = 0; i < values.size(); ++i) ++counts_[of_chunk_[i]];
  }

  std::uint32_t count(std::size_t bin) const { return counts_[bin]; }

 private:
  std::vector<std::uint32_t> counts_;
  ChunkBins of_chunk_{};
};

/// The values that stand at some places once all are sorted: those of the few bins that the places lie in are picked
/// out, and these alone are put in order.
class AskedPlaces {
 public:
  /// Places ascend.
  AskedPlaces(const OrderedBins& bins, std::span<const std::size_t> places)
      : places_(places), number_of_bin_(bin_count, 0) {
    std::size_t end = 0;
    std::size_t bin = 0;
    for (const std::size_t place : places) {
      for (; end <= place; ++bin) end += bins.count(bin);  // of the bin before `bin`
      if (number_of_bin_[bin - 1] == 0) {
        asked_.push_back({end - bins.count(bin - 1), {}});
        asked_.back().values.reserve(bins.count(bin - 1));
        number_of_bin_[bin - 1] = static_cast<std::uint8_t>(asked_.size());
      }
      asked_of_place_.push_back(asked_.size() - 1);
    }
  }

  /// All values that were counted are to come.
  void add(std::span<const float> values) {
    bins_of(values, of_chunk_);
    std::size_t count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      picked_[count] = static_cast<std::uint16_t>(i);  // counts where it is in a bin: no branch, none mispredicted
      count += number_of_bin_[of_chunk_[i]] != 0 ? 1U : 0U;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint16_t i = picked_[k];
      asked_[number_of_bin_[of_chunk_[i]] - 1U].values.push_back(values[i] + 0.0F);
    }
  }

  /// Of each place.
  std::vector<float> values() {
    std::vector<float> found;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Bin& of_place = asked_[asked_of_place_[i]];
      const auto at = of_place.values.begin() + static_cast<std::ptrdiff_t>(places_[i] - of_place.begin);
      std::nth_element(of_place.values.begin(), at, of_place.values.end());
      found.push_back(*at);
    }
    return found;
  }

 private:
  struct Bin {
    std::size_t begin = 0;  // the place of its least value among all
    std::vector<float> values;
  };

  std::span<const std::size_t> places_;
  std::vector<std::uint8_t> number_of_bin_;  // among those that are asked for, from 1 on
  std::vector<Bin> asked_;
  std::vector<std::size_t> asked_of_place_;
  ChunkBins of_chunk_{};
  std::array<std::uint16_t, chunk> picked_{};
};

}  // namespace

IndexStatistics statistics_of(std::span<const float> values) {
  IndexStatistics result;
  const auto count = static_cast<double>(values.size());
  LaneSum sum;
  Extremes extremes(values.front());
  OrderedBins bins;
  for_each_chunk(values, [&](std::span<const float> some) {
    sum.add(some, [](float value) { return double{value}; });
    extremes.add(some);
    bins.add(some);
  });
  result.least = double{extremes.least()};
  result.most = double{extremes.most()};
  result.mean = sum.total() / count;

  std::array<std::size_t, 2 * table_percentiles.size()> places{};
  const auto place_of = [&](std::size_t i) { return table_percentiles[i] / 100.0 * (count - 1); };
  for (std::size_t i = 0; i < table_percentiles.size(); ++i) {
    places[2 * i] = static_cast<std::size_t>(place_of(i));
    places[2 * i + 1] = std::min(places[2 * i] + 1, values.size() - 1);
  }
  std::sort(places.begin(), places.end());  // of few values one place's successor may lie behind the next
  AskedPlaces asked(bins, places);
  LaneSum squares;
  for_each_chunk(values, [&, mean = result.mean](std::span<const float> some) {
    squares.add(some, [mean](float value) {
      const double apart = double{value} - mean;
      return apart * apart;
    });
    asked.add(some);
  });
  result.deviation = std::sqrt(squares.total() / count);
  const std::vector<float> found = asked.values();
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
