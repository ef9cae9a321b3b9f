#include "pipeline/io/remote/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/remote/retry.hpp"

namespace pitwatch {
namespace {

constexpr long slowest_bytes_per_second = 1000;
constexpr std::int64_t text_bytes = 64 << 10;

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
  std::string range;        // Content-Range
  std::string etag;
  std::string last_modified;
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

int stop_if_interrupted(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return is_interrupted() ? 1 : 0; }

}  // namespace

/// A GET; with a body a POST.
struct Question {
  struct Part {
    std::int64_t from = 0;
    std::int64_t count = 0;
  };
  std::optional<HttpBody> body;
  std::optional<Part> part;  // that is asked for, and all that is read
  std::chrono::milliseconds most_time = std::chrono::milliseconds::max();
};

namespace {

/// Of "bytes 0-99/1234".
struct ContentRange {
  std::int64_t from = 0;
  std::int64_t last = 0;
  std::int64_t whole = 0;
};

std::optional<ContentRange> parse_range(std::string_view text) {
  ContentRange range;
  for (const auto& [before, number] : {std::pair{std::string_view("bytes "), &range.from},
                                       {std::string_view("-"), &range.last},
                                       {std::string_view("/"), &range.whole}}) {
    if (!text.starts_with(before)) return {};
    text.remove_prefix(before.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  const bool makes_sense = text.empty() && range.from >= 0 && range.from <= range.last && range.last < range.whole;
  return makes_sense ? std::optional(range) : std::nullopt;
}

/// Where an answer is not what was asked for: why.
std::string fault_of(const HttpPart& part, const std::string& range, const Question::Part& asked) {
  const auto size = static_cast<std::int64_t>(part.body.size());
  const auto found = parse_range(range);
  if (!found) return "the answer does not tell which part of the file it is";
  const bool is_asked = found->from == asked.from && found->last - found->from + 1 == size &&
                        size == std::min(asked.count, found->whole - asked.from);
  return is_asked ? "" : "the answer is another part of the file than was asked for";
}

}  // namespace

struct HttpClient::State {
  using Clock = std::chrono::steady_clock;

  struct Deadline {
    Clock::time_point end;
    std::chrono::milliseconds most_time;
  };

  HttpOptions options;
  RemotePolicy policy;
  Sleep sleep;
  using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
  std::mutex mutex;
  std::vector<Handle> idle;  // with their connections; guarded by mutex, as is the next
  std::uint64_t random = 0;
  std::atomic<std::int64_t> bytes{0};

  /// Of the answer.
  std::int64_t most_bytes_of(const Question& question) const {
    // An error may come with a text.
    if (question.part) return std::max(question.part->count, text_bytes);
    const bool is_fewer = question.body && question.body->most_answer_bytes > 0;
    return is_fewer ? std::min(question.body->most_answer_bytes, options.most_bytes) : options.most_bytes;
  }

  Handle take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) {
      Handle handle(curl_easy_init(), &curl_easy_cleanup);
      if (!handle) throw DataError("libcurl does not start");
      return handle;
    }
    Handle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }

  void give_back(Handle handle) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }

