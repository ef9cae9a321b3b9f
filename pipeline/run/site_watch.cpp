#include "pipeline/run/site_watch.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "pipeline/classify/classify.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/geodesy.hpp"
#include "pipeline/io/hashing.hpp"
#include "pipeline/io/sites.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/polygons/trace.hpp"
#include "pipeline/run/background.hpp"
#include "pipeline/run/build_alerts.hpp"
#include "pipeline/run/site_look.hpp"
#include "pipeline/run/site_state.hpp"
#include "pipeline/run/versions.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

constexpr std::size_t looks_between_checkpoints = 24;
constexpr std::size_t checkpoints_kept = 3;   // beside the one after learning
constexpr double most_reference_cloud = 20;   // percent
constexpr int shift_margin_px = 50;           // around the site, where shifts are measured
constexpr double most_shift_sigma_px = 0.25;  // of one that is believed
// The program and its libraries, and what a pixel takes: in the state and its observation, while learning and for each
// look of the history that is learnt from, and in a look.
constexpr std::int64_t fixed_bytes = std::int64_t{130} << 20;
constexpr std::int64_t state_pixel_bytes = 340;
constexpr std::int64_t learning_pixel_bytes = 180;
constexpr std::int64_t history_pixel_bytes = 16;
constexpr std::int64_t look_pixel_bytes = 110;
constexpr int rows_per_piece = 32;
constexpr std::size_t id_digits = 12;

void check(const WatchOptions& options) {
  if (options.history_days < 60 || options.history_days > 36500)
    throw ConfigError("--history-days must be 60 to 36500");
  if (!(options.buffer_m >= 0 && options.buffer_m <= 20000)) throw ConfigError("--buffer-m must be 0 to 20000");
  if (options.from && options.until && *options.until < *options.from) {
    throw ConfigError("the end of the period is before its beginning");
  }
  check(options.light);
  check(options.masks);
}

/// Program version, and a hash of what changes the result at a site.
std::string algorithm_of(const WatchOptions& options, const Site& site) {
  std::ostringstream text;
  text << options.history_days << ' ' << options.buffer_m;
  for_each_option(options.thresholds, [&](const char* name, const char*, auto value, const OptionRange&) {
    text << ' ' << name << '=' << value;
  });
  // Scenes that are only warned of are used, as they are without a check.
  text << " refuse=" << (options.checks.offsets == OffsetCheck::refuse) << " gate=" << options.checks.gate
       << text_of(options.masks) << light_text(options.light, watched_grid(site, options.buffer_m));
  return "pitwatch " + program_version() + " " + sha256_text(text.str()).substr(0, id_digits);
}

/// The options of a site: those of all, but for what the site sets itself.
WatchOptions options_of(const Site& site, WatchOptions options) {
  try {
    for (const auto& [name, value] : site.overrides) set_option(options.thresholds, name, value);
  } catch (const ConfigError& error) {
    throw ConfigError("site '" + site.id + "': monitor: " + error.what());
  }
  return options;
}

void in_rows(int rows, const std::function<void(int begin, int end)>& piece) {
  in_parallel((rows + rows_per_piece - 1) / rows_per_piece,
              [&](int i) { piece(i * rows_per_piece, std::min(rows, (i + 1) * rows_per_piece)); });
}

TrackerOptions tracker_options(const WatchThresholds& thresholds, const Grid& grid) {
  TrackerOptions options = thresholds.incidents;
  options.min_pixels = min_pixels(thresholds.min_area_ha, grid);
  return options;
}

/// What happened to an incident, from its pixels at each time.
std::vector<AlertEvent> history_of(const Incident& incident, double pixel_ha) {
  std::vector<AlertEvent> events;
  double area_ha = 0;
  for (const auto& [when, pixels] : incident.growth) {
    const double now_ha = static_cast<double>(pixels) * pixel_ha;
    events.push_back({when,
                      events.empty()     ? AlertEventKind::first_detected
                      : now_ha > area_ha ? AlertEventKind::grew
                                         : AlertEventKind::shrank,
                      now_ha});
    area_ha = now_ha;
  }
  const auto add = [&](const std::optional<Instant>& when, AlertEventKind kind) {
    if (!when) return;
    const auto later =
        std::find_if(events.begin(), events.end(), [&](const AlertEvent& event) { return event.at > *when; });
    events.insert(later, {*when, kind, later != events.begin() ? std::prev(later)->area_ha : area_ha});
  };
  add(incident.confirmed_on, AlertEventKind::confirmed);
  add(incident.closed_on, AlertEventKind::closed);
  return events;
}

