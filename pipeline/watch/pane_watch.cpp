#include "pipeline/watch/pane_watch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/scratch_file.hpp"
#include "pipeline/io/raster/read_error.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"
#include "pipeline/watch/incident_story.hpp"
#include "pipeline/watch/score_rasters.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t acquisitions_between_checkpoints = 24;
// What a pixel takes: in the state and its observation, while learning and for each acquisition of the history that is
// learnt from, and in an acquisition.
constexpr std::int64_t state_pixel_bytes = 230;
constexpr auto few_bands_pixel_bytes = static_cast<std::int64_t>(sizeof(PixelOutliers));  // more, with few bands
constexpr std::int64_t judging_pixel_bytes = 110;
constexpr std::int64_t learning_pixel_bytes = 320;
constexpr std::int64_t history_pixel_bytes = 13;
constexpr std::int64_t acquisition_pixel_bytes = 110;
// And for each extra feature.
constexpr std::int64_t state_feature_bytes = 17;
constexpr std::int64_t judging_feature_bytes = 8;
constexpr std::int64_t learning_feature_bytes = 40;
constexpr std::int64_t history_feature_bytes = 2;
constexpr std::int64_t acquisition_feature_bytes = 12;

/// Bands that some later reading may want.
constexpr std::array kept_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B10,
                                Band::B11, Band::B12, Band::SCL, Band::CLD, Band::SNW};

/// What chips may take that wait to be noted.
std::int64_t waiting_chips_bytes(const WatchOptions& options) {
  constexpr std::int64_t share = 64;
  return options.memory_bytes / share;
}

/// A history that memory is too small for, in a file.
class HistoryFile : public HistoryStorage {
 public:
  explicit HistoryFile(const std::string& folder) : file_(folder) {}
  void write(std::uint64_t at, std::span<const std::byte> bytes) override { file_.write(at, bytes); }
  void read(std::uint64_t at, std::span<std::byte> bytes) override { file_.read(at, bytes); }

 private:
  ScratchFile file_;
};

/// What a manifest says of a product.
ProductUsed product_of(const ListedScene& listed) {
  const Scene& scene = listed.scene;
  ProductUsed product;
  product.id = scene.id;
  product.source = redacted(scene.source);
  product.platform = scene.platform;
  product.datatake = scene.datatake;
  product.tile = scene.tile;
  product.level = scene.level;
  product.baseline = scene.processing_baseline;
  product.processed = scene.processed;
  product.offset_rule = scene.offsets.rule;
  product.sun = scene.sun;
  product.view = scene.view;
  // The state names of a kept one no more than the beginning.
  if (is_sha256(listed.fingerprint)) product.fingerprint = listed.fingerprint;
  for (const auto& [band, asset] : scene.bands) {
    product.offsets.push_back({std::string(name(band)), asset.calibration.scale, asset.calibration.offset});
    product.files.push_back(redacted(asset.path));
  }
  return product;
}

}  // namespace

std::int64_t least_pane_bytes(const Grid& grid) {
  return program_bytes +
         (state_pixel_bytes + learning_pixel_bytes + acquisition_pixel_bytes) * grid.width * grid.height;
}

ReadingOptions reading_options(const WatchedSite& watched, const Pane& pane) {
  const WatchOptions& options = watched.options;
  const std::string& masks = options.write_masks;
  return {.light = options.light,
          .checks = options.checks,
          .masks = options.masks,
          .shift_error_px = options.thresholds.shift_error_px,
          .typical_shift_error_px = options.thresholds.typical_shift_error_px,
          .more_bands = more_bands_of(options.thresholds.monitor.extra),
          .write_masks = masks.empty() ? "" : masks + "/" + place_of(watched.site, pane)};
}

/// An acquisition on its way: read by any thread, taken in by one after the other.
struct PaneWatch::InFlight {
  std::size_t number = 0;
  AcquisitionRecord record;
  ReadAcquisition read;
  ObservationFeatures features;  // keep their memory from one acquisition to the next
  std::vector<Scene> kept;       // in the state
};

