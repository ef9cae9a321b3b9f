#include "pipeline/record/verify.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/record/chain.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_seal_bytes = std::uint64_t{1} << 20;

std::string path_of(const std::string& state, const std::string& output) {
  return output.front() == '/' ? output : state + "/" + output;
}

enum class InputPlace { here, gone, unreadable, elsewhere };

/// Where an input is, by nothing but its name and the system's word: a name comes from a manifest, which may hold
/// anything, and must not lead to a device, a pipe or the network.
InputPlace place_of(const std::string& path) {
  constexpr std::string_view archive = "/vsizip/";
  std::string file = path;
  if (path.starts_with(archive)) {
    file = path.substr(archive.size());
    if (file.starts_with('{')) {
      file = file.substr(1, file.find('}') - 1);
    } else if (const std::size_t end = file.find(".zip/"); end != std::string::npos) {
      file.resize(end + 4);
    }
    if (path.find("/vsi", 1) != std::string::npos) return InputPlace::elsewhere;
  }
  if (file.starts_with("/vsi")) return InputPlace::elsewhere;
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? InputPlace::gone : InputPlace::unreadable;
  }
  return S_ISREG(facts.st_mode) ? InputPlace::here : InputPlace::unreadable;
}

/// verify_state() at work.
class Verification {
 public:
  Verification(const std::string& state, const VerifyOptions& options) : state_(state), options_(options) {}

  VerifyReport run() {
    if (!holds_state(state_)) throw DataError(state_ + ": holds no state");
    {
      const SharedFolderLock lock(state_);
      const SharedFileLock record(runs_folder(state_) + "/record");  // reviews come beside runs
      if (!has_record()) throw DataError(state_ + ": has no record: no run has come to publish there yet");
      check_manifests();
      check_outputs();
      check_chips();
    }
    if (options_.inputs) check_inputs();
    return std::move(report_);
  }

 private:
  /// The outputs of one manifest, by path.
  using Outputs = std::map<std::string, OutputFile>;

  void tell(std::string_view stage, double fraction) const {
    if (options_.progress) options_.progress(stage, fraction);
  }
  void misfit(const std::string& what) { report_.misfits.push_back(what); }
  void remark(const std::string& what) { report_.remarks.push_back(what); }

  /// A first run that ended early leaves nothing but checkpoints; whoever has published has a manifest.
  bool has_record() const {
    std::error_code error;
    return fs::exists(state_ + "/register.gpkg", error) || fs::exists(state_ + "/alerts.geojson", error) ||
           fs::exists(runs_folder(state_) + "/HEAD", error) || !manifest_names(state_).empty();
  }

  // ---- the chain

  void check_manifests() {
    const std::size_t count = manifest_names(state_).size();
    std::size_t done = 0;
    std::string head;  // read before, so that only what is current is kept of the manifests' outputs
    try {
      if (const auto reference = read_head(state_)) head = reference->name;
    } catch (const DataError&) {
      // check_chain() tells
    }
    std::vector<std::string> seal_misfits;
    ChainFinding chain =
        check_chain(state_, [&](const std::string& name, std::string_view bytes, const Manifest& manifest) {
          tell("manifests", static_cast<double>(done++) / static_cast<double>(count));
          // Without HEAD, what is later than the last of its traces.
          if (head.empty() && !manifest.head_before.empty()) outputs_.clear();
          if (name >= head) outputs_.push_back(by_path(manifest.outputs));
          if (name == head) has_head_outputs_ = true;
          take_chips(name, manifest, head.empty() || name > head);
          for (const InputFile& input : manifest.inputs) inputs_[input.path] = input;
          if (!manifest.pruned.empty()) last_pruned_ = name;
          pruned_ += manifest.pruned.size();
          check_seals(name, bytes, manifest.ended, seal_misfits);
        });
    report_.misfits = std::move(chain.misfits);
    report_.misfits.insert(report_.misfits.end(), seal_misfits.begin(), seal_misfits.end());
    report_.manifests = chain.manifests.size();
    if (!chain.manifests.empty()) report_.first = chain.manifests.front();
    if (chain.head) report_.head = chain.head->name;
    report_.unpublished = std::move(chain.unpublished);
    if (chain.manifests.empty() && report_.misfits.empty()) {
      misfit("runs: holds no manifest, and the state has files that a run left");
    }
    for (const std::string& name : report_.unpublished) {
      remark("runs/" + name + ": its run was ended while it published; the next run makes it good");
    }
    if (pruned_ > 0) {
      remark(std::to_string(pruned_) + (pruned_ == 1 ? " file was" : " files were") + " pruned, the last by runs/" +
             last_pruned_ + ", which names them");
    }
    check_seal_needs();
  }

