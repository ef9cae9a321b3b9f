#include "pipeline/watch/site_watch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/acquisition/choice.hpp"
#include "pipeline/acquisition/reader.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/polygons/measure.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"
#include "pipeline/watch/incident_story.hpp"
#include "pipeline/watch/state_folder.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t acquisitions_between_checkpoints = 24;
// The program and its libraries, and what a pixel takes: in the state and its observation, while learning and for each
// acquisition of the history that is learnt from, and in an acquisition.
constexpr std::int64_t fixed_bytes = std::int64_t{130} << 20;
constexpr std::int64_t state_pixel_bytes = 340;
constexpr std::int64_t learning_pixel_bytes = 180;
constexpr std::int64_t history_pixel_bytes = 16;
constexpr std::int64_t acquisition_pixel_bytes = 110;
// Blocks of rasters that are kept, where there is the memory: what one pane reads twice, and what several have in
// common.
constexpr std::int64_t pane_block_bytes = std::int64_t{32} << 20;
constexpr std::int64_t site_block_bytes = std::int64_t{512} << 20;

TrackerOptions tracker_options(const WatchThresholds& thresholds, const Grid& grid) {
  TrackerOptions options = thresholds.incidents;
  options.min_pixels = min_pixels(thresholds.min_area_ha, grid);
  return options;
}

MonitorOptions monitor_options(const WatchThresholds& thresholds, const Grid& grid) {
  MonitorOptions options = thresholds.monitor;
  options.pixel_size_m = grid.pixel_size_m;
  return options;
}

/// An acquisition on its way: read by any thread, taken in by one after the other.
struct AcquisitionInFlight {
  std::size_t number = 0;
  AcquisitionRecord record;
  ReadAcquisition read;
  ObservationFeatures features;
  std::vector<Scene> kept;  // in the state
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

/// Which scenes count at a site.
ChoiceOptions choice_options(const WatchedSite& watched) {
  return {.from = watched.site.baseline_from,
          .until = watched.options.until,
          .learn_to = watched.site.baseline_to,
          .history_days = watched.options.history_days,
          .may_be_top_of_atmosphere = watched.options.masks.own != SpectralMasks::off};
}

ReadingOptions reading_options(const WatchedSite& watched, const Pane& pane) {
  const WatchOptions& options = watched.options;
  const std::string& masks = options.write_masks;
  return {.light = options.light,
          .checks = options.checks,
          .masks = options.masks,
          .shift_error_px = options.thresholds.shift_error_px,
          .typical_shift_error_px = options.thresholds.typical_shift_error_px,
          .write_masks = masks.empty() ? "" : masks + "/" + place_of(watched.site, pane)};
}

/// Where the checkpoints of a pane are, and what may be done with them.
StateFolder state_folder(const WatchedSite& watched, const Pane& pane) {
  const WatchOptions& options = watched.options;
  const std::string& folder = options.is_rerun ? options.start_from : options.state;
  const bool relearns = options.relearn || std::find(options.relearn_sites.begin(), options.relearn_sites.end(),
                                                     watched.site.id) != options.relearn_sites.end();
  return {folder.empty() ? "" : folder + "/sites/" + place_of(watched.site, pane),
          {watched.algorithm, watched.in_clear, pane.grid},
          options.is_rerun ? StateFolder::Use::read_only
          : relearns       ? StateFolder::Use::relearn
                           : StateFolder::Use::nightly,
          in_parallel,
          watched.recorded};
}

/// Throws ConfigError where a nightly run is to end before its state does.
void check_end(const WatchedSite& watched, std::span<const AcquisitionRecord> known) {
  const WatchOptions& options = watched.options;
  if (options.is_rerun || !options.until || known.empty() || known.back().acquired <= *options.until) return;
  throw ConfigError("site '" + watched.site.id + "': its state goes on to " + format_instant(known.back().acquired) +
                    ", beyond " + format_instant(*options.until) +
                    ": what was known earlier is worked out by pitwatch rerun --to, or told by alerts --as-of");
}

class PaneWatch {
 public:
  PaneWatch(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
            BlockCache& blocks, ProgressSink progress, WatchReport& report, SiteProbe probe = {})
      : watched_(watched),
        pane_(pane),
        listing_(listing),
        progress_(std::move(progress)),
        report_(report),
        probe_(std::move(probe)),
        monitor_options_(monitor_options(watched.options.thresholds, pane.grid)),
        reader_(reading_options(watched, pane), pane.grid, offsets, blocks),
        states_(state_folder(watched, pane)),
        tracker_(place_of(watched.site, pane), pane.grid, tracker_options(watched.options.thresholds, pane.grid)) {
    plan();
  }

