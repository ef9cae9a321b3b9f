// make_sample_pair: two synthetic scenes with known disturbances between them, so that everything can be tried and
// tested without a download. The place is near Gizilbulag in the Lesser Caucasus; the ground is invented.
//
// The ground is a function of map coordinates. Every pixel is the mean of samples within it, so that the dates can be
// shifted against each other by a fraction of a pixel without resampling anything.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/geodesy.hpp"
#include "pipeline/io/geotiff_writer.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr double pi = std::numbers::pi;
constexpr MapPoint centre{637500, 4445600};
constexpr const char* crs = "EPSG:32638";
constexpr const char* disclaimer = "Synthetic: the ground, its cover and its changes are invented.";

// ---- randomness that is the same everywhere ----------------------------------------------------------------------

/// 0..1 from whole numbers (finaliser of SplitMix64, Steele et al. 2014). The standard library's distributions differ
/// between implementations.
double hash01(std::uint64_t seed, std::int64_t a, std::int64_t b = 0) {
  std::uint64_t z = seed * 0x9e3779b97f4a7c15U + static_cast<std::uint64_t>(a) * 0xd1b54a32d192ed03U +
                    static_cast<std::uint64_t>(b) * 0x8cb92ba72f3d8dd7U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

/// Nearly normal, mean 0, standard deviation 1: a sum of four uniform numbers.
double hash_normal(std::uint64_t seed, std::int64_t a, std::int64_t b) {
  double sum = 0;
  for (std::uint64_t i = 0; i < 4; ++i) sum += hash01(seed * 4 + i, a, b);
  return (sum - 2) * std::sqrt(3.0);
}

/// Smooth noise of -1..1 whose features are about `scale_m` wide.
double value_noise(std::uint64_t seed, MapPoint p, double scale_m) {
  const double x = p.x / scale_m;
  const double y = p.y / scale_m;
  const auto column = static_cast<std::int64_t>(std::floor(x));
  const auto row = static_cast<std::int64_t>(std::floor(y));
  const auto ease = [](double t) { return t * t * (3 - 2 * t); };
  const double u = ease(x - static_cast<double>(column));
  const double v = ease(y - static_cast<double>(row));
  const double upper = std::lerp(hash01(seed, column, row), hash01(seed, column + 1, row), u);
  const double lower = std::lerp(hash01(seed, column, row + 1), hash01(seed, column + 1, row + 1), u);
  return 2 * std::lerp(upper, lower, v) - 1;
}

double rough_noise(std::uint64_t seed, MapPoint p, double scale_m, int octaves) {
  double sum = 0;
  double weight = 1;
  for (int i = 0; i < octaves; ++i) {
    sum += weight * value_noise(seed + static_cast<std::uint64_t>(i), p, scale_m);
    weight /= 2;
    scale_m /= 2;
  }
  return sum;
}

// ---- reflectance of covers -----------------------------------------------------------------------------------------

constexpr std::array bands{Band::B02, Band::B04, Band::B08, Band::B11, Band::B12};
using Spectrum = std::array<double, bands.size()>;

Spectrum mix(const Spectrum& a, const Spectrum& b, double share_of_b) {
  Spectrum result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = std::lerp(a[i], b[i], share_of_b);
  return result;
}

enum class Cover { forest, grass, rock, water };

/// Early and late summer: grass dries, forest hardly changes.
struct Season {
  std::array<Spectrum, 4> covers;  // by Cover
};

constexpr Season early_summer{{{{0.025, 0.024, 0.310, 0.135, 0.062},
                                {0.062, 0.085, 0.225, 0.235, 0.150},
                                {0.110, 0.160, 0.205, 0.275, 0.245},
                                {0.055, 0.045, 0.030, 0.012, 0.008}}}};
constexpr Season late_summer{{{{0.027, 0.028, 0.290, 0.140, 0.066},
                               {0.067, 0.095, 0.220, 0.255, 0.168},
                               {0.112, 0.163, 0.208, 0.280, 0.250},
                               {0.055, 0.046, 0.031, 0.012, 0.008}}}};

constexpr Spectrum fresh_rock{0.150, 0.215, 0.265, 0.345, 0.305};
constexpr Spectrum spoil{0.200, 0.265, 0.310, 0.365, 0.330};
constexpr Spectrum pond_water{0.075, 0.065, 0.035, 0.015, 0.010};
constexpr Spectrum charred{0.032, 0.040, 0.075, 0.140, 0.150};
constexpr Spectrum gravel{0.160, 0.215, 0.255, 0.320, 0.290};

// ---- disturbances --------------------------------------------------------------------------------------------------

struct Disturbance {
  const char* kind;
  const char* change_class;  // what the comparison should call it
  Cover cover;               // what it is dug into
  double area_ha;
  const Spectrum* ground;
  double length_m = 0;  // 0: a lobed round shape; otherwise a straight strip of this length
  MapPoint place{};
  double turn = 0;  // radians
};

const std::array<Disturbance, 8> wanted_disturbances{{
    {"pit in forest", "vegetation_to_bare", Cover::forest, 1.5, &fresh_rock},
    {"small pit in forest", "vegetation_to_bare", Cover::forest, 0.25, &fresh_rock},
    {"pit in grass", "vegetation_to_bare", Cover::grass, 0.8, &fresh_rock},
    {"small pit in grass", "vegetation_to_bare", Cover::grass, 0.3, &fresh_rock},
    {"dump on bare rock", "bare_to_bare", Cover::rock, 2.0, &spoil},
    {"pond", "to_water", Cover::grass, 1.0, &pond_water},
    {"burn", "burn", Cover::grass, 5.0, &charred},
    {"road", "vegetation_to_bare", Cover::forest, 1.2, &gravel, 600},
}};

double strip_width_m(const Disturbance& d) { return d.area_ha * 1e4 / d.length_m; }

/// The outline of a lobed shape: its distance from the middle in a direction. The lobes' own share of the area is
/// taken off, so that the area is exact.
double radius_m(const Disturbance& d, double angle) {
  const double lobes = 1 + 0.15 * std::sin(2 * angle + d.turn) + 0.08 * std::sin(3 * angle - d.turn);
  const double share = 1 + (0.15 * 0.15 + 0.08 * 0.08) / 2;
  return lobes * std::sqrt(d.area_ha * 1e4 / (pi * share));
}

bool contains(const Disturbance& d, MapPoint p) {
  const double x = p.x - d.place.x;
  const double y = p.y - d.place.y;
  if (d.length_m == 0) return std::hypot(x, y) <= radius_m(d, std::atan2(y, x));
  const double along = x * std::cos(d.turn) + y * std::sin(d.turn);
  const double across = y * std::cos(d.turn) - x * std::sin(d.turn);
  return std::abs(along) <= d.length_m / 2 && std::abs(across) <= strip_width_m(d) / 2;
}

/// Counter-clockwise, not closed.
std::vector<MapPoint> outline(const Disturbance& d) {
  std::vector<MapPoint> points;
  if (d.length_m == 0) {
    constexpr int vertices = 64;
    for (int i = 0; i < vertices; ++i) {
      const double angle = 2 * pi * i / vertices;
      const double r = radius_m(d, angle);
      points.push_back({d.place.x + r * std::cos(angle), d.place.y + r * std::sin(angle)});
    }
    return points;
  }
  for (const auto& [u, v] : {std::pair{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}) {
    const double along = u * d.length_m / 2;
    const double across = v * strip_width_m(d) / 2;
    points.push_back({d.place.x + along * std::cos(d.turn) - across * std::sin(d.turn),
                      d.place.y + along * std::sin(d.turn) + across * std::cos(d.turn)});
  }
  return points;
}

double reach_m(const Disturbance& d) { return d.length_m == 0 ? 1.3 * radius_m(d, 0) : d.length_m / 2; }

// ---- the ground
// ------------------------------------------------------------------------------------------------------

class Ground {
 public:
  Ground(std::uint64_t seed, double half_width_m) : seed_(seed), half_width_m_(half_width_m) {
    for (const Disturbance& wanted : wanted_disturbances) place(wanted);
  }

  const std::vector<Disturbance>& disturbances() const { return disturbances_; }

  /// Reflectance before (or after) the disturbances, lit by the sun.
  Spectrum at(MapPoint p, const Season& season, bool disturbed) const {
    const double river = std::clamp((river_half_width_m - river_distance_m(p)) / 4 + 0.5, 0.0, 1.0);
    const auto& [forest, grass, rock, water] = season.covers;
    const double c = cover_value(p);
    Spectrum ground = mix(mix(rock, grass, soft_step(c, rock_edge)), forest, soft_step(c, forest_edge));
    double roughness = 0.10;
    for (const Disturbance& d : disturbances_) {
      if (!disturbed || !contains(d, p)) continue;
      ground = *d.ground;
      roughness = d.ground == &pond_water ? 0.0 : 0.05;
    }
    const double texture = 1 + roughness * rough_noise(seed_ + 40, p, 60, 3);
    const double light = 1 + 0.35 * slope(p);
    for (double& value : ground) value *= texture * light;
    return mix(ground, water, river);
  }

 private:
  static constexpr double river_half_width_m = 18;
  static constexpr double rock_edge = -0.45;
  static constexpr double forest_edge = 0.15;

  static double soft_step(double value, double edge) { return std::clamp((value - edge) / 0.06 + 0.5, 0.0, 1.0); }

  double cover_value(MapPoint p) const { return rough_noise(seed_ + 10, p, 1400, 4); }

  /// From the middle of a meandering river.
  double river_distance_m(MapPoint p) const {
    const double x = p.x - centre.x;
    const double middle = 260 * std::sin(x / 700 + 6 * hash01(seed_, 20)) + 90 * std::sin(x / 210);
    return std::abs(p.y - centre.y - middle);
  }

  /// How much the terrain faces the sun, -1..1.
  double slope(MapPoint p) const {
    constexpr double step_m = 20;
    const auto height = [&](MapPoint q) { return 120 * rough_noise(seed_ + 30, q, 900, 3); };
    const double east = height({p.x + step_m, p.y}) - height({p.x - step_m, p.y});
    const double north = height({p.x, p.y + step_m}) - height({p.x, p.y - step_m});
    return std::clamp((north - east) / (4 * step_m), -1.0, 1.0);
  }

  bool is_of(Cover cover, MapPoint p) const {
    if (river_distance_m(p) < 4 * river_half_width_m) return false;
    const double c = cover_value(p);
    constexpr double margin = 0.05;
    switch (cover) {
      case Cover::forest:
        return c > forest_edge + margin;
      case Cover::grass:
        return c > rock_edge + margin && c < forest_edge - margin;
      case Cover::rock:
        return c < rock_edge - margin;
      case Cover::water:
        return false;
    }
    return false;
  }

  bool fits(const Disturbance& d) const {
    const double reach = reach_m(d);
    const double border = half_width_m_ - reach - 100;
    if (std::abs(d.place.x - centre.x) > border || std::abs(d.place.y - centre.y) > border) return false;
    for (const Disturbance& other : disturbances_) {
      const double apart = std::hypot(other.place.x - d.place.x, other.place.y - d.place.y);
      if (apart < reach + reach_m(other) + 150) return false;
    }
    for (const MapPoint& point : outline(d)) {
      for (const double share : {0.33, 0.66, 1.0}) {
        if (!is_of(d.cover, {std::lerp(d.place.x, point.x, share), std::lerp(d.place.y, point.y, share)})) return false;
      }
    }
    return true;
  }

  void place(Disturbance d) {
    constexpr int tries = 20000;
    for (int i = 0; i < tries; ++i) {
      const auto draw = [&](int what) { return hash01(seed_ + 50 + disturbances_.size(), i, what); };
      d.place = {centre.x + (2 * draw(0) - 1) * half_width_m_, centre.y + (2 * draw(1) - 1) * half_width_m_};
      d.turn = pi * draw(2);
      if (!fits(d)) continue;
      disturbances_.push_back(d);
      return;
    }
    throw ConfigError(std::string("no place for a ") + d.kind + ": take another --seed or a larger --size");
  }

  std::uint64_t seed_;
  double half_width_m_;
  std::vector<Disturbance> disturbances_;
};

struct Options {
  std::string folder;
  std::uint64_t seed = 7;
  int size_px = 600;
  bool help = false;
};

// ---- a scene
// ---------------------------------------------------------------------------------------------------------

/// What lies between the ground and the pixels on one date.
struct Look {
  const char* id;
  const char* datetime;
  const Season* season;
  bool disturbed;
  MapPoint shift_m;  // of the image against the map
  Spectrum gain;     // of the atmosphere and the sun's height
  Spectrum haze;
  std::uint64_t noise_seed;
};

const std::array<Look, 2> looks{{
    {"SYNTHETIC_S2A_38TPK_20250612", "2025-06-12T08:06:11.024Z", &early_summer, false, {0, 0}, {1, 1, 1, 1, 1}, {}, 71},
    {"SYNTHETIC_S2A_38TPK_20250831",
     "2025-08-31T08:06:13.024Z",
     &late_summer,
     true,
     {3.5, -2.5},
     {0.94, 0.95, 0.96, 0.97, 0.97},
     {0.012, 0.006, 0.003, 0.001, 0.001},
     72},
}};

constexpr double noise_sigma = 0.0015;
constexpr double dn_scale = 1e-4;
constexpr double dn_offset = -0.1;  // of processing baseline 04.00 and later

Grid grid_of(double pixel_size_m, int size_px) {
  const double half = 10.0 * size_px / 2;
  const int side = static_cast<int>(std::lround(2 * half / pixel_size_m));
  return {crs, {centre.x - half, centre.y + half}, pixel_size_m, side, side};
}

std::string file_name(const Look& look, Band band) {
  return std::string(look.id) + "_" + std::string(name(band)) + ".tif";
}

using Surfaces = std::array<Plane<double>, bands.size()>;

/// Reflectance of the ground per pixel of the 10 m grid: the mean of four samples.
Surfaces render(const Grid& grid, const Look& look, const Ground& ground) {
  Surfaces surfaces;
  for (Plane<double>& plane : surfaces) plane.reshape(grid.width, grid.height);
  constexpr std::array<MapPoint, 4> places{{{0.25, 0.25}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}}};
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      Spectrum mean{};
      for (const MapPoint& place : places) {
        const MapPoint p = grid.to_map(x + place.x, y + place.y);
        const MapPoint seen{p.x - look.shift_m.x, p.y - look.shift_m.y};
        const Spectrum sample = ground.at(seen, *look.season, look.disturbed);
        for (std::size_t b = 0; b < bands.size(); ++b) mean[b] += sample[b] / places.size();
      }
      for (std::size_t b = 0; b < bands.size(); ++b) surfaces[b].at(x, y) = mean[b];
    }
  }
  return surfaces;
}

