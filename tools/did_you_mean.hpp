#pragma once
// What was meant by a word that is none of those that are known.

#include <string>
#include <string_view>
#include <vector>

namespace pitwatch::tools {

/// The known words that are nearest to `word`, at most three, in their order: those that it is the beginning of, else
/// those that are the fewest letters put in, left out, changed or swapped with the next away (Damerau 1964, each letter
/// touched once), at most a third of the word's letters. Empty where none is near.
std::vector<std::string> nearest_words(std::string_view word, const std::vector<std::string>& known);

/// "; did you mean --sites or --site?" for such words, each behind `prefix`; empty where none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, std::string_view prefix = {});

}  // namespace pitwatch::tools