  WatchReport::OfSite run() {
    const bool dry = watched_.options.dry_run;
    if (!dry) states_.tidy();
    while (!load()) plan();
    tell_plan();
    WatchReport::OfSite result;
    result.id = watched_.site.id;
    result.acquisitions = static_cast<int>(plan_.acquisitions.size());
    result.new_acquisitions =
        static_cast<int>(std::count_if(plan_.acquisitions.begin(), plan_.acquisitions.end(),
                                       [](const PlannedAcquisition& acquisition) { return acquisition.is_new; }));
    const bool keeps = learning_goes_on();
    result.replayed = keeps ? 0 : static_cast<int>(plan_.acquisitions.size() - start_) - result.new_acquisitions;
    result.learning = keeps;
    if (!states_.loaded().empty()) result.continued_from.push_back(states_.loaded());
    if (dry) return result;
    std::size_t before = start_;
    if (keeps) {
      before = keep_new_acquisitions();
    } else {
      if (start_ < plan_.acquisitions.size()) take_in_from(start_);
      // Also where nothing was new: the run before may have been killed before it had removed them.
      report_.obsolete = states_.obsolete(plan_);
      if (!kept_folder().empty()) report_.obsolete.push_back(kept_folder());
    }
    result.open = static_cast<int>(std::count_if(state_.incidents.begin(), state_.incidents.end(),
                                                 [](const Incident& incident) { return is_open(incident.status); }));
    for (std::size_t i = 0; i < state_.acquisitions.size(); ++i) {
      const AcquisitionRecord& acquisition = state_.acquisitions[i];
      if (!acquisition.skipped.empty())
        (i < before ? report_.unusable : report_.skipped).emplace_back(acquisition.scene(), acquisition.skipped);
    }
    result.relearnt = states_.replaces_other() || relearns_all();
    report_.standings.push_back(standing(result));
    return result;
  }

  const SiteState& state() const { return state_; }

  /// Memory that run() takes, beside the program itself.
  std::int64_t bytes() const { return bytes(start_ > 0 || learning_goes_on(), acquisitions_in_flight(start_)); }

 private:
  SiteStanding standing(const WatchReport::OfSite& result) const {
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
    if (!state_.acquisitions.empty()) standing.learn_until = plan_.learn_until;
    const std::vector<std::string>& obsolete = report_.obsolete;
    for (const auto& [path, acquisitions] : states_.files()) {
      if (std::find(obsolete.begin(), obsolete.end(), path) != obsolete.end()) continue;
      standing.checkpoints.push_back({std::filesystem::path(path).lexically_relative(watched_.options.state).string(),
                                      static_cast<int>(acquisitions)});
    }
    standing.open_incidents = result.open;
    for (const auto& [name, value] : overrides_in_clear(watched_.site)) standing.options[name] = value;
    return standing;
  }

  // ---- what is to be done ----

  std::string kept_folder() const { return states_.folder().empty() ? "" : states_.folder() + "/kept"; }

  /// What the state holds and what the source has, and from where on acquisitions are to be taken in.
  void plan() {
    const WatchOptions& options = watched_.options;
    remarks_ = {};
    std::vector<AcquisitionRecord> known;
    if (!relearns_all()) known.assign(states_.known().begin(), states_.known().end());
    if (options.is_rerun && options.until) {
      std::erase_if(known, [&](const AcquisitionRecord& acquisition) { return acquisition.acquired > *options.until; });
    }
    std::vector<Scene> kept;
    if (!states_.is_learnt() && !known.empty()) {
      std::vector<RejectedItem> damaged;
      kept = kept_scenes(kept_folder(), damaged);
      for (const RejectedItem& one : damaged) remarks_.skipped.emplace_back(one.path, one.reason);
    }
    plan_ = plan_acquisitions(listing_, choice_options(watched_), pane_.grid, {known, kept}, remarks_.superseded);
    if (!states_.is_learnt()) {
      for (PlannedAcquisition& acquisition : plan_.acquisitions) {
        if (acquisition.is_readable() || !acquisition.record.skipped.empty()) continue;
        acquisition.record.skipped = "its pixels, which the state kept, cannot be read any more";
        remarks_.skipped.emplace_back(acquisition.record.scene(), acquisition.record.skipped);
        acquisition.missing.reset();
      }
    }
    if (options.is_rerun && !options.start_from.empty()) {
      plan_rerun();
    } else {
      find_start();
    }
  }

