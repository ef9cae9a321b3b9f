#include "pipeline/watch/alert_sight.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "pipeline/acquisition/reference.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/monitor/strata.hpp"
#include "pipeline/watch/ground_judge.hpp"

namespace pitwatch {
namespace {

static_assert(chip_bands == watched_bands && observed_features == feature_names);

constexpr std::size_t longest_text = 300;

std::string one_line(const std::string& text) { return printable(text).substr(0, longest_text); }

/// Sums of what pixels tell of a feature.
struct FeatureSums {
  double value = 0;
  int values = 0;
  double expected = 0;
  double sd = 0;
  int judged = 0;

  ObservedFeature means() const {
    ObservedFeature result;
    if (values > 0) result.value = value / values;
    if (judged > 0) {
      result.expected = expected / judged;
      result.sd = sd / judged;
    }
    return result;
  }
};

/// Why a pixel that is not clear is not.
std::string_view reason_of(const AcquisitionTaken& taken, MaskBits mask, std::size_t pixel) {
  for (const MaskReasonName& reason : mask_reasons) {
    if ((mask & reason.bit) != 0) return reason.name;
  }
  if (taken.features.seen[pixel] == Seen::nothing) return "nodata";
  // Neither by the mask nor by its spectrum: the margin around cloud, or snow by its colour.
  return taken.features.seen[pixel] == Seen::masked ? "cloud_margin" : "screened";
}

bool is_clear(const AcquisitionTaken& taken, std::size_t pixel) {
  return taken.features.seen[pixel] == Seen::clear && taken.observation->use[pixel] != ObservationUse::screened;
}

/// Why a pixel did not count as clear ground. Bare ground that the mask calls cloud did; what neither mask nor
/// measurement explains is beside cloud, or looks as cloud, its shadow or snow do.
MaskBits mask_of(const AcquisitionTaken& taken, MaskBits mask, std::size_t pixel) {
  if (is_clear(taken, pixel)) return mask_clear;
  if (mask != mask_clear) return mask;
  return taken.features.seen[pixel] == Seen::nothing ? mask_nodata : mask_cloud;
}

Grid grid_of(const Window& window, const Grid& grid) {
  return {grid.crs, grid.to_map(window.x, window.y), grid.pixel_size_m, window.width, window.height};
}

}  // namespace

ObservedAlert observed_alert(const WatchedIncident& incident, const AcquisitionTaken& taken, int grid_width) {
  ObservedAlert row;
  row.acquisition = one_line(taken.record.scene());
  row.acquired = taken.record.acquired;
  if (taken.observation == nullptr) {
    row.use = AlertSeen::skipped;
    row.why = one_line(taken.record.skipped);
    return row;
  }
  const Observation& seen = *taken.observation;
  int pixels = 0;
  int clear = 0;
  int detected = 0;
  double probability = 0;
  std::array<FeatureSums, feature_count> sums{};
  std::map<std::string_view, int> hidden_by;
  for (const Run& run : incident.runs) {
    for (int x = run.begin; x < run.end; ++x) {
      const auto i =
          static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid_width) + static_cast<std::size_t>(x);
      ++pixels;
      probability += std::isfinite(seen.probability[i]) ? seen.probability[i] : 0;
      detected += shows_disturbance(seen, taken.state, i) ? 1 : 0;
      if (!is_clear(taken, i)) {
        ++hidden_by[reason_of(taken, taken.planes.mask.at(x, run.row), i)];
        continue;
      }
      ++clear;
      for (std::size_t k = 0; k < feature_count; ++k) {
        const float value = taken.features.values.at(i, k);
        if (!std::isfinite(value)) continue;
        sums[k].value += value;
        ++sums[k].values;
        const float sd = seen.residuals.deviation.at(i, k);
        if (seen.residuals.kind[i] == no_kind || !(sd > 0)) continue;
        sums[k].expected += value - seen.residuals.residual.at(i, k);
        sums[k].sd += sd;
        ++sums[k].judged;
      }
    }
  }
  if (pixels == 0) return row;
  row.use = 2 * clear >= pixels ? AlertSeen::clear : AlertSeen::masked;
  if (row.use == AlertSeen::masked) {
    row.why = std::max_element(hidden_by.begin(), hidden_by.end(), [](const auto& a, const auto& b) {
                return a.second < b.second;
              })->first;
  }
  row.clear_share = static_cast<double>(clear) / pixels;
  row.detected_share = static_cast<double>(detected) / pixels;
  row.probability = std::clamp(probability / pixels, 0.0, 1.0);
  for (std::size_t k = 0; k < feature_count; ++k) row.features[k] = sums[k].means();
  return row;
}

Chip chip_of(const AcquisitionTaken& taken, const Window& window, const Grid& grid) {
  const ObservationPlanes& planes = taken.planes;
  const std::array<const Plane<float>*, chip_bands.size()> bands{&planes.blue, &planes.green,  &planes.red,
                                                                 &planes.nir,  &planes.swir16, &planes.swir22};
  Chip chip;
  chip.acquisition = one_line(taken.record.scene());
  chip.acquired = taken.record.acquired;
  chip.grid = grid_of(window, grid);
  for (std::size_t band = 0; band < bands.size(); ++band) {
    const Plane<float>& from = *bands[band];
    Plane<std::uint16_t>& into = chip.bands[band];
    into.reshape(window.width, window.height);
    const bool is_there = from.width() > 0;  // a band that the site is watched without
    for (int y = 0; y < window.height; ++y) {
      std::uint16_t* const row = into.row(y);
      if (is_there) {
        std::transform(from.row(window.y + y) + window.x, from.row(window.y + y) + window.right(), row,
                       keep_reflectance);
      } else {
        std::fill_n(row, window.width, std::uint16_t{0});
      }
    }
  }
  chip.mask.reshape(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    std::size_t i = static_cast<std::size_t>(window.y + y) * static_cast<std::size_t>(grid.width) +
                    static_cast<std::size_t>(window.x);
    for (int x = 0; x < window.width; ++x, ++i) {
      chip.mask.at(x, y) = mask_of(taken, planes.mask.at(window.x + x, window.y + y), i);
    }
  }
  return chip;
}

Chip undisturbed_chip(const SiteState& state, const Window& window, const Grid& grid) {
  Chip chip;
  chip.role = ChipRole::before;
  chip.grid = grid_of(window, grid);
  for (Plane<std::uint16_t>& band : chip.bands) band.reshape(window.width, window.height);
  chip.mask.reshape(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      const auto i = static_cast<std::size_t>(window.y + y) * static_cast<std::size_t>(grid.width) +
                     static_cast<std::size_t>(window.x + x);
      bool is_known = false;
      for (std::size_t band = 0; band < chip.bands.size(); ++band) {
        const PackedReflectance packed = state.undisturbed[i][band];
        chip.bands[band].at(x, y) = packed != 0 ? keep_reflectance(unpack_reflectance(packed)) : std::uint16_t{0};
        is_known = is_known || packed != 0;
      }
      chip.mask.at(x, y) = is_known ? mask_clear : mask_nodata;
    }
  }
  return chip;
}

}  // namespace pitwatch
