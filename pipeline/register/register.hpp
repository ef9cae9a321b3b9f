#pragma once
// The register: every alert ever published with its history, the scenes that are their evidence, what people found them
// to be, and the runs that wrote it. A record: rows are added, and what was published stays. Described for readers in
// register.md beside this header.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {

struct RegisterContent {
  /// By site, first detection and id; each with its newest review and the newest revision of its history (whose status
  /// and confidence are derived where they are unknown, see as_alert_events()).
  std::vector<OutlinedAlert> alerts;
  std::vector<RegisteredReview> reviews;  // by reviewed_at, then recorded_at, then as they were added
};

/// What a run knows.
struct RegisterUpdate {
  /// Alerts of the sites that were watched, superseded ones too. Of two with one id the one that stands counts.
  std::vector<AlertLayer> alerts;
  /// Sites of which `alerts` has all, and why one of theirs that the register has and `alerts` lacks is one no more: it
  /// becomes superseded, by those of its site that stand and have half of the smaller area in common with it, the
  /// largest overlap first.
  std::map<std::string, SupersededWhy> watched;
  /// All sites of the sites file. Alerts of other sites become not_watched; those of sites that are listed and not
  /// among `watched` stay as they are. What was not_watched and is among `alerts` is watched_again.
  std::set<std::string> listed;
  Instant now{};  // recorded_at
};

/// What layers say of the register's alerts.
struct ContextUpdate {
  std::vector<ContextFacts> facts;        // those of ids that the register has not are left aside
  std::vector<ContextLayerState> layers;  // of which they were worked out, broken ones too
};

/// The register's alerts as a write is about to leave them, for whoever works out what they touch.
struct AlertsInRegister {
  std::span<const OutlinedAlert> alerts;  // superseded ones too
  /// Of the alerts of those ids the events of the newest revision, each with its outline then, as far as it is
  /// recorded. Reads them, which takes time.
  std::function<std::vector<RegisteredEvent>(const std::set<std::string>& ids)> history;
};
using ContextWork = std::function<ContextUpdate(const AlertsInRegister& alerts)>;

// A TARGET is the path of a GeoPackage, or a database that OGR writes to in transactions ("PG:dbname=..."). What is no
// register is never overwritten: a damaged file, a file or a database with tables of something else. A register of the
// former layout is read, and brought to the present one by the next write.

/// What of sites was not seen.
struct CoverageUpdate {
  std::vector<RegisteredCoverage> rows;  // recorded_at aside
  /// Sites of which `rows` has all gaps and outages: those that the register has and `rows` lacks never were.
  std::set<std::string> sites;
};

/// A register with what is to be written to it, which nobody sees before commit(); what goes without leaves all as it
/// was. Other writers wait as long as it lives (a lock file beside a GeoPackage, locks of a database), in this process
/// too. To be used and destroyed in the thread that made it.
class RegisterWrite {
 public:
  virtual ~RegisterWrite() = default;

  /// What the register holds with it.
  virtual const RegisterContent& content() const = 0;

  /// Whether alerts, history, scenes or facts are others than before.
  virtual bool changed() const = 0;

  /// How many rows of facts it adds.
  virtual std::size_t new_facts() const = 0;

  /// What register_digests() will be after commit().
  virtual const std::map<std::string, RowsDigest>& digests() const = 0;

  /// What register_sha256() will be after commit(), and the size of a GeoPackage then; of a database 0.
  virtual std::string sha256() = 0;
  virtual std::size_t size() = 0;

  /// Throws IoError: then it is as before.
  virtual void commit() = 0;
};

