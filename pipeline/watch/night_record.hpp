#pragma once
// What a night leaves on record: the register, alerts.geojson, and the manifest that vouches for both and for the
// state.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/raster/input_log.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// The inputs of a night, asked for once all is read.
using NightInputs = std::function<std::vector<InputFile>()>;

/// The options of a night as its record has them, by name.
NamedTexts run_options(const WatchOptions& options);

/// The record of one run on a state whose lock is held. What is published comes in this order, so that a run that is
/// killed in between leaves what the next one continues from: the manifest, its signature and time stamp, the register,
/// alerts.geojson, chips, and last runs/HEAD.
class NightRecord {
 public:
  /// Reads what the run before left. One that is damaged is reported when this run ends, and is no hindrance. `plan`:
  /// of a night in units of work, the id of its plan.
  NightRecord(const WatchOptions& options, Instant started, std::string plan = {});

  /// Before any work: throws as expect_known_register() does, but with options.new_register. One that is taken though
  /// it is not as the run before left it is among the skipped.
  void check_register(std::vector<std::pair<std::string, std::string>>& skipped) const;

  /// Paths of the files of the site's state that the run before left.
  RecordedCheckpoints recorded(const Site& site) const;

  /// Since when acquisitions are missing and scenes late, and which of them are news.
  void mark_news(WatchReport& report) const;

  /// Warns of sites that were watched before and are not `listed` any more.
  void warn_of_left(const std::set<std::string>& listed, WatchReport& report) const;

  /// Publishes what a run came to; `context` and `coverage`, where there are any, say what the alerts touch and what
  /// was not seen. Returns the number of alerts in alerts.geojson; sets report.changed.
  std::size_t publish(const RegisterUpdate& update, const NightInputs& inputs, const ContextWork& context,
                      const CoverageWork& coverage, WatchReport& report);

  /// What the run is known by, before anything is known of what it came to.
  Manifest begin(int exit_code, const std::string& message) const;

  /// Puts on record what a run read that was killed after a checkpoint of it, and what units of work read that were
  /// not merged; those of this record's own plan are left for it to merge.
  void settle_unfinished();

  /// Puts on record that a run ended in an error, and what it read up to its last checkpoint; what was published before
  /// stays. Where there is neither a record nor a checkpoint yet, nothing.
  void publish_failure(int exit_code, const std::string& message);

 private:
  void settle(std::optional<Manifest> unfinished);
  void publish_ended(Manifest manifest, const Manifest& settled) const;
  std::unique_ptr<RegisterWrite> failure_row(Manifest& manifest, const Manifest& settled) const;
  std::string expect_register(const std::optional<Manifest>& known) const;
  RunRow row_of(const Manifest& manifest, const WatchReport& report) const;
  void add_sites(const WatchReport& report, Manifest& manifest) const;
  void add_outputs(const WatchReport& report, Manifest& manifest) const;
  CoverageRequest coverage_request(const Manifest& manifest) const;

  const WatchOptions& options_;
  Instant started_;
  std::string plan_;
  std::optional<Manifest> before_;
  std::string damage_;  // of the record before
};

/// Puts a review on record: in the register, and by a manifest in the state. Holds the state's lock. Throws as
/// prepare_review() does.
void record_review(const std::string& state, const std::string& target, const std::string& alert_id,
                   const Review& review, const SigningOptions& signing);

/// What a manifest of the state in the folder `state` says of the checkpoints of a site.
RecordedCheckpoints recorded_checkpoints(const Manifest& manifest, const std::string& state, const std::string& site);

}  // namespace pitwatch
