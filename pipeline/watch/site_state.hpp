#pragma once
// What the nightly job knows of one site, and its way to and from a file.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/record.hpp"
#include "pipeline/acquisition/reference.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/monitor/state.hpp"
#include "pipeline/watch/watched_incident.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

struct SiteState {
  std::vector<AcquisitionRecord> acquisitions;  // in order of time
  Instant learn_until{};                        // acquisitions before it are the history
  /// Of no pixel as long as the site is learning: its acquisitions are then kept beside the state.
  MonitorState monitor;
  std::optional<ReferencePixels> reference;  // none where no acquisition of the history would do
  /// Reflectance of each band when the pixel was last seen undisturbed, 0 where it was not; row-major.
  PixelVector<std::array<PackedReflectance, watched_bands.size()>> undisturbed;
  std::vector<WatchedIncident> incidents;  // in order of first sight

  bool is_learnt() const { return monitor.width > 0; }
};

/// What a state depends on beside its acquisitions.
struct StateTerms {
  std::string algorithm;  // name of version and options, as alerts have it
  OptionTexts options;    // in clear
  Grid grid;
};

/// Raised whenever the same acquisitions and options give another state.
inline constexpr int algorithm_version = 5;

/// What a state file says of itself.
struct StateHead {
  int format = 0;
  int version = algorithm_version;
  std::string algorithm;
  OptionTexts options;  // none of format 2
  std::string grid;
  bool is_learnt = false;
  std::vector<AcquisitionRecord> acquisitions;
};

/// Writes a state.
void write_site_state(const std::string& path, const StateTerms& terms, SiteState& state, const ParallelFor& parallel);

/// The head of a state file, without a check of the rest. Throws DataError, starting with the path, where it cannot be
/// read; ConfigError for one of a newer format.
StateHead read_state_head(const std::string& path);

/// What of the terms differs from those of a state: "buffer-m 600 -> 300; ..."; empty where nothing does.
std::string differences(const StateHead& head, const StateTerms& now);

/// The grid that a state is of. Throws DataError where the head names none.
Grid grid_of(const StateHead& head);

/// What of a state is wanted.
enum class StateParts : std::uint8_t {
  all,
  incidents,  // and acquisitions; nothing of its pixels, as if it had not learnt: what alerts are made of
  sight,  // and acquisitions; of its pixels when they were last seen: the monitor's observations, history and status
};

/// Reads a state of those terms, of former formats, too; the file is checked whole. Throws DataError, starting with the
/// path.
SiteState read_site_state(const std::string& path, const Grid& grid, const ParallelFor& parallel,
                          StateParts parts = StateParts::all);

}  // namespace pitwatch