  /// Leaves out what comes too late: what would need acquisitions that are gone.
  void find_start() {
    std::optional<std::size_t> start = relearns_all() ? 0 : states_.start_of(plan_);
    while (!start) {
      const std::size_t late = first_new();
      if (late == plan_.acquisitions.size()) {
        throw DataError("site '" + watched_.site.id + "': " + damage() +
                        "; restore it from a copy, or learn anew with --relearn");
      }
      leave_out_late(late);
      start = states_.start_of(plan_);
    }
    start_ = *start;
    if (states_.damaged_acquisitions() > plan_.acquisitions.size() && !watched_.options.relearn) {
      throw DataError("site '" + watched_.site.id + "': " + damage() + ", and had " +
                      std::to_string(states_.damaged_acquisitions()) + " acquisitions, of which " +
                      std::to_string(plan_.acquisitions.size()) +
                      " can be had; restore it from a copy, or learn anew with --relearn");
    }
  }

  /// Whether this site is to be learnt anew whatever its state.
  bool relearns_all() const {
    const std::vector<std::string>& sites = watched_.options.relearn_sites;
    return std::find(sites.begin(), sites.end(), watched_.site.id) != sites.end();
  }

  std::string damage() const {
    if (states_.damaged().empty()) return "what it was learnt from is gone, and there is no checkpoint";
    return states_.damaged().front().first + " " + states_.damaged().front().second;
  }

  std::size_t first_new() const {
    const auto found = std::find_if(plan_.acquisitions.begin(), plan_.acquisitions.end(),
                                    [](const PlannedAcquisition& acquisition) { return acquisition.is_new; });
    return static_cast<std::size_t>(found - plan_.acquisitions.begin());
  }

  void leave_out_late(std::size_t late) {
    const auto begin = plan_.acquisitions.begin() + static_cast<std::ptrdiff_t>(late);
    const auto is_gone = [](const PlannedAcquisition& acquisition) {
      return !acquisition.is_readable() && acquisition.record.skipped.empty();
    };
    const bool is_gone_since = std::any_of(begin, plan_.acquisitions.end(), is_gone);
    const std::string which = is_gone_since ? "acquisitions since then" : "acquisitions that were learnt from";
    remarks_.late.push_back(
        {{begin->record.scene(),
          "came late, and " + which + " cannot be read any more as they were taken in: it is not taken in",
          {}},
         true});
    give_up(plan_, late, choice_options(watched_));
  }

  /// Starts from a checkpoint of the nightly state. Acquisitions behind it that are gone cannot be judged again.
  void plan_rerun() {
    const WatchOptions& options = watched_.options;
    const std::optional<std::size_t> start =
        options.whole_history ? states_.earliest_start_of(plan_) : states_.rerun_start_of(plan_, options.from);
    if (!start) {
      throw DataError("site '" + watched_.site.id + "': " + options.start_from + " has no checkpoint before " +
                      (options.until ? format_instant(*options.until) : "its end"));
    }
    start_ = *start;
    std::vector<PlannedAcquisition> usable;
    for (std::size_t i = 0; i < plan_.acquisitions.size(); ++i) {
      PlannedAcquisition& acquisition = plan_.acquisitions[i];
      if (i < start_ || acquisition.is_readable() || !acquisition.record.skipped.empty()) {
        usable.push_back(std::move(acquisition));
      } else {
        gaps_.push_back(std::move(acquisition.record));
      }
    }
    plan_.acquisitions = std::move(usable);
  }

  /// Reads the state to continue from; false where a file turned out to be damaged, and all has to be planned anew.
  bool load() {
    if (!states_.check_newest()) return false;
    if (start_ == 0) {
      state_ = {};
      return true;
    }
    std::optional<SiteState> state = states_.load(start_);
    if (!state) return false;
    state_ = std::move(*state);
    return true;
  }

  void tell_plan() {
    for (const auto& [path, why] : states_.damaged()) report_.skipped.emplace_back(path, why);
    const auto add = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
    add(remarks_.skipped, report_.skipped);
    add(remarks_.superseded, report_.superseded);
    add(remarks_.late, report_.late);
    for (const AcquisitionRecord& gap : gaps_) add_missing(gap, MissingWhat::gone);
    if (watched_.options.is_rerun) return;  // what lies before its beginning does not matter
    for (const PlannedAcquisition& acquisition : plan_.acquisitions) {
      if (acquisition.missing) add_missing(acquisition.record, *acquisition.missing);
      if (!acquisition.missing && !acquisition.newer.empty())
        add_missing(acquisition.record, MissingWhat::newer_edition);
    }
  }

