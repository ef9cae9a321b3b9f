#include "tools/command_verify.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/dossier/evidence_bundle.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/signature.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/derive.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_lines = 50;  // of misfits, and of remarks

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

SealCheck signature_check(const std::string& trusted) {
  return [trusted](std::string_view content, std::string_view seal, std::optional<Instant> at) {
    if (!at) at = verify_cms(content, seal, "").signed_at;
    const SignatureFinding found = verify_cms(content, seal, trusted, at);
    return SealFinding{"signed by " + found.signer + (found.is_trusted ? "" : ", who is not checked: no --trust"), {}};
  };
}

SealCheck time_stamp_check(const std::string& trusted) {
  return [trusted](std::string_view content, std::string_view seal, std::optional<Instant>) {
    const TimeStampFinding found = verify_time_stamp(content, seal, trusted);
    const std::string who = "time-stamped by " + found.authority;
    if (!found.is_trusted) return SealFinding{who + ", which is not checked: no --tsa-trust", {}};
    return SealFinding{who, found.time};
  };
}

/// What was checked, in one line.
std::string counts_text(const VerifyReport& report, bool inputs) {
  std::string text = plural(report.manifests, "manifest") + ", " + std::to_string(report.with_signature) + " signed, " +
                     std::to_string(report.with_time_stamp) + " time-stamped; " + plural(report.files, "file") +
                     fmt::format(" of {:.1f} MB", static_cast<double>(report.file_bytes) / 1e6);
  if (!inputs) return text + "; inputs not read";
  text += "; " + plural(report.inputs.same, "input");
  if (report.inputs.gone > 0) text += ", " + std::to_string(report.inputs.gone) + " more gone";
  if (report.inputs.not_read > 0)
    text += ", " + std::to_string(report.inputs.not_read) + " more that cannot be read again";
  return text;
}

void print_lines(const std::vector<std::string>& lines, const std::string& before) {
  for (std::size_t i = 0; i < std::min(lines.size(), most_lines); ++i) {
    std::cout << before << printable(lines[i]) << "\n";
  }
  if (lines.size() > most_lines) std::cout << before << "and " << lines.size() - most_lines << " more; see --json\n";
}

