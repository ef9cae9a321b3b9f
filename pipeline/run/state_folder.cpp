#include "pipeline/run/state_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t checkpoints_kept = 3;  // beside the one after learning
constexpr const char* extension = ".state";
constexpr const char* after_looks = "looks-";

/// Whether the two rest on the same scenes; why one was skipped does not matter.
bool same_look(const LookRecord& a, const PlannedLook& b) {
  return a.key == b.record.key && a.acquired == b.record.acquired;
}

/// Whether as many of the first looks as both have are the same.
bool agree(const std::vector<LookRecord>& looks, const LookPlan& plan) {
  const std::size_t both = std::min(looks.size(), plan.looks.size());
  return std::equal(looks.begin(), looks.begin() + static_cast<std::ptrdiff_t>(both), plan.looks.begin(), same_look);
}

}  // namespace

StateFolder::StateFolder(std::string folder, std::string algorithm, Grid grid, ParallelFor parallel)
    : folder_(std::move(folder)),
      algorithm_(std::move(algorithm)),
      grid_(std::move(grid)),
      parallel_(std::move(parallel)) {}

void StateFolder::tidy() const {
  if (!folder_.empty()) remove_leftovers(folder_);
}

std::vector<std::string> StateFolder::names() const {
  std::vector<std::string> found;
  std::error_code none;
  for (fs::directory_iterator it(folder_, none), end; it != end; it.increment(none)) {
    if (it->path().extension() == extension) found.push_back(it->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

StateFolder::Checkpoint StateFolder::find(const LookPlan& plan) {
  known_.clear();
  Checkpoint best;
  if (folder_.empty()) return best;
  for (const std::string& name : names()) {
    const auto looks = looks_of_state(name, algorithm_, grid_);
    if (!looks) continue;
    if (looks->size() > known_.size()) known_ = *looks;
    if (looks->size() <= best.looks || looks->size() > plan.looks.size() || !agree(*looks, plan)) continue;
    best = {name, looks->size()};
  }
  return best;
}

std::size_t StateFolder::newest_looks(const LookPlan& plan) { return find(plan).looks; }

std::optional<SiteState> StateFolder::newest(const LookPlan& plan,
                                             std::vector<std::pair<std::string, std::string>>& damaged) {
  const Checkpoint best = find(plan);
  if (best.looks == 0) return {};
  try {
    return read_site_state(best.path, grid_, parallel_);
  } catch (const DataError& reason) {
    damaged.emplace_back(best.path, reason.what());
    std::error_code error;
    fs::remove(best.path, error);
    if (error) throw IoError(best.path + ": is damaged and cannot be removed: " + error.message());
    return newest(plan, damaged);
  }
}

bool StateFolder::knew(const LookRecord& look) const {
  return std::any_of(known_.begin(), known_.end(), [&](const LookRecord& before) { return before.key == look.key; });
}

void StateFolder::save(SiteState& state, const LookPlan& plan, bool after_learning) {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw ConfigError(folder_ + ": cannot be made: " + error.message());
  std::string number = std::to_string(state.looks.size());
  number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
  write_site_state(folder_ + "/" + (after_learning ? "learnt-" : after_looks) + number + extension, algorithm_, grid_,
                   state, parallel_);
  std::vector<std::string> checkpoints;
  for (const std::string& name : names()) {
    const auto looks = looks_of_state(name, algorithm_, grid_);
    // Of other options, or of looks that have come in another order since: of no use any more.
    if (!looks || !agree(*looks, plan)) {
      fs::remove(name, error);
    } else if (fs::path(name).filename().string().rfind(after_looks, 0) == 0 && looks->size() <= state.looks.size()) {
      checkpoints.push_back(name);
    }
  }
  while (checkpoints.size() > checkpoints_kept) {
    fs::remove(checkpoints.front(), error);
    checkpoints.erase(checkpoints.begin());
  }
}

}  // namespace pitwatch