  static Outputs by_path(const std::vector<OutputFile>& files) {
    Outputs outputs;
    for (const OutputFile& file : files) outputs[file.path] = file;
    return outputs;
  }

  void check_seals(const std::string& name, std::string_view bytes, Instant ended, std::vector<std::string>& misfits) {
    const auto stamp = check_seal(name + time_stamp_suffix, bytes, ended, options_.time_stamp, misfits);
    if (stamp) {
      ++report_.with_time_stamp;
      report_.newest_with_time_stamp = name;
    }
    const Instant at = stamp ? stamp->time.value_or(ended) : ended;
    if (check_seal(name + signature_suffix, bytes, at, options_.signature, misfits)) {
      ++report_.with_signature;
      report_.newest_with_signature = name;
    }
  }

  /// Nothing where there is none, or none that fits.
  std::optional<SealFinding> check_seal(const std::string& seal_name, std::string_view bytes, Instant at,
                                        const SealCheck& check, std::vector<std::string>& misfits) {
    try {
      const auto seal = read_regular_file(runs_folder(state_) + "/" + seal_name, largest_seal_bytes);
      if (!seal) return {};
      if (!check) return SealFinding{};
      SealFinding finding = check(bytes, *seal, at);
      add_sealer(finding.who);
      return finding;
    } catch (const DataError& error) {
      misfits.push_back("runs/" + seal_name + ": " + error_chain(error));
      return {};
    }
  }

  void add_sealer(std::string who) {
    std::vector<std::string>& known = report_.sealed_by;
    if (std::find(known.begin(), known.end(), who) == known.end()) known.push_back(std::move(who));
  }

  void check_seal_needs() {
    const std::string& newest = report_.head;
    if (options_.needs_signature && (newest.empty() || report_.newest_with_signature < newest)) {
      misfit("runs/" + (newest.empty() ? "HEAD" : newest) + ": has no signature that fits, and one is asked for");
    }
    if (options_.needs_time_stamp && report_.with_time_stamp == 0) {
      misfit("runs: no manifest has a time stamp that fits, and one is asked for");
    }
    if (report_.manifests == 0) return;
    if (report_.with_signature == 0 && report_.with_time_stamp == 0) {
      remark("without signature and time stamp, a record that was written anew from beginning to end is not noticed");
      return;
    }
    remark_tail("signature", report_.newest_with_signature);
    remark_tail("time stamp", report_.newest_with_time_stamp);
  }

  void remark_tail(const std::string& seal, const std::string& newest) {
    if (!newest.empty() && newest < report_.head) remark("no " + seal + " after that of runs/" + newest);
  }

  // ---- the files of the state

  /// The newest manifest says which there are. While a run publishes, a file is as its manifest says, or still as the
  /// one before does.
  void check_outputs() {
    if (outputs_.empty()) return;
    const Outputs& newest = outputs_.back();
    std::size_t done = 0;
    for (const auto& [path, file] : newest) {
      tell("files", static_cast<double>(done++) / static_cast<double>(newest.size()));
      check_output(path);
    }
    check_strangers();
  }

