// What pipeline/hydrology makes of elevations, as raw rasters that another program's can be compared with.
// usage: flow_tables WIDTH HEIGHT ELEVATION fill|breach COLUMN ROW OUT
// ELEVATION holds 32-bit floats by rows. OUT.dir gets directions (bytes), OUT.acc cells that drain through (32-bit
// whole numbers), OUT.basin what drains to the cell COLUMN, ROW (bytes), OUT.path its way down (lines of column and
// row). Prints the seconds of depressions, directions and accumulation together.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/routing.hpp"
#include "pipeline/hydrology/streams.hpp"

namespace {

using pitwatch::Plane;

Plane<float> read_ground(const std::string& path, int width, int height) {
  Plane<float> ground(width, height);
  std::ifstream file(path, std::ios::binary);
  for (int y = 0; y < height; ++y) {
    file.read(reinterpret_cast<char*>(ground.row(y)), static_cast<std::streamsize>(sizeof(float)) * width);
  }
  if (!file) throw std::runtime_error(path + " is too short");
  return ground;
}

template <typename T>
void write(const std::string& path, const Plane<T>& plane) {
  std::ofstream file(path, std::ios::binary);
  for (int y = 0; y < plane.height(); ++y) {
    file.write(reinterpret_cast<const char*>(plane.row(y)), static_cast<std::streamsize>(sizeof(T)) * plane.width());
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view rule = argc == 8 ? argv[4] : "";
  if (rule != "fill" && rule != "breach") {
    std::fputs("usage: flow_tables WIDTH HEIGHT ELEVATION fill|breach COLUMN ROW OUT\n", stderr);
    return 2;
  }
  try {
    const std::string out = argv[7];
    Plane<float> ground = read_ground(argv[3], std::atoi(argv[1]), std::atoi(argv[2]));
    const auto start = std::chrono::steady_clock::now();
    const pitwatch::Drainage drainage = pitwatch::route(
        ground.view(), rule == "fill" ? pitwatch::DepressionRule::fill : pitwatch::DepressionRule::breach);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    write(out + ".dir", drainage.directions);
    write(out + ".acc", drainage.cells);
    const pitwatch::FlowCell outlet{static_cast<std::uint16_t>(std::atoi(argv[5])),
                                    static_cast<std::uint16_t>(std::atoi(argv[6]))};
    const Plane<std::uint32_t> labels = pitwatch::catchments(drainage.directions.view(), std::array{outlet});
    Plane<std::uint8_t> basin(labels.width(), labels.height());
    for (int y = 0; y < labels.height(); ++y) {
      for (int x = 0; x < labels.width(); ++x) basin.at(x, y) = labels.at(x, y) != 0 ? 1 : 0;
    }
    write(out + ".basin", basin);
    std::ofstream path(out + ".path");
    for (const pitwatch::FlowCell& cell :
         pitwatch::flow_path(ground.view(), drainage.directions.view(), {}, 1, outlet).cells) {
      path << cell.x << ' ' << cell.y << '\n';
    }
    std::printf("%.3f\n", seconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flow_tables: %s\n", error.what());
    return 1;
  }
  return 0;
}
