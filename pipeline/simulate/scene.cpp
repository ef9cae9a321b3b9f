#include "pipeline/simulate/scene.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "pipeline/core/mask.hpp"
#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

constexpr std::uint32_t haze_stream = 0x5ce20001U;
constexpr std::uint32_t snow_stream = 0x5ce20002U;
constexpr std::uint32_t sensor_stream = 0x5ce20003U;
constexpr std::uint32_t mistake_stream = 0x5ce20004U;

// Of the Tartar valley; small sites have less of the relief (Terrain).
constexpr float valley_m = 550;
constexpr float relief_m = 1500;

constexpr float quantification = 10000;
constexpr int highest_dn = 20000;

// Share of skylight in the light on level ground, haze, cloud and cirrus by band (surface_bands).
constexpr Reflectances skylight{.26F, .22F, .16F, .12F, .10F, .09F, .085F, .08F, .075F, .07F, .045F, .03F};
constexpr Reflectances haze_spectrum{1.15F, 1.0F, .78F, .62F, .55F, .50F, .46F, .42F, .40F, .35F, .18F, .10F};
constexpr Reflectances cloud_spectrum{.66F, .67F, .66F, .67F, .68F, .69F, .69F, .70F, .70F, .48F, .56F, .43F};
constexpr Reflectances cirrus_spectrum{.34F, .34F, .33F, .33F, .33F, .33F, .33F, .33F, .33F, .22F, .21F, .14F};

constexpr std::size_t index_of(Band band) {
  return static_cast<std::size_t>(std::find(surface_bands.begin(), surface_bands.end(), band) - surface_bands.begin());
}
constexpr std::size_t blue = index_of(Band::B02);
constexpr std::size_t green = index_of(Band::B03);
constexpr std::size_t red = index_of(Band::B04);
constexpr std::size_t nir = index_of(Band::B08);

/// The bands that classification looks at: computed whether wanted or not.
constexpr std::array for_classification{blue, green, red, nir};

/// The weights of a quadratic B-spline (standard deviation half a pixel: the modulation transfer at the Nyquist
/// frequency is 0.26, near the instrument's) whose middle lies `shift` beside the pixel's, for pixels -2 .. 2.
std::array<float, 5> point_spread(float shift) {
  std::array<float, 5> weights{};
  for (int k = -2; k <= 2; ++k) {
    const float t = std::abs(static_cast<float>(k) - shift);
    float& weight = weights[static_cast<std::size_t>(k + 2)];
    if (t < 0.5F) {
      weight = 0.75F - t * t;
    } else if (t < 1.5F) {
      weight = 0.5F * (1.5F - t) * (1.5F - t);
    }
  }
  return weights;
}

void copy(const Plane<float>& from, Plane<float>& to) {
  for (int y = 0; y < from.height(); ++y) std::copy_n(from.row(y), from.width(), to.row(y));
}

/// The mean over blocks of `by` x `by` pixels of a plane that begins `offset` pixels before the first block.
float block_mean(const Plane<float>& plane, int x, int y, int by) {
  float sum = 0;
  for (int v = 0; v < by; ++v) {
    const float* row = plane.row(y + v) + x;
    for (int u = 0; u < by; ++u) sum += row[u];
  }
  return sum / static_cast<float>(by * by);
}

std::uint8_t percent(float share) { return static_cast<std::uint8_t>(std::clamp(share, 0.0F, 1.0F) * 100 + 0.5F); }

/// Spectra without the plume, where there is one that does not reach everywhere.
std::optional<SurfaceSpectra> spectra_without_plume(std::uint32_t seed, const Acquisition& acquisition) {
  if (acquisition.plume == 0 || std::isinf(acquisition.plume_below_m)) return std::nullopt;
  return SurfaceSpectra(season_of(seed, acquisition.sensed));
}

Season season_with_plume(std::uint32_t seed, const Acquisition& acquisition) {
  Season season = season_of(seed, acquisition.sensed);
  season.plume = acquisition.plume;
  return season;
}

}  // namespace

