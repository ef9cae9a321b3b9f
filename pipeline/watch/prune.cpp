#include "pipeline/watch/prune.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/write_refusal.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/watch/publish.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

/// Checkpoints of a watched ground that go: all but the newest, and those after learning.
std::set<std::string> surplus_checkpoints(const SiteStanding& site, int kept) {
  std::map<std::string, std::vector<const CheckpointFile*>> by_folder;
  for (const CheckpointFile& file : site.checkpoints) {
    const fs::path path(file.path);
    const bool is_checkpoint = file.path.starts_with("sites/") && path.filename().string().starts_with("looks-");
    if (is_checkpoint) by_folder[fs::path(file.path).parent_path().string()].push_back(&file);
  }
  std::set<std::string> surplus;
  for (auto& [folder, files] : by_folder) {
    std::stable_sort(files.begin(), files.end(), [](const CheckpointFile* a, const CheckpointFile* b) {
      return a->acquisitions > b->acquisitions;
    });
    for (std::size_t i = static_cast<std::size_t>(kept); i < files.size(); ++i) surplus.insert(files[i]->path);
  }
  return surplus;
}

/// A site that learns has its pixels in other files, and may keep states of other terms beside them.
void prune_checkpoints(int kept, Manifest& manifest) {
  std::set<std::string> all;
  for (SiteStanding& site : manifest.sites) {
    if (site.learning) continue;
    const std::set<std::string> surplus = surplus_checkpoints(site, kept);
    std::erase_if(site.checkpoints, [&](const CheckpointFile& file) { return surplus.contains(file.path); });
    all.insert(surplus.begin(), surplus.end());
  }
  for (const OutputFile& file : manifest.outputs) {
    if (all.contains(file.path)) manifest.pruned.push_back(file);
  }
  std::erase_if(manifest.outputs, [&](const OutputFile& file) { return all.contains(file.path); });
}

bool has_ended(const Alert& alert, Instant before) {
  const bool is_over = alert.status == AlertStatus::closed || alert.status == AlertStatus::superseded;
  return is_over && !alert.review && alert.last_detected < before;
}

/// Folders of chips, "chips/SITE/ALERT", whose film strips go.
std::set<std::string> ended_folders(const PruneOptions& options) {
  std::set<std::string> folders;
  for (const OutlinedAlert& one : read_register(options.register_target).alerts) {
    if (!one.alert.site || !has_ended(one.alert, options.now - *options.strips_after)) continue;
    folders.insert(path_in(options.state, chips_folder(options.state, *one.alert.site, one.alert.id)));
  }
  return folders;
}

/// The chips that are there by the record, as the newest manifest has each that names it.
std::map<std::string, ChipFile> chips_on_record(const PruneOptions& options, const Manifest& before) {
  std::map<std::string, ChipFile> chips;
  for (const std::string& name : manifest_names(options.state)) {
    for (ChipFile& chip : read_manifest(options.state, name).chips) chips[chip.path] = std::move(chip);
  }
  for (const ChipFile& chip : before.chips) chips[chip.path] = chip;
  std::erase_if(chips, [](const auto& one) { return one.second.sha256.empty(); });
  return chips;
}

void prune_strips(const PruneOptions& options, Manifest& manifest) {
  const std::set<std::string> folders = ended_folders(options);
  std::map<std::string, ChipFile> going = chips_on_record(options, manifest);
  std::erase_if(going, [&](const auto& one) {
    const fs::path file(one.first);
    return !folders.contains(file.parent_path().string()) || !file.filename().string().starts_with("seen_");
  });
  std::erase_if(manifest.chips, [&](const ChipFile& chip) { return going.contains(chip.path); });
  for (const auto& [path, chip] : going) {
    manifest.chips.push_back({path, 0, "", chip.sha256});
    manifest.pruned.push_back({path, chip.size, chip.sha256});
  }
}

/// The time of a mask's name, "20210706T074458Z_mask.tif"; nothing for another file.
std::optional<Instant> time_of_mask(const std::string& name) {
  constexpr std::string_view suffix = "_mask.tif";
  if (!name.ends_with(suffix)) return {};
  try {
    return parse_instant(name.substr(0, name.size() - suffix.size()));
  } catch (const DataError&) {
    return {};
  }
}

