#include "tools/command_run.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/exit_code.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/coverage/night_coverage.hpp"
#include "pipeline/delivery/notify.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/watch/units.hpp"
#include "pipeline/watch/watch.hpp"
#include "tools/common_options.hpp"
#include "tools/context_texts.hpp"
#include "tools/logging.hpp"
#include "tools/metrics.hpp"
#include "tools/monitor_options.hpp"
#include "tools/notify_texts.hpp"
#include "tools/output_guard.hpp"
#include "tools/signing_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

/// What is missing since this run, a line for each site and kind; of a rerun what it could not judge again.
void tell_missing(const WatchReport& report, bool is_rerun) {
  std::map<std::pair<std::string, MissingWhat>, std::vector<Instant>> news;
  for (const AbsentAcquisition& acquisition : report.missing) {
    if (acquisition.is_news) news[{acquisition.of.site, acquisition.of.what}].push_back(acquisition.of.acquired);
  }
  for (const auto& [key, acquired] : news) {
    const auto [first, last] = std::minmax_element(acquired.begin(), acquired.end());
    log(spdlog::level::warn, {.site = key.first},
        fmt::format("{}: {} acquisitions from {} to {}: {}; {}", key.first, acquired.size(), format_day(*first),
                    format_day(*last),
                    key.second == MissingWhat::newer_edition ? "a newer edition is in the source"
                    : key.second == MissingWhat::changed     ? "their files have changed"
                                                             : "their files are gone",
                    is_rerun ? "they are not judged again" : "what was taken in of them stays"));
  }
}

/// The site that a notice is of ("site pit": why), where it is of one.
std::string_view site_of(std::string_view what) {
  constexpr std::string_view mark = "site ";
  return what.starts_with(mark) ? what.substr(mark.size()) : std::string_view();
}

constexpr std::chrono::seconds longest_delivery(60);

/// The nightly run, its parts where it is done in units of work, and the rerun of a period in a folder of its own: the
/// same options and the same work.
enum class Task : std::uint8_t { run, rerun, plan, merge };

constexpr std::array<const char*, 4> task_names{"run", "rerun", "plan", "merge"};

class WatchCommand final : public Command {
 public:
  explicit WatchCommand(Task task)
      : task_(task), name_(task_names[static_cast<std::size_t>(task)]), is_rerun_(task == Task::rerun) {}

