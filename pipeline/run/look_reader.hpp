#pragma once
// One overflight from its files to what the monitor takes in: checked, laid over the others, masked, in the light of
// the others.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/io/block_cache.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/run/look_choice.hpp"
#include "pipeline/run/look_light.hpp"
#include "pipeline/run/panes.hpp"
#include "pipeline/run/scene_check.hpp"
#include "pipeline/run/site_look.hpp"
#include "pipeline/run/site_state.hpp"
#include "pipeline/run/watched_site.hpp"

namespace pitwatch {

struct ReadLook {
  LookPlanes planes;
  std::vector<std::pair<std::string, std::string>> doubts;  // scene, and what speaks against it
};

/// Immutable but for use_reference(): otherwise for any number of threads.
class LookReader {
 public:
  /// All but `pane` have to outlive it. Throws as SiteLight.
  LookReader(const WatchedSite& watched, const Pane& pane, OffsetMemory& offsets, BlockCache& blocks);

  /// The look that the others are laid over: of those of the history that can be read the first, in order of the cloud
  /// that their metadata tell, that shows its ground whole and clear by its own pixels; where none does, the clearest.
  /// Nothing where no look shows half of it. It hangs on the history alone.
  std::optional<ReferencePixels> find_reference(const LookPlan& plan) const;

  /// Lays looks over it from now on.
  void use_reference(const ReferencePixels& reference);

  /// Throws DataError for a look that cannot be used: a scene that is refused, a file that cannot be read. Writes its
  /// mask where options ask for masks; throws ConfigError where that cannot be.
  ReadLook read(const PlannedLook& look) const;

  /// The ground that has to be kept of a look's scenes so that read() gives the same.
  std::vector<Grid> ground_of(const PlannedLook& look) const;

  /// Memory that reading takes with so many looks in flight, without what it returns.
  std::int64_t bytes(const LookPlan& plan, int looks_in_flight) const;

 private:
  Grid shift_grid() const;
  LookOptions look_options() const;
  double take_shift(const std::vector<Scene>& parts, LookOptions& how) const;
  ReferencePixels packed(const Datatake& datatake, const SiteLook& red) const;
  void write_mask_of(const Datatake& datatake, const LookPlanes& planes) const;

  const WatchedSite& watched_;
  std::string masks_;  // folder of the masks that are written; empty: none
  Grid grid_;
  OffsetMemory& offsets_;
  BlockCache& blocks_;
  SiteLight light_;
  std::optional<SiteLook> reference_;
};

}  // namespace pitwatch