Plane<double> halved(const Plane<double>& plane) {
  Plane<double> half(plane.width() / 2, plane.height() / 2);
  for (int y = 0; y < half.height(); ++y) {
    for (int x = 0; x < half.width(); ++x) {
      half.at(x, y) = (plane.at(2 * x, 2 * y) + plane.at(2 * x + 1, 2 * y) + plane.at(2 * x, 2 * y + 1) +
                       plane.at(2 * x + 1, 2 * y + 1)) /
                      4;
    }
  }
  return half;
}

std::uint16_t dn_of(double reflectance) {
  return static_cast<std::uint16_t>(std::clamp(std::lround((reflectance - dn_offset) / dn_scale), 1L, 65534L));
}

void write_bands(const std::string& folder, const Look& look, const Ground& ground, const Options& options) {
  const Surfaces surfaces = render(grid_of(10, options.size_px), look, ground);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const int pixel_size_m = info(bands[b]).pixel_size_m;
    const Plane<double>& fine = surfaces[b];
    const Plane<double> coarse = halved(fine);
    const Plane<double>& surface = pixel_size_m == 10 ? fine : coarse;
    const std::uint64_t noise = options.seed + look.noise_seed + 10 * b;
    Plane<std::uint16_t> dn(surface.width(), surface.height());
    for (int y = 0; y < dn.height(); ++y) {
      for (int x = 0; x < dn.width(); ++x) {
        dn.at(x, y) = dn_of(surface.at(x, y) * look.gain[b] + look.haze[b] + noise_sigma * hash_normal(noise, x, y));
      }
    }
    write_geotiff_u16(folder + "/" + file_name(look, bands[b]), grid_of(pixel_size_m, options.size_px), dn.view(), 0);
  }
}

