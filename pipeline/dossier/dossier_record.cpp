#include "pipeline/dossier/dossier_record.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/dossier/shell_word.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/signature.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t largest_seal_bytes = std::uint64_t{1} << 20;

/// Acquisitions by site and time while manifests are read.
class AcquisitionsOnRecord {
 public:
  void add(const std::string& manifest, const AcquisitionUsed& used) {
    RecordedAcquisition& one = sites_[used.site][used.acquired].acquisition;
    std::map<std::string, double>& shares = sites_[used.site][used.acquired].shares;
    one.acquired = used.acquired;
    one.manifest = manifest;
    one.is_skipped = used.use == AcquisitionUse::skipped;
    one.reason = used.reason;
    for (const ProductUsed& product : used.products) {
      if (std::find(one.scenes.begin(), one.scenes.end(), product.id) == one.scenes.end()) {
        one.scenes.push_back(product.id);
      }
    }
    if (used.valid_share) shares[used.pane] = *used.valid_share;
  }

  std::map<std::string, std::vector<RecordedAcquisition>> in_order() {
    std::map<std::string, std::vector<RecordedAcquisition>> result;
    for (auto& [site, by_time] : sites_) {
      for (auto& [when, entry] : by_time) {
        double sum = 0;
        for (const auto& [pane, share] : entry.shares) sum += share;
        if (!entry.shares.empty()) entry.acquisition.clear_share = sum / static_cast<double>(entry.shares.size());
        result[site].push_back(std::move(entry.acquisition));
      }
    }
    return result;
  }

 private:
  struct Entry {
    RecordedAcquisition acquisition;
    std::map<std::string, double> shares;  // by pane
  };
  std::map<std::string, std::map<Instant, Entry>> sites_;
};

/// Who signed and stamped a manifest, as far as signature and stamp fit it.
void add_seals(const std::string& state, std::string_view bytes, RecordedManifest& manifest,
               std::vector<std::string>& misfits) {
  const std::string path = runs_folder(state) + "/" + manifest.name;
  const auto check = [&](const char* suffix, const auto& take) {
    try {
      const std::optional<std::string> seal = read_regular_file(path + suffix, largest_seal_bytes);
      if (!seal) return false;
      take(*seal);
    } catch (const DataError& error) {
      misfits.push_back("runs/" + manifest.name + suffix + ": " + error.what());
    }
    return true;
  };
  manifest.is_time_stamped = check(time_stamp_suffix, [&](const std::string& seal) {
    const TimeStampFinding found = verify_time_stamp(bytes, seal, "");
    manifest.stamped_by = found.authority;
    manifest.stamped_at = found.time;
  });
  manifest.is_signed = check(signature_suffix, [&](const std::string& seal) {
    manifest.signed_by = verify_cms(bytes, seal, "", manifest.ended).signer;
  });
}

void read_manifests(DossierRecord& record) {
  AcquisitionsOnRecord acquisitions;
  std::vector<std::string> seal_misfits;
  const std::string published = last_published(record.state);
  const auto visit = [&](const std::string& name, std::string_view bytes, const Manifest& manifest) {
    RecordedManifest one;
    one.name = name;
    one.sha256 = sha256_text(bytes);
    one.previous = manifest.previous;
    one.started = manifest.started;
    one.ended = manifest.ended;
    one.command = manifest.command;
    one.program_version = manifest.program_version;
    one.algorithm = manifest.algorithm;
    add_seals(record.state, bytes, one, seal_misfits);
    if (manifest.review) one.reviewed = manifest.review->alert_id;
    for (const AcquisitionUsed& used : manifest.acquisitions) {
      acquisitions.add(name, used);
      std::vector<Instant>& judged = one.judged[used.site];
      if (judged.empty() || judged.back() != used.acquired) judged.push_back(used.acquired);
    }
    for (const ChipFile& chip : manifest.chips) record.chips[chip.path] = record.manifests.size();
    take_chips(manifest, name <= published, record.due_chips);
    if (!manifest.sites_file.empty()) {
      record.sites_file = manifest.sites_file;
      record.sites_sha256 = manifest.sites_sha256;
    }
    record.manifests.push_back(std::move(one));
  };
  ChainFinding chain = check_chain(record.state, visit);
  record.head = chain.head;
  record.misfits = std::move(chain.misfits);
  record.misfits.insert(record.misfits.end(), seal_misfits.begin(), seal_misfits.end());
  record.acquisitions = acquisitions.in_order();
}

