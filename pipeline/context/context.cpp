#include "pipeline/context/context.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/context/attribution.hpp"
#include "pipeline/context/nearest.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/scratch_folder.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_box.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/vector_hash.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t told_ids = 20;  // of the features of one remark
constexpr std::size_t alerts_per_part = 64;
constexpr double farthest_m = 1e6;  // beyond which no feature counts as near: the plane of a zone ends there

/// A feature of a layer.
struct Known {
  const LoadedLayer* layer = nullptr;
  const LayerFeature* feature = nullptr;
};

double accuracy_of(const Known& known) { return known.feature->accuracy_m.value_or(known.layer->layer.accuracy_m); }

/// Ground of a feature that was left out.
struct OpenGround {
  std::optional<LonLatBox> extent;  // it lies somewhere in it; nothing: it may lie anywhere
  double accuracy_m = 0;
};

bool may_hold(const OpenGround& open, const LonLatBox& alert, const BoundaryTolerance& tolerance) {
  if (!open.extent) return true;
  return open.extent->grown(tolerance.of(open.accuracy_m / alert_pixel_m) * alert_pixel_m).meets(alert);
}

std::vector<OpenGround> open_ground_of(const LoadedLayer& loaded) {
  std::vector<OpenGround> open;
  for (const LeftOutFeature& feature : loaded.content.left_out) {
    open.push_back({feature.extent, loaded.layer.accuracy_m});
    if (!feature.extent) return {open.back()};
  }
  return open;
}

LonLatBox box_of_outline(const OutlinedAlert& alert) {
  LonLatBox box;
  box.include(alert.outline);
  return box;
}

/// All features of a role on the grid of one zone.
struct RoleOnGrid {
  LayerRole role = LayerRole::licence;
  std::vector<Known> features;
  std::vector<OpenGround> open;
  std::vector<GroundFeature> ground;    // of ground
  std::optional<NearestFinder> finder;  // of others
};

/// The layers as one zone sees them.
class ZoneLayers {
 public:
  ZoneLayers(const std::vector<LoadedLayer>& layers, const std::string& crs) : grid_(zone_grid(crs)), to_grid_(grid_) {
    for (std::size_t i = 0; i < layer_role_names.size(); ++i) {
      const auto role = static_cast<LayerRole>(i);
      const auto of_role = [&](const LoadedLayer& loaded) { return loaded.layer.role == role; };
      const bool is_there = std::any_of(layers.begin(), layers.end(), of_role);
      const bool is_whole = std::all_of(layers.begin(), layers.end(), [&](const LoadedLayer& loaded) {
        return !of_role(loaded) || loaded.problem.empty();
      });
      if (is_there && is_whole) roles_.push_back(on_grid(layers, role));
    }
  }

  const std::vector<RoleOnGrid>& roles() const { return roles_; }
  const Grid& grid() const { return grid_; }

 private:
  RoleOnGrid on_grid(const std::vector<LoadedLayer>& layers, LayerRole role) {
    RoleOnGrid result{role, {}, {}, {}, {}};
    std::vector<NearFeature> near;
    for (const LoadedLayer& loaded : layers) {
      if (loaded.layer.role != role) continue;
      const std::vector<OpenGround> open = open_ground_of(loaded);
      result.open.insert(result.open.end(), open.begin(), open.end());
      for (const LayerFeature& feature : loaded.content.features) {
        const Known known{&loaded, &feature};
        if (!is_ground(role)) {
          near.push_back(to_grid_(feature));
          result.features.push_back(known);
          continue;
        }
        GridShape shape = to_grid_(feature.areas);
        if (shape.empty()) continue;  // on the other side of the Earth
        if (!is_finite(shape)) {
          result.open.push_back({box_of(feature), accuracy_of(known)});
          continue;
        }
        const GridBox box = box_of(shape);
        result.ground.push_back({std::move(shape), box, accuracy_of(known) / alert_pixel_m});
        result.features.push_back(known);
      }
    }
    if (!is_ground(role)) result.finder.emplace(near);
    return result;
  }

  Grid grid_;
  ToGrid to_grid_;
  std::vector<RoleOnGrid> roles_;
};

/// Ids and names in the order of the ground that each has.
std::vector<const FeatureGround*> by_ground(const Attribution& attribution) {
  std::vector<const FeatureGround*> order;
  for (const FeatureGround& ground : attribution.features) order.push_back(&ground);
  std::stable_sort(order.begin(), order.end(),
                   [](const FeatureGround* a, const FeatureGround* b) { return a->area_ha > b->area_ha; });
  return order;
}

