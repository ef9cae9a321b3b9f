#include "pipeline/incidents/tracker.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

namespace pitwatch {
namespace {

/// FNV-1a, 64 bits: short names for places, not a safeguard.
std::uint64_t fingerprint(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

/// The same place and first look give the same name, in the nightly run and in a rerun.
std::string incident_id(const std::string& site, const Grid& grid, const Run& first, Instant when) {
  const MapPoint corner = grid.to_map(first.begin, first.row);
  const std::string key = site + "|" + grid.crs + "|" + std::to_string(std::llround(corner.x)) + "|" +
                          std::to_string(std::llround(corner.y)) + "|" + format_instant(when);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(fingerprint(key)));
  return "PW-" + std::string(digits, 12);
}

std::int64_t pixels_of(const std::vector<Run>& runs) {
  std::int64_t count = 0;
  for (const Run& run : runs) count += run.end - run.begin;
  return count;
}

/// Calls visit(x, y) for each pixel.
template <typename Visit>
void for_each_pixel(const std::vector<Run>& runs, const Visit& visit) {
  for (const Run& run : runs) {
    for (int x = run.begin; x < run.end; ++x) visit(x, run.row);
  }
}

struct Shares {
  std::int64_t pixels = 0;
  std::int64_t confirmed = 0;
  std::int64_t recovering = 0;
  std::int64_t clear = 0;
  std::int64_t detected = 0;
  double probability = 0;
};

Shares shares_of(const std::vector<Run>& runs, const GroundAfterLook& ground) {
  Shares shares;
  for_each_pixel(runs, [&](int x, int y) {
    ++shares.pixels;
    const auto status = static_cast<AlertStatus>(ground.status.at(x, y));
    shares.confirmed += status == AlertStatus::confirmed || status == AlertStatus::recovering ? 1 : 0;
    shares.recovering += status == AlertStatus::recovering ? 1 : 0;
    shares.clear += ground.clear.at(x, y);
    shares.detected += ground.detected.at(x, y);
    shares.probability += ground.probability.at(x, y);
  });
  return shares;
}

}  // namespace

double calibrated_confidence(const Incident& incident) {
  switch (incident.status) {
    case AlertStatus::closed:
      return 0.2 * incident.confidence;
    case AlertStatus::recovering:
      return 0.6 * incident.confidence;
    default:
      return 0.88 * incident.confidence;
  }
}

void IncidentTracker::update(const GroundAfterLook& ground) {
  const auto high = static_cast<std::uint8_t>(std::lround(options_.high_probability * score_max));
  const std::vector<Component> patches =
      label_tile(ground.probability, grid_.extent(), grid_.extent(), {1, high, options_.min_pixels});

  // Who was where: open incidents, and closed ones that may open again.
  Plane<std::int32_t> owner(grid_.width, grid_.height);
  for (int y = 0; y < grid_.height; ++y) std::fill_n(owner.row(y), grid_.width, -1);
  const auto claims = [&](const Incident& incident) {
    if (!incident.merged_into.empty()) return false;
    return !incident.closed_on || ground.when - *incident.closed_on <= std::chrono::days(options_.reopen_days);
  };
  for (const bool closed : {true, false}) {  // the open ones last: they have the better claim
    for (std::size_t i = 0; i < incidents_.size(); ++i) {
      if (!claims(incidents_[i]) || incidents_[i].closed_on.has_value() != closed) continue;
      for_each_pixel(incidents_[i].runs, [&](int x, int y) { owner.at(x, y) = static_cast<std::int32_t>(i); });
    }
  }

  // An incident goes on in the patch that covers most of it.
  std::vector<std::map<std::int32_t, std::int64_t>> shared(patches.size());
  std::map<std::int32_t, std::pair<std::int64_t, std::size_t>> main_patch;  // shared pixels, patch
  for (std::size_t p = 0; p < patches.size(); ++p) {
    for_each_pixel(patches[p].runs, [&](int x, int y) {
      if (owner.at(x, y) >= 0) ++shared[p][owner.at(x, y)];
    });
    for (const auto& [incident, pixels] : shared[p]) {
      auto& [most, where] = main_patch[incident];
      if (pixels > most) {
        most = pixels;
        where = p;
      }
    }
  }

  std::vector<bool> is_open(incidents_.size(), false);
  for (std::size_t p = 0; p < patches.size(); ++p) {
    std::vector<std::size_t> here;       // that go on in this patch, the oldest first
    std::vector<std::size_t> taken;      // open, and ended by what is too large to be theirs
    std::vector<std::string> elsewhere;  // that go on in another: this one split off
    const double least = options_.takeover_share * static_cast<double>(pixels_of(patches[p].runs));
    for (const auto& [incident, pixels] : shared[p]) {
      const auto i = static_cast<std::size_t>(incident);
      const bool is_small = incidents_[i].status != AlertStatus::confirmed &&
                            incidents_[i].status != AlertStatus::recovering && static_cast<double>(pixels) < least;
      if (main_patch.at(incident).second != p) {
        elsewhere.push_back(incidents_[i].id);
      } else if (!is_small) {
        here.push_back(i);
      } else if (!incidents_[i].closed_on) {
        taken.push_back(i);
      }
    }
    // Incidents are in order of first sight, so the first is the oldest.
    std::size_t survivor = 0;
    if (here.empty()) {
      Incident fresh;
      fresh.id = incident_id(site_, grid_, patches[p].runs.front(), ground.when);
      fresh.first_detected = fresh.last_detected = fresh.last_observed = ground.when;
      fresh.parents = elsewhere;
      survivor = incidents_.size();
      incidents_.push_back(std::move(fresh));
      is_open.push_back(true);
    } else {
      survivor = here.front();
      taken.insert(taken.end(), here.begin() + 1, here.end());
      is_open[survivor] = true;
    }
    for (const std::size_t ended : taken) {
      incidents_[ended].merged_into = incidents_[survivor].id;
      incidents_[survivor].parents.push_back(incidents_[ended].id);
      is_open[ended] = true;  // its end is told by merged_into
    }
    Incident& incident = incidents_[survivor];
    incident.closed_on.reset();
    if (incident.runs != patches[p].runs) {
      incident.runs = patches[p].runs;
      const std::int64_t pixels = pixels_of(incident.runs);
      if (incident.growth.empty() || incident.growth.back().second != pixels) {
        incident.growth.emplace_back(ground.when, pixels);
      }
    }
    const Shares shares = shares_of(incident.runs, ground);
    incident.confidence = shares.probability / static_cast<double>(shares.pixels) / score_max;
    if (2 * shares.clear >= shares.pixels || shares.detected > 0) {
      incident.last_observed = ground.when;
      ++incident.observations;
    }
    if (shares.detected > 0) incident.last_detected = ground.when;
    // Confirmed by as many pixels as would be reported by themselves.
    const bool confirmed = shares.confirmed >= std::min(options_.min_pixels, shares.pixels);
    if (confirmed && !incident.confirmed_on) incident.confirmed_on = ground.when;
    incident.status = 2 * shares.recovering > shares.pixels ? AlertStatus::recovering
                      : incident.confirmed_on               ? AlertStatus::confirmed
                                                            : AlertStatus::provisional;
  }

  for (std::size_t i = 0; i < is_open.size(); ++i) {
    Incident& incident = incidents_[i];
    if (is_open[i] || incident.closed_on || !incident.merged_into.empty()) continue;
    incident.status = AlertStatus::closed;
    incident.closed_on = ground.when;
  }
}

}  // namespace pitwatch
