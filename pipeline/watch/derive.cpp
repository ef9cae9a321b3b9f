#include "pipeline/watch/derive.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/scratch_folder.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/watch/publish.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A feature's text but for its review, which comes from people and later, and what layers say of it, which stands
/// last. Within texts quotes are escaped, so that what is looked for stands nowhere else.
std::string without_others(std::string text) {
  const std::size_t begin = text.find(R"("review": )");
  const std::size_t end = text.find(R"("class": ")", begin == std::string::npos ? 0 : begin);
  if (begin != std::string::npos && end != std::string::npos) text.erase(begin, end - begin);
  std::size_t context = std::string::npos;
  for (const AlertColumn& column : context_columns()) {
    context = std::min(context, text.find(", \"" + std::string(column.name) + "\": "));
  }
  if (context != std::string::npos) text.replace(context, std::string::npos, "}}");
  return text;
}

struct Feature {
  std::string id;
  std::string text;
  bool is_watched = true;
};

/// Features of a collection that this program wrote, a line each, in the order of the file.
std::vector<Feature> features_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(path + ": cannot be read");
  std::vector<Feature> features;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(R"({"type": "Feature")")) continue;
    if (line.back() == ',') line.pop_back();
    const json feature = json::parse(line, nullptr, false);
    if (!feature.is_object() || !feature.contains("id") || !feature["id"].is_string()) {
      throw DataError(path + ": is damaged");
    }
    const json properties = feature.value("properties", json::object());
    const bool is_watched =
        !properties.is_object() || properties.value("status", json()) != json(name(AlertStatus::not_watched));
    features.push_back({feature["id"].get<std::string>(), without_others(std::move(line)), is_watched});
  }
  return features;
}

}  // namespace

bool DeriveReport::holds() const {
  return unknown.empty() &&
         std::all_of(alerts.begin(), alerts.end(), [](const DerivedAlert& one) { return one.result == Derived::same; });
}

DeriveReport derive(const WatchOptions& options, const std::string& state, const std::vector<std::string>& ids,
                    const ProgressSink& progress) {
  const std::optional<Manifest> record = head(state);
  if (!record) throw DataError(state + ": has no record of a run");
  const std::vector<Feature> published = features_of(state + "/alerts.geojson");
  for (const std::string& id : ids) {
    const auto is_it = [&](const Feature& feature) { return feature.id == id; };
    if (std::none_of(published.begin(), published.end(), is_it)) {
      throw ConfigError(state + ": alerts.geojson has no alert '" + id + "'");
    }
  }
  const ScratchFolder folder;
  WatchOptions again = options;
  if (again.sites.empty()) again.sites = record->sites_file;
  if (again.source.empty()) again.source = record->source;
  again.state = folder.path();
  again.is_rerun = true;
  again.start_from = state;
  again.whole_history = true;
  again.from.reset();
  again.until = as_of(record->sites);
  again.max_natural = max_natural_of(record->options);
  const WatchReport run = watch(again, progress);

  DeriveReport report;
  for (const WatchReport::OfSite& site : run.sites) {
    report.acquisitions += static_cast<std::size_t>(site.new_acquisitions + site.replayed);
    report.taken_on_trust += static_cast<std::size_t>(site.acquisitions - site.new_acquisitions - site.replayed);
    for (const std::string& path : site.continued_from) {
      report.checkpoints.push_back(fs::path(path).lexically_relative(fs::absolute(state).lexically_normal()).string());
    }
  }
  report.gone =
      static_cast<std::size_t>(std::count_if(run.missing.begin(), run.missing.end(), [](const auto& acquisition) {
        return acquisition.of.what != MissingWhat::newer_edition;
      }));
  std::map<std::string, std::string> derived;
  for (Feature& feature : features_of(folder.path() + "/alerts.geojson")) {
    derived[feature.id] = std::move(feature.text);
  }
  const auto is_wanted = [&](const std::string& id) {
    return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  for (const auto& [id, text, is_watched] : published) {
    if (!is_watched) {
      if (is_wanted(id)) report.not_watched.push_back(id);
      continue;
    }
    const auto found = derived.find(id);
    if (is_wanted(id)) {
      report.alerts.push_back({id, found == derived.end()  ? Derived::not_there
                                   : found->second == text ? Derived::same
                                                           : Derived::different});
    }
    if (found != derived.end()) derived.erase(found);
  }
  if (ids.empty()) {
    for (const auto& [id, text] : derived) report.unknown.push_back(id);
  }
  return report;
}

}  // namespace pitwatch
