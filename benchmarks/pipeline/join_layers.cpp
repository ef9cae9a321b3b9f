// Joins alerts to licences: LEASES, a layer of polygons, is multiplied to 2000 features, of which every eighth is
// broken, and 5000 alerts of 0.1 to 4 ha lie in and around them. Prints seconds of reading and repairing the layer and
// of attributing all alerts, on the clock and of the processor, how many features were left out or repaired, and the
// most memory in MiB. Checks that the parts of each alert add up to its area. usage: join_layers LEASES [THREADS]

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"

namespace {

using namespace pitwatch;

constexpr std::size_t leases_wanted = 2000;
constexpr std::size_t alerts_wanted = 5000;
constexpr std::size_t broken_each = 8;

/// The same numbers each time.
class Numbers {
 public:
  double operator()(double from, double to) {
    bits_ = bits_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return from + (to - from) * static_cast<double>(bits_ >> 11) / 9007199254740992.0;
  }

 private:
  std::uint64_t bits_ = 45;
};

std::string ring_text(LonLatRing ring, double east, double north, bool swap) {
  if (swap) std::swap(ring[1], ring[ring.size() / 2]);  // its edges cross
  ring.push_back(ring.front());
  std::string text = "[";
  for (const LonLat& place : ring) {
    text += (text.size() == 1 ? "[" : ",[") + std::to_string(place.lon + east) + "," +
            std::to_string(place.lat + north) + "]";
  }
  return text + "]";
}

/// The leases, copies of them a little way off, and every eighth broken in one of four ways.
void write_layer(const std::vector<LayerFeature>& leases, const std::string& path) {
  Numbers number;
  std::string text = R"({"type": "FeatureCollection", "features": [)";
  for (std::size_t i = 0; i < leases_wanted; ++i) {
    const LonLatRing& ring = leases[i % leases.size()].areas[0].outer;
    const bool is_copy = i >= leases.size();
    const double east = is_copy ? number(-0.05, 0.05) : 0;
    const double north = is_copy ? number(-0.05, 0.05) : 0;
    const bool is_broken = i % broken_each == 0;
    const std::size_t kind = i / broken_each % 4;
    std::string geometry = R"({"type": "Polygon", "coordinates": [)" +
                           ring_text(ring, east, north, is_broken && kind == 0 && ring.size() > 4) + "]}";
    if (is_broken && kind == 1) geometry = "null";
    if (is_broken && kind == 2) geometry = R"({"type": "Point", "coordinates": [86, 23]})";
    const std::string id = is_broken && kind == 3 ? "L1" : "L" + std::to_string(i);
    text += std::string(i == 0 ? "" : ",\n") + R"({"type": "Feature", "properties": {"id": ")" + id +
            R"(", "holder": "H)" + std::to_string(i % 40) + R"("}, "geometry": )" + geometry + "}";
  }
  std::ofstream(path) << text << "]}\n";
}

/// Squares of whole pixels of the zone's grid, half of them on a lease's edge.
std::vector<OutlinedAlert> alerts_near(const std::vector<LayerFeature>& leases) {
  Numbers number;
  std::map<std::string, ToWgs84> zones;
  std::vector<OutlinedAlert> alerts;
  for (std::size_t i = 0; i < alerts_wanted; ++i) {
    const LonLat near = leases[i % leases.size()].areas[0].outer[0];
    const std::string zone = utm_crs(near.lon, near.lat);
    ToWgs84& to_wgs84 = zones.try_emplace(zone, zone).first->second;
    const MapPoint at = to_wgs84.to_map(near);
    const double far = i % 2 == 0 ? 50 : 2000;
    const int side = static_cast<int>(number(3, 20));
    const double left = std::round((at.x + number(-far, far)) / 10) * 10;
    const double top = std::round((at.y + number(-far, far)) / 10) * 10;
    OutlinedAlert& outlined = alerts.emplace_back();
    outlined.alert.id = "PW-" + std::to_string(i);
    outlined.alert.area_ha = side * side * 0.01;
    outlined.alert.area_uncertainty_ha = 0.02;
    LonLatRing ring;
    for (const auto& [x, y] : {std::pair{0, 0}, {0, side}, {side, side}, {side, 0}}) {
      const LonLat place = to_wgs84(MapPoint{left + 10.0 * x, top - 10.0 * y});
      ring.push_back({std::round(place.lon * 1e7) / 1e7, std::round(place.lat * 1e7) / 1e7});
    }
    outlined.outline = {{ring, {}}};
  }
  return alerts;
}

ContextLayer licences(const std::string& path) {
  ContextLayer layer;
  layer.name = "leases";
  layer.role = LayerRole::licence;
  layer.source.target = path;
  layer.source.columns.id = "id";
  layer.source.columns.holder = "holder";
  return layer;
}

void check(const std::vector<OutlinedAlert>& alerts, const std::vector<ContextFacts>& facts) {
  std::size_t inside = 0;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    double sum = 0;
    for (const ContextDetail& detail : facts[i].details) sum += detail.area_ha.value_or(0);
    if (std::abs(sum - alerts[i].alert.area_ha) > 1e-6) throw std::runtime_error("parts do not add up");
    inside += facts[i].context.licence->ids.empty() ? 0 : 1;
  }
  if (inside < alerts.size() / 4) throw std::runtime_error("few alerts touch a lease");
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void run(const std::string& path) {
  ContextLayer given = licences(path);
  given.source.columns = {};
  const std::vector<LoadedLayer> original = load_layers({{given}, 5});
  if (!original[0].problem.empty()) throw std::runtime_error(original[0].problem);
  const std::vector<LayerFeature>& leases = original[0].content.features;
  const std::string made =
      (std::filesystem::temp_directory_path() / ("join_layers_" + std::to_string(::getpid()) + ".geojson")).string();
  write_layer(leases, made);
  const std::vector<OutlinedAlert> alerts = alerts_near(leases);
  const auto start = std::chrono::steady_clock::now();
  const double begin = processor_seconds();
  const std::vector<LoadedLayer> layers = load_layers({{licences(made)}, 5});
  std::filesystem::remove(made);
  const auto read = std::chrono::steady_clock::now();
  if (!layers[0].problem.empty()) throw std::runtime_error(layers[0].problem);
  const std::vector<ContextFacts> facts = work_out_context(layers, 5, alerts, {}, in_parallel);
  const auto end = std::chrono::steady_clock::now();
  const double processor = processor_seconds() - begin;
  check(alerts, facts);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](auto span) { return std::chrono::duration<double>(span).count(); };
  std::printf("%zu features, %zu used, %zu remarks; reading %.2f s, joining %.2f s, processor %.2f s, %.0f MiB\n",
              layers[0].content.read, layers[0].content.features.size(), layers[0].content.remarks.size(),
              seconds(read - start), seconds(end - read), processor, static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: join_layers LEASES [THREADS]\n", stderr);
    return 2;
  }
  try {
    in_arena(argc == 3 ? std::atoi(argv[2]) : 0, [&] { run(argv[1]); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "join_layers: %s\n", error.what());
    return 1;
  }
  return 0;
}
