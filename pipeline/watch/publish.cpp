#include "pipeline/watch/publish.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/signature.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
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

std::map<std::string, TableRows> rows_of(const std::map<std::string, RowsDigest>& digests) {
  std::map<std::string, TableRows> tables;
  for (const auto& [name, digest] : digests) tables[name] = {digest.rows, digest.sha256};
  return tables;
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
  standing.tables = rows_of(write.digests());
  return standing;
}

/// What a target names, whoever opens it: people review a database under roles of their own.
std::string without_user(const std::string& target) {
  static const std::regex credentials(R"(\b(user|password)\s*=\s*('(\\.|[^'\\])*'|[^\s,]+)\s*)", std::regex::icase);
  static const std::regex in_url(R"(://[^/@\s]*@)");
  if (!is_database(target)) return target;
  return std::regex_replace(std::regex_replace(target, credentials, ""), in_url, "://");
}

/// "'reviews', 'runs'": tables whose rows are not all there as the record has them; empty where all are.
std::string tables_changed(const RegisterStanding& known, const std::string& target, std::uint64_t reviews) {
  std::string changed;
  const auto add = [&](const std::string& table) { changed += (changed.empty() ? "'" : ", '") + table + "'"; };
  if (known.tables.empty()) {  // of a former version
    const std::string& hash = known.reviews_sha256;
    const bool is_known = !hash.empty() && reviews >= known.reviews;
    if (is_known && reviews_sha256(read_reviews(target, known.reviews)) != hash) add("reviews");
    return changed;
  }
  std::map<std::string, std::size_t> first;
  for (const auto& [name, table] : known.tables) first[name] = table.rows;
  const std::map<std::string, TableRows> found = rows_of(register_digests(target, first));
  for (const auto& [name, table] : known.tables) {
    const auto now = found.find(name);
    if (now == found.end() || now->second != table) add(name);
  }
  return changed;
}

/// When a run of the state before the last left the register with the rows that it has now; nothing where none did.
std::optional<Instant> left_so_by(const std::string& state, const std::string& shown, const std::string& target) {
  const std::map<std::string, TableRows> tables = rows_of(register_digests(target));
  std::vector<std::string> names = manifest_names(state);
  std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    try {
      const Manifest manifest = read_manifest(state, name);
      const std::optional<RegisterStanding>& standing = manifest.alert_register;
      if (standing && standing->target == shown && standing->tables == tables) return manifest.started;
    } catch (const DataError&) {  // verify tells of it
    }
  }
  return {};
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
    write_file_atomically(path + time_stamp_suffix, time_stamp_of(signing.time_stamps, text));
  }
}

}  // namespace

std::string path_in(const std::string& state, const std::string& path) {
  const fs::path relative = fs::path(path).lexically_normal().lexically_relative(fs::path(state).lexically_normal());
  if (!relative.empty() && *relative.begin() != ".." && relative != ".") return relative.string();
  std::error_code error;
  return fs::absolute(path, error).lexically_normal().string();
}

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