/// A look on its way: read by any thread, taken in by one after the other.
struct LookInFlight {
  std::size_t number = 0;
  LookRecord record;
  LookPlanes planes;
  LookFeatures features;
  std::vector<std::pair<std::string, std::string>> doubts;  // scene, and what speaks against it
};

/// Digital numbers of one scene around a site.
class SitePixels {
 public:
  void add(const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
    Plane<std::uint16_t> copy(dn.width, dn.height);
    for (int y = 0; y < dn.height; ++y) std::copy_n(dn.row(y), dn.width, copy.row(y));
    bands_.emplace_back(band, scene.bands.at(band).calibration);
    planes_.push_back(std::move(copy));
  }

  std::vector<BandPixels> pixels() const {
    std::vector<BandPixels> result;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      result.push_back({bands_[i].first, planes_[i].view(), bands_[i].second});
    }
    return result;
  }

 private:
  std::vector<std::pair<Band, Calibration>> bands_;
  std::vector<Plane<std::uint16_t>> planes_;
};

class SiteWatch {
 public:
  SiteWatch(const WatchOptions& options, const Site& site, const SourceListing& listing, std::string algorithm,
            OffsetMemory& offsets, const ProgressSink& progress, WatchReport& report, const SiteProbe& probe)
      : options_(options),
        site_(site),
        grid_(watched_grid(site, options.buffer_m)),
        algorithm_(std::move(algorithm)),
        folder_(options.state.empty() ? std::string() : options.state + "/sites/" + site.id),
        offsets_(offsets),
        progress_(progress),
        report_(report),
        probe_(probe),
        light_(options.light, grid_),
        tracker_(site.id, grid_, tracker_options(options.thresholds, grid_)) {
    monitor_options_ = options.thresholds.monitor;
    monitor_options_.pixel_size_m = grid_.pixel_size_m;
    choose_looks(listing);
  }

  WatchReport::OfSite run() {
    if (!folder_.empty() && !options_.dry_run) remove_leftovers(folder_);
    WatchReport::OfSite result;
    result.id = site_.id;
    result.looks = static_cast<int>(records_.size());
    const std::size_t known = go_on_from_checkpoint();
    result.new_looks = static_cast<int>(std::count_if(records_.begin(), records_.end(), [&](const LookRecord& look) {
      return std::none_of(seen_before_.begin(), seen_before_.end(),
                          [&](const LookRecord& before) { return before.key == look.key; });
    }));
    result.replayed = static_cast<int>(records_.size() - known) - result.new_looks;
    if (options_.dry_run) return result;
    if (known < records_.size()) take_in_from(known);
    result.learning = !learnt();
    for (const Incident& incident : state_.incidents) {
      result.open += incident.merged_into.empty() && !incident.closed_on ? 1 : 0;
    }
    for (std::size_t i = known; i < state_.looks.size(); ++i) {
      if (!state_.looks[i].skipped.empty())
        report_.skipped.emplace_back(state_.looks[i].scene, state_.looks[i].skipped);
    }
    return result;
  }

  const Grid& grid() const { return grid_; }

  std::vector<Alert> alerts() const {
    std::vector<Alert> result;
    PixelAreas areas(grid_);
    for (const Incident& incident : state_.incidents) {
      const auto found = state_.evidence.find(incident.id);
      if (!incident.merged_into.empty() || found == state_.evidence.end()) continue;
      if (options_.from && incident.last_detected < *options_.from) continue;
      result.push_back(alert_of(incident, found->second, areas));
    }
    return result;
  }

 private:
  bool learnt() const { return state_.monitor.width > 0; }

  void choose_looks(const SourceListing& listing) {
    const DegreeBox here = degree_box(grid_);
    std::vector<ListedScene> scenes;
    std::vector<ListedScene> top_of_atmosphere;
    for (const ListedScene& listed : listing.scenes) {
      if (options_.until && listed.scene.acquired > *options_.until) continue;
      if (site_.baseline_from && listed.scene.acquired < *site_.baseline_from) continue;
      if (listed.scene.bbox && !overlap(*listed.scene.bbox, here)) continue;
      if (listed.scene.level == "L1C") {
        top_of_atmosphere.push_back(listed);
      } else {
        scenes.push_back(listed);
      }
    }
    // The two levels differ by the air, which would be taken for change.
    const bool watch_top = scenes.empty() && options_.masks.own != OwnMasks::off;
    if (watch_top) scenes.swap(top_of_atmosphere);
    for (const ListedScene& listed : top_of_atmosphere) {
      report_.left_out.emplace_back(listed.scene.id, scenes.empty() ? "Level-1C has no classification to mask clouds by"
                                                                    : "Level-1C is not mixed with Level-2A");
    }
    SceneChoice choice = choose_one_per_datatake(std::move(scenes));
    for (const LeftOutScene& left_out : choice.left_out) {
      report_.left_out.emplace_back(left_out.scene.scene.id, left_out.reason);
    }
    datatakes_ = std::move(choice.datatakes);
    for (Datatake& datatake : datatakes_) {
      prefer_zone(datatake, grid_.crs);
      std::string fingerprints;
      for (const ListedScene& part : datatake.parts) {
        fingerprints += part.scene.id + " " + part.fingerprint + sizes_of(part.scene) + "\n";
      }
      const Scene& first = datatake.parts.front().scene;
      records_.push_back({sha256_text(fingerprints), datatake.acquired, first.id, first.tile, {}});
    }
    learn_until_ = site_.baseline_to  ? *site_.baseline_to + days(1)
                   : records_.empty() ? Instant{}
                                      : records_.front().acquired + days(options_.history_days);
  }

