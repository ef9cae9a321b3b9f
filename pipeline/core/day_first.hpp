#pragma once
// Dates as offices and spreadsheets write them in many countries: the day first, divided by points.

#include <string>
#include <string_view>

namespace pitwatch {

/// "2021-12-31" of "31.12.2021", "2021-12-31T08:06:01Z" of "31.12.2021 8:06:01"; empty for another form. Whether there
/// is such a day parse_instant() tells.
std::string iso_of_day_first(std::string_view text);

}  // namespace pitwatch
