#include "pipeline/watch/night_record.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/vector_hash.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/metadata_files.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/night_plan.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// What the record does not vouch for any more.
void remove_obsolete(const std::vector<std::string>& paths) {
  std::error_code none;
  for (const std::string& path : paths) {
    if (path.ends_with(".state")) {
      fs::remove(path, none);
    } else {
      remove_kept_scenes(path);  // where it is gone, too: a run that was killed may have left half of it, hidden
    }
  }
}

int acquisitions_taken_in(const Manifest& manifest) {
  std::set<std::pair<std::string, Instant>> acquisitions;  // panes see the same ones
  for (const AcquisitionUsed& used : manifest.acquisitions) {
    if (used.use != AcquisitionUse::skipped) acquisitions.emplace(used.site, used.acquired);
  }
  return static_cast<int>(acquisitions.size());
}

/// What is reported once. A source that went away is missing a hundred thousand at a time.
using MissingKey = std::tuple<std::string, Instant, MissingWhat>;
using NoticeKey = std::pair<std::string, std::string>;

MissingKey key_of(const MissingAcquisition& one) { return {one.site, one.acquired, one.what}; }
NoticeKey key_of(const Notice& one) { return {one.what, one.why}; }

/// Since when each of these is known.
template <typename All>
auto since_when(const All& all) {
  std::map<decltype(key_of(all.front())), Instant> known;
  for (const auto& one : all) known.emplace(key_of(one), one.since);
  return known;
}

}  // namespace

NamedTexts run_options(const WatchOptions& options) {
  const auto word = [](bool is_on) { return std::string(is_on ? "on" : "off"); };
  NamedTexts texts{{"sites", options.sites},
                   {"source", redacted(options.source)},
                   {"max-natural", shortest_text(options.max_natural)},
                   {"register", shown_target(options.state, options.register_target)},
                   {"memory", std::to_string(options.memory_bytes)},
                   {"threads", std::to_string(options.threads)},
                   {"chips", std::to_string(options.chips)},
                   {"signed", word(!options.signing.certificate.empty())},
                   {"time-stamps", redacted(options.signing.time_stamps)}};
  for (const auto& [name, value] : options_in_clear(options)) texts[name] = value;
  if (!options.context.empty()) texts["context"] = options.context;
  if (options.until) texts["to"] = format_instant(*options.until);
  if (options.network.most_cloud_percent) texts["max-cloud"] = std::to_string(*options.network.most_cloud_percent);
  if (options.relearn) {
    std::string sites;
    for (const std::string& id : options.relearn_sites) sites += (sites.empty() ? "" : ",") + id;
    texts["relearn"] = sites.empty() ? "where terms differ" : sites;
  }
  return texts;
}

NightRecord::NightRecord(const WatchOptions& options, Instant started, std::string plan)
    : options_(options), started_(started), plan_(std::move(plan)) {
  try {
    before_ = settled_head(options.state);
  } catch (const DataError& error) {
    damage_ = error.what();
  }
}

void NightRecord::check_register(std::vector<std::pair<std::string, std::string>>& skipped) const {
  const SharedFileLock no_review_meanwhile(runs_folder(options_.state) + "/record");
  std::optional<Manifest> known;
  if (damage_.empty()) known = settled_head(options_.state);
  const std::string older = expect_register(known);
  if (!older.empty()) skipped.emplace_back(without_password(options_.register_target), older);
}

/// As expect_known_register(); a register that the record does not know must be one that can be written to.
std::string NightRecord::expect_register(const std::optional<Manifest>& known) const {
  const std::string& target = options_.register_target;
  if (!options_.new_register && known && known->alert_register) {
    return expect_known_register(*known->alert_register, options_.state, target);
  }
  std::error_code none;
  const bool is_there = !is_database(target) && fs::exists(fs::symlink_status(target, none));
  if (is_there) {
    static_cast<void>(pitwatch::check_register(target));
  } else {
    static_cast<void>(read_reviews(target));
  }
  return {};
}

