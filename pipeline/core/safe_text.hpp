#pragma once
// Texts from outside on their way to people: names of scenes, files, sites and reviewers, words of servers.

#include <cstddef>
#include <string>
#include <string_view>

namespace pitwatch {

/// The text on one line, without what would steer a terminal or turn around what is read: control characters (C0, DEL,
/// C1), line and paragraph separators, marks of writing direction (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
/// U+2069), the byte order mark and bytes that are not UTF-8 are written as "\n", "\x1b", "\u202e".
std::string printable(std::string_view text);

/// The text where it has no more than `most` bytes; else its beginning and its end, with how many bytes were left out
/// between them. Characters stay whole.
std::string abridged(std::string_view text, std::size_t most);

/// The text as a cell of a CSV table (RFC 4180): quoted where needed, bytes that are not UTF-8 as U+FFFD, control
/// characters but tab and line breaks as blanks. What a spreadsheet would take for a formula, a text that begins with
/// = + - @, tab or carriage return, gets an apostrophe in front. Not for numbers: theirs begin with - rightly.
std::string csv_cell(std::string_view text);

}  // namespace pitwatch
