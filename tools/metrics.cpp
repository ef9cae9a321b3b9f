#include "tools/metrics.hpp"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <map>

#include "pipeline/core/error.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/record/standing.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/schedule/arena.hpp"
#include "tools/prometheus_text.hpp"

namespace pitwatch::tools {
namespace {

namespace fs = std::filesystem;

double seconds_of(Instant instant) { return std::chrono::duration<double>(instant.time_since_epoch()).count(); }

double number_of(bool is_so) { return is_so ? 1 : 0; }

void add_attempt(const RunAttempt& attempt, PrometheusText& text) {
  text.gauge("pitwatch_attempt_timestamp_seconds", "When the last attempt at a run ended, on record or not.",
             seconds_of(attempt.ended));
  text.gauge("pitwatch_attempt_exit_code", "Its exit code: 0 done, 4 some inputs skipped, else failed.",
             attempt.exit_code);
  text.gauge("pitwatch_attempt_seconds", "How long it took.",
             std::chrono::duration<double>(attempt.ended - attempt.started).count());
  text.gauge("pitwatch_attempt_new_acquisitions", "Acquisitions that it took in, summed over sites.",
             attempt.new_acquisitions);
  text.family("pitwatch_attempt_stage_seconds", "Where its time went, summed over threads.");
  for (const auto& [stage, seconds] : attempt.stage_seconds) text.sample(seconds, {{"stage", stage}});
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  text.gauge("pitwatch_attempt_peak_memory_bytes", "The most memory that it had resident.",
             static_cast<double>(usage.ru_maxrss) * 1024);
}

void add_runs(const Standing& standing, PrometheusText& text) {
  text.gauge("pitwatch_state_well", "1: nothing asks for attention; 0: see pitwatch status.",
             number_of(standing.is_well()));
  text.gauge("pitwatch_state_alarms", "What asks for attention.", static_cast<double>(standing.alarms.size()));
  text.gauge("pitwatch_run_at_work", "1: a run has the state now.", number_of(standing.is_at_work));
  if (standing.last_run) {
    const RunEnd& run = *standing.last_run;
    text.gauge("pitwatch_last_run_timestamp_seconds", "When the last nightly run on record ended.",
               seconds_of(run.ended));
    text.gauge("pitwatch_last_run_exit_code", "Its exit code.", run.exit_code);
    text.gauge("pitwatch_last_run_seconds", "How long it took.",
               std::chrono::duration<double>(run.ended - run.started).count());
  }
  if (standing.last_success) {
    text.gauge("pitwatch_last_success_timestamp_seconds", "When the last nightly run ended with exit code 0 or 4.",
               seconds_of(standing.last_success->ended));
  }
}

/// Of each site one sample, of those that have the value.
template <typename Value>
void add_of_sites(const Manifest& last, const char* name, const char* help, const Value& value, PrometheusText& text) {
  text.family(name, help);
  for (const SiteStanding& site : last.sites) {
    const std::optional<double> number = value(site);
    if (number) text.sample(*number, {{"site", site.id}});
  }
}

void add_sites(const Manifest& last, PrometheusText& text) {
  using Number = std::optional<double>;
  const auto newest = [](const SiteStanding& site) {
    return site.last_acquisition ? Number(seconds_of(*site.last_acquisition)) : Number();
  };
  add_of_sites(last, "pitwatch_newest_acquisition_timestamp_seconds", "The newest acquisition of the site.", newest,
               text);
  add_of_sites(
      last, "pitwatch_acquisitions", "Acquisitions that the site's state rests on.",
      [](const SiteStanding& site) { return Number(site.acquisitions); }, text);
  add_of_sites(
      last, "pitwatch_open_incidents", "Incidents that are provisional, confirmed or recovering.",
      [](const SiteStanding& site) { return Number(site.open_incidents); }, text);
  add_of_sites(
      last, "pitwatch_site_watched", "1: the sites file lists it; 0: no more.",
      [](const SiteStanding& site) { return Number(number_of(site.is_watched)); }, text);
  add_of_sites(
      last, "pitwatch_site_learning", "1: its history is not whole yet.",
      [](const SiteStanding& site) { return Number(number_of(site.learning)); }, text);
  add_of_sites(
      last, "pitwatch_site_failed", "1: it failed in the last run.",
      [](const SiteStanding& site) { return Number(number_of(!site.last_error.empty())); }, text);
}

void add_notices(const Standing& standing, PrometheusText& text) {
  text.family("pitwatch_missing_acquisitions", "Acquisitions that the source does not have any more as taken in.");
  std::map<std::pair<std::string, std::string>, double> missing;
  for (const MissingGroup& group : standing.missing) {
    missing[{group.site, std::string(name(group.what))}] += static_cast<double>(group.count);
  }
  for (const auto& [key, count] : missing) text.sample(count, {{"site", key.first}, {"what", key.second}});
  text.gauge("pitwatch_notices", "Scenes, files and sites that were skipped or came too late.",
             static_cast<double>(standing.last->notices.size()));
}

void add_register(const RegisterStanding& alerts, PrometheusText& text) {
  text.family("pitwatch_register_alerts", "Alerts in the register, superseded ones too.");
  for (const auto& [status, count] : alerts.alerts) text.sample(static_cast<double>(count), {{"status", status}});
  text.gauge("pitwatch_register_reviews", "Reviews in it.", static_cast<double>(alerts.reviews));
}

/// Those of alerts.geojson, of each site and status that it has.
void add_published(const std::string& state, PrometheusText& text) {
  text.family("pitwatch_alerts", "Alerts in alerts.geojson.");
  std::map<std::pair<std::string, std::string>, double> counts;
  for (const OutlinedAlert& one : read_alerts_geojson(state + "/alerts.geojson")) {
    ++counts[{one.alert.site.value_or(""), std::string(name(one.alert.status))}];
  }
  for (const auto& [key, count] : counts) text.sample(count, {{"site", key.first}, {"status", key.second}});
}

void add_coverage(const std::string& state, Instant now, PrometheusText& text) {
  CoverageOptions options;
  options.state = state;
  options.feed.until = now;
  options.with_ground = false;
  Coverage coverage;
  in_arena(0, [&] { coverage = coverage_of(options); });
  text.family("pitwatch_blind_days", "Days of gaps, 14 days or more in a row without a usable acquisition.");
  for (const SiteCoverage& site : coverage.sites) text.sample(site.feed.blind_days, {{"site", site.site}});
  text.family("pitwatch_last_usable_timestamp_seconds",
              "The newest acquisition that showed a tenth of the site or more.");
  for (const SiteCoverage& site : coverage.sites) {
    if (site.feed.last_usable) text.sample(seconds_of(*site.feed.last_usable), {{"site", site.site}});
  }
  text.family("pitwatch_feed_stopped", "1: more than three expected overpasses in a row did not arrive.");
  for (const SiteCoverage& site : coverage.sites) {
    text.sample(number_of(site.is_watched && !site.feed.alarm.empty()), {{"site", site.site}});
  }
}

/// By what they are part of; links are not followed.
std::map<std::string, double> bytes_of(const std::string& state) {
  std::map<std::string, double> bytes{{"checkpoints", 0}, {"chips", 0}, {"record", 0}, {"register", 0}, {"other", 0}};
  std::error_code error;
  for (fs::recursive_directory_iterator it(state, error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (it->is_symlink(none) || !it->is_regular_file(none)) continue;
    const std::string top = it->path().lexically_relative(state).begin()->string();
    const std::string part = top == "sites"           ? "checkpoints"
                             : top == "chips"         ? "chips"
                             : top == "runs"          ? "record"
                             : top == "register.gpkg" ? "register"
                                                      : "other";
    const auto size = it->file_size(none);
    if (!none) bytes[part] += static_cast<double>(size);
  }
  return bytes;
}

void add_disk(const std::string& state, PrometheusText& text) {
  text.family("pitwatch_state_bytes", "What the files of the state take.");
  for (const auto& [part, bytes] : bytes_of(state)) text.sample(bytes, {{"part", part}});
  struct statvfs disk {};
  if (::statvfs(state.c_str(), &disk) != 0) return;
  text.gauge("pitwatch_state_free_bytes", "What is free where the state is, for who is not root.",
             static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize));
}

void add_state(const std::string& state, Instant now, PrometheusText& text) {
  Standing standing = standing_of(state, now);
  PrometheusText figures;
  const auto try_to = [&](const auto& add) {
    try {
      PrometheusText part;
      add(part);
      figures.append(part);
    } catch (const DataError& error) {
      standing.alarms.emplace_back(error.what());
    }
  };
  if (standing.last) {
    add_sites(*standing.last, figures);
    add_notices(standing, figures);
    if (standing.last->alert_register) add_register(*standing.last->alert_register, figures);
    try_to([&](PrometheusText& part) { add_published(state, part); });
    try_to([&](PrometheusText& part) { add_coverage(state, now, part); });
  }
  add_disk(state, figures);
  add_runs(standing, text);
  text.append(figures);
}

}  // namespace

std::string metrics_text(const std::string& state, Instant now, const std::optional<RunAttempt>& attempt) {
  PrometheusText text;
  text.family("pitwatch_info", "The program that wrote this.");
  text.sample(1, {{"version", program_version()}});
  if (attempt) add_attempt(*attempt, text);
  try {
    add_state(state, now, text);
  } catch (const DataError&) {  // there is none yet
    text.gauge("pitwatch_state_well", "1: nothing asks for attention; 0: see pitwatch status.", 0);
  }
  return text.text();
}

}  // namespace pitwatch::tools
