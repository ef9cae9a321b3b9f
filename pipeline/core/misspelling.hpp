#pragma once
// Names that are written almost as they are meant: what is optional would be passed over without a word.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pitwatch {

/// Changes of one character that make one text of the other (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Which of `known` a name that is none of them probably means: one that differs from it by case, '-' or a blank for
/// '_', and one changed character, or two where the known name has at least five. The nearest of several.
std::optional<std::string> meant_by(std::string_view name, std::span<const std::string> known);

}  // namespace pitwatch