Grid coarser(const Grid& grid, int pixel_size_m) {
  const int by = pixel_size_m / static_cast<int>(grid.pixel_size_m);
  return {grid.crs, grid.origin, static_cast<double>(pixel_size_m), grid.width / by, grid.height / by};
}

GranulePixels::GranulePixels(const Grid& grid, std::span<const Band> wanted) {
  for (const Band band : wanted) {
    const Grid native = coarser(grid, info(band).pixel_size_m);
    bands[index_of(band)].reshape(native.width, native.height);
  }
  const Grid half = coarser(grid, 20);
  for (Plane<std::uint8_t>* plane : {&scl, &cloud_probability, &snow_probability})
    plane->reshape(half.width, half.height);
}

/// The planes of a window while it is rendered, of the size of the ground's. Kept by the thread from one window to the
/// next, since fresh memory costs more than computing what goes into it.
struct SceneRenderer::Scratch {
  Window window;
  std::array<bool, surface_band_count> needed{};
  std::array<Plane<float>, surface_band_count> reflectance;  // valid where needed
  Plane<float> elevation;                                    // with a border of a pixel
  Plane<float> blurred;
  Plane<float> snow;
  ShadingPixels shading;
  CloudPixels clouds;    // as the masks know them
  Plane<float> opacity;  // of all clouds, remnants that no mask knows included
  Plane<float> haze;

  BandPlanes views() {
    BandPlanes result;
    for (std::size_t band = 0; band < surface_band_count; ++band) {
      if (needed[band]) result[band] = reflectance[band].view();
    }
    return result;
  }
};

SimulatedSite::SimulatedSite(std::string site_id, std::uint32_t site_seed, const Grid& site_grid, double site_longitude,
                             double site_latitude, MapPoint focus_px)
    : id(std::move(site_id)),
      seed(site_seed),
      grid(site_grid),
      longitude(site_longitude),
      latitude(site_latitude),
      terrain(TerrainOptions{hash_of(site_seed, 1, 0), site_grid, valley_m, relief_m}),
      ground(terrain, hash_of(site_seed, 2, 0), focus_px) {}

SceneRenderer::SceneRenderer(const SimulatedSite& site, const Acquisition& acquisition)
    : site_(site),
      acquisition_(acquisition),
      sun_(sun_position(acquisition.sensed, site.longitude, site.latitude)),
      season_(season_with_plume(site.seed, acquisition)),
      spectra_(season_),
      clear_spectra_(spectra_without_plume(site.seed, acquisition)),
      shading_(site.terrain, sun_),
      clouds_(site.grid, acquisition.seed, acquisition.weather, sun_) {}

void SceneRenderer::reflect_ground(const GroundPixels& ground, Scratch& scratch) const {
  std::vector<const Reflectances*> spectrum(static_cast<std::size_t>(ground.window.width));
  std::vector<float> water(spectrum.size());
  std::vector<const Reflectances*> stream(spectrum.size());
  for (int y = 0; y < ground.window.height; ++y) {
    for (int x = 0; x < ground.window.width; ++x) {
      Surface surface = ground.surface.at(x, y);
      const auto i = static_cast<std::size_t>(x);
      if (surface == Surface::reservoir && ground.terrain.reservoir_depth.at(x, y) < season_.drawdown_m) {
        surface = Surface::reservoir_bed;
      }
      const bool is_above = clear_spectra_ && ground.terrain.elevation.at(x, y) >= acquisition_.plume_below_m;
      const SurfaceSpectra& spectra = is_above ? *clear_spectra_ : spectra_;
      spectrum[i] = &spectra.of(surface, ground.phase.at(x, y), ground.vigour.at(x, y));
      stream[i] = &spectra.of(Surface::river, 0, vigour_steps / 2);
      water[i] = surface == Surface::river || surface == Surface::reservoir ? 0 : ground.terrain.water.at(x, y);
    }
    const float* brightness = ground.brightness.row(y);
    for (std::size_t band = 0; band < surface_band_count; ++band) {
      if (!scratch.needed[band]) continue;
      float* out = scratch.reflectance[band].row(y);
      for (std::size_t x = 0; x < spectrum.size(); ++x) {
        const float dry = (*spectrum[x])[band] * brightness[x];
        out[x] = dry + ((*stream[x])[band] - dry) * water[x];
      }
    }
  }
}

