#include "pipeline/record/chain.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_head_bytes = 4096;
constexpr std::string_view name_pattern = "ddddddddTdddddd.dddZ.json";
constexpr std::size_t hash_digits = 64;
constexpr std::string_view head_gap = "  ";  // as sha256sum has it

std::string path_of(const std::string& state, const std::string& name) { return runs_folder(state) + "/" + name; }

std::string shown(const std::string& name) { return "runs/" + name; }

/// "20221217T030501.123Z.json"
std::string name_of(Instant instant) {
  const auto milliseconds = instant.time_since_epoch() % std::chrono::seconds(1);
  const std::string seconds = format_instant(instant - milliseconds);  // "2022-12-17T03:05:01Z"
  std::string digits;
  for (const char c : seconds) {
    if (c != '-' && c != ':' && c != 'Z') digits += c;
  }
  const std::string thousandths = std::to_string(1000 + milliseconds.count()).substr(1);
  return digits + "." + thousandths + "Z.json";
}

/// The time in such a name; nothing for another name.
std::optional<Instant> time_of(std::string_view name) {
  const auto fits = [](char c, char pattern) { return pattern == 'd' ? c >= '0' && c <= '9' : c == pattern; };
  if (!std::equal(name.begin(), name.end(), name_pattern.begin(), name_pattern.end(), fits)) return {};
  std::string text(name.substr(0, name.size() - std::string_view(".json").size()));
  for (const std::size_t at : {13U, 11U}) text.insert(at, ":");
  for (const std::size_t at : {6U, 4U}) text.insert(at, "-");
  try {
    return parse_instant(text);
  } catch (const DataError&) {
    return {};
  }
}

/// A name that is free and after all that there are.
std::string next_name(Instant started, const std::string& newest) {
  const Instant floored = std::max(started, Instant{});
  const auto after = newest.empty() ? std::nullopt : time_of(newest);
  return name_of(after && floored <= *after ? *after + std::chrono::milliseconds(1) : floored);
}

std::string head_text(const ManifestReference& head) { return head.sha256 + std::string(head_gap) + head.name + "\n"; }

ManifestReference parse_head(std::string_view text) {
  ManifestReference head;
  if (text.size() > hash_digits + head_gap.size()) {
    head.sha256 = text.substr(0, hash_digits);
    head.name = text.substr(hash_digits + head_gap.size());
    head.name.pop_back();
  }
  if (!is_sha256(head.sha256) || !time_of(head.name) || head_text(head) != text) {
    throw DataError("runs/HEAD: is not what a run writes there");
  }
  return head;
}

/// The bytes of a manifest. Throws DataError that starts with its name.
std::string bytes_of(const std::string& state, const std::string& name) {
  std::optional<std::string> bytes;
  try {
    bytes = read_regular_file(path_of(state, name), largest_manifest_bytes);
  } catch (const DataError& error) {
    throw DataError(shown(name) + ": " + error.what());
  }
  if (!bytes) throw DataError(shown(name) + ": is missing");
  return std::move(*bytes);
}

/// Whether there was a HEAD when a manifest was written; so, too, where the manifest does not say.
bool had_head(std::string_view bytes) {
  try {
    return !parse_manifest(bytes).head_before.empty();
  } catch (const DataError&) {
    return true;
  }
}

/// The newest manifest as the next one is to name it, and what HEAD names.
struct Tip {
  std::optional<ManifestReference> newest;
  std::string head;
  std::string trouble;  // with HEAD
};

Tip find_tip(const std::string& state) {
  Tip tip;
  const std::vector<std::string> names = manifest_names(state);
  std::optional<ManifestReference> head;
  try {
    head = read_head(state);
  } catch (const DataError& error) {
    tip.trouble = error.what();
  }
  if (head) tip.head = head->name;
  if (head && (names.empty() || names.back() <= head->name)) {
    tip.newest = head;
  } else if (!names.empty()) {
    tip.newest = ManifestReference{names.back(), sha256_text(bytes_of(state, names.back()))};
    if (!head && tip.trouble.empty()) {
      // The first run of all may have been killed before it had a HEAD; whoever came after one has had it.
      if (had_head(bytes_of(state, names.back()))) tip.trouble = "runs/HEAD: was missing";
    }
  }
  return tip;
}

