#include "pipeline/core/safe_text.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace pitwatch {
namespace {

constexpr std::uint32_t no_character = 0xFFFFFFFF;

struct Character {
  std::uint32_t code = no_character;  // no_character: a byte that is not UTF-8
  std::size_t bytes = 1;
};

/// The character at the beginning of a text (RFC 3629): neither overlong nor a surrogate.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (bytes == 0 || lead >= 0xF5 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (code < least[bytes] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, bytes};
}

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

bool is_mark(std::uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string escaped(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), code < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(code));
  return text.data();
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character character = first_of(text);
    if (character.code == no_character) {
      result += escaped(static_cast<unsigned char>(text.front()));
    } else if (is_control(character.code) || is_mark(character.code)) {
      result += escaped(character.code);
    } else {
      result += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return result;
}

std::string abridged(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto is_inside = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  // Three quarters of what may stand come from the beginning, which says what it is about. A character has three bytes
  // behind its first at most; more of that kind are no UTF-8, and may be parted.
  std::size_t begin = most - most / 4;
  for (int i = 0; i < 3 && begin > 0 && is_inside(begin); ++i) --begin;
  std::size_t end = text.size() - most / 4;
  for (int i = 0; i < 3 && is_inside(end); ++i) ++end;
  return std::string(text.substr(0, begin)) + " [... " + std::to_string(end - begin) + " bytes ...] " +
         std::string(text.substr(end));
}

std::string csv_cell(std::string_view text) {
  constexpr std::string_view formulas = "=+-@\t\r";
  std::string cell;
  if (!text.empty() && formulas.find(text.front()) != std::string_view::npos) cell += '\'';
  while (!text.empty()) {
    const Character character = first_of(text);
    const bool is_layout = character.code == '\t' || character.code == '\n' || character.code == '\r';
    if (character.code == no_character) {
      cell += "\xEF\xBF\xBD";
    } else if (is_control(character.code) && !is_layout) {
      cell += ' ';
    } else {
      cell += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace pitwatch