  void check_output(const std::string& path) {
    try {
      const std::string full = path_of(state_, path);
      const auto size = size_of_regular_file(full);
      if (!size) {
        const bool was_there = has_head_outputs_ && outputs_.front().contains(path);
        if (report_.unpublished.empty() || was_there) {
          misfit(path + ": is missing");
        } else {
          remark(path + ": is not there yet");
        }
        return;
      }
      std::set<std::string> hashes;  // of records of this size
      for (const Outputs& outputs : outputs_) {
        const auto found = outputs.find(path);
        if (found != outputs.end() && found->second.size == *size) hashes.insert(found->second.sha256);
      }
      if (hashes.empty()) {
        misfit(path + ": has " + std::to_string(*size) + " bytes, not those that the record says");
        return;
      }
      const auto hash = hash_of_regular_file(full, *size);
      if (!hash || !hashes.contains(*hash)) {
        misfit(path + ": was changed: its SHA-256 is not that of the record");
        return;
      }
      ++report_.files;
      report_.file_bytes += *size;
    } catch (const DataError& error) {
      misfit(path + ": " + error.what());
    }
  }

  /// Files beside the checkpoints, which the next run might take for one.
  void check_strangers() {
    std::vector<std::string> strangers;
    std::error_code error;
    for (fs::recursive_directory_iterator it(state_ + "/sites", error), end; it != end; it.increment(error)) {
      std::error_code unknown;
      if (it->path().filename().string().front() == '.') {  // half written, or half removed, by a run that was killed
        it.disable_recursion_pending();
        continue;
      }
      if (it->is_directory(unknown) && !it->is_symlink(unknown)) continue;
      const std::string path = "sites/" + it->path().lexically_relative(state_ + "/sites").generic_string();
      const auto names_it = [&](const Outputs& outputs) { return outputs.contains(path); };
      if (std::none_of(outputs_.begin(), outputs_.end(), names_it)) strangers.push_back(path);
    }
    std::sort(strangers.begin(), strangers.end());
    for (const std::string& path : strangers) remark(path + ": the newest manifest does not name it");
    if (error && error != std::errc::no_such_file_or_directory) misfit("sites: cannot be read: " + error.message());
  }

  // ---- chips

  /// What manifests say of a chip.
  struct ChipRecord {
    std::optional<ChipFile> published;  // as HEAD has it; nothing where it is not there by then
    std::vector<ChipFile> beyond;       // as manifests beyond HEAD have it
    /// Manifest and SHA-256 of those that the next run may have found: of the last run that published, and of those
    /// since that were killed.
    std::vector<std::pair<std::string, std::string>> versions;
  };

  void take_chips(const std::string& name, const Manifest& manifest, bool is_beyond) {
    for (const ChipFile& chip : manifest.chips) {
      ChipRecord& record = chips_[chip.path];
      check_replaced(name, manifest.head_before, chip, record);
      record.versions.emplace_back(name, chip.sha256);
      if (is_beyond) {
        record.beyond.push_back(chip);
        continue;
      }
      record.published.reset();
      if (!chip.sha256.empty()) record.published = chip;
    }
  }

  /// A run that goes on with a file, or replaces it, does not make good what somebody else has done to it.
  void check_replaced(const std::string& name, const std::string& head_before, const ChipFile& chip,
                      ChipRecord& record) {
    auto& versions = record.versions;
    while (versions.size() > 1 && versions[1].first <= head_before) versions.erase(versions.begin());
    const std::string& replaced = chip.replaced_sha256;
    const bool is_known =
        replaced.empty() || replaced == chip.sha256 ||
        std::any_of(versions.begin(), versions.end(), [&](const auto& version) { return version.second == replaced; });
    if (!is_known) replaced_.push_back(chip.path + ": was changed before the run of runs/" + name + " replaced it");
  }

  /// Each as the newest manifest says that names it; what none names is not a run's.
  void check_chips() {
    report_.misfits.insert(report_.misfits.end(), replaced_.begin(), replaced_.end());
    std::size_t done = 0;
    for (const auto& [path, record] : chips_) {
      tell("chips", static_cast<double>(done++) / static_cast<double>(chips_.size()));
      try {
        check_chip(path, record);
      } catch (const DataError& error) {
        misfit(path + ": " + error.what());
      }
    }
    check_strange_chips();
  }

