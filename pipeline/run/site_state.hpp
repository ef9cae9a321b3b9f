#pragma once
// What the nightly job knows of one site, and its way to and from a file.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/io/parallel_for.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

inline constexpr std::array<Band, 6> watched_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12};

/// A look that the state rests on.
struct LookRecord {
  std::string key;  // SHA-256 over the scenes' items and their files' sizes: another edition has another key
  Instant acquired{};
  std::string scene;  // id of the first scene
  std::string tile;
  std::string skipped;  // why it was left out; empty where it was used
  friend bool operator==(const LookRecord&, const LookRecord&) = default;
};

using BandMeans = std::array<float, watched_bands.size()>;  // reflectance

/// What speaks for an incident besides its outline.
struct IncidentEvidence {
  Instant onset_after{};
  Instant onset_before{};
  BandMeans before{};         // of its ground when last seen undisturbed
  BandMeans first{};          // when first detected
  BandMeans after{};          // and when last seen disturbed
  bool by_water = false;      // beside ground that was water in the history
  double own_year_share = 0;  // of the looks at its pixels that look like them in another season
  float greenest_ndvi = -1;   // mean of what its ground was expected to have when it is greenest
  std::vector<std::pair<Instant, ChangeClass>> classes;  // by the course so far, from when on each
  std::string scene_before;
  std::string scene_first;
  std::string scene_last;
};

struct SiteState {
  std::vector<LookRecord> looks;  // in order of time
  MonitorState monitor;
  /// Reflectance of each band when the pixel was last seen undisturbed, 0 where it was not; row-major.
  PixelVector<std::array<PackedReflectance, watched_bands.size()>> undisturbed;
  std::vector<Incident> incidents;
  std::map<std::string, IncidentEvidence> evidence;  // by incident
};

/// Writes a state; `algorithm` names program and options, so that a state of others is not gone on from.
void write_site_state(const std::string& path, const std::string& algorithm, const Grid& grid, SiteState& state,
                      const ParallelFor& parallel);

/// The looks of a state file if it is of that algorithm and grid; nothing otherwise, also where it cannot be read.
std::optional<std::vector<LookRecord>> looks_of_state(const std::string& path, const std::string& algorithm,
                                                      const Grid& grid);

/// Reads a state that looks_of_state() has looks of. Throws DataError, starting with the path.
SiteState read_site_state(const std::string& path, const Grid& grid, const ParallelFor& parallel);

}  // namespace pitwatch
