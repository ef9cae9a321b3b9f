#pragma once
// One pane of a site: new acquisitions are taken in one after the other, or kept as long as its history is not whole.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/reader.hpp"
#include "pipeline/io/raster/block_cache.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/acquisition_taken.hpp"
#include "pipeline/watch/chip_keeper.hpp"
#include "pipeline/watch/ground_judge.hpp"
#include "pipeline/watch/pane_plan.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// Memory of the program and its libraries, beside what panes take.
inline constexpr std::int64_t program_bytes = std::int64_t{130} << 20;

/// With less than this no pane of that size is watched, the program included; what its scenes are read with comes on
/// top.
std::int64_t least_pane_bytes(const Grid& grid);

/// How acquisitions at a pane are read.
ReadingOptions reading_options(const WatchedSite& watched, const Pane& pane);

/// Called in order of time, from one thread after the other.
struct SiteProbe {
  std::function<void(const MonitorState&)> learnt;           // once, before the first acquisition that is judged
  std::function<void(const AcquisitionTaken&)> acquisition;  // after each
};

/// How a pane gets by with the memory allowed.
struct PaneMemory {
  int in_flight = 1;             // acquisitions on their way at once
  bool history_in_file = false;  // while it is learnt from
  std::int64_t bytes = 0;        // beside the program itself
};

/// What it is made with must live as long as it does. One run.
class PaneWatch {
 public:
  /// Plans. Throws as PanePlan.
  PaneWatch(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
            BlockCache& blocks, ProgressSink progress, WatchReport& report, SiteProbe probe = {});

  /// Memory that run() takes, beside the program itself.
  std::int64_t bytes() const;

  /// Takes in what is new, writes checkpoints, and adds to the report what was skipped, left out or doubtful. Throws
  /// ConfigError where the memory allowed is too little, DataError where the history has nothing to learn from.
  WatchReport::OfSite run();

  const SiteState& state() const { return state_; }

  /// The file that holds the state as run() left it; empty: none.
  const std::string& checkpoint() const { return checkpoint_; }

  /// What run() will do.
  const PanePlan& plan() const { return plan_; }

 private:
  struct InFlight;

  int in_flight(std::size_t known) const;
  std::size_t history_count() const;
  std::int64_t bytes(const PaneMemory& memory, bool learns) const;
  PaneMemory plan_memory(bool learns, int most_in_flight) const;
  PaneMemory memory_for(bool learns, int most_in_flight) const;

  template <typename Read, typename TakeIn>
  void pass(const std::vector<std::size_t>& numbers, int slots, const Read& read, const TakeIn& take_in);

  std::size_t keep_new();
  void keep(InFlight& acquisition) const;

  void take_in_from(std::size_t first);
  void begin_history(bool in_file);
  void take_reference();
  bool can_be_read(const PlannedAcquisition& planned) const;
  void read(InFlight& acquisition) const;
  void take_in(const InFlight& acquisition);
  void judge(const InFlight& acquisition);
  void learn_history();

  void keep_chips();
  void save_checkpoint(bool after_learning);
  void add_remarks_of(const InFlight& acquisition, AcquisitionUse use);
  void add_written(const Scene& kept);
  void report_still_unread(std::size_t before);
  void report_progress(const InFlight& acquisition) const;
  SiteStanding standing(const WatchReport::OfSite& result) const;

  const WatchedSite& watched_;
  const Pane& pane_;
  ProgressSink progress_;
  WatchReport& report_;
  SiteProbe probe_;
  PanePlan plan_;
  AcquisitionReader reader_;
  GroundJudge judge_;
  SiteState state_;
  std::unique_ptr<ObservationStack> history_;  // until it is learnt from
  std::unique_ptr<ChipKeeper> chips_;          // of a nightly run
  std::string checkpoint_;
  std::size_t saved_acquisitions_ = 0;  // acquisitions of the checkpoint written last
  std::size_t noted_acquisitions_ = 0;
};

}  // namespace pitwatch
