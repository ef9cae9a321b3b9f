#include "pipeline/watch/night.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/watch/context_record.hpp"
#include "pipeline/watch/publish.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Several sites and panes may see one scene.
void keep_once(std::vector<std::pair<std::string, std::string>>& notices) {
  std::set<std::pair<std::string, std::string>> known;
  std::erase_if(notices, [&](const auto& one) { return !known.insert(one).second; });
}

/// Why there is no scene, as far as a line holds it.
std::string why_none(const std::vector<RejectedItem>& rejected) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(rejected.size(), most); ++i) {
    text += "; " + rejected[i].path + ": " + rejected[i].reason;
  }
  if (rejected.size() > most) text += "; and " + std::to_string(rejected.size() - most) + " more, which scenes lists";
  return text;
}

/// Coordinates in the wrong order are the most common reason, but for a beginning that is yet to come.
std::string no_scene_at(const Site& site) {
  std::array<char, 200> text{};
  if (site.baseline_from) {
    std::snprintf(text.data(), text.size(),
                  "no scene of the source since its baseline_from (%s) shows it, at longitude %.4f and latitude %.4f: "
                  "is that day right, or is the source of another place?",
                  format_day(*site.baseline_from).c_str(), site.longitude, site.latitude);
    return text.data();
  }
  std::snprintf(text.data(), text.size(),
                "no scene of the source shows it, at longitude %.4f and latitude %.4f: are these swapped, or is the "
                "source of another place?",
                site.longitude, site.latitude);
  return text.data();
}

/// The layers that are to say what the alerts touch, read; what cannot be used is among the skipped.
ContextLayers read_layers(const ContextConfig& config, const WatchOptions& options, WatchReport& report) {
  ContextLayers read = load_context(config, options.sites, options.network);
  report.skipped.insert(report.skipped.end(), read.skipped.begin(), read.skipped.end());
  return read;
}

}  // namespace

WatchOptions with_absolute_paths(WatchOptions options) {
  for (std::string* const path : {&options.sites, &options.source, &options.state, &options.start_from,
                                  &options.register_target, &options.context}) {
    std::error_code none;
    const bool is_path = !path->empty() && path->find("://") == std::string::npos && !is_database(*path);
    if (is_path) *path = fs::absolute(*path, none).lexically_normal().string();
  }
  return options;
}

SourceListing list_night(const WatchOptions& options, const std::vector<WatchedSite>& sites, WatchReport& report) {
  const NightLap lap(options.clock, {NightStage::list});
  SourceListing listing = list_readable(options.source, options.network, search_for(sites));
  for (const RejectedItem& rejected : listing.rejected) report.skipped.emplace_back(rejected.path, rejected.reason);
  if (listing.scenes.empty()) {
    throw DataError(redacted(options.source) + ": holds no scene that can be used" + why_none(listing.rejected));
  }
  return listing;
}

void add_failed(const std::string& site, const std::string& what, const std::string& why, WatchReport& report) {
  report.skipped.emplace_back(what, why);
  SiteStanding failed;
  failed.id = site;
  failed.last_error = why;
  report.standings.push_back(std::move(failed));
}

void add_rejected(const std::vector<RejectedSite>& rejected, WatchReport& report) {
  for (const RejectedSite& site : rejected) {
    if (site.id.empty()) {
      report.skipped.emplace_back(site.what, site.reason);
    } else {
      add_failed(site.id, site.what, site.reason, report);
    }
  }
}

void take_in(const WatchedSite& watched, SiteOutcome outcome, NightSight& sight, WatchReport& report) {
  add_remarks(std::move(outcome.remarks), report);
  try {
    if (outcome.failure) std::rethrow_exception(outcome.failure);
  } catch (const DataError& unusable) {
    add_failed(watched.site.id, "site " + watched.site.id, error_chain(unusable), report);
    return;
  }
  const WatchReport::OfSite& site = outcome.summary;
  if (site.acquisitions == 0) report.skipped.emplace_back("site " + watched.site.id, no_scene_at(watched.site));
  sight.watched[watched.site.id] = site.relearnt       ? SupersededWhy::relearnt
                                   : site.replayed > 0 ? SupersededWhy::replayed
                                                       : SupersededWhy::merged;
  report.sites.push_back(std::move(outcome.summary));
  std::move(outcome.alerts.begin(), outcome.alerts.end(), std::back_inserter(sight.alerts));
}

void say_once(WatchReport& report) {
  for (auto* notices : {&report.skipped, &report.superseded, &report.warnings}) keep_once(*notices);
}

std::vector<AlertLayer> layers_of(const std::vector<GridAlerts>& alerts) {
  std::vector<AlertLayer> layers;
  for (const GridAlerts& of_pane : alerts) layers.push_back({of_pane.alerts, of_pane.grid});
  return layers;
}

void publish_night(const WatchOptions& options, const std::vector<WatchedSite>& sites, const NightSight& sight,
                   const std::optional<ContextConfig>& context, const CoverageWork& coverage, NightRecord& record,
                   const NightInputs& inputs, WatchReport& report) {
  record.mark_news(report);
  std::optional<ContextLayers> layers;
  if (context) layers = read_layers(*context, options, report);
  const bool has_late_news =
      std::any_of(report.late.begin(), report.late.end(), [](const LateScene& late) { return late.is_news; });
  report.exit_code = report.skipped.empty() && !has_late_news ? 0 : 4;
  if (options.dry_run) return;
  RegisterUpdate update{layers_of(sight.alerts), sight.watched, {}, clock_now()};
  for (const WatchedSite& watched : sites) update.listed.insert(watched.site.id);
  for (const SiteStanding& standing : report.standings) update.listed.insert(standing.id);  // those that are broken
  record.warn_of_left(update.listed, report);
  ContextWork work;
  if (layers) {
    work = [&](const AlertsInRegister& alerts) {
      const std::size_t skipped = report.skipped.size();
      ContextUpdate of_alerts = context_of(*layers, alerts, update.now, report.skipped);
      if (report.skipped.size() > skipped) report.exit_code = 4;
      report.layers = of_alerts.layers;
      return of_alerts;
    };
  }
  const NightLap lap(options.clock, {NightStage::publish});
  report.alerts = record.publish(update, inputs, work, coverage, report);
}

}  // namespace pitwatch
