#include "pipeline/io/remote/remote_files.hpp"

#include <cpl_conv.h>
#include <cpl_vsi.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "pipeline/core/date.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/remote/http_files.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::chrono::minutes signed_anew_before{5};
constexpr std::size_t most_signed_urls = 4096;

/// The environment goes first.
void set_unless_set(const char* option, const std::string& value) {
  if (CPLGetConfigOption(option, nullptr) == nullptr) CPLSetConfigOption(option, value.c_str());
}

bool is_any_set(std::initializer_list<const char*> options) {
  return std::any_of(options.begin(), options.end(),
                     [](const char* option) { return CPLGetConfigOption(option, nullptr) != nullptr; });
}

void set_up_gdal(const HttpOptions& options) {
  ensure_gdal();
  CPLSetConfigOption("CPL_VSIL_NETWORK_STATS_ENABLED", "YES");
  set_unless_set("GDAL_HTTP_MAX_RETRY", std::to_string(options.attempts - 1));
  set_unless_set("GDAL_HTTP_RETRY_DELAY", std::to_string(static_cast<double>(options.first_wait.count()) / 1000));
  set_unless_set("GDAL_HTTP_CONNECTTIMEOUT", std::to_string(options.connect_timeout.count()));
  set_unless_set("GDAL_HTTP_TIMEOUT", std::to_string(options.total_timeout.count()));
  set_unless_set("GDAL_HTTP_LOW_SPEED_TIME", std::to_string(options.stall_timeout.count()));
  set_unless_set("GDAL_HTTP_LOW_SPEED_LIMIT", "1000");
  set_unless_set("GDAL_HTTP_MERGE_CONSECUTIVE_RANGES", "YES");
  // The header of a whole tile's GeoTIFF, with its overviews, in one request.
  set_unless_set("GDAL_INGESTED_BYTES_AT_OPEN", "32768");
  if (!options.ca_file.empty()) {
    // GDAL looks at both, and which of them counts has changed between its versions.
    CPLSetConfigOption("GDAL_CURL_CA_BUNDLE", options.ca_file.c_str());
    CPLSetConfigOption("SSL_CERT_FILE", options.ca_file.c_str());
  }
  if (is_any_set({"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "CPL_AWS_CREDENTIALS_FILE", "AWS_ROLE_ARN",
                  "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"})) {
    let_gdal_ask_for_credentials();
  } else if (!is_any_set({"AWS_ACCESS_KEY_ID"})) {
    // Without this GDAL looks for credentials on a network address of Amazon's own machines, and waits for it.
    set_unless_set("AWS_NO_SIGN_REQUEST", "YES");
  }
}

/// Stores other than Amazon's are asked with the bucket in the path: they need not have a name for each bucket.
void set_up_bucket(const std::string& bucket, const std::string& endpoint) {
  if (endpoint.empty() || is_any_set({"AWS_S3_ENDPOINT"})) return;
  const std::string prefix = "/vsis3/" + bucket + "/";
  VSISetPathSpecificOption(prefix.c_str(), "AWS_S3_ENDPOINT", endpoint.c_str());
  if (!is_any_set({"AWS_VIRTUAL_HOSTING"})) VSISetPathSpecificOption(prefix.c_str(), "AWS_VIRTUAL_HOSTING", "FALSE");
}

/// The value of a parameter of a query, as it stands there.
std::string parameter_of(const std::string& query, const std::string& name) {
  const std::string mark = "&" + name + "=";
  const std::string all = "&" + query;
  const std::size_t at = all.find(mark);
  if (at == std::string::npos) return {};
  const std::size_t from = at + mark.size();
  return all.substr(from, std::min(all.find('&', from), all.size()) - from);
}

/// A query that signs every file of a container, or the URL of one file with its own.
struct Signature {
  std::string text;
  std::optional<Instant> expires;
};

/// Whether it may be used at that time; one that does not tell when it ends may until it is refused.
bool holds(const Signature& signature, Instant now) {
  return !signature.expires || now + signed_anew_before < *signature.expires;
}

Signature read_signer_answer(const std::string& text) {
  const json answer = parse_json(text);
  Signature result{text_member(answer, "href"), {}};
  if (result.text.empty()) throw DataError("the signer's answer has no 'href'");
  try {
    result.expires = parse_instant(text_member(answer, "msft:expiry"));
  } catch (const DataError&) {  // it need not tell
  }
  return result;
}

}  // namespace

struct RemoteFiles::State {
  std::shared_ptr<HttpClient> client;
  std::mutex mutex;
  std::map<std::string, Signature> signatures;   // of containers, by host and container
  std::map<std::string, Signature> signed_urls;  // of single files, by URL
  std::map<std::string, std::string> ends;       // of URLs that are redirected: where to

  static std::string container_of(const RemoteUrl& url) {
    return url.host + ":" + url.port + url.path.substr(0, url.path.find('/', 1));
  }