PaneWatch::PaneWatch(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                     BlockCache& blocks, ProgressSink progress, WatchReport& report, SiteProbe probe)
    : watched_(watched),
      pane_(pane),
      progress_(std::move(progress)),
      report_(report),
      probe_(std::move(probe)),
      plan_(watched, pane, listing),
      reader_(reading_options(watched, pane), pane.grid, offsets, blocks),
      judge_(place_of(watched.site, pane), pane.grid, watched.options.thresholds) {
  // A rerun is of what the state knows.
  if (!watched.options.is_rerun) plan_.try_again([this](const PlannedAcquisition& one) { return can_be_read(one); });
}

WatchReport::OfSite PaneWatch::run() {
  const bool dry = watched_.options.dry_run;
  StateFolder& states = plan_.states();
  if (!dry) states.tidy();
  state_ = plan_.load();
  plan_.report_to(report_);
  const AcquisitionPlan& plan = plan_.acquisitions();
  const std::size_t start = plan_.start();
  const bool keeps = plan_.learning_goes_on();
  WatchReport::OfSite result;
  result.id = watched_.site.id;
  result.acquisitions = static_cast<int>(plan.acquisitions.size());
  result.new_acquisitions = static_cast<int>(plan_.new_count());
  result.replayed = keeps ? 0 : static_cast<int>(plan.acquisitions.size() - start) - result.new_acquisitions;
  result.learning = keeps;
  checkpoint_ = states.loaded();
  if (!checkpoint_.empty()) result.continued_from.push_back(checkpoint_);
  if (dry) return result;
  keep_chips();
  std::size_t before = start;
  if (keeps) {
    before = keep_new();
  } else {
    if (start < plan.acquisitions.size()) take_in_from(start);
    // Also where nothing was new: the run before may have been killed before it had removed them.
    report_.obsolete = states.obsolete(plan);
    if (const std::string kept = plan_.kept_folder(); !kept.empty()) report_.obsolete.push_back(kept);
  }
  result.open = static_cast<int>(std::count_if(state_.incidents.begin(), state_.incidents.end(),
                                               [](const Incident& incident) { return is_open(incident.status); }));
  for (std::size_t i = 0; i < state_.acquisitions.size(); ++i) {
    const AcquisitionRecord& acquisition = state_.acquisitions[i];
    if (acquisition.skipped.empty()) continue;
    (i < before ? report_.unusable : report_.skipped).emplace_back(acquisition.scene(), acquisition.skipped);
  }
  report_still_unread(before);
  result.relearnt = states.replaces_other() || plan_.relearns_all();
  if (chips_) {
    report_.chip_places.push_back(place_of(watched_.site, pane_));
    for (const std::string& file : chips_->damaged()) report_.warnings.emplace_back("chips", file);
  }
  report_.standings.push_back(standing(result));
  return result;
}

/// What could not be read before was tried again. A feed of which nothing new can be read does not look well the second
/// night; one file that never comes whole is not named for ever.
void PaneWatch::report_still_unread(std::size_t before) {
  constexpr std::chrono::days lately{30};
  const std::vector<AcquisitionRecord>& all = state_.acquisitions;
  std::vector<const AcquisitionRecord*> unread;
  for (std::size_t i = 0; i < std::min(before, all.size()); ++i) {
    if (all[i].is_unread && all[i].acquired > all.back().acquired - lately) unread.push_back(&all[i]);
  }
  if (unread.empty()) return;
  const AcquisitionRecord& newest = *unread.back();
  report_.skipped.emplace_back("site " + watched_.site.id, std::to_string(unread.size()) +
                                                               " of its newest acquisitions still cannot be read; " +
                                                               newest.scene() + ": " + newest.skipped);
}

