#pragma once
// The observations that models are learnt from, kept as 16-bit numbers: 13 bytes per pixel and observation, and 2 more
// for each extra feature. They lie in strips of some rows, so that a strip's whole history can be had without the
// others'.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/season_fit.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"

namespace pitwatch {

// Features lie in -8..8: indices in -1..1, logarithms in -6.3..0.7, extra ones are held to it.
inline constexpr float history_steps = 4000;  // in 1
inline constexpr float history_step = 1 / history_steps;

/// Where a history is kept that memory is too small for. Called from several threads at once, for places that do not
/// overlap. Errors are the caller's own.
class HistoryStorage {
 public:
  HistoryStorage() = default;
  virtual ~HistoryStorage() = default;
  HistoryStorage(const HistoryStorage&) = delete;
  HistoryStorage& operator=(const HistoryStorage&) = delete;
  virtual void write(std::uint64_t at, std::span<const std::byte> bytes) = 0;
  virtual void read(std::uint64_t at, std::span<std::byte> bytes) = 0;
};

/// What an observation shows of some pixels: of each feature a row, `feature_stride` apart.
struct PackedPixels {
  std::int16_t* values = nullptr;
  std::size_t feature_stride = 0;
  std::uint8_t* seen = nullptr;  // Seen, and called_cloud_bit where the mask says cloud
};

inline constexpr std::uint8_t called_cloud_bit = 4;
inline Seen seen_of(std::uint8_t kept) { return static_cast<Seen>(kept & ~called_cloud_bit); }

/// What is counted of a pixel while observations come in.
struct SeenCounts {
  std::uint16_t measured = 0;
  std::uint16_t called_cloud = 0;  // of these
  std::uint16_t wet = 0;           // observations that showed water
};

/// Copies share a storage.
class ObservationStack {
 public:
  static constexpr int strip_rows = 8;

  /// In memory.
  ObservationStack(int width, int height, std::size_t features = feature_count);
  /// `most` observations at most, in a storage.
  ObservationStack(int width, int height, std::size_t most, std::shared_ptr<HistoryStorage> storage,
                   std::size_t features = feature_count);

  /// Observations come in order of time; what earlier ones under the same sky (one_sky) showed as well is not added
  /// once more. Throws DataError for another size, other features, an observation earlier than the last, or one more
  /// than most.
  void add(const ObservationFeatures& observation, const RowLoop& rows = serial_rows);

  int width() const { return width_; }
  int height() const { return height_; }
  std::size_t features() const { return features_; }
  std::size_t observations() const { return observations_.size(); }
  Instant when(std::size_t observation) const { return observations_[observation].when; }
  const PixelVector<SeenCounts>& counts() const { return counts_; }

  // ---- by strip; its pixels are those of some whole rows ----

  int strips() const { return (height_ + strip_rows - 1) / strip_rows; }
  std::size_t first_pixel(int strip) const;
  std::size_t pixels(int strip) const;

  /// A strip in all observations; of a stack in a storage they are read into `memory`.
  std::vector<PackedPixels> history(int strip, PixelVector<std::byte>& memory);

  /// A strip in one observation, to be looked at; of a stack in a storage it is read into `memory`.
  PackedPixels load(int strip, std::size_t observation, PixelVector<std::byte>& memory);

  /// Shows change(pixels) a strip in one observation, and keeps what it leaves.
  template <typename Change>
  void change(int strip, std::size_t observation, PixelVector<std::byte>& memory, const Change& change_pixels) {
    const PackedPixels pixels = load(strip, observation, memory);
    change_pixels(pixels);
    store(strip, observation, memory);
  }

 private:
  struct Observation {
    Instant when{};
    PixelVector<std::byte> strips;  // one after the other; empty in a storage
  };
  std::size_t bytes(int strip) const;
  std::size_t strip_place(int strip) const { return static_cast<std::size_t>(strip) * bytes(0); }
  std::uint64_t storage_place(int strip, std::size_t observation) const;
  PackedPixels packed(int strip, std::byte* at) const;
  void store(int strip, std::size_t observation, const PixelVector<std::byte>& memory);
  void add_strip(int strip, const ObservationFeatures& observation, PixelVector<std::byte>& memory);

  int width_;
  int height_;
  std::size_t features_;
  std::size_t most_;
  std::shared_ptr<HistoryStorage> storage_;
  std::vector<Observation> observations_;
  PixelVector<SeenCounts> counts_;
};

}  // namespace pitwatch
