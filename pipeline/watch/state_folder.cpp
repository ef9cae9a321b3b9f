#include "pipeline/watch/state_folder.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/state_file.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t newest_kept = 3;
constexpr std::size_t number_digits = 6;
constexpr std::string_view extension = ".state";
constexpr std::string_view second_mark = "b";
constexpr std::string_view after_acquisitions = "looks-";
constexpr std::string_view after_learning_mark = "learnt-";

/// "looks-000073.state", "looks-000073b.state" -> 73; nothing for other names.
std::optional<std::size_t> number_in(const std::string& name, std::string_view begin) {
  if (!name.starts_with(begin) || !name.ends_with(extension)) return std::nullopt;
  const char* const first = name.data() + begin.size();
  const char* const last = name.data() + name.size() - extension.size();
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(first, last, number);
  const std::string_view rest(end, static_cast<std::size_t>(last - end));
  if (error != std::errc() || (!rest.empty() && rest != second_mark)) return std::nullopt;
  return number;
}

/// The other one of the two names of a state: "looks-000073.state" and "looks-000073b.state".
std::string twin_of(const std::string& path) {
  const std::string stem = path.substr(0, path.size() - extension.size());
  const bool is_second = stem.ends_with(second_mark);
  return (is_second ? stem.substr(0, stem.size() - second_mark.size()) : stem + std::string(second_mark)) +
         std::string(extension);
}

bool is_same_content(const std::string& a, const std::string& b) {
  std::error_code none;
  if (fs::file_size(a, none) != fs::file_size(b, none) || none) return false;
  std::ifstream first(a, std::ios::binary);
  std::ifstream second(b, std::ios::binary);
  std::vector<char> of_first(std::size_t{1} << 20);
  std::vector<char> of_second(of_first.size());
  const auto size = static_cast<std::streamsize>(of_first.size());
  do {
    first.read(of_first.data(), size);
    second.read(of_second.data(), size);
    const auto count = first.gcount();
    if (count != second.gcount() || !std::equal(of_first.begin(), of_first.begin() + count, of_second.begin())) {
      return false;
    }
  } while (first && second);
  return first.eof() && second.eof();
}

bool is_after_learning(const std::string& path) {
  return fs::path(path).filename().string().starts_with(after_learning_mark);
}

/// Whether the acquisitions are the first ones planned.
bool begins_with(const AcquisitionPlan& plan, std::span<const AcquisitionRecord> acquisitions) {
  return acquisitions.size() <= plan.acquisitions.size() &&
         std::equal(acquisitions.begin(), acquisitions.end(), plan.acquisitions.begin(),
                    [](const AcquisitionRecord& acquisition, const PlannedAcquisition& planned) {
                      return is_same_acquisition(acquisition, planned.record);
                    });
}

/// Whether none of the first ones planned is new.
bool knows_first(const AcquisitionPlan& plan, std::size_t count) {
  return std::none_of(plan.acquisitions.begin(), plan.acquisitions.begin() + static_cast<std::ptrdiff_t>(count),
                      [](const PlannedAcquisition& planned) { return planned.is_new; });
}

/// Whether all acquisitions from there on can be read, or were of no use before.
bool can_go_on(const AcquisitionPlan& plan, std::size_t from) {
  return std::all_of(plan.acquisitions.begin() + static_cast<std::ptrdiff_t>(from), plan.acquisitions.end(),
                     [](const PlannedAcquisition& acquisition) {
                       return acquisition.is_readable() || !acquisition.record.skipped.empty();
                     });
}

}  // namespace

StateFolder::StateFolder(std::string folder, StateTerms terms, Use use, ParallelFor parallel,
                         RecordedCheckpoints recorded)
    : folder_(std::move(folder)),
      terms_(std::move(terms)),
      use_(use),
      parallel_(std::move(parallel)),
      recorded_(std::move(recorded)) {
  checkpoints_ = list();
  miss_recorded();
  find_newest();
}

void StateFolder::tidy() const {
  if (!folder_.empty() && use_ != Use::read_only) remove_leftovers(folder_);
}

