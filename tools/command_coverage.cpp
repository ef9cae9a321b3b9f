#include "tools/command_coverage.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/schedule/arena.hpp"
#include "tools/common_options.hpp"
#include "tools/file_names.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/register_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_rows = 12;  // of one kind and site, the newest; the rest is in --json
constexpr int longest_days = 36500;
constexpr int most_overpasses = 1000;

std::string day_text(const std::optional<Instant>& instant) { return instant ? format_day(*instant) : "-"; }
std::string days_text(int days) { return std::to_string(days) + (days == 1 ? " day" : " days"); }

std::string share_text(const std::optional<SiteSight>& sight) {
  if (!sight) return "-";
  return fmt::format("{:.1f} %", 100 * blind_share(*sight));
}

TextTable site_table(const Coverage& coverage) {
  TextTable table{{"site", "from", "expected", "received", "usable", "masked", "skipped", "unknown", "last usable",
                   "blind days", "longest gap",
                   fmt::format("ground not seen for {} days on {}", coverage.blind_days, format_day(coverage.now))}};
  for (const SiteCoverage& site : coverage.sites) {
    const Feed& feed = site.feed;
    const FeedGap* longest = longest_gap(feed);
    const auto number = [](int count) { return std::to_string(count); };
    table.push_back({site.site, day_text(feed.begin), number(feed.counts.expected), number(feed.counts.received),
                     number(feed.counts.usable), number(feed.counts.masked), number(feed.counts.skipped),
                     number(feed.counts.unknown), day_text(feed.last_usable), number(feed.blind_days),
                     longest == nullptr ? "-" : days_text(longest->days) + " from " + format_day(longest->first_day),
                     share_text(site.sight)});
  }
  return table;
}

std::string outage_text(const FeedOutage& outage) {
  if (outage.until) {
    return fmt::format("{} received from {} to {}: {}, {} expected overpasses",
                       outage.what == "nothing" ? "nothing" : outage.what + " not", format_day(outage.since),
                       format_day(*outage.until), days_text(outage.days), outage.missed);
  }
  return fmt::format("{} received since {}: {}, {} expected overpasses",
                     outage.what == "nothing" ? "nothing" : outage.what + " not", format_day(outage.since),
                     days_text(outage.days), outage.missed);
}

std::string gap_text(const FeedGap& gap) {
  const FeedCounts& counts = gap.counts;
  std::string what = "nothing received";
  if (counts.received > 0) {
    what = std::to_string(counts.received) + " received";
    if (counts.masked > 0) what += ", " + std::to_string(counts.masked) + " masked";
    if (counts.skipped > 0) what += ", " + std::to_string(counts.skipped) + " skipped";
    if (counts.unknown > 0) what += ", " + std::to_string(counts.unknown) + " unknown";
  }
  return fmt::format("not usable from {} to {}: {}, {} of {} expected", format_day(gap.first_day),
                     format_day(gap.last_day), days_text(gap.days), what, counts.expected);
}

void print_newest(const std::vector<std::string>& lines) {
  const std::size_t first = lines.size() > most_rows ? lines.size() - most_rows : 0;
  if (first > 0) std::cout << "  " << first << " earlier; see --json\n";
  for (std::size_t i = first; i < lines.size(); ++i) std::cout << "  " << printable(lines[i]) << "\n";
}

TextTable track_table(const Feed& feed) {
  TextTable table{{"  satellite", "orbit", "every", "first", "last", "received", "missed"}};
  for (const FeedTrack& track : feed.tracks) {
    table.push_back({"  " + (track.platform.empty() ? std::string("unknown") : track.platform), track.orbit,
                     track.interval_days > 0 ? days_text(track.interval_days) : "not regular", format_day(track.first),
                     format_day(track.last), std::to_string(track.received.size()),
                     std::to_string(track.missed.size())});
  }
  return table;
}

void print_site(const SiteCoverage& site, int blind_days) {
  std::cout << "\n" << printable(site.site) << (site.is_watched ? "" : " (not watched)") << "\n";
  if (!site.feed.begin) {
    std::cout << "  no acquisition in the period\n";
  } else {
    std::cout << aligned(track_table(site.feed));
    std::vector<std::string> lines;
    for (const FeedOutage& outage : site.feed.outages) lines.push_back(outage_text(outage));
    print_newest(lines);
    lines.clear();
    for (const FeedGap& gap : site.feed.gaps) lines.push_back(gap_text(gap));
    print_newest(lines);
  }
  if (site.seen_later) {
    std::cout << "  pixels: which were not seen on that day is not known: the checkpoints are of "
              << format_instant(*site.seen_later) << "\n";
    return;
  }
  if (!site.sight) {
    std::cout << "  pixels: nothing is known, the site is learning or its checkpoints cannot be read\n";
    return;
  }
  const SiteSight& sight = *site.sight;
  std::cout << fmt::format(
      "  pixels as of {}: {} of {} ({}) not seen clear for {} days, {} of them never judged; longest {}\n",
      format_instant(sight.as_of), sight.blind, sight.pixels, share_text(site.sight), blind_days, sight.never,
      days_text(sight.longest_days));
}