void SceneRenderer::cover_with_snow(const GroundPixels& ground, Scratch& scratch) const {
  const Window& window = ground.window;
  scratch.snow.reshape(window.width, window.height);
  fill_noise(fractal(acquisition_.seed ^ snow_stream, 37, 4, 110, 0.6F), window, scratch.snow.view());
  const Reflectances& snow = spectra_.of(Surface::snow, 0, vigour_steps / 2);
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      const Surface surface = ground.surface.at(x, y);
      // Shaded slopes keep it longer, woods hide it, steep rock and water do not hold it.
      const float cold = std::clamp(1 - scratch.shading.direct.at(x, y), -1.0F, 1.0F);
      float share =
          ramp(-90, 130, ground.terrain.elevation.at(x, y) - season_.snow_line_m + 170 * cold + scratch.snow.at(x, y));
      if (surface == Surface::forest) share *= 0.5F;
      if (surface == Surface::village || surface == Surface::road) share *= 0.6F;
      if (surface == Surface::river || surface == Surface::reservoir || surface == Surface::tailings_water) share = 0;
      scratch.snow.at(x, y) = share;
    }
    const float* share = scratch.snow.row(y);
    if (std::all_of(share, share + window.width, [](float s) { return s == 0; })) continue;
    for (std::size_t band = 0; band < surface_band_count; ++band) {
      if (!scratch.needed[band]) continue;
      float* out = scratch.reflectance[band].row(y);
      for (int x = 0; x < window.width; ++x) out[x] += (snow[band] - out[x]) * share[x];
    }
  }
}

void SceneRenderer::light(const GroundPixels& ground, Scratch& scratch) const {
  // Shading wants a border; beyond the ground's window it does not matter what it is.
  const Window around = ground.window.grown(1);
  Plane<float>& elevation = scratch.elevation;
  elevation.reshape(around.width, around.height);
  for (int y = 0; y < around.height; ++y) {
    const float* row = ground.terrain.elevation.row(std::clamp(y - 1, 0, ground.window.height - 1));
    std::copy_n(row, ground.window.width, elevation.row(y) + 1);
    elevation.at(0, y) = row[0];
    elevation.at(around.width - 1, y) = row[ground.window.width - 1];
  }
  // A lake is level.
  for (int y = 0; y < ground.window.height; ++y) {
    for (int x = 0; x < ground.window.width; ++x) {
      elevation.at(x + 1, y + 1) += std::max(0.0F, ground.terrain.reservoir_depth.at(x, y) - season_.drawdown_m);
    }
  }
  add_relief(site_.events, acquisition_.sensed, around, elevation.view());
  shading_.window(ground.window, std::as_const(elevation).view(), scratch.shading);
}

void SceneRenderer::look_through_air(Scratch& scratch) const {
  const Window& window = scratch.window;
  scratch.haze.reshape(window.width, window.height);
  fill_noise(fractal(acquisition_.seed ^ haze_stream, 611, 3, 0.5F, 0.5F), window, scratch.haze.view());
  for (std::size_t band = 0; band < surface_band_count; ++band) {
    if (!scratch.needed[band]) continue;
    const float sky = skylight[band];
    const float gain = acquisition_.gain[band];
    const float offset = acquisition_.offset[band];
    const float haze = acquisition_.haze * haze_spectrum[band];
    const float cloud = cloud_spectrum[band];
    const float cirrus = cirrus_spectrum[band];
    for (int y = 0; y < window.height; ++y) {
      float* pixel = scratch.reflectance[band].row(y);
      const float* direct = scratch.shading.direct.row(y);
      const float* arrives = scratch.shading.beam.row(y);
      const float* sky_view = scratch.shading.sky_view.row(y);
      const float* hazy = scratch.haze.row(y);
      const float* opacity = scratch.opacity.row(y);
      const float* thin = scratch.clouds.cirrus.row(y);
      const float* shadow = scratch.clouds.shadow.row(y);
      const float* bright = scratch.clouds.brightness.row(y);
      for (int x = 0; x < window.width; ++x) {
        const float beam = (1 - sky) * direct[x] * arrives[x] * (1 - 0.92F * shadow[x]);
        const float lit = pixel[x] * (beam + sky * sky_view[x] * (1 - 0.35F * shadow[x]));
        const float seen = gain * lit + offset + haze * (1 + hazy[x]);
        const float through_cirrus = seen + (cirrus - 0.55F * seen) * thin[x];
        pixel[x] = through_cirrus + (cloud * bright[x] - through_cirrus) * opacity[x];
      }
    }
  }
}

