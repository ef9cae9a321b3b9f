#include "pipeline/compare/compare.hpp"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "pipeline/compare/block_store.hpp"
#include "pipeline/compare/build_alerts.hpp"
#include "pipeline/compare/outputs.hpp"
#include "pipeline/compare/pair_checks.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/compare/run_record.hpp"
#include "pipeline/compare/survey.hpp"
#include "pipeline/compare/tiling.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/evidence/feature_survey.hpp"
#include "pipeline/evidence/survey.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/aoi.hpp"
#include "pipeline/polygons/components.hpp"
#include "pipeline/polygons/measure.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"
#include "pipeline/schedule/stopwatch.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t gdal_cache_bytes = std::int64_t{16} << 20;  // blocks are read past it

/// What a tile in flight owns: preallocated, so that the steady state does not allocate.
struct Slot {
  Window tile;
  std::unique_ptr<LeasedPixels> pixels;
  TileEvidence evidence;
  MaskCounts counts{};
  Plane<std::uint8_t> outlined;
  std::vector<Component> components;
  std::vector<RegionSums> sums;
};

Hysteresis hysteresis_of(const CompareOptions& options, const Grid& grid) {
  const auto code = [](double score) { return static_cast<std::uint8_t>(std::lround(score * score_max)); };
  return {code(options.score_low), code(options.score_high), min_pixels(options.min_area_ha, grid)};
}

void check(const CompareOptions& options) {
  if (!(options.min_area_ha >= 0 && options.min_area_ha <= 1e6))
    throw ConfigError("--min-area-ha must be 0 to 1000000");
  if (!(options.simplify_m >= 0 && options.simplify_m <= 1000))
    throw ConfigError("--simplify must be 0 to 1000 metres");
  if (!(options.score_low > 0 && options.score_low <= options.score_high && options.score_high <= 1)) {
    throw ConfigError("--score-low and --score-high must satisfy 0 < low <= high <= 1");
  }
  if (!(options.min_confidence >= 0 && options.min_confidence <= 1))
    throw ConfigError("--min-confidence must be 0 to 1");
  if (options.tile_size_px != 0 &&
      (options.tile_size_px % 64 != 0 || options.tile_size_px < 64 || options.tile_size_px > 16384)) {
    throw ConfigError("--tile-size must be a multiple of 64 from 64 to 16384, or 0");
  }
}

void make_output_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw ConfigError("--out " + path + ": cannot be made: " + error.message());
  try {
    const AtomicFile probe(path + "/run.json");  // before the work, not after it
  } catch (const IoError& not_writable) {
    throw ConfigError(std::string("--out ") + not_writable.what());
  }
}

/// The dataflow: tiles in order, read and judged in parallel, merged in order.
class Comparison {
 public:
  Comparison(const PairInputs& inputs, BlockStore& store, const CompareOptions& options, const Tiling& tiling,
             const std::optional<Aoi>& aoi, const ProgressSink& progress, Stopwatch& watch)
      : inputs_(inputs),
        store_(store),
        options_(options),
        tiles_(tiles_of(inputs, tiling.tile_size_px)),
        aoi_(aoi),
        progress_(progress),
        watch_(watch),
        hysteresis_(hysteresis_of(options, inputs.grid())),
        slots_(static_cast<std::size_t>(tiling.tokens)),
        score_(inputs.grid().width, inputs.grid().height) {
    for (const Window& tile : tiles_) store_.announce(inputs_.native_windows(tile, read_margin_px));
  }

  void run(const PairSurvey& survey) {
    std::size_t next = 0;
    std::size_t done = 0;
    const auto take = [&](Slot& slot) {
      if (next == tiles_.size()) return false;
      slot.tile = tiles_[next++];
      return true;
    };
    const auto work = [&](Slot& slot) {
      read(slot);
      judge(slot, survey);
    };
    const auto merge = [&](Slot& slot) {
      const Stopwatch::Lap lap(watch_, Stage::merge);
      for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += slot.counts[i];
      stitcher_.add(slot.tile, std::move(slot.components));
      sums_.push_back(std::move(slot.sums));
      progress_("comparing", static_cast<double>(++done) / static_cast<double>(tiles_.size()));
    };
    run_slots(std::span(slots_), take, work, merge);
  }

