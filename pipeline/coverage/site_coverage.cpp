#include "pipeline/coverage/site_coverage.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;

constexpr std::chrono::minutes same_pass{60};  // a satellite is back after 100 minutes at the earliest
constexpr double most_pixels = 4e8;

struct PaneState {
  std::string pane;  // its name; empty where it is all of the site
  std::string path;  // of its newest checkpoint
  StateHead head;
  Grid grid;
};

// ---- the record ----

/// The newest checkpoint of each pane.
std::vector<PaneState> panes_on_record(const std::string& state, const SiteStanding& site, Coverage& coverage) {
  std::map<std::string, const CheckpointFile*> newest;  // by folder
  for (const CheckpointFile& file : site.checkpoints) {
    const CheckpointFile*& one = newest[std::filesystem::path(file.path).parent_path().string()];
    if (one == nullptr || file.acquisitions >= one->acquisitions) one = &file;
  }
  std::vector<PaneState> panes;
  for (const auto& [folder, file] : newest) {
    PaneState pane;
    if (site.panes > 1) pane.pane = std::filesystem::path(folder).filename().string();
    pane.path = (std::filesystem::path(state) / file->path).string();
    try {
      pane.head = read_state_head(pane.path);
      pane.grid = grid_of(pane.head);
      panes.push_back(std::move(pane));
    } catch (const DataError& error) {
      coverage.skipped.emplace_back(file->path, error.what());
    }
  }
  return panes;
}

// ---- acquisitions ----

std::string orbit_of(const AcquisitionRecord& record) {
  for (const AcquisitionPart& part : record.parts) {
    if (const auto orbit = relative_orbit_of_name(part.scene)) return std::to_string(*orbit);
  }
  const auto absolute = absolute_orbit_of_name(record.datatake);
  const auto orbit = absolute ? relative_orbit_of(record.platform, *absolute) : std::nullopt;
  return orbit ? std::to_string(*orbit) : "";
}

/// An acquisition of a site, put together from its panes.
struct SiteAcquisition {
  FeedAcquisition feed;
  double clear_pixels = 0;
  bool any_used = false;
  bool any_unknown = false;
};

void add_pane(const std::string& site, const PaneState& pane, const ClearShares& shares,
              std::vector<SiteAcquisition>& acquisitions) {
  for (const AcquisitionRecord& record : pane.head.acquisitions) {
    const auto is_it = [&](const SiteAcquisition& one) {
      return one.feed.platform == record.platform && std::chrono::abs(one.feed.acquired - record.acquired) < same_pass;
    };
    auto found = std::find_if(acquisitions.begin(), acquisitions.end(), is_it);
    if (found == acquisitions.end()) {
      found = acquisitions.insert(
          acquisitions.end(),
          {{record.acquired, record.platform, orbit_of(record), {}, record.skipped}, 0, false, false});
    }
    if (!record.skipped.empty()) continue;
    found->any_used = true;
    const auto share = shares.find({site, pane.pane, record.acquired});
    if (share == shares.end()) {
      found->any_unknown = true;
    } else {
      found->clear_pixels += share->second * pane.grid.width * pane.grid.height;
    }
  }
}

std::vector<FeedAcquisition> acquisitions_of(const std::string& site, const std::vector<PaneState>& panes,
                                             const ClearShares& shares) {
  std::vector<SiteAcquisition> acquisitions;
  double pixels = 0;
  for (const PaneState& pane : panes) {
    add_pane(site, pane, shares, acquisitions);
    pixels += static_cast<double>(pane.grid.width) * pane.grid.height;
  }
  std::vector<FeedAcquisition> feed;
  for (SiteAcquisition& one : acquisitions) {
    if (one.any_used) one.feed.skipped.clear();
    if (one.any_used && !one.any_unknown) one.feed.clear_share = one.clear_pixels / pixels;
    feed.push_back(std::move(one.feed));
  }
  return feed;
}

// ---- pixels ----

/// The grid that holds the grids of all panes. Throws DataError where they are not of one.
Grid grid_around(const std::vector<PaneState>& panes) {
  Grid grid = panes.front().grid;
  double right = grid.origin.x;
  double bottom = grid.origin.y;
  for (const PaneState& pane : panes) {
    const Grid& one = pane.grid;
    if (one.crs != grid.crs || one.pixel_size_m != grid.pixel_size_m) throw DataError("its panes have several grids");
    grid.origin = {std::min(grid.origin.x, one.origin.x), std::max(grid.origin.y, one.origin.y)};
    right = std::max(right, one.to_map(one.width, 0).x);
    bottom = std::min(bottom, one.to_map(0, one.height).y);
  }
  const double width = std::round((right - grid.origin.x) / grid.pixel_size_m);
  const double height = std::round((grid.origin.y - bottom) / grid.pixel_size_m);
  if (!(width * height <= most_pixels)) throw DataError("its panes lie too far apart");
  grid.width = static_cast<int>(width);
  grid.height = static_cast<int>(height);
  return grid;
}