RecordedCheckpoints NightRecord::recorded(const Site& site) const {
  return before_ ? recorded_checkpoints(*before_, options_.state, site.id) : RecordedCheckpoints{};
}

RecordedCheckpoints recorded_checkpoints(const Manifest& manifest, const std::string& state, const std::string& site) {
  RecordedCheckpoints recorded;
  const std::string folder = "sites/" + site + "/";
  for (const OutputFile& file : manifest.outputs) {
    if (file.path.starts_with(folder)) recorded.files.insert(state + "/" + file.path);
  }
  for (const SiteStanding& standing : manifest.sites) {
    // A site that learns keeps former states of other terms beside it.
    if (standing.id != site) continue;
    if (standing.panes == 1) recorded.newest = standing.last_acquisition;
    for (const CheckpointFile& file : standing.checkpoints) {
      recorded.acquisitions.emplace(state + "/" + file.path, static_cast<std::size_t>(file.acquisitions));
      if (!standing.learning) recorded.of_one_course.insert(state + "/" + file.path);
    }
  }
  return recorded;
}

void NightRecord::warn_of_left(const std::set<std::string>& listed, WatchReport& report) const {
  if (!before_) return;
  for (const SiteStanding& site : before_->sites) {
    if (!site.is_watched || listed.count(site.id) != 0) continue;
    report.left.push_back(site.id);
  }
}

void NightRecord::mark_news(WatchReport& report) const {
  const Manifest nothing;
  const Manifest& before = before_ ? *before_ : nothing;
  const auto missing_before = since_when(before.missing);
  std::vector<AbsentAcquisition> missing;
  std::set<MissingKey> reported;  // panes may see one acquisition
  for (AbsentAcquisition& acquisition : report.missing) {
    const MissingKey key = key_of(acquisition.of);
    if (!reported.insert(key).second) continue;
    const auto known = missing_before.find(key);
    acquisition.is_news = known == missing_before.end();
    acquisition.of.since = acquisition.is_news ? started_ : known->second;
    missing.push_back(std::move(acquisition));
  }
  report.missing = std::move(missing);
  const auto notices_before = since_when(before.notices);
  std::vector<LateScene> scenes;
  std::set<std::string> reported_scenes;
  for (LateScene& late : report.late) {
    if (!reported_scenes.insert(late.notice.what).second) continue;
    const auto known = notices_before.find(key_of(late.notice));
    late.is_news = known == notices_before.end();
    late.notice.since = late.is_news ? started_ : known->second;
    scenes.push_back(std::move(late));
  }
  report.late = std::move(scenes);
}

Manifest NightRecord::begin(int exit_code, const std::string& message) const {
  Manifest manifest = begun_manifest("run", started_);
  manifest.sites_file = options_.sites;
  try {
    manifest.sites_sha256 = sha256_of_vector_file(options_.sites);
  } catch (const DataError&) {  // a layer of something else than a file
  }
  manifest.source = redacted(options_.source);
  manifest.options = run_options(options_);
  if (!plan_.empty()) manifest.options["plan"] = plan_;
  manifest.exit_code = exit_code;
  manifest.message = message;
  return manifest;
}

RunRow NightRecord::row_of(const Manifest& manifest, const WatchReport& report) const {
  RunRow row;
  row.started_at = manifest.started;
  row.ended_at = manifest.ended;
  row.command = manifest.command;
  row.version = manifest.program_version;
  row.options = json_of(manifest.options);
  for (const WatchReport::OfSite& site : report.sites) row.new_acquisitions += site.new_acquisitions;
  row.skipped = static_cast<int>(report.skipped.size());
  row.missing = static_cast<int>(report.missing.size());
  row.exit_code = manifest.exit_code;
  row.message = manifest.message;
  return row;
}

