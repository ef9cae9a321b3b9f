#include "pipeline/watch/chip_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pipeline/chips/chip_ground.hpp"
#include "pipeline/chips/chip_store.hpp"
#include "pipeline/chips/film_strip.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/alert_sight.hpp"

namespace pitwatch {
namespace {

constexpr std::chrono::days followed_after_closing{90};

bool is_reported(const WatchedIncident& incident) { return incident.evidence && !incident.evidence->classes.empty(); }

/// Whether an acquisition is the first by which it is reported. What was split from another has that one's classes.
bool is_first_report(const WatchedIncident& incident, Instant when) {
  return incident.first_detected == when || incident.evidence->classes.front().when == when;
}

/// Whether its observations are kept: while it is open, and for some time after, which shows what becomes of it.
bool is_followed(const WatchedIncident& incident, Instant now) {
  if (!is_reported(incident)) return false;
  if (is_open(incident.status)) return true;
  return incident.status == AlertStatus::closed && incident.closed_on &&
         now - *incident.closed_on <= followed_after_closing;
}

Window bounds_of(const std::vector<Run>& runs) {
  int left = runs.front().begin;
  int right = runs.front().end;
  for (const Run& run : runs) {
    left = std::min(left, run.begin);
    right = std::max(right, run.end);
  }
  return {left, runs.front().row, right - left, runs.back().row - runs.front().row + 1};
}

/// What a chip takes in memory.
std::int64_t bytes_of(const Chip& chip) {
  return static_cast<std::int64_t>(chip.bands.size() * chip.bands.front().bytes() + chip.mask.bytes());
}

/// The first lines of a text.
std::string first_lines(const std::string& text, std::size_t lines) {
  std::size_t end = 0;
  for (; lines > 0 && end < text.size(); --lines) end = text.find('\n', end) + 1;
  return text.substr(0, end);
}

}  // namespace

ChipKeeper::ChipKeeper(Options options, const SiteState& state)
    : options_(std::move(options)),
      until_(state.acquisitions.empty() ? Instant::min() : state.acquisitions.back().acquired),
      newest_(until_),
      journal_(options_.state, options_.place, state.acquisitions.size(), damaged_) {
  if (!options_.is_replay || options_.frames == 0) return;
  for (const WatchedIncident& incident : state.incidents) {
    if (is_reported(incident)) kept_of(incident, false);
  }
}

// ---- what earlier runs kept ----

ChipKeeper::Kept& ChipKeeper::kept_of(const WatchedIncident& incident, bool is_new) {
  const auto [at, is_unknown] = kept_.try_emplace(incident.id);
  if (is_unknown) load(at->second, incident, is_new);
  return at->second;
}

void ChipKeeper::load(Kept& kept, const WatchedIncident& incident, bool is_new) {
  kept.folder = chip_folder_name(options_.site) + "/" + chip_folder_name(incident.id);
  take_table(kept, is_new ? Instant::min() : until_);
  take_files(kept, incident, is_new);
}

/// Takes the rows up to an acquisition.
void ChipKeeper::take_table(Kept& kept, Instant until) {
  const std::string path = kept.folder + "/" + observations_name;
  std::string text;
  std::vector<ObservedAlert> rows;
  try {
    text = journal_.pending().content(path).value_or("");
    if (!text.empty()) rows = parse_observations(text);
  } catch (const DataError& error) {
    damaged_.emplace_back(error.what());
    kept.to_go.insert(observations_name);  // but for what is written anew
    return;
  }
  const auto end =
      std::find_if(rows.begin(), rows.end(), [&](const ObservedAlert& row) { return row.acquired > until; });
  const auto count = static_cast<std::size_t>(end - rows.begin());
  if (count > 0) kept.table = first_lines(text, count + 1);
  kept.noted_bytes = kept.table.size();
  kept.is_cut = kept.table.size() < text.size();
  for (auto row = rows.begin(); row != end; ++row) {
    if (row == rows.begin() || row->use != AlertSeen::clear) continue;
    kept.frames.push_back({kept.clear_rows++, row->acquired, {}});
  }
}

/// Files of acquisitions that do not count go; frames that are not there were left out before.
void ChipKeeper::take_files(Kept& kept, const WatchedIncident& incident, bool is_new) {
  const std::vector<std::string> names = journal_.pending().names_in(kept.folder);
  std::set<std::string> frames;
  std::vector<Frame> there;
  for (Frame& frame : kept.frames) {
    const std::string name = chip_file_name(ChipRole::seen, frame.acquired);
    if (!std::binary_search(names.begin(), names.end(), name)) continue;
    frames.insert(name);
    there.push_back(std::move(frame));
  }
  kept.frames = std::move(there);
  const bool was_confirmed =
      !is_new && std::any_of(incident.events.begin(), incident.events.end(), [&](const IncidentEvent& event) {
        return event.kind == AlertEventKind::confirmed && event.when <= until_;
      });
  for (const std::string& name : names) {
    const bool is_frame = name.starts_with("seen_") && name.ends_with(".tif");
    const bool is_confirmation = name == chip_file_name(ChipRole::confirmed, {});
    if ((is_frame && !frames.contains(name)) || (is_confirmation && !was_confirmed)) kept.to_go.insert(name);
  }
}

// ---- what an acquisition adds ----

void ChipKeeper::take(const AcquisitionTaken& taken) {
  if (options_.frames == 0) return;
  for (const WatchedIncident& incident : taken.state.incidents) {
    if (is_followed(incident, taken.record.acquired)) follow(incident, taken);
  }
  newest_ = taken.record.acquired;
  if (waiting_bytes_ > options_.most_bytes) save(taken.state.acquisitions.size());
}

void ChipKeeper::follow(const WatchedIncident& incident, const AcquisitionTaken& taken) {
  const Instant now = taken.record.acquired;
  const bool is_new = is_first_report(incident, now);
  Kept& kept = kept_of(incident, is_new);
  fit_window(kept, incident);
  kept.followed_at = now;
  // One that was reported before anything was kept is followed from here on, with what is known of its ground before.
  const bool is_first = kept.table.empty();
  if (is_first) {
    kept.table = observations_text({});
    add_before(kept, incident, taken.state);
  }
  const ObservedAlert row = observed_alert(incident, taken, options_.grid.width);
  kept.table += observation_line(row);
  const auto chip = [&](ChipRole role) {
    Chip cut = chip_of(taken, kept.window, options_.grid);
    cut.alert_id = incident.id;
    cut.role = role;
    return cut;
  };
  const auto keep = [&](Chip cut) {
    waiting_bytes_ += bytes_of(cut);
    kept.waiting.push_back(std::move(cut));
  };
  if (is_new && taken.observation != nullptr) keep(chip(ChipRole::detected));
  if (incident.confirmed_on == now && taken.observation != nullptr) keep(chip(ChipRole::confirmed));
  if (!is_first && row.use == AlertSeen::clear) add_frame(kept, chip(ChipRole::seen));
}

/// The window follows from the ground that the incident had at each of its events.
void ChipKeeper::fit_window(Kept& kept, const WatchedIncident& incident) const {
  const Window extent = options_.grid.extent();
  for (; kept.window_events < incident.events.size(); ++kept.window_events) {
    const std::vector<Run>& runs = incident.events[kept.window_events].runs;
    if (runs.empty()) continue;
    const Window bounds = bounds_of(runs);
    kept.window = kept.window.empty() ? chip_window(bounds, extent) : chip_window_after(kept.window, bounds, extent);
  }
  if (kept.window.empty()) kept.window = chip_window(bounds_of(incident.runs), extent);
}

void ChipKeeper::add_before(Kept& kept, const WatchedIncident& incident, const SiteState& state) {
  Chip chip = undisturbed_chip(state, kept.window, options_.grid);
  chip.alert_id = incident.id;
  chip.acquired = incident.evidence->onset_after;
  waiting_bytes_ += bytes_of(chip);
  kept.waiting.push_back(std::move(chip));
}

void ChipKeeper::add_frame(Kept& kept, Chip chip) {
  waiting_bytes_ += bytes_of(chip);
  kept.frames.push_back({kept.clear_rows++, chip.acquired, std::move(chip)});
  std::erase_if(kept.frames, [&](const Frame& frame) {
    if (is_kept_frame(frame.number, kept.clear_rows, options_.frames)) return false;
    if (frame.waiting) {
      waiting_bytes_ -= bytes_of(*frame.waiting);
    } else {
      kept.to_go.insert(chip_file_name(ChipRole::seen, frame.acquired));
    }
    return true;
  });
}

// ---- into the journal ----

void ChipKeeper::save(std::size_t acquisitions) {
  std::vector<ChipChange> changes;
  std::vector<std::pair<std::size_t, Chip>> chips;  // of which change
  for (auto& entry : kept_) {
    Kept& kept = entry.second;
    const std::string& folder = kept.folder;
    const auto put = [&](Chip& chip) {
      const std::string name = chip_file_name(chip.role, chip.acquired);
      kept.to_go.erase(name);
      chips.emplace_back(changes.size(), std::move(chip));
      changes.push_back({folder + "/" + name, 0, {}});
    };
    for (Chip& chip : kept.waiting) put(chip);
    kept.waiting.clear();
    for (Frame& frame : kept.frames) {
      if (frame.waiting) put(*frame.waiting);
      frame.waiting.reset();
    }
    if (kept.table.size() > kept.noted_bytes || (kept.is_cut && !kept.table.empty())) {
      changes.push_back({folder + "/" + observations_name, kept.noted_bytes, kept.table.substr(kept.noted_bytes)});
      kept.to_go.erase(observations_name);
    } else if (kept.is_cut) {
      kept.to_go.insert(observations_name);
    }
    kept.noted_bytes = kept.table.size();
    kept.is_cut = false;
    for (const std::string& name : kept.to_go) changes.push_back({folder + "/" + name, 0, {}});
    kept.to_go.clear();
  }
  in_parallel(static_cast<int>(chips.size()), [&](int i) {
    const auto& [change, chip] = chips[static_cast<std::size_t>(i)];
    changes[change].bytes = chip_file(chip);
  });
  journal_.note(changes, acquisitions);
  waiting_bytes_ = 0;
  // What is not followed any more may be again, and is read again then.
  until_ = newest_;
  std::erase_if(kept_, [&](const auto& one) { return one.second.followed_at < newest_; });
}

}  // namespace pitwatch
