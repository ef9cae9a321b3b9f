#include "pipeline/io/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr long slowest_bytes_per_second = 1000;

/// splitmix64 (Steele, Lea, Flood 2014): a waiting time needs no better.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

bool is_passing(long status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

struct FreeHeaders {
  void operator()(curl_slist* headers) const { curl_slist_free_all(headers); }
};

/// What one attempt came to.
struct Attempt {
  CURLcode code = CURLE_OK;
  HttpAnswer answer;
  std::string reason;       // where `code` is not CURLE_OK
  std::string redirect;     // where the status is one
  curl_off_t wait_s = 0;    // Retry-After
  curl_off_t received = 0;  // bytes of the body, as they were sent
};

struct Sink {
  std::string body;
  std::size_t most_bytes = 0;
  bool is_full = false;
};

std::size_t keep(char* data, std::size_t, std::size_t bytes, void* where) {
  auto& sink = *static_cast<Sink*>(where);
  if (bytes > sink.most_bytes - sink.body.size()) {
    sink.is_full = true;
    return 0;  // ends the transfer
  }
  sink.body.append(data, bytes);
  return bytes;
}

void set_up_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw DataError(std::string("libcurl does not start: ") + curl_easy_strerror(code));
}

}  // namespace

/// A GET; with a JSON body a POST.
struct Question {
  std::optional<std::string> json;
  bool first_byte = false;  // of the body is all that is asked for, and read
};

struct HttpClient::State {
  HttpOptions options;
  RemotePolicy policy;
  Sleep sleep;
  std::unique_ptr<CURL, void (*)(CURL*)> curl{nullptr, &curl_easy_cleanup};
  std::mutex one_at_a_time;
  std::uint64_t random = 0;
  std::atomic<std::int64_t> bytes{0};

  std::string too_large() const { return "larger than " + std::to_string(options.most_bytes) + " bytes"; }

  Attempt attempt(const std::string& url, const Question& question) {
    CURL* const handle = curl.get();
    curl_easy_reset(handle);  // keeps connections
    Sink sink{{}, question.first_byte ? 1 : static_cast<std::size_t>(options.most_bytes), false};
    std::string curl_reason(CURL_ERROR_SIZE, '\0');
    std::unique_ptr<curl_slist, FreeHeaders> headers(
        curl_slist_append(nullptr, "Accept: application/geo+json, application/json"));
    const auto set = [&](CURLoption option, auto value) {
      const CURLcode code = curl_easy_setopt(handle, option, value);
      if (code != CURLE_OK) throw DataError(std::string("libcurl: ") + curl_easy_strerror(code));
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https,http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
    set(CURLOPT_TIMEOUT, static_cast<long>(options.total_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_second);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
    if (question.first_byte) {
      set(CURLOPT_RANGE, "0-0");
    } else {
      set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.most_bytes));
      set(CURLOPT_ACCEPT_ENCODING, "");
    }
    set(CURLOPT_USERAGENT, "pitwatch");
    set(CURLOPT_WRITEFUNCTION, &keep);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&sink));
    set(CURLOPT_ERRORBUFFER, curl_reason.data());
    if (question.json) {
      headers.reset(curl_slist_append(headers.release(), "Content-Type: application/json"));
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(question.json->size()));
      set(CURLOPT_POSTFIELDS, question.json->c_str());
    }
    set(CURLOPT_HTTPHEADER, headers.get());

    Attempt result;
    result.code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &result.received);
    bytes += result.received;
    if (question.first_byte && sink.is_full) result.code = CURLE_OK;  // a server without ranges sends it all
    if (result.code == CURLE_FILESIZE_EXCEEDED || (sink.is_full && !question.first_byte)) {
      result.code = CURLE_FILESIZE_EXCEEDED;
      result.reason = too_large();
    } else if (result.code != CURLE_OK) {
      result.reason = curl_reason.c_str();
      if (result.reason.empty()) result.reason = curl_easy_strerror(result.code);
    } else {
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &result.answer.status);
      curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &result.wait_s);
      const char* target = nullptr;
      curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target);
      if (target != nullptr) result.redirect = target;
      result.answer.body = std::move(sink.body);
    }
    return result;
  }

  std::chrono::milliseconds wait_before(int attempt, curl_off_t asked_s) {
    using std::chrono::milliseconds;
    milliseconds wait = options.first_wait;
    for (int i = 1; i < attempt && wait < options.longest_wait; ++i) wait *= 2;
    wait = std::min(wait, options.longest_wait);
    const auto half = static_cast<std::uint64_t>(wait.count() / 2);
    wait -= milliseconds(half == 0 ? 0 : next_random(random) % (half + 1));
    // The header's seconds may be anything; the bound comes before the conversion.
    const auto asked = milliseconds(1000 * std::clamp<curl_off_t>(asked_s, 0, options.longest_wait.count() / 1000));
    return std::max(wait, asked);
  }

  /// One hop: tried as often as it may be.
  Attempt persist(const std::string& url, const Question& question) {
    for (int number = 1;; ++number) {
      Attempt result = attempt(url, question);
      const bool may_pass = result.code == CURLE_OK ? is_passing(result.answer.status) : is_passing(result.code);
      if (may_pass && number < options.attempts) {
        sleep(wait_before(number, result.wait_s));
        continue;
      }
      if (result.code != CURLE_OK) {
        throw DataError(redacted(url) + ": " + redacted(result.reason) +
                        (may_pass ? ", after " + std::to_string(number) + " attempts" : ""));
      }
      return result;
    }
  }

  HttpAnswer request(std::string url, Question question) { return follow(url, std::move(question)); }

  /// Leaves in `url` where the answer came from.
  HttpAnswer follow(std::string& url, Question question) {
    const std::lock_guard lock(one_at_a_time);
    check_allowed(url, policy);
    const std::string first = url;
    for (int redirects = 0;; ++redirects) {
      Attempt result = persist(url, question);
      if (result.redirect.empty()) return std::move(result.answer);
      if (redirects == options.most_redirects) {
        throw DataError(redacted(first) + ": more than " + std::to_string(redirects) + " redirects");
      }
      try {
        if (url.starts_with("https:") && result.redirect.starts_with("http:")) {
          throw DataError(redacted(result.redirect) + ": without TLS");
        }
        check_allowed(result.redirect, policy);
      } catch (const DataError& error) {
        throw DataError(redacted(url) + ": redirects to what is not allowed: " + error.what());
      }
      if (result.answer.status <= 303) question.json.reset();
      url = result.redirect;
    }
  }
};

