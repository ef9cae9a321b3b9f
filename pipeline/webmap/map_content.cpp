#include "pipeline/webmap/map_content.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "pipeline/context/context.hpp"
#include "pipeline/context/context_config.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/io/vector/vector_hash.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/watch/publish.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr double layer_margin_deg = 0.05;             // of layers around sites and alerts: some kilometres
constexpr std::size_t most_layer_vertices = 200'000;  // of one layer: a browser is to stay fluid

std::size_t vertices_of(const LayerFeature& feature) {
  std::size_t count = feature.points.size();
  for (const LonLatLine& line : feature.lines) count += line.size();
  for (const LonLatPolygon& polygon : feature.areas) {
    count += polygon.outer.size();
    for (const LonLatRing& hole : polygon.holes) count += hole.size();
  }
  return count;
}

// ---- sites ----

void lack(MapContent& content, const MapLack& what, const std::string& shown, const std::string& why) {
  content.skipped.emplace_back(shown, why);
  if (std::find(content.lacks.begin(), content.lacks.end(), what) == content.lacks.end()) content.lacks.push_back(what);
}

bool is_asked(const MapOptions& options, const std::string& site) {
  return options.sites.empty() || std::find(options.sites.begin(), options.sites.end(), site) != options.sites.end();
}

/// Names and outlines, as far as the file of the sites still says.
void add_site_file(const Manifest& record, MapContent& content) {
  std::map<std::string, std::string> names;
  std::map<std::string, LonLatMultiPolygon> outlines;
  try {
    std::vector<RejectedSite> rejected;
    for (const Site& site : read_sites(record.sites_file, rejected)) names[site.id] = site.name;
    outlines = read_site_outlines(record.sites_file);
  } catch (const std::exception& error) {
    lack(content, {MapLack::What::sites, {}}, "outlines of the sites", printable(error.what()));
    return;
  }
  for (MapSite& site : content.sites) {
    if (const auto named = names.find(site.id); named != names.end()) site.name = named->second;
    if (const auto outlined = outlines.find(site.id); outlined != outlines.end()) site.outline = outlined->second;
  }
}

std::vector<MapSite> sites_on_record(const Manifest& record, const MapOptions& options) {
  std::vector<MapSite> sites;
  for (const SiteStanding& site : record.sites) {
    if (is_asked(options, site.id)) sites.push_back({site.id, site.id, site.is_watched, {}, {}});
  }
  return sites;
}

/// The place of an alert's site among the sites, where it is put if it is not there.
std::size_t place_of_site(const std::string& id, std::unordered_map<std::string, std::size_t>& places,
                          std::vector<MapSite>& sites) {
  const auto [known, is_new] = places.try_emplace(id, sites.size());
  if (is_new) sites.push_back({id, id, false, {}, {}});
  return known->second;
}

void expect_known_sites(const MapOptions& options, const MapContent& content) {
  for (const std::string& asked : options.sites) {
    const bool is_known =
        std::any_of(content.sites.begin(), content.sites.end(), [&](const MapSite& site) { return site.id == asked; });
    if (!is_known) throw ConfigError("--site " + printable(asked) + ": the state knows no such site");
  }
}

// ---- alerts ----

/// The events of each alert's newest revision.
void add_events(const std::string& target, MapContent& content) {
  std::unordered_map<std::string, MapAlert*> by_id;
  for (MapAlert& alert : content.alerts) by_id.emplace(alert.outlined.alert.id, &alert);
  for (RegisteredEvent& event : read_history(target)) {
    const auto of = by_id.find(event.alert_id);
    if (of == by_id.end()) continue;
    std::vector<RegisteredEvent>& events = of->second->events;
    if (!events.empty() && events.front().revision > event.revision) continue;
    if (!events.empty() && events.front().revision < event.revision) events.clear();
    events.push_back(std::move(event));
  }
  for (MapAlert& alert : content.alerts) {
    const std::vector<AlertEvent> states = as_alert_events(alert.events, alert.outlined.alert.confidence);
    for (std::size_t i = 0; i < states.size(); ++i) {
      alert.events[i].status = states[i].status;
      alert.events[i].confidence = states[i].confidence;
    }
  }
}

/// Leaves those that were never shown.
void drop_hidden(MapContent& content) {
  std::erase_if(content.alerts, [&](const MapAlert& one) {
    const auto hides = [&](const RegisteredEvent& event) { return is_hidden(event, content.max_natural); };
    return is_left_out(one.outlined.alert, content.max_natural) &&
           std::all_of(one.events.begin(), one.events.end(), hides);
  });
}

void add_alerts(const MapOptions& options, MapContent& content) {
  RegisterContent registered = read_register(options.register_target);
  if (!options.with_reviewers) withhold_reviewers(registered);
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < content.sites.size(); ++i) places.emplace(content.sites[i].id, i);
  std::unordered_map<std::string, std::size_t> by_id;
  for (OutlinedAlert& outlined : registered.alerts) {
    const std::string site = outlined.alert.site.value_or("");
    if (!is_asked(options, site)) continue;
    by_id.emplace(outlined.alert.id, content.alerts.size());
    content.alerts.push_back({std::move(outlined), place_of_site(site, places, content.sites), {}, {}});
  }
  for (RegisteredReview& review : registered.reviews) {
    const auto of = by_id.find(review.alert_id);
    if (of != by_id.end()) content.alerts[of->second].reviews.push_back(std::move(review));
  }
  add_events(options.register_target, content);
  drop_hidden(content);
}