  po::options_description options() override {
    po::options_description description("Options of " + name_);
    add_input_options(description);
    if (is_rerun_) {
      description.add_options()                                                                               //
          ("from", po::value<std::string>()->value_name("DATE"), "alerts last detected before are left out")  //
          ("to", po::value<std::string>()->value_name("DATE"),
           "scenes acquired later are left out; a day whole; also --until")                                     //
          ("out,o", po::value<std::string>()->value_name("DIR"), "folder for alerts.geojson; made if missing")  //
          ("state", po::value<std::string>()->value_name("DIR"),
           "start from the checkpoints of this nightly state, read-only: what is gone from the source since is "
           "named")  //
          ("register", po::value<std::string>()->value_name("TARGET"),
           "register that reviews, and what layers said of alerts, are read from; nothing is written to it");
    } else {
      description.add_options()  //
          ("state", po::value<std::string>()->value_name("DIR"),
           "folder of the state and of alerts.geojson; made if missing")  //
          ("to", po::value<std::string>()->value_name("DATE"),
           "scenes acquired later are left for another time; a day whole; also --until")  //
          ("register", po::value<std::string>()->value_name("TARGET"),
           "register of alerts: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg")  //
          ("relearn", po::value<std::string>()->value_name("SITE,...")->implicit_value(""),
           "learn anew the sites whose options, geometry or algorithm are others than those of their state, or whose "
           "state is damaged, and these sites whatever their state; alerts published so far stay in the register")  //
          ("new-register", po::bool_switch(),
           "begin a new register though the state knows of one: what only that one held is lost")  //
          ("context", po::value<std::string>()->value_name("FILE"),
           "a context.json: its layers say which licences, parcels, protected areas and waters alerts touch, as "
           "pitwatch context does")  //
          ("chips", po::value<int>()->value_name("N")->default_value(24),
           "pictures of an alert's ground that are kept of the time since it was detected, at most, 0..1000, beside "
           "those of before, of detection and of confirmation; 0: none at all is kept")  //
          ("notify", po::value<std::string>()->value_name("FILE"),
           "subscriptions that are sent what is new once it is published, as pitwatch notify does; what is not "
           "delivered "
           "is reported by exit code 4 and sent the next time")  //
          ("metrics", po::value<std::string>()->value_name("FILE"),
           "figures of the run and the state for a monitoring system, in the text format of Prometheus (*.prom for its "
           "textfile collector); written whole at the end of every run, also of one that fails")  //
          ("dry-run", po::bool_switch(), "say which acquisitions would be taken in, write nothing");
      if (task_ == Task::run) {
        description.add_options()  //
            ("unit", po::value<std::string>()->value_name("ID"),
             "do this unit of the plan that pitwatch plan made, and leave the rest to other processes and to pitwatch "
             "merge");
      }
    }
    description.add_options()  //
        ("max-natural", po::value<double>()->value_name("P")->default_value(default_max_natural, "0.8"),
         "alerts that are likelier than this to be no work of people, as fires, floods, harvests and falling water, "
         "are "
         "in the register and not in alerts.geojson, 0..1; 1: none is left out")  //
        ("all-classes", po::bool_switch(), "the same as --max-natural 1");
    if (!is_rerun_) add_signing_options(description);
    add_monitor_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_ = read_watch_options(values, name_);
    options_.state = is_rerun_ ? required_option(values, "out", "--out DIR", name_)
                               : required_option(values, "state", "--state DIR", name_);
    options_.until = parse_period_end(values);
    options_.max_natural = values["all-classes"].as<bool>() ? 1 : values["max-natural"].as<double>();
    if (!(options_.max_natural >= 0 && options_.max_natural <= 1)) throw ConfigError("--max-natural must be 0 to 1");
    if (is_rerun_) {
      options_.is_rerun = true;
      check_out_folder("out", options_.state);
      if (values.count("state") != 0) options_.start_from = values["state"].as<std::string>();
      options_.from = parse_period_begin(values);
      check_period(options_.from, options_.until);
      if (values.count("register") != 0) options_.reviews_from = values["register"].as<std::string>();
    } else {
      options_.register_target =
          values.count("register") != 0 ? values["register"].as<std::string>() : options_.state + "/register.gpkg";
      options_.dry_run = values["dry-run"].as<bool>();
      if (values.count("unit") != 0) unit_ = values["unit"].as<std::string>();
      if (options_.dry_run && (task_ != Task::run || !unit_.empty())) {
        throw ConfigError("--dry-run: is of a whole run; pitwatch plan says what units would do");
      }
      if (options_.dry_run) options_.network.memory.clear();  // it writes nothing at all
      options_.chips = values["chips"].as<int>();
      if (options_.chips < 0 || options_.chips > 1000) throw ConfigError("--chips must be 0 to 1000");
      if (values.count("context") != 0) options_.context = values["context"].as<std::string>();
      if (values.count("metrics") != 0 && !options_.dry_run) {
        metrics_ = values["metrics"].as<std::string>();
        refuse_lost(values, "metrics", metrics_);
      }
      if (values.count("notify") != 0) subscriptions_ = values["notify"].as<std::string>();
      options_.new_register = values["new-register"].as<bool>();
      options_.signing = read_signing_options(values);
      options_.relearn = values.count("relearn") != 0;
      if (options_.relearn && !values["relearn"].as<std::string>().empty()) {
        options_.relearn_sites = split_list(values["relearn"].as<std::string>());
      }
    }
  }

  int run() override {
    if (task_ == Task::plan) return plan();
    attempt_.started = clock_now();
    options_.started = attempt_.started;
    options_.clock = &clock_;
    if (!is_rerun_ && !options_.dry_run) name_run_in_log(format_instant(attempt_.started));
    try {
      const int code = run_task();
      return write_metrics(code) || code != exit_done ? code : static_cast<int>(exit_skipped);
    } catch (const std::exception& error) {
      write_metrics(pitwatch::exit_code_of(error));
      throw;
    }
  }

