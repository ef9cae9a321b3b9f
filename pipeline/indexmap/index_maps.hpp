#pragma once
// Spectral indices of acquisitions as rasters and pictures: of each, of a composite, of what differs between two.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/indexmap/compose.hpp"
#include "pipeline/indexmap/ground.hpp"
#include "pipeline/indices/request.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

/// Both ends included.
struct IndexPeriod {
  std::optional<Instant> from;
  std::optional<Instant> until;
};

struct IndexMapOptions {
  std::string source;
  NetworkOptions network;
  GivenFacts given;                // of plain images
  std::string out;                 // FILE.tif for one raster, otherwise a folder, made if it is not there
  std::optional<std::string> aoi;  // vector file: pixels outside of its polygons have no value
  IndexPeriod period;
  std::optional<Compositing> composite;  // of the period; nothing: each acquisition by itself
  std::optional<IndexPeriod> before;     // values of `period` less those of this one, each a composite

  bool int16 = false;
  std::optional<double> int16_scale;  // nothing: by the index (int16_scale_of())
  bool pictures = false;              // a PNG beside each raster
  std::optional<ValueRange> stretch;  // of the pictures' colours; nothing: by the values of each

  IndexReading reading;
  // These do not change the result.
  int threads = 0;  // 0: all cores
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

struct IndexMapReport {
  std::vector<std::string> files;  // written, in their order
  SkippedScenes skipped;
  SkippedScenes warnings;
  std::size_t acquisitions = 0;   // used
  std::size_t rasters = 0;        // of the files
  std::size_t without_value = 0;  // of the rasters: those in which no pixel has one; each is warned of
};

/// Writes a raster for each index of the request and each acquisition, or for each index of a composite or difference.
/// Files in a folder are INDEX.tif, where there are several acquisitions INDEX_20210610T075211.tif. Same inputs and
/// options, same bytes.
/// A raster without --aoi has the ground of its acquisitions, all tiles of the first one's zone; with it as much of the
/// area as any acquisition shows. What does not meet that ground is left out. Throws ConfigError (options, too little
/// memory, an output that would take the place of what is read), DataError (no acquisition that can be used, the only
/// one is refused), IoError (an output not writable).
IndexMapReport map_indices(const IndexRequest& request, const IndexMapOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
