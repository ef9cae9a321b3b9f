#include "pipeline/delivery/subscriptions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/remote/mail_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_file_bytes = std::uint64_t{1} << 20;
constexpr std::size_t most_subscriptions = 1000;
constexpr std::size_t most_recipients = 100;
constexpr std::size_t longest_id = 64;
constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_secret = 4096;

/// One line; empty where the member is not there.
std::string text_of(const json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) throw ConfigError(where + ": '" + key + "' is no text");
  auto text = found->get<std::string>();
  if (text.empty()) throw ConfigError(where + ": '" + key + "' is empty");
  if (printable(text) != text) throw ConfigError(where + ": '" + key + "' holds line breaks or control characters");
  return text;
}

std::string required_text(const json& object, const char* key, const std::string& where) {
  std::string text = text_of(object, key, where);
  if (text.empty()) throw ConfigError(where + ": '" + key + "' is missing");
  return text;
}

std::vector<std::string> texts_of(const json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_array() || found->empty()) throw ConfigError(where + ": '" + key + "' is no list of texts");
  std::vector<std::string> texts;
  for (const json& each : *found) {
    if (!each.is_string()) throw ConfigError(where + ": '" + key + "' is no list of texts");
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

/// Texts of which each is one of `known`.
template <typename Known>
std::vector<std::string> words_of(const json& object, const char* key, const Known& known, const std::string& where) {
  std::vector<std::string> words = texts_of(object, key, where);
  for (const std::string& word : words) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    std::string all;
    for (const auto& each : known) all += (all.empty() ? "" : ", ") + std::string(each);
    throw ConfigError(where + ": '" + key + "': '" + printable(word) + "' is none of " + all);
  }
  return words;
}

double number_of(const json& object, const char* key, double otherwise, double most, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!(value >= 0 && value <= most)) {
    throw ConfigError(where + ": '" + key + "' is no number from 0 to " + json(most).dump());
  }
  return value;
}

NewsFilter filter_of(const json& object, const std::string& where) {
  NewsFilter filter;
  const auto found = object.find("filter");
  if (found == object.end()) return filter;
  const std::string here = where + ": filter";
  check_members(*found, {"sites", "classes", "statuses", "verdicts", "min_area_ha", "max_natural", "events"}, here);
  std::vector<std::string_view> classes;
  for (const ChangeClassName& each : change_class_names) classes.push_back(each.name);
  std::vector<std::string_view> verdicts(verdict_names.begin(), verdict_names.end());
  verdicts.emplace_back("none");
  constexpr double largest_area_ha = 1e7;
  filter.sites = texts_of(*found, "sites", here);
  filter.classes = words_of(*found, "classes", classes, here);
  if (found->contains("statuses")) filter.statuses = words_of(*found, "statuses", alert_status_names, here);
  filter.verdicts = words_of(*found, "verdicts", verdicts, here);
  filter.events = words_of(*found, "events", news_kind_names, here);
  filter.min_area_ha = number_of(*found, "min_area_ha", filter.min_area_ha, largest_area_ha, here);
  filter.max_natural = number_of(*found, "max_natural", filter.max_natural, 1, here);
  return filter;
}

/// `name`_file or `name`_env.
SecretPlace place_of(const json& object, const std::string& name, const std::string& folder, const std::string& where) {
  SecretPlace place;
  place.file = text_of(object, (name + "_file").c_str(), where);
  place.variable = text_of(object, (name + "_env").c_str(), where);
  if (place.file.empty() == place.variable.empty()) {
    throw ConfigError(where + ": one of '" + name + "_file' and '" + name + "_env' must be there");
  }
  if (!place.file.empty()) place.file = (std::filesystem::path(folder) / place.file).string();
  return place;
}

WebhookTarget webhook_of(const json& object, const std::string& folder, const std::string& where) {
  check_members(object, {"url", "secret_file", "secret_env"}, where);
  WebhookTarget target;
  target.url = required_text(object, "url", where);
  if (!target.url.starts_with("https://") && !target.url.starts_with("http://")) {
    throw ConfigError(where + ": 'url' is no https URL");
  }
  try {
    parse_remote_url(target.url);
  } catch (const DataError&) {
    throw ConfigError(where + ": 'url' is no URL of a webhook (a user, a password and fragments have no place in it)");
  }
  target.secret = place_of(object, "secret", folder, where);
  return target;
}

/// "a@example.org" or "Name <a@example.org>"
void set_sender(const std::string& text, MailTarget& target, const std::string& where) {
  target.from = text;
  const std::size_t open = text.find('<');
  if (open != std::string::npos && text.back() == '>') {
    target.from = text.substr(open + 1, text.size() - open - 2);
    target.from_name = text.substr(0, open);
    while (!target.from_name.empty() && target.from_name.back() == ' ') target.from_name.pop_back();
    const bool is_quoted =
        target.from_name.size() > 1 && target.from_name.front() == '"' && target.from_name.back() == '"';
    if (is_quoted) target.from_name = target.from_name.substr(1, target.from_name.size() - 2);
  }
  if (!is_mail_address(target.from)) throw ConfigError(where + ": 'from' is no address of mail");
  if (target.from_name.size() > longest_name) throw ConfigError(where + ": the name in 'from' is too long");
}

