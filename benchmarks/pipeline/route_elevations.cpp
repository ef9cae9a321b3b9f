// Routes fractal ground of SIDE x SIDE cells on one thread: depressions, directions, accumulation. Prints the seconds
// of each and of all, and the most memory in MiB that the process has had. Checks first that all ground of a small grid
// drains to its edge.
// usage: route_elevations SIDE fill|breach

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string_view>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/depressions.hpp"
#include "pipeline/hydrology/routing.hpp"

namespace {

/// Of this process, whatever else the machine does.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// A number from 0 to 1 for a node of a lattice.
float node(std::uint32_t octave, std::uint32_t x, std::uint32_t y) {
  std::uint32_t bits = (x * 0x9E3779B1U) ^ (y * 0x85EBCA77U) ^ (octave * 0xC2B2AE3DU);
  bits = (bits ^ bits >> 15) * 0x2C1B3C6DU;
  bits = (bits ^ bits >> 12) * 0x297A2D39U;
  return static_cast<float>((bits ^ bits >> 15) >> 8) / 16777216.0F;
}

/// Mountains: from spurs of 512 cells to blocks of 2, each octave half as high, in centimetres.
pitwatch::Plane<float> fractal_ground(int side) {
  pitwatch::Plane<float> ground(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) ground.at(x, y) = 0;
    float height = 400;
    for (std::uint32_t octave = 9; octave > 0; --octave, height /= 2) {
      const auto cell = static_cast<float>(1U << octave);
      const std::uint32_t row = static_cast<std::uint32_t>(y) >> octave;
      const float fy = static_cast<float>(y) / cell - static_cast<float>(row);
      for (int x = 0; x < side; ++x) {
        const std::uint32_t column = static_cast<std::uint32_t>(x) >> octave;
        const float fx = static_cast<float>(x) / cell - static_cast<float>(column);
        const float above = node(octave, column, row) * (1 - fx) + node(octave, column + 1, row) * fx;
        const float below = node(octave, column, row + 1) * (1 - fx) + node(octave, column + 1, row + 1) * fx;
        ground.at(x, y) += height * (above * (1 - fy) + below * fy);
      }
    }
    for (int x = 0; x < side; ++x) ground.at(x, y) = std::round(ground.at(x, y) * 100) / 100;
  }
  return ground;
}

void check(pitwatch::DepressionRule rule) {
  constexpr int side = 400;
  pitwatch::Plane<float> ground = fractal_ground(side);
  const pitwatch::Drainage drainage = pitwatch::route(ground.view(), rule);
  std::uint64_t drained = 0;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (drainage.directions.at(x, y) != pitwatch::flow_ends) continue;
      if (x != 0 && y != 0 && x != side - 1 && y != side - 1) throw std::runtime_error("flow ends inside");
      drained += drainage.cells.at(x, y);
    }
  }
  if (drained != std::uint64_t{side} * side) throw std::runtime_error("not all ground drains");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view rule_name = argc == 3 ? argv[2] : "";
  if (rule_name != "fill" && rule_name != "breach") {
    std::fputs("usage: route_elevations SIDE fill|breach\n", stderr);
    return 2;
  }
  try {
    const auto rule = rule_name == "fill" ? pitwatch::DepressionRule::fill : pitwatch::DepressionRule::breach;
    check(rule);
    pitwatch::Plane<float> ground = fractal_ground(std::atoi(argv[1]));
    const auto start = std::chrono::steady_clock::now();
    const double begin = processor_seconds();
    if (rule == pitwatch::DepressionRule::breach) pitwatch::breach_depressions(ground.view());
    pitwatch::fill_depressions(ground.view());
    const double depressions = processor_seconds() - begin;
    const pitwatch::Plane<pitwatch::FlowDirection> directions = pitwatch::flow_directions(ground.view());
    const double with_directions = processor_seconds() - begin;
    const pitwatch::Plane<std::uint32_t> cells = pitwatch::flow_accumulation(directions.view());
    const double all = processor_seconds() - begin;
    const double clock = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.2f %.2f %.2f %.2f %.2f %.0f\n", depressions, with_directions - depressions, all - with_directions,
                all, clock, static_cast<double>(usage.ru_maxrss) / 1024);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "route_elevations: %s\n", error.what());
    return 1;
  }
  return 0;
}
