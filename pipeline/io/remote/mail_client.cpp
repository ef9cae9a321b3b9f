#include "pipeline/io/remote/mail_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/remote/retry.hpp"

namespace pitwatch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_address = 254;  // RFC 5321, 4.5.3.1.3
constexpr long slowest_bytes_per_second = 10;
constexpr std::string_view tls_scheme = "smtps://";
constexpr std::string_view plain_scheme = "smtp://";

bool is_host(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos && text.front() != '.' &&
         text.front() != '-' && text.find("..") == std::string_view::npos;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Upload {
  std::string_view left;
};

std::size_t feed(char* into, std::size_t, std::size_t bytes, void* from) {
  auto& upload = *static_cast<Upload*>(from);
  const std::size_t count = std::min(bytes, upload.left.size());
  std::memcpy(into, upload.left.data(), count);
  upload.left.remove_prefix(count);
  return count;
}

int stop_if_interrupted(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return is_interrupted() ? 1 : 0; }

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK) throw DataError(std::string("libcurl: ") + curl_easy_strerror(code));
}

struct Attempt {
  CURLcode code = CURLE_OK;
  long answer = 0;  // the server's last, 0: none
  std::string reason;
};

/// Whether it may be otherwise a little later. A server that says why goes before what libcurl makes of it.
bool may_pass(const Attempt& attempt) {
  if (attempt.answer >= 500) return false;
  if (attempt.answer >= 400) return true;
  switch (attempt.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

void set_limits(CURL* handle, const HttpOptions& options, Clock::time_point end) {
  using std::chrono::milliseconds;
  const milliseconds left = std::chrono::ceil<milliseconds>(end - Clock::now());
  const milliseconds most = std::clamp<milliseconds>(left, milliseconds(1), options.total_timeout);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(most.count()));
  // Of an answer to one command libcurl would wait two minutes.
  set(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(options.stall_timeout.count()));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_second);
  set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(handle, CURLOPT_XFERINFOFUNCTION, &stop_if_interrupted);
}

void set_server(CURL* handle, const MailServer& server, const HttpOptions& options) {
  set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(handle, CURLOPT_URL, server.url.c_str());
  set(handle, CURLOPT_USE_SSL, static_cast<long>(server.requires_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  if (server.user.empty()) return;
  set(handle, CURLOPT_USERNAME, server.user.c_str());
  set(handle, CURLOPT_PASSWORD, server.password.c_str());
}

Attempt attempt(const MailServer& server, const Mail& mail, const HttpOptions& options, Clock::time_point end) {
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) throw DataError("libcurl does not start");
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> recipients(nullptr, &curl_slist_free_all);
  for (const std::string& to : mail.to) {
    recipients.reset(curl_slist_append(recipients.release(), ("<" + to + ">").c_str()));
  }
  Upload upload{mail.message};
  std::string reason(CURL_ERROR_SIZE, '\0');
  set_limits(handle.get(), options, end);
  set_server(handle.get(), server, options);
  set(handle.get(), CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  set(handle.get(), CURLOPT_MAIL_RCPT, recipients.get());
  set(handle.get(), CURLOPT_UPLOAD, 1L);
  set(handle.get(), CURLOPT_READFUNCTION, &feed);
  set(handle.get(), CURLOPT_READDATA, static_cast<void*>(&upload));
  set(handle.get(), CURLOPT_ERRORBUFFER, reason.data());
  Attempt result;
  result.code = curl_easy_perform(handle.get());
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &result.answer);
  if (result.code == CURLE_OK) return result;
  result.reason = reason.c_str();
  if (result.reason.empty()) result.reason = curl_easy_strerror(result.code);
  return result;
}

}  // namespace

void check_mail_server(const MailServer& server) {
  const bool is_tls = server.url.starts_with(tls_scheme);
  const auto fail = [&](const std::string& why) { throw ConfigError(redacted(server.url) + ": " + why); };
  if (!is_tls && !server.url.starts_with(plain_scheme)) fail("no mail server (smtps://HOST, smtp://HOST)");
  std::string_view rest = std::string_view(server.url).substr(is_tls ? tls_scheme.size() : plain_scheme.size());
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    if (!is_port(rest.substr(colon + 1))) fail("no mail server: its port is none");
    rest = rest.substr(0, colon);
  }
  if (!is_host(rest)) fail("no mail server (smtps://HOST, smtp://HOST)");
  if (!server.user.empty() && !is_tls && !server.requires_tls) fail("a password is sent over TLS alone");
}

bool is_mail_address(std::string_view text) {
  constexpr std::string_view atoms =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || text.size() > longest_address) return false;
  const std::string_view local = text.substr(0, at);
  return !local.empty() && local.find_first_not_of(atoms) == std::string_view::npos && local.front() != '.' &&
         local.back() != '.' && local.find("..") == std::string_view::npos && is_host(text.substr(at + 1));
}

void send_mail(const MailServer& server, const Mail& mail, const HttpOptions& options, const HttpClient::Sleep& sleep) {
  check_mail_server(server);
  std::vector<std::string> addresses = mail.to;
  addresses.push_back(mail.from);
  for (const std::string& address : addresses) {
    if (!is_mail_address(address)) throw ConfigError("no address of mail: '" + address + "'");
  }
  set_up_curl();
  const Clock::time_point end = Clock::now() + options.deadline;
  std::uint64_t random = options.jitter_seed;
  for (int number = 1;; ++number) {
    const Attempt last = attempt(server, mail, options, end);
    if (last.code == CURLE_OK) return;
    throw_if_interrupted();
    std::string text = redacted(server.url) + ": " + redacted(last.reason);
    if (last.answer >= 400) text += ", answer " + std::to_string(last.answer);
    if (!may_pass(last)) throw DataError(text);
    const std::chrono::milliseconds wait = wait_after(number, options.first_wait, options.longest_wait, random);
    if (number >= options.attempts || Clock::now() + wait >= end) {
      throw UnavailableError(text + ", after " + std::to_string(number) + (number == 1 ? " attempt" : " attempts"));
    }
    sleep ? sleep(wait) : sleep_unless_interrupted(wait);
  }
}

}  // namespace pitwatch