void print_text(const Coverage& coverage) {
  const auto alarms = coverage.alarms();
  if (alarms.empty()) std::cout << "the feed of all sites goes on\n";
  for (const auto& [site, why] : alarms) std::cout << "look at this: site " << printable(site + ": " + why) << "\n";
  std::cout << "\n" << aligned(site_table(coverage));
  for (const SiteCoverage& site : coverage.sites) print_site(site, coverage.blind_days);
}

class CoverageCommand final : public Command {
 public:
  po::options_description options() override {
    const CoverageOptions defaults;
    po::options_description description("Options of coverage");
    description.add_options()                                                                                    //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the state")                            //
        ("site", po::value<std::string>()->value_name("ID,..."), "these sites alone; default: all")              //
        ("from", po::value<std::string>()->value_name("DATE"), "acquisitions from here on; default: the first")  //
        ("to", po::value<std::string>()->value_name("DATE"),
         "and up to here, as if it were now; also --until. Ground that was not seen then is known from the newest "
         "acquisition on alone")  //
        ("now", po::value<std::string>()->value_name("TIME"),
         "up to when overpasses are expected; default: the clock")  //
        ("blind-days", po::value<int>()->value_name("N")->default_value(defaults.blind_days),
         "ground that was not seen clear for so many days is blind, 1..36500")  //
        ("gap-days", po::value<int>()->value_name("N")->default_value(defaults.feed.gap_days),
         "days in a row without a usable acquisition that are a gap, 1..36500")  //
        ("usable-share",
         po::value<double>()->value_name("SHARE")->default_value(defaults.feed.least_clear_share, "0.1"),
         "of a site's ground that must be clear for an acquisition to be usable, 0..1")  //
        ("missed", po::value<int>()->value_name("N")->default_value(defaults.feed.missed_overpasses),
         "expected overpasses that were missed in a row for an outage to be named; a feed has stopped where it is "
         "more, "
         "1..1000")  //
        ("most-days", po::value<int>()->value_name("N")->default_value(defaults.feed.most_days),
         "a feed without regular orbits has stopped after more days, 1..36500")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder, made if missing, for coverage.csv, coverage.json and coverage-SITE.tif")  //
        ("json", po::bool_switch(), "as JSON");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.state = required_option(values, "state", "--state DIR", "coverage");
    options_.sites = list_option(values, "site");
    FeedOptions& feed = options_.feed;
    feed.from = parse_period_begin(values);
    feed.until = parse_period_end(values, "now").value_or(clock_now());
    const auto to = parse_period_end(values);
    check_period(feed.from, to);
    if (to) feed.until = std::min(*to, feed.until);
    options_.blind_days = number(values, "blind-days", longest_days);
    feed.gap_days = number(values, "gap-days", longest_days);
    feed.missed_overpasses = number(values, "missed", most_overpasses);
    feed.most_days = number(values, "most-days", longest_days);
    feed.least_clear_share = values["usable-share"].as<double>();
    if (!(feed.least_clear_share >= 0 && feed.least_clear_share <= 1)) {
      throw ConfigError("--usable-share must be 0 to 1");
    }
    as_json_ = values["json"].as<bool>();
    if (values.count("out") != 0) out_ = values["out"].as<std::string>();
    if (!out_.empty()) refuse_lost_in(values, "out", out_, {"coverage.csv", "coverage.json"});
  }

  int run() override {
    Coverage coverage;
    in_arena(common_.threads, [&] {
      coverage = coverage_of(options_);
      if (!out_.empty()) write(coverage);
    });
    for (const auto& [what, why] : coverage.skipped) spdlog::warn("{}: {}", what, why);
    if (as_json_) {
      std::cout << coverage_json(coverage);
    } else {
      print_text(coverage);
    }
    if (!coverage.alarms().empty()) return exit_check_failed;
    return coverage.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  static int number(const po::variables_map& values, const std::string& option, int most) {
    const int value = values[option].as<int>();
    if (value < 1 || value > most) throw ConfigError("--" + option + " must be 1 to " + std::to_string(most));
    return value;
  }

  void write(const Coverage& coverage) const {
    std::error_code error;
    fs::create_directories(out_, error);
    if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    const fs::path folder(out_);
    write_file_atomically((folder / "coverage.csv").string(), coverage_csv(coverage));
    write_file_atomically((folder / "coverage.json").string(), coverage_json(coverage));
    std::set<std::string> names;
    for (const SiteCoverage& site : coverage.sites) {
      const std::string name = "coverage-" + file_part(site.site, names) + ".tif";
      if (site.sight) write_sight((folder / name).string(), site);
    }
  }

  CommonOptions common_;
  CoverageOptions options_;
  std::string out_;
  bool as_json_ = false;
};

}  // namespace

const CommandEntry coverage_entry{
    "coverage",
    "coverage --state DIR [options]",
    "what was not seen: overpasses expected, received and usable, gaps, blind ground",
    []() -> std::unique_ptr<Command> { return std::make_unique<CoverageCommand>(); },
    {},
    "Tells what a state could have seen of its sites and did not: overpasses expected from the orbits seen, received, "
    "usable, masked; gaps, satellites and orbits that are not received any more; ground that is not seen. Exit code 0: "
    "the feed goes on; 5: that of a site has stopped."};

}  // namespace pitwatch::tools
