#include "tools/command_status.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/delivery/ledger.hpp"
#include "pipeline/record/standing.hpp"
#include "pipeline/schedule/arena.hpp"
#include "tools/common_options.hpp"
#include "tools/metrics.hpp"
#include "tools/monitor_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_lines = 20;  // of one kind, for people
constexpr double longest_age_hours = 1e6;

double hours_between(Instant earlier, Instant later) {
  return std::chrono::duration<double, std::ratio<3600>>(later - earlier).count();
}

/// "5 h", "12 days"
std::string age_text(Instant then, Instant now) {
  const double hours = hours_between(then, now);
  return hours < 48 ? fmt::format("{:.0f} h", hours) : fmt::format("{:.0f} days", hours / 24);
}

std::string size_text(std::uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

std::string standing_text(const SiteStanding& site) {
  if (!site.last_error.empty()) return "failed";
  if (!site.is_watched) return "not watched";
  if (!site.learning) return "watching";
  return site.learn_until ? "learning until " + format_day(*site.learn_until) : "learning";
}

std::string group_text(const MissingGroup& group) {
  const std::string what =
      group.what == MissingWhat::newer_edition ? "there in a newer edition" : std::string(name(group.what));
  return fmt::format("{}: {} acquisition{} from {} to {}, {} since {}", group.site, group.count,
                     group.count == 1 ? "" : "s", format_day(group.first), format_day(group.last), what,
                     format_instant(group.since));
}

/// Notices, and the acquisitions that the last run skipped and no notice names.
std::vector<Notice> skipped(const Manifest& manifest) {
  std::vector<Notice> all = manifest.notices;
  for (const AcquisitionUsed& one : manifest.acquisitions) {
    if (one.use != AcquisitionUse::skipped) continue;
    all.push_back({one.site + " " + format_instant(one.acquired), one.reason, manifest.started});
  }
  return all;
}

/// At most so many lines of a kind, each indented below its title.
void print_list(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::cout << title << ":\n";
  for (std::size_t i = 0; i < std::min(lines.size(), most_lines); ++i) std::cout << "  " << printable(lines[i]) << "\n";
  if (lines.size() > most_lines) std::cout << "  and " << lines.size() - most_lines << " more; see --json\n";
}

TextTable site_table(const Standing& standing, Instant now) {
  TextTable table{{"site", "state", "panes", "acquisitions", "last acquisition", "age", "open", "checkpoints", "size"}};
  for (std::size_t i = 0; i < standing.last->sites.size(); ++i) {
    const SiteStanding& site = standing.last->sites[i];
    const CheckpointSizes& sizes = standing.sizes[i];
    const auto& last = site.last_acquisition;
    table.push_back({site.id, standing_text(site), std::to_string(site.panes), std::to_string(site.acquisitions),
                     last ? format_instant(*last) : "-", last ? age_text(*last, now) : "-",
                     std::to_string(site.open_incidents), std::to_string(sizes.files), size_text(sizes.bytes)});
  }
  return table;
}

/// Of a site; null where its coverage was not asked for.
const SiteCoverage* coverage_at(const std::optional<Coverage>& coverage, const std::string& site) {
  if (!coverage) return nullptr;
  const auto found = std::find_if(coverage->sites.begin(), coverage->sites.end(),
                                  [&](const SiteCoverage& one) { return one.site == site; });
  return found == coverage->sites.end() ? nullptr : &*found;
}

TextTable coverage_table(const Coverage& coverage) {
  TextTable table{{"site", "expected", "received", "usable", "last usable", "blind days", "longest gap",
                   fmt::format("ground not seen for {} days", coverage.blind_days)}};
  for (const SiteCoverage& site : coverage.sites) {
    const Feed& feed = site.feed;
    const FeedGap* gap = longest_gap(feed);
    table.push_back({site.site, std::to_string(feed.counts.expected), std::to_string(feed.counts.received),
                     std::to_string(feed.counts.usable), feed.last_usable ? format_day(*feed.last_usable) : "-",
                     std::to_string(feed.blind_days), gap == nullptr ? "-" : fmt::format("{} days", gap->days),
                     site.sight ? fmt::format("{:.1f} %", 100 * blind_share(*site.sight)) : "-"});
  }
  return table;
}

std::vector<std::string> option_lines(const Manifest& manifest) {
  std::vector<std::string> lines;
  for (const SiteStanding& site : manifest.sites) {
    if (site.options.empty()) continue;
    std::string line = site.id + ":";
    for (const auto& [option, value] : site.options) line += " --" + option + " " + value;
    lines.push_back(std::move(line));
  }
  return lines;
}

void print_register(const RegisterStanding& standing) {
  std::cout << "register: " << printable(standing.target) << ":";
  std::uint64_t alerts = 0;
  std::string by_status;
  for (const auto& [status, count] : standing.alerts) {
    alerts += count;
    by_status += (by_status.empty() ? "" : ", ") + std::to_string(count) + " " + status;
  }
  std::cout << " " << alerts << " alerts" << (by_status.empty() ? "" : " (" + printable(by_status) + ")") << ", "
            << standing.reviews << " reviews, " << standing.runs << " runs\n";
}

void print_last(const Standing& standing, Instant now) {
  const Manifest& last = *standing.last;
  const std::string outcome = last.exit_code == 0   ? "done"
                              : last.exit_code == 4 ? "done, some inputs skipped"
                                                    : "failed";
  std::cout << (last.command == "run" ? "last run: " : "last on record: ") << printable(last.command) << ", ended "
            << format_instant(last.ended) << " (" << age_text(last.ended, now) << " ago): " << outcome << ", exit code "
            << last.exit_code << (last.message.empty() ? "" : ": " + printable(last.message)) << "\n"
            << "manifest: runs/" << standing.name << "\n";
  if (standing.last_success && (!standing.last_run || standing.last_success->name != standing.last_run->name)) {
    std::cout << "last run that succeeded: ended " << format_instant(standing.last_success->ended) << " ("
              << age_text(standing.last_success->ended, now) << " ago)\n";
  }
}

void print_text(const std::string& state, const Standing& standing, const std::optional<Coverage>& coverage,
                Instant now) {
  std::cout << (standing.is_well() ? "well" : "look at this: " + printable(standing.alarms.front())) << "\n";
  for (std::size_t i = 1; i < standing.alarms.size(); ++i)
    std::cout << "also: " << printable(standing.alarms[i]) << "\n";
  if (standing.is_at_work)
    std::cout << "a run is at work" << (standing.last ? "" : ": the first, nothing is on record yet") << "\n";
  if (!standing.last) return;
  print_last(standing, now);
  if (standing.last->alert_register) print_register(*standing.last->alert_register);
  if (!standing.last->sites.empty()) std::cout << "\n" << aligned(site_table(standing, now));
  if (coverage) std::cout << "\n" << aligned(coverage_table(*coverage));
  std::vector<std::string> lines;
  for (const MissingGroup& group : standing.missing) lines.push_back(group_text(group));
  print_list("missing at the source", lines);
  lines.clear();
  for (const Notice& notice : skipped(*standing.last)) {
    lines.push_back(notice.what + ": " + notice.why + " (since " + format_instant(notice.since) + ")");
  }
  print_list("skipped", lines);
  lines.clear();
  for (const Ledger& ledger : failing_ledgers(state)) {
    const std::string since = ledger.problem_since ? " (since " + format_instant(*ledger.problem_since) + ")" : "";
    lines.push_back("subscription " + ledger.subscription + ": " + ledger.problem + since);
  }
  print_list("news not delivered", lines);
  print_list("options of sites", option_lines(*standing.last));
}

ordered_json json_of(const std::optional<Instant>& instant) {
  return instant ? ordered_json(format_instant(*instant)) : ordered_json(nullptr);
}

ordered_json json_of(const SiteCoverage& site) {
  const Feed& feed = site.feed;
  const FeedGap* gap = longest_gap(feed);
  return {{"expected", feed.counts.expected},
          {"received", feed.counts.received},
          {"usable", feed.counts.usable},
          {"masked", feed.counts.masked},
          {"skipped", feed.counts.skipped},
          {"last_usable", json_of(feed.last_usable)},
          {"blind_days", feed.blind_days},
          {"longest_gap_days", gap == nullptr ? 0 : gap->days},
          {"blind_share", site.sight ? ordered_json(blind_share(*site.sight)) : ordered_json(nullptr)}};
}

ordered_json json_of(const SiteStanding& site, const CheckpointSizes& sizes, Instant now) {
  const auto& last = site.last_acquisition;
  return {{"id", site.id},
          {"is_watched", site.is_watched},
          {"learning", site.learning},
          {"learn_until", json_of(site.learn_until)},
          {"panes", site.panes},
          {"acquisitions", site.acquisitions},
          {"first_acquisition", json_of(site.first_acquisition)},
          {"last_acquisition", json_of(last)},
          {"last_acquisition_age_hours", last ? ordered_json(hours_between(*last, now)) : ordered_json(nullptr)},
          {"open_incidents", site.open_incidents},
          {"checkpoints", sizes.files},
          {"checkpoint_bytes", sizes.bytes},
          {"options", site.options},
          {"last_error", site.last_error.empty() ? ordered_json(nullptr) : ordered_json(site.last_error)}};
}

ordered_json json_of(const RegisterStanding& standing) {
  return {
      {"target", standing.target}, {"alerts", standing.alerts}, {"reviews", standing.reviews}, {"runs", standing.runs}};
}

/// What comes from the newest manifest.
void add_last(ordered_json& object, const Standing& standing, const std::optional<Coverage>& coverage, Instant now) {
  const Manifest& last = *standing.last;
  object["last_run"] = {{"manifest", standing.name},
                        {"command", last.command},
                        {"started", format_instant(last.started)},
                        {"ended", format_instant(last.ended)},
                        {"age_hours", hours_between(last.ended, now)},
                        {"exit_code", last.exit_code},
                        {"message", last.message},
                        {"host", last.host},
                        {"program", last.program_version}};
  if (standing.last_success) object["last_success"] = format_instant(standing.last_success->ended);
  if (last.alert_register) object["register"] = json_of(*last.alert_register);
  for (std::size_t i = 0; i < last.sites.size(); ++i) {
    ordered_json& site = object["sites"].emplace_back(json_of(last.sites[i], standing.sizes[i], now));
    if (const SiteCoverage* of_site = coverage_at(coverage, last.sites[i].id)) site["coverage"] = json_of(*of_site);
  }
  for (const MissingGroup& group : standing.missing) {
    object["missing"].push_back({{"site", group.site},
                                 {"what", name(group.what)},
                                 {"since", format_instant(group.since)},
                                 {"count", group.count},
                                 {"first_acquired", format_instant(group.first)},
                                 {"last_acquired", format_instant(group.last)}});
  }
  for (const Notice& notice : skipped(last)) {
    object["skipped"].push_back({{"what", notice.what}, {"why", notice.why}, {"since", format_instant(notice.since)}});
  }
}

void print_json(const std::string& state, const Standing& standing, const std::optional<Coverage>& coverage,
                Instant now) {
  ordered_json object{{"state", state},
                      {"now", format_instant(now)},
                      {"well", standing.is_well()},
                      {"alarms", standing.alarms},
                      {"at_work", standing.is_at_work},
                      {"unpublished", standing.unpublished},
                      {"last_run", nullptr},
                      {"last_success", nullptr},
                      {"register", nullptr},
                      {"sites", ordered_json::array()},
                      {"missing", ordered_json::array()},
                      {"skipped", ordered_json::array()},
                      {"undelivered", ordered_json::array()}};
  for (const Ledger& ledger : failing_ledgers(state)) {
    object["undelivered"].push_back(
        {{"subscription", ledger.subscription}, {"why", ledger.problem}, {"since", json_of(ledger.problem_since)}});
  }
  if (standing.last) add_last(object, standing, coverage, now);
  std::cout << object.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

class StatusCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of status");
    description.add_options()                                                          //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the state")  //
        ("max-age", po::value<double>()->value_name("HOURS"),
         "exit code 5 where no run has ended for longer, hours, above 0, up to 1000000; not given: age does not "
         "count")  //
        ("coverage", po::bool_switch(),
         "what was expected, received and usable, too, as pitwatch coverage tells with its defaults")  //
        ("json", po::bool_switch(), "as JSON")                                                         //
        ("prometheus", po::bool_switch(),
         "as figures for a monitoring system, in the text format of Prometheus; exit code 0 whatever they say");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    state_ = required_option(values, "state", "--state DIR", "status");
    with_coverage_ = values["coverage"].as<bool>();
    as_json_ = values["json"].as<bool>();
    as_prometheus_ = values["prometheus"].as<bool>();
    if (as_json_ && as_prometheus_) throw ConfigError("status: either --json or --prometheus");
    if (values.count("max-age") == 0) return;
    const double hours = values["max-age"].as<double>();
    if (!(hours > 0 && hours <= longest_age_hours)) throw ConfigError("--max-age: above 0, up to 1000000 hours");
    max_age_ = std::chrono::milliseconds(static_cast<std::int64_t>(hours * 3.6e6));
  }

  int run() override {
    const Instant now = clock_now();
    if (as_prometheus_) {
      static_cast<void>(standing_of(state_, now));  // throws where there is no state
      std::cout << metrics_text(state_, now);
      return exit_done;
    }
    Standing standing = standing_of(state_, now, max_age_);
    std::optional<Coverage> coverage;
    if (with_coverage_ && standing.last) coverage = coverage_now(standing, now);
    if (as_json_) {
      print_json(state_, standing, coverage, now);
    } else {
      print_text(state_, standing, coverage, now);
    }
    return standing.is_well() ? exit_done : exit_check_failed;
  }

 private:
  /// Adds what the coverage has to be looked at to the alarms.
  Coverage coverage_now(Standing& standing, Instant now) const {
    CoverageOptions options;
    options.state = state_;
    options.feed.until = now;
    Coverage coverage;
    in_arena(0, [&] { coverage = coverage_of(options); });
    for (const auto& [site, why] : coverage.alarms()) standing.alarms.push_back("site " + site + ": " + why);
    for (const auto& [what, why] : coverage.skipped) standing.alarms.push_back(what + ": " + why);
    return coverage;
  }

  std::string state_;
  std::optional<std::chrono::milliseconds> max_age_;
  bool with_coverage_ = false;
  bool as_json_ = false;
  bool as_prometheus_ = false;
};

}  // namespace

const CommandEntry status_entry{
    "status",
    "status --state DIR [options]",
    "how things stand: last run, sites, what is missing or skipped; for monitoring",
    []() -> std::unique_ptr<Command> { return std::make_unique<StatusCommand>(); },
    {},
    "Tells how things stand with a state, from its record and its folder, whether or not a run is at work. Exit code "
    "0: well; 5: somebody should look: the last run failed or was killed, a site failed in it, the record is damaged, "
    "files are missing, no run has ended for too long, or, with --coverage, the feed of a site has stopped."};

}  // namespace pitwatch::tools
