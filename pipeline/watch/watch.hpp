#pragma once
// The nightly job: takes every acquisition at the sites that it has not seen, and brings incidents and alerts up to
// date.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/light.hpp"
#include "pipeline/acquisition/masks.hpp"
#include "pipeline/acquisition/source.hpp"
#include "pipeline/classify/classify.hpp"
#include "pipeline/classify/course.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/monitor/options.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/schedule/night_clock.hpp"
#include "pipeline/schedule/progress.hpp"

namespace pitwatch {

/// Every threshold that decides what an alert is, each with a name: command lines set them for all sites, a sites file
/// for its own.
struct WatchThresholds {
  double min_area_ha = 0.05;  // minimum mapping unit
  /// Standard errors of where acquisitions lie, along each axis, pixels: of those whose shift cannot be measured, and
  /// what the model's noise, learnt from acquisitions that lay like that, has of it. An error beyond that adds to that
  /// of features.
  double shift_error_px = 0.25;
  double typical_shift_error_px = 0.25;
  MonitorOptions monitor;
  TrackerOptions incidents;  // but for min_pixels, which follows from min_area_ha
  CourseOptions course;
};

/// See core/named_options.hpp.
template <typename Options, typename Visit>
requires std::same_as<std::remove_const_t<Options>, WatchThresholds>
void for_each_option(Options& options, const Visit& visit) {
  visit("min-area-ha", "minimum mapping unit, hectares, 0.01..10000", options.min_area_ha, OptionRange{0.01, 1e4});
  constexpr OptionRange pixels_range{0, 5};
  visit("shift-error-px", "standard error of where acquisitions lie whose shift cannot be measured, pixels, 0..5",
        options.shift_error_px, pixels_range);
  visit("typical-shift-error-px",
        "such an error that the learnt noise has in it, pixels; what is beyond adds to the noise at edges, 0..5",
        options.typical_shift_error_px, pixels_range);
  for_each_option(options.monitor, visit);
  for_each_option(options.incidents, visit);
  for_each_option(options.course, visit);
}

/// How manifests are signed and time-stamped; what is empty is not done.
struct SigningOptions {
  std::string certificate;  // PEM
  std::string key;          // PEM
  std::string time_stamps;  // URL of an authority (RFC 3161)
};

struct WatchOptions {
  std::string sites;             // vector file of sites
  std::string source;            // folder of scenes, a static STAC catalog, or the URL of a STAC API
  NetworkOptions network;        // of such a URL, and of scenes whose files are on the network
  std::string state;             // folder of the state and of alerts.geojson; made if it is not there
  bool is_rerun = false;         // `state` gets alerts.geojson alone
  std::string start_from;        // of a rerun: a nightly state whose checkpoints it starts from, read-only; empty: none
  bool whole_history = false;    // of such a rerun: from the beginning, if all of it can be read
  std::optional<Instant> from;   // alerts last detected before this are left out
  std::optional<Instant> until;  // scenes acquired later are left for another time
  int history_days = 365;        // learnt from where a site names no baseline_to
  double buffer_m = 300;         // around the bounds of a site that is watched too
  WatchThresholds thresholds;
  LightOptions light;
  SceneChecks checks;           // which scenes are skipped
  MaskChoice masks;             // what is masked beside the scene classification
  std::string register_target;  // that is kept up to date, a TARGET as in register.hpp
  bool new_register = false;    // begin a new one though the state knows of another
  SigningOptions signing;       // of manifests
  std::string reviews_from;     // where none is: a register that reviews, and what layers said, are read from
  std::string context;          // a context.json whose layers say what alerts touch; empty: none
  /// Sites that are learnt anew where their options, geometry or algorithm are others than those of their state, or the
  /// state is damaged; without it they are refused.
  bool relearn = false;
  std::vector<std::string> relearn_sites;  // of these, whatever their state
  /// Alerts that are likelier than this to be fires, floods, harvests and the like are in the register alone.
  double max_natural = default_max_natural;
  bool dry_run = false;  // say what would be done, write nothing

