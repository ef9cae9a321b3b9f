#pragma once
// What is to be done at one pane: what its state holds, what the source has, and from where on acquisitions are to be
// taken in.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/acquisition/choice.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/state_folder.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// Where the checkpoints of a pane are, and what may be done with them. Throws as StateFolder.
StateFolder state_folder(const WatchedSite& watched, const Pane& pane);

/// A plan, and the state that it goes on from. What it is made with must live as long as it does.
class PanePlan {
 public:
  /// Throws DataError where what is known cannot be gone on from; else as StateFolder.
  PanePlan(const WatchedSite& watched, const Pane& pane, const SourceListing& listing);

  /// The state to continue from; without its pixels where no acquisition is to be taken in. Where a file turns out to
  /// be damaged, all is planned anew. Throws as the constructor.
  SiteState load();

  const AcquisitionPlan& acquisitions() const { return plan_; }

  /// How many of them the state holds that is continued from.
  std::size_t start() const { return start_; }

  std::size_t new_count() const;

  /// Plans anew with those of the known acquisitions as new ones that could not be read when they came, if
  /// `can_be_read` says of any that it can be now. Throws as the constructor.
  void try_again(const std::function<bool(const PlannedAcquisition&)>& can_be_read);

  /// Whether the history is not whole yet, so that nothing can be judged.
  bool learning_goes_on() const;

  /// Whether this site is to be learnt anew whatever its state.
  bool relearns_all() const;

  /// Adds what was damaged, late, superseded or missing.
  void report_to(WatchReport& report);

  StateFolder& states() { return states_; }
  const StateFolder& states() const { return states_; }

  /// Where pixels of a history that is not whole are kept; empty where nothing is.
  std::string kept_folder() const;

 private:
  void plan();
  void find_start();
  void plan_rerun();
  std::size_t first_new() const;
  void leave_out_late(std::size_t late);

  /// Acquisitions before the history of a state would move it, and with it all that was learnt.
  void leave_out_older(Instant learnt_from);

  std::string damage() const;
  bool has_lost_acquisitions() const;
  bool can_load(SiteState& state);

  const WatchedSite& watched_;
  const Pane& pane_;
  const SourceListing& listing_;
  StateFolder states_;
  AcquisitionPlan plan_;
  std::size_t start_ = 0;
  std::vector<AcquisitionRecord> readable_;  // that could not be read, and can be now
  std::vector<AcquisitionRecord> gaps_;      // of a rerun: acquisitions that cannot be judged again
  WatchReport remarks_;                      // of the plan
};

}  // namespace pitwatch
