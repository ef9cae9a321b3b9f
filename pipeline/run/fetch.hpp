#pragma once
// Scenes of an archive brought to this machine: of each, the ground that is watched.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

struct FetchOptions {
  std::string sites;   // vector file of sites
  std::string source;  // as of WatchOptions
  std::string out;     // folder of the mirror; made if it is not there
  std::optional<Instant> from;
  std::optional<Instant> until;
  std::vector<Band> bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12, Band::SCL};
  double buffer_m = 300;  // around the bounds of a site, as it is watched; what its acquisition is read by comes on top
  NetworkOptions network;
  int threads = 0;  // scenes at once, 0: eight
};

struct FetchReport {
  std::size_t fetched = 0;     // scenes
  std::size_t were_there = 0;  // and were not read
  std::int64_t bytes_received = 0;
  std::vector<std::pair<std::string, std::string>> skipped;     // scene or item, and why
  std::vector<std::pair<std::string, std::string>> superseded;  // scene that is not needed, and why
};

/// Fills OUT with a mirror (scene_mirror.hpp) that can be the source of run, rerun and the others: of each scene over a
/// site the one edition that would be read, with all of `bands`, and of it the blocks that such a run reads; of the
/// neighbouring UTM zone only where no tile of the site's own has all of the ground. What is
/// there is not read again; scenes that fail are named and left to the next call. One call at a time fills a mirror (a
/// lock). Throws ConfigError (options, sites file, folder, lock), DataError (source or sites unusable, no scene to be
/// fetched), IoError.
FetchReport fetch(const FetchOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
