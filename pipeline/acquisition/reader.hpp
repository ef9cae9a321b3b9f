#pragma once
// One overflight from its files to what the monitor takes in: checked, laid over the others, masked, in the light of
// the others.

#include <cstdint>
#include <optional>
#include <span>
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
#include "pipeline/io/files/file_memory.hpp"
#include "pipeline/io/raster/block_cache.hpp"
#include "pipeline/monitor/features.hpp"

namespace pitwatch {

/// How overflights are read.
struct ReadingOptions {
  LightOptions light;
  SceneChecks checks;
  MaskChoice masks;
  double shift_error_px = 0.25;          // standard error of where acquisitions lie whose shift cannot be measured
  double typical_shift_error_px = 0.25;  // such an error that the learnt noise has in it
  std::vector<Band> more_bands;          // beside watched_bands: of scenes that have them
  std::string write_masks;               // folder that gets the mask of each acquisition read; empty: none is written
};

/// Those that extra features need beside watched_bands.
std::vector<Band> more_bands_of(const ExtraFeatures& extra);

struct ReadAcquisition {
  ObservationPlanes planes;
  std::vector<std::pair<std::string, std::string>> warnings;  // scene, and what speaks against it
};

/// Immutable but for use_reference(): otherwise for any number of threads.
class AcquisitionReader {
 public:
  /// `grid`: of the ground that is read. `offsets` and `blocks` have to outlive it. Throws as SiteLight.
  AcquisitionReader(ReadingOptions options, Grid grid, OffsetMemory& offsets, BlockCache& blocks);

  /// Shifts that read_part() measures are recalled and noted there from now on: of the same files, ground and reference
  /// they are the same. It has to outlive this.
  void remember_shifts(FileMemory& memory) { shifts_ = &memory; }

  /// The acquisition that the others are laid over: of those of the history that can be read the first, in order of the
  /// cloud that their metadata tell, that shows its ground whole and clear by its own pixels; where none does, the
  /// clearest. Nothing where no acquisition shows half of it. It depends on the history alone.
  std::optional<ReferencePixels> find_reference(const AcquisitionPlan& plan) const;

  /// Lays acquisitions over it from now on, and reads them by its bands: one that lacks one of them is refused, and of
  /// others nothing is taken in. Before, what dispensable_bands has may be lacking.
  void use_reference(const ReferencePixels& reference);

  /// Throws DataError for an acquisition that cannot be used: a scene that is refused, a file that cannot be read.
  /// Writes its mask where options ask for masks; throws ConfigError where that cannot be.
  ReadAcquisition read(const PlannedAcquisition& acquisition) const;

  /// What read() gives of a part of the ground (pixels of its grid) for an acquisition that was read before: laid over
  /// the reference by a shift that is measured on all of the ground, but without the checks, and reading no more than
  /// the part otherwise. Where all of the ground decides what a pixel is (spectral masks, terrain, normalisation) that
  /// is read. Throws DataError for a file that cannot be read.
  ObservationPlanes read_part(const PlannedAcquisition& acquisition, const Window& part) const;

  /// The ground that has to be kept of an acquisition's scenes so that read() gives the same.
  std::vector<Grid> ground_of(const PlannedAcquisition& acquisition) const;

  /// Memory that reading takes with so many acquisitions in flight, without what it returns.
  std::int64_t bytes(const AcquisitionPlan& plan, int acquisitions_in_flight) const;

 private:
  Grid shift_grid() const;
  MosaicOptions mosaic_options(OpenBands& files) const;
  std::vector<Scene> scenes_by_bands(const Datatake& datatake) const;
  MosaicOptions unchecked_options(OpenBands& files) const;
  void read_more(const std::vector<Scene>& parts, MosaicOptions how, Mosaic& seen) const;
  double take_shift(const std::vector<Scene>& parts, MosaicOptions& how, bool may_recall = false) const;
  std::optional<MosaicShift> measured_shift(const std::vector<Scene>& parts, OpenBands* files) const;
  std::optional<MosaicShift> remembered_shift(const std::vector<Scene>& parts, OpenBands* files) const;
  ReferencePixels packed(const Datatake& datatake, const Mosaic& red, const MosaicOptions& how) const;
  bool is_local(std::span<const Scene> parts) const;
  void write_mask_of(const Datatake& datatake, const ObservationPlanes& planes) const;

  ReadingOptions options_;
  Grid grid_;
  OffsetMemory& offsets_;
  BlockCache& blocks_;
  SiteLight light_;
  std::vector<Band> dispensable_{dispensable_bands.begin(), dispensable_bands.end()};
  std::vector<Band> unused_;  // of watched_bands, for good
  std::optional<Mosaic> reference_;
  std::string reference_hash_;
  FileMemory* shifts_ = nullptr;
};

}  // namespace pitwatch