  void add_missing(const AcquisitionRecord& acquisition, MissingWhat what) {
    report_.missing.push_back({{watched_.site.id, acquisition.acquired, acquisition.scene(), what, {}}, true});
  }

  /// Whether the history is not whole yet, so that nothing can be judged.
  bool learning_goes_on() const {
    if (start_ > 0 || states_.folder().empty() || watched_.options.is_rerun) return false;
    return std::none_of(
        plan_.acquisitions.begin(), plan_.acquisitions.end(),
        [&](const PlannedAcquisition& acquisition) { return acquisition.record.acquired >= plan_.learn_until; });
  }

  // ---- memory ----

  /// How many are on their way at once where so many are known.
  int acquisitions_in_flight(std::size_t known) const {
    return static_cast<int>(std::min(plan_.acquisitions.size() - known, static_cast<std::size_t>(arena_threads()) + 1));
  }

  std::int64_t bytes(bool is_learnt, int acquisitions_in_flight) const {
    const auto history = std::count_if(
        plan_.acquisitions.begin(), plan_.acquisitions.end(),
        [&](const PlannedAcquisition& acquisition) { return acquisition.record.acquired < plan_.learn_until; });
    const std::int64_t pixels = std::int64_t{pane_.grid.width} * pane_.grid.height;
    const std::int64_t learning = is_learnt ? 0 : learning_pixel_bytes + history_pixel_bytes * history;
    return reader_.bytes(plan_, acquisitions_in_flight) +
           pixels * (state_pixel_bytes + learning + acquisition_pixel_bytes * acquisitions_in_flight);
  }

  /// Refuses a pane whose state, history and acquisitions in flight would not fit into the memory allowed.
  void check_memory(bool is_learnt, int acquisitions_in_flight) const {
    const std::int64_t needed = fixed_bytes + bytes(is_learnt, acquisitions_in_flight);
    if (needed > watched_.options.memory_bytes) {
      const std::string needed_mib = std::to_string((needed >> 20) + 1);
      throw ConfigError("--memory " + std::to_string(watched_.options.memory_bytes >> 20) +
                        "MiB is too little for site '" + watched_.site.id + "': " + needed_mib + " MiB are needed" +
                        (is_learnt ? "" : " to learn its history") + ": give --memory " + needed_mib + "MiB" +
                        (is_learnt ? "" : ", or a shorter history (--history-days)"));
    }
  }

  // ---- one acquisition after the other ----

  /// Reads the acquisitions of those numbers side by side, at most `slots` at once, and takes them in in their order.
  template <typename Read, typename TakeIn>
  void pass(const std::vector<std::size_t>& numbers, int slots, const Read& read, const TakeIn& take_in) {
    std::vector<AcquisitionInFlight> acquisitions(static_cast<std::size_t>(slots));
    std::size_t next = 0;
    const auto begin = [&](AcquisitionInFlight& acquisition) {
      if (next == numbers.size()) return false;
      acquisition = {};
      acquisition.number = numbers[next++];
      acquisition.record = plan_.acquisitions[acquisition.number].record;
      return true;
    };
    run_slots(std::span(acquisitions), begin, read, take_in);
  }

  void add_remarks_of(const AcquisitionInFlight& acquisition, AcquisitionUse use) {
    report_.warnings.insert(report_.warnings.end(), acquisition.read.warnings.begin(), acquisition.read.warnings.end());
    const PlannedAcquisition& planned = plan_.acquisitions[acquisition.number];
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
  void add_written(const Scene& scene) {
    if (scene.bands.empty()) return;
    std::error_code none;
    const std::filesystem::path folder = std::filesystem::path(scene.bands.begin()->second.path).parent_path();
    for (std::filesystem::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
      report_.written.push_back(it->path().string());
    }
  }

  void save_checkpoint(bool after_learning) {
    if (watched_.notes != nullptr) {
      const auto first = report_.acquisitions.begin() + static_cast<std::ptrdiff_t>(noted_acquisitions_);
      watched_.notes->note({first, report_.acquisitions.end()});
      noted_acquisitions_ = report_.acquisitions.size();
    }
    const std::string path = states_.save(state_, after_learning);
    if (!path.empty()) report_.written.push_back(path);
  }

  // ---- while it learns ----

  /// Bands that some later reading may want.
  static constexpr std::array kept_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B10,
                                         Band::B11, Band::B12, Band::SCL, Band::CLD, Band::SNW};