/// Files of the sites: those that this run wrote by what they hold, the others by what the run before vouched for. A
/// file that was changed in between is not made good by that.
void NightRecord::add_outputs(const WatchReport& report, Manifest& manifest) const {
  std::map<std::string, const OutputFile*> known;
  if (before_) {
    for (const OutputFile& file : before_->outputs) known[file.path] = &file;
  }
  std::set<std::string> written;
  for (const std::string& path : report.written) written.insert(path_in(options_.state, path));
  std::error_code none;
  std::vector<std::string> paths;
  const std::set<std::string> obsolete(report.obsolete.begin(), report.obsolete.end());
  for (fs::recursive_directory_iterator it(options_.state + "/sites", none), end; it != end; it.increment(none)) {
    const bool is_hidden = it->path().filename().string().front() == '.';  // of a run that was killed
    if (is_hidden || obsolete.count(it->path().string()) != 0) {
      it.disable_recursion_pending();
      continue;
    }
    if (it->is_regular_file(none) && !it->is_symlink(none)) paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const std::string relative = path_in(options_.state, path);
    const auto before = known.find(relative);
    const bool is_new = before == known.end() || written.count(relative) != 0;
    manifest.outputs.push_back(is_new ? output_of(options_.state, path) : *before->second);
  }
}

void NightRecord::add_sites(const WatchReport& report, Manifest& manifest) const {
  manifest.sites = report.standings;
  if (!before_) return;
  for (const SiteStanding& before : before_->sites) {
    const auto now = std::find_if(manifest.sites.begin(), manifest.sites.end(),
                                  [&](const SiteStanding& one) { return one.id == before.id; });
    if (now == manifest.sites.end()) {
      manifest.sites.push_back(before);
      manifest.sites.back().is_watched = false;
    } else if (!now->last_error.empty()) {
      std::string error = std::move(now->last_error);
      *now = before;
      now->is_watched = true;
      now->last_error = std::move(error);
    }
  }
}

/// What goes on without news (an outage) is to be known, too, and need not be worked out by every run of a day.
CoverageRequest NightRecord::coverage_request(const Manifest& manifest) const {
  const bool is_first_of_day = !before_ || std::chrono::floor<std::chrono::days>(before_->started) <
                                               std::chrono::floor<std::chrono::days>(started_);
  std::map<std::string, std::pair<int, std::optional<Instant>>> known;
  if (before_) {
    for (const SiteStanding& site : before_->sites) known[site.id] = {site.acquisitions, site.last_acquisition};
  }
  CoverageRequest request;
  for (const SiteStanding& site : manifest.sites) {
    const auto before = known.find(site.id);
    const bool has_news =
        before == known.end() || before->second != std::pair(site.acquisitions, site.last_acquisition);
    if (has_news) request.with_pixels.insert(site.id);
    if (has_news || is_first_of_day) request.sites.insert(site.id);
  }
  return request;
}