/// Blur of the optics, and the image's shift against the truth. The outermost two pixels are not valid afterwards.
void SceneRenderer::look_through_optics(Scratch& scratch) const {
  const std::array<float, 5> across = point_spread(-acquisition_.shift_x_px);
  const std::array<float, 5> down = point_spread(-acquisition_.shift_y_px);
  const int width = scratch.window.width;
  const int height = scratch.window.height;
  Plane<float>& blurred = scratch.blurred;
  blurred.reshape(width, height);
  for (std::size_t band = 0; band < surface_band_count; ++band) {
    if (!scratch.needed[band]) continue;
    Plane<float>& plane = scratch.reflectance[band];
    for (int y = 0; y < height; ++y) {
      const float* in = plane.row(y);
      float* out = blurred.row(y);
      for (int x = 2; x < width - 2; ++x) {
        out[x] = across[0] * in[x - 2] + across[1] * in[x - 1] + across[2] * in[x] + across[3] * in[x + 1] +
                 across[4] * in[x + 2];
      }
    }
    for (int y = 2; y < height - 2; ++y) {
      const std::array<const float*, 5> rows{blurred.row(y - 2), blurred.row(y - 1), blurred.row(y), blurred.row(y + 1),
                                             blurred.row(y + 2)};
      float* out = plane.row(y);
      for (int x = 2; x < width - 2; ++x) {
        out[x] = down[0] * rows[0][x] + down[1] * rows[1][x] + down[2] * rows[2][x] + down[3] * rows[3][x] +
                 down[4] * rows[4][x];
      }
    }
  }
}

bool SceneRenderer::has_data(int x, int y) const {
  return std::none_of(acquisition_.edges.begin(), acquisition_.edges.end(), [&](const DataEdge& edge) {
    return static_cast<float>(x) * edge.dx + static_cast<float>(y) * edge.dy > edge.limit;
  });
}

/// Averages to the band's resolution, adds the sensor's noise and writes digital numbers.
void SceneRenderer::measure(const Window& window, const Scratch& scratch, GranulePixels& into) const {
  Plane<float> noise;
  for (std::size_t band = 0; band < surface_band_count; ++band) {
    Plane<std::uint16_t>& dn = into.bands[band];
    if (dn.width() == 0) continue;
    const Plane<float>& reflectance = scratch.reflectance[band];
    const int by = info(surface_bands[band]).pixel_size_m / 10;
    const Window native =
        intersection({window.x / by, window.y / by, (window.width + by - 1) / by, (window.height + by - 1) / by},
                     {0, 0, dn.width(), dn.height()});
    noise.reshape(native.width, native.height);
    fill_white_noise(hash_of(acquisition_.seed ^ sensor_stream, static_cast<std::int32_t>(band), 0), native,
                     noise.view());
    for (int y = 0; y < native.height; ++y) {
      std::uint16_t* out = &dn.at(native.x, native.y + y);
      for (int x = 0; x < native.width; ++x) {
        const int in_x = (native.x + x) * by - scratch.window.x;
        const int in_y = (native.y + y) * by - scratch.window.y;
        const float mean = by == 1 ? reflectance.at(in_x, in_y) : block_mean(reflectance, in_x, in_y, by);
        const float value = mean + noise.at(x, y) * (0.0006F + 0.0035F * std::max(mean, 0.0F));
        const int number = static_cast<int>(value * quantification + 0.5F + 2000) - 2000 - acquisition_.boa_add_offset;
        out[x] = static_cast<std::uint16_t>(std::clamp(number, 1, highest_dn));  // 0 is no data
      }
      if (acquisition_.edges.empty()) continue;
      for (int x = 0; x < native.width; ++x) {
        if (!has_data((native.x + x) * by, (native.y + y) * by)) out[x] = 0;
      }
    }
  }
}

