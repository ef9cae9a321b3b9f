#include "tools/command_prune.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/watch/prune.hpp"
#include "tools/common_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/signing_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr int most_days = 36500;
constexpr int most_checkpoints = 1000;

/// "90d", "90": days.
std::chrono::days parse_days(const std::string& option, std::string text) {
  if (text.ends_with('d')) text.pop_back();
  int days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc{} || end != text.data() + text.size() || days < 1 || days > most_days) {
    throw ConfigError("--" + option + " must be 1 to 36500 days, as 90d");
  }
  return std::chrono::days(days);
}

class PruneCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description(
        "Removes what a policy says is not wanted any more, and names each file, a line each. The record stays whole:\n"
        "manifests, seals, register and alerts are never touched, nor what is kept of alerts that are open or "
        "reviewed. Of\n"
        "files on record a manifest of its own says that they went, so that verify knows. Without a policy for a kind "
        "of\n"
        "files none of that kind goes.\n\n"
        "Options of prune");
    description.add_options()                                                          //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the state")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "its register: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg")  //
        ("keep-checkpoints", po::value<int>()->value_name("N"),
         "of each site, or pane of one, the N newest checkpoints stay, 1..1000, and the one after learning; with few "
         "of "
         "them late acquisitions make a run go back farther")  //
        ("strips-older-than", po::value<std::string>()->value_name("DAYS"),
         "film strips go of alerts that are closed or superseded, were never reviewed, and were last detected longer "
         "ago, "
         "1d..36500d; before, detected, confirmed and observations stay")                      //
        ("masks", po::value<std::string>()->value_name("DIR"), "folder of run --write-masks")  //
        ("masks-older-than", po::value<std::string>()->value_name("DAYS"),
         "its masks of acquisitions longer ago go, 1d..36500d")                                                 //
        ("now", po::value<std::string>()->value_name("TIME"), "by which ages are counted; default: the clock")  //
        ("dry-run,n", po::bool_switch(), "name what would go, write nothing");
    add_signing_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    options_.state = required_option(values, "state", "--state DIR", "prune");
    options_.register_target =
        values.count("register") != 0 ? values["register"].as<std::string>() : options_.state + "/register.gpkg";
    if (values.count("keep-checkpoints") != 0) {
      options_.keep_checkpoints = values["keep-checkpoints"].as<int>();
      if (*options_.keep_checkpoints < 1 || *options_.keep_checkpoints > most_checkpoints) {
        throw ConfigError("--keep-checkpoints must be 1 to 1000");
      }
    }
    const auto days_of = [&](const char* option) {
      return values.count(option) != 0 ? std::optional(parse_days(option, values[option].as<std::string>()))
                                       : std::nullopt;
    };
    options_.strips_after = days_of("strips-older-than");
    options_.masks_after = days_of("masks-older-than");
    if (values.count("masks") != 0) options_.masks = values["masks"].as<std::string>();
    if (options_.masks.empty() == options_.masks_after.has_value()) {
      throw ConfigError("prune: --masks DIR and --masks-older-than DAYS go together");
    }
    if (!options_.keep_checkpoints && !options_.strips_after && !options_.masks_after) {
      throw ConfigError("prune: no policy: --keep-checkpoints, --strips-older-than or --masks-older-than");
    }
    options_.now = values.count("now") != 0 ? parse_instant_option(values, "now") : clock_now();
    options_.signing = read_signing_options(values);
    options_.dry_run = values["dry-run"].as<bool>();
  }

  int run() override {
    const PruneReport report = prune(options_);
    for (const OutputFile& file : report.files) std::cout << printable(file.path) << "\n";
    for (const std::string& mask : report.masks) std::cout << printable(mask) << "\n";
    spdlog::info("{} {} files of {:.1f} MB{}", options_.dry_run ? "would remove" : "removed",
                 report.files.size() + report.masks.size(), static_cast<double>(report.bytes) / 1e6,
                 options_.dry_run ? "; nothing is written" : "");
    return exit_done;
  }

 private:
  PruneOptions options_;
};

}  // namespace

const CommandEntry prune_entry{"prune", "prune --state DIR POLICY... [--dry-run]",
                               "housekeeping: checkpoints, film strips and masks by a policy, never the record",
                               []() -> std::unique_ptr<Command> { return std::make_unique<PruneCommand>(); }};

}  // namespace pitwatch::tools
