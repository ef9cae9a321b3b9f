#include "pipeline/dossier/evidence_bundle.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/dossier/alert_dossier.hpp"
#include "pipeline/dossier/report.hpp"
#include "pipeline/dossier/shell_word.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/vector/geojson_text.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/report/versions.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::uint64_t largest_member = std::uint64_t{64} << 20;  // what verify_bundle() reads
constexpr std::uint64_t largest_seal = std::uint64_t{1} << 20;

class Bundle {
 public:
  Bundle(const DossierRecord& record, const OutlinedAlert& outlined, const Texts& texts)
      : record_(record), outlined_(outlined), texts_(texts) {}

  std::vector<ZipMember> members(std::vector<std::pair<std::string, std::string>>& skipped) {
    add("dossier.html", alert_html(record_, outlined_, texts_, false, skipped));
    add("alert.geojson", alerts_geojson(std::span(&outlined_, 1), {}));
    add("outlines.geojson", outlines_text());
    add("acquisitions.csv", acquisitions_text());
    add_record();
    add_chips(skipped);
    add("README.txt", readme_text());
    add_sums();
    return std::move(members_);
  }

 private:
  void add(const std::string& name, std::string bytes) {
    if (bytes.size() > largest_member) throw DataError(name + ": larger than 64 MiB, too large for a bundle");
    members_.push_back({name, std::move(bytes)});
  }

  std::string outlines_text() const {
    std::vector<CollectionFeature> features;
    if (const auto events = record_.events.find(outlined_.alert.id); events != record_.events.end()) {
      for (const RegisteredEvent& event : events->second) {
        const ordered_json properties{
            {"alert_id", event.alert_id},
            {"revision", event.revision},
            {"at", format_instant(event.at)},
            {"event", name(event.kind)},
            {"status", event.status ? ordered_json(name(*event.status)) : ordered_json()},
            {"class", name(event.change_class)},
            {"area_ha", event.area_ha},
            {"recorded_at", event.recorded_at ? ordered_json(format_instant(*event.recorded_at)) : ordered_json()}};
        features.push_back({event.alert_id + "/" + std::to_string(features.size() + 1), event.outline,
                            properties.dump(-1, ' ', false, ordered_json::error_handler_t::replace)});
      }
    }
    return collection_text(features);
  }

  std::string acquisitions_text() const {
    const Alert& alert = outlined_.alert;
    std::string text = "acquired,scenes,skipped,reason,site_clear_share,manifest\n";
    const auto found = record_.acquisitions.find(alert.site.value_or(""));
    if (found == record_.acquisitions.end()) return text;
    for (const RecordedAcquisition& one : found->second) {
      if (one.acquired < alert.onset_after || one.acquired > alert.last_observed) continue;
      std::string scenes;
      for (const std::string& scene : one.scenes) scenes += (scenes.empty() ? "" : " ") + scene;
      text += format_instant(one.acquired) + "," + csv_cell(scenes) + "," + (one.is_skipped ? "yes" : "no") + "," +
              csv_cell(one.reason) + "," + (one.clear_share ? fixed_text(*one.clear_share, 4) : "") + "," +
              csv_cell(one.manifest) + "\n";
    }
    return text;
  }

  void add_record() {
    std::string chain = "name,sha256,previous\n";
    for (const RecordedManifest& manifest : record_.manifests) {
      chain += csv_cell(manifest.name) + "," + manifest.sha256 + "," +
               (manifest.previous ? manifest.previous->sha256 : "") + "\n";
    }
    add("chain.csv", chain);
    for (const RecordedManifest* manifest : manifests_of(record_, outlined_.alert)) {
      const std::string path = runs_folder(record_.state) + "/" + manifest->name;
      std::string bytes = read_whole_file(path, largest_member);
      if (sha256_text(bytes) != manifest->sha256) throw DataError(path + ": changed while it was read");
      add("state/runs/" + manifest->name, std::move(bytes));
      for (const char* suffix : {signature_suffix, time_stamp_suffix}) {
        if (auto seal = read_regular_file(path + suffix, largest_seal)) {
          add("state/runs/" + manifest->name + suffix, std::move(*seal));
        }
      }
    }
    if (record_.head) add("state/runs/HEAD", record_.head->sha256 + "  " + record_.head->name + "\n");
  }

  static bool is_named(const std::vector<std::pair<std::string, std::string>>& skipped, const std::string& path) {
    return std::any_of(skipped.begin(), skipped.end(), [&](const auto& one) { return one.first == path; });
  }

  void add_chips(std::vector<std::pair<std::string, std::string>>& skipped) {
    const Alert& alert = outlined_.alert;
    if (record_.state.empty() || !alert.site) return;
    const std::string within = chips_folder("", *alert.site, alert.id).substr(1) + "/";
    // What the dossier says of them is not said again.
    const AlertChips of_alert = alert_chips(record_.state, *alert.site, alert.id, record_.due_chips);
    std::set<std::string> names;
    for (const KeptChip& chip : of_alert.chips) names.insert(fs::path(chip.path).filename().string());
    names.insert(observations_name);
    for (auto due = record_.due_chips.lower_bound(within);
         due != record_.due_chips.end() && due->first.starts_with(within); ++due) {
      names.insert(due->first.substr(within.size()));
    }
    std::string left_out;
    const auto leave_out = [&](const std::string& name, const char* why) {
      left_out += csv_cell("state/" + within + name) + "," + csv_cell(why) + "\n";
    };
    for (const std::string& name : names) {
      const std::string path = record_.state + "/" + within + name;
      const auto due = record_.due_chips.find(within + name);
      try {
        auto bytes = read_regular_file(path, largest_member);
        if (!bytes) {
          if (due != record_.due_chips.end()) leave_out(name, "is missing");
          continue;
        }
        if (due != record_.due_chips.end() && sha256_text(*bytes) != due->second && !is_named(skipped, path)) {
          skipped.emplace_back(path, "is another than the record says: verify refuses the bundle");
        }
        add("state/" + within + name, std::move(*bytes));
      } catch (const DataError& error) {
        leave_out(name, error.what());
        if (!is_named(skipped, path)) skipped.emplace_back(path, error.what());
      }
    }
    if (!left_out.empty()) add(left_out_name, "file,why\n" + left_out);
  }

