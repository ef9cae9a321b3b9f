#pragma once
// What Boost.Program_options puts texts of the user in the place of, in its messages.

#include <algorithm>
#include <array>
#include <string_view>

namespace pitwatch::tools {

/// Whether a text holds one of them: Boost replaces them in what it has replaced as well, and never ends.
inline bool has_placeholder(std::string_view text) {
  constexpr std::array<std::string_view, 6> placeholders{"%canonical_option%", "%option%",       "%value%",
                                                         "%prefix%",           "%invalid_line%", "%original_token%"};
  return std::any_of(placeholders.begin(), placeholders.end(),
                     [&](std::string_view one) { return text.find(one) != std::string_view::npos; });
}

}  // namespace pitwatch::tools
