#include "pipeline/run/look_choice.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>

#include "pipeline/io/geodesy.hpp"
#include "pipeline/io/hashing.hpp"
#include "pipeline/run/site_look.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// A raster that was cut off has another size when it has come whole.
std::string sizes_of(const Scene& scene) {
  std::string text;
  for (const auto& [band, asset] : scene.bands) {
    std::error_code error;
    const auto size = fs::file_size(asset.path, error);
    text += " " + (error ? std::string("-") : std::to_string(size));
  }
  return text;
}

LookRecord record_of(const Datatake& datatake) {
  std::string fingerprints;
  for (const ListedScene& part : datatake.parts) {
    fingerprints += part.scene.id + " " + part.fingerprint + sizes_of(part.scene) + "\n";
  }
  const Scene& first = datatake.parts.front().scene;
  return {sha256_text(fingerprints), datatake.acquired, first.id, first.tile, {}};
}

}  // namespace

LookPlan plan_looks(const SourceListing& listing, const WatchedSite& watched, const Grid& grid,
                    std::vector<std::pair<std::string, std::string>>& left_out) {
  const WatchOptions& options = watched.options;
  const DegreeBox here = degree_box(grid);
  std::vector<ListedScene> scenes;
  std::vector<ListedScene> top_of_atmosphere;
  for (const ListedScene& listed : listing.scenes) {
    if (options.until && listed.scene.acquired > *options.until) continue;
    if (watched.site.baseline_from && listed.scene.acquired < *watched.site.baseline_from) continue;
    if (listed.scene.bbox && !overlap(*listed.scene.bbox, here)) continue;
    (listed.scene.level == "L1C" ? top_of_atmosphere : scenes).push_back(listed);
  }
  // The two levels differ by the air, which would be taken for change.
  const bool watch_top = scenes.empty() && options.masks.own != OwnMasks::off;
  if (watch_top) scenes.swap(top_of_atmosphere);
  for (const ListedScene& listed : top_of_atmosphere) {
    left_out.emplace_back(listed.scene.id, scenes.empty() ? "Level-1C has no classification to mask clouds by"
                                                          : "Level-1C is not mixed with Level-2A");
  }
  SceneChoice choice = choose_one_per_datatake(std::move(scenes));
  for (const LeftOutScene& other : choice.left_out) left_out.emplace_back(other.scene.scene.id, other.reason);
  LookPlan plan;
  for (Datatake& datatake : choice.datatakes) {
    prefer_zone(datatake, grid.crs);
    LookRecord record = record_of(datatake);
    plan.looks.push_back({std::move(datatake), std::move(record)});
  }
  if (watched.site.baseline_to) {
    plan.learn_until = *watched.site.baseline_to + Instant::duration(1);
  } else if (!plan.looks.empty()) {
    plan.learn_until = plan.looks.front().record.acquired + std::chrono::days(options.history_days);
  }
  return plan;
}

std::vector<Scene> scenes_of(const Datatake& datatake) {
  std::vector<Scene> parts;
  for (const ListedScene& part : datatake.parts) parts.push_back(part.scene);
  return parts;
}

}  // namespace pitwatch