  Attempt attempt(CURL* handle, const std::string& url, const Question& question, Clock::time_point end) {
    const std::int64_t most_bytes = most_bytes_of(question);
    Sink sink{{}, static_cast<std::size_t>(most_bytes), false};
    std::string curl_reason(CURL_ERROR_SIZE, '\0');
    const Headers headers = headers_of(question);
    curl_easy_reset(handle);  // keeps connections
    set_limits(handle, end);
    set_question(handle, url, question);
    set(handle, CURLOPT_HTTPHEADER, headers.get());
    set(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(most_bytes));
    set(handle, CURLOPT_WRITEFUNCTION, &keep);
    set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&sink));
    set(handle, CURLOPT_ERRORBUFFER, curl_reason.data());

    Attempt result;
    result.code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &result.received);
    bytes += result.received;
    if (result.code == CURLE_FILESIZE_EXCEEDED || sink.is_full) {
      result.code = CURLE_FILESIZE_EXCEEDED;
      result.reason = question.part ? "more is sent than the part that was asked for"
                                    : "larger than " + std::to_string(most_bytes) + " bytes";
    } else if (result.code != CURLE_OK) {
      result.reason = curl_reason.c_str();
      if (result.reason.empty()) result.reason = curl_easy_strerror(result.code);
    } else {
      read_answer(handle, question, result);
      result.answer.body = std::move(sink.body);
    }
    return result;
  }

  template <typename Value>
  static void set(CURL* handle, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle, option, value);
    if (code != CURLE_OK) throw DataError(std::string("libcurl: ") + curl_easy_strerror(code));
  }

  using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

  static Headers headers_of(const Question& question) {
    const bool is_json = !question.body || question.body->accept.empty();
    const std::string accepted = is_json ? "application/geo+json, application/json" : question.body->accept;
    Headers headers(curl_slist_append(nullptr, ("Accept: " + accepted).c_str()));
    if (question.body) {
      headers.reset(curl_slist_append(headers.release(), ("Content-Type: " + question.body->type).c_str()));
      for (const auto& [name, value] : question.body->headers) {
        headers.reset(curl_slist_append(headers.release(), (name + ": " + value).c_str()));
      }
    }
    return headers;
  }

  /// How long anything may take, and what is trusted.
  void set_limits(CURL* handle, Clock::time_point end) const {
    using std::chrono::milliseconds;
    const milliseconds left = std::chrono::ceil<milliseconds>(end - Clock::now());
    // 0 would be no limit.
    const milliseconds most = std::clamp<milliseconds>(left, milliseconds(1), options.total_timeout);
    set(handle, CURLOPT_PROTOCOLS_STR, "https,http");
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(most.count()));
    set(handle, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_second);
    set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &stop_if_interrupted);
  }

  /// libcurl copies what is set, but for the body, which has to live as long as the question.
  static void set_question(CURL* handle, const std::string& url, const Question& question) {
    set(handle, CURLOPT_URL, url.c_str());
    set(handle, CURLOPT_USERAGENT, "pitwatch");
    if (question.part) {
      const std::string range =
          std::to_string(question.part->from) + "-" + std::to_string(question.part->from + question.part->count - 1);
      set(handle, CURLOPT_RANGE, range.c_str());
    } else {
      set(handle, CURLOPT_ACCEPT_ENCODING, "");
    }
    if (question.body) {
      set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(question.body->content.size()));
      set(handle, CURLOPT_POSTFIELDS, question.body->content.data());
      set(handle, CURLOPT_FRESH_CONNECT, question.body->has_own_connection ? 1L : 0L);
      set(handle, CURLOPT_FORBID_REUSE, question.body->has_own_connection ? 1L : 0L);
    }
  }

  /// Empty where there is none.
  static std::string header_of(CURL* handle, const char* name) {
    curl_header* header = nullptr;
    const bool is_there = curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return is_there ? header->value : "";
  }

  /// What the headers of an answer say.
  static void read_answer(CURL* handle, const Question& question, Attempt& result) {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &result.answer.status);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &result.wait_s);
    const char* target = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target);
    if (target != nullptr) result.redirect = target;
    if (question.part) {
      result.range = header_of(handle, "Content-Range");
      result.etag = header_of(handle, "ETag");
      result.last_modified = header_of(handle, "Last-Modified");
    }
    const std::time_t date = curl_getdate(header_of(handle, "Date").c_str(), nullptr);
    if (date > 0) result.answer.date = Instant{std::chrono::seconds(date)};
  }

  std::chrono::milliseconds wait_before(int attempt, curl_off_t asked_s) {
    using std::chrono::milliseconds;
    milliseconds wait{};
    {
      const std::lock_guard lock(mutex);
      wait = wait_after(attempt, options.first_wait, options.longest_wait, random);
    }
    // The header's seconds may be anything; the bound comes before the conversion.
    const auto asked = milliseconds(1000 * std::clamp<curl_off_t>(asked_s, 0, options.longest_wait.count() / 1000));
    return std::max(wait, asked);
  }

  /// One hop: tried as often as it may be, until `end`.
  Attempt persist(CURL* handle, const std::string& url, const Question& question, const Deadline& deadline) {
    for (int number = 1;; ++number) {
      Attempt result = attempt(handle, url, question, deadline.end);
      const bool may_pass = result.code == CURLE_OK ? is_passing(result.answer.status) : is_passing(result.code);
      if (may_pass && number < options.attempts) {
        const std::chrono::milliseconds wait = wait_before(number, result.wait_s);
        if (Clock::now() + wait >= deadline.end) throw_late(url, result, number, deadline);
        sleep(wait);
        continue;
      }
      if (result.code != CURLE_OK) {
        throw_if_interrupted();
        const std::string text = redacted(url) + ": " + redacted(result.reason) +
                                 (may_pass ? ", after " + std::to_string(number) + " attempts" : "");
        if (may_pass) throw UnavailableError(text);
        throw DataError(text);
      }
      if (may_pass) throw UnavailableError(status_text(url, result.answer.status));
      return result;
    }
  }

  [[noreturn]] static void throw_late(const std::string& url, const Attempt& last, int attempts,
                                      const Deadline& deadline) {
    throw_if_interrupted();
    std::string text = redacted(url) + ": not there within " + seconds_text(deadline.most_time) + ", " +
                       std::to_string(attempts) + (attempts == 1 ? " attempt: " : " attempts: ");
    text += last.code == CURLE_OK ? "status " + std::to_string(last.answer.status) : redacted(last.reason);
    throw UnavailableError(text);
  }

  /// Leaves in `url` where the answer came from.
  Attempt follow(std::string& url, Question question) {
    check_allowed(url, policy);
    Handle handle = take();
    Attempt last = follow_with(handle.get(), url, std::move(question));
    give_back(std::move(handle));
    return last;
  }

  Attempt follow_with(CURL* handle, std::string& url, Question question) {
    const std::string first = url;
    const std::chrono::milliseconds most_time =
        std::min<std::chrono::milliseconds>(question.most_time, options.deadline);
    const Deadline deadline{Clock::now() + most_time, most_time};
    for (int redirects = 0;; ++redirects) {
      Attempt result = persist(handle, url, question, deadline);
      if (result.redirect.empty()) return result;
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
      if (result.answer.status <= 303) question.body.reset();
      url = result.redirect;
    }
  }
};