  std::string signed_by_service(const SigningRule& rule, const std::string& url) {
    const RemoteUrl parts = parse_remote_url(url);
    const std::string container = container_of(parts);
    const std::lock_guard lock(mutex);
    const Instant now = clock_now();
    const auto known = signatures.find(container);
    if (known != signatures.end() && holds(known->second, now)) {
      return url + (parts.query.empty() ? "?" : "&") + known->second.text;
    }
    if (const auto one = signed_urls.find(url); one != signed_urls.end() && holds(one->second, now)) {
      return one->second.text;
    }
    const Signature answer = read_signer_answer(client->get(signer_request(rule, url)));
    const RemoteUrl result = parse_remote_url(answer.text);
    if (result.scheme != parts.scheme || result.host != parts.host || result.port != parts.port ||
        result.path != parts.path) {
      throw DataError("the signer answers with another file");
    }
    // Azure: a signature of the resource "c" holds for all files of the container.
    if (parts.query.empty() && parameter_of(result.query, "sr") == "c") {
      signatures[container] = {result.query, answer.expires};
    } else {
      if (signed_urls.size() >= most_signed_urls) signed_urls.clear();
      signed_urls[url] = answer;
    }
    return answer.text;
  }

  /// Throws DataError for what cannot be signed whatever a service says.
  const SigningRule* rule_for(const std::string& url) const {
    const SigningRule* const rule = signing_rule(url, client->policy());
    if (rule == nullptr) return nullptr;
    try {
      // A signature is a secret.
      if (!url.starts_with("https:")) throw DataError("without TLS");
      if (rule->signer.empty()) signed_url(*rule, url, token_of(*rule));
    } catch (const DataError& error) {
      throw DataError(redacted(url) + ": cannot be signed: " + error.what());
    }
    return rule;
  }

  static std::string token_of(const SigningRule& rule) {
    const char* const token = std::getenv(rule.token_variable.c_str());
    if (token == nullptr) throw DataError("the environment variable " + rule.token_variable + " has no token");
    return token;
  }

  std::string signed_by(const SigningRule& rule, const std::string& url) {
    if (rule.signer.empty()) return signed_url(rule, url, token_of(rule));
    try {
      return signed_by_service(rule, url);
    } catch (const UnavailableError& error) {
      throw UnavailableError(redacted(url) + ": cannot be signed: " + error.what());
    } catch (const DataError& error) {
      throw DataError(redacted(url) + ": cannot be signed: " + error.what());
    }
  }

  std::string target_of(const std::string& url) {
    if (const SigningRule* const rule = rule_for(url)) return signed_by(*rule, url);
    const std::lock_guard lock(mutex);
    const auto end = ends.find(url);
    return end == ends.end() ? url : end->second;
  }

  /// Drops what was kept of where a URL leads, and how it is signed. False where nothing was.
  bool forget(const std::string& url) {
    const std::lock_guard lock(mutex);
    return signatures.erase(container_of(parse_remote_url(url))) + signed_urls.erase(url) + ends.erase(url) > 0;
  }

  HttpPart read_part(const std::string& url, std::int64_t from, std::int64_t count,
                     std::chrono::milliseconds most_time) {
    std::string target = target_of(url);
    HttpPart part = client->get_part(target, from, count, most_time);
    const bool is_denied = part.status == 401 || part.status == 403 || part.status == 404 || part.status == 410;
    if (is_denied && forget(url)) {
      target = target_of(url);
      part = client->get_part(target, from, count, most_time);
    }
    if (part.status == 206 && target == url && part.url != url) {
      const std::lock_guard lock(mutex);
      ends[url] = part.url;
    }
    return part;
  }
};

RemoteFiles::RemoteFiles(std::shared_ptr<HttpClient> client) : state_(new State{std::move(client), {}, {}, {}, {}}) {
  set_up_gdal(state_->client->options());
  const auto read = [state = state_](const std::string& url, std::int64_t from, std::int64_t count,
                                     std::chrono::milliseconds most_time) {
    return state->read_part(url, from, count, most_time);
  };
  serve_http_files(read, state_->client->options().deadline);
}

std::string RemoteFiles::gdal_name(const std::string& path_or_url) {
  if (!is_url(path_or_url)) return path_or_url;
  const RemotePolicy& policy = state_->client->policy();
  const std::string name = gdal_path(path_or_url, policy);
  state_->rule_for(path_or_url);
  const RemoteUrl parts = parse_remote_url(path_or_url);
  if (parts.scheme == "s3") {
    const std::lock_guard lock(state_->mutex);
    set_up_bucket(parts.host, endpoint_of(path_or_url, policy));
  }
  return name;
}

bool RemoteFiles::may_try_again(const std::string& gdal_name, const std::string& failure, int attempt,
                                std::chrono::steady_clock::time_point since) {
  const HttpOptions& options = state_->client->options();
  const bool stays = failure.find("response code: 4") != std::string::npos;  // 401, 403, 404: GDAL's words
  if (!gdal_name.starts_with("/vsis3/") || stays || attempt >= options.attempts) return false;
  if (std::chrono::steady_clock::now() - since >= options.deadline) return false;
  VSICurlPartialClearCache(gdal_name.c_str());
  const auto doubled = options.first_wait * (1 << std::min(attempt - 1, 10));
  std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(doubled, options.longest_wait));
  return true;
}

std::int64_t raster_bytes_received() {
  const std::unique_ptr<char, void (*)(void*)> text(VSINetworkStatsGetAsSerializedJSON(nullptr), &VSIFree);
  if (!text) return 0;
  const json statistics = json::parse(text.get(), nullptr, false);
  if (!statistics.is_object()) return 0;
  const json::json_pointer got("/methods/GET/downloaded_bytes");
  return statistics.contains(got) ? whole_number_in<std::int64_t>(statistics[got]).value_or(0) : 0;
}

}  // namespace pitwatch