void SceneRenderer::label_sky(const Window& window, const Scratch& scratch, Plane<std::uint8_t>& into) {
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      const int px = window.x + x - scratch.window.x;
      const int py = window.y + y - scratch.window.y;
      MaskBits bits = mask_clear;
      bool edge = false;
      const auto add = [&](const Plane<float>& plane, float from, MaskReason reason) {
        const float share = plane.at(px, py);
        if (share >= from) bits |= reason;
        edge = edge || (share > sky_edge_share && share < from);
      };
      add(scratch.opacity, sky_cloud_opacity, mask_cloud);
      add(scratch.clouds.cirrus, sky_cirrus_opacity, mask_cirrus);
      add(scratch.clouds.shadow, sky_shadow_share, mask_cloud_shadow);
      add(scratch.snow, sky_snow_cover, mask_snow);
      into.at(window.x + x, window.y + y) = static_cast<std::uint8_t>(bits | (edge ? sky_edge : 0));
    }
  }
}

/// The scene classification, with the mistakes that the real one makes: bright ground is called cloud, thin edges of
/// clouds and remnants are missed, terrain in shadow is called cloud shadow.
void SceneRenderer::classify(const Window& window, const GroundPixels& ground, const Scratch& scratch,
                             GranulePixels& into) const {
  enum Class : std::uint8_t {
    no_data = 0,
    dark = 2,
    cloud_shadow = 3,
    vegetation = 4,
    not_vegetated = 5,
    water = 6,
    unclassified = 7,
    cloud_medium = 8,
    cloud_high = 9,
    cirrus = 10,
    snow = 11
  };
  const Window half = intersection({window.x / 2, window.y / 2, (window.width + 1) / 2, (window.height + 1) / 2},
                                   {0, 0, into.scl.width(), into.scl.height()});
  Plane<float> mistakes(half.width, half.height);
  fill_noise(fractal(acquisition_.seed ^ mistake_stream, 9, 3, 1, 0.6F), half, mistakes.view());
  for (int y = 0; y < half.height; ++y) {
    for (int x = 0; x < half.width; ++x) {
      const int px = 2 * (half.x + x) - scratch.window.x;
      const int py = 2 * (half.y + y) - scratch.window.y;
      const auto mean = [&](const Plane<float>& plane) { return block_mean(plane, px, py, 2); };
      const float opacity = mean(scratch.clouds.opacity);
      const float thin = mean(scratch.clouds.cirrus);
      const float shadow = mean(scratch.clouds.shadow);
      const float white = mean(scratch.snow);
      const float direct = mean(scratch.shading.beam) * mean(scratch.shading.direct);
      const float b = mean(scratch.reflectance[blue]);
      const float g = mean(scratch.reflectance[green]);
      const float r = mean(scratch.reflectance[red]);
      const float n = mean(scratch.reflectance[nir]);
      const float doubt = mistakes.at(x, y);
      const int gx = 2 * (half.x + x) - ground.window.x;
      const int gy = 2 * (half.y + y) - ground.window.y;
      const Surface surface = ground.surface.at(gx, gy);
      const bool wet = surface == Surface::river || surface == Surface::reservoir || surface == Surface::tailings_water;

      std::uint8_t found = unclassified;
      // How bright and white the ground itself is: what makes it look like cloud to a threshold.
      const float glare = (b + g + r) / 3 - std::abs(r - b) * 0.6F;
      const bool mistaken = opacity < 0.1F && white < 0.3F && glare > 0.165F - 0.05F * doubt && doubt > 0.05F;
      if (opacity > 0.62F) {
        found = cloud_high;
      } else if (opacity > 0.33F + 0.22F * doubt) {
        found = cloud_medium;
      } else if (mistaken) {
        found = glare > 0.24F ? cloud_high : cloud_medium;
      } else if (thin > 0.16F + 0.1F * doubt) {
        found = cirrus;
      } else if (white > 0.5F) {
        found = doubt > 0.62F ? cloud_medium : snow;
      } else if (shadow > 0.38F + 0.2F * doubt) {
        found = cloud_shadow;
      } else if (direct < 0.28F && !wet) {
        found = doubt > 0.05F ? cloud_shadow : dark;
      } else if (wet && n < 0.12F) {
        found = water;
      } else if (n - r > 0.38F * (n + r)) {
        found = vegetation;
      } else if (b + r < 0.06F && n < 0.1F) {
        found = dark;
      } else if (r > 0.055F) {
        found = not_vegetated;
      }
      const bool data = has_data(2 * (half.x + x), 2 * (half.y + y));
      into.scl.at(half.x + x, half.y + y) = data ? found : std::uint8_t{no_data};
      const float likely = found == cloud_high     ? 0.75F + 0.25F * opacity
                           : found == cloud_medium ? 0.4F + 0.3F * opacity
                                                   : 0.5F * opacity;
      into.cloud_probability.at(half.x + x, half.y + y) = data ? percent(likely) : std::uint8_t{0};
      into.snow_probability.at(half.x + x, half.y + y) = data ? percent(white * (1 - opacity)) : std::uint8_t{0};
    }
  }
}

