#pragma once
// Requests over HTTP and HTTPS whose answers fit into memory: catalogues, services, and parts of files.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {

struct HttpOptions {
  std::string ca_file;                       // certificates that are trusted, PEM; empty: those of the system
  std::chrono::seconds connect_timeout{10};  // of one attempt
  std::chrono::seconds total_timeout{60};    // of one attempt
  std::chrono::seconds stall_timeout{15};    // an attempt ends that was slower than a kilobyte a second for so long
  /// Of a request with all of its attempts, waits and redirects; of a file, of all the parts that are read of it from
  /// opening to closing.
  std::chrono::seconds deadline{1800};
  std::int64_t most_bytes = std::int64_t{64} << 20;  // of a body, as sent and as decompressed
  int most_redirects = 5;
  int attempts = 5;
  std::chrono::milliseconds first_wait{500};       // before the second attempt; doubled for each further one
  std::chrono::milliseconds longest_wait{60'000};  // also where the server asks for more by Retry-After
  std::uint64_t jitter_seed = 0;  // waits are shortened by up to a half, in an order that depends on it
};

/// An answer that came, of whatever status but those that pass.
struct HttpAnswer {
  long status = 0;
  std::string body;
  std::optional<Instant> date = {};  // by the server's clock, where it says
};

/// What is sent by a POST.
struct HttpBody {
  std::string content;
  std::string type;                    // "application/json"
  std::string accept;                  // types of an answer that is understood; empty: JSON
  std::int64_t most_answer_bytes = 0;  // where they are fewer than HttpOptions::most_bytes; 0: as those
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them, name and value
  /// What comes over it is the answer to this and to nothing before, however many answers a server sends.
  bool has_own_connection = false;
};

/// A part of a file.
struct HttpPart {
  long status = 0;
  std::string url;               // that answered, after redirects
  std::string body;              // where `status` is 206, as many bytes as were asked for and are there
  std::int64_t whole_bytes = 0;  // of the file
  std::string etag;              // of the file, where the server gives one (RFC 9110, 8.8)
  std::string last_modified;     // likewise
};

/// Throws ConfigError where the file of certificates is none that can be read.
void check_ca_file(const HttpOptions& options);

/// Makes requests to what a policy allows. Connections are kept, one for each thread that asks at once: thread-safe.
///
/// TLS certificates are always verified. Redirects are followed where the policy allows their target; one of status
/// 301, 302 or 303 makes a GET of a POST. What fails for a while is tried again: statuses 429, 500, 502, 503, 504
/// (Retry-After is honoured), connections that fail, stall or break, bodies that were cut off, until attempts or
/// HttpOptions::deadline are used up. Bodies larger than HttpOptions::most_bytes are refused, before they are read
/// where the server says their size.
///
/// Errors are DataError, and UnavailableError where it is one that passes and attempts or time are used up: URL, status
/// or reason, number of attempts. URLs are shown without user, password and query;
/// request bodies and headers are never shown.
class HttpClient {
 public:
  using Sleep = std::function<void(std::chrono::milliseconds)>;

  /// `sleep` waits between attempts; none: the thread sleeps. Throws ConfigError for a CA file that cannot be read.
  HttpClient(HttpOptions options, RemotePolicy policy, Sleep sleep = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const HttpOptions& options() const;
  const RemotePolicy& policy() const;

  /// The body of an answer of status 200. Throws DataError for any other.
  std::string get(const std::string& url);

  /// The answer to a GET or, with a body, a POST. Throws DataError where none came, and UnavailableError for a status
  /// that passes, after the last attempt.
  HttpAnswer get_any(const std::string& url);
  HttpAnswer post_json(const std::string& url, const std::string& json);
  HttpAnswer post(const std::string& url, const HttpBody& body);

  /// The bytes of a file from `from` on, at most `count`, as they are stored. An answer of another status than 206 has
  /// no body; a small file that a server sends whole (200) counts as its part. Throws DataError where no answer came,
  /// and where one has other bytes than those that were asked for. `most_time` goes before HttpOptions::deadline where
  /// it is less.
  HttpPart get_part(const std::string& url, std::int64_t from, std::int64_t count,
                    std::chrono::milliseconds most_time = std::chrono::milliseconds::max());

  /// Of all bodies so far, as they were sent.
  std::int64_t bytes_received() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "https://example.org/search?...: status 404 (Not Found)", for an answer that is not what was asked for.
std::string status_text(const std::string& url, long status);

/// Of libcurl at run time, for `--version`, e.g. "7.88.1".
std::string curl_library_version();

}  // namespace pitwatch