MailTarget mail_of(const json& object, const std::string& folder, const std::string& where) {
  check_members(object, {"server", "tls", "from", "to", "user", "password_file", "password_env"}, where);
  MailTarget target;
  target.server = required_text(object, "server", where);
  const std::string tls = text_of(object, "tls", where);
  if (!tls.empty() && tls != "required" && tls != "none") throw ConfigError(where + ": 'tls' is required or none");
  target.requires_tls = tls != "none";
  set_sender(required_text(object, "from", where), target, where);
  target.to = texts_of(object, "to", where);
  if (target.to.empty() || target.to.size() > most_recipients)
    throw ConfigError(where + ": 'to' has 1 to 100 addresses");
  for (const std::string& address : target.to) {
    if (!is_mail_address(address))
      throw ConfigError(where + ": 'to': no address of mail: '" + printable(address) + "'");
  }
  target.user = text_of(object, "user", where);
  if (!target.user.empty()) target.password = place_of(object, "password", folder, where);
  try {
    check_mail_server({target.server, target.requires_tls, target.user, {}});
  } catch (const ConfigError& error) {
    throw ConfigError(where + ": " + error.what());
  }
  return target;
}

bool is_id(const std::string& text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !text.empty() && text.size() <= longest_id && text.find_first_not_of(allowed) == std::string::npos &&
         text.front() != '.';
}

Subscription subscription_of(const json& object, const std::string& folder, const std::string& place) {
  check_members(object, {"id", "webhook", "email", "filter"}, place);
  Subscription subscription;
  subscription.id = required_text(object, "id", place);
  if (!is_id(subscription.id)) {
    throw ConfigError(place + ": 'id' must be 1 to 64 letters, digits, '_', '-' and '.', not beginning with a dot");
  }
  const std::string where = "subscription " + subscription.id;
  const auto webhook = object.find("webhook");
  const auto email = object.find("email");
  if ((webhook == object.end()) == (email == object.end())) {
    throw ConfigError(where + ": one of 'webhook' and 'email' must be there");
  }
  if (webhook != object.end()) {
    subscription.target = webhook_of(*webhook, folder, where + ": webhook");
  } else {
    subscription.target = mail_of(*email, folder, where + ": email");
  }
  subscription.filter = filter_of(object, where);
  return subscription;
}

std::vector<Subscription> subscriptions_of(const json& document, const std::string& folder) {
  check_members(document, {"$schema", "subscriptions"}, "the outermost value");
  const auto found = document.find("subscriptions");
  if (found == document.end() || !found->is_array() || found->empty() || found->size() > most_subscriptions) {
    throw ConfigError("'subscriptions' is no list of 1 to 1000");
  }
  std::vector<Subscription> subscriptions;
  std::set<std::string> ids;
  for (const json& each : *found) {
    subscriptions.push_back(subscription_of(each, folder, "subscription " + std::to_string(subscriptions.size() + 1)));
    if (!ids.insert(subscriptions.back().id).second) {
      throw ConfigError("subscription " + subscriptions.back().id + ": there are two of that id");
    }
  }
  return subscriptions;
}

}  // namespace

std::vector<Subscription> parse_subscriptions(const std::string& text, const std::string& folder) {
  json document;
  try {
    document = parse_json(text);
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
  return subscriptions_of(document, folder);
}

std::vector<Subscription> read_subscriptions(const std::string& path) {
  try {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return parse_subscriptions(read_whole_file(path, largest_file_bytes), folder);
  } catch (const DataError& error) {
    throw ConfigError(path + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  }
}

std::string read_secret(const SecretPlace& place) {
  std::string secret;
  std::string shown = place.file;
  if (place.file.empty()) {
    shown = "the environment variable " + place.variable;
    const char* const value = std::getenv(place.variable.c_str());
    if (value == nullptr) throw ConfigError(shown + " is not set");
    secret = value;
  } else {
    try {
      secret = read_whole_file(place.file, longest_secret);
    } catch (const DataError& error) {
      throw ConfigError(shown + ": " + error.what());
    }
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
  }
  if (secret.empty()) throw ConfigError(shown + " is empty");
  if (secret.size() > longest_secret || secret.find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
    throw ConfigError(shown + " is no secret of one line");
  }
  return secret;
}

std::string shown_target(const Subscription& subscription) {
  const auto* const webhook = std::get_if<WebhookTarget>(&subscription.target);
  if (webhook == nullptr) return std::get<MailTarget>(subscription.target).server;
  const RemoteUrl url = parse_remote_url(webhook->url);
  return url.scheme + "://" + url.host + (url.port.empty() ? "" : ":" + url.port);
}

}  // namespace pitwatch
