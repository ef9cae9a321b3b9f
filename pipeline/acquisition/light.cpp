#include "pipeline/acquisition/light.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/sun.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/elevation.hpp"
#include "pipeline/normalise/invariant.hpp"
#include "pipeline/normalise/nadir.hpp"
#include "pipeline/normalise/topography.hpp"

namespace pitwatch {
namespace {

constexpr double farthest_shadow_m = 5000;
constexpr double lowest_sun_zenith_deg = 89;  // from which all ground counts as dark
constexpr std::size_t most_fitted_pixels = 20000;
constexpr double least_invariant_share = 0.1;
constexpr float most_gain = 2;
constexpr std::array<float, 3> ndvi_of_kinds{0.15F, 0.4F, 0.65F};  // bare, sparse, green

int margin_of(const Grid& grid) { return static_cast<int>(std::ceil(farthest_shadow_m / grid.pixel_size_m)); }

Plane<float> elevation_around(const std::string& path, const Grid& grid) {
  const int margin = margin_of(grid);
  Grid wide = grid;
  wide.origin = grid.to_map(-margin, -margin);
  wide.width += 2 * margin;
  wide.height += 2 * margin;
  return read_elevation(path, wide);
}

float ndvi_of(float red, float nir) { return (nir - red) / (nir + red); }

/// The kind whose NDVI is closest; the first for NaN.
std::size_t kind_of(float ndvi) {
  std::size_t kind = 0;
  while (kind + 1 < ndvi_of_kinds.size() && ndvi >= (ndvi_of_kinds[kind] + ndvi_of_kinds[kind + 1]) * 0.5F) ++kind;
  return kind;
}

/// How much of a kind ground of such NDVI is: 1 at the kind's own, 0 at the next one's, linear between them.
float share_of(std::size_t kind, float ndvi) {
  const float own = ndvi_of_kinds[kind];
  const bool is_below = ndvi < own;
  if (is_below ? kind == 0 : kind + 1 == ndvi_of_kinds.size()) return 1;
  const float next = ndvi_of_kinds[is_below ? kind - 1 : kind + 1];
  return std::max(0.0F, 1 - (ndvi - own) / (next - own));
}

void correct_slopes(const Plane<float>& cos_incidence, double sun_zenith_deg, Mosaic& acquisition) {
  const auto red = acquisition.reflectance.find(Band::B04);
  const auto nir = acquisition.reflectance.find(Band::B08);
  if (red == acquisition.reflectance.end() || nir == acquisition.reflectance.end()) return;
  const int width = acquisition.grid.width;
  const int height = acquisition.grid.height;
  // By the acquisition as it came: bands that are corrected first must not move the others' kinds.
  Plane<float> ndvi(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) ndvi.at(x, y) = ndvi_of(red->second.at(x, y), nir->second.at(x, y));
  }
  std::array<std::vector<float>, ndvi_of_kinds.size()> values;
  std::array<std::vector<float>, ndvi_of_kinds.size()> light;
  Plane<float> of_kind(width, height);
  Plane<float> factor(width, height);
  for (auto& [band, plane] : acquisition.reflectance) {
    for (std::size_t kind = 0; kind < ndvi_of_kinds.size(); ++kind) {
      values[kind].clear();
      light[kind].clear();
    }
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        factor.at(x, y) = 0;
        if (acquisition.mask.at(x, y) != mask_clear) continue;
        const std::size_t kind = kind_of(ndvi.at(x, y));
        values[kind].push_back(plane.at(x, y));
        light[kind].push_back(cos_incidence.at(x, y));
      }
    }
    for (std::size_t kind = 0; kind < ndvi_of_kinds.size(); ++kind) {
      for (int y = 0; y < height; ++y) std::fill_n(of_kind.row(y), width, 1.0F);
      const auto fit = fit_illumination(values[kind], light[kind]);
      if (fit) correct_illumination(of_kind.view(), cos_incidence.view(), sun_zenith_deg, fit->c());
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) factor.at(x, y) += share_of(kind, ndvi.at(x, y)) * of_kind.at(x, y);
      }
    }
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) plane.at(x, y) *= factor.at(x, y);
    }
  }
}

}  // namespace

void check(const LightOptions& options) {
  if (options.topographic_correction && options.elevation.empty()) {
    throw ConfigError("--topographic-correction needs --elevation FILE");
  }
}

std::string light_text(const LightOptions& options, const Grid& grid) {
  std::string text;
  if (!options.elevation.empty()) {
    const Plane<float> elevation = elevation_around(options.elevation, grid);
    std::string heights;
    for (int y = 0; y < elevation.height(); ++y) {
      for (int x = 0; x < elevation.width(); ++x) {
        const float metres = elevation.at(x, y);
        const long tenths = std::isnan(metres) ? std::numeric_limits<long>::max() : std::lround(10 * metres);
        for (int byte = 0; byte < 4; ++byte) heights += static_cast<char>((tenths >> (8 * byte)) & 0xff);
      }
    }
    text += " elevation=" + sha256_text(heights);
  }
  if (options.topographic_correction) text += " topographic-correction";
  if (options.brdf) text += " brdf";
  if (options.normalise) text += " normalise";
  return text;
}