void add_once(std::vector<std::string>& texts, const std::string& text) {
  if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

/// Works out alerts of one zone. One thread at a time.
class Worker {
 public:
  Worker(const ZoneLayers& layers, double registration_error_m, Instant now)
      : layers_(layers),
        tolerance_{registration_error_m / alert_pixel_m},
        now_(now),
        to_grid_(layers.grid()),
        to_wgs84_(layers.grid().crs) {}

  ContextFacts work_out(const OutlinedAlert& outlined) {
    facts_ = {};
    facts_.alert_id = outlined.alert.id;
    try {
      const GridShape shape = alert_shape(outlined.outline, to_grid_);
      const AlertPixels pixels = pixels_of(shape, outlined.alert.area_ha);
      for (const RoleOnGrid& role : layers_.roles()) {
        if (is_ground(role.role)) {
          attribute(role, pixels, outlined);
        } else {
          find_nearest(role, shape);
        }
      }
    } catch (const DataError& error) {
      throw DataError("alert '" + outlined.alert.id + "': " + error.what());
    }
    return std::move(facts_);
  }

 private:
  ContextDetail detail_of(const RoleOnGrid& role, const Known& known) const {
    ContextDetail detail;
    detail.subject = name(role.role);
    detail.layer = known.layer->layer.name;
    detail.feature_id = known.feature->id;
    detail.feature_name = known.feature->name;
    detail.holder = known.feature->holder;
    detail.valid_from = known.feature->valid_from;
    detail.valid_to = known.feature->valid_to;
    detail.accuracy_m = accuracy_of(known);
    return detail;
  }

  void attribute(const RoleOnGrid& role, const AlertPixels& pixels, const OutlinedAlert& outlined) {
    const Alert& alert = outlined.alert;
    Attribution ground = attribute_ground(pixels, role.ground, tolerance_, alert.area_uncertainty_ha);
    // What was left out is not absent.
    const LonLatBox box = box_of_outline(outlined);
    if (ground.verdict == BoundaryVerdict::outside &&
        std::any_of(role.open.begin(), role.open.end(),
                    [&](const OpenGround& open) { return may_hold(open, box, tolerance_); })) {
      ground.verdict = BoundaryVerdict::cannot_tell;
    }
    const auto share_of = [&](double area_ha) { return alert.area_ha > 0 ? area_ha / alert.area_ha : 0; };
    for (const FeatureGround& one : ground.features) {
      const Known& known = role.features[one.feature];
      ContextDetail& detail = facts_.details.emplace_back(detail_of(role, known));
      detail.area_ha = 0;
      for (const GroundPart& part : ground.parts) {
        if (part.features == std::vector{one.feature}) detail.area_ha = part.area_ha;
      }
      detail.share = share_of(*detail.area_ha);
      detail.verdict = one.verdict;
      if (role.role == LayerRole::licence) detail.validity = validity_of(known, alert);
    }
    for (const GroundPart& part : ground.parts) {
      if (part.features.size() == 1) continue;
      ContextDetail& detail = facts_.details.emplace_back();
      detail.subject = name(role.role);
      for (const std::size_t feature : part.features) detail.overlapping.push_back(role.features[feature].feature->id);
      detail.area_ha = part.area_ha;
      detail.share = share_of(part.area_ha);
    }
    set_context(role, ground, alert);
  }

  static Validity validity_of(const Known& known, const Alert& alert) {
    return validity_at(known.feature->valid_from, known.feature->valid_to, alert.onset_after, alert.onset_before);
  }

  void set_context(const RoleOnGrid& role, const Attribution& ground, const Alert& alert) {
    const auto each = [&](const auto& visit) {
      for (const FeatureGround* one : by_ground(ground)) {
        if (one->area_ha > alert.area_uncertainty_ha) visit(role.features[one->feature]);
      }
    };
    switch (role.role) {
      case LayerRole::licence: {
        LicenceFacts facts;
        facts.verdict = ground.verdict;
        each([&](const Known& known) {
          facts.ids.push_back(known.feature->id);
          add_once(facts.holders, known.feature->holder);
          const Validity validity = validity_of(known, alert);
          facts.validity = facts.validity.value_or(validity) == validity ? validity : Validity::unknown;
        });
        facts.area_ha = ground.inside_ha;
        facts.share = alert.area_ha > 0 ? ground.inside_ha / alert.area_ha : 0;
        facts.worked_out = now_;
        facts_.context.licence = std::move(facts);
        break;
      }
      case LayerRole::parcel: {
        ParcelFacts facts;
        each([&](const Known& known) { facts.ids.push_back(known.feature->id); });
        facts.area_ha = ground.inside_ha;
        facts.worked_out = now_;
        facts_.context.parcel = std::move(facts);
        break;
      }
      case LayerRole::protected_area: {
        ProtectedFacts facts;
        facts.verdict = ground.verdict;
        each([&](const Known& known) {
          facts.ids.push_back(known.feature->id);
          add_once(facts.names, known.feature->name);
        });
        facts.area_ha = ground.inside_ha;
        facts.worked_out = now_;
        facts_.context.protected_area = std::move(facts);
        break;
      }
      default:
        break;
    }
  }

  LonLat place_of(GridPoint point) {
    const Grid& grid = layers_.grid();
    return to_wgs84_(grid.to_map(point.x, point.y));
  }

  void find_nearest(const RoleOnGrid& role, const GridShape& shape) {
    const std::optional<Nearest> nearest = role.finder->find(shape);
    const bool found = nearest && nearest->distance_px * alert_pixel_m <= farthest_m;
    ContextDetail detail;
    detail.subject = name(role.role);
    if (found) {
      const Known& known = role.features[nearest->feature];
      detail = detail_of(role, known);
      detail.distance_m =
          nearest->distance_px > 0 ? geodesic_distance_m(place_of(nearest->from), place_of(nearest->to)) : 0;
      set_water(role.role,
                {known.feature->name.empty() ? known.feature->id : known.feature->name, *detail.distance_m, {}});
    }
    facts_.details.push_back(std::move(detail));
  }

  void set_water(LayerRole role, NearWater near) {
    std::optional<NearWater> WaterFacts::*const member = role == LayerRole::surface_water ? &WaterFacts::surface
                                                         : role == LayerRole::spring      ? &WaterFacts::spring
                                                         : role == LayerRole::well        ? &WaterFacts::well
                                                                                          : nullptr;
    if (member == nullptr) return;
    if (!facts_.context.water) facts_.context.water.emplace().worked_out = now_;
    *facts_.context.water.*member = std::move(near);
  }

  const ZoneLayers& layers_;
  BoundaryTolerance tolerance_;
  Instant now_;
  ToGrid to_grid_;
  ToWgs84 to_wgs84_;
  ContextFacts facts_;
};

std::string shown(const std::string& target) { return is_url(target) ? redacted(target) : without_password(target); }

void load_url(const LayerFetch& fetch, LoadedLayer& loaded) {
  const std::string& url = loaded.layer.source.target;
  if (!fetch) throw DataError(redacted(url) + ": is not read from the network here");
  const std::string text = fetch(url);
  const ScratchFolder folder;
  LayerSource source = loaded.layer.source;
  source.target = folder.path() + "/layer.geojson";
  write_file_atomically(source.target, text);
  try {
    loaded.content = read_layer(source);
  } catch (const DataError& error) {
    std::string what = error.what();
    for (std::size_t at; (at = what.find(source.target)) != std::string::npos;) {
      what.replace(at, source.target.size(), redacted(url));
    }
    throw DataError(what);
  }
  loaded.sha256 = sha256_text(text);
}

LoadedLayer load(const ContextLayer& layer, const LayerFetch& fetch) {
  LoadedLayer loaded{layer, {}, {}, {}};
  try {
    if (is_url(layer.source.target)) {
      load_url(fetch, loaded);
      return loaded;
    }
    loaded.content = read_layer(layer.source);
    if (!is_database(layer.source.target)) loaded.sha256 = sha256_of_vector_file(layer.source.target);
  } catch (const DataError& error) {
    loaded.content = {};
    loaded.problem = printable(error.what());
  } catch (const IoError& error) {
    loaded.content = {};
    loaded.problem = printable(error.what());
  }
  return loaded;
}

}  // namespace

