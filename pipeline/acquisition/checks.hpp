#pragma once
// Whether a scene is what its metadata say, by its own pixels: offsets that are not those of the files, garbage.

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/open_bands.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/gate/dark_pixels.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/block_cache.hpp"

namespace pitwatch {

struct SceneChecks {
  OffsetCheck offsets = OffsetCheck::refuse;
  bool gate = true;  // garbage and misplaced scenes are refused
};

/// What a scene's metadata and pixels say about its offsets, and what follows.
struct OffsetReport {
  OffsetFinding finding;
  OffsetDecision decision;
};

/// decide_on_offsets() on pixels of the whole scene (B04, B08 or else B8A, B11, B12, those that it has; decimated to
/// 512 pixels a side) and two things more: other offsets of one band than of others count as wrong ones, and with
/// OffsetCheck::refuse a scene of undeclared offsets is refused unless its pixels agree. Throws DataError, naming the
/// band and its file, for one that cannot be read, and for plain images whose given scale makes all ground darker than
/// any is. `blocks` as MosaicOptions::blocks. Thread-safe.
OffsetReport check_offsets_of(const Scene& scene, OpenBands& files, OffsetCheck check, BlockCache* blocks = nullptr);

/// The same on pixels that were read for something else.
OffsetReport check_offsets_on(const Scene& scene, std::span<const BandPixels> pixels, OffsetCheck check);

/// The same where no pixels can be had, for the reason given.
OffsetReport check_offsets_without_pixels(const Scene& scene, OffsetCheck check, const std::string& why);

/// Throws DataError, naming band and file, for a file of a mirror that is not as it was fetched (BandAsset::sha256).
void refuse_damaged(const Scene& scene);

/// refuse_damaged() and check_offsets_of() of many sites' scenes: each scene is read once. Thread-safe.
class OffsetMemory {
 public:
  OffsetReport check(const Scene& scene, OpenBands& files, OffsetCheck check, BlockCache* blocks = nullptr);
  void refuse_damaged(const Scene& scene);

 private:
  std::map<std::string, std::string> damage_;  // by scene; empty: none
  std::mutex mutex_;
  std::map<std::string, OffsetReport> known_;
};

/// Throws DataError with the findings of garbage_in() on a band's pixels at full resolution, if there are any.
void refuse_garbage(const Scene& scene, Band band, PlaneView<const std::uint16_t> dn);

/// The same on pieces of a file, 4 million pixels of it.
void refuse_garbage(const Scene& scene, Band band, const BandFile& file);

/// The same on the pixels of several bands over a grid, of large ones on nine pieces spread over it: whatever parts of
/// it are read at once later. Bands that the scene lacks are passed over.
void refuse_garbage(const Scene& scene, const Grid& grid, std::span<const Band> bands, OpenBands& files,
                    BlockCache& blocks);

/// Throws DataError for a shift against the reference, in pixels of 10 m and by so many windows, that no image of the
/// place has.
void refuse_misplaced(double shift_x_px, double shift_y_px, int windows);

/// Throws DataError, naming the band and both files, for a band, or a classification, that shows nothing of what the
/// first of the bands that shows more than a sliver of the ground does: its file lies elsewhere. Of files in another
/// CRS than the ground's the whole counts. Opens the files of the bands that the scene has.
void refuse_elsewhere(const Scene& scene, const Grid& ground, std::span<const Band> bands, OpenBands& files);

/// Throws DataError, naming the band and its file, where a band of one acquisition shows the ground elsewhere than B04
/// does (align/band_agreement.hpp) or has the very pixels of another band, or the classification is not that of the
/// reflectances (align/class_agreement.hpp): one that was moved, or is another scene's. Of acquisitions without B04
/// nothing is said, and of classifications where B02, B08 or the acquisition's classes (MosaicOptions::keep_classes)
/// are not there.
void refuse_displaced(const Scene& scene, const Mosaic& acquisition);

/// The same by a part of a grid: of nine windows, of agreement_window_px, spread over it the one where clear ground
/// differs most, and the one with most different classes. `blocks` as MosaicOptions::blocks.
void refuse_displaced(const Scene& scene, const Grid& grid, std::span<const Band> bands, OpenBands& files,
                      BlockCache* blocks = nullptr);

/// "agrees", "contradicts", "cannot tell".
std::string verdict_name(OffsetVerdict verdict);

/// "refuse", "warn", "off".
std::string offset_check_name(OffsetCheck check);

}  // namespace pitwatch
