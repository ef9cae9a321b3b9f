#pragma once
// Ids in commands that people copy.

#include <string>

namespace pitwatch {

/// A text as one word of a shell's command, in quotes where it needs them: whoever copies the line runs nothing else.
std::string shell_word(const std::string& text);

}  // namespace pitwatch
