#pragma once
// Dates and times: UTC, ISO 8601 (RFC 3339 profile).

#include <chrono>
#include <string>
#include <string_view>

namespace pitwatch {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// Parses "2022-01-25", "2022-01-25T08:06:01Z", "2022-01-25T08:06:01.024+04:00". A bare date is midnight UTC.
/// Throws DataError naming the text.
Instant parse_instant(std::string_view text);

/// "2022-01-25T08:06:01Z"; milliseconds only where they are not zero.
std::string format_instant(Instant instant);

/// "2022-01-25", the UTC day of the instant.
std::string format_day(Instant instant);

}  // namespace pitwatch