// ---- layers ----

/// Those that are files and the same as when facts were worked out of them; why the others are not drawn is said.
std::vector<ContextLayer> layers_on_record(const MapOptions& options, const ContextConfig& config,
                                           MapContent& content) {
  std::map<std::string, ContextLayerState> recorded;  // as last said
  for (RegisteredLayer& layer : read_context_layers(options.register_target)) {
    recorded.insert_or_assign(layer.layer.name, std::move(layer.layer));
  }
  std::vector<ContextLayer> layers;
  for (const ContextLayer& layer : config.layers) {
    const auto known = recorded.find(layer.name);
    std::string why;
    std::error_code error;
    if (known == recorded.end()) {
      why = "not on record";
    } else if (known->second.sha256.empty() || !fs::is_regular_file(layer.source.target, error)) {
      why = "not a file that is there";
    } else if (sha256_of_vector_file(layer.source.target) != known->second.sha256) {
      why = "has changed since facts were worked out of it";
    } else {
      layers.push_back(layer);
      continue;
    }
    lack(content, {MapLack::What::layer, layer.name}, "layer " + layer.name, why);
  }
  return layers;
}

void add_layers(const MapOptions& options, const Manifest& record, MapContent& content) {
  const auto context = record.options.find("context");
  if (context == record.options.end() || context->second.empty()) return;
  LonLatBox around;
  for (const MapSite& site : content.sites) around.include(site.outline);
  for (const MapAlert& alert : content.alerts) around.include(alert.outlined.outline);
  around = {around.west - layer_margin_deg, around.south - layer_margin_deg, around.east + layer_margin_deg,
            around.north + layer_margin_deg};
  ContextConfig config;
  try {
    config = read_context_config(context->second);
    config.layers = layers_on_record(options, config, content);
  } catch (const std::exception& error) {
    lack(content, {MapLack::What::layers, {}}, "layers", printable(error.what()));
    return;
  }
  for (LoadedLayer& loaded : load_layers(config)) {
    const std::string what = "layer " + loaded.layer.name;
    const MapLack lacked{MapLack::What::layer, loaded.layer.name};
    std::size_t vertices = 0;
    MapLayer layer{loaded.layer.name, std::string(name(loaded.layer.role)), {}};
    for (LayerFeature& feature : loaded.content.features) {
      if (!box_of(feature).meets(around)) continue;
      vertices += vertices_of(feature);
      layer.features.push_back(std::move(feature));
    }
    if (!loaded.problem.empty()) {
      lack(content, lacked, what, loaded.problem);
    } else if (vertices > most_layer_vertices) {
      lack(content, lacked, what,
           "has " + std::to_string(vertices) + " vertices here, more than " + std::to_string(most_layer_vertices));
    } else if (!layer.features.empty()) {
      content.layers.push_back(std::move(layer));
    }
  }
}

// ---- coverage ----

void add_coverage(const MapOptions& options, const Manifest& record, MapContent& content) {
  CoverageOptions what;
  what.state = options.state;
  for (const std::string& site : options.sites) {
    const bool is_on_record = std::any_of(record.sites.begin(), record.sites.end(),
                                          [&](const SiteStanding& standing) { return standing.id == site; });
    if (is_on_record) what.sites.push_back(site);
  }
  if (!content.as_of || what.sites.empty() != options.sites.empty()) return;
  what.feed.until = options.now.value_or(*content.as_of);
  content.coverage = coverage_of(what);
  for (const auto& [file, why] : content.coverage.skipped) lack(content, {MapLack::What::coverage, {}}, file, why);
  for (std::size_t i = 0; i < content.coverage.sites.size(); ++i) {
    for (MapSite& site : content.sites) {
      if (site.id == content.coverage.sites[i].site) site.coverage = i;
    }
  }
}

}  // namespace

bool is_hidden(const RegisteredEvent& event, double max_natural) {
  Alert then;
  then.change_class = event.change_class;
  then.natural_probability = event.natural_probability;
  return is_left_out(then, max_natural);
}

MapContent read_map_content(const MapOptions& options) {
  if (!holds_state(options.state)) throw DataError(options.state + ": holds no state");
  const std::optional<Manifest> record = head(options.state);
  if (!record) throw DataError(options.state + ": has no record of a run");
  MapContent content;
  content.as_of = as_of(record->sites);
  content.sites = sites_on_record(*record, options);
  content.max_natural = options.max_natural.value_or(max_natural_of(record->options));
  add_alerts(options, content);
  expect_known_sites(options, content);
  add_site_file(*record, content);
  add_layers(options, *record, content);
  add_coverage(options, *record, content);
  content.due_chips = due_chips(options.state);
  return content;
}

}  // namespace pitwatch
