#include "tools/did_you_mean.hpp"

#include <algorithm>

namespace pitwatch::tools {
namespace {

constexpr std::size_t most_words = 3;
constexpr std::size_t longest_word = 64;  // of what is compared letter by letter
constexpr std::size_t least_beginning = 3;

/// Letters put in, left out, changed or swapped with the next between two words.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> edits(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        edits[i][j] = i + j;
        continue;
      }
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1, edits[i - 1][j - 1] + changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
    }
  }
  return edits[a.size()][b.size()];
}

}  // namespace

std::vector<std::string> nearest_words(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> nearest;
  if (word.empty() || word.size() > longest_word) return nearest;
  if (word.size() >= least_beginning) {
    for (const std::string& candidate : known) {
      if (candidate.starts_with(word) && nearest.size() < most_words) nearest.push_back(candidate);
    }
    if (!nearest.empty()) return nearest;
  }
  std::size_t least = std::max<std::size_t>(1, word.size() / 3);
  for (const std::string& candidate : known) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits > least || edits >= candidate.size()) continue;
    if (edits < least) nearest.clear();
    least = edits;
    if (nearest.size() < most_words) nearest.push_back(candidate);
  }
  return nearest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, std::string_view prefix) {
  std::string text;
  for (const std::string& candidate : nearest_words(word, known)) {
    text += (text.empty() ? "; did you mean " : " or ") + std::string(prefix) + candidate;
  }
  return text.empty() ? text : text + "?";
}

}  // namespace pitwatch::tools
