#pragma once
// Which acquisitions there are at a site, in order of time: those that its state holds and those that the source has
// tonight.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/editions.hpp"
#include "pipeline/acquisition/record.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/record/manifest.hpp"

namespace pitwatch {

/// One overflight, as it is to be read, and as the state knows it or will know it.
struct PlannedAcquisition {
  AcquisitionRecord record;
  Datatake datatake;                   // the files of all of its parts; no part where they cannot be had as they were
  bool is_new = false;                 // the state does not hold it, or not as it is now
  bool is_kept = false;                // its files are those that the state keeps: they were checked when they came
  std::optional<MissingWhat> missing;  // of a known one: why `datatake` is empty
  std::string newer;                   // of a known one: the scene of a later edition that the source has
  std::optional<AcquisitionRecord> known_as;  // of a new one: what the state holds of it

  bool is_readable() const { return !datatake.parts.empty(); }
};

struct AcquisitionPlan {
  std::vector<PlannedAcquisition> acquisitions;  // by acquisition
  Instant learn_until{};                         // acquisitions before it are the history
};

/// Which scenes of a source count.
struct ChoiceOptions {
  std::optional<Instant> from;           // scenes acquired earlier are left out
  std::optional<Instant> until;          // and later
  std::optional<Instant> learn_to;       // the end of the history
  int history_days = 365;                // its length from the first acquisition on, where it has no end
  bool may_be_top_of_atmosphere = true;  // Level-1C where there is nothing else
};

/// What the state of a site holds.
struct KnownAcquisitions {
  std::span<const AcquisitionRecord> acquisitions;  // in order of time
  std::span<const Scene> kept;                      // of which it keeps the pixels
  std::span<const AcquisitionRecord> readable{};    // which could not be read, and can be now
};

/// The acquisitions of a state, and those of a listing beside it: scenes of the period that overlap `grid`, of the
/// level of those that are known; where none is, of Level-2A, or of Level-1C where there is nothing else and that is
/// allowed.
///
/// What was taken in stays. An acquisition is the same when its datatake is, or without its identifier the platform and
/// the time to ten minutes; a part of it by its tile and datastrip, level, baseline and time of processing, or without
/// that time by its name. Another edition is not taken in: `newer` names a later one. An acquisition of which the
/// source has a part more, of the same baseline, is new again, if its other parts are there as they were. One that
/// could not be used is new again when its metadata, the sizes of its files or its edition are others, or it can be
/// read now. Appends to `superseded` the scenes that are not used, and why.
AcquisitionPlan plan_acquisitions(const SourceListing& listing, const ChoiceOptions& options, const Grid& grid,
                                  const KnownAcquisitions& known,
                                  std::vector<std::pair<std::string, std::string>>& superseded);

/// Of watched_bands those that a site is watched by, in their order: B04 and B08, and of the others each that more than
/// half of the readable acquisitions of its history have, in all of their parts.
std::vector<Band> bands_of_history(const AcquisitionPlan& plan);

/// Whether no readable acquisition of the plan has both B02 and B11, without which cloud that its mask misses is known
/// by each pixel's own outliers.
bool has_few_bands(const AcquisitionPlan& plan);

/// Makes a new acquisition of the plan what the state knows of it, or takes it out where that is nothing.
void give_up(AcquisitionPlan& plan, std::size_t acquisition, const ChoiceOptions& options);

/// Whether two records are of the same parts in the same editions; what became of them does not matter.
bool is_same_acquisition(const AcquisitionRecord& a, const AcquisitionRecord& b);

/// A scene as the monitor reads it: where it lacks B08, B8A stands in, which shows the same edge of the red a little
/// farther on and 20 m wide (842 and 865 nm).
Scene as_read(Scene scene);

/// " B02 SCL": those of the bands that a scene does not have as it is read; empty where it has all.
std::string missing_bands(const Scene& scene, std::span<const Band> bands);

/// The scenes of a datatake as they are read, in the order in which they are to be.
std::vector<Scene> scenes_of(const Datatake& datatake);

}  // namespace pitwatch
