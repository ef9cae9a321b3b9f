#include "pipeline/watch/night_record.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/metadata_files.hpp"
#include "pipeline/record/signature.hpp"
#include "pipeline/record/unfinished.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr const char* alerts_name = "alerts.geojson";
constexpr const char* register_name = "register.gpkg";

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Instant now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

/// A path as manifests have it: relative to the state where it lies there.
std::string path_in(const std::string& state, const std::string& path) {
  const fs::path relative = fs::path(path).lexically_normal().lexically_relative(fs::path(state).lexically_normal());
  if (!relative.empty() && *relative.begin() != ".." && relative != ".") return relative.string();
  std::error_code error;
  return fs::absolute(path, error).lexically_normal().string();
}

/// The register's target as manifests have it.
std::string shown_target(const std::string& state, const std::string& target) {
  return is_database(target) ? without_password(target) : path_in(state, target);
}

OutputFile output_of(const std::string& state, const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return {path_in(state, path), error ? 0 : size, sha256_file(path)};
}

void set_output(std::vector<OutputFile>& outputs, OutputFile file) {
  const auto found =
      std::find_if(outputs.begin(), outputs.end(), [&](const OutputFile& one) { return one.path == file.path; });
  if (found != outputs.end()) {
    *found = std::move(file);
  } else {
    outputs.push_back(std::move(file));
  }
}