int whole_days(Instant from, Instant to) { return static_cast<int>(std::chrono::floor<days>(to - from).count()); }

/// Fills the core of a pane.
void add_pixels(const PaneState& pane, const Pane& place, SiteSight& sight) {
  const SiteState state = read_site_state(pane.path, pane.grid, in_parallel, StateParts::sight);
  const MonitorState& monitor = state.monitor;
  // What was last seen in the history has no date: it is taken to be the history's last acquisition.
  Instant learnt = state.acquisitions.front().acquired;
  for (const AcquisitionRecord& record : state.acquisitions) {
    if (record.acquired < state.learn_until && record.skipped.empty()) learnt = record.acquired;
  }
  for (int y = place.core.y; y < place.core.bottom(); ++y) {
    for (int x = place.core.x; x < place.core.right(); ++x) {
      const auto i = static_cast<std::size_t>(y - place.top) * static_cast<std::size_t>(pane.grid.width) +
                     static_cast<std::size_t>(x - place.left);
      const ObservationNumber last = monitor.history[i].last_clear;
      if (last == no_observation && monitor.status[i] == PixelStatus::not_judged) continue;
      const Instant seen = last == no_observation ? learnt : monitor.observations[static_cast<std::size_t>(last)];
      sight.days_since.at(x, y) =
          static_cast<std::uint16_t>(std::clamp(whole_days(seen, sight.as_of), 0, int{never_seen} - 1));
    }
  }
}

Instant newest_acquisition(const std::vector<PaneState>& panes) {
  Instant newest = Instant::min();
  for (const PaneState& pane : panes) {
    for (const AcquisitionRecord& record : pane.head.acquisitions) newest = std::max(newest, record.acquired);
  }
  return newest;
}

std::optional<SiteSight> sight_of(const std::vector<PaneState>& panes, int blind_days, Instant at) {
  const bool all_learnt =
      std::all_of(panes.begin(), panes.end(), [](const PaneState& pane) { return pane.head.is_learnt; });
  if (panes.empty() || !all_learnt) return {};
  SiteSight sight;
  sight.grid = grid_around(panes);
  sight.days_since.reshape(sight.grid.width, sight.grid.height);
  for (int y = 0; y < sight.grid.height; ++y) {
    std::fill_n(sight.days_since.row(y), sight.grid.width, never_seen);
  }
  sight.as_of = at;
  const std::vector<Pane> places = panes_of(sight.grid);
  for (const PaneState& pane : panes) {
    const auto place = std::find_if(places.begin(), places.end(), [&](const Pane& one) {
      return one.name == pane.pane && one.grid.width == pane.grid.width && one.grid.height == pane.grid.height;
    });
    if (place == places.end()) throw DataError(pane.path + ": is no pane of the site");
    add_pixels(pane, *place, sight);
  }
  for (int y = 0; y < sight.grid.height; ++y) {
    for (int x = 0; x < sight.grid.width; ++x) {
      const std::uint16_t since = sight.days_since.at(x, y);
      ++sight.pixels;
      if (since >= blind_days) ++sight.blind;
      if (since == never_seen) {
        ++sight.never;
      } else {
        sight.longest_days = std::max(sight.longest_days, int{since});
      }
    }
  }
  return sight;
}

}  // namespace

void add_shares(const Manifest& manifest, ClearShares& shares) {
  for (const AcquisitionUsed& one : manifest.acquisitions) {
    if (one.valid_share) shares[{one.site, one.pane, one.acquired}] = *one.valid_share;
  }
}

ClearShares clear_shares(const std::string& state, Coverage& coverage) {
  ClearShares shares;
  for (const std::string& name : manifest_names(state)) {
    try {
      add_shares(parse_manifest(read_whole_file(runs_folder(state) + "/" + name, largest_manifest_bytes)), shares);
    } catch (const DataError& error) {
      coverage.skipped.emplace_back("runs/" + name, error.what());
    }
  }
  return shares;
}

SiteCoverage cover_site(const CoverageOptions& options, const SiteStanding& standing, const ClearShares& shares,
                        bool with_pixels, std::optional<Instant> sight_at, Coverage& coverage) {
  SiteCoverage site;
  site.site = standing.id;
  site.is_watched = standing.is_watched;
  const std::vector<PaneState> panes = panes_on_record(options.state, standing, coverage);
  site.feed = feed_of(acquisitions_of(site.site, panes, shares), options.feed);
  if (!with_pixels || static_cast<int>(panes.size()) != std::max(standing.panes, 1)) return site;
  const Instant newest = newest_acquisition(panes);
  if (sight_at && *sight_at < newest) {
    site.seen_later = newest;
    return site;
  }
  try {
    site.sight = sight_of(panes, options.blind_days, sight_at.value_or(newest));
  } catch (const DataError& error) {
    coverage.skipped.emplace_back("site " + site.site, error.what());
  }
  return site;
}

}  // namespace pitwatch
