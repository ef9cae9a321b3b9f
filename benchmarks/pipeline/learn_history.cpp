// Learns the models of a site from the observations of a source until a moment, on one thread and on two, turn by turn.
// Prints the seconds of each, the least of three turns. A site of one pane, whatever its size: all of it is in memory.
// usage: learn_history SITES.geojson SOURCE UNTIL

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/site_watch.hpp"

namespace {

using Clock = std::chrono::steady_clock;

pitwatch::ObservationStack read_history(const pitwatch::WatchedSite& watched) {
  const pitwatch::Grid grid = pitwatch::site_grid(watched.site, watched.options.buffer_m);
  const pitwatch::SourceListing listing =
      pitwatch::list_readable(watched.options.source, watched.options.network, pitwatch::search_for({watched}));
  pitwatch::ObservationStack history(grid.width, grid.height);
  pitwatch::SiteProbe probe;
  probe.acquisition = [&](const pitwatch::AcquisitionTaken& taken) {
    if (taken.record.skipped.empty()) history.add(taken.features);
  };
  pitwatch::OffsetMemory offsets;
  pitwatch::WatchReport report;
  pitwatch::probe_pane(
      watched, {"", grid, {0, 0, grid.width, grid.height}}, listing, offsets, [](auto, auto) {}, report, probe);
  return history;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: learn_history SITES.geojson SOURCE UNTIL\n", stderr);
    return 2;
  }
  try {
    pitwatch::initialise_gdal(pitwatch::watch_gdal_cache_bytes);
    pitwatch::WatchOptions options;
    options.sites = argv[1];
    options.source = argv[2];
    options.until = pitwatch::parse_instant(argv[3]);
    options.memory_bytes = std::int64_t{16} << 30;
    options.history_days = 36500;
    std::vector<pitwatch::RejectedSite> rejected;
    const std::vector<pitwatch::WatchedSite> sites = pitwatch::watched_sites(options, rejected);
    const pitwatch::WatchedSite& watched = sites.at(0);
    std::unique_ptr<pitwatch::ObservationStack> history;
    pitwatch::in_arena(2, [&] { history = std::make_unique<pitwatch::ObservationStack>(read_history(watched)); });
    std::array<double, 2> least{1e9, 1e9};
    for (int turn = 0; turn < 3; ++turn) {
      for (std::size_t one = 0; one < least.size(); ++one) {
        pitwatch::in_arena(static_cast<int>(one) + 1, [&] {
          pitwatch::ObservationStack copy = *history;
          const auto start = Clock::now();
          pitwatch::learn(std::move(copy), watched.options.thresholds.monitor, pitwatch::in_rows);
          least[one] = std::min(least[one], std::chrono::duration<double>(Clock::now() - start).count());
        });
      }
    }
    std::printf("%.2f %.2f\n", least[0], least[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "learn_history: %s\n", error.what());
    return 1;
  }
  return 0;
}