  /// Keeps the pixels of new acquisitions in the state, as long as the history is not whole: by then their files may be
  /// gone. Returns how many acquisitions stand before the first new one.
  std::size_t keep_new_acquisitions() {
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < plan_.acquisitions.size(); ++i) {
      if (plan_.acquisitions[i].is_new) wanted.push_back(i);
    }
    state_.learn_until = plan_.learn_until;
    for (const PlannedAcquisition& acquisition : plan_.acquisitions) state_.acquisitions.push_back(acquisition.record);
    if (wanted.empty()) return state_.acquisitions.size();
    const int tokens = acquisitions_in_flight(0);
    check_memory(true, tokens);
    const auto keep = [&](AcquisitionInFlight& acquisition) {
      const PlannedAcquisition& planned = plan_.acquisitions[acquisition.number];
      try {
        acquisition.read = reader_.read(planned);
        const std::vector<Grid> ground = reader_.ground_of(planned);
        for (const ListedScene& part : planned.datatake.parts) {
          acquisition.kept.push_back(keep_scene(part.scene, ground, kept_bands, kept_folder()));
        }
      } catch (const DataError& unusable) {
        acquisition.record.skipped = error_chain(unusable);
        acquisition.read.warnings.clear();
      }
    };
    const auto note = [&](const AcquisitionInFlight& acquisition) {
      state_.acquisitions[acquisition.number].skipped = acquisition.record.skipped;
      for (const Scene& scene : acquisition.kept) add_written(scene);
      add_remarks_of(acquisition, AcquisitionUse::kept);
      progress_(watched_.site.id,
                static_cast<double>(acquisition.number + 1) / static_cast<double>(plan_.acquisitions.size()));
    };
    pass(wanted, tokens, keep, note);
    save_checkpoint(false);
    return wanted.front();
  }

  // ---- acquisitions taken in ----

  /// What acquisitions are laid over: of the state, or of a history that is about to be learnt from.
  void take_reference() {
    const bool is_of_former_format = state_.is_learnt() && state_.learn_until == Instant{};
    if (!state_.is_learnt() || is_of_former_format) {
      state_.learn_until = plan_.learn_until;
      state_.reference = reader_.find_reference(plan_);
    }
    if (state_.reference) {
      reader_.use_reference(*state_.reference);
    } else {
      report_.warnings.emplace_back(
          "site '" + watched_.site.id + "'",
          "no acquisition of its history shows enough of its ground to lay the others over it: where "
          "they lie is neither measured nor checked");
    }
  }

  void take_in_from(std::size_t first) {
    const int tokens = acquisitions_in_flight(first);
    check_memory(first > 0, tokens);
    take_reference();
    std::unique_ptr<ObservationStack> history;
    if (!state_.is_learnt()) history = std::make_unique<ObservationStack>(pane_.grid.width, pane_.grid.height);
    const auto read = [&](AcquisitionInFlight& acquisition) {
      const PlannedAcquisition& planned = plan_.acquisitions[acquisition.number];
      if (!planned.is_readable()) return;  // it was of no use before
      try {
        acquisition.record.skipped.clear();
        acquisition.read = reader_.read(planned);
        extract_features(acquisition.read.planes, monitor_options_, acquisition.features, in_rows);
      } catch (const DataError& unusable) {
        acquisition.record.skipped = error_chain(unusable);
        acquisition.read.warnings.clear();
      }
    };
    const auto take_in = [&](const AcquisitionInFlight& acquisition) {
      if (history && acquisition.record.acquired >= plan_.learn_until) {
        learn_from(std::move(*history));
        history.reset();
        if (probe_.learnt) probe_.learnt(state_.monitor);
        save_checkpoint(true);
      }
      const bool judged = !history && acquisition.record.skipped.empty();
      if (judged) {
        judge(acquisition);
      } else if (acquisition.record.skipped.empty()) {
        history->add(acquisition.features);
        remember_clear(state_, acquisition.read.planes, acquisition.features, in_rows);
      }
      state_.acquisitions.push_back(acquisition.record);
      add_remarks_of(acquisition, judged ? AcquisitionUse::judged : AcquisitionUse::learnt_from);
      if (probe_.acquisition) {
        probe_.acquisition({acquisition.record, acquisition.read.planes, acquisition.features,
                            judged ? &observation_ : nullptr, state_});
      }
      if (!history && state_.acquisitions.size() % acquisitions_between_checkpoints == 0) save();
      progress_(watched_.site.id,
                static_cast<double>(acquisition.number + 1) / static_cast<double>(plan_.acquisitions.size()));
    };
    std::vector<std::size_t> numbers(plan_.acquisitions.size() - first);
    std::iota(numbers.begin(), numbers.end(), first);
    pass(numbers, tokens, read, take_in);
    if (state_.is_learnt() && saved_acquisitions_ != state_.acquisitions.size()) save();
  }

