#include "tools/command_evidence.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/dossier/evidence_bundle.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/record/signature.hpp"
#include "pipeline/watch/publish.hpp"
#include "tools/alert_filter.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/register_options.hpp"
#include "tools/signing_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class EvidenceCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()  //
        ("id", po::value<std::string>()->value_name("ID"),
         "of the alert, or the beginning of an id that no other alert has; also the first argument")  //
        ("lang", po::value<std::string>()->value_name("LANGUAGE")->default_value("en"),
         "of the dossier: en, az (Azerbaijani) or ru (Russian)")  //
        ("out,o", po::value<std::string>()->value_name("FILE.zip"), "the archive");
    po::options_description all("Options of evidence");
    po::options_description seals("Signatures and time stamps");
    add_signing_options(seals);
    all.add(register_options()).add(how).add(seals);
    return all;
  }

  std::vector<std::string> positional() const override { return {"id"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    target_ = required_register_target(values);
    state_ = state_of_register(values, target_);
    id_ = required_option(values, "id", "ID", "evidence");
    out_ = required_option(values, "out", "--out FILE.zip", "evidence");
    out_ = checked_out_file(values, "out", out_);
    signing_ = read_signing_options(values);
    language_ = values["lang"].as<std::string>();
    try {
      Texts{language_};
    } catch (const ConfigError& error) {
      throw ConfigError(std::string("--lang: ") + error.what());
    }
  }

  int run() override {
    try_signature(signing_);
    Progress progress(common_);
    progress("reading the record", 0);
    const DossierRecord record = read_dossier_record(state_, target_);
    const OutlinedAlert& alert = find_alert(record.content.alerts, id_);
    progress("bundle", 0.5);
    std::vector<std::pair<std::string, std::string>> skipped;
    std::vector<ZipMember> members = evidence_bundle(record, alert, Texts(language_), skipped);
    seal(members);
    write_zip(out_, members);
    progress("bundle", 1);
    if (signing_.certificate.empty() && std::any_of(record.manifests.begin(), record.manifests.end(),
                                                    [](const RecordedManifest& one) { return one.is_signed; })) {
      spdlog::warn(
          "the manifests of this state are signed, the bundle itself is not: verify --trust refuses it; "
          "--sign-certificate and --sign-key sign it");
    }
    for (const auto& [what, why] : skipped) spdlog::warn("{}", why.starts_with(what) ? why : what + ": " + why);
    std::cout << sha256_file(out_) << "  " << out_ << "\n";
    return skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  void seal(std::vector<ZipMember>& members) const {
    const auto sign = [&](std::string_view text) { return sign_cms(text, signing_.certificate, signing_.key); };
    const auto stamp = [&](std::string_view text) { return time_stamp_of(signing_.time_stamps, text); };
    using Sealing = std::function<std::string(std::string_view)>;
    seal_bundle(members, signing_.certificate.empty() ? Sealing() : sign,
                signing_.time_stamps.empty() ? Sealing() : stamp);
  }

  CommonOptions common_;
  SigningOptions signing_;
  std::string state_;
  std::string target_;
  std::string id_;
  std::string out_;
  std::string language_;
};

}  // namespace

const CommandEntry evidence_entry{
    "evidence",
    "evidence ID --state DIR --out FILE.zip [options]",
    "one alert as a bundle to hand over, with all that proves it",
    []() -> std::unique_ptr<Command> { return std::make_unique<EvidenceCommand>(); },
    {},
    "Writes one alert as a zip archive: its dossier, GeoJSON, outlines by date, pictures, observations, and the "
    "manifests that concern it with signatures and time stamps, all with their SHA-256. pitwatch verify FILE.zip "
    "checks it. --sign-certificate and --sign-key sign the bundle (SHA256SUMS.p7s), without which nobody can tell by "
    "whom its dossier and GeoJSON are. The same state and options give the same bytes, but for signatures and time "
    "stamps; prints the archive's SHA-256. Exit code 4: done, but "
    "files of the state are missing (the bundle says which), or could not be read."};

}  // namespace pitwatch::tools
