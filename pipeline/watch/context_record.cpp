#include "pipeline/watch/context_record.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/context/context_config.hpp"
#include "pipeline/context/crossing.hpp"
#include "pipeline/context/site_share.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/elevation.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/water/reaches.hpp"
#include "pipeline/water/water_context.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

ContextOptions with_absolute_paths(ContextOptions options) {
  for (std::string* const path : {&options.state, &options.layers, &options.register_target}) {
    std::error_code none;
    if (!path->empty() && !is_database(*path)) *path = fs::absolute(*path, none).lexically_normal().string();
  }
  return options;
}

/// Of the notices on record those of runs stay; those of layers are as they are now.
void set_notices(const std::vector<std::pair<std::string, std::string>>& skipped, Manifest& manifest) {
  const std::vector<Notice> before = std::move(manifest.notices);
  manifest.notices.clear();
  for (const Notice& notice : before) {
    if (!notice.what.starts_with("layer ")) manifest.notices.push_back(notice);
  }
  for (const auto& [what, why] : skipped) {
    const auto known =
        std::find_if(before.begin(), before.end(), [&, &layer = what, &reason = why](const Notice& notice) {
          return notice.what == layer && notice.why == reason;
        });
    manifest.notices.push_back({what, why, known == before.end() ? manifest.started : known->since});
  }
}

RunRow row_of(const Manifest& manifest, std::size_t skipped) {
  RunRow row;
  row.started_at = manifest.started;
  row.ended_at = manifest.ended;
  row.command = manifest.command;
  row.version = manifest.program_version;
  row.options = json_of({{"context", manifest.options.at("context")}});
  row.skipped = static_cast<int>(skipped);
  row.exit_code = manifest.exit_code;
  return row;
}

/// Throws DataError where nothing would be worked out.
void expect_usable(const ContextLayers& read) {
  const auto is_usable = [](const LoadedLayer& loaded) { return loaded.problem.empty(); };
  if (std::any_of(read.layers.begin(), read.layers.end(), is_usable)) return;
  const auto& [what, why] = read.skipped.front();
  throw DataError("no layer can be used: " + what + ": " + why);
}

/// Alerts that are not superseded and whose outline has pixels: one that was damaged keeps no night from publishing.
std::vector<OutlinedAlert> placed(std::span<const OutlinedAlert> alerts) {
  AlertZones zones;
  std::map<std::string, ToGrid> grids;
  std::vector<OutlinedAlert> usable;
  for (const OutlinedAlert& one : alerts) {
    if (one.alert.status == AlertStatus::superseded) continue;
    try {
      const std::string crs = zones.crs_of(one);
      ToGrid& to_grid = grids.try_emplace(crs, zone_grid(crs)).first->second;
      static_cast<void>(pixels_of(alert_shape(one.outline, to_grid), one.alert.area_ha));
      usable.push_back(one);
    } catch (const DataError&) {
      continue;
    }
  }
  return usable;
}

/// The waters of layers and alerts in scenes, and the reaches of those that alerts of now lie at, which elevations
/// tell.
WaterReading look_at_waters(const ContextOptions& options, const ContextLayers& read, const ProgressSink& progress) {
  const std::vector<OutlinedAlert> alerts = placed(read_register(options.register_target).alerts);
  std::vector<AlertReach> reaches;
  if (read.config.elevation) reaches = alert_reaches(alerts, read.layers, *read.config.elevation);
  return read_waters(read.layers, alerts, reaches, *options.waters, progress);
}

/// Writes what the layers say into the record of a state whose lock is held.
void publish_context(const ContextOptions& options, const ContextLayers& read, const Manifest& before, Instant started,
                     ContextReport& report) {
  const double max_natural = max_natural_of(before.options);
  Manifest manifest = following_manifest(before, "context", started);
  manifest.options["context"] = options.layers;
  RunRow row;
  const auto work = [&](const AlertsInRegister& in_register) {
    ContextUpdate update = context_of(read, in_register, started, report.skipped);
    report.exit_code = report.skipped.empty() && report.waters.skipped.empty() ? 0 : 4;
    manifest.exit_code = report.exit_code;
    set_notices(report.skipped, manifest);
    row = row_of(manifest, report.skipped.size());
    row.alerts =
        static_cast<int>(std::count_if(in_register.alerts.begin(), in_register.alerts.end(),
                                       [&](const OutlinedAlert& one) { return is_published(one.alert, max_natural); }));
    add_turbidity(update.facts, placed(in_register.alerts), report.waters.waters);
    manifest.ended = row.ended_at = clock_now();
    report.layers = update.layers;
    return update;
  };
  const std::unique_ptr<RegisterWrite> write = prepare_context(options.register_target, work, row, started);
  const std::string text = published_text(write->content().alerts, max_natural, as_of(manifest.sites));
  const bool is_same = has_content(options.state + "/" + alerts_name, text);
  set_output(manifest.outputs, {alerts_name, text.size(), sha256_text(text)});
  set_register(options.state, options.register_target, *write,
               (before.alert_register ? before.alert_register->runs : 0) + 1, manifest);
  publish_all(options.state, manifest, options.signing, *write, is_same ? nullptr : &text);
  report.new_facts = write->new_facts();
  report.changed = write->changed() || !is_same;
  for (const OutlinedAlert& one : write->content().alerts) {
    if (one.alert.status != AlertStatus::superseded) report.alerts.push_back(one);
  }
}

}  // namespace

