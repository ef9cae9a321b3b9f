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
#include "pipeline/core/mask.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/io/parallel_for.hpp"
#include "pipeline/monitor/state.hpp"
#include "pipeline/run/watched_site.hpp"

namespace pitwatch {

inline constexpr std::array<Band, 6> watched_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12};

/// A granule that a look was made of, known by what it is; empty where its metadata did not say.
struct LookPart {
  std::string scene;  // id
  std::string tile;
  std::string level;
  std::string baseline;
  std::string datastrip;  // when its datastrip began
  std::optional<Instant> processed;
  std::string item;   // of its metadata when it was taken in, the beginning of their SHA-256
  std::string sizes;  // of the sizes of its files then, likewise
  friend bool operator==(const LookPart&, const LookPart&) = default;
};

/// An acquisition that the state rests on. It is known by what it is, not by the bytes of its files: these may go.
struct LookRecord {
  Instant acquired{};
  std::string platform;
  std::string datatake;
  std::vector<LookPart> parts;  // in the order in which they were read, at least one
  std::string skipped;          // why it was left out; empty where it was used

  const std::string& scene() const { return parts.front().scene; }
  const std::string& tile() const { return parts.front().tile; }
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

/// What the looks of a site are laid over and measured against: a clear one of the history. The state keeps it, since
/// its files may go, as it is used: rounded to what is kept.
struct ReferencePixels {
  std::string scene;
  int width = 0;  // of the grid on which shifts are measured; row-major
  int height = 0;
  PixelVector<std::uint16_t> red;  // keep_reflectance()
  PixelVector<MaskBits> mask;
  /// On the site's own grid, where looks are brought to its level; empty otherwise.
  PixelVector<std::array<std::uint16_t, watched_bands.size()>> level;
  PixelVector<MaskBits> level_mask;
};

/// Reflectance in steps of 0.0001 from -0.3 on; what is no number is 0.
std::uint16_t keep_reflectance(float reflectance);
float kept_reflectance(std::uint16_t kept);

struct SiteState {
  std::vector<LookRecord> looks;  // in order of time
  Instant learn_until{};          // looks before it are the history
  /// Of no pixel as long as the site is learning: its looks are then kept beside the state.
  MonitorState monitor;
  std::optional<ReferencePixels> reference;  // none where no look of the history would do
  /// Reflectance of each band when the pixel was last seen undisturbed, 0 where it was not; row-major.
  PixelVector<std::array<PackedReflectance, watched_bands.size()>> undisturbed;
  std::vector<Incident> incidents;
  std::map<std::string, IncidentEvidence> evidence;  // by incident

  bool is_learnt() const { return monitor.width > 0; }
};

/// What a state hangs on beside its looks.
struct StateTerms {
  std::string algorithm;  // name of version and options, as alerts have it
  OptionTexts options;    // in clear
  Grid grid;
};

/// Raised whenever the same looks and options give another state.
inline constexpr int algorithm_version = 3;

/// What a state file says of itself.
struct StateHead {
  int format = 0;
  int version = algorithm_version;
  std::string algorithm;
  OptionTexts options;  // none of format 2
  std::string grid;
  bool is_learnt = false;
  std::vector<LookRecord> looks;
};

/// Writes a state.
void write_site_state(const std::string& path, const StateTerms& terms, SiteState& state, const ParallelFor& parallel);

/// The head of a state file, without a check of the rest. Throws DataError, starting with the path, where it cannot be
/// read; ConfigError for one of a newer format.
StateHead read_state_head(const std::string& path);

/// What of the terms differs from those of a state: "buffer-m 600 -> 300; ..."; empty where nothing does.
std::string differences(const StateHead& head, const StateTerms& now);

/// Reads a state of those terms whole, of the former format, too. Throws DataError, starting with the path.
SiteState read_site_state(const std::string& path, const Grid& grid, const ParallelFor& parallel);

}  // namespace pitwatch