/// Whether a file of the state is as a record has it.
bool is_as(const std::string& state, const OutputFile& file) {
  try {
    const std::string path = file.path.front() == '/' ? file.path : state + "/" + file.path;
    return hash_of_regular_file(path, file.size) == file.sha256;
  } catch (const DataError&) {
    return false;
  }
}

/// Likewise; without a hash: whether it is gone.
bool is_as(const std::string& state, const ChipFile& chip) {
  try {
    if (chip.sha256.empty()) return !size_of_regular_file(state + "/" + chip.path);
  } catch (const DataError&) {
    return false;
  }
  return is_as(state, OutputFile{chip.path, chip.size, chip.sha256});
}

using ChipsByPath = std::map<std::string, ChipFile>;

/// The chips that manifests up to one name, as the newest of them has each.
ChipsByPath chips_up_to(const std::string& state, const std::string& last) {
  ChipsByPath chips;
  for (const std::string& name : manifest_names(state)) {
    if (name > last) break;
    try {
      for (ChipFile& chip : parse_manifest(bytes_of(state, name)).chips) chips[chip.path] = std::move(chip);
    } catch (const DataError&) {
      // check_chain() tells of one that is damaged.
    }
  }
  return chips;
}

/// What has become of chips that manifests beyond HEAD name: each as the newest has it that it fits, else as HEAD has
/// it.
std::vector<ChipFile> settled_chips(const std::string& state, const std::string& published,
                                    const std::vector<ChipFile>& beyond) {
  ChipsByPath settled;
  std::set<std::string> others;
  for (const ChipFile& chip : beyond) {
    if (is_as(state, chip)) {
      settled[chip.path] = chip;
    } else {
      others.insert(chip.path);
    }
  }
  std::optional<ChipsByPath> before;
  for (const std::string& path : others) {
    if (settled.contains(path)) continue;
    if (!before) before = chips_up_to(state, published);
    const auto known = before->find(path);
    settled[path] = known != before->end() ? known->second : ChipFile{path, 0, {}, {}};
  }
  std::vector<ChipFile> chips;
  for (auto& [path, chip] : settled) {
    chip.replaced_sha256 = chip.sha256;  // nothing is done to it
    chips.push_back(std::move(chip));
  }
  return chips;
}

/// How the register stood before a run that may have come to write to it: rows that never change are as they were.
std::optional<RegisterStanding> before_unsettled(std::optional<RegisterStanding> standing) {
  if (standing) standing->tables.erase("alerts");
  return standing;
}

/// Goes from what is settled to what a later manifest says, as far as the files do.
void settle(const std::string& state, Manifest& settled, Manifest later) {
  for (OutputFile& file : later.outputs) {
    const auto same_path = [&](const OutputFile& one) { return one.path == file.path; };
    const auto before = std::find_if(settled.outputs.begin(), settled.outputs.end(), same_path);
    if (before == settled.outputs.end() || *before == file || is_as(state, file)) continue;
    file = *before;
    if (later.alert_register && later.alert_register->target == file.path) {
      later.alert_register = before_unsettled(settled.alert_register);
    }
  }
  // Of a database nothing tells whether it was come to.
  if (later.alert_register && later.alert_register->sha256.empty()) {
    later.alert_register = before_unsettled(settled.alert_register);
  }
  later.missing = std::move(settled.missing);
  later.notices = std::move(settled.notices);
  settled = std::move(later);
}

/// check_chain() at work.
class ChainCheck {
 public:
  ChainCheck(const std::string& state, const ManifestVisitor& visit) : state_(state), visit_(visit) {}

  ChainFinding run() {
    finding_.manifests = manifest_names(state_);
    check_other_files();
    for (std::size_t i = 0; i < finding_.manifests.size(); ++i) check_manifest(i);
    check_head();
    return std::move(finding_);
  }