  // These do not change the result.
  std::string write_masks;  // folder that gets SITE/ with the mask of each acquisition taken in; empty: none is written
  std::string write_scores;     // likewise score and status of each pixel after each acquisition that is judged
  int chips = 0;                // frames of the film strip that is kept with each alert, 0..1000; 0: no chips are kept
  int threads = 0;              // 0: all cores
  NightClock* clock = nullptr;  // gets each piece of the work as it ends; none: nothing does
  std::optional<Instant> started;  // by which the manifest and the row of `runs` name the run; nothing: now
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

/// An acquisition that the state rests on and that cannot be read as it was taken in.
struct AbsentAcquisition {
  MissingAcquisition of;
  bool is_news = true;  // it was not missing in the run before
};

/// A scene that came too late to be taken in.
struct LateScene {
  Notice notice;
  bool is_news = true;
};

struct WatchReport {
  struct OfSite {
    std::string id;
    int acquisitions = 0;                          // all that the state rests on
    int new_acquisitions = 0;                      // of this run; replayed ones do not count
    int replayed = 0;                              // because an earlier acquisition came late
    bool learning = false;                         // the history is not complete yet
    bool relearnt = false;                         // because that was asked for
    int open = 0;                                  // incidents that are provisional, confirmed or recovering
    std::vector<std::string> continued_from = {};  // checkpoints, of each pane; empty: from the beginning
  };
  std::vector<OfSite> sites;
  std::vector<std::pair<std::string, std::string>> skipped;     // scene, file or site, and why
  std::vector<std::pair<std::string, std::string>> superseded;  // scene that another one stands for, and why
  std::vector<std::pair<std::string, std::string>> warnings;  // scene or site that is used, and what speaks against it
  std::vector<std::string> left;  // sites that were watched before, and are not among the sites any more
  std::vector<std::pair<std::string, std::string>> unusable;     // scene of the state that was of no use, and why
  std::vector<std::pair<std::string, std::string>> not_covered;  // file or site, and why its coverage is not known
  std::vector<LateScene> late;
  std::vector<AbsentAcquisition> missing;
  std::vector<SiteStanding> standings;        // of sites, failed ones too
  std::vector<AcquisitionUsed> acquisitions;  // of which pixels were read
  std::vector<ContextLayerState> layers;      // that were asked what the alerts touch
  std::vector<std::string> written;           // files of the state
  std::vector<std::string> chip_places;       // whose journals of chips are to be published
  std::vector<std::string> obsolete;          // files and folders of the state that go once the run is on record
  std::size_t alerts = 0;
  bool is_done_before = false;  // of a unit of work, or a merge: nothing was left to be done
  bool changed = false;         // alerts.geojson or the register has other content than before
  int exit_code = 0;
  double wall_seconds = 0;
};

/// Of which sites the register is to know what was not seen.
struct CoverageRequest {
  std::set<std::string> sites;
  std::set<std::string> with_pixels;  // of these the ground, too: they have acquisitions that the night before lacked
};

struct NightCoverage {
  CoverageUpdate update;
  std::vector<std::pair<std::string, std::string>> skipped;  // site or file that could not be read, and why
};

/// Works that out; `night` is the manifest as far as it is known: its sites and acquisitions. Checkpoints are written.
using CoverageWork = std::function<NightCoverage(const Manifest& night, const CoverageRequest& request)>;

/// Brings STATE up to date: for each site its model, what it knows of every pixel, and its incidents
/// (STATE/sites/ID/*.state), then the record: the register, STATE/alerts.geojson and a manifest in STATE/runs
/// (night_record.hpp). Each file is whole or not there, and each is compared with what it should be, so that the next
/// run makes good what one that failed or was killed left undone.
///
/// Acquisitions are taken in order of time whatever the order in which they arrived: a late one makes the run go back
/// to the last checkpoint before it, or is left out and named where acquisitions since are gone. What was taken in
/// stays, whatever becomes of its files. A run with nothing new changes no byte of the state and of the alerts, and
/// adds a manifest and a row of `runs`. A run that ends in an error is put on record, too. One run at a time has a
/// state (a lock).
///
/// With each alert that is reported it keeps chips of its ground and what each acquisition showed of it, in STATE/chips
/// (chips/README.md); nothing depends on them.
///
/// A rerun writes STATE/alerts.geojson and nothing else.
///
/// With a context, its layers are asked what the alerts touch, and that is put on record with the rest; a layer that
/// cannot be used is skipped, and what was said before stays.
///
/// `coverage`, where there is any, is asked what was not seen, of sites with news and once a day (UTC) of all; what it
/// cannot read is reported.
///
/// Throws ConfigError (options, sites file, context, state folder; a state of other options, sites or a newer version;
/// an end before that of the state), BusyError (lock), DataError (source or sites unusable, the register gone),
/// IoError.
WatchReport watch(const WatchOptions& options, const ProgressSink& progress, const CoverageWork& coverage = {});

}  // namespace pitwatch
