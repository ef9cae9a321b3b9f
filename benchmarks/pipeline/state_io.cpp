// Reads a state of the nightly run and writes it again, as the run does: what a night cannot do without, beside
// decoding. Prints the seconds of both.
// usage: state_io THREADS FILE.state COPY.state

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/io/files/state_file.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/site_watch.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: state_io THREADS FILE.state COPY.state\n", stderr);
    return 2;
  }
  try {
    const nlohmann::json header = nlohmann::json::parse(pitwatch::read_state_header(argv[2]).text);
    pitwatch::Grid grid;
    std::istringstream text(header.at("grid").get<std::string>());
    text >> grid.crs >> grid.origin.x >> grid.origin.y >> grid.pixel_size_m >> grid.width >> grid.height;
    pitwatch::in_arena(std::atoi(argv[1]), [&] {
      const auto start = Clock::now();
      pitwatch::SiteState state = pitwatch::read_site_state(argv[2], grid, pitwatch::in_parallel);
      const double read = seconds_since(start);
      pitwatch::write_site_state(argv[3], {header.at("algorithm").get<std::string>(), {}, grid}, state,
                                 pitwatch::in_parallel);
      std::printf("%.3f %.3f\n", read, seconds_since(start) - read);
    });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "state_io: %s\n", error.what());
    return 1;
  }
  return 0;
}
