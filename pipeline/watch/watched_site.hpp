#pragma once
// The sites that are watched, each with the options that hold for it and the ground that is looked at.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

/// Options by name and value, as text.
using OptionTexts = std::vector<std::pair<std::string, std::string>>;

/// What the record of the nights says of a site's checkpoints, as paths.
struct RecordedCheckpoints {
  std::set<std::string> files;  // whose content it vouches for
  /// Those that the last whole night kept: of one course, so that each holds the first acquisitions of the newest one.
  std::set<std::string> of_one_course;
  std::map<std::string, std::size_t> acquisitions = {};  // that each holds; those that have to be there
  std::optional<Instant> newest = {};                    // acquisition of a site of one pane
};

/// A site with the options that hold for it, and the algorithm (version and hash of those options) that its state and
/// alerts name.
struct WatchedSite {
  Site site;
  WatchOptions options;
  std::string algorithm;
  OptionTexts in_clear;  // all of the options that change what is known of the site
  RecordedCheckpoints recorded = {};
  std::optional<std::size_t> only = {};  // of a unit of work: its pane, by its place; nothing: all
  UnfinishedRun* notes = nullptr;  // of a nightly run: what was read is noted there before a checkpoint is written
};

/// The sites of options.sites; what a site sets for itself goes before `options`. Throws ConfigError, naming site and
/// option, for an option that there is not or a value that is not of it; DataError as read_sites() does.
/// `rejected` gets the features that are none.
std::vector<WatchedSite> watched_sites(const WatchOptions& options, std::vector<RejectedSite>& rejected);

/// The options that decide what is known of a site, and that are of all of them, by name and value.
OptionTexts options_in_clear(const WatchOptions& options);

/// The options that a site sets for itself.
OptionTexts overrides_in_clear(const Site& site);

/// What an archive is asked for, to watch these sites.
SourceSearch search_for(const std::vector<WatchedSite>& sites);

}  // namespace pitwatch
