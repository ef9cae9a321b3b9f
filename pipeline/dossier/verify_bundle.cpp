#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/dossier/evidence_bundle.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/zip_writer.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "pipeline/record/chain.hpp"

namespace pitwatch {
namespace {

constexpr const char* runs_prefix = "state/runs/";
constexpr const char* state_prefix = "state/";
constexpr std::uint64_t most_bytes = std::uint64_t{2} << 30;  // of all members, as write_zip() has it
constexpr std::size_t most_misfits = 1000;

/// A line of chain.csv.
struct ChainLink {
  std::string sha256;
  std::string previous;
};

/// What the newest manifest says that names a file.
struct NamedFile {
  std::string sha256;    // empty: it went
  std::string manifest;  // its member
};

/// verify_bundle() at work.
class BundleCheck {
 public:
  BundleCheck(ProductFiles files, const BundleOptions& options) : files_(std::move(files)), options_(options) {}

  BundleReport run(const std::string& path) {
    std::uint64_t total = 0;
    for (const std::string& name : files_.names()) total += files_.size(name);
    if (total > most_bytes) throw DataError("claims more than 2 GiB");
    if (!files_.has(sums_name)) throw DataError("is no bundle of evidence: it has no SHA256SUMS");
    check_sums();
    check_archive(path);
    read_alert();
    read_chain();
    check_manifests();
    check_outputs();
    check_sums_seals();
    return std::move(report_);
  }

 private:
  static bool is_seal_of_sums(const std::string& name) {
    return name == std::string(sums_name) + signature_suffix || name == std::string(sums_name) + time_stamp_suffix;
  }

  void misfit(const std::string& what) {
    if (report_.misfits.size() < most_misfits) report_.misfits.push_back(what);
  }

  void check_archive(const std::string& path) {
    try {
      check_zip(path);
    } catch (const DataError& error) {
      misfit(error.what());
    }
  }

  /// Of a member; nothing, and a misfit, where it cannot be read.
  std::optional<std::string> read(const std::string& name) {
    if (!files_.has(name)) return std::nullopt;
    try {
      return files_.read(name);
    } catch (const DataError& error) {
      misfit(error.what());
      return std::nullopt;
    }
  }

  void check_sums() {
    std::istringstream lines(files_.read(sums_name));
    std::map<std::string, std::string> sums;
    for (std::string line; std::getline(lines, line);) {
      constexpr std::size_t digits = 64;
      if (line.size() < digits + 3 || !is_sha256(line.substr(0, digits)) || line.substr(digits, 2) != "  " ||
          !sums.emplace(line.substr(digits + 2), line.substr(0, digits)).second) {
        misfit("SHA256SUMS: has a line that is none, or a file twice");
      }
    }
    for (const auto& [name, sum] : sums) {
      if (!files_.has(name)) misfit(name + ": is missing");
    }
    for (const std::string& name : files_.names()) {
      if (name == sums_name || is_seal_of_sums(name)) continue;
      const auto sum = sums.find(name);
      if (sum == sums.end()) {
        misfit(name + ": is not among those of SHA256SUMS");
        continue;
      }
      const std::optional<std::string> bytes = read(name);
      if (!bytes) continue;
      hashes_[name] = sha256_text(*bytes);
      if (hashes_[name] != sum->second) misfit(name + ": was changed: its SHA-256 is another");
      ++report_.files;
      report_.bytes += bytes->size();
    }
  }

  void read_alert() {
    const std::optional<std::string> text = read("alert.geojson");
    if (!text) {
      misfit("alert.geojson: is missing");
      return;
    }
    try {
      const nlohmann::json collection = parse_json(*text);
      const auto& features = collection.at("features");
      if (features.is_array() && features.size() == 1) {
        report_.alert_id = text_member(features.at(0), "id");
        const std::string site = text_member(features.at(0).at("properties"), "site");
        chips_ = "chips/" + chip_folder_name(site) + "/" + chip_folder_name(report_.alert_id) + "/";
      }
    } catch (const std::exception&) {
      // told below
    }
    if (report_.alert_id.empty()) misfit("alert.geojson: does not hold one alert");
  }

  void read_chain() {
    const std::optional<std::string> text = read("chain.csv");
    if (!text) {
      misfit("chain.csv: is missing");
      return;
    }
    try {
      std::string before;
      bool is_first = true;
      for (const CsvRow& row : parse_csv(*text, {"name", "sha256", "previous"})) {
        const ChainLink link{row.cells.at("sha256"), row.cells.at("previous")};
        if (!is_first && link.previous != before) {
          report_.remarks.push_back("chain.csv: " + row.cells.at("name") + " does not follow the manifest before it");
        }
        before = link.sha256;
        is_first = false;
        chain_[row.cells.at("name")] = link;
      }
    } catch (const DataError& error) {
      misfit(std::string("chain.csv: ") + error.what());
    }
    report_.chain_length = chain_.size();
  }