  /// What the tiles in flight had: no more are to come.
  void free_slots() { std::vector<Slot>().swap(slots_); }

  std::vector<Component> components() { return stitcher_.finish(hysteresis_); }
  const std::vector<std::vector<RegionSums>>& sums() const { return sums_; }
  Plane<std::uint8_t>& score() { return score_; }
  const MaskCounts& counts() const { return counts_; }

 private:
  void read(Slot& slot) {
    const Stopwatch::Lap lap(watch_, Stage::read);
    slot.pixels =
        std::make_unique<LeasedPixels>(inputs_, store_.lease(inputs_.native_windows(slot.tile, read_margin_px)));
  }

  void judge(Slot& slot, const PairSurvey& survey) {
    const Window& tile = slot.tile;
    const PlaneView<std::uint8_t> score{&score_.at(tile.x, tile.y), tile.width, tile.height, score_.stride()};
    slot.counts = {};
    slot.outlined.reshape(tile.width, tile.height);
    {
      const Stopwatch::Lap lap(watch_, Stage::evidence);
      slot.evidence.compute(*slot.pixels, survey.geometry, options_.evidence, survey.model, tile, score, slot.counts);
      slot.evidence.delineate(options_.evidence, tile, hysteresis_.low, slot.outlined.view());
      if (aoi_) leave_out_outside(tile, score, slot.outlined.view());
    }
    const Stopwatch::Lap lap(watch_, Stage::polygons);
    slot.components = label_tile(slot.outlined.view(), tile, inputs_.grid().extent(), hysteresis_);
    slot.sums = sum_regions(slot.components, *slot.pixels, survey.geometry, score, tile);
    slot.pixels.reset();
  }

  void leave_out_outside(const Window& tile, PlaneView<std::uint8_t> score, PlaneView<std::uint8_t> outlined) {
    Plane<std::uint8_t> inside(tile.width, tile.height);
    aoi_->burn(tile, inside.view());
    for (int y = 0; y < tile.height; ++y) {
      for (int x = 0; x < tile.width; ++x) {
        if (inside.at(x, y) == 0) score.at(x, y) = outlined.at(x, y) = score_not_judged;
      }
    }
  }

  const PairInputs& inputs_;
  BlockStore& store_;
  const CompareOptions& options_;
  std::vector<Window> tiles_;
  const std::optional<Aoi>& aoi_;
  const ProgressSink& progress_;
  Stopwatch& watch_;
  Hysteresis hysteresis_;
  std::vector<Slot> slots_;
  Plane<std::uint8_t> score_;
  MaskCounts counts_{};
  Stitcher stitcher_;
  std::vector<std::vector<RegionSums>> sums_;  // by tile
};

std::vector<InputRecord> input_records(const ListedScene& before, const ListedScene& after, const PairInputs& inputs) {
  std::vector<InputRecord> records;
  for (const auto& [role, listed] : {std::pair{"BEFORE item", &before}, {"AFTER item", &after}}) {
    records.push_back({role, listed->scene.source, listed->fingerprint});
  }
  for (const PairInput& input : inputs.inputs()) {
    const std::string date = input.date == Date::before ? "BEFORE " : "AFTER ";
    records.push_back({date + std::string(name(input.band)), input.asset.path, {}});
    const std::string& beside = input.asset.layer.beside;
    if (!beside.empty()) records.push_back({date + std::string(name(input.band)) + ", beside", beside, {}});
  }
  return records;
}

/// What is given, of each scene: of one that tells its bands and scale the date alone, where the other is plain images.
std::array<GivenFacts, 2> facts_of_each(const std::string& before, const std::string& after,
                                        const CompareOptions& options) {
  std::array<GivenFacts, 2> given = options.given;
  const std::array<bool, 2> is_plain{is_own_images(before), is_own_images(after)};
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (is_plain[i]) continue;
    GivenFacts date;
    date.date = given[i].date;
    date.is_day = given[i].is_day;
    const bool is_more = !given[i].bands.empty() || given[i].scale || given[i].offset || given[i].nodata;
    if (is_more && !is_plain[1 - i]) {
      throw ConfigError("--bands, --scale, --offset and --nodata are of plain images; these scenes tell their own");
    }
    given[i] = date;
  }
  return given;
}

