#pragma once
// A map of a state's alerts as a folder of files that any web server, or a browser alone, shows: `pitwatch map`. Reads
// the state and its register and writes nothing into them.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

struct MapOptions {
  std::string state;
  std::string register_target;     // as of register.hpp
  std::string out;                 // the folder; those it lies in are made
  std::string language = "en";     // one of map_languages()
  std::vector<std::string> sites;  // these alone; empty: all
  /// Alerts that are likelier than this to be natural are left out; nothing: as alerts.geojson leaves them out.
  std::optional<double> max_natural;
  /// Folder with the dossiers of alerts, relative to `out`; empty: "dossiers" where `out` has such a folder.
  std::string dossiers;
  /// Up to when overpasses are expected; nothing: the newest acquisition, so that the same state gives the same bytes.
  std::optional<Instant> now;
  int film = 6;  // pictures of an alert beside those of before, detected and confirmed, at most; 0: no pictures at all
  bool with_reviewers = false;  // whether reviewers are named, to whoever gets the folder
  int threads = 0;              // 0: all cores
};

struct MapReport {
  std::size_t sites = 0;
  std::size_t alerts = 0;
  std::size_t pictures = 0;                                  // each in two composites
  std::size_t dossiers = 0;                                  // that alerts link to
  std::vector<std::pair<std::string, std::string>> skipped;  // what the map lacks, and why
};

/// Writes the folder, which appears whole or not at all; one that is there is replaced in one step, but for the folder
/// of dossiers within it, which stays. The same state and options give the same bytes, whatever the number of threads.
/// Throws ConfigError: a site that is not known, dossiers that are not relative, an `out` that is no folder or holds
/// other things than a map; DataError: no state, no record of a run, no register; IoError.
MapReport write_map(const MapOptions& options);

}  // namespace pitwatch