SiteStanding PaneWatch::standing(const WatchReport::OfSite& result) const {
  SiteStanding standing;
  standing.id = watched_.site.id;
  standing.panes = 1;
  standing.acquisitions = result.acquisitions;
  for (const AcquisitionRecord& acquisition : state_.acquisitions) {
    if (!acquisition.skipped.empty()) continue;  // nothing is known of the ground by it
    if (!standing.first_acquisition) standing.first_acquisition = acquisition.acquired;
    standing.last_acquisition = acquisition.acquired;
  }
  standing.learning = result.learning;
  if (!state_.acquisitions.empty()) standing.learn_until = plan_.acquisitions().learn_until;
  const std::vector<std::string>& obsolete = report_.obsolete;
  for (const auto& [path, acquisitions] : plan_.states().files()) {
    if (std::find(obsolete.begin(), obsolete.end(), path) != obsolete.end()) continue;
    standing.checkpoints.push_back({std::filesystem::path(path).lexically_relative(watched_.options.state).string(),
                                    static_cast<int>(acquisitions)});
  }
  standing.open_incidents = result.open;
  for (const auto& [name, value] : overrides_in_clear(watched_.site)) standing.options[name] = value;
  return standing;
}

// ---- memory ----

/// How many are on their way at once where so many are known.
int PaneWatch::in_flight(std::size_t known) const {
  return static_cast<int>(
      std::min(plan_.acquisitions().acquisitions.size() - known, static_cast<std::size_t>(arena_threads()) + 1));
}

/// Acquisitions that are learnt from.
std::size_t PaneWatch::history_count() const {
  const AcquisitionPlan& plan = plan_.acquisitions();
  const auto count = std::count_if(
      plan.acquisitions.begin(), plan.acquisitions.end(),
      [&](const PlannedAcquisition& acquisition) { return acquisition.record.acquired < plan.learn_until; });
  return static_cast<std::size_t>(count);
}

std::int64_t PaneWatch::bytes() const {
  const bool learns = plan_.start() == 0 && !plan_.learning_goes_on();
  const PaneMemory memory = plan_memory(learns, in_flight(plan_.start()));
  return memory.bytes;
}

/// What is used beside the program where so many acquisitions are on their way; `learns` a history of so many
/// acquisitions in memory, or in a file.
std::int64_t PaneWatch::bytes(const PaneMemory& memory, bool learns) const {
  const std::int64_t pixels = std::int64_t{pane_.grid.width} * pane_.grid.height;
  const auto history = static_cast<std::int64_t>(history_count());
  const auto extra = static_cast<std::int64_t>(watched_.options.thresholds.monitor.extra.size());
  const std::int64_t history_bytes = history_pixel_bytes + history_feature_bytes * extra;
  const std::int64_t learning_bytes = learning_pixel_bytes + learning_feature_bytes * extra;
  std::int64_t learning = 0;
  if (learns && memory.history_in_file) {
    const std::int64_t strip = std::int64_t{ObservationStack::strip_rows} * pane_.grid.width;
    learning = learning_bytes * pixels + arena_threads() * (history_bytes + 1) * history * strip;
  } else if (learns) {
    learning = (learning_bytes + history_bytes * history) * pixels;
  }
  const std::int64_t chips = watched_.options.chips > 0 ? waiting_chips_bytes(watched_.options) : 0;
  // A history is learnt from before anything is judged.
  return reader_.bytes(plan_.acquisitions(), memory.in_flight) + chips +
         std::max(learning, (judging_pixel_bytes + judging_feature_bytes * extra) * pixels) +
         pixels * (state_pixel_bytes + state_feature_bytes * extra +
                   (has_few_bands(plan_.acquisitions()) ? few_bands_pixel_bytes : 0) +
                   (acquisition_pixel_bytes + acquisition_feature_bytes * extra) * memory.in_flight);
}

/// As much side by side as there is memory for: first a history goes into a file, then fewer acquisitions are on their
/// way at once.
PaneMemory PaneWatch::plan_memory(bool learns, int most_in_flight) const {
  const std::int64_t allowed = watched_.options.memory_bytes - program_bytes;
  PaneMemory memory{.in_flight = most_in_flight, .history_in_file = false};
  for (;;) {
    memory.bytes = bytes(memory, learns);
    if (memory.bytes <= allowed) return memory;
    if (learns && !memory.history_in_file) {
      memory.history_in_file = true;
    } else if (memory.in_flight > 1) {
      --memory.in_flight;
    } else {
      return memory;
    }
  }
}