std::size_t NightRecord::publish(const RegisterUpdate& update, const NightInputs& inputs, const ContextWork& context,
                                 const CoverageWork& coverage, WatchReport& report) {
  const FileLock lock = record_lock(options_.state);
  if (damage_.empty()) static_cast<void>(expect_register(settled_head(options_.state)));  // as it is after the work
  Manifest manifest = begin(report.exit_code, "");
  add_sites(report, manifest);
  manifest.acquisitions = report.acquisitions;
  NightCoverage unseen;
  if (coverage) unseen = coverage(manifest, coverage_request(manifest));
  report.not_covered = std::move(unseen.skipped);
  RunRow row;
  const auto set_row = [&] {
    row = row_of(manifest, report);
    for (const AlertLayer& layer : update.alerts) {
      row.alerts += static_cast<int>(std::count_if(layer.alerts.begin(), layer.alerts.end(), [&](const Alert& alert) {
        return is_published(alert, options_.max_natural);
      }));
    }
  };
  set_row();
  ContextWork work;
  if (context) {
    work = [&](const AlertsInRegister& alerts) {
      ContextUpdate of_alerts = context(alerts);
      manifest.exit_code = report.exit_code;  // layers may leave alerts open
      set_row();
      return of_alerts;
    };
  }
  const std::unique_ptr<RegisterWrite> write =
      prepare_register(options_.register_target, update, row, in_parallel, work, unseen.update);
  const std::vector<OutlinedAlert>& all = write->content().alerts;
  const auto published = std::count_if(
      all.begin(), all.end(), [&](const OutlinedAlert& one) { return is_published(one.alert, options_.max_natural); });
  const std::string text = published_text(all, options_.max_natural, as_of(manifest.sites));
  const bool is_same = has_content(options_.state + "/" + alerts_name, text);
  report.changed = write->changed() || !is_same;

  manifest.inputs = inputs();
  add_metadata(manifest);
  for (const AbsentAcquisition& acquisition : report.missing) manifest.missing.push_back(acquisition.of);
  const auto notices_before = since_when(before_ ? before_->notices : decltype(before_->notices){});
  std::set<NoticeKey> reported;
  const auto add_notice = [&](Notice notice) {
    if (!reported.insert(key_of(notice)).second) return;
    const auto known = notices_before.find(key_of(notice));
    notice.since = known == notices_before.end() ? started_ : known->second;
    manifest.notices.push_back(std::move(notice));
  };
  if (!damage_.empty()) add_notice({"the record of the run before", damage_, {}});
  for (const auto& [what, why] : report.skipped) add_notice({what, why, {}});
  for (const auto& [what, why] : report.unusable) add_notice({what, why, {}});
  for (const LateScene& late : report.late) add_notice(late.notice);
  add_outputs(report, manifest);
  manifest.outputs.push_back({alerts_name, text.size(), sha256_text(text)});
  const std::uint64_t runs = before_ && before_->alert_register ? before_->alert_register->runs : 0;
  set_register(options_.state, options_.register_target, *write, runs + 1, manifest);
  const ChipPublication chips(options_.state, report.chip_places);
  if (before_) manifest.chips = before_->chips;
  std::set<std::string_view> published_anew;
  for (const PublishedChip& chip : chips.files()) published_anew.insert(chip.path);
  std::erase_if(manifest.chips, [&](const ChipFile& one) { return published_anew.count(one.path) != 0; });
  for (const PublishedChip& chip : chips.files()) {
    manifest.chips.push_back({chip.path, chip.size, chip.sha256, chip.replaced_sha256});
  }
  publish_all(options_.state, manifest, options_.signing, *write, is_same ? nullptr : &text, &chips);
  chips.forget();
  remove_obsolete(report.obsolete);
  forget_unfinished(options_.state);
  return static_cast<std::size_t>(published);
}

void NightRecord::settle_unfinished() {
  settle(read_unfinished(options_.state));
  forget_unfinished(options_.state);
  std::optional<Manifest> read;
  std::vector<std::string> settled;
  for (const std::string& unit : unfinished_units(options_.state)) {
    std::optional<Manifest> notes = read_unfinished(options_.state, unit);
    const std::string plan = notes ? notes->options["plan"] : "";
    const bool is_on_record = is_merged(options_.state, plan, unit);
    if (!plan_.empty() && !is_on_record && (plan == plan_ || !notes)) continue;
    settled.push_back(unit);
    if (!notes || is_on_record) continue;
    if (read) {
      read->ended = std::max(read->ended, notes->ended);
      add_read({&*notes, 1}, *read);
    } else {
      read = std::move(notes);
      read->message = "units of work that were not merged; what they read is told up to their last checkpoints";
    }
  }
  settle(std::move(read));
  for (const std::string& unit : settled) forget_unfinished(options_.state, unit);
}