json polygon_object(const std::vector<MapPoint>& ring, ToWgs84& to_wgs84) {
  json coordinates = json::array();
  const auto rounded = [](double degrees) { return std::round(degrees * 1e7) / 1e7; };
  for (const LonLat& point : to_wgs84(ring)) coordinates.push_back({rounded(point.lon), rounded(point.lat)});
  coordinates.push_back(coordinates.front());
  return {{"type", "Polygon"}, {"coordinates", {coordinates}}};
}

json bbox_of(const json& polygon) {
  std::array<double, 4> box{180, 90, -180, -90};
  for (const json& point : polygon["coordinates"][0]) {
    const double lon = point[0];
    const double lat = point[1];
    box = {std::min(box[0], lon), std::min(box[1], lat), std::max(box[2], lon), std::max(box[3], lat)};
  }
  return box;
}

void write_json(const std::string& path, const json& value) { write_file_atomically(path, value.dump(2) + "\n"); }

void write_item(const std::string& path, const Look& look, int size_px, ToWgs84& to_wgs84) {
  const Grid grid = grid_of(10, size_px);
  const double w = grid.width;
  const double h = grid.height;
  const json footprint =
      polygon_object({grid.to_map(0, 0), grid.to_map(0, h), grid.to_map(w, h), grid.to_map(w, 0)}, to_wgs84);
  json assets = json::object();
  for (const Band band : bands) {
    assets[std::string(name(band))] = {{"href", file_name(look, band)},
                                       {"type", "image/tiff; application=geotiff"},
                                       {"roles", {"data"}},
                                       {"eo:bands", {{{"name", name(band)}, {"common_name", info(band).common_name}}}},
                                       {"raster:bands",
                                        {{{"data_type", "uint16"},
                                          {"nodata", 0},
                                          {"scale", dn_scale},
                                          {"offset", dn_offset},
                                          {"spatial_resolution", info(band).pixel_size_m}}}}};
  }
  write_json(path, {{"type", "Feature"},
                    {"stac_version", "1.0.0"},
                    {"id", look.id},
                    {"bbox", bbox_of(footprint)},
                    {"geometry", footprint},
                    {"properties",
                     {{"datetime", look.datetime},
                      {"title", disclaimer},
                      {"synthetic", true},
                      {"platform", "sentinel-2a"},
                      {"constellation", "sentinel-2"},
                      {"proj:epsg", 32638},
                      {"s2:processing_baseline", "05.11"},
                      {"s2:product_type", "S2MSI2A"},
                      {"s2:mgrs_tile", "38TPK"},
                      {"eo:cloud_cover", 0}}},
                    {"links", json::array()},
                    {"assets", assets}});
}

