#pragma once
// Keeps chips and rows of observations of the alerts of a pane, acquisition by acquisition.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/chips/chip.hpp"
#include "pipeline/chips/chip_journal.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/watch/acquisition_taken.hpp"
#include "pipeline/watch/watched_incident.hpp"

namespace pitwatch {

/// Follows the incidents that are reported: from the acquisition on that gave them evidence and a class until they are
/// superseded, or 90 days after they closed. What it keeps follows from the acquisitions and their order alone. Not
/// thread-safe.
class ChipKeeper {
 public:
  struct Options {
    std::string state;
    std::string site;
    std::string place;            // place_of()
    Grid grid;                    // of the pane
    std::size_t frames = 0;       // of an alert's film strip, at most; 0: nothing is kept of any alert
    std::int64_t most_bytes = 0;  // that wait in memory to be noted
    bool is_replay = false;       // later acquisitions were taken in, and are taken in anew
  };

  /// Goes on from a state: what was kept of later acquisitions does not count.
  ChipKeeper(Options options, const SiteState& state);

  /// After each acquisition that was judged or skipped. Throws as save().
  void take(const AcquisitionTaken& taken);

  /// Notes what waits in the journal (chips/chip_journal.hpp), durable when it returns: before a checkpoint that holds
  /// so many acquisitions. Throws IoError.
  void save(std::size_t acquisitions);

  /// Files of former runs that cannot be read, and why; what was kept in them is not gone on with.
  const std::vector<std::string>& damaged() const { return damaged_; }

 private:
  struct Frame {
    std::size_t number = 0;  // of the clear acquisitions since the first detection
    Instant acquired{};
    std::optional<Chip> waiting;
  };

  /// What is kept of an alert.
  struct Kept {
    std::string folder;           // below STATE/chips
    std::string table;            // observations.csv
    std::size_t noted_bytes = 0;  // of it
    bool is_cut = false;          // the file goes on behind them
    std::size_t clear_rows = 0;
    std::vector<Frame> frames;
    std::vector<Chip> waiting;             // of other roles
    std::set<std::string> to_go;           // files
    Instant followed_at = Instant::min();  // acquisition
    Window window;
    std::size_t window_events = 0;  // of the incident's events, those that it holds
  };

  Kept& kept_of(const WatchedIncident& incident, bool is_new);
  void load(Kept& kept, const WatchedIncident& incident, bool is_new);
  void take_table(Kept& kept, Instant until);
  void take_files(Kept& kept, const WatchedIncident& incident, bool is_new);
  void fit_window(Kept& kept, const WatchedIncident& incident) const;
  void follow(const WatchedIncident& incident, const AcquisitionTaken& taken);
  void add_before(Kept& kept, const WatchedIncident& incident, const SiteState& state);
  void add_frame(Kept& kept, Chip chip);

  Options options_;
  Instant until_{};   // up to which what is noted counts
  Instant newest_{};  // acquisition that was taken in
  std::map<std::string, Kept> kept_;
  std::int64_t waiting_bytes_ = 0;
  std::vector<std::string> damaged_;
  ChipJournal journal_;
};

}  // namespace pitwatch
