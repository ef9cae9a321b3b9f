#pragma once
// Texts: the few things that the standard library lacks.

#include <cstddef>
#include <string>
#include <string_view>

namespace pitwatch {

/// A to Z as a to z; other bytes stay.
std::string lower_ascii(std::string_view text);

/// Two lower-case digits for each byte.
std::string hex_text(const unsigned char* bytes, std::size_t count);

/// A number with so many decimals, whatever the locale; empty for what is no number or infinite.
std::string fixed_text(double value, int decimals);

/// A number in as few digits as tell it from all others of its type ("0.1", "1e-04"), whatever the locale.
std::string shortest_text(double value);

/// The text in HTML, SVG or XML, between tags or in quotes: & < > " ' as entities; tab and line breaks as blanks; other
/// control characters, U+FFFE, U+FFFF and bytes that are not UTF-8 (RFC 3629), which XML does not allow, as "?".
std::string markup_text(std::string_view text);

}  // namespace pitwatch