/// Of all reviews: one that was taken out or changed gives another.
std::string reviews_sha256(const std::vector<RegisteredReview>& reviews) {
  nlohmann::json all = nlohmann::json::array();
  for (const RegisteredReview& each : reviews) {
    const Review& review = each.review;
    all.push_back({each.alert_id, std::string(name(review.verdict)), review.reviewer,
                   format_instant(review.reviewed_at), review.reason,
                   each.recorded_at ? format_instant(*each.recorded_at) : "", each.os_user});
  }
  return sha256_text(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

RegisterStanding standing_of(const std::string& shown, const RegisterWrite& write, std::uint64_t runs) {
  RegisterStanding standing;
  standing.target = shown;
  for (const OutlinedAlert& outlined : write.content().alerts) {
    ++standing.alerts[std::string(name(outlined.alert.status))];
  }
  standing.reviews = write.content().reviews.size();
  standing.reviews_sha256 = reviews_sha256(write.content().reviews);
  standing.runs = runs;
  return standing;
}

/// Signs a manifest that was begun, and has its time stamped.
void seal(const std::string& state, const std::string& manifest, const SigningOptions& signing) {
  const std::string path = runs_folder(state) + "/" + manifest;
  if (signing.certificate.empty() && signing.time_stamps.empty()) return;
  const std::string text = content_of(path);
  if (!signing.certificate.empty()) {
    write_file_atomically(path + signature_suffix, sign_cms(text, signing.certificate, signing.key));
  }
  if (!signing.time_stamps.empty()) {
    RemotePolicy policy = default_remote_policy();
    const RemoteUrl url = parse_remote_url(signing.time_stamps);
    policy.hosts.push_back(url.port.empty() ? url.host : url.host + ":" + url.port);
    // The reply is signed itself: authorities are commonly asked without TLS.
    policy.schemes.emplace_back("http");
    HttpClient client({}, policy);
    write_file_atomically(path + time_stamp_suffix, request_time_stamp(signing.time_stamps, text, client));
  }
}

/// Writers of the record wait for each other: a run that publishes, and reviews.
FileLock record_lock(const std::string& state) {
  std::error_code error;
  fs::create_directories(runs_folder(state), error);
  if (error) throw IoError(runs_folder(state) + ": cannot be made: " + error.message());
  return FileLock(runs_folder(state) + "/record");
}

/// Writes what is to be published in its order.
void publish_all(const std::string& state, Manifest& manifest, const SigningOptions& signing, RegisterWrite& write,
                 const std::string* alerts) {
  const Uninterrupted short_work;
  const std::string begun = begin_manifest(state, manifest);
  // Alerts do not wait for an authority that is away: that nothing is sealed is reported once all is published.
  std::exception_ptr unsealed;
  try {
    seal(state, begun, signing);
  } catch (const std::exception&) {
    unsealed = std::current_exception();
  }
  write.commit();
  if (alerts != nullptr) write_file_atomically(state + "/" + alerts_name, *alerts);
  publish_head(state, begun);
  if (unsealed) {
    try {
      std::rethrow_exception(unsealed);
    } catch (...) {
      rethrow_with_context("published, but not signed or time-stamped");
    }
  }
}

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

/// With as many digits as it has.
std::string shortest(double value) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

std::string json_of(const NamedTexts& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

NamedTexts run_options(const WatchOptions& options) {
  const auto word = [](bool is_on) { return std::string(is_on ? "on" : "off"); };
  NamedTexts texts{{"sites", options.sites},
                   {"source", redacted(options.source)},
                   {"max-natural", shortest(options.max_natural)},
                   {"register", shown_target(options.state, options.register_target)},
                   {"memory", std::to_string(options.memory_bytes)},
                   {"threads", std::to_string(options.threads)},
                   {"signed", word(!options.signing.certificate.empty())},
                   {"time-stamps", redacted(options.signing.time_stamps)}};
  for (const auto& [name, value] : options_in_clear(options)) texts[name] = value;
  if (options.until) texts["to"] = format_instant(*options.until);
  if (options.network.most_cloud_percent) texts["max-cloud"] = std::to_string(*options.network.most_cloud_percent);
  if (options.relearn) {
    std::string sites;
    for (const std::string& id : options.relearn_sites) sites += (sites.empty() ? "" : ",") + id;
    texts["relearn"] = sites.empty() ? "where terms differ" : sites;
  }
  return texts;
}

/// Whether alerts.geojson has it.
bool is_published(const Alert& alert, double max_natural) {
  return alert.status != AlertStatus::superseded && !is_left_out(alert, max_natural);
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

void keep_published(std::vector<OutlinedAlert>& alerts, double max_natural) {
  std::erase_if(alerts, [&](const OutlinedAlert& one) { return !is_published(one.alert, max_natural); });
  sort_alerts(alerts);
}

std::optional<Instant> as_of(const std::vector<SiteStanding>& standings) {
  std::optional<Instant> latest;
  for (const SiteStanding& standing : standings) {
    if (standing.last_acquisition && (!latest || *standing.last_acquisition > *latest)) {
      latest = standing.last_acquisition;
    }
  }
  return latest;
}

bool has_content(const std::string& path, const std::string& text) {
  std::error_code missing;
  return fs::file_size(path, missing) == text.size() && !missing && content_of(path) == text;
}

NightRecord::NightRecord(const WatchOptions& options, Instant started) : options_(options), started_(started) {
  try {
    before_ = settled_head(options.state);
  } catch (const DataError& error) {
    damage_ = error.what();
  }
}

void NightRecord::check_register() const {
  const std::string& target = options_.register_target;
  if (options_.new_register || !before_ || !before_->alert_register) {
    static_cast<void>(read_reviews(target));  // one that cannot be used is reported before any work
    return;
  }
  const RegisterStanding& known = *before_->alert_register;
  const std::string shown = shown_target(options_.state, target);
  if (known.target != shown) {
    throw ConfigError("the register of this state is " + known.target + ", not " + shown +
                      ": name it by --register, or begin a new one with --new-register");
  }
  std::uint64_t known_alerts = 0;
  for (const auto& [status, count] : known.alerts) known_alerts += count;
  const std::string held = "it held " + std::to_string(known_alerts) + " alerts and " + std::to_string(known.reviews) +
                           " reviews; restore it from a copy, or begin a new one without them by --new-register";
  RegisterCounts counts;
  try {
    counts = count_register(target);
  } catch (const DataError& error) {
    throw DataError(std::string(error.what()) + ": " + held);
  }
  std::uint64_t alerts = 0;
  for (const auto& [status, count] : counts.alerts) alerts += count;
  if (counts.reviews < known.reviews || alerts < known_alerts) {
    throw DataError(without_password(target) + ": holds " + std::to_string(alerts) + " alerts and " +
                    std::to_string(counts.reviews) + " reviews, but the state knows of more: " + held);
  }
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
    if (standing.id != site || standing.learning) continue;
    for (const CheckpointFile& file : standing.checkpoints) recorded.of_one_course.insert(state + "/" + file.path);
  }
  return recorded;
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
  Manifest manifest;
  manifest.started = started_;
  manifest.ended = now();
  manifest.command = "run";
  manifest.host = host_name();
  manifest.os_user = process_user();
  manifest.program_version = program_version();
  for (const auto& [library, version] : versions()) manifest.library_versions[library] = version;
  manifest.algorithm = std::to_string(algorithm_version);
  manifest.sites_file = options_.sites;
  try {
    manifest.sites_sha256 = sha256_file(options_.sites);
  } catch (const DataError&) {  // a layer of something else than a file
  }
  manifest.source = redacted(options_.source);
  manifest.options = run_options(options_);
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

std::size_t NightRecord::publish(const RegisterUpdate& update, const InputLog& log, WatchReport& report) {
  const FileLock lock = record_lock(options_.state);
  Manifest manifest = begin(report.exit_code, "");
  add_sites(report, manifest);
  RunRow row = row_of(manifest, report);
  for (const AlertLayer& layer : update.alerts) {
    row.alerts += static_cast<int>(std::count_if(layer.alerts.begin(), layer.alerts.end(), [&](const Alert& alert) {
      return is_published(alert, options_.max_natural);
    }));
  }
  const std::unique_ptr<RegisterWrite> write = prepare_register(options_.register_target, update, row, in_parallel);
  std::vector<OutlinedAlert> alerts = write->content().alerts;
  keep_published(alerts, options_.max_natural);
  AlertCollectionInfo info;
  info.name = "alerts";
  info.as_of = as_of(manifest.sites);
  const std::string text = alerts_geojson(alerts, info, in_parallel);
  const std::string alerts_path = options_.state + "/" + alerts_name;
  const bool is_same = has_content(alerts_path, text);
  report.changed = write->changed() || !is_same;

  manifest.acquisitions = report.acquisitions;
  manifest.inputs = log.files(in_parallel);
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
  const std::string shown = shown_target(options_.state, options_.register_target);
  const std::uint64_t runs = before_ && before_->alert_register ? before_->alert_register->runs : 0;
  manifest.alert_register = standing_of(shown, *write, runs + 1);
  if (!is_database(options_.register_target)) {
    manifest.alert_register->sha256 = write->sha256();
    manifest.outputs.push_back({shown, write->size(), write->sha256()});
  }
  publish_all(options_.state, manifest, options_.signing, *write, is_same ? nullptr : &text);
  remove_obsolete(report.obsolete);
  forget_unfinished(options_.state);
  return alerts.size();
}

void NightRecord::settle_unfinished() {
  const std::optional<Manifest> unfinished = read_unfinished(options_.state);
  if (!unfinished) return;
  const FileLock lock = record_lock(options_.state);
  // It may have been killed when its own manifest was written already.
  if (!is_on_record(options_.state, unfinished->started)) {
    std::optional<Manifest> settled;
    if (damage_.empty()) settled = settled_head(options_.state);
    publish_ended(*unfinished, settled.value_or(Manifest{}));
    if (damage_.empty()) before_ = settled_head(options_.state);
  }
  forget_unfinished(options_.state);
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
    if (is_of_this_run && !is_on_record(options_.state, started_)) add_read(*unfinished, manifest);
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
  manifest.alert_register = settled.alert_register;
  const std::unique_ptr<RegisterWrite> write = failure_row(manifest);
  if (write) {
    publish_all(options_.state, manifest, {}, *write, nullptr);
  } else {
    const std::string begun = begin_manifest(options_.state, manifest);
    publish_head(options_.state, begun);
  }
}

/// The run's row in a register that is otherwise left as it is; nothing where the register cannot be used.
std::unique_ptr<RegisterWrite> NightRecord::failure_row(Manifest& manifest) const {
  try {
    check_register();
    RegisterUpdate nothing;
    nothing.now = manifest.ended;
    for (const SiteStanding& site : manifest.sites) nothing.listed.insert(site.id);
    RunRow row = row_of(manifest, {});
    row.new_acquisitions = acquisitions_taken_in(manifest);
    std::unique_ptr<RegisterWrite> write = prepare_register(options_.register_target, nothing, row, in_parallel);
    if (write->changed()) return nullptr;
    const std::string shown = shown_target(options_.state, options_.register_target);
    manifest.alert_register =
        standing_of(shown, *write, (manifest.alert_register ? manifest.alert_register->runs : 0) + 1);
    if (!is_database(options_.register_target)) {
      manifest.alert_register->sha256 = write->sha256();
      set_output(manifest.outputs, {shown, write->size(), write->sha256()});
    }
    return write;
  } catch (const std::exception&) {
    return nullptr;
  }
}

void record_review(const std::string& state, const std::string& target, const std::string& alert_id,
                   const Review& review, const SigningOptions& signing) {
  const FileLock lock = record_lock(state);
  const Instant started = now();
  const std::optional<Manifest> before = settled_head(state);
  if (!before) throw DataError(state + ": has no record of a run: reviews are put on record beside one");
  const std::unique_ptr<RegisterWrite> write = prepare_review(target, alert_id, review, started);
  Manifest manifest = *before;
  manifest.started = started;
  manifest.ended = now();
  manifest.command = "review";
  manifest.host = host_name();
  manifest.os_user = process_user();
  manifest.acquisitions.clear();
  manifest.inputs.clear();
  manifest.exit_code = 0;
  manifest.message.clear();
  manifest.review =
      ReviewMade{alert_id, review.verdict, review.reviewer, review.reason, review.reviewed_at, started, process_user()};
  const std::string shown = shown_target(state, target);
  const std::uint64_t runs = before->alert_register ? before->alert_register->runs : 0;
  manifest.alert_register = standing_of(shown, *write, runs);
  if (!is_database(target)) {
    manifest.alert_register->sha256 = write->sha256();
    set_output(manifest.outputs, {shown, write->size(), write->sha256()});
  }
  publish_all(state, manifest, signing, *write, nullptr);
}

}  // namespace pitwatch