  void check_manifests() {
    for (const std::string& member : files_.names()) {
      if (!member.starts_with(runs_prefix) || !member.ends_with(".json")) continue;
      const std::string name = member.substr(std::string_view(runs_prefix).size());
      const std::optional<std::string> bytes = read(member);
      if (!bytes) continue;
      try {
        const Manifest manifest = parse_manifest(*bytes);
        check_link(name, manifest);
        // Of each file the newest manifest counts that names it.
        for (const OutputFile& output : manifest.outputs) named_[output.path] = {output.sha256, member};
        for (const ChipFile& chip : manifest.chips) named_[chip.path] = {chip.sha256, member};
        if (manifest.previous) previous_[member] = runs_prefix + manifest.previous->name;
        if (check_seals(member, *bytes, manifest.ended)) cover(member);
        ++report_.manifests;
      } catch (const DataError& error) {
        misfit(member + ": " + error.what());
      }
    }
    check_head();
    if (options_.needs_time_stamp && report_.with_time_stamp == 0) misfit("no manifest here has a time stamp");
  }

  void check_link(const std::string& name, const Manifest& manifest) {
    const auto link = chain_.find(name);
    const std::string& sha256 = hashes_[runs_prefix + name];
    if (link == chain_.end()) {
      misfit(runs_prefix + name + ": is not in chain.csv");
      return;
    }
    if (link->second.sha256 != sha256) misfit(runs_prefix + name + ": chain.csv has another SHA-256 of it");
    const std::string previous = manifest.previous ? manifest.previous->sha256 : "";
    if (link->second.previous != previous) misfit(runs_prefix + name + ": chain.csv has another manifest before it");
    if (!manifest.previous) return;
    const auto before = chain_.find(manifest.previous->name);
    if (before == chain_.end() || before->second.sha256 != previous) {
      misfit(runs_prefix + name + ": the manifest before it is not in chain.csv as it was");
      return;
    }
    ++report_.links;
  }

  void check_head() {
    const std::optional<std::string> text = read(std::string(runs_prefix) + "HEAD");
    if (!text) {
      report_.remarks.push_back("there is no HEAD: which manifest is the newest is not known");
      return;
    }
    constexpr std::size_t digits = 64;
    const std::string sha256 = text->substr(0, digits);
    std::string name = text->size() > digits + 2 ? text->substr(digits + 2) : "";
    if (name.ends_with('\n')) name.pop_back();
    const auto found = hashes_.find(runs_prefix + name);
    if (found == hashes_.end() || found->second != sha256) {
      misfit("state/runs/HEAD: the manifest that it names is not here as it was");
      return;
    }
    if (options_.needs_signature && !files_.has(runs_prefix + name + signature_suffix)) {
      misfit(runs_prefix + name + ": the newest manifest is not signed");
    }
  }

  /// Whether it has a signature that fits.
  bool check_seals(const std::string& member, const std::string& bytes, Instant ended) {
    const auto stamp = check_seal(member + time_stamp_suffix, bytes, ended, options_.time_stamp);
    if (stamp) ++report_.with_time_stamp;
    const Instant at = stamp ? stamp->time.value_or(ended) : ended;
    const bool is_signed = check_seal(member + signature_suffix, bytes, at, options_.signature).has_value();
    if (is_signed) ++report_.with_signature;
    return is_signed;
  }

  /// A manifest that a signature covers, and those before it that it names by their hashes. Misfits tell of a hash that
  /// is another.
  void cover(std::string member) {
    while (covered_.insert(member).second) {
      const auto previous = previous_.find(member);
      if (previous == previous_.end()) return;
      member = previous->second;
    }
  }

  void check_sums_seals() {
    const std::string sums = files_.read(sums_name);
    const std::string signature = std::string(sums_name) + signature_suffix;
    const std::string time_stamp = std::string(sums_name) + time_stamp_suffix;
    const auto stamp = check_seal(time_stamp, sums, std::nullopt, options_.time_stamp);
    report_.is_time_stamped = stamp.has_value();
    report_.is_signed = check_seal(signature, sums, stamp ? stamp->time : std::nullopt, options_.signature).has_value();
    if (!report_.is_signed) find_uncovered();
    if (options_.needs_signature && !files_.has(signature)) {
      misfit("SHA256SUMS is not signed (there is no " + signature + "): no signature covers " +
             listed_text(report_.uncovered));
    }
    if (options_.needs_time_stamp && !files_.has(time_stamp)) {
      misfit("SHA256SUMS has no time stamp (there is no " + time_stamp + ")");
    }
  }