std::vector<LoadedLayer> load_layers(const ContextConfig& config, const LayerFetch& fetch) {
  std::vector<LoadedLayer> layers;
  for (const ContextLayer& layer : config.layers) layers.push_back(load(layer, fetch));
  return layers;
}

namespace {

/// Boxes around sites and what is within so many kilometres of them.
std::vector<LonLatBox> boxes_around(const std::map<std::string, LonLatMultiPolygon>& sites, double reach_km) {
  std::vector<LonLatBox> boxes;
  for (const auto& [id, outline] : sites) {
    LonLatBox box;
    box.include(outline);
    if (!box.is_empty()) boxes.push_back(box.grown(reach_km * 1000));
  }
  return boxes;
}

}  // namespace

void remark_far_layers(std::vector<LoadedLayer>& layers, const std::map<std::string, LonLatMultiPolygon>& sites) {
  const std::vector<LonLatBox> near = boxes_around(sites, near_sites_km);
  if (near.empty()) return;
  const std::vector<LonLatBox> at_sites = boxes_around(sites, at_site_km);
  const auto touches_any = [](const std::vector<LonLatBox>& boxes, const LonLatBox& box) {
    return std::any_of(boxes.begin(), boxes.end(), [&](const LonLatBox& one) { return one.meets(box); });
  };
  for (LoadedLayer& loaded : layers) {
    std::vector<std::pair<std::string, LonLatBox>> far;
    for (const LayerFeature& feature : loaded.content.features) {
      const LonLatBox box = box_of(feature);
      if (!touches_any(near, box)) far.emplace_back(feature.id, box);
    }
    const bool is_far = far.size() == loaded.content.features.size();
    for (const auto& [id, box] : far) {
      const LonLatBox swapped{box.south, box.west, box.north, box.east};
      if (is_far) {
        loaded.content.remarks.push_back({LayerRemark::far_from_sites, id});
      } else if (touches_any(at_sites, swapped)) {
        loaded.content.remarks.push_back({LayerRemark::perhaps_swapped, id});
      }
    }
  }
}

