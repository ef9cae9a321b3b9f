#pragma once
// Two scenes in, polygons of newly disturbed ground out.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/source.hpp"
#include "pipeline/align/alignment.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/evidence/pair_model.hpp"
#include "pipeline/evidence/tile_evidence.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

struct CompareOptions {
  std::string out;                 // folder for the outputs; made if it is not there
  std::optional<std::string> aoi;  // vector file: outside of its polygons nothing is judged
  double min_area_ha = 0.1;        // minimum mapping unit
  double simplify_m = 0;           // tolerance of the outlines; 0: exact along pixel edges
  double score_low = 0.24;         // a polygon grows over scores of at least this
  double score_high = 0.355;       // and somewhere reaches this
  double min_confidence = 0.36;    // mean score of the pixels of an alert
  EvidenceOptions evidence;
  SceneChecks checks;      // which scenes are refused
  NetworkOptions network;  // of scenes whose item or files are on the network
  /// Of BEFORE and AFTER where they are plain images; of products that tell them themselves the date alone may be
  /// given.
  std::array<GivenFacts, 2> given;

  // These do not change the result.
  int threads = 0;  // 0: all cores
  std::int64_t memory_bytes = std::int64_t{1} << 30;
  int tile_size_px = 0;  // 0: the largest that the memory allows
};

struct InputRecord {
  std::string role;  // "BEFORE item", "AFTER B04"
  std::string path;
  std::string sha256;  // empty for a raster on the network
};

/// What a comparison did, for run.json and for the caller.
struct CompareReport {
  Scene before;
  Scene after;
  std::array<OffsetReport, 2> offsets;  // of BEFORE and of AFTER
  Grid grid;
  std::vector<InputRecord> inputs;
  std::vector<std::string> limits;  // what cannot be known, for want of bands or of unchanged ground, one sentence each
  std::vector<std::string> assumptions;  // what was taken for granted of plain images, scene by scene
  Alignment alignment;
  PairModel model;
  MaskCounts pixels_by_mask{};
  std::vector<Alert> alerts;
  int threads = 0;
  int tile_size_px = 0;
  int tokens = 0;
  std::int64_t planned_bytes = 0;
  std::vector<std::pair<std::string, double>> stage_seconds;  // summed over threads where a stage runs in parallel
  double wall_seconds = 0;
};

/// Reads both scenes (read_readable()), compares them, and writes alerts.geojson, score.tif, mask.tif and run.json
/// into options.out; each appears whole or not at all, run.json last. Same inputs and options, same bytes (but for
/// run.json's timings), whatever the threads, the memory, the tile size and the SIMD target.
/// Throws ConfigError (options, facts given of no plain image, AFTER not later than BEFORE, too little memory, output
/// folder), DataError (an input unusable or refused by options.checks, naming scene, band and file), IoError (an output
/// not writable).
CompareReport compare(const std::string& before, const std::string& after, const CompareOptions& options,
                      const ProgressSink& progress);

}  // namespace pitwatch