/// Of the sites of the state alone, whose names are folders there; links are not followed.
std::vector<std::string> old_masks(const PruneOptions& options, const Manifest& before) {
  std::vector<std::string> masks;
  for (const SiteStanding& site : before.sites) {
    const bool is_one_name = fs::path(site.id).filename() == site.id && site.id != "." && site.id != "..";
    const fs::path folder = fs::path(options.masks) / site.id;
    std::error_code error;
    if (!is_one_name || fs::is_symlink(folder, error)) continue;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code none;
      if (it->is_symlink(none) || !it->is_regular_file(none)) continue;
      const auto time = time_of_mask(it->path().filename().string());
      if (time && *time < options.now - *options.masks_after) masks.push_back(it->path().string());
    }
  }
  std::sort(masks.begin(), masks.end());
  return masks;
}

/// Checkpoints that a prune which was killed has not come to, though its manifest names them.
void add_left_by_killed(const std::string& state, Manifest& manifest) {
  const std::optional<ManifestReference> head = read_head(state);
  for (const std::string& name : manifest_names(state)) {
    if (head && name <= head->name) continue;
    for (const OutputFile& file : read_manifest(state, name).pruned) {
      const auto is_it = [&](const OutputFile& one) { return one.path == file.path; };
      const bool is_on_record = std::any_of(manifest.outputs.begin(), manifest.outputs.end(), is_it) ||
                                std::any_of(manifest.pruned.begin(), manifest.pruned.end(), is_it);
      if (is_on_record || !file.path.starts_with("sites/")) continue;
      const std::string path = state + "/" + file.path;
      const bool is_there = size_of_regular_file(path) == file.size;
      if (is_there && hash_of_regular_file(path, file.size) == file.sha256) manifest.pruned.push_back(file);
    }
  }
}

/// Durable when it returns: a loss of power must not bring back what the record says is gone.
void remove_files(const std::string& state, const std::vector<OutputFile>& files) {
  std::map<std::string, std::string> one_of_each_folder;
  for (const OutputFile& file : files) {
    const std::string path = state + "/" + file.path;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      const int reason = errno;
      expect_may_write(fs::path(path).parent_path().string(), reason);
      throw IoError(path + ": cannot be removed: " + std::strerror(reason));
    }
    one_of_each_folder[fs::path(path).parent_path().string()] = path;
  }
  for (const auto& [folder, path] : one_of_each_folder) make_name_durable(path);
}

/// Of the files that are to go.
std::uint64_t bytes_of(const PruneReport& report) {
  std::uint64_t bytes = 0;
  for (const OutputFile& file : report.files) bytes += file.size;
  for (const std::string& mask : report.masks) {
    std::error_code error;
    const auto size = fs::file_size(mask, error);
    if (!error) bytes += size;
  }
  return bytes;
}

}  // namespace

PruneReport prune(const PruneOptions& options) {
  const Instant started = clock_now();
  if (!holds_state(options.state)) throw DataError(options.state + ": holds no state");
  std::shared_ptr<const void> lock;
  std::optional<FileLock> writers;
  if (options.dry_run) {
    lock = std::make_shared<SharedFolderLock>(options.state);
  } else {
    lock = std::make_shared<FolderLock>(options.state);
    writers.emplace(runs_folder(options.state) + "/record");
  }
  const std::optional<Manifest> before = settled_head(options.state);
  if (!before) throw DataError(options.state + ": has no record of a run");
  Manifest manifest = following_manifest(*before, "prune", started);
  if (options.keep_checkpoints) prune_checkpoints(*options.keep_checkpoints, manifest);
  if (options.strips_after) {
    if (before->alert_register) {
      expect_newest_register(*before->alert_register, options.state, options.register_target);
    }
    prune_strips(options, manifest);
  }
  add_left_by_killed(options.state, manifest);
  PruneReport report;
  report.files = manifest.pruned;
  if (!options.masks.empty() && options.masks_after) report.masks = old_masks(options, *before);
  report.bytes = bytes_of(report);
  if (options.dry_run) return report;
  if (!manifest.pruned.empty()) {
    manifest.message = "removed " + std::to_string(report.files.size()) + " files";
    publish_removal(options.state, manifest, options.signing, [&] { remove_files(options.state, manifest.pruned); });
  }
  for (const std::string& mask : report.masks) {
    std::error_code error;
    fs::remove(mask, error);
    if (error) expect_may_write(fs::path(mask).parent_path().string(), error.value());
    if (error) throw IoError(mask + ": cannot be removed: " + error.message());
  }
  return report;
}

}  // namespace pitwatch
