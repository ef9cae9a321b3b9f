#include "pipeline/incidents/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
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

/// The same place and first observation give the same name, in the nightly run and in a rerun.
std::string incident_id(const std::string& site, const Grid& grid, const Run& first, Instant when) {
  const MapPoint corner = grid.to_map(first.begin, first.row);
  const std::string key = site + "|" + grid.crs + "|" + std::to_string(std::llround(corner.x)) + "|" +
                          std::to_string(std::llround(corner.y)) + "|" + format_instant(when);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(fingerprint(key)));
  return "PW-" + std::string(digits, 12);
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

Shares shares_of(const std::vector<Run>& runs, const GroundAfterAcquisition& ground) {
  Shares shares;
  for_each_pixel(runs, [&](int x, int y) {
    ++shares.pixels;
    const auto status = static_cast<AlertStatus>(ground.status.at(x, y));
    shares.confirmed += is_confirmed(status) ? 1 : 0;
    shares.recovering += status == AlertStatus::recovering ? 1 : 0;
    shares.clear += ground.clear.at(x, y);
    shares.detected += ground.detected.at(x, y);
    shares.probability += ground.probability.at(x, y);
  });
  return shares;
}

constexpr std::int32_t nobody = -1;

/// Whose ground each pixel is, as index. Of several incidents that had it, the last: an open one, of which there is one
/// at most, else the one that was closed last.
Plane<std::int32_t> owners(std::span<Incident* const> incidents, const Grid& grid, Instant when, int reopen_days) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    if (has_claim(*incidents[i], when, reopen_days)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Incident& one = *incidents[a];
    const Incident& other = *incidents[b];
    if (is_open(one.status) || is_open(other.status)) return !is_open(one.status) && is_open(other.status);
    return *one.closed_on < *other.closed_on;
  });
  Plane<std::int32_t> owner(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y) std::fill_n(owner.row(y), grid.width, nobody);
  for (const std::size_t i : order) {
    for_each_pixel(incidents[i]->runs, [&](int x, int y) { owner.at(x, y) = static_cast<std::int32_t>(i); });
  }
  return owner;
}

void add_parent(Incident& incident, const std::string& parent) {
  if (std::find(incident.parents.begin(), incident.parents.end(), parent) == incident.parents.end()) {
    incident.parents.push_back(parent);
  }
}

}  // namespace

std::vector<IncidentTracker::Meeting> IncidentTracker::meetings(std::span<Incident* const> known,
                                                                const std::vector<Component>& patches,
                                                                Instant when) const {
  const Plane<std::int32_t> owner = owners(known, grid_, when, options_.reopen_days);
  // An incident goes on in the patch that covers most of it, the first of several.
  std::vector<std::map<std::size_t, std::int64_t>> shared(patches.size());
  std::map<std::size_t, std::pair<std::int64_t, std::size_t>> main_patch;  // shared pixels, patch
  for (std::size_t p = 0; p < patches.size(); ++p) {
    for_each_pixel(patches[p].runs, [&](int x, int y) {
      if (owner.at(x, y) != nobody) ++shared[p][static_cast<std::size_t>(owner.at(x, y))];
    });
    for (const auto& [incident, pixels] : shared[p]) {
      auto& [most, where] = main_patch[incident];
      if (pixels > most) {
        most = pixels;
        where = p;
      }
    }
  }

  std::vector<Meeting> result(patches.size());
  std::vector<bool> goes_on(known.size(), false);
  for (std::size_t p = 0; p < patches.size(); ++p) {
    Meeting& meeting = result[p];
    std::vector<std::size_t> here;
    for (const auto& [i, pixels] : shared[p]) {
      if (main_patch.at(i).second != p) {
        meeting.split.push_back(i);
        continue;
      }
      here.push_back(i);
      if (!can_go_on(known[i]->status, pixels, patches[p].pixels, options_.takeover_share)) continue;
      if (!meeting.survivor || outranks(*known[i], *known[*meeting.survivor])) meeting.survivor = i;
    }
    if (meeting.survivor) goes_on[*meeting.survivor] = true;
    // A record that had ended is not swallowed: closed ones stay what they are.
    std::copy_if(here.begin(), here.end(), std::back_inserter(meeting.superseded),
                 [&](std::size_t i) { return i != meeting.survivor && is_open(known[i]->status); });
  }
  // Nor is anything split off from it, unless it opens again.
  for (Meeting& meeting : result) {
    std::erase_if(meeting.split, [&](std::size_t i) { return !goes_on[i] && !is_open(known[i]->status); });
  }
  return result;
}

void IncidentTracker::go_on(Incident& incident, std::optional<AlertStatus> present, const Component& patch,
                            const GroundAfterAcquisition& ground) const {
  const Shares shares = shares_of(patch.runs, ground);
  const IncidentSight sight{
      shares.pixels, shares.confirmed, shares.recovering, pixels_of(incident.runs), incident.runs == patch.runs, {}};
  incident.runs = patch.runs;
  incident.confidence = shares.probability / static_cast<double>(shares.pixels) / score_max;
  if (2 * shares.clear >= shares.pixels || shares.detected > 0) {
    incident.last_observed = ground.when;
    ++incident.observations;
  }
  if (shares.detected > 0) incident.last_detected = ground.when;
  put_on_record(incident, steps_of(present, sight, options_.min_pixels), ground.when);
}

std::vector<Incident> IncidentTracker::take_in(std::span<Incident* const> known,
                                               const GroundAfterAcquisition& ground) const {
  const auto high = static_cast<std::uint8_t>(std::lround(options_.high_probability * score_max));
  const std::vector<Component> patches =
      label_tile(ground.probability, grid_.extent(), grid_.extent(), {1, high, options_.min_pixels});
  const std::vector<Meeting> met = meetings(known, patches, ground.when);
  std::vector<Incident> fresh;
  std::vector<bool> goes_on(known.size(), false);
  for (std::size_t p = 0; p < patches.size(); ++p) {
    std::optional<AlertStatus> present;
    if (met[p].survivor) {
      present = known[*met[p].survivor]->status;
      goes_on[*met[p].survivor] = true;
    } else {
      Incident& begins = fresh.emplace_back();
      begins.id = incident_id(site_, grid_, patches[p].runs.front(), ground.when);
      begins.first_detected = begins.last_detected = begins.last_observed = ground.when;
      for (const std::size_t i : met[p].split) begins.parents.push_back(known[i]->id);
    }
    Incident& incident = met[p].survivor ? *known[*met[p].survivor] : fresh.back();
    for (const std::size_t i : met[p].superseded) {
      const IncidentSight sight{.taken_over_by = incident.id};
      put_on_record(*known[i], steps_of(known[i]->status, sight, options_.min_pixels), ground.when, incident.id);
      add_parent(incident, known[i]->id);
    }
    go_on(incident, present, patches[p], ground);
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (goes_on[i]) continue;
    put_on_record(*known[i], steps_of(known[i]->status, {}, options_.min_pixels), ground.when);
  }
  return fresh;
}

}  // namespace pitwatch
