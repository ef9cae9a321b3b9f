// The water of COUNT alerts of 200 x 200 m, 300 m apart in a square around a place, by the layers and elevations of a
// context.json: prints the facts of the first and the seconds that elevations and draws took: by the clock,
// and of processors.
// usage: water_facts CONTEXT LON LAT COUNT THREADS

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/water/water_context.hpp"

namespace {

using namespace pitwatch;

std::vector<OutlinedAlert> alerts_around(LonLat place, int count) {
  const std::string crs = "EPSG:" + std::to_string(32601 + static_cast<int>((place.lon + 180) / 6));
  ToWgs84 to_wgs84(crs);
  const MapPoint middle = to_wgs84.to_map(place);
  const int side = static_cast<int>(std::ceil(std::sqrt(count)));
  std::vector<OutlinedAlert> alerts;
  for (int i = 0; i < count; ++i) {
    const double x = std::round(middle.x / 10) * 10 + (i % side) * 300;
    const double y = std::round(middle.y / 10) * 10 - (i / side) * 300;
    OutlinedAlert& alert = alerts.emplace_back();
    alert.alert.id = "PW-" + std::to_string(i + 1);
    alert.alert.area_ha = 4;
    const std::vector<MapPoint> corners{{x, y}, {x, y - 200}, {x + 200, y - 200}, {x + 200, y}};
    alert.outline = {{to_wgs84(corners), {}}};
  }
  return alerts;
}

void show(const ContextFacts& facts) {
  const WaterFacts& water = *facts.context.water;
  if (water.surface) {
    std::printf("nearest %s, %.0f m, %s\n", water.surface->name.c_str(), water.surface->distance_m,
                water.surface->side ? std::string(name(*water.surface->side)).c_str() : "-");
  }
  if (water.flow) {
    std::printf("to '%s', share %.2f, %.0f m long, drop %.0f m; risk %s\n", water.flow->to.c_str(), water.flow->share,
                water.flow->length_m.value_or(NAN), water.flow->drop_m.value_or(NAN),
                std::string(name(*water.surface_risk)).c_str());
  }
  for (const ContextDetail& detail : facts.details) {
    if (detail.figures.empty()) continue;
    std::printf("  %s %s:", detail.subject.c_str(), detail.feature_name.c_str());
    for (const auto& [figure, value] : detail.figures) std::printf(" %s %.4g", figure.c_str(), value);
    std::puts("");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: water_facts CONTEXT LON LAT COUNT THREADS\n", stderr);
    return 2;
  }
  try {
    initialise_gdal(std::size_t{64} << 20);
    const ContextConfig config = read_context_config(argv[1]);
    const std::vector<LoadedLayer> layers = load_layers(config);
    const std::vector<OutlinedAlert> alerts =
        alerts_around({std::atof(argv[2]), std::atof(argv[3])}, std::atoi(argv[4]));
    const Instant now = parse_instant("2024-01-01");
    std::vector<ContextFacts> facts = work_out_context(layers, config.registration_error_m, alerts, now);
    const std::clock_t begin = std::clock();
    const auto start = std::chrono::steady_clock::now();
    in_arena(std::atoi(argv[5]), [&] {
      const auto state = add_water_facts(facts, alerts, layers, config, now, in_parallel);
      if (state) std::printf("elevations: %s%s\n", state->remarks.c_str(), state->problem.c_str());
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double processors = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    show(facts.front());
    std::printf("%.1f s, of processors %.1f s\n", seconds, processors);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "water_facts: %s\n", error.what());
    return 1;
  }
  return 0;
}