SiteLight::SiteLight(const LightOptions& options, const Grid& grid) : options_(options), grid_(grid) {
  if (options.elevation.empty()) return;
  middle_ = ToWgs84(grid.crs)(grid.to_map(grid.width / 2.0, grid.height / 2.0));
  convergence_deg_ = grid_convergence_deg(grid);
  margin_ = margin_of(grid);
  elevation_ = elevation_around(options.elevation, grid);
}

std::int64_t SiteLight::bytes() const {
  const std::int64_t pixels = std::int64_t{grid_.width} * grid_.height;
  const std::int64_t reference = options_.normalise ? pixels * 30 : 0;
  if (options_.elevation.empty()) return reference;
  const std::int64_t margin = 2 * margin_of(grid_);
  return reference + static_cast<std::int64_t>(sizeof(float)) * (grid_.width + margin) * (grid_.height + margin);
}

std::int64_t SiteLight::acquisition_pixel_bytes() const {
  const int shadow = options_.elevation.empty() ? 0 : 5;
  return shadow + (options_.topographic_correction ? 20 : 0);  // what normalisation takes is bounded
}

std::vector<Scene> SiteLight::to_read(std::vector<Scene> parts) const {
  if (!options_.brdf) return parts;
  for (Scene& part : parts) part = seen_from_nadir(std::move(part));
  return parts;
}

void SiteLight::correct(std::span<const Scene> parts, Instant acquired, Mosaic& acquisition) const {
  if (!options_.elevation.empty()) {
    const auto knows = std::find_if(parts.begin(), parts.end(), [](const Scene& part) { return part.sun.has_value(); });
    ViewAngles sun = knows != parts.end() ? *knows->sun : sun_position(acquired, middle_.lon, middle_.lat);
    sun.azimuth -= convergence_deg_;
    shade(sun, acquisition);
  }
  if (options_.normalise && reference_) normalise(acquisition);
}

void SiteLight::shade(const ViewAngles& sun, Mosaic& acquisition) const {
  const int width = grid_.width;
  const int height = grid_.height;
  if (sun.zenith > lowest_sun_zenith_deg) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) acquisition.mask.at(x, y) |= mask_terrain_shadow;
    }
    return;
  }
  Plane<std::uint8_t> shadow(width, height);
  cast_shadow(elevation_.view(), margin_, grid_.pixel_size_m, sun, shadow.view());
  Plane<float> cos_incidence(width, height);
  const PlaneView<const float> around{elevation_.row(margin_ - 1) + margin_ - 1, width + 2, height + 2,
                                      elevation_.stride()};
  illumination(around, grid_.pixel_size_m, sun, cos_incidence.view());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (shadow.at(x, y) != 0 || cos_incidence.at(x, y) <= 0) acquisition.mask.at(x, y) |= mask_terrain_shadow;
    }
  }
  if (options_.topographic_correction) correct_slopes(cos_incidence, sun.zenith, acquisition);
}

void SiteLight::normalise(Mosaic& acquisition) const {
  std::vector<std::pair<int, int>> clear;
  for (int y = 0; y < grid_.height; ++y) {
    for (int x = 0; x < grid_.width; ++x) {
      if (acquisition.mask.at(x, y) == mask_clear && reference_->mask.at(x, y) == mask_clear) clear.emplace_back(x, y);
    }
  }
  const std::size_t every = clear.size() / most_fitted_pixels + 1;
  const std::size_t bands = acquisition.reflectance.size();
  std::vector<std::vector<float>> before(bands);
  std::vector<std::vector<float>> after(bands);
  std::size_t number = 0;
  for (const auto& [band, plane] : acquisition.reflectance) {
    const Plane<float>& reference = reference_->reflectance.at(band);
    for (std::size_t i = 0; i < clear.size(); i += every) {
      before[number].push_back(reference.at(clear[i].first, clear[i].second));
      after[number].push_back(plane.at(clear[i].first, clear[i].second));
    }
    ++number;
  }
  std::vector<BandPair> pairs;
  for (std::size_t i = 0; i < bands; ++i) pairs.push_back({before[i], after[i]});
  const std::optional<InvariantFit> fit = fit_invariant(pairs);
  if (!fit) return;
  const bool is_believed =
      static_cast<double>(fit->invariant) >= least_invariant_share * static_cast<double>(before.front().size()) &&
      std::all_of(fit->gains.begin(), fit->gains.end(),
                  [](const LinearGain& gain) { return gain.gain <= most_gain && gain.gain >= 1 / most_gain; });
  if (!is_believed) return;
  number = 0;
  for (auto& [band, plane] : acquisition.reflectance) {
    const LinearGain& gain = fit->gains[number++];
    for (int y = 0; y < plane.height(); ++y) {
      for (int x = 0; x < plane.width(); ++x) plane.at(x, y) = plane.at(x, y) * gain.gain + gain.offset;
    }
  }
}

}  // namespace pitwatch