/// Refuses a pane whose state and acquisitions would not fit into the memory allowed.
PaneMemory PaneWatch::memory_for(bool learns, int most_in_flight) const {
  const PaneMemory memory = plan_memory(learns, most_in_flight);
  const std::int64_t needed = program_bytes + memory.bytes;
  if (needed > watched_.options.memory_bytes) {
    const std::string needed_mib = std::to_string((needed >> 20) + 1);
    throw ConfigError("--memory " + std::to_string(watched_.options.memory_bytes >> 20) +
                      "MiB is too little for site '" + watched_.site.id + "': " + needed_mib + " MiB are needed" +
                      (learns ? " to learn its history" : "") + ": give --memory " + needed_mib + "MiB");
  }
  return memory;
}

// ---- one acquisition after the other ----

/// Reads the acquisitions of those numbers side by side, at most `slots` at once, and takes them in in their order.
template <typename Read, typename TakeIn>
void PaneWatch::pass(const std::vector<std::size_t>& numbers, int slots, const Read& read, const TakeIn& take_in) {
  std::vector<InFlight> acquisitions(static_cast<std::size_t>(slots));
  std::size_t next = 0;
  const auto begin = [&](InFlight& acquisition) {
    if (next == numbers.size()) return false;
    acquisition.read = {};
    acquisition.kept.clear();
    acquisition.number = numbers[next++];
    acquisition.record = plan_.acquisitions().acquisitions[acquisition.number].record;
    return true;
  };
  run_slots(std::span(acquisitions), begin, read, take_in);
}

void PaneWatch::report_progress(const InFlight& acquisition) const {
  progress_(watched_.site.id, static_cast<double>(acquisition.number + 1) /
                                  static_cast<double>(plan_.acquisitions().acquisitions.size()));
}

void PaneWatch::add_remarks_of(const InFlight& acquisition, AcquisitionUse use) {
  report_.warnings.insert(report_.warnings.end(), acquisition.read.warnings.begin(), acquisition.read.warnings.end());
  const PlannedAcquisition& planned = plan_.acquisitions().acquisitions[acquisition.number];
  if (!planned.is_readable()) return;
  AcquisitionUsed used;
  used.site = watched_.site.id;
  used.pane = pane_.name;
  used.acquired = acquisition.record.acquired;
  used.use = acquisition.record.skipped.empty() ? use : AcquisitionUse::skipped;
  used.reason = acquisition.record.skipped;
  for (const ListedScene& part : planned.datatake.parts) used.products.push_back(product_of(part));
  if (acquisition.record.skipped.empty()) {
    const MaskShares shares = mask_shares(acquisition.read.planes.mask.view());
    used.cloud_share = shares.cloud;
    used.valid_share = shares.clear;
  }
  report_.acquisitions.push_back(std::move(used));
}

/// All files of a kept scene.
void PaneWatch::add_written(const Scene& kept) {
  if (kept.bands.empty()) return;
  std::error_code none;
  const std::filesystem::path folder = std::filesystem::path(kept.bands.begin()->second.path).parent_path();
  for (std::filesystem::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
    report_.written.push_back(it->path().string());
  }
}

/// From here on chips are kept of the alerts, where the state is one of nights.
void PaneWatch::keep_chips() {
  const WatchOptions& options = watched_.options;
  if (options.is_rerun || options.state.empty()) return;
  chips_ = std::make_unique<ChipKeeper>(ChipKeeper::Options{.state = options.state,
                                                            .site = watched_.site.id,
                                                            .place = place_of(watched_.site, pane_),
                                                            .grid = pane_.grid,
                                                            .frames = static_cast<std::size_t>(options.chips),
                                                            .most_bytes = waiting_chips_bytes(options),
                                                            .is_replay = plan_.start() < plan_.states().known().size()},
                                        state_);
}