 private:
  int run_task() {
    const WatchReport report = work();
    say(report);
    if (subscriptions_.empty() || options_.dry_run || !unit_.empty() || report.is_done_before) return report.exit_code;
    const bool delivered = deliver();
    return report.exit_code == exit_done && !delivered ? exit_skipped : report.exit_code;
  }

  /// The plan goes to stdout, too.
  int plan() const {
    const PlanReport report = plan_night(options_);
    std::cout << plan_text(report.plan);
    for (const auto& [what, why] : report.skipped) spdlog::error("{}: {}", what, why);
    spdlog::info("plan {}{}: {} units; see {}/plan.jsonl", report.plan.id, report.is_as_before ? ", as before" : "",
                 report.plan.units.size(), options_.state);
    return report.exit_code;
  }

  WatchReport work() const {
    if (unit_.empty()) try_signature(options_.signing);  // units are put on record by merge
    Progress progress(common_);
    const ProgressSink show = [&](std::string_view stage, double fraction) { progress(stage, fraction); };
    const CoverageWork coverage = [&](const Manifest& night, const CoverageRequest& request) {
      CoverageOptions options;
      options.state = options_.state;
      options.feed.until = std::min(night.started, options_.until.value_or(night.started));
      return night_coverage(options, night, request);
    };
    if (task_ == Task::merge) return merge_night(options_, show, coverage);
    return unit_.empty() ? watch(options_, show, coverage) : run_unit(options_, unit_, show);
  }

  void say(const WatchReport& report) {
    for (const auto& [what, why] : report.skipped) {
      log(spdlog::level::err, {.site = site_of(what)}, what + ": " + why);
    }
    for (const auto& [what, why] : report.warnings) spdlog::warn("{} is used: {}", what, why);
    warn_of_empty_period(report);
    for (const std::string& site : report.left) {
      spdlog::warn("site {} is not among the sites any more: it is not watched, and its alerts are not_watched now",
                   site);
    }
    for (const auto& [what, why] : report.not_covered)
      spdlog::error("coverage is not put on record: {}: {}", what, why);
    for (const LateScene& late : report.late) {
      if (late.is_news) spdlog::warn("{}: {}", late.notice.what, late.notice.why);
    }
    tell_missing(report, is_rerun_);
    for (const ContextLayerState& layer : report.layers) {
      if (const std::string remarks = remarks_text(layer); !remarks.empty()) {
        spdlog::info("layer {}: {}", layer.name, remarks);
      }
      for (const std::string& line : layer_warnings(layer)) spdlog::warn("{}", line);
    }
    for (const auto& [what, why] : report.superseded) spdlog::debug("{} left out: {}", what, why);
    for (const WatchReport::OfSite& site : report.sites) {
      attempt_.new_acquisitions += site.new_acquisitions;
      log(spdlog::level::info, {.site = site.id},
          fmt::format("{}: {} acquisitions, {} new, {} replayed{}; {} open incidents", site.id, site.acquisitions,
                      site.new_acquisitions, site.replayed, site.learning ? ", still learning" : "", site.open));
    }
    for (const auto& [stage, seconds] : clock_.seconds()) {
      log(spdlog::level::debug, {.stage = stage, .seconds = seconds}, fmt::format("{}: {:.1f} s", stage, seconds));
    }
    if (report.is_done_before) {
      spdlog::info("{}: done before, nothing changed", unit_.empty() ? "merge" : "unit " + unit_);
    } else if (!unit_.empty()) {
      log(spdlog::level::info, {.seconds = report.wall_seconds},
          fmt::format("unit {}: done; {:.1f} s", unit_, report.wall_seconds));
    } else if (!options_.dry_run) {
      log(spdlog::level::info, {.seconds = report.wall_seconds},
          fmt::format("{} alerts, {}; {:.1f} s; see {}/alerts.geojson", report.alerts,
                      report.changed ? "changed" : "as before", report.wall_seconds, options_.state));
    }
  }