  /// What can be rewritten together with SHA256SUMS: all but manifests that are signed, those before them, and the
  /// files of the state that these name. Signatures and stamps hold by themselves.
  void find_uncovered() {
    for (const std::string& name : files_.names()) {
      const bool is_seal = name.ends_with(signature_suffix) || name.ends_with(time_stamp_suffix);
      if (is_seal || name == sums_name || covered_.contains(name)) continue;
      const bool is_of_state = name.starts_with(state_prefix) && !name.starts_with(runs_prefix);
      const auto named = is_of_state ? named_.find(name.substr(std::string_view(state_prefix).size())) : named_.end();
      if (named != named_.end() && covered_.contains(named->second.manifest)) continue;
      report_.uncovered.push_back(name);
    }
  }

  std::optional<SealFinding> check_seal(const std::string& member, const std::string& bytes, std::optional<Instant> at,
                                        const SealCheck& check) {
    const std::optional<std::string> seal = read(member);
    if (!seal) return std::nullopt;
    if (!check) return SealFinding{};
    try {
      SealFinding found = check(bytes, *seal, at);
      if (std::find(report_.sealed_by.begin(), report_.sealed_by.end(), found.who) == report_.sealed_by.end()) {
        report_.sealed_by.push_back(found.who);
      }
      return found;
    } catch (const DataError& error) {
      misfit(member + ": " + error.what());
      return std::nullopt;
    }
  }

  /// What whoever made the bundle says was not to be had: file, and why.
  std::map<std::string, std::string> read_left_out() {
    std::map<std::string, std::string> left_out;
    const std::optional<std::string> text = read(left_out_name);
    if (!text) return left_out;
    try {
      for (const CsvRow& row : parse_csv(*text, {"file", "why"})) {
        left_out.emplace(row.cells.at("file"), row.cells.at("why"));
      }
    } catch (const DataError& error) {
      misfit(std::string(left_out_name) + ": " + error.what());
    }
    return left_out;
  }

  /// Files of the state against what the newest manifest here that names them says.
  void check_outputs() {
    const std::map<std::string, std::string> left_out = read_left_out();
    std::size_t unknown = 0;
    for (const auto& [member, sha256] : hashes_) {
      if (!member.starts_with(state_prefix) || member.starts_with(runs_prefix)) continue;
      const auto named = named_.find(member.substr(std::string_view(state_prefix).size()));
      if (named == named_.end()) {
        ++unknown;
      } else if (named->second.sha256 != sha256) {
        misfit(member + ": is another than its manifest says");
      } else {
        ++report_.vouched;
      }
    }
    for (const auto& [path, file] : named_) {
      if (chips_.empty() || !path.starts_with(chips_) || file.sha256.empty() ||
          hashes_.count(state_prefix + path) != 0) {
        continue;
      }
      const auto why = left_out.find(state_prefix + path);
      if (why == left_out.end()) {
        misfit(state_prefix + path + ": is missing, and its manifest is here");
      } else {
        report_.remarks.push_back(state_prefix + path +
                                  ": is not here: whoever made the bundle says of the state: " + why->second);
      }
    }
    if (unknown > 0) {
      report_.remarks.push_back(std::to_string(unknown) + " files of the state are named by no manifest here");
    }
  }

  ProductFiles files_;
  const BundleOptions& options_;
  BundleReport report_;
  std::map<std::string, std::string> hashes_;
  std::map<std::string, ChainLink> chain_;
  std::map<std::string, NamedFile> named_;       // files of the state by manifests
  std::map<std::string, std::string> previous_;  // members: the manifest before
  std::set<std::string> covered_;                // manifests, as members
  std::string chips_;                            // folder of the alert's, "chips/north/PW-1/"; empty: not known
};

}  // namespace

std::string listed_text(const std::vector<std::string>& names) {
  constexpr std::size_t most_named = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most_named) text += " and " + std::to_string(names.size() - most_named) + " more";
  return text;
}

BundleReport verify_bundle(const std::string& path, const BundleOptions& options) {
  try {
    return BundleCheck(ProductFiles::of_zip(path), options).run(path);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace pitwatch