ContextLayerState state_of(const LoadedLayer& loaded) {
  nlohmann::ordered_json remarks = nlohmann::ordered_json::object();
  for (const RemarkedFeature& remarked : loaded.content.remarks) {
    nlohmann::ordered_json& entry = remarks[std::string(name(remarked.remark))];
    if (entry.is_null()) entry = {{"count", 0}, {"ids", nlohmann::ordered_json::array()}};
    entry["count"] = whole_number<int>(entry["count"]) + 1;
    if (entry["ids"].size() < told_ids) entry["ids"].push_back(remarked.id);
  }
  return {loaded.layer.name,
          std::string(name(loaded.layer.role)),
          shown(loaded.layer.source.target),
          loaded.sha256,
          static_cast<int>(loaded.content.read),
          static_cast<int>(loaded.content.features.size()),
          remarks.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          loaded.problem};
}

std::vector<ContextFacts> work_out_context(const std::vector<LoadedLayer>& layers, double registration_error_m,
                                           std::span<const OutlinedAlert> alerts, Instant now,
                                           const ParallelFor& parallel_for) {
  AlertZones zones;
  std::map<std::string, std::vector<std::size_t>> by_zone;
  for (std::size_t i = 0; i < alerts.size(); ++i) by_zone[zones.crs_of(alerts[i])].push_back(i);
  std::vector<ContextFacts> facts(alerts.size());
  for (const auto& [crs, members] : by_zone) {
    const ZoneLayers zone(layers, crs);
    const std::size_t parts = (members.size() + alerts_per_part - 1) / alerts_per_part;
    parallel_for(static_cast<int>(parts), [&, &ids = members](int part) {
      Worker worker(zone, registration_error_m, now);
      const std::size_t first = static_cast<std::size_t>(part) * alerts_per_part;
      for (std::size_t i = first; i < std::min(first + alerts_per_part, ids.size()); ++i) {
        facts[ids[i]] = worker.work_out(alerts[ids[i]]);
      }
    });
  }
  return facts;
}

namespace {

/// "LIC-7, ambiguous; LIC-9, no_geometry; ..."
std::string first_of(const std::vector<LeftOutFeature>& features) {
  constexpr std::size_t most_named = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(features.size(), most_named); ++i) {
    text += (i == 0 ? "" : "; ") + features[i].id + ", " + std::string(name(features[i].why));
  }
  return text + (features.size() > most_named ? "; ..." : "");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> left_open(const std::vector<LoadedLayer>& layers,
                                                           double registration_error_m,
                                                           std::span<const OutlinedAlert> alerts,
                                                           std::span<const ContextFacts> facts) {
  const BoundaryTolerance tolerance{registration_error_m / alert_pixel_m};
  const auto is_open = [](const AlertContext& context, LayerRole role) {
    constexpr BoundaryVerdict open = BoundaryVerdict::cannot_tell;
    return role == LayerRole::licence ? context.licence && context.licence->verdict == open
                                      : context.protected_area && context.protected_area->verdict == open;
  };
  std::vector<std::pair<std::string, std::string>> result;
  for (const LoadedLayer& loaded : layers) {
    const LayerRole role = loaded.layer.role;
    if (role != LayerRole::licence && role != LayerRole::protected_area) continue;
    const std::vector<OpenGround> open = open_ground_of(loaded);
    std::size_t count = 0;
    for (std::size_t i = 0; i < alerts.size() && !open.empty(); ++i) {
      if (!is_open(facts[i].context, role)) continue;
      const LonLatBox box = box_of_outline(alerts[i]);
      count +=
          std::any_of(open.begin(), open.end(), [&](const OpenGround& one) { return may_hold(one, box, tolerance); })
              ? 1
              : 0;
    }
    if (count == 0) continue;
    result.emplace_back("layer " + loaded.layer.name,
                        std::to_string(count) + (count == 1 ? " alert lies" : " alerts lie") +
                            " where features that were left out are, or may be (" + first_of(loaded.content.left_out) +
                            "): on whose ground cannot be told");
  }
  return result;
}

}  // namespace pitwatch