std::string json_of(const NamedTexts& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

double max_natural_of(const NamedTexts& options) {
  const auto text_of = [&](const char* name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  };
  if (text_of("all-classes") == "on") return 1;
  const std::string text = text_of("max-natural");
  double value = default_max_natural;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_published(const Alert& alert, double max_natural) {
  return alert.status != AlertStatus::superseded && !is_left_out(alert, max_natural);
}

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

std::string published_text(std::vector<OutlinedAlert> alerts, double max_natural, const std::optional<Instant>& at) {
  keep_published(alerts, max_natural);
  AlertCollectionInfo info;
  info.name = "alerts";
  info.as_of = at;
  return alerts_geojson(alerts, info, in_parallel);
}

Manifest begun_manifest(const std::string& command, Instant started) {
  Manifest manifest;
  manifest.started = started;
  manifest.ended = clock_now();
  manifest.command = command;
  manifest.host = host_name();
  manifest.os_user = process_user();
  manifest.program_version = program_version();
  for (const auto& [library, version] : versions()) manifest.library_versions[library] = version;
  manifest.algorithm = std::to_string(algorithm_version);
  return manifest;
}

Manifest following_manifest(const Manifest& before, const std::string& command, Instant started) {
  Manifest manifest = before;
  manifest.started = started;
  manifest.ended = clock_now();
  manifest.command = command;
  manifest.host = host_name();
  manifest.os_user = process_user();
  manifest.acquisitions.clear();
  manifest.inputs.clear();
  manifest.review.reset();
  manifest.pruned.clear();
  manifest.exit_code = 0;
  manifest.message.clear();
  return manifest;
}

void set_register(const std::string& state, const std::string& target, RegisterWrite& write, std::uint64_t runs,
                  Manifest& manifest) {
  const std::string shown = shown_target(state, target);
  manifest.alert_register = standing_of(shown, write, runs);
  if (is_database(target)) return;
  manifest.alert_register->sha256 = write.sha256();
  set_output(manifest.outputs, {shown, write.size(), write.sha256()});
}

std::string expect_known_register(const RegisterStanding& known, const std::string& state, const std::string& target) {
  const std::string shown = shown_target(state, target);
  if (without_user(known.target) != without_user(shown)) {
    throw ConfigError("the register of this state is " + known.target + ", not " + shown +
                      ": name it by --register, or begin a new one by run --new-register");
  }
  std::uint64_t known_alerts = 0;
  for (const auto& [status, count] : known.alerts) known_alerts += count;
  const std::string held = "it held " + std::to_string(known_alerts) + " alerts and " + std::to_string(known.reviews) +
                           " reviews; restore it from a copy, or begin a new one without them by run --new-register";
  RegisterCounts counts;
  try {
    if (!is_database(target)) {
      expect_not_in_use(target);
      if (register_sha256(target) == known.sha256) return {};
    }
    counts = check_register(target);
  } catch (const UnavailableError&) {
    throw;
  } catch (const DataError& error) {
    throw DataError(std::string(error.what()) + ": " + held);
  }
  std::uint64_t alerts = 0;
  for (const auto& [status, count] : counts.alerts) alerts += count;
  if (counts.reviews < known.reviews || alerts < known_alerts) {
    throw DataError(without_password(target) + ": holds " + std::to_string(alerts) + " alerts and " +
                    std::to_string(counts.reviews) + " reviews, but the state knows of more: " + held);
  }
  const std::string changed = tables_changed(known, target, counts.reviews);
  if (changed.empty()) return {};
  if (const auto before = left_so_by(state, shown, target)) {
    return "is as the run of " + format_instant(*before) +
           " left it: what runs recorded in it since is gone, and what is still known of that is recorded anew";
  }
  throw DataError(without_password(target) +
                  ": was changed by another program: rows on record are changed or gone in table " + changed +
                  "; restore it from a copy, or begin a new one by run "
                  "--new-register (a verdict is changed by alerts review alone, which adds to those before)");
}

void expect_newest_register(const RegisterStanding& known, const std::string& state, const std::string& target) {
  const std::string older = expect_known_register(known, state, target);
  if (older.empty()) return;
  throw DataError(without_password(target) + ": " + older + ": the next run does that, and then this can be done");
}

std::string time_stamp_of(const std::string& url, std::string_view text) {
  RemotePolicy policy = default_remote_policy();
  const RemoteUrl parsed = parse_remote_url(url);
  policy.hosts.push_back(parsed.port.empty() ? parsed.host : parsed.host + ":" + parsed.port);
  // The reply is signed itself: authorities are commonly asked without TLS.
  policy.schemes.emplace_back("http");
  HttpClient client({}, policy);
  return request_time_stamp(url, text, client);
}

FileLock record_lock(const std::string& state) {
  make_folder(runs_folder(state));
  return FileLock(runs_folder(state) + "/record");
}

void publish_removal(const std::string& state, Manifest& manifest, const SigningOptions& signing,
                     const std::function<void()>& remove) {
  const Uninterrupted short_work;
  const std::string begun = begin_manifest(state, manifest);
  seal(state, begun, signing);
  remove();
  publish_head(state, begun);
}

void publish_all(const std::string& state, Manifest& manifest, const SigningOptions& signing, RegisterWrite& write,
                 const std::string* alerts, const ChipPublication* chips) {
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
  if (chips != nullptr) chips->apply();
  publish_head(state, begun);
  if (unsealed) {
    try {
      std::rethrow_exception(unsealed);
    } catch (...) {
      rethrow_with_context("published, but not signed or time-stamped");
    }
  }
}

}  // namespace pitwatch