HttpClient::HttpClient(HttpOptions options, RemotePolicy policy, Sleep sleep) : state_(std::make_unique<State>()) {
  set_up_curl();
  if (!options.ca_file.empty() && !std::ifstream(options.ca_file)) {
    throw ConfigError("the CA file " + options.ca_file + " cannot be read");
  }
  state_->random = options.jitter_seed;
  state_->options = std::move(options);
  state_->policy = std::move(policy);
  state_->sleep = sleep ? std::move(sleep) : [](std::chrono::milliseconds wait) { std::this_thread::sleep_for(wait); };
  state_->curl.reset(curl_easy_init());
  if (!state_->curl) throw DataError("libcurl does not start");
}

HttpClient::~HttpClient() = default;

const HttpOptions& HttpClient::options() const { return state_->options; }
const RemotePolicy& HttpClient::policy() const { return state_->policy; }
std::int64_t HttpClient::bytes_received() const { return state_->bytes; }

HttpAnswer HttpClient::get_any(const std::string& url) { return state_->request(url, {}); }

HttpAnswer HttpClient::post_json(const std::string& url, const std::string& json) {
  return state_->request(url, {json});
}

std::string HttpClient::final_url(const std::string& url) {
  std::string last = url;
  state_->follow(last, {std::nullopt, true});
  return last;
}

std::string HttpClient::get(const std::string& url) {
  HttpAnswer answer = get_any(url);
  if (answer.status != 200) throw DataError(status_text(url, answer.status));
  return std::move(answer.body);
}

std::string status_text(const std::string& url, long status) {
  static constexpr std::pair<long, const char*> names[] = {
      {400, "Bad Request"},         {401, "Unauthorized"},      {403, "Forbidden"},   {404, "Not Found"},
      {405, "Method Not Allowed"},  {429, "Too Many Requests"}, {502, "Bad Gateway"}, {500, "Internal Server Error"},
      {503, "Service Unavailable"}, {504, "Gateway Timeout"},
  };
  std::string text = redacted(url) + ": status " + std::to_string(status);
  for (const auto& [code, name] : names) {
    if (code == status) text += std::string(" (") + name + ")";
  }
  return text;
}

std::string curl_library_version() { return curl_version_info(CURLVERSION_NOW)->version; }

}  // namespace pitwatch