/// Brings alerts, history and scenes up to date and adds the run. Where there is `context`, it is called for the alerts
/// as they then are, and what it says that differs from what is known becomes new facts; alerts keep the facts of
/// subjects of which it says nothing. Throws as read_register() does, IoError where it cannot be written, and what
/// `context` throws. What `coverage` has that is not as it was recorded last becomes new rows.
std::unique_ptr<RegisterWrite> prepare_register(const std::string& target, const RegisterUpdate& update,
                                                const RunRow& run, const ParallelFor& parallel_for = serial_for,
                                                const ContextWork& context = {}, const CoverageUpdate& coverage = {});

/// The same of a register whose alerts stay as they are, recorded at `now`; `run` is read once `context` was called.
std::unique_ptr<RegisterWrite> prepare_context(const std::string& target, const ContextWork& context, const RunRow& run,
                                               Instant now);

/// Adds a review to an alert of the register, recorded now (by the clock where not given) by this process's user.
/// Throws ConfigError for an id that no alert has, for a reviewer that is empty, of several lines or over 200 bytes,
/// for a reason over 2 MiB, for text that is not UTF-8 or holds a NUL, and for a time more than five minutes ahead;
/// else as prepare_register() does.
std::unique_ptr<RegisterWrite> prepare_review(const std::string& target, const std::string& alert_id,
                                              const Review& review, std::optional<Instant> now = std::nullopt);

/// Reads a register. Throws DataError, starting with the target: there is none, it is damaged, or of a later version.
RegisterContent read_register(const std::string& target);

/// All that is recorded of an alert, or of all where the id is empty, in the order in which it was written.
std::vector<RegisteredEvent> read_history(const std::string& target, const std::string& alert_id = {});

/// All facts that were recorded of an alert, or of all where the id is empty, in the order in which they were written;
/// none of a register of a former version.
std::vector<RegisteredFact> read_facts(const std::string& target, const std::string& alert_id = {});

/// The layers, likewise.
std::vector<RegisteredLayer> read_context_layers(const std::string& target);

/// Coverage, likewise.
std::vector<RegisteredCoverage> read_coverage(const std::string& target);

std::vector<RunRow> read_runs(const std::string& target);

/// Its reviews alone; none where there is no register yet; of those that were added first so many where `first` is
/// given. Throws as read_register() does.
std::vector<RegisteredReview> read_reviews(const std::string& target, std::optional<std::size_t> first = std::nullopt);

/// How many rows a register has.
struct RegisterCounts {
  std::map<AlertStatus, std::size_t> alerts;
  std::size_t reviews = 0;
  std::size_t runs = 0;
};

/// Once all of it was read as whoever writes to it does. Throws as prepare_register() does, and BusyError where another
/// program is at work on a GeoPackage.
RegisterCounts check_register(const std::string& target);

/// What its tables hold, by name (digests_of_rows()): of those in `first` the first rows alone, which by the record
/// never change, but for `alerts`, whose columns of the newest review are left out. Throws as read_register() does.
std::map<std::string, RowsDigest> register_digests(const std::string& target,
                                                   const std::map<std::string, std::size_t>& first = {});

/// Of a GeoPackage's bytes, or of all that the tables of a database hold; 64 hex digits. Throws as read_register()
/// does.
std::string register_sha256(const std::string& target);

/// What stands for a reviewer who is not to be named.
inline constexpr const char* unnamed_reviewer = "not named";

/// Names no reviewer and no account any more.
void withhold_reviewers(RegisterContent& content);

/// These alerts as a register of their own, as bytes: as given, with the history, the scenes and the reviews that the
/// target has of them; without reviewers as withhold_reviewers() leaves them.
std::string register_geopackage(const std::string& target, std::span<const OutlinedAlert> alerts,
                                bool with_reviewers = true);

/// Events without their shapes. Where the status is unknown it follows from the events; where the confidence is, it is
/// `confidence`.
std::vector<AlertEvent> as_alert_events(std::span<const RegisteredEvent> events, double confidence);

/// Sorts by site, first detection and id: the order of the register and of alerts.geojson.
void sort_alerts(std::vector<OutlinedAlert>& alerts);

}  // namespace pitwatch
