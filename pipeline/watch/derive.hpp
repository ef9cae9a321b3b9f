#pragma once
// Alerts worked out again from archived inputs, to be compared with those on record.

#include <cstddef>
#include <string>
#include <vector>

#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

enum class Derived : std::uint8_t {
  same,       // byte by byte, but for the review and what layers say
  different,  // worked out, and something of it is another
  not_there,  // not worked out
};

struct DerivedAlert {
  std::string id;
  Derived result = Derived::same;
};

struct DeriveReport {
  std::vector<DerivedAlert> alerts;      // of the record, in its order
  std::vector<std::string> unknown;      // worked out, and not on record
  std::vector<std::string> not_watched;  // on record, of sites that no run watches any more: not worked out
  std::size_t acquisitions = 0;          // acquisitions that were read again
  std::size_t taken_on_trust = 0;        // of which a checkpoint of the state stands for the rest
  std::vector<std::string> checkpoints;  // which those are: "sites/..." below the state
  std::size_t gone = 0;                  // that could be read neither way
  bool holds() const;                    // all are the same, and none is unknown
};

/// Works the alerts of STATE/alerts.geojson out again as they were when they were published: up to the same
/// acquisition, with the state's options; reviews, and what layers say, are left aside. From the whole history where
/// all of it can be read; otherwise from the earliest checkpoint behind which nothing is gone. `options` names sites,
/// source, and the options of the state, which are checked against it; its folder is read and not written to. `ids`:
/// these alone; empty: all. Throws as watch() does, DataError also where there is no record, ConfigError for an id that
/// is not on it.
DeriveReport derive(const WatchOptions& options, const std::string& state, const std::vector<std::string>& ids,
                    const ProgressSink& progress);

}  // namespace pitwatch