 private:
  const std::vector<std::string>& names() const { return finding_.manifests; }
  void misfit(const std::string& name, const std::string& what) {
    finding_.misfits.push_back(shown(name) + ": " + what);
  }
  std::optional<std::size_t> index_of(const std::string& name) const {
    const auto found = std::lower_bound(names().begin(), names().end(), name);
    if (found == names().end() || *found != name) return {};
    return static_cast<std::size_t>(found - names().begin());
  }

  /// Signatures whose manifest is gone, and what calls itself a manifest and is none.
  void check_other_files() {
    std::error_code error;
    std::vector<std::string> others;
    for (fs::directory_iterator it(runs_folder(state_), error), end; it != end; it.increment(error)) {
      others.push_back(it->path().filename().string());
    }
    std::sort(others.begin(), others.end());
    for (const std::string& other : others) {
      const std::string extension = fs::path(other).extension().string();
      if (other.front() == '.') continue;  // half written by a run that was killed
      if (extension == ".json" && !index_of(other)) misfit(other, "is no manifest by its name");
      if (extension != signature_suffix && extension != time_stamp_suffix) continue;
      const std::string sealed = fs::path(other).stem().string();
      if (!index_of(sealed)) misfit(sealed, "is missing, and " + shown(other) + " was made of it");
    }
  }

  void check_manifest(std::size_t i) {
    const std::string& name = names()[i];
    hashes_.emplace_back();
    heads_.emplace_back();
    std::string bytes;
    try {
      bytes = bytes_of(state_, name);
    } catch (const DataError& error) {
      finding_.misfits.emplace_back(error.what());
      return;
    }
    hashes_.back() = sha256_text(bytes);
    try {
      const Manifest manifest = parse_manifest(bytes);
      heads_.back() = manifest.head_before;
      check_previous(i, manifest.previous);
      if (visit_) visit_(name, bytes, manifest);
    } catch (const DataError& error) {
      misfit(name, error_chain(error));
    }
  }

  void check_previous(std::size_t i, const std::optional<ManifestReference>& previous) {
    const std::string& name = names()[i];
    if (!previous) {
      if (i > 0) misfit(name, "begins a chain of its own beside that of " + shown(names()[i - 1]));
      return;
    }
    const std::optional<std::size_t> before = index_of(previous->name);
    if (!before) {
      misfit(previous->name, "is missing: " + shown(name) + " names it as the one before");
    } else if (*before >= i) {
      misfit(name, "names " + shown(previous->name) + " as the one before, which is not before it");
    } else if (*before + 1 < i) {
      misfit(name, "and " + shown(names()[*before + 1]) + " both name " + shown(previous->name) +
                       " as the one before: the chain forks");
    } else if (!hashes_[*before].empty() && hashes_[*before] != previous->sha256) {
      misfit(previous->name, "was changed: its SHA-256 is not that which " + shown(name) + " names");
    }
  }

  void check_head() {
    try {
      finding_.head = read_head(state_);
    } catch (const DataError& error) {
      finding_.misfits.emplace_back(error.what());
      return;
    }
    if (!finding_.head) {
      check_no_head();
      return;
    }
    const ManifestReference& head = *finding_.head;
    const std::optional<std::size_t> newest = index_of(head.name);
    if (!newest) {
      misfit(head.name, "is missing: runs/HEAD names it as the newest");
      return;
    }
    if (!hashes_[*newest].empty() && hashes_[*newest] != head.sha256) {
      misfit(head.name, "was changed: its SHA-256 is not that which runs/HEAD names");
    }
    for (std::size_t i = *newest + 1; i < names().size(); ++i) {
      finding_.unpublished.push_back(names()[i]);
      if (heads_[i] && *heads_[i] != head.name) {
        misfit("HEAD", "names " + shown(head.name) + ", but " + shown(names()[i]) + " was written when it named " +
                           (heads_[i]->empty() ? "none" : shown(*heads_[i])));
      }
    }
  }