  /// A raster that was cut off has another size when it has come whole.
  static std::string sizes_of(const Scene& scene) {
    std::string text;
    for (const auto& [band, asset] : scene.bands) {
      std::error_code error;
      const auto size = fs::file_size(asset.path, error);
      text += " " + (error ? std::string("-") : std::to_string(size));
    }
    return text;
  }

  /// Whether the two rest on the same scenes; why one was skipped does not matter.
  static bool same_look(const LookRecord& a, const LookRecord& b) { return a.key == b.key && a.acquired == b.acquired; }

  /// Reads the checkpoint that holds most looks of those wanted, and no other. Returns how many it holds.
  std::size_t go_on_from_checkpoint() {
    if (folder_.empty()) return 0;
    std::string best;
    std::size_t most = 0;
    std::error_code none;
    std::vector<std::string> names;
    for (fs::directory_iterator it(folder_, none), end; it != end; it.increment(none)) {
      if (it->path().extension() == ".state") names.push_back(it->path().string());
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const auto looks = looks_of_state(name, algorithm_, grid_);
      if (!looks) continue;
      if (looks->size() > seen_before_.size()) seen_before_ = *looks;
      const bool fits = looks->size() <= records_.size() && looks->size() > most &&
                        std::equal(looks->begin(), looks->end(), records_.begin(), same_look);
      if (!fits) continue;
      best = name;
      most = looks->size();
    }
    if (best.empty()) return 0;
    try {
      state_ = read_site_state(best, grid_, in_parallel);
    } catch (const DataError& damaged) {
      // Everything can be worked out again from the scenes.
      report_.skipped.emplace_back(best, damaged.what());
      fs::remove(best, none);
      seen_before_.clear();
      return go_on_from_checkpoint();
    }
    tracker_.incidents() = state_.incidents;
    return most;
  }

  /// Refuses a site whose state, history and looks in flight would not fit into the memory allowed.
  void check_memory(int tokens) const {
    const auto history = std::count_if(records_.begin(), records_.end(),
                                       [&](const LookRecord& look) { return look.acquired < learn_until_; });
    const std::int64_t pixels = std::int64_t{grid_.width} * grid_.height;
    const std::int64_t learning = learnt() ? 0 : learning_pixel_bytes + history_pixel_bytes * history;
    std::int64_t own_masks = 0;
    for (const Datatake& datatake : datatakes_) {
      own_masks = std::max(own_masks, own_mask_bytes(scenes_of(datatake), options_.masks, grid_));
    }
    const std::int64_t bytes =
        fixed_bytes + light_.bytes() + own_masks * tokens +
        pixels * (state_pixel_bytes + learning + (look_pixel_bytes + light_.look_pixel_bytes()) * tokens);
    if (bytes > options_.memory_bytes) {
      throw ConfigError("--memory " + std::to_string(options_.memory_bytes >> 20) + " MiB is too little for site '" +
                        site_.id + "': " + std::to_string((bytes >> 20) + 1) + " MiB are needed");
    }
  }

