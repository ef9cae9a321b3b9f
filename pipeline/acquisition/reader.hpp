#pragma once
// One overflight from its files to what the monitor takes in: checked, laid over the others, masked, in the light of
// the others.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/choice.hpp"
#include "pipeline/acquisition/light.hpp"
#include "pipeline/acquisition/masks.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/reference.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/raster/block_cache.hpp"
#include "pipeline/monitor/features.hpp"

namespace pitwatch {

/// How overflights are read.
struct ReadingOptions {
  LightOptions light;
  SceneChecks checks;
  MaskChoice masks;
  double shift_error_px = 0.25;          // standard error of where looks lie whose shift cannot be measured
  double typical_shift_error_px = 0.25;  // such an error that the learnt noise has in it
  std::string write_masks;               // folder that gets the mask of each look read; empty: none is written
};

struct ReadLook {
  LookPlanes planes;
  std::vector<std::pair<std::string, std::string>> doubts;  // scene, and what speaks against it
};

/// Immutable but for use_reference(): otherwise for any number of threads.
class LookReader {
 public:
  /// `grid`: of the ground that is read. `offsets` and `blocks` have to outlive it. Throws as SiteLight.
  LookReader(ReadingOptions options, Grid grid, OffsetMemory& offsets, BlockCache& blocks);

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
  LookOptions look_options(OpenBands& files) const;
  double take_shift(const std::vector<Scene>& parts, LookOptions& how) const;
  ReferencePixels packed(const Datatake& datatake, const SiteLook& red, const LookOptions& how) const;
  void write_mask_of(const Datatake& datatake, const LookPlanes& planes) const;

  ReadingOptions options_;
  Grid grid_;
  OffsetMemory& offsets_;
  BlockCache& blocks_;
  SiteLight light_;
  std::optional<SiteLook> reference_;
};

}  // namespace pitwatch
