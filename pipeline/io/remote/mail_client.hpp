#pragma once
// Mail to a server that takes it (SMTP, RFC 5321).

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

struct MailServer {
  std::string url;           // "smtps://HOST[:PORT]" (TLS from the beginning) or "smtp://HOST[:PORT]"
  bool requires_tls = true;  // of smtp://: without STARTTLS nothing is sent
  std::string user;          // empty: without authentication
  std::string password;
};

struct Mail {
  std::string from;             // addresses of the envelope, "a@example.org"
  std::vector<std::string> to;  // all of whom the server must accept
  std::string message;          // RFC 5322, lines ending in CRLF, ASCII
};

/// Throws ConfigError, the URL redacted, for what is not such a URL (user, password, path or query in it are not), and
/// for a user without TLS.
void check_mail_server(const MailServer& server);

/// Whether a text is an address that a mail can be sent to: ASCII, of one "@", a local part of RFC 5322's atoms and
/// dots, and a host; at most 254 bytes.
bool is_mail_address(std::string_view text);

/// Sends it, and returns when the server has taken it over. Certificates are always verified. What fails for a while
/// (no connection, a stall, answers 4yz) is tried again with the timeouts, attempts and deadline of `options`; a server
/// that took the mail and then could not be heard gets it again. `sleep` as HttpClient has it.
/// Throws UnavailableError where attempts or deadline are used up, DataError where the server refuses, ConfigError as
/// check_mail_server() and for an address that is none. User and password are never shown.
void send_mail(const MailServer& server, const Mail& mail, const HttpOptions& options,
               const HttpClient::Sleep& sleep = {});

}  // namespace pitwatch
