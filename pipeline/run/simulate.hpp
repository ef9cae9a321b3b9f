#pragma once
// Series of synthetic scenes with known truth, written as products.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

enum class ProductForm : std::uint8_t { stac, safe };

/// Rivers and reservoirs have so much tailings water in them.
struct Plume {
  Instant from{};
  Instant until{};                // included
  double share = 0;               // 0..1
  std::optional<double> below_m;  // only where the ground lies lower, metres above sea level; nothing: everywhere
};

struct SimulateOptions {
  std::string sites;  // vector file of sites
  std::string out;    // folder; made if it is not there
  Instant from{};
  Instant until{};  // included; of a day that is to be whole, its last instant
  std::uint32_t seed = 1;
  int revisit_days = 5;
  double size_km = 3;  // of the square around each site; from 109.8 on the whole tile that holds it
  ProductForm form = ProductForm::stac;
  std::vector<Band> bands;  // empty: all twelve of Level-2A
  int disturbances = 14;    // for each site
  int waterside = 4;        // ponds, and workings along a river
  int backfilled = 0;       // pits in rock and ponds that are filled again
  int decoys = 12;
  std::optional<Plume> plume;
  bool clear_sky = false;   // no clouds, and every product whole
  bool sky_labels = false;  // writes SITE/sky/ too
  int history_days = 365;   // before the first onset; at most nine tenths of the period

  // These do not change the result.
  int threads = 0;  // 0: all cores
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

struct SimulateReport {
  struct OfSite {
    std::string id;
    int products = 0;
    int disturbances = 0;  // events of that kind that found room
    int others = 0;        // natural events and decoys
  };
  std::vector<OfSite> sites;
  double wall_seconds = 0;
};

/// Writes into options.out, for each site:
///   SITE/           products: folders NAME.SAFE, or STAC items with collection.json
///   SITE/dem.tif    elevation, metres; Float32 COG
///   SITE/labels/YYYYMMDD.tif  what is disturbed or under a decoy on each day, by code of TruthType (core/truth.hpp);
///                   Byte COG
///   SITE/sky/YYYYMMDD.tif  where asked for: what hides the ground on each day, as in GranulePixels::sky; Byte COG
///   SITE/truth.geojson  what happened there, and when it could be seen
///   truth.geojson   the same of all sites
/// and says in each product that it is synthetic. Same options, same bytes. Each product appears whole or not at all;
/// truth.geojson comes last. Throws ConfigError (options, output folder, too little memory), DataError (sites),
/// IoError.
SimulateReport simulate(const SimulateOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