void NightRecord::settle(std::optional<Manifest> unfinished) {
  if (!unfinished) return;
  const FileLock lock = record_lock(options_.state);
  // It may have been killed when its own manifest was written already.
  if (is_on_record(options_.state, unfinished->started)) return;
  std::optional<Manifest> settled;
  if (damage_.empty()) settled = settled_head(options_.state);
  publish_ended(*std::move(unfinished), settled.value_or(Manifest{}));
  if (damage_.empty()) before_ = settled_head(options_.state);
}

void NightRecord::publish_failure(int exit_code, const std::string& message) {
  const Uninterrupted short_work;
  try {
    const std::optional<Manifest> unfinished = read_unfinished(options_.state);
    if (!before_ && !unfinished) return;
    const FileLock lock = record_lock(options_.state);
    // This run itself may have come to publish some, and reviews since it began.
    const std::optional<Manifest> settled = settled_head(options_.state);
    if (!settled && !unfinished) return;
    Manifest manifest = begin(exit_code, message);
    const bool is_of_this_run = unfinished && unfinished->started == started_;
    if (is_of_this_run && !is_on_record(options_.state, started_)) add_read({&*unfinished, 1}, manifest);
    publish_ended(std::move(manifest), settled.value_or(Manifest{}));
    if (is_of_this_run) forget_unfinished(options_.state);
  } catch (const std::exception&) {  // the error that ended the run is the one to be reported
  }
}

/// Puts a run on record that published nothing: all else stands as it did.
void NightRecord::publish_ended(Manifest manifest, const Manifest& settled) const {
  manifest.sites = settled.sites;
  manifest.missing = settled.missing;
  manifest.notices.insert(manifest.notices.begin(), settled.notices.begin(), settled.notices.end());
  manifest.outputs = settled.outputs;
  manifest.chips = settled.chips;
  manifest.alert_register = settled.alert_register;
  const std::unique_ptr<RegisterWrite> write = failure_row(manifest, settled);
  if (write) {
    publish_all(options_.state, manifest, {}, *write, nullptr);
  } else {
    const std::string begun = begin_manifest(options_.state, manifest);
    publish_head(options_.state, begun);
  }
}

/// The run's row in a register that is otherwise left as it is; nothing where the register cannot be used.
std::unique_ptr<RegisterWrite> NightRecord::failure_row(Manifest& manifest, const Manifest& settled) const {
  try {
    static_cast<void>(expect_register(settled));
    RegisterUpdate nothing;
    nothing.now = manifest.ended;
    for (const SiteStanding& site : manifest.sites) nothing.listed.insert(site.id);
    RunRow row = row_of(manifest, {});
    row.new_acquisitions = acquisitions_taken_in(manifest);
    std::unique_ptr<RegisterWrite> write = prepare_register(options_.register_target, nothing, row, in_parallel);
    if (write->changed()) return nullptr;
    const std::uint64_t runs = manifest.alert_register ? manifest.alert_register->runs : 0;
    set_register(options_.state, options_.register_target, *write, runs + 1, manifest);
    return write;
  } catch (const std::exception&) {
    return nullptr;
  }
}

void record_review(const std::string& state, const std::string& target, const std::string& alert_id,
                   const Review& review, const SigningOptions& signing) {
  const FileLock lock = record_lock(state);
  const Instant started = clock_now();
  const std::optional<Manifest> before = settled_head(state);
  if (!before) throw DataError(state + ": has no record of a run: reviews are put on record beside one");
  if (before->alert_register) expect_newest_register(*before->alert_register, state, target);
  const std::unique_ptr<RegisterWrite> write = prepare_review(target, alert_id, review, started);
  Manifest manifest = following_manifest(*before, "review", started);
  manifest.review =
      ReviewMade{alert_id, review.verdict, review.reviewer, review.reason, review.reviewed_at, started, process_user()};
  set_register(state, target, *write, before->alert_register ? before->alert_register->runs : 0, manifest);
  publish_all(state, manifest, signing, *write, nullptr);
}

}  // namespace pitwatch
