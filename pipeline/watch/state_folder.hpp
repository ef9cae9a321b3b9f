#pragma once
// The checkpoints of one watched ground in a folder: the one after learning, a few behind the newest acquisition, and
// ever fewer the farther back.

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/choice.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {

/// Files FOLDER/learnt-N.state and FOLDER/looks-N.state, after so many acquisitions. One writer at a time. What
/// is on record is never overwritten: where acquisitions are replayed or learnt anew, another state after as many
/// acquisitions is named looks-Nb.state as long as the former is there, so that whoever kills the run leaves
/// what the record vouches for.
class StateFolder {
 public:
  enum class Use {
    nightly,
    relearn,    // states of other terms are not continued from, and make room for new ones
    read_only,  // nothing is written
  };

  /// An empty `folder`: nothing is known, nothing is kept. Chooses the newest checkpoint by the heads of the files.
  /// Throws ConfigError where those that there are have other terms, with the differences, and for one of a newer
  /// format.
  ///
  /// The head of a file names all acquisitions that it holds, and what was found in them: it is read only where the
  /// name and the record do not say enough. Whatever is continued from is checked by its own head.
  StateFolder(std::string folder, StateTerms terms, Use use, ParallelFor parallel, RecordedCheckpoints recorded = {});

  /// Removes what a run that was killed left half written.
  void tidy() const;

  /// The acquisitions of the newest checkpoint that can be read; none where there is none.
  std::span<const AcquisitionRecord> known() const;
  bool is_learnt() const;

  /// Checkpoints that could not be read, or are on record and not there, and why; with the newest of them, how many
  /// acquisitions it had.
  const std::vector<std::pair<std::string, std::string>>& damaged() const { return damaged_; }
  std::size_t damaged_acquisitions() const { return damaged_acquisitions_; }

  /// The number of acquisitions of the checkpoint from which the plan can be come to: it has the first of the
  /// acquisitions planned and no other, and all later ones can be read, or are known to be of no use. 0: from the
  /// beginning. The one with the most acquisitions. Nothing where there is none.
  std::optional<std::size_t> start_of(const AcquisitionPlan& plan);

  /// The same for a rerun from `from` on: the last checkpoint before it, or the first after it behind which nothing is
  /// gone, or else the last. Nothing where there is none of a state that has learnt.
  std::optional<std::size_t> rerun_start_of(const AcquisitionPlan& plan, const std::optional<Instant>& from);

  /// The same for one from as early as can be: from the beginning, if all of it can be read.
  std::optional<std::size_t> earliest_start_of(const AcquisitionPlan& plan);

  /// The state of that many acquisitions, or those parts of it, from a file that is checked whole. Nothing where the
  /// file is damaged: it is then one of damaged(), and everything has to be asked anew.
  std::optional<SiteState> load(std::size_t acquisitions, StateParts parts = StateParts::all);

  /// The file that load() read; empty: none.
  const std::string& loaded() const { return loaded_; }

  /// Checks the newest checkpoint whole; false as load() gives nothing. Not where load() of so many acquisitions is
  /// next and will read the same file.
  bool check_newest(std::size_t next_to_load = 0);

  /// Writes the state. Of checkpoints that this object wrote those are removed that are not needed to go back. Throws
  /// ConfigError where the folder cannot be made, IoError where it cannot be written. Returns the path; nothing where
  /// nothing is kept.
  std::string save(SiteState& state, bool after_learning);

  /// Once the newest state is whole: the checkpoints that are of no use any more, because there are enough others, or
  /// because they are of other terms, of acquisitions in another order, damaged, or were written anew under another
  /// name.
  std::vector<std::string> obsolete(const AcquisitionPlan& plan);

  const std::string& folder() const { return folder_; }

  /// Whether a state of other terms is being replaced.
  bool replaces_other() const { return !foreign_.empty(); }

  /// The checkpoints that there are now, and how many acquisitions each holds by its name.
  std::vector<std::pair<std::string, std::size_t>> files() const;

 private:
  struct Checkpoint {
    std::string path;
    std::size_t acquisitions = 0;
    bool is_damaged = false;
    std::optional<StateHead> head;
  };

  std::vector<Checkpoint> list() const;
  void miss_recorded();
  void find_newest();
  bool fits(Checkpoint& checkpoint);
  bool read_head(Checkpoint& checkpoint);
  void exclude(Checkpoint& checkpoint, const std::string& why);
  std::optional<std::span<const AcquisitionRecord>> course_to(const Checkpoint& checkpoint);
  bool cannot_be_start(const Checkpoint& checkpoint, const AcquisitionPlan& plan);
  bool can_be_start(Checkpoint& checkpoint, const AcquisitionPlan& plan);
  bool is_of_use(Checkpoint& checkpoint, const AcquisitionPlan& plan);
  std::vector<std::string> thinned(std::size_t newest) const;
  bool is_replaced(const std::string& path) const;

  std::string folder_;
  StateTerms terms_;
  Use use_;
  ParallelFor parallel_;
  RecordedCheckpoints recorded_;
  std::vector<Checkpoint> checkpoints_;  // the newest first, of two after as many acquisitions that on record
  std::optional<std::size_t> newest_;    // of those
  std::optional<std::size_t> start_;     // likewise: what was found to start from
  std::vector<std::string> foreign_;     // of other terms
  std::string loaded_;
  std::set<std::string> written_;
  std::vector<std::pair<std::string, std::string>> damaged_;
  std::size_t damaged_acquisitions_ = 0;
};

/// Of checkpoints after so many acquisitions, in any order, those that are kept: the three newest, and of those that
/// are 2^n to 2^(n+1) acquisitions behind the newest the oldest, for each n.
std::vector<std::size_t> checkpoints_kept(std::vector<std::size_t> acquisitions);

}  // namespace pitwatch