  void check_chip(const std::string& path, const ChipRecord& record) {
    const bool may_be_gone = !record.published || std::any_of(record.beyond.begin(), record.beyond.end(),
                                                              [](const ChipFile& chip) { return chip.sha256.empty(); });
    const auto size = size_of_regular_file(path_of(state_, path));
    if (!size) {
      if (!may_be_gone) misfit(path + ": is missing");
      return;
    }
    const auto hash = hash_of_regular_file(path_of(state_, path), *size);
    const auto fits = [&](const ChipFile& chip) { return chip.size == *size && hash && chip.sha256 == *hash; };
    const bool is_known =
        (record.published && fits(*record.published)) || std::any_of(record.beyond.begin(), record.beyond.end(), fits);
    if (is_known) {
      ++report_.files;
      report_.file_bytes += *size;
    } else if (!record.published && record.beyond.empty()) {
      misfit(path + ": is there, though the record says that it was taken away");
    } else {
      misfit(path + ": was changed: its SHA-256 is not that of the record");
    }
  }

  /// What would be taken for a chip. Programs that show chips may leave files of their own beside them.
  void check_strange_chips() {
    std::vector<std::string> strangers;
    std::error_code error;
    for (fs::recursive_directory_iterator it(state_ + "/chips", error), end; it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.front() == '.') {  // of a run that has not published
        it.disable_recursion_pending();
        continue;
      }
      if (!name.ends_with(".tif") && name != "observations.csv") continue;
      const std::string path = "chips/" + it->path().lexically_relative(state_ + "/chips").generic_string();
      if (!chips_.contains(path)) strangers.push_back(path);
    }
    std::sort(strangers.begin(), strangers.end());
    for (const std::string& path : strangers) misfit(path + ": no manifest names it");
    if (error && error != std::errc::no_such_file_or_directory) misfit("chips: cannot be read: " + error.message());
  }

  // ---- the inputs

  void check_inputs() {
    std::vector<const InputFile*> files;
    for (const auto& [path, file] : inputs_) files.push_back(&file);
    std::vector<std::string> different(files.size());
    std::vector<std::string> gone;
    std::mutex mutex;
    std::size_t done = 0;
    options_.parallel(static_cast<int>(files.size()), [&](int i) {
      const auto at = static_cast<std::size_t>(i);
      const InputFile& file = *files[at];
      const InputPlace place = file.sha256.empty() ? InputPlace::elsewhere : place_of(file.path);
      std::optional<std::string> problem;
      if (place == InputPlace::here) problem = recheck(file);
      if (place == InputPlace::unreadable) problem = "cannot be read, or is no file any more";
      const std::lock_guard lock(mutex);
      tell("inputs", static_cast<double>(++done) / static_cast<double>(files.size()));
      if (problem) {
        different[at] = file.path + ": " + *problem;
        ++report_.inputs.different;
      } else if (place == InputPlace::gone) {
        gone.push_back(file.path);
      } else {
        ++(place == InputPlace::here ? report_.inputs.same : report_.inputs.not_read);
      }
    });
    for (const std::string& one : different) {
      if (!one.empty()) misfit(one);
    }
    std::sort(gone.begin(), gone.end());
    report_.inputs.gone = gone.size();
    // An archive that rolls leaves thousands behind: the first stands for all.
    if (!gone.empty()) {
      remark(gone.front() + ": is gone" +
             (gone.size() == 1 ? std::string() : ", and " + std::to_string(gone.size() - 1) + " inputs more"));
    }
  }

  const std::string& state_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::vector<Outputs> outputs_;             // of HEAD and of what is beyond, oldest first
  bool has_head_outputs_ = false;            // the first of them is HEAD's
  std::map<std::string, ChipRecord> chips_;  // by path
  std::vector<std::string> replaced_;        // misfits
  std::size_t pruned_ = 0;                   // files, by all manifests
  std::string last_pruned_;                  // the last manifest that names any
  std::map<std::string, InputFile> inputs_;  // by path, as the newest manifest that names it has it
};

}  // namespace

VerifyReport verify_state(const std::string& state, const VerifyOptions& options) {
  return Verification(state, options).run();
}

bool holds_state(const std::string& folder) {
  std::error_code error;
  for (const char* const name : {"runs", "sites", "register.gpkg", "alerts.geojson"}) {
    if (fs::exists(folder + "/" + name, error)) return true;
  }
  return false;
}

}  // namespace pitwatch