/// The scenes of both dates, of which AFTER is the later one.
std::array<ListedScene, 2> read_scenes(const std::string& before, const std::string& after,
                                       const CompareOptions& options) {
  const std::array<GivenFacts, 2> given = facts_of_each(before, after, options);
  std::array<ListedScene, 2> scenes{read_readable(before, options.network, given[0]),
                                    read_readable(after, options.network, given[1])};
  const Instant first = scenes[0].scene.acquired;
  const Instant second = scenes[1].scene.acquired;
  if (second <= first) {
    throw ConfigError("AFTER (" + redacted(after) + ", " + format_instant(second) + ") is not later than BEFORE (" +
                      redacted(before) + ", " + format_instant(first) + ")");
  }
  return scenes;
}

/// What was taken for granted of the scenes, each once.
void add_assumptions(CompareReport& report) {
  const std::vector<std::string>& of_before = report.before.assumptions;
  const std::vector<std::string>& of_after = report.after.assumptions;
  const auto has = [](const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  for (const std::string& text : of_before) {
    report.assumptions.push_back((has(of_after, text) ? "BEFORE and AFTER: " : "BEFORE: ") + text);
  }
  for (const std::string& text : of_after) {
    if (!has(of_before, text)) report.assumptions.push_back("AFTER: " + text);
  }
}

/// B8A on both dates, where B08 is not on both: HLS has the narrow band alone of Landsat.
void use_narrow_infrared(CompareReport& report) {
  if (report.before.has(Band::B08) && report.after.has(Band::B08)) return;
  if (!report.before.has(Band::B8A) || !report.after.has(Band::B8A)) return;
  for (Scene* scene : {&report.before, &report.after}) scene->bands[Band::B08] = scene->bands[Band::B8A];
  report.assumptions.emplace_back("no B08 on both dates: B8A is taken for it on both");
}

/// The area of interest on the inputs' grid, which is cut to it.
std::optional<Aoi> crop_to_aoi(const std::optional<std::string>& path, PairInputs& inputs) {
  if (!path) return std::nullopt;
  const Aoi whole(*path, inputs.grid());
  inputs.crop(whole.bounds());
  return whole.on(inputs.grid());
}

/// Hashes local files in the background. The records stay where they are until then.
void hash(std::vector<InputRecord>& records, Stopwatch& watch, Background& hashing) {
  for (InputRecord& record : records) {
    if (!record.sha256.empty() || is_on_network(record.path)) continue;
    hashing.run([&] {
      const Stopwatch::Lap lap(watch, Stage::hash);
      record.sha256 = sha256_file(record.path);
    });
  }
}

PairSurvey surveyed(const PairInputs& inputs, BlockStore& store, const CompareOptions& options, Stopwatch& watch,
                    CompareReport& report) {
  PairSurvey found;
  {
    const Stopwatch::Lap lap(watch, Stage::survey);
    found = survey(inputs, store, options.evidence);
  }
  report.alignment = found.alignment;
  if (options.checks.gate) refuse_misplaced_pair(report.after, found.alignment, report.grid.pixel_size_m);
  report.model = found.model;
  for (std::string& doubt : doubts_of(found.model)) report.limits.push_back(std::move(doubt));
  for (std::string& doubt : doubts_of_features(found.model, options.evidence.features)) {
    report.limits.push_back(std::move(doubt));
  }
  return found;
}

bool judges_any(const Plane<std::uint8_t>& score) {
  for (int y = 0; y < score.height(); ++y) {
    const std::uint8_t* const row = score.row(y);
    if (std::any_of(row, row + score.width(), [](std::uint8_t code) { return code != score_not_judged; })) return true;
  }
  return false;
}

/// "cloud at 73 %, nodata at 40 % of the pixels": several reasons may hold at one pixel.
std::string masked_shares(const MaskCounts& counts) {
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  std::string result;
  for (const MaskReasonName& reason : mask_reasons) {
    std::int64_t pixels = 0;
    for (std::size_t bits = 0; bits < counts.size(); ++bits) pixels += (bits & reason.bit) != 0 ? counts[bits] : 0;
    if (pixels == 0) continue;
    result.append(result.empty() ? "" : ", ").append(reason.name);
    result += " at " + fixed_text(100 * static_cast<double>(pixels) / all, 0) + " %";
  }
  return result.empty() ? "no pixel is clear on both dates" : result + " of the pixels";
}

/// Makes alerts of what was found, and writes them last: whoever sees new alerts finds their rasters.
void write_outputs(Comparison& comparison, const PairInputs& inputs, const CompareOptions& options, Stopwatch& watch,
                   CompareReport& report) {
  const ComparisonOutputs outputs(report, options);
  Background writing;
  writing.run([&] {
    const Stopwatch::Lap lap(watch, Stage::write);
    outputs.write_score(comparison.score().view());
  });
  std::vector<Region> regions;
  {
    const Stopwatch::Lap lap(watch, Stage::polygons);
    regions = build_regions(comparison.components(), comparison.sums(), inputs, options);
    report.alerts = build_alerts(regions, inputs, report, options);
  }
  std::unique_ptr<AtomicFile> alerts;
  Background describing;
  describing.run([&] {
    const Stopwatch::Lap lap(watch, Stage::write);
    alerts = outputs.prepare_alerts(report.alerts);
  });
  writing.wait();
  {
    const Stopwatch::Lap lap(watch, Stage::write);
    burn_classes(regions, comparison.score().view());  // the scores are on disk: their memory becomes the mask
    outputs.write_mask(comparison.score().view());
  }
  describing.wait();
  alerts->commit();
}

}  // namespace