void PaneWatch::save_checkpoint(bool after_learning) {
  const NightLap lap(watched_.options.clock, {NightStage::save, watched_.site.id});
  if (chips_) chips_->save(state_.acquisitions.size());
  if (watched_.notes != nullptr) {
    const auto first = report_.acquisitions.begin() + static_cast<std::ptrdiff_t>(noted_acquisitions_);
    watched_.notes->note({first, report_.acquisitions.end()});
    noted_acquisitions_ = report_.acquisitions.size();
  }
  const std::string path = plan_.states().save(state_, after_learning);
  if (!path.empty()) report_.written.push_back(path);
  checkpoint_ = path;
  if (!after_learning) saved_acquisitions_ = state_.acquisitions.size();
}

// ---- while it learns ----

/// Keeps the pixels of new acquisitions in the state, as long as the history is not whole: by then their files may be
/// gone. Returns how many acquisitions stand before the first new one.
std::size_t PaneWatch::keep_new() {
  const AcquisitionPlan& plan = plan_.acquisitions();
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < plan.acquisitions.size(); ++i) {
    if (plan.acquisitions[i].is_new) wanted.push_back(i);
  }
  state_.learn_until = plan.learn_until;
  for (const PlannedAcquisition& acquisition : plan.acquisitions) state_.acquisitions.push_back(acquisition.record);
  if (wanted.empty()) return state_.acquisitions.size();
  const int tokens = memory_for(false, in_flight(0)).in_flight;
  const auto note = [&](const InFlight& acquisition) {
    state_.acquisitions[acquisition.number].skipped = acquisition.record.skipped;
    state_.acquisitions[acquisition.number].is_unread = acquisition.record.is_unread;
    for (const Scene& scene : acquisition.kept) add_written(scene);
    add_remarks_of(acquisition, AcquisitionUse::kept);
    report_progress(acquisition);
  };
  pass(
      wanted, tokens, [&](InFlight& acquisition) { keep(acquisition); }, note);
  save_checkpoint(false);
  return wanted.front();
}

void PaneWatch::keep(InFlight& acquisition) const {
  const PlannedAcquisition& planned = plan_.acquisitions().acquisitions[acquisition.number];
  const NightLap lap(watched_.options.clock, {NightStage::read, watched_.site.id, acquisition.record.acquired});
  try {
    acquisition.read = reader_.read(planned);
    const std::vector<Grid> ground = reader_.ground_of(planned);
    std::vector<Band> bands(kept_bands.begin(), kept_bands.end());
    for (const Band band : more_bands_of(watched_.options.thresholds.monitor.extra)) {
      if (std::find(bands.begin(), bands.end(), band) == bands.end()) bands.push_back(band);
    }
    for (const ListedScene& part : planned.datatake.parts) {
      acquisition.kept.push_back(keep_scene(as_read(part.scene), ground, bands, plan_.kept_folder()));
    }
  } catch (const DataError& unusable) {
    acquisition.record.skipped = error_chain(unusable);
    acquisition.record.is_unread = is_unread(unusable);
    acquisition.read.warnings.clear();
  }
}

// ---- acquisitions taken in ----

void PaneWatch::take_in_from(std::size_t first) {
  const PaneMemory memory = memory_for(first == 0, in_flight(first));
  take_reference();
  if (!state_.is_learnt()) begin_history(memory.history_in_file);
  std::vector<std::size_t> numbers(plan_.acquisitions().acquisitions.size() - first);
  std::iota(numbers.begin(), numbers.end(), first);
  pass(
      numbers, memory.in_flight, [&](InFlight& acquisition) { read(acquisition); },
      [&](const InFlight& acquisition) { take_in(acquisition); });
  if (state_.is_learnt() && saved_acquisitions_ != state_.acquisitions.size()) save_checkpoint(false);
}

void PaneWatch::begin_history(bool in_file) {
  const Grid& grid = pane_.grid;
  const std::size_t features = feature_count + watched_.options.thresholds.monitor.extra.size();
  if (!in_file) {
    history_ = std::make_unique<ObservationStack>(grid.width, grid.height, features);
    return;
  }
  const std::string& state = watched_.options.state;
  const std::string folder = state.empty() ? std::filesystem::temp_directory_path().string() : state;
  history_ = std::make_unique<ObservationStack>(grid.width, grid.height, history_count(),
                                                std::make_shared<HistoryFile>(folder), features);
}

