#include "tools/command_run.hpp"

#include <spdlog/spdlog.h>

#include <cmath>
#include <type_traits>

#include "pipeline/core/error.hpp"
#include "pipeline/run/watch.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

/// The nightly run, and the rerun of a period in a folder of its own: the same work.
class WatchCommand final : public Command {
 public:
  explicit WatchCommand(bool is_rerun) : is_rerun_(is_rerun) {}

  po::options_description options() override {
    const WatchOptions defaults;
    po::options_description description(is_rerun_ ? "Options of rerun" : "Options of run");
    description.add_options()                                                                                       //
        ("sites", po::value<std::string>()->value_name("FILE"), "vector file of sites: polygons with id and name")  //
        ("source", po::value<std::string>()->value_name("SOURCE"), "folder of scenes, or a static STAC catalog");
    if (is_rerun_) {
      description.add_options()                                                                               //
          ("from", po::value<std::string>()->value_name("DATE"), "alerts last detected before are left out")  //
          ("to", po::value<std::string>()->value_name("DATE"), "scenes acquired later are left out")          //
          ("out,o", po::value<std::string>()->value_name("DIR"), "folder for alerts.geojson; made if missing");
    } else {
      description.add_options()  //
          ("state", po::value<std::string>()->value_name("DIR"),
           "folder of the state and of alerts.geojson; made if missing")                                              //
          ("until", po::value<std::string>()->value_name("DATE"), "scenes acquired later are left for another time")  //
          ("dry-run", po::bool_switch(), "say which looks would be taken in, write nothing");
    }
    description.add_options()  //
        ("min-area-ha", po::value<double>()->value_name("HA")->default_value(defaults.min_area_ha, "0.05"),
         "minimum mapping unit, hectares, 0.01..10000")  //
        ("buffer-m", po::value<double>()->value_name("M")->default_value(defaults.buffer_m, "300"),
         "watched around the bounds of each site, metres, 0..20000")  //
        ("history-days", po::value<int>()->value_name("N")->default_value(defaults.history_days),
         "learnt from before watching begins, where a site names no baseline_to; 60..36500");
    MonitorOptions monitor;
    for_each_option(monitor, [&](const char* name, const char* meaning, auto& value) {
      description.add_options()(
          name, po::value<double>()->value_name("N")->default_value(value, fmt::format("{}", value)), meaning);
    });
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.sites = required(values, "sites", "--sites FILE");
    options_.source = required(values, "source", "--source SOURCE");
    options_.state = is_rerun_ ? required(values, "out", "--out DIR") : required(values, "state", "--state DIR");
    const char* const last = is_rerun_ ? "to" : "until";
    if (values.count(last) != 0) options_.until = end_of_day(parse_instant_option(values, last));
    if (is_rerun_) {
      if (values.count("from") != 0) options_.from = parse_instant_option(values, "from");
    } else {
      options_.dry_run = values["dry-run"].as<bool>();
    }
    options_.min_area_ha = values["min-area-ha"].as<double>();
    options_.buffer_m = values["buffer-m"].as<double>();
    options_.history_days = values["history-days"].as<int>();
    for_each_option(options_.monitor, [&](const char* name, const char*, auto& value) {
      using Value = std::remove_reference_t<decltype(value)>;
      const double given = values[name].as<double>();
      const bool fits = std::isfinite(given) && std::abs(given) <= 1e6 &&
                        (!std::is_integral_v<Value> || given == static_cast<double>(static_cast<Value>(given)));
      if (!fits) throw ConfigError(std::string("--") + name + ": not a value of this option");
      value = static_cast<Value>(given);
    });
    options_.threads = common_.threads;
    options_.memory_bytes = common_.memory_bytes;
  }

  int run() override {
    WatchReport report;
    {
      Progress progress(common_);
      report = watch(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const auto& [what, why] : report.skipped) spdlog::warn("{}: {}", what, why);
    for (const auto& [what, why] : report.left_out) spdlog::debug("{} left out: {}", what, why);
    for (const WatchReport::OfSite& site : report.sites) {
      spdlog::info("{}: {} looks, {} new, {} replayed{}; {} open incidents", site.id, site.looks, site.new_looks,
                   site.replayed, site.learning ? ", still learning" : "", site.open);
    }
    if (!options_.dry_run) {
      spdlog::info("{} alerts, {}; {:.1f} s; see {}/alerts.geojson", report.alerts,
                   report.changed ? "changed" : "as before", report.wall_seconds, options_.state);
    }
    return report.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  /// A bare date means the whole day.
  static Instant end_of_day(Instant instant) {
    const bool bare = instant == std::chrono::floor<std::chrono::days>(instant);
    return bare ? instant + std::chrono::days(1) - std::chrono::milliseconds(1) : instant;
  }

  std::string required(const po::variables_map& values, const char* option, const char* what) const {
    if (values.count(option) == 0) {
      throw ConfigError(std::string(what) + " is missing; see pitwatch " + (is_rerun_ ? "rerun" : "run") + " --help");
    }
    return values[option].as<std::string>();
  }

  bool is_rerun_;
  CommonOptions common_;
  WatchOptions options_;
};

}  // namespace

const CommandEntry run_entry{"run", "run --sites FILE --source SOURCE --state DIR [options]",
                             "the nightly job: takes in new scenes, brings incidents and alerts up to date",
                             []() -> std::unique_ptr<Command> { return std::make_unique<WatchCommand>(false); }};

const CommandEntry rerun_entry{"rerun", "rerun --sites FILE --source SOURCE --from DATE --to DATE --out DIR [options]",
                               "the same for a period, beside the nightly state",
                               []() -> std::unique_ptr<Command> { return std::make_unique<WatchCommand>(true); }};

}  // namespace pitwatch::tools