  void save() {
    save_checkpoint(false);
    saved_acquisitions_ = state_.acquisitions.size();
  }

  void learn_from(ObservationStack history) {
    if (history.observations() == 0) {
      const auto skipped =
          std::find_if(state_.acquisitions.begin(), state_.acquisitions.end(),
                       [](const AcquisitionRecord& acquisition) { return !acquisition.skipped.empty(); });
      throw DataError("site '" + watched_.site.id + "': no usable acquisition before " + format_day(plan_.learn_until) +
                      (skipped != state_.acquisitions.end() ? ": " + skipped->skipped : ""));
    }
    state_.monitor = learn(std::move(history), monitor_options_, in_rows);
    warn_of_short_history();
  }

  /// Without a annual harmonic, whatever the seasons do is an alert.
  void warn_of_short_history() {
    constexpr double many = 0.2;
    std::size_t judged = 0;
    std::size_t flat = 0;
    for (std::size_t i = 0; i < state_.monitor.pixels(); ++i) {
      if (state_.monitor.status[i] == PixelStatus::not_judged) continue;
      ++judged;
      flat += state_.monitor.models[i].harmonics == 0 ? 1 : 0;
    }
    const std::size_t pixels = state_.monitor.pixels();
    const auto percent = [pixels](std::size_t part) { return std::to_string(100 * part / pixels) + " %"; };
    const auto of_all = [pixels](double share) { return share * static_cast<double>(pixels); };
    if (static_cast<double>(pixels - judged) > of_all(many)) {
      report_.warnings.emplace_back("site '" + watched_.site.id + "'", "its history shows " + percent(pixels - judged) +
                                                                           " of it too seldom to judge it at all");
    }
    if (static_cast<double>(flat) > of_all(many)) {
      report_.warnings.emplace_back("site '" + watched_.site.id + "'",
                                    "its history has too few clear acquisitions for seasons in " + percent(flat) +
                                        " of it: expect alerts for what only comes with the year, or learn for longer");
    }
  }

  void judge(const AcquisitionInFlight& acquisition) {
    observe(state_.monitor, acquisition.features, monitor_options_, observation_, in_rows);
    const int width = pane_.grid.width;
    const int height = pane_.grid.height;
    for (Plane<std::uint8_t>* plane : {&probability_, &status_, &clear_, &detected_}) plane->reshape(width, height);
    const auto now = static_cast<ObservationNumber>(state_.monitor.observations.size()) - 1;
    in_rows(height, [&](int begin, int end) {
      for (int y = begin; y < end; ++y) {
        for (int x = 0; x < width; ++x) {
          const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
          const PixelStatus status = observation_.status[i];
          const bool open = status == PixelStatus::provisional || status == PixelStatus::confirmed ||
                            status == PixelStatus::recovering;
          const float certain = std::clamp(observation_.probability[i], 0.5F, 1.0F);
          probability_.at(x, y) = open ? static_cast<std::uint8_t>(std::lround(certain * score_max)) : std::uint8_t{0};
          status_.at(x, y) = static_cast<std::uint8_t>(status == PixelStatus::confirmed    ? AlertStatus::confirmed
                                                       : status == PixelStatus::recovering ? AlertStatus::recovering
                                                                                           : AlertStatus::provisional);
          clear_.at(x, y) = counts(observation_.use[i]) ? 1 : 0;
          detected_.at(x, y) = open && state_.monitor.history[i].last_detected == now ? 1 : 0;
        }
      }
    });
    remember_undisturbed(state_, acquisition.read.planes, observation_, in_rows);
    const Instant when = acquisition.record.acquired;
    tracker_.update(state_.incidents, {when, std::as_const(probability_).view(), std::as_const(status_).view(),
                                       std::as_const(clear_).view(), std::as_const(detected_).view()});
    for (WatchedIncident& incident : state_.incidents) {
      if (incident.last_detected == when) {
        describe(incident, state_, acquisition.read.planes, acquisition.record.scene(), std::as_const(detected_).view(),
                 pane_.grid, monitor_options_);
      }
      if (!incident.evidence || (incident.last_observed != when && incident.closed_on != when)) continue;
      classify(*incident.evidence,
               course_observation(state_, incident, acquisition.read.planes, std::as_const(clear_).view(), pane_.grid),
               when, watched_.options.thresholds.course);
    }
  }