  void take_in_from(std::size_t first) {
    const int tokens = tbb::this_task_arena::max_concurrency() + 1;
    check_memory(tokens);
    read_reference();
    std::unique_ptr<LookStack> history;
    if (!learnt()) history = std::make_unique<LookStack>(grid_.width, grid_.height);
    std::size_t next = first;
    const auto take = [&](tbb::flow_control& control) -> std::shared_ptr<LookInFlight> {
      if (next == records_.size()) {
        control.stop();
        return nullptr;
      }
      auto look = std::make_shared<LookInFlight>();
      look->number = next;
      look->record = records_[next++];
      return look;
    };
    const auto read = [&](std::shared_ptr<LookInFlight> look) {
      try {
        read_planes(datatakes_[look->number], *look);
        extract_features(look->planes, monitor_options_, look->features);
      } catch (const DataError& unusable) {
        look->record.skipped = error_chain(unusable);
        look->doubts.clear();
      }
      return look;
    };
    const auto take_in = [&](const std::shared_ptr<LookInFlight>& look) {
      if (history && look->record.acquired >= learn_until_) {
        learn_from(std::move(*history));
        history.reset();
        if (probe_.learnt) probe_.learnt(state_.monitor);
        save(true);
      }
      if (look->record.skipped.empty()) {
        if (history) {
          history->add(look->features);
          remember_undisturbed(*look, nullptr);
        } else {
          judge(*look);
        }
      }
      state_.looks.push_back(look->record);
      report_.doubts.insert(report_.doubts.end(), look->doubts.begin(), look->doubts.end());
      if (probe_.look) {
        const bool judged = !history && look->record.skipped.empty();
        probe_.look({look->record, look->planes, look->features, judged ? &observation_ : nullptr, state_});
      }
      if (!history && state_.looks.size() % looks_between_checkpoints == 0) save(false);
      progress_(site_.id, static_cast<double>(look->number + 1) / static_cast<double>(records_.size()));
    };
    tbb::parallel_pipeline(
        static_cast<std::size_t>(tokens),
        tbb::make_filter<void, std::shared_ptr<LookInFlight>>(tbb::filter_mode::serial_in_order, take) &
            tbb::make_filter<std::shared_ptr<LookInFlight>, std::shared_ptr<LookInFlight>>(tbb::filter_mode::parallel,
                                                                                           read) &
            tbb::make_filter<std::shared_ptr<LookInFlight>, void>(tbb::filter_mode::serial_in_order, take_in));
    if (learnt() && saved_looks_ != state_.looks.size()) save(false);
  }

  static std::vector<Scene> scenes_of(const Datatake& datatake) {
    std::vector<Scene> parts;
    for (const ListedScene& part : datatake.parts) parts.push_back(part.scene);
    return parts;
  }

  /// Phase correlation wants more ground than a small site has.
  Grid shift_grid() const {
    Grid wide = grid_;
    wide.origin = grid_.to_map(-shift_margin_px, -shift_margin_px);
    wide.width += 2 * shift_margin_px;
    wide.height += 2 * shift_margin_px;
    return wide;
  }

  /// How scenes are read: what is garbage is refused.
  LookOptions look_options() const {
    LookOptions how;
    if (options_.checks.gate) {
      how.see_pixels = [](const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
        refuse_garbage(scene, band, dn);
      };
    }
    return how;
  }