std::vector<StateFolder::Checkpoint> StateFolder::list() const {
  std::vector<Checkpoint> checkpoints;
  if (folder_.empty()) return checkpoints;
  std::error_code none;
  for (fs::directory_iterator it(folder_, none), end; it != end; it.increment(none)) {
    const std::string name = it->path().filename().string();
    std::optional<std::size_t> acquisitions = number_in(name, after_acquisitions);
    if (!acquisitions) acquisitions = number_in(name, after_learning_mark);
    if (acquisitions) checkpoints.push_back({it->path().string(), *acquisitions, false, {}});
  }
  const auto key = [&](const Checkpoint& one) {
    return std::tuple(one.acquisitions, recorded_.files.count(one.path), std::string_view(one.path));
  };
  std::sort(checkpoints.begin(), checkpoints.end(),
            [&](const Checkpoint& a, const Checkpoint& b) { return key(a) > key(b); });
  return checkpoints;
}

std::vector<std::pair<std::string, std::size_t>> StateFolder::files() const {
  std::vector<std::pair<std::string, std::size_t>> files;
  for (const Checkpoint& checkpoint : list()) files.emplace_back(checkpoint.path, checkpoint.acquisitions);
  std::reverse(files.begin(), files.end());
  return files;
}

bool StateFolder::read_head(Checkpoint& checkpoint) {
  if (checkpoint.is_damaged || checkpoint.head) return !checkpoint.is_damaged;
  try {
    checkpoint.head = read_state_head(checkpoint.path);
    if (checkpoint.head->acquisitions.size() == checkpoint.acquisitions) return true;
    exclude(checkpoint, "is damaged: holds another number of acquisitions than its name says");
  } catch (const DataError& error) {
    exclude(checkpoint, error.what());
  }
  return false;
}

/// Whether it can be read and is of the terms.
bool StateFolder::fits(Checkpoint& checkpoint) {
  return read_head(checkpoint) && differences(*checkpoint.head, terms_).empty();
}

/// The acquisitions that a checkpoint holds by what the record says of it; nothing where that does not tell.
std::optional<std::span<const AcquisitionRecord>> StateFolder::course_to(const Checkpoint& checkpoint) {
  if (recorded_.of_one_course.count(checkpoint.path) == 0) return std::nullopt;
  for (Checkpoint& newest : checkpoints_) {
    if (newest.acquisitions < checkpoint.acquisitions) break;
    if (recorded_.of_one_course.count(newest.path) == 0 || !fits(newest)) continue;
    return std::span(newest.head->acquisitions).first(checkpoint.acquisitions);
  }
  return std::nullopt;
}

/// Whether a plan cannot be come to from a checkpoint, by what is known of it without its head.
bool StateFolder::cannot_be_start(const Checkpoint& checkpoint, const AcquisitionPlan& plan) {
  if (checkpoint.acquisitions > plan.acquisitions.size() || !knows_first(plan, checkpoint.acquisitions)) return true;
  const auto course = course_to(checkpoint);
  return course && !begins_with(plan, *course);
}

/// Whether it can be gone back to: what it holds was planned, under the terms of now.
bool StateFolder::is_of_use(Checkpoint& checkpoint, const AcquisitionPlan& plan) {
  if (written_.count(checkpoint.path) != 0) return true;
  if (checkpoint.is_damaged) return false;
  if (const auto course = course_to(checkpoint)) return begins_with(plan, *course);
  return fits(checkpoint) && begins_with(plan, checkpoint.head->acquisitions);
}

void StateFolder::exclude(Checkpoint& checkpoint, const std::string& why) {
  const bool is_named = why.starts_with(checkpoint.path + ": ");
  damaged_.emplace_back(checkpoint.path, is_named ? why.substr(checkpoint.path.size() + 2) : why);
  damaged_acquisitions_ = std::max(damaged_acquisitions_, checkpoint.acquisitions);
  checkpoint.is_damaged = true;
}

void StateFolder::miss_recorded() {
  for (const auto& [path, acquisitions] : recorded_.acquisitions) {
    const bool is_here = fs::path(path).parent_path() == fs::path(folder_);
    const auto is_it = [&, &of_path = path](const Checkpoint& one) { return one.path == of_path; };
    if (!is_here || std::any_of(checkpoints_.begin(), checkpoints_.end(), is_it)) continue;
    damaged_.emplace_back(path, "is missing");
    damaged_acquisitions_ = std::max(damaged_acquisitions_, acquisitions);
  }
  std::reverse(damaged_.begin(), damaged_.end());  // the newest first, as others are
}