/// What acquisitions are laid over: of the state, or of a history that is about to be learnt from.
void PaneWatch::take_reference() {
  const bool is_of_former_format = state_.is_learnt() && state_.learn_until == Instant{};
  if (!state_.is_learnt() || is_of_former_format) {
    state_.learn_until = plan_.acquisitions().learn_until;
    state_.reference = reader_.find_reference(plan_.acquisitions());
  }
  if (state_.reference) {
    reader_.use_reference(*state_.reference);
  } else {
    report_.warnings.emplace_back("site '" + watched_.site.id + "'",
                                  "no acquisition of its history shows enough of its ground to lay the others over it: "
                                  "where they lie is neither measured nor checked");
  }
}

bool PaneWatch::can_be_read(const PlannedAcquisition& planned) const {
  const NightLap lap(watched_.options.clock, {NightStage::read, watched_.site.id, planned.record.acquired});
  try {
    static_cast<void>(reader_.read(planned));
  } catch (const DataError& error) {
    return !is_unread(error);  // what is read and found wrong goes on record as that
  }
  return true;
}

void PaneWatch::read(InFlight& acquisition) const {
  const PlannedAcquisition& planned = plan_.acquisitions().acquisitions[acquisition.number];
  if (!planned.is_readable()) return;  // it was of no use before
  const NightLap lap(watched_.options.clock, {NightStage::read, watched_.site.id, acquisition.record.acquired});
  try {
    acquisition.record.skipped.clear();
    acquisition.record.is_unread = false;
    acquisition.read = reader_.read(planned);
    judge_.extract(acquisition.read.planes, acquisition.features);
  } catch (const DataError& unusable) {
    acquisition.record.skipped = error_chain(unusable);
    acquisition.record.is_unread = is_unread(unusable);
    acquisition.read.warnings.clear();
  }
}

void PaneWatch::take_in(const InFlight& acquisition) {
  if (history_ && acquisition.record.acquired >= plan_.acquisitions().learn_until) learn_history();
  judge(acquisition);
  const bool is_learnt = !history_;
  if (is_learnt && state_.acquisitions.size() % acquisitions_between_checkpoints == 0) save_checkpoint(false);
  report_progress(acquisition);
}

void PaneWatch::judge(const InFlight& acquisition) {
  const AcquisitionRecord& record = acquisition.record;
  const ObservationPlanes& planes = acquisition.read.planes;
  const NightLap lap(watched_.options.clock, {NightStage::judge, watched_.site.id, record.acquired});
  const bool is_usable = record.skipped.empty();
  const bool is_learnt = !history_;
  const Observation* seen = nullptr;
  if (is_usable && is_learnt) {
    seen = &judge_.judge(record, planes, acquisition.features, state_);
  } else if (is_usable) {
    history_->add(acquisition.features, in_rows);
    remember_clear(state_, planes, acquisition.features, in_rows);
  }
  state_.acquisitions.push_back(record);
  add_remarks_of(acquisition, seen != nullptr ? AcquisitionUse::judged : AcquisitionUse::learnt_from);
  const AcquisitionTaken taken{record, planes, acquisition.features, seen, state_};
  if (chips_ && is_learnt) chips_->take(taken);
  if (seen != nullptr && !watched_.options.write_scores.empty()) {
    write_scores(watched_.options.write_scores + "/" + place_of(watched_.site, pane_), pane_.grid, taken,
                 watched_.algorithm);
  }
  if (probe_.acquisition) probe_.acquisition(taken);
}

void PaneWatch::learn_history() {
  const std::string site = "site '" + watched_.site.id + "'";
  try {
    const NightLap lap(watched_.options.clock, {NightStage::learn, watched_.site.id});
    for (std::string& doubt : judge_.learn_from(std::move(*history_), state_)) {
      report_.warnings.emplace_back(site, std::move(doubt));
    }
  } catch (const DataError& error) {
    throw DataError(site + ": " + error.what());
  }
  history_.reset();
  if (probe_.learnt) probe_.learnt(state_.monitor);
  save_checkpoint(true);
}

}  // namespace pitwatch