  /// The look of the history with the least cloud and all of the site: the others are laid over it. It hangs on the
  /// history alone, so that it is the same in every later run.
  void read_reference() {
    struct Candidate {
      bool is_resampled;  // of another UTM zone
      double cloud;
      std::size_t number;
      auto operator<=>(const Candidate&) const = default;
    };
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < datatakes_.size() && datatakes_[i].acquired < learn_until_; ++i) {
      const Scene& scene = datatakes_[i].parts.front().scene;
      if (!scene.cloud_cover || scene.nodata.value_or(100) > 0) continue;
      const std::string zone = crs_of_tile(scene.tile);
      if (*scene.cloud_cover < most_reference_cloud) {
        candidates.push_back({!zone.empty() && zone != grid_.crs, *scene.cloud_cover, i});
      }
    }
    std::sort(candidates.begin(), candidates.end());
    for (const Candidate& candidate : candidates) {
      try {
        constexpr std::array red{Band::B04};
        const Datatake& datatake = datatakes_[candidate.number];
        reference_ = read_look(scenes_of(datatake), shift_grid(), red, look_options());
        if (light_.wants_reference()) {
          const std::vector<Scene> parts = light_.to_read(scenes_of(datatake));
          SiteLook level = read_look(parts, grid_, watched_bands, look_options());
          light_.correct(parts, datatake.acquired, level);
          light_.take_reference(std::move(level));
        }
        return;
      } catch (const DataError&) {
        reference_.reset();  // the look is told as unusable in its turn
      }
    }
  }

  /// Throws DataError for a scene that is refused.
  static void take_decision(const Scene& scene, const OffsetReport& report, LookInFlight& look) {
    if (!report.decision.use) throw DataError(report.decision.reason);
    for (const std::string& doubt : report.decision.warnings) look.doubts.emplace_back(scene.id, doubt);
  }

  void read_planes(const Datatake& datatake, LookInFlight& look) const {
    const std::vector<Scene> parts = scenes_of(datatake);
    // Where the scene as a whole does not tell its offsets, the site's own pixels may: of a mirror they are all there
    // is.
    std::map<std::string, SitePixels> undecided;
    for (const Scene& part : parts) {
      const OffsetReport report = offsets_.check(part, options_.checks.offsets);
      const bool ask_site =
          options_.checks.offsets != OffsetCheck::off && report.finding.verdict == OffsetVerdict::cannot_tell;
      if (ask_site) {
        undecided[part.source + "\n" + part.id];
      } else {
        take_decision(part, report, look);
      }
    }
    LookOptions how = look_options();
    how.cloud_growth_m = 0;  // the monitor has margins of its own
    how.shadow_growth_m = 0;
    how.class_reasons = class_reasons(options_.masks);
    double shift_error_px = options_.thresholds.shift_error_px;
    if (reference_) {
      constexpr std::array red{Band::B04};
      const SiteLook as_delivered = read_look(parts, shift_grid(), red);
      const auto shift = estimate_shift(reference_->reflectance.at(Band::B04).view(), reference_->mask.view(),
                                        as_delivered.reflectance.at(Band::B04).view(), as_delivered.mask.view());
      if (shift && shift->sigma_px < most_shift_sigma_px) {
        if (options_.checks.gate) refuse_misplaced(shift->x_px, shift->y_px);
        how.shift_x_px = shift->x_px;
        how.shift_y_px = shift->y_px;
        shift_error_px = shift->sigma_px;
      }
    }
    how.see_pixels = [&, gate = how.see_pixels](const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
      if (gate) gate(scene, band, dn);
      const auto found = undecided.find(scene.source + "\n" + scene.id);
      if (found == undecided.end()) return;
      // As its metadata have it, whatever it is read as.
      const auto is_it = [&](const Scene& part) { return part.source == scene.source && part.id == scene.id; };
      found->second.add(*std::find_if(parts.begin(), parts.end(), is_it), band, dn);
    };
    SiteLook seen = read_look(light_.to_read(parts), grid_, watched_bands, how);
    for (const Scene& part : parts) {
      const auto found = undecided.find(part.source + "\n" + part.id);
      if (found == undecided.end()) continue;
      take_decision(part, check_offsets_on(part, found->second.pixels(), options_.checks.offsets), look);
    }
    complete_mask(parts, how, options_.masks, seen);
    light_.correct(parts, datatake.acquired, seen);
    LookPlanes& planes = look.planes;
    planes.when = datatake.acquired;
    // The noise that was learnt has the typical error: only what is more than that is not in it.
    const double typical_px = options_.thresholds.typical_shift_error_px;
    planes.position_error_px =
        static_cast<float>(std::sqrt(std::max(0.0, shift_error_px * shift_error_px - typical_px * typical_px)));
    const std::array<Plane<float>*, watched_bands.size()> into{&planes.blue, &planes.green,  &planes.red,
                                                               &planes.nir,  &planes.swir16, &planes.swir22};
    for (std::size_t band = 0; band < watched_bands.size(); ++band) {
      *into[band] = std::move(seen.reflectance.at(watched_bands[band]));
    }
    planes.mask = std::move(seen.mask);
    if (!options_.write_masks.empty()) write_mask_of(look);
  }

  void write_mask_of(const LookInFlight& look) const {
    const std::string folder = options_.write_masks + "/" + site_.id;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw ConfigError("--write-masks " + folder + ": cannot be made: " + error.message());
    std::string name = format_instant(look.record.acquired);
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    write_mask(folder + "/" + name + "_mask.tif", grid_, std::as_const(look.planes.mask).view(), look.record.scene);
  }

  void learn_from(LookStack history) {
    if (history.looks() == 0) {
      const auto skipped = std::find_if(state_.looks.begin(), state_.looks.end(),
                                        [](const LookRecord& look) { return !look.skipped.empty(); });
      throw DataError("site '" + site_.id + "': no usable look before " + format_day(learn_until_) +
                      (skipped != state_.looks.end() ? ": " + skipped->skipped : ""));
    }
    state_.monitor = learn(std::move(history), monitor_options_, in_rows);
    warn_of_short_history();
  }

  /// Without a wave of the year, whatever the seasons do is an alert.
  void warn_of_short_history() {
    constexpr double many = 0.2;
    std::size_t judged = 0;
    std::size_t flat = 0;
    for (std::size_t i = 0; i < state_.monitor.pixels(); ++i) {
      if (state_.monitor.status[i] == PixelStatus::not_judged) continue;
      ++judged;
      flat += state_.monitor.models[i].waves == 0 ? 1 : 0;
    }
    const std::size_t pixels = state_.monitor.pixels();
    const auto percent = [pixels](std::size_t part) { return std::to_string(100 * part / pixels) + " %"; };
    const auto of_all = [pixels](double share) { return share * static_cast<double>(pixels); };
    if (static_cast<double>(pixels - judged) > of_all(many)) {
      report_.doubts.emplace_back("site '" + site_.id + "'", "its history shows " + percent(pixels - judged) +
                                                                 " of it too seldom to judge it at all");
    }
    if (static_cast<double>(flat) > of_all(many)) {
      report_.doubts.emplace_back("site '" + site_.id + "'",
                                  "its history has too few clear looks for seasons in " + percent(flat) +
                                      " of it: expect alerts for what only comes with the year, or learn for longer");
    }
  }

  static std::array<const Plane<float>*, watched_bands.size()> bands_of(const LookPlanes& planes) {
    return {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22};
  }

  /// Keeps the reflectance of pixels that were seen undisturbed; in the history all that are clear.
  void remember_undisturbed(const LookInFlight& look, const Observation* seen) {
    const auto bands = bands_of(look.planes);
    const auto width = static_cast<std::size_t>(grid_.width);
    state_.undisturbed.resize(width * static_cast<std::size_t>(grid_.height));
    in_rows(grid_.height, [&](int begin, int end) {
      for (int y = begin; y < end; ++y) {
        std::size_t i = static_cast<std::size_t>(y) * width;
        for (int x = 0; x < grid_.width; ++x, ++i) {
          const bool undisturbed = seen != nullptr ? seen->undisturbed[i] != 0 : look.features.seen[i] == Seen::clear;
          if (!undisturbed) continue;
          for (std::size_t band = 0; band < bands.size(); ++band) {
            const float value = bands[band]->at(x, y);
            if (std::isfinite(value)) state_.undisturbed[i][band] = pack_reflectance(value);
          }
        }
      }
    });
  }

  void judge(const LookInFlight& look) {
    observe(state_.monitor, look.features, monitor_options_, observation_, in_rows);
    const int width = grid_.width;
    const int height = grid_.height;
    for (Plane<std::uint8_t>* plane : {&probability_, &status_, &clear_, &detected_}) plane->reshape(width, height);
    const auto now = static_cast<LookNumber>(state_.monitor.looks.size()) - 1;
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
          clear_.at(x, y) = observation_.use[i] == LookUse::used ? 1 : 0;
          detected_.at(x, y) = open && state_.monitor.history[i].last_detected == now ? 1 : 0;
        }
      }
    });
    remember_undisturbed(look, &observation_);
    tracker_.update({look.record.acquired, std::as_const(probability_).view(), std::as_const(status_).view(),
                     std::as_const(clear_).view(), std::as_const(detected_).view()});
    state_.incidents = tracker_.incidents();
    for (const Incident& incident : state_.incidents) {
      if (incident.last_detected == look.record.acquired) describe(incident, look);
    }
  }

  /// Onset and spectra of an incident that this look shows.
  void describe(const Incident& incident, const LookInFlight& look) {
    const auto bands = bands_of(look.planes);
    std::array<double, watched_bands.size()> before{};
    std::array<double, watched_bands.size()> after{};
    std::size_t before_count = 0;
    std::size_t after_count = 0;
    std::int64_t looks = 0;
    std::int64_t own_year_looks = 0;
    IncidentEvidence now;
    now.onset_before = incident.first_detected;
    now.onset_after = state_.looks.empty() ? incident.first_detected : state_.looks.front().acquired;
    for (const Run& run : incident.runs) {
      for (int x = run.begin; x < run.end; ++x) {
        const auto i =
            static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid_.width) + static_cast<std::size_t>(x);
        if (state_.undisturbed[i][0] != 0) {
          ++before_count;
          for (std::size_t band = 0; band < bands.size(); ++band) {
            before[band] += unpack_reflectance(state_.undisturbed[i][band]);
          }
        }
        if (detected_.at(x, run.row) != 0) {
          ++after_count;
          for (std::size_t band = 0; band < bands.size(); ++band) {
            const float value = bands[band]->at(x, run.row);
            after[band] += std::isfinite(value) ? value : 0;
          }
        }
        // The pixel that was disturbed first tells when it began.
        const PixelHistory& history = state_.monitor.history[i];
        looks += history.looks_since_onset;
        own_year_looks += history.own_year_looks;
        if (history.onset_before == no_look || history.onset_after == no_look) continue;
        const Instant disturbed = state_.monitor.looks[static_cast<std::size_t>(history.onset_before)];
        const Instant undisturbed = state_.monitor.looks[static_cast<std::size_t>(history.onset_after)];
        if (disturbed < now.onset_before || (disturbed == now.onset_before && undisturbed > now.onset_after)) {
          now.onset_before = disturbed;
          now.onset_after = undisturbed;
        }
      }
    }
    for (std::size_t band = 0; band < bands.size(); ++band) {
      now.before[band] = before_count > 0 ? static_cast<float>(before[band] / static_cast<double>(before_count)) : 0;
      now.after[band] = after_count > 0 ? static_cast<float>(after[band] / static_cast<double>(after_count)) : 0;
    }
    now.scene_last = look.record.scene;
    now.own_year_share = looks > 0 ? static_cast<double>(own_year_looks) / static_cast<double>(looks) : 0;
    const auto [found, is_new] = state_.evidence.try_emplace(incident.id, now);
    IncidentEvidence& evidence = found->second;
    if (is_new && after_count == 0 && !incident.parents.empty()) {
      // What is left of another one has its story.
      if (const auto parent = state_.evidence.find(incident.parents.front()); parent != state_.evidence.end()) {
        evidence = parent->second;
      }
    } else if (is_new) {
      evidence.first = now.after;
      evidence.by_water = is_by_water(incident.runs);
      evidence.scene_first = look.record.scene;
      evidence.scene_before = scene_at(now.onset_after);
    } else if (after_count > 0) {
      // Its beginning is not written anew; its looks are.
      evidence.before = now.before;
      evidence.after = now.after;
      evidence.own_year_share = now.own_year_share;
      evidence.scene_last = now.scene_last;
    }
  }

  /// Whether water was seen in the history within 50 m.
  bool is_by_water(const std::vector<Run>& runs) const {
    constexpr double reach_m = 50;
    constexpr int least_pixels = 5;
    const int reach = static_cast<int>(std::lround(reach_m / grid_.pixel_size_m));
    std::set<std::size_t> wet;
    for (const Run& run : runs) {
      for (int y = std::max(0, run.row - reach); y <= std::min(grid_.height - 1, run.row + reach); ++y) {
        for (int x = std::max(0, run.begin - reach); x < std::min(grid_.width, run.end + reach); ++x) {
          const auto i =
              static_cast<std::size_t>(y) * static_cast<std::size_t>(grid_.width) + static_cast<std::size_t>(x);
          if (was_water(state_.monitor.counts[i])) wet.insert(i);
        }
      }
    }
    return wet.size() >= least_pixels;
  }

  std::string scene_at(Instant acquired) const {
    const auto found = std::find_if(state_.looks.begin(), state_.looks.end(),
                                    [&](const LookRecord& look) { return look.acquired == acquired; });
    return found != state_.looks.end() ? found->scene : std::string();
  }

  Alert alert_of(const Incident& incident, const IncidentEvidence& evidence, PixelAreas& areas) const {
    const auto spectrum_of = [](const BandMeans& means) {
      Spectrum spectrum;
      for (std::size_t band = 0; band < watched_bands.size(); ++band) {
        if (means[band] > 0) spectrum[static_cast<std::size_t>(watched_bands[band])] = means[band];
      }
      return spectrum;
    };
    Alert alert;
    alert.id = incident.id;
    alert.shape = trace(incident.runs);
    alert.site = site_.id;
    alert.status = incident.status;
    const Spectrum before = spectrum_of(evidence.before);
    const Spectrum after = spectrum_of(evidence.after);
    const std::chrono::duration<double, std::ratio<86400>> open = incident.last_detected - incident.first_detected;
    alert.change_class = classify_course(
        {before, spectrum_of(evidence.first), after, evidence.by_water, open.count(), evidence.own_year_share},
        options_.thresholds.course);
    alert.first_detected = incident.first_detected;
    alert.onset_after = evidence.onset_after;
    alert.onset_before = evidence.onset_before;
    alert.confirmed_on = incident.confirmed_on;
    alert.last_detected = incident.last_detected;
    alert.last_observed = incident.last_observed;
    alert.observations = incident.observations;
    alert.confidence = calibrated_confidence(incident);
    double pixels = 0;
    for (const Run& run : incident.runs) pixels += run.end - run.begin;
    const auto [column, row] = middle_of(incident.runs);
    const double pixel_ha = areas.at_m2(column, row) / 1e4;
    alert.area_ha = pixels * pixel_ha;
    alert.area_uncertainty_ha = area_uncertainty_px(alert.shape) * pixel_ha;
    alert.change = index_change(before, after);
    if (!evidence.scene_before.empty()) alert.scenes_before.push_back(evidence.scene_before);
    alert.scenes_after.push_back(evidence.scene_first);
    if (evidence.scene_last != evidence.scene_first) alert.scenes_after.push_back(evidence.scene_last);
    alert.parents = incident.parents;
    const auto last = std::find_if(state_.looks.begin(), state_.looks.end(),
                                   [&](const LookRecord& look) { return look.scene == evidence.scene_last; });
    if (last != state_.looks.end()) alert.tile = last->tile;
    alert.algorithm = algorithm_;
    alert.history = history_of(incident, pixel_ha);
    return alert;
  }

  /// Writes the state after so many looks, and removes older ones that are not needed to go back.
  void save(bool after_learning) {
    if (folder_.empty()) return;
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw ConfigError(folder_ + ": cannot be made: " + error.message());
    const auto name_of = [&](std::size_t looks, bool learnt_now) {
      std::string number = std::to_string(looks);
      number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
      return folder_ + "/" + (learnt_now ? "learnt-" : "looks-") + number + ".state";
    };
    write_site_state(name_of(state_.looks.size(), after_learning), algorithm_, grid_, state_, in_parallel);
    if (!after_learning) saved_looks_ = state_.looks.size();
    std::vector<std::string> names;
    for (fs::directory_iterator it(folder_, error), end; it != end; it.increment(error)) {
      if (it->path().extension() == ".state") names.push_back(it->path().string());
    }
    std::vector<std::string> checkpoints;
    for (const std::string& name : names) {
      const auto looks = looks_of_state(name, algorithm_, grid_);
      const std::size_t both = looks ? std::min(looks->size(), records_.size()) : 0;
      // Of other options, or of looks that have come in another order since: of no use any more.
      const bool fits = looks && std::equal(looks->begin(), looks->begin() + static_cast<std::ptrdiff_t>(both),
                                            records_.begin(), same_look);
      if (!fits) {
        fs::remove(name, error);
      } else if (fs::path(name).filename().string().rfind("looks-", 0) == 0 && looks->size() <= state_.looks.size()) {
        checkpoints.push_back(name);
      }
    }
    std::sort(checkpoints.begin(), checkpoints.end());
    while (checkpoints.size() > checkpoints_kept) {
      fs::remove(checkpoints.front(), error);
      checkpoints.erase(checkpoints.begin());
    }
  }

  const WatchOptions& options_;
  const Site& site_;
  Grid grid_;
  std::string algorithm_;
  std::string folder_;  // empty: no state is kept
  OffsetMemory& offsets_;
  const ProgressSink& progress_;
  WatchReport& report_;
  const SiteProbe& probe_;
  SiteLight light_;
  MonitorOptions monitor_options_;
  std::vector<Datatake> datatakes_;
  std::vector<LookRecord> records_;  // of the datatakes
  Instant learn_until_{};
  std::vector<LookRecord> seen_before_;
  std::optional<SiteLook> reference_;
  std::size_t saved_looks_ = 0;  // looks of the checkpoint written last
  IncidentTracker tracker_;
  SiteState state_;
  Observation observation_;
  Plane<std::uint8_t> probability_;
  Plane<std::uint8_t> status_;
  Plane<std::uint8_t> clear_;
  Plane<std::uint8_t> detected_;
};

}  // namespace