  /// Runs that were killed before there was any HEAD leave none; any other has had one.
  void check_no_head() {
    finding_.unpublished = names();
    const auto named_one = [](const std::optional<std::string>& head) { return head && !head->empty(); };
    const auto found = std::find_if(heads_.begin(), heads_.end(), named_one);
    if (found != heads_.end()) {
      misfit("HEAD", "is missing; it named " + shown(**found) + " when " +
                         shown(names()[static_cast<std::size_t>(found - heads_.begin())]) + " was written");
    }
  }

  const std::string& state_;
  const ManifestVisitor& visit_;
  ChainFinding finding_;
  std::vector<std::string> hashes_;                // empty: cannot be read
  std::vector<std::optional<std::string>> heads_;  // head_before of each; nothing: cannot be read
};

}  // namespace

std::string runs_folder(const std::string& state) { return state + "/runs"; }

std::vector<std::string> manifest_names(const std::string& state) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(runs_folder(state), error), end; it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (time_of(name)) names.push_back(std::move(name));
    if (error) break;
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw DataError(runs_folder(state) + ": cannot be read: " + error.message());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Manifest read_manifest(const std::string& state, const std::string& name) {
  const std::string bytes = bytes_of(state, name);
  try {
    return parse_manifest(bytes);
  } catch (const DataError& error) {
    throw DataError(shown(name) + ": " + error_chain(error));
  }
}

std::optional<ManifestReference> read_head(const std::string& state) {
  try {
    const auto text = read_regular_file(path_of(state, "HEAD"), largest_head_bytes);
    if (!text) return {};
    return parse_head(*text);
  } catch (const DataError& error) {
    const std::string what = error.what();
    throw DataError(what.starts_with("runs/HEAD") ? what : "runs/HEAD: " + what);
  }
}

std::optional<Manifest> head(const std::string& state) {
  const std::optional<ManifestReference> reference = read_head(state);
  if (!reference) return {};
  const std::string bytes = bytes_of(state, reference->name);
  if (sha256_text(bytes) != reference->sha256) {
    throw DataError(shown(reference->name) + ": was changed: its SHA-256 is not that which runs/HEAD names");
  }
  try {
    return parse_manifest(bytes);
  } catch (const DataError& error) {
    throw DataError(shown(reference->name) + ": " + error_chain(error));
  }
}

void take_chips(const Manifest& manifest, bool is_published, DueChips& due) {
  for (const ChipFile& chip : manifest.chips) {
    if (chip.sha256.empty()) {
      due.erase(chip.path);
    } else if (is_published) {
      due[chip.path] = chip.sha256;
    }
  }
}

std::string last_published(const std::string& state) {
  try {
    if (const std::optional<ManifestReference> head = read_head(state)) return head->name;
  } catch (const DataError&) {  // check_chain() tells of it
  }
  const std::vector<std::string> names = manifest_names(state);
  return names.empty() ? "" : names.back();
}

DueChips due_chips(const std::string& state) {
  DueChips due;
  const std::string published = last_published(state);
  for (const std::string& name : manifest_names(state)) {
    try {
      take_chips(parse_manifest(bytes_of(state, name)), name <= published, due);
    } catch (const DataError&) {  // likewise
    }
  }
  return due;
}

std::optional<Manifest> settled_head(const std::string& state) {
  std::optional<Manifest> settled = head(state);
  if (!settled) return settled;
  const std::string published = read_head(state)->name;
  std::vector<ChipFile> chips;
  for (const std::string& name : manifest_names(state)) {
    if (name <= published) continue;
    try {
      Manifest later = parse_manifest(bytes_of(state, name));
      chips.insert(chips.end(), later.chips.begin(), later.chips.end());
      settle(state, *settled, std::move(later));
    } catch (const DataError&) {
      // check_chain() tells of one that is damaged.
    }
  }
  settled->chips = settled_chips(state, published, chips);
  return settled;
}

