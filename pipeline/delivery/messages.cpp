#include "pipeline/delivery/messages.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t key_digits = 32;
constexpr std::size_t longest_line = 76;  // RFC 2045 and RFC 2047
constexpr std::size_t longest_plain_header = 200;
constexpr std::size_t encoded_word_bytes = 45;  // 60 characters of base64, and 12 around them
constexpr std::size_t sites_named = 3;
constexpr int place_decimals = 5;  // of a degree: a metre
constexpr int shown_area_decimals = 2;

std::string event_json(const RegisterNews& news, const NewsEvent& event, const std::string& subscription) {
  const OutlinedAlert& outlined = news.alerts[event.alert];
  nlohmann::ordered_json object{{"kind", name(event.kind)},
                                {"number", event.number},
                                {"key", idempotency_key(subscription, outlined.alert.id, event)},
                                {"subscription", subscription},
                                {"at", format_instant(event.at)}};
  object["recorded_at"] = nullptr;
  if (event.recorded_at) object["recorded_at"] = format_instant(*event.recorded_at);
  object["area_ha"] = event.area_ha;
  object["stands_for"] = news.stands_for[event.alert];
  if (event.review) {
    object["verdict"] = name(event.review->verdict);
    object["reviewer"] = event.review->reviewer;
    object["reason"] = event.review->reason;
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::array<unsigned, 3> group{};
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < count; ++k) group[k] = static_cast<unsigned char>(bytes[i + k]);
    const unsigned bits = group[0] << 16U | group[1] << 8U | group[2];
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? digits[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

/// "Sun, 29 Nov 2026 19:28:13 +0000"
std::string mail_date(Instant instant) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(instant);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(instant - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %u %s %d %02d:%02d:%02d +0000", weekdays[weekday(day).c_encoding()],
                static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

std::string words_of(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string site_of(const Alert& alert) { return alert.site ? printable(*alert.site) : "no site"; }

std::string place_text(const LonLatMultiPolygon& outline) {
  const LonLatMultiPolygon* const shape = &outline;
  const LonLat middle = middle_of({&shape, 1});
  return fixed_text(middle.lat, place_decimals) + ", " + fixed_text(middle.lon, place_decimals);
}

std::string event_text(const RegisterNews& news, const NewsEvent& event) {
  const OutlinedAlert& outlined = news.alerts[event.alert];
  const Alert& alert = outlined.alert;
  std::string text = printable(alert.id) + ": " + std::string(name(event.kind)) + ", " + format_day(event.at) + "\n";
  text += "  site " + site_of(alert) + "; " + words_of(name(alert.change_class)) + "; " + words_of(name(alert.status)) +
          "; confidence " + fixed_text(alert.confidence, shown_area_decimals) + "\n";
  text += "  " + fixed_text(event.area_ha, shown_area_decimals) + " ha then";
  if (event.area_ha != alert.area_ha) text += ", " + fixed_text(alert.area_ha, shown_area_decimals) + " ha now";
  text += "; began between " + format_day(alert.onset_after) + " and " + format_day(alert.onset_before) + "\n";
  text += "  latitude, longitude: " + place_text(outlined.outline) + "\n";
  if (event.review) {
    text += "  " + words_of(name(event.review->verdict)) + ", says " + printable(event.review->reviewer);
    if (!event.review->reason.empty()) text += ": " + printable(event.review->reason);
    text += "\n";
  }
  if (!news.stands_for[event.alert].empty()) {
    text += "  replaces";
    for (const std::string& id : news.stands_for[event.alert]) text += " " + printable(id);
    text += "\n";
  }
  return text;
}

std::string subject_of(const RegisterNews& news, std::span<const NewsEvent> events) {
  std::set<std::string> sites;
  for (const NewsEvent& event : events) sites.insert(site_of(news.alerts[event.alert].alert));
  std::string text = "Pitwatch: " + counts_text(events) + " at ";
  std::size_t named = 0;
  for (const std::string& site : sites) {
    if (named == sites_named) return text + " and " + std::to_string(sites.size() - named) + " more sites";
    text += (named++ == 0 ? "" : ", ") + site;
  }
  return text;
}

std::string message_id(const RegisterNews& news, std::span<const NewsEvent> events, const Subscription& subscription) {
  std::string keys = subscription.id;
  for (const NewsEvent& event : events) {
    keys += "\n" + idempotency_key(subscription.id, news.alerts[event.alert].alert.id, event);
  }
  const std::string& from = std::get<MailTarget>(subscription.target).from;
  return "<" + sha256_text(keys).substr(0, key_digits) + ".pitwatch" + from.substr(from.find('@')) + ">";
}

std::string list_text(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) text += (text.empty() ? "" : ",\r\n ") + address;
  return text;
}

/// A name before an address: an encoded word, or in quotes.
std::string sender_text(const MailTarget& target) {
  if (target.from_name.empty()) return target.from;
  if (!std::all_of(target.from_name.begin(), target.from_name.end(), is_plain)) {
    return header_text(target.from_name) + "\r\n <" + target.from + ">";
  }
  std::string quoted;
  for (const char c : target.from_name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return "\"" + quoted + "\" <" + target.from + ">";
}

}  // namespace

std::string idempotency_key(const std::string& subscription, const std::string& alert_id, const NewsEvent& event) {
  std::string text = "pitwatch event";
  for (const std::string& part : {subscription, alert_id, std::string(name(event.kind)), event.number}) {
    text += "\n" + std::to_string(part.size()) + ":" + part;
  }
  return sha256_text(text).substr(0, key_digits);
}

std::string webhook_body(const RegisterNews& news, const NewsEvent& event, const std::string& subscription) {
  std::string feature = alert_feature_json(news.alerts[event.alert]);
  feature.pop_back();
  return feature + ", \"event\": " + event_json(news, event, subscription) + "}";
}

Headers webhook_headers(std::string_view key, std::string_view kind, std::string_view secret, std::string_view body,
                        Instant now) {
  const std::string seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  std::string signed_text = seconds + ".";
  signed_text += body;
  return {{"Idempotency-Key", std::string(key)},
          {"Pitwatch-Event", std::string(kind)},
          {"Pitwatch-Timestamp", seconds},
          {"Pitwatch-Signature", "v1=" + hmac_sha256(secret, signed_text)}};
}

std::string counts_text(std::span<const NewsEvent> events) {
  std::map<NewsKind, std::size_t> counts;
  for (const NewsEvent& event : events) ++counts[event.kind];
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(name(kind));
  }
  return text;
}

std::string header_text(std::string_view text) {
  const bool looks_encoded = text.find("=?") != std::string_view::npos;
  const bool is_ascii = std::all_of(text.begin(), text.end(), is_plain);
  if (is_ascii && !looks_encoded && text.size() <= longest_plain_header) return std::string(text);
  std::string result;
  while (!text.empty()) {
    std::size_t size = std::min(encoded_word_bytes, text.size());
    // A word ends before a byte that goes on with a character.
    while (size < text.size() && size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    result += (result.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(text.substr(0, size)) + "?=");
    text.remove_prefix(size);
  }
  return result;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      result += "\r\n";
      line = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool stays = is_plain(c) && c != '=' && !(c == ' ' && ends_line);
    const std::size_t width = stays ? 1 : 3;
    if (line + width >= longest_line) {
      result += "=\r\n";
      line = 0;
    }
    if (stays) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += {'=', digits[byte >> 4U], digits[byte & 15U]};
    }
    line += width;
  }
  return result;
}

std::string mail_message(const RegisterNews& news, std::span<const NewsEvent> events, const Subscription& subscription,
                         Instant now) {
  const auto& target = std::get<MailTarget>(subscription.target);
  std::string body = counts_text(events) + "\n";
  for (const NewsEvent& event : events) body += "\n" + event_text(news, event);
  body += "\n--\nPitwatch, subscription " + subscription.id + "\n";
  return "From: " + sender_text(target) + "\r\nTo: " + list_text(target.to) +
         "\r\nSubject: " + header_text(subject_of(news, events)) + "\r\nDate: " + mail_date(now) +
         "\r\nMessage-ID: " + message_id(news, events, subscription) +
         "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8"
         "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
         quoted_printable(body);
}

}  // namespace pitwatch
