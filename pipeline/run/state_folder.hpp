#pragma once
// The checkpoints of one watched ground in a folder: the one after learning and a few behind the newest look.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/io/parallel_for.hpp"
#include "pipeline/run/look_choice.hpp"
#include "pipeline/run/site_state.hpp"

namespace pitwatch {

/// Files FOLDER/learnt-N.state and FOLDER/looks-N.state, after so many looks. One user at a time.
class StateFolder {
 public:
  /// An empty `folder`: nothing is kept. `algorithm`: states of another are not gone on from.
  StateFolder(std::string folder, std::string algorithm, Grid grid, ParallelFor parallel);

  /// Removes what a run that was killed left half written.
  void tidy() const;

  /// The checkpoint that holds most looks of those planned, and no other; nothing where there is none. One that is
  /// damaged is removed, since everything can be worked out again from the scenes, and named in `damaged`.
  std::optional<SiteState> newest(const LookPlan& plan, std::vector<std::pair<std::string, std::string>>& damaged);

  /// How many looks that checkpoint holds, by its head alone.
  std::size_t newest_looks(const LookPlan& plan);

  /// Whether some checkpoint that newest() met had this look.
  bool knew(const LookRecord& look) const;

  /// Writes the state, and removes checkpoints that are of no use any more or are not needed to go back. Throws
  /// ConfigError where the folder cannot be made, IoError where it cannot be written.
  void save(SiteState& state, const LookPlan& plan, bool after_learning);

 private:
  struct Checkpoint {
    std::string path;
    std::size_t looks = 0;
  };

  std::vector<std::string> names() const;
  Checkpoint find(const LookPlan& plan);

  std::string folder_;
  std::string algorithm_;
  Grid grid_;
  ParallelFor parallel_;
  std::vector<LookRecord> known_;
};

}  // namespace pitwatch