namespace {

/// Writes a manifest behind the newest; gives its name.
std::string write_next(const std::string& state, Manifest& manifest) {
  const Tip tip = find_tip(state);
  manifest.previous = tip.newest;
  manifest.head_before = tip.head;
  if (!tip.trouble.empty()) {
    manifest.notices.push_back(
        {"runs/HEAD", tip.trouble + "; the chain continues from the newest manifest there was", manifest.started});
  }
  const std::string name = next_name(manifest.started, tip.newest ? tip.newest->name : std::string());
  if (!time_of(name)) throw IoError(shown(name) + ": no manifest can have this name; is the clock right?");
  write_file_atomically(path_of(state, name), manifest_text(manifest));
  return name;
}

/// As settled_head(); nothing where that cannot be known.
Manifest standing_before(const std::string& state) {
  try {
    return settled_head(state).value_or(Manifest{});
  } catch (const DataError&) {  // write_next() notes it
    return {};
  }
}

/// Of what a run has read, as much as one manifest holds: a manifest that says nothing else of it, and how things stood
/// before. None where all of it fits into the run's own; else nothing of it stays there.
std::vector<Manifest> parts_of(const std::string& state, Manifest& manifest, const ReadBounds& bounds) {
  constexpr std::size_t ranges_of_an_input = 8;
  const auto size_of = [](const InputFile& file) { return file.ranges.size() + ranges_of_an_input; };
  std::size_t ranges = 0;
  for (const InputFile& file : manifest.inputs) ranges += size_of(file);
  if (manifest.acquisitions.size() <= bounds.acquisitions && ranges <= bounds.ranges) return {};

  std::vector<InputFile> inputs = std::exchange(manifest.inputs, {});
  std::vector<AcquisitionUsed> acquisitions = std::exchange(manifest.acquisitions, {});
  Manifest blank = manifest;
  blank.message = "a part of what the run has read: its own manifest comes after it";
  Manifest before = standing_before(state);
  blank.sites = std::move(before.sites);
  blank.missing = std::move(before.missing);
  blank.notices = std::move(before.notices);
  blank.outputs = std::move(before.outputs);
  blank.alert_register = std::move(before.alert_register);
  blank.chips.clear();
  blank.pruned.clear();
  blank.review.reset();

  std::vector<Manifest> parts;
  const auto add_part = [&]() -> Manifest& {
    Manifest& part = parts.emplace_back(blank);
    part.part = static_cast<int>(parts.size());
    return part;
  };
  // An acquisition names inputs of its manifest or an earlier one: inputs come first.
  std::size_t room = 0;
  for (InputFile& file : inputs) {
    const std::size_t size = size_of(file);
    if (parts.empty() || size > room) {
      add_part();
      room = std::max(bounds.ranges, size);
    }
    room -= size;
    parts.back().inputs.push_back(std::move(file));
  }
  std::size_t places = 0;
  for (AcquisitionUsed& acquisition : acquisitions) {
    if (places == 0) {
      add_part();
      places = std::max(bounds.acquisitions, std::size_t{1});
    }
    --places;
    parts.back().acquisitions.push_back(std::move(acquisition));
  }
  return parts;
}

}  // namespace

std::string begin_manifest(const std::string& state, Manifest& manifest, const ReadBounds& bounds) {
  std::error_code none;
  const bool is_new = !fs::is_directory(runs_folder(state), none);
  make_folder(runs_folder(state));
  if (is_new) make_name_durable(runs_folder(state));
  remove_leftovers(runs_folder(state));
  for (Manifest& part : parts_of(state, manifest, bounds)) write_next(state, part);
  return write_next(state, manifest);
}

bool is_on_record(const std::string& state, Instant started) {
  const std::string first = name_of(std::max(started, Instant{}));
  const std::vector<std::string> names = manifest_names(state);
  return std::any_of(std::lower_bound(names.begin(), names.end(), first), names.end(), [&](const std::string& name) {
    try {
      const Manifest manifest = parse_manifest(bytes_of(state, name));
      return manifest.command == "run" && manifest.part == 0 && manifest.started == started;
    } catch (const DataError&) {  // check_chain() tells of it
      return false;
    }
  });
}

void publish_head(const std::string& state, const std::string& name) {
  const ManifestReference head{name, sha256_text(bytes_of(state, name))};
  write_file_atomically(path_of(state, "HEAD"), head_text(head));
}

ChainFinding check_chain(const std::string& state, const ManifestVisitor& visit) {
  return ChainCheck(state, visit).run();
}

}  // namespace pitwatch