void check_ca_file(const HttpOptions& options) {
  if (options.ca_file.empty()) return;
  constexpr std::uint64_t largest = 64 << 20;
  try {
    static_cast<void>(read_whole_file(options.ca_file, largest));
  } catch (const DataError& error) {
    throw ConfigError("the CA file " + options.ca_file + ": " + error.what());
  }
}

HttpClient::HttpClient(HttpOptions options, RemotePolicy policy, Sleep sleep) : state_(std::make_unique<State>()) {
  set_up_curl();
  check_ca_file(options);
  state_->random = options.jitter_seed;
  state_->options = std::move(options);
  state_->policy = std::move(policy);
  state_->sleep = sleep ? std::move(sleep) : sleep_unless_interrupted;
}

HttpClient::~HttpClient() = default;

const HttpOptions& HttpClient::options() const { return state_->options; }
const RemotePolicy& HttpClient::policy() const { return state_->policy; }
std::int64_t HttpClient::bytes_received() const { return state_->bytes; }

HttpAnswer HttpClient::get_any(const std::string& url) {
  std::string last = url;
  return state_->follow(last, {}).answer;
}

HttpAnswer HttpClient::post_json(const std::string& url, const std::string& json) {
  return post(url, {json, "application/json", "", 0});
}

HttpAnswer HttpClient::post(const std::string& url, const HttpBody& body) {
  for (const auto& [name, value] : body.headers) {
    const bool is_one_line = (name + value).find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
    if (name.empty() || name.find(':') != std::string::npos || !is_one_line) {
      throw DataError(redacted(url) + ": a header that is none");
    }
  }
  std::string last = url;
  return state_->follow(last, {body, {}, std::chrono::milliseconds::max()}).answer;
}

HttpPart HttpClient::get_part(const std::string& url, std::int64_t from, std::int64_t count,
                              std::chrono::milliseconds most_time) {
  const Question::Part asked{from, count};
  HttpPart part;
  part.url = url;
  Attempt answer = state_->follow(part.url, {{}, asked, most_time});
  part.status = answer.answer.status;
  part.body = std::move(answer.answer.body);
  if (part.status == 200 && from == 0) {
    part.status = 206;
    answer.range = "bytes 0-" + std::to_string(part.body.size() - 1) + "/" + std::to_string(part.body.size());
  }
  if (part.status != 206) {
    part.body.clear();
    return part;
  }
  const std::string fault = fault_of(part, answer.range, asked);
  if (!fault.empty()) throw DataError(redacted(url) + ": " + fault);
  part.whole_bytes = parse_range(answer.range)->whole;
  part.etag = std::move(answer.etag);
  part.last_modified = std::move(answer.last_modified);
  return part;
}

std::string HttpClient::get(const std::string& url) {
  HttpAnswer answer = get_any(url);
  if (answer.status != 200) throw DataError(status_text(url, answer.status));
  return std::move(answer.body);
}

void set_up_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw DataError(std::string("libcurl does not start: ") + curl_easy_strerror(code));
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
