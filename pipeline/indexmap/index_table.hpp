#pragma once
// Spectral indices over sites, acquisition by acquisition: a table and plots.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/acquisition/source_files.hpp"
#include "pipeline/indexmap/ground.hpp"
#include "pipeline/indexmap/index_maps.hpp"
#include "pipeline/indexmap/index_statistics.hpp"
#include "pipeline/indices/request.hpp"
#include "pipeline/plot/drawing.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

struct IndexTableOptions {
  std::string source;
  NetworkOptions network;
  GivenFacts given;   // of plain images
  std::string sites;  // vector file of polygons with id
  IndexPeriod period;
  IndexReading reading;
  /// Called before pixels are read, with what may not be written over and the sites' ids.
  std::function<void(const SourceFiles&, const std::vector<std::string>&)> before_reading;
  // These do not change the result.
  int threads = 0;  // 0: all cores
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

struct IndexTableRow {
  std::string site;
  Instant acquired{};
  std::string scene;          // the first part's
  std::string index;          // its name
  std::int64_t pixels = 0;    // whose centres lie in the polygon
  std::int64_t clear = 0;     // of them, not masked and measured in all bands that are read
  std::int64_t values = 0;    // of them, with a value of the index
  IndexStatistics of_values;  // where there are any
};

struct IndexTable {
  std::vector<IndexTableRow> rows;  // by site as in the file, acquisition, index as asked for
  SkippedScenes skipped;
  SkippedScenes warnings;
};

/// Reads every acquisition over every site, on the site's grid of 10 m (site_grid()); those that show nothing of a
/// site have no row there, and a site without any row is named among what is skipped. The result does not depend on
/// threads. Throws ConfigError and DataError as map_indices() and read_sites().
IndexTable index_table(const IndexRequest& request, const IndexTableOptions& options, const ProgressSink& progress);

/// CSV (RFC 4180) with a header: site, acquired, scene, index, pixels, clear_share, mean, std, min, p10, p25, median,
/// p75, p90, max; cells without a value are empty.
std::string csv_of(const IndexTable& table);

/// A panel for each index: medians over time (hollow where less than half of the site is clear), between the 10th and
/// the 90th percentile. Sites are those of the rows, each with its plot.
std::vector<std::pair<std::string, Drawing>> plots_of(const IndexTable& table);

}  // namespace pitwatch