void print_text(const std::string& state, const VerifyReport& report, bool inputs) {
  if (report.fits()) {
    std::cout << printable(state) << ": fits its record: " << counts_text(report, inputs) << "\n";
  } else {
    std::cout << printable(state) << ": does not fit its record: " << printable(report.misfits.front()) << "\n";
    print_lines({report.misfits.begin() + 1, report.misfits.end()}, "also: ");
    std::cout << "that fit: " << counts_text(report, inputs) << "\n";
  }
  if (!report.head.empty()) std::cout << "from runs/" << report.first << " to runs/" << report.head << "\n";
  print_lines(report.sealed_by, "");
  print_lines(report.remarks, "note: ");
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

const char* derived_name(Derived result) {
  return result == Derived::same ? "the same" : result == Derived::different ? "different" : "not there";
}

void print_derived(const DeriveReport& report) {
  const auto same = std::count_if(report.alerts.begin(), report.alerts.end(),
                                  [](const DerivedAlert& one) { return one.result == Derived::same; });
  std::string from = plural(report.acquisitions, "acquisition") + " read again";
  if (report.taken_on_trust > 0) {
    from += ", behind a checkpoint that stands for " + std::to_string(report.taken_on_trust) + " more";
    for (const std::string& path : report.checkpoints) from += ", " + printable(path);
  }
  if (report.gone > 0) from += "; " + std::to_string(report.gone) + " are gone";
  std::cout << "derived: " << same << " of " << plural(report.alerts.size(), "alert") << " are the same, byte by byte ("
            << from << ")\n";
  for (const DerivedAlert& one : report.alerts) {
    if (one.result != Derived::same) {
      std::cout << "derived: " << printable(one.id) << " is " << derived_name(one.result) << "\n";
    }
  }
  for (const std::string& id : report.unknown) std::cout << "derived: " << id << " is not on record\n";
  if (!report.not_watched.empty()) {
    std::cout << "derived: " << plural(report.not_watched.size(), "alert")
              << " more of sites that are not watched any more: not worked out\n";
  }
}

ordered_json json_of(const DeriveReport& report) {
  ordered_json alerts = ordered_json::object();
  for (const DerivedAlert& one : report.alerts) alerts[one.id] = derived_name(one.result);
  return {{"alerts", alerts},
          {"not_on_record", report.unknown},
          {"not_watched", report.not_watched},
          {"acquisitions", report.acquisitions},
          {"taken_on_trust", report.taken_on_trust},
          {"checkpoints", report.checkpoints},
          {"gone", report.gone}};
}

void print_json(const std::string& state, const VerifyReport& report, bool inputs,
                const std::optional<DeriveReport>& derived) {
  ordered_json object{{"state", state},
                      {"fits", report.fits()},
                      {"misfits", report.misfits},
                      {"notes", report.remarks},
                      {"manifests", report.manifests},
                      {"first", text_or_null(report.first)},
                      {"head", text_or_null(report.head)},
                      {"unpublished", report.unpublished},
                      {"signed", report.with_signature},
                      {"newest_signed", text_or_null(report.newest_with_signature)},
                      {"time_stamped", report.with_time_stamp},
                      {"newest_time_stamped", text_or_null(report.newest_with_time_stamp)},
                      {"sealed_by", report.sealed_by},
                      {"files", report.files},
                      {"file_bytes", report.file_bytes},
                      {"inputs", nullptr}};
  if (inputs) {
    object["inputs"] = {{"same", report.inputs.same},
                        {"different", report.inputs.different},
                        {"gone", report.inputs.gone},
                        {"not_read", report.inputs.not_read}};
  }
  if (derived) object["derived"] = json_of(*derived);
  std::cout << object.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

void print_bundle(const std::string& path, const BundleReport& report, bool asks_for_signature) {
  const std::string counts =
      plural(report.files, "file") + fmt::format(" of {:.1f} MB", static_cast<double>(report.bytes) / 1e6) + ", " +
      plural(report.manifests, "manifest") + " of " + std::to_string(report.chain_length) + " in the chain, " +
      plural(report.links, "link") + ", " + std::to_string(report.vouched) + " files that manifests vouch for; " +
      std::to_string(report.with_signature) + " signed, " + std::to_string(report.with_time_stamp) +
      " time-stamped; the bundle itself is " + (report.is_signed ? "" : "not ") + "signed" +
      (report.is_time_stamped ? " and time-stamped" : "");
  if (report.fits()) {
    std::cout << printable(path) << ": alert " << printable(report.alert_id) << ": all hashes fit: " << counts << "\n";
  } else {
    std::cout << printable(path) << ": does not fit: " << printable(report.misfits.front()) << "\n";
    print_lines({report.misfits.begin() + 1, report.misfits.end()}, "also: ");
    std::cout << "that was checked: " << counts << "\n";
  }
  print_lines(report.sealed_by, "");
  print_lines(report.remarks, "note: ");
  if (!asks_for_signature && !report.uncovered.empty()) {
    std::cout << "note: no signature covers " << printable(listed_text(report.uncovered))
              << ": who made or changed them together with SHA256SUMS is not known\n";
  }
}

void print_bundle_json(const std::string& path, const BundleReport& report) {
  const ordered_json object{{"bundle", path},
                            {"alert", text_or_null(report.alert_id)},
                            {"fits", report.fits()},
                            {"misfits", report.misfits},
                            {"notes", report.remarks},
                            {"files", report.files},
                            {"file_bytes", report.bytes},
                            {"manifests", report.manifests},
                            {"chain_length", report.chain_length},
                            {"links", report.links},
                            {"vouched", report.vouched},
                            {"signed", report.with_signature},
                            {"time_stamped", report.with_time_stamp},
                            {"bundle_signed", report.is_signed},
                            {"bundle_time_stamped", report.is_time_stamped},
                            {"not_signed", report.uncovered},
                            {"sealed_by", report.sealed_by}};
  std::cout << object.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

class VerifyCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of verify");
    description.add_options()                                                            //
        ("state", po::value<std::string>()->value_name("STATE"), "folder of the state")  //
        ("trust", po::value<std::string>()->value_name("CA.pem"),
         "certificates whose signatures are trusted; then the newest manifest has to be signed, and of a bundle its "
         "SHA256SUMS, too")  //
        ("tsa-trust", po::value<std::string>()->value_name("CA.pem"),
         "certificates whose time stamps are trusted; then some manifest has to have one, and of a bundle its "
         "SHA256SUMS, "
         "too")                                                           //
        ("no-inputs", po::bool_switch(), "do not read the inputs again")  //
        ("json", po::bool_switch(), "what was found as JSON")             //
        ("derive", po::bool_switch(),
         "work the alerts of alerts.geojson out again from the archived scenes, and say whether they are the same, "
         "byte "
         "by byte; sites, source and options are those of the record where none are given")  //
        ("alert", po::value<std::string>()->value_name("ID,..."), "derive these alone");
    add_input_options(description);
    add_monitor_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"state"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    state_ = required_option(values, "state", "STATE", "verify");
    if (values.count("trust") != 0) trust_ = values["trust"].as<std::string>();
    if (values.count("tsa-trust") != 0) tsa_trust_ = values["tsa-trust"].as<std::string>();
    options_.inputs = !values["no-inputs"].as<bool>();
    as_json_ = values["json"].as<bool>();
    derives_ = values["derive"].as<bool>();
    if (values.count("alert") != 0) ids_ = split_list(values["alert"].as<std::string>());
    if (!ids_.empty() && !derives_) throw ConfigError("--alert goes with --derive");
    if (!derives_) return;
    const std::optional<Manifest> newest = head(state_);
    watch_ = read_derive_options(values, newest ? newest->options : NamedTexts());
  }

  int run() override {
    options_.signature = signature_check(trust_);
    options_.time_stamp = time_stamp_check(tsa_trust_);
    std::error_code none;
    if (std::filesystem::is_regular_file(state_, none)) return verify_one_bundle();
    options_.needs_signature = !trust_.empty();
    options_.needs_time_stamp = !tsa_trust_.empty();
    options_.parallel = in_parallel;
    VerifyReport report;
    {
      Progress progress(common_);
      options_.progress = [&](std::string_view stage, double fraction) { progress(stage, fraction); };
      in_arena(common_.threads, [&] { report = verify_state(state_, options_); });
    }
    std::optional<DeriveReport> derived;
    if (derives_) {
      Progress progress(common_);
      derived =
          derive(watch_, state_, ids_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    if (as_json_) {
      print_json(state_, report, options_.inputs, derived);
    } else {
      print_text(state_, report, options_.inputs);
      if (derived) print_derived(*derived);
    }
    return report.fits() && (!derived || derived->holds()) ? exit_done : exit_check_failed;
  }

 private:
  int verify_one_bundle() const {
    if (derives_) throw ConfigError("--derive goes with a state; " + state_ + " is a file");
    const BundleReport report =
        verify_bundle(state_, {options_.signature, options_.time_stamp, !trust_.empty(), !tsa_trust_.empty()});
    if (as_json_) {
      print_bundle_json(state_, report);
    } else {
      print_bundle(state_, report, !trust_.empty());
    }
    return report.fits() ? exit_done : exit_check_failed;
  }

  CommonOptions common_;
  std::string state_;
  std::string trust_;
  std::string tsa_trust_;
  VerifyOptions options_;
  bool as_json_ = false;
  bool derives_ = false;
  WatchOptions watch_;
  std::vector<std::string> ids_;
};

}  // namespace

const CommandEntry verify_entry{
    "verify",
    "verify STATE|FILE.zip [options]",
    "is a state, or a bundle of evidence, what its record says: manifests, signatures, files, inputs",
    []() -> std::unique_ptr<Command> { return std::make_unique<VerifyCommand>(); },
    {},
    "Checks that a state is what its record in STATE/runs says: the chain of manifests, signatures and time stamps "
    "where there are any, every file of the state, and every input that was read. Writes nothing. Exit code 0: all "
    "fits; 5: something does not, and the first line says what. Without signatures or time stamps, a record that "
    "somebody wrote anew from beginning to end cannot be told from a true one. Given a file, a bundle that pitwatch "
    "evidence made, it checks that: all hashes, and the manifests, signatures and time stamps that it holds; which of "
    "its files no signature covers is said, and does not pass with --trust."};

}  // namespace pitwatch::tools
