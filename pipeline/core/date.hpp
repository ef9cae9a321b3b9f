#pragma once
// Dates and times: UTC, ISO 8601.

#include <chrono>
#include <string>
#include <string_view>

namespace pitwatch {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// What the clock of the system says.
Instant clock_now();

/// Parses "2022-01-25", "2022-01-25T08:06Z", "2022-01-25T08:06:01,024+04:00" and ISO 8601's basic form, "20220125",
/// "20220125T080601Z"; date and time are both of one form. An offset is "+04", "+0400" or "+04:00"; without one the
/// time is UTC. A fraction is one of seconds, with a point or a comma, cut to milliseconds. A bare day is its midnight.
/// Throws DataError naming the text.
Instant parse_instant(std::string_view text);

/// Whether the text is a day without a time of day, as parse_instant() takes it. Where a period ends with one, all of
/// the day is meant: see last_instant().
bool is_bare_day(std::string_view text);

/// As parse_instant(), but a bare day's last millisecond: the last instant of what a text names.
Instant last_instant(std::string_view text);

/// "2022-01-25T08:06:01Z"; milliseconds only where they are not zero.
std::string format_instant(Instant instant);

/// "2022-01-25", the UTC day of the instant.
std::string format_day(Instant instant);

}  // namespace pitwatch
