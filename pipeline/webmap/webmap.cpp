#include "pipeline/webmap/webmap.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/webmap/map_content.hpp"
#include "pipeline/webmap/map_folder.hpp"
#include "pipeline/webmap/map_pictures.hpp"
#include "pipeline/webmap/map_scripts.hpp"
#include "pipeline/webmap/script_text.hpp"
#include "pipeline/webmap/site_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Where dossiers lie, relative to the map's folder; empty: there are none.
std::string dossiers_of(const MapOptions& options, const std::string& folder) {
  if (!options.dossiers.empty()) {
    std::error_code none;
    if (!fs::is_directory(fs::path(folder) / options.dossiers, none)) {
      throw ConfigError("--dossiers " + options.dossiers + ": no such folder in --out " + options.out);
    }
    return fs::path(options.dossiers).lexically_normal().generic_string();
  }
  return fs::is_directory(fs::path(folder) / dossiers_name) ? dossiers_name : "";
}

/// The URL of a page that `pitwatch report` names so; empty where it is not there.
std::string dossier_of(const std::string& folder, const std::string& dossiers, const char* kind,
                       const std::string& file_name) {
  if (dossiers.empty()) return {};
  const fs::path relative = fs::path(dossiers) / (std::string(kind) + file_name + ".html");
  return fs::is_regular_file(fs::path(folder) / relative) ? url_of_path(relative.generic_string()) : "";
}

void write_page(const MapOptions& options, const AtomicFolder& made) {
  for (const char* const within : {"app", "leaflet/images", "data"}) made.make_folder(within);
  for (const auto& [name, bytes] : page_files(options.language)) made.write(name, bytes);
  made.write("data/texts.js", texts_script(map_texts(options.language)));
}

void write_alerts(const MapOptions& options, const MapContent& content, const std::vector<std::string>& names,
                  const std::string& folder, const std::string& dossiers, const AtomicFolder& made, MapReport& report) {
  std::vector<MapReport> parts(content.alerts.size());
  in_parallel(static_cast<int>(content.alerts.size()), [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    const MapAlert& alert = content.alerts[at];
    MapDetails details;
    details.pictures =
        write_pictures(options.state, content.due_chips, alert, names[at], options.film, made, parts[at].skipped);
    details.observations = observations_of(options.state, alert, parts[at].skipped);
    details.dossier = dossier_of(folder, dossiers, "alert-", names[at]);
    made.write("data/alert-" + names[at] + ".js", alert_script(alert, names[at], details));
    parts[at].pictures = details.pictures.size();
    parts[at].dossiers = details.dossier.empty() ? 0 : 1;
  });
  for (const MapReport& part : parts) {
    report.pictures += part.pictures;
    report.dossiers += part.dossiers;
    report.skipped.insert(report.skipped.end(), part.skipped.begin(), part.skipped.end());
  }
}

}  // namespace

MapReport write_map(const MapOptions& options) {
  const std::string kept = kept_part(options.dossiers.empty() ? dossiers_name : options.dossiers);
  const std::string folder = map_folder(options.out, kept);
  const std::string dossiers = dossiers_of(options, folder);
  MapReport report;
  in_arena(options.threads, [&] {
    MapContent content = read_map_content(options);
    for (MapSite& site : content.sites) {
      site.dossier = dossier_of(folder, dossiers, "site-", chip_folder_name(site.id));
    }
    const std::vector<std::string> names = alert_file_names(content);
    AtomicFolder made(folder);
    write_page(options, made);
    made.write("data/map.js", map_script(content, names, options.language));
    for (std::size_t piece = 0; piece * alerts_of_growth < content.alerts.size(); ++piece) {
      made.write("data/growth-" + std::to_string(piece) + ".js", growth_script(content, piece));
    }
    write_alerts(options, content, names, folder, dossiers, made, report);
    keep(folder, kept, made);
    made.commit();
    report.sites = content.sites.size();
    report.alerts = content.alerts.size();
    report.skipped.insert(report.skipped.begin(), content.skipped.begin(), content.skipped.end());
  });
  return report;
}

}  // namespace pitwatch