ContextLayers load_context(const ContextConfig& config, const std::string& sites, const NetworkOptions& network) {
  ContextLayers read;
  read.config = config;
  read.layers = load_layers(config, [&](const std::string& url) {
    try {
      HttpClient client(network.http, policy_for(url, network));
      return fetch_layer(url, client);
    } catch (const ConfigError& error) {
      throw DataError(error.what());
    }
  });
  for (const LoadedLayer& loaded : read.layers) {
    if (!loaded.problem.empty()) read.skipped.emplace_back("layer " + loaded.layer.name, loaded.problem);
  }
  if (config.elevation) {
    try {
      for (const std::string& source : config.elevation->sources) check_elevation(source);
    } catch (const DataError& error) {
      read.skipped.emplace_back("layer elevation", printable(error.what()));
    }
  }
  try {
    read.sites = read_site_outlines(sites);
    if (config.groundwater) {
      for (const auto& [id, facts] : config.groundwater->sites) {
        if (read.sites.count(id) == 0) {
          read.skipped.emplace_back("groundwater of site '" + printable(id) + "'", "is no site of " + sites);
        }
      }
    }
  } catch (const std::exception& error) {
    read.skipped.emplace_back("layer of the sites", printable(error.what()));
  }
  remark_far_layers(read.layers, read.sites);
  return read;
}

ContextUpdate context_of(const ContextLayers& read, const AlertsInRegister& in_register, Instant now,
                         std::vector<std::pair<std::string, std::string>>& skipped) {
  const std::vector<OutlinedAlert> alerts = placed(in_register.alerts);
  ContextUpdate update;
  update.facts = work_out_context(read.layers, read.config.registration_error_m, alerts, now, in_parallel);
  for (auto& open : left_open(read.layers, read.config.registration_error_m, alerts, update.facts)) {
    skipped.push_back(std::move(open));
  }
  set_site_shares(read.sites, alerts, update.facts, in_parallel);
  if (const std::set<std::string> ids = crossers(update.facts); !ids.empty()) {
    date_crossings(read.layers, read.config.registration_error_m, alerts, in_register.history(ids), update.facts,
                   in_parallel);
  }
  for (const LoadedLayer& loaded : read.layers) update.layers.push_back(state_of(loaded));
  std::optional<ContextLayerState> elevation =
      add_water_facts(update.facts, alerts, read.layers, read.config, now, in_parallel);
  if (elevation) update.layers.push_back(*std::move(elevation));
  return update;
}

ContextReport record_context(const ContextOptions& given, const ProgressSink& progress) {
  const auto start = std::chrono::steady_clock::now();
  const Instant started = clock_now();
  const ContextOptions options = with_absolute_paths(given);
  const ContextConfig config = read_context_config(options.layers);
  if (!holds_state(options.state)) throw DataError(options.state + ": holds no state");
  ContextReport report;
  if (options.waters) {
    in_arena(options.threads, [&] {
      report.waters = look_at_waters(options, load_context(config, options.waters->sites, options.network), progress);
    });
  }
  const FolderLock lock(options.state);
  const FileLock writers = record_lock(options.state);
  const std::optional<Manifest> before = settled_head(options.state);
  if (!before || !before->alert_register) throw DataError(options.state + ": has no record of a run");
  expect_newest_register(*before->alert_register, options.state, options.register_target);
  in_arena(options.threads, [&] {
    const ContextLayers read = load_context(config, before->sites_file, options.network);
    expect_usable(read);
    report.skipped = read.skipped;
    publish_context(options, read, *before, started, report);
  });
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace pitwatch