  const WatchedSite& watched_;
  const Pane& pane_;
  const SourceListing& listing_;
  ProgressSink progress_;
  WatchReport& report_;
  SiteProbe probe_;
  MonitorOptions monitor_options_;
  AcquisitionPlan plan_;
  std::size_t start_ = 0;                // acquisitions of the state that is continued from
  std::vector<AcquisitionRecord> gaps_;  // of a rerun: acquisitions that cannot be judged again
  WatchReport remarks_;                  // of the plan
  AcquisitionReader reader_;
  StateFolder states_;
  std::size_t saved_acquisitions_ = 0;  // acquisitions of the checkpoint written last
  std::size_t noted_acquisitions_ = 0;
  IncidentTracker tracker_;
  SiteState state_;
  Observation observation_;
  Plane<std::uint8_t> probability_;
  Plane<std::uint8_t> status_;
  Plane<std::uint8_t> clear_;
  Plane<std::uint8_t> detected_;
};

/// What the alerts of a pane are known by, in their order.
std::vector<PaneAlert> known_by(const SiteState& state, const std::vector<Alert>& alerts) {
  std::vector<PaneAlert> result;
  auto incident = state.incidents.begin();
  for (const Alert& alert : alerts) {
    while (incident->id != alert.id) ++incident;  // alerts are in the order of incidents
    result.push_back({alert.id, alert.first_detected, incident->runs, alert.status == AlertStatus::superseded});
  }
  return result;
}

/// Adds what another pane of a site saw to the site's summary: of the same acquisitions.
void add(const WatchReport::OfSite& pane, WatchReport::OfSite& site) {
  site.id = pane.id;
  site.acquisitions = std::max(site.acquisitions, pane.acquisitions);
  site.new_acquisitions = std::max(site.new_acquisitions, pane.new_acquisitions);
  site.replayed = std::max(site.replayed, pane.replayed);
  site.learning = site.learning || pane.learning;
  site.relearnt = site.relearnt || pane.relearnt;
  site.open += pane.open;
  site.continued_from.insert(site.continued_from.end(), pane.continued_from.begin(), pane.continued_from.end());
}

/// Adds what a pane has to tell to the report of all.
void add_remarks(WatchReport pane, WatchReport& report) {
  std::move(pane.skipped.begin(), pane.skipped.end(), std::back_inserter(report.skipped));
  std::move(pane.superseded.begin(), pane.superseded.end(), std::back_inserter(report.superseded));
  std::move(pane.warnings.begin(), pane.warnings.end(), std::back_inserter(report.warnings));
  const auto add = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  add(pane.unusable, report.unusable);
  add(pane.late, report.late);
  add(pane.missing, report.missing);
  add(pane.acquisitions, report.acquisitions);
  add(pane.written, report.written);
  add(pane.obsolete, report.obsolete);
}

/// Adds how things stand with a pane to how they stand with its site.
void add(SiteStanding pane, std::optional<SiteStanding>& site) {
  if (!site) {
    site = std::move(pane);
    return;
  }
  ++site->panes;
  site->acquisitions = std::max(site->acquisitions, pane.acquisitions);
  if (pane.first_acquisition && (!site->first_acquisition || *pane.first_acquisition < *site->first_acquisition)) {
    site->first_acquisition = pane.first_acquisition;
  }
  if (pane.last_acquisition && (!site->last_acquisition || *pane.last_acquisition > *site->last_acquisition)) {
    site->last_acquisition = pane.last_acquisition;
  }
  site->learning = site->learning || pane.learning;
  site->open_incidents += pane.open_incidents;
  std::move(pane.checkpoints.begin(), pane.checkpoints.end(), std::back_inserter(site->checkpoints));
}

/// Progress of several panes as one of their site.
class SiteProgress {
 public:
  SiteProgress(const ProgressSink& site, std::size_t panes) : site_(site), shares_(panes) {}

  ProgressSink of_pane(std::size_t pane) {
    return [this, pane](std::string_view what, double share) {
      const std::scoped_lock lock(mutex_);
      sum_ += share - shares_[pane];
      shares_[pane] = share;
      site_(what, sum_ / static_cast<double>(shares_.size()));
    };
  }

 private:
  const ProgressSink& site_;
  std::mutex mutex_;
  std::vector<double> shares_;
  double sum_ = 0;
};

/// What was seen in one pane, or why nothing was.
struct PaneOutcome {
  WatchReport::OfSite summary;
  std::vector<Alert> alerts;
  std::vector<PaneAlert> known;
  WatchReport remarks;
  std::exception_ptr failure;
};

