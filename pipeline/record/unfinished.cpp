#include "pipeline/record/unfinished.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/metadata_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_digits = 6;
constexpr int ended_in_an_error = 1;

std::string folder_of(const std::string& state) { return runs_folder(state) + "/.unfinished"; }

std::string name_of(std::size_t part) {
  const std::string digits = std::to_string(part);
  return std::string(name_digits - std::min(name_digits, digits.size()), '0') + digits + ".json";
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw IoError(path + ": cannot be made: " + error.message());
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

}  // namespace

UnfinishedRun::UnfinishedRun(std::string state, Manifest begun, const InputLog& log)
    : state_(std::move(state)), begun_(std::move(begun)), log_(log) {}

void UnfinishedRun::note(std::vector<AcquisitionUsed> acquisitions) {
  const std::scoped_lock lock(mutex_);
  Manifest part = begun_;
  part.ended = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  part.acquisitions = std::move(acquisitions);
  for (InputFile& file : log_.files()) {
    const auto known = noted_.find(file.path);
    if (known != noted_.end() && known->second == file) continue;
    noted_.insert_or_assign(file.path, file);
    part.inputs.push_back(std::move(file));
  }
  add_metadata(part);
  const std::string folder = folder_of(state_);
  if (parts_ == 0) make_folder(folder);
  write_file_atomically(folder + "/" + name_of(++parts_), manifest_text(part));
}

std::optional<Manifest> read_unfinished(const std::string& state) {
  std::optional<Manifest> run;
  std::vector<Notice> damaged;
  const std::string folder = folder_of(state);
  for (const std::string& name : parts_in(folder)) {
    try {
      const auto text = read_regular_file(folder + "/" + name, largest_manifest_bytes);
      if (!text) continue;
      Manifest part = parse_manifest(*text);
      if (!run) {
        run = std::move(part);
      } else {
        run->ended = part.ended;
        add_read(part, *run);
      }
    } catch (const DataError& error) {
      damaged.push_back({"runs/.unfinished/" + name, error_chain(error), {}});
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

void forget_unfinished(const std::string& state) {
  std::error_code none;
  fs::remove_all(folder_of(state), none);
}

void add_read(const Manifest& unfinished, Manifest& manifest) {
  manifest.acquisitions.insert(manifest.acquisitions.end(), unfinished.acquisitions.begin(),
                               unfinished.acquisitions.end());
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < manifest.inputs.size(); ++i) known[manifest.inputs[i].path] = i;
  for (const InputFile& file : unfinished.inputs) {
    const auto [at, is_new] = known.try_emplace(file.path, manifest.inputs.size());
    if (is_new) {
      manifest.inputs.push_back(file);
    } else {
      manifest.inputs[at->second] = file;
    }
  }
}

}  // namespace pitwatch
