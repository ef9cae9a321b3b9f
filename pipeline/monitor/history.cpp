#include "pipeline/monitor/history.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "kernels/history.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

ObservationStack::ObservationStack(int width, int height, std::size_t features)
    : ObservationStack(width, height, most_acquisitions, nullptr, features) {}

ObservationStack::ObservationStack(int width, int height, std::size_t most, std::shared_ptr<HistoryStorage> storage,
                                   std::size_t features)
    : width_(width), height_(height), features_(features), most_(most), storage_(std::move(storage)) {
  counts_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), {});
}

std::size_t ObservationStack::first_pixel(int strip) const {
  return static_cast<std::size_t>(strip) * strip_rows * static_cast<std::size_t>(width_);
}

std::size_t ObservationStack::pixels(int strip) const {
  const int rows = std::min(strip_rows, height_ - strip * strip_rows);
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width_);
}

std::size_t ObservationStack::bytes(int strip) const {
  constexpr std::size_t alignment = 8;
  const std::size_t needed = pixels(strip) * (features_ * sizeof(std::int16_t) + 1);
  return (needed + alignment - 1) / alignment * alignment;
}

/// In a storage the observations of a strip lie side by side: they are read at once.
std::uint64_t ObservationStack::storage_place(int strip, std::size_t observation) const {
  return std::uint64_t{strip_place(strip)} * most_ + std::uint64_t{bytes(strip)} * observation;
}

PackedPixels ObservationStack::packed(int strip, std::byte* at) const {
  const std::size_t stride = pixels(strip);
  std::byte* const seen = at + stride * features_ * sizeof(std::int16_t);
  return {reinterpret_cast<std::int16_t*>(at), stride, reinterpret_cast<std::uint8_t*>(seen)};
}

PackedPixels ObservationStack::load(int strip, std::size_t observation, PixelVector<std::byte>& memory) {
  if (!storage_) return packed(strip, observations_[observation].strips.data() + strip_place(strip));
  memory.resize(bytes(strip));
  storage_->read(storage_place(strip, observation), memory);
  return packed(strip, memory.data());
}

void ObservationStack::store(int strip, std::size_t observation, const PixelVector<std::byte>& memory) {
  if (storage_) storage_->write(storage_place(strip, observation), memory);
}

std::vector<PackedPixels> ObservationStack::history(int strip, PixelVector<std::byte>& memory) {
  if (storage_) {
    memory.resize(bytes(strip) * observations_.size());
    storage_->read(storage_place(strip, 0), memory);
  }
  std::vector<PackedPixels> result;
  result.reserve(observations_.size());
  for (std::size_t l = 0; l < observations_.size(); ++l) {
    result.push_back(packed(
        strip, storage_ ? memory.data() + l * bytes(strip) : observations_[l].strips.data() + strip_place(strip)));
  }
  return result;
}

void ObservationStack::add(const ObservationFeatures& observation, const RowLoop& rows) {
  if (observation.width != width_ || observation.height != height_)
    throw DataError("observations of a stack differ in size");
  if (observation.values.features() != features_) throw DataError("observations of a stack differ in their features");
  if (!observations_.empty() && observation.when < observations_.back().when)
    throw DataError("observations of a stack are not in order of time");
  if (observations_.size() == most_)
    throw DataError("more than " + std::to_string(most_) + " observations in a history");
  Observation& kept = observations_.emplace_back();
  kept.when = observation.when;
  if (!storage_ && strips() > 0) kept.strips.resize(strip_place(strips() - 1) + bytes(strips() - 1));
  rows(strips(), [&](int begin, int end) {
    PixelVector<std::byte> memory;
    for (int strip = begin; strip < end; ++strip) add_strip(strip, observation, memory);
  });
}

void ObservationStack::add_strip(int strip, const ObservationFeatures& observation, PixelVector<std::byte>& memory) {
  const std::size_t l = observations_.size() - 1;
  const std::size_t first = first_pixel(strip);
  const std::size_t count = pixels(strip);
  const auto values = observation.values.from(first);
  PixelVector<std::uint8_t> seen(count);
  for (std::size_t i = 0; i < count; ++i) {
    seen[i] = static_cast<std::uint8_t>(static_cast<unsigned>(observation.seen[first + i]) |
                                        (observation.called_cloud[first + i] != 0 ? called_cloud_bit : 0U));
  }
  for (std::size_t earlier = l; earlier-- > 0 && observation.when - observations_[earlier].when < one_sky;) {
    const std::uint8_t* const known = load(strip, earlier, memory).seen;
    for (std::size_t i = 0; i < count; ++i) {
      if (seen_of(known[i]) >= seen_of(seen[i])) seen[i] = static_cast<std::uint8_t>(Seen::nothing);
    }
  }
  if (storage_) memory.resize(bytes(strip));
  std::byte* const at = storage_ ? memory.data() : observations_[l].strips.data() + strip_place(strip);
  const PackedPixels kept = packed(strip, at);
  for (std::size_t f = 0; f < features_; ++f) {
    kernels::pack_history(values[f], count, history_steps, kept.values + f * kept.feature_stride);
  }
  std::copy(seen.begin(), seen.end(), kept.seen);
  for (std::size_t i = 0; i < count; ++i) {
    if (seen_of(seen[i]) == Seen::nothing) continue;
    const bool is_called_cloud = (seen[i] & called_cloud_bit) != 0;
    SeenCounts& counts = counts_[first + i];
    ++counts.measured;
    if (is_called_cloud) ++counts.called_cloud;
    if (seen_of(seen[i]) == Seen::clear && !is_called_cloud && looks_wet(observation.values[first + i])) ++counts.wet;
  }
  store(strip, l, memory);
}

}  // namespace pitwatch
