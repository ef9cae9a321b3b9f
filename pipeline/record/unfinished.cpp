#include "pipeline/record/unfinished.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/metadata_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_digits = 6;
constexpr int ended_in_an_error = 1;

std::string folder_of(const std::string& state, const std::string& unit = {}) {
  return runs_folder(state) + "/.unfinished" + (unit.empty() ? "" : "/" + unit);
}

std::string name_of(std::size_t part) {
  const std::string digits = std::to_string(part);
  return std::string(name_digits - std::min(name_digits, digits.size()), '0') + digits + ".json";
}

void make_lasting_folder(const std::string& path) {
  make_folder(path);
  make_name_durable(path);
}

std::vector<std::string> parts_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator it(folder, none), end; it != end && !none; it.increment(none)) {
    std::string name = it->path().filename().string();
    if (name.front() != '.' && name.ends_with(".json")) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The number of the last of those parts.
std::size_t last_part(const std::vector<std::string>& names) {
  std::size_t last = 0;
  for (const std::string& name : names) {
    std::size_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    last = std::max(last, number);
  }
  return last;
}

/// Whether all bytes that were read of a file at one time were read at another, too.
bool has_all_of(const InputFile& file, const InputFile& other) {
  return std::all_of(other.ranges.begin(), other.ranges.end(), [&](const ByteRange& range) {
    return std::any_of(file.ranges.begin(), file.ranges.end(), [&](const ByteRange& wider) {
      return wider.offset <= range.offset && range.end() <= wider.end();
    });
  });
}

}  // namespace

UnfinishedRun::UnfinishedRun(const std::string& state, Manifest begun, const InputLog& log, const std::string& unit)
    : folder_(folder_of(state, unit)), begun_(std::move(begun)), log_(log), parts_(last_part(parts_in(folder_))) {}

void UnfinishedRun::note(std::vector<AcquisitionUsed> acquisitions) {
  const std::scoped_lock lock(mutex_);
  Manifest part = begun_;
  part.ended = clock_now();
  part.acquisitions = std::move(acquisitions);
  for (InputFile& file : log_.files()) {
    const auto known = noted_.find(file.path);
    if (known != noted_.end() && known->second == file) continue;
    noted_.insert_or_assign(file.path, file);
    part.inputs.push_back(std::move(file));
  }
  add_metadata(part);
  if (parts_ == 0) make_lasting_folder(folder_);
  write_file_atomically(folder_ + "/" + name_of(++parts_), manifest_text(part));
}

std::optional<Manifest> read_unfinished(const std::string& state, const std::string& unit) {
  std::optional<Manifest> run;
  std::vector<Notice> damaged;
  const std::string folder = folder_of(state, unit);
  for (const std::string& name : parts_in(folder)) {
    try {
      const auto text = read_regular_file(folder + "/" + name, largest_manifest_bytes);
      if (!text) continue;
      Manifest part = parse_manifest(*text);
      if (!run) {
        run = std::move(part);
      } else {
        run->ended = part.ended;
        add_read({&part, 1}, *run);
      }
    } catch (const DataError& error) {
      damaged.push_back({folder.substr(state.size() + 1) + "/" + name, error_chain(error), {}});
    }
  }
  if (!run) return run;
  run->exit_code = ended_in_an_error;
  run->message = "did not end: it was killed, or the machine failed; what it read is told up to its last checkpoint";
  for (Notice& notice : damaged) {
    notice.since = run->started;
    run->notices.push_back(std::move(notice));
  }
  return run;
}

std::vector<std::string> unfinished_units(const std::string& state) {
  std::vector<std::string> units;
  std::error_code none;
  for (fs::directory_iterator it(folder_of(state), none), end; it != end && !none; it.increment(none)) {
    std::error_code gone;
    if (it->is_directory(gone) && !it->is_symlink(gone)) units.push_back(it->path().filename().string());
  }
  std::sort(units.begin(), units.end());
  return units;
}

void forget_unfinished(const std::string& state, const std::string& unit) {
  std::error_code none;
  const std::string folder = folder_of(state);
  if (!unit.empty()) {
    fs::remove_all(folder_of(state, unit), none);
  } else {
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder, none), end; it != end && !none; it.increment(none)) {
      std::error_code gone;
      if (!it->is_directory(gone)) files.push_back(it->path());
    }
    for (const fs::path& file : files) fs::remove(file, none);
  }
  fs::remove(folder, none);  // where nothing is left in it
}

void add_read(std::span<const Manifest> unfinished, Manifest& manifest) {
  std::multimap<std::string, std::size_t> known;
  for (std::size_t i = 0; i < manifest.inputs.size(); ++i) known.emplace(manifest.inputs[i].path, i);
  const auto add_input = [&](const InputFile& file) {
    const auto [begin, end] = known.equal_range(file.path);
    const auto earlier =
        std::find_if(begin, end, [&](const auto& one) { return has_all_of(file, manifest.inputs[one.second]); });
    if (earlier != end) {
      manifest.inputs[earlier->second] = file;
    } else {
      known.emplace(file.path, manifest.inputs.size());
      manifest.inputs.push_back(file);
    }
  };
  for (const Manifest& run : unfinished) {
    manifest.acquisitions.insert(manifest.acquisitions.end(), run.acquisitions.begin(), run.acquisitions.end());
    for (const InputFile& file : run.inputs) add_input(file);
  }
}

}  // namespace pitwatch
