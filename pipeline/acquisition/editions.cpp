#include "pipeline/acquisition/editions.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "pipeline/core/mgrs.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {
namespace {

constexpr std::chrono::minutes longest_datatake{10};  // where no identifier says which scenes are of one
constexpr std::chrono::hours longest_run{24};         // in which the parts of a split datastrip are all made
constexpr double whole_percent = 1;                   // pixels without data in a granule that counts as whole
constexpr double same_part_percent = 1;               // by which reprocessing may move the edge of the swath
constexpr double same_part_of_side = 0.02;            // the same, for footprints

bool is_whole(const Scene& scene) { return scene.nodata && *scene.nodata < whole_percent; }

bool is_of_datatake(const Scene& first, const Scene& scene) {
  if (!first.datatake.empty() && !scene.datatake.empty()) return first.datatake == scene.datatake;
  if (!first.platform.empty() && !scene.platform.empty() && first.platform != scene.platform) return false;
  if (first.tile.empty() && first.bbox && scene.bbox && !overlap(*first.bbox, *scene.bbox)) return false;
  return std::chrono::abs(scene.acquired - first.acquired) < longest_datatake;
}

bool holds(const DegreeBox& outer, const DegreeBox& inner) {
  const auto width = [](const DegreeBox& box) { return box.east - box.west + (box.east < box.west ? 360 : 0); };
  const double x = same_part_of_side * width(inner);
  const double y = same_part_of_side * (inner.north - inner.south);
  const double west = std::remainder(inner.west - outer.west, 360);
  return west >= -x && west + width(inner) <= width(outer) + x && inner.south >= outer.south - y &&
         inner.north <= outer.north + y;
}

bool is_same_part(const Scene& newer, const Scene& older) {
  if (newer.tile != older.tile) return false;
  if (!newer.datastrip_start.empty() && !older.datastrip_start.empty() &&
      newer.datastrip_start != older.datastrip_start) {
    return false;
  }
  if (newer.bbox && older.bbox && !holds(*newer.bbox, *older.bbox)) return false;
  return !newer.nodata || !older.nodata || is_whole(newer) ||
         std::abs(*newer.nodata - *older.nodata) <= same_part_percent;
}

/// Why `older` need not be read beside `newer`; nothing where it must.
std::optional<std::string> superseded(const Scene& newer, const Scene& older) {
  if (newer.id == older.id && newer.tile == older.tile && newer.processing_baseline == older.processing_baseline &&
      newer.processed == older.processed && newer.level == older.level) {
    return "the same product as " + newer.source;
  }
  if (!is_same_part(newer, older)) return std::nullopt;
  const std::string by = "superseded by " + newer.id + ": ";
  if (newer.level != older.level && newer.level == "L2A") return by + "Level-2A";
  if (newer.processing_baseline != older.processing_baseline && !newer.processing_baseline.empty()) {
    return by + "baseline " + newer.processing_baseline +
           (older.processing_baseline.empty() ? "" : " after " + older.processing_baseline);
  }
  if (newer.processed && older.processed) {
    const std::string later =
        by + "processed " + format_instant(*newer.processed) + ", this one " + format_instant(*older.processed);
    if (*newer.processed - *older.processed > longest_run || is_whole(newer)) return later;
    return std::nullopt;
  }
  if (is_whole(newer)) return by + "the same part";
  return std::nullopt;
}

bool is_newer(const ListedScene& a, const ListedScene& b) {
  const bool a_is_l2a = a.scene.level == "L2A";
  const bool b_is_l2a = b.scene.level == "L2A";
  const auto age_of_a = std::tie(a_is_l2a, a.scene.processing_baseline, a.scene.processed);
  const auto age_of_b = std::tie(b_is_l2a, b.scene.processing_baseline, b.scene.processed);
  if (age_of_a != age_of_b) return age_of_a > age_of_b;
  return std::tie(a.scene.id, a.scene.source) < std::tie(b.scene.id, b.scene.source);
}

}  // namespace

void prefer_zone(Datatake& datatake, const std::string& crs) {
  std::stable_partition(datatake.parts.begin(), datatake.parts.end(), [&](const ListedScene& part) {
    const std::string own = crs_of_tile(part.scene.tile);
    return own.empty() || own == crs;
  });
}

SceneChoice choose_one_per_datatake(std::vector<ListedScene> scenes) {
  std::sort(scenes.begin(), scenes.end(), is_listed_before);
  SceneChoice choice;
  for (ListedScene& listed : scenes) {
    const auto found = std::find_if(choice.datatakes.rbegin(), choice.datatakes.rend(), [&](const Datatake& datatake) {
      return is_of_datatake(datatake.parts.front().scene, listed.scene);
    });
    if (found == choice.datatakes.rend()) {
      choice.datatakes.push_back({listed.scene.acquired, {}});
      choice.datatakes.back().parts.push_back(std::move(listed));
    } else {
      found->parts.push_back(std::move(listed));
    }
  }
  for (Datatake& datatake : choice.datatakes) {
    std::sort(datatake.parts.begin(), datatake.parts.end(), is_newer);
    std::vector<ListedScene> kept;
    for (ListedScene& listed : datatake.parts) {
      std::optional<std::string> reason;
      for (const ListedScene& newer : kept) {
        reason = superseded(newer.scene, listed.scene);
        if (reason) break;
      }
      if (reason) {
        choice.superseded.push_back({std::move(listed), std::move(*reason)});
      } else {
        kept.push_back(std::move(listed));
      }
    }
    datatake.parts = std::move(kept);
  }
  std::sort(choice.superseded.begin(), choice.superseded.end(),
            [](const SupersededScene& a, const SupersededScene& b) { return is_listed_before(a.scene, b.scene); });
  return choice;
}

}  // namespace pitwatch
