#include "pipeline/accuracy/label_score.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr int near_steps = 3;
constexpr double found_share = 0.2;
constexpr double near_share = 0.1;

using Bytes = Plane<std::uint8_t>;

Bytes zeros(int width, int height) {
  Bytes plane(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(plane.row(y), width, std::uint8_t{0});
  return plane;
}

void check_values(PlaneView<const std::uint16_t> label) {
  for (int y = 0; y < label.height; ++y) {
    for (int x = 0; x < label.width; ++x) {
      const std::uint16_t value = label.at(x, y);
      if (value != label_unchanged && value != label_changed && value != label_not_judged) {
        throw DataError("is no raster of changes: a pixel is " + std::to_string(value) +
                        ", not 0 (unchanged), 1 (changed) or 255 (not judged)");
      }
    }
  }
}

Bytes dilated_by_cross(const Bytes& from) {
  Bytes to = zeros(from.width(), from.height());
  for (int y = 0; y < from.height(); ++y) {
    for (int x = 0; x < from.width(); ++x) {
      const bool set = from.at(x, y) != 0 || (x > 0 && from.at(x - 1, y) != 0) ||
                       (x + 1 < from.width() && from.at(x + 1, y) != 0) || (y > 0 && from.at(x, y - 1) != 0) ||
                       (y + 1 < from.height() && from.at(x, y + 1) != 0);
      to.at(x, y) = set ? 1 : 0;
    }
  }
  return to;
}

/// Where an alert is not held against the system: near change, or not judged.
Bytes excused(PlaneView<const std::uint16_t> label) {
  Bytes plane = zeros(label.width, label.height);
  for (int y = 0; y < label.height; ++y) {
    for (int x = 0; x < label.width; ++x) plane.at(x, y) = label.at(x, y) == label_changed ? 1 : 0;
  }
  for (int step = 0; step < near_steps; ++step) plane = dilated_by_cross(plane);
  for (int y = 0; y < label.height; ++y) {
    for (int x = 0; x < label.width; ++x) {
      if (label.at(x, y) == label_not_judged) plane.at(x, y) = 1;
    }
  }
  return plane;
}

struct ObjectPixels {
  std::int64_t all = 0;
  std::int64_t alerted = 0;
};

/// The object of a changed pixel, whose pixels are marked in `seen`.
ObjectPixels flood(PlaneView<const std::uint16_t> label, const Bytes& alerted, PixelPoint start, Bytes& seen) {
  ObjectPixels object;
  std::vector<PixelPoint> open{start};
  seen.at(start.x, start.y) = 1;
  while (!open.empty()) {
    const PixelPoint place = open.back();
    open.pop_back();
    ++object.all;
    object.alerted += alerted.at(place.x, place.y);
    for (int y = std::max(0, place.y - 1); y <= std::min(label.height - 1, place.y + 1); ++y) {
      for (int x = std::max(0, place.x - 1); x <= std::min(label.width - 1, place.x + 1); ++x) {
        if (label.at(x, y) != label_changed || seen.at(x, y) != 0) continue;
        seen.at(x, y) = 1;
        open.push_back({x, y});
      }
    }
  }
  return object;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

}  // namespace

double LabelScore::precision() const { return share(true_positives, true_positives + false_positives); }
double LabelScore::recall() const { return share(true_positives, true_positives + false_negatives); }
double LabelScore::f1() const {
  const double sum = precision() + recall();
  return sum > 0 ? 2 * precision() * recall() / sum : 0.0;
}
double LabelScore::iou() const { return share(true_positives, true_positives + false_positives + false_negatives); }
std::optional<double> LabelScore::object_recall() const {
  return objects > 0 ? std::optional(share(found, objects)) : std::nullopt;
}
std::optional<double> LabelScore::false_per_km2() const {
  return judged_km2 > 0 ? std::optional(static_cast<double>(false_alerts) / judged_km2) : std::nullopt;
}

LabelScore score_against_label(PlaneView<const std::uint16_t> label, double pixel_size_m,
                               std::span<const RasterisedAlert> alerts, double min_area_ha) {
  check_values(label);
  const double pixel_ha = pixel_size_m * pixel_size_m / 1e4;
  const Bytes excuse = excused(label);
  Bytes alerted = zeros(label.width, label.height);
  LabelScore score;
  for (const RasterisedAlert& alert : alerts) {
    std::int64_t pixels = 0, excused_pixels = 0;
    for (int y = 0; y < alert.window.height; ++y) {
      for (int x = 0; x < alert.window.width; ++x) {
        if (alert.inside.at(x, y) == 0) continue;
        ++pixels;
        excused_pixels += excuse.at(alert.window.x + x, alert.window.y + y);
        alerted.at(alert.window.x + x, alert.window.y + y) = 1;
      }
    }
    if (pixels > 0) ++score.alerts;
    const auto all = static_cast<double>(pixels);
    if (pixels > 0 && all * pixel_ha >= min_area_ha && static_cast<double>(excused_pixels) < near_share * all) {
      ++score.false_alerts;
    }
  }

  std::int64_t judged = 0;
  Bytes seen = zeros(label.width, label.height);
  for (int y = 0; y < label.height; ++y) {
    for (int x = 0; x < label.width; ++x) {
      const std::uint16_t value = label.at(x, y);
      if (value == label_not_judged) continue;
      ++judged;
      const bool alert = alerted.at(x, y) != 0;
      if (value == label_unchanged) {
        score.false_positives += alert ? 1 : 0;
        continue;
      }
      ++(alert ? score.true_positives : score.false_negatives);
      if (seen.at(x, y) != 0) continue;
      const ObjectPixels object = flood(label, alerted, {x, y}, seen);
      const auto all = static_cast<double>(object.all);
      if (all * pixel_ha < min_area_ha) continue;
      ++score.objects;
      if (static_cast<double>(object.alerted) >= found_share * all) ++score.found;
    }
  }
  score.judged_km2 = static_cast<double>(judged) * pixel_ha / 100;
  return score;
}

}  // namespace pitwatch