void StateFolder::find_newest() {
  newest_.reset();
  std::string others;
  std::string of_path;
  for (std::size_t i = 0; i < checkpoints_.size(); ++i) {
    Checkpoint& checkpoint = checkpoints_[i];
    if (!read_head(checkpoint)) continue;
    const std::string different = differences(*checkpoint.head, terms_);
    if (different.empty()) {
      newest_ = i;
      break;
    }
    foreign_.push_back(checkpoint.path);
    if (others.empty()) {
      others = different;
      of_path = checkpoint.path;
    }
  }
  if (newest_ || others.empty() || use_ == Use::relearn) return;
  const std::string text = of_path + ": was learnt with other options: " + others;
  if (use_ == Use::read_only) {
    throw ConfigError(text + "; give those of the state (--options-of STATE/runs/TIME.json), or start without it");
  }
  throw ConfigError(text +
                    "; what is known would change: give the former ones, or --relearn to learn anew (alerts "
                    "published so far stay in the register)");
}

std::span<const AcquisitionRecord> StateFolder::known() const {
  if (!newest_) return {};
  return checkpoints_[*newest_].head->acquisitions;
}

bool StateFolder::is_learnt() const { return newest_ && checkpoints_[*newest_].head->is_learnt; }

std::optional<std::size_t> StateFolder::start_of(const AcquisitionPlan& plan) {
  for (std::size_t i = newest_.value_or(checkpoints_.size()); i < checkpoints_.size(); ++i) {
    Checkpoint& checkpoint = checkpoints_[i];
    const std::size_t acquisitions = checkpoint.acquisitions;
    if (cannot_be_start(checkpoint, plan) || !can_go_on(plan, acquisitions)) continue;
    if (!can_be_start(checkpoint, plan)) continue;
    start_ = i;
    return acquisitions;
  }
  if (can_go_on(plan, 0)) return 0;
  return std::nullopt;
}

/// Whether a plan can be come to from a checkpoint, by its head.
bool StateFolder::can_be_start(Checkpoint& checkpoint, const AcquisitionPlan& plan) {
  return fits(checkpoint) && checkpoint.head->is_learnt && begins_with(plan, checkpoint.head->acquisitions);
}

std::optional<std::size_t> StateFolder::rerun_start_of(const AcquisitionPlan& plan,
                                                       const std::optional<Instant>& from) {
  // Whether a checkpoint is before `from` is mostly known without its head: heads of later ones are read where none
  // before will do.
  std::vector<std::size_t> later;  // the newest first
  std::optional<std::size_t> before;
  for (std::size_t i = newest_.value_or(checkpoints_.size()); i < checkpoints_.size() && !before; ++i) {
    Checkpoint& checkpoint = checkpoints_[i];
    if (cannot_be_start(checkpoint, plan)) continue;
    std::optional<std::span<const AcquisitionRecord>> course = course_to(checkpoint);
    if (!course) {
      if (!can_be_start(checkpoint, plan)) continue;
      course = checkpoint.head->acquisitions;
    }
    if (from && (course->empty() || course->back().acquired >= *from)) {
      later.push_back(i);
    } else if (can_be_start(checkpoint, plan)) {
      before = i;
    }
  }
  const auto goes_on = [&](std::size_t i) { return can_go_on(plan, checkpoints_[i].acquisitions); };
  const auto is_start = [&](std::size_t i) { return can_be_start(checkpoints_[i], plan); };
  start_ = before && goes_on(*before) ? before : std::nullopt;
  if (!start_) {
    const auto first =
        std::find_if(later.rbegin(), later.rend(), [&](std::size_t i) { return goes_on(i) && is_start(i); });
    if (first != later.rend()) start_ = *first;
  }
  if (!start_) {
    const auto last = std::find_if(later.begin(), later.end(), is_start);
    start_ = last != later.end() ? std::optional(*last) : before;
  }
  if (!start_) return std::nullopt;
  return checkpoints_[*start_].acquisitions;
}

std::optional<std::size_t> StateFolder::earliest_start_of(const AcquisitionPlan& plan) {
  if (can_go_on(plan, 0)) return 0;
  return rerun_start_of(plan, Instant{});
}