std::vector<WatchedSite> watched_sites(const WatchOptions& options) {
  check(options);
  std::vector<WatchedSite> sites;
  for (Site& site : read_sites(options.sites)) {
    WatchOptions own = options_of(site, options);
    std::string algorithm = algorithm_of(own, site);
    sites.push_back({std::move(site), std::move(own), std::move(algorithm)});
  }
  return sites;
}

Grid watched_grid(Site site, double buffer_m) {
  site.lower_left = {site.lower_left.x - buffer_m, site.lower_left.y - buffer_m};
  site.upper_right = {site.upper_right.x + buffer_m, site.upper_right.y + buffer_m};
  return site_grid(site);
}

SourceSearch search_for(const std::vector<WatchedSite>& sites) {
  SourceSearch search;
  bool all_begin = !sites.empty();
  for (const auto& [site, options, algorithm] : sites) {
    search.places.push_back(degree_box(watched_grid(site, options.buffer_m)));
    search.until = options.until;
    all_begin = all_begin && site.baseline_from.has_value();
  }
  if (!all_begin) return search;
  search.from = sites.front().site.baseline_from;
  for (const WatchedSite& watched : sites) search.from = std::min(search.from, watched.site.baseline_from);
  return search;
}

SiteOutcome watch_site(const WatchedSite& watched, const SourceListing& listing, OffsetMemory& offsets,
                       const ProgressSink& progress, WatchReport& report, const SiteProbe& probe) {
  SiteWatch watch(watched.options, watched.site, listing, watched.algorithm, offsets, progress, report, probe);
  SiteOutcome outcome;
  outcome.summary = watch.run();
  outcome.alerts = watch.alerts();
  outcome.grid = watch.grid();
  return outcome;
}

void in_arena(int threads, const std::function<void()>& work) {
  const int count = threads != 0 ? threads : tbb::info::default_concurrency();
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
  tbb::task_arena arena(count);
  arena.execute(work);
}

}  // namespace pitwatch
