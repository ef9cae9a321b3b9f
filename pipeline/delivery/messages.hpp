#pragma once
// What is sent: JSON for programs, mail for people.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/delivery/news.hpp"
#include "pipeline/delivery/subscriptions.hpp"

namespace pitwatch {

/// By which a receiver knows an event that it was sent before: of subscription, alert, kind and number alone. 32 hex
/// digits.
std::string idempotency_key(const std::string& subscription, const std::string& alert_id, const NewsEvent& event);

/// The alert as a GeoJSON Feature, as in alerts.geojson, with a member "event" more: kind, number, key, subscription,
/// at, recorded_at, area_ha, stands_for, and of a review what it says.
std::string webhook_body(const RegisterNews& news, const NewsEvent& event, const std::string& subscription);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Idempotency-Key, Pitwatch-Event, Pitwatch-Timestamp (seconds since 1970), and Pitwatch-Signature: "v1=" and the
/// HMAC-SHA256, in hex, of the timestamp, a dot and the body.
Headers webhook_headers(std::string_view key, std::string_view kind, std::string_view secret, std::string_view body,
                        Instant now);

/// A mail of some events, RFC 5322, in ASCII: text from outside is UTF-8 in quoted-printable in the body, in encoded
/// words (RFC 2047) in the header, and on one line in both. Message-ID follows from the subscription and the events
/// alone. Lines end in CRLF.
std::string mail_message(const RegisterNews& news, std::span<const NewsEvent> events, const Subscription& subscription,
                         Instant now);

/// "2 new, 1 confirmed"
std::string counts_text(std::span<const NewsEvent> events);

/// A header's value: as it is where it is printable ASCII, in encoded words on lines of their own where it is not.
std::string header_text(std::string_view text);

/// RFC 2045, 6.7; lines of at most 76 characters.
std::string quoted_printable(std::string_view text);

}  // namespace pitwatch