std::optional<SiteState> StateFolder::load(std::size_t acquisitions, StateParts parts) {
  const bool is_start = start_ && checkpoints_[*start_].acquisitions == acquisitions;
  for (std::size_t i = is_start ? *start_ : 0; i < checkpoints_.size(); ++i) {
    Checkpoint& checkpoint = checkpoints_[i];
    if (checkpoint.acquisitions != acquisitions || !fits(checkpoint) || !checkpoint.head->is_learnt) continue;
    try {
      SiteState state = read_site_state(checkpoint.path, terms_.grid, parallel_, parts);
      loaded_ = checkpoint.path;
      return state;
    } catch (const DataError& error) {
      exclude(checkpoint, error.what());
      find_newest();
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool StateFolder::check_newest(std::size_t next_to_load) {
  if (!newest_) return true;
  const bool is_next = start_ == newest_ && next_to_load > 0 && checkpoints_[*newest_].acquisitions == next_to_load;
  if (is_next) return true;
  Checkpoint& newest = checkpoints_[*newest_];
  try {
    check_state_file(newest.path);
    return true;
  } catch (const DataError& error) {
    exclude(newest, error.what());
    find_newest();
    return false;
  }
}

std::string StateFolder::save(SiteState& state, bool after_learning) {
  if (folder_.empty() || use_ == Use::read_only) return {};
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw ConfigError(folder_ + ": cannot be made: " + error.message());
  std::string number = std::to_string(state.acquisitions.size());
  number.insert(0, number_digits - std::min(number_digits, number.size()), '0');
  std::string path = folder_ + "/";
  path.append(after_learning ? after_learning_mark : after_acquisitions).append(number).append(extension);
  const std::string twin = twin_of(path);
  const bool is_recorded = recorded_.files.count(path) != 0 && fs::exists(path, error);
  if (is_recorded) path = twin;
  write_site_state(path, terms_, state, parallel_);
  if (is_recorded && is_same_content(path, twin_of(path))) {
    fs::remove(path, error);
    path = twin_of(path);
  }
  written_.insert(path);
  if (!after_learning) {
    for (const std::string& old : thinned(state.acquisitions.size())) {
      if (written_.count(old) != 0) fs::remove(old, error);
    }
  }
  return path;
}

/// Earlier checkpoints alone: later ones are of a state that is being replayed, and those of other terms wait for the
/// end.
std::vector<std::string> StateFolder::thinned(std::size_t newest) const {
  std::vector<std::pair<std::size_t, std::string>> own;
  std::vector<std::size_t> numbers;
  for (const Checkpoint& checkpoint : list()) {
    const bool is_foreign = std::find(foreign_.begin(), foreign_.end(), checkpoint.path) != foreign_.end();
    if (is_foreign || checkpoint.acquisitions > newest || is_after_learning(checkpoint.path)) continue;
    own.emplace_back(checkpoint.acquisitions, checkpoint.path);
    numbers.push_back(checkpoint.acquisitions);
  }
  const std::vector<std::size_t> kept = checkpoints_kept(numbers);
  std::vector<std::string> others;
  for (auto& [acquisitions, path] : own) {
    if (std::find(kept.begin(), kept.end(), acquisitions) == kept.end()) others.push_back(std::move(path));
  }
  return others;
}

/// Of two states of use after as many acquisitions, the one that was not written now, or, where none was, that is not
/// on record.
bool StateFolder::is_replaced(const std::string& path) const {
  const std::string twin = twin_of(path);
  if (written_.count(path) != 0 || path == loaded_) return false;
  return written_.count(twin) != 0 || (recorded_.files.count(path) == 0 && recorded_.files.count(twin) != 0);
}

std::vector<std::string> StateFolder::obsolete(const AcquisitionPlan& plan) {
  if (folder_.empty() || use_ == Use::read_only) return {};
  std::vector<std::string> paths = thinned(plan.acquisitions.size());
  std::set<std::string> of_use;
  for (Checkpoint& checkpoint : list()) {
    const auto known = std::find_if(checkpoints_.begin(), checkpoints_.end(),
                                    [&](const Checkpoint& one) { return one.path == checkpoint.path; });
    if (is_of_use(known != checkpoints_.end() ? *known : checkpoint, plan)) {
      of_use.insert(checkpoint.path);
    } else {
      paths.push_back(checkpoint.path);
    }
  }
  for (const std::string& path : of_use) {
    if (of_use.count(twin_of(path)) != 0 && is_replaced(path)) paths.push_back(path);
  }
  return paths;
}

std::vector<std::size_t> checkpoints_kept(std::vector<std::size_t> acquisitions) {
  std::sort(acquisitions.begin(), acquisitions.end());
  acquisitions.erase(std::unique(acquisitions.begin(), acquisitions.end()), acquisitions.end());
  std::vector<std::size_t> kept;
  std::set<int> ages;
  for (std::size_t i = 0; i < acquisitions.size(); ++i) {
    const bool is_new = i + newest_kept >= acquisitions.size();
    // The oldest of its age comes first.
    if (is_new || ages.insert(static_cast<int>(std::bit_width(acquisitions.back() - acquisitions[i]))).second)
      kept.push_back(acquisitions[i]);
  }
  return kept;
}

}  // namespace pitwatch