void SceneRenderer::render(const GroundPixels& ground, const Window& window, GranulePixels& into) const {
  assert(window.x % render_step_px == 0 && window.y % render_step_px == 0);
  assert(intersection(ground.window, window.grown(render_halo_px)) == window.grown(render_halo_px));
  thread_local Scratch scratch;
  scratch.window = ground.window;
  scratch.needed.fill(false);
  const auto need = [&](std::size_t band) {
    scratch.needed[band] = true;
    scratch.reflectance[band].reshape(ground.window.width, ground.window.height);
  };
  for (std::size_t band = 0; band < surface_band_count; ++band) {
    if (into.bands[band].width() > 0) need(band);
  }
  for (const std::size_t band : for_classification) need(band);
  reflect_ground(ground, scratch);
  apply_events(site_.events, acquisition_.sensed, spectra_, ground.window, scratch.views());
  light(ground, scratch);
  cover_with_snow(ground, scratch);
  clouds_.window(ground.window, scratch.clouds);
  scratch.opacity.reshape(ground.window.width, ground.window.height);
  copy(scratch.clouds.opacity, scratch.opacity);
  add_cloud_remnants(site_.events, acquisition_.sensed, ground.window, scratch.opacity.view());
  look_through_air(scratch);
  look_through_optics(scratch);
  measure(window, scratch, into);
  classify(window, ground, scratch, into);
  if (into.sky.width() > 0) label_sky(window, scratch, into.sky);
}

void SceneRenderer::hidden(const Window& window, PlaneView<float> into) const {
  CloudPixels clouds;
  clouds_.window(window, clouds);
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      into.at(x, y) = has_data(window.x + x, window.y + y)
                          ? std::max({clouds.opacity.at(x, y), clouds.cirrus.at(x, y), clouds.shadow.at(x, y)})
                          : 1.0F;
    }
  }
}

GranuleQuality quality_of(PlaneView<const std::uint8_t> scl) {
  std::array<double, 12> counts{};
  for (int y = 0; y < scl.height; ++y) {
    for (int x = 0; x < scl.width; ++x) ++counts[std::min<std::size_t>(scl.at(x, y), 11)];
  }
  const double all = static_cast<double>(scl.width) * scl.height;
  const double valid = std::max(all - counts[0], 1.0);
  GranuleQuality quality;
  quality.nodata = 100 * counts[0] / all;
  quality.cloud = 100 * (counts[8] + counts[9] + counts[10]) / valid;
  quality.cloud_shadow = 100 * counts[3] / valid;
  quality.cirrus = 100 * counts[10] / valid;
  quality.snow = 100 * counts[11] / valid;
  quality.vegetation = 100 * counts[4] / valid;
  quality.not_vegetated = 100 * counts[5] / valid;
  quality.water = 100 * counts[6] / valid;
  return quality;
}

}  // namespace pitwatch