/// "..." in the place of each word that may be of a path or a URL.
std::string without_places(const std::string& text) {
  std::istringstream words(text);
  std::string result;
  for (std::string word; words >> word;) {
    const bool ends = word.back() == ':' || word.back() == ',' || word.back() == ';';
    if (word.find_first_of("/\\") != std::string::npos) word = "..." + (ends ? word.substr(word.size() - 1) : "");
    result += (result.empty() ? "" : " ") + word;
  }
  return result;
}

/// Of each subject of an alert those rows that were recorded last.
std::vector<RegisteredFact> newest_facts(std::vector<RegisteredFact> facts) {
  std::map<std::string, Instant> newest;
  for (const RegisteredFact& fact : facts) newest[fact.detail.subject] = fact.recorded_at;
  std::erase_if(facts, [&](const RegisteredFact& fact) { return fact.recorded_at != newest[fact.detail.subject]; });
  return facts;
}

}  // namespace

DossierRecord read_dossier_record(const std::string& state, const std::string& register_target) {
  DossierRecord record;
  record.state = state;
  record.content = read_register(register_target);
  for (RegisteredEvent& event : read_history(register_target)) {
    record.events[event.alert_id].push_back(std::move(event));
  }
  for (RegisteredFact& fact : read_facts(register_target)) record.facts[fact.alert_id].push_back(std::move(fact));
  for (auto& [id, facts] : record.facts) facts = newest_facts(std::move(facts));
  std::map<std::string, RegisteredLayer> layers;
  for (RegisteredLayer& layer : read_context_layers(register_target)) {
    const std::string name = layer.layer.name;
    layers[name] = std::move(layer);
  }
  for (auto& [name, layer] : layers) record.layers.push_back(std::move(layer));
  std::error_code none;
  if (!state.empty() && std::filesystem::is_directory(runs_folder(state), none)) read_manifests(record);
  return record;
}

void withhold_places(DossierRecord& record) {
  for (RegisteredLayer& layer : record.layers) {
    if (!layer.layer.problem.empty()) layer.layer.problem = "cannot be read";
  }
  for (auto& [site, acquisitions] : record.acquisitions) {
    for (RecordedAcquisition& one : acquisitions) one.reason = without_places(one.reason);
  }
  for (std::string& misfit : record.misfits) {
    constexpr std::string_view runs = "runs/";
    const bool is_of_record = misfit.starts_with(runs);
    misfit = is_of_record ? std::string(runs) + without_places(misfit.substr(runs.size())) : without_places(misfit);
  }
}

std::vector<RegisteredEvent> newest_revision(const std::vector<RegisteredEvent>& events) {
  int newest = 0;
  for (const RegisteredEvent& event : events) newest = std::max(newest, event.revision);
  std::vector<RegisteredEvent> result;
  for (const RegisteredEvent& event : events) {
    if (event.revision == newest) result.push_back(event);
  }
  return result;
}

std::string options_of_run(std::span<const RecordedManifest* const> manifests, const std::string& folder) {
  const auto is_of_run = [](const RecordedManifest* one) { return one->command == "run" || one->command == "merge"; };
  const auto newest = std::find_if(manifests.rbegin(), manifests.rend(), is_of_run);
  return newest == manifests.rend() ? "" : " --options-of " + shell_word(folder + (*newest)->name);
}

const RecordedManifest* newest_manifest(const DossierRecord& record) {
  if (!record.head) return nullptr;
  for (const RecordedManifest& manifest : record.manifests) {
    if (manifest.name == record.head->name) return &manifest;
  }
  return nullptr;
}

}  // namespace pitwatch
