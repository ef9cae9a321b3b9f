#pragma once
// The files of a comparison, opened and checked against each other.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/acquisition/open_bands.hpp"
#include "pipeline/compare/block_store.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/indices/extra_features.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace pitwatch {

/// Bands without which there is no comparison, and bands that are used where both dates (SCL: either date) have them.
inline constexpr std::array required_bands{Band::B04, Band::B08};
inline constexpr std::array optional_bands{Band::B02, Band::B11, Band::B12, Band::SCL};

/// Whether a comparison reads the band where the scenes have it; others are read for features that are asked for alone.
bool is_read_anyway(Band band);

/// One file that is read.
struct PairInput {
  Date date{};
  Band band{};
  bool is_evidence = false;  // the evidence rests on it; others only describe what was found (classes, index changes)
  BandAsset asset;
  const BandFile* file = nullptr;
};

/// The files of both dates, each opened once for all that is asked of it. Lends its files and does not move.
class PairInputs {
 public:
  /// Opens all bands, those of the features, too. The comparison's grid is the part of BEFORE's 10 m grid that AFTER
  /// covers, too. Throws DataError: a required band or one of a feature missing, a file that cannot be opened, CRS that
  /// differ, no overlap of the dates or of a band with them, pixels larger than 20 m on one date that are not so on the
  /// other. Each names scene, band and file.
  PairInputs(const Scene& before, const Scene& after, const ExtraFeatures& features);

  PairInputs(const PairInputs&) = delete;
  PairInputs& operator=(const PairInputs&) = delete;

  const std::vector<PairInput>& inputs() const { return inputs_; }

  /// The open files, for checks that read other bands, too. Thread-safe.
  OpenBands& files() const { return files_; }

  const Grid& grid() const { return grid_; }

  /// The band whose raster the grid is part of.
  const PairInput& reference() const { return inputs_[static_cast<std::size_t>(*find(Date::before, Band::B04))]; }

  /// Restricts the grid to a window of itself.
  void crop(const Window& window);

  /// What cannot be known for want of bands, one sentence each, for the user.
  std::vector<std::string> limits() const;

  /// Bands that cover less than 99 % of the grid, or of which B04 does, one sentence each, for the user: with the file,
  /// the share, and what becomes of the rest.
  std::vector<std::string> gaps() const;

  /// Where the bands lie under the grid by their georeferencing alone.
  PairGeometry geometry() const;

  /// The index of the input of a date and band; nothing if it is not read.
  std::optional<int> find(Date date, Band band) const { return index_[position(date, band)]; }

  std::vector<BlockSource> block_sources() const;

  /// Per input, the window of its raster that lies under `window` of the grid and a margin: `margin_px` for what the
  /// evidence reads, the largest shift for bands that only describe what was found.
  std::vector<Window> native_windows(const Window& window, int margin_px) const;

 private:
  static std::size_t position(Date date, Band band) {
    return static_cast<std::size_t>(date) * band_infos.size() + static_cast<std::size_t>(band);
  }

  PairInput open_band(const Scene& scene, Date date, Band band, bool is_evidence) const;

  mutable OpenBands files_;
  std::vector<PairInput> inputs_;
  std::array<std::optional<int>, 2 * band_infos.size()> index_;
  Grid grid_;
};

/// The pixels of a lease, for the evidence.
class LeasedPixels final : public PairPixels {
 public:
  LeasedPixels(const PairInputs& inputs, BlockStore::Lease lease) : inputs_(&inputs), lease_(std::move(lease)) {}

  void read_row(Date date, Band band, int y, int x0, int x1, std::uint16_t* dn) const override;
  std::span<const std::uint16_t> stretch(Date date, Band band, int y, int x, int end) const override;

 private:
  void look_ahead(int source, const std::uint16_t* pixels, int count) const;

  const PairInputs* inputs_;
  BlockStore::Lease lease_;
};

}  // namespace pitwatch