  /// No alert of a period that nobody saw is not the same as no change.
  void warn_of_empty_period(const WatchReport& report) const {
    if (!is_rerun_) return;
    const auto is_seen = [&](const AcquisitionUsed& acquisition) {
      return acquisition.use != AcquisitionUse::skipped && (!options_.from || acquisition.acquired >= *options_.from);
    };
    if (std::none_of(report.acquisitions.begin(), report.acquisitions.end(), is_seen)) {
      spdlog::warn("no acquisition of the period could be used: what happened in it is not known");
    }
  }

  /// A piece of the work that has ended: a line of a log for machines, which people see with --verbose.
  void tell(const NightWork& work, double seconds) const {
    const std::string acquired = work.acquired ? format_instant(*work.acquired) : "";
    std::string text(name(work.stage));
    if (!work.site.empty()) text = work.site + (acquired.empty() ? "" : " " + acquired) + ": " + text;
    log(common_.log_json ? spdlog::level::info : spdlog::level::debug,
        {.site = work.site, .acquisition = acquired, .stage = name(work.stage), .seconds = seconds},
        text + fmt::format(", {:.3f} s", seconds));
  }

  /// Whether they are written, where they are asked for. A run is what it is without them.
  bool write_metrics(int exit_code) {
    if (metrics_.empty()) return true;
    const Uninterrupted short_work;
    attempt_.ended = clock_now();
    attempt_.exit_code = exit_code;
    attempt_.stage_seconds = clock_.seconds();
    try {
      write_file_atomically(metrics_, metrics_text(options_.state, attempt_.ended, attempt_));
      return true;
    } catch (const std::exception& error) {
      spdlog::error("--metrics: {}", error_chain(error));
      return false;
    }
  }

  /// Whether all arrived. The night is published: nothing of this makes it fail.
  bool deliver() const {
    NotifyOptions options{options_.state, options_.register_target, subscriptions_,         {},
                          false,          options_.network.http,    options_.network.remote};
    options.http.deadline = std::min(options.http.deadline, longest_delivery);
    try {
      const NotifyReport deliveries = pitwatch::notify(options);
      log_deliveries(deliveries);
      return deliveries.all_delivered();
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      spdlog::error("nobody was notified: {}", error_chain(error));
      return false;
    }
  }

  Task task_;
  std::string name_;
  bool is_rerun_;
  std::string unit_;  // that alone is done; empty: all
  std::string subscriptions_;
  CommonOptions common_;
  WatchOptions options_;
  std::string metrics_;
  RunAttempt attempt_;
  NightClock clock_{[this](const NightWork& work, double seconds) { tell(work, seconds); }};
};

}  // namespace

const CommandEntry run_entry{"run", "run --sites FILE --source SOURCE --state DIR [options]",
                             "the nightly job: takes in new scenes, brings incidents and alerts up to date",
                             []() -> std::unique_ptr<Command> { return std::make_unique<WatchCommand>(Task::run); }};

const CommandEntry rerun_entry{"rerun", "rerun --sites FILE --source SOURCE --from DATE --to DATE --out DIR [options]",
                               "the same for a period, beside the nightly state", []() -> std::unique_ptr<Command> {
                                 return std::make_unique<WatchCommand>(Task::rerun);
                               }};

const CommandEntry plan_entry{"plan", "plan --sites FILE --source SOURCE --state DIR [options]",
                              "a night in units of work: which sites have news, as JSON lines; run --unit does one",
                              []() -> std::unique_ptr<Command> { return std::make_unique<WatchCommand>(Task::plan); }};

const CommandEntry merge_entry{
    "merge", "merge --sites FILE --source SOURCE --state DIR [options]",
    "brings what the units of a plan came to into one register and one alerts.geojson",
    []() -> std::unique_ptr<Command> { return std::make_unique<WatchCommand>(Task::merge); }};

}  // namespace pitwatch::tools