/// Watches the panes of a site, as many side by side as there are threads and memory for. After one that failed no more
/// are begun.
std::vector<PaneOutcome> watch_panes(const WatchedSite& watched, const std::vector<Pane>& panes,
                                     const SourceListing& listing, OffsetMemory& offsets,
                                     const ProgressSink& progress) {
  struct Begun {
    std::size_t pane;
    std::unique_ptr<PaneWatch> watch;
  };
  const KeptPixels kept;  // what one pane leaves is of the next one's size
  const std::int64_t panes_bytes = watched.options.memory_bytes / 4 * 3;  // the rest is for blocks
  const auto most = static_cast<std::size_t>(arena_threads());
  BlockCache blocks;
  SiteProgress site_progress(progress, panes.size());
  std::vector<PaneOutcome> outcomes(panes.size());
  std::vector<Begun> side_by_side;
  std::int64_t bytes = fixed_bytes;
  const auto run = [&] {
    const std::int64_t most_bytes = panes.size() == 1 ? pane_block_bytes : site_block_bytes;
    blocks.set_limit(std::clamp(watched.options.memory_bytes - bytes, std::int64_t{0}, most_bytes));
    in_parallel(static_cast<int>(side_by_side.size()), [&](int i) {
      auto& [pane, watch] = side_by_side[static_cast<std::size_t>(i)];
      PaneOutcome& outcome = outcomes[pane];
      try {
        outcome.summary = watch->run();
        outcome.alerts = alerts_of(watch->state(), watched, panes[pane].grid);
        outcome.known = known_by(watch->state(), outcome.alerts);
      } catch (...) {
        outcome.failure = std::current_exception();
      }
      watch.reset();
    });
    side_by_side.clear();
    bytes = fixed_bytes;
    return std::none_of(outcomes.begin(), outcomes.end(), [](const PaneOutcome& one) { return one.failure; });
  };
  for (std::size_t i = 0; i < panes.size(); ++i) {
    auto watch = std::make_unique<PaneWatch>(watched, panes[i], listing, offsets, blocks, site_progress.of_pane(i),
                                             outcomes[i].remarks);
    const std::int64_t more = watch->bytes();
    const bool fits = side_by_side.size() < most && bytes + more <= panes_bytes;
    if (!fits && !side_by_side.empty() && !run()) return outcomes;
    side_by_side.push_back({i, std::move(watch)});
    bytes += more;
  }
  run();
  return outcomes;
}

}  // namespace

SiteOutcome watch_site(const WatchedSite& watched, const SourceListing& listing, OffsetMemory& offsets,
                       const ProgressSink& progress, WatchReport& report) {
  const std::vector<Pane> panes = panes_of(site_grid(watched.site, watched.options.buffer_m));
  SiteOutcome outcome;
  std::vector<std::vector<PaneAlert>> known;
  std::optional<SiteStanding> standing;
  std::vector<PaneOutcome> seen = watch_panes(watched, panes, listing, offsets, progress);
  for (PaneOutcome& pane : seen) {
    for (SiteStanding& of_pane : pane.remarks.standings) add(std::move(of_pane), standing);
    add_remarks(std::move(pane.remarks), report);
  }
  for (PaneOutcome& pane : seen) {
    if (pane.failure) std::rethrow_exception(pane.failure);
    add(pane.summary, outcome.summary);
    outcome.alerts.push_back({panes[outcome.alerts.size()].grid, std::move(pane.alerts)});
    known.push_back(std::move(pane.known));
  }
  const std::vector<std::vector<bool>> told = reported_once(panes, known);
  for (std::size_t i = 0; i < panes.size(); ++i) {
    std::vector<Alert> some;
    for (std::size_t k = 0; k < told[i].size(); ++k) {
      Alert& alert = outcome.alerts[i].alerts[k];
      if (told[i][k]) {
        some.push_back(std::move(alert));
      } else if (is_open(alert.status)) {
        --outcome.summary.open;
      }
    }
    outcome.alerts[i].alerts = std::move(some);
  }
  if (standing) {
    standing->open_incidents = outcome.summary.open;
    report.standings.push_back(std::move(*standing));
  }
  return outcome;
}

void check_state(const WatchedSite& watched) {
  for (const Pane& pane : panes_of(site_grid(watched.site, watched.options.buffer_m))) {
    const StateFolder states = state_folder(watched, pane);
    check_end(watched, states.known());
  }
}

void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe) {
  BlockCache blocks(pane_block_bytes);
  PaneWatch(watched, pane, listing, offsets, blocks, progress, report, probe).run();
}

}  // namespace pitwatch
