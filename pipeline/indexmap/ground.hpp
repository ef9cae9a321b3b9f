#pragma once
// Which acquisitions indices are made of, and their pixels.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/masks.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/open_bands.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// One overflight.
struct IndexAcquisition {
  Instant acquired{};
  std::vector<Scene> parts;  // at least one, in the order in which they are to be read
  /// Blocks of it that are decoded already, which it is read by way of; may be null.
  std::shared_ptr<BlockCache> decoded = nullptr;
  std::vector<Grid> grounds = {};  // of each part; empty where they were not asked for
};

/// How pixels are read.
struct IndexReading {
  SceneChecks checks;
  MaskChoice masks;
  bool masked = true;  // false: pixels without a measurement alone have no value
};

/// What was not used, and why.
using SkippedScenes = std::vector<std::pair<std::string, std::string>>;

/// The overflights of a listing in a period (both ends included), in order of time, one edition of each
/// (choose_one_per_datatake()); scenes that lack one of the bands are skipped. Other bands that an item names, and
/// whose files are not there, are left out of it. With `place`: those that meet it. With `crs`: of each acquisition
/// tiles of that zone first (prefer_zone()).
std::vector<IndexAcquisition> choose_acquisitions(SourceListing listing, const std::optional<Instant>& from,
                                                  const std::optional<Instant>& until, std::span<const Band> bands,
                                                  const std::optional<DegreeBox>& place, SkippedScenes& skipped,
                                                  const std::string& crs = {});

/// The ground of a scene: whole pixels of 10 m over its finest band; pixels of the file, where they are larger
/// than 20 m. Throws DataError for a file that cannot be read.
Grid whole_ground(const Scene& scene, std::span<const Band> bands);

/// As much more of the lattice of `ground` as another ground takes, of another zone too, whole pixels of 20 m to the
/// west and north. One that PROJ finds no place for there changes nothing.
void widen(Grid& ground, const Grid& other);

/// Whether two grounds have pixels in common; of one in another zone, whether its bounds do.
bool meet(const Grid& ground, const Grid& other);

/// Throws DataError for a scene that is refused (reading.checks): offsets that its pixels contradict, a file of a
/// mirror that is not as it was fetched. Appends what speaks against it otherwise.
void check_acquisition(const IndexAcquisition& acquisition, const IndexReading& reading, OffsetMemory& offsets,
                       BlockCache& blocks, SkippedScenes& warnings);

/// Throws DataError for a scene one of whose bands, or whose classification, shows other ground than the others, or is
/// of another zone (refuse_elsewhere()), lies elsewhere on a ground than B04 (refuse_displaced()), or is garbage there
/// (refuse_garbage()), unless the gate is off (reading.checks). Looked at are the bands that are read, and those of
/// B02, B04 and B08 that the scene has, which the others and the classification are judged by; those are not judged as
/// garbage.
void refuse_unfit_part(const Scene& part, const Grid& ground, std::span<const Band> bands, const IndexReading& reading,
                       BlockCache& blocks);

/// Reflectances and mask of a part of the ground: as `run` reads and masks them, with clouds grown (MosaicOptions).
/// By way of the acquisition's own blocks where it has some, else of `blocks`; `files` may be null. Throws DataError as
/// read_mosaic(), and for garbage. Thread-safe.
Mosaic read_ground(const IndexAcquisition& acquisition, const Grid& part, std::span<const Band> bands,
                   const IndexReading& reading, BlockCache& blocks, OpenBands* files);

/// Memory that read_ground() takes, with what it returns.
std::int64_t read_ground_bytes(const IndexAcquisition& acquisition, const Grid& part, std::size_t bands,
                               const IndexReading& reading);

}  // namespace pitwatch
