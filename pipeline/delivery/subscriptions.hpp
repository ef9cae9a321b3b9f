#pragma once
// Who is to be sent what: the subscriptions file, described by subscriptions.schema.json beside this header.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pipeline/core/alert.hpp"

namespace pitwatch {

/// What somebody may want to be sent.
enum class NewsKind : std::uint8_t { first, confirmed, grown, closed, reviewed };

inline constexpr std::array<std::string_view, 5> news_kind_names{"new", "confirmed", "grown", "closed", "reviewed"};

inline std::string_view name(NewsKind kind) { return news_kind_names[static_cast<std::size_t>(kind)]; }

/// Of which alerts, as they are now; what is empty lets all pass.
struct NewsFilter {
  std::vector<std::string> sites;
  std::vector<std::string> classes;
  std::vector<std::string> statuses{"provisional", "confirmed", "closed", "recovering"};
  std::vector<std::string> verdicts;  // of the newest review, or "none"
  double min_area_ha = 0;
  double max_natural = default_max_natural;  // as alerts.geojson
  std::vector<std::string> events;
};

/// Where a secret is: in a file, whose last line break is not part of it, or in an environment variable.
struct SecretPlace {
  std::string file;
  std::string variable;
};

struct WebhookTarget {
  std::string url;
  SecretPlace secret;  // that signatures are made with
};

struct MailTarget {
  std::string server;  // smtps://HOST[:PORT] or smtp://HOST[:PORT]
  bool requires_tls = true;
  std::string from_name;  // may be empty
  std::string from;       // address
  std::vector<std::string> to;
  std::string user;  // empty: without authentication
  SecretPlace password;
};

struct Subscription {
  std::string id;  // letters, digits, "_", "-", ".": it is part of a file's name
  std::variant<WebhookTarget, MailTarget> target;
  NewsFilter filter;
};

/// Throws ConfigError, starting with the path: cannot be read, no JSON, a member that is missing, unknown, or of
/// another type or range. Secrets are not looked for. Relative paths of secrets are as from the file.
std::vector<Subscription> read_subscriptions(const std::string& path);

/// The same of a text, relative paths as from `folder`. Throws ConfigError without the path.
std::vector<Subscription> parse_subscriptions(const std::string& text, const std::string& folder);

/// Throws ConfigError: it is not there, empty, of several lines or longer than 4096 bytes. Never shows it.
std::string read_secret(const SecretPlace& place);

/// "https://example.org", "smtps://mail.example.org": what of a target's address may be shown. The paths of webhooks
/// often are their password.
std::string shown_target(const Subscription& subscription);

}  // namespace pitwatch