CompareReport compare(const std::string& before, const std::string& after, const CompareOptions& options,
                      const ProgressSink& progress) {
  const auto start = std::chrono::steady_clock::now();
  check(options);
  initialise_gdal(gdal_cache_bytes);
  CompareReport report;
  const std::array<ListedScene, 2> scenes = read_scenes(before, after, options);
  report.before = scenes[0].scene;
  report.after = scenes[1].scene;
  use_narrow_infrared(report);
  PairInputs inputs(report.before, report.after, options.evidence.features);
  report.limits = inputs.limits();
  add_assumptions(report);
  const std::optional<Aoi> aoi = crop_to_aoi(options.aoi, inputs);
  const std::vector<std::string> gaps = inputs.gaps();
  report.limits.insert(report.limits.end(), gaps.begin(), gaps.end());
  report.grid = inputs.grid();
  make_output_folder(options.out);

  report.threads = thread_count(options.threads);
  in_arena(report.threads, [&] {
    std::optional<BlockStore> store(std::in_place, inputs.block_sources());
    const Tiling tiling = plan_tiling(inputs, *store, options.tile_size_px, report.threads, options.memory_bytes,
                                      options.evidence.features);
    report.tile_size_px = tiling.tile_size_px;
    report.tokens = tiling.tokens;
    report.planned_bytes = tiling.planned_bytes;

    Stopwatch watch;
    {
      const Stopwatch::Lap lap(watch, Stage::read);
      report.offsets = check_pair(report.before, report.after, inputs, options.checks);
    }
    Comparison comparison(inputs, *store, options, tiling, aoi, progress, watch);
    report.inputs = input_records(scenes[0], scenes[1], inputs);
    Background hashing;
    hash(report.inputs, watch, hashing);
    progress("surveying", 0);
    const PairSurvey found = surveyed(inputs, *store, options, watch, report);
    comparison.run(found);
    report.pixels_by_mask = comparison.counts();
    if (!judges_any(std::as_const(comparison.score()))) {
      report.limits.push_back("nothing can be judged, and no alert means nothing: " +
                              masked_shares(report.pixels_by_mask));
    }
    comparison.free_slots();  // the outputs need the memory
    store.reset();
    ::malloc_trim(0);

    progress("writing", 0);
    write_outputs(comparison, inputs, options, watch, report);
    hashing.wait();
    report.stage_seconds = watch.seconds();
  });
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_run_record(options.out + "/run.json", report, options);
  return report;
}

}  // namespace pitwatch