  std::string readme_text() const {
    const Alert& alert = outlined_.alert;
    const std::string id = shell_word(alert.id);
    return "Evidence of alert " + printable(alert.id) + ", site " + printable(alert.site.value_or("not known")) +
           ", made by pitwatch " + program_version() +
           "\n\n"
           "dossier.html       what was found, to read in any browser and to print\n"
           "alert.geojson      the alert (RFC 7946, WGS 84)\n"
           "outlines.geojson   its outlines by date, a feature for each event on record\n"
           "acquisitions.csv   all acquisitions of its site from the last undisturbed one on\n"
           "chain.csv          names and SHA-256 of all manifests of the state\n"
           "state/runs/        manifests that concern the alert, signatures (.p7s, CMS), time stamps (.tsr, RFC 3161)\n"
           "state/chips/       pictures of the ground as GeoTIFF, and what each acquisition showed of it\n"
           "left_out.csv       files of the alert that the record names and the state did not have, or that could not "
           "be read; where there are any\n"
           "SHA256SUMS         SHA-256 of every other file here\n"
           "SHA256SUMS.p7s     its signature by whoever packed this (CMS), SHA256SUMS.tsr its time stamp (RFC 3161); "
           "where there are any\n"
           "\n"
           "To check all of it:\n"
           "  pitwatch verify FILE.zip [--trust CA.pem] [--tsa-trust CA.pem]\n"
           "or, unpacked, without that program:\n"
           "  openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS -CAfile CA.pem -purpose "
           "any "
           "-out /dev/null\n"
           "  openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile CA.pem\n"
           "  sha256sum -c SHA256SUMS\n"
           "and each manifest of state/runs:\n"
           "  openssl cms -verify -binary -inform DER -in NAME.json.p7s -content NAME.json -CAfile CA.pem -purpose "
           "any\n"
           "  openssl ts -verify -data NAME.json -in NAME.json.tsr -CAfile CA.pem\n"
           "\n"
           "To work the alert out again, with the state, or with the archived scenes and sites that the manifests "
           "name:\n"
           "  pitwatch verify STATE --derive --alert " +
           id +
           "\n"
           "  pitwatch rerun --sites SITES --source SCENES" +
           options_of_run(manifests_of(record_, alert), "state/runs/") + " --from " + format_day(alert.first_detected) +
           " --to " + format_day(newest_acquisition()) +
           " --out DIR\n"
           "Algorithm of this alert: " +
           printable(alert.algorithm) +
           "\n\n"
           "Hashes alone show damage, no forgery: whoever rewrites a file can rewrite SHA256SUMS. What the bundle was "
           "when it\n"
           "was packed, and by whom, a signature of SHA256SUMS shows; those of manifests hold for these and for the "
           "files\n"
           "that they name. When it was there, only time stamps show, or a copy of a hash in other hands. Facts, not "
           "law.\n";
  }

  Instant newest_acquisition() const {
    const auto found = record_.acquisitions.find(outlined_.alert.site.value_or(""));
    const bool is_known = found != record_.acquisitions.end() && !found->second.empty();
    return is_known ? found->second.back().acquired : outlined_.alert.last_observed;
  }

  void add_sums() {
    std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    std::string sums;
    for (const ZipMember& member : members_) sums += sha256_text(member.bytes) + "  " + member.name + "\n";
    add(sums_name, sums);
    std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }

  const DossierRecord& record_;
  const OutlinedAlert& outlined_;
  const Texts& texts_;
  std::vector<ZipMember> members_;
};

}  // namespace

std::vector<ZipMember> evidence_bundle(const DossierRecord& record, const OutlinedAlert& alert, const Texts& texts,
                                       std::vector<std::pair<std::string, std::string>>& skipped) {
  return Bundle(record, alert, texts).members(skipped);
}

void seal_bundle(std::vector<ZipMember>& members, const std::function<std::string(std::string_view content)>& sign,
                 const std::function<std::string(std::string_view content)>& stamp) {
  const auto sums = std::find_if(members.begin(), members.end(), [](const auto& one) { return one.name == sums_name; });
  if (sums == members.end()) throw DataError("a bundle without SHA256SUMS");
  std::vector<ZipMember> seals;
  if (sign) seals.push_back({sums->name + signature_suffix, sign(sums->bytes)});
  if (stamp) seals.push_back({sums->name + time_stamp_suffix, stamp(sums->bytes)});
  members.insert(members.end(), std::make_move_iterator(seals.begin()), std::make_move_iterator(seals.end()));
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace pitwatch