void write_truth(const std::string& path, const Ground& ground, ToWgs84& to_wgs84) {
  json features = json::array();
  for (const Disturbance& d : ground.disturbances()) {
    features.push_back({{"type", "Feature"},
                        {"id", features.size() + 1},
                        {"geometry", polygon_object(outline(d), to_wgs84)},
                        {"properties", {{"kind", d.kind}, {"class", d.change_class}, {"area_ha", d.area_ha}}}});
  }
  write_json(path, {{"type", "FeatureCollection"}, {"description", disclaimer}, {"features", features}});
}

// ---- command line
// ----------------------------------------------------------------------------------------------------

constexpr std::string_view usage =
    "usage: make_sample_pair DIR [--seed N] [--size PX]\n"
    "Writes before.json and after.json (STAC items), their bands (GeoTIFF) and truth.geojson into DIR.\n"
    "The scenes are synthetic. --seed: another ground, default 7; --size: pixels of 10 m per side, even, 400..4000,\n"
    "default 600.\n";

template <typename Number>
Number parse_number(std::string_view option, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw ConfigError(std::string(option) + ": not a number: '" + std::string(text) + "'");
  }
  return value;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == arguments.size()) throw ConfigError(argument + ": its value is missing");
      return arguments[++i];
    };
    if (argument == "--help") {
      options.help = true;
    } else if (argument == "--seed") {
      options.seed = parse_number<std::uint64_t>(argument, value());
    } else if (argument == "--size") {
      options.size_px = parse_number<int>(argument, value());
    } else if (argument.rfind('-', 0) == 0 || !options.folder.empty()) {
      throw ConfigError("unexpected '" + argument + "'; see make_sample_pair --help");
    } else {
      options.folder = argument;
    }
  }
  if (options.help) return options;
  if (options.folder.empty()) throw ConfigError("DIR is missing; see make_sample_pair --help");
  if (options.size_px < 400 || options.size_px > 4000 || options.size_px % 2 != 0) {
    throw ConfigError("--size must be an even number, 400 to 4000");
  }
  return options;
}

void make_pair(const Options& options) {
  std::filesystem::create_directories(options.folder);
  const Ground ground(options.seed, 10.0 * options.size_px / 2);
  ToWgs84 to_wgs84(crs);
  for (const Look& look : looks) {
    write_bands(options.folder, look, ground, options);
    write_item(options.folder + (look.disturbed ? "/after.json" : "/before.json"), look, options.size_px, to_wgs84);
  }
  write_truth(options.folder + "/truth.geojson", ground, to_wgs84);
}

}  // namespace
}  // namespace pitwatch

int main(int argc, char** argv) {
  using namespace pitwatch;
  try {
    const Options options = parse({argv + 1, argv + argc});
    if (options.help) {
      std::cout << usage;
    } else {
      make_pair(options);
    }
    return 0;
  } catch (const ConfigError& error) {
    std::cerr << "make_sample_pair: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "make_sample_pair: " << error_chain(error) << '\n';
    return 1;
  }
}
